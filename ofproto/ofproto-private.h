/* SPDX-License-Identifier: Apache-2.0 */
/* What ofproto's own files share: changes that can be undone, and events.
 *
 * Model: every message is a transaction. Its steps take effect at once, under ofproto_lock held
 * for writing from txn_begin() to its end, and are noted; txn_commit() makes them final, raises
 * the version and queues events, txn_abort() undoes them from the last to the first. Devices and
 * the meters' provider hear of changes only when no message can fail any more. So a bundle
 * is a transaction of many messages, and no message needs to check all before it does anything.
 *
 * Threads: a transaction belongs to one. See ofproto/ofproto.h. */
#ifndef SHUNT_OFPROTO_OFPROTO_PRIVATE_H
#define SHUNT_OFPROTO_OFPROTO_PRIVATE_H

#include "ofproto/ofproto.h"
#include "ofproto/rule-actions.h"

/* ---- Rules ------------------------------------------------------------------------------------*/
/* One mention of a group or meter by a rule, in the list of the group or meter. */
struct rule_use {
    struct list link;
    size_t *n_uses; /* Of that group or meter; NULL while the rule is not installed. */
    struct rule *rule;
};

struct rule_uses {
    size_t n;
    struct rule_use items[];
};

/* What a modification can change. Owned by whoever has the struct. */
struct rule_contents {
    struct rule_actions *actions;
    uint64_t cookie;
    uint16_t idle_timeout_s, hard_timeout_s;
    uint16_t importance;
    uint16_t flags;
    int64_t created_ms, modified_ms;
    bool is_learned;
};

/* A rule with one reference and one pin, both the table's, and no contents. */
struct rule *rule_create(struct ofproto *, struct table *, const struct match *, int32_t priority,
                         int64_t now_ms);
/* Copies the contents, with a reference to the actions. */
void rule_get_contents(const struct rule *, struct rule_contents *);
/* Exchanges the rule's contents, in the table or not yet, for `contents`. */
void rule_swap_contents(struct rule *, struct rule_contents *contents);
void rule_contents_destroy(struct rule_contents *);
/* Which timeout has passed: OFPRR_* */
uint8_t rule_expiry_reason(const struct rule *, int64_t now_ms);
/* Puts the rule into the heap of deadlines as its timeouts say, or takes it out. */
void rule_arm(struct rule *);
/* The same, but as if it had no idle timeout before then. */
void rule_arm_later(struct rule *, int64_t ms);
void rule_disarm(struct rule *);

/* Into and out of its table and all that goes with it. The table's references stay. */
void rule_install(struct rule *);
void rule_uninstall(struct rule *);

/* ---- Transactions -----------------------------------------------------------------------------*/
enum change_kind {
    CHANGE_RULE_ADDED,
    CHANGE_RULE_MODIFIED,
    CHANGE_RULE_REMOVED,
    CHANGE_GROUP_ADDED,
    CHANGE_GROUP_MODIFIED,
    CHANGE_GROUP_REMOVED,
    CHANGE_METER_ADDED,
    CHANGE_METER_MODIFIED,
    CHANGE_METER_REMOVED,
    CHANGE_PORT_CONFIG,
};

/* Removed without a flow-removed; a replacement's event is the new one's. */
#define REASON_REPLACED UINT8_MAX
#define REASON_FLUSHED (UINT8_MAX - 1)

struct change {
    enum change_kind kind;
    uint8_t reason; /* RULE_REMOVED: OFPRR_*, REASON_REPLACED, REASON_FLUSHED. */
    uint8_t event;  /* RULE_*: enum flow_event_kind that monitors hear of. */
    bool is_quiet;  /* Translation does not see a difference. */
    uint32_t xid;
    union {
        struct {
            struct rule *rule;
            struct rule_contents *old;    /* RULE_MODIFIED */
            struct rule_stats *old_stats; /* RULE_MODIFIED with counters reset; or NULL. */
            struct rule *replaced;        /* RULE_ADDED: whose place it takes; or NULL. */
        };
        struct {
            struct group *group;
            struct group_contents *old_group; /* GROUP_MODIFIED */
        };
        struct {
            struct meter *meter;
            struct ofp_meter_config *old_meter; /* METER_MODIFIED */
        };
        struct {
            uint32_t port_no;
            uint32_t old_config;
            bool is_applied; /* The device has it. */
        };
    };
    size_t msg; /* Of the transaction's messages: the one that this is of. */
};

struct txn {
    struct ofproto *ofproto;
    struct ofproto_origin origin; /* With the xid of the message at hand. */
    int64_t now_ms;
    int64_t first_deadline; /* As it was at the beginning. */
    struct change *changes;
    size_t n, max;
    size_t msg; /* The message at hand. */
};

/* Raises the version when only flow entries changed. */
void ofproto_rules_changed(struct ofproto *);

/* Takes ofproto_lock. `origin` NULL: the switch itself. */
void txn_begin(struct txn *, struct ofproto *, const struct ofproto_origin *origin);
/* Both give the lock back. */
void txn_commit(struct txn *);
void txn_abort(struct txn *);
/* Commits without an error, else aborts; returns the error. When a device refuses its port's
 * configuration, that is an error, of the message txn->msg. */
enum ofperr txn_end(struct txn *, enum ofperr error);
struct change *txn_note(struct txn *, enum change_kind);

/* Takes over the rule with its contents, and a reference to the rule, removed just now, whose
 * place it takes (`replaced`; or NULL). */
void txn_add_rule(struct txn *, struct rule *, struct rule *replaced);
/* Takes over the contents. */
void txn_modify_rule(struct txn *, struct rule *, const struct rule_contents *,
                     enum flow_event_kind event, bool reset_counts);
void txn_remove_rule(struct txn *, struct rule *, uint8_t reason);

/* One message as part of a transaction. With an error the transaction must be aborted. */
enum ofperr flow_mod_do(struct txn *, const struct ofp_flow_mod *);
enum ofperr group_mod_do(struct txn *, const struct ofp_group_mod *);
/* Makes a meter of this number of the provider, which may be there already. */
enum ofperr meter_restore(struct txn *, const struct ofp_meter_config *, uint32_t provider_id,
                          int64_t created_ms);
enum ofperr meter_mod_do(struct txn *, const struct ofp_meter_mod *);
enum ofperr port_mod_do(struct txn *, const struct ofp_port_mod *);

/* Whether each group and meter that the list names exists. */
enum ofperr check_targets(const struct ofproto *, const struct ofpact *, size_t size,
                          enum ofp_version);

/* ---- Many rules (ofproto-views.c) -------------------------------------------------------------*/
/* Puts them in the order of memory, which is mostly that of their coming: a million are walked
 * faster so. */
void rules_sort(struct rule **, size_t n);

/* ---- Egress tables (egress.c) -----------------------------------------------------------------*/
/* Whether the part of the pipeline that the table is in allows what the list says. */
enum ofperr egress_check_flow(uint8_t first_egress, uint8_t table_id, const struct ofpact *,
                              size_t size);
/* Notes in a list that rules share what the counts below ask. */
void egress_describe(struct rule_actions *);
/* A rule with these actions came into a table (1) or leaves it (-1). */
void egress_count(struct ofproto *, uint8_t table_id, const struct rule_actions *, int by);
/* Whether all flow entries are allowed where they are when egress processing starts there. Under
 * the lock. */
bool egress_fits_flows(const struct ofproto *, uint8_t first_egress);

/* ---- Groups -----------------------------------------------------------------------------------*/
/* What a group-mod can change. */
struct group_contents {
    uint8_t type;
    struct bucket **buckets;
    size_t n_buckets;
    struct ofp_group_props *props;
    int64_t modified_ms;
};

void group_swap_contents(struct group *, struct group_contents *);
void group_contents_destroy(struct group_contents *);
/* Into and out of ofproto's groups. The table's reference stays. */
void group_install(struct ofproto *, struct group *);
void group_uninstall(struct ofproto *, struct group *);
void group_remove_all(struct txn *);

/* ---- Meters -----------------------------------------------------------------------------------*/
/* Into and out of ofproto's meters; the provider's meter stays. */
void meter_install(struct ofproto *, struct meter *);
void meter_uninstall(struct ofproto *, struct meter *);
/* Has the provider make or change the meter as its configuration says. */
int meter_provide(struct ofproto *, struct meter *);
/* Also the provider's. */
void meter_destroy(struct ofproto *, struct meter *);

/* ---- Ports ------------------------------------------------------------------------------------*/
/* Without the device, which hears of it at the end of the transaction. */
void port_set_config(struct ofport *, uint32_t config);
void port_queue_status(struct ofproto *, const struct ofport *, uint8_t reason);
void ports_destroy(struct ofproto *);
void meters_destroy(struct ofproto *);

/* ---- Events -----------------------------------------------------------------------------------*/
enum queued_kind { QUEUED_FLOW, QUEUED_PORT, QUEUED_TABLE };

struct queued_event {
    struct list link; /* In ofproto's events. */
    enum queued_kind kind;
    union {
        struct flow_event flow;
        struct {
            struct ofport port;
            uint8_t port_reason;
        };
        struct {
            uint8_t table_id;
            uint8_t table_reason;
        };
    };
};

/* Takes over the event and the references of a QUEUED_FLOW. Any thread. */
void ofproto_queue_event(struct ofproto *, struct queued_event *);
/* A rule without pins: takes over its reference. Any thread. */
void ofproto_queue_final(struct ofproto *, struct rule *);

#endif
