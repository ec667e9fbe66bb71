/* SPDX-License-Identifier: Apache-2.0 */
/* FUZZ-TARGET FILE...: the main() of a fuzz target without libFuzzer. Runs each file through the
 * target, as libFuzzer would; what is wrong with one ends the process. */
#include <errno.h>
#include <stdio.h>

#include "lib/util.h"

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
run_file(const char *path)
{
    uint8_t *room = xmalloc(INPUT_MAX), *exact;
    FILE *file = fopen(path, "rbe");
    size_t size = file ? fread(room, 1, INPUT_MAX, file) : 0;
    int error = !file || ferror(file) ? errno : 0;

    if (file)
        fclose(file);
    if (!error) {
        exact = xmemdup(room, size); /* So that a sanitizer sees the end. */
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    free(room);
    return error;
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int error;

        fprintf(stderr, "%s\n", argv[i]); /* The last one is what it died of. */
        error = run_file(argv[i]);
        if (error) {
            fprintf(stderr, "%s: %s\n", argv[i], strerror(error));
            return 1;
        }
    }
    return 0;
}
