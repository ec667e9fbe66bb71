/* SPDX-License-Identifier: Apache-2.0 */
/* Round trips of UDP datagrams between two network namespaces.
 *
 *   roundtrip CLIENT-NETNS SERVER-NETNS SERVER-ADDRESS SECONDS
 *
 * A thread in the server's namespace answers each datagram; the client sends the next one when the
 * answer is there, or after 100 ms, when it counts as lost. Prints one JSON object: n, n_lost, and
 * microseconds p50_us, p99_us, p999_us, max_us. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "bench/program.h"

#define PORT 7777
#define PAYLOAD_SIZE 18
#define MAX_SAMPLES 4000000
#define LOST_US 100000
#define WARM_UP 100

struct samples {
    uint32_t *ns;
    size_t n, n_lost;
};

static int
udp_socket(void)
{
    struct timeval timeout = {.tv_usec = LOST_US};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout))
        fail("socket", errno);
    return fd;
}

static void *
answer(void *fd_)
{
    int fd = *(int *)fd_;

    for (;;) {
        char buf[PAYLOAD_SIZE];
        struct sockaddr_in from;
        socklen_t from_size = sizeof from;
        ssize_t n = recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)&from, &from_size);

        if (n > 0)
            sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from, from_size);
    }
    return NULL;
}

/* Returns nanoseconds, or 0 when no answer came. A late answer to another one is passed over. */
static double
round_trip(int fd, uint64_t number)
{
    uint64_t buf[(PAYLOAD_SIZE + 7) / 8] = {number};
    double start = clock_ns(CLOCK_MONOTONIC);

    if (send(fd, buf, PAYLOAD_SIZE, 0) < 0)
        return 0;
    do {
        if (recv(fd, buf, PAYLOAD_SIZE, 0) < 0)
            return 0;
    } while (buf[0] != number);
    return clock_ns(CLOCK_MONOTONIC) - start;
}

static int
compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void
report(struct samples *s)
{
    if (!s->n) {
        fprintf(stderr, "roundtrip: no answer came\n");
        exit(1);
    }
    qsort(s->ns, s->n, sizeof *s->ns, compare);
    printf("{\"n\": %zu, \"n_lost\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, "
           "\"max_us\": %.1f}\n",
           s->n, s->n_lost, s->ns[s->n / 2] / 1e3, s->ns[s->n * 99 / 100] / 1e3,
           s->ns[s->n * 999 / 1000] / 1e3, s->ns[s->n - 1] / 1e3);
}

int
main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct samples samples = {.ns = malloc(MAX_SAMPLES * sizeof *samples.ns)};
    double end_ns;
    pthread_t thread;
    int server, client;

    if (argc != 5 || inet_pton(AF_INET, argv[3], &address.sin_addr) != 1 || !samples.ns) {
        fprintf(stderr, "usage: roundtrip CLIENT-NETNS SERVER-NETNS SERVER-ADDRESS SECONDS\n");
        return 1;
    }
    enter_netns(open_named_netns(argv[2]));
    server = udp_socket();
    if (bind(server, (struct sockaddr *)&address, sizeof address))
        fail("bind", errno);
    if (pthread_create(&thread, NULL, answer, &server))
        fail("thread", errno);
    enter_netns(open_named_netns(argv[1]));
    client = udp_socket();
    if (connect(client, (struct sockaddr *)&address, sizeof address))
        fail("connect", errno);
    for (uint64_t i = 0; i < WARM_UP; i++)
        round_trip(client, i);
    end_ns = clock_ns(CLOCK_MONOTONIC) + atof(argv[4]) * 1e9;
    for (uint64_t i = WARM_UP; samples.n < MAX_SAMPLES && clock_ns(CLOCK_MONOTONIC) < end_ns; i++) {
        double ns = round_trip(client, i);

        if (ns > 0)
            samples.ns[samples.n++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
        else
            samples.n_lost++;
    }
    report(&samples);
    return 0;
}
