/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the management protocol: which there are, and their parameters.
 *
 * Model: a row a verb. Parameters are checked against the row before the verb runs: one that is
 * missing, of another type or not known is refused by name.
 * Ownership, threads, errors: as a mgmt_handler's. Not here: sockets (shuntd/mgmt.h). */
#ifndef SHUNT_SHUNTD_VERBS_H
#define SHUNT_SHUNTD_VERBS_H

#include "shuntd/daemon.h"

typedef int verb_run(struct daemon *, const json_t *request, json_t **result, struct error *);

#define VERB_PARAMS_MAX 8

struct verb_param {
    const char *name;
    json_type type; /* JSON_TRUE stands for both booleans. */
    bool is_optional;
};

struct verb {
    const char *name;
    verb_run *run;
    struct verb_param params[VERB_PARAMS_MAX]; /* Up to the first without a name. */
};

/* Members of a request: NULL, or false, where there is none. */
static inline const char *
request_string(const json_t *request, const char *name)
{
    return json_string_value(json_object_get(request, name));
}

static inline bool
request_flag(const json_t *request, const char *name)
{
    return json_is_true(json_object_get(request, name));
}

/* verbs-bridge.c */
verb_run verb_add_br, verb_list_br, verb_set_br, verb_add_port, verb_set_port, verb_del_port,
    verb_list_ports, verb_get_controller, verb_set_controller;
/* verbs-show.c */
verb_run verb_show, verb_dpctl_show;
/* verbs-slowpath.c */
verb_run verb_dpctl_dump_flows, verb_dpctl_del_flows, verb_trace, verb_fdb_show, verb_fdb_flush;

#endif
