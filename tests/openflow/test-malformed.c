/* SPDX-License-Identifier: Apache-2.0 */
/* Malformed input: the error type and code that the specification names for it, no read past the
 * end, and the error message that answers it. */
#include "tests/unit.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/util.h"
#include "ofproto/of-codec.h"
#include "tests/openflow/random.h"

/* A message in hexadecimal; blanks are skipped, and "LLLL" stands for the whole length. */
struct malformed {
    const char *what;
    const char *hex;
    const char *type, *code; /* Names in the version of the message. */
};

/* The beginning of a flow mod of 1.3 and later, up to its match. */
#define FLOW_MOD(version, command, flags)                                                          \
    version "0e LLLL 00000007 0000000000000000 0000000000000000 00" command                        \
            "0000 0000 8000 ffffffff ffffffff ffffffff" flags "0000"
#define FLOW_ADD FLOW_MOD("04", "00", "0000")
#define NO_MATCH "0001 0004 00000000"
#define APPLY(len) "0004" len "00000000"
#define FLOW_MOD_V10(command)                                                                      \
    "010e LLLL 00000007 003fffff 0000 000000000000 000000000000 0000 00 00 0000 00 00 0000"        \
    "00000000 00000000 0000 0000 0000000000000000" command "0000 0000 8000 ffffffff ffff 0000"
#define PORT_MOD_V14 "0510 LLLL 00000007 00000001 00000000 020000000001 0000 00000000 00000000"

static const struct malformed table[] = {
    /* Headers. */
    {"a version that is not known", "0200000800000001", NULL, NULL},
    {"a type that is not known", "0463 LLLL 00000001", "OFPET_BAD_REQUEST", "OFPBRC_BAD_TYPE"},
    {"a length above what is there", "04140009 00000001", "OFPET_BAD_REQUEST", "OFPBRC_BAD_LEN"},
    {"a length below what is there", "04140008 0000000100", "OFPET_BAD_REQUEST", "OFPBRC_BAD_LEN"},
    {"a length of 7", "04140007 00000001", "OFPET_BAD_REQUEST", "OFPBRC_BAD_LEN"},
    {"less than a header", "041400", "OFPET_BAD_REQUEST", "OFPBRC_BAD_LEN"},
    {"a barrier with a body", "0414 LLLL 00000001 00", "OFPET_BAD_REQUEST", "OFPBRC_BAD_LEN"},
    {"a multipart of unknown type", "0412 LLLL 00000001 00630000 00000000", "OFPET_BAD_REQUEST",
     "OFPBRC_BAD_STAT"},
    {"statistics of unknown type", "0110 LLLL 00000001 0063 0000", "OFPET_BAD_REQUEST",
     "OFPBRC_BAD_STAT"},
    {"an experimenter that is not known", "0404 LLLL 00000001 0badf00d 00000001",
     "OFPET_BAD_REQUEST", "OFPBRC_BAD_EXPERIMENTER"},
    {"an unknown message of Nicira's", "0404 LLLL 00000001 00002320 00000fff", "OFPET_BAD_REQUEST",
     "OFPBRC_BAD_EXPERIMENTER_TYPE"},
    {"a vendor that is not known", "0104 LLLL 00000001 0badf00d", "OFPET_BAD_REQUEST",
     "OFPBRC_BAD_VENDOR"},
    {"an unknown vendor message of Nicira's", "0104 LLLL 00000001 00002320 00000fff",
     "OFPET_BAD_REQUEST", "OFPBRC_BAD_SUBTYPE"},
    {"a hello element that is cut short", "0400 LLLL 00000001 0001 0010", "OFPET_BAD_REQUEST",
     "OFPBRC_BAD_LEN"},

    /* Flow mods. */
    {"a flow mod that is cut short", "040e LLLL 00000001 00000000", "OFPET_BAD_REQUEST",
     "OFPBRC_BAD_LEN"},
    {"an unknown command", FLOW_MOD("04", "05", "0000") NO_MATCH, "OFPET_FLOW_MOD_FAILED",
     "OFPFMFC_BAD_COMMAND"},
    {"an unknown command of 1.0", FLOW_MOD_V10("0005"), "OFPET_FLOW_MOD_FAILED",
     "OFPFMFC_BAD_COMMAND"},
    {"an unknown flag", FLOW_MOD("04", "00", "8000") NO_MATCH, "OFPET_FLOW_MOD_FAILED",
     "OFPFMFC_BAD_FLAGS"},

    /* Matches and OXM fields. */
    {"a match of an unknown type", FLOW_ADD "0000 0004 00000000", "OFPET_BAD_MATCH",
     "OFPBMC_BAD_TYPE"},
    {"a match shorter than its header", FLOW_ADD "0001 0003 00000000", "OFPET_BAD_MATCH",
     "OFPBMC_BAD_LEN"},
    {"a match longer than the message", FLOW_ADD "0001 0010 00000000", "OFPET_BAD_MATCH",
     "OFPBMC_BAD_LEN"},
    {"a match without its padding", FLOW_ADD "0001 0004 0000", "OFPET_BAD_MATCH", "OFPBMC_BAD_LEN"},
    {"a field that is cut short", FLOW_ADD "0001 000a 80000004 0000 000000000000",
     "OFPET_BAD_MATCH", "OFPBMC_BAD_LEN"},
    {"a field of an unknown class", FLOW_ADD "0001 000c 70000004 00000001 00000000",
     "OFPET_BAD_MATCH", "OFPBMC_BAD_FIELD"},
    {"an unknown field", FLOW_ADD "0001 000c 8000fc04 00000001 00000000", "OFPET_BAD_MATCH",
     "OFPBMC_BAD_FIELD"},
    {"a field of an unknown experimenter",
     FLOW_ADD "0001 0010 ffff0008 0badf00d 00000001 0000 0000 00000000 00000000", "OFPET_BAD_MATCH",
     "OFPBMC_BAD_FIELD"},
    {"an experimenter's field without its id", FLOW_ADD "0001 000a ffff0002 0000 000000000000",
     "OFPET_BAD_MATCH", "OFPBMC_BAD_LEN"},
    {"a field of wrong length", FLOW_ADD "0001 000a 80000002 0001 000000000000", "OFPET_BAD_MATCH",
     "OFPBMC_BAD_LEN"},
    {"a masked field of odd length", FLOW_ADD "0001 000b 80000503 000001 0000000000",
     "OFPET_BAD_MATCH", "OFPBMC_BAD_LEN"},
    {"a mask on in_port", FLOW_ADD "0001 0010 80000108 00000001 ffffffff", "OFPET_BAD_MATCH",
     "OFPBMC_BAD_MASK"},
    {"value bits outside the mask", FLOW_ADD "0001 0010 80001908 0a000001 ffffff00",
     "OFPET_BAD_MATCH", "OFPBMC_BAD_WILDCARDS"},
    {"a VLAN of 14 bits", FLOW_ADD "0001 000a 80000c02 2001 000000000000", "OFPET_BAD_MATCH",
     "OFPBMC_BAD_VALUE"},
    {"a priority code of 4 bits", FLOW_ADD "0001 0009 80000e01 08 00000000000000",
     "OFPET_BAD_MATCH", "OFPBMC_BAD_VALUE"},
    {"a field that comes twice",
     FLOW_ADD "0001 0010 80000a02 0800 80000a02 0800 0000 0000 00000000", "OFPET_BAD_MATCH",
     "OFPBMC_DUP_FIELD"},

    /* Instructions. */
    {"an unknown instruction", FLOW_ADD NO_MATCH "0063 0008 00000000", "OFPET_BAD_INSTRUCTION",
     "OFPBIC_UNKNOWN_INST"},
    {"an instruction of wrong length", FLOW_ADD NO_MATCH "0001 0010 00000000 00000000 00000000",
     "OFPET_BAD_INSTRUCTION", "OFPBIC_BAD_LEN"},
    {"an instruction of length 0", FLOW_ADD NO_MATCH "0001 0000 00000000", "OFPET_BAD_INSTRUCTION",
     "OFPBIC_BAD_LEN"},
    {"an instruction past the message", FLOW_ADD NO_MATCH "0001 0010 00000000",
     "OFPET_BAD_INSTRUCTION", "OFPBIC_BAD_LEN"},
    {"an instruction of an unknown experimenter", FLOW_ADD NO_MATCH "ffff 0008 0badf00d",
     "OFPET_BAD_INSTRUCTION", "OFPBIC_BAD_EXPERIMENTER"},

    /* Actions. */
    {"an unknown action", FLOW_ADD NO_MATCH APPLY("0010") "0063 0008 00000000", "OFPET_BAD_ACTION",
     "OFPBAC_BAD_TYPE"},
    {"an action of length 0", FLOW_ADD NO_MATCH APPLY("0010") "0000 0000 00000000",
     "OFPET_BAD_ACTION", "OFPBAC_BAD_LEN"},
    {"an output of 8 bytes", FLOW_ADD NO_MATCH APPLY("0010") "0000 0008 00000001",
     "OFPET_BAD_ACTION", "OFPBAC_BAD_LEN"},
    {"an action past its list", FLOW_ADD NO_MATCH APPLY("0010") "0000 0010 00000001",
     "OFPET_BAD_ACTION", "OFPBAC_BAD_LEN"},
    {"half an action", FLOW_ADD NO_MATCH APPLY("000a") "0000", "OFPET_BAD_ACTION",
     "OFPBAC_BAD_LEN"},
    {"an action of an unknown experimenter",
     FLOW_ADD NO_MATCH APPLY("0018") "ffff 0010 0badf00d 0000000000000000", "OFPET_BAD_ACTION",
     "OFPBAC_BAD_EXPERIMENTER"},
    {"an unknown action of Nicira's",
     FLOW_ADD NO_MATCH APPLY("0018") "ffff 0010 00002320 0fff 000000000000", "OFPET_BAD_ACTION",
     "OFPBAC_BAD_EXPERIMENTER_TYPE"},
    {"a set-field of an unknown field",
     FLOW_ADD NO_MATCH APPLY("0018") "0019 0010 8000fc04 00000001 00000000", "OFPET_BAD_ACTION",
     "OFPBAC_BAD_SET_TYPE"},
    {"a set-field of wrong length",
     FLOW_ADD NO_MATCH APPLY("0018") "0019 0010 80000a04 00000001 00000000", "OFPET_BAD_ACTION",
     "OFPBAC_BAD_SET_LEN"},
    {"a set-field of a VLAN of 14 bits",
     FLOW_ADD NO_MATCH APPLY("0018") "0019 0010 80000c02 2001 0000 00000000", "OFPET_BAD_ACTION",
     "OFPBAC_BAD_SET_ARGUMENT"},
    {"an unknown action of 1.0", FLOW_MOD_V10("0000") "0063 0008 00000000", "OFPET_BAD_ACTION",
     "OFPBAC_BAD_TYPE"},
    {"an action of an unknown vendor", FLOW_MOD_V10("0000") "ffff 0008 0badf00d",
     "OFPET_BAD_ACTION", "OFPBAC_BAD_VENDOR"},

    /* Groups, meters, roles, configuration. */
    {"an unknown group command", "040f LLLL 00000001 0009 00 00 00000001", "OFPET_GROUP_MOD_FAILED",
     "OFPGMFC_BAD_COMMAND"},
    {"an unknown group type", "040f LLLL 00000001 0000 09 00 00000001", "OFPET_GROUP_MOD_FAILED",
     "OFPGMFC_BAD_TYPE"},
    {"a bucket that is cut short", "040f LLLL 00000001 0000 00 00 00000001 0020 0000",
     "OFPET_GROUP_MOD_FAILED", "OFPGMFC_BAD_BUCKET"},
    {"an unknown meter command", "041d LLLL 00000001 0009 0001 00000001", "OFPET_METER_MOD_FAILED",
     "OFPMMFC_BAD_COMMAND"},
    {"an unknown meter flag", "041d LLLL 00000001 0000 8000 00000001", "OFPET_METER_MOD_FAILED",
     "OFPMMFC_BAD_FLAGS"},
    {"an unknown meter band",
     "041d LLLL 00000001 0000 0001 00000001 0009 0010 00000000 00000000 00000000",
     "OFPET_METER_MOD_FAILED", "OFPMMFC_BAD_BAND"},
    {"an unknown role", "0418 LLLL 00000001 00000009 00000000 0000000000000000",
     "OFPET_ROLE_REQUEST_FAILED", "OFPRRFC_BAD_ROLE"},
    {"an unknown configuration flag", "0409 LLLL 00000001 0010 ffff", "OFPET_SWITCH_CONFIG_FAILED",
     "OFPSCFC_BAD_FLAGS"},

    /* Properties of 1.4 and later. */
    {"an unknown property", PORT_MOD_V14 "0063 0008 00000000", "OFPET_BAD_PROPERTY",
     "OFPBPC_BAD_TYPE"},
    {"a property of wrong length", PORT_MOD_V14 "0000 0004 00000000", "OFPET_BAD_PROPERTY",
     "OFPBPC_BAD_LEN"},
    {"a property past the message", PORT_MOD_V14 "0000 0010 00000000", "OFPET_BAD_PROPERTY",
     "OFPBPC_BAD_LEN"},
};

static int
nibble(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t
parse_hex(const char *hex, uint8_t *bytes)
{
    size_t n = 0, length_at = 0;

    for (; *hex; hex++) {
        if (*hex == 'L') {
            length_at = n / 2;
            n += 4;
            hex += 3;
        } else if (*hex != ' ') {
            assert_true(nibble(*hex) >= 0);
            bytes[n / 2] = (uint8_t)(n % 2 ? bytes[n / 2] | nibble(*hex) : nibble(*hex) << 4);
            n++;
        }
    }
    assert_int_equal(n % 2, 0);
    if (length_at)
        of_put_u16(bytes + length_at, (uint16_t)(n / 2));
    return n / 2;
}

/* Is it a name of that code in some enum? A code may have several names. */
static bool
code_is(uint8_t version, const struct of_error *error, const char *name)
{
    int index = of_version_index(version);

    for (size_t i = 0; i < of_n_error_enums; i++) {
        const struct of_error_enum *e = &of_error_enums[i];
        const struct of_enum_info *info = of_enum_infos[e->enum_id];

        for (size_t j = 0; e->versions >> index & 1 && e->type == error->type && j < info->n_items;
             j++) {
            const struct of_enum_item *item = &info->items[j];

            if (item->versions >> index & 1 && item->value == error->code &&
                !strcmp(item->name, name))
                return true;
        }
    }
    return false;
}

static void
check_malformed(const struct malformed *row)
{
    uint8_t scratch[512], buf[4096], *bytes;
    size_t size = parse_hex(row->hex, scratch);
    struct of_arena arena;
    struct of_header *msg;
    struct of_error error;

    bytes = xmemdup(scratch, size); /* So that the sanitizer sees the end. */
    of_arena_init(&arena, buf, sizeof buf);
    if (of_msg_decode(&arena, bytes, size, &msg, &error) != EBADMSG) {
        print_error("%s: not refused\n", row->what);
        fail();
    }
    assert_null(msg);
    if (!row->type) {
        assert_int_equal(error.type, OFPET_BAD_REQUEST);
        assert_int_equal(error.code, OFPBRC_BAD_VERSION);
    } else if (strcmp(of_error_type_name(bytes[0], error.type), row->type) ||
               !code_is(bytes[0], &error, row->code)) {
        print_error("%s: %s %s, not %s %s\n", row->what, of_error_type_name(bytes[0], error.type),
                    of_error_code_name(bytes[0], error.type, error.code), row->type, row->code);
        fail();
    }
    of_arena_destroy(&arena);
    free(bytes);
}

static void
each_fault_has_its_error_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        check_malformed(&table[i]);
}

/* Memory whose last byte is the last of a page, before one that cannot be read. */
struct guarded {
    uint8_t *map;
    size_t map_size, page_size;
};

static void
guarded_init(struct guarded *g, size_t size)
{
    g->page_size = (size_t)sysconf(_SC_PAGESIZE);
    g->map_size = ROUND_UP(size, g->page_size) + g->page_size;
    g->map = mmap(NULL, g->map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g->map != MAP_FAILED);
    assert_int_equal(mprotect(g->map + g->map_size - g->page_size, g->page_size, PROT_NONE), 0);
}

static uint8_t *
guarded_put(struct guarded *g, const uint8_t *bytes, size_t size)
{
    uint8_t *to = g->map + g->map_size - g->page_size - size;

    return size ? memcpy(to, bytes, size) : to;
}

/* Decodes the first `size` bytes, with their own length or with one that fits. */
static void
decode_beginning(struct guarded *g, const uint8_t *bytes, size_t size, bool fits,
                 struct of_arena *arena)
{
    uint8_t *copy = guarded_put(g, bytes, size);
    struct of_header *msg;
    struct of_error error;
    int result;

    if (fits && size >= 4)
        of_put_u16(copy + 2, (uint16_t)size);
    result = of_msg_decode(arena, copy, size, &msg, &error);
    assert_true(result == EBADMSG || (fits && !result));
    of_arena_reset(arena);
}

static void
truncate_messages(uint8_t version, struct guarded *g)
{
    static uint8_t buf[1 << 20];
    struct of_arena arena;
    struct of_buf out = OF_BUF_INITIALIZER;

    of_arena_init(&arena, buf, sizeof buf);
    for (uint16_t id = 0; id < OF_N_CLASSES; id++) {
        if (!of_class_is(id, OF_HEADER) || !of_class_infos[id]->size ||
            !of_class_in_version(id, version))
            continue;
        for (uint64_t seed = 0; seed < 8; seed++) {
            out.size = 0;
            assert_int_equal(of_object_encode(of_random_object(seed, version, id, &arena), &out),
                             0);
            of_arena_reset(&arena);
            for (size_t size = 0; size < MIN(out.size, 2048); size++) {
                decode_beginning(g, out.data, size, false, &arena);
                decode_beginning(g, out.data, size, true, &arena);
            }
        }
    }
    of_buf_destroy(&out);
    of_arena_destroy(&arena);
}

static void
truncation_anywhere_reads_no_further(void **state)
{
    static const uint8_t versions[] = {OF_VERSION_10, OF_VERSION_13, OF_VERSION_14, OF_VERSION_15};
    struct guarded g;

    (void)state;
    guarded_init(&g, 4096);
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
        truncate_messages(versions[i], &g);
    munmap(g.map, g.map_size);
}

/* Actions within actions come to an end before the stack does. */
static void
nesting_has_a_limit(void **state)
{
    enum { N = 1000, CLONE_SIZE = 16, START = 80 };
    struct of_buf out = OF_BUF_INITIALIZER;
    struct of_arena arena;
    struct of_header *msg;
    struct of_error error;
    uint8_t *p;

    (void)state;
    p = of_buf_put(&out, START + N * CLONE_SIZE);
    parse_hex("040e 0000 00000007 0000000000000000 0000000000000000 0000 0000 0000 8000 ffffffff"
              "ffffffff ffffffff 0000 0000 0001 0004 00000000 0004 0000 00000000",
              p);
    of_put_u16(p + 2, (uint16_t)out.size);
    of_put_u16(p + 58, (uint16_t)(out.size - 56));
    p += 64;
    for (size_t left = out.size - 64; left >= CLONE_SIZE; left -= CLONE_SIZE, p += CLONE_SIZE) {
        uint8_t clone[CLONE_SIZE] = {0xff, 0xff, 0, 0, 0, 0, 0x23, 0x20, 0, 42};

        of_put_u16(clone + 2, (uint16_t)left);
        memcpy(p, clone, sizeof clone);
    }
    of_arena_init(&arena, NULL, 0);
    assert_int_equal(of_msg_decode(&arena, out.data, out.size, &msg, &error), EBADMSG);
    assert_int_equal(error.type, OFPET_BAD_ACTION);
    of_arena_destroy(&arena);
    of_buf_destroy(&out);
}

/* The answer has the request's version and xid, and its beginning or all of it. */
static void
error_message_echoes_the_offender(void **state)
{
    uint8_t request[OF_ERROR_DATA_MAX + 1] = {4, 14, 4, 1, 1, 2, 3, 4, 5};
    const struct of_error error = {OFPET_BAD_REQUEST, OFPBRC_BAD_LEN, 0};
    struct of_buf out = OF_BUF_INITIALIZER;
    struct of_arena arena;
    struct of_header *msg;
    const struct of_error_msg *answer;
    struct of_error unused;

    (void)state;
    of_arena_init(&arena, NULL, 0);
    assert_int_equal(of_error_encode(&error, request[0], request, sizeof request, &out), 0);
    assert_int_equal(of_msg_decode(&arena, out.data, out.size, &msg, &unused), 0);
    answer = (const struct of_error_msg *)msg;
    assert_int_equal(answer->object.class_id, OF_ERROR_MSG);
    assert_int_equal(answer->object.version, 4);
    assert_int_equal(answer->xid, 0x01020304);
    assert_int_equal(answer->err_type, OFPET_BAD_REQUEST);
    assert_int_equal(answer->code, OFPBRC_BAD_LEN);
    assert_int_equal(answer->data.size, OF_ERROR_DATA_MAX);
    assert_memory_equal(answer->data.data, request, answer->data.size);
    out.size = 0;
    assert_int_equal(of_error_encode(&error, request[0], request, OF_ERROR_DATA_MAX, &out), 0);
    assert_int_equal(out.size, 12 + OF_ERROR_DATA_MAX);
    out.size = 0;
    assert_int_equal(of_error_encode(&error, 77, request, 3, &out), 0);
    assert_int_equal(out.data[0], OF_VERSION_10);
    assert_int_equal(out.size, 12 + 3);
    of_arena_destroy(&arena);
    of_buf_destroy(&out);
}

/* What 1.0 has no code for travels in Nicira's vendor error. */
static void
errors_that_1_0_lacks_are_vendor_errors(void **state)
{
    static const uint8_t request[] = {1, 4, 0, 9, 1, 2, 3, 4, 5};
    static const uint8_t want[] = {1,    1, 0, 29, 1, 2, 3, 4, 0xb0, 0xc2, 0, 0, 0, 0, 0x23,
                                   0x20, 0, 1, 1,  5, 1, 4, 0, 9,    1,    2, 3, 4, 5};
    static const struct of_error error = {OFPET_BAD_REQUEST, NXBRC_NXM_DUP_TYPE, 0};
    struct of_buf out = OF_BUF_INITIALIZER;

    (void)state;
    assert_int_equal(of_error_encode(&error, 1, request, sizeof request, &out), 0);
    assert_int_equal(out.size, sizeof want);
    assert_memory_equal(out.data, want, sizeof want);
    of_buf_destroy(&out);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_fault_has_its_error_code),
    cmocka_unit_test(truncation_anywhere_reads_no_further),
    cmocka_unit_test(nesting_has_a_limit),
    cmocka_unit_test(error_message_echoes_the_offender),
    cmocka_unit_test(errors_that_1_0_lacks_are_vendor_errors),
};

UNIT_MAIN(tests)
