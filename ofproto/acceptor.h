/* SPDX-License-Identifier: Apache-2.0 */
/* A listening socket that goes on when descriptors run out.
 *
 * Model: `accepted` gets each new descriptor. The last descriptors that the process may have are
 * for its own work, some more for those who look after it, and so on: a caller is cut off and
 * counted when no more than its rank's are free. When the system has none left, accepting pauses
 * for ACCEPTOR_PAUSE_MS; who calls meanwhile waits in the socket's queue.
 *
 * Ownership: `accepted` owns the descriptor. Threads: the event base's. Errors: positive errno;
 * those of accepting are logged, a few in ten seconds. Not here: what is said on the streams. */
#ifndef SHUNT_OFPROTO_ACCEPTOR_H
#define SHUNT_OFPROTO_ACCEPTOR_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#define ACCEPTOR_PAUSE_MS 250

/* How many descriptors a rank leaves to others. */
enum acceptor_reserve {
    ACCEPTOR_DAEMON_RESERVE = 64,      /* Of management: for the daemon itself. */
    ACCEPTOR_MANAGEMENT_RESERVE = 192, /* Of all others: for management, too. */
};

struct acceptor;

typedef void acceptor_accepted(void *aux, evutil_socket_t fd, const struct sockaddr *peer);

/* Listens on the address, in place of a Unix socket that a dead process left there. A Unix
 * socket is for its user and group (0660) from its first moment on. */
int acceptor_open(struct event_base *, const struct sockaddr *, socklen_t size,
                  enum acceptor_reserve, acceptor_accepted *, void *aux, struct acceptor **);
/* Whether somebody listens on a Unix socket already, which acceptor_open() would take from him. */
bool acceptor_is_taken(const struct sockaddr *, socklen_t size);
/* Stops listening and removes a Unix socket. Takes NULL. */
void acceptor_close(struct acceptor *);
/* Callers that were cut off. */
uint64_t acceptor_n_refused(const struct acceptor *);

#endif
