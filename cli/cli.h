/* SPDX-License-Identifier: Apache-2.0 */
/* shuntctl: the command line's frame and what its verbs share.
 *
 * Model: a row a verb, with how many arguments it takes and what they are. A verb prints on
 * standard output and returns the exit status; errors are one line on standard error that begins
 * with "shuntctl: ".
 * Ownership: plain data. Threads: one. Not here: what the daemon does (shuntd). */
#ifndef SHUNT_CLI_CLI_H
#define SHUNT_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct cli {
    const char *verb;
    int argc; /* Arguments behind the verb. */
    char **argv;

    const char *run_dir;
    uint32_t protocols; /* Bits 1 << wire version; 0: any. */
    unsigned timeout_s; /* 0: none. */
    bool json;          /* --format json */
    bool strict;
    bool may_exist;
    bool if_exists;
    bool keep;
    bool names;    /* Print ports' names, not numbers. */
    bool no_stats; /* Print flows without what changes by itself. */
    json_t *steps; /* Not NULL: requests that go as one transaction; verbs add theirs. */
};

typedef int cli_run(const struct cli *);

struct cli_verb {
    const char *name;
    cli_run *run;
    int min_args, max_args; /* -1: any number. */
    const char *args;       /* As the help prints them. */
    const char *help;
};

/* Each ends with the row that has no name. Those that change bridges, ports and controllers can be
 * joined by "--". */
extern const struct cli_verb cli_change_verbs[], cli_daemon_verbs[];

/* Prints "shuntctl: " and the text on standard error; returns 1, the exit status. */
int cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints the text, and destroys it. */
struct buf;
void cli_print_text(struct buf *);
/* Prints a JSON value, indented, and a newline. */
void cli_print_json(const json_t *);

/* Sends `request` (whose reference it takes) to the daemon. 0, with a new reference in *result
 * (NULL when there is nothing to tell), or 1 after an error was printed. */
int cli_request(const struct cli *, json_t *request, json_t **result);
/* Sends a request that only succeeds or fails, or makes it a step of the transaction. */
int cli_do_request(const struct cli *, json_t *request);
/* The same as cli_request(), and then waits until the daemon has ended the connection. */
int cli_request_to_end(const struct cli *, json_t *request);

#endif
