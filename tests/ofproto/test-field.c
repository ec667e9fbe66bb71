/* SPDX-License-Identifier: Apache-2.0 */
/* The table of fields, matches over it, and what the wire says of both. */
#include "tests/ofproto/wire.h"

#include <arpa/inet.h>

/* ---- Fields -----------------------------------------------------------------------------------*/
static bool
is_view(const struct field *field)
{
    return field->storage == STORE_PACKET_TYPE || field->storage == STORE_IN_PORT10;
}

static void
every_field_reads_back_what_was_set(void **state)
{
    (void)state;
    for (const struct field *field = fields; field < fields + N_FIELDS; field++) {
        field_value value = field_ones(field) & ((field_value)0x5a5a << 112 | 0x5a5a5a5a5a5a5a5a);
        struct flow flow, mask;

        if (field->id == FIELD_ARP_OP)
            value &= 0xff;
        memset(&flow, 0, sizeof flow);
        memset(&mask, 0, sizeof mask);
        field_set(field, &flow, value);
        if (!is_view(field))
            assert_true(field_get(field, &flow) == value);
        assert_true(field_is_wild(field, &mask));
        field_unwildcard(field, &mask);
        assert_true(field_is_exact(field, &mask));
        /* Setting to zero touches no bit of others. */
        memset(&flow, 0xff, sizeof flow);
        field_set(field, &flow, 0);
        assert_true(field_get(field, &flow) == 0);
        field_set(field, &flow, field_ones(field));
        if (!is_view(field) && field->storage != STORE_TUN4 && field->storage != STORE_ARP_OP)
            for (int i = 0; i < FLOW_WORDS; i++)
                assert_true(flow_words(&flow)[i] == UINT64_MAX);
    }
}

static void
every_field_is_found_by_its_names_and_headers(void **state)
{
    (void)state;
    for (const struct field *field = fields; field < fields + N_FIELDS; field++) {
        const char *names[] = {field->name, field->alias, field->nxm_name, field->oxm_name};
        const uint32_t headers[] = {field->nxm, field->oxm};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
            if (names[i])
                assert_ptr_equal(field_by_name(names[i]), field);
        for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
            if (headers[i])
                assert_ptr_equal(field_by_header(headers[i], 0), field);
        if (field->onf)
            assert_ptr_equal(field_by_header(field->onf, OFPERR_ONF_ID), field);
    }
    assert_null(field_by_name("nosuch"));
    assert_null(field_by_header(0x80007e01, 0));
}

/* The generated codecs were described by others from the same specification. */
static void
headers_and_widths_are_those_of_the_descriptions(void **state)
{
    (void)state;
    for (const struct field *field = fields; field < fields + N_FIELDS; field++) {
        const uint32_t headers[] = {field->nxm, field->oxm};

        for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
            const struct of_oxm_field *of;

            if (!headers[i] || field->id == FIELD_MPLS_TTL)
                continue;
            of = of_oxm_field_find(headers[i], 0);
            if (!of)
                print_error("%s has a header that no description knows\n", field->name);
            assert_non_null(of);
            assert_int_equal(of->n_bytes, field->n_bytes);
            if (headers[i] >> 16 == 0x8000) {
                assert_true(of->masked_class_id != OF_NO_CLASS || !field->maskable);
                if (field->id != FIELD_ARP_OP)
                    assert_int_equal(of->bits, field->n_bits);
            }
        }
    }
}

static void
values_print_as_they_are_parsed(void **state)
{
    static const struct {
        enum field_id id;
        const char *text, *printed;
    } rows[] = {
        {FIELD_ETH_SRC, "00:11:22:33:44:55", NULL},
        {FIELD_ETH_SRC, "01:00:00:00:00:00/01:00:00:00:00:00", NULL},
        {FIELD_IP_SRC, "10.0.0.0/8", NULL},
        {FIELD_IP_SRC, "10.0.0.0/255.0.0.0", "10.0.0.0/8"},
        {FIELD_IP_SRC, "10.0.0.1/255.0.0.255", NULL},
        {FIELD_IPV6_DST, "2001:db8::/32", NULL},
        {FIELD_IPV6_DST, "fe80::1", NULL},
        {FIELD_TCP_SRC, "0x50", "80"},
        {FIELD_TCP_SRC, "0x10/0xfff0", NULL},
        {FIELD_REG0, "5", "0x5"},
        {FIELD_REG0, "0", "0"},
        {FIELD_XXREG0, "0x123456789abcdef0123456789abcdef0", NULL},
        {FIELD_CT_LABEL, "0x1/0xffffffffffffffffff", NULL},
        {FIELD_TCP_FLAGS, "+syn-ack", NULL},
        {FIELD_TCP_FLAGS, "syn|ack", NULL},
        {FIELD_IP_FRAG, "later", NULL},
        {FIELD_PACKET_TYPE, "(1,0x800)", NULL},
        {FIELD_IN_PORT_OXM, "local", "LOCAL"},
        {FIELD_PBB_ISID, "0x5", NULL},
        {FIELD_IPV6_EXTHDR, "0x1/0x3", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct buf out = BUF_INITIALIZER;
        field_value value, mask;

        assert_no_message(field_parse(&fields[rows[i].id], rows[i].text, NULL, &value, &mask));
        field_format(&fields[rows[i].id], value, mask, NULL, &out);
        assert_string_equal(buf_text(&out), rows[i].printed ? rows[i].printed : rows[i].text);
        buf_destroy(&out);
    }
}

/* ---- Matches ----------------------------------------------------------------------------------*/
static void
parse(const char *text, struct match *match)
{
    assert_no_message(match_parse(match, text, NULL));
}

static void
matches_cover_overlap_and_contain(void **state)
{
    struct match wide, narrow, other;
    struct minimatch mm, mm_wide;
    struct match expanded;

    (void)state;
    parse("ip,nw_dst=10.0.0.0/8", &wide);
    parse("tcp,nw_dst=10.1.0.0/16,tp_dst=80", &narrow);
    parse("udp", &other);
    assert_true(match_is_subset(&narrow, &wide));
    assert_false(match_is_subset(&wide, &narrow));
    assert_true(match_overlaps(&wide, &narrow));
    assert_true(match_overlaps(&wide, &other));
    assert_false(match_overlaps(&narrow, &other));
    assert_true(match_covers(&wide, &narrow.flow));
    assert_false(match_covers(&narrow, &wide.flow));

    minimatch_init(&mm, &narrow);
    minimatch_init(&mm_wide, &wide);
    minimatch_expand(&mm, &expanded);
    assert_true(match_equal(&expanded, &narrow));
    assert_true(minimatch_covers(&mm, &narrow.flow));
    assert_true(minimatch_is_subset(&mm, &wide));
    assert_true(minimatch_overlaps(&mm, &mm_wide));
    assert_false(minimatch_equal(&mm, &mm_wide));
    minimatch_destroy(&mm);
    minimatch_destroy(&mm_wide);

    match_init_catchall(&wide);
    minimatch_init(&mm, &wide);
    assert_int_equal(minimatch_n_words(&mm), 0);
    assert_true(match_is_catchall(&wide));
    minimatch_destroy(&mm);
}

/* Everything that a version says of a match reads back the same. */
static void
fields_come_back_from_every_version(void **state)
{
    static const char *const texts[] = {
        "in_port=1,in_phy_port=2",
        "metadata=0x5/0xff",
        "dl_type=0x88e7,pbb_isid=0x123/0xff0fff",
        "mpls,mpls_label=3,mpls_tc=2,mpls_bos=1",
        "ipv6,ipv6_exthdr=0x1/0x3,ipv6_label=5",
        "arp,arp_op=2,arp_spa=1.2.3.4,arp_tha=00:00:00:00:00:01",
        "icmp6,icmp_type=136,nd_target=fe80::1,nd_tll=00:00:00:00:00:02",
        "sctp,tp_src=1,tp_dst=2",
        "dl_vlan=5,dl_vlan_pcp=3",
        "vlan_tci=0x1000/0x1000",
        "tun_id=5/0xf,tun_src=1.2.3.4",
        "tun_ipv6_src=fe80::1",
        "reg0=1,reg1=2/3,reg7=7",
        "ct_state=+trk+est,ct_mark=1",
    };

    (void)state;
    for (size_t v = 1; v < ARRAY_SIZE(wire_versions); v++)
        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
            struct of_oxm_list list;
            struct of_arena arena;
            struct match match, copy;

            of_arena_init(&arena, NULL, 0);
            parse(texts[i], &match);
            match_encode_oxm(&match, wire_versions[v], &arena, &list);
            assert_int_equal(match_decode_oxm(&list, false, &copy, NULL, NULL), OFPERR_OK);
            if (!match_equal(&match, &copy))
                print_error("%s in version %d\n", texts[i], wire_versions[v]);
            assert_true(match_equal(&match, &copy));
            of_arena_destroy(&arena);
        }
}

struct raw {
    uint32_t header;
    uint64_t value;
    uint64_t mask; /* 0: none. */
};

#define OXM(FIELD, LENGTH) (0x80000000u | (FIELD) << 9 | (LENGTH))

/* Wrong lists, in terms of the specification's table 11, and their errors. */
static void
wrong_matches_get_the_error_of_the_specification(void **state)
{
    static const struct {
        struct raw fields[3];
        enum ofperr error;
    } rows[] = {
        {{{OXM(11, 4), 0x01020304, 0}}, OFPERR_OFPBMC_BAD_PREREQ},
        {{{OXM(5, 2), 0x0806, 0}, {OXM(11, 4), 0x01020304, 0}}, OFPERR_OFPBMC_BAD_PREREQ},
        {{{OXM(11, 4), 1, 0}, {OXM(5, 2), 0x0800, 0}}, OFPERR_OFPBMC_BAD_PREREQ},
        {{{OXM(5, 2), 0x0800, 0}, {OXM(13, 2), 80, 0}}, OFPERR_OFPBMC_BAD_PREREQ},
        {{{OXM(5, 2), 0x0800, 0}, {OXM(10, 1), 17, 0}, {OXM(13, 2), 80, 0}},
         OFPERR_OFPBMC_BAD_PREREQ},
        {{{OXM(7, 1), 3, 0}}, OFPERR_OFPBMC_BAD_PREREQ},
        {{{OXM(6, 2), 0, 0}, {OXM(7, 1), 3, 0}}, OFPERR_OFPBMC_BAD_PREREQ},
        {{{OXM(1, 4), 3, 0}}, OFPERR_OFPBMC_BAD_PREREQ},
        {{{OXM(37, 3), 3, 0}}, OFPERR_OFPBMC_BAD_PREREQ},
        {{{OXM(5, 2), 0x0806, 0}, {OXM(21, 2), 256, 0}}, OFPERR_OFPBMC_BAD_VALUE},
        {{{OXM(5, 2), 0x0800, 0}, {OXM(5, 2), 0x0800, 0}}, OFPERR_OFPBMC_DUP_FIELD},
        {{{OXM(5, 2), 0x0800, 0}, {OXM(10, 1), 6, 0}, {OXM(13, 2), 80, 0}}, OFPERR_OK},
        {{{OXM(6, 2), 0x1000, 0x1000}, {OXM(7, 1), 3, 0}}, OFPERR_OK},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct of_oxm *items[3];
        struct of_oxm_list list = {0, items};
        struct of_arena arena;
        struct match match;

        of_arena_init(&arena, NULL, 0);
        for (size_t j = 0; j < 3 && rows[i].fields[j].header; j++) {
            const struct raw *raw = &rows[i].fields[j];
            size_t n_bytes = raw->header & 0xff;
            uint8_t value[8], mask[8];
            struct of_error error;

            field_write(raw->value, value, n_bytes);
            field_write(raw->mask, mask, n_bytes);
            items[j] = of_oxm_from_bytes(&arena, OFP13, raw->header, 0, value,
                                         raw->mask ? mask : NULL, n_bytes, &error);
            assert_non_null(items[j]);
            list.n++;
        }
        if (match_decode_oxm(&list, false, &match, NULL, NULL) != rows[i].error)
            print_error("row %zu: %s\n", i,
                        ofperr_name(match_decode_oxm(&list, false, &match, NULL, NULL)));
        assert_int_equal(match_decode_oxm(&list, false, &match, NULL, NULL), rows[i].error);
        of_arena_destroy(&arena);
    }
}

static void
openflow_1_0_says_what_it_can(void **state)
{
    static const struct {
        const char *text;
        bool fits;
    } rows[] = {
        {"", true},
        {"in_port=3,tcp,nw_src=10.0.0.0/8,tp_dst=80", true},
        {"icmp,icmp_type=8,icmp_code=0", true},
        {"arp,arp_op=1,arp_spa=1.2.3.4", true},
        {"dl_vlan=5,dl_vlan_pcp=2", true},
        {"dl_vlan=0xffff", true},
        {"vlan_tci=0x1000/0x1000", false},
        {"ip,nw_src=1.0.0.1/255.0.0.255", false},
        {"tcp,tp_src=0x10/0xf0", false},
        {"ipv6,ipv6_src=fe80::1", false},
        {"ip,nw_ttl=4", false},
        {"reg0=1", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct match match, copy;
        struct of_match of;

        memset(&of, 0, sizeof of);
        parse(rows[i].text, &match);
        assert_int_equal(match_encode(&match, OFP10, NULL, &of), rows[i].fits);
        assert_int_equal(match_decode(&of, OFP10, &copy), OFPERR_OK);
        if (rows[i].fits)
            assert_true(match_equal(&match, &copy));
        else
            assert_true(match_is_subset(&match, &copy));
    }
}

/* Section 3.4 of OpenFlow 1.0: fields without their protocol are ignored. */
static void
openflow_1_0_ignores_what_has_no_header(void **state)
{
    struct of_match of = {.wildcards = OFPFW_ALL & ~(uint32_t)(OFPFW_TP_DST | OFPFW_NW_PROTO),
                          .tp_dst = 80,
                          .nw_proto = 6};
    struct match match;

    (void)state;
    assert_int_equal(match_decode(&of, OFP10, &match), OFPERR_OK);
    assert_true(match_is_catchall(&match));
}

/* ---- Errors -----------------------------------------------------------------------------------*/
static void
errors_go_to_the_wire_and_back(void **state)
{
    (void)state;
    for (size_t v = 0; v < ARRAY_SIZE(wire_versions); v++)
        for (int e = OFPERR_OK + 1; e < N_OFPERRS; e++) {
            enum ofp_version version = wire_versions[v];
            struct ofperr_wire wire = ofperr_to_wire((enum ofperr)e, version);
            struct ofperr_wire unencodable =
                version > OFP10 ? (struct ofperr_wire){OFPERR_NICIRA_ID, 0xffff, 10}
                                : (struct ofperr_wire){OFPERR_NICIRA_ID, 1, 521};

            struct ofperr_wire back;

            if (!memcmp(&wire, &unencodable, sizeof wire))
                continue;
            /* Old versions write two errors alike here and there. */
            back = ofperr_to_wire(ofperr_from_wire(wire, version), version);
            assert_memory_equal(&back, &wire, sizeof wire);
        }
    assert_string_equal(ofperr_name(OFPERR_OFPBMC_BAD_PREREQ), "OFPBMC_BAD_PREREQ");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_field_reads_back_what_was_set),
    cmocka_unit_test(every_field_is_found_by_its_names_and_headers),
    cmocka_unit_test(headers_and_widths_are_those_of_the_descriptions),
    cmocka_unit_test(values_print_as_they_are_parsed),
    cmocka_unit_test(matches_cover_overlap_and_contain),
    cmocka_unit_test(fields_come_back_from_every_version),
    cmocka_unit_test(wrong_matches_get_the_error_of_the_specification),
    cmocka_unit_test(openflow_1_0_says_what_it_can),
    cmocka_unit_test(openflow_1_0_ignores_what_has_no_header),
    cmocka_unit_test(errors_go_to_the_wire_and_back),
};

UNIT_MAIN(tests)
