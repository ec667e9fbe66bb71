/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of bridges, and what becomes of them when their devices change. */
#include "shuntd/bridge.h"

#include <errno.h>

#include "lib/util.h"
#include "shuntd/health.h"
#include "slowpath/slowpath.h"

#define LOG_MODULE "bridge"
#include "lib/log.h"

bool
bridge_port_is_local(const struct bridge_port *port)
{
    return port == &port->bridge->local;
}

struct bridge_port_number
bridge_port_number(const struct bridge_port *port)
{
    struct bridge_port_number number;

    if (bridge_port_is_local(port))
        snprintf(number.text, sizeof number.text, "LOCAL");
    else
        snprintf(number.text, sizeof number.text, "%u", port->config.ofport);
    return number;
}

const struct link *
bridge_port_link(const struct bridge_port *port)
{
    const struct ports *links = port->bridge->bridges->links;
    const struct link *link = port->ifindex ? ports_find_ifindex(links, port->ifindex) : NULL;

    if (!link || !bridge_port_is_local(port))
        return link;
    return ports_find_ifindex(links, link->peer_ifindex);
}

struct bridge_port *
bridges_find_device(const struct bridges *bridges, const char *device)
{
    for (size_t i = 1; i < DP_MAX_PORTS; i++) {
        struct bridge_port *port = bridges->by_dp_port[i];

        if (port && !strcmp(port->config.device, device))
            return port;
    }
    return NULL;
}

static struct bridge_port *
find_ifindex(const struct bridges *bridges, uint32_t ifindex)
{
    for (size_t i = 1; i < DP_MAX_PORTS; i++) {
        struct bridge_port *port = bridges->by_dp_port[i];

        if (port && port->ifindex == ifindex)
            return port;
    }
    return NULL;
}

static struct bridge_port *
find_local(const struct bridges *bridges, uint32_t ifindex)
{
    struct bridge_port *port = find_ifindex(bridges, ifindex);

    return port && bridge_port_is_local(port) ? port : NULL;
}

/* ---- Attachment ---- */

/* Whose device this is already, or why it cannot be a port. */
static int
check_device(const struct bridges *bridges, const struct link *link, struct error *error)
{
    const struct bridge_port *port = find_ifindex(bridges, link->ifindex);
    const struct link *master;
    int err;

    if (!port && link->peer_ifindex)
        port = find_local(bridges, link->peer_ifindex);
    if (port && bridge_port_is_local(port))
        return error_set(error, EBUSY, "device '%s' is the local port of bridge '%s'", link->name,
                         port->bridge->config.name);
    if (bridges_take_name(bridges, link->name))
        return error_set(error, EEXIST, "device '%s': a bridge has that name: rename the device",
                         link->name);
    err = allowed_device(&bridges->allowed, link->name, error);
    if (err)
        return err;
    if (!link->ethernet)
        return error_set(error, EINVAL,
                         "device '%s' carries no Ethernet frames, so it cannot be a port",
                         link->name);
    master = link->master_ifindex ? ports_find_ifindex(bridges->links, link->master_ifindex) : NULL;
    if (master)
        return error_set(error, EBUSY,
                         "device '%s' belongs to %s: release it with 'ip link set %s nomaster'",
                         link->name, master->name, link->name);
    return 0;
}

/* A datapath port that the last daemon left is taken over when it is the one that is wanted. */
static int
get_dp_port(struct bridge_port *port, const struct link *link)
{
    struct dp *dp = port->bridge->bridges->dp;
    uint16_t bridge_id = port->bridge->config.dp_port;
    uint32_t dp_port = port->config.dp_port;

    if (!dp_port_get(dp, dp_port, &port->dp)) {
        if (port->dp.ifindex == link->ifindex && port->dp.bridge == bridge_id &&
            (port->config.hook == DP_HOOK_AUTO || port->config.hook == port->dp.hook))
            return 0;
        dp_port_remove(dp, dp_port);
    }
    return dp_port_add(dp, dp_port, link->ifindex, bridge_id, port->config.hook, &port->dp);
}

/* A driver drops frames for other hosts unless it is told not to. */
static int
make_promiscuous(struct bridge_port *port, const struct link *link)
{
    int err;

    if (link->promiscuous || link->kind == LINK_VETH || link->kind == LINK_TUN)
        return 0;
    err = ports_set_promiscuous(port->bridge->bridges->links, link->ifindex, true);
    port->config.promiscuous = !err;
    if (!err) /* The device may have come by itself. */
        bridges_save_soon(port->bridge->bridges);
    return err;
}

/* All that it takes of the kernel, or nothing. */
static int
join_fast_path(struct bridge_port *port, const struct link *link, struct error *error)
{
    struct bridges *bridges = port->bridge->bridges;
    int err = get_dp_port(port, link);

    if (err)
        return error_set(error, err, "device '%s': %s", link->name, dp_error());
    err = slowpath_read_rings(bridges->slowpath);
    if (err)
        error_set(error, err, "device '%s': %s", link->name, dp_error());
    if (!err && (err = make_promiscuous(port, link)))
        error_set(error, err, "device '%s': promiscuous mode was refused: %s", link->name,
                  strerror(err));
    if (err)
        dp_port_remove(bridges->dp, port->config.dp_port);
    return err;
}

int
bridge_port_attach(struct bridge_port *port, const struct link *link, struct error *error)
{
    struct bridges *bridges = port->bridge->bridges;
    char name[IFNAMSIZ];
    int err;

    memcpy(name, link->name, sizeof name);
    err = bridge_port_is_local(port) ? 0 : check_device(bridges, link, error);
    if (err)
        return err;
    err = join_fast_path(port, link, error);
    if (err) {
        health_note_refusal(bridges->health, err, error->text);
        return err;
    }
    port->ifindex = link->ifindex;
    port->error.text[0] = '\0';
    err = bridge_ofport_add(port);
    if (err) {
        bridge_port_detach(port, true);
        return error_set(error, err, "device '%s': OpenFlow refuses the port: %s", name,
                         strerror(err));
    }
    log_info("bridge %s: port %s is %s by %s (%s)", port->bridge->config.name,
             bridge_port_number(port).text, name, config_hook_name(port->dp.hook), port->dp.why);
    bridge_port_update_peer(port);
    return 0;
}

void
bridge_port_detach(struct bridge_port *port, bool link_exists)
{
    struct bridges *bridges = port->bridge->bridges;

    if (!port->ifindex)
        return;
    bridge_ofport_remove(port);
    dp_port_remove(bridges->dp, port->config.dp_port);
    if (port->config.promiscuous && link_exists)
        ports_set_promiscuous(bridges->links, port->ifindex, false);
    port->config.promiscuous = false;
    port->to_peer = false;
    port->peer_why[0] = '\0';
    port->ifindex = 0;
}

int
bridge_make_local(struct bridge *bridge, struct error *error)
{
    struct ports *links = bridge->bridges->links;
    const char *name = bridge->config.name;
    const struct link *link = ports_find_name(links, bridge->local.config.device);
    int err;

    if (link && (link->admin_up || !ports_find_name(links, name)))
        return 0; /* It is as it was made, or the host did something else with its end. */
    err = link ? ports_finish_local(links, name)
               : ports_create_local(links, name, bridge->config.mac);
    if (err) {
        error_set(error, err, "bridge '%s': its local port could not be made: %s", name,
                  strerror(err));
        health_note_refusal(bridge->bridges->health, err, error->text);
    }
    return err;
}

int
bridge_attach_local(struct bridge *bridge, struct error *error)
{
    struct ports *links = bridge->bridges->links;
    const struct link *link;
    int err;

    err = bridge_make_local(bridge, error);
    if (err)
        return err;
    ports_run(links);
    if (bridge->local.ifindex) /* By the event of its arrival. */
        return 0;
    link = ports_find_name(links, bridge->local.config.device);
    if (!link)
        return error_set(error, ENODEV, "bridge '%s': its local port went away",
                         bridge->config.name);
    return bridge_port_attach(&bridge->local, link, error);
}

/* ---- Requests ---- */

static struct bridge_port *
find_ofport(const struct bridge *bridge, uint32_t ofport)
{
    struct bridge_port *port;

    LIST_FOR_EACH (port, link, &bridge->ports) {
        if (port->config.ofport == ofport)
            return port;
    }
    return NULL;
}

/* The list is in order of number. */
static uint32_t
free_ofport(const struct bridge *bridge)
{
    uint32_t number = 1;
    struct bridge_port *port;

    LIST_FOR_EACH (port, link, &bridge->ports) {
        if (port->config.ofport != number)
            break;
        number++;
    }
    return number;
}

static int
check_new_port(const struct bridge *bridge, const struct config_port *request,
               const struct link **link, struct error *error)
{
    const struct bridges *bridges = bridge->bridges;
    const struct bridge_port *port;
    int err = config_check_name("device", request->device, error);

    if (err)
        return err;
    port = bridges_find_device(bridges, request->device);
    if (port && !bridge_port_is_local(port))
        return error_set(error, EEXIST, "device '%s' is already port %u of bridge '%s'",
                         request->device, port->config.ofport, port->bridge->config.name);
    *link = ports_find_name(bridges->links, request->device);
    if (!*link)
        return error_set(error, ENODEV,
                         "device '%s' does not exist in this network namespace: 'ip link' names "
                         "those that do",
                         request->device);
    port = find_ofport(bridge, request->ofport);
    if (port)
        return error_set(error, EEXIST, "ofport %u of bridge '%s' is device '%s' already",
                         request->ofport, bridge->config.name, port->config.device);
    return 0;
}

static void
insert_port(struct bridge *bridge, struct bridge_port *port)
{
    struct bridge_port *next;

    LIST_FOR_EACH (next, link, &bridge->ports) {
        if (next->config.ofport > port->config.ofport)
            break;
    }
    list_insert(&next->link, &port->link);
    bridge->bridges->by_dp_port[port->config.dp_port] = port;
}

void
bridge_port_free(struct bridge_port *port)
{
    bridges_leave_dp_port(port->bridge->bridges, port->config.dp_port);
    list_remove(&port->link);
    free(port);
}

int
bridge_add_port(struct bridge *bridge, const struct config_port *request, struct error *error)
{
    struct bridges *bridges = bridge->bridges;
    const struct link *link = NULL;
    struct bridge_port *port;
    uint32_t dp_port;
    int err;

    ports_run(bridges->links);
    err = check_new_port(bridge, request, &link, error);
    if (err)
        return err;
    dp_port = bridges_free_dp_port(bridges);
    if (!dp_port)
        return error_set(error, ENOSPC, "device '%s': all %d ports of the fast path are in use",
                         request->device, DP_MAX_PORTS - 1);
    port = xcalloc(1, sizeof *port);
    port->bridge = bridge;
    port->config = *request;
    port->config.dp_port = dp_port;
    if (!port->config.ofport)
        port->config.ofport = free_ofport(bridge);
    insert_port(bridge, port);
    err = bridge_port_attach(port, link, error);
    if (!err)
        err = bridges_save(bridges, error);
    if (err) {
        bridge_port_detach(port, true);
        bridge_port_free(port);
    }
    return err;
}

/* A port of the bridge that is not its local one. */
static int
find_port(const struct bridge *bridge, const char *device, struct bridge_port **portp,
          struct error *error)
{
    struct bridge_port *port = bridges_find_device(bridge->bridges, device);

    if (!strcmp(device, bridge->config.name) || (port && bridge_port_is_local(port)))
        return error_set(error, EINVAL,
                         "device '%s' is a local port: it goes with its bridge, by del-br", device);
    if (!port)
        return error_set(error, ENOENT, "device '%s' is no port of bridge '%s'", device,
                         bridge->config.name);
    if (port->bridge != bridge)
        return error_set(error, ENOENT, "device '%s' is a port of bridge '%s', not of '%s'", device,
                         port->bridge->config.name, bridge->config.name);
    *portp = port;
    return 0;
}

int
bridge_set_port(struct bridge *bridge, const struct config_port *request, struct error *error)
{
    struct bridge_port *port;
    int err = find_port(bridge, request->device, &port, error);

    if (err)
        return err;
    port->config.peer_off = request->peer_off;
    bridge_port_update_peer(port);
    return bridges_save(bridge->bridges, error);
}

int
bridge_remove_port(struct bridge *bridge, const char *device, struct error *error)
{
    struct bridge_port *port;
    int err = find_port(bridge, device, &port, error);

    if (err)
        return err;
    bridge_port_detach(port, true);
    bridge_port_free(port);
    return bridges_save(bridge->bridges, error);
}

/* ---- Events ---- */

/* No event tells that the other end of a port's veth came to this namespace, or left it. */
static void
on_peer_moved(struct bridges *bridges, const struct link *peer)
{
    if (peer->peer_ifindex && find_ifindex(bridges, peer->peer_ifindex))
        ports_refresh(bridges->links, peer->peer_ifindex);
}

/* A port that waits for a device of this name tries it, again at each change of the device. */
static void
on_link_added(void *aux, const struct link *link)
{
    struct bridges *bridges = aux;
    struct bridge_port *port = bridges_find_device(bridges, link->name);
    struct error error;

    on_peer_moved(bridges, link);
    if (!port || port->ifindex || !bridge_port_attach(port, link, &error))
        return;
    if (strcmp(port->error.text, error.text))
        log_warn("bridge %s: %s", port->bridge->config.name, error.text);
    port->error = error;
}

static void
set_missing(struct bridge_port *port)
{
    error_set(&port->error, ENODEV, "device '%s' is missing", port->config.device);
    log_warn("bridge %s: %s, port %s waits for it", port->bridge->config.name, port->error.text,
             bridge_port_number(port).text);
}

/* A port follows its device, unless the new name is another port's or a bridge's. */
static void
on_rename(struct bridge_port *port, const struct link *now)
{
    struct bridges *bridges = port->bridge->bridges;
    struct error error;

    if (bridges_find_device(bridges, now->name) || bridges_take_name(bridges, now->name) ||
        config_check_name("device", now->name, &error)) {
        bridge_port_detach(port, true);
        set_missing(port);
        on_link_added(bridges, now);
        return;
    }
    log_info("bridge %s: device %s of port %u is now %s", port->bridge->config.name,
             port->config.device, port->config.ofport, now->name);
    memcpy(port->config.device, now->name, sizeof port->config.device);
    if (bridges_save(bridges, &error))
        log_err("%s", error.text);
}

static void
on_link_changed(void *aux, const struct link *old, const struct link *now)
{
    struct bridges *bridges = aux;
    struct bridge_port *port = find_ifindex(bridges, now->ifindex);
    bool is_renamed = strcmp(old->name, now->name);

    if (!port && now->peer_ifindex) /* The host's end of a local port? */
        port = find_local(bridges, now->peer_ifindex);
    if (port && is_renamed && !bridge_port_is_local(port))
        on_rename(port, now);
    else if (!port)
        on_link_added(bridges, now);
    if (port && port->ifindex) {
        port->n_link_changes += old->admin_up != now->admin_up || old->carrier != now->carrier;
        bridge_ofport_update(port);
        bridge_port_update_peer(port);
    }
}

static void
on_link_removed(void *aux, const struct link *link)
{
    struct bridges *bridges = aux;
    struct bridge_port *port = find_ifindex(bridges, link->ifindex);

    on_peer_moved(bridges, link);
    if (!port)
        return;
    bridge_port_detach(port, false);
    set_missing(port);
    if (bridge_port_is_local(port) && bridge_make_local(port->bridge, &port->error))
        log_warn("%s", port->error.text);
}

const struct ports_ops bridge_ports_ops = {
    .link_added = on_link_added,
    .link_changed = on_link_changed,
    .link_removed = on_link_removed,
};
