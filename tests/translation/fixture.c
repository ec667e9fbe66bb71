/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/translation/fixture.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "actions/actions.h"
#include "ofproto/messages.h"
#include "ofproto/openflow.h"
#include "ofproto/openflow/constants.h"
#include "ofproto/parse.h"
#include "slowpath/internal.h"

/* ---- The bridge -------------------------------------------------------------------------------*/
static void
ignore_wake(void *aux)
{
    (void)aux;
}

static void
ignore_change(void *aux, struct ofproto *ofproto)
{
    (void)aux;
    (void)ofproto;
}

static int
accept_config(void *aux, struct ofproto *ofproto, const struct ofport *port)
{
    (void)aux;
    (void)ofproto;
    (void)port;
    return 0;
}

static void
ignore_port_status(void *aux, struct ofproto *ofproto, const struct ofport *port, uint8_t reason)
{
    (void)aux;
    (void)ofproto;
    (void)port;
    (void)reason;
}

static void
ignore_removed(void *aux, struct ofproto *ofproto, struct rule *rule, uint8_t reason)
{
    (void)aux;
    (void)ofproto;
    (void)rule;
    (void)reason;
}

static int
set_meter(void *aux, const struct ofp_meter_config *config, uint32_t *provider_id)
{
    (void)aux;
    *provider_id = config->meter_id + 1000;
    return 0;
}

static void
remove_meter(void *aux, uint32_t provider_id)
{
    (void)aux;
    (void)provider_id;
}

static const struct ofproto_meter_ops meter_ops = {
    .set = set_meter,
    .remove = remove_meter,
    .max_meters = 16,
    .max_bands = 4,
};

static const struct ofproto_ops ops = {
    .wake = ignore_wake,
    .changed = ignore_change,
    .flow_removed = ignore_removed,
    .port_status = ignore_port_status,
    .sync_stats = ignore_change,
    .port_config = accept_config,
    .meters = &meter_ops,
};

static void
add_port(struct fixture *fx, uint32_t number, uint32_t dp_port)
{
    struct ofport port = {.port_no = number, .dp_port = dp_port, .state = OFPPS_LIVE};

    if (number == OFPORT_LOCAL)
        snprintf(port.name, sizeof port.name, "br0");
    else
        snprintf(port.name, sizeof port.name, "p%u", number);
    assert_int_equal(ofproto_port_add(fx->ofproto, &port, &number), 0);
}

void
fixture_init(struct fixture *fx)
{
    const struct ofproto_options options = {.name = "br0", .datapath_id = 1};

    memset(fx, 0, sizeof *fx);
    fx->ofproto = ofproto_create(&options, &ops, NULL);
    for (uint32_t i = 1; i <= FIXTURE_N_PORTS; i++)
        add_port(fx, i, 100 + i);
    add_port(fx, OFPORT_LOCAL, FIXTURE_LOCAL_DP_PORT);
    fx->bridge = (struct xlate_bridge){
        .ofproto = fx->ofproto,
        .macs = mac_table_create(MAC_TABLE_MAX, MAC_TABLE_IDLE_MS, NULL, NULL),
        .recircs = ids_create(),
        .cookies = ids_create(),
        .number = 1,
    };
    xlate_out_init(&fx->out);
}

void
fixture_destroy(struct fixture *fx)
{
    xlate_out_destroy(&fx->out, &fx->bridge);
    mac_table_destroy(fx->bridge.macs);
    ids_destroy(fx->bridge.recircs);
    ids_destroy(fx->bridge.cookies);
    ofproto_destroy(fx->ofproto);
}

/* ---- Tables -----------------------------------------------------------------------------------*/
static void
expect_no_message(char *message)
{
    if (message) {
        print_error("%s\n", message);
        free(message);
        fail();
    }
}

static void
flow_mod(struct fixture *fx, const char *line, uint8_t command)
{
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofp_flow_mod fm;

    expect_no_message(ofp_flow_mod_parse(line, command, NULL, &ofpacts, &fm));
    assert_int_equal(ofproto_flow_mod(fx->ofproto, &fm, NULL), 0);
    buf_destroy(&ofpacts);
}

void
fixture_flows(struct fixture *fx, const char *lines)
{
    char *copy = strdup(lines), *save = NULL;

    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        flow_mod(fx, line, OFPFC_ADD);
    free(copy);
}

void
fixture_flow_if_valid(struct fixture *fx, const char *line)
{
    struct buf ofpacts = BUF_INITIALIZER;
    struct ofp_flow_mod fm;
    char *message = ofp_flow_mod_parse(line, OFPFC_ADD, NULL, &ofpacts, &fm);

    if (!message)
        ofproto_flow_mod(fx->ofproto, &fm, NULL);
    free(message);
    buf_destroy(&ofpacts);
}

/* By way of the wire, whose decoder checks more than the parser does. */
static enum ofperr
group_over_wire(const struct ofp_group_mod *gm, struct ofp_group_mod *decoded)
{
    const struct ofp_decode_limits limits = {.max_ports = OFPORT_MAX, .n_tables = OFTABLE_ALL};
    struct buf bytes = BUF_INITIALIZER;
    enum ofperr error = OFPERR_OFPBRC_BAD_LEN;
    struct of_header *msg;
    struct of_error failure;
    struct of_arena arena;

    of_arena_init(&arena, NULL, 0);
    ofp_group_mod_encode(gm, OFP15, 0, &bytes);
    if (!of_msg_decode(&arena, (const uint8_t *)bytes.data, bytes.size, &msg, &failure))
        error = ofp_group_mod_decode(msg, &limits, decoded);
    of_arena_destroy(&arena);
    buf_destroy(&bytes);
    return error;
}

static void
group_if_valid(struct fixture *fx, const char *line)
{
    struct ofp_group_mod gm, decoded;
    char *message = ofp_group_mod_parse(line, OFPGC_ADD, NULL, &gm);

    if (!message && !group_over_wire(&gm, &decoded)) {
        ofproto_group_mod(fx->ofproto, &decoded, NULL);
        ofp_group_mod_destroy(&decoded);
    }
    if (!message)
        ofp_group_mod_destroy(&gm);
    free(message);
}

void
fixture_lines_if_valid(struct fixture *fx, char *lines)
{
    char *save = NULL;

    for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (!strncmp(line, "group ", 6))
            group_if_valid(fx, line + 6);
        else
            fixture_flow_if_valid(fx, line);
    }
}

static bool
print_rule(void *aux, struct cls_rule *cls)
{
    const struct rule *rule = rule_from_cls(cls);
    struct buf text = BUF_INITIALIZER;
    struct match match;

    (void)aux;
    cls_rule_expand(cls, &match.flow, &match.mask);
    buf_printf(&text, "  table=%u,", rule->table_id);
    match_format(&match, NULL, cls->priority, &text);
    buf_puts(&text, " actions=");
    ofpacts_format(rule->ofpacts, rule->ofpacts_size, NULL, &text);
    print_error("%s\n", buf_text(&text));
    buf_destroy(&text);
    return true;
}

void
fixture_print_flows(const struct fixture *fx)
{
    const struct flow any = {0};

    for (unsigned int i = 0; i < fx->ofproto->n_tables; i++)
        classifier_visit(&fx->ofproto->tables[i].cls, &any, &any, print_rule, NULL);
}

void
fixture_del_flows(struct fixture *fx, const char *match)
{
    flow_mod(fx, match, OFPFC_DELETE);
}

void
fixture_group(struct fixture *fx, const char *line)
{
    struct ofp_group_mod gm;

    expect_no_message(ofp_group_mod_parse(line, OFPGC_ADD, NULL, &gm));
    assert_int_equal(ofproto_group_mod(fx->ofproto, &gm, NULL), 0);
    ofp_group_mod_destroy(&gm);
}

void
fixture_port_config(struct fixture *fx, uint32_t port, uint32_t config)
{
    struct ofp_port_mod pm = {.port_no = port, .config = config, .mask = UINT32_MAX};

    assert_int_equal(ofproto_port_mod(fx->ofproto, &pm, NULL), 0);
}

void
fixture_port_link(struct fixture *fx, uint32_t number, bool up)
{
    struct ofport port = *ofproto_port(fx->ofproto, number);

    port.state = up ? OFPPS_LIVE : OFPPS_LINK_DOWN;
    assert_int_equal(ofproto_port_update(fx->ofproto, &port), 0);
}

/* ---- Packets ----------------------------------------------------------------------------------*/
struct flow
fixture_packet(const struct fixture *fx, const char *text)
{
    const struct ofport *port;
    struct match match;

    expect_no_message(match_parse(&match, text, NULL));
    xlate_flow_complete(&match.flow);
    if (!match.flow.key.eth_type)
        match.flow.key.eth_type = htons(0x1234);
    port = ofproto_port(fx->ofproto, match.flow.in_port);
    match.flow.key.in_port = port ? port->dp_port : DP_NO_PORT;
    match.flow.in_phy_port = match.flow.in_port;
    match.flow.actset_output = OFPORT_UNSET;
    return match.flow;
}

/* ---- Results ----------------------------------------------------------------------------------*/
void
fixture_xlate(struct fixture *fx, const struct flow *flow)
{
    struct xlate_in in = {.bridge = &fx->bridge, .flow = *flow};

    xlate_out_clear(&fx->out, &fx->bridge);
    fx->flow = *flow;
    xlate(&in, &fx->out);
}

/* Ids are arbitrary: in the text the first one is id 1, and so on. */
static uint64_t
plain_id(const struct fixture *fx, uint64_t id)
{
    size_t n = 0;

    for (size_t i = 0; i < fx->out.n_ids; i++) {
        bool is_first = true;

        for (size_t j = 0; j < i; j++)
            is_first &= fx->out.ids[j].id != fx->out.ids[i].id;
        n += is_first;
        if (fx->out.ids[i].id == id)
            return n;
    }
    return id;
}

static char *
run_text(const struct fixture *fx, size_t start, size_t end)
{
    size_t n = end - start;
    struct dp_action *actions = xmemdup(n ? fx->out.actions + start : NULL, n * sizeof *actions);
    char *text;

    for (size_t i = 0; i < n; i++) {
        if (actions[i].kind == DP_ACTION_RECIRC)
            actions[i].arg32 = (uint32_t)plain_id(fx, actions[i].arg32);
        if (actions[i].kind == DP_ACTION_USERSPACE || actions[i].kind == DP_ACTION_DEC_TTL)
            actions[i].value = plain_id(fx, actions[i].value);
    }
    text = dp_actions_to_string(actions, n, &fx->flow.key);
    free(actions);
    return text;
}

char *
fixture_actions(const struct fixture *fx)
{
    struct buf text = BUF_INITIALIZER;

    for (uint32_t i = 0; i < fx->out.n_runs; i++) {
        size_t end = i + 1 < fx->out.n_runs ? fx->out.run_starts[i + 1] : fx->out.n_actions;
        char *run = run_text(fx, fx->out.run_starts[i], end);

        buf_printf(&text, "%s%s", i ? " | " : "", run);
        free(run);
    }
    return buf_steal(&text);
}

char *
fixture_megaflow(const struct fixture *fx, const struct flow *flow)
{
    struct buf text = BUF_INITIALIZER;
    struct dp_key masked;
    __u64 *words = (__u64 *)&masked;

    for (size_t w = 0; w < DP_KEY_WORDS; w++)
        words[w] = flow_words(flow)[w] & flow_words(&fx->out.wc)[w];
    megaflow_format(&masked, &fx->out.wc.key, &text);
    return buf_steal(&text);
}

void
fixture_check(struct fixture *fx, const char *packet, const char *actions, const char *megaflow)
{
    struct flow flow = fixture_packet(fx, packet);
    char *text;

    fixture_xlate(fx, &flow);
    if (actions) {
        text = fixture_actions(fx);
        assert_string_equal(text, actions);
        free(text);
    }
    if (megaflow) {
        text = fixture_megaflow(fx, &flow);
        assert_string_equal(text, megaflow);
        free(text);
    }
}
