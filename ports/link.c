/* SPDX-License-Identifier: Apache-2.0 */
#include "ports/link.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "lib/util.h"

struct attrs {
    const struct nlattr **table;
    uint16_t max;
};

static int
attrs_cb(const struct nlattr *attr, void *aux)
{
    struct attrs *attrs = aux;

    if (mnl_attr_get_type(attr) <= attrs->max)
        attrs->table[mnl_attr_get_type(attr)] = attr;
    return MNL_CB_OK;
}

static void
parse_nested(const struct nlattr *nest, const struct nlattr **table, uint16_t max)
{
    mnl_attr_parse_nested(nest, attrs_cb, &(struct attrs){table, max});
}

static enum link_kind
parse_kind(const struct nlattr *info)
{
    const struct nlattr *table[IFLA_INFO_MAX + 1] = {0};
    const char *kind;

    if (!info)
        return LINK_PHYSICAL;
    parse_nested(info, table, IFLA_INFO_MAX);
    if (!table[IFLA_INFO_KIND])
        return LINK_PHYSICAL;
    kind = mnl_attr_get_str(table[IFLA_INFO_KIND]);
    if (!strcmp(kind, "veth"))
        return LINK_VETH;
    return strcmp(kind, "tun") ? LINK_OTHER : LINK_TUN;
}

static void
parse_xdp(const struct nlattr *nest, struct link *link)
{
    static const uint8_t modes[] = {
        [XDP_ATTACHED_NONE] = LINK_XDP_NONE,    [XDP_ATTACHED_DRV] = LINK_XDP_NATIVE,
        [XDP_ATTACHED_SKB] = LINK_XDP_GENERIC,  [XDP_ATTACHED_HW] = LINK_XDP_OFFLOADED,
        [XDP_ATTACHED_MULTI] = LINK_XDP_NATIVE,
    };
    const struct nlattr *table[IFLA_XDP_MAX + 1] = {0};
    uint8_t mode;

    if (!nest)
        return;
    parse_nested(nest, table, IFLA_XDP_MAX);
    mode = table[IFLA_XDP_ATTACHED] ? mnl_attr_get_u8(table[IFLA_XDP_ATTACHED]) : 0;
    link->xdp = mode < ARRAY_SIZE(modes) ? modes[mode] : LINK_XDP_NATIVE;
    if (table[IFLA_XDP_PROG_ID])
        link->xdp_prog_id = mnl_attr_get_u32(table[IFLA_XDP_PROG_ID]);
}

static void
parse_peer(const struct nlattr *ifindex, const struct nlattr *netnsid, struct link *link)
{
    if (link->kind != LINK_VETH || !ifindex)
        return;
    if (!netnsid) {
        link->peer_ifindex = mnl_attr_get_u32(ifindex);
        return;
    }
    link->far_ifindex = mnl_attr_get_u32(ifindex);
    link->far_netnsid = (int32_t)mnl_attr_get_u32(netnsid);
}

int
link_parse(const struct nlmsghdr *message, struct link *link)
{
    const struct nlattr *table[IFLA_MAX + 1] = {0};
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

    memset(link, 0, sizeof *link);
    if (mnl_nlmsg_get_payload_len(message) < sizeof *info)
        return EBADMSG;
    mnl_attr_parse(message, sizeof *info, attrs_cb, &(struct attrs){table, IFLA_MAX});
    if (!table[IFLA_IFNAME] || mnl_attr_validate(table[IFLA_IFNAME], MNL_TYPE_STRING) < 0)
        return EBADMSG;
    strncpy(link->name, mnl_attr_get_str(table[IFLA_IFNAME]), sizeof link->name - 1);
    link->ifindex = info->ifi_index;
    link->ethernet = info->ifi_type == ARPHRD_ETHER;
    link->admin_up = info->ifi_flags & IFF_UP;
    link->promiscuous = info->ifi_flags & IFF_PROMISC;
    link->kind = parse_kind(table[IFLA_LINKINFO]);
    parse_peer(table[IFLA_LINK], table[IFLA_LINK_NETNSID], link);
    link->queued = table[IFLA_QDISC] && strcmp(mnl_attr_get_str(table[IFLA_QDISC]), "noqueue");
    if (table[IFLA_MASTER])
        link->master_ifindex = mnl_attr_get_u32(table[IFLA_MASTER]);
    if (table[IFLA_MTU])
        link->mtu = mnl_attr_get_u32(table[IFLA_MTU]);
    if (table[IFLA_CARRIER])
        link->carrier = mnl_attr_get_u8(table[IFLA_CARRIER]);
    if (table[IFLA_OPERSTATE])
        link->operstate = mnl_attr_get_u8(table[IFLA_OPERSTATE]);
    if (table[IFLA_ADDRESS] && mnl_attr_get_payload_len(table[IFLA_ADDRESS]) == sizeof link->mac)
        memcpy(link->mac, mnl_attr_get_payload(table[IFLA_ADDRESS]), sizeof link->mac);
    parse_xdp(table[IFLA_XDP], link);
    return 0;
}

bool
link_equal(const struct link *a, const struct link *b)
{
    return !memcmp(a, b, sizeof *a);
}

const char *
link_kind_name(const struct link *link)
{
    switch ((enum link_kind)link->kind) {
    case LINK_PHYSICAL:
        return "physical";
    case LINK_VETH:
        return "veth";
    case LINK_TUN:
        return link->ethernet ? "tap" : "tun";
    case LINK_OTHER:
        break;
    }
    return "other";
}
