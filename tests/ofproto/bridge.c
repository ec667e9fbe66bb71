/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tally.h"
#include "tests/ofproto/bridge.h"

#include <errno.h>
#include <stdio.h>

/* ---- Operations ----------------------------------------------------------------------------- */
static void
on_wake(void *bridge)
{
    (void)bridge;
}

static void
on_changed(void *bridge_, struct ofproto *ofproto)
{
    struct bridge *bridge = bridge_;

    (void)ofproto;
    bridge->n_changed++;
}

static void
format_rule(const struct rule *rule, struct buf *out)
{
    struct match match;

    cls_rule_expand(&rule->cls, &match.flow, &match.mask);
    buf_printf(out, "%u %d ", rule->table_id, rule->cls.priority);
    match_format(&match, NULL, -1, out);
    if (rule->cookie)
        buf_printf(out, " cookie=%#llx", (unsigned long long)rule->cookie);
    if (tally_at(rule->tally)->n_packets)
        buf_printf(out, " n=%llu", (unsigned long long)tally_at(rule->tally)->n_packets);
}

static void
on_flow_removed(void *bridge_, struct ofproto *ofproto, struct rule *rule, uint8_t reason)
{
    struct bridge *bridge = bridge_;

    (void)ofproto;
    buf_printf(&bridge->log, "removed(%u) ", reason);
    format_rule(rule, &bridge->log);
    buf_putc(&bridge->log, '\n');
}

static void
on_flow_event(void *bridge_, struct ofproto *ofproto, const struct flow_event *event)
{
    static const char *const kinds[] = {"added", "modified", "deleted"};
    struct bridge *bridge = bridge_;

    (void)ofproto;
    buf_printf(&bridge->log, "%s[%u] ", kinds[event->kind], event->origin.xid);
    format_rule(event->rule, &bridge->log);
    buf_putc(&bridge->log, '\n');
}

static void
on_port_status(void *bridge_, struct ofproto *ofproto, const struct ofport *port, uint8_t reason)
{
    static const char *const reasons[] = {"add", "delete", "modify"};
    struct bridge *bridge = bridge_;

    (void)ofproto;
    buf_printf(&bridge->log, "port %s %u %s config=%#x state=%#x\n", reasons[reason], port->port_no,
               port->name, port->config, port->state);
}

static void
on_table_status(void *bridge_, struct ofproto *ofproto, const struct table *table, uint8_t reason)
{
    struct bridge *bridge = bridge_;

    (void)ofproto;
    buf_printf(&bridge->log, "table %u %s\n", table->id,
               reason == OFPTR_VACANCY_DOWN ? "down" : "up");
}

static void
on_sync_stats(void *bridge_, struct ofproto *ofproto)
{
    struct bridge *bridge = bridge_;

    (void)ofproto;
    bridge->n_syncs++;
    if (bridge->sync_rule)
        rule_credit(bridge->sync_rule, 1, 100, time_now_ms());
}

static int
on_port_config(void *bridge_, struct ofproto *ofproto, const struct ofport *port)
{
    struct bridge *bridge = bridge_;

    (void)ofproto;
    buf_printf(&bridge->log, "config %u %#x\n", port->port_no, port->config);
    return bridge->port_config_error;
}

static int
on_port_stats(void *bridge, struct ofproto *ofproto, const struct ofport *port,
              struct ofport_stats *stats)
{
    (void)bridge;
    (void)ofproto;
    stats->rx_packets = port->port_no;
    return 0;
}

static int
on_meter_set(void *bridge_, const struct ofp_meter_config *config, uint32_t *provider_id)
{
    struct bridge *bridge = bridge_;

    if (config->n_bands && config->bands[0].rate == 666)
        return ENOSPC;
    if (*provider_id == METER_NO_PROVIDER)
        *provider_id = bridge->next_meter_id++;
    buf_printf(&bridge->log, "meter %u -> %u flags=%#x bands=%u\n", config->meter_id, *provider_id,
               config->flags, config->n_bands);
    return 0;
}

static void
on_meter_remove(void *bridge_, uint32_t provider_id)
{
    struct bridge *bridge = bridge_;

    buf_printf(&bridge->log, "meter remove %u\n", provider_id);
}

static int
on_meter_stats(void *bridge, uint32_t provider_id, struct meter_stats *stats)
{
    (void)bridge;
    stats->n_packets = 1000 + provider_id;
    return 0;
}

static const struct ofproto_meter_ops meter_ops = {
    .set = on_meter_set,
    .remove = on_meter_remove,
    .stats = on_meter_stats,
    .max_meters = 3,
    .max_bands = 4,
};

static const struct ofproto_ops ops = {
    .wake = on_wake,
    .changed = on_changed,
    .flow_removed = on_flow_removed,
    .flow_event = on_flow_event,
    .port_status = on_port_status,
    .table_status = on_table_status,
    .sync_stats = on_sync_stats,
    .port_config = on_port_config,
    .port_stats = on_port_stats,
    .meters = &meter_ops,
};

/* ---- Life ----------------------------------------------------------------------------------- */
void
bridge_create(struct bridge *bridge)
{
    struct ofproto_options options = {.name = "br0", .datapath_id = 1, .n_tables = 4};

    memset(bridge, 0, sizeof *bridge);
    bridge->origin = (struct ofproto_origin){.version = OFP13, .conn = bridge};
    bridge->ofproto = ofproto_create(&options, &ops, bridge);
    for (uint32_t i = 1; i <= 4; i++) {
        struct ofport port = {.dp_port = 100 + i, .hw_addr = {2, 0, 0, 0, 0, (uint8_t)i}};
        uint32_t port_no;

        snprintf(port.name, sizeof port.name, "p%u", i);
        assert_int_equal(ofproto_port_add(bridge->ofproto, &port, &port_no), 0);
        assert_int_equal(port_no, i);
    }
    bridge_events(bridge);
}

void
bridge_destroy(struct bridge *bridge)
{
    ofproto_destroy(bridge->ofproto);
    buf_destroy(&bridge->log);
    buf_destroy(&bridge->text);
}

/* ---- Flow-mods ------------------------------------------------------------------------------ */
static uint64_t
number(const char *value)
{
    return strtoull(value, NULL, 0);
}

static void
parse_cookie(const char *value, struct ofp_flow_mod *fm)
{
    const char *slash = strchr(value, '/');

    fm->cookie = number(value);
    fm->cookie_mask = slash ? number(slash + 1) : 0;
    if (!slash)
        fm->new_cookie = fm->cookie;
}

static bool
parse_flag(const char *key, struct ofp_flow_mod *fm)
{
    if (!strcmp(key, "send_flow_rem"))
        fm->flags |= OFPFF_SEND_FLOW_REM;
    else if (!strcmp(key, "check_overlap"))
        fm->flags |= OFPFF_CHECK_OVERLAP;
    else if (!strcmp(key, "reset_counts"))
        fm->flags |= OFPFF_RESET_COUNTS;
    else if (!strcmp(key, "add_if_missing"))
        fm->add_if_missing = true;
    else
        return false;
    return true;
}

static bool
parse_value(const char *key, const char *value, struct ofp_flow_mod *fm)
{
    if (!strcmp(key, "table"))
        fm->table_id = (uint8_t)number(value);
    else if (!strcmp(key, "priority"))
        fm->priority = (uint16_t)number(value);
    else if (!strcmp(key, "cookie"))
        parse_cookie(value, fm);
    else if (!strcmp(key, "new_cookie"))
        fm->new_cookie = number(value), fm->modify_cookie = true;
    else if (!strcmp(key, "idle_timeout"))
        fm->idle_timeout = (uint16_t)number(value);
    else if (!strcmp(key, "hard_timeout"))
        fm->hard_timeout = (uint16_t)number(value);
    else if (!strcmp(key, "importance"))
        fm->importance = (uint16_t)number(value);
    else if (!strcmp(key, "out_port"))
        fm->out_port = (uint32_t)number(value);
    else if (!strcmp(key, "out_group"))
        fm->out_group = (uint32_t)number(value);
    else
        return false;
    return true;
}

static void
no_error(char *message)
{
    if (message)
        fail_msg("%s", message);
}

void
bridge_parse_flow(const char *line, uint8_t command, struct buf *ofpacts, struct ofp_flow_mod *fm)
{
    char *copy = xstrdup(line), *actions = strstr(copy, "actions="), *save = NULL;

    *fm = (struct ofp_flow_mod){.command = command,
                                .priority = 0x8000,
                                .buffer_id = OFBUFFER_NONE,
                                .out_port = OFPORT_ANY,
                                .out_group = OFGROUP_ANY};
    match_init_catchall(&fm->match);
    if (actions) {
        no_error(ofpacts_parse(actions + strlen("actions="), NULL, true, ofpacts));
        *actions = '\0';
    }
    for (char *key = strtok_r(copy, ", ", &save); key; key = strtok_r(NULL, ", ", &save)) {
        char *value = strchr(key, '=');
        bool known;

        if (value)
            *value++ = '\0';
        if (value ? parse_value(key, value, fm) : parse_flag(key, fm))
            continue;
        no_error(match_parse_key(&fm->match, key, value, NULL, &known));
        if (!known)
            fail_msg("%s: unknown key %s", line, key);
    }
    fm->ofpacts = (const struct ofpact *)ofpacts->data;
    fm->ofpacts_size = ofpacts->size;
    free(copy);
}

enum ofperr
bridge_flow(struct bridge *bridge, uint8_t command, const char *line)
{
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofp_flow_mod fm;
    enum ofperr error;

    bridge_parse_flow(line, command, &ofpacts, &fm);
    error = ofproto_flow_mod(bridge->ofproto, &fm, &bridge->origin);
    buf_destroy(&ofpacts);
    return error;
}

/* ---- Group-mods ----------------------------------------------------------------------------- */
static const char *const group_types[] = {"all", "select", "indirect", "ff"};

/* "ID,weight:3,watch_port:1,output:2" */
static void
parse_bucket(char *text, struct ofp_group_mod *gm)
{
    struct ofp_bucket *bucket = xcalloc(1, sizeof *bucket);
    struct buf ofpacts = BUF_INITIALIZER;
    char *comma;

    bucket->watch_port = OFPORT_ANY;
    bucket->watch_group = OFGROUP_ANY;
    for (; text; text = comma) {
        comma = strchr(text, ',');
        if (comma)
            *comma++ = '\0';
        if (text[0] >= '0' && text[0] <= '9')
            bucket->bucket_id = (uint32_t)number(text);
        else if (!strncmp(text, "weight:", 7))
            bucket->weight = (uint16_t)number(text + 7);
        else if (!strncmp(text, "watch_port:", 11))
            bucket->watch_port = (uint32_t)number(text + 11);
        else if (!strncmp(text, "watch_group:", 12))
            bucket->watch_group = (uint32_t)number(text + 12);
        else
            no_error(ofpacts_parse(text, NULL, false, &ofpacts));
    }
    bucket->ofpacts_size = ofpacts.size;
    bucket->ofpacts = (struct ofpact *)ofpacts.data;
    list_push_back(&gm->buckets, &bucket->node);
}

void
bridge_parse_group(const char *line, uint16_t command, uint32_t command_bucket_id,
                   struct ofp_group_mod *gm)
{
    char *copy = xstrdup(line), *save = NULL;

    memset(gm, 0, sizeof *gm);
    gm->command = command;
    gm->command_bucket_id = command_bucket_id;
    list_init(&gm->buckets);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *type = strstr(word, "type=");

        if (!strncmp(word, "group_id=", 9))
            gm->group_id = (uint32_t)number(word + 9);
        if (!strncmp(word, "bucket=", 7))
            parse_bucket(word + 7, gm);
        for (uint8_t i = 0; type && i < 4; i++) {
            if (!strcmp(type + 5, group_types[i]))
                gm->type = i;
        }
    }
    free(copy);
}

static void
free_buckets(struct ofp_group_mod *gm)
{
    struct ofp_bucket *bucket, *next;

    LIST_FOR_EACH_SAFE (bucket, next, node, &gm->buckets) {
        free(bucket->ofpacts);
        free(bucket);
    }
}

enum ofperr
bridge_group(struct bridge *bridge, uint16_t command, uint32_t command_bucket_id, const char *line)
{
    struct ofp_group_mod gm;
    enum ofperr error;

    bridge_parse_group(line, command, command_bucket_id, &gm);
    error = ofproto_group_mod(bridge->ofproto, &gm, &bridge->origin);
    free_buckets(&gm);
    return error;
}

static const struct ofproto_msg *
get_msg(void *msgs, size_t i)
{
    return (const struct ofproto_msg *)msgs + i;
}

enum ofperr
bridge_commit(struct bridge *bridge, const struct ofproto_msg *msgs, size_t n, size_t *failed)
{
    struct ofproto_msgs all = {.n = n, .get = get_msg, .aux = (void *)msgs};

    return ofproto_bundle_commit(bridge->ofproto, &all, &bridge->origin, failed);
}

/* ---- Views ---------------------------------------------------------------------------------- */
static const struct ofproto_flow_filter all_flows = {
    .table_id = OFTABLE_ALL, .out_port = OFPORT_ANY, .out_group = OFGROUP_ANY};

struct rule *
bridge_rule(struct bridge *bridge, unsigned int table_id)
{
    struct ofproto_flow_filter filter = all_flows;
    struct ofproto_rules rules;
    struct rule *rule;

    filter.table_id = (uint8_t)table_id;
    assert_ok(ofproto_collect(bridge->ofproto, &filter, &rules));
    assert_int_equal(rules.n, 1);
    rule = rules.rules[0];
    ofproto_rules_free(&rules);
    return rule;
}

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *
sort_lines(struct bridge *bridge, char **lines, size_t n)
{
    qsort(lines, n, sizeof *lines, compare_lines);
    buf_clear(&bridge->text);
    for (size_t i = 0; i < n; i++) {
        buf_printf(&bridge->text, "%s\n", lines[i]);
        free(lines[i]);
    }
    free(lines);
    return buf_text(&bridge->text);
}

const char *
bridge_dump(struct bridge *bridge)
{
    struct ofproto_rules rules;
    char **lines;

    assert_ok(ofproto_collect(bridge->ofproto, &all_flows, &rules));
    lines = xcalloc(rules.n, sizeof *lines);
    for (size_t i = 0; i < rules.n; i++) {
        const struct rule *rule = rules.rules[i];
        struct buf line = BUF_INITIALIZER;

        format_rule(rule, &line);
        buf_puts(&line, " actions=");
        ofpacts_format(rule->ofpacts, rule->ofpacts_size, NULL, &line);
        lines[i] = buf_steal(&line);
    }
    sort_lines(bridge, lines, rules.n);
    ofproto_rules_free(&rules);
    return buf_text(&bridge->text);
}

const char *
bridge_dump_groups(struct bridge *bridge)
{
    struct ofproto *ofproto = bridge->ofproto;
    char **lines = xcalloc(ofproto->groups.n, sizeof *lines);
    const struct group *group;
    size_t n = 0;

    HMAP_FOR_EACH (group, node, &ofproto->groups) {
        struct buf line = BUF_INITIALIZER;

        buf_printf(&line, "%u %s", group->id, group_types[group->type]);
        for (size_t i = 0; i < group->n_buckets; i++)
            buf_printf(&line, " %u:%u", group->buckets[i]->id, group->buckets[i]->weight);
        lines[n++] = buf_steal(&line);
    }
    return sort_lines(bridge, lines, n);
}

const char *
bridge_events(struct bridge *bridge)
{
    ofproto_run(bridge->ofproto);
    buf_clear(&bridge->text);
    buf_put(&bridge->text, bridge->log.data ? bridge->log.data : "", bridge->log.size);
    buf_clear(&bridge->log);
    return buf_text(&bridge->text);
}
