/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/health.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/util.h"
#include "shuntd/bridge.h"
#include "slowpath/slowpath.h"

#define LOG_MODULE "health"
#include "lib/log.h"

#define LOOK_MS 250
#define CALM_MS 3000      /* Without a sign for so long: it is over. */
#define LATE_MS 1000      /* The main loop stood still. */
#define CLOCK_STEP_MS 500 /* It was set, not slewed. */
#define RING_LOOKS 8      /* A ring that is not read for so many is stuck. */
#define PASS_LOOKS 32     /* The revalidator, which sleeps for 5 s at most. */
#define FLAP_LOOKS 4      /* A link that changes in so many */
#define FLAP_CHANGES 10   /* so often flaps. */

enum kind {
    LOOP_LATE,
    CLOCK_SET,
    MACHINE_SLEPT,
    RING_UNREAD,
    REVALIDATOR_STUCK,
    TABLE_FULL,
    NOT_INSTALLED,
    UPCALLS_LOST,
    LINK_FLAPS,
    REFUSED,
};

struct trouble {
    struct list link;
    enum kind kind;
    uint32_t subject; /* A port of the datapath, a ring, or 0. */
    int64_t began_ms, seen_ms;
    uint64_t n; /* Of what `unit` says. */
    const char *unit;
    char what[256];
};

/* How often in a row something was where it had been. */
struct still {
    uint64_t position;
    uint32_t n_looks;
};

struct health {
    struct bridges *bridges;
    struct event *look;
    struct list troubles;
    uint32_t n_looks;
    int64_t looked_ms, clock_ahead_ms, asleep_ms;
    struct slowpath_stats slow;
    struct dp_totals totals;
    struct still rings[DP_MAX_RINGS], revalidator;
    struct {
        uint64_t n_lost;
        uint32_t n_link_changes;
    } ports[DP_MAX_PORTS];
};

/* ---- Troubles ---------------------------------------------------------------------------------*/
static struct trouble *
find_trouble(struct health *health, enum kind kind, uint32_t subject)
{
    struct trouble *trouble;

    LIST_FOR_EACH (trouble, link, &health->troubles) {
        if (trouble->kind == kind && trouble->subject == subject)
            return trouble;
    }
    return NULL;
}

/* What the host does may be meant; the rest is the switch's own. */
static enum log_level
level_of(enum kind kind)
{
    return kind == LOOP_LATE || kind == CLOCK_SET || kind == MACHINE_SLEPT ? LOG_INFO : LOG_WARN;
}

/* Its sign was seen, `n` times; the sentence is that of the first time. */
static void __attribute__((format(printf, 6, 7)))
note(struct health *health, enum kind kind, uint32_t subject, uint64_t n, const char *unit,
     const char *format, ...)
{
    struct trouble *trouble = find_trouble(health, kind, subject);
    va_list args;

    if (!trouble) {
        trouble = xcalloc(1, sizeof *trouble);
        trouble->kind = kind;
        trouble->subject = subject;
        trouble->unit = unit;
        trouble->began_ms = health->looked_ms;
        va_start(args, format);
        vsnprintf(trouble->what, sizeof trouble->what, format, args);
        va_end(args);
        list_push_back(&health->troubles, &trouble->link);
        log_write(level_of(kind), LOG_MODULE, "%s", trouble->what);
    }
    trouble->seen_ms = health->looked_ms;
    trouble->n += n;
}

static void
end_calm_ones(struct health *health)
{
    struct trouble *trouble, *next;

    LIST_FOR_EACH_SAFE (trouble, next, link, &health->troubles) {
        char count[64] = "";

        if (health->looked_ms - trouble->seen_ms < CALM_MS)
            continue;
        if (trouble->unit)
            snprintf(count, sizeof count, ", %" PRIu64 " %s", trouble->n, trouble->unit);
        log_info("over after %.1f s%s: %s",
                 (double)(trouble->seen_ms - trouble->began_ms + LOOK_MS) / 1000, count,
                 trouble->what);
        list_remove(&trouble->link);
        free(trouble);
    }
}

/* ---- Clocks and threads -----------------------------------------------------------------------*/
static int64_t
clock_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Everything here goes by the monotonic clock: what the others do is told and changes nothing. */
static void
look_at_clocks(struct health *health)
{
    int64_t now_ms = time_now_ms();
    int64_t late_ms = now_ms - health->looked_ms - LOOK_MS;
    int64_t ahead_ms = clock_ms(CLOCK_REALTIME) - now_ms;
    int64_t asleep_ms = clock_ms(CLOCK_BOOTTIME) - now_ms;
    int64_t slept_ms = asleep_ms - health->asleep_ms;
    int64_t set_ms = ahead_ms - health->clock_ahead_ms - slept_ms;

    health->looked_ms = now_ms;
    health->clock_ahead_ms = ahead_ms;
    health->asleep_ms = asleep_ms;
    if (late_ms > LATE_MS)
        note(health, LOOP_LATE, 0, 0, NULL,
             "the main loop did not run for %.1f s: the process stood still, or was busy",
             (double)late_ms / 1000);
    if (slept_ms > CLOCK_STEP_MS)
        note(health, MACHINE_SLEPT, 0, 1, "times",
             "the machine slept for %.1f s: no timeout went on meanwhile", (double)slept_ms / 1000);
    if (llabs(set_ms) > CLOCK_STEP_MS)
        note(health, CLOCK_SET, 0, 1, "times",
             "the clock was set by %+.1f s: no timeout goes by it", (double)set_ms / 1000);
}

/* Whether something that should move has stood where it is for `n` looks. */
static bool
stands(struct still *still, bool shall_move, uint64_t position, uint32_t n)
{
    if (!shall_move || position != still->position)
        still->n_looks = 0;
    else
        still->n_looks++;
    still->position = position;
    return still->n_looks >= n;
}

static void
look_at_threads(struct health *health)
{
    const struct bridges *bridges = health->bridges;

    for (uint32_t i = 0; i < DP_MAX_RINGS; i++) {
        const struct bridge_port *port = bridges->by_dp_port[i]; /* A ring is one port's. */
        uint64_t position = 0;
        bool has_records = slowpath_ring_position(bridges->slowpath, i, &position);

        if (!stands(&health->rings[i], has_records, position, RING_LOOKS))
            continue;
        note(health, RING_UNREAD, i, 0, NULL,
             "upcall ring %u is not read, its handler is stuck: new flows wait of %s", i,
             port ? port->config.device : "a port that is gone");
    }
    if (stands(&health->revalidator, true, health->slow.n_revalidator_steps, PASS_LOOKS))
        note(health, REVALIDATOR_STUCK, 0, 0, NULL,
             "the revalidator is stuck: installed flows do not follow the tables, barriers wait");
}

/* ---- Flows ------------------------------------------------------------------------------------*/
static void
look_at_flows(struct health *health)
{
    struct slowpath_stats *then = &health->slow, now;

    slowpath_get_stats(health->bridges->slowpath, &now);
    if (now.n_no_room != then->n_no_room)
        note(health, TABLE_FULL, 0, now.n_no_room - then->n_no_room, "flows had no room",
             "the flow table has no room for a port's new flows (%u flows, limit %u): their "
             "packets go through user space",
             now.n_flows, now.flow_limit);
    if (now.n_install_failed != then->n_install_failed)
        note(health, NOT_INSTALLED, 0, now.n_install_failed - then->n_install_failed,
             "flows were not installed",
             "flows cannot be installed (%u of %u): their packets go through user space",
             now.n_flows, dp_max_flows(health->bridges->dp));
    *then = now;
}

/* ---- Ports ------------------------------------------------------------------------------------*/
static void
look_at_lost(struct health *health, uint32_t number, const struct bridge_port *port, bool tells)
{
    uint64_t *then = &health->ports[number].n_lost;
    struct dp_port_stats now;

    if (dp_port_stats(health->bridges->dp, number, &now))
        return;
    if (tells && now.n_upcalls_lost > *then)
        note(health, UPCALLS_LOST, number, now.n_upcalls_lost - *then, "packets lost",
             "bridge %s: port %s (%s) has more new flows than are set up: packets are lost, its "
             "%s",
             port->bridge->config.name, bridge_port_number(port).text, port->config.device,
             now.n_lost_ring_full ? "upcall ring is full" : "rate of upcalls is reached");
    *then = now.n_upcalls_lost;
}

static uint64_t
n_upcalls_lost(const struct dp_totals *totals)
{
    return totals->n_dropped[DP_DROP_UPCALL_RING_FULL] + totals->n_dropped[DP_DROP_UPCALL_RATE];
}

/* All ports' counters are many cache lines: only if the sum says that it is worth it. */
static void
look_at_upcalls(struct health *health, bool tells)
{
    uint64_t then = n_upcalls_lost(&health->totals);

    dp_totals(health->bridges->dp, &health->totals);
    if (tells && n_upcalls_lost(&health->totals) == then)
        return;
    for (uint32_t i = 1; i < DP_MAX_PORTS; i++) {
        const struct bridge_port *port = health->bridges->by_dp_port[i];

        if (port)
            look_at_lost(health, i, port, tells);
    }
}

static void
look_at_links(struct health *health)
{
    for (uint32_t i = 1; i < DP_MAX_PORTS; i++) {
        const struct bridge_port *port = health->bridges->by_dp_port[i];
        uint32_t now = port ? port->n_link_changes : 0;
        uint32_t then = MIN(now, health->ports[i].n_link_changes);

        health->ports[i].n_link_changes = now;
        if (now - then >= FLAP_CHANGES)
            note(health, LINK_FLAPS, i, now - then, "changes",
                 "bridge %s: port %s (%s): its link flaps", port->bridge->config.name,
                 bridge_port_number(port).text, port->config.device);
    }
}

/* ---- Requests ---------------------------------------------------------------------------------*/
void
health_note_refusal(struct health *health, int err, const char *why)
{
    if (health && err != ENODEV)
        note(health, REFUSED, 0, 1, "requests", "the kernel refuses what a request takes: %s", why);
}

/* ---- The timer --------------------------------------------------------------------------------*/
static void
on_look(evutil_socket_t fd, short what, void *aux)
{
    struct health *health = aux;

    (void)fd;
    (void)what;
    look_at_clocks(health);
    look_at_flows(health);
    look_at_threads(health);
    look_at_upcalls(health, true);
    if (++health->n_looks % FLAP_LOOKS == 0)
        look_at_links(health);
    end_calm_ones(health);
}

/* What the fast path counted before is no news. */
static void
take_stock(struct health *health)
{
    health->looked_ms = time_now_ms();
    health->clock_ahead_ms = clock_ms(CLOCK_REALTIME) - health->looked_ms;
    health->asleep_ms = clock_ms(CLOCK_BOOTTIME) - health->looked_ms;
    slowpath_get_stats(health->bridges->slowpath, &health->slow);
    look_at_upcalls(health, false);
}

struct health *
health_create(struct bridges *bridges)
{
    const struct timeval interval = {0, LOOK_MS * 1000};
    struct health *health = xcalloc(1, sizeof *health);

    health->bridges = bridges;
    list_init(&health->troubles);
    take_stock(health);
    health->look = event_new(bridges->base, -1, EV_PERSIST, on_look, health);
    if (!health->look || event_add(health->look, &interval))
        log_err("there is no memory for a timer: what goes wrong will not be told");
    return health;
}

void
health_destroy(struct health *health)
{
    struct trouble *trouble, *next;

    if (!health)
        return;
    if (health->look)
        event_free(health->look);
    LIST_FOR_EACH_SAFE (trouble, next, link, &health->troubles)
        free(trouble);
    free(health);
}

void
health_for_each(const struct health *health, health_cb *cb, void *aux)
{
    const struct trouble *trouble;

    if (!health)
        return;
    LIST_FOR_EACH (trouble, link, &health->troubles)
        cb(aux, &(struct health_trouble){trouble->what, health->looked_ms - trouble->began_ms,
                                         trouble->n, trouble->unit});
}
