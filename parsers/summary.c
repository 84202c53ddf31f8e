/* SPDX-License-Identifier: BSD-2-Clause
 *
 * summary.c - an item in one line (design section 5, "How it
 * reads").  Facts in, words out; decides nothing.  Called by alarm.c when a
 * change is made, by report and syslog for events, by targets for notices. */
#include "build.h"

#include "parsers/summary.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "parsers/text.h"
#include "parsers/when.h"

enum { LINE_SIZE = 1024 };

struct line {
    char p[LINE_SIZE];
    size_t n;
};

static void
put(struct line *l, const char *z)
{
    size_t n = strlen(z);

    if (n > sizeof l->p - 1 - l->n)
        n = sizeof l->p - 1 - l->n;
    memcpy(l->p + l->n, z, n);
    l->n += n;
}

static void
put_str(struct line *l, struct str s)
{
    l->n += text_show(s, l->p + l->n, sizeof l->p - l->n);
}

__attribute__((format(printf, 2, 3))) static void
put_format(struct line *l, const char *format, ...)
{
    char text[128];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    put(l, text);
}

/* The line, cut to SUMMARY_CHARS characters with "..." where it was longer. */
static size_t
finish(const struct line *l, char out[SUMMARY_SIZE])
{
    size_t chars = 0, i = l->n <= SUMMARY_CHARS ? l->n : 0, cut = 0;

    for (; i < l->n; i++) {
        if (((unsigned char) l->p[i] & 0xc0) == 0x80)
            continue;
        if (chars == SUMMARY_CHARS - 3)
            cut = i;
        if (chars == SUMMARY_CHARS)
            break;
        chars++;
    }
    if (i >= l->n) {
        memcpy(out, l->p, l->n);
        out[l->n] = '\0';
        return l->n;
    }
    memcpy(out, l->p, cut);
    memcpy(out + cut, "...", 4);
    return cut + 3;
}

struct str
summary_basename(struct str path)
{
    size_t at = path.n;

    while (at > 0 && path.p[at - 1] != '\\' && path.p[at - 1] != '/')
        at--;
    return path.n && at < path.n ? str_skip(path, at) : path;
}

/* What the file or folder is called, unless the line has said that already.  Of
 * two it is the destination; what is corrupt is the source. */
static void
put_file(struct line *l, enum event_class cls, const struct facts *f)
{
    struct str path = str_has(f->target) && (cls != CLASS_CORRUPT_DATA || !str_has(f->file)) ? f->target : f->file, name;

    while (path.n > 1 && (path.p[path.n - 1] == '\\' || path.p[path.n - 1] == '/'))
        path.n--;
    name = summary_basename(path);
    if (name.n && !str_case_eq(name, f->package) && !str_case_eq(name, f->server)) {
        put(l, ": ");
        put_str(l, name);
    }
}

static const char *
class_words(enum event_class cls)
{
    switch (cls) {
    case CLASS_FILE_CONTENTION:
        return "file in use";
    case CLASS_DISK_FULL:
        return "DISK FULL";
    case CLASS_STALL:
        return "stalled";
    case CLASS_ACCESS_DENIED:
        return "access denied";
    case CLASS_NETWORK:
        return "network failure";
    case CLASS_NOT_FOUND:
        return "not found";
    case CLASS_CORRUPT_DATA:
        return "data corrupt";
    case CLASS_CONFIGURATION:
        return "wrong configuration";
    case CLASS_SERVICE:
        return "service failure";
    case CLASS_DATABASE:
        return "database failure";
    case CLASS_PACKAGE_EMPTIED:
        return "package directory emptied";
    case CLASS_RETRY:
        return "retry pending";
    case CLASS_RESTART:
        return "restarted";
    case CLASS_RECOVERED:
        return "recovered";
    case CLASS_ACTIVITY:
        return "activity";
    case CLASS_SELF:
        return "collector";
    case CLASS_UNCLASSIFIED:
    case CLASS_COUNT:
        return "unclassified";
    }
    return "unclassified";
}

/* What the report says and is not so; NULL where it says nothing, or says right. */
static const char *
denied(const struct facts *f)
{
    if (!f->claimed || !f->misreported)
        return NULL;
    if (f->claim_class == CLASS_DISK_FULL)
        return ", not disk space";
    return f->claim_class == CLASS_CORRUPT_DATA ? ", not corrupt" : NULL;
}

/* What went wrong: cause first, then that the report said otherwise. */
static void
put_cause(struct line *l, enum event_class cls, const struct facts *f)
{
    const char *not_so = denied(f);

    if (cls == CLASS_DISK_FULL && f->figures == FIGURES_FILLED && f->basis == BASIS_FIGURES) {
        put(l, "DISK FULL, ");
        put_str(l, f->available);
        put(l, " MB free, ");
        put_str(l, f->required);
        put(l, " MB needed");
        return;
    }
    if (cls == CLASS_DISK_FULL && f->confidence == CONFIDENCE_UNVERIFIED) {
        put(l, "reported disk full, unverified");
        return;
    }
    if (f->basis == BASIS_BLANK_FIGURES) {
        put_format(l, "probably %s; \"disk full\" report had no figures", class_words(cls));
        return;
    }
    if (f->confidence == CONFIDENCE_UNVERIFIED && f->caused)
        put(l, "perhaps ");
    put(l, cls == CLASS_NOT_FOUND && !str_has(f->file) && !str_has(f->target) ? "a file or folder was not found"
                                                                              : class_words(cls));
    /* 0 is what some components print beside a failure; it tells nothing. */
    if (f->win32_known && f->win32)
        put_format(l, " (Win32 %u)", f->win32);
    if (not_so)
        put(l, not_so);
    put_file(l, cls, f);
}

static void
put_place(struct line *l, const struct facts *f)
{
    put(l, "\\\\");
    put_str(l, f->server);
    if (str_has(f->share)) {
        put(l, "\\");
        put_str(l, f->share);
    }
}

/* What became of a package: "X not on \\S\SH: why". */
static void
put_package(struct line *l, enum event_class cls, const struct facts *f, bool given_up)
{
    bool emptied = cls == CLASS_PACKAGE_EMPTIED;

    if (str_has(f->package))
        put_str(l, f->package);
    else
        put(l, "Package");
    if (str_has(f->server)) {
        put(l, emptied ? " on " : " not on ");
        put_place(l, f);
    } else if (!emptied) {
        put(l, " not installed");
    }
    put(l, ": ");
    if (emptied)
        put(l, "directory EMPTIED, clients find no files");
    else if (given_up)
        put(l, "retries used up, nothing tries again");
    else
        put_cause(l, cls, f);
}

static void
put_duration(struct line *l, int64_t ns)
{
    int64_t minutes = ns / WHEN_MINUTE;

    if (minutes >= 48 * 60)
        put_format(l, "%d d %d h", (int) (minutes / 1440), (int) (minutes / 60 % 24));
    else if (minutes >= 60)
        put_format(l, "%d h %d min", (int) (minutes / 60), (int) (minutes % 60));
    else
        put_format(l, "%d min", (int) minutes);
}

static void
put_despooler(struct line *l, const struct facts *f)
{
    put(l, "espooler");
    if (str_has(f->host)) {
        put(l, " on ");
        put_str(l, f->host);
    }
}

/* " 21:20", by the clock of the site where it is known, else " 04:20 UTC". */
static void
put_time(struct line *l, const struct when *w)
{
    char text[WHEN_TEXT_SIZE];

    if (!w->local_known && !w->utc_known)
        return;
    when_iso(w->local_known ? w->local : w->utc, 0, text);
    text[16] = '\0';
    put_format(l, " %s%s", text + 11, w->local_known ? "" : " UTC");
}

static void
put_stall(struct line *l, const struct facts *f, const struct summary_extra *x)
{
    put(l, "D");
    put_despooler(l, f);
    if (x && x->silent_since) {
        put(l, " silent since");
        put_time(l, x->silent_since);
        put(l, ", probably hung: new jobs stay Pending");
        return;
    }
    put(l, x && x->works ? " works, but skipped " : " stalled ");
    if (!(x && x->works) && f->confidence == CONFIDENCE_CONFIRMED && x && x->duration >= 0) {
        put_duration(l, x->duration);
        put(l, " ");
    }
    if (!(x && x->works))
        put(l, "on ");
    if (str_has(f->instruction))
        put_str(l, f->instruction);
    else
        put(l, "an instruction");
    if (f->win32_known && f->win32)
        put_format(l, " (Win32 %u)", f->win32);
    put(l, x && x->works ? ": its job stays Pending" : ": new jobs stay Pending");
}

/* "X on HOST: ..." for what is neither a package nor a stall. */
static void
put_other(struct line *l, enum event_class cls, const struct facts *f, bool given_up)
{
    if (str_has(f->component))
        put_str(l, f->component);
    else if (str_has(f->provider))
        put_str(l, f->provider);
    if (str_has(f->host)) {
        put(l, l->n ? " on " : "");
        put_str(l, f->host);
    }
    put(l, l->n ? ": " : "");
    if (!given_up) {
        put_cause(l, cls, f);
        return;
    }
    put(l, "retries used up, nothing tries again");
    put_file(l, cls, f);
}

/* " after 3 h 42 min", where the length is known and more than nothing. */
static void
put_after(struct line *l, const struct summary_extra *x)
{
    if (x && x->duration >= WHEN_MINUTE) {
        put(l, " after ");
        put_duration(l, x->duration);
    }
}

static void
put_cleared_stall(struct line *l, const struct alarm_item *a, const struct summary_extra *x)
{
    bool restart = str_case_starts(a->reason, STR("restart"));

    put(l, "d");
    put_despooler(l, &a->f);
    if (restart) {
        put(l, " restarted");
        put_time(l, &a->when);
        put_after(l, x);
        if (a->f.instruction.n) {
            put(l, "; ");
            put_str(l, a->f.instruction);
            put(l, " under watch");
        }
        return;
    }
    if (a->f.instruction.n) {
        put(l, ", ");
        put_str(l, a->f.instruction);
    }
    put(l, ": ");
    put_str(l, a->reason);
    put_after(l, x);
}

size_t
summary_alarm(const struct alarm_item *a, const struct summary_extra *x, char out[SUMMARY_SIZE])
{
    struct line l = {.n = 0};
    bool dist = str_starts(a->key, STR("dist:")), cleared = a->state == ALARM_CLEARED;
    /* A retry that is more than a warning is the last one. */
    bool given_up = a->cls == CLASS_RETRY && a->severity < SEVERITY_WARNING;

    if (cleared)
        put(&l, "CLEARED: ");
    if (cleared && a->cls == CLASS_STALL) {
        put_cleared_stall(&l, a, x);
    } else if (cleared) {
        if (dist && str_has(a->f.package))
            put_str(&l, a->f.package);
        else if (!dist && str_has(a->f.component))
            put_str(&l, a->f.component);
        else
            put(&l, dist ? "package" : class_words(a->cls));
        if (dist && str_has(a->f.server)) {
            put(&l, " on \\\\");
            put_str(&l, a->f.server);
            put(&l, str_has(a->f.share) ? "\\" : "");
            put_str(&l, a->f.share);
        } else if (str_has(a->f.host)) {
            put(&l, " on ");
            put_str(&l, a->f.host);
        }
        put(&l, ": ");
        put_str(&l, a->reason);
        put_after(&l, x);
    } else if (a->cls == CLASS_STALL) {
        put_stall(&l, &a->f, x);
    } else if (dist) {
        put_package(&l, a->cls, &a->f, given_up);
    } else {
        put_other(&l, a->cls, &a->f, given_up);
    }
    return finish(&l, out);
}

size_t
summary_event(const struct event *ev, char out[SUMMARY_SIZE])
{
    struct line l;
    struct str text = ev->text;
    bool given_up = ev->fact == FACT_RETRIES_EXHAUSTED;

    l.n = 0; /* of each record, so not the whole buffer */
    if (ev->cls == CLASS_STALL) {
        put_stall(&l, &ev->f, NULL);
    } else if (event_class_is_fault(ev->cls) && str_has(ev->f.package)) {
        put_package(&l, ev->cls, &ev->f, given_up);
    } else if (event_class_is_fault(ev->cls) && ev->f.caused && (str_has(ev->f.file) || str_has(ev->f.target))) {
        put_other(&l, ev->cls, &ev->f, given_up);
    } else {
        /* The record's own first line says it best. */
        while (text.n && (text.p[0] == '~' || str_is_space(text.p[0])))
            text = str_skip(text, 1);
        text.n = str_find_char(text, '\n');
        put_str(&l, str_trim(text));
    }
    return finish(&l, out);
}

size_t
summary_notice(const struct notice_item *no, char out[SUMMARY_SIZE])
{
    struct line l = {.n = 0};

    if (no->text.n)
        put_str(&l, no->text);
    else if (no->kind == NOTICE_HEARTBEAT)
        put_format(&l, "heartbeat: %" PRIu64 " read, %" PRIu64 " delivered, %" PRIu64 " folded, %" PRIu64 " dropped, %u open",
                   no->read, no->delivered, no->folded, no->dropped, no->open_count);
    else
        put(&l, notice_kind_name(no->kind));
    return finish(&l, out);
}
