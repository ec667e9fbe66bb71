/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that watch a switch, try whether it answers, or hand it a packet. */
#include "cli/of-json.h"
#include "cli/of-verbs.h"

#include <stdio.h>

#include "ofproto/messages.h"
#include "ofproto/openflow.h"
#include "ofproto/parse.h"

/* Prints one message a line until the switch ends the connection (or somebody this process). */
static int
watch(const struct cli *cli, struct of_client *client)
{
    struct of_header *msg;

    while (!of_client_receive(client, &msg, NULL, NULL)) {
        if (cli->json) {
            json_t *json = of_json(&msg->object);

            json_dumpf(json, stdout, JSON_COMPACT);
            json_decref(json);
        } else {
            printf("xid=%#x ", msg->xid);
            of_msg_print(stdout, msg);
        }
        putchar('\n');
        fflush(stdout);
    }
    return 1;
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
        target = path;
    }
    if (of_client_open(cli, target, 0, &client))
        return 1;
    status = watch(cli, client);
    of_client_close(client);
    return status;
}

static int
parse_miss_len(const struct cli *cli, uint16_t *miss_len)
{
    char *end;
    unsigned long value = 65535;

    if (cli->argc > 1) {
        value = strtoul(cli->argv[1], &end, 10);
        if (cli->argv[1][0] < '0' || cli->argv[1][0] > '9' || *end || value > 65535)
            return cli_error("%s: '%s': want bytes of a packet, 0 to 65535", cli->verb,
                             cli->argv[1]);
    }
    *miss_len = value;
    return 0;
}

/* A connection to the management socket gets packet-ins once it asks for their size. */
static int
monitor(const struct cli *cli)
{
    struct of_set_config *config;
    struct of_client *client;
    struct of_arena arena;
    uint16_t miss_len = 0;
    int status;

    if (parse_miss_len(cli, &miss_len) || of_client_open(cli, cli->argv[0], 0, &client))
        return 1;
    of_arena_init(&arena, NULL, 0);
    config = of_set_config_new(&arena, of_client_version(client));
    config->miss_send_len = miss_len;
    status = of_client_send_object(client, (struct of_header *)config, NULL);
    of_arena_destroy(&arena);
    if (!status)
        status = watch(cli, client);
    of_client_close(client);
    return status;
}

static int
is_echo(const struct of_header *reply, void *aux)
{
    bool *is_answered = aux;

    *is_answered = reply->object.class_id == OF_ECHO_REPLY;
    return 0;
}

static int
probe(const struct cli *cli)
{
    bool is_answered = false;
    struct of_client *client;
    int status;

    if (of_client_open(cli, cli->argv[0], 0, &client))
        return 1;
    status = of_client_ask(client, OF_ECHO_REQUEST, is_echo, &is_answered);
    if (!status && !is_answered)
        status = cli_error("%s: %s does not answer an echo request", cli->verb, cli->argv[0]);
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
    {"monitor", monitor, 1, 2, "SWITCH [BYTES]", "print what the switch tells a controller"},
    {"snoop", snoop, 1, 1, "BR", "print what a bridge and its controllers say"},
    {"probe", probe, 1, 1, "SWITCH", "does the switch answer?"},
    {NULL, NULL, 0, 0, NULL, NULL},
};
