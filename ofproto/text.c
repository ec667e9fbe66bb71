/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/text.h"

#include <ctype.h>
#include <stdio.h>

char *
text_error(const char *format, ...)
{
    struct buf message = BUF_INITIALIZER;
    va_list args;

    va_start(args, format);
    buf_vprintf(&message, format, args);
    va_end(args);
    return buf_steal(&message);
}

char *
text_copy(const char *s, size_t n)
{
    char *copy = xmalloc(n + 1);

    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

static int
digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

bool
text_integer(const char *text, text_u128 *value)
{
    unsigned int base = 10;
    unsigned __int128 v = 0, max = ~(unsigned __int128)0;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    } else if (text[0] == '0' && text[1]) {
        base = 8;
    }
    if (!*text)
        return false;
    for (; *text; text++) {
        unsigned int digit = (unsigned int)digit_value(*text);

        if (digit >= base || v > (max - digit) / base)
            return false;
        v = v * base + digit;
    }
    *value = v;
    return true;
}

char *
text_number(const char *key, const char *text, uint64_t max, uint64_t *value)
{
    unsigned __int128 v;

    if (!text_integer(text, &v))
        return text_error("%s: \"%s\" is no number", key, text);
    if (v > max)
        return text_error("%s: %s is too large, at most %llu", key, text, (unsigned long long)max);
    *value = (uint64_t)v;
    return NULL;
}

char *
text_u8(const char *key, const char *text, uint8_t *value)
{
    uint64_t v = 0;
    char *error = text_number(key, text, UINT8_MAX, &v);

    *value = (uint8_t)v;
    return error;
}

char *
text_u16(const char *key, const char *text, uint16_t *value)
{
    uint64_t v = 0;
    char *error = text_number(key, text, UINT16_MAX, &v);

    *value = (uint16_t)v;
    return error;
}

char *
text_u32(const char *key, const char *text, uint32_t *value)
{
    uint64_t v = 0;
    char *error = text_number(key, text, UINT32_MAX, &v);

    *value = (uint32_t)v;
    return error;
}

char *
text_u64(const char *key, const char *text, uint64_t *value)
{
    return text_number(key, text, UINT64_MAX, value);
}

char *
text_hex(const char *key, const char *text, struct buf *out)
{
    const char *s = text;
    size_t start = out->size;

    while (*s) {
        int high, low;

        if (*s == '.' || *s == ' ') {
            s++;
            continue;
        }
        high = digit_value(s[0]);
        low = high < 16 ? digit_value(s[1]) : 16;
        if (low > 15) {
            out->size = start;
            return text_error("%s: \"%s\" is no run of bytes in hexadecimal", key, text);
        }
        buf_putc(out, (char)(high << 4 | low));
        s += 2;
    }
    return NULL;
}

/* Finds the end of a value that starts at `s`, outside of all parentheses. */
static char *
value_end(char *s)
{
    unsigned int depth = 0;
    bool quoted = false;

    for (; *s; s++) {
        if (*s == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (*s == '(')
            depth++;
        else if (*s == ')' && depth)
            depth--;
        else if (!depth && (*s == ',' || isspace((unsigned char)*s)))
            break;
    }
    return s;
}

/* Strips the closing parenthesis of "(...)" if the opening one is its counterpart. */
static void
unwrap(char *value)
{
    size_t n = strlen(value);
    unsigned int depth = 0;

    for (size_t i = 0; i < n; i++) {
        depth += value[i] == '(';
        depth -= value[i] == ')' && depth;
        if (!depth && i + 1 < n)
            return;
    }
    if (n && value[n - 1] == ')')
        value[n - 1] = '\0';
}

char *
text_check_parentheses(const char *text)
{
    size_t depth = 0, open = 0;

    for (const char *s = text; *s; s++) {
        if (*s == '(' && !depth++)
            open = (size_t)(s - text);
        else if (*s == ')' && !depth--)
            return text_error("\")\" at %zu without \"(\"", (size_t)(s - text) + 1);
    }
    return depth ? text_error("\"(\" at %zu without \")\"", open + 1) : NULL;
}

bool
text_next_pair(char **s, char **key, char **value, char *delimiter)
{
    char *p = *s + strspn(*s, ", \t\r\n"), *end;
    char c;

    if (!*p)
        return false;
    *key = p;
    if (*p == '"')
        p += strcspn(p + 1, "\"") + 1;
    p += strcspn(p, ":=(, \t\r\n");
    c = *p;
    if (c != ':' && c != '=' && c != '(') {
        if (delimiter)
            *delimiter = 0;
        *s = c ? p + 1 : p;
        *p = '\0';
        *value = p;
        return true;
    }
    if (delimiter)
        *delimiter = c;
    *value = c == '(' ? p : p + 1;
    end = value_end(*value);
    *s = *end ? end + 1 : end;
    *end = '\0';
    if (c == '(') {
        unwrap(*value);
        (*value)++;
    }
    *p = '\0';
    return true;
}
