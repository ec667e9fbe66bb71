/* SPDX-License-Identifier: Apache-2.0 */
/* Nicira's actions but learn and ct: text and checks (ovs-actions(7)). */
#include "ofproto/ofpact-provider.h"

#include <stdio.h>
#include <strings.h>

/* ---- Resubmit ---------------------------------------------------------------------------------*/
void
ofpact_format_RESUBMIT(const struct ofpact_resubmit *r, const struct ofpact_printer *p)
{
    if (r->in_port != OFPORT_IN_PORT && r->table_id == OFTABLE_ALL) {
        buf_puts(p->out, "resubmit:");
        ofport_format(r->in_port, p->names, p->out);
        return;
    }
    buf_puts(p->out, "resubmit(");
    if (r->in_port != OFPORT_IN_PORT)
        ofport_format(r->in_port, p->names, p->out);
    buf_putc(p->out, ',');
    if (r->table_id != OFTABLE_ALL)
        buf_printf(p->out, "%u", r->table_id);
    buf_puts(p->out, r->with_ct_orig ? ",ct)" : ")");
}

enum ofperr
ofpact_check_RESUBMIT(const struct ofpact_resubmit *r, struct ofpact_checker *c)
{
    (void)r;
    (void)c;
    return OFPERR_OK;
}

/* "PORT" or "[PORT],[TABLE][,ct]". */
static char *
parse_resubmit(char *value, struct ofpact_parser *parser)
{
    struct ofpact_resubmit *r = OFPACT_PUT(parser->out, RESUBMIT, ofpact_resubmit);
    char *table = strchr(value, ','), *ct = table ? strchr(table + 1, ',') : NULL;
    char *error = NULL;

    r->in_port = OFPORT_IN_PORT;
    r->table_id = OFTABLE_ALL;
    if (ct)
        *ct++ = '\0';
    if (table)
        *table++ = '\0';
    if (*value)
        error = ofpact_parse_port(value, parser, &r->in_port);
    if (!error && table && *table)
        error = text_u8("table", table, &r->table_id);
    if (error)
        return error;
    if (ct && strcasecmp(ct, "ct"))
        return text_error("\"%s\" follows the table; only ct may", ct);
    if (!*value && !(table && *table))
        return text_error("a port or a table is needed: resubmit(PORT,TABLE)");
    r->with_ct_orig = ct;
    r->ofpact.flavor = table && *table ? FLAVOR_RESUBMIT_TABLE : FLAVOR_RESUBMIT;
    return NULL;
}

/* ---- Conjunction ------------------------------------------------------------------------------*/
void
ofpact_format_CONJUNCTION(const struct ofpact_conjunction *conj, const struct ofpact_printer *p)
{
    buf_printf(p->out, "conjunction(%u,%u/%u)", conj->id, conj->clause + 1u, conj->n_clauses);
}

enum ofperr
ofpact_check_CONJUNCTION(const struct ofpact_conjunction *conj, struct ofpact_checker *c)
{
    (void)c;
    if (conj->n_clauses < 2 || conj->n_clauses > 64 || conj->clause >= conj->n_clauses)
        return OFPERR_NXBAC_BAD_CONJUNCTION;
    return OFPERR_OK;
}

static char *
parse_conjunction(char *value, struct ofpact_parser *parser)
{
    struct ofpact_conjunction *conj = OFPACT_PUT(parser->out, CONJUNCTION, ofpact_conjunction);
    unsigned int clause, n_clauses;
    int n = 0;

    if (sscanf(value, "%u , %u / %u%n", &conj->id, &clause, &n_clauses, &n) != 3 || value[n])
        return text_error("write conjunction(ID,K/N)");
    if (n_clauses < 2 || n_clauses > 64)
        return text_error("%u clauses; there must be 2 to 64", n_clauses);
    if (clause < 1 || clause > n_clauses)
        return text_error("clause %u is not among 1 to %u", clause, n_clauses);
    conj->clause = (uint8_t)(clause - 1);
    conj->n_clauses = (uint8_t)n_clauses;
    return NULL;
}

/* ---- Multipath and bundle ---------------------------------------------------------------------*/
static const char *const hash_names[] = {
    [HASH_ETH_SRC] = "eth_src",
    [HASH_SYMMETRIC_L4] = "symmetric_l4",
    [HASH_SYMMETRIC_L3L4] = "symmetric_l3l4",
    [HASH_SYMMETRIC_L3L4_UDP] = "symmetric_l3l4+udp",
    [HASH_NW_SRC] = "nw_src",
    [HASH_NW_DST] = "nw_dst",
    [HASH_SYMMETRIC_L3] = "symmetric_l3",
};
static const char *const multipath_names[] = {"modulo_n", "hash_threshold", "hrw", "iter_hash"};
static const char *const bundle_names[] = {"active_backup", "hrw"};

static char *
parse_enum(const char *what, const char *text, const char *const *names, size_t n, uint16_t *number)
{
    for (size_t i = 0; i < n; i++)
        if (!strcasecmp(text, names[i])) {
            *number = (uint16_t)i;
            return NULL;
        }
    return text_error("\"%s\" is no %s, such as %s", text, what, names[0]);
}

/* Cuts the next word of a list that commas or blanks separate; "" at the end. */
static char *
next_word(char **s)
{
    char *word = *s + strspn(*s, ", ");
    size_t n = strcspn(word, ", ");

    *s = word[n] ? word + n + 1 : word + n;
    word[n] = '\0';
    return word;
}

void
ofpact_format_MULTIPATH(const struct ofpact_multipath *mp, const struct ofpact_printer *p)
{
    buf_printf(p->out, "multipath(%s,%u,%s,%u,%u,", hash_names[mp->fields], mp->basis,
               multipath_names[mp->algorithm], mp->max_link + 1u, mp->arg);
    subfield_format(&mp->dst, p->out);
    buf_putc(p->out, ')');
}

enum ofperr
ofpact_check_MULTIPATH(const struct ofpact_multipath *mp, struct ofpact_checker *c)
{
    if (mp->fields >= ARRAY_SIZE(hash_names) || mp->algorithm >= ARRAY_SIZE(multipath_names))
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    if (mp->dst.n_bits < 16 && mp->max_link >= 1u << mp->dst.n_bits)
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    return ofpact_check_dst(&mp->dst, c);
}

static char *
parse_multipath(char *value, struct ofpact_parser *parser)
{
    struct ofpact_multipath *mp = OFPACT_PUT(parser->out, MULTIPATH, ofpact_multipath);
    uint32_t n_links = 0;
    char *error;

    error = parse_enum("hash", next_word(&value), hash_names, ARRAY_SIZE(hash_names), &mp->fields);
    if (!error)
        error = text_u16("basis", next_word(&value), &mp->basis);
    if (!error)
        error = parse_enum("algorithm", next_word(&value), multipath_names,
                           ARRAY_SIZE(multipath_names), &mp->algorithm);
    if (!error)
        error = text_u32("n_links", next_word(&value), &n_links);
    if (!error)
        error = text_u32("arg", next_word(&value), &mp->arg);
    if (!error)
        error = ofpact_parse_subfield(next_word(&value), &mp->dst);
    if (error)
        return error;
    if (n_links < 1 || n_links > 65536)
        return text_error("n_links is %u; it must be 1 to 65536", n_links);
    if (mp->dst.n_bits < 16 && n_links > 1u << mp->dst.n_bits)
        return text_error("%u links do not fit into %u bits", n_links, mp->dst.n_bits);
    mp->max_link = (uint16_t)(n_links - 1);
    return NULL;
}

void
ofpact_format_BUNDLE(const struct ofpact_bundle *b, const struct ofpact_printer *p)
{
    buf_printf(p->out, "%s(%s,%u,%s,ofport,", b->dst.n_bits ? "bundle_load" : "bundle",
               hash_names[b->fields], b->basis, bundle_names[b->algorithm]);
    if (b->dst.n_bits) {
        subfield_format(&b->dst, p->out);
        buf_putc(p->out, ',');
    }
    buf_puts(p->out, "members:");
    for (unsigned int i = 0; i < b->n_members; i++) {
        if (i)
            buf_putc(p->out, ',');
        ofport_format(b->members[i], p->names, p->out);
    }
    buf_putc(p->out, ')');
}

enum ofperr
ofpact_check_BUNDLE(const struct ofpact_bundle *b, struct ofpact_checker *c)
{
    enum ofperr error;

    if (b->fields >= ARRAY_SIZE(hash_names) || b->algorithm >= ARRAY_SIZE(bundle_names))
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    if (b->dst.n_bits && (error = ofpact_check_dst(&b->dst, c)))
        return error;
    for (unsigned int i = 0; i < b->n_members; i++) {
        error =
            b->members[i] == OFPORT_ANY ? OFPERR_OK : ofpact_check_port(b->members[i], c->limits);
        if (error)
            return error;
    }
    return OFPERR_OK;
}

/* "members:" and the ports, into the bundle that stands at `start`. */
static char *
parse_members(char *value, struct ofpact_parser *parser, size_t start)
{
    struct ofpact_bundle *b;
    uint16_t n_members = 0;
    char *colon = strchr(value, ':'), *word, *error;
    uint32_t port;

    if (!colon || (strncasecmp(value, "members", 7) && strncasecmp(value, "slaves", 6)))
        return text_error("write members:PORT,... at the end");
    value = colon + 1;
    while (*(word = next_word(&value))) {
        error = ofpact_parse_port(word, parser, &port);
        if (error)
            return error;
        buf_put(parser->out, &port, sizeof port);
        n_members++;
    }
    b = ofpact_finish(parser->out, start);
    b->n_members = n_members;
    return NULL;
}

/* bundle and, if the keyword's `arg` is 1, bundle_load. */
static char *
parse_bundle(char *value, struct ofpact_parser *parser)
{
    size_t start = parser->out->size;
    struct ofpact_bundle *b = OFPACT_PUT(parser->out, BUNDLE, ofpact_bundle);
    const char *type;
    char *error;

    error = parse_enum("hash", next_word(&value), hash_names, ARRAY_SIZE(hash_names), &b->fields);
    if (!error)
        error = text_u16("basis", next_word(&value), &b->basis);
    if (!error)
        error = parse_enum("algorithm", next_word(&value), bundle_names, ARRAY_SIZE(bundle_names),
                           &b->algorithm);
    if (error)
        return error;
    type = next_word(&value);
    if (strcasecmp(type, "ofport"))
        return text_error("\"%s\" is no type of member; write ofport", type);
    if (parser->keyword->arg) {
        error = ofpact_parse_subfield(next_word(&value), &b->dst);
        if (error)
            return error;
    }
    return parse_members(value + strspn(value, ", "), parser, start);
}

/* ---- Note -------------------------------------------------------------------------------------*/
void
ofpact_format_NOTE(const struct ofpact_note *note, const struct ofpact_printer *p)
{
    buf_puts(p->out, "note:");
    for (unsigned int i = 0; i < note->n_bytes; i++)
        buf_printf(p->out, "%s%02x", i ? "." : "", note->data[i]);
}

enum ofperr
ofpact_check_NOTE(const struct ofpact_note *note, struct ofpact_checker *c)
{
    (void)note;
    (void)c;
    return OFPERR_OK;
}

/* The wire pads a note to 6, 14, 22, ... bytes and does not tell padding: nor do we. */
void
ofpact_put_note(const void *data, size_t size, struct buf *out)
{
    size_t padded = size <= 6 ? 6 : ROUND_UP(size - 6, 8) + 6;
    struct ofpact_note *note = ofpact_put(out, OFPACT_NOTE, sizeof *note + padded);

    note->n_bytes = (uint32_t)padded;
    if (size)
        memcpy(note->data, data, size);
}

static char *
parse_note(char *value, struct ofpact_parser *parser)
{
    struct buf bytes = BUF_INITIALIZER;
    char *error = text_hex("note", value, &bytes);

    if (!error && bytes.size > 60000)
        error = text_error("the note is too long");
    if (!error)
        ofpact_put_note(bytes.data, bytes.size, parser->out);
    buf_destroy(&bytes);
    return error;
}

/* ---- Small ones -------------------------------------------------------------------------------*/
void
ofpact_format_EXIT(const struct ofpact_null *null, const struct ofpact_printer *p)
{
    (void)null;
    buf_puts(p->out, "exit");
}

enum ofperr
ofpact_check_EXIT(const struct ofpact_null *null, struct ofpact_checker *c)
{
    (void)null;
    (void)c;
    return OFPERR_OK;
}

void
ofpact_format_FIN_TIMEOUT(const struct ofpact_fin_timeout *fin, const struct ofpact_printer *p)
{
    buf_puts(p->out, "fin_timeout(");
    if (fin->idle_timeout)
        buf_printf(p->out, "idle_timeout=%u,", fin->idle_timeout);
    if (fin->hard_timeout)
        buf_printf(p->out, "hard_timeout=%u,", fin->hard_timeout);
    buf_chomp(p->out, ',');
    buf_putc(p->out, ')');
}

enum ofperr
ofpact_check_FIN_TIMEOUT(const struct ofpact_fin_timeout *fin, struct ofpact_checker *c)
{
    (void)fin;
    return ofpact_check_prereq(FIELD_TCP_FLAGS, false, c);
}

static char *
parse_fin_timeout(char *value, struct ofpact_parser *parser)
{
    struct ofpact_fin_timeout *fin = OFPACT_PUT(parser->out, FIN_TIMEOUT, ofpact_fin_timeout);
    char *key, *v, *error = NULL;

    while (!error && text_next_pair(&value, &key, &v, NULL)) {
        if (!strcmp(key, "idle_timeout"))
            error = text_u16(key, v, &fin->idle_timeout);
        else if (!strcmp(key, "hard_timeout"))
            error = text_u16(key, v, &fin->hard_timeout);
        else
            error =
                text_error("\"%s\" is unknown; the keys are idle_timeout and hard_timeout", key);
    }
    return error;
}

void
ofpact_format_SAMPLE(const struct ofpact_sample *s, const struct ofpact_printer *p)
{
    buf_printf(p->out, "sample(probability=%u,collector_set_id=%u,obs_domain_id=%u,obs_point_id=",
               s->probability, s->collector_set_id, s->obs_domain_id);
    if (s->obs_point_src.n_bits)
        subfield_format(&s->obs_point_src, p->out);
    else
        buf_printf(p->out, "%u", s->obs_point_id);
    if (s->sampling_port != OFPORT_ANY) {
        buf_puts(p->out, ",sampling_port=");
        ofport_format(s->sampling_port, p->names, p->out);
    }
    if (s->direction)
        buf_puts(p->out, s->direction == 1 ? ",ingress" : ",egress");
    buf_putc(p->out, ')');
}

enum ofperr
ofpact_check_SAMPLE(const struct ofpact_sample *s, struct ofpact_checker *c)
{
    (void)c;
    return s->probability ? OFPERR_OK : OFPERR_OFPBAC_BAD_ARGUMENT;
}

static char *
parse_sample_key(const char *key, const char *value, struct ofpact_sample *s,
                 const struct ofpact_parser *parser)
{
    if (!strcmp(key, "probability"))
        return text_u16(key, value, &s->probability);
    if (!strcmp(key, "collector_set_id"))
        return text_u32(key, value, &s->collector_set_id);
    if (!strcmp(key, "obs_domain_id"))
        return text_u32(key, value, &s->obs_domain_id);
    if (!strcmp(key, "obs_point_id"))
        return text_u32(key, value, &s->obs_point_id);
    if (!strcmp(key, "sampling_port"))
        return ofpact_parse_port(value, parser, &s->sampling_port);
    if (!strcmp(key, "ingress") || !strcmp(key, "egress"))
        s->direction = *key == 'i' ? 1 : 2;
    else
        return text_error("\"%s\" is unknown; the keys are probability, collector_set_id, "
                          "obs_domain_id, obs_point_id, sampling_port, ingress, egress",
                          key);
    return NULL;
}

static char *
parse_sample(char *value, struct ofpact_parser *parser)
{
    struct ofpact_sample *s = OFPACT_PUT(parser->out, SAMPLE, ofpact_sample);
    char *key, *v, *error = NULL;

    s->sampling_port = OFPORT_ANY;
    while (!error && text_next_pair(&value, &key, &v, NULL))
        error = parse_sample_key(key, v, s, parser);
    if (!error && !s->probability)
        error = text_error("a probability of 1 to 65535 is needed");
    return error;
}

void
ofpact_format_CLONE(const struct ofpact_nest *nest, const struct ofpact_printer *p)
{
    buf_puts(p->out, "clone(");
    ofpact_format_list(nest->actions, ofpact_nest_size(nest), p);
    buf_putc(p->out, ')');
}

enum ofperr
ofpact_check_CLONE(const struct ofpact_nest *nest, struct ofpact_checker *c)
{
    struct ofpact_checker inner = *c;

    return ofpact_check_list(nest->actions, ofpact_nest_size(nest), &inner);
}

static char *
parse_clone(char *value, struct ofpact_parser *parser)
{
    size_t start = parser->out->size;
    char *error;

    OFPACT_PUT(parser->out, CLONE, ofpact_nest);
    error = ofpact_parse_nested(value, parser);
    if (!error)
        ofpact_finish(parser->out, start);
    return error;
}

void
ofpact_format_CHECK_PKT_LARGER(const struct ofpact_check_pkt_larger *check,
                               const struct ofpact_printer *p)
{
    buf_printf(p->out, "check_pkt_larger(%u)->", check->pkt_len);
    subfield_format(&check->dst, p->out);
}

enum ofperr
ofpact_check_CHECK_PKT_LARGER(const struct ofpact_check_pkt_larger *check, struct ofpact_checker *c)
{
    return ofpact_check_dst(&check->dst, c);
}

static char *
parse_check_pkt_larger(char *value, struct ofpact_parser *parser)
{
    struct ofpact_check_pkt_larger *check =
        OFPACT_PUT(parser->out, CHECK_PKT_LARGER, ofpact_check_pkt_larger);
    char *arrow = strstr(value, ")->"), *error;

    if (!arrow)
        return text_error("write check_pkt_larger(BYTES)->FIELD[BIT]");
    *arrow = '\0';
    error = text_u16("the packet's size", value, &check->pkt_len);
    if (!error)
        error = ofpact_parse_subfield(arrow + 3, &check->dst);
    if (!error && check->dst.n_bits != 1)
        error = text_error("%s has %u bits; one is needed", arrow + 3, check->dst.n_bits);
    return error;
}

const struct ofpact_keyword ofpact_nicira_keywords[] = {
    {"resubmit", parse_resubmit, 0},
    {"conjunction", parse_conjunction, 0},
    {"multipath", parse_multipath, 0},
    {"bundle", parse_bundle, 0},
    {"bundle_load", parse_bundle, 1},
    {"note", parse_note, 0},
    {"exit", ofpact_parse_null, OFPACT_EXIT},
    {"fin_timeout", parse_fin_timeout, 0},
    {"sample", parse_sample, 0},
    {"clone", parse_clone, 0},
    {"check_pkt_larger", parse_check_pkt_larger, 0},
    {NULL, NULL, 0},
};
