/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine.h - a correlator with its catalogue and a sink that keeps the last
 * items, for unit tests of bounds that no scenario could spell out. */
#ifndef TESTS_UNIT_ENGINE_H
#define TESTS_UNIT_ENGINE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/catalogue.h"
#include "parsers/correlate.h"
#include "parsers/when.h"

struct engine {
    struct catalogue *catalogue;
    struct correlate *correlate;
    struct arena *arena;
    struct sink sink;
    unsigned events, raised, updated, cleared;
    char last_key[ALARM_KEY_MAX + 1], last_reason[160], last_id[EVENT_ID_SIZE];
    unsigned count_reason; /* clears whose reason begins with 'reason' */
    const char *reason;
    void (*watch)(struct engine *, const struct item *); /* may be NULL */
    void *arg;
};

static inline int
engine_item(void *arg, const struct item *item)
{
    struct engine *e = arg;
    const struct alarm_item *a = item->alarm;

    if (e->watch)
        e->watch(e, item);
    if (item->kind == ITEM_EVENT) {
        e->events++;
        return 0;
    }
    e->raised += a->state == ALARM_RAISED;
    e->updated += a->state == ALARM_UPDATED;
    e->cleared += a->state == ALARM_CLEARED;
    snprintf(e->last_key, sizeof e->last_key, "%.*s", STR_ARG(a->key));
    snprintf(e->last_reason, sizeof e->last_reason, "%.*s", STR_ARG(a->reason));
    memcpy(e->last_id, a->id, sizeof e->last_id);
    if (e->reason && str_starts(a->reason, str_z(e->reason)))
        e->count_reason++;
    return 0;
}

static inline void
engine_open(struct engine *e)
{
    struct catalogue_error error;

    memset(e, 0, sizeof *e);
    e->catalogue = catalogue_new_builtin(&error);
    ck_assert_msg(e->catalogue != NULL, "%s:%d: %s", error.file, error.line, error.text);
    e->correlate = correlate_new(e->catalogue);
    e->arena = arena_new(1 << 24);
    ck_assert(e->correlate && e->arena);
    e->sink = (struct sink){engine_item, e};
}

static inline void
engine_close(struct engine *e)
{
    correlate_free(e->correlate);
    catalogue_unref(e->catalogue);
    arena_free(e->arena);
}

/* Feeds 'ev' as a record of 'source' at 't' seconds UTC. */
static inline void
engine_feed(struct engine *e, struct event *ev, uint64_t source, int64_t t)
{
    struct correlate_input in = {.ev = ev, .source = source};
    static unsigned number;

    snprintf(ev->id, sizeof ev->id, "%032x", ++number);
    ev->when = (struct when){.utc = t * WHEN_SECOND, .utc_known = true};
    ck_assert_int_eq(correlate_event(e->correlate, e->arena, &e->sink, &in), 0);
    arena_reset(e->arena);
}

/* A despooler line of ANFIELD, thread 1D0, that says 'fact'. */
static inline struct event
engine_line(enum event_fact fact, enum event_class cls)
{
    struct event ev = {.fact = fact, .cls = cls, .severity = SEVERITY_INFO, .format = STR("sms-log")};

    ev.f.host = STR("ANFIELD");
    ev.f.component = STR("SMS_DESPOOLER");
    ev.f.thread = STR("1D0");
    if (event_class_is_fault(cls)) {
        ev.severity = SEVERITY_MINOR;
        ev.f.caused = true;
        ev.f.cause_class = cls;
        ev.f.basis = BASIS_CODE;
        ev.f.confidence = CONFIDENCE_CONFIRMED;
        ev.f.win32_known = true;
        ev.f.win32 = 32;
    }
    return ev;
}

static inline int
engine_main(const char *name, TCase *tc)
{
    Suite *s = suite_create(name);
    SRunner *sr;
    int failed;

    tcase_set_timeout(tc, 300);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}

#endif
