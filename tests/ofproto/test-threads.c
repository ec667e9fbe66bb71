/* SPDX-License-Identifier: Apache-2.0 */
/* Translation, learning and flow-mods at the same time: every packet that was credited to a rule
 * is told by a flow-removed, once. */
#include "lib/tally.h"
#include "tests/ofproto/bridge.h"

#include <pthread.h>
#include <stdio.h>

enum { N_PORTS = 32, N_LOOKUPS = 100000, N_MODS = 20000 };

struct shared {
    struct ofproto *ofproto;
    uint64_t n_removed; /* Packets of flow-removed messages. Main thread. */
    _Atomic uint64_t n_credited;
    atomic_bool is_done;
};

static struct shared shared;

static void
nothing(void *aux)
{
    (void)aux;
}

static void
nothing_changed(void *aux, struct ofproto *ofproto)
{
    (void)aux;
    (void)ofproto;
}

static void
count_removed(void *aux, struct ofproto *ofproto, struct rule *rule, uint8_t reason)
{
    (void)aux;
    (void)ofproto;
    (void)reason;
    shared.n_removed += tally_at(rule->tally)->n_packets;
}

static void
check_event(void *aux, struct ofproto *ofproto, const struct flow_event *event)
{
    (void)aux;
    assert_ptr_equal(event->rule->ofproto, ofproto);
    assert_true(ofpacts_output_to_port(event->rule->ofpacts, event->rule->ofpacts_size, 1));
}

static const struct ofproto_ops ops = {
    .wake = nothing,
    .changed = nothing_changed,
    .flow_removed = count_removed,
    .flow_event = check_event,
    .sync_stats = nothing_changed,
};

/* What a handler does: finds a rule, and counts for it after the lock was given back. */
static void *
translate(void *seed)
{
    uint32_t port = (uint32_t)(uintptr_t)seed;

    for (int i = 0; i < N_LOOKUPS; i++) {
        struct flow flow = {.in_port = port++ % N_PORTS}, wc = {.in_port = 0};
        struct rule *rule;

        pthread_rwlock_rdlock(&ofproto_lock);
        rule = table_lookup(&shared.ofproto->tables[0], &flow, &wc);
        if (rule)
            rule_pin(rule);
        pthread_rwlock_unlock(&ofproto_lock);
        if (!rule)
            continue;
        rule_credit(rule, 1, 64, time_now_ms());
        atomic_fetch_add(&shared.n_credited, 1);
        rule_unpin(rule);
    }
    return NULL;
}

static void *
learn(void *fm_)
{
    struct ofp_flow_mod fm = *(struct ofp_flow_mod *)fm_;
    bool is_limited;

    for (uint32_t i = 0; !atomic_load(&shared.is_done); i++) {
        fm.match.flow.in_port = i % N_PORTS;
        fm.new_cookie = i / N_PORTS;
        assert_ok(ofproto_learn(shared.ofproto, &fm, 0, &is_limited));
    }
    return NULL;
}

static void
every_credited_packet_is_told_once(void **state)
{
    struct ofproto_options options = {.name = "br0", .n_tables = 2};
    struct buf ofpacts = BUF_INITIALIZER;
    pthread_t handlers[2], learner;
    struct ofp_flow_mod fm, learned;

    (void)state;
    shared.ofproto = ofproto_create(&options, &ops, NULL);
    ofproto_set_monitoring(shared.ofproto, true);
    bridge_parse_flow("in_port=1,send_flow_rem,hard_timeout=1,actions=output:1", OFPFC_ADD,
                      &ofpacts, &fm);
    learned = fm;
    for (uintptr_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&handlers[i], NULL, translate, (void *)i), 0);
    assert_int_equal(pthread_create(&learner, NULL, learn, &learned), 0);
    for (uint32_t i = 0; i < N_MODS; i++) {
        fm.command = i % 3 ? OFPFC_ADD : OFPFC_DELETE;
        fm.match.flow.in_port = i % N_PORTS;
        assert_ok(ofproto_flow_mod(shared.ofproto, &fm, NULL));
        ofproto_run(shared.ofproto);
        ofproto_expire(shared.ofproto, time_now_ms() + i % 1200);
    }
    pthread_join(handlers[0], NULL);
    pthread_join(handlers[1], NULL);
    atomic_store(&shared.is_done, true);
    pthread_join(learner, NULL);
    fm.command = OFPFC_DELETE;
    match_init_catchall(&fm.match);
    assert_ok(ofproto_flow_mod(shared.ofproto, &fm, NULL));
    ofproto_run(shared.ofproto);
    assert_true(shared.n_credited > 0);
    assert_int_equal(shared.n_removed, shared.n_credited);
    assert_int_equal(shared.ofproto->n_flows, 0);
    ofproto_destroy(shared.ofproto);
    buf_destroy(&ofpacts);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_credited_packet_is_told_once),
};

UNIT_MAIN(tests)
