/* SPDX-License-Identifier: Apache-2.0 */
/* Flow lines: text to internal form, to each version's bytes, and back; and as ovs-ofctl prints
 * them, which is asked if it is installed. The lines stand in tests/ofproto/flow-lines.txt. */
#include "tests/ofproto/wire.h"

#include <unistd.h>

#define MAX_LINES 1000

struct flow_line {
    char *text;
    char *except; /* " 1.0 1.3: why", "" for none. */
};

static struct flow_line lines[MAX_LINES];
static size_t n_lines;

static void
load_lines(void)
{
    const char *dir = getenv("top_srcdir");
    char path[512], line[4096];
    FILE *stream;

    if (n_lines)
        return;
    snprintf(path, sizeof path, "%s/tests/ofproto/flow-lines.txt", dir ? dir : ".");
    stream = fopen(path, "r");
    assert_non_null(stream);
    while (fgets(line, sizeof line, stream) && n_lines < MAX_LINES) {
        char *tab = strchr(line, '\t');

        line[strcspn(line, "\n")] = '\0';
        if (*line == '#' || !*line)
            continue;
        if (tab)
            *tab++ = '\0';
        lines[n_lines].text = xstrdup(line);
        lines[n_lines++].except = xstrdup(tab ? tab : "");
    }
    fclose(stream);
    assert_true(n_lines > 200);
}

/* Parses a line, which must be right. */
static void
parse(const char *text, struct buf *ofpacts, struct ofp_flow_mod *fm)
{
    char *error = ofp_flow_mod_parse(text, OFPFC_ADD, NULL, ofpacts, fm);

    if (error)
        print_error("%s: %s\n", text, error);
    assert_null(error);
}

/* Encodes in the version, decodes, and returns what is printed for it. */
static enum ofperr
through_wire(const struct ofp_flow_mod *fm, enum ofp_version version, struct buf *ofpacts,
             struct ofp_flow_mod *copy)
{
    struct buf msg = BUF_INITIALIZER;
    struct of_arena arena;
    enum ofperr error;

    of_arena_init(&arena, NULL, 0);
    ofp_flow_mod_encode(fm, version, 1, false, true, &msg);
    error = ofp_flow_mod_decode(wire_decode(&msg, &arena), &wire_limits, ofpacts, copy);
    of_arena_destroy(&arena);
    buf_destroy(&msg);
    return error;
}

static void
print(const struct ofp_flow_mod *fm, struct buf *out)
{
    match_format(&fm->match, NULL, fm->priority, out);
    buf_puts(out, ",actions=");
    ofpacts_format(fm->ofpacts, fm->ofpacts_size, NULL, out);
}

static void
text_prints_as_text_that_means_the_same(void **state)
{
    (void)state;
    load_lines();
    for (size_t i = 0; i < n_lines; i++) {
        struct buf ofpacts = BUF_INITIALIZER, again = BUF_INITIALIZER;
        struct buf out = BUF_INITIALIZER, second = BUF_INITIALIZER;
        struct ofp_flow_mod fm, copy;

        parse(lines[i].text, &ofpacts, &fm);
        print(&fm, &out);
        parse(buf_text(&out), &again, &copy);
        print(&copy, &second);
        assert_true(match_equal(&fm.match, &copy.match));
        assert_string_equal(buf_text(&out), buf_text(&second));
        buf_destroy(&ofpacts);
        buf_destroy(&again);
        buf_destroy(&out);
        buf_destroy(&second);
    }
}

/* What a version made of a flow comes back from that version unchanged. */
static void
check_stable(const char *text, enum ofp_version version)
{
    struct buf first = BUF_INITIALIZER, second = BUF_INITIALIZER, third = BUF_INITIALIZER;
    struct ofp_flow_mod fm, once, twice;

    parse(text, &first, &fm);
    if (through_wire(&fm, version, &second, &once))
        goto done; /* Not all can be said, or accepted, in each version. */
    assert_int_equal(through_wire(&once, version, &third, &twice), OFPERR_OK);
    if (!match_equal(&once.match, &twice.match) || second.size != third.size ||
        (third.size && memcmp(second.data, third.data, third.size))) {
        print_error("version %d changes %s\n", version, text);
        fail();
    }
    if (version > OFP10 && !match_equal(&fm.match, &once.match) && !strstr(text, "vlan_tci=0,") &&
        !strstr(text, "dl_vlan=0xffff")) {
        print_error("version %d loses some of the match of %s\n", version, text);
        fail();
    }
done:
    buf_destroy(&first);
    buf_destroy(&second);
    buf_destroy(&third);
}

static void
each_version_keeps_what_it_can_say(void **state)
{
    (void)state;
    load_lines();
    for (size_t v = 0; v < ARRAY_SIZE(wire_versions); v++)
        for (size_t i = 0; i < n_lines; i++)
            check_stable(lines[i].text, wire_versions[v]);
}

/* ---- Against ovs-ofctl ------------------------------------------------------------------------*/
/* Writes the lines that the version prints as we do into a file, runs ovs-ofctl on it, and
 * compares its lines with ours. */
static void
compare_with_oracle(enum ofp_version version, const char *name, const char *option)
{
    char path[] = "/tmp/shunt-flows-XXXXXX", command[256], line[8192];
    int fd = mkstemp(path);
    FILE *stream = fdopen(fd, "w");
    size_t used[MAX_LINES], n_used = 0, n = 0;

    load_lines();
    for (size_t i = 0; i < n_lines; i++)
        if (!strstr(lines[i].except, name)) {
            fprintf(stream, "%s\n", lines[i].text);
            used[n_used++] = i;
        }
    fclose(stream);
    snprintf(command, sizeof command, "ovs-ofctl -O %s parse-flows %s 2>/dev/null", option, path);
    stream = popen(command, "r");
    while (fgets(line, sizeof line, stream)) {
        struct buf ofpacts = BUF_INITIALIZER, again = BUF_INITIALIZER, out = BUF_INITIALIZER;
        char *theirs = strstr(line, "): ADD ");
        struct ofp_flow_mod fm, copy;

        if (!theirs)
            continue;
        theirs += 3;
        theirs[strcspn(theirs, "\n")] = '\0';
        if (!strncmp(theirs, "ADD table:255 ", 14)) /* It gave no table. */
            memmove(theirs + 4, theirs + 14, strlen(theirs + 14) + 1);
        assert_true(n < n_used);
        parse(lines[used[n]].text, &ofpacts, &fm);
        assert_int_equal(through_wire(&fm, version, &again, &copy), OFPERR_OK);
        ofp_flow_mod_format(&copy, NULL, &out);
        if (strcmp(buf_text(&out), theirs)) {
            print_error("%s\novs-ofctl: %s\nours:      %s\n", lines[used[n]].text, theirs,
                        buf_text(&out));
            fail();
        }
        n++;
        buf_destroy(&ofpacts);
        buf_destroy(&again);
        buf_destroy(&out);
    }
    pclose(stream);
    unlink(path);
    assert_int_equal(n, n_used);
}

static void
need_ovs_ofctl(void)
{
    if (system("ovs-ofctl --version >/dev/null 2>&1")) {
        print_message("# ovs-ofctl is not installed: nothing to compare with\n");
        skip();
    }
}

static void
prints_as_ovs_ofctl_in_1_0(void **state)
{
    (void)state;
    need_ovs_ofctl();
    compare_with_oracle(OFP10, "1.0", "OpenFlow10");
}

static void
prints_as_ovs_ofctl_in_1_3(void **state)
{
    (void)state;
    need_ovs_ofctl();
    compare_with_oracle(OFP13, "1.3", "OpenFlow13");
}

static void
prints_as_ovs_ofctl_in_1_4(void **state)
{
    (void)state;
    need_ovs_ofctl();
    compare_with_oracle(OFP14, "1.4", "OpenFlow14");
}

static void
prints_as_ovs_ofctl_in_1_5(void **state)
{
    (void)state;
    need_ovs_ofctl();
    compare_with_oracle(OFP15, "1.5", "OpenFlow15");
}

/* ---- Errors -----------------------------------------------------------------------------------*/
static const struct {
    const char *line, *message;
} bad_lines[] = {
    {"", "actions are missing"},
    {"ip", "actions are missing"},
    {"foo=1,actions=drop", "foo at 1: it is neither a field nor a key"},
    {"ip,nw_src=1.2.3,actions=drop", "nw_src at 4: ip_src: \"1.2.3\" is no IPv4 address"},
    {"ip,nw_src=1.2.3.4/33,actions=drop", "\"33\" is no mask"},
    {"nw_src=1.2.3.4,actions=drop", "nw_src: matching it needs ip too"},
    {"tp_dst=80,actions=drop", "needs tcp, udp or sctp too"},
    {"tcp,tp_dst=65536,actions=drop", "65536 is too large: the field has 16 bits"},
    {"ip,nw_ttl=1/1,actions=drop", "takes no mask"},
    {"dl_src=1:2,actions=drop", "is no Ethernet address"},
    {"dl_vlan=5000,actions=drop", "5000 is too large"},
    {"in_port=nosuch,actions=drop", "\"nosuch\" is no port"},
    {"table=300,actions=drop", "table at 1: table: 300 is too large, at most 255"},
    {"priority=-1,actions=drop", "\"-1\" is no number"},
    {"idle_timeout=70000,actions=drop", "70000 is too large, at most 65535"},
    {"cookie=1/1,actions=drop", "takes no mask"},
    {"in_port,actions=drop", "in_port needs a value"},
    {"actions=", NULL},
    {"actions=drop,output:1", "drop stands with no other action"},
    {"actions=frobnicate", "frobnicate at 1: it is no action"},
    {"actions=output:1,frobnicate:3", "frobnicate at 10: it is no action"},
    {"actions=output:nosuch", "neither a port nor a field"},
    {"actions=output(port=1)", "a max_len of at least 14"},
    {"actions=clone(output:1", "\"(\" at 14 without \")\""},
    {"actions=output:1)", "without \"(\""},
    {"actions=set_field:1->nosuch", "\"nosuch\" is no field"},
    {"actions=set_field:1", "write set_field:VALUE"},
    {"actions=set_field:1->ip_frag", "ip_frag cannot be written"},
    {"actions=set_field:1.2.3.4->ip_src", "match its protocol"},
    {"actions=load:4->reg0[0..1]", "does not fit into 2 bits"},
    {"actions=load:4->reg0[0..40]", "not in a field of 32 bits"},
    {"actions=move:reg0[]->reg1[0..3]", "has 32 bits"},
    {"actions=push_vlan:0x1234", "is no VLAN's Ethernet type"},
    {"actions=mod_vlan_vid:4096", "is no VLAN id"},
    {"ip,actions=mod_nw_tos:1", "is no TOS"},
    {"table=5,actions=goto_table:5", "must go to a higher table"},
    {"actions=goto_table:1,output:1", "the order must be"},
    {"actions=goto_table:1,goto_table:2", "twice"},
    {"actions=apply_actions(output:1)", "write the actions without it"},
    {"actions=write_actions(learn())", "learn cannot be in an action set"},
    {"actions=clone(goto_table:3)", "an instruction cannot stand here"},
    {"actions=conjunction(1,3/2)", "clause 3 is not among 1 to 2"},
    {"actions=conjunction(1,1/2),output:1", "conjunction stands with no other"},
    {"actions=resubmit()", "a port or a table is needed"},
    {"actions=enqueue:1", "write enqueue:PORT:QUEUE"},
    {"actions=learn(table=1,nosuch=3)", "\"nosuch\" is unknown"},
    {"actions=ct(force)", "force needs commit"},
    {"ip,actions=ct(nat(src=1.2.3.4,dst))", "exclude each other"},
    {"ip,actions=ct(zone=reg0[0..3])", "16 are needed"},
    {"actions=note:xyz", "no run of bytes"},
    {"actions=controller(reason=bogus)", "is no reason"},
    {"actions=multipath(eth_src,0,modulo_n,99,0,reg0[0..3])", "do not fit into 4 bits"},
    {"actions=ct_clear(3)", "takes no argument"},
};

static void
what_is_wrong_is_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad_lines); i++) {
        struct buf ofpacts = BUF_INITIALIZER;
        struct ofp_flow_mod fm;
        char *error = ofp_flow_mod_parse(bad_lines[i].line, OFPFC_ADD, NULL, &ofpacts, &fm);

        if (!bad_lines[i].message) {
            assert_no_message(error);
        } else if (!error || !strstr(error, bad_lines[i].message)) {
            print_error("%s\nsays: %s\nnot: %s\n", bad_lines[i].line, error ? error : "(nothing)",
                        bad_lines[i].message);
            fail();
        } else {
            assert_int_equal(ofpacts.size, 0);
        }
        free(error);
        buf_destroy(&ofpacts);
    }
}

static void
deletions_take_filters(void **state)
{
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofp_flow_stats_request request;
    struct ofp_flow_mod fm;
    char *error;

    (void)state;
    assert_no_message(ofp_flow_mod_parse("cookie=0x10/-1,table=3,out_port=LOCAL,out_group=4,ip",
                                         OFPFC_DELETE, NULL, &ofpacts, &fm));
    assert_int_equal(fm.cookie, 0x10);
    assert_true(fm.cookie_mask == UINT64_MAX);
    assert_int_equal(fm.out_port, OFPORT_LOCAL);
    assert_int_equal(fm.out_group, 4);
    assert_int_equal(fm.table_id, 3);
    error = ofp_flow_mod_parse("ip,actions=drop", OFPFC_DELETE, NULL, &ofpacts, &fm);
    assert_non_null(error);
    free(error);
    error = ofp_flow_mod_parse("ip,priority=3", OFPFC_DELETE, NULL, &ofpacts, &fm);
    assert_non_null(error);
    free(error);
    assert_no_message(
        ofp_flow_mod_parse_line("delete_strict priority=7,ip", OFPFC_ADD, NULL, &ofpacts, &fm));
    assert_int_equal(fm.command, OFPFC_DELETE_STRICT);
    assert_int_equal(fm.priority, 7);
    assert_no_message(ofp_flow_stats_request_parse("tcp,cookie=5", NULL, &request));
    assert_int_equal(request.cookie, 5);
    assert_int_equal(request.table_id, OFTABLE_ALL);
    buf_destroy(&ofpacts);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_prints_as_text_that_means_the_same),
        cmocka_unit_test(each_version_keeps_what_it_can_say),
        cmocka_unit_test(prints_as_ovs_ofctl_in_1_0),
        cmocka_unit_test(prints_as_ovs_ofctl_in_1_3),
        cmocka_unit_test(prints_as_ovs_ofctl_in_1_4),
        cmocka_unit_test(prints_as_ovs_ofctl_in_1_5),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(deletions_take_filters),
    };
    int status;

    status = UNIT_RUN(tests, argc, argv);
    for (size_t i = 0; i < n_lines; i++) {
        free(lines[i].text);
        free(lines[i].except);
    }
    return status;
}
