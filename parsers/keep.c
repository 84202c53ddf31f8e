/* SPDX-License-Identifier: BSD-2-Clause
 *
 * keep.c - deep copies of facts and events, and their form as bytes for the
 * correlator's saved state.  Used by correlate.c, pair.c, stall.c, alarm.c. */
#include "build.h"

#include "parsers/keep.h"

#include <stdlib.h>

/* Calls 'fn' for every string of 'f'. */
static void
each_fact(struct facts *f, void (*fn)(struct str *, void *), void *arg)
{
#define FACT(member, element, attribute, sd, prose) fn(&f->member, arg);
#include "parsers/event_fields.def"
#undef FACT
    fn(&f->symbol, arg);
    fn(&f->signature, arg);
    for (unsigned i = 0; i < EVENT_SEE_MAX; i++)
        fn(&f->article[i], arg);
}

static void
each_string(struct event *ev, void (*fn)(struct str *, void *), void *arg)
{
    each_fact(&ev->f, fn, arg);
    fn(&ev->when.zone, arg);
    fn(&ev->format, arg);
    fn(&ev->source_name, arg);
    fn(&ev->text, arg);
    fn(&ev->retry_until, arg);
}

static void
add_size(struct str *s, void *arg)
{
    *(size_t *) arg += s->n;
}

static void
move_string(struct str *s, void *arg)
{
    char **at = arg;

    if (!s->p)
        return;
    if (s->n)
        memcpy(*at, s->p, s->n);
    s->p = *at;
    *at += s->n;
}

struct facts *
keep_facts(const struct facts *f)
{
    struct facts copy = *f, *kept;
    size_t size = 1;
    char *at;

    each_fact(&copy, add_size, &size);
    kept = malloc(sizeof *kept + size);
    if (!kept)
        return NULL;
    at = (char *) (kept + 1);
    each_fact(&copy, move_string, &at);
    *kept = copy;
    return kept;
}

struct event *
keep_event(const struct event *ev)
{
    struct event copy = *ev, *kept;
    size_t size = 1;
    char *at;

    copy.log = NULL;
    each_string(&copy, add_size, &size);
    kept = malloc(sizeof *kept + size);
    if (!kept)
        return NULL;
    at = (char *) (kept + 1);
    each_string(&copy, move_string, &at);
    *kept = copy;
    return kept;
}

char *
keep_str(struct str s)
{
    char *z = malloc(s.n + 1);

    if (z) {
        if (s.n)
            memcpy(z, s.p, s.n);
        z[s.n] = '\0';
    }
    return z;
}

void
facts_fill(struct facts *to, const struct facts *from)
{
#define FACT(member, element, attribute, sd, prose) \
    if (!to->member.p) \
        to->member = from->member;
#include "parsers/event_fields.def"
#undef FACT
}

static void
keep_put(struct keep_out *o, const void *p, size_t n)
{
    if (o->failed)
        return;
    if (n > o->cap - o->n) {
        size_t cap = o->cap ? o->cap * 2 : 4096;
        uint8_t *grown;

        while (cap - o->n < n)
            cap *= 2;
        grown = realloc(o->p, cap);
        if (!grown) {
            o->failed = true;
            return;
        }
        o->p = grown;
        o->cap = cap;
    }
    if (n)
        memcpy(o->p + o->n, p, n);
    o->n += n;
}

void
keep_put_u64(struct keep_out *o, uint64_t v)
{
    uint8_t b[8];

    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t) (v >> (56 - 8 * i));
    keep_put(o, b, sizeof b);
}

/* Absent and empty stay apart: the length is stored plus one. */
void
keep_put_str(struct keep_out *o, struct str s)
{
    keep_put_u64(o, s.p ? s.n + 1 : 0);
    if (s.p)
        keep_put(o, s.p, s.n);
}

uint64_t
keep_get_u64(struct keep_in *in)
{
    uint64_t v = 0;

    if (in->failed || in->end - in->p < 8) {
        in->failed = true;
        return 0;
    }
    for (int i = 0; i < 8; i++)
        v = v << 8 | in->p[i];
    in->p += 8;
    return v;
}

struct str
keep_get_str(struct keep_in *in)
{
    uint64_t n = keep_get_u64(in);
    struct str s;

    if (n == 0 || n - 1 > (uint64_t) (in->end - in->p)) {
        in->failed = in->failed || n != 0;
        return STR_NONE;
    }
    s = str_make((const char *) in->p, (size_t) n - 1);
    in->p += n - 1;
    return s;
}

void
keep_put_when(struct keep_out *o, const struct when *w)
{
    keep_put_u64(o, (uint64_t) w->utc_known | (uint64_t) w->local_known << 1 | (uint64_t) w->bias_known << 2
                        | (uint64_t) w->fraction << 8 | (uint64_t) w->dst << 16);
    keep_put_u64(o, (uint64_t) w->utc);
    keep_put_u64(o, (uint64_t) w->local);
    keep_put_u64(o, (uint64_t) (int64_t) w->bias);
    keep_put_str(o, w->zone);
}

void
keep_get_when(struct keep_in *in, struct when *w)
{
    uint64_t bits = keep_get_u64(in);

    memset(w, 0, sizeof *w);
    w->utc_known = bits & 1;
    w->local_known = bits >> 1 & 1;
    w->bias_known = bits >> 2 & 1;
    w->fraction = (uint8_t) (bits >> 8 & 0xf);
    w->dst = (bits >> 16 & 3) <= WHEN_DST_SHIFTED ? (enum when_dst) (bits >> 16 & 3) : WHEN_DST_NONE;
    w->utc = (int64_t) keep_get_u64(in);
    w->local = (int64_t) keep_get_u64(in);
    w->bias = (int) (int64_t) keep_get_u64(in);
    w->zone = keep_get_str(in);
}

static void
put_id(struct keep_out *o, const char *id)
{
    keep_put_str(o, str_z(id));
}

static void
get_id(struct keep_in *in, char *id)
{
    struct str s = keep_get_str(in);

    memset(id, 0, EVENT_ID_SIZE);
    if (s.n < EVENT_ID_SIZE && s.n)
        memcpy(id, s.p, s.n);
}

/* A saved enumerator, or 0 when the bytes hold one that cannot be. */
static unsigned
get_enum(struct keep_in *in, unsigned count)
{
    uint64_t v = keep_get_u64(in);

    if (v < count)
        return (unsigned) v;
    in->failed = true;
    return 0;
}

static void
put_one(struct str *s, void *arg)
{
    keep_put_str(arg, *s);
}

static void
get_one(struct str *s, void *arg)
{
    *s = keep_get_str(arg);
}

void
keep_put_facts(struct keep_out *o, const struct facts *f)
{
    struct facts copy = *f;

    each_fact(&copy, put_one, o);
    keep_put_u64(o, (uint64_t) f->claimed | (uint64_t) f->caused << 1 | (uint64_t) f->tagged << 2
                        | (uint64_t) f->win32_known << 3 | (uint64_t) f->misreported << 4);
    keep_put_u64(o, f->claim_class);
    keep_put_u64(o, f->figures);
    keep_put_u64(o, f->cause_class);
    keep_put_u64(o, f->win32);
    keep_put_u64(o, f->basis);
    keep_put_u64(o, f->confidence);
    keep_put_u64(o, f->n_articles);
    keep_put_u64(o, f->n_evidence);
    for (unsigned i = 0; i < f->n_evidence; i++)
        put_id(o, f->evidence[i]);
    keep_put_u64(o, f->n_linked);
    for (unsigned i = 0; i < f->n_linked; i++)
        put_id(o, f->linked[i]);
}

void
keep_get_facts(struct keep_in *in, struct facts *f)
{
    uint64_t bits;

    memset(f, 0, sizeof *f);
    each_fact(f, get_one, in);
    bits = keep_get_u64(in);
    f->claimed = bits & 1;
    f->caused = bits >> 1 & 1;
    f->tagged = bits >> 2 & 1;
    f->win32_known = bits >> 3 & 1;
    f->misreported = bits >> 4 & 1;
    f->claim_class = (enum event_class) get_enum(in, CLASS_COUNT);
    f->figures = (enum figures) get_enum(in, FIGURES_UNREADABLE + 1);
    f->cause_class = (enum event_class) get_enum(in, CLASS_COUNT);
    f->win32 = (uint32_t) keep_get_u64(in);
    f->basis = (enum basis) get_enum(in, BASIS_SEQUENCE + 1);
    f->confidence = (enum confidence) get_enum(in, CONFIDENCE_CONFIRMED + 1);
    f->n_articles = get_enum(in, EVENT_SEE_MAX + 1);
    f->n_evidence = get_enum(in, EVENT_EVIDENCE_MAX + 1);
    for (unsigned i = 0; i < f->n_evidence; i++)
        get_id(in, f->evidence[i]);
    f->n_linked = get_enum(in, EVENT_SEE_MAX + 1);
    for (unsigned i = 0; i < f->n_linked; i++)
        get_id(in, f->linked[i]);
}

void
keep_put_event(struct keep_out *o, const struct event *ev)
{
    put_id(o, ev->id);
    keep_put_facts(o, &ev->f);
    keep_put_when(o, &ev->when);
    keep_put_u64(o, ev->cls);
    keep_put_u64(o, ev->severity);
    keep_put_u64(o, ev->fact);
    keep_put_str(o, ev->format);
    keep_put_str(o, ev->source_name);
    keep_put_u64(o, ev->offset);
    keep_put_u64(o, ev->line);
    keep_put_u64(o, ev->length);
    keep_put_u64(o, (uint64_t) ev->repaired | (uint64_t) ev->truncated << 1);
    keep_put_str(o, ev->text);
}

void
keep_get_event(struct keep_in *in, struct event *ev)
{
    uint64_t bits;

    memset(ev, 0, sizeof *ev);
    get_id(in, ev->id);
    keep_get_facts(in, &ev->f);
    keep_get_when(in, &ev->when);
    ev->cls = (enum event_class) get_enum(in, CLASS_COUNT);
    ev->severity = (enum severity) get_enum(in, SEVERITY_CLEARED + 1);
    ev->fact = (enum event_fact) get_enum(in, FACT_COUNT);
    ev->format = keep_get_str(in);
    ev->source_name = keep_get_str(in);
    ev->offset = keep_get_u64(in);
    ev->line = keep_get_u64(in);
    ev->length = keep_get_u64(in);
    bits = keep_get_u64(in);
    ev->repaired = bits & 1;
    ev->truncated = bits >> 1 & 1;
    ev->text = keep_get_str(in);
}
