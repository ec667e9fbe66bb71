/* SPDX-License-Identifier: GPL-2.0 */
/* The fast path: a frame comes in, a megaflow says what to do with it, it leaves.
 *
 * Programs of one build (-DSHUNT_XDP or -DSHUNT_TC):
 *   shunt_port      at a port's ingress
 *   shunt_inject    at the injection device: TC its egress, XDP its ingress
 *   shunt_clock     TC only, run by user space: the clock of flows' last use
 *   shunt_actions   link: runs the records of a list, a record a link
 *   shunt_lookup    link: parses and looks up again, after a recirculation
 *
 * A megaflow with a single output is done in shunt_port. XDP leaves a frame of a flow with
 * DP_FLOW_NEEDS_TC, untouched and uncounted, to TC on the same port.
 *
 * Every frame is counted once: as received, and, in finish(), as forwarded, consumed by user
 * space or dropped under a reason. */
#include "datapath/lookup.bpf.h"
#include "upcall/producer.bpf.h"
#include "actions/kernel.bpf.h"

#define MAX_RECIRC 8

#ifdef SHUNT_XDP
#define PROGRAM SEC("xdp")
#define CTX_PASS XDP_PASS
#else
#define PROGRAM SEC("tc")
#define CTX_PASS TC_ACT_OK
#endif

/* ---- The packet in hand ---- */

static __always_inline struct state *
state_of_cpu(void)
{
    __u32 cpu = bpf_get_smp_processor_id();
    struct state *state = bpf_map_lookup_elem(&states, &cpu);

    if (state)
        state->cpu = cpu;
    return state;
}

#ifdef SHUNT_XDP
static __always_inline struct dp_vlan
vlan_in_meta(const ctx_t *ctx)
{
    (void)ctx;
    return (struct dp_vlan){0, 0};
}
#else
static __always_inline struct dp_vlan
vlan_in_meta(const ctx_t *ctx)
{
    struct dp_vlan none = {0, 0};

    if (!ctx->vlan_present)
        return none;
    return (struct dp_vlan){ctx->vlan_proto, bpf_htons(ctx->vlan_tci)};
}

/* Headers may lie in pages that direct access does not see. */
#define PARSE_LINEAR 256
static __always_inline void
pull_headers(ctx_t *ctx)
{
    __u32 linear = ctx->data_end - ctx->data;

    if (linear < PARSE_LINEAR && linear < ctx->len)
        bpf_skb_pull_data(ctx, ctx->len < PARSE_LINEAR ? ctx->len : PARSE_LINEAR);
}
#endif

/* Few packets have these headers: a function of its own. */
__noinline int
parse_exthdrs_function(ctx_t *ctx, struct state *state)
{
    if (!state)
        return 0;
    {
        struct parser parser = {
            ctx_data(ctx), ctx_data_end(ctx), &state->u.key, &state->layout, NULL, NULL};

        parse_exthdrs(&parser);
    }
    return 0;
}

static __always_inline void
parse_exthdrs_far(const struct parser *p)
{
    parse_exthdrs_function(p->ctx, p->state);
}

/* Zeroes what the parser of any frame expects so. */
static __always_inline void
clear_packet(struct state *state)
{
    __builtin_memset(&state->u.words[DP_KEY_PACKET_FIRST], 0, DP_KEY_PACKET_WORDS * 8);
    __builtin_memset(&state->layout, 0, sizeof state->layout);
}

/* Key words 7 to 22 and the layout from the packet. Words that plain frames do not write are zero
 * before. Returns whether they still are. */
static __always_inline bool
parse(ctx_t *ctx, struct state *state)
{
    struct dp_vlan meta = vlan_in_meta(ctx);
    struct parser parser;

#ifdef SHUNT_TC
    pull_headers(ctx);
#endif
    parser.data = ctx_data(ctx);
    parser.end = ctx_data_end(ctx);
    parser.key = &state->u.key;
    parser.layout = &state->layout;
    parser.ctx = ctx;
    parser.state = state;
    if (!meta.tpid && parse_plain(&parser))
        return true;
    clear_packet(state);
    parse_any(&parser, meta);
    return false;
}

__noinline int
reparse(ctx_t *ctx, struct state *state)
{
    if (!state)
        return DP_DROP_BAD_RECORD;
    clear_packet(state);
    parse(ctx, state);
    return 0;
}

/* Parses a packet that just came in. */
static __always_inline void
begin(ctx_t *ctx, struct state *state, __u32 in_port, __u32 recirc_id)
{
    if (!state->clean)
        __builtin_memset(&state->u, 0, sizeof(struct dp_key));
    __builtin_memset(state->progress, 0, sizeof state->progress);
    KEY_WORD(&state->u.key, in_port) =
        WORD_PART(in_port, (__u64)in_port) | WORD_PART(recirc_id, (__u64)recirc_id);
    state->size = ctx_size(ctx);
    state->clean = parse(ctx, state);
}

/* Books the packet: where it ended. `drop` matters when no copy of it went anywhere; the loss of
 * a clone is a better reason than that the list ended. */
static __always_inline int
finish(struct state *state, __u32 drop, int verdict)
{
    if (drop == DP_DROP_RULE && state->drop)
        drop = state->drop;
    if (state->n_outputs) {
        state->totals.n_forwarded++;
        state->totals.n_outputs += state->n_outputs;
    } else if (state->n_upcalls) {
        state->totals.n_consumed++;
    } else {
        /* What the tables drop was received: the first such packet ends in user space. */
        if (!state->injected && drop != DP_DROP_RULE)
            port_stats_of(state, state->u.key.in_port)->rx_dropped++;
        state->totals.n_dropped[drop & 31]++;
    }
    return verdict;
}

static __always_inline int
finish_drop(struct state *state, __u32 drop)
{
    return finish(state, drop, ctx_drop_verdict());
}

static __always_inline void
count_received(struct state *state)
{
    struct dp_port_stats *stats = port_stats_of(state, state->u.key.in_port);

    state->totals.n_received++;
    stats->rx_packets++;
    stats->rx_bytes += state->size;
}

/* Where this CPU counts a flow that another one may have, too. */
static __always_inline struct dp_flow_counters *
counters_apart(const struct state *state, __u32 index, struct dp_flow *flow)
{
    __u32 slot = state->cpu * max_flows + index;

    /* User space, which sends a flow's first packets, runs anywhere. */
    if (!state->injected && !flow->first_cpu &&
        !__sync_val_compare_and_swap(&flow->first_cpu, 0, state->cpu + 1))
        return &flow->counters;
    return bpf_map_lookup_elem(&flow_counters, &slot);
}

static __always_inline void
count_flow(struct state *state, __u32 index, struct dp_flow *flow)
{
    __u32 tcp_flags = bpf_ntohs(state->u.key.tcp_flags);
    struct dp_flow_counters *counters =
        flow->first_cpu == state->cpu + 1 ? &flow->counters : counters_apart(state, index, flow);

    if (!counters)
        return;
    counters->n_packets++;
    counters->n_bytes += state->size;
    counters->used_jiffies = bpf_jiffies64();
    if (tcp_flags & ~flow->tcp_flags)
        __sync_fetch_and_or(&flow->tcp_flags, tcp_flags);
}

/* ---- Lists ---- */

/* Each kernel half as a function that the verifier walks once. The empty statement uses every
 * argument: a caller would leave out one that is not used, and the verifier refuse it. */
#define ACTION(NAME, file)                                                                         \
    __noinline int run_##NAME(ctx_t *ctx, struct state *state, const struct dp_action *action)     \
    {                                                                                              \
        asm volatile("" ::"r"(ctx), "r"(state), "r"(action));                                      \
        return state && action ? act_##NAME(ctx, state, action) : DP_DROP_BAD_RECORD;              \
    }
#include "actions/actions.def"
#undef ACTION

static __always_inline int
run_action(ctx_t *ctx, struct state *state, const struct dp_action *action)
{
    switch (action->kind) {
#define ACTION(NAME, file)                                                                         \
    case DP_ACTION_##NAME:                                                                         \
        return run_##NAME(ctx, state, action);
#include "actions/actions.def"
#undef ACTION
    default:
        return DP_DROP_BAD_RECORD;
    }
}

/* Runs a record. 0: its end was reached. */
static __always_inline int
run_record(ctx_t *ctx, struct state *state, const struct dp_record *record)
{
    for (__u32 i = 0; i < DP_RECORD_ACTIONS; i++) {
        int result;

        if (i >= record->n_actions)
            return 0;
        result = run_action(ctx, state, &record->actions[i]);
        if (result)
            return result;
    }
    return 0;
}

/* Runs what a tail call does of the list. 0: there is more. */
static __always_inline int
run_records(ctx_t *ctx, struct state *state)
{
    for (int i = 0; i < DP_LINK_RECORDS; i++) {
        const struct dp_record *record = record_at(state->record);
        int result;

        if (!record)
            return DP_DROP_BAD_RECORD;
        result = run_record(ctx, state, record);
        if (result)
            return result;
        if (record->next == DP_NO_FLOW)
            return DP_DROP_RULE;
        state->record = record->next;
    }
    return 0;
}

PROGRAM int
shunt_actions(ctx_t *ctx)
{
    struct state *state = state_of_cpu();
    int result;

    if (!state)
        return ctx_drop_verdict();
    state->clean = 0;
    result = run_records(ctx, state);
    if (result == ACT_DONE)
        return finish(state, DP_DROP_RULE, state->verdict);
    if (result > 0)
        return finish_drop(state, result);
    if (++state->n_links > DP_MAX_LINKS)
        return finish_drop(state, DP_DROP_CHAIN_LIMIT);
    if (result == ACT_RECIRC)
        bpf_tail_call(ctx, &links, DP_LINK_LOOKUP);
    bpf_tail_call(ctx, &links, DP_LINK_ACTIONS);
    return finish_drop(state, DP_DROP_TAIL_CALL);
}

/* Where the flow's list is. Read it before the flow's flags (dp_flow_set_actions()). */
static __always_inline __u32
list_of(const struct dp_flow *flow, __u32 index)
{
    __u32 detour = *(volatile __u32 *)&flow->detour;

    return detour == DP_NO_FLOW ? index : detour;
}

/* Shows user space a packet of the flow, which then goes its way. */
static __always_inline void
audit(ctx_t *ctx, struct state *state, struct dp_flow *flow)
{
    __u32 n = *(volatile __u32 *)&flow->n_held;

    if (n & DP_HELD_AUDIT && __sync_val_compare_and_swap(&flow->n_held, n, n & DP_HELD_COUNT) == n)
        upcall_send(ctx, state, DP_UPCALL_AUDIT, flow->ufid, 1);
}

/* A held flow's packet goes up, behind those of its flow that user space has. True: it went. It
 * stays, and leaves at once, when it found no room, and when the flow is or now becomes open. */
__noinline int
hold(ctx_t *ctx, struct state *state)
{
    struct dp_flow *flow = state ? flow_at(state->flow_index) : NULL;

    if (!flow)
        return 0;
    audit(ctx, state, flow);
    if (!(flow->n_held & DP_HELD_COUNT))
        return 0;
    if (bpf_ktime_get_ns() >= flow->held_until_ns) {
        if (__sync_lock_test_and_set(&flow->n_held, 0))
            state->totals.n_hold_expired++;
        return 0;
    }
    if (upcall_send(ctx, state, DP_UPCALL_HELD, flow->ufid, 0)) {
        state->totals.n_hold_refused += (flow->n_held & DP_HELD_COUNT) > 0;
        return 0;
    }
    state->totals.n_held++;
    return 1;
}

/* Such a list on a packet as it came in, to which nothing else happened. */
static __always_inline int
run_single_output(ctx_t *ctx, struct state *state, __u32 port_no)
{
    int drop = ctx_output(ctx, state, port_no, state->size, true);

    if (drop) {
        port_stats_of(state, port_no)->tx_dropped++;
        return finish_drop(state, drop);
    }
    count_sent(state, port_no, state->size);
    state->totals.n_single++;
    return state->verdict;
}

/* A packet of several segments, which the kernel could not cut behind the list's new headers. */
static __always_inline bool
is_to_be_cut(const ctx_t *ctx, const struct dp_flow *flow)
{
    return CTX_HOOK == DP_HOOK_TC && flow->flags & DP_FLOW_CUTS && ctx_gso_size(ctx);
}

static __always_inline int
send_large(ctx_t *ctx, struct state *state, const struct dp_flow *flow)
{
    int drop = upcall_send(ctx, state, DP_UPCALL_LARGE, flow->ufid, 0);

    state->totals.n_large += !drop;
    return finish_drop(state, drop);
}

/* Starts a flow's list. One of a single output, the commonest, needs no tail call. */
static __always_inline int
run_flow(ctx_t *ctx, struct state *state, __u32 index, const struct dp_flow *flow, __u32 list)
{
    state->flow_index = index;
    if (flow->n_held && hold(ctx, state))
        return finish_drop(state, DP_DROP_RULE);
    if (flow->single_port != DP_NO_PORT) {
        int drop = output(ctx, state, flow->single_port, true);

        return drop ? finish_drop(state, drop) : finish(state, DP_DROP_RULE, state->verdict);
    }
    if (is_to_be_cut(ctx, flow))
        return send_large(ctx, state, flow);
    state->record = list;
    bpf_tail_call(ctx, &links, DP_LINK_ACTIONS);
    return finish_drop(state, DP_DROP_TAIL_CALL);
}

/* A packet of no flow goes up. Returns the flow, if there is one now; else *drop is 0, or why it
 * did not go. */
static __always_inline struct dp_flow *
miss(ctx_t *ctx, struct state *state, __u32 *index, int *drop)
{
    *drop = upcall_send(ctx, state, DP_UPCALL_MISS, 0, 0);
    if (*drop != UPCALL_FOUND)
        return NULL;
    *drop = DP_DROP_BAD_RECORD;
    *index = state->flow_index;
    return flow_at(*index);
}

/* The packet's flow, or NULL: it is user space's, or lost for the reason *drop. */
static __always_inline struct dp_flow *
find_flow(ctx_t *ctx, struct state *state, __u32 *index, int *drop)
{
    struct dp_flow *flow = lookup(state, index);

    return flow ? flow : miss(ctx, state, index, drop);
}

/* ---- Ways in ---- */

PROGRAM int
shunt_lookup(ctx_t *ctx)
{
    struct state *state = state_of_cpu();
    struct dp_flow *flow;
    __u32 index;
    int drop;

    if (!state)
        return ctx_drop_verdict();
    if (++state->n_recirc > MAX_RECIRC)
        return finish_drop(state, DP_DROP_RECIRC_LIMIT);
    reparse(ctx, state);
    flow = find_flow(ctx, state, &index, &drop);
    if (!flow)
        return finish_drop(state, drop);
    count_flow(state, index, flow);
    return run_flow(ctx, state, index, flow, list_of(flow, index));
}

/* The port of a device and its flags; DP_NO_PORT: it is none. */
static __always_inline __u32
port_of(__u32 ifindex, __u16 *flags)
{
    __u32 low = ifindex & (DP_IFINDEX_SLOTS - 1), *number, port_no;
    const struct dp_ifindex_slot *slot = bpf_map_lookup_elem(&ifindex_ports, &low);
    const struct dp_port *port;

    if (slot && slot->ifindex == ifindex) {
        *flags = slot->flags;
        return slot->port_no;
    }
    number = bpf_map_lookup_elem(&ifindex_clashes, &ifindex);
    port_no = number ? *number : DP_NO_PORT;
    port = bpf_map_lookup_elem(&ports, &port_no);
    *flags = port ? port->flags : 0;
    return port_no;
}

/* A frame that no flow will see. */
static __always_inline int
refuse(struct state *state, __u32 drop)
{
    count_received(state);
    return finish_drop(state, drop);
}

PROGRAM int
shunt_port(ctx_t *ctx)
{
    struct state *state = state_of_cpu();
    struct dp_flow *flow;
    __u32 port_no, index, list;
    __u16 flags;
    int drop;

    if (!state)
        return ctx_drop_verdict();
    port_no = port_of(ctx_ifindex(ctx), &flags);
    begin(ctx, state, port_no, 0);
    if (port_no == DP_NO_PORT)
        return refuse(state, DP_DROP_NO_PORT);
    if (flags & DP_PORT_NO_RECV)
        return refuse(state, DP_DROP_PORT_NO_RECV);
    flow = find_flow(ctx, state, &index, &drop);
    if (!flow) {
        count_received(state);
        return finish_drop(state, drop);
    }
    list = list_of(flow, index);
#ifdef SHUNT_XDP
    if (flow->flags & DP_FLOW_NEEDS_TC)
        return XDP_PASS;
#endif
    count_received(state);
    count_flow(state, index, flow);
    if (!flow->n_held && flow->single_port != DP_NO_PORT)
        return run_single_output(ctx, state, flow->single_port);
    return run_flow(ctx, state, index, flow, list);
}

/* The list of a record on a packet of user space. */
static __always_inline int
inject_record(ctx_t *ctx, struct state *state, const struct dp_inject *inject)
{
    struct dp_flow *flow = flow_at(inject->flow_index);

    if (!flow)
        return finish_drop(state, DP_DROP_INJECT);
    if (inject->flags & DP_INJECT_COUNT)
        count_flow(state, inject->flow_index, flow);
    return run_flow(ctx, state, inject->flow_index, flow, list_of(flow, inject->flow_index));
}

static __always_inline void
inject_begin(ctx_t *ctx, struct state *state, const struct dp_inject *inject)
{
    begin(ctx, state, inject->in_port, inject->recirc_id);
    state->injected = 1;
    state->totals.n_received++;
}

#ifdef SHUNT_XDP
PROGRAM int
shunt_inject(ctx_t *ctx)
{
    struct state *state = state_of_cpu();
    struct dp_inject inject;

    if (!state || ctx_load(ctx, 0, &inject, sizeof inject) ||
        bpf_xdp_adjust_head(ctx, sizeof inject))
        return XDP_DROP;
    inject_begin(ctx, state, &inject);
    return inject_record(ctx, state, &inject);
}
#endif

#ifdef SHUNT_TC
/* Run by user space in a test run: what is bpf_jiffies64() now? */
PROGRAM int
shunt_clock(ctx_t *ctx)
{
    __u32 zero = 0;
    struct dp_control *answer = bpf_map_lookup_elem(&control, &zero);

    (void)ctx;
    if (answer)
        answer->jiffies = bpf_jiffies64();
    return 0;
}

static __always_inline int
inject_lookup(ctx_t *ctx, struct state *state)
{
    __u32 index;
    int drop;
    struct dp_flow *flow = find_flow(ctx, state, &index, &drop);

    if (!flow)
        return finish_drop(state, drop);
    count_flow(state, index, flow);
    return run_flow(ctx, state, index, flow, list_of(flow, index));
}

PROGRAM int
shunt_inject(ctx_t *ctx)
{
    struct state *state = state_of_cpu();
    __u32 slot = ctx->mark - 1;
    const struct dp_inject *inject = bpf_map_lookup_elem(&injections, &slot);

    if (!state || !inject)
        return TC_ACT_SHOT;
    ctx->mark = 0;
    inject_begin(ctx, state, inject);
    state->by_egress = 1;
    if (inject->flags & DP_INJECT_LOOKUP)
        return inject_lookup(ctx, state);
    return inject_record(ctx, state, inject);
}
#endif

char shunt_license[] SEC("license") = "GPL";
