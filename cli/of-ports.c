/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about a switch as a whole, its ports and its tables. */
#include "cli/of-json.h"
#include "cli/of-verbs.h"

#include <inttypes.h>
#include <stdio.h>

#include "ofproto/messages.h"
#include "ofproto/openflow.h"

/* ---- Words for flags ---- */

struct flag_name {
    uint32_t bit;
    const char *name;
};

static const struct flag_name config_names[] = {
    {OFPPC_PORT_DOWN, "PORT_DOWN"},       {OFPPC_NO_STP, "NO_STP"},
    {OFPPC_NO_RECV, "NO_RECV"},           {OFPPC_NO_RECV_STP, "NO_RECV_STP"},
    {OFPPC_NO_FLOOD, "NO_FLOOD"},         {OFPPC_NO_FWD, "NO_FWD"},
    {OFPPC_NO_PACKET_IN, "NO_PACKET_IN"}, {0, NULL},
};

static const struct flag_name state_names[] = {
    {OFPPS_LINK_DOWN, "LINK_DOWN"},
    {OFPPS_BLOCKED, "BLOCKED"},
    {OFPPS_LIVE, "LIVE"},
    {0, NULL},
};

static const struct flag_name feature_names[] = {
    {OFPPF_10MB_HD, "10MB-HD"},
    {OFPPF_10MB_FD, "10MB-FD"},
    {OFPPF_100MB_HD, "100MB-HD"},
    {OFPPF_100MB_FD, "100MB-FD"},
    {OFPPF_1GB_HD, "1GB-HD"},
    {OFPPF_1GB_FD, "1GB-FD"},
    {OFPPF_10GB_FD, "10GB-FD"},
    {OFPPF_40GB_FD, "40GB-FD"},
    {OFPPF_100GB_FD, "100GB-FD"},
    {OFPPF_1TB_FD, "1TB-FD"},
    {OFPPF_OTHER, "OTHER"},
    {OFPPF_COPPER, "COPPER"},
    {OFPPF_FIBER, "FIBER"},
    {OFPPF_AUTONEG, "AUTO_NEG"},
    {OFPPF_PAUSE, "AUTO_PAUSE"},
    {OFPPF_PAUSE_ASYM, "AUTO_PAUSE_ASYM"},
    {0, NULL},
};

static void
print_flags(const char *label, uint32_t flags, const struct flag_name *names, bool always)
{
    const char *separator = "";

    if (!flags && !always)
        return;
    printf("     %-11s ", label);
    if (!flags)
        putchar('0');
    for (; names->name; names++) {
        if (flags & names->bit) {
            printf("%s%s", separator, names->name);
            separator = " ";
            flags &= ~names->bit;
        }
    }
    if (flags)
        printf("%s%#x", separator, flags);
    putchar('\n');
}

static void
print_port_no(uint32_t port_no)
{
    struct buf text = BUF_INITIALIZER;

    ofport_format(port_no, NULL, &text);
    fputs(buf_text(&text), stdout);
    buf_destroy(&text);
}

static void
print_port(const struct ofp_port *port, void *aux)
{
    (void)aux;
    putchar(' ');
    print_port_no(port->port_no);
    printf("(%s): addr:%02x:%02x:%02x:%02x:%02x:%02x\n", port->name, port->hw_addr[0],
           port->hw_addr[1], port->hw_addr[2], port->hw_addr[3], port->hw_addr[4],
           port->hw_addr[5]);
    print_flags("config:", port->config, config_names, true);
    print_flags("state:", port->state, state_names, true);
    print_flags("current:", port->curr, feature_names, false);
    print_flags("advertised:", port->advertised, feature_names, false);
    print_flags("supported:", port->supported, feature_names, false);
    print_flags("peer:", port->peer, feature_names, false);
    printf("     speed: %u Mbps now, %u Mbps max\n", port->curr_speed / 1000,
           port->max_speed / 1000);
}

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

static int
view_one(const struct cli *cli, uint32_t versions, uint16_t class_id, of_client_reply *print)
{
    struct view view;

    if (open_view(cli, versions, &view))
        return 1;
    return close_view(&view, ask(&view, class_id, print));
}

/* ---- Ports ---- */

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

/* A counter that is not known has all bits set. */
static void
print_counter(const char *label, uint64_t value)
{
    if (value == UINT64_MAX)
        printf("%s=?", label);
    else
        printf("%s=%" PRIu64, label, value);
}

static const struct of_port_stats_prop_ethernet *
ethernet_of(const struct of_port_stats_entry *entry)
{
    for (size_t i = 0; i < entry->properties.n; i++) {
        if (entry->properties.items[i]->object.class_id == OF_PORT_STATS_PROP_ETHERNET)
            return (const struct of_port_stats_prop_ethernet *)entry->properties.items[i];
    }
    return NULL;
}

static void
print_port_stats(const struct of_port_stats_entry *entry)
{
    const struct of_port_stats_prop_ethernet *ethernet = ethernet_of(entry);

    fputs("  port ", stdout);
    print_port_no(entry->port_no);
    print_counter(": rx pkts", entry->rx_packets);
    print_counter(", bytes", entry->rx_bytes);
    print_counter(", drop", entry->rx_dropped);
    print_counter(", errs", entry->rx_errors);
    print_counter(", frame", ethernet ? ethernet->rx_frame_err : entry->rx_frame_err);
    print_counter(", over", ethernet ? ethernet->rx_over_err : entry->rx_over_err);
    print_counter(", crc", ethernet ? ethernet->rx_crc_err : entry->rx_crc_err);
    print_counter("\n           tx pkts", entry->tx_packets);
    print_counter(", bytes", entry->tx_bytes);
    print_counter(", drop", entry->tx_dropped);
    print_counter(", errs", entry->tx_errors);
    print_counter(", coll", ethernet ? ethernet->collisions : entry->collisions);
    if (entry->object.version != OFP10)
        printf("\n           duration=%u.%03us", entry->duration_sec,
               entry->duration_nsec / 1000000);
    putchar('\n');
}

static int
print_all_port_stats(const struct of_header *reply, void *aux)
{
    const struct of_port_stats_reply *stats = (const struct of_port_stats_reply *)reply;

    (void)aux;
    for (size_t i = 0; i < stats->entries.n; i++)
        print_port_stats(stats->entries.items[i]);
    return 0;
}

static int
dump_ports(const struct cli *cli)
{
    uint32_t port_no = OFPORT_ANY, xid;
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
        status = of_client_send_object(view.client, (struct of_header *)request, &xid);
    if (!status)
        status = of_client_wait(view.client, xid, take_reply, &view);
    of_arena_destroy(&arena);
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
print_features(const struct of_header *reply, void *aux)
{
    const struct of_features_reply *features = (const struct of_features_reply *)reply;
    char *text = of_object_to_string(&reply->object);
    char *flags = text ? strstr(text, "capabilities=") : NULL;

    printf("dpid:%016" PRIx64 "\nn_tables:%u, n_buffers:%u\n", features->datapath_id,
           features->n_tables, features->n_buffers);
    if (flags) {
        flags += strlen("capabilities=");
        printf("capabilities: %.*s\n", (int)strcspn(flags, ",)"), flags);
    }
    free(text);
    return reply->object.version == OFP10 ? print_ports(reply, aux) : 0;
}

static int
print_config(const struct of_header *reply, void *aux)
{
    const struct of_get_config_reply *config = (const struct of_get_config_reply *)reply;
    static const char *const frags[] = {"normal", "drop", "reassemble", "nx-match"};

    (void)aux;
    printf("frags=%s miss_send_len=%u\n", frags[config->flags & 3], config->miss_send_len);
    return 0;
}

static int
features(const struct cli *cli)
{
    struct view view;
    int status;

    if (open_view(cli, 0, &view))
        return 1;
    status = ask(&view, OF_FEATURES_REQUEST, print_features);
    if (!status && of_client_version(view.client) != OFP10)
        status = ask(&view, OF_PORT_DESC_STATS_REQUEST, print_ports);
    if (!status)
        status = ask(&view, OF_GET_CONFIG_REQUEST, print_config);
    return close_view(&view, status);
}

static int
print_desc(const struct of_header *reply, void *aux)
{
    const struct of_desc_stats_reply *desc = (const struct of_desc_stats_reply *)reply;

    (void)aux;
    printf("Manufacturer: %s\nHardware: %s\nSoftware: %s\nSerial Num: %s\nDP Description: %s\n",
           desc->mfr_desc, desc->hw_desc, desc->sw_desc, desc->serial_num, desc->dp_desc);
    return 0;
}

static int
dump_desc(const struct cli *cli)
{
    return view_one(cli, 0, OF_DESC_STATS_REQUEST, print_desc);
}

/* ---- Tables ---- */

static int
print_tables(const struct of_header *reply, void *aux)
{
    const struct of_table_stats_reply *stats = (const struct of_table_stats_reply *)reply;

    (void)aux;
    for (size_t i = 0; i < stats->entries.n; i++) {
        const struct of_table_stats_entry *entry = stats->entries.items[i];

        printf("  table %u%s%s%s: active=%u, lookup=%" PRIu64 ", matched=%" PRIu64 "\n",
               entry->table_id, *entry->name ? " (" : "", entry->name, *entry->name ? ")" : "",
               entry->active_count, entry->lookup_count, entry->matched_count);
    }
    return 0;
}

static int
dump_tables(const struct cli *cli)
{
    return view_one(cli, 0, OF_TABLE_STATS_REQUEST, print_tables);
}

static int
print_table_features(const struct of_header *reply, void *aux)
{
    const struct of_table_features_stats_reply *features_reply =
        (const struct of_table_features_stats_reply *)reply;

    (void)aux;
    for (size_t i = 0; i < features_reply->entries.n; i++) {
        const struct of_table_features *table = features_reply->entries.items[i];

        printf("  table %u (\"%s\"): max_entries=%u, metadata: match=%#" PRIx64 " write=%#" PRIx64
               "\n",
               table->table_id, table->name, table->max_entries, table->metadata_match,
               table->metadata_write);
        for (size_t j = 0; j < table->properties.n; j++) {
            fputs("    ", stdout);
            of_object_print(stdout, &table->properties.items[j]->object);
            putchar('\n');
        }
    }
    return 0;
}

static int
dump_table_features(const struct cli *cli)
{
    return view_one(cli, 1u << OFP13 | 1u << OFP14 | 1u << OFP15, OF_TABLE_FEATURES_STATS_REQUEST,
                    print_table_features);
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
    {NULL, NULL, 0, 0, NULL, NULL},
};
