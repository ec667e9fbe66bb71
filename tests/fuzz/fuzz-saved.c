/* SPDX-License-Identifier: Apache-2.0 */
/* Saved flows. An input that starts with a NUL is a journal's bytes. Any other is text, a flow a
 * line or "group" and a group, up to a NUL, and then changes of what is saved of these: two bytes
 * for where, one that is xored.
 *
 * It holds that what was saved is restored, and saved again is as long; that anything else is
 * restored or refused with a line; and that a journal is read or refused whole. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/journal.h"
#include "ofproto/openflow.h"
#include "ofproto/parse.h"
#include "ofproto/save.h"
#include "tests/fuzz/hold.h"
#include "tests/translation/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[] = "/dev/shm/fuzz-saved-XXXXXX";

static void
remove_file(void)
{
    unlink(path);
}

/* ---- Journals ---- */
static int
count_record(void *n_, const void *data, size_t size)
{
    size_t *n = n_;

    free(xmemdup(data, size)); /* Looks at all of it. */
    ++*n;
    return 0;
}

static void
check_journal(const uint8_t *data, size_t size)
{
    char why[256] = "";
    uint64_t torn = 0;
    size_t n = 0;
    FILE *file;
    int err;

    if (path[strlen(path) - 1] == 'X') {
        close(mkstemp(path));
        atexit(remove_file);
    }
    file = fopen(path, "wbe");
    HOLD(file && fwrite(data, 1, size, file) == size && !fclose(file));
    err = journal_read(path, count_record, &n, &torn, why, sizeof why);
    HOLD(!err || err == EBADMSG);
    HOLD(err ? !n && *why : torn <= size);
}

/* ---- States ---- */
static void
save(struct ofproto *ofproto, struct buf *out)
{
    static const struct ofproto_flow_filter all = {
        .table_id = OFTABLE_ALL, .out_port = OFPORT_ANY, .out_group = OFGROUP_ANY};
    struct ofproto_rules rules;

    ofproto_save_config(ofproto, out);
    HOLD(!ofproto_collect(ofproto, &all, &rules));
    ofproto_save_rules(ofproto, &rules, 0, rules.n, out);
    ofproto_rules_free(&rules);
}

static void
check_restored(const struct buf *saved, bool is_changed)
{
    const struct ofproto_saved how = {0};
    struct buf again = BUF_INITIALIZER;
    char *exact = xmemdup(saved->data, saved->size), why[256] = "";
    struct fixture fx;
    int err;

    fixture_init(&fx);
    err = ofproto_restore(fx.ofproto, &how, exact, saved->size, why, sizeof why);
    HOLD(is_changed || !err);
    HOLD(!err || (err == EBADMSG && *why && !strchr(why, '\n')));
    save(fx.ofproto, &again);
    HOLD(is_changed || again.size == saved->size);
    fixture_destroy(&fx);
    buf_destroy(&again);
    free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\0', size) : NULL;
    size_t text_size = end ? (size_t)(end - data) : size;
    struct buf saved = BUF_INITIALIZER;
    struct fixture fx;
    char *text;

    if (end == data && size) {
        check_journal(data + 1, size - 1);
        return 0;
    }
    text = xmalloc(text_size + 1);
    memcpy(text, data, text_size);
    text[text_size] = '\0';
    fixture_init(&fx);
    fixture_lines_if_valid(&fx, text);
    save(fx.ofproto, &saved);
    fixture_destroy(&fx);
    free(text);
    check_restored(&saved, false);
    for (size_t i = text_size + 1; i + 3 <= size && saved.size; i += 3)
        saved.data[(size_t)(data[i] << 8 | data[i + 1]) % saved.size] ^= (char)data[i + 2];
    check_restored(&saved, true);
    buf_destroy(&saved);
    return 0;
}
