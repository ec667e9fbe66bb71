/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about the connection and the switch as a whole: hello, errors, echo, features,
 * configuration, roles, bundles. */
#include "ofproto/print-private.h"

#include <ctype.h>

/* ---- Hello ------------------------------------------------------------------------------------*/
/* OpenFlow 1.3.1, section 6.3.1: without a bitmap, all versions up to the header's. */
static uint32_t
hello_versions(const struct of_hello *hello, bool *is_known)
{
    uint32_t versions = ((1u << hello->object.version) - 1) << 1;

    *is_known = !hello->data.size;
    for (size_t i = 0; i < hello->elements.n; i++) {
        const struct of_hello_elem_versionbitmap *elem = (const void *)hello->elements.items[i];

        if (elem->object.class_id != OF_HELLO_ELEM_VERSIONBITMAP || !elem->bitmaps.n)
            *is_known = false;
        else
            versions = elem->bitmaps.items[0];
    }
    return versions;
}

enum ofperr
print_hello(const struct print *p, const struct of_header *msg)
{
    const struct of_hello *hello = (const void *)msg;
    const char *separator = "";
    bool is_known;
    uint32_t versions = hello_versions(hello, &is_known);

    buf_puts(p->out, "\n version bitmap: ");
    for (unsigned int i = 0; i < 32; i++) {
        if (!(versions >> i & 1))
            continue;
        buf_printf(p->out, "%s0x%02x", separator, i);
        separator = ", ";
    }
    if (!is_known) {
        buf_puts(p->out, "\n unknown data in hello:\n");
        ofp_hex_dump(hello->data.data, hello->data.size, true, p->out);
    }
    return OFPERR_OK;
}

/* ---- Errors -----------------------------------------------------------------------------------*/
/* Errors of this type carry a text (OpenFlow 1.3, section 7.4.4). */
static void
print_text(struct buf *out, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (isprint(data[i]) && data[i] != '\\' && data[i] != '"')
            buf_putc(out, (char)data[i]);
        else
            buf_printf(out, "\\%03o", data[i]);
    }
}

enum ofperr
print_error_msg(const struct print *p, const struct of_header *msg)
{
    const struct of_error_msg *of = (const void *)msg;
    const void *data;
    size_t size;
    enum ofperr error = ofp_error_decode(msg, &data, &size);

    if (error)
        buf_printf(p->out, " %s\n", ofperr_name(error));
    else
        buf_printf(p->out, " type %u code %u\n", of->err_type, of->code);
    if (error == OFPERR_OFPHFC_INCOMPATIBLE || error == OFPERR_OFPHFC_EPERM)
        print_text(p->out, data, size);
    else if (of_class_is(of_msg_class(data, size), OF_ERROR_MSG)) /* No end of errors in errors. */
        ofp_hex_dump(data, size, true, p->out);
    else
        ofp_message_format(data, size, p->names, 1, p->out);
    return OFPERR_OK;
}

enum ofperr
print_echo(const struct print *p, const struct of_header *msg)
{
    const struct of_echo_request *echo = (const void *)msg;

    buf_printf(p->out, " %zu bytes of payload\n", echo->data.size);
    if (p->verbosity > 1)
        ofp_hex_dump(echo->data.data, echo->data.size, true, p->out);
    return OFPERR_OK;
}

/* ---- The switch -------------------------------------------------------------------------------*/
static void
print_capabilities(struct buf *out, uint32_t capabilities, enum ofp_version version)
{
    const struct bit_name names[] = {
        {OFPC_FLOW_STATS, "FLOW_STATS"},
        {OFPC_TABLE_STATS, "TABLE_STATS"},
        {OFPC_PORT_STATS, "PORT_STATS"},
        {OFPC_GROUP_STATS, version == OFP10 ? "STP" : "GROUP_STATS"},
        {OFPC_IP_REASM, "IP_REASM"},
        {OFPC_QUEUE_STATS, "QUEUE_STATS"},
        {OFPC_ARP_MATCH_IP, "ARP_MATCH_IP"},
        {OFPC_PORT_BLOCKED, "PORT_BLOCKED"},
        {OFPC_BUNDLES, "BUNDLES"},
        {OFPC_FLOW_MONITORING, "FLOW_MONITORING"},
        {0, NULL},
    };

    buf_puts(out, "capabilities: ");
    print_bits(out, capabilities, names, ' ');
    buf_putc(out, '\n');
}

enum ofperr
print_features(const struct print *p, const struct of_header *msg)
{
    const struct of_features_reply *features = (const void *)msg;

    buf_printf(p->out, " dpid:%016" PRIx64 "\nn_tables:%u, n_buffers:%u", features->datapath_id,
               features->n_tables, features->n_buffers);
    if (p->version > OFP10 && features->auxiliary_id)
        buf_printf(p->out, ", auxiliary_id:%u", features->auxiliary_id);
    buf_putc(p->out, '\n');
    print_capabilities(p->out, features->capabilities, p->version);
    if (p->version != OFP10)
        return OFPERR_OK;
    buf_puts(p->out, "actions: ");
    print_actions(p->out, features->actions, OFP10);
    return print_port_desc(p, msg);
}

enum ofperr
print_config(const struct print *p, const struct of_header *msg)
{
    static const char *const frags[] = {"normal", "drop", "reassemble", "nx-match"};
    const struct of_set_config *config = (const void *)msg;

    buf_printf(p->out, " frags=%s", frags[config->flags & OFPC_FRAG_MASK]);
    buf_printf(p->out, " miss_send_len=%u\n", config->miss_send_len);
    return OFPERR_OK;
}

enum ofperr
print_desc(const struct print *p, const struct of_header *msg)
{
    const struct of_desc_stats_reply *desc = (const void *)msg;

    buf_printf(p->out, "\nManufacturer: %s\nHardware: %s\nSoftware: %s\n", desc->mfr_desc,
               desc->hw_desc, desc->sw_desc);
    buf_printf(p->out, "Serial Num: %s\nDP Description: %s\n", desc->serial_num, desc->dp_desc);
    return OFPERR_OK;
}

/* ---- Roles ------------------------------------------------------------------------------------*/
static void
put_role(const struct print *p, uint32_t role, uint64_t generation_id)
{
    static const char *const roles[] = {"nochange", "equal", "primary", "secondary"};

    buf_puts(p->out, " role=");
    PRINT_WORD(p->out, role, roles);
    if (generation_id != UINT64_MAX)
        buf_printf(p->out, " generation_id=%" PRIu64, generation_id);
}

enum ofperr
print_role(const struct print *p, const struct of_header *msg)
{
    const struct of_role_request *request = (const void *)msg;

    put_role(p, request->role,
             request->role == OFPCR_ROLE_NOCHANGE ? UINT64_MAX : request->generation_id);
    return OFPERR_OK;
}

/* Nicira's roles have no "nochange", and no generations. */
enum ofperr
print_nicira_role(const struct print *p, const struct of_header *msg)
{
    put_role(p, ((const struct of_nicira_role_request *)msg)->role + OFPCR_ROLE_EQUAL, UINT64_MAX);
    return OFPERR_OK;
}

enum ofperr
print_role_status(const struct print *p, const struct of_header *msg)
{
    static const char *const reasons[] = {"primary_request", "configuration_changed",
                                          "experimenter_data_changed"};
    const struct of_role_status *status = (const void *)msg;

    put_role(p, status->role, status->generation_id);
    buf_puts(p->out, " reason=");
    PRINT_WORD(p->out, status->reason, reasons);
    return OFPERR_OK;
}

/* ---- Bundles ----------------------------------------------------------------------------------*/
/* A bundle message of the specification and ONF's of 1.3 have the same members. */
_Static_assert(sizeof(struct of_bundle_ctrl_msg) == sizeof(struct of_onf_bundle_ctrl_msg) &&
                   sizeof(struct of_bundle_add_msg) == sizeof(struct of_onf_bundle_add_msg),
               "one printer for both");

static void
put_bundle_flags(const struct print *p, uint16_t flags)
{
    static const struct bit_name names[] = {
        {OFPBF_ATOMIC, "atomic"}, {OFPBF_ORDERED, "ordered"}, {0, NULL}};

    buf_puts(p->out, " flags=");
    print_bits(p->out, flags, names, ' ');
}

enum ofperr
print_bundle_control(const struct print *p, const struct of_header *msg)
{
    static const char *const types[] = {"OPEN_REQUEST",    "OPEN_REPLY",     "CLOSE_REQUEST",
                                        "CLOSE_REPLY",     "COMMIT_REQUEST", "COMMIT_REPLY",
                                        "DISCARD_REQUEST", "DISCARD_REPLY"};
    const struct of_bundle_ctrl_msg *of = (const void *)msg;

    buf_printf(p->out, "\n bundle_id=%#x type=", of->bundle_id);
    PRINT_WORD(p->out, of->bundle_ctrl_type, types);
    put_bundle_flags(p, of->flags);
    return OFPERR_OK;
}

enum ofperr
print_bundle_add(const struct print *p, const struct of_header *msg)
{
    const struct of_bundle_add_msg *of = (const void *)msg;

    buf_printf(p->out, "\n bundle_id=%#x", of->bundle_id);
    put_bundle_flags(p, of->flags);
    buf_putc(p->out, '\n');
    print_nested(p, of->message);
    return OFPERR_OK;
}

enum ofperr
print_requestforward(const struct print *p, const struct of_header *msg)
{
    const struct of_header *request = ((const struct of_requestforward *)msg)->request;

    if (request->object.class_id == OF_METER_MOD) {
        buf_puts(p->out, " reason=meter_mod");
        return print_meter_mod(p, request);
    }
    if (of_class_is(request->object.class_id, OF_GROUP_MOD) ||
        request->object.class_id == OF_NICIRA_GROUP_MOD) {
        buf_puts(p->out, " reason=group_mod");
        return print_group_mod(p, request);
    }
    buf_putc(p->out, '\n');
    print_nested(p, request);
    return OFPERR_OK;
}
