/* SPDX-License-Identifier: Apache-2.0 */
/* The bridges of the daemon: what the configuration wants, joined to devices and to the fast path.
 *
 * Model: a bridge has a local port and ports. A port belongs to a device by name; while the device
 * exists the port is attached to it (`ifindex` is not 0) and has a datapath port, else it waits
 * for the device to come. A device that is renamed takes its port along. The datapath numbers of
 * ports are kept in the configuration, so that what an adopted fast path forwards by still means
 * the same ports.
 *
 * A request is checked whole before anything changes; when a step fails the steps before it are
 * undone. What is configured is saved after every change; what was removed, or renamed by the host,
 * stays so when that fails, and is saved later.
 *
 * Ownership: `struct bridges` owns all bridges and ports, and borrows the dp and the links.
 * Threads: the main loop's. Errors: positive errno and a line for the operator.
 * Not here: OpenFlow tables (ofproto), translation (slowpath), JSON (shuntd/verbs.c). */
#ifndef SHUNT_SHUNTD_BRIDGE_H
#define SHUNT_SHUNTD_BRIDGE_H

#include <event2/event.h>
#include <openssl/ssl.h>

#include "datapath/dp.h"
#include "lib/list.h"
#include "ofproto/ofp-names.h"
#include "ports/ports.h"
#include "shuntd/allowed.h"
#include "shuntd/config.h"

struct connmgr;
struct health;
struct ofport;
struct ofport_stats;
struct ofproto;
struct ofproto_meter_ops;
struct saver;
struct slowpath;
struct slowpath_ops;

struct bridge_port {
    struct list link; /* In bridge->ports; the local port's is empty. */
    struct bridge *bridge;
    struct config_port config; /* The local port's device is the switch's end of its pair. */
    uint32_t ifindex;          /* 0: not attached. */
    struct dp_port_info dp;    /* While attached. */
    struct error error;        /* Why it is not attached, or empty. */
    bool to_peer;              /* TC sends straight to the other end of the veth. */
    char peer_why[128];        /* Why, or why not; empty when not attached. */
    uint32_t n_link_changes;   /* How often its device went up or down, or its carrier did. */
};

struct bridge {
    struct list link;
    struct bridges *bridges;
    struct config_bridge config; /* Its `ports` are empty: see below. */
    struct bridge_port local;
    struct list ports;       /* Of struct bridge_port, by OpenFlow port number. */
    struct ofproto *ofproto; /* Its ports are those that are attached. */
    struct connmgr *connmgr;
    struct list barriers; /* That wait for the slow path. */
    struct saver *saver;  /* NULL: OpenFlow state is not saved. */
    bool is_restored;     /* Its tables are those of a former daemon. */
    struct {
        uint64_t n_txns;   /* The tables' changes, when last looked at. */
        int64_t active_ms; /* When one was made, or a controller asked for a barrier. */
        bool is_told;      /* One did. */
    } hold;                /* Of shuntd/hold.c. */
    struct ofp_port_names port_names;
};

struct bridges_options {
    struct event_base *base;
    struct dp *dp;
    uint32_t n_handlers;
    SSL_CTX *tls; /* NULL: no ssl: and pssl:. */
    struct allowed allowed;
    const char *run_dir;     /* Where BR.mgmt and BR.snoop are. */
    const char *config_path; /* NULL: nothing is saved. */
    const char *state_dir;   /* Where OpenFlow state is saved; NULL with config_path. */
    bool restore;            /* Fill tables from there at the start. */
    const char *identity;    /* What the MACs derive from, with the bridge's name. */
    uint32_t hold_s; /* How long flows of an adopted fast path wait for controllers, at most. */
};

struct bridges {
    struct event_base *base;
    struct dp *dp;
    SSL_CTX *tls;
    struct allowed allowed;
    const char *run_dir, *config_path, *state_dir, *identity;
    bool restore;
    struct ports *links;
    struct slowpath *slowpath;
    struct event *run_event;  /* The tables have something to tell, or a flow expires. */
    struct list list;         /* Of struct bridge, by name. */
    struct list leaving;      /* Of those that bridge_leave() took out of it. */
    bool saves_later;         /* bridges_save() does nothing: who set this calls it again. */
    struct event *save_event; /* Tries it again when it failed, for the change may stand. */
    bool save_failed;         /* The last time. */
    struct bridge_port *by_dp_port[DP_MAX_PORTS];
    uint64_t left[DP_MAX_PORTS]; /* slowpath_now() as the number became free; 0: it never was. */
    uint64_t meters[DP_MAX_METERS / 64];         /* Bits of the datapath's meters in use. */
    uint64_t adopted_meters[DP_MAX_METERS / 64]; /* Those of them that no bridge has. */
    uint32_t hold_s;
    int64_t hold_until_ms;
    struct event *hold_event; /* NULL: nothing is held (shuntd/hold.h). */
    bool is_matched;          /* What was adopted was held against the tables, and is credited. */
    struct health *health;    /* Once they are started (shuntd/health.h). */
};

/* Opens the table of devices and the slow path; bridges_links_fd() is readable when bridges_run()
 * has something to do. */
int bridges_create(const struct bridges_options *, struct bridges **, struct error *);
/* With `keep` devices and datapath ports stay as they are; else the host gets its own back. */
void bridges_destroy(struct bridges *, bool keep);
int bridges_links_fd(const struct bridges *);
void bridges_run(struct bridges *);

/* Brings back what was saved, and starts the slow path. What cannot be attached now is logged and
 * waits. Datapath ports of an adopted fast path that nobody wants are removed. */
int bridges_start(struct bridges *, const struct config *, struct error *);
/* What could not be saved is tried again, whatever became of the request. */
int bridges_save(struct bridges *, struct error *);
/* In the next turn of the main loop, unless it is done later anyhow. */
void bridges_save_soon(struct bridges *);
/* For who finds nothing to change: an error as long as that is so because of an unsaved change. */
int bridges_save_rest(struct bridges *, struct error *);
/* Writes the OpenFlow state of every bridge anew, counters included, and calls `done`. */
typedef void bridges_done_cb(void *aux, int err, const struct error *);
void bridges_save_state(struct bridges *, bridges_done_cb *done, void *aux);

/* ENOENT and a line when there is none. */
int bridges_find(const struct bridges *, const char *name, struct bridge **, struct error *);
int bridges_add(struct bridges *, const struct config_bridge *request, struct error *);
/* A bridge goes in steps, each of which may wait for the kernel as long as taking one port off its
 * device takes. From bridge_leave() on nobody finds the bridge; its name and its devices are taken
 * until bridge_leave_step() returns false: it was the last, and freed the bridge. Then it is time
 * to save; until then what is saved has what is left of it, for who comes after a daemon that dies.
 */
void bridge_leave(struct bridge *);
bool bridge_leave_step(struct bridge *);

/* Takes datapath id, fail mode and protocols from `config`. */
int bridge_set(struct bridge *, const struct config_bridge *config, struct error *);
int bridge_set_controllers(struct bridge *, const struct config_target *, size_t n, struct error *);
int bridge_add_port(struct bridge *, const struct config_port *request, struct error *);
/* Takes `peer_off` from `request`. */
int bridge_set_port(struct bridge *, const struct config_port *request, struct error *);
int bridge_remove_port(struct bridge *, const char *device, struct error *);
/* The port of this device name on any bridge, local ports' switch ends included, or NULL. */
struct bridge_port *bridges_find_device(const struct bridges *, const char *device);
/* The device at which the outside meets the port: for a local port the host's end of its pair.
 * NULL while there is none. */
const struct link *bridge_port_link(const struct bridge_port *);
bool bridge_port_is_local(const struct bridge_port *);
/* The OpenFlow number as text, LOCAL for a local port. */
struct bridge_port_number {
    char text[12];
} bridge_port_number(const struct bridge_port *);

/* ---- OpenFlow ---- */
/* Makes the tables, the connections, and what they need of the slow path. */
int bridge_open_ofproto(struct bridge *, struct error *);
void bridge_close_ofproto(struct bridge *);
/* Ends the connections alone, so that nobody asks for anything while the rest goes. */
void bridge_close_connections(struct bridge *);
/* Tell OpenFlow what the configuration says. */
int bridge_apply_controllers(struct bridge *, struct error *);
void bridge_apply_settings(struct bridge *);
/* Tell OpenFlow that a port was attached, that its device changed, that it goes. */
int bridge_ofport_add(struct bridge_port *);
void bridge_ofport_update(struct bridge_port *);
void bridge_ofport_remove(struct bridge_port *);
/* Members of struct ofproto_ops. */
int bridge_ofport_configure(void *aux, struct ofproto *, const struct ofport *);
int bridge_ofport_stats(void *aux, struct ofproto *, const struct ofport *, struct ofport_stats *);
extern const struct ofproto_meter_ops bridge_meter_ops;
/* Meters of an adopted fast path: takes them over, so that no new one gets the number of one that
 * a flow still names; and lets go of those that nobody claimed. */
void bridges_adopt_meters(struct bridges *);
void bridges_drop_adopted_meters(struct bridges *);
extern const struct slowpath_ops bridge_slowpath_ops;
/* The callback of run_event. */
void bridges_on_run(evutil_socket_t, short what, void *aux);

/* ---- Between the files of this module ---- */
extern const struct ports_ops bridge_ports_ops;
/* A bridge has that name, also one that goes: no port may, whatever became of the device. */
bool bridges_take_name(const struct bridges *, const char *name);
/* Finds the lowest datapath port number that is free, and known to no megaflow if there is such a
 * one; 0: none. */
uint32_t bridges_free_dp_port(const struct bridges *);
/* Makes it free. */
void bridges_leave_dp_port(struct bridges *, uint32_t number);
/* Makes the pair of the local port unless it exists; the event of its arrival attaches it. */
int bridge_make_local(struct bridge *, struct error *);
/* The same, and waits for the event. Not for callbacks of ports. */
int bridge_attach_local(struct bridge *, struct error *);
int bridge_port_attach(struct bridge_port *, const struct link *, struct error *);
/* Decides anew whether TC may send straight to the other end of the port's veth. */
void bridge_port_update_peer(struct bridge_port *);
void bridge_port_free(struct bridge_port *);
/* The device is gone when `link_exists` is false. */
void bridge_port_detach(struct bridge_port *, bool link_exists);

#endif
