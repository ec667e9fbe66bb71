/* SPDX-License-Identifier: Apache-2.0 */
/* The two parts of the pipeline (OpenFlow 1.5, section 5.1): flow entries of ingress tables go to
 * no egress table, and those of egress tables write no output, so that a packet that is on its way
 * to a port leaves there or nowhere. Copies that they send at once (Apply-Actions) are free. */
#include "ofproto/openflow.h"

#include "ofproto/ofproto-private.h"

struct part {
    uint8_t first_egress; /* OFTABLE_ALL: there is no other part. */
    uint8_t table_id;
};

static int
check_written(const struct ofpact *ofpact, void *aux)
{
    (void)aux;
    return ofpact->type == OFPACT_OUTPUT || ofpact->type == OFPACT_GROUP ? OFPERR_OFPBAC_BAD_TYPE
                                                                         : 0;
}

static int
check_action(const struct ofpact *ofpact, void *part_)
{
    const struct part *part = part_;
    bool is_egress = part->table_id >= part->first_egress;

    if (ofpact->type == OFPACT_GOTO_TABLE && !is_egress &&
        ((const struct ofpact_goto_table *)ofpact)->table_id >= part->first_egress)
        return OFPERR_OFPBIC_BAD_TABLE_ID;
    if (ofpact->type == OFPACT_WRITE_ACTIONS && is_egress) {
        const struct ofpact_nest *nest = (const struct ofpact_nest *)ofpact;

        return ofpacts_walk(nest->actions, ofpact_nest_size(nest), check_written, NULL);
    }
    return 0;
}

enum ofperr
egress_check_flow(uint8_t first_egress, uint8_t table_id, const struct ofpact *ofpacts, size_t size)
{
    struct part part = {first_egress, table_id};

    if (first_egress == OFTABLE_ALL)
        return OFPERR_OK;
    return (enum ofperr)ofpacts_walk(ofpacts, size, check_action, &part);
}

struct table_check {
    struct part part;
    bool is_wrong;
};

static bool
check_rule(void *check_, struct cls_rule *cls)
{
    struct table_check *check = check_;
    const struct rule *rule = rule_from_cls(cls);

    check->is_wrong = egress_check_flow(check->part.first_egress, check->part.table_id,
                                        rule->ofpacts, rule->ofpacts_size) != OFPERR_OK;
    return !check->is_wrong;
}

bool
egress_fits_flows(const struct ofproto *ofproto, uint8_t first_egress)
{
    static const struct flow any;
    struct table_check check = {.part.first_egress = first_egress};

    for (unsigned int i = 0; i < ofproto->n_tables && !check.is_wrong; i++) {
        check.part.table_id = (uint8_t)i;
        classifier_visit(&ofproto->tables[i].cls, &any, &any, check_rule, &check);
    }
    return !check.is_wrong;
}
