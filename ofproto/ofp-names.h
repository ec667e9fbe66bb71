/* SPDX-License-Identifier: Apache-2.0 */
/* Port numbers as people write them.
 *
 * Model: reserved ports have names that every switch knows (LOCAL, CONTROLLER, ...). A
 * struct ofp_port_names may add one bridge's own names; where it may be NULL, numbers are used.
 * Ownership: the caller's. Threads: plain data. */
#ifndef SHUNT_OFPROTO_OFP_NAMES_H
#define SHUNT_OFPROTO_OFP_NAMES_H

#include "lib/buf.h"
#include "ofproto/ofp.h"

struct ofp_port_names {
    /* The number of the port `name`; false: there is none. */
    bool (*number)(const struct ofp_port_names *, const char *name, uint32_t *port);
    /* The name of the port, NULL: none. */
    const char *(*name)(const struct ofp_port_names *, uint32_t port);
};

/* "3", "LOCAL", "\"eth 0\"". */
void ofport_format(uint32_t port, const struct ofp_port_names *, struct buf *out);

/* Takes a number (16-bit reserved ones of OpenFlow 1.0 become the 32-bit ones), a reserved name in
 * any case, or a name that `names` knows. */
bool ofport_parse(const char *text, const struct ofp_port_names *, uint32_t *port);

/* "5", "all", "any"; false for anything else. */
bool ofgroup_parse(const char *text, uint32_t *group);
void ofgroup_format(uint32_t group, struct buf *out);
bool ofmeter_parse(const char *text, uint32_t *meter);
void ofmeter_format(uint32_t meter, struct buf *out);

#endif
