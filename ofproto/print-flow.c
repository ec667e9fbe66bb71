/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about flows: modifications, removals, statistics, monitors. */
#include "ofproto/print-private.h"

/* Any switch: all tables and ports, and table ids in 1.0 (Nicira's extension). */
static const struct ofp_decode_limits limits = {
    .max_ports = OFPORT_MAX,
    .n_tables = OFTABLE_ALL,
    .flow_mod_table_id = true,
};

/* ---- Modifications ----------------------------------------------------------------------------*/
/* What the message says although it means nothing in such a command. */
static void
undo_decoding(const struct of_header *msg, struct ofp_flow_mod *fm)
{
    const struct of_nicira_flow_mod *nicira = (const void *)msg;
    const struct of_flow_mod *of = (const void *)msg;

    if (msg->object.class_id == OF_NICIRA_FLOW_MOD) {
        fm->buffer_id = nicira->buffer_id;
        fm->out_port = ofport_from_v10(nicira->out_port);
    } else {
        fm->buffer_id = of->buffer_id;
        fm->out_port = of->out_port;
    }
    if (msg->object.version > OFP10 && fm->command != OFPFC_ADD)
        fm->new_cookie = 0;
}

enum ofperr
print_flow_mod(const struct print *p, const struct of_header *msg)
{
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofp_flow_mod fm;
    enum ofperr error = ofp_flow_mod_decode(msg, &limits, &ofpacts, &fm);

    if (!error) {
        undo_decoding(msg, &fm);
        buf_putc(p->out, ' ');
        ofp_flow_mod_format(&fm, p->names, p->out);
    }
    buf_destroy(&ofpacts);
    return error;
}

enum ofperr
print_flow_removed(const struct print *p, const struct of_header *msg)
{
    struct ofp_flow_removed fr;
    enum ofperr error = ofp_flow_removed_decode(msg, &fr);

    if (error)
        return error;
    buf_putc(p->out, ' ');
    match_format(&fr.match, p->names, fr.priority, p->out);
    buf_puts(p->out, " reason=");
    PRINT_WORD(p->out, fr.reason, print_flow_removed_reasons);
    if (fr.table_id != OFTABLE_ALL)
        buf_printf(p->out, " table_id=%u", fr.table_id);
    if (fr.cookie)
        buf_printf(p->out, " cookie:0x%" PRIx64, fr.cookie);
    buf_puts(p->out, " duration");
    print_duration(p->out, fr.duration_ns);
    buf_printf(p->out, " idle%u", fr.idle_timeout);
    if (fr.hard_timeout)
        buf_printf(p->out, " hard%u", fr.hard_timeout);
    buf_printf(p->out, " pkts%" PRIu64 " bytes%" PRIu64 "\n", fr.n_packets, fr.n_bytes);
    return OFPERR_OK;
}

/* ---- Statistics -------------------------------------------------------------------------------*/
enum ofperr
print_flow_stats_request(const struct print *p, const struct of_header *msg)
{
    struct ofp_flow_stats_request r;
    enum ofperr error = ofp_flow_stats_request_decode(msg, &r);

    if (error)
        return error;
    if (r.table_id != OFTABLE_ALL)
        buf_printf(p->out, " table=%u", r.table_id);
    if (r.out_port != OFPORT_ANY) {
        buf_puts(p->out, " out_port=");
        ofport_format(r.out_port, p->names, p->out);
    }
    buf_putc(p->out, ' ');
    match_format(&r.match, p->names, -1, p->out);
    return OFPERR_OK;
}

static void
put_flow(const struct ofp_flow_stats *fs, void *aux)
{
    const struct print *p = aux;

    buf_puts(p->out, "\n ");
    ofp_flow_stats_format(fs, p->names, true, p->out);
}

enum ofperr
print_flow_stats(const struct print *p, const struct of_header *msg)
{
    return ofp_flow_stats_decode(msg, put_flow, (void *)p);
}

enum ofperr
print_aggregate(const struct print *p, const struct of_header *msg)
{
    struct ofp_aggregate_stats stats;
    enum ofperr error = ofp_aggregate_stats_decode(msg, &stats);

    if (!error)
        buf_printf(p->out, " packet_count=%" PRIu64 " byte_count=%" PRIu64 " flow_count=%u",
                   stats.n_packets, stats.n_bytes, stats.n_flows);
    return error;
}

/* ---- Monitors ---------------------------------------------------------------------------------*/
/* What 1.4 calls "no abbreviations" was "own" in the extensions. */
static void
put_monitor(const struct print *p, const struct ofp_flow_monitor *fm)
{
    const struct bit_name flags[] = {
        {OFPFMF_INITIAL, "initial"},
        {OFPFMF_ADD, "add"},
        {OFPFMF_REMOVED, "delete"},
        {OFPFMF_MODIFY, "modify"},
        {OFPFMF_INSTRUCTIONS, "actions"},
        {OFPFMF_NO_ABBREV, p->version >= OFP14 ? "no-abbrev" : "own"},
        {OFPFMF_ONLY_OWN, "own"},
        {0, NULL},
    };

    buf_printf(p->out, "\n id=%u", fm->id);
    if (fm->command == OFPFMC_DELETE) {
        buf_puts(p->out, " command=delete");
        return;
    }
    buf_puts(p->out, " flags=");
    print_bits(p->out, fm->flags, flags, ',');
    if (fm->out_port != OFPORT_ANY) {
        buf_puts(p->out, " out_port=");
        ofport_format(fm->out_port, p->names, p->out);
    }
    if (fm->out_group && fm->out_group != OFGROUP_ANY)
        buf_printf(p->out, " out_group=%u", fm->out_group);
    if (fm->table_id != OFTABLE_ALL)
        buf_printf(p->out, " table=%u", fm->table_id);
    buf_putc(p->out, ' ');
    match_format(&fm->match, p->names, -1, p->out);
    buf_chomp(p->out, ' ');
}

enum ofperr
print_monitor_request(const struct print *p, const struct of_header *msg)
{
    struct ofp_flow_monitor fm;
    enum ofperr error = OFPERR_OK;

    for (size_t i = 0; i < ofp_flow_monitor_count(msg) && !error; i++) {
        error = ofp_flow_monitor_decode(msg, i, &limits, &fm);
        if (!error)
            put_monitor(p, &fm);
    }
    return error;
}

enum ofperr
print_monitor_cancel(const struct print *p, const struct of_header *msg)
{
    buf_printf(p->out, " id=%u", ((const struct of_nicira_flow_monitor_cancel *)msg)->monitor_id);
    return OFPERR_OK;
}

static void
put_update(const struct ofp_flow_update *fu, void *aux)
{
    const struct print *p = aux;

    buf_puts(p->out, "\n ");
    ofp_flow_update_format(fu, p->names, p->out);
}

enum ofperr
print_monitor_reply(const struct print *p, const struct of_header *msg)
{
    return ofp_flow_updates_decode(msg, put_update, (void *)p);
}
