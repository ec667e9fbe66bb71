/* SPDX-License-Identifier: Apache-2.0 */
/* A frame through the fast path's parser. It holds that every offset lies in the frame, that the
 * short way for common frames and the long way tell the same, that a tag tells the same in the
 * frame and beside it, and that bytes behind what was parsed do not matter. */
#include <arpa/inet.h>
#include <string.h>

#include "datapath/parse.bpf.h"
#include "lib/util.h"
#include "tests/fuzz/hold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct parsed {
    struct dp_key key;
    struct layout layout;
};

static void
start(struct parsed *parsed, struct parser *parser, const uint8_t *data, size_t size)
{
    memset(parsed, 0, sizeof *parsed);
    *parser = (struct parser){data, data + size, &parsed->key, &parsed->layout, NULL, NULL};
}

static struct parsed
parse(const uint8_t *data, size_t size, struct dp_vlan meta)
{
    struct parsed parsed;
    struct parser parser;

    start(&parsed, &parser, data, size);
    parse_frame(&parser, meta);
    /* Not results. */
    parsed.layout.scratch = parsed.layout.room = 0;
    parsed.layout.next_proto = parsed.layout.rank = 0;
    return parsed;
}

/* As parse_frame() without its short way. */
static struct parsed
parse_long_way(const uint8_t *data, size_t size)
{
    struct parsed parsed;
    struct parser parser;
    uint32_t off;

    start(&parsed, &parser, data, size);
    off = parse_ethernet(&parser, (struct dp_vlan){0, 0});
    if (off) {
        parsed.layout.l2_len = off;
        parse_l3(&parser, parsed.key.eth_type, off);
        if (has_l4(&parser))
            parse_l4(&parser, parsed.layout.scratch, parsed.layout.next_proto, parsed.layout.room);
    }
    parsed.layout.scratch = parsed.layout.room = 0;
    parsed.layout.next_proto = parsed.layout.rank = 0;
    return parsed;
}

static void
check_offsets(const struct parsed *parsed, size_t size)
{
    const struct layout *layout = &parsed->layout;
    const struct dp_key *key = &parsed->key;

    HOLD(layout->l2_len <= size);
    HOLD(!layout->l3_off || (layout->l3_off == layout->l2_len && layout->l3_off + 20u <= size));
    HOLD(!layout->l3_off == !(key->parsed & (DP_PARSED_L3 | DP_PARSED_ARP)));
    HOLD(!layout->l4_off == !(key->parsed & DP_PARSED_L4));
    HOLD(!layout->l4_off || layout->l4_off >= layout->l3_off + 20u);
    HOLD(!layout->l4_off || layout->l4_off + l4_header_size(key->ip_proto) <= size);
    HOLD(!layout->nd_sll_off == !(key->parsed & DP_PARSED_ND_SLL));
    HOLD(!layout->nd_tll_off == !(key->parsed & DP_PARSED_ND_TLL));
    HOLD(layout->nd_sll_off + 6u <= size || !layout->nd_sll_off);
    HOLD(layout->nd_tll_off + 6u <= size || !layout->nd_tll_off);
}

static void
check_key(const struct dp_key *key)
{
    HOLD(key->n_mpls <= 4);
    HOLD(!(key->parsed & DP_PARSED_L4) || key->parsed & DP_PARSED_L3);
    HOLD(!(key->parsed & DP_PARSED_ND) || key->parsed & DP_PARSED_L4);
    HOLD(!(key->ip_frag & DP_FRAG_LATER) || key->ip_frag & DP_FRAG_ANY);
    HOLD(!(key->ip_frag & DP_FRAG_LATER) || !(key->parsed & DP_PARSED_L4));
    HOLD(!(ntohl(key->ip6_label) >> 20));
    HOLD(!(ntohs(key->tcp_flags) >> 12));
    HOLD(key->vlan[0].tpid || (!key->vlan[1].tpid && !key->vlan[0].tci));
    for (int w = 0; w < DP_KEY_PACKET_FIRST; w++)
        HOLD(!((const uint64_t *)key)[w]);
    for (int w = DP_KEY_PACKET_FIRST + DP_KEY_PACKET_WORDS; w < DP_KEY_WORDS; w++)
        HOLD(!((const uint64_t *)key)[w]);
}

/* The kernel takes the outermost tag out of the frame. */
static void
check_tag_beside(const struct parsed *parsed, const uint8_t *data, size_t size)
{
    struct dp_vlan tag = parsed->key.vlan[0];
    struct parsed other;
    uint8_t *without;

    if (!tag.tpid || size > PARSE_MAX_OFF)
        return;
    without = xmalloc(size - 4);
    memcpy(without, data, 12);
    memcpy(without + 12, data + 16, size - 16);
    other = parse(without, size - 4, tag);
    HOLD(!memcmp(&other.key, &parsed->key, sizeof other.key));
    HOLD(other.layout.vlan_in_meta == 1);
    HOLD(other.layout.l2_len + 4 == parsed->layout.l2_len);
    HOLD(parsed->layout.l4_off ? other.layout.l4_off + 4 == parsed->layout.l4_off
                               : !other.layout.l4_off);
    free(without);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = xmemdup(data, size);
    struct parsed parsed = parse(exact, size, (struct dp_vlan){0, 0});
    struct parsed other = parse_long_way(exact, size);

    check_offsets(&parsed, size);
    check_key(&parsed.key);
    HOLD(!memcmp(&parsed, &other, sizeof parsed));
    check_tag_beside(&parsed, exact, size);
    free(exact);
    return 0;
}
