/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that ask the daemon: bridges, ports, controllers, the fast path, the process. */
#include "cli/cli.h"
#include "cli/show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A request of this verb about the bridge that the first argument names. */
static json_t *
bridge_request(const struct cli *cli, const char *verb)
{
    return json_pack("{s:s, s:s+}", "verb", verb, "bridge", cli->argv[0], "");
}

/* Prints an array of strings, one a line. */
static int
list_request(const struct cli *cli, json_t *request)
{
    json_t *result, *item;
    size_t i;
    int status = cli_request(cli, request, &result);

    if (status)
        return status;
    if (cli->json) {
        cli_print_json(result);
    } else {
        json_array_foreach(result, i, item)
        {
            puts(json_string_value(item));
        }
    }
    json_decref(result);
    return 0;
}

/* ---- Arguments of the form KEY=VALUE ---- */

/* Lists of these end with a NULL key. */
struct setting {
    const char *key, *parameter; /* As typed, and as the request names it. */
    enum { SETTING_STRING, SETTING_NUMBER, SETTING_LIST } type;
};

static int
set_number(json_t *request, const struct setting *setting, const char *value)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(value, &end, 10);
    if (errno || end == value || *end)
        return cli_error("%s '%s': want a number", setting->key, value);
    return json_object_set_new(request, setting->parameter, json_integer(number));
}

static int
set_list(json_t *request, const char *key, const char *value)
{
    json_t *list = json_array();

    while (*value) {
        size_t n = strcspn(value, ",");

        json_array_append_new(list, json_stringn(value, n));
        value += n + (value[n] == ',');
    }
    return json_object_set_new(request, key, list);
}

static int
set_value(json_t *request, const struct setting *setting, const char *value)
{
    switch (setting->type) {
    case SETTING_NUMBER:
        return set_number(request, setting, value);
    case SETTING_LIST:
        return set_list(request, setting->parameter, value);
    case SETTING_STRING:
        break;
    }
    return json_object_set_new(request, setting->parameter, json_string(value));
}

static int
add_settings(const struct cli *cli, int first, const struct setting *settings, json_t *request)
{
    for (int i = first; i < cli->argc; i++) {
        const char *arg = cli->argv[i], *equals = strchr(arg, '=');
        const struct setting *setting;

        for (setting = settings; setting->key; setting++) {
            size_t n = strlen(setting->key);

            if (equals && n == (size_t)(equals - arg) && !strncmp(arg, setting->key, n))
                break;
        }
        if (!setting->key) {
            fputs("shuntctl: ", stderr);
            fprintf(stderr, "%s: argument '%s': want ", cli->verb, arg);
            for (setting = settings; setting->key; setting++)
                fprintf(stderr, "%s%s=",
                        setting == settings ? ""
                        : setting[1].key    ? ", "
                                            : " or ",
                        setting->key);
            fputc('\n', stderr);
            return 1;
        }
        if (set_value(request, setting, equals + 1))
            return 1;
    }
    return 0;
}

static int
do_with_settings(const struct cli *cli, int first, const struct setting *settings, json_t *request)
{
    if (add_settings(cli, first, settings, request)) {
        json_decref(request);
        return 1;
    }
    return cli_do_request(cli, request);
}

/* ---- Bridges and ports ---- */

static const struct setting new_bridge_settings[] = {
    {"datapath-id", "datapath_id", SETTING_STRING},
    {"fail-mode", "fail_mode", SETTING_STRING},
    {"protocols", "protocols", SETTING_LIST},
    {"n-tables", "n_tables", SETTING_NUMBER},
    {NULL, NULL, SETTING_STRING},
};

static const struct setting bridge_settings[] = {
    {"datapath-id", "datapath_id", SETTING_STRING},
    {"fail-mode", "fail_mode", SETTING_STRING},
    {"protocols", "protocols", SETTING_LIST},
    {NULL, NULL, SETTING_STRING},
};

static const struct setting new_port_settings[] = {
    {"ofport", "ofport", SETTING_NUMBER},
    {"hook", "hook", SETTING_STRING},
    {"peer", "peer", SETTING_STRING},
    {NULL, NULL, SETTING_STRING},
};

static const struct setting port_settings[] = {
    {"peer", "peer", SETTING_STRING},
    {NULL, NULL, SETTING_STRING},
};

static int
add_br(const struct cli *cli)
{
    json_t *request = bridge_request(cli, "add-br");

    json_object_set_new(request, "may_exist", json_boolean(cli->may_exist));
    return do_with_settings(cli, 1, new_bridge_settings, request);
}

static int
set_br(const struct cli *cli)
{
    return do_with_settings(cli, 1, bridge_settings, bridge_request(cli, "set-br"));
}

static int
set_fail_mode(const struct cli *cli)
{
    json_t *request = bridge_request(cli, "set-br");

    json_object_set_new(request, "fail_mode", json_string(cli->argv[1]));
    return cli_do_request(cli, request);
}

static int
del_br(const struct cli *cli)
{
    json_t *request = bridge_request(cli, "del-br");

    json_object_set_new(request, "if_exists", json_boolean(cli->if_exists));
    return cli_do_request(cli, request);
}

static int
list_br(const struct cli *cli)
{
    return list_request(cli, json_pack("{s:s}", "verb", "list-br"));
}

static json_t *
port_request(const struct cli *cli, const char *verb)
{
    json_t *request = bridge_request(cli, verb);

    json_object_set_new(request, "device", json_string(cli->argv[1]));
    return request;
}

static int
add_port(const struct cli *cli)
{
    json_t *request = port_request(cli, "add-port");

    json_object_set_new(request, "may_exist", json_boolean(cli->may_exist));
    return do_with_settings(cli, 2, new_port_settings, request);
}

static int
set_port(const struct cli *cli)
{
    return do_with_settings(cli, 2, port_settings, port_request(cli, "set-port"));
}

static int
del_port(const struct cli *cli)
{
    json_t *request = port_request(cli, "del-port");

    json_object_set_new(request, "if_exists", json_boolean(cli->if_exists));
    return cli_do_request(cli, request);
}

static int
list_ports(const struct cli *cli)
{
    return list_request(cli, bridge_request(cli, "list-ports"));
}

/* ---- Controllers ---- */

/* Behind the targets. */
static const struct setting controller_settings[] = {
    {"controller-rate-limit", "controller_rate_limit", SETTING_NUMBER},
    {"controller-burst-limit", "controller_burst_limit", SETTING_NUMBER},
    {NULL, NULL, SETTING_STRING},
};

static int
set_controller(const struct cli *cli)
{
    json_t *request = bridge_request(cli, "set-controller"), *targets = json_array();
    int i;

    json_object_set_new(request, "targets", targets);
    for (i = 1; i < cli->argc && strncmp(cli->argv[i], "controller-", 11); i++)
        json_array_append_new(targets, json_string(cli->argv[i]));
    if (i == 1 && cli->argc > 1) {
        json_decref(request);
        return cli_error("%s: '%s': want a controller first", cli->verb, cli->argv[1]);
    }
    return do_with_settings(cli, i, controller_settings, request);
}

static int
get_controller(const struct cli *cli)
{
    return list_request(cli, bridge_request(cli, "get-controller"));
}

/* ---- Views ---- */

static int
show_request(const struct cli *cli, json_t *request, void (*print)(const json_t *))
{
    json_t *result;
    int status = cli_request(cli, request, &result);

    if (status)
        return status;
    if (cli->json)
        cli_print_json(result);
    else
        print(result);
    json_decref(result);
    return 0;
}

static int
show(const struct cli *cli)
{
    json_t *request = cli->argc ? bridge_request(cli, "show") : json_pack("{s:s}", "verb", "show");

    return show_request(cli, request, show_print_bridges);
}

static int
dpctl_show(const struct cli *cli)
{
    return show_request(cli, json_pack("{s:s}", "verb", "dpctl-show"), show_print_datapath);
}

/* Prints an answer that is lines of text; as JSON, an array of them. */
static int
text_request(const struct cli *cli, json_t *request)
{
    json_t *result, *lines;
    const char *text;
    int status = cli_request(cli, request, &result);

    if (status)
        return status;
    text = json_string_value(result);
    if (!cli->json) {
        fputs(text, stdout);
    } else {
        lines = json_array();
        while (*text) {
            size_t n = strcspn(text, "\n");

            json_array_append_new(lines, json_stringn(text, n));
            text += n + (text[n] == '\n');
        }
        cli_print_json(lines);
        json_decref(lines);
    }
    json_decref(result);
    return 0;
}

static int
dpctl_dump_flows(const struct cli *cli)
{
    return text_request(cli, cli->argc ? bridge_request(cli, "dpctl-dump-flows")
                                       : json_pack("{s:s}", "verb", "dpctl-dump-flows"));
}

static int
dpctl_del_flows(const struct cli *cli)
{
    return cli_do_request(cli, json_pack("{s:s}", "verb", "dpctl-del-flows"));
}

static int
trace(const struct cli *cli)
{
    json_t *request = bridge_request(cli, "trace");

    json_object_set_new(request, "flow", json_string(cli->argv[1]));
    if (cli->argc > 2)
        json_object_set_new(request, "packet", json_string(cli->argv[2]));
    return text_request(cli, request);
}

static int
fdb_show(const struct cli *cli)
{
    return text_request(cli, bridge_request(cli, "fdb-show"));
}

static int
fdb_flush(const struct cli *cli)
{
    return cli_do_request(cli, bridge_request(cli, "fdb-flush"));
}

/* ---- The process ---- */

static int
stop(const struct cli *cli)
{
    return cli_request_to_end(cli, json_pack("{s:s, s:b}", "verb", "stop", "keep", (int)cli->keep));
}

static int
save(const struct cli *cli)
{
    return cli_do_request(cli, json_pack("{s:s}", "verb", "save"));
}

/* Returns when the new process answers. */
static int
restart(const struct cli *cli)
{
    json_t *list;
    int status = cli_request_to_end(cli, json_pack("{s:s}", "verb", "restart"));

    if (status)
        return status;
    status = cli_request(cli, json_pack("{s:s}", "verb", "list-br"), &list);
    json_decref(list);
    return status;
}

const struct cli_verb cli_change_verbs[] = {
    {"add-br", add_br, 1, -1,
     "BR [datapath-id=HEX] [fail-mode=MODE] [protocols=V,...] [n-tables=N]",
     "make a bridge and its local port, a device of the bridge's name"},
    {"set-br", set_br, 2, -1, "BR [datapath-id=HEX] [fail-mode=MODE] [protocols=V,...]",
     "change settings of a bridge"},
    {"del-br", del_br, 1, 1, "BR", "remove a bridge"},
    {"add-port", add_port, 2, -1, "BR DEV [ofport=N] [hook=auto|xdp|tc] [peer=auto|off]",
     "make a device a port of the bridge"},
    {"set-port", set_port, 3, -1, "BR DEV peer=auto|off", "change settings of a port"},
    {"del-port", del_port, 2, 2, "BR DEV", "give a device back to the host"},
    {"set-controller", set_controller, 2, -1,
     "BR TARGET... [controller-rate-limit=N] [controller-burst-limit=N]",
     "call these controllers (tcp:, ssl:, unix:), listen there (ptcp:, pssl:, punix:)"},
    {"del-controller", set_controller, 1, 1, "BR", "have no controllers and listeners"},
    {"set-fail-mode", set_fail_mode, 2, 2, "BR secure|standalone",
     "what to do when no controller answers"},
    {NULL, NULL, 0, 0, NULL, NULL},
};

const struct cli_verb cli_daemon_verbs[] = {
    {"list-br", list_br, 0, 0, "", "name the bridges"},
    {"list-ports", list_ports, 1, 1, "BR", "name the devices of the bridge"},
    {"get-controller", get_controller, 1, 1, "BR", "name the controllers and listeners"},
    {"show", show, 0, 1, "[BR]", "bridges, controllers, ports and their hooks"},
    {"dpctl show", dpctl_show, 0, 0, "", "counters, drops and ports of the fast path"},
    {"dpctl dump-flows", dpctl_dump_flows, 0, 1, "[BR]", "the flows of the fast path"},
    {"dpctl del-flows", dpctl_del_flows, 0, 0, "",
     "remove the flows of the fast path; traffic brings back those that it needs"},
    {"trace", trace, 2, 3, "BR FLOW [PACKET]",
     "what happens to a packet with these fields, or of these bytes (in hexadecimal)"},
    {"fdb-show", fdb_show, 1, 1, "BR", "the MAC addresses that the bridge learned"},
    {"fdb-flush", fdb_flush, 1, 1, "BR", "forget the learned MAC addresses"},
    {"stop", stop, 0, 0, "", "end the daemon; with --keep the fast path goes on"},
    {"save", save, 0, 0, "", "write the OpenFlow state anew, counters included"},
    {"restart", restart, 0, 0, "", "run the daemon anew; the fast path goes on meanwhile"},
    {NULL, NULL, 0, 0, NULL, NULL},
};
