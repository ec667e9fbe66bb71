/* SPDX-License-Identifier: Apache-2.0 */
/* Roles, and which asynchronous messages a connection gets (OpenFlow 1.3, sections 6.3.4 and
 * 7.3.10; 1.4, section 7.3.10). */
#include "ofproto/ofconn.h"

#define ALL_REASONS UINT32_MAX

/* ---- What a connection wants ---- */

void
async_config_default(struct async_config *config, enum ofconn_kind kind, enum ofp_version version)
{
    uint32_t *master = config->masks[0], *slave = config->masks[1];

    memset(config, 0, sizeof *config);
    if (kind != OFCONN_CONTROLLER)
        return;
    master[ASYNC_PACKET_IN] = ALL_REASONS & ~(1u << OFPR_INVALID_TTL);
    master[ASYNC_PORT_STATUS] = slave[ASYNC_PORT_STATUS] = ALL_REASONS;
    master[ASYNC_FLOW_REMOVED] = ALL_REASONS;
    if (version < OFP14)
        return; /* Extensions have to be asked for. */
    master[ASYNC_ROLE_STATUS] = slave[ASYNC_ROLE_STATUS] = ALL_REASONS;
    master[ASYNC_TABLE_STATUS] = ALL_REASONS;
}

/* A management connection hears what it asked for: all, once it sets a length for packet-ins. */
static bool
is_listening(const struct ofconn *ofconn)
{
    return ofconn->kind == OFCONN_CONTROLLER ||
           (ofconn->kind == OFCONN_SERVICE && ofconn->miss_send_len);
}

/* As the version says it, whose masks have no bits for others. Reasons that came with 1.4 are kinds
 * of OFPR_ACTION to older versions. */
static unsigned
reason_for(enum ofp_version version, enum async_type type, unsigned reason)
{
    if (type == ASYNC_FLOW_REMOVED)
        return ofp_flow_removed_reason((uint8_t)reason, version);
    if (type != ASYNC_PACKET_IN || version >= OFP14)
        return reason;
    return reason > OFPR_INVALID_TTL ? OFPR_APPLY_ACTION : reason;
}

bool
async_wants(const struct ofconn *ofconn, enum async_type type, unsigned reason)
{
    const uint32_t *masks = ofconn->async.masks[ofconn->role == OFPCR_ROLE_SLAVE];
    uint32_t bit = 1u << reason_for(ofconn->version, type, reason);

    return conn_state(ofconn->conn) == CONN_UP && is_listening(ofconn) && masks[type] & bit;
}

/* ---- Configuration of 1.3, and Nicira's for all versions: six masks ---- */

#define SET_MASKS(async, set)                                                                      \
    do {                                                                                           \
        (async)->masks[0][ASYNC_PACKET_IN] = (set)->packet_in_mask_equal_master;                   \
        (async)->masks[1][ASYNC_PACKET_IN] = (set)->packet_in_mask_slave;                          \
        (async)->masks[0][ASYNC_PORT_STATUS] = (set)->port_status_mask_equal_master;               \
        (async)->masks[1][ASYNC_PORT_STATUS] = (set)->port_status_mask_slave;                      \
        (async)->masks[0][ASYNC_FLOW_REMOVED] = (set)->flow_removed_mask_equal_master;             \
        (async)->masks[1][ASYNC_FLOW_REMOVED] = (set)->flow_removed_mask_slave;                    \
    } while (0)

static void
async_get_v13(const struct ofconn *ofconn, struct of_async_get_reply *reply)
{
    const uint32_t *master = ofconn->async.masks[0], *slave = ofconn->async.masks[1];

    reply->packet_in_mask_equal_master = master[ASYNC_PACKET_IN] & 7;
    reply->packet_in_mask_slave = slave[ASYNC_PACKET_IN] & 7;
    reply->port_status_mask_equal_master = master[ASYNC_PORT_STATUS] & 7;
    reply->port_status_mask_slave = slave[ASYNC_PORT_STATUS] & 7;
    reply->flow_removed_mask_equal_master = master[ASYNC_FLOW_REMOVED] & 15;
    reply->flow_removed_mask_slave = slave[ASYNC_FLOW_REMOVED] & 15;
}

/* ---- Configuration of 1.4 and later: a property for each kind and role ---- */

static const struct async_prop {
    uint16_t class_id;
    uint8_t type; /* enum async_type */
    uint8_t is_slave;
    uint32_t reasons; /* That the kind has. */
} async_props[] = {
#define PROP(NAME, TYPE, REASONS)                                                                  \
    {OF_ASYNC_CONFIG_PROP_##NAME##_SLAVE, ASYNC_##TYPE, 1, REASONS},                               \
    {                                                                                              \
        OF_ASYNC_CONFIG_PROP_##NAME##_MASTER, ASYNC_##TYPE, 0, REASONS                             \
    }
    PROP(PACKET_IN, PACKET_IN, 0x3f),       PROP(PORT_STATUS, PORT_STATUS, 0x7),
    PROP(FLOW_REMOVED, FLOW_REMOVED, 0x3f), PROP(ROLE_STATUS, ROLE_STATUS, 0x7),
    PROP(TABLE_STATUS, TABLE_STATUS, 0x18), PROP(REQUESTFORWARD, REQUESTFORWARD, 0x3),
    PROP(CONT_STATUS, CONT_STATUS, 0xff),
#undef PROP
};

/* All properties with a mask have the layout of this one. */
typedef struct of_async_config_prop_packet_in_slave async_mask_prop;

static const struct async_prop *
find_prop(uint16_t class_id)
{
    for (size_t i = 0; i < ARRAY_SIZE(async_props); i++) {
        if (async_props[i].class_id == class_id)
            return &async_props[i];
    }
    return NULL;
}

static enum ofperr
async_set_properties(struct ofconn *ofconn, const struct of_async_config_prop_list *properties)
{
    struct async_config config = ofconn->async;

    for (size_t i = 0; i < properties->n; i++) {
        const struct of_object *item = (const struct of_object *)properties->items[i];
        const struct async_prop *prop = find_prop(item->class_id);
        uint32_t mask;

        if (!prop)
            return OFPERR_OFPACFC_UNSUPPORTED;
        mask = ((const async_mask_prop *)item)->mask;
        if (mask & ~prop->reasons)
            return OFPERR_OFPACFC_INVALID;
        config.masks[prop->is_slave][prop->type] = mask;
    }
    ofconn->async = config;
    return 0;
}

static void
async_get_v14(const struct ofconn *ofconn, struct of_arena *arena, struct of_async_get_reply *reply)
{
    reply->properties.items =
        of_arena_alloc(arena, ARRAY_SIZE(async_props) * sizeof *reply->properties.items);
    for (size_t i = 0; i < ARRAY_SIZE(async_props); i++) {
        const struct async_prop *prop = &async_props[i];
        async_mask_prop *item;

        if (!of_class_in_version(prop->class_id, ofconn->version))
            continue;
        item = async_new(ofconn, arena, prop->class_id);
        item->mask = ofconn->async.masks[prop->is_slave][prop->type] & prop->reasons;
        reply->properties.items[reply->properties.n++] = (struct of_async_config_prop *)item;
    }
}

static enum ofperr
handle_async_set(struct ofconn *ofconn, const struct request *request)
{
    const struct of_async_set *set = (const struct of_async_set *)request->msg;

    if (ofconn->version >= OFP14)
        return async_set_properties(ofconn, &set->properties);
    SET_MASKS(&ofconn->async, set);
    return 0;
}

static enum ofperr
handle_nicira_async_set(struct ofconn *ofconn, const struct request *request)
{
    const struct of_nicira_set_async_config *set =
        (const struct of_nicira_set_async_config *)request->msg;

    SET_MASKS(&ofconn->async, set);
    return 0;
}

/* NXT_SET_ASYNC_CONFIG2 brings the properties to older versions. */
static enum ofperr
handle_nicira_async_set2(struct ofconn *ofconn, const struct request *request)
{
    const struct of_nicira_set_async_config2 *set =
        (const struct of_nicira_set_async_config2 *)request->msg;

    return async_set_properties(ofconn, &set->properties);
}

static enum ofperr
handle_async_get(struct ofconn *ofconn, const struct request *request)
{
    struct of_async_get_reply *reply = reply_new(request, OF_ASYNC_GET_REPLY);

    if (ofconn->version >= OFP14)
        async_get_v14(ofconn, request->arena, reply);
    else
        async_get_v13(ofconn, reply);
    ofconn_send_object(ofconn, reply);
    return 0;
}

/* ---- Roles ---- */

void
ofconn_set_role(struct ofconn *ofconn, uint32_t role, uint8_t reason)
{
    uint64_t stub[64];
    struct of_arena arena;
    struct of_role_status *status;

    ofconn->role = role;
    ofconn_tell_status(ofconn, OFPCSR_ROLE);
    if (ofconn->version == OFP10 || !async_wants(ofconn, ASYNC_ROLE_STATUS, reason))
        return;
    of_arena_init(&arena, stub, sizeof stub);
    /* ONF's in 1.3 has the same layout. */
    status =
        async_new(ofconn, &arena, ofconn->version == OFP13 ? OF_ONF_ROLE_STATUS : OF_ROLE_STATUS);
    status->role = role;
    status->reason = reason;
    status->generation_id = ofconn->mgr->generation_id;
    ofconn_send_async_object(ofconn, status);
    of_arena_destroy(&arena);
}

/* There is one master: the old one becomes a slave and is told. */
static void
become_master(struct ofconn *ofconn)
{
    struct ofconn *other;

    LIST_FOR_EACH (other, link, &ofconn->mgr->ofconns) {
        if (other != ofconn && other->role == OFPCR_ROLE_MASTER)
            ofconn_set_role(other, OFPCR_ROLE_SLAVE, OFPCRR_MASTER_REQUEST);
    }
    ofconn->role = OFPCR_ROLE_MASTER;
}

/* A generation id older than one already seen is of a controller that was replaced (1.3,
 * section 6.3.4): the difference is signed, so that it may wrap. */
static enum ofperr
check_generation(struct connmgr *mgr, uint64_t generation_id)
{
    if (mgr->has_generation_id && (int64_t)(generation_id - mgr->generation_id) < 0)
        return OFPERR_OFPRRFC_STALE;
    mgr->has_generation_id = true;
    mgr->generation_id = generation_id;
    return 0;
}

enum ofperr
ofconn_change_role(struct ofconn *ofconn, uint32_t role, const uint64_t *generation_id)
{
    enum ofperr error;

    if (role == OFPCR_ROLE_NOCHANGE)
        return 0;
    if (role > OFPCR_ROLE_SLAVE)
        return OFPERR_OFPRRFC_BAD_ROLE;
    if (role != OFPCR_ROLE_EQUAL && generation_id) {
        error = check_generation(ofconn->mgr, *generation_id);
        if (error)
            return error;
    }
    if (role == ofconn->role)
        return 0;
    if (role == OFPCR_ROLE_MASTER)
        become_master(ofconn);
    else
        ofconn->role = role;
    ofconn_tell_status(ofconn, OFPCSR_ROLE);
    return 0;
}

static enum ofperr
handle_role_request(struct ofconn *ofconn, const struct request *request)
{
    const struct of_role_request *role = (const struct of_role_request *)request->msg;
    enum ofperr error = ofconn_change_role(ofconn, role->role, &role->generation_id);
    struct of_role_reply *reply;

    if (error)
        return error;
    reply = reply_new(request, OF_ROLE_REPLY);
    reply->role = ofconn->role;
    reply->generation_id = ofconn->mgr->has_generation_id ? ofconn->mgr->generation_id : UINT64_MAX;
    ofconn_send_object(ofconn, reply);
    return 0;
}

const struct handler handlers_async[] = {
    {OF_ASYNC_SET, 0, handle_async_set},
    {OF_ASYNC_GET_REQUEST, 0, handle_async_get},
    {OF_NICIRA_SET_ASYNC_CONFIG, 0, handle_nicira_async_set},
    {OF_NICIRA_SET_ASYNC_CONFIG2, 0, handle_nicira_async_set2},
    {OF_ROLE_REQUEST, 0, handle_role_request},
    {OF_NO_CLASS, 0, NULL},
};

/* ---- What controllers are told ---- */

/* How much of the packet the connection gets, and whether the rest is kept. */
static void
cut_packet(struct ofconn *ofconn, const struct ofp_packet_in *full, uint16_t max_len,
           struct ofp_packet_in *pin)
{
    bool is_miss = full->reason == OFPR_TABLE_MISS && full->cookie == UINT64_MAX;
    size_t wanted = is_miss ? ofconn->miss_send_len : max_len;

    *pin = *full;
    pin->buffer_id = OFBUFFER_NONE;
    if (wanted == OFCONTROLLER_MAX_LEN_NONE || wanted >= full->packet_size ||
        full->continuation_size) /* The controller gives a paused packet back. */
        return;
    pin->packet_size = wanted;
    pin->buffer_id =
        pktbuf_put(ofconn->mgr->pktbuf, full->packet, full->packet_size, full->metadata.in_port);
}

#define REST_SIZE 8192 /* What a packet-in has beside the packet takes less. */

/* A packet that no message has room for is cut, unless the controller is to give it back. */
static void
send_packet_in(struct ofconn *ofconn, const struct ofp_packet_in *full, uint16_t max_len)
{
    struct buf msg = BUF_INITIALIZER;
    struct ofp_packet_in pin;

    if (conn_is_congested(ofconn->conn)) {
        ofconn->peers->n_packet_ins_dropped++;
        return;
    }
    cut_packet(ofconn, full, max_len, &pin);
    ofp_packet_in_encode(&pin, ofconn->packet_in_format, ofconn->version, &msg);
    if (!msg.size && !pin.continuation_size) {
        pin.packet_size = MIN(pin.packet_size, UINT16_MAX - REST_SIZE);
        ofp_packet_in_encode(&pin, ofconn->packet_in_format, ofconn->version, &msg);
    }
    if (!msg.size) {
        ofconn->peers->n_packet_ins_dropped++;
        return;
    }
    packet_in_limit_put(&ofconn->packet_ins, full->metadata.in_port, &msg);
}

void
ofconn_send_packet_in(void *aux, struct buf *msg)
{
    struct ofconn *ofconn = aux;

    if (conn_send_async(ofconn->conn, msg->data, msg->size))
        ofconn->peers->n_packet_ins_dropped++;
    buf_destroy(msg);
}

void
connmgr_packet_in(struct connmgr *mgr, const struct ofp_packet_in *pin, uint16_t max_len,
                  uint16_t controller_id)
{
    struct ofconn *ofconn, *next;

    LIST_FOR_EACH_SAFE (ofconn, next, link, &mgr->ofconns) {
        if (ofconn->controller_id == controller_id &&
            (!pin->is_implicit || ofconn_wants_implicit_misses(ofconn)) &&
            async_wants(ofconn, ASYNC_PACKET_IN, pin->reason))
            send_packet_in(ofconn, pin, max_len);
    }
}

void
connmgr_flow_removed(struct connmgr *mgr, struct rule *rule, uint8_t reason)
{
    struct rule_stats stats;
    struct ofp_flow_removed removed = {
        .cookie = rule->cookie,
        .priority = rule_priority(rule),
        .reason = reason,
        .table_id = rule->table_id,
        .idle_timeout = rule->idle_timeout_s,
        .hard_timeout = rule->hard_timeout_s,
        .duration_ns = (uint64_t)(time_now_ms() - rule->created_ms) * 1000000,
    };
    struct ofconn *ofconn, *next;

    rule_get_stats(rule, &stats);
    removed.n_packets = stats.n_packets;
    removed.n_bytes = stats.n_bytes;
    cls_rule_expand(&rule->cls, &removed.match.flow, &removed.match.mask);
    LIST_FOR_EACH_SAFE (ofconn, next, link, &mgr->ofconns) {
        struct buf msg = BUF_INITIALIZER;

        if (!async_wants(ofconn, ASYNC_FLOW_REMOVED, reason))
            continue;
        ofp_flow_removed_encode(&removed, ofconn->version, ofconn->is_nxm, &msg);
        ofconn_send_async(ofconn, &msg);
    }
}

void
connmgr_port_status(struct connmgr *mgr, const struct ofport *port, uint8_t reason)
{
    struct ofconn *ofconn, *next;
    struct ofp_port desc;

    ofport_describe(port, &desc);
    LIST_FOR_EACH_SAFE (ofconn, next, link, &mgr->ofconns) {
        struct buf msg = BUF_INITIALIZER;

        if (!async_wants(ofconn, ASYNC_PORT_STATUS, reason))
            continue;
        ofp_port_status_encode(&desc, reason, ofconn->version, &msg);
        ofconn_send_async(ofconn, &msg);
    }
}

void
connmgr_table_status(struct connmgr *mgr, const struct table *table, uint8_t reason)
{
    struct ofconn *ofconn, *next;
    uint64_t stub[256];
    struct of_arena arena;

    LIST_FOR_EACH_SAFE (ofconn, next, link, &mgr->ofconns) {
        struct of_table_status *status;

        if (ofconn->version < OFP14 || !async_wants(ofconn, ASYNC_TABLE_STATUS, reason))
            continue;
        of_arena_init(&arena, stub, sizeof stub);
        status = async_new(ofconn, &arena, OF_TABLE_STATUS);
        status->reason = reason;
        table_describe(table, ofconn->version, &arena, &status->table);
        ofconn_send_async_object(ofconn, status);
        of_arena_destroy(&arena);
    }
}
