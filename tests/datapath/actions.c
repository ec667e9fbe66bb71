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

#include "actions/actions.h"
#include "tests/datapath/rig.h"

enum way { WAY_XDP, WAY_TC, WAY_INJECT, WAY_PARTIAL, N_WAYS };
static const char *const way_names[] = {"xdp", "tc", "inject", "partial"};

struct vector {
    const json_t *json;
    enum way way;
};

static struct rig *rig;

static const char *
actions_of(const struct vector *vector)
{
    return json_string_value(json_object_get(vector->json, "actions"));
}

static struct frame
hex_frame(const json_t *json)
{
    const char *hex = json_string_value(json);
    struct frame frame = {0};

    frame.size = strlen(hex) / 2;
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
        frame.gso_size = json_integer_value(json_object_get(vector->json, "gso"));
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

static bool
is_alternative(const struct vector *vector, const struct frame *frame)
{
    const json_t *json;
    size_t i;

    json_array_foreach(json_object_get(vector->json, "or"), i, json)
    {
        struct frame other = hex_frame(json);

        if (other.size == frame->size && !memcmp(other.data, frame->data, frame->size))
            return true;
    }
    return false;
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
        if (!is_alternative(vector, &result->outputs[port_no]))
            assert_frames_equal(&result->outputs[port_no], &expected);
        assert_int_equal(result->outputs[port_no].gso_size,
                         json_integer_value(json_object_get(vector->json, "gso")));
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
    assert_int_equal(result->upcall.key.recirc_id,
                     json_integer_value(json_object_get(upcall, "recirc_id")));
    expected = hex_frame(json_object_get(upcall, "packet"));
    assert_frames_equal(&result->upcall_packet, &expected);
}

static void
assert_keys_equal(const char *whose, const struct dp_key *key, const struct dp_key *expected,
                  size_t first, size_t end)
{
    const uint64_t *words = (const uint64_t *)key, *expected_words = (const uint64_t *)expected;

    for (size_t i = first; i < end; i++) {
        if (words[i] != expected_words[i])
            fail_msg("key word %zu is %#llx, %s has %#llx", i, (unsigned long long)words[i], whose,
                     (unsigned long long)expected_words[i]);
    }
}

/* A lookup after the list would see what another switch sees in the frame that left. */
static void
check_key_of_packet(const struct vector *vector, const struct rig_result *result)
{
    const json_t *outputs = json_object_get(vector->json, "out");
    struct dp_key expected;
    struct frame last =
        hex_frame(json_array_get(json_array_get(outputs, json_array_size(outputs) - 1), 1));

    rig_parse(&last, &expected);
    assert_keys_equal("the frame that left", &result->key, &expected, DP_WORD_OF(eth_dst),
                      DP_WORD_OF(ct_state));
}

/* The user halves say the same of the key. */
static void
check_key_of_user_half(const struct vector *vector, const struct rig_result *result)
{
    struct frame input = hex_frame(json_object_get(vector->json, "in"));
    struct dp_action *actions;
    struct dp_key expected;
    size_t n;

    rig_parse(&input, &expected);
    expected.in_port = 1;
    assert_int_equal(dp_actions_parse(actions_of(vector), &actions, &n, NULL), 0);
    if (dp_actions_apply_key(actions, n, &expected))
        assert_keys_equal("the user half", &result->key, &expected, 0, DP_KEY_WORDS);
    free(actions);
}

static void
run_vector(void **state)
{
    static const enum rig_way ways[] = {RIG_XDP, RIG_TC_PORT, RIG_TC_INJECT, RIG_TC_PORT};
    const struct vector *vector = *state;
    const char *drop = json_string_value(json_object_get(vector->json, "drop"));
    struct frame input = input_of(vector);
    struct rig_result result;

    rig_set_list(rig, actions_of(vector));
    rig_run(rig, ways[vector->way], &input, json_array_size(json_object_get(vector->json, "out")),
            &result);
    assert_string_equal(result.drop, drop ? drop : "");
    check_outputs(vector, &result);
    check_upcall(vector, &result);
    if (result.n_outputs_sum && !strstr(actions_of(vector), "trunc")) {
        check_key_of_packet(vector, &result);
        check_key_of_user_half(vector, &result);
    }
}

static bool
goes_this_way(const json_t *vector, enum way way)
{
    if (json_object_get(vector, "gso"))
        return way == WAY_PARTIAL;
    if (way == WAY_XDP)
        return !json_object_get(vector, "tc_only");
    if (json_object_get(vector, "xdp_only"))
        return false;
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
