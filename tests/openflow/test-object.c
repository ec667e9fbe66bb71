/* SPDX-License-Identifier: Apache-2.0 */
/* Objects built by hand, parts of messages, OXMs without types, and what encoding refuses. */
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/util.h"
#include "ofproto/openflow.h"

static struct of_arena arena;
static uint8_t arena_buf[OF_ARENA_BUF_SIZE];

static int
setup(void **state)
{
    (void)state;
    of_arena_init(&arena, arena_buf, sizeof arena_buf);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    of_arena_destroy(&arena);
    return 0;
}

static void
a_flow_add_has_the_bytes_of_the_specification(void **state)
{
    static const uint8_t expected[] = {
        4,    14,   0,    104,  0,    0, 0, 7, /* Header. */
        0,    0,    0,    0,    0,    0, 0, 5,   0,    0,    0,    0,
        0,    0,    0,    0,                                             /* Cookie, mask. */
        3,    0,    0,    10,   0,    0, 0, 100, 0xff, 0xff, 0xff, 0xff, /* Table... */
        0xff, 0xff, 0xff, 0xff, 0,    0, 0, 0,   0,    1,    0,    0,    /* Port, group, flags. */
        0,    1,    0,    22,   0x80, 0, 0, 4,   0,    0,    0,    1,    /* Match: in_port, */
        0x80, 0,    6,    6,    2,    0, 0, 0,   0,    9,    0,    0,    /* eth_dst, padding. */
        0,    4,    0,    32,   0,    0, 0, 0,                           /* Apply actions. */
        0,    0,    0,    16,   0,    0, 0, 2,   0xff, 0xff, 0,    0,
        0,    0,    0,    0,                   /* Output. */
        0,    18,   0,    8,    0,    0, 0, 0, /* Pop VLAN. */
    };
    struct of_oxm_in_port in_port = {{OF_OXM_IN_PORT, 4, 0}, 1};
    struct of_oxm_eth_dst eth_dst = {{OF_OXM_ETH_DST, 4, 0}, {2, 0, 0, 0, 0, 9}};
    struct of_oxm *oxms[] = {(struct of_oxm *)&in_port, (struct of_oxm *)&eth_dst};
    struct of_action_output output = {{OF_ACTION_OUTPUT, 4, 0}, .port = 2, .max_len = 0xffff};
    struct of_action_pop_vlan pop = {{OF_ACTION_POP_VLAN, 4, 0}};
    struct of_action *actions[] = {(struct of_action *)&output, (struct of_action *)&pop};
    struct of_instruction_apply_actions apply = {{OF_INSTRUCTION_APPLY_ACTIONS, 4, 0},
                                                 .actions = {2, actions}};
    struct of_instruction *instructions[] = {(struct of_instruction *)&apply};
    struct of_flow_add *add = of_flow_add_new(&arena, OF_VERSION_13);
    struct of_buf out = OF_BUF_INITIALIZER;

    (void)state;
    add->xid = 7;
    add->cookie = 5;
    add->table_id = 3;
    add->idle_timeout = 10;
    add->priority = 100;
    add->buffer_id = OFP_NO_BUFFER;
    add->out_port = 0xffffffff;
    add->flags = OFPFF_SEND_FLOW_REM;
    add->match.oxm_list = (struct of_oxm_list){2, oxms};
    add->instructions = (struct of_instruction_list){1, instructions};
    assert_int_equal(of_msg_encode((struct of_header *)add, &out), 0);
    assert_int_equal(out.size, sizeof expected);
    assert_memory_equal(out.data, expected, sizeof expected);
    of_buf_destroy(&out);
}

static void
a_port_of_1_0_has_the_number_of_later_versions(void **state)
{
    struct of_action_output output = {{OF_ACTION_OUTPUT, OF_VERSION_10, 0}, .port = 0xfffffffd};
    static const uint8_t expected[] = {0, 0, 0, 8, 0xff, 0xfd, 0, 0};
    struct of_buf out = OF_BUF_INITIALIZER;
    struct of_object *object;
    struct of_error error;

    (void)state;
    assert_int_equal(of_object_encode(&output.object, &out), 0);
    assert_int_equal(out.size, sizeof expected);
    assert_memory_equal(out.data, expected, sizeof expected);
    assert_int_equal(
        of_object_decode(&arena, OF_ACTION, OF_VERSION_10, out.data, out.size, &object, &error), 0);
    assert_int_equal(object->class_id, OF_ACTION_OUTPUT);
    assert_int_equal(((struct of_action_output *)object)->port, 0xfffffffd);
    output.port = 0xff00; /* Neither a number of 1.0 nor a reserved one. */
    assert_int_equal(of_object_encode(&output.object, &out), ERANGE);
    of_buf_destroy(&out);
}

static void
a_list_of_actions_stands_alone(void **state)
{
    static const uint8_t bytes[] = {0, 18, 0, 8,  0, 0,  0, 0, 0, 0, 0, 16,
                                    0, 0,  0, 42, 0, 64, 0, 0, 0, 0, 0, 0};
    struct of_action_list actions;
    struct of_buf out = OF_BUF_INITIALIZER;
    struct of_error error;

    (void)state;
    assert_int_equal(
        of_list_decode(&arena, OF_ACTION, OF_VERSION_13, bytes, sizeof bytes, &actions, &error), 0);
    assert_int_equal(actions.n, 2);
    assert_int_equal(actions.items[0]->object.class_id, OF_ACTION_POP_VLAN);
    assert_int_equal(actions.items[1]->object.class_id, OF_ACTION_OUTPUT);
    assert_int_equal(((struct of_action_output *)actions.items[1])->port, 42);
    assert_int_equal(of_list_encode(OF_ACTION, OF_VERSION_13, &actions, &out), 0);
    assert_int_equal(out.size, sizeof bytes);
    assert_memory_equal(out.data, bytes, sizeof bytes);
    assert_int_equal(
        of_list_decode(&arena, OF_ACTION, OF_VERSION_13, bytes, sizeof bytes - 1, &actions, &error),
        EBADMSG);
    of_buf_destroy(&out);
}

static void
encoding_refuses_what_it_cannot_say(void **state)
{
    struct of_buf out = OF_BUF_INITIALIZER, small;
    uint8_t few[16];
    struct of_meter_mod *meter = of_meter_mod_new(&arena, OF_VERSION_13);
    struct of_action_output output = {{OF_ACTION_OUTPUT, OF_VERSION_13, 0}, .port = 1};
    struct of_action *wrong[] = {NULL};
    struct of_instruction_apply_actions apply = {{OF_INSTRUCTION_APPLY_ACTIONS, OF_VERSION_13, 0},
                                                 .actions = {1, wrong}};
    struct of_echo_request echo = {{OF_ECHO_REQUEST, OF_VERSION_13, 0}, .data = {few, UINT16_MAX}};

    (void)state;
    assert_null(of_meter_mod_new(&arena, OF_VERSION_10));
    assert_int_equal(of_msg_encode((struct of_header *)&output, &out), EINVAL);
    assert_int_equal(of_object_encode(&apply.object, &out), EINVAL);
    wrong[0] = (struct of_action *)&apply;
    assert_int_equal(of_object_encode(&apply.object, &out), EINVAL);
    meter->object.version = OF_VERSION_10;
    assert_int_equal(of_msg_validate((struct of_header *)meter), EINVAL);
    meter->object.version = 2;
    assert_int_equal(of_msg_validate((struct of_header *)meter), EINVAL);
    meter->object.version = OF_VERSION_13;
    assert_int_equal(of_msg_validate((struct of_header *)meter), 0);
    echo.data.data = of_arena_alloc(&arena, UINT16_MAX);
    assert_int_equal(of_object_encode(&echo.object, &out), EMSGSIZE);
    assert_int_equal(out.size, 0);
    of_buf_init_fixed(&small, few, 15);
    assert_int_equal(of_object_encode(&output.object, &small), ENOBUFS);
    assert_int_equal(small.size, 0);
    of_buf_destroy(&out);
}

static void
every_field_goes_through_its_bytes(void **state)
{
    static const uint8_t versions[] = {1, 4, 5, 6};

    (void)state;
    for (size_t i = 0; i < of_n_oxm_fields; i++) {
        const struct of_oxm_field *field = &of_oxm_fields[i];
        uint8_t version = versions[__builtin_ctz(field->versions)];
        uint8_t value[OF_OXM_MAX_BYTES] = {0};
        struct of_oxm_view view;
        struct of_error error;
        struct of_oxm *oxm;

        assert_ptr_equal(of_oxm_field_by_name(field->name), field);
        value[field->n_bytes - 1] = 1;
        if (!of_class_is(field->class_id, OF_OXM))
            continue;
        oxm = of_oxm_from_bytes(&arena, version, field->type_len, field->experimenter, value, NULL,
                                field->n_bytes, &error);
        assert_non_null(oxm);
        assert_int_equal(oxm->object.class_id, field->class_id);
        assert_int_equal(of_oxm_view(&oxm->object, &view), 0);
        assert_int_equal(view.type_len, field->type_len);
        assert_int_equal(view.experimenter, field->experimenter);
        assert_int_equal(view.n_bytes, field->n_bytes);
        assert_false(view.has_mask);
        assert_memory_equal(view.value, value, view.n_bytes);
        if (field->masked_class_id == OF_NO_CLASS)
            continue;
        oxm = of_oxm_from_bytes(&arena, version, field->type_len, field->experimenter, value, value,
                                field->n_bytes, &error);
        assert_non_null(oxm);
        assert_int_equal(oxm->object.class_id, field->masked_class_id);
        assert_int_equal(of_oxm_view(&oxm->object, &view), 0);
        assert_true(view.has_mask);
        assert_memory_equal(view.mask, value, view.n_bytes);
        of_arena_reset(&arena);
    }
}

static void
a_field_that_is_unknown_or_wrong_says_so(void **state)
{
    static const uint8_t value[8] = {0xff, 0xff};
    struct of_error error;

    (void)state;
    assert_null(of_oxm_from_bytes(&arena, 4, 0x8000fc00, 0, value, NULL, 4, &error));
    assert_int_equal(error.type, OFPET_BAD_MATCH);
    assert_int_equal(error.code, OFPBMC_BAD_FIELD);
    assert_null(of_oxm_from_bytes(&arena, 4, 0x80000a00, 0, value, NULL, 4, &error));
    assert_int_equal(error.code, OFPBMC_BAD_LEN);
    assert_null(of_oxm_from_bytes(&arena, 4, 0x80000000, 0, value, value, 4, &error));
    assert_int_equal(error.code, OFPBMC_BAD_MASK);
    assert_null(of_oxm_from_bytes(&arena, 4, 0x80000c00, 0, value, NULL, 2, &error));
    assert_int_equal(error.code, OFPBMC_BAD_VALUE);
    assert_null(of_oxm_from_bytes(&arena, 4, 0x80001800, 0, value, value + 1, 4, &error));
    assert_int_equal(error.code, OFPBMC_BAD_WILDCARDS);
}

static void
objects_print_on_one_line(void **state)
{
    struct of_oxm_ipv4_dst_masked ip = {
        {OF_OXM_IPV4_DST_MASKED, 4, 0}, .value = 0x0a000000, .value_mask = 0xff000000};
    struct of_action_set_field set = {{OF_ACTION_SET_FIELD, 4, 0}, .field = (struct of_oxm *)&ip};
    struct of_action *actions[] = {(struct of_action *)&set};
    struct of_packet_out *out = of_packet_out_new(&arena, OF_VERSION_13);
    char *text;

    (void)state;
    out->xid = 3;
    out->buffer_id = OFP_NO_BUFFER;
    out->in_port = 5;
    out->actions = (struct of_action_list){1, actions};
    out->data = (struct of_octets){(const uint8_t *)"\x01\xff", 2};
    text = of_object_to_string(&out->object);
    assert_string_equal(text, "packet_out(xid=3, buffer_id=0xffffffff, "
                              "actions=[action_set_field(field=ipv4_dst=10.0.0.0/255.0.0.0)], "
                              "data=01ff, in_port=5)");
    free(text);
}

static void
an_arena_grows_and_starts_over(void **state)
{
    struct of_arena a;
    uint64_t buf[8];
    uint8_t *first, *big;
    volatile size_t too_much = SIZE_MAX; /* Not for the compiler to see. */

    (void)state;
    of_arena_init(&a, buf, sizeof buf);
    first = of_arena_alloc(&a, 3);
    assert_ptr_equal(first, buf);
    assert_ptr_equal(of_arena_alloc(&a, 56), (uint8_t *)buf + 8);
    big = of_arena_alloc(&a, 100000);
    assert_non_null(big);
    assert_non_null(a.blocks);
    for (size_t i = 0; i < 100000; i++)
        assert_int_equal(big[i], 0);
    of_arena_reset(&a);
    assert_null(a.blocks);
    assert_ptr_equal(of_arena_alloc(&a, 64), buf);
    assert_null(of_arena_alloc(&a, too_much));
    of_arena_destroy(&a);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_flow_add_has_the_bytes_of_the_specification, setup, teardown),
    cmocka_unit_test_setup_teardown(a_port_of_1_0_has_the_number_of_later_versions, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(a_list_of_actions_stands_alone, setup, teardown),
    cmocka_unit_test_setup_teardown(encoding_refuses_what_it_cannot_say, setup, teardown),
    cmocka_unit_test_setup_teardown(every_field_goes_through_its_bytes, setup, teardown),
    cmocka_unit_test_setup_teardown(a_field_that_is_unknown_or_wrong_says_so, setup, teardown),
    cmocka_unit_test_setup_teardown(objects_print_on_one_line, setup, teardown),
    cmocka_unit_test(an_arena_grows_and_starts_over),
};

UNIT_MAIN(tests)
