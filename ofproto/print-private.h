/* SPDX-License-Identifier: Apache-2.0 */
/* What ofproto/print-*.c share: the printers of messages' bodies, and words for numbers.
 *
 * Model: a printer appends what stands behind "(xid=0x0):", with the blank or newline in front.
 * An error that it returns is told behind what it appended. */
#ifndef SHUNT_OFPROTO_PRINT_PRIVATE_H
#define SHUNT_OFPROTO_PRINT_PRIVATE_H

#include <inttypes.h>

#include "ofproto/openflow.h"
#include "ofproto/parse.h"
#include "ofproto/print.h"

struct print {
    struct buf *out;
    const struct ofp_port_names *names;
    int verbosity;
    enum ofp_version version;
};

typedef enum ofperr print_body(const struct print *, const struct of_header *);

/* ofproto/print-session.c */
print_body print_hello, print_error_msg, print_echo, print_features, print_config, print_desc,
    print_role, print_role_status, print_nicira_role, print_bundle_control, print_bundle_add,
    print_requestforward;
/* ofproto/print-nicira.c */
print_body print_async, print_flow_mod_table_id, print_flow_format, print_packet_in_format,
    print_controller_id, print_tlv_table_mod, print_tlv_table_reply, print_ct_flush,
    print_ct_flush_zone, print_ipfix_bridge, print_ipfix_flows;
/* ofproto/print-flow.c */
print_body print_flow_mod, print_flow_removed, print_flow_stats_request, print_flow_stats,
    print_aggregate, print_monitor_request, print_monitor_cancel, print_monitor_reply;
/* ofproto/print-packet.c */
print_body print_packet_in, print_packet_out;
/* ofproto/print-port.c */
print_body print_port_status, print_port_mod, print_port_desc_request, print_port_desc,
    print_port_stats_request, print_port_stats;
/* ofproto/print-queue.c */
print_body print_queue_stats_request, print_queue_stats, print_queue_config_request,
    print_queue_config;
/* ofproto/print-group.c */
print_body print_group_mod, print_group_request, print_group_desc, print_group_stats,
    print_group_features, print_meter_mod, print_meter_request, print_meter_config,
    print_meter_stats, print_meter_features;
/* ofproto/print-table.c */
print_body print_table_mod, print_table_desc, print_table_status, print_table_stats;
/* ofproto/print-table-features.c */
print_body print_table_features;

/* A message inside another, with its own header. */
void print_nested(const struct print *, const struct of_header *);

struct bit_name {
    uint32_t bit;
    const char *name;
};

/* The names of the bits that are set, then the others in hexadecimal; "0" for none. `names` ends
 * with a row of zeros. */
void print_bits(struct buf *out, uint32_t bits, const struct bit_name *names, char separator);

/* names[value], or the number. */
void print_word(struct buf *out, uint32_t value, const char *const names[], size_t n_names);
#define PRINT_WORD(OUT, VALUE, NAMES) print_word(OUT, VALUE, NAMES, ARRAY_SIZE(NAMES))

/* "LABEL5", "LABEL?" for a counter that is not known. */
void print_counter(struct buf *out, const char *label, uint64_t value);

/* "5s", "5.250s", "0.00048s". */
void print_duration(struct buf *out, uint64_t duration_ns);

/* Actions as OFPAT_* bits of OpenFlow 1.0, or of 1.1 and later: "output enqueue". */
void print_actions(struct buf *out, uint32_t bits, enum ofp_version);

/* Names with what consecutive ones share written once: "ip_{src,dst} reg0...reg15". */
void print_names(struct buf *out, const char *const names[], size_t n);

/* A run of tables that say what the one before them said: "tables 1...3: ditto". */
struct print_ditto {
    int first, last; /* -1: none. */
};
#define PRINT_DITTO_INITIALIZER                                                                    \
    {                                                                                              \
        -1, -1                                                                                     \
    }
void print_ditto_add(struct print_ditto *, uint8_t table_id);
void print_ditto_end(struct print_ditto *, struct buf *out);

extern const char *const print_packet_in_reasons[6];    /* By OFPR_*. */
extern const char *const print_flow_removed_reasons[6]; /* By OFPRR_*. */
extern const char *const print_table_reasons[5];        /* By OFPTR_*; NULL: none. */

#endif
