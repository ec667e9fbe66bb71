/* SPDX-License-Identifier: Apache-2.0 */
/* Meters: modifications, configurations, statistics. */
#include "ofproto/message-scratch.h"

#define MAX_PREC_LEVEL 7 /* Drop precedences fit into DSCP three times at most. */

static enum ofperr
decode_band(const struct of_meter_band *of, struct ofp_meter_band *band)
{
    band->rate = of->rate;
    band->burst_size = of->burst_size;
    switch (of->object.class_id) {
    case OF_METER_BAND_DROP:
        band->type = OFPMBT_DROP;
        return OFPERR_OK;
    case OF_METER_BAND_DSCP_REMARK:
        band->type = OFPMBT_DSCP_REMARK;
        band->prec_level = ((const struct of_meter_band_dscp_remark *)(const void *)of)->prec_level;
        return band->prec_level <= MAX_PREC_LEVEL ? OFPERR_OK : OFPERR_OFPMMFC_BAD_BAND_VALUE;
    default:
        return OFPERR_OFPMMFC_BAD_BAND;
    }
}

static enum ofperr
decode_bands(const struct of_meter_band_list *list, struct ofp_meter_config *meter)
{
    enum ofperr error = OFPERR_OK;

    if (list->n > OFP_MAX_BANDS)
        return OFPERR_OFPMMFC_OUT_OF_BANDS;
    meter->n_bands = (uint16_t)list->n;
    for (size_t i = 0; i < list->n && !error; i++)
        error = decode_band(list->items[i], &meter->bands[i]);
    return error;
}

static enum ofperr
check_meter(const struct ofp_meter_mod *mm)
{
    const struct ofp_meter_config *meter = &mm->meter;
    uint32_t id = meter->meter_id;
    bool special = id == OFMETER_CONTROLLER || id == OFMETER_SLOWPATH;

    if (mm->command == OFPMC_DELETE)
        return (id && id <= OFMETER_MAX) || special || id == OFMETER_ALL
                   ? OFPERR_OK
                   : OFPERR_OFPMMFC_INVALID_METER;
    if (!special && (!id || id > OFMETER_MAX))
        return OFPERR_OFPMMFC_INVALID_METER;
    if (meter->flags & OFPMF_KBPS && meter->flags & OFPMF_PKTPS)
        return OFPERR_OFPMMFC_BAD_FLAGS;
    for (unsigned int i = 0; i < meter->n_bands; i++)
        if (!meter->bands[i].rate)
            return OFPERR_OFPMMFC_BAD_RATE;
    return OFPERR_OK;
}

enum ofperr
ofp_meter_mod_decode(const struct of_header *msg, struct ofp_meter_mod *mm)
{
    const struct of_meter_mod *of = (const void *)msg;
    enum ofperr error = OFPERR_OK;

    memset(mm, 0, sizeof *mm);
    mm->command = of->command;
    if (mm->command > OFPMC_DELETE)
        return OFPERR_OFPMMFC_BAD_COMMAND;
    mm->meter.flags = of->flags;
    mm->meter.meter_id = of->meter_id;
    if (mm->command != OFPMC_DELETE)
        error = decode_bands(&of->bands, &mm->meter);
    return error ? error : check_meter(mm);
}

static void
encode_bands(const struct ofp_meter_config *meter, enum ofp_version version, struct scratch *s,
             struct of_meter_band_list *list)
{
    list->items = scratch_alloc(s, meter->n_bands * sizeof *list->items);
    for (unsigned int i = 0; i < meter->n_bands; i++) {
        const struct ofp_meter_band *band = &meter->bands[i];
        bool remark = band->type == OFPMBT_DSCP_REMARK;
        struct of_meter_band_dscp_remark *of =
            scratch_new(s, remark ? OF_METER_BAND_DSCP_REMARK : OF_METER_BAND_DROP, version);

        of->rate = band->rate;
        of->burst_size = band->burst_size;
        if (remark)
            of->prec_level = band->prec_level;
        LIST_PUSH(list, of);
    }
}

void
ofp_meter_mod_encode(const struct ofp_meter_mod *mm, enum ofp_version version, uint32_t xid,
                     struct buf *msg)
{
    struct of_meter_mod *of;
    struct scratch s;

    if (version <= OFP10)
        return; /* OpenFlow 1.0 has no meters. */
    scratch_init(&s);
    of = scratch_msg(&s, OF_METER_MOD, version, xid);
    of->command = mm->command;
    of->flags = mm->meter.flags;
    of->meter_id = mm->meter.meter_id;
    encode_bands(&mm->meter, version, &s, &of->bands);
    scratch_encode_msg(of, msg);
    scratch_destroy(&s);
}

void
ofp_meter_config_append(const struct ofp_meter_config *meter, struct ofp_multipart *mp)
{
    struct of_meter_config *of;
    struct scratch s;

    scratch_init(&s);
    of = scratch_new(&s, OF_METER_CONFIG, mp->version);
    of->flags = meter->flags;
    of->meter_id = meter->meter_id;
    encode_bands(meter, mp->version, &s, &of->bands);
    scratch_append(of, mp);
    scratch_destroy(&s);
}

enum ofperr
ofp_meter_config_decode(const struct of_header *reply,
                        void (*cb)(const struct ofp_meter_config *, void *aux), void *aux)
{
    const struct of_meter_config_stats_reply *of = (const void *)reply;
    enum ofperr error = OFPERR_OK;

    for (size_t i = 0; i < of->entries.n && !error; i++) {
        const struct of_meter_config *entry = of->entries.items[i];
        struct ofp_meter_config meter = {.meter_id = entry->meter_id, .flags = entry->flags};

        error = decode_bands(&entry->bands, &meter);
        if (!error)
            cb(&meter, aux);
    }
    return error;
}

void
ofp_meter_stats_append(const struct ofp_meter_stats *ms, struct ofp_multipart *mp)
{
    struct of_meter_stats *of;
    struct scratch s;

    scratch_init(&s);
    of = scratch_new(&s, OF_METER_STATS, mp->version);
    of->meter_id = ms->meter_id;
    of->flow_count = ms->n_flows;
    of->packet_in_count = ms->n_packets;
    of->byte_in_count = ms->n_bytes;
    of->duration_sec = (uint32_t)(ms->duration_ns / NS_PER_S);
    of->duration_nsec = (uint32_t)(ms->duration_ns % NS_PER_S);
    of->band_stats.items = scratch_alloc(&s, ms->n_bands * sizeof *of->band_stats.items);
    for (unsigned int i = 0; i < ms->n_bands; i++) {
        struct of_meter_band_stats *band = scratch_new(&s, OF_METER_BAND_STATS, mp->version);

        band->packet_band_count = ms->bands[i].n_packets;
        band->byte_band_count = ms->bands[i].n_bytes;
        LIST_PUSH(&of->band_stats, band);
    }
    scratch_append(of, mp);
    scratch_destroy(&s);
}

enum ofperr
ofp_meter_stats_decode(const struct of_header *reply,
                       void (*cb)(const struct ofp_meter_stats *, void *aux), void *aux)
{
    const struct of_meter_stats_reply *of = (const void *)reply;

    for (size_t i = 0; i < of->entries.n; i++) {
        const struct of_meter_stats *entry = of->entries.items[i];
        struct ofp_meter_stats ms = {
            .meter_id = entry->meter_id,
            .n_flows = entry->flow_count,
            .n_packets = entry->packet_in_count,
            .n_bytes = entry->byte_in_count,
            .duration_ns = duration_ns(entry->duration_sec, entry->duration_nsec),
            .n_bands = (uint16_t)MIN(entry->band_stats.n, OFP_MAX_BANDS),
        };

        for (unsigned int j = 0; j < ms.n_bands; j++) {
            ms.bands[j].n_packets = entry->band_stats.items[j]->packet_band_count;
            ms.bands[j].n_bytes = entry->band_stats.items[j]->byte_band_count;
        }
        cb(&ms, aux);
    }
    return OFPERR_OK;
}
