/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a client of the management socket, in two pieces, through the real protocol and verbs on
 * fake-bridges.h. It holds that each line is answered with one line that is a JSON object of the
 * protocol, and that an error is one line of text. */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/util.h"
#include "shuntd/removal.h"
#include "shuntd/transaction.h"
#include "tests/fuzz/fake-bridges.h"
#include "tests/fuzz/hold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REPLY_MAX (4u << 20)

static char directory[] = "/dev/shm/fuzz-mgmt-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static struct daemon server;
static char *reply;

static void
close_server(void)
{
    transactions_end(&server);
    removals_end(&server);
    mgmt_close(server.mgmt);
    fake_bridges_destroy(server.bridges);
    event_base_free(server.base);
    rmdir(directory);
    free(reply);
}

static void
open_server(void)
{
    struct error error;

    HOLD(mkdtemp(directory));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/s", directory);
    reply = xmalloc(REPLY_MAX + 1);
    list_init(&server.transactions);
    list_init(&server.removals);
    server.base = event_base_new();
    server.bridges = fake_bridges_create(server.base);
    HOLD(!mgmt_open(server.base, address.sun_path, daemon_handle_request, &server, &server.mgmt,
                    &error));
    atexit(close_server);
}

/* Reads what is there; the end of the stream is 0. */
static ssize_t
read_reply(int fd, size_t *size)
{
    ssize_t n;

    while ((n = recv(fd, reply + *size, REPLY_MAX - *size, MSG_DONTWAIT)) > 0) {
        *size += (size_t)n;
        HOLD(*size < REPLY_MAX);
    }
    return n;
}

/* Whether the server is done with all that was sent. */
static void
run_server(int fd, size_t *reply_size)
{
    size_t before;

    do {
        before = *reply_size;
        event_base_loop(server.base, EVLOOP_NONBLOCK);
        if (!read_reply(fd, reply_size))
            return;
    } while (*reply_size != before);
}

static void
check_answer(const char *line, size_t size)
{
    json_error_t json_error;
    json_t *answer = json_loadb(line, size, JSON_REJECT_DUPLICATES, &json_error);
    const char *text = json_string_value(json_object_get(answer, "error"));

    HOLD(json_is_object(answer));
    HOLD(json_is_boolean(json_object_get(answer, "ok")));
    HOLD(json_is_true(json_object_get(answer, "ok")) == !text);
    HOLD(!text || (*text && !strchr(text, '\n')));
    json_decref(answer);
}

static void
check_answers(size_t size, size_t n_requests)
{
    char *line = reply, *end;
    size_t n = 0;

    while ((end = memchr(line, '\n', size - (size_t)(line - reply)))) {
        check_answer(line, (size_t)(end - line));
        line = end + 1;
        n++;
    }
    HOLD(line == reply + size);
    HOLD(n <= n_requests);
}

static size_t
count_lines(const uint8_t *data, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < size; i++)
        n += data[i] == '\n';
    return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t reply_size = 0, middle = size / 2;
    int fd;

    if (!*address.sun_path)
        open_server();
    server.waiter_fd = -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    HOLD(!connect(fd, (struct sockaddr *)&address, sizeof address));
    if (send(fd, data, middle, MSG_NOSIGNAL) == (ssize_t)middle) {
        run_server(fd, &reply_size);
        if (send(fd, data + middle, size - middle, MSG_NOSIGNAL) >= 0)
            shutdown(fd, SHUT_WR);
        run_server(fd, &reply_size);
    }
    check_answers(reply_size, count_lines(data, size));
    close(fd);
    if (server.waiter_fd >= 0)
        close(server.waiter_fd);
    event_base_loop(server.base, EVLOOP_NONBLOCK);
    fake_bridges_clear(server.bridges);
    return 0;
}
