/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: descriptions, status, modifications; the features reply; error messages. */
#include "ofproto/message-scratch.h"

#include "lib/util.h"

/* ---- What the versions call the same ----------------------------------------------------------*/
#define CONFIG_V13 (OFPPC_PORT_DOWN | OFPPC_NO_RECV | OFPPC_NO_FWD | OFPPC_NO_PACKET_IN)
#define FEATURES_RATES 0x7fu /* 10 Mb/s to 10 Gb/s: the same bits everywhere. */
#define FEATURES_V10 0xf80u  /* Copper, fiber, negotiation, pause, ... */
#define FEATURES_V10_SHIFT 4 /* ... are these many bits higher since 1.1. */

static uint32_t
config_for(uint32_t config, enum ofp_version version)
{
    return version > OFP10 ? config & CONFIG_V13 : config & 0x7f;
}

static uint32_t
state_for(uint32_t state, enum ofp_version version)
{
    return version > OFP10 ? state & (OFPPS_LINK_DOWN | OFPPS_BLOCKED | OFPPS_LIVE)
                           : state & OFPPS_LINK_DOWN;
}

static uint32_t
features_for(uint32_t features, enum ofp_version version)
{
    if (version > OFP10)
        return features;
    return (features & FEATURES_RATES) | (features >> FEATURES_V10_SHIFT & FEATURES_V10);
}

static uint32_t
features_from(uint32_t features, enum ofp_version version)
{
    if (version > OFP10)
        return features;
    return (features & FEATURES_RATES) | (features & FEATURES_V10) << FEATURES_V10_SHIFT;
}

/* The fastest of the rates, in kbit/s, for 1.0, which tells no speeds. */
static uint32_t
fastest(uint32_t features)
{
    static const uint32_t mbps[] = {10, 10, 100, 100, 1000, 1000, 10000};
    uint32_t rates = features & FEATURES_RATES;

    return rates ? 1000 * mbps[31 - __builtin_clz(rates)] : 0;
}

/* ---- Descriptions -----------------------------------------------------------------------------*/
static void
encode_ethernet(const struct ofp_port *port, enum ofp_version version, struct scratch *s,
                struct of_port_desc *of)
{
    struct of_port_desc_prop_ethernet *ethernet =
        scratch_new(s, OF_PORT_DESC_PROP_ETHERNET, version);

    ethernet->type = OFPPDPT_ETHERNET;
    ethernet->curr = port->curr;
    ethernet->advertised = port->advertised;
    ethernet->supported = port->supported;
    ethernet->peer = port->peer;
    ethernet->curr_speed = port->curr_speed;
    ethernet->max_speed = port->max_speed;
    of->properties.items = scratch_alloc(s, sizeof *of->properties.items);
    LIST_PUSH(&of->properties, ethernet);
}

static void
encode_desc(const struct ofp_port *port, enum ofp_version version, struct scratch *s,
            struct of_port_desc *of)
{
    of->port_no = port->port_no;
    memcpy(of->hw_addr, port->hw_addr, sizeof of->hw_addr);
    memcpy(of->name, port->name, sizeof port->name - 1);
    of->config = config_for(port->config, version);
    of->state = state_for(port->state, version);
    if (version >= OFP14) {
        encode_ethernet(port, version, s, of);
        return;
    }
    of->curr = features_for(port->curr, version);
    of->advertised = features_for(port->advertised, version);
    of->supported = features_for(port->supported, version);
    of->peer = features_for(port->peer, version);
    of->curr_speed = port->curr_speed;
    of->max_speed = port->max_speed;
}

static void
decode_desc(const struct of_port_desc *of, enum ofp_version version, struct ofp_port *port)
{
    memset(port, 0, sizeof *port);
    port->port_no = of->port_no;
    memcpy(port->hw_addr, of->hw_addr, sizeof port->hw_addr);
    memcpy(port->name, of->name, sizeof port->name - 1);
    port->config = of->config;
    port->state = state_for(of->state, version);
    if (version < OFP14) {
        port->curr = features_from(of->curr, version);
        port->advertised = features_from(of->advertised, version);
        port->supported = features_from(of->supported, version);
        port->peer = features_from(of->peer, version);
        port->curr_speed = version > OFP10 ? of->curr_speed : fastest(of->curr);
        port->max_speed = version > OFP10 ? of->max_speed : fastest(of->supported);
        return;
    }
    for (size_t i = 0; i < of->properties.n; i++) {
        const struct of_port_desc_prop_ethernet *e = (const void *)of->properties.items[i];

        if (e->object.class_id != OF_PORT_DESC_PROP_ETHERNET)
            continue;
        port->curr = e->curr;
        port->advertised = e->advertised;
        port->supported = e->supported;
        port->peer = e->peer;
        port->curr_speed = e->curr_speed;
        port->max_speed = e->max_speed;
    }
}

void
ofp_port_desc_append(const struct ofp_port *port, struct ofp_multipart *mp)
{
    struct of_port_desc *of;
    struct scratch s;

    scratch_init(&s);
    of = scratch_new(&s, OF_PORT_DESC, mp->version);
    encode_desc(port, mp->version, &s, of);
    scratch_append(of, mp);
    scratch_destroy(&s);
}

enum ofperr
ofp_port_desc_decode(const struct of_header *reply, void (*cb)(const struct ofp_port *, void *aux),
                     void *aux)
{
    bool is_features = reply->object.class_id == OF_FEATURES_REPLY;
    const struct of_port_desc_list *list =
        is_features ? &((const struct of_features_reply *)(const void *)reply)->ports
                    : &((const struct of_port_desc_stats_reply *)(const void *)reply)->entries;
    struct ofp_port port;

    if (is_features && msg_version(reply) > OFP10)
        return OFPERR_OK;
    for (size_t i = 0; i < list->n; i++) {
        decode_desc(list->items[i], msg_version(reply), &port);
        cb(&port, aux);
    }
    return OFPERR_OK;
}

/* ---- Status -----------------------------------------------------------------------------------*/
void
ofp_port_status_encode(const struct ofp_port *port, uint8_t reason, enum ofp_version version,
                       struct buf *msg)
{
    struct of_port_status *of;
    struct scratch s;

    scratch_init(&s);
    of = scratch_msg(&s, OF_PORT_STATUS, version, 0);
    of->reason = reason;
    encode_desc(port, version, &s, &of->desc);
    scratch_encode_msg(of, msg);
    scratch_destroy(&s);
}

enum ofperr
ofp_port_status_decode(const struct of_header *msg, struct ofp_port *port, uint8_t *reason)
{
    const struct of_port_status *of = (const void *)msg;

    *reason = of->reason;
    decode_desc(&of->desc, msg_version(msg), port);
    return OFPERR_OK;
}

/* ---- Modification -----------------------------------------------------------------------------*/
enum ofperr
ofp_port_mod_decode(const struct of_header *msg, struct ofp_port_mod *pm)
{
    const struct of_port_mod *of = (const void *)msg;
    enum ofp_version version = msg_version(msg);

    memset(pm, 0, sizeof *pm);
    pm->port_no = of->port_no;
    memcpy(pm->hw_addr, of->hw_addr, sizeof pm->hw_addr);
    /* OpenFlow 1.5 (section 7.3.4.3) lets all zeros stand for "not given"; so do we for all. */
    pm->has_hw_addr = !is_all_zero(of->hw_addr, sizeof of->hw_addr);
    if (version > OFP10 && of->mask & ~(uint32_t)CONFIG_V13)
        return OFPERR_OFPPMFC_BAD_CONFIG; /* 1.0 has no such error. */
    pm->config = config_for(of->config, version);
    pm->mask = config_for(of->mask, version);
    if (version < OFP14) {
        pm->advertise = features_from(of->advertise, version);
        return OFPERR_OK;
    }
    for (size_t i = 0; i < of->properties.n; i++) {
        const struct of_port_mod_prop_ethernet *e = (const void *)of->properties.items[i];

        if (e->object.class_id == OF_PORT_MOD_PROP_ETHERNET)
            pm->advertise = e->advertise;
    }
    return OFPERR_OK;
}

void
ofp_port_mod_encode(const struct ofp_port_mod *pm, enum ofp_version version, uint32_t xid,
                    struct buf *msg)
{
    struct of_port_mod_prop_ethernet *ethernet;
    struct of_port_mod *of;
    struct scratch s;

    scratch_init(&s);
    of = scratch_msg(&s, OF_PORT_MOD, version, xid);
    of->port_no = pm->port_no;
    memcpy(of->hw_addr, pm->hw_addr, sizeof of->hw_addr);
    of->config = config_for(pm->config, version);
    of->mask = config_for(pm->mask, version);
    if (version < OFP14) {
        of->advertise = features_for(pm->advertise, version);
    } else if (pm->advertise) {
        ethernet = scratch_new(&s, OF_PORT_MOD_PROP_ETHERNET, version);
        ethernet->advertise = pm->advertise;
        of->properties.items = scratch_alloc(&s, sizeof *of->properties.items);
        LIST_PUSH(&of->properties, ethernet);
    }
    scratch_encode_msg(of, msg);
    scratch_destroy(&s);
}

/* ---- Features ---------------------------------------------------------------------------------*/
/* Which of OFPC_* a version defines. */
static uint32_t
capabilities_for(uint32_t capabilities, enum ofp_version version)
{
    return version <= OFP10   ? capabilities & 0xf7
           : version == OFP13 ? capabilities & 0x16f
                              : capabilities & 0x76f;
}

/* Ports of 1.0 that one reply has room for. */
#define MAX_PORTS_V10 ((UINT16_MAX - 32) / 48)

void
ofp_features_encode(const struct ofp_features *features, enum ofp_version version, uint32_t xid,
                    struct buf *msg)
{
    struct of_features_reply *of;
    struct of_port_desc *desc;
    struct scratch s;

    scratch_init(&s);
    of = scratch_msg(&s, OF_FEATURES_REPLY, version, xid);
    of->datapath_id = features->datapath_id;
    of->n_buffers = features->n_buffers;
    of->n_tables = features->n_tables;
    of->auxiliary_id = features->auxiliary_id;
    of->capabilities = capabilities_for(features->capabilities, version);
    of->actions = features->actions;
    if (version <= OFP10) {
        size_t n_ports = MIN(features->n_ports, MAX_PORTS_V10);

        of->ports.items = scratch_alloc(&s, n_ports * sizeof *of->ports.items);
        for (size_t i = 0; i < n_ports; i++) {
            desc = scratch_new(&s, OF_PORT_DESC, version);
            encode_desc(&features->ports[i], version, &s, desc);
            LIST_PUSH(&of->ports, desc);
        }
    }
    scratch_encode_msg(of, msg);
    scratch_destroy(&s);
}

/* ---- Errors -----------------------------------------------------------------------------------*/
#define OFP_XID_OFS 4 /* Of the header's xid. */

/* An error of Nicira's or ONF's. */
static void
encode_experimenter(struct ofperr_wire wire, enum ofp_version version, uint32_t xid,
                    struct of_octets data, struct buf *msg)
{
    struct of_nicira_vendor_error_msg *nicira;
    struct of_experimenter_error_msg *of;
    struct scratch s;

    scratch_init(&s);
    if (version <= OFP10) {
        nicira = scratch_msg(&s, OF_NICIRA_VENDOR_ERROR_MSG, version, xid);
        nicira->err_type = OFPERR_TYPE_NICIRA_V10;
        nicira->experimenter = wire.experimenter;
        nicira->vendor_type = wire.type;
        nicira->vendor_code = wire.code;
        nicira->data = data;
        scratch_encode_msg(nicira, msg);
    } else {
        of = scratch_msg(&s, OF_EXPERIMENTER_ERROR_MSG, version, xid);
        of->err_type = OFPERR_TYPE_EXPERIMENTER;
        of->code = wire.code;
        of->experimenter = wire.experimenter;
        of->data = data;
        scratch_encode_msg(of, msg);
    }
    scratch_destroy(&s);
}

void
ofp_error_encode(enum ofperr error, enum ofp_version version, const void *request,
                 size_t request_size, struct buf *msg)
{
    const uint8_t *bytes = request;
    struct ofperr_wire wire;
    struct of_buf encoded = OF_BUF_INITIALIZER;

    if (version != OFP13 && version != OFP14 && version != OFP15)
        version = OFP10;
    wire = ofperr_to_wire(error, version);
    if (wire.experimenter) {
        uint32_t xid = request_size >= 8 ? (uint32_t)field_read(bytes + OFP_XID_OFS, 4) : 0;

        encode_experimenter(wire, version, xid,
                            (struct of_octets){bytes, MIN(request_size, (size_t)OF_ERROR_DATA_MAX)},
                            msg);
        return;
    }
    if (!of_error_encode(&(struct of_error){.type = wire.type, .code = wire.code}, (uint8_t)version,
                         bytes, request_size, &encoded))
        buf_put(msg, encoded.data, encoded.size);
    of_buf_destroy(&encoded);
}

enum ofperr
ofp_error_decode(const struct of_header *msg, const void **data, size_t *size)
{
    const struct of_nicira_vendor_error_msg *nicira = (const void *)msg;
    const struct of_experimenter_error_msg *experimenter = (const void *)msg;
    const struct of_error_msg *of = (const void *)msg;
    struct ofperr_wire wire = {0, of->err_type, of->code};

    *data = of->data.data;
    *size = of->data.size;
    if (msg->object.class_id == OF_NICIRA_VENDOR_ERROR_MSG) {
        wire = (struct ofperr_wire){nicira->experimenter, nicira->vendor_type, nicira->vendor_code};
    } else if (msg->object.class_id == OF_EXPERIMENTER_ERROR_MSG) {
        wire.experimenter = experimenter->experimenter;
        wire.type = OFPERR_TYPE_EXPERIMENTER;
    }
    return ofperr_from_wire(wire, msg_version(msg));
}
