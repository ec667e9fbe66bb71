/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that tell what is running. */
#include "shuntd/verbs.h"

#include <config.h>
#include <string.h>

#include "ofproto/connmgr.h"
#include "ofproto/openflow.h"
#include "shuntd/health.h"
#include "shuntd/memory.h"
#include "slowpath/slowpath.h"

static json_t *
text_of_mac(const uint8_t mac[6])
{
    char text[18];

    snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
             mac[4], mac[5]);
    return json_string(text);
}

static void
show_link(json_t *port_json, const struct link *link)
{
    struct link_medium medium;

    json_object_set_new(port_json, "kind", json_string(link_kind_name(link)));
    json_object_set_new(port_json, "mac", text_of_mac(link->mac));
    json_object_set_new(port_json, "mtu", json_integer(link->mtu));
    json_object_set_new(port_json, "admin_up", json_boolean(link->admin_up));
    json_object_set_new(port_json, "carrier", json_boolean(link->carrier));
    if (link_get_medium(link->name, &medium))
        return;
    json_object_set_new(port_json, "speed_mbps", json_integer(medium.speed_mbps));
    json_object_set_new(port_json, "gro", json_boolean(medium.gro));
    json_object_set_new(port_json, "tso", json_boolean(medium.tso));
}

static json_t *
show_stats(const struct dp *dp, uint32_t dp_port)
{
    struct dp_port_stats s;

    if (dp_port_stats(dp, dp_port, &s))
        return json_null();
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "rx_packets",
                     (json_int_t)s.rx_packets, "rx_bytes", (json_int_t)s.rx_bytes, "tx_packets",
                     (json_int_t)s.tx_packets, "tx_bytes", (json_int_t)s.tx_bytes, "rx_dropped",
                     (json_int_t)s.rx_dropped, "tx_dropped", (json_int_t)s.tx_dropped, "upcalls",
                     (json_int_t)s.n_upcalls, "upcalls_lost", (json_int_t)s.n_upcalls_lost,
                     "lost_ring_full", (json_int_t)s.n_lost_ring_full, "lost_rate",
                     (json_int_t)s.n_lost_rate);
}

static json_t *
show_port(const struct bridge_port *port)
{
    const struct bridge *bridge = port->bridge;
    const struct link *link = bridge_port_link(port);
    bool is_local = bridge_port_is_local(port);
    json_t *json;

    json = json_pack("{s:s, s:I}", "device", is_local ? bridge->config.name : port->config.device,
                     "dp_port", (json_int_t)port->config.dp_port);
    json_object_set_new(json, "ofport",
                        is_local ? json_string("LOCAL") : json_integer(port->config.ofport));
    json_object_set_new(json, "wanted_hook", json_string(config_hook_name(port->config.hook)));
    json_object_set_new(json, "wanted_peer", json_string(config_peer_name(port->config.peer_off)));
    if (port->ifindex) {
        json_object_set_new(json, "hook", json_string(config_hook_name(port->dp.hook)));
        json_object_set_new(json, "why", json_string(port->dp.why));
        if (link && link->kind == LINK_VETH && !is_local) {
            json_object_set_new(json, "to_peer", json_boolean(port->to_peer));
            json_object_set_new(json, "peer_why", json_string(port->peer_why));
        }
        json_object_set_new(json, "stats", show_stats(bridge->bridges->dp, port->config.dp_port));
        json_object_set_new(json, "flows",
                            json_integer(slowpath_n_flows_of_port(bridge->bridges->slowpath,
                                                                  port->config.dp_port)));
    }
    if (link)
        show_link(json, link);
    json_object_set_new(json, "link_changes", json_integer(port->n_link_changes));
    if (port->error.text[0])
        json_object_set_new(json, "error", json_string(port->error.text));
    return json;
}

static json_t *
show_protocols(uint32_t protocols)
{
    json_t *names = json_array();

    for (unsigned v = CONFIG_PROTOCOL_MIN; v <= CONFIG_PROTOCOL_MAX; v++) {
        if (protocols >> v & 1)
            json_array_append_new(names, json_string(config_protocol_name(v)));
    }
    return names;
}

static const char *
role_name(uint32_t role)
{
    switch (role) {
    case OFPCR_ROLE_MASTER:
        return "primary";
    case OFPCR_ROLE_SLAVE:
        return "secondary";
    default:
        return "equal";
    }
}

/* What came of the connections, of which the last one that went wrong. */
static void
add_counters(json_t *json, const struct connmgr_target_info *info)
{
    if (info->last_error && *info->last_error)
        json_object_set_new(json, "last_error", json_string(info->last_error));
    json_object_set_new(json, "refused", json_integer((json_int_t)info->n_refused));
    json_object_set_new(json, "packet_ins_dropped",
                        json_integer((json_int_t)info->n_packet_ins_dropped));
    json_object_set_new(json, "async_dropped", json_integer((json_int_t)info->n_async_dropped));
    json_object_set_new(json, "errors_sent", json_integer((json_int_t)info->n_errors));
    json_object_set_new(json, "unread_bytes", json_integer((json_int_t)info->n_unread));
}

static void
add_target(void *list, const struct connmgr_target_info *info)
{
    const char *protocol = config_protocol_name(info->version);
    json_t *json = json_pack("{s:s, s:b, s:I}", "target", info->target, "connected",
                             info->is_connected, "since_ms", (json_int_t)info->since_ms);

    if (info->is_passive)
        json_object_set_new(json, "connections", json_integer(info->n_connections));
    else
        json_object_set_new(json, "role", json_string(role_name(info->role)));
    if (protocol)
        json_object_set_new(json, "protocol", json_string(protocol));
    if (info->packet_in_rate) {
        json_object_set_new(json, "controller_rate_limit", json_integer(info->packet_in_rate));
        json_object_set_new(json, "controller_burst_limit", json_integer(info->packet_in_burst));
    }
    add_counters(json, info);
    json_array_append_new(list, json);
}

static json_t *
show_management(const struct connmgr *connmgr)
{
    struct connmgr_target_info info;
    json_t *json;

    connmgr_get_management(connmgr, &info);
    json = json_pack("{s:I}", "connections", (json_int_t)info.n_connections);
    add_counters(json, &info);
    return json;
}

static json_t *
show_bridge(const struct bridge *bridge)
{
    json_t *controllers = json_array(), *ports = json_array();
    struct bridge_port *port;
    char id[17];

    connmgr_for_each_target(bridge->connmgr, add_target, controllers);
    json_array_append_new(ports, show_port(&bridge->local));
    LIST_FOR_EACH (port, link, &bridge->ports)
        json_array_append_new(ports, show_port(port));
    snprintf(id, sizeof id, "%016llx", (unsigned long long)bridge->config.datapath_id);
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:o}", "name", bridge->config.name, "datapath_id", id,
        "fail_mode", bridge->config.standalone ? "standalone" : "secure", "protocols",
        show_protocols(bridge->config.protocols), "n_tables", (json_int_t)bridge->config.n_tables,
        "controllers", controllers, "management", show_management(bridge->connmgr), "ports", ports);
}

static void
add_trouble(void *list, const struct health_trouble *trouble)
{
    json_t *json =
        json_pack("{s:s, s:I}", "what", trouble->what, "lasts_ms", (json_int_t)trouble->lasts_ms);

    if (trouble->unit) {
        json_object_set_new(json, "n", json_integer((json_int_t)trouble->n));
        json_object_set_new(json, "unit", json_string(trouble->unit));
    }
    json_array_append_new(list, json);
}

static json_t *
show_troubles(const struct bridges *bridges)
{
    json_t *list = json_array();

    health_for_each(bridges->health, add_trouble, list);
    return list;
}

int
verb_show(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    const char *name = json_string_value(json_object_get(request, "bridge"));
    struct mgmt_counters counters;
    json_t *list;
    struct bridge *bridge;

    if (name) {
        int err = bridges_find(daemon->bridges, name, &bridge, error);

        if (err)
            return err;
    }
    list = json_array();
    LIST_FOR_EACH (bridge, link, &daemon->bridges->list) {
        if (!name || !strcmp(bridge->config.name, name))
            json_array_append_new(list, show_bridge(bridge));
    }
    mgmt_get_counters(daemon->mgmt, &counters);
    *result = json_pack("{s:s, s:o, s:s?, s:{s:I, s:I}, s:o}", "version", PACKAGE_VERSION,
                        "troubles", show_troubles(daemon->bridges), "former_died",
                        daemon->former_died[0] ? daemon->former_died : NULL, "management",
                        "connections", (json_int_t)counters.n_open, "refused",
                        (json_int_t)counters.n_refused, "bridges", list);
    return 0;
}

static json_t *
show_drops(const struct dp_totals *totals)
{
    json_t *drops = json_object();

    for (int i = 1; i < DP_N_DROPS; i++)
        json_object_set_new(drops, dp_drop_name(i), json_integer(totals->n_dropped[i]));
    return drops;
}

static json_t *
show_slowpath(struct slowpath *slowpath)
{
    struct slowpath_stats s;

    slowpath_get_stats(slowpath, &s);
#define N(NAME) (json_int_t) s.n_##NAME
    return json_pack(
        "{s:{s:I, s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I}, "
        "s:{s:I, s:I, s:I}, s:{s:I, s:I}, s:{s:I, s:I}}",
        "upcalls", "misses", N(misses), "slow", N(slow), "held", N(held), "actions", N(actions),
        "ttl", N(ttl), "flows", "installed", N(installed), "no_room", N(no_room), "failed",
        N(install_failed), "stale", N(stale), "narrowed", N(narrowed), "revalidation", "translated",
        N(revalidated), "updated", N(updated), "removed", N(removed), "expired", N(expired),
        "audits", "done", N(audits), "skipped", N(audits_skipped), "failed", N(audits_failed),
        "packet_ins", "sent", N(packet_ins), "lost", N(packet_ins_lost), "executed", "lists",
        N(executed), "failed", N(execute_failed));
#undef N
}

static json_t *
show_memory(const struct dp *dp)
{
    struct flow_memory m;

    flow_memory_get(dp, &m);
    return json_pack("{s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}}", "maps", (json_int_t)m.maps_size,
                     "daemon", (json_int_t)m.daemon_size, "daemon_max", (json_int_t)m.daemon_max,
                     "flow", "maps", (json_int_t)m.flow_size, "buckets_max",
                     (json_int_t)m.bucket_size, "each_processor", (json_int_t)m.stats_size,
                     "daemon", (json_int_t)m.own_size);
}

int
verb_dpctl_show(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    const struct bridges *bridges = daemon->bridges;
    struct dp_totals t;
    struct slowpath_stats slow;
    json_t *ports;

    (void)request;
    (void)error;
    dp_totals(daemon->dp, &t);
    slowpath_get_stats(bridges->slowpath, &slow);
    ports = json_array();
    for (size_t i = 1; i < DP_MAX_PORTS; i++) {
        if (bridges->by_dp_port[i])
            json_array_append_new(ports, show_port(bridges->by_dp_port[i]));
    }
    *result = json_pack(
        "{s:b, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, "
        "s:I}, "
        "s:o, s:o}",
        "adopted", daemon->is_adopted, "flows", (json_int_t)dp_n_flows(daemon->dp), "max_flows",
        (json_int_t)dp_max_flows(daemon->dp), "masks", (json_int_t)dp_n_masks(daemon->dp),
        "packets", "received", (json_int_t)t.n_received, "forwarded", (json_int_t)t.n_forwarded,
        "consumed", (json_int_t)t.n_consumed, "outputs", (json_int_t)t.n_outputs, "lookups",
        "cache_hits", (json_int_t)t.n_cache_hits, "megaflow_hits", (json_int_t)t.n_megaflow_hits,
        "misses", (json_int_t)t.n_misses, "masks_tried", (json_int_t)t.n_masks_tried, "held",
        "packets", (json_int_t)t.n_held, "expired", (json_int_t)t.n_hold_expired, "refused",
        (json_int_t)t.n_hold_refused, "large", (json_int_t)t.n_large, "dropped", show_drops(&t),
        "ports", ports);
    json_object_set_new(*result, "troubles", show_troubles(bridges));
    json_object_set_new(*result, "memory", show_memory(daemon->dp));
    json_object_set_new(*result, "flow_limit", json_integer((json_int_t)slow.flow_limit));
    json_object_set_new(*result, "revalidation_us", json_integer((json_int_t)slow.last_pass_us));
    json_object_set_new(*result, "revalidation_cpu_us",
                        json_integer((json_int_t)slow.last_pass_cpu_us));
    json_object_set_new(*result, "slow_path", show_slowpath(bridges->slowpath));
    return 0;
}
