/* SPDX-License-Identifier: Apache-2.0 */
/* Text as ovs-dpctl's; `cfi` is the tag's drop-eligible bit (IEEE 802.1Q). */
#include "actions/ops.h"

#include <arpa/inet.h>
#include <errno.h>

static bool
is_tpid(uint16_t eth_type)
{
    return eth_type == 0x8100 || eth_type == 0x88a8;
}

static int
check_push(const struct dp_action *action, char *why, size_t why_size)
{
    if (action->value >> 32 || !is_tpid(action->value >> 16))
        return act_wrong(why, why_size, "a TPID is 0x8100 or 0x88a8");
    return 0;
}

static void
format_push(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    unsigned int tpid = action->value >> 16, tci = action->value & 0xffff;

    (void)key;
    fputs("push_vlan(", stream);
    if (tpid != 0x8100)
        fprintf(stream, "tpid=%#x,", tpid);
    fprintf(stream, "vid=%u,pcp=%u%s)", tci & 0xfff, tci >> 13, tci & 0x1000 ? ",cfi=1" : "");
}

static int
parse_push(struct act_cursor *cursor, struct act_list *list)
{
    struct act_arg args[] = {{"tpid", 0xffff, 0x8100, false},
                             {"vid", 0xfff, 0, true},
                             {"pcp", 7, 0, false},
                             {"cfi", 1, 0, false}};
    int error = act_args(cursor, args, ARRAY_SIZE(args));

    if (!error)
        act_list_add(list, DP_ACTION_PUSH_VLAN)->value =
            args[0].value << 16 | args[2].value << 13 | args[3].value << 12 | args[1].value;
    return error;
}

/* The key holds two tags: a third one is to the parser a payload that it does not look into. */
static void
apply_push(const struct dp_action *action, struct act_state *state)
{
    struct dp_key *key = state->key;

    if (key->vlan[1].tpid) {
        act_key_hide_payload(key);
        memset(key->mpls_lse, 0, sizeof key->mpls_lse);
        key->pbb_itag = 0;
        key->n_mpls = 0;
        key->parsed = 0;
        key->eth_type = key->vlan[1].tpid;
    }
    key->vlan[1] = key->vlan[0];
    key->vlan[0].tpid = htons(action->value >> 16);
    key->vlan[0].tci = htons(action->value & 0xffff);
}

static void
format_pop(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    (void)action;
    (void)key;
    fputs("pop_vlan", stream);
}

static int
parse_pop(struct act_cursor *cursor, struct act_list *list)
{
    (void)cursor;
    act_list_add(list, DP_ACTION_POP_VLAN);
    return 0;
}

static void
apply_pop(const struct dp_action *action, struct act_state *state)
{
    struct dp_key *key = state->key;

    (void)action;
    if (is_tpid(ntohs(key->eth_type)))
        state->known = false;
    key->vlan[0] = key->vlan[1];
    key->vlan[1] = (struct dp_vlan){0, 0};
}

const struct dp_action_ops dp_action_PUSH_VLAN = {
    .name = "push_vlan",
    .check = check_push,
    .format = format_push,
    .parse = parse_push,
    .apply = apply_push,
};

const struct dp_action_ops dp_action_POP_VLAN = {
    .name = "pop_vlan",
    .format = format_pop,
    .parse = parse_pop,
    .apply = apply_pop,
};
