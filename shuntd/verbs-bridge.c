/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that read and change what is configured. */
#include "shuntd/verbs.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

static int
find_bridge(struct daemon *daemon, const json_t *request, struct bridge **bridge,
            struct error *error)
{
    return bridges_find(daemon->bridges, request_string(request, "bridge"), bridge, error);
}

/* ---- Settings of a bridge ---- */

static int
parse_protocols(const json_t *names, uint32_t *protocols, struct error *error)
{
    *protocols = 0;
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        int err = config_parse_protocol(name ? name : "", protocols, error);

        if (err)
            return err;
    }
    if (!*protocols)
        return error_set(error, EINVAL, "protocols: want at least one");
    return 0;
}

static int
parse_fail_mode(const char *text, bool *standalone, struct error *error)
{
    *standalone = !strcmp(text, "standalone");
    if (!*standalone && strcmp(text, "secure"))
        return error_set(error, EINVAL, "fail mode '%s': want secure or standalone", text);
    return 0;
}

/* Changes in `config` what the request names. */
static int
parse_settings(const json_t *request, struct config_bridge *config, struct error *error)
{
    const char *id = request_string(request, "datapath_id");
    const char *fail_mode = request_string(request, "fail_mode");
    const json_t *protocols = json_object_get(request, "protocols");
    const json_t *n_tables = json_object_get(request, "n_tables");
    int err = 0;

    if (id)
        err = config_parse_datapath_id(id, &config->datapath_id, error);
    if (!err && fail_mode)
        err = parse_fail_mode(fail_mode, &config->standalone, error);
    if (!err && protocols)
        err = parse_protocols(protocols, &config->protocols, error);
    if (!err && n_tables) {
        json_int_t n = json_integer_value(n_tables);

        if (n < 1 || n > CONFIG_TABLES_MAX)
            return error_set(error, EINVAL, "n_tables %lld: want 1 to %d", n, CONFIG_TABLES_MAX);
        config->n_tables = n;
    }
    return err;
}

int
verb_add_br(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    const char *name = request_string(request, "bridge");
    struct config_bridge config = {.standalone = true};
    struct bridge *bridge;
    int err;

    (void)result;
    if (request_flag(request, "may_exist") && !bridges_find(daemon->bridges, name, &bridge, error))
        return 0;
    err = config_check_name("bridge", name, error);
    if (err)
        return err;
    strcpy(config.name, name);
    err = parse_settings(request, &config, error);
    return err ? err : bridges_add(daemon->bridges, &config, error);
}

int
verb_set_br(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    struct config_bridge config;
    struct bridge *bridge;
    int err = find_bridge(daemon, request, &bridge, error);

    (void)result;
    if (err)
        return err;
    config = bridge->config;
    err = parse_settings(request, &config, error);
    return err ? err : bridge_set(bridge, &config, error);
}

int
verb_list_br(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    struct bridge *bridge;

    (void)request;
    (void)error;
    *result = json_array();
    LIST_FOR_EACH (bridge, link, &daemon->bridges->list)
        json_array_append_new(*result, json_string(bridge->config.name));
    return 0;
}

/* ---- Ports ---- */

static int
parse_port(const json_t *request, struct config_port *port, struct error *error)
{
    const json_t *ofport = json_object_get(request, "ofport");
    const char *device = request_string(request, "device"), *hook = request_string(request, "hook");
    const char *peer = request_string(request, "peer");
    int err = config_check_name("device", device, error);

    memset(port, 0, sizeof *port);
    if (!err && hook)
        err = config_parse_hook(hook, &port->hook, error);
    if (!err && peer)
        err = config_parse_peer(peer, &port->peer_off, error);
    if (err)
        return err;
    strcpy(port->device, device);
    if (ofport) {
        json_int_t n = json_integer_value(ofport);

        if (n < 1 || n > CONFIG_OFPORT_MAX)
            return error_set(error, EINVAL, "ofport %lld: want 1 to %d", n, CONFIG_OFPORT_MAX);
        port->ofport = n;
    }
    return 0;
}

int
verb_add_port(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    const struct bridge_port *old;
    struct config_port port;
    struct bridge *bridge;
    int err = find_bridge(daemon, request, &bridge, error);

    (void)result;
    if (!err)
        err = parse_port(request, &port, error);
    if (err)
        return err;
    old = bridges_find_device(daemon->bridges, port.device);
    if (request_flag(request, "may_exist") && old && old->bridge == bridge)
        return 0;
    return bridge_add_port(bridge, &port, error);
}

int
verb_del_port(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    const char *device = request_string(request, "device");
    struct bridge *bridge;
    int err = find_bridge(daemon, request, &bridge, error);

    (void)result;
    if (err)
        return err;
    err = bridge_remove_port(bridge, device, error);
    if (err == ENOENT && request_flag(request, "if_exists"))
        err = bridges_save_rest(daemon->bridges, error);
    return err;
}

int
verb_set_port(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    struct config_port port;
    struct bridge *bridge;
    int err = find_bridge(daemon, request, &bridge, error);

    (void)result;
    if (!err)
        err = parse_port(request, &port, error);
    return err ? err : bridge_set_port(bridge, &port, error);
}

int
verb_list_ports(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    struct bridge_port *port;
    struct bridge *bridge;
    int err = find_bridge(daemon, request, &bridge, error);

    if (err)
        return err;
    *result = json_array();
    LIST_FOR_EACH (port, link, &bridge->ports)
        json_array_append_new(*result, json_string(port->config.device));
    return 0;
}

/* ---- Controllers ---- */

/* Packet-ins, 0 when the request says nothing. */
static int
parse_limit(const json_t *request, const char *name, uint32_t *limit, struct error *error)
{
    json_int_t value = json_integer_value(json_object_get(request, name));

    if (value < 0 || value > CONFIG_LIMIT_MAX)
        return error_set(error, EINVAL, "%s '%lld': want 0 (no limit) to %d packet-ins", name,
                         (long long)value, CONFIG_LIMIT_MAX);
    *limit = (uint32_t)value;
    return 0;
}

int
verb_set_controller(struct daemon *daemon, const json_t *request, json_t **result,
                    struct error *error)
{
    const json_t *names = json_object_get(request, "targets");
    size_t n = json_array_size(names);
    struct config_target *targets = xcalloc(n, sizeof *targets);
    uint32_t rate_limit = 0, burst_limit = 0;
    struct bridge *bridge;
    int err = find_bridge(daemon, request, &bridge, error);

    (void)result;
    if (!err)
        err = parse_limit(request, "controller_rate_limit", &rate_limit, error);
    if (!err)
        err = parse_limit(request, "controller_burst_limit", &burst_limit, error);
    for (size_t i = 0; !err && i < n; i++) {
        const char *name = json_string_value(json_array_get(names, i));

        name = name ? name : "";
        err = config_check_target(name, error);
        if (!err)
            strcpy(targets[i].name, name);
        targets[i].rate_limit = rate_limit;
        targets[i].burst_limit = burst_limit;
    }
    if (!err)
        err = bridge_set_controllers(bridge, targets, n, error);
    free(targets);
    return err;
}

int
verb_get_controller(struct daemon *daemon, const json_t *request, json_t **result,
                    struct error *error)
{
    struct bridge *bridge;
    int err = find_bridge(daemon, request, &bridge, error);

    if (err)
        return err;
    *result = json_array();
    for (size_t i = 0; i < bridge->config.n_controllers; i++)
        json_array_append_new(*result, json_string(bridge->config.controllers[i].name));
    return 0;
}
