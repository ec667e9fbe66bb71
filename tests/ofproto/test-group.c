/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tally.h"
#include "tests/ofproto/bridge.h"

#include <stdio.h>

#define NONE OFPG_BUCKET_ALL

static void
add(struct bridge *b, const char *line)
{
    assert_ok(bridge_group(b, OFPGC_ADD, NONE, line));
}

static void
set_link(struct bridge *b, uint32_t port_no, bool up)
{
    struct ofport port = *ofproto_port(b->ofproto, port_no);

    port.state = up ? 0 : OFPPS_LINK_DOWN;
    assert_int_equal(ofproto_port_update(b->ofproto, &port), 0);
}

/* ---- Commands ------------------------------------------------------------------------------- */
static void
groups_are_added_modified_and_deleted(void **state)
{
    struct bridge b;

    (void)state;
    bridge_create(&b);
    add(&b, "group_id=1 type=all bucket=1,output:1 bucket=2,output:2");
    add(&b, "group_id=2 type=indirect bucket=1,output:1");
    assert_error(bridge_group(&b, OFPGC_ADD, NONE, "group_id=1 type=all"), OFPGMFC_GROUP_EXISTS);
    assert_error(bridge_group(&b, OFPGC_MODIFY, NONE, "group_id=9 type=all"),
                 OFPGMFC_UNKNOWN_GROUP);
    assert_ok(bridge_group(&b, OFPGC_MODIFY, NONE, "group_id=1 type=select bucket=7,weight:3"));
    assert_ok(bridge_group(&b, OFPGC_ADD_OR_MOD, NONE, "group_id=2 type=all"));
    assert_ok(bridge_group(&b, OFPGC_ADD_OR_MOD, NONE, "group_id=3 type=all"));
    assert_string_equal(bridge_dump_groups(&b), "1 select 7:3\n2 all\n3 all\n");
    assert_ok(bridge_group(&b, OFPGC_DELETE, NONE, "group_id=2"));
    assert_ok(bridge_group(&b, OFPGC_DELETE, NONE, "group_id=2"));
    assert_string_equal(bridge_dump_groups(&b), "1 select 7:3\n3 all\n");
    assert_ok(bridge_group(&b, OFPGC_DELETE, NONE, "group_id=0xfffffffc"));
    assert_string_equal(bridge_dump_groups(&b), "");
    bridge_destroy(&b);
}

static void
there_are_as_many_groups_as_features_say(void **state)
{
    struct bridge b;
    char line[64];

    (void)state;
    bridge_create(&b);
    for (unsigned int i = 0; i < OFPROTO_MAX_GROUPS; i++) {
        snprintf(line, sizeof line, "group_id=%u type=all", i);
        add(&b, line);
    }
    assert_error(bridge_group(&b, OFPGC_ADD, NONE, "group_id=65536 type=all"),
                 OFPGMFC_OUT_OF_GROUPS);
    assert_ok(bridge_group(&b, OFPGC_ADD_OR_MOD, NONE, "group_id=65535 type=all"));
    assert_ok(bridge_group(&b, OFPGC_DELETE, NONE, "group_id=7"));
    add(&b, "group_id=65536 type=all");
    bridge_destroy(&b);
}

static void
bad_groups_get_their_errors_and_change_nothing(void **state)
{
    static const struct {
        const char *line;
        enum ofperr error;
    } cases[] = {
        {"group_id=0xffffff01 type=all", OFPERR_OFPGMFC_INVALID_GROUP},
        {"group_id=5 type=indirect", OFPERR_OFPGMFC_INVALID_GROUP},
        {"group_id=5 type=indirect bucket=1,output:1 bucket=2,output:2",
         OFPERR_OFPGMFC_INVALID_GROUP},
        {"group_id=5 type=all bucket=1,weight:2,output:1", OFPERR_OFPGMFC_INVALID_GROUP},
        {"group_id=5 type=all bucket=1,watch_port:2,output:1", OFPERR_OFPGMFC_WATCH_UNSUPPORTED},
        {"group_id=5 type=ff bucket=1,output:1", OFPERR_OFPGMFC_INVALID_GROUP},
        {"group_id=5 type=all bucket=1,output:1 bucket=1,output:2", OFPERR_OFPGMFC_BUCKET_EXISTS},
        {"group_id=5 type=all bucket=1,group:99", OFPERR_OFPBAC_BAD_OUT_GROUP},
        {"group_id=5 type=all bucket=1,group:5", OFPERR_OFPGMFC_LOOP},
    };
    struct bridge b;
    uint64_t version;

    (void)state;
    bridge_create(&b);
    version = ofproto_version(b.ofproto);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(ofperr_name(bridge_group(&b, OFPGC_ADD, NONE, cases[i].line)),
                            ofperr_name(cases[i].error));
    assert_error(bridge_group(&b, 77, NONE, "group_id=1"), OFPGMFC_BAD_COMMAND);
    assert_string_equal(bridge_dump_groups(&b), "");
    assert_int_equal(ofproto_version(b.ofproto), version);
    bridge_destroy(&b);
}

static void
chains_may_not_close_nor_lose_a_link(void **state)
{
    struct bridge b;

    (void)state;
    bridge_create(&b);
    add(&b, "group_id=1 type=all bucket=1,output:1");
    add(&b, "group_id=2 type=all bucket=1,group:1");
    add(&b, "group_id=3 type=all bucket=1,group:2 bucket=2,group:1");
    assert_error(bridge_group(&b, OFPGC_MODIFY, NONE, "group_id=1 type=all bucket=1,group:3"),
                 OFPGMFC_LOOP);
    assert_error(
        bridge_group(&b, OFPGC_INSERT_BUCKET, OFPG_BUCKET_LAST, "group_id=1 bucket=2,group:2"),
        OFPGMFC_LOOP);
    assert_error(bridge_group(&b, OFPGC_DELETE, NONE, "group_id=1"), OFPGMFC_CHAINED_GROUP);
    assert_int_equal(group_ref_count(b.ofproto, group_find(b.ofproto, 1)), 2);
    assert_string_equal(bridge_dump_groups(&b), "1 all 1:0\n2 all 1:0\n3 all 1:0 2:0\n");
    assert_ok(bridge_group(&b, OFPGC_DELETE, NONE, "group_id=3"));
    assert_ok(bridge_group(&b, OFPGC_DELETE, NONE, "group_id=2"));
    assert_ok(bridge_group(&b, OFPGC_DELETE, NONE, "group_id=1"));
    bridge_destroy(&b);
}

static void
buckets_are_inserted_and_removed(void **state)
{
    struct bucket *kept;
    struct bridge b;

    (void)state;
    bridge_create(&b);
    add(&b, "group_id=1 type=select bucket=1,weight:1 bucket=2,weight:2");
    kept = group_bucket(group_find(b.ofproto, 1), 2);
    bucket_credit(kept, 5, 500);
    assert_ok(bridge_group(&b, OFPGC_INSERT_BUCKET, OFPG_BUCKET_FIRST,
                           "group_id=1 bucket=3,weight:3 bucket=4,weight:4"));
    assert_ok(
        bridge_group(&b, OFPGC_INSERT_BUCKET, OFPG_BUCKET_LAST, "group_id=1 bucket=5,weight:5"));
    assert_ok(bridge_group(&b, OFPGC_INSERT_BUCKET, 1, "group_id=1 bucket=6,weight:6"));
    assert_string_equal(bridge_dump_groups(&b), "1 select 3:3 4:4 1:1 6:6 2:2 5:5\n");
    assert_error(bridge_group(&b, OFPGC_INSERT_BUCKET, 1, "group_id=1 bucket=6,weight:6"),
                 OFPGMFC_BUCKET_EXISTS);
    assert_error(bridge_group(&b, OFPGC_INSERT_BUCKET, 77, "group_id=1 bucket=7,weight:6"),
                 OFPGMFC_UNKNOWN_BUCKET);
    assert_error(bridge_group(&b, OFPGC_INSERT_BUCKET, 1, "group_id=9 bucket=7,weight:6"),
                 OFPGMFC_UNKNOWN_GROUP);
    assert_ok(bridge_group(&b, OFPGC_REMOVE_BUCKET, OFPG_BUCKET_FIRST, "group_id=1"));
    assert_ok(bridge_group(&b, OFPGC_REMOVE_BUCKET, OFPG_BUCKET_LAST, "group_id=1"));
    assert_ok(bridge_group(&b, OFPGC_REMOVE_BUCKET, 1, "group_id=1"));
    assert_string_equal(bridge_dump_groups(&b), "1 select 4:4 6:6 2:2\n");
    assert_error(bridge_group(&b, OFPGC_REMOVE_BUCKET, 1, "group_id=1"), OFPGMFC_UNKNOWN_BUCKET);
    assert_error(bridge_group(&b, OFPGC_REMOVE_BUCKET, 2, "group_id=1 bucket=2"),
                 OFPGMFC_BAD_BUCKET);
    assert_ptr_equal(group_bucket(group_find(b.ofproto, 1), 2), kept);
    assert_int_equal(tally_at(kept->tally)->n_packets, 5);
    assert_ok(bridge_group(&b, OFPGC_REMOVE_BUCKET, OFPG_BUCKET_ALL, "group_id=1"));
    assert_string_equal(bridge_dump_groups(&b), "1 select\n");
    bridge_destroy(&b);
}

static void
deleting_a_group_deletes_its_flows(void **state)
{
    struct group *group;
    struct bridge b;

    (void)state;
    bridge_create(&b);
    add(&b, "group_id=1 type=all bucket=1,output:1");
    add(&b, "group_id=2 type=all bucket=1,output:1");
    assert_ok(bridge_flow(&b, OFPFC_ADD, "in_port=1,send_flow_rem,actions=group:1,group:2"));
    assert_ok(bridge_flow(&b, OFPFC_ADD, "in_port=2,actions=write_actions(group:1)"));
    assert_ok(bridge_flow(&b, OFPFC_ADD, "in_port=3,actions=group:2"));
    group = group_ref(group_find(b.ofproto, 1));
    assert_int_equal(group_ref_count(b.ofproto, group), 2);
    assert_ok(bridge_flow(&b, OFPFC_MODIFY, "in_port=3,actions=group:1"));
    assert_int_equal(group_ref_count(b.ofproto, group), 3);
    assert_ok(bridge_flow(&b, OFPFC_MODIFY, "in_port=3,actions=group:2"));
    assert_ok(bridge_group(&b, OFPGC_DELETE, NONE, "group_id=1"));
    assert_true(group->is_deleted);
    assert_int_equal(group->n_uses, 0);
    assert_string_equal(bridge_dump(&b), "0 32768 in_port=3 actions=group:2\n");
    assert_string_equal(bridge_events(&b), "removed(3) 0 32768 in_port=1\n");
    group_credit(group, 1, 1); /* The slow path may come late. */
    group_unref(group);
    bridge_destroy(&b);
}

/* ---- Choice --------------------------------------------------------------------------------- */
static void
failover_takes_the_first_live_bucket(void **state)
{
    const struct group *group, *outer;
    struct bridge b;

    (void)state;
    bridge_create(&b);
    add(&b, "group_id=1 type=ff bucket=1,watch_port:1,output:1 bucket=2,watch_port:2,output:2");
    add(&b, "group_id=2 type=ff bucket=1,watch_group:1,group:1 bucket=2,watch_port:3,output:3");
    group = group_find(b.ofproto, 1);
    outer = group_find(b.ofproto, 2);
    assert_int_equal(group_first_live(b.ofproto, group)->id, 1);
    set_link(&b, 1, false);
    assert_int_equal(group_first_live(b.ofproto, group)->id, 2);
    assert_int_equal(group_first_live(b.ofproto, outer)->id, 1);
    set_link(&b, 2, false);
    assert_null(group_first_live(b.ofproto, group));
    assert_int_equal(group_first_live(b.ofproto, outer)->id, 2);
    set_link(&b, 1, true);
    assert_int_equal(group_first_live(b.ofproto, outer)->id, 1);
    bridge_destroy(&b);
}

enum { N_HASHES = 40000 };

static void
choose_all(struct bridge *b, uint32_t *chosen, unsigned int counts[8])
{
    const struct group *group = group_find(b->ofproto, 1);

    memset(counts, 0, 8 * sizeof *counts);
    for (uint32_t hash = 0; hash < N_HASHES; hash++) {
        const struct bucket *bucket = group_select(b->ofproto, group, hash * 2654435761u);

        chosen[hash] = bucket ? bucket->id : 0;
        counts[chosen[hash]]++;
    }
}

static void
assert_share(unsigned int count, double share)
{
    assert_true(count > N_HASHES * share * 0.96 && count < N_HASHES * share * 1.04);
}

static void
select_follows_weights_and_moves_no_other_flow(void **state)
{
    static uint32_t before[N_HASHES], after[N_HASHES];
    unsigned int counts[8];
    struct bridge b;

    (void)state;
    bridge_create(&b);
    add(&b, "group_id=1 type=select bucket=1,weight:1,watch_port:1 bucket=2,weight:2 "
            "bucket=3,weight:1");
    choose_all(&b, before, counts);
    assert_share(counts[1], 0.25);
    assert_share(counts[2], 0.5);
    assert_share(counts[3], 0.25);
    assert_ok(
        bridge_group(&b, OFPGC_INSERT_BUCKET, OFPG_BUCKET_FIRST, "group_id=1 bucket=4,weight:4"));
    choose_all(&b, after, counts);
    assert_share(counts[4], 0.5);
    for (size_t i = 0; i < N_HASHES; i++)
        assert_true(after[i] == before[i] || after[i] == 4);
    assert_ok(bridge_group(&b, OFPGC_REMOVE_BUCKET, 4, "group_id=1"));
    set_link(&b, 1, false);
    choose_all(&b, after, counts);
    assert_int_equal(counts[1], 0);
    for (size_t i = 0; i < N_HASHES; i++)
        assert_true(after[i] == before[i] || before[i] == 1);
    bridge_destroy(&b);
}

static void
select_without_weight_or_life_drops(void **state)
{
    struct bridge b;

    (void)state;
    bridge_create(&b);
    add(&b, "group_id=1 type=select bucket=1,weight:0 bucket=2,weight:1,watch_port:9");
    assert_null(group_select(b.ofproto, group_find(b.ofproto, 1), 5));
    bridge_destroy(&b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(groups_are_added_modified_and_deleted),
    cmocka_unit_test(there_are_as_many_groups_as_features_say),
    cmocka_unit_test(bad_groups_get_their_errors_and_change_nothing),
    cmocka_unit_test(chains_may_not_close_nor_lose_a_link),
    cmocka_unit_test(buckets_are_inserted_and_removed),
    cmocka_unit_test(deleting_a_group_deletes_its_flows),
    cmocka_unit_test(failover_takes_the_first_live_bucket),
    cmocka_unit_test(select_follows_weights_and_moves_no_other_flow),
    cmocka_unit_test(select_without_weight_or_life_drops),
};

UNIT_MAIN(tests)
