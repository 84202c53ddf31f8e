/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sequence.c - the sequences of the catalogue at work (sequence.h).  Each record
 * that begins one is kept until its second part, its time or its number of
 * records has come.  Time comes with each call; nothing here reads a clock. */
#include "build.h"

#include "parsers/sequence_state.h"

#include <errno.h>
#include <stdlib.h>

struct sequence_table *
sequence_new(const struct catalogue *cat, struct alarm_table *alarms)
{
    struct sequence_table *t = calloc(1, sizeof *t);

    if (t) {
        t->cat = cat;
        t->alarms = alarms;
        t->parts.kind = "seq";
        t->due = t->expires = INT64_MAX;
    }
    return t;
}

void
sequence_begun_free(struct begun *b)
{
    free(b->id);
    free(b->first);
    free(b);
}

void
sequence_free(struct sequence_table *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < t->n; i++)
        sequence_begun_free(t->begun[i]);
    parts_fini(&t->parts);
    free(t);
}

bool
sequence_idle(const struct sequence_table *t)
{
    return t->n == 0;
}

bool
sequence_deaf(const struct sequence_table *t)
{
    return t->n_silent == 0 && t->n_counting == 0;
}

uint64_t
sequence_evicted(const struct sequence_table *t)
{
    return t->evicted;
}

/* When 'b' is over; INT64_MAX when its time is not known. */
static int64_t
end_of(const struct begun *b)
{
    return b->at.known ? b->at.t + b->said->within : INT64_MAX;
}

/* When a second record comes too late; a silence ends by the clock alone. */
static int64_t
expiry_of(const struct begun *b)
{
    return b->said->silence ? INT64_MAX : end_of(b);
}

void
sequence_count(struct sequence_table *t, struct begun *b)
{
    int64_t end = expiry_of(b);

    t->n_of[b->said->number]++;
    t->n_silent += b->said->silence;
    t->n_counting += b->counts;
    t->expires = end < t->expires ? end : t->expires;
}

static void
drop(struct sequence_table *t, unsigned i)
{
    struct begun *b = t->begun[i];

    t->n--;
    memmove(&t->begun[i], &t->begun[i + 1], (t->n - i) * sizeof(struct begun *));
    if (b->said) {
        t->n_of[b->said->number]--;
        t->n_silent -= b->said->silence;
        t->n_counting -= b->counts;
    }
    part_gone(&t->parts, &b->part);
    sequence_begun_free(b);
}

const struct catalogue_sequence *
sequence_said(const struct catalogue *cat, struct str id)
{
    for (unsigned i = 0; i < catalogue_sequences(cat); i++)
        if (str_eq(catalogue_sequence(cat, i)->id, id))
            return catalogue_sequence(cat, i);
    return NULL;
}

void
sequence_catalogue(struct sequence_table *t, const struct catalogue *cat)
{
    t->cat = cat;
    for (unsigned i = 0; i < t->n; i++)
        if (!(t->begun[i]->said = sequence_said(cat, str_z(t->begun[i]->id))))
            drop(t, i--);
    memset(t->n_of, 0, sizeof t->n_of);
    t->n_silent = t->n_counting = 0;
    t->expires = INT64_MAX;
    for (unsigned i = 0; i < t->n; i++)
        sequence_count(t, t->begun[i]);
}

/* What both records must share: thread, component or host, of one source where
 * nobody knows the host. */
static size_t
scope_of(char out[SEQUENCE_SCOPE], enum sequence_same same, const struct event *ev, uint64_t source)
{
    struct run_thread thread = run_thread(ev);
    struct str key = same == SEQUENCE_THREAD ? run_key_of(out, ev, &thread, source)
                                             : run_key(out, ev->f.host, false, 0, ev->f.host.n ? 0 : source);
    size_t n = key.n;

    for (size_t i = 0; same == SEQUENCE_COMPONENT && i < ev->f.component.n && n < SEQUENCE_SCOPE; i++)
        out[n++] = str_upper_char(ev->f.component.p[i]);
    return n;
}

enum { SEQUENCE_SAMES = SEQUENCE_HOST + 1 };

/* The scopes of one record, each made when it is first asked for. */
struct scopes {
    const struct event *ev;
    uint64_t source;
    bool known[SEQUENCE_SAMES];
    size_t n[SEQUENCE_SAMES];
    char text[SEQUENCE_SAMES][SEQUENCE_SCOPE];
};

static void
scopes_init(struct scopes *s, const struct event *ev, uint64_t source)
{
    s->ev = ev;
    s->source = source;
    memset(s->known, 0, sizeof s->known);
}

static bool
in_scope(const struct begun *b, struct scopes *s)
{
    enum sequence_same same = b->said->same;

    if (!s->known[same])
        s->n[same] = scope_of(s->text[same], same, s->ev, s->source);
    s->known[same] = true;
    return s->n[same] == b->scope_n && memcmp(s->text[same], b->scope, b->scope_n) == 0;
}

static void
file_first(struct sequence_table *t, struct call *c, struct begun *b, const struct failure_report *base)
{
    char key[ALARM_KEY_MAX + 1];
    const struct event *ev = b->first;
    struct failure_report r = *base;
    struct call own = *c;

    own.at = b->at;
    own.event_id = ev->id;
    if (!str_has(r.key))
        r.key = fault_key(key, ev, fault_server(ev));
    r.run = b->run;
    r.path = str_has(ev->f.target) ? ev->f.target : ev->f.file;
    alarm_fail(t->alarms, &own, &r);
    if (own.error)
        c->error = own.error;
}

/* The first record, which was held back, turned out to be just itself. */
static void
tell_held(struct sequence_table *t, struct call *c, struct begun *b)
{
    const struct event *ev = b->first;

    if (b->told || b->said->silence || !b->said->first_holds)
        return;
    b->told = true;
    part_changed(&t->parts, &b->part);
    if (alarm_raises(t->alarms, ev))
        file_first(t, c, b, &(struct failure_report){.cls = ev->cls, .severity = ev->severity, .f = &ev->f});
}

static struct str
silence_key(char out[ALARM_KEY_MAX + 1], const struct begun *b)
{
    return alarm_key(out, "stall", b->first->f.host, b->first->f.instruction);
}

/* The verdict of the catalogue over what 'f' says by itself. */
static void
judge(struct facts *f, const struct catalogue_sequence *said)
{
    f->caused = true;
    f->cause_class = said->cls;
    f->basis = BASIS_SEQUENCE;
    f->confidence = said->confidence;
    f->signature = said->id;
    f->misreported = f->claimed && f->claim_class != said->cls;
    if (!said->n_articles)
        return;
    f->n_articles = said->n_articles;
    memcpy(f->article, said->article, sizeof f->article);
}

/* Nothing followed: the alarm stands by the last record there was. */
static void
raise_silence(struct sequence_table *t, struct call *c, struct begun *b)
{
    char key[ALARM_KEY_MAX + 1];
    struct facts f = b->first->f;

    b->told = true;
    part_changed(&t->parts, &b->part);
    judge(&f, b->said);
    file_first(t, c, b,
               &(struct failure_report){.key = silence_key(key, b),
                                        .cls = b->said->cls,
                                        .severity = b->said->severity_known ? b->said->severity : SEVERITY_MAJOR,
                                        .f = &f});
}

static void
break_silence(struct sequence_table *t, struct call *c, struct begun *b)
{
    char key[ALARM_KEY_MAX + 1];
    struct alarm *a = b->told ? alarm_find(t->alarms, silence_key(key, b)) : NULL;

    if (a && str_eq(a->f->signature, b->said->id))
        alarm_clear(t->alarms, c, a, "it writes again", false);
}

/* The moment of a record is known to the caller as call.at. */
void
sequence_heard(struct sequence_table *t, struct call *c, const struct event *ev, uint64_t source)
{
    struct scopes scopes;

    if (!t->n_silent)
        return;
    scopes_init(&scopes, ev, source);
    for (unsigned i = 0; i < t->n; i++) {
        struct begun *b = t->begun[i];

        if (!b->said->silence || moment_before(&c->at, &b->at) || !in_scope(b, &scopes))
            continue;
        break_silence(t, c, b);
        drop(t, i--);
    }
}

static struct str
keep_in_arena(struct call *c, struct str s)
{
    return str_has(s) ? arena_copy(c->arena, s) : s;
}

/* What 'ev' itself does not say, of the thing that both are about. */
static void
fill(struct call *c, struct facts *f, const struct facts *from)
{
    struct str *to[] = {&f->package, &f->server, &f->share, &f->instruction, &f->job, &f->file, &f->target};
    const struct str *of[] = {&from->package, &from->server, &from->share, &from->instruction,
                              &from->job,     &from->file,   &from->target};

    for (size_t i = 0; i < sizeof to / sizeof to[0]; i++)
        if (!str_has(*to[i]))
            *to[i] = keep_in_arena(c, *of[i]);
    if (f->win32_known || !from->win32_known)
        return;
    f->win32_known = true;
    f->win32 = from->win32;
    f->symbol = keep_in_arena(c, from->symbol);
    f->tagged = from->tagged;
}

static void
add_evidence(struct facts *f, const char *id)
{
    for (unsigned i = 0; i < f->n_evidence; i++)
        if (memcmp(f->evidence[i], id, EVENT_ID_SIZE) == 0)
            return;
    if (f->n_evidence < EVENT_EVIDENCE_MAX)
        memcpy(f->evidence[f->n_evidence++], id, EVENT_ID_SIZE);
}

static void
add_link(struct facts *f, const char *id)
{
    if (f->n_linked < EVENT_SEE_MAX)
        memcpy(f->linked[f->n_linked++], id, EVENT_ID_SIZE);
}

static void
complete(struct sequence_table *t, struct call *c, struct begun *b, struct event *ev, bool *quiet)
{
    const struct catalogue_sequence *said = b->said;
    const struct catalogue_advice *advice = catalogue_advice(t->cat, said->cls);
    enum severity severity = said->severity_known ? said->severity : advice->severity;

    if (said->blames_first) {
        struct facts f = b->first->f;

        fill(c, &f, &ev->f);
        judge(&f, said);
        add_evidence(&f, ev->id);
        file_first(t, c, b,
                   &(struct failure_report){.cls = said->cls, .severity = severity, .f = &f,
                                            .proven = !said->first_holds, .corrects = true, .was = b->first->cls});
        *quiet = true;
        return;
    }
    /* What it proves by itself needs no other proof: the two belong together. */
    if (ev->cls == said->cls && ev->f.confidence >= said->confidence) {
        add_link(&ev->f, b->first->id);
        return;
    }
    fill(c, &ev->f, &b->first->f);
    judge(&ev->f, said);
    add_evidence(&ev->f, b->first->id);
    ev->cls = said->cls;
    ev->severity = severity;
}

/* True when the time in which the second may come is over. */
static bool
expired(const struct begun *b, const struct moment *at)
{
    return moment_same_clock(at, &b->at) && at->t > b->at.t + b->said->within;
}

/* True when one that has begun may change by a record at 'at' that continues 'numbers'. */
static bool
concerns(const struct sequence_table *t, const struct moment *at, uint64_t numbers)
{
    if (t->n_counting || (at->known && at->t > t->expires))
        return true;
    for (unsigned i = 0; i < CATALOGUE_SEQUENCES_MAX && numbers >> i; i++)
        if ((numbers >> i & 1) && t->n_of[i])
            return true;
    return false;
}

void
sequence_before(struct sequence_table *t, struct call *c, struct event *ev, uint64_t source, bool *quiet)
{
    struct scopes scopes;
    bool done = false;

    if (!concerns(t, &c->at, ev->continues))
        return; /* nearly always; what a record is about costs to say */
    scopes_init(&scopes, ev, source);
    t->expires = INT64_MAX;
    for (unsigned i = 0; i < t->n; i++) {
        struct begun *b = t->begun[i];
        bool goes_on = ev->continues >> b->said->number & 1;
        int64_t end = expiry_of(b);

        t->expires = end < t->expires ? end : t->expires;
        if (b->said->silence || (b->left == 0 && !goes_on && !expired(b, &c->at)))
            continue;
        if (moment_before(&c->at, &b->at) || !in_scope(b, &scopes))
            continue;
        if (expired(b, &c->at)) {
            tell_held(t, c, b);
            drop(t, i--);
            continue;
        }
        if (!done && goes_on) {
            complete(t, c, b, ev, quiet);
            done = true;
        } else if (b->left == 0 || --b->left > 0) {
            part_changed(&t->parts, &b->part);
            continue;
        } else {
            tell_held(t, c, b);
        }
        drop(t, i--);
    }
}

/* The oldest makes room, told where it was held back. */
static void
evict(struct sequence_table *t, struct call *c)
{
    struct begun *b = t->begun[0];

    t->evicted++;
    tell_held(t, c, b);
    if (b->said->silence)
        break_silence(t, c, b);
    drop(t, 0);
}

static void
begin(struct sequence_table *t, struct call *c, const struct catalogue_sequence *said, const struct event *ev,
      uint64_t source, uint64_t run)
{
    struct begun *b = calloc(1, sizeof *b);

    if (!b || !(b->id = keep_str(said->id)) || !(b->first = keep_event(ev))) {
        if (b)
            sequence_begun_free(b);
        c->error = c->error ? c->error : -ENOMEM;
        return;
    }
    if (t->n == SEQUENCE_PENDING_MAX)
        evict(t, c);
    b->said = said;
    b->scope_n = scope_of(b->scope, said->same, ev, source);
    b->at = c->at;
    b->at.when.zone = STR_NONE;
    b->source = source;
    b->run = run;
    b->left = said->records;
    b->counts = b->left > 0;
    b->part.id = ++t->n_parts;
    t->begun[t->n++] = b;
    sequence_count(t, b);
    part_changed(&t->parts, &b->part);
    if (end_of(b) < t->due)
        t->due = end_of(b);
}

/* Those of class stall hold by themselves: stall.c. */
static bool
ours(const struct catalogue_sequence *said)
{
    return said->silence || said->cls != CLASS_STALL;
}

bool
sequence_holds(const struct catalogue *cat, const struct event *ev)
{
    for (unsigned i = 0; ev->begins >> i; i++) {
        const struct catalogue_sequence *said = catalogue_sequence(cat, i);

        if ((ev->begins >> i & 1) && ours(said) && said->first_holds)
            return true;
        if (i == CATALOGUE_SEQUENCES_MAX - 1)
            break;
    }
    return false;
}

void
sequence_after(struct sequence_table *t, struct call *c, const struct event *ev, uint64_t source, uint64_t run)
{
    for (unsigned i = 0; i < catalogue_sequences(t->cat); i++) {
        const struct catalogue_sequence *said = catalogue_sequence(t->cat, i);

        if ((ev->begins >> i & 1) && ours(said))
            begin(t, c, said, ev, source, run);
    }
}

int64_t
sequence_take_due(struct sequence_table *t)
{
    int64_t due = t->due;

    t->due = INT64_MAX;
    return due;
}

int64_t
sequence_tick(struct sequence_table *t, struct call *c, uint32_t clock, int64_t now)
{
    int64_t due = INT64_MAX;

    for (unsigned i = 0; i < t->n; i++) {
        struct begun *b = t->begun[i];
        int64_t until = b->at.t + b->said->within;

        if (!b->at.known || b->at.clock != clock || (b->said->silence && b->told))
            continue;
        if (now < until || (now == until && !b->said->silence)) {
            due = until < due ? until : due;
            continue;
        }
        if (b->said->silence) {
            raise_silence(t, c, b);
            continue;
        }
        tell_held(t, c, b);
        drop(t, i--);
    }
    return due;
}

void
sequence_live(struct sequence_table *t, struct call *c, int64_t now, bool (*at_end)(void *, uint64_t), void *arg)
{
    for (unsigned i = 0; i < t->n; i++) {
        struct begun *b = t->begun[i];

        if (b->told)
            continue;
        if (!at_end(arg, b->source))
            b->quiet = 0;
        else if (b->quiet == 0)
            b->quiet = now;
        else if (now - b->quiet < b->said->within)
            continue;
        else if (b->said->silence)
            raise_silence(t, c, b);
        else
            tell_held(t, c, b);
    }
}

void
sequence_finish(struct sequence_table *t, struct call *c)
{
    for (unsigned i = 0; i < t->n; i++)
        tell_held(t, c, t->begun[i]);
}
