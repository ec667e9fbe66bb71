/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/transaction.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

struct transaction {
    struct list link; /* Of the daemon's. */
    struct daemon *daemon;
    struct mgmt_later *later;
    struct event *turn;
    json_t *requests;
    bool *has_added;        /* By step. */
    size_t n_done;          /* Counts down again once `err` is set. */
    struct bridge *leaving; /* By the step done or undone last; NULL: none. */
    int err;
    struct error error;
};

/* ---- Steps ---- */

static bool
is_step(const char *verb)
{
    static const char *const verbs[] = {"add-br",   "set-br",   "del-br",        "add-port",
                                        "set-port", "del-port", "set-controller"};

    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        if (!strcmp(verbs[i], verb))
            return true;
    }
    return false;
}

/* The bridge or the port that the request would make is not there. */
static bool
would_add(const struct bridges *bridges, const json_t *request)
{
    const char *verb = request_string(request, "verb");
    const char *bridge_name = request_string(request, "bridge");
    const char *device = request_string(request, "device");
    struct bridge *bridge;
    struct error error;

    if (!strcmp(verb, "add-br"))
        return bridge_name && bridges_find(bridges, bridge_name, &bridge, &error);
    return !strcmp(verb, "add-port") && device && !bridges_find_device(bridges, device);
}

static void
do_step(struct transaction *transaction)
{
    struct daemon *daemon = transaction->daemon;
    json_t *request = json_array_get(transaction->requests, transaction->n_done), *result = NULL;

    transaction->has_added[transaction->n_done] = would_add(daemon->bridges, request);
    transaction->err = daemon_handle_request(daemon, request, &result, &transaction->error);
    transaction->n_done += !transaction->err;
    transaction->leaving = daemon->step_leaves;
    daemon->step_leaves = NULL;
    json_decref(result);
}

/* What others took away meanwhile is gone already. */
static void
undo_step(struct transaction *transaction)
{
    struct bridges *bridges = transaction->daemon->bridges;
    json_t *request = json_array_get(transaction->requests, --transaction->n_done);
    const char *name = request_string(request, "bridge"),
               *device = request_string(request, "device");
    struct bridge *bridge;
    struct error error;

    if (!transaction->has_added[transaction->n_done] ||
        bridges_find(bridges, name, &bridge, &error))
        return;
    if (device) {
        bridge_remove_port(bridge, device, &error);
        return;
    }
    bridge_leave(bridge);
    transaction->leaving = bridge;
}

/* Whether there is more of it. */
static bool
leave_step(struct transaction *transaction)
{
    if (transaction->leaving && !bridge_leave_step(transaction->leaving))
        transaction->leaving = NULL;
    return transaction->leaving;
}

/* ---- All of them ---- */

static void
destroy(struct transaction *transaction)
{
    list_remove(&transaction->link);
    mgmt_answer(transaction->later, transaction->err, &transaction->error);
    event_free(transaction->turn);
    json_decref(transaction->requests);
    free(transaction->has_added);
    free(transaction);
}

static bool
has_more(const struct transaction *transaction)
{
    return transaction->leaving ||
           (transaction->err ? transaction->n_done > 0
                             : transaction->n_done < json_array_size(transaction->requests));
}

static void
run_turn(struct transaction *transaction)
{
    struct bridges *bridges = transaction->daemon->bridges;
    int64_t began_ms = time_now_ms();

    bridges->saves_later = true;
    while (has_more(transaction) && time_now_ms() - began_ms < MGMT_TURN_MS) {
        if (transaction->leaving)
            leave_step(transaction);
        else
            (transaction->err ? undo_step : do_step)(transaction);
    }
    bridges->saves_later = false;
}

static void
on_turn(evutil_socket_t fd, short what, void *aux)
{
    struct transaction *transaction = aux;
    struct timeval at_once = {0, 0};
    struct error error;
    int err;

    (void)fd, (void)what;
    run_turn(transaction);
    if (!has_more(transaction)) {
        err = bridges_save(transaction->daemon->bridges, &error);
        if (!err || transaction->err) {
            destroy(transaction);
            return;
        }
        transaction->err = err;
        transaction->error = error;
    }
    evtimer_add(transaction->turn, &at_once);
}

static int
check_steps(const json_t *requests, struct error *error)
{
    for (size_t i = 0; i < json_array_size(requests); i++) {
        const char *verb = request_string(json_array_get(requests, i), "verb");

        if (!verb || !is_step(verb))
            return error_set(error, EINVAL,
                             "transaction: requests[%zu] is '%s': want verbs that change bridges, "
                             "ports and controllers",
                             i, verb ? verb : "");
    }
    return 0;
}

int
verb_transaction(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    json_t *requests = json_object_get(request, "requests");
    struct timeval at_once = {0, 0};
    struct transaction *transaction;
    int err = check_steps(requests, error);

    (void)result;
    if (err)
        return err;
    transaction = xcalloc(1, sizeof *transaction);
    transaction->daemon = daemon;
    transaction->requests = json_incref(requests);
    transaction->has_added = xcalloc(json_array_size(requests) + 1, sizeof(bool));
    transaction->turn = evtimer_new(daemon->base, on_turn, transaction);
    transaction->later = mgmt_defer(daemon->mgmt);
    list_push_back(&daemon->transactions, &transaction->link);
    evtimer_add(transaction->turn, &at_once);
    return 0;
}

void
transactions_end(struct daemon *daemon)
{
    struct transaction *transaction, *next;

    LIST_FOR_EACH_SAFE (transaction, next, link, &daemon->transactions) {
        while (leave_step(transaction))
            ;
        transaction->err = error_set(&transaction->error, ECANCELED,
                                     "transaction: the daemon ends before it does");
        destroy(transaction);
    }
}
