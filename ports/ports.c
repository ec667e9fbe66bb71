/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/ports.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

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

static bool
read_message(const struct nlmsghdr *message, struct link *link)
{
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
    int err;

    if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK)
        return false;
    /* The kernel's bridge tells of its ports' settings in the same group. */
    if (info->ifi_family != AF_UNSPEC)
        return false;
    err = link_parse(message, link);
    if (err)
        log_warn("a link message of the kernel was not understood: %s", strerror(err));
    return !err;
}

/* A device whose queueing discipline was changed. */
static void
take_qdisc(struct ports *ports, const struct nlmsghdr *message)
{
    const struct tcmsg *tc = mnl_nlmsg_get_payload(message);

    if (mnl_nlmsg_get_payload_len(message) >= sizeof *tc && find_ifindex(ports, tc->tcm_ifindex))
        ports_refresh(ports, tc->tcm_ifindex);
}

static int
event_cb(const struct nlmsghdr *message, void *aux)
{
    struct ports *ports = aux;
    struct link link;

    if (message->nlmsg_type == RTM_NEWQDISC || message->nlmsg_type == RTM_DELQDISC)
        take_qdisc(ports, message);
    if (!read_message(message, &link))
        return MNL_CB_OK;
    if (message->nlmsg_type == RTM_NEWLINK) {
        take_link(ports, &link);
    } else {
        struct port_entry *entry = find_ifindex(ports, link.ifindex);

        if (entry)
            drop_entry(ports, entry);
    }
    return MNL_CB_OK;
}

/* Answers are gathered before anybody is told: who is told may ask for more. */
struct answer {
    struct link *links;
    size_t n, capacity;
};

static int
answer_cb(const struct nlmsghdr *message, void *aux)
{
    struct answer *answer = aux;

    if (answer->n == answer->capacity) {
        answer->capacity = answer->capacity * 2 + 1;
        answer->links = xrealloc(answer->links, answer->capacity * sizeof *answer->links);
    }
    answer->n += read_message(message, &answer->links[answer->n]);
    return MNL_CB_OK;
}

static int
take_answer(struct ports *ports, struct nlmsghdr *request)
{
    struct answer answer = {0};
    int err = ports_transact(ports, request, answer_cb, &answer);

    for (size_t i = 0; !err && i < answer.n; i++)
        take_link(ports, &answer.links[i]);
    free(answer.links);
    return err;
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
    err = take_answer(ports, request);
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

static int
open_poll(struct ports *ports)
{
    struct epoll_event event = {.events = EPOLLIN};

    ports->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (ports->poll_fd < 0 ||
        epoll_ctl(ports->poll_fd, EPOLL_CTL_ADD, mnl_socket_get_fd(ports->events), &event) ||
        (ports->far_fd >= 0 && epoll_ctl(ports->poll_fd, EPOLL_CTL_ADD, ports->far_fd, &event)))
        return errno;
    return 0;
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
    ports->far_fd = ports->poll_fd = -1;
    err = open_socket(&ports->events, SOCK_NONBLOCK, RTMGRP_LINK | RTMGRP_TC);
    if (!err)
        err = open_socket(&ports->requests, 0, 0);
    if (err)
        goto error;
    setsockopt(mnl_socket_get_fd(ports->events), SOL_SOCKET, SO_RCVBUFFORCE,
               &(int){EVENT_BUFFER_SIZE}, sizeof(int));
    far_open(ports);
    err = open_poll(ports);
    if (!err)
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
    if (ports->far_fd >= 0)
        close(ports->far_fd);
    if (ports->poll_fd >= 0)
        close(ports->poll_fd);
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
    return ports->poll_fd;
}

static void
run_events(struct ports *ports)
{
    for (;;) {
        ssize_t n = mnl_socket_recvfrom(ports->events, ports->buffer, ports->buffer_size);
        int err = errno;

        if (n > 0) {
            mnl_cb_run(ports->buffer, n, 0, 0, event_cb, ports);
        } else if (n < 0 && err == ENOBUFS) {
            resync(ports);
        } else if (n == 0 || err != EINTR) {
            return;
        }
    }
}

void
ports_run(struct ports *ports)
{
    run_events(ports);
    far_run(ports);
}

int
ports_refresh(struct ports *ports, uint32_t ifindex)
{
    char buffer[256];

    return take_answer(ports, ports_request(buffer, RTM_GETLINK, 0, ifindex, NULL));
}

void
ports_tell_far(struct ports *ports, int32_t netnsid, uint32_t ifindex)
{
    struct port_entry *entry;

    HMAP_FOR_EACH_SAFE (entry, ifindex_node, &ports->by_ifindex) {
        struct link link = entry->link;

        if (!link.far_ifindex ||
            (ifindex && (link.far_ifindex != ifindex || link.far_netnsid != netnsid)))
            continue;
        if (!ports_refresh(ports, link.ifindex) && ports->ops)
            ports->ops->link_changed(ports->aux, &entry->link, &entry->link);
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
