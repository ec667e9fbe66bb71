/* SPDX-License-Identifier: Apache-2.0 */
/* Packets that wait in the switch for a controller's answer to a packet-in.
 *
 * Model: a ring of PKTBUF_SLOTS packets. An id is a slot and a serial number, so that an id of a
 * packet that a newer one displaced is unknown instead of wrong (OpenFlow 1.3, section 7.4.1:
 * the switch may reuse a buffer after some time).
 *
 * Ownership: owns copies of the packets. Threads: one. Errors: OFPBRC_BUFFER_UNKNOWN,
 * OFPBRC_BUFFER_EMPTY. Not here: running the packet (connmgr_ops). */
#ifndef SHUNT_OFPROTO_PKTBUF_H
#define SHUNT_OFPROTO_PKTBUF_H

#include <stddef.h>
#include <stdint.h>

#include "ofproto/ofperr.h"

#define PKTBUF_SLOTS 256

struct pktbuf;

struct pktbuf *pktbuf_create(void);
void pktbuf_destroy(struct pktbuf *);

/* Keeps a copy; returns its id, never OFBUFFER_NONE. */
uint32_t pktbuf_put(struct pktbuf *, const void *data, size_t size, uint32_t in_port);

/* Takes the packet out: *data is to be freed by the caller. */
enum ofperr pktbuf_take(struct pktbuf *, uint32_t id, uint8_t **data, size_t *size,
                        uint32_t *in_port);

/* Puts back what was taken last under this id, unless the slot has a newer packet. Takes over
 * the data. */
void pktbuf_give_back(struct pktbuf *, uint32_t id, uint8_t *data);

#endif
