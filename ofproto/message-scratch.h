/* SPDX-License-Identifier: Apache-2.0 */
/* What ofproto/message-*.c share: objects under construction, encoding, pieces of messages. */
#ifndef SHUNT_OFPROTO_MESSAGE_SCRATCH_H
#define SHUNT_OFPROTO_MESSAGE_SCRATCH_H

#include "ofproto/messages.h"
#include "ofproto/ofpact-wire.h"
#include "ofproto/openflow.h"

#define NS_PER_S UINT64_C(1000000000)

/* An arena on the stack for the objects of one message. */
struct scratch {
    struct of_arena arena;
    uint64_t memory[OF_ARENA_BUF_SIZE / 8];
};

void scratch_init(struct scratch *);
void scratch_destroy(struct scratch *);

/* A zeroed object; `version` must have the class. */
void *scratch_new(struct scratch *, uint16_t class_id, enum ofp_version version);
void *scratch_alloc(struct scratch *, size_t size);

/* A new message with its transaction id. */
void *scratch_msg(struct scratch *, uint16_t class_id, enum ofp_version version, uint32_t xid);

/* Appends the bytes of the message or object. One that the version cannot hold (a value out of
 * range, more than 65,535 bytes) appends nothing and returns false. */
bool scratch_encode_msg(const void *msg, struct buf *out);
bool scratch_encode_object(const void *object, struct buf *out);

/* Appends an entry to a multipart reply. */
void scratch_append(const void *entry, struct ofp_multipart *);

/* Starts a reply of this class, or what is told unasked with xid 0. */
void multipart_start(struct ofp_multipart *, uint16_t class_id, enum ofp_version, uint32_t xid,
                     struct buf *msgs);

/* OpenFlow 1.5's statistics (OXS) from and to counters; OFP_COUNT_UNKNOWN is left out. */
struct counters {
    uint64_t duration_ns;
    uint64_t n_packets, n_bytes;
    uint64_t n_flows;
    int64_t idle_age_s; /* Decoded; -1: not told. */
};
void counters_encode(const struct counters *, enum ofp_version, struct scratch *, struct of_stat *);
void counters_decode(const struct of_stat *, struct counters *);

static inline enum ofp_version
msg_version(const struct of_header *msg)
{
    return (enum ofp_version)msg->object.version;
}

static inline uint64_t
duration_ns(uint32_t seconds, uint32_t nanoseconds)
{
    return seconds * NS_PER_S + nanoseconds;
}

/* Packs properties: appends `prop` to a list that has room. */
#define LIST_PUSH(LIST, ITEM) ((LIST)->items[(LIST)->n++] = (void *)(ITEM))

#endif
