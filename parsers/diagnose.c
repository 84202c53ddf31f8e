/* SPDX-License-Identifier: BSD-2-Clause
 *
 * diagnose.c - what one record means: fact, class, claim and cause.  Called by
 * the pipeline for every event between format->parse and the correlator.
 *
 * Order of work: the prefilter (nearly every record ends there), the shapes
 * around the text (sms_event.c), the code (code_scan.c), then the candidate
 * signatures by precedence; the first that fits decides.  This file holds no
 * wording and looks at no other record. */
#include "build.h"

#include "parsers/catalogue.h"

#include <stdlib.h>

#include "parsers/code_scan.h"
#include "parsers/diagnose_look.h"
#include "parsers/sms_figures.h"
#include "parsers/when.h"

/* What is left when no signature fits: a record whose form is known and whose
 * text gave no alarm is ordinary; anything else stays unexplained. */
static void
settle(const struct catalogue *c, struct event *ev)
{
    bool form = str_has(ev->f.component) || str_has(ev->f.thread) || ev->when.local_known || ev->when.utc_known
                || str_has(ev->f.provider);
    bool alarming = ev->log && ev->log->level >= 1 && ev->log->level <= 3 && c->own
                    && str_has(ev->f.provider) && signature_globs_match(c->own, ev->f.provider);

    ev->cls = form && !alarming ? CLASS_ACTIVITY : CLASS_UNCLASSIFIED;
    ev->severity = SEVERITY_INFO;
}

static void
on_literal(void *context, unsigned number)
{
    struct look *k = context;
    struct catalogue_scratch *x = k->x;
    const struct catalogue_wanted *w = &k->c->wanted[number];

    if (x->literal_seen[number] == x->generation)
        return;
    x->literal_seen[number] = x->generation;
    if (number < k->c->frame_end)
        x->frame = true;
    else if (number < k->c->status_end)
        x->status = true;
    else if (number < k->c->code_end)
        x->code = true;
    for (unsigned i = 0; i < w->n; i++) {
        uint16_t s = w->signature[i];

        if (x->signature_seen[s] != x->generation) {
            x->signature_seen[s] = x->generation;
            x->hits[s] = 0;
        }
        if (++x->hits[s] == k->c->signature[s]->n_needed)
            x->candidate[x->n_candidates++] = s;
    }
}

static void
scan(struct look *k)
{
    struct catalogue_scratch *x = k->x;

    if (++x->generation == 0) { /* after 4 G records the marks would repeat */
        memset(x->literal_seen, 0, x->n_literals * sizeof *x->literal_seen);
        memset(x->signature_seen, 0, x->n_signatures * sizeof *x->signature_seen);
        x->generation = 1;
    }
    x->n_candidates = 0;
    x->frame = x->status = x->code = false;
    literals_scan(k->c->literals, k->text, on_literal, k);
}

/* The bias of the log's clock, from the one record that has both times; what
 * the source or the record's header said goes before. */
static void
learn_time(struct look *k)
{
    struct when *w = &k->ev->when;
    int64_t bias;

    if (!k->status.utc_known || w->bias_known || w->utc_known || !w->local_known)
        return;
    /* clocks of one process: whole quarter hours apart but for rounding */
    bias = (k->status.utc - w->local + (k->status.utc >= w->local ? 1 : -1) * 450 * WHEN_SECOND)
           / (15 * WHEN_MINUTE) * 15;
    if (bias < -1440 || bias > 1440)
        return;
    w->bias_known = true;
    w->bias = (int) bias;
    w->utc = w->local + bias * WHEN_MINUTE;
    w->utc_known = true;
}

/* Takes component, host, site, number and strings from the shapes around the
 * message; never over what the record's own header says. */
static void
read_shapes(struct look *k)
{
    struct event *ev = k->ev;
    const struct eventlog *log = ev->log;
    bool known = str_has(ev->f.provider) && !str_starts(ev->f.provider, STR("{"));
    /* Another program's event has no shapes of SMS around it. */
    bool foreign = log && known && !(k->c->own && signature_globs_match(k->c->own, ev->f.provider));

    if (!foreign && (k->x->frame || log))
        sms_frame_read(k->text, &k->frame);
    for (unsigned i = 0; log && !foreign && log->strings_known && i < log->n_strings; i++)
        if (log->strings[i].n)
            sms_frame_read(log->strings[i], &k->frame);
    k->status_known = k->x->status && sms_status_read(k->text, &k->status);
    if (k->status_known) {
        look_set(&ev->f.component, k->status.component);
        look_set(&ev->f.site, k->status.site);
        look_set(&ev->f.thread, k->status.thread);
        look_set(&ev->f.package, k->status.package);
        look_host(k, k->status.host);
        learn_time(k);
    }
    look_set(&ev->f.component, k->frame.component);
    /* SMS_Server is how relays write the source "SMS Server" */
    if (!str_has(ev->f.component) && str_case_starts(ev->f.provider, STR("SMS_"))
        && !str_case_eq(ev->f.provider, STR("SMS_Server")))
        ev->f.component = arena_upper(k->arena, ev->f.provider);
    look_set(&ev->f.site, k->frame.site);
    look_set(&ev->f.job, k->frame.job);
    look_host(k, k->frame.host);

    /* A GUID is a source whose name is not known. */
    if (known)
        k->provider = ev->f.provider;
    look_set(&k->provider, k->frame.source);
    look_set(&k->provider, k->status.source);
    k->number_known = true;
    if (log && (log->number || str_has(ev->f.provider)))
        k->number = log->number;
    else if (k->frame.number_known)
        k->number = k->frame.number;
    else if (k->status_known)
        k->number = k->status.id;
    else
        k->number_known = false;
    /* one string alone can be the whole sentence about the missing message */
    if (k->frame.unrendered && !(log && log->strings_known && log->n_strings > 1)) {
        k->string = k->frame.insert;
        k->n_strings = k->frame.n_inserts;
    } else if (log && log->strings_known && log->n_strings) {
        k->string = log->strings;
        k->n_strings = log->n_strings;
    }
}

/* Adds the signatures that need no literal: by event number and by code. */
static void
add_candidates(struct look *k, const uint16_t *list, size_t n)
{
    struct catalogue_scratch *x = k->x;

    for (size_t i = 0; i < n; i++) {
        bool known = false;

        for (size_t j = 0; j < x->n_candidates && !known; j++)
            known = x->candidate[j] == list[i];
        if (!known)
            x->candidate[x->n_candidates++] = list[i];
    }
}

static bool
has_event(const struct signature *s, uint32_t number)
{
    for (unsigned i = 0; i < s->n_events; i++)
        if (number >= s->event[i].first && number <= s->event[i].last)
            return true;
    return false;
}

static void
add_by_number(struct look *k)
{
    uint32_t e = k->number;

    if (e < CATALOGUE_NUMBERS && !(k->c->numbered[e / 8] >> e % 8 & 1))
        return; /* nearly all events of other programs */
    for (size_t i = 0; i < k->c->n_by_event; i++)
        if (has_event(k->c->signature[k->c->by_event[i]], e))
            add_candidates(k, &k->c->by_event[i], 1);
}

static int
by_index(const void *left, const void *right)
{
    uint16_t a = *(const uint16_t *) left, b = *(const uint16_t *) right;

    return a < b ? -1 : a > b;
}

static bool
has_code(const struct signature *s, const struct event *ev)
{
    for (unsigned i = 0; i < s->n_when_code; i++)
        if (ev->code_known && s->when_code[i] == ev->code)
            return true;
    return s->n_when_code == 0;
}

/* The class of the HRESULT that the record shows in place of a Win32 code; NULL
 * where there is none or its entry knows no more than its symbol. */
static const enum event_class *
hresult_class(const struct look *k)
{
    return k->hresult && k->hresult->cls != CLASS_UNCLASSIFIED ? &k->hresult->cls : NULL;
}

enum catalogue_reason
look_applies(struct look *k, unsigned i)
{
    const struct signature *s = k->c->signature[i];
    const struct signature_globs *group = s->provider ? s->provider : k->c->own;
    uint64_t limited = k->x->signature.limited;
    const struct event *ev = k->ev;
    bool known = str_has(k->provider), by_number, matched;

    if (s->component.n && str_has(ev->f.component) && !signature_globs_match(&s->component, ev->f.component))
        return CATALOGUE_COMPONENT;
    if (known && (!group || !signature_globs_match(group, k->provider)))
        return CATALOGUE_SOURCE;
    if (!known && s->provider && !s->code)
        return CATALOGUE_SOURCE; /* a number alone says nothing without its source */
    if (s->n_events && k->number_known && !has_event(s, k->number))
        return CATALOGUE_NUMBER;
    if ((s->any_code && !ev->code_known && !(s->how == SIGNATURE_BY_CODE && hresult_class(k))) || !has_code(s, ev))
        return CATALOGUE_CODE;
    by_number = s->n_events && known && k->number_known && !s->needs_pattern;
    matched = signature_match(s, &k->x->signature, k->text, k->value) && (s->code || !s->n_events);
    if (k->x->signature.limited != limited && k->x->limited[i] < UINT32_MAX)
        k->x->limited[i]++;
    if (matched)
        return CATALOGUE_FITS;
    return by_number ? CATALOGUE_FITS_NUMBER : CATALOGUE_PATTERN;
}

/* The candidates in the order in which they are asked. */
static void
find_candidates(struct look *k)
{
    struct catalogue_scratch *x = k->x;

    if (k->number_known)
        add_by_number(k);
    if (k->ev->code_known || hresult_class(k))
        add_candidates(k, k->c->by_code, k->c->n_by_code);
    if (x->n_candidates > 1)
        qsort(x->candidate, x->n_candidates, sizeof *x->candidate, by_index);
}

static const struct signature *
find_signature(struct look *k)
{
    struct catalogue_scratch *x = k->x;

    for (size_t i = 0; i < x->n_candidates; i++) {
        enum catalogue_reason reason = look_applies(k, x->candidate[i]);

        if (reason == CATALOGUE_FITS || reason == CATALOGUE_FITS_NUMBER)
            return k->c->signature[x->candidate[i]];
    }
    return NULL;
}

/* The code that the record shows, unless the signature knows it as private. */
static void
fill_code(struct look *k, const struct signature *s)
{
    struct event *ev = k->ev;
    struct str shown = look_plain(k, SIGNATURE_CODE);
    const struct catalogue_code *code;

    if (s->private_code) {
        k->hresult = NULL;
        return;
    }
    if (str_has(shown)) {
        uint64_t value = 0;

        for (size_t i = 0; i < shown.n && i < 6 && str_is_digit(shown.p[i]); i++)
            value = value * 10 + (unsigned) (shown.p[i] - '0');
        if (value <= 0xFFFF) {
            ev->code_known = true;
            ev->code = (uint32_t) value;
        }
    }
    if (!ev->code_known) {
        if (k->hresult)
            ev->f.symbol = k->hresult->symbol;
        return;
    }
    k->hresult = NULL;
    ev->f.win32_known = true;
    ev->f.win32 = ev->code;
    code = catalogue_code(k->c, ev->code);
    if (code) {
        ev->f.symbol = code->symbol;
        ev->f.tagged = code->tagged;
    }
}

/* Insertion strings into k->value, where the text itself did not say. */
static enum figures
read_inserts(struct look *k, const struct signature *s)
{
    bool path = s->n_inserts && s->insert[0] == SIGNATURE_PATH;
    unsigned first = UINT32_MAX;
    struct str value[SIGNATURE_FIELD_COUNT] = {0};
    enum figures figures;
    bool found;

    if (!s->n_inserts || !k->string)
        return FIGURES_ABSENT;
    found = sms_inserts_find(k->string, k->n_strings, s->n_inserts, path, &first);
    for (unsigned i = 0; first < k->n_strings && i < (found ? s->n_inserts : 1); i++)
        if (found || path)
            value[s->insert[i]] = k->string[first + i];
    figures = sms_figures(value[SIGNATURE_AVAILABLE], value[SIGNATURE_REQUIRED]);
    if (figures != FIGURES_ABSENT)
        k->value[SIGNATURE_AVAILABLE] = k->value[SIGNATURE_REQUIRED] = STR_NONE;
    for (int i = 0; i < SIGNATURE_FIELD_COUNT; i++)
        if (!str_has(k->value[i]))
            k->value[i] = value[i];
    return figures;
}

/* The event's number where the record does not say it: that of a text that
 * belongs to one event alone.  Log lines are no events, their claims are. */
static void
fill_number(struct look *k, const struct signature *s)
{
    struct facts *f = &k->ev->f;
    bool one = s->n_events == 1 && s->event[0].first == s->event[0].last;
    uint32_t id = k->number_known ? k->number : one ? s->event[0].first : 0;
    struct str text;

    if (!id || (!s->n_events && !str_has(k->provider)))
        return;
    text = arena_number(k->arena, id);
    k->no_memory |= !str_has(text);
    if (s->claims)
        look_set(&f->claim_event, text);
    if (k->ev->log && s->n_events)
        look_set(&f->event_number, text);
}

static void
fill_claim(struct look *k, const struct signature *s)
{
    struct facts *f = &k->ev->f;
    enum figures figures = read_inserts(k, s);
    bool wanted = s->how == SIGNATURE_BY_FIGURES;

    fill_number(k, s);
    if (!s->claims)
        return;
    f->claimed = true;
    f->claim_class = s->claim;
    for (unsigned i = 0; i < s->n_groups; i++)
        wanted |= s->group[i].field == SIGNATURE_AVAILABLE;
    if (!wanted)
        return;
    if (figures == FIGURES_ABSENT)
        figures = sms_figures(k->value[SIGNATURE_AVAILABLE], k->value[SIGNATURE_REQUIRED]);
    f->figures = figures;
    if (figures != FIGURES_FILLED)
        return;
    f->available = sms_figures_digits(k->arena, k->value[SIGNATURE_AVAILABLE]);
    f->required = sms_figures_digits(k->arena, k->value[SIGNATURE_REQUIRED]);
    if (s->required_bytes && str_has(f->required))
        f->required = sms_figures_megabytes(k->arena, f->required);
    k->no_memory |= !str_has(f->available) || !str_has(f->required);
}

static void
set_cause(struct facts *f, enum event_class cls, enum basis basis, enum confidence confidence)
{
    f->cause_class = cls;
    f->basis = basis;
    f->confidence = confidence;
}

/* True for the classes that say why something failed, not that it went on. */
static bool
explains(enum event_class cls)
{
    return event_class_is_fault(cls) && cls != CLASS_RETRY && cls != CLASS_RESTART && cls != CLASS_RECOVERED;
}

/* The class that a sentence in the text gives by itself, where 's' knows what
 * failed and no code says why: "failed to copy package X: The process cannot
 * access the file because ...".  CLASS_UNCLASSIFIED for none. */
static enum event_class
class_of_words(struct look *k, const struct signature *s)
{
    struct str value[SIGNATURE_FIELD_COUNT] = {0};

    for (size_t i = 0; i < k->x->n_candidates; i++) {
        const struct signature *w = k->c->signature[k->x->candidate[i]];

        if (w != s && w->how == SIGNATURE_FIXED && explains(w->cls) && w->code && w->basis == BASIS_TEXT && !w->n_events
            && w->fact == FACT_NONE && !w->claims && !w->provider && !w->component.n && !w->any_code
            && signature_match(w, &k->x->signature, k->text, value))
            return w->cls;
    }
    return CLASS_UNCLASSIFIED;
}

static void
judge_by_code(struct look *k, const struct signature *s)
{
    struct facts *f = &k->ev->f;
    const struct catalogue_code *code;

    if (f->win32_known) {
        code = catalogue_code(k->c, f->win32);
        set_cause(f, code ? code->cls : CLASS_UNCLASSIFIED, BASIS_CODE, CONFIDENCE_CONFIRMED);
    } else if (hresult_class(k)) {
        set_cause(f, *hresult_class(k), BASIS_CODE, CONFIDENCE_CONFIRMED);
    } else if (s->claims) {
        set_cause(f, s->claim, BASIS_TEXT, CONFIDENCE_UNVERIFIED);
    } else {
        enum event_class cls = class_of_words(k, s);
        bool known = cls != CLASS_UNCLASSIFIED;

        set_cause(f, cls, known ? BASIS_TEXT : BASIS_NONE, known ? CONFIDENCE_PROBABLE : CONFIDENCE_NONE);
    }
}

/* The signature's own class; a code of the same class is the better proof. */
static void
judge_fixed(struct look *k, const struct signature *s)
{
    struct facts *f = &k->ev->f;
    const struct catalogue_code *code = f->win32_known ? catalogue_code(k->c, f->win32) : NULL;
    const enum event_class *shown = code ? &code->cls : hresult_class(k);

    if (shown && *shown == s->cls && s->basis == BASIS_TEXT)
        set_cause(f, s->cls, BASIS_CODE, CONFIDENCE_CONFIRMED);
    else
        set_cause(f, s->cls, s->basis, s->confidence);
}

static void
judge_by_figures(struct look *k, const struct signature *s)
{
    struct facts *f = &k->ev->f;

    if (f->figures == FIGURES_FILLED && sms_figures_compare(f->available, f->required) < 0) {
        set_cause(f, s->claim, BASIS_FIGURES, CONFIDENCE_CONFIRMED);
    } else if (f->figures == FIGURES_BLANK && !f->win32_known && !hresult_class(k) && s->blank != s->claim) {
        /* Where they would mean no more than the claim, they prove nothing. */
        set_cause(f, s->blank, BASIS_BLANK_FIGURES, CONFIDENCE_PROBABLE);
        f->tagged = s->blank == CLASS_FILE_CONTENTION;
    } else {
        judge_by_code(k, s);
    }
}

static void
judge(struct look *k, const struct signature *s)
{
    struct event *ev = k->ev;
    struct facts *f = &ev->f;
    const struct catalogue_class *cls;

    fill_code(k, s);
    fill_claim(k, s);
    diagnose_object(k, s);
    switch (s->how) {
    case SIGNATURE_FIXED:
        judge_fixed(k, s);
        break;
    case SIGNATURE_BY_CODE:
        judge_by_code(k, s);
        break;
    case SIGNATURE_BY_FIGURES:
        judge_by_figures(k, s);
        break;
    }
    ev->fact = s->fact;
    ev->cls = f->cause_class;
    f->caused = explains(f->cause_class) || f->win32_known || f->claimed;
    if (!f->caused)
        set_cause(f, CLASS_UNCLASSIFIED, BASIS_NONE, CONFIDENCE_NONE);
    f->misreported = f->claimed && f->claim_class != f->cause_class && f->cause_class != CLASS_UNCLASSIFIED;
    f->signature = s->id;
    for (unsigned i = 0; i < s->n_articles && f->n_articles < EVENT_SEE_MAX; i++)
        if (s->article_for[i] & UINT32_C(1) << ev->cls)
            f->article[f->n_articles++] = s->article[i];

    cls = &k->c->classes[ev->cls];
    ev->severity = cls->advice.severity;
    if (f->caused && f->confidence == CONFIDENCE_UNVERIFIED)
        ev->severity = cls->unverified;
    if (s->severity_known)
        ev->severity = s->severity;
    catalogue_rules_mark(k->c, s, ev);
    ev->mute |= diagnose_soon(ev, s);
}

/* 't' with each no-break space (U+00A0, which pages and mail programs put where
 * blanks stood) as two blanks; what is kept of the record stays as it came. */
static struct str
with_plain_blanks(struct look *k, struct str t)
{
    char *copy = NULL;

    for (size_t i = 0; i + 1 < t.n; i++) {
        const char *lead = memchr(t.p + i, '\xC2', t.n - 1 - i);

        if (!lead)
            break;
        i = (size_t) (lead - t.p);
        if (t.p[i + 1] != '\xA0')
            continue;
        if (!copy) {
            copy = arena_alloc(k->arena, t.n);
            if (!copy) {
                k->no_memory = true;
                return t;
            }
            memcpy(copy, t.p, t.n);
        }
        copy[i] = copy[i + 1] = ' ';
    }
    return copy ? str_make(copy, t.n) : t;
}

/* The code that the text shows; without a Win32 code, the first HRESULT that the
 * catalogue knows. */
static void
read_code(struct look *k)
{
    struct code_hresults others;

    k->ev->code_known = code_scan(k->text, &k->ev->code, &others);
    for (unsigned i = 0; i < others.n && !k->ev->code_known && !k->hresult; i++)
        k->hresult = catalogue_hresult(k->c, others.value[i]);
}

void
look_read(struct look *k, const struct catalogue *c, struct catalogue_scratch *x, struct arena *arena,
          struct event *ev)
{
    *k = (struct look){.c = c, .x = x, .arena = arena, .ev = ev, .text = ev->text};
    if (ev->log && ev->log->message.n)
        k->text = ev->log->message;
    else if (ev->log && ev->log->strings_known && ev->log->n_strings == 1 && ev->log->strings[0].n)
        k->text = ev->log->strings[0];
    k->text = with_plain_blanks(k, k->text);
    scan(k);
    read_shapes(k);
    if (x->code)
        read_code(k);
    find_candidates(k);
}

enum perr
diagnose_event(const struct catalogue *c, struct catalogue_scratch *x, struct arena *arena, struct event *ev)
{
    struct look k;
    const struct signature *s;

    if (!ev->log && catalogue_idle(c, x, ev->text)) {
        settle(c, ev);
        return PERR_OK;
    }
    look_read(&k, c, x, arena, ev);
    s = find_signature(&k);
    if (s)
        judge(&k, s);
    else
        settle(c, ev);
    return k.no_memory ? PERR_NOMEM : PERR_OK;
}
