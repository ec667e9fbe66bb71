/* SPDX-License-Identifier: Apache-2.0 */
/* Label stack entries are those of RFC 3032, section 2.1. */
#include "actions/ops.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define KEY_LABELS 3

static bool
is_mpls(uint16_t eth_type)
{
    return eth_type == 0x8847 || eth_type == 0x8848;
}

static int
check_push(const struct dp_action *action, char *why, size_t why_size)
{
    if (!is_mpls(action->arg16))
        return act_wrong(why, why_size, "an MPLS EtherType is 0x8847 or 0x8848");
    if (action->word > DP_MPLS_OUTER)
        return act_wrong(why, why_size, "place %u is neither inner nor outer", action->word);
    return 0;
}

static void
format_push(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    uint32_t lse = action->arg32;

    (void)key;
    fprintf(stream, "push_mpls(label=%u,tc=%u,ttl=%u,bos=%u,eth_type=%#x%s)", lse >> 12,
            lse >> 9 & 7, lse & 0xff, lse >> 8 & 1, action->arg16,
            action->word == DP_MPLS_OUTER ? ",outer=1" : "");
}

static int
parse_push(struct act_cursor *cursor, struct act_list *list)
{
    struct act_arg args[] = {{"label", 0xfffff, 0, true},
                             {"tc", 7, 0, false},
                             {"ttl", 255, 0, false},
                             {"bos", 1, 0, false},
                             {"eth_type", 0xffff, 0x8847, false},
                             {"outer", 1, 0, false}};
    int error = act_args(cursor, args, ARRAY_SIZE(args));
    struct dp_action *action;

    if (error)
        return error;
    action = act_list_add(list, DP_ACTION_PUSH_MPLS);
    action->arg32 = args[0].value << 12 | args[1].value << 9 | args[3].value << 8 | args[2].value;
    action->arg16 = args[4].value;
    action->word = args[5].value;
    return 0;
}

static void
apply_push(const struct dp_action *action, struct act_state *state)
{
    struct dp_key *key = state->key;

    act_key_hide_payload(key);
    if (action->word == DP_MPLS_OUTER && key->vlan[0].tpid) {
        memset(key->vlan, 0, sizeof key->vlan);
        memset(key->mpls_lse, 0, sizeof key->mpls_lse);
        key->n_mpls = 0;
    }
    for (size_t i = KEY_LABELS - 1; i > 0; i--)
        key->mpls_lse[i] = key->mpls_lse[i - 1];
    key->mpls_lse[0] = htonl(action->arg32);
    key->n_mpls = MIN(key->n_mpls + 1, KEY_LABELS + 1);
    key->eth_type = htons(action->arg16);
}

static int
check_pop(const struct dp_action *action, char *why, size_t why_size)
{
    if (action->arg16 < 0x600)
        return act_wrong(why, why_size, "%#x is not an EtherType", action->arg16);
    return 0;
}

static void
format_pop(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    (void)key;
    fprintf(stream, "pop_mpls(eth_type=%#x)", action->arg16);
}

static int
parse_pop(struct act_cursor *cursor, struct act_list *list)
{
    struct act_arg args[] = {{"eth_type", 0xffff, 0, true}};
    int error = act_args(cursor, args, ARRAY_SIZE(args));

    if (!error)
        act_list_add(list, DP_ACTION_POP_MPLS)->arg16 = args[0].value;
    return error;
}

/* The key knows what remains while that is labels only. */
static void
apply_pop(const struct dp_action *action, struct act_state *state)
{
    struct dp_key *key = state->key;
    bool was_deep = key->n_mpls > KEY_LABELS;

    if (was_deep || key->n_mpls <= 1 || !is_mpls(action->arg16))
        state->known = false;
    for (size_t i = 0; i + 1 < KEY_LABELS; i++)
        key->mpls_lse[i] = key->mpls_lse[i + 1];
    key->mpls_lse[KEY_LABELS - 1] = 0;
    key->n_mpls -= key->n_mpls > 0;
    key->eth_type = htons(action->arg16);
}

const struct dp_action_ops dp_action_PUSH_MPLS = {
    .name = "push_mpls",
    .check = check_push,
    .format = format_push,
    .parse = parse_push,
    .apply = apply_push,
};

const struct dp_action_ops dp_action_POP_MPLS = {
    .name = "pop_mpls",
    .check = check_pop,
    .format = format_pop,
    .parse = parse_pop,
    .apply = apply_pop,
};
