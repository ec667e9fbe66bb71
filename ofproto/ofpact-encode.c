/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, instructions, and actions that send packets or change tags, to generated structs. */
#include "ofproto/ofpact-codec.h"

/* ---- Lists ------------------------------------------------------------------------------------*/
void *
ofpact_encode_new(struct ofpact_encoder *e, uint16_t class_id)
{
    struct of_object *object;

    if (!of_class_in_version(class_id, (uint8_t)e->version))
        return NULL;
    object = of_object_new(e->arena, class_id, (uint8_t)e->version);
    if (!object)
        abort();
    if (e->n == e->allocated) {
        size_t allocated = MAX(e->allocated * 2, 8);
        struct of_action **items = of_arena_alloc(e->arena, allocated * sizeof *items);

        if (!items)
            abort();
        if (e->n)
            memcpy(items, e->items, e->n * sizeof *items);
        e->items = items;
        e->allocated = allocated;
    }
    e->items[e->n++] = (struct of_action *)(void *)object;
    return object;
}

static void
encode_one(const struct ofpact *ofpact, struct ofpact_encoder *e)
{
    switch ((enum ofpact_type)ofpact->type) {
#define OFPACT(ENUM, STRUCT, NAME)                                                                 \
    case OFPACT_##ENUM:                                                                            \
        ofpact_encode_##ENUM((const struct STRUCT *)ofpact, e);                                    \
        break;
#include "ofproto/ofpacts.def"
#undef OFPACT
    case N_OFPACTS:
    default:
        break;
    }
}

void
ofpact_encode_list(const struct ofpact *ofpacts, size_t size, struct ofpact_encoder *e)
{
    const struct ofpact *ofpact;

    OFPACT_FOR_EACH(ofpact, ofpacts, size)
    encode_one(ofpact, e);
}

void
ofpact_encode_nested(const struct ofpact *ofpacts, size_t size, const struct ofpact_encoder *outer,
                     struct of_action_list *list)
{
    struct ofpact_encoder e = *outer;

    e.items = NULL;
    e.n = e.allocated = 0;
    ofpact_encode_list(ofpacts, size, &e);
    *list = (struct of_action_list){e.n, e.items};
}

static bool
has_vlan(const struct match *match)
{
    return match && field_prereq_ok(&fields[FIELD_VLAN_PCP], &match->flow, &match->mask);
}

void
ofpacts_encode_actions(const struct ofpact *ofpacts, size_t size, const struct match *match,
                       enum ofp_version version, struct of_arena *arena,
                       struct of_action_list *list)
{
    struct ofpact_encoder e = {
        .version = version, .arena = arena, .match = match, .has_vlan = has_vlan(match)};

    ofpact_encode_nested(ofpacts, size, &e, list);
}

/* ---- Instructions -----------------------------------------------------------------------------*/
/* What an Apply-Actions instruction holds: a meter in front is an instruction of its own before
 * OpenFlow 1.5. */
static bool
is_applied(const struct ofpact *ofpact, enum ofp_version version)
{
    return ofpact->type < OFPACT_METER || (ofpact->type == OFPACT_METER && version >= OFP15);
}

static void *
new_instruction(struct of_instruction_list *list, uint16_t class_id, enum ofp_version version,
                struct of_arena *arena)
{
    struct of_object *object = of_object_new(arena, class_id, (uint8_t)version);

    if (!object)
        abort();
    list->items[list->n++] = (struct of_instruction *)(void *)object;
    return object;
}

static void
put_oxs(struct of_oxs_list *list, const struct ofpact_stat_trigger *st, unsigned int bit,
        uint16_t class_id, uint64_t value, struct of_arena *arena)
{
    struct of_object *object;

    if (!(st->present & 1u << bit))
        return;
    object = of_object_new(arena, class_id, OFP15);
    if (!object)
        abort();
    if (class_id == OF_OXS_FLOW_COUNT)
        ((struct of_oxs_flow_count *)(void *)object)->value = (uint32_t)value;
    else
        ((struct of_oxs_byte_count *)(void *)object)->value = value;
    list->items[list->n++] = (struct of_oxs *)(void *)object;
}

static void
encode_stat_trigger(const struct ofpact_stat_trigger *st, struct of_instruction_stat_trigger *of,
                    struct of_arena *arena)
{
    struct of_oxs_list *list = &of->thresholds.oxs_list;

    of->flags = st->flags;
    list->items = of_arena_alloc(arena, 5 * sizeof *list->items);
    if (!list->items)
        abort();
    put_oxs(list, st, STAT_DURATION, OF_OXS_DURATION, st->duration, arena);
    put_oxs(list, st, STAT_IDLE_TIME, OF_OXS_IDLE_TIME, st->idle, arena);
    put_oxs(list, st, STAT_FLOW_COUNT, OF_OXS_FLOW_COUNT, st->n_flows, arena);
    put_oxs(list, st, STAT_PACKET_COUNT, OF_OXS_PACKET_COUNT, st->n_packets, arena);
    put_oxs(list, st, STAT_BYTE_COUNT, OF_OXS_BYTE_COUNT, st->n_bytes, arena);
}

/* One that is no Apply-Actions. */
static void
encode_instruction(const struct ofpact *ofpact, const struct ofpact_encoder *e,
                   struct of_instruction_list *list)
{
    const struct ofpact_nest *nest = (const struct ofpact_nest *)ofpact;
    const struct ofpact_metadata *metadata = (const struct ofpact_metadata *)ofpact;
    struct of_instruction_write_metadata *write_metadata;
    struct of_instruction_write_actions *write_actions;

    switch ((int)ofpact->type) {
    case OFPACT_METER:
        ((struct of_instruction_meter *)new_instruction(list, OF_INSTRUCTION_METER, e->version,
                                                        e->arena))
            ->meter_id = ((const struct ofpact_meter *)ofpact)->meter_id;
        break;
    case OFPACT_STAT_TRIGGER:
        if (e->version >= OFP15)
            encode_stat_trigger(
                (const struct ofpact_stat_trigger *)ofpact,
                new_instruction(list, OF_INSTRUCTION_STAT_TRIGGER, e->version, e->arena), e->arena);
        break;
    case OFPACT_CLEAR_ACTIONS:
        new_instruction(list, OF_INSTRUCTION_CLEAR_ACTIONS, e->version, e->arena);
        break;
    case OFPACT_WRITE_ACTIONS:
        if (!ofpact_nest_size(nest))
            break; /* It would change nothing. */
        write_actions = new_instruction(list, OF_INSTRUCTION_WRITE_ACTIONS, e->version, e->arena);
        ofpact_encode_nested(nest->actions, ofpact_nest_size(nest), e, &write_actions->actions);
        break;
    case OFPACT_WRITE_METADATA:
        write_metadata = new_instruction(list, OF_INSTRUCTION_WRITE_METADATA, e->version, e->arena);
        write_metadata->metadata = metadata->value;
        write_metadata->metadata_mask = metadata->mask;
        break;
    case OFPACT_GOTO_TABLE:
        ((struct of_instruction_goto_table *)new_instruction(list, OF_INSTRUCTION_GOTO_TABLE,
                                                             e->version, e->arena))
            ->table_id = ((const struct ofpact_goto_table *)ofpact)->table_id;
        break;
    }
}

void
ofpacts_encode_instructions(const struct ofpact *ofpacts, size_t size, const struct match *match,
                            enum ofp_version version, bool is_exact, struct of_arena *arena,
                            struct of_instruction_list *list)
{
    struct ofpact_encoder e = {.version = version,
                               .arena = arena,
                               .match = match,
                               .has_vlan = has_vlan(match),
                               .is_exact = is_exact};
    const struct ofpact *ofpact = ofpacts, *end = ofpact_end(ofpacts, size), *start;
    struct of_instruction_apply_actions *apply;
    bool has_meter = false;

    list->n = 0;
    list->items = of_arena_alloc(arena, 8 * sizeof *list->items);
    if (!list->items)
        abort();
    while (ofpact < end) {
        if (!is_applied(ofpact, version)) {
            if (ofpact->type != OFPACT_METER || !has_meter)
                encode_instruction(ofpact, &e, list);
            has_meter |= ofpact->type == OFPACT_METER;
            ofpact = ofpact_next(ofpact);
            continue;
        }
        for (start = ofpact; ofpact < end && is_applied(ofpact, version);)
            ofpact = ofpact_next(ofpact);
        apply = new_instruction(list, OF_INSTRUCTION_APPLY_ACTIONS, version, arena);
        ofpact_encode_nested(start, (size_t)((const char *)ofpact - (const char *)start), &e,
                             &apply->actions);
    }
}

static bool
is_encodable(const struct ofpact *ofpact, enum ofp_version version)
{
    uint16_t port16;

    switch ((int)ofpact->type) {
    case OFPACT_PUSH_VLAN:
    case OFPACT_PUSH_PBB:
    case OFPACT_POP_PBB:
    case OFPACT_COPY_TTL_OUT:
    case OFPACT_COPY_TTL_IN:
    case OFPACT_METER:
    case OFPACT_CLEAR_ACTIONS:
    case OFPACT_WRITE_ACTIONS:
        return version > OFP10;
    case OFPACT_STAT_TRIGGER:
        return version >= OFP15;
    case OFPACT_OUTPUT:
        return version > OFP10 ||
               ofport_to_v10(((const struct ofpact_output *)ofpact)->port, &port16);
    case OFPACT_ENQUEUE:
        return version > OFP10 ||
               ofport_to_v10(((const struct ofpact_enqueue *)ofpact)->port, &port16);
    default:
        return true;
    }
}

const struct ofpact *
ofpacts_find_unencodable(const struct ofpact *ofpacts, size_t size, enum ofp_version version)
{
    const struct ofpact *ofpact;

    OFPACT_FOR_EACH(ofpact, ofpacts, size)
    if (!is_encodable(ofpact, version))
        return ofpact;
    return NULL;
}

/* ---- Output -----------------------------------------------------------------------------------*/
void
ofpact_encode_OUTPUT(const struct ofpact_output *output, struct ofpact_encoder *e)
{
    struct of_action_nicira_output_trunc *trunc;
    struct of_action_output *of;

    if (output->truncate) {
        trunc = ENCODE_NEW(e, OF_ACTION_NICIRA_OUTPUT_TRUNC, of_action_nicira_output_trunc);
        trunc->port = ofpact_port16(output->port);
        trunc->max_len = output->max_len;
        return;
    }
    of = ENCODE_NEW(e, OF_ACTION_OUTPUT, of_action_output);
    of->port = output->port;
    of->max_len = (uint16_t)output->max_len;
}

void
ofpact_encode_GROUP(const struct ofpact_group *group, struct ofpact_encoder *e)
{
    if (e->version > OFP10)
        ENCODE_NEW(e, OF_ACTION_GROUP, of_action_group)->group_id = group->group_id;
    else
        ENCODE_NEW(e, OF_ACTION_NICIRA_GROUP, of_action_nicira_group)->group_id = group->group_id;
}

void
ofpact_encode_ENQUEUE(const struct ofpact_enqueue *enqueue, struct ofpact_encoder *e)
{
    struct of_action_enqueue *of = ENCODE_NEW(e, OF_ACTION_ENQUEUE, of_action_enqueue);
    struct of_action_output *output;

    if (of) {
        of->port = enqueue->port;
        of->queue_id = enqueue->queue_id;
        return;
    }
    ENCODE_NEW(e, OF_ACTION_SET_QUEUE, of_action_set_queue)->queue_id = enqueue->queue_id;
    output = ENCODE_NEW(e, OF_ACTION_OUTPUT, of_action_output);
    output->port = enqueue->port;
    ENCODE_NEW(e, OF_ACTION_NICIRA_POP_QUEUE, of_action_nicira_pop_queue);
}

void
ofpact_encode_SET_QUEUE(const struct ofpact_queue *queue, struct ofpact_encoder *e)
{
    if (e->version > OFP10)
        ENCODE_NEW(e, OF_ACTION_SET_QUEUE, of_action_set_queue)->queue_id = queue->queue_id;
    else
        ENCODE_NEW(e, OF_ACTION_NICIRA_SET_QUEUE, of_action_nicira_set_queue)->queue_id =
            queue->queue_id;
}

void
ofpact_encode_METER(const struct ofpact_meter *meter, struct ofpact_encoder *e)
{
    struct of_action_meter *of = ENCODE_NEW(e, OF_ACTION_METER, of_action_meter);

    if (of)
        of->meter_id = meter->meter_id;
}

/* ---- Tags and TTLs ----------------------------------------------------------------------------*/
void
ofpact_encode_PUSH_VLAN(const struct ofpact_push *push, struct ofpact_encoder *e)
{
    struct of_action_push_vlan *of = ENCODE_NEW(e, OF_ACTION_PUSH_VLAN, of_action_push_vlan);

    if (of)
        of->ethertype = push->eth_type;
    e->has_vlan = true;
}

void
ofpact_encode_POP_VLAN(const struct ofpact_null *pop, struct ofpact_encoder *e)
{
    (void)pop;
    ofpact_encode_new(e, e->version > OFP10 ? OF_ACTION_POP_VLAN : OF_ACTION_STRIP_VLAN);
    e->has_vlan = false;
}

void
ofpact_encode_PUSH_MPLS(const struct ofpact_push *push, struct ofpact_encoder *e)
{
    bool is_nicira = push->ofpact.flavor == FLAVOR_NX && e->is_exact;

    if (e->version > OFP10 && !is_nicira)
        ENCODE_NEW(e, OF_ACTION_PUSH_MPLS, of_action_push_mpls)->ethertype = push->eth_type;
    else
        ENCODE_NEW(e, OF_ACTION_NICIRA_PUSH_MPLS, of_action_nicira_push_mpls)->ethertype =
            push->eth_type;
}

void
ofpact_encode_POP_MPLS(const struct ofpact_push *pop, struct ofpact_encoder *e)
{
    if (e->version > OFP10)
        ENCODE_NEW(e, OF_ACTION_POP_MPLS, of_action_pop_mpls)->ethertype = pop->eth_type;
    else
        ENCODE_NEW(e, OF_ACTION_NICIRA_POP_MPLS, of_action_nicira_pop_mpls)->ethertype =
            pop->eth_type;
}

void
ofpact_encode_PUSH_PBB(const struct ofpact_push *push, struct ofpact_encoder *e)
{
    struct of_action_push_pbb *of = ENCODE_NEW(e, OF_ACTION_PUSH_PBB, of_action_push_pbb);

    if (of)
        of->ethertype = push->eth_type;
}

void
ofpact_encode_POP_PBB(const struct ofpact_null *pop, struct ofpact_encoder *e)
{
    (void)pop;
    ofpact_encode_new(e, OF_ACTION_POP_PBB);
}

void
ofpact_encode_DEC_TTL(const struct ofpact_dec_ttl *dec, struct ofpact_encoder *e)
{
    struct of_action_nicira_dec_ttl_cnt_ids *of;

    if (dec->ofpact.flavor != FLAVOR_DEC_TTL_IDS) {
        ofpact_encode_new(e, e->version > OFP10 ? OF_ACTION_DEC_NW_TTL : OF_ACTION_NICIRA_DEC_TTL);
        return;
    }
    of = ENCODE_NEW(e, OF_ACTION_NICIRA_DEC_TTL_CNT_IDS, of_action_nicira_dec_ttl_cnt_ids);
    of->cnt_ids.n = dec->n_controllers;
    of->cnt_ids.items =
        of_arena_copy(e->arena, dec->controllers, dec->n_controllers * sizeof dec->controllers[0]);
    if (!of->cnt_ids.items)
        abort();
}

void
ofpact_encode_DEC_MPLS_TTL(const struct ofpact_null *dec, struct ofpact_encoder *e)
{
    (void)dec;
    ofpact_encode_new(e,
                      e->version > OFP10 ? OF_ACTION_DEC_MPLS_TTL : OF_ACTION_NICIRA_DEC_MPLS_TTL);
}

void
ofpact_encode_COPY_TTL_OUT(const struct ofpact_null *copy, struct ofpact_encoder *e)
{
    (void)copy;
    ofpact_encode_new(e, OF_ACTION_COPY_TTL_OUT);
}

void
ofpact_encode_COPY_TTL_IN(const struct ofpact_null *copy, struct ofpact_encoder *e)
{
    (void)copy;
    ofpact_encode_new(e, OF_ACTION_COPY_TTL_IN);
}

/* ---- Instructions inside OpenFlow 1.0's list of actions ---------------------------------------*/
void
ofpact_encode_WRITE_METADATA(const struct ofpact_metadata *metadata, struct ofpact_encoder *e)
{
    struct of_action_nicira_write_metadata *of =
        ENCODE_NEW(e, OF_ACTION_NICIRA_WRITE_METADATA, of_action_nicira_write_metadata);

    of->metadata = metadata->value;
    of->metadata_mask = metadata->mask;
}

void
ofpact_encode_GOTO_TABLE(const struct ofpact_goto_table *go, struct ofpact_encoder *e)
{
    struct of_action_nicira_resubmit_table *of =
        ENCODE_NEW(e, OF_ACTION_NICIRA_RESUBMIT_TABLE, of_action_nicira_resubmit_table);

    of->in_port = ofpact_port16(OFPORT_IN_PORT);
    of->table_id = go->table_id;
}

void
ofpact_encode_STAT_TRIGGER(const struct ofpact_stat_trigger *st, struct ofpact_encoder *e)
{
    (void)st;
    (void)e;
}

void
ofpact_encode_CLEAR_ACTIONS(const struct ofpact_null *null, struct ofpact_encoder *e)
{
    (void)null;
    (void)e;
}

void
ofpact_encode_WRITE_ACTIONS(const struct ofpact_nest *nest, struct ofpact_encoder *e)
{
    (void)nest;
    (void)e;
}
