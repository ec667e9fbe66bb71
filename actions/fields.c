/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/fields.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>

enum form { DEC, HEX, MAC, IPV4, IPV6, IPV6_TAIL };

/* Which flows print by a group, told by their key. */
enum when {
    WHEN_ALWAYS,
    WHEN_NEVER,
    WHEN_IPV4,
    WHEN_IPV6,
    WHEN_ARP,
    WHEN_TCP,
    WHEN_UDP,
    WHEN_SCTP,
    WHEN_ICMP,
    WHEN_ICMPV6,
};

struct field {
    const char *group; /* Of a group's own row only. */
    const char *name;
    enum when when;
    enum form form;
    uint16_t offset;      /* Bytes, in the key. */
    uint8_t size;         /* Bytes. */
    uint8_t shift, width; /* Bits of an integer; width 0: all. */
    bool is_host;
};

#define MEMBER(member) offsetof(struct dp_key, member), sizeof(((struct dp_key *)0)->member)
#define GROUP(NAME, WHEN) {#NAME, NULL, WHEN_##WHEN, DEC, 0, 0, 0, 0, false},
#define FIELD(NAME, MEMBERS, FORM) {NULL, #NAME, 0, FORM, MEMBER(MEMBERS), 0, 0, false},
#define HOST(NAME, MEMBERS, FORM) {NULL, #NAME, 0, FORM, MEMBER(MEMBERS), 0, 0, true},
#define BITS(NAME, MEMBERS, FORM, SHIFT, WIDTH)                                                    \
    {NULL, #NAME, 0, FORM, MEMBER(MEMBERS), SHIFT, WIDTH, false},
static const struct field fields[] = {
#include "actions/fields.def"
};

#define FIELDS_END (fields + ARRAY_SIZE(fields))

/* A place for one field's bytes. */
struct octets {
    uint8_t b[16];
};

static bool
is_ip(const struct dp_key *key, uint8_t proto)
{
    return key->ip_proto == proto &&
           (key->eth_type == htons(0x0800) || key->eth_type == htons(0x86dd));
}

static bool
group_is_of_flow(const struct field *group, const struct dp_key *key)
{
    switch (group->when) {
    case WHEN_ALWAYS:
        return true;
    case WHEN_NEVER:
        return false;
    case WHEN_IPV4:
        return key->eth_type == htons(0x0800);
    case WHEN_IPV6:
        return key->eth_type == htons(0x86dd);
    case WHEN_ARP:
        return key->eth_type == htons(0x0806) || key->eth_type == htons(0x8035);
    case WHEN_TCP:
        return is_ip(key, IPPROTO_TCP);
    case WHEN_UDP:
        return is_ip(key, IPPROTO_UDP);
    case WHEN_SCTP:
        return is_ip(key, IPPROTO_SCTP);
    case WHEN_ICMP:
        return is_ip(key, IPPROTO_ICMP) && key->eth_type == htons(0x0800);
    case WHEN_ICMPV6:
        return is_ip(key, IPPROTO_ICMPV6) && key->eth_type == htons(0x86dd);
    }
    return false;
}

static bool
is_integer(const struct field *field)
{
    return field->form == DEC || field->form == HEX;
}

static uint64_t
field_max(const struct field *field)
{
    unsigned int n_bits = field->width ? field->width : field->size * 8u;

    return n_bits ? UINT64_MAX >> (64 - n_bits) : 0;
}

/* An integer field's value, host order. */
static uint64_t
get_integer(const struct field *field, const struct dp_key *key)
{
    const uint8_t *p = (const uint8_t *)key + field->offset;
    uint64_t value = 0;

    for (size_t i = 0; i < field->size; i++)
        value = value << 8 | p[field->is_host ? field->size - 1 - i : i];
    return value >> field->shift & field_max(field);
}

/* ORs `value` into an integer field. */
static void
put_integer(const struct field *field, uint64_t value, struct dp_key *key)
{
    uint8_t *p = (uint8_t *)key + field->offset;

    value <<= field->shift;
    for (size_t i = 0; i < field->size; i++)
        p[field->is_host ? i : field->size - 1 - i] |= value >> 8 * i;
}

static struct octets
get_octets(const struct field *field, const struct dp_key *key)
{
    struct octets octets = {{0}};

    memcpy(octets.b, (const uint8_t *)key + field->offset, field->size);
    return octets;
}

/* Whether the mask touches the field; an IPV6_TAIL counts when it reaches beyond an IPv4
 * address. */
static bool
is_touched(const struct field *field, const struct dp_key *mask)
{
    static const uint8_t zero[16];
    size_t skipped = field->form == IPV6_TAIL ? 4 : 0;

    return is_integer(field) ? get_integer(field, mask) != 0
                             : memcmp((const uint8_t *)mask + field->offset + skipped, zero,
                                      field->size - skipped) != 0;
}

static void
clear_field(const struct field *field, struct dp_key *mask)
{
    uint8_t *p = (uint8_t *)mask + field->offset;
    uint64_t bits;

    if (!is_integer(field)) {
        memset(p, 0, field->size);
        return;
    }
    bits = field_max(field) << field->shift;
    for (size_t i = 0; i < field->size; i++)
        p[field->is_host ? i : field->size - 1 - i] &= ~(bits >> 8 * i);
}

/* ---- Printing ---- */

static void
print_octets(const struct field *field, struct octets octets, FILE *stream)
{
    char text[INET6_ADDRSTRLEN];
    const uint8_t *b = octets.b;

    if (field->form == MAC) {
        fprintf(stream, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
    } else {
        inet_ntop(field->form == IPV4 ? AF_INET : AF_INET6, b, text, sizeof text);
        fputs(text, stream);
    }
}

static void
print_field(const struct field *field, const struct dp_key *value, const struct dp_key *mask,
            FILE *stream)
{
    const char *form = field->form == HEX ? "%#" PRIx64 : "%" PRIu64;
    struct octets bits, all;

    if (is_integer(field)) {
        fprintf(stream, form, get_integer(field, value));
        if (get_integer(field, mask) != field_max(field))
            fprintf(stream, "/%#" PRIx64, get_integer(field, mask));
        return;
    }
    bits = get_octets(field, mask);
    memset(all.b, 0xff, sizeof all.b);
    print_octets(field, get_octets(field, value), stream);
    if (memcmp(bits.b, all.b, field->size)) {
        fputc('/', stream);
        print_octets(field, bits, stream);
    }
}

/* Prints `set(GROUP(...))` for the bits of `rest` in the group, and takes them off. Returns the
 * group after it. */
static const struct field *
print_group(const struct field *group, bool print, const struct dp_key *value, struct dp_key *rest,
            const char **separator, FILE *stream)
{
    const struct field *field;
    bool opened = false;

    for (field = group + 1; field < FIELDS_END && !field->group; field++) {
        if (!print || !is_touched(field, rest))
            continue;
        if (opened)
            fputc(',', stream);
        else
            fprintf(stream, "%sset(%s(", *separator, group->group);
        if (field->name[0])
            fprintf(stream, "%s=", field->name);
        print_field(field, value, rest, stream);
        clear_field(field, rest);
        *separator = ",";
        opened = true;
    }
    if (opened)
        fputs("))", stream);
    return field;
}

/* Bits that no field names: dp_actions_check() refuses them, a dump shows them as they are. */
static void
print_unnamed(const struct dp_key *value, const struct dp_key *mask, const char *separator,
              FILE *stream)
{
    const uint64_t *values = (const uint64_t *)value, *masks = (const uint64_t *)mask;

    for (size_t i = 0; i < DP_KEY_WORDS; i++) {
        if (masks[i]) {
            fprintf(stream, "%sset(word%zu(%#" PRIx64 "/%#" PRIx64 "))", separator, i, values[i],
                    masks[i]);
            separator = ",";
        }
    }
    if (!*separator)
        fputs("set()", stream);
}

void
act_fields_format(const struct dp_key *value, const struct dp_key *mask,
                  const struct dp_key *flow_key, FILE *stream)
{
    static const struct dp_key no_key;
    struct dp_key rest = *mask;
    const char *separator = "";

    for (const struct field *group = fields; group < FIELDS_END;)
        group = print_group(group, group_is_of_flow(group, flow_key ? flow_key : &no_key), value,
                            &rest, &separator, stream);
    for (const struct field *group = fields; group < FIELDS_END;)
        group = print_group(group, true, value, &rest, &separator, stream);
    print_unnamed(value, &rest, separator, stream);
}

uint64_t
act_fields_settable(unsigned int word)
{
    struct dp_key mask;
    uint64_t bits;

    memset(&mask, 0xff, sizeof mask);
    for (const struct field *field = fields; field < FIELDS_END; field++) {
        if (!field->group)
            clear_field(field, &mask);
    }
    memcpy(&bits, (const uint8_t *)&mask + word * 8, sizeof bits);
    return ~bits;
}

/* ---- Reading ---- */

static bool
read_mac(const char *text, uint8_t *mac)
{
    int n = 0;

    return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3],
                  &mac[4], &mac[5], &n) == 6 &&
           text[n] == '\0' && n == 17;
}

/* Takes one address or mask of the field's form. */
static int
parse_octets(struct act_cursor *cursor, const struct field *field, struct octets *octets)
{
    char text[INET6_ADDRSTRLEN];
    size_t n = strspn(cursor->p, "0123456789abcdefABCDEF.:");
    const char *what = field->form == MAC    ? "an Ethernet address"
                       : field->form == IPV4 ? "an IPv4 address"
                                             : "an IPv6 address";
    bool ok = n > 0 && n < sizeof text;

    if (ok) {
        memcpy(text, cursor->p, n);
        text[n] = '\0';
        ok = field->form == MAC
                 ? read_mac(text, octets->b)
                 : inet_pton(field->form == IPV4 ? AF_INET : AF_INET6, text, octets->b) == 1;
    }
    if (!ok)
        return act_fail(cursor, "%s must follow here", what);
    cursor->p += n;
    return 0;
}

static int
parse_integer_field(struct act_cursor *cursor, const struct field *field, struct dp_key *value,
                    struct dp_key *mask)
{
    uint64_t n, bits = field_max(field);
    const char *what = field->name[0] ? field->name : "the value", *start = cursor->p;
    int error = act_number(cursor, what, field_max(field), &n);

    if (!error && act_skip(cursor, "/"))
        error = act_number(cursor, "a mask", field_max(field), &bits);
    if (error)
        return error;
    if (n & ~bits || !bits) {
        cursor->p = start;
        return act_fail(cursor, bits ? "%s has bits outside its mask" : "%s has an empty mask",
                        what);
    }
    put_integer(field, n, value);
    put_integer(field, bits, mask);
    return 0;
}

static int
parse_octets_field(struct act_cursor *cursor, const struct field *field, struct dp_key *value,
                   struct dp_key *mask)
{
    const char *start = cursor->p;
    struct octets octets = {{0}}, bits;
    uint8_t outside = 0, any = 0;
    int error;

    memset(bits.b, 0xff, sizeof bits.b);
    error = parse_octets(cursor, field, &octets);
    if (!error && act_skip(cursor, "/"))
        error = parse_octets(cursor, field, &bits);
    if (error)
        return error;
    for (size_t i = 0; i < field->size; i++) {
        outside |= octets.b[i] & ~bits.b[i];
        any |= bits.b[i];
    }
    if (outside || !any) {
        cursor->p = start;
        return act_fail(cursor, any ? "%s has bits outside its mask" : "%s has an empty mask",
                        field->name);
    }
    memcpy((uint8_t *)value + field->offset, octets.b, field->size);
    memcpy((uint8_t *)mask + field->offset, bits.b, field->size);
    return 0;
}

static int
parse_field(struct act_cursor *cursor, const struct field *group, struct dp_key *value,
            struct dp_key *mask)
{
    for (const struct field *f = group + 1; f < FIELDS_END && !f->group; f++) {
        const char *start = cursor->p;
        int error = 0;

        if (f->name[0] && !act_skip(cursor, f->name))
            continue;
        if (is_touched(f, mask)) {
            cursor->p = start;
            return act_fail(cursor, "%s stands here twice", f->name);
        }
        if (f->name[0])
            error = act_expect(cursor, "=");
        if (error)
            return error;
        return is_integer(f) ? parse_integer_field(cursor, f, value, mask)
                             : parse_octets_field(cursor, f, value, mask);
    }
    return act_fail(cursor, "%s has no such field", group->group);
}

int
act_fields_parse(struct act_cursor *cursor, struct dp_key *value, struct dp_key *mask)
{
    for (const struct field *group = fields; group < FIELDS_END; group++) {
        int error;

        if (!group->group || !act_skip(cursor, group->group))
            continue;
        error = act_expect(cursor, "(");
        while (!error) {
            error = parse_field(cursor, group, value, mask);
            if (!error && !act_skip(cursor, ","))
                return act_expect(cursor, ")");
        }
        return error;
    }
    return act_fail(cursor, "a header to set must follow here, such as eth( or ipv4(");
}
