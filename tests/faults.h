/* SPDX-License-Identifier: Apache-2.0 */
/* Fault injection: the process dies before or after its n-th system call on files, or that call
 * fails. The linker sends the calls here (fault_ldflags in tests/automake.mk).
 *
 * One test program includes this, in one file. Threads: one. */
#ifndef SHUNT_TESTS_FAULTS_H
#define SHUNT_TESTS_FAULTS_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define FAULT_STATUS 9 /* Of a process that died so. */

enum fault {
    FAULT_DIE_BEFORE,
    FAULT_DIE_AFTER,
    FAULT_FAIL,  /* With ENOSPC. */
    FAULT_SHORT, /* Half is written; what does not write fails. */
    N_FAULTS,
};

/* Call number fault_at, from 1 (0: none), and the next fault_more ones. */
static int n_calls, fault_at, fault_more;
static enum fault fault_kind;

static inline bool
fault_is_now(enum fault kind)
{
    return fault_at && n_calls >= fault_at && n_calls <= fault_at + fault_more &&
           fault_kind == kind;
}

static inline void
fault_before(void)
{
    n_calls++;
    if (fault_is_now(FAULT_DIE_BEFORE))
        _exit(FAULT_STATUS);
}

static inline bool
fault_fails(void)
{
    if (!fault_is_now(FAULT_FAIL) && !fault_is_now(FAULT_SHORT))
        return false;
    errno = ENOSPC;
    return true;
}

static inline void
fault_after(void)
{
    if (fault_is_now(FAULT_DIE_AFTER))
        _exit(FAULT_STATUS);
}

/* `SHORT` is what a short call does. */
#define FAULT(TYPE, NAME, PARAMS, ARGS, SHORT)                                                     \
    TYPE __real_##NAME PARAMS;                                                                     \
    TYPE __wrap_##NAME PARAMS;                                                                     \
    TYPE __wrap_##NAME PARAMS                                                                      \
    {                                                                                              \
        TYPE result = -1;                                                                          \
                                                                                                   \
        fault_before();                                                                            \
        if (fault_is_now(FAULT_SHORT))                                                             \
            result = SHORT;                                                                        \
        else if (!fault_fails())                                                                   \
            result = __real_##NAME ARGS;                                                           \
        fault_after();                                                                             \
        return result;                                                                             \
    }
#define FAILED (fault_fails(), -1)
FAULT(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size),
      size > 1 ? __real_write(fd, data, size / 2) : FAILED)
FAULT(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at),
      __real_pwrite(fd, data, size / 2, at))
FAULT(ssize_t, pwritev, (int fd, const struct iovec *parts, int n, off_t at), (fd, parts, n, at),
      __real_pwrite(fd, parts[0].iov_base, parts[0].iov_len / 2, at))
FAULT(int, fsync, (int fd), (fd), FAILED)
FAULT(int, fdatasync, (int fd), (fd), FAILED)
FAULT(int, rename, (const char *from, const char *to), (from, to), FAILED)
FAULT(int, ftruncate, (int fd, off_t size), (fd, size), FAILED)

int __real_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, ...);
int
__wrap_open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list args;
    int fd = -1;

    va_start(args, flags);
    if (flags & O_CREAT)
        mode = va_arg(args, mode_t);
    va_end(args);
    fault_before();
    if (!fault_fails())
        fd = __real_open(path, flags, mode);
    fault_after();
    return fd;
}

static inline int *
shared_int(void)
{
    return mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

#endif
