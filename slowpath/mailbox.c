/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/internal.h"

/* More are lost: a flood of packet-ins must not eat the daemon. A port's letters are at most as
 * many as are free, so that others find room. */
#define MAX_LETTERS 4096
/* So many at a time, that connections get their turn. */
#define DELIVERY 128
/* Bytes that a paused packet may leave in a message, beside itself. */
#define MAX_STATE 32768

struct letter {
    struct list link;
    struct dp_upcall upcall;
    uint8_t packet[];
};

void
mailbox_init(struct mailbox *mailbox)
{
    pthread_mutex_init(&mailbox->lock, NULL);
    list_init(&mailbox->letters);
    mailbox->n = 0;
}

void
mailbox_destroy(struct mailbox *mailbox)
{
    struct letter *letter, *next;

    LIST_FOR_EACH_SAFE (letter, next, link, &mailbox->letters)
        free(letter);
    pthread_mutex_destroy(&mailbox->lock);
}

static uint32_t
port_of(const struct letter *letter)
{
    return letter->upcall.key.in_port & (DP_MAX_PORTS - 1);
}

void
mailbox_post(struct slowpath *slowpath, const struct dp_upcall *upcall, const uint8_t *packet)
{
    struct mailbox *mailbox = &slowpath->mailbox;
    struct letter *letter = xmalloc(sizeof *letter + upcall->cap_size);
    bool is_lost;

    letter->upcall = *upcall;
    memcpy(letter->packet, packet, upcall->cap_size);
    pthread_mutex_lock(&mailbox->lock);
    is_lost = mailbox->n + mailbox->by_port[port_of(letter)] >= MAX_LETTERS;
    if (!is_lost) {
        list_push_back(&mailbox->letters, &letter->link);
        mailbox->n++;
        mailbox->by_port[port_of(letter)]++;
    }
    pthread_mutex_unlock(&mailbox->lock);
    if (is_lost) {
        free(letter);
        slowpath_count(&slowpath->counters.n_packet_ins_lost);
    } else {
        slowpath_notify(slowpath);
    }
}

static struct letter *
take(struct mailbox *mailbox)
{
    struct letter *letter = NULL;

    pthread_mutex_lock(&mailbox->lock);
    if (mailbox->n) {
        letter = CONTAINER_OF(list_pop_front(&mailbox->letters), struct letter, link);
        mailbox->n--;
        mailbox->by_port[port_of(letter)]--;
    }
    pthread_mutex_unlock(&mailbox->lock);
    return letter;
}

static struct flow
flow_at_action(const struct xlate_cookie *cookie, const struct dp_key *key)
{
    struct flow flow = {.key = *key,
                        .metadata = cookie->metadata,
                        .in_port = cookie->in_port,
                        .in_phy_port = cookie->in_port,
                        .actset_output = cookie->actset_output};

    memcpy(flow.regs, cookie->regs, sizeof flow.regs);
    return flow;
}

/* One message for each id of a controller that the action names, or for 0. */
static void
hand_over(struct slowpath *slowpath, struct ofproto *ofproto, const struct xlate_cookie *cookie,
          const struct letter *letter, const struct buf *continuation)
{
    struct flow flow = flow_at_action(cookie, &letter->upcall.key);
    size_t ids_size = cookie->n_controllers * sizeof(uint16_t), n = MAX(cookie->n_controllers, 1);
    struct slowpath_packet_in in = {.ofproto = ofproto,
                                    .reason = cookie->reason,
                                    .table_id = cookie->table_id,
                                    .is_implicit = cookie->is_implicit,
                                    .max_len = cookie->max_len,
                                    .cookie = cookie->flow_cookie,
                                    .flow = &flow,
                                    .userdata = cookie->tail + ids_size,
                                    .userdata_size = cookie->userdata_size,
                                    .continuation = (const uint8_t *)continuation->data,
                                    .continuation_size = continuation->size,
                                    .data = letter->packet,
                                    .size = letter->upcall.cap_size};

    for (size_t i = 0; i < n; i++) {
        if (cookie->n_controllers)
            memcpy(&in.controller_id, cookie->tail + i * sizeof(uint16_t), sizeof(uint16_t));
        slowpath_count(&slowpath->counters.n_packet_ins);
        slowpath->ops.packet_in(slowpath->aux, &in);
    }
}

/* False: the packet paused, and nobody knows where any more, or no message can say it. */
static bool
put_continuation(struct slowpath *slowpath, const struct xlate_cookie *cookie, struct buf *out)
{
    size_t size;
    void *state;

    if (!cookie->continuation)
        return true;
    state = ids_find(slowpath->recircs, cookie->continuation, &size);
    if (state && size <= MAX_STATE)
        seal_put(&slowpath->seal, state, size, out);
    free(state);
    return out->size;
}

/* A cookie of a former daemon, or of a bridge that is gone, leads nowhere. */
static void
deliver(struct slowpath *slowpath, const struct letter *letter)
{
    size_t size;
    struct xlate_cookie *cookie =
        ids_find(slowpath->cookies, (uint32_t)letter->upcall.cookie, &size);
    struct bridge *bridge = cookie ? bridge_of_number(slowpath, cookie->bridge) : NULL;
    struct buf continuation = BUF_INITIALIZER;

    if (bridge && put_continuation(slowpath, cookie, &continuation))
        hand_over(slowpath, bridge->xlate.ofproto, cookie, letter, &continuation);
    else
        slowpath_count(&slowpath->counters.n_packet_ins_lost);
    buf_destroy(&continuation);
    free(cookie);
}

bool
mailbox_deliver(struct slowpath *slowpath)
{
    struct letter *letter;
    int n = 0;

    while (n++ < DELIVERY && (letter = take(&slowpath->mailbox))) {
        deliver(slowpath, letter);
        free(letter);
    }
    return n > DELIVERY;
}
