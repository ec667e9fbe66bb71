/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the key's fields that SET may write: text to bits of a key and back.
 *
 * Model: a field belongs to a group, as in ovs-dpctl's `ipv4(src=10.0.0.1,ttl=64)`. Groups share
 * bits of the key (the transport ports are tcp's or udp's): a flow's key picks the group that is
 * printed, every group can be read. A value under a partial mask is `value/mask`.
 *
 * Threads: no state. Not here: the same fields as OpenFlow names them (ofproto/field.h). */
#ifndef SHUNT_ACTIONS_FIELDS_H
#define SHUNT_ACTIONS_FIELDS_H

#include "actions/ops.h"

/* Prints every bit of `value` under `mask` as comma-separated `set(GROUP(...))`. */
void act_fields_format(const struct dp_key *value, const struct dp_key *mask,
                       const struct dp_key *flow_key, FILE *);
/* Takes `GROUP(...)` and adds its bits to `value` and `mask`. */
int act_fields_parse(struct act_cursor *, struct dp_key *value, struct dp_key *mask);
/* The bits of key word `word` that some field names. */
uint64_t act_fields_settable(unsigned int word);

#endif
