/* SPDX-License-Identifier: Apache-2.0 */
/* slowpath/mac.h and slowpath/ids.h. */
#include "tests/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* ---- A table that outlives its process ---- */
static bool
has_port(void *aux, uint32_t port)
{
    (void)aux;
    return port != 9;
}

static struct mac_table *
keep(const char *path, int64_t now_ms)
{
    struct mac_table *table = mac_table_create(3, 300000, NULL, NULL);

    assert_int_equal(mac_table_keep(table, path, has_port, NULL, now_ms), 0);
    return table;
}

static uint32_t
port_of(struct mac_table *table, const uint8_t mac[6])
{
    uint32_t port;

    return mac_table_lookup(table, 7, mac, &port) ? port : 0;
}

/* A table is not closed before the next reads its file, as after a kill. */
static void
a_kept_table_is_there_for_the_next_process(void **state)
{
    char path[] = "/tmp/shunt-macs-XXXXXX";
    struct mac_table *tables[3];

    (void)state;
    close(mkstemp(path)); /* No file of ours: empty. */
    tables[0] = keep(path, 1000000);
    assert_int_equal(mac_table_count(tables[0]), 0);
    mac_table_learn(tables[0], 7, a, 1, 1000000);
    mac_table_learn(tables[0], 7, b, 9, 1000001);
    mac_table_learn(tables[0], 7, c, 3, 1000002);
    mac_table_learn(tables[0], 7, (const uint8_t[]){2, 0, 0, 0, 0, 0xd}, 4, 1100000);
    mac_table_learn(tables[0], 7, c, 5, 1100001);
    tables[1] = keep(path, 1100001);
    assert_int_equal(port_of(tables[1], a), 0); /* The table was full. */
    assert_int_equal(port_of(tables[1], b), 0); /* Port 9 is gone. */
    assert_int_equal(port_of(tables[1], c), 5);
    assert_int_equal(mac_table_count(tables[1]), 2);
    assert_int_equal(mac_table_flush(tables[1], 5), 1);
    tables[2] = keep(path, 1100000 + 290000);
    assert_int_equal(mac_table_count(tables[2]), 1);
    mac_table_expire(tables[2], 1100000 + 290000 + MAC_TABLE_GRACE_MS - 1);
    assert_int_equal(mac_table_count(tables[2]), 1);
    mac_table_expire(tables[2], 1100000 + 290000 + MAC_TABLE_GRACE_MS);
    assert_int_equal(mac_table_count(tables[2]), 0);
    for (int i = 0; i < 3; i++)
        mac_table_destroy(tables[i]);
    unlink(path);
}

/* Another boot's, another build's, or cut off. */
static void
a_file_that_is_not_ours_or_damaged_gives_nothing_wrong(void **state)
{
    char path[] = "/tmp/shunt-macs-XXXXXX", bytes[256];
    struct mac_table *table;
    ssize_t size;
    int fd;

    (void)state;
    close(mkstemp(path));
    table = keep(path, 1000);
    mac_table_learn(table, 7, a, 1, 1000);
    fd = open(path, O_RDWR);
    size = read(fd, bytes, sizeof bytes);
    mac_table_destroy(table);
    for (ssize_t at = 0; at <= size; at++) {
        if (at < 48)
            bytes[at] ^= 1;
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, bytes, (size_t)(at < 48 ? size : at), 0), at < 48 ? size : at);
        table = keep(path, 1000);
        close(fd);
        assert_int_equal(mac_table_count(table), at >= 48 + 24 || (at >= 4 && at < 8));
        mac_table_destroy(table);
        fd = open(path, O_RDWR);
        if (at < 48)
            bytes[at] ^= 1;
    }
    close(fd);
    unlink(path);
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

/* Of two daemons, also those that start within a second. */
static void
ids_of_a_former_daemon_mean_nothing(void **state)
{
    struct ids *former = ids_create(), *ids = ids_create();
    uint32_t id = ids_get(former, "abc", 3);
    size_t size;

    (void)state;
    assert_int_not_equal(ids_get(ids, "abd", 3), id);
    assert_null(ids_find(ids, id, &size));
    ids_destroy(former);
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
    cmocka_unit_test(a_kept_table_is_there_for_the_next_process),
    cmocka_unit_test(a_file_that_is_not_ours_or_damaged_gives_nothing_wrong),
    cmocka_unit_test(equal_bytes_have_one_id),
    cmocka_unit_test(an_id_without_references_lingers_then_goes),
    cmocka_unit_test(ids_of_a_former_daemon_mean_nothing),
};

UNIT_MAIN(tests)
