/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/segment.h"

#include <errno.h>
#include <string.h>

#include "datapath/parse.bpf.h"
#include "lib/util.h"

#define TCP_FLAGS_AT 13
#define TCP_FIN_PSH 0x09
#define TCP_CWR 0x80

static uint32_t
get_be(const uint8_t *from, size_t size)
{
    uint32_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | from[i];
    return value;
}

static void
put_be(uint8_t *to, size_t size, uint32_t value)
{
    for (size_t i = size; i-- > 0; value >>= 8)
        to[i] = (uint8_t)value;
}

/* ---- Checksums --------------------------------------------------------------------------------*/
/* Sum of 16-bit words, folded (RFC 1071). */
static uint16_t
sum_fold(const uint8_t *data, size_t size, uint64_t sum)
{
    for (size_t i = 0; i + 1 < size; i += 2)
        sum += (uint32_t)data[i] << 8 | data[i + 1];
    if (size & 1)
        sum += (uint32_t)data[size - 1] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

uint16_t
segment_pseudo_sum(const struct dp_key *key, const uint8_t *l3, size_t l4_size)
{
    bool ip4 = key->eth_type == ETH_IP;

    return sum_fold(l3 + (ip4 ? 12 : 8), ip4 ? 8 : 32, key->ip_proto + l4_size);
}

static void
put_checksum(uint8_t *at, const uint8_t *data, size_t size, uint64_t sum)
{
    put_be(at, 2, 0);
    put_be(at, 2, (uint16_t)~sum_fold(data, size, sum));
}

/* ---- Headers ----------------------------------------------------------------------------------*/
static void
fix_ip(const struct segmenter *segmenter, uint8_t *l3, size_t size)
{
    if (segmenter->key.eth_type == ETH_IP6) {
        put_be(l3 + 4, 2, size - 40);
        return;
    }
    put_be(l3 + 2, 2, size);
    put_be(l3 + 4, 2, get_be(l3 + 4, 2) + segmenter->number);
    put_checksum(l3 + 10, l3, (l3[0] & 15) * 4, 0);
}

static void
fix_tcp(const struct segmenter *segmenter, uint8_t *l4, size_t size, uint64_t pseudo, bool is_last)
{
    put_be(l4 + 4, 4, get_be(l4 + 4, 4) + segmenter->offset);
    if (!is_last)
        l4[TCP_FLAGS_AT] &= ~TCP_FIN_PSH;
    if (segmenter->number)
        l4[TCP_FLAGS_AT] &= ~TCP_CWR;
    put_checksum(l4 + 16, l4, size, pseudo);
}

static void
fix_udp(uint8_t *l4, size_t size, uint64_t pseudo)
{
    put_be(l4 + 4, 2, size);
    put_checksum(l4 + 6, l4, size, pseudo);
    if (!get_be(l4 + 6, 2))
        put_be(l4 + 6, 2, 0xffff);
}

/* ---- Segments ---------------------------------------------------------------------------------*/
int
segmenter_init(struct segmenter *segmenter, const struct dp_packet *packet)
{
    struct layout *layout = &segmenter->layout;
    struct parser parser = {
        packet->data, packet->data + packet->size, &segmenter->key, layout, NULL, NULL};

    memset(&segmenter->key, 0, sizeof segmenter->key);
    memset(layout, 0, sizeof *layout);
    segmenter->packet = packet;
    segmenter->offset = 0;
    segmenter->number = 0;
    parse_frame(&parser, (struct dp_vlan){0, 0});
    if (!packet->gso_size || !layout->l4_off || segmenter->key.ip_frag)
        return EPROTONOSUPPORT;
    if (segmenter->key.ip_proto == IP_TCP)
        segmenter->header_size = layout->l4_off + (packet->data[layout->l4_off + 12] >> 4) * 4;
    else if (segmenter->key.ip_proto == IP_UDP)
        segmenter->header_size = layout->l4_off + 8;
    else
        return EPROTONOSUPPORT;
    return segmenter->header_size + packet->gso_size <= sizeof segmenter->data &&
                   segmenter->header_size < packet->size
               ? 0
               : EPROTONOSUPPORT;
}

bool
segmenter_next(struct segmenter *segmenter, struct dp_packet *segment)
{
    const struct dp_packet *packet = segmenter->packet;
    uint32_t left = packet->size - segmenter->header_size - segmenter->offset;
    uint32_t n = MIN(left, packet->gso_size), size = segmenter->header_size + n;
    uint8_t *l3 = segmenter->data + segmenter->layout.l3_off;
    uint8_t *l4 = segmenter->data + segmenter->layout.l4_off;
    size_t l4_size = size - segmenter->layout.l4_off;
    uint64_t pseudo;

    if (!left)
        return false;
    memcpy(segmenter->data, packet->data, segmenter->header_size);
    memcpy(segmenter->data + segmenter->header_size,
           packet->data + segmenter->header_size + segmenter->offset, n);
    fix_ip(segmenter, l3, size - segmenter->layout.l3_off);
    pseudo = segment_pseudo_sum(&segmenter->key, l3, l4_size);
    if (segmenter->key.ip_proto == IP_TCP)
        fix_tcp(segmenter, l4, l4_size, pseudo, n == left);
    else
        fix_udp(l4, l4_size, pseudo);
    segmenter->offset += n;
    segmenter->number++;
    *segment = (struct dp_packet){.data = segmenter->data, .size = size};
    return true;
}
