/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as large as they get. */
#include "tests/ofproto/wire.h"

#include "ofproto/message-scratch.h"

#define LARGEST 65535

static void
features_have_the_ports_that_there_is_room_for(void **state)
{
    static const size_t n_given[] = {0, 1363, 1364, 1365, 65279};
    static const size_t n_told[] = {0, 1363, 1364, 1364, 1364};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(n_given); i++) {
        struct ofp_port *ports = xcalloc(n_given[i], sizeof *ports);
        const struct ofp_features features = {.ports = ports, .n_ports = n_given[i]};
        struct buf msg = BUF_INITIALIZER;

        ofp_features_encode(&features, OFP10, 1, &msg);
        assert_int_equal(msg.size, 32 + 48 * n_told[i]);
        buf_destroy(&msg);
        free(ports);
    }
}

static void
entries_that_no_message_holds_are_left_out(void **state)
{
    static const uint8_t entry[LARGEST];
    struct buf msgs = BUF_INITIALIZER;
    struct ofp_multipart mp;

    (void)state;
    multipart_start(&mp, OF_GROUP_STATS_REPLY, OFP13, 1, &msgs);
    assert_int_equal(msgs.size, 16);
    ofp_multipart_append(&mp, entry, LARGEST);
    ofp_multipart_append(&mp, entry, LARGEST - 15);
    assert_int_equal(msgs.size, 16);
    ofp_multipart_append(&mp, entry, LARGEST - 16);
    assert_int_equal(msgs.size, LARGEST);
    assert_memory_equal(msgs.data + 2, "\xff\xff", 2);
    ofp_multipart_append(&mp, entry, LARGEST - 15);
    assert_int_equal(msgs.size, LARGEST);
    ofp_multipart_append(&mp, entry, 40);
    assert_int_equal(msgs.size, LARGEST + 16 + 40);
    assert_memory_equal(msgs.data + LARGEST + 2, "\0\x38", 2);
    buf_destroy(&msgs);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(features_have_the_ports_that_there_is_room_for),
    cmocka_unit_test(entries_that_no_message_holds_are_left_out),
};

UNIT_MAIN(tests)
