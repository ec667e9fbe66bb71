/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/boot.h"

#include <stdio.h>
#include <string.h>

void
boot_id_get(char id[BOOT_ID_SIZE])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    memset(id, 0, BOOT_ID_SIZE);
    if (!file)
        return;
    if (!fgets(id, BOOT_ID_SIZE, file))
        id[0] = '\0';
    fclose(file);
}
