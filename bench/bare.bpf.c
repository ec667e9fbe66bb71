/* SPDX-License-Identifier: GPL-2.0 */
/* The bare contestants: they do nothing but redirect, but for two that read memory before. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "datapath/abi.h"

/* Set before loading. */
const volatile __u32 out_ifindex = 0;
const volatile __u32 n_flows = 1; /* A power of two. */

/* Writer: bench/bare, once. Where XDP redirects to. */
struct {
    __uint(type, BPF_MAP_TYPE_DEVMAP);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} out_port SEC(".maps");

/* A flow table as large as Shunt's, in which all is zero: a bucket for two flows, and flows.
 * bench/bare gives them their sizes. Nobody writes them. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct dp_bucket);
} buckets SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct dp_flow);
} flows SEC(".maps");

SEC("xdp")
int
bare_xdp(struct xdp_md *ctx)
{
    (void)ctx;
    return bpf_redirect_map(&out_port, 0, 0);
}

/* The number of the frame's flow among pktgen's, or `n_flows`. */
static __always_inline __u32
flow_number(const struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data, *data_end = (void *)(long)ctx->data_end;
    const struct iphdr *ip = data + sizeof(struct ethhdr);

    return (void *)(ip + 1) > data_end ? n_flows : bpf_ntohl(ip->saddr) & (n_flows - 1);
}

/* What the flow at `index` says of where to send. Nothing is compared, nothing counted. */
static __always_inline int
redirect_by(__u32 index)
{
    const struct dp_flow *flow = bpf_map_lookup_elem(&flows, &index);

    return flow ? bpf_redirect_map(&out_port, flow->single_port, 0) : XDP_ABORTED;
}

/* The least that any table does to memory: it knows where the flow is without a look. */
SEC("xdp")
int
bare_flow(struct xdp_md *ctx)
{
    return redirect_by(flow_number(ctx));
}

/* The least that a table of hashed buckets does: it knows where the flow is when it has read the
 * bucket. */
SEC("xdp")
int
bare_table(struct xdp_md *ctx)
{
    __u32 index = flow_number(ctx), hash = (index * 2654435761U) >> 8;
    __u32 number = hash & ((n_flows - 1) >> 1);
    const struct dp_bucket *bucket = bpf_map_lookup_elem(&buckets, &number);

    return bucket ? redirect_by(index + bucket->slots[hash & 7]) : XDP_ABORTED;
}

SEC("tc")
int
bare_tc(struct __sk_buff *skb)
{
    (void)skb;
    return bpf_redirect(out_ifindex, 0);
}

/* Straight to the ingress of the device's peer, in another namespace. */
SEC("tc")
int
bare_peer(struct __sk_buff *skb)
{
    (void)skb;
    return bpf_redirect_peer(out_ifindex, 0);
}

char LICENSE[] SEC("license") = "GPL";
