/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/removal.h"

#include "lib/util.h"

struct removal {
    struct removal *next; /* Of the daemon's. */
    struct daemon *daemon;
    struct bridge *bridge;
    struct mgmt_later *later;
    struct event *turn;
};

/* When nothing of the bridge is left. */
static void
finish(struct removal *removal)
{
    struct removal **link = &removal->daemon->removals;
    struct error error;
    int err = bridges_save(removal->daemon->bridges, &error);

    while (*link != removal)
        link = &(*link)->next;
    *link = removal->next;
    mgmt_answer(removal->later, err, &error);
    event_free(removal->turn);
    free(removal);
}

static void
wait_for_turn(struct removal *removal)
{
    struct timeval at_once = {0, 0};

    evtimer_add(removal->turn, &at_once);
}

static void
on_turn(evutil_socket_t fd, short what, void *aux)
{
    struct removal *removal = aux;
    int64_t began_ms = time_now_ms();

    (void)fd, (void)what;
    while (time_now_ms() - began_ms < MGMT_TURN_MS) {
        if (!bridge_leave_step(removal->bridge)) {
            finish(removal);
            return;
        }
    }
    wait_for_turn(removal);
}

static void
begin(struct daemon *daemon, struct bridge *bridge)
{
    struct removal *removal = xcalloc(1, sizeof *removal);

    removal->daemon = daemon;
    removal->bridge = bridge;
    bridge_leave(bridge);
    removal->later = mgmt_defer(daemon->mgmt);
    removal->turn = evtimer_new(daemon->base, on_turn, removal);
    if (!removal->turn)
        abort();
    removal->next = daemon->removals;
    daemon->removals = removal;
    wait_for_turn(removal);
}

int
verb_del_br(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    const char *name = json_string_value(json_object_get(request, "bridge"));
    struct bridge *bridge;
    int err = bridges_find(daemon->bridges, name, &bridge, error);

    (void)result;
    if (err)
        return json_is_true(json_object_get(request, "if_exists")) ? 0 : err;
    if (daemon->bridges->saves_later) /* A step of a transaction. */
        return bridges_remove(daemon->bridges, name, error);
    begin(daemon, bridge);
    return 0;
}

void
removals_end(struct daemon *daemon)
{
    struct removal *removal, *next;

    for (removal = daemon->removals; removal; removal = next) {
        next = removal->next;
        while (bridge_leave_step(removal->bridge))
            ;
        finish(removal);
    }
}
