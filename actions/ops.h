/* SPDX-License-Identifier: Apache-2.0 */
/* What the user half of one action provides, and the helpers that these halves share.
 *
 * Model: FILE.c defines `const struct dp_action_ops dp_action_NAME` for each of its rows in
 * actions.def; actions.c collects them. A parser reads from a cursor and appends to a list.
 *
 * Errors: 0 or EINVAL; the first one writes the sentence into the cursor's error.
 * Not here: lists (actions.h), names of the key's fields (fields.h). */
#ifndef SHUNT_ACTIONS_OPS_H
#define SHUNT_ACTIONS_OPS_H

#include <stdint.h>

#include "actions/actions.h"
#include "lib/util.h"

struct act_list {
    struct dp_action *actions;
    size_t n, n_allocated;
};

/* A place in the text of a list. */
struct act_cursor {
    const char *start, *p;
    struct dp_actions_error *error; /* Never NULL. */
};

/* Where apply_key stands. */
struct act_state {
    struct dp_key *key;
    bool known; /* The key still tells all. */
    bool ended; /* The list ends here. */
};

struct dp_action_ops {
    const char *name; /* In text, before the parenthesis. */
    /* EINVAL with a sentence, without the position. NULL: nothing can be wrong. */
    int (*check)(const struct dp_action *, char *why, size_t why_size);
    /* Prints the action whole. */
    void (*format)(const struct dp_action *, const struct dp_key *, FILE *);
    /* Called behind the name. */
    int (*parse)(struct act_cursor *, struct act_list *);
    /* NULL: the key stays. */
    void (*apply)(const struct dp_action *, struct act_state *);
    bool is_end; /* Nothing may follow it. */
};

#define ACTION(NAME, name) extern const struct dp_action_ops dp_action_##NAME;
#include "actions/actions.def"
#undef ACTION

/* Reads DEC_TTL under its second name. */
int act_parse_dec_mpls_ttl(struct act_cursor *, struct act_list *);
/* Clears what the parser does not look at behind MPLS or PBB: layer 3 and all above it. */
void act_key_hide_payload(struct dp_key *);

/* Appends a zeroed action of `kind`; valid until the next append. */
struct dp_action *act_list_add(struct act_list *, enum dp_action_kind kind);

/* Notes "byte N: sentence" and returns EINVAL. */
int act_fail(struct act_cursor *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Writes a checker's sentence and returns EINVAL. */
int act_wrong(char *why, size_t why_size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes `token` (a word must end where the token does) if it is next. */
bool act_skip(struct act_cursor *, const char *token);
int act_expect(struct act_cursor *, const char *token);
/* Takes a number, decimal or 0x hexadecimal, of at most `max`. `what` names it in an error. */
int act_number(struct act_cursor *, const char *what, uint64_t max, uint64_t *);
/* Takes `(NUMBER)`. */
int act_number_in_parens(struct act_cursor *, const char *what, uint64_t max, uint64_t *);

/* One `name=NUMBER` of an action. `value` holds the default before. */
struct act_arg {
    const char *name;
    uint64_t max;
    uint64_t value;
    bool required;
};

/* Takes `(name=NUMBER,...)` in any order, each at most once. */
int act_args(struct act_cursor *, struct act_arg *, size_t n_args);

#endif
