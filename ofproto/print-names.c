/* SPDX-License-Identifier: Apache-2.0 */
/* Long lists, shortened: names that begin alike, or that end in consecutive numbers, and tables
 * that say the same. */
#include "ofproto/print-private.h"

#include <stdlib.h>

/* ---- Names ------------------------------------------------------------------------------------*/
/* How far the names begin with the same words, each with its '_'. */
static size_t
common_words(const char *a, const char *b)
{
    size_t n = 0;

    for (size_t i = 0; a[i] && a[i] == b[i]; i++) {
        if (a[i] == '_')
            n = i + 1;
    }
    return n;
}

static bool
is_number(const char *s)
{
    return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) < 10;
}

static bool
is_next(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return is_number(a) && is_number(b) && atoi(a) + 1 == atoi(b);
}

/* How many names at the start begin with the same words, of which *size gets the bytes. */
static size_t
prefix_run(const char *const names[], size_t n, size_t skip, size_t *size)
{
    size_t i;

    *size = n > 1 ? common_words(names[0] + skip, names[1] + skip) : 0;
    if (!*size)
        return 1;
    for (i = 2; i < n && common_words(names[0] + skip, names[i] + skip); i++)
        ;
    return i;
}

/* How many names at the start are numbered one after the other; two are no run. */
static size_t
number_run(const char *const names[], size_t n)
{
    size_t i = 1;

    while (i < n && is_next(names[i - 1], names[i]))
        i++;
    return i == 2 ? 1 : i;
}

/* The first `skip` bytes of each name stand in front of the list. */
static void
put_names(struct buf *out, const char *const names[], size_t n, size_t skip)
{
    for (size_t run, size, done = 0; done < n; done += run) {
        const char *const *rest = names + done;
        size_t n_alike = prefix_run(rest, n - done, skip, &size);

        if (done)
            buf_putc(out, skip ? ',' : ' ');
        run = number_run(rest, n - done);
        if (run >= n_alike) {
            buf_puts(out, rest[0] + skip);
            if (run > 1)
                buf_printf(out, "...%s", rest[run - 1] + skip);
        } else {
            run = n_alike;
            buf_printf(out, "%.*s{", (int)size, rest[0] + skip);
            put_names(out, rest, run, skip + size);
            buf_putc(out, '}');
        }
    }
}

void
print_names(struct buf *out, const char *const names[], size_t n)
{
    put_names(out, names, n, 0);
}

/* ---- Tables -----------------------------------------------------------------------------------*/
void
print_ditto_add(struct print_ditto *ditto, uint8_t table_id)
{
    if (ditto->first < 0)
        ditto->first = table_id;
    ditto->last = table_id;
}

void
print_ditto_end(struct print_ditto *ditto, struct buf *out)
{
    if (ditto->first < 0)
        return;
    if (ditto->first == ditto->last)
        buf_printf(out, "\n  table %d: ditto\n", ditto->first);
    else
        buf_printf(out, "\n  tables %d...%d: ditto\n", ditto->first, ditto->last);
    ditto->first = -1;
}
