/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about flows, one by one or from a file. */
#include "cli/of-verbs.h"

#include <errno.h>
#include <stdio.h>

#include "ofproto/openflow.h"
#include "ofproto/parse.h"

/* ---- Changing flows ---- */

const char *
of_sent_describe(uint32_t xid, void *aux)
{
    struct of_sent_lines *sent = aux;

    if (xid - sent->first_xid >= sent->n)
        return sent->path;
    snprintf(sent->text, sizeof sent->text, "%s: line %u", sent->path,
             sent->lines[xid - sent->first_xid]);
    return sent->text;
}

void
of_sent_note(struct of_sent_lines *sent, uint32_t xid, unsigned line)
{
    if (!sent->n)
        sent->first_xid = xid;
    if (sent->n == sent->allocated) {
        sent->allocated = sent->allocated ? 2 * sent->allocated : 64;
        sent->lines = xrealloc(sent->lines, sent->allocated * sizeof *sent->lines);
    }
    sent->lines[sent->n++] = line;
}

/* OpenFlow 1.0 needs Nicira's extension before flow-mods can name tables; after it, all do. */
static int
enable_tables(struct flow_sender *sender)
{
    struct of_nicira_flow_mod_table_id *enable;
    struct of_arena arena;
    int status;

    of_arena_init(&arena, NULL, 0);
    enable = of_nicira_flow_mod_table_id_new(&arena, OFP10);
    enable->set = 1;
    status = of_client_send_object(sender->client, (struct of_header *)enable, NULL);
    of_arena_destroy(&arena);
    sender->has_tables = true;
    return status;
}

int
flow_sender_send(struct flow_sender *sender, const struct ofp_flow_mod *fm, uint32_t *xid)
{
    enum ofp_version version = of_client_version(sender->client);
    bool names_table = fm->table_id && fm->table_id != OFTABLE_ALL;
    bool is_delete = fm->command == OFPFC_DELETE || fm->command == OFPFC_DELETE_STRICT;
    struct ofp_flow_mod copy = *fm;
    struct buf msg = BUF_INITIALIZER;
    int status;

    if (version == OFP10 && names_table && !sender->has_tables && enable_tables(sender))
        return 1;
    /* Only deletions may be about all tables (OpenFlow 1.3, section 7.3.4.1). */
    if (version != OFP10 && copy.table_id == OFTABLE_ALL && !is_delete)
        copy.table_id = 0;
    *xid = of_client_new_xid(sender->client);
    ofp_flow_mod_encode(&copy, version, *xid, false, sender->has_tables, &msg);
    status = of_client_send(sender->client, &msg);
    buf_destroy(&msg);
    return status;
}

typedef char *parse_flow(const char *, uint8_t, const struct ofp_port_names *, struct buf *,
                         struct ofp_flow_mod *);

/* Parses and sends one flow. `where` is in front of a parse error. */
static int
send_text(struct flow_sender *sender, const struct cli *cli, const char *where, const char *text,
          parse_flow *parse, uint8_t command, uint32_t *xid)
{
    uint64_t stub[128];
    struct buf ofpacts = BUF_STUB_INITIALIZER(stub);
    struct ofp_flow_mod fm;
    char *error = parse(text, command, of_client_port_names(sender->client), &ofpacts, &fm);
    int status;

    if (error)
        status = cli_error("%s: %s%s", cli->verb, where, error);
    else
        status = flow_sender_send(sender, &fm, xid);
    free(error);
    buf_destroy(&ofpacts);
    return status;
}

static int
change_one(const struct cli *cli, const char *text, uint8_t command)
{
    struct flow_sender sender = {0};
    uint32_t xid;
    int status;

    if (of_client_open(cli, cli->argv[0], 0, &sender.client))
        return 1;
    status = send_text(&sender, cli, "", text, ofp_flow_mod_parse, command, &xid);
    if (!status)
        status = of_client_finish(sender.client, NULL, NULL);
    of_client_close(sender.client);
    return status;
}

/* Cuts off what follows a '#', and blanks at both ends. */
static char *
strip(char *line)
{
    size_t n = strcspn(line, "#\n");

    while (n && (line[n - 1] == ' ' || line[n - 1] == '\t' || line[n - 1] == '\r'))
        n--;
    line[n] = '\0';
    return line + strspn(line, " \t");
}

int
of_flows_read_file(const struct cli *cli, const char *path, of_flows_line *take, void *aux)
{
    FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
    size_t size = 0;
    char *line = NULL;
    unsigned number = 0;
    int status = 0;

    if (!file)
        return cli_error("%s: %s: %s", cli->verb, path, strerror(errno));
    while (!status && getline(&line, &size, file) >= 0) {
        char *text = strip(line), where[4200];

        number++;
        snprintf(where, sizeof where, "%s: line %u: ", path, number);
        if (*text)
            status = take(aux, text, number, where);
    }
    if (!status && ferror(file))
        status = cli_error("%s: %s: %s", cli->verb, path, strerror(errno));
    free(line);
    if (file != stdin)
        fclose(file);
    return status;
}

struct add_flows {
    const struct cli *cli;
    struct flow_sender sender;
    struct of_sent_lines sent;
    uint8_t command;
};

static int
send_line(void *aux, const char *text, unsigned number, const char *where)
{
    struct add_flows *add = aux;
    uint32_t xid = 0;
    int status =
        send_text(&add->sender, add->cli, where, text, ofp_flow_mod_parse_line, add->command, &xid);

    if (!status)
        of_sent_note(&add->sent, xid, number);
    return status;
}

/* Checks that every line parses before the first is sent. */
static int
check_line(void *aux, const char *text, unsigned number, const char *where)
{
    struct add_flows *add = aux;
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofp_flow_mod fm;
    char *error;

    (void)number;
    error = ofp_flow_mod_parse_line(text, add->command, of_client_port_names(add->sender.client),
                                    &ofpacts, &fm);
    if (error)
        cli_error("%s: %s%s", add->cli->verb, where, error);
    buf_destroy(&ofpacts);
    free(error);
    return error != NULL;
}

static int
change_from_file(const struct cli *cli, const char *path, uint8_t command)
{
    struct add_flows add = {.cli = cli, .command = command, .sent.path = path};
    int status = of_client_open(cli, cli->argv[0], 0, &add.sender.client);

    if (status)
        return status;
    of_client_load_ports(add.sender.client);
    /* What comes through a pipe can be read once only. */
    if (strcmp(path, "-"))
        status = of_flows_read_file(cli, path, check_line, &add);
    if (!status)
        status = of_flows_read_file(cli, path, send_line, &add);
    if (add.sent.n && of_client_finish(add.sender.client, of_sent_describe, &add.sent))
        status = 1;
    free(add.sent.lines);
    of_client_close(add.sender.client);
    return status;
}

static int
add_flow(const struct cli *cli)
{
    if (!strcmp(cli->argv[1], "-"))
        return change_from_file(cli, "-", OFPFC_ADD);
    return change_one(cli, cli->argv[1], OFPFC_ADD);
}

static int
add_flows(const struct cli *cli)
{
    return change_from_file(cli, cli->argv[1], OFPFC_ADD);
}

static int
mod_flows(const struct cli *cli)
{
    return change_one(cli, cli->argv[1], cli->strict ? OFPFC_MODIFY_STRICT : OFPFC_MODIFY);
}

static int
del_flows(const struct cli *cli)
{
    return change_one(cli, cli->argc > 1 ? cli->argv[1] : "",
                      cli->strict ? OFPFC_DELETE_STRICT : OFPFC_DELETE);
}

/* ---- Reading flows ---- */

int
of_flows_request(struct of_client *client, const struct cli *cli, const char *filter,
                 bool aggregate, of_client_reply *reply, void *aux)
{
    struct ofp_flow_stats_request request = {0};
    struct buf msg = BUF_INITIALIZER;
    uint32_t xid = of_client_new_xid(client);
    char *error = ofp_flow_stats_request_parse(filter, of_client_port_names(client), &request);
    int status;

    if (error) {
        status = cli_error("%s: %s", cli->verb, error);
        free(error);
        return status;
    }
    request.aggregate = aggregate;
    request.lengthy = !aggregate;
    request.nxm = of_client_version(client) == OFP10;
    ofp_flow_stats_request_encode(&request, of_client_version(client), xid, &msg);
    status = of_client_send(client, &msg);
    buf_destroy(&msg);
    return status ? status : of_client_wait(client, xid, reply, aux);
}

struct dump {
    const struct cli *cli;
    const struct ofp_port_names *names; /* NULL: numbers. */
    json_t *list;
    bool is_bad;
};

static json_t *
json_of_flow(const struct ofp_flow_stats *stats)
{
    struct buf match = BUF_INITIALIZER, actions = BUF_INITIALIZER;
    json_t *json;

    match_format(&stats->match, NULL, -1, &match);
    ofpacts_format(stats->ofpacts, stats->ofpacts_size, NULL, &actions);
    json = json_pack("{s:i, s:i, s:s, s:s, s:I, s:i, s:i, s:i, s:i, s:f}", "table", stats->table_id,
                     "priority", stats->priority, "match", buf_text(&match), "actions",
                     buf_text(&actions), "cookie", (json_int_t)stats->cookie, "idle_timeout",
                     stats->idle_timeout, "hard_timeout", stats->hard_timeout, "importance",
                     stats->importance, "flags", stats->flags, "duration_s",
                     (double)stats->duration_ns / 1e9);
    if (stats->n_packets != OFP_COUNT_UNKNOWN)
        json_object_set_new(json, "packets", json_integer(stats->n_packets));
    if (stats->n_bytes != OFP_COUNT_UNKNOWN)
        json_object_set_new(json, "bytes", json_integer(stats->n_bytes));
    buf_destroy(&match);
    buf_destroy(&actions);
    return json;
}

static void
print_flow(const struct ofp_flow_stats *stats, void *aux)
{
    struct dump *dump = aux;
    struct buf text = BUF_INITIALIZER;

    if (dump->cli->json) {
        json_array_append_new(dump->list, json_of_flow(stats));
        return;
    }
    ofp_flow_stats_format(stats, dump->names, !dump->cli->no_stats, &text);
    printf(" %s\n", buf_text(&text));
    buf_destroy(&text);
}

static int
print_flows(const struct of_header *reply, void *aux)
{
    enum ofperr error = ofp_flow_stats_decode(reply, print_flow, aux);
    const struct dump *dump = aux;

    return error ? cli_error("%s: a flow of the switch was not understood: %s", dump->cli->verb,
                             ofperr_name(error))
                 : 0;
}

static int
dump_flows(const struct cli *cli)
{
    struct dump dump = {.cli = cli};
    struct of_client *client;
    int status;

    if (of_client_open(cli, cli->argv[0], 0, &client))
        return 1;
    if (cli->names && !of_client_load_ports(client))
        dump.names = of_client_port_names(client);
    if (cli->json)
        dump.list = json_array();
    status =
        of_flows_request(client, cli, cli->argc > 1 ? cli->argv[1] : "", false, print_flows, &dump);
    if (!status && cli->json)
        cli_print_json(dump.list);
    json_decref(dump.list);
    of_client_close(client);
    return status;
}

static int
print_aggregate(const struct of_header *reply, void *aux)
{
    const struct cli *cli = aux;
    struct ofp_aggregate_stats stats;
    enum ofperr error = ofp_aggregate_stats_decode(reply, &stats);
    json_t *json;

    if (error)
        return cli_error("%s: the answer was not understood: %s", cli->verb, ofperr_name(error));
    if (!cli->json) {
        printf("packet_count=%llu byte_count=%llu flow_count=%u\n",
               (unsigned long long)stats.n_packets, (unsigned long long)stats.n_bytes,
               stats.n_flows);
        return 0;
    }
    json = json_pack("{s:I, s:I, s:I}", "packets", (json_int_t)stats.n_packets, "bytes",
                     (json_int_t)stats.n_bytes, "flows", (json_int_t)stats.n_flows);
    cli_print_json(json);
    json_decref(json);
    return 0;
}

static int
dump_aggregate(const struct cli *cli)
{
    struct of_client *client;
    int status;

    if (of_client_open(cli, cli->argv[0], 0, &client))
        return 1;
    status = of_flows_request(client, cli, cli->argc > 1 ? cli->argv[1] : "", true, print_aggregate,
                              (void *)cli);
    of_client_close(client);
    return status;
}

const struct cli_verb cli_flow_verbs[] = {
    {"add-flow", add_flow, 2, 2, "SWITCH FLOW",
     "add a flow (FLOW - reads them from standard input)"},
    {"add-flows", add_flows, 2, 2, "SWITCH FILE", "add the flows of a file, one a line"},
    {"mod-flows", mod_flows, 2, 2, "SWITCH FLOW", "change the actions of the flows that match"},
    {"del-flows", del_flows, 1, 2, "SWITCH [MATCH]", "delete the flows that match"},
    {"dump-flows", dump_flows, 1, 2, "SWITCH [MATCH]", "print the flows that match"},
    {"dump-aggregate", dump_aggregate, 1, 2, "SWITCH [MATCH]", "sum up the flows that match"},
    {"replace-flows", of_replace_flows, 2, 2, "SWITCH FILE",
     "change what has to be changed to have the flows of the file"},
    {"diff-flows", of_diff_flows, 2, 2, "SWITCH|FILE SWITCH|FILE",
     "print flows that are in one of both alone; status 1 when there are some"},
    {NULL, NULL, 0, 0, NULL, NULL},
};
