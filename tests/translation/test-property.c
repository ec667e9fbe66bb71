/* SPDX-License-Identifier: Apache-2.0 */
/* What translation promises of its mask, on random tables and packets: any packet that agrees on
 * the mask gets the same list; the masked key is one of them. */
#include "tests/ofproto/random.h"
#include "tests/translation/fixture.h"

#include <stdio.h>

#include "actions/actions.h"

#define N_TABLES 4
#define N_ROUNDS 400
#define N_PACKETS 12
#define N_VARIANTS 12

#define PICK(ARRAY) (ARRAY)[random_below(ARRAY_SIZE(ARRAY))]

static const char *const matches[] = {
    "",
    "in_port=1",
    "ip",
    "tcp",
    "udp,tp_dst=53",
    "tcp,tp_dst=80",
    "tcp,tp_src=0x1000/0xf000",
    "ip,nw_dst=10.0.0.0/8",
    "ip,nw_dst=10.1.0.0/16",
    "ip,nw_src=10.1.2.3",
    "ip,nw_ttl=1",
    "ip,nw_tos=32",
    "arp",
    "arp,arp_tpa=10.0.0.1",
    "ipv6",
    "ipv6,ipv6_dst=2001:db8::/32",
    "icmp,icmp_type=8",
    "dl_vlan=7",
    "vlan_tci=0x1000/0x1000",
    "dl_vlan_pcp=3",
    "mpls",
    "mpls,mpls_label=5",
    "mpls,mpls_bos=1",
    "dl_dst=02:00:00:00:00:01",
    "dl_src=02:00:00:00:00:00/ff:ff:ff:ff:ff:00",
    "dl_dst=01:00:00:00:00:00/01:00:00:00:00:00",
    "reg0=5",
    "metadata=3",
    "ip,ip_frag=yes",
};

static const char *const actions[] = {
    "output:2",
    "output:3",
    "in_port",
    "flood",
    "normal",
    "controller",
    "mod_dl_dst:02:00:00:00:00:09",
    "set_field:02:00:00:00:00:08->eth_src",
    "load:0x5->NXM_NX_REG0[]",
    "set_field:17->ip_proto",
    "set_field:0x86dd->eth_type",
    "push_pbb:0x88e7",
    "pop_pbb",
    "copy_ttl_in",
    "copy_ttl_out",
    "clone(push_pbb:0x88e7,output:4)",
    "move:NXM_OF_ETH_SRC[0..15]->NXM_NX_REG0[0..15]",
    "move:NXM_OF_VLAN_TCI[0..11]->NXM_NX_REG1[0..11]",
    "move:NXM_OF_ETH_DST[]->NXM_OF_ETH_SRC[]",
    "push:NXM_OF_ETH_DST[]",
    "pop:NXM_OF_ETH_SRC[]",
    "push_vlan:0x8100",
    "push_vlan:0x88a8",
    "pop_vlan",
    "mod_vlan_vid:9",
    "mod_vlan_pcp:2",
    "mod_nw_src:1.2.3.4",
    "mod_nw_dst:1.2.3.5",
    "mod_nw_tos:16",
    "mod_tp_dst:8080",
    "dec_ttl",
    "mod_nw_ttl:9",
    "push_mpls:0x8847",
    "pop_mpls:0x0800",
    "pop_mpls:0x8847",
    "dec_mpls_ttl",
    "set_mpls_ttl:7",
    "set_mpls_label:99",
    "resubmit(,1)",
    "resubmit(,2)",
    "resubmit(,3)",
    "clone(push_vlan:0x8100,output:4)",
    "clone(mod_dl_dst:02:00:00:00:00:04,output:4)",
    "clone(dec_ttl,output:5)",
    "clone(pop_vlan,output:5)",
    "clone(pop_mpls:0x0800,output:5)",
    "clone(push_mpls:0x8847,output:6)",
    "multipath(eth_src,0,modulo_n,2,0,NXM_NX_REG0[0..1])",
    "multipath(symmetric_l4,0,hrw,4,0,NXM_NX_REG0[0..1])",
};

static const char *const packets[] = {
    "tcp,nw_src=10.1.2.3,nw_dst=10.1.9.9,tp_src=4097,tp_dst=80",
    "tcp,nw_src=10.3.2.3,nw_dst=11.1.9.9,tp_src=5,tp_dst=81,nw_tos=32",
    "udp,nw_src=10.1.2.3,nw_dst=10.2.9.9,tp_dst=53,nw_ttl=1",
    "tcp,nw_src=10.1.2.3,nw_dst=10.2.9.9,ip_frag=later",
    "arp,arp_tpa=10.0.0.1,arp_spa=10.1.2.3,arp_op=1",
    "tcp6,ipv6_dst=2001:db8::1,ipv6_src=2001:db8::2,tp_dst=80",
    "icmp,icmp_type=8,nw_dst=10.1.0.1",
    "mpls,mpls_label=5,mpls_bos=1,mpls_tc=3",
    "mpls,mpls_label=6,mpls_bos=0",
    "dl_type=0x1234",
    "dl_type=0x88e7,pbb_isid=7",
};

static const char *const tags[] = {"", ",dl_vlan=7", ",dl_vlan=8,dl_vlan_pcp=3"};
static const char *const addresses[] = {
    ",dl_src=02:00:00:00:00:0a,dl_dst=02:00:00:00:00:01",
    ",dl_src=02:00:00:00:01:0a,dl_dst=02:00:00:00:00:02",
    ",dl_src=02:00:00:00:00:0b,dl_dst=ff:ff:ff:ff:ff:ff",
};

/* A resubmit to an earlier table may loop, which the guards end; a later one keeps most rounds
 * finite. */
static void
add_random_flow(struct fixture *fx, uint32_t table)
{
    char text[1024];
    size_t at = (size_t)snprintf(text, sizeof text, "table=%u,priority=%u,%s,actions=", table,
                                 random_below(4), PICK(matches));

    for (uint32_t i = 0, n = 1 + random_below(5); i < n; i++) {
        const char *action = PICK(actions);

        if (!strncmp(action, "resubmit", 8) && (uint32_t)(action[10] - '0') <= table)
            action = "output:2";
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? "," : "", action);
    }
    fixture_flow_if_valid(fx, text);
}

static struct flow
random_packet(const struct fixture *fx)
{
    char text[512];
    struct flow flow;

    snprintf(text, sizeof text, "in_port=%u,%s%s%s", 1 + random_below(3), PICK(packets), PICK(tags),
             PICK(addresses));
    flow = fixture_packet(fx, text);
    if (flow.key.vlan[0].tpid && random_below(2))
        flow.key.vlan[1] = flow.key.vlan[0];
    return flow;
}

/* Changes bits that the mask does not cover. */
static struct flow
variant(const struct flow *flow, const struct flow *wc)
{
    struct flow other = *flow;
    __u64 *words = flow_words_rw(&other);

    for (size_t w = 0; w < DP_KEY_WORDS; w++) {
        uint64_t flips = random_below(3) ? 0 : random_u64() & random_u64();

        words[w] ^= flips & ~flow_words(wc)[w];
    }
    return other;
}

static struct flow
masked(const struct flow *flow, const struct flow *wc)
{
    struct flow other = *flow;

    for (size_t w = 0; w < DP_KEY_WORDS; w++)
        flow_words_rw(&other)[w] &= flow_words(wc)[w];
    return other;
}

static void
expect_same(struct fixture *fx, const struct flow *flow, const struct flow *first, const char *list,
            const char *megaflow)
{
    char *other_list, *other_megaflow;

    fixture_xlate(fx, flow);
    other_list = fixture_actions(fx);
    if (strcmp(list, other_list)) {
        other_megaflow = fixture_megaflow(fx, flow);
        print_error("%s for %s\ninstead of %s\n", other_list, other_megaflow, list);
        fixture_xlate(fx, first);
        print_error("for %s\n", megaflow);
        fixture_print_flows(fx);
        free(other_megaflow);
        fail();
    }
    free(other_list);
}

static void
check_packet(struct fixture *fx)
{
    struct flow flow = random_packet(fx), wc, other;
    struct xlate_out keep; /* Holds the ids of the first translation. */
    char *list, *megaflow;

    fixture_xlate(fx, &flow);
    list = fixture_actions(fx);
    megaflow = fixture_megaflow(fx, &flow);
    wc = fx->out.wc;
    keep = fx->out;
    xlate_out_init(&fx->out);
    for (int i = 0; i < N_VARIANTS; i++) {
        other = variant(&flow, &wc);
        expect_same(fx, &other, &flow, list, megaflow);
    }
    other = masked(&flow, &wc);
    expect_same(fx, &other, &flow, list, megaflow);
    xlate_out_destroy(&keep, &fx->bridge);
    free(list);
    free(megaflow);
}

static void
run_rounds(uint64_t seed, int n_rounds)
{
    for (int round = 0; round < n_rounds; round++) {
        struct fixture fx;

        random_seed(seed + (uint64_t)round);
        fixture_init(&fx);
        for (int i = 0, n = 4 + (int)random_below(24); i < n; i++)
            add_random_flow(&fx, random_below(N_TABLES));
        for (int i = 0; i < N_PACKETS; i++)
            check_packet(&fx);
        fixture_destroy(&fx);
    }
}

static void
packets_that_agree_on_the_mask_get_the_same_list(void **state)
{
    const char *seed = getenv("SEED");

    (void)state;
    run_rounds(seed ? strtoull(seed, NULL, 0) : 1, N_ROUNDS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(packets_that_agree_on_the_mask_get_the_same_list),
};

UNIT_MAIN(tests)
