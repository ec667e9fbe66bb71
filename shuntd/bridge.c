/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

#include "lib/hash.h"
#include "lib/util.h"
#include "ofproto/ofp.h"
#include "shuntd/health.h"
#include "shuntd/hold.h"
#include "shuntd/saver.h"
#include "slowpath/slowpath.h"

#define SAVE_AGAIN_MS 2000

#define LOG_MODULE "bridge"
#include "lib/log.h"

static void on_save_again(evutil_socket_t, short, void *);

static struct config_target *
copy_targets(const struct config_target *targets, size_t n)
{
    struct config_target *copy = xcalloc(n, sizeof *copy);

    for (size_t i = 0; i < n; i++)
        copy[i] = targets[i];
    return copy;
}

int
bridges_create(const struct bridges_options *options, struct bridges **bridgesp,
               struct error *error)
{
    const struct slowpath_options slowpath_options = {
        .base = options->base,
        .n_handlers = options->n_handlers,
    };
    struct bridges *bridges = xcalloc(1, sizeof *bridges);
    int err;

    bridges->base = options->base;
    bridges->dp = options->dp;
    bridges->tls = options->tls;
    bridges->allowed = options->allowed;
    bridges->run_dir = options->run_dir;
    bridges->config_path = options->config_path;
    bridges->state_dir = options->state_dir;
    bridges->restore = options->restore;
    bridges->identity = options->identity;
    bridges->hold_s = options->hold_s;
    list_init(&bridges->list);
    list_init(&bridges->leaving);
    bridges->run_event = event_new(bridges->base, -1, 0, bridges_on_run, bridges);
    bridges->save_event = event_new(bridges->base, -1, 0, on_save_again, bridges);
    err = ports_open(&bridge_ports_ops, bridges, &bridges->links);
    if (err) {
        error_set(error, err, "network devices could not be read: %s", strerror(err));
        goto error;
    }
    err = slowpath_create(bridges->dp, &slowpath_options, &bridge_slowpath_ops, bridges,
                          &bridges->slowpath);
    if (err) {
        error_set(error, err, "the slow path could not start: %s", strerror(err));
        goto error;
    }
    *bridgesp = bridges;
    return 0;

error:
    bridges_destroy(bridges, true);
    return err;
}

static void
free_bridge(struct bridge *bridge)
{
    struct bridge_port *port, *next;

    bridge_close_ofproto(bridge);
    LIST_FOR_EACH_SAFE (port, next, link, &bridge->ports)
        bridge_port_free(port);
    bridges_leave_dp_port(bridge->bridges, bridge->config.dp_port);
    list_remove(&bridge->link);
    config_free_bridge(&bridge->config);
    free(bridge);
}

/* Where the addresses that the bridge learned outlive the daemon. */
static int
macs_path(const struct bridge *bridge, char path[PATH_MAX])
{
    int n = snprintf(path, PATH_MAX, "%s/%s.macs", bridge->bridges->run_dir, bridge->config.name);

    return n >= PATH_MAX ? ENAMETOOLONG : 0;
}

static void
keep_macs(struct bridge *bridge)
{
    char path[PATH_MAX];
    int err = macs_path(bridge, path);

    if (!err)
        err = slowpath_fdb_keep(bridge->bridges->slowpath, bridge->ofproto, path);
    if (err)
        log_warn("bridge %s: learned addresses cannot be kept in %s: %s", bridge->config.name,
                 bridge->bridges->run_dir, strerror(err));
}

static void
remove_macs(const struct bridge *bridge)
{
    char path[PATH_MAX];

    if (bridge->bridges->state_dir && !macs_path(bridge, path))
        unlink(path);
}

/* Takes a bridge's ports off their devices and its local pair away. */
static void
release_devices(struct bridge *bridge)
{
    uint32_t local_ifindex = bridge->local.ifindex;
    struct bridge_port *port;

    bridge_close_connections(bridge);
    LIST_FOR_EACH (port, link, &bridge->ports)
        bridge_port_detach(port, true);
    bridge_port_detach(&bridge->local, true);
    if (local_ifindex)
        ports_delete(bridge->bridges->links, local_ifindex);
}

void
bridges_destroy(struct bridges *bridges, bool keep)
{
    struct bridge *bridge, *next;

    if (!bridges)
        return;
    struct error error;

    if (bridges_save_rest(bridges, &error))
        log_err("%s", error.text);
    health_destroy(bridges->health);
    hold_destroy(bridges);
    slowpath_stop(bridges->slowpath);
    if (keep)
        slowpath_let_go(bridges->slowpath);
    LIST_FOR_EACH_SAFE (bridge, next, link, &bridges->list) {
        if (!keep && bridge->saver)
            saver_save_now(bridge->saver, &error); /* Its errors are in the log. */
        if (!keep) {
            release_devices(bridge);
            remove_macs(bridge);
        }
        free_bridge(bridge);
    }
    slowpath_destroy(bridges->slowpath);
    ports_close(bridges->links);
    event_free(bridges->run_event);
    event_free(bridges->save_event);
    free(bridges);
}

int
bridges_links_fd(const struct bridges *bridges)
{
    return ports_fd(bridges->links);
}

void
bridges_run(struct bridges *bridges)
{
    ports_run(bridges->links);
}

/* ---- Configuration ---- */

static void
copy_config(const struct bridge *bridge, struct config_bridge *copy)
{
    size_t n_ports = 0;
    struct bridge_port *port;

    *copy = bridge->config;
    copy->controllers = copy_targets(copy->controllers, copy->n_controllers);
    LIST_FOR_EACH (port, link, &bridge->ports)
        n_ports++;
    copy->ports = xcalloc(n_ports, sizeof *copy->ports);
    LIST_FOR_EACH (port, link, &bridge->ports)
        copy->ports[copy->n_ports++] = port->config;
}

static int
save_all(struct bridges *bridges, struct error *error)
{
    struct config config = {0};
    struct bridge *bridge;
    size_t n = 0;
    int err;

    LIST_FOR_EACH (bridge, link, &bridges->list)
        n++;
    LIST_FOR_EACH (bridge, link, &bridges->leaving)
        n++;
    config.bridges = xcalloc(n, sizeof *config.bridges);
    LIST_FOR_EACH (bridge, link, &bridges->list)
        copy_config(bridge, &config.bridges[config.n_bridges++]);
    LIST_FOR_EACH (bridge, link, &bridges->leaving)
        copy_config(bridge, &config.bridges[config.n_bridges++]);
    err = config_save(bridges->config_path, &config, error);
    config_free(&config);
    return err;
}

static void
save_in(struct bridges *bridges, int64_t ms)
{
    const struct timeval wait = {ms / 1000, ms % 1000 * 1000};

    event_add(bridges->save_event, &wait);
}

int
bridges_save(struct bridges *bridges, struct error *error)
{
    int err;

    if (!bridges->config_path || bridges->saves_later)
        return 0;
    err = save_all(bridges, error);
    if (err)
        save_in(bridges, SAVE_AGAIN_MS);
    else
        event_del(bridges->save_event);
    bridges->save_failed = err;
    return err;
}

void
bridges_save_soon(struct bridges *bridges)
{
    if (bridges->config_path && !bridges->saves_later)
        save_in(bridges, 0);
}

static bool
is_unsaved(const struct bridges *bridges)
{
    return bridges->config_path && event_pending(bridges->save_event, EV_TIMEOUT, NULL);
}

int
bridges_save_rest(struct bridges *bridges, struct error *error)
{
    return is_unsaved(bridges) ? bridges_save(bridges, error) : 0;
}

static void
on_save_again(evutil_socket_t fd, short what, void *aux)
{
    struct bridges *bridges = aux;
    bool had_failed = bridges->save_failed;
    struct error error;
    int err = bridges_save(bridges, &error);

    (void)fd, (void)what;
    if (err && !had_failed)
        log_err("%s", error.text);
    else if (!err && had_failed)
        log_info("%s is saved again", bridges->config_path);
}

/* Savers that a bridges_save_state() waits for. */
struct state_save {
    size_t n_waiting;
    int err;
    struct error error;
    bridges_done_cb *done;
    void *aux;
};

/* One of a bridge's. */
struct bridge_save {
    struct state_save *all;
    const struct saver *saver;
};

static void
end_state_save(struct state_save *save)
{
    if (--save->n_waiting)
        return;
    save->done(save->aux, save->err, &save->error);
    free(save);
}

static void
on_saved(void *aux, int err)
{
    struct bridge_save *one = aux;

    if (err)
        one->all->err = saver_error(one->saver, err, &one->all->error);
    end_state_save(one->all);
    free(one);
}

void
bridges_save_state(struct bridges *bridges, bridges_done_cb *done, void *aux)
{
    struct state_save *save = xcalloc(1, sizeof *save);
    struct bridge *bridge;

    save->done = done;
    save->aux = aux;
    save->n_waiting = 1;
    LIST_FOR_EACH (bridge, link, &bridges->list) {
        struct bridge_save *one;

        if (!bridge->saver)
            continue;
        one = xcalloc(1, sizeof *one);
        *one = (struct bridge_save){save, bridge->saver};
        save->n_waiting++;
        saver_save(bridge->saver, on_saved, one);
    }
    end_state_save(save);
}

/* ---- Bridges ---- */

static struct bridge *
find_bridge(const struct list *list, const char *name)
{
    struct bridge *bridge;

    LIST_FOR_EACH (bridge, link, list) {
        if (!strcmp(bridge->config.name, name))
            return bridge;
    }
    return NULL;
}

bool
bridges_take_name(const struct bridges *bridges, const char *name)
{
    return find_bridge(&bridges->list, name) || find_bridge(&bridges->leaving, name);
}

int
bridges_find(const struct bridges *bridges, const char *name, struct bridge **bridge,
             struct error *error)
{
    *bridge = find_bridge(&bridges->list, name);
    if (!*bridge)
        return error_set(error, ENOENT, "bridge '%s' does not exist: 'shuntctl list-br' names them",
                         name);
    return 0;
}

void
bridges_leave_dp_port(struct bridges *bridges, uint32_t number)
{
    bridges->by_dp_port[number] = NULL;
    bridges->left[number] = slowpath_now(bridges->slowpath);
}

/* Megaflows send to the device that had the number before, or may get its packets. */
static bool
is_known(const struct bridges *bridges, uint32_t number)
{
    uint64_t left = bridges->left[number];

    return left && !(bridges->is_matched && slowpath_is_past(bridges->slowpath, left));
}

uint32_t
bridges_free_dp_port(const struct bridges *bridges)
{
    uint32_t known = 0;

    for (uint32_t i = 1; i < DP_MAX_PORTS; i++) {
        if (bridges->by_dp_port[i])
            continue;
        if (!is_known(bridges, i))
            return i;
        if (!known)
            known = i;
    }
    return known;
}

/* A MAC that stays the same over restarts and differs between hosts, bridges and run directories:
 * locally administered, unicast. */
static void
derive_mac(const struct bridges *bridges, const char *name, uint8_t mac[6])
{
    uint32_t seed = hash_string(bridges->identity, 0);
    uint32_t words[2] = {hash_string(name, seed), hash_string(name, ~seed)};

    memcpy(mac, words, 6);
    mac[0] = (mac[0] & 0xfc) | 2;
}

static uint64_t
datapath_id_of(const uint8_t mac[6])
{
    uint64_t id = 0;

    for (int i = 0; i < 6; i++)
        id = id << 8 | mac[i];
    return id;
}

/* Takes over `config` but for its ports, which are the caller's to add. */
static struct bridge *
new_bridge(struct bridges *bridges, const struct config_bridge *config)
{
    struct bridge *bridge = xcalloc(1, sizeof *bridge), *next;

    bridge->bridges = bridges;
    bridge->config = *config;
    bridge->config.ports = NULL;
    bridge->config.n_ports = 0;
    bridge->config.controllers = copy_targets(config->controllers, config->n_controllers);
    list_init(&bridge->ports);
    list_init(&bridge->barriers);
    list_init(&bridge->local.link);
    bridge->local.bridge = bridge;
    bridge->local.config.ofport = OFPORT_LOCAL;
    bridge->local.config.dp_port = config->dp_port;
    ports_local_end(config->name, bridge->local.config.device);
    bridges->by_dp_port[config->dp_port] = &bridge->local;
    LIST_FOR_EACH (next, link, &bridges->list) {
        if (strcmp(next->config.name, config->name) > 0)
            break;
    }
    list_insert(&next->link, &bridge->link);
    return bridge;
}

/* The local pair of a daemon that died before it had saved its bridge. */
static bool
is_left_over(const struct bridges *bridges, const struct link *link)
{
    const struct link *switch_end;
    char name[IFNAMSIZ];

    ports_local_end(link->name, name);
    switch_end = ports_find_name(bridges->links, name);
    return switch_end && switch_end->ifindex == link->peer_ifindex;
}

static int
check_new_bridge(struct bridges *bridges, const char *name, struct error *error)
{
    const struct bridge_port *port;
    const struct link *link;
    int err = config_check_name("bridge", name, error);

    if (err)
        return err;
    if (find_bridge(&bridges->list, name))
        return error_set(error, EEXIST, "bridge '%s' exists already", name);
    if (find_bridge(&bridges->leaving, name))
        return error_set(error, EBUSY, "bridge '%s' is being removed: try again when it is gone",
                         name);
    link = ports_find_name(bridges->links, name);
    if (link && !is_left_over(bridges, link))
        return error_set(error, EEXIST,
                         "bridge '%s': a %s device of that name exists; its local port needs the "
                         "name: take another, or rename the device",
                         name, link_kind_name(link));
    port = bridges_find_device(bridges, name);
    if (port)
        return error_set(error, EEXIST,
                         "bridge '%s': port %s of bridge '%s' waits for a device of that name: "
                         "take another, or remove the port",
                         name, bridge_port_number(port).text, port->bridge->config.name);
    return 0;
}

int
bridges_add(struct bridges *bridges, const struct config_bridge *request, struct error *error)
{
    struct config_bridge config = *request;
    struct bridge *bridge;
    int err;

    ports_run(bridges->links);
    err = check_new_bridge(bridges, request->name, error);
    if (err)
        return err;
    config.dp_port = bridges_free_dp_port(bridges);
    if (!config.dp_port)
        return error_set(error, ENOSPC, "bridge '%s': all %d ports of the fast path are in use",
                         request->name, DP_MAX_PORTS - 1);
    derive_mac(bridges, config.name, config.mac);
    if (!config.datapath_id)
        config.datapath_id = datapath_id_of(config.mac);
    if (!config.protocols)
        config.protocols = CONFIG_PROTOCOLS_ALL;
    if (!config.n_tables)
        config.n_tables = CONFIG_TABLES_MAX;
    bridge = new_bridge(bridges, &config);
    err = bridge_open_ofproto(bridge, error);
    if (!err)
        err = bridge_attach_local(bridge, error);
    if (!err && bridges->state_dir)
        err = saver_open(bridge, &bridge->saver, error);
    if (!err && bridges->state_dir) {
        remove_macs(bridge);
        keep_macs(bridge);
    }
    if (!err)
        err = bridges_save(bridges, error);
    if (err) {
        saver_close(bridge->saver);
        bridge->saver = NULL;
        saver_remove(bridge);
        remove_macs(bridge);
        release_devices(bridge);
        free_bridge(bridge);
        return err;
    }
    log_info("bridge %s: datapath id %016" PRIx64, config.name, config.datapath_id);
    return 0;
}

void
bridge_leave(struct bridge *bridge)
{
    log_info("bridge %s: removed", bridge->config.name);
    saver_close(bridge->saver);
    bridge->saver = NULL;
    saver_remove(bridge);
    remove_macs(bridge);
    bridge_close_connections(bridge);
    list_remove(&bridge->link);
    list_push_back(&bridge->bridges->leaving, &bridge->link);
}

bool
bridge_leave_step(struct bridge *bridge)
{
    struct bridge_port *port;

    LIST_FOR_EACH (port, link, &bridge->ports) {
        bridge_port_detach(port, true);
        bridge_port_free(port);
        return true;
    }
    release_devices(bridge);
    free_bridge(bridge);
    return false;
}

int
bridge_set(struct bridge *bridge, const struct config_bridge *config, struct error *error)
{
    struct config_bridge old = bridge->config;
    int err;

    bridge->config.datapath_id = config->datapath_id;
    bridge->config.protocols = config->protocols;
    bridge->config.standalone = config->standalone;
    err = bridges_save(bridge->bridges, error);
    if (err)
        bridge->config = old;
    else
        bridge_apply_settings(bridge);
    return err;
}

int
bridge_set_controllers(struct bridge *bridge, const struct config_target *targets, size_t n,
                       struct error *error)
{
    struct config_bridge old = bridge->config;
    int err = 0;

    for (size_t i = 0; i < n && !err; i++)
        err = allowed_target(&bridge->bridges->allowed, targets[i].name, error);
    if (err)
        return err;
    bridge->config.controllers = copy_targets(targets, n);
    bridge->config.n_controllers = n;
    err = bridge_apply_controllers(bridge, error);
    if (!err)
        err = bridges_save(bridge->bridges, error);
    if (err) {
        struct error ignored;

        free(bridge->config.controllers);
        bridge->config = old;
        bridge_apply_controllers(bridge, &ignored);
        return err;
    }
    free(old.controllers);
    return 0;
}

/* ---- Restoring ---- */

static void
restore_port(struct bridge *bridge, const struct config_port *config)
{
    const struct link *link = ports_find_name(bridge->bridges->links, config->device);
    struct bridge_port *port = xcalloc(1, sizeof *port);

    port->bridge = bridge;
    port->config = *config;
    list_push_back(&bridge->ports, &port->link);
    bridge->bridges->by_dp_port[config->dp_port] = port;
    if (!link)
        log_warn("bridge %s: device %s is missing, port %u waits for it", bridge->config.name,
                 config->device, config->ofport);
    else if (bridge_port_attach(port, link, &port->error))
        log_warn("bridge %s: %s", bridge->config.name, port->error.text);
}

static void
remove_unwanted_dp_ports(struct bridges *bridges)
{
    struct dp_port_info info;

    for (uint32_t i = 1; i < DP_MAX_PORTS; i++) {
        const struct bridge_port *port = bridges->by_dp_port[i];

        if ((port && port->ifindex) || dp_port_get(bridges->dp, i, &info))
            continue;
        dp_port_remove(bridges->dp, i);
        bridges->left[i] = slowpath_now(bridges->slowpath);
    }
}

static void
restore_state(struct bridge *bridge)
{
    struct error error;

    if (!bridge->bridges->state_dir)
        return;
    if (bridge->bridges->restore)
        bridge->is_restored = !saver_restore(bridge);
    if (saver_open(bridge, &bridge->saver, &error) && !bridge->saver)
        log_err("bridge %s: OpenFlow state is not saved: %s", bridge->config.name, error.text);
}

static void
restore_bridge(struct bridges *bridges, const struct config_bridge *config)
{
    struct bridge *bridge = new_bridge(bridges, config);
    struct error error;

    if (bridge_open_ofproto(bridge, &error))
        log_warn("%s", error.text);
    if (!bridge->ofproto) {
        free_bridge(bridge);
        return;
    }
    if (bridge_attach_local(bridge, &bridge->local.error))
        log_warn("%s", bridge->local.error.text);
    for (size_t i = 0; i < config->n_ports; i++)
        restore_port(bridge, &config->ports[i]);
    restore_state(bridge);
    if (bridges->state_dir)
        keep_macs(bridge);
}

int
bridges_start(struct bridges *bridges, const struct config *config, struct error *error)
{
    int err;

    bridges_adopt_meters(bridges);
    for (size_t i = 0; i < config->n_bridges; i++)
        restore_bridge(bridges, &config->bridges[i]);
    remove_unwanted_dp_ports(bridges);
    hold_begin(bridges, bridges->hold_s);
    err = slowpath_start(bridges->slowpath);
    if (err)
        error_set(error, err, "the slow path could not start: %s", strerror(err));
    else
        bridges->health = health_create(bridges);
    return err;
}
