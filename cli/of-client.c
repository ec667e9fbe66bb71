/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/of-client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ofproto/endpoint.h"
#include "ofproto/frame.h"
#include "ofproto/hello.h"
#include "ofproto/messages.h"
#include "ofproto/openflow.h"

struct of_client {
    const struct cli *cli;
    int fd;
    uint8_t version;
    uint32_t last_xid;
    struct of_framer framer;
    struct of_arena arena; /* Of the message that was handed out last. */
    struct ofp_port_names names;
    bool has_ports;
    struct ofp_port *ports;
    size_t n_ports;
};

/* ---- Bytes ---- */

static int
wait_for(const struct of_client *client, short events)
{
    struct pollfd pfd = {.fd = client->fd, .events = events};

    while (poll(&pfd, 1, -1) < 0) {
        if (errno != EINTR)
            return cli_error("%s: %s", client->cli->verb, strerror(errno));
    }
    return 0;
}

/* Takes in what there is without waiting. */
static int
take_in(struct of_client *client)
{
    char buffer[65536];
    ssize_t n = recv(client->fd, buffer, sizeof buffer, MSG_DONTWAIT);

    if (n > 0 && of_framer_feed(&client->framer, buffer, n))
        return cli_error("%s: memory ran out", client->cli->verb);
    if (!n)
        return cli_error("%s: the switch ended the connection", client->cli->verb);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return cli_error("%s: %s", client->cli->verb, strerror(errno));
    return 0;
}

static int
send_bytes(struct of_client *client, const void *data, size_t size)
{
    const char *p = data;

    while (size) {
        ssize_t n = send(client->fd, p, size, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n >= 0) {
            p += n;
            size -= n;
        } else if (errno == EAGAIN) {
            if (wait_for(client, POLLIN | POLLOUT) || take_in(client))
                return 1;
        } else if (errno != EINTR) {
            return cli_error("%s: %s", client->cli->verb, strerror(errno));
        }
    }
    return 0;
}

static int
next_message(struct of_client *client, const uint8_t **bytes, size_t *size)
{
    int err;

    while ((err = of_framer_next(&client->framer, bytes, size)) == EAGAIN) {
        if (wait_for(client, POLLIN) || take_in(client))
            return 1;
    }
    return err ? cli_error("%s: the switch does not speak OpenFlow", client->cli->verb) : 0;
}

/* ---- Opening ---- */

/* A bridge's name, the path of a socket, or an endpoint. */
static int
resolve(const struct cli *cli, const char *target, struct endpoint *endpoint)
{
    char text[sizeof endpoint->text], error[256];
    struct stat st;

    if (strchr(target, ':'))
        snprintf(text, sizeof text, "%s", target);
    else if (strchr(target, '/') && !stat(target, &st) && S_ISSOCK(st.st_mode))
        snprintf(text, sizeof text, "unix:%s", target);
    else
        snprintf(text, sizeof text, "unix:%s/%s.mgmt", cli->run_dir, target);
    if (endpoint_parse(text, endpoint, error, sizeof error))
        return cli_error("%s", error);
    if (endpoint->is_passive || endpoint->is_tls)
        return cli_error("%s: want a bridge, unix:PATH or tcp:IP:PORT", target);
    return 0;
}

static int
connect_to(struct of_client *client, const char *target)
{
    struct endpoint endpoint;

    if (resolve(client->cli, target, &endpoint))
        return 1;
    client->fd = socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0)
        return cli_error("no socket: %s", strerror(errno));
    if (connect(client->fd, (struct sockaddr *)&endpoint.address, endpoint.address_size) < 0) {
        if (errno == ENOENT && !strchr(target, ':'))
            return cli_error("bridge '%s' does not exist in %s: 'shuntctl list-br' names them",
                             target, client->cli->run_dir);
        return cli_error("%s: %s", endpoint.text, strerror(errno));
    }
    return 0;
}

static int
say_hello(struct of_client *client, const char *target, uint32_t versions)
{
    struct of_buf hello = OF_BUF_INITIALIZER, reply = OF_BUF_INITIALIZER;
    const uint8_t *bytes;
    size_t size;
    int status = 1;

    if (of_hello_make(versions, &hello)) {
        cli_error("%s: -O leaves no version that this verb can use", client->cli->verb);
        goto out;
    }
    if (send_bytes(client, hello.data, hello.size) || next_message(client, &bytes, &size))
        goto out;
    if (of_hello_negotiate(versions, bytes, size, &client->version, &reply)) {
        send_bytes(client, reply.data, reply.size);
        cli_error("%s: the switch speaks none of the versions: try another -O", target);
        goto out;
    }
    status = 0;
out:
    of_buf_destroy(&hello);
    of_buf_destroy(&reply);
    return status;
}

int
of_client_open(const struct cli *cli, const char *target, uint32_t versions,
               struct of_client **clientp)
{
    struct of_client *client = xcalloc(1, sizeof *client);

    client->cli = cli;
    client->fd = -1;
    of_framer_init(&client->framer, OF_FRAME_MAX_SIZE);
    of_arena_init(&client->arena, NULL, 0);
    versions = versions ? versions : OF_HELLO_ALL_VERSIONS;
    if (cli->protocols)
        versions &= cli->protocols;
    if (connect_to(client, target) || say_hello(client, target, versions)) {
        of_client_close(client);
        return 1;
    }
    *clientp = client;
    return 0;
}

void
of_client_close(struct of_client *client)
{
    if (!client)
        return;
    if (client->fd >= 0)
        close(client->fd);
    of_framer_destroy(&client->framer);
    of_arena_destroy(&client->arena);
    free(client->ports);
    free(client);
}

enum ofp_version
of_client_version(const struct of_client *client)
{
    return client->version;
}

uint32_t
of_client_new_xid(struct of_client *client)
{
    return ++client->last_xid;
}

/* ---- Messages ---- */

int
of_client_send(struct of_client *client, const struct buf *msgs)
{
    return send_bytes(client, msgs->data, msgs->size);
}

int
of_client_send_object(struct of_client *client, struct of_header *object, uint32_t *xid)
{
    struct of_buf bytes = OF_BUF_INITIALIZER;
    int err, status;

    object->xid = of_client_new_xid(client);
    if (xid)
        *xid = object->xid;
    err = of_msg_encode(object, &bytes);
    if (err)
        status = cli_error("%s: this request cannot be made: %s", client->cli->verb, strerror(err));
    else
        status = send_bytes(client, bytes.data, bytes.size);
    of_buf_destroy(&bytes);
    return status;
}

static int
answer_echo(struct of_client *client, const struct of_header *request)
{
    struct of_echo_reply *reply = of_echo_reply_new(&client->arena, client->version);
    struct of_buf bytes = OF_BUF_INITIALIZER;
    int status;

    reply->xid = request->xid;
    reply->data = ((const struct of_echo_request *)request)->data;
    of_msg_encode((const struct of_header *)reply, &bytes);
    status = send_bytes(client, bytes.data, bytes.size);
    of_buf_destroy(&bytes);
    return status;
}

static int
decode(struct of_client *client, const uint8_t *bytes, size_t size, struct of_header **msg)
{
    struct of_error error;

    of_arena_reset(&client->arena);
    if (of_msg_decode(&client->arena, bytes, size, msg, &error))
        return cli_error("%s: a message of the switch is not well formed at byte %u: %s",
                         client->cli->verb, error.offset,
                         of_error_code_name(client->version, error.type, error.code));
    return 0;
}

int
of_client_receive_bytes(struct of_client *client, const uint8_t **bytes, size_t *size)
{
    struct of_header *msg;

    for (;;) {
        if (next_message(client, bytes, size))
            return 1;
        if (of_msg_class(*bytes, *size) != OF_ECHO_REQUEST)
            return 0;
        if (decode(client, *bytes, *size, &msg) || answer_echo(client, msg))
            return 1;
    }
}

int
of_client_receive(struct of_client *client, struct of_header **msg, const uint8_t **bytesp,
                  size_t *sizep)
{
    const uint8_t *bytes;
    size_t size;

    if (of_client_receive_bytes(client, &bytes, &size) || decode(client, bytes, size, msg))
        return 1;
    if (bytesp) {
        *bytesp = bytes;
        *sizep = size;
    }
    return 0;
}

static void
print_error(const struct of_client *client, const struct of_header *msg, const char *about)
{
    const void *data;
    size_t size;
    enum ofperr error = ofp_error_decode(msg, &data, &size);
    const struct of_error_msg *raw = (const struct of_error_msg *)msg;

    if (error)
        cli_error("%s: %s%sthe switch refuses: %s", client->cli->verb, about ? about : "",
                  about ? ": " : "", ofperr_name(error));
    else
        cli_error("%s: %s%sthe switch refuses: error type %u, code %u", client->cli->verb,
                  about ? about : "", about ? ": " : "", raw->err_type, raw->code);
}

static bool
has_more_parts(const struct of_header *msg)
{
    return of_class_is(msg->object.class_id, OF_STATS_REPLY) &&
           ((const struct of_stats_reply *)msg)->flags & OFPSF_REPLY_MORE;
}

int
of_client_wait(struct of_client *client, uint32_t xid, of_client_reply *reply, void *aux)
{
    struct of_header *msg;
    bool is_last;

    do {
        if (of_client_receive(client, &msg, NULL, NULL))
            return 1;
        is_last = false;
        if (msg->xid != xid)
            continue;
        if (of_class_is(msg->object.class_id, OF_ERROR_MSG)) {
            print_error(client, msg, NULL);
            return 1;
        }
        is_last = !has_more_parts(msg);
        if (reply && reply(msg, aux))
            return 1;
    } while (!is_last);
    return 0;
}

/* OpenFlow 1.5 can ask for one port. */
static void
ask_for_all(struct of_object *request)
{
    if (request->class_id == OF_PORT_DESC_STATS_REQUEST)
        ((struct of_port_desc_stats_request *)request)->port_no = OFPORT_ANY;
}

int
of_client_ask(struct of_client *client, uint16_t class_id, of_client_reply *reply, void *aux)
{
    struct of_arena arena;
    struct of_object *request;
    uint32_t xid = 0;
    int status;

    of_arena_init(&arena, NULL, 0);
    request = of_object_new(&arena, class_id, client->version);
    if (!request) {
        status = cli_error("%s: OpenFlow %s has no such request: try another -O", client->cli->verb,
                           client->version == OFP10 ? "1.0" : "of this version");
    } else {
        ask_for_all(request);
        status = of_client_send_object(client, (struct of_header *)request, &xid);
    }
    of_arena_destroy(&arena);
    return status ? status : of_client_wait(client, xid, reply, aux);
}

int
of_client_finish(struct of_client *client, of_client_describe *describe, void *aux)
{
    struct of_barrier_request *barrier = of_barrier_request_new(&client->arena, client->version);
    struct of_header *msg;
    uint32_t xid;
    int status = 0;

    if (of_client_send_object(client, (struct of_header *)barrier, &xid))
        return 1;
    for (;;) {
        if (of_client_receive(client, &msg, NULL, NULL))
            return 1;
        if (of_class_is(msg->object.class_id, OF_ERROR_MSG)) {
            print_error(client, msg, describe ? describe(msg->xid, aux) : NULL);
            status = 1;
        }
        if (msg->xid == xid)
            return status;
    }
}

/* ---- Names of ports ---- */

static void
take_port(const struct ofp_port *port, void *aux)
{
    struct of_client *client = aux;

    client->ports = xrealloc(client->ports, (client->n_ports + 1) * sizeof *client->ports);
    client->ports[client->n_ports++] = *port;
}

static int
take_ports(const struct of_header *reply, void *aux)
{
    ofp_port_desc_decode(reply, take_port, aux);
    return 0;
}

int
of_client_load_ports(struct of_client *client)
{
    client->has_ports = true;
    return of_client_ask(
        client, client->version == OFP10 ? OF_FEATURES_REQUEST : OF_PORT_DESC_STATS_REQUEST,
        take_ports, client);
}

static bool
number_of(const struct ofp_port_names *names, const char *name, uint32_t *port)
{
    struct of_client *client = CONTAINER_OF(names, struct of_client, names);

    if (!client->has_ports)
        of_client_load_ports(client);

    for (size_t i = 0; i < client->n_ports; i++) {
        if (!strcmp(client->ports[i].name, name)) {
            *port = client->ports[i].port_no;
            return true;
        }
    }
    return false;
}

static const char *
name_of(const struct ofp_port_names *names, uint32_t port)
{
    const struct of_client *client = CONTAINER_OF(names, struct of_client, names);

    for (size_t i = 0; i < client->n_ports; i++) {
        if (client->ports[i].port_no == port)
            return client->ports[i].name;
    }
    return NULL;
}

const struct ofp_port_names *
of_client_port_names(struct of_client *client)
{
    client->names = (struct ofp_port_names){.number = number_of, .name = name_of};
    return &client->names;
}
