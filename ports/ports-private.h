/* SPDX-License-Identifier: Apache-2.0 */
/* What ports.c (the table), request.c (changes) and far.c (other namespaces) share. Not here:
 * anything for callers. */
#ifndef SHUNT_PORTS_PORTS_PRIVATE_H
#define SHUNT_PORTS_PORTS_PRIVATE_H

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "lib/hmap.h"
#include "ports/ports.h"

struct ports {
    const struct ports_ops *ops;
    void *aux;
    struct mnl_socket *events;   /* Joined to RTNLGRP_LINK and _TC, non-blocking. */
    struct mnl_socket *requests; /* Dumps, changes and their answers. */
    int far_fd;                  /* Link events of other namespaces (far.c); -1: none. */
    int poll_fd;                 /* An epoll over `events` and far_fd. */
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

/* Begins a request about a device in `buffer`. */
struct nlmsghdr *ports_request(void *buffer, uint16_t type, uint16_t flags, uint32_t ifindex,
                               struct ifinfomsg **);

/* Calls link_changed(), the device as it is now as both old and new, for veths whose other ends
 * satisfy: in `netnsid` with index `ifindex`, or with 0 any that is in another namespace. */
void ports_tell_far(struct ports *, int32_t netnsid, uint32_t ifindex);

/* ---- far.c ---- */
/* Without the privilege for it far_fd stays -1. */
void far_open(struct ports *);
void far_run(struct ports *);

#endif
