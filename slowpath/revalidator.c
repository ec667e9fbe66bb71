/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/revalidator.h"

#include <errno.h>
#include <sys/prctl.h>

#include "slowpath/audit.h"
#include "slowpath/internal.h"

#define LOG_MODULE "revalidator"
#include "lib/log.h"

#define CHUNK 64          /* Ukeys between two unlockings. */
#define CLOCK_MS 500      /* The shortest time between passes by the clock. */
#define CLOCK_MAX_MS 5000 /* And the longest. */
#define CALM_MS 20        /* Between passes by changes that nobody waits for. */
#define MAX_ACTIONS 512
#define MANY_MASKS 32
#define PASS_MS 1000 /* A pass shall not take longer. */
#define MIN_FLOW_LIMIT 1000

struct revalidator {
    struct slowpath *slowpath;
    pthread_t thread;
    int64_t next_clock_ms; /* When the clock asks for a pass. */
    int64_t expire_ms;     /* When learned addresses are due. */
};

/* One pass. */
struct pass {
    struct slowpath *slowpath;
    uint64_t target;
    int64_t now_ms;
    bool by_clock;       /* Credit and age all. */
    bool changed;        /* The datapath: a grace period is due. */
    bool lacks_masks;    /* The last pass by the clock saw that. */
    uint64_t n_narrowed; /* Up to then. */
    struct xlate_out out;
    struct due {
        struct effects *effects;
        struct bridge *bridge;
        uint16_t tcp_flags;
    } due[CHUNK];
    size_t n_due;
    struct dp_action actions[MAX_ACTIONS];
};

/* ---- One megaflow -----------------------------------------------------------------------------*/
static bool
mask_serves(const struct dp_key *installed, const struct flow *wanted)
{
    const __u64 *have = (const __u64 *)installed, *want = flow_words(wanted);

    for (size_t w = 0; w < DP_KEY_WORDS; w++) {
        if (want[w] & ~have[w])
            return false;
    }
    return true;
}

static void
drop(struct pass *pass, struct ukey *ukey)
{
    ukey_remove(&pass->slowpath->ukeys, ukey, pass->slowpath->dp);
    slowpath_count(&pass->slowpath->counters.n_removed);
    pass->changed = true;
}

static void
adjust(struct pass *pass, struct ukey *ukey, size_t n_old)
{
    size_t n;
    const struct dp_action *list = installed_list(&pass->out, &n);

    if (n == n_old && (!n || !memcmp(list, pass->actions, n * sizeof *list)))
        return;
    if (dp_flow_set_actions(pass->slowpath->dp, ukey->index, list, n)) {
        drop(pass, ukey);
        return;
    }
    slowpath_count(&pass->slowpath->counters.n_updated);
    pass->changed = true;
}

/* The key that the megaflow was made of, and the mask and list that are installed. */
static int
read_installed(struct pass *pass, const struct ukey *ukey, struct dp_key *key, struct dp_key *mask,
               size_t *n_actions)
{
    uint64_t ufid;

    return dp_flow_get(pass->slowpath->dp, ukey->index, key, mask, pass->actions, MAX_ACTIONS,
                       n_actions, &ufid);
}

/* Whether the changes since leave the megaflow as it is. */
static bool
is_untouched(struct pass *pass, const struct ukey *ukey)
{
    struct changes *changes = &pass->slowpath->changes;
    struct dp_key key, mask;
    size_t n_actions;

    if (!changes_may_concern(changes, ukey))
        return true;
    return ukey->bridge && !read_installed(pass, ukey, &key, &mask, &n_actions) &&
           !changes_concern(changes, ukey, &key, &mask);
}

static void
translate_again(struct pass *pass, struct ukey *ukey)
{
    struct slowpath *slowpath = pass->slowpath;
    uint64_t seq = slowpath_seq(slowpath);
    struct bridge *bridge;
    struct dp_key key, mask;
    size_t n_actions;

    slowpath_count(&slowpath->counters.n_revalidated);
    if (read_installed(pass, ukey, &key, &mask, &n_actions) ||
        !slowpath_xlate_key(slowpath, &key, &pass->out, &bridge)) {
        drop(pass, ukey);
        return;
    }
    xlate_out_pin(&pass->out);
    if (pass->out.error == XLATE_NO_RECIRC_STATE) {
        drop(pass, ukey);
    } else if (!mask_serves(&mask, &pass->out.wc)) {
        if (!ukey->bridge) /* What a former daemon did not credit is for these. */
            ukey_replace(ukey, bridge, seq, &pass->out);
        drop(pass, ukey);
    } else {
        ukey_credit(ukey, slowpath->dp);
        adjust(pass, ukey, n_actions);
        ukey_replace(ukey, bridge, seq, &pass->out);
    }
    xlate_out_clear(&pass->out, &bridge->xlate);
}

static void
note_effects(struct pass *pass, struct ukey *ukey)
{
    struct due *due = &pass->due[pass->n_due];

    if (!ukey->has_traffic)
        return;
    ukey->has_traffic = false;
    if (!ukey->effects)
        return;
    due->effects = effects_ref(ukey->effects);
    due->bridge = ukey->bridge;
    due->tcp_flags = ukey->tcp_flags;
    ukey->tcp_flags = 0;
    pass->n_due++;
}

static bool
is_idle(const struct pass *pass, const struct ukey *ukey)
{
    const struct slowpath *slowpath = pass->slowpath;

    return ukey->used_ms + ukeys_patience_ms(&slowpath->ukeys, ukey->in_port, slowpath->flow_limit,
                                             slowpath->options.idle_ms) <=
           pass->now_ms;
}

static void
visit(struct pass *pass, struct ukey *ukey)
{
    struct slowpath *slowpath = pass->slowpath;

    if (!ukey->bridge && atomic_load(&slowpath->is_holding))
        return;
    if (pass->by_clock) {
        ukey_credit(ukey, slowpath->dp);
        if (ukey->has_traffic && ukey->seq == pass->target)
            audit_choose(slowpath, ukey);
        note_effects(pass, ukey);
        if (is_idle(pass, ukey) || dp_flow_is_unwanted(slowpath->dp, ukey->index)) {
            slowpath_count(&slowpath->counters.n_expired);
            drop(pass, ukey);
            return;
        }
    }
    if (ukey->seq == pass->target)
        return;
    if (is_untouched(pass, ukey))
        ukey->seq = pass->target;
    else
        translate_again(pass, ukey);
}

/* ---- All megaflows ----------------------------------------------------------------------------*/
static void
visit_chunk(struct pass *pass, uint32_t start)
{
    struct ukeys *ukeys = &pass->slowpath->ukeys;
    uint32_t end = MIN(start + CHUNK, ukeys->max);

    slowpath_count(&pass->slowpath->counters.n_revalidator_steps);
    pthread_rwlock_rdlock(&ofproto_lock);
    pthread_mutex_lock(&ukeys->lock);
    for (uint32_t i = start; i < end; i++) {
        if (ukeys->by_index[i])
            visit(pass, ukeys->by_index[i]);
    }
    pthread_mutex_unlock(&ukeys->lock);
    pthread_rwlock_unlock(&ofproto_lock);
}

static void
apply_due_effects(struct pass *pass)
{
    for (size_t i = 0; i < pass->n_due; i++) {
        struct due *due = &pass->due[i];

        xlate_effects_apply(due->effects->items, due->effects->n, &due->bridge->xlate,
                            due->tcp_flags, pass->now_ms);
        effects_unref(due->effects);
    }
    pass->n_due = 0;
}

/* After a grace period the counters of what was taken out are final. */
void
revalidator_bury(struct slowpath *slowpath)
{
    struct ukeys *ukeys = &slowpath->ukeys;
    struct ukey *ukey, *next;

    pthread_mutex_lock(&ukeys->lock);
    LIST_FOR_EACH (ukey, dying, &ukeys->dying)
        ukey->is_dead = true;
    pthread_mutex_unlock(&ukeys->lock);
    dp_flow_grace(slowpath->dp);
    pthread_mutex_lock(&ukeys->lock);
    LIST_FOR_EACH_SAFE (ukey, next, dying, &ukeys->dying) {
        if (ukey->is_dead)
            ukey_free(ukeys, ukey, slowpath->dp);
    }
    pthread_mutex_unlock(&ukeys->lock);
}

static void
announce(struct slowpath *slowpath, uint64_t conformed)
{
    pthread_mutex_lock(&slowpath->wake_lock);
    slowpath->conformed = conformed;
    pthread_mutex_unlock(&slowpath->wake_lock);
    if (atomic_load(&slowpath->has_barriers))
        slowpath_notify(slowpath);
}

/* Audits, too, take megaflows out. */
static bool
has_dying(struct ukeys *ukeys)
{
    bool has;

    pthread_mutex_lock(&ukeys->lock);
    has = !list_is_empty(&ukeys->dying);
    pthread_mutex_unlock(&ukeys->lock);
    return has;
}

static uint64_t
now_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint32_t
flow_limit_after(uint32_t limit, uint32_t max, uint32_t n_flows, int64_t took_ms)
{
    uint64_t sustained = (uint64_t)n_flows * PASS_MS / (uint64_t)MAX(took_ms, 1);

    if (took_ms > 2 * PASS_MS)
        limit = (uint32_t)(limit * (uint64_t)PASS_MS / (uint64_t)took_ms);
    else if (took_ms > PASS_MS + PASS_MS / 3)
        limit -= limit / 4;
    else if (took_ms < PASS_MS && limit < sustained)
        limit += limit / 4;
    return MIN(max, MAX(limit, MIN_FLOW_LIMIT));
}

static void
adapt_flow_limit(struct slowpath *slowpath, uint32_t n_flows, int64_t took_ms)
{
    uint32_t old = slowpath->flow_limit;
    uint32_t limit = flow_limit_after(old, slowpath->options.flow_limit, n_flows, took_ms);

    slowpath->flow_limit = limit;
    if (limit < old)
        log_info("revalidating %u flows took %lld ms: at most %u flows from now on", n_flows,
                 (long long)took_ms, limit);
}

/* While flows wanted more masks than the budget, an eighth of it goes with each pass, those that
 * are hit least: room for masks that more packets share. */
static void
rank_masks(struct slowpath *slowpath, struct pass *pass)
{
    uint64_t n_narrowed = slowpath->counters.n_narrowed - pass->n_narrowed;

    if (n_narrowed && !pass->lacks_masks)
        log_info("there are %u masks: flows that want others are installed for their own packets "
                 "alone, and the masks that are hit least go",
                 dp_n_masks(slowpath->dp));
    pass->lacks_masks = n_narrowed;
    pass->n_narrowed += n_narrowed;
    dp_masks_rank(slowpath->dp, n_narrowed ? MASK_BUDGET / 8 : 0);
}

static void
run_pass(struct slowpath *slowpath, struct pass *pass, bool by_clock)
{
    uint64_t start_us = now_us(CLOCK_MONOTONIC), start_cpu_us = now_us(CLOCK_THREAD_CPUTIME_ID);
    uint32_t n_flows = slowpath->ukeys.n;
    uint64_t took_us;

    pass->slowpath = slowpath;
    pass->target = slowpath_seq(slowpath);
    pass->now_ms = time_now_ms();
    pass->by_clock = by_clock;
    pass->changed = false;
    for (uint32_t i = 0; i < slowpath->ukeys.max && slowpath->ukeys.n; i += CHUNK) {
        visit_chunk(pass, i);
        apply_due_effects(pass);
    }
    took_us = now_us(CLOCK_MONOTONIC) - start_us;
    atomic_store(&slowpath->counters.last_pass_us, took_us);
    atomic_store(&slowpath->counters.last_pass_cpu_us,
                 now_us(CLOCK_THREAD_CPUTIME_ID) - start_cpu_us);
    if (by_clock)
        rank_masks(slowpath, pass);
    adapt_flow_limit(slowpath, n_flows, (int64_t)took_us / 1000);
    announce(slowpath, pass->target);
    if (pass->changed || has_dying(&slowpath->ukeys))
        revalidator_bury(slowpath);
}

/* ---- The thread -------------------------------------------------------------------------------*/
static struct timespec
timespec_of_ms(int64_t ms)
{
    return (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
}

/* Waits for a change that somebody waits for, for any change for a little while, or the clock.
 * Returns false when the thread shall end. */
static bool
wait_for_work(struct revalidator *revalidator, int64_t calm_until_ms)
{
    struct slowpath *slowpath = revalidator->slowpath;
    struct timespec deadline;
    bool goes_on;

    pthread_mutex_lock(&slowpath->wake_lock);
    while (!slowpath->is_stopping) {
        bool is_behind = slowpath->conformed != slowpath_seq(slowpath);
        int64_t until_ms =
            is_behind ? MIN(calm_until_ms, revalidator->next_clock_ms) : revalidator->next_clock_ms;

        slowpath->is_alert = is_behind;
        if (is_behind && atomic_load(&slowpath->has_barriers))
            break;
        deadline = timespec_of_ms(until_ms);
        if (pthread_cond_timedwait(&slowpath->wake, &slowpath->wake_lock, &deadline) == ETIMEDOUT)
            break;
    }
    slowpath->is_alert = true;
    goes_on = !slowpath->is_stopping;
    pthread_mutex_unlock(&slowpath->wake_lock);
    return goes_on;
}

static void
expire_tables(struct revalidator *revalidator, int64_t now_ms)
{
    struct slowpath *slowpath = revalidator->slowpath;
    struct bridge *bridge;

    ids_expire(slowpath->recircs, now_ms);
    ids_expire(slowpath->cookies, now_ms);
    if (atomic_load(&slowpath->is_holding)) /* Held megaflows do not refresh what they are for. */
        return;
    pthread_rwlock_rdlock(&ofproto_lock);
    LIST_FOR_EACH (bridge, link, &slowpath->bridges)
        mac_table_expire(bridge->xlate.macs, now_ms);
    pthread_rwlock_unlock(&ofproto_lock);
}

/* A third of a hundredth of a core; but many masks are to be tried in their best order soon. */
static int64_t
clock_ms(const struct slowpath *slowpath, int64_t took_ms)
{
    if (dp_n_masks(slowpath->dp) > MANY_MASKS)
        return took_ms + CLOCK_MS;
    return MIN(MAX(CLOCK_MS, 300 * took_ms), CLOCK_MAX_MS);
}

static void *
revalidator_main(void *aux)
{
    struct revalidator *revalidator = aux;
    struct slowpath *slowpath = revalidator->slowpath;
    struct pass *pass = xcalloc(1, sizeof *pass);
    int64_t calm_until_ms = 0;

    prctl(PR_SET_NAME, "revalidator");
    while (wait_for_work(revalidator, calm_until_ms)) {
        int64_t start_ms = time_now_ms(), took_ms;
        bool by_clock = start_ms >= revalidator->next_clock_ms;

        slowpath_count(&slowpath->counters.n_revalidator_steps);
        pthread_mutex_lock(&slowpath->pass_lock);
        run_pass(slowpath, pass, by_clock);
        if (by_clock)
            expire_tables(revalidator, start_ms);
        pthread_mutex_unlock(&slowpath->pass_lock);
        took_ms = time_now_ms() - start_ms;
        calm_until_ms = start_ms + took_ms + MAX(CALM_MS, took_ms);
        if (by_clock)
            revalidator->next_clock_ms = start_ms + clock_ms(slowpath, took_ms);
    }
    xlate_out_destroy(&pass->out, NULL);
    free(pass);
    return NULL;
}

int
revalidator_start(struct slowpath *slowpath, struct revalidator **revalidatorp)
{
    struct revalidator *revalidator = xcalloc(1, sizeof *revalidator);
    int error;

    revalidator->slowpath = slowpath;
    revalidator->next_clock_ms = time_now_ms() + CLOCK_MS;
    error = pthread_create(&revalidator->thread, NULL, revalidator_main, revalidator);
    if (error) {
        log_err("the revalidator's thread does not start: %s", strerror(error));
        free(revalidator);
        return error;
    }
    *revalidatorp = revalidator;
    return 0;
}

void
revalidator_stop(struct revalidator *revalidator)
{
    struct slowpath *slowpath;

    if (!revalidator)
        return;
    slowpath = revalidator->slowpath;
    pthread_mutex_lock(&slowpath->wake_lock);
    slowpath->is_stopping = true;
    pthread_cond_signal(&slowpath->wake);
    pthread_mutex_unlock(&slowpath->wake_lock);
    pthread_join(revalidator->thread, NULL);
    slowpath->is_stopping = false;
    free(revalidator);
}

void
revalidator_remove(struct slowpath *slowpath, const struct bridge *bridge)
{
    struct ukeys *ukeys = &slowpath->ukeys;

    pthread_mutex_lock(&slowpath->pass_lock);
    pthread_mutex_lock(&ukeys->lock);
    for (uint32_t i = 0; i < ukeys->max; i++) {
        struct ukey *ukey = ukeys->by_index[i];

        if (ukey && (!bridge || ukey->bridge == bridge)) {
            ukey_remove(ukeys, ukey, slowpath->dp);
            slowpath_count(&slowpath->counters.n_removed);
        }
    }
    pthread_mutex_unlock(&ukeys->lock);
    revalidator_bury(slowpath);
    pthread_mutex_unlock(&slowpath->pass_lock);
}
