/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHUNT_ACTIONS_TTL_BPF_H
#define SHUNT_ACTIONS_TTL_BPF_H

#include "actions/set.bpf.h"
#include "upcall/upcall.bpf.h"

/* An IPv4 header's TTL and protocol share a word of its checksum. */
#define IP4_TTL_OFF 8
#define IP4_CSUM_OFF 10
#define IP6_HOPS_OFF 7

/* The packet goes to whoever asked for it, and nowhere else. */
static __always_inline int
ttl_invalid(ctx_t *ctx, struct state *state, __u64 cookie)
{
    int drop;

    if (!cookie)
        return DP_DROP_TTL;
    drop = cookie == DP_TTL_TOLD ? 0 : upcall_send(ctx, state, DP_UPCALL_TTL, cookie, 0);
    state->verdict = ctx_drop_verdict();
    return drop ? drop : ACT_DONE;
}

static __always_inline int
act_DEC_TTL(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    bool is_mpls = action->word == DP_TTL_MPLS;
    __u32 word = is_mpls ? DP_WORD_OF(mpls_lse) : DP_WORD_OF(ip_ttl);
    union set_word new = {.u64 = state->u.words[word]};
    __u32 ttl;

    if (is_mpls ? !state->u.key.n_mpls : !(state->u.key.parsed & DP_PARSED_L3))
        return DP_DROP_NO_HEADER;
    ttl = is_mpls ? bpf_ntohl(new.mpls.lse[0]) & 0xff : new.ip.ttl;
    if (ttl <= 1)
        return ttl_invalid(ctx, state, action->value);
    if (is_mpls)
        new.mpls.lse[0] = bpf_htonl(bpf_ntohl(new.mpls.lse[0]) - 1);
    else
        new.ip.ttl--;
    return set_word(ctx, state, word, new.u64);
}

/* Between the two outer labels, both in the key. */
static __always_inline int
copy_ttl_mpls(ctx_t *ctx, struct state *state, bool out)
{
    union set_word new = {.u64 = state->u.words[DP_WORD_OF(mpls_lse)]};
    __be32 ttl = bpf_htonl(0xff);

    if (out)
        new.mpls.lse[0] = (new.mpls.lse[0] & ~ttl) | (new.mpls.lse[1] & ttl);
    else
        new.mpls.lse[1] = (new.mpls.lse[1] & ~ttl) | (new.mpls.lse[0] & ttl);
    return set_word(ctx, state, DP_WORD_OF(mpls_lse), new.u64);
}

/* From the IP header behind the only label to the label. */
static __always_inline int
copy_ttl_out(ctx_t *ctx, struct state *state, __u32 ttl_off)
{
    union set_word new = {.u64 = state->u.words[DP_WORD_OF(mpls_lse)]};
    __u8 ttl;
    int drop = ctx_load(ctx, ttl_off, &ttl, sizeof ttl);

    if (drop)
        return drop;
    new.mpls.lse[0] = (new.mpls.lse[0] & ~bpf_htonl(0xff)) | bpf_htonl(ttl);
    return set_word(ctx, state, DP_WORD_OF(mpls_lse), new.u64);
}

/* From the only label to the IPv4 header behind it. */
static __always_inline int
copy_ttl_in_ip4(ctx_t *ctx, __u32 ip_off, __u8 ttl)
{
    __u8 old[2], new[2];
    int drop = ctx_load(ctx, ip_off + IP4_TTL_OFF, old, sizeof old);

    if (drop)
        return drop;
    new[0] = ttl;
    new[1] = old[1];
    drop = ctx_store(ctx, ip_off + IP4_TTL_OFF, new, sizeof new);
    return drop ? drop
                : ctx_csum_l3(ctx, ip_off + IP4_CSUM_OFF,
                              csum_diff(bpf_htons(old[0] << 8), bpf_htons(ttl << 8)));
}

static __always_inline int
act_COPY_TTL(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    __u32 ip_off = state->layout.l2_len + sizeof(__be32);
    bool out = action->word == DP_TTL_OUT;
    __u8 version, ttl;
    int drop;

    if (!state->u.key.n_mpls)
        return DP_DROP_NO_HEADER;
    if (state->u.key.n_mpls > 1)
        return copy_ttl_mpls(ctx, state, out);
    drop = ctx_load(ctx, ip_off, &version, sizeof version);
    if (drop)
        return drop;
    version >>= 4;
    if (version != 4 && version != 6)
        return DP_DROP_NO_HEADER;
    if (out)
        return copy_ttl_out(ctx, state, ip_off + (version == 4 ? IP4_TTL_OFF : IP6_HOPS_OFF));
    ttl = bpf_ntohl(state->u.key.mpls_lse[0]);
    return version == 4 ? copy_ttl_in_ip4(ctx, ip_off, ttl)
                        : ctx_store_summed(ctx, ip_off + IP6_HOPS_OFF, &ttl, sizeof ttl);
}

#endif
