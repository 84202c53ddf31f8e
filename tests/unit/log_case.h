/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log_case.h - one log record in, its event out, and the comparison with what
 * is expected.  For the unit tests of log formats; needs framing.h. */
#ifndef TESTS_UNIT_LOG_CASE_H
#define TESTS_UNIT_LOG_CASE_H

#include <stdio.h>

#include "tests/unit/framing.h"

/* What a record must give; NULL: absent. */
struct log_case {
    const char *bytes;
    const char *component, *local, *thread, *zone, *text;
    bool repaired;
};

static inline void
log_same(const char *bytes, const char *what, struct str got, const char *want)
{
    ck_assert_msg(str_has(got) == (want != NULL) && str_eq(got, str_z(want)),
                  "%s of \"%s\": \"%.*s\", not \"%s\"", what, bytes, STR_ARG(got), want ? want : "(absent)");
}

static inline void
log_check(const struct log_case *c, const struct event *ev)
{
    char local[WHEN_TEXT_SIZE] = "";

    if (ev->when.local_known)
        local[when_iso(ev->when.local, ev->when.fraction, local)] = '\0';
    log_same(c->bytes, "component", ev->f.component, c->component);
    log_same(c->bytes, "time", ev->when.local_known ? str_z(local) : STR_NONE, c->local);
    log_same(c->bytes, "thread", ev->f.thread, c->thread);
    log_same(c->bytes, "zone", ev->when.zone, c->zone);
    if (c->text)
        log_same(c->bytes, "text", ev->text, c->text);
    ck_assert_msg(ev->repaired == c->repaired, "\"%s\" is %smarked as repaired", c->bytes,
                  ev->repaired ? "" : "not ");
}

static inline void
log_parse(const struct format *format, struct arena *arena, struct str record, enum date_order order,
          struct event *ev)
{
    struct format_options options = {.date_order = order};
    struct format_record r = {record, false};
    size_t at;

    memset(ev, 0, sizeof *ev);
    ck_assert_int_eq(format->parse(&options, &r, arena, ev, &at), PERR_OK);
}

/* 'bytes' frame, in any chunking, as one record, which gives what 'c' says. */
static inline void
log_run(const struct format *format, struct arena *arena, const struct log_case *c)
{
    struct framing f = framing_all_ways(format, str_z(c->bytes));
    struct event ev;

    ck_assert_msg(f.n == 1, "\"%s\" frames as %zu records", c->bytes, f.n);
    log_parse(format, arena, str_make(c->bytes + f.span[0].offset, f.span[0].length), DATE_ORDER_MDY, &ev);
    log_check(c, &ev);
    framing_fini(&f);
    arena_reset(arena);
}

/* 'bytes' frame as records with the 'n' texts. */
static inline void
log_texts(const struct format *format, struct arena *arena, struct str bytes, const char *const *texts,
          size_t n)
{
    struct framing f = framing_all_ways(format, bytes);

    for (size_t i = 0; i < f.n && i < n; i++) {
        struct event ev;

        log_parse(format, arena, str_make(bytes.p + f.span[i].offset, f.span[i].length), DATE_ORDER_MDY, &ev);
        ck_assert_msg(str_eq(ev.text, str_z(texts[i])), "record %zu is \"%.*s\", not \"%s\"", i,
                      STR_ARG(ev.text), texts[i]);
    }
    ck_assert_msg(f.n == n, "%zu records, not %zu", f.n, n);
    framing_fini(&f);
    arena_reset(arena);
}

#endif
