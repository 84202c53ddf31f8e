/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pair.c - which log line proves which report, in whatever order they come.
 * The lines are in pair_proof.c, the reports in pair_held.c.  No clock: due
 * times are given in. */
#include "build.h"

#include "parsers/pair_state.h"

#include <stdlib.h>

#include "parsers/when.h"

#define QUARTER_HOUR (15 * WHEN_MINUTE)

struct pair_table *
pair_new(void)
{
    struct pair_table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->hosts = map_new(PAIR_FAILURES_ALL);
    if (!t->hosts) {
        free(t);
        return NULL;
    }
    proof_init(t);
    held_init(t);
    return t;
}

void
pair_free(struct pair_table *t)
{
    if (!t)
        return;
    proof_fini(t);
    held_fini(t);
    free(t);
}

const struct pair_counters *
pair_counters(const struct pair_table *t)
{
    return &t->counters;
}

/* How a failure stands to a report in time. */
struct fit {
    int64_t apart;  /* |difference| */
    int64_t offset; /* utc = local + offset, where it was taken from the pair */
    uint32_t clock; /* that it would be learned for, 0 for none */
    bool guessed;   /* the pair itself had to tell the offset */
    bool share;     /* it is the share that the report names */
};

static int64_t
absolute(int64_t v)
{
    return v < 0 ? -v : v;
}

/* The nearest whole number of quarter hours to 'd'. */
static int64_t
to_quarter(int64_t d)
{
    int64_t q = (absolute(d) + QUARTER_HOUR / 2) / QUARTER_HOUR * QUARTER_HOUR;

    return d < 0 ? -q : q;
}

/* 'report' minus 'failure' in time, over unknown zones where that is allowed
 * ('blank').  False when they cannot be compared. */
static bool
time_apart(const struct pair_table *t, const struct moment *report, const struct proof *failure, bool blank,
           struct fit *fit, int64_t *apart)
{
    uint32_t clock = report->clock ? report->clock : failure->clock;
    int64_t local = report->clock ? report->t : failure->t, utc = report->clock ? failure->t : report->t;
    int64_t difference;

    *fit = (struct fit){0};
    if (!report->known)
        return false;
    if (report->clock == failure->clock) {
        *apart = report->t - failure->t;
        return true;
    }
    if (!blank)
        return false;
    if (report->clock && failure->clock) {
        /* Two local clocks: both are taken for the site's own. */
        *apart = report->t - failure->t;
        fit->guessed = true;
        return true;
    }
    difference = utc - local;
    if (clock < PAIR_CLOCKS_MAX && t->learned[clock]) {
        fit->offset = t->offset[clock];
    } else {
        fit->offset = to_quarter(difference);
        fit->clock = clock;
        fit->guessed = true;
        if (fit->offset < -14 * WHEN_HOUR || fit->offset > 12 * WHEN_HOUR)
            return false;
    }
    difference -= fit->offset;
    *apart = report->clock ? -difference : difference;
    return true;
}

/* True when the path's first folder, or the server's share, is 'share'. */
static bool
share_fits(struct str share, const struct proof *failure)
{
    struct str path = failure->target;

    if (share.n == 0)
        return false;
    if (str_has(failure->share))
        return str_case_eq(share, failure->share);
    if (path.n > 3 && path.p[1] == ':' && path.p[2] == '\\') {
        path = str_skip(path, 3);
        path.n = str_find_char(path, '\\');
        return str_case_eq(path, share);
    }
    return false;
}

/* True when the failure 'p' may prove the report; fills 'fit'. */
static bool
fits(const struct pair_table *t, const struct proof *p, const struct event *report, const struct moment *at,
     const struct run_lookup *runs, struct fit *fit)
{
    bool blank = report->f.figures == FIGURES_BLANK;
    struct run_span span;
    int64_t apart, at_failure_clock;

    if (!str_case_eq(p->package, report->f.package))
        return false;
    if (str_has(report->f.server) && p->server.n && !host_same(p->server, report->f.server))
        return false;
    if (!time_apart(t, at, p, blank, fit, &apart))
        return false;
    at_failure_clock = p->t + apart;
    if (p->ok_known && p->ok <= at_failure_clock)
        return false;
    fit->apart = absolute(apart);
    fit->share = share_fits(report->f.share, p);
    if (fit->apart <= PAIR_WINDOW)
        return true;
    /* What comes later than the window proves nothing, however long a report
     * happens to be held. */
    return apart > 0 && p->run && !fit->guessed && runs->span(runs->arg, p->run, &span) && span.clock == p->clock
           && span.start <= at_failure_clock && at_failure_clock <= span.end;
}

/* Equal share first, then the nearest in time. */
static bool
better(const struct fit *a, const struct fit *b)
{
    return a->share != b->share ? a->share : a->apart < b->apart;
}

/* The failure that proves 'report' best, the newest of equals.  NULL when none
 * does. */
static const struct proof *
best_failure(const struct pair_table *t, const struct event *report, const struct moment *at,
             const struct run_lookup *runs, struct fit *best_fit)
{
    const struct proof *best = NULL;

    if (!str_has(report->f.package))
        return NULL;
    for (const struct proof *p = t->by_package[proof_bucket(report->f.package)].newest; p;
         p = p->link[PAIR_BY_PACKAGE].older) {
        struct fit fit;

        if (!fits(t, p, report, at, runs, &fit) || (best && !better(&fit, best_fit)))
            continue;
        best = p;
        *best_fit = fit;
    }
    return best;
}

static void
add_id(unsigned *n, char list[][EVENT_ID_SIZE], unsigned max, const char *id)
{
    for (unsigned i = 0; i < *n; i++)
        if (strcmp(list[i], id) == 0)
            return;
    if (*n < max)
        memcpy(list[(*n)++], id, EVENT_ID_SIZE);
}

void
pair_teach(struct pair_table *t, uint32_t clock, int64_t offset)
{
    if (clock == 0 || clock >= PAIR_CLOCKS_MAX || (t->learned[clock] && t->offset[clock] == offset))
        return;
    t->n_learned += !t->learned[clock];
    t->learned[clock] = true;
    t->offset[clock] = offset;
    part_changed(&t->zones, &t->zone[clock]);
    t->counters.learned++;
}

/* A pair teaches only where nobody knows better. */
static void
learn(struct pair_table *t, const struct fit *fit)
{
    if (fit->clock < PAIR_CLOCKS_MAX && !t->learned[fit->clock])
        pair_teach(t, fit->clock, fit->offset);
}

/* A code that nobody knows proves no cause, but it is not the one that blank
 * figures would stand for either: the claim stays as it is, unverified. */
static void
leave_claim(struct event *ev, const struct proof *match)
{
    struct facts *f = &ev->f;

    f->cause_class = f->claim_class;
    f->tagged = false;
    f->misreported = false;
    f->basis = BASIS_TEXT;
    f->confidence = CONFIDENCE_UNVERIFIED;
    add_id(&f->n_linked, f->linked, EVENT_SEE_MAX, match->id);
    ev->cls = f->claim_class;
    ev->severity = SEVERITY_WARNING;
}

/* The report's verdict from the line that proves it (design section 5, rows
 * "matching copy failure").  Strings are borrowed from the failure. */
static void
apply_match(struct pair_table *t, struct event *ev, const struct proof *match, const struct fit *fit)
{
    enum event_class cls = (enum event_class) match->cls;
    struct facts *f = &ev->f;

    f->win32_known = match->win32_known;
    f->win32 = match->win32;
    f->symbol = match->symbol;
    f->caused = true;
    if (!event_class_is_fault(cls)) {
        leave_claim(ev, match);
        return;
    }
    f->cause_class = cls;
    f->tagged = match->tagged;
    f->misreported = cls != CLASS_DISK_FULL;
    f->basis = BASIS_LOG_MATCH;
    f->confidence = fit->guessed ? CONFIDENCE_PROBABLE : CONFIDENCE_CONFIRMED;
    f->signature = match->signature;
    if (!str_has(f->file))
        f->file = match->file;
    if (!str_has(f->target))
        f->target = match->target;
    add_id(&f->n_evidence, f->evidence, EVENT_EVIDENCE_MAX, match->id);
    ev->cls = cls;
    ev->severity = (enum severity) match->severity;
    learn(t, fit);
}

/* The failure may be forgotten before the report is used: it owns it all. */
static bool
own(struct event **ev)
{
    struct event *whole = keep_event(*ev);

    if (!whole)
        return false;
    free(*ev);
    *ev = whole;
    return true;
}

static void
prove(struct pair_table *t, struct held *h, const struct run_lookup *runs, struct pair_release *out)
{
    struct fit fit = {0};
    const struct proof *match = best_failure(t, h->ev, &h->at, runs, &fit);
    size_t n;

    if (!match) {
        t->counters.unpaired++;
        return;
    }
    t->counters.paired++;
    out->proven = event_class_is_fault((enum event_class) match->cls);
    h->proven = true;
    h->share = fit.share;
    h->apart = fit.apart;
    if (match->clock != h->at.clock) {
        /* For the alarm's state it happened when its line says. */
        out->at.clock = match->clock;
        out->at.t = match->t;
    }
    out->run = match->run;
    n = match->server.n < sizeof t->server ? match->server.n : sizeof t->server - 1;
    if (n)
        memcpy(t->server, match->server.p, n);
    out->server = str_make(t->server, n);
    apply_match(t, h->ev, match, &fit);
    own(&h->ev);
}

bool
pair_take(struct pair_table *t, int64_t now, enum pair_which which, const struct run_lookup *runs,
          struct pair_release *out)
{
    struct held *h = held_next(t, now, which);

    if (!h)
        return false;
    *out = (struct pair_release){.at = h->at, .server = STR("")};
    prove(t, h, runs, out);
    if (h->due >= now && (out->ev = keep_event(h->ev))) {
        struct str filed = out->server.n ? out->server : fault_server(h->ev);

        held_take(t, h);
        h->state = HELD_TOLD;
        h->filed = keep_str(filed);
        held_keep(t, h);
    } else {
        out->ev = h->ev;
        h->ev = NULL;
        held_drop(t, h);
    }
    out->at.when.zone = out->ev->when.zone;
    return true;
}

void
pair_link(struct pair_table *t, struct event *ev, const struct moment *at, int64_t due, const struct run_lookup *runs)
{
    struct fit fit = {0};
    const struct proof *match = best_failure(t, ev, at, runs, &fit);
    struct event brief = *ev;
    struct held *h;

    if (match)
        add_id(&ev->f.n_linked, ev->f.linked, EVENT_SEE_MAX, match->id);
    if (!at->known || !str_has(ev->f.package) || ev->f.claim_class != CLASS_DISK_FULL)
        return;
    brief.text = STR_NONE;
    h = calloc(1, sizeof *h);
    if (!h || !(h->ev = keep_event(&brief))) {
        held_free(h);
        return;
    }
    h->state = HELD_FILLED;
    h->at = *at;
    h->at.when.zone = h->ev->when.zone;
    h->due = due;
    h->part.id = ++t->n_held;
    held_keep(t, h);
}

/* The report 'h' was told too early: 'p' proves it better. */
static bool
prove_late(struct pair_table *t, struct held *h, const struct proof *p, const struct fit *fit, struct pair_late *out)
{
    struct fit before = {.share = h->share, .apart = h->apart};

    if (h->proven && !better(fit, &before))
        return false;
    *out = (struct pair_late){.at = h->at, .told = h->at, .was = h->ev->cls, .filed = str_z(h->filed ? h->filed : "")};
    out->proven = event_class_is_fault((enum event_class) p->cls);
    if (p->clock != h->at.clock) {
        out->at.clock = p->clock;
        out->at.t = p->t;
    }
    h->ev->f.n_evidence = 0;
    apply_match(t, h->ev, p, fit);
    if (!own(&h->ev))
        return false;
    out->at.when.zone = h->ev->when.zone;
    out->ev = h->ev;
    h->proven = true;
    h->share = fit->share;
    h->apart = fit->apart;
    t->counters.late++;
    part_changed(&t->reports, &h->part);
    return true;
}

unsigned
pair_late(struct pair_table *t, struct event *ev, const struct moment *at, int64_t merged,
          const struct run_lookup *runs, struct pair_late out[PAIR_LATE])
{
    const struct proof *p = t->newest;
    unsigned n = 0;

    if (!t->expiry.n)
        return 0;
    held_expire(t, merged);
    if (!p || !at->known)
        return 0;
    for (struct held *h = t->told_of[proof_bucket(ev->f.package)].oldest; h; h = h->newer) {
        struct fit fit;

        if (!fits(t, p, h->ev, &h->at, runs, &fit))
            continue;
        if (h->state == HELD_FILLED)
            add_id(&ev->f.n_linked, ev->f.linked, EVENT_SEE_MAX, h->ev->id);
        else if (n < PAIR_LATE)
            n += prove_late(t, h, p, &fit, &out[n]);
    }
    return n;
}
