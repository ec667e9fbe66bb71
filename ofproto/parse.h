/* SPDX-License-Identifier: Apache-2.0 */
/* Flows, groups and meters as people write them: ovs-ofctl's syntax, in and out.
 *
 * Model: a parser takes one line and fills a struct of ofproto/messages.h; a printer appends what
 * `ovs-ofctl dump-*` prints for it, byte for byte. So what a dump printed can be read back.
 *
 * Errors: a parser returns NULL, or one line for the user that names what was wrong, where (the
 * offset in the line, from 1) and what would be right; the caller frees it.
 * Ownership: ofpacts lie in the caller's buffer. Threads: plain data.
 * Not here: actions alone (ofproto/ofpact.h), matches alone (ofproto/match.h), files of flows
 * (cli). */
#ifndef SHUNT_OFPROTO_PARSE_H
#define SHUNT_OFPROTO_PARSE_H

#include "ofproto/messages.h"
#include "ofproto/ofp-names.h"

/* Parses a flow for `command` (OFPFC_*): "table=1,priority=5,tcp,actions=output:2". Deletions take
 * no actions but out_port, out_group and cookie masks; additions need them. `fm->ofpacts` lies in
 * `ofpacts`. */
char *ofp_flow_mod_parse(const char *line, uint8_t command, const struct ofp_port_names *,
                         struct buf *ofpacts, struct ofp_flow_mod *fm);

/* A line of a file for a bundle or add-flows: as above, with "add", "modify", "modify_strict",
 * "delete" or "delete_strict" in front if it differs from `command`. */
char *ofp_flow_mod_parse_line(const char *line, uint8_t command, const struct ofp_port_names *,
                              struct buf *ofpacts, struct ofp_flow_mod *fm);

/* A filter for dump-flows and dump-aggregate. */
char *ofp_flow_stats_request_parse(const char *text, const struct ofp_port_names *,
                                   struct ofp_flow_stats_request *);

/* What a flow monitor watches: a filter as above but without a cookie, and !initial, !add, !delete,
 * !modify, !actions, !own (own changes abbreviated) to leave something out. */
char *ofp_flow_monitor_parse(const char *text, const struct ofp_port_names *,
                             struct ofp_flow_monitor *);

/* "in_port=1 packet=0102... actions=output:2"; the packet's bytes are appended to `packet`. */
char *ofp_packet_out_parse(const char *text, const struct ofp_port_names *, struct buf *ofpacts,
                           struct buf *packet, struct ofp_packet_out *po);

/* "group_id=1,type=select,bucket=weight:5,output:1,bucket=...". Destroy *gm on success. */
char *ofp_group_mod_parse(const char *line, uint16_t command, const struct ofp_port_names *,
                          struct ofp_group_mod *gm);

/* "meter=1 kbps burst stats bands=type=drop rate=1000 burst_size=100". */
char *ofp_meter_mod_parse(const char *line, uint16_t command, struct ofp_meter_mod *mm);

/* ---- Printing ---------------------------------------------------------------------------------*/
/* One entry of dump-flows, without the leading blank and the newline: "cookie=0x0,
 * duration=1.5s, ..., priority=5,ip actions=...". `with_stats` false: --no-stats. */
void ofp_flow_stats_format(const struct ofp_flow_stats *, const struct ofp_port_names *,
                           bool with_stats, struct buf *out);

/* "event=ADDED table=0 cookie=0x9 priority=5,ip actions=output:2". */
void ofp_flow_update_format(const struct ofp_flow_update *, const struct ofp_port_names *,
                            struct buf *out);

/* What `ovs-ofctl parse-flow` prints behind the message's name: "ADD ip actions=drop". */
void ofp_flow_mod_format(const struct ofp_flow_mod *, const struct ofp_port_names *,
                         struct buf *out);

/* "group_id=1,type=all,bucket=..."; the version decides about bucket ids. */
void ofp_group_desc_format(const struct ofp_group_desc *, enum ofp_version,
                           const struct ofp_port_names *, struct buf *out);
/* "ADD group_id=1,type=all,bucket=...". */
void ofp_group_mod_format(const struct ofp_group_mod *, enum ofp_version,
                          const struct ofp_port_names *, struct buf *out);
void ofp_group_stats_format(const struct ofp_group_stats *, struct buf *out);

/* "meter=1 kbps burst bands=\ntype=drop rate=1000 burst_size=100\n". */
void ofp_meter_config_format(const struct ofp_meter_config *, struct buf *out);
void ofp_meter_stats_format(const struct ofp_meter_stats *, struct buf *out);

#endif
