/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of user space, run after run. A run that is longer than a list of the datapath goes in
 * pieces, each on the packet as it came up: so a piece begins with what the ones before it did to
 * the packet. Of many SETs of one word the sum stays, which keeps that beginning short. Behind a
 * meter in so long a run there is a recirculation and no more (xlate_ctx.meters_apart). */
#include <errno.h>

#include "actions/actions.h"
#include "datapath/parts.h"
#include "slowpath/internal.h"

struct piece {
    struct dp_action actions[DP_LIST_MAX];
    size_t n;
    size_t n_old; /* The first ones, which are done. */
};

/* The SET of this word that `set` may be added to: no header moved since. */
static struct dp_action *
find_set(struct dp_action *actions, size_t n, const struct dp_action *set)
{
    while (n--) {
        if (actions[n].kind != DP_ACTION_SET)
            return NULL;
        if (actions[n].word == set->word)
            return &actions[n];
    }
    return NULL;
}

/* Leaves what changes the packet: the beginning of the next piece. */
static void
piece_shorten(struct piece *piece)
{
    size_t n = 0;

    for (size_t i = 0; i < piece->n; i++) {
        const struct dp_action action = piece->actions[i];
        struct dp_action *set =
            action.kind == DP_ACTION_SET ? find_set(piece->actions, n, &action) : NULL;

        if (set) {
            set->value = (set->value & ~action.mask) | action.value;
            set->mask |= action.mask;
        } else if (xlate_action_changes_packet(&action)) {
            piece->actions[n++] = dp_action_repeated(action);
        }
    }
    piece->n = piece->n_old = n;
}

static int
piece_execute(struct piece *piece, struct dp_executor *executor, const struct dp_packet *packet,
              uint32_t in_port, uint32_t recirc_id)
{
    int error = 0;

    if (piece->n > piece->n_old) {
        dp_actions_mark_last(piece->actions, piece->n);
        error = dp_execute_actions(executor, packet, in_port, recirc_id, piece->actions, piece->n);
        piece_shorten(piece);
    }
    return error;
}

/* A truncation and its output stay together, and a meter and its recirculation. */
static bool
piece_is_full(const struct piece *piece)
{
    uint8_t last = piece->n ? piece->actions[piece->n - 1].kind : DP_ACTION_DROP;

    return piece->n + 2 > DP_LIST_MAX && last != DP_ACTION_TRUNC && last != DP_ACTION_METER;
}

static int
execute_long(struct dp_executor *executor, const struct dp_packet *packet, uint32_t in_port,
             uint32_t recirc_id, const struct dp_action *actions, size_t n_actions)
{
    struct piece piece = {.n = 0};
    int error = 0;

    for (size_t i = 0; i < n_actions && !error; i++) {
        if (piece_is_full(&piece))
            error = piece_execute(&piece, executor, packet, in_port, recirc_id);
        if (!error && piece_is_full(&piece))
            error = E2BIG;
        if (!error)
            piece.actions[piece.n++] = actions[i];
    }
    return error ? error : piece_execute(&piece, executor, packet, in_port, recirc_id);
}

void
slowpath_execute(struct slowpath *slowpath, struct dp_executor *executor,
                 const struct dp_packet *packet, uint32_t in_port, uint32_t recirc_id,
                 const struct xlate_out *out)
{
    for (uint32_t i = 0; i < out->n_runs; i++) {
        const struct dp_action *run = out->actions + out->run_starts[i];
        size_t end = i + 1 < out->n_runs ? out->run_starts[i + 1] : out->n_actions;
        size_t n = end - out->run_starts[i];
        int error = 0;

        if (n)
            slowpath_count(&slowpath->counters.n_executed);
        if (n > DP_LIST_MAX)
            error = execute_long(executor, packet, in_port, recirc_id, run, n);
        else if (n)
            error = dp_execute_actions(executor, packet, in_port, recirc_id, run, n);
        if (error)
            slowpath_count(&slowpath->counters.n_execute_failed);
    }
}
