/* SPDX-License-Identifier: Apache-2.0 */
/* Packet-out and packet-in. */
#include <arpa/inet.h>

#include "ofproto/message-scratch.h"

/* ---- Packet-out -------------------------------------------------------------------------------*/
static enum ofperr
check_in_port(uint32_t port)
{
    switch (port) {
    case OFPORT_LOCAL:
    case OFPORT_CONTROLLER:
    case OFPORT_ANY:
        return OFPERR_OK;
    default:
        return port < OFPORT_MAX ? OFPERR_OK : OFPERR_OFPBRC_BAD_PORT;
    }
}

/* A packet-out of OpenFlow 1.5 may set pipeline fields only. */
static enum ofperr
decode_pipeline(const struct of_match *of, struct match *match)
{
    enum ofperr error = match_decode_oxm(&of->oxm_list, true, match, NULL, NULL);

    if (error)
        return error;
    for (enum field_id id = FIELD_ETH_DST; id < N_FIELDS; id++)
        if (!field_is_wild(&fields[id], &match->mask))
            return OFPERR_OFPBRC_PIPELINE_FIELDS_ONLY;
    return OFPERR_OK;
}

enum ofperr
ofp_packet_out_decode(const struct of_header *msg, const struct ofp_decode_limits *limits,
                      struct buf *ofpacts, struct ofp_packet_out *po)
{
    const struct of_packet_out *of = (const void *)msg;
    struct ofpact_limits check_limits = {
        .max_ports = limits->max_ports,
        .table_id = OFTABLE_ALL,
        .n_tables = limits->n_tables,
        .no_prereqs = true,
    };
    size_t start = ofpacts->size;
    enum ofperr error = OFPERR_OK;

    memset(po, 0, sizeof *po);
    if (msg_version(msg) >= OFP15)
        error = decode_pipeline(&of->match, &po->match);
    else
        match_set(&po->match, &fields[FIELD_IN_PORT_OXM], of->in_port);
    if (!error)
        error = check_in_port(po->match.flow.in_port);
    if (!error)
        error = ofpacts_decode_actions(&of->actions, msg_version(msg), ofpacts);
    if (error)
        return error;
    po->buffer_id = of->buffer_id;
    po->packet = of->buffer_id == OFBUFFER_NONE ? of->data.data : NULL;
    po->packet_size = of->buffer_id == OFBUFFER_NONE ? of->data.size : 0;
    po->ofpacts_size = ofpacts->size - start;
    po->ofpacts = po->ofpacts_size ? (const void *)(ofpacts->data + start) : NULL;
    return ofpacts_check(po->ofpacts, po->ofpacts_size, &po->match, &check_limits);
}

void
ofp_packet_out_encode(const struct ofp_packet_out *po, enum ofp_version version, uint32_t xid,
                      struct buf *msg)
{
    struct of_packet_out *of;
    struct scratch s;

    scratch_init(&s);
    of = scratch_msg(&s, OF_PACKET_OUT, version, xid);
    of->buffer_id = po->buffer_id;
    if (version >= OFP15)
        match_encode(&po->match, version, &s.arena, &of->match);
    else
        of->in_port = po->match.mask.in_port ? po->match.flow.in_port : OFPORT_ANY;
    ofpacts_encode_actions(po->ofpacts, po->ofpacts_size, NULL, version, &s.arena, &of->actions);
    of->data = (struct of_octets){po->packet, po->packet ? po->packet_size : 0};
    scratch_encode_msg(of, msg);
    scratch_destroy(&s);
}

/* ---- Packet-in: encode ------------------------------------------------------------------------*/
/* OpenFlow 1.4 told apart what was OFPR_ACTION before. */
static uint8_t
reason_for(uint8_t reason, enum ofp_version version)
{
    return version < OFP14 && reason > OFPR_INVALID_TTL ? OFPR_ACTION : reason;
}

static void
encode_standard(const struct ofp_packet_in *pin, enum ofp_version version, struct scratch *s,
                struct of_packet_in *of)
{
    of->buffer_id = pin->buffer_id;
    of->total_len = pin->total_size;
    of->reason = reason_for(pin->reason, version);
    of->table_id = pin->table_id;
    of->cookie = pin->cookie;
    of->in_port = pin->metadata.in_port;
    of->data = (struct of_octets){pin->packet, pin->packet_size};
    if (version > OFP10)
        match_encode_metadata(&pin->metadata, version, &s->arena, &of->match.oxm_list);
}

static void
encode_nxt(const struct ofp_packet_in *pin, enum ofp_version version, struct scratch *s,
           struct of_nicira_packet_in *of)
{
    of->buffer_id = pin->buffer_id;
    of->total_len = pin->total_size;
    of->reason = reason_for(pin->reason, version);
    of->table_id = pin->table_id;
    of->cookie = pin->cookie;
    of->data = (struct of_octets){pin->packet, pin->packet_size};
    match_encode_metadata(&pin->metadata, version, &s->arena, &of->match);
}

#define PUSH_PROP(OF, S, VERSION, NAME, CLASS, MEMBER, VALUE)                                      \
    do {                                                                                           \
        struct of_nicira_packet_in2_prop_##NAME *prop_ =                                           \
            scratch_new(S, OF_NICIRA_PACKET_IN2_PROP_##CLASS, VERSION);                            \
        prop_->type = NXPINT_##CLASS;                                                              \
        prop_->MEMBER = VALUE;                                                                     \
        LIST_PUSH(&(OF)->properties, prop_);                                                       \
    } while (0)

/* Clients print a continuation as a list of properties: ours is one. */
#define STATE_PROP 0x5348
#define STATE_HEADER 4 /* Type, length. */

static struct of_octets
wrap_state(const struct ofp_packet_in *pin, struct scratch *s)
{
    size_t size = STATE_HEADER + pin->continuation_size, padded = ROUND_UP(size, 8);
    uint8_t *p = scratch_alloc(s, padded);
    uint16_t header[2] = {htons(STATE_PROP), htons((uint16_t)size)};

    memset(p, 0, padded);
    memcpy(p, header, sizeof header);
    memcpy(p + STATE_HEADER, pin->continuation, pin->continuation_size);
    return (struct of_octets){p, padded};
}

/* What is no state of ours is left out. */
static void
unwrap_state(const struct of_octets *continuation, struct ofp_packet_in *pin)
{
    uint16_t header[2];
    size_t size;

    if (continuation->size < sizeof header)
        return;
    memcpy(header, continuation->data, sizeof header);
    size = ntohs(header[1]);
    if (ntohs(header[0]) != STATE_PROP || size < STATE_HEADER ||
        ROUND_UP(size, 8) != continuation->size)
        return;
    pin->continuation = (const uint8_t *)continuation->data + STATE_HEADER;
    pin->continuation_size = size - STATE_HEADER;
}

static void
encode_nxt2(const struct ofp_packet_in *pin, enum ofp_version version, struct scratch *s,
            struct of_nicira_packet_in2 *of)
{
    struct of_octets packet = {pin->packet, pin->packet_size};
    struct of_octets userdata = {pin->userdata, pin->userdata_size};
    struct of_nicira_packet_in2_prop_metadata *metadata;

    of->properties.items = scratch_alloc(s, 8 * sizeof *of->properties.items);
    PUSH_PROP(of, s, version, packet, PACKET, packet, packet);
    if (pin->packet_size != pin->total_size)
        PUSH_PROP(of, s, version, full_len, FULL_LEN, full_len, pin->total_size);
    if (pin->buffer_id != OFBUFFER_NONE)
        PUSH_PROP(of, s, version, buffer_id, BUFFER_ID, buffer_id, pin->buffer_id);
    PUSH_PROP(of, s, version, table_id, TABLE_ID, table_id, pin->table_id);
    if (pin->cookie != UINT64_MAX)
        PUSH_PROP(of, s, version, cookie, COOKIE, cookie, pin->cookie);
    PUSH_PROP(of, s, version, reason, REASON, reason, pin->reason);
    metadata = scratch_new(s, OF_NICIRA_PACKET_IN2_PROP_METADATA, version);
    metadata->type = NXPINT_METADATA;
    match_encode_metadata(&pin->metadata, version, &s->arena, &metadata->fields);
    LIST_PUSH(&of->properties, metadata);
    if (pin->userdata_size)
        PUSH_PROP(of, s, version, userdata, USERDATA, userdata, userdata);
    if (pin->continuation_size)
        PUSH_PROP(of, s, version, continuation, CONTINUATION, continuation, wrap_state(pin, s));
}

void
ofp_packet_in_encode(const struct ofp_packet_in *pin, enum ofp_packet_in_format format,
                     enum ofp_version version, struct buf *msg)
{
    struct scratch s;
    void *of;

    scratch_init(&s);
    switch (format) {
    case PACKET_IN_NXT:
        of = scratch_msg(&s, OF_NICIRA_PACKET_IN, version, 0);
        encode_nxt(pin, version, &s, of);
        break;
    case PACKET_IN_NXT2:
        of = scratch_msg(&s, OF_NICIRA_PACKET_IN2, version, 0);
        encode_nxt2(pin, version, &s, of);
        break;
    case PACKET_IN_STANDARD:
    default:
        of = scratch_msg(&s, OF_PACKET_IN, version, 0);
        encode_standard(pin, version, &s, of);
        break;
    }
    scratch_encode_msg(of, msg);
    scratch_destroy(&s);
}

/* ---- Packet-in: decode ------------------------------------------------------------------------*/
static enum ofperr
decode_nxt(const struct of_nicira_packet_in *of, struct ofp_packet_in *pin)
{
    pin->buffer_id = of->buffer_id;
    pin->total_size = of->total_len;
    pin->reason = of->reason;
    pin->table_id = of->table_id;
    pin->cookie = of->cookie;
    pin->packet = of->data.data;
    pin->packet_size = of->data.size;
    return match_decode_oxm(&of->match, true, &pin->match, NULL, NULL);
}

static enum ofperr
decode_prop(const void *prop, struct ofp_packet_in *pin)
{
    switch (((const struct of_object *)prop)->class_id) {
    case OF_NICIRA_PACKET_IN2_PROP_PACKET:
        pin->packet = ((const struct of_nicira_packet_in2_prop_packet *)prop)->packet.data;
        pin->packet_size = ((const struct of_nicira_packet_in2_prop_packet *)prop)->packet.size;
        break;
    case OF_NICIRA_PACKET_IN2_PROP_FULL_LEN:
        pin->total_size =
            (uint16_t)((const struct of_nicira_packet_in2_prop_full_len *)prop)->full_len;
        break;
    case OF_NICIRA_PACKET_IN2_PROP_BUFFER_ID:
        pin->buffer_id = ((const struct of_nicira_packet_in2_prop_buffer_id *)prop)->buffer_id;
        break;
    case OF_NICIRA_PACKET_IN2_PROP_TABLE_ID:
        pin->table_id = ((const struct of_nicira_packet_in2_prop_table_id *)prop)->table_id;
        break;
    case OF_NICIRA_PACKET_IN2_PROP_COOKIE:
        pin->cookie = ((const struct of_nicira_packet_in2_prop_cookie *)prop)->cookie;
        break;
    case OF_NICIRA_PACKET_IN2_PROP_REASON:
        pin->reason = ((const struct of_nicira_packet_in2_prop_reason *)prop)->reason;
        break;
    case OF_NICIRA_PACKET_IN2_PROP_METADATA:
        return match_decode_oxm(&((const struct of_nicira_packet_in2_prop_metadata *)prop)->fields,
                                true, &pin->match, NULL, NULL);
    case OF_NICIRA_PACKET_IN2_PROP_USERDATA:
        pin->userdata = ((const struct of_nicira_packet_in2_prop_userdata *)prop)->userdata.data;
        pin->userdata_size =
            ((const struct of_nicira_packet_in2_prop_userdata *)prop)->userdata.size;
        break;
    case OF_NICIRA_PACKET_IN2_PROP_CONTINUATION:
        unwrap_state(&((const struct of_nicira_packet_in2_prop_continuation *)prop)->continuation,
                     pin);
        break;
    }
    return OFPERR_OK;
}

static enum ofperr
decode_props(struct of_nicira_packet_in2_prop *const *props, size_t n, struct ofp_packet_in *pin)
{
    enum ofperr error = OFPERR_OK;

    pin->buffer_id = OFBUFFER_NONE;
    pin->cookie = UINT64_MAX;
    for (size_t i = 0; i < n && !error; i++)
        error = decode_prop(props[i], pin);
    if (!pin->total_size)
        pin->total_size = (uint16_t)pin->packet_size;
    return error;
}

static enum ofperr
decode_standard(const struct of_packet_in *of, struct ofp_packet_in *pin)
{
    pin->buffer_id = of->buffer_id;
    pin->total_size = of->total_len;
    pin->reason = of->reason;
    pin->packet = of->data.data;
    pin->packet_size = of->data.size;
    pin->cookie = UINT64_MAX;
    if (of->object.version <= OFP10) {
        match_set(&pin->match, &fields[FIELD_IN_PORT_OXM], of->in_port);
        return OFPERR_OK;
    }
    pin->table_id = of->table_id;
    pin->cookie = of->cookie;
    return match_decode_oxm(&of->match.oxm_list, true, &pin->match, NULL, NULL);
}

enum ofperr
ofp_packet_in_decode(const struct of_header *msg, struct ofp_packet_in *pin)
{
    enum ofperr error;

    memset(pin, 0, sizeof *pin);
    if (msg->object.class_id == OF_NICIRA_PACKET_IN)
        error = decode_nxt((const void *)msg, pin);
    else if (msg->object.class_id == OF_NICIRA_PACKET_IN2)
        error = decode_props(((const struct of_nicira_packet_in2 *)msg)->properties.items,
                             ((const struct of_nicira_packet_in2 *)msg)->properties.n, pin);
    else
        error = decode_standard((const void *)msg, pin);
    pin->metadata = pin->match.flow;
    return error;
}

enum ofperr
ofp_resume_decode(const struct of_header *msg, struct ofp_packet_in *pin)
{
    const struct of_nicira_resume *of = (const struct of_nicira_resume *)msg;
    enum ofperr error;

    memset(pin, 0, sizeof *pin);
    error = decode_props(of->properties.items, of->properties.n, pin);
    pin->metadata = pin->match.flow;
    return error;
}
