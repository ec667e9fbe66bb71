/* SPDX-License-Identifier: Apache-2.0 */
/* Decoded flow-mods in little memory, for a bundle that waits for its commit.
 *
 * Model: a struct ofp_flow_mod is 90 words of 64 bits of which a typical one uses a sixth. Packed
 * it is a bitmap of the words that are not zero, these words, and the actions. Packing and
 * unpacking cost less than a page fault for each third flow-mod, which is what keeping the structs
 * would cost; and decoding again would cost ten times as much.
 *
 * Ownership: plain bytes, which the caller keeps aligned to 8. Threads: plain data. Errors: none.
 * Not here: bundles (ofproto/handle-bundle.c). */
#ifndef SHUNT_OFPROTO_FLOW_MOD_PACK_H
#define SHUNT_OFPROTO_FLOW_MOD_PACK_H

#include "ofproto/messages.h"

/* Appends the packed form, with the actions that the flow-mod points to; the buffer's size is a
 * multiple of 8 before and after. */
void flow_mod_pack(const struct ofp_flow_mod *, struct buf *);

/* Writes what was packed. The flow-mod's actions stay where they were packed. */
void flow_mod_unpack(const void *packed, struct ofp_flow_mod *);

#endif
