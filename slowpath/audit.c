/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/audit.h"

#include "actions/actions.h"
#include "slowpath/internal.h"

#define LOG_MODULE "audit"
#include "lib/log.h"

#define CHOSEN_A_PASS 64
#define MAX_ACTIONS 512

/* A megaflow as it is installed, and what the tables say of a packet that it got. */
struct audit {
    struct slowpath *slowpath;
    const struct dp_key *packet;
    struct dp_key key, mask;
    struct dp_action actions[MAX_ACTIONS];
    size_t n_actions;
    struct xlate_out out;
};

/* ---- Choosing ---------------------------------------------------------------------------------*/
void
audit_choose(struct slowpath *slowpath, const struct ukey *ukey)
{
    uint32_t gap = (uint32_t)(slowpath->ukeys.n / CHOSEN_A_PASS); /* On average. */

    if (++slowpath->n_unaudited <= MIN(slowpath->audit_gap, 2 * gap))
        return;
    slowpath->n_unaudited = 0;
    slowpath->audit_gap = (uint32_t)random() % (2 * gap + 1);
    dp_flow_audit(slowpath->dp, ukey->index);
}

/* ---- Judging ----------------------------------------------------------------------------------*/
static bool
is_same_list(const struct audit *audit)
{
    size_t n;
    const struct dp_action *list = installed_list(&audit->out, &n);

    return n == audit->n_actions && (!n || !memcmp(list, audit->actions, n * sizeof *list));
}

/* That the tables look at bits which the mask lacks proves nothing: entries that came later and
 * cannot match make them look further. */
static bool
is_of_megaflow(const struct audit *audit)
{
    const __u64 *packet = (const __u64 *)audit->packet, *key = (const __u64 *)&audit->key;
    const __u64 *mask = (const __u64 *)&audit->mask;

    for (size_t w = 0; w < DP_KEY_WORDS; w++) {
        if ((packet[w] ^ key[w]) & mask[w])
            return false;
    }
    return true;
}

/* Only names and numbers of the packet's key are printed, none of its bytes as they are. */
static void
tell(const struct audit *audit)
{
    struct dp_key has = {0}, masked = audit->key;
    struct buf packet = BUF_INITIALIZER, megaflow = BUF_INITIALIZER;
    size_t n;
    const struct dp_action *list = installed_list(&audit->out, &n);
    char *have = dp_actions_to_string(audit->actions, audit->n_actions, &audit->key);
    char *want = dp_actions_to_string(list, n, audit->packet);

    for (size_t w = 0; w < DP_KEY_WORDS; w++) {
        ((__u64 *)&has)[w] = ((const __u64 *)audit->packet)[w] ? UINT64_MAX : 0;
        ((__u64 *)&masked)[w] &= ((const __u64 *)&audit->mask)[w];
    }
    megaflow_format(audit->packet, &has, &packet);
    megaflow_format(&masked, &audit->mask, &megaflow);
    log_err("the fast path did not do what the tables say: packet %s met megaflow %s, which does "
            "%s, but it should %s; the megaflow is removed",
            buf_text(&packet), buf_text(&megaflow), have, want);
    free(have);
    free(want);
    buf_destroy(&packet);
    buf_destroy(&megaflow);
}

static void
condemn(struct audit *audit, struct ukey *ukey)
{
    struct slowpath *slowpath = audit->slowpath;
    uint32_t n_repaired;

    tell(audit);
    slowpath_count(&slowpath->counters.n_audits_failed);
    ukey_remove(&slowpath->ukeys, ukey, slowpath->dp);
    slowpath_count(&slowpath->counters.n_removed);
    n_repaired = dp_repair_masks(slowpath->dp);
    if (n_repaired)
        log_err("%u masks of the fast path were written over from outside; they are as they were",
                n_repaired);
}

/* Whether the megaflow is still the one that the packet met, and as it shall be by now. Tells what
 * is installed. */
static bool
read_megaflow(struct audit *audit, const struct ukey *ukey, const struct dp_upcall *upcall,
              uint64_t seq)
{
    uint64_t ufid;

    return ukey && ukey->bridge && ukey->seq == seq &&
           !dp_flow_get(audit->slowpath->dp, ukey->index, &audit->key, &audit->mask, audit->actions,
                        MAX_ACTIONS, &audit->n_actions, &ufid) &&
           ufid == upcall->cookie && audit->n_actions <= MAX_ACTIONS;
}

/* Locks: ofproto_lock read. */
static void
judge(struct audit *audit, const struct dp_upcall *upcall, uint64_t seq)
{
    struct slowpath *slowpath = audit->slowpath;
    struct ukeys *ukeys = &slowpath->ukeys;
    struct ukey *ukey;

    pthread_mutex_lock(&ukeys->lock);
    ukey = upcall->flow_index < ukeys->max ? ukeys->by_index[upcall->flow_index] : NULL;
    if (seq != slowpath_seq(slowpath) || !read_megaflow(audit, ukey, upcall, seq)) {
        slowpath_count(&slowpath->counters.n_audits_skipped);
    } else {
        slowpath_count(&slowpath->counters.n_audits);
        if (!is_same_list(audit) || !is_of_megaflow(audit))
            condemn(audit, ukey);
    }
    pthread_mutex_unlock(&ukeys->lock);
}

void
audit_packet(struct slowpath *slowpath, const struct dp_upcall *upcall)
{
    struct audit *audit = xmalloc(sizeof *audit);
    struct bridge *bridge;
    uint64_t seq;

    audit->slowpath = slowpath;
    audit->packet = &upcall->key;
    xlate_out_init(&audit->out);
    pthread_rwlock_rdlock(&ofproto_lock);
    seq = slowpath_seq(slowpath);
    if (slowpath_xlate_key(slowpath, &upcall->key, &audit->out, &bridge)) {
        xlate_out_pin(&audit->out);
        judge(audit, upcall, seq);
        xlate_out_clear(&audit->out, &bridge->xlate);
    }
    pthread_rwlock_unlock(&ofproto_lock);
    xlate_out_destroy(&audit->out, NULL);
    free(audit);
}
