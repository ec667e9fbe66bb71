/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer of an upcall ring (Documentation/bpf/ringbuf.rst of Linux): a page with our
 * position, a page with the kernel's, and the data mapped twice in a row, so that a record never
 * wraps. The kernel makes the ring's descriptor readable when it adds to an empty ring. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "datapath/dp-internal.h"
#include "lib/util.h"

struct dp_upcall_reader {
    struct dp *dp;
    int fd;
    size_t size, page;
    unsigned long *consumer;       /* Ours. */
    const unsigned long *producer; /* The kernel's. */
    const uint8_t *data;
};

static int
ring_map(struct dp_upcall_reader *reader)
{
    void *ours = mmap(NULL, reader->page, PROT_READ | PROT_WRITE, MAP_SHARED, reader->fd, 0);
    void *theirs;

    if (ours == MAP_FAILED)
        return errno;
    theirs = mmap(NULL, reader->page + 2 * reader->size, PROT_READ, MAP_SHARED, reader->fd,
                  reader->page);
    if (theirs == MAP_FAILED) {
        munmap(ours, reader->page);
        return errno;
    }
    reader->consumer = ours;
    reader->producer = theirs;
    reader->data = (uint8_t *)theirs + reader->page;
    return 0;
}

bool
dp_has_upcall_ring(const struct dp *dp, uint32_t ring)
{
    return ring < dp->n_rings && dp->ring_fds[ring] > 0;
}

int
dp_upcall_reader_open(struct dp *dp, uint32_t ring, struct dp_upcall_reader **readerp)
{
    struct dp_upcall_reader *reader;
    struct bpf_map_info info = {0};
    uint32_t info_size = sizeof info;
    int error = 0;

    if (!dp_has_upcall_ring(dp, ring))
        return dp_fail(ENOENT, "there is no upcall ring %u", ring);
    reader = xcalloc(1, sizeof *reader);
    reader->dp = dp;
    reader->fd = dp->ring_fds[ring];
    reader->page = sysconf(_SC_PAGESIZE);
    if (bpf_obj_get_info_by_fd(reader->fd, &info, &info_size))
        error = errno;
    reader->size = info.max_entries;
    if (!error)
        error = ring_map(reader);
    if (error) {
        free(reader);
        return dp_fail(error, "upcall ring %u: %s", ring, strerror(error));
    }
    *readerp = reader;
    return 0;
}

void
dp_upcall_reader_close(struct dp_upcall_reader *reader)
{
    if (!reader)
        return;
    munmap(reader->consumer, reader->page);
    munmap((void *)reader->producer, reader->page + 2 * reader->size);
    free(reader);
}

int
dp_upcall_reader_fd(const struct dp_upcall_reader *reader)
{
    return reader->fd;
}

/* Hands on one record, unless the kernel threw it away. */
static size_t
record_deliver(const uint8_t *record, uint32_t header, dp_upcall_cb *cb, void *aux)
{
    const struct dp_upcall *upcall = (const struct dp_upcall *)(record + BPF_RINGBUF_HDR_SZ);

    if (header & BPF_RINGBUF_DISCARD_BIT)
        return 0;
    cb(aux, upcall, (const uint8_t *)(upcall + 1));
    return 1;
}

size_t
dp_upcall_read(struct dp_upcall_reader *reader, size_t max, dp_upcall_cb *cb, void *aux)
{
    unsigned long position = *reader->consumer;
    unsigned long end = __atomic_load_n(reader->producer, __ATOMIC_ACQUIRE);
    size_t n = 0;

    while (position < end && n < max) {
        const uint8_t *record = reader->data + (position & (reader->size - 1));
        uint32_t header = __atomic_load_n((const uint32_t *)record, __ATOMIC_ACQUIRE);
        uint32_t size = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

        if (header & BPF_RINGBUF_BUSY_BIT)
            break;
        n += record_deliver(record, header, cb, aux);
        position += ROUND_UP(size + BPF_RINGBUF_HDR_SZ, 8);
        __atomic_store_n(reader->consumer, position, __ATOMIC_RELEASE);
        if (position == end)
            end = __atomic_load_n(reader->producer, __ATOMIC_ACQUIRE);
    }
    return n;
}

/* A miss reserves its record and then reads the generation (upcall/producer.bpf.h); here it is the
 * other way round. So a miss that we do not see sees that it has to look again. */
uint64_t
dp_upcall_reader_mark(struct dp_upcall_reader *reader)
{
    __atomic_fetch_add(&reader->dp->control->generation, 1, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(reader->producer, __ATOMIC_ACQUIRE);
}

bool
dp_upcall_reader_is_empty(const struct dp_upcall_reader *reader)
{
    return dp_upcall_reader_position(reader) == __atomic_load_n(reader->producer, __ATOMIC_ACQUIRE);
}

uint64_t
dp_upcall_reader_position(const struct dp_upcall_reader *reader)
{
    return __atomic_load_n(reader->consumer, __ATOMIC_RELAXED);
}
