/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/flow-mod-pack.h"

#define N_WORDS (sizeof(struct ofp_flow_mod) / sizeof(uint64_t))
#define N_MAPS DIV_ROUND_UP(N_WORDS, 64)
_Static_assert(sizeof(struct ofp_flow_mod) % sizeof(uint64_t) == 0, "a flow-mod is whole words");

#define GROUP 4 /* Words; most groups are zero, and the same ones of one flow-mod and the next. */

/* Returns how many were appended. The group's words are number `at` and the following. */
static size_t
pack_group(const uint64_t words[GROUP], size_t at, uint64_t map[N_MAPS], uint64_t *full)
{
    size_t n = 0;

    for (size_t i = 0; i < GROUP; i++) {
        if (!words[i])
            continue;
        map[(at + i) / 64] |= UINT64_C(1) << (at + i) % 64;
        full[n++] = words[i];
    }
    return n;
}

/* Bit i % 64 of map i / 64 says that word i is not zero. These words follow, then the actions. */
void
flow_mod_pack(const struct ofp_flow_mod *fm, struct buf *out)
{
    uint64_t words[ROUND_UP(N_WORDS, GROUP)] = {0}, full[N_WORDS], map[N_MAPS] = {0};
    size_t n = 0;

    memcpy(words, fm, sizeof *fm);
    for (size_t i = 0; i < N_WORDS; i += GROUP) {
        if (words[i] | words[i + 1] | words[i + 2] | words[i + 3])
            n += pack_group(&words[i], i, map, &full[n]);
    }
    buf_put(out, map, sizeof map);
    buf_put(out, full, n * sizeof *full);
    buf_put(out, fm->ofpacts, fm->ofpacts_size);
    buf_put_zeros(out, ROUND_UP(out->size, 8) - out->size);
}

void
flow_mod_unpack(const void *packed, struct ofp_flow_mod *fm)
{
    const uint64_t *maps = packed, *next = maps + N_MAPS;
    uint64_t words[N_WORDS] = {0};

    for (size_t m = 0; m < N_MAPS; m++) {
        for (uint64_t map = maps[m]; map; map &= map - 1)
            words[64 * m + (size_t)__builtin_ctzll(map)] = *next++;
    }
    memcpy(fm, words, sizeof words);
    if (fm->ofpacts)
        fm->ofpacts = (const struct ofpact *)next;
}
