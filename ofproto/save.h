/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a bridge as bytes: what it is, what changed, and back.
 *
 * Model: the bytes are entries, each of which says what one flow entry, group, meter, table or
 * port is now, or that it is no more: OpenFlow 1.5 messages, with what these do not say
 * (counters, times, numbers of slots) before them. Entries can be read again in their order over
 * any state that is as old or newer than the first: what is there is changed, what is not is made.
 * So a base may be written while the state changes, if the changes follow it.
 *
 * Between ofproto_save_start() and the end every change is noted; ofproto_save_changes() writes
 * what is noted, as it is then, all of it or, with nothing noted, nothing. So no transaction is
 * written in part.
 *
 * Counters are not noted. An entry names the slot (lib/tally.h) where they stand, and says what
 * they were; a former daemon's slots, if they are still there, are what counts.
 *
 * Ownership: plain bytes. Threads: the main thread, but ofproto_save_rules(). Errors: EBADMSG with
 * a line. Not here: files (lib/journal.h), the hidden flow entries of fail modes. */
#ifndef SHUNT_OFPROTO_SAVE_H
#define SHUNT_OFPROTO_SAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/tally.h"

struct ofproto;
struct ofproto_rules;

/* Notes changes from now on; `wake` (any thread, lock held) is called when there is a first one. */
void ofproto_save_start(struct ofproto *, void (*wake)(void *aux), void *aux);
/* Appends what is noted, and forgets it. No lock held. */
void ofproto_save_changes(struct ofproto *, struct buf *);

/* The base: all but flow entries, and flow entries, as they are at the call; those that are gone
 * by then are left out. No lock held; any thread while the references are. */
void ofproto_save_config(struct ofproto *, struct buf *);
void ofproto_save_rules(struct ofproto *, const struct ofproto_rules *, size_t from, size_t to,
                        struct buf *);

/* What the bytes' clock and slots mean here. */
struct ofproto_saved {
    int64_t clock_offset_ms;    /* To be added to their times. */
    struct tallies_old tallies; /* Empty: their counters are those in the entries. */
};
/* Makes the state what the entries say. What names ports that are not there is kept. */
int ofproto_restore(struct ofproto *, const struct ofproto_saved *, const void *data, size_t size,
                    char *why, size_t why_size);

/* ---- For ofproto's own files. Lock: write. ---- */
struct unsaved;
struct txn;
void unsaved_note_txn(struct txn *);
/* Configuration of tables, ports or the switch. */
void unsaved_note_config(struct ofproto *);
struct rule;
void unsaved_note_rule(struct ofproto *, struct rule *);
void unsaved_destroy(struct ofproto *);

#endif
