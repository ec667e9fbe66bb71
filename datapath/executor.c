/* SPDX-License-Identifier: Apache-2.0 */
/* Packets from user space: a device of our own that runs the fast path (struct dp_inject).
 *
 * The device is a tap that nobody reads: what the programs do not redirect ends there. A packet
 * that XDP can handle (no offload, a list without DP_FLOW_NEEDS_TC) is written to the tap, whose
 * native XDP needs no socket buffer. All others go to a packet socket on its egress. The socket's
 * mark names the executor's slot; its virtio header (Virtual I/O Device 1.2, section
 * 5.1.6) carries segmentation and partial checksums, as the kernel had them before the upcall.
 * The write returns when the list has run: egress programs run in the sender's context. */
#include "datapath/dp-internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "datapath/parse.bpf.h"
#include "datapath/parts.h"
#include "datapath/segment.h"
#include "lib/util.h"

#define INJECT_MTU 65521          /* The most of a tap. */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* Of Linux 6.2. */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif
#define TAP_XDP_MAX 3000 /* Bytes that a tap takes into one page. */

struct dp_executor {
    struct dp *dp;
    int fd;
    uint32_t slot;
    uint32_t head; /* A record of our own, for lists that are no flow's. */
};

/* ---- The device ---- */

static int
device_ioctl(const char *name, unsigned long command, struct ifreq *request)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error = 0;

    snprintf(request->ifr_name, sizeof request->ifr_name, "%s", name);
    if (fd < 0 || ioctl(fd, command, request))
        error = errno;
    if (fd >= 0)
        close(fd);
    return error;
}

/* Nobody lives behind the device: no address, no router solicitations. */
static void
device_silence(const char *name)
{
    char path[96];
    int fd;

    snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, "1", 1) != 1)
        dp_fail(errno, "%s: %s", path, strerror(errno));
    close(fd);
}

static int
device_up(const char *name)
{
    struct ifreq request = {.ifr_mtu = INJECT_MTU};
    int error = device_ioctl(name, SIOCSIFMTU, &request);

    device_silence(name);
    memset(&request, 0, sizeof request);
    request.ifr_flags = IFF_UP | IFF_NOARP;
    return error ? error : device_ioctl(name, SIOCSIFFLAGS, &request);
}

static int
tap_open(const char *name, int *fd)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    int error;

    *fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return dp_fail(errno, "/dev/net/tun: %s: load the tun module", strerror(errno));
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (!ioctl(*fd, TUNSETIFF, &request))
        return 0;
    error = errno;
    close(*fd);
    *fd = -1;
    return dp_fail(error, "injection device %s: %s", name,
                   error == EBUSY ? "in use: is another shuntd running?" : strerror(error));
}

int
inject_device_open(struct dp *dp)
{
    int error = tap_open(dp->inject_dev, &dp->inject_fd);
    struct port_links *links = &dp->links[DP_NO_PORT];
    enum attach_tc_how how;

    if (error)
        return error;
    error = device_up(dp->inject_dev);
    if (error)
        return dp_fail(error, "injection device %s: %s", dp->inject_dev, strerror(error));
    dp->inject_ifindex = if_nametoindex(dp->inject_dev);
    if (attach_xdp_inject(dp, dp->inject_ifindex, &links->xdp_fd))
        links->xdp_fd = -1; /* Everything goes through the socket. */
    return attach_tc(dp, dp->inject_ifindex, true, NULL, &links->tc_fd, &how);
}

void
inject_device_close(struct dp *dp)
{
    detach(dp, NULL, &dp->links[DP_NO_PORT].tc_fd);
    detach(dp, NULL, &dp->links[DP_NO_PORT].xdp_fd);
    if (dp->inject_fd >= 0)
        close(dp->inject_fd);
    dp->inject_fd = -1;
}

/* ---- Executors ---- */

static int
slot_take(struct dp *dp, uint32_t *slot)
{
    for (uint32_t i = 0; i < DP_INJECT_SLOTS; i++) {
        uint64_t bit = UINT64_C(1) << (i % 64);

        if (!(dp->slots_used[i / 64] & bit)) {
            dp->slots_used[i / 64] |= bit;
            *slot = i;
            return 0;
        }
    }
    return dp_fail(ENOSPC, "all %d injection slots are in use", DP_INJECT_SLOTS);
}

static void
slot_give_back(struct dp *dp, uint32_t slot)
{
    dp->slots_used[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

static int
socket_open(const struct dp *dp, uint32_t slot, int *fdp)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)dp->inject_ifindex};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), one = 1;
    int buffer_size = 4 << 20;
    uint32_t mark = slot + 1;

    if (fd < 0)
        return dp_fail(errno, "a packet socket: %s", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_size, sizeof buffer_size);
    if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) ||
        setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) ||
        bind(fd, (struct sockaddr *)&address, sizeof address)) {
        int error = errno;

        close(fd);
        return dp_fail(error, "the injection socket: %s", strerror(error));
    }
    *fdp = fd;
    return 0;
}

int
dp_executor_open(struct dp *dp, struct dp_executor **executorp)
{
    struct dp_executor *executor = xcalloc(1, sizeof *executor);
    int error;

    executor->dp = dp;
    pthread_mutex_lock(&dp->lock);
    error = slot_take(dp, &executor->slot);
    if (error)
        goto free_executor;
    error = record_alloc(dp, RECORD_EXTRA, &executor->head);
    if (error)
        goto free_slot;
    error = socket_open(dp, executor->slot, &executor->fd);
    if (error)
        goto free_record;
    pthread_mutex_unlock(&dp->lock);
    *executorp = executor;
    return 0;

free_record:
    record_release(dp, executor->head);
free_slot:
    slot_give_back(dp, executor->slot);
free_executor:
    pthread_mutex_unlock(&dp->lock);
    free(executor);
    return error;
}

void
dp_executor_close(struct dp_executor *executor)
{
    if (!executor)
        return;
    close(executor->fd);
    pthread_mutex_lock(&executor->dp->lock);
    record_release_chain(executor->dp, executor->head);
    slot_give_back(executor->dp, executor->slot);
    pthread_mutex_unlock(&executor->dp->lock);
    free(executor);
}

/* ---- Offload ---- */

static uint8_t
gso_type(const struct dp_key *key)
{
    if (key->ip_proto == IP_UDP)
        return VIRTIO_NET_HDR_GSO_UDP_L4;
    return key->eth_type == ETH_IP ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
}

static bool
l4_is_partial(const struct dp_packet *packet, const struct dp_key *key, const struct layout *layout,
              unsigned int csum_offset)
{
    const uint8_t *csum = packet->data + layout->l4_off + csum_offset;
    size_t l4_size = packet->size - layout->l4_off;
    uint16_t have = csum[0] << 8 | csum[1];

    return have == segment_pseudo_sum(key, packet->data + layout->l3_off, l4_size);
}

/* What the kernel must know of the packet that its bytes do not say. */
static void
offload_header(const struct dp_packet *packet, struct virtio_net_hdr *header)
{
    struct dp_key key = {0};
    struct layout layout = {0};
    struct parser parser = {packet->data, packet->data + packet->size, &key, &layout, NULL, NULL};
    unsigned int csum_offset;

    memset(header, 0, sizeof *header);
    parse_frame(&parser, (struct dp_vlan){0, 0});
    if (!layout.l4_off || key.ip_frag || (key.ip_proto != IP_TCP && key.ip_proto != IP_UDP))
        return;
    csum_offset = key.ip_proto == IP_TCP ? 16 : 6;
    if (!packet->gso_size && !l4_is_partial(packet, &key, &layout, csum_offset))
        return;
    header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    header->csum_start = layout.l4_off;
    header->csum_offset = csum_offset;
    if (!packet->gso_size)
        return;
    header->gso_type = gso_type(&key);
    header->gso_size = packet->gso_size;
    header->hdr_len =
        layout.l4_off + (key.ip_proto == IP_TCP ? (packet->data[layout.l4_off + 12] >> 4) * 4 : 8);
}

/* ---- Running ---- */

/* ENOBUFS is what the kernel says of a packet that the list dropped. */
static int
send_packet(int fd, const struct dp_packet *packet, void *header, size_t header_size)
{
    struct iovec parts[] = {{header, header_size}, {(void *)packet->data, packet->size}};

    if (writev(fd, parts, ARRAY_SIZE(parts)) < 0 && errno != ENOBUFS)
        return dp_fail(errno, "a packet of %u bytes cannot be injected: %s", packet->size,
                       strerror(errno));
    return 0;
}

/* `xdp_suits`: XDP can run the list. */
static int
inject(struct dp_executor *executor, const struct dp_packet *packet, struct dp_inject *what,
       bool xdp_suits)
{
    struct dp *dp = executor->dp;
    struct virtio_net_hdr offload;

    if (packet->size < 14)
        return dp_fail(EINVAL, "a packet of %u bytes: not even an Ethernet header", packet->size);
    offload_header(packet, &offload);
    if (xdp_suits && !offload.flags && packet->size <= TAP_XDP_MAX &&
        dp->links[DP_NO_PORT].xdp_fd >= 0)
        return send_packet(dp->inject_fd, packet, what, sizeof *what);
    dp->injections[executor->slot] = *what;
    return send_packet(executor->fd, packet, &offload, sizeof offload);
}

int
dp_execute_flow(struct dp_executor *executor, const struct dp_packet *packet, uint32_t in_port,
                uint32_t recirc_id, uint32_t index)
{
    struct dp_inject what = {in_port, index, recirc_id, DP_INJECT_COUNT, 0};

    return inject(executor, packet, &what, false);
}

int
dp_execute_lookup(struct dp_executor *executor, const struct dp_packet *packet, uint32_t in_port)
{
    struct dp_inject what = {in_port, DP_NO_FLOW, 0, DP_INJECT_LOOKUP, 0};

    return inject(executor, packet, &what, false);
}

/* Gives back the records behind our own. */
static void
chain_release(struct dp_executor *executor)
{
    struct dp *dp = executor->dp;
    struct dp_record *head = &dp->records[executor->head];

    pthread_mutex_lock(&dp->lock);
    record_release_chain(dp, head->next);
    head->next = DP_NO_FLOW;
    pthread_mutex_unlock(&dp->lock);
}

static int
chain_fill(struct dp_executor *executor, const struct dp_action *actions, size_t n_actions)
{
    struct dp *dp = executor->dp;
    int error;

    pthread_mutex_lock(&dp->lock);
    error = flow_record_fill(dp, executor->head, actions, n_actions);
    pthread_mutex_unlock(&dp->lock);
    if (error)
        chain_release(executor);
    return error;
}

/* The same on each segment of the packet. */
static int
inject_segments(struct dp_executor *executor, const struct dp_packet *packet,
                struct dp_inject *what, bool xdp_suits)
{
    struct segmenter segmenter;
    struct dp_packet segment;
    int error = segmenter_init(&segmenter, packet);

    if (error)
        return dp_fail(error, "a packet of %u bytes cannot be cut into segments", packet->size);
    while (!error && segmenter_next(&segmenter, &segment))
        error = inject(executor, &segment, what, xdp_suits);
    return error;
}

/* Our own record, which has the actions. */
static int
inject_list(struct dp_executor *executor, const struct dp_packet *packet, struct dp_inject *what,
            const struct dp_action *actions, size_t n_actions)
{
    uint16_t flags = list_flags(executor->dp, actions, n_actions);
    bool xdp_suits = !(flags & DP_FLOW_NEEDS_TC);

    if (packet->gso_size && flags & DP_FLOW_CUTS)
        return inject_segments(executor, packet, what, xdp_suits);
    return inject(executor, packet, what, xdp_suits);
}

/* Runs a list that fits a chain of records. */
static int
run_list(struct dp_executor *executor, const struct dp_packet *packet, uint32_t in_port,
         uint32_t recirc_id, const struct dp_action *actions, size_t n_actions)
{
    struct dp *dp = executor->dp;
    struct dp_inject what = {in_port, executor->head, recirc_id, 0, 0};
    int error = 0;

    dp->flows[executor->head].single_port = list_single_port(actions, n_actions);
    if (n_actions <= DP_RECORD_ACTIONS) {
        struct dp_record *record = &dp->records[executor->head];

        if (n_actions)
            memcpy(record->actions, actions, n_actions * sizeof *actions);
        record->n_actions = n_actions;
        return inject_list(executor, packet, &what, actions, n_actions);
    }
    error = chain_fill(executor, actions, n_actions);
    if (error == ENOSPC) {
        dp_flow_grace(dp);
        error = chain_fill(executor, actions, n_actions);
    }
    if (!error)
        error = inject_list(executor, packet, &what, actions, n_actions);
    chain_release(executor);
    return error;
}

static bool
is_kind(const struct dp_action *action, enum dp_action_kind kind)
{
    return action->kind == kind;
}

/* What earlier parts did to the packet, without what it sent. */
static size_t
copy_changes(struct dp_action *to, const struct dp_action *from, size_t n)
{
    size_t n_copied = 0;

    for (size_t i = 0; i < n; i++) {
        if (!is_kind(&from[i], DP_ACTION_OUTPUT) && !is_kind(&from[i], DP_ACTION_TRUNC) &&
            !is_kind(&from[i], DP_ACTION_USERSPACE) && !is_kind(&from[i], DP_ACTION_METER))
            to[n_copied++] = dp_action_repeated(from[i]);
    }
    return n_copied;
}

/* Only the last output takes the packet itself. */
static void
mark_last(struct dp_action *actions, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_kind(&actions[i], DP_ACTION_OUTPUT))
            actions[i].arg16 = i + 1 == n ? DP_OUTPUT_LAST : 0;
    }
}

int
dp_execute_actions(struct dp_executor *executor, const struct dp_packet *packet, uint32_t in_port,
                   uint32_t recirc_id, const struct dp_action *actions, size_t n_actions)
{
    struct dp_action list[DP_LIST_MAX];
    size_t done = 0;
    int error = 0;

    if (n_actions > ARRAY_SIZE(list))
        return dp_fail(EINVAL, "%zu actions: at most %zu", n_actions, ARRAY_SIZE(list));
    do {
        size_t n_new = dp_part_length(actions + done, n_actions - done);
        size_t n = copy_changes(list, actions, done);

        if (n_new)
            memcpy(list + n, actions + done, n_new * sizeof *list);
        mark_last(list, n + n_new);
        error = run_list(executor, packet, in_port, recirc_id, list, n + n_new);
        done += n_new;
    } while (!error && done < n_actions);
    return error;
}
