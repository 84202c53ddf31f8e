/* SPDX-License-Identifier: BSD-2-Clause
 *
 * random_items.c - items with anything in them that an item can hold, and their
 * comparison.  The same items in every run. */
#include "build.h"

#include "tests/unit/random_items.h"

#include <check.h>

#include "parsers/when.h"

/* --- random items ---------------------------------------------------------- */

static uint64_t seed = 1;
static struct arena *arena; /* of the call */

uint64_t
random_below(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed * UINT64_C(2685821657736338717) >> 20) % below;
}

/* Pieces that a cleaned text can hold: markup, white space, escapes (U+EF00+x),
 * characters of two to four bytes, plain runs that cross the writer's blocks. */
static struct str
random_text(size_t most)
{
    static const char *const pieces[] = {
        "<", ">", "&", "\"", "'", "\n", "\t", "\r", "]]>", "<!--", "&amp;", "\xee\xbc\x80", "\xee\xbf\xbf",
        "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbd", "\x7f", "\xc2\x85", " ", "  ",
        "a", "DOG0005D", "E:\\SMS_PKGE\\", "Failed, Win32 Error = 32", "0123456789abcdef0123456789abcdef",
    };
    size_t n = 0, want = random_below(most + 1);
    char *p = arena_alloc(arena, most + 64);

    ck_assert_ptr_nonnull(p);
    while (n < want) {
        const char *piece = random_below(3) ? pieces[random_below(sizeof pieces / sizeof *pieces)] : "plain";
        size_t k = strlen(piece);

        memcpy(p + n, piece, k);
        n += k;
    }
    return str_make(p, n);
}

static struct str
maybe_text(size_t most)
{
    return random_below(3) ? STR_NONE : random_text(most);
}

static void
random_id(char *id)
{
    for (int i = 0; i < EVENT_ID_SIZE - 1; i++)
        id[i] = "0123456789abcdef"[random_below(16)];
    id[EVENT_ID_SIZE - 1] = '\0';
}

static void
random_when(struct when *w, bool whole)
{
    static const int64_t scale[] = {1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};
    int64_t ns;

    *w = (struct when){.utc_known = random_below(2), .local_known = random_below(2)};
    if (!w->utc_known && !w->local_known)
        return;
    w->fraction = (uint8_t) random_below(10);
    ck_assert(when_civil(1900 + (int) random_below(301), 1 + (int) random_below(12), 1 + (int) random_below(28),
                         (int) random_below(24), (int) random_below(60), (int) random_below(60),
                         (uint32_t) random_below(1000000000), &ns));
    ns -= ((ns % scale[w->fraction]) + scale[w->fraction]) % scale[w->fraction];
    if (w->utc_known)
        w->utc = ns;
    if (w->local_known && (whole || !w->utc_known))
        w->local = ns - (w->utc_known ? 7 * WHEN_HOUR : 0);
    if (!whole) {
        w->local_known = !w->utc_known;
        return;
    }
    w->dst = (enum when_dst) random_below(3);
    if (random_below(2)) {
        w->bias_known = true;
        w->bias = (int) random_below(2881) - 1440;
    } else {
        w->zone = maybe_text(30);
    }
}

static void
random_facts(struct facts *f)
{
#define FACT(member, element, attribute, sd, prose) f->member = maybe_text(40);
#include "parsers/event_fields.def"
#undef FACT
    f->claimed = random_below(2);
    f->claim_class = f->claimed ? (enum event_class) random_below(CLASS_COUNT) : CLASS_UNCLASSIFIED;
    f->figures = (enum figures) random_below(FIGURES_UNREADABLE + 1);
    f->caused = random_below(2);
    f->cause_class = f->caused ? (enum event_class) random_below(CLASS_COUNT) : CLASS_UNCLASSIFIED;
    f->tagged = random_below(2);
    f->win32_known = random_below(2);
    f->win32 = f->win32_known ? (uint32_t) random_below(UINT64_C(1) << 32) : 0;
    f->symbol = maybe_text(20);
    f->misreported = random_below(2);
    f->basis = (enum basis) random_below(BASIS_SEQUENCE + 1);
    f->confidence = (enum confidence) random_below(CONFIDENCE_CONFIRMED + 1);
    f->signature = f->caused || f->win32_known ? maybe_text(20) : STR_NONE;
    f->n_evidence = (unsigned) random_below(EVENT_EVIDENCE_MAX + 1);
    for (unsigned i = 0; i < f->n_evidence; i++)
        random_id(f->evidence[i]);
    f->n_articles = (unsigned) random_below(EVENT_SEE_MAX + 1);
    for (unsigned i = 0; i < f->n_articles; i++)
        f->article[i] = random_text(8);
    f->n_linked = (unsigned) random_below(EVENT_SEE_MAX + 1);
    for (unsigned i = 0; i < f->n_linked; i++)
        random_id(f->linked[i]);
}

struct item
random_event(struct arena *a)
{
    struct event *ev = arena_zalloc(arena = a, sizeof *ev);

    random_id(ev->id);
    ev->cls = (enum event_class) random_below(CLASS_COUNT);
    ev->severity = (enum severity) random_below(SEVERITY_CLEARED + 1);
    random_when(&ev->when, true);
    random_facts(&ev->f);
    ev->format = maybe_text(12);
    ev->source_name = maybe_text(40);
    ev->offset = random_below(2) ? random_below(1000000) : UINT64_MAX - random_below(2);
    ev->line = random_below(3);
    ev->length = random_below(100000);
    ev->repaired = random_below(2);
    ev->text = maybe_text(random_below(20) ? 300 : EVENT_TEXT_MAX);
    ev->truncated = str_has(ev->text) && random_below(2);
    return (struct item){ITEM_EVENT, ev, NULL};
}

struct item
random_alarm(struct arena *a)
{
    struct alarm_item *al = arena_zalloc(arena = a, sizeof *al);
    char *event = arena_zalloc(arena, EVENT_ID_SIZE);

    random_id(al->id);
    random_id(event);
    al->key = random_text(128);
    al->state = (enum alarm_state) random_below(ALARM_CLEARED + 1);
    al->severity = (enum severity) random_below(SEVERITY_CLEARED);
    al->cls = (enum event_class) random_below(CLASS_COUNT);
    al->count = random_below(2) ? random_below(100) : UINT64_MAX;
    random_when(&al->first, false);
    random_when(&al->last, false);
    random_when(&al->when, true);
    al->reason = maybe_text(40);
    random_facts(&al->f);
    al->event = random_below(2) ? str_z(event) : STR_NONE;
    al->summary = maybe_text(100);
    al->action = maybe_text(300);
    return (struct item){ITEM_ALARM, NULL, al};
}

struct item
random_notice(struct arena *a)
{
    struct notice_item *no = arena_zalloc(arena = a, sizeof *no);

    no->kind = (enum notice_kind) random_below(NOTICE_HEARTBEAT + 1);
    if (random_below(2))
        random_id(no->id);
    random_when(&no->when, false);
    no->text = random_text(200);
    if (no->kind == NOTICE_HEARTBEAT) {
        no->read = random_below(2) ? random_below(100) : UINT64_MAX;
        no->delivered = random_below(1000);
        no->folded = random_below(1000);
        no->dropped = random_below(1000);
        no->last_seq = random_below(1000);
        no->open_count = random_below(2) ? (unsigned) random_below(9) : UINT32_MAX;
        if (random_below(2))
            random_id(no->open_digest);
    }
    return (struct item){.kind = ITEM_NOTICE, .notice = no};
}

/* --- comparison -------------------------------------------------------------- */

#define SAME_STR(a, b) \
    do { \
        ck_assert_msg(str_has(a) == str_has(b), #a ": present %d, came back %d", str_has(a), str_has(b)); \
        ck_assert_msg(str_eq(a, b), #a ": '%.*s' came back as '%.*s'", STR_ARG(a), STR_ARG(b)); \
    } while (0)

static void
same_when(const struct when *a, const struct when *b)
{
    ck_assert_int_eq(a->utc_known, b->utc_known);
    ck_assert_int_eq(a->utc, b->utc);
    ck_assert_int_eq(a->local_known, b->local_known);
    ck_assert_int_eq(a->local, b->local);
    ck_assert_int_eq(a->fraction, b->fraction);
    ck_assert_int_eq(a->bias_known, b->bias_known);
    ck_assert_int_eq(a->bias, b->bias);
    ck_assert_int_eq(a->dst, b->dst);
    if (!a->bias_known)
        SAME_STR(a->zone, b->zone);
}

static void
same_facts(const struct facts *a, const struct facts *b)
{
#define FACT(member, element, attribute, sd, prose) SAME_STR(a->member, b->member);
#include "parsers/event_fields.def"
#undef FACT
    ck_assert_int_eq(a->claimed, b->claimed);
    ck_assert_int_eq(a->claim_class, b->claim_class);
    ck_assert_int_eq(a->figures, b->figures);
    ck_assert_int_eq(a->caused, b->caused);
    ck_assert_int_eq(a->cause_class, b->cause_class);
    ck_assert_int_eq(a->tagged, b->tagged);
    ck_assert_int_eq(a->win32_known, b->win32_known);
    ck_assert_uint_eq(a->win32, b->win32);
    SAME_STR(a->symbol, b->symbol);
    ck_assert_int_eq(a->misreported, b->misreported);
    ck_assert_int_eq(a->basis, b->basis);
    ck_assert_int_eq(a->confidence, b->confidence);
    SAME_STR(a->signature, b->signature);
    ck_assert_uint_eq(a->n_evidence, b->n_evidence);
    for (unsigned i = 0; i < a->n_evidence; i++)
        ck_assert_str_eq(a->evidence[i], b->evidence[i]);
    ck_assert_uint_eq(a->n_articles, b->n_articles);
    for (unsigned i = 0; i < a->n_articles; i++)
        SAME_STR(a->article[i], b->article[i]);
    ck_assert_uint_eq(a->n_linked, b->n_linked);
    for (unsigned i = 0; i < a->n_linked; i++)
        ck_assert_str_eq(a->linked[i], b->linked[i]);
}

static void
same_notice(const struct notice_item *a, const struct notice_item *b)
{
    ck_assert_int_eq(a->kind, b->kind);
    ck_assert_str_eq(a->id, b->id);
    same_when(&a->when, &b->when);
    SAME_STR(a->text, b->text);
    ck_assert_uint_eq(a->read, b->read);
    ck_assert_uint_eq(a->delivered, b->delivered);
    ck_assert_uint_eq(a->folded, b->folded);
    ck_assert_uint_eq(a->dropped, b->dropped);
    ck_assert_uint_eq(a->last_seq, b->last_seq);
    ck_assert_uint_eq(a->open_count, b->open_count);
    ck_assert_str_eq(a->open_digest, b->open_digest);
}

/* Fails the test where 'y' is not all that 'x' is. */
void
same_item(const struct item *x, const struct item *y)
{
    const struct event *a = x->event, *b = y->event;
    const struct alarm_item *c = x->alarm, *d = y->alarm;

    ck_assert_int_eq(x->kind, y->kind);
    if (x->kind == ITEM_EVENT) {
        ck_assert_str_eq(a->id, b->id);
        ck_assert_int_eq(a->cls, b->cls);
        ck_assert_int_eq(a->severity, b->severity);
        same_when(&a->when, &b->when);
        same_facts(&a->f, &b->f);
        SAME_STR(a->format, b->format);
        SAME_STR(a->source_name, b->source_name);
        ck_assert_uint_eq(a->offset, b->offset);
        ck_assert_uint_eq(a->line, b->line);
        ck_assert_uint_eq(a->length, b->length);
        ck_assert_int_eq(a->repaired, b->repaired);
        ck_assert_int_eq(a->truncated, b->truncated);
        SAME_STR(a->text, b->text);
        return;
    }
    if (x->kind == ITEM_NOTICE) {
        same_notice(x->notice, y->notice);
        return;
    }
    ck_assert_str_eq(c->id, d->id);
    SAME_STR(c->key, d->key);
    ck_assert_int_eq(c->state, d->state);
    ck_assert_int_eq(c->severity, d->severity);
    ck_assert_int_eq(c->cls, d->cls);
    ck_assert_uint_eq(c->count, d->count);
    same_when(&c->first, &d->first);
    same_when(&c->last, &d->last);
    same_when(&c->when, &d->when);
    SAME_STR(c->reason, d->reason);
    same_facts(&c->f, &d->f);
    SAME_STR(c->event, d->event);
    SAME_STR(c->summary, d->summary);
    SAME_STR(c->action, d->action);
}
