/* SPDX-License-Identifier: Apache-2.0 */
/* What flow-mods cost in the tables, without their messages: adding one by one, adding in one
 * bundle, modifying, dumping, deleting; and the memory that an entry takes.
 *
 *     bench/flow-table [N_FLOWS]...
 *
 * Entries match a 5-tuple and do one of 64 outputs. Prints nanoseconds of processor time an entry,
 * and bytes. */
#include <endian.h>
#include <malloc.h>
#include <stdio.h>

#include "bench/program.h"
#include "ofproto/openflow.h"

#include "lib/buf.h"
#include "lib/heap.h"
#include "ofproto/ofproto.h"

/* ---- A bridge that nobody listens to -------------------------------------------------------- */
static void
on_wake(void *aux)
{
    (void)aux;
}

static void
on_changed(void *aux, struct ofproto *ofproto)
{
    (void)aux;
    (void)ofproto;
}

static const struct ofproto_ops ops = {
    .wake = on_wake,
    .changed = on_changed,
    .sync_stats = on_changed,
};

/* ---- Work ----------------------------------------------------------------------------------- */
static size_t
heap_size(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* Flow-mod `i`: which match follows from a multiplication that does not repeat. */
static void
set_flow_mod(struct ofp_flow_mod *fm, uint32_t i, const struct buf outputs[64])
{
    struct dp_key *key = &fm->match.flow.key;
    uint64_t r = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

    key->ip_src = htobe32(0x0a000000 | (uint32_t)(r >> 40));
    key->ip_dst = htobe32(0xac100000 | (uint32_t)(r >> 8 & 0xfffff));
    key->tp_src = htobe16((uint16_t)i);
    key->tp_dst = htobe16((uint16_t)(i >> 16));
    fm->ofpacts = (const struct ofpact *)outputs[i % 64].data;
    fm->ofpacts_size = outputs[i % 64].size;
}

static void
init_flow_mod(struct ofp_flow_mod *fm)
{
    struct dp_key *key = &fm->match.flow.key, *mask = &fm->match.mask.key;

    memset(fm, 0, sizeof *fm);
    fm->command = OFPFC_ADD;
    fm->priority = 100;
    fm->out_port = OFPORT_ANY;
    fm->out_group = OFGROUP_ANY;
    key->eth_type = htobe16(0x0800);
    key->ip_proto = 6;
    mask->eth_type = mask->tp_src = mask->tp_dst = 0xffff;
    mask->ip_src = mask->ip_dst = UINT32_MAX;
    mask->ip_proto = 0xff;
}

static void
check(enum ofperr error)
{
    if (error) {
        fprintf(stderr, "flow-table: %s\n", ofperr_name(error));
        exit(1);
    }
}

/* The same command for flow-mods 0 to n - 1, one by one; returns nanoseconds each. */
static double
time_each(struct ofproto *ofproto, uint8_t command, uint32_t n, const struct buf outputs[64])
{
    struct ofp_flow_mod fm;
    double start = clock_ns(CLOCK_THREAD_CPUTIME_ID);

    init_flow_mod(&fm);
    fm.command = command;
    for (uint32_t i = 0; i < n; i++) {
        set_flow_mod(&fm, i, outputs);
        check(ofproto_flow_mod(ofproto, &fm, NULL));
    }
    return (clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) / n;
}

static const struct ofproto_msg *
get_msg(void *msgs, size_t i)
{
    return (const struct ofproto_msg *)msgs + i;
}

static double
time_bundle(struct ofproto *ofproto, uint32_t n, const struct buf outputs[64])
{
    struct ofproto_msg *msgs = xcalloc(n, sizeof *msgs);
    struct ofp_flow_mod *fms = xcalloc(n, sizeof *fms);
    struct ofproto_msgs all = {.n = n, .get = get_msg, .aux = msgs};
    size_t failed;
    double start;

    for (uint32_t i = 0; i < n; i++) {
        init_flow_mod(&fms[i]);
        set_flow_mod(&fms[i], i, outputs);
        msgs[i] = (struct ofproto_msg){.type = OFPROTO_FLOW_MOD, .flow_mod = &fms[i]};
    }
    start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    check(ofproto_bundle_commit(ofproto, &all, NULL, &failed));
    start = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
    free(msgs);
    free(fms);
    return start / n;
}

static double
time_dump(struct ofproto *ofproto, uint32_t n)
{
    struct ofproto_flow_filter filter = {
        .table_id = OFTABLE_ALL, .out_port = OFPORT_ANY, .out_group = OFGROUP_ANY};
    struct ofproto_rules rules;
    double start = clock_ns(CLOCK_THREAD_CPUTIME_ID);

    check(ofproto_collect(ofproto, &filter, &rules));
    if (rules.n != n)
        abort();
    ofproto_rules_free(&rules);
    return (clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) / n;
}

static void
run(uint32_t n, const struct buf outputs[64])
{
    struct ofproto_options options = {.name = "bench"};
    struct ofproto *ofproto = ofproto_create(&options, &ops, NULL);
    size_t before = heap_size(), after;
    double add, modify, dump, remove, bundle;

    add = time_each(ofproto, OFPFC_ADD, n, outputs);
    after = heap_size();
    modify = time_each(ofproto, OFPFC_MODIFY_STRICT, n, outputs + 0);
    dump = time_dump(ofproto, n);
    remove = time_each(ofproto, OFPFC_DELETE_STRICT, n, outputs);
    bundle = time_bundle(ofproto, n, outputs);
    printf("%9u %8.0f %9.0f %9.0f %8.0f %9.0f %8.0f\n", n, add, bundle, modify, dump, remove,
           (double)(after - before) / n);
    ofproto_destroy(ofproto);
}

int
main(int argc, char **argv)
{
    struct buf outputs[64];

    heap_init();
    for (uint32_t i = 0; i < 64; i++) {
        buf_init(&outputs[i]);
        ofpact_put_output(&outputs[i], i + 1, 0);
    }
    printf("    flows   add,ns bundle,ns modify,ns  dump,ns delete,ns   B/flow\n");
    for (int i = 1; i < argc; i++)
        run((uint32_t)strtoul(argv[i], NULL, 10), outputs);
    for (uint32_t n = 1000; argc == 1 && n <= 1000000; n *= 10)
        run(n, outputs);
    for (uint32_t i = 0; i < 64; i++)
        buf_destroy(&outputs[i]);
    return 0;
}
