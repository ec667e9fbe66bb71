/* SPDX-License-Identifier: Apache-2.0 */
/* Words that every OpenFlow file shares: versions, port numbers, limits.
 *
 * Model: inside Shunt there is one vocabulary, that of the newest version: port and group
 * numbers have 32 bits, flags and commands have the values of OpenFlow 1.5. Codecs translate.
 * Not here: errors (ofproto/ofperr.h), wire structs (generated from ofproto/openflow_input). */
#ifndef SHUNT_OFPROTO_OFP_H
#define SHUNT_OFPROTO_OFP_H

#include <stdbool.h>
#include <stdint.h>

enum ofp_version { OFP10 = 1, OFP13 = 4, OFP14 = 5, OFP15 = 6 };

/* Reserved port numbers (OFPP_* of OpenFlow 1.1 and later). 1.0's 0xffxx map to 0xffffffxx. */
#define OFPORT_MAX 0xffffff00u   /* Physical and logical ports are 1 .. OFPORT_MAX - 1. */
#define OFPORT_MAX_V10 0xff00u   /* In OpenFlow 1.0. */
#define OFPORT_UNSET 0xfffffff7u /* actset_output without an output. */
#define OFPORT_IN_PORT 0xfffffff8u
#define OFPORT_TABLE 0xfffffff9u
#define OFPORT_NORMAL 0xfffffffau
#define OFPORT_FLOOD 0xfffffffbu
#define OFPORT_ALL 0xfffffffcu
#define OFPORT_CONTROLLER 0xfffffffdu
#define OFPORT_LOCAL 0xfffffffeu
#define OFPORT_ANY 0xffffffffu /* OFPP_NONE in OpenFlow 1.0. */

#define OFGROUP_MAX 0xffffff00u
#define OFGROUP_ALL 0xfffffffcu
#define OFGROUP_ANY 0xffffffffu

#define OFMETER_MAX 0xffff0000u
#define OFMETER_SLOWPATH 0xfffffffdu
#define OFMETER_CONTROLLER 0xfffffffeu
#define OFMETER_ALL 0xffffffffu

#define OFTABLE_MAX 254 /* Table ids are 0 .. 254. */
#define OFTABLE_ALL 255

#define OFPRIORITY_DEFAULT 0x8000 /* Of text without a priority. */

#define OFQUEUE_ALL 0xffffffffu
#define OFBUFFER_NONE 0xffffffffu
#define OFCONTROLLER_MAX_LEN_NONE 0xffffu /* OFPCML_NO_BUFFER: the whole packet. */

/* Maps a 16-bit port number of OpenFlow 1.0 (host order) to the internal one. */
static inline uint32_t
ofport_from_v10(uint16_t port)
{
    return port < OFPORT_MAX_V10 ? port : port | 0xffff0000u;
}

/* The inverse. Returns false for a number that OpenFlow 1.0 cannot express. */
static inline bool
ofport_to_v10(uint32_t port, uint16_t *v10)
{
    *v10 = (uint16_t)port;
    return port < OFPORT_MAX_V10 || port >= OFPORT_MAX;
}

#endif
