/* SPDX-License-Identifier: Apache-2.0 */
/* What ports.c (the table) and request.c (changes) share. Not here: anything for callers. */
#ifndef SHUNT_PORTS_PORTS_PRIVATE_H
#define SHUNT_PORTS_PORTS_PRIVATE_H

#include <libmnl/libmnl.h>

#include "lib/hmap.h"
#include "ports/ports.h"

struct ports {
    const struct ports_ops *ops;
    void *aux;
    struct mnl_socket *events;   /* Joined to RTNLGRP_LINK, non-blocking. */
    struct mnl_socket *requests; /* Dumps, changes and their answers. */
    uint32_t sequence;
    struct hmap by_ifindex; /* Of struct port_entry. */
    struct hmap by_name;
    uint32_t generation; /* Of the last dump. */
    char *buffer;
    size_t buffer_size;
};

/* Sends a request that wants an answer and passes each message of it to `cb` (NULL: none is
 * expected but the acknowledgement). */
int ports_transact(struct ports *, struct nlmsghdr *, mnl_cb_t cb, void *aux);

#endif
