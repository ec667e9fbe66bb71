/* SPDX-License-Identifier: Apache-2.0 */
/* I-TAGs are those of IEEE 802.1Q, section 9.7: PCP 3 bits, DEI, UCA, 3 reserved, I-SID 24. */
#include "actions/ops.h"

#include <arpa/inet.h>
#include <errno.h>

#define ITAG_RESERVED 0x07000000u

static int
check_push(const struct dp_action *action, char *why, size_t why_size)
{
    if (action->arg32 & ITAG_RESERVED)
        return act_wrong(why, why_size, "reserved bits of the I-TAG are set (%#x)",
                         action->arg32 & ITAG_RESERVED);
    return 0;
}

static void
format_push(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    uint32_t itag = action->arg32;

    (void)key;
    fprintf(stream, "push_pbb(isid=%u,pcp=%u,dei=%u,uca=%u)", itag & 0xffffff, itag >> 29,
            itag >> 28 & 1, itag >> 27 & 1);
}

static int
parse_push(struct act_cursor *cursor, struct act_list *list)
{
    struct act_arg args[] = {{"isid", 0xffffff, 0, true},
                             {"pcp", 7, 0, false},
                             {"dei", 1, 0, false},
                             {"uca", 1, 0, false}};
    int error = act_args(cursor, args, ARRAY_SIZE(args));

    if (!error)
        act_list_add(list, DP_ACTION_PUSH_PBB)->arg32 =
            args[1].value << 29 | args[2].value << 28 | args[3].value << 27 | args[0].value;
    return error;
}

/* The customer frame, tags and all, is behind the I-TAG now. */
static void
apply_push(const struct dp_action *action, struct act_state *state)
{
    struct dp_key *key = state->key;

    act_key_hide_payload(key);
    memset(key->vlan, 0, sizeof key->vlan);
    memset(key->mpls_lse, 0, sizeof key->mpls_lse);
    key->n_mpls = 0;
    key->eth_type = htons(0x88e7);
    key->pbb_itag = htonl(action->arg32);
    key->parsed = DP_PARSED_PBB;
}

static void
format_pop(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    (void)action;
    (void)key;
    fputs("pop_pbb", stream);
}

static int
parse_pop(struct act_cursor *cursor, struct act_list *list)
{
    (void)cursor;
    act_list_add(list, DP_ACTION_POP_PBB);
    return 0;
}

static void
apply_pop(const struct dp_action *action, struct act_state *state)
{
    struct dp_key *key = state->key;

    (void)action;
    memset(key->eth_dst, 0, sizeof key->eth_dst);
    memset(key->eth_src, 0, sizeof key->eth_src);
    memset(key->vlan, 0, sizeof key->vlan);
    key->eth_type = 0;
    key->pbb_itag = 0;
    key->parsed = 0;
    state->known = false;
}

const struct dp_action_ops dp_action_PUSH_PBB = {
    .name = "push_pbb",
    .check = check_push,
    .format = format_push,
    .parse = parse_push,
    .apply = apply_push,
};

const struct dp_action_ops dp_action_POP_PBB = {
    .name = "pop_pbb",
    .format = format_pop,
    .parse = parse_pop,
    .apply = apply_pop,
};
