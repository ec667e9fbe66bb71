/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/ofproto/bridge.h"

#include <stdio.h>

#define ADD OFPFC_ADD

static void
add_replaces_the_same_match_and_priority(void **state)
{
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(bridge_flow(&b, ADD, "priority=5,in_port=1,cookie=1,actions=output:2"));
    assert_ok(bridge_flow(&b, ADD, "priority=6,in_port=1,actions=output:3"));
    assert_ok(bridge_flow(&b, ADD, "table=1,priority=5,in_port=1,actions=output:3"));
    rule_credit(bridge_rule(&b, 1), 7, 700, 0);
    assert_ok(bridge_flow(&b, ADD, "priority=5,in_port=1,cookie=2,actions=output:4"));
    assert_ok(bridge_flow(&b, ADD, "table=1,priority=5,in_port=1,actions=output:4"));
    assert_string_equal(bridge_dump(&b), "0 5 in_port=1 cookie=0x2 actions=output:4\n"
                                         "0 6 in_port=1 actions=output:3\n"
                                         "1 5 in_port=1 n=7 actions=output:4\n");
    bridge_destroy(&b);
}

static void
counters_of_a_replaced_entry_stay_unless_reset(void **state)
{
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(bridge_flow(&b, ADD, "in_port=1,actions=output:2"));
    rule_credit(bridge_rule(&b, 0), 7, 700, 0);
    assert_ok(bridge_flow(&b, ADD, "in_port=1,actions=output:3"));
    assert_string_equal(bridge_dump(&b), "0 32768 in_port=1 n=7 actions=output:3\n");
    assert_ok(bridge_flow(&b, ADD, "in_port=1,reset_counts,actions=output:3"));
    assert_string_equal(bridge_dump(&b), "0 32768 in_port=1 actions=output:3\n");
    rule_credit(bridge_rule(&b, 0), 9, 900, 0);
    b.origin.version = OFP10; /* Section 4.6 of 1.0: counters are cleared. */
    assert_ok(bridge_flow(&b, ADD, "in_port=1,actions=output:3"));
    assert_string_equal(bridge_dump(&b), "0 32768 in_port=1 actions=output:3\n");
    bridge_destroy(&b);
}

static void
packets_before_a_reset_do_not_count_after_it(void **state)
{
    struct rule *old;
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(bridge_flow(&b, ADD, "in_port=1,send_flow_rem,actions=output:2"));
    old = rule_pin(bridge_rule(&b, 0));
    assert_ok(bridge_flow(&b, ADD, "in_port=1,reset_counts,send_flow_rem,actions=output:2"));
    rule_credit(old, 5, 500, 0);
    rule_unpin(old);
    assert_string_equal(bridge_dump(&b), "0 32768 in_port=1 actions=output:2\n");
    assert_string_equal(bridge_events(&b), "");
    bridge_destroy(&b);
}

static void
overlap_is_refused_when_asked(void **state)
{
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(bridge_flow(&b, ADD, "priority=5,in_port=1,actions=output:2"));
    assert_error(bridge_flow(&b, ADD, "priority=5,tcp,check_overlap,actions=drop"),
                 OFPFMFC_OVERLAP);
    assert_ok(bridge_flow(&b, ADD, "priority=6,tcp,check_overlap,actions=output:3"));
    assert_ok(bridge_flow(&b, ADD, "priority=5,in_port=2,check_overlap,actions=output:3"));
    assert_ok(bridge_flow(&b, ADD, "priority=5,in_port=1,check_overlap,actions=output:3"));
    assert_string_equal(bridge_dump(&b), "0 5 in_port=1 actions=output:3\n"
                                         "0 5 in_port=2 actions=output:3\n"
                                         "0 6 tcp actions=output:3\n");
    bridge_destroy(&b);
}

static void
matches_of_internals_are_refused(void **state)
{
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_error(bridge_flow(&b, ADD, "recirc_id=1,actions=drop"), OFPBRC_EPERM);
    assert_error(bridge_flow(&b, ADD, "dp_hash=0,actions=drop"), OFPBRC_EPERM);
    assert_string_equal(bridge_dump(&b), "");
    assert_ok(bridge_flow(&b, ADD, "recirc_id=0,actions=drop"));
    bridge_destroy(&b);
}

static void
modify_changes_actions_and_nothing_else(void **state)
{
    const struct rule *rule;
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(bridge_flow(&b, ADD,
                          "priority=5,in_port=1,tcp,cookie=3,idle_timeout=60,importance=9,"
                          "send_flow_rem,check_overlap,reset_counts,actions=output:2"));
    rule = bridge_rule(&b, 0);
    rule_credit(bridge_rule(&b, 0), 7, 700, 0);
    assert_ok(bridge_flow(&b, OFPFC_MODIFY, "in_port=1,idle_timeout=5,actions=output:3"));
    assert_string_equal(bridge_dump(&b), "0 5 tcp,in_port=1 cookie=0x3 n=7 actions=output:3\n");
    assert_ptr_equal(rule, bridge_rule(&b, 0));
    assert_int_equal(rule->idle_timeout_s, 60);
    assert_int_equal(rule->importance, 9);
    assert_int_equal(rule->flags, OFPFF_SEND_FLOW_REM | OFPFF_CHECK_OVERLAP | OFPFF_RESET_COUNTS);
    assert_ok(bridge_flow(&b, OFPFC_MODIFY, "new_cookie=4,reset_counts,actions=output:4"));
    assert_string_equal(bridge_dump(&b), "0 5 tcp,in_port=1 cookie=0x4 actions=output:4\n");
    bridge_destroy(&b);
}

static void
modify_is_loose_and_modify_strict_is_not(void **state)
{
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(bridge_flow(&b, ADD, "priority=5,in_port=1,actions=output:2"));
    assert_ok(bridge_flow(&b, ADD, "priority=5,in_port=1,tcp,actions=output:2"));
    assert_ok(bridge_flow(&b, ADD, "priority=6,in_port=1,actions=output:2"));
    assert_ok(bridge_flow(&b, ADD, "priority=5,tcp,actions=output:2"));
    assert_ok(bridge_flow(&b, OFPFC_MODIFY_STRICT, "priority=5,in_port=1,actions=output:3"));
    assert_string_equal(bridge_dump(&b), "0 5 in_port=1 actions=output:3\n"
                                         "0 5 tcp actions=output:2\n"
                                         "0 5 tcp,in_port=1 actions=output:2\n"
                                         "0 6 in_port=1 actions=output:2\n");
    assert_ok(bridge_flow(&b, OFPFC_MODIFY, "in_port=1,actions=output:4"));
    assert_string_equal(bridge_dump(&b), "0 5 in_port=1 actions=output:4\n"
                                         "0 5 tcp actions=output:2\n"
                                         "0 5 tcp,in_port=1 actions=output:4\n"
                                         "0 6 in_port=1 actions=output:4\n");
    bridge_destroy(&b);
}

static void
modify_of_nothing_adds_in_the_old_versions_only(void **state)
{
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(bridge_flow(&b, OFPFC_MODIFY, "in_port=1,actions=output:2"));
    assert_string_equal(bridge_dump(&b), "");
    assert_ok(
        bridge_flow(&b, OFPFC_MODIFY, "add_if_missing,cookie=1/1,in_port=1,actions=output:2"));
    assert_string_equal(bridge_dump(&b), "");
    assert_ok(bridge_flow(&b, OFPFC_MODIFY, "add_if_missing,in_port=1,actions=output:2"));
    assert_ok(bridge_flow(&b, OFPFC_MODIFY_STRICT,
                          "add_if_missing,priority=1,in_port=1,actions=output:2"));
    assert_string_equal(bridge_dump(&b), "0 1 in_port=1 actions=output:2\n"
                                         "0 32768 in_port=1 actions=output:2\n");
    bridge_destroy(&b);
}

static void
fill_for_deletion(struct bridge *b)
{
    assert_ok(bridge_flow(b, ADD, "priority=5,in_port=1,cookie=0x11,actions=output:2"));
    assert_ok(bridge_flow(b, ADD, "priority=5,in_port=1,tcp,cookie=0x12,actions=output:3"));
    assert_ok(bridge_flow(b, ADD, "priority=6,in_port=2,cookie=0x21,actions=output:2,output:3"));
    assert_ok(bridge_flow(b, ADD, "table=2,priority=5,in_port=1,actions=drop"));
}

static void
expect_after_deletion(uint8_t command, const char *line, const char *expected)
{
    struct bridge b;

    bridge_create(&b);
    fill_for_deletion(&b);
    assert_ok(bridge_flow(&b, command, line));
    assert_string_equal(bridge_dump(&b), expected);
    bridge_destroy(&b);
}

#define RULE_A "0 5 in_port=1 cookie=0x11 actions=output:2\n"
#define RULE_B "0 5 tcp,in_port=1 cookie=0x12 actions=output:3\n"
#define RULE_C "0 6 in_port=2 cookie=0x21 actions=output:2,output:3\n"
#define RULE_D "2 5 in_port=1 actions=drop\n"

static void
deletions_select_by_match_table_cookie_and_output(void **state)
{
    (void)state;
    expect_after_deletion(OFPFC_DELETE, "table=255", "");
    expect_after_deletion(OFPFC_DELETE, "table=0", RULE_D);
    expect_after_deletion(OFPFC_DELETE, "table=255,in_port=1", RULE_C);
    expect_after_deletion(OFPFC_DELETE, "table=0,in_port=1,tcp", RULE_A RULE_C RULE_D);
    expect_after_deletion(OFPFC_DELETE, "table=0,in_port=1,udp", RULE_A RULE_B RULE_C RULE_D);
    expect_after_deletion(OFPFC_DELETE_STRICT, "table=255,priority=5,in_port=1", RULE_B RULE_C);
    expect_after_deletion(OFPFC_DELETE_STRICT, "priority=6,in_port=1", RULE_A RULE_B RULE_C RULE_D);
    expect_after_deletion(OFPFC_DELETE, "table=255,cookie=0x10/0xf0", RULE_C RULE_D);
    expect_after_deletion(OFPFC_DELETE, "table=255,cookie=1/0xf", RULE_B RULE_D);
    expect_after_deletion(OFPFC_DELETE, "table=255,out_port=2", RULE_B RULE_D);
    expect_after_deletion(OFPFC_DELETE_STRICT, "priority=5,in_port=1,out_port=3",
                          RULE_A RULE_B RULE_C RULE_D);
}

static void
bad_tables_and_commands_are_refused(void **state)
{
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_error(bridge_flow(&b, ADD, "table=4,actions=drop"), OFPFMFC_BAD_TABLE_ID);
    assert_error(bridge_flow(&b, OFPFC_DELETE, "table=200"), OFPFMFC_BAD_TABLE_ID);
    assert_error(bridge_flow(&b, 9, "table=1"), OFPFMFC_BAD_COMMAND);
    assert_error(bridge_flow(&b, ADD, "actions=group:5"), OFPBAC_BAD_OUT_GROUP);
    assert_error(bridge_flow(&b, ADD, "actions=meter:5"), OFPMMFC_INVALID_METER);
    b.origin.version = OFP15;
    assert_error(bridge_flow(&b, ADD, "actions=meter:5"), OFPBAC_BAD_METER);
    assert_ok(bridge_flow(&b, ADD, "table=255,actions=drop")); /* The switch chooses. */
    assert_string_equal(bridge_dump(&b), "0 32768  actions=drop\n");
    bridge_destroy(&b);
}

static void
full_tables_refuse_or_evict(void **state)
{
    struct ofp_table_mod tm = {.table_id = 0, .config = OFPTC_EVICTION, .has_eviction = true};
    struct bridge b;

    (void)state;
    bridge_create(&b);
    b.ofproto->tables[0].max_flows = 3;
    assert_ok(bridge_flow(&b, ADD, "in_port=1,importance=5,send_flow_rem,actions=drop"));
    assert_ok(bridge_flow(&b, ADD, "in_port=2,importance=3,send_flow_rem,actions=drop"));
    assert_ok(bridge_flow(&b, ADD,
                          "in_port=3,importance=3,hard_timeout=9,send_flow_rem,"
                          "actions=drop"));
    assert_error(bridge_flow(&b, ADD, "in_port=4,actions=drop"), OFPFMFC_TABLE_FULL);
    assert_ok(bridge_flow(&b, ADD, "in_port=1,importance=5,send_flow_rem,actions=output:1"));
    tm.eviction_flags = OFPTMPEF_IMPORTANCE | OFPTMPEF_LIFETIME;
    assert_ok(ofproto_table_mod(b.ofproto, &tm, &b.origin));
    assert_error(bridge_flow(&b, ADD, "in_port=4,importance=2,actions=drop"), OFPFMFC_TABLE_FULL);
    assert_ok(bridge_flow(&b, ADD, "in_port=4,importance=4,actions=drop"));
    assert_string_equal(bridge_events(&b), "removed(5) 0 32768 in_port=3\n");
    assert_ok(bridge_flow(&b, ADD, "in_port=5,importance=4,actions=drop"));
    assert_string_equal(bridge_events(&b), "removed(5) 0 32768 in_port=2\n");
    tm.config = 0;
    assert_ok(ofproto_table_mod(b.ofproto, &tm, &b.origin));
    assert_error(bridge_flow(&b, ADD, "in_port=6,importance=9,actions=drop"), OFPFMFC_TABLE_FULL);
    bridge_destroy(&b);
}

static void
a_used_entry_lives_longer(void **state)
{
    struct ofp_table_mod tm = {.table_id = 0, .config = OFPTC_EVICTION};
    struct bridge b;

    (void)state;
    bridge_create(&b);
    b.ofproto->tables[0].max_flows = 2;
    assert_ok(ofproto_table_mod(b.ofproto, &tm, &b.origin));
    assert_ok(bridge_flow(&b, ADD, "in_port=1,idle_timeout=10,send_flow_rem,actions=drop"));
    rule_credit(bridge_rule(&b, 0), 1, 100, time_now_ms() + 20000);
    assert_ok(bridge_flow(&b, ADD, "in_port=2,hard_timeout=15,send_flow_rem,actions=drop"));
    assert_ok(bridge_flow(&b, ADD, "in_port=3,actions=drop"));
    assert_string_equal(bridge_events(&b), "removed(5) 0 32768 in_port=2\n");
    assert_ok(bridge_flow(&b, ADD, "in_port=4,actions=drop"));
    assert_string_equal(bridge_events(&b), "removed(5) 0 32768 in_port=1 n=1\n");
    bridge_destroy(&b);
}

static void
vacancy_is_told_once_a_crossing(void **state)
{
    struct ofp_table_mod tm = {.table_id = 0,
                               .config = OFPTC_VACANCY_EVENTS,
                               .has_vacancy = true,
                               .vacancy_down = 20,
                               .vacancy_up = 50};
    struct bridge b;
    char line[64];

    (void)state;
    bridge_create(&b);
    b.ofproto->tables[0].max_flows = 10;
    assert_ok(ofproto_table_mod(b.ofproto, &tm, &b.origin));
    for (int i = 0; i < 9; i++) {
        snprintf(line, sizeof line, "in_port=%d,actions=drop", i);
        assert_ok(bridge_flow(&b, ADD, line));
        assert_string_equal(bridge_events(&b), i == 7 ? "table 0 down\n" : "");
    }
    for (int i = 0; i < 9; i++) {
        snprintf(line, sizeof line, "in_port=%d", i);
        assert_ok(bridge_flow(&b, OFPFC_DELETE, line));
        assert_string_equal(bridge_events(&b), i == 3 ? "table 0 up\n" : "");
    }
    /* One threshold: who stands on it is below it. */
    tm.vacancy_down = 50;
    assert_ok(ofproto_table_mod(b.ofproto, &tm, &b.origin));
    for (int i = 0; i < 5; i++) {
        snprintf(line, sizeof line, "in_port=%d,actions=drop", i);
        assert_ok(bridge_flow(&b, ADD, line));
        assert_string_equal(bridge_events(&b), i == 4 ? "table 0 down\n" : "");
    }
    for (int i = 1; i < 5; i++) {
        snprintf(line, sizeof line, "actions=output:%d", i);
        assert_ok(bridge_flow(&b, OFPFC_MODIFY, line));
        assert_string_equal(bridge_events(&b), "");
    }
    assert_ok(bridge_flow(&b, OFPFC_DELETE, "in_port=0"));
    assert_string_equal(bridge_events(&b), "table 0 up\n");
    tm.vacancy_down = 60;
    assert_error(ofproto_table_mod(b.ofproto, &tm, &b.origin), OFPBPC_BAD_VALUE);
    tm.table_id = 4;
    assert_error(ofproto_table_mod(b.ofproto, &tm, &b.origin), OFPTMFC_BAD_TABLE);
    bridge_destroy(&b);
}

static void
flow_removed_waits_for_the_last_pin(void **state)
{
    struct rule *rule;
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(bridge_flow(&b, ADD, "in_port=1,send_flow_rem,cookie=5,actions=drop"));
    assert_ok(bridge_flow(&b, ADD, "in_port=2,actions=drop"));
    rule = rule_pin(rule_from_cls(
        classifier_lookup(&b.ofproto->tables[0].cls, &(struct flow){.in_port = 1}, NULL)));
    assert_ok(bridge_flow(&b, OFPFC_DELETE, ""));
    assert_string_equal(bridge_events(&b), "");
    rule_credit(rule, 3, 300, 0);
    rule_unpin(rule);
    assert_string_equal(bridge_events(&b), "removed(2) 0 32768 in_port=1 cookie=0x5 n=3\n");
    bridge_destroy(&b);
}

static void
monitors_hear_of_every_change_in_order(void **state)
{
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(bridge_flow(&b, ADD, "in_port=9,actions=drop"));
    ofproto_set_monitoring(b.ofproto, true);
    b.origin.xid = 77;
    assert_ok(bridge_flow(&b, ADD, "in_port=1,actions=output:2"));
    assert_ok(bridge_flow(&b, ADD, "in_port=1,actions=output:3"));
    assert_ok(bridge_flow(&b, OFPFC_MODIFY, "in_port=1,actions=output:4"));
    assert_ok(bridge_flow(&b, OFPFC_DELETE, "in_port=1"));
    assert_string_equal(bridge_events(&b), "added[77] 0 32768 in_port=1\n"
                                           "added[77] 0 32768 in_port=1\n"
                                           "modified[77] 0 32768 in_port=1\n"
                                           "deleted[77] 0 32768 in_port=1\n");
    bridge_destroy(&b);
}

static void
versions_rise_when_translation_can_tell(void **state)
{
    struct bridge b;
    uint64_t version;

    (void)state;
    bridge_create(&b);
    version = ofproto_version(b.ofproto);
    assert_ok(bridge_flow(&b, ADD, "table=1,in_port=1,actions=output:2"));
    assert_int_equal(ofproto_version(b.ofproto), version + 1);
    assert_int_equal(b.ofproto->tables[1].version, version + 1);
    assert_ok(bridge_flow(&b, ADD, "table=1,in_port=1,idle_timeout=9,actions=output:2"));
    assert_ok(bridge_flow(&b, OFPFC_DELETE, "table=2"));
    assert_error(bridge_flow(&b, ADD, "actions=group:5"), OFPBAC_BAD_OUT_GROUP);
    assert_int_equal(ofproto_version(b.ofproto), version + 1);
    assert_ok(bridge_flow(&b, OFPFC_MODIFY, "table=1,actions=output:3"));
    assert_ok(bridge_flow(&b, OFPFC_DELETE, "table=1"));
    assert_int_equal(ofproto_version(b.ofproto), version + 3);
    assert_int_equal(b.ofproto->tables[0].version, 0);
    bridge_destroy(&b);
}

static void
conjunctions_come_and_go_with_actions(void **state)
{
    struct flow flow = {.in_port = 1, .key = {.eth_type = 0x0008, .ip_proto = 6}};
    const struct classifier *cls;
    struct bridge b;

    (void)state;
    bridge_create(&b);
    cls = &b.ofproto->tables[0].cls;
    assert_ok(bridge_flow(&b, ADD, "priority=9,in_port=1,actions=conjunction(7,1/2)"));
    assert_ok(bridge_flow(&b, ADD, "priority=9,tcp,actions=conjunction(7,2/2)"));
    assert_ok(bridge_flow(&b, ADD, "priority=9,conj_id=7,actions=output:2"));
    assert_int_equal(cls->n_conjunctive, 2);
    assert_non_null(classifier_lookup(cls, &flow, NULL));
    assert_ok(bridge_flow(&b, OFPFC_MODIFY, "in_port=1,actions=output:3"));
    assert_int_equal(cls->n_conjunctive, 1);
    assert_int_equal(rule_from_cls(classifier_lookup(cls, &flow, NULL))->cls.mask->n_words, 1);
    assert_ok(bridge_flow(&b, OFPFC_DELETE, ""));
    assert_int_equal(cls->n_conjunctive, 0);
    bridge_destroy(&b);
}

static void
learned_flows_refresh_and_keep_to_their_limit(void **state)
{
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofp_flow_mod fm;
    bool is_limited;
    struct bridge b;
    uint64_t version;

    (void)state;
    bridge_create(&b);
    bridge_parse_flow("in_port=1,cookie=9,idle_timeout=10,actions=output:2", ADD, &ofpacts, &fm);
    assert_ok(ofproto_learn(b.ofproto, &fm, 2, &is_limited));
    version = ofproto_version(b.ofproto);
    assert_ok(ofproto_learn(b.ofproto, &fm, 2, &is_limited));
    assert_int_equal(ofproto_version(b.ofproto), version);
    fm.priority = 3;
    assert_ok(ofproto_learn(b.ofproto, &fm, 2, &is_limited));
    assert_false(is_limited);
    fm.priority = 4;
    assert_ok(ofproto_learn(b.ofproto, &fm, 2, &is_limited));
    assert_true(is_limited);
    assert_ok(ofproto_learn(b.ofproto, &fm, 0, &is_limited));
    assert_false(is_limited);
    assert_int_equal(table_n_flows(&b.ofproto->tables[0]), 3);
    buf_destroy(&ofpacts);
    bridge_destroy(&b);
}

static void
a_flow_learned_again_starts_its_hard_timeout_anew(void **state)
{
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofp_flow_mod fm;
    struct rule *rule;
    bool is_limited;
    struct bridge b;

    (void)state;
    bridge_create(&b);
    bridge_parse_flow("in_port=1,hard_timeout=10,actions=output:2", OFPFC_MODIFY_STRICT, &ofpacts,
                      &fm);
    fm.add_if_missing = true;
    assert_ok(ofproto_learn(b.ofproto, &fm, 0, &is_limited));
    rule = bridge_rule(&b, 0);
    rule->created_ms = rule->modified_ms = time_now_ms() - 9000;
    assert_true(rule_deadline_ms(rule) <= time_now_ms() + 1000);
    assert_ok(ofproto_learn(b.ofproto, &fm, 0, &is_limited));
    assert_true(rule_deadline_ms(rule) > time_now_ms() + 9000);
    assert_true(rule->created_ms <= time_now_ms() - 9000); /* Its duration goes on. */
    ofproto_expire(b.ofproto, time_now_ms() + 2000);
    assert_int_equal(table_n_flows(&b.ofproto->tables[0]), 1);
    ofproto_expire(b.ofproto, time_now_ms() + 11000);
    assert_int_equal(table_n_flows(&b.ofproto->tables[0]), 0);
    /* What a controller puts in its place was not learned. */
    assert_ok(ofproto_learn(b.ofproto, &fm, 0, &is_limited));
    assert_ok(bridge_flow(&b, ADD, "in_port=1,hard_timeout=10,actions=output:2"));
    rule = bridge_rule(&b, 0);
    rule->created_ms -= 9000;
    assert_ok(bridge_flow(&b, OFPFC_MODIFY, "in_port=1,actions=output:3"));
    assert_true(rule_deadline_ms(rule) <= time_now_ms() + 1000);
    buf_destroy(&ofpacts);
    bridge_destroy(&b);
}

/* ---- delete_learned ------------------------------------------------------------------------- */
#define LEARNS(COOKIE) "learn(table=1,cookie=" #COOKIE ",delete_learned,output:in_port)"
#define LEARNED_5 "1 1 in_port=1 cookie=0x5 actions=output:2\n"
#define LEARNED_6 "1 1 in_port=2 cookie=0x6 actions=output:2\n"
#define REST "2 1  cookie=0x5 actions=output:2\n"

/* Entries of table 1 with cookies 5 and 6, and one with 5 in table 2. */
static void
create_learned(struct bridge *b)
{
    bridge_create(b);
    assert_ok(bridge_flow(b, ADD, "table=1,priority=1,in_port=1,cookie=5,actions=output:2"));
    assert_ok(bridge_flow(b, ADD, "table=1,priority=1,in_port=2,cookie=6,actions=output:2"));
    assert_ok(bridge_flow(b, ADD, "table=2,priority=1,cookie=5,actions=output:2"));
}

static void
learned_flows_go_with_the_last_that_learned_them(void **state)
{
    struct bridge b;

    (void)state;
    create_learned(&b);
    assert_ok(bridge_flow(&b, ADD, "in_port=1,actions=" LEARNS(5)));
    assert_ok(bridge_flow(&b, ADD, "in_port=2,actions=clone(" LEARNS(5) ")"));
    assert_ok(bridge_flow(&b, OFPFC_DELETE, "table=0,in_port=1"));
    assert_int_equal(table_n_flows(&b.ofproto->tables[1]), 2);
    assert_ok(bridge_flow(&b, OFPFC_DELETE, "table=0,in_port=2"));
    assert_string_equal(bridge_dump(&b), LEARNED_6 REST);
    bridge_destroy(&b);
}

static void
learned_flows_go_with_a_change_and_a_timeout(void **state)
{
    struct bridge b;

    (void)state;
    create_learned(&b);
    assert_ok(bridge_flow(&b, ADD, "in_port=1,actions=" LEARNS(5) "," LEARNS(6)));
    assert_ok(bridge_flow(&b, ADD, "in_port=1,actions=" LEARNS(6)));
    assert_string_equal(bridge_dump(&b),
                        "0 32768 in_port=1 actions=learn(table=1,delete_learned,cookie=0x6,"
                        "output:NXM_OF_IN_PORT[])\n" LEARNED_6 REST);
    b.origin.version = OFP10; /* Which takes a new entry for it. */
    assert_ok(bridge_flow(&b, ADD, "in_port=1,hard_timeout=1,actions=" LEARNS(6)));
    assert_int_equal(table_n_flows(&b.ofproto->tables[1]), 1);
    ofproto_expire(b.ofproto, time_now_ms() + 2000);
    assert_string_equal(bridge_dump(&b), REST);
    bridge_destroy(&b);
}

/* What goes may have learned, too; what did not ask for it leaves its flows. */
static void
learned_flows_go_in_chains_and_on_request_only(void **state)
{
    struct bridge b;

    (void)state;
    create_learned(&b);
    assert_ok(bridge_flow(&b, ADD, "in_port=1,actions=learn(table=1,cookie=6,in_port)"));
    assert_ok(bridge_flow(&b, ADD, "table=2,in_port=1,cookie=8,actions=" LEARNS(5)));
    assert_ok(
        bridge_flow(&b, ADD, "in_port=2,actions=learn(table=2,cookie=8,delete_learned,in_port)"));
    assert_ok(bridge_flow(&b, OFPFC_DELETE, "table=0"));
    assert_string_equal(bridge_dump(&b), LEARNED_6 REST);
    bridge_destroy(&b);
}

static void
an_undone_change_takes_no_learned_flows(void **state)
{
    static const char *const lines[] = {"in_port=3,actions=" LEARNS(6), "table=0,in_port=1",
                                        "in_port=2,actions=group:77"};
    struct ofproto_msg msgs[3];
    struct ofp_flow_mod fms[3];
    struct buf ofpacts[3];
    struct bridge b;
    size_t failed;

    (void)state;
    create_learned(&b);
    assert_ok(bridge_flow(&b, ADD, "in_port=1,actions=" LEARNS(5)));
    for (size_t i = 0; i < 3; i++) {
        ofpacts[i] = (struct buf)BUF_INITIALIZER;
        bridge_parse_flow(lines[i], i == 1 ? OFPFC_DELETE : ADD, &ofpacts[i], &fms[i]);
        msgs[i] = (struct ofproto_msg){.type = OFPROTO_FLOW_MOD, .flow_mod = &fms[i]};
    }
    assert_error(bridge_commit(&b, msgs, 3, &failed), OFPBAC_BAD_OUT_GROUP);
    assert_int_equal(failed, 2);
    assert_ok(bridge_flow(&b, ADD, "table=3,actions=drop"));
    assert_string_equal(bridge_dump(&b),
                        "0 32768 in_port=1 actions=learn(table=1,delete_learned,cookie=0x5,"
                        "output:NXM_OF_IN_PORT[])\n" LEARNED_5 LEARNED_6 REST
                        "3 32768  actions=drop\n");
    for (size_t i = 0; i < 3; i++)
        buf_destroy(&ofpacts[i]);
    bridge_destroy(&b);
}

static void
hidden_flows_are_out_of_reach(void **state)
{
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofproto_aggregate aggregate;
    struct ofproto_flow_filter filter = {
        .table_id = OFTABLE_ALL, .out_port = OFPORT_ANY, .out_group = OFGROUP_ANY};
    struct flow flow = {.in_port = 3};
    struct match match;
    struct bridge b;

    (void)state;
    bridge_create(&b);
    match_init_catchall(&match);
    assert_null(ofpacts_parse("NORMAL", NULL, false, &ofpacts));
    ofproto_hidden_flow_add(b.ofproto, &match, 70000, (const struct ofpact *)ofpacts.data,
                            ofpacts.size);
    assert_ok(bridge_flow(&b, ADD, "in_port=3,actions=drop"));
    assert_ok(bridge_flow(&b, OFPFC_DELETE, "table=255"));
    ofproto_flush(b.ofproto);
    assert_string_equal(bridge_dump(&b), "");
    assert_ok(ofproto_aggregate(b.ofproto, &filter, &aggregate));
    assert_int_equal(aggregate.n_flows, 0);
    assert_true(table_lookup(&b.ofproto->tables[0], &flow, NULL)->is_hidden);
    ofproto_hidden_flow_delete(b.ofproto, &match, 70000);
    assert_null(table_lookup(&b.ofproto->tables[0], &flow, NULL));
    ofproto_hidden_flow_add(b.ofproto, &match, 5, (const struct ofpact *)ofpacts.data,
                            ofpacts.size);
    assert_error(bridge_flow(&b, ADD, "priority=5,actions=drop"), OFPFMFC_EPERM);
    buf_destroy(&ofpacts);
    bridge_destroy(&b);
}

static void
statistics_filter_and_sum(void **state)
{
    struct ofproto_flow_filter filter = {
        .table_id = OFTABLE_ALL, .out_port = OFPORT_ANY, .out_group = OFGROUP_ANY};
    struct ofproto_aggregate aggregate;
    struct ofproto_rules rules;
    struct bridge b;

    (void)state;
    bridge_create(&b);
    fill_for_deletion(&b);
    rule_credit(bridge_rule(&b, 2), 4, 400, 0);
    assert_ok(ofproto_aggregate(b.ofproto, &filter, &aggregate));
    assert_int_equal(aggregate.n_flows, 4);
    assert_int_equal(aggregate.n_packets, 4);
    assert_int_equal(aggregate.n_bytes, 400);
    filter.out_port = 3;
    assert_ok(ofproto_aggregate(b.ofproto, &filter, &aggregate));
    assert_int_equal(aggregate.n_flows, 2);
    filter.cookie = 0x20;
    filter.cookie_mask = 0xf0;
    assert_ok(ofproto_aggregate(b.ofproto, &filter, &aggregate));
    assert_int_equal(aggregate.n_flows, 1);
    filter.table_id = 4;
    assert_error(ofproto_collect(b.ofproto, &filter, &rules), OFPBRC_BAD_TABLE_ID);
    bridge_destroy(&b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(add_replaces_the_same_match_and_priority),
    cmocka_unit_test(counters_of_a_replaced_entry_stay_unless_reset),
    cmocka_unit_test(packets_before_a_reset_do_not_count_after_it),
    cmocka_unit_test(overlap_is_refused_when_asked),
    cmocka_unit_test(matches_of_internals_are_refused),
    cmocka_unit_test(modify_changes_actions_and_nothing_else),
    cmocka_unit_test(modify_is_loose_and_modify_strict_is_not),
    cmocka_unit_test(modify_of_nothing_adds_in_the_old_versions_only),
    cmocka_unit_test(deletions_select_by_match_table_cookie_and_output),
    cmocka_unit_test(bad_tables_and_commands_are_refused),
    cmocka_unit_test(full_tables_refuse_or_evict),
    cmocka_unit_test(a_used_entry_lives_longer),
    cmocka_unit_test(vacancy_is_told_once_a_crossing),
    cmocka_unit_test(flow_removed_waits_for_the_last_pin),
    cmocka_unit_test(monitors_hear_of_every_change_in_order),
    cmocka_unit_test(versions_rise_when_translation_can_tell),
    cmocka_unit_test(conjunctions_come_and_go_with_actions),
    cmocka_unit_test(learned_flows_refresh_and_keep_to_their_limit),
    cmocka_unit_test(a_flow_learned_again_starts_its_hard_timeout_anew),
    cmocka_unit_test(learned_flows_go_with_the_last_that_learned_them),
    cmocka_unit_test(learned_flows_go_with_a_change_and_a_timeout),
    cmocka_unit_test(learned_flows_go_in_chains_and_on_request_only),
    cmocka_unit_test(an_undone_change_takes_no_learned_flows),
    cmocka_unit_test(hidden_flows_are_out_of_reach),
    cmocka_unit_test(statistics_filter_and_sum),
};

UNIT_MAIN(tests)
