/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that implement actions share; for ofproto/ofpact*.c alone.
 *
 * Model: for each row of ofproto/ofpacts.def there are ofpact_format_ENUM(), ofpact_check_ENUM()
 * and ofpact_encode_ENUM(), so that a missing part does not link. Keywords of the text syntax map
 * to a parser each; several may make the same action (mod_dl_src and set_field). */
#ifndef SHUNT_OFPROTO_OFPACT_PROVIDER_H
#define SHUNT_OFPROTO_OFPACT_PROVIDER_H

#include "ofproto/ofp-names.h"
#include "ofproto/ofpact.h"
#include "ofproto/text.h"

/* ---- Format -----------------------------------------------------------------------------------*/
struct ofpact_printer {
    const struct ofp_port_names *names;
    struct buf *out;
};

#define OFPACT(ENUM, STRUCT, NAME)                                                                 \
    void ofpact_format_##ENUM(const struct STRUCT *, const struct ofpact_printer *);
#include "ofproto/ofpacts.def"
#undef OFPACT

/* Appends a list, "drop" if it is empty. */
void ofpact_format_list(const struct ofpact *, size_t size, const struct ofpact_printer *);

/* ---- Parse ------------------------------------------------------------------------------------*/
struct ofpact_keyword;

struct ofpact_parser {
    const struct ofp_port_names *names;
    struct buf *out;
    bool allow_instructions;
    const struct ofpact_keyword *keyword; /* That is being parsed. */
    unsigned int depth;                   /* Of nesting. */
};

/* `value` may be written to. Returns NULL or a message; what it appended is then dropped. */
struct ofpact_keyword {
    const char *name;
    char *(*parse)(char *value, struct ofpact_parser *);
    int arg; /* For a parser of several keywords: an enum ofpact_type or enum field_id. */
};

/* Each ends with a row without a name. */
extern const struct ofpact_keyword ofpact_output_keywords[];
extern const struct ofpact_keyword ofpact_header_keywords[];
extern const struct ofpact_keyword ofpact_field_keywords[];
extern const struct ofpact_keyword ofpact_nicira_keywords[];
extern const struct ofpact_keyword ofpact_learn_keywords[];
extern const struct ofpact_keyword ofpact_ct_keywords[];
extern const struct ofpact_keyword ofpact_instruction_keywords[];

/* Parses a list of actions that stands in another, at most so deep. */
#define OFPACT_MAX_DEPTH 16
char *ofpact_parse_nested(char *value, struct ofpact_parser *);

/* Parser of an action that has no arguments: `arg` is its type. */
char *ofpact_parse_null(char *value, struct ofpact_parser *);

/* A port, with an error that says what is right. */
char *ofpact_parse_port(const char *text, const struct ofpact_parser *, uint32_t *port);

/* A subfield that is all of `text`. */
char *ofpact_parse_subfield(const char *text, struct subfield *);

/* Appends a note, padded as the wire pads it. */
void ofpact_put_note(const void *data, size_t size, struct buf *out);

/* ---- Check ------------------------------------------------------------------------------------*/
struct ofpact_checker {
    struct match match; /* What is known of the packet where the action stands. */
    const struct ofpact_limits *limits;
    bool in_ct;
    bool in_set;
};

#define OFPACT(ENUM, STRUCT, NAME)                                                                 \
    enum ofperr ofpact_check_##ENUM(const struct STRUCT *, struct ofpact_checker *);
#include "ofproto/ofpacts.def"
#undef OFPACT

enum ofperr ofpact_check_list(const struct ofpact *, size_t size, struct ofpact_checker *);

/* MATCH_INCONSISTENT unless the field may be accessed there; `strict` even in OpenFlow 1.0. */
enum ofperr ofpact_check_prereq(enum field_id, bool strict, const struct ofpact_checker *);
enum ofperr ofpact_check_src(const struct subfield *, const struct ofpact_checker *);
enum ofperr ofpact_check_dst(const struct subfield *, const struct ofpact_checker *);
enum ofperr ofpact_check_port(uint32_t port, const struct ofpact_limits *);

#endif
