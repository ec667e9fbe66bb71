/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/removal.h"

#include "lib/util.h"

struct removal {
    struct list link; /* Of the daemon's. */
    struct daemon *daemon;
    struct bridge *bridge;
    struct mgmt_later *later;
    struct event *turn;
};

/* When nothing of the bridge is left. */
static void
finish(struct removal *removal)
{
    struct error error;
    int err = bridges_save(removal->daemon->bridges, &error);

    list_remove(&removal->link);
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
    list_push_back(&daemon->removals, &removal->link);
    wait_for_turn(removal);
}

int
verb_del_br(struct daemon *daemon, const json_t *request, json_t **result, struct error *error)
{
    const char *name = request_string(request, "bridge");
    struct bridge *bridge;
    int err = bridges_find(daemon->bridges, name, &bridge, error);

    (void)result;
    if (err)
        return request_flag(request, "if_exists") ? bridges_save_rest(daemon->bridges, error) : err;
    if (daemon->bridges->saves_later) { /* A step of a transaction. */
        bridge_leave(bridge);
        daemon->step_leaves = bridge;
    } else {
        begin(daemon, bridge);
    }
    return 0;
}

void
removals_end(struct daemon *daemon)
{
    struct removal *removal, *next;

    LIST_FOR_EACH_SAFE (removal, next, link, &daemon->removals) {
        while (bridge_leave_step(removal->bridge))
            ;
        finish(removal);
    }
}
