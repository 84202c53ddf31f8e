/* SPDX-License-Identifier: BSD-2-Clause
 *
 * generation.c - names that rotation gives to files.  Called by follow_files.c;
 * looks at names only, never at files. */
#include "build.h"

#include "forwarder/generation.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "parsers/str.h"

enum { NUMBER_DIGITS = 6, SERIAL_DIGITS = 10 };

/* Endings of names that are written under. */
static bool
is_live_ending(const char *p, size_t n)
{
    return n == 4 && (strncasecmp(p, ".log", 4) == 0 || strncasecmp(p, ".txt", 4) == 0 || strncasecmp(p, ".xml", 4) == 0);
}

/* True when the first 'n' bytes of 'p' are a live name. */
static bool
is_live(const char *p, size_t n)
{
    return n > 4 && is_live_ending(p + n - 4, 4);
}

/* The number in 'n' digits at 'p'; false when they are none, or not 1..most. */
static bool
digits(const char *p, size_t n, size_t most, uint64_t *out)
{
    uint64_t v = 0;

    if (n == 0 || n > most)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!str_is_digit(p[i]))
            return false;
        v = v * 10 + (uint64_t) (p[i] - '0');
    }
    *out = v;
    return true;
}

/* YYYYMMDD at 'p'. */
static bool
is_day(uint64_t v)
{
    return v / 10000 >= 1970 && v / 10000 < 3000 && v / 100 % 100 >= 1 && v / 100 % 100 <= 12 && v % 100 >= 1
           && v % 100 <= 31;
}

static bool
is_time(uint64_t v)
{
    return v / 10000 < 24 && v / 100 % 100 < 60 && v % 100 < 60;
}

/* A day and, behind it, a serial number that may be missing, as one number. */
static uint64_t
dated(uint64_t day, uint64_t serial)
{
    return day * UINT64_C(10000000000) + serial;
}

/* Behind a date: nothing, or a mark and digits. */
static bool
serial_behind(const char *p, size_t n, const char *marks, uint64_t *out)
{
    *out = 0;
    return n == 0 || (strchr(marks, p[0]) && digits(p + 1, n - 1, SERIAL_DIGITS, out));
}

/* The last byte 'c' of 'n' at 'p', or NULL. */
static const char *
last_of(const char *p, size_t n, char c)
{
    while (n > 0)
        if (p[--n] == c)
            return p + n;
    return NULL;
}

/* NAME-YYYYMMDD-HHMMSS.log, NAME-YYYYMMDD.log and NAME.N.log: 'stem' is what
 * stands before the ending.  Returns the length of NAME, 0 for none of them. */
static size_t
inside(const char *p, size_t stem, struct generation *g)
{
    const char *mark;
    uint64_t day, time = 0;

    if (stem > 16 && p[stem - 7] == '-' && p[stem - 16] == '-' && digits(p + stem - 15, 8, 8, &day)
        && digits(p + stem - 6, 6, 6, &time) && is_day(day) && is_time(time)) {
        g->kind = GENERATION_STAMP;
        g->order = dated(day, time);
        return stem - 16;
    }
    if (stem > 9 && p[stem - 9] == '-' && digits(p + stem - 8, 8, 8, &day) && is_day(day)) {
        g->kind = GENERATION_STAMP;
        g->order = dated(day, 0);
        return stem - 9;
    }
    mark = last_of(p, stem, '.');
    if (mark && mark > p && digits(mark + 1, (size_t) (p + stem - mark - 1), NUMBER_DIGITS, &day)) {
        g->kind = GENERATION_NUMBER_INSIDE;
        g->order = UINT64_MAX - day;
        return (size_t) (mark - p);
    }
    return 0;
}

/* NAME.log.N, NAME.log-YYYYMMDD[-N], NAME.log.YYYY-MM-DD[.N].  Returns the
 * length of NAME.log, 0 for none of them. */
static size_t
behind(const char *p, size_t n, struct generation *g)
{
    uint64_t v, month, day, serial;

    for (size_t live = 5; live + 1 < n; live++) {
        const char *rest = p + live;
        size_t left = n - live;

        if (!is_live(p, live))
            continue;
        if (rest[0] == '.' && digits(rest + 1, left - 1, NUMBER_DIGITS, &v)) {
            g->kind = GENERATION_NUMBER;
            g->order = UINT64_MAX - v;
            return live;
        }
        if (rest[0] == '-' && left >= 9 && digits(rest + 1, 8, 8, &v) && is_day(v)
            && serial_behind(rest + 9, left - 9, "-.", &serial)) {
            g->kind = GENERATION_DASH;
            g->order = dated(v, serial);
            return live;
        }
        if (rest[0] == '.' && left >= 11 && rest[5] == '-' && rest[8] == '-' && digits(rest + 1, 4, 4, &v)
            && digits(rest + 6, 2, 2, &month) && digits(rest + 9, 2, 2, &day) && is_day(v * 10000 + month * 100 + day)
            && serial_behind(rest + 11, left - 11, ".-", &serial)) {
            g->kind = GENERATION_DOT;
            g->order = dated(v * 10000 + month * 100 + day, serial);
            return live;
        }
    }
    return 0;
}

/* See the header. */
bool
generation_parse(const char *name, struct generation *g)
{
    size_t n = strlen(name), live;

    memset(g, 0, sizeof *g);
    if (n == 0 || n >= sizeof g->live)
        return false;
    if (n > 3 && strcasecmp(name + n - 3, ".gz") == 0) {
        g->packed = true;
        n -= 3;
    }
    if (n > 4 && strncasecmp(name + n - 4, ".lo_", 4) == 0) {
        g->kind = GENERATION_LO;
        snprintf(g->live, sizeof g->live, "%.*s.log", (int) n - 4, name);
        return true;
    }
    if (is_live(name, n) && (live = inside(name, n - 4, g)) != 0)
        snprintf(g->live, sizeof g->live, "%.*s%.4s", (int) live, name, name + n - 4);
    else if ((live = behind(name, n, g)) != 0)
        snprintf(g->live, sizeof g->live, "%.*s", (int) live, name);
    else if (g->packed && is_live(name, n)) {
        g->kind = GENERATION_PACKED;
        snprintf(g->live, sizeof g->live, "%.*s", (int) n, name);
    } else {
        g->packed = false; /* a .gz that is no generation is a file as any other */
        snprintf(g->live, sizeof g->live, "%s", name);
    }
    return true;
}

int
generation_compare(const struct generation *a, const struct generation *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return (int) a->packed - (int) b->packed; /* what is plain costs less */
}
