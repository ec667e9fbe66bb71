/* SPDX-License-Identifier: Apache-2.0 */
/* A port as OpenFlow sees it: what of a device it shows, and what a controller changes in it. */
#include "shuntd/bridge.h"

#include <errno.h>

#include "lib/util.h"
#include "ofproto/ofproto.h"
#include "ofproto/openflow.h"
#include "shuntd/health.h"
#include "slowpath/slowpath.h"

#define LOG_MODULE "bridge"
#include "lib/log.h"

/* The highest speed among LINK_MODE_* bits, in kbit/s. */
static uint32_t
max_kbps(uint32_t modes)
{
    static const struct {
        uint32_t modes, kbps;
    } rows[] = {
        {LINK_MODE_1T_FD, 1000000000},
        {LINK_MODE_100G_FD, 100000000},
        {LINK_MODE_40G_FD, 40000000},
        {LINK_MODE_10G_FD, 10000000},
        {LINK_MODE_1G_FD | LINK_MODE_1G_HD, 1000000},
        {LINK_MODE_100M_FD | LINK_MODE_100M_HD, 100000},
        {LINK_MODE_10M_FD | LINK_MODE_10M_HD, 10000},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (modes & rows[i].modes)
            return rows[i].kbps;
    }
    return 0;
}

static void
describe(const struct bridge_port *port, struct ofport *ofport)
{
    const struct link *link = bridge_port_link(port);
    struct link_medium medium;

    memset(ofport, 0, sizeof *ofport);
    ofport->port_no = port->config.ofport;
    ofport->dp_port = port->config.dp_port;
    snprintf(ofport->name, sizeof ofport->name, "%s",
             bridge_port_is_local(port) ? port->bridge->config.name : port->config.device);
    memcpy(ofport->hw_addr, port->bridge->config.mac, sizeof ofport->hw_addr);
    ofport->state = OFPPS_LINK_DOWN;
    if (!link) /* The host's end is in another namespace. */
        return;
    memcpy(ofport->hw_addr, link->mac, sizeof ofport->hw_addr);
    ofport->config = link->admin_up ? 0 : OFPPC_PORT_DOWN;
    ofport->state = link->admin_up && link->carrier ? 0 : OFPPS_LINK_DOWN;
    if (link_get_medium(link->name, &medium))
        return;
    ofport->current = medium.current;
    ofport->advertised = medium.advertised;
    ofport->supported = medium.supported;
    ofport->peer = medium.peer;
    ofport->current_kbps = medium.speed_mbps * 1000;
    ofport->max_kbps = max_kbps(medium.supported);
}

int
bridge_ofport_add(struct bridge_port *port)
{
    struct bridge *bridge = port->bridge;
    uint32_t port_no = port->config.ofport;
    struct ofport ofport;
    int err;

    describe(port, &ofport);
    err = ofproto_port_add(bridge->ofproto, &ofport, &port_no);
    if (!err)
        slowpath_port_added(bridge->bridges->slowpath, bridge->ofproto,
                            ofproto_port(bridge->ofproto, port_no));
    return err;
}

void
bridge_ofport_update(struct bridge_port *port)
{
    struct bridge *bridge = port->bridge;
    struct ofport ofport;
    int err;

    describe(port, &ofport);
    err = ofproto_port_update(bridge->ofproto, &ofport);
    if (err)
        log_warn("bridge %s: port %s could not be updated: %s", bridge->config.name,
                 bridge_port_number(port).text, strerror(err));
    else
        slowpath_port_changed(bridge->bridges->slowpath, bridge->ofproto,
                              ofproto_port(bridge->ofproto, ofport.port_no));
}

void
bridge_ofport_remove(struct bridge_port *port)
{
    struct bridge *bridge = port->bridge;
    const struct ofport *ofport = ofproto_port(bridge->ofproto, port->config.ofport);

    if (!ofport)
        return;
    slowpath_port_removed(bridge->bridges->slowpath, bridge->ofproto, ofport);
    ofproto_port_remove(bridge->ofproto, port->config.ofport);
}

static struct bridge_port *
port_of(const struct bridge *bridge, const struct ofport *ofport)
{
    return bridge->bridges->by_dp_port[ofport->dp_port];
}

static void
tell_refusal(const struct bridge_port *port, int err, const char *why)
{
    struct error error;

    error_set(&error, err, "bridge %s: port %s could not be configured: %s",
              port->bridge->config.name, bridge_port_number(port).text, why);
    health_note_refusal(port->bridge->bridges->health, err, error.text);
}

int
bridge_ofport_configure(void *aux, struct ofproto *ofproto, const struct ofport *ofport)
{
    struct bridge *bridge = aux;
    struct bridge_port *port = port_of(bridge, ofport);
    const struct link *link = bridge_port_link(port);
    bool up = !(ofport->config & OFPPC_PORT_DOWN), sets_up = link && link->admin_up != up;
    uint16_t flags = 0;
    int err = 0;

    if (ofport->config & OFPPC_NO_RECV)
        flags |= DP_PORT_NO_RECV;
    if (ofport->config & OFPPC_NO_FWD)
        flags |= DP_PORT_NO_FWD;
    if (sets_up)
        err = ports_set_up(bridge->bridges->links, link->ifindex, up);
    if (err) {
        tell_refusal(port, err, strerror(err));
        return err;
    }
    err = dp_port_set_flags(bridge->bridges->dp, ofport->dp_port, flags);
    if (err)
        tell_refusal(port, err, dp_error());
    if (err && sets_up)
        ports_set_up(bridge->bridges->links, link->ifindex, !up);
    slowpath_port_changed(bridge->bridges->slowpath, ofproto, ofport);
    return err;
}

int
bridge_ofport_stats(void *aux, struct ofproto *ofproto, const struct ofport *ofport,
                    struct ofport_stats *stats)
{
    struct bridge *bridge = aux;
    struct rtnl_link_stats64 device;
    struct dp_port_stats dp;
    int err = dp_port_stats(bridge->bridges->dp, ofport->dp_port, &dp);

    (void)ofproto;
    if (err)
        return err;
    *stats = (struct ofport_stats){
        .rx_packets = dp.rx_packets,
        .tx_packets = dp.tx_packets,
        .rx_bytes = dp.rx_bytes,
        .tx_bytes = dp.tx_bytes,
        .rx_dropped = dp.rx_dropped,
        .tx_dropped = dp.tx_dropped,
    };
    if (ports_get_stats(bridge->bridges->links, port_of(bridge, ofport)->ifindex, &device))
        return 0;
    stats->rx_errors = device.rx_errors;
    stats->tx_errors = device.tx_errors;
    stats->rx_frame_err = device.rx_frame_errors;
    stats->rx_over_err = device.rx_over_errors;
    stats->rx_crc_err = device.rx_crc_errors;
    stats->collisions = device.collisions;
    return 0;
}
