/* SPDX-License-Identifier: Apache-2.0 */
/* The process: its options, its parts, and how it ends.
 *
 * Model: options are read once; daemon_run() starts the parts, serves until something asks for
 * an end, and takes the parts down in reverse order. Ownership: main's. Threads: the main loop's.
 * Not here: what the parts do. */
#ifndef SHUNT_SHUNTD_DAEMON_H
#define SHUNT_SHUNTD_DAEMON_H

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "datapath/dp.h"
#include "lib/list.h"
#include "shuntd/bridge.h"
#include "shuntd/error.h"
#include "shuntd/mgmt.h"

struct daemon_options {
    const char *run_dir;                             /* Sockets and the lock. */
    const char *state_dir;                           /* The configuration; NULL: --no-persist. */
    const char *pin_dir;                             /* In a bpffs. */
    const char *log_file;                            /* NULL: standard error. */
    const char *user;                                /* USER[:GROUP]; NULL: stay who it is. */
    const char *private_key, *certificate, *ca_cert; /* Files, in PEM; NULL: no TLS. */
    const char *peer_name; /* Of which controllers' certificates must be; NULL: any. */
    const char *devices;   /* Which can be ports (shuntd/allowed.h); NULL: any. */
    uint32_t max_flows;    /* 0: the datapath's default. */
    uint32_t n_handlers;
    uint32_t hold_s; /* How long an adopted fast path waits for controllers, at most. */
    bool tls_only;   /* No OpenFlow over a network without TLS. */
    bool restore;    /* Start with the saved OpenFlow state. */
    bool detach;     /* Go to the background when ready. */
    bool keep;       /* On SIGTERM too, leave the fast path forwarding. */
    bool verbose;
};

enum daemon_end {
    DAEMON_STOP,    /* Leave the host as it was. */
    DAEMON_KEEP,    /* Leave the fast path forwarding. */
    DAEMON_RESTART, /* The same, then run the program anew. */
};

struct daemon {
    const struct daemon_options *options;
    struct event_base *base;
    SSL_CTX *tls; /* NULL: none. */
    struct dp *dp;
    bool is_adopted; /* The fast path was there before this process. */
    struct bridges *bridges;
    struct mgmt *mgmt;
    struct list transactions; /* Under way (shuntd/transaction.h). */
    struct list removals;     /* Under way (shuntd/removal.h). */
    /* What the step that a transaction does began to remove; the transaction takes it. */
    struct bridge *step_leaves;
    enum daemon_end end;
    int waiter_fd; /* Of who asked for the end; closed when it is done. -1: nobody. */
    /* When this one found that the one before it had ended without a stop; empty: it had not. */
    char former_died[32];
};

/* Fills the options out of the command line. Returns -1 to go on, else an exit status. */
int daemon_parse_options(int argc, char **argv, struct daemon_options *);

/* Names in one line the first privilege or kernel feature that is missing, with its remedy. */
int daemon_check_host(struct error *);

/* Keeps the capabilities that the daemon needs, and no other; with --user makes the directories
 * and the log that user's and becomes it. ENOENT: no such user or group. */
int daemon_drop_privileges(const struct daemon_options *, struct error *);

/* Takes the run directory for this process: makes it, locks shuntd.pid in it, writes the process
 * id there. The lock is given back when *lock_fd is closed or the process ends. */
int daemon_lock(const char *run_dir, int *lock_fd, struct error *);

/* Leaves a mark in the run directory that daemon_mark_end() takes away. Returns whether there was
 * one: the daemon before this one was killed, or the host lost power. */
bool daemon_mark_start(const char *run_dir);
void daemon_mark_end(const char *run_dir);

/* Makes the TLS context that the options describe; NULL when they name no files. */
int daemon_open_tls(const struct daemon_options *, SSL_CTX **, struct error *);

/* A handler of the management protocol; `aux` is the struct daemon. */
mgmt_handler daemon_handle_request;

/* Ends the main loop. */
void daemon_end(struct daemon *, enum daemon_end);

#endif
