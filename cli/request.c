/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of the management protocol (shuntd/mgmt.h). */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int
connect_daemon(const struct cli *cli, FILE **stream)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int n = snprintf(sun.sun_path, sizeof sun.sun_path, "%s/shuntd.sock", cli->run_dir);
    int fd;

    if (n >= (int)sizeof sun.sun_path)
        return cli_error("%s: this path is too long for a socket", cli->run_dir);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return cli_error("no socket: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&sun, sizeof sun) < 0) {
        int err = errno;

        close(fd);
        if (err == EACCES)
            return cli_error("%s: permission denied: run as root, or as a member of its group",
                             sun.sun_path);
        return cli_error("%s: %s: is shuntd running? (--run-dir names its directory)", sun.sun_path,
                         strerror(err));
    }
    *stream = fdopen(fd, "re");
    return 0;
}

/* A daemon that refuses the connection has answered and closed it already: then the write fails,
 * but the answer is there to be read. */
static void
write_request(FILE *stream, const char *text)
{
    int fd = fileno(stream);

    while (*text) {
        ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR)
            return;
        text += n > 0 ? n : 0;
    }
    send(fd, "\n", 1, MSG_NOSIGNAL);
}

static int
read_reply(FILE *stream, json_t **result)
{
    json_t *reply, *value;
    const char *text;
    char *line = NULL;
    size_t size = 0;

    if (getline(&line, &size, stream) < 0) {
        free(line);
        return cli_error("shuntd ended before it answered");
    }
    reply = json_loads(line, 0, NULL);
    free(line);
    if (json_is_true(json_object_get(reply, "ok"))) {
        value = json_object_get(reply, "result");
        *result = value ? json_incref(value) : NULL;
        json_decref(reply);
        return 0;
    }
    text = json_string_value(json_object_get(reply, "error"));
    cli_error("%s", text ? text : "shuntd's answer was not understood: is it another version?");
    json_decref(reply);
    return 1;
}

static int
transact(const struct cli *cli, json_t *request, json_t **result, bool to_end)
{
    char *text = json_dumps(request, JSON_COMPACT);
    FILE *stream = NULL;
    int status;

    *result = NULL;
    json_decref(request);
    status = connect_daemon(cli, &stream);
    if (status) {
        free(text);
        return status;
    }
    write_request(stream, text);
    free(text);
    status = read_reply(stream, result);
    while (to_end && !status && fgetc(stream) != EOF)
        continue;
    fclose(stream);
    return status;
}

int
cli_request(const struct cli *cli, json_t *request, json_t **result)
{
    return transact(cli, request, result, false);
}

int
cli_do_request(const struct cli *cli, json_t *request)
{
    json_t *result;
    int status;

    if (cli->steps)
        return json_array_append_new(cli->steps, request);
    status = cli_request(cli, request, &result);
    json_decref(result);
    return status;
}

int
cli_request_to_end(const struct cli *cli, json_t *request)
{
    json_t *result;
    int status = transact(cli, request, &result, true);

    json_decref(result);
    return status;
}
