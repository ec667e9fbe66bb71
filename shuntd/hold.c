/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/hold.h"

#include "lib/util.h"
#include "ofproto/connmgr.h"
#include "ofproto/ofproto.h"
#include "shuntd/bridge.h"
#include "slowpath/slowpath.h"

#define LOG_MODULE "hold"
#include "lib/log.h"

#define LOOK_MS 100

static void
note_activity(struct bridge *bridge)
{
    bridge->hold.is_told = true;
    bridge->hold.active_ms = time_now_ms();
}

void
hold_note_barrier(struct bridge *bridge)
{
    note_activity(bridge);
}

/* Since the last look. What changes by itself, as a port's link, tells nothing of controllers. */
static bool
changes_were_made(struct bridge *bridge)
{
    uint64_t before = bridge->hold.n_txns;

    bridge->hold.n_txns = ofproto_n_txns(bridge->ofproto);
    return bridge->hold.n_txns != before;
}

static void
find_missing(void *missing_, const struct connmgr_target_info *info)
{
    const char **missing = missing_;

    if (!info->is_passive && !info->is_connected)
        *missing = info->target;
}

/* Why the bridge is not settled yet, NULL: it is. */
static const char *
waits_for(struct bridge *bridge)
{
    const char *missing = NULL;

    if (bridge->is_restored || !bridge->config.n_controllers || !bridge->ofproto)
        return NULL;
    if (changes_were_made(bridge))
        note_activity(bridge);
    connmgr_for_each_target(bridge->connmgr, find_missing, &missing);
    if (missing)
        return missing;
    if (!bridge->hold.is_told)
        return "its controllers' flows";
    return bridge->hold.active_ms + HOLD_QUIET_MS > time_now_ms() ? "a pause of its controllers"
                                                                  : NULL;
}

static void
on_matched(void *bridges_)
{
    struct bridges *bridges = bridges_;

    bridges->is_matched = true;
    bridges_drop_adopted_meters(bridges);
}

static void
end(struct bridges *bridges)
{
    hold_destroy(bridges);
    if (slowpath_is_holding(bridges->slowpath))
        log_info("flows of the adopted fast path are matched against the tables");
    slowpath_release(bridges->slowpath);
    slowpath_barrier(bridges->slowpath, on_matched, bridges);
}

static void
look(evutil_socket_t fd, short what, void *aux)
{
    struct bridges *bridges = aux;
    bool is_over = time_now_ms() >= bridges->hold_until_ms, is_settled = true;
    struct bridge *bridge;

    (void)fd;
    (void)what;
    LIST_FOR_EACH (bridge, link, &bridges->list) {
        const char *missing = waits_for(bridge);

        if (missing && is_over)
            log_warn("bridge %s: waited long enough for %s", bridge->config.name, missing);
        is_settled = is_settled && !missing;
    }
    if (is_settled || is_over)
        end(bridges);
}

void
hold_begin(struct bridges *bridges, uint32_t hold_s)
{
    const struct timeval interval = {0, LOOK_MS * 1000};
    struct bridge *bridge;
    size_t n_waiting = 0;

    LIST_FOR_EACH (bridge, link, &bridges->list) {
        bridge->hold.n_txns = bridge->ofproto ? ofproto_n_txns(bridge->ofproto) : 0;
        n_waiting += bridge->config.n_controllers > 0 && !bridge->is_restored;
    }
    if (!slowpath_is_holding(bridges->slowpath) || !n_waiting || !hold_s) {
        end(bridges);
        return;
    }
    log_info("flows of the adopted fast path stay as they are until controllers have filled the "
             "tables, %u s at most",
             hold_s);
    bridges->hold_until_ms = time_now_ms() + hold_s * INT64_C(1000);
    bridges->hold_event = event_new(bridges->base, -1, EV_PERSIST, look, bridges);
    event_add(bridges->hold_event, &interval);
}

void
hold_destroy(struct bridges *bridges)
{
    if (bridges->hold_event)
        event_free(bridges->hold_event);
    bridges->hold_event = NULL;
}
