/* SPDX-License-Identifier: Apache-2.0 */
/* From the maps of a build with another layout to this one's, without a gap.
 *
 * The new maps are made and pinned in PIN-DIR/next beside the old ones and filled from them; then
 * ports_adopt() gives every link the new program, in place: from one packet to the next. After a
 * grace period nothing runs on the old maps, their counters are final and are added, the old pins
 * go and the new ones take their places. Whoever is killed on the way leaves the old set, which is
 * taken again (what the other set counted meanwhile is lost), or (once the old control map is gone)
 * the new one, whole.
 *
 * What the layouts do not both have in the same size is not copied; a flow that needs it is left
 * out, and comes again by its next packet. */
#include "datapath/dp-internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "datapath/layout.h"
#include "datapath/state.bpf.h"
#include "lib/util.h"

#define MAX_LIST DP_LIST_MAX

/* A mapped map of the old set. */
struct old_map {
    const uint8_t *memory;
    size_t element_size, n, size;
};

/* What a flow was copied to. */
struct copied {
    uint32_t from, to;
};

struct dp_former {
    struct layout *there, *here;
    struct old_map flows, records, masks, ports, port_base, flow_counters, states, meters;
    int devmap;
    struct layout_place mask_index, next, n_actions, ufid, detour, actions, key;
    struct layout_place credited_packets, credited_bytes;
    struct layout_place common, n_rest, words, bits;
    struct layout_place first_counters; /* In a flow; size 0: there are only slices. */
    struct layout_place packets, bytes, used_jiffies, tcp_flags, port_stats;
    struct layout_plan key_plan, action_plan, port_plan, meter_plan, port_stats_plan;
    size_t action_size, key_size, port_stats_size;
    struct copied *copied;
    uint32_t n_copied;
};

/* ---- The old set ---- */
static void
old_path(const struct dp *dp, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%.3800s/%s", dp->pin_dir, name);
}

static int
map_open(const struct dp *dp, const char *name, struct old_map *map)
{
    struct bpf_map_info info = {0};
    uint32_t info_size = sizeof info;
    char path[PATH_MAX];
    void *memory;
    int fd, error = 0;

    old_path(dp, name, path);
    fd = bpf_obj_get(path);
    if (fd < 0)
        return errno;
    if (bpf_obj_get_info_by_fd(fd, &info, &info_size)) {
        error = errno;
    } else {
        map->element_size = ROUND_UP(info.value_size, 8);
        map->n = info.max_entries;
        map->size = ROUND_UP(map->element_size * map->n, (size_t)sysconf(_SC_PAGESIZE));
        memory = mmap(NULL, map->size, PROT_READ, MAP_SHARED, fd, 0);
        if (memory == MAP_FAILED)
            error = errno;
        else
            map->memory = memory;
    }
    close(fd);
    return error;
}

static const uint8_t *
element(const struct old_map *map, size_t i)
{
    return map->memory + i * map->element_size;
}

/* A number of 2, 4 or 8 bytes. */
static uint64_t
number_at(const uint8_t *data, struct layout_place place)
{
    uint64_t value = 0;

    memcpy(&value, data + place.offset, MIN(place.size, sizeof value));
    return value;
}

/* Version 13 had flow and record in one struct. */
static bool
has_records(const struct dp_former *former)
{
    return layout_struct_size(former->there, "dp_record");
}

static bool
find_places(struct dp_former *former)
{
    const char *record = has_records(former) ? "dp_record" : "dp_flow";
    const char *counters = has_records(former) ? "dp_flow_counters" : "dp_flow_stats";
    const struct {
        const char *type, *member;
        struct layout_place *place;
    } rows[] = {
        {"dp_flow", "mask_index", &former->mask_index},
        {"dp_flow", "ufid", &former->ufid},
        {"dp_flow", "detour", &former->detour},
        {record, "next", &former->next},
        {record, "n_actions", &former->n_actions},
        {record, "actions", &former->actions},
        {record, "key", &former->key},
        {record, "credited_packets", &former->credited_packets},
        {record, "credited_bytes", &former->credited_bytes},
        {"dp_mask", "common", &former->common},
        {"dp_mask", "n_rest", &former->n_rest},
        {"dp_mask", "words", &former->words},
        {"dp_mask", "bits", &former->bits},
        {counters, "n_packets", &former->packets},
        {counters, "n_bytes", &former->bytes},
        {counters, "used_jiffies", &former->used_jiffies},
        {"state", "port_stats", &former->port_stats},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        *rows[i].place = layout_find(former->there, rows[i].type, rows[i].member);
        if (!rows[i].place->size)
            return false;
    }
    former->first_counters = layout_find(former->there, "dp_flow", "counters");
    former->tcp_flags = layout_find(former->there, "dp_flow", "tcp_flags");
    former->action_size = layout_struct_size(former->there, "dp_action");
    former->key_size = layout_struct_size(former->there, "dp_key");
    former->port_stats_size = layout_struct_size(former->there, "dp_port_stats");
    return former->action_size && former->key_size && former->key_size <= 512 &&
           former->port_stats_size && layout_struct_size(former->there, "dp_port");
}

int
former_open(const struct dp *dp, struct dp_former **formerp)
{
    struct dp_former *former = xcalloc(1, sizeof *former);
    char path[PATH_MAX];
    int error;

    former->devmap = -1;
    old_path(dp, "layout", path);
    error = layout_load(path, &former->there);
    if (!error && !find_places(former))
        error = ENOTSUP;
    if (!error)
        error = map_open(dp, "flows", &former->flows);
    if (!error)
        error = map_open(dp, has_records(former) ? "records" : "flows", &former->records);
    if (!error)
        error = map_open(dp, "masks", &former->masks);
    if (!error)
        error = map_open(dp, "ports", &former->ports);
    if (!error)
        error = map_open(dp, "port_base", &former->port_base);
    if (!error)
        error = map_open(dp, has_records(former) ? "flow_counters" : "flow_stats",
                         &former->flow_counters);
    if (!error)
        error = map_open(dp, "states", &former->states);
    if (!error)
        error = map_open(dp, "meters", &former->meters);
    if (error) {
        former_close(former);
        return error;
    }
    old_path(dp, "devmap", path);
    former->devmap = bpf_obj_get(path);
    *formerp = former;
    return 0;
}

static void
map_close(struct old_map *map)
{
    if (map->memory)
        munmap((void *)map->memory, map->size);
}

void
former_close(struct dp_former *former)
{
    if (!former)
        return;
    map_close(&former->flows);
    map_close(&former->records);
    map_close(&former->masks);
    map_close(&former->ports);
    map_close(&former->port_base);
    map_close(&former->flow_counters);
    map_close(&former->states);
    map_close(&former->meters);
    if (former->devmap >= 0)
        close(former->devmap);
    layout_free(former->there);
    layout_free(former->here);
    free(former->copied);
    free(former);
}

uint32_t
former_max_flows(const struct dp_former *former)
{
    return (uint32_t)former->flows.n;
}

/* ---- Flows ---- */
static void
copy_key(const struct dp_former *former, const void *from, struct dp_key *to)
{
    memset(to, 0, sizeof *to);
    layout_copy(&former->key_plan, to, from);
}

/* The mask as a key of the old layout, then of ours. False: its words are not to be understood. */
static bool
copy_mask(const struct dp_former *former, uint64_t index, struct dp_key *to)
{
    const uint8_t *mask = element(&former->masks, index);
    uint64_t words[64] = {0}, n_words = former->key_size / 8;
    uint64_t n_rest = number_at(mask, former->n_rest);

    for (uint32_t i = 0; i < layout_n_common(former->there); i++) {
        if (layout_common_word(former->there, i) >= n_words)
            return false;
        memcpy(&words[layout_common_word(former->there, i)], mask + former->common.offset + 8 * i,
               8);
    }
    for (uint64_t i = 0; i < n_rest; i++) {
        uint8_t word = mask[former->words.offset + i];

        if (i >= former->words.size || word >= n_words)
            return false;
        memcpy(&words[word], mask + former->bits.offset + 8 * i, 8);
    }
    copy_key(former, words, to);
    return true;
}

/* SET names a word of the key: which one is it here? */
static bool
copy_set(const struct dp_former *former, struct dp_action *action)
{
    uint64_t values[64] = {0}, masks[64] = {0};
    struct dp_key value, mask;
    uint32_t n = 0;

    if (action->word >= former->key_size / 8)
        return false;
    values[action->word] = action->value;
    masks[action->word] = action->mask;
    copy_key(former, values, &value);
    copy_key(former, masks, &mask);
    for (uint8_t w = 0; w < DP_KEY_WORDS; w++) {
        if (!((const __u64 *)&mask)[w])
            continue;
        action->word = w;
        action->value = ((const __u64 *)&value)[w];
        action->mask = ((const __u64 *)&mask)[w];
        n++;
    }
    return n == 1;
}

/* The whole list; its length, or -1: it is not to be understood. */
static int
copy_list(const struct dp_former *former, uint32_t from, struct dp_action *list)
{
    uint64_t detour = number_at(element(&former->flows, from), former->detour);
    const uint8_t *record = element(&former->records, detour < former->records.n ? detour : from);
    size_t most = former->actions.size / former->action_size;
    int n = 0;

    for (;;) {
        uint64_t count = number_at(record, former->n_actions);
        uint64_t next = number_at(record, former->next);

        for (uint64_t i = 0; i < count; i++) {
            if (i >= most || n == MAX_LIST)
                return -1;
            memset(&list[n], 0, sizeof *list);
            layout_copy(&former->action_plan, &list[n],
                        record + former->actions.offset + i * former->action_size);
            if (list[n].kind == DP_ACTION_SET && !copy_set(former, &list[n]))
                return -1;
            n++;
        }
        if (next >= former->records.n)
            return n;
        record = element(&former->records, next);
    }
}

static void
copy_flow(struct dp *dp, struct dp_former *former, uint32_t from)
{
    static struct dp_action list[MAX_LIST];
    const uint8_t *flow = element(&former->flows, from);
    uint64_t ufid = number_at(flow, former->ufid);
    uint64_t mask_index = number_at(flow, former->mask_index);
    struct dp_key key, mask;
    uint32_t index;
    int n;

    if (!ufid || mask_index >= former->masks.n || !copy_mask(former, mask_index, &mask))
        return;
    n = copy_list(former, from, list);
    copy_key(former, element(&former->records, from) + former->key.offset, &key);
    if (n >= 0 && !dp_flow_put(dp, &key, &mask, list, (size_t)n, ufid, &index))
        former->copied[former->n_copied++] = (struct copied){from, index};
}

/* ---- Ports and meters ---- */
static void
copy_port(struct dp *dp, const struct dp_former *former, uint32_t port_no)
{
    struct dp_port *port = &dp->ports[port_no];

    layout_copy(&former->port_plan, port, element(&former->ports, port_no));
    if (!port->ifindex)
        return;
    port_announce(dp, port_no);
    /* Before the flows: theirs that output here stay on XDP. */
    dp->xdp_output[port_no] =
        port_could_xdp_output(dp, port_no, former->devmap) &&
        (port->flags & DP_PORT_NO_FWD ||
         !bpf_map_update_elem(dp_map_fd(dp, "devmap"), &port_no, &port->ifindex, BPF_ANY));
}

static int
make_plans(const struct dp *dp, struct dp_former *former)
{
    const struct {
        struct layout_plan *plan;
        const char *type;
    } rows[] = {{&former->key_plan, "dp_key"},
                {&former->action_plan, "dp_action"},
                {&former->port_plan, "dp_port"},
                {&former->meter_plan, "dp_meter"},
                {&former->port_stats_plan, "dp_port_stats"}};
    int error = layout_of_build(dp_btf(dp), &former->here);

    if (error)
        return dp_fail(error, "the layout of maps: %s", strerror(error));
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        layout_plan(rows[i].plan, former->here, former->there, rows[i].type);
    return 0;
}

int
former_copy(struct dp *dp, struct dp_former *former)
{
    int error = make_plans(dp, former);

    if (error)
        return error;
    former->copied = xcalloc(former->flows.n, sizeof *former->copied);
    for (uint32_t i = 1; i < MIN(DP_MAX_PORTS, former->ports.n); i++)
        copy_port(dp, former, i);
    for (uint32_t i = 0; i < MIN(DP_MAX_METERS, former->meters.n); i++)
        layout_copy(&former->meter_plan, &dp->meters[i], element(&former->meters, i));
    for (uint32_t i = 0; i < former->flows.n; i++)
        copy_flow(dp, former, i);
    return 0;
}

/* ---- Counters ---- */
static void
take_counters(const struct dp_former *former, const uint8_t *counters, struct dp_record *here,
              uint64_t *used_jiffies)
{
    here->credited_packets -= number_at(counters, former->packets);
    here->credited_bytes -= number_at(counters, former->bytes);
    *used_jiffies = MAX(*used_jiffies, number_at(counters, former->used_jiffies));
}

/* The new programs count meanwhile: what they say of the last use is later. */
static void
take_use(struct dp_flow *here, uint64_t used_jiffies, uint32_t tcp_flags)
{
    __u64 never = 0;

    __atomic_compare_exchange_n(&here->counters.used_jiffies, &never, used_jiffies, false,
                                __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    __atomic_or_fetch(&here->tcp_flags, tcp_flags, __ATOMIC_RELAXED);
}

/* What no OpenFlow flow got is still to be credited: so much less than nothing was. */
static void
add_flow_stats(struct dp *dp, const struct dp_former *former, const struct copied *copied)
{
    const uint8_t *there = element(&former->records, copied->from);
    const uint8_t *flow = element(&former->flows, copied->from);
    struct dp_record *here = &dp->records[copied->to];
    uint64_t used_jiffies = 0;

    here->credited_packets = number_at(there, former->credited_packets);
    here->credited_bytes = number_at(there, former->credited_bytes);
    if (former->first_counters.size)
        take_counters(former, flow + former->first_counters.offset, here, &used_jiffies);
    for (size_t i = copied->from; i < former->flow_counters.n; i += former->flows.n)
        take_counters(former, element(&former->flow_counters, i), here, &used_jiffies);
    take_use(&dp->flows[copied->to], used_jiffies, (uint32_t)number_at(flow, former->tcp_flags));
}

static void
add_base(struct dp *dp, const struct dp_former *former, uint32_t port_no, const uint8_t *from)
{
    uint64_t *base = (uint64_t *)&dp->port_base[port_no];
    struct dp_port_stats stats = {0};

    layout_copy(&former->port_stats_plan, &stats, from);
    for (size_t i = 0; i < sizeof stats / sizeof *base; i++)
        base[i] += ((const uint64_t *)&stats)[i];
}

static void
add_port_stats(struct dp *dp, const struct dp_former *former, uint32_t port_no)
{
    struct layout_place all = former->port_stats;
    size_t size = former->port_stats_size;

    if (port_no < former->port_base.n)
        add_base(dp, former, port_no, element(&former->port_base, port_no));
    for (size_t cpu = 0; (port_no + 1) * size <= all.size && cpu < former->states.n; cpu++)
        add_base(dp, former, port_no, element(&former->states, cpu) + all.offset + port_no * size);
}

/* What the old maps' meters counted since they were copied. */
static void
add_meter_stats(struct dp *dp, const struct dp_former *former, uint32_t number)
{
    struct dp_meter now, *meter = &dp->meters[number];

    if (!(meter->flags & DP_METER_LIVE))
        return;
    now = *meter;
    layout_copy(&former->meter_plan, &now, element(&former->meters, number));
    if (now.n_packets > meter->n_packets) {
        __atomic_fetch_add(&meter->n_bytes, now.n_bytes - meter->n_bytes, __ATOMIC_RELAXED);
        __atomic_fetch_add(&meter->n_packets, now.n_packets - meter->n_packets, __ATOMIC_RELAXED);
    }
}

static void
add_counters(struct dp *dp, const struct dp_former *former)
{
    for (uint32_t i = 0; i < former->n_copied; i++)
        add_flow_stats(dp, former, &former->copied[i]);
    for (uint32_t i = 1; i < DP_MAX_PORTS; i++) {
        if (dp->ports[i].ifindex)
            add_port_stats(dp, former, i);
    }
    for (uint32_t i = 0; i < MIN(DP_MAX_METERS, former->meters.n); i++)
        add_meter_stats(dp, former, i);
}

void
former_end(struct dp *dp, struct dp_former *former)
{
    records_grace(dp);
    add_counters(dp, former);
    pins_promote(dp);
}
