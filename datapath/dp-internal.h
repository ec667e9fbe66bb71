/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the client share. Nobody outside datapath/ and upcall/ includes this.
 *
 *   dp.c          open, close, totals
 *   error.c       dp_error()
 *   load.c        objects, maps, pins, adoption
 *   migrate.c     adoption of maps of another layout; layout.c  what that is
 *   attach.c      programs on devices
 *   port.c        ports
 *   flow_table.c  records, buckets; masks.c  masks; records.c  indices and grace periods
 *   executor.c    packets from user space; segment.c  large ones, cut
 *   meter.c       meters
 *
 * `lock` orders all writers of the shared memory; fields below it belong to it. */
#ifndef SHUNT_DATAPATH_DP_INTERNAL_H
#define SHUNT_DATAPATH_DP_INTERNAL_H

#include <limits.h>
#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>

#include "datapath/dp.h"
#include "lib/hmap.h"

#define DP_DEFAULT_RING_SIZE (2u << 20)

struct state;
struct switch_tc;
struct switch_xdp;

/* The arrays that are mapped. */
enum dp_map {
    DP_MAP_FLOWS,
    DP_MAP_RECORDS,
    DP_MAP_BUCKETS,
    DP_MAP_FILTERS,
    DP_MAP_MASKS,
    DP_MAP_CONTROL,
    DP_MAP_FLOW_COUNTERS,
    DP_MAP_PORTS,
    DP_MAP_IFINDEX_PORTS,
    DP_MAP_PORT_BASE,
    DP_MAP_STATES,
    DP_MAP_INJECTIONS,
    DP_MAP_METERS,
    DP_N_MAPPED,
};

struct dp_mapping {
    void *memory;
    size_t size;
};

/* What the client knows of a record beside its memory. */
enum record_use {
    RECORD_FREE,
    RECORD_HEAD,    /* A live flow. */
    RECORD_EXTRA,   /* Part of a live flow's list, or an executor's. */
    RECORD_DYING,   /* Waits for a grace period. */
    RECORD_RETIRED, /* Of a flow that was taken out: waits for dp_flow_forget(). */
};

/* A ring of indices. `n_popped + n` counts all that were ever pushed, so that a grace period can
 * name what was there when it began. */
struct index_queue {
    uint32_t *indices;
    uint32_t capacity, first, n;
    uint64_t n_popped;
};

struct mask_node {
    struct hmap_node node; /* In dp->mask_table, by the hash of its bits. */
    uint32_t index;
    struct dp_key bits;
};

struct port_links {
    int tc_fd, xdp_fd; /* bpf_links, or -1. */
    bool clsact;       /* TC by a clsact filter, which has no link. */
    char why[96];
};

struct btf;
struct dp_former;

struct dp {
    char pin_dir[PATH_MAX];   /* "": nothing is pinned. */
    bool is_migrating;        /* The maps are pinned in pin_dir/next. */
    struct dp_former *former; /* While it is: the maps of another layout. */
    char inject_dev[IFNAMSIZ];
    unsigned int inject_ifindex;
    uint32_t max_flows, n_buckets, n_cpus, n_rings;
    int64_t ns_per_jiffy, reference_ns;
    int64_t clock_ahead_ns; /* Of time_now_ns(), before the clock of programs. */
    uint64_t reference_jiffies;
    __u64 secret[32]; /* As in struct dp_control. */

    /* Immutable after dp_open(). */
    struct switch_tc *tc;
    struct switch_xdp *xdp;
    struct dp_mapping mapped[DP_N_MAPPED];
    uint32_t ring_size;
    _Atomic int ring_fds[DP_MAX_RINGS]; /* 0: not made yet. */
    int inject_fd;                      /* Of the injection device, a tap. */

    /* The mapped arrays by name. */
    struct dp_flow *flows;
    struct dp_record *records; /* By the same index. */
    struct dp_bucket *buckets;
    struct dp_filter *filters;
    struct dp_mask *masks;
    struct dp_control *control;
    struct dp_flow_counters *flow_counters;
    struct dp_port *ports;
    struct dp_ifindex_slot *ifindex_ports;
    struct dp_port_stats *port_base;
    struct state *states; /* By CPU. */
    struct dp_inject *injections;
    struct dp_meter *meters;

    pthread_mutex_t lock;
    struct port_links *links; /* By port number; [0]: the injection device. */
    bool *xdp_output;         /* By port number: XDP can send there. */
    uint8_t *use;             /* enum record_use, by index. */
    struct index_queue free, dying;
    struct index_queue detours; /* Lists that shall come home to their heads. */
    struct hmap mask_table;
    struct mask_node *mask_nodes; /* By mask index. */
    uint8_t *mask_use;            /* enum record_use, by mask index. */
    _Atomic uint64_t *mask_hits;  /* Packets, by mask index; the older count less. */
    atomic_bool *mask_unwanted;   /* By mask index: its flows shall go. */
    struct index_queue dying_masks;
    _Atomic uint32_t n_flows, n_masks; /* To be read without the lock, too. */
    uint64_t slots_used[DP_INJECT_SLOTS / 64];
};

/* ---- error.c ---- */
/* Keeps the sentence for dp_error() and returns `error`. */
int dp_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- load.c ---- */
/* Loads both objects, over pinned maps where there are any of this ABI, and maps the arrays. */
int dp_load(struct dp *, const struct dp_options *, bool *adopted);
void dp_unload(struct dp *);
/* The file descriptor of a map by name. */
int dp_map_fd(const struct dp *, const char *name);
/* What the structs of the maps look like. */
const struct btf *dp_btf(const struct dp *);
/* Removes every pin; bpf_links of the pins go with it. */
void dp_unpin_all(const struct dp *);
/* Makes the ring where there is none. Under the lock. */
int ring_open(struct dp *, uint32_t ring);
size_t dp_maps_size(uint32_t max_flows, uint32_t n_cpus);
uint32_t dp_buckets_for(uint32_t max_flows);

/* The maps of pin_dir/next take the place of the old ones. */
void pins_promote(struct dp *);

/* ---- migrate.c ---- */
/* The pinned maps of a build with another layout, to be read. ENOENT: it left no layout. */
int former_open(const struct dp *, struct dp_former **);
void former_close(struct dp_former *);
uint32_t former_max_flows(const struct dp_former *);
/* Flows, ports and meters into the new maps; before ports_adopt(). */
int former_copy(struct dp *, struct dp_former *);
/* After ports_adopt(): takes the counters over, and the pins. */
void former_end(struct dp *, struct dp_former *);

/* ---- attach.c ---- */
/* `pin`: file in the pin directory for the link, or NULL. */
int attach_xdp(struct dp *, unsigned int ifindex, const char *pin, int *link_fd, bool *generic);
/* The injection device's ingress, native XDP alone. */
int attach_xdp_inject(struct dp *, unsigned int ifindex, int *link_fd);
enum attach_tc_how { ATTACHED_TCX, ATTACHED_CLSACT, ATTACHED_OWN_CLSACT };
/* Ingress of a port, or egress of the injection device. *link_fd is set with tcx alone. */
int attach_tc(struct dp *, unsigned int ifindex, bool egress, const char *pin, int *link_fd,
              enum attach_tc_how *);
void detach(struct dp *, const char *pin, int *link_fd);
/* Takes our filter out of the ingress; `own_qdisc`: and the qdisc that we made for it. */
void detach_clsact(unsigned int ifindex, bool own_qdisc);

/* ---- port.c ---- */
/* Takes over the ports of the maps, and gives them this daemon's programs. */
int ports_adopt(struct dp *);
void ports_detach_all(struct dp *);
/* Whether XDP could send to the port for the last daemon, which had it in its `devmap`, unless the
 * port refused (OFPPC_NO_FWD). */
bool port_could_xdp_output(const struct dp *, uint32_t port_no, int devmap);
/* Tells the way in of a port that was written by somebody else. */
int port_announce(struct dp *, uint32_t port_no);

/* ---- flow_table.c, masks.c, records.c ---- */
int flow_table_init(struct dp *);
void flow_table_destroy(struct dp *);
/* Rebuilds what the client knows from the mapped memory. */
int flow_table_adopt(struct dp *);
/* XDP's ability to send to some port has changed. Under the lock. */
void flow_table_refresh_hooks(struct dp *);
/* Writes the actions into the record at `index` and into further ones. Under the lock. */
int flow_record_fill(struct dp *, uint32_t index, const struct dp_action *, size_t n_actions);
/* Says in the head's flags what its list needs. Under the lock. */
void flow_refresh_flags(struct dp *, uint32_t index);
/* The port of a list that is nothing but an output; else DP_NO_PORT. */
uint32_t list_single_port(const struct dp_action *, size_t n_actions);
/* DP_FLOW_* of a list. Without the lock the answer may be that of a moment ago. */
uint16_t list_flags(const struct dp *, const struct dp_action *, size_t n_actions);

int masks_init(struct dp *);
void masks_destroy(struct dp *);
/* The index of the mask, which is made when there is none; counts one more flow. */
int mask_acquire(struct dp *, const struct dp_key *mask, uint32_t *index);
/* Packets of a flow of the mask. */
void mask_count_hits(struct dp *, uint32_t index, uint64_t n_packets);
void mask_release(struct dp *, uint32_t index);
void mask_free(struct dp *, uint32_t index);
void mask_expand(const struct dp_mask *, struct dp_key *key_mask);
/* The hash of a masked key, as the fast path has it. */
uint32_t mask_key_hash(const struct dp *, const struct dp_key *masked, uint32_t index);
/* Counts a flow of an adopted mask, and at the end drops those without flows. */
int mask_adopt(struct dp *, uint32_t index);
void masks_adopt_end(struct dp *);

int queue_init(struct index_queue *, uint32_t capacity);
void queue_destroy(struct index_queue *);
void queue_push(struct index_queue *, uint32_t index);
uint32_t queue_pop(struct index_queue *);

int records_init(struct dp *);
void records_destroy(struct dp *);
/* A zeroed flow and record with zeroed counters, or ENOSPC: a grace period may bring some. */
int record_alloc(struct dp *, enum record_use, uint32_t *index);
/* Gives back the record that was allocated last, which nobody saw. */
void record_alloc_undo(struct dp *, uint32_t index);
/* Frees the record, or it and those chained to it, after the next grace period. */
void record_release(struct dp *, uint32_t index);
void record_release_chain(struct dp *, uint32_t index);
/* Frees it at once: a grace period was waited for. */
void record_free(struct dp *, uint32_t index);
/* The list at `detour` has taken the place of its head's own. */
void record_detoured(struct dp *, uint32_t head, uint32_t detour);
/* Everything that is not in use becomes free. */
void records_adopt_end(struct dp *);
/* Waits until no program uses what was released before. Without the lock. */
void records_grace(struct dp *);

/* ---- executor.c ---- */
int inject_device_open(struct dp *);
void inject_device_close(struct dp *);

#endif
