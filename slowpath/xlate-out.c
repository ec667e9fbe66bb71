/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a result, and its consequences. */
#include "slowpath/xlate-private.h"

void
xlate_out_init(struct xlate_out *out)
{
    memset(out, 0, sizeof *out);
}

void
xlate_ids_release(const struct xlate_id *ids, size_t n_ids, const struct xlate_bridge *bridge)
{
    int64_t now_ms = time_now_ms();

    for (size_t i = 0; i < n_ids; i++)
        ids_unref(ids[i].is_recirc ? bridge->recircs : bridge->cookies, ids[i].id, now_ms);
}

void
xlate_out_clear(struct xlate_out *out, const struct xlate_bridge *bridge)
{
    xlate_effects_free(out->effects, out->n_effects);
    if (out->is_pinned)
        xlate_refs_unpin(out->refs, out->n_refs);
    if (out->n_ids)
        xlate_ids_release(out->ids, out->n_ids, bridge);
    out->n_actions = out->n_refs = out->n_effects = out->n_ids = 0;
    out->is_pinned = false;
}

void
xlate_out_destroy(struct xlate_out *out, const struct xlate_bridge *bridge)
{
    xlate_out_clear(out, bridge);
    free(out->actions);
    free(out->refs);
    free(out->effects);
    free(out->ids);
    memset(out, 0, sizeof *out);
}

void
xlate_out_pin(struct xlate_out *out)
{
    xlate_refs_pin(out->refs, out->n_refs);
    out->is_pinned = true;
}

/* ---- References -------------------------------------------------------------------------------*/
void
xlate_refs_pin(const struct xlate_ref *refs, size_t n_refs)
{
    for (const struct xlate_ref *ref = refs; ref < refs + n_refs; ref++) {
        switch (ref->kind) {
        case XLATE_RULE:
            rule_pin(ref->rule);
            break;
        case XLATE_GROUP:
            group_ref(ref->group);
            break;
        case XLATE_BUCKET:
            bucket_ref(ref->bucket);
            break;
        case XLATE_TABLE_HIT:
        case XLATE_TABLE_MISS:
            break;
        }
    }
}

void
xlate_refs_unpin(const struct xlate_ref *refs, size_t n_refs)
{
    for (const struct xlate_ref *ref = refs; ref < refs + n_refs; ref++) {
        switch (ref->kind) {
        case XLATE_RULE:
            rule_unpin(ref->rule);
            break;
        case XLATE_GROUP:
            group_unref(ref->group);
            break;
        case XLATE_BUCKET:
            bucket_unref(ref->bucket);
            break;
        case XLATE_TABLE_HIT:
        case XLATE_TABLE_MISS:
            break;
        }
    }
}

void
xlate_refs_credit(const struct xlate_ref *refs, size_t n_refs, uint64_t n_packets, uint64_t n_bytes,
                  int64_t used_ms)
{
    for (const struct xlate_ref *ref = refs; ref < refs + n_refs; ref++) {
        switch (ref->kind) {
        case XLATE_RULE:
            rule_credit(ref->rule, n_packets, n_bytes, used_ms);
            break;
        case XLATE_TABLE_HIT:
            table_credit(ref->table, n_packets, n_packets);
            break;
        case XLATE_TABLE_MISS:
            table_credit(ref->table, n_packets, 0);
            break;
        case XLATE_GROUP:
            group_credit(ref->group, n_packets, n_bytes);
            break;
        case XLATE_BUCKET:
            bucket_credit(ref->bucket, n_packets, n_bytes);
            break;
        }
    }
}

/* ---- Effects ----------------------------------------------------------------------------------*/
#define TCP_FIN_OR_RST 0x05

static void
apply_effect(const struct xlate_effect *effect, const struct xlate_bridge *bridge,
             uint16_t tcp_flags, int64_t now_ms)
{
    switch (effect->kind) {
    case XLATE_LEARN_MAC:
        mac_table_learn(bridge->macs, effect->mac.vlan, effect->mac.addr, effect->mac.ofport,
                        now_ms);
        break;
    case XLATE_LEARN_FLOW:
        xlate_learned_apply(effect->learned, bridge->ofproto);
        break;
    case XLATE_FIN_TIMEOUT:
        if (tcp_flags & TCP_FIN_OR_RST)
            rule_reduce_timeouts(effect->fin.rule, effect->fin.idle_timeout_s,
                                 effect->fin.hard_timeout_s);
        break;
    }
}

void
xlate_effects_apply(const struct xlate_effect *effects, size_t n_effects,
                    const struct xlate_bridge *bridge, uint16_t tcp_flags, int64_t now_ms)
{
    for (size_t i = 0; i < n_effects; i++)
        apply_effect(&effects[i], bridge, tcp_flags, now_ms);
}

void
xlate_effects_free(const struct xlate_effect *effects, size_t n_effects)
{
    for (size_t i = 0; i < n_effects; i++) {
        if (effects[i].kind == XLATE_LEARN_FLOW)
            xlate_learned_free(effects[i].learned);
    }
}
