/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/ops.h"

#include <errno.h>
#include <inttypes.h>

static const char *const reasons[] = {
    [DP_UPCALL_MISS] = "miss",
    [DP_UPCALL_SLOW] = "slow",
    [DP_UPCALL_ACTION] = "action",
    [DP_UPCALL_TTL] = "ttl",
};

static int
check(const struct dp_action *action, char *why, size_t why_size)
{
    if (action->arg16 >= ARRAY_SIZE(reasons))
        return act_wrong(why, why_size, "there is no upcall reason %u", action->arg16);
    if (action->arg32 > DP_UPCALL_CAP_MAX)
        return act_wrong(why, why_size, "an upcall takes at most %u bytes", DP_UPCALL_CAP_MAX);
    return 0;
}

static void
format(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    (void)key;
    fprintf(stream, "userspace(reason=%s,cookie=%#" PRIx64 ",max=%u)",
            action->arg16 < ARRAY_SIZE(reasons) ? reasons[action->arg16] : "?",
            (uint64_t)action->value, action->arg32);
}

static int
parse_reason(struct act_cursor *cursor, size_t *reason)
{
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        if (act_skip(cursor, reasons[i])) {
            *reason = i;
            return 0;
        }
    }
    return act_fail(cursor, "one of miss, slow, action, ttl must follow here");
}

static int
parse(struct act_cursor *cursor, struct act_list *list)
{
    uint64_t cookie = 0, max = DP_UPCALL_CAP_MAX;
    size_t reason = DP_UPCALL_ACTION;
    struct dp_action *action;
    int error = act_expect(cursor, "(");

    if (!error && act_skip(cursor, "reason="))
        error = parse_reason(cursor, &reason);
    if (!error && act_skip(cursor, ",cookie="))
        error = act_number(cursor, "cookie", UINT64_MAX, &cookie);
    if (!error && act_skip(cursor, ",max="))
        error = act_number(cursor, "max", DP_UPCALL_CAP_MAX, &max);
    if (!error)
        error = act_expect(cursor, ")");
    if (error)
        return error;
    action = act_list_add(list, DP_ACTION_USERSPACE);
    action->arg16 = reason;
    action->value = cookie;
    action->arg32 = max;
    return 0;
}

const struct dp_action_ops dp_action_USERSPACE = {
    .name = "userspace",
    .check = check,
    .format = format,
    .parse = parse,
};
