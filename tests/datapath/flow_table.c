/* SPDX-License-Identifier: Apache-2.0 */
/* The flow table in shared memory: many flows and masks, replacement, removal, reuse, adoption.
 * What the fast path finds is asked by test runs of its program. */
#include "datapath/dp-internal.h"
#include "datapath/state.bpf.h"
#include "tests/unit.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"

#define FRAME_SIZE 60

struct table {
    struct dp *dp;
    bool adopted;
};

static void
table_open(struct table *table, uint32_t max_flows, const char *pin_dir)
{
    struct dp_options options = {
        .max_flows = max_flows, .inject_dev = "t-table", .pin_dir = pin_dir};

    if (dp_open(&options, &table->dp, &table->adopted))
        fail_msg("%s", dp_error());
}

/* The device of test runs is port 1, so that frames are looked up. */
static void
table_make_port(struct table *table)
{
    uint32_t loopback = if_nametoindex("lo");

    if (dp_port_add(table->dp, 1, loopback, 0, DP_HOOK_TC, NULL))
        fail_msg("%s", dp_error());
}

static void
frame_make(uint8_t frame[FRAME_SIZE], uint32_t source)
{
    static const uint8_t head[] = {2, 0,    0, 0, 0,  1, 2, 0, 0, 0,  0,  2, 8,
                                   0, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0};

    memset(frame, 0, FRAME_SIZE);
    memcpy(frame, head, sizeof head);
    source = htonl(source);
    memcpy(frame + 26, &source, sizeof source);
    memcpy(frame + 30, "\x0a\x00\x00\x01\x00\x01\x00\x02\x00\x1a", 10);
}

/* The flow that the fast path takes for the source address, or DP_NO_FLOW. */
static uint32_t
fast_path_finds(struct table *table, uint32_t source)
{
    uint8_t frame[FRAME_SIZE];
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = FRAME_SIZE,
                .repeat = 1);
    struct dp_totals before, after;

    frame_make(frame, source);
    dp_totals(table->dp, &before);
    if (bpf_prog_test_run_opts(dp_program_fd(table->dp, DP_HOOK_TC, "shunt_port"), &options))
        fail_msg("%s", strerror(errno));
    dp_totals(table->dp, &after);
    return after.n_misses > before.n_misses ? DP_NO_FLOW : table->dp->states[0].flow_index;
}

/* A flow of the addresses whose bits under `prefix` are those of `source`. */
static int
put(struct table *table, uint32_t source, uint32_t prefix, uint32_t *index)
{
    struct dp_key key = {.in_port = 1, .eth_type = htons(0x0800), .ip_src = htonl(source)};
    struct dp_key mask = {.in_port = ~0u, .eth_type = 0xffff, .ip_src = htonl(prefix)};

    return dp_flow_put(table->dp, &key, &mask, NULL, 0, source + UINT64_C(1), index);
}

static void
expect_put(struct table *table, uint32_t source, uint32_t prefix, uint32_t *index)
{
    if (put(table, source, prefix, index))
        fail_msg("flow %u: %s", source, dp_error());
}

static void
many_flows(void **state)
{
    enum { N = 100000 };
    uint32_t *indices = xcalloc(N, sizeof *indices);
    struct table table;

    (void)state;
    table_open(&table, N + 100, NULL);
    table_make_port(&table);
    for (uint32_t i = 0; i < N; i++)
        expect_put(&table, i, ~0u, &indices[i]);
    assert_int_equal(dp_n_flows(table.dp), N);
    assert_int_equal(dp_n_masks(table.dp), 1);
    for (uint32_t i = 0; i < N; i += 7)
        assert_int_equal(fast_path_finds(&table, i), indices[i]);
    assert_int_equal(fast_path_finds(&table, N), DP_NO_FLOW);
    for (uint32_t i = 0; i < N; i += 2)
        assert_int_equal(dp_flow_remove(table.dp, indices[i]), 0);
    for (uint32_t i = 0; i < N; i += 7)
        assert_int_equal(fast_path_finds(&table, i), i % 2 ? indices[i] : DP_NO_FLOW);
    dp_flow_grace(table.dp);
    for (uint32_t i = 0; i < N; i += 2)
        expect_put(&table, i, ~0u, &indices[i]);
    for (uint32_t i = 0; i < N; i += 7)
        assert_int_equal(fast_path_finds(&table, i), indices[i]);
    free(indices);
    dp_close(table.dp, DP_STOP);
}

/* 254 disjoint prefixes in 25 masks, and the address behind each. */
static void
many_masks(void **state)
{
    uint32_t index[25], found;
    struct table table;

    (void)state;
    table_open(&table, 1000, NULL);
    table_make_port(&table);
    for (uint32_t i = 0; i < 25; i++)
        expect_put(&table, 1u << (i + 5), ~0u << (i + 5), &index[i]);
    assert_int_equal(dp_n_masks(table.dp), 25);
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 25; i++) {
            found = fast_path_finds(&table, (1u << (i + 5)) + 17);
            assert_int_equal(found, index[i]);
        }
    }
    for (uint32_t i = 0; i < 25; i += 2)
        assert_int_equal(dp_flow_remove(table.dp, index[i]), 0);
    assert_int_equal(dp_n_masks(table.dp), 12);
    for (uint32_t i = 0; i < 25; i++) {
        found = fast_path_finds(&table, (1u << (i + 5)) + 17);
        assert_int_equal(found, i % 2 ? index[i] : DP_NO_FLOW);
    }
    dp_close(table.dp, DP_STOP);
}

/* Masks of words that are not common ones; each with a flow that only it finds. */
static void
masks_of_rare_words(void **state)
{
    struct dp_key key, mask;
    uint32_t index, other;
    struct table table;

    (void)state;
    table_open(&table, 100, NULL);
    table_make_port(&table);
    memset(&key, 0, sizeof key);
    memset(&mask, 0, sizeof mask);
    key.in_port = 1;
    memset(&mask, 0xff, 7 * 8); /* Tunnel. */
    mask.parsed = 0xff;
    memset(mask.nd_target, 0xff, 16);
    key.parsed = DP_PARSED_L3 | DP_PARSED_L4;
    assert_int_equal(dp_flow_put(table.dp, &key, &mask, NULL, 0, 1, &index), 0);
    assert_int_equal(fast_path_finds(&table, 5), index);
    key.parsed = DP_PARSED_L3;
    assert_int_equal(dp_flow_put(table.dp, &key, &mask, NULL, 0, 2, &other), 0);
    assert_int_equal(fast_path_finds(&table, 6), index);
    assert_int_equal(dp_flow_remove(table.dp, index), 0);
    assert_int_equal(fast_path_finds(&table, 5), DP_NO_FLOW);
    dp_close(table.dp, DP_STOP);
}

static void
errors(void **state)
{
    struct dp_action wrong = {.kind = DP_ACTION_END}, many[400];
    struct dp_key key = {.in_port = 1}, mask = {.in_port = ~0u};
    uint32_t index, used;
    struct table table;

    (void)state;
    table_open(&table, 64, NULL);
    expect_put(&table, 1, ~0u, &index);
    assert_int_equal(put(&table, 1, ~0u, &index), EEXIST);
    assert_int_equal(dp_flow_put(table.dp, &key, &mask, &wrong, 1, 1, &index), EINVAL);
    assert_int_equal(dp_flow_put(table.dp, &key, &mask, NULL, 0, 0, &index), EINVAL);
    for (size_t i = 0; i < ARRAY_SIZE(many); i++)
        many[i] = (struct dp_action){.kind = DP_ACTION_POP_VLAN};
    assert_int_equal(dp_flow_put(table.dp, &key, &mask, many, ARRAY_SIZE(many), 1, &index), EINVAL);
    assert_int_equal(dp_flow_remove(table.dp, 63), ENOENT);
    assert_int_equal(dp_flow_set_actions(table.dp, 63, NULL, 0), ENOENT);
    for (uint32_t i = 2; i <= 64; i++)
        expect_put(&table, i, ~0u, &used);
    assert_int_equal(put(&table, 100, ~0u, &index), ENOSPC);
    assert_int_equal(dp_n_flows(table.dp), 64);
    /* A removed one is free after a grace period. No put waits for that. */
    assert_int_equal(dp_flow_remove(table.dp, used), 0);
    assert_int_equal(put(&table, 100, ~0u, &index), ENOSPC);
    dp_flow_grace(table.dp);
    expect_put(&table, 100, ~0u, &index);
    assert_int_equal(index, used);
    dp_close(table.dp, DP_STOP);
}

/* In a full table, where others wait for grace periods, too, to find room. */
static void
counters_of_a_retired_flow_stay(void **state)
{
    struct dp_flow_stats delta;
    uint32_t index, other;
    struct table table;

    (void)state;
    table_open(&table, 64, NULL);
    table_make_port(&table);
    expect_put(&table, 1, ~0u, &index);
    for (uint32_t i = 2; i <= 64; i++)
        expect_put(&table, i, ~0u, &other);
    assert_int_equal(fast_path_finds(&table, 1), index);
    assert_int_equal(dp_flow_retire(table.dp, index), 0);
    assert_int_equal(dp_flow_retire(table.dp, index), ENOENT);
    assert_int_equal(fast_path_finds(&table, 1), DP_NO_FLOW);
    dp_flow_grace(table.dp);
    assert_int_equal(put(&table, 100, ~0u, &other), ENOSPC);
    dp_flow_credit(table.dp, index, &delta);
    assert_int_equal(delta.n_packets, 1);
    dp_flow_forget(table.dp, index);
    expect_put(&table, 100, ~0u, &other);
    assert_int_equal(other, index);
    dp_flow_forget(table.dp, index);
    assert_int_equal(put(&table, 101, ~0u, &other), ENOSPC);
    dp_close(table.dp, DP_STOP);
}

static void
lists_read_back(void **state)
{
    struct dp_action list[23], got[30];
    struct dp_key key, mask;
    uint32_t index;
    size_t n;
    uint64_t ufid;
    struct table table;

    (void)state;
    table_open(&table, 64, NULL);
    expect_put(&table, 1, 0xff, &index);
    for (size_t i = 0; i < ARRAY_SIZE(list); i++)
        list[i] = (struct dp_action){.kind = DP_ACTION_HASH, .arg32 = i};
    for (size_t size = 0; size <= ARRAY_SIZE(list); size++) {
        assert_int_equal(dp_flow_set_actions(table.dp, index, list, size), 0);
        assert_int_equal(dp_flow_get(table.dp, index, &key, &mask, got, 30, &n, &ufid), 0);
        assert_int_equal(n, size);
        assert_memory_equal(got, list, size * sizeof *list);
        if (size % 3 == 0)
            dp_flow_grace(table.dp);
        assert_int_equal(dp_flow_get(table.dp, index, &key, &mask, got, 30, &n, &ufid), 0);
        assert_int_equal(n, size);
        assert_memory_equal(got, list, size * sizeof *list);
    }
    assert_int_equal(ufid, 2);
    assert_int_equal(key.ip_src, htonl(1));
    assert_int_equal(mask.ip_src, htonl(0xff));
    assert_int_equal(mask.in_port, ~0u);
    /* Nothing leaks: every record but this flow's comes back. */
    assert_int_equal(dp_flow_set_actions(table.dp, index, NULL, 0), 0);
    dp_flow_grace(table.dp);
    dp_flow_grace(table.dp);
    assert_int_equal(table.dp->free.n, 63);
    dp_close(table.dp, DP_STOP);
}

/* A bucket that spills, and comes back to order. */
static void
buckets_spill(void **state)
{
    enum { WANTED = 20 };
    uint32_t indices[WANTED], sources[WANTED], n = 0, keeper;
    struct table table;

    (void)state;
    table_open(&table, 4096, NULL);
    table_make_port(&table);
    expect_put(&table, ~0u, ~0u, &keeper); /* Mask 0 lives. */
    for (uint32_t source = 0; n < WANTED; source++) {
        struct dp_key masked = {.in_port = 1, .eth_type = htons(0x0800), .ip_src = htonl(source)};

        if ((mask_key_hash(table.dp, &masked, 0) & (table.dp->n_buckets - 1)) != 5)
            continue;
        expect_put(&table, source, ~0u, &indices[n]);
        sources[n++] = source;
    }
    for (uint32_t i = 0; i < WANTED; i++)
        assert_int_equal(fast_path_finds(&table, sources[i]), indices[i]);
    assert_int_equal((uint32_t)table.dp->buckets[5].slots[7] >> DP_SLOT_SPILL_SHIFT, 2);
    for (uint32_t i = 0; i < WANTED; i++) {
        assert_int_equal(dp_flow_remove(table.dp, indices[i]), 0);
        for (uint32_t k = i + 1; k < WANTED; k++)
            assert_int_equal(fast_path_finds(&table, sources[k]), indices[k]);
    }
    assert_int_equal((uint32_t)table.dp->buckets[5].slots[7] >> DP_SLOT_SPILL_SHIFT, 0);
    assert_int_equal(table.dp->filters[5 / DP_FILTER_BUCKETS].buckets[5 % DP_FILTER_BUCKETS], 0);
    dp_close(table.dp, DP_STOP);
}

/* Of this process alone: the file system is not of our namespace. */
static const char *
pin_dir(void)
{
    static char path[64];

    snprintf(path, sizeof path, "/sys/fs/bpf/shunt-test-%d", getpid());
    return path;
}

static void
adoption_restores_the_table(void **state)
{
    enum { N = 500 };
    struct dp_action list[DP_RECORD_ACTIONS + 1] = {{0}};
    uint32_t indices[N], extra;
    struct table table;

    (void)state;
    table_open(&table, 1000, pin_dir());
    assert_false(table.adopted);
    table_make_port(&table);
    for (uint32_t i = 0; i < N; i++)
        expect_put(&table, i, ~0u << (i % 2), &indices[i]);
    for (size_t i = 0; i < ARRAY_SIZE(list); i++)
        list[i].kind = DP_ACTION_HASH;
    assert_int_equal(dp_flow_set_actions(table.dp, indices[3], list, ARRAY_SIZE(list)), 0);
    assert_int_equal(dp_flow_remove(table.dp, indices[4]), 0);
    dp_close(table.dp, DP_KEEP);

    table_open(&table, 77, pin_dir());
    assert_true(table.adopted);
    assert_int_equal(dp_max_flows(table.dp), 1000);
    assert_int_equal(dp_n_flows(table.dp), N - 1);
    assert_int_equal(dp_n_masks(table.dp), 2);
    assert_int_equal(fast_path_finds(&table, 7), indices[7]);
    assert_int_equal(put(&table, 7, ~0u << 1, &extra), EEXIST);
    expect_put(&table, 5000, ~0u << 1, &extra);
    dp_flow_grace(table.dp);
    dp_flow_grace(table.dp);
    /* 500 heads and one further record. */
    assert_int_equal(table.dp->free.n, 1000 - 501);
    dp_close(table.dp, DP_STOP);
}

/* A daemon died while it reordered masks: one stands there twice, and one not at all. */
static void
adoption_restores_the_order_of_masks(void **state)
{
    enum { N = 20 };
    struct table table;
    uint32_t indices[N];

    (void)state;
    table_open(&table, 100, pin_dir());
    table_make_port(&table);
    for (uint32_t i = 0; i < N; i++)
        expect_put(&table, 1u << (i + 5), ~0u << (i + 5), &indices[i]);
    table.dp->control->order[3] = table.dp->control->order[7];
    dp_close(table.dp, DP_KEEP);

    table_open(&table, 100, pin_dir());
    assert_true(table.adopted);
    for (uint32_t i = 0; i < N; i++)
        assert_int_equal(fast_path_finds(&table, (1u << (i + 5)) + 17), indices[i]);
    for (uint32_t i = 0; i < N; i++)
        assert_int_equal(dp_flow_remove(table.dp, indices[i]), 0);
    assert_int_equal(table.dp->control->n_masks, 0);
    dp_close(table.dp, DP_STOP);
}

/* From maps of another version. */
static void
migration_keeps_when_flows_were_used(void **state)
{
    struct dp_flow_stats before, delta;
    struct table table;
    uint32_t index;

    (void)state;
    table_open(&table, 100, pin_dir());
    table_make_port(&table);
    expect_put(&table, 1, ~0u, &index);
    assert_int_equal(fast_path_finds(&table, 1), index);
    dp_flow_stats(table.dp, index, &before);
    assert_int_equal(before.n_packets, 1);
    table.dp->control->abi_version--;
    dp_close(table.dp, DP_KEEP);

    table_open(&table, 100, pin_dir());
    assert_true(table.adopted);
    for (index = 0; !table.dp->flows[index].ufid; index++)
        ;
    dp_flow_credit(table.dp, index, &delta);
    assert_int_equal(delta.n_packets, 1);
    assert_int_equal(delta.used_jiffies, before.used_jiffies);
    dp_close(table.dp, DP_STOP);
}

static uint32_t
hash_of(const struct table *table, uint32_t source)
{
    struct dp_key masked = {.in_port = 1, .ip_src = htonl(source)};

    return mask_key_hash(table->dp, &masked, 0);
}

/* Nobody knows which flows share a bucket of another table; who adopts the table does. */
static void
the_hash_is_secret(void **state)
{
    uint32_t hashes[100], n_equal = 0, index;
    struct table table;

    (void)state;
    for (int turn = 0; turn < 3; turn++) {
        table_open(&table, 1000, turn == 2 ? NULL : pin_dir());
        assert_int_equal(table.adopted, turn == 1);
        if (!table.adopted)
            expect_put(&table, 1, ~0u, &index); /* Mask 0. */
        for (uint32_t i = 0; i < ARRAY_SIZE(hashes); i++) {
            uint32_t hash = hash_of(&table, i);

            if (turn == 1)
                assert_int_equal(hash, hashes[i]);
            n_equal += turn == 2 && hash == hashes[i];
            hashes[i] = hash;
        }
        dp_close(table.dp, turn ? DP_STOP : DP_KEEP);
    }
    assert_in_range(n_equal, 0, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(many_flows),
    cmocka_unit_test(many_masks),
    cmocka_unit_test(errors),
    cmocka_unit_test(masks_of_rare_words),
    cmocka_unit_test(counters_of_a_retired_flow_stay),
    cmocka_unit_test(lists_read_back),
    cmocka_unit_test(buckets_spill),
    cmocka_unit_test(adoption_restores_the_table),
    cmocka_unit_test(adoption_restores_the_order_of_masks),
    cmocka_unit_test(migration_keeps_when_flows_were_used),
    cmocka_unit_test(the_hash_is_secret),
};

/* Test runs stay on CPU 0 and in a namespace of our own. */
int
main(int argc, char **argv)
{
    cpu_set_t first;

    if (geteuid()) {
        printf("ok 1 - flow_table # SKIP programs can be loaded by root only\n");
        return 77;
    }
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    if (sched_setaffinity(0, sizeof first, &first) || unshare(CLONE_NEWNET) ||
        system("ip link set lo up"))
        return 1;
    return UNIT_RUN(tests, argc, argv);
}
