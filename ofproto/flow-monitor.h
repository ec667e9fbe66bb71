/* SPDX-License-Identifier: Apache-2.0 */
/* The flow monitors of one connection (OpenFlow 1.4, section 7.3.5.17).
 *
 * Model: a monitor names flow entries; what becomes of them is told in updates, one message for
 * all that one request changed. While more than FLOW_MONITOR_HIGH bytes wait for the peer, updates
 * are paused: which entries change is noted once an entry, so that memory is bounded by the size
 * of the tables, and only the removal of what the peer knows of is told. When the peer has read
 * everything, what was noted is told in portions of that size, and updates resume.
 *
 * The peer knows an entry by table, match and priority, and so does what is noted: an entry that
 * took another's place is the same one.
 *
 * Ownership: part of its struct ofconn. Threads: the event base's.
 * Errors: those of requests; what cannot be sent is lost with the connection.
 * Not here: the messages (ofproto/messages.h), where events come from (ofproto/txn.c). */
#ifndef SHUNT_OFPROTO_FLOW_MONITOR_H
#define SHUNT_OFPROTO_FLOW_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/hmap.h"
#include "lib/list.h"
#include "ofproto/messages.h"

struct connmgr;
struct flow_event;
struct ofconn;

#define FLOW_MONITOR_HIGH (128u << 10) /* Bytes. */
#define FLOW_MONITORS_MAX 1024         /* Of a connection. */

struct flow_monitors {
    struct list list; /* struct flow_monitor */
    size_t n;
    bool is_paused;
    struct hmap held;   /* struct held_flow: what changed while paused, */
    struct list queue;  /* the first that did in front. */
    struct buf updates; /* Of one transaction, not sent yet; empty: none. */
    struct ofp_multipart mp;
    uint64_t txn;
    bool has_abbreviation; /* Among the updates, of the request with this xid. */
    uint32_t abbreviated_xid;
};

void flow_monitors_init(struct flow_monitors *);
/* The stream ended: none are left. */
void flow_monitors_clear(struct ofconn *);
void flow_monitors_destroy(struct flow_monitors *);

/* All output was written: goes on with what was held back. */
void flow_monitors_resume(struct ofconn *);

#endif
