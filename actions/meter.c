/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/ops.h"

#include <errno.h>

static void
format(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    (void)key;
    fprintf(stream, "meter(%u)", action->arg32);
}

static int
parse(struct act_cursor *cursor, struct act_list *list)
{
    uint64_t meter;
    int error = act_number_in_parens(cursor, "a meter", UINT32_MAX, &meter);

    if (!error)
        act_list_add(list, DP_ACTION_METER)->arg32 = meter;
    return error;
}

const struct dp_action_ops dp_action_METER = {
    .name = "meter",
    .format = format,
    .parse = parse,
};
