/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: devices whose ingress runs the switch.
 *
 * The shared arrays are written before programs are attached and cleared after they are
 * detached, so that a program never runs on a device that it does not know. */
#include "datapath/dp-internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "datapath/state.bpf.h"
#include "lib/util.h"

/* ---- Which hook ---- */

static void
device_driver(const char *name, char driver[32])
{
    struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
    struct ifreq request = {.ifr_data = (void *)&info};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
        snprintf(info.driver, sizeof info.driver, "unknown");
    snprintf(driver, 32, "%.31s", info.driver);
    if (fd >= 0)
        close(fd);
}

static bool
is_hardware(const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "/sys/class/net/%s/device", name);
    return !access(path, F_OK);
}

/* Physical (and emulated) NICs get XDP; what carries segmentation and checksum offload between
 * local hosts gets TC, where these survive. */
static enum dp_hook
choose_hook(const char *name, enum dp_hook wanted, char why[96])
{
    char driver[32];

    device_driver(name, driver);
    if (wanted != DP_HOOK_AUTO) {
        snprintf(why, 96, "hook=%s was asked for", wanted == DP_HOOK_XDP ? "xdp" : "tc");
        return wanted;
    }
    if (is_hardware(name)) {
        snprintf(why, 96, "a network card (driver %s)", driver);
        return DP_HOOK_XDP;
    }
    snprintf(why, 96, "driver %s: TC keeps segmentation and checksum offload", driver);
    return DP_HOOK_TC;
}

/* ---- The shared arrays ---- */

static void
slot_store(struct dp_ifindex_slot *slot, struct dp_ifindex_slot value)
{
    uint64_t word;

    memcpy(&word, &value, sizeof word);
    __atomic_store_n((uint64_t *)slot, word, __ATOMIC_RELEASE);
}

/* Tells the way in of the port, or of its changed flags. */
static int
ifindex_set(struct dp *dp, uint32_t port_no)
{
    const struct dp_port *port = &dp->ports[port_no];
    uint32_t ifindex = port->ifindex;
    struct dp_ifindex_slot *slot = &dp->ifindex_ports[ifindex & (DP_IFINDEX_SLOTS - 1)];

    if (!slot->ifindex || slot->port_no == port_no) {
        slot_store(slot, (struct dp_ifindex_slot){ifindex, port_no, port->flags});
        return 0;
    }
    if (bpf_map_update_elem(dp_map_fd(dp, "ifindex_clashes"), &ifindex, &port_no, BPF_ANY))
        return dp_fail(errno, "interface index %u: %s", ifindex, strerror(errno));
    return 0;
}

static void
ifindex_clear(struct dp *dp, uint32_t ifindex, uint32_t port_no)
{
    struct dp_ifindex_slot *slot = &dp->ifindex_ports[ifindex & (DP_IFINDEX_SLOTS - 1)];

    if (slot->port_no == port_no)
        slot_store(slot, (struct dp_ifindex_slot){0, DP_NO_PORT, 0});
    bpf_map_delete_elem(dp_map_fd(dp, "ifindex_clashes"), &ifindex);
}

static bool
is_native(uint32_t ifindex)
{
    LIBBPF_OPTS(bpf_xdp_query_opts, options);

    return !bpf_xdp_query((int)ifindex, 0, &options) && options.attach_mode == XDP_ATTACHED_DRV;
}

bool
port_could_xdp_output(const struct dp *dp, uint32_t port_no, int devmap)
{
    const struct dp_port *port = &dp->ports[port_no];
    uint32_t ifindex;

    if (port->flags & DP_PORT_NO_FWD)
        return port->flags & DP_PORT_XDP && is_native(port->ifindex);
    return !bpf_map_lookup_elem(devmap, &port_no, &ifindex) && ifindex == port->ifindex;
}

/* Ports that XDP may send to: those with native XDP, whose drivers take frames from others, and
 * which do not refuse (OFPPC_NO_FWD). When the kernel refuses one, TC sends to it. */
static int
xdp_output_update(struct dp *dp, uint32_t port_no, bool can)
{
    const struct dp_port *port = &dp->ports[port_no];
    int devmap = dp_map_fd(dp, "devmap"), error = 0;

    if (!can || port->flags & DP_PORT_NO_FWD) {
        bpf_map_delete_elem(devmap, &port_no);
    } else if (bpf_map_update_elem(devmap, &port_no, &port->ifindex, BPF_ANY)) {
        error = dp_fail(errno, "the map of devices that XDP sends to: %s", strerror(errno));
        can = false;
    }
    if (dp->xdp_output[port_no] != can) {
        dp->xdp_output[port_no] = can;
        flow_table_refresh_hooks(dp);
    }
    return error;
}

/* ---- Attaching ---- */

static void
pin_names(uint32_t port_no, char tc[32], char xdp[32])
{
    snprintf(tc, 32, "%u-tc", port_no);
    snprintf(xdp, 32, "%u-xdp", port_no);
}

static void
port_detach(struct dp *dp, uint32_t port_no)
{
    struct port_links *links = &dp->links[port_no];
    char tc[32], xdp[32];

    pin_names(port_no, tc, xdp);
    detach(dp, xdp, &links->xdp_fd);
    detach(dp, tc, &links->tc_fd);
    if (links->clsact)
        detach_clsact(dp->ports[port_no].ifindex, dp->ports[port_no].flags & DP_PORT_QDISC);
    links->clsact = false;
}

/* XDP where `hook` says so; a card without it falls back to TC unless XDP was asked for. */
static int
port_attach(struct dp *dp, uint32_t port_no, enum dp_hook *hook, bool forced, bool *native)
{
    struct port_links *links = &dp->links[port_no];
    uint32_t ifindex = dp->ports[port_no].ifindex;
    enum attach_tc_how how;
    char tc[32], xdp[32];
    bool generic = false;
    int error;

    pin_names(port_no, tc, xdp);
    error = attach_tc(dp, ifindex, false, tc, &links->tc_fd, &how);
    links->clsact = !error && how != ATTACHED_TCX;
    if (links->clsact && how == ATTACHED_OWN_CLSACT)
        dp->ports[port_no].flags |= DP_PORT_QDISC;
    if (error || *hook != DP_HOOK_XDP)
        return error;
    error = attach_xdp(dp, ifindex, xdp, &links->xdp_fd, &generic);
    if (!error && generic && !forced) {
        detach(dp, xdp, &links->xdp_fd);
        error = EOPNOTSUPP;
    }
    *native = !error && !generic;
    if (!error && generic)
        snprintf(links->why, sizeof links->why,
                 "hook=xdp was asked for; generic XDP: the driver has no native one");
    if (error && !forced) {
        *hook = DP_HOOK_TC;
        snprintf(links->why, sizeof links->why, "a network card without native XDP");
        error = 0;
    }
    return error;
}

/* ---- Public ---- */

static int
port_check_free(const struct dp *dp, uint32_t port_no, uint32_t ifindex)
{
    if (!port_no || port_no >= DP_MAX_PORTS)
        return dp_fail(EINVAL, "port number %u: 1 to %d are possible", port_no, DP_MAX_PORTS - 1);
    if (dp->ports[port_no].ifindex)
        return dp_fail(EEXIST, "port number %u is in use", port_no);
    for (uint32_t i = 1; i < DP_MAX_PORTS; i++) {
        if (dp->ports[i].ifindex == ifindex)
            return dp_fail(EEXIST, "the device is port %u already", i);
    }
    return 0;
}

static void
port_clear(struct dp *dp, uint32_t port_no)
{
    uint32_t ifindex = dp->ports[port_no].ifindex;

    port_detach(dp, port_no);
    xdp_output_update(dp, port_no, false);
    memset(&dp->ports[port_no], 0, sizeof dp->ports[port_no]);
    ifindex_clear(dp, ifindex, port_no);
}

static void
port_info(const struct dp *dp, uint32_t port_no, struct dp_port_info *info)
{
    const struct dp_port *port = &dp->ports[port_no];

    memset(info, 0, sizeof *info);
    info->port_no = port_no;
    info->ifindex = port->ifindex;
    info->hook = port->flags & DP_PORT_XDP ? DP_HOOK_XDP : DP_HOOK_TC;
    info->bridge = port->bridge;
    info->flags = port->flags;
    snprintf(info->why, sizeof info->why, "%s", dp->links[port_no].why);
}

static void
port_stats_clear(struct dp *dp, uint32_t port_no)
{
    memset(&dp->port_base[port_no], 0, sizeof *dp->port_base);
    for (uint32_t cpu = 0; cpu < dp->n_cpus; cpu++)
        memset(&dp->states[cpu].port_stats[port_no], 0, sizeof(struct dp_port_stats));
}

static int
port_add(struct dp *dp, uint32_t port_no, uint32_t ifindex, uint16_t bridge, enum dp_hook wanted)
{
    struct dp_port *port = &dp->ports[port_no];
    enum dp_hook hook;
    char name[IFNAMSIZ], said[400];
    bool native = false;
    int error;

    if (!if_indextoname(ifindex, name))
        return dp_fail(ENODEV, "there is no device with interface index %u", ifindex);
    error = port_check_free(dp, port_no, ifindex);
    if (error)
        return error;
    error = ring_open(dp, port_no % dp->n_rings);
    if (error)
        return error;
    port_stats_clear(dp, port_no);
    hook = choose_hook(name, wanted, dp->links[port_no].why);
    port->bridge = bridge;
    __atomic_store_n(&port->ifindex, ifindex, __ATOMIC_RELEASE);
    error = ifindex_set(dp, port_no);
    if (!error)
        error = port_attach(dp, port_no, &hook, wanted == DP_HOOK_XDP, &native);
    if (!error && hook == DP_HOOK_XDP)
        port->flags |= DP_PORT_XDP;
    if (!error)
        error = xdp_output_update(dp, port_no, native);
    if (error) {
        port_clear(dp, port_no);
        snprintf(said, sizeof said, "%s", dp_error());
        return dp_fail(error, "%s: %s", name, said);
    }
    return 0;
}

int
dp_port_add(struct dp *dp, uint32_t port_no, uint32_t ifindex, uint16_t bridge, enum dp_hook hook,
            struct dp_port_info *info)
{
    int error;

    pthread_mutex_lock(&dp->lock);
    error = port_add(dp, port_no, ifindex, bridge, hook);
    if (!error && info)
        port_info(dp, port_no, info);
    pthread_mutex_unlock(&dp->lock);
    return error;
}

static int
port_check(const struct dp *dp, uint32_t port_no)
{
    if (!port_no || port_no >= DP_MAX_PORTS || !dp->ports[port_no].ifindex)
        return dp_fail(ENOENT, "there is no port %u", port_no);
    return 0;
}

int
dp_port_remove(struct dp *dp, uint32_t port_no)
{
    int error;

    pthread_mutex_lock(&dp->lock);
    error = port_check(dp, port_no);
    if (!error)
        port_clear(dp, port_no);
    pthread_mutex_unlock(&dp->lock);
    return error;
}

int
dp_port_get(const struct dp *dp, uint32_t port_no, struct dp_port_info *info)
{
    int error = port_check(dp, port_no);

    if (!error)
        port_info(dp, port_no, info);
    return error;
}

static int
port_set_flags(struct dp *dp, uint32_t port_no, uint16_t flags)
{
    const uint16_t settable = DP_PORT_NO_RECV | DP_PORT_NO_FWD | DP_PORT_TO_LOCAL;
    struct dp_port *port = &dp->ports[port_no];
    uint16_t old = port->flags;
    int error;

    port->flags = (old & ~settable) | (flags & settable);
    error = ifindex_set(dp, port_no);
    if (!error)
        error = xdp_output_update(dp, port_no, dp->xdp_output[port_no]);
    if (error) {
        port->flags = old;
        ifindex_set(dp, port_no);
    }
    return error;
}

int
dp_port_set_flags(struct dp *dp, uint32_t port_no, uint16_t flags)
{
    int error;

    pthread_mutex_lock(&dp->lock);
    error = port_check(dp, port_no);
    if (!error)
        error = port_set_flags(dp, port_no, flags);
    pthread_mutex_unlock(&dp->lock);
    return error;
}

/* The flag says that the rest is whole: it comes last, and goes first. */
static void
port_set_peer(struct dp_port *port, const struct dp_peer *peer)
{
    uint64_t mac = 0;

    __atomic_and_fetch(&port->flags, (uint16_t)~DP_PORT_PEER, __ATOMIC_SEQ_CST);
    if (!peer)
        return;
    memcpy(&mac, peer->mac, sizeof peer->mac);
    port->peer_size = peer->size;
    __atomic_store_n(&port->peer_mac, mac, __ATOMIC_RELEASE);
    __atomic_or_fetch(&port->flags, DP_PORT_PEER, __ATOMIC_SEQ_CST);
}

int
dp_port_set_peer(struct dp *dp, uint32_t port_no, const struct dp_peer *peer)
{
    int error;

    pthread_mutex_lock(&dp->lock);
    error = port_check(dp, port_no);
    if (!error)
        port_set_peer(&dp->ports[port_no], peer);
    pthread_mutex_unlock(&dp->lock);
    return error;
}

int
dp_port_set_upcall_rate(struct dp *dp, uint32_t port_no, uint32_t rate, uint32_t burst)
{
    int error;

    pthread_mutex_lock(&dp->lock);
    error = port_check(dp, port_no);
    if (!error) {
        dp->ports[port_no].upcall_burst = burst ? burst : 1;
        dp->ports[port_no].upcall_rate = rate;
    }
    pthread_mutex_unlock(&dp->lock);
    return error;
}

int
dp_port_stats(const struct dp *dp, uint32_t port_no, struct dp_port_stats *total)
{
    int error = port_check(dp, port_no);

    if (error)
        memset(total, 0, sizeof *total);
    else
        *total = dp->port_base[port_no];
    for (uint32_t cpu = 0; !error && cpu < dp->n_cpus; cpu++) {
        const uint64_t *from = (const uint64_t *)&dp->states[cpu].port_stats[port_no];

        for (size_t i = 0; i < sizeof *total / sizeof(uint64_t); i++)
            ((uint64_t *)total)[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
    }
    return error;
}

/* ---- All ports ---- */

static void
port_adopt(struct dp *dp, uint32_t port_no)
{
    struct dp_port *port = &dp->ports[port_no];
    enum dp_hook hook = port->flags & DP_PORT_XDP ? DP_HOOK_XDP : DP_HOOK_TC;
    char name[IFNAMSIZ];
    bool native = false;

    snprintf(dp->links[port_no].why, sizeof dp->links[port_no].why, "as the last daemon chose");
    dp->xdp_output[port_no] = port_could_xdp_output(dp, port_no, dp_map_fd(dp, "devmap"));
    if (!if_indextoname(port->ifindex, name) || ring_open(dp, port_no % dp->n_rings) ||
        port_attach(dp, port_no, &hook, true, &native))
        port_clear(dp, port_no);
}

int
ports_adopt(struct dp *dp)
{
    for (uint32_t i = 1; i < DP_MAX_PORTS; i++) {
        if (dp->ports[i].ifindex)
            port_adopt(dp, i);
    }
    return 0;
}

int
port_announce(struct dp *dp, uint32_t port_no)
{
    return ifindex_set(dp, port_no);
}

void
ports_detach_all(struct dp *dp)
{
    for (uint32_t i = 1; i < DP_MAX_PORTS; i++) {
        if (dp->ports[i].ifindex)
            port_clear(dp, i);
    }
}
