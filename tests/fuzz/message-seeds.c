/* SPDX-License-Identifier: Apache-2.0 */
/* message-seeds DIRECTORY: writes one random message of each class and version, the fuzzer's seeds.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "tests/openflow/random.h"

enum { SEED = 3 }; /* Any: it fixes what is written. */

static int
write_seed(const char *directory, uint8_t version, uint16_t class_id)
{
    struct of_buf out = OF_BUF_INITIALIZER;
    struct of_object *object;
    struct of_arena arena;
    char path[4096];
    FILE *file;
    int error;

    of_arena_init(&arena, NULL, 0);
    object = of_random_object(SEED, version, class_id, &arena);
    error = of_object_encode(object, &out);
    snprintf(path, sizeof path, "%s/%u-%s", directory, version, of_class_name(class_id));
    file = error ? NULL : fopen(path, "wb");
    if (!error && (!file || fwrite(out.data, 1, out.size, file) != out.size))
        error = errno;
    if (file && fclose(file))
        error = errno;
    of_buf_destroy(&out);
    of_arena_destroy(&arena);
    return error;
}

int
main(int argc, char **argv)
{
    static const uint8_t versions[] = {OF_VERSION_10, OF_VERSION_13, OF_VERSION_14, OF_VERSION_15};

    if (argc != 2) {
        fprintf(stderr, "usage: message-seeds DIRECTORY\n");
        return 1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        for (uint16_t id = 0; id < OF_N_CLASSES; id++) {
            struct of_arena arena;
            bool exists;
            int error;

            of_arena_init(&arena, NULL, 0);
            exists = of_class_is(id, OF_HEADER) && of_object_new(&arena, id, versions[i]);
            of_arena_destroy(&arena);
            error = exists ? write_seed(argv[1], versions[i], id) : 0;
            if (error) {
                fprintf(stderr, "message-seeds: %s: %s\n", argv[1], strerror(error));
                return 1;
            }
        }
    }
    return 0;
}
