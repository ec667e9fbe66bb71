/* SPDX-License-Identifier: Apache-2.0 */
/* Prints as text what the daemon's "show" and "dpctl-show" answer.
 *
 * Threads: one. Errors: none; a member that is missing is left out. */
#ifndef SHUNT_CLI_SHOW_H
#define SHUNT_CLI_SHOW_H

#include <jansson.h>

void show_print_bridges(const json_t *result);
void show_print_datapath(const json_t *result);

#endif
