/* SPDX-License-Identifier: BSD-2-Clause
 *
 * catalogue_examples.c - runs the examples written inside the catalogue:
 * each must be explained by its own signature with the values it names, each
 * near miss by another or by none.  For `truecause test` and make check. */
#include "build.h"

#include "parsers/catalogue.h"

#include <stdarg.h>
#include <stdio.h>

#include "parsers/catalogue_set.h"

enum { TRIAL_MEMORY = 1 << 20 };

/* 'n' as decimal digits in 'room'. */
static struct str
digits(uint32_t n, char room[24])
{
    int length = snprintf(room, 24, "%lu", (unsigned long) n);

    return str_make(room, (size_t) length);
}

static struct str
yes(bool value)
{
    return value ? STR("true") : STR("");
}

bool
catalogue_value(const struct event *ev, struct str name, char room[24], struct str *value)
{
    const struct facts *f = &ev->f;
    bool cause = f->caused;
    const struct {
        const char *name;
        struct str value;
    } list[] = {
        {"class", str_z(event_class_name(ev->cls))},
        {"fact", str_z(event_fact_name(ev->fact))},
        {"severity", str_z(severity_name(ev->severity))},
        {"claim", f->claimed ? str_z(event_class_name(f->claim_class)) : STR("")},
        {"cause", cause ? str_z(event_class_name(f->cause_class)) : STR("")},
        {"figures", str_z(figures_name(f->figures))},
        {"basis", str_z(basis_name(f->basis))},
        {"confidence", str_z(confidence_name(f->confidence))},
        {"symbol", f->symbol},
        {"tag", f->tagged ? STR(EVENT_TAG) : STR("")},
        {"misreported", yes(f->misreported)},
        {"article", f->n_articles ? f->article[0] : STR("")},
        {"until", ev->retry_until},
        {"claim-event", f->claim_event},
        {"event-number", f->event_number},
#define FACT(member, element, attribute, sd, prose) {#member, f->member},
#include "parsers/event_fields.def"
#undef FACT
    };

    if (str_eq(name, STR("win32"))) {
        *value = f->win32_known ? digits(f->win32, room) : STR("");
        return true;
    }
    if (str_eq(name, STR("worker"))) {
        *value = ev->worker_known ? digits(ev->worker, room) : STR("");
        return true;
    }
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (str_eq(name, str_z(list[i].name))) {
            *value = list[i].value;
            return true;
        }
    return false;
}

struct trial {
    const struct catalogue *c;
    struct catalogue_scratch *x;
    struct arena *arena;
    struct catalogue_trial *result;
    void (*report)(void *, const struct catalogue_error *);
    void *context;
};

static void __attribute__((format(printf, 4, 5)))
failed(struct trial *t, const struct signature *s, int line, const char *format, ...)
{
    struct catalogue_error e = {.line = line};
    va_list ap;

    t->result->failed++;
    snprintf(e.file, sizeof e.file, "%s", s->file);
    va_start(ap, format);
    vsnprintf(e.text, sizeof e.text, format, ap);
    va_end(ap);
    if (t->report)
        t->report(t->context, &e);
}

/* The record that the example stands for. */
static void
make_event(const struct signature_example *e, struct eventlog *log, struct event *ev)
{
    *ev = (struct event){.text = e->text};
    ev->f.component = e->component;
    ev->f.provider = e->provider;
    if (!e->number_known && !str_has(e->provider) && !e->n_inserts)
        return;
    *log = (struct eventlog){.id32 = e->number, .number = e->number, .level = 2};
    log->message = e->text.n ? e->text : STR_NONE;
    log->strings_known = e->n_inserts > 0;
    log->strings = e->insert;
    log->n_strings = e->n_inserts;
    ev->log = log;
}

static void
try_example(struct trial *t, const struct signature *s, const struct signature_example *e)
{
    struct eventlog log;
    struct event ev;
    bool own;

    arena_reset(t->arena);
    make_event(e, &log, &ev);
    if (diagnose_event(t->c, t->x, t->arena, &ev) != PERR_OK) {
        failed(t, s, e->line, "signature %s: out of memory", s->id.p);
        return;
    }
    own = str_has(ev.f.signature) && str_eq(ev.f.signature, s->id);
    if (e->near_miss) {
        t->result->near_misses++;
        if (own)
            failed(t, s, e->line, "signature %s explains its near miss", s->id.p);
        return;
    }
    t->result->examples++;
    if (!own) {
        failed(t, s, e->line, "signature %s does not explain its example; %s does", s->id.p,
               str_has(ev.f.signature) ? ev.f.signature.p : "none");
        return;
    }
    for (unsigned i = 0; i < e->n_expect; i++) {
        struct str got = STR("");
        char room[24];

        catalogue_value(&ev, e->expect[i].name, room, &got);
        if (!str_eq(got, e->expect[i].value))
            failed(t, s, e->line, "signature %s: %s is \"%.*s\", the example expects \"%.*s\"", s->id.p,
                   e->expect[i].name.p, STR_ARG(got), STR_ARG(e->expect[i].value));
    }
}

enum perr
catalogue_try_examples(const struct catalogue *c, unsigned from, struct catalogue_trial *result,
                       void (*report)(void *, const struct catalogue_error *), void *context)
{
    struct trial t = {c, catalogue_scratch_new(c), arena_new(TRIAL_MEMORY), result, report, context};
    bool ready = t.x && t.arena;

    *result = (struct catalogue_trial){0};
    for (size_t i = 0; ready && i < c->n_signatures; i++) {
        if (c->signature[i]->document < from)
            continue;
        result->signatures++;
        for (const struct signature_example *e = c->signature[i]->example; e; e = e->next)
            try_example(&t, c->signature[i], e);
    }
    catalogue_scratch_free(t.x);
    arena_free(t.arena);
    return ready ? PERR_OK : PERR_NOMEM;
}
