/* SPDX-License-Identifier: Apache-2.0 */
/* Tables and packets through translation. The input is text, a flow a line or "group" and a group,
 * up to a NUL, then packets: a byte for the port, a byte for the size, the frame.
 *
 * It holds that every list is one that the fast path understands, that a trace changes nothing,
 * that packets which agree on the mask get the same list, also after each recirculation, and that
 * what packets teach can be applied. */
#include <arpa/inet.h>
#include <string.h>

#include "actions/actions.h"
#include "datapath/parse.h"
#include "ofproto/openflow.h"
#include "ofproto/parse.h"
#include "tests/fuzz/hold.h"
#include "tests/ofproto/random.h"
#include "tests/translation/fixture.h"

#define MAX_PACKETS 8
#define N_VARIANTS 4
#define MAX_RECIRC_DEPTH 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- Packets ---- */
static void
check_lists(const struct xlate_out *out)
{
    HOLD(out->n_runs >= 1 && out->n_runs <= XLATE_MAX_RUNS);
    for (uint32_t i = 0; i < out->n_runs; i++) {
        size_t end = i + 1 < out->n_runs ? out->run_starts[i + 1] : out->n_actions;
        size_t n = end - out->run_starts[i];
        struct dp_actions_error error;

        HOLD(out->run_starts[i] <= end);
        if (n && dp_actions_check(out->actions + out->run_starts[i], n, &error)) {
            fprintf(stderr, "action %zu: %s\n", error.at, error.text);
            HOLD(!"a list that the fast path understands");
        }
    }
}

static void
check_trace(struct fixture *fx, const struct flow *flow, const struct xlate_out *expected)
{
    struct buf trace = BUF_INITIALIZER;
    struct xlate_in in = {.bridge = &fx->bridge, .flow = *flow, .trace = &trace};

    xlate_out_clear(&fx->out, &fx->bridge);
    xlate(&in, &fx->out);
    HOLD(fx->out.n_actions == expected->n_actions);
    HOLD(fx->out.error == expected->error);
    HOLD(!memcmp(&fx->out.wc, &expected->wc, sizeof expected->wc));
    HOLD(trace.size);
    buf_destroy(&trace);
}

/* Changes bits that the mask does not cover. */
static struct flow
variant(const struct flow *flow, const struct flow *wc)
{
    struct flow other = *flow;

    for (size_t w = 0; w < DP_KEY_WORDS; w++)
        flow_words_rw(&other)[w] ^= random_u64() & random_u64() & ~flow_words(wc)[w];
    return other;
}

static void
expect_same_list(struct fixture *fx, const struct flow *flow, const char *list)
{
    char *other;

    fixture_xlate(fx, flow);
    other = fixture_actions(fx);
    if (strcmp(list, other)) {
        fprintf(stderr, "%s\ninstead of\n%s\n", other, list);
        fixture_print_flows(fx);
        HOLD(!"packets that agree on the mask get the same list");
    }
    free(other);
}

static void check_key(struct fixture *, const struct flow *, int depth);

/* The packets that the list sends around, as far as the key alone tells. */
static void
check_recirculated(struct fixture *fx, const struct flow *flow, const struct xlate_out *out,
                   int depth)
{
    for (size_t i = 0; i < out->n_ids; i++) {
        struct dp_key key = flow->key;
        struct flow other;

        if (!out->ids[i].is_recirc || depth >= MAX_RECIRC_DEPTH)
            continue;
        key.recirc_id = out->ids[i].id;
        if (xlate_flow_from_key(&fx->bridge, &key, &other))
            check_key(fx, &other, depth + 1);
    }
}

static void
check_key(struct fixture *fx, const struct flow *flow, int depth)
{
    struct xlate_out keep;
    char *list;

    fixture_xlate(fx, flow);
    check_lists(&fx->out);
    list = fixture_actions(fx);
    keep = fx->out; /* Holds the ids of the first translation. */
    xlate_out_init(&fx->out);
    check_trace(fx, flow, &keep);
    for (int i = 0; i < N_VARIANTS; i++) {
        struct flow other = variant(flow, &keep.wc);

        expect_same_list(fx, &other, list);
    }
    free(list);
    check_recirculated(fx, flow, &keep, depth);
    xlate_refs_pin(keep.refs, keep.n_refs);
    keep.is_pinned = true;
    xlate_effects_apply(keep.effects, keep.n_effects, &fx->bridge, ntohs(flow->key.tcp_flags), 0);
    xlate_out_destroy(&keep, &fx->bridge);
}

static void
check_packets(struct fixture *fx, const uint8_t *data, size_t size)
{
    for (int n = 0; n < MAX_PACKETS && size > 2; n++) {
        struct dp_key key = {.in_port = 101 + data[0] % FIXTURE_N_PORTS};
        size_t frame_size = MIN(data[1], size - 2);
        uint8_t *frame = xmemdup(data + 2, frame_size);
        struct flow flow;

        dp_parse(frame, frame_size, &key);
        free(frame);
        if (xlate_flow_from_key(&fx->bridge, &key, &flow))
            check_key(fx, &flow, 0);
        data += 2 + frame_size;
        size -= 2 + frame_size;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\0', size);
    size_t text_size = end ? (size_t)(end - data) : size;
    char *text = xmalloc(text_size + 1);
    struct fixture fx;

    memcpy(text, data, text_size);
    text[text_size] = '\0';
    random_seed(size);
    fixture_init(&fx);
    fixture_lines_if_valid(&fx, text);
    if (end)
        check_packets(&fx, end + 1, size - text_size - 1);
    fixture_destroy(&fx);
    free(text);
    return 0;
}
