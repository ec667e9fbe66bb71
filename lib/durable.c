/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

int
durable_write(int fd, const void *data, size_t size)
{
    const char *p = data;

    while (size) {
        ssize_t n = write(fd, p, size);

        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0) {
            p += n;
            size -= (size_t)n;
        }
    }
    return 0;
}

static int
write_synced(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), error;

    if (fd < 0)
        return errno;
    error = durable_write(fd, data, size);
    if (!error && fsync(fd) < 0)
        error = errno;
    if (close(fd) < 0 && !error)
        error = errno;
    return error;
}

int
durable_new_path(const char *path, char *new_path, size_t size)
{
    return snprintf(new_path, size, "%s.new", path) >= (int)size ? ENAMETOOLONG : 0;
}

int
durable_rename(const char *new_path, const char *path)
{
    return rename(new_path, path) < 0 ? errno : durable_sync_directory(path);
}

int
durable_sync_directory(const char *path)
{
    char copy[PATH_MAX];
    int fd, error;

    snprintf(copy, sizeof copy, "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    error = fsync(fd) < 0 ? errno : 0;
    close(fd);
    return error;
}

int
durable_replace(const char *path, const void *data, size_t size)
{
    char new_path[PATH_MAX];
    int error = durable_new_path(path, new_path, sizeof new_path);

    if (error)
        return error;
    error = write_synced(new_path, data, size);
    if (!error)
        error = durable_rename(new_path, path);
    if (error)
        unlink(new_path); /* It takes room, and there may be none. */
    return error;
}

int
durable_set_aside(const char *path, char *aside, size_t aside_size)
{
    int n = snprintf(aside, aside_size, "%s.damaged", path);

    for (int i = 1; n < (int)aside_size && !access(aside, F_OK); i++)
        n = snprintf(aside, aside_size, "%s.damaged.%d", path, i);
    return n >= (int)aside_size ? ENAMETOOLONG : durable_rename(path, aside);
}
