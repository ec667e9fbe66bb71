/* SPDX-License-Identifier: Apache-2.0 */
/* What upcall.c, which handles a batch, and handler.c, which has the threads, share.
 *
 * Model: a source is an upcall ring, and one handler at a time reads it. Handlers come in pairs.
 * The first reads small batches of rings that hold little, each in turn, and so is never long
 * away from any of them. A ring that is not read empty time after time is given to the second,
 * which has larger batches and offers the processor after each; it comes back when it calms down.
 * So a flood waits in its own ring, and on its own thread.
 *
 * Threads: a source belongs to its handler's thread; an inbox to whoever has its lock. Errors:
 * counted. */
#ifndef SHUNT_SLOWPATH_HANDLER_H
#define SHUNT_SLOWPATH_HANDLER_H

#include <pthread.h>
#include <stdatomic.h>

#include "datapath/dp.h"
#include "lib/buf.h"
#include "lib/list.h"
#include "slowpath/xlate.h"

#define BATCH 32

struct bridge;
struct event;
struct event_base;
struct slowpath;

/* The hold of a flow that was put, until the ring is read up to there. */
struct hold {
    uint64_t position, ufid;
    uint32_t index;
};

struct source {
    struct list link; /* In its next handler's inbox. */
    struct handler *handler;
    struct dp_upcall_reader *reader;
    struct event *readable;
    struct buf holds;    /* struct hold, by position. */
    size_t n_given_back; /* The first of them. */
    uint32_t n_behind;   /* Batches in a row that did not read the ring empty. */
    int64_t window_ms;   /* Since when `n_in_window` counts. */
    uint32_t n_in_window;
};

struct upcall {
    struct dp_upcall header;
    size_t packet_at; /* In the batch's packets. */
    uint32_t work;    /* Which translation is its. */
};

/* A translation for all packets of one key. */
struct work {
    struct dp_key key;
    struct bridge *bridge; /* NULL: of no bridge, nothing to do. */
    struct xlate_out out;
    uint64_t seq;
    uint64_t held_ufid; /* Of the megaflow that was put held at `index`; 0: none. */
    uint32_t index;
    uint32_t n_missed; /* Packets that no megaflow counted. */
    uint64_t n_missed_bytes;
};

struct handler {
    struct slowpath *slowpath;
    struct handler *next; /* Of all. */
    struct handler *pair; /* The other one. */
    bool is_bulk;         /* The second of its pair. */
    uint32_t number;      /* Of its pair. */
    bool is_started;
    pthread_t thread;
    struct event_base *base;
    struct event *wake;
    int wake_fd; /* An eventfd: something is in the inbox, or it is time to stop. */
    atomic_bool is_stopping;
    pthread_mutex_t inbox_lock;
    struct list inbox; /* struct source, to be read here from now on. */
    struct dp_executor *executor;
    atomic_ullong busy; /* The seq of the batch at work; 0: none. */

    struct upcall upcalls[BATCH];
    struct work works[BATCH];
    uint32_t hashes[BATCH]; /* Of the works' keys, by themselves: all are looked at. */
    uint32_t n_upcalls, n_works;
    struct buf packets;
};

/* Handles at most `max` (BATCH) upcalls of the source; returns how many there were. */
size_t handle_batch(struct handler *, struct source *, size_t max);
/* Opens the flows that were put before this position of the ring. */
void give_back_holds(struct slowpath *, struct source *, uint64_t position);

#endif
