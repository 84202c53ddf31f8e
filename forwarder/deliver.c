/* SPDX-License-Identifier: BSD-2-Clause
 *
 * deliver.c - one target after the other: rows of the journal behind its
 * cursor, through its filter, to its send(); after each good flush() the
 * cursor and what the target knows of open alarms commit together. */
#include "build.h"

#include "forwarder/deliver.h"

#include <errno.h>
#include <stdlib.h>

#include "forwarder/clock.h"
#include "forwarder/log.h"
#include "forwarder/target.h"
#include "parsers/item_xml.h"
#include "parsers/keep.h"
#include "parsers/map.h"
#include "parsers/when.h"

enum { DELIVER_BATCH = 1000, DELIVER_KEYS = 20000, DELIVER_FLUSH_MS = 30000, DELIVER_ARENA = 8 * 1024 * 1024 };

struct deliver_filter {
    const struct config_target *tc;
    struct map *told; /* keys whose raise went to the target */
};

struct deliver_filter *
deliver_filter_new(const struct config_target *tc)
{
    struct deliver_filter *f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    f->tc = tc;
    f->told = map_new(DELIVER_KEYS);
    if (!f->told) {
        free(f);
        return NULL;
    }
    return f;
}

void
deliver_filter_free(struct deliver_filter *f)
{
    if (!f)
        return;
    map_free(f->told);
    free(f);
}

bool
deliver_filter_takes(struct deliver_filter *f, const struct item *item, enum alarm_state *state)
{
    const struct alarm_item *a = item->alarm;
    bool severe, told;

    if (item->kind == ITEM_EVENT)
        return f->tc->items != CONFIG_ITEMS_ALARMS && item->event->severity <= f->tc->severity;
    if (f->tc->items == CONFIG_ITEMS_EVENTS)
        return false;
    *state = a->state;
    severe = a->severity <= f->tc->severity || a->cls == CLASS_SELF;
    told = map_get(f->told, a->key) != NULL;
    switch (a->state) {
    case ALARM_CLEARED:
        map_take(f->told, a->key);
        return told;
    case ALARM_UPDATED:
        if (told)
            return true;
        *state = ALARM_RAISED;
        break;
    case ALARM_RAISED:
        break;
    }
    /* A full table forgets nothing: the raise goes out, its clear too. */
    return (told || severe) && (map_put(f->told, a->key, f) || severe);
}

static void
filter_save(const struct deliver_filter *f, struct keep_out *o)
{
    keep_put_u64(o, map_count(f->told));
    for (unsigned i = 0; i < map_count(f->told); i++)
        keep_put_str(o, map_key_at(f->told, i));
}

static void
filter_restore(struct deliver_filter *f, struct keep_in *in)
{
    uint64_t n = keep_get_u64(in);

    for (uint64_t i = 0; i < n && !in->failed; i++) {
        struct str key = keep_get_str(in);

        if (!in->failed)
            map_put(f->told, key, f);
    }
}

/* One target at work. */
struct delivery {
    struct journal *journal;
    struct target *target;
    struct deliver_filter *filter;
    struct journal_cursor cursor;
    struct arena *arena;
    struct xml_buf xml;
    uint64_t sent;
    int64_t started;
};

static int
save_cursor(struct delivery *d)
{
    const char *name = d->target->tc->name;
    struct keep_out o = {0};
    int r;

    filter_save(d->filter, &o);
    r = o.failed ? -ENOMEM : journal_begin(d->journal);
    if (!r)
        r = journal_cursor_put(d->journal, name, &d->cursor);
    if (!r)
        r = journal_put(d->journal, "told", name, o.p, o.n);
    if (!r)
        r = journal_commit(d->journal);
    free(o.p);
    return r;
}

/* Hands one row to the target, if its filter takes it. */
static int
send_row(struct delivery *d, const struct journal_row *row)
{
    struct target_item out = {.seq = row->seq, .xml = row->xml};
    struct alarm_item as_raise;
    enum alarm_state state = ALARM_RAISED;
    struct item item = {0};
    enum perr e;
    int r;

    arena_reset(d->arena);
    e = item_xml_read(d->arena, row->xml, &item);
    if (e != PERR_OK) {
        log_error("journal row %llu: %s; left out", (unsigned long long) row->seq, perr_text(e));
        return 0;
    }
    if (!deliver_filter_takes(d->filter, &item, &state))
        return 0;
    if (item.kind == ITEM_ALARM && item.alarm->state != state) {
        as_raise = *item.alarm;
        as_raise.state = state;
        item.alarm = &as_raise;
        xml_buf_clear(&d->xml);
        item_xml_write(&d->xml, &item);
        if (d->xml.failed)
            return -ENOMEM;
        out.xml = str_make(d->xml.p, d->xml.n);
    }
    out.item = &item;
    out.target_seq = d->cursor.target_seq + 1;
    out.now_ns = clock_utc();
    out.uptime_ns = clock_monotonic() - d->started;
    r = d->target->cls->send(d->target, &out);
    if (!r) {
        d->cursor.target_seq++;
        d->sent++;
    }
    return r;
}

/* Makes what was sent safe, and only then moves the cursor. */
static int
settle(struct delivery *d, uint64_t seq)
{
    int r = target_flush(d->target, DELIVER_FLUSH_MS);

    if (r)
        return r;
    d->cursor.seq = seq;
    return save_cursor(d);
}

static int
deliver_rows(struct delivery *d)
{
    struct journal_reader *reader = journal_reader_open(d->journal, d->cursor.seq);
    struct journal_row row;
    uint64_t last = d->cursor.seq;
    unsigned pending = 0;
    int r = reader ? 0 : -EIO, got;

    while (!r && (got = journal_reader_next(reader, &row)) != 0) {
        r = got < 0 ? got : send_row(d, &row);
        if (r)
            break;
        last = row.seq;
        if (++pending == DELIVER_BATCH) {
            r = settle(d, last);
            pending = 0;
        }
    }
    if (!r && pending)
        r = settle(d, last);
    journal_reader_close(reader);
    return r;
}

/* Everything one target is owed.  0 or negative errno, logged. */
static int
deliver_one(const struct config *config, const struct config_target *tc, struct journal *journal, int64_t started)
{
    const struct target_class *cls = target_find(tc->type);
    struct delivery d = {.journal = journal, .started = started};
    struct keep_in in = {0};
    char err[512] = "";
    void *told = NULL;
    size_t n = 0;
    int r = -EIO;

    xml_buf_init(&d.xml, EVENT_TEXT_MAX * 16);
    d.arena = arena_new(DELIVER_ARENA);
    d.filter = deliver_filter_new(tc);
    if (!d.arena || !d.filter || !cls) {
        log_error("%s:%d: target '%s' cannot be set up: out of memory", tc->place.file, tc->place.line, tc->name);
        goto out;
    }
    if (!journal_get(journal, "told", tc->name, &told, &n)) {
        in.p = told;
        in.end = in.p + n;
        filter_restore(d.filter, &in);
    }
    r = journal_cursor_get(journal, tc->name, true, &d.cursor);
    if (r) {
        log_error("target '%s': %s", tc->name, journal_error(journal));
        goto out;
    }
    d.target = cls->open(config, tc, err, sizeof err);
    if (!d.target) {
        log_error("%s", err);
        r = -EIO;
        goto out;
    }
    r = deliver_rows(&d);
    if (r)
        log_error("target '%s': %s; what it has not had stays in the journal for the next run", tc->name,
                  d.target->error[0] ? d.target->error : strerror(-r));
    else
        log_info("target '%s': %llu items", tc->name, (unsigned long long) d.sent);
out:
    if (d.target)
        cls->close(d.target);
    free(told);
    deliver_filter_free(d.filter);
    arena_free(d.arena);
    xml_buf_fini(&d.xml);
    return r;
}

/* A target that is no longer configured loses its place, never in silence. */
static void
target_gone(void *arg, const char *name, uint64_t undelivered)
{
    (void) arg;
    log_warn("target '%s' is no longer configured; %llu items that it had not had are given up", name,
             (unsigned long long) undelivered);
}

/* Deletes what every target has had and 'keep' no longer asks for, a bounded
 * part a transaction. */
static int
trim_delivered(const struct config *config, struct journal *journal)
{
    uint64_t done = journal_last_seq(journal);
    struct journal_cursor cursor;
    bool left = true;
    int r = 0;

    for (unsigned i = 0; !r && i < config->n_targets; i++) {
        r = journal_cursor_get(journal, config->targets[i].name, true, &cursor);
        if (!r && cursor.seq < done)
            done = cursor.seq;
    }
    while (!r && left) {
        r = journal_begin(journal);
        if (!r)
            r = journal_trim(journal, done, clock_utc(), config->keep_ns, config->keep_bytes, &left);
        if (!r)
            r = journal_commit(journal);
    }
    return r;
}

unsigned
deliver_all(const struct config *config, struct journal *journal)
{
    const char **names = calloc(config->n_targets ? config->n_targets : 1, sizeof *names);
    int64_t started = clock_monotonic();
    unsigned failed = 0;

    if (!names)
        return config->n_targets;
    for (unsigned i = 0; i < config->n_targets; i++)
        names[i] = config->targets[i].name;
    if (journal_cursor_keep(journal, names, config->n_targets, target_gone, NULL))
        log_error("journal: %s", journal_error(journal));
    for (unsigned i = 0; i < config->n_targets; i++)
        failed += deliver_one(config, &config->targets[i], journal, started) != 0;
    if (trim_delivered(config, journal))
        log_error("journal: %s", journal_error(journal));
    free(names);
    return failed;
}
