/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/ops.h"

#include <errno.h>
#include <net/ethernet.h>

static int
check(const struct dp_action *action, char *why, size_t why_size)
{
    if (action->arg32 < ETHER_HDR_LEN)
        return act_wrong(why, why_size, "%u bytes are less than an Ethernet header (%u)",
                         action->arg32, ETHER_HDR_LEN);
    return 0;
}

static void
format(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    (void)key;
    fprintf(stream, "trunc(%u)", action->arg32);
}

static int
parse(struct act_cursor *cursor, struct act_list *list)
{
    uint64_t size;
    int error = act_number_in_parens(cursor, "a size", UINT32_MAX, &size);

    if (!error)
        act_list_add(list, DP_ACTION_TRUNC)->arg32 = size;
    return error;
}

const struct dp_action_ops dp_action_TRUNC = {
    .name = "trunc",
    .check = check,
    .format = format,
    .parse = parse,
};
