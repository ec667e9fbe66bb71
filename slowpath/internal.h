/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the slow path's running part share.
 *
 *   slowpath.c      open, close, bridges, barriers, packet-outs
 *   mailbox.c       packet-ins on their way to the main loop
 *   upcall.c        a batch of upcalls; handler.c  threads, and who reads which ring
 *   ukey.c          what is known of each megaflow
 *   audit.c         does the fast path do what the tables say?
 *   changes.c       what changed, for which megaflows
 *   revalidator.c   the thread that keeps them true
 *   view.c          traces and dumps; format.c  megaflows as text
 *
 * Changes are numbered: `seq` is raised after every change of what translation reads, and while
 * ofproto_lock is held for reading, only learned addresses can raise it. A megaflow is good for
 * the seq that was read before its translation began.
 *
 * Locks, outermost first: pass_lock, ofproto_lock (reading), ukeys.lock, then the leaves:
 * wake_lock, idle_lock, mailbox.lock, and those inside ids, MAC tables and the dp. */
#ifndef SHUNT_SLOWPATH_INTERNAL_H
#define SHUNT_SLOWPATH_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "lib/list.h"
#include "slowpath/changes.h"
#include "slowpath/revalidator.h"
#include "slowpath/seal.h"
#include "slowpath/slowpath.h"
#include "slowpath/ukey.h"
#include "slowpath/upcall.h"
#include "slowpath/xlate.h"

struct event;

struct bridge {
    struct list link; /* In slowpath.bridges. */
    struct slowpath *slowpath;
    struct xlate_bridge xlate;
};

struct mailbox {
    pthread_mutex_t lock;
    struct list letters; /* struct letter, oldest first. */
    size_t n;
    uint16_t by_port[DP_MAX_PORTS]; /* Of them. */
};

struct barrier {
    struct list link; /* In slowpath.barriers, in the order of seq. */
    uint64_t seq;
    slowpath_done_cb *done;
    void *aux;
};

/* Counters that several threads add to. */
struct slowpath_counters {
    atomic_ullong n_upcalls, n_misses, n_slow, n_actions, n_ttl, n_held;
    atomic_ullong n_installed, n_no_room, n_install_failed, n_stale;
    atomic_ullong n_narrowed; /* Of those installed: for lack of masks. */
    atomic_ullong n_revalidated, n_updated, n_removed, n_expired;
    atomic_ullong n_audits, n_audits_skipped, n_audits_failed;
    atomic_ullong n_packet_ins, n_packet_ins_lost;
    atomic_ullong n_executed, n_execute_failed;
    atomic_ullong n_revalidator_steps;
    atomic_ullong last_pass_us, last_pass_cpu_us;
};

struct slowpath {
    struct dp *dp;
    struct slowpath_options options;
    struct slowpath_ops ops;
    void *aux;

    struct list bridges; /* Changes with ofproto_lock held for writing. */
    uint32_t next_bridge_number;
    struct ids *recircs, *cookies;
    struct seal seal; /* Of continuations. */

    struct ukeys ukeys;
    _Atomic uint32_t flow_limit; /* What revalidation can sustain; at most the option's. */
    struct changes changes;

    pthread_mutex_t pass_lock; /* Held for a pass; before all other locks. */
    pthread_mutex_t wake_lock;
    pthread_cond_t wake; /* For the revalidator. */
    bool is_alert;       /* The revalidator knows of a change, or is not asleep: needs no signal. */
    uint64_t conformed;  /* All megaflows conform to this seq, but for held ones. */
    /* The revalidator's: megaflows with traffic since the last that was chosen to be audited, and
     * how many are passed over before the next. */
    uint32_t n_unaudited, audit_gap;
    atomic_bool is_holding; /* Adopted megaflows stay as they are, and no others are installed. */

    bool is_stopping;
    pthread_mutex_t idle_lock;
    pthread_cond_t idle;  /* Some handler finished a batch. */
    struct event *notify; /* Read end of notify_fd in the main loop. */
    int notify_fd;        /* An eventfd: letters, or barriers that may be over. */
    struct mailbox mailbox;
    struct list barriers; /* Main thread. */
    atomic_bool has_barriers;

    struct handlers *handlers;
    struct revalidator *revalidator;
    struct dp_executor *executor; /* The main thread's. */
    struct slowpath_counters counters;
};

/* Masks at most, and those of flows that got none any more: they cover every bit. */
#define MASK_BUDGET 256

/* ---- slowpath.c ---- */
/* The bridge that a packet with this key belongs to, or NULL. Lock: read. */
struct bridge *bridge_of_key(struct slowpath *, const struct dp_key *);
struct bridge *bridge_of_number(struct slowpath *, uint32_t number);
struct bridge *bridge_of_ofproto(struct slowpath *, const struct ofproto *);
/* Translates the packets of a key. False: no bridge has that port. Lock: read. */
bool slowpath_xlate_key(struct slowpath *, const struct dp_key *, struct xlate_out *,
                        struct bridge **);
/* Runs all runs of a list on a packet. */
void slowpath_execute(struct slowpath *, struct dp_executor *, const struct dp_packet *,
                      uint32_t in_port, uint32_t recirc_id, const struct xlate_out *);
/* After a change was noted. Any thread. */
void slowpath_wake_revalidator(struct slowpath *);
/* Wakes the main loop. Any thread. */
void slowpath_notify(struct slowpath *);
static inline uint64_t
slowpath_seq(const struct slowpath *slowpath)
{
    return changes_seq(&slowpath->changes);
}

static inline void
slowpath_count(atomic_ullong *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- upcall.c ---- */
/* The list that the datapath gets for a translation. */
const struct dp_action *installed_list(const struct xlate_out *, size_t *n_actions);

/* ---- mailbox.c ---- */
void mailbox_init(struct mailbox *);
void mailbox_destroy(struct mailbox *);
/* Takes the packet of an ACTION or TTL upcall to the main loop. Any thread. */
void mailbox_post(struct slowpath *, const struct dp_upcall *, const uint8_t *packet);
/* Hands over what is there, some of it if it is much; true: there is more. Main thread. */
bool mailbox_deliver(struct slowpath *);

/* ---- format.c ---- */
/* "recirc_id(0),in_port(2),eth(src=...),eth_type(0x0800),ipv4(...)". */
void megaflow_format(const struct dp_key *key, const struct dp_key *mask, struct buf *);

#endif
