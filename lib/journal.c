/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/durable.h"
#include "lib/util.h"

#define ALIGN 8
#define LITTLE (64u << 10) /* A tail that journal_commit() copies. */
#define MAX_ROUNDS 8       /* To get there. */

enum record_kind {
    RECORD_HEAD = 0x31486853, /* "ShH1": the file's first; no data. */
    RECORD_DATA = 0x31446853, /* "ShD1" */
    RECORD_BASE = 0x31426853, /* "ShB1": the base ends here; no data. */
};

struct record {
    uint32_t kind;    /* enum record_kind */
    uint32_t crc;     /* Of the rest of this struct and the data. */
    uint64_t size;    /* Bytes of data, which zeros fill up to a multiple of ALIGN. */
    uint64_t durable; /* So many bytes of the file were on disk. */
};
_Static_assert(sizeof(struct record) == 24, "no hidden padding");

struct journal {
    char path[PATH_MAX];
    int fd;
    bool is_committed;
    atomic_bool is_placed; /* The directory that says so is on disk. */
    _Atomic uint64_t size;
    uint64_t base_size;
    _Atomic uint64_t durable;
};

/* ---- Writing ---- */
static uint32_t
checksum(const struct record *record, const void *data)
{
    uLong crc = crc32_z(0, (const Bytef *)&record->size, sizeof *record - 8);

    return (uint32_t)crc32_z(crc, data, record->size);
}

/* One write(), so that a killed process leaves all of it or nothing. What is interrupted or finds
 * no room is taken back. */
static int
write_record(struct journal *journal, enum record_kind kind, const void *data, size_t size)
{
    static const char zeros[ALIGN];
    struct record record = {.kind = kind, .size = size, .durable = atomic_load(&journal->durable)};
    const struct iovec parts[] = {{&record, sizeof record},
                                  {(void *)data, size},
                                  {(void *)zeros, ROUND_UP(size, ALIGN) - size}};
    size_t whole = sizeof record + ROUND_UP(size, ALIGN);
    ssize_t n;

    record.crc = checksum(&record, data);
    n = pwritev(journal->fd, parts, ARRAY_SIZE(parts), (off_t)journal->size);
    if (n != (ssize_t)whole) {
        int error = n < 0 ? errno : ENOSPC;

        return ftruncate(journal->fd, (off_t)journal->size) ? errno : error;
    }
    journal->size += whole;
    return 0;
}

int
journal_create(const char *path, struct journal **journalp)
{
    struct journal *journal = xcalloc(1, sizeof *journal);
    char new_path[PATH_MAX];
    int error = durable_new_path(path, new_path, sizeof new_path);

    snprintf(journal->path, sizeof journal->path, "%s", path);
    journal->fd = error ? -1 : open(new_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (!error && journal->fd < 0)
        error = errno;
    if (!error)
        error = write_record(journal, RECORD_HEAD, "", 0);
    if (error) {
        journal_close(journal);
        return error;
    }
    *journalp = journal;
    return 0;
}

int
journal_append(struct journal *journal, const void *data, size_t size)
{
    return write_record(journal, RECORD_DATA, data, size);
}

static int
copy_tail(struct journal *journal, const struct journal *old, uint64_t *old_size)
{
    char *data = xmalloc(1 << 20);
    int error = 0;

    while (!error && *old_size < old->size) {
        size_t size = MIN(old->size - *old_size, 1u << 20);
        ssize_t n = pread(old->fd, data, size, (off_t)*old_size);

        if (n <= 0) {
            error = n < 0 ? errno : EIO;
            break;
        }
        errno = ENOSPC; /* Of a write that is cut short. */
        if (pwrite(journal->fd, data, (size_t)n, (off_t)journal->size) != n) {
            error = errno;
            break;
        }
        *old_size += (uint64_t)n;
        journal->size += (uint64_t)n;
    }
    free(data);
    return error;
}

int
journal_end_base(struct journal *journal, const struct journal *old, uint64_t *old_size)
{
    int error = write_record(journal, RECORD_BASE, "", 0);

    journal->base_size = journal->size;
    if (!error)
        error = journal_sync(journal);
    for (int i = 0; !error && old && i < MAX_ROUNDS && old->size - *old_size > LITTLE; i++) {
        error = copy_tail(journal, old, old_size);
        if (!error)
            error = journal_sync(journal);
    }
    return error;
}

int
journal_commit(struct journal *journal, const struct journal *old, uint64_t old_size)
{
    char new_path[PATH_MAX];
    int error = old ? copy_tail(journal, old, &old_size) : 0;

    if (!error)
        error = journal_sync(journal);
    if (!error)
        error = durable_new_path(journal->path, new_path, sizeof new_path);
    if (!error && rename(new_path, journal->path) < 0)
        error = errno;
    journal->is_committed = !error;
    return error;
}

int
journal_sync(struct journal *journal)
{
    uint64_t size = journal->size;
    bool is_committed = journal->is_committed;

    if (fdatasync(journal->fd) < 0)
        return errno;
    if (is_committed && !atomic_load(&journal->is_placed)) {
        int error = durable_sync_directory(journal->path);

        if (error)
            return error;
        atomic_store(&journal->is_placed, true);
    }
    atomic_store(&journal->durable, size);
    return 0;
}

uint64_t
journal_size(const struct journal *journal)
{
    return journal->size;
}

uint64_t
journal_base_size(const struct journal *journal)
{
    return journal->base_size;
}

void
journal_close(struct journal *journal)
{
    char new_path[PATH_MAX];

    if (!journal)
        return;
    if (journal->fd >= 0) {
        if (!journal->is_committed && !durable_new_path(journal->path, new_path, sizeof new_path))
            unlink(new_path);
        close(journal->fd);
    }
    free(journal);
}

/* ---- Reading ---- */
struct image {
    const uint8_t *bytes;
    uint64_t size;
};

/* The whole record at `at`, or NULL. */
static const struct record *
record_at(const struct image *image, uint64_t at)
{
    const struct record *record;

    if (image->size - at < sizeof *record) /* Also of an empty file, which has no bytes. */
        return NULL;
    record = (const struct record *)(image->bytes + at);
    if (record->size > image->size - at - sizeof *record ||
        ROUND_UP(record->size, ALIGN) > image->size - at - sizeof *record)
        return NULL;
    if (record->kind != RECORD_HEAD && record->kind != RECORD_DATA && record->kind != RECORD_BASE)
        return NULL;
    return record->crc == checksum(record, record + 1) ? record : NULL;
}

static uint64_t
next_of(const struct record *record, uint64_t at)
{
    return at + sizeof *record + ROUND_UP(record->size, ALIGN);
}

/* Whether a later record knew that the bytes at `at` were on disk: then no power loss tore them. */
static bool
was_durable(const struct image *image, uint64_t at)
{
    for (uint64_t i = at + ALIGN; i + sizeof(struct record) <= image->size; i += ALIGN) {
        const struct record *record = record_at(image, i);

        if (record && record->durable > at)
            return true;
    }
    return false;
}

/* Where the last whole record ends. EBADMSG. */
static int
check(const struct image *image, uint64_t *end, char *why, size_t why_size)
{
    const struct record *record = record_at(image, 0);
    bool has_base = false;
    uint64_t at = 0;

    if (!record || record->kind != RECORD_HEAD) {
        snprintf(why, why_size, "byte 0: no such file begins so");
        return EBADMSG;
    }
    while (at < image->size && (record = record_at(image, at))) {
        has_base = has_base || record->kind == RECORD_BASE;
        at = next_of(record, at);
    }
    if (!has_base || (at < image->size && was_durable(image, at))) {
        snprintf(why, why_size, "byte %" PRIu64 " of %" PRIu64 ": no whole record stands here", at,
                 image->size);
        return EBADMSG;
    }
    *end = at;
    return 0;
}

static int
hand_out(const struct image *image, uint64_t end, journal_cb *cb, void *aux)
{
    const struct record *record;
    int error = 0;

    for (uint64_t at = 0; !error && at < end; at = next_of(record, at)) {
        record = (const struct record *)(image->bytes + at);
        if (record->kind == RECORD_DATA)
            error = cb(aux, record + 1, record->size);
    }
    return error;
}

static int
image_open(const char *path, struct image *image)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
    struct stat info;
    void *memory;

    *image = (struct image){0};
    if (fd < 0)
        return errno;
    if (fstat(fd, &info) < 0) {
        error = errno;
    } else if (info.st_size) {
        memory = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (memory == MAP_FAILED)
            error = errno;
        else
            *image = (struct image){memory, (uint64_t)info.st_size};
    }
    close(fd);
    return error;
}

int
journal_read(const char *path, journal_cb *cb, void *aux, uint64_t *torn, char *why,
             size_t why_size)
{
    struct image image;
    uint64_t end = 0;
    int error = image_open(path, &image);

    if (error)
        return error;
    error = check(&image, &end, why, why_size);
    *torn = image.size - end;
    if (!error)
        error = hand_out(&image, end, cb, aux);
    if (image.size)
        munmap((void *)image.bytes, image.size);
    return error;
}
