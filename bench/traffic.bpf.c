/* SPDX-License-Identifier: GPL-2.0 */
/* Load, sink and the bare contestants of the forwarding benchmark. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* Set before loading, read-only for the programs. */
const volatile __u32 n_flows = 1;          /* Power of two. */
const volatile __u32 is_random = 0;        /* Flows in random order instead of round robin. */
const volatile __u32 out_ifindex = 0;      /* Of generated frames. */
const volatile __u32 bare_out_ifindex = 0; /* Of bare_tc. */

/* Of a frame whose way changes it: its memory comes back as it was left. */
#define HEADER_WORDS 5 /* Ethernet, IPv4, UDP ports and length. */
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

/* Writer: bench, once. Where bare redirects go. */
struct {
    __uint(type, BPF_MAP_TYPE_DEVMAP);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} bare_port SEC(".maps");

static __always_inline void
count(void)
{
    __u32 zero = 0;
    __u64 *value = bpf_map_lookup_elem(&counts, &zero);

    if (value)
        ++*value;
}

/* The one's complement sum of the IPv4 header changes with the address alone. */
static __always_inline void
set_flow(struct iphdr *ip, struct udphdr *udp, __u32 flow)
{
    __be32 address = bpf_htonl(0x0a000000 | (flow & 0x00ffffff));
    __u32 sum = (__u16)~ip->check;

    sum += (__u16) ~(ip->saddr & 0xffff) + (__u16) ~(ip->saddr >> 16);
    sum += (address & 0xffff) + (address >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    ip->saddr = address;
    ip->check = ~sum;
    udp->check = 0;
}

/* Runs in test runs with live frames: gives each frame its flow and sends it. */
SEC("xdp")
int
generate(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
    struct iphdr *ip = data + sizeof(struct ethhdr);
    struct udphdr *udp = (void *)(ip + 1);
    __u32 zero = 0, *next = bpf_map_lookup_elem(&next_flow, &zero), flow;

    if ((void *)(udp + 1) > data_end || !next)
        return XDP_ABORTED;
    if (restores) {
        for (int i = 0; i < HEADER_WORDS; i++)
            ((__u64 *)data)[i] = header[i];
    }
    if (n_flows > 1) {
        flow = is_random ? bpf_get_prandom_u32() : (*next)++;
        set_flow(ip, udp, flow & (n_flows - 1));
    }
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

SEC("xdp")
int
bare_xdp(struct xdp_md *ctx)
{
    (void)ctx;
    return bpf_redirect_map(&bare_port, 0, 0);
}

SEC("tc")
int
bare_tc(struct __sk_buff *skb)
{
    (void)skb;
    return bpf_redirect(bare_out_ifindex, 0);
}

/* Straight to the ingress of the device's peer, in another namespace. */
SEC("tc")
int
bare_peer(struct __sk_buff *skb)
{
    (void)skb;
    return bpf_redirect_peer(bare_out_ifindex, 0);
}

/* What native XDP on a veth needs at its peer. */
SEC("xdp")
int
pass(struct xdp_md *ctx)
{
    (void)ctx;
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
