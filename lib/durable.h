/* SPDX-License-Identifier: Apache-2.0 */
/* Files that power loss at any moment leaves whole.
 *
 * Model: a file is replaced by writing and syncing PATH.new, renaming it over PATH, and syncing the
 * directory: before the rename is on disk the old one is read, afterwards the new one.
 * Ownership: the caller's. Threads: any, one a path. Errors: positive errno.
 * Not here: what is in the files. */
#ifndef SHUNT_LIB_DURABLE_H
#define SHUNT_LIB_DURABLE_H

#include <stddef.h>

/* Replaces `path` by these bytes, or leaves it as it was. When it is the directory alone that
 * cannot be synced, that is an error, too: the new bytes are there, and power loss may take them
 * away. */
int durable_replace(const char *path, const void *data, size_t size);
/* The steps, for who writes more than memory holds: the name of PATH.new (ENAMETOOLONG), and its
 * way into the place of PATH, after it was synced. */
int durable_new_path(const char *path, char *new_path, size_t size);
int durable_rename(const char *new_path, const char *path);
int durable_sync_directory(const char *path); /* That `path` is in. */
/* Writes all, over interruptions. */
int durable_write(int fd, const void *data, size_t size);
/* Renames a damaged file to PATH.damaged, or PATH.damaged.N when that exists; tells the name. */
int durable_set_aside(const char *path, char *aside, size_t aside_size);

#endif
