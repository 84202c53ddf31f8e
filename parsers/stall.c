/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stall.c - instruction runs and stalls (design section 5, "Stall"; Q161043).
 * A run begins when a thread finds or starts an instruction and ends when it
 * is executed, fails or gives way to the next.  Threads are numbers: `EE8`,
 * `3816 (0xee8)` and the thread a main thread creates are the same one. */
#include "build.h"

#include "parsers/stall.h"

#include <errno.h>
#include <stdlib.h>

#include "parsers/stall_state.h"
#include "parsers/summary.h"
#include "parsers/when.h"

/* The number in a thread as written; false when there is none. */
static bool
thread_number(struct str s, uint32_t *out, bool *form_1x)
{
    size_t at = str_find_case(s, STR("(0x"));
    uint32_t v = 0;
    size_t digits = 0;

    *form_1x = at == s.n;
    s = at < s.n ? str_skip(s, at + 3) : s;
    for (; digits < s.n && digits < 9 && str_hex_value(s.p[digits]) >= 0; digits++)
        v = v << 4 | (uint32_t) str_hex_value(s.p[digits]);
    *out = v;
    return digits > 0;
}

/* Key of the run a record belongs to: host and thread, or the source where
 * its records show no thread.  Made for every record with a fact, so by hand. */
static struct str
run_key(char out[ALARM_KEY_MAX + 1], struct str host, bool known, uint32_t thread, uint64_t source)
{
    uint64_t number = known ? thread : source;
    size_t n = 0;

    while (n < host.n && n < ALARM_KEY_MAX - 16) {
        out[n] = str_upper_char(host.p[n]);
        n++;
    }
    out[n++] = known ? ':' : '?';
    memcpy(out + n, &number, sizeof number);
    return str_make(out, n + sizeof number);
}

/* The part of an instruction's name that its renames leave alone. */
static struct str
stem(struct str name)
{
    struct str base = summary_basename(name);
    size_t dot = base.n;

    while (dot > 0 && base.p[dot - 1] != '.')
        dot--;
    return dot > 1 ? str_make(base.p, dot - 1) : base;
}

static bool
same_instruction(struct str a, struct str b)
{
    return a.n && b.n && str_case_eq(stem(a), stem(b));
}

struct stall_table *
stall_new(struct alarm_table *alarms)
{
    struct stall_table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->alarms = alarms;
    t->runs = map_new(STALL_RUNS_MAX);
    t->next_run = 1;
    t->due = INT64_MAX;
    if (!t->runs) {
        free(t);
        return NULL;
    }
    return t;
}

void
stall_run_free(struct run *r)
{
    if (!r)
        return;
    free(r->instruction);
    free(r->pending);
    for (unsigned i = 0; i < r->n_packages; i++)
        free(r->package[i].name);
    free(r);
}

void
stall_free(struct stall_table *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < map_count(t->runs); i++)
        stall_run_free(map_at(t->runs, i));
    map_free(t->runs);
    for (unsigned i = 0; i < t->n_stalls; i++) {
        free(t->stall[i].host);
        free(t->stall[i].instruction);
    }
    free(t);
}

bool
stall_idle(const struct stall_table *t)
{
    return t->n_pending == 0 && t->n_stalls == 0 && t->n_unnamed == 0;
}

static bool
runs_span(void *arg, uint64_t id, struct run_span *out)
{
    struct stall_table *t = arg;
    const struct run_span *s = &t->span[id % STALL_SPANS];

    if (s->id != id)
        return false;
    *out = *s;
    return true;
}

struct run_lookup
stall_runs(struct stall_table *t)
{
    return (struct run_lookup){runs_span, t};
}

static void
span_end(struct stall_table *t, const struct run *r, const struct moment *at)
{
    struct run_span *s = &t->span[r->id % STALL_SPANS];

    if (s->id == r->id && at->known && at->clock == s->clock)
        s->end = at->t;
}

static void
drop_pending(struct stall_table *t, struct run *r)
{
    if (r->pending) {
        free(r->pending);
        r->pending = NULL;
        t->n_pending--;
    }
}

static void
end_run(struct stall_table *t, struct run *r, struct str key, const struct moment *at)
{
    span_end(t, r, at);
    drop_pending(t, r);
    if (!r->thread_known)
        t->n_unnamed--;
    map_take(t->runs, key);
    stall_run_free(r);
}

static struct run *
begin_run(struct stall_table *t, struct call *c, struct str key, uint64_t source)
{
    struct run *r = map_get(t->runs, key);
    struct run_span *s;

    if (r)
        end_run(t, r, key, &c->at);
    if (map_count(t->runs) == STALL_RUNS_MAX) {
        /* Runs are refound at their next line; the first is the oldest. */
        struct str first = map_key_at(t->runs, 0);
        char copy[ALARM_KEY_MAX + 1];

        memcpy(copy, first.p, first.n);
        end_run(t, map_at(t->runs, 0), str_make(copy, first.n), &c->at);
        t->evicted++;
    }
    r = calloc(1, sizeof *r);
    if (!r || !map_put(t->runs, key, r)) {
        free(r);
        c->error = c->error ? c->error : -ENOMEM;
        return NULL;
    }
    r->id = t->next_run++;
    r->source = source;
    s = &t->span[r->id % STALL_SPANS];
    *s = (struct run_span){.id = r->id, .clock = c->at.clock, .end = INT64_MAX};
    s->start = c->at.known ? c->at.t : INT64_MAX;
    return r;
}

/* Remembers that the run carries 'package', and whether it failed there. */
static void
run_package(struct run *r, struct str package, bool failed)
{
    for (unsigned i = 0; i < r->n_packages; i++)
        if (str_case_eq(str_z(r->package[i].name), package)) {
            r->package[i].failed = r->package[i].failed || failed;
            return;
        }
    if (r->n_packages < STALL_RUN_PACKAGES && (r->package[r->n_packages].name = keep_str(package)))
        r->package[r->n_packages++].failed = failed;
}

/* The alarm of the failed open that turned out not to begin a stall. */
static void
settle_pending(struct stall_table *t, struct call *c, struct run *r)
{
    struct event *ev = r->pending;
    struct call own = *c;
    char key[ALARM_KEY_MAX + 1];
    struct failure_report report = {.cls = ev->cls, .severity = ev->severity, .f = &ev->f, .run = r->id};

    own.at = r->pending_at;
    own.event_id = ev->id;
    report.path = str_has(ev->f.target) ? ev->f.target : ev->f.file;
    report.key = fault_key(key, ev, fault_server(ev));
    if (event_class_is_fault(ev->cls))
        alarm_fail(t->alarms, &own, &report);
    if (own.error)
        c->error = own.error;
    drop_pending(t, r);
}

/* `Cannot decompress instruction file` after a failed open with 32: the event
 * itself becomes the stall, with the open as its evidence. */
static void
make_stall(struct event *ev, const struct run *r)
{
    const struct facts *open = &r->pending->f;
    struct facts *f = &ev->f;

    ev->cls = CLASS_STALL;
    ev->severity = SEVERITY_MAJOR;
    f->caused = true;
    f->cause_class = CLASS_STALL;
    f->basis = BASIS_SEQUENCE;
    f->confidence = CONFIDENCE_PROBABLE;
    f->tagged = open->tagged;
    f->win32_known = open->win32_known;
    f->win32 = open->win32;
    f->symbol = open->symbol;
    f->signature = open->signature;
    memcpy(f->evidence[0], r->pending->id, EVENT_ID_SIZE);
    f->n_evidence = 1;
    if (r->instruction)
        f->instruction = str_z(r->instruction);
    else if (!str_has(f->instruction))
        f->instruction = summary_basename(str_has(open->instruction) ? open->instruction : open->file);
    if (f->n_articles == 0)
        f->article[f->n_articles++] = STR("Q161043");
}

/* Gives a run of unknown thread the thread of the next despooler record. */
static struct run *
adopt_unnamed(struct stall_table *t, struct event *ev, uint64_t source, uint32_t thread, bool form_1x,
              struct str key)
{
    char unnamed[ALARM_KEY_MAX + 1];
    struct str old = run_key(unnamed, ev->f.host, false, 0, source);
    struct run *r = map_get(t->runs, old);

    if (!r || r->thread_known || map_get(t->runs, key))
        return NULL;
    map_take(t->runs, old);
    if (!map_put(t->runs, key, r)) {
        t->n_unnamed--;
        drop_pending(t, r);
        stall_run_free(r);
        return NULL;
    }
    t->n_unnamed--;
    r->thread_known = true;
    for (unsigned i = 0; i < t->n_stalls; i++)
        if (!t->stall[i].thread_known && t->stall[i].source == source) {
            t->stall[i].thread_known = true;
            t->stall[i].thread = thread;
            t->stall[i].form_1x = form_1x;
        }
    return r;
}

static bool
is_despooler(const struct event *ev)
{
    return str_case_eq(ev->f.component, STR("SMS_DESPOOLER"));
}

static struct stall *
find_stall(struct stall_table *t, struct str host, struct str instruction)
{
    for (unsigned i = 0; i < t->n_stalls; i++)
        if (str_case_eq(str_z(t->stall[i].host), host)
            && same_instruction(str_z(t->stall[i].instruction), instruction))
            return &t->stall[i];
    return NULL;
}

void
stall_before(struct stall_table *t, struct call *c, struct event *ev, uint64_t source, uint64_t *run, bool *quiet)
{
    char key_text[ALARM_KEY_MAX + 1];
    uint32_t thread = 0;
    bool form_1x, known = thread_number(ev->f.thread, &thread, &form_1x);
    struct str key = run_key(key_text, ev->f.host, known, thread, source);
    struct run *r = map_get(t->runs, key);
    struct stall *s;

    *run = 0;
    *quiet = false;
    if (!r && known && t->n_unnamed && is_despooler(ev))
        r = adopt_unnamed(t, ev, source, thread, form_1x, key);
    if (r && r->pending) {
        if (ev->fact == FACT_INSTRUCTION_UNREAD && r->pending->f.win32_known && r->pending->f.win32 == 32)
            make_stall(ev, r);
        else
            settle_pending(t, c, r);
    }
    if (ev->fact == FACT_INSTRUCTION_FOUND
        || (ev->fact == FACT_INSTRUCTION_STARTED && (!r || r->started))
        || (ev->fact == FACT_INSTRUCTION_OPEN_FAILED && !r)) {
        r = begin_run(t, c, key, source);
        if (!r)
            return;
        r->thread_known = known;
        t->n_unnamed += !known;
        if (str_has(ev->f.instruction))
            r->instruction = keep_str(ev->f.instruction);
        if (ev->fact == FACT_INSTRUCTION_FOUND && (s = find_stall(t, ev->f.host, ev->f.instruction)))
            s->reopened = true;
    }
    if (!r)
        return;
    r->started = r->started || ev->fact == FACT_INSTRUCTION_STARTED;
    *run = r->id;
    if (str_has(ev->f.package) && !ev->log)
        run_package(r, ev->f.package, false);
    if (ev->fact == FACT_INSTRUCTION_OPEN_FAILED) {
        if (!str_has(ev->f.instruction) && r->instruction)
            ev->f.instruction = arena_copy(c->arena, str_z(r->instruction));
        *quiet = true;
    }
    if (ev->worker_known && r->instruction) {
        /* The instruction goes on in the thread that was just created. */
        char worker_text[ALARM_KEY_MAX + 1];
        struct str worker = run_key(worker_text, ev->f.host, true, ev->worker, source);
        char *name = keep_str(str_z(r->instruction));
        struct run *w = begin_run(t, c, worker, source);

        if (w) {
            w->thread_known = true;
            w->instruction = name;
        } else {
            free(name);
        }
    }
}

static void
drop_stall(struct stall_table *t, struct stall *s)
{
    free(s->host);
    free(s->instruction);
    *s = t->stall[--t->n_stalls];
}

/* Raises the stall that 'ev' is, or counts it again. */
static void
open_stall(struct stall_table *t, struct call *c, const struct event *ev, uint64_t source)
{
    char key[ALARM_KEY_MAX + 1];
    struct failure_report report = {.cls = CLASS_STALL, .severity = SEVERITY_MAJOR, .f = &ev->f};
    struct stall *s = find_stall(t, ev->f.host, ev->f.instruction);
    struct alarm *a;

    report.key = s ? str_make(s->key_text, s->key.n) : fault_key(key, ev, STR_NONE);
    a = alarm_fail(t->alarms, c, &report);
    if (!a)
        return;
    if (!s) {
        if (t->n_stalls == STALL_OPEN_MAX) {
            /* Its alarm stays open and ages; only its clock is lost. */
            drop_stall(t, &t->stall[0]);
            t->evicted++;
        }
        s = &t->stall[t->n_stalls++];
        memset(s, 0, sizeof *s);
        s->host = keep_str(ev->f.host);
        s->instruction = keep_str(ev->f.instruction);
        if (!s->host || !s->instruction) {
            drop_stall(t, s);
            c->error = c->error ? c->error : -ENOMEM;
            return;
        }
        memcpy(s->key_text, report.key.p, report.key.n);
        s->key = str_make(s->key_text, report.key.n);
    }
    s->key.p = s->key_text;
    s->source = source;
    s->thread_known = thread_number(ev->f.thread, &s->thread, &s->form_1x);
    s->reopened = false;
    s->at = c->at;
    t->due = INT64_MIN;
}

/* The key text lives in the stall itself, and stalls move in their array. */
static struct alarm *
stall_alarm(struct stall_table *t, struct stall *s)
{
    s->key.p = s->key_text;
    return alarm_find(t->alarms, s->key);
}

static void
clear_stall(struct stall_table *t, struct call *c, struct stall *s, const char *reason, bool watch)
{
    struct alarm *a = stall_alarm(t, s);

    if (a)
        alarm_clear(t->alarms, c, a, reason, watch);
    drop_stall(t, s);
}

/* The component a stop record is about: the one it names first, else its own
 * (Q153247: SMS_EXECUTIVE writes about others). */
static bool
stops_despooler(const struct event *ev)
{
    static const struct str names[] = {{"SMS_DESPOOLER", 13}, {"SMS_EXECUTIVE", 13}};
    struct str text = ev->text, subject = ev->f.component;
    size_t n = 0;

    if (ev->fact == FACT_HOST_BOOT)
        return true;
    if (ev->fact != FACT_COMPONENT_STOPPING && ev->fact != FACT_COMPONENT_STOPPED)
        return false;
    while (text.n && (text.p[0] == '~' || str_is_space(text.p[0])))
        text = str_skip(text, 1);
    while (n < text.n && (str_is_alnum(text.p[n]) || text.p[n] == '_'))
        n++;
    if (str_case_starts(text, STR("SMS_")))
        subject = str_make(text.p, n);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_case_eq(subject, names[i]))
            return true;
    return false;
}

static bool
before_last(const struct call *c, const struct moment *last)
{
    return c->at.known && last->known && c->at.clock == last->clock && c->at.t < last->t;
}

/* Ends every stall of the host that a restart, seen or inferred, has ended. */
static void
check_restart(struct stall_table *t, struct call *c, const struct event *ev)
{
    bool stopped = stops_despooler(ev), known, form_1x;
    uint32_t thread;

    known = thread_number(ev->f.thread, &thread, &form_1x);
    for (unsigned i = 0; i < t->n_stalls; i++) {
        struct stall *s = &t->stall[i];
        bool other_thread = known && form_1x && s->thread_known && s->form_1x && thread != s->thread
                            && is_despooler(ev) && !ev->log;

        if (!str_case_eq(str_z(s->host), ev->f.host) || before_last(c, &s->at) || (!stopped && !other_thread))
            continue;
        clear_stall(t, c, s, stopped ? "restarted" : "restarted, as a new thread shows", true);
        i--;
    }
}

/* 'package' is where it should be as far as 'host' is concerned. */
static void
clear_package(struct stall_table *t, struct call *c, struct str package, struct str host, const char *reason)
{
    for (unsigned i = 0; i < alarm_open_count(t->alarms); i++) {
        struct alarm *a = alarm_at(t->alarms, i);

        if (!str_starts(a->key, STR("dist:")) || !str_case_eq(a->f->package, package)
            || (str_has(a->f->host) && host.n && !str_case_eq(a->f->host, host)) || before_last(c, &a->last))
            continue;
        alarm_clear(t->alarms, c, a, reason, false);
        i--;
    }
}

void
stall_stored(struct stall_table *t, struct call *c, const struct event *ev)
{
    if (str_has(ev->f.package))
        clear_package(t, c, ev->f.package, ev->f.host, "package stored");
}

static void
executed(struct stall_table *t, struct call *c, const struct event *ev, struct run *r)
{
    for (unsigned i = 0; i < t->n_stalls; i++) {
        struct stall *s = &t->stall[i];
        struct alarm *a;

        if (!str_case_eq(str_z(s->host), ev->f.host) || before_last(c, &s->at))
            continue;
        if (r && r->instruction && same_instruction(str_z(r->instruction), str_z(s->instruction))) {
            clear_stall(t, c, s, "instruction executed", false);
            i--;
            continue;
        }
        a = stall_alarm(t, s);
        if (a && !a->works) {
            a->works = true;
            if (a->confirmed)
                alarm_update(t->alarms, c, a, "despooler works");
        }
    }
    for (unsigned i = 0; r && i < r->n_packages; i++)
        if (!r->package[i].failed)
            clear_package(t, c, str_z(r->package[i].name), ev->f.host, "package installed");
}

void
stall_after(struct stall_table *t, struct call *c, const struct event *ev, uint64_t source)
{
    char key_text[ALARM_KEY_MAX + 1];
    uint32_t thread = 0;
    bool form_1x, known;
    struct str key;
    struct run *r;

    if (t->n_stalls)
        check_restart(t, c, ev);
    known = thread_number(ev->f.thread, &thread, &form_1x);
    key = run_key(key_text, ev->f.host, known, thread, source);
    r = map_get(t->runs, key);
    if (ev->cls == CLASS_STALL && ev->fact == FACT_INSTRUCTION_UNREAD) {
        open_stall(t, c, ev, source);
        if (r)
            drop_pending(t, r);
    }
    if (ev->fact == FACT_INSTRUCTION_OPEN_FAILED && r) {
        drop_pending(t, r);
        r->pending = keep_event(ev);
        r->pending_at = c->at;
        r->pending_at.when.zone = STR_NONE;
        t->n_pending += r->pending != NULL;
    }
    if (ev->fact == FACT_INSTRUCTION_EXECUTED)
        executed(t, c, ev, r);
    if (r && (ev->fact == FACT_INSTRUCTION_EXECUTED || ev->fact == FACT_INSTRUCTION_FAILED))
        end_run(t, r, key, &c->at);
}

void
stall_failed(struct stall_table *t, const struct event *ev, uint64_t run)
{
    for (unsigned i = 0; run && i < map_count(t->runs); i++) {
        struct run *r = map_at(t->runs, i);

        if (r->id == run && str_has(ev->f.package))
            run_package(r, ev->f.package, true);
    }
}

int64_t
stall_tick(struct stall_table *t, struct call *c, uint32_t clock, int64_t now)
{
    int64_t due = INT64_MAX;

    for (unsigned i = 0; i < t->n_stalls; i++) {
        struct stall *s = &t->stall[i];
        struct alarm *a = stall_alarm(t, s);

        if (!a) {
            drop_stall(t, s);
            i--;
            continue;
        }
        if (!s->at.known || s->at.clock != clock || s->reopened || a->confirmed)
            continue;
        if (now < s->at.t + STALL_CONFIRM) {
            if (s->at.t + STALL_CONFIRM < due)
                due = s->at.t + STALL_CONFIRM;
            continue;
        }
        a->confirmed = true;
        a->f->confidence = CONFIDENCE_CONFIRMED;
        alarm_update(t->alarms, c, a, "not opened again for 30 min");
    }
    return due;
}

/* Times of stalls whose own records show none: that of the first record after
 * them in the same source. */
void
stall_adopt_time(struct stall_table *t, const struct moment *at, uint64_t source)
{
    for (unsigned i = 0; i < t->n_stalls; i++) {
        struct stall *s = &t->stall[i];
        struct alarm *a;

        if (s->at.known || s->source != source)
            continue;
        s->at = *at;
        a = stall_alarm(t, s);
        if (a && !a->first.known) {
            /* For state only: what is shown stays unknown. */
            a->first = a->last = *at;
            a->first.when = a->last.when = (struct when){0};
        }
        t->due = INT64_MIN;
    }
}
