/* SPDX-License-Identifier: Apache-2.0 */
/* Which version two peers speak (OpenFlow 1.5.1 section 6.3.1).
 *
 * Model: each sends a HELLO of its highest version, with a bitmap of all its versions from 1.3 on.
 * With both bitmaps the highest common version holds; without the peer's, the lower of the two
 * header versions, which we must then speak. Bit N of a bitmap is version N as on the wire: 1 is
 * OpenFlow 1.0, 4, 5, 6 are 1.3 to 1.5. No state, no I/O. */
#ifndef SHUNT_OFPROTO_HELLO_H
#define SHUNT_OFPROTO_HELLO_H

#include <stddef.h>
#include <stdint.h>

#include "ofproto/of-buf.h"

/* Bits of the versions that this code can decode. */
#define OF_HELLO_ALL_VERSIONS (1u << 1 | 1u << 4 | 1u << 5 | 1u << 6)

/* Appends the HELLO of one who speaks `versions`. EINVAL: none that we know. */
int of_hello_make(uint32_t versions, struct of_buf *out);

/* Reads the peer's HELLO, whole, of any version. 0: *version is what to speak. EPROTONOSUPPORT:
 * there is none, EBADMSG: it is no HELLO or malformed; then the error message to answer with
 * has been appended to `reply` (OFPHFC_INCOMPATIBLE, or the code of the fault). */
int of_hello_negotiate(uint32_t versions, const uint8_t *bytes, size_t size, uint8_t *version,
                       struct of_buf *reply);

#endif
