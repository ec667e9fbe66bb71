/* SPDX-License-Identifier: Apache-2.0 */
#include "shuntd/saver.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "lib/boot.h"
#include "lib/durable.h"
#include "lib/journal.h"
#include "lib/util.h"
#include "ofproto/ofproto.h"
#include "ofproto/openflow.h"
#include "ofproto/save.h"
#include "shuntd/bridge.h"

#define LOG_MODULE "saver"
#include "lib/log.h"

#define FORMAT 1
#define RULES_A_RECORD 4096
#define MIN_BASE_SIZE (4u << 20) /* A journal below that is not worth a new base. */
#define KEPT_BUF_SIZE (1u << 20) /* A larger buffer, as of a large bundle, is given back. */
#define MIN_RETRY_MS 1000        /* Twice as long each time. */
#define MAX_RETRY_MS 10000

/* The first record of a file. */
struct head {
    uint32_t format;
    uint32_t zero;
    uint64_t generation;               /* Of the tallies. */
    int64_t monotonic_ms, realtime_ms; /* When it was written. */
    char boot_id[BOOT_ID_SIZE];
};

enum job_kind { JOB_NONE, JOB_SYNC, JOB_BASE };

/* What a thread does. */
struct job {
    enum job_kind kind;
    pthread_t thread;
    struct event *done;
    struct ofproto *ofproto;
    struct journal *journal;   /* SYNC: the saver's. BASE: the next one. */
    const struct journal *old; /* BASE: the saver's, or NULL. */
    uint64_t from;             /* BASE: how much of the old one is in the next one. */
    struct journal *replaced;  /* SYNC: is closed; a large file takes its time to go. Or NULL. */
    struct list waiters;       /* Of struct waiter. */
    int error;
    atomic_bool is_done;
};

/* Who asked for a new base. */
struct waiter {
    struct list link; /* In saver.waiters, later in job.waiters. */
    saver_done_cb *done;
    void *aux;
};

struct saver {
    struct bridge *bridge;
    char path[PATH_MAX];
    struct journal *journal; /* NULL: it could not be written. */
    struct event *flush_event, *timer;
    struct list waiters; /* For a base that has yet to begin. */
    struct job job;
    struct buf buf;
    int gap; /* Why the journal misses a change and so is good for nothing; 0: it has all. */
    bool is_failing;  /* It was told in the log. */
    int64_t retry_ms; /* Until the next try when it is. */
};

/* ---- Files and clocks ---- */
static int
path_of(const struct bridge *bridge, char path[PATH_MAX])
{
    int n =
        snprintf(path, PATH_MAX, "%s/%s.flows", bridge->bridges->state_dir, bridge->config.name);

    return n >= PATH_MAX ? ENAMETOOLONG : 0;
}

static int64_t
realtime_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void
make_head(struct head *head)
{
    memset(head, 0, sizeof *head);
    head->format = FORMAT;
    head->generation = tallies_generation();
    head->monotonic_ms = time_now_ms();
    head->realtime_ms = realtime_ms();
    boot_id_get(head->boot_id);
}

/* ---- Restoring ---- */
struct restoration {
    struct bridge *bridge;
    struct ofproto_saved saved;
    bool has_head;
    char why[200];
};

static int
read_head(struct restoration *r, const void *data, size_t size)
{
    struct head then, now;

    if (size != sizeof then || ((const struct head *)data)->format != FORMAT) {
        snprintf(r->why, sizeof r->why, "the format is another build's: want %d", FORMAT);
        return EBADMSG;
    }
    memcpy(&then, data, sizeof then);
    make_head(&now);
    r->has_head = true;
    if (memcmp(then.boot_id, now.boot_id, sizeof now.boot_id))
        r->saved.clock_offset_ms =
            now.monotonic_ms - now.realtime_ms + then.realtime_ms - then.monotonic_ms;
    else if (then.generation)
        tallies_old_open(r->bridge->bridges->run_dir, then.generation, &r->saved.tallies);
    return 0;
}

static int
on_record(void *aux, const void *data, size_t size)
{
    struct restoration *r = aux;

    if (!r->has_head)
        return read_head(r, data, size);
    return ofproto_restore(r->bridge->ofproto, &r->saved, data, size, r->why, sizeof r->why);
}

/* Back to no entries and the configuration of before. */
static void
take_back(struct ofproto *ofproto, const struct buf *config)
{
    const struct ofp_meter_mod mm = {.command = OFPMC_DELETE, .meter.meter_id = OFMETER_ALL};
    const struct ofproto_saved saved = {0};
    char why[200];

    ofproto_flush(ofproto);
    ofproto_meter_mod(ofproto, &mm, NULL);
    if (ofproto_restore(ofproto, &saved, config->data, config->size, why, sizeof why))
        log_err("the configuration of tables could not be taken back: %s", why);
}

static void
set_aside(const char *path, const char *why)
{
    char aside[PATH_MAX];
    int err;

    log_err("%s is damaged: %s", path, why);
    err = durable_set_aside(path, aside, sizeof aside);
    if (err)
        log_err("%s could not be set aside: %s", path, strerror(err));
    else
        log_err("it is kept as %s; the tables start empty", aside);
}

int
saver_restore(struct bridge *bridge)
{
    struct restoration r = {.bridge = bridge};
    struct buf config = BUF_INITIALIZER;
    char path[PATH_MAX];
    uint64_t torn = 0;
    int err = path_of(bridge, path);

    ofproto_save_config(bridge->ofproto, &config);
    if (!err)
        err = journal_read(path, on_record, &r, &torn, r.why, sizeof r.why);
    tallies_old_close(&r.saved.tallies);
    if (err && err != ENOENT)
        take_back(bridge->ofproto, &config);
    buf_destroy(&config);
    if (err == ENOENT)
        return err;
    if (err) {
        set_aside(path, *r.why ? r.why : strerror(err));
        return EBADMSG;
    }
    if (torn)
        log_warn("%s: %" PRIu64 " bytes at the end were not whole, as after power loss: what they "
                 "said is lost",
                 path, torn);
    log_info("bridge %s: restored %zu flow entries, %zu groups, %zu meters", bridge->config.name,
             bridge->ofproto->n_flows, bridge->ofproto->groups.n, bridge->ofproto->meters.n);
    return 0;
}

/* ---- Appending ---- */
static void
set_timer(struct saver *saver, int64_t ms)
{
    const struct timeval wait = {ms / 1000, ms % 1000 * 1000};

    if (!event_pending(saver->timer, EV_TIMEOUT, NULL))
        event_add(saver->timer, &wait);
}

/* The next base has all again; the file stays as it is until then. A thread may need the journal.
 */
static void
drop_journal(struct saver *saver, int why)
{
    saver->gap = why;
    if (saver->job.kind == JOB_NONE) {
        journal_close(saver->journal);
        saver->journal = NULL;
        saver->gap = 0;
    }
    event_del(saver->timer);
    set_timer(saver, saver->retry_ms);
}

/* One line until it is over. */
static void
give_up(struct saver *saver, int err)
{
    if (!saver->is_failing)
        log_err("%s cannot be written: %s: OpenFlow state is not saved until it can", saver->path,
                strerror(err));
    saver->retry_ms = saver->is_failing ? MIN(2 * saver->retry_ms, MAX_RETRY_MS) : MIN_RETRY_MS;
    saver->is_failing = true;
    drop_journal(saver, err);
}

/* Without a journal changes are forgotten, for there may be many until one can be written, and the
 * next base has them; but one that is under way has not. */
void
saver_flush(struct saver *saver)
{
    bool has_journal = saver && saver->journal && !saver->gap;
    int err = 0;

    if (!saver || (!has_journal && saver->job.kind == JOB_BASE))
        return;
    buf_clear(&saver->buf);
    ofproto_save_changes(saver->bridge->ofproto, &saver->buf);
    if (!saver->buf.size)
        return;
    if (has_journal)
        err = journal_append(saver->journal, saver->buf.data, saver->buf.size);
    if (saver->buf.allocated > KEPT_BUF_SIZE)
        buf_destroy(&saver->buf);
    if (err)
        give_up(saver, err);
    else if (has_journal)
        set_timer(saver, SAVER_SYNC_MS);
}

static void
on_flush(evutil_socket_t fd, short what, void *aux)
{
    (void)fd;
    (void)what;
    saver_flush(aux);
}

/* Any thread, with the tables' lock held. */
static void
on_unsaved(void *aux)
{
    struct saver *saver = aux;
    const struct timeval soon = {0, SAVER_APPEND_MS * 1000};

    event_add(saver->flush_event, &soon);
}

/* ---- Bases ---- */
/* Starts the next journal with all but the flow entries. */
static int
begin_base(struct saver *saver)
{
    struct job *job = &saver->job;
    struct head head;
    int err;

    ofproto_sync_stats(saver->bridge->ofproto);
    saver_flush(saver);
    make_head(&head);
    job->old = saver->journal;
    job->from = saver->journal ? journal_size(saver->journal) : 0;
    err = journal_create(saver->path, &job->journal);
    if (err)
        return err;
    buf_clear(&saver->buf);
    ofproto_save_config(saver->bridge->ofproto, &saver->buf);
    err = journal_append(job->journal, &head, sizeof head);
    if (!err)
        err = journal_append(job->journal, saver->buf.data, saver->buf.size);
    if (err) {
        journal_close(job->journal);
        return err;
    }
    job->kind = JOB_BASE;
    job->ofproto = saver->bridge->ofproto;
    return 0;
}

/* Any thread. */
static int
write_base(struct job *job)
{
    struct buf buf = BUF_INITIALIZER;
    struct ofproto_rules rules;
    int err = 0;

    ofproto_collect_all(job->ofproto, &rules);
    for (size_t i = 0; !err && i < rules.n; i += RULES_A_RECORD) {
        buf_clear(&buf);
        ofproto_save_rules(job->ofproto, &rules, i, MIN(rules.n, i + RULES_A_RECORD), &buf);
        err = journal_append(job->journal, buf.data, buf.size);
    }
    buf_destroy(&buf);
    ofproto_rules_free(&rules);
    return err ? err : journal_end_base(job->journal, job->old, &job->from);
}

/* The next journal takes the place of the old one, with what came to that meanwhile. */
static int
end_base(struct saver *saver)
{
    struct job *job = &saver->job;
    int err = job->error;

    saver_flush(saver);
    job->kind = JOB_NONE;
    if (!err)
        err = saver->gap;
    if (!err)
        err = journal_commit(job->journal, saver->journal, job->from);
    if (err) {
        journal_close(job->journal);
        return err;
    }
    job->replaced = saver->journal;
    saver->journal = job->journal;
    if (saver->is_failing)
        log_info("%s is written again", saver->path);
    saver->is_failing = false;
    return 0;
}

/* ---- Threads ---- */
static void
close_replaced(struct job *job)
{
    journal_close(job->replaced);
    job->replaced = NULL;
}

static void *
run_job(void *aux)
{
    struct job *job = aux;

    job->error = job->kind == JOB_BASE ? write_base(job) : journal_sync(job->journal);
    close_replaced(job);
    atomic_store(&job->is_done, true);
    event_active(job->done, EV_TIMEOUT, 0);
    return NULL;
}

static void
tell_waiters(struct job *job, int err)
{
    while (!list_is_empty(&job->waiters)) {
        struct waiter *waiter = CONTAINER_OF(list_pop_front(&job->waiters), struct waiter, link);

        waiter->done(waiter->aux, err);
        free(waiter);
    }
}

static void start_thread(struct saver *);

/* A base is on disk when its directory is. */
static void
start_sync(struct saver *saver)
{
    saver->job.kind = JOB_SYNC;
    saver->job.journal = saver->journal;
    start_thread(saver);
}

static void
start_base(struct saver *saver)
{
    int err = begin_base(saver);

    while (!list_is_empty(&saver->waiters)) {
        struct list *first = saver->waiters.next;

        list_remove(first);
        list_push_back(&saver->job.waiters, first);
    }
    if (!err) {
        start_thread(saver);
        return;
    }
    give_up(saver, err);
    tell_waiters(&saver->job, err);
}

/* What the thread did is in job.error. */
static void
conclude(struct saver *saver)
{
    struct job *job = &saver->job;
    bool is_base = job->kind == JOB_BASE;
    int err = is_base ? end_base(saver) : job->error ? job->error : saver->gap;

    job->kind = JOB_NONE;
    if (is_base && !err) {
        start_sync(saver);
        saver_flush(saver); /* What came while there was no journal. */
        return;
    }
    if (err)
        give_up(saver, err);
    tell_waiters(job, err);
    if (!list_is_empty(&saver->waiters))
        start_base(saver);
}

static void
start_thread(struct saver *saver)
{
    struct job *job = &saver->job;
    int err;

    atomic_store(&job->is_done, false);
    err = pthread_create(&job->thread, NULL, run_job, job);
    if (!err)
        return;
    log_warn("a thread to save state does not start: %s", strerror(err));
    job->error = err;
    close_replaced(job);
    conclude(saver);
}

static void
finish_job(struct saver *saver)
{
    while (saver->job.kind != JOB_NONE) {
        pthread_join(saver->job.thread, NULL);
        conclude(saver);
    }
}

static void
on_done(evutil_socket_t fd, short what, void *aux)
{
    struct saver *saver = aux;

    (void)fd;
    (void)what;
    if (saver->job.kind == JOB_NONE || !atomic_load(&saver->job.is_done))
        return; /* It was waited for. */
    pthread_join(saver->job.thread, NULL);
    conclude(saver);
}

static bool
wants_base(const struct saver *saver)
{
    uint64_t base, grown;

    if (!saver->journal)
        return true;
    base = journal_base_size(saver->journal);
    grown = journal_size(saver->journal) - base;
    return grown > MAX(base, MIN_BASE_SIZE);
}

static void
on_timer(evutil_socket_t fd, short what, void *aux)
{
    struct saver *saver = aux;

    (void)fd;
    (void)what;
    if (saver->job.kind != JOB_NONE)
        set_timer(saver, SAVER_SYNC_MS);
    else if (wants_base(saver))
        start_base(saver);
    else
        start_sync(saver);
}

/* ---- Life ---- */
void
saver_save(struct saver *saver, saver_done_cb *done, void *aux)
{
    struct waiter *waiter = xcalloc(1, sizeof *waiter);

    waiter->done = done;
    waiter->aux = aux;
    list_push_back(&saver->waiters, &waiter->link);
    if (saver->job.kind == JOB_NONE)
        start_base(saver);
}

static void
note_result(void *aux, int err)
{
    *(int *)aux = err;
}

int
saver_save_now(struct saver *saver, struct error *error)
{
    int err = 0;

    saver_save(saver, note_result, &err);
    finish_job(saver);
    return err ? saver_error(saver, err, error) : 0;
}

int
saver_error(const struct saver *saver, int err, struct error *error)
{
    return error_set(error, err, "%s cannot be written: %s", saver->path, strerror(err));
}

static void
free_saver(struct saver *saver)
{
    event_free(saver->flush_event);
    event_free(saver->timer);
    event_free(saver->job.done);
    journal_close(saver->journal);
    buf_destroy(&saver->buf);
    free(saver);
}

int
saver_open(struct bridge *bridge, struct saver **saverp, struct error *error)
{
    struct event_base *base = bridge->bridges->base;
    struct saver *saver;
    char path[PATH_MAX];
    int err = path_of(bridge, path);

    if (err)
        return error_set(error, err, "%s: too long a path", bridge->bridges->state_dir);
    saver = xcalloc(1, sizeof *saver);
    strcpy(saver->path, path);
    saver->bridge = bridge;
    buf_init(&saver->buf);
    list_init(&saver->waiters);
    list_init(&saver->job.waiters);
    saver->flush_event = event_new(base, -1, 0, on_flush, saver);
    saver->timer = event_new(base, -1, 0, on_timer, saver);
    saver->job.done = event_new(base, -1, 0, on_done, saver);
    ofproto_save_start(bridge->ofproto, on_unsaved, saver);
    *saverp = saver;
    return saver_save_now(saver, error);
}

void
saver_close(struct saver *saver)
{
    int err;

    if (!saver)
        return;
    finish_job(saver);
    saver_flush(saver);
    err = saver->journal ? journal_sync(saver->journal) : 0;
    if (err)
        log_err("%s could not be synced: %s", saver->path, strerror(err));
    free_saver(saver);
}

void
saver_remove(struct bridge *bridge)
{
    char path[PATH_MAX];

    if (bridge->bridges->state_dir && !path_of(bridge, path))
        unlink(path);
}
