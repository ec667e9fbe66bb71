/* SPDX-License-Identifier: Apache-2.0 */
/* One OpenFlow connection's state, shared by the files that answer its messages.
 *
 * Model: ofconn.c decodes and dispatches by message class to handlers, which stand in
 * handle-*.c by topic: each answers with ofconn_send() or returns an error, which ofconn.c sends.
 * async.c says which asynchronous messages the connection wants.
 *
 * Private to connmgr.c, ofconn.c, async.c, controller-status.c, describe.c, flow-monitor.c,
 * forward.c and handle-*.c. Threads: the event base's. */
#ifndef SHUNT_OFPROTO_OFCONN_H
#define SHUNT_OFPROTO_OFCONN_H

#include "lib/list.h"
#include "lib/log-limit.h"
#include "ofproto/connmgr.h"
#include "ofproto/flow-monitor.h"
#include "ofproto/messages.h"
#include "ofproto/openflow.h"
#include "ofproto/packet-in-limit.h"
#include "ofproto/pktbuf.h"

enum ofconn_kind {
    OFCONN_CONTROLLER, /* We called it, or a peer of a ptcp: target. */
    OFCONN_SERVICE,    /* On the management socket. */
    OFCONN_SNOOP,      /* Sees the messages of controllers. */
};

#define OFP_DEFAULT_MISS_SEND_LEN 128

/* The asynchronous messages; a mask of reasons each, for masters and equals [0], slaves [1]. */
enum async_type {
    ASYNC_PACKET_IN,
    ASYNC_PORT_STATUS,
    ASYNC_FLOW_REMOVED,
    ASYNC_ROLE_STATUS,
    ASYNC_TABLE_STATUS,
    ASYNC_REQUESTFORWARD,
    ASYNC_CONT_STATUS,
    N_ASYNC_TYPES
};

struct async_config {
    uint32_t masks[2][N_ASYNC_TYPES];
};

/* What came of a target's connections, those of before with those of now. */
struct peers {
    unsigned n_open; /* Accepted ones. */
    uint64_t n_refused, n_packet_ins_dropped, n_async_dropped, n_errors;
    char last_error[192]; /* Of an accepted one that ended, not by its peer: whose, and why. */
    struct log_limit log;
};

struct ofconn {
    struct list link; /* In connmgr's ofconns. */
    struct connmgr *mgr;
    struct conn *conn;
    struct connmgr_port *port; /* The target it belongs to; NULL: management, snoop. */
    struct peers *peers;       /* Of its target. */
    enum ofconn_kind kind;
    enum ofp_version version;

    uint32_t role; /* OFPCR_ROLE_* */
    struct async_config async;
    uint16_t miss_send_len;
    uint16_t controller_id;
    uint8_t packet_in_format; /* enum ofp_packet_in_format */
    bool is_nxm;              /* 1.0: flow-removed and statistics in NXM (NXT_SET_FLOW_FORMAT). */
    bool has_table_id;        /* 1.0: NXT_FLOW_MOD_TABLE_ID. */
    struct packet_in_limit packet_ins;

    struct list bundles;                /* struct bundle, handle-bundle.c */
    size_t bundled_size;                /* Bytes that they take. */
    struct table_features_parts *parts; /* handle-table-features.c; NULL: none. */
    struct flow_monitors monitors;
    bool is_waiting; /* For the fast path, with the barrier below. */
    uint32_t barrier_xid;
};

/* A configured target: the connection or listener that serves it. */
struct connmgr_port {
    struct list link;
    char *target;
    struct endpoint ep;
    struct connmgr *mgr;
    unsigned probe_ms, max_backoff_ms;
    uint32_t packet_in_rate, packet_in_burst;
    struct peers peers;
    struct conn *conn;              /* Active. */
    struct ofconn *ofconn;          /* Active. */
    struct conn_listener *listener; /* Passive; NULL while it waits for its address. */
    struct event *again;            /* Tries that then, or NULL. */
};

struct connmgr {
    struct connmgr_options options;
    const struct connmgr_ops *ops;
    void *aux;
    struct ofproto *ofproto;
    struct list ports;   /* struct connmgr_port */
    struct list ofconns; /* struct ofconn, all kinds. */
    struct conn_listener *mgmt, *snoop;
    struct peers mgmt_peers, snoop_peers;
    size_t bundled_size; /* Bytes that all bundles take. */
    struct pktbuf *pktbuf;
    enum connmgr_fail_mode fail_mode;
    struct event *fail_timer;
    int64_t alone_since_ms; /* No controller is connected; -1: one is. */
    bool is_standing_alone; /* The hidden NORMAL flow is in. */
    bool wants_implicit_misses;
    bool has_generation_id;
    uint64_t generation_id; /* Of the last master or slave request. */
};

/* ---- ofconn.c ---- */
/* `port` NULL: management, snoop. */
struct ofconn *ofconn_new(struct connmgr *, struct conn *, struct connmgr_port *port,
                          struct peers *, enum ofconn_kind);
/* The stream ended: bundles, monitors and roles are gone; the object stays for a new stream. */
void ofconn_reset(struct ofconn *);
void ofconn_destroy(struct ofconn *);
void ofconn_up(struct ofconn *);
/* Whether it gets packets that met no flow entry: a 1.0 connection that gets packet-ins at all. */
bool ofconn_wants_implicit_misses(const struct ofconn *);
/* Tells connmgr_ops when the answer for all connections changed. */
void connmgr_update_implicit_misses(struct connmgr *);
void ofconn_message(struct ofconn *, const uint8_t *bytes, size_t size);

/* Sends whole messages that stand one after the other; destroys the buffer. */
void ofconn_send(struct ofconn *, struct buf *msgs);
/* The same for what the peer did not ask for: lost (ENOBUFS) while the peer does not keep up. */
int ofconn_send_async(struct ofconn *, struct buf *msg);
/* Answers the message at `request` with an error. */
void ofconn_send_error(struct ofconn *, enum ofperr, const uint8_t *request, size_t size);

/* What a handler gets: the message, decoded and as it came. */
struct request {
    const struct of_header *msg;
    const uint8_t *bytes;
    size_t size;
    struct of_arena *arena;
};

/* Performs a request. Handlers answer with ofconn_send() or return an error, which is sent. */
enum ofperr ofconn_handle(struct ofconn *, const struct request *);

/* A zeroed reply, of the version and xid of the request; NULL when memory ran out. */
void *reply_new(const struct request *, enum of_class);
void ofconn_send_object(struct ofconn *, const void *msg);
/* A zeroed asynchronous message of the connection's version. */
void *async_new(const struct ofconn *, struct of_arena *, enum of_class);
void ofconn_send_async_object(struct ofconn *, const void *msg);

struct ofp_decode_limits ofconn_limits(const struct ofconn *);

typedef enum ofperr ofconn_handler(struct ofconn *, const struct request *);

/* ---- handle-*.c: rows of handlers, ended by one without a function ---- */
#define HANDLER_WRITES 1 /* Refused for slaves. */

struct handler {
    enum of_class class_id;
    unsigned flags;
    ofconn_handler *handle;
};

extern const struct handler handlers_basic[];
extern const struct handler handlers_async[];
extern const struct handler handlers_mods[];
extern const struct handler handlers_stats[];
extern const struct handler handlers_tables[];
extern const struct handler handlers_table_features[];
extern const struct handler handlers_nicira[];
extern const struct handler handlers_bundle[];
extern const struct handler handlers_flow_monitor[];
extern const struct handler handlers_controller_status[];

void ofconn_barrier_done(void *ofconn);
void ofconn_destroy_bundles(struct ofconn *);
void ofconn_destroy_parts(struct ofconn *);

/* A packet taken out of its buffer. */
struct ofconn_buffered {
    uint8_t *data;
    size_t size;
    uint32_t in_port;
};

/* Runs the packet of the buffer that a flow-mod named. */
enum ofperr ofconn_run_buffered(struct ofconn *, const struct ofp_flow_mod *,
                                const struct ofconn_buffered *);
#define OFCONN_MIN_PACKET 14 /* Bytes of a packet-out's packet: an Ethernet header. */

/* Runs a packet-out that was checked and has its packet. */
enum ofperr ofconn_run_packet(struct ofconn *, const struct ofp_packet_out *);

/* Appends one entry of a reply in parts. */
void multipart_add(struct ofp_multipart *, const struct of_object *entry);

/* ---- async.c ---- */
void async_config_default(struct async_config *, enum ofconn_kind, enum ofp_version);
bool async_wants(const struct ofconn *, enum async_type, unsigned reason);
/* Sends a packet-in that was encoded before. */
void ofconn_send_packet_in(void *ofconn, struct buf *msg);

/* Makes it the bridge's one master, a slave or an equal. `generation_id` NULL: not given. */
enum ofperr ofconn_change_role(struct ofconn *, uint32_t role, const uint64_t *generation_id);
/* Another controller of the bridge became master: the old one is told. */
void ofconn_set_role(struct ofconn *, uint32_t role, uint8_t reason);

/* ---- controller-status.c ---- */
/* Tells the other controllers of this one; `reason`: OFPCSR_* */
void ofconn_tell_status(const struct ofconn *, uint8_t reason);

/* ---- forward.c ---- */
/* A request that was done, as it came and as it was decoded. */
struct ofconn_forwarded {
    const uint8_t *bytes;
    size_t size;
    uint32_t xid;
    const struct ofp_group_mod *group_mod; /* Or: */
    const struct ofp_meter_mod *meter_mod;
};

/* Tells the other connections that asked for such requests, each in its version. */
void ofconn_forward(const struct ofconn *from, const struct ofconn_forwarded *);

/* ---- What messages say about things of ofproto: describe.c ---- */
void ofport_describe(const struct ofport *, struct ofp_port *);
/* Table-desc of 1.4 and later; properties come from the arena. */
void table_describe(const struct table *, enum ofp_version, struct of_arena *,
                    struct of_table_desc *);

/* Of a table without a limit of its own. */
#define OFCONN_MAX_ENTRIES 1000000
uint32_t table_max_entries(const struct table *);

static inline struct ofproto_origin
ofconn_origin(const struct ofconn *ofconn, const struct of_header *msg)
{
    return (struct ofproto_origin){.version = ofconn->version, .xid = msg->xid, .conn = ofconn};
}

#endif
