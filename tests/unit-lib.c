/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/hash.h"
#include "lib/heap.h"
#include "lib/hmap.h"
#include "lib/list.h"

#define LOG_MODULE "test"
#include "lib/log.h"

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

/* What peers, devices and files are called must not forge a line or speak to a terminal. */
static void
decimals_are_whole_and_bounded(void **state)
{
    static const char *const bad[] = {"",    "-1", "+1",  " 1",
                                      "0x1", "1a", "256", "99999999999999999999999"};
    unsigned long number = 7;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(parse_decimal(bad[i], 255, &number));
    assert_int_equal(number, 7);
    assert_true(parse_decimal("255", 255, &number));
    assert_int_equal(number, 255);
    assert_true(parse_decimal("007", 255, &number));
    assert_int_equal(number, 7);
}

static void
log_escapes_what_is_not_printable(void **state)
{
    char path[] = "/tmp/unit-lib-XXXXXX", line[256];
    int fd = mkstemp(path);
    FILE *file;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(log_open(path), 0);
    log_info("peer '%s'", "a\n2026 ERR b\x1b[31m\r\t\x7f\x80\xc3\xa9");
    assert_int_equal(log_open(NULL), 0);
    file = fdopen(fd, "r");
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(strchr(line, 'Z'), "Z INFO test: peer 'a\\x0a2026 ERR b\\x1b[31m\\x0d\\x09"
                                           "\\x7f\\x80\\xc3\\xa9'\n");
    assert_null(fgets(line, sizeof line, file));
    fclose(file);
    unlink(path);
}

/* Whether the kernel puts small pages together on demand (Linux 6.1). */
static bool
can_collapse(void)
{
    size_t huge = 2 << 20;
    char *memory = aligned_alloc(huge, huge);
    bool can;

    assert_non_null(memory);
    memset(memory, 1, huge);
    can = madvise(memory, huge, 25 /* MADV_COLLAPSE, not in glibc 2.36. */) == 0;
    free(memory);
    return can;
}

/* KiB of the heap that are in huge pages; -1: there is no heap (a sanitizer's allocator). */
static long
heap_in_huge_pages(void)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    bool is_heap = false;
    long size = -1, kib;
    char line[512];

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        if (strstr(line, "-") && strstr(line, " rw-p "))
            is_heap = strstr(line, "[heap]") != NULL;
        if (is_heap && sscanf(line, "AnonHugePages: %ld", &kib) == 1)
            size = MAX(size, 0) + kib;
    }
    fclose(maps);
    return size;
}

static void
a_settled_heap_is_in_huge_pages_and_unchanged(void **state)
{
    enum { N = 20000, SIZE = 1000 };
    static uint8_t *blocks[N];
    long before, after;

    (void)state;
    heap_init();
    for (size_t i = 0; i < N; i++)
        blocks[i] = memset(xmalloc(SIZE), (int)(i % 251), SIZE);
    before = heap_in_huge_pages();
    heap_settle();
    while (heap_settle())
        continue;
    after = heap_in_huge_pages();
    if (before >= 0 && can_collapse())
        assert_in_range(after - before, 12 << 10, 20 << 10);
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < SIZE; k++)
            assert_int_equal(blocks[i][k], i % 251);
    }
    for (size_t i = 0; i < N; i++)
        free(blocks[i]);
    heap_trim();
    assert_true(heap_in_huge_pages() <= MAX(before, 0) + (2 << 10));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_settled_heap_is_in_huge_pages_and_unchanged),
    cmocka_unit_test(decimals_are_whole_and_bounded),
    cmocka_unit_test(log_escapes_what_is_not_printable),
    cmocka_unit_test(hmap_finds_each_of_many),
    cmocka_unit_test(list_keeps_order),
};

UNIT_MAIN(tests)
