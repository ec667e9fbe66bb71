/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/ops.h"

#include <errno.h>

static int
check(const struct dp_action *action, char *why, size_t why_size)
{
    if (!action->arg32)
        return act_wrong(why, why_size, "recirculation id 0 is a port's packet");
    return 0;
}

static void
format(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    (void)key;
    fprintf(stream, "recirc(%#x)", action->arg32);
}

static int
parse(struct act_cursor *cursor, struct act_list *list)
{
    uint64_t id;
    int error = act_number_in_parens(cursor, "an id", UINT32_MAX, &id);

    if (!error)
        act_list_add(list, DP_ACTION_RECIRC)->arg32 = id;
    return error;
}

static void
apply(const struct dp_action *action, struct act_state *state)
{
    state->key->recirc_id = action->arg32;
    state->ended = true;
}

const struct dp_action_ops dp_action_RECIRC = {
    .name = "recirc",
    .check = check,
    .format = format,
    .parse = parse,
    .apply = apply,
    .is_end = true,
};
