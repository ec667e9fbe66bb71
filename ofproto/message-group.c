/* SPDX-License-Identifier: Apache-2.0 */
/* Groups: modifications, descriptions, statistics. */
#include "ofproto/message-scratch.h"

/* ---- Buckets ----------------------------------------------------------------------------------*/
void
ofp_buckets_destroy(struct list *buckets)
{
    struct ofp_bucket *bucket, *next;

    LIST_FOR_EACH_SAFE (bucket, next, node, buckets) {
        list_remove(&bucket->node);
        free(bucket->ofpacts);
        free(bucket);
    }
}

void
ofp_buckets_clone(struct list *dst, const struct list *src)
{
    const struct ofp_bucket *bucket;

    list_init(dst);
    LIST_FOR_EACH (bucket, node, src) {
        struct ofp_bucket *copy = xmemdup(bucket, sizeof *bucket);

        copy->ofpacts =
            bucket->ofpacts_size ? xmemdup(bucket->ofpacts, bucket->ofpacts_size) : NULL;
        list_push_back(dst, &copy->node);
    }
}

void
ofp_group_mod_destroy(struct ofp_group_mod *gm)
{
    if (gm)
        ofp_buckets_destroy(&gm->buckets);
}

static void
decode_bucket_prop(const void *prop, struct ofp_bucket *bucket)
{
    switch (((const struct of_object *)prop)->class_id) {
    case OF_GROUP_BUCKET_PROP_WEIGHT:
        bucket->weight = ((const struct of_group_bucket_prop_weight *)prop)->weight;
        break;
    case OF_GROUP_BUCKET_PROP_WATCH_PORT:
        bucket->watch_port = ((const struct of_group_bucket_prop_watch_port *)prop)->watch;
        break;
    case OF_GROUP_BUCKET_PROP_WATCH_GROUP:
        bucket->watch_group = ((const struct of_group_bucket_prop_watch_group *)prop)->watch;
        break;
    }
}

/* Whether buckets of the version have properties and ids. */
static bool
has_props(enum ofp_version version)
{
    return version <= OFP10 || version >= OFP15;
}

/* Where buckets have no ids on the wire, their places number them. */
static enum ofperr
decode_bucket(const struct of_bucket *of, size_t place, enum ofp_version version,
              const struct ofp_decode_limits *limits, struct list *buckets)
{
    struct ofpact_limits check_limits = {.max_ports = limits ? limits->max_ports : OFPORT_MAX,
                                         .table_id = OFTABLE_ALL,
                                         .n_tables = OFTABLE_ALL,
                                         .no_prereqs = true};
    struct match any;
    uint64_t stub[128];
    struct buf ofpacts = BUF_STUB_INITIALIZER(stub);
    struct ofp_bucket *bucket = xcalloc(1, sizeof *bucket);
    enum ofperr error;

    list_push_back(buckets, &bucket->node);
    bucket->watch_port = OFPORT_ANY;
    bucket->watch_group = OFGROUP_ANY;
    if (has_props(version)) {
        bucket->bucket_id = of->bucket_id;
        for (size_t i = 0; i < of->properties.n; i++)
            decode_bucket_prop(of->properties.items[i], bucket);
    } else {
        bucket->bucket_id = (uint32_t)place;
        bucket->weight = of->weight;
        bucket->watch_port = of->watch_port;
        bucket->watch_group = of->watch_group;
    }
    error = ofpacts_decode_actions(&of->actions, version, &ofpacts);
    match_init_catchall(&any);
    if (!error && limits)
        error = ofpacts_check((const void *)ofpacts.data, ofpacts.size, &any, &check_limits);
    if (!error && ofpacts.size) {
        bucket->ofpacts = xmemdup(ofpacts.data, ofpacts.size);
        bucket->ofpacts_size = ofpacts.size;
    }
    buf_destroy(&ofpacts);
    return error;
}

static enum ofperr
decode_buckets(const struct of_bucket_list *list, enum ofp_version version,
               const struct ofp_decode_limits *limits, struct list *buckets)
{
    enum ofperr error = OFPERR_OK;

    list_init(buckets);
    for (size_t i = 0; i < list->n && !error; i++)
        error = decode_bucket(list->items[i], i, version, limits, buckets);
    if (error)
        ofp_buckets_destroy(buckets);
    return error;
}

static void
encode_bucket_props(const struct ofp_bucket *bucket, uint8_t type, enum ofp_version version,
                    struct scratch *s, struct of_bucket *of)
{
    struct of_group_bucket_prop_watch_group *watch_group;
    struct of_group_bucket_prop_watch_port *watch_port;
    struct of_group_bucket_prop_weight *weight;

    of->bucket_id = bucket->bucket_id;
    of->properties.items = scratch_alloc(s, 3 * sizeof *of->properties.items);
    if (bucket->weight || type == OFPGT_SELECT) {
        weight = scratch_new(s, OF_GROUP_BUCKET_PROP_WEIGHT, version);
        weight->weight = bucket->weight;
        LIST_PUSH(&of->properties, weight);
    }
    if (bucket->watch_port != OFPORT_ANY) {
        watch_port = scratch_new(s, OF_GROUP_BUCKET_PROP_WATCH_PORT, version);
        watch_port->watch = bucket->watch_port;
        LIST_PUSH(&of->properties, watch_port);
    }
    if (bucket->watch_group != OFGROUP_ANY) {
        watch_group = scratch_new(s, OF_GROUP_BUCKET_PROP_WATCH_GROUP, version);
        watch_group->watch = bucket->watch_group;
        LIST_PUSH(&of->properties, watch_group);
    }
}

static void
encode_buckets(const struct list *buckets, uint8_t type, enum ofp_version version,
               struct scratch *s, struct of_bucket_list *list)
{
    const struct ofp_bucket *bucket;
    size_t n = 0;

    LIST_FOR_EACH (bucket, node, buckets)
        n++;
    list->n = 0;
    list->items = scratch_alloc(s, n * sizeof *list->items);
    LIST_FOR_EACH (bucket, node, buckets) {
        struct of_bucket *of = scratch_new(s, OF_BUCKET, version);

        if (has_props(version)) {
            encode_bucket_props(bucket, type, version, s, of);
        } else {
            of->weight = bucket->weight;
            of->watch_port = bucket->watch_port;
            of->watch_group = bucket->watch_group;
        }
        ofpacts_encode_actions(bucket->ofpacts, bucket->ofpacts_size, NULL, version, &s->arena,
                               &of->actions);
        LIST_PUSH(list, of);
    }
}

/* ---- Properties: how a select group chooses ---------------------------------------------------*/
static enum ofperr
decode_selection(const struct of_group_prop_ntr_selection_method *of, struct ofp_group_props *props)
{
    memcpy(props->selection_method, of->selection_method, sizeof props->selection_method);
    props->selection_method_param = of->selection_method_param;
    for (size_t i = 0; i < of->fields.n; i++) {
        const struct field *field;
        struct of_oxm_view view;
        field_value bits;

        if (of_oxm_view(&of->fields.items[i]->object, &view))
            return OFPERR_OFPBPC_BAD_VALUE;
        field = field_by_header(view.type_len, view.experimenter);
        if (!field || field->n_bytes != view.n_bytes)
            return OFPERR_OFPBMC_BAD_FIELD;
        bits = field_read(view.has_mask ? view.mask : view.value, view.n_bytes);
        field_unwildcard_bits(field, &props->fields, bits & field_ones(field));
        ofp_group_props_add(props, field);
    }
    return OFPERR_OK;
}

static enum ofperr
decode_props(const struct of_group_prop_list *list, enum ofp_version version,
             struct ofp_group_props *props)
{
    enum ofperr error = OFPERR_OK;

    memset(props, 0, sizeof *props);
    for (size_t i = 0; has_props(version) && i < list->n && !error; i++) {
        const struct of_object *prop = &list->items[i]->object;

        if (prop->class_id == OF_GROUP_PROP_NTR_SELECTION_METHOD)
            error = decode_selection((const void *)prop, props);
    }
    return error;
}

/* A field's header with the bits that are hashed as its value. */
static void
push_hash_field(struct of_group_prop_ntr_selection_method *of, const struct field *field,
                const struct flow *mask, enum ofp_version version, struct scratch *s)
{
    uint32_t experimenter, header = field_header(field, version, &experimenter);
    struct of_error error;
    struct of_oxm *oxm;
    uint8_t value[16];

    if (!header)
        return;
    field_write(field_get_mask(field, mask), value, field->n_bytes);
    oxm = of_oxm_from_bytes(&s->arena, (uint8_t)version, header, experimenter, value, NULL,
                            field->n_bytes, &error);
    if (oxm)
        of->fields.items[of->fields.n++] = oxm;
}

static void
encode_props(const struct ofp_group_props *props, enum ofp_version version, struct scratch *s,
             struct of_group_prop_list *list)
{
    struct of_group_prop_ntr_selection_method *of;

    if (!has_props(version) || !props->selection_method[0])
        return;
    of = scratch_new(s, OF_GROUP_PROP_NTR_SELECTION_METHOD, version);
    memcpy(of->selection_method, props->selection_method, sizeof props->selection_method);
    of->selection_method_param = props->selection_method_param;
    of->fields.items = scratch_alloc(s, N_FIELDS * sizeof *of->fields.items);
    for (const struct field *field = fields; field < fields + N_FIELDS; field++)
        if (ofp_group_props_has(props, field))
            push_hash_field(of, field, &props->fields, version, s);
    list->items = scratch_alloc(s, sizeof *list->items);
    LIST_PUSH(list, of);
}

/* ---- Group mod --------------------------------------------------------------------------------*/
static uint16_t
command_of_class(uint16_t class_id)
{
    switch (class_id) {
    case OF_GROUP_MODIFY:
        return OFPGC_MODIFY;
    case OF_GROUP_DELETE:
        return OFPGC_DELETE;
    case OF_GROUP_INSERT_BUCKET:
        return OFPGC_INSERT_BUCKET;
    case OF_GROUP_REMOVE_BUCKET:
        return OFPGC_REMOVE_BUCKET;
    case OF_GROUP_ADD_OR_MOD:
        return OFPGC_ADD_OR_MOD;
    default:
        return OFPGC_ADD;
    }
}

static bool
is_live(const struct ofp_bucket *bucket)
{
    return bucket->watch_port != OFPORT_ANY || bucket->watch_group != OFGROUP_ANY;
}

static enum ofperr
check_bucket(const struct ofp_bucket *bucket, uint8_t type)
{
    if (bucket->weight && type != OFPGT_SELECT)
        return OFPERR_OFPGMFC_INVALID_GROUP;
    if (type == OFPGT_FF)
        return is_live(bucket) ? OFPERR_OK : OFPERR_OFPGMFC_INVALID_GROUP;
    if (type != OFPGT_SELECT && is_live(bucket))
        return OFPERR_OFPGMFC_WATCH_UNSUPPORTED;
    return OFPERR_OK;
}

/* Bucket ids are told once each in a message, and are no reserved ones. */
static enum ofperr
check_bucket_ids(const struct ofp_group_mod *gm)
{
    const struct ofp_bucket *a, *b;

    LIST_FOR_EACH (a, node, &gm->buckets) {
        if (a->bucket_id > OFPG_BUCKET_MAX)
            return OFPERR_OFPGMFC_BAD_BUCKET;
        LIST_FOR_EACH (b, node, &gm->buckets)
            if (a != b && a->bucket_id == b->bucket_id)
                return OFPERR_OFPGMFC_BUCKET_EXISTS;
    }
    return OFPERR_OK;
}

static bool
has_buckets(const struct ofp_group_mod *gm, size_t n)
{
    const struct list *node = gm->buckets.next;

    for (; n; n--, node = node->next)
        if (node == &gm->buckets)
            return false;
    return node == &gm->buckets;
}

static enum ofperr
check_group_mod(const struct ofp_group_mod *gm, enum ofp_version version)
{
    const struct ofp_bucket *bucket;
    enum ofperr error = OFPERR_OK;

    if (gm->command == OFPGC_DELETE)
        return has_buckets(gm, 0) ? OFPERR_OK : OFPERR_OFPGMFC_INVALID_GROUP;
    if (gm->group_id >= OFPG_MAX)
        return OFPERR_OFPGMFC_INVALID_GROUP;
    if (gm->command == OFPGC_REMOVE_BUCKET)
        return has_buckets(gm, 0) ? OFPERR_OK : OFPERR_OFPGMFC_BAD_BUCKET;
    if (version >= OFP15)
        error = check_bucket_ids(gm);
    if (error || gm->command == OFPGC_INSERT_BUCKET)
        return error;
    if (gm->type > OFPGT_FF)
        return OFPERR_OFPGMFC_BAD_TYPE;
    if (gm->type == OFPGT_INDIRECT && !has_buckets(gm, 1))
        return OFPERR_OFPGMFC_INVALID_GROUP;
    LIST_FOR_EACH (bucket, node, &gm->buckets) {
        error = check_bucket(bucket, gm->type);
        if (error)
            return error;
    }
    return OFPERR_OK;
}

enum ofperr
ofp_group_mod_decode(const struct of_header *msg, const struct ofp_decode_limits *limits,
                     struct ofp_group_mod *gm)
{
    const struct of_nicira_group_mod *nicira = (const void *)msg;
    const struct of_group_mod *of = (const void *)msg;
    bool is_nicira = msg->object.class_id == OF_NICIRA_GROUP_MOD;
    enum ofp_version version = msg_version(msg);
    enum ofperr error;

    memset(gm, 0, sizeof *gm);
    gm->command = is_nicira ? nicira->command : command_of_class(msg->object.class_id);
    gm->type = is_nicira ? nicira->group_type : of->group_type;
    gm->group_id = is_nicira ? nicira->group_id : of->group_id;
    gm->command_bucket_id = OFPG_BUCKET_ALL;
    if (has_props(version))
        gm->command_bucket_id = is_nicira ? nicira->command_bucket_id : of->command_bucket_id;
    error = decode_props(is_nicira ? &nicira->properties : &of->properties, version, &gm->props);
    if (!error)
        error = decode_buckets(is_nicira ? &nicira->buckets : &of->buckets, version, limits,
                               &gm->buckets);
    if (error)
        return error;
    error = check_group_mod(gm, version);
    if (error)
        ofp_group_mod_destroy(gm);
    return error;
}

static uint16_t
class_of_command(uint16_t command)
{
    switch (command) {
    case OFPGC_MODIFY:
        return OF_GROUP_MODIFY;
    case OFPGC_DELETE:
        return OF_GROUP_DELETE;
    case OFPGC_INSERT_BUCKET:
        return OF_GROUP_INSERT_BUCKET;
    case OFPGC_REMOVE_BUCKET:
        return OF_GROUP_REMOVE_BUCKET;
    case OFPGC_ADD_OR_MOD:
        return OF_GROUP_ADD_OR_MOD;
    default:
        return OF_GROUP_ADD;
    }
}

void
ofp_group_mod_encode(const struct ofp_group_mod *gm, enum ofp_version version, uint32_t xid,
                     struct buf *msg)
{
    struct of_nicira_group_mod *nicira;
    struct of_group_mod *of;
    struct scratch s;

    scratch_init(&s);
    if (version <= OFP10) {
        nicira = scratch_msg(&s, OF_NICIRA_GROUP_MOD, version, xid);
        nicira->command = gm->command;
        nicira->group_type = gm->type;
        nicira->group_id = gm->group_id;
        nicira->command_bucket_id = gm->command_bucket_id;
        encode_buckets(&gm->buckets, gm->type, version, &s, &nicira->buckets);
        encode_props(&gm->props, version, &s, &nicira->properties);
        scratch_encode_msg(nicira, msg);
    } else {
        of = scratch_msg(&s, class_of_command(gm->command), version, xid);
        of->group_type = gm->type;
        of->group_id = gm->group_id;
        of->command_bucket_id = gm->command_bucket_id;
        encode_buckets(&gm->buckets, gm->type, version, &s, &of->buckets);
        encode_props(&gm->props, version, &s, &of->properties);
        scratch_encode_msg(of, msg);
    }
    scratch_destroy(&s);
}

/* ---- Descriptions -----------------------------------------------------------------------------*/
void
ofp_group_desc_append(const struct ofp_group_desc *gd, struct ofp_multipart *mp)
{
    struct of_group_desc_stats_entry *of;
    struct scratch s;

    scratch_init(&s);
    of = scratch_new(&s, OF_GROUP_DESC_STATS_ENTRY, mp->version);
    of->group_type = gd->type;
    of->group_id = gd->group_id;
    encode_buckets(&gd->buckets, gd->type, mp->version, &s, &of->buckets);
    encode_props(&gd->props, mp->version, &s, &of->properties);
    scratch_append(of, mp);
    scratch_destroy(&s);
}

static bool
fits_in(const struct ofp_group_desc *gd, enum ofp_version version)
{
    struct buf msgs = BUF_INITIALIZER;
    struct ofp_multipart mp;
    bool fits;

    multipart_start(&mp, OF_GROUP_DESC_STATS_REPLY, version, 0, &msgs);
    ofp_group_desc_append(gd, &mp);
    fits = msgs.size > mp.head_size;
    buf_destroy(&msgs);
    return fits;
}

bool
ofp_group_fits(const struct ofp_group_desc *gd)
{
    return fits_in(gd, OFP13) && fits_in(gd, OFP15);
}

enum ofperr
ofp_group_desc_decode(const struct of_header *reply,
                      void (*cb)(const struct ofp_group_desc *, void *aux), void *aux)
{
    const struct of_group_desc_stats_reply *of = (const void *)reply;
    enum ofperr error = OFPERR_OK;

    for (size_t i = 0; i < of->entries.n && !error; i++) {
        const struct of_group_desc_stats_entry *entry = of->entries.items[i];
        struct ofp_group_desc gd = {.type = entry->group_type, .group_id = entry->group_id};

        error = decode_props(&entry->properties, msg_version(reply), &gd.props);
        if (!error)
            error = decode_buckets(&entry->buckets, msg_version(reply), NULL, &gd.buckets);
        if (error)
            break;
        cb(&gd, aux);
        ofp_buckets_destroy(&gd.buckets);
    }
    return error;
}

/* ---- Statistics -------------------------------------------------------------------------------*/
void
ofp_group_stats_append(const struct ofp_group_stats *gs, struct ofp_multipart *mp)
{
    struct of_group_stats_entry *of;
    struct scratch s;

    scratch_init(&s);
    of = scratch_new(&s, OF_GROUP_STATS_ENTRY, mp->version);
    of->group_id = gs->group_id;
    of->ref_count = gs->ref_count;
    of->packet_count = gs->n_packets;
    of->byte_count = gs->n_bytes;
    of->duration_sec = (uint32_t)(gs->duration_ns / NS_PER_S);
    of->duration_nsec = (uint32_t)(gs->duration_ns % NS_PER_S);
    of->bucket_stats.items = scratch_alloc(&s, gs->n_buckets * sizeof *of->bucket_stats.items);
    for (uint32_t i = 0; i < gs->n_buckets; i++) {
        struct of_bucket_counter *counter = scratch_new(&s, OF_BUCKET_COUNTER, mp->version);

        counter->packet_count = gs->buckets[i].n_packets;
        counter->byte_count = gs->buckets[i].n_bytes;
        LIST_PUSH(&of->bucket_stats, counter);
    }
    scratch_append(of, mp);
    scratch_destroy(&s);
}

enum ofperr
ofp_group_stats_decode(const struct of_header *reply,
                       void (*cb)(const struct ofp_group_stats *, void *aux), void *aux)
{
    const struct of_group_stats_reply *of = (const void *)reply;

    for (size_t i = 0; i < of->entries.n; i++) {
        const struct of_group_stats_entry *entry = of->entries.items[i];
        size_t n = entry->bucket_stats.n;
        struct ofp_bucket_counter *buckets = xcalloc(n, sizeof *buckets);
        struct ofp_group_stats gs = {
            .group_id = entry->group_id,
            .ref_count = entry->ref_count,
            .n_packets = entry->packet_count,
            .n_bytes = entry->byte_count,
            .duration_ns = duration_ns(entry->duration_sec, entry->duration_nsec),
            .n_buckets = (uint32_t)n,
            .buckets = buckets,
        };

        for (size_t j = 0; j < n; j++) {
            buckets[j].n_packets = entry->bucket_stats.items[j]->packet_count;
            buckets[j].n_bytes = entry->bucket_stats.items[j]->byte_count;
        }
        cb(&gs, aux);
        free(buckets);
    }
    return OFPERR_OK;
}
