/* SPDX-License-Identifier: Apache-2.0 */
/* slowpath/mac.h and slowpath/ids.h. */
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#include "ofproto/ofp.h"
#include "slowpath/ids.h"
#include "slowpath/mac.h"

static const uint8_t a[6] = {2, 0, 0, 0, 0, 0xa}, b[6] = {2, 0, 0, 0, 0, 0xb};
static const uint8_t c[6] = {2, 0, 0, 0, 0, 0xc}, group[6] = {1, 0, 0x5e, 0, 0, 1};

struct changes {
    unsigned n;
    uint16_t vlan;
    uint8_t mac[6];
};

static void
note_change(void *aux, uint16_t vlan, const uint8_t mac[6])
{
    struct changes *changes = aux;

    changes->n++;
    changes->vlan = vlan;
    memcpy(changes->mac, mac, 6);
}

static void
a_learned_address_is_found_in_its_vlan_only(void **state)
{
    struct changes changes = {0};
    struct mac_table *table = mac_table_create(8, 1000, note_change, &changes);
    uint32_t port;

    (void)state;
    assert_true(mac_table_learn(table, 7, a, 3, 0));
    assert_true(mac_table_lookup(table, 7, a, &port));
    assert_int_equal(port, 3);
    assert_false(mac_table_lookup(table, 8, a, &port));
    assert_false(mac_table_lookup(table, 7, b, &port));
    assert_int_equal(changes.n, 1);
    assert_int_equal(changes.vlan, 7);
    assert_memory_equal(changes.mac, a, 6);
    mac_table_destroy(table);
}

static void
a_move_changes_and_a_refresh_does_not(void **state)
{
    struct changes changes = {0};
    struct mac_table *table = mac_table_create(8, 1000, note_change, &changes);
    uint32_t port;

    (void)state;
    mac_table_learn(table, 0, a, 3, 0);
    assert_false(mac_table_learn(table, 0, a, 3, 1));
    assert_int_equal(changes.n, 1);
    assert_true(mac_table_learn(table, 0, a, 4, 2));
    assert_int_equal(changes.n, 2);
    assert_true(mac_table_lookup(table, 0, a, &port));
    assert_int_equal(port, 4);
    mac_table_destroy(table);
}

static void
group_addresses_are_not_learned(void **state)
{
    struct mac_table *table = mac_table_create(8, 1000, NULL, NULL);

    (void)state;
    assert_false(mac_table_learn(table, 0, group, 3, 0));
    assert_int_equal(mac_table_count(table), 0);
    mac_table_destroy(table);
}

static void
idle_entries_expire_and_used_ones_stay(void **state)
{
    struct changes changes = {0};
    struct mac_table *table = mac_table_create(8, 1000, note_change, &changes);
    uint32_t port;

    (void)state;
    mac_table_learn(table, 0, a, 1, 0);
    mac_table_learn(table, 0, b, 2, 0);
    mac_table_learn(table, 0, a, 1, 500);
    assert_int_equal(mac_table_expire(table, 999), 1000);
    assert_int_equal(mac_table_expire(table, 1000), 1500);
    assert_true(mac_table_lookup(table, 0, a, &port));
    assert_false(mac_table_lookup(table, 0, b, &port));
    assert_memory_equal(changes.mac, b, 6);
    mac_table_destroy(table);
}

static void
a_full_table_gives_up_its_least_recently_used(void **state)
{
    struct mac_table *table = mac_table_create(2, 1000, NULL, NULL);
    uint32_t port;

    (void)state;
    mac_table_learn(table, 0, a, 1, 0);
    mac_table_learn(table, 0, b, 2, 1);
    mac_table_learn(table, 0, a, 1, 2);
    mac_table_learn(table, 0, c, 3, 3);
    assert_int_equal(mac_table_count(table), 2);
    assert_false(mac_table_lookup(table, 0, b, &port));
    assert_true(mac_table_lookup(table, 0, a, &port));
    mac_table_destroy(table);
}

static void
a_port_that_goes_takes_its_addresses(void **state)
{
    struct mac_table *table = mac_table_create(8, 1000, NULL, NULL);
    uint32_t port;

    (void)state;
    mac_table_learn(table, 0, a, 1, 0);
    mac_table_learn(table, 0, b, 2, 0);
    assert_int_equal(mac_table_flush(table, 1), 1);
    assert_false(mac_table_lookup(table, 0, a, &port));
    assert_int_equal(mac_table_flush(table, OFPORT_ANY), 1);
    assert_int_equal(mac_table_count(table), 0);
    mac_table_destroy(table);
}

static void
the_table_prints_as_fdb_show_does(void **state)
{
    struct mac_table *table = mac_table_create(8, 300000, NULL, NULL);
    struct buf text = BUF_INITIALIZER;

    (void)state;
    mac_table_learn(table, 10, a, 1, 0);
    mac_table_learn(table, 0, b, OFPORT_LOCAL, 2000);
    mac_table_format(table, 5000, &text);
    assert_string_equal(buf_text(&text), " port  VLAN  MAC                Age\n"
                                         "    1    10  02:00:00:00:00:0a    5\n"
                                         "LOCAL     0  02:00:00:00:00:0b    3\n");
    buf_destroy(&text);
    mac_table_destroy(table);
}

static void
equal_bytes_have_one_id(void **state)
{
    struct ids *ids = ids_create();
    uint32_t x = ids_get(ids, "abc", 3), y = ids_get(ids, "abd", 3);
    size_t size;
    char *copy;

    (void)state;
    assert_int_equal(ids_get(ids, "abc", 3), x);
    assert_int_not_equal(x, y);
    copy = ids_find(ids, y, &size);
    assert_int_equal(size, 3);
    assert_memory_equal(copy, "abd", 3);
    free(copy);
    ids_destroy(ids);
}

static void
an_id_without_references_lingers_then_goes(void **state)
{
    struct ids *ids = ids_create();
    uint32_t id = ids_get(ids, "abc", 3);
    size_t size;
    char *copy;

    (void)state;
    ids_expire(ids, 1000 * IDS_LINGER_MS);
    assert_int_equal(ids_count(ids), 1);
    ids_unref(ids, id, 0);
    ids_expire(ids, IDS_LINGER_MS - 1);
    copy = ids_find(ids, id, &size);
    assert_non_null(copy);
    free(copy);
    assert_int_equal(ids_get(ids, "abc", 3), id);
    ids_unref(ids, id, 5);
    ids_expire(ids, IDS_LINGER_MS + 5);
    assert_int_equal(ids_count(ids), 0);
    assert_null(ids_find(ids, id, &size));
    ids_destroy(ids);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_learned_address_is_found_in_its_vlan_only),
    cmocka_unit_test(a_move_changes_and_a_refresh_does_not),
    cmocka_unit_test(group_addresses_are_not_learned),
    cmocka_unit_test(idle_entries_expire_and_used_ones_stay),
    cmocka_unit_test(a_full_table_gives_up_its_least_recently_used),
    cmocka_unit_test(a_port_that_goes_takes_its_addresses),
    cmocka_unit_test(the_table_prints_as_fdb_show_does),
    cmocka_unit_test(equal_bytes_have_one_id),
    cmocka_unit_test(an_id_without_references_lingers_then_goes),
};

UNIT_MAIN(tests)
