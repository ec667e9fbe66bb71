/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/allowed.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "lib/util.h"
#include "ofproto/endpoint.h"

static bool
ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);

    return size >= end_size && !strcmp(text + size - end_size, end);
}

static bool
is_same_directory(const char *a, const char *b)
{
    struct stat stat_a, stat_b;

    return !stat(a, &stat_a) && !stat(b, &stat_b) && stat_a.st_dev == stat_b.st_dev &&
           stat_a.st_ino == stat_b.st_ino;
}

/* A name in the run directory, and none of the daemon's own sockets. */
static bool
is_allowed_path(const char *path, const char *run_dir)
{
    char directory[sizeof((struct sockaddr_un *)NULL)->sun_path];
    const char *slash = strrchr(path, '/');

    if (!slash || !slash[1] || !strcmp(slash + 1, "shuntd.sock") || ends_with(slash, ".mgmt") ||
        ends_with(slash, ".snoop"))
        return false;
    snprintf(directory, sizeof directory, "%.*s", (int)(slash - path) + 1, path);
    return is_same_directory(directory, run_dir);
}

int
allowed_target(const struct allowed *allowed, const char *target, struct error *error)
{
    struct endpoint ep;
    char why[256];

    if (endpoint_parse(target, &ep, why, sizeof why))
        return error_set(error, EINVAL, "%s", why);
    if (ep.address.ss_family == AF_UNIX) {
        if (is_allowed_path(((const struct sockaddr_un *)&ep.address)->sun_path, allowed->run_dir))
            return 0;
        return error_set(error, EPERM,
                         "%s: want a socket in %s, other than shuntd.sock, *.mgmt and *.snoop",
                         target, allowed->run_dir);
    }
    if (ep.is_tls && !allowed->has_tls)
        return error_set(error, EPERM,
                         "%s: TLS takes shuntd's --private-key, --certificate and --ca-cert",
                         target);
    if (allowed->tls_only && !ep.is_tls)
        return error_set(error, EPERM,
                         "%s: --tls-only allows ssl:, pssl:, unix: and punix:", target);
    return 0;
}

static bool
matches_one(const char *patterns, const char *name)
{
    char *copy = xmemdup(patterns, strlen(patterns) + 1), *save = NULL;
    bool matches = false;

    for (char *pattern = strtok_r(copy, ",", &save); pattern; pattern = strtok_r(NULL, ",", &save))
        matches |= !fnmatch(pattern, name, 0);
    free(copy);
    return matches;
}

int
allowed_device(const struct allowed *allowed, const char *device, struct error *error)
{
    if (!allowed->devices || matches_one(allowed->devices, device))
        return 0;
    return error_set(error, EPERM, "device '%s': --devices allows %s", device, allowed->devices);
}
