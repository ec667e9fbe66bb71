/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/pktbuf.h"

#include "lib/util.h"

#define SERIAL_MASK 0x7fffff /* Keeps ids below 0x80000000, away from OFBUFFER_NONE. */

struct slot {
    uint8_t *data;
    size_t size;
    uint32_t in_port;
    uint32_t serial;
};

struct pktbuf {
    struct slot slots[PKTBUF_SLOTS];
    unsigned next;
};

struct pktbuf *
pktbuf_create(void)
{
    return xcalloc(1, sizeof(struct pktbuf));
}

void
pktbuf_destroy(struct pktbuf *pb)
{
    if (!pb)
        return;
    for (size_t i = 0; i < PKTBUF_SLOTS; i++)
        free(pb->slots[i].data);
    free(pb);
}

uint32_t
pktbuf_put(struct pktbuf *pb, const void *data, size_t size, uint32_t in_port)
{
    unsigned index = pb->next++ % PKTBUF_SLOTS;
    struct slot *slot = &pb->slots[index];

    free(slot->data);
    slot->data = xmemdup(data, size);
    slot->size = size;
    slot->in_port = in_port;
    slot->serial = (slot->serial + 1) & SERIAL_MASK;
    return slot->serial * PKTBUF_SLOTS + index;
}

enum ofperr
pktbuf_take(struct pktbuf *pb, uint32_t id, uint8_t **data, size_t *size, uint32_t *in_port)
{
    struct slot *slot = &pb->slots[id % PKTBUF_SLOTS];

    if (id / PKTBUF_SLOTS != slot->serial || !slot->serial)
        return OFPERR_OFPBRC_BUFFER_UNKNOWN;
    if (!slot->data)
        return OFPERR_OFPBRC_BUFFER_EMPTY;
    *data = slot->data;
    *size = slot->size;
    *in_port = slot->in_port;
    slot->data = NULL;
    return 0;
}

void
pktbuf_give_back(struct pktbuf *pb, uint32_t id, uint8_t *data)
{
    struct slot *slot = &pb->slots[id % PKTBUF_SLOTS];

    if (id / PKTBUF_SLOTS == slot->serial && !slot->data)
        slot->data = data;
    else
        free(data);
}
