/* SPDX-License-Identifier: Apache-2.0 */
/* The main OpenFlow messages, independent of version, for both ends of a connection.
 *
 * Model: decoders take a message that the generated code already decoded (`struct of_header *`,
 * ofproto/openflow.h) and fill a struct of ours; encoders append one whole message in the given
 * version to a buffer. Numbers, flags and commands have the values of OpenFlow 1.5 (enumerators of
 * the generated header), ports 32 bits. Nothing here knows a table: whether a port, group or
 * meter exists is the tables' question. What a version cannot say is left out, but a number that
 * its field cannot hold leaves the buffer as it was: ofpacts_find_unencodable()
 * (ofproto/ofpact-wire.h) tells of actions beforehand.
 *
 * Ownership: a decoded struct's ofpacts lie in the buffer that the caller passes (a stub on its
 * stack, typically), packet data in the message. Errors: enum ofperr, with the struct undefined.
 * Threads: plain data. Not here: connection state, multipart assembly across messages
 * (ofproto/conn), text (ofproto/parse.h). */
#ifndef SHUNT_OFPROTO_MESSAGES_H
#define SHUNT_OFPROTO_MESSAGES_H

#include "lib/list.h"
#include "ofproto/match.h"
#include "ofproto/ofpact.h"

struct of_header;

/* What the decoders need to know about the switch (or, at a client, generous values). */
struct ofp_decode_limits {
    uint32_t max_ports; /* OFPORT_MAX: any number may become a port. */
    uint8_t n_tables;
    bool flow_mod_table_id; /* Nicira's extension to OpenFlow 1.0: the command's high byte. */
    bool no_prereqs;        /* Actions were held against the match before (saved flow entries). */
};

/* ---- Flow modification ------------------------------------------------------------------------*/
struct ofp_flow_mod {
    struct match match;
    uint16_t priority;
    uint8_t command;  /* OFPFC_* */
    uint8_t table_id; /* OFTABLE_ALL: for deletions, all; in additions, the switch chooses. */
    uint64_t cookie, cookie_mask; /* Modifications and deletions only touch flows that have it. */
    uint64_t new_cookie;          /* Of additions, and of modifications if modify_cookie. */
    bool modify_cookie;           /* OpenFlow 1.0. */
    bool add_if_missing; /* OpenFlow 1.0 and 1.1: a modification of nothing is an addition. */
    uint16_t idle_timeout, hard_timeout; /* Seconds, 0: none. */
    uint16_t importance;
    uint16_t flags;     /* OFPFF_* */
    uint32_t buffer_id; /* OFBUFFER_NONE */
    uint32_t out_port;  /* Deletions: only flows that output there; OFPORT_ANY. */
    uint32_t out_group; /* OFGROUP_ANY */
    const struct ofpact *ofpacts;
    size_t ofpacts_size;
};

/* Decodes OFPT_FLOW_MOD and NXT_FLOW_MOD. The list is checked (ofpacts_check()) when the command
 * adds or modifies. */
enum ofperr ofp_flow_mod_decode(const struct of_header *, const struct ofp_decode_limits *,
                                struct buf *ofpacts, struct ofp_flow_mod *);

/* In OpenFlow 1.0, NXT_FLOW_MOD if the match needs it or `nxm`. */
void ofp_flow_mod_encode(const struct ofp_flow_mod *, enum ofp_version, uint32_t xid, bool nxm,
                         bool flow_mod_table_id, struct buf *msg);

/* ---- Packets ----------------------------------------------------------------------------------*/
struct ofp_packet_out {
    const void *packet; /* NULL with a buffer id. */
    size_t packet_size;
    uint32_t buffer_id;
    struct match match; /* in_port and, in OpenFlow 1.5, more pipeline fields. */
    const struct ofpact *ofpacts;
    size_t ofpacts_size;
};

enum ofperr ofp_packet_out_decode(const struct of_header *, const struct ofp_decode_limits *,
                                  struct buf *ofpacts, struct ofp_packet_out *);
void ofp_packet_out_encode(const struct ofp_packet_out *, enum ofp_version, uint32_t xid,
                           struct buf *msg);

/* How a connection wants its packet-ins (NXT_SET_PACKET_IN_FORMAT). */
enum ofp_packet_in_format { PACKET_IN_STANDARD, PACKET_IN_NXT, PACKET_IN_NXT2 };

struct ofp_packet_in {
    const void *packet; /* As much as is sent. */
    size_t packet_size;
    uint16_t total_size; /* Of the whole packet. */
    uint32_t buffer_id;
    uint8_t reason;   /* OFPR_* of 1.4: an older version gets the nearest that it has. */
    bool is_implicit; /* The packet met no flow entry at all: only OpenFlow 1.0 tells. */
    uint8_t table_id;
    uint64_t cookie;      /* UINT64_MAX: of no flow. */
    struct flow metadata; /* in_port, and the fields without prerequisites. */
    struct match match;   /* The same, decoded at a client. */
    const void *userdata; /* PACKET_IN_NXT2 only. */
    size_t userdata_size;
    const void *continuation; /* Of a paused packet, for NXT_RESUME; PACKET_IN_NXT2 only. */
    size_t continuation_size;
};

void ofp_packet_in_encode(const struct ofp_packet_in *, enum ofp_packet_in_format, enum ofp_version,
                          struct buf *msg);
enum ofperr ofp_packet_in_decode(const struct of_header *, struct ofp_packet_in *);
/* NXT_RESUME: what a packet-in said, with its continuation. */
enum ofperr ofp_resume_decode(const struct of_header *, struct ofp_packet_in *);

/* ---- Flow statistics --------------------------------------------------------------------------*/
/* Flow and aggregate statistics' requests of every version, NXST_* in OpenFlow 1.0. */
struct ofp_flow_stats_request {
    bool aggregate;
    bool lengthy; /* OpenFlow 1.5: OFPMP_FLOW_DESC (else OFPMP_FLOW_STATS, counters only). */
    bool nxm;     /* OpenFlow 1.0: the NXST form, to be answered likewise. */
    struct match match;
    uint64_t cookie, cookie_mask;
    uint32_t out_port, out_group;
    uint8_t table_id; /* OFTABLE_ALL */
};

enum ofperr ofp_flow_stats_request_decode(const struct of_header *,
                                          struct ofp_flow_stats_request *);
void ofp_flow_stats_request_encode(const struct ofp_flow_stats_request *, enum ofp_version,
                                   uint32_t xid, struct buf *msg);

#define OFP_COUNT_UNKNOWN UINT64_MAX

struct ofp_flow_stats {
    struct match match;
    uint64_t cookie;
    uint8_t table_id;
    uint8_t reason; /* OFPFSR_* of OpenFlow 1.5. */
    uint16_t priority;
    uint16_t idle_timeout, hard_timeout;
    uint16_t importance;
    uint16_t flags;
    uint64_t duration_ns;
    int64_t idle_age_s; /* -1: unknown. Nicira's statistics only. */
    int64_t hard_age_s;
    uint64_t n_packets, n_bytes;
    const struct ofpact *ofpacts;
    size_t ofpacts_size;
};

struct ofp_aggregate_stats {
    uint64_t n_packets, n_bytes;
    uint32_t n_flows;
};

/* A reply in parts, as long as it gets: each part is a whole message of at most OFP_PART_SIZE
 * bytes (unless one entry alone is larger) in `msgs`; all but the last have the "more" flag. */
#define OFP_PART_SIZE 32768
struct ofp_multipart {
    struct buf *msgs;
    size_t part;      /* Offset of the part that grows. */
    size_t head_size; /* Bytes of a part before its first entry. */
    enum ofp_version version;
    uint16_t class_id; /* Of the reply (enum of_class). */
    uint32_t xid;
};

/* Starts the answer to `request`, with its type and xid. */
void ofp_multipart_start(struct ofp_multipart *, const struct of_header *request, struct buf *msgs);
/* Appends an encoded entry; one that no message has room for is left out. */
void ofp_multipart_append(struct ofp_multipart *, const void *entry, size_t size);

void ofp_flow_stats_append(const struct ofp_flow_stats *, const struct ofp_flow_stats_request *,
                           struct ofp_multipart *);
void ofp_aggregate_stats_append(const struct ofp_aggregate_stats *,
                                const struct ofp_flow_stats_request *, struct ofp_multipart *);
/* Whether a reply of OpenFlow 1.5 has room for the flow entry. */
bool ofp_flow_fits(const struct match *, const struct ofpact *, size_t ofpacts_size);

/* Decodes the entries of one reply, calling `cb` for each. */
enum ofperr ofp_flow_stats_decode(const struct of_header *reply,
                                  void (*cb)(const struct ofp_flow_stats *, void *aux), void *aux);
enum ofperr ofp_aggregate_stats_decode(const struct of_header *reply, struct ofp_aggregate_stats *);

/* ---- Flow removed -----------------------------------------------------------------------------*/
struct ofp_flow_removed {
    struct match match;
    uint64_t cookie;
    uint16_t priority;
    uint8_t reason; /* OFPRR_* */
    uint8_t table_id;
    uint16_t idle_timeout, hard_timeout;
    uint64_t duration_ns;
    uint64_t n_packets, n_bytes;
};

/* What the version says for a reason: "deleted" for one that it lacks. */
uint8_t ofp_flow_removed_reason(uint8_t reason, enum ofp_version version);
/* `nxm`: NXT_FLOW_REMOVED in OpenFlow 1.0 (the connection's flow format). */
void ofp_flow_removed_encode(const struct ofp_flow_removed *, enum ofp_version, bool nxm,
                             struct buf *msg);
enum ofperr ofp_flow_removed_decode(const struct of_header *, struct ofp_flow_removed *);

/* ---- Flow monitors ----------------------------------------------------------------------------*/
/* One entry of a request: OFPMP_FLOW_MONITOR, NXST_FLOW_MONITOR in 1.0, ONF's extension in 1.3. */
struct ofp_flow_monitor {
    uint32_t id;
    uint8_t command; /* OFPFMC_* */
    uint16_t flags;  /* OFPFMF_* */
    uint8_t table_id;
    uint32_t out_port, out_group;
    struct match match;
};

size_t ofp_flow_monitor_count(const struct of_header *request);
/* The entry `i` of a request; of a deletion only command and id say something. */
enum ofperr ofp_flow_monitor_decode(const struct of_header *request, size_t i,
                                    const struct ofp_decode_limits *, struct ofp_flow_monitor *);
/* A request with one entry. */
void ofp_flow_monitor_encode(const struct ofp_flow_monitor *, enum ofp_version, uint32_t xid,
                             struct buf *msg);

struct ofp_flow_update {
    uint8_t event;  /* OFPFME_* */
    uint8_t reason; /* OFPRR_* of OFPFME_REMOVED, else 0. */
    uint8_t table_id;
    uint16_t priority;
    uint16_t idle_timeout, hard_timeout;
    uint64_t cookie;
    struct match match;
    const struct ofpact *ofpacts;
    size_t ofpacts_size;
    uint32_t xid; /* OFPFME_ABBREV: the rest says nothing. */
};

/* Starts a reply that nobody asked for now; append to it, or to the reply to a request. */
void ofp_flow_update_start(enum ofp_version, struct ofp_multipart *, struct buf *msgs);
void ofp_flow_update_append(const struct ofp_flow_update *, struct ofp_multipart *);
/* Updates pause (else: resume). */
void ofp_flow_monitor_paused_encode(bool is_paused, enum ofp_version, struct buf *msg);
enum ofperr ofp_flow_updates_decode(const struct of_header *reply,
                                    void (*cb)(const struct ofp_flow_update *, void *aux),
                                    void *aux);

/* ---- Groups -----------------------------------------------------------------------------------*/
struct ofp_bucket {
    struct list node; /* In a list of buckets. */
    uint16_t weight;
    uint32_t watch_port;  /* OFPORT_ANY: none. */
    uint32_t watch_group; /* OFGROUP_ANY: none. */
    uint32_t bucket_id;
    struct ofpact *ofpacts; /* Owned. */
    size_t ofpacts_size;
};

/* How a select group chooses (NTR selection method of OpenFlow 1.5's group properties). */
struct ofp_group_props {
    char selection_method[17]; /* "", "hash", "dp_hash". */
    uint64_t selection_method_param;
    struct flow fields; /* A mask: which bits "hash" covers; all zero: the switch's choice. */
    uint64_t field_ids[(N_FIELDS + 63) / 64]; /* The fields by which these were named. */
};

static inline void
ofp_group_props_add(struct ofp_group_props *props, const struct field *field)
{
    props->field_ids[field->id / 64] |= UINT64_C(1) << field->id % 64;
}

static inline bool
ofp_group_props_has(const struct ofp_group_props *props, const struct field *field)
{
    return props->field_ids[field->id / 64] >> field->id % 64 & 1;
}

struct ofp_group_mod {
    uint16_t command; /* OFPGC_* */
    uint8_t type;     /* OFPGT_* */
    uint32_t group_id;
    uint32_t command_bucket_id; /* OFPG_BUCKET_ALL, _FIRST, _LAST, or an id. */
    struct list buckets;        /* Of struct ofp_bucket, owned. */
    struct ofp_group_props props;
};

void ofp_group_mod_destroy(struct ofp_group_mod *);
void ofp_buckets_destroy(struct list *buckets);
void ofp_buckets_clone(struct list *dst, const struct list *src);
enum ofperr ofp_group_mod_decode(const struct of_header *, const struct ofp_decode_limits *,
                                 struct ofp_group_mod *);
void ofp_group_mod_encode(const struct ofp_group_mod *, enum ofp_version, uint32_t xid,
                          struct buf *msg);

/* One entry of OFPMP_GROUP_DESC's reply. */
struct ofp_group_desc {
    uint8_t type;
    uint32_t group_id;
    struct list buckets;
    struct ofp_group_props props;
};

void ofp_group_desc_append(const struct ofp_group_desc *, struct ofp_multipart *);
/* Whether replies of OpenFlow 1.3 and 1.5 have room for it. */
bool ofp_group_fits(const struct ofp_group_desc *);
enum ofperr ofp_group_desc_decode(const struct of_header *reply,
                                  void (*cb)(const struct ofp_group_desc *, void *aux), void *aux);

struct ofp_bucket_counter {
    uint64_t n_packets, n_bytes;
};

struct ofp_group_stats {
    uint32_t group_id;
    uint32_t ref_count;
    uint64_t n_packets, n_bytes;
    uint64_t duration_ns;
    uint32_t n_buckets;
    const struct ofp_bucket_counter *buckets;
};

void ofp_group_stats_append(const struct ofp_group_stats *, struct ofp_multipart *);
enum ofperr ofp_group_stats_decode(const struct of_header *reply,
                                   void (*cb)(const struct ofp_group_stats *, void *aux),
                                   void *aux);

/* ---- Meters -----------------------------------------------------------------------------------*/
#define OFP_MAX_BANDS 16

struct ofp_meter_band {
    uint16_t type;       /* OFPMBT_* */
    uint8_t prec_level;  /* OFPMBT_DSCP_REMARK. */
    uint32_t rate;       /* kbit/s or packets/s. */
    uint32_t burst_size; /* kbit or packets. */
};

struct ofp_meter_config {
    uint32_t meter_id;
    uint16_t flags; /* OFPMF_* */
    uint16_t n_bands;
    struct ofp_meter_band bands[OFP_MAX_BANDS];
};

struct ofp_meter_mod {
    uint16_t command; /* OFPMC_* */
    struct ofp_meter_config meter;
};

struct ofp_meter_stats {
    uint32_t meter_id;
    uint32_t n_flows;
    uint64_t n_packets, n_bytes;
    uint64_t duration_ns;
    uint16_t n_bands;
    struct ofp_bucket_counter bands[OFP_MAX_BANDS];
};

enum ofperr ofp_meter_mod_decode(const struct of_header *, struct ofp_meter_mod *);
void ofp_meter_mod_encode(const struct ofp_meter_mod *, enum ofp_version, uint32_t xid,
                          struct buf *msg);
void ofp_meter_config_append(const struct ofp_meter_config *, struct ofp_multipart *);
void ofp_meter_stats_append(const struct ofp_meter_stats *, struct ofp_multipart *);
enum ofperr ofp_meter_config_decode(const struct of_header *reply,
                                    void (*cb)(const struct ofp_meter_config *, void *aux),
                                    void *aux);
enum ofperr ofp_meter_stats_decode(const struct of_header *reply,
                                   void (*cb)(const struct ofp_meter_stats *, void *aux),
                                   void *aux);

/* ---- Ports ------------------------------------------------------------------------------------*/
struct ofp_port {
    uint32_t port_no;
    uint8_t hw_addr[6];
    char name[17];
    uint32_t config; /* OFPPC_*, those of 1.0 too. */
    uint32_t state;  /* OFPPS_* of 1.1 and later. */
    /* OFPPF_* of OpenFlow 1.1 and later. */
    uint32_t curr, advertised, supported, peer;
    uint32_t curr_speed, max_speed; /* kbit/s. */
};

void ofp_port_desc_append(const struct ofp_port *, struct ofp_multipart *);

/* The ports of OFPMP_PORT_DESC's reply, or of OpenFlow 1.0's features reply. */
enum ofperr ofp_port_desc_decode(const struct of_header *reply,
                                 void (*cb)(const struct ofp_port *, void *aux), void *aux);

/* OFPT_PORT_STATUS; `reason`: OFPPR_*. */
void ofp_port_status_encode(const struct ofp_port *, uint8_t reason, enum ofp_version,
                            struct buf *msg);
enum ofperr ofp_port_status_decode(const struct of_header *, struct ofp_port *, uint8_t *reason);

struct ofp_port_mod {
    uint32_t port_no;
    uint8_t hw_addr[6];
    bool has_hw_addr; /* Else it is not to be compared. */
    uint32_t config, mask;
    uint32_t advertise; /* 0: leave. */
};

enum ofperr ofp_port_mod_decode(const struct of_header *, struct ofp_port_mod *);
void ofp_port_mod_encode(const struct ofp_port_mod *, enum ofp_version, uint32_t xid,
                         struct buf *msg);

/* Features reply's fixed part; OpenFlow 1.0's ports and actions included. */
struct ofp_features {
    uint64_t datapath_id;
    uint32_t n_buffers;
    uint8_t n_tables;
    uint8_t auxiliary_id;
    uint32_t capabilities; /* OFPC_* */
    uint32_t actions;      /* OpenFlow 1.0: bitmap of OFPAT_*. */
    const struct ofp_port *ports;
    size_t n_ports;
};

/* In OpenFlow 1.0 with as many ports as there is room for; port descriptions have them all. */
void ofp_features_encode(const struct ofp_features *, enum ofp_version, uint32_t xid,
                         struct buf *msg);

/* ---- Errors -----------------------------------------------------------------------------------*/
/* Appends the error message that answers the request at `request` (its raw bytes, of which
 * OF_ERROR_DATA_MAX at most are sent back). */
void ofp_error_encode(enum ofperr, enum ofp_version, const void *request, size_t request_size,
                      struct buf *msg);

/* Reads an error message; the data that it carries stands in the message. */
enum ofperr ofp_error_decode(const struct of_header *, const void **data, size_t *size);

#endif
