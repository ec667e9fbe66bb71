/* SPDX-License-Identifier: Apache-2.0 */
/* Flow monitors: OpenFlow 1.4's messages, Nicira's in 1.0, ONF's extension of 1.3. */
#include "ofproto/message-scratch.h"

#include "lib/util.h"

/* The bits that Nicira and ONF call "own" and OpenFlow 1.4 "no abbreviation" are the same. */
#define FLAGS_V10 (OFPFMF_ONLY_OWN - 1)
#define EVENT_FLAGS (OFPFMF_ADD | OFPFMF_REMOVED | OFPFMF_MODIFY)

/* ---- Requests ---------------------------------------------------------------------------------*/
static bool
is_output_port(uint32_t port, uint32_t max_ports)
{
    return port < max_ports || port >= OFPORT_IN_PORT;
}

static enum ofperr
check(const struct ofp_flow_monitor *fm, enum ofp_version version,
      const struct ofp_decode_limits *limits)
{
    uint16_t known = version >= OFP14 ? FLAGS_V10 | OFPFMF_ONLY_OWN : FLAGS_V10;

    if (!(fm->flags & EVENT_FLAGS) || fm->flags & ~known)
        return OFPERR_OFPMOFC_BAD_FLAGS;
    if (fm->table_id != OFTABLE_ALL && fm->table_id >= limits->n_tables)
        return version >= OFP14 ? OFPERR_OFPMOFC_BAD_TABLE_ID : OFPERR_OFPBRC_BAD_TABLE_ID;
    if (!is_output_port(fm->out_port, limits->max_ports))
        return version >= OFP14 ? OFPERR_OFPMOFC_BAD_OUT : OFPERR_OFPBAC_BAD_OUT_PORT;
    if (fm->out_group > OFGROUP_MAX && fm->out_group != OFGROUP_ANY)
        return OFPERR_OFPMOFC_BAD_OUT;
    return OFPERR_OK;
}

static enum ofperr
decode_nicira(const struct of_nicira_flow_monitor_entry *of, struct ofp_flow_monitor *fm)
{
    fm->id = of->monitor_id;
    fm->flags = of->flags;
    fm->table_id = of->table_id;
    fm->out_port = ofport_from_v10(of->out_port);
    if (!is_all_zero(of->zero, sizeof of->zero))
        return OFPERR_NXBRC_MUST_BE_ZERO;
    return match_decode_oxm(&of->match, false, &fm->match, NULL, NULL);
}

static enum ofperr
decode_onf(const struct of_onf_flow_monitor_entry *of, struct ofp_flow_monitor *fm)
{
    fm->id = of->monitor_id;
    fm->flags = of->flags;
    fm->table_id = of->table_id;
    fm->out_port = of->out_port;
    if (!is_all_zero(of->zero, sizeof of->zero))
        return OFPERR_NXBRC_MUST_BE_ZERO;
    return match_decode(&of->match, OFP13, &fm->match);
}

static enum ofperr
decode_standard(const struct of_flow_monitor_entry *of, struct ofp_flow_monitor *fm)
{
    fm->id = of->monitor_id;
    fm->command = of->command;
    fm->flags = of->flags;
    fm->table_id = of->table_id;
    fm->out_port = of->out_port;
    fm->out_group = of->out_group;
    return match_decode(&of->match, (enum ofp_version)of->object.version, &fm->match);
}

size_t
ofp_flow_monitor_count(const struct of_header *msg)
{
    /* The three requests have their list in the same place. */
    return ((const struct of_flow_monitor_request *)(const void *)msg)->entries.n;
}

enum ofperr
ofp_flow_monitor_decode(const struct of_header *msg, size_t i,
                        const struct ofp_decode_limits *limits, struct ofp_flow_monitor *fm)
{
    const struct of_flow_monitor_request *request = (const void *)msg;
    const void *entry = request->entries.items[i];
    enum ofperr error;

    memset(fm, 0, sizeof *fm);
    fm->command = OFPFMC_ADD;
    fm->out_group = OFGROUP_ANY;
    if (msg->object.class_id == OF_NICIRA_FLOW_MONITOR_REQUEST)
        error = decode_nicira(entry, fm);
    else if (msg->object.class_id == OF_ONF_FLOW_MONITOR_REQUEST)
        error = decode_onf(entry, fm);
    else
        error = decode_standard(entry, fm);
    if (error || fm->command == OFPFMC_DELETE)
        return error;
    return check(fm, msg_version(msg), limits);
}

/* Bytes of a match of 1.3, type and length included, without the padding behind it. */
static uint16_t
match_length(const struct of_match *match)
{
    struct buf bytes = BUF_INITIALIZER;
    uint16_t length;

    for (size_t i = 0; i < match->oxm_list.n; i++)
        scratch_encode_object(match->oxm_list.items[i], &bytes);
    length = (uint16_t)(4 + bytes.size);
    buf_destroy(&bytes);
    return length;
}

static void *
entry_nicira(const struct ofp_flow_monitor *fm, struct scratch *s)
{
    struct of_nicira_flow_monitor_entry *of = scratch_new(s, OF_NICIRA_FLOW_MONITOR_ENTRY, OFP10);

    of->monitor_id = fm->id;
    of->flags = fm->flags;
    ofport_to_v10(fm->out_port, &of->out_port);
    of->table_id = fm->table_id;
    match_encode_oxm(&fm->match, OFP10, &s->arena, &of->match);
    return of;
}

static void *
entry_onf(const struct ofp_flow_monitor *fm, struct scratch *s)
{
    struct of_onf_flow_monitor_entry *of = scratch_new(s, OF_ONF_FLOW_MONITOR_ENTRY, OFP13);

    of->monitor_id = fm->id;
    of->flags = fm->flags;
    of->out_port = fm->out_port;
    of->table_id = fm->table_id;
    match_encode(&fm->match, OFP13, &s->arena, &of->match);
    of->match_len = match_length(&of->match);
    return of;
}

static void *
entry_standard(const struct ofp_flow_monitor *fm, enum ofp_version version, struct scratch *s)
{
    struct of_flow_monitor_entry *of = scratch_new(s, OF_FLOW_MONITOR_ENTRY, version);

    of->monitor_id = fm->id;
    of->out_port = fm->out_port;
    of->out_group = fm->out_group;
    of->flags = fm->flags;
    of->table_id = fm->table_id;
    of->command = fm->command;
    match_encode(&fm->match, version, &s->arena, &of->match);
    return of;
}

void
ofp_flow_monitor_encode(const struct ofp_flow_monitor *fm, enum ofp_version version, uint32_t xid,
                        struct buf *msg)
{
    struct of_flow_monitor_request *of;
    uint16_t class_id = OF_FLOW_MONITOR_REQUEST;
    struct scratch s;
    void *entry;

    scratch_init(&s);
    if (version == OFP10) {
        class_id = OF_NICIRA_FLOW_MONITOR_REQUEST;
        entry = entry_nicira(fm, &s);
    } else if (version == OFP13) {
        class_id = OF_ONF_FLOW_MONITOR_REQUEST;
        entry = entry_onf(fm, &s);
    } else {
        entry = entry_standard(fm, version, &s);
    }
    of = scratch_msg(&s, class_id, version, xid);
    of->entries.items = scratch_alloc(&s, sizeof *of->entries.items);
    LIST_PUSH(&of->entries, entry);
    scratch_encode_msg(of, msg);
    scratch_destroy(&s);
}

/* ---- Updates: encode --------------------------------------------------------------------------*/
/* What the full updates of all forms have, between two of them. */
#define COPY_FULL(to, from)                                                                        \
    do {                                                                                           \
        (to)->reason = (from)->reason;                                                             \
        (to)->priority = (from)->priority;                                                         \
        (to)->idle_timeout = (from)->idle_timeout;                                                 \
        (to)->hard_timeout = (from)->hard_timeout;                                                 \
        (to)->table_id = (from)->table_id;                                                         \
        (to)->cookie = (from)->cookie;                                                             \
    } while (0)

/* Nicira and ONF have no event for a flow that was there already. */
static uint16_t
full_class(uint8_t event, enum ofp_version version)
{
    static const uint16_t classes[][3] = {
        [OFPFME_INITIAL] = {OF_NICIRA_FLOW_UPDATE_ADDED, OF_ONF_FLOW_UPDATE_ADDED,
                            OF_FLOW_UPDATE_INITIAL},
        [OFPFME_ADDED] = {OF_NICIRA_FLOW_UPDATE_ADDED, OF_ONF_FLOW_UPDATE_ADDED,
                          OF_FLOW_UPDATE_ADDED},
        [OFPFME_REMOVED] = {OF_NICIRA_FLOW_UPDATE_DELETED, OF_ONF_FLOW_UPDATE_DELETED,
                            OF_FLOW_UPDATE_REMOVED},
        [OFPFME_MODIFIED] = {OF_NICIRA_FLOW_UPDATE_MODIFIED, OF_ONF_FLOW_UPDATE_MODIFIED,
                             OF_FLOW_UPDATE_MODIFIED},
    };

    return classes[event][version == OFP10 ? 0 : version == OFP13 ? 1 : 2];
}

/* The full updates of one form have the same members in the same places. */
static void *
full_nicira(const struct ofp_flow_update *fu, struct scratch *s)
{
    struct of_nicira_flow_update_added *of = scratch_new(s, full_class(fu->event, OFP10), OFP10);

    COPY_FULL(of, fu);
    match_encode_oxm(&fu->match, OFP10, &s->arena, &of->match);
    ofpacts_encode_actions(fu->ofpacts, fu->ofpacts_size, &fu->match, OFP10, &s->arena,
                           &of->actions);
    return of;
}

static void *
full_onf(const struct ofp_flow_update *fu, struct scratch *s)
{
    struct of_onf_flow_update_added *of = scratch_new(s, full_class(fu->event, OFP13), OFP13);

    COPY_FULL(of, fu);
    match_encode(&fu->match, OFP13, &s->arena, &of->match);
    of->match_len = match_length(&of->match);
    ofpacts_encode_instructions(fu->ofpacts, fu->ofpacts_size, &fu->match, OFP13, false, &s->arena,
                                &of->instructions);
    return of;
}

static void *
full_standard(const struct ofp_flow_update *fu, enum ofp_version version, struct scratch *s)
{
    struct of_flow_update_added *of = scratch_new(s, full_class(fu->event, version), version);

    COPY_FULL(of, fu);
    match_encode(&fu->match, version, &s->arena, &of->match);
    ofpacts_encode_instructions(fu->ofpacts, fu->ofpacts_size, &fu->match, version, false,
                                &s->arena, &of->instructions);
    return of;
}

static void *
abbreviation(uint32_t xid, enum ofp_version version, struct scratch *s)
{
    uint16_t class_id = version == OFP10   ? OF_NICIRA_FLOW_UPDATE_ABBREV
                        : version == OFP13 ? OF_ONF_FLOW_UPDATE_ABBREV
                                           : OF_FLOW_UPDATE_ABBREV;
    /* The three have the same layout. */
    struct of_flow_update_abbrev *of = scratch_new(s, class_id, version);

    of->xid = xid;
    return of;
}

void
ofp_flow_update_start(enum ofp_version version, struct ofp_multipart *mp, struct buf *msgs)
{
    multipart_start(mp,
                    version == OFP10   ? OF_NICIRA_FLOW_MONITOR_REPLY
                    : version == OFP13 ? OF_ONF_FLOW_MONITOR_REPLY
                                       : OF_FLOW_MONITOR_REPLY,
                    version, 0, msgs);
}

void
ofp_flow_update_append(const struct ofp_flow_update *fu, struct ofp_multipart *mp)
{
    struct scratch s;
    void *of;

    scratch_init(&s);
    if (fu->event == OFPFME_ABBREV)
        of = abbreviation(fu->xid, mp->version, &s);
    else if (mp->version == OFP10)
        of = full_nicira(fu, &s);
    else if (mp->version == OFP13)
        of = full_onf(fu, &s);
    else
        of = full_standard(fu, mp->version, &s);
    scratch_append(of, mp);
    scratch_destroy(&s);
}

void
ofp_flow_monitor_paused_encode(bool is_paused, enum ofp_version version, struct buf *msg)
{
    struct ofp_multipart mp;
    struct scratch s;

    scratch_init(&s);
    if (version == OFP10) {
        scratch_encode_msg(
            scratch_msg(&s,
                        is_paused ? OF_NICIRA_FLOW_MONITOR_PAUSED : OF_NICIRA_FLOW_MONITOR_RESUMED,
                        version, 0),
            msg);
    } else if (version == OFP13) {
        scratch_encode_msg(
            scratch_msg(&s, is_paused ? OF_ONF_FLOW_MONITOR_PAUSED : OF_ONF_FLOW_MONITOR_RESUMED,
                        version, 0),
            msg);
    } else {
        ofp_flow_update_start(version, &mp, msg);
        scratch_append(
            scratch_new(&s, is_paused ? OF_FLOW_UPDATE_PAUSED : OF_FLOW_UPDATE_RESUMED, version),
            &mp);
    }
    scratch_destroy(&s);
}

/* ---- Updates: decode --------------------------------------------------------------------------*/
static uint8_t
event_of_class(uint16_t class_id)
{
    static const struct {
        uint16_t class_id;
        uint8_t event;
    } events[] = {
        {OF_FLOW_UPDATE_INITIAL, OFPFME_INITIAL},
        {OF_FLOW_UPDATE_REMOVED, OFPFME_REMOVED},
        {OF_NICIRA_FLOW_UPDATE_DELETED, OFPFME_REMOVED},
        {OF_ONF_FLOW_UPDATE_DELETED, OFPFME_REMOVED},
        {OF_FLOW_UPDATE_MODIFIED, OFPFME_MODIFIED},
        {OF_NICIRA_FLOW_UPDATE_MODIFIED, OFPFME_MODIFIED},
        {OF_ONF_FLOW_UPDATE_MODIFIED, OFPFME_MODIFIED},
        {OF_FLOW_UPDATE_ABBREV, OFPFME_ABBREV},
        {OF_NICIRA_FLOW_UPDATE_ABBREV, OFPFME_ABBREV},
        {OF_ONF_FLOW_UPDATE_ABBREV, OFPFME_ABBREV},
        {OF_FLOW_UPDATE_PAUSED, OFPFME_PAUSED},
        {OF_FLOW_UPDATE_RESUMED, OFPFME_RESUMED},
    };

    for (size_t i = 0; i < ARRAY_SIZE(events); i++)
        if (events[i].class_id == class_id)
            return events[i].event;
    return OFPFME_ADDED;
}

static enum ofperr
decode_full_nicira(const struct of_nicira_flow_update_added *of, struct buf *ofpacts,
                   struct ofp_flow_update *fu)
{
    enum ofperr error;

    COPY_FULL(fu, of);
    error = match_decode_oxm(&of->match, false, &fu->match, NULL, NULL);
    return error ? error : ofpacts_decode_actions(&of->actions, OFP10, ofpacts);
}

static enum ofperr
decode_full_onf(const struct of_onf_flow_update_added *of, struct buf *ofpacts,
                struct ofp_flow_update *fu)
{
    enum ofperr error;

    COPY_FULL(fu, of);
    error = match_decode(&of->match, OFP13, &fu->match);
    return error ? error : ofpacts_decode_instructions(&of->instructions, OFP13, ofpacts);
}

static enum ofperr
decode_full_standard(const struct of_flow_update_added *of, struct buf *ofpacts,
                     struct ofp_flow_update *fu)
{
    enum ofp_version version = (enum ofp_version)of->object.version;
    enum ofperr error;

    COPY_FULL(fu, of);
    error = match_decode(&of->match, version, &fu->match);
    return error ? error : ofpacts_decode_instructions(&of->instructions, version, ofpacts);
}

static enum ofperr
decode_update(const void *entry, enum ofp_version version, struct buf *ofpacts,
              struct ofp_flow_update *fu)
{
    memset(fu, 0, sizeof *fu);
    fu->event = event_of_class(((const struct of_object *)entry)->class_id);
    if (fu->event == OFPFME_ABBREV)
        fu->xid = ((const struct of_flow_update_abbrev *)entry)->xid;
    if (fu->event >= OFPFME_ABBREV)
        return OFPERR_OK;
    if (version == OFP10)
        return decode_full_nicira(entry, ofpacts, fu);
    if (version == OFP13)
        return decode_full_onf(entry, ofpacts, fu);
    return decode_full_standard(entry, ofpacts, fu);
}

enum ofperr
ofp_flow_updates_decode(const struct of_header *reply,
                        void (*cb)(const struct ofp_flow_update *, void *aux), void *aux)
{
    /* The three replies have their list in the same place. */
    const struct of_flow_monitor_reply *of = (const void *)reply;
    struct buf ofpacts = BUF_INITIALIZER;
    enum ofperr error = OFPERR_OK;

    for (size_t i = 0; i < of->entries.n && !error; i++) {
        struct ofp_flow_update fu;

        buf_clear(&ofpacts);
        error = decode_update(of->entries.items[i], msg_version(reply), &ofpacts, &fu);
        fu.ofpacts = (const void *)ofpacts.data;
        fu.ofpacts_size = ofpacts.size;
        if (!error)
            cb(&fu, aux);
    }
    buf_destroy(&ofpacts);
    return error;
}
