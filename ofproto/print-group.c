/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about groups and meters. */
#include "ofproto/print-private.h"

static const struct ofp_decode_limits limits = {.max_ports = OFPORT_MAX, .n_tables = OFTABLE_ALL};

/* ---- Groups -----------------------------------------------------------------------------------*/
enum ofperr
print_group_mod(const struct print *p, const struct of_header *msg)
{
    struct ofp_group_mod gm;
    enum ofperr error = ofp_group_mod_decode(msg, &limits, &gm);

    if (error)
        return error;
    buf_puts(p->out, "\n ");
    ofp_group_mod_format(&gm, p->version, p->names, p->out);
    ofp_group_mod_destroy(&gm);
    return OFPERR_OK;
}

/* Only 1.5 and Nicira's message of 1.0 ask for the description of one group. */
enum ofperr
print_group_request(const struct print *p, const struct of_header *msg)
{
    const struct of_group_stats_request *request = (const void *)msg;
    bool is_all = msg->object.class_id == OF_GROUP_DESC_STATS_REQUEST && p->version < OFP15;

    buf_puts(p->out, " group_id=");
    if (is_all || request->group_id == OFGROUP_ALL)
        buf_puts(p->out, "ALL");
    else if (request->group_id == OFGROUP_ANY)
        buf_puts(p->out, "ANY");
    else
        buf_printf(p->out, "%u", request->group_id);
    return OFPERR_OK;
}

static void
put_group(const struct ofp_group_desc *gd, void *aux)
{
    const struct print *p = aux;

    buf_puts(p->out, "\n ");
    ofp_group_desc_format(gd, p->version, p->names, p->out);
}

enum ofperr
print_group_desc(const struct print *p, const struct of_header *msg)
{
    return ofp_group_desc_decode(msg, put_group, (void *)p);
}

static void
put_group_stats(const struct ofp_group_stats *gs, void *aux)
{
    const struct print *p = aux;

    buf_puts(p->out, "\n ");
    ofp_group_stats_format(gs, p->out);
}

enum ofperr
print_group_stats(const struct print *p, const struct of_header *msg)
{
    return ofp_group_stats_decode(msg, put_group_stats, (void *)p);
}

enum ofperr
print_group_features(const struct print *p, const struct of_header *msg)
{
    const struct of_group_features_stats_reply *of = (const void *)msg;
    const struct {
        const char *name;
        uint32_t max_groups, actions;
    } types[] = {
        {"all", of->max_groups_all, of->actions_all},
        {"select", of->max_groups_select, of->actions_select},
        {"indirect", of->max_groups_indirect, of->actions_indirect},
        {"fast failover", of->max_groups_ff, of->actions_ff},
    };

    buf_printf(p->out, "\n Group table:\n    Types:  0x%x\n    Capabilities:  0x%x\n", of->types,
               of->capabilities);
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (!(of->types >> i & 1))
            continue;
        buf_printf(p->out, "    %s group:\n       max_groups=%#x\n       actions: ", types[i].name,
                   types[i].max_groups);
        print_actions(p->out, types[i].actions, p->version);
        buf_putc(p->out, '\n');
    }
    return OFPERR_OK;
}

/* ---- Meters -----------------------------------------------------------------------------------*/
enum ofperr
print_meter_mod(const struct print *p, const struct of_header *msg)
{
    static const char *const commands[] = {" ADD ", " MOD ", " DEL "};
    struct ofp_meter_mod mm;
    enum ofperr error = ofp_meter_mod_decode(msg, &mm);

    if (error)
        return error;
    buf_puts(p->out, commands[mm.command]);
    ofp_meter_config_format(&mm.meter, p->out);
    return OFPERR_OK;
}

enum ofperr
print_meter_request(const struct print *p, const struct of_header *msg)
{
    buf_puts(p->out, " meter=");
    ofmeter_format(((const struct of_meter_stats_request *)msg)->meter_id, p->out);
    return OFPERR_OK;
}

static void
put_meter(const struct ofp_meter_config *meter, void *aux)
{
    const struct print *p = aux;

    buf_putc(p->out, '\n');
    ofp_meter_config_format(meter, p->out);
}

enum ofperr
print_meter_config(const struct print *p, const struct of_header *msg)
{
    return ofp_meter_config_decode(msg, put_meter, (void *)p);
}

static void
put_meter_stats(const struct ofp_meter_stats *ms, void *aux)
{
    const struct print *p = aux;

    buf_putc(p->out, '\n');
    ofp_meter_stats_format(ms, p->out);
}

enum ofperr
print_meter_stats(const struct print *p, const struct of_header *msg)
{
    return ofp_meter_stats_decode(msg, put_meter_stats, (void *)p);
}

/* A reply of 1.5 may lack what 1.5 added, as Open vSwitch's does. */
enum ofperr
print_meter_features(const struct print *p, const struct of_header *msg)
{
    static const struct bit_name bands[] = {
        {1 << OFPMBT_DROP, "drop"}, {1 << OFPMBT_DSCP_REMARK, "dscp_remark"}, {0, NULL}};
    static const struct bit_name flags[] = {{OFPMF_KBPS, "kbps"},
                                            {OFPMF_PKTPS, "pktps"},
                                            {OFPMF_BURST, "burst"},
                                            {OFPMF_STATS, "stats"},
                                            {0, NULL}};
    const struct of_meter_features_stats_reply *of = (const void *)msg;

    buf_printf(p->out,
               "\nmax_meter:%u max_bands:%u max_color:%u\nband_types: ", of->features.max_meter,
               of->features.max_bands, of->features.max_color);
    print_bits(p->out, of->features.band_types, bands, ' ');
    buf_puts(p->out, "\ncapabilities: ");
    print_bits(p->out, of->features.capabilities, flags, ' ');
    buf_putc(p->out, '\n');
    return OFPERR_OK;
}
