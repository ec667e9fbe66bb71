/* SPDX-License-Identifier: Apache-2.0 */
/* Values and subfields as text. */
#include "ofproto/field.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "ofproto/ofp-names.h"
#include "ofproto/text.h"

/* ---- Flags ------------------------------------------------------------------------------------*/
static const char *const tcp_flag_names[] = {"fin", "syn", "rst", "psh", "ack",
                                             "urg", "ece", "cwr", "ns",  NULL};
static const char *const ct_state_names[] = {"new", "est",  "rel",  "rpl", "inv",
                                             "trk", "snat", "dnat", NULL};
static const char *const tun_flag_names[] = {"oam", NULL};

static const char *const *
flag_names(const struct field *field)
{
    return field->format == FORMAT_TCP_FLAGS  ? tcp_flag_names
           : field->format == FORMAT_CT_STATE ? ct_state_names
                                              : tun_flag_names;
}

/* The name of bit `i`, or NULL. */
static const char *
flag_name(const char *const *names, unsigned int i)
{
    for (unsigned int n = 0; names[n]; n++)
        if (n == i)
            return names[n];
    return NULL;
}

static void
put_flag(const char *const *names, unsigned int i, struct buf *out)
{
    const char *name = flag_name(names, i);

    if (name)
        buf_puts(out, name);
    else
        buf_printf(out, "[%x]", 1u << i);
}

/* "syn|ack", or under a partial mask "+syn-ack". */
static void
format_flags(const struct field *field, uint32_t value, uint32_t mask, struct buf *out)
{
    const char *const *names = flag_names(field);
    bool exact = mask == field_ones(field);

    if (exact && !value)
        buf_putc(out, '0');
    for (unsigned int i = 0; i < 32; i++) {
        uint32_t bit = 1u << i;

        if (!(mask & bit) || (exact && !(value & bit)))
            continue;
        if (!exact)
            buf_putc(out, value & bit ? '+' : '-');
        put_flag(names, i, out);
        if (exact)
            buf_putc(out, '|');
    }
    buf_chomp(out, '|');
}

/* Reads a flag's name, or [HEX], at *s; 0 if there is none. */
static uint32_t
parse_flag(const char *const *names, const char **s)
{
    size_t n = strcspn(*s, "+-|");
    uint32_t bit = 0;

    if (**s == '[')
        bit = (uint32_t)strtoul(*s + 1, NULL, 16);
    for (unsigned int i = 0; names[i]; i++)
        if (strlen(names[i]) == n && !strncasecmp(*s, names[i], n))
            bit = 1u << i;
    *s += n;
    return bit;
}

static char *
parse_flags(const struct field *field, const char *text, field_value *value, field_value *mask)
{
    const char *const *names = flag_names(field);
    bool is_signed = *text == '+' || *text == '-';
    const char *s = text;
    uint32_t bits = 0, known = 0;

    while (*s) {
        bool set = *s != '-';
        uint32_t bit;

        s += *s == '+' || *s == '-' || *s == '|';
        bit = parse_flag(names, &s);
        if (!bit || bit & ~(uint32_t)field_ones(field))
            return text_error("%s: \"%s\" is no list of flags; write +%s, -%s or %s|%s",
                              field->name, text, names[0], names[0], names[0],
                              names[1] ? names[1] : names[0]);
        known |= bit;
        bits |= set ? bit : 0;
    }
    *value = bits;
    *mask = is_signed ? known : field_ones(field);
    return NULL;
}

/* ---- Fragments, packet types ------------------------------------------------------------------*/
static const struct {
    const char *name;
    uint8_t value, mask;
} frag_types[] = {
    {"no", 0, 3}, {"yes", DP_FRAG_ANY, 1}, {"first", 1, 3}, {"later", 3, 3}, {"not_later", 0, 2},
};

static void
format_frag(field_value value, field_value mask, struct buf *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(frag_types); i++)
        if (frag_types[i].value == value && frag_types[i].mask == mask) {
            buf_puts(out, frag_types[i].name);
            return;
        }
    buf_printf(out, "0x%x/0x%x", (unsigned int)value, (unsigned int)mask);
}

static char *
parse_frag(const char *text, field_value *value, field_value *mask)
{
    for (size_t i = 0; i < ARRAY_SIZE(frag_types); i++)
        if (!strcasecmp(text, frag_types[i].name)) {
            *value = frag_types[i].value;
            *mask = frag_types[i].mask;
            return NULL;
        }
    return text_error("\"%s\" is no fragment type; write no, yes, first, later or not_later", text);
}

static char *
parse_packet_type(const char *text, field_value *value, field_value *mask)
{
    unsigned int ns, type;
    int n = 0;

    if (sscanf(text, "(%i,%i)%n", (int *)&ns, (int *)&type, &n) < 2 || text[n] || ns > 0xffff ||
        type > 0xffff)
        return text_error("\"%s\" is no packet type; write (NAMESPACE,TYPE)", text);
    *value = (field_value)ns << 16 | type;
    *mask = UINT32_MAX;
    return NULL;
}

/* ---- Format -----------------------------------------------------------------------------------*/
void
field_put_hex(field_value value, struct buf *out)
{
    uint64_t high = (uint64_t)(value >> 64), low = (uint64_t)value;

    if (high)
        buf_printf(out, "%#llx%016llx", (unsigned long long)high, (unsigned long long)low);
    else
        buf_printf(out, "%#llx", (unsigned long long)low);
}

static void
put_mac(field_value value, struct buf *out)
{
    uint8_t mac[6];

    field_write(value, mac, 6);
    buf_printf(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
               mac[5]);
}

static void
put_ip(const struct field *field, field_value value, struct buf *out)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    bool ipv4 = field->format == FORMAT_IPV4;

    field_write(value, bytes, ipv4 ? 4 : 16);
    inet_ntop(ipv4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
    buf_puts(out, text);
}

/* How many leading ones the mask has if only zeros follow, else -1. */
static int
prefix_length(field_value mask, unsigned int n_bits)
{
    field_value ones = n_bits == 128 ? ~(field_value)0 : ((field_value)1 << n_bits) - 1;
    field_value inverse = ~mask & ones;
    int n = 0;

    if (inverse & (inverse + 1))
        return -1;
    for (; mask & ones; mask <<= 1)
        n++;
    return n;
}

static void
format_ip(const struct field *field, field_value value, field_value mask, struct buf *out)
{
    int n = prefix_length(mask, field->n_bits);

    put_ip(field, value, out);
    if (n == field->n_bits)
        return;
    buf_putc(out, '/');
    if (n >= 0)
        buf_printf(out, "%d", n);
    else
        put_ip(field, mask, out);
}

/* A decimal field under a mask is written in hexadecimal, with 0x even for 0. */
static void
format_integer(const struct field *field, field_value value, field_value mask, struct buf *out)
{
    bool exact = mask == field_ones(field);

    if (field->format == FORMAT_DECIMAL) {
        buf_printf(out, exact ? "%llu" : "0x%llx", (unsigned long long)value);
        if (!exact)
            buf_printf(out, "/0x%llx", (unsigned long long)mask);
        return;
    }
    field_put_hex(value, out);
    if (!exact) {
        buf_putc(out, '/');
        field_put_hex(mask, out);
    }
}

void
field_format(const struct field *field, field_value value, field_value mask,
             const struct ofp_port_names *port_names, struct buf *out)
{
    if (!mask) {
        buf_putc(out, '*');
        return;
    }
    switch (field->format) {
    case FORMAT_MAC:
        put_mac(value, out);
        if (mask != field_ones(field)) {
            buf_putc(out, '/');
            put_mac(mask, out);
        }
        break;
    case FORMAT_IPV4:
    case FORMAT_IPV6:
        format_ip(field, value, mask, out);
        break;
    case FORMAT_PORT:
        ofport_format((uint32_t)value, port_names, out);
        break;
    case FORMAT_PORT10:
        ofport_format(ofport_from_v10((uint16_t)value), port_names, out);
        break;
    case FORMAT_FRAG:
        format_frag(value, mask, out);
        break;
    case FORMAT_TCP_FLAGS:
    case FORMAT_CT_STATE:
    case FORMAT_TUN_FLAGS:
        format_flags(field, (uint32_t)value, (uint32_t)mask, out);
        break;
    case FORMAT_PACKET_TYPE:
        buf_printf(out, "(%u,0x%x)", (unsigned int)(value >> 16), (unsigned int)value & 0xffff);
        break;
    case FORMAT_DECIMAL:
    case FORMAT_HEX:
    default:
        format_integer(field, value, mask, out);
        break;
    }
}

/* ---- Parse ------------------------------------------------------------------------------------*/
static bool
parse_mac(const char *text, field_value *value)
{
    unsigned int b[6];
    uint8_t mac[6];
    int n = 0;

    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &n) !=
            6 ||
        text[n])
        return false;
    for (int i = 0; i < 6; i++)
        mac[i] = (uint8_t)b[i];
    *value = field_read(mac, 6);
    return true;
}

static bool
parse_ip(const struct field *field, const char *text, field_value *value)
{
    bool ipv4 = field->format == FORMAT_IPV4;
    uint8_t bytes[16];

    if (inet_pton(ipv4 ? AF_INET : AF_INET6, text, bytes) != 1)
        return false;
    *value = field_read(bytes, ipv4 ? 4 : 16);
    return true;
}

/* "24" as the mask of a prefix, or an address. */
static bool
parse_ip_mask(const struct field *field, const char *text, field_value *mask)
{
    field_value n;

    if (!text_integer(text, &n))
        return parse_ip(field, text, mask);
    if (n > field->n_bits)
        return false;
    *mask = n ? field_ones(field) << (field->n_bits - (unsigned int)n) & field_ones(field) : 0;
    return true;
}

/* One value without a mask. */
static char *
parse_one(const struct field *field, const char *text, const struct ofp_port_names *port_names,
          field_value *value)
{
    uint32_t port;

    switch (field->format) {
    case FORMAT_MAC:
        if (!parse_mac(text, value))
            return text_error("%s: \"%s\" is no Ethernet address; write 00:11:22:33:44:55",
                              field->name, text);
        return NULL;
    case FORMAT_IPV4:
    case FORMAT_IPV6:
        if (!parse_ip(field, text, value))
            return text_error("%s: \"%s\" is no %s address", field->name, text,
                              field->format == FORMAT_IPV4 ? "IPv4" : "IPv6");
        return NULL;
    case FORMAT_PORT:
    case FORMAT_PORT10:
        if (!ofport_parse(text, port_names, &port))
            return text_error("%s: \"%s\" is no port; write a number, a port's name, or LOCAL",
                              field->name, text);
        *value = field->format == FORMAT_PORT ? port : (uint16_t)port;
        return NULL;
    case FORMAT_DECIMAL:
    case FORMAT_HEX:
    case FORMAT_FRAG:
    case FORMAT_TCP_FLAGS:
    case FORMAT_CT_STATE:
    case FORMAT_TUN_FLAGS:
    case FORMAT_PACKET_TYPE:
    default:
        if (!text_integer(text, value))
            return text_error("%s: \"%s\" is no number", field->name, text);
        return NULL;
    }
}

/* Values that are words, not numbers. */
static bool
is_word(const struct field *field, const char *text)
{
    switch (field->format) {
    case FORMAT_FRAG:
    case FORMAT_PACKET_TYPE:
        return true;
    case FORMAT_TCP_FLAGS:
    case FORMAT_CT_STATE:
    case FORMAT_TUN_FLAGS:
        return !isdigit((unsigned char)*text);
    case FORMAT_DECIMAL:
    case FORMAT_HEX:
    case FORMAT_MAC:
    case FORMAT_IPV4:
    case FORMAT_IPV6:
    case FORMAT_PORT:
    case FORMAT_PORT10:
    default:
        return false;
    }
}

static char *
parse_word(const struct field *field, const char *text, field_value *value, field_value *mask)
{
    if (field->format == FORMAT_FRAG)
        return parse_frag(text, value, mask);
    if (field->format == FORMAT_PACKET_TYPE)
        return parse_packet_type(text, value, mask);
    return parse_flags(field, text, value, mask);
}

/* Bits of the wire's bytes that the field does not use are an error, but for the two fields
 * whose text ovs-ofctl takes with such bits: nw_tos (ECN), and a tcp_flags number. */
static char *
check_width(const struct field *field, const char *text, field_value value)
{
    if (field->id == FIELD_IP_TOS && value <= 0xff)
        return NULL;
    if (field->id == FIELD_DL_VLAN && value == 0xffff)
        return NULL;
    if (field_value_is_valid(field, value))
        return NULL;
    return text_error("%s: %s is too large: the field has %d bits", field->name, text,
                      field->id == FIELD_ARP_OP ? 8 : field->n_bits);
}

char *
field_parse(const struct field *field, const char *text, const struct ofp_port_names *port_names,
            field_value *value, field_value *mask)
{
    const char *slash = strchr(text, '/');
    char *copy, *error;

    *mask = field_ones(field);
    if (!strcmp(text, "*")) {
        *value = *mask = 0;
        return NULL;
    }
    if (is_word(field, text))
        return parse_word(field, text, value, mask);
    copy = slash ? text_copy(text, (size_t)(slash - text)) : xstrdup(text);
    error = parse_one(field, copy, port_names, value);
    if (!error && slash) {
        bool is_ip = field->format == FORMAT_IPV4 || field->format == FORMAT_IPV6;

        if (is_ip && !parse_ip_mask(field, slash + 1, mask))
            error = text_error("%s: \"%s\" is no mask; write a prefix length or an address",
                               field->name, slash + 1);
        else if (!is_ip)
            error = parse_one(field, slash + 1, NULL, mask);
    }
    if (!error)
        error = check_width(field, copy, *value);
    if (!error && slash)
        error = check_width(field, slash + 1, *mask);
    free(copy);
    if (!error && !field->maskable && *mask && *mask != field_ones(field))
        error = text_error("%s: \"%s\": this field takes no mask", field->name, text);
    if (field->id != FIELD_DL_VLAN)
        *value &= *mask;
    return error;
}

char *
field_parse_value(const struct field *field, const char *text,
                  const struct ofp_port_names *port_names, field_value *value)
{
    field_value mask;
    char *error = field_parse(field, text, port_names, value, &mask);

    if (!error && mask != field_ones(field))
        error = text_error("%s: \"%s\" has a mask, but a value is needed", field->name, text);
    return error;
}

/* ---- Subfields --------------------------------------------------------------------------------*/
/* Reads "[]", "[5]" or "[3..7]" at *s; nothing there: the whole field. */
static bool
parse_bits(const char **s, const struct field *field, unsigned int *first, unsigned int *last)
{
    int n = 0;

    *first = 0;
    *last = field_sub_bits(field) - 1u;
    if (**s != '[')
        return true;
    if (!strncmp(*s, "[]", 2))
        n = 2;
    else if (sscanf(*s, "[%u..%u]%n", first, last, &n) == 2 && n)
        ;
    else if (sscanf(*s, "[%u]%n", first, &n) == 1 && n)
        *last = *first;
    *s += n;
    return n > 0;
}

char *
subfield_parse(const char **s, struct subfield *sf)
{
    size_t n = strcspn(*s, "[]-=,:() \t");
    const struct field *field = field_by_name_n(*s, n);
    unsigned int first, last;
    const char *start = *s;

    if (!field)
        return text_error("\"%.*s\" is no field", (int)n, start);
    *s += n;
    if (!parse_bits(s, field, &first, &last))
        return text_error("%s: write %.*s[], %.*s[BIT] or %.*s[FIRST..LAST]", start, (int)n, start,
                          (int)n, start, (int)n, start);
    if (first > last || last >= field_sub_bits(field))
        return text_error("%s: bits %u..%u are not in a field of %u bits", start, first, last,
                          field_sub_bits(field));
    *sf = (struct subfield){(uint16_t)field->id, (uint8_t)first, (uint8_t)(last - first + 1)};
    return NULL;
}

void
subfield_format(const struct subfield *sf, struct buf *out)
{
    const struct field *field = &fields[sf->field];

    buf_puts(out, field->nxm_name ? field->nxm_name : field->name);
    if (!sf->ofs && sf->n_bits == field_sub_bits(field))
        buf_puts(out, "[]");
    else if (sf->n_bits == 1)
        buf_printf(out, "[%u]", sf->ofs);
    else
        buf_printf(out, "[%u..%u]", sf->ofs, sf->ofs + sf->n_bits - 1u);
}
