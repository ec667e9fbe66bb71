/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/parse.h"

#include <string.h>

#include "datapath/parse.bpf.h"

size_t
dp_parse(const void *data, size_t size, struct dp_key *key)
{
    const char *start = size ? data : "";
    struct layout layout = {0};
    struct parser parser = {start, start + size, key, &layout, NULL, NULL};
    __u16 l4_off;

    memset((__u64 *)key + DP_KEY_PACKET_FIRST, 0, DP_KEY_PACKET_WORDS * sizeof(__u64));
    parse_frame(&parser, (struct dp_vlan){0, 0});
    /* It was part of a word when it was written, which clang's analyzer does not follow. */
    memcpy(&l4_off, &layout.l4_off, sizeof l4_off);
    return l4_off;
}
