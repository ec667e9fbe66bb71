/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that watch a switch, or hand it a packet. */
#include "cli/of-json.h"
#include "cli/of-verbs.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "ofproto/messages.h"
#include "ofproto/openflow.h"
#include "ofproto/parse.h"
#include "ofproto/print.h"

static void
print_json(const struct of_header *msg)
{
    json_t *json = of_json(&msg->object);

    json_dumpf(json, stdout, JSON_COMPACT);
    json_decref(json);
    putchar('\n');
}

/* Prints messages until the switch ends the connection, nobody reads them any more, or somebody
 * ends this process. */
static int
watch(const struct cli *cli, struct of_client *client)
{
    const struct ofp_port_names *names = cli->names ? of_client_port_names(client) : NULL;
    struct buf text = BUF_INITIALIZER;
    struct of_header *msg;
    const uint8_t *bytes;
    size_t size;
    int status = 0;

    while (!status) {
        if (cli->json) {
            status = of_client_receive(client, &msg, NULL, NULL);
            if (!status)
                print_json(msg);
        } else {
            status = of_client_receive_bytes(client, &bytes, &size);
            if (!status)
                ofp_message_format(bytes, size, names, OFP_PRINT_VERBOSITY, &text);
            cli_print_text(&text);
        }
        if (fflush(stdout) == EOF)
            status = 1; /* main() says why. */
    }
    return status;
}

/* A bridge's name stands for the socket where it shows its controllers' messages. */
static int
snoop(const struct cli *cli)
{
    const char *target = cli->argv[0];
    char path[4200];
    struct of_client *client;
    int status;

    if (!strchr(target, ':')) {
        snprintf(path, sizeof path, "unix:%s/%s.snoop", cli->run_dir, target);
        if (access(path + 5, F_OK) && errno == ENOENT)
            return cli_error("bridge '%s' does not exist in %s: 'shuntctl list-br' names them",
                             target, cli->run_dir);
        target = path;
    }
    if (of_client_open(cli, target, 0, &client))
        return 1;
    status = watch(cli, client);
    of_client_close(client);
    return status;
}

static int
parse_miss_len(const struct cli *cli, const char *text, uint16_t *miss_len)
{
    unsigned long value;

    if (!parse_decimal(text, 65535, &value))
        return cli_error("%s: '%s': want bytes of a packet, 0 to 65535, or watch:FILTER", cli->verb,
                         text);
    *miss_len = value;
    return 0;
}

/* A connection to the management socket gets packet-ins once it asks for their size. */
static int
ask_for_packet_ins(struct of_client *client, uint16_t miss_len)
{
    struct of_set_config *config;
    struct of_arena arena;
    int status;

    of_arena_init(&arena, NULL, 0);
    config = of_set_config_new(&arena, of_client_version(client));
    config->miss_send_len = miss_len;
    status = of_client_send_object(client, (struct of_header *)config, NULL);
    of_arena_destroy(&arena);
    return status;
}

static int
ask_for_updates(const struct cli *cli, struct of_client *client, const char *filter, uint32_t id)
{
    struct buf msg = BUF_INITIALIZER;
    struct ofp_flow_monitor fm;
    char *error = ofp_flow_monitor_parse(filter, of_client_port_names(client), &fm);
    int status;

    if (error) {
        status = cli_error("%s: watch:%s: %s", cli->verb, filter, error);
        free(error);
        return status;
    }
    fm.id = id;
    ofp_flow_monitor_encode(&fm, of_client_version(client), of_client_new_xid(client), &msg);
    status = of_client_send(client, &msg);
    buf_destroy(&msg);
    return status;
}

/* Without arguments the switch is asked for packet-ins, whole. */
static int
ask(const struct cli *cli, struct of_client *client)
{
    uint16_t miss_len = UINT16_MAX;
    int status = 0;

    if (cli->argc == 1)
        return ask_for_packet_ins(client, miss_len);
    for (int i = 1; i < cli->argc && !status; i++) {
        if (!strncmp(cli->argv[i], "watch:", 6)) {
            status = ask_for_updates(cli, client, cli->argv[i] + 6, (uint32_t)i);
            continue;
        }
        status = parse_miss_len(cli, cli->argv[i], &miss_len);
        if (!status)
            status = ask_for_packet_ins(client, miss_len);
    }
    return status;
}

static int
monitor(const struct cli *cli)
{
    struct of_client *client;
    int status;

    if (of_client_open(cli, cli->argv[0], 0, &client))
        return 1;
    status = cli->names ? of_client_load_ports(client) : 0;
    if (!status)
        status = ask(cli, client);
    if (!status)
        status = watch(cli, client);
    of_client_close(client);
    return status;
}

static int
packet_out(const struct cli *cli)
{
    struct buf ofpacts = BUF_INITIALIZER, packet = BUF_INITIALIZER, msg = BUF_INITIALIZER;
    struct ofp_packet_out po;
    struct of_client *client;
    char *error;
    int status;

    if (of_client_open(cli, cli->argv[0], 0, &client))
        return 1;
    error =
        ofp_packet_out_parse(cli->argv[1], of_client_port_names(client), &ofpacts, &packet, &po);
    if (error) {
        status = cli_error("%s: %s", cli->verb, error);
    } else {
        ofp_packet_out_encode(&po, of_client_version(client), of_client_new_xid(client), &msg);
        status = of_client_send(client, &msg);
    }
    if (!status)
        status = of_client_finish(client, NULL, NULL);
    free(error);
    buf_destroy(&ofpacts);
    buf_destroy(&packet);
    buf_destroy(&msg);
    of_client_close(client);
    return status;
}

const struct cli_verb cli_watch_verbs[] = {
    {"packet-out", packet_out, 2, 2, "SWITCH PACKET-OUT",
     "run actions on a packet: \"in_port=P packet=HEX actions=...\""},
    {"monitor", monitor, 1, -1, "SWITCH [BYTES] [watch:[FILTER]]...",
     "print what the switch tells a controller, or what becomes of its flows"},
    {"snoop", snoop, 1, 1, "BR", "print what a bridge and its controllers say"},
    {NULL, NULL, 0, 0, NULL, NULL},
};
