/* SPDX-License-Identifier: Apache-2.0 */
/* Indices of records: who uses them, and when one may be used again.
 *
 * An index goes free -> head or extra -> dying -> free; the last step takes a grace period,
 * after which no program that saw the record still runs. Free indices queue up, so that the
 * counters of a removed flow can be read for as long as possible. */
#include "datapath/dp-internal.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/util.h"

int
queue_init(struct index_queue *queue, uint32_t capacity)
{
    queue->indices = calloc(capacity, sizeof *queue->indices);
    queue->capacity = capacity;
    return queue->indices ? 0 : ENOMEM;
}

void
queue_destroy(struct index_queue *queue)
{
    free(queue->indices);
}

void
queue_push(struct index_queue *queue, uint32_t index)
{
    queue->indices[(queue->first + queue->n++) % queue->capacity] = index;
}

uint32_t
queue_pop(struct index_queue *queue)
{
    uint32_t index = queue->indices[queue->first];

    queue->first = (queue->first + 1) % queue->capacity;
    queue->n--;
    queue->n_popped++;
    return index;
}

/* Puts the index that was popped last back where it was. */
static void
queue_unpop(struct index_queue *queue, uint32_t index)
{
    queue->first = (queue->first + queue->capacity - 1) % queue->capacity;
    queue->indices[queue->first] = index;
    queue->n++;
    queue->n_popped--;
}

static uint64_t
queue_n_pushed(const struct index_queue *queue)
{
    return queue->n_popped + queue->n;
}

int
records_init(struct dp *dp)
{
    dp->use = calloc(dp->max_flows, sizeof *dp->use);
    if (!dp->use || queue_init(&dp->free, dp->max_flows) || queue_init(&dp->dying, dp->max_flows) ||
        queue_init(&dp->detours, dp->max_flows))
        return dp_fail(ENOMEM, "no memory to index %u flows: lower max_flows", dp->max_flows);
    return 0;
}

void
records_destroy(struct dp *dp)
{
    free(dp->use);
    queue_destroy(&dp->free);
    queue_destroy(&dp->dying);
    queue_destroy(&dp->detours);
}

static void
counters_clear(struct dp *dp, uint32_t index)
{
    static const struct dp_flow_counters none;

    for (uint32_t cpu = 0; cpu < dp->n_cpus; cpu++)
        dp->flow_counters[(size_t)cpu * dp->max_flows + index] = none;
}

int
record_alloc(struct dp *dp, enum record_use use, uint32_t *index)
{
    if (!dp->free.n)
        return dp_fail(ENOSPC, "the flow table is full: %u records are in use", dp->max_flows);
    *index = queue_pop(&dp->free);
    dp->use[*index] = use;
    dp->flows[*index] = (struct dp_flow){.detour = DP_NO_FLOW};
    memset(&dp->records[*index], 0, sizeof dp->records[*index]);
    dp->records[*index].next = DP_NO_FLOW;
    counters_clear(dp, *index);
    return 0;
}

void
record_alloc_undo(struct dp *dp, uint32_t index)
{
    dp->use[index] = RECORD_FREE;
    queue_unpop(&dp->free, index);
}

void
record_release(struct dp *dp, uint32_t index)
{
    dp->use[index] = RECORD_DYING;
    queue_push(&dp->dying, index);
}

void
record_free(struct dp *dp, uint32_t index)
{
    dp->use[index] = RECORD_FREE;
    queue_push(&dp->free, index);
}

void
record_release_chain(struct dp *dp, uint32_t index)
{
    for (; index != DP_NO_FLOW; index = dp->records[index].next)
        record_release(dp, index);
}

void
record_detoured(struct dp *dp, uint32_t head, uint32_t detour)
{
    dp->flows[detour].home = head;
    queue_push(&dp->detours, detour);
}

/* No program looks at the flow's own list any more: copies the detour's into it. */
static void
come_home(struct dp *dp, uint32_t detour)
{
    uint32_t index = dp->flows[detour].home;
    const struct dp_record *away = &dp->records[detour];
    struct dp_record *home = &dp->records[index];
    struct dp_flow *flow = &dp->flows[index];

    if (dp->use[detour] != RECORD_EXTRA || dp->use[index] != RECORD_HEAD || flow->detour != detour)
        return;
    memcpy(home->actions, away->actions, sizeof home->actions);
    home->n_actions = away->n_actions;
    home->next = away->next;
    __atomic_store_n(&flow->detour, DP_NO_FLOW, __ATOMIC_RELEASE);
    flow_refresh_flags(dp, index);
    flow->single_port = list_single_port(home->actions, home->n_actions);
    record_release(dp, detour);
}

/* The kernel waits for all RCU readers, which programs are. It refuses where a CPU runs without
 * a tick; changing a map of maps waits just the same. */
static void
wait_for_readers(struct dp *dp)
{
    uint32_t zero = 0;

    if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
        bpf_map_update_elem(dp_map_fd(dp, "rings"), &zero, &dp->ring_fds[0], BPF_ANY);
}

/* How far the queues had come when a grace period began. */
struct grace {
    uint64_t n_dying, n_detours, n_masks;
};

static struct grace
grace_begin(const struct dp *dp)
{
    return (struct grace){queue_n_pushed(&dp->dying), queue_n_pushed(&dp->detours),
                          queue_n_pushed(&dp->dying_masks)};
}

static void
grace_end(struct dp *dp, const struct grace *grace)
{
    while (dp->dying.n_popped < grace->n_dying)
        record_free(dp, queue_pop(&dp->dying));
    while (dp->detours.n_popped < grace->n_detours)
        come_home(dp, queue_pop(&dp->detours));
    while (dp->dying_masks.n_popped < grace->n_masks)
        mask_free(dp, queue_pop(&dp->dying_masks));
}

void
records_grace(struct dp *dp)
{
    struct grace grace;

    pthread_mutex_lock(&dp->lock);
    grace = grace_begin(dp);
    pthread_mutex_unlock(&dp->lock);
    wait_for_readers(dp);
    pthread_mutex_lock(&dp->lock);
    grace_end(dp, &grace);
    pthread_mutex_unlock(&dp->lock);
}

void
records_adopt_end(struct dp *dp)
{
    for (uint32_t i = 0; i < dp->max_flows; i++) {
        if (dp->use[i] == RECORD_FREE) {
            dp->flows[i].ufid = 0;
            queue_push(&dp->free, i);
        }
    }
}
