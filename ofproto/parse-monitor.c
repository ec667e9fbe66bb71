/* SPDX-License-Identifier: Apache-2.0 */
/* Flow monitors and their updates, as people write and read them. */
#include <stdio.h>

#include "ofproto/openflow.h"
#include "ofproto/parse.h"
#include "ofproto/text.h"

static const struct {
    const char *key;
    uint16_t flag; /* That it clears. */
} monitor_flags[] = {
    {"!initial", OFPFMF_INITIAL},      {"!add", OFPFMF_ADD},
    {"!delete", OFPFMF_REMOVED},       {"!modify", OFPFMF_MODIFY},
    {"!actions", OFPFMF_INSTRUCTIONS}, {"!own", OFPFMF_NO_ABBREV},
};

/* Takes the key, of `size` bytes, if it is one of a monitor's own. */
static bool
take_flag(const char *key, size_t size, uint16_t *flags)
{
    for (size_t i = 0; i < ARRAY_SIZE(monitor_flags); i++) {
        if (strlen(monitor_flags[i].key) == size && !memcmp(monitor_flags[i].key, key, size)) {
            *flags &= (uint16_t)~monitor_flags[i].flag;
            return true;
        }
    }
    return false;
}

char *
ofp_flow_monitor_parse(const char *text, const struct ofp_port_names *names,
                       struct ofp_flow_monitor *fm)
{
    struct buf filter = BUF_INITIALIZER;
    struct ofp_flow_stats_request r;
    char *error = NULL;

    *fm = (struct ofp_flow_monitor){
        .command = OFPFMC_ADD,
        .flags = OFPFMF_INITIAL | OFPFMF_ADD | OFPFMF_REMOVED | OFPFMF_MODIFY |
                 OFPFMF_INSTRUCTIONS | OFPFMF_NO_ABBREV,
    };
    while (*text) {
        size_t size = strcspn(text, ",");

        if (*text == '!' && !take_flag(text, size, &fm->flags))
            error = text_error("\"%.*s\" is unknown; write !initial, !add, !delete, !modify, "
                               "!actions or !own",
                               (int)size, text);
        else if (*text != '!')
            buf_printf(&filter, "%s%.*s", filter.size ? "," : "", (int)size, text);
        if (error)
            break;
        text += size + (text[size] == ',');
    }
    if (!error)
        error = ofp_flow_stats_request_parse(buf_text(&filter), names, &r);
    if (!error && r.cookie_mask)
        error = text_error("a flow monitor does not choose by cookie");
    if (!error) {
        fm->match = r.match;
        fm->table_id = r.table_id;
        fm->out_port = r.out_port;
        fm->out_group = r.out_group;
    }
    buf_destroy(&filter);
    return error;
}

static void
put_reason(uint8_t reason, struct buf *out)
{
    static const char *const names[] = {"idle",         "hard",         "delete",
                                        "group_delete", "meter_delete", "eviction"};

    if (reason < ARRAY_SIZE(names))
        buf_printf(out, " reason=%s", names[reason]);
    else
        buf_printf(out, " reason=%u", reason);
}

void
ofp_flow_update_format(const struct ofp_flow_update *fu, const struct ofp_port_names *names,
                       struct buf *out)
{
    static const char *const events[] = {"INITIAL", "ADDED",  "DELETED", "MODIFIED",
                                         "ABBREV",  "PAUSED", "RESUMED"};
    size_t start;

    buf_printf(out, "event=%s", events[fu->event]);
    if (fu->event == OFPFME_ABBREV)
        buf_printf(out, " xid=0x%x", fu->xid);
    if (fu->event >= OFPFME_ABBREV)
        return;
    if (fu->event == OFPFME_REMOVED)
        put_reason(fu->reason, out);
    buf_printf(out, " table=%u", fu->table_id);
    if (fu->idle_timeout)
        buf_printf(out, " idle_timeout=%u", fu->idle_timeout);
    if (fu->hard_timeout)
        buf_printf(out, " hard_timeout=%u", fu->hard_timeout);
    buf_printf(out, " cookie=%#llx ", (unsigned long long)fu->cookie);
    start = out->size;
    match_format(&fu->match, names, fu->priority, out);
    if (out->size > start && fu->ofpacts_size)
        buf_putc(out, ' ');
    if (!fu->ofpacts_size) {
        buf_chomp(out, ' ');
        return;
    }
    buf_puts(out, "actions=");
    ofpacts_format(fu->ofpacts, fu->ofpacts_size, names, out);
}
