/* SPDX-License-Identifier: Apache-2.0 */
/* A fast path with four ports, for tests of lists: one frame in, everything that comes out.
 *
 * Model: both objects are loaded with maps of their own. Ports 1 to 3 are veth pairs, whose far
 * ends are captured; port 4 does not forward; other ports are absent. The list is in record 0
 * and its chain.
 *
 * Errors: what the machine refuses ends the process with a sentence. Threads: one. */
#ifndef SHUNT_TESTS_DATAPATH_RIG_H
#define SHUNT_TESTS_DATAPATH_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datapath/abi.h"

#define RIG_PORTS 4 /* 1 to 4 */
#define FRAME_MAX 4096

struct frame {
    size_t size;
    /* Of a checksum that is left to the device; csum_start 0: none. */
    uint16_t csum_start, csum_offset;
    uint16_t gso_size; /* Of TCP segments that the device cuts; 0: none. */
    uint8_t data[FRAME_MAX];
};

enum rig_way {
    RIG_XDP,       /* BPF_PROG_TEST_RUN */
    RIG_TC_PORT,   /* Ingress of a veth. */
    RIG_TC_INJECT, /* Egress of a device that a packet socket writes to. */
};

struct rig_result {
    struct frame outputs[RIG_PORTS + 1]; /* By port; partial checksums are completed. */
    uint32_t n_outputs[RIG_PORTS + 1];
    uint32_t n_outputs_sum;
    const char *drop; /* Name of the reason that was counted, or "". */
    uint32_t n_upcalls;
    struct dp_upcall upcall; /* The last. */
    struct frame upcall_packet;
    struct dp_key key; /* When the list ended. */
};

struct rig *rig_open(void);
void rig_close(struct rig *);
void rig_set_list(struct rig *, const char *actions);
/* Sends the frame and waits until it is accounted for and `n_outputs` frames are captured. */
void rig_run(struct rig *, enum rig_way, const struct frame *, size_t n_outputs,
             struct rig_result *);
void rig_parse(const struct frame *, struct dp_key *);

#endif
