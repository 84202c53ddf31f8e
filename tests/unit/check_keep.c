/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_keep.c - deep copies own all they show; saved bytes give back every
 * field, absent and empty apart; cut and damaged bytes are borne. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/keep.h"

static char text_of[64][16];
static unsigned n_text;

/* A different text for each field; every third absent, every fifth empty. */
static struct str
next_text(void)
{
    unsigned i = n_text++ % 64;
    size_t n = (size_t) snprintf(text_of[i], sizeof text_of[i], "field %u", n_text);

    return n_text % 3 == 0 ? STR_NONE : n_text % 5 == 0 ? STR("") : str_make(text_of[i], n);
}

static struct event
full_event(void)
{
    struct event ev = {.id = "0123456789abcdef0123456789abcdef"};
    struct facts *f = &ev.f;

    n_text = 0;
#define FACT(member, element, attribute, sd, prose) f->member = next_text();
#include "parsers/event_fields.def"
#undef FACT
    f->symbol = STR("ERROR_SHARING_VIOLATION");
    f->signature = STR("despooler-copy-failed");
    f->claimed = f->tagged = f->misreported = true;
    f->claim_class = CLASS_DISK_FULL;
    f->figures = FIGURES_UNREADABLE;
    f->cause_class = CLASS_FILE_CONTENTION;
    f->win32_known = true;
    f->win32 = 4294967295u;
    f->basis = BASIS_SEQUENCE;
    f->confidence = CONFIDENCE_CONFIRMED;
    f->n_evidence = EVENT_EVIDENCE_MAX;
    for (unsigned i = 0; i < EVENT_EVIDENCE_MAX; i++)
        memset(f->evidence[i], 'a' + (int) i, 32);
    f->n_linked = 2;
    memset(f->linked[0], 'x', 32);
    memset(f->linked[1], 'y', 32);
    f->n_articles = 2;
    f->article[0] = STR("Q193766");
    f->article[1] = STR("Q161043");
    ev.cls = CLASS_FILE_CONTENTION;
    ev.severity = SEVERITY_MINOR;
    ev.fact = FACT_HOST_BOOT;
    ev.when = (struct when){.utc = -5, .local = INT64_MAX, .utc_known = true, .local_known = true, .bias_known = true,
                            .bias = -720, .fraction = 9, .dst = WHEN_DST_SHIFTED, .zone = STR("Asia/Tokyo")};
    ev.format = STR("sms-log");
    ev.source_name = STR("Despool.log");
    ev.offset = UINT64_MAX;
    ev.line = 7;
    ev.length = 1u << 30;
    ev.repaired = ev.truncated = true;
    ev.text = STR("text\0with a NUL");
    return ev;
}

static void
same_str(struct str a, struct str b, const char *what)
{
    ck_assert_msg(str_has(a) == str_has(b) && str_eq(a, b), "%s: '%.*s' and '%.*s'", what, STR_ARG(a), STR_ARG(b));
}

static void
same_event(const struct event *a, const struct event *b)
{
#define FACT(member, element, attribute, sd, prose) same_str(a->f.member, b->f.member, #member);
#include "parsers/event_fields.def"
#undef FACT
    same_str(a->f.symbol, b->f.symbol, "symbol");
    same_str(a->f.signature, b->f.signature, "signature");
    ck_assert(a->f.claimed == b->f.claimed && a->f.caused == b->f.caused && a->f.tagged == b->f.tagged
              && a->f.win32_known == b->f.win32_known && a->f.misreported == b->f.misreported);
    ck_assert_int_eq(a->f.claim_class, b->f.claim_class);
    ck_assert_int_eq(a->f.figures, b->f.figures);
    ck_assert_int_eq(a->f.cause_class, b->f.cause_class);
    ck_assert_uint_eq(a->f.win32, b->f.win32);
    ck_assert_int_eq(a->f.basis, b->f.basis);
    ck_assert_int_eq(a->f.confidence, b->f.confidence);
    ck_assert_uint_eq(a->f.n_evidence, b->f.n_evidence);
    ck_assert_mem_eq(a->f.evidence, b->f.evidence, sizeof a->f.evidence);
    ck_assert_uint_eq(a->f.n_linked, b->f.n_linked);
    ck_assert_mem_eq(a->f.linked, b->f.linked, sizeof a->f.linked);
    ck_assert_uint_eq(a->f.n_articles, b->f.n_articles);
    for (unsigned i = 0; i < EVENT_SEE_MAX; i++)
        same_str(a->f.article[i], b->f.article[i], "article");
    ck_assert_str_eq(a->id, b->id);
    ck_assert(a->cls == b->cls && a->severity == b->severity && a->fact == b->fact);
    ck_assert(a->when.utc == b->when.utc && a->when.local == b->when.local && a->when.bias == b->when.bias);
    ck_assert(a->when.utc_known == b->when.utc_known && a->when.local_known == b->when.local_known
              && a->when.bias_known == b->when.bias_known);
    ck_assert(a->when.fraction == b->when.fraction && a->when.dst == b->when.dst);
    same_str(a->when.zone, b->when.zone, "zone");
    same_str(a->format, b->format, "format");
    same_str(a->source_name, b->source_name, "source name");
    same_str(a->text, b->text, "text");
    ck_assert(a->offset == b->offset && a->line == b->line && a->length == b->length);
    ck_assert(a->repaired == b->repaired && a->truncated == b->truncated);
}

START_TEST(a_copy_owns_all_it_shows)
{
    struct event ev = full_event(), again = full_event(), *kept;
    struct facts *facts;

    kept = keep_event(&ev);
    facts = keep_facts(&ev.f);
    ck_assert(kept && facts);
    /* What it was copied from goes: only own text may be left. */
    memset(text_of, '#', sizeof text_of);
    again = full_event();
    same_event(&again, kept);
#define FACT(member, element, attribute, sd, prose) \
    same_str(again.f.member, facts->member, #member); \
    ck_assert(!str_has(facts->member) || facts->member.p != again.f.member.p);
#include "parsers/event_fields.def"
#undef FACT
    free(kept);
    free(facts);
}
END_TEST

START_TEST(bytes_give_every_field_back)
{
    struct event ev = full_event(), empty = {0}, back;
    struct keep_out o = {0};
    struct keep_in in;

    keep_put_event(&o, &ev);
    keep_put_event(&o, &empty);
    keep_put_u64(&o, UINT64_MAX);
    ck_assert(!o.failed);
    in = (struct keep_in){.p = o.p, .end = o.p + o.n};
    keep_get_event(&in, &back);
    same_event(&ev, &back);
    keep_get_event(&in, &back);
    same_event(&empty, &back);
    ck_assert(keep_get_u64(&in) == UINT64_MAX && !in.failed && in.p == in.end);
    ck_assert(keep_get_u64(&in) == 0 && in.failed);
    free(o.p);
}
END_TEST

START_TEST(cut_bytes_fail_and_stay_failed)
{
    struct event ev = full_event(), back;
    struct keep_out o = {0};

    keep_put_event(&o, &ev);
    for (size_t n = 0; n < o.n; n++) {
        uint8_t *part = malloc(n ? n : 1);
        struct keep_in in;

        memcpy(part, o.p, n);
        in = (struct keep_in){.p = part, .end = part + n};
        keep_get_event(&in, &back);
        ck_assert_msg(in.failed, "the first %zu of %zu bytes were an event", n, o.n);
        ck_assert(!str_has(keep_get_str(&in)) && keep_get_u64(&in) == 0);
        free(part);
    }
    free(o.p);
}
END_TEST

/* Damaged bytes may give another event, never one out of bounds. */
START_TEST(damaged_bytes_stay_in_bounds)
{
    struct event ev = full_event(), back;
    struct keep_out o = {0};

    keep_put_event(&o, &ev);
    for (size_t i = 0; i < o.n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct keep_in in = {.p = o.p, .end = o.p + o.n};
            struct event *kept;

            o.p[i] ^= (uint8_t) (1u << bit);
            keep_get_event(&in, &back);
            ck_assert(back.cls < CLASS_COUNT && back.fact < FACT_COUNT && back.severity <= SEVERITY_CLEARED);
            ck_assert(back.f.n_evidence <= EVENT_EVIDENCE_MAX && back.f.n_linked <= EVENT_SEE_MAX
                      && back.f.n_articles <= EVENT_SEE_MAX);
            ck_assert(memchr(back.id, '\0', sizeof back.id) != NULL);
            kept = keep_event(&back);
            ck_assert_ptr_nonnull(kept);
            free(kept);
            o.p[i] ^= (uint8_t) (1u << bit);
        }
    free(o.p);
}
END_TEST

START_TEST(fills_only_what_is_absent)
{
    struct facts to = {0}, from = {0};

    to.package = STR("DOG0005D");
    to.server = STR("");
    from.package = STR("OTHER");
    from.server = STR("OTHER");
    from.share = STR("SMS_PKGE");
    from.claimed = true;
    facts_fill(&to, &from);
    same_str(to.package, STR("DOG0005D"), "package");
    same_str(to.server, STR(""), "server");
    same_str(to.share, STR("SMS_PKGE"), "share");
    ck_assert(!str_has(to.file) && !to.claimed);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("keep");
    TCase *tc = tcase_create("keep");
    SRunner *sr;
    int failed;

    tcase_add_test(tc, a_copy_owns_all_it_shows);
    tcase_add_test(tc, bytes_give_every_field_back);
    tcase_add_test(tc, cut_bytes_fail_and_stay_failed);
    tcase_add_test(tc, damaged_bytes_stay_in_bounds);
    tcase_add_test(tc, fills_only_what_is_absent);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
