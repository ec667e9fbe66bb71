/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/daemon.h"

#include <errno.h>
#include <event2/thread.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/durable.h"
#include "lib/heap.h"
#include "lib/tally.h"
#include "lib/util.h"
#include "shuntd/memory.h"
#include "shuntd/removal.h"
#include "shuntd/transaction.h"

#define LOG_MODULE "shuntd"
#include "lib/log.h"

/* An environment variable between a process and the one that it restarts as. */
#define READY_FD "SHUNTD_READY_FD"
/* Another: that process left its OpenFlow state to be restored. */
#define RESTART "SHUNTD_RESTART"

#define LEISURE_MS 100

/* ---- Parts ---- */

static void
tell_memory(const struct dp *dp)
{
    struct flow_memory m;

    flow_memory_get(dp, &m);
    log_info("room for %u flows: %zu MiB in maps (a flow: %zu bytes, up to %zu of buckets, %zu of "
             "each processor) and, with all in use, %zu MiB in the daemon (a flow: %zu)",
             m.max_flows, m.maps_size >> 20, m.flow_size, m.bucket_size, m.stats_size,
             m.daemon_max >> 20, m.own_size);
}

static int
open_dp(struct daemon *daemon, struct error *error)
{
    const struct dp_options options = {
        .pin_dir = daemon->options->pin_dir,
        .max_flows = daemon->options->max_flows,
        .n_rings = DP_MAX_RINGS,
    };
    int err = dp_open(&options, &daemon->dp, &daemon->is_adopted);

    if (err)
        return error_set(error, err, "%s", dp_error());
    if (daemon->is_adopted)
        log_info("took over the fast path that is pinned in %s", options.pin_dir);
    tell_memory(daemon->dp);
    return 0;
}

/* Reads the saved configuration; a damaged file is set aside and told of. */
static int
load_config(const char *path, struct config *config, struct error *error)
{
    char aside[PATH_MAX];
    int err = config_load(path, config, error);

    if (err == ENOENT)
        return 0;
    if (err != EBADMSG)
        return err;
    log_err("the saved configuration is damaged: %s", error->text);
    err = durable_set_aside(path, aside, sizeof aside);
    if (err)
        return error_set(error, err, "%s: damaged, and could not be set aside: %s", path,
                         strerror(err));
    log_err("it is kept as %s; starting without bridges", aside);
    return 0;
}

static int
open_bridges(struct daemon *daemon, const char *config_path, const char *identity,
             struct error *error)
{
    const struct bridges_options options = {
        .base = daemon->base,
        .dp = daemon->dp,
        .n_handlers = daemon->options->n_handlers,
        .tls = daemon->tls,
        .allowed = {.run_dir = daemon->options->run_dir,
                    .devices = daemon->options->devices,
                    .tls_only = daemon->options->tls_only,
                    .has_tls = daemon->tls},
        .run_dir = daemon->options->run_dir,
        .config_path = config_path,
        .state_dir = daemon->options->state_dir,
        .restore = daemon->options->restore || getenv(RESTART),
        .identity = identity,
        .hold_s = daemon->options->hold_s,
    };
    struct config config = {0};
    int err = config_path ? load_config(config_path, &config, error) : 0;

    if (err)
        return err;
    err = bridges_create(&options, &daemon->bridges, error);
    if (!err)
        err = bridges_start(daemon->bridges, &config, error);
    config_free(&config);
    return err;
}

static int
make_state_dir(const char *dir, char *config_path, struct error *error)
{
    if (!dir)
        return 0;
    if (mkdir(dir, 0755) < 0 && errno != EEXIST)
        return error_set(error, errno, "%s: the state directory could not be made: %s", dir,
                         strerror(errno));
    if (snprintf(config_path, PATH_MAX, "%s/config.json", dir) >= PATH_MAX)
        return error_set(error, ENAMETOOLONG, "%s: this path is too long", dir);
    return 0;
}

/* This host's and this run directory's. */
static void
get_identity(const char *run_dir, char *identity, size_t size)
{
    char machine_id[64] = "";
    FILE *file = fopen("/etc/machine-id", "re");

    if (file) {
        if (!fgets(machine_id, sizeof machine_id, file))
            machine_id[0] = '\0';
        fclose(file);
    }
    snprintf(identity, size, "%s %s", machine_id, run_dir);
}

static void
note_former_end(struct daemon *daemon)
{
    time_t now = time(NULL);
    struct tm tm;

    if (!daemon_mark_start(daemon->options->run_dir))
        return;
    strftime(daemon->former_died, sizeof daemon->former_died, "%Y-%m-%dT%H:%M:%SZ",
             gmtime_r(&now, &tm));
    log_info("the daemon before this one ended without a stop");
}

/* ---- The loop ---- */

void
daemon_end(struct daemon *daemon, enum daemon_end end)
{
    daemon->end = end;
    event_base_loopexit(daemon->base, NULL);
}

static void
on_signal(evutil_socket_t number, short what, void *aux)
{
    struct daemon *daemon = aux;

    (void)what;
    log_info("got %s", strsignal(number));
    daemon_end(daemon, daemon->options->keep ? DAEMON_KEEP : DAEMON_STOP);
}

static void
on_links(evutil_socket_t fd, short what, void *aux)
{
    struct daemon *daemon = aux;

    (void)fd;
    (void)what;
    bridges_run(daemon->bridges);
}

static void
on_leisure(evutil_socket_t fd, short what, void *aux)
{
    (void)fd, (void)what, (void)aux;
    heap_settle();
}

static void
loop(struct daemon *daemon)
{
    const struct timeval leisure = {0, LEISURE_MS * 1000};
    struct event *events[] = {
        evsignal_new(daemon->base, SIGTERM, on_signal, daemon),
        evsignal_new(daemon->base, SIGINT, on_signal, daemon),
        event_new(daemon->base, bridges_links_fd(daemon->bridges), EV_READ | EV_PERSIST, on_links,
                  daemon),
    };
    struct event *timer = event_new(daemon->base, -1, EV_PERSIST, on_leisure, daemon);

    for (size_t i = 0; i < ARRAY_SIZE(events); i++)
        event_add(events[i], NULL);
    event_add(timer, &leisure);
    event_base_dispatch(daemon->base);
    event_free(timer);
    for (size_t i = 0; i < ARRAY_SIZE(events); i++)
        event_free(events[i]);
}

/* In the background nobody reads standard output, and the starter's streams must not stay open. */
static void
drop_terminal(const struct daemon_options *options)
{
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log_fd = options->log_file ? open(options->log_file, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;

    if (null_fd >= 0) {
        dup2(null_fd, STDIN_FILENO);
        dup2(null_fd, STDOUT_FILENO);
        close(null_fd);
    }
    if (log_fd >= 0) { /* What a library has to say on its way down belongs into the log. */
        dup2(log_fd, STDERR_FILENO);
        close(log_fd);
    }
}

/* The switch is ready: lets the process go on that waits for it, the one that started this one in
 * the background, or the one that asked for a restart. */
static void
tell_ready(const struct daemon_options *options, int ready_fd)
{
    if (ready_fd < 0)
        return;
    if (options->detach)
        drop_terminal(options);
    if (write(ready_fd, "\n", 1) < 0)
        log_warn("nobody waits any more for the switch to be ready");
    close(ready_fd);
}

static int
serve(struct daemon *daemon, int ready_fd, struct error *error)
{
    char path[PATH_MAX], config_path[PATH_MAX], identity[PATH_MAX + 64];
    bool keep;
    int err;

    note_former_end(daemon);
    err = make_state_dir(daemon->options->state_dir, config_path, error);
    if (err)
        goto out_mark;
    err = daemon_open_tls(daemon->options, &daemon->tls, error);
    if (err)
        goto out_mark;
    err = open_dp(daemon, error);
    if (err)
        goto out_tls;
    get_identity(daemon->options->run_dir, identity, sizeof identity);
    if (daemon->options->state_dir && (err = tallies_open(daemon->options->run_dir)))
        log_warn("%s: counters cannot be kept there: %s", daemon->options->run_dir, strerror(err));
    err = open_bridges(daemon, daemon->options->state_dir ? config_path : NULL, identity, error);
    if (err)
        goto out;
    unsetenv(RESTART);
    tallies_clean(daemon->options->run_dir, false);
    snprintf(path, sizeof path, "%s/shuntd.sock", daemon->options->run_dir);
    err = mgmt_open(daemon->base, path, daemon_handle_request, daemon, &daemon->mgmt, error);
    if (err)
        goto out;
    log_info("ready, listening on %s", path);
    tell_ready(daemon->options, ready_fd);
    loop(daemon);
out:
    /* What could not start leaves an adopted fast path alone. */
    keep = err ? daemon->is_adopted : daemon->end != DAEMON_STOP;
    transactions_end(daemon);
    removals_end(daemon);
    mgmt_close(daemon->mgmt);
    bridges_destroy(daemon->bridges, keep);
    dp_close(daemon->dp, keep ? DP_KEEP : DP_STOP);
    if (!keep)
        tallies_clean(daemon->options->run_dir, true);
    log_info("ended%s", keep ? ", the fast path goes on" : "");
out_tls:
    SSL_CTX_free(daemon->tls);
out_mark: /* The one that can start tells what this one would have told. */
    if (!err || !daemon->former_died[0])
        daemon_mark_end(daemon->options->run_dir);
    return err;
}

/* ---- The process ---- */

/* Forks; the parent waits for the child to be ready or to fail, and ends with its status. */
static int
detach(int *ready_fd)
{
    int fds[2];
    pid_t pid;
    char byte;

    if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0)
        return errno;
    if (pid) {
        close(fds[1]);
        _exit(read(fds[0], &byte, 1) == 1 ? 0 : 1);
    }
    close(fds[0]);
    setsid();
    *ready_fd = fds[1];
    return 0;
}

/* The descriptor that a restarting process left for tell_ready(), or -1. */
static int
inherited_ready_fd(void)
{
    const char *text = getenv(READY_FD);
    int fd = text ? atoi(text) : -1;

    unsetenv(READY_FD);
    if (fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -1;
    return fd;
}

/* Libraries that have no good answer to a lack of memory end the process, as our own code does. */
static void
check_memory_of_libraries(void)
{
    json_set_alloc_funcs(xmalloc, free);
    event_set_mem_functions(xmalloc, xrealloc, free);
}

/* Each connection takes a descriptor: as many as root lets us have. */
static void
raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        log_warn("the limit of open files stays: %s", strerror(errno));
}

/* Returns with *waiter_fd what daemon.h says of it. */
static int
run(const struct daemon_options *options, enum daemon_end *end, int *waiter_fd, struct error *error)
{
    struct daemon daemon = {
        .options = options,
        .transactions = LIST_INITIALIZER(&daemon.transactions),
        .removals = LIST_INITIALIZER(&daemon.removals),
        .waiter_fd = -1,
    };
    int ready_fd = inherited_ready_fd(), lock_fd = -1, err;

    if (options->log_file && (err = log_open(options->log_file)))
        return error_set(error, err, "%s: the log could not be opened: %s", options->log_file,
                         strerror(err));
    err = daemon_check_host(error);
    if (err)
        return err;
    if (options->detach && (err = detach(&ready_fd)))
        return error_set(error, err, "the process could not fork: %s", strerror(err));
    err = daemon_lock(options->run_dir, &lock_fd, error);
    if (!err)
        err = daemon_drop_privileges(options, error);
    if (err)
        return err;
    check_memory_of_libraries();
    raise_file_limit();
    evthread_use_pthreads();
    daemon.base = event_base_new();
    err = serve(&daemon, ready_fd, error);
    event_base_free(daemon.base);
    close(lock_fd);
    *end = daemon.end;
    *waiter_fd = daemon.waiter_fd;
    return err;
}

/* Runs the program at `path`, which may be another build by now, with the same options. */
static int
run_anew(const char *path, char **argv, int waiter_fd)
{
    char **out = argv + 1, fd[16];

    setenv(RESTART, "1", 1);
    if (waiter_fd >= 0) {
        fcntl(waiter_fd, F_SETFD, 0);
        snprintf(fd, sizeof fd, "%d", waiter_fd);
        setenv(READY_FD, fd, 1);
    }

    for (char **in = argv + 1; *in; in++) {
        if (strcmp(*in, "--detach")) /* It is in the background already. */
            *out++ = *in;
    }
    *out = NULL;
    execv(path, argv);
    fprintf(stderr, "shuntd: %s: %s\n", path, strerror(errno));
    return 1;
}

int
main(int argc, char **argv)
{
    struct daemon_options options;
    enum daemon_end end = DAEMON_STOP;
    char self[PATH_MAX] = "";
    struct error error;
    int status, waiter_fd = -1;

    heap_init();
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        snprintf(self, sizeof self, "%s", argv[0]);
    status = daemon_parse_options(argc, argv, &options);
    if (status >= 0)
        return status;
    log_set_level(options.verbose ? LOG_DBG : LOG_INFO);
    signal(SIGPIPE, SIG_IGN);
    if (run(&options, &end, &waiter_fd, &error)) {
        fprintf(stderr, "shuntd: %s\n", error.text);
        return 1;
    }
    return end == DAEMON_RESTART ? run_anew(self, argv, waiter_fd) : 0;
}
