/* SPDX-License-Identifier: GPL-2.0 */
/* One vocabulary over both hooks: `ctx_t` is xdp_md with -DSHUNT_XDP and __sk_buff with
 * -DSHUNT_TC. Both files implement exactly this:
 *
 *   CTX_HOOK                       enum dp_hook of this build
 *   ctx_data(ctx), ctx_data_end(ctx)
 *                                  Direct access. Invalid after any call below that changes the
 *                                  packet, so fetch them again.
 *   ctx_size(ctx)                  Bytes on the wire, a VLAN tag in metadata included.
 *   ctx_ifindex(ctx)               The device that the packet came in by.
 *   ctx_gso_size(ctx)              Segment size of a large packet of TC, else 0.
 *   ctx_load(ctx, off, to, n)      Copies n bytes (a constant) out of or into the packet. 0, or
 *   ctx_store(ctx, off, from, n)   DP_DROP_TRUNCATED_HEADER. No checksum is touched.
 *   ctx_store_summed(ctx, off, from, n)
 *                                  The same for bytes behind the Ethernet header whose change no
 *                                  checksum in the packet makes up for: TC's sum over the whole
 *                                  packet (CHECKSUM_COMPLETE) follows.
 *   ctx_store_l2(ctx, off, from, n)
 *                                  The same for bytes (even, at most 22) that may be before where
 *                                  that sum begins, or on both sides of it.
 *   ctx_set_skb(ctx, priority, mark)
 *                                  Of the socket buffer. Nothing on XDP.
 *   ctx_csum_l3(ctx, off, diff)    Adds a difference (csum_diff*()) to the IPv4 header checksum
 *                                  at `off`.
 *   ctx_csum_l4(ctx, off, diff, flags)
 *                                  The same for a checksum of layer 4. CSUM_PSEUDO: what changed
 *                                  is in the pseudo header, not in layer 4 itself. CSUM_UDP: 0
 *                                  means that there is no checksum, and 0 is sent as 0xffff.
 *                                  Partial checksums (offload) of TC stay right.
 *   ctx_is_unsummed(ctx, off)      Is the checksum at `off` 0, so that a datagram's bytes need
 *                                  ctx_store_summed()? Always false on XDP.
 *   ctx_vlan_to_bytes(ctx, state)  Has no tag in metadata: what is pushed next to the addresses
 *                                  goes before the tags. Nothing on XDP. 0 or a drop.
 *   ctx_grow(ctx, state, at, n)    Opens a gap of n bytes (4 or 18) at `at`, or
 *   ctx_shrink(ctx, state, at, n)  takes out the n bytes (4 or 18) at `at`. `at` is 12 at least
 *                                  (0 for 18 bytes), and `at` of ctx_grow() at most 22. The
 *                                  offsets of `state->layout` move along; the caller writes
 *                                  the new header, the EtherType and the key. 0 or
 *                                  DP_DROP_HEADROOM, DP_DROP_TRUNCATED_HEADER.
 *   ctx_fix_proto(ctx, state)      After the EtherType of the packet changed (MPLS): has the
 *                                  kernel's metadata follow it. Nothing on XDP. 0 or a drop.
 *   ctx_vlan_push(ctx, state, tpid, tci)   (host order)
 *   ctx_vlan_pop(ctx, state)       Packet, key and layout follow. 0 or a drop.
 *   ctx_vlan_set(ctx, state, i, vlan)  Rewrites tag i of the packet and the key.
 *   ctx_truncate(ctx, n)           Cuts the packet to n bytes if it is longer.
 *   ctx_pad(ctx, n)                Fills the packet up to n bytes with zeros; it is shorter.
 *   ctx_output(ctx, state, port_no, size, last)   (size: ctx_size(ctx))
 *                                  Sends the packet (last) or a clone of it (TC only) out of the
 *                                  port; the caller counts it. 0 or a drop; with `last`
 *                                  state->verdict is set.
 *   ctx_drop_verdict()             What the program returns to drop.
 *
 * And beside them, for kernel halves of actions:
 *
 *   reparse(ctx, state)            Key and layout from the packet as it is now; in_port,
 *                                  recirc_id, tunnel, ct, skb words and hash stay. 0 or a drop.
 *   upcall_send(ctx, state, reason, cookie, max_size)
 *                                  The packet as it is now, and the key, to user space
 *                                  (upcall/upcall.bpf.h). 0 or a drop.
 *
 * Drops are enum dp_drop. Nothing here looks at the key beyond what is named. */
#ifndef SHUNT_DATAPATH_CTX_BPF_H
#define SHUNT_DATAPATH_CTX_BPF_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "datapath/abi.h"
#include "datapath/maps.bpf.h"
#include "datapath/parse.bpf.h"
#include "datapath/state.bpf.h"

#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif

/* Largest offset that is ever used for a header; keeps the verifier's bounds small. */
#define CTX_MAX_OFF 1023

#define CSUM_PSEUDO 1
#define CSUM_UDP 2

/* One's complement sums of 32-bit words, not folded (RFC 1071, RFC 1624). */
static __always_inline __u32
csum_add(__u32 a, __u32 b)
{
    __u64 sum = (__u64)a + b;

    return (__u32)sum + (__u32)(sum >> 32);
}

/* The difference that replacing `from` by `to` makes; 16-bit values go into either half. */
static __always_inline __u32
csum_diff(__be32 from, __be32 to)
{
    return csum_add(~from, to);
}

static __always_inline __u32
csum_diff_u64(__u64 from, __u64 to)
{
    return csum_add(csum_diff((__u32)from, (__u32)to),
                    csum_diff((__u32)(from >> 32), (__u32)(to >> 32)));
}

static __always_inline __u16
csum_fold(__u32 sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static __always_inline struct dp_port_stats *
port_stats_of(struct state *state, __u32 port_no)
{
    return &state->port_stats[port_no & (DP_MAX_PORTS - 1)];
}

static __always_inline void
count_sent(struct state *state, __u32 port_no, __u32 size)
{
    struct dp_port_stats *stats = port_stats_of(state, port_no);

    stats->tx_packets++;
    stats->tx_bytes += size;
}

/* What a VLAN tag that comes or goes at the front does to the key. */
static __always_inline void
key_vlan_push(struct dp_key *key, __be16 tpid, __be16 tci)
{
    key->vlan[1] = key->vlan[0];
    key->vlan[0].tpid = tpid;
    key->vlan[0].tci = tci;
}

static __always_inline void
key_vlan_pop(struct dp_key *key)
{
    key->vlan[0] = key->vlan[1];
    key->vlan[1].tpid = 0;
    key->vlan[1].tci = 0;
}

static __always_inline void
layout_shift(struct layout *layout, __s32 n)
{
    layout->l2_len += n;
    if (layout->l3_off)
        layout->l3_off += n;
    if (layout->l4_off)
        layout->l4_off += n;
    if (layout->nd_sll_off)
        layout->nd_sll_off += n;
    if (layout->nd_tll_off)
        layout->nd_tll_off += n;
}

#if defined(SHUNT_XDP)
#include "datapath/ctx-xdp.bpf.h"
#elif defined(SHUNT_TC)
#include "datapath/ctx-tc.bpf.h"
#else
#error "one of SHUNT_XDP and SHUNT_TC says which hook this build is for"
#endif

#endif
