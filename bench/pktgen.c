/* SPDX-License-Identifier: Apache-2.0 */
/* Load from the kernel and a count at the other end, for one contestant of the benchmark.
 *
 *   pktgen --out DEV --sink DEV,... [--sink-netns NAME] [--seconds N] [--size BYTES] [--flows N]
 *          [--order turn|random|zipf] [--ip 4|6] [--protocol udp|tcp] [--dst-mac MAC]
 *          [--checksum] [--restore] [--rate PPS] [--realtime]
 *
 * Frames are made by BPF test runs with live frames and leave by --out; what comes in at --sink
 * is counted and dropped: by XDP, or by TC in the namespace of `ip netns` that --sink-netns names.
 * --rate sends four bursts a second; SIGTERM ends it early. --restore writes each frame's headers
 * anew, for ways that change them. Flows differ in the source address's last bytes. UDP on
 * IPv4 has a checksum with --checksum. Prints one JSON
 * object: offered, received, seconds; and sent and all_received: the same with the frames of the
 * warm-up, of which some may come late. `seconds` is the time that frames took, wall_seconds what a
 * clock on the wall says, and `started` when that began (CLOCK_MONOTONIC). */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/program.h"
#include "bench/traffic.skel.h"
#include "lib/util.h"

#define BATCH 64
#define WARM_UP (1 << 13) /* Frames. */
#define BURSTS_A_SECOND 4
#define CALL_NS 1e8 /* A test run. */
#define MAX_FRAME 1514

struct options {
    const char *out, *sinks, *sink_netns;
    double seconds, rate;
    unsigned size, n_flows, order; /* As in traffic.bpf.c. */
    bool is_ipv6, is_tcp, has_checksum, restores, realtime;
    uint8_t dst_mac[6];
};

/* What follows the Ethernet header is aligned. */
struct frame {
    _Alignas(4) uint8_t pad[2];
    uint8_t bytes[MAX_FRAME];
};

/* Where the program finds what it changes. */
struct offsets {
    uint32_t address, ip_check, l4_check;
};

static uint32_t
add_words(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i += 2)
        sum += (uint32_t)bytes[i] << 8 | (i + 1 < size ? bytes[i + 1] : 0);
    return sum;
}

static uint16_t
fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t) ~(sum + (sum >> 16)));
}

/* Returns the header's end. */
static uint8_t *
make_ipv4(struct iphdr *ip, size_t length, uint8_t protocol)
{
    ip->version = 4;
    ip->ihl = 5;
    ip->ttl = 64;
    ip->protocol = protocol;
    ip->tot_len = htons((uint16_t)length);
    ip->saddr = htonl(0x0a000001);
    ip->daddr = htonl(0x0b000001);
    ip->check = fold(add_words(ip, sizeof *ip));
    return (uint8_t *)(ip + 1);
}

static uint8_t *
make_ipv6(struct ipv6hdr *ip, size_t length, uint8_t protocol)
{
    ip->version = 6;
    ip->hop_limit = 64;
    ip->nexthdr = protocol;
    ip->payload_len = htons((uint16_t)(length - sizeof *ip));
    memcpy(&ip->saddr, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\x0a\0\0\x01", 16);
    memcpy(&ip->daddr, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\x0b\0\0\x01", 16);
    return (uint8_t *)(ip + 1);
}

/* Ports, and the length or flags; the checksum stands at what is returned. */
static uint8_t *
make_l4(uint8_t *l4, size_t length, bool is_tcp)
{
    struct udphdr *udp = (struct udphdr *)l4;
    struct tcphdr *tcp = (struct tcphdr *)l4;

    udp->source = htons(1000);
    udp->dest = htons(2000);
    if (!is_tcp) {
        udp->len = htons((uint16_t)length);
        return (uint8_t *)&udp->check;
    }
    tcp->doff = 5;
    tcp->ack = 1;
    return (uint8_t *)&tcp->check;
}

/* A frame of `options->size` bytes on the wire, the frame check sequence counted. Returns its size
 * without that. */
static size_t
make_frame(uint8_t *frame, const struct options *options, struct offsets *offsets)
{
    struct ethhdr *eth = (struct ethhdr *)frame;
    size_t size = options->size - 4, ip_size = size - sizeof *eth, l4_size;
    uint8_t protocol = options->is_tcp ? IPPROTO_TCP : IPPROTO_UDP, *ip = frame + sizeof *eth, *l4;
    size_t address_size = options->is_ipv6 ? 16 : 4;
    uint16_t check;

    memset(frame, 0, size);
    memcpy(eth->h_dest, options->dst_mac, sizeof options->dst_mac);
    memcpy(eth->h_source, "\x02\0\0\0\0\x01", 6);
    eth->h_proto = htons(options->is_ipv6 ? ETH_P_IPV6 : ETH_P_IP);
    l4 = options->is_ipv6 ? make_ipv6((struct ipv6hdr *)ip, ip_size, protocol)
                          : make_ipv4((struct iphdr *)ip, ip_size, protocol);
    l4_size = (size_t)(frame + size - l4);
    *offsets = (struct offsets){
        .address = (uint32_t)(l4 - frame - 2 * address_size + address_size - 4),
        .ip_check = options->is_ipv6 ? 0 : sizeof *eth + offsetof(struct iphdr, check),
        .l4_check = (uint32_t)(make_l4(l4, l4_size, options->is_tcp) - frame),
    };
    check = fold(add_words(l4 - 2 * address_size, 2 * address_size + l4_size) + protocol +
                 (uint32_t)l4_size);
    if (options->is_ipv6 || options->is_tcp || options->has_checksum)
        memcpy(frame + offsets->l4_check, &check, sizeof check);
    else
        offsets->l4_check = 0;
    return size;
}

/* Calls `function` with each device of the list. */
static void
for_each_sink(const char *list, const struct traffic_bpf *skel,
              void (*function)(unsigned ifindex, const struct traffic_bpf *skel))
{
    char names[256], *rest = names, *name;

    snprintf(names, sizeof names, "%s", list);
    while ((name = strsep(&rest, ",")))
        function(ifindex_of(name), skel);
}

static void
attach_sink_xdp(unsigned ifindex, const struct traffic_bpf *skel)
{
    bench_attach_xdp(ifindex, skel->progs.sink_xdp);
}

static void
detach_sink_xdp(unsigned ifindex, const struct traffic_bpf *skel)
{
    (void)skel;
    bpf_xdp_detach((int)ifindex, 0, NULL);
}

static void
attach_sink_tc(unsigned ifindex, const struct traffic_bpf *skel)
{
    bench_attach_clsact(ifindex, skel->progs.sink_tc);
}

static void
attach_sinks(const struct traffic_bpf *skel, const struct options *options)
{
    int own;

    if (!options->sink_netns) {
        for_each_sink(options->sinks, skel, attach_sink_xdp);
        return;
    }
    own = open_netns("/proc/self/ns/net");
    enter_netns(open_named_netns(options->sink_netns));
    for_each_sink(options->sinks, skel, attach_sink_tc);
    enter_netns(own);
}

static uint64_t
read_count(const struct traffic_bpf *skel)
{
    int n_cpus = libbpf_num_possible_cpus();
    uint64_t values[n_cpus], sum = 0;
    uint32_t slot = 0;

    if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.counts), &slot, values))
        fail("read counts", errno);
    for (int i = 0; i < n_cpus; i++)
        sum += values[i];
    return sum;
}

/* Sends `repeat` frames; nanoseconds a frame, of the time that the kernel spent on them: without
 * what it took to set up and tear down the run (which sleeps 30 ms), and without other tasks. */
static double
run_once(const struct traffic_bpf *skel, void *frame, size_t size, uint32_t repeat)
{
    struct xdp_md ctx = {.data_end = (uint32_t)size};
    DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)size,
                        .ctx_in = &ctx, .ctx_size_in = sizeof ctx, .repeat = (int)repeat,
                        .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);
    int err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.generate), &opts);

    if (err)
        fail("generate", -err);
    return opts.duration + 0.5; /* The kernel cuts off the fraction. */
}

/* Nothing else may take this processor: what softirqs leave to ksoftirqd would not be timed. Before
 * Linux 6.5 no softirq is served while ksoftirqd waits, so that frames would be lost. */
static void
keep_processor(void)
{
    struct sched_param param = {.sched_priority = 50};

    if (sched_setscheduler(0, SCHED_FIFO, &param))
        fail("real-time priority", errno);
}

/* A signal that is not blocked would break a test run off. */
static void
hold_back_term(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

/* SIGTERM ends the load before its time. */
static bool
is_over(void)
{
    sigset_t set;

    return !sigpending(&set) && sigismember(&set, SIGTERM);
}

/* Returns what time it is then. */
static double
sleep_until(double time_ns)
{
    double left_ns = time_ns - clock_ns(CLOCK_MONOTONIC);

    if (left_ns > 0)
        usleep((useconds_t)(left_ns / 1e3));
    return clock_ns(CLOCK_MONOTONIC);
}

static void
run(const struct traffic_bpf *skel, const struct options *options)
{
    struct offsets offsets;
    struct frame frame;
    size_t size = make_frame(frame.bytes, options, &offsets);
    uint64_t offered = 0, before;
    double ns = 0, start_ns;
    uint32_t repeat;

    if (options->realtime)
        keep_processor();
    run_once(skel, frame.bytes, size, BATCH); /* Flows are set up. */
    repeat = (uint32_t)(CALL_NS / run_once(skel, frame.bytes, size, WARM_UP) / BATCH + 1) * BATCH;
    if (options->rate)
        repeat = (uint32_t)(options->rate / BURSTS_A_SECOND / BATCH + 1) * BATCH;
    hold_back_term();
    before = read_count(skel);
    start_ns = clock_ns(CLOCK_MONOTONIC);
    do {
        ns += run_once(skel, frame.bytes, size, repeat) * repeat;
        offered += repeat;
        if (options->rate)
            ns = sleep_until(start_ns + (double)offered / options->rate * 1e9) - start_ns;
    } while (ns < options->seconds * 1e9 && !is_over());
    printf("{\"offered\": %lu, \"received\": %lu, \"seconds\": %.6f, \"sent\": %lu, "
           "\"all_received\": %lu, \"started\": %.6f, \"wall_seconds\": %.6f}\n",
           offered, read_count(skel) - before, ns / 1e9, BATCH + WARM_UP + offered,
           read_count(skel), start_ns / 1e9, (clock_ns(CLOCK_MONOTONIC) - start_ns) / 1e9);
}

/* The number of the one of `words` that `text` is. */
static unsigned
one_of(const char *text, const char *const *words)
{
    for (unsigned i = 0; words[i]; i++) {
        if (!strcmp(text, words[i]))
            return i;
    }
    fail(text, EINVAL);
    return 0;
}

static void
set_option(struct options *options, int c, const char *value)
{
    static const char *const orders[] = {"turn", "random", "zipf", NULL};
    static const char *const ips[] = {"4", "6", NULL}, *const protocols[] = {"udp", "tcp", NULL};

    switch (c) {
    case 'o':
        options->out = value;
        break;
    case 's':
        options->sinks = value;
        break;
    case 'n':
        options->sink_netns = value;
        break;
    case 't':
        options->seconds = atof(value);
        break;
    case 'b':
        options->size = (unsigned)atoi(value);
        break;
    case 'f':
        options->n_flows = (unsigned)atoi(value);
        break;
    case 'r':
        options->order = one_of(value, orders);
        break;
    case 'i':
        options->is_ipv6 = one_of(value, ips);
        break;
    case 'l':
        options->is_tcp = one_of(value, protocols);
        break;
    case 'p':
        options->realtime = true;
        break;
    case 'R':
        options->rate = atof(value);
        break;
    case 'c':
        options->has_checksum = true;
        break;
    case 'w':
        options->restores = true;
        break;
    case 'm':
        read_mac(value, options->dst_mac);
        break;
    default:
        exit(1);
    }
}

static void
parse_options(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {
        {"out", required_argument, NULL, 'o'},
        {"sink", required_argument, NULL, 's'},
        {"sink-netns", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 't'},
        {"size", required_argument, NULL, 'b'},
        {"flows", required_argument, NULL, 'f'},
        {"order", required_argument, NULL, 'r'},
        {"ip", required_argument, NULL, 'i'},
        {"protocol", required_argument, NULL, 'l'},
        {"checksum", no_argument, NULL, 'c'},
        {"restore", no_argument, NULL, 'w'},
        {"realtime", no_argument, NULL, 'p'},
        {"rate", required_argument, NULL, 'R'},
        {"dst-mac", required_argument, NULL, 'm'},
        {NULL, 0, NULL, 0},
    };
    unsigned min_size = 64;
    int c;

    *options =
        (struct options){.seconds = 1, .size = 64, .n_flows = 1, .dst_mac = {2, 0, 0, 0, 0, 2}};
    while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0)
        set_option(options, c, optarg);
    if (options->is_ipv6)
        min_size = options->is_tcp ? 78 : 66;
    if (!options->out || !options->sinks || options->size < min_size ||
        options->size > MAX_FRAME + 4 || !options->n_flows ||
        options->n_flows & (options->n_flows - 1)) {
        fprintf(
            stderr,
            "pktgen: --out and --sink are devices, --size is %u to %d, --flows a power of two\n",
            min_size, MAX_FRAME + 4);
        exit(1);
    }
}

/* Before loading. */
static void
configure(struct traffic_bpf *skel, const struct options *options)
{
    struct offsets offsets;
    struct frame frame;

    make_frame(frame.bytes, options, &offsets);
    skel->rodata->n_flows_log2 = (uint32_t)__builtin_ctz(options->n_flows);
    skel->rodata->order = options->order;
    skel->rodata->out_ifindex = ifindex_of(options->out);
    skel->rodata->address_offset = offsets.address;
    skel->rodata->ip_check_offset = offsets.ip_check;
    skel->rodata->l4_check_offset = offsets.l4_check;
    skel->rodata->restores = options->restores;
    memcpy((void *)skel->rodata->header, frame.bytes, sizeof skel->rodata->header);
}

int
main(int argc, char **argv)
{
    struct options options;
    struct traffic_bpf *skel;

    parse_options(argc, argv, &options);
    skel = traffic_bpf__open();
    if (!skel)
        fail("open BPF programs", errno);
    configure(skel, &options);
    if (traffic_bpf__load(skel))
        fail("load BPF programs", errno);
    attach_sinks(skel, &options);
    run(skel, &options);
    if (!options.sink_netns)
        for_each_sink(options.sinks, skel, detach_sink_xdp);
    traffic_bpf__destroy(skel);
    return 0;
}
