/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/ops.h"

#include <errno.h>

static const char *const reasons[] = {[DP_DROP_NONE] = "none",
#define X(NAME, name) [DP_DROP_##NAME] = name,
                                      DP_DROP_REASONS(X)
#undef X
};

static int
check(const struct dp_action *action, char *why, size_t why_size)
{
    if (action->arg32 == DP_DROP_NONE || action->arg32 >= DP_N_DROPS)
        return act_wrong(why, why_size, "there is no drop reason %u", action->arg32);
    return 0;
}

static void
format(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    (void)key;
    fprintf(stream, "drop(%s)", action->arg32 < DP_N_DROPS ? reasons[action->arg32] : "?");
}

static int
parse(struct act_cursor *cursor, struct act_list *list)
{
    int error = act_expect(cursor, "(");

    if (error)
        return error;
    for (uint32_t i = DP_DROP_NONE + 1; i < DP_N_DROPS; i++) {
        if (act_skip(cursor, reasons[i])) {
            act_list_add(list, DP_ACTION_DROP)->arg32 = i;
            return act_expect(cursor, ")");
        }
    }
    return act_fail(cursor, "a drop reason must follow here, such as rule or meter");
}

static void
apply(const struct dp_action *action, struct act_state *state)
{
    (void)action;
    state->ended = true;
}

const struct dp_action_ops dp_action_DROP = {
    .name = "drop",
    .check = check,
    .format = format,
    .parse = parse,
    .apply = apply,
    .is_end = true,
};
