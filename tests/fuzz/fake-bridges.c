/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/fake-bridges.h"

#include <errno.h>

#include "ofproto/connmgr.h"
#include "shuntd/daemon.h"
#include "slowpath/slowpath.h"
#include "tests/translation/fixture.h"

#define MAX_BRIDGES 4
#define MAX_PORTS 8

struct fake_bridge {
    struct bridge bridge;
    struct fixture fixture; /* Its tables. */
};

/* ---- All bridges ---- */
static void
ignore_packet_in(void *aux, const struct slowpath_packet_in *packet)
{
    (void)aux;
    (void)packet;
}

struct bridges *
fake_bridges_create(struct event_base *base)
{
    static const struct slowpath_ops ops = {ignore_packet_in};
    const struct slowpath_options options = {.base = base};
    struct bridges *bridges = xcalloc(1, sizeof *bridges);

    list_init(&bridges->list);
    if (slowpath_create(NULL, &options, &ops, NULL, &bridges->slowpath))
        abort();
    return bridges;
}

static void
free_port(struct bridge_port *port)
{
    list_remove(&port->link);
    free(port);
}

static void
free_bridge(struct bridge *bridge)
{
    struct fake_bridge *fake = CONTAINER_OF(bridge, struct fake_bridge, bridge);
    struct bridge_port *port, *next;

    LIST_FOR_EACH_SAFE (port, next, link, &bridge->ports)
        free_port(port);
    slowpath_remove_bridge(bridge->bridges->slowpath, bridge->ofproto);
    fixture_destroy(&fake->fixture);
    list_remove(&bridge->link);
    free(bridge->config.controllers);
    free(fake);
}

void
fake_bridges_clear(struct bridges *bridges)
{
    struct bridge *bridge, *next;

    LIST_FOR_EACH_SAFE (bridge, next, link, &bridges->list)
        free_bridge(bridge);
}

void
fake_bridges_destroy(struct bridges *bridges)
{
    if (bridges) {
        fake_bridges_clear(bridges);
        slowpath_destroy(bridges->slowpath);
        free(bridges);
    }
}

int
bridges_find(const struct bridges *bridges, const char *name, struct bridge **bridgep,
             struct error *error)
{
    struct bridge *bridge;

    LIST_FOR_EACH (bridge, link, &bridges->list) {
        if (!strcmp(bridge->config.name, name)) {
            *bridgep = bridge;
            return 0;
        }
    }
    return error_set(error, ENOENT, "bridge '%s' does not exist", name);
}

int
bridges_add(struct bridges *bridges, const struct config_bridge *request, struct error *error)
{
    struct fake_bridge *fake;
    struct bridge *bridge;
    size_t n = 0;

    if (!bridges_find(bridges, request->name, &bridge, error))
        return error_set(error, EEXIST, "bridge '%s' exists already", request->name);
    LIST_FOR_EACH (bridge, link, &bridges->list)
        n++;
    if (n >= MAX_BRIDGES)
        return error_set(error, ENOSPC, "there are %zu bridges already", n);
    fake = xcalloc(1, sizeof *fake);
    bridge = &fake->bridge;
    fixture_init(&fake->fixture);
    bridge->bridges = bridges;
    bridge->config = *request;
    bridge->local.bridge = bridge;
    list_init(&bridge->local.link);
    list_init(&bridge->ports);
    bridge->ofproto = fake->fixture.ofproto;
    list_push_back(&bridges->list, &bridge->link);
    return slowpath_add_bridge(bridges->slowpath, bridge->ofproto);
}

void
bridge_leave(struct bridge *bridge)
{
    list_remove(&bridge->link);
    list_init(&bridge->link);
}

bool
bridge_leave_step(struct bridge *bridge)
{
    free_bridge(bridge);
    return false;
}

/* ---- One bridge ---- */
int
bridge_set(struct bridge *bridge, const struct config_bridge *config, struct error *error)
{
    (void)error;
    bridge->config.datapath_id = config->datapath_id;
    bridge->config.standalone = config->standalone;
    bridge->config.protocols = config->protocols;
    return 0;
}

int
bridge_set_controllers(struct bridge *bridge, const struct config_target *targets, size_t n,
                       struct error *error)
{
    (void)error;
    free(bridge->config.controllers);
    bridge->config.controllers = xmemdup(targets, n * sizeof *targets);
    bridge->config.n_controllers = n;
    return 0;
}

void
connmgr_for_each_target(const struct connmgr *connmgr,
                        void (*cb)(void *aux, const struct connmgr_target_info *), void *aux)
{
    const struct connmgr_target_info info = {.target = "tcp:192.0.2.1:6653", .last_error = "none"};

    (void)connmgr;
    cb(aux, &info);
}

void
connmgr_get_management(const struct connmgr *connmgr, struct connmgr_target_info *info)
{
    (void)connmgr;
    *info = (struct connmgr_target_info){.target = "management"};
}

/* ---- Ports ---- */
bool
bridge_port_is_local(const struct bridge_port *port)
{
    return port == &port->bridge->local;
}

const struct link *
bridge_port_link(const struct bridge_port *port)
{
    (void)port;
    return NULL;
}

struct bridge_port *
bridges_find_device(const struct bridges *bridges, const char *device)
{
    struct bridge *bridge;
    struct bridge_port *port;

    LIST_FOR_EACH (bridge, link, &bridges->list) {
        LIST_FOR_EACH (port, link, &bridge->ports) {
            if (!strcmp(port->config.device, device))
                return port;
        }
    }
    return NULL;
}

int
bridge_add_port(struct bridge *bridge, const struct config_port *request, struct error *error)
{
    struct bridge_port *port;
    size_t n = 0;

    if (bridges_find_device(bridge->bridges, request->device))
        return error_set(error, EEXIST, "device '%s' is a port already", request->device);
    LIST_FOR_EACH (port, link, &bridge->ports)
        n++;
    if (n >= MAX_PORTS)
        return error_set(error, ENOSPC, "there are %zu ports already", n);
    port = xcalloc(1, sizeof *port);
    port->bridge = bridge;
    port->config = *request;
    list_push_back(&bridge->ports, &port->link);
    return 0;
}

int
bridge_remove_port(struct bridge *bridge, const char *device, struct error *error)
{
    struct bridge_port *port = bridges_find_device(bridge->bridges, device);

    if (!port || port->bridge != bridge)
        return error_set(error, ENOENT, "device '%s' is no port of bridge '%s'", device,
                         bridge->config.name);
    free_port(port);
    return 0;
}

void
daemon_end(struct daemon *daemon, enum daemon_end end)
{
    daemon->end = end;
}
