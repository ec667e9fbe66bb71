/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/connmgr.h"

#include <errno.h>
#include <stdio.h>

#include "ofproto/acceptor.h"
#include "ofproto/messages.h"
#include "ofproto/ofconn.h"
#include "ofproto/ofpact.h"

#define LOG_MODULE "connmgr"
#include "lib/log.h"

#define DEFAULT_PROBE_MS 5000
#define LISTEN_AGAIN_MS 1000
#define FAIL_PROBES 3 /* Probe intervals without a controller until we stand alone. */
#define HIDDEN_NORMAL_PRIORITY 0x0ffffff
#define ALL_VERSIONS (1u << OFP10 | 1u << OFP13 | 1u << OFP14 | 1u << OFP15)

static const struct conn_ops peer_ops;

/* ---- Fail modes ---- */

static bool
has_controller(const struct connmgr *mgr)
{
    const struct connmgr_port *port;

    LIST_FOR_EACH (port, link, &mgr->ports) {
        if (!port->ep.is_passive)
            return true;
    }
    return false;
}

static bool
is_controller_up(const struct connmgr *mgr)
{
    const struct connmgr_port *port;

    LIST_FOR_EACH (port, link, &mgr->ports) {
        if (port->conn && conn_state(port->conn) == CONN_UP)
            return true;
    }
    return false;
}

static void
stand_alone(struct connmgr *mgr, bool on)
{
    struct match all;

    if (mgr->is_standing_alone == on)
        return;
    mgr->is_standing_alone = on;
    match_init_catchall(&all);
    if (on) {
        struct buf actions = BUF_INITIALIZER;

        log_warn("%s: no controller is connected: switching by MAC addresses until one is",
                 mgr->ofproto->name);
        ofpact_put_output(&actions, OFPORT_NORMAL, 0);
        ofproto_hidden_flow_add(mgr->ofproto, &all, HIDDEN_NORMAL_PRIORITY,
                                (struct ofpact *)actions.data, actions.size);
        buf_destroy(&actions);
    } else {
        ofproto_hidden_flow_delete(mgr->ofproto, &all, HIDDEN_NORMAL_PRIORITY);
    }
}

/* How long the bridge waits for a controller before it stands alone. */
static int64_t
patience_ms(const struct connmgr *mgr)
{
    const struct connmgr_port *port;
    unsigned longest_ms = 0;

    LIST_FOR_EACH (port, link, &mgr->ports) {
        if (!port->ep.is_passive)
            longest_ms = MAX(longest_ms, port->probe_ms);
    }
    return (int64_t)longest_ms * FAIL_PROBES;
}

static void
update_fail_mode(struct connmgr *mgr)
{
    bool may_stand_alone = mgr->fail_mode == FAIL_STANDALONE && has_controller(mgr);
    int64_t left_ms;

    evtimer_del(mgr->fail_timer);
    if (is_controller_up(mgr)) {
        mgr->alone_since_ms = -1;
        stand_alone(mgr, false);
        return;
    }
    if (mgr->alone_since_ms < 0)
        mgr->alone_since_ms = time_now_ms();
    if (!may_stand_alone) {
        stand_alone(mgr, false);
        return;
    }
    left_ms = mgr->alone_since_ms + patience_ms(mgr) - time_now_ms();
    if (left_ms <= 0) {
        stand_alone(mgr, true);
    } else {
        struct timeval tv = {left_ms / 1000, left_ms % 1000 * 1000};

        evtimer_add(mgr->fail_timer, &tv);
    }
}

static void
on_fail_timer(evutil_socket_t fd, short what, void *aux)
{
    (void)fd, (void)what;
    update_fail_mode(aux);
}

/* A bridge without controllers switches by MAC addresses, by a flow that anybody may change. */
static void
add_default_flow(struct connmgr *mgr)
{
    struct buf actions = BUF_INITIALIZER;
    struct ofp_flow_mod fm = {
        .command = OFPFC_ADD,
        .buffer_id = OFBUFFER_NONE,
        .out_port = OFPORT_ANY,
        .out_group = OFGROUP_ANY,
    };

    match_init_catchall(&fm.match);
    ofpact_put_output(&actions, OFPORT_NORMAL, 0);
    fm.ofpacts = (struct ofpact *)actions.data;
    fm.ofpacts_size = actions.size;
    ofproto_flow_mod(mgr->ofproto, &fm, NULL);
    buf_destroy(&actions);
}

static void
update_default_flow(struct connmgr *mgr, bool had_controller)
{
    if (has_controller(mgr) == had_controller)
        return;
    ofproto_flush(mgr->ofproto);
    if (had_controller && mgr->fail_mode == FAIL_STANDALONE)
        add_default_flow(mgr);
}

void
connmgr_set_fail_mode(struct connmgr *mgr, enum connmgr_fail_mode mode)
{
    if (mgr->fail_mode == mode)
        return;
    mgr->fail_mode = mode;
    update_fail_mode(mgr);
}

/* ---- Targets ---- */

static void
port_destroy(struct connmgr_port *port)
{
    struct ofconn *ofconn, *next;

    list_remove(&port->link);
    LIST_FOR_EACH_SAFE (ofconn, next, link, &port->mgr->ofconns) {
        if (ofconn->port == port)
            ofconn_destroy(ofconn);
    }
    conn_listener_destroy(port->listener);
    if (port->again)
        event_free(port->again);
    free(port->target);
    free(port);
}

static void
conn_options_of(const struct connmgr *mgr, const struct connmgr_port *port, struct peers *peers,
                struct conn_options *options)
{
    *options = (struct conn_options){
        .version_bitmap = mgr->options.version_bitmap,
        .probe_ms = port ? port->probe_ms : 0,
        .max_backoff_ms = port ? port->max_backoff_ms : 0,
        .tls = mgr->options.tls,
        .log = &peers->log,
    };
}

static bool
accept_peer(struct connmgr *mgr, struct conn *conn, struct connmgr_port *port, struct peers *peers,
            enum ofconn_kind kind)
{
    if (peers->n_open == CONNMGR_MAX_PEERS) {
        peers->n_refused++;
        log_limited(&peers->log, LOG_WARN, "%s: %s: a connection from %s is refused, %u are open",
                    mgr->ofproto->name, port ? port->target : "management", conn_name(conn),
                    peers->n_open);
        return false;
    }
    peers->n_open++;
    conn_set_aux(conn, ofconn_new(mgr, conn, port, peers, kind));
    return true;
}

static bool
accept_controller(void *aux, struct conn *conn)
{
    struct connmgr_port *port = aux;

    return accept_peer(port->mgr, conn, port, &port->peers, OFCONN_CONTROLLER);
}

static bool
accept_service(void *aux, struct conn *conn)
{
    struct connmgr *mgr = aux;

    return accept_peer(mgr, conn, NULL, &mgr->mgmt_peers, OFCONN_SERVICE);
}

static bool
accept_snoop(void *aux, struct conn *conn)
{
    struct connmgr *mgr = aux;

    return accept_peer(mgr, conn, NULL, &mgr->snoop_peers, OFCONN_SNOOP);
}

static int
port_listen(struct connmgr_port *port)
{
    const struct sockaddr *address = (const struct sockaddr *)&port->ep.address;
    struct conn_options options;

    if (acceptor_is_taken(address, port->ep.address_size))
        return EADDRINUSE;
    conn_options_of(port->mgr, port, &port->peers, &options);
    return conn_listen(port->mgr->options.base, &port->ep, &options, &peer_ops, accept_controller,
                       port, &port->listener);
}

static void
listen_later(struct connmgr_port *port, int err)
{
    const struct timeval wait = {LISTEN_AGAIN_MS / 1000, LISTEN_AGAIN_MS % 1000 * 1000};

    snprintf(port->peers.last_error, sizeof port->peers.last_error, "it cannot listen: %s",
             strerror(err));
    evtimer_add(port->again, &wait);
}

static void
on_again(evutil_socket_t fd, short what, void *aux)
{
    struct connmgr_port *port = aux;
    int err = port_listen(port);

    (void)fd, (void)what;
    if (err) {
        listen_later(port, err);
        return;
    }
    port->peers.last_error[0] = '\0';
    log_info("%s: %s listens now", port->mgr->ofproto->name, port->target);
}

static int
start_listener(struct connmgr_port *port, bool waits)
{
    int err = port_listen(port);

    if (!err || !waits)
        return err;
    log_warn("%s: %s cannot listen yet, it is tried again: %s", port->mgr->ofproto->name,
             port->target, strerror(err));
    port->again = evtimer_new(port->mgr->options.base, on_again, port);
    listen_later(port, err);
    return 0;
}

static int
port_start(struct connmgr_port *port, bool waits)
{
    struct connmgr *mgr = port->mgr;
    struct conn_options options;
    int err;

    conn_options_of(mgr, port, &port->peers, &options);
    if (port->ep.is_tls && !mgr->options.tls)
        return ENOKEY;
    if (port->ep.is_passive)
        return start_listener(port, waits);
    err = conn_open(mgr->options.base, &port->ep, &options, &peer_ops, NULL, &port->conn);
    if (err)
        return err;
    port->ofconn = ofconn_new(mgr, port->conn, port, &port->peers, OFCONN_CONTROLLER);
    conn_set_aux(port->conn, port->ofconn);
    return 0;
}

static struct connmgr_port *
port_create(struct connmgr *mgr, const struct connmgr_target *config, char *error,
            size_t error_size)
{
    struct connmgr_port *port = xcalloc(1, sizeof *port);

    list_init(&port->link);
    port->mgr = mgr;
    port->target = xstrdup(config->target);
    if (!endpoint_parse(config->target, &port->ep, error, error_size))
        return port;
    port_destroy(port);
    return NULL;
}

static struct connmgr_port *
find_port(struct list *ports, const char *target)
{
    struct connmgr_port *port;

    LIST_FOR_EACH (port, link, ports) {
        if (!strcmp(port->target, target))
            return port;
    }
    return NULL;
}

static void
port_configure(struct connmgr_port *port, const struct connmgr_target *config)
{
    struct ofconn *ofconn;

    port->probe_ms = config->probe_ms ? config->probe_ms : DEFAULT_PROBE_MS;
    port->max_backoff_ms = config->max_backoff_ms;
    port->packet_in_rate = config->packet_in_rate;
    port->packet_in_burst = config->packet_in_burst;
    LIST_FOR_EACH (ofconn, link, &port->mgr->ofconns) {
        if (ofconn->port == port)
            packet_in_limit_configure(&ofconn->packet_ins, port->packet_in_rate,
                                      port->packet_in_burst);
    }
}

static void
destroy_ports(struct list *ports)
{
    struct connmgr_port *port, *next;

    LIST_FOR_EACH_SAFE (port, next, link, ports)
        port_destroy(port);
}

/* Makes the ports that are new and starts them, on `fresh`. */
static int
start_new_targets(struct connmgr *mgr, const struct connmgr_target *targets, size_t n,
                  struct list *fresh, char *error, size_t error_size)
{
    for (size_t i = 0; i < n; i++) {
        struct connmgr_port *port;
        int err;

        if (find_port(&mgr->ports, targets[i].target) || find_port(fresh, targets[i].target))
            continue;
        port = port_create(mgr, &targets[i], error, error_size);
        if (!port)
            return EINVAL;
        list_push_back(fresh, &port->link);
        port_configure(port, &targets[i]);
        err = port_start(port, targets[i].waits);
        if (err) {
            snprintf(error, error_size, "%s: %s", port->target,
                     err == ENOKEY ? "TLS takes shuntd's --private-key, --certificate and --ca-cert"
                                   : strerror(err));
            return err;
        }
    }
    return 0;
}

static bool
is_listed(const struct connmgr_target *targets, size_t n, const char *target)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(targets[i].target, target))
            return true;
    }
    return false;
}

int
connmgr_set_targets(struct connmgr *mgr, const struct connmgr_target *targets, size_t n,
                    char *error, size_t error_size)
{
    bool had_controller = has_controller(mgr);
    struct list fresh = LIST_INITIALIZER(&fresh);
    struct connmgr_port *port, *next;
    int err = start_new_targets(mgr, targets, n, &fresh, error, error_size);

    if (err) {
        destroy_ports(&fresh);
        return err;
    }
    LIST_FOR_EACH_SAFE (port, next, link, &mgr->ports) {
        if (!is_listed(targets, n, port->target))
            port_destroy(port);
    }
    LIST_FOR_EACH_SAFE (port, next, link, &fresh) {
        list_remove(&port->link);
        list_push_back(&mgr->ports, &port->link);
    }
    for (size_t i = 0; i < n; i++)
        port_configure(find_port(&mgr->ports, targets[i].target), &targets[i]);
    update_default_flow(mgr, had_controller);
    mgr->alone_since_ms = -1;
    update_fail_mode(mgr);
    return 0;
}

void
connmgr_set_versions(struct connmgr *mgr, uint32_t version_bitmap)
{
    mgr->options.version_bitmap = version_bitmap ? version_bitmap : ALL_VERSIONS;
}

static void
describe_active(const struct connmgr_port *port, struct connmgr_target_info *info)
{
    info->is_connected = conn_state(port->conn) == CONN_UP;
    info->n_connections = info->is_connected;
    info->version = conn_version(port->conn);
    info->role = port->ofconn->role;
    info->since_ms = conn_state_ms(port->conn);
    info->last_error = conn_last_error(port->conn);
    info->n_unread = conn_output_size(port->conn);
}

static void
describe_passive(const struct connmgr *mgr, const struct peers *peers,
                 const struct conn_listener *listener, struct connmgr_target_info *info)
{
    const struct ofconn *ofconn;

    info->is_passive = true;
    info->last_error = peers->last_error;
    info->n_refused += conn_listener_n_refused(listener);
    LIST_FOR_EACH (ofconn, link, &mgr->ofconns) {
        if (ofconn->peers != peers)
            continue;
        info->n_connections++;
        info->is_connected = true;
        info->version = conn_version(ofconn->conn);
        info->role = ofconn->role;
        info->n_unread += conn_output_size(ofconn->conn);
    }
}

static void
describe_peers(const struct peers *peers, struct connmgr_target_info *info)
{
    info->n_refused = peers->n_refused;
    info->n_packet_ins_dropped = peers->n_packet_ins_dropped;
    info->n_async_dropped = peers->n_async_dropped;
    info->n_errors = peers->n_errors;
}

void
connmgr_for_each_target(const struct connmgr *mgr,
                        void (*cb)(void *aux, const struct connmgr_target_info *), void *aux)
{
    const struct connmgr_port *port;

    LIST_FOR_EACH (port, link, &mgr->ports) {
        struct connmgr_target_info info = {
            .target = port->target,
            .packet_in_rate = port->packet_in_rate,
            .packet_in_burst = port->packet_in_burst,
        };

        describe_peers(&port->peers, &info);
        if (port->ep.is_passive)
            describe_passive(mgr, &port->peers, port->listener, &info);
        else
            describe_active(port, &info);
        cb(aux, &info);
    }
}

void
connmgr_get_management(const struct connmgr *mgr, struct connmgr_target_info *info)
{
    *info = (struct connmgr_target_info){.target = "management"};
    describe_peers(&mgr->mgmt_peers, info);
    describe_passive(mgr, &mgr->mgmt_peers, mgr->mgmt, info);
}

/* ---- Streams ---- */

static void
on_up(void *aux, struct conn *conn)
{
    struct ofconn *ofconn = aux;

    log_limited(&ofconn->peers->log, LOG_INFO, "%s: connected to %s, OpenFlow wire version %u",
                ofconn->mgr->ofproto->name, conn_name(conn), conn_version(conn));
    ofconn_up(ofconn);
    ofconn_tell_status(ofconn, OFPCSR_CHANNEL_STATUS);
    update_fail_mode(ofconn->mgr);
}

static void
on_message(void *aux, struct conn *conn, const uint8_t *bytes, size_t size)
{
    (void)conn;
    ofconn_message(aux, bytes, size);
}

static void
on_down(void *aux, struct conn *conn)
{
    struct ofconn *ofconn = aux;
    struct connmgr *mgr = ofconn->mgr;

    if (!conn_is_active(conn) && !conn_is_closed_by_peer(conn))
        snprintf(ofconn->peers->last_error, sizeof ofconn->peers->last_error, "%s: %s",
                 conn_name(conn), conn_last_error(conn));
    ofconn_tell_status(ofconn, OFPCSR_CHANNEL_STATUS);
    if (conn_is_active(conn))
        ofconn_reset(ofconn);
    else
        ofconn_destroy(ofconn);
    update_fail_mode(mgr);
}

static void
on_writable(void *aux, struct conn *conn)
{
    (void)conn;
    flow_monitors_resume(aux);
}

/* Snoopers see what controllers say and hear, each in its own version. */
static void
on_snoop(void *aux, struct conn *conn, bool is_sent, const uint8_t *bytes, size_t size)
{
    struct ofconn *ofconn = aux, *snooper;

    (void)is_sent;
    if (!ofconn || ofconn->kind != OFCONN_CONTROLLER || conn_state(conn) != CONN_UP)
        return;
    LIST_FOR_EACH (snooper, link, &ofconn->mgr->ofconns) {
        if (snooper->kind == OFCONN_SNOOP && conn_state(snooper->conn) == CONN_UP)
            conn_send_async(snooper->conn, bytes, size);
    }
}

static const struct conn_ops peer_ops = {
    .up = on_up,
    .message = on_message,
    .down = on_down,
    .snoop = on_snoop,
    .writable = on_writable,
};

/* ---- Life ---- */

static int
listen_on(struct connmgr *mgr, const char *path, conn_accepted *accepted, struct peers *peers,
          struct conn_listener **listener)
{
    struct conn_options options;
    struct endpoint ep;
    char text[160], error[200];
    int err;

    if (!path)
        return 0;
    snprintf(text, sizeof text, "punix:%s", path);
    err = endpoint_parse(text, &ep, error, sizeof error);
    if (err) {
        log_err("%s", error);
        return err;
    }
    conn_options_of(mgr, NULL, peers, &options);
    return conn_listen(mgr->options.base, &ep, &options, &peer_ops, accepted, mgr, listener);
}

int
connmgr_create(const struct connmgr_options *options, const struct connmgr_ops *ops, void *aux,
               struct connmgr **mgrp)
{
    struct connmgr *mgr = xcalloc(1, sizeof *mgr);
    int err;

    mgr->options = *options;
    mgr->fail_mode = options->fail_mode;
    connmgr_set_versions(mgr, options->version_bitmap);
    mgr->ops = ops;
    mgr->aux = aux;
    mgr->ofproto = options->ofproto;
    list_init(&mgr->ports);
    list_init(&mgr->ofconns);
    mgr->pktbuf = pktbuf_create();
    mgr->fail_timer = evtimer_new(options->base, on_fail_timer, mgr);
    mgr->alone_since_ms = -1;
    err = listen_on(mgr, options->mgmt_path, accept_service, &mgr->mgmt_peers, &mgr->mgmt);
    if (!err)
        err = listen_on(mgr, options->snoop_path, accept_snoop, &mgr->snoop_peers, &mgr->snoop);
    if (mgr->fail_mode == FAIL_STANDALONE)
        add_default_flow(mgr);
    *mgrp = mgr;
    return err;
}

void
connmgr_destroy(struct connmgr *mgr)
{
    struct ofconn *ofconn, *next;

    if (!mgr)
        return;
    destroy_ports(&mgr->ports);
    LIST_FOR_EACH_SAFE (ofconn, next, link, &mgr->ofconns)
        ofconn_destroy(ofconn);
    conn_listener_destroy(mgr->mgmt);
    conn_listener_destroy(mgr->snoop);
    pktbuf_destroy(mgr->pktbuf);
    event_free(mgr->fail_timer);
    free(mgr);
}
