/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/slowpath.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "actions/actions.h"
#include "datapath/parse.h"
#include "slowpath/internal.h"

#define LOG_MODULE "slowpath"
#include "lib/log.h"

#define DEFAULT_IDLE_MS 10000

/* ---- Bridges of packets -----------------------------------------------------------------------*/
struct bridge *
bridge_of_number(struct slowpath *slowpath, uint32_t number)
{
    struct bridge *bridge;

    LIST_FOR_EACH (bridge, link, &slowpath->bridges) {
        if (bridge->xlate.number == number)
            return bridge;
    }
    return NULL;
}

struct bridge *
bridge_of_ofproto(struct slowpath *slowpath, const struct ofproto *ofproto)
{
    struct bridge *bridge;

    LIST_FOR_EACH (bridge, link, &slowpath->bridges) {
        if (bridge->xlate.ofproto == ofproto)
            return bridge;
    }
    return NULL;
}

struct bridge *
bridge_of_key(struct slowpath *slowpath, const struct dp_key *key)
{
    struct bridge *bridge;
    uint32_t number;

    if (key->recirc_id)
        return xlate_recirc_bridge(slowpath->recircs, key->recirc_id, &number)
                   ? bridge_of_number(slowpath, number)
                   : NULL;
    LIST_FOR_EACH (bridge, link, &slowpath->bridges) {
        if (ofproto_port_by_dp_port(bridge->xlate.ofproto, key->in_port))
            return bridge;
    }
    return NULL;
}

bool
slowpath_xlate_key(struct slowpath *slowpath, const struct dp_key *key, struct xlate_out *out,
                   struct bridge **bridgep)
{
    struct bridge *bridge = bridge_of_key(slowpath, key);
    struct xlate_in in = {0};

    *bridgep = bridge;
    if (!bridge)
        return false;
    in.bridge = &bridge->xlate;
    xlate_flow_from_key(&bridge->xlate, key, &in.flow);
    xlate(&in, out);
    return true;
}

/* ---- Barriers and changes ---------------------------------------------------------------------*/
void
slowpath_notify(struct slowpath *slowpath)
{
    eventfd_write(slowpath->notify_fd, 1);
}

void
slowpath_wake_revalidator(struct slowpath *slowpath)
{
    pthread_mutex_lock(&slowpath->wake_lock);
    if (!slowpath->is_alert || atomic_load(&slowpath->has_barriers))
        pthread_cond_signal(&slowpath->wake);
    pthread_mutex_unlock(&slowpath->wake_lock);
}

void
slowpath_changed(struct slowpath *slowpath, struct ofproto *ofproto)
{
    bool is_broad = !ofproto || ofproto->config_version == ofproto_version(ofproto);

    if (is_broad)
        changes_add_broad(&slowpath->changes);
    else
        changes_end_rules(&slowpath->changes);
    slowpath_wake_revalidator(slowpath);
}

void
slowpath_rule_changed(struct slowpath *slowpath, struct ofproto *ofproto, struct rule *rule)
{
    if (bridge_of_ofproto(slowpath, ofproto))
        changes_add_rule(&slowpath->changes, ofproto, rule);
}

static bool
is_conforming(struct slowpath *slowpath, uint64_t seq)
{
    uint64_t conformed;

    pthread_mutex_lock(&slowpath->wake_lock);
    conformed = slowpath->conformed;
    pthread_mutex_unlock(&slowpath->wake_lock);
    return (conformed >= seq || !slowpath->ukeys.n) && handlers_conform(slowpath->handlers, seq);
}

static void
end_barriers(struct slowpath *slowpath)
{
    while (!list_is_empty(&slowpath->barriers)) {
        struct barrier *barrier = CONTAINER_OF(slowpath->barriers.next, struct barrier, link);

        if (!is_conforming(slowpath, barrier->seq))
            return;
        list_remove(&barrier->link);
        barrier->done(barrier->aux);
        free(barrier);
    }
    atomic_store(&slowpath->has_barriers, false);
}

void
slowpath_barrier(struct slowpath *slowpath, slowpath_done_cb *done, void *aux)
{
    struct barrier *barrier = xcalloc(1, sizeof *barrier);

    barrier->seq = slowpath_seq(slowpath);
    barrier->done = done;
    barrier->aux = aux;
    list_push_back(&slowpath->barriers, &barrier->link);
    atomic_store(&slowpath->has_barriers, true);
    end_barriers(slowpath);
    if (!list_is_empty(&slowpath->barriers))
        slowpath_wake_revalidator(slowpath);
}

void
slowpath_barrier_cancel(struct slowpath *slowpath, void *aux)
{
    struct barrier *barrier, *next;

    LIST_FOR_EACH_SAFE (barrier, next, link, &slowpath->barriers) {
        if (barrier->aux == aux) {
            list_remove(&barrier->link);
            free(barrier);
        }
    }
}

void
slowpath_sync_stats(struct slowpath *slowpath)
{
    struct ukeys *ukeys = &slowpath->ukeys;
    struct ukey *ukey;

    pthread_mutex_lock(&ukeys->lock);
    for (uint32_t i = 0; i < ukeys->max; i++) {
        if (ukeys->by_index[i])
            ukey_credit(ukeys->by_index[i], slowpath->dp);
    }
    LIST_FOR_EACH (ukey, dying, &ukeys->dying)
        ukey_credit(ukey, slowpath->dp);
    pthread_mutex_unlock(&ukeys->lock);
}

static void
on_notify(evutil_socket_t fd, short what, void *aux)
{
    struct slowpath *slowpath = aux;
    eventfd_t n;

    (void)what;
    eventfd_read(fd, &n);
    if (mailbox_deliver(slowpath))
        slowpath_notify(slowpath);
    end_barriers(slowpath);
}

/* ---- Open and close ---------------------------------------------------------------------------*/
static void
init_wake(struct slowpath *slowpath)
{
    pthread_condattr_t attr;

    pthread_mutex_init(&slowpath->pass_lock, NULL);
    pthread_mutex_init(&slowpath->wake_lock, NULL);
    pthread_mutex_init(&slowpath->idle_lock, NULL);
    pthread_cond_init(&slowpath->idle, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&slowpath->wake, &attr);
    pthread_condattr_destroy(&attr);
}

static int
init_notify(struct slowpath *slowpath)
{
    slowpath->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (slowpath->notify_fd < 0)
        return errno;
    slowpath->notify = event_new(slowpath->options.base, slowpath->notify_fd, EV_READ | EV_PERSIST,
                                 on_notify, slowpath);
    return slowpath->notify && !event_add(slowpath->notify, NULL) ? 0 : ENOMEM;
}

static void
adopt(struct slowpath *slowpath)
{
    int64_t now_ms = time_now_ms();

    for (uint32_t i = 0; i < slowpath->ukeys.max && dp_n_flows(slowpath->dp); i++) {
        struct dp_key key, mask;
        uint64_t ufid;
        size_t n;

        if (!dp_flow_get(slowpath->dp, i, &key, &mask, NULL, 0, &n, &ufid))
            ukey_add(&slowpath->ukeys, i, key.in_port, NULL, 0, NULL, now_ms);
    }
    atomic_store(&slowpath->is_holding, slowpath->ukeys.n > 0);
}

/* Some indices stay free, so that one that was just freed is not in use again at once. */
static uint32_t
default_flow_limit(const struct dp *dp)
{
    uint32_t max = dp_max_flows(dp);

    return max - max / 16;
}

static void
set_options(struct slowpath *slowpath, const struct slowpath_options *options)
{
    uint32_t limit = default_flow_limit(slowpath->dp);

    slowpath->options = *options;
    if (!options->n_handlers)
        slowpath->options.n_handlers = 1;
    if (!options->idle_ms)
        slowpath->options.idle_ms = DEFAULT_IDLE_MS;
    if (!options->flow_limit || options->flow_limit > limit)
        slowpath->options.flow_limit = limit;
    slowpath->flow_limit = slowpath->options.flow_limit;
}

int
slowpath_create(struct dp *dp, const struct slowpath_options *options,
                const struct slowpath_ops *ops, void *aux, struct slowpath **slowpathp)
{
    struct slowpath *slowpath = xcalloc(1, sizeof *slowpath);
    int error;

    slowpath->dp = dp;
    slowpath->ops = *ops;
    slowpath->aux = aux;
    set_options(slowpath, options);
    list_init(&slowpath->bridges);
    list_init(&slowpath->barriers);
    slowpath->recircs = ids_create();
    seal_init(&slowpath->seal);
    slowpath->cookies = ids_create();
    ukeys_init(&slowpath->ukeys, dp_max_flows(dp));
    changes_init(&slowpath->changes);
    mailbox_init(&slowpath->mailbox);
    init_wake(slowpath);
    error = init_notify(slowpath);
    if (!error)
        error = dp_executor_open(dp, &slowpath->executor);
    if (error) {
        slowpath_destroy(slowpath);
        return error;
    }
    adopt(slowpath);
    *slowpathp = slowpath;
    return 0;
}

void
slowpath_destroy(struct slowpath *slowpath)
{
    struct barrier *barrier, *next;

    if (!slowpath)
        return;
    slowpath_stop(slowpath);
    slowpath_let_go(slowpath);
    ukeys_destroy(&slowpath->ukeys);
    LIST_FOR_EACH_SAFE (barrier, next, link, &slowpath->barriers)
        free(barrier);
    if (slowpath->notify)
        event_free(slowpath->notify);
    if (slowpath->notify_fd >= 0)
        close(slowpath->notify_fd);
    dp_executor_close(slowpath->executor);
    mailbox_destroy(&slowpath->mailbox);
    changes_destroy(&slowpath->changes);
    ids_destroy(slowpath->recircs);
    ids_destroy(slowpath->cookies);
    pthread_cond_destroy(&slowpath->wake);
    pthread_cond_destroy(&slowpath->idle);
    pthread_mutex_destroy(&slowpath->idle_lock);
    pthread_mutex_destroy(&slowpath->wake_lock);
    pthread_mutex_destroy(&slowpath->pass_lock);
    free(slowpath);
}

int
slowpath_start(struct slowpath *slowpath)
{
    int error = handlers_start(slowpath, slowpath->options.n_handlers, &slowpath->handlers);

    if (!error)
        error = revalidator_start(slowpath, &slowpath->revalidator);
    if (error)
        slowpath_stop(slowpath);
    return error;
}

void
slowpath_stop(struct slowpath *slowpath)
{
    handlers_stop(slowpath->handlers);
    slowpath->handlers = NULL;
    revalidator_stop(slowpath->revalidator);
    slowpath->revalidator = NULL;
}

void
slowpath_let_go(struct slowpath *slowpath)
{
    struct ukeys *ukeys = &slowpath->ukeys;

    revalidator_bury(slowpath);
    pthread_mutex_lock(&ukeys->lock);
    for (uint32_t i = 0; i < ukeys->max; i++) {
        if (ukeys->by_index[i])
            ukey_free(ukeys, ukeys->by_index[i], slowpath->dp);
        ukeys->by_index[i] = NULL;
    }
    ukeys->n = 0;
    pthread_mutex_unlock(&ukeys->lock);
}

void
slowpath_release(struct slowpath *slowpath)
{
    if (atomic_exchange(&slowpath->is_holding, false))
        slowpath_changed(slowpath, NULL);
}

bool
slowpath_is_holding(const struct slowpath *slowpath)
{
    return atomic_load(&slowpath->is_holding);
}

uint64_t
slowpath_now(const struct slowpath *slowpath)
{
    return slowpath_seq(slowpath);
}

bool
slowpath_is_past(struct slowpath *slowpath, uint64_t now)
{
    return is_conforming(slowpath, now);
}

uint32_t
slowpath_n_flows_of_port(const struct slowpath *slowpath, uint32_t dp_port)
{
    return dp_port < DP_MAX_PORTS ? slowpath->ukeys.by_port[dp_port] : 0;
}

bool
slowpath_ring_position(const struct slowpath *slowpath, uint32_t ring, uint64_t *position)
{
    return handlers_ring_position(slowpath->handlers, ring, position);
}

/* ---- Bridges ----------------------------------------------------------------------------------*/
static void
on_mac_changed(void *aux, uint16_t vlan, const uint8_t mac[6])
{
    struct bridge *bridge = aux;

    changes_add_mac(&bridge->slowpath->changes, bridge->xlate.ofproto, vlan, mac);
    slowpath_wake_revalidator(bridge->slowpath);
}

int
slowpath_add_bridge(struct slowpath *slowpath, struct ofproto *ofproto)
{
    struct bridge *bridge = xcalloc(1, sizeof *bridge);

    bridge->slowpath = slowpath;
    bridge->xlate = (struct xlate_bridge){
        .ofproto = ofproto,
        .macs = mac_table_create(MAC_TABLE_MAX, MAC_TABLE_IDLE_MS, on_mac_changed, bridge),
        .recircs = slowpath->recircs,
        .cookies = slowpath->cookies,
        .number = ++slowpath->next_bridge_number};
    pthread_rwlock_wrlock(&ofproto_lock);
    list_push_back(&slowpath->bridges, &bridge->link);
    pthread_rwlock_unlock(&ofproto_lock);
    slowpath_changed(slowpath, NULL);
    return 0;
}

static void
wait_for_handlers(struct slowpath *slowpath, uint64_t seq)
{
    pthread_mutex_lock(&slowpath->idle_lock);
    while (!handlers_conform(slowpath->handlers, seq))
        pthread_cond_wait(&slowpath->idle, &slowpath->idle_lock);
    pthread_mutex_unlock(&slowpath->idle_lock);
}

void
slowpath_remove_bridge(struct slowpath *slowpath, struct ofproto *ofproto)
{
    struct bridge *bridge = bridge_of_ofproto(slowpath, ofproto);

    if (!bridge)
        return;
    pthread_rwlock_wrlock(&ofproto_lock);
    list_remove(&bridge->link);
    slowpath_changed(slowpath, NULL);
    pthread_rwlock_unlock(&ofproto_lock);
    wait_for_handlers(slowpath, slowpath_seq(slowpath));
    revalidator_remove(slowpath, bridge);
    changes_forget(&slowpath->changes, ofproto);
    mac_table_destroy(bridge->xlate.macs);
    free(bridge);
}

int
slowpath_read_rings(struct slowpath *slowpath)
{
    return handlers_add_rings(slowpath->handlers);
}

void
slowpath_port_added(struct slowpath *slowpath, struct ofproto *ofproto, const struct ofport *port)
{
    (void)ofproto;
    (void)port;
    slowpath_changed(slowpath, NULL);
}

void
slowpath_port_changed(struct slowpath *slowpath, struct ofproto *ofproto, const struct ofport *port)
{
    (void)ofproto;
    (void)port;
    slowpath_changed(slowpath, NULL);
}

void
slowpath_port_removed(struct slowpath *slowpath, struct ofproto *ofproto, const struct ofport *port)
{
    struct bridge *bridge = bridge_of_ofproto(slowpath, ofproto);

    if (bridge)
        mac_table_flush(bridge->xlate.macs, port->port_no);
    slowpath_changed(slowpath, NULL);
}

void
slowpath_set_implicit_misses(struct slowpath *slowpath, struct ofproto *ofproto, bool wanted)
{
    struct bridge *bridge = bridge_of_ofproto(slowpath, ofproto);

    if (!bridge || bridge->xlate.sends_implicit_misses == wanted)
        return;
    pthread_rwlock_wrlock(&ofproto_lock);
    bridge->xlate.sends_implicit_misses = wanted;
    slowpath_changed(slowpath, NULL);
    pthread_rwlock_unlock(&ofproto_lock);
}

/* ---- Packet-outs ------------------------------------------------------------------------------*/
static void
packet_flow(const struct bridge *bridge, uint32_t in_port, const uint8_t *data, size_t size,
            struct flow *flow)
{
    const struct ofport *port = ofproto_port(bridge->xlate.ofproto, in_port);

    memset(flow, 0, sizeof *flow);
    dp_parse(data, size, &flow->key);
    flow->key.in_port = port ? port->dp_port : DP_NO_PORT;
    flow->in_port = flow->in_phy_port = in_port;
    flow->actset_output = OFPORT_UNSET;
}

/* Translates a packet of nobody's megaflow, and has the fast path run what comes of it. */
static void
run_packet(struct bridge *bridge, const struct xlate_in *in, const uint8_t *data, size_t size)
{
    struct slowpath *slowpath = bridge->slowpath;
    struct dp_packet packet = {.data = data, .size = (uint32_t)size};
    struct xlate_out out;
    int64_t now_ms = time_now_ms();

    xlate_out_init(&out);
    pthread_rwlock_rdlock(&ofproto_lock);
    xlate(in, &out);
    xlate_out_pin(&out);
    pthread_rwlock_unlock(&ofproto_lock);
    slowpath_execute(slowpath, slowpath->executor, &packet, in->flow.key.in_port, 0, &out);
    xlate_refs_credit(out.refs, out.n_refs, 1, size, now_ms);
    xlate_effects_apply(out.effects, out.n_effects, &bridge->xlate, ntohs(in->flow.key.tcp_flags),
                        now_ms);
    xlate_out_destroy(&out, &bridge->xlate);
}

int
slowpath_packet_out(struct slowpath *slowpath, struct ofproto *ofproto, uint32_t in_port,
                    const struct ofpact *actions, size_t actions_size, const uint8_t *data,
                    size_t size)
{
    struct bridge *bridge = bridge_of_ofproto(slowpath, ofproto);
    struct xlate_in in = {.actions = actions, .actions_size = actions_size};

    if (!bridge)
        return ENODEV;
    in.bridge = &bridge->xlate;
    packet_flow(bridge, in_port, data, size, &in.flow);
    run_packet(bridge, &in, data, size);
    return 0;
}

int
slowpath_resume(struct slowpath *slowpath, struct ofproto *ofproto,
                const struct slowpath_resumed *resumed)
{
    struct bridge *bridge = bridge_of_ofproto(slowpath, ofproto);
    uint32_t in_port, id = 0;
    struct xlate_in in = {.actions = NULL};
    const void *state;
    size_t size;

    if (!bridge)
        return ENODEV;
    state = seal_open(&slowpath->seal, resumed->continuation, resumed->continuation_size, &size);
    if (state)
        id = xlate_resume(&bridge->xlate, state, size, resumed->flow, &in_port);
    if (!id)
        return ESTALE;
    in.bridge = &bridge->xlate;
    packet_flow(bridge, in_port, resumed->data, resumed->size, &in.flow);
    in.flow.key.recirc_id = id;
    run_packet(bridge, &in, resumed->data, resumed->size);
    ids_unref(slowpath->recircs, id, time_now_ms());
    return 0;
}
