/* SPDX-License-Identifier: Apache-2.0 */
/* Which port a MAC address was last seen on, for the action NORMAL.
 *
 * Model: a map of (VLAN, address) to an OpenFlow port number, in the order of last use. An entry
 * that nobody refreshed for idle_ms goes at the next mac_table_expire(); a full table gives up
 * its least recently used entry. Translation only looks up; learning is an effect that its
 * caller applies, so that tracing a packet teaches the switch nothing.
 *
 * A table that is kept (mac_table_keep()) stands in a file's memory, too, so that a daemon that is
 * killed leaves it to the next, and what that forwards is not flooded meanwhile.
 *
 * Invariant: a lookup's result changes only together with a call of `changed`, which names the
 * one address concerned; so megaflows that did not ask for that address stay good.
 *
 * Threads: any; one mutex inside. `changed` runs under it and must not call back.
 * Errors: none. Not here: what NORMAL does with the port (slowpath/xlate-normal.c). */
#ifndef SHUNT_SLOWPATH_MAC_H
#define SHUNT_SLOWPATH_MAC_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

#define MAC_TABLE_MAX 8192
#define MAC_TABLE_IDLE_MS 300000

struct mac_table;

/* The port of (vlan, mac) changed, appeared or disappeared. */
typedef void mac_changed_cb(void *aux, uint16_t vlan, const uint8_t mac[6]);

struct mac_table *mac_table_create(uint32_t max_entries, int64_t idle_ms, mac_changed_cb *,
                                   void *aux);
void mac_table_destroy(struct mac_table *);

/* Keeps the table in the file `path`, and learns what a former daemon of this boot left there, of
 * ports that `has_port` knows. What is old is given MAC_TABLE_GRACE_MS: megaflows that forwarded
 * meanwhile refresh it. Once a table. On an error it is not kept. */
#define MAC_TABLE_GRACE_MS 60000
typedef bool mac_has_port(void *aux, uint32_t ofport);
int mac_table_keep(struct mac_table *, const char *path, mac_has_port *has_port, void *aux,
                   int64_t now_ms);

/* Finds the port; `vlan` is the VLAN id, 0 without a tag. */
bool mac_table_lookup(struct mac_table *, uint16_t vlan, const uint8_t mac[6], uint32_t *ofport);

/* Notes that (vlan, mac) sent from `ofport` at `now_ms`. A multicast address is not learned.
 * Returns whether a lookup's result changed. */
bool mac_table_learn(struct mac_table *, uint16_t vlan, const uint8_t mac[6], uint32_t ofport,
                     int64_t now_ms);

/* Removes entries idle since before now_ms - idle_ms. Returns when the next one is due. */
int64_t mac_table_expire(struct mac_table *, int64_t now_ms);

/* Removes the entries of a port (OFPORT_ANY: all). Returns how many. */
uint32_t mac_table_flush(struct mac_table *, uint32_t ofport);

uint32_t mac_table_count(struct mac_table *);

/* Prints the table as ovs-appctl fdb/show does. */
void mac_table_format(struct mac_table *, int64_t now_ms, struct buf *);

#endif
