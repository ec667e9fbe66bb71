/* SPDX-License-Identifier: Apache-2.0 */
/* The slow path: makes the fast path do what the OpenFlow tables say.
 *
 * Model: a miss comes up a ring (slowpath/upcall.h), is translated (slowpath/xlate.h), goes out,
 * and leaves a megaflow behind, which the slow path remembers as a `ukey` (slowpath/ukey.h). The
 * revalidator (slowpath/revalidator.h) keeps megaflows true to the tables and carries their
 * counters to rules, groups and meters. Every change of what translation reads - a rule, a group,
 * a port, a learned address - is announced with slowpath_changed() or by ofproto's ops; a barrier
 * ends when all megaflows conform to the changes announced before it.
 *
 * Ownership: the slow path borrows the dp and the bridges; each bridge is removed before it is
 * destroyed. Its MAC tables, megaflows, recirculation ids and cookies are its own.
 *
 * Threads: handlers and one revalidator, between start and stop. All calls here come from the
 * main loop's thread; all ops are called in it. No call here is made with ofproto_lock held.
 *
 * Errors: positive errno. Not here: connections and buffers of packet-ins (ofproto), devices
 * (ports). */
#ifndef SHUNT_SLOWPATH_SLOWPATH_H
#define SHUNT_SLOWPATH_SLOWPATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datapath/dp.h"
#include "lib/buf.h"
#include "ofproto/flow.h"

struct event_base;
struct ofpact;
struct ofport;
struct ofproto;
struct rule;
struct slowpath;

/* Bytes of user space that an installed megaflow of one table takes, about (bench/revalidate.py).
 */
#define SLOWPATH_FLOW_SIZE 256

struct slowpath_options {
    struct event_base *base; /* The main loop. */
    uint32_t n_handlers;     /* Pairs of threads that share the dp's rings; 0: 1. */
    uint32_t flow_limit;     /* Megaflows at most; 0: as many as the dp holds. Fewer as long as
                                revalidating so many takes over a second. */
    int64_t idle_ms;         /* Age at which an unused megaflow goes; 0: 10,000. */
};

/* A packet for controllers. Valid during the call. */
struct slowpath_packet_in {
    struct ofproto *ofproto;
    uint16_t controller_id; /* Of NXAST_CONTROLLER; 0: every controller. */
    uint8_t reason;         /* OFPR_* of OpenFlow 1.5. */
    uint8_t table_id;
    bool is_implicit; /* The packet met no entry at all: for controllers of OpenFlow 1.0 only. */
    uint16_t max_len; /* Bytes of the packet that the action asks for. */
    uint64_t cookie;  /* Of the flow entry, host order; all ones: none. */
    const struct flow *flow; /* As it is at the action, with metadata, registers and in_port. */
    const uint8_t *userdata; /* Of NXAST_CONTROLLER2. */
    size_t userdata_size;
    const uint8_t *continuation; /* Of a paused packet, for slowpath_resume(); NULL: none. */
    size_t continuation_size;
    const uint8_t *data; /* The packet, whole, for who keeps it in a buffer. */
    size_t size;
};

struct slowpath_ops {
    void (*packet_in)(void *aux, const struct slowpath_packet_in *);
};

/* Takes over the flows that an adopted dp holds, and holds them: they stay as they are, packets
 * that miss are handled one by one without leaving a megaflow, and barriers do not wait for them,
 * until slowpath_release(). Threads are not started yet. */
int slowpath_create(struct dp *, const struct slowpath_options *, const struct slowpath_ops *,
                    void *aux, struct slowpath **);
void slowpath_destroy(struct slowpath *);
int slowpath_start(struct slowpath *);
void slowpath_stop(struct slowpath *);
/* Megaflows stay in the datapath and are nobody's: for who leaves it forwarding. After
 * slowpath_stop(), before bridges are removed (which removes their megaflows). */
void slowpath_let_go(struct slowpath *);
/* The tables are as they shall be: adopted flows are matched against them, and those that they do
 * not confirm are removed. What a confirmed one counted since it was credited last, by a former
 * daemon, is credited to the flow entries that it belongs to. Nothing when nothing is held. */
void slowpath_release(struct slowpath *);
bool slowpath_is_holding(const struct slowpath *);
/* A number of what was changed so far; and whether no megaflow and no packet in hand, but for held
 * ones, is older than what has this number. */
uint64_t slowpath_now(const struct slowpath *);
bool slowpath_is_past(struct slowpath *, uint64_t now);

/* ---- Bridges and ports ---- */
int slowpath_add_bridge(struct slowpath *, struct ofproto *);
void slowpath_remove_bridge(struct slowpath *, struct ofproto *);
/* The dp may have new upcall rings, for a port that is about to be added: packets that miss are
 * read from now on. An error has its words in dp_error(). */
int slowpath_read_rings(struct slowpath *);
/* A port of a bridge appeared, changed (liveness, configuration) or is about to go. */
void slowpath_port_added(struct slowpath *, struct ofproto *, const struct ofport *);
void slowpath_port_changed(struct slowpath *, struct ofproto *, const struct ofport *);
void slowpath_port_removed(struct slowpath *, struct ofproto *, const struct ofport *);

/* Whether packets that meet no entry at all are wanted as packet-ins: while a controller speaks
 * OpenFlow 1.0. False at first. */
void slowpath_set_implicit_misses(struct slowpath *, struct ofproto *, bool wanted);

/* Anything that translation of this bridge (NULL: any) reads changed. Any thread, with
 * ofproto_lock held for writing or not. */
void slowpath_changed(struct slowpath *, struct ofproto *);

/* One flow entry changed (ofproto_ops.rule_changed): slowpath_changed(), which follows, concerns
 * only megaflows that the entry may match. */
void slowpath_rule_changed(struct slowpath *, struct ofproto *, struct rule *);

/* ---- Conformance and counters ---- */
/* Calls `done` from the main loop (perhaps at once, inside this call) when every packet meets
 * the tables as they are now or newer. */
typedef void slowpath_done_cb(void *aux);
void slowpath_barrier(struct slowpath *, slowpath_done_cb *, void *aux);
/* Drops pending barriers with this `aux`; their callbacks are not called. */
void slowpath_barrier_cancel(struct slowpath *, void *aux);
/* Carries all counters of the fast path to rules, groups and tables, to the packet. */
void slowpath_sync_stats(struct slowpath *);

/* ---- Packets and views ---- */
/* Runs `actions` (OpenFlow actions, in bytes) on a packet that came in, as if, by `in_port`. */
int slowpath_packet_out(struct slowpath *, struct ofproto *, uint32_t in_port,
                        const struct ofpact *actions, size_t actions_size, const uint8_t *data,
                        size_t size);

/* A packet that a controller lets go on (NXT_RESUME). */
struct slowpath_resumed {
    const uint8_t *continuation; /* As the packet-in had it. */
    size_t continuation_size;
    const struct flow *flow; /* Metadata, registers and (0: as it was) in_port. */
    const uint8_t *data;
    size_t size;
};

/* Takes a paused packet up again where it stopped. ESTALE: the continuation is none that this
 * daemon gave out for this bridge. */
int slowpath_resume(struct slowpath *, struct ofproto *, const struct slowpath_resumed *);

/* Explains in text what happens to a packet with these fields; `packet` may be NULL. Changes
 * nothing. flow->in_port is an OpenFlow port. */
void slowpath_trace(struct slowpath *, struct ofproto *, const struct flow *flow,
                    const uint8_t *packet, size_t size, struct buf *out);

/* Prints megaflows, one a line as ovs-dpctl does, those of one bridge or (NULL) all. */
void slowpath_dump_flows(struct slowpath *, const struct ofproto *, struct buf *out);
/* Removes all megaflows; traffic brings back those that it needs. */
void slowpath_del_flows(struct slowpath *);
void slowpath_fdb_show(struct slowpath *, const struct ofproto *, struct buf *out);
uint32_t slowpath_fdb_flush(struct slowpath *, const struct ofproto *);
/* Keeps the learned addresses of a bridge in this file's memory, and learns those of its ports that
 * a former daemon of this boot left there. Once a bridge. */
int slowpath_fdb_keep(struct slowpath *, struct ofproto *, const char *path);

struct slowpath_stats {
    uint64_t n_upcalls, n_misses, n_slow, n_actions, n_ttl, n_held; /* By reason. */
    uint64_t n_installed, n_install_failed, n_stale; /* Stale: translated again before install. */
    uint64_t n_no_room;  /* Not installed: the port's share of the flow limit was used up. */
    uint64_t n_narrowed; /* Of those installed: exact ones, since there were too many masks. */
    uint64_t n_revalidated, n_updated, n_removed, n_expired;
    uint64_t n_audits, n_audits_skipped, n_audits_failed; /* Skipped: tables changed meanwhile. */
    uint64_t n_packet_ins, n_packet_ins_lost;
    uint64_t n_executed, n_execute_failed;
    uint64_t n_revalidator_steps; /* Stands still for 5 s at most, unless the thread is stuck. */
    uint64_t last_pass_us, last_pass_cpu_us; /* How long the revalidator's last pass took. */
    uint32_t n_flows, flow_limit;
};
void slowpath_get_stats(struct slowpath *, struct slowpath_stats *);
/* Whether upcalls wait in the ring, and up to where it was read. False: there is no such ring. */
bool slowpath_ring_position(const struct slowpath *, uint32_t ring, uint64_t *position);
/* Megaflows of packets that come in by this port of the datapath. Any thread. */
uint32_t slowpath_n_flows_of_port(const struct slowpath *, uint32_t dp_port);

#endif
