/* SPDX-License-Identifier: Apache-2.0 */
/* A bridge in memory for tests of translation: flows from text, packets from fields, results as
 * text. Ports 1 to 6 have the datapath's numbers 101 to 106, LOCAL has 100. A failing step fails
 * the cmocka test. */
#ifndef SHUNT_TESTS_TRANSLATION_FIXTURE_H
#define SHUNT_TESTS_TRANSLATION_FIXTURE_H

#include "tests/unit.h"

#include "ofproto/match.h"
#include "slowpath/xlate.h"

#define FIXTURE_N_PORTS 6
#define FIXTURE_LOCAL_DP_PORT 100

struct fixture {
    struct ofproto *ofproto;
    struct xlate_bridge bridge;
    struct xlate_out out; /* Of the last translation. */
    struct flow flow;     /* What was translated. */
};

void fixture_init(struct fixture *);
void fixture_destroy(struct fixture *);

/* Adds flows, a line each, as ovs-ofctl writes them. */
void fixture_flows(struct fixture *, const char *lines);
/* Adds one, unless it contradicts itself. */
void fixture_flow_if_valid(struct fixture *, const char *line);
/* Adds flows and, behind "group ", groups, a line each, but for those that contradict themselves.
 * Cuts `lines` up. */
void fixture_lines_if_valid(struct fixture *, char *lines);
/* Prints all flows, for the log of a failure. */
void fixture_print_flows(const struct fixture *);
/* Deletes those that the match covers. */
void fixture_del_flows(struct fixture *, const char *match);
void fixture_group(struct fixture *, const char *line);
/* Sets or clears OFPPC_* bits, or the link's state. */
void fixture_port_config(struct fixture *, uint32_t port, uint32_t config);
void fixture_port_link(struct fixture *, uint32_t port, bool up);

/* A packet with these fields: "in_port=1,tcp,nw_src=10.0.0.1", headers complete. */
struct flow fixture_packet(const struct fixture *, const char *fields);

/* Translates; the result is in fixture->out, until the next call. */
void fixture_xlate(struct fixture *, const struct flow *);
/* The list as text, a run after the other with " | " between; to be freed. */
char *fixture_actions(const struct fixture *);
/* The megaflow as text; to be freed. */
char *fixture_megaflow(const struct fixture *, const struct flow *);

/* Translates the packet and compares both texts; NULL: not of interest. */
void fixture_check(struct fixture *, const char *packet, const char *actions, const char *megaflow);

#endif
