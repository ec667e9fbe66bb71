/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to rtnetlink(7). */
#include "ports/ports.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>

#include "lib/hash.h"
#include "ports/ports-private.h"

#define REQUEST_SIZE 1024
#define LOCAL_END_SEED 0x5348554e

int
ports_transact(struct ports *ports, struct nlmsghdr *request, mnl_cb_t cb, void *aux)
{
    uint32_t portid = mnl_socket_get_portid(ports->requests);
    char *buffer = xmalloc(ports->buffer_size);
    int status = MNL_CB_OK, err = 0;

    request->nlmsg_seq = ++ports->sequence;
    if (mnl_socket_sendto(ports->requests, request, request->nlmsg_len) < 0)
        err = errno;
    while (!err && status > MNL_CB_STOP) {
        ssize_t n = mnl_socket_recvfrom(ports->requests, buffer, ports->buffer_size);

        status = n < 0 ? MNL_CB_ERROR : mnl_cb_run(buffer, n, request->nlmsg_seq, portid, cb, aux);
        if (status == MNL_CB_ERROR)
            err = errno;
    }
    free(buffer);
    return err;
}

/* With ifindex 0 its name follows. */
struct nlmsghdr *
ports_request(void *buffer, uint16_t type, uint16_t flags, uint32_t ifindex,
              struct ifinfomsg **infop)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct ifinfomsg *info;

    request->nlmsg_type = type;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    info = mnl_nlmsg_put_extra_header(request, sizeof *info);
    info->ifi_family = AF_UNSPEC;
    info->ifi_index = ifindex;
    if (infop)
        *infop = info;
    return request;
}

/* Of the device `ifindex`, or with ifindex 0 of that of `name`. */
static int
set_flag(struct ports *ports, uint32_t ifindex, const char *name, unsigned flag, bool on)
{
    char buffer[REQUEST_SIZE];
    struct ifinfomsg *info;
    struct nlmsghdr *request = ports_request(buffer, RTM_NEWLINK, 0, ifindex, &info);

    info->ifi_change = flag;
    info->ifi_flags = on ? flag : 0;
    if (name)
        mnl_attr_put_strz(request, IFLA_IFNAME, name);
    return ports_transact(ports, request, NULL, NULL);
}

static int
remove_link(struct ports *ports, uint32_t ifindex, const char *name)
{
    char buffer[REQUEST_SIZE];
    struct nlmsghdr *request = ports_request(buffer, RTM_DELLINK, 0, ifindex, NULL);

    if (name)
        mnl_attr_put_strz(request, IFLA_IFNAME, name);
    return ports_transact(ports, request, NULL, NULL);
}

void
ports_local_end(const char *bridge, char name[IFNAMSIZ])
{
    snprintf(name, IFNAMSIZ, "shunt-%08x", hash_string(bridge, LOCAL_END_SEED));
}

/* Makes the pair, both ends down: the kernel does not open an end that has no peer yet. */
static int
create_pair(struct ports *ports, const char *host_end, const uint8_t mac[6], const char *switch_end)
{
    char buffer[REQUEST_SIZE];
    struct nlmsghdr *request =
        ports_request(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, NULL);
    struct nlattr *linkinfo, *data, *peer;

    mnl_attr_put_strz(request, IFLA_IFNAME, host_end);
    mnl_attr_put(request, IFLA_ADDRESS, 6, mac);
    linkinfo = mnl_attr_nest_start(request, IFLA_LINKINFO);
    mnl_attr_put_strz(request, IFLA_INFO_KIND, "veth");
    data = mnl_attr_nest_start(request, IFLA_INFO_DATA);
    peer = mnl_attr_nest_start(request, VETH_INFO_PEER);
    mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
    mnl_attr_put_strz(request, IFLA_IFNAME, switch_end);
    mnl_attr_nest_end(request, peer);
    mnl_attr_nest_end(request, data);
    mnl_attr_nest_end(request, linkinfo);
    return ports_transact(ports, request, NULL, NULL);
}

/* Else the kernel would give the switch's end an address, and send into the bridge from it. */
static int
disable_ipv6(struct ports *ports, const char *name)
{
    char buffer[REQUEST_SIZE];
    struct nlmsghdr *request = ports_request(buffer, RTM_NEWLINK, 0, 0, NULL);
    struct nlattr *families, *inet6;
    int err;

    mnl_attr_put_strz(request, IFLA_IFNAME, name);
    families = mnl_attr_nest_start(request, IFLA_AF_SPEC);
    inet6 = mnl_attr_nest_start(request, AF_INET6);
    mnl_attr_put_u8(request, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(request, inet6);
    mnl_attr_nest_end(request, families);
    err = ports_transact(ports, request, NULL, NULL);
    return err == EAFNOSUPPORT ? 0 : err; /* A kernel, or a device, without IPv6. */
}

int
ports_finish_local(struct ports *ports, const char *bridge)
{
    char switch_end[IFNAMSIZ];
    int err;

    ports_local_end(bridge, switch_end);
    err = disable_ipv6(ports, switch_end);
    if (!err)
        err = set_flag(ports, 0, bridge, IFF_UP, true);
    if (!err)
        err = set_flag(ports, 0, switch_end, IFF_UP, true);
    return err;
}

int
ports_create_local(struct ports *ports, const char *bridge, const uint8_t mac[6])
{
    char switch_end[IFNAMSIZ];
    int err;

    ports_local_end(bridge, switch_end);
    err = create_pair(ports, bridge, mac, switch_end);
    if (err)
        return err;
    err = ports_finish_local(ports, bridge);
    if (err)
        remove_link(ports, 0, bridge);
    return err;
}

int
ports_delete(struct ports *ports, uint32_t ifindex)
{
    return remove_link(ports, ifindex, NULL);
}

int
ports_set_up(struct ports *ports, uint32_t ifindex, bool up)
{
    return set_flag(ports, ifindex, NULL, IFF_UP, up);
}

int
ports_set_promiscuous(struct ports *ports, uint32_t ifindex, bool on)
{
    return set_flag(ports, ifindex, NULL, IFF_PROMISC, on);
}

int
ports_set_mtu(struct ports *ports, uint32_t ifindex, uint32_t mtu)
{
    char buffer[REQUEST_SIZE];
    struct nlmsghdr *request = ports_request(buffer, RTM_NEWLINK, 0, ifindex, NULL);

    mnl_attr_put_u32(request, IFLA_MTU, mtu);
    return ports_transact(ports, request, NULL, NULL);
}

static int
stats_attr_cb(const struct nlattr *attr, void *aux)
{
    struct rtnl_link_stats64 *stats = aux;

    if (mnl_attr_get_type(attr) == IFLA_STATS_LINK_64)
        memcpy(stats, mnl_attr_get_payload(attr),
               MIN(mnl_attr_get_payload_len(attr), sizeof *stats));
    return MNL_CB_OK;
}

static int
stats_cb(const struct nlmsghdr *message, void *aux)
{
    return mnl_attr_parse(message, sizeof(struct if_stats_msg), stats_attr_cb, aux);
}

int
ports_get_stats(struct ports *ports, uint32_t ifindex, struct rtnl_link_stats64 *stats)
{
    char buffer[REQUEST_SIZE];
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct if_stats_msg *what;

    memset(stats, 0, sizeof *stats);
    request->nlmsg_type = RTM_GETSTATS;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    what = mnl_nlmsg_put_extra_header(request, sizeof *what);
    what->ifindex = ifindex;
    what->filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64);
    return ports_transact(ports, request, stats_cb, stats);
}
