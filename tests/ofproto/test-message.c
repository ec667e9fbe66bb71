/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between their internal form and every version: made here, and captured from others
 * (tests/openflow/captures). */
#include "tests/ofproto/wire.h"

#include <dirent.h>

/* Runs BODY for each version, with `version`, `msg` (empty) and `arena`. */
#define FOR_EACH_VERSION(FROM) for (size_t v_ = (FROM); v_ < ARRAY_SIZE(wire_versions); v_++)

struct wire {
    enum ofp_version version;
    struct buf msg;
    struct of_arena arena;
};

static void
wire_init(struct wire *wire, size_t index)
{
    wire->version = wire_versions[index];
    buf_init(&wire->msg);
    of_arena_init(&wire->arena, NULL, 0);
}

static void
wire_destroy(struct wire *wire)
{
    buf_destroy(&wire->msg);
    of_arena_destroy(&wire->arena);
}

static void
parse_flow(const char *text, struct buf *ofpacts, struct ofp_flow_mod *fm)
{
    assert_no_message(ofp_flow_mod_parse(text, OFPFC_ADD, NULL, ofpacts, fm));
}

/* ---- Flows ------------------------------------------------------------------------------------*/
static void
flow_mods_keep_their_members(void **state)
{
    (void)state;
    FOR_EACH_VERSION(0)
    {
        for (uint8_t command = OFPFC_ADD; command <= OFPFC_DELETE_STRICT; command++) {
            bool delete = command >= OFPFC_DELETE;
            struct buf ofpacts = BUF_INITIALIZER, again = BUF_INITIALIZER;
            struct ofp_flow_mod fm, copy;
            struct wire wire;

            wire_init(&wire, v_);
            parse_flow("table=3,priority=7,tcp,tp_dst=80,idle_timeout=5,hard_timeout=6,"
                       "send_flow_rem,actions=output:1",
                       &ofpacts, &fm);
            fm.command = command;
            fm.out_port = 4;
            fm.new_cookie = command == OFPFC_ADD ? 0x1234 : UINT64_MAX;
            fm.cookie = command == OFPFC_ADD ? 0 : 0x30;
            fm.cookie_mask = command == OFPFC_ADD ? 0 : 0xf0;
            ofp_flow_mod_encode(&fm, wire.version, 9, false, true, &wire.msg);
            assert_int_equal(ofp_flow_mod_decode(wire_decode(&wire.msg, &wire.arena), &wire_limits,
                                                 &again, &copy),
                             OFPERR_OK);
            assert_int_equal(copy.command, command);
            assert_int_equal(copy.table_id, 3);
            assert_int_equal(copy.priority, 7);
            assert_int_equal(copy.idle_timeout, 5);
            assert_int_equal(copy.flags, OFPFF_SEND_FLOW_REM);
            assert_true(match_equal(&copy.match, &fm.match));
            assert_int_equal(copy.out_port, delete ? 4 : OFPORT_ANY);
            assert_int_equal(copy.ofpacts_size, delete ? 0 : fm.ofpacts_size);
            if (command == OFPFC_ADD)
                assert_int_equal(copy.new_cookie, 0x1234);
            else
                assert_int_equal(copy.cookie_mask, 0xf0);
            wire_destroy(&wire);
            buf_destroy(&ofpacts);
            buf_destroy(&again);
        }
    }
}

/* What the specification says of requests that cannot be. */
static void
wrong_flow_mods_get_their_error(void **state)
{
    static const struct {
        const char *text;
        uint8_t table_id;
        enum ofperr error;
    } rows[] = {
        {"actions=output:1", OFTABLE_ALL, OFPERR_OFPFMFC_BAD_TABLE_ID},
        {"actions=output:1", 20, OFPERR_OFPFMFC_BAD_TABLE_ID},
        {"actions=goto_table:3", 3, OFPERR_OFPBIC_BAD_TABLE_ID},
        {"actions=goto_table:10", 3, OFPERR_OFPBIC_BAD_TABLE_ID},
        {"actions=output:300", 0, OFPERR_OFPBAC_BAD_OUT_PORT},
        {"actions=output:0", 0, OFPERR_OFPBAC_BAD_OUT_PORT},
        {"actions=group:4294967040", 0, OFPERR_OFPBAC_BAD_OUT_GROUP},
        {"actions=meter:0", 0, OFPERR_OFPMMFC_INVALID_METER},
        {"actions=dec_ttl", 0, OFPERR_OFPBAC_MATCH_INCONSISTENT},
        {"actions=pop_mpls:0x0800", 0, OFPERR_OFPBAC_MATCH_INCONSISTENT},
        {"dl_vlan=3,actions=pop_vlan,pop_vlan", 0, OFPERR_OFPBAC_MATCH_INCONSISTENT},
        {"actions=push_vlan:0x8100,push_vlan:0x88a8,pop_vlan,pop_vlan", 0, OFPERR_OK},
        {"ip,actions=push_mpls:0x8847,dec_ttl", 0, OFPERR_OFPBAC_MATCH_INCONSISTENT},
        {"ip,actions=push_mpls:0x8847,pop_mpls:0x0800,dec_ttl", 0, OFPERR_OK},
        {"dl_type=0x88e7,actions=pop_pbb", 0, OFPERR_OK},
        {"actions=push_pbb:0x88e7,set_field:5->pbb_isid", 0, OFPERR_OK},
    };
    static const struct ofp_decode_limits limits = {.max_ports = 256, .n_tables = 10};

    (void)state;
    FOR_EACH_VERSION(1)
    {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
            struct buf ofpacts = BUF_INITIALIZER, again = BUF_INITIALIZER;
            struct ofp_flow_mod fm, copy;
            struct wire wire;
            enum ofperr error;
            char *message;

            wire_init(&wire, v_);
            message = ofp_flow_mod_parse(rows[i].text, OFPFC_ADD, NULL, &ofpacts, &fm);
            if (message) { /* Text is refused for the same reason: take the list unchecked. */
                free(message);
                assert_no_message(
                    ofpacts_parse(strstr(rows[i].text, "actions=") + 8, NULL, true, &ofpacts));
                fm.ofpacts = (const void *)ofpacts.data;
                fm.ofpacts_size = ofpacts.size;
            }
            fm.table_id = rows[i].table_id;
            ofp_flow_mod_encode(&fm, wire.version, 1, false, false, &wire.msg);
            error =
                ofp_flow_mod_decode(wire_decode(&wire.msg, &wire.arena), &limits, &again, &copy);
            if (error != rows[i].error)
                print_error("%s: %s\n", rows[i].text, ofperr_name(error));
            assert_int_equal(error, rows[i].error);
            wire_destroy(&wire);
            buf_destroy(&ofpacts);
            buf_destroy(&again);
        }
    }
}

static void
openflow_1_0_adds_on_modification(void **state)
{
    struct buf ofpacts = BUF_INITIALIZER, again = BUF_INITIALIZER;
    struct ofp_decode_limits limits = wire_limits;
    struct ofp_flow_mod fm, copy;
    struct wire wire;

    (void)state;
    wire_init(&wire, 0);
    parse_flow("table=2,ip,actions=output:1", &ofpacts, &fm);
    fm.command = OFPFC_MODIFY;
    ofp_flow_mod_encode(&fm, OFP10, 1, false, true, &wire.msg);
    assert_int_equal(
        ofp_flow_mod_decode(wire_decode(&wire.msg, &wire.arena), &limits, &again, &copy),
        OFPERR_OK);
    assert_true(copy.add_if_missing);
    assert_int_equal(copy.table_id, 2);
    limits.flow_mod_table_id = false;
    assert_int_equal(
        ofp_flow_mod_decode(wire_decode(&wire.msg, &wire.arena), &limits, &again, &copy),
        OFPERR_OFPFMFC_BAD_COMMAND);
    wire_destroy(&wire);
    buf_destroy(&ofpacts);
    buf_destroy(&again);
}

/* ---- Packets ----------------------------------------------------------------------------------*/
static void
packets_go_out_and_come_in(void **state)
{
    static const uint8_t packet[60] = {1, 2, 3};

    (void)state;
    FOR_EACH_VERSION(0)
    {
        struct buf ofpacts = BUF_INITIALIZER, again = BUF_INITIALIZER, bytes = BUF_INITIALIZER;
        struct ofp_packet_out po, po_copy;
        struct wire wire;

        wire_init(&wire, v_);
        assert_no_message(ofp_packet_out_parse("in_port=3 packet=010203 actions=output:2,dec_ttl",
                                               NULL, &ofpacts, &bytes, &po));
        ofp_packet_out_encode(&po, wire.version, 5, &wire.msg);
        assert_int_equal(ofp_packet_out_decode(wire_decode(&wire.msg, &wire.arena), &wire_limits,
                                               &again, &po_copy),
                         OFPERR_OK);
        assert_int_equal(po_copy.match.flow.in_port, 3);
        assert_int_equal(po_copy.packet_size, 3);
        assert_memory_equal(po_copy.packet, "\1\2\3", 3);
        assert_int_equal(po_copy.ofpacts_size, po.ofpacts_size);
        buf_destroy(&ofpacts);
        buf_destroy(&again);
        buf_destroy(&bytes);
        wire_destroy(&wire);

        for (int format = PACKET_IN_STANDARD; format <= PACKET_IN_NXT2; format++) {
            struct ofp_packet_in pin = {.packet = packet,
                                        .packet_size = sizeof packet,
                                        .total_size = 100,
                                        .buffer_id = 7,
                                        .reason = OFPR_INVALID_TTL,
                                        .table_id = 4,
                                        .cookie = 0x55};
            struct ofp_packet_in copy;

            wire_init(&wire, v_);
            pin.metadata.in_port = 9;
            field_set(&fields[FIELD_METADATA], &pin.metadata, 0x77);
            field_set(&fields[FIELD_REG(3)], &pin.metadata, 5);
            ofp_packet_in_encode(&pin, (enum ofp_packet_in_format)format, wire.version, &wire.msg);
            assert_int_equal(ofp_packet_in_decode(wire_decode(&wire.msg, &wire.arena), &copy),
                             OFPERR_OK);
            assert_int_equal(copy.packet_size, sizeof packet);
            assert_int_equal(copy.total_size, 100);
            assert_int_equal(copy.buffer_id, 7);
            assert_int_equal(copy.reason, OFPR_INVALID_TTL);
            assert_int_equal(copy.metadata.in_port, 9);
            if (wire.version > OFP10 || format != PACKET_IN_STANDARD) {
                assert_int_equal(copy.table_id, 4);
                assert_int_equal(copy.cookie, 0x55);
                assert_int_equal(field_get(&fields[FIELD_METADATA], &copy.metadata), 0x77);
                assert_int_equal(field_get(&fields[FIELD_REG(3)], &copy.metadata), 5);
            }
            wire_destroy(&wire);
        }
    }
}

/* ---- Statistics -------------------------------------------------------------------------------*/
struct collected {
    size_t n;
    struct buf text;
};

static void
collect_flow(const struct ofp_flow_stats *fs, void *collected_)
{
    struct collected *collected = collected_;

    if (!collected->n++)
        ofp_flow_stats_format(fs, NULL, true, &collected->text);
}

/* Feeds each whole message of `msgs` to a decoder. */
static size_t
decode_parts(const struct buf *msgs, struct collected *collected)
{
    size_t n = 0;

    for (size_t ofs = 0; ofs < msgs->size; n++) {
        const uint8_t *bytes = (const uint8_t *)msgs->data + ofs;
        struct buf part = {msgs->data + ofs, (size_t)field_read(bytes + 2, 2), 0, true};
        struct of_arena arena;
        const struct of_header *reply;

        assert_true(part.size <= OFP_PART_SIZE && part.size >= 8);
        of_arena_init(&arena, NULL, 0);
        reply = wire_decode(&part, &arena);
        assert_int_equal(((const struct of_stats_reply *)(const void *)reply)->flags,
                         ofs + part.size < msgs->size ? OFPSF_REPLY_MORE : 0);
        assert_int_equal(ofp_flow_stats_decode(reply, collect_flow, collected), OFPERR_OK);
        of_arena_destroy(&arena);
        ofs += part.size;
    }
    return n;
}

static void
flow_statistics_come_in_parts(void **state)
{
    (void)state;
    for (int nxm = 0; nxm < 2; nxm++)
        FOR_EACH_VERSION(0)
        {
            struct ofp_flow_stats fs = {.idle_age_s = -1, .hard_age_s = -1};
            struct ofp_flow_stats_request request, copy;
            struct buf ofpacts = BUF_INITIALIZER, msgs = BUF_INITIALIZER;
            struct collected collected = {0, BUF_INITIALIZER};
            struct ofp_flow_mod fm;
            struct ofp_multipart mp;
            struct wire wire;

            wire_init(&wire, v_);
            if (nxm && wire.version > OFP10)
                continue;
            assert_no_message(
                ofp_flow_stats_request_parse("table=3,out_port=2,ip", NULL, &request));
            request.nxm = nxm;
            ofp_flow_stats_request_encode(&request, wire.version, 77, &wire.msg);
            assert_int_equal(
                ofp_flow_stats_request_decode(wire_decode(&wire.msg, &wire.arena), &copy),
                OFPERR_OK);
            assert_int_equal(copy.table_id, 3);
            assert_int_equal(copy.out_port, 2);
            assert_int_equal(copy.nxm, nxm);

            parse_flow("table=3,priority=5,ip,nw_src=10.0.0.1,actions=output:1,dec_ttl", &ofpacts,
                       &fm);
            fs.match = fm.match;
            fs.priority = 5;
            fs.table_id = 3;
            fs.cookie = 0x99;
            fs.duration_ns = UINT64_C(12345000000);
            fs.n_packets = 4;
            fs.n_bytes = 400;
            fs.ofpacts = fm.ofpacts;
            fs.ofpacts_size = fm.ofpacts_size;
            ofp_multipart_start(&mp, wire_decode(&wire.msg, &wire.arena), &msgs);
            for (int i = 0; i < 1000; i++)
                ofp_flow_stats_append(&fs, &copy, &mp);
            assert_true(decode_parts(&msgs, &collected) > 1);
            assert_int_equal(collected.n, 1000);
            assert_string_equal(buf_text(&collected.text),
                                "cookie=0x99, duration=12.345s, table=3, n_packets=4, n_bytes=400, "
                                "priority=5,ip,nw_src=10.0.0.1 actions=output:1,dec_ttl");
            buf_destroy(&collected.text);
            buf_destroy(&ofpacts);
            buf_destroy(&msgs);
            wire_destroy(&wire);
        }
}

static void
aggregates_and_removed_flows_come_back(void **state)
{
    (void)state;
    FOR_EACH_VERSION(0)
    {
        struct ofp_aggregate_stats as = {10, 1000, 3}, as_copy;
        struct ofp_flow_stats_request request;
        struct buf msgs = BUF_INITIALIZER;
        struct ofp_flow_removed fr = {0}, fr_copy;
        struct ofp_multipart mp;
        struct wire wire;

        wire_init(&wire, v_);
        assert_no_message(ofp_flow_stats_request_parse("", NULL, &request));
        request.aggregate = true;
        ofp_flow_stats_request_encode(&request, wire.version, 1, &wire.msg);
        ofp_multipart_start(&mp, wire_decode(&wire.msg, &wire.arena), &msgs);
        ofp_aggregate_stats_append(&as, &request, &mp);
        assert_int_equal(ofp_aggregate_stats_decode(wire_decode(&msgs, &wire.arena), &as_copy),
                         OFPERR_OK);
        assert_int_equal(as_copy.n_packets, 10);
        assert_int_equal(as_copy.n_bytes, 1000);
        assert_int_equal(as_copy.n_flows, 3);
        buf_destroy(&msgs);
        wire_destroy(&wire);

        for (int nxm = 0; nxm < 2; nxm++) {
            wire_init(&wire, v_);
            assert_no_message(match_parse(&fr.match, "tcp,tp_dst=80", NULL));
            fr.reason = OFPRR_HARD_TIMEOUT;
            fr.duration_ns = UINT64_C(3000000004);
            fr.n_packets = 9;
            fr.n_bytes = 90;
            fr.idle_timeout = 3;
            fr.priority = 77;
            ofp_flow_removed_encode(&fr, wire.version, nxm, &wire.msg);
            assert_int_equal(ofp_flow_removed_decode(wire_decode(&wire.msg, &wire.arena), &fr_copy),
                             OFPERR_OK);
            assert_true(match_equal(&fr.match, &fr_copy.match));
            assert_int_equal(fr_copy.reason, OFPRR_HARD_TIMEOUT);
            assert_true(fr_copy.duration_ns == fr.duration_ns);
            assert_int_equal(fr_copy.n_packets, 9);
            assert_int_equal(fr_copy.priority, 77);
            wire_destroy(&wire);
        }
    }
}

/* ---- Groups and meters ------------------------------------------------------------------------*/
/* Prints a group as a description. */
static void
print_group(const struct ofp_group_mod *gm, enum ofp_version version, struct buf *out)
{
    struct ofp_group_desc gd = {.type = gm->type, .group_id = gm->group_id, .props = gm->props};

    ofp_buckets_clone(&gd.buckets, &gm->buckets);
    ofp_group_desc_format(&gd, version, NULL, out);
    ofp_buckets_destroy(&gd.buckets);
}

static void
groups_come_back_and_print(void **state)
{
    static const struct {
        const char *text;
        const char *v13, *v15; /* NULL: as v13. */
    } rows[] = {
        {"group_id=1,type=all,bucket=output:1,bucket=output:2",
         "group_id=1,type=all,bucket=actions=output:1,bucket=actions=output:2",
         "group_id=1,type=all,bucket=bucket_id:0,actions=output:1,bucket=bucket_id:1,actions="
         "output:2"},
        {"group_id=2 type=select bucket=weight:5,actions=output:1,dec_ttl bucket=output:3",
         "group_id=2,type=select,bucket=weight:5,actions=output:1,dec_ttl,bucket=actions=output:3",
         "group_id=2,type=select,bucket=bucket_id:0,weight:5,actions=output:1,dec_ttl,bucket="
         "bucket_id:1,actions=output:3"},
        {"group_id=3,type=ff,bucket=watch_port:1,output:1,bucket=watch_group:2,output:2",
         "group_id=3,type=ff,bucket=watch_port:1,actions=output:1,bucket=watch_group:2,actions="
         "output:2",
         "group_id=3,type=ff,bucket=bucket_id:0,watch_port:1,actions=output:1,bucket=bucket_id:1,"
         "watch_group:2,actions=output:2"},
        {"group_id=4,type=indirect,bucket=bucket_id:9,set_field:00:00:00:00:00:01->eth_dst,"
         "resubmit(,3)",
         "group_id=4,type=indirect,bucket=actions=set_field:00:00:00:00:00:01->eth_dst,"
         "resubmit(,3)",
         "group_id=4,type=indirect,bucket=bucket_id:9,actions=set_field:00:00:00:00:00:01->eth_dst,"
         "resubmit(,3)"},
        {"group_id=5,type=select,selection_method=hash,fields(ip_src,tcp_dst),bucket=output:1",
         "group_id=5,type=select,bucket=actions=output:1",
         "group_id=5,type=select,selection_method=hash,fields(ip_src,tcp_dst),bucket=bucket_id:0,"
         "actions=output:1"},
    };

    (void)state;
    FOR_EACH_VERSION(1)
    {
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
            const char *expected = wire_versions[v_] >= OFP15 ? rows[i].v15 : rows[i].v13;
            struct buf out = BUF_INITIALIZER;
            struct ofp_group_mod gm, copy;
            struct wire wire;

            wire_init(&wire, v_);
            assert_no_message(ofp_group_mod_parse(rows[i].text, OFPGC_ADD, NULL, &gm));
            ofp_group_mod_encode(&gm, wire.version, 1, &wire.msg);
            assert_int_equal(
                ofp_group_mod_decode(wire_decode(&wire.msg, &wire.arena), &wire_limits, &copy),
                OFPERR_OK);
            print_group(&copy, wire.version, &out);
            assert_string_equal(buf_text(&out), expected);
            ofp_group_mod_destroy(&gm);
            ofp_group_mod_destroy(&copy);
            buf_destroy(&out);
            wire_destroy(&wire);
        }
    }
}

static void
wrong_groups_and_meters_are_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } groups[] = {
        {"type=all,bucket=output:1", "group's number is missing"},
        {"group_id=1,bucket=output:1", "type is missing"},
        {"group_id=1,type=nosuch", "no type of group"},
        {"group_id=1,type=indirect", "exactly one bucket"},
        {"group_id=1,type=indirect,bucket=output:1,bucket=output:2", "exactly one bucket"},
        {"group_id=4294967295,type=all", "is no group"},
        {"group_id=1,type=all,bucket=frob", "it is no action"},
        {"group_id=1,type=all,foo=1", "foo at 21: foo is unknown"},
        {"group_id=1,type=all,bucket=goto_table:3", "an instruction cannot stand here"},
    };
    static const struct {
        const char *text, *message;
    } meters[] = {
        {"kbps bands=type=drop rate=3", "meter's number is missing"},
        {"meter=1 kbps", "a band is missing"},
        {"meter=1 kbps pktps bands=type=drop rate=3", "exclude each other"},
        {"meter=1 bands=type=nosuch rate=3", "no type of band"},
        {"meter=1 bands=rate=3", "in front of the band's type"},
        {"meter=1 bands=type=drop", "has no rate"},
        {"meter=1 frob bands=type=drop rate=1", "frob is unknown"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        struct ofp_group_mod gm;
        char *error = ofp_group_mod_parse(groups[i].text, OFPGC_ADD, NULL, &gm);

        assert_non_null(error);
        if (!strstr(error, groups[i].message))
            print_error("%s says: %s\n", groups[i].text, error);
        assert_non_null(strstr(error, groups[i].message));
        free(error);
    }
    for (size_t i = 0; i < ARRAY_SIZE(meters); i++) {
        struct ofp_meter_mod mm;
        char *error = ofp_meter_mod_parse(meters[i].text, OFPMC_ADD, &mm);

        assert_non_null(error);
        if (!strstr(error, meters[i].message))
            print_error("%s says: %s\n", meters[i].text, error);
        assert_non_null(strstr(error, meters[i].message));
        free(error);
    }
}

static void
meters_come_back_and_print(void **state)
{
    (void)state;
    FOR_EACH_VERSION(1)
    {
        struct buf out = BUF_INITIALIZER;
        struct ofp_meter_mod mm, copy;
        struct wire wire;

        wire_init(&wire, v_);
        assert_no_message(
            ofp_meter_mod_parse("meter=5 pktps burst stats bands=type=drop rate=1000 burst_size=10 "
                                "type=dscp_remark rate=500 burst_size=5 prec_level=1",
                                OFPMC_ADD, &mm));
        ofp_meter_mod_encode(&mm, wire.version, 1, &wire.msg);
        assert_int_equal(ofp_meter_mod_decode(wire_decode(&wire.msg, &wire.arena), &copy),
                         OFPERR_OK);
        ofp_meter_config_format(&copy.meter, &out);
        assert_string_equal(buf_text(&out),
                            "meter=5 pktps burst stats bands=\n"
                            "type=drop rate=1000 burst_size=10\n"
                            "type=dscp_remark rate=500 burst_size=5 prec_level=1\n");
        buf_destroy(&out);
        wire_destroy(&wire);
    }
}

/* ---- Ports and errors -------------------------------------------------------------------------*/
static void
ports_come_back(void **state)
{
    (void)state;
    FOR_EACH_VERSION(0)
    {
        struct ofp_port port = {.port_no = OFPORT_LOCAL,
                                .hw_addr = {2, 0, 0, 0, 0, 1},
                                .name = "br0",
                                .config = OFPPC_PORT_DOWN,
                                .state = OFPPS_LINK_DOWN,
                                .curr = OFPPF_10GB_FD | OFPPF_COPPER,
                                .curr_speed = 10000000}; /* Of 1.0: as curr tells. */
        struct ofp_port_mod pm = {.port_no = 3,
                                  .hw_addr = {2, 0, 0, 0, 0, 1},
                                  .config = OFPPC_NO_FWD,
                                  .mask = OFPPC_NO_FWD,
                                  .advertise = OFPPF_AUTONEG};
        struct ofp_port port_copy;
        struct ofp_port_mod pm_copy;
        uint8_t reason;
        struct wire wire;

        wire_init(&wire, v_);
        ofp_port_status_encode(&port, OFPPR_MODIFY, wire.version, &wire.msg);
        assert_int_equal(
            ofp_port_status_decode(wire_decode(&wire.msg, &wire.arena), &port_copy, &reason),
            OFPERR_OK);
        assert_int_equal(reason, OFPPR_MODIFY);
        assert_memory_equal(&port_copy, &port, sizeof port);
        wire_destroy(&wire);
        wire_init(&wire, v_);
        ofp_port_mod_encode(&pm, wire.version, 1, &wire.msg);
        assert_int_equal(ofp_port_mod_decode(wire_decode(&wire.msg, &wire.arena), &pm_copy),
                         OFPERR_OK);
        pm.has_hw_addr = true;
        assert_memory_equal(&pm_copy, &pm, sizeof pm);
        wire_destroy(&wire);
    }
}

static void
errors_answer_requests(void **state)
{
    (void)state;
    FOR_EACH_VERSION(0)
    {
        uint8_t request[2000] = {(uint8_t)wire_versions[v_], 14, 7, 0xd0, 0, 0, 0, 42};
        static const enum ofperr errors[] = {OFPERR_OFPBAC_BAD_OUT_PORT, OFPERR_OFPBMC_BAD_PREREQ,
                                             OFPERR_NXBAC_BAD_CONJUNCTION};

        for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
            const struct of_header *msg;
            const void *data;
            struct wire wire;
            size_t size;

            wire_init(&wire, v_);
            ofp_error_encode(errors[i], v_, request, sizeof request, &wire.msg);
            msg = wire_decode(&wire.msg, &wire.arena);
            assert_int_equal(msg->xid, 42);
            assert_int_equal(ofp_error_decode(msg, &data, &size), errors[i]);
            assert_int_equal(size, OF_ERROR_DATA_MAX);
            assert_memory_equal(data, request, size);
            wire_destroy(&wire);
        }
    }
}

/* ---- Captures ---------------------------------------------------------------------------------*/
struct tally {
    size_t n_flow_mods, n_same_bytes, n_others;
    size_t n_unsupported; /* Fields and actions that the datapath's key has no room for. */
};

/* tun_metadata, NSH, the original tuple of connection tracking, encap and decap; and a load of the
 * TTL without IP in the match, which ovs-vswitchd refuses, too. */
static bool
is_unsupported(enum ofperr error)
{
    return error == OFPERR_OFPBMC_BAD_FIELD || error == OFPERR_OFPBAC_BAD_SET_TYPE ||
           error == OFPERR_OFPBAC_BAD_VENDOR_TYPE || error == OFPERR_OFPBAC_MATCH_INCONSISTENT;
}

/* A flow mod that another program wrote: encoding it again and decoding that changes nothing. */
static void
check_flow_mod(const struct of_header *msg, const uint8_t *bytes, size_t size, struct tally *tally)
{
    struct buf ofpacts = BUF_INITIALIZER, again = BUF_INITIALIZER, out = BUF_INITIALIZER;
    enum ofp_version version = (enum ofp_version)msg->object.version;
    bool is_nicira = msg->object.class_id == OF_NICIRA_FLOW_MOD;
    struct ofp_flow_mod fm, copy;
    struct of_arena arena;
    enum ofperr error = ofp_flow_mod_decode(msg, &wire_limits, &ofpacts, &fm);

    tally->n_flow_mods++;
    if (is_unsupported(error)) {
        tally->n_unsupported++;
        goto done;
    }
    if (error) {
        char *text = of_object_to_string(&msg->object);

        print_error("%s: %s\n", ofperr_name(error), text);
        free(text);
    }
    assert_int_equal(error, OFPERR_OK);
    of_arena_init(&arena, NULL, 0);
    ofp_flow_mod_encode(&fm, version, msg->xid, is_nicira, true, &out);
    tally->n_same_bytes += out.size == size && !memcmp(out.data, bytes, size);
    assert_int_equal(ofp_flow_mod_decode(wire_decode(&out, &arena), &wire_limits, &again, &copy),
                     OFPERR_OK);
    assert_true(match_equal(&fm.match, &copy.match));
    assert_int_equal(ofpacts.size, again.size);
    if (ofpacts.size)
        assert_memory_equal(ofpacts.data, again.data, again.size);
    of_arena_destroy(&arena);
done:
    buf_destroy(&ofpacts);
    buf_destroy(&again);
    buf_destroy(&out);
}

static void
ignore_flow(const struct ofp_flow_stats *fs, void *tally)
{
    struct buf out = BUF_INITIALIZER;

    ofp_flow_stats_format(fs, NULL, true, &out);
    assert_true(out.size > 0);
    buf_destroy(&out);
    ((struct tally *)tally)->n_others++;
}

static void
ignore_group(const struct ofp_group_desc *gd, void *tally)
{
    assert_true(gd->type <= OFPGT_FF);
    ((struct tally *)tally)->n_others++;
}

static void
check_other(const struct of_header *msg, struct tally *tally)
{
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofp_flow_removed removed;
    struct ofp_packet_out po;
    struct ofp_group_mod gm;
    struct ofp_meter_mod mm;
    struct ofp_packet_in pin;

    switch (msg->object.class_id) {
    case OF_FLOW_STATS_REPLY:
    case OF_NICIRA_FLOW_STATS_REPLY:
        tally->n_unsupported += is_unsupported(ofp_flow_stats_decode(msg, ignore_flow, tally));
        break;
    case OF_GROUP_DESC_STATS_REPLY:
        assert_int_equal(ofp_group_desc_decode(msg, ignore_group, tally), OFPERR_OK);
        break;
    case OF_FLOW_REMOVED:
    case OF_NICIRA_FLOW_REMOVED:
        assert_int_equal(ofp_flow_removed_decode(msg, &removed), OFPERR_OK);
        tally->n_others++;
        break;
    case OF_PACKET_IN:
    case OF_NICIRA_PACKET_IN:
    case OF_NICIRA_PACKET_IN2:
        assert_int_equal(ofp_packet_in_decode(msg, &pin), OFPERR_OK);
        tally->n_others++;
        break;
    case OF_PACKET_OUT:
        assert_int_equal(ofp_packet_out_decode(msg, &wire_limits, &ofpacts, &po), OFPERR_OK);
        tally->n_others++;
        break;
    case OF_METER_MOD:
        assert_int_equal(ofp_meter_mod_decode(msg, &mm), OFPERR_OK);
        tally->n_others++;
        break;
    case OF_GROUP_ADD:
    case OF_GROUP_MODIFY:
    case OF_GROUP_DELETE:
        assert_int_equal(ofp_group_mod_decode(msg, &wire_limits, &gm), OFPERR_OK);
        ofp_group_mod_destroy(&gm);
        tally->n_others++;
        break;
    }
    buf_destroy(&ofpacts);
}

static bool
is_flow_mod(const struct of_header *msg)
{
    return of_class_is(msg->object.class_id, OF_FLOW_MOD) ||
           msg->object.class_id == OF_NICIRA_FLOW_MOD;
}

static void
check_capture(const char *path, struct tally *tally)
{
    static uint8_t bytes[1 << 20];
    FILE *stream = fopen(path, "rb");
    size_t total;

    assert_non_null(stream);
    total = fread(bytes, 1, sizeof bytes, stream);
    fclose(stream);
    for (size_t ofs = 0, size; ofs + 8 <= total; ofs += size) {
        struct of_header *msg;
        struct of_error error;
        struct of_arena arena;

        size = (size_t)field_read(bytes + ofs + 2, 2);
        if (size < 8 || ofs + size > total)
            break;
        of_arena_init(&arena, NULL, 0);
        if (!of_msg_decode(&arena, bytes + ofs, size, &msg, &error)) {
            if (is_flow_mod(msg))
                check_flow_mod(msg, bytes + ofs, size, tally);
            else
                check_other(msg, tally);
        }
        of_arena_destroy(&arena);
    }
}

static void
what_others_wrote_is_understood(void **state)
{
    static const char *const versions[] = {"1.0", "1.3", "1.4", "1.5"};
    const char *top = getenv("top_srcdir");
    struct tally tally = {0};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        char dir_name[512], path[1024];
        struct dirent *entry;
        DIR *dir;

        snprintf(dir_name, sizeof dir_name, "%s/tests/openflow/captures/%s", top ? top : ".",
                 versions[i]);
        dir = opendir(dir_name);
        assert_non_null(dir);
        while ((entry = readdir(dir))) {
            if (!strstr(entry->d_name, ".bin"))
                continue;
            snprintf(path, sizeof path, "%s/%s", dir_name, entry->d_name);
            check_capture(path, &tally);
        }
        closedir(dir);
    }
    print_message(
        "# %zu flow mods, %zu written again with the same bytes, %zu of fields or actions "
        "that we lack; %zu other objects\n",
        tally.n_flow_mods, tally.n_same_bytes, tally.n_unsupported, tally.n_others);
    assert_true(tally.n_unsupported * 5 < tally.n_flow_mods);
    assert_true(tally.n_flow_mods > 100);
    assert_true(tally.n_same_bytes * 2 > tally.n_flow_mods);
    assert_true(tally.n_others > 50);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(flow_mods_keep_their_members),
    cmocka_unit_test(wrong_flow_mods_get_their_error),
    cmocka_unit_test(openflow_1_0_adds_on_modification),
    cmocka_unit_test(packets_go_out_and_come_in),
    cmocka_unit_test(flow_statistics_come_in_parts),
    cmocka_unit_test(aggregates_and_removed_flows_come_back),
    cmocka_unit_test(groups_come_back_and_print),
    cmocka_unit_test(meters_come_back_and_print),
    cmocka_unit_test(wrong_groups_and_meters_are_refused),
    cmocka_unit_test(ports_come_back),
    cmocka_unit_test(errors_answer_requests),
    cmocka_unit_test(what_others_wrote_is_understood),
};

UNIT_MAIN(tests)
