/* SPDX-License-Identifier: Apache-2.0 */
/* Objects, maps and pins.
 *
 * An object without programs makes the maps, or takes the pinned ones, and goes when the objects of
 * both hooks have them; each of these has an array of tail calls of its own, since the kernel keeps
 * one to a program type. They are loaded side by side.
 * Programs are always this daemon's: adoption means that its maps are the last daemon's, and
 * that the tail calls and links which run are replaced in place. */
#include "datapath/dp-internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "datapath/layout.h"
#include "datapath/state.bpf.h"
#include "datapath/switch-tc.skel.h"
#include "datapath/switch-xdp.skel.h"
#include "lib/util.h"

#define BPFFS "/sys/fs/bpf"

static const char *const mapped_names[DP_N_MAPPED] = {
    [DP_MAP_FLOWS] = "flows",
    [DP_MAP_RECORDS] = "records",
    [DP_MAP_BUCKETS] = "buckets",
    [DP_MAP_FILTERS] = "filters",
    [DP_MAP_MASKS] = "masks",
    [DP_MAP_CONTROL] = "control",
    [DP_MAP_FLOW_COUNTERS] = "flow_counters",
    [DP_MAP_PORTS] = "ports",
    [DP_MAP_IFINDEX_PORTS] = "ifindex_ports",
    [DP_MAP_PORT_BASE] = "port_base",
    [DP_MAP_STATES] = "states",
    [DP_MAP_INJECTIONS] = "injections",
    [DP_MAP_METERS] = "meters",
};

/* ---- Sizes ---- */

/* At most three flows a bucket of eight slots: one in 500 goes into a neighbour of a full table's
 * bucket, and of a million flows one at most finds all three full. */
uint32_t
dp_buckets_for(uint32_t max_flows)
{
    uint32_t n = 1024;

    while (n < max_flows / 3)
        n *= 2;
    return n;
}

size_t
dp_maps_size(uint32_t max_flows, uint32_t n_cpus)
{
    size_t shared = (size_t)max_flows * (sizeof(struct dp_flow) + sizeof(struct dp_record)) +
                    (size_t)dp_buckets_for(max_flows) *
                        (sizeof(struct dp_bucket) + sizeof(struct dp_filter) / DP_FILTER_BUCKETS) +
                    DP_MAX_MASKS * sizeof(struct dp_mask) + sizeof(struct dp_control) +
                    DP_MAX_PORTS * (sizeof(struct dp_port) + sizeof(struct dp_port_stats) +
                                    sizeof(struct dp_token_bucket)) +
                    DP_IFINDEX_SLOTS * sizeof(struct dp_ifindex_slot) +
                    DP_INJECT_SLOTS * sizeof(struct dp_inject) +
                    DP_MAX_METERS * sizeof(struct dp_meter);
    size_t per_cpu = (size_t)max_flows * sizeof(struct dp_flow_counters) + sizeof(struct state);

    return shared + per_cpu * n_cpus;
}

/* ---- libbpf's words ---- */

static __thread char libbpf_said[256];

static int
keep_warning(enum libbpf_print_level level, const char *format, va_list args)
{
    if (level == LIBBPF_WARN)
        vsnprintf(libbpf_said, sizeof libbpf_said, format, args);
    libbpf_said[strcspn(libbpf_said, "\n")] = '\0';
    return 0;
}

static int
fail_load(int error, const char *what)
{
    if (error == EPERM)
        return dp_fail(error,
                       "%s: not permitted: run as root, or with CAP_BPF, CAP_NET_ADMIN and "
                       "CAP_PERFMON",
                       what);
    if (error == ENOMEM)
        return dp_fail(error, "%s: no memory: lower max_flows, or raise the limit of locked memory",
                       what);
    return dp_fail(error, "%s: %s (%s); Linux 6.1 or newer is needed", what, strerror(error),
                   libbpf_said);
}

/* ---- Pins ---- */

static void
pin_path(const struct dp *dp, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.4000s/%s%s", dp->pin_dir, dp->is_migrating ? "next/" : "", name);
}

static int
make_directories(const char *path)
{
    char partial[PATH_MAX];

    for (const char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        snprintf(partial, sizeof partial, "%.*s", slash ? (int)(slash - path) : PATH_MAX - 1, path);
        if (mkdir(partial, 0700) && errno != EEXIST)
            return errno;
        if (!slash)
            return 0;
    }
}

static bool
is_bpffs(const char *path)
{
    struct statfs info;

    return !statfs(path, &info) && info.f_type == BPF_FS_MAGIC;
}

int
dp_make_pin_dir(const char *pin_dir)
{
    char attached[PATH_MAX];
    int error;

    if (!strncmp(pin_dir, BPFFS "/", strlen(BPFFS "/")) && !is_bpffs(BPFFS) &&
        mount("bpf", BPFFS, "bpf", 0, "mode=0700"))
        return dp_fail(errno, "%s is not mounted and cannot be: %s; mount -t bpf bpf %s", BPFFS,
                       strerror(errno), BPFFS);
    snprintf(attached, sizeof attached, "%.4000s/attached", pin_dir);
    error = make_directories(attached);
    if (error)
        return dp_fail(error, "%s: cannot be made: %s", attached, strerror(error));
    if (!is_bpffs(pin_dir))
        return dp_fail(EINVAL, "%s is not in a bpf file system: use a directory below %s", pin_dir,
                       BPFFS);
    return 0;
}

/* What a daemon that died before its maps took the place of others had pinned: links may run its
 * programs, whose tail calls the kernel forgets with the last pin. */
#define CUT_SHORT "cut-short"

static void
unlink_all(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        char name[PATH_MAX];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%.3800s/%s", path, entry->d_name);
        if (entry->d_type == DT_DIR)
            unlink_all(name);
        else
            unlink(name);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

void
dp_unpin_all(const struct dp *dp)
{
    if (dp->pin_dir[0])
        unlink_all(dp->pin_dir);
}

/* ---- Maps ---- */

static bool
is_internal(const struct bpf_map *map)
{
    return strchr(bpf_map__name(map), '.');
}

/* The pin's file: tail calls are one array an object. */
static void
map_pin_path(const struct dp *dp, const struct bpf_map *map, const char *hook, char path[PATH_MAX])
{
    char name[64];
    bool is_links = !strcmp(bpf_map__name(map), "links");

    snprintf(name, sizeof name, "%s%s%s", bpf_map__name(map), is_links ? "_" : "",
             is_links ? hook : "");
    pin_path(dp, name, path);
}

/* The number of entries of a pinned map, 0: there is none. */
static uint32_t
pinned_entries(const struct dp *dp, const char *name)
{
    struct bpf_map_info info = {0};
    uint32_t size = sizeof info;
    char path[PATH_MAX];
    int fd;

    pin_path(dp, name, path);
    fd = bpf_obj_get(path);
    if (fd < 0)
        return 0;
    if (bpf_obj_get_info_by_fd(fd, &info, &size))
        info.max_entries = 0;
    close(fd);
    return info.max_entries;
}

/* True if the pins are a whole set of this ABI: then their hash's secret is ours. */
static bool
pins_fit(struct dp *dp)
{
    struct dp_control control;
    struct bpf_map_info info = {0};
    uint32_t size = sizeof info, zero = 0;
    char path[PATH_MAX];
    bool fit;
    int fd;

    if (pinned_entries(dp, "states") != dp->n_cpus || !pinned_entries(dp, "flows"))
        return false;
    pin_path(dp, "control", path);
    fd = bpf_obj_get(path);
    if (fd < 0)
        return false;
    fit = !bpf_obj_get_info_by_fd(fd, &info, &size) && info.value_size == sizeof control &&
          !bpf_map_lookup_elem(fd, &zero, &control) && control.abi_version == DP_ABI_VERSION;
    close(fd);
    if (fit)
        memcpy(dp->secret, control.secret, sizeof dp->secret);
    return fit;
}

static int
map_adopt(const struct dp *dp, struct bpf_map *map, const char *hook)
{
    char path[PATH_MAX];
    int fd, error;

    map_pin_path(dp, map, hook, path);
    fd = bpf_obj_get(path);
    if (fd < 0)
        return errno == ENOENT ? 0 : errno;
    error = -bpf_map__reuse_fd(map, fd);
    close(fd);
    return error;
}

static void
map_resize(const struct dp *dp, struct bpf_map *map)
{
    static const struct {
        const char *name;
        bool per_cpu, per_flow;
    } resized[] = {{"flows", false, true},
                   {"records", false, true},
                   {"flow_counters", true, true},
                   {"states", true, false}};
    uint64_t n = bpf_map__max_entries(map);

    for (size_t i = 0; i < ARRAY_SIZE(resized); i++) {
        if (!strcmp(bpf_map__name(map), resized[i].name))
            n *= (resized[i].per_cpu ? dp->n_cpus : 1) *
                 (uint64_t)(resized[i].per_flow ? dp->max_flows : 1);
    }
    if (!strcmp(bpf_map__name(map), "buckets"))
        n = dp->n_buckets;
    if (!strcmp(bpf_map__name(map), "filters"))
        n = dp->n_buckets / DP_FILTER_BUCKETS;
    if (!strcmp(bpf_map__name(map), "rings"))
        n = dp->n_rings;
    bpf_map__set_max_entries(map, n);
}

/* Sizes the maps, or takes the pinned ones. */
static int
maps_prepare(const struct dp *dp, struct bpf_object *object, bool adopt)
{
    struct bpf_map *map;
    int error = 0;

    bpf_object__for_each_map(map, object)
    {
        if (is_internal(map))
            continue;
        map_resize(dp, map);
        if (adopt && !error)
            error = map_adopt(dp, map, "tc");
    }
    return error ? dp_fail(error, "pinned maps in %s: %s", dp->pin_dir, strerror(error)) : 0;
}

/* The maps alone: the programs of both hooks are loaded on them side by side. */
static int
maps_create(const struct dp *dp, struct switch_tc *maps, bool adopt)
{
    struct bpf_program *program;
    int error = maps_prepare(dp, maps->obj, adopt);

    if (error)
        return error;
    bpf_object__for_each_program(program, maps->obj)
    {
        bpf_program__set_autoload(program, false);
    }
    error = -switch_tc__load(maps);
    return error ? fail_load(error, "the maps") : 0;
}

/* All maps but the array of tail calls, which each hook has for itself, are those of `from`. */
static int
maps_share(const struct dp *dp, struct bpf_object *object, const struct bpf_object *from,
           bool adopt)
{
    struct bpf_map *map;
    int error = 0;

    bpf_object__for_each_map(map, object)
    {
        const char *name = bpf_map__name(map);

        if (is_internal(map) || error)
            continue;
        if (!strcmp(name, "links"))
            error = adopt ? map_adopt(dp, map, object == dp->xdp->obj ? "xdp" : "tc") : 0;
        else
            error = -bpf_map__reuse_fd(map, bpf_object__find_map_fd_by_name(from, name));
    }
    return error ? dp_fail(error, "maps of the programs: %s", strerror(error)) : 0;
}

static int
maps_pin(const struct dp *dp, struct bpf_object *object, const char *hook)
{
    struct bpf_map *map;

    bpf_object__for_each_map(map, object)
    {
        char path[PATH_MAX];

        if (is_internal(map))
            continue;
        map_pin_path(dp, map, hook, path);
        if (bpf_obj_pin(bpf_map__fd(map), path) && errno != EEXIST)
            return dp_fail(errno, "%s: cannot be pinned: %s", path, strerror(errno));
    }
    return 0;
}

int
dp_map_fd(const struct dp *dp, const char *name)
{
    return bpf_object__find_map_fd_by_name(dp->tc->obj, name);
}

const struct btf *
dp_btf(const struct dp *dp)
{
    return bpf_object__btf(dp->tc->obj);
}

int
dp_program_fd(const struct dp *dp, enum dp_hook hook, const char *name)
{
    const struct bpf_object *object = hook == DP_HOOK_XDP ? dp->xdp->obj : dp->tc->obj;

    return bpf_program__fd(bpf_object__find_program_by_name(object, name));
}

static int
maps_mmap(struct dp *dp)
{
    for (int i = 0; i < DP_N_MAPPED; i++) {
        int fd = dp_map_fd(dp, mapped_names[i]);
        struct bpf_map_info info = {0};
        uint32_t info_size = sizeof info;
        struct dp_mapping *mapping = &dp->mapped[i];

        if (bpf_obj_get_info_by_fd(fd, &info, &info_size))
            return dp_fail(errno, "map %s: %s", mapped_names[i], strerror(errno));
        mapping->size = ROUND_UP((size_t)ROUND_UP(info.value_size, 8) * info.max_entries,
                                 (size_t)sysconf(_SC_PAGESIZE));
        mapping->memory = mmap(NULL, mapping->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (mapping->memory == MAP_FAILED) {
            mapping->memory = NULL;
            return dp_fail(errno, "map %s cannot be mapped: %s", mapped_names[i], strerror(errno));
        }
    }
    dp->flows = dp->mapped[DP_MAP_FLOWS].memory;
    dp->records = dp->mapped[DP_MAP_RECORDS].memory;
    dp->buckets = dp->mapped[DP_MAP_BUCKETS].memory;
    dp->filters = dp->mapped[DP_MAP_FILTERS].memory;
    dp->masks = dp->mapped[DP_MAP_MASKS].memory;
    dp->control = dp->mapped[DP_MAP_CONTROL].memory;
    dp->flow_counters = dp->mapped[DP_MAP_FLOW_COUNTERS].memory;
    dp->ports = dp->mapped[DP_MAP_PORTS].memory;
    dp->ifindex_ports = dp->mapped[DP_MAP_IFINDEX_PORTS].memory;
    dp->port_base = dp->mapped[DP_MAP_PORT_BASE].memory;
    dp->states = dp->mapped[DP_MAP_STATES].memory;
    dp->injections = dp->mapped[DP_MAP_INJECTIONS].memory;
    dp->meters = dp->mapped[DP_MAP_METERS].memory;
    return 0;
}

/* ---- Rings ---- */

/* Small rings are made so many at a time: the kernel waits for a grace period at each change of the
 * map of rings, of one or of many. */
#define RING_BLOCK 16
#define SMALL_RING_PART 8

static uint32_t
ring_size(const struct dp *dp, uint32_t number)
{
    uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);

    return number < DP_LARGE_RINGS ? dp->ring_size : MAX(dp->ring_size / SMALL_RING_PART, page);
}

/* Pinned one by one: to open a map by its id takes CAP_SYS_ADMIN. */
static int
ring_fd(const struct dp *dp, uint32_t number, int *fd)
{
    uint32_t size = ring_size(dp, number);
    char name[32], path[PATH_MAX];

    snprintf(name, sizeof name, "ring_%u", number);
    pin_path(dp, name, path);
    *fd = dp->pin_dir[0] ? bpf_obj_get(path) : -1;
    if (*fd >= 0)
        return 0;
    *fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "upcalls", 0, 0, size, NULL);
    if (*fd < 0)
        return dp_fail(errno, "an upcall ring of %u bytes: %s; a power of two is needed", size,
                       strerror(errno));
    if (dp->pin_dir[0] && bpf_obj_pin(*fd, path)) {
        close(*fd);
        return dp_fail(errno, "%s: cannot be pinned: %s", path, strerror(errno));
    }
    return 0;
}

/* The fast path sends to them from now on; to those of an adopted one it does already. */
static int
rings_publish(const struct dp *dp, uint32_t first, const int *fds, uint32_t n)
{
    int rings = dp_map_fd(dp, "rings"), id;
    uint32_t numbers[RING_BLOCK];

    for (uint32_t i = 0; i < n; i++)
        numbers[i] = first + i;
    if (!bpf_map_lookup_elem(rings, &numbers[n - 1], &id))
        return 0;
    if (n == 1 ? bpf_map_update_elem(rings, &numbers[0], &fds[0], BPF_ANY)
               : bpf_map_update_batch(rings, numbers, fds, &(uint32_t){n}, NULL))
        return dp_fail(errno, "upcall ring %u: %s", first, strerror(errno));
    return 0;
}

int
ring_open(struct dp *dp, uint32_t number)
{
    uint32_t first = number < DP_LARGE_RINGS ? number : number & ~(RING_BLOCK - 1u), opened = 0;
    uint32_t n = number < DP_LARGE_RINGS ? 1 : MIN(RING_BLOCK, dp->n_rings - first);
    int fds[RING_BLOCK], error = 0;

    if (dp->ring_fds[number])
        return 0;
    while (!error && opened < n) {
        error = ring_fd(dp, first + opened, &fds[opened]);
        opened += !error;
    }
    if (!error)
        error = rings_publish(dp, first, fds, n);
    for (uint32_t i = 0; i < opened; i++) {
        if (error)
            close(fds[i]);
        else
            dp->ring_fds[first + i] = fds[i];
    }
    return error;
}

/* ---- Programs ---- */

static int
links_fill(struct dp *dp, struct bpf_object *object, enum dp_hook hook)
{
    static const char *const names[DP_N_LINKS] = {
        [DP_LINK_ACTIONS] = "shunt_actions",
        [DP_LINK_LOOKUP] = "shunt_lookup",
    };
    int array = bpf_object__find_map_fd_by_name(object, "links");

    for (uint32_t i = 0; i < DP_N_LINKS; i++) {
        int fd = dp_program_fd(dp, hook, names[i]);

        if (bpf_map_update_elem(array, &i, &fd, BPF_ANY))
            return dp_fail(errno, "tail call to %s: %s", names[i], strerror(errno));
    }
    return 0;
}

static int
tc_load(struct dp *dp)
{
    int error;

    dp->tc->rodata->max_flows = dp->max_flows;
    dp->tc->rodata->bucket_mask = dp->n_buckets - 1;
    dp->tc->rodata->n_rings = dp->n_rings;
    memcpy((void *)dp->tc->rodata->hash_secret, dp->secret, sizeof dp->secret);
    error = -switch_tc__load(dp->tc);
    return error ? fail_load(error, "the TC programs") : links_fill(dp, dp->tc->obj, DP_HOOK_TC);
}

static int
xdp_load(struct dp *dp)
{
    int error;

    dp->xdp->rodata->max_flows = dp->max_flows;
    dp->xdp->rodata->bucket_mask = dp->n_buckets - 1;
    dp->xdp->rodata->n_rings = dp->n_rings;
    memcpy((void *)dp->xdp->rodata->hash_secret, dp->secret, sizeof dp->secret);
    error = -switch_xdp__load(dp->xdp);
    return error ? fail_load(error, "the XDP programs") : links_fill(dp, dp->xdp->obj, DP_HOOK_XDP);
}

/* What a thread of its own loads, and why it could not. */
struct xdp_job {
    struct dp *dp;
    int error;
    char why[512];
};

static void *
xdp_job_run(void *aux)
{
    struct xdp_job *job = aux;

    job->error = xdp_load(job->dp);
    snprintf(job->why, sizeof job->why, "%s", dp_error());
    return NULL;
}

/* The kernel takes half a second to verify the programs: those of each hook on a processor. */
static int
hooks_load(struct dp *dp)
{
    struct xdp_job job = {.dp = dp};
    pthread_t thread;
    int error = pthread_create(&thread, NULL, xdp_job_run, &job);

    if (error)
        return dp_fail(error, "a thread: %s", strerror(error));
    error = tc_load(dp);
    pthread_join(thread, NULL);
    if (!error && job.error)
        error = dp_fail(job.error, "%s", job.why);
    return error;
}

static int
programs_load(struct dp *dp, bool adopt)
{
    struct switch_tc *maps = switch_tc__open();
    int error;

    dp->tc = switch_tc__open();
    dp->xdp = switch_xdp__open();
    if (!maps || !dp->tc || !dp->xdp) {
        error = fail_load(errno, "the programs");
        goto out;
    }
    error = maps_create(dp, maps, adopt);
    if (!error)
        error = maps_share(dp, dp->tc->obj, maps->obj, adopt);
    if (!error)
        error = maps_share(dp, dp->xdp->obj, maps->obj, adopt);
    if (!error)
        error = hooks_load(dp);
out:
    switch_tc__destroy(maps);
    return error;
}

/* ---- Maps that take the place of others ---- */

static bool
is_pinned(const struct dp *dp, const char *name)
{
    char path[PATH_MAX];

    pin_path(dp, name, path);
    return !access(path, F_OK);
}

/* Removes the pins of maps, and not those of links. */
static void
unlink_maps(const struct dp *dp)
{
    DIR *dir = opendir(dp->pin_dir);
    struct dirent *entry;
    char path[PATH_MAX];

    while (dir && (entry = readdir(dir))) {
        snprintf(path, sizeof path, "%.3800s/%s", dp->pin_dir, entry->d_name);
        if (entry->d_type != DT_DIR)
            unlink(path);
    }
    if (dir)
        closedir(dir);
}

static void
rename_next(const struct dp *dp)
{
    char next[PATH_MAX], from[PATH_MAX], to[PATH_MAX];
    struct dirent *entry;
    DIR *dir;

    snprintf(next, sizeof next, "%.3700s/next", dp->pin_dir);
    dir = opendir(next);
    while (dir && (entry = readdir(dir))) {
        snprintf(from, sizeof from, "%.3700s/next/%s", dp->pin_dir, entry->d_name);
        snprintf(to, sizeof to, "%.3700s/%s", dp->pin_dir, entry->d_name);
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "control"))
            rename(from, to);
    }
    if (dir)
        closedir(dir);
    /* Last: with it the set is whole. */
    snprintf(from, sizeof from, "%.3700s/next/control", dp->pin_dir);
    snprintf(to, sizeof to, "%.3700s/control", dp->pin_dir);
    rename(from, to);
    rmdir(next);
}

void
pins_promote(struct dp *dp)
{
    char control[PATH_MAX], cut_short[PATH_MAX];

    snprintf(control, sizeof control, "%.3700s/control", dp->pin_dir);
    unlink(control); /* From here on the next set is the one. */
    unlink_maps(dp);
    rename_next(dp);
    snprintf(cut_short, sizeof cut_short, "%.3700s/" CUT_SHORT, dp->pin_dir);
    unlink_all(cut_short);
    dp->is_migrating = false;
}

/* A daemon that died while its maps took the place of others: they have it from now on. */
static void
pins_recover(struct dp *dp)
{
    if (!is_pinned(dp, "control") && is_pinned(dp, "next/control"))
        rename_next(dp);
}

static int
pins_begin_next(struct dp *dp)
{
    char next[PATH_MAX], cut_short[PATH_MAX];
    int error = dp_make_pin_dir(dp->pin_dir);

    snprintf(next, sizeof next, "%.3700s/next", dp->pin_dir);
    snprintf(cut_short, sizeof cut_short, "%.3700s/" CUT_SHORT, dp->pin_dir);
    unlink_all(cut_short);
    rename(next, cut_short);
    if (!error && (error = make_directories(next)))
        dp_fail(error, "%s: cannot be made: %s", next, strerror(error));
    dp->is_migrating = true;
    dp->max_flows = MAX(dp->max_flows, former_max_flows(dp->former));
    dp->n_buckets = dp_buckets_for(dp->max_flows);
    return error;
}

/* Says what the maps look like, for a build that has others. */
static int
layout_publish(const struct dp *dp)
{
    struct layout *layout;
    char path[PATH_MAX];
    int error;

    pin_path(dp, "layout", path);
    if (!access(path, F_OK))
        return 0;
    error = layout_of_build(dp_btf(dp), &layout);
    if (!error) {
        error = layout_pin(layout, path);
        layout_free(layout);
    }
    return error ? dp_fail(error, "%s: cannot be pinned: %s", path, strerror(error)) : 0;
}

/* Decides between adoption and a fresh start; sizes follow pinned maps. */
static int
pins_examine(struct dp *dp, const struct dp_options *options, bool *adopt)
{
    int error;

    *adopt = false;
    if (!dp->pin_dir[0])
        return 0;
    pins_recover(dp);
    *adopt = pins_fit(dp);
    if (!*adopt && !former_open(dp, &dp->former))
        return pins_begin_next(dp);
    if (!*adopt)
        dp_unpin_all(dp);
    error = dp_make_pin_dir(dp->pin_dir);
    if (error || !*adopt)
        return error;
    dp->max_flows = pinned_entries(dp, "flows");
    dp->n_buckets = pinned_entries(dp, "buckets");
    if (pinned_entries(dp, "rings") != dp->n_rings) {
        char path[PATH_MAX];

        pin_path(dp, "rings", path);
        unlink(path);
    }
    (void)options;
    return 0;
}

int
dp_load(struct dp *dp, const struct dp_options *options, bool *adopted)
{
    int error;

    libbpf_set_print(keep_warning);
    if (getrandom(dp->secret, sizeof dp->secret, 0) != sizeof dp->secret)
        return dp_fail(errno, "random bytes: %s", strerror(errno));
    error = pins_examine(dp, options, adopted);
    if (!error)
        error = programs_load(dp, *adopted);
    if (!error)
        error = maps_mmap(dp);
    if (!error)
        error = ring_open(dp, 0);
    if (!error && dp->pin_dir[0]) {
        error = maps_pin(dp, dp->tc->obj, "tc");
        if (!error)
            error = maps_pin(dp, dp->xdp->obj, "xdp");
        if (!error)
            error = layout_publish(dp);
    }
    if (!error) {
        memcpy(dp->control->secret, dp->secret, sizeof dp->secret);
        dp->control->abi_version = DP_ABI_VERSION;
    }
    return error;
}

void
dp_unload(struct dp *dp)
{
    for (uint32_t i = 0; i < dp->n_rings; i++) {
        if (dp->ring_fds[i] > 0)
            close(dp->ring_fds[i]);
    }
    for (int i = 0; i < DP_N_MAPPED; i++) {
        if (dp->mapped[i].memory)
            munmap(dp->mapped[i].memory, dp->mapped[i].size);
    }
    switch_xdp__destroy(dp->xdp);
    switch_tc__destroy(dp->tc);
}
