/* SPDX-License-Identifier: Apache-2.0 */
/* Fault injection: the process dies before or after its n-th system call on files, or that call
 * fails, or power is lost there. The linker sends the calls here (fault_ldflags in
 * tests/automake.mk).
 *
 * What power loss leaves: of each file the bytes of its last fsync() or fdatasync(); of the renames
 * that no fsync() of the directory followed, all or none.
 *
 * One test program includes this, in one file. Files: small, in one directory. Threads: one. */
#ifndef SHUNT_TESTS_FAULTS_H
#define SHUNT_TESTS_FAULTS_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FAULT_STATUS 9 /* Of a process that died so. */

enum fault {
    FAULT_DIE_BEFORE,
    FAULT_DIE_AFTER,
    FAULT_FAIL,  /* With ENOSPC. */
    FAULT_SHORT, /* Half is written; what does not write fails. */
    FAULT_POWER, /* Is lost before the call, and the renames with it. */
    FAULT_POWER_RENAMED,
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

/* ---- Power loss ---- */
int __real_open(const char *path, int flags, mode_t mode);
int __real_rename(const char *from, const char *to);
int __real_ftruncate(int fd, off_t size);
ssize_t __real_pwrite(int fd, const void *data, size_t size, off_t at);

struct fault_file {
    ino_t inode;
    int fd;
    size_t size; /* What the disk has of it. */
    char bytes[8192];
};
static struct fault_file fault_files[4];

struct fault_rename {
    char from[100], to[100];
    const struct fault_file *replaced; /* What was at `to`, or NULL. */
};
static struct fault_rename fault_renames[4]; /* That are not on disk. */
static size_t n_fault_files, n_fault_renames;

static inline bool
fault_is_power(void)
{
    return fault_at && fault_kind >= FAULT_POWER;
}

static inline void
fault_check(bool is_fine)
{
    if (!is_fine)
        abort();
}

static inline struct fault_file *
fault_file_find(int fd)
{
    struct stat info;

    fault_check(!fstat(fd, &info));
    for (size_t i = 0; i < n_fault_files; i++) {
        if (fault_files[i].inode == info.st_ino)
            return &fault_files[i];
    }
    return NULL;
}

static inline void
fault_file_read(struct fault_file *file)
{
    ssize_t n = pread(file->fd, file->bytes, sizeof file->bytes, 0);

    fault_check(n >= 0 && n < (ssize_t)sizeof file->bytes);
    file->size = (size_t)n;
}

/* The file at `path`, or NULL. One that is new here was on disk as it is. */
static inline struct fault_file *
fault_file_of(const char *path)
{
    int fd = __real_open(path, O_RDWR, 0);
    struct fault_file *file;
    struct stat info;

    if (fd < 0)
        return NULL;
    file = fault_file_find(fd);
    if (file) {
        close(fd);
        return file;
    }
    fault_check(n_fault_files < sizeof fault_files / sizeof *fault_files && !fstat(fd, &info));
    file = &fault_files[n_fault_files++];
    file->inode = info.st_ino;
    file->fd = fd;
    fault_file_read(file);
    return file;
}

static inline void
fault_note_sync(int fd)
{
    struct fault_file *file = fault_file_find(fd);

    if (file)
        fault_file_read(file);
    else
        n_fault_renames = 0; /* The directory. */
}

static inline void
fault_note_rename(const char *from, const char *to)
{
    struct fault_rename *r = &fault_renames[n_fault_renames++];

    fault_check(n_fault_renames < sizeof fault_renames / sizeof *fault_renames);
    snprintf(r->from, sizeof r->from, "%s", from);
    snprintf(r->to, sizeof r->to, "%s", to);
    r->replaced = fault_file_of(to);
}

static inline void
fault_file_write(const struct fault_file *file, int fd)
{
    fault_check(!__real_ftruncate(fd, 0));
    fault_check(__real_pwrite(fd, file->bytes, file->size, 0) == (ssize_t)file->size);
}

/* If power is what fails. Also for the end of a test, where no call follows. */
static inline void
fault_lose_power(void)
{
    if (!fault_is_power())
        return;
    for (size_t i = 0; i < n_fault_files; i++)
        fault_file_write(&fault_files[i], fault_files[i].fd);
    while (fault_kind == FAULT_POWER && n_fault_renames) {
        const struct fault_rename *r = &fault_renames[--n_fault_renames];

        fault_check(!__real_rename(r->to, r->from));
        if (r->replaced) {
            int fd = __real_open(r->to, O_WRONLY | O_CREAT, 0600);

            fault_file_write(r->replaced, fd);
            close(fd);
        }
    }
}

/* ---- The calls ---- */
static inline void
fault_before(void)
{
    n_calls++;
    if (fault_is_now(FAULT_DIE_BEFORE))
        _exit(FAULT_STATUS);
    if (fault_is_power() && n_calls == fault_at) {
        fault_lose_power();
        _exit(FAULT_STATUS);
    }
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

/* `SHORT` is what a short call does, NOTE what power loss needs to know of the call. */
#define FAULT(TYPE, NAME, PARAMS, ARGS, SHORT, NOTE)                                               \
    TYPE __real_##NAME PARAMS;                                                                     \
    TYPE __wrap_##NAME PARAMS;                                                                     \
    TYPE __wrap_##NAME PARAMS                                                                      \
    {                                                                                              \
        TYPE result = -1;                                                                          \
                                                                                                   \
        fault_before();                                                                            \
        if (fault_is_power())                                                                      \
            NOTE;                                                                                  \
        if (fault_is_now(FAULT_SHORT))                                                             \
            result = SHORT;                                                                        \
        else if (!fault_fails())                                                                   \
            result = __real_##NAME ARGS;                                                           \
        fault_after();                                                                             \
        return result;                                                                             \
    }
#define FAILED (fault_fails(), -1)
#define NOTHING (void)0
FAULT(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size),
      size > 1 ? __real_write(fd, data, size / 2) : FAILED, NOTHING)
FAULT(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at),
      __real_pwrite(fd, data, size / 2, at), NOTHING)
FAULT(ssize_t, pwritev, (int fd, const struct iovec *parts, int n, off_t at), (fd, parts, n, at),
      __real_pwrite(fd, parts[0].iov_base, parts[0].iov_len / 2, at), NOTHING)
FAULT(int, fsync, (int fd), (fd), FAILED, fault_note_sync(fd))
FAULT(int, fdatasync, (int fd), (fd), FAILED, fault_note_sync(fd))
FAULT(int, rename, (const char *from, const char *to), (from, to), FAILED,
      fault_note_rename(from, to))
FAULT(int, ftruncate, (int fd, off_t size), (fd, size), FAILED, NOTHING)

int __wrap_open(const char *path, int flags, ...);
int
__wrap_open(const char *path, int flags, ...)
{
    bool is_written = (flags & O_ACCMODE) != O_RDONLY;
    mode_t mode = 0;
    va_list args;
    int fd = -1;

    va_start(args, flags);
    if (flags & O_CREAT)
        mode = va_arg(args, mode_t);
    va_end(args);
    fault_before();
    if (fault_is_power() && is_written)
        fault_file_of(path); /* Before it is truncated. */
    if (!fault_fails())
        fd = __real_open(path, flags, mode);
    if (fault_is_power() && is_written)
        fault_file_of(path);
    fault_after();
    return fd;
}

static inline int *
shared_int(void)
{
    return mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

#endif
