/* SPDX-License-Identifier: BSD-2-Clause
 *
 * worker_rig.h - what stands around a worker in its tests: a journal, a feed,
 * and a test that plays the engine.  Items get the ids of a counter. */
#ifndef TESTS_UNIT_WORKER_RIG_H
#define TESTS_UNIT_WORKER_RIG_H

#include <stdatomic.h>

#include "forwarder/clock.h"
#include "forwarder/feed.h"
#include "forwarder/journal.h"
#include "forwarder/worker.h"
#include "parsers/alarm.h"
#include "receiver.h"
#include "scratch.h"

struct rig {
    char dir[4096];
    struct journal *j;
    struct feed *feed;
    struct worker *w;
    struct config config;
    struct config_target tc;
    const struct target_class *cls; /* NULL: the double of receiver.h */
    struct batch *batch; /* items to come */
    _Atomic unsigned dirty;
    unsigned ids;
    bool once;
    char name[16], type[16];
};

static void
rig_dirty(void *arg)
{
    atomic_fetch_add(&((struct rig *) arg)->dirty, 1);
}

static uint64_t
rig_records(void *arg)
{
    (void) arg;
    return 4711;
}

static void
rig_make(struct rig *r, const char *type)
{
    char err[1024];

    *r = (struct rig){.tc = {.severity = SEVERITY_INFO, .items = CONFIG_ITEMS_ALL, .history_all = true}};
    snprintf(r->name, sizeof r->name, "nms");
    snprintf(r->type, sizeof r->type, "%s", type);
    r->tc.name = r->name;
    r->tc.type = r->type;
    r->tc.place = (struct config_place){.file = "test.xml", .line = 1};
    scratch_make(r->dir, sizeof r->dir);
    r->j = journal_open(r->dir, UINT64_C(1) << 30, err, sizeof err);
    ck_assert_msg(r->j != NULL, "%s", err);
    r->feed = feed_new(16 << 20);
    r->batch = batch_new();
    receiver_reset();
}

/* A worker on what the journal says.  The cursor exists from the first time on. */
static void
rig_start(struct rig *r)
{
    const struct worker_shared shared = {.journal = r->j, .feed = r->feed, .started = clock_monotonic(),
                                         .dirty = rig_dirty, .arg = r, .once = r->once,
                                         .records_read = rig_records, .target_class = r->cls ? r->cls : &receiver_class};
    char err[512];

    feed_set_last(r->feed, journal_last_seq(r->j));
    r->w = worker_start(&r->config, &r->tc, r->j, &shared, err, sizeof err);
    ck_assert_msg(r->w != NULL, "%s", err);
}

/* One transaction: the items of the batch, and where the worker stands. */
static void
rig_commit(struct rig *r, bool save, bool publish)
{
    uint64_t seq = journal_last_seq(r->j);

    ck_assert_int_eq(journal_begin(r->j), 0);
    for (unsigned i = 0; i < batch_count(r->batch); i++) {
        struct batch_item *it = batch_item(r->batch, i);

        ck_assert_int_eq(journal_append(r->j, &it->item, it->xml, it->arrival_ns, it->history, &it->seq), 0);
        seq = it->seq;
    }
    if (save && r->w)
        ck_assert_int_eq(worker_save(r->w, r->j), 0);
    ck_assert_int_eq(journal_commit(r->j), 0);
    if (save && r->w)
        worker_saved(r->w);
    if (publish && batch_count(r->batch)) {
        feed_publish(r->feed, r->batch);
    } else {
        batch_unref(r->batch);
        feed_set_last(r->feed, seq);
    }
    r->batch = batch_new();
}

/* As if the program had been killed: nothing more is saved. */
static void
rig_kill(struct rig *r)
{
    worker_free(r->w);
    r->w = NULL;
}

static void
rig_free(struct rig *r)
{
    worker_free(r->w);
    batch_unref(r->batch);
    feed_free(r->feed);
    journal_close(r->j);
    scratch_remove(r->dir);
    receiver_reset();
}

static void
rig_id(struct rig *r, char id[EVENT_ID_SIZE])
{
    snprintf(id, EVENT_ID_SIZE, "%032x", ++r->ids);
}

static void
rig_event(struct rig *r, bool history)
{
    struct event ev = {.cls = CLASS_NETWORK, .severity = SEVERITY_MINOR, .format = STR("sms-log"),
                       .source_name = STR("a.log"), .text = STR("some text & more")};
    struct item item = {.kind = ITEM_EVENT, .event = &ev};

    rig_id(r, ev.id);
    ck_assert_int_eq(batch_add(r->batch, &item, r->ids, history), 0);
}

static void
rig_alarm(struct rig *r, const char *key, enum event_class cls, enum alarm_state state, const char *reason, bool history)
{
    struct alarm_item a = {.key = str_z(key), .state = state, .severity = SEVERITY_MAJOR, .cls = cls, .count = 1,
                           .reason = str_z(reason), .summary = STR("something <failed>")};
    struct item item = {.kind = ITEM_ALARM, .alarm = &a};

    a.when = a.first = a.last = (struct when){.utc = r->ids, .utc_known = true};
    rig_id(r, a.id);
    ck_assert_int_eq(batch_add(r->batch, &item, r->ids, history), 0);
}

/* Waits for 'condition', as long as a busy machine may take. */
#define UNTIL(condition) \
    do { \
        int64_t end_ = clock_monotonic() + INT64_C(120000000000); \
        while (!(condition)) { \
            ck_assert_msg(clock_monotonic() < end_, "waited for %s", #condition); \
            nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL); \
        } \
    } while (0)

static struct worker_status
rig_status(struct rig *r)
{
    struct worker_status s;

    worker_status(r->w, &s);
    return s;
}

/* Everything is sent and safe. */
#define UNTIL_SAFE(r) UNTIL(rig_status(r).seq == journal_last_seq((r)->j))

#endif
