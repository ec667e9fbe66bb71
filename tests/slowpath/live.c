/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/slowpath/live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ofproto/messages.h"
#include "ofproto/openflow/constants.h"
#include "ofproto/parse.h"

/* ---- What ofproto and the slow path tell ------------------------------------------------------*/
static void
on_wake(void *aux)
{
    (void)aux;
}

static void
on_changed(void *aux, struct ofproto *ofproto)
{
    struct live *live = aux;

    if (live->slowpath)
        slowpath_changed(live->slowpath, ofproto);
}

static void
on_rule_changed(void *aux, struct ofproto *ofproto, struct rule *rule)
{
    struct live *live = aux;

    if (live->slowpath)
        slowpath_rule_changed(live->slowpath, ofproto, rule);
}

static void
on_sync(void *aux, struct ofproto *ofproto)
{
    (void)ofproto;
    slowpath_sync_stats(((struct live *)aux)->slowpath);
}

static void
on_removed(void *aux, struct ofproto *ofproto, struct rule *rule, uint8_t reason)
{
    struct live *live = aux;
    struct rule_stats stats;

    (void)ofproto;
    (void)reason;
    rule_get_stats(rule, &stats);
    live->n_removed++;
    live->removed_packets = stats.n_packets;
    live->removed_bytes = stats.n_bytes;
}

static void
on_port_status(void *aux, struct ofproto *ofproto, const struct ofport *port, uint8_t reason)
{
    (void)aux;
    (void)ofproto;
    (void)port;
    (void)reason;
}

static int
on_port_config(void *aux, struct ofproto *ofproto, const struct ofport *port)
{
    on_port_status(aux, ofproto, port, 0);
    return 0;
}

static const struct ofproto_ops ofproto_ops = {
    .wake = on_wake,
    .changed = on_changed,
    .rule_changed = on_rule_changed,
    .flow_removed = on_removed,
    .port_status = on_port_status,
    .sync_stats = on_sync,
    .port_config = on_port_config,
};

static void
on_packet_in(void *aux, const struct slowpath_packet_in *in)
{
    struct live *live = aux;

    live->n_packet_ins++;
    live->packet_in = *in;
    live->packet_in_flow = *in->flow;
}

static const struct slowpath_ops slowpath_ops = {.packet_in = on_packet_in};

/* ---- Open and close ---------------------------------------------------------------------------*/
static void
shell(const char *command)
{
    if (system(command))
        fail_msg("failed: %s", command);
}

/* Frames that XDP redirects into a veth are dropped unless its peer has GRO on. */
static void
make_namespace(void)
{
    if (geteuid() || unshare(CLONE_NEWNET)) {
        print_message("needs root and network namespaces\n");
        skip();
    }
    shell("ip link set lo up && "
          "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
    for (int i = 1; i <= LIVE_N_PORTS; i++) {
        char command[192];

        snprintf(command, sizeof command,
                 "ip link add p%d type veth peer name h%d && ip link set p%d up && "
                 "ip link set h%d up && ethtool -K h%d gro on",
                 i, i, i, i, i);
        shell(command);
    }
}

static int
open_packet_socket(const char *device)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETH_P_ALL),
                                  .sll_ifindex = (int)if_nametoindex(device)};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    int room = 4 << 20;

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void
add_port(struct live *live, uint32_t number)
{
    struct ofport port = {.port_no = number, .dp_port = 100 + number, .state = OFPPS_LIVE};

    snprintf(port.name, sizeof port.name, "p%u", number);
    assert_int_equal(ofproto_port_add(live->ofproto, &port, &number), 0);
}

static void
attach_port(struct live *live, uint32_t number, enum dp_hook hook)
{
    struct dp_port_info info;
    char device[IFNAMSIZ];

    snprintf(device, sizeof device, "p%u", number);
    if (dp_port_add(live->dp, 100 + number, if_nametoindex(device), 1, hook, &info))
        fail_msg("%s", dp_error());
    snprintf(device, sizeof device, "h%u", number);
    live->fds[number] = open_packet_socket(device);
}

static void
open_dp(struct live *live)
{
    const struct dp_options options = {
        .pin_dir = live->pin_dir, .max_flows = 4096, .ring_size = 1 << 20};
    bool adopted;

    if (dp_open(&options, &live->dp, &adopted))
        fail_msg("%s", dp_error());
}

static void
open_slowpath(struct live *live, int64_t idle_ms)
{
    const struct ofproto_options options = {.name = "br0", .datapath_id = 1};
    struct slowpath_options slowpath_options = {.idle_ms = idle_ms};

    live->base = slowpath_options.base = event_base_new();
    live->ofproto = ofproto_create(&options, &ofproto_ops, live);
    assert_int_equal(
        slowpath_create(live->dp, &slowpath_options, &slowpath_ops, live, &live->slowpath), 0);
    assert_int_equal(slowpath_add_bridge(live->slowpath, live->ofproto), 0);
    for (uint32_t i = 1; i <= LIVE_N_PORTS; i++)
        add_port(live, i);
}

static void
start_slowpath(struct live *live)
{
    slowpath_release(live->slowpath);
    assert_int_equal(slowpath_start(live->slowpath), 0);
}

static void
open_all(struct live *live, const char *pin_dir, enum dp_hook hook, int64_t idle_ms)
{
    memset(live, 0, sizeof *live);
    make_namespace();
    live->pin_dir = pin_dir;
    open_dp(live);
    open_slowpath(live, idle_ms);
    for (uint32_t i = 1; i <= LIVE_N_PORTS; i++)
        attach_port(live, i, hook);
    start_slowpath(live);
}

void
live_open(struct live *live, enum dp_hook hook, int64_t idle_ms)
{
    open_all(live, NULL, hook, idle_ms);
}

void
live_open_pinned(struct live *live, enum dp_hook hook, int64_t idle_ms)
{
    static char pin_dir[64];

    snprintf(pin_dir, sizeof pin_dir, "/sys/fs/bpf/test-live-%d", (int)getpid());
    open_all(live, pin_dir, hook, idle_ms);
}

static void
close_slowpath(struct live *live)
{
    slowpath_remove_bridge(live->slowpath, live->ofproto);
    slowpath_destroy(live->slowpath);
    live->slowpath = NULL;
    ofproto_destroy(live->ofproto);
    event_base_free(live->base);
}

void
live_close(struct live *live)
{
    slowpath_stop(live->slowpath);
    close_slowpath(live);
    dp_close(live->dp, DP_STOP);
    for (int i = 1; i <= LIVE_N_PORTS; i++)
        close(live->fds[i]);
}

void
live_leave(struct live *live)
{
    slowpath_stop(live->slowpath);
    slowpath_let_go(live->slowpath);
    close_slowpath(live);
    dp_close(live->dp, DP_KEEP);
}

void
live_return(struct live *live, const char *flows)
{
    open_dp(live);
    open_slowpath(live, 60000);
    live_flows(live, flows);
    start_slowpath(live);
    live_barrier(live);
}

/* ---- The main loop ----------------------------------------------------------------------------*/
void
live_loop(struct live *live, int64_t ms)
{
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

    event_base_loopexit(live->base, &limit);
    event_base_loop(live->base, 0);
    ofproto_run(live->ofproto);
}

static void
set_flag(void *aux)
{
    *(bool *)aux = true;
}

void
live_barrier(struct live *live)
{
    bool done = false;

    slowpath_barrier(live->slowpath, set_flag, &done);
    live_wait(live, done);
}

/* ---- Tables -----------------------------------------------------------------------------------*/
static void
flow_mod(struct live *live, const char *line, uint8_t command)
{
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofp_flow_mod fm;
    char *message = ofp_flow_mod_parse(line, command, NULL, &ofpacts, &fm);

    if (message)
        fail_msg("%s", message);
    fm.flags |= OFPFF_SEND_FLOW_REM;
    assert_int_equal(ofproto_flow_mod(live->ofproto, &fm, NULL), 0);
    buf_destroy(&ofpacts);
}

void
live_flows(struct live *live, const char *lines)
{
    char *copy = strdup(lines), *save = NULL;

    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        flow_mod(live, line, OFPFC_ADD);
    free(copy);
}

void
live_del_flows(struct live *live, const char *match)
{
    flow_mod(live, match, OFPFC_DELETE);
}

struct rule_stats
live_rule_stats(struct live *live, const char *text)
{
    struct ofproto_flow_filter filter = {
        .table_id = OFTABLE_ALL, .out_port = OFPORT_ANY, .out_group = OFGROUP_ANY};
    struct rule_stats stats = {0};
    struct ofproto_rules rules;
    struct match match;
    char *message = match_parse(&match, text, NULL);

    if (message)
        fail_msg("%s", message);
    filter.match = &match;
    assert_int_equal(ofproto_collect(live->ofproto, &filter, &rules), 0);
    assert_int_equal(rules.n, 1);
    rule_get_stats(rules.rules[0], &stats);
    ofproto_rules_free(&rules);
    return stats;
}

/* ---- Frames -----------------------------------------------------------------------------------*/
static uint16_t
ip_checksum(const void *data, size_t size)
{
    const uint8_t *p = data;
    uint32_t sum = 0;

    for (size_t i = 0; i < size; i += 2)
        sum += (uint32_t)(p[i] << 8 | p[i + 1]);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((uint16_t)~sum);
}

struct live_frame
live_udp(uint8_t src, uint8_t dst, uint16_t tp_dst)
{
    struct live_frame frame = {.size = 64};
    struct ether_header eth = {.ether_dhost = {2, 0, 0, 0, 0, dst},
                               .ether_shost = {2, 0, 0, 0, 0, src},
                               .ether_type = htons(ETHERTYPE_IP)};
    struct iphdr ip = {.version = 4,
                       .ihl = 5,
                       .tot_len = htons(50),
                       .ttl = 64,
                       .protocol = IPPROTO_UDP,
                       .saddr = htonl(0x0a000000u | src),
                       .daddr = htonl(0x0a000000u | dst)};
    struct udphdr udp = {.source = htons(1000), .dest = htons(tp_dst), .len = htons(30)};

    ip.check = ip_checksum(&ip, sizeof ip);
    memcpy(frame.data, &eth, sizeof eth);
    memcpy(frame.data + 14, &ip, sizeof ip);
    memcpy(frame.data + 34, &udp, sizeof udp);
    return frame;
}

void
live_send(struct live *live, uint32_t port, const struct live_frame *frame)
{
    assert_int_equal(send(live->fds[port], frame->data, frame->size, 0), frame->size);
}

/* Frames that this end sent are seen by its socket, too. */
static bool
read_frame(int fd, struct live_frame *frame)
{
    struct sockaddr_ll from;
    socklen_t size = sizeof from;
    ssize_t n = recvfrom(fd, frame->data, sizeof frame->data, 0, (struct sockaddr *)&from, &size);

    frame->size = n > 0 ? (size_t)n : 0;
    return n > 0 && from.sll_pkttype != PACKET_OUTGOING && frame->data[6] == 2;
}

bool
live_receive(struct live *live, uint32_t port, struct live_frame *frame, int64_t wait_ms)
{
    int64_t deadline_ms = time_now_ms() + wait_ms;
    struct pollfd pfd = {.fd = live->fds[port], .events = POLLIN};

    do {
        if (poll(&pfd, 1, 1) > 0 && read_frame(pfd.fd, frame))
            return true;
        live_loop(live, 1);
    } while (time_now_ms() < deadline_ms);
    return false;
}
