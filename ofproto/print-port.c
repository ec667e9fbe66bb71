/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about ports. */
#include "ofproto/print-private.h"

#include <ctype.h>

static const struct bit_name config_names[] = {
    {OFPPC_PORT_DOWN, "PORT_DOWN"},       {OFPPC_NO_STP, "NO_STP"},
    {OFPPC_NO_RECV, "NO_RECV"},           {OFPPC_NO_RECV_STP, "NO_RECV_STP"},
    {OFPPC_NO_FLOOD, "NO_FLOOD"},         {OFPPC_NO_FWD, "NO_FWD"},
    {OFPPC_NO_PACKET_IN, "NO_PACKET_IN"}, {0, NULL},
};

static const struct bit_name state_names[] = {
    {OFPPS_LINK_DOWN, "LINK_DOWN"},
    {OFPPS_BLOCKED, "BLOCKED"},
    {OFPPS_LIVE, "LIVE"},
    {0, NULL},
};

static const struct bit_name feature_names[] = {
    {OFPPF_10MB_HD, "10MB-HD"},
    {OFPPF_10MB_FD, "10MB-FD"},
    {OFPPF_100MB_HD, "100MB-HD"},
    {OFPPF_100MB_FD, "100MB-FD"},
    {OFPPF_1GB_HD, "1GB-HD"},
    {OFPPF_1GB_FD, "1GB-FD"},
    {OFPPF_10GB_FD, "10GB-FD"},
    {OFPPF_40GB_FD, "40GB-FD"},
    {OFPPF_100GB_FD, "100GB-FD"},
    {OFPPF_1TB_FD, "1TB-FD"},
    {OFPPF_OTHER, "OTHER"},
    {OFPPF_COPPER, "COPPER"},
    {OFPPF_FIBER, "FIBER"},
    {OFPPF_AUTONEG, "AUTO_NEG"},
    {OFPPF_PAUSE, "AUTO_PAUSE"},
    {OFPPF_PAUSE_ASYM, "AUTO_PAUSE_ASYM"},
    {0, NULL},
};

static void
put_bits(struct buf *out, const char *label, uint32_t bits, const struct bit_name *names)
{
    buf_printf(out, "     %s", label);
    print_bits(out, bits, names, ' ');
    buf_putc(out, '\n');
}

static void
put_features(struct buf *out, const char *label, uint32_t bits)
{
    if (bits)
        put_bits(out, label, bits, feature_names);
}

static void
put_address(struct buf *out, const uint8_t address[6])
{
    buf_printf(out, ": addr:%02x:%02x:%02x:%02x:%02x:%02x\n", address[0], address[1], address[2],
               address[3], address[4], address[5]);
}

/* ---- Descriptions -----------------------------------------------------------------------------*/
void
ofp_port_format(const struct ofp_port *port, struct buf *out)
{
    buf_putc(out, ' ');
    ofport_format(port->port_no, NULL, out);
    buf_putc(out, '(');
    for (const char *c = port->name; *c && isprint((unsigned char)*c); c++)
        buf_putc(out, *c);
    buf_putc(out, ')');
    put_address(out, port->hw_addr);
    put_bits(out, "config:     ", port->config, config_names);
    put_bits(out, "state:      ", port->state, state_names);
    put_features(out, "current:    ", port->curr);
    put_features(out, "advertised: ", port->advertised);
    put_features(out, "supported:  ", port->supported);
    put_features(out, "peer:       ", port->peer);
    buf_printf(out, "     speed: %u Mbps now, %u Mbps max\n", port->curr_speed / 1000,
               port->max_speed / 1000);
}

enum ofperr
print_port_status(const struct print *p, const struct of_header *msg)
{
    static const char *const reasons[] = {" ADD:", " DEL:", " MOD:"};
    struct ofp_port port;
    uint8_t reason;
    enum ofperr error = ofp_port_status_decode(msg, &port, &reason);

    if (error)
        return error;
    if (reason < ARRAY_SIZE(reasons))
        buf_puts(p->out, reasons[reason]);
    ofp_port_format(&port, p->out);
    return OFPERR_OK;
}

static void
collect_port(const struct ofp_port *port, void *ports)
{
    buf_put(ports, port, sizeof *port);
}

static int
compare_ports(const void *a, const void *b)
{
    uint32_t no_a = ((const struct ofp_port *)a)->port_no;
    uint32_t no_b = ((const struct ofp_port *)b)->port_no;

    return no_a < no_b ? -1 : no_a > no_b;
}

enum ofperr
print_port_desc(const struct print *p, const struct of_header *msg)
{
    struct buf collected = BUF_INITIALIZER;
    enum ofperr error = ofp_port_desc_decode(msg, collect_port, &collected);
    struct ofp_port *ports = (void *)collected.data;
    size_t n = collected.size / sizeof *ports;

    buf_putc(p->out, '\n');
    if (n)
        qsort(ports, n, sizeof *ports, compare_ports);
    for (size_t i = 0; i < n; i++)
        ofp_port_format(&ports[i], p->out);
    buf_destroy(&collected);
    return error;
}

/* Only OpenFlow 1.5 asks for one port. */
enum ofperr
print_port_desc_request(const struct print *p, const struct of_header *msg)
{
    const struct of_port_desc_stats_request *request = (const void *)msg;

    buf_puts(p->out, " port=");
    ofport_format(p->version >= OFP15 ? request->port_no : OFPORT_ANY, p->names, p->out);
    return OFPERR_OK;
}

enum ofperr
print_port_mod(const struct print *p, const struct of_header *msg)
{
    struct ofp_port_mod pm;
    enum ofperr error = ofp_port_mod_decode(msg, &pm);

    if (error)
        return error;
    buf_puts(p->out, " port: ");
    ofport_format(pm.port_no, p->names, p->out);
    put_address(p->out, pm.hw_addr);
    put_bits(p->out, "config: ", pm.config, config_names);
    put_bits(p->out, "mask:   ", pm.mask, config_names);
    if (pm.advertise)
        put_features(p->out, "advertise: ", pm.advertise);
    else
        buf_puts(p->out, "     advertise: UNCHANGED\n");
    return OFPERR_OK;
}

/* ---- Statistics -------------------------------------------------------------------------------*/
enum ofperr
print_port_stats_request(const struct print *p, const struct of_header *msg)
{
    buf_puts(p->out, " port_no=");
    ofport_format(((const struct of_port_stats_request *)msg)->port_no, p->names, p->out);
    return OFPERR_OK;
}

static const struct of_port_stats_prop_ethernet *
find_ethernet(const struct of_port_stats_entry *entry)
{
    for (size_t i = 0; i < entry->properties.n; i++) {
        if (entry->properties.items[i]->object.class_id == OF_PORT_STATS_PROP_ETHERNET)
            return (const void *)entry->properties.items[i];
    }
    return NULL;
}

void
ofp_port_stats_format(const struct of_port_stats_entry *entry, const struct ofp_port_names *names,
                      struct buf *out)
{
    const struct of_port_stats_prop_ethernet *ethernet = find_ethernet(entry);
    bool has_ethernet = entry->object.version < OFP14;

    buf_puts(out, entry->port_no < 10 ? "  port  " : "  port ");
    ofport_format(entry->port_no, names, out);
    print_counter(out, ": rx pkts=", entry->rx_packets);
    print_counter(out, ", bytes=", entry->rx_bytes);
    print_counter(out, ", drop=", entry->rx_dropped);
    print_counter(out, ", errs=", entry->rx_errors);
#define ETHERNET(MEMBER) (ethernet ? ethernet->MEMBER : has_ethernet ? entry->MEMBER : UINT64_MAX)
    print_counter(out, ", frame=", ETHERNET(rx_frame_err));
    print_counter(out, ", over=", ETHERNET(rx_over_err));
    print_counter(out, ", crc=", ETHERNET(rx_crc_err));
    print_counter(out, "\n           tx pkts=", entry->tx_packets);
    print_counter(out, ", bytes=", entry->tx_bytes);
    print_counter(out, ", drop=", entry->tx_dropped);
    print_counter(out, ", errs=", entry->tx_errors);
    print_counter(out, ", coll=", ETHERNET(collisions));
#undef ETHERNET
    buf_putc(out, '\n');
    if (entry->object.version == OFP10 || entry->duration_sec == UINT32_MAX)
        return;
    buf_puts(out, "           duration=");
    print_duration(out, entry->duration_sec * UINT64_C(1000000000) + entry->duration_nsec);
    buf_putc(out, '\n');
}

enum ofperr
print_port_stats(const struct print *p, const struct of_header *msg)
{
    const struct of_port_stats_reply *reply = (const void *)msg;

    buf_printf(p->out, " %zu ports\n", reply->entries.n);
    for (size_t i = 0; i < reply->entries.n && p->verbosity > 0; i++)
        ofp_port_stats_format(reply->entries.items[i], p->names, p->out);
    return OFPERR_OK;
}
