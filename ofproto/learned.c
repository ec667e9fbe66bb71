/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/learned.h"

#include "ofproto/openflow.h"

#include "lib/hash.h"
#include "ofproto/ofproto-private.h"

struct learned_cookie {
    struct hmap_node node;
    struct list link; /* In `unused`, or alone. */
    uint64_t cookie;
    uint32_t n;
    uint8_t table_id;
};

void
learned_init(struct learned_cookies *cookies)
{
    hmap_init(&cookies->map);
    list_init(&cookies->unused);
}

static void
forget(struct learned_cookies *cookies, struct learned_cookie *item)
{
    list_remove(&item->link);
    hmap_remove(&cookies->map, &item->node);
    free(item);
}

void
learned_forget_unused(struct learned_cookies *cookies)
{
    struct learned_cookie *item, *next;

    LIST_FOR_EACH_SAFE (item, next, link, &cookies->unused)
        forget(cookies, item);
}

void
learned_destroy(struct learned_cookies *cookies)
{
    learned_forget_unused(cookies);
    hmap_destroy(&cookies->map);
}

/* ---- Counting ------------------------------------------------------------------------------- */
static uint32_t
hash_of(uint8_t table_id, uint64_t cookie)
{
    return hash_bytes(&cookie, sizeof cookie, table_id);
}

static struct learned_cookie *
find(const struct learned_cookies *cookies, uint8_t table_id, uint64_t cookie)
{
    struct learned_cookie *item;

    HMAP_FOR_EACH_WITH_HASH (item, node, hash_of(table_id, cookie), &cookies->map) {
        if (item->table_id == table_id && item->cookie == cookie)
            return item;
    }
    return NULL;
}

static struct learned_cookie *
find_or_add(struct learned_cookies *cookies, uint8_t table_id, uint64_t cookie)
{
    struct learned_cookie *item = find(cookies, table_id, cookie);

    if (item)
        return item;
    item = xcalloc(1, sizeof *item);
    item->table_id = table_id;
    item->cookie = cookie;
    list_init(&item->link);
    hmap_insert(&cookies->map, &item->node, hash_of(table_id, cookie));
    return item;
}

static bool
deletes_learned(const struct ofpact *ofpact)
{
    return ofpact->type == OFPACT_LEARN &&
           ((const struct ofpact_learn *)ofpact)->flags & LEARN_DELETE_LEARNED;
}

static int
use(const struct ofpact *ofpact, void *cookies)
{
    const struct ofpact_learn *learn = (const struct ofpact_learn *)ofpact;
    struct learned_cookie *item;

    if (!deletes_learned(ofpact))
        return 0;
    item = find_or_add(cookies, learn->table_id, learn->cookie);
    if (!item->n++) {
        list_remove(&item->link);
        list_init(&item->link);
    }
    return 0;
}

static int
unuse(const struct ofpact *ofpact, void *cookies_)
{
    const struct ofpact_learn *learn = (const struct ofpact_learn *)ofpact;
    struct learned_cookies *cookies = cookies_;
    struct learned_cookie *item;

    if (!deletes_learned(ofpact))
        return 0;
    item = find(cookies, learn->table_id, learn->cookie);
    if (item && !--item->n)
        list_push_back(&cookies->unused, &item->link);
    return 0;
}

void
learned_use(struct learned_cookies *cookies, const struct rule_actions *actions)
{
    if (actions->has_learn)
        ofpacts_walk(actions->ofpacts, actions->size, use, cookies);
}

void
learned_unuse(struct learned_cookies *cookies, const struct rule_actions *actions)
{
    if (actions->has_learn)
        ofpacts_walk(actions->ofpacts, actions->size, unuse, cookies);
}

/* ---- Removing ------------------------------------------------------------------------------- */
struct orphans {
    const struct learned_cookies *cookies;
    struct buf rules; /* struct rule * */
};

static bool
add_orphan(void *orphans_, struct cls_rule *cls)
{
    struct orphans *orphans = orphans_;
    struct rule *rule = rule_from_cls(cls);
    const struct learned_cookie *item = find(orphans->cookies, rule->table_id, rule->cookie);

    if (item && !item->n && !rule->is_hidden)
        buf_put(&orphans->rules, &rule, sizeof(struct rule *));
    return true;
}

/* However many cookies go, each of their tables is looked through once. */
static void
collect_orphans(const struct ofproto *ofproto, struct orphans *orphans)
{
    static const struct flow all;
    bool is_seen[OFTABLE_MAX + 1] = {false};
    struct learned_cookie *item;

    LIST_FOR_EACH (item, link, &orphans->cookies->unused) {
        if (item->table_id >= ofproto->n_tables || is_seen[item->table_id])
            continue;
        is_seen[item->table_id] = true;
        classifier_visit(&ofproto->tables[item->table_id].cls, &all, &all, add_orphan, orphans);
    }
}

/* What goes may itself have learned. */
void
learned_settle(struct txn *txn)
{
    struct learned_cookies *cookies = &txn->ofproto->learned;

    while (!list_is_empty(&cookies->unused)) {
        struct orphans orphans = {.cookies = cookies, .rules = BUF_INITIALIZER};
        struct rule **rules;

        collect_orphans(txn->ofproto, &orphans);
        learned_forget_unused(cookies);
        rules = (struct rule **)orphans.rules.data;
        for (size_t i = 0; i < orphans.rules.size / sizeof *rules; i++)
            txn_remove_rule(txn, rules[i], OFPRR_DELETE);
        buf_destroy(&orphans.rules);
    }
}
