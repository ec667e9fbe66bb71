/* SPDX-License-Identifier: Apache-2.0 */
/* Random OpenFlow objects that can be encoded, from the tables of their classes. */
#ifndef SHUNT_TESTS_OPENFLOW_RANDOM_H
#define SHUNT_TESTS_OPENFLOW_RANDOM_H

#include "ofproto/openflow.h"

/* An object of class `class_id`, or of a class below it, that `version` has; the same for the
 * same seed. NULL when there is none. */
struct of_object *of_random_object(uint64_t seed, uint8_t version, uint16_t class_id,
                                   struct of_arena *arena);

#endif
