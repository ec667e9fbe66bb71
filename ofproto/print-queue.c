/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about queues. */
#include "ofproto/print-private.h"

#define RATE_UNKNOWN 0xffff /* OFPQ_MIN_RATE_UNCFG: above 1000 (tenths of a percent) is none. */

static void
put_queue(const struct print *p, uint32_t queue_id)
{
    if (queue_id == OFQUEUE_ALL)
        buf_puts(p->out, "ALL");
    else
        buf_printf(p->out, "%u", queue_id);
}

/* ---- Statistics -------------------------------------------------------------------------------*/
enum ofperr
print_queue_stats_request(const struct print *p, const struct of_header *msg)
{
    const struct of_queue_stats_request *request = (const void *)msg;
    /* 1.0 says ALL where the others say ANY. */
    uint32_t port_no =
        p->version == OFP10 && request->port_no == OFPORT_ALL ? OFPORT_ANY : request->port_no;

    buf_puts(p->out, " port=");
    ofport_format(port_no, p->names, p->out);
    buf_puts(p->out, " queue=");
    put_queue(p, request->queue_id);
    return OFPERR_OK;
}

static void
put_queue_stats(const struct print *p, const struct of_queue_stats_entry *entry)
{
    buf_puts(p->out, "  port ");
    ofport_format(entry->port_no, p->names, p->out);
    buf_puts(p->out, " queue ");
    put_queue(p, entry->queue_id);
    print_counter(p->out, ": bytes=", entry->tx_bytes);
    print_counter(p->out, ", pkts=", entry->tx_packets);
    print_counter(p->out, ", errors=", entry->tx_errors);
    buf_puts(p->out, ", duration=");
    if (p->version == OFP10 || entry->duration_sec == UINT32_MAX)
        buf_putc(p->out, '?');
    else
        print_duration(p->out, entry->duration_sec * UINT64_C(1000000000) + entry->duration_nsec);
    buf_putc(p->out, '\n');
}

enum ofperr
print_queue_stats(const struct print *p, const struct of_header *msg)
{
    const struct of_queue_stats_reply *reply = (const void *)msg;

    buf_printf(p->out, " %zu queues\n", reply->entries.n);
    for (size_t i = 0; i < reply->entries.n && p->verbosity > 0; i++)
        put_queue_stats(p, reply->entries.items[i]);
    return OFPERR_OK;
}

/* ---- Configuration ----------------------------------------------------------------------------*/
struct queue {
    uint32_t port_no, queue_id;
    uint16_t min_rate, max_rate; /* Tenths of a percent, RATE_UNKNOWN. */
};

/* OFPT_QUEUE_GET_CONFIG_REQUEST up to 1.3, OFPMP_QUEUE_DESC since 1.4. */
enum ofperr
print_queue_config_request(const struct print *p, const struct of_header *msg)
{
    const struct of_queue_desc_stats_request *request = (const void *)msg;
    bool is_desc = msg->object.class_id == OF_QUEUE_DESC_STATS_REQUEST;

    buf_puts(p->out, " port=");
    ofport_format(is_desc ? request->port_no
                          : ((const struct of_queue_get_config_request *)msg)->port,
                  p->names, p->out);
    if (is_desc && request->queue_id != OFQUEUE_ALL) {
        buf_puts(p->out, " queue=");
        put_queue(p, request->queue_id);
    }
    return OFPERR_OK;
}

/* A property of either message. */
static void
take_rate(const void *prop, struct queue *queue)
{
    const struct of_queue_prop_min_rate *rate = prop;

    switch (rate->object.class_id) {
    case OF_QUEUE_PROP_MIN_RATE:
    case OF_QUEUE_DESC_PROP_MIN_RATE:
        queue->min_rate = rate->rate;
        break;
    case OF_QUEUE_PROP_MAX_RATE:
    case OF_QUEUE_DESC_PROP_MAX_RATE:
        queue->max_rate = rate->rate;
        break;
    }
}

static void
collect_config(const struct of_queue_get_config_reply *reply, struct buf *queues)
{
    for (size_t i = 0; i < reply->queues.n; i++) {
        const struct of_packet_queue *of = reply->queues.items[i];
        struct queue queue = {reply->port, of->queue_id, RATE_UNKNOWN, RATE_UNKNOWN};

        for (size_t j = 0; j < of->properties.n; j++)
            take_rate(of->properties.items[j], &queue);
        buf_put(queues, &queue, sizeof queue);
    }
}

static void
collect_desc(const struct of_queue_desc_stats_reply *reply, struct buf *queues)
{
    for (size_t i = 0; i < reply->entries.n; i++) {
        const struct of_queue_desc *of = reply->entries.items[i];
        struct queue queue = {of->port_no, of->queue_id, RATE_UNKNOWN, RATE_UNKNOWN};

        for (size_t j = 0; j < of->properties.n; j++)
            take_rate(of->properties.items[j], &queue);
        buf_put(queues, &queue, sizeof queue);
    }
}

static int
compare_queues(const void *a_, const void *b_)
{
    const struct queue *a = a_, *b = b_;

    if (a->port_no != b->port_no)
        return a->port_no < b->port_no ? -1 : 1;
    return a->queue_id < b->queue_id ? -1 : a->queue_id > b->queue_id;
}

static void
put_rate(const struct print *p, const char *name, uint16_t rate)
{
    if (rate <= 1000)
        buf_printf(p->out, " %s:%u.%u%%", name, rate / 10u, rate % 10u);
    else if (rate != RATE_UNKNOWN)
        buf_printf(p->out, " %s:(disabled)", name);
}

enum ofperr
print_queue_config(const struct print *p, const struct of_header *msg)
{
    struct buf collected = BUF_INITIALIZER;
    struct queue *queues;
    size_t n;

    if (msg->object.class_id == OF_QUEUE_DESC_STATS_REPLY)
        collect_desc((const void *)msg, &collected);
    else
        collect_config((const void *)msg, &collected);
    queues = (void *)collected.data;
    n = collected.size / sizeof *queues;
    if (n)
        qsort(queues, n, sizeof *queues, compare_queues);
    buf_putc(p->out, ' ');
    for (size_t i = 0; i < n; i++) {
        if (!i || queues[i].port_no != queues[i - 1].port_no) {
            buf_puts(p->out, "port=");
            ofport_format(queues[i].port_no, p->names, p->out);
            buf_putc(p->out, '\n');
        }
        buf_printf(p->out, "queue %u:", queues[i].queue_id);
        put_rate(p, "min_rate", queues[i].min_rate);
        put_rate(p, "max_rate", queues[i].max_rate);
        buf_putc(p->out, '\n');
    }
    buf_destroy(&collected);
    return OFPERR_OK;
}
