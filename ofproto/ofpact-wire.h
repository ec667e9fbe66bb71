/* SPDX-License-Identifier: Apache-2.0 */
/* Actions and instructions from and to generated structs (ofproto/openflow.h).
 *
 * Model: decoders append TLVs to a buffer; what they accept is well-formed, and ofpacts_check()
 * tells if it makes sense for a match. Encoders make objects in an arena, in the form that the
 * version has for each action: its own, or Nicira's; what it cannot say at all is left out, as
 * an older version's view of a newer flow.
 *
 * Errors: enum ofperr, with the buffer as it was. Running out of memory aborts.
 * Threads: plain functions. Not here: text (ofproto/ofpact.h). */
#ifndef SHUNT_OFPROTO_OFPACT_WIRE_H
#define SHUNT_OFPROTO_OFPACT_WIRE_H

#include "ofproto/ofpact.h"

struct of_action_list;
struct of_arena;
struct of_instruction_list;

enum ofperr ofpacts_decode_actions(const struct of_action_list *, enum ofp_version version,
                                   struct buf *ofpacts);

/* OpenFlow 1.3 and later. */
enum ofperr ofpacts_decode_instructions(const struct of_instruction_list *,
                                        enum ofp_version version, struct buf *ofpacts);

/* `match`: that of the flow, NULL if there is none; it says what a 1.0 action on any transport
 * port, or on a packet with or without a VLAN, becomes in a newer version. In OpenFlow 1.0
 * instructions become Nicira actions. `is_exact`: Nicira's push_mpls, which goes behind VLAN tags,
 * stays that, as for saved state; else it becomes the version's own, as clients know it. */
void ofpacts_encode_actions(const struct ofpact *, size_t size, const struct match *match,
                            enum ofp_version version, struct of_arena *, struct of_action_list *);
void ofpacts_encode_instructions(const struct ofpact *, size_t size, const struct match *match,
                                 enum ofp_version version, bool is_exact, struct of_arena *,
                                 struct of_instruction_list *);

/* The first action that `version` cannot say, so that an encoder leaves it out; NULL: none. */
const struct ofpact *ofpacts_find_unencodable(const struct ofpact *, size_t size,
                                              enum ofp_version version);

#endif
