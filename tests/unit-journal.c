/* SPDX-License-Identifier: Apache-2.0 */
/* The journal under fault injection: the process dies at each system call, the call fails, power
 * is lost there, the disk loses what was not synced, bytes rot. What is read afterwards is one of
 * the states that were, whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/durable.h"
#include "lib/journal.h"
#include "lib/util.h"
#include "tests/unit.h"

#include "tests/faults.h"

/* In memory: what a disk does is played (faults.h), and waiting for one would take most of the
 * time. */
static char dir[] = "/dev/shm/shunt-journal-XXXXXX", path[64], copy[64];

/* ---- States: a base of one number, and numbers that follow ---- */
struct state {
    int n, numbers[64];
};

static int
on_record(void *aux, const void *data, size_t size)
{
    struct state *state = aux;

    assert_int_equal(size % sizeof(int), 0);
    memcpy(&state->numbers[state->n++], data, sizeof(int));
    return 0;
}

/* An error of journal_read(), or the state is base, base + 1, ... without a gap. */
static int
read_state(const char *file, struct state *state, uint64_t *torn)
{
    char why[200] = "";
    int error;

    *state = (struct state){0};
    error = journal_read(file, on_record, state, torn, why, sizeof why);
    if (error)
        assert_int_equal(state->n, 0);
    for (int i = 1; i < state->n; i++)
        assert_int_equal(state->numbers[i], state->numbers[0] + i);
    return error;
}

/* Records of different sizes: the number, repeated. */
static void
append(struct journal *journal, int number)
{
    int data[40];

    for (int i = 0; i < 40; i++)
        data[i] = number;
    assert_int_equal(journal_append(journal, data, (size_t)(1 + number % 40) * sizeof *data), 0);
}

/* And takes the place of the file. */
static void
end_base(struct journal *journal, const struct journal *old, uint64_t from)
{
    assert_int_equal(journal_end_base(journal, old, &from), 0);
    assert_int_equal(journal_commit(journal, old, from), 0);
    assert_int_equal(journal_sync(journal), 0);
}

/* Base 1, then 2, 3 and 4; base 3 in its place, which takes over the 4, then 5. Tells what is
 * certain: what a reader sees from now on is at least *said, and after power loss at least *synced.
 */
static void
live(int *said, int *synced)
{
    struct journal *old, *next;
    uint64_t from;

    assert_int_equal(journal_create(path, &old), 0);
    append(old, 1);
    end_base(old, NULL, 0);
    *said = *synced = 1;
    append(old, 2);
    *said = 2;
    assert_int_equal(journal_sync(old), 0);
    *synced = 2;
    append(old, 3);
    *said = 3;
    from = journal_size(old);
    assert_int_equal(journal_create(path, &next), 0);
    append(next, 3);
    append(old, 4);
    *said = 4;
    end_base(next, old, from);
    *synced = 4;
    append(next, 5);
    *said = 5;
    fault_lose_power();
    journal_close(old);
    journal_close(next);
}

/* Whether there was a call number `at`. */
static bool
live_with_fault(int at, enum fault kind, int *said, int *synced)
{
    int status;

    unlink(path);
    *said = *synced = 0;
    if (!fork()) {
        fault_at = at;
        fault_kind = kind;
        n_calls = 0;
        live(said, synced);
        _exit(n_calls >= at ? FAULT_STATUS : 0);
    }
    wait(&status);
    return WEXITSTATUS(status) == FAULT_STATUS;
}

static void
death_or_power_loss_leaves_a_whole_state(void **aux)
{
    static const enum fault kinds[] = {FAULT_DIE_BEFORE, FAULT_DIE_AFTER, FAULT_POWER,
                                       FAULT_POWER_RENAMED};
    int *said = shared_int(), *synced = shared_int(), n = 0;

    (void)aux;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        bool is_power = kinds[i] >= FAULT_POWER, was_reached = true;

        for (int at = 1; was_reached; at++) {
            int certain, error;
            struct state state;
            uint64_t torn = 0;

            was_reached = live_with_fault(at, kinds[i], said, synced);
            certain = is_power ? *synced : *said;
            assert_true(was_reached || *said == 5);
            error = read_state(path, &state, &torn);
            assert_true(!error || (error == ENOENT && !certain));
            assert_int_equal(torn, 0);
            if (!error)
                assert_true(state.numbers[state.n - 1] >= certain);
            n += was_reached;
        }
    }
    /* Each base's ten, as below; 2, 3, 4, its copy, and 5; the sync of 2. */
    assert_int_equal(n, (2 * 10 + 6) * (int)ARRAY_SIZE(kinds));
}

/* One base and numbers up to 9, of which some find no room; where that is, the process may die on
 * the way back. Tells in `said` what the last one is that was appended. */
static void
live_with_failures(int *said)
{
    struct journal *journal;

    if (journal_create(path, &journal))
        return;
    for (int number = 1; number < 10; number++) {
        int data[40];

        for (int i = 0; i < 40; i++)
            data[i] = *said + 1;
        if (!journal_append(journal, data, (size_t)(40 - number) * sizeof *data))
            ++*said;
        if (number == 1 &&
            (!*said || journal_end_base(journal, NULL, NULL) || journal_commit(journal, NULL, 0))) {
            *said = 0;
            break;
        }
    }
    journal_close(journal);
}

static int
live_in_a_child(int at, enum fault kind, int more, int *said)
{
    int status;

    unlink(path);
    *said = 0;
    if (!fork()) {
        fault_at = at;
        fault_kind = kind;
        fault_more = more;
        n_calls = 0;
        live_with_failures(said);
        _exit(n_calls >= at ? FAULT_STATUS : 0);
    }
    wait(&status);
    return WEXITSTATUS(status);
}

/* `more`: what is taken back after a write that failed fails, too. */
static void
a_call_that_fails_changes_nothing(void **aux)
{
    int *said = shared_int(), n = 0;

    (void)aux;
    for (int at = 1; at < 100; at++) {
        for (int i = 0; i < 4; i++) {
            enum fault kind = i & 1 ? FAULT_SHORT : FAULT_FAIL;
            struct state state;
            uint64_t torn = 0;
            int error;

            n += live_in_a_child(at, kind, i / 2, said) == FAULT_STATUS;
            error = read_state(path, &state, &torn);
            assert_true(!error || (error == ENOENT && !*said));
            if (*said)
                assert_int_equal(state.numbers[state.n - 1], *said);
            assert_true(!torn || i / 2);
        }
    }
    assert_true(n > 4 * 14);
}

/* A base 10 comes in the place of 1, 2, 3; what is appended to the journal that then goes on is
 * what a reader sees, whatever call failed. Returns whether call `at` was reached. */
static bool
replace_with_failure(int at, enum fault kind)
{
    struct journal *old, *next = NULL, *goes_on;
    struct state state;
    uint64_t torn = 0, from;
    bool was_reached;
    int last = 4, error;

    unlink(path);
    assert_int_equal(journal_create(path, &old), 0);
    append(old, 1);
    end_base(old, NULL, 0);
    append(old, 2);
    append(old, 3);
    goes_on = old;
    from = journal_size(old);
    n_calls = 0;
    fault_at = at;
    fault_kind = kind;
    error = journal_create(path, &next);
    if (!error) {
        int data[40] = {10};

        error = journal_append(next, data, sizeof data);
        if (!error)
            error = journal_end_base(next, old, &from);
        if (!error)
            error = journal_commit(next, old, from);
        if (!error) {
            goes_on = next;
            last = 11;
            journal_sync(next); /* May fail: the directory is not on disk, but it is PATH. */
        }
    }
    was_reached = n_calls >= at;
    fault_at = 0;
    append(goes_on, last);
    assert_int_equal(journal_sync(goes_on), 0);
    assert_int_equal(read_state(path, &state, &torn), 0);
    assert_int_equal(state.numbers[state.n - 1], last);
    journal_close(next);
    journal_close(old);
    return was_reached;
}

static void
a_base_that_fails_leaves_the_journal_that_goes_on(void **aux)
{
    int n = 0;

    (void)aux;
    for (int i = 0; i < 2; i++) {
        for (int at = 1; replace_with_failure(at, i ? FAULT_SHORT : FAULT_FAIL); at++)
            n++;
    }
    /* open; pwritev of head, record and the base's end; fdatasync, twice; rename; fdatasync; open
     * and fsync of the directory. */
    assert_int_equal(n, 10 + 10);
}

static void
make_copy(size_t size, size_t damaged_at)
{
    static uint8_t bytes[65536];
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, bytes, sizeof bytes);

    close(fd);
    assert_true(n > 0 && size <= (size_t)n);
    if (damaged_at < size)
        bytes[damaged_at] ^= 0x10;
    fd = open(copy, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(__real_write(fd, bytes, size), size);
    close(fd);
}

static uint64_t
make_journal(uint64_t *base, uint64_t *synced)
{
    struct journal *journal;
    uint64_t size;

    assert_int_equal(journal_create(path, &journal), 0);
    append(journal, 1);
    end_base(journal, NULL, 0);
    *base = journal_base_size(journal);
    append(journal, 2);
    assert_int_equal(journal_sync(journal), 0);
    *synced = journal_size(journal);
    append(journal, 3);
    append(journal, 4);
    size = journal_size(journal);
    journal_close(journal);
    return size;
}

/* Whatever of the unsynced end the disk kept. */
static void
power_loss_takes_the_unsynced_end_alone(void **aux)
{
    uint64_t base, synced, size = make_journal(&base, &synced), torn;
    struct state state;

    (void)aux;
    for (uint64_t kept = synced; kept <= size; kept++) {
        make_copy(kept, SIZE_MAX);
        assert_int_equal(read_state(copy, &state, &torn), 0);
        assert_true(state.n >= 2);
        assert_true(kept < size || !torn);
    }
    for (uint64_t at = synced; at < size; at++) { /* Or kept as something else. */
        make_copy(size, at);
        assert_int_equal(read_state(copy, &state, &torn), 0);
        assert_true(state.n >= 2);
    }
}

static void
damage_of_what_was_on_disk_is_refused_whole(void **aux)
{
    uint64_t base, synced, size = make_journal(&base, &synced), torn;
    struct state state;
    int n_refused = 0;

    (void)aux;
    for (uint64_t at = 0; at < synced; at++) {
        int error;

        make_copy(size, at);
        error = read_state(copy, &state, &torn);
        if (!error) /* A byte that fills up. */
            assert_int_equal(state.n, 4);
        n_refused += error == EBADMSG;
    }
    assert_true(n_refused > (int)synced * 3 / 4);
}

static int
setup(void **aux)
{
    (void)aux;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/br0.flows", dir);
    snprintf(copy, sizeof copy, "%s/copy", dir);
    return 0;
}

static int
teardown(void **aux)
{
    char new_path[80];

    (void)aux;
    snprintf(new_path, sizeof new_path, "%s.new", path);
    unlink(new_path);
    unlink(path);
    unlink(copy);
    return rmdir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(death_or_power_loss_leaves_a_whole_state),
        cmocka_unit_test(a_call_that_fails_changes_nothing),
        cmocka_unit_test(a_base_that_fails_leaves_the_journal_that_goes_on),
        cmocka_unit_test(power_loss_takes_the_unsynced_end_alone),
        cmocka_unit_test(damage_of_what_was_on_disk_is_refused_whole),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
