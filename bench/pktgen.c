/* SPDX-License-Identifier: Apache-2.0 */
/* Load from the kernel and a count at the other end, for one contestant of the benchmark.
 *
 *   pktgen --out DEV --sink DEV [--sink-netns NAME] [--seconds N] [--size BYTES] [--flows N]
 *          [--random] [--dst-mac MAC] [--restore] [--rate PPS]
 *          [--bare-xdp IN:OUT | --bare-clsact IN:OUT | --bare-tcx IN:OUT | --bare-peer IN:OUT]
 *
 * Frames are made by BPF test runs with live frames and leave by --out; what comes in at --sink
 * is counted and dropped: by XDP, or by TC in the namespace of `ip netns` that --sink-netns names.
 * --rate sends four bursts a second; SIGTERM ends it early. --restore writes each frame's headers
 * anew, for ways that change them. --bare-* attaches a program that does nothing but redirect
 * (--bare-peer: by clsact, to the peer of OUT). Prints one JSON object: offered, received, seconds;
 * and sent and all_received: the same with the frames of the warm-up, of which some may come late.
 * `seconds` is the time that frames took, wall_seconds what a clock on the wall says. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/traffic.skel.h"
#include "lib/util.h"

#define BATCH 64
#define ATTACH_TCX_INGRESS 46 /* Of Linux 6.6: headers may be older. */
#define WARM_UP (1 << 13)     /* Frames. */
#define BURSTS_A_SECOND 4
#define CALL_NS 1e8 /* A test run. */
#define MAX_FRAME 1514

struct options {
    const char *out, *sink, *sink_netns, *bare_xdp, *bare_clsact, *bare_tcx, *bare_peer;
    double seconds, rate;
    unsigned size, n_flows;
    bool is_random, restores, realtime;
    uint8_t dst_mac[6];
};

static void
fail(const char *what, int err)
{
    fprintf(stderr, "pktgen: %s: %s\n", what, strerror(err < 0 ? -err : err));
    exit(1);
}

static unsigned
ifindex_of(const char *name)
{
    unsigned ifindex = if_nametoindex(name);

    if (!ifindex)
        fail(name, errno);
    return ifindex;
}

static uint16_t
ip_checksum(const struct iphdr *ip)
{
    const uint16_t *words = (const uint16_t *)ip;
    uint32_t sum = 0;

    for (int i = 0; i < 10; i++)
        sum += words[i];
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~(sum + (sum >> 16));
}

/* A UDP frame of `options->size` bytes on the wire, the frame check sequence counted. */
static size_t
make_frame(uint8_t *frame, const struct options *options)
{
    struct ethhdr *eth = (struct ethhdr *)frame;
    struct iphdr *ip = (struct iphdr *)(eth + 1);
    struct udphdr *udp = (struct udphdr *)(ip + 1);
    size_t length = options->size - 4;

    memset(frame, 0, length);
    memcpy(eth->h_dest, options->dst_mac, sizeof options->dst_mac);
    memcpy(eth->h_source, "\x02\0\0\0\0\x01", 6);
    eth->h_proto = htons(ETH_P_IP);
    ip->version = 4;
    ip->ihl = 5;
    ip->ttl = 64;
    ip->protocol = IPPROTO_UDP;
    ip->tot_len = htons(length - sizeof *eth);
    ip->saddr = htonl(0x0a000001);
    ip->daddr = htonl(0x0b000001);
    ip->check = ip_checksum(ip);
    udp->source = htons(1000);
    udp->dest = htons(2000);
    udp->len = htons(length - sizeof *eth - sizeof *ip);
    return length;
}

static void
split_pair(const char *pair, unsigned *in, unsigned *out)
{
    char name[IF_NAMESIZE + 1] = "";
    const char *colon = strchr(pair, ':');

    if (!colon || colon - pair > IF_NAMESIZE)
        fail(pair, EINVAL);
    memcpy(name, pair, colon - pair);
    *in = ifindex_of(name);
    *out = ifindex_of(colon + 1);
}

static void
attach_xdp(unsigned ifindex, const struct bpf_program *program)
{
    int err = bpf_xdp_attach(ifindex, bpf_program__fd(program), XDP_FLAGS_DRV_MODE, NULL);

    if (err)
        fail("attach XDP", err);
}

static void
attach_clsact(unsigned ifindex, const struct bpf_program *program)
{
    DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
    DECLARE_LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(program), .handle = 1,
                        .priority = 1, .flags = BPF_TC_F_REPLACE);
    int err = bpf_tc_hook_create(&hook);

    if (err && err != -EEXIST)
        fail("make clsact", err);
    err = bpf_tc_attach(&hook, &opts);
    if (err)
        fail("attach TC", err);
}

static void
attach_tcx(unsigned ifindex, const struct bpf_program *program)
{
    if (bpf_link_create(bpf_program__fd(program), (int)ifindex,
                        (enum bpf_attach_type)ATTACH_TCX_INGRESS, NULL) < 0)
        fail("attach tcx", errno);
}

static int
open_netns(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        fail(path, errno);
    return fd;
}

static void
enter_netns(int fd)
{
    if (setns(fd, CLONE_NEWNET))
        fail("enter a network namespace", errno);
    close(fd);
}

static void
attach_sink(const struct traffic_bpf *skel, const struct options *options)
{
    char path[PATH_MAX];
    int own;

    if (!options->sink_netns) {
        attach_xdp(ifindex_of(options->sink), skel->progs.sink_xdp);
        return;
    }
    snprintf(path, sizeof path, "/run/netns/%s", options->sink_netns);
    own = open_netns("/proc/self/ns/net");
    enter_netns(open_netns(path));
    attach_clsact(ifindex_of(options->sink), skel->progs.sink_tc);
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
        fail("generate", err);
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

static double
now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Returns what time it is then. */
static double
sleep_until(double time_s)
{
    double left_s = time_s - now_s();

    if (left_s > 0)
        usleep((useconds_t)(left_s * 1e6));
    return now_s();
}

static void
run(const struct traffic_bpf *skel, const struct options *options)
{
    uint8_t frame[MAX_FRAME];
    size_t size = make_frame(frame, options);
    uint64_t offered = 0, before;
    double ns = 0, start_s;
    uint32_t repeat;

    if (options->realtime)
        keep_processor();
    run_once(skel, frame, size, BATCH); /* Flows are set up. */
    repeat = (uint32_t)(CALL_NS / run_once(skel, frame, size, WARM_UP) / BATCH + 1) * BATCH;
    if (options->rate)
        repeat = (uint32_t)(options->rate / BURSTS_A_SECOND / BATCH + 1) * BATCH;
    hold_back_term();
    before = read_count(skel);
    start_s = now_s();
    do {
        ns += run_once(skel, frame, size, repeat) * repeat;
        offered += repeat;
        if (options->rate)
            ns = sleep_until(start_s + (double)offered / options->rate) * 1e9 - start_s * 1e9;
    } while (ns < options->seconds * 1e9 && !is_over());
    printf("{\"offered\": %lu, \"received\": %lu, \"seconds\": %.6f, \"sent\": %lu, "
           "\"all_received\": %lu, \"wall_seconds\": %.6f}\n",
           offered, read_count(skel) - before, ns / 1e9, BATCH + WARM_UP + offered,
           read_count(skel), now_s() - start_s);
}

static void
attach_bare_xdp(struct traffic_bpf *skel, const char *pair)
{
    unsigned in, out;
    uint32_t slot = 0;

    split_pair(pair, &in, &out);
    if (bpf_map_update_elem(bpf_map__fd(skel->maps.bare_port), &slot, &out, 0))
        fail("devmap", errno);
    attach_xdp(in, skel->progs.bare_xdp);
    attach_xdp(out, skel->progs.pass);
}

/* The contestant that was asked for, if any. */
static void
attach_bare(struct traffic_bpf *skel, const struct options *options)
{
    unsigned in, out;

    if (options->bare_xdp)
        attach_bare_xdp(skel, options->bare_xdp);
    if (options->bare_clsact) {
        split_pair(options->bare_clsact, &in, &out);
        attach_clsact(in, skel->progs.bare_tc);
    }
    if (options->bare_tcx) {
        split_pair(options->bare_tcx, &in, &out);
        attach_tcx(in, skel->progs.bare_tc);
    }
    if (options->bare_peer) {
        split_pair(options->bare_peer, &in, &out);
        attach_clsact(in, skel->progs.bare_peer);
    }
}

static void
read_mac(const char *text, uint8_t mac[6])
{
    if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
               &mac[5]) != 6)
        fail(text, EINVAL);
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
        {"random", no_argument, NULL, 'r'},
        {"restore", no_argument, NULL, 'w'},
        {"realtime", no_argument, NULL, 'p'},
        {"rate", required_argument, NULL, 'R'},
        {"dst-mac", required_argument, NULL, 'm'},
        {"bare-xdp", required_argument, NULL, 'x'},
        {"bare-clsact", required_argument, NULL, 'c'},
        {"bare-tcx", required_argument, NULL, 'i'},
        {"bare-peer", required_argument, NULL, 'e'},
        {NULL, 0, NULL, 0},
    };
    int c;

    *options =
        (struct options){.seconds = 1, .size = 64, .n_flows = 1, .dst_mac = {2, 0, 0, 0, 0, 2}};
    while ((c = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
        switch (c) {
        case 'o':
            options->out = optarg;
            break;
        case 's':
            options->sink = optarg;
            break;
        case 'n':
            options->sink_netns = optarg;
            break;
        case 't':
            options->seconds = atof(optarg);
            break;
        case 'b':
            options->size = (unsigned)atoi(optarg);
            break;
        case 'f':
            options->n_flows = (unsigned)atoi(optarg);
            break;
        case 'r':
            options->is_random = true;
            break;
        case 'p':
            options->realtime = true;
            break;
        case 'R':
            options->rate = atof(optarg);
            break;
        case 'w':
            options->restores = true;
            break;
        case 'm':
            read_mac(optarg, options->dst_mac);
            break;
        case 'x':
            options->bare_xdp = optarg;
            break;
        case 'c':
            options->bare_clsact = optarg;
            break;
        case 'i':
            options->bare_tcx = optarg;
            break;
        case 'e':
            options->bare_peer = optarg;
            break;
        default:
            exit(1);
        }
    }
    if (!options->out || !options->sink || options->size < 64 || options->size > MAX_FRAME + 4 ||
        !options->n_flows || options->n_flows & (options->n_flows - 1)) {
        fprintf(stderr,
                "pktgen: --out and --sink are devices, --size is 64 to %d, --flows a "
                "power of two\n",
                MAX_FRAME + 4);
        exit(1);
    }
}

int
main(int argc, char **argv)
{
    struct options options;
    struct traffic_bpf *skel;
    unsigned in, out = 0;
    uint8_t frame[MAX_FRAME];

    parse_options(argc, argv, &options);
    skel = traffic_bpf__open();
    if (!skel)
        fail("open BPF programs", errno);
    if (options.bare_clsact)
        split_pair(options.bare_clsact, &in, &out);
    if (options.bare_tcx)
        split_pair(options.bare_tcx, &in, &out);
    if (options.bare_peer)
        split_pair(options.bare_peer, &in, &out);
    skel->rodata->n_flows = options.n_flows;
    skel->rodata->is_random = options.is_random;
    skel->rodata->out_ifindex = ifindex_of(options.out);
    skel->rodata->bare_out_ifindex = out;
    skel->rodata->restores = options.restores;
    make_frame(frame, &options);
    memcpy((void *)skel->rodata->header, frame, sizeof skel->rodata->header);
    if (traffic_bpf__load(skel))
        fail("load BPF programs", errno);
    attach_sink(skel, &options);
    attach_bare(skel, &options);
    run(skel, &options);
    if (!options.sink_netns)
        bpf_xdp_detach(ifindex_of(options.sink), 0, NULL);
    traffic_bpf__destroy(skel);
    return 0;
}
