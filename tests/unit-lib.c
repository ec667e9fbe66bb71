/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit.h"

#include "lib/hash.h"
#include "lib/hmap.h"
#include "lib/list.h"

struct item {
    struct hmap_node node;
    struct list link;
    uint32_t key;
};

static void
hmap_finds_each_of_many(void **state)
{
    enum { N = 1000 };
    struct item items[N], *item;
    struct hmap map;
    size_t n_seen = 0;

    (void)state;
    hmap_init(&map);
    for (uint32_t i = 0; i < N; i++) {
        items[i].key = i;
        hmap_insert(&map, &items[i].node, hash_u64(i / 2, 0));
    }
    for (uint32_t i = 0; i < N; i++) {
        size_t n_equal = 0;

        HMAP_FOR_EACH_WITH_HASH (item, node, hash_u64(i / 2, 0), &map)
            n_equal += item->key == i;
        assert_int_equal(n_equal, 1);
    }
    HMAP_FOR_EACH_SAFE (item, node, &map) {
        n_seen++;
        if (item->key % 2)
            hmap_remove(&map, &item->node);
    }
    assert_int_equal(n_seen, N);
    assert_int_equal(map.n, N / 2);
    HMAP_FOR_EACH (item, node, &map)
        assert_int_equal(item->key % 2, 0);
    hmap_destroy(&map);
}

static void
list_keeps_order(void **state)
{
    struct item items[3], *item, *next;
    struct list head = LIST_INITIALIZER(&head);
    uint32_t expected = 0;

    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        items[i].key = i;
        list_push_back(&head, &items[i].link);
    }
    LIST_FOR_EACH_SAFE (item, next, link, &head) {
        assert_int_equal(item->key, expected++);
        list_remove(&item->link);
    }
    assert_int_equal(expected, 3);
    assert_true(list_is_empty(&head));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hmap_finds_each_of_many),
    cmocka_unit_test(list_keeps_order),
};

UNIT_MAIN(tests)
