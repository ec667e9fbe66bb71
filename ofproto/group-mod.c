/* SPDX-License-Identifier: Apache-2.0 */
/* What group-mods do (OpenFlow 1.5, section 7.3.4.3). */
#include "ofproto/openflow.h"

#include "lib/tally.h"
#include "ofproto/ofproto-private.h"

#define MAX_BUCKETS 4091       /* Of one group: its statistics are one message. */
#define MAX_CHAIN_VISITS 65536 /* Of groups while a chain is searched for a loop. */

/* ---- Checks --------------------------------------------------------------------------------- */
static bool
has_watch(const struct ofp_bucket *bucket)
{
    return bucket->watch_port != OFPORT_ANY || bucket->watch_group != OFGROUP_ANY;
}

static enum ofperr
check_bucket(const struct txn *txn, const struct ofp_bucket *bucket, uint8_t type)
{
    if (bucket->weight && type != OFPGT_SELECT)
        return OFPERR_OFPGMFC_INVALID_GROUP;
    if (type == OFPGT_FF && !has_watch(bucket))
        return OFPERR_OFPGMFC_INVALID_GROUP;
    if ((type == OFPGT_ALL || type == OFPGT_INDIRECT) && has_watch(bucket))
        return OFPERR_OFPGMFC_WATCH_UNSUPPORTED;
    if (bucket->bucket_id > OFPG_BUCKET_MAX)
        return OFPERR_OFPGMFC_BAD_BUCKET;
    return check_targets(txn->ofproto, bucket->ofpacts, bucket->ofpacts_size, txn->origin.version);
}

static enum ofperr
check_buckets(const struct txn *txn, const struct ofp_group_mod *gm, uint8_t type)
{
    const struct ofp_bucket *bucket;
    enum ofperr error;

    if (type > OFPGT_FF)
        return OFPERR_OFPGMFC_BAD_TYPE;
    LIST_FOR_EACH (bucket, node, &gm->buckets) {
        error = check_bucket(txn, bucket, type);
        if (error)
            return error;
    }
    return OFPERR_OK;
}

static int
compare_ids(const void *a_, const void *b_)
{
    const uint32_t *a = (const uint32_t *)a_, *b = (const uint32_t *)b_;

    return (*a > *b) - (*a < *b);
}

static bool
has_duplicate_ids(const struct group_contents *contents)
{
    uint32_t *ids = xcalloc(contents->n_buckets, sizeof *ids);
    bool found = false;

    for (size_t i = 0; i < contents->n_buckets; i++)
        ids[i] = contents->buckets[i]->id;
    qsort(ids, contents->n_buckets, sizeof *ids, compare_ids);
    for (size_t i = 1; i < contents->n_buckets; i++)
        found |= ids[i] == ids[i - 1];
    free(ids);
    return found;
}

/* ---- Loops ---------------------------------------------------------------------------------- */
struct loop_search {
    const struct ofproto *ofproto;
    uint32_t group_id; /* Where a loop would close. */
    unsigned int depth, n_visits;
};

static int find_loop_in_buckets(struct loop_search *, struct bucket *const *buckets, size_t n);

static int
find_loop(const struct ofpact *ofpact, void *search_)
{
    struct loop_search *search = search_;
    const struct group *group;
    uint32_t id;
    int error;

    if (ofpact->type != OFPACT_GROUP)
        return 0;
    id = ((const struct ofpact_group *)ofpact)->group_id;
    if (id == search->group_id)
        return OFPERR_OFPGMFC_LOOP;
    group = group_find(search->ofproto, id);
    if (!group)
        return 0;
    if (search->depth >= OFPROTO_MAX_GROUP_DEPTH || ++search->n_visits > MAX_CHAIN_VISITS)
        return OFPERR_OFPGMFC_CHAINING_UNSUPPORTED;
    search->depth++;
    error = find_loop_in_buckets(search, group->buckets, group->n_buckets);
    search->depth--;
    return error;
}

static int
find_loop_in_buckets(struct loop_search *search, struct bucket *const *buckets, size_t n)
{
    int error = 0;

    for (size_t i = 0; i < n && !error; i++)
        error = ofpacts_walk(buckets[i]->ofpacts, buckets[i]->ofpacts_size, find_loop, search);
    return error;
}

#define SMALL_GROUP 8192 /* Its actions are four times as long on the wire at most. */

static bool
has_room(const struct group *group, const struct group_contents *contents)
{
    const struct group as_told = {.buckets = contents->buckets, .n_buckets = contents->n_buckets};
    struct ofp_group_desc desc = {.type = contents->type, .group_id = group->id};
    struct ofp_bucket *buckets;
    size_t size = 0;
    bool fits;

    for (size_t i = 0; i < contents->n_buckets; i++)
        size += contents->buckets[i]->ofpacts_size + sizeof(struct ofp_bucket);
    if (size <= SMALL_GROUP)
        return true;
    buckets = group_describe(&as_told, &desc.buckets);
    if (contents->props)
        desc.props = *contents->props;
    fits = ofp_group_fits(&desc);
    free(buckets);
    return fits;
}

static enum ofperr
check_contents(const struct txn *txn, const struct group *group,
               const struct group_contents *contents)
{
    struct loop_search search = {.ofproto = txn->ofproto, .group_id = group->id};

    if (contents->type == OFPGT_INDIRECT && contents->n_buckets != 1)
        return OFPERR_OFPGMFC_INVALID_GROUP;
    if (contents->n_buckets > MAX_BUCKETS || !has_room(group, contents))
        return OFPERR_OFPGMFC_OUT_OF_BUCKETS;
    if (has_duplicate_ids(contents))
        return OFPERR_OFPGMFC_BUCKET_EXISTS;
    return (enum ofperr)find_loop_in_buckets(&search, contents->buckets, contents->n_buckets);
}

/* ---- New contents --------------------------------------------------------------------------- */
static struct bucket *
bucket_create(const struct ofp_bucket *from)
{
    struct bucket *bucket = xcalloc(1, sizeof *bucket);

    atomic_init(&bucket->n_refs, 1);
    bucket->tally = tally_alloc();
    bucket->id = from->bucket_id;
    bucket->weight = from->weight;
    bucket->watch_port = from->watch_port;
    bucket->watch_group = from->watch_group;
    bucket->ofpacts_size = (uint32_t)from->ofpacts_size;
    if (from->ofpacts_size)
        bucket->ofpacts = xmemdup(from->ofpacts, from->ofpacts_size);
    return bucket;
}

/* Whether translation and statistics could not tell the two apart. */
static bool
is_same_bucket(const struct bucket *bucket, const struct ofp_bucket *from)
{
    return bucket->id == from->bucket_id && bucket->weight == from->weight &&
           bucket->watch_port == from->watch_port && bucket->watch_group == from->watch_group &&
           bucket->ofpacts_size == from->ofpacts_size &&
           (!from->ofpacts_size || !memcmp(bucket->ofpacts, from->ofpacts, from->ofpacts_size));
}

/* A bucket that a modification leaves as it is stays the same object. */
static struct bucket *
bucket_keep_or_create(const struct group *group, const struct ofp_bucket *from)
{
    struct bucket *old = group_bucket(group, from->bucket_id);

    return old && is_same_bucket(old, from) ? bucket_ref(old) : bucket_create(from);
}

static size_t
count_buckets(const struct ofp_group_mod *gm)
{
    const struct ofp_bucket *bucket;
    size_t n = 0;

    LIST_FOR_EACH (bucket, node, &gm->buckets)
        n++;
    return n;
}

static struct ofp_group_props *
copy_props(const struct ofp_group_props *props)
{
    static const struct ofp_group_props none;

    return memcmp(props, &none, sizeof none) ? xmemdup(props, sizeof *props) : NULL;
}

/* Starts with room for the old buckets and those of the message. */
static void
contents_init(struct group_contents *contents, const struct txn *txn, const struct group *group,
              const struct ofp_group_mod *gm)
{
    *contents = (struct group_contents){.type = group->type, .modified_ms = txn->now_ms};
    contents->buckets = xcalloc(group->n_buckets + count_buckets(gm), sizeof *contents->buckets);
}

static void
append_old(struct group_contents *contents, const struct group *group, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        contents->buckets[contents->n_buckets++] = bucket_ref(group->buckets[i]);
}

static void
append_new(struct group_contents *contents, const struct group *group,
           const struct ofp_group_mod *gm)
{
    const struct ofp_bucket *bucket;

    LIST_FOR_EACH (bucket, node, &gm->buckets)
        contents->buckets[contents->n_buckets++] = bucket_keep_or_create(group, bucket);
}

/* Puts checked contents in place of the group's, and notes the change. */
static enum ofperr
set_contents(struct txn *txn, struct group *group, struct group_contents *contents)
{
    enum ofperr error = check_contents(txn, group, contents);
    struct change *change;

    if (error) {
        group_contents_destroy(contents);
        return error;
    }
    group_swap_contents(group, contents);
    change = txn_note(txn, CHANGE_GROUP_MODIFIED);
    change->group = group_ref(group);
    change->old_group = xmemdup(contents, sizeof *contents);
    return OFPERR_OK;
}

/* ---- Commands ------------------------------------------------------------------------------- */
static enum ofperr
replace_buckets(struct txn *txn, struct group *group, const struct ofp_group_mod *gm)
{
    enum ofperr error = check_buckets(txn, gm, gm->type);
    struct group_contents contents;

    if (error)
        return error;
    contents_init(&contents, txn, group, gm);
    contents.type = gm->type;
    contents.props = copy_props(&gm->props);
    append_new(&contents, group, gm);
    return set_contents(txn, group, &contents);
}

static enum ofperr
add_group(struct txn *txn, const struct ofp_group_mod *gm)
{
    struct group *group;

    if (gm->group_id > OFGROUP_MAX)
        return OFPERR_OFPGMFC_INVALID_GROUP;
    if (group_find(txn->ofproto, gm->group_id))
        return OFPERR_OFPGMFC_GROUP_EXISTS;
    if (txn->ofproto->groups.n >= OFPROTO_MAX_GROUPS)
        return OFPERR_OFPGMFC_OUT_OF_GROUPS;
    group = xcalloc(1, sizeof *group);
    atomic_init(&group->n_refs, 1);
    group->tally = tally_alloc();
    group->id = gm->group_id;
    group->created_ms = txn->now_ms;
    list_init(&group->uses);
    group_install(txn->ofproto, group);
    txn_note(txn, CHANGE_GROUP_ADDED)->group = group;
    return replace_buckets(txn, group, gm);
}

static enum ofperr
modify_group(struct txn *txn, const struct ofp_group_mod *gm)
{
    struct group *group = group_find(txn->ofproto, gm->group_id);

    if (gm->group_id > OFGROUP_MAX)
        return OFPERR_OFPGMFC_INVALID_GROUP;
    return group ? replace_buckets(txn, group, gm) : OFPERR_OFPGMFC_UNKNOWN_GROUP;
}

/* Where the buckets of an insert command go. */
static enum ofperr
find_insertion(const struct group *group, uint32_t command_bucket_id, size_t *position)
{
    *position = command_bucket_id == OFPG_BUCKET_LAST ? group->n_buckets : 0;
    if (command_bucket_id == OFPG_BUCKET_FIRST || command_bucket_id == OFPG_BUCKET_LAST)
        return OFPERR_OK;
    for (size_t i = 0; i < group->n_buckets; i++) {
        if (group->buckets[i]->id == command_bucket_id) {
            *position = i + 1;
            return OFPERR_OK;
        }
    }
    return OFPERR_OFPGMFC_UNKNOWN_BUCKET;
}

static enum ofperr
insert_buckets(struct txn *txn, const struct ofp_group_mod *gm)
{
    struct group *group = group_find(txn->ofproto, gm->group_id);
    struct group_contents contents;
    enum ofperr error;
    size_t position;

    if (!group)
        return OFPERR_OFPGMFC_UNKNOWN_GROUP;
    error = find_insertion(group, gm->command_bucket_id, &position);
    if (!error)
        error = check_buckets(txn, gm, group->type);
    if (error)
        return error;
    contents_init(&contents, txn, group, gm);
    contents.props = group->props ? copy_props(group->props) : NULL;
    append_old(&contents, group, 0, position);
    append_new(&contents, group, gm);
    append_old(&contents, group, position, group->n_buckets);
    return set_contents(txn, group, &contents);
}

/* Which buckets [*from, *to) a remove command is about. */
static enum ofperr
find_removal(const struct group *group, uint32_t command_bucket_id, size_t *from, size_t *to)
{
    size_t n = group->n_buckets;

    *from = 0;
    *to = n;
    if (command_bucket_id == OFPG_BUCKET_ALL)
        return OFPERR_OK;
    if (command_bucket_id == OFPG_BUCKET_FIRST) {
        *to = MIN(n, 1);
        return n ? OFPERR_OK : OFPERR_OFPGMFC_UNKNOWN_BUCKET;
    }
    if (command_bucket_id == OFPG_BUCKET_LAST) {
        *from = n ? n - 1 : 0;
        return n ? OFPERR_OK : OFPERR_OFPGMFC_UNKNOWN_BUCKET;
    }
    while (*from < n && group->buckets[*from]->id != command_bucket_id)
        ++*from;
    *to = *from + 1;
    return *from < n ? OFPERR_OK : OFPERR_OFPGMFC_UNKNOWN_BUCKET;
}

static enum ofperr
remove_buckets(struct txn *txn, const struct ofp_group_mod *gm)
{
    struct group *group = group_find(txn->ofproto, gm->group_id);
    struct group_contents contents;
    enum ofperr error;
    size_t from, to;

    if (!group)
        return OFPERR_OFPGMFC_UNKNOWN_GROUP;
    if (!list_is_empty(&gm->buckets))
        return OFPERR_OFPGMFC_BAD_BUCKET;
    error = find_removal(group, gm->command_bucket_id, &from, &to);
    if (error)
        return error;
    contents_init(&contents, txn, group, gm);
    contents.props = group->props ? copy_props(group->props) : NULL;
    append_old(&contents, group, 0, from);
    append_old(&contents, group, to, group->n_buckets);
    return set_contents(txn, group, &contents);
}

/* ---- Deletion ------------------------------------------------------------------------------- */
static void
remove_group(struct txn *txn, struct group *group)
{
    while (!list_is_empty(&group->uses)) {
        struct rule_use *use = CONTAINER_OF(group->uses.next, struct rule_use, link);

        txn_remove_rule(txn, use->rule, OFPRR_GROUP_DELETE);
    }
    group_uninstall(txn->ofproto, group);
    txn_note(txn, CHANGE_GROUP_REMOVED)->group = group;
}

void
group_remove_all(struct txn *txn)
{
    struct group *group;

    HMAP_FOR_EACH_SAFE (group, node, &txn->ofproto->groups)
        remove_group(txn, group);
}

static enum ofperr
delete_groups(struct txn *txn, const struct ofp_group_mod *gm)
{
    struct group *group = group_find(txn->ofproto, gm->group_id);

    if (gm->group_id == OFGROUP_ALL) {
        group_remove_all(txn);
        return OFPERR_OK;
    }
    if (gm->group_id > OFGROUP_MAX)
        return OFPERR_OFPGMFC_INVALID_GROUP;
    if (!group)
        return OFPERR_OK;
    if (group_ref_count(txn->ofproto, group) > group->n_uses)
        return OFPERR_OFPGMFC_CHAINED_GROUP;
    remove_group(txn, group);
    return OFPERR_OK;
}

enum ofperr
group_mod_do(struct txn *txn, const struct ofp_group_mod *gm)
{
    switch (gm->command) {
    case OFPGC_ADD:
        return add_group(txn, gm);
    case OFPGC_MODIFY:
        return modify_group(txn, gm);
    case OFPGC_ADD_OR_MOD:
        return group_find(txn->ofproto, gm->group_id) ? modify_group(txn, gm) : add_group(txn, gm);
    case OFPGC_DELETE:
        return delete_groups(txn, gm);
    case OFPGC_INSERT_BUCKET:
        return insert_buckets(txn, gm);
    case OFPGC_REMOVE_BUCKET:
        return remove_buckets(txn, gm);
    default:
        return OFPERR_OFPGMFC_BAD_COMMAND;
    }
}

enum ofperr
ofproto_group_mod(struct ofproto *ofproto, const struct ofp_group_mod *gm,
                  const struct ofproto_origin *origin)
{
    struct txn txn;

    txn_begin(&txn, ofproto, origin);
    return txn_end(&txn, group_mod_do(&txn, gm));
}
