/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/match.h"

#include <arpa/inet.h>

#define VLAN_PRESENT 0x1000 /* Of vlan_tci and vlan_vid. */

void
match_init_catchall(struct match *match)
{
    memset(match, 0, sizeof *match);
}

bool
match_is_catchall(const struct match *match)
{
    const __u64 *mask = flow_words(&match->mask);

    for (int i = 0; i < FLOW_WORDS; i++)
        if (mask[i])
            return false;
    return true;
}

bool
match_equal(const struct match *a, const struct match *b)
{
    return !memcmp(a, b, sizeof *a);
}

uint32_t
match_hash(const struct match *match, uint32_t seed)
{
    return hash_bytes(match, sizeof *match, seed);
}

bool
match_covers(const struct match *match, const struct flow *packet)
{
    const __u64 *value = flow_words(&match->flow), *mask = flow_words(&match->mask);
    const __u64 *words = flow_words(packet);

    for (int i = 0; i < FLOW_WORDS; i++)
        if ((words[i] ^ value[i]) & mask[i])
            return false;
    return true;
}

static void
set_plain(struct match *match, const struct field *field, field_value value, field_value mask)
{
    field_unwildcard_bits(field, &match->mask, mask);
    field_set_masked(field, &match->flow, value, mask);
}

/* The name space decides how much is matched: an Ethernet packet's type is no packet type. */
static void
set_packet_type(struct match *match, field_value value)
{
    match->flow.key.packet_type = htons((uint16_t)(value >> 16));
    match->mask.key.packet_type = 0xffff;
    if (value >> 16) {
        match->flow.key.eth_type = htons((uint16_t)value);
        match->mask.key.eth_type = 0xffff;
    }
}

void
match_set_masked(struct match *match, const struct field *field, field_value value,
                 field_value mask)
{
    const struct field *tci = &fields[FIELD_VLAN_TCI];

    value &= mask;
    if (!mask)
        return;
    switch ((int)field->id) {
    case FIELD_DL_VLAN:
        if (value == 0xffff)
            set_plain(match, tci, 0, 0xffff);
        else
            set_plain(match, tci, value | VLAN_PRESENT, 0xfff | VLAN_PRESENT);
        break;
    case FIELD_DL_VLAN_PCP:
    case FIELD_VLAN_PCP:
        set_plain(match, tci, value << 13 | VLAN_PRESENT, 0xe000 | VLAN_PRESENT);
        break;
    case FIELD_PACKET_TYPE:
        set_packet_type(match, value);
        break;
    default:
        set_plain(match, field, value, mask);
        break;
    }
}

void
match_set(struct match *match, const struct field *field, field_value value)
{
    match_set_masked(match, field, value, field->id == FIELD_DL_VLAN ? 0xffff : field_ones(field));
}

field_value
match_field_mask(const struct match *match, const struct field *field)
{
    const uint8_t *bytes = (const uint8_t *)&match->flow + field->offset;

    if (field->storage == STORE_TUN4 && field_read(bytes + 4, 12))
        return 0;
    return field_get_mask(field, &match->mask);
}

bool
match_is_subset(const struct match *narrow, const struct match *wide)
{
    const __u64 *narrow_value = flow_words(&narrow->flow), *narrow_mask = flow_words(&narrow->mask);
    const __u64 *wide_value = flow_words(&wide->flow), *wide_mask = flow_words(&wide->mask);

    for (int i = 0; i < FLOW_WORDS; i++)
        if (wide_mask[i] & (~narrow_mask[i] | (narrow_value[i] ^ wide_value[i])))
            return false;
    return true;
}

bool
match_overlaps(const struct match *a, const struct match *b)
{
    const __u64 *a_value = flow_words(&a->flow), *a_mask = flow_words(&a->mask);
    const __u64 *b_value = flow_words(&b->flow), *b_mask = flow_words(&b->mask);

    for (int i = 0; i < FLOW_WORDS; i++)
        if ((a_value[i] ^ b_value[i]) & a_mask[i] & b_mask[i])
            return false;
    return true;
}

bool
match_normalize(struct match *match)
{
    __u64 *value = flow_words_rw(&match->flow), *mask = flow_words_rw(&match->mask);
    bool changed = false;
    struct flow allowed;

    memset(&allowed, 0, sizeof allowed);
    for (const struct field *field = fields; field < fields + N_FIELDS; field++)
        if (!field_is_wild(field, &match->mask) &&
            field_prereq_ok(field, &match->flow, &match->mask))
            field_unwildcard(field, &allowed);
    for (int i = 0; i < FLOW_WORDS; i++) {
        changed |= mask[i] & ~flow_words(&allowed)[i];
        mask[i] &= flow_words(&allowed)[i];
        value[i] &= mask[i];
    }
    return changed;
}

/* ---- Compact form -----------------------------------------------------------------------------*/
#define FOR_EACH_MAP_BIT(I, MAP)                                                                   \
    for (uint64_t map_ = (MAP); map_ && ((I) = __builtin_ctzll(map_), true); map_ &= map_ - 1)

void
minimatch_init(struct minimatch *mm, const struct match *match)
{
    const __u64 *value = flow_words(&match->flow), *mask = flow_words(&match->mask);
    unsigned int n, pos = 0;
    int i;

    mm->map = 0;
    for (i = 0; i < FLOW_WORDS; i++)
        mm->map |= mask[i] ? UINT64_C(1) << i : 0;
    n = minimatch_n_words(mm);
    mm->words = n ? xmalloc(n * 2 * sizeof *mm->words) : NULL;
    FOR_EACH_MAP_BIT(i, mm->map)
    {
        mm->words[pos] = value[i] & mask[i];
        mm->words[n + pos++] = mask[i];
    }
}

void
minimatch_clone(struct minimatch *dst, const struct minimatch *src)
{
    size_t size = minimatch_n_words(src) * 2 * sizeof *src->words;

    dst->map = src->map;
    dst->words = size ? xmemdup(src->words, size) : NULL;
}

void
minimatch_destroy(struct minimatch *mm)
{
    if (!mm)
        return;
    free(mm->words);
    *mm = (struct minimatch){0, NULL};
}

void
minimatch_expand(const struct minimatch *mm, struct match *match)
{
    unsigned int n = minimatch_n_words(mm), pos = 0;
    int i;

    match_init_catchall(match);
    FOR_EACH_MAP_BIT(i, mm->map)
    {
        flow_words_rw(&match->flow)[i] = mm->words[pos];
        flow_words_rw(&match->mask)[i] = mm->words[n + pos++];
    }
}

bool
minimatch_equal(const struct minimatch *a, const struct minimatch *b)
{
    size_t size = minimatch_n_words(a) * 2 * sizeof *a->words;

    return a->map == b->map && (!size || !memcmp(a->words, b->words, size));
}

uint32_t
minimatch_hash(const struct minimatch *mm, uint32_t seed)
{
    return hash_words(mm->words, minimatch_n_words(mm) * 2, seed ^ hash_u64(mm->map, seed));
}

bool
minimatch_covers(const struct minimatch *mm, const struct flow *packet)
{
    unsigned int n = minimatch_n_words(mm), pos = 0;
    int i;

    FOR_EACH_MAP_BIT(i, mm->map)
    {
        if ((flow_words(packet)[i] ^ mm->words[pos]) & mm->words[n + pos])
            return false;
        pos++;
    }
    return true;
}

bool
minimatch_is_subset(const struct minimatch *narrow, const struct match *wide)
{
    struct match expanded;

    minimatch_expand(narrow, &expanded);
    return match_is_subset(&expanded, wide);
}

bool
minimatch_overlaps(const struct minimatch *a, const struct minimatch *b)
{
    struct match expanded_a, expanded_b;

    minimatch_expand(a, &expanded_a);
    minimatch_expand(b, &expanded_b);
    return match_overlaps(&expanded_a, &expanded_b);
}
