/* SPDX-License-Identifier: Apache-2.0 */
/* Whether TC may hand a port's packets straight to the other end of its veth (DP_PORT_PEER), which
 * spares a queue and a softirq: that end must be up, in another namespace, and have nothing that
 * such packets would pass by. The kernel drops what is sent this way to an end that is not. */
#include "shuntd/bridge.h"

#include <stdarg.h>

#include "lib/util.h"

#define LOG_MODULE "bridge"
#include "lib/log.h"

#define ETH_AND_VLAN 18

static void __attribute__((format(printf, 2, 3)))
no_peer(struct bridge_port *port, const char *format, ...)
{
    va_list args;

    port->to_peer = false;
    va_start(args, format);
    vsnprintf(port->peer_why, sizeof port->peer_why, format, args);
    va_end(args);
}

/* What the near end tells. */
static bool
near_end_allows(struct bridge_port *port, const struct link *link)
{
    if (port->config.peer_off)
        no_peer(port, "peer=off was asked for");
    else if (link->kind != LINK_VETH)
        no_peer(port, "not a veth");
    else if (!link->far_ifindex)
        no_peer(port, "its other end is in this namespace");
    else if (link->queued)
        no_peer(port, "a queueing discipline shapes it");
    else if (!link->admin_up || !link->carrier)
        no_peer(port, "no carrier");
    else
        return true;
    return false;
}

static bool
far_end_allows(struct bridge_port *port, const struct link *link, struct link *far_end)
{
    int err = ports_get_far_end(port->bridge->bridges->links, link, far_end);

    if (err)
        no_peer(port, "its other end cannot be followed: %s", strerror(err));
    else if (!far_end->admin_up)
        no_peer(port, "its other end is down");
    else if (far_end->xdp != LINK_XDP_NONE)
        no_peer(port, "its other end runs XDP");
    else
        return true;
    return false;
}

void
bridge_port_update_peer(struct bridge_port *port)
{
    struct bridges *bridges = port->bridge->bridges;
    const struct link *link = ports_find_ifindex(bridges->links, port->ifindex);
    bool before = port->to_peer;
    struct link far_end;
    struct dp_peer peer;

    if (!port->ifindex || !link)
        return;
    port->to_peer = near_end_allows(port, link) && far_end_allows(port, link, &far_end);
    if (port->to_peer) {
        memcpy(peer.mac, far_end.mac, sizeof peer.mac);
        peer.size = far_end.mtu + ETH_AND_VLAN;
        snprintf(port->peer_why, sizeof port->peer_why, "its other end is in another namespace");
    }
    dp_port_set_peer(bridges->dp, port->config.dp_port, port->to_peer ? &peer : NULL);
    if (before != port->to_peer)
        log_info("bridge %s: port %s sends %s: %s", port->bridge->config.name,
                 bridge_port_number(port).text,
                 port->to_peer ? "straight to the other end of its veth" : "by its own egress",
                 port->peer_why);
}
