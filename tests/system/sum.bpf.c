/* SPDX-License-Identifier: GPL-2.0 */
/* At a device's egress: writes over a frame's last 16 bytes MAGIC, whether the socket buffer has a
 * sum over the packet (CHECKSUM_COMPLETE), that sum, and what it should be. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#define MAGIC 0xfeedbeef
#define SIZE 512

char _license[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, __u8[SIZE]);
} frames SEC(".maps");

SEC("tc")
int
tell_sum(struct __sk_buff *skb)
{
    __u32 zero = 0, size = skb->len, told[4] = {MAGIC};
    __u8 *frame = bpf_map_lookup_elem(&frames, &zero);
    __s64 sum = bpf_csum_update(skb, 0);

    if (!frame || size < sizeof told || size >= SIZE)
        return TC_ACT_OK;
    for (int i = 0; i < SIZE; i++)
        frame[i] = 0;
    if (bpf_skb_load_bytes(skb, 0, frame, size & (SIZE - 1)))
        return TC_ACT_OK;
    told[1] = sum >= 0;
    told[2] = (__u32)sum;
    told[3] = (__u32)bpf_csum_diff(0, 0, (__be32 *)frame, SIZE, 0);
    bpf_skb_store_bytes(skb, size - sizeof told, told, sizeof told, 0);
    return TC_ACT_OK;
}
