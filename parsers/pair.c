/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pair.c - which log line proves which report.  The failures stand in a ring,
 * the newest PAIR_FAILURES_MAX of them, chained by package; reports wait in
 * order.  No clock: due times are given in. */
#include "build.h"

#include "parsers/pair.h"

#include <stdlib.h>

#include "parsers/when.h"

enum { PAIR_BUCKETS = 1024 };

#define QUARTER_HOUR (15 * WHEN_MINUTE)
/* A report whose logs cannot be read waits no longer than this, by arrival. */
#define PAIR_PATIENCE (5 * WHEN_MINUTE)

struct failure {
    struct event *ev; /* owned; NULL: free place */
    struct moment at;
    uint64_t run;
    uint64_t target; /* hash of its upper-case path */
    char *server;
    bool ok_known; /* the same target was copied at 'ok' (same clock) */
    int64_t ok;
    int32_t next; /* older failure of the bucket, -1 none */
};

struct held {
    struct event *ev;
    struct moment at;
    int64_t due, arrival;
};

struct pair_table {
    struct failure failure[PAIR_FAILURES_MAX];
    unsigned newest; /* place the next one goes to */
    int32_t bucket[PAIR_BUCKETS];
    struct held *held; /* ring of PAIR_HELD_MAX, oldest first from 'first' */
    unsigned first, n_held;
    bool learned[PAIR_CLOCKS_MAX];
    int64_t offset[PAIR_CLOCKS_MAX]; /* utc = local + offset */
    struct pair_counters counters;
    char server[256];
};

struct pair_table *
pair_new(void)
{
    struct pair_table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->held = calloc(PAIR_HELD_MAX, sizeof *t->held);
    if (!t->held) {
        free(t);
        return NULL;
    }
    for (unsigned i = 0; i < PAIR_BUCKETS; i++)
        t->bucket[i] = -1;
    return t;
}

void
pair_free(struct pair_table *t)
{
    if (!t)
        return;
    for (unsigned i = 0; i < PAIR_FAILURES_MAX; i++) {
        free(t->failure[i].ev);
        free(t->failure[i].server);
    }
    for (unsigned i = 0; i < t->n_held; i++)
        free(t->held[(t->first + i) % PAIR_HELD_MAX].ev);
    free(t->held);
    free(t);
}

const struct pair_counters *
pair_counters(const struct pair_table *t)
{
    return &t->counters;
}

static unsigned
bucket_of(struct str package)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < package.n; i++)
        h = (h ^ (unsigned char) str_upper_char(package.p[i])) * 16777619u;
    return (h ^ h >> 15) % PAIR_BUCKETS;
}

/* Takes the failure at 'place' out of its chain and frees it. */
static void
forget_failure(struct pair_table *t, unsigned place)
{
    struct failure *f = &t->failure[place];
    int32_t *link;

    if (!f->ev)
        return;
    for (link = &t->bucket[bucket_of(f->ev->f.package)]; *link >= 0; link = &t->failure[*link].next)
        if (*link == (int32_t) place) {
            *link = f->next;
            break;
        }
    free(f->ev);
    free(f->server);
    memset(f, 0, sizeof *f);
}

bool
pair_failure(struct pair_table *t, const struct event *ev, const struct moment *at, uint64_t run, struct str server)
{
    struct failure *f = &t->failure[t->newest];
    unsigned bucket = bucket_of(ev->f.package);

    if (!str_has(ev->f.package) || !at->known)
        return true;
    if (f->ev) {
        forget_failure(t, t->newest);
        t->counters.forgotten++;
    }
    f->ev = keep_event(ev);
    f->server = keep_str(server);
    if (!f->ev || !f->server) {
        free(f->ev);
        free(f->server);
        memset(f, 0, sizeof *f);
        return false;
    }
    f->at = *at;
    f->at.when.zone = STR_NONE;
    f->run = run;
    f->target = alarm_hash(ev->f.target);
    f->next = t->bucket[bucket];
    t->bucket[bucket] = (int32_t) t->newest;
    t->newest = (t->newest + 1) % PAIR_FAILURES_MAX;
    return true;
}

void
pair_copied(struct pair_table *t, const struct event *ev, const struct moment *at, struct str server)
{
    uint64_t target = alarm_hash(ev->f.target);

    if (!str_has(ev->f.package) || !at->known)
        return;
    for (int32_t i = t->bucket[bucket_of(ev->f.package)]; i >= 0; i = t->failure[i].next) {
        struct failure *f = &t->failure[i];

        if (f->target == target && f->at.clock == at->clock && f->at.t <= at->t && !f->ok_known
            && str_case_eq(f->ev->f.target, ev->f.target) && host_same(str_z(f->server), server)) {
            f->ok_known = true;
            f->ok = at->t;
        }
    }
}

bool
pair_wants(const struct event *ev)
{
    const struct facts *f = &ev->f;

    if (!f->claimed || f->claim_class != CLASS_DISK_FULL || !str_has(f->claim_event) || ev->log == NULL)
        return false;
    /* A report that shows a code of its own needs no other record's. */
    if (f->win32_known)
        return false;
    return !(f->figures == FIGURES_FILLED && f->basis == BASIS_FIGURES);
}

bool
pair_hold(struct pair_table *t, const struct event *ev, const struct moment *at, int64_t due, int64_t arrival)
{
    struct held *h;

    if (t->n_held == PAIR_HELD_MAX) {
        /* The oldest goes next, whether its window has passed or not. */
        t->held[t->first].due = INT64_MIN;
        return false;
    }
    h = &t->held[(t->first + t->n_held) % PAIR_HELD_MAX];
    h->ev = keep_event(ev);
    if (!h->ev)
        return false;
    h->at = *at;
    h->at.when.zone = h->ev->when.zone;
    h->due = due;
    h->arrival = arrival;
    t->n_held++;
    return true;
}

int64_t
pair_next_due(const struct pair_table *t)
{
    int64_t due = INT64_MAX;

    for (unsigned i = 0; i < t->n_held; i++) {
        const struct held *h = &t->held[(t->first + i) % PAIR_HELD_MAX];

        if (h->due < due)
            due = h->due;
    }
    return due;
}

unsigned
pair_held_count(const struct pair_table *t)
{
    return t->n_held;
}

/* How a failure stands to a report in time. */
struct fit {
    int64_t apart;  /* |difference| */
    int64_t offset; /* utc = local + offset, where it was taken from the pair */
    uint32_t clock; /* that it would be learned for, 0 for none */
    bool guessed;   /* the pair itself had to tell the offset */
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
time_apart(const struct pair_table *t, const struct moment *report, const struct moment *failure, bool blank,
           struct fit *fit, int64_t *apart)
{
    const struct moment *local = report->clock ? report : failure;
    const struct moment *utc = report->clock ? failure : report;
    int64_t difference;

    *fit = (struct fit){0};
    if (!report->known || !failure->known)
        return false;
    if (report->clock == failure->clock) {
        *apart = report->t - failure->t;
        return true;
    }
    if (!blank)
        return false;
    if (utc->clock != 0) {
        /* Two local clocks: both are taken for the site's own. */
        *apart = report->t - failure->t;
        fit->guessed = true;
        return true;
    }
    difference = utc->t - local->t;
    if (local->clock < PAIR_CLOCKS_MAX && t->learned[local->clock]) {
        fit->offset = t->offset[local->clock];
    } else {
        fit->offset = to_quarter(difference);
        fit->clock = local->clock;
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
share_fits(struct str share, const struct facts *failure)
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

/* True when the failure 'f' may prove the report; fills 'fit'. */
static bool
fits(const struct pair_table *t, const struct failure *f, const struct event *report, const struct moment *at,
     const struct run_lookup *runs, struct fit *fit)
{
    bool blank = report->f.figures == FIGURES_BLANK;
    struct run_span span;
    int64_t apart, at_failure_clock;

    if (!str_case_eq(f->ev->f.package, report->f.package))
        return false;
    if (str_has(report->f.server) && f->server[0] && !host_same(str_z(f->server), report->f.server))
        return false;
    if (!time_apart(t, at, &f->at, blank, fit, &apart))
        return false;
    at_failure_clock = f->at.t + apart;
    if (f->ok_known && f->ok <= at_failure_clock)
        return false;
    fit->apart = absolute(apart);
    if (fit->apart <= PAIR_WINDOW)
        return true;
    return f->run && !fit->guessed && runs->span(runs->arg, f->run, &span) && span.clock == f->at.clock
           && span.start <= at_failure_clock && at_failure_clock <= span.end;
}

/* The failure that proves 'report' best: equal share first, then the nearest
 * in time.  NULL when none does. */
static const struct failure *
best_failure(const struct pair_table *t, const struct event *report, const struct moment *at,
             const struct run_lookup *runs, struct fit *best_fit)
{
    const struct failure *best = NULL;
    bool best_share = false;

    if (!str_has(report->f.package))
        return NULL;
    for (int32_t i = t->bucket[bucket_of(report->f.package)]; i >= 0; i = t->failure[i].next) {
        const struct failure *f = &t->failure[i];
        struct fit fit;
        bool share;

        if (!fits(t, f, report, at, runs, &fit))
            continue;
        share = share_fits(report->f.share, &f->ev->f);
        if (!best || (share && !best_share) || (share == best_share && fit.apart < best_fit->apart)) {
            best = f;
            best_share = share;
            *best_fit = fit;
        }
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

static void
learn(struct pair_table *t, const struct fit *fit)
{
    if (fit->clock && fit->clock < PAIR_CLOCKS_MAX && !t->learned[fit->clock]) {
        t->learned[fit->clock] = true;
        t->offset[fit->clock] = fit->offset;
        t->counters.learned++;
    }
}

/* A code that nobody knows proves no cause, but it is not the one that blank
 * figures would stand for either: the claim stays as it is, unverified. */
static void
leave_claim(struct event *ev, const struct failure *match)
{
    struct facts *f = &ev->f;

    f->cause_class = f->claim_class;
    f->tagged = false;
    f->misreported = false;
    f->basis = BASIS_TEXT;
    f->confidence = CONFIDENCE_UNVERIFIED;
    add_id(&f->n_linked, f->linked, EVENT_SEE_MAX, match->ev->id);
    ev->cls = f->claim_class;
    ev->severity = SEVERITY_WARNING;
}

/* The report's verdict from the line that proves it (design section 5, rows
 * "matching copy failure").  Strings are borrowed from the failure. */
static void
apply_match(struct pair_table *t, struct event *ev, const struct failure *match, const struct fit *fit)
{
    const struct facts *proof = &match->ev->f;
    struct facts *f = &ev->f;

    f->win32_known = proof->win32_known;
    f->win32 = proof->win32;
    f->symbol = proof->symbol;
    f->caused = true;
    if (!event_class_is_fault(match->ev->cls)) {
        leave_claim(ev, match);
        return;
    }
    f->cause_class = match->ev->cls;
    f->tagged = proof->tagged;
    f->misreported = match->ev->cls != CLASS_DISK_FULL;
    f->basis = BASIS_LOG_MATCH;
    f->confidence = fit->guessed ? CONFIDENCE_PROBABLE : CONFIDENCE_CONFIRMED;
    f->signature = proof->signature;
    if (!str_has(f->file))
        f->file = proof->file;
    if (!str_has(f->target))
        f->target = proof->target;
    add_id(&f->n_evidence, f->evidence, EVENT_EVIDENCE_MAX, match->ev->id);
    ev->cls = match->ev->cls;
    ev->severity = match->ev->severity;
    learn(t, fit);
}

bool
pair_take(struct pair_table *t, int64_t now, bool all, const struct run_lookup *runs, struct pair_release *out)
{
    const struct failure *match;
    struct event *ev, *whole;
    struct fit fit = {0};
    unsigned i, place;
    struct held h;

    for (i = 0; i < t->n_held; i++)
        /* Its own window includes its last instant. */
        if (all || t->held[(t->first + i) % PAIR_HELD_MAX].due < now)
            break;
    if (i == t->n_held)
        return false;
    h = t->held[(t->first + i) % PAIR_HELD_MAX];
    /* Close the gap towards the front: releases are near it. */
    for (; i > 0; i--)
        t->held[(t->first + i) % PAIR_HELD_MAX] = t->held[(t->first + i - 1) % PAIR_HELD_MAX];
    t->first = (t->first + 1) % PAIR_HELD_MAX;
    t->n_held--;
    if (h.due == INT64_MIN)
        t->counters.early++;
    ev = h.ev;
    *out = (struct pair_release){.ev = ev, .at = h.at, .server = STR_NONE};
    match = best_failure(t, ev, &h.at, runs, &fit);
    if (!match) {
        t->counters.unpaired++;
        return true;
    }
    t->counters.paired++;
    out->proven = event_class_is_fault(match->ev->cls);
    if (match->at.clock != h.at.clock) {
        /* For the alarm's state it happened when its line says. */
        out->at.clock = match->at.clock;
        out->at.t = match->at.t;
    }
    out->run = match->run;
    place = (unsigned) strlen(match->server);
    place = place < sizeof t->server ? place : (unsigned) sizeof t->server - 1;
    memcpy(t->server, match->server, place);
    t->server[place] = '\0';
    out->server = str_make(t->server, place);
    apply_match(t, ev, match, &fit);
    /* The failure may be forgotten before the report is written: own it all. */
    whole = keep_event(ev);
    if (whole) {
        free(ev);
        out->ev = whole;
        out->at.when.zone = whole->when.zone;
    }
    return true;
}

void
pair_live(struct pair_table *t, int64_t now, bool (*read_past)(void *, struct str, int64_t, int64_t), void *arg)
{
    for (unsigned i = 0; i < t->n_held; i++) {
        struct held *h = &t->held[(t->first + i) % PAIR_HELD_MAX];
        int64_t until = h->at.clock == 0 ? h->at.t + PAIR_WINDOW : 0;
        struct str host = h->ev->f.host, server = h->ev->f.server;

        if (h->arrival == 0)
            h->arrival = now;
        /* A program that starts anew has lived through nothing of it. */
        if (now - h->arrival >= PAIR_PATIENCE
            || (read_past(arg, host, until, h->arrival)
                && (!server.n || host_same(server, host) || read_past(arg, server, until, h->arrival))))
            h->due = INT64_MIN;
    }
}

void
pair_link(struct pair_table *t, struct event *ev, const struct moment *at, const struct run_lookup *runs)
{
    struct fit fit = {0};
    const struct failure *match = best_failure(t, ev, at, runs, &fit);

    if (match)
        add_id(&ev->f.n_linked, ev->f.linked, EVENT_SEE_MAX, match->ev->id);
}

void
pair_save(const struct pair_table *t, struct keep_out *o)
{
    unsigned n = 0;

    for (unsigned i = 0; i < PAIR_FAILURES_MAX; i++)
        n += t->failure[i].ev != NULL;
    keep_put_u64(o, n);
    for (unsigned i = 0; i < PAIR_FAILURES_MAX; i++) {
        const struct failure *f = &t->failure[(t->newest + i) % PAIR_FAILURES_MAX];

        if (!f->ev)
            continue;
        keep_put_event(o, f->ev);
        moment_save(o, &f->at);
        keep_put_u64(o, f->run);
        keep_put_str(o, str_z(f->server));
        keep_put_u64(o, f->ok_known);
        keep_put_u64(o, (uint64_t) f->ok);
    }
    keep_put_u64(o, t->n_held);
    for (unsigned i = 0; i < t->n_held; i++) {
        const struct held *h = &t->held[(t->first + i) % PAIR_HELD_MAX];

        keep_put_event(o, h->ev);
        moment_save(o, &h->at);
        keep_put_u64(o, (uint64_t) h->due);
        keep_put_u64(o, (uint64_t) h->arrival);
    }
    for (unsigned i = 0; i < PAIR_CLOCKS_MAX; i++) {
        if (!t->learned[i])
            continue;
        keep_put_u64(o, i);
        keep_put_u64(o, (uint64_t) t->offset[i]);
    }
    keep_put_u64(o, PAIR_CLOCKS_MAX);
}

bool
pair_restore(struct pair_table *t, struct keep_in *in)
{
    uint64_t n = keep_get_u64(in), clock;
    struct event ev;
    struct moment at;

    for (uint64_t i = 0; i < n && !in->failed; i++) {
        uint64_t run, place = t->newest;
        struct str server;

        keep_get_event(in, &ev);
        moment_restore(in, &at);
        run = keep_get_u64(in);
        server = keep_get_str(in);
        if (!pair_failure(t, &ev, &at, run, server))
            return false;
        t->failure[place].ok_known = keep_get_u64(in) != 0;
        t->failure[place].ok = (int64_t) keep_get_u64(in);
    }
    n = keep_get_u64(in);
    for (uint64_t i = 0; i < n && !in->failed; i++) {
        int64_t due, arrival;

        keep_get_event(in, &ev);
        moment_restore(in, &at);
        due = (int64_t) keep_get_u64(in);
        arrival = (int64_t) keep_get_u64(in);
        if (!pair_hold(t, &ev, &at, due, arrival))
            return false;
    }
    while ((clock = keep_get_u64(in)) < PAIR_CLOCKS_MAX && !in->failed) {
        t->learned[clock] = true;
        t->offset[clock] = (int64_t) keep_get_u64(in);
    }
    return !in->failed;
}
