/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator sees: megaflows, learned addresses, traces, counters. */
#include <errno.h>
#include <inttypes.h>

#include "actions/actions.h"
#include "ofproto/match.h"
#include "datapath/parse.h"
#include "slowpath/internal.h"

#define MAX_ACTIONS 512

static void
format_actions(const struct dp_action *actions, size_t n, const struct dp_key *key, struct buf *out)
{
    char *text = dp_actions_to_string(actions, n, key);

    buf_puts(out, text);
    free(text);
}

/* ---- Megaflows --------------------------------------------------------------------------------*/
static const char *
flags_text(uint64_t tcp_flags, char text[13])
{
    static const char letters[] = "FSRP.UECN";
    char *p = text;

    for (int i = 0; letters[i]; i++) {
        if (tcp_flags >> i & 1)
            *p++ = letters[i];
    }
    *p = '\0';
    return text;
}

static void
format_stats(const struct slowpath *slowpath, uint32_t index, int64_t now_ms, struct buf *out)
{
    struct dp_flow_stats stats;
    char flags[13];

    dp_flow_stats(slowpath->dp, index, &stats);
    buf_printf(out, ", packets:%" PRIu64 ", bytes:%" PRIu64 ", used:", (uint64_t)stats.n_packets,
               (uint64_t)stats.n_bytes);
    if (stats.n_packets) {
        int64_t age_ms = MAX(now_ms - dp_jiffies_to_ms(slowpath->dp, stats.used_jiffies), 0);

        buf_printf(out, "%" PRId64 ".%03ds", age_ms / 1000, (int)(age_ms % 1000));
    } else {
        buf_puts(out, "never");
    }
    if (stats.tcp_flags)
        buf_printf(out, ", flags:%s", flags_text(stats.tcp_flags, flags));
}

static void
format_flow(const struct slowpath *slowpath, const struct ukey *ukey, int64_t now_ms,
            struct buf *out)
{
    struct dp_action actions[MAX_ACTIONS];
    struct dp_key key, mask;
    uint64_t ufid;
    size_t n;

    if (dp_flow_get(slowpath->dp, ukey->index, &key, &mask, actions, MAX_ACTIONS, &n, &ufid))
        return;
    for (size_t w = 0; w < DP_KEY_WORDS; w++)
        ((__u64 *)&key)[w] &= ((const __u64 *)&mask)[w];
    megaflow_format(&key, &mask, out);
    format_stats(slowpath, ukey->index, now_ms, out);
    buf_puts(out, ", actions:");
    format_actions(actions, MIN(n, MAX_ACTIONS), &key, out);
    buf_putc(out, '\n');
}

void
slowpath_dump_flows(struct slowpath *slowpath, const struct ofproto *ofproto, struct buf *out)
{
    struct ukeys *ukeys = &slowpath->ukeys;
    int64_t now_ms = time_now_ms();

    pthread_mutex_lock(&ukeys->lock);
    for (uint32_t i = 0; i < ukeys->max; i++) {
        const struct ukey *ukey = ukeys->by_index[i];

        if (ukey && (!ofproto || (ukey->bridge && ukey->bridge->xlate.ofproto == ofproto)))
            format_flow(slowpath, ukey, now_ms, out);
    }
    pthread_mutex_unlock(&ukeys->lock);
}

void
slowpath_del_flows(struct slowpath *slowpath)
{
    revalidator_remove(slowpath, NULL);
}

/* ---- Learned addresses ------------------------------------------------------------------------*/
void
slowpath_fdb_show(struct slowpath *slowpath, const struct ofproto *ofproto, struct buf *out)
{
    struct bridge *bridge = bridge_of_ofproto(slowpath, ofproto);

    if (bridge)
        mac_table_format(bridge->xlate.macs, time_now_ms(), out);
}

uint32_t
slowpath_fdb_flush(struct slowpath *slowpath, const struct ofproto *ofproto)
{
    struct bridge *bridge = bridge_of_ofproto(slowpath, ofproto);

    return bridge ? mac_table_flush(bridge->xlate.macs, OFPORT_ANY) : 0;
}

static bool
has_port(void *ofproto, uint32_t number)
{
    return ofproto_port(ofproto, number);
}

int
slowpath_fdb_keep(struct slowpath *slowpath, struct ofproto *ofproto, const char *path)
{
    struct bridge *bridge = bridge_of_ofproto(slowpath, ofproto);
    int error;

    if (!bridge)
        return ENODEV;
    pthread_rwlock_rdlock(&ofproto_lock);
    error = mac_table_keep(bridge->xlate.macs, path, has_port, ofproto, time_now_ms());
    pthread_rwlock_unlock(&ofproto_lock);
    return error;
}

/* ---- Trace ------------------------------------------------------------------------------------*/
/* Each bit of the packet, as a match. */
static void
format_whole_flow(const struct flow *flow, struct buf *out)
{
    struct match match = {.flow = *flow};

    for (size_t i = 0; i < N_FIELDS; i++) {
        const struct field *field = field_from_id((enum field_id)i);

        if (field_get(field, flow) && field_prereq_ok_flow(field, flow))
            field_unwildcard(field, &match.mask);
    }
    match_format(&match, NULL, -1, out);
}

static void
format_result(const struct xlate_in *in, const struct xlate_out *out, struct buf *text)
{
    const __u64 *flow = flow_words(&in->flow), *mask = flow_words(&out->wc);
    struct dp_key masked;
    __u64 *words = (__u64 *)&masked;

    for (size_t w = 0; w < DP_KEY_WORDS; w++)
        words[w] = flow[w] & mask[w];
    buf_puts(text, "\nMegaflow: ");
    megaflow_format(&masked, &out->wc.key, text);
    buf_puts(text, "\nDatapath actions: ");
    format_actions(out->actions, out->n_actions, &in->flow.key, text);
    if (out->error)
        buf_printf(text, "\nTranslation failed (%s), packet is dropped.",
                   xlate_strerror(out->error));
    else if (out->is_slow)
        buf_puts(text, "\nThis flow is handled by the userspace slow path.");
    buf_putc(text, '\n');
}

void
slowpath_trace(struct slowpath *slowpath, struct ofproto *ofproto, const struct flow *flow,
               const uint8_t *packet, size_t size, struct buf *text)
{
    struct bridge *bridge = bridge_of_ofproto(slowpath, ofproto);
    struct xlate_in in = {.flow = *flow, .trace = text};
    struct xlate_out out;
    const struct ofport *port;

    if (!bridge)
        return;
    in.bridge = &bridge->xlate;
    if (packet)
        dp_parse(packet, size, &in.flow.key);
    else
        xlate_flow_complete(&in.flow);
    port = ofproto_port(ofproto, flow->in_port);
    in.flow.key.in_port = port ? port->dp_port : DP_NO_PORT;
    in.flow.in_phy_port = flow->in_port;
    in.flow.actset_output = OFPORT_UNSET;
    buf_puts(text, "Flow: ");
    format_whole_flow(&in.flow, text);
    buf_printf(text, "\n\nbridge(\"%s\")\n", ofproto->name);
    xlate_out_init(&out);
    pthread_rwlock_rdlock(&ofproto_lock);
    xlate(&in, &out);
    format_result(&in, &out, text);
    pthread_rwlock_unlock(&ofproto_lock);
    xlate_out_destroy(&out, &bridge->xlate);
}

/* ---- Counters ---------------------------------------------------------------------------------*/
void
slowpath_get_stats(struct slowpath *slowpath, struct slowpath_stats *stats)
{
    struct slowpath_counters *counters = &slowpath->counters;

#define COPY(NAME) stats->NAME = atomic_load(&counters->NAME)
    COPY(n_upcalls);
    COPY(n_misses);
    COPY(n_slow);
    COPY(n_actions);
    COPY(n_ttl);
    COPY(n_held);
    COPY(n_installed);
    COPY(n_no_room);
    COPY(n_install_failed);
    COPY(n_stale);
    COPY(n_narrowed);
    COPY(n_revalidated);
    COPY(n_updated);
    COPY(n_removed);
    COPY(n_expired);
    COPY(n_audits);
    COPY(n_audits_skipped);
    COPY(n_audits_failed);
    COPY(n_packet_ins);
    COPY(n_packet_ins_lost);
    COPY(n_executed);
    COPY(n_execute_failed);
    COPY(n_revalidator_steps);
    COPY(last_pass_us);
    COPY(last_pass_cpu_us);
#undef COPY
    stats->n_flows = slowpath->ukeys.n;
    stats->flow_limit = slowpath->flow_limit;
}
