/* SPDX-License-Identifier: Apache-2.0 */
/* A libFuzzer target: bytes of a peer through framing, HELLO, decoding, printing and back.
 *
 * It holds that what decodes can be printed, copied and encoded, that the encoded bytes decode to
 * what encodes alike, and that what does not decode can be answered with an error message. */
#include <stdlib.h>
#include <string.h>

#include "ofproto/frame.h"
#include "ofproto/hello.h"
#include "ofproto/openflow.h"
#include "tests/fuzz/hold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Is what these bytes decode to encoded as these bytes? */
static void
check_stable(const struct of_buf *bytes)
{
    struct of_buf again = OF_BUF_INITIALIZER;
    struct of_arena arena;
    struct of_header *msg;
    struct of_error error;

    of_arena_init(&arena, NULL, 0);
    HOLD(!of_msg_decode(&arena, bytes->data, bytes->size, &msg, &error));
    HOLD(!of_msg_encode(msg, &again));
    HOLD(again.size == bytes->size && !memcmp(again.data, bytes->data, again.size));
    of_buf_destroy(&again);
    of_arena_destroy(&arena);
}

static void
check_decoded(struct of_arena *arena, const struct of_header *msg)
{
    struct of_object *copy = of_object_clone(arena, &msg->object);
    char *text = of_object_to_string(copy);
    struct of_buf out = OF_BUF_INITIALIZER;

    HOLD(copy && text);
    HOLD(!of_object_encode(copy, &out));
    check_stable(&out);
    of_buf_destroy(&out);
    free(text);
}

static void
check_message(const uint8_t *bytes, size_t size)
{
    uint8_t buf[1024];
    struct of_arena arena;
    struct of_header *msg;
    struct of_error error;
    struct of_buf answer = OF_BUF_INITIALIZER;

    of_arena_init(&arena, buf, sizeof buf);
    if (!of_msg_decode(&arena, bytes, size, &msg, &error)) {
        check_decoded(&arena, msg);
    } else {
        HOLD(!of_error_encode(&error, bytes[0], bytes, size, &answer));
        check_stable(&answer);
    }
    of_buf_destroy(&answer);
    of_arena_destroy(&arena);
}

static void
check_hello(const uint8_t *bytes, size_t size)
{
    struct of_buf reply = OF_BUF_INITIALIZER;
    uint8_t version = 0;
    int error = of_hello_negotiate(OF_HELLO_ALL_VERSIONS, bytes, size, &version, &reply);

    HOLD(error ? reply.size > 0 : OF_HELLO_ALL_VERSIONS >> version & 1);
    if (error)
        check_stable(&reply);
    of_buf_destroy(&reply);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct of_framer framer;
    const uint8_t *bytes;
    size_t message_size;

    of_framer_init(&framer, OF_FRAME_MAX_SIZE);
    HOLD(!of_framer_feed(&framer, data, size));
    while (!of_framer_next(&framer, &bytes, &message_size)) {
        uint8_t *copy = malloc(message_size); /* So that the sanitizer sees the end. */

        HOLD(copy);
        memcpy(copy, bytes, message_size);
        check_message(copy, message_size);
        check_hello(copy, message_size);
        free(copy);
    }
    of_framer_destroy(&framer);
    return 0;
}
