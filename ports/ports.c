/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/ports.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "lib/hash.h"
#include "ports/ports-private.h"

#define LOG_MODULE "ports"
#include "lib/log.h"

/* Events that fit before the kernel drops some and a new dump is due. */
#define EVENT_BUFFER_SIZE (4 << 20)
/* One read: a message of a device with many virtual functions takes tens of kilobytes. */
#define READ_SIZE (256 << 10)

struct port_entry {
    struct hmap_node ifindex_node;
    struct hmap_node name_node;
    uint32_t generation; /* Of the last dump that had it. */
    struct link link;
};

static struct port_entry *
find_ifindex(const struct ports *ports, uint32_t ifindex)
{
    struct port_entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, ifindex_node, hash_u64(ifindex, 0), &ports->by_ifindex) {
        if (entry->link.ifindex == ifindex)
            return entry;
    }
    return NULL;
}

static void
insert_entry(struct ports *ports, const struct link *link)
{
    struct port_entry *entry = xcalloc(1, sizeof *entry);

    entry->link = *link;
    entry->generation = ports->generation;
    hmap_insert(&ports->by_ifindex, &entry->ifindex_node, hash_u64(link->ifindex, 0));
    hmap_insert(&ports->by_name, &entry->name_node, hash_string(link->name, 0));
}

static void
remove_entry(struct ports *ports, struct port_entry *entry)
{
    hmap_remove(&ports->by_ifindex, &entry->ifindex_node);
    hmap_remove(&ports->by_name, &entry->name_node);
    free(entry);
}

static void
rename_entry(struct ports *ports, struct port_entry *entry, const struct link *link)
{
    hmap_remove(&ports->by_name, &entry->name_node);
    hmap_insert(&ports->by_name, &entry->name_node, hash_string(link->name, 0));
}

static void
take_link(struct ports *ports, const struct link *link)
{
    struct port_entry *entry = find_ifindex(ports, link->ifindex);
    struct link old;

    if (!entry) {
        insert_entry(ports, link);
        if (ports->ops)
            ports->ops->link_added(ports->aux, link);
        return;
    }
    entry->generation = ports->generation;
    if (link_equal(&entry->link, link))
        return;
    old = entry->link;
    entry->link = *link;
    if (strcmp(old.name, link->name))
        rename_entry(ports, entry, link);
    if (ports->ops)
        ports->ops->link_changed(ports->aux, &old, link);
}

static void
drop_entry(struct ports *ports, struct port_entry *entry)
{
    struct link link = entry->link;

    remove_entry(ports, entry);
    if (ports->ops)
        ports->ops->link_removed(ports->aux, &link);
}

static int
message_cb(const struct nlmsghdr *message, void *aux)
{
    struct ports *ports = aux;
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
    struct link link;
    int err;

    if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
        return MNL_CB_OK;
    /* The kernel's bridge tells of its ports' settings in the same group. */
    if (info->ifi_family != AF_UNSPEC)
        return MNL_CB_OK;
    err = link_parse(message, &link);
    if (err) {
        log_warn("a link message of the kernel was not understood: %s", strerror(err));
        return MNL_CB_OK;
    }
    if (message->nlmsg_type == RTM_NEWLINK) {
        take_link(ports, &link);
    } else {
        struct port_entry *entry = find_ifindex(ports, link.ifindex);

        if (entry)
            drop_entry(ports, entry);
    }
    return MNL_CB_OK;
}

static int
dump_once(struct ports *ports)
{
    char request_buffer[256];
    struct nlmsghdr *request = mnl_nlmsg_put_header(request_buffer);
    struct ifinfomsg *info;
    struct port_entry *entry;
    int err;

    request->nlmsg_type = RTM_GETLINK;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    info = mnl_nlmsg_put_extra_header(request, sizeof *info);
    info->ifi_family = AF_UNSPEC;
    ports->generation++;
    err = ports_transact(ports, request, message_cb, ports);
    if (err)
        return err;
    HMAP_FOR_EACH_SAFE (entry, ifindex_node, &ports->by_ifindex) {
        if (entry->generation != ports->generation)
            drop_entry(ports, entry);
    }
    return 0;
}

/* Brings the table to what the kernel has now. */
static int
dump(struct ports *ports)
{
    int err;

    do {
        err = dump_once(ports);
    } while (err == EINTR); /* Devices changed midway. */
    return err;
}

/* What is still queued is older than what was lost, so it goes first: a device's arrival must
 * not be read after the dump that no longer has it. */
static void
resync(struct ports *ports)
{
    int err;

    log_info("link events were lost, reading all devices again");
    while (mnl_socket_recvfrom(ports->events, ports->buffer, ports->buffer_size) > 0)
        continue;
    err = dump(ports);
    if (err)
        log_warn("devices could not be read: %s", strerror(err));
}

static int
open_socket(struct mnl_socket **socket, int flags, unsigned groups)
{
    *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags);
    if (!*socket)
        return errno;
    return mnl_socket_bind(*socket, groups, MNL_SOCKET_AUTOPID) < 0 ? errno : 0;
}

int
ports_open(const struct ports_ops *ops, void *aux, struct ports **portsp)
{
    struct ports *ports = xcalloc(1, sizeof *ports);
    int err;

    hmap_init(&ports->by_ifindex);
    hmap_init(&ports->by_name);
    ports->buffer_size = READ_SIZE;
    ports->buffer = xmalloc(ports->buffer_size);
    err = open_socket(&ports->events, SOCK_NONBLOCK, RTMGRP_LINK);
    if (!err)
        err = open_socket(&ports->requests, 0, 0);
    if (err)
        goto error;
    setsockopt(ports_fd(ports), SOL_SOCKET, SO_RCVBUFFORCE, &(int){EVENT_BUFFER_SIZE}, sizeof(int));
    err = dump(ports);
    if (err)
        goto error;
    ports->ops = ops;
    ports->aux = aux;
    *portsp = ports;
    return 0;

error:
    ports_close(ports);
    return err;
}

void
ports_close(struct ports *ports)
{
    struct port_entry *entry;

    if (!ports)
        return;
    if (ports->events)
        mnl_socket_close(ports->events);
    if (ports->requests)
        mnl_socket_close(ports->requests);
    HMAP_FOR_EACH_SAFE (entry, ifindex_node, &ports->by_ifindex)
        remove_entry(ports, entry);
    hmap_destroy(&ports->by_ifindex);
    hmap_destroy(&ports->by_name);
    free(ports->buffer);
    free(ports);
}

int
ports_fd(const struct ports *ports)
{
    return mnl_socket_get_fd(ports->events);
}

void
ports_run(struct ports *ports)
{
    for (;;) {
        ssize_t n = mnl_socket_recvfrom(ports->events, ports->buffer, ports->buffer_size);
        int err = errno;

        if (n > 0) {
            mnl_cb_run(ports->buffer, n, 0, 0, message_cb, ports);
        } else if (n < 0 && err == ENOBUFS) {
            resync(ports);
        } else if (n == 0 || err != EINTR) {
            return;
        }
    }
}

const struct link *
ports_find_name(const struct ports *ports, const char *name)
{
    struct port_entry *entry;

    HMAP_FOR_EACH_WITH_HASH (entry, name_node, hash_string(name, 0), &ports->by_name) {
        if (!strcmp(entry->link.name, name))
            return &entry->link;
    }
    return NULL;
}

const struct link *
ports_find_ifindex(const struct ports *ports, uint32_t ifindex)
{
    struct port_entry *entry = find_ifindex(ports, ifindex);

    return entry ? &entry->link : NULL;
}
