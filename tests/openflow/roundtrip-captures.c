// SPDX-License-Identifier: Apache-2.0
/* Decodes and encodes every message of files and compares the bytes.
 *
 * roundtrip-captures [-p] [FILE-OR-DIRECTORY...] [NAME]
 *
 * Without files: the captures and messages beside this test, and the conformance messages at
 * $CONFORMANCE_MESSAGES (by default ../shared/conformance/messages, where that is). An operand that
 * is no file chooses the cases whose name contains it. -p prints the messages.
 *
 * A file is one case. What the specification refuses, or what is not the shortest way to say
 * something, stands with its reason in `excuses`; an excuse that is not needed is a failure. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ofproto/openflow.h"

#define MAX_EXCUSES 200

struct excuse {
    char file[128], what[64]; /* what: an error code's name, or "differs" or "length". */
    bool used;
};

static struct excuse excuses[MAX_EXCUSES];
static size_t n_excuses;
static int n_cases, n_failed, n_messages;
static bool printing;
static const char *wanted = "";

static char *
join(const char *dir, const char *name)
{
    char *path;

    if (asprintf(&path, "%s/%s", dir, name) < 0)
        abort();
    return path;
}

/* Lines of FILE WHAT REASON...; # begins a comment. */
static void
read_excuses(const char *path)
{
    FILE *f = fopen(path, "r");
    char line[512];

    while (f && fgets(line, sizeof line, f) && n_excuses < MAX_EXCUSES) {
        struct excuse *e = &excuses[n_excuses];

        if (line[0] != '#' && sscanf(line, "%127s %63s", e->file, e->what) == 2)
            n_excuses++;
    }
    if (f)
        fclose(f);
}

/* Is `what` excused for this file? */
static bool
excused(const char *name, const char *what)
{
    for (struct excuse *e = excuses; e < excuses + n_excuses; e++) {
        if (!strcmp(e->file, name) && !strcmp(e->what, what)) {
            e->used = true;
            return true;
        }
    }
    return false;
}

/* What is wrong with one message, in `why`; or nothing. */
static void
round_trip(const uint8_t *bytes, size_t size, char *why, size_t why_size)
{
    struct of_arena arena;
    struct of_buf out;
    struct of_header *msg;
    struct of_error error;
    int err;

    of_arena_init(&arena, NULL, 0);
    of_buf_init(&out);
    err = of_msg_decode(&arena, bytes, size, &msg, &error);
    if (err == EBADMSG) {
        const char *code = of_error_code_name(bytes[0], error.type, error.code);

        snprintf(why, why_size, "%s", code ? code : "unnamed error");
        if (printing)
            printf("# refused at byte %u: %s\n", error.offset, why);
    } else if (err) {
        snprintf(why, why_size, "decode: %s", strerror(err));
    } else {
        if (printing) {
            printf("# ");
            of_msg_print(stdout, msg);
            printf("\n");
        }
        err = of_msg_encode(msg, &out);
        if (err)
            snprintf(why, why_size, "encode: %s", strerror(err));
        else if (out.size != size || memcmp(out.data, bytes, size))
            snprintf(why, why_size, "differs");
    }
    of_buf_destroy(&out);
    of_arena_destroy(&arena);
}

/* All messages of a file. The first that is not as it should be is told in `why`. */
static void
check_messages(const char *name, const uint8_t *bytes, size_t size, char *why, size_t why_size)
{
    for (size_t offset = 0, length; offset < size; offset += length) {
        char what[64] = "";

        length = size - offset < 4 ? 0 : (size_t)bytes[offset + 2] << 8 | bytes[offset + 3];
        if (length < 8 || length > size - offset) {
            snprintf(what, sizeof what, "length");
            length = size - offset;
        } else {
            n_messages++;
            round_trip(bytes + offset, length, what, sizeof what);
        }
        if (*what && !excused(name, what) && !*why)
            snprintf(why, why_size, "message at byte %zu: %s", offset, what);
    }
}

/* The file's bytes, for free(), or NULL. */
static uint8_t *
read_file(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long end;

    if (f && !fseek(f, 0, SEEK_END) && (end = ftell(f)) >= 0 && (bytes = malloc(end + 1))) {
        rewind(f);
        *size = fread(bytes, 1, end, f);
    }
    if (f)
        fclose(f);
    return bytes;
}

static bool
is_described(uint8_t version)
{
    return version == OF_VERSION_10 || version == OF_VERSION_13 || version == OF_VERSION_14 ||
           version == OF_VERSION_15;
}

/* `name`: the file and the directory above it, as excuses know it. */
static void
check_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = path;
    char why[128] = "";
    uint8_t *bytes;
    size_t size = 0;

    for (const char *p = path; slash && p < slash; p++) {
        if (*p == '/')
            name = p + 1;
    }
    if (!strstr(name, wanted))
        return;
    bytes = read_file(path, &size);
    if (bytes && size && !is_described(bytes[0])) {
        printf("ok %d - %s # SKIP version %u is not described\n", ++n_cases, name, bytes[0]);
        free(bytes);
        return;
    }
    if (!bytes)
        snprintf(why, sizeof why, "cannot read it: %s", strerror(errno));
    else
        check_messages(name, bytes, size, why, sizeof why);
    n_failed += !!*why;
    printf("%s %d - %s%s%s\n", *why ? "not ok" : "ok", ++n_cases, name, *why ? ": " : "", why);
    free(bytes);
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void
check_path(const char *path)
{
    struct dirent **entries;
    struct stat st;
    int n;

    if (stat(path, &st))
        return;
    if (!S_ISDIR(st.st_mode)) {
        check_file(path);
        return;
    }
    n = scandir(path, &entries, NULL, by_name);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        char *sub = join(path, name);

        /* *.truncated64 are the 64 bytes that an error message would quote. */
        if (name[0] != '.' && strcmp(name, "LICENSE") && !strstr(name, ".truncated"))
            check_path(sub);
        free(sub);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
}

static void
check_defaults(const char *dir)
{
    static const char *const below[] = {"captures", "messages"};
    const char *conformance = getenv("CONFORMANCE_MESSAGES");
    const char *top = getenv("top_srcdir");
    char *other = join(top ? top : ".", "../shared/conformance/messages");

    for (size_t i = 0; i < 2; i++) {
        char *path = join(dir, below[i]);

        check_path(path);
        free(path);
    }
    check_path(conformance ? conformance : other);
    free(other);
}

/* With the whole corpus: an excuse that nothing needs hides the next mistake. */
static void
check_excuses(void)
{
    for (struct excuse *e = excuses; e < excuses + n_excuses; e++) {
        if (!e->used) {
            printf("not ok %d - excuse for %s: not needed\n", ++n_cases, e->file);
            n_failed++;
        }
    }
}

int
main(int argc, char **argv)
{
    const char *top = getenv("top_srcdir");
    char *dir = join(top ? top : ".", "tests/openflow");
    char *list = join(dir, "excuses");
    struct stat st;
    bool given = false;

    read_excuses(list);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-p"))
            printing = true;
        else if (stat(argv[i], &st))
            wanted = argv[i];
    }
    for (int i = 1; i < argc; i++) {
        if (!stat(argv[i], &st)) {
            given = true;
            check_path(argv[i]);
        }
    }
    if (!given) {
        check_defaults(dir);
        if (!*wanted)
            check_excuses();
    }
    printf("# %d messages\n1..%d\n", n_messages, n_cases);
    free(list);
    free(dir);
    return n_failed ? 1 : 0;
}
