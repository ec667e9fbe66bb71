/* SPDX-License-Identifier: Apache-2.0 */
/* Flows, groups and meters to text. */
#include "ofproto/print-private.h"

#define NS_PER_S UINT64_C(1000000000)

/* ---- Flows ------------------------------------------------------------------------------------*/
static void
put_flags(uint16_t flags, struct buf *out)
{
    static const struct {
        uint16_t flag;
        const char *name;
    } names[] = {
        {OFPFF_SEND_FLOW_REM, "send_flow_rem "},  {OFPFF_CHECK_OVERLAP, "check_overlap "},
        {OFPFF_RESET_COUNTS, "reset_counts "},    {OFPFF_NO_PKT_COUNTS, "no_packet_counts "},
        {OFPFF_NO_BYT_COUNTS, "no_byte_counts "},
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (flags & names[i].flag)
            buf_puts(out, names[i].name);
}

static void
put_counters(const struct ofp_flow_stats *fs, struct buf *out)
{
    buf_puts(out, "duration=");
    print_duration(out, fs->duration_ns);
    buf_printf(out, ", table=%u", fs->table_id);
    print_counter(out, ", n_packets=", fs->n_packets);
    print_counter(out, ", n_bytes=", fs->n_bytes);
    buf_puts(out, ", ");
}

static void
put_ages(const struct ofp_flow_stats *fs, struct buf *out)
{
    if (fs->idle_age_s >= 0)
        buf_printf(out, "idle_age=%lld, ", (long long)fs->idle_age_s);
    if (fs->hard_age_s >= 0 && (uint64_t)fs->hard_age_s != fs->duration_ns / NS_PER_S)
        buf_printf(out, "hard_age=%lld, ", (long long)fs->hard_age_s);
}

void
ofp_flow_stats_format(const struct ofp_flow_stats *fs, const struct ofp_port_names *names,
                      bool with_stats, struct buf *out)
{
    size_t start;

    if (with_stats || fs->cookie)
        buf_printf(out, "cookie=0x%llx, ", (unsigned long long)fs->cookie);
    if (with_stats)
        put_counters(fs, out);
    else if (fs->table_id)
        buf_printf(out, "table=%u, ", fs->table_id);
    if (fs->idle_timeout)
        buf_printf(out, "idle_timeout=%u, ", fs->idle_timeout);
    if (fs->hard_timeout)
        buf_printf(out, "hard_timeout=%u, ", fs->hard_timeout);
    put_flags(fs->flags, out);
    if (fs->importance)
        buf_printf(out, "importance=%u, ", fs->importance);
    if (with_stats)
        put_ages(fs, out);
    start = out->size;
    match_format(&fs->match, names, fs->priority, out);
    if (out->size > start)
        buf_putc(out, ' ');
    buf_puts(out, "actions=");
    ofpacts_format(fs->ofpacts, fs->ofpacts_size, names, out);
}

static void
put_out(const struct ofp_flow_mod *fm, const struct ofp_port_names *names, struct buf *out)
{
    if (fm->out_port != OFPORT_ANY) {
        buf_puts(out, "out_port:");
        ofport_format(fm->out_port, names, out);
        buf_putc(out, ' ');
    }
    if (fm->out_group != OFGROUP_ANY)
        buf_printf(out, "out_group:%u ", fm->out_group);
}

static void
put_cookies(const struct ofp_flow_mod *fm, struct buf *out)
{
    if (fm->new_cookie && fm->new_cookie != UINT64_MAX)
        buf_printf(out, "cookie:0x%llx ", (unsigned long long)fm->new_cookie);
    if (fm->cookie_mask)
        buf_printf(out, "cookie:0x%llx/0x%llx ", (unsigned long long)fm->cookie,
                   (unsigned long long)fm->cookie_mask);
}

void
ofp_flow_mod_format(const struct ofp_flow_mod *fm, const struct ofp_port_names *names,
                    struct buf *out)
{
    static const char *const commands[] = {"ADD", "MOD", "MOD_STRICT", "DEL", "DEL_STRICT"};
    size_t start;

    buf_printf(out, "%s ", commands[fm->command]);
    if (fm->table_id)
        buf_printf(out, "table:%u ", fm->table_id);
    start = out->size;
    match_format(&fm->match, names, fm->priority, out);
    if (out->size > start)
        buf_putc(out, ' ');
    put_cookies(fm, out);
    if (fm->idle_timeout)
        buf_printf(out, "idle:%u ", fm->idle_timeout);
    if (fm->hard_timeout)
        buf_printf(out, "hard:%u ", fm->hard_timeout);
    if (fm->importance)
        buf_printf(out, "importance:%u ", fm->importance);
    if (fm->buffer_id != OFBUFFER_NONE)
        buf_printf(out, "buf:0x%x ", fm->buffer_id);
    put_out(fm, names, out);
    put_flags(fm->flags, out);
    buf_puts(out, "actions=");
    ofpacts_format(fm->ofpacts, fm->ofpacts_size, names, out);
}

/* ---- Groups -----------------------------------------------------------------------------------*/
/* 1.5 has them, and so has Nicira's extension to 1.0. */
static bool
has_bucket_ids(enum ofp_version version)
{
    return version == OFP10 || version >= OFP15;
}

static void
put_bucket_id(const char *label, uint32_t bucket_id, struct buf *out)
{
    buf_puts(out, label);
    switch (bucket_id) {
    case OFPG_BUCKET_FIRST:
        buf_puts(out, "first,");
        break;
    case OFPG_BUCKET_LAST:
        buf_puts(out, "last,");
        break;
    case OFPG_BUCKET_ALL:
        buf_puts(out, "all,");
        break;
    default:
        buf_printf(out, "%u,", bucket_id);
        break;
    }
}

static void
put_bucket(const struct ofp_bucket *bucket, uint8_t type, enum ofp_version version,
           const struct ofp_port_names *names, struct buf *out)
{
    buf_puts(out, ",bucket=");
    if (has_bucket_ids(version))
        put_bucket_id("bucket_id:", bucket->bucket_id, out);
    if (bucket->weight != (type == OFPGT_SELECT ? 1 : 0))
        buf_printf(out, "weight:%u,", bucket->weight);
    if (bucket->watch_port != OFPORT_ANY) {
        buf_puts(out, "watch_port:");
        ofport_format(bucket->watch_port, names, out);
        buf_putc(out, ',');
    }
    if (bucket->watch_group != OFGROUP_ANY)
        buf_printf(out, "watch_group:%u,", bucket->watch_group);
    buf_puts(out, "actions=");
    ofpacts_format(bucket->ofpacts, bucket->ofpacts_size, names, out);
}

/* "=FIELD" for one, "(FIELD,FIELD=MASK)" for more. */
static void
put_hash_fields(const struct ofp_group_props *props, struct buf *out)
{
    struct buf list = BUF_INITIALIZER;
    unsigned int n = 0;

    for (const struct field *field = fields; field < fields + N_FIELDS; field++) {
        field_value bits = field_get_mask(field, &props->fields);

        if (!ofp_group_props_has(props, field))
            continue;
        buf_printf(&list, "%s%s", n++ ? "," : "", field->name);
        if (bits != field_ones(field)) {
            buf_putc(&list, '=');
            field_format(field, bits, field_ones(field), NULL, &list);
        }
    }
    if (n)
        buf_printf(out, n == 1 ? ",fields=%s" : ",fields(%s)", buf_text(&list));
    buf_destroy(&list);
}

static void
put_props(const struct ofp_group_props *props, struct buf *out)
{
    if (!props->selection_method[0])
        return;
    buf_printf(out, ",selection_method=%s", props->selection_method);
    if (props->selection_method_param)
        buf_printf(out, ",selection_method_param=%" PRIu64, props->selection_method_param);
    put_hash_fields(props, out);
}

static void
put_buckets(const struct list *buckets, uint8_t type, enum ofp_version version,
            const struct ofp_port_names *names, struct buf *out)
{
    const struct ofp_bucket *bucket;

    LIST_FOR_EACH (bucket, node, buckets)
        put_bucket(bucket, type, version, names, out);
}

static void
put_group_type(uint8_t type, struct buf *out)
{
    static const char *const types[] = {"all", "select", "indirect", "ff"};

    buf_puts(out, ",type=");
    PRINT_WORD(out, type, types);
}

void
ofp_group_desc_format(const struct ofp_group_desc *gd, enum ofp_version version,
                      const struct ofp_port_names *names, struct buf *out)
{
    buf_printf(out, "group_id=%u", gd->group_id);
    put_group_type(gd->type, out);
    put_props(&gd->props, out);
    put_buckets(&gd->buckets, gd->type, version, names, out);
}

void
ofp_group_mod_format(const struct ofp_group_mod *gm, enum ofp_version version,
                     const struct ofp_port_names *names, struct buf *out)
{
    static const struct {
        uint16_t command;
        const char *name;
    } commands[] = {{OFPGC_ADD, "ADD"},
                    {OFPGC_MODIFY, "MOD"},
                    {OFPGC_DELETE, "DEL"},
                    {OFPGC_INSERT_BUCKET, "INSERT_BUCKET"},
                    {OFPGC_REMOVE_BUCKET, "REMOVE_BUCKET"},
                    {OFPGC_ADD_OR_MOD, "ADD_OR_MOD"}};
    bool is_of_buckets = gm->command == OFPGC_INSERT_BUCKET || gm->command == OFPGC_REMOVE_BUCKET;

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (commands[i].command == gm->command)
            buf_printf(out, "%s ", commands[i].name);
    }
    if (is_of_buckets && has_bucket_ids(version))
        put_bucket_id("command_bucket_id:", gm->command_bucket_id, out);
    buf_printf(out, "group_id=%u", gm->group_id);
    if (!is_of_buckets)
        put_group_type(gm->type, out);
    put_props(&gm->props, out);
    put_buckets(&gm->buckets, gm->type, version, names, out);
}

void
ofp_group_stats_format(const struct ofp_group_stats *gs, struct buf *out)
{
    buf_printf(out, "group_id=%u,duration=", gs->group_id);
    print_duration(out, gs->duration_ns);
    buf_printf(out, ",ref_count=%u,packet_count=%llu,byte_count=%llu", gs->ref_count,
               (unsigned long long)gs->n_packets, (unsigned long long)gs->n_bytes);
    for (uint32_t i = 0; i < gs->n_buckets; i++)
        buf_printf(out, ",bucket%u:packet_count=%llu,byte_count=%llu", i,
                   (unsigned long long)gs->buckets[i].n_packets,
                   (unsigned long long)gs->buckets[i].n_bytes);
}

/* ---- Meters -----------------------------------------------------------------------------------*/
static void
put_band(const struct ofp_meter_band *band, uint16_t flags, struct buf *out)
{
    bool remark = band->type == OFPMBT_DSCP_REMARK;

    buf_printf(out, "type=%s rate=%u", remark ? "dscp_remark" : "drop", band->rate);
    if (flags & OFPMF_BURST)
        buf_printf(out, " burst_size=%u", band->burst_size);
    if (remark)
        buf_printf(out, " prec_level=%u", band->prec_level);
    buf_putc(out, '\n');
}

void
ofp_meter_config_format(const struct ofp_meter_config *meter, struct buf *out)
{
    buf_puts(out, "meter=");
    ofmeter_format(meter->meter_id, out);
    buf_printf(out, " %s%s%s%sbands=\n", meter->flags & OFPMF_KBPS ? "kbps " : "",
               meter->flags & OFPMF_PKTPS ? "pktps " : "",
               meter->flags & OFPMF_BURST ? "burst " : "",
               meter->flags & OFPMF_STATS ? "stats " : "");
    for (unsigned int i = 0; i < meter->n_bands; i++)
        put_band(&meter->bands[i], meter->flags, out);
}

void
ofp_meter_stats_format(const struct ofp_meter_stats *ms, struct buf *out)
{
    buf_puts(out, "meter:");
    ofmeter_format(ms->meter_id, out);
    buf_printf(out, " flow_count:%u packet_in_count:%llu byte_in_count:%llu duration:", ms->n_flows,
               (unsigned long long)ms->n_packets, (unsigned long long)ms->n_bytes);
    print_duration(out, ms->duration_ns);
    buf_puts(out, " bands:\n");
    for (unsigned int i = 0; i < ms->n_bands; i++)
        buf_printf(out, "%u: packet_count:%llu byte_count:%llu\n", i,
                   (unsigned long long)ms->bands[i].n_packets,
                   (unsigned long long)ms->bands[i].n_bytes);
}
