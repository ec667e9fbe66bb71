/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about groups and meters. */
#include "cli/of-json.h"
#include "cli/of-verbs.h"

#include <stdio.h>

#include "ofproto/openflow.h"
#include "ofproto/parse.h"
#include "ofproto/print.h"

/* Groups and meters came with OpenFlow 1.1 and 1.3. */
#define VERSIONS (1u << OFP13 | 1u << OFP14 | 1u << OFP15)

/* Opens the switch, sends `make`'s message for the text, waits until it is done. */
typedef char *make_message(struct of_client *, const char *text, uint16_t command, struct buf *);

static int
change(const struct cli *cli, const char *text, make_message *make, uint16_t command)
{
    struct buf msg = BUF_INITIALIZER;
    struct of_client *client;
    char *error;
    int status;

    if (of_client_open(cli, cli->argv[0], VERSIONS, &client))
        return 1;
    error = make(client, text, command, &msg);
    if (error)
        status = cli_error("%s: %s", cli->verb, error);
    else
        status = of_client_send(client, &msg);
    if (!status)
        status = of_client_finish(client, NULL, NULL);
    free(error);
    buf_destroy(&msg);
    of_client_close(client);
    return status;
}

static char *
make_group_mod(struct of_client *client, const char *text, uint16_t command, struct buf *msg)
{
    struct ofp_group_mod gm;
    char *error = ofp_group_mod_parse(text, command, of_client_port_names(client), &gm);

    if (error)
        return error;
    ofp_group_mod_encode(&gm, of_client_version(client), of_client_new_xid(client), msg);
    ofp_group_mod_destroy(&gm);
    return NULL;
}

static char *
make_meter_mod(struct of_client *client, const char *text, uint16_t command, struct buf *msg)
{
    struct ofp_meter_mod mm;
    char *error = ofp_meter_mod_parse(text, command, &mm);

    if (!error)
        ofp_meter_mod_encode(&mm, of_client_version(client), of_client_new_xid(client), msg);
    return error;
}

static int
add_group(const struct cli *cli)
{
    return change(cli, cli->argv[1], make_group_mod, OFPGC_ADD);
}

/* What a line of a file may begin with; add when it does not. */
static const char *
parse_group_command(const char *line, uint16_t *command)
{
    static const struct {
        const char *word;
        uint16_t command;
    } rows[] = {
        {"add", OFPGC_ADD},
        {"modify", OFPGC_MODIFY},
        {"delete", OFPGC_DELETE},
        {"insert_bucket", OFPGC_INSERT_BUCKET},
        {"remove_bucket", OFPGC_REMOVE_BUCKET},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t n = strlen(rows[i].word);

        if (!strncmp(line, rows[i].word, n) && (line[n] == ' ' || line[n] == '\t')) {
            *command = rows[i].command;
            return line + n + strspn(line + n, " \t");
        }
    }
    *command = OFPGC_ADD;
    return line;
}

struct add_groups {
    const struct cli *cli;
    struct of_client *client;
    struct buf msgs;
    struct of_sent_lines sent;
};

static int
take_group_line(void *aux, const char *line, unsigned number, const char *where)
{
    struct add_groups *add = aux;
    struct ofp_group_mod gm;
    uint16_t command;
    const char *text = parse_group_command(line, &command);
    char *error = ofp_group_mod_parse(text, command, of_client_port_names(add->client), &gm);
    uint32_t xid;

    if (error) {
        cli_error("%s: %s%s", add->cli->verb, where, error);
        free(error);
        return 1;
    }
    xid = of_client_new_xid(add->client);
    ofp_group_mod_encode(&gm, of_client_version(add->client), xid, &add->msgs);
    ofp_group_mod_destroy(&gm);
    of_sent_note(&add->sent, xid, number);
    return 0;
}

/* Nothing is sent before every line has parsed. */
static int
add_groups(const struct cli *cli)
{
    struct add_groups add = {.cli = cli, .msgs = BUF_INITIALIZER, .sent.path = cli->argv[1]};
    int status = of_client_open(cli, cli->argv[0], VERSIONS, &add.client);

    if (status)
        return status;
    of_client_load_ports(add.client);
    status = of_flows_read_file(cli, cli->argv[1], take_group_line, &add);
    if (!status)
        status = of_client_send(add.client, &add.msgs);
    if (!status)
        status = of_client_finish(add.client, of_sent_describe, &add.sent);
    free(add.sent.lines);
    buf_destroy(&add.msgs);
    of_client_close(add.client);
    return status;
}

static int
mod_group(const struct cli *cli)
{
    return change(cli, cli->argv[1], make_group_mod, OFPGC_MODIFY);
}

static int
del_groups(const struct cli *cli)
{
    return change(cli, cli->argc > 1 ? cli->argv[1] : "group_id=all", make_group_mod, OFPGC_DELETE);
}

static int
insert_buckets(const struct cli *cli)
{
    return change(cli, cli->argv[1], make_group_mod, OFPGC_INSERT_BUCKET);
}

static int
remove_buckets(const struct cli *cli)
{
    return change(cli, cli->argv[1], make_group_mod, OFPGC_REMOVE_BUCKET);
}

static int
add_meter(const struct cli *cli)
{
    return change(cli, cli->argv[1], make_meter_mod, OFPMC_ADD);
}

static int
mod_meter(const struct cli *cli)
{
    return change(cli, cli->argv[1], make_meter_mod, OFPMC_MODIFY);
}

static int
del_meter(const struct cli *cli)
{
    return change(cli, cli->argc > 1 ? cli->argv[1] : "meter=all", make_meter_mod, OFPMC_DELETE);
}

/* ---- Dumps ---- */

struct dump {
    const struct cli *cli;
    enum ofp_version version;
    const struct ofp_port_names *names;
    json_t *list;
    enum ofperr (*decode)(const struct of_header *, struct dump *);
};

static void
print_line(struct buf *text)
{
    printf(" %s\n", buf_text(text));
    buf_destroy(text);
}

static void
print_group(const struct ofp_group_desc *group, void *aux)
{
    const struct dump *dump = aux;
    struct buf text = BUF_INITIALIZER;

    ofp_group_desc_format(group, dump->version, dump->names, &text);
    print_line(&text);
}

static void
print_group_stats(const struct ofp_group_stats *stats, void *aux)
{
    struct buf text = BUF_INITIALIZER;

    (void)aux;
    ofp_group_stats_format(stats, &text);
    print_line(&text);
}

/* The text of a meter has its own line ends. */
static void
print_meter(const struct ofp_meter_config *meter, void *aux)
{
    struct buf text = BUF_INITIALIZER;

    (void)aux;
    ofp_meter_config_format(meter, &text);
    buf_chomp(&text, '\n');
    puts(buf_text(&text));
    buf_destroy(&text);
}

static void
print_meter_stats(const struct ofp_meter_stats *stats, void *aux)
{
    struct buf text = BUF_INITIALIZER;

    (void)aux;
    ofp_meter_stats_format(stats, &text);
    buf_chomp(&text, '\n');
    puts(buf_text(&text));
    buf_destroy(&text);
}

static enum ofperr
decode_groups(const struct of_header *reply, struct dump *dump)
{
    return ofp_group_desc_decode(reply, print_group, dump);
}

static enum ofperr
decode_group_stats(const struct of_header *reply, struct dump *dump)
{
    return ofp_group_stats_decode(reply, print_group_stats, dump);
}

static enum ofperr
decode_meters(const struct of_header *reply, struct dump *dump)
{
    return ofp_meter_config_decode(reply, print_meter, dump);
}

static enum ofperr
decode_meter_stats(const struct of_header *reply, struct dump *dump)
{
    return ofp_meter_stats_decode(reply, print_meter_stats, dump);
}

/* 1.5 added features that ovs-ofctl does not print; a reply may lack them, as Open vSwitch's does.
 */
static enum ofperr
decode_meter_features(const struct of_header *reply, struct dump *dump)
{
    static const char *const names[] = {"action_set", "any_position", "multi_list"};
    const struct of_meter_features_stats_reply *of = (const void *)reply;
    struct buf text = BUF_INITIALIZER;
    enum ofperr error = ofp_message_body_format(reply, NULL, &text);

    (void)dump;
    if (of->feature_flags.n) {
        buf_puts(&text, "features:");
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
            if (of->feature_flags.items[0]->features >> i & 1)
                buf_printf(&text, " %s", names[i]);
        }
        buf_putc(&text, '\n');
    }
    cli_print_text(&text);
    return error;
}

static int
take_reply(const struct of_header *reply, void *aux)
{
    struct dump *dump = aux;
    enum ofperr error;

    if (dump->list) {
        json_t *json = of_json(&reply->object), *entries = json_object_get(json, "entries");

        if (entries)
            json_array_extend(dump->list, entries);
        else
            json_array_append(dump->list, json_object_get(json, "features"));
        json_decref(json);
        return 0;
    }
    error = dump->decode(reply, dump);
    return error ? cli_error("%s: the answer was not understood: %s", dump->cli->verb,
                             ofperr_name(error))
                 : 0;
}

/* Sends the request, whose id member (if it has one) is set by `set_id`. */
static int
dump_all(const struct cli *cli, uint16_t class_id,
         enum ofperr (*decode)(const struct of_header *, struct dump *), uint32_t id,
         void (*set_id)(struct of_object *, uint32_t id))
{
    struct dump dump = {.cli = cli, .decode = decode};
    struct of_arena arena;
    struct of_client *client;
    struct of_object *request;
    uint32_t xid;
    int status;

    if (of_client_open(cli, cli->argv[0], VERSIONS, &client))
        return 1;
    dump.version = of_client_version(client);
    if (cli->names && !of_client_load_ports(client))
        dump.names = of_client_port_names(client);
    if (cli->json)
        dump.list = json_array();
    of_arena_init(&arena, NULL, 0);
    request = of_object_new(&arena, class_id, dump.version);
    if (set_id)
        set_id(request, id);
    status = of_client_send_object(client, (struct of_header *)request, &xid);
    if (!status)
        status = of_client_wait(client, xid, take_reply, &dump);
    if (!status && dump.list)
        cli_print_json(dump.list);
    json_decref(dump.list);
    of_arena_destroy(&arena);
    of_client_close(client);
    return status;
}

static void
set_group_stats_id(struct of_object *request, uint32_t id)
{
    ((struct of_group_stats_request *)request)->group_id = id;
}

/* Only OpenFlow 1.5 asks for one group. */
static void
set_group_desc_id(struct of_object *request, uint32_t id)
{
    if (request->version == OFP15)
        ((struct of_group_desc_stats_request *)request)->group_id = id;
}

static void
set_meter_stats_id(struct of_object *request, uint32_t id)
{
    ((struct of_meter_stats_request *)request)->meter_id = id;
}

static void
set_meter_config_id(struct of_object *request, uint32_t id)
{
    ((struct of_meter_config_stats_request *)request)->meter_id = id;
}

/* The optional second argument, "5", "group_id=5" or "meter=5". */
static int
parse_id(const struct cli *cli, const char *key, bool (*parse)(const char *, uint32_t *),
         uint32_t *id)
{
    const char *text = cli->argc > 1 ? cli->argv[1] : NULL;
    size_t n = strlen(key);

    if (!text)
        return 0;
    if (!strncmp(text, key, n) && text[n] == '=')
        text += n + 1;
    if (!parse(text, id))
        return cli_error("%s: '%s': want a number or 'all'", cli->verb, text);
    return 0;
}

static int
dump_groups(const struct cli *cli)
{
    uint32_t id = OFGROUP_ALL;

    return parse_id(cli, "group_id", ofgroup_parse, &id) ||
           dump_all(cli, OF_GROUP_DESC_STATS_REQUEST, decode_groups, id, set_group_desc_id);
}

static int
dump_group_stats(const struct cli *cli)
{
    uint32_t id = OFGROUP_ALL;

    return parse_id(cli, "group_id", ofgroup_parse, &id) ||
           dump_all(cli, OF_GROUP_STATS_REQUEST, decode_group_stats, id, set_group_stats_id);
}

static int
dump_meters(const struct cli *cli)
{
    uint32_t id = OFMETER_ALL;

    return parse_id(cli, "meter", ofmeter_parse, &id) ||
           dump_all(cli, OF_METER_CONFIG_STATS_REQUEST, decode_meters, id, set_meter_config_id);
}

static int
meter_stats(const struct cli *cli)
{
    uint32_t id = OFMETER_ALL;

    return parse_id(cli, "meter", ofmeter_parse, &id) ||
           dump_all(cli, OF_METER_STATS_REQUEST, decode_meter_stats, id, set_meter_stats_id);
}

static int
meter_features(const struct cli *cli)
{
    return dump_all(cli, OF_METER_FEATURES_STATS_REQUEST, decode_meter_features, 0, NULL);
}

const struct cli_verb cli_group_verbs[] = {
    {"add-group", add_group, 2, 2, "SWITCH GROUP", "add a group"},
    {"add-groups", add_groups, 2, 2, "SWITCH FILE", "add the groups of a file, one a line"},
    {"mod-group", mod_group, 2, 2, "SWITCH GROUP", "change a group"},
    {"del-groups", del_groups, 1, 2, "SWITCH [GROUP]", "delete a group, or all"},
    {"insert-buckets", insert_buckets, 2, 2, "SWITCH GROUP", "add buckets to a group"},
    {"remove-buckets", remove_buckets, 2, 2, "SWITCH GROUP", "take buckets out of a group"},
    {"dump-groups", dump_groups, 1, 2, "SWITCH [GROUP]", "print groups"},
    {"dump-group-stats", dump_group_stats, 1, 2, "SWITCH [GROUP]", "print groups' counters"},
    {"add-meter", add_meter, 2, 2, "SWITCH METER", "add a meter"},
    {"mod-meter", mod_meter, 2, 2, "SWITCH METER", "change a meter"},
    {"del-meter", del_meter, 1, 2, "SWITCH [METER]", "delete a meter, or all"},
    {"del-meters", del_meter, 1, 2, "SWITCH [METER]", "the same"},
    {"dump-meters", dump_meters, 1, 2, "SWITCH [METER]", "print meters"},
    {"meter-stats", meter_stats, 1, 2, "SWITCH [METER]", "print meters' counters"},
    {"meter-features", meter_features, 1, 1, "SWITCH", "print what meters can do"},
    {NULL, NULL, 0, 0, NULL, NULL},
};
