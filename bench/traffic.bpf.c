/* SPDX-License-Identifier: GPL-2.0 */
/* Load and sink of the benchmarks. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* The part of a frame that the generator writes. */
#define HEADER_SIZE 60
#define HEADER_WORDS 5 /* Ethernet, IPv4, UDP ports and length. */

enum { ORDER_TURN, ORDER_RANDOM, ORDER_ZIPF };

/* Set before loading, read-only for the programs. */
const volatile __u32 n_flows_log2 = 0;
const volatile __u32 order = ORDER_TURN;
const volatile __u32 out_ifindex = 0; /* Of generated frames. */
/* Where the four bytes are that tell flows apart, and the checksums that cover them; 0: none. */
const volatile __u32 address_offset = 0;
const volatile __u32 ip_check_offset = 0;
const volatile __u32 l4_check_offset = 0;
/* Of a frame whose way changes it: its memory comes back as it was left. */
const volatile __u32 restores = 0;
const volatile __u64 header[HEADER_WORDS] = {};

/* Writer: count programs, per CPU; reader: bench. Packets. */
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u64);
} counts SEC(".maps");

/* Writer: generate, per CPU. The next flow. */
struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} next_flow SEC(".maps");

static __always_inline void
count(void)
{
    __u32 zero = 0;
    __u64 *value = bpf_map_lookup_elem(&counts, &zero);

    if (value)
        ++*value;
}

/* A checksum whose data change from one word to another (RFC 1624). */
static __always_inline void
update_check(__u16 *check, __be32 from, __be32 to)
{
    __u32 sum = (__u16) ~*check;

    sum += (__u16) ~(from & 0xffff) + (__u16) ~(from >> 16);
    sum += (to & 0xffff) + (to >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    *check = ~sum;
}

static __always_inline void
set_flow(void *data, void *data_end, __u32 flow)
{
    __be32 address = bpf_htonl(0x0a000000 | (flow & 0x00ffffff)), *field = data + address_offset;

    if (ip_check_offset)
        update_check(data + ip_check_offset, *field, address);
    if (l4_check_offset && data + l4_check_offset + 2 <= data_end)
        update_check(data + l4_check_offset, *field, address);
    *field = address;
}

/* By Zipf's law with exponent 1, in steps: 1, 2 to 3, 4 to 7, ... have the same share each. Flows
 * that are often asked for are scattered, so that they are not neighbours in memory. */
static __always_inline __u32
zipf(void)
{
    __u32 first = 1U << (bpf_get_prandom_u32() % n_flows_log2 & 31);

    return (first | (bpf_get_prandom_u32() & (first - 1))) * 2654435761U;
}

static __always_inline __u32
choose_flow(__u32 *next)
{
    if (order == ORDER_RANDOM)
        return bpf_get_prandom_u32();
    return order == ORDER_ZIPF ? zipf() : (*next)++;
}

/* Runs in test runs with live frames: gives each frame its flow and sends it. */
SEC("xdp")
int
generate(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
    __u32 zero = 0, *next = bpf_map_lookup_elem(&next_flow, &zero);

    if (data + HEADER_SIZE > data_end || !next)
        return XDP_ABORTED;
    if (restores) {
        for (int i = 0; i < HEADER_WORDS; i++)
            ((__u64 *)data)[i] = header[i];
    }
    if (n_flows_log2)
        set_flow(data, data_end, choose_flow(next) & ((1U << n_flows_log2) - 1));
    return bpf_redirect(out_ifindex, 0);
}

SEC("xdp")
int
sink_xdp(struct xdp_md *ctx)
{
    (void)ctx;
    count();
    return XDP_DROP;
}

/* At the ingress of a sink in a namespace of its own. */
SEC("tc")
int
sink_tc(struct __sk_buff *skb)
{
    (void)skb;
    count();
    return TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "GPL";
