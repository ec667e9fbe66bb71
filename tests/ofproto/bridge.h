/* SPDX-License-Identifier: Apache-2.0 */
/* A bridge's OpenFlow state for tests: messages and state as lines of text, and the calls that it
 * makes upward as a log.
 *
 * A flow-mod is a line of KEY=VALUE and keys, as ovs-ofctl writes them, in any order, the last
 * "actions=...": table, priority, cookie (VALUE or VALUE/MASK), new_cookie, idle_timeout,
 * hard_timeout, importance, out_port, out_group, send_flow_rem, check_overlap, reset_counts,
 * add_if_missing; the rest is the match. */
#ifndef SHUNT_TESTS_OFPROTO_BRIDGE_H
#define SHUNT_TESTS_OFPROTO_BRIDGE_H

#include "tests/unit.h"

#include "ofproto/openflow.h"

#include "lib/buf.h"
#include "ofproto/ofproto.h"

struct bridge {
    struct ofproto *ofproto;
    struct buf log;  /* What ops were called with, one line each; "\n" between. */
    struct buf text; /* What bridge_dump() returned. */
    unsigned int n_changed, n_syncs;
    int port_config_error;
    uint32_t next_meter_id;
    struct rule *sync_rule; /* Gets a packet of 100 bytes, used now, at each sync. */
    struct ofproto_origin origin;
};

/* 4 tables, ports 1 to 4 (up). */
void bridge_create(struct bridge *);
void bridge_destroy(struct bridge *);

/* A flow-mod as text; *ofpacts is to be destroyed. Fails the test when it does not parse. */
void bridge_parse_flow(const char *line, uint8_t command, struct buf *ofpacts,
                       struct ofp_flow_mod *);
enum ofperr bridge_flow(struct bridge *, uint8_t command, const char *line);

/* A group-mod: "group_id=1,type=select", and for each bucket
 * " bucket=ID[,weight:N][,watch_port:N][,watch_group:N],ACTIONS" (ACTIONS may be empty). */
void bridge_parse_group(const char *line, uint16_t command, uint32_t command_bucket_id,
                        struct ofp_group_mod *);
enum ofperr bridge_group(struct bridge *, uint16_t command, uint32_t command_bucket_id,
                         const char *line);

/* Commits the messages as a bundle. */
enum ofperr bridge_commit(struct bridge *, const struct ofproto_msg *, size_t n, size_t *failed);

/* The only rule that the bridge has in `table_id`. */
struct rule *bridge_rule(struct bridge *, unsigned int table_id);

/* All flow entries, sorted, one a line: "TABLE PRIORITY MATCH cookie=0xC n=PACKETS
 * actions=ACTIONS"; a cookie and a count of zero are left out. Good until the next call. */
const char *bridge_dump(struct bridge *);
/* All groups, sorted: "ID TYPE BUCKET:WEIGHT ..." */
const char *bridge_dump_groups(struct bridge *);

/* Runs the events; returns what was logged since the last call. */
const char *bridge_events(struct bridge *);

#define assert_ok(ERROR) assert_string_equal(ofperr_name(ERROR), ofperr_name(OFPERR_OK))
#define assert_error(ERROR, NAME) assert_string_equal(ofperr_name(ERROR), #NAME)

#endif
