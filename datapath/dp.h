/* SPDX-License-Identifier: Apache-2.0 */
/* The user-space client of the fast path: loads it, owns its maps, attaches it to ports.
 *
 * Model: one `struct dp` a daemon. Megaflows are put, changed and removed by index through
 * shared memory without system calls; counters are read from it. An index that was removed is
 * reused only after a grace period, which the client takes for a batch of them. Flows with equal
 * masked key and mask cannot be put twice (EEXIST).
 *
 * Ownership: the dp owns maps, programs, links, the injection device. With a pin directory
 * everything is pinned there and outlives the process when it is closed with DP_KEEP.
 *
 * Threads: flow and port calls from any thread (an internal lock orders writers); statistics
 * are read without one. An executor belongs to one thread, an upcall reader to one thread.
 *
 * Errors: positive errno; dp_error() has the sentence for a user: what, where, the remedy.
 *
 * Not here: which flows to install (slowpath), OpenFlow port numbers (ofproto), link events
 * (ports). */
#ifndef SHUNT_DATAPATH_DP_H
#define SHUNT_DATAPATH_DP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datapath/abi.h"

struct dp;
struct dp_executor;
struct dp_upcall_reader;

#define DP_MAX_RINGS DP_MAX_PORTS
#define DP_LARGE_RINGS 64 /* The first; the others have an eighth of their size. */

struct dp_options {
    const char *pin_dir;    /* In a bpffs, made when missing; NULL: nothing is pinned. */
    uint32_t max_flows;     /* 0: 200,000. Memory is taken at once; dp_memory_size() tells. */
    uint32_t ring_size;     /* Bytes of a large upcall ring, a power of two; 0: 2 MiB. */
    uint32_t n_rings;       /* Upcall rings, at most DP_MAX_RINGS; 0: 1. Port p sends to ring
                               p % n_rings, which is made for the first such port, and stays. */
    const char *inject_dev; /* Name of the injection device; NULL: "shunt-inj". */
};

enum dp_close_mode {
    DP_STOP, /* Detach everything and unpin: the host is as it was. */
    DP_KEEP, /* Leave programs and maps pinned and forwarding. */
};

/* Makes the directory for dp_options.pin_dir, and mounts the BPF file system below /sys/fs where it
 * is not: what dp_open() does, for a caller that will lack the privilege by then. */
int dp_make_pin_dir(const char *pin_dir);

/* Loads or, when `pin_dir` has maps of this ABI, adopts (then *adopted is true, and flows and
 * ports are as the last daemon left them). */
int dp_open(const struct dp_options *, struct dp **, bool *adopted);
void dp_close(struct dp *, enum dp_close_mode);
/* The last error of this thread in words, never NULL. */
const char *dp_error(void);
/* The file descriptor of a program of the hook by name, for a run by itself; it is the datapath's.
 */
int dp_program_fd(const struct dp *, enum dp_hook, const char *name);
/* Bytes that the maps of these options take with one upcall ring; the rings of ports come on top.
 */
size_t dp_memory_size(const struct dp_options *);

/* ---- Ports ---- */
struct dp_port_info {
    uint32_t port_no; /* 1..DP_MAX_PORTS-1 */
    uint32_t ifindex;
    enum dp_hook hook; /* The one in use, never AUTO. */
    char why[96];      /* Why that hook, for an operator. */
    uint16_t bridge;
    uint16_t flags; /* DP_PORT_* */
};

/* Makes the device a port. `hook` AUTO picks; XDP or TC forces one. ENODEV, EBUSY (another XDP
 * program is there), EEXIST (device or number is in use). */
int dp_port_add(struct dp *, uint32_t port_no, uint32_t ifindex, uint16_t bridge, enum dp_hook hook,
                struct dp_port_info *);
int dp_port_remove(struct dp *, uint32_t port_no);
int dp_port_get(const struct dp *, uint32_t port_no, struct dp_port_info *);
/* Replaces DP_PORT_NO_RECV and DP_PORT_NO_FWD by those in `flags`. */
int dp_port_set_flags(struct dp *, uint32_t port_no, uint16_t flags);
/* Lets TC hand packets for `mac`, of at most `size` bytes with their Ethernet header, to the
 * ingress of the veth's other end, which must be up and in another network namespace: the kernel
 * drops what is sent this way to one that is not. NULL: all packets leave by the device's egress.
 */
struct dp_peer {
    uint8_t mac[6];
    uint32_t size;
};
int dp_port_set_peer(struct dp *, uint32_t port_no, const struct dp_peer *);
int dp_port_set_upcall_rate(struct dp *, uint32_t port_no, uint32_t rate, uint32_t burst);
int dp_port_stats(const struct dp *, uint32_t port_no, struct dp_port_stats *);

/* ---- Flows ---- */
/* Puts a megaflow for the packet of `key`; `mask` has one bits where that matters.
 * Lists longer than a record chain to more records. EEXIST, ENOSPC (table full: dp_flow_grace()
 * frees what was removed; this waits for nothing), EINVAL (a list that the fast path cannot run).
 * *index is its name from now on. */
int dp_flow_put(struct dp *, const struct dp_key *key, const struct dp_key *mask,
                const struct dp_action *actions, size_t n_actions, uint64_t ufid, uint32_t *index);
/* The same, but held: until dp_flow_unhold() the flow's packets go to user space, behind those
 * that came up before there was a flow. For DP_HOLD_MAX_NS at most. */
int dp_flow_put_held(struct dp *, const struct dp_key *key, const struct dp_key *mask,
                     const struct dp_action *actions, size_t n_actions, uint64_t ufid,
                     uint32_t *index);
/* Asks for the next packet of the flow at `index`, if there is one: an upcall DP_UPCALL_AUDIT. */
void dp_flow_audit(struct dp *, uint32_t index);
/* Writes masks anew that are not as they were made; returns how many. */
uint32_t dp_repair_masks(struct dp *);
/* Gives back one hold of the flow, if it is still the one at `index`: that of dp_flow_put_held(),
 * when all upcalls before dp_upcall_reader_mark() are executed; and that of each DP_UPCALL_HELD,
 * when it is. */
void dp_flow_unhold(struct dp *, uint32_t index, uint64_t ufid);
/* Replaces the list while packets flow: each packet sees the old or the new one, whole. Waits for
 * grace periods when no record is free. */
int dp_flow_set_actions(struct dp *, uint32_t index, const struct dp_action *actions,
                        size_t n_actions);
/* Takes the flow out; a packet that was already on its way may still count. Final statistics
 * are exact after dp_flow_grace(). The index is free after the next grace period. */
int dp_flow_remove(struct dp *, uint32_t index);
/* The same, but the index is not used again before dp_flow_forget(), which is for after a grace
 * period: whoever else waits for one meanwhile frees it not, and its statistics stay. */
int dp_flow_retire(struct dp *, uint32_t index);
/* Does nothing to a live flow. */
void dp_flow_forget(struct dp *, uint32_t index);
/* Waits until no packet uses what was removed before the call (about 8 ms). */
void dp_flow_grace(struct dp *);
struct dp_flow_stats {
    uint64_t n_packets, n_bytes;
    uint64_t used_jiffies; /* Of the last packet, by the clock of programs; 0: never. */
    uint64_t tcp_flags;    /* Host order, or of all packets. */
};
/* Sum over CPUs; of a removed flow too, until its index is reused. */
void dp_flow_stats(const struct dp *, uint32_t index, struct dp_flow_stats *);
/* What the flow counted since the last such call, by this daemon or a former one; used_jiffies and
 * tcp_flags are as of dp_flow_stats(). Of a removed flow too, until its index is reused. One
 * thread at a time. */
void dp_flow_credit(struct dp *, uint32_t index, struct dp_flow_stats *delta);
/* The live flow at `index` (ENOENT) with its whole action list (at most `max_actions`). `key` is
 * that of dp_flow_put(), with the bits that the mask does not cover. */
int dp_flow_get(const struct dp *, uint32_t index, struct dp_key *key, struct dp_key *mask,
                struct dp_action *actions, size_t max_actions, size_t *n_actions, uint64_t *ufid);
uint32_t dp_max_flows(const struct dp *);
uint32_t dp_n_flows(const struct dp *);
uint32_t dp_n_masks(const struct dp *);
/* Whether flows with this mask leave at most `budget` masks: each costs every packet that the
 * microflow cache does not know. */
bool dp_mask_fits(struct dp *, const struct dp_key *mask, uint32_t budget);
/* Masks are tried by how many packets dp_flow_credit() saw of their flows, lately. The last
 * `n_unwanted` are to go: dp_flow_is_unwanted() says of which flows, until the next call. */
void dp_masks_rank(struct dp *, uint32_t n_unwanted);
bool dp_flow_is_unwanted(const struct dp *, uint32_t index);
void dp_totals(const struct dp *, struct dp_totals *);
const char *dp_drop_name(enum dp_drop);
/* Milliseconds since boot for a flow's used_jiffies, on the clock of time_now_ms(). */
int64_t dp_jiffies_to_ms(const struct dp *, uint64_t jiffies);

/* ---- Upcalls ---- */
struct dp_packet {
    const uint8_t *data;
    uint32_t size;     /* Bytes at data. */
    uint16_t gso_size; /* Not 0: a segmentation-offload packet of this segment size. */
};

/* Ring 0 is there from the beginning, others with their ports. Any thread. */
bool dp_has_upcall_ring(const struct dp *, uint32_t ring);
/* ENOENT: there is no such ring. One reader a ring. */
int dp_upcall_reader_open(struct dp *, uint32_t ring, struct dp_upcall_reader **);
void dp_upcall_reader_close(struct dp_upcall_reader *);
/* Readable when there is something to read; for libevent. */
int dp_upcall_reader_fd(const struct dp_upcall_reader *);
/* Calls `cb` for up to `max` records that are ready, oldest first; the record is valid during
 * the call. Returns how many. */
typedef void dp_upcall_cb(void *aux, const struct dp_upcall *, const uint8_t *packet);
size_t dp_upcall_read(struct dp_upcall_reader *, size_t max, dp_upcall_cb *cb, void *aux);
/* Any thread. */
bool dp_upcall_reader_is_empty(const struct dp_upcall_reader *);
/* After flows were put: the position in the ring before which all packets are that missed them.
 * Whatever is sent up from now on has met these flows. */
uint64_t dp_upcall_reader_mark(struct dp_upcall_reader *);
/* Up to where records were read. Any thread. */
uint64_t dp_upcall_reader_position(const struct dp_upcall_reader *);

/* ---- Execution ---- */
int dp_executor_open(struct dp *, struct dp_executor **);
void dp_executor_close(struct dp_executor *);
/* Runs the list of the megaflow `index` on the packet, and counts it there. */
int dp_execute_flow(struct dp_executor *, const struct dp_packet *, uint32_t in_port,
                    uint32_t recirc_id, uint32_t index);
/* Looks the packet up as if it had come in by `in_port`, and runs and counts what it finds. */
int dp_execute_lookup(struct dp_executor *, const struct dp_packet *, uint32_t in_port);
/* Runs `actions` on the packet. An OUTPUT that is not the last is cloned. TRUNC before an OUTPUT
 * is honoured for every output (the list is cut in several runs where need be). */
int dp_execute_actions(struct dp_executor *, const struct dp_packet *, uint32_t in_port,
                       uint32_t recirc_id, const struct dp_action *actions, size_t n_actions);

/* ---- Meters ---- */
struct dp_meter_band_config {
    enum dp_band_type type;
    uint32_t prec;  /* DSCP_REMARK: by how much the drop precedence grows. */
    uint64_t rate;  /* Kilobits or packets a second, not 0. */
    uint64_t burst; /* Kilobits or packets; 0: what comes in 10 ms. */
};

/* Makes or changes meter `number` (below DP_MAX_METERS); counters of a changed one go on. EINVAL:
 * a rate of 0, or more than DP_METER_BANDS bands. */
int dp_meter_set(struct dp *, uint32_t number, bool pktps, const struct dp_meter_band_config *bands,
                 size_t n_bands);
/* Packets of flows that still name the meter pass. */
int dp_meter_del(struct dp *, uint32_t number);
/* Configuration and counters, a copy. ENOENT. */
int dp_meter_stats(const struct dp *, uint32_t number, struct dp_meter *);

#endif
