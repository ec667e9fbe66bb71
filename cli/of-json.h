/* SPDX-License-Identifier: Apache-2.0 */
/* OpenFlow objects as JSON.
 *
 * Model: an object becomes {"class": its class, MEMBER: value, ...}, with the members that its
 * version has: numbers as numbers, enumerators and flags by name, addresses as text, bytes in
 * hexadecimal, lists as arrays, a match field as {NAME: value} or {NAME: "value/mask"}.
 * Ownership: a new reference. Threads: any. Not here: text for people. */
#ifndef SHUNT_CLI_OF_JSON_H
#define SHUNT_CLI_OF_JSON_H

#include <jansson.h>

struct of_object;

json_t *of_json(const struct of_object *);
/* A struct of_list or one of the same layout. */
json_t *of_json_list(const void *list);

#endif
