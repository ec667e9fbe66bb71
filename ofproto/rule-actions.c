/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/rule-actions.h"

#include <pthread.h>

#include "lib/hash.h"
#include "ofproto/ofproto-private.h"

static pthread_mutex_t pool_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct hmap pool; /* Made when the first list comes, gone with the last. */
static bool has_pool;

/* The conjunctions of a list, or NULL. */
static struct cls_conjunction_set *
find_conjunctions(const struct ofpact *ofpacts, size_t size)
{
    struct cls_conjunction_set *set;
    const struct ofpact *ofpact;
    size_t n = 0;

    OFPACT_FOR_EACH(ofpact, ofpacts, size)
    n += ofpact->type == OFPACT_CONJUNCTION;
    if (!n)
        return NULL;
    set = xcalloc(1, sizeof *set + n * sizeof set->items[0]);
    OFPACT_FOR_EACH(ofpact, ofpacts, size)
    {
        const struct ofpact_conjunction *conjunction = (const struct ofpact_conjunction *)ofpact;

        if (ofpact->type == OFPACT_CONJUNCTION)
            set->items[set->n++] = (struct cls_conjunction){conjunction->id, conjunction->clause,
                                                            conjunction->n_clauses};
    }
    return set;
}

static int
is_learn(const struct ofpact *ofpact, void *aux)
{
    (void)aux;
    return ofpact->type == OFPACT_LEARN;
}

static struct rule_actions *
pool_find(const struct ofpact *ofpacts, size_t size, uint32_t hash)
{
    struct rule_actions *actions;

    HMAP_FOR_EACH_WITH_HASH (actions, node, hash, &pool) {
        if (actions->size == size && !memcmp(actions->ofpacts, ofpacts, size))
            return actions;
    }
    return NULL;
}

struct rule_actions *
rule_actions_get(const struct ofpact *ofpacts, size_t size)
{
    static const struct ofpact none;
    struct rule_actions *actions;
    uint32_t hash;

    if (!size)
        ofpacts = &none; /* Not NULL, for memcpy() and memcmp(). */
    hash = hash_bytes(ofpacts, size, 0);
    pthread_mutex_lock(&pool_mutex);
    if (!has_pool) {
        hmap_init(&pool);
        has_pool = true;
    }
    actions = pool_find(ofpacts, size, hash);
    if (!actions) {
        actions = xcalloc(1, sizeof *actions + size);
        actions->size = (uint32_t)size;
        memcpy(actions->ofpacts, ofpacts, size);
        actions->conjunctions = find_conjunctions(ofpacts, size);
        actions->has_learn = ofpacts_walk(ofpacts, size, is_learn, NULL);
        egress_describe(actions);
        hmap_insert(&pool, &actions->node, hash);
    }
    actions->n_refs++;
    pthread_mutex_unlock(&pool_mutex);
    return actions;
}

struct rule_actions *
rule_actions_ref(struct rule_actions *actions)
{
    pthread_mutex_lock(&pool_mutex);
    actions->n_refs++;
    pthread_mutex_unlock(&pool_mutex);
    return actions;
}

void
rule_actions_unref(struct rule_actions *actions)
{
    pthread_mutex_lock(&pool_mutex);
    if (!--actions->n_refs) {
        hmap_remove(&pool, &actions->node);
        free(actions->conjunctions);
        free(actions);
        if (!pool.n) {
            hmap_destroy(&pool);
            has_pool = false;
        }
    }
    pthread_mutex_unlock(&pool_mutex);
}
