/* SPDX-License-Identifier: Apache-2.0 */
#include "datapath/dp-internal.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "datapath/state.bpf.h"
#include "lib/util.h"

#define DEFAULT_MAX_FLOWS 200000
#define DEFAULT_INJECT_DEV "shunt-inj"

/* ---- The clock of jiffies ---- */

/* Jiffies now, by a test run of the program that asks. */
static int
jiffies_now(struct dp *dp, uint64_t *jiffies)
{
    uint8_t frame[64] = {0};
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = sizeof frame,
                .repeat = 1);

    if (bpf_prog_test_run_opts(dp_program_fd(dp, DP_HOOK_TC, "shunt_clock"), &options))
        return dp_fail(errno, "test run of the clock: %s", strerror(errno));
    *jiffies = __atomic_load_n(&dp->control->jiffies, __ATOMIC_ACQUIRE);
    return 0;
}

/* The rates that kernels are built with. */
static int
nearest_hz(int64_t ns_per_jiffy)
{
    static const int rates[] = {100, 250, 300, 1000};
    int hz = 1000000000 / MAX(ns_per_jiffy, 1), best = rates[0];

    for (size_t i = 1; i < ARRAY_SIZE(rates); i++) {
        if (abs(rates[i] - hz) < abs(best - hz))
            best = rates[i];
    }
    return best;
}

/* time_namespaces(7): a container may have a monotonic clock of its own, programs have the
 * kernel's.
 */
static int64_t
read_clock_ahead(void)
{
    FILE *file = fopen("/proc/self/timens_offsets", "re");
    long long seconds = 0, ns = 0;

    if (file && fscanf(file, "monotonic %lld %lld", &seconds, &ns) != 2)
        seconds = ns = 0;
    if (file)
        fclose(file);
    return seconds * INT64_C(1000000000) + ns;
}

/* The kernel tells nobody its HZ: watches 16 ticks. The reference is a time before the tick, so
 * that no packet seems to come from the future. */
static int
clock_init(struct dp *dp)
{
    int64_t start_ns = time_now_ns(), asked_ns = start_ns;
    uint64_t first = 0, jiffies;
    int error = jiffies_now(dp, &first);

    dp->clock_ahead_ns = read_clock_ahead();
    for (jiffies = first; !error && jiffies < first + 16; error = jiffies_now(dp, &jiffies)) {
        dp->reference_ns = asked_ns;
        usleep(1000);
        asked_ns = time_now_ns();
    }
    if (error)
        return error;
    assert(jiffies > first);
    dp->reference_jiffies = jiffies;
    dp->ns_per_jiffy =
        1000000000 / nearest_hz((time_now_ns() - start_ns) / (int64_t)(jiffies - first));
    return 0;
}

int64_t
dp_jiffies_to_ms(const struct dp *dp, uint64_t jiffies)
{
    int64_t ticks = (int64_t)(jiffies - dp->reference_jiffies);

    return (dp->reference_ns + ticks * dp->ns_per_jiffy) / 1000000;
}

/* ---- Open and close ---- */

static int
options_check(const struct dp_options *options)
{
    uint32_t ring_size = options->ring_size;

    if (ring_size && (ring_size & (ring_size - 1) || ring_size < (uint32_t)getpagesize()))
        return dp_fail(EINVAL, "ring_size %u: a power of two of at least a page is needed",
                       ring_size);
    if (options->n_rings > DP_MAX_RINGS)
        return dp_fail(EINVAL, "%u rings: at most %u", options->n_rings, DP_MAX_RINGS);
    if (options->max_flows > 1u << 24)
        return dp_fail(EINVAL, "max_flows %u: at most %u", options->max_flows, 1u << 24);
    if (options->inject_dev && strlen(options->inject_dev) >= IFNAMSIZ)
        return dp_fail(EINVAL, "%s: a device's name has at most %d characters", options->inject_dev,
                       IFNAMSIZ - 1);
    return 0;
}

static struct dp *
dp_alloc(const struct dp_options *options)
{
    struct dp *dp = xcalloc(1, sizeof *dp);

    snprintf(dp->pin_dir, sizeof dp->pin_dir, "%s", options->pin_dir ? options->pin_dir : "");
    snprintf(dp->inject_dev, sizeof dp->inject_dev, "%s",
             options->inject_dev ? options->inject_dev : DEFAULT_INJECT_DEV);
    dp->max_flows = options->max_flows ? options->max_flows : DEFAULT_MAX_FLOWS;
    dp->n_buckets = dp_buckets_for(dp->max_flows);
    dp->n_cpus = libbpf_num_possible_cpus();
    dp->n_rings = options->n_rings ? options->n_rings : 1;
    dp->ring_size = options->ring_size ? options->ring_size : DP_DEFAULT_RING_SIZE;
    dp->inject_fd = -1;
    dp->links = xcalloc(DP_MAX_PORTS, sizeof *dp->links);
    dp->xdp_output = xcalloc(DP_MAX_PORTS, sizeof *dp->xdp_output);
    for (int i = 0; i < DP_MAX_PORTS; i++)
        dp->links[i].tc_fd = dp->links[i].xdp_fd = -1;
    pthread_mutex_init(&dp->lock, NULL);
    return dp;
}

static void
dp_free(struct dp *dp)
{
    former_close(dp->former);
    dp_unload(dp);
    flow_table_destroy(dp);
    for (int i = 0; i < DP_MAX_PORTS; i++) {
        if (dp->links[i].tc_fd >= 0)
            close(dp->links[i].tc_fd);
        if (dp->links[i].xdp_fd >= 0)
            close(dp->links[i].xdp_fd);
    }
    free(dp->links);
    free(dp->xdp_output);
    pthread_mutex_destroy(&dp->lock);
    free(dp);
}

/* What is pinned: of this layout, or of another one that is carried over. */
static int
take_over(struct dp *dp, bool *adopted)
{
    int error = dp->former ? former_copy(dp, dp->former) : 0;

    if (error)
        return error;
    if (*adopted || dp->former)
        ports_adopt(dp);
    if (dp->former) {
        former_end(dp, dp->former);
        *adopted = true;
    }
    former_close(dp->former);
    dp->former = NULL;
    return 0;
}

int
dp_open(const struct dp_options *options, struct dp **dpp, bool *adopted)
{
    struct dp *dp;
    int error = options_check(options);

    if (error)
        return error;
    dp = dp_alloc(options);
    error = dp_load(dp, options, adopted);
    if (!error)
        error = flow_table_init(dp);
    if (!error) {
        flow_table_adopt(dp);
        error = take_over(dp, adopted);
    }
    if (!error) {
        error = clock_init(dp);
    }
    if (!error)
        error = inject_device_open(dp);
    if (error) {
        inject_device_close(dp);
        dp_free(dp);
        return error;
    }
    *dpp = dp;
    return 0;
}

void
dp_close(struct dp *dp, enum dp_close_mode mode)
{
    if (!dp)
        return;
    inject_device_close(dp);
    if (mode == DP_STOP) {
        ports_detach_all(dp);
        dp_unpin_all(dp);
    }
    dp_free(dp);
}

size_t
dp_memory_size(const struct dp_options *options)
{
    uint32_t max_flows = options->max_flows ? options->max_flows : DEFAULT_MAX_FLOWS;
    size_t ring_size = options->ring_size ? options->ring_size : DP_DEFAULT_RING_SIZE;

    return dp_maps_size(max_flows, libbpf_num_possible_cpus()) + ring_size;
}

/* ---- Totals ---- */

void
dp_totals(const struct dp *dp, struct dp_totals *totals)
{
    memset(totals, 0, sizeof *totals);
    for (uint32_t cpu = 0; cpu < dp->n_cpus; cpu++) {
        const struct state *state = &dp->states[cpu];
        const uint64_t *from = (const uint64_t *)&state->totals;

        for (size_t i = 0; i < sizeof *totals / sizeof *from; i++)
            ((uint64_t *)totals)[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
    }
    totals->n_forwarded += totals->n_single;
    totals->n_outputs += totals->n_single;
    totals->n_single = 0;
}

const char *
dp_drop_name(enum dp_drop drop)
{
    static const char *const names[DP_N_DROPS] = {[DP_DROP_NONE] = "none",
#define X(NAME, name) [DP_DROP_##NAME] = name,
                                                  DP_DROP_REASONS(X)
#undef X
    };

    return (unsigned int)drop < DP_N_DROPS ? names[drop] : "unknown";
}
