/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/ops.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>

static int
check_dec(const struct dp_action *action, char *why, size_t why_size)
{
    if (action->word != DP_TTL_IP && action->word != DP_TTL_MPLS)
        return act_wrong(why, why_size, "layer %u is neither IP nor MPLS", action->word);
    return 0;
}

static void
format_dec(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    (void)key;
    fprintf(stream, "%s(cookie=%#" PRIx64 ")",
            action->word == DP_TTL_MPLS ? "dec_mpls_ttl" : "dec_ttl", (uint64_t)action->value);
}

static int
parse_dec(struct act_cursor *cursor, struct act_list *list, enum dp_ttl layer)
{
    struct act_arg args[] = {{"cookie", UINT64_MAX, 0, false}};
    int error = *cursor->p == '(' ? act_args(cursor, args, ARRAY_SIZE(args)) : 0;
    struct dp_action *action;

    if (error)
        return error;
    action = act_list_add(list, DP_ACTION_DEC_TTL);
    action->word = layer;
    action->value = args[0].value;
    return 0;
}

static int
parse_dec_ip(struct act_cursor *cursor, struct act_list *list)
{
    return parse_dec(cursor, list, DP_TTL_IP);
}

int
act_parse_dec_mpls_ttl(struct act_cursor *cursor, struct act_list *list)
{
    return parse_dec(cursor, list, DP_TTL_MPLS);
}

/* OpenFlow 1.3, section 5.12: a TTL of 0 or 1 cannot be decremented. */
static void
apply_dec(const struct dp_action *action, struct act_state *state)
{
    struct dp_key *key = state->key;
    uint32_t lse = ntohl(key->mpls_lse[0]);

    if (action->word == DP_TTL_IP) {
        state->ended = key->ip_ttl <= 1;
        key->ip_ttl -= !state->ended;
    } else {
        state->ended = (lse & 0xff) <= 1;
        key->mpls_lse[0] = htonl(lse - !state->ended);
    }
}

static int
check_copy(const struct dp_action *action, char *why, size_t why_size)
{
    if (action->word != DP_TTL_OUT && action->word != DP_TTL_IN)
        return act_wrong(why, why_size, "direction %u is neither out nor in", action->word);
    return 0;
}

static void
format_copy(const struct dp_action *action, const struct dp_key *key, FILE *stream)
{
    (void)key;
    fprintf(stream, "copy_ttl(%s)", action->word == DP_TTL_IN ? "in" : "out");
}

static int
parse_copy(struct act_cursor *cursor, struct act_list *list)
{
    int error = act_expect(cursor, "(");
    bool in;

    if (error)
        return error;
    in = act_skip(cursor, "in");
    if (!in && !act_skip(cursor, "out"))
        return act_fail(cursor, "'in' or 'out' must follow here");
    act_list_add(list, DP_ACTION_COPY_TTL)->word = in ? DP_TTL_IN : DP_TTL_OUT;
    return act_expect(cursor, ")");
}

/* Between the two labels that the key holds; with one label the other TTL is in an IP header
 * that the key lacks. */
static void
apply_copy(const struct dp_action *action, struct act_state *state)
{
    size_t from = action->word == DP_TTL_OUT, to = !from;
    __be32 *lse = state->key->mpls_lse, ttl = htonl(0xff);

    if (state->key->n_mpls >= 2) {
        lse[to] = (lse[to] & ~ttl) | (lse[from] & ttl);
    } else if (action->word == DP_TTL_OUT) {
        lse[0] &= ~ttl;
        state->known = false;
    }
}

const struct dp_action_ops dp_action_DEC_TTL = {
    .name = "dec_ttl",
    .check = check_dec,
    .format = format_dec,
    .parse = parse_dec_ip,
    .apply = apply_dec,
};

const struct dp_action_ops dp_action_COPY_TTL = {
    .name = "copy_ttl",
    .check = check_copy,
    .format = format_copy,
    .parse = parse_copy,
    .apply = apply_copy,
};
