/* SPDX-License-Identifier: GPL-2.0 */
/* The maps. Sizes that depend on the machine or on options are set by user space before it
 * loads (datapath/load.c); all are shared by the XDP and the TC object but `links`, which the
 * kernel keeps to one program type.
 *
 * All arrays that user space touches are mapped memory: no system calls on either side. */
#ifndef SHUNT_DATAPATH_MAPS_BPF_H
#define SHUNT_DATAPATH_MAPS_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "datapath/abi.h"
#include "datapath/state.bpf.h"

#define MAP_ARRAY(name, value_type, n, map_flags_)                                                 \
    struct {                                                                                       \
        __uint(type, BPF_MAP_TYPE_ARRAY);                                                          \
        __uint(map_flags, map_flags_);                                                             \
        __uint(max_entries, n);                                                                    \
        __type(key, __u32);                                                                        \
        __type(value, value_type);                                                                 \
    } name SEC(".maps")

/* Megaflows, by index, and what of them is not for every packet: keys and lists. Writer: user
 * space, but for what says otherwise. Full: dp_flow_put() says ENOSPC. */
MAP_ARRAY(flows, struct dp_flow, 1, BPF_F_MMAPABLE);
MAP_ARRAY(records, struct dp_record, 1, BPF_F_MMAPABLE);

/* Hash buckets over flows; a power of two of them. Writer: user space. A full bucket spills
 * into its neighbours (struct dp_bucket). */
MAP_ARRAY(buckets, struct dp_bucket, 1, BPF_F_MMAPABLE);

/* What buckets may hold. Writer: user space, the bit before the slot. */
MAP_ARRAY(filters, struct dp_filter, 1, BPF_F_MMAPABLE);

/* Masks, by mask_index. Writer: user space. */
MAP_ARRAY(masks, struct dp_mask, DP_MAX_MASKS, BPF_F_MMAPABLE);

/* One element: how many masks there are and in which order to try them. Writer: user space. */
MAP_ARRAY(control, struct dp_control, 1, BPF_F_MMAPABLE);

/* Slices of max_flows a CPU, for flows that another CPU had first. Writer: that CPU; user space
 * zeroes an index of all before it gives it out again. */
MAP_ARRAY(flow_counters, struct dp_flow_counters, 1, BPF_F_MMAPABLE);

/* By port number. Writer: user space. */
MAP_ARRAY(ports, struct dp_port, DP_MAX_PORTS, BPF_F_MMAPABLE);

/* What ports counted in maps that these took the place of. Writer and reader: user space. */
MAP_ARRAY(port_base, struct dp_port_stats, DP_MAX_PORTS, BPF_F_MMAPABLE);

/* Low bits of an interface index to a port number, to be checked against its ifindex; two
 * devices with the same low bits are told apart by the hash map. Writer: user space. */
MAP_ARRAY(ifindex_ports, struct dp_ifindex_slot, DP_IFINDEX_SLOTS, BPF_F_MMAPABLE);

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, DP_MAX_PORTS);
    __type(key, __u32);
    __type(value, __u32);
} ifindex_clashes SEC(".maps");

/* Upcall token buckets, by port. Writer: the fast path, any CPU. */
MAP_ARRAY(upcall_buckets, struct dp_token_bucket, DP_MAX_PORTS, BPF_F_MMAPABLE);

/* A slot a CPU: the packet in hand; the totals and the ports' counters, which user space reads; the
 * microflow cache, whose entries are only guesses: a hit is checked against the megaflow's own
 * mask. Writer: that CPU. */
MAP_ARRAY(states, struct state, 1, BPF_F_MMAPABLE);

/* What to do with an injected packet, by the slot in its mark. Writer: the slot's thread. */
MAP_ARRAY(injections, struct dp_inject, DP_INJECT_SLOTS, BPF_F_MMAPABLE);

/* Meters, by number. Writer: user space (configuration), any CPU (buckets, counts). */
MAP_ARRAY(meters, struct dp_meter, DP_MAX_METERS, BPF_F_MMAPABLE);

/* Ports that can take a frame from XDP. A port that is not here is sent to by TC. */
struct {
    __uint(type, BPF_MAP_TYPE_DEVMAP);
    __uint(max_entries, DP_MAX_PORTS);
    __uint(key_size, sizeof(__u32));
    __uint(value_size, sizeof(__u32));
} devmap SEC(".maps");

/* Upcall rings, by port number modulo n_rings. Writer: the fast path, any CPU; reader: a handler.
 * Full: the packet is counted under upcall-ring-full. */
struct ring {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint(max_entries, 1);
    __type(key, __u32);
    __array(values, struct ring);
} rings SEC(".maps");

/* Where tail calls go, by enum link. */
struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, DP_N_LINKS);
    __uint(key_size, sizeof(__u32));
    __uint(value_size, sizeof(__u32));
} links SEC(".maps");

/* Set by user space before loading; constants to the verifier and the JIT. */
const volatile __u32 max_flows = 1;
const volatile __u32 bucket_mask = 0;
const volatile __u64 hash_secret[32] = {0}; /* Of dp_control. */
const volatile __u32 n_rings = 1;

#endif
