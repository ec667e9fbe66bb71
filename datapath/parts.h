/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that one packet cannot run to their end: a truncated output cuts the packet itself, for
 * good. User space runs such a list in parts, each on the packet as it came up, and each begins
 * with what the parts before it did to the packet.
 *
 * Threads: none. Errors: none. How parts are run is the executor's (dp.h), which lists are to go in
 * parts translation's. */
#ifndef SHUNT_DATAPATH_PARTS_H
#define SHUNT_DATAPATH_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "datapath/abi.h"

/* How many of the actions run before the packet has to be whole again: `n_actions`, or up to the
 * output behind which somebody asks for bytes that were cut off. */
static inline size_t
dp_part_length(const struct dp_action *actions, size_t n_actions)
{
    uint32_t size_left = UINT32_MAX, next_size = UINT32_MAX;
    size_t end = n_actions;

    for (size_t i = 0; i < n_actions; i++) {
        if (actions[i].kind == DP_ACTION_TRUNC) {
            next_size = actions[i].arg32;
        } else if (actions[i].kind == DP_ACTION_OUTPUT) {
            if (next_size > size_left)
                return end;
            size_left = next_size;
            next_size = UINT32_MAX;
            end = i + 1;
        } else if (size_left != UINT32_MAX && actions[i].kind != DP_ACTION_DROP) {
            return end;
        }
    }
    return n_actions;
}

/* An action of an earlier part, for the next: it changes the packet, and says nothing. */
static inline struct dp_action
dp_action_repeated(struct dp_action action)
{
    if (action.kind == DP_ACTION_DEC_TTL)
        action.value = DP_TTL_TOLD;
    return action;
}

#endif
