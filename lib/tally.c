/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tally.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"

#define LOG_MODULE "tally"
#include "lib/log.h"

#define PREFIX "tallies."
#define CHUNK_SIZE (TALLY_CHUNK * sizeof(struct tally))

struct tally *tally_chunks[TALLY_MAX_CHUNKS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t n_slots;                    /* That were ever given out. */
static uint32_t *freed, n_freed, max_freed; /* Those that came back, a stack. */
static int file = -1;
static uint64_t file_generation;

/* ---- Files ---- */
static int
make_path(const char *dir, uint64_t generation, char path[PATH_MAX])
{
    int n = snprintf(path, PATH_MAX, "%s/" PREFIX "%016" PRIx64, dir, generation);

    return n >= PATH_MAX ? ENAMETOOLONG : 0;
}

/* Not what a bridge of such a name has there. */
static bool
is_name(const char *name)
{
    static const size_t prefix = sizeof PREFIX - 1;

    return !strncmp(name, PREFIX, prefix) && strlen(name) == prefix + 16 &&
           strspn(name + prefix, "0123456789abcdef") == 16;
}

int
tallies_open(const char *dir)
{
    char path[PATH_MAX];
    int error;

    if (getrandom(&file_generation, sizeof file_generation, 0) != sizeof file_generation)
        return errno;
    error = make_path(dir, file_generation, path);
    if (error)
        return error;
    file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return file < 0 ? errno : 0;
}

uint64_t
tallies_generation(void)
{
    return file < 0 ? 0 : file_generation;
}

void
tallies_clean(const char *dir, int all)
{
    char own[PATH_MAX], path[PATH_MAX];
    DIR *entries = opendir(dir);
    struct dirent *entry;

    if (make_path(dir, file_generation, own))
        own[0] = '\0';
    while (entries && (entry = readdir(entries))) {
        if (!is_name(entry->d_name) ||
            snprintf(path, sizeof path, "%s/%s", dir, entry->d_name) >= (int)sizeof path)
            continue;
        if (all || strcmp(path, own))
            unlink(path);
    }
    if (entries)
        closedir(entries);
}

int
tallies_old_open(const char *dir, uint64_t generation, struct tallies_old *old)
{
    char path[PATH_MAX];
    struct stat info;
    void *memory;
    int fd, error = make_path(dir, generation, path);

    *old = (struct tallies_old){0};
    if (error)
        return error;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    error = fstat(fd, &info) < 0 ? errno : 0;
    if (!error && info.st_size) {
        memory = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (memory == MAP_FAILED)
            error = errno;
        else
            *old = (struct tallies_old){memory, (size_t)info.st_size / sizeof(struct tally)};
    }
    close(fd);
    return error;
}

void
tallies_old_close(struct tallies_old *old)
{
    if (old->n)
        munmap((void *)old->slots, old->n * sizeof *old->slots);
    *old = (struct tallies_old){0};
}

/* ---- Slots ---- */
/* Whether the file has room for the chunk. */
static bool
extend_file(uint32_t number)
{
    int error;

    if (file < 0)
        return false;
    error = posix_fallocate(file, 0, (off_t)((number + 1) * CHUNK_SIZE));
    if (error)
        log_warn("the run directory has no room for counters (%s): those of further flow entries "
                 "end with the process",
                 strerror(error));
    return !error;
}

static void
add_chunk(uint32_t number)
{
    bool is_kept = extend_file(number);
    int flags = is_kept ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    void *memory = MAP_FAILED;

    if (number < TALLY_MAX_CHUNKS)
        memory = mmap(NULL, CHUNK_SIZE, PROT_READ | PROT_WRITE, flags, is_kept ? file : -1,
                      is_kept ? (off_t)(number * CHUNK_SIZE) : 0);
    if (memory == MAP_FAILED)
        out_of_memory(CHUNK_SIZE);
    tally_chunks[number] = memory;
}

uint32_t
tally_alloc(void)
{
    uint32_t slot;

    pthread_mutex_lock(&lock);
    if (n_freed) {
        slot = freed[--n_freed];
    } else {
        slot = n_slots++;
        if (slot % TALLY_CHUNK == 0)
            add_chunk(slot / TALLY_CHUNK);
    }
    pthread_mutex_unlock(&lock);
    memset(tally_at(slot), 0, sizeof(struct tally));
    return slot;
}

void
tally_free(uint32_t slot)
{
    pthread_mutex_lock(&lock);
    if (n_freed == max_freed) {
        max_freed = MAX(1024, 2 * max_freed);
        freed = xrealloc(freed, max_freed * sizeof *freed);
    }
    freed[n_freed++] = slot;
    pthread_mutex_unlock(&lock);
}

void
tally_add(uint32_t slot, uint64_t n_packets, uint64_t n_bytes)
{
    struct tally *tally = tally_at(slot);

    atomic_fetch_add_explicit(&tally->n_packets, n_packets, memory_order_relaxed);
    atomic_fetch_add_explicit(&tally->n_bytes, n_bytes, memory_order_relaxed);
}

void
tally_use(uint32_t slot, int64_t used_ms)
{
    struct tally *tally = tally_at(slot);
    int64_t old = atomic_load_explicit(&tally->used_ms, memory_order_relaxed);

    while (used_ms > old &&
           !atomic_compare_exchange_weak_explicit(&tally->used_ms, &old, used_ms,
                                                  memory_order_relaxed, memory_order_relaxed))
        continue;
}
