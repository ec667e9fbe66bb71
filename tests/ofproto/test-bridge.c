/* SPDX-License-Identifier: Apache-2.0 */
/* Meters, ports, bundles, expiry, configuration. */
#include "lib/tally.h"
#include "tests/ofproto/bridge.h"
#include "tests/ofproto/random.h"

#include <errno.h>
#include <stdio.h>

/* ---- Meters --------------------------------------------------------------------------------- */
static enum ofperr
meter(struct bridge *b, uint16_t command, uint32_t id, uint16_t flags, uint32_t rate)
{
    struct ofp_meter_mod mm = {
        .command = command,
        .meter = {.meter_id = id,
                  .flags = flags,
                  .n_bands = 1,
                  .bands = {{.type = OFPMBT_DROP, .rate = rate}}},
    };

    return ofproto_meter_mod(b->ofproto, &mm, &b->origin);
}

static void
meters_reach_the_provider(void **state)
{
    struct meter_stats stats;
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(meter(&b, OFPMC_ADD, 5, OFPMF_PKTPS, 100));
    assert_ok(meter(&b, OFPMC_ADD, OFMETER_CONTROLLER, 0, 100));
    assert_ok(meter(&b, OFPMC_MODIFY, 5, OFPMF_KBPS | OFPMF_STATS, 200));
    assert_string_equal(bridge_events(&b), "meter 5 -> 0 flags=0x2 bands=1\n"
                                           "meter 4294967294 -> 1 flags=0x1 bands=1\n"
                                           "meter 5 -> 0 flags=0x9 bands=1\n");
    assert_ok(ofproto_meter_stats(b.ofproto, OFMETER_CONTROLLER, &stats));
    assert_int_equal(stats.n_packets, 1001);
    assert_error(ofproto_meter_stats(b.ofproto, 6, &stats), OFPMMFC_UNKNOWN_METER);
    assert_ok(meter(&b, OFPMC_DELETE, 5, 0, 1));
    assert_ok(meter(&b, OFPMC_DELETE, 5, 0, 1));
    assert_string_equal(bridge_events(&b), "meter remove 0\n");
    assert_ok(meter(&b, OFPMC_DELETE, OFMETER_ALL, 0, 1));
    assert_string_equal(bridge_events(&b), "meter remove 1\n");
    bridge_destroy(&b);
}

static void
bad_meters_get_their_errors(void **state)
{
    struct ofp_meter_mod mm = {.command = OFPMC_ADD, .meter = {.meter_id = 7, .n_bands = 1}};
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(meter(&b, OFPMC_ADD, 1, 0, 100));
    assert_error(meter(&b, OFPMC_ADD, 1, 0, 100), OFPMMFC_METER_EXISTS);
    assert_error(meter(&b, OFPMC_ADD, 0, 0, 100), OFPMMFC_INVALID_METER);
    assert_error(meter(&b, OFPMC_ADD, OFMETER_MAX + 1, 0, 100), OFPMMFC_INVALID_METER);
    assert_error(meter(&b, OFPMC_ADD, OFMETER_ALL, 0, 100), OFPMMFC_INVALID_METER);
    assert_error(meter(&b, OFPMC_MODIFY, 2, 0, 100), OFPMMFC_UNKNOWN_METER);
    assert_error(meter(&b, OFPMC_ADD, 2, OFPMF_KBPS | OFPMF_PKTPS, 100), OFPMMFC_BAD_FLAGS);
    assert_error(meter(&b, OFPMC_ADD, 2, 0x100, 100), OFPMMFC_BAD_FLAGS);
    assert_error(meter(&b, OFPMC_ADD, 2, 0, 0), OFPMMFC_BAD_RATE);
    assert_error(meter(&b, OFPMC_ADD, 2, 0, 666), OFPMMFC_OUT_OF_METERS);
    assert_error(meter(&b, 9, 2, 0, 100), OFPMMFC_BAD_COMMAND);
    mm.meter.bands[0].type = 77;
    assert_error(ofproto_meter_mod(b.ofproto, &mm, &b.origin), OFPMMFC_BAD_BAND);
    assert_ok(meter(&b, OFPMC_ADD, 2, 0, 100));
    assert_ok(meter(&b, OFPMC_ADD, 3, 0, 100));
    assert_error(meter(&b, OFPMC_ADD, 4, 0, 100), OFPMMFC_OUT_OF_METERS);
    assert_int_equal(b.ofproto->meters.n, 3);
    bridge_destroy(&b);
}

static void
deleting_a_meter_deletes_its_flows(void **state)
{
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(meter(&b, OFPMC_ADD, 1, 0, 100));
    assert_ok(bridge_flow(&b, OFPFC_ADD, "in_port=1,send_flow_rem,actions=meter:1,output:2"));
    assert_ok(bridge_flow(&b, OFPFC_ADD, "in_port=2,actions=output:2"));
    assert_int_equal(meter_find(b.ofproto, 1)->n_uses, 1);
    assert_ok(meter(&b, OFPMC_DELETE, 1, 0, 100));
    assert_string_equal(bridge_dump(&b), "0 32768 in_port=2 actions=output:2\n");
    assert_string_equal(bridge_events(&b), "meter 1 -> 0 flags=0x1 bands=1\n"
                                           "meter remove 0\n"
                                           "removed(4) 0 32768 in_port=1\n");
    bridge_destroy(&b);
}

/* ---- Ports ---------------------------------------------------------------------------------- */
static void
ports_come_change_and_go(void **state)
{
    struct ofport port = {.port_no = 3, .dp_port = 77, .name = "x"};
    struct ofport_stats stats;
    struct bridge b;
    uint32_t port_no;

    (void)state;
    bridge_create(&b);
    assert_int_equal(ofproto_port_add(b.ofproto, &port, &port_no), EEXIST);
    port.port_no = 0;
    port.dp_port = 101;
    assert_int_equal(ofproto_port_add(b.ofproto, &port, &port_no), EEXIST);
    port.dp_port = 77;
    strcpy(port.name, "p1");
    assert_int_equal(ofproto_port_add(b.ofproto, &port, &port_no), EEXIST);
    strcpy(port.name, "x");
    assert_int_equal(ofproto_port_add(b.ofproto, &port, &port_no), 0);
    assert_int_equal(port_no, 5);
    assert_ptr_equal(ofproto_port_by_dp_port(b.ofproto, 77), ofproto_port(b.ofproto, 5));
    assert_ptr_equal(ofproto_port_by_name(b.ofproto, "x"), ofproto_port(b.ofproto, 5));
    port.port_no = 5;
    assert_int_equal(ofproto_port_update(b.ofproto, &port), 0);
    port.state = OFPPS_LINK_DOWN;
    assert_int_equal(ofproto_port_update(b.ofproto, &port), 0);
    assert_false(ofproto_port(b.ofproto, 5)->is_live);
    assert_int_equal(ofproto_port_remove(b.ofproto, 5), 0);
    assert_int_equal(ofproto_port_remove(b.ofproto, 5), ENOENT);
    assert_string_equal(bridge_events(&b), "port add 5 x config=0 state=0x4\n"
                                           "port modify 5 x config=0 state=0x1\n"
                                           "port delete 5 x config=0 state=0x1\n");
    assert_ok(ofproto_port_stats(b.ofproto, 2, &stats));
    assert_int_equal(stats.rx_packets, 2);
    assert_true(stats.collisions == UINT64_MAX);
    assert_error(ofproto_port_stats(b.ofproto, 5, &stats), OFPBRC_BAD_PORT);
    bridge_destroy(&b);
}

static void
port_numbers_are_not_reused_at_once(void **state)
{
    struct ofport port = {.dp_port = 77, .name = "x"};
    struct bridge b;
    uint32_t port_no;

    (void)state;
    bridge_create(&b);
    assert_int_equal(ofproto_port_remove(b.ofproto, 2), 0);
    assert_int_equal(ofproto_port_add(b.ofproto, &port, &port_no), 0);
    assert_int_equal(port_no, 5);
    b.ofproto->next_port_no = OFPROTO_MAX_PORTS - 1;
    for (uint32_t i = 0; i < 2; i++) {
        snprintf(port.name, sizeof port.name, "y%u", i);
        port.dp_port++;
        assert_int_equal(ofproto_port_add(b.ofproto, &port, &port_no), 0);
        assert_int_equal(port_no, i ? 2 : OFPROTO_MAX_PORTS - 1);
    }
    bridge_destroy(&b);
}

static void
port_mods_set_configuration(void **state)
{
    struct ofp_port_mod pm = {.port_no = 2, .mask = OFPPC_PORT_DOWN, .config = OFPPC_PORT_DOWN};
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(ofproto_port_mod(b.ofproto, &pm, &b.origin));
    assert_ok(ofproto_port_mod(b.ofproto, &pm, &b.origin));
    assert_false(ofproto_port(b.ofproto, 2)->is_live);
    assert_string_equal(bridge_events(&b), "config 2 0x1\nport modify 2 p2 config=0x1 state=0\n");
    pm.mask = 0x80000000;
    assert_error(ofproto_port_mod(b.ofproto, &pm, &b.origin), OFPPMFC_BAD_CONFIG);
    pm.mask = OFPPC_NO_FLOOD | OFPPC_PORT_DOWN;
    pm.config = OFPPC_NO_FLOOD;
    pm.has_hw_addr = true;
    assert_error(ofproto_port_mod(b.ofproto, &pm, &b.origin), OFPPMFC_BAD_HW_ADDR);
    memcpy(pm.hw_addr, ofproto_port(b.ofproto, 2)->hw_addr, 6);
    b.port_config_error = EPERM;
    assert_error(ofproto_port_mod(b.ofproto, &pm, &b.origin), OFPPMFC_EPERM);
    assert_int_equal(ofproto_port(b.ofproto, 2)->config, OFPPC_PORT_DOWN);
    b.port_config_error = 0;
    assert_ok(ofproto_port_mod(b.ofproto, &pm, &b.origin));
    assert_true(ofproto_port(b.ofproto, 2)->is_live);
    pm.port_no = 9;
    assert_error(ofproto_port_mod(b.ofproto, &pm, &b.origin), OFPPMFC_BAD_PORT);
    bridge_destroy(&b);
}

/* ---- Bundles -------------------------------------------------------------------------------- */
struct bundle {
    struct ofproto_msg msgs[16];
    struct ofp_flow_mod flow_mods[16];
    struct ofp_group_mod group_mods[16];
    struct ofp_meter_mod meter_mods[16];
    struct ofp_port_mod port_mod;
    struct buf ofpacts[16];
    size_t n;
};

static void
bundle_flow(struct bundle *bundle, uint8_t command, const char *line)
{
    size_t i = bundle->n++;

    buf_init(&bundle->ofpacts[i]);
    bridge_parse_flow(line, command, &bundle->ofpacts[i], &bundle->flow_mods[i]);
    bundle->msgs[i] = (struct ofproto_msg){
        .type = OFPROTO_FLOW_MOD, .xid = 100 + (uint32_t)i, .flow_mod = &bundle->flow_mods[i]};
}

static void
bundle_group(struct bundle *bundle, uint16_t command, const char *line)
{
    size_t i = bundle->n++;

    buf_init(&bundle->ofpacts[i]);
    bridge_parse_group(line, command, OFPG_BUCKET_ALL, &bundle->group_mods[i]);
    bundle->msgs[i] = (struct ofproto_msg){
        .type = OFPROTO_GROUP_MOD, .xid = 100 + (uint32_t)i, .group_mod = &bundle->group_mods[i]};
}

static void
bundle_meter(struct bundle *bundle, uint16_t command, uint32_t meter_id, uint32_t rate)
{
    size_t i = bundle->n++;

    buf_init(&bundle->ofpacts[i]);
    bundle->meter_mods[i] = (struct ofp_meter_mod){
        .command = command,
        .meter = {.meter_id = meter_id,
                  .n_bands = 1,
                  .bands = {{.type = OFPMBT_DROP, .rate = rate}}},
    };
    bundle->msgs[i] =
        (struct ofproto_msg){.type = OFPROTO_METER_MOD, .meter_mod = &bundle->meter_mods[i]};
}

static void
bundle_port_down(struct bundle *bundle, uint32_t port_no)
{
    size_t i = bundle->n++;

    buf_init(&bundle->ofpacts[i]);
    bundle->port_mod = (struct ofp_port_mod){
        .port_no = port_no, .mask = OFPPC_PORT_DOWN, .config = OFPPC_PORT_DOWN};
    bundle->msgs[i] = (struct ofproto_msg){.type = OFPROTO_PORT_MOD, .port_mod = &bundle->port_mod};
}

static void
bundle_destroy(struct bundle *bundle)
{
    for (size_t i = 0; i < bundle->n; i++) {
        buf_destroy(&bundle->ofpacts[i]);
        if (bundle->msgs[i].type == OFPROTO_GROUP_MOD) {
            struct ofp_bucket *bucket, *next;

            LIST_FOR_EACH_SAFE (bucket, next, node, &bundle->group_mods[i].buckets) {
                free(bucket->ofpacts);
                free(bucket);
            }
        }
    }
}

/* Something of everything, from the state that fill() makes. */
static void
bundle_everything(struct bundle *bundle)
{
    bundle->n = 0;
    bundle_flow(bundle, OFPFC_ADD, "in_port=5,actions=output:1");
    bundle_group(bundle, OFPGC_ADD, "group_id=3 type=all bucket=1,output:1");
    bundle_flow(bundle, OFPFC_ADD, "in_port=6,actions=group:3");
    bundle_group(bundle, OFPGC_MODIFY, "group_id=1 type=all bucket=9,output:2");
    bundle_flow(bundle, OFPFC_MODIFY, "in_port=1,reset_counts,actions=group:3");
    bundle_flow(bundle, OFPFC_ADD, "in_port=2,reset_counts,actions=group:3");
    bundle_port_down(bundle, 2);
    bundle_group(bundle, OFPGC_DELETE, "group_id=2");
    bundle_flow(bundle, OFPFC_DELETE, "in_port=4");
    bundle_flow(bundle, OFPFC_DELETE, "in_port=5");
    bundle_meter(bundle, OFPMC_ADD, 3, 30);
    bundle_meter(bundle, OFPMC_MODIFY, 1, 15);
    bundle_meter(bundle, OFPMC_DELETE, 2, 1);
}

static void
fill(struct bridge *b)
{
    assert_ok(meter(b, OFPMC_ADD, 1, 0, 10));
    assert_ok(meter(b, OFPMC_ADD, 2, 0, 20));
    bridge_events(b);
    assert_ok(bridge_group(b, OFPGC_ADD, OFPG_BUCKET_ALL, "group_id=1 type=all bucket=1,output:1"));
    assert_ok(bridge_group(b, OFPGC_ADD, OFPG_BUCKET_ALL, "group_id=2 type=all bucket=1,output:1"));
    assert_ok(bridge_flow(b, OFPFC_ADD, "table=1,in_port=1,actions=output:1"));
    rule_credit(bridge_rule(b, 1), 8, 800, 0);
    assert_ok(bridge_flow(b, OFPFC_ADD, "in_port=1,cookie=1,send_flow_rem,actions=group:1"));
    rule_credit(bridge_rule(b, 0), 7, 700, 0);
    assert_ok(bridge_flow(b, OFPFC_ADD, "in_port=2,send_flow_rem,actions=output:1"));
    assert_ok(bridge_flow(b, OFPFC_ADD, "in_port=3,send_flow_rem,actions=group:2"));
    assert_ok(bridge_flow(b, OFPFC_ADD, "in_port=4,send_flow_rem,hard_timeout=9,actions=output:1"));
    assert_ok(bridge_flow(b, OFPFC_ADD, "table=2,actions=meter:2"));
}

#define TABLE_1 "1 32768 in_port=1 n=8 actions=output:1\n"

static void
bundles_do_all_in_order(void **state)
{
    struct bundle bundle;
    uint64_t version;
    struct bridge b;
    size_t failed;

    (void)state;
    bridge_create(&b);
    fill(&b);
    bundle_everything(&bundle);
    version = ofproto_version(b.ofproto);
    assert_ok(bridge_commit(&b, bundle.msgs, bundle.n, &failed));
    assert_int_equal(ofproto_version(b.ofproto), version + 1);
    assert_string_equal(bridge_dump(&b), "0 32768 in_port=1 cookie=0x1 actions=group:3\n"
                                         "0 32768 in_port=2 actions=group:3\n"
                                         "0 32768 in_port=6 actions=group:3\n" TABLE_1);
    assert_string_equal(bridge_dump_groups(&b), "1 all 9:0\n3 all 1:0\n");
    assert_string_equal(bridge_events(&b), "meter 3 -> 2 flags=0x1 bands=1\n"
                                           "config 2 0x1\n"
                                           "meter 1 -> 0 flags=0x1 bands=1\n"
                                           "meter remove 1\n"
                                           "port modify 2 p2 config=0x1 state=0\n"
                                           "removed(3) 0 32768 in_port=3\n"
                                           "removed(2) 0 32768 in_port=4\n");
    bundle_destroy(&bundle);
    bridge_destroy(&b);
}

static void
failed_bundles_change_nothing(void **state)
{
    char *flows, *groups;
    struct bundle bundle;
    uint64_t version;
    struct bridge b;
    size_t failed = 99;

    (void)state;
    bridge_create(&b);
    fill(&b);
    ofproto_set_monitoring(b.ofproto, true);
    flows = xstrdup(bridge_dump(&b));
    groups = xstrdup(bridge_dump_groups(&b));
    version = ofproto_version(b.ofproto);
    bundle_everything(&bundle);
    bundle_flow(&bundle, OFPFC_ADD, "in_port=7,actions=group:2");
    assert_error(bridge_commit(&b, bundle.msgs, bundle.n, &failed), OFPBAC_BAD_OUT_GROUP);
    assert_int_equal(failed, bundle.n - 1);
    assert_string_equal(bridge_dump(&b), flows);
    assert_string_equal(bridge_dump_groups(&b), groups);
    assert_int_equal(ofproto_version(b.ofproto), version);
    assert_true(ofproto_port(b.ofproto, 2)->is_live);
    /* Neither a device nor a meter in use heard of it. */
    assert_string_equal(bridge_events(&b), "meter 3 -> 2 flags=0x1 bands=1\nmeter remove 2\n");
    assert_null(meter_find(b.ofproto, 3));
    assert_int_equal(meter_find(b.ofproto, 1)->config.bands[0].rate, 10);
    assert_int_equal(meter_find(b.ofproto, 2)->n_uses, 1);
    assert_int_equal(group_find(b.ofproto, 2)->n_uses, 1);
    assert_int_equal(b.ofproto->expiring.n, 1);
    bundle_destroy(&bundle);
    free(flows);
    free(groups);
    bridge_destroy(&b);
}

static void
a_device_that_refuses_fails_the_bundle(void **state)
{
    struct bundle bundle = {0};
    struct bridge b;
    size_t failed;

    (void)state;
    bridge_create(&b);
    bundle_flow(&bundle, OFPFC_ADD, "in_port=5,actions=output:1");
    bundle_port_down(&bundle, 2);
    bundle_flow(&bundle, OFPFC_ADD, "in_port=6,actions=output:1");
    b.port_config_error = EPERM;
    assert_error(bridge_commit(&b, bundle.msgs, bundle.n, &failed), OFPPMFC_EPERM);
    assert_int_equal(failed, 1);
    assert_string_equal(bridge_dump(&b), "");
    assert_true(ofproto_port(b.ofproto, 2)->is_live);
    assert_string_equal(bridge_events(&b), "config 2 0x1\n");
    bundle_destroy(&bundle);
    bridge_destroy(&b);
}

static void
bundles_of_100000_flows_fail_and_commit_whole(void **state)
{
    enum { N = 100000 };
    struct ofproto_msg *msgs = xcalloc(N, sizeof *msgs);
    struct ofp_flow_mod *fms = xcalloc(N, sizeof *fms), bad;
    struct buf ofpacts = BUF_INITIALIZER;
    struct bridge b;
    size_t failed;

    (void)state;
    bridge_create(&b);
    for (uint32_t i = 0; i < N; i++) {
        if (i)
            fms[i] = fms[0];
        else
            bridge_parse_flow("ip,nw_dst=10.0.0.0,actions=output:2", OFPFC_ADD, &ofpacts, &fms[0]);
        fms[i].match.flow.key.ip_dst = i;
        msgs[i] = (struct ofproto_msg){.type = OFPROTO_FLOW_MOD, .flow_mod = &fms[i]};
    }
    bad = fms[N - 1];
    bad.table_id = 9;
    msgs[N - 1].flow_mod = &bad;
    assert_error(bridge_commit(&b, msgs, N, &failed), OFPFMFC_BAD_TABLE_ID);
    assert_int_equal(failed, N - 1);
    assert_int_equal(b.ofproto->n_flows, 0);
    msgs[N - 1].flow_mod = &fms[N - 1];
    assert_ok(bridge_commit(&b, msgs, N, &failed));
    assert_int_equal(b.ofproto->n_flows, N);
    bridge_destroy(&b);
    buf_destroy(&ofpacts);
    free(msgs);
    free(fms);
}

/* ---- Expiry --------------------------------------------------------------------------------- */
static void
timeouts_end_flows(void **state)
{
    int64_t start = time_now_ms();
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_true(ofproto_expire(b.ofproto, start) == INT64_MAX);
    assert_ok(bridge_flow(&b, OFPFC_ADD, "in_port=1,idle_timeout=5,send_flow_rem,actions=drop"));
    assert_ok(bridge_flow(&b, OFPFC_ADD, "in_port=2,hard_timeout=8,send_flow_rem,actions=drop"));
    assert_ok(bridge_flow(&b, OFPFC_ADD, "in_port=3,actions=drop"));
    assert_in_range(ofproto_expire(b.ofproto, start + 1000) - start, 5000, 5900);
    assert_int_equal(b.n_syncs, 0);
    assert_in_range(ofproto_expire(b.ofproto, start + 6000) - start, 8000, 8900);
    assert_int_equal(b.n_syncs, 1);
    assert_string_equal(bridge_events(&b), "removed(0) 0 32768 in_port=1\n");
    assert_true(ofproto_expire(b.ofproto, start + 9000) == INT64_MAX);
    assert_string_equal(bridge_events(&b), "removed(1) 0 32768 in_port=2\n");
    assert_string_equal(bridge_dump(&b), "0 32768 in_port=3 actions=drop\n");
    bridge_destroy(&b);
}

static void
use_that_only_a_sync_tells_keeps_a_flow(void **state)
{
    int64_t start = time_now_ms();
    struct rule *rule;
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(bridge_flow(&b, OFPFC_ADD, "in_port=1,idle_timeout=5,actions=drop"));
    rule = bridge_rule(&b, 0);
    atomic_store(&tally_at(rule->tally)->used_ms, start - 10000);
    rule_reduce_timeouts(rule, 4, 0);
    b.sync_rule = rule;
    assert_in_range(ofproto_expire(b.ofproto, start), start + 3900, start + 4900);
    assert_int_equal(rule->idle_timeout_s, 4);
    rule_reduce_timeouts(rule, 6, 7);
    assert_int_equal(rule->idle_timeout_s, 4);
    assert_int_equal(rule->hard_timeout_s, 7);
    b.sync_rule = NULL;
    ofproto_expire(b.ofproto, start + 60000);
    assert_string_equal(bridge_dump(&b), "");
    bridge_destroy(&b);
}

/* A hard timeout does not wait for what counters would tell. */
static void
deferred_idle_timeouts_wait(void **state)
{
    int64_t start = time_now_ms();
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(bridge_flow(&b, OFPFC_ADD, "in_port=1,idle_timeout=5,send_flow_rem,actions=drop"));
    assert_ok(bridge_flow(&b, OFPFC_ADD,
                          "in_port=2,idle_timeout=5,hard_timeout=8,send_flow_rem,actions=drop"));
    b.ofproto->defers_idle = true;
    assert_in_range(ofproto_expire(b.ofproto, start + 7500) - start, 8000, 8500);
    assert_string_equal(bridge_events(&b), "");
    assert_in_range(ofproto_expire(b.ofproto, start + 9000) - start, 9500, 10000);
    assert_string_equal(bridge_events(&b), "removed(1) 0 32768 in_port=2\n");
    b.ofproto->defers_idle = false;
    assert_true(ofproto_expire(b.ofproto, start + 10000) == INT64_MAX);
    assert_string_equal(bridge_events(&b), "removed(0) 0 32768 in_port=1\n");
    bridge_destroy(&b);
}

/* ---- Configuration -------------------------------------------------------------------------- */
static void
configuration_is_checked(void **state)
{
    struct ofp_table_features_mod mods[2] = {{.table_id = 1, .name = "acl", .max_entries = 2},
                                             {.table_id = 9, .max_entries = 2}};
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(ofproto_set_config(b.ofproto, OFPC_FRAG_DROP, 77));
    assert_error(ofproto_set_config(b.ofproto, OFPC_FRAG_REASM, 1), OFPSCFC_BAD_FLAGS);
    assert_error(ofproto_set_config(b.ofproto, 0x10, 1), OFPSCFC_BAD_FLAGS);
    assert_int_equal(b.ofproto->miss_send_len, 77);
    assert_error(ofproto_table_features(b.ofproto, mods, 2), OFPTFFC_BAD_TABLE);
    assert_string_equal(b.ofproto->tables[1].name, "");
    assert_ok(ofproto_table_features(b.ofproto, mods, 1));
    assert_string_equal(b.ofproto->tables[1].name, "acl");
    assert_ok(bridge_flow(&b, OFPFC_ADD, "table=1,in_port=1,actions=drop"));
    assert_ok(bridge_flow(&b, OFPFC_ADD, "table=1,in_port=2,actions=drop"));
    assert_error(bridge_flow(&b, OFPFC_ADD, "table=1,in_port=3,actions=drop"), OFPFMFC_TABLE_FULL);
    mods[0].max_entries = 1;
    assert_error(ofproto_table_features(b.ofproto, mods, 1), OFPTFFC_EPERM);
    bridge_destroy(&b);
}

static enum ofperr
set_egress(struct bridge *b, unsigned int table_id, bool is_first)
{
    struct ofp_table_features_mod mod = {.table_id = (uint8_t)table_id,
                                         .max_entries = UINT32_MAX,
                                         .sets_egress = true,
                                         .is_first_egress = is_first};

    return ofproto_table_features(b->ofproto, &mod, 1);
}

/* By a look at every flow entry: none of a table before `first` goes there or beyond, none of the
 * others writes an output. */
static bool
entries_fit(struct bridge *b, unsigned int first)
{
    char *text = strdup(bridge_dump(b)), *save = NULL;
    bool fit = true;

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        const char *target = strstr(line, "goto_table:");

        if ((unsigned int)atoi(line) >= first)
            fit &= !strstr(line, "write_actions(output") && !strstr(line, "write_actions(group");
        else
            fit &= !target || (unsigned int)atoi(target + strlen("goto_table:")) < first;
    }
    free(text);
    return fit;
}

/* Returns how many of them could be the first. */
static unsigned int
check_each_egress(struct bridge *b)
{
    unsigned int n = 0;

    for (unsigned int first = 1; first < b->ofproto->n_tables; first++) {
        bool fit = entries_fit(b, first);

        assert_string_equal(ofperr_name(set_egress(b, first, true)),
                            ofperr_name(fit ? OFPERR_OK : OFPERR_OFPTFFC_EPERM));
        assert_ok(set_egress(b, first, false));
        n += fit;
    }
    return n;
}

/* In one bundle in three the last message fails. */
static void
change_at_random(struct bridge *b)
{
    static const char *const actions[] = {"drop",
                                          "output:1",
                                          "goto_table:%u",
                                          "write_actions(output:1)",
                                          "group:1",
                                          "write_actions(group:1)",
                                          "write_actions(dec_ttl),goto_table:%u",
                                          "write_actions(output:2),goto_table:%u"};
    static const uint8_t commands[] = {OFPFC_ADD, OFPFC_ADD, OFPFC_MODIFY, OFPFC_DELETE};
    struct bundle bundle = {.n = 0};
    char line[128], list[64];
    size_t failed;

    for (unsigned int i = 0; i < 3; i++) {
        unsigned int table = random_below(4), target = table + 1 + random_below(3 - MIN(table, 2u));
        const char *format = actions[random_below(ARRAY_SIZE(actions))];

        if (strchr(format, '%') && target > 3)
            format = "drop";
        snprintf(list, sizeof list, format, target);
        snprintf(line, sizeof line, "table=%u,in_port=%u,%sactions=%s", table, 1 + random_below(2),
                 random_below(4) ? "" : "reset_counts,", list);
        bundle_flow(&bundle, commands[random_below(ARRAY_SIZE(commands))], line);
    }
    if (!random_below(3))
        bundle_flow(&bundle, OFPFC_ADD, "in_port=1,actions=group:9");
    bridge_commit(b, bundle.msgs, bundle.n, &failed);
    bundle_destroy(&bundle);
}

static void
egress_starts_where_all_entries_fit(void **state)
{
    unsigned int n_fit = 0, n_rounds = 500;
    struct bridge b;

    (void)state;
    bridge_create(&b);
    assert_ok(
        bridge_group(&b, OFPGC_ADD, OFPG_BUCKET_ALL, "group_id=1 type=all bucket=1,output:1"));
    for (unsigned int i = 0; i < n_rounds; i++) {
        change_at_random(&b);
        n_fit += check_each_egress(&b);
    }
    assert_in_range(n_fit, n_rounds / 10, 2 * n_rounds);
    assert_ok(bridge_flow(&b, OFPFC_DELETE, "table=255,actions=drop"));
    assert_int_equal(check_each_egress(&b), 3);
    bridge_destroy(&b);
}

static void
tables_count_what_they_are_credited(void **state)
{
    struct bridge b;

    (void)state;
    bridge_create(&b);
    table_credit(&b.ofproto->tables[2], 5, 3);
    table_credit(&b.ofproto->tables[2], 1, 0);
    assert_int_equal(tally_at(b.ofproto->tables[2].tally)->n_packets, 6);
    assert_int_equal(tally_at(b.ofproto->tables[2].tally)->n_bytes, 3);
    bridge_destroy(&b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(meters_reach_the_provider),
    cmocka_unit_test(bad_meters_get_their_errors),
    cmocka_unit_test(deleting_a_meter_deletes_its_flows),
    cmocka_unit_test(ports_come_change_and_go),
    cmocka_unit_test(port_numbers_are_not_reused_at_once),
    cmocka_unit_test(port_mods_set_configuration),
    cmocka_unit_test(bundles_do_all_in_order),
    cmocka_unit_test(failed_bundles_change_nothing),
    cmocka_unit_test(a_device_that_refuses_fails_the_bundle),
    cmocka_unit_test(bundles_of_100000_flows_fail_and_commit_whole),
    cmocka_unit_test(timeouts_end_flows),
    cmocka_unit_test(use_that_only_a_sync_tells_keeps_a_flow),
    cmocka_unit_test(deferred_idle_timeouts_wait),
    cmocka_unit_test(configuration_is_checked),
    cmocka_unit_test(egress_starts_where_all_entries_fit),
    cmocka_unit_test(tables_count_what_they_are_credited),
};

UNIT_MAIN(tests)
