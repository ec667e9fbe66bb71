/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a bridge's OpenFlow state on disk, in STATE-DIR/BRIDGE.flows.
 *
 * Model: a journal (lib/journal.h) of saved state (ofproto/save.h): a base, and behind it what
 * changed since. Changes are appended SAVER_APPEND_MS after the first of them, and before a barrier
 * is answered; so a daemon that is killed loses nothing that a barrier has confirmed. The file is
 * synced SAVER_SYNC_MS after it grew: power loss takes no more than that away, and leaves the
 * state as it was at some moment before. When what was appended is longer than the base a new base
 * is written, by a thread of its own, while the switch goes on.
 *
 * Ownership: a bridge owns its saver. Threads: the main loop's, and one at a time of its own.
 * Errors: a file that cannot be written is told in the log and tried again; the switch goes on.
 * Not here: the configuration (shuntd/config.h). */
#ifndef SHUNT_SHUNTD_SAVER_H
#define SHUNT_SHUNTD_SAVER_H

#include <stdbool.h>

#include "shuntd/error.h"

struct bridge;
struct saver;

#define SAVER_APPEND_MS 2
#define SAVER_SYNC_MS 1000

/* Fills the bridge's tables, which are empty, from its file. ENOENT: there is none. EBADMSG: it is
 * damaged, was named in the log and set aside; the tables are empty. */
int saver_restore(struct bridge *);
/* Writes a first base, and saves from now on. A base that cannot be written is an error, is told in
 * the log, and is tried again as long as the saver is open; for ENAMETOOLONG there is none. */
int saver_open(struct bridge *, struct saver **, struct error *);
/* Appends what changed. NULL does nothing. */
void saver_flush(struct saver *);
/* Writes a new base and syncs it, so that counters are saved, too; then calls `done`, perhaps
 * inside this call, at the latest in saver_close(). */
typedef void saver_done_cb(void *aux, int err);
void saver_save(struct saver *, saver_done_cb *done, void *aux);
/* The same, and waits for it. */
int saver_save_now(struct saver *, struct error *);
/* What an error of this saver is to an operator; returns `err`. */
int saver_error(const struct saver *, int err, struct error *);
/* Appends what changed and syncs. NULL does nothing. */
void saver_close(struct saver *);
/* The bridge goes: its file, too. */
void saver_remove(struct bridge *);

#endif
