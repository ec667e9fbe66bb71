/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit.h"

#include <arpa/inet.h>
#include <errno.h>

#include "actions/fields.h"
#include "lib/util.h"

/* The flow key that a text is printed for. */
enum flow_kind { NO_KEY, TCP4, UDP6, ICMP4, ND6, ARP };

static const struct dp_key *
key_of(enum flow_kind kind)
{
    static struct dp_key key;
    static const struct {
        uint16_t eth_type;
        uint8_t ip_proto;
    } kinds[] = {
        [TCP4] = {0x0800, 6}, [UDP6] = {0x86dd, 17}, [ICMP4] = {0x0800, 1},
        [ND6] = {0x86dd, 58}, [ARP] = {0x0806, 1},
    };

    memset(&key, 0, sizeof key);
    key.eth_type = htons(kinds[kind].eth_type);
    key.ip_proto = kinds[kind].ip_proto;
    return kind == NO_KEY ? NULL : &key;
}

static const struct {
    enum flow_kind kind;
    const char *text;
} round_trips[] = {
    {NO_KEY, "drop"},
    {NO_KEY, "2"},
    {NO_KEY, "1,2,8191"},
    {NO_KEY, "set(eth(dst=02:00:00:00:00:01)),push_vlan(vid=5,pcp=0),2,"
             "userspace(reason=action,cookie=0x10,max=128)"},
    {NO_KEY, "set(eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02))"},
    {NO_KEY, "set(eth(src=02:00:00:00:00:00/ff:00:00:00:00:00)),3"},
    {NO_KEY, "set(eth_type(0x800))"},
    {NO_KEY, "set(vlan(vid=7)),1"},
    {NO_KEY, "set(vlan(tpid=0x88a8,vid=7,pcp=3,cfi=1)),set(cvlan(vid=8)),1"},
    {NO_KEY, "set(cvlan(tpid=0x8100,pcp=2/0x6))"},
    {NO_KEY, "set(mpls(label=16,tc=1,ttl=9,bos=1))"},
    {NO_KEY, "set(pbb(isid=74565,uca=1,pcp=2,dei=0))"},
    {NO_KEY, "set(in_port(3)),set(recirc_id(0x4)),set(tunnel(tun_id=0xffffffffffffffff,"
             "src=1.2.3.4,dst=5.6.7.8,flags=0x1,tp_src=1,tp_dst=4789,tos=0x4,ttl=64)),1"},
    {NO_KEY, "set(tunnel(ipv6_src=2001:db8::1,ipv6_dst=2001:db8::2)),1"},
    {NO_KEY, "set(ipv4(src=10.0.0.1,dst=10.0.0.0/255.0.0.0,proto=6,tos=0xb8/0xfc,ttl=64))"},
    {NO_KEY, "set(tp(src=80,dst=256/0xff00))"},
    {TCP4, "set(ipv4(src=10.0.0.1,ttl=3)),set(tcp(src=80,dst=81)),2"},
    {UDP6, "set(ipv6(src=2001:db8::1,dst=fe80::/ffff::,label=0x12345,tclass=0x4,hlimit=9)),"
           "set(udp(dst=53)),2"},
    {ICMP4, "set(icmp(type=8,code=0))"},
    {ND6, "set(icmpv6(type=136)),set(nd(target=fe80::1,sll=02:00:00:00:00:01,"
          "tll=02:00:00:00:00:02))"},
    {ARP, "set(arp(sip=1.1.1.1,tip=2.2.2.2,op=2,sha=02:00:00:00:00:01,tha=02:00:00:00:00:02))"},
    {NO_KEY, "set(ct_state(0x21)),set(ct_zone(0x1)),set(ct_mark(0x5/0xf)),"
             "set(ct_label(w0=0x1,w3=0x2)),set(skb_priority(0x10)),set(skb_mark(0x1)),"
             "set(dp_hash(0x7))"},
    {NO_KEY, "push_vlan(tpid=0x88a8,vid=5,pcp=7,cfi=1),pop_vlan,1"},
    {NO_KEY, "push_mpls(label=100,tc=0,ttl=64,bos=1,eth_type=0x8847),1"},
    {NO_KEY, "push_mpls(label=100,tc=0,ttl=64,bos=1,eth_type=0x8847,outer=1),1"},
    {NO_KEY, "pop_mpls(eth_type=0x800),recirc(0x1)"},
    {NO_KEY, "push_pbb(isid=16777215,pcp=7,dei=1,uca=1),pop_pbb,1"},
    {NO_KEY, "dec_ttl(cookie=0),dec_mpls_ttl(cookie=0x9),copy_ttl(in),copy_ttl(out),1"},
    {NO_KEY, "trunc(64),1"},
    {NO_KEY, "hash(sym_l4(7)),hash(l4(0)),recirc(0x2)"},
    {NO_KEY, "meter(3),1"},
    {NO_KEY, "drop(invalid-ttl)"},
    {NO_KEY, "set(ipv4(src=1.1.1.1)),set(eth_type(0x800)),set(ipv4(src=2.2.2.2)),1"},
};

static void
text_survives_a_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(round_trips); i++) {
        struct dp_actions_error error = {0, ""};
        struct dp_action *actions;
        size_t n;
        char *text;
        int result = dp_actions_parse(round_trips[i].text, &actions, &n, &error);

        assert_string_equal(result ? error.text : "", "");
        text = dp_actions_to_string(actions, n, key_of(round_trips[i].kind));
        assert_string_equal(text, round_trips[i].text);
        free(text);
        free(actions);
    }
}

/* A SET of random bits that a rule may write; not of a TPID, which has two values only. */
static struct dp_action
random_set(unsigned int *seed)
{
    struct dp_action set = {.kind = DP_ACTION_SET};
    const struct dp_vlan no_tpid[2] = {{0, 0xffff}, {0, 0xffff}};
    uint64_t vlan_bits;

    memcpy(&vlan_bits, no_tpid, sizeof vlan_bits);
    do {
        set.word = rand_r(seed) % DP_KEY_WORDS;
        set.mask = act_fields_settable(set.word);
        for (int i = 0; i < 4 && rand_r(seed) % 2; i++)
            set.mask &= ~(0xffull << rand_r(seed) % 57);
        if (set.word == DP_WORD_OF(vlan))
            set.mask &= vlan_bits;
    } while (!set.mask);
    set.value =
        ((uint64_t)rand_r(seed) << 33 ^ (uint64_t)rand_r(seed) << 11 ^ rand_r(seed)) & set.mask;
    return set;
}

/* Text may order the bits otherwise; what it does to a key stays the same. */
static void
random_sets_mean_the_same_as_their_text(void **state)
{
    unsigned int seed = 1;

    (void)state;
    for (int round = 0; round < 5000; round++) {
        struct dp_action list[8], *parsed;
        struct dp_key key = {.in_port = 1}, expected = {.in_port = 1};
        struct dp_actions_error error = {0, ""};
        size_t n = 1 + rand_r(&seed) % ARRAY_SIZE(list), n_parsed;
        char *text;

        for (size_t i = 0; i < n; i++)
            list[i] = random_set(&seed);
        assert_int_equal(dp_actions_check(list, n, NULL), 0);
        text = dp_actions_to_string(list, n, key_of(round % (ARP + 1)));
        if (dp_actions_parse(text, &parsed, &n_parsed, &error))
            fail_msg("%s: %s", text, error.text);
        dp_actions_apply_key(list, n, &expected);
        dp_actions_apply_key(parsed, n_parsed, &key);
        assert_memory_equal(&key, &expected, sizeof key);
        free(text);
        free(parsed);
    }
}

static void
every_row_has_a_text(void **state)
{
    (void)state;
    for (uint8_t kind = DP_ACTION_END + 1; kind < DP_N_ACTIONS; kind++) {
        struct dp_action action = {.kind = kind};
        char *text = dp_actions_to_string(&action, 1, NULL);

        assert_true(text[0] != '\0');
        assert_null(strstr(text, "unknown"));
        free(text);
    }
}

static const struct {
    const char *text;
    size_t at;
    const char *sentence;
} bad_texts[] = {
    {"", 0, "a port number or an action must follow here"},
    {"1,", 2, "a port number or an action must follow here"},
    {"1,flood", 2, "a port number or an action must follow here"},
    {"8192", 0, "a port is at most 8191"},
    {"0", 1, "action 0 (output): port 0 is not in 1..8191"},
    {"1 2", 1, "',' or the end must follow here"},
    {"set(eth(dst=02:00:00:00:00:0))", 12, "an Ethernet address must follow here"},
    {"set(eth(dts=02:00:00:00:00:01))", 8, "eth has no such field"},
    {"set(ether(dst=1))", 4, "a header to set must follow here, such as eth( or ipv4("},
    {"set(eth(dst=02:00:00:00:00:01)", 30, "')' must follow here"},
    {"set(vlan(vid=4096))", 13, "vid is at most 4095"},
    {"set(vlan(vid=1,vid=2))", 15, "vid stands here twice"},
    {"set(vlan(tpid=0x800))", 21, "action 0 (set): a TPID is 0x8100 or 0x88a8"},
    {"set(ipv4(src=10.0.0.1/255.0.0.0))", 13, "src has bits outside its mask"},
    {"set(ipv4(ttl=3/1))", 13, "ttl has bits outside its mask"},
    {"set(ipv4(ttl=0/0))", 13, "ttl has an empty mask"},
    {"set(ipv4(src=10.0.0))", 13, "an IPv4 address must follow here"},
    {"set(skb_mark(x))", 13, "the value must be a number here"},
    {"push_vlan(pcp=1)", 16, "vid= is missing before here"},
    {"push_vlan(vid=1,vid=2)", 16, "vid stands here twice"},
    {"push_vlan(vlan=1)", 10, "one of tpid, vid, pcp, cfi must follow here"},
    {"push_vlan(vid=0x)", 14, "vid must be a number here"},
    {"push_vlan(tpid=0x800,vid=1)", 27, "action 0 (push_vlan): a TPID is 0x8100 or 0x88a8"},
    {"push_mpls(label=1048576)", 16, "label is at most 1048575"},
    {"push_mpls(label=1,eth_type=0x800)", 33,
     "action 0 (push_mpls): an MPLS EtherType is 0x8847 or 0x8848"},
    {"pop_mpls(eth_type=5)", 20, "action 0 (pop_mpls): 0x5 is not an EtherType"},
    {"copy_ttl(up)", 9, "'in' or 'out' must follow here"},
    {"userspace(reason=why)", 17, "one of miss, slow, action, ttl must follow here"},
    {"trunc(13),1", 11, "action 0 (trunc): 13 bytes are less than an Ethernet header (14)"},
    {"hash(l2(0))", 5, "l4 or sym_l4 must follow here"},
    {"recirc(0)", 9, "action 0 (recirc): recirculation id 0 is a port's packet"},
    {"recirc(1),1", 11, "action 0 (recirc): nothing may follow it"},
    {"drop(meters)", 5, "a drop reason must follow here, such as rule or meter"},
    {"drop(meter),1", 13, "action 0 (drop): nothing may follow it"},
    {"1,drop", 6, "'(' must follow here"},
    {"18446744073709551616", 0, "a port is at most 8191"},
};

static void
bad_text_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad_texts); i++) {
        struct dp_action *actions = (void *)&actions;
        struct dp_actions_error error = {0, ""};
        char expected[300];
        size_t n = 77;

        snprintf(expected, sizeof expected, "byte %zu: %s", bad_texts[i].at, bad_texts[i].sentence);
        assert_int_equal(dp_actions_parse(bad_texts[i].text, &actions, &n, &error), EINVAL);
        assert_string_equal(error.text, expected);
        assert_int_equal(error.at, bad_texts[i].at);
        assert_ptr_equal(actions, (void *)&actions);
        assert_int_equal(n, 77);
    }
}

static const struct {
    struct dp_action action;
    const char *text;
} bad_actions[] = {
    {{.kind = 200}, "action 1 (unknown): there is no kind 200"},
    {{.kind = DP_ACTION_END}, "action 1 (unknown): there is no kind 0"},
    {{.kind = DP_ACTION_SET, .word = 29, .mask = 1}, "action 1 (set): word 29 is not in 0..28"},
    {{.kind = DP_ACTION_SET, .word = 7}, "action 1 (set): the mask is empty"},
    {{.kind = DP_ACTION_SET, .word = 7, .value = 3, .mask = 1},
     "action 1 (set): the value has bits outside its mask"},
    {{.kind = DP_ACTION_SET, .word = 28, .mask = 1},
     "action 1 (set): word 28 has bits that cannot be set (0x1)"},
    {{.kind = DP_ACTION_PUSH_PBB, .arg32 = 0x04000001},
     "action 1 (push_pbb): reserved bits of the I-TAG are set (0x4000000)"},
    {{.kind = DP_ACTION_DEC_TTL, .word = 2}, "action 1 (dec_ttl): layer 2 is neither IP nor MPLS"},
    {{.kind = DP_ACTION_COPY_TTL, .word = 2},
     "action 1 (copy_ttl): direction 2 is neither out nor in"},
    {{.kind = DP_ACTION_USERSPACE, .arg16 = 4},
     "action 1 (userspace): there is no upcall reason 4"},
    {{.kind = DP_ACTION_USERSPACE, .arg32 = 65536},
     "action 1 (userspace): an upcall takes at most 65535 bytes"},
    {{.kind = DP_ACTION_HASH, .value = 2}, "action 1 (hash): there is no hash 2"},
    {{.kind = DP_ACTION_DROP, .arg32 = 31}, "action 1 (drop): there is no drop reason 31"},
    {{.kind = DP_ACTION_OUTPUT, .arg16 = DP_OUTPUT_LAST, .arg32 = 1},
     "action 1 (output): it is marked as the last output but is not the end"},
};

static void
bad_list_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad_actions); i++) {
        struct dp_action list[3] = {{.kind = DP_ACTION_OUTPUT, .arg32 = 1},
                                    bad_actions[i].action,
                                    {.kind = DP_ACTION_OUTPUT, .arg32 = 2}};
        struct dp_actions_error error;

        assert_int_equal(dp_actions_check(list, ARRAY_SIZE(list), &error), EINVAL);
        assert_string_equal(error.text, bad_actions[i].text);
        assert_int_equal(error.at, 1);
        assert_int_equal(dp_actions_check(list, ARRAY_SIZE(list), NULL), EINVAL);
    }
}

/* Bits of the parser's own bookkeeping must not be written by a rule. */
static void
parser_state_is_not_settable(void **state)
{
    struct dp_key mask = {0};
    const uint64_t *words = (const uint64_t *)&mask;

    (void)state;
    mask.packet_type = 0xffff;
    mask.mpls_lse[1] = mask.mpls_lse[2] = 0xffffffff;
    mask.ip_frag = 0xff;
    mask.tcp_flags = mask.ip6_exthdr = 0xffff;
    mask.n_mpls = mask.parsed = 0xff;
    for (uint8_t i = 0; i < DP_KEY_WORDS; i++) {
        for (unsigned int bit = 0; bit < 64; bit++) {
            struct dp_action set = {.kind = DP_ACTION_SET, .word = i, .mask = 1ull << bit};

            if (words[i] >> bit & 1)
                assert_int_equal(dp_actions_check(&set, 1, NULL), EINVAL);
        }
    }
}

static const struct {
    const char *text;
    bool need_tc, need_slow;
} needs[] = {
    {"drop", false, false},
    {"1", false, false},
    {"1,2", true, false},
    {"1,recirc(0x1)", true, false},
    {"userspace(reason=action),1", false, false},
    {"set(skb_priority(0x1)),1", true, false},
    {"trunc(64),1", false, false},
    {"trunc(64),1,2", true, true},
    {"2,trunc(64),1", true, false},
    {"trunc(64),1,trunc(60),2", true, false},
    {"trunc(64),1,trunc(65),2", true, true},
    {"trunc(64),1,set(eth(dst=02:00:00:00:00:01)),2", true, true},
    {"trunc(64),1,userspace(reason=action)", true, true},
};

static void
lists_tell_which_hook_they_need(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
        struct dp_action *actions;
        size_t n;

        assert_int_equal(dp_actions_parse(needs[i].text, &actions, &n, NULL), 0);
        assert_int_equal(dp_actions_need_tc(actions, n), needs[i].need_tc);
        assert_int_equal(dp_actions_need_slow(actions, n), needs[i].need_slow);
        free(actions);
    }
}

static void
last_output_is_marked(void **state)
{
    struct dp_action *actions;
    size_t n;

    (void)state;
    assert_int_equal(dp_actions_parse("1,2", &actions, &n, NULL), 0);
    assert_int_equal(actions[0].arg16, 0);
    assert_int_equal(actions[1].arg16, DP_OUTPUT_LAST);
    assert_int_equal(dp_actions_check(actions, n, NULL), 0);
    free(actions);
    assert_int_equal(dp_actions_parse("1,recirc(0x1)", &actions, &n, NULL), 0);
    assert_int_equal(actions[0].arg16, 0);
    free(actions);
}

static bool
apply(const char *text, struct dp_key *key)
{
    struct dp_action *actions;
    size_t n;
    bool known;

    assert_int_equal(dp_actions_parse(text, &actions, &n, NULL), 0);
    known = dp_actions_apply_key(actions, n, key);
    free(actions);
    return known;
}

static void
set_and_vlan_change_the_key(void **state)
{
    struct dp_key key = {.eth_type = htons(0x0800)};

    (void)state;
    assert_true(
        apply("set(ipv4(ttl=9)),push_vlan(vid=5,pcp=1),push_vlan(tpid=0x88a8,vid=6)", &key));
    assert_int_equal(key.ip_ttl, 9);
    assert_int_equal(ntohs(key.vlan[0].tpid), 0x88a8);
    assert_int_equal(ntohs(key.vlan[0].tci), 6);
    assert_int_equal(ntohs(key.vlan[1].tpid), 0x8100);
    assert_int_equal(ntohs(key.vlan[1].tci), 0x2005);
    assert_int_equal(ntohs(key.eth_type), 0x0800);
    assert_true(apply("pop_vlan,set(vlan(pcp=7))", &key));
    assert_int_equal(ntohs(key.vlan[0].tci), 0xe005);
    assert_int_equal(key.vlan[1].tpid, 0);
    assert_true(apply("push_vlan(vid=1),push_vlan(vid=2)", &key));
    assert_int_equal(ntohs(key.eth_type), 0x8100);
    assert_int_equal(key.ip_ttl, 0);
    assert_false(apply("pop_vlan", &key));
}

static void
mpls_hides_what_is_behind_it(void **state)
{
    struct dp_key key = {.eth_type = htons(0x0800),
                         .ip_ttl = 9,
                         .ip_src = 1,
                         .tp_src = 1,
                         .parsed = DP_PARSED_L3 | DP_PARSED_L4};

    (void)state;
    assert_true(apply("push_mpls(label=100,ttl=64,bos=1),push_mpls(label=200,ttl=3)", &key));
    assert_int_equal(ntohs(key.eth_type), 0x8847);
    assert_int_equal(key.n_mpls, 2);
    assert_int_equal(ntohl(key.mpls_lse[0]), 200 << 12 | 3);
    assert_int_equal(ntohl(key.mpls_lse[1]), 100 << 12 | 1 << 8 | 64);
    assert_int_equal(key.ip_ttl | key.ip_src | key.tp_src | key.parsed, 0);
    assert_true(apply("dec_mpls_ttl,copy_ttl(in)", &key));
    assert_int_equal(ntohl(key.mpls_lse[0]) & 0xff, 2);
    assert_int_equal(ntohl(key.mpls_lse[1]) & 0xff, 2);
    assert_true(apply("pop_mpls(eth_type=0x8847)", &key));
    assert_int_equal(key.n_mpls, 1);
    assert_false(apply("pop_mpls(eth_type=0x800)", &key));
    assert_int_equal(key.mpls_lse[0], 0);
    assert_int_equal(ntohs(key.eth_type), 0x0800);
}

static void
mpls_before_tags_hides_them(void **state)
{
    struct dp_key key = {.eth_type = htons(0x8847),
                         .n_mpls = 1,
                         .vlan[0] = {htons(0x8100), htons(5)},
                         .mpls_lse[0] = htonl(7 << 12)};

    (void)state;
    assert_true(apply("push_mpls(label=100,ttl=64,bos=1,outer=1)", &key));
    assert_int_equal(key.vlan[0].tpid | key.vlan[0].tci | key.mpls_lse[1], 0);
    assert_int_equal(key.n_mpls, 1);
    assert_int_equal(ntohl(key.mpls_lse[0]), 100 << 12 | 1 << 8 | 64);
    assert_false(apply("pop_mpls(eth_type=0x8100)", &key));
}

static void
pbb_hides_what_is_behind_it(void **state)
{
    struct dp_key key = {.eth_type = htons(0x0800), .eth_dst = {2}, .ip_src = 1};

    (void)state;
    assert_true(apply("push_vlan(vid=1),push_pbb(isid=5)", &key));
    assert_int_equal(ntohs(key.eth_type), 0x88e7);
    assert_int_equal(ntohl(key.pbb_itag), 5);
    assert_int_equal(key.vlan[0].tpid, 0);
    assert_int_equal(key.ip_src, 0);
    assert_int_equal(key.eth_dst[0], 2);
    assert_int_equal(key.parsed, DP_PARSED_PBB);
    assert_false(apply("pop_pbb", &key));
    assert_int_equal(key.pbb_itag, 0);
}

static void
invalid_ttl_ends_the_list(void **state)
{
    struct dp_key key = {.eth_type = htons(0x0800), .ip_ttl = 2};

    (void)state;
    assert_true(apply("dec_ttl,set(skb_mark(0x1))", &key));
    assert_int_equal(key.ip_ttl, 1);
    assert_int_equal(key.skb_mark, 1);
    assert_true(apply("dec_ttl,set(skb_mark(0x2))", &key));
    assert_int_equal(key.ip_ttl, 1);
    assert_int_equal(key.skb_mark, 1);
}

static void
symmetric_hash_agrees_for_both_directions(void **state)
{
    struct dp_key there = {.eth_type = htons(0x0800),
                           .ip_proto = 6,
                           .ip_src = 1,
                           .ip_dst = 2,
                           .tp_src = 3,
                           .tp_dst = 4};
    struct dp_key back = there;

    (void)state;
    back.ip_src = there.ip_dst;
    back.ip_dst = there.ip_src;
    back.tp_src = there.tp_dst;
    back.tp_dst = there.tp_src;
    assert_true(apply("hash(sym_l4(1)),recirc(0x5)", &there));
    assert_true(apply("hash(sym_l4(1))", &back));
    assert_int_equal(there.hash, back.hash);
    assert_int_equal(there.recirc_id, 5);
    assert_true(apply("hash(l4(1))", &back));
    assert_int_not_equal(there.hash, back.hash);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(text_survives_a_round_trip),
    cmocka_unit_test(random_sets_mean_the_same_as_their_text),
    cmocka_unit_test(every_row_has_a_text),
    cmocka_unit_test(bad_text_is_refused_with_its_place),
    cmocka_unit_test(bad_list_is_refused_with_its_place),
    cmocka_unit_test(parser_state_is_not_settable),
    cmocka_unit_test(lists_tell_which_hook_they_need),
    cmocka_unit_test(last_output_is_marked),
    cmocka_unit_test(set_and_vlan_change_the_key),
    cmocka_unit_test(mpls_hides_what_is_behind_it),
    cmocka_unit_test(mpls_before_tags_hides_them),
    cmocka_unit_test(pbb_hides_what_is_behind_it),
    cmocka_unit_test(invalid_ttl_ends_the_list),
    cmocka_unit_test(symmetric_hash_agrees_for_both_directions),
};

UNIT_MAIN(tests)
