/* SPDX-License-Identifier: Apache-2.0 */
/* Where an OpenFlow connection goes or comes from, as text and as a socket address.
 *
 * Model: `tcp:IP[:PORT]`, `ssl:IP[:PORT]`, `unix:PATH` are called by us; `ptcp:[PORT[:IP]]`,
 * `pssl:[PORT[:IP]]`, `punix:PATH` are listened on. The port is 6653 when none is given; an IPv6
 * address stands in brackets. Names are not resolved: a controller's address must not depend on
 * the network that it controls.
 *
 * Threads: plain data. Not here: sockets (ofproto/conn.h). */
#ifndef SHUNT_OFPROTO_ENDPOINT_H
#define SHUNT_OFPROTO_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define OPENFLOW_TCP_PORT 6653

struct endpoint {
    bool is_passive;
    bool is_tls;
    struct sockaddr_storage address;
    socklen_t address_size;
    char text[160]; /* As the user gave it. */
};

/* Returns 0 or EINVAL; then `error` (of `error_size` bytes) has one sentence for the user. */
int endpoint_parse(const char *text, struct endpoint *, char *error, size_t error_size);

#endif
