/* SPDX-License-Identifier: Apache-2.0 */
#include "slowpath/changes.h"

#include <arpa/inet.h>

#include "slowpath/internal.h"

void
changes_init(struct changes *changes)
{
    memset(changes, 0, sizeof *changes);
    pthread_mutex_init(&changes->lock, NULL);
    atomic_init(&changes->seq, 1);
    changes->broad_seq = 1;
}

/* Forgets the entries up to `n`, oldest first. */
static void
drop_entries(struct changes *changes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        rule_unref(changes->entries[i].rule);
    changes->n -= n;
    memmove(changes->entries, changes->entries + n, changes->n * sizeof changes->entries[0]);
}

void
changes_destroy(struct changes *changes)
{
    drop_entries(changes, changes->n);
    pthread_mutex_destroy(&changes->lock);
}

/* ---- Adding -----------------------------------------------------------------------------------*/
static void
become_broad(struct changes *changes, uint64_t seq)
{
    drop_entries(changes, changes->n);
    changes->broad_seq = seq;
}

static void
add_entry(struct changes *changes, struct change_entry entry)
{
    if (changes->n == CHANGES_MAX)
        become_broad(changes, entry.seq);
    if (entry.seq > changes->broad_seq)
        changes->entries[changes->n++] = entry;
    else
        rule_unref(entry.rule);
}

void
changes_add_broad(struct changes *changes)
{
    pthread_mutex_lock(&changes->lock);
    become_broad(changes, atomic_load(&changes->seq) + 1);
    atomic_fetch_add(&changes->seq, 1);
    pthread_mutex_unlock(&changes->lock);
}

void
changes_add_rule(struct changes *changes, const struct ofproto *ofproto, struct rule *rule)
{
    pthread_mutex_lock(&changes->lock);
    add_entry(changes, (struct change_entry){.seq = atomic_load(&changes->seq) + 1,
                                             .ofproto = ofproto,
                                             .rule = rule_ref(rule)});
    pthread_mutex_unlock(&changes->lock);
}

void
changes_end_rules(struct changes *changes)
{
    pthread_mutex_lock(&changes->lock);
    atomic_fetch_add(&changes->seq, 1);
    pthread_mutex_unlock(&changes->lock);
}

void
changes_add_mac(struct changes *changes, const struct ofproto *ofproto, uint16_t vlan,
                const uint8_t mac[6])
{
    struct change_entry entry = {.ofproto = ofproto, .vlan = vlan};

    memcpy(entry.mac, mac, sizeof entry.mac);
    pthread_mutex_lock(&changes->lock);
    entry.seq = atomic_load(&changes->seq) + 1;
    add_entry(changes, entry);
    atomic_fetch_add(&changes->seq, 1);
    pthread_mutex_unlock(&changes->lock);
}

void
changes_forget(struct changes *changes, const struct ofproto *ofproto)
{
    pthread_mutex_lock(&changes->lock);
    for (uint32_t i = 0; i < changes->n; i++) {
        if (changes->entries[i].ofproto == ofproto) {
            become_broad(changes, atomic_load(&changes->seq));
            break;
        }
    }
    pthread_mutex_unlock(&changes->lock);
}

/* ---- Asking -----------------------------------------------------------------------------------*/
static bool
is_of_bridge(const struct change_entry *entry, const struct ukey *ukey)
{
    return ukey->bridge->xlate.ofproto == entry->ofproto;
}

static bool
may_concern(const struct change_entry *entry, const struct ukey *ukey)
{
    uint8_t table_id;

    if (!is_of_bridge(entry, ukey))
        return false;
    if (!entry->rule)
        return ukey->is_normal;
    if (ukey->asks_to_learn)
        return true;
    table_id = entry->rule->table_id;
    return ukey->tables[table_id / 64] >> table_id % 64 & 1;
}

/* The flow as far as the megaflow fixes it, and which bits that are. The registers and metadata
 * start at zero; in_port follows from the key. */
static void
known_flow(const struct ukey *ukey, const struct dp_key *key, const struct dp_key *mask,
           struct flow *flow, struct flow *known)
{
    memset(known, 0xff, sizeof *known);
    xlate_flow_from_key(&ukey->bridge->xlate, key, flow);
    known->key = *mask;
    known->actset_output = known->conj_id = 0;
    for (size_t w = 0; w < FLOW_WORDS; w++) {
        if (ukey->written >> w & 1)
            flow_words_rw(known)[w] = 0;
    }
}

static bool
contradicts(const struct rule *rule, const struct flow *flow, const struct flow *known)
{
    const struct minimask *mask = rule->cls.mask;

    for (size_t i = 0; i < mask->n_words; i++) {
        size_t w = mask->words[i];

        if ((flow_words(flow)[w] ^ rule->cls.values[i]) & mask->bits[i] & flow_words(known)[w])
            return true;
    }
    return false;
}

/* NORMAL looks at the VLAN id and the destination; known as far as nobody wrote them. */
static bool
asks_for_mac(const struct change_entry *entry, const struct flow *flow, const struct flow *known)
{
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    bool is_dst_known = !memcmp(known->key.eth_dst, all, sizeof all);
    bool is_vid_known = (known->key.vlan[0].tci & htons(0x0fff)) == htons(0x0fff);

    if (is_dst_known && memcmp(flow->key.eth_dst, entry->mac, sizeof entry->mac))
        return false;
    return !is_vid_known || (ntohs(flow->key.vlan[0].tci) & 0xfff) == entry->vlan;
}

static bool
concerns(const struct change_entry *entry, const struct flow *flow, const struct flow *known)
{
    return entry->rule ? !contradicts(entry->rule, flow, known) : asks_for_mac(entry, flow, known);
}

/* Calls for each entry that ukey has yet to be held against, newest first, until one says yes. */
static bool
any_entry(struct changes *changes, const struct ukey *ukey, const struct flow *flow,
          const struct flow *known)
{
    bool found;

    pthread_mutex_lock(&changes->lock);
    found = !ukey->bridge || ukey->seq < changes->broad_seq;
    for (uint32_t i = changes->n; !found && i-- > 0;) {
        const struct change_entry *entry = &changes->entries[i];

        if (entry->seq <= ukey->seq)
            break;
        found = may_concern(entry, ukey) &&
                (!flow || ukey->asks_to_learn || concerns(entry, flow, known));
    }
    pthread_mutex_unlock(&changes->lock);
    return found;
}

bool
changes_may_concern(struct changes *changes, const struct ukey *ukey)
{
    return any_entry(changes, ukey, NULL, NULL);
}

bool
changes_concern(struct changes *changes, const struct ukey *ukey, const struct dp_key *key,
                const struct dp_key *mask)
{
    struct flow flow, known;

    if (!ukey->bridge)
        return true;
    known_flow(ukey, key, mask, &flow, &known);
    return any_entry(changes, ukey, &flow, &known);
}
