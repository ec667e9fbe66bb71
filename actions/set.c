/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/fields.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>

/* A tag must stay one that the fast path parses as a tag. */
static bool
tpid_is_bad(const struct dp_action *action, size_t tag)
{
    struct dp_vlan value[2], mask[2];

    memcpy(value, &action->value, sizeof value);
    memcpy(mask, &action->mask, sizeof mask);
    return mask[tag].tpid && (mask[tag].tpid != 0xffff || (value[tag].tpid != htons(0x8100) &&
                                                           value[tag].tpid != htons(0x88a8)));
}

static int
check(const struct dp_action *action, char *why, size_t why_size)
{
    uint64_t unnamed;

    if (action->word >= DP_KEY_WORDS)
        return act_wrong(why, why_size, "word %u is not in 0..%u", action->word, DP_KEY_WORDS - 1);
    if (!action->mask)
        return act_wrong(why, why_size, "the mask is empty");
    if (action->value & ~action->mask)
        return act_wrong(why, why_size, "the value has bits outside its mask");
    unnamed = action->mask & ~act_fields_settable(action->word);
    if (unnamed)
        return act_wrong(why, why_size, "word %u has bits that cannot be set (%#" PRIx64 ")",
                         action->word, unnamed);
    if (action->word == DP_WORD_OF(vlan) && (tpid_is_bad(action, 0) || tpid_is_bad(action, 1)))
        return act_wrong(why, why_size, "a TPID is 0x8100 or 0x88a8");
    return 0;
}

static void
format(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    struct dp_key value = {0}, mask = {0};

    if (action->word < DP_KEY_WORDS) {
        memcpy((uint64_t *)&value + action->word, &action->value, sizeof action->value);
        memcpy((uint64_t *)&mask + action->word, &action->mask, sizeof action->mask);
    }
    act_fields_format(&value, &mask, key, stream);
}

/* Appends a word; the list's last action takes it when that sets the same word. */
static void
add_word(struct act_list *list, uint8_t word, uint64_t value, uint64_t mask)
{
    struct dp_action *action = list->n ? &list->actions[list->n - 1] : NULL;

    if (!action || action->kind != DP_ACTION_SET || action->word != word) {
        action = act_list_add(list, DP_ACTION_SET);
        action->word = word;
    }
    action->value = (action->value & ~mask) | value;
    action->mask |= mask;
}

static int
parse(struct act_cursor *cursor, struct act_list *list)
{
    struct dp_key value = {0}, mask = {0};
    const uint64_t *values = (const uint64_t *)&value, *masks = (const uint64_t *)&mask;
    int error = act_expect(cursor, "(");

    if (!error)
        error = act_fields_parse(cursor, &value, &mask);
    if (!error)
        error = act_expect(cursor, ")");
    for (size_t i = 0; i < DP_KEY_WORDS && !error; i++) {
        if (masks[i])
            add_word(list, i, values[i], masks[i]);
    }
    return error;
}

/* Whether the packet reads differently behind a header whose type became another. */
static bool
is_parsed_again(const struct dp_key *old, const struct dp_key *new)
{
    bool is_arp = old->parsed & DP_PARSED_ARP;

    return old->eth_type != new->eth_type || (old->ip_proto != new->ip_proto && !is_arp) ||
           (old->ip_proto == IPPROTO_ICMPV6 &&
            (old->tp_src != new->tp_src || old->tp_dst != new->tp_dst));
}

/* A later fragment has no ports. */
static void
apply(const struct dp_action *action, struct act_state *state)
{
    uint64_t *words = (uint64_t *)state->key;
    struct dp_key old = *state->key;

    if (action->word >= DP_KEY_WORDS ||
        (action->word == DP_WORD_OF(tp_src) && old.ip_frag & DP_FRAG_LATER))
        return;
    words[action->word] = (words[action->word] & ~action->mask) | action->value;
    if (is_parsed_again(&old, state->key))
        state->known = false;
}

const struct dp_action_ops dp_action_SET = {
    .name = "set",
    .check = check,
    .format = format,
    .parse = parse,
    .apply = apply,
};
