/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "ofproto/openflow.h"

#include "ofproto/ofproto-private.h"

struct meter *
meter_find(const struct ofproto *ofproto, uint32_t meter_id)
{
    struct meter *meter;

    HMAP_FOR_EACH_WITH_HASH (meter, node, hash_u64(meter_id, 0), &ofproto->meters) {
        if (meter->config.meter_id == meter_id)
            return meter;
    }
    return NULL;
}

/* ---- Checks --------------------------------------------------------------------------------- */
static bool
is_valid_id(uint32_t meter_id)
{
    return (meter_id && meter_id <= OFMETER_MAX) || meter_id == OFMETER_CONTROLLER ||
           meter_id == OFMETER_SLOWPATH;
}

static enum ofperr
check_band(const struct ofp_meter_band *band)
{
    if (band->type != OFPMBT_DROP && band->type != OFPMBT_DSCP_REMARK)
        return OFPERR_OFPMMFC_BAD_BAND;
    if (!band->rate)
        return OFPERR_OFPMMFC_BAD_RATE;
    if (band->type == OFPMBT_DSCP_REMARK && band->prec_level > 7)
        return OFPERR_OFPMMFC_BAD_BAND_VALUE;
    return OFPERR_OK;
}

static enum ofperr
check_config(const struct ofproto *ofproto, const struct ofp_meter_config *config)
{
    uint16_t all = OFPMF_KBPS | OFPMF_PKTPS | OFPMF_BURST | OFPMF_STATS;
    uint16_t both = OFPMF_KBPS | OFPMF_PKTPS;
    enum ofperr error;

    if (config->flags & ~all || (config->flags & both) == both)
        return OFPERR_OFPMMFC_BAD_FLAGS;
    if (config->n_bands > ofproto->ops->meters->max_bands)
        return OFPERR_OFPMMFC_OUT_OF_BANDS;
    for (unsigned int i = 0; i < config->n_bands; i++) {
        error = check_band(&config->bands[i]);
        if (error)
            return error;
    }
    return OFPERR_OK;
}

/* ---- Life ----------------------------------------------------------------------------------- */
void
meter_install(struct ofproto *ofproto, struct meter *meter)
{
    hmap_insert(&ofproto->meters, &meter->node, hash_u64(meter->config.meter_id, 0));
}

void
meter_uninstall(struct ofproto *ofproto, struct meter *meter)
{
    hmap_remove(&ofproto->meters, &meter->node);
}

int
meter_provide(struct ofproto *ofproto, struct meter *meter)
{
    return ofproto->ops->meters->set(ofproto->aux, &meter->config, &meter->provider_id);
}

void
meter_destroy(struct ofproto *ofproto, struct meter *meter)
{
    ofproto->ops->meters->remove(ofproto->aux, meter->provider_id);
    free(meter);
}

/* ---- Commands ------------------------------------------------------------------------------- */
static enum ofperr
provider_error(int error)
{
    if (!error)
        return OFPERR_OK;
    return error == ENOSPC ? OFPERR_OFPMMFC_OUT_OF_METERS : OFPERR_OFPMMFC_UNKNOWN;
}

/* kbit/s unless the flags say packets. */
static void
set_config(struct meter *meter, const struct ofp_meter_config *from)
{
    meter->config = *from;
    if (!(from->flags & OFPMF_PKTPS))
        meter->config.flags |= OFPMF_KBPS;
}

enum ofperr
meter_restore(struct txn *txn, const struct ofp_meter_config *from, uint32_t provider_id,
              int64_t created_ms)
{
    struct ofproto *ofproto = txn->ofproto;
    enum ofperr error = check_config(ofproto, from);
    struct meter *meter;

    if (error)
        return error;
    if (ofproto->meters.n >= ofproto->ops->meters->max_meters)
        return OFPERR_OFPMMFC_OUT_OF_METERS;
    meter = xcalloc(1, sizeof *meter);
    meter->provider_id = provider_id;
    meter->created_ms = created_ms;
    list_init(&meter->uses);
    set_config(meter, from);
    error = provider_error(meter_provide(ofproto, meter));
    if (error) {
        free(meter);
        return error;
    }
    meter_install(ofproto, meter);
    txn_note(txn, CHANGE_METER_ADDED)->meter = meter;
    return OFPERR_OK;
}

static enum ofperr
add_meter(struct txn *txn, const struct ofp_meter_config *from)
{
    if (meter_find(txn->ofproto, from->meter_id))
        return OFPERR_OFPMMFC_METER_EXISTS;
    return meter_restore(txn, from, METER_NO_PROVIDER, txn->now_ms);
}

/* The provider hears of it when the transaction is confirmed: its meter cannot be put back as
 * it was. */
static enum ofperr
modify_meter(struct txn *txn, const struct ofp_meter_config *from)
{
    struct meter *meter = meter_find(txn->ofproto, from->meter_id);
    enum ofperr error = check_config(txn->ofproto, from);
    struct change *change;

    if (!meter)
        return OFPERR_OFPMMFC_UNKNOWN_METER;
    if (error)
        return error;
    change = txn_note(txn, CHANGE_METER_MODIFIED);
    change->meter = meter;
    change->old_meter = xmemdup(&meter->config, sizeof meter->config);
    set_config(meter, from);
    return OFPERR_OK;
}

/* And the flow entries that use it (OpenFlow 1.3, section 6.6). */
static void
remove_meter(struct txn *txn, struct meter *meter)
{
    while (!list_is_empty(&meter->uses)) {
        struct rule_use *use = CONTAINER_OF(meter->uses.next, struct rule_use, link);

        txn_remove_rule(txn, use->rule, OFPRR_METER_DELETE);
    }
    meter_uninstall(txn->ofproto, meter);
    txn_note(txn, CHANGE_METER_REMOVED)->meter = meter;
}

static enum ofperr
delete_meters(struct txn *txn, uint32_t meter_id)
{
    struct meter *meter = meter_find(txn->ofproto, meter_id);

    if (meter_id == OFMETER_ALL) {
        HMAP_FOR_EACH_SAFE (meter, node, &txn->ofproto->meters)
            remove_meter(txn, meter);
        return OFPERR_OK;
    }
    if (!is_valid_id(meter_id))
        return OFPERR_OFPMMFC_INVALID_METER;
    if (meter)
        remove_meter(txn, meter);
    return OFPERR_OK;
}

enum ofperr
meter_mod_do(struct txn *txn, const struct ofp_meter_mod *mm)
{
    if (!txn->ofproto->ops->meters)
        return OFPERR_OFPMMFC_OUT_OF_METERS;
    if (mm->command != OFPMC_DELETE && !is_valid_id(mm->meter.meter_id))
        return OFPERR_OFPMMFC_INVALID_METER;
    switch (mm->command) {
    case OFPMC_ADD:
        return add_meter(txn, &mm->meter);
    case OFPMC_MODIFY:
        return modify_meter(txn, &mm->meter);
    case OFPMC_DELETE:
        return delete_meters(txn, mm->meter.meter_id);
    default:
        return OFPERR_OFPMMFC_BAD_COMMAND;
    }
}

enum ofperr
ofproto_meter_mod(struct ofproto *ofproto, const struct ofp_meter_mod *mm,
                  const struct ofproto_origin *origin)
{
    struct txn txn;

    txn_begin(&txn, ofproto, origin);
    return txn_end(&txn, meter_mod_do(&txn, mm));
}

enum ofperr
ofproto_meter_stats(struct ofproto *ofproto, uint32_t meter_id, struct meter_stats *stats)
{
    const struct meter *meter = meter_find(ofproto, meter_id);
    const struct ofproto_meter_ops *ops = ofproto->ops->meters;

    if (!meter)
        return OFPERR_OFPMMFC_UNKNOWN_METER;
    memset(stats, 0, sizeof *stats);
    return provider_error(ops->stats(ofproto->aux, meter->provider_id, stats));
}

void
meters_destroy(struct ofproto *ofproto)
{
    struct meter *meter;

    HMAP_FOR_EACH_SAFE (meter, node, &ofproto->meters) {
        meter_uninstall(ofproto, meter);
        meter_destroy(ofproto, meter);
    }
    hmap_destroy(&ofproto->meters);
}
