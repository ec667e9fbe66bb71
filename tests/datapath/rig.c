/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/datapath/rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "actions/actions.h"
#include "datapath/parse.bpf.h"
#include "lib/util.h"
#include "tests/datapath/actions-tc.skel.h"
#include "tests/datapath/actions-xdp.skel.h"

#define RECORDS 4
#define WAIT_MS 2000

struct upcalls {
    uint32_t n;
    struct dp_upcall last;
    struct frame packet;
};

/* One object. */
struct fast_path {
    struct bpf_object *object;
    int list_fd; /* test_list */
    int flows, records, states;
    int ring_fd;
    struct ring_buffer *ring;
    struct upcalls upcalls;
};

struct rig {
    struct actions_xdp *xdp_skeleton;
    struct actions_tc *tc_skeleton;
    struct fast_path xdp, tc;
    uint32_t cpu;
    int in, inject, out[RIG_PORTS + 1]; /* Sockets. */
    uint32_t out_ifindex[RIG_PORTS + 1];
};

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, ": %s\n", strerror(errno));
    exit(1);
}

/* ---- Devices and sockets ---- */

static void
ip(const char *format, ...)
{
    char command[300];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command))
        die("%s", command);
}

static void
write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    if (!file || fputs(text, file) < 0 || fclose(file))
        die("%s", path);
}

static int
open_socket(const char *device, bool receives)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = receives ? htons(ETH_P_ALL) : 0,
                                  .sll_ifindex = if_nametoindex(device)};
    int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1;

    if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) ||
        setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on) ||
        bind(fd, (struct sockaddr *)&address, sizeof address))
        die("packet socket on %s", device);
    return fd;
}

static void
open_devices(struct rig *rig)
{
    char name[IFNAMSIZ];

    write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
    ip("/sbin/ip link add in type veth peer name in-far");
    ip("/sbin/ip link set in up && /sbin/ip link set in-far up");
    ip("/sbin/ip link add inject type veth peer name inject-far");
    ip("/sbin/ip link set inject up && /sbin/ip link set inject-far up");
    rig->in = open_socket("in-far", false);
    rig->inject = open_socket("inject", false);
    for (uint32_t i = 1; i <= RIG_PORTS; i++) {
        ip("/sbin/ip link add out%u type veth peer name out%u-far", i, i);
        ip("/sbin/ip link set out%u up && /sbin/ip link set out%u-far up", i, i);
        snprintf(name, sizeof name, "out%u", i);
        rig->out_ifindex[i] = if_nametoindex(name);
        snprintf(name, sizeof name, "out%u-far", i);
        rig->out[i] = open_socket(name, true);
    }
}

/* ---- Objects ---- */

static int
map_fd(const struct fast_path *path, const char *name)
{
    int fd = bpf_object__find_map_fd_by_name(path->object, name);

    if (fd < 0)
        die("map %s", name);
    return fd;
}

static void
size_map(const struct bpf_object *object, const char *name, uint32_t n)
{
    struct bpf_map *map = bpf_object__find_map_by_name(object, name);

    if (!map || bpf_map__set_max_entries(map, n))
        die("size of map %s", name);
}

static void
size_maps(const struct bpf_object *object)
{
    uint32_t n_cpus = libbpf_num_possible_cpus();

    size_map(object, "flows", RECORDS);
    size_map(object, "records", RECORDS);
    size_map(object, "flow_counters", RECORDS * n_cpus);
    size_map(object, "states", n_cpus);
}

static void
put(int fd, uint32_t key, const void *value)
{
    if (bpf_map_update_elem(fd, &key, value, 0))
        die("update of a map");
}

static void
set_link(const struct fast_path *path, uint32_t slot, const char *name)
{
    struct bpf_program *program = bpf_object__find_program_by_name(path->object, name);
    int fd = program ? bpf_program__fd(program) : -1;

    if (fd < 0)
        die("program %s", name);
    put(map_fd(path, "links"), slot, &fd);
}

static int
on_upcall(void *aux, void *data, size_t size)
{
    struct upcalls *upcalls = aux;
    size_t packet_size;

    upcalls->n++;
    memcpy(&upcalls->last, data, sizeof upcalls->last);
    packet_size = MIN(upcalls->last.cap_size, size - sizeof upcalls->last);
    upcalls->packet.size = packet_size;
    memcpy(upcalls->packet.data, (uint8_t *)data + sizeof upcalls->last, packet_size);
    return 0;
}

static void
open_ring(struct fast_path *path)
{
    path->ring_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, 1 << 16, NULL);
    if (path->ring_fd < 0)
        die("ring buffer");
    put(map_fd(path, "rings"), 0, &path->ring_fd);
    path->ring = ring_buffer__new(path->ring_fd, on_upcall, &path->upcalls, NULL);
    if (!path->ring)
        die("ring buffer");
}

static void
open_path(struct rig *rig, struct fast_path *path)
{
    struct dp_port port = {0};

    path->list_fd = bpf_program__fd(bpf_object__find_program_by_name(path->object, "test_list"));
    path->flows = map_fd(path, "flows");
    path->records = map_fd(path, "records");
    path->states = map_fd(path, "states");
    set_link(path, DP_LINK_ACTIONS, "shunt_actions");
    set_link(path, DP_LINK_LOOKUP, "shunt_lookup");
    for (uint32_t i = 1; i <= RIG_PORTS; i++) {
        port.ifindex = rig->out_ifindex[i];
        port.flags = i == RIG_PORTS ? DP_PORT_NO_FWD : 0;
        put(map_fd(path, "ports"), i, &port);
        if (path == &rig->xdp && i < RIG_PORTS)
            put(map_fd(path, "devmap"), i, &port.ifindex);
    }
    open_ring(path);
}

static void
load(struct rig *rig)
{
    rig->xdp_skeleton = actions_xdp__open();
    rig->tc_skeleton = actions_tc__open();
    if (!rig->xdp_skeleton || !rig->tc_skeleton)
        die("open of the programs");
    rig->xdp_skeleton->rodata->max_flows = RECORDS;
    rig->tc_skeleton->rodata->max_flows = RECORDS;
    rig->xdp.object = rig->xdp_skeleton->obj;
    rig->tc.object = rig->tc_skeleton->obj;
    size_maps(rig->xdp.object);
    size_maps(rig->tc.object);
    if (actions_xdp__load(rig->xdp_skeleton) || actions_tc__load(rig->tc_skeleton))
        die("load of the programs");
}

static void
attach(const struct rig *rig, const char *device, enum bpf_tc_attach_point point)
{
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(device), .attach_point = point);
    LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = rig->tc.list_fd);
    int error = bpf_tc_hook_create(&hook);

    if (!error)
        error = bpf_tc_attach(&hook, &opts);
    if (error) {
        errno = -error;
        die("attachment to %s", device);
    }
}

static uint32_t
stay_on_cpu(void)
{
    uint32_t cpu = sched_getcpu();
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set))
        die("sched_setaffinity");
    return cpu;
}

struct rig *
rig_open(void)
{
    struct rig *rig = xcalloc(1, sizeof *rig);

    rig->cpu = stay_on_cpu();
    open_devices(rig);
    load(rig);
    open_path(rig, &rig->xdp);
    open_path(rig, &rig->tc);
    attach(rig, "in", BPF_TC_INGRESS);
    attach(rig, "inject", BPF_TC_EGRESS);
    return rig;
}

static void
close_path(struct fast_path *path)
{
    ring_buffer__free(path->ring);
    close(path->ring_fd);
}

void
rig_close(struct rig *rig)
{
    if (!rig)
        return;
    close_path(&rig->xdp);
    close_path(&rig->tc);
    actions_xdp__destroy(rig->xdp_skeleton);
    actions_tc__destroy(rig->tc_skeleton);
    for (uint32_t i = 1; i <= RIG_PORTS; i++)
        close(rig->out[i]);
    close(rig->in);
    close(rig->inject);
    free(rig);
}

/* ---- Lists ---- */

static void
put_records(const struct fast_path *path, const struct dp_action *actions, size_t n_actions)
{
    for (uint32_t i = 0; i < RECORDS; i++) {
        struct dp_flow flow = {.detour = DP_NO_FLOW, .ufid = i + 1};
        struct dp_record record = {.next = DP_NO_FLOW};

        record.n_actions = MIN(n_actions, DP_RECORD_ACTIONS);
        for (size_t j = 0; j < record.n_actions; j++)
            record.actions[j] = *actions++;
        n_actions -= record.n_actions;
        if (n_actions)
            record.next = i + 1;
        put(path->flows, i, &flow);
        put(path->records, i, &record);
    }
}

void
rig_set_list(struct rig *rig, const char *text)
{
    struct dp_actions_error error;
    struct dp_action *actions = NULL;
    size_t n = 0;

    if (dp_actions_parse(text, &actions, &n, &error)) {
        errno = EINVAL;
        die("%s: %s", text, error.text);
    }
    put_records(&rig->xdp, actions, n);
    put_records(&rig->tc, actions, n);
    free(actions);
}

/* ---- Runs ---- */

/* What the fast path has counted, and the key of its last frame. */
struct seen {
    struct dp_totals totals;
    struct dp_key key;
    uint64_t n_sent[RIG_PORTS + 1];
};

/* Everything runs on one CPU. */
static struct seen
look(const struct rig *rig, const struct fast_path *path)
{
    static struct state state;
    struct seen seen = {.n_sent = {0}};

    if (bpf_map_lookup_elem(path->states, &rig->cpu, &state))
        die("state of the CPU");
    seen.totals = state.totals;
    seen.key = state.u.key;
    for (uint32_t i = 1; i <= RIG_PORTS; i++)
        seen.n_sent[i] = state.port_stats[i].tx_packets;
    return seen;
}

static uint64_t
n_ended(const struct dp_totals *totals)
{
    uint64_t n = totals->n_forwarded + totals->n_consumed;

    for (size_t i = 0; i < DP_N_DROPS; i++)
        n += totals->n_dropped[i];
    return n;
}

static const char *
drop_since(const struct dp_totals *before, const struct dp_totals *after)
{
    static const char *const names[] = {"",
#define X(NAME, name) name,
                                        DP_DROP_REASONS(X)
#undef X
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (after->n_dropped[i] != before->n_dropped[i])
            return i ? names[i] : "no reason";
    }
    return "";
}

static void
add_output(struct rig_result *result, uint32_t port_no, const struct frame *frame)
{
    result->outputs[port_no] = *frame;
    result->n_outputs[port_no]++;
    result->n_outputs_sum++;
}

static void
run_xdp(const struct rig *rig, const struct frame *input, struct rig_result *result)
{
    struct frame output = {0};
    struct seen before = look(rig, &rig->xdp), after;
    LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = input->data, .data_size_in = input->size,
                .data_out = output.data, .data_size_out = sizeof output.data);

    if (bpf_prog_test_run_opts(rig->xdp.list_fd, &opts))
        die("test run");
    output.size = opts.data_size_out;
    after = look(rig, &rig->xdp);
    for (uint32_t i = 1; i <= RIG_PORTS && opts.retval == XDP_REDIRECT; i++) {
        if (after.n_sent[i] != before.n_sent[i])
            add_output(result, i, &output);
    }
}

static bool
is_ip6(const struct frame *frame)
{
    struct dp_key key;

    rig_parse(frame, &key);
    return key.eth_type == htons(ETH_P_IPV6);
}

static void
send_frame(int fd, const struct frame *input)
{
    struct virtio_net_hdr vnet = {0};
    struct iovec iov[] = {{&vnet, sizeof vnet}, {(void *)input->data, input->size}};
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = ARRAY_SIZE(iov)};

    if (input->csum_start) {
        vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        vnet.csum_start = input->csum_start;
        vnet.csum_offset = input->csum_offset;
    }
    if (input->gso_size) {
        vnet.gso_type = is_ip6(input) ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
        vnet.gso_size = input->gso_size;
        vnet.hdr_len = input->csum_start + 20;
    }
    /* ENOBUFS is what a drop at the device's own egress looks like. */
    if (sendmsg(fd, &message, 0) < 0 && errno != ENOBUFS)
        die("send");
}

/* As a device does: the sum from csum_start on, over what the host left at csum_offset. */
static void
complete_checksum(struct frame *frame, const struct virtio_net_hdr *vnet)
{
    uint8_t *field = frame->data + vnet->csum_start + vnet->csum_offset;
    uint32_t sum = 0;

    if (!(vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
        return;
    for (size_t i = vnet->csum_start; i < frame->size; i++)
        sum += (i - vnet->csum_start) % 2 ? frame->data[i] : frame->data[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    sum = sum == 0xffff ? sum : ~sum & 0xffff;
    field[0] = sum >> 8;
    field[1] = sum;
}

/* The kernel took the outer tag out of the bytes. */
static void
restore_tag(struct frame *frame, struct msghdr *message)
{
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(message);
    struct tpacket_auxdata aux;
    uint16_t tag[2];

    if (!cmsg || cmsg->cmsg_type != PACKET_AUXDATA)
        return;
    memcpy(&aux, CMSG_DATA(cmsg), sizeof aux);
    if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
        return;
    tag[0] = htons(aux.tp_vlan_tpid);
    tag[1] = htons(aux.tp_vlan_tci);
    memmove(frame->data + 16, frame->data + 12, frame->size - 12);
    memcpy(frame->data + 12, tag, sizeof tag);
    frame->size += sizeof tag;
}

static bool
receive_frame(int fd, struct frame *frame)
{
    struct virtio_net_hdr vnet;
    char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
    struct iovec iov[] = {{&vnet, sizeof vnet}, {frame->data, sizeof frame->data - 4}};
    struct msghdr message = {.msg_iov = iov,
                             .msg_iovlen = ARRAY_SIZE(iov),
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);

    if (n < 0)
        return false;
    frame->size = n - sizeof vnet;
    frame->gso_size = vnet.gso_size;
    complete_checksum(frame, &vnet);
    restore_tag(frame, &message);
    return true;
}

static void
receive_all(const struct rig *rig, struct rig_result *result)
{
    struct frame frame;

    for (uint32_t i = 1; i <= RIG_PORTS; i++) {
        while (receive_frame(rig->out[i], &frame))
            add_output(result, i, &frame);
    }
}

static void
wait_readable(const struct rig *rig)
{
    struct pollfd fds[RIG_PORTS];

    for (uint32_t i = 0; i < RIG_PORTS; i++)
        fds[i] = (struct pollfd){.fd = rig->out[i + 1], .events = POLLIN};
    poll(fds, RIG_PORTS, 1);
}

static void
run_tc(const struct rig *rig, int fd, const struct frame *input, size_t n_outputs,
       const struct dp_totals *before, struct rig_result *result)
{
    int64_t deadline_ms = time_now_ms() + WAIT_MS;
    struct seen seen;

    send_frame(fd, input);
    do {
        wait_readable(rig);
        receive_all(rig, result);
        seen = look(rig, &rig->tc);
    } while ((n_ended(&seen.totals) == n_ended(before) || result->n_outputs_sum < n_outputs) &&
             time_now_ms() < deadline_ms);
}

void
rig_run(struct rig *rig, enum rig_way way, const struct frame *input, size_t n_outputs,
        struct rig_result *result)
{
    struct fast_path *path = way == RIG_XDP ? &rig->xdp : &rig->tc;
    struct seen before = look(rig, path), after;

    memset(result, 0, sizeof *result);
    path->upcalls.n = 0;
    if (way == RIG_XDP)
        run_xdp(rig, input, result);
    else
        run_tc(rig, way == RIG_TC_PORT ? rig->in : rig->inject, input, n_outputs, &before.totals,
               result);
    after = look(rig, path);
    if (n_ended(&after.totals) != n_ended(&before.totals) + 1)
        die("the frame was counted %d times",
            (int)(n_ended(&after.totals) - n_ended(&before.totals)));
    result->drop = drop_since(&before.totals, &after.totals);
    result->key = after.key;
    ring_buffer__consume(path->ring);
    result->n_upcalls = path->upcalls.n;
    result->upcall = path->upcalls.last;
    result->upcall_packet = path->upcalls.packet;
}

void
rig_parse(const struct frame *frame, struct dp_key *key)
{
    struct layout layout = {0};
    struct parser parser = {
        .data = frame->data, .end = frame->data + frame->size, .key = key, .layout = &layout};

    *key = (struct dp_key){0};
    parse_frame(&parser, (struct dp_vlan){0, 0});
}
