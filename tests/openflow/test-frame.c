/* SPDX-License-Identifier: Apache-2.0 */
/* Framing and version negotiation. */
#include "tests/unit.h"

#include <errno.h>

#include "lib/util.h"
#include "ofproto/frame.h"
#include "ofproto/hello.h"
#include "ofproto/openflow.h"

enum { V10 = 1u << 1, V13 = 1u << 4, V14 = 1u << 5, V15 = 1u << 6 };

static const uint8_t stream[] = {4, 0, 0, 8,   0,   0, 0, 1, 4, 2, 0, 10, 0,
                                 0, 0, 2, 'h', 'i', 4, 3, 0, 8, 0, 0, 0,  3};
static const size_t sizes[] = {8, 10, 8};

static void
messages_come_whole_however_the_bytes_come(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= sizeof stream; piece++) {
        struct of_framer framer;
        const uint8_t *bytes;
        size_t size, n = 0, at = 0;

        of_framer_init(&framer, OF_FRAME_MAX_SIZE);
        for (size_t fed = 0; fed < sizeof stream; fed += piece) {
            assert_int_equal(of_framer_feed(&framer, stream + fed, MIN(piece, sizeof stream - fed)),
                             0);
            while (!of_framer_next(&framer, &bytes, &size)) {
                assert_int_equal(size, sizes[n]);
                assert_memory_equal(bytes, stream + at, size);
                at += size;
                n++;
            }
        }
        assert_int_equal(n, ARRAY_SIZE(sizes));
        assert_int_equal(of_framer_next(&framer, &bytes, &size), EAGAIN);
        of_framer_destroy(&framer);
    }
}

static void
a_length_below_the_header_is_refused(void **state)
{
    struct of_framer framer;
    const uint8_t *bytes;
    size_t size;

    (void)state;
    for (uint8_t length = 0; length < 8; length++) {
        const uint8_t header[8] = {4, 0, 0, length};

        of_framer_init(&framer, OF_FRAME_MAX_SIZE);
        assert_int_equal(of_framer_feed(&framer, header, sizeof header), 0);
        assert_int_equal(of_framer_next(&framer, &bytes, &size), EBADMSG);
        of_framer_destroy(&framer);
    }
}

static void
a_length_above_the_limit_is_refused_at_once(void **state)
{
    const uint8_t header[8] = {4, 0, 0x10, 0x01};
    struct of_framer framer;
    const uint8_t *bytes;
    size_t size;

    (void)state;
    of_framer_init(&framer, 0x1000);
    assert_int_equal(of_framer_feed(&framer, header, sizeof header), 0);
    assert_int_equal(of_framer_next(&framer, &bytes, &size), EMSGSIZE);
    of_framer_destroy(&framer);
}

/* What one side says, the other hears, and both choose the same. */
struct pairing {
    uint32_t ours, theirs;
    uint8_t version; /* 0: none in common. */
};

static const struct pairing pairings[] = {
    {V10, V10, 1},
    {V10 | V13, V13 | V14, 4},
    {V10 | V13 | V14 | V15, V10 | V13 | V14 | V15, 6},
    {V10 | V13 | V15, V13 | V14, 4},
    {V10 | V14, V10 | V13, 1},
    {V10 | V13, V10, 1},
    {V13 | V14, V15, 0},
    {V13, V10, 0},
    {V15, V13, 0},
};

static uint8_t
negotiate(uint32_t ours, uint32_t theirs)
{
    struct of_buf hello = OF_BUF_INITIALIZER, reply = OF_BUF_INITIALIZER;
    uint8_t version = 0;
    int error;

    assert_int_equal(of_hello_make(theirs, &hello), 0);
    error = of_hello_negotiate(ours, hello.data, hello.size, &version, &reply);
    assert_int_equal(error, version ? 0 : EPROTONOSUPPORT);
    assert_int_equal(reply.size > 0, !version);
    of_buf_destroy(&hello);
    of_buf_destroy(&reply);
    return version;
}

static void
both_sides_choose_the_highest_common_version(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pairings); i++) {
        assert_int_equal(negotiate(pairings[i].ours, pairings[i].theirs), pairings[i].version);
        assert_int_equal(negotiate(pairings[i].theirs, pairings[i].ours), pairings[i].version);
    }
}

/* HELLOs of other implementations, byte by byte. */
struct foreign {
    const char *what;
    uint8_t size;
    uint8_t bytes[32];
    uint32_t ours;
    int error;
    uint8_t version;
};

static const struct foreign foreign[] = {
    {"1.0 with a body, which says nothing",
     12,
     {1, 0, 0, 12, 0, 0, 0, 1, 9, 9, 9, 9},
     V10 | V13,
     0,
     1},
    {"1.3 without a bitmap", 8, {4, 0, 0, 8, 0, 0, 0, 1}, V10 | V13 | V14, 0, 4},
    {"1.4 without a bitmap, we have no 1.4",
     8,
     {5, 0, 0, 8, 0, 0, 0, 1},
     V13 | V15,
     EPROTONOSUPPORT,
     0},
    {"1.2 without a bitmap", 8, {3, 0, 0, 8, 0, 0, 0, 1}, V10 | V13, EPROTONOSUPPORT, 0},
    {"a version to come, without a bitmap", 8, {200, 0, 0, 8, 0, 0, 0, 1}, V10 | V15, 0, 6},
    {"a version to come, with a bitmap",
     16,
     {200, 0, 0, 16, 0, 0, 0, 1, 0, 1, 0, 8, 0, 0, 0, 0x12},
     V10 | V13 | V15,
     0,
     4},
    {"an unknown element before the bitmap",
     24,
     {4, 0, 0, 24, 0, 0, 0, 1, 0, 77, 0, 5, 9, 0, 0, 0, 0, 1, 0, 8, 0, 0, 0, 0x10},
     V10 | V13,
     0,
     4},
    {"a bitmap of two words",
     24,
     {6, 0, 0, 24, 0, 0, 0, 1, 0, 1, 0, 12, 0, 0, 0, 0x20, 0, 0, 0, 1, 0, 0, 0, 0},
     V13 | V14,
     0,
     5},
    {"version 0", 8, {0, 0, 0, 8, 0, 0, 0, 1}, V10 | V13, EPROTONOSUPPORT, 0},
    {"an element past the message", 12, {4, 0, 0, 12, 0, 0, 0, 1, 0, 1, 0, 16}, V13, EBADMSG, 0},
    {"a features request", 8, {4, 5, 0, 8, 0, 0, 0, 1}, V13, EBADMSG, 0},
};

static void
hellos_of_others_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
        const struct foreign *f = &foreign[i];
        struct of_buf reply = OF_BUF_INITIALIZER;
        uint8_t version = 0;
        int error = of_hello_negotiate(f->ours, f->bytes, f->size, &version, &reply);

        if (error != f->error || version != f->version) {
            print_error("%s: errno %d, version %u\n", f->what, error, version);
            fail();
        }
        assert_int_equal(reply.size > 0, error != 0);
        of_buf_destroy(&reply);
    }
}

static void
refusal_says_incompatible_and_why(void **state)
{
    static const uint8_t hello[8] = {1, 0, 0, 8, 0, 0, 0, 9};
    struct of_buf reply = OF_BUF_INITIALIZER;
    const struct of_error_msg *answer;
    struct of_arena arena;
    struct of_header *msg;
    struct of_error error;
    uint8_t version;

    (void)state;
    assert_int_equal(of_hello_negotiate(V13 | V14, hello, sizeof hello, &version, &reply),
                     EPROTONOSUPPORT);
    of_arena_init(&arena, NULL, 0);
    assert_int_equal(of_msg_decode(&arena, reply.data, reply.size, &msg, &error), 0);
    answer = (const struct of_error_msg *)msg;
    assert_int_equal(answer->object.class_id, OF_ERROR_MSG);
    assert_int_equal(answer->object.version, OF_VERSION_10);
    assert_int_equal(answer->xid, 9);
    assert_int_equal(answer->err_type, OFPET_HELLO_FAILED);
    assert_int_equal(answer->code, OFPHFC_INCOMPATIBLE);
    assert_int_equal(answer->data.size, strlen("versions here: 1.3 1.4"));
    assert_memory_equal(answer->data.data, "versions here: 1.3 1.4", answer->data.size);
    of_arena_destroy(&arena);
    of_buf_destroy(&reply);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(messages_come_whole_however_the_bytes_come),
    cmocka_unit_test(a_length_below_the_header_is_refused),
    cmocka_unit_test(a_length_above_the_limit_is_refused_at_once),
    cmocka_unit_test(both_sides_choose_the_highest_common_version),
    cmocka_unit_test(hellos_of_others_are_understood),
    cmocka_unit_test(refusal_says_incompatible_and_why),
};

UNIT_MAIN(tests)
