/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts a packet of several segments as the kernel would, for lists behind whose headers the kernel
 * cannot: TCP and UDP over IPv4 and IPv6, with VLAN tags or none. Lengths, identifications,
 * sequence numbers, flags and checksums are those of single packets.
 *
 * Ownership: a segment is the segmenter's, and good until the next. Threads: none. Errors:
 * EPROTONOSUPPORT for other packets. */
#ifndef SHUNT_DATAPATH_SEGMENT_H
#define SHUNT_DATAPATH_SEGMENT_H

#include "datapath/dp.h"
#include "datapath/state.bpf.h"

struct segmenter {
    const struct dp_packet *packet;
    struct dp_key key;
    struct layout layout;
    uint32_t header_size;
    uint32_t offset; /* Of the next segment in the payload. */
    uint16_t number; /* Of the next segment. */
    uint8_t data[65536];
};

int segmenter_init(struct segmenter *, const struct dp_packet *);
/* False: that was the last. */
bool segmenter_next(struct segmenter *, struct dp_packet *segment);

/* The sum of the pseudo header (RFC 793, RFC 8200) of the packet whose layer 3 is at `l3`; it
 * stands in the checksum's place while the rest is left to the device. */
uint16_t segment_pseudo_sum(const struct dp_key *, const uint8_t *l3, size_t l4_size);

#endif
