/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/packet-in-limit.h"

#include <assert.h>

#include "lib/util.h"

struct waiting {
    struct list link;
    struct buf msg;
};

struct port_queue {
    struct list link;
    uint32_t port_no;
    size_t n; /* Never 0. */
    struct list messages;
};

/* ---- Tokens ---- */

static void
fill(struct packet_in_limit *limit)
{
    int64_t now_ms = time_now_ms();

    limit->tokens += (double)(now_ms - limit->filled_ms) * limit->rate / 1000;
    limit->tokens = MIN(limit->tokens, limit->burst);
    limit->filled_ms = now_ms;
}

static bool
take_token(struct packet_in_limit *limit)
{
    fill(limit);
    if (limit->tokens < 1)
        return false;
    limit->tokens--;
    return true;
}

static void
wait_for_token(struct packet_in_limit *limit)
{
    unsigned wait_ms = MAX((unsigned)((1 - limit->tokens) * 1000 / limit->rate), 1);
    struct timeval tv = {wait_ms / 1000, wait_ms % 1000 * 1000};

    evtimer_add(limit->timer, &tv);
}

/* ---- Queues ---- */

static struct port_queue *
find_queue(struct packet_in_limit *limit, uint32_t port_no)
{
    struct port_queue *queue;

    LIST_FOR_EACH (queue, link, &limit->queues) {
        if (queue->port_no == port_no)
            return queue;
    }
    queue = xcalloc(1, sizeof *queue);
    queue->port_no = port_no;
    list_init(&queue->messages);
    list_push_back(&limit->queues, &queue->link);
    return queue;
}

/* The oldest message, which is the caller's; the queue goes when it was the last. */
static struct waiting *
take_oldest(struct packet_in_limit *limit, struct port_queue *queue)
{
    struct waiting *waiting = CONTAINER_OF(list_pop_front(&queue->messages), struct waiting, link);

    limit->n_waiting--;
    if (!--queue->n) {
        list_remove(&queue->link);
        free(queue);
    }
    return waiting;
}

static void
waiting_destroy(struct waiting *waiting)
{
    buf_destroy(&waiting->msg);
    free(waiting);
}

static void
queue_destroy(struct port_queue *queue)
{
    while (!list_is_empty(&queue->messages))
        waiting_destroy(CONTAINER_OF(list_pop_front(&queue->messages), struct waiting, link));
    free(queue);
}

static void
drop_from_longest(struct packet_in_limit *limit)
{
    struct port_queue *queue, *longest = NULL;

    LIST_FOR_EACH (queue, link, &limit->queues) {
        if (!longest || queue->n > longest->n)
            longest = queue;
    }
    assert(longest);
    waiting_destroy(take_oldest(limit, longest));
    ++*limit->n_dropped;
}

static void
enqueue(struct packet_in_limit *limit, uint32_t port_no, struct buf *msg)
{
    struct port_queue *queue = find_queue(limit, port_no);
    struct waiting *waiting = xcalloc(1, sizeof *waiting);

    waiting->msg = *msg;
    list_push_back(&queue->messages, &waiting->link);
    queue->n++;
    if (++limit->n_waiting > limit->burst)
        drop_from_longest(limit);
}

/* Of the port whose turn it is. */
static void
send_next(struct packet_in_limit *limit)
{
    struct port_queue *queue =
        CONTAINER_OF(list_pop_front(&limit->queues), struct port_queue, link);
    struct waiting *waiting;

    list_push_back(&limit->queues, &queue->link);
    waiting = take_oldest(limit, queue);
    limit->send(limit->aux, &waiting->msg);
    free(waiting);
}

static void
run(struct packet_in_limit *limit)
{
    while (limit->n_waiting && (!limit->rate || take_token(limit)))
        send_next(limit);
    if (limit->n_waiting)
        wait_for_token(limit);
}

static void
on_timer(evutil_socket_t fd, short what, void *aux)
{
    (void)fd, (void)what;
    run(aux);
}

/* ---- Calls ---- */

void
packet_in_limit_init(struct packet_in_limit *limit, struct event_base *base, uint64_t *n_dropped,
                     void (*send)(void *aux, struct buf *msg), void *aux)
{
    *limit = (struct packet_in_limit){.n_dropped = n_dropped, .send = send, .aux = aux};
    list_init(&limit->queues);
    limit->timer = evtimer_new(base, on_timer, limit);
    if (!limit->timer)
        abort();
}

void
packet_in_limit_destroy(struct packet_in_limit *limit)
{
    packet_in_limit_clear(limit);
    event_free(limit->timer);
}

void
packet_in_limit_configure(struct packet_in_limit *limit, uint32_t rate, uint32_t burst)
{
    burst = burst ? burst : MAX(rate / 4, 1);
    if (limit->rate == rate && limit->burst == burst)
        return;
    limit->rate = rate;
    limit->burst = burst;
    limit->tokens = burst;
    limit->filled_ms = time_now_ms();
    run(limit);
}

void
packet_in_limit_clear(struct packet_in_limit *limit)
{
    while (!list_is_empty(&limit->queues))
        queue_destroy(CONTAINER_OF(list_pop_front(&limit->queues), struct port_queue, link));
    limit->n_waiting = 0;
    evtimer_del(limit->timer);
    limit->tokens = limit->burst;
}

void
packet_in_limit_put(struct packet_in_limit *limit, uint32_t port_no, struct buf *msg)
{
    if (!limit->rate || (!limit->n_waiting && take_token(limit))) {
        limit->send(limit->aux, msg);
        return;
    }
    enqueue(limit, port_no, msg);
    if (!evtimer_pending(limit->timer, NULL))
        wait_for_token(limit);
}
