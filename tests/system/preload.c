/* SPDX-License-Identifier: Apache-2.0 */
/* Faults for a daemon that runs, by LD_PRELOAD: the n-th allocation from now on fails, the n-th
 * bpf(2) call or mapping of a file fails, clocks jump, the daemon dies before the n-th bpf(2) call
 * or between two sets of maps.
 *
 * Model: the file that SHUNT_FAULTS names is mapped by daemon and test (tests/system/preload.py),
 * who writes what shall happen. Threads: any. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* As in tests/system/preload.py. */
struct faults {
    _Atomic int64_t n_allocations; /* Counts up. The one that comes to 0 fails. */
    _Atomic int64_t n_bpf_calls;   /* The same. */
    _Atomic int64_t bpf_command;   /* Of this one alone; -1: of any. */
    _Atomic int64_t bpf_errno;
    _Atomic int64_t bpf_failed; /* The command of the last that failed; -1: none did. */
    _Atomic int64_t real_ahead_ns, monotonic_ahead_ns;
    _Atomic int64_t n_mappings; /* As n_allocations. */
    _Atomic int64_t dies_before_promotion;
    _Atomic int64_t asleep_ns;         /* The monotonic clock stood still for so long. */
    _Atomic int64_t n_bpf_until_death; /* As n_allocations. */
};

static struct faults nothing = {.n_allocations = 1, .n_mappings = 1, .n_bpf_until_death = 1};
static struct faults *faults = &nothing;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static void __attribute__((constructor)) begin(void)
{
    const char *path = getenv("SHUNT_FAULTS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *memory;

    if (fd < 0)
        return;
    memory = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED)
        faults = memory;
    close(fd);
}

static int
allocation_fails(void)
{
    if (atomic_fetch_add(&faults->n_allocations, 1) != -1)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *
malloc(size_t size)
{
    return allocation_fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
    return allocation_fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
    return allocation_fails() ? NULL : __libc_realloc(old, size);
}

static int
bpf_fails(long command)
{
    int64_t wanted = faults->bpf_command;

    if (!faults->bpf_errno || (wanted >= 0 && wanted != command) ||
        atomic_fetch_add(&faults->n_bpf_calls, 1) != -1)
        return 0;
    faults->bpf_failed = command;
    errno = (int)faults->bpf_errno;
    return 1;
}

/* libbpf makes its calls so. */
long
syscall(long number, ...)
{
    static long (*real)(long, ...);
    long a[6];
    va_list args;

    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    if (number == SYS_bpf && atomic_fetch_add(&faults->n_bpf_until_death, 1) == -1)
        kill(getpid(), SIGKILL);
    if (number == SYS_bpf && bpf_fails(a[0]))
        return -1;
    if (!real)
        real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

void *
mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    static void *(*real)(void *, size_t, int, int, int, off_t);

    if (!real)
        real = (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap");
    if (fd >= 0 && atomic_fetch_add(&faults->n_mappings, 1) == -1) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return real(at, size, protection, flags, fd, offset);
}

/* Of control, whose removal puts the maps of another layout into their place. */
int
unlink(const char *path)
{
    static int (*real)(const char *);
    const char *name = strrchr(path, '/');

    if (faults->dies_before_promotion && name && !strcmp(name, "/control"))
        kill(getpid(), SIGKILL);
    if (!real)
        real = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    return real(path);
}

static void
add_ns(struct timespec *time, int64_t ns)
{
    ns += time->tv_nsec;
    time->tv_sec += ns / 1000000000;
    time->tv_nsec = ns % 1000000000;
    if (time->tv_nsec < 0) {
        time->tv_nsec += 1000000000;
        time->tv_sec--;
    }
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    int error;

    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    error = real(clock, now);
    if (!error && clock == CLOCK_REALTIME)
        add_ns(now, faults->real_ahead_ns);
    if (!error &&
        (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME))
        add_ns(now, faults->monotonic_ahead_ns);
    if (!error && (clock == CLOCK_REALTIME || clock == CLOCK_BOOTTIME))
        add_ns(now, faults->asleep_ns);
    return error;
}
