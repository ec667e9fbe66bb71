/* SPDX-License-Identifier: Apache-2.0 */
/* The management protocol: a Unix stream socket in the run directory.
 *
 * Model: one JSON object a line in, one JSON object a line out, in order.
 *   -> {"verb": "add-port", "bridge": "br0", "device": "veth0", "ofport": 1}
 *   <- {"ok": true}  or  {"ok": true, "result": ...}  or  {"ok": false, "error": "one line"}
 * Which verbs there are stands in shuntd/verbs.c. A line over MGMT_LINE_MAX bytes, or one that is
 * no object, is answered with an error and ends the connection.
 *
 * A client holds up only itself: while more than MGMT_OUTPUT_HIGH bytes wait for it, no request of
 * its is done or read, and after MGMT_TURN_MS it is others' turn. Of MGMT_CONNECTIONS_MAX clients
 * one that asked nothing for MGMT_IDLE_MS gives way to another; when there is none, that is
 * refused.
 *
 * Ownership: mgmt owns its connections. Threads: the event base's. Errors: positive errno.
 * Not here: what verbs do. */
#ifndef SHUNT_SHUNTD_MGMT_H
#define SHUNT_SHUNTD_MGMT_H

#include <event2/event.h>
#include <jansson.h>

#include "shuntd/error.h"

#define MGMT_LINE_MAX (1u << 20)
#define MGMT_CONNECTIONS_MAX 64
#define MGMT_OUTPUT_HIGH (1u << 20)
#define MGMT_TURN_MS 2
#define MGMT_IDLE_MS 60000

struct mgmt;

/* Does what `request` asks. Returns 0, with a new reference in *result when there is something to
 * tell, or a positive errno and a line. */
typedef int mgmt_handler(void *aux, const json_t *request, json_t **result, struct error *);

/* Listens on `path`, in place of a socket that a dead daemon left there. */
int mgmt_open(struct event_base *, const char *path, mgmt_handler *, void *aux, struct mgmt **,
              struct error *);
/* Stops listening, removes the socket and ends the connections. */
void mgmt_close(struct mgmt *);
struct mgmt_counters {
    unsigned n_open;
    uint64_t n_refused;
};
void mgmt_get_counters(const struct mgmt *, struct mgmt_counters *);
/* Called by a handler: the connection of its request stays open when this process ends its
 * connections, so that its client sees by the end of the stream that everything is done. Returns
 * a descriptor that the caller closes, or -1. */
int mgmt_hold_client(struct mgmt *);
/* Called by a handler: its request is answered by mgmt_answer(), not by what it returns. Later
 * requests of the connection wait. */
struct mgmt_later;
struct mgmt_later *mgmt_defer(struct mgmt *);
/* Frees it. Its client may be gone, and so may the mgmt. */
void mgmt_answer(struct mgmt_later *, int err, const struct error *);

#endif
