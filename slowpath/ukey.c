/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/ukey.h"

#include "slowpath/internal.h"

void
ukeys_init(struct ukeys *ukeys, uint32_t max)
{
    pthread_mutex_init(&ukeys->lock, NULL);
    ukeys->by_index = xcalloc(max, sizeof(struct ukey *));
    ukeys->max = max;
    ukeys->n = ukeys->n_dying = 0;
    ukeys->next_ufid = (uint64_t)time_now_ms() << 24 | 1;
    list_init(&ukeys->dying);
}

void
ukeys_destroy(struct ukeys *ukeys)
{
    free(ukeys->by_index);
    pthread_mutex_destroy(&ukeys->lock);
}

/* ---- Effects ----------------------------------------------------------------------------------*/
struct effects *
effects_ref(struct effects *effects)
{
    if (effects)
        atomic_fetch_add(&effects->n_refs, 1);
    return effects;
}

/* A rule among the effects is held by them: its ukey may be gone when they are applied. */
static void
release_rules(const struct effects *effects)
{
    for (uint32_t i = 0; i < effects->n; i++) {
        if (effects->items[i].kind == XLATE_FIN_TIMEOUT)
            rule_unref(effects->items[i].fin.rule);
    }
}

void
effects_unref(struct effects *effects)
{
    if (!effects || atomic_fetch_sub(&effects->n_refs, 1) > 1)
        return;
    release_rules(effects);
    xlate_effects_free(effects->items, effects->n);
    free(effects);
}

static struct effects *
take_effects(struct xlate_out *out)
{
    struct effects *effects;

    if (!out->n_effects)
        return NULL;
    effects = xmalloc(sizeof *effects + out->n_effects * sizeof effects->items[0]);
    atomic_init(&effects->n_refs, 1);
    effects->n = (uint32_t)out->n_effects;
    memcpy(effects->items, out->effects, out->n_effects * sizeof effects->items[0]);
    for (uint32_t i = 0; i < effects->n; i++) {
        if (effects->items[i].kind == XLATE_FIN_TIMEOUT)
            rule_ref(effects->items[i].fin.rule);
    }
    out->n_effects = 0;
    return effects;
}

/* ---- Contents ---------------------------------------------------------------------------------*/
static void
release(struct ukey *ukey)
{
    xlate_refs_unpin(ukey->refs, ukey->n_refs);
    if (ukey->n_ids)
        xlate_ids_release(ukey->ids, ukey->n_ids, &ukey->bridge->xlate);
    effects_unref(ukey->effects);
    free(ukey->refs);
    free(ukey->ids);
}

void
ukey_replace(struct ukey *ukey, struct bridge *bridge, uint64_t seq, struct xlate_out *out)
{
    release(ukey);
    ukey->bridge = bridge;
    ukey->seq = seq;
    ukey->is_normal = out->is_normal;
    ukey->asks_to_learn = out->asks_to_learn;
    ukey->is_slow = out->is_slow;
    ukey->n_refs = (uint32_t)out->n_refs;
    ukey->refs = xmemdup(out->refs, out->n_refs * sizeof *out->refs);
    ukey->n_ids = (uint32_t)out->n_ids;
    ukey->ids = out->n_ids ? xmemdup(out->ids, out->n_ids * sizeof *out->ids) : NULL;
    ukey->effects = take_effects(out);
    memcpy(ukey->tables, out->tables, sizeof ukey->tables);
    ukey->written = out->written;
    out->n_refs = out->n_ids = 0;
    out->is_pinned = false;
}

struct ukey *
ukey_add(struct ukeys *ukeys, uint32_t index, uint32_t in_port, struct bridge *bridge, uint64_t seq,
         struct xlate_out *out, int64_t now_ms)
{
    struct ukey *ukey = xcalloc(1, sizeof *ukey);

    ukey->index = index;
    ukey->in_port = in_port & (DP_MAX_PORTS - 1);
    ukey->created_ms = ukey->used_ms = now_ms;
    list_init(&ukey->dying);
    if (out)
        ukey_replace(ukey, bridge, seq, out);
    ukeys->by_index[index] = ukey;
    ukeys->n++;
    ukeys->by_port[ukey->in_port]++;
    return ukey;
}

/* ---- Room -------------------------------------------------------------------------------------*/
#define SHARE 8 /* Of what is free, for one port. */

/* What a port may have in all, as `n` are in use. */
static uint64_t
allowance(uint32_t n, uint32_t limit)
{
    return n < limit ? (uint64_t)SHARE * (limit - n) : 0;
}

/* Dying ones have their indices still. */
bool
ukeys_has_room(const struct ukeys *ukeys, uint32_t in_port, uint32_t limit)
{
    return ukeys->by_port[in_port & (DP_MAX_PORTS - 1)] <
           allowance(ukeys->n + ukeys->n_dying, limit);
}

int64_t
ukeys_patience_ms(const struct ukeys *ukeys, uint32_t in_port, uint32_t limit, int64_t idle_ms)
{
    uint64_t n = ukeys->by_port[in_port & (DP_MAX_PORTS - 1)], most = allowance(ukeys->n, limit);

    if (n >= most)
        return MIN(idle_ms, 100);
    if (n >= most - most / 8)
        return MIN(idle_ms, 1000);
    return idle_ms;
}

/* ---- Counters and the end ---------------------------------------------------------------------*/
void
ukey_credit(struct ukey *ukey, struct dp *dp)
{
    struct dp_flow_stats delta;

    if (!ukey->bridge)
        return;
    dp_flow_credit(dp, ukey->index, &delta);
    if (!delta.n_packets)
        return;
    ukey->used_ms = dp_jiffies_to_ms(dp, delta.used_jiffies);
    xlate_refs_credit(ukey->refs, ukey->n_refs, delta.n_packets, delta.n_bytes, ukey->used_ms);
    ukey->tcp_flags |= (uint16_t)delta.tcp_flags;
    ukey->has_traffic = true;
}

void
ukey_remove(struct ukeys *ukeys, struct ukey *ukey, struct dp *dp)
{
    ukey_credit(ukey, dp); /* Whoever is killed before the end loses none of this. */
    dp_flow_retire(dp, ukey->index);
    ukeys->by_index[ukey->index] = NULL;
    ukeys->n--;
    ukeys->by_port[ukey->in_port]--;
    ukeys->n_dying++;
    list_push_back(&ukeys->dying, &ukey->dying);
}

void
ukey_free(struct ukeys *ukeys, struct ukey *ukey, struct dp *dp)
{
    ukey_credit(ukey, dp);
    dp_flow_forget(dp, ukey->index);
    ukeys->n_dying -= !list_is_empty(&ukey->dying);
    list_remove(&ukey->dying);
    release(ukey);
    free(ukey);
}
