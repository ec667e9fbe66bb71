/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/openflow.h"

#include "lib/tally.h"
#include "ofproto/ofproto-private.h"

#include <math.h>

#define MAX_WATCH_DEPTH 16 /* Of groups that watch groups. */

/* ---- References and counters ---------------------------------------------------------------- */
struct bucket *
bucket_ref(struct bucket *bucket)
{
    atomic_fetch_add_explicit(&bucket->n_refs, 1, memory_order_relaxed);
    return bucket;
}

void
bucket_unref(struct bucket *bucket)
{
    if (bucket && atomic_fetch_sub_explicit(&bucket->n_refs, 1, memory_order_acq_rel) == 1) {
        tally_free(bucket->tally);
        free(bucket->ofpacts);
        free(bucket);
    }
}

void
bucket_credit(struct bucket *bucket, uint64_t n_packets, uint64_t n_bytes)
{
    tally_add(bucket->tally, n_packets, n_bytes);
}

struct group *
group_ref(struct group *group)
{
    atomic_fetch_add_explicit(&group->n_refs, 1, memory_order_relaxed);
    return group;
}

void
group_unref(struct group *group)
{
    struct group_contents contents;

    if (!group || atomic_fetch_sub_explicit(&group->n_refs, 1, memory_order_acq_rel) != 1)
        return;
    contents = (struct group_contents){
        .buckets = group->buckets, .n_buckets = group->n_buckets, .props = group->props};
    group_contents_destroy(&contents);
    tally_free(group->tally);
    free(group);
}

void
group_credit(struct group *group, uint64_t n_packets, uint64_t n_bytes)
{
    tally_add(group->tally, n_packets, n_bytes);
}

struct group *
group_find(const struct ofproto *ofproto, uint32_t group_id)
{
    struct group *group;

    HMAP_FOR_EACH_WITH_HASH (group, node, hash_u64(group_id, 0), &ofproto->groups) {
        if (group->id == group_id)
            return group;
    }
    return NULL;
}

/* ---- Contents ------------------------------------------------------------------------------- */
void
group_swap_contents(struct group *group, struct group_contents *contents)
{
    struct group_contents old = {group->type, group->buckets, group->n_buckets, group->props,
                                 group->modified_ms};

    group->type = contents->type;
    group->buckets = contents->buckets;
    group->n_buckets = contents->n_buckets;
    group->props = contents->props;
    group->modified_ms = contents->modified_ms;
    *contents = old;
}

void
group_contents_destroy(struct group_contents *contents)
{
    for (size_t i = 0; i < contents->n_buckets; i++)
        bucket_unref(contents->buckets[i]);
    free(contents->buckets);
    free(contents->props);
}

void
group_install(struct ofproto *ofproto, struct group *group)
{
    hmap_insert(&ofproto->groups, &group->node, hash_u64(group->id, 0));
}

void
group_uninstall(struct ofproto *ofproto, struct group *group)
{
    hmap_remove(&ofproto->groups, &group->node);
}

/* ---- Liveness ------------------------------------------------------------------------------- */
static bool
is_live(const struct ofproto *ofproto, const struct bucket *bucket, unsigned int depth)
{
    const struct ofport *port;
    const struct group *group;

    if (bucket->watch_port == OFPORT_ANY && bucket->watch_group == OFGROUP_ANY)
        return true;
    port = ofproto_port(ofproto, bucket->watch_port);
    if (port && port->is_live)
        return true;
    group = group_find(ofproto, bucket->watch_group);
    for (size_t i = 0; group && depth < MAX_WATCH_DEPTH && i < group->n_buckets; i++) {
        if (is_live(ofproto, group->buckets[i], depth + 1))
            return true;
    }
    return false;
}

bool
bucket_is_live(const struct ofproto *ofproto, const struct bucket *bucket)
{
    return is_live(ofproto, bucket, 0);
}

/* ---- Choice --------------------------------------------------------------------------------- */
struct bucket *
group_first_live(const struct ofproto *ofproto, const struct group *group)
{
    for (size_t i = 0; i < group->n_buckets; i++) {
        if (bucket_is_live(ofproto, group->buckets[i]))
            return group->buckets[i];
    }
    return NULL;
}

/* With u uniform in (0, 1), -ln(u) / weight is exponential with rate `weight`, and the smallest
 * of several such is bucket i's with probability weight_i / sum of weights. */
static double
bucket_score(const struct bucket *bucket, uint32_t hash)
{
    uint64_t mixed = hash_fold(hash_fold(hash, bucket->id), UINT64_C(0x9e3779b97f4a7c15));
    double u = ((double)(mixed >> 12) + 0.5) / (double)(UINT64_C(1) << 52);

    return -log(u) / bucket->weight;
}

struct bucket *
group_select(const struct ofproto *ofproto, const struct group *group, uint32_t hash)
{
    struct bucket *best = NULL;
    double best_score = 0;

    for (size_t i = 0; i < group->n_buckets; i++) {
        struct bucket *bucket = group->buckets[i];
        double score;

        if (!bucket->weight || !bucket_is_live(ofproto, bucket))
            continue;
        score = bucket_score(bucket, hash);
        if (!best || score < best_score) {
            best = bucket;
            best_score = score;
        }
    }
    return best;
}

struct bucket *
group_bucket(const struct group *group, uint32_t bucket_id)
{
    for (size_t i = 0; i < group->n_buckets; i++) {
        if (group->buckets[i]->id == bucket_id)
            return group->buckets[i];
    }
    return NULL;
}

struct ofp_bucket *
group_describe(const struct group *group, struct list *list)
{
    struct ofp_bucket *buckets = xcalloc(group->n_buckets, sizeof *buckets);

    list_init(list);
    for (size_t i = 0; i < group->n_buckets; i++) {
        const struct bucket *bucket = group->buckets[i];

        buckets[i] = (struct ofp_bucket){
            .weight = bucket->weight,
            .watch_port = bucket->watch_port,
            .watch_group = bucket->watch_group,
            .bucket_id = bucket->id,
            .ofpacts = bucket->ofpacts,
            .ofpacts_size = bucket->ofpacts_size,
        };
        list_push_back(list, &buckets[i].node);
    }
    return buckets;
}

uint32_t
group_ref_count(const struct ofproto *ofproto, const struct group *group)
{
    size_t n = group->n_uses;
    const struct group *other;

    HMAP_FOR_EACH (other, node, &ofproto->groups) {
        for (size_t i = 0; i < other->n_buckets; i++) {
            const struct bucket *bucket = other->buckets[i];

            n += ofpacts_output_to_group(bucket->ofpacts, bucket->ofpacts_size, group->id);
        }
    }
    return (uint32_t)n;
}
