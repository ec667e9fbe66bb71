/* SPDX-License-Identifier: Apache-2.0 */
/* Groups and their buckets.
 *
 * Model: a group lives from its add to its delete; a modify or bucket command replaces its array
 * of buckets, in which buckets that stay are the same objects and keep their counters. Rules and
 * buckets that name a group are linked to it, so that deleting it deletes those rules, and
 * chains are searched for loops when a group changes.
 *
 * A select group's choice is weighted rendezvous hashing (Thaler and Ravishankar, "Using
 * Name-Based Mappings to Increase Hit Rates", 1998): each bucket gets a score from (hash, bucket
 * id, weight) and the highest live one wins. So a bucket that comes takes its share from all
 * others, and one that goes gives its flows away; no other flow moves.
 *
 * Ownership: the ofproto owns groups, a group owns a reference to each of its buckets; the slow
 * path takes references to both to credit what it saw. Threads: structure under ofproto_lock,
 * counters and references are atomics. Errors: OFPGMFC_* as enum ofperr; a group-mod that fails
 * changes nothing. Not here: what a chosen bucket's actions do (slowpath). */
#ifndef SHUNT_OFPROTO_GROUP_H
#define SHUNT_OFPROTO_GROUP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/hmap.h"
#include "lib/list.h"
#include "ofproto/ofperr.h"

struct ofpact;
struct ofp_bucket;
struct ofp_group_mod;
struct ofproto;

struct bucket {
    _Atomic uint32_t n_refs;
    uint32_t id;
    uint16_t weight;
    uint32_t watch_port;  /* OFPORT_ANY: none. */
    uint32_t watch_group; /* OFGROUP_ANY: none. */
    struct ofpact *ofpacts;
    uint32_t ofpacts_size;
    uint32_t tally; /* Counters (lib/tally.h). */
};

struct bucket *bucket_ref(struct bucket *);
void bucket_unref(struct bucket *);
void bucket_credit(struct bucket *, uint64_t n_packets, uint64_t n_bytes);

struct group {
    struct hmap_node node; /* In ofproto's groups, by id. */
    _Atomic uint32_t n_refs;
    uint32_t id;
    uint8_t type; /* OFPGT_* */
    bool is_deleted;
    int64_t created_ms, modified_ms;
    struct bucket **buckets;
    size_t n_buckets;
    struct ofp_group_props *props; /* Selection method and its fields; NULL: none. */
    struct list uses;              /* struct rule_use: flow entries that name this group. */
    size_t n_uses;
    uint32_t tally;
};

struct group *group_ref(struct group *);
void group_unref(struct group *);
void group_credit(struct group *, uint64_t n_packets, uint64_t n_bytes);

/* The group of this id, or NULL. */
struct group *group_find(const struct ofproto *, uint32_t group_id);

/* Whether a packet can leave by the bucket: watch_port is up and live, or watch_group has a live
 * bucket; a bucket that watches nothing is live. */
bool bucket_is_live(const struct ofproto *, const struct bucket *);

/* Fast failover: the first live bucket, or NULL (drop). */
struct bucket *group_first_live(const struct ofproto *, const struct group *);

/* Select: the live bucket for `hash`, or NULL when none is live or has weight. A bucket's share
 * of all hashes is its share of the live buckets' weights. */
struct bucket *group_select(const struct ofproto *, const struct group *, uint32_t hash);

/* The bucket of this id, or NULL. */
struct bucket *group_bucket(const struct group *, uint32_t bucket_id);

/* Puts what the group's buckets say on the list; returns the memory, to be freed. Bucket's actions
 * stay the group's. */
struct ofp_bucket *group_describe(const struct group *, struct list *buckets);

/* How many flow entries and buckets name the group: ref_count of group statistics. */
uint32_t group_ref_count(const struct ofproto *, const struct group *);

#endif
