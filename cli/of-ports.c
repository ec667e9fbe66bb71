/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about a switch as a whole, its ports and its tables. */
#include "cli/of-json.h"
#include "cli/of-verbs.h"

#include <stdio.h>

#include "ofproto/messages.h"
#include "ofproto/openflow.h"
#include "ofproto/print.h"

/* ---- One request, its replies printed ---- */

struct view {
    const struct cli *cli;
    struct of_client *client;
    json_t *list; /* With --format json. */
    of_client_reply *print;
};

static int
take_reply(const struct of_header *reply, void *aux)
{
    struct view *view = aux;
    json_t *json;

    if (!view->list)
        return view->print(reply, view);
    json = of_json(&reply->object);
    if (json_is_array(json_object_get(json, "entries")))
        json_array_extend(view->list, json_object_get(json, "entries"));
    else
        json_array_append(view->list, json);
    json_decref(json);
    return 0;
}

static int
open_view(const struct cli *cli, uint32_t versions, struct view *view)
{
    *view = (struct view){.cli = cli};
    if (cli->json)
        view->list = json_array();
    if (of_client_open(cli, cli->argv[0], versions, &view->client)) {
        json_decref(view->list);
        return 1;
    }
    return 0;
}

static int
close_view(struct view *view, int status)
{
    if (!status && view->list)
        cli_print_json(view->list);
    json_decref(view->list);
    of_client_close(view->client);
    return status;
}

static int
ask(struct view *view, uint16_t class_id, of_client_reply *print)
{
    view->print = print;
    return of_client_ask(view->client, class_id, take_reply, view);
}

/* Sends a request with members, and prints its replies. */
static int
ask_for(struct view *view, struct of_header *request)
{
    uint32_t xid;

    return of_client_send_object(view->client, request, &xid) ||
           of_client_wait(view->client, xid, take_reply, view);
}

static int
view_one(const struct cli *cli, uint32_t versions, uint16_t class_id, of_client_reply *print)
{
    struct view view;

    if (open_view(cli, versions, &view))
        return 1;
    return close_view(&view, ask(&view, class_id, print));
}

/* What the reply says, without its header. */
static int
print_reply(const struct of_header *reply, void *aux)
{
    const struct view *view = aux;
    struct buf text = BUF_INITIALIZER;
    enum ofperr error = ofp_message_body_format(reply, NULL, &text);

    cli_print_text(&text);
    return error ? cli_error("%s: the answer was not understood: %s", view->cli->verb,
                             ofperr_name(error))
                 : 0;
}

/* ---- Ports ---- */

static void
print_port(const struct ofp_port *port, void *aux)
{
    struct buf text = BUF_INITIALIZER;

    (void)aux;
    ofp_port_format(port, &text);
    cli_print_text(&text);
}

static int
print_ports(const struct of_header *reply, void *aux)
{
    const struct view *view = aux;
    enum ofperr error = ofp_port_desc_decode(reply, print_port, NULL);

    return error ? cli_error("%s: the answer was not understood: %s", view->cli->verb,
                             ofperr_name(error))
                 : 0;
}

static uint16_t
ports_request(const struct view *view)
{
    return of_client_version(view->client) == OFP10 ? OF_FEATURES_REQUEST
                                                    : OF_PORT_DESC_STATS_REQUEST;
}

static int
dump_ports_desc(const struct cli *cli)
{
    struct view view;

    if (open_view(cli, 0, &view))
        return 1;
    return close_view(&view, ask(&view, ports_request(&view), print_ports));
}

static int
print_all_port_stats(const struct of_header *reply, void *aux)
{
    const struct of_port_stats_reply *stats = (const struct of_port_stats_reply *)reply;
    struct buf text = BUF_INITIALIZER;

    (void)aux;
    for (size_t i = 0; i < stats->entries.n; i++)
        ofp_port_stats_format(stats->entries.items[i], NULL, &text);
    cli_print_text(&text);
    return 0;
}

static int
dump_ports(const struct cli *cli)
{
    uint32_t port_no = OFPORT_ANY;
    struct of_port_stats_request *request;
    struct of_arena arena;
    struct view view;
    int status = 0;

    if (open_view(cli, 0, &view))
        return 1;
    if (cli->argc > 1 && !ofport_parse(cli->argv[1], of_client_port_names(view.client), &port_no))
        status = cli_error("%s: port '%s': the switch has no such port", cli->verb, cli->argv[1]);
    view.print = print_all_port_stats;
    of_arena_init(&arena, NULL, 0);
    request = of_port_stats_request_new(&arena, of_client_version(view.client));
    request->port_no = port_no;
    if (!status)
        status = ask_for(&view, (struct of_header *)request);
    of_arena_destroy(&arena);
    return close_view(&view, status);
}

/* ---- Queues ---- */

static int
parse_queue(const struct cli *cli, const char *text, uint32_t *queue_id)
{
    unsigned long value;

    if (!strcasecmp(text, "all"))
        return 0;
    if (!parse_decimal(text, OFQUEUE_ALL - 1, &value))
        return cli_error("%s: queue '%s': want a number or 'all'", cli->verb, text);
    *queue_id = (uint32_t)value;
    return 0;
}

/* In 1.0, all ports have another number. */
static int
queue_stats(const struct cli *cli)
{
    uint32_t port_no = OFPORT_ANY, queue_id = OFQUEUE_ALL;
    struct of_queue_stats_request *request;
    struct of_arena arena;
    struct view view;
    int status = cli->argc > 2 ? parse_queue(cli, cli->argv[2], &queue_id) : 0;

    if (status || open_view(cli, 0, &view))
        return 1;
    if (of_client_version(view.client) == OFP10)
        port_no = OFPORT_ALL;
    if (cli->argc > 1 && strcasecmp(cli->argv[1], "any") &&
        !ofport_parse(cli->argv[1], of_client_port_names(view.client), &port_no))
        status = cli_error("%s: port '%s': the switch has no such port", cli->verb, cli->argv[1]);
    view.print = print_reply;
    of_arena_init(&arena, NULL, 0);
    request = of_queue_stats_request_new(&arena, of_client_version(view.client));
    request->port_no = port_no;
    request->queue_id = queue_id;
    if (!status)
        status = ask_for(&view, (struct of_header *)request);
    of_arena_destroy(&arena);
    return close_view(&view, status);
}

/* From 1.4 on a multipart request, which can name a queue. */
static struct of_header *
queue_config_request(struct of_arena *arena, enum ofp_version version, uint32_t port_no,
                     uint32_t queue_id)
{
    struct of_queue_desc_stats_request *request;

    if (version < OFP14) {
        struct of_queue_get_config_request *old = of_queue_get_config_request_new(arena, version);

        old->port = port_no;
        return (struct of_header *)old;
    }
    request = of_queue_desc_stats_request_new(arena, version);
    request->port_no = port_no;
    request->queue_id = queue_id;
    return (struct of_header *)request;
}

static void
note_port(const struct ofp_port *port, void *aux)
{
    struct buf *numbers = aux;

    if (port->port_no < OFPORT_MAX)
        buf_put(numbers, &port->port_no, sizeof port->port_no);
}

static int
note_ports(const struct of_header *reply, void *numbers)
{
    ofp_port_desc_decode(reply, note_port, numbers);
    return 0;
}

/* The ports to ask about: in 1.0, which cannot ask about all, each. */
static int
queue_config_ports(const struct view *view, struct buf *numbers)
{
    const struct cli *cli = view->cli;
    uint32_t port_no = OFPORT_ANY;

    if (cli->argc < 2 || !strcasecmp(cli->argv[1], "any")) {
        if (of_client_version(view->client) == OFP10)
            return of_client_ask(view->client, ports_request(view), note_ports, numbers);
    } else if (!ofport_parse(cli->argv[1], of_client_port_names(view->client), &port_no)) {
        return cli_error("%s: port '%s': the switch has no such port", cli->verb, cli->argv[1]);
    }
    buf_put(numbers, &port_no, sizeof port_no);
    return 0;
}

static int
queue_get_config(const struct cli *cli)
{
    uint32_t queue_id = OFQUEUE_ALL;
    struct buf numbers = BUF_INITIALIZER;
    struct view view;
    int status = cli->argc > 2 && strcasecmp(cli->argv[2], "any")
                     ? parse_queue(cli, cli->argv[2], &queue_id)
                     : 0;

    if (status || open_view(cli, 0, &view))
        return 1;
    view.print = print_reply;
    status = queue_config_ports(&view, &numbers);
    for (size_t at = 0; at < numbers.size && !status; at += sizeof(uint32_t)) {
        struct of_arena arena;

        of_arena_init(&arena, NULL, 0);
        status =
            ask_for(&view, queue_config_request(&arena, of_client_version(view.client),
                                                *(const uint32_t *)(numbers.data + at), queue_id));
        of_arena_destroy(&arena);
    }
    buf_destroy(&numbers);
    return close_view(&view, status);
}

/* ---- mod-port ---- */

struct found_port {
    uint32_t port_no;
    struct ofp_port port;
    bool is_found;
};

static void
find_port(const struct ofp_port *port, void *aux)
{
    struct found_port *found = aux;

    if (port->port_no == found->port_no) {
        found->port = *port;
        found->is_found = true;
    }
}

static int
find_port_in(const struct of_header *reply, void *aux)
{
    ofp_port_desc_decode(reply, find_port, aux);
    return 0;
}

/* "up", "no-receive" and the like: the bits of the configuration, and their values. */
static int
parse_change(const char *text, struct ofp_port_mod *pm)
{
    static const struct {
        const char *name;
        uint32_t bit;
        bool is_set; /* By the plain word; "no-WORD" does the opposite. */
    } rows[] = {
        {"down", OFPPC_PORT_DOWN, true},
        {"up", OFPPC_PORT_DOWN, false},
        {"stp", OFPPC_NO_STP, false},
        {"receive", OFPPC_NO_RECV, false},
        {"receive-stp", OFPPC_NO_RECV_STP, false},
        {"flood", OFPPC_NO_FLOOD, false},
        {"forward", OFPPC_NO_FWD, false},
        {"packet-in", OFPPC_NO_PACKET_IN, false},
    };
    bool is_negated = !strncmp(text, "no-", 3);

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!strcmp(text + (is_negated ? 3 : 0), rows[i].name)) {
            pm->mask = rows[i].bit;
            pm->config = rows[i].is_set != is_negated ? rows[i].bit : 0;
            return 0;
        }
    }
    return 1;
}

static int
send_port_mod(struct view *view, struct ofp_port_mod *pm, struct found_port *found)
{
    struct buf msg = BUF_INITIALIZER;
    int status;

    if (of_client_ask(view->client, ports_request(view), find_port_in, found))
        return 1;
    if (!found->is_found)
        return cli_error("%s: port %u: the switch has no such port", view->cli->verb, pm->port_no);
    memcpy(pm->hw_addr, found->port.hw_addr, sizeof pm->hw_addr);
    pm->has_hw_addr = true;
    ofp_port_mod_encode(pm, of_client_version(view->client), of_client_new_xid(view->client), &msg);
    status = of_client_send(view->client, &msg);
    buf_destroy(&msg);
    return status ? status : of_client_finish(view->client, NULL, NULL);
}

static int
mod_port(const struct cli *cli)
{
    struct ofp_port_mod pm = {0};
    struct found_port found = {0};
    struct view view;
    int status;

    if (parse_change(cli->argv[2], &pm))
        return cli_error("%s: '%s': want up, down, stp, receive, receive-stp, flood, forward or "
                         "packet-in, or one of these behind 'no-'",
                         cli->verb, cli->argv[2]);
    if (of_client_open(cli, cli->argv[0], 0, &view.client))
        return 1;
    view.cli = cli;
    if (!ofport_parse(cli->argv[1], of_client_port_names(view.client), &pm.port_no)) {
        status = cli_error("%s: port '%s': the switch has no such port", cli->verb, cli->argv[1]);
    } else {
        found.port_no = pm.port_no;
        status = send_port_mod(&view, &pm, &found);
    }
    of_client_close(view.client);
    return status;
}

/* ---- The switch ---- */

static int
features(const struct cli *cli)
{
    struct view view;
    int status;

    if (open_view(cli, 0, &view))
        return 1;
    status = ask(&view, OF_FEATURES_REQUEST, print_reply);
    if (!status && of_client_version(view.client) != OFP10)
        status = ask(&view, OF_PORT_DESC_STATS_REQUEST, print_ports);
    if (!status)
        status = ask(&view, OF_GET_CONFIG_REQUEST, print_reply);
    return close_view(&view, status);
}

static int
dump_desc(const struct cli *cli)
{
    return view_one(cli, 0, OF_DESC_STATS_REQUEST, print_reply);
}

/* ---- Tables ---- */

static int
dump_tables(const struct cli *cli)
{
    return view_one(cli, 0, OF_TABLE_STATS_REQUEST, print_reply);
}

static int
dump_table_features(const struct cli *cli)
{
    return view_one(cli, 1u << OFP13 | 1u << OFP14 | 1u << OFP15, OF_TABLE_FEATURES_STATS_REQUEST,
                    print_reply);
}

static int
dump_table_desc(const struct cli *cli)
{
    return view_one(cli, 1u << OFP14 | 1u << OFP15, OF_TABLE_DESC_STATS_REQUEST, print_reply);
}

static int
dump_group_features(const struct cli *cli)
{
    return view_one(cli, 1u << OFP13 | 1u << OFP14 | 1u << OFP15, OF_GROUP_FEATURES_STATS_REQUEST,
                    print_reply);
}

static int
get_frags(const struct cli *cli)
{
    return view_one(cli, 0, OF_GET_CONFIG_REQUEST, print_reply);
}

const struct cli_verb cli_port_verbs[] = {
    {"features", features, 1, 1, "SWITCH", "datapath id, capabilities, ports, configuration"},
    {"dump-desc", dump_desc, 1, 1, "SWITCH", "what the switch says of itself"},
    {"dump-ports-desc", dump_ports_desc, 1, 1, "SWITCH", "ports and their state"},
    {"dump-ports", dump_ports, 1, 2, "SWITCH [PORT]", "ports' counters"},
    {"mod-port", mod_port, 3, 3, "SWITCH PORT CHANGE",
     "change a port: up, down, [no-]flood, [no-]receive, [no-]forward, [no-]packet-in"},
    {"dump-tables", dump_tables, 1, 1, "SWITCH", "tables and their counters"},
    {"dump-table-features", dump_table_features, 1, 1, "SWITCH", "what tables can do"},
    {"dump-table-desc", dump_table_desc, 1, 1, "SWITCH", "tables' eviction and vacancy"},
    {"dump-group-features", dump_group_features, 1, 1, "SWITCH", "what groups can do"},
    {"queue-stats", queue_stats, 1, 3, "SWITCH [PORT [QUEUE]]", "queues' counters"},
    {"queue-get-config", queue_get_config, 1, 3, "SWITCH [PORT [QUEUE]]", "how queues are set up"},
    {"get-frags", get_frags, 1, 1, "SWITCH", "how fragments are treated"},
    {NULL, NULL, 0, 0, NULL, NULL},
};
