/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path's parser for user space: the same source (datapath/parse.bpf.h). */
#ifndef SHUNT_DATAPATH_PARSE_H
#define SHUNT_DATAPATH_PARSE_H

#include <stddef.h>

#include "datapath/abi.h"

/* Fills words 7 to 22 of the key (DP_KEY_PACKET_*) from the frame and leaves the others. Returns
 * the offset of the layer 4 header, 0: there is none, or not whole. */
size_t dp_parse(const void *data, size_t size, struct dp_key *key);

#endif
