/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/fields.h"

#include <ctype.h>
#include <errno.h>

#include "datapath/parts.h"

static const struct dp_action_ops *const ops_table[DP_N_ACTIONS] = {
#define ACTION(NAME, name) [DP_ACTION_##NAME] = &dp_action_##NAME,
#include "actions/actions.def"
#undef ACTION
};

static const struct dp_action_ops *
ops_of(const struct dp_action *action)
{
    return action->kind < DP_N_ACTIONS ? ops_table[action->kind] : NULL;
}

/* ---- Checking ---- */

/* The faults that an action has by its place. */
static int
check_place(const struct dp_action *actions, size_t n_actions, size_t i, char *why, size_t why_size)
{
    const struct dp_action *action = &actions[i];

    if (i + 1 == n_actions)
        return 0;
    if (ops_of(action)->is_end)
        return act_wrong(why, why_size, "nothing may follow it");
    if (action->kind == DP_ACTION_OUTPUT && action->arg16 & DP_OUTPUT_LAST)
        return act_wrong(why, why_size, "it is marked as the last output but is not the end");
    return 0;
}

int
dp_actions_check(const struct dp_action *actions, size_t n_actions, struct dp_actions_error *error)
{
    char why[200];

    for (size_t i = 0; i < n_actions; i++) {
        const struct dp_action_ops *ops = ops_of(&actions[i]);
        int result = 0;

        if (!ops)
            result = act_wrong(why, sizeof why, "there is no kind %u", actions[i].kind);
        else if (ops->check)
            result = ops->check(&actions[i], why, sizeof why);
        if (!result)
            result = check_place(actions, n_actions, i, why, sizeof why);
        if (result) {
            if (error) {
                error->at = i;
                snprintf(error->text, sizeof error->text, "action %zu (%s): %s", i,
                         ops ? ops->name : "unknown", why);
            }
            return result;
        }
    }
    return 0;
}

/* ---- Printing ---- */

/* Prints the SETs of ascending words from actions[0] on as one change; returns how many. */
static size_t
format_sets(const struct dp_action *actions, size_t n_actions, const struct dp_key *key,
            FILE *stream)
{
    struct dp_key value = {0}, mask = {0};
    uint64_t *values = (uint64_t *)&value, *masks = (uint64_t *)&mask;
    size_t n = 0;

    while (n < n_actions && actions[n].kind == DP_ACTION_SET && actions[n].word < DP_KEY_WORDS &&
           (n == 0 || actions[n].word > actions[n - 1].word)) {
        values[actions[n].word] = actions[n].value;
        masks[actions[n].word] = actions[n].mask;
        n++;
    }
    act_fields_format(&value, &mask, key, stream);
    return n;
}

void
dp_actions_format(const struct dp_action *actions, size_t n_actions, const struct dp_key *key,
                  FILE *stream)
{
    size_t i = 0;

    if (!n_actions)
        fputs("drop", stream);
    while (i < n_actions) {
        const struct dp_action_ops *ops = ops_of(&actions[i]);
        size_t n = 1;

        if (i)
            fputc(',', stream);
        if (!ops)
            fprintf(stream, "unknown(%u)", actions[i].kind);
        else if (actions[i].kind == DP_ACTION_SET && actions[i].word < DP_KEY_WORDS)
            n = format_sets(actions + i, n_actions - i, key, stream);
        else
            ops->format(&actions[i], key, stream);
        i += n;
    }
}

char *
dp_actions_to_string(const struct dp_action *actions, size_t n_actions, const struct dp_key *key)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        abort();
    dp_actions_format(actions, n_actions, key, stream);
    if (fclose(stream))
        abort();
    return text;
}

/* ---- Reading ---- */

static int
parse_action(struct act_cursor *cursor, struct act_list *list)
{
    if (isdigit((unsigned char)*cursor->p))
        return dp_action_OUTPUT.parse(cursor, list);
    if (act_skip(cursor, "dec_mpls_ttl"))
        return act_parse_dec_mpls_ttl(cursor, list);
    for (size_t kind = DP_ACTION_SET; kind < DP_N_ACTIONS; kind++) {
        if (act_skip(cursor, ops_table[kind]->name))
            return ops_table[kind]->parse(cursor, list);
    }
    return act_fail(cursor, "a port number or an action must follow here");
}

/* Tells a fault of the finished list at the end of its text. */
static int
check_parsed(struct act_cursor *cursor, const struct act_list *list)
{
    struct dp_actions_error fault;
    int error = dp_actions_check(list->actions, list->n, &fault);

    return error ? act_fail(cursor, "%.200s", fault.text) : 0;
}

int
dp_actions_parse(const char *text, struct dp_action **actions, size_t *n_actions,
                 struct dp_actions_error *error)
{
    struct dp_actions_error unused;
    struct act_cursor cursor = {text, text, error ? error : &unused};
    struct act_list list = {NULL, 0, 0};
    int result = 0;

    if (strcmp(text, "drop")) {
        do
            result = parse_action(&cursor, &list);
        while (!result && act_skip(&cursor, ","));
        if (!result && *cursor.p)
            result = act_fail(&cursor, "',' or the end must follow here");
        if (!result)
            result = check_parsed(&cursor, &list);
    }
    if (result) {
        free(list.actions);
        return result;
    }
    dp_actions_mark_last(list.actions, list.n);
    *actions = list.actions;
    *n_actions = list.n;
    return 0;
}

/* ---- What a list is ---- */

void
dp_actions_mark_last(struct dp_action *actions, size_t n_actions)
{
    for (size_t i = 0; i < n_actions; i++) {
        if (actions[i].kind == DP_ACTION_OUTPUT)
            actions[i].arg16 = i + 1 == n_actions ? DP_OUTPUT_LAST : 0;
    }
}

bool
dp_actions_need_tc(const struct dp_action *actions, size_t n_actions)
{
    for (size_t i = 0; i < n_actions; i++) {
        if (actions[i].kind == DP_ACTION_OUTPUT && i + 1 < n_actions)
            return true;
        if (actions[i].kind == DP_ACTION_SET && actions[i].word == DP_WORD_OF(skb_priority))
            return true;
    }
    return false;
}

bool
dp_actions_need_slow(const struct dp_action *actions, size_t n_actions)
{
    return dp_part_length(actions, n_actions) < n_actions;
}

bool
dp_actions_apply_key(const struct dp_action *actions, size_t n_actions, struct dp_key *key)
{
    struct act_state state = {key, true, false};

    for (size_t i = 0; i < n_actions && !state.ended; i++) {
        const struct dp_action_ops *ops = ops_of(&actions[i]);

        if (ops && ops->apply)
            ops->apply(&actions[i], &state);
    }
    return state.known;
}

void
act_key_hide_payload(struct dp_key *key)
{
    uint64_t *words = (uint64_t *)key;
    uint8_t n_mpls = key->n_mpls, parsed = key->parsed & DP_PARSED_PBB;

    for (size_t i = DP_WORD_OF(ip_src); i < DP_WORD_OF(ct_state); i++)
        words[i] = 0;
    key->n_mpls = n_mpls;
    key->parsed = parsed;
}
