/* SPDX-License-Identifier: Apache-2.0 */
/* What messages say about ports and tables. */
#include <stdio.h>

#include "ofproto/ofconn.h"

void
ofport_describe(const struct ofport *port, struct ofp_port *desc)
{
    *desc = (struct ofp_port){
        .port_no = port->port_no,
        .config = port->config,
        .state = port->state,
        .curr = port->current,
        .advertised = port->advertised,
        .supported = port->supported,
        .peer = port->peer,
        .curr_speed = port->current_kbps,
        .max_speed = port->max_kbps,
    };
    memcpy(desc->hw_addr, port->hw_addr, sizeof desc->hw_addr);
    snprintf(desc->name, sizeof desc->name, "%s", port->name);
}

void
table_describe(const struct table *table, enum ofp_version version, struct of_arena *arena,
               struct of_table_desc *desc)
{
    struct of_table_mod_prop_eviction *eviction =
        (struct of_table_mod_prop_eviction *)of_object_new(arena, OF_TABLE_MOD_PROP_EVICTION,
                                                           version);
    struct of_table_mod_prop_vacancy *vacancy = (struct of_table_mod_prop_vacancy *)of_object_new(
        arena, OF_TABLE_MOD_PROP_VACANCY, version);

    desc->object.class_id = OF_TABLE_DESC;
    desc->object.version = version;
    desc->table_id = table->id;
    desc->config = table->config;
    desc->properties.items = of_arena_alloc(arena, 2 * sizeof *desc->properties.items);
    eviction->flags = table_eviction_flags(table);
    desc->properties.items[desc->properties.n++] = (struct of_table_mod_prop *)eviction;
    if (table->config & OFPTC_VACANCY_EVENTS) {
        vacancy->vacancy_down = table->vacancy_down;
        vacancy->vacancy_up = table->vacancy_up;
        vacancy->vacancy = table_vacancy(table);
        desc->properties.items[desc->properties.n++] = (struct of_table_mod_prop *)vacancy;
    }
}
