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

struct ofp_bucket *
group_describe(const struct group *group, struct list *list)
{
    struct ofp_bucket *buckets = xcalloc(group->n_buckets, sizeof *buckets);

    list_init(list);
    for (size_t i = 0; i < group->n_buckets; i++) {
        const struct bucket *bucket = group->buckets[i];

        buckets[i] = (struct ofp_bucket){
            .weight = bucket->weight,
            .watch_port = bucket->watch_port,
            .watch_group = bucket->watch_group,
            .bucket_id = bucket->id,
            .ofpacts = bucket->ofpacts,
            .ofpacts_size = bucket->ofpacts_size,
        };
        list_push_back(list, &buckets[i].node);
    }
    return buckets;
}
