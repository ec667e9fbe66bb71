/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/mgmt.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/un.h>

#include "lib/list.h"
#include "lib/log-limit.h"
#include "lib/util.h"
#include "ofproto/acceptor.h"

#define LOG_MODULE "mgmt"
#include "lib/log.h"

struct mgmt {
    struct event_base *base;
    struct acceptor *acceptor;
    mgmt_handler *handler;
    void *aux;
    struct list clients; /* Of struct client; the first asked last long ago. */
    unsigned n_clients;
    uint64_t n_refused;
    struct log_limit log;
    struct client *current; /* Whose request is being handled. */
    bool is_deferred;       /* That request is answered later. */
};

struct client {
    struct list link;
    struct mgmt *mgmt;
    struct bufferevent *stream;
    struct mgmt_later *later; /* The answer that is due; NULL: none. */
    struct event *turn;       /* Goes on with the requests that were read. */
    int64_t asked_ms;
    bool is_congested;
    bool is_at_end; /* Of what the client sends; some of it may be left to do. */
    bool is_ending; /* Closed when its output is written. */
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
    event_free(client->turn);
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

static size_t
output_size(const struct client *client)
{
    return evbuffer_get_length(bufferevent_get_output(client->stream));
}

/* Once it has what waits for it. */
static void
end(struct client *client)
{
    client->is_ending = true;
    if (!output_size(client))
        destroy_client(client);
}

static void
note_request(struct client *client)
{
    client->asked_ms = time_now_ms();
    list_remove(&client->link);
    list_push_back(&client->mgmt->clients, &client->link);
}

/* Nothing more is read until the client has taken what waits for it. */
static void
check_congestion(struct client *client)
{
    if (output_size(client) <= MGMT_OUTPUT_HIGH)
        return;
    client->is_congested = true;
    bufferevent_disable(client->stream, EV_READ);
}

static void
handle_requests(struct client *client)
{
    struct evbuffer *input = bufferevent_get_input(client->stream);
    int64_t began_ms = time_now_ms();
    struct timeval at_once = {0, 0};
    size_t size;
    char *line;

    while (!client->is_ending && !client->is_congested && !client->later) {
        if (time_now_ms() - began_ms >= MGMT_TURN_MS) {
            evtimer_add(client->turn, &at_once);
            return;
        }
        line = evbuffer_readln(input, &size, EVBUFFER_EOL_LF);
        if (!line)
            break;
        note_request(client);
        handle_line(client, line, size);
        free(line);
        check_congestion(client);
    }
    if (client->is_ending || client->is_congested || client->later)
        return;
    if (evbuffer_get_length(input) > MGMT_LINE_MAX)
        refuse(client, "a request has at most 1048576 bytes");
    else if (client->is_at_end)
        end(client);
}

static void
on_readable(struct bufferevent *stream, void *aux)
{
    struct client *client = aux;

    (void)stream;
    if (!evtimer_pending(client->turn, NULL))
        handle_requests(client);
}

static void
on_turn(evutil_socket_t fd, short what, void *aux)
{
    (void)fd, (void)what;
    handle_requests(aux);
}

/* Nothing is left of the output. */
static void
on_written(struct bufferevent *stream, void *aux)
{
    struct client *client = aux;

    if (client->is_ending) {
        destroy_client(client);
    } else if (client->is_congested) {
        client->is_congested = false;
        bufferevent_enable(stream, EV_READ);
        handle_requests(client);
    }
}

static void
on_event(struct bufferevent *stream, short what, void *aux)
{
    struct client *client = aux;

    if (what & BEV_EVENT_ERROR) {
        destroy_client(client);
    } else if (what & BEV_EVENT_EOF) {
        client->is_at_end = true;
        on_readable(stream, client);
    }
}

/* One that asked nothing for long, and does not wait for an answer that takes long; or NULL. */
static struct client *
find_idle(struct mgmt *mgmt)
{
    int64_t now_ms = time_now_ms();
    struct client *client;

    LIST_FOR_EACH (client, link, &mgmt->clients) {
        if (now_ms - client->asked_ms < MGMT_IDLE_MS)
            return NULL;
        if (!client->later)
            return client;
    }
    return NULL;
}

/* Makes room for one more by ending a client that does nothing. */
static bool
make_room(struct mgmt *mgmt)
{
    struct client *idle;

    if (mgmt->n_clients < MGMT_CONNECTIONS_MAX)
        return true;
    idle = find_idle(mgmt);
    if (!idle)
        return false;
    log_limited(&mgmt->log, LOG_INFO, "a connection that asked nothing for a minute gives way");
    destroy_client(idle);
    return true;
}

static void
on_accept(void *aux, evutil_socket_t fd, const struct sockaddr *address)
{
    struct mgmt *mgmt = aux;
    bool has_room = make_room(mgmt);
    struct client *client = xcalloc(1, sizeof *client);

    (void)address;
    client->mgmt = mgmt;
    client->asked_ms = time_now_ms();
    client->turn = evtimer_new(mgmt->base, on_turn, client);
    client->stream = bufferevent_socket_new(mgmt->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(client->stream, on_readable, on_written, on_event, client);
    bufferevent_setwatermark(client->stream, EV_READ, 0, MGMT_LINE_MAX + MGMT_LINE_MAX / 4);
    list_push_back(&mgmt->clients, &client->link);
    mgmt->n_clients++;
    bufferevent_enable(client->stream, EV_WRITE);
    if (has_room) {
        bufferevent_enable(client->stream, EV_READ);
        return;
    }
    mgmt->n_refused++;
    log_limited(&mgmt->log, LOG_WARN, "a connection is refused, %u are open", MGMT_CONNECTIONS_MAX);
    refuse(client, "64 management connections are open: close some");
}

int
mgmt_open(struct event_base *base, const char *path, mgmt_handler *handler, void *aux,
          struct mgmt **mgmtp, struct error *error)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    struct mgmt *mgmt = xcalloc(1, sizeof *mgmt);
    int err = strlen(path) < sizeof sun.sun_path ? 0 : ENAMETOOLONG;

    mgmt->base = base;
    mgmt->handler = handler;
    mgmt->aux = aux;
    list_init(&mgmt->clients);
    if (!err) {
        strcpy(sun.sun_path, path);
        err = acceptor_open(base, (const struct sockaddr *)&sun, sizeof sun,
                            ACCEPTOR_DAEMON_RESERVE, on_accept, mgmt, &mgmt->acceptor);
    }
    if (err) {
        free(mgmt);
        return error_set(error, err, "%s: the management socket could not be made: %s", path,
                         strerror(err));
    }
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
    acceptor_close(mgmt->acceptor);
    LIST_FOR_EACH_SAFE (client, next, link, &mgmt->clients) {
        write_rest(client);
        destroy_client(client);
    }
    free(mgmt);
}

void
mgmt_get_counters(const struct mgmt *mgmt, struct mgmt_counters *counters)
{
    counters->n_open = mgmt->n_clients;
    counters->n_refused = mgmt->n_refused + acceptor_n_refused(mgmt->acceptor);
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
    check_congestion(client);
    if (client->mgmt->current != client) /* Else its lines are being read. */
        on_readable(client->stream, client);
}
