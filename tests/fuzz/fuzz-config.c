/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as the saved configuration. It holds that they are refused with a line that names the file,
 * or that what was read, saved and read again is the same. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "shuntd/config.h"
#include "tests/fuzz/hold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/dev/shm/fuzz-config-XXXXXX";
static char first[64], second[64], third[64];

static void
remove_files(void)
{
    unlink(first);
    unlink(second);
    unlink(third);
    rmdir(directory);
}

static void
make_directory(void)
{
    HOLD(mkdtemp(directory));
    snprintf(first, sizeof first, "%s/1", directory);
    snprintf(second, sizeof second, "%s/2", directory);
    snprintf(third, sizeof third, "%s/3", directory);
    atexit(remove_files);
}

static void
write_file(const char *path, const uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "wbe");

    HOLD(file);
    HOLD(fwrite(data, 1, size, file) == size);
    HOLD(!fclose(file));
}

static void
expect_same_files(const char *path, const char *other_path)
{
    FILE *file = fopen(path, "rbe"), *other = fopen(other_path, "rbe");
    int c;

    HOLD(file && other);
    do {
        c = getc(file);
        HOLD(c == getc(other));
    } while (c != EOF);
    fclose(file);
    fclose(other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    struct error error = {{0}};
    int err;

    if (!*first)
        make_directory();
    write_file(first, data, size);
    err = config_load(first, &config, &error);
    if (err) {
        HOLD(err == EBADMSG && !strncmp(error.text, first, strlen(first)));
        HOLD(!config.n_bridges && !config.bridges);
        return 0;
    }
    HOLD(!config_save(second, &config, &error));
    config_free(&config);
    HOLD(!config_load(second, &config, &error));
    HOLD(!config_save(third, &config, &error));
    config_free(&config);
    expect_same_files(second, third);
    return 0;
}
