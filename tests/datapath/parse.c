/* SPDX-License-Identifier: Apache-2.0 */
/* The parser: frame to key, in user space and on both hooks in BPF. */
#include "datapath/parse.h"
#include "tests/unit.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "datapath/dp-internal.h"
#include "datapath/state.bpf.h"
#include "lib/util.h"

/* Constants of network byte order. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define B16(x) ((uint16_t)((((x)&0xff) << 8) | (((x) >> 8) & 0xff)))
#define B32(x) __builtin_bswap32(x)
#else
#define B16(x) (x)
#define B32(x) (x)
#endif
#define IP4(a, b, c, d) B32(((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d)))
#define MACS .eth_dst = {2, 0, 0, 0, 0, 1}, .eth_src = {2, 0, 0, 0, 0, 2}
#define IP6_ADDRESSES                                                                              \
    .ip6_src = {B32(0x20010db8), 0, 0, B32(1)}, .ip6_dst = {B32(0x20010db8), 0, 0, B32(2)}
#define ND_TARGET .nd_target = {B32(0x20010db8), 0, 0, B32(2)}
#define BYTES(string) string, sizeof(string) - 1

/* OpenFlow 1.3, section 7.2.3.8. */
enum {
    NONEXT = 1 << 0,
    ESP = 1 << 1,
    DEST = 1 << 3,
    FRAG = 1 << 4,
    ROUTER = 1 << 5,
    HOP = 1 << 6,
    UNREP = 1 << 7,
    UNSEQ = 1 << 8,
};

struct parse_case {
    const char *name;
    const char *frame;
    size_t size;
    struct dp_key key;
};

/* clang-format off */
static const struct parse_case cases[] = {
    {
        "udp4",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\xb8\x00\x24"
              "\x00\x01\x00\x00\x40\x11\x66\x0e\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01"
              "\x00\x02\x00\x10\x5a\x33\x61\x62\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x0800), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2),.ip_tos=0xb8,.ip_ttl=64, .ip_proto=17, .tp_src=B16(1),.tp_dst=B16(2), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "tcp4_flags",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\xb8\x00\x2c"
              "\x00\x01\x00\x00\x40\x06\x66\x11\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01"
              "\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x60\x52\x20\x00\x64\x0d\x00\x00"
              "\x02\x04\x05\x78"),
        {MACS, .eth_type=B16(0x0800), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2),.ip_tos=0xb8,.ip_ttl=64, .ip_proto=6, .tp_src=B16(1),.tp_dst=B16(2), .tcp_flags=B16(0x52), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "icmp4",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\xb8\x00\x24"
              "\x00\x01\x00\x00\x40\x01\x66\x1e\x0a\x00\x00\x01\x0a\x00\x00\x02\x08\x03"
              "\x66\x67\x00\x00\x00\x00\x61\x62\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x0800), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2),.ip_tos=0xb8,.ip_ttl=64, .ip_proto=1, .tp_src=B16(8),.tp_dst=B16(3), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "sctp4",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\xb8\x00\x24"
              "\x00\x01\x00\x00\x40\x84\x65\x9b\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01"
              "\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
        {MACS, .eth_type=B16(0x0800), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2),.ip_tos=0xb8,.ip_ttl=64, .ip_proto=132, .tp_src=B16(1),.tp_dst=B16(2), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "gre4",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\xb8\x00\x1c"
              "\x00\x01\x00\x00\x40\x2f\x65\xf8\x0a\x00\x00\x01\x0a\x00\x00\x02\x61\x62"
              "\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x0800), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2),.ip_tos=0xb8,.ip_ttl=64, .ip_proto=47, .parsed=DP_PARSED_L3},
    },
    {
        "ip4_options",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x46\xb8\x00\x28"
              "\x00\x01\x00\x00\x40\x11\xd1\x05\x0a\x00\x00\x01\x0a\x00\x00\x02\x94\x04"
              "\x00\x00\x00\x01\x00\x02\x00\x10\x5a\x33\x61\x62\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x0800), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2),.ip_tos=0xb8,.ip_ttl=64, .ip_proto=17, .tp_src=B16(1),.tp_dst=B16(2), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "ip4_first_fragment",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\xb8\x00\x24"
              "\x00\x01\x20\x00\x40\x11\x46\x0e\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01"
              "\x00\x02\x00\x10\x5a\x33\x61\x62\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x0800), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2),.ip_tos=0xb8,.ip_ttl=64, .ip_proto=17, .tp_src=B16(1),.tp_dst=B16(2), .ip_frag=DP_FRAG_ANY, .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "ip4_later_fragment",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\xb8\x00\x24"
              "\x00\x01\x00\x05\x40\x11\x66\x09\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01"
              "\x00\x02\x00\x10\x5a\x33\x61\x62\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x0800), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2),.ip_tos=0xb8,.ip_ttl=64, .ip_proto=17, .ip_frag=DP_FRAG_ANY | DP_FRAG_LATER, .parsed=DP_PARSED_L3},
    },
    {
        "arp",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x06\x00\x01\x08\x00"
              "\x06\x04\x00\x02\x02\x00\x00\x00\x00\x03\x0a\x00\x00\x01\x02\x00\x00\x00"
              "\x00\x04\x0a\x00\x00\x02"),
        {MACS, .eth_type=B16(0x0806), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2), .ip_proto=2, .arp_sha={2,0,0,0,0,3},.arp_tha={2,0,0,0,0,4}, .parsed=DP_PARSED_ARP},
    },
    {
        "arp_large_opcode",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x06\x00\x01\x08\x00"
              "\x06\x04\x01\x02\x02\x00\x00\x00\x00\x03\x0a\x00\x00\x01\x02\x00\x00\x00"
              "\x00\x04\x0a\x00\x00\x02"),
        {MACS, .eth_type=B16(0x0806), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2), .arp_sha={2,0,0,0,0,3},.arp_tha={2,0,0,0,0,4}, .parsed=DP_PARSED_ARP},
    },
    {
        "rarp",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x80\x35\x00\x01\x08\x00"
              "\x06\x04\x00\x03\x02\x00\x00\x00\x00\x03\x0a\x00\x00\x01\x02\x00\x00\x00"
              "\x00\x04\x0a\x00\x00\x02"),
        {MACS, .eth_type=B16(0x8035), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2), .ip_proto=3, .arp_sha={2,0,0,0,0,3},.arp_tha={2,0,0,0,0,4}, .parsed=DP_PARSED_ARP},
    },
    {
        "vlan",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x81\x00\x60\x64\x08\x00"
              "\x45\xb8\x00\x24\x00\x01\x00\x00\x40\x11\x66\x0e\x0a\x00\x00\x01\x0a\x00"
              "\x00\x02\x00\x01\x00\x02\x00\x10\x5a\x33\x61\x62\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x0800), .vlan[0]={B16(0x8100),B16(0x6064)}, .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2),.ip_tos=0xb8,.ip_ttl=64, .ip_proto=17, .tp_src=B16(1),.tp_dst=B16(2), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "qinq",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x88\xa8\x00\x07\x81\x00"
              "\x00\x64\x08\x00\x45\xb8\x00\x24\x00\x01\x00\x00\x40\x11\x66\x0e\x0a\x00"
              "\x00\x01\x0a\x00\x00\x02\x00\x01\x00\x02\x00\x10\x5a\x33\x61\x62\x63\x64"
              "\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x0800), .vlan[0]={B16(0x88a8),B16(0x0007)}, .vlan[1]={B16(0x8100),B16(0x0064)}, .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2),.ip_tos=0xb8,.ip_ttl=64, .ip_proto=17, .tp_src=B16(1),.tp_dst=B16(2), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "three_tags",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x81\x00\x00\x01\x81\x00"
              "\x00\x02\x81\x00\x00\x03\x08\x00\x45\xb8\x00\x1c\x00\x01\x00\x00\x40\x11"
              "\x66\x16\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x35\x00\x35\x00\x08\xeb\x71"),
        {MACS, .eth_type=B16(0x8100), .vlan[0]={B16(0x8100),B16(0x0001)}, .vlan[1]={B16(0x8100),B16(0x0002)}},
    },
    {
        "udp6",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x10\x11\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
              "\x00\x01\x00\x02\x00\x10\x12\xc1\x61\x62\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=17, .tp_src=B16(1),.tp_dst=B16(2), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "tcp6",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x14\x06\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
              "\x00\x01\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x50\x02\x20\x00\x34\x6b"
              "\x00\x00"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=6, .tp_src=B16(1),.tp_dst=B16(2), .tcp_flags=B16(2), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "icmp6_echo",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x08\x3a\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
              "\x80\x00\x24\x48\x00\x00\x00\x00"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=58, .tp_src=B16(128),.tp_dst=B16(0), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "nd_solicitation",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x20\x3a\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
              "\x87\x00\xec\x70\x00\x00\x00\x00\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00"
              "\x00\x00\x00\x00\x00\x02\x01\x01\x02\x00\x00\x00\x00\x03"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=58, .tp_src=B16(135),.tp_dst=B16(0), ND_TARGET, .arp_sha={2,0,0,0,0,3}, .parsed=DP_PARSED_L3 | DP_PARSED_L4 | DP_PARSED_ND | DP_PARSED_ND_SLL},
    },
    {
        "nd_advertisement",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x28\x3a\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
              "\x88\x00\x40\x66\xa0\x00\x00\x00\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00"
              "\x00\x00\x00\x00\x00\x02\x05\x01\x00\x00\x00\x00\x05\x00\x02\x01\x02\x00"
              "\x00\x00\x00\x04"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=58, .tp_src=B16(136),.tp_dst=B16(0), ND_TARGET, .arp_tha={2,0,0,0,0,4}, .parsed=DP_PARSED_L3 | DP_PARSED_L4 | DP_PARSED_ND | DP_PARSED_ND_TLL},
    },
    {
        "nd_option_of_length_0",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x20\x3a\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
              "\x87\x00\xee\x74\x00\x00\x00\x00\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00"
              "\x00\x00\x00\x00\x00\x02\x01\x00\x00\x00\x00\x00\x00\x00"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=58, .tp_src=B16(135),.tp_dst=B16(0), ND_TARGET, .parsed=DP_PARSED_L3 | DP_PARSED_L4 | DP_PARSED_ND},
    },
    {
        "exthdrs_in_order",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x30\x00\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
              "\x3c\x00\x01\x04\x00\x00\x00\x00\x2b\x00\x01\x04\x00\x00\x00\x00\x2c\x00"
              "\x00\x00\x00\x00\x00\x00\x11\x00\x00\x01\x00\x00\x00\x09\x00\x01\x00\x02"
              "\x00\x10\x12\xc1\x61\x62\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=17, .tp_src=B16(1),.tp_dst=B16(2), .ip_frag=DP_FRAG_ANY, .ip6_exthdr=B16(HOP | DEST | ROUTER | FRAG), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "exthdrs_out_of_order",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x20\x2b\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
              "\x00\x00\x00\x00\x00\x00\x00\x00\x11\x00\x01\x04\x00\x00\x00\x00\x00\x01"
              "\x00\x02\x00\x10\x12\xc1\x61\x62\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=17, .tp_src=B16(1),.tp_dst=B16(2), .ip6_exthdr=B16(ROUTER | UNSEQ), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "exthdr_twice",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x20\x2b\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
              "\x2b\x00\x00\x00\x00\x00\x00\x00\x11\x00\x00\x00\x00\x00\x00\x00\x00\x01"
              "\x00\x02\x00\x10\x12\xc1\x61\x62\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=17, .tp_src=B16(1),.tp_dst=B16(2), .ip6_exthdr=B16(ROUTER | UNREP), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "exthdr_dest_twice",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x28\x3c\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
              "\x2b\x00\x01\x04\x00\x00\x00\x00\x3c\x00\x00\x00\x00\x00\x00\x00\x11\x00"
              "\x01\x04\x00\x00\x00\x00\x00\x01\x00\x02\x00\x10\x12\xc1\x61\x62\x63\x64"
              "\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=17, .tp_src=B16(1),.tp_dst=B16(2), .ip6_exthdr=B16(ROUTER | DEST), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "exthdr_dest_three_times",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x28\x3c\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
              "\x3c\x00\x01\x04\x00\x00\x00\x00\x3c\x00\x01\x04\x00\x00\x00\x00\x11\x00"
              "\x01\x04\x00\x00\x00\x00\x00\x01\x00\x02\x00\x10\x12\xc1\x61\x62\x63\x64"
              "\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=17, .tp_src=B16(1),.tp_dst=B16(2), .ip6_exthdr=B16(DEST | UNREP), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "ip6_later_fragment",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x10\x2c\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
              "\x11\x00\x00\x18\x00\x00\x00\x00\x61\x62\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=17, .ip_frag=DP_FRAG_ANY | DP_FRAG_LATER, .ip6_exthdr=B16(FRAG), .parsed=DP_PARSED_L3},
    },
    {
        "esp6",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x0c\x32\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
              "\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=50, .ip6_exthdr=B16(ESP), .parsed=DP_PARSED_L3},
    },
    {
        "no_next_header",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x00\x3b\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"),
        {MACS, .eth_type=B16(0x86dd), IP6_ADDRESSES,.ip6_label=B32(0xabcde),.ip_tos=0x12,.ip_ttl=63, .ip_proto=59, .ip6_exthdr=B16(NONEXT), .parsed=DP_PARSED_L3},
    },
    {
        "mpls_one",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x88\x47\x00\x01\x01\x40"
              "\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45"
              "\x45\x45"),
        {MACS, .eth_type=B16(0x8847), .mpls_lse={B32(0x10140)},.n_mpls=1},
    },
    {
        "mpls_three",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x88\x47\x00\x01\x00\x40"
              "\x00\x02\x00\x40\x00\x03\x01\x40\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45"
              "\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45"),
        {MACS, .eth_type=B16(0x8847), .mpls_lse={B32(0x10040),B32(0x20040),B32(0x30140)},.n_mpls=3},
    },
    {
        "mpls_five",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x88\x48\x00\x01\x00\x40"
              "\x00\x02\x00\x40\x00\x03\x00\x40\x00\x04\x00\x40\x00\x05\x01\x40\x45\x45"
              "\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45\x45"),
        {MACS, .eth_type=B16(0x8848), .mpls_lse={B32(0x10040),B32(0x20040),B32(0x30040)},.n_mpls=4},
    },
    {
        "mpls_cut_short",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x88\x47\x00\x01\x00\x40"
              "\x45"),
        {MACS, .eth_type=B16(0x8847), .mpls_lse={B32(0x10040)},.n_mpls=1},
    },
    {
        "pbb",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x88\xe7\x00\x12\x34\x56"
              "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\xb8\x00\x1c"
              "\x00\x01\x00\x00\x40\x11\x66\x16\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x35"
              "\x00\x35\x00\x08\xeb\x71"),
        {MACS, .eth_type=B16(0x88e7), .pbb_itag=B32(0x123456), .parsed=DP_PARSED_PBB},
    },
    {
        "llc",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x00\x26\x42\x42\x03\x00"
              "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
        {MACS, .eth_type=B16(0x05ff)},
    },
    {
        "snap_ip4",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x00\x40\xaa\xaa\x03\x00"
              "\x00\x00\x08\x00\x45\xb8\x00\x24\x00\x01\x00\x00\x40\x11\x66\x0e\x0a\x00"
              "\x00\x01\x0a\x00\x00\x02\x00\x01\x00\x02\x00\x10\x5a\x33\x61\x62\x63\x64"
              "\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x0800), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2),.ip_tos=0xb8,.ip_ttl=64, .ip_proto=17, .tp_src=B16(1),.tp_dst=B16(2), .parsed=DP_PARSED_L3 | DP_PARSED_L4},
    },
    {
        "unknown_type",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x88\xb5\x61\x62\x63\x64"
              "\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x88b5)},
    },
    {
        "ethernet_only",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00"),
        {MACS, .eth_type=B16(0x0800)},
    },
    {
        "ip4_cut_short",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\xb8\x00\x30"
              "\x00\x01\x00\x00\x40\x06\x66\x0d\x0a\x00\x00\x01\x0a\x00\x00"),
        {MACS, .eth_type=B16(0x0800)},
    },
    {
        "tcp_cut_short",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\xb8\x00\x30"
              "\x00\x01\x00\x00\x40\x06\x66\x0d\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01"
              "\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x50\x02\x20\x00\xea\x3f\x00"),
        {MACS, .eth_type=B16(0x0800), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2),.ip_tos=0xb8,.ip_ttl=64, .ip_proto=6, .parsed=DP_PARSED_L3},
    },
    {
        "padding_is_no_tcp",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x45\xb8\x00\x14"
              "\x00\x01\x00\x00\x40\x06\x66\x29\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01"
              "\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x00\x00\x00\x00\x00"),
        {MACS, .eth_type=B16(0x0800), .ip_src=IP4(10,0,0,1),.ip_dst=IP4(10,0,0,2),.ip_tos=0xb8,.ip_ttl=64, .ip_proto=6, .parsed=DP_PARSED_L3},
    },
    {
        "wrong_ip_version",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x55\xb8\x00\x30"
              "\x00\x01\x00\x00\x40\x06\x66\x0d\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01"
              "\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x50\x02\x20\x00\xea\x3f\x00\x00"
              "\x61\x62\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x0800)},
    },
    {
        "ip4_header_too_small",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x44\xb8\x00\x30"
              "\x00\x01\x00\x00\x40\x06\x66\x0d\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01"
              "\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x50\x02\x20\x00\xea\x3f\x00\x00"
              "\x61\x62\x63\x64\x65\x66\x67\x68"),
        {MACS, .eth_type=B16(0x0800)},
    },
    {
        "ip4_options_cut_short",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00\x4f\xb8\x00\x14"
              "\x00\x01\x00\x00\x40\x00\x66\x2f\x0a\x00\x00\x01\x0a\x00\x00\x02"),
        {MACS, .eth_type=B16(0x0800)},
    },
    {
        "ip6_cut_short",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x86\xdd\x61\x2a\xbc\xde"
              "\x00\x08\x11\x3f\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
              "\x00\x01\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
        {MACS, .eth_type=B16(0x86dd)},
    },
    {
        "vlan_cut_short",
        BYTES("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x81\x00\x00"),
        {MACS, .eth_type=B16(0x8100)},
    },
};
/* clang-format on */

static void
check_key(const char *where, const struct parse_case *test, const struct dp_key *key)
{
    const uint64_t *want = (const uint64_t *)&test->key, *got = (const uint64_t *)key;

    for (int i = DP_KEY_PACKET_FIRST; i < DP_KEY_PACKET_FIRST + DP_KEY_PACKET_WORDS; i++) {
        if (want[i] != got[i])
            fail_msg("%s, %s: word %d is %016llx, not %016llx", test->name, where, i,
                     (unsigned long long)got[i], (unsigned long long)want[i]);
    }
}

/* Each frame in memory of just its size, so that the address sanitizer sees reads behind it. */
static void
user_space(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        void *copy = xmemdup(cases[i].frame, cases[i].size);
        struct dp_key key;

        memset(&key, 0xff, sizeof key);
        dp_parse(copy, cases[i].size, &key);
        check_key("user space", &cases[i], &key);
        assert_int_equal(key.in_port, ~0u);
        assert_int_equal(key.skb_mark, ~0u);
        free(copy);
    }
}

/* Every prefix of every frame, the empty one without memory: what is parsed of it does not depend
 * on what lies behind. */
static void
prefixes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        for (size_t size = 0; size < cases[i].size; size++) {
            uint8_t *exact = size ? xmemdup(cases[i].frame, size) : NULL;
            uint8_t *more = xmalloc(size + 128);
            struct dp_key a, b;

            memset(&a, 0, sizeof a);
            memset(&b, 0, sizeof b);
            dp_parse(exact, size, &a);
            memcpy(more, cases[i].frame, size);
            memset(more + size, 0xa5, 128);
            dp_parse(more, size, &b);
            assert_memory_equal(&a, &b, sizeof a);
            free(exact);
            free(more);
        }
    }
}

static struct dp *
open_switch(void)
{
    struct dp_options options = {.max_flows = 64, .inject_dev = "t-parse"};
    cpu_set_t first;
    struct dp *dp;
    bool adopted;

    CPU_ZERO(&first);
    CPU_SET(0, &first);
    assert_int_equal(sched_setaffinity(0, sizeof first, &first), 0);
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    assert_int_equal(system("ip link set lo up"), 0);
    if (dp_open(&options, &dp, &adopted))
        fail_msg("%s", dp_error());
    return dp;
}

/* A test run on CPU 0; the frame comes from no port, and is dropped after it was parsed. */
static void
bpf(enum dp_hook hook)
{
    struct dp *dp = open_switch();
    size_t n_run = 0;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = cases[i].frame,
                    .data_size_in = cases[i].size, .repeat = 1);

        if (!bpf_prog_test_run_opts(dp_program_fd(dp, hook, "shunt_port"), &options))
            n_run++;
        else if (hook == DP_HOOK_TC && errno == EINVAL)
            continue; /* TC's test run refuses what has no whole layer 3 header. */
        else
            fail_msg("%s: %s", cases[i].name, strerror(errno));
        check_key(hook == DP_HOOK_XDP ? "XDP" : "TC", &cases[i], &dp->states[0].u.key);
    }
    assert_true(n_run >= ARRAY_SIZE(cases) - 4);
    dp_close(dp, DP_STOP);
}

static void
xdp(void **state)
{
    (void)state;
    if (geteuid())
        skip();
    bpf(DP_HOOK_XDP);
}

static void
tc(void **state)
{
    (void)state;
    if (geteuid())
        skip();
    bpf(DP_HOOK_TC);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(user_space),
    cmocka_unit_test(prefixes),
    cmocka_unit_test(xdp),
    cmocka_unit_test(tc),
};

UNIT_MAIN(tests)
