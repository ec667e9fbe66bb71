/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/mgmt.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/list.h"

#define LOG_MODULE "mgmt"
#include "lib/log.h"

struct mgmt {
    struct event_base *base;
    struct evconnlistener *listener;
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
    mgmt_handler *handler;
    void *aux;
    struct list clients; /* Of struct client. */
    size_t n_clients;
    struct client *current; /* Whose request is being handled. */
    bool is_deferred;       /* That request is answered later. */
};

struct client {
    struct list link;
    struct mgmt *mgmt;
    struct bufferevent *stream;
    struct mgmt_later *later; /* The answer that is due; NULL: none. */
    bool is_ending;           /* Closed when its output is written. */
};

struct mgmt_later {
    struct client *client; /* NULL: it is gone. */
};

static void
destroy_client(struct client *client)
{
    if (client->later)
        client->later->client = NULL;
    list_remove(&client->link);
    client->mgmt->n_clients--;
    bufferevent_free(client->stream);
    free(client);
}

static void
reply(struct client *client, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);

    if (text) {
        bufferevent_write(client->stream, text, strlen(text));
        bufferevent_write(client->stream, "\n", 1);
    }
    free(text);
    json_decref(object);
}

static void
reply_error(struct client *client, const char *text)
{
    reply(client, json_pack("{s:b, s:s+}", "ok", 0, "error", text, ""));
}

/* Answers with an error and closes once it is written. */
static void
refuse(struct client *client, const char *text)
{
    client->is_ending = true;
    bufferevent_disable(client->stream, EV_READ);
    reply_error(client, text);
}

static void
reply_result(struct client *client, int err, json_t *result, const struct error *error)
{
    if (err)
        reply_error(client, error->text);
    else
        reply(client, result ? json_pack("{s:b, s:o}", "ok", 1, "result", result)
                             : json_pack("{s:b}", "ok", 1));
}

static void
handle_line(struct client *client, const char *line, size_t size)
{
    struct mgmt *mgmt = client->mgmt;
    struct error error = {{0}};
    json_error_t json_error;
    json_t *request, *result = NULL;
    int err;

    request = json_loadb(line, size, JSON_REJECT_DUPLICATES, &json_error);
    if (!json_is_object(request)) {
        error_set(&error, EINVAL, "a request is one JSON object in a line: %s",
                  request ? "this is another kind of value" : json_error.text);
        json_decref(request);
        refuse(client, error.text);
        return;
    }
    mgmt->current = client;
    mgmt->is_deferred = false;
    err = mgmt->handler(mgmt->aux, request, &result, &error);
    if (!mgmt->is_deferred)
        reply_result(client, err, result, &error);
    mgmt->current = NULL;
    json_decref(request);
}

static void
on_readable(struct bufferevent *stream, void *aux)
{
    struct client *client = aux;
    struct evbuffer *input = bufferevent_get_input(stream);
    size_t size;
    char *line;

    while (!client->is_ending && !client->later &&
           (line = evbuffer_readln(input, &size, EVBUFFER_EOL_LF))) {
        handle_line(client, line, size);
        free(line);
    }
    if (!client->is_ending && evbuffer_get_length(input) > MGMT_LINE_MAX)
        refuse(client, "a request has at most 1048576 bytes");
}

static void
on_written(struct bufferevent *stream, void *aux)
{
    struct client *client = aux;

    (void)stream;
    if (client->is_ending)
        destroy_client(client);
}

static void
on_event(struct bufferevent *stream, short what, void *aux)
{
    (void)stream;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
        destroy_client(aux);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size,
          void *aux)
{
    struct mgmt *mgmt = aux;
    struct client *client = xcalloc(1, sizeof *client);

    (void)listener;
    (void)address;
    (void)size;
    client->mgmt = mgmt;
    client->stream = bufferevent_socket_new(mgmt->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(client->stream, on_readable, on_written, on_event, client);
    list_push_back(&mgmt->clients, &client->link);
    bufferevent_enable(client->stream, EV_WRITE);
    if (++mgmt->n_clients > MGMT_CONNECTIONS_MAX)
        refuse(client, "64 management connections are open: close some");
    else
        bufferevent_enable(client->stream, EV_READ);
}

/* A listening socket whose file only root and its group may use from the first moment on. */
static int
listen_at(const char *path, int *fdp)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    mode_t old_mask;
    int fd, err = 0;

    if (strlen(path) >= sizeof sun.sun_path)
        return ENAMETOOLONG;
    strcpy(sun.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    if (unlink(path) < 0 && errno != ENOENT)
        err = errno;
    old_mask = umask(0117);
    if (!err && bind(fd, (struct sockaddr *)&sun, sizeof sun) < 0)
        err = errno;
    umask(old_mask);
    if (!err && listen(fd, MGMT_CONNECTIONS_MAX) < 0)
        err = errno;
    if (err)
        close(fd);
    *fdp = fd;
    return err;
}

int
mgmt_open(struct event_base *base, const char *path, mgmt_handler *handler, void *aux,
          struct mgmt **mgmtp, struct error *error)
{
    struct mgmt *mgmt;
    int fd = -1, err = listen_at(path, &fd);

    if (err)
        return error_set(error, err, "%s: the management socket could not be made: %s", path,
                         strerror(err));
    mgmt = xcalloc(1, sizeof *mgmt);
    mgmt->base = base;
    mgmt->handler = handler;
    mgmt->aux = aux;
    strcpy(mgmt->path, path);
    list_init(&mgmt->clients);
    mgmt->listener = evconnlistener_new(base, on_accept, mgmt,
                                        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    *mgmtp = mgmt;
    return 0;
}

/* A last reply, as that to "stop", is small enough for the socket's buffer. The stream's own
 * output may only be drained by the stream until it is told otherwise. */
static void
write_rest(struct client *client)
{
    struct evbuffer *output = bufferevent_get_output(client->stream);

    evbuffer_unfreeze(output, 1);
    evbuffer_write(output, bufferevent_getfd(client->stream));
}

void
mgmt_close(struct mgmt *mgmt)
{
    struct client *client, *next;

    if (!mgmt)
        return;
    evconnlistener_free(mgmt->listener);
    unlink(mgmt->path);
    LIST_FOR_EACH_SAFE (client, next, link, &mgmt->clients) {
        write_rest(client);
        destroy_client(client);
    }
    free(mgmt);
}

int
mgmt_hold_client(struct mgmt *mgmt)
{
    return fcntl(bufferevent_getfd(mgmt->current->stream), F_DUPFD_CLOEXEC, 3);
}

struct mgmt_later *
mgmt_defer(struct mgmt *mgmt)
{
    struct mgmt_later *later = xcalloc(1, sizeof *later);

    later->client = mgmt->current;
    mgmt->current->later = later;
    mgmt->is_deferred = true;
    bufferevent_disable(mgmt->current->stream, EV_READ);
    return later;
}

void
mgmt_answer(struct mgmt_later *later, int err, const struct error *error)
{
    struct client *client = later->client;

    free(later);
    if (!client)
        return;
    client->later = NULL;
    reply_result(client, err, NULL, error);
    bufferevent_enable(client->stream, EV_READ);
    if (client->mgmt->current != client) /* Else its lines are being read. */
        on_readable(client->stream, client);
}
