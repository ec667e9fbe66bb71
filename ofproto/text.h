/* SPDX-License-Identifier: Apache-2.0 */
/* What the parsers of ovs-ofctl's syntax share: errors, numbers, KEY=VALUE lists.
 *
 * Model: a parser returns NULL or a message that its caller frees. A list such as
 * "a=1,b(c=2,d),e:f" is cut by text_next_pair() into pairs, respecting parentheses.
 * Threads: plain functions. Not here: what the keys mean. */
#ifndef SHUNT_OFPROTO_TEXT_H
#define SHUNT_OFPROTO_TEXT_H

#include "lib/buf.h"

/* An error message, to be freed. */
char *text_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The first `n` bytes of `s` as a string of its own. */
char *text_copy(const char *s, size_t n);

/* A whole string as a number, decimal, 0x hexadecimal or 0 octal, of up to 128 bits. */
typedef unsigned __int128 text_u128 __attribute__((aligned(8)));
bool text_integer(const char *text, text_u128 *value);

/* The same in at most `max`. Returns NULL or a message that names `key`. */
char *text_number(const char *key, const char *text, uint64_t max, uint64_t *value);
char *text_u8(const char *key, const char *text, uint8_t *value);
char *text_u16(const char *key, const char *text, uint16_t *value);
char *text_u32(const char *key, const char *text, uint32_t *value);
char *text_u64(const char *key, const char *text, uint64_t *value);

/* Bytes in hexadecimal, with dots between them or not ("01.02", "0102"), appended to `out`. */
char *text_hex(const char *key, const char *text, struct buf *out);

/* Returns a message, to be freed, if a parenthesis has no counterpart. */
char *text_check_parentheses(const char *text);

/* Cuts the next KEY, KEY=VALUE, KEY:VALUE or KEY(VALUE) off *s, which it writes to. Blanks and
 * commas outside parentheses separate. Of KEY(VALUE)REST, `*value` gets "VALUE)REST". `*value` is
 * "" if there is none; `*delimiter` (may be NULL) gets '=', ':', '(' or 0. Returns false at the
 * end. */
bool text_next_pair(char **s, char **key, char **value, char *delimiter);

#endif
