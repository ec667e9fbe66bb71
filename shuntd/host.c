/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon needs of the host before it starts: privileges, kernel features, and a run
 * directory of its own. */
#include "shuntd/daemon.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"

/* ---- Privileges ---- */

static int
read_capabilities(uint64_t *effective)
{
    FILE *file = fopen("/proc/self/status", "re");
    unsigned long long value;
    char line[256];
    int err = ENOENT;

    if (!file)
        return errno;
    while (err && fgets(line, sizeof line, file)) {
        if (sscanf(line, "CapEff: %llx", &value) == 1) {
            *effective = value;
            err = 0;
        }
    }
    fclose(file);
    return err;
}

static int
check_privileges(struct error *error)
{
    static const struct {
        int capability, instead; /* Either will do. */
        const char *name, *purpose;
    } rows[] = {
        {CAP_BPF, CAP_SYS_ADMIN, "CAP_BPF", "load BPF programs"},
        {CAP_PERFMON, CAP_SYS_ADMIN, "CAP_PERFMON", "load BPF programs that use pointers"},
        {CAP_NET_ADMIN, CAP_NET_ADMIN, "CAP_NET_ADMIN", "change network devices"},
        {CAP_NET_RAW, CAP_NET_RAW, "CAP_NET_RAW", "send frames"},
    };
    uint64_t effective = 0;
    int err = read_capabilities(&effective);

    if (err)
        return error_set(error, err, "/proc/self/status could not be read: %s: mount proc",
                         strerror(err));
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!((effective >> rows[i].capability | effective >> rows[i].instead) & 1))
            return error_set(error, EPERM,
                             "privilege %s is missing, it takes that to %s: run as root, or with "
                             "systemd's AmbientCapabilities=%s",
                             rows[i].name, rows[i].purpose, rows[i].name);
    }
    return 0;
}

/* ---- Kernel features ---- */

struct feature {
    const char *name, *remedy;
    bool (*is_present)(void);
};

static bool
has_xdp(void)
{
    return libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_XDP, NULL) == 1;
}

static bool
has_tc(void)
{
    return libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SCHED_CLS, NULL) == 1;
}

static bool
has_ring_buffer(void)
{
    return libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1;
}

static bool
has_loop(void)
{
    return libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_loop, NULL) == 1;
}

static const struct feature features[] = {
    {"BPF programs for XDP", "a kernel with CONFIG_BPF_SYSCALL and CONFIG_NET", has_xdp},
    {"BPF programs for TC", "a kernel with CONFIG_NET_CLS_BPF or CONFIG_NET_CLS_ACT", has_tc},
    {"the BPF ring buffer", "Linux 5.8 or newer (6.1 is the oldest that is tested)",
     has_ring_buffer},
    {"the helper bpf_loop", "Linux 5.17 or newer (6.1 is the oldest that is tested)", has_loop},
};

static int
ignore_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
    (void)level;
    (void)format;
    (void)args;
    return 0;
}

int
daemon_check_host(struct error *error)
{
    libbpf_print_fn_t print;
    int err = check_privileges(error);

    if (err)
        return err;
    print = libbpf_set_print(ignore_libbpf);
    for (size_t i = 0; !err && i < ARRAY_SIZE(features); i++) {
        if (!features[i].is_present())
            err = error_set(error, EOPNOTSUPP, "this kernel lacks %s: use %s", features[i].name,
                            features[i].remedy);
    }
    libbpf_set_print(print);
    return err;
}

/* ---- Run directory ---- */

static int
refuse_second(int fd, const char *run_dir, struct error *error)
{
    char pid[16] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);

    pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
    return error_set(error, EBUSY,
                     "%s: another shuntd (process %s) uses this run directory: stop it with "
                     "'shuntctl --run-dir %s stop', or give another --run-dir",
                     run_dir, pid, run_dir);
}

int
daemon_lock(const char *run_dir, int *lock_fd, struct error *error)
{
    char path[4096];
    int fd, err;

    if (mkdir(run_dir, 0755) < 0 && errno != EEXIST)
        return error_set(error, errno, "%s: the run directory could not be made: %s", run_dir,
                         strerror(errno));
    snprintf(path, sizeof path, "%s/shuntd.pid", run_dir);
    /* This may be root, in a directory that --user made somebody else's: no link of his. */
    fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_set(error, errno, "%s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        err = refuse_second(fd, run_dir, error);
        close(fd);
        return err;
    }
    if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", getpid()) < 0) {
        err = error_set(error, errno, "%s: %s", path, strerror(errno));
        close(fd);
        return err;
    }
    *lock_fd = fd;
    return 0;
}

static int
mark_path(const char *run_dir, char path[4096])
{
    return snprintf(path, 4096, "%s/shuntd.running", run_dir) < 4096 ? 0 : ENAMETOOLONG;
}

bool
daemon_mark_start(const char *run_dir)
{
    char path[4096];
    int err = mark_path(run_dir, path), fd;

    if (err)
        return false;
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd >= 0)
        close(fd);
    return fd < 0 && errno == EEXIST;
}

void
daemon_mark_end(const char *run_dir)
{
    char path[4096];

    if (!mark_path(run_dir, path))
        unlink(path);
}
