/* SPDX-License-Identifier: GPL-2.0 */
/* The bare contestants: they do nothing but redirect. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

const volatile __u32 out_ifindex = 0; /* Set before loading. */

/* Writer: bench/bare, once. Where XDP redirects to. */
struct {
    __uint(type, BPF_MAP_TYPE_DEVMAP);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u32);
} out_port SEC(".maps");

SEC("xdp")
int
bare_xdp(struct xdp_md *ctx)
{
    (void)ctx;
    return bpf_redirect_map(&out_port, 0, 0);
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
