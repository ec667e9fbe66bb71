/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/ops.h"

#include <errno.h>

static int
check(const struct dp_action *action, char *why, size_t why_size)
{
    if (action->arg32 == DP_NO_PORT || action->arg32 >= DP_MAX_PORTS)
        return act_wrong(why, why_size, "port %u is not in 1..%u", action->arg32, DP_MAX_PORTS - 1);
    return 0;
}

static void
format(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    (void)key;
    fprintf(stream, "%u", action->arg32);
}

static int
parse(struct act_cursor *cursor, struct act_list *list)
{
    uint64_t port_no;
    int error = act_number(cursor, "a port", DP_MAX_PORTS - 1, &port_no);

    if (!error)
        act_list_add(list, DP_ACTION_OUTPUT)->arg32 = port_no;
    return error;
}

/* An output is a bare number: the list's parser comes here without a name. */
const struct dp_action_ops dp_action_OUTPUT = {
    .name = "output",
    .check = check,
    .format = format,
    .parse = parse,
};
