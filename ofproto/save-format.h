/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of saved state: the fixed parts. In the host's byte order, times in milliseconds of
 * time_now_ms(). What is added later goes to the end: a shorter fixed part is an older one's. */
#ifndef SHUNT_OFPROTO_SAVE_FORMAT_H
#define SHUNT_OFPROTO_SAVE_FORMAT_H

#include <stdint.h>

/* The numbers are in files: append only. */
enum saved_kind {
    SAVED_RULE = 1,   /* struct saved_rule, a flow-mod that adds. */
    SAVED_RULE_GONE,  /* struct saved_rule, a flow-mod that deletes strictly. */
    SAVED_GROUP_STUB, /* struct saved_id: there is such a group. */
    SAVED_GROUP, /* struct saved_group, n_buckets of struct saved_tally, group-mods that modify. */
    SAVED_GROUP_GONE, /* struct saved_id */
    SAVED_METER,      /* struct saved_meter, a meter-mod that adds. */
    SAVED_METER_GONE, /* struct saved_id */
    SAVED_TABLE,      /* struct saved_table */
    SAVED_PORT,       /* struct saved_port */
    SAVED_SWITCH,     /* struct saved_switch */
};

struct saved_entry {
    uint32_t kind; /* enum saved_kind */
    uint32_t zero;
    uint64_t size; /* Bytes behind this, a multiple of 8. */
};

struct saved_tally {
    uint64_t n_packets, n_bytes; /* When it was written. */
    int64_t used_ms;
    uint32_t slot;
    uint32_t owner; /* Id of the bucket. Of a flow entry 1: it was learned. */
};

struct saved_rule {
    struct saved_tally tally;
    int64_t created_ms, modified_ms;
};

struct saved_group {
    struct saved_tally tally;
    int64_t created_ms, modified_ms;
    uint32_t id;
    uint32_t n_buckets;
};

struct saved_meter {
    int64_t created_ms;
    uint32_t provider_id;
    uint32_t zero;
};

struct saved_table {
    struct saved_tally tally; /* n_bytes: matches. */
    uint32_t id;
    uint32_t miss; /* enum table_miss */
    uint32_t max_flows;
    uint32_t config, eviction_flags;
    uint8_t vacancy_down, vacancy_up;
    char name[34];
};

struct saved_port {
    int64_t created_ms;
    uint32_t port_no;
    uint32_t config; /* OFPPC_* */
};

struct saved_switch {
    uint16_t config_flags, miss_send_len;
    uint8_t first_egress_table;
    uint8_t zero[3];
};

struct saved_id {
    uint32_t id;
    uint32_t zero;
};

#endif
