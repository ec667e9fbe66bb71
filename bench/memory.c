/* SPDX-License-Identifier: Apache-2.0 */
/* What an access costs that waits for the one before it, in memory of N MB that is mapped in small
 * pages, as maps are: the floor under a table of that size. Prints nanoseconds an access, of the
 * quickest of several walks: other work only adds. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "lib/util.h"

#define STEP 512 /* Bytes: a flow's record. */
#define N_ACCESSES 500000
#define N_WALKS 20

static uint64_t
random_number(void)
{
    static uint64_t x = UINT64_C(88172645463325252);

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

/* One cycle through all places (Sattolo's algorithm). */
static void
lay_cycle(char *memory, uint32_t n)
{
    uint32_t *order = xmalloc(n * sizeof *order);

    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t i = n - 1; i; i--) {
        uint32_t j = random_number() % i, old = order[i];

        order[i] = order[j];
        order[j] = old;
    }
    for (uint32_t i = 0; i < n; i++)
        memcpy(memory + (size_t)i * STEP, &order[i], sizeof *order);
    free(order);
}

static double
walk_ns(const char *memory)
{
    struct timespec start, end;
    uint32_t at = 0;

    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < N_ACCESSES; i++)
        at = *(const volatile uint32_t *)(memory + (size_t)at * STEP);
    clock_gettime(CLOCK_MONOTONIC, &end);
    return ((end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec)) / N_ACCESSES;
}

static double
quickest_walk_ns(const char *memory)
{
    double best_ns = walk_ns(memory);

    for (int i = 1; i < N_WALKS; i++) {
        double ns = walk_ns(memory);

        best_ns = ns < best_ns ? ns : best_ns;
    }
    return best_ns;
}

static int
measure(size_t n_mb)
{
    size_t size = n_mb << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        fprintf(stderr, "memory: %zu MB: %s\n", n_mb, strerror(errno));
        return 1;
    }
    madvise(memory, size, MADV_NOHUGEPAGE);
    lay_cycle(memory, size / STEP);
    printf("%6zu MB  %6.1f ns\n", n_mb, quickest_walk_ns(memory));
    munmap(memory, size);
    return 0;
}

int
main(int argc, char **argv)
{
    static const size_t sizes_mb[] = {1, 16, 64, 128, 512};
    int status = 0;

    for (int i = 1; i < argc; i++)
        status |= measure(strtoul(argv[i], NULL, 10));
    for (size_t i = 0; argc == 1 && i < ARRAY_SIZE(sizes_mb); i++)
        status |= measure(sizes_mb[i]);
    return status;
}
