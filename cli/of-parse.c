/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that need no switch: messages to text. */
#include "cli/of-verbs.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "ofproto/print.h"
#include "ofproto/text.h"

/* The largest OpenFlow message; its length has 16 bits. */
#define MAX_MESSAGE 65535
#define HEADER_SIZE 8

static void
print_text(const void *bytes, size_t size, int verbosity)
{
    struct buf text = BUF_INITIALIZER;

    ofp_message_format(bytes, size, NULL, verbosity, &text);
    cli_print_text(&text);
}

/* The next message of the file; *size 0 at its end. */
static int
read_message(const struct cli *cli, const char *name, FILE *file, uint8_t *bytes, size_t *size)
{
    size_t n = fread(bytes, 1, HEADER_SIZE, file), length;

    *size = 0;
    if (ferror(file))
        return cli_error("%s: %s: %s", cli->verb, name, strerror(errno));
    if (!n)
        return 0;
    if (n < HEADER_SIZE)
        return cli_error("%s: %s: it ends in the middle of a message", cli->verb, name);
    length = (size_t)bytes[2] << 8 | bytes[3];
    if (length < HEADER_SIZE)
        return cli_error("%s: %s: a message of %zu bytes: want 8 or more", cli->verb, name, length);
    if (fread(bytes + HEADER_SIZE, 1, length - HEADER_SIZE, file) < length - HEADER_SIZE)
        return cli_error("%s: %s: it ends in the middle of a message", cli->verb, name);
    *size = length;
    return 0;
}

static int
ofp_parse(const struct cli *cli)
{
    static uint8_t bytes[MAX_MESSAGE];
    const char *name = cli->argv[0];
    FILE *file = strcmp(name, "-") ? fopen(name, "re") : stdin;
    size_t size;
    int status;

    if (!file)
        return cli_error("%s: %s: %s", cli->verb, name, strerror(errno));
    while (!(status = read_message(cli, name, file, bytes, &size)) && size)
        print_text(bytes, size, OFP_PRINT_VERBOSITY);
    if (file != stdin)
        fclose(file);
    return status;
}

static int
ofp_print(const struct cli *cli)
{
    struct buf bytes = BUF_INITIALIZER;
    char *error = text_hex("message", cli->argv[0], &bytes);
    unsigned long verbosity = OFP_PRINT_VERBOSITY;
    int status = 0;

    if (error)
        status = cli_error("%s: %s", cli->verb, error);
    else if (cli->argc > 1 && !parse_decimal(cli->argv[1], INT_MAX, &verbosity))
        status = cli_error("%s: verbosity '%s': want a number", cli->verb, cli->argv[1]);
    else
        print_text(bytes.data, bytes.size, (int)verbosity);
    free(error);
    buf_destroy(&bytes);
    return status;
}

const struct cli_verb cli_parse_verbs[] = {
    {"ofp-parse", ofp_parse, 1, 1, "FILE", "print the OpenFlow messages of a file"},
    {"ofp-parse-pcap", of_parse_pcap, 1, -1, "FILE [PORT]...",
     "print the OpenFlow messages of a capture"},
    {"ofp-print", ofp_print, 1, 2, "HEX [VERBOSITY]", "print an OpenFlow message"},
    {NULL, NULL, 0, 0, NULL, NULL},
};
