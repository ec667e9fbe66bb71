/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "ofproto/openflow.h"

#include "ofproto/ofproto-private.h"

/* What port-mods may set. */
#define CONFIG_BITS                                                                                \
    (OFPPC_PORT_DOWN | OFPPC_NO_STP | OFPPC_NO_RECV | OFPPC_NO_RECV_STP | OFPPC_NO_FLOOD |         \
     OFPPC_NO_FWD | OFPPC_NO_PACKET_IN)

/* ---- Finding -------------------------------------------------------------------------------- */
struct ofport *
ofproto_port(const struct ofproto *ofproto, uint32_t port_no)
{
    struct ofport *port;

    HMAP_FOR_EACH_WITH_HASH (port, by_number, hash_u64(port_no, 0), &ofproto->ports) {
        if (port->port_no == port_no)
            return port;
    }
    return NULL;
}

struct ofport *
ofproto_port_by_dp_port(const struct ofproto *ofproto, uint32_t dp_port)
{
    struct ofport *port;

    HMAP_FOR_EACH_WITH_HASH (port, by_dp_port, hash_u64(dp_port, 0), &ofproto->ports_by_dp_port) {
        if (port->dp_port == dp_port)
            return port;
    }
    return NULL;
}

struct ofport *
ofproto_port_by_name(const struct ofproto *ofproto, const char *name)
{
    struct ofport *port;

    HMAP_FOR_EACH (port, by_number, &ofproto->ports) {
        if (!strcmp(port->name, name))
            return port;
    }
    return NULL;
}

/* ---- State ---------------------------------------------------------------------------------- */
static void
update_liveness(struct ofport *port)
{
    port->is_live = !(port->config & OFPPC_PORT_DOWN) && !(port->state & OFPPS_LINK_DOWN);
    if (port->is_live)
        port->state |= OFPPS_LIVE;
    else
        port->state &= ~(uint32_t)OFPPS_LIVE;
}

void
port_queue_status(struct ofproto *ofproto, const struct ofport *port, uint8_t reason)
{
    struct queued_event *event;

    if (!port)
        return;
    event = xcalloc(1, sizeof *event);
    event->kind = QUEUED_PORT;
    event->port = *port;
    event->port_reason = reason;
    ofproto_queue_event(ofproto, event);
}

void
port_set_config(struct ofport *port, uint32_t config)
{
    port->config = config;
    update_liveness(port);
}

/* ---- Adding and removing -------------------------------------------------------------------- */
static uint32_t
free_number(struct ofproto *ofproto)
{
    for (uint32_t i = 0; i < OFPROTO_MAX_PORTS; i++) {
        uint32_t port_no = ofproto->next_port_no;

        ofproto->next_port_no = port_no % (OFPROTO_MAX_PORTS - 1) + 1;
        if (!ofproto_port(ofproto, port_no))
            return port_no;
    }
    return 0;
}

static bool
is_taken(const struct ofproto *ofproto, const struct ofport *port)
{
    return (port->port_no && ofproto_port(ofproto, port->port_no)) ||
           ofproto_port_by_dp_port(ofproto, port->dp_port) ||
           ofproto_port_by_name(ofproto, port->name);
}

int
ofproto_port_add(struct ofproto *ofproto, const struct ofport *from, uint32_t *port_no)
{
    struct ofport *port;

    if (is_taken(ofproto, from))
        return EEXIST;
    *port_no = from->port_no ? from->port_no : free_number(ofproto);
    if (!*port_no)
        return ENOSPC;
    port = xmemdup(from, sizeof *from);
    port->port_no = *port_no;
    port->created_ms = time_now_ms();
    update_liveness(port);
    pthread_rwlock_wrlock(&ofproto_lock);
    hmap_insert(&ofproto->ports, &port->by_number, hash_u64(port->port_no, 0));
    hmap_insert(&ofproto->ports_by_dp_port, &port->by_dp_port, hash_u64(port->dp_port, 0));
    ofproto_changed(ofproto);
    pthread_rwlock_unlock(&ofproto_lock);
    port_queue_status(ofproto, port, OFPPR_ADD);
    return 0;
}

int
ofproto_port_remove(struct ofproto *ofproto, uint32_t port_no)
{
    struct ofport *port = ofproto_port(ofproto, port_no);

    if (!port)
        return ENOENT;
    pthread_rwlock_wrlock(&ofproto_lock);
    hmap_remove(&ofproto->ports, &port->by_number);
    hmap_remove(&ofproto->ports_by_dp_port, &port->by_dp_port);
    ofproto_changed(ofproto);
    pthread_rwlock_unlock(&ofproto_lock);
    port_queue_status(ofproto, port, OFPPR_DELETE);
    free(port);
    return 0;
}

/* Whether a controller sees a difference. */
static bool
differs(const struct ofport *a, const struct ofport *b)
{
    return strcmp(a->name, b->name) || memcmp(a->hw_addr, b->hw_addr, sizeof a->hw_addr) ||
           a->config != b->config || a->state != b->state || a->current != b->current ||
           a->advertised != b->advertised || a->supported != b->supported || a->peer != b->peer ||
           a->current_kbps != b->current_kbps || a->max_kbps != b->max_kbps;
}

int
ofproto_port_update(struct ofproto *ofproto, const struct ofport *from)
{
    struct ofport *port = ofproto_port(ofproto, from->port_no), old;

    if (!port)
        return ENOENT;
    pthread_rwlock_wrlock(&ofproto_lock);
    old = *port;
    memcpy(port->name, from->name, sizeof port->name);
    memcpy(port->hw_addr, from->hw_addr, sizeof port->hw_addr);
    port->config = (port->config & ~(uint32_t)OFPPC_PORT_DOWN) | (from->config & OFPPC_PORT_DOWN);
    port->state = from->state;
    port->current = from->current;
    port->advertised = from->advertised;
    port->supported = from->supported;
    port->peer = from->peer;
    port->current_kbps = from->current_kbps;
    port->max_kbps = from->max_kbps;
    update_liveness(port);
    if (port->is_live != old.is_live || memcmp(port->hw_addr, old.hw_addr, sizeof old.hw_addr))
        ofproto_changed(ofproto);
    pthread_rwlock_unlock(&ofproto_lock);
    if (differs(&old, port))
        port_queue_status(ofproto, port, OFPPR_MODIFY);
    return 0;
}

void
ports_destroy(struct ofproto *ofproto)
{
    struct ofport *port;

    HMAP_FOR_EACH_SAFE (port, by_number, &ofproto->ports) {
        hmap_remove(&ofproto->ports, &port->by_number);
        free(port);
    }
    hmap_destroy(&ofproto->ports);
    hmap_destroy(&ofproto->ports_by_dp_port);
}

/* ---- Messages ------------------------------------------------------------------------------- */
enum ofperr
port_mod_do(struct txn *txn, const struct ofp_port_mod *pm)
{
    struct ofport *port = ofproto_port(txn->ofproto, pm->port_no);
    struct change *change;
    uint32_t config, old;

    if (!port)
        return OFPERR_OFPPMFC_BAD_PORT;
    if (pm->has_hw_addr && memcmp(pm->hw_addr, port->hw_addr, sizeof port->hw_addr))
        return OFPERR_OFPPMFC_BAD_HW_ADDR;
    if (pm->mask & ~(uint32_t)CONFIG_BITS)
        return OFPERR_OFPPMFC_BAD_CONFIG;
    config = (port->config & ~pm->mask) | (pm->config & pm->mask);
    old = port->config;
    if (config == old)
        return OFPERR_OK;
    port_set_config(port, config);
    change = txn_note(txn, CHANGE_PORT_CONFIG);
    change->port_no = pm->port_no;
    change->old_config = old;
    return OFPERR_OK;
}

enum ofperr
ofproto_port_mod(struct ofproto *ofproto, const struct ofp_port_mod *pm,
                 const struct ofproto_origin *origin)
{
    struct txn txn;

    txn_begin(&txn, ofproto, origin);
    return txn_end(&txn, port_mod_do(&txn, pm));
}

enum ofperr
ofproto_port_stats(struct ofproto *ofproto, uint32_t port_no, struct ofport_stats *stats)
{
    const struct ofport *port = ofproto_port(ofproto, port_no);

    if (!port)
        return OFPERR_OFPBRC_BAD_PORT;
    memset(stats, 0xff, sizeof *stats);
    ofproto->ops->port_stats(ofproto->aux, ofproto, port, stats);
    return OFPERR_OK;
}
