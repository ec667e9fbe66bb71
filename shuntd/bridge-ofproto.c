/* SPDX-License-Identifier: Apache-2.0 */
/* Joins a bridge's OpenFlow tables, connections and the slow path: who asks what of whom. */
#include "shuntd/bridge.h"

#include <errno.h>

#include "lib/util.h"
#include "ofproto/connmgr.h"
#include "ofproto/messages.h"
#include "ofproto/ofproto.h"
#include "shuntd/hold.h"
#include "shuntd/saver.h"
#include "slowpath/slowpath.h"

#include <config.h>

#define LOG_MODULE "bridge"
#include "lib/log.h"

/* ---- What the tables tell and ask ---- */

static void
on_wake(void *aux)
{
    struct bridge *bridge = aux;

    event_active(bridge->bridges->run_event, EV_TIMEOUT, 0);
}

static void
on_changed(void *aux, struct ofproto *ofproto)
{
    struct bridge *bridge = aux;

    slowpath_changed(bridge->bridges->slowpath, ofproto);
}

static void
on_rule_changed(void *aux, struct ofproto *ofproto, struct rule *rule)
{
    struct bridge *bridge = aux;

    slowpath_rule_changed(bridge->bridges->slowpath, ofproto, rule);
}

static void
on_flow_removed(void *aux, struct ofproto *ofproto, struct rule *rule, uint8_t reason)
{
    struct bridge *bridge = aux;

    (void)ofproto;
    if (bridge->connmgr)
        connmgr_flow_removed(bridge->connmgr, rule, reason);
}

static void
on_flow_event(void *aux, struct ofproto *ofproto, const struct flow_event *event)
{
    struct bridge *bridge = aux;

    (void)ofproto;
    if (bridge->connmgr)
        connmgr_flow_event(bridge->connmgr, event);
}

static void
on_flow_events_end(void *aux, struct ofproto *ofproto)
{
    struct bridge *bridge = aux;

    (void)ofproto;
    if (bridge->connmgr)
        connmgr_flow_events_end(bridge->connmgr);
}

static void
on_port_status(void *aux, struct ofproto *ofproto, const struct ofport *port, uint8_t reason)
{
    struct bridge *bridge = aux;

    (void)ofproto;
    if (bridge->connmgr)
        connmgr_port_status(bridge->connmgr, port, reason);
}

static void
on_table_status(void *aux, struct ofproto *ofproto, const struct table *table, uint8_t reason)
{
    struct bridge *bridge = aux;

    (void)ofproto;
    if (bridge->connmgr)
        connmgr_table_status(bridge->connmgr, table, reason);
}

static void
on_sync_stats(void *aux, struct ofproto *ofproto)
{
    struct bridge *bridge = aux;

    (void)ofproto;
    slowpath_sync_stats(bridge->bridges->slowpath);
}

static const struct ofproto_ops ofproto_ops = {
    .wake = on_wake,
    .changed = on_changed,
    .rule_changed = on_rule_changed,
    .flow_removed = on_flow_removed,
    .flow_event = on_flow_event,
    .flow_events_end = on_flow_events_end,
    .port_status = on_port_status,
    .table_status = on_table_status,
    .sync_stats = on_sync_stats,
    .port_config = bridge_ofport_configure,
    .port_stats = bridge_ofport_stats,
    .meters = &bridge_meter_ops,
};

/* ---- What connections ask ---- */

/* A barrier that waits for the slow path. */
struct barrier {
    struct list link; /* In bridge->barriers. */
    struct bridge *bridge;
    void (*done)(void *aux);
    void *aux;
};

static void
free_barrier(struct barrier *barrier)
{
    list_remove(&barrier->link);
    free(barrier);
}

/* What came about before the reply is told before it. */
static void
on_conforming(void *aux)
{
    struct barrier *barrier = aux;
    void (*done)(void *) = barrier->done;
    void *done_aux = barrier->aux;
    struct ofproto *ofproto = barrier->bridge->ofproto;
    struct saver *saver = barrier->bridge->saver;

    free_barrier(barrier);
    ofproto_run(ofproto);
    saver_flush(saver);
    done(done_aux);
}

static void
on_barrier(void *aux, bool of_controller, void (*done)(void *), void *done_aux)
{
    struct bridge *bridge = aux;
    struct barrier *barrier = xcalloc(1, sizeof *barrier);

    if (of_controller)
        hold_note_barrier(bridge);
    barrier->bridge = bridge;
    barrier->done = done;
    barrier->aux = done_aux;
    list_push_back(&bridge->barriers, &barrier->link);
    slowpath_barrier(bridge->bridges->slowpath, on_conforming, barrier);
}

static void
on_barrier_cancel(void *aux, void *done_aux)
{
    struct bridge *bridge = aux;
    struct barrier *barrier, *next;

    LIST_FOR_EACH_SAFE (barrier, next, link, &bridge->barriers) {
        if (barrier->aux == done_aux) {
            slowpath_barrier_cancel(bridge->bridges->slowpath, barrier);
            free_barrier(barrier);
        }
    }
}

static enum ofperr
on_packet_out(void *aux, const struct ofp_packet_out *po)
{
    struct bridge *bridge = aux;

    /* What the packet-out means by a port or group is what was asked for before it. */
    return slowpath_packet_out(bridge->bridges->slowpath, bridge->ofproto, po->match.flow.in_port,
                               po->ofpacts, po->ofpacts_size, po->packet, po->packet_size)
               ? OFPERR_OFPBRC_EPERM
               : 0;
}

static enum ofperr
on_resume(void *aux, const struct ofp_packet_in *pin)
{
    struct bridge *bridge = aux;
    const struct slowpath_resumed resumed = {
        .continuation = pin->continuation,
        .continuation_size = pin->continuation_size,
        .flow = &pin->metadata,
        .data = pin->packet,
        .size = pin->packet_size,
    };

    return slowpath_resume(bridge->bridges->slowpath, bridge->ofproto, &resumed) ? OFPERR_NXR_STALE
                                                                                 : 0;
}

static void
on_implicit_misses(void *aux, bool wanted)
{
    struct bridge *bridge = aux;

    slowpath_set_implicit_misses(bridge->bridges->slowpath, bridge->ofproto, wanted);
}

static const struct connmgr_ops connmgr_ops = {
    .packet_out = on_packet_out,
    .resume = on_resume,
    .barrier = on_barrier,
    .barrier_cancel = on_barrier_cancel,
    .implicit_misses = on_implicit_misses,
};

/* ---- What the slow path tells ---- */

static struct bridge *
bridge_of(const struct bridges *bridges, const struct ofproto *ofproto)
{
    struct bridge *bridge;

    LIST_FOR_EACH (bridge, link, &bridges->list) {
        if (bridge->ofproto == ofproto)
            return bridge;
    }
    return NULL;
}

static void
on_packet_in(void *aux, const struct slowpath_packet_in *in)
{
    const struct bridge *bridge = bridge_of(aux, in->ofproto);
    const struct ofp_packet_in pin = {
        .packet = in->data,
        .packet_size = in->size,
        .total_size = in->size,
        .buffer_id = OFBUFFER_NONE,
        .reason = in->reason,
        .is_implicit = in->is_implicit,
        .table_id = in->table_id,
        .cookie = in->cookie,
        .metadata = *in->flow,
        .userdata = in->userdata,
        .userdata_size = in->userdata_size,
        .continuation = in->continuation,
        .continuation_size = in->continuation_size,
    };

    if (bridge && bridge->connmgr)
        connmgr_packet_in(bridge->connmgr, &pin, in->max_len, in->controller_id);
}

const struct slowpath_ops bridge_slowpath_ops = {
    .packet_in = on_packet_in,
};

/* ---- Opening and closing ---- */

/* What was saved when the command line allowed it is left out. */
static int
apply_controllers(struct bridge *bridge, bool waits, struct error *error)
{
    size_t n = 0;
    struct connmgr_target *targets = xcalloc(bridge->config.n_controllers, sizeof *targets);
    int err;

    for (size_t i = 0; i < bridge->config.n_controllers; i++) {
        const struct config_target *from = &bridge->config.controllers[i];

        if (allowed_target(&bridge->bridges->allowed, from->name, error))
            log_warn("bridge %s: controller %s", bridge->config.name, error->text);
        else
            targets[n++] = (struct connmgr_target){
                .target = from->name,
                .packet_in_rate = from->rate_limit,
                .packet_in_burst = from->burst_limit,
                .waits = waits,
            };
    }
    err = connmgr_set_targets(bridge->connmgr, targets, n, error->text, sizeof error->text);
    free(targets);
    return err;
}

int
bridge_apply_controllers(struct bridge *bridge, struct error *error)
{
    return apply_controllers(bridge, false, error);
}

void
bridge_apply_settings(struct bridge *bridge)
{
    ofproto_set_datapath_id(bridge->ofproto, bridge->config.datapath_id);
    connmgr_set_fail_mode(bridge->connmgr,
                          bridge->config.standalone ? FAIL_STANDALONE : FAIL_SECURE);
    connmgr_set_versions(bridge->connmgr, bridge->config.protocols);
}

static int
open_connections(struct bridge *bridge, struct error *error)
{
    struct bridges *bridges = bridge->bridges;
    char mgmt_path[4096], snoop_path[4096];
    const struct connmgr_options options = {
        .fail_mode = bridge->config.standalone ? FAIL_STANDALONE : FAIL_SECURE,
        .base = bridges->base,
        .ofproto = bridge->ofproto,
        .mgmt_path = mgmt_path,
        .snoop_path = snoop_path,
        .mfr_desc = "Shunt",
        .hw_desc = "eBPF",
        .sw_desc = PACKAGE_VERSION,
        .serial_num = "None",
        .version_bitmap = bridge->config.protocols,
        .tls = bridges->tls,
    };
    int err;

    snprintf(mgmt_path, sizeof mgmt_path, "%s/%s.mgmt", bridges->run_dir, bridge->config.name);
    snprintf(snoop_path, sizeof snoop_path, "%s/%s.snoop", bridges->run_dir, bridge->config.name);
    err = connmgr_create(&options, &connmgr_ops, bridge, &bridge->connmgr);
    if (err)
        return error_set(error, err, "bridge '%s': %s or %s could not be listened on: %s",
                         bridge->config.name, mgmt_path, snoop_path, strerror(err));
    return 0;
}

int
bridge_open_ofproto(struct bridge *bridge, struct error *error)
{
    const struct ofproto_options options = {
        .name = bridge->config.name,
        .datapath_id = bridge->config.datapath_id,
        .n_tables = bridge->config.n_tables,
    };
    struct error later;
    int err, later_err;

    bridge->ofproto = ofproto_create(&options, &ofproto_ops, bridge);
    err = slowpath_add_bridge(bridge->bridges->slowpath, bridge->ofproto);
    if (err) {
        ofproto_destroy(bridge->ofproto);
        bridge->ofproto = NULL;
        return error_set(error, err, "bridge '%s': %s", bridge->config.name, strerror(err));
    }
    slowpath_set_implicit_misses(bridge->bridges->slowpath, bridge->ofproto, false);
    err = open_connections(bridge, error);
    bridge_apply_settings(bridge);
    later_err = apply_controllers(bridge, true, &later);
    if (!err && later_err)
        *error = later;
    return err ? err : later_err;
}

void
bridge_close_connections(struct bridge *bridge)
{
    connmgr_destroy(bridge->connmgr);
    bridge->connmgr = NULL;
}

void
bridge_close_ofproto(struct bridge *bridge)
{
    bridge_close_connections(bridge);
    if (!bridge->ofproto)
        return;
    saver_close(bridge->saver);
    bridge->saver = NULL;
    slowpath_remove_bridge(bridge->bridges->slowpath, bridge->ofproto);
    ofproto_destroy(bridge->ofproto);
    bridge->ofproto = NULL;
}

/* ---- Time ---- */

static void
run_all(struct bridges *bridges)
{
    int64_t now_ms = time_now_ms(), next_ms = INT64_MAX;
    struct bridge *bridge;

    LIST_FOR_EACH (bridge, link, &bridges->list) {
        struct ofproto *ofproto = bridge->ofproto;

        if (!ofproto)
            continue;
        ofproto->defers_idle = !bridge->bridges->is_matched;
        next_ms = MIN(next_ms, ofproto_expire(ofproto, now_ms));
        ofproto_run(ofproto);
    }
    if (next_ms != INT64_MAX) {
        int64_t wait_ms = MAX(next_ms - now_ms, 1);
        struct timeval wait = {wait_ms / 1000, wait_ms % 1000 * 1000};

        event_add(bridges->run_event, &wait);
    }
}

void
bridges_on_run(evutil_socket_t fd, short what, void *aux)
{
    (void)fd;
    (void)what;
    run_all(aux);
}
