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

/* ---- Which flow entries fit ----------------------------------------------------------------- */
static int
find_goto(const struct ofpact *ofpact, void *table_id)
{
    if (ofpact->type == OFPACT_GOTO_TABLE)
        *(uint8_t *)table_id = ((const struct ofpact_goto_table *)ofpact)->table_id;
    return 0;
}

void
egress_describe(struct rule_actions *actions)
{
    ofpacts_walk(actions->ofpacts, actions->size, find_goto, &actions->goto_table);
    actions->writes_output = egress_check_flow(0, 0, actions->ofpacts, actions->size) != OFPERR_OK;
}

void
egress_count(struct ofproto *ofproto, uint8_t table_id, const struct rule_actions *actions, int by)
{
    struct table *tables = ofproto->tables;

    tables[table_id].n_writing += (uint32_t)(actions->writes_output ? by : 0);
    for (unsigned int i = table_id + 1u; i <= actions->goto_table && i < ofproto->n_tables; i++)
        tables[i].n_crossing += (uint32_t)by;
}

bool
egress_fits_flows(const struct ofproto *ofproto, uint8_t first_egress)
{
    uint32_t n_wrong = 0;

    if (first_egress == OFTABLE_ALL)
        return true;
    for (unsigned int i = first_egress; i < ofproto->n_tables; i++)
        n_wrong |= ofproto->tables[i].n_writing;
    return !(n_wrong | ofproto->tables[first_egress].n_crossing);
}
