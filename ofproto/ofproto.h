/* SPDX-License-Identifier: Apache-2.0 */
/* One bridge's OpenFlow state: tables, groups, meters, ports, and every change to them.
 *
 * Model: what the protocol's state-changing messages mean, and nothing else: no socket, no packet,
 * no device. Messages come in as the decoded structs of ofproto/messages.h; a call does all of
 * what one asks for or, with an OpenFlow error, none of it. A bundle is one such call for many.
 *
 * What translation may see (tables, groups, meters, ports, configuration) changes under
 * `ofproto_lock` held for writing, and each change raises `version` before the lock is given
 * back. A translation holds the lock for reading, notes `version` first, and is out of date when
 * the number is another one later.
 *
 * What others must hear of (flow entries that went, port and table status, flow monitors) is
 * queued and handed to `ops` by ofproto_run() in the main thread, in the order in which it came
 * about. A flow-removed waits until the last pin of its rule is given back (ofproto/rule.h), so
 * that its counters are final.
 *
 * Ownership: the ofproto owns all that is in it. Rules, groups and buckets are reference
 * counted. Pointers from ofproto_port() and the like are good while the lock is held; the main
 * thread may also keep them between its own calls, as only it removes ports.
 *
 * Threads: calls that change something take the lock for writing themselves and may come from
 * any thread where it says so, else from the main thread. "Lock:" tells what the caller holds.
 * Errors: enum ofperr of the message; positive errno for what only the daemon calls.
 * Not here: connections, roles, packet-in (ofproto/connmgr.h), what actions do (slowpath), tokens
 * of meters (datapath), devices (ports). */
#ifndef SHUNT_OFPROTO_OFPROTO_H
#define SHUNT_OFPROTO_OFPROTO_H

#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/hmap.h"
#include "lib/list.h"
#include "ofproto/group.h"
#include "ofproto/learned.h"
#include "ofproto/match.h"
#include "ofproto/meter.h"
#include "ofproto/ofp.h"
#include "ofproto/ofperr.h"
#include "ofproto/rule.h"
#include "ofproto/table.h"

struct ofproto_ops;

/* Held for reading by every translation, of whatever bridge; for writing by every change. Writers
 * go first, so a holder for reading must not take it again. */
extern pthread_rwlock_t ofproto_lock;

/* ---- Ports ------------------------------------------------------------------------------------*/
struct ofport {
    struct hmap_node by_number, by_dp_port; /* In struct ofproto. */
    uint32_t port_no;                       /* OpenFlow's, of this bridge. */
    uint32_t dp_port;                       /* The datapath's, of the daemon. */
    char name[IFNAMSIZ];
    uint8_t hw_addr[6];
    uint32_t config; /* OFPPC_* */
    uint32_t state;  /* OFPPS_*; OFPPS_LIVE is kept by ofproto: link is up and PORT_DOWN not set. */
    uint32_t current, advertised, supported, peer; /* OFPPF_* */
    uint32_t current_kbps, max_kbps;
    int64_t created_ms;
    bool is_live;
};

/* Counters of a port; a counter that is not known has all bits set. */
struct ofport_stats {
    uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, rx_dropped, tx_dropped;
    uint64_t rx_errors, tx_errors, rx_frame_err, rx_over_err, rx_crc_err, collisions;
};

/* ---- Events -----------------------------------------------------------------------------------*/
/* Who asked for a change: passed through to events, so that a connection knows its own. */
struct ofproto_origin {
    enum ofp_version version; /* Semantics that depend on it; 0: the newest. */
    uint32_t xid;
    const void *conn; /* Compared, never followed. NULL: the switch itself. */
};

enum flow_event_kind { FLOW_ADDED, FLOW_MODIFIED, FLOW_DELETED };

struct flow_event {
    enum flow_event_kind kind;
    uint8_t reason;      /* DELETED: OFPRR_* */
    bool is_replacement; /* ADDED: it took the place of one of the same match and priority. */
    uint64_t txn;        /* Number of the transaction, rising: what one message did has one. */
    struct rule *rule;   /* A reference. Actions and cookie as they are when the event is told. */
    const struct ofpact *old_ofpacts; /* What it, or the one it replaced, did before; or NULL. */
    size_t old_ofpacts_size;
    struct ofproto_origin origin;
};

/* What the owner of an ofproto (the daemon and its connections) is told and asked. Main thread,
 * no lock held, unless it says otherwise. */
struct ofproto_ops {
    /* ofproto_run() has work, or ofproto_expire() sooner than it said. Any thread, the lock may
     * be held: do no more than wake the loop. */
    void (*wake)(void *aux);
    /* `version` was raised: installed megaflows need to be looked at. Any thread, lock held for
     * writing: do no more than wake somebody. */
    void (*changed)(void *aux, struct ofproto *);
    /* A flow entry was added, modified or removed, as far as translation sees; told before the
     * `changed` that goes with it, under the same conditions. NULL: nobody cares. */
    void (*rule_changed)(void *aux, struct ofproto *, struct rule *);

    /* An entry with OFPFF_SEND_FLOW_REM ended; its counters are final. */
    void (*flow_removed)(void *aux, struct ofproto *, struct rule *, uint8_t reason);
    /* Told only while ofproto_set_monitoring() is on. Lock: read. */
    void (*flow_event)(void *aux, struct ofproto *, const struct flow_event *);
    /* All flow events so far were told. NULL: nobody cares. */
    void (*flow_events_end)(void *aux, struct ofproto *);
    /* `reason`: OFPPR_ADD, OFPPR_DELETE, OFPPR_MODIFY; `port` is a copy. */
    void (*port_status)(void *aux, struct ofproto *, const struct ofport *port, uint8_t reason);
    /* A vacancy threshold was crossed: `reason` is OFPTR_VACANCY_DOWN or OFPTR_VACANCY_UP. */
    void (*table_status)(void *aux, struct ofproto *, const struct table *, uint8_t reason);

    /* Brings counters of rules, tables, groups up to date (slowpath_sync_stats()). */
    void (*sync_stats)(void *aux, struct ofproto *);
    /* Makes the device and the datapath conform to port->config (administrative state, NO_RECV,
     * NO_FWD). Returns 0 or a positive errno. Lock: write, so it takes no other; the version is
     * raised afterwards. */
    int (*port_config)(void *aux, struct ofproto *, const struct ofport *port);
    int (*port_stats)(void *aux, struct ofproto *, const struct ofport *, struct ofport_stats *);

    /* Metering, with the same aux; NULL: this bridge has no meters. */
    const struct ofproto_meter_ops *meters;
};

/* ---- The bridge -------------------------------------------------------------------------------*/
#define OFPROTO_MAX_PORTS 0xff00
#define OFPROTO_MAX_GROUPS 65536
#define OFPROTO_MAX_GROUP_DEPTH 16 /* Of groups whose buckets name groups. */

struct ofproto {
    char name[IFNAMSIZ];
    uint64_t datapath_id;
    _Atomic uint64_t version;
    /* The version when anything but flow entries changed last. Lock: read. */
    uint64_t config_version;
    /* Of the last transaction (struct flow_event). Lock: read. */
    uint64_t n_txns;

    struct table *tables;
    unsigned int n_tables;
    struct hmap groups; /* struct group, by id */
    struct hmap meters; /* struct meter, by id */
    struct hmap ports;  /* struct ofport, by port_no */
    struct hmap ports_by_dp_port;

    uint16_t config_flags;      /* OFPC_FRAG_* */
    uint16_t miss_send_len;     /* Bytes; of 1.0's misses. */
    uint8_t first_egress_table; /* Of OpenFlow 1.5; OFTABLE_ALL: no egress processing. */

    /* The owner's, main thread: not all that entries were used for is credited to them yet, so
     * that idle timeouts wait. */
    bool defers_idle;

    /* Below: ofproto's own. */
    const struct ofproto_ops *ops;
    void *aux;
    struct rule_heap expiring; /* Every rule with a timeout, by deadline. */
    struct list events;        /* What ofproto_run() has to tell. */
    pthread_mutex_t events_mutex;
    struct rule *_Atomic finals; /* Rules without pins whose flow-removed is due; a stack. */
    atomic_bool is_monitored;
    uint32_t next_port_no; /* Where the search for a free number starts. */
    size_t n_flows;
    struct learned_cookies learned;
    struct unsaved *unsaved; /* What is to be saved (ofproto/save.h); NULL: nobody saves. */
};

struct ofproto_options {
    const char *name;
    uint64_t datapath_id;
    unsigned int n_tables; /* 1 to 254; 0: 254. */
    uint32_t max_flows;    /* Of each table; 0: no limit. */
};

struct ofproto *ofproto_create(const struct ofproto_options *, const struct ofproto_ops *,
                               void *aux);
/* The slow path has given all pins back. No events are told any more. */
void ofproto_destroy(struct ofproto *);

/* Tells `ops` what is queued. Call it when woken, and before a barrier reply goes out. */
void ofproto_run(struct ofproto *);

static inline uint64_t
ofproto_version(const struct ofproto *ofproto)
{
    return atomic_load_explicit(&ofproto->version, memory_order_acquire);
}

/* Changes that were made to flow entries, groups and meters so far. Takes the lock. */
uint64_t ofproto_n_txns(const struct ofproto *);

/* Raises the version after a change that the caller made itself. Lock: write. */
void ofproto_changed(struct ofproto *);

void ofproto_set_datapath_id(struct ofproto *, uint64_t datapath_id);
/* OFPT_SET_CONFIG. */
enum ofperr ofproto_set_config(struct ofproto *, uint16_t flags, uint16_t miss_send_len);
/* What packets do that match nothing in the table, which must exist. */
void ofproto_set_table_miss(struct ofproto *, uint8_t table_id, enum table_miss);
/* Whether to make flow events: on while there is a flow monitor. */
void ofproto_set_monitoring(struct ofproto *, bool on);

/* ---- Changes asked for by messages ------------------------------------------------------------*/
/* Any thread. `origin` NULL: the switch itself. A buffer that the message names is the caller's
 * business, after success. */
enum ofperr ofproto_flow_mod(struct ofproto *, const struct ofp_flow_mod *,
                             const struct ofproto_origin *origin);
enum ofperr ofproto_group_mod(struct ofproto *, const struct ofp_group_mod *,
                              const struct ofproto_origin *origin);
/* Main thread. */
enum ofperr ofproto_meter_mod(struct ofproto *, const struct ofp_meter_mod *,
                              const struct ofproto_origin *origin);
enum ofperr ofproto_port_mod(struct ofproto *, const struct ofp_port_mod *,
                             const struct ofproto_origin *origin);
enum ofperr ofproto_table_mod(struct ofproto *, const struct ofp_table_mod *,
                              const struct ofproto_origin *origin);
/* Whether the port that the packet is from, and the groups and meters of its actions exist. Lock:
 * read, or the main thread. */
enum ofperr ofproto_check_packet_out(const struct ofproto *, const struct ofp_packet_out *,
                                     enum ofp_version);
/* All of them or, with an error, none. */
enum ofperr ofproto_table_features(struct ofproto *, const struct ofp_table_features_mod *,
                                   size_t n);

/* One message of a bundle. */
enum ofproto_msg_type {
    OFPROTO_FLOW_MOD,
    OFPROTO_GROUP_MOD,
    OFPROTO_METER_MOD,
    OFPROTO_PORT_MOD,
    OFPROTO_PACKET_OUT, /* Checked where it stands; to be run by the caller afterwards. */
};

struct ofproto_msg {
    enum ofproto_msg_type type;
    uint32_t xid;
    union {
        const struct ofp_flow_mod *flow_mod;
        const struct ofp_group_mod *group_mod;
        const struct ofp_meter_mod *meter_mod;
        const struct ofp_port_mod *port_mod;
        const struct ofp_packet_out *packet_out;
    };
};

/* A bundle's messages, handed over one at a time, so that not all need to be decoded at once. */
struct ofproto_msgs {
    size_t n;
    bool resets_counters; /* A flow-mod among them has OFPFF_RESET_COUNTS. */
    /* Message i: 0 and up to n - 1, in turn, as long as none fails. Good until the next call. */
    const struct ofproto_msg *(*get)(void *aux, size_t i);
    void *aux;
};

/* Does all messages in their order, as one change: no translation sees a part of it. With an
 * error nothing has changed, and *failed says which message (0 to n - 1) it is about. Main
 * thread. origin->xid is not used: messages have their own. */
enum ofperr ofproto_bundle_commit(struct ofproto *, const struct ofproto_msgs *,
                                  const struct ofproto_origin *origin, size_t *failed);

/* ---- Changes of the switch's own --------------------------------------------------------------*/
/* Whether the next would learn: the entry is there, or there is room for it, with `limit` not 0
 * among the entries of its cookie in its table, too. Lock: read. */
bool ofproto_can_learn(const struct ofproto *, const struct ofp_flow_mod *, uint32_t limit);
/* A flow that the learn action makes: a flow-mod from any thread, without the lock. An entry that
 * is there starts its timeouts anew. With `limit` not 0 nothing is added when table_id holds as
 * many entries of this cookie (*is_limited). */
enum ofperr ofproto_learn(struct ofproto *, const struct ofp_flow_mod *, uint32_t limit,
                          bool *is_limited);

/* A hidden flow entry of table 0, of any priority (over 65535 it beats all others): what a
 * bridge does by itself, as in fail-standalone mode. Replaces the one of the same match and
 * priority. Main thread. */
void ofproto_hidden_flow_add(struct ofproto *, const struct match *, int32_t priority,
                             const struct ofpact *, size_t ofpacts_size);
void ofproto_hidden_flow_delete(struct ofproto *, const struct match *, int32_t priority);

/* Deletes all flow entries that a request could see, and all groups; no flow-removed. */
void ofproto_flush(struct ofproto *);

/* Removes entries whose idle or hard timeout has passed. Counters are brought up to date first
 * when an idle timeout is in question. Returns when to call again at the latest, INT64_MAX: not
 * before something changes. Main thread. */
int64_t ofproto_expire(struct ofproto *, int64_t now_ms);

/* Adds a port; `port` is copied (nodes, created_ms, is_live aside). port_no 0: the next free
 * one; `*port_no` gets it. EEXIST: number, name or datapath port is taken. ENOSPC. */
int ofproto_port_add(struct ofproto *, const struct ofport *port, uint32_t *port_no);
int ofproto_port_remove(struct ofproto *, uint32_t port_no);
/* The device changed: name, address, state, speeds and administrative state are taken from
 * `port`; port_no says which. */
int ofproto_port_update(struct ofproto *, const struct ofport *port);

/* ---- Views ------------------------------------------------------------------------------------*/
/* Lock: read, or the main thread. NULL when there is none. */
struct ofport *ofproto_port(const struct ofproto *, uint32_t port_no);
struct ofport *ofproto_port_by_dp_port(const struct ofproto *, uint32_t dp_port);
struct ofport *ofproto_port_by_name(const struct ofproto *, const char *name);

static inline struct table *
ofproto_table(const struct ofproto *ofproto, unsigned int table_id)
{
    return table_id < ofproto->n_tables ? &ofproto->tables[table_id] : NULL;
}

/* Which flow entries a statistics request is about. */
struct ofproto_flow_filter {
    const struct match *match; /* Loose; NULL: every one. */
    uint8_t table_id;          /* OFTABLE_ALL: all. */
    uint32_t out_port;         /* OFPORT_ANY: any. */
    uint32_t out_group;        /* OFGROUP_ANY: any. */
    uint64_t cookie, cookie_mask;
};

/* The entries that the filter lets through, as an array of references (to be given back with
 * ofproto_rules_free()); counters are brought up to date first. In no order. Main thread, no
 * lock held; take it for reading to look into the rules. OFPBRC_BAD_TABLE_ID. */
struct ofproto_rules {
    size_t n;
    struct rule **rules;
};
enum ofperr ofproto_collect(struct ofproto *, const struct ofproto_flow_filter *,
                            struct ofproto_rules *);
/* All of them, with the counters as they are. Any thread, no lock held. */
void ofproto_collect_all(struct ofproto *, struct ofproto_rules *);
void ofproto_rules_free(struct ofproto_rules *);

struct ofproto_aggregate {
    uint64_t n_packets, n_bytes;
    uint32_t n_flows;
};
enum ofperr ofproto_aggregate(struct ofproto *, const struct ofproto_flow_filter *,
                              struct ofproto_aggregate *);

/* Brings counters of rules, tables and groups up to date. Main thread, no lock held. */
void ofproto_sync_stats(struct ofproto *);

enum ofperr ofproto_port_stats(struct ofproto *, uint32_t port_no, struct ofport_stats *);
enum ofperr ofproto_meter_stats(struct ofproto *, uint32_t meter_id, struct meter_stats *);

#endif
