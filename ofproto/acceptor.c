/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/acceptor.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/listener.h>

#include "lib/log-limit.h"
#include "lib/util.h"

#define LOG_MODULE "acceptor"
#include "lib/log.h"

struct acceptor {
    struct evconnlistener *listener;
    struct event *again; /* Ends a pause. */
    enum acceptor_reserve reserve;
    acceptor_accepted *accepted;
    void *aux;
    uint64_t n_refused;
    struct log_limit log;
    char path[sizeof((struct sockaddr_un *)0)->sun_path]; /* Of a Unix socket, or "". */
};

/* Whether the descriptor is one of those that are kept for others: the kernel always gives the
 * lowest that is free. */
static bool
is_reserved(const struct acceptor *acceptor, evutil_socket_t fd)
{
    struct rlimit limit;

    return !getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur > 2 * ACCEPTOR_MANAGEMENT_RESERVE &&
           (rlim_t)fd >= limit.rlim_cur - acceptor->reserve;
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *peer, int size,
          void *aux)
{
    struct acceptor *acceptor = aux;

    (void)listener, (void)size;
    if (!is_reserved(acceptor, fd)) {
        acceptor->accepted(acceptor->aux, fd, peer);
        return;
    }
    evutil_closesocket(fd);
    acceptor->n_refused++;
    log_limited(&acceptor->log, LOG_WARN,
                "a connection is refused, the limit of open files is near: raise LimitNOFILE");
}

static void
on_error(struct evconnlistener *listener, void *aux)
{
    struct acceptor *acceptor = aux;
    struct timeval pause = {0, ACCEPTOR_PAUSE_MS * 1000};

    log_limited(&acceptor->log, LOG_WARN, "no connection can be accepted for a while: %s",
                evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
    evconnlistener_disable(listener);
    evtimer_add(acceptor->again, &pause);
}

static void
on_again(evutil_socket_t fd, short what, void *aux)
{
    struct acceptor *acceptor = aux;

    (void)fd, (void)what;
    evconnlistener_enable(acceptor->listener);
}

bool
acceptor_is_taken(const struct sockaddr *address, socklen_t size)
{
    bool is_refused;
    int fd;

    if (address->sa_family != AF_UNIX)
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    is_refused = connect(fd, address, size) < 0 && (errno == ECONNREFUSED || errno == ENOENT);
    close(fd);
    return !is_refused;
}

/* A socket that a process left there which is dead; another file is somebody's. */
static void
remove_socket(const char *path)
{
    struct stat stat;

    if (!lstat(path, &stat) && S_ISSOCK(stat.st_mode))
        unlink(path);
}

static int
listen_on(struct acceptor *acceptor, struct event_base *base, const struct sockaddr *address,
          socklen_t size)
{
    unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
    mode_t old_mask = umask(0777 & ~0660);

    if (address->sa_family == AF_UNIX) {
        strcpy(acceptor->path, ((const struct sockaddr_un *)address)->sun_path);
        remove_socket(acceptor->path);
    } else {
        flags |= LEV_OPT_REUSEABLE;
    }
    errno = 0;
    acceptor->listener =
        evconnlistener_new_bind(base, on_accept, acceptor, flags, -1, address, (int)size);
    umask(old_mask);
    if (!acceptor->listener)
        return errno ? errno : EADDRINUSE;
    evconnlistener_set_error_cb(acceptor->listener, on_error);
    return 0;
}

int
acceptor_open(struct event_base *base, const struct sockaddr *address, socklen_t size,
              enum acceptor_reserve reserve, acceptor_accepted *accepted, void *aux,
              struct acceptor **acceptorp)
{
    struct acceptor *acceptor = xcalloc(1, sizeof *acceptor);
    int err;

    *acceptorp = NULL;
    acceptor->reserve = reserve;
    acceptor->accepted = accepted;
    acceptor->aux = aux;
    acceptor->again = evtimer_new(base, on_again, acceptor);
    err = acceptor->again ? listen_on(acceptor, base, address, size) : ENOMEM;
    if (err) {
        acceptor->path[0] = '\0'; /* It may be somebody else's. */
        acceptor_close(acceptor);
        return err;
    }
    *acceptorp = acceptor;
    return 0;
}

void
acceptor_close(struct acceptor *acceptor)
{
    if (!acceptor)
        return;
    if (acceptor->listener)
        evconnlistener_free(acceptor->listener);
    if (acceptor->again)
        event_free(acceptor->again);
    if (acceptor->path[0])
        unlink(acceptor->path);
    free(acceptor);
}

uint64_t
acceptor_n_refused(const struct acceptor *acceptor)
{
    return acceptor ? acceptor->n_refused : 0;
}
