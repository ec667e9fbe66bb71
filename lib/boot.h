/* SPDX-License-Identifier: Apache-2.0 */
/* Which boot this is: times of the monotonic clock mean something within one.
 *
 * Ownership: the caller's memory. Threads: any. Errors: an id that cannot be read is empty. */
#ifndef SHUNT_LIB_BOOT_H
#define SHUNT_LIB_BOOT_H

#define BOOT_ID_SIZE 40

/* Linux's random/boot_id, a line of text, filled up with zeros. */
void boot_id_get(char id[BOOT_ID_SIZE]);

#endif
