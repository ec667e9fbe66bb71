/* SPDX-License-Identifier: Apache-2.0 */
/* All of OpenFlow: constants (OFPAT_OUTPUT), classes (OF_FLOW_ADD, struct of_flow_add), and what
 * can be done with them (of-object.h). The headers in ofproto/openflow/ are generated.
 *
 * A constant has one name over the versions. Where a version's value differs from that of the
 * newest version that has it, it stands as NAME_V10, NAME_V13 or NAME_V14. */
#ifndef SHUNT_OFPROTO_OPENFLOW_H
#define SHUNT_OFPROTO_OPENFLOW_H

#include "ofproto/of-object.h"
#include "ofproto/openflow/all.h"

#endif
