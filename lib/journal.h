/* SPDX-License-Identifier: Apache-2.0 */
/* A file of records that is replaced whole and otherwise grows at its end.
 *
 * Model: a journal begins with a base, which is written to PATH.new and takes PATH's place when it
 * is whole (journal_end_base()) and on disk (journal_commit()). Records that are appended from then
 * on change what the base says. A record is appended by one write(): a process that is killed
 * leaves it whole or not there. What power loss can take away is what was appended after the last
 * journal_sync(): then the file ends in a torn tail, which reading cuts off, or PATH is still the
 * file of before. Each record says how far the file was on disk when it was written, so that a tail
 * that was torn and one that rotted are told apart.
 *
 * Checked before any record is handed out: a file is read whole (but for a torn tail) or refused
 * whole. Checksums are CRC-32; numbers are in the host's byte order, the file is the host's.
 *
 * Ownership: a journal owns its descriptors. Threads: one at a time, but journal_sync(), and
 * journal_end_base() as to `old`, may run beside journal_append(). Errors: positive errno.
 * Not here: what records say (ofproto/save.h). */
#ifndef SHUNT_LIB_JOURNAL_H
#define SHUNT_LIB_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;

/* Starts a base at PATH.new. */
int journal_create(const char *path, struct journal **);
/* Appends a record of any size. On an error the file is as it was before. */
int journal_append(struct journal *, const void *data, size_t size);
/* Ends the base, syncs, and takes over most of what `old` (or NULL) got behind its first *old_size
 * bytes, which it raises by that. */
int journal_end_base(struct journal *, const struct journal *old, uint64_t *old_size);
/* Takes over the rest behind the first `old_size` bytes, syncs that, and takes the place of PATH,
 * which journal_sync() makes last. On an error `old` goes on. */
int journal_commit(struct journal *, const struct journal *old, uint64_t old_size);
/* What was appended before the call is on disk after it, and after a commit under PATH. */
int journal_sync(struct journal *);
/* Bytes in all, and of the base. */
uint64_t journal_size(const struct journal *);
uint64_t journal_base_size(const struct journal *);
/* Removes PATH.new if it was not committed. */
void journal_close(struct journal *);

/* Calls `cb` for each record of PATH, oldest first, until it returns an error, which is passed on.
 * ENOENT; EBADMSG: the file is damaged, `why` says where and how, and `cb` was not called. *torn:
 * bytes at the end that are no whole record. */
typedef int journal_cb(void *aux, const void *data, size_t size);
int journal_read(const char *path, journal_cb *cb, void *aux, uint64_t *torn, char *why,
                 size_t why_size);

#endif
