/* SPDX-License-Identifier: Apache-2.0 */
/* Random messages of every class and version: what is encoded decodes to what encodes alike. */
#include "tests/unit.h"

#include <stdlib.h>

#include "ofproto/of-codec.h"
#include "tests/openflow/random.h"

#ifndef __has_feature
#define __has_feature(name) 0
#endif

/* The sanitizers take their time. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__ || __has_feature(address_sanitizer)
enum { N_PER_CLASS = 500, COPY_EVERY = 16 };
#else
enum { N_PER_CLASS = 10000, COPY_EVERY = 64 };
#endif

static uint64_t
n_per_class(void)
{
    const char *text = getenv("OF_RANDOM_MESSAGES");

    return text ? strtoull(text, NULL, 10) : N_PER_CLASS;
}

static void
fail_with(const char *what, const struct of_object *object, uint64_t seed, int error)
{
    char *text = of_object_to_string(object);

    print_error("%s (errno %d): seed %llu, version %u: %s\n", what, error, (unsigned long long)seed,
                object->version, text);
    free(text);
    fail();
}

static void
assert_same(const struct of_buf *a, const struct of_buf *b, const struct of_object *object,
            uint64_t seed)
{
    if (a->size != b->size || memcmp(a->data, b->data, a->size))
        fail_with("bytes differ", object, seed, 0);
}

/* A copy holds no pointer into the original, encodes alike, and prints alike. */
static void
check_copy(const struct of_object *object, const struct of_buf *bytes, uint64_t seed)
{
    struct of_arena arena;
    struct of_object *copy;
    struct of_buf out = OF_BUF_INITIALIZER;
    char *text, *copy_text;

    of_arena_init(&arena, NULL, 0);
    copy = of_object_clone(&arena, object);
    assert_non_null(copy);
    assert_int_equal(of_object_encode(copy, &out), 0);
    assert_same(bytes, &out, object, seed);
    text = of_object_to_string(object);
    copy_text = of_object_to_string(copy);
    assert_string_equal(text, copy_text);
    free(text);
    free(copy_text);
    of_buf_destroy(&out);
    of_arena_destroy(&arena);
}

static void
check_message(uint8_t version, uint16_t class_id, uint64_t seed, struct of_arena *arena)
{
    static uint8_t first_bytes[UINT16_MAX], second_bytes[UINT16_MAX];
    struct of_object *object = of_random_object(seed, version, class_id, arena);
    struct of_buf first, second;
    struct of_header *msg;
    struct of_error of_error;
    int error;

    of_buf_init_fixed(&first, first_bytes, sizeof first_bytes);
    of_buf_init_fixed(&second, second_bytes, sizeof second_bytes);
    error = of_object_encode(object, &first);
    if (error)
        fail_with("cannot be encoded", object, seed, error);
    error = of_msg_decode(arena, first.data, first.size, &msg, &of_error);
    if (error)
        fail_with(of_error_code_name(version, of_error.type, of_error.code), object, seed, error);
    assert_int_equal(msg->object.class_id, object->class_id);
    error = of_msg_encode(msg, &second);
    if (error)
        fail_with("cannot be encoded again", object, seed, error);
    assert_same(&first, &second, object, seed);
    if (seed % COPY_EVERY == 0)
        check_copy(&msg->object, &first, seed);
}

static void
check_version(uint8_t version)
{
    static uint8_t buf[1 << 20];
    struct of_arena arena;
    size_t n_classes = 0;

    of_arena_init(&arena, buf, sizeof buf);
    for (uint16_t id = 0; id < OF_N_CLASSES; id++) {
        if (!of_class_is(id, OF_HEADER) || !of_class_infos[id]->size ||
            !of_class_in_version(id, version))
            continue;
        n_classes++;
        for (uint64_t seed = 0; seed < n_per_class(); seed++) {
            check_message(version, id, seed, &arena);
            of_arena_reset(&arena);
        }
    }
    assert_true(n_classes > 20);
    of_arena_destroy(&arena);
}

static void
messages_of_openflow_1_0_come_back(void **state)
{
    (void)state;
    check_version(OF_VERSION_10);
}

static void
messages_of_openflow_1_3_come_back(void **state)
{
    (void)state;
    check_version(OF_VERSION_13);
}

static void
messages_of_openflow_1_4_come_back(void **state)
{
    (void)state;
    check_version(OF_VERSION_14);
}

static void
messages_of_openflow_1_5_come_back(void **state)
{
    (void)state;
    check_version(OF_VERSION_15);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(messages_of_openflow_1_0_come_back),
    cmocka_unit_test(messages_of_openflow_1_3_come_back),
    cmocka_unit_test(messages_of_openflow_1_4_come_back),
    cmocka_unit_test(messages_of_openflow_1_5_come_back),
};

UNIT_MAIN(tests)
