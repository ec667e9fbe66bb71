/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/verbs.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "shuntd/removal.h"
#include "shuntd/transaction.h"

/* The client of this request waits for the end of its stream. */
static void
hold_client(struct daemon *daemon)
{
    if (daemon->waiter_fd < 0)
        daemon->waiter_fd = mgmt_hold_client(daemon->mgmt);
}

static int
verb_stop(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    (void)result;
    (void)error;
    hold_client(daemon);
    daemon_end(daemon, request_flag(request, "keep") ? DAEMON_KEEP : DAEMON_STOP);
    return 0;
}

static int
verb_restart(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    (void)request;
    (void)result;
    (void)error;
    hold_client(daemon);
    daemon_end(daemon, DAEMON_RESTART);
    return 0;
}

static void
on_saved(void *aux, int err, const struct error *error)
{
    mgmt_answer(aux, err, error);
}

/* The switch goes on meanwhile. */
static int
verb_save(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    (void)request;
    (void)result;
    (void)error;
    bridges_save_state(daemon->bridges, on_saved, mgmt_defer(daemon->mgmt));
    return 0;
}

#define BRIDGE                                                                                     \
    {                                                                                              \
        "bridge", JSON_STRING, false                                                               \
    }
#define OPTIONAL_BRIDGE                                                                            \
    {                                                                                              \
        "bridge", JSON_STRING, true                                                                \
    }

/* What add-br and set-br can set. */
#define BRIDGE_SETTINGS                                                                            \
    {"datapath_id", JSON_STRING, true}, {"fail_mode", JSON_STRING, true},                          \
    {                                                                                              \
        "protocols", JSON_ARRAY, true                                                              \
    }

static const struct verb verbs[] = {
    {"add-br",
     verb_add_br,
     {BRIDGE, BRIDGE_SETTINGS, {"n_tables", JSON_INTEGER, true}, {"may_exist", JSON_TRUE, true}}},
    {"set-br", verb_set_br, {BRIDGE, BRIDGE_SETTINGS}},
    {"del-br", verb_del_br, {BRIDGE, {"if_exists", JSON_TRUE, true}}},
    {"list-br", verb_list_br, {{0}}},
    {"show", verb_show, {OPTIONAL_BRIDGE}},
    {"add-port",
     verb_add_port,
     {BRIDGE,
      {"device", JSON_STRING, false},
      {"ofport", JSON_INTEGER, true},
      {"hook", JSON_STRING, true},
      {"peer", JSON_STRING, true},
      {"may_exist", JSON_TRUE, true}}},
    {"set-port",
     verb_set_port,
     {BRIDGE, {"device", JSON_STRING, false}, {"peer", JSON_STRING, false}}},
    {"del-port",
     verb_del_port,
     {BRIDGE, {"device", JSON_STRING, false}, {"if_exists", JSON_TRUE, true}}},
    {"list-ports", verb_list_ports, {BRIDGE}},
    {"set-controller",
     verb_set_controller,
     {BRIDGE,
      {"targets", JSON_ARRAY, false},
      {"controller_rate_limit", JSON_INTEGER, true},
      {"controller_burst_limit", JSON_INTEGER, true}}},
    {"get-controller", verb_get_controller, {BRIDGE}},
    {"dpctl-show", verb_dpctl_show, {{0}}},
    {"dpctl-dump-flows", verb_dpctl_dump_flows, {OPTIONAL_BRIDGE}},
    {"dpctl-del-flows", verb_dpctl_del_flows, {{0}}},
    {"trace", verb_trace, {BRIDGE, {"flow", JSON_STRING, false}, {"packet", JSON_STRING, true}}},
    {"fdb-show", verb_fdb_show, {BRIDGE}},
    {"fdb-flush", verb_fdb_flush, {BRIDGE}},
    {"stop", verb_stop, {{"keep", JSON_TRUE, true}}},
    {"restart", verb_restart, {{0}}},
    {"save", verb_save, {{0}}},
    {"transaction", verb_transaction, {{"requests", JSON_ARRAY, false}}},
};

static const char *
type_name(json_type type)
{
    switch (type) {
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_ARRAY:
        return "an array";
    case JSON_OBJECT:
        return "an object";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_REAL:
    case JSON_NULL:
        break;
    }
    return "another type";
}

static bool
has_type(const json_t *value, json_type type)
{
    return type == JSON_TRUE ? json_is_boolean(value) : json_typeof(value) == type;
}

static const struct verb_param *
find_param(const struct verb *verb, const char *name)
{
    for (size_t i = 0; i < VERB_PARAMS_MAX && verb->params[i].name; i++) {
        if (!strcmp(verb->params[i].name, name))
            return &verb->params[i];
    }
    return NULL;
}

static int
check_params(const struct verb *verb, const json_t *request, struct error *error)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)request, name, value)
    {
        const struct verb_param *param = find_param(verb, name);

        if (!strcmp(name, "verb"))
            continue;
        if (!param)
            return error_set(error, EINVAL, "%s: there is no parameter '%s'", verb->name, name);
        if (!has_type(value, param->type))
            return error_set(error, EINVAL, "%s: parameter '%s': want %s", verb->name, name,
                             type_name(param->type));
    }
    for (size_t i = 0; i < VERB_PARAMS_MAX && verb->params[i].name; i++) {
        const struct verb_param *param = &verb->params[i];

        if (!param->is_optional && !json_object_get(request, param->name))
            return error_set(error, EINVAL, "%s: parameter '%s' is missing", verb->name,
                             param->name);
    }
    return 0;
}

int
daemon_handle_request(void *aux, const json_t *request, json_t **result, struct error *error)
{
    const char *name = json_string_value(json_object_get(request, "verb"));

    if (!name)
        return error_set(error, EINVAL, "a request has a string 'verb'");
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        int err;

        if (strcmp(verbs[i].name, name))
            continue;
        err = check_params(&verbs[i], request, error);
        return err ? err : verbs[i].run(aux, request, result, error);
    }
    return error_set(error, EINVAL, "there is no verb '%s'", name);
}
