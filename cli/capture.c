/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/capture.h"

#include <byteswap.h>
#include <errno.h>
#include <netinet/in.h>

#include "ofproto/text.h"

/* The classic format: a header of the file, and one of 16 bytes before each frame. */
#define MAGIC_MICROSECONDS 0xa1b2c3d4u
#define MAGIC_NANOSECONDS 0xa1b23c4du
#define MAGIC_PCAPNG 0x0a0d0d0au
#define MAX_FRAME (1u << 18)

enum link_type { LINK_ETHERNET = 1, LINK_RAW = 101, LINK_LINUX_COOKED = 113 };

struct file_header {
    uint32_t magic;
    uint16_t version_major, version_minor;
    uint32_t zone, accuracy, max_size, link_type;
};

struct frame_header {
    uint32_t seconds, fraction;
    uint32_t size, original_size;
};

static uint32_t
number(const struct capture *capture, uint32_t x)
{
    return capture->is_swapped ? bswap_32(x) : x;
}

static char *
read_header(struct capture *capture, const char *path)
{
    struct file_header header;

    if (fread(&header, sizeof header, 1, capture->file) != 1)
        return text_error("%s: %s", path,
                          ferror(capture->file) ? strerror(errno) : "too short for a capture");
    capture->is_swapped =
        header.magic == bswap_32(MAGIC_MICROSECONDS) || header.magic == bswap_32(MAGIC_NANOSECONDS);
    if (header.magic == MAGIC_PCAPNG)
        return text_error("%s: a capture in pcapng; `tcpdump -r FILE -w NEW` writes it as pcap",
                          path);
    if (!capture->is_swapped && header.magic != MAGIC_MICROSECONDS &&
        header.magic != MAGIC_NANOSECONDS)
        return text_error("%s: not a capture: want a pcap file, as `tcpdump -w` writes", path);
    capture->link_type = number(capture, header.link_type) & 0xffff;
    if (capture->link_type != LINK_ETHERNET && capture->link_type != LINK_RAW &&
        capture->link_type != LINK_LINUX_COOKED)
        return text_error("%s: frames of link type %u: want 1 (Ethernet), 101 or 113", path,
                          capture->link_type);
    return NULL;
}

char *
capture_open(struct capture *capture, const char *path)
{
    char *error;

    *capture = (struct capture){.file = fopen(path, "re")};
    if (!capture->file)
        return text_error("%s: %s", path, strerror(errno));
    error = read_header(capture, path);
    if (error)
        capture_close(capture);
    return error;
}

void
capture_close(struct capture *capture)
{
    fclose(capture->file);
    capture->file = NULL;
}

bool
capture_read(struct capture *capture, struct buf *frame, char **error)
{
    struct frame_header header;
    size_t n = fread(&header, 1, sizeof header, capture->file);
    uint32_t size;

    *error = NULL;
    if (!n && !ferror(capture->file))
        return false;
    size = n == sizeof header ? number(capture, header.size) : 0;
    buf_clear(frame);
    if (n < sizeof header || size > MAX_FRAME ||
        fread(buf_put_uninit(frame, size), 1, size, capture->file) < size) {
        *error = text_error("the capture ends in the middle of a frame, or is damaged");
        return false;
    }
    return true;
}

/* ---- Segments ---- */

struct cursor {
    const uint8_t *p;
    size_t left;
};

/* The next `n` bytes, NULL when fewer are left. */
static const uint8_t *
take(struct cursor *in, size_t n)
{
    const uint8_t *p = in->p;

    if (n > in->left)
        return NULL;
    in->p += n;
    in->left -= n;
    return p;
}

static uint16_t
get_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static bool
is_vlan(uint16_t type)
{
    return type == 0x8100 || type == 0x88a8;
}

/* The EtherType of what `in` is then at; 0: none. */
static uint16_t
skip_link_header(const struct capture *capture, struct cursor *in)
{
    size_t size = capture->link_type == LINK_ETHERNET       ? 14
                  : capture->link_type == LINK_LINUX_COOKED ? 16
                                                            : 0;
    const uint8_t *header;
    uint16_t type;

    if (!size && in->left)
        return in->p[0] >> 4 == 6 ? 0x86dd : 0x0800;
    header = size ? take(in, size) : NULL;
    type = header ? get_u16(header + size - 2) : 0;
    while (is_vlan(type)) {
        header = take(in, 4);
        type = header ? get_u16(header + 2) : 0;
    }
    return type;
}

/* Of the IP header: whether TCP follows; `in` ends where the packet does. */
static bool
take_ip4(struct cursor *in, struct tcp_flow *flow)
{
    const uint8_t *ip = take(in, 20);
    size_t options, total;

    if (!ip || ip[0] >> 4 != 4 || (ip[0] & 15) < 5 || ip[9] != IPPROTO_TCP ||
        get_u16(ip + 6) & 0x3fff)
        return false;
    options = (ip[0] & 15u) * 4 - 20;
    total = get_u16(ip + 2);
    if (!take(in, options) || total < 20 + options || total - 20 - options > in->left)
        return false;
    in->left = total - 20 - options;
    memcpy(flow->src, ip + 12, 4);
    memcpy(flow->dst, ip + 16, 4);
    return true;
}

static bool
take_ip6(struct cursor *in, struct tcp_flow *flow)
{
    const uint8_t *ip = take(in, 40);

    if (!ip || ip[0] >> 4 != 6 || ip[6] != IPPROTO_TCP || get_u16(ip + 4) > in->left)
        return false;
    in->left = get_u16(ip + 4);
    memcpy(flow->src, ip + 8, 16);
    memcpy(flow->dst, ip + 24, 16);
    flow->is_v6 = true;
    return true;
}

bool
capture_segment(const struct capture *capture, const struct buf *frame, struct tcp_segment *segment)
{
    struct cursor in = {(const uint8_t *)frame->data, frame->size};
    uint16_t type = skip_link_header(capture, &in);
    const uint8_t *tcp;

    memset(segment, 0, sizeof *segment);
    if (type == 0x0800 ? !take_ip4(&in, &segment->flow)
                       : type != 0x86dd || !take_ip6(&in, &segment->flow))
        return false;
    tcp = take(&in, 20);
    if (!tcp || tcp[12] >> 4 < 5 || !take(&in, (tcp[12] >> 4) * 4u - 20))
        return false;
    segment->flow.src_port = get_u16(tcp);
    segment->flow.dst_port = get_u16(tcp + 2);
    segment->seq = (uint32_t)get_u16(tcp + 4) << 16 | get_u16(tcp + 6);
    segment->is_syn = tcp[13] & 2;
    segment->payload = in.p;
    segment->size = in.left;
    return true;
}
