/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that send echo requests: does a switch answer, and how fast? */
#include "cli/of-verbs.h"

#include <stdio.h>
#include <sys/random.h>

#include "ofproto/openflow.h"

#define HEADER_SIZE 8
#define PING_SIZE 64
#define N_PINGS 10

struct echo {
    uint8_t data[UINT16_MAX - HEADER_SIZE];
    size_t size;
    bool is_answered; /* By the same bytes. */
};

static double
now_ms(void)
{
    return (double)time_now_ns() / 1e6;
}

static int
take_echo(const struct of_header *reply, void *aux)
{
    const struct of_echo_reply *answer = (const struct of_echo_reply *)reply;
    struct echo *echo = aux;

    echo->is_answered = reply->object.class_id == OF_ECHO_REPLY &&
                        answer->data.size == echo->size &&
                        (!echo->size || !memcmp(answer->data.data, echo->data, echo->size));
    return 0;
}

/* Sends one request, and waits for its answer. */
static int
exchange(const struct cli *cli, struct of_client *client, struct echo *echo, uint32_t *xid)
{
    struct of_echo_request *request;
    struct of_arena arena;
    int status;

    echo->is_answered = false;
    of_arena_init(&arena, NULL, 0);
    request = of_echo_request_new(&arena, of_client_version(client));
    request->data = (struct of_octets){echo->data, echo->size};
    status = of_client_send_object(client, (struct of_header *)request, xid);
    of_arena_destroy(&arena);
    if (!status)
        status = of_client_wait(client, *xid, take_echo, echo);
    if (!status && !echo->is_answered)
        status = cli_error("%s: %s does not answer an echo request with its bytes", cli->verb,
                           cli->argv[0]);
    return status;
}

static int
parse_number(const struct cli *cli, const char *what, const char *text, unsigned long min,
             unsigned long max, unsigned long *number)
{
    if (!parse_decimal(text, max, number) || *number < min)
        return cli_error("%s: %s '%s': want a number from %lu to %lu", cli->verb, what, text, min,
                         max);
    return 0;
}

static int
ping_once(const struct cli *cli, struct of_client *client, struct echo *echo)
{
    double start_ms = now_ms();
    uint32_t xid = 0;
    int status = exchange(cli, client, echo, &xid);

    if (!status)
        printf("%zu bytes from %s: xid=%08x time=%.1f ms\n", echo->size, cli->argv[0], xid,
               now_ms() - start_ms);
    return status;
}

static void
fill(struct echo *echo)
{
    for (size_t done = 0; done < echo->size;) {
        ssize_t n = getrandom(echo->data + done, echo->size - done, 0);

        done += n > 0 ? (size_t)n : 0;
    }
}

static int
ping(const struct cli *cli)
{
    unsigned long size = PING_SIZE;
    struct of_client *client;
    struct echo echo;
    int status = 0;

    if (cli->argc > 1 && parse_number(cli, "size", cli->argv[1], 0, sizeof echo.data, &size))
        return 1;
    if (of_client_open(cli, cli->argv[0], 0, &client))
        return 1;
    echo.size = size;
    for (int i = 0; i < N_PINGS && !status; i++) {
        fill(&echo);
        status = ping_once(cli, client, &echo);
    }
    of_client_close(client);
    return status;
}

static int
benchmark(const struct cli *cli)
{
    unsigned long size, count, total;
    struct of_client *client;
    struct echo echo = {0};
    double start_ms, ms;
    uint32_t xid = 0;
    int status = 0;

    if (parse_number(cli, "size", cli->argv[1], 0, sizeof echo.data, &size) ||
        parse_number(cli, "count", cli->argv[2], 1, UINT32_MAX, &count) ||
        of_client_open(cli, cli->argv[0], 0, &client))
        return 1;
    echo.size = size;
    total = count * (size + HEADER_SIZE);
    printf("Sending %lu packets * %lu bytes (with header) = %lu bytes total\n", count,
           size + HEADER_SIZE, total);
    start_ms = now_ms();
    for (unsigned long i = 0; i < count && !status; i++)
        status = exchange(cli, client, &echo, &xid);
    ms = now_ms() - start_ms;
    if (!status)
        printf("Finished in %.1f ms (%.0f packets/s) (%.0f bytes/s)\n", ms,
               (double)count / ms * 1000, (double)total / ms * 1000);
    of_client_close(client);
    return status;
}

static int
probe(const struct cli *cli)
{
    struct echo echo = {.size = 0};
    struct of_client *client;
    uint32_t xid = 0;
    int status;

    if (of_client_open(cli, cli->argv[0], 0, &client))
        return 1;
    status = exchange(cli, client, &echo, &xid);
    of_client_close(client);
    return status;
}

const struct cli_verb cli_echo_verbs[] = {
    {"probe", probe, 1, 1, "SWITCH", "does the switch answer?"},
    {"ping", ping, 1, 2, "SWITCH [BYTES]", "how long ten echoes take"},
    {"benchmark", benchmark, 3, 3, "SWITCH BYTES COUNT", "how long COUNT echoes take"},
    {NULL, NULL, 0, 0, NULL, NULL},
};
