/* SPDX-License-Identifier: Apache-2.0 */
/* The network devices of this namespace: a table that follows the kernel, and the few changes
 * that a switch makes to devices.
 *
 * Model: the table is filled by a dump and kept by rtnetlink's link group (rtnetlink(7)). When
 * the kernel had to drop events, the table is dumped again and the differences are told as
 * events, so a caller never misses the last state of a device. A rename is a change whose old and
 * new name differ; a device that moves to another namespace is removed, one that comes back is
 * added with a new ifindex.
 *
 * The other end of a veth may live in another namespace. It is not in the table, but when it
 * changes there, the near end is told as changed, even when nothing of the near end did.
 *
 * Ownership: the table owns its links; a pointer is good until the next ports_run().
 * Threads: one thread, the one that opened it. Errors: positive errno.
 * Not here: which devices are ports of which bridge (shuntd/bridge.h), programs on them
 * (datapath/dp.h). */
#ifndef SHUNT_PORTS_PORTS_H
#define SHUNT_PORTS_PORTS_H

#include <linux/if_link.h>

#include "ports/link.h"

struct ports;

/* Called from ports_run() only. The callbacks may call any function here but ports_run() and
 * ports_close(). */
struct ports_ops {
    void (*link_added)(void *aux, const struct link *);
    void (*link_changed)(void *aux, const struct link *old, const struct link *now);
    void (*link_removed)(void *aux, const struct link *);
};

/* Opens the table and fills it, without callbacks. `ops` must outlive it. */
int ports_open(const struct ports_ops *ops, void *aux, struct ports **);
void ports_close(struct ports *);

/* Readable when ports_run() has something to do. */
int ports_fd(const struct ports *);
/* Takes in every event that the kernel has queued. A request of this process is queued before
 * the request's function returns. */
void ports_run(struct ports *);

/* NULL when there is no such device. */
const struct link *ports_find_name(const struct ports *, const char *name);
const struct link *ports_find_ifindex(const struct ports *, uint32_t ifindex);

/* Reads a device again that may have changed without an event: the end of a veth whose other end
 * moved. */
int ports_refresh(struct ports *, uint32_t ifindex);
/* The other end of a veth that has a far_ifindex, as it is now. ENOTSUP when its changes cannot be
 * followed for want of CAP_NET_BROADCAST. */
int ports_get_far_end(struct ports *, const struct link *, struct link *far_end);

/* Makes the pair of a bridge's local port and sets both ends up: the host's end is named
 * `bridge` and has `mac`, the switch's end has the name that ports_local_end() gives. EEXIST when
 * a device has one of the names. */
int ports_create_local(struct ports *, const char *bridge, const uint8_t mac[6]);
/* The same of a pair that is there: its maker may have died before the switch's end was up. */
int ports_finish_local(struct ports *, const char *bridge);
/* "shunt-" and eight hexadecimal digits out of a hash of `bridge`. */
void ports_local_end(const char *bridge, char name[IFNAMSIZ]);
/* Removes a software device, and the other end of a veth pair with it. */
int ports_delete(struct ports *, uint32_t ifindex);
int ports_set_up(struct ports *, uint32_t ifindex, bool up);
int ports_set_promiscuous(struct ports *, uint32_t ifindex, bool on);
int ports_set_mtu(struct ports *, uint32_t ifindex, uint32_t mtu);

/* The kernel's counters of a device; those of frames that XDP took may be missing in them. */
int ports_get_stats(struct ports *, uint32_t ifindex, struct rtnl_link_stats64 *);

#endif
