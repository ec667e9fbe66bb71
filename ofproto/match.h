/* SPDX-License-Identifier: Apache-2.0 */
/* What a flow entry matches.
 *
 * Model: a struct match is a flow and a mask; bits of `flow` outside the mask are zero, so two
 * matches are equal when their bytes are. Each wire form (OpenFlow 1.0's fixed one, OXM, NXM) and
 * ovs-ofctl's text decode into it and are made from it; what a controller wrote in terms of one
 * version reads back in terms of the version that asks (dl_vlan=0xffff of 1.0 is vlan_tci
 * 0x0000/0x1fff is vlan_vid 0). A struct minimatch holds only the words that matter, for stored
 * rules.
 *
 * Errors: decoders return the OpenFlow error (ofproto/ofperr.h) and leave *match undefined.
 * Threads: plain data. Not here: priority, cookies (ofproto/messages.h); lookup (ofproto/tables).
 */
#ifndef SHUNT_OFPROTO_MATCH_H
#define SHUNT_OFPROTO_MATCH_H

#include "ofproto/field.h"
#include "ofproto/ofperr.h"

struct match {
    struct flow flow;
    struct flow mask;
};

void match_init_catchall(struct match *);
bool match_is_catchall(const struct match *);
bool match_equal(const struct match *, const struct match *);
uint32_t match_hash(const struct match *, uint32_t seed);

/* True when `packet` is inside. */
bool match_covers(const struct match *, const struct flow *packet);

/* Matches `value` under `mask` of the field, on top of what is there. */
void match_set_masked(struct match *, const struct field *, field_value value, field_value mask);
void match_set(struct match *, const struct field *, field_value value);

/* Which bits of the field are matched. As field_get_mask(), but tells tun_src from a whole
 * tun_ipv6_src by the values. */
field_value match_field_mask(const struct match *, const struct field *);

/* True when everything that `narrow` matches, `wide` matches: a non-strict modify or delete. */
bool match_is_subset(const struct match *narrow, const struct match *wide);

/* True when some packet can match both (check_overlap). */
bool match_overlaps(const struct match *, const struct match *);

/* Drops what cannot have a meaning: fields whose prerequisites are not matched. OpenFlow 1.0 says
 * that such fields are ignored (section 3.4). Returns true if that changed anything. */
bool match_normalize(struct match *);

/* ---- Compact form -----------------------------------------------------------------------------*/
/* words[0..n) are values, words[n..2n) masks, of the flow words that `map` has bits for. */
struct minimatch {
    uint64_t map;
    uint64_t *words;
};

void minimatch_init(struct minimatch *, const struct match *);
void minimatch_clone(struct minimatch *, const struct minimatch *);
void minimatch_destroy(struct minimatch *);
void minimatch_expand(const struct minimatch *, struct match *);
bool minimatch_equal(const struct minimatch *, const struct minimatch *);
uint32_t minimatch_hash(const struct minimatch *, uint32_t seed);
bool minimatch_covers(const struct minimatch *, const struct flow *packet);
bool minimatch_is_subset(const struct minimatch *narrow, const struct match *wide);
bool minimatch_overlaps(const struct minimatch *, const struct minimatch *);

static inline unsigned int
minimatch_n_words(const struct minimatch *mm)
{
    return (unsigned int)__builtin_popcountll(mm->map);
}

/* ---- Wire -------------------------------------------------------------------------------------*/
/* From and to the generated structs (ofproto/openflow.h). What encoders make lies in the arena. */
struct of_arena;
struct of_match;
struct of_oxm_list;

/* Decodes OXM or NXM fields. With `loose`, prerequisites need not be there, and fields that are
 * not known are skipped (a packet's metadata). `*cookie` and `*cookie_mask` take NXM_NX_COOKIE if
 * they are not NULL. */
enum ofperr match_decode_oxm(const struct of_oxm_list *, bool loose, struct match *,
                             uint64_t *cookie, uint64_t *cookie_mask);

/* Makes the fields in which `version` says the match (NXM's for OpenFlow 1.0), prerequisites
 * first. */
void match_encode_oxm(const struct match *, enum ofp_version version, struct of_arena *,
                      struct of_oxm_list *);

/* The metadata of a packet, as packet-in messages carry it: in_port, and each pipeline field that
 * is not zero. */
void match_encode_metadata(const struct flow *, enum ofp_version version, struct of_arena *,
                           struct of_oxm_list *);

/* The match of a message: OpenFlow 1.0's fixed one, or a list of OXM. The encoder returns false if
 * 1.0 cannot say the match (as much of it as it can is written). */
enum ofperr match_decode(const struct of_match *, enum ofp_version version, struct match *);
bool match_encode(const struct match *, enum ofp_version version, struct of_arena *,
                  struct of_match *);

/* ---- Text -------------------------------------------------------------------------------------*/
/* Appends the match as `ovs-ofctl dump-flows` prints it: "priority=5,ip,nw_src=10.0.0.0/8". A
 * `priority` of 32768 (OFPRIORITY_DEFAULT) or below 0 is left out; nothing is appended for a
 * match of everything. */
void match_format(const struct match *, const struct ofp_port_names *, int priority,
                  struct buf *out);

/* Takes one KEY=VALUE, or one KEY such as "tcp" (then `value` is NULL). `*known` says if the key
 * was one of a match. Returns NULL or a message for the user (to be freed). */
char *match_parse_key(struct match *, const char *key, const char *value,
                      const struct ofp_port_names *, bool *known);

/* A message, to be freed, if a field's prerequisites are not matched; else NULL. */
char *match_check_prereqs(const struct match *);

/* Parses a whole match, "in_port=1,tcp,tp_dst=80". Returns NULL or a message (to be freed). */
char *match_parse(struct match *, const char *text, const struct ofp_port_names *);

#endif
