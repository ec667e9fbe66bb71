/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/upcall.h"

#include <arpa/inet.h>
#include <errno.h>

#include "slowpath/audit.h"
#include "slowpath/handler.h"
#include "slowpath/internal.h"

/* ---- Reading ----------------------------------------------------------------------------------*/
static void
keep(struct handler *handler, const struct dp_upcall *header, const uint8_t *packet)
{
    struct upcall *upcall = &handler->upcalls[handler->n_upcalls++];

    upcall->header = *header;
    upcall->packet_at = handler->packets.size;
    buf_put(&handler->packets, packet, header->cap_size);
}

static void
on_upcall(void *aux, const struct dp_upcall *header, const uint8_t *packet)
{
    struct handler *handler = aux;
    struct slowpath_counters *counters = &handler->slowpath->counters;

    slowpath_count(&counters->n_upcalls);
    switch ((enum dp_upcall_reason)header->reason) {
    case DP_UPCALL_MISS:
        slowpath_count(&counters->n_misses);
        keep(handler, header, packet);
        break;
    case DP_UPCALL_SLOW:
        slowpath_count(&counters->n_slow);
        keep(handler, header, packet);
        break;
    case DP_UPCALL_HELD:
    case DP_UPCALL_LARGE:
        slowpath_count(&counters->n_held);
        keep(handler, header, packet);
        break;
    case DP_UPCALL_AUDIT:
        audit_packet(handler->slowpath, header);
        break;
    case DP_UPCALL_ACTION:
        slowpath_count(&counters->n_actions);
        mailbox_post(handler->slowpath, header, packet);
        break;
    case DP_UPCALL_TTL:
        slowpath_count(&counters->n_ttl);
        mailbox_post(handler->slowpath, header, packet);
        break;
    }
}

/* ---- Translating ------------------------------------------------------------------------------*/
static struct work *
find_work(struct handler *handler, const struct dp_key *key, uint32_t hash)
{
    for (uint32_t i = 0; i < handler->n_works; i++) {
        struct work *work = &handler->works[i];

        if (handler->hashes[i] == hash && !memcmp(&work->key, key, sizeof *key))
            return work;
    }
    return NULL;
}

static void
translate(struct slowpath *slowpath, struct work *work)
{
    work->seq = slowpath_seq(slowpath);
    if (slowpath_xlate_key(slowpath, &work->key, &work->out, &work->bridge))
        xlate_out_pin(&work->out);
    else
        work->bridge = NULL;
}

static struct work *
add_work(struct handler *handler, const struct dp_key *key, uint32_t hash)
{
    struct work *work = &handler->works[handler->n_works];

    work->key = *key;
    handler->hashes[handler->n_works++] = hash;
    work->held_ufid = 0;
    work->n_missed = 0;
    work->n_missed_bytes = 0;
    translate(handler->slowpath, work);
    return work;
}

static void
translate_batch(struct handler *handler)
{
    pthread_rwlock_rdlock(&ofproto_lock);
    atomic_store(&handler->busy, slowpath_seq(handler->slowpath));
    for (uint32_t i = 0; i < handler->n_upcalls; i++) {
        struct upcall *upcall = &handler->upcalls[i];
        const struct dp_key *key = &upcall->header.key;
        uint32_t hash = hash_bytes(key, sizeof *key, 0);
        struct work *work = find_work(handler, key, hash);

        if (!work)
            work = add_work(handler, key, hash);
        upcall->work = (uint32_t)(work - handler->works);
        if (upcall->header.reason == DP_UPCALL_MISS) {
            work->n_missed++;
            work->n_missed_bytes += upcall->header.pkt_size;
        }
    }
    pthread_rwlock_unlock(&ofproto_lock);
}

/* One packet's learning decides what is left for the next one's. */
static void
refresh_result_of_learning(struct slowpath *slowpath, struct work *work)
{
    if (!work->bridge || !work->out.asks_to_learn || work->seq == slowpath_seq(slowpath))
        return;
    pthread_rwlock_rdlock(&ofproto_lock);
    xlate_out_clear(&work->out, &work->bridge->xlate);
    translate(slowpath, work);
    pthread_rwlock_unlock(&ofproto_lock);
}

/* Who answers a packet shall find what was learned from it: so before it is sent on. */
static void
apply_effects(struct handler *handler, int64_t now_ms)
{
    for (uint32_t i = 0; i < handler->n_works; i++) {
        struct work *work = &handler->works[i];

        refresh_result_of_learning(handler->slowpath, work);
        if (work->bridge)
            xlate_effects_apply(work->out.effects, work->out.n_effects, &work->bridge->xlate,
                                ntohs(work->key.tcp_flags), now_ms);
    }
}

/* ---- Sending on -------------------------------------------------------------------------------*/
static void
execute_batch(struct handler *handler)
{
    for (uint32_t i = 0; i < handler->n_upcalls; i++) {
        const struct upcall *upcall = &handler->upcalls[i];
        const struct work *work = &handler->works[upcall->work];
        struct dp_packet packet = {(const uint8_t *)handler->packets.data + upcall->packet_at,
                                   upcall->header.cap_size, upcall->header.gso_size};

        if (work->bridge)
            slowpath_execute(handler->slowpath, handler->executor, &packet, work->key.in_port,
                             work->key.recirc_id, &work->out);
        if (upcall->header.reason == DP_UPCALL_HELD || upcall->header.reason == DP_UPCALL_LARGE)
            dp_flow_unhold(handler->slowpath->dp, upcall->header.flow_index, upcall->header.cookie);
    }
}

/* ---- Installing -------------------------------------------------------------------------------*/
static const struct dp_action slow_list[] = {
    {.kind = DP_ACTION_USERSPACE, .arg16 = DP_UPCALL_SLOW, .arg32 = DP_UPCALL_CAP_MAX}};

const struct dp_action *
installed_list(const struct xlate_out *out, size_t *n_actions)
{
    *n_actions = out->is_slow ? ARRAY_SIZE(slow_list) : out->n_actions;
    return out->is_slow ? slow_list : out->actions;
}

/* Every bit, but for what changes within a connection and was not asked for. */
static void
narrow(const struct dp_key *wanted, struct dp_key *exact)
{
    memset(exact, 0xff, sizeof *exact);
    if (!wanted->ip_ttl)
        exact->ip_ttl = 0;
    if (!wanted->tcp_flags)
        exact->tcp_flags = 0;
}

/* More masks than the budget would slow everybody down. A flow that would add one covers just its
 * packet's own key, which is always right; all such flows have few masks. */
static const struct dp_key *
choose_mask(struct slowpath *slowpath, const struct dp_key *wanted, struct dp_key *exact)
{
    if (dp_mask_fits(slowpath->dp, wanted, MASK_BUDGET))
        return wanted;
    slowpath_count(&slowpath->counters.n_narrowed);
    narrow(wanted, exact);
    return exact;
}

/* A flow whose packets all go up needs no hold: the ring keeps their order. */
static int
put_list(struct dp *dp, struct work *work, const struct dp_key *mask, uint64_t ufid,
         uint32_t *index)
{
    size_t n;
    const struct dp_action *list = installed_list(&work->out, &n);
    int error;

    if (work->out.is_slow)
        return dp_flow_put(dp, &work->key, mask, list, n, ufid, index);
    error = dp_flow_put_held(dp, &work->key, mask, list, n, ufid, index);
    if (!error) {
        work->held_ufid = ufid;
        work->index = *index;
    }
    return error;
}

static int
put(struct slowpath *slowpath, struct work *work, uint32_t *index)
{
    struct dp_key exact;
    const struct dp_key *mask = choose_mask(slowpath, &work->out.wc.key, &exact);

    return put_list(slowpath->dp, work, mask, slowpath->ukeys.next_ufid++, index);
}

/* While adopted megaflows are held nothing is put beside them: what tables say that are not filled
 * again could cover them. */
static bool
is_installable(const struct slowpath *slowpath, const struct work *work)
{
    return !atomic_load(&slowpath->is_holding) && work->bridge &&
           work->out.error != XLATE_NO_RECIRC_STATE && work->out.error != XLATE_NO_IN_PORT;
}

static void
install_locked(struct slowpath *slowpath, struct work *work, int64_t now_ms)
{
    struct ukeys *ukeys = &slowpath->ukeys;
    uint32_t index;
    int error;

    pthread_mutex_lock(&ukeys->lock);
    if (!ukeys_has_room(ukeys, work->key.in_port, slowpath->flow_limit)) {
        pthread_mutex_unlock(&ukeys->lock);
        slowpath_count(&slowpath->counters.n_no_room);
        return;
    }
    error = put(slowpath, work, &index);
    if (!error)
        ukey_add(ukeys, index, work->key.in_port, work->bridge, work->seq, &work->out, now_ms);
    pthread_mutex_unlock(&ukeys->lock);
    if (!error)
        slowpath_count(&slowpath->counters.n_installed);
    else if (error != EEXIST)
        slowpath_count(&slowpath->counters.n_install_failed);
}

/* The tables may have changed since the batch was translated. */
static void
install(struct slowpath *slowpath, struct work *work, int64_t now_ms)
{
    pthread_rwlock_rdlock(&ofproto_lock);
    if (work->seq != slowpath_seq(slowpath)) {
        slowpath_count(&slowpath->counters.n_stale);
        xlate_out_clear(&work->out, &work->bridge->xlate);
        translate(slowpath, work);
    }
    if (is_installable(slowpath, work))
        install_locked(slowpath, work, now_ms);
    pthread_rwlock_unlock(&ofproto_lock);
}

static void
finish_work(struct slowpath *slowpath, struct work *work, int64_t now_ms)
{
    const struct xlate_bridge *bridge = &work->bridge->xlate;

    xlate_effects_apply(work->out.effects, work->out.n_effects, bridge, ntohs(work->key.tcp_flags),
                        now_ms);
    if (work->n_missed) {
        xlate_refs_credit(work->out.refs, work->out.n_refs, work->n_missed, work->n_missed_bytes,
                          now_ms);
        install(slowpath, work, now_ms);
    }
    xlate_out_clear(&work->out, bridge);
}

/* ---- Holding ----------------------------------------------------------------------------------*/
/* What missed the batch's new megaflows lies in the ring, before the mark: until that is executed
 * they stay held. */
static void
note_holds(struct handler *handler, struct source *source)
{
    struct hold hold = {.position = 0};

    for (uint32_t i = 0; i < handler->n_works; i++) {
        const struct work *work = &handler->works[i];

        if (!work->held_ufid)
            continue;
        if (!hold.position)
            hold.position = dp_upcall_reader_mark(source->reader);
        hold.ufid = work->held_ufid;
        hold.index = work->index;
        buf_put(&source->holds, &hold, sizeof hold);
    }
}

static void
forget_holds(struct buf *holds, size_t size)
{
    memmove(holds->data, (uint8_t *)holds->data + size, holds->size - size);
    holds->size -= size;
}

/* Everything that was read is executed. */
void
give_back_holds(struct slowpath *slowpath, struct source *source, uint64_t position)
{
    const struct hold *holds = (const struct hold *)source->holds.data;
    size_t n = source->holds.size / sizeof *holds, i = source->n_given_back;

    for (; i < n && holds[i].position <= position; i++)
        dp_flow_unhold(slowpath->dp, holds[i].index, holds[i].ufid);
    if (i && i >= n / 2) {
        forget_holds(&source->holds, i * sizeof *holds);
        i = 0;
    }
    source->n_given_back = i;
}

static void
finish_batch(struct handler *handler, struct source *source)
{
    struct slowpath *slowpath = handler->slowpath;
    int64_t now_ms = time_now_ms();

    for (uint32_t i = 0; i < handler->n_works; i++) {
        if (handler->works[i].bridge)
            finish_work(slowpath, &handler->works[i], now_ms);
    }
    note_holds(handler, source);
    handler->n_works = handler->n_upcalls = 0;
    buf_clear(&handler->packets);
    pthread_mutex_lock(&slowpath->idle_lock);
    atomic_store(&handler->busy, 0);
    pthread_cond_signal(&slowpath->idle);
    pthread_mutex_unlock(&slowpath->idle_lock);
    if (atomic_load(&slowpath->has_barriers))
        slowpath_notify(slowpath);
}

size_t
handle_batch(struct handler *handler, struct source *source, size_t max)
{
    size_t n = dp_upcall_read(source->reader, max, on_upcall, handler);

    if (handler->n_upcalls) {
        translate_batch(handler);
        apply_effects(handler, time_now_ms());
        execute_batch(handler);
        finish_batch(handler, source);
    }
    give_back_holds(handler->slowpath, source, dp_upcall_reader_position(source->reader));
    return n;
}
