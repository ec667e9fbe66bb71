/* SPDX-License-Identifier: Apache-2.0 */
/* The fast path alone, without a daemon: installs megaflows for what pktgen sends, and runs a
 * command.
 *
 *   fastpath [--hook xdp|tc] [--flows N] [--masks N] [--ip 4|6] [--protocol udp|tcp]
 *            [--actions LIST] [--peer MAC] IN OUT COMMAND... | --time IN OUT
 *
 * Devices IN and OUT are ports 1 and 2. Flow i is exact but for bits of the Ethernet source that
 * nobody sends: they make --masks different masks, which flows take in turn. The LIST is text as
 * in dumps. --peer: OUT's other end has this address and lives in another namespace. Prints one
 * JSON object when the command ended: what it took to install the flows, and the fast path's
 * totals. Exit status: the command's. With --time there is no command: program_ns is what a run of
 * the program takes for the first flow's frame, net of an empty program. */
#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions/actions.h"
#include "bench/program.h"
#include "datapath/dp.h"
#include "lib/util.h"

struct options {
    enum dp_hook hook;
    uint32_t n_flows, n_masks;
    bool is_ipv6, is_tcp;
    bool any_source; /* The IP source, which tells pktgen's flows apart, is wildcarded. */
    const char *actions;
    const char *peer; /* NULL: OUT's other end is of this namespace. */
    const char *ports[2];
    bool is_timed;
    char **command;
};

struct cost {
    double put_ns; /* A flow. */
    double program_ns;
    size_t dp_bytes; /* All maps. */
};

static void
dp_failed(const char *what, int error)
{
    fprintf(stderr, "fastpath: %s: %s: %s\n", what, strerror(error), dp_error());
    exit(1);
}

/* The key of pktgen's flow number `flow`, and a mask of all that a frame has. */
static void
make_flow(const struct options *options, uint32_t flow, struct dp_key *key, struct dp_key *mask)
{
    uint32_t mask_number = flow % options->n_masks;

    *key = (struct dp_key){
        .in_port = 1,
        .eth_dst = {2, 0, 0, 0, 0, 2},
        .eth_src = {2, 0, 0, 0, 0, 1},
        .eth_type = htons(options->is_ipv6 ? 0x86dd : 0x0800),
        .ip_proto = options->is_tcp ? IPPROTO_TCP : IPPROTO_UDP,
        .tp_src = htons(1000),
        .tp_dst = htons(2000),
    };
    *mask = (struct dp_key){.in_port = UINT32_MAX, .recirc_id = UINT32_MAX, .ip_proto = 0xff};
    memset(mask->eth_dst, 0xff, 14); /* Both addresses and the type. */
    memset(mask->vlan, 0xff, sizeof mask->vlan[0]);
    memset(&mask->tp_src, 0xff, 4);
    mask->eth_src[1] = ~(uint8_t)mask_number;
    mask->eth_src[2] = ~(uint8_t)(mask_number >> 8);
    if (options->is_ipv6) {
        key->ip6_src[0] = key->ip6_dst[0] = htonl(0x20010db8);
        key->ip6_src[3] = htonl(0x0a000000 | flow);
        key->ip6_dst[3] = htonl(0x0b000001);
        memset(mask->ip6_src, options->any_source ? 0 : 0xff, 16);
        memset(mask->ip6_dst, 0xff, 16);
    } else {
        key->ip_src = htonl(0x0a000000 | flow);
        key->ip_dst = htonl(0x0b000001);
        mask->ip_src = options->any_source ? 0 : UINT32_MAX;
        mask->ip_dst = UINT32_MAX;
    }
}

static double
put_flows(struct dp *dp, const struct options *options)
{
    struct dp_actions_error why;
    struct dp_action *actions;
    double start;
    size_t n_actions;

    if (dp_actions_parse(options->actions, &actions, &n_actions, &why)) {
        fprintf(stderr, "fastpath: %s: byte %zu: %s\n", options->actions, why.at, why.text);
        exit(1);
    }
    start = clock_ns(CLOCK_MONOTONIC);
    for (uint32_t i = 0; i < options->n_flows; i++) {
        struct dp_key key, mask;
        uint32_t index;
        int error;

        /* pktgen leaves the address alone when it sends one flow. */
        make_flow(options, options->n_flows == 1 ? 1 : i, &key, &mask);
        error = dp_flow_put(dp, &key, &mask, actions, n_actions, i + 1, &index);
        if (error)
            dp_failed("flow", error);
    }
    free(actions);
    return (clock_ns(CLOCK_MONOTONIC) - start) / options->n_flows;
}

static void
add_ports(struct dp *dp, const struct options *options)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct dp_port_info info;
        int error = dp_port_add(dp, i + 1, ifindex_of(options->ports[i]), 1, options->hook, &info);

        if (error)
            dp_failed(options->ports[i], error);
    }
}

static void
set_peer(struct dp *dp, const char *mac)
{
    struct dp_peer peer = {.size = 1518};
    int error;

    read_mac(mac, peer.mac);
    error = dp_port_set_peer(dp, 2, &peer);
    if (error)
        dp_failed("peer", error);
}

/* Of one IPv4 UDP flow, as pktgen sends it. */
static double
time_program(struct dp *dp, const struct options *options)
{
    static const uint8_t data[60] = "\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0"
                                    "\x45\0\0\x2e\0\0\0\0\x40\x11\x65\xbd\x0a\0\0\x01\x0b\0\0\x01"
                                    "\x03\xe8\x07\xd0\0\x1a\0\0";
    struct bench_frame frame = {
        .data = data,
        .size = sizeof data,
        .ifindex = ifindex_of(options->ports[0]),
        .is_xdp = options->hook == DP_HOOK_XDP,
    };

    return program_net_ns(dp_program_fd(dp, options->hook, "shunt_port"), &frame);
}

static void
report(struct dp *dp, const struct cost *cost)
{
    struct dp_totals totals;

    dp_totals(dp, &totals);
    printf("{\"put_ns\": %.0f, \"program_ns\": %.0f, \"dp_bytes\": %zu, \"n_masks\": %u, "
           "\"n_received\": %llu, "
           "\"n_forwarded\": %llu, \"n_cache_hits\": %llu, \"n_megaflow_hits\": %llu, "
           "\"n_misses\": %llu, \"n_masks_tried\": %llu}\n",
           cost->put_ns, cost->program_ns, cost->dp_bytes, dp_n_masks(dp), totals.n_received,
           totals.n_forwarded, totals.n_cache_hits, totals.n_megaflow_hits, totals.n_misses,
           totals.n_masks_tried);
}

static void
usage(void)
{
    fprintf(
        stderr,
        "usage: fastpath [--hook xdp|tc] [--flows N | --any-source] [--masks N] [--ip 4|6] "
        "[--protocol udp|tcp] [--actions LIST] [--peer MAC] IN OUT COMMAND... | --time IN OUT\n");
    exit(1);
}

static void
parse_options(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {
        {"hook", required_argument, NULL, 'h'},    {"flows", required_argument, NULL, 'f'},
        {"any-source", no_argument, NULL, 's'},    {"masks", required_argument, NULL, 'm'},
        {"actions", required_argument, NULL, 'a'}, {"peer", required_argument, NULL, 'p'},
        {"ip", required_argument, NULL, 'i'},      {"protocol", required_argument, NULL, 'l'},
        {"time", no_argument, NULL, 't'},          {NULL, 0, NULL, 0},
    };
    int c;

    *options = (struct options){.hook = DP_HOOK_XDP, .n_flows = 1, .n_masks = 1, .actions = "2"};
    while ((c = getopt_long(argc, argv, "+", longs, NULL)) >= 0) {
        if (c == 'h' && (!strcmp(optarg, "xdp") || !strcmp(optarg, "tc")))
            options->hook = optarg[0] == 'x' ? DP_HOOK_XDP : DP_HOOK_TC;
        else if (c == 'f')
            options->n_flows = (uint32_t)strtoul(optarg, NULL, 10);
        else if (c == 's')
            options->any_source = true;
        else if (c == 'm')
            options->n_masks = (uint32_t)strtoul(optarg, NULL, 10);
        else if (c == 'a')
            options->actions = optarg;
        else if (c == 'i' && (!strcmp(optarg, "4") || !strcmp(optarg, "6")))
            options->is_ipv6 = optarg[0] == '6';
        else if (c == 'l' && (!strcmp(optarg, "udp") || !strcmp(optarg, "tcp")))
            options->is_tcp = optarg[0] == 't';
        else if (c == 'p')
            options->peer = optarg;
        else if (c == 't')
            options->is_timed = true;
        else
            usage();
    }
    if (argc - optind < 3 - options->is_timed || !options->n_flows || !options->n_masks ||
        (options->any_source && options->n_flows > 1))
        usage();
    options->ports[0] = argv[optind];
    options->ports[1] = argv[optind + 1];
    options->command = &argv[optind + 2];
}

int
main(int argc, char **argv)
{
    struct dp_options dp_options = {0};
    struct options options;
    struct cost cost = {0};
    struct dp *dp;
    bool adopted;
    int error, status = 0;

    parse_options(argc, argv, &options);
    dp_options.max_flows = options.n_flows > 1000 ? options.n_flows + 1000 : 2000;
    error = dp_open(&dp_options, &dp, &adopted);
    if (error)
        dp_failed("fast path", error);
    add_ports(dp, &options);
    if (options.peer)
        set_peer(dp, options.peer);
    cost.put_ns = put_flows(dp, &options);
    cost.dp_bytes = dp_memory_size(&dp_options);
    if (options.is_timed)
        cost.program_ns = time_program(dp, &options);
    else
        status = run_command(options.command);
    report(dp, &cost);
    dp_close(dp, DP_STOP);
    return status;
}
