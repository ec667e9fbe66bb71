/* SPDX-License-Identifier: Apache-2.0 */
/* OpenFlow errors, independent of version.
 *
 * Model: an enum ofperr names one error; ofproto/ofperr.def says how each version writes it. A
 * function that can fail with an OpenFlow error returns an enum ofperr, 0 for success.
 * Threads: constant data. Not here: the error message itself (generated struct of_error_msg). */
#ifndef SHUNT_OFPROTO_OFPERR_H
#define SHUNT_OFPROTO_OFPERR_H

#include "ofproto/ofp.h"

enum ofperr {
    OFPERR_OK,
#define ERR(NAME, V10, V13, V14, V15) OFPERR_##NAME,
#include "ofproto/ofperr.def"
#undef ERR
    N_OFPERRS
};

#define OFPERR_NICIRA_ID 0x00002320u
#define OFPERR_ONF_ID 0x4f4e4600u
#define OFPERR_TYPE_EXPERIMENTER 0xffffu /* OpenFlow 1.3 and later. */
#define OFPERR_TYPE_NICIRA_V10 0xb0c2u

/* An error on the wire. */
struct ofperr_wire {
    uint32_t experimenter; /* 0: a standard error. */
    uint16_t type;         /* OFPET_*; of an experimenter's error in 1.0: the type inside it. */
    uint16_t code;         /* Of an experimenter's error of 1.3 and later: its exp_type. */
};

/* How `version` writes the error. One that the version lacks becomes Nicira's
 * "unencodable error". */
struct ofperr_wire ofperr_to_wire(enum ofperr, enum ofp_version version);

/* The inverse; 0 (OFPERR_OK) when the error is unknown. */
enum ofperr ofperr_from_wire(struct ofperr_wire, enum ofp_version version);

/* "OFPBMC_BAD_FIELD". */
const char *ofperr_name(enum ofperr);

#endif
