/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/hash.h"

#include <errno.h>
#include <inttypes.h>

#include "actions/ops.h"

static const char *const kinds[] = {[DP_HASH_L4] = "l4", [DP_HASH_SYM_L4] = "sym_l4"};

static int
check(const struct dp_action *action, char *why, size_t why_size)
{
    if (action->value >= DP_N_HASHES)
        return act_wrong(why, why_size, "there is no hash %" PRIu64, (uint64_t)action->value);
    return 0;
}

static void
format(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    (void)key;
    fprintf(stream, "hash(%s(%u))", action->value < DP_N_HASHES ? kinds[action->value] : "?",
            action->arg32);
}

static int
parse(struct act_cursor *cursor, struct act_list *list)
{
    int error = act_expect(cursor, "(");
    struct dp_action *action;
    size_t kind = 0;
    uint64_t basis;

    if (error)
        return error;
    while (kind < DP_N_HASHES && !act_skip(cursor, kinds[kind]))
        kind++;
    if (kind == DP_N_HASHES)
        return act_fail(cursor, "l4 or sym_l4 must follow here");
    error = act_number_in_parens(cursor, "a basis", UINT32_MAX, &basis);
    if (!error)
        error = act_expect(cursor, ")");
    if (error)
        return error;
    action = act_list_add(list, DP_ACTION_HASH);
    action->value = kind;
    action->arg32 = basis;
    return 0;
}

static void
apply(const struct dp_action *action, struct act_state *state)
{
    state->key->hash = act_hash_key(state->key, action->value, action->arg32);
}

const struct dp_action_ops dp_action_HASH = {
    .name = "hash",
    .check = check,
    .format = format,
    .parse = parse,
    .apply = apply,
};
