/* SPDX-License-Identifier: Apache-2.0 */
/* Runs every vector of actions.json through the fast path and compares what comes out, byte by
 * byte, and the key with what comes out.
 *
 * A vector runs up to four ways: "xdp" as a test run with poisoned headroom, "tc" from a veth
 * port (where the kernel keeps the outer tag beside the bytes), "inject" through a device's
 * egress (where it does not), and "partial" from a port with the checksum left to the device.
 * Everything happens in a network namespace of this process. */
#include "tests/unit.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/datapath/rig.h"

enum way { WAY_XDP, WAY_TC, WAY_INJECT, WAY_PARTIAL, N_WAYS };
static const char *const way_names[] = {"xdp", "tc", "inject", "partial"};

struct vector {
    const json_t *json;
    enum way way;
};

static struct rig *rig;

static struct frame
hex_frame(const json_t *json)
{
    const char *hex = json_string_value(json);
    struct frame frame = {.size = strlen(hex) / 2};

    assert_true(frame.size <= sizeof frame.data);
    for (size_t i = 0; i < frame.size; i++)
        assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &frame.data[i]), 1);
    return frame;
}

static struct frame
input_of(const struct vector *vector)
{
    struct frame frame = hex_frame(json_object_get(vector->json, "in"));
    const json_t *csum = json_object_get(vector->json, "csum");
    uint32_t sum;

    if (vector->way == WAY_PARTIAL) {
        frame.csum_start = json_integer_value(json_array_get(csum, 0));
        frame.csum_offset = json_integer_value(json_array_get(csum, 1));
        sum = json_integer_value(json_array_get(csum, 2));
        frame.data[frame.csum_start + frame.csum_offset] = sum >> 8;
        frame.data[frame.csum_start + frame.csum_offset + 1] = sum;
    }
    return frame;
}

static void
assert_frames_equal(const struct frame *frame, const struct frame *expected)
{
    for (size_t i = 0; i < frame->size && i < expected->size; i++) {
        if (frame->data[i] != expected->data[i])
            fail_msg("byte %zu is %02x, not %02x (%zu bytes, not %zu)", i, frame->data[i],
                     expected->data[i], frame->size, expected->size);
    }
    if (frame->size != expected->size)
        fail_msg("%zu bytes, not %zu", frame->size, expected->size);
}

/* The frames that must leave, whichever order the ports are in. */
static void
check_outputs(const struct vector *vector, const struct rig_result *result)
{
    const json_t *outputs = json_object_get(vector->json, "out"), *output;
    size_t i;

    json_array_foreach(outputs, i, output)
    {
        uint32_t port_no = json_integer_value(json_array_get(output, 0));
        struct frame expected = hex_frame(json_array_get(output, 1));

        if (result->n_outputs[port_no] != 1)
            fail_msg("port %u sent %u frames, not 1 (dropped: %s)", port_no,
                     result->n_outputs[port_no], result->drop);
        assert_frames_equal(&result->outputs[port_no], &expected);
    }
    assert_int_equal(result->n_outputs_sum, json_array_size(outputs));
}

static void
check_upcall(const struct vector *vector, const struct rig_result *result)
{
    const json_t *upcall = json_object_get(vector->json, "upcall");
    struct frame expected;

    assert_int_equal(result->n_upcalls, upcall ? 1 : 0);
    if (!upcall)
        return;
    assert_int_equal(result->upcall.reason, json_integer_value(json_object_get(upcall, "reason")));
    assert_int_equal(result->upcall.cookie, json_integer_value(json_object_get(upcall, "cookie")));
    expected = hex_frame(json_object_get(upcall, "packet"));
    assert_frames_equal(&result->upcall_packet, &expected);
}

/* A lookup after the list would see what another switch sees in the frame that left. */
static void
check_key(const struct vector *vector, const struct rig_result *result)
{
    const json_t *outputs = json_object_get(vector->json, "out");
    size_t n = json_array_size(outputs);
    const uint64_t *words, *expected_words;
    struct frame last;
    struct dp_key expected;

    if (!n || strstr(json_string_value(json_object_get(vector->json, "actions")), "trunc"))
        return;
    last = hex_frame(json_array_get(json_array_get(outputs, n - 1), 1));
    rig_parse(&last, &expected);
    words = (const uint64_t *)&result->key;
    expected_words = (const uint64_t *)&expected;
    for (size_t i = DP_WORD_OF(eth_dst); i < DP_WORD_OF(ct_state); i++) {
        if (words[i] != expected_words[i])
            fail_msg("key word %zu is %#llx, not %#llx", i, (unsigned long long)words[i],
                     (unsigned long long)expected_words[i]);
    }
}

static void
run_vector(void **state)
{
    static const enum rig_way ways[] = {RIG_XDP, RIG_TC_PORT, RIG_TC_INJECT, RIG_TC_PORT};
    const struct vector *vector = *state;
    const char *drop = json_string_value(json_object_get(vector->json, "drop"));
    struct frame input = input_of(vector);
    struct rig_result result;

    rig_set_list(rig, json_string_value(json_object_get(vector->json, "actions")));
    rig_run(rig, ways[vector->way], &input, json_array_size(json_object_get(vector->json, "out")),
            &result);
    assert_string_equal(result.drop, drop ? drop : "");
    check_outputs(vector, &result);
    check_upcall(vector, &result);
    check_key(vector, &result);
}

static bool
goes_this_way(const json_t *vector, enum way way)
{
    if (way == WAY_XDP)
        return !json_object_get(vector, "tc_only");
    return way != WAY_PARTIAL || json_object_get(vector, "csum");
}

/* One test a vector and way. */
static struct CMUnitTest *
make_tests(const json_t *vectors, size_t *n_tests)
{
    struct CMUnitTest *tests = calloc(json_array_size(vectors) * N_WAYS, sizeof *tests);
    const json_t *json;
    size_t i;

    json_array_foreach(vectors, i, json)
    {
        for (enum way way = 0; way < N_WAYS; way++) {
            struct vector *vector = malloc(sizeof *vector);
            char *name;

            if (!goes_this_way(json, way)) {
                free(vector);
                continue;
            }
            *vector = (struct vector){json, way};
            if (asprintf(&name, "%s: %s", way_names[way],
                         json_string_value(json_object_get(json, "name"))) < 0)
                abort();
            tests[(*n_tests)++] = (struct CMUnitTest){name, run_vector, NULL, NULL, vector};
        }
    }
    return tests;
}

static void
free_tests(struct CMUnitTest *tests, size_t n_tests)
{
    for (size_t i = 0; i < n_tests; i++) {
        free((char *)tests[i].name);
        free(tests[i].initial_state);
    }
    free(tests);
}

int
main(int argc, char **argv)
{
    const char *srcdir = getenv("top_srcdir");
    struct CMUnitTest *tests;
    json_error_t error;
    char path[4096];
    size_t n_tests = 0;
    json_t *vectors;
    int failed;

    if (geteuid() || unshare(CLONE_NEWNET)) {
        printf("1..0 # SKIP needs root and network namespaces\n");
        return 77;
    }
    snprintf(path, sizeof path, "%s/tests/datapath/actions.json", srcdir ? srcdir : ".");
    vectors = json_load_file(path, 0, &error);
    if (!vectors) {
        fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
        return 1;
    }
    rig = rig_open();
    tests = make_tests(vectors, &n_tests);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    failed = _cmocka_run_group_tests("actions", tests, n_tests, NULL, NULL);
    free_tests(tests, n_tests);
    rig_close(rig);
    json_decref(vectors);
    return failed != 0;
}
