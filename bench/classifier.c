/* SPDX-License-Identifier: Apache-2.0 */
/* What the classifier costs: adding, finding, looking up and removing a rule among many.
 *
 *     bench/classifier [N_RULES [N_MASKS]]
 *
 * Rules match ports, addresses and protocol under N_MASKS masks (prefixes of different lengths,
 * with and without ports). Adding (with the search for an equal rule, as a flow-mod does) and
 * removing are timed at the full size: 1,000 rules come and go among N_RULES. Classifiers of
 * several sizes take turns, because the machine's speed changes; "times" is the median of how many
 * times the smallest's of the same turn it took. Lookups are of flows that match some rule, in
 * random order, with the mask of what they depended on. The heap is in huge pages then, as the
 * daemon's is after some seconds (lib/heap.h). Prints nanoseconds of processor time. */
#include <endian.h>
#include <stdio.h>

#include "bench/program.h"
#include "lib/heap.h"
#include "ofproto/classifier.h"

enum { N_TURNS = 25, N_CHANGES = 10000 }; /* A turn. */

static uint64_t random_state = 88172645463325252ull;

static uint64_t
random_u64(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static __be32
prefix32(unsigned int n_bits)
{
    return htobe32((uint32_t)(UINT64_MAX << (32 - n_bits)));
}

/* Mask `i` of 50 or more different ones. */
static void
make_mask(unsigned int i, struct flow *mask)
{
    memset(mask, 0, sizeof *mask);
    mask->key.eth_type = 0xffff;
    mask->key.ip_proto = 0xff;
    mask->key.ip_dst = prefix32(32 - i % 10);
    mask->key.ip_src = prefix32(32 - i / 10 % 10);
    if (i % 2 == 0)
        mask->key.tp_dst = 0xffff;
    if (i % 3 == 0)
        mask->key.tp_src = 0xffff;
}

static void
make_match(struct flow *match)
{
    uint64_t r = random_u64();

    memset(match, 0, sizeof *match);
    match->key.eth_type = htobe16(0x0800);
    match->key.ip_proto = r & 1 ? 6 : 17;
    match->key.ip_src = (__be32)(r >> 32);
    match->key.ip_dst = (__be32)random_u64();
    match->key.tp_src = (__be16)(r >> 8);
    match->key.tp_dst = htobe16((r >> 1) % 1024);
}

static struct cls_rule *
add_rule(struct classifier *cls, const struct flow *masks, unsigned int n_masks)
{
    const struct flow *mask = &masks[random_u64() % n_masks];
    struct cls_rule *rule;
    struct minimask *minimask;
    struct flow match;

    make_match(&match);
    minimask = classifier_mask(cls, mask);
    rule = xmalloc(sizeof *rule + cls_rule_values_size(minimask));
    cls_rule_init(rule, minimask, &match, (int32_t)(mask - masks), NULL);
    if (classifier_find(cls, &match, mask, rule->priority))
        abort(); /* The match is random: never. */
    classifier_insert(cls, rule);
    return rule;
}

static void
remove_rule(struct classifier *cls, struct cls_rule *rule)
{
    classifier_remove(cls, rule);
    cls_rule_destroy(rule);
    free(rule);
}

/* A flow that matches the rule, in the words that rules here are about. */
struct packet {
    uint64_t addresses, ports;
    uint8_t proto;
};

static struct packet
make_packet(const struct cls_rule *rule)
{
    struct flow flow;
    uint64_t *words = cls_words_rw(&flow);

    make_match(&flow);
    for (size_t i = 0; i < rule->mask->n_words; i++) {
        uint8_t word = rule->mask->words[i];

        words[word] = (words[word] & ~rule->mask->bits[i]) | rule->values[i];
    }
    return (struct packet){words[DP_WORD_OF(ip_src)], words[DP_WORD_OF(tp_src)], flow.key.ip_proto};
}

static double
time_lookups(struct classifier *cls, struct cls_rule **rules, size_t n_rules, bool with_wc)
{
    enum { N_LOOKUPS = 200000, N_PACKETS = 100000 };
    struct packet *packets = xcalloc(N_PACKETS, sizeof *packets);
    struct flow flow = {.key = {.eth_type = htobe16(0x0800)}}, wc;
    uint64_t *words = cls_words_rw(&flow);
    size_t n_found = 0;
    double start;

    for (size_t i = 0; i < N_PACKETS; i++)
        packets[i] = make_packet(rules[random_u64() % n_rules]);
    start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < N_LOOKUPS; i++) {
        const struct packet *packet = &packets[i % N_PACKETS];

        words[DP_WORD_OF(ip_src)] = packet->addresses;
        words[DP_WORD_OF(tp_src)] = packet->ports;
        flow.key.ip_proto = packet->proto;
        memset(&wc, 0, sizeof wc);
        n_found += classifier_lookup(cls, &flow, with_wc ? &wc : NULL) != NULL;
    }
    start = clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
    free(packets);
    if (n_found != N_LOOKUPS)
        abort();
    return start / N_LOOKUPS;
}

/* ---- Sizes in turns ------------------------------------------------------------------------- */
struct bench {
    struct classifier cls;
    struct cls_rule **rules;
    size_t n_rules;
    double fill_ns;
    double add_ns[N_TURNS], remove_ns[N_TURNS]; /* A rule, of each turn. */
};

static void
fill(struct bench *bench, const struct flow *masks, unsigned int n_masks)
{
    double start = clock_ns(CLOCK_THREAD_CPUTIME_ID);

    classifier_init(&bench->cls);
    bench->rules = xcalloc(bench->n_rules, sizeof *bench->rules);
    for (size_t i = 0; i < bench->n_rules; i++)
        bench->rules[i] = add_rule(&bench->cls, masks, n_masks);
    bench->fill_ns = (clock_ns(CLOCK_THREAD_CPUTIME_ID) - start) / (double)bench->n_rules;
}

static void
drain(struct bench *bench)
{
    for (size_t i = 0; i < bench->n_rules; i++)
        remove_rule(&bench->cls, bench->rules[i]);
    classifier_destroy(&bench->cls);
    free(bench->rules);
}

/* Rules go and others come in their place. */
static void
change(struct bench *bench, unsigned int turn, const struct flow *masks, unsigned int n_masks)
{
    size_t n = bench->n_rules < 1000 ? bench->n_rules : 1000;
    double add = 0, remove = 0;

    for (size_t done = 0; done < N_CHANGES; done += n) {
        size_t first = random_u64() % (bench->n_rules - n + 1);
        double t0 = clock_ns(CLOCK_THREAD_CPUTIME_ID), t1;

        for (size_t i = first; i < first + n; i++)
            remove_rule(&bench->cls, bench->rules[i]);
        t1 = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        for (size_t i = first; i < first + n; i++)
            bench->rules[i] = add_rule(&bench->cls, masks, n_masks);
        add += clock_ns(CLOCK_THREAD_CPUTIME_ID) - t1;
        remove += t1 - t0;
    }
    bench->add_ns[turn] = add / N_CHANGES;
    bench->remove_ns[turn] = remove / N_CHANGES;
}

static int
compare(const void *a_, const void *b_)
{
    const double *a = a_, *b = b_;

    return (*a > *b) - (*a < *b);
}

/* Of the turns' ns, or of how many times another's of the same turn they are. */
static double
median(const double ns[N_TURNS], const double other[N_TURNS])
{
    double sorted[N_TURNS];

    for (int i = 0; i < N_TURNS; i++)
        sorted[i] = other ? ns[i] / other[i] : ns[i];
    qsort(sorted, N_TURNS, sizeof sorted[0], compare);
    return sorted[N_TURNS / 2];
}

static void
print(struct bench *bench, const struct bench *least, unsigned int n_masks)
{
    printf("%9zu %5u %8.0f %8.0f %5.2f %9.0f %5.2f %9.0f %10.0f %7.0f\n", bench->n_rules, n_masks,
           bench->fill_ns, median(bench->add_ns, NULL), median(bench->add_ns, least->add_ns),
           median(bench->remove_ns, NULL), median(bench->remove_ns, least->remove_ns),
           time_lookups(&bench->cls, bench->rules, bench->n_rules, true),
           time_lookups(&bench->cls, bench->rules, bench->n_rules, false),
           (double)classifier_memory(&bench->cls) / (double)bench->n_rules);
}

static void
run(const size_t *sizes, size_t n_sizes, unsigned int n_masks)
{
    struct bench *benches = xcalloc(n_sizes, sizeof *benches);
    struct flow *masks = xcalloc(n_masks, sizeof *masks);

    for (unsigned int i = 0; i < n_masks; i++)
        make_mask(i, &masks[i]);
    for (size_t i = 0; i < n_sizes; i++) {
        benches[i].n_rules = sizes[i];
        fill(&benches[i], masks, n_masks);
    }
    heap_settle();
    while (heap_settle())
        continue;
    for (unsigned int turn = 0; turn < N_TURNS; turn++) {
        for (size_t i = 0; i < n_sizes; i++)
            change(&benches[i], turn, masks, n_masks);
    }
    for (size_t i = 0; i < n_sizes; i++)
        print(&benches[i], &benches[0], n_masks);
    for (size_t i = 0; i < n_sizes; i++)
        drain(&benches[i]);
    free(benches);
    free(masks);
}

int
main(int argc, char **argv)
{
    static const size_t sizes[] = {1000, 10000, 100000, 1000000};
    size_t size = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;

    heap_init();
    printf(
        "    rules masks  fill,ns   add,ns times remove,ns times lookup,ns no mask,ns  B/rule\n");
    if (size) {
        run(&size, 1, argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 50);
        return 0;
    }
    run(sizes, ARRAY_SIZE(sizes), 1);
    run(sizes, ARRAY_SIZE(sizes), 50);
    return 0;
}
