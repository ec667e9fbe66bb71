/* SPDX-License-Identifier: Apache-2.0 */
#include "ofproto/endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "lib/util.h"

static const struct scheme {
    const char *prefix;
    bool is_unix, is_passive, is_tls;
} schemes[] = {
    {"tcp:", false, false, false}, {"ssl:", false, false, true}, {"unix:", true, false, false},
    {"ptcp:", false, true, false}, {"pssl:", false, true, true}, {"punix:", true, true, false},
};

static const struct scheme *
find_scheme(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
        if (!strncmp(text, schemes[i].prefix, strlen(schemes[i].prefix)))
            return &schemes[i];
    }
    return NULL;
}

static int
parse_unix(const char *path, struct endpoint *ep, char *error, size_t error_size)
{
    struct sockaddr_un *sun = (struct sockaddr_un *)&ep->address;

    if (!*path || strlen(path) >= sizeof sun->sun_path) {
        snprintf(error, error_size, "%s: a socket's path has 1 to %zu bytes", ep->text,
                 sizeof sun->sun_path - 1);
        return EINVAL;
    }
    sun->sun_family = AF_UNIX;
    strcpy(sun->sun_path, path);
    ep->address_size = sizeof *sun;
    return 0;
}

/* A port from `min` to 65535, or -1. */
static int
parse_port(const char *text, unsigned long min)
{
    unsigned long port;

    return parse_decimal(text, 65535, &port) && port >= min ? (int)port : -1;
}

/* Splits "IP", "IP:PORT", "[IP6]" or "[IP6]:PORT" in place; `*port` is NULL when there is none, and
 * empty when something else is there. */
static void
split_host(char *text, char **host, char **port)
{
    char *end = *text == '[' ? strchr(text, ']') : NULL;

    *host = end ? text + 1 : text;
    *port = NULL;
    if (end) {
        *end++ = '\0';
        if (*end)
            *port = *end == ':' ? end + 1 : end + strlen(end);
    } else if ((end = strchr(text, ':')) != NULL) {
        *end = '\0';
        *port = end + 1;
    }
}

static int
set_inet(struct endpoint *ep, const char *host, int port)
{
    struct sockaddr_in *sin = (struct sockaddr_in *)&ep->address;
    struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ep->address;

    if (port < 0)
        return EINVAL;
    if (inet_pton(AF_INET, host, &sin->sin_addr) == 1) {
        sin->sin_family = AF_INET;
        sin->sin_port = htons(port);
        ep->address_size = sizeof *sin;
        return 0;
    }
    if (inet_pton(AF_INET6, host, &sin6->sin6_addr) == 1) {
        sin6->sin6_family = AF_INET6;
        sin6->sin6_port = htons(port);
        ep->address_size = sizeof *sin6;
        return 0;
    }
    return EINVAL;
}

static int
parse_active(const char *rest, struct endpoint *ep, char *error, size_t error_size)
{
    char copy[sizeof ep->text], *host, *port;

    snprintf(copy, sizeof copy, "%s", rest);
    split_host(copy, &host, &port);
    if (!set_inet(ep, host, port ? parse_port(port, 1) : OPENFLOW_TCP_PORT))
        return 0;
    snprintf(error, error_size, "%s: wanted an IP address and a port, as in tcp:127.0.0.1:6653",
             ep->text);
    return EINVAL;
}

static int
parse_passive(const char *rest, struct endpoint *ep, char *error, size_t error_size)
{
    char copy[sizeof ep->text], *host, *port;

    snprintf(copy, sizeof copy, "%s", rest);
    port = copy;
    host = strchr(copy, ':');
    if (host)
        *host++ = '\0';
    if (host && *host == '[' && host[strlen(host) - 1] == ']') {
        host++;
        host[strlen(host) - 1] = '\0';
    }
    if (!set_inet(ep, host ? host : "0.0.0.0", *port ? parse_port(port, 0) : OPENFLOW_TCP_PORT))
        return 0;
    snprintf(error, error_size, "%s: wanted a port and perhaps an IP, as in ptcp:6653:127.0.0.1",
             ep->text);
    return EINVAL;
}

int
endpoint_parse(const char *text, struct endpoint *ep, char *error, size_t error_size)
{
    const struct scheme *scheme = find_scheme(text);

    memset(ep, 0, sizeof *ep);
    if (!scheme || strlen(text) >= sizeof ep->text) {
        snprintf(error, error_size,
                 "%s: wanted tcp:, ssl:, unix:, ptcp:, pssl: or punix: and an address", text);
        return EINVAL;
    }
    strcpy(ep->text, text);
    ep->is_passive = scheme->is_passive;
    ep->is_tls = scheme->is_tls;
    text += strlen(scheme->prefix);
    if (scheme->is_unix)
        return parse_unix(text, ep, error, error_size);
    return scheme->is_passive ? parse_passive(text, ep, error, error_size)
                              : parse_active(text, ep, error, error_size);
}
