/* SPDX-License-Identifier: Apache-2.0 */
/* Flows of packets: from the datapath's key, and from fields that somebody wrote down. */
#include "slowpath/xlate-private.h"

#include <netinet/in.h>

bool
xlate_flow_from_key(const struct xlate_bridge *bridge, const struct dp_key *key, struct flow *flow)
{
    const struct ofport *port = ofproto_port_by_dp_port(bridge->ofproto, key->in_port);

    memset(flow, 0, sizeof *flow);
    flow->key = *key;
    flow->actset_output = OFPORT_UNSET;
    flow->in_port = flow->in_phy_port = port ? port->port_no : OFPORT_CONTROLLER;
    return port != NULL;
}
static bool
has_l4(const struct dp_key *key)
{
    switch (key->ip_proto) {
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_SCTP:
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
        return !(key->ip_frag & DP_FRAG_LATER);
    default:
        return false;
    }
}

static bool
is_nd(const struct dp_key *key)
{
    uint16_t type = ntohs(key->tp_src);

    return ntohs(key->eth_type) == ETH_TYPE_IPV6 && key->ip_proto == IPPROTO_ICMPV6 &&
           (type == 135 || type == 136);
}

static uint8_t
count_labels(const struct dp_key *key)
{
    for (uint8_t i = 0; i < 3; i++) {
        if (key->mpls_lse[i] & htonl(MPLS_BOS))
            return i + 1;
    }
    return 4;
}

void
xlate_flow_complete(struct flow *flow)
{
    struct dp_key *key = &flow->key;

    for (int i = 0; i < 2; i++) {
        if (key->vlan[i].tpid == htons(FLOW_VLAN_PRESENT))
            key->vlan[i].tpid = htons(ETH_TYPE_VLAN);
    }
    switch (ntohs(key->eth_type)) {
    case ETH_TYPE_IPV4:
    case ETH_TYPE_IPV6:
        key->parsed = DP_PARSED_L3 | (has_l4(key) ? DP_PARSED_L4 : 0);
        key->parsed |= is_nd(key) ? DP_PARSED_ND : 0;
        if (!key->ip_ttl)
            key->ip_ttl = 64;
        break;
    case ETH_TYPE_ARP:
    case ETH_TYPE_RARP:
        key->parsed = DP_PARSED_ARP;
        break;
    case ETH_TYPE_MPLS:
    case ETH_TYPE_MPLS_MCAST:
        if (!(key->mpls_lse[0] & htonl(MPLS_TTL_MASK)))
            key->mpls_lse[0] |= htonl(64);
        key->n_mpls = count_labels(key);
        break;
    case ETH_TYPE_PBB:
        key->parsed = DP_PARSED_PBB;
        break;
    }
}
