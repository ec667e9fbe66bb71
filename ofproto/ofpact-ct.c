/* SPDX-License-Identifier: Apache-2.0 */
/* Connection tracking: ct, nat, ct_clear: text and checks (ovs-actions(7)). */
#include "ofproto/ofpact-provider.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#define ALG_FTP 21
#define ALG_TFTP 69

/* ---- ct ---------------------------------------------------------------------------------------*/
static bool
is_nat(const struct ofpact *ofpact)
{
    return ofpact->type == OFPACT_NAT;
}

static void
format_alg(uint16_t alg, struct buf *out)
{
    if (alg == ALG_FTP)
        buf_puts(out, "alg=ftp,");
    else if (alg == ALG_TFTP)
        buf_puts(out, "alg=tftp,");
    else if (alg)
        buf_printf(out, "alg=%u,", alg);
}

/* nat first, then what `exec` runs. */
static void
format_ct_actions(const struct ofpact_ct *ct, const struct ofpact_printer *p)
{
    const struct ofpact *ofpact = ct->actions;
    size_t size = ct->actions_size;

    if (size && is_nat(ofpact)) {
        ofpact_format_NAT((const struct ofpact_nat *)ofpact, p);
        buf_putc(p->out, ',');
        size -= ofpact->size;
        ofpact = ofpact_next(ofpact);
    }
    if (!size)
        return;
    buf_puts(p->out, "exec(");
    ofpact_format_list(ofpact, size, p);
    buf_puts(p->out, "),");
}

void
ofpact_format_CT(const struct ofpact_ct *ct, const struct ofpact_printer *p)
{
    buf_puts(p->out, "ct(");
    if (ct->flags & CT_COMMIT)
        buf_puts(p->out, "commit,");
    if (ct->flags & CT_FORCE)
        buf_puts(p->out, "force,");
    if (ct->recirc_table != OFTABLE_ALL)
        buf_printf(p->out, "table=%u,", ct->recirc_table);
    if (ct->zone_src.n_bits) {
        buf_puts(p->out, "zone=");
        subfield_format(&ct->zone_src, p->out);
        buf_putc(p->out, ',');
    } else if (ct->zone) {
        buf_printf(p->out, "zone=%u,", ct->zone);
    }
    format_ct_actions(ct, p);
    format_alg(ct->alg, p->out);
    buf_chomp(p->out, ',');
    buf_putc(p->out, ')');
}

enum ofperr
ofpact_check_CT(const struct ofpact_ct *ct, struct ofpact_checker *c)
{
    struct ofpact_checker inner = *c;
    const struct ofpact *ofpact;
    enum ofperr error;

    if (ct->flags & CT_FORCE && !(ct->flags & CT_COMMIT))
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    error = ofpact_check_prereq(FIELD_IP_TTL, true, c);
    if (!error && ct->zone_src.n_bits)
        error = ofpact_check_src(&ct->zone_src, c);
    if (error)
        return error;
    OFPACT_FOR_EACH(ofpact, ct->actions, ct->actions_size)
    if (!is_nat(ofpact) && ofpact->type != OFPACT_SET_FIELD && ofpact->type != OFPACT_REG_MOVE)
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT;
    inner.in_ct = true;
    return ofpact_check_list(ct->actions, ct->actions_size, &inner);
}

static char *
parse_zone(const char *value, struct ofpact_ct *ct)
{
    unsigned __int128 number;
    char *error;

    if (text_integer(value, &number))
        return text_u16("zone", value, &ct->zone);
    error = ofpact_parse_subfield(value, &ct->zone_src);
    if (!error && ct->zone_src.n_bits != 16)
        error = text_error("zone: %s has %u bits; 16 are needed", value, ct->zone_src.n_bits);
    return error;
}

static char *
parse_alg(const char *value, struct ofpact_ct *ct)
{
    if (!strcmp(value, "ftp"))
        ct->alg = ALG_FTP;
    else if (!strcmp(value, "tftp"))
        ct->alg = ALG_TFTP;
    else
        return text_error("\"%s\" is no protocol with a helper; write ftp or tftp", value);
    return NULL;
}

/* Takes a key other than nat and exec. */
static char *
parse_ct_key(const char *key, const char *value, struct ofpact_ct *ct)
{
    if (!strcmp(key, "commit"))
        ct->flags |= CT_COMMIT;
    else if (!strcmp(key, "force"))
        ct->flags |= CT_FORCE;
    else if (!strcmp(key, "table"))
        return text_u8(key, value, &ct->recirc_table);
    else if (!strcmp(key, "zone"))
        return parse_zone(value, ct);
    else if (!strcmp(key, "alg"))
        return parse_alg(value, ct);
    else
        return text_error("\"%s\" is unknown; the keys are commit, force, table, zone, alg, nat "
                          "and exec",
                          key);
    return NULL;
}

static char *parse_nat(char *value, struct ofpact_parser *parser);

static char *
parse_ct(char *value, struct ofpact_parser *parser)
{
    struct buf nat = BUF_INITIALIZER, exec = BUF_INITIALIZER;
    struct ofpact_ct head = {.recirc_table = OFTABLE_ALL};
    struct ofpact_parser nat_parser = *parser, exec_parser = *parser;
    size_t start = parser->out->size;
    char *key, *v, *error = NULL;
    struct ofpact_ct *ct;

    nat_parser.out = &nat;
    exec_parser.out = &exec;
    while (!error && text_next_pair(&value, &key, &v, NULL)) {
        if (!strcmp(key, "nat"))
            error = parse_nat(v, &nat_parser);
        else if (!strcmp(key, "exec"))
            error = ofpact_parse_nested(v, &exec_parser);
        else
            error = parse_ct_key(key, v, &head);
    }
    if (!error && head.flags & CT_FORCE && !(head.flags & CT_COMMIT))
        error = text_error("force needs commit");
    if (!error) {
        OFPACT_PUT(parser->out, CT, ofpact_ct);
        buf_put(parser->out, nat.data, nat.size);
        buf_put(parser->out, exec.data, exec.size);
        ct = ofpact_finish(parser->out, start);
        head.ofpact = ct->ofpact;
        head.actions_size = (uint32_t)(nat.size + exec.size);
        *ct = head;
    }
    buf_destroy(&nat);
    buf_destroy(&exec);
    return error;
}

/* ---- nat --------------------------------------------------------------------------------------*/
static void
put_address(const struct ofpact_nat *nat, field_value addr, bool brackets, struct buf *out)
{
    char text[INET6_ADDRSTRLEN];
    bool ipv4 = nat->range_af == 4;
    uint8_t bytes[16];

    field_write(addr, bytes, ipv4 ? 4 : 16);
    inet_ntop(ipv4 ? AF_INET : AF_INET6, bytes, text, sizeof text);
    buf_printf(out, brackets ? "[%s]" : "%s", text);
}

static void
format_range(const struct ofpact_nat *nat, struct buf *out)
{
    bool brackets = nat->range_af == 6 && nat->proto_min;

    if (!nat->range_af)
        return;
    buf_putc(out, '=');
    put_address(nat, nat->addr_min, brackets, out);
    if (nat->addr_max && nat->addr_max != nat->addr_min) {
        buf_putc(out, '-');
        put_address(nat, nat->addr_max, brackets, out);
    }
    if (nat->proto_min) {
        buf_printf(out, ":%u", nat->proto_min);
        if (nat->proto_max && nat->proto_max != nat->proto_min)
            buf_printf(out, "-%u", nat->proto_max);
    }
}

void
ofpact_format_NAT(const struct ofpact_nat *nat, const struct ofpact_printer *p)
{
    buf_puts(p->out, "nat");
    if (!(nat->flags & (NAT_SRC | NAT_DST)))
        return;
    buf_puts(p->out, nat->flags & NAT_SRC ? "(src" : "(dst");
    format_range(nat, p->out);
    if (nat->flags & NAT_PERSISTENT)
        buf_puts(p->out, ",persistent");
    if (nat->flags & NAT_PROTO_HASH)
        buf_puts(p->out, ",hash");
    if (nat->flags & NAT_PROTO_RANDOM)
        buf_puts(p->out, ",random");
    buf_putc(p->out, ')');
}

enum ofperr
ofpact_check_NAT(const struct ofpact_nat *nat, struct ofpact_checker *c)
{
    const enum field_id needed = nat->range_af == 4 ? FIELD_IP_SRC : FIELD_IPV6_SRC;

    if (!c->in_ct || (nat->flags & NAT_SRC && nat->flags & NAT_DST))
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    return nat->range_af ? ofpact_check_prereq(needed, true, c) : OFPERR_OK;
}

/* How many characters the address at `s` has: up to what may follow it. An IPv6 address without
 * brackets has no port behind it. */
static size_t
address_length(const char *s)
{
    size_t n = strcspn(s, "-"), first = strcspn(s, ":");

    return first < n && memchr(s, '.', first) ? first : n;
}

/* Takes the address at *s, in brackets or not. */
static bool
take_address(char **s, struct ofpact_nat *nat, field_value *addr)
{
    bool brackets = **s == '[';
    size_t n = brackets ? strcspn(++*s, "]") : address_length(*s);
    char text[INET6_ADDRSTRLEN + 1];
    uint8_t bytes[16];
    int af;

    if (n >= sizeof text)
        return false;
    memcpy(text, *s, n);
    text[n] = '\0';
    *s += n + (brackets && (*s)[n] == ']');
    af = memchr(text, ':', n) ? 6 : 4;
    if ((nat->range_af && nat->range_af != af) ||
        inet_pton(af == 6 ? AF_INET6 : AF_INET, text, bytes) != 1)
        return false;
    nat->range_af = (uint8_t)af;
    *addr = field_read(bytes, af == 6 ? 16 : 4);
    return true;
}

/* "ADDR[-ADDR][:PORT[-PORT]]" */
static char *
parse_range(char *value, struct ofpact_nat *nat)
{
    unsigned int min, max;
    char *s = value;
    int n = 0;

    if (!take_address(&s, nat, &nat->addr_min) ||
        (*s == '-' && (s++, !take_address(&s, nat, &nat->addr_max))))
        return text_error("\"%s\" is no range; write ADDRESS[-ADDRESS][:PORT[-PORT]]", value);
    if (nat->addr_max && nat->addr_max < nat->addr_min)
        return text_error("\"%s\": the range of addresses ends before it starts", value);
    if (!*s)
        return NULL;
    if (sscanf(s, ":%u-%u%n", &min, &max, &n) < 2 || !n) {
        max = 0;
        if (sscanf(s, ":%u%n", &min, &n) < 1 || !n)
            return text_error("\"%s\" is no range of ports", s);
    }
    if (s[n] || !min || min > 65535 || max > 65535 || (max && max < min))
        return text_error("\"%s\" is no range of ports", s);
    nat->proto_min = (uint16_t)min;
    nat->proto_max = (uint16_t)max;
    return NULL;
}

static char *
parse_nat_key(const char *key, char *value, struct ofpact_nat *nat)
{
    bool src = !strcmp(key, "src");

    if (src || !strcmp(key, "dst")) {
        if (nat->flags & (NAT_SRC | NAT_DST))
            return text_error("src and dst exclude each other");
        nat->flags |= src ? NAT_SRC : NAT_DST;
        return *value ? parse_range(value, nat) : NULL;
    }
    if (!strcmp(key, "persistent"))
        nat->flags |= NAT_PERSISTENT;
    else if (!strcmp(key, "hash"))
        nat->flags |= NAT_PROTO_HASH;
    else if (!strcmp(key, "random"))
        nat->flags |= NAT_PROTO_RANDOM;
    else
        return text_error("\"%s\" is unknown; the keys are src, dst, persistent, hash, random",
                          key);
    return NULL;
}

static char *
parse_nat(char *value, struct ofpact_parser *parser)
{
    struct ofpact_nat *nat = OFPACT_PUT(parser->out, NAT, ofpact_nat);
    char *key, *v, *error = NULL;

    while (!error && text_next_pair(&value, &key, &v, NULL))
        error = parse_nat_key(key, v, nat);
    if (error)
        return error;
    if (nat->flags & ~(NAT_SRC | NAT_DST) && !(nat->flags & (NAT_SRC | NAT_DST)))
        return text_error("nat's options need src or dst");
    if (nat->flags & NAT_PROTO_HASH && nat->flags & NAT_PROTO_RANDOM)
        return text_error("hash and random exclude each other");
    return NULL;
}

/* ---- ct_clear ---------------------------------------------------------------------------------*/
void
ofpact_format_CT_CLEAR(const struct ofpact_null *null, const struct ofpact_printer *p)
{
    (void)null;
    buf_puts(p->out, "ct_clear");
}

enum ofperr
ofpact_check_CT_CLEAR(const struct ofpact_null *null, struct ofpact_checker *c)
{
    (void)null;
    (void)c;
    return OFPERR_OK;
}

const struct ofpact_keyword ofpact_ct_keywords[] = {
    {"ct", parse_ct, 0},
    {"nat", parse_nat, 0},
    {"ct_clear", ofpact_parse_null, OFPACT_CT_CLEAR},
    {NULL, NULL, 0},
};
