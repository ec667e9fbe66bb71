/* SPDX-License-Identifier: Apache-2.0 */
/* Words for numbers, counters, durations, bytes. */
#include "ofproto/print-private.h"

#include <ctype.h>

const char *const print_packet_in_reasons[] = {"no_match",   "action", "invalid_ttl",
                                               "action_set", "group",  "packet_out"};
const char *const print_flow_removed_reasons[] = {"idle",         "hard",         "delete",
                                                  "group_delete", "meter_delete", "eviction"};
const char *const print_table_reasons[] = {NULL, NULL, NULL, "vacancy_down", "vacancy_up"};

void
print_bits(struct buf *out, uint32_t bits, const struct bit_name *names, char separator)
{
    bool any = false;

    if (!bits)
        buf_putc(out, '0');
    for (; names->name; names++) {
        if (!(bits & names->bit))
            continue;
        if (any)
            buf_putc(out, separator);
        buf_puts(out, names->name);
        bits &= ~names->bit;
        any = true;
    }
    if (bits && any)
        buf_putc(out, separator);
    if (bits)
        buf_printf(out, "0x%x", bits);
}

void
print_word(struct buf *out, uint32_t value, const char *const names[], size_t n_names)
{
    if (value < n_names && names[value])
        buf_puts(out, names[value]);
    else
        buf_printf(out, "%u", value);
}

void
print_counter(struct buf *out, const char *label, uint64_t value)
{
    buf_puts(out, label);
    if (value == UINT64_MAX)
        buf_putc(out, '?');
    else
        buf_printf(out, "%" PRIu64, value);
}

/* Milliseconds have three digits, what is finer as many as it needs. */
void
print_duration(struct buf *out, uint64_t duration_ns)
{
    unsigned int fraction = (unsigned int)(duration_ns % 1000000000);

    buf_printf(out, "%" PRIu64, duration_ns / 1000000000);
    if (fraction && fraction % 1000000 == 0) {
        buf_printf(out, ".%03u", fraction / 1000000);
    } else if (fraction) {
        buf_printf(out, ".%09u", fraction);
        while (out->data[out->size - 1] == '0')
            out->size--;
    }
    buf_putc(out, 's');
}

/* In the order in which ovs-ofctl names them. Bits of OFPAT_*, -1: the version has no such. */
void
print_actions(struct buf *out, uint32_t bits, enum ofp_version version)
{
    static const struct {
        const char *name;
        int8_t v10, v13;
    } rows[] = {
        {"output", 0, 0},         {"group", -1, 22},        {"enqueue", 11, -1},
        {"set_field", -1, 25},    {"set_vlan_vid", 1, -1},  {"set_vlan_pcp", 2, -1},
        {"strip_vlan", 3, 18},    {"push_vlan", -1, 17},    {"mod_dl_src", 4, -1},
        {"mod_dl_dst", 5, -1},    {"mod_nw_src", 6, -1},    {"mod_nw_dst", 7, -1},
        {"mod_nw_tos", 8, -1},    {"mod_nw_ttl", -1, 23},   {"mod_tp_src", 9, -1},
        {"mod_tp_dst", 10, -1},   {"move", -1, 28},         {"dec_ttl", -1, 24},
        {"set_mpls_ttl", -1, 15}, {"dec_mpls_ttl", -1, 16}, {"push_mpls", -1, 19},
        {"pop_mpls", -1, 20},     {"set_queue", -1, 21},    {"copy_ttl_out", -1, 11},
        {"copy_ttl_in", -1, 12},  {"push_pbb", -1, 26},     {"pop_pbb", -1, 27},
        {"meter", -1, 29},
    };
    size_t start = out->size;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int bit = version == OFP10 ? rows[i].v10 : rows[i].v13;

        if (bit >= 0 && bits >> bit & 1)
            buf_printf(out, "%s%s", out->size > start ? " " : "", rows[i].name);
    }
    if (out->size == start)
        buf_puts(out, "<none>");
}

void
ofp_hex_dump(const void *bytes, size_t size, bool with_text, struct buf *out)
{
    const uint8_t *p = bytes;

    for (size_t start = 0; start < size; start += 16) {
        size_t n = MIN((size_t)16, size - start);

        buf_printf(out, "%08zx  ", start);
        for (size_t i = 0; i < n; i++)
            buf_printf(out, "%02x%c", p[start + i], i == 7 ? '-' : ' ');
        if (with_text) {
            buf_printf(out, "%*s|", (int)(16 - n) * 3, "");
            for (size_t i = 0; i < n; i++)
                buf_putc(out, (char)(isprint(p[start + i]) ? p[start + i] : '.'));
            buf_printf(out, "%*s|", (int)(16 - n), "");
        } else {
            buf_chomp(out, ' ');
        }
        buf_putc(out, '\n');
    }
}
