/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration's file under fault injection: the process dies at each system call, the call
 * fails, or power is lost there; any byte is another one; the file is cut anywhere. What is read is
 * the old or the new configuration, whole, or nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/durable.h"
#include "lib/util.h"
#include "shuntd/config.h"
#include "tests/unit.h"

#include "tests/faults.h"

/* In memory, as in unit-journal.c. */
static char dir[] = "/dev/shm/shunt-config-XXXXXX", path[64], new_path[80];

/* One that its number of tables names. */
static int
save(uint32_t n_tables)
{
    struct config_target target = {.name = "tcp:10.0.0.1:6653", .rate_limit = 5};
    struct config_port port = {.device = "v1", .ofport = 7, .dp_port = 2};
    struct config_bridge bridge = {.name = "br0",
                                   .datapath_id = 0xaa,
                                   .mac = {2, 0, 0, 0, 0, 1},
                                   .dp_port = 1,
                                   .protocols = CONFIG_PROTOCOLS_ALL,
                                   .n_tables = n_tables,
                                   .controllers = &target,
                                   .n_controllers = 1,
                                   .ports = &port,
                                   .n_ports = 1};
    struct config config = {&bridge, 1};
    struct error error;

    return config_save(path, &config, &error);
}

/* The number of tables, 0: no configuration; a negative error: named with its path, and empty. */
static int
load(void)
{
    struct config config;
    struct error error = {{0}};
    int err = config_load(path, &config, &error), n_tables;

    if (err) {
        assert_true(!config.n_bridges && !config.bridges);
        if (err == ENOENT)
            return 0;
        assert_int_equal(strncmp(error.text, path, strlen(path)), 0);
        return -err;
    }
    assert_int_equal(config.n_bridges, 1);
    assert_int_equal(config.bridges[0].n_ports, 1);
    assert_int_equal(config.bridges[0].n_controllers, 1);
    n_tables = (int)config.bridges[0].n_tables;
    config_free(&config);
    return n_tables;
}

static void
write_file(const char *bytes, size_t size)
{
    int fd = __real_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_int_equal(__real_write(fd, bytes, size), size);
    close(fd);
}

static size_t
read_file(char *bytes, size_t size)
{
    int fd = __real_open(path, O_RDONLY, 0);
    ssize_t n = read(fd, bytes, size);

    close(fd);
    assert_in_range(n, 1, size - 1);
    bytes[n] = '\0';
    return (size_t)n;
}

/* In a child, over configuration `old` (0: none): saves 20 and tells its error in *said. True if
 * there was a call number `at`; if there was not, power is lost behind the last one. */
static bool
save_with_fault(uint32_t old, int at, enum fault kind, int *said)
{
    int status;

    unlink(path);
    assert_int_equal(old ? save(old) : 0, 0);
    *said = -1;
    if (!fork()) {
        n_calls = 0;
        fault_at = at;
        fault_kind = kind;
        *said = save(20);
        fault_lose_power();
        _exit(n_calls >= at ? FAULT_STATUS : 0);
    }
    wait(&status);
    return WEXITSTATUS(status) == FAULT_STATUS;
}

static void
a_fault_leaves_the_old_or_the_new(void **aux)
{
    int *said = shared_int(), n = 0;

    (void)aux;
    for (uint32_t old = 0; old <= 10; old += 10) {
        for (int kind = 0; kind < N_FAULTS; kind++) {
            for (int at = 1; save_with_fault(old, at, kind, said); at++, n++) {
                int is = load();

                assert_true(is == (int)old || is == 20);
                assert_true(*said || is == 20);
                if (*said > 0)
                    assert_int_not_equal(access(new_path, F_OK), 0);
            }
            assert_int_equal(load(), 20);
        }
    }
    /* open, write, fsync, rename, open, fsync. */
    assert_int_equal(n, 2 * 6 * N_FAULTS);
}

static void
any_other_byte_is_damage(void **aux)
{
    static char good[4096], bad[4096];
    size_t size;

    (void)aux;
    assert_int_equal(save(10), 0);
    size = read_file(good, sizeof good);
    for (size_t at = 0; at < size; at++) {
        for (int bit = 0; bit < 9; bit++) { /* The ninth time: all of them. */
            memcpy(bad, good, size);
            bad[at] ^= (char)(bit < 8 ? 1 << bit : 0xff);
            write_file(bad, size);
            assert_int_equal(load(), -EBADMSG);
        }
    }
    for (size_t cut = 0; cut < size; cut++) {
        write_file(good, cut);
        assert_int_equal(load(), -EBADMSG);
    }
    write_file(good, size);
    assert_int_equal(load(), 10);
}

static void
who_edits_removes_the_checksum(void **aux)
{
    static char text[4096];
    char *line, *end;
    size_t size;

    (void)aux;
    assert_int_equal(save(10), 0);
    size = read_file(text, sizeof text);
    memcpy(strstr(text, "\"n_tables\": 10"), "\"n_tables\": 11", 14);
    write_file(text, size);
    assert_int_equal(load(), -EBADMSG);
    line = strstr(text, "  \"crc32\"");
    end = strchr(line, '\n') + 1;
    memmove(line, end, strlen(end) + 1);
    write_file(text, strlen(text));
    assert_int_equal(load(), 11);
}

static int
setup(void **aux)
{
    (void)aux;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/config.json", dir);
    snprintf(new_path, sizeof new_path, "%s.new", path);
    return 0;
}

static int
teardown(void **aux)
{
    (void)aux;
    unlink(new_path);
    unlink(path);
    return rmdir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_leaves_the_old_or_the_new),
        cmocka_unit_test(any_other_byte_is_damage),
        cmocka_unit_test(who_edits_removes_the_checksum),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
