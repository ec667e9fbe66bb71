/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the syntax of flows, groups and meters: whatever parses must go through every version
 * and print, and what is printed must parse again. */
#include "ofproto/openflow.h"
#include "ofproto/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_version(const struct ofp_flow_mod *fm, enum ofp_version version)
{
    static const struct ofp_decode_limits limits = {
        .max_ports = OFPORT_MAX, .n_tables = OFTABLE_ALL, .flow_mod_table_id = true};
    struct buf msg = BUF_INITIALIZER, ofpacts = BUF_INITIALIZER, out = BUF_INITIALIZER;
    struct of_header *decoded;
    struct ofp_flow_mod copy;
    struct of_arena arena;
    struct of_error error;

    of_arena_init(&arena, NULL, 0);
    ofp_flow_mod_encode(fm, version, 1, false, true, &msg);
    if (msg.size) {
        if (of_msg_decode(&arena, (const uint8_t *)msg.data, msg.size, &decoded, &error))
            abort();
        if (!ofp_flow_mod_decode(decoded, &limits, &ofpacts, &copy))
            ofp_flow_mod_format(&copy, NULL, &out);
    }
    buf_destroy(&msg);
    buf_destroy(&ofpacts);
    buf_destroy(&out);
    of_arena_destroy(&arena);
}

static void
check_flow(const char *line)
{
    struct buf ofpacts = BUF_INITIALIZER, again = BUF_INITIALIZER, out = BUF_INITIALIZER;
    struct ofp_flow_mod fm, copy;
    char *error = ofp_flow_mod_parse(line, OFPFC_ADD, NULL, &ofpacts, &fm);

    if (!error) {
        match_format(&fm.match, NULL, fm.priority, &out);
        buf_puts(&out, ",actions=");
        ofpacts_format(fm.ofpacts, fm.ofpacts_size, NULL, &out);
        error = ofp_flow_mod_parse(buf_text(&out), OFPFC_ADD, NULL, &again, &copy);
        check_version(&fm, OFP10);
        check_version(&fm, OFP13);
        check_version(&fm, OFP14);
        check_version(&fm, OFP15);
    }
    free(error);
    buf_destroy(&ofpacts);
    buf_destroy(&again);
    buf_destroy(&out);
}

static void
check_group(const char *line)
{
    struct ofp_group_mod gm;
    struct buf msg = BUF_INITIALIZER;
    char *error = ofp_group_mod_parse(line, OFPGC_ADD, NULL, &gm);

    if (!error) {
        ofp_group_mod_encode(&gm, OFP13, 1, &msg);
        ofp_group_mod_encode(&gm, OFP15, 1, &msg);
        ofp_group_mod_destroy(&gm);
    }
    free(error);
    buf_destroy(&msg);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = xmalloc(size + 1);
    struct ofp_meter_mod mm;

    memcpy(line, data, size);
    line[size] = '\0';
    check_flow(line);
    check_group(line);
    free(ofp_meter_mod_parse(line, OFPMC_ADD, &mm));
    free(line);
    return 0;
}
