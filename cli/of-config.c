/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about a switch's configuration: fragments, tables, queues. */
#include "cli/of-verbs.h"

#include <stdio.h>

#include "ofproto/openflow.h"
#include "ofproto/print.h"

/* ---- set-frags ---- */

struct config {
    uint16_t flags;
    uint16_t miss_send_len;
};

static int
take_config(const struct of_header *reply, void *aux)
{
    struct config *config = aux;

    config->flags = ((const struct of_get_config_reply *)reply)->flags;
    config->miss_send_len = ((const struct of_get_config_reply *)reply)->miss_send_len;
    return 0;
}

static int
send_config(struct of_client *client, const struct config *config)
{
    struct of_set_config *msg;
    struct of_arena arena;
    int status;

    of_arena_init(&arena, NULL, 0);
    msg = of_set_config_new(&arena, of_client_version(client));
    msg->flags = config->flags;
    msg->miss_send_len = config->miss_send_len;
    status = of_client_send_object(client, (struct of_header *)msg, NULL);
    of_arena_destroy(&arena);
    return status ? status : of_client_finish(client, NULL, NULL);
}

/* By the number in the configuration's flags. */
static const char *const frag_modes[] = {"normal", "drop", "reassemble", "nx-match"};

static int
change_frags(const struct cli *cli, struct of_client *client, uint16_t mode)
{
    struct config config;

    if (of_client_ask(client, OF_GET_CONFIG_REQUEST, take_config, &config))
        return 1;
    if ((config.flags & OFPC_FRAG_MASK) == mode)
        return 0;
    config.flags = (uint16_t)((config.flags & ~OFPC_FRAG_MASK) | mode);
    if (send_config(client, &config) ||
        of_client_ask(client, OF_GET_CONFIG_REQUEST, take_config, &config))
        return 1;
    if ((config.flags & OFPC_FRAG_MASK) != mode)
        return cli_error("%s: the switch stays with '%s': it does not know '%s'", cli->verb,
                         frag_modes[config.flags & OFPC_FRAG_MASK], frag_modes[mode]);
    return 0;
}

static int
set_frags(const struct cli *cli)
{
    struct of_client *client;
    uint16_t mode = 0;
    int status;

    while (mode < ARRAY_SIZE(frag_modes) && strcmp(cli->argv[1], frag_modes[mode]))
        mode++;
    if (mode == ARRAY_SIZE(frag_modes))
        return cli_error("%s: '%s': want normal, drop, reassemble or nx-match", cli->verb,
                         cli->argv[1]);
    if (of_client_open(cli, cli->argv[0], 0, &client))
        return 1;
    status = change_frags(cli, client, mode);
    of_client_close(client);
    return status;
}

/* ---- mod-table ---- */

struct table_setting {
    uint32_t bit; /* Of the table's configuration. */
    bool is_on;
    unsigned vacancy_down, vacancy_up; /* In percent. */
};

struct table_config {
    bool is_found;
    uint32_t config;
    unsigned vacancy_down, vacancy_up;
};

/* Tables by their number. */
struct table_configs {
    struct table_config tables[256];
};

static int
parse_table_setting(const struct cli *cli, const char *text, struct table_setting *s)
{
    int n = 0;

    *s = (struct table_setting){.bit = OFPTC_EVICTION, .is_on = true};
    if (!strcmp(text, "evict"))
        return 0;
    s->is_on = false;
    if (!strcmp(text, "noevict"))
        return 0;
    s->bit = OFPTC_VACANCY_EVENTS;
    if (!strcmp(text, "novacancy"))
        return 0;
    s->is_on = true;
    if (sscanf(text, "vacancy:%u,%u%n", &s->vacancy_down, &s->vacancy_up, &n) != 2 || text[n])
        return cli_error("%s: '%s': want evict, noevict, vacancy:LOW,HIGH or novacancy", cli->verb,
                         text);
    if (s->vacancy_down >= s->vacancy_up || s->vacancy_up > 100)
        return cli_error("%s: '%s': want LOW below HIGH, and percents", cli->verb, text);
    return 0;
}

static int
take_table_configs(const struct of_header *reply, void *aux)
{
    const struct of_table_desc_stats_reply *descs = (const void *)reply;
    struct table_configs *configs = aux;

    for (size_t i = 0; i < descs->entries.n; i++) {
        const struct of_table_desc *desc = descs->entries.items[i];
        struct table_config *table = &configs->tables[desc->table_id];

        table->is_found = true;
        table->config = desc->config;
        for (size_t j = 0; j < desc->properties.n; j++) {
            const struct of_table_mod_prop_vacancy *prop = (const void *)desc->properties.items[j];

            if (prop->object.class_id == OF_TABLE_MOD_PROP_VACANCY) {
                table->vacancy_down = prop->vacancy_down;
                table->vacancy_up = prop->vacancy_up;
            }
        }
    }
    return 0;
}

/* What the setting leaves alone is sent as it was. */
static int
send_table_mod(struct of_client *client, uint8_t table_id, struct table_config table,
               const struct table_setting *s)
{
    enum ofp_version version = of_client_version(client);
    struct of_table_mod_prop_vacancy *vacancy;
    struct of_table_mod_prop *props[1];
    struct of_table_mod *msg;
    struct of_arena arena;
    int status;

    of_arena_init(&arena, NULL, 0);
    msg = of_table_mod_new(&arena, version);
    vacancy = (void *)of_object_new(&arena, OF_TABLE_MOD_PROP_VACANCY, version);
    msg->table_id = table_id;
    msg->config = s->is_on ? table.config | s->bit : table.config & ~s->bit;
    if (msg->config & OFPTC_VACANCY_EVENTS) {
        bool is_new = s->bit == OFPTC_VACANCY_EVENTS;

        vacancy->vacancy_down = (uint8_t)(is_new ? s->vacancy_down : table.vacancy_down);
        vacancy->vacancy_up = (uint8_t)(is_new ? s->vacancy_up : table.vacancy_up);
        props[msg->properties.n++] = (struct of_table_mod_prop *)vacancy;
        msg->properties.items = props;
    }
    status = of_client_send_object(client, (struct of_header *)msg, NULL);
    of_arena_destroy(&arena);
    return status;
}

static int
change_tables(const struct cli *cli, struct of_client *client, const struct table_setting *s)
{
    bool is_all = !strcasecmp(cli->argv[1], "all"), is_any = false;
    struct table_configs configs = {0};
    unsigned long number = 0;
    int status;

    if (!is_all && !parse_decimal(cli->argv[1], 255, &number))
        return cli_error("%s: table '%s': want a number or 'all'", cli->verb, cli->argv[1]);
    status = of_client_ask(client, OF_TABLE_DESC_STATS_REQUEST, take_table_configs, &configs);
    for (unsigned i = 0; i < ARRAY_SIZE(configs.tables) && !status; i++) {
        if (configs.tables[i].is_found && (is_all || i == number)) {
            is_any = true;
            status = send_table_mod(client, (uint8_t)i, configs.tables[i], s);
        }
    }
    if (!status && !is_any)
        return cli_error("%s: table %lu: the switch has no such table", cli->verb, number);
    return status ? status : of_client_finish(client, NULL, NULL);
}

static int
mod_table(const struct cli *cli)
{
    struct table_setting setting;
    struct of_client *client;
    int status;

    if (parse_table_setting(cli, cli->argv[2], &setting) ||
        of_client_open(cli, cli->argv[0], 1u << OFP14 | 1u << OFP15, &client))
        return 1;
    status = change_tables(cli, client, &setting);
    of_client_close(client);
    return status;
}

const struct cli_verb cli_config_verbs[] = {
    {"set-frags", set_frags, 2, 2, "SWITCH MODE",
     "how to treat fragments: normal, drop, reassemble, nx-match"},
    {"mod-table", mod_table, 3, 3, "SWITCH TABLE SETTING",
     "change a table: evict, noevict, vacancy:LOW,HIGH, novacancy"},
    {NULL, NULL, 0, 0, NULL, NULL},
};
