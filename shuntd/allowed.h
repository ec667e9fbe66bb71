/* SPDX-License-Identifier: Apache-2.0 */
/* What clients of the management socket may not have the daemon do.
 *
 * Model: the command line is root's, requests are of anybody in the socket's group. So the command
 * line says which devices can be ports and whether OpenFlow may go over a network without TLS; and
 * a Unix socket that a request names is a name in the run directory, since what is there is the
 * daemon's own anyhow: no other file is opened, made or removed. What was saved before the command
 * line changed is held to it as well.
 *
 * Ownership: borrows the strings of the command line. Threads: any. Errors: EPERM and a line that
 * says what would be allowed. Not here: who may connect (the socket's mode), certificates
 * (shuntd/tls.c). */
#ifndef SHUNT_SHUNTD_ALLOWED_H
#define SHUNT_SHUNTD_ALLOWED_H

#include <stdbool.h>

#include "shuntd/error.h"

struct allowed {
    const char *run_dir;
    const char *devices; /* Patterns of names as a shell's, between commas; NULL: every device. */
    bool tls_only;
    bool has_tls; /* There are keys for it. */
};

/* A controller or listener; its text is known to be right. */
int allowed_target(const struct allowed *, const char *target, struct error *);
/* A port's device. */
int allowed_device(const struct allowed *, const char *device, struct error *);

#endif
