/* SPDX-License-Identifier: Apache-2.0 */
/* Loads every program of BPF objects into the running kernel and prints how many instructions
 * the verifier walked: `verifier OBJECT...` prints "OBJECT PROGRAM N" lines. Exit status 1: one
 * did not load, and the end of the verifier's log is on standard error. Needs nothing but a
 * kernel: it also runs in an initramfs. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_SIZE (4 << 20)
#define LOG_STATISTICS 4
#define LOG_TAIL 2000
#define MAX_PROGRAMS 16

static const char *
basename_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* "processed N insns" of a log, or -1. */
static long
instructions_in(const char *log)
{
    const char *at = strstr(log, "processed ");

    return at ? strtol(at + strlen("processed "), NULL, 10) : -1;
}

/* Sizes that the daemon would set. */
static int
size_maps(struct bpf_object *object)
{
    static const char *const per_cpu[] = {"states", "flow_counters"};
    int n_cpus = libbpf_num_possible_cpus();

    for (size_t i = 0; i < sizeof per_cpu / sizeof per_cpu[0]; i++) {
        struct bpf_map *map = bpf_object__find_map_by_name(object, per_cpu[i]);

        if (map && bpf_map__set_max_entries(map, n_cpus * bpf_map__max_entries(map)))
            return -1;
    }
    return 0;
}

/* Loads all with the log of `log_level` in `logs`. */
static int
load(const char *path, char *logs[MAX_PROGRAMS], int log_level, struct bpf_object **object)
{
    struct bpf_program *program;
    int i = 0;

    *object = bpf_object__open_file(path, NULL);
    if (!*object || size_maps(*object))
        return -1;
    bpf_object__for_each_program(program, *object)
    {
        if (i == MAX_PROGRAMS)
            return -1;
        logs[i][0] = '\0';
        bpf_program__set_log_level(program, log_level);
        bpf_program__set_log_buf(program, logs[i++], LOG_SIZE);
    }
    return bpf_object__load(*object);
}

static int
check(const char *path, char *logs[MAX_PROGRAMS])
{
    struct bpf_object *object = NULL;
    struct bpf_program *program;
    int i = 0, error = load(path, logs, LOG_STATISTICS, &object);

    if (!object) {
        fprintf(stderr, "%s: cannot be opened: %s\n", path, strerror(-error));
        return 1;
    }
    bpf_object__for_each_program(program, object)
    {
        size_t size = strlen(logs[i]);

        if (error && size)
            fprintf(stderr, "%s\n", logs[i] + (size > LOG_TAIL ? size - LOG_TAIL : 0));
        else if (!error)
            printf("%s %s %ld\n", basename_of(path), bpf_program__name(program),
                   instructions_in(logs[i]));
        i++;
    }
    bpf_object__close(object);
    return error != 0;
}

int
main(int argc, char **argv)
{
    char *logs[MAX_PROGRAMS];
    int failed = argc < 2;

    for (int i = 0; i < MAX_PROGRAMS; i++) {
        logs[i] = malloc(LOG_SIZE);
        if (!logs[i])
            return 1;
    }
    for (int i = 1; i < argc; i++)
        failed |= check(argv[i], logs);
    for (int i = 0; i < MAX_PROGRAMS; i++)
        free(logs[i]);
    return failed;
}
