/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of the management protocol stand on, without privileges: bridges with real tables
 * and real translation, ports that are names, no devices, a datapath without flows.
 *
 * Model: fake-bridges.c and fake-dp.c define functions of shuntd/bridge.h and datapath/dp.h; they
 * are linked before the libraries. Ownership: fake_bridges_destroy() frees all. Threads: one. */
#ifndef SHUNT_TESTS_FUZZ_FAKE_BRIDGES_H
#define SHUNT_TESTS_FUZZ_FAKE_BRIDGES_H

#include "shuntd/bridge.h"

struct bridges *fake_bridges_create(struct event_base *);
/* Back to none. */
void fake_bridges_clear(struct bridges *);
void fake_bridges_destroy(struct bridges *);

#endif
