/* SPDX-License-Identifier: Apache-2.0 */
/* Flow modifications and flow-removed messages. */
#include "ofproto/message-scratch.h"

/* ---- Flow mod: decode -------------------------------------------------------------------------*/
static uint8_t
command_of_class(uint16_t class_id)
{
    switch (class_id) {
    case OF_FLOW_MODIFY:
        return OFPFC_MODIFY;
    case OF_FLOW_MODIFY_STRICT:
        return OFPFC_MODIFY_STRICT;
    case OF_FLOW_DELETE:
        return OFPFC_DELETE;
    case OF_FLOW_DELETE_STRICT:
        return OFPFC_DELETE_STRICT;
    default:
        return OFPFC_ADD;
    }
}

static bool
is_modify(uint8_t command)
{
    return command == OFPFC_MODIFY || command == OFPFC_MODIFY_STRICT;
}

static bool
is_delete(uint8_t command)
{
    return command == OFPFC_DELETE || command == OFPFC_DELETE_STRICT;
}

/* OpenFlow 1.0 (section 5.3.3): cookies are only set, and a modification of nothing adds. */
static enum ofperr
finish_v10(struct ofp_flow_mod *fm, uint8_t command_high, const struct ofp_decode_limits *limits)
{
    fm->modify_cookie = is_modify(fm->command) && fm->new_cookie != UINT64_MAX;
    fm->add_if_missing = is_modify(fm->command) && !fm->cookie_mask;
    fm->out_group = OFGROUP_ANY;
    fm->table_id = OFTABLE_ALL;
    if (limits->flow_mod_table_id)
        fm->table_id = command_high;
    else if (command_high)
        return OFPERR_OFPFMFC_BAD_COMMAND;
    if (fm->flags & OFPFF_EMERG)
        return fm->idle_timeout || fm->hard_timeout ? OFPERR_OFPFMFC_BAD_EMERG_TIMEOUT
                                                    : OFPERR_OFPFMFC_TABLE_FULL;
    return OFPERR_OK;
}

static enum ofperr
decode_nicira(const struct of_nicira_flow_mod *of, const struct ofp_decode_limits *limits,
              struct buf *ofpacts, struct ofp_flow_mod *fm)
{
    enum ofperr error;

    fm->command = (uint8_t)of->command;
    if (fm->command > OFPFC_DELETE_STRICT)
        return OFPERR_OFPFMFC_BAD_COMMAND;
    error = match_decode_oxm(&of->match, false, &fm->match, &fm->cookie, &fm->cookie_mask);
    if (error)
        return error;
    if (fm->command == OFPFC_ADD && fm->cookie_mask)
        return OFPERR_OFPBMC_BAD_FIELD; /* An addition matches no cookie. */
    fm->new_cookie = of->cookie;
    fm->priority = of->priority;
    fm->idle_timeout = of->idle_timeout;
    fm->hard_timeout = of->hard_timeout;
    fm->buffer_id = of->buffer_id;
    fm->out_port = ofport_from_v10(of->out_port);
    fm->flags = of->flags;
    error = finish_v10(fm, (uint8_t)(of->command >> 8), limits);
    return error ? error : ofpacts_decode_actions(&of->actions, OFP10, ofpacts);
}

static enum ofperr
decode_cookie_and_table(const struct of_flow_mod *of, const struct ofp_decode_limits *limits,
                        struct ofp_flow_mod *fm)
{
    fm->table_id = of->table_id;
    fm->out_group = of->out_group;
    fm->importance = of->importance;
    fm->new_cookie = of->cookie;
    if (fm->command != OFPFC_ADD) {
        fm->cookie = of->cookie & of->cookie_mask;
        fm->cookie_mask = of->cookie_mask;
    }
    if (fm->table_id == OFTABLE_ALL)
        return is_delete(fm->command) ? OFPERR_OK : OFPERR_OFPFMFC_BAD_TABLE_ID;
    return fm->table_id < limits->n_tables ? OFPERR_OK : OFPERR_OFPFMFC_BAD_TABLE_ID;
}

static enum ofperr
decode_standard(const struct of_flow_mod *of, const struct ofp_decode_limits *limits,
                struct buf *ofpacts, struct ofp_flow_mod *fm)
{
    enum ofp_version version = (enum ofp_version)of->object.version;
    enum ofperr error;

    fm->command = command_of_class(of->object.class_id);
    error = match_decode(&of->match, version, &fm->match);
    if (error)
        return error;
    fm->priority = of->priority;
    fm->idle_timeout = of->idle_timeout;
    fm->hard_timeout = of->hard_timeout;
    fm->buffer_id = of->buffer_id;
    fm->out_port = of->out_port;
    fm->flags = of->flags;
    fm->new_cookie = of->cookie;
    error = version > OFP10 ? decode_cookie_and_table(of, limits, fm)
                            : finish_v10(fm, of->table_id, limits);
    if (error || is_delete(fm->command))
        return error;
    if (version > OFP10)
        return ofpacts_decode_instructions(&of->instructions, version, ofpacts);
    return ofpacts_decode_actions(&of->actions, version, ofpacts);
}

static enum ofperr
check(const struct ofp_flow_mod *fm, enum ofp_version version,
      const struct ofp_decode_limits *limits)
{
    struct ofpact_limits check_limits = {
        .max_ports = limits->max_ports,
        .table_id = fm->table_id,
        .n_tables = limits->n_tables,
        .no_prereqs = limits->no_prereqs,
        .loose_prereqs = version <= OFP10,
    };

    return ofpacts_check(fm->ofpacts, fm->ofpacts_size, &fm->match, &check_limits);
}

enum ofperr
ofp_flow_mod_decode(const struct of_header *msg, const struct ofp_decode_limits *limits,
                    struct buf *ofpacts, struct ofp_flow_mod *fm)
{
    size_t start = ofpacts->size;
    enum ofperr error;

    memset(fm, 0, sizeof *fm);
    if (msg->object.class_id == OF_NICIRA_FLOW_MOD)
        error = decode_nicira((const void *)msg, limits, ofpacts, fm);
    else
        error = decode_standard((const void *)msg, limits, ofpacts, fm);
    if (error)
        return error;
    if (is_delete(fm->command)) {
        ofpacts->size = start;
        fm->buffer_id = OFBUFFER_NONE;
    } else {
        fm->out_port = OFPORT_ANY;
        fm->out_group = OFGROUP_ANY;
    }
    fm->ofpacts_size = ofpacts->size - start;
    fm->ofpacts = fm->ofpacts_size ? (const void *)(ofpacts->data + start) : NULL;
    return is_delete(fm->command) ? OFPERR_OK : check(fm, msg_version(msg), limits);
}

/* ---- Flow mod: encode -------------------------------------------------------------------------*/
static uint16_t
class_of_command(uint8_t command)
{
    static const uint16_t classes[] = {
        [OFPFC_ADD] = OF_FLOW_ADD,
        [OFPFC_MODIFY] = OF_FLOW_MODIFY,
        [OFPFC_MODIFY_STRICT] = OF_FLOW_MODIFY_STRICT,
        [OFPFC_DELETE] = OF_FLOW_DELETE,
        [OFPFC_DELETE_STRICT] = OF_FLOW_DELETE_STRICT,
    };

    return classes[command];
}

/* Flags that a version has. */
static uint16_t
flags_for(uint16_t flags, enum ofp_version version)
{
    return version > OFP10 ? flags : flags & (OFPFF_SEND_FLOW_REM | OFPFF_CHECK_OVERLAP);
}

/* The cookie that the message's one member holds. */
static uint64_t
cookie_for(const struct ofp_flow_mod *fm, enum ofp_version version)
{
    if (version > OFP10 && fm->command != OFPFC_ADD)
        return fm->cookie;
    return fm->new_cookie;
}

static uint8_t
command_high(const struct ofp_flow_mod *fm, bool flow_mod_table_id)
{
    return flow_mod_table_id ? fm->table_id : 0;
}

static void
encode_standard(const struct ofp_flow_mod *fm, enum ofp_version version, bool flow_mod_table_id,
                struct scratch *s, struct of_flow_mod *of)
{
    of->cookie = cookie_for(fm, version);
    of->cookie_mask = fm->cookie_mask;
    of->table_id = version > OFP10 ? fm->table_id : command_high(fm, flow_mod_table_id);
    of->idle_timeout = fm->idle_timeout;
    of->hard_timeout = fm->hard_timeout;
    of->priority = fm->priority;
    of->buffer_id = fm->buffer_id;
    of->out_port = fm->out_port;
    of->out_group = fm->out_group;
    of->flags = flags_for(fm->flags, version);
    of->importance = fm->importance;
    match_encode(&fm->match, version, &s->arena, &of->match);
    if (version > OFP10)
        ofpacts_encode_instructions(fm->ofpacts, fm->ofpacts_size, &fm->match, version, true,
                                    &s->arena, &of->instructions);
    else
        ofpacts_encode_actions(fm->ofpacts, fm->ofpacts_size, &fm->match, version, &s->arena,
                               &of->actions);
}

/* The cookie to be matched becomes a field. */
static void
push_cookie(const struct ofp_flow_mod *fm, struct scratch *s, struct of_oxm_list *list)
{
    struct of_oxm **items = scratch_alloc(s, (list->n + 1) * sizeof *items);
    struct of_oxm_nxm_nx_cookie_masked *oxm = scratch_new(s, OF_OXM_NXM_NX_COOKIE_MASKED, OFP10);

    oxm->value = fm->cookie & fm->cookie_mask;
    oxm->value_mask = fm->cookie_mask;
    memcpy(items, list->items, list->n * sizeof *items);
    items[list->n] = (struct of_oxm *)(void *)oxm;
    list->items = items;
    list->n++;
}

static void
encode_nicira(const struct ofp_flow_mod *fm, bool flow_mod_table_id, struct scratch *s,
              struct of_nicira_flow_mod *of)
{
    uint16_t out_port;

    ofport_to_v10(fm->out_port, &out_port);
    of->cookie = fm->new_cookie;
    of->command = (uint16_t)(command_high(fm, flow_mod_table_id) << 8 | fm->command);
    of->idle_timeout = fm->idle_timeout;
    of->hard_timeout = fm->hard_timeout;
    of->priority = fm->priority;
    of->buffer_id = fm->buffer_id;
    of->out_port = out_port;
    of->flags = flags_for(fm->flags, OFP10);
    match_encode_oxm(&fm->match, OFP10, &s->arena, &of->match);
    if (fm->cookie_mask && fm->command != OFPFC_ADD)
        push_cookie(fm, s, &of->match);
    ofpacts_encode_actions(fm->ofpacts, fm->ofpacts_size, &fm->match, OFP10, &s->arena,
                           &of->actions);
}

static bool
needs_nicira(const struct ofp_flow_mod *fm, struct scratch *s)
{
    struct of_match of;

    memset(&of, 0, sizeof of);
    return (fm->cookie_mask && fm->command != OFPFC_ADD) ||
           !match_encode(&fm->match, OFP10, &s->arena, &of);
}

void
ofp_flow_mod_encode(const struct ofp_flow_mod *fm, enum ofp_version version, uint32_t xid, bool nxm,
                    bool flow_mod_table_id, struct buf *msg)
{
    struct scratch s;
    void *of;

    scratch_init(&s);
    if (version == OFP10 && (nxm || needs_nicira(fm, &s))) {
        of = scratch_msg(&s, OF_NICIRA_FLOW_MOD, version, xid);
        encode_nicira(fm, flow_mod_table_id, &s, of);
    } else {
        of = scratch_msg(&s, class_of_command(fm->command), version, xid);
        encode_standard(fm, version, flow_mod_table_id, &s, of);
    }
    scratch_encode_msg(of, msg);
    scratch_destroy(&s);
}

/* ---- Flow removed -----------------------------------------------------------------------------*/
uint8_t
ofp_flow_removed_reason(uint8_t reason, enum ofp_version version)
{
    uint8_t max = version <= OFP10   ? OFPRR_DELETE
                  : version == OFP13 ? OFPRR_GROUP_DELETE
                                     : OFPRR_EVICTION;

    return reason <= max ? reason : OFPRR_DELETE;
}

static void
removed_encode_nicira(const struct ofp_flow_removed *fr, struct scratch *s,
                      struct of_nicira_flow_removed *of)
{
    of->cookie = fr->cookie;
    of->priority = fr->priority;
    of->reason = ofp_flow_removed_reason(fr->reason, OFP10);
    of->table_id_plus_one = (uint8_t)(fr->table_id + 1);
    of->duration_sec = (uint32_t)(fr->duration_ns / NS_PER_S);
    of->duration_nsec = (uint32_t)(fr->duration_ns % NS_PER_S);
    of->idle_timeout = fr->idle_timeout;
    of->packet_count = fr->n_packets;
    of->byte_count = fr->n_bytes;
    match_encode_oxm(&fr->match, OFP10, &s->arena, &of->match);
}

static void
removed_encode_standard(const struct ofp_flow_removed *fr, enum ofp_version version,
                        struct scratch *s, struct of_flow_removed *of)
{
    struct counters counters = {fr->duration_ns, fr->n_packets, fr->n_bytes, OFP_COUNT_UNKNOWN, -1};

    of->cookie = fr->cookie;
    of->priority = fr->priority;
    of->reason = ofp_flow_removed_reason(fr->reason, version);
    of->table_id = fr->table_id;
    of->duration_sec = (uint32_t)(fr->duration_ns / NS_PER_S);
    of->duration_nsec = (uint32_t)(fr->duration_ns % NS_PER_S);
    of->idle_timeout = fr->idle_timeout;
    of->hard_timeout = fr->hard_timeout;
    of->packet_count = fr->n_packets;
    of->byte_count = fr->n_bytes;
    match_encode(&fr->match, version, &s->arena, &of->match);
    if (version >= OFP15)
        counters_encode(&counters, version, s, &of->stats);
}

void
ofp_flow_removed_encode(const struct ofp_flow_removed *fr, enum ofp_version version, bool nxm,
                        struct buf *msg)
{
    struct scratch s;
    void *of;

    scratch_init(&s);
    if (version == OFP10 && nxm) {
        of = scratch_msg(&s, OF_NICIRA_FLOW_REMOVED, version, 0);
        removed_encode_nicira(fr, &s, of);
    } else {
        of = scratch_msg(&s, OF_FLOW_REMOVED, version, 0);
        removed_encode_standard(fr, version, &s, of);
    }
    scratch_encode_msg(of, msg);
    scratch_destroy(&s);
}

static enum ofperr
removed_decode_nicira(const struct of_nicira_flow_removed *of, struct ofp_flow_removed *fr)
{
    fr->cookie = of->cookie;
    fr->priority = of->priority;
    fr->reason = of->reason;
    fr->table_id = (uint8_t)(of->table_id_plus_one - 1);
    fr->duration_ns = duration_ns(of->duration_sec, of->duration_nsec);
    fr->idle_timeout = of->idle_timeout;
    fr->n_packets = of->packet_count;
    fr->n_bytes = of->byte_count;
    return match_decode_oxm(&of->match, false, &fr->match, NULL, NULL);
}

enum ofperr
ofp_flow_removed_decode(const struct of_header *msg, struct ofp_flow_removed *fr)
{
    const struct of_flow_removed *of = (const void *)msg;
    struct counters counters;

    memset(fr, 0, sizeof *fr);
    if (msg->object.class_id == OF_NICIRA_FLOW_REMOVED)
        return removed_decode_nicira((const void *)msg, fr);
    fr->cookie = of->cookie;
    fr->priority = of->priority;
    fr->reason = of->reason;
    fr->table_id = msg_version(msg) > OFP10 ? of->table_id : OFTABLE_ALL;
    fr->duration_ns = duration_ns(of->duration_sec, of->duration_nsec);
    fr->idle_timeout = of->idle_timeout;
    fr->hard_timeout = of->hard_timeout;
    fr->n_packets = of->packet_count;
    fr->n_bytes = of->byte_count;
    if (msg_version(msg) >= OFP15) {
        counters_decode(&of->stats, &counters);
        fr->duration_ns = counters.duration_ns;
        fr->n_packets = counters.n_packets;
        fr->n_bytes = counters.n_bytes;
    }
    return match_decode(&of->match, msg_version(msg), &fr->match);
}
