/* SPDX-License-Identifier: Apache-2.0 */
/* Whole sets of flows: what differs between two, and making a switch have one.
 *
 * A flow's identity is its table, priority and match; its text, without statistics, is what is
 * compared. Sets are sorted by identity and walked side by side. */
#include "cli/of-verbs.h"

#include <stdio.h>
#include <sys/stat.h>

#include "ofproto/openflow.h"
#include "ofproto/parse.h"

struct flow_entry {
    char *identity;
    char *text;
    struct ofp_flow_mod add; /* Its ofpacts are owned. */
};

struct flow_set {
    const struct cli *cli;
    const struct ofp_port_names *names; /* For files: of the switch, or NULL. */
    struct flow_entry *entries;
    size_t n, allocated;
};

static void
destroy_set(struct flow_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        free(set->entries[i].identity);
        free(set->entries[i].text);
        free((void *)set->entries[i].add.ofpacts);
    }
    free(set->entries);
}

static char *
identity_of(const struct ofp_flow_stats *stats)
{
    struct buf text = BUF_INITIALIZER;

    buf_printf(&text, "%03u %05u ", stats->table_id, stats->priority);
    match_format(&stats->match, NULL, -1, &text);
    return buf_steal(&text);
}

static char *
text_of(const struct ofp_flow_stats *stats)
{
    struct buf text = BUF_INITIALIZER;

    ofp_flow_stats_format(stats, NULL, false, &text);
    return buf_steal(&text);
}

static void
take_flow(const struct ofp_flow_stats *stats, void *aux)
{
    struct flow_set *set = aux;
    struct flow_entry *entry;

    if (set->n == set->allocated) {
        set->allocated = set->allocated ? 2 * set->allocated : 64;
        set->entries = xrealloc(set->entries, set->allocated * sizeof *set->entries);
    }
    entry = &set->entries[set->n++];
    entry->identity = identity_of(stats);
    entry->text = text_of(stats);
    entry->add = (struct ofp_flow_mod){
        .match = stats->match,
        .priority = stats->priority,
        .command = OFPFC_ADD,
        .table_id = stats->table_id,
        .new_cookie = stats->cookie,
        .idle_timeout = stats->idle_timeout,
        .hard_timeout = stats->hard_timeout,
        .importance = stats->importance,
        .flags = stats->flags,
        .buffer_id = OFBUFFER_NONE,
        .out_port = OFPORT_ANY,
        .out_group = OFGROUP_ANY,
        .ofpacts = xmemdup(stats->ofpacts ? stats->ofpacts : (const void *)"", stats->ofpacts_size),
        .ofpacts_size = stats->ofpacts_size,
    };
}

static int
compare_identities(const void *a, const void *b)
{
    return strcmp(((const struct flow_entry *)a)->identity,
                  ((const struct flow_entry *)b)->identity);
}

static void
sort_set(struct flow_set *set)
{
    if (set->n)
        qsort(set->entries, set->n, sizeof *set->entries, compare_identities);
}

/* ---- Reading sets ---- */

static int
take_reply(const struct of_header *reply, void *aux)
{
    struct flow_set *set = aux;
    enum ofperr error = ofp_flow_stats_decode(reply, take_flow, set);

    return error ? cli_error("%s: a flow of the switch was not understood: %s", set->cli->verb,
                             ofperr_name(error))
                 : 0;
}

static int
take_line(void *aux, const char *line, unsigned number, const char *where)
{
    struct flow_set *set = aux;
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofp_flow_mod fm;
    char *error = ofp_flow_mod_parse(line, OFPFC_ADD, set->names, &ofpacts, &fm);

    (void)number;
    if (error) {
        cli_error("%s: %s%s", set->cli->verb, where, error);
    } else {
        const struct ofp_flow_stats stats = {
            .match = fm.match,
            .cookie = fm.new_cookie,
            .table_id = fm.table_id == OFTABLE_ALL ? 0 : fm.table_id,
            .priority = fm.priority,
            .idle_timeout = fm.idle_timeout,
            .hard_timeout = fm.hard_timeout,
            .importance = fm.importance,
            .flags = fm.flags,
            .ofpacts = fm.ofpacts,
            .ofpacts_size = fm.ofpacts_size,
        };

        take_flow(&stats, set);
    }
    buf_destroy(&ofpacts);
    free(error);
    return error != NULL;
}

static int
read_file_set(const struct cli *cli, const char *path, struct flow_set *set)
{
    int status = of_flows_read_file(cli, path, take_line, set);

    sort_set(set);
    return status;
}

static int
read_switch_set(const struct cli *cli, struct of_client *client, struct flow_set *set)
{
    int status = of_flows_request(client, cli, "", false, take_reply, set);

    sort_set(set);
    return status;
}

/* ---- Comparing ---- */

struct walk_ops {
    int (*only_left)(void *aux, const struct flow_entry *);
    int (*only_right)(void *aux, const struct flow_entry *);
    int (*both)(void *aux, const struct flow_entry *left, const struct flow_entry *right);
};

static int
walk(const struct flow_set *left, const struct flow_set *right, const struct walk_ops *ops,
     void *aux)
{
    size_t i = 0, j = 0;
    int status = 0;

    while (!status && (i < left->n || j < right->n)) {
        int order = i == left->n    ? 1
                    : j == right->n ? -1
                                    : strcmp(left->entries[i].identity, right->entries[j].identity);

        if (order < 0)
            status = ops->only_left(aux, &left->entries[i++]);
        else if (order > 0)
            status = ops->only_right(aux, &right->entries[j++]);
        else
            status = ops->both(aux, &left->entries[i++], &right->entries[j++]);
    }
    return status;
}

/* ---- diff-flows ---- */

struct differences {
    json_t *left, *right; /* Lists of texts. */
};

static int
note_left(void *aux, const struct flow_entry *entry)
{
    struct differences *d = aux;

    json_array_append_new(d->left, json_string(entry->text));
    return 0;
}

static int
note_right(void *aux, const struct flow_entry *entry)
{
    struct differences *d = aux;

    json_array_append_new(d->right, json_string(entry->text));
    return 0;
}

static int
note_both(void *aux, const struct flow_entry *left, const struct flow_entry *right)
{
    if (strcmp(left->text, right->text)) {
        note_left(aux, left);
        note_right(aux, right);
    }
    return 0;
}

static const struct walk_ops diff_ops = {note_left, note_right, note_both};

static bool
is_file(const char *name)
{
    struct stat st;

    return !strcmp(name, "-") || (!strchr(name, ':') && !stat(name, &st) && S_ISREG(st.st_mode));
}

static int
read_set(const struct cli *cli, const char *name, struct flow_set *set)
{
    struct of_client *client;
    int status;

    if (is_file(name))
        return read_file_set(cli, name, set);
    if (of_client_open(cli, name, 0, &client))
        return 1;
    status = read_switch_set(cli, client, set);
    of_client_close(client);
    return status;
}

static void
print_differences(const struct cli *cli, const struct differences *d)
{
    json_t *item, *both;
    size_t i;

    if (cli->json) {
        both = json_pack("{s:O, s:O}", "removed", d->left, "added", d->right);
        cli_print_json(both);
        json_decref(both);
        return;
    }
    json_array_foreach(d->left, i, item)
    {
        printf("-%s\n", json_string_value(item));
    }
    json_array_foreach(d->right, i, item)
    {
        printf("+%s\n", json_string_value(item));
    }
}

int
of_diff_flows(const struct cli *cli)
{
    struct flow_set left = {.cli = cli}, right = {.cli = cli};
    struct differences d = {json_array(), json_array()};
    int status = read_set(cli, cli->argv[0], &left);

    if (!status)
        status = read_set(cli, cli->argv[1], &right);
    if (!status) {
        walk(&left, &right, &diff_ops, &d);
        print_differences(cli, &d);
        status = json_array_size(d.left) || json_array_size(d.right);
    }
    json_decref(d.left);
    json_decref(d.right);
    destroy_set(&left);
    destroy_set(&right);
    return status;
}

/* ---- replace-flows ---- */

static int
delete_entry(void *aux, const struct flow_entry *entry)
{
    struct ofp_flow_mod fm = entry->add;
    uint32_t xid;

    fm.command = OFPFC_DELETE_STRICT;
    fm.flags = 0;
    fm.ofpacts = NULL;
    fm.ofpacts_size = 0;
    return flow_sender_send(aux, &fm, &xid);
}

static int
add_entry(void *aux, const struct flow_entry *entry)
{
    uint32_t xid;

    return flow_sender_send(aux, &entry->add, &xid);
}

static int
change_entry(void *aux, const struct flow_entry *old, const struct flow_entry *wanted)
{
    return strcmp(old->text, wanted->text) ? add_entry(aux, wanted) : 0;
}

static const struct walk_ops replace_ops = {delete_entry, add_entry, change_entry};

int
of_replace_flows(const struct cli *cli)
{
    struct flow_set present = {.cli = cli}, wanted = {.cli = cli};
    struct flow_sender sender = {0};
    int status;

    if (of_client_open(cli, cli->argv[0], 0, &sender.client))
        return 1;
    wanted.names = of_client_port_names(sender.client);
    status = read_file_set(cli, cli->argv[1], &wanted);
    if (!status)
        status = read_switch_set(cli, sender.client, &present);
    if (!status)
        status = walk(&present, &wanted, &replace_ops, &sender);
    if (!status)
        status = of_client_finish(sender.client, NULL, NULL);
    destroy_set(&present);
    destroy_set(&wanted);
    of_client_close(sender.client);
    return status;
}
