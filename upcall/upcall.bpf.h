/* SPDX-License-Identifier: GPL-2.0 */
/* The producer of upcalls: puts the packet in hand and its key into a ring.
 *
 * A port's packets always go to one ring, so that its upcalls stay in order and a flooded port
 * fills one ring only. A port's token bucket (struct dp_port) bounds its upcalls; every loss is
 * counted by port and under a reason by whoever ends the packet.
 * Not here: the reader (upcall/reader.c). */
#ifndef SHUNT_UPCALL_UPCALL_BPF_H
#define SHUNT_UPCALL_UPCALL_BPF_H

#include "datapath/ctx.bpf.h"

/* Sends at most `max_size` bytes of the packet (0: all). 0, DP_DROP_UPCALL_RATE,
 * DP_DROP_UPCALL_RING_FULL, or one of these, with nothing sent. */
#define UPCALL_FOUND (-1) /* MISS: a flow was put meanwhile, it is state->flow_index. */
#define UPCALL_OPEN (-2)  /* HELD: the flow, state->flow_index, is held no more. */
int upcall_send(ctx_t *ctx, struct state *state, __u32 reason, __u64 cookie, __u32 max_size);

#endif
