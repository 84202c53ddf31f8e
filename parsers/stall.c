/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stall.c - what comes of instruction runs (design section 5, "Stall";
 * Q161043): the stall with its confirmation and its ends, and the failed open
 * that was none.  The runs are in run.c, what they bring in cargo.c. */
#include "build.h"

#include "parsers/stall.h"

#include <errno.h>
#include <stdlib.h>

#include "parsers/cargo.h"
#include "parsers/retry.h"
#include "parsers/stall_state.h"
#include "parsers/summary.h"
#include "parsers/when.h"

static bool
same_instruction(struct str a, struct str b)
{
    return a.n && b.n && str_case_eq(run_stem(a), run_stem(b));
}

struct stall_table *
stall_new(struct alarm_table *alarms)
{
    struct stall_table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->alarms = alarms;
    t->due = INT64_MAX;
    t->parts.kind = "stall";
    if (!run_table_init(&t->runs)) {
        free(t);
        return NULL;
    }
    return t;
}

void
stall_drop_memory(struct stall *s)
{
    free(s->host);
    free(s->instruction);
    free(s);
}

void
stall_free(struct stall_table *t)
{
    if (!t)
        return;
    run_table_fini(&t->runs);
    for (unsigned i = 0; i < t->n_stalls; i++)
        stall_drop_memory(t->stall[i]);
    parts_fini(&t->parts);
    free(t);
}

bool
stall_idle(const struct stall_table *t)
{
    return t->runs.n_pending == 0 && t->n_stalls == 0 && t->runs.n_unnamed == 0;
}

static bool
look_up_run(void *arg, uint64_t id, struct run_span *out)
{
    const struct stall_table *t = arg;

    return run_span(&t->runs, id, out);
}

struct run_lookup
stall_runs(struct stall_table *t)
{
    return (struct run_lookup){look_up_run, t};
}

void
stall_tell_pending(struct stall_table *t, struct call *c, struct run *r)
{
    struct event *ev = r->pending;
    struct call own = *c;
    char key[ALARM_KEY_MAX + 1];
    struct failure_report report = {.cls = ev->cls, .severity = ev->severity, .f = &ev->f, .run = r->id};

    if (r->told)
        return;
    r->told = true;
    run_changed(&t->runs, r);
    own.at = r->pending_at;
    /* It was heard of when it came, not now that nobody waits any longer. */
    if (c->arrival)
        own.arrival = r->pending_arrival;
    own.event_id = ev->id;
    report.path = str_has(ev->f.target) ? ev->f.target : ev->f.file;
    report.key = fault_key(key, ev, fault_server(ev));
    if (alarm_raises(t->alarms, ev))
        alarm_fail(t->alarms, &own, &report);
    if (own.error)
        c->error = own.error;
}

static void
settle_pending(struct stall_table *t, struct call *c, struct run *r)
{
    stall_tell_pending(t, c, r);
    run_drop_pending(&t->runs, r);
}

void
stall_finish(struct stall_table *t, struct call *c)
{
    for (unsigned i = 0; t->runs.n_pending && i < map_count(t->runs.runs); i++) {
        struct run *r = map_at(t->runs.runs, i);

        if (r->pending)
            stall_tell_pending(t, c, r);
    }
}

/* The sequence that the failed open 'first' began and 'ev' completes, NULL for none. */
static const struct catalogue_sequence *
completes(const struct stall_table *t, const struct event *first, const struct event *ev)
{
    const struct catalogue *cat = alarm_table_catalogue(t->alarms);
    uint64_t both = ev->continues ? ev->continues & catalogue_begins(cat, first) : 0;

    for (unsigned i = 0; both && i < catalogue_sequences(cat); i++)
        if ((both >> i & 1) && catalogue_sequence(cat, i)->cls == CLASS_STALL)
            return catalogue_sequence(cat, i);
    return NULL;
}

int64_t
stall_patience(const struct stall_table *t)
{
    const struct catalogue *cat = alarm_table_catalogue(t->alarms);

    for (unsigned i = 0; i < catalogue_sequences(cat); i++) {
        const struct catalogue_sequence *said = catalogue_sequence(cat, i);

        if (said->cls == CLASS_STALL && !said->silence && said->confirm)
            return said->confirm;
    }
    return STALL_CONFIRM;
}

/* `Cannot decompress instruction file` after a failed open with 32: the event
 * itself becomes the stall, with the open as its evidence. */
static void
make_stall(struct event *ev, const struct run *r, const struct catalogue_sequence *said)
{
    const struct facts *open = &r->pending->f;
    struct facts *f = &ev->f;

    ev->cls = CLASS_STALL;
    ev->severity = said->severity_known ? said->severity : SEVERITY_MAJOR;
    f->caused = true;
    f->cause_class = CLASS_STALL;
    f->basis = BASIS_SEQUENCE;
    f->confidence = said->confidence;
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
    for (unsigned i = 0; f->n_articles == 0 && i < said->n_articles; i++)
        f->article[i] = said->article[i];
    if (f->n_articles == 0)
        f->n_articles = said->n_articles;
}

/* Gives a run of unknown thread the thread of the next despooler record. */
static struct run *
adopt_unnamed(struct stall_table *t, struct event *ev, uint64_t source, const struct run_thread *thread,
              struct str key)
{
    char unnamed[RUN_KEY_SIZE];
    struct str old = run_key(unnamed, ev->f.host, false, 0, source);
    struct run *r = run_find(&t->runs, old);

    if (!r || r->thread_known || run_find(&t->runs, key))
        return NULL;
    r = run_move(&t->runs, old, key);
    if (!r)
        return NULL;
    t->runs.n_unnamed--;
    r->thread_known = true;
    for (unsigned i = 0; i < t->n_stalls; i++)
        if (!t->stall[i]->thread.known && t->stall[i]->source == source) {
            t->stall[i]->thread = *thread;
            stall_changed(t, t->stall[i]);
        }
    return r;
}

static bool
is_despooler(const struct event *ev)
{
    return str_case_eq(ev->f.component, STR("SMS_DESPOOLER"));
}

/* Whether 's' is on the host that 'ev' is about.  Where nobody knows the host,
 * the same file is the same host. */
static bool
on_host(const struct stall *s, const struct event *ev, uint64_t source)
{
    if (s->host[0] == '\0' || ev->f.host.n == 0)
        return s->host[0] == '\0' && ev->f.host.n == 0 && s->source == source;
    return host_same(str_z(s->host), ev->f.host);
}

static struct stall *
find_stall(struct stall_table *t, const struct event *ev, uint64_t source)
{
    for (unsigned i = 0; i < t->n_stalls; i++)
        if (on_host(t->stall[i], ev, source)
            && same_instruction(str_z(t->stall[i]->instruction), ev->f.instruction))
            return t->stall[i];
    return NULL;
}

/* Begins the run that 'ev' opens; NULL when memory ends. */
static struct run *
open_run(struct stall_table *t, struct call *c, const struct event *ev, struct str key, bool known, uint64_t source)
{
    struct run *r = run_find(&t->runs, key) ? NULL : run_in_the_way(&t->runs);
    struct stall *s;

    /* What was held back of it is told before it goes. */
    if (r && r->pending)
        stall_tell_pending(t, c, r);
    r = run_begin(&t->runs, &c->at, key, source);
    if (!r) {
        c->error = c->error ? c->error : -ENOMEM;
        return NULL;
    }
    r->thread_known = known;
    t->runs.n_unnamed += !known;
    if (str_has(ev->f.instruction))
        r->instruction = keep_str(ev->f.instruction);
    if (ev->fact == FACT_INSTRUCTION_FOUND && (s = find_stall(t, ev, source))) {
        s->reopened = true;
        stall_changed(t, s);
    }
    return r;
}

/* The instruction of 'r' goes on in the thread that was just created: what the
 * main thread says after that is of other things. */
static void
hand_over(struct stall_table *t, struct call *c, const struct event *ev, struct run *r)
{
    char from[RUN_KEY_SIZE], text[RUN_KEY_SIZE];
    struct str key = run_key(text, ev->f.host, true, ev->worker, r->source);
    struct run *before = run_find(&t->runs, key);

    if (before == r || !r->thread_known)
        return;
    /* Numbers are given again once their thread has ended. */
    if (before)
        run_end(&t->runs, before, &c->at);
    memcpy(from, r->key, r->key_n);
    if (!run_move(&t->runs, str_make(from, r->key_n), key))
        c->error = c->error ? c->error : -ENOMEM;
}

/* One failure is one run: `Despooler failed to execute the instruction`, and
 * that it will be tried again, say nothing new after what made it fail. */
static void
say_once(struct stall_table *t, const struct event *ev, struct run *r, bool *quiet)
{
    if (ev->log || !retry_is_of(ev, r))
        return;
    if (ev->fact == FACT_RETRY && ev->mute && !r->late) {
        r->late = true;
        run_changed(&t->runs, r);
    }
    if (ev->fact == FACT_RETRIES_EXHAUSTED)
        *quiet = retry_failed(r);
    else if (ev->fact == FACT_INSTRUCTION_FAILED || ev->fact == FACT_RETRY)
        *quiet = r->faulted || (ev->fact == FACT_RETRY && r->late);
}

void
stall_before(struct stall_table *t, struct call *c, struct event *ev, uint64_t source, uint64_t *run, bool *quiet)
{
    char key_text[RUN_KEY_SIZE];
    struct run_thread thread = run_thread(ev);
    struct str key = run_key_of(key_text, ev, &thread, source);
    struct run *r = run_find(&t->runs, key);

    *run = 0;
    *quiet = false;
    if (!r && thread.known && t->runs.n_unnamed && is_despooler(ev))
        r = adopt_unnamed(t, ev, source, &thread, key);
    if (r && r->pending) {
        const struct catalogue_sequence *said = completes(t, r->pending, ev);

        if (said && ev->fact == FACT_INSTRUCTION_UNREAD)
            make_stall(ev, r, said);
        else
            settle_pending(t, c, r);
    }
    /* Logs repeat lines (Q153246): a run in which nothing has happened yet is not begun anew. */
    if (ev->fact == FACT_INSTRUCTION_FOUND
        || (ev->fact == FACT_INSTRUCTION_STARTED && (!r || (r->started && (r->n_cargo || r->faulted))))
        || (ev->fact == FACT_INSTRUCTION_OPEN_FAILED && !r)) {
        r = open_run(t, c, ev, key, thread.known, source);
    }
    if (!r)
        return;
    if (ev->fact == FACT_INSTRUCTION_STARTED && !r->started) {
        r->started = true;
        run_changed(&t->runs, r);
    }
    *run = r->id;
    if (str_has(ev->f.package) && !ev->log)
        run_carries(&t->runs, r, ev->f.package,
                    ev->fact == FACT_COPY_FAILED || ev->fact == FACT_COPY_OK ? fault_server(ev) : STR(""),
                    ev->fact == FACT_COPY_FAILED);
    if (ev->fact == FACT_INSTRUCTION_OPEN_FAILED) {
        if (!str_has(ev->f.instruction) && r->instruction)
            ev->f.instruction = arena_copy(c->arena, str_z(r->instruction));
        *quiet = true;
    }
    retry_complete(c, ev, r);
    say_once(t, ev, r, quiet);
    if (event_class_is_fault(ev->cls) && ev->cls != CLASS_RETRY && !r->faulted) {
        r->faulted = true;
        run_changed(&t->runs, r);
    }
    if (ev->worker_known && r->instruction)
        hand_over(t, c, ev, r);
}

void
stall_drop(struct stall_table *t, struct stall *s)
{
    unsigned i = 0;

    while (t->stall[i] != s)
        i++;
    t->n_stalls--;
    memmove(&t->stall[i], &t->stall[i + 1], (t->n_stalls - i) * sizeof(struct stall *));
    part_gone(&t->parts, &s->part);
    stall_drop_memory(s);
}

struct alarm *
stall_alarm(struct stall_table *t, struct stall *s)
{
    return alarm_find(t->alarms, s->key);
}

static void
clear_stall(struct stall_table *t, struct call *c, struct stall *s, const char *reason, bool watch)
{
    struct alarm *a = stall_alarm(t, s);

    if (a)
        alarm_clear(t->alarms, c, a, reason, watch);
    stall_drop(t, s);
}

/* NULL when memory ends. */
static struct stall *
new_stall(struct stall_table *t, struct call *c, const struct event *ev, struct str key)
{
    struct stall *s = calloc(1, sizeof *s);

    if (s) {
        s->host = keep_str(ev->f.host);
        s->instruction = keep_str(ev->f.instruction);
    }
    if (!s || !s->host || !s->instruction) {
        if (s)
            stall_drop_memory(s);
        c->error = c->error ? c->error : -ENOMEM;
        return NULL;
    }
    if (t->n_stalls == STALL_OPEN_MAX) {
        t->evicted++;
        clear_stall(t, c, t->stall[0], "evicted: too many stalls", false);
    }
    memcpy(s->key_text, key.p, key.n);
    s->key = str_make(s->key_text, key.n);
    s->part.id = ++t->n_parts;
    t->stall[t->n_stalls++] = s;
    return s;
}

/* Raises the stall that 'ev' is, or counts it again. */
static void
open_stall(struct stall_table *t, struct call *c, const struct event *ev, uint64_t source)
{
    char key[ALARM_KEY_MAX + 1];
    struct failure_report report = {.cls = CLASS_STALL, .severity = SEVERITY_MAJOR, .f = &ev->f};
    struct stall *s = find_stall(t, ev, source);
    struct alarm *a;

    report.key = s ? str_make(s->key_text, s->key.n) : fault_key(key, ev, STR_NONE);
    /* Stalled anew: what was said of the time before no longer holds. */
    if ((a = alarm_find(t->alarms, report.key))) {
        a->confirmed = a->works = false;
        alarm_changed(t->alarms, a);
    }
    a = alarm_fail(t->alarms, c, &report);
    if (!a)
        return;
    if (!s && !(s = new_stall(t, c, ev, report.key)))
        return;
    s->source = source;
    s->thread = run_thread(ev);
    s->reopened = false;
    s->at = c->at;
    s->at.when.zone = STR_NONE;
    s->quiet = 0;
    stall_changed(t, s);
    t->due = INT64_MIN;
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
    if (str_case_starts(text, STR("The ")))
        text = str_skip(text, 4);
    while (n < text.n && (str_is_alnum(text.p[n]) || text.p[n] == '_'))
        n++;
    if (str_case_starts(text, STR("SMS_")))
        subject = str_make(text.p, n);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_case_eq(subject, names[i]))
            return true;
    return false;
}

/* Ends every stall of the host that a restart, seen or inferred, has ended. */
static void
check_restart(struct stall_table *t, struct call *c, const struct event *ev, const struct run_thread *thread,
              uint64_t source)
{
    bool stopped = stops_despooler(ev);

    for (unsigned i = 0; i < t->n_stalls; i++) {
        struct stall *s = t->stall[i];
        bool other_thread = thread->known && thread->form_1x && s->thread.known && s->thread.form_1x
                            && thread->number != s->thread.number && is_despooler(ev) && !ev->log;
        struct alarm *a;

        if ((!stopped && !other_thread) || !on_host(s, ev, source) || moment_before(&c->at, &s->at))
            continue;
        a = stall_alarm(t, s);
        if (a && !stopped)
            a->f->confidence = CONFIDENCE_PROBABLE;
        clear_stall(t, c, s, stopped ? "restarted" : "restarted, as a new thread shows", true);
        i--;
    }
}

static void
executed(struct stall_table *t, struct call *c, const struct event *ev, const struct run *r, uint64_t source)
{
    for (unsigned i = 0; i < t->n_stalls; i++) {
        struct stall *s = t->stall[i];
        struct alarm *a;

        if (!on_host(s, ev, source) || moment_before(&c->at, &s->at))
            continue;
        if (r && r->instruction && same_instruction(str_z(r->instruction), str_z(s->instruction))) {
            clear_stall(t, c, s, "instruction executed", false);
            i--;
            continue;
        }
        a = stall_alarm(t, s);
        if (a && !a->works) {
            a->works = true;
            alarm_changed(t->alarms, a);
            if (a->confirmed)
                alarm_update(t->alarms, c, a, "despooler works");
        }
    }
    if (!r)
        return;
    cargo_brought(t->alarms, &t->runs, c, ev, r);
    retry_executed(t->alarms, c, ev, r);
}

void
stall_after(struct stall_table *t, struct call *c, const struct event *ev, uint64_t source)
{
    char key_text[RUN_KEY_SIZE];
    struct run_thread thread = run_thread(ev);
    struct str key;
    struct run *r;

    if (t->n_stalls)
        check_restart(t, c, ev, &thread, source);
    key = run_key_of(key_text, ev, &thread, source);
    r = run_find(&t->runs, key);
    if (ev->cls == CLASS_STALL && ev->fact == FACT_INSTRUCTION_UNREAD) {
        open_stall(t, c, ev, source);
        if (r)
            run_drop_pending(&t->runs, r);
    }
    if (ev->fact == FACT_INSTRUCTION_OPEN_FAILED && r) {
        run_drop_pending(&t->runs, r);
        r->pending = keep_event(ev);
        r->pending_at = c->at;
        r->pending_arrival = c->arrival;
        r->quiet = 0;
        r->pending_at.when.zone = STR_NONE;
        t->runs.n_pending += r->pending != NULL;
        run_changed(&t->runs, r);
        t->due = INT64_MIN;
    }
    if (r && ev->fact == FACT_RETRIES_EXHAUSTED)
        retry_used_up(t->alarms, c, ev, r);
    if (ev->fact == FACT_INSTRUCTION_EXECUTED)
        executed(t, c, ev, r, source);
    if (r && (ev->fact == FACT_INSTRUCTION_EXECUTED || ev->fact == FACT_INSTRUCTION_FAILED))
        run_end(&t->runs, r, &c->at);
}
