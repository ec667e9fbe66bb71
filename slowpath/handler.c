/* SPDX-License-Identifier: Apache-2.0 */
/* The threads of handlers, and which of them reads which ring. */
#include "slowpath/handler.h"

#include <errno.h>
#include <event2/event.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "slowpath/internal.h"
#include "slowpath/upcall.h"

#define LOG_MODULE "upcall"
#include "lib/log.h"

#define SMALL_BATCH 16   /* Of a handler that others wait for. */
#define MAX_BEHIND 4     /* Batches in a row, and the ring is the second handler's. */
#define WINDOW_MS 100    /* It comes back after so long with */
#define CALM_UPCALLS 500 /* fewer upcalls than these. */
#define BULK_NICE 5
#define LEAST_NICE 19
#define SHORT_SLICE_NS 100000
#define BULK_SLICE_NS 300000 /* Longer, or the first handler would not be preferred. */

struct handlers {
    struct slowpath *slowpath;
    uint32_t n; /* Pairs. */
    struct handler *all;
    struct handler **first; /* Of each pair. */
    struct source *sources[DP_MAX_RINGS];
};

/* ---- Which thread reads a ring ----------------------------------------------------------------*/
static void
give(struct source *source, struct handler *handler)
{
    eventfd_t one = 1;

    pthread_mutex_lock(&handler->inbox_lock);
    list_push_back(&handler->inbox, &source->link);
    pthread_mutex_unlock(&handler->inbox_lock);
    eventfd_write(handler->wake_fd, one);
}

/* The last that this thread does with it. */
static void
move(struct source *source)
{
    event_free(source->readable);
    source->readable = NULL;
    give(source, source->handler->pair);
}

static void
watch_flood(struct source *source)
{
    bool is_behind = !dp_upcall_reader_is_empty(source->reader);

    source->n_behind = is_behind ? source->n_behind + 1 : 0;
    if (source->n_behind >= MAX_BEHIND)
        move(source);
}

static void
watch_calm(struct source *source, size_t n)
{
    int64_t now_ms = time_now_ms();
    bool is_calm;

    source->n_in_window += (uint32_t)n;
    if (now_ms - source->window_ms < WINDOW_MS)
        return;
    is_calm = source->n_in_window < CALM_UPCALLS;
    source->window_ms = now_ms;
    source->n_in_window = 0;
    if (is_calm)
        move(source);
}

/* One batch: the base asks all rings in turn. */
static void
on_readable(evutil_socket_t fd, short what, void *aux)
{
    struct source *source = aux;
    struct handler *handler = source->handler;
    size_t n = handle_batch(handler, source, handler->is_bulk ? BATCH : SMALL_BATCH);

    (void)fd;
    (void)what;
    if (handler->is_bulk) {
        watch_calm(source, n);
        sched_yield(); /* Else the first handler, woken on this processor, may wait for a tick. */
    } else {
        watch_flood(source);
    }
}

/* ---- Threads ----------------------------------------------------------------------------------*/
static void
take(struct handler *handler, struct source *source)
{
    source->handler = handler;
    source->n_behind = 0;
    source->n_in_window = 0;
    source->window_ms = time_now_ms();
    source->readable = event_new(handler->base, dp_upcall_reader_fd(source->reader),
                                 EV_READ | EV_PERSIST, on_readable, source);
    if (!source->readable || event_add(source->readable, NULL))
        log_err("an upcall ring cannot be watched: its packets are lost");
}

static void
on_wake(evutil_socket_t fd, short what, void *aux)
{
    struct handler *handler = aux;
    struct source *source, *next;
    eventfd_t n;

    (void)what;
    eventfd_read(fd, &n);
    if (atomic_load(&handler->is_stopping)) {
        event_base_loopbreak(handler->base);
        return;
    }
    pthread_mutex_lock(&handler->inbox_lock);
    LIST_FOR_EACH_SAFE (source, next, link, &handler->inbox) {
        list_remove(&source->link);
        take(handler, source);
    }
    pthread_mutex_unlock(&handler->inbox_lock);
}

/* As in linux/sched/types.h, which older C libraries do not suffer beside theirs. */
struct priority {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

/* Both ask for short slices (Linux 6.12): the first handler, so that it gets the processor soon;
 * the second, since with each turn it gives up what is left of its slice. That one asks for less of
 * the processor, too, than the daemon was given. Neither takes a privilege; where it is refused,
 * nothing else changes. A real-time policy that the daemon was started with stays. */
static void
set_priority(bool is_bulk)
{
    struct priority wanted = {
        .size = sizeof wanted,
        .policy = SCHED_OTHER,
        .nice = getpriority(PRIO_PROCESS, 0), /* Of this thread. */
        .runtime_ns = is_bulk ? BULK_SLICE_NS : SHORT_SLICE_NS,
    };

    if (sched_getscheduler(0) != SCHED_OTHER)
        return;
    if (is_bulk)
        wanted.nice = MIN(wanted.nice + BULK_NICE, LEAST_NICE);
    if (syscall(SYS_sched_setattr, 0, &wanted, 0))
        log_dbg("a handler keeps its priority: %s", strerror(errno));
}

/* For who looks at threads. */
static void
set_name(const struct handler *handler)
{
    char name[16];

    snprintf(name, sizeof name, "%s%u", handler->is_bulk ? "bulk" : "handler", handler->number);
    prctl(PR_SET_NAME, name);
}

static void *
handler_main(void *aux)
{
    struct handler *handler = aux;

    set_name(handler);
    set_priority(handler->is_bulk);
    event_base_dispatch(handler->base);
    return NULL;
}

static void
handler_free(struct handler *handler)
{
    if (handler->wake)
        event_free(handler->wake);
    if (handler->base)
        event_base_free(handler->base);
    if (handler->wake_fd >= 0)
        close(handler->wake_fd);
    for (size_t i = 0; i < BATCH; i++)
        xlate_out_destroy(&handler->works[i].out, NULL);
    dp_executor_close(handler->executor);
    buf_destroy(&handler->packets);
    pthread_mutex_destroy(&handler->inbox_lock);
    free(handler);
}

static int
handler_open(struct handler *handler)
{
    int error = dp_executor_open(handler->slowpath->dp, &handler->executor);

    if (error)
        return error;
    if (handler->wake_fd < 0)
        return EMFILE;
    handler->base = event_base_new();
    if (!handler->base)
        return ENOMEM;
    handler->wake =
        event_new(handler->base, handler->wake_fd, EV_READ | EV_PERSIST, on_wake, handler);
    return handler->wake && !event_add(handler->wake, NULL) ? 0 : ENOMEM;
}

static int
handler_start(struct handlers *handlers, uint32_t number, bool is_bulk, struct handler **handlerp)
{
    struct handler *handler = xcalloc(1, sizeof *handler);
    int error;

    handler->slowpath = handlers->slowpath;
    handler->number = number;
    handler->is_bulk = is_bulk;
    handler->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&handler->inbox_lock, NULL);
    list_init(&handler->inbox);
    handler->next = handlers->all;
    handlers->all = handler;
    *handlerp = handler;
    error = handler_open(handler);
    if (!error)
        error = pthread_create(&handler->thread, NULL, handler_main, handler);
    handler->is_started = !error;
    return error;
}

static int
pair_start(struct handlers *handlers, uint32_t number, struct handler **first)
{
    struct handler *second;
    int error = handler_start(handlers, number, true, &second);

    if (!error)
        error = handler_start(handlers, number, false, first);
    if (!error) {
        second->pair = *first;
        (*first)->pair = second;
    }
    return error;
}

/* ---- Rings ------------------------------------------------------------------------------------*/
static int
source_add(struct handlers *handlers, uint32_t ring)
{
    struct source *source = xcalloc(1, sizeof *source);
    int error = dp_upcall_reader_open(handlers->slowpath->dp, ring, &source->reader);

    if (error) {
        free(source);
        return error;
    }
    handlers->sources[ring] = source;
    give(source, handlers->first[ring % handlers->n]);
    return 0;
}

static void
source_free(struct slowpath *slowpath, struct source *source)
{
    if (!source)
        return;
    if (source->readable)
        event_free(source->readable);
    give_back_holds(slowpath, source, UINT64_MAX);
    dp_upcall_reader_close(source->reader);
    buf_destroy(&source->holds);
    free(source);
}

int
handlers_add_rings(struct handlers *handlers)
{
    int error = 0;

    for (uint32_t i = 0; handlers && !error && i < DP_MAX_RINGS; i++) {
        if (!handlers->sources[i] && dp_has_upcall_ring(handlers->slowpath->dp, i))
            error = source_add(handlers, i);
    }
    return error;
}

bool
handlers_ring_position(const struct handlers *handlers, uint32_t ring, uint64_t *position)
{
    const struct source *source = handlers && ring < DP_MAX_RINGS ? handlers->sources[ring] : NULL;

    if (!source)
        return false;
    *position = dp_upcall_reader_position(source->reader);
    return !dp_upcall_reader_is_empty(source->reader);
}

/* ---- All --------------------------------------------------------------------------------------*/
int
handlers_start(struct slowpath *slowpath, uint32_t n, struct handlers **handlersp)
{
    struct handlers *handlers = xcalloc(1, sizeof *handlers);
    int error = 0;

    handlers->slowpath = slowpath;
    handlers->n = n;
    handlers->first = xcalloc(n, sizeof(struct handler *));
    for (uint32_t i = 0; !error && i < n; i++) {
        error = pair_start(handlers, i, &handlers->first[i]);
        if (error)
            log_err("handler %u does not start: %s", i, dp_error());
    }
    if (!error && (error = handlers_add_rings(handlers)))
        log_err("%s", dp_error());
    if (error) {
        handlers_stop(handlers);
        handlers = NULL;
    }
    *handlersp = handlers;
    return error;
}

static void
stop_threads(struct handler *handlers)
{
    for (struct handler *handler = handlers; handler; handler = handler->next) {
        eventfd_t one = 1;

        if (!handler->is_started)
            continue;
        atomic_store(&handler->is_stopping, true);
        eventfd_write(handler->wake_fd, one);
        pthread_join(handler->thread, NULL);
    }
}

void
handlers_stop(struct handlers *handlers)
{
    struct handler *handler, *next;

    if (!handlers)
        return;
    stop_threads(handlers->all);
    for (size_t i = 0; i < DP_MAX_RINGS; i++)
        source_free(handlers->slowpath, handlers->sources[i]);
    for (handler = handlers->all; handler; handler = next) {
        next = handler->next;
        handler_free(handler);
    }
    free(handlers->first);
    free(handlers);
}

bool
handlers_conform(const struct handlers *handlers, uint64_t seq)
{
    for (const struct handler *handler = handlers ? handlers->all : NULL; handler;
         handler = handler->next) {
        uint64_t busy = atomic_load(&handler->busy);

        if (busy && busy < seq)
            return false;
    }
    return true;
}
