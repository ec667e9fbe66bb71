/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of conversions: bytes to messages, flow lines through a version and back. */
#ifndef SHUNT_TESTS_OFPROTO_WIRE_H
#define SHUNT_TESTS_OFPROTO_WIRE_H

#include "tests/unit.h"

#include <stdio.h>

#include "ofproto/openflow.h"
#include "ofproto/parse.h"

static const enum ofp_version wire_versions[] = {OFP10, OFP13, OFP14, OFP15};

static const struct ofp_decode_limits wire_limits = {
    .max_ports = OFPORT_MAX, .n_tables = OFTABLE_ALL, .flow_mod_table_id = true};

/* The message in `bytes`, decoded into the arena; fails the test if it is none. */
static inline const struct of_header *
wire_decode(const struct buf *bytes, struct of_arena *arena)
{
    struct of_header *msg = NULL;
    struct of_error error;

    assert_true(bytes->size >= 8);
    assert_int_equal(of_msg_decode(arena, (const uint8_t *)bytes->data, bytes->size, &msg, &error),
                     0);
    return msg;
}

static inline void
assert_no_message(char *message)
{
    if (message)
        print_error("%s\n", message);
    assert_null(message);
}

#endif
