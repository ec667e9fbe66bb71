/* SPDX-License-Identifier: Apache-2.0 */
/* Other ends of veths in other namespaces. A socket with NETLINK_LISTEN_ALL_NSID (netlink(7)) hears
 * link events of every namespace that this one has an id for; which one, a control message says.
 * Events of this namespace come there, too, and are left to the table's own socket. */
#include "ports/ports.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ports/ports-private.h"

#define LOG_MODULE "ports"
#include "lib/log.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

void
far_open(struct ports *ports)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

    if (fd >= 0 && !setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &(int){1}, sizeof(int)) &&
        !bind(fd, (struct sockaddr *)&address, sizeof address)) {
        ports->far_fd = fd;
        return;
    }
    log_info("link events of other namespaces cannot be had: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* True and the namespace's id if the message is not of this namespace. */
static bool
message_netnsid(struct msghdr *header, int32_t *netnsid)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID) {
            memcpy(netnsid, CMSG_DATA(c), sizeof *netnsid);
            return true;
        }
    }
    return false;
}

static void
take_messages(struct ports *ports, char *buffer, size_t size, int32_t netnsid)
{
    const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;

    for (int n = (int)size; mnl_nlmsg_ok(message, n); message = mnl_nlmsg_next(message, &n)) {
        const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

        if (mnl_nlmsg_get_payload_len(message) >= sizeof *info && info->ifi_index > 0)
            ports_tell_far(ports, netnsid, (uint32_t)info->ifi_index);
    }
}

void
far_run(struct ports *ports)
{
    while (ports->far_fd >= 0) {
        char control[CMSG_SPACE(sizeof(int32_t)) + 64];
        struct iovec part = {ports->buffer, ports->buffer_size};
        struct msghdr header = {.msg_iov = &part,
                                .msg_iovlen = 1,
                                .msg_control = control,
                                .msg_controllen = sizeof control};
        ssize_t n = recvmsg(ports->far_fd, &header, 0);
        int32_t netnsid;

        if (n > 0 && message_netnsid(&header, &netnsid))
            take_messages(ports, ports->buffer, (size_t)n, netnsid);
        else if (n < 0 && errno == ENOBUFS)
            ports_tell_far(ports, 0, 0);
        else if (n == 0 || (n < 0 && errno != EINTR))
            return;
    }
}

static int
far_end_cb(const struct nlmsghdr *message, void *aux)
{
    if (message->nlmsg_type == RTM_NEWLINK && link_parse(message, aux))
        return MNL_CB_ERROR;
    return MNL_CB_OK;
}

int
ports_get_far_end(struct ports *ports, const struct link *link, struct link *far_end)
{
    struct nlmsghdr *request;
    char buffer[256];
    int err;

    memset(far_end, 0, sizeof *far_end);
    if (ports->far_fd < 0)
        return ENOTSUP;
    request = ports_request(buffer, RTM_GETLINK, 0, link->far_ifindex, NULL);
    mnl_attr_put_u32(request, IFLA_TARGET_NETNSID, (uint32_t)link->far_netnsid);
    err = ports_transact(ports, request, far_end_cb, far_end);
    return err ? err : far_end->ifindex ? 0 : ENODEV;
}
