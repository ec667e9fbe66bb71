/* SPDX-License-Identifier: Apache-2.0 */
/* Whole OpenFlow messages to text, as `ovs-ofctl ofp-parse` writes them.
 *
 * Model: a line that names the message, its version and its xid, "OFPT_FLOW_MOD (OF1.3)
 * (xid=0x2): ", and behind it or below it what the message says; always whole lines. What the
 * decoders refuse gets its error and its bytes; a message that Open vSwitch has no text for gets
 * its members by name (of_object_print()).
 *
 * Threads: plain functions. Errors: none, they are part of the text.
 * Not here: flows, groups and meters alone, which dumps print too (ofproto/parse.h); each kind of
 * message is in its own ofproto/print-*.c. */
#ifndef SHUNT_OFPROTO_PRINT_H
#define SHUNT_OFPROTO_PRINT_H

#include "ofproto/messages.h"
#include "ofproto/ofp-names.h"

/* What ovs-ofctl's `ofp-parse`, `monitor` and `snoop` print with: packets are decoded, too. */
#define OFP_PRINT_VERBOSITY 2

/* Appends the text of the message at `bytes`. `verbosity` as ovs-ofctl counts it: from 1 on,
 * packets are decoded and the entries of port and queue statistics listed, from 2 on what an echo
 * carries, from 3 on packets are dumped, from 5 on the message itself. `names` may be NULL. */
void ofp_message_format(const void *bytes, size_t size, const struct ofp_port_names *names,
                        int verbosity, struct buf *out);

/* Appends what ovs-ofctl prints behind or below a message's header, without the blank or newline
 * that parts them. An error is told behind what could be made out. */
enum ofperr ofp_message_body_format(const struct of_header *, const struct ofp_port_names *,
                                    struct buf *out);

/* An Ethernet frame on one line, with its newline: "icmp,vlan_tci=0x0000,dl_src=...,icmp_type=8,
 * icmp_code=0 icmp_csum:208". */
void ofp_frame_format(const void *frame, size_t size, struct buf *out);

/* Lines "00000000  04 0e 00 50 ...|...P|". */
void ofp_hex_dump(const void *bytes, size_t size, bool with_text, struct buf *out);

/* " 1(eth0): addr:..." and the lines below it; always ends a line. */
void ofp_port_format(const struct ofp_port *, struct buf *out);

/* "  port  1: rx pkts=0, ..." and the lines below it. */
struct of_port_stats_entry;
void ofp_port_stats_format(const struct of_port_stats_entry *, const struct ofp_port_names *,
                           struct buf *out);

#endif
