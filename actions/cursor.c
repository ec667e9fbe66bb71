/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/ops.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

struct dp_action *
act_list_add(struct act_list *list, enum dp_action_kind kind)
{
    struct dp_action *action;

    if (list->n == list->n_allocated) {
        list->n_allocated = list->n_allocated ? list->n_allocated * 2 : 8;
        list->actions = xrealloc(list->actions, list->n_allocated * sizeof *list->actions);
    }
    action = &list->actions[list->n++];
    *action = (struct dp_action){.kind = kind};
    return action;
}

int
act_fail(struct act_cursor *cursor, const char *format, ...)
{
    struct dp_actions_error *error = cursor->error;
    va_list args;
    int n;

    error->at = cursor->p - cursor->start;
    n = snprintf(error->text, sizeof error->text, "byte %zu: ", error->at);
    va_start(args, format);
    vsnprintf(error->text + n, sizeof error->text - n, format, args);
    va_end(args);
    return EINVAL;
}

int
act_wrong(char *why, size_t why_size, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why, why_size, format, args);
    va_end(args);
    return EINVAL;
}

static bool
is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

bool
act_skip(struct act_cursor *cursor, const char *token)
{
    size_t n = strlen(token);

    if (strncmp(cursor->p, token, n) || (is_word(token[n - 1]) && is_word(cursor->p[n])))
        return false;
    cursor->p += n;
    return true;
}

int
act_expect(struct act_cursor *cursor, const char *token)
{
    return act_skip(cursor, token) ? 0 : act_fail(cursor, "'%s' must follow here", token);
}

int
act_number(struct act_cursor *cursor, const char *what, uint64_t max, uint64_t *value)
{
    bool is_hex = cursor->p[0] == '0' && (cursor->p[1] == 'x' || cursor->p[1] == 'X');
    uint64_t n;
    char *end;

    if (!isdigit((unsigned char)cursor->p[0]) || (is_hex && !isxdigit((unsigned char)cursor->p[2])))
        return act_fail(cursor, "%s must be a number here", what);
    errno = 0;
    n = strtoull(cursor->p, &end, is_hex ? 16 : 10);
    if (errno || n > max)
        return act_fail(cursor, "%s is at most %" PRIu64, what, max);
    if (is_word(*end))
        return act_fail(cursor, "%s must be a number here", what);
    cursor->p = end;
    *value = n;
    return 0;
}

int
act_number_in_parens(struct act_cursor *cursor, const char *what, uint64_t max, uint64_t *value)
{
    int error = act_expect(cursor, "(");

    if (!error)
        error = act_number(cursor, what, max, value);
    return error ? error : act_expect(cursor, ")");
}

static void
arg_names(const struct act_arg *args, size_t n_args, char *names, size_t names_size)
{
    size_t used = 0;

    for (size_t i = 0; i < n_args && used < names_size; i++)
        used += snprintf(names + used, names_size - used, "%s%s", i ? ", " : "", args[i].name);
}

static int
parse_arg(struct act_cursor *cursor, struct act_arg *args, size_t n_args, uint32_t *seen)
{
    const char *start = cursor->p;
    char names[100];

    for (size_t i = 0; i < n_args; i++) {
        if (!act_skip(cursor, args[i].name))
            continue;
        if (*seen & 1u << i) {
            cursor->p = start;
            return act_fail(cursor, "%s stands here twice", args[i].name);
        }
        *seen |= 1u << i;
        return act_expect(cursor, "=")
                   ? EINVAL
                   : act_number(cursor, args[i].name, args[i].max, &args[i].value);
    }
    arg_names(args, n_args, names, sizeof names);
    return act_fail(cursor, "one of %s must follow here", names);
}

int
act_args(struct act_cursor *cursor, struct act_arg *args, size_t n_args)
{
    uint32_t seen = 0;
    int error = act_expect(cursor, "(");

    while (!error) {
        error = parse_arg(cursor, args, n_args, &seen);
        if (!error && !act_skip(cursor, ",")) {
            error = act_expect(cursor, ")");
            break;
        }
    }
    for (size_t i = 0; i < n_args && !error; i++) {
        if (args[i].required && !(seen & 1u << i))
            error = act_fail(cursor, "%s= is missing before here", args[i].name);
    }
    return error;
}
