/* SPDX-License-Identifier: Apache-2.0 */
/* What the OpenFlow pipeline can look at: a packet's key and the fields only OpenFlow has.
 *
 * Model: `struct flow` is an array of 64-bit words; the first DP_KEY_WORDS are the datapath's
 * key, the rest lives in translation alone. A mask has the same shape, one bits matter. So
 * matching, masking, subtables and un-wildcarding are loops over words, and the mask of a
 * megaflow is the first DP_KEY_WORDS words of what a translation looked at.
 *
 * VLAN presence is bit 15 of vlan[i].tpid (0x8100 and 0x88a8 have it, no tag has not): a match
 * on OFPVID_PRESENT masks that bit.
 *
 * Threads: plain data. Not here: making a key of a frame (datapath/parse.h), names and wire forms
 * of fields (ofproto/field.h), match and rule (ofproto/match.h). */
#ifndef SHUNT_OFPROTO_FLOW_H
#define SHUNT_OFPROTO_FLOW_H

#include "datapath/abi.h"
#include "lib/hash.h"

#define FLOW_N_REGS 16

struct flow {
    struct dp_key key;
    /* 29 */
    __be64 metadata;
    /* 30..37 */
    __be32 regs[FLOW_N_REGS]; /* xxreg0 is regs[0..3], most significant first. */
    /* 38 */
    __u32 in_port;       /* OpenFlow port number, 32 bits, host order. */
    __u32 actset_output; /* OpenFlow port number, host order; OFPP_UNSET. */
    /* 39 */
    __u32 conj_id;     /* Host order. */
    __u32 in_phy_port; /* OpenFlow port number, host order; in_port unless a port has another below.
                        */
};

#define FLOW_WORDS 40
_Static_assert(sizeof(struct flow) == FLOW_WORDS * 8, "a flow is whole words");

#define FLOW_VLAN_PRESENT 0x8000 /* Of vlan[i].tpid, host order. */

#ifdef __clang_analyzer__
/* It takes the zeros of `= {0}` for uninitialised where they are read through another type. */
const __u64 *flow_words(const struct flow *flow);
__u64 *flow_words_rw(struct flow *flow);
#else
static inline const __u64 *
flow_words(const struct flow *flow)
{
    return (const __u64 *)flow;
}

static inline __u64 *
flow_words_rw(struct flow *flow)
{
    return (__u64 *)flow;
}
#endif

#endif
