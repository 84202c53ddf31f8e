/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_event_rows.c - labelled event texts, each as a record in every form
 * that carries a text, and as a text alone, against its label: those of
 * tests/data/event_texts.jsonl, and the real ones that lie outside of the
 * project, where that folder is there. */
#include "build.h"

#include "tests/unit/builtin_set.h"
#include "tests/unit/event_forms.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/jsonl.h"

/* One row and what must come of it. */
struct label {
    unsigned line;
    const struct jsonl_row *row;
    bool ours;
    unsigned number; /* 0: the row names none */
    struct str raw, source;
};

static unsigned
leading_number(struct str s)
{
    unsigned n = 0;

    for (size_t i = 0; i < s.n && str_is_digit(s.p[i]); i++)
        n = n * 10 + (unsigned) (s.p[i] - '0');
    return n;
}

static const char *
as_text(struct str s)
{
    char *p = arena_alloc(arena, s.n + 1);

    ck_assert_ptr_nonnull(p);
    memcpy(p, s.p ? s.p : "", s.n);
    p[s.n] = '\0';
    return p;
}

/* "SMS (Application log)": the source is before the bracket. */
static struct str
source_of(struct str name)
{
    return str_trim(str_make(name.p, str_find_char(name, '(')));
}

static void
complain(const struct label *l, const char *form, const char *what, struct str got, struct str want)
{
    fprintf(stderr, "row %u as %s: %s is \"%.*s\", not \"%.*s\": %.70s\n", l->line, form, what, STR_ARG(got),
            STR_ARG(want), l->raw.p);
}

/* The field 'name' of the label, if it has one, against what came out. */
static unsigned
compare(const struct label *l, const char *form, const char *name, struct str got, bool fold)
{
    struct str want = jsonl_get(l->row, name);

    if (!str_has(want) || (fold ? str_case_eq(got, want) : str_eq(got, want)))
        return 0;
    complain(l, form, name, got, want);
    return 1;
}

static unsigned
judge_ours(const struct label *l, const char *form, const struct event *ev)
{
    const struct facts *f = &ev->f;
    char number[16], win32[16] = "";
    unsigned wrong = 0;

    snprintf(number, sizeof number, "%u", l->number);
    if (f->win32_known)
        snprintf(win32, sizeof win32, "%lu", (unsigned long) f->win32);
    if (!str_has(f->signature)) {
        complain(l, form, "signature", STR(""), STR("some"));
        wrong++;
    }
    if (l->number && !str_eq(f->event_number, str_z(number))) {
        complain(l, form, "event number", f->event_number, str_z(number));
        wrong++;
    }
    wrong += compare(l, form, "component", f->component, true);
    wrong += compare(l, form, "class", str_z(event_class_name(ev->cls)), false);
    wrong += compare(l, form, "claim", f->claimed ? str_z(event_class_name(f->claim_class)) : STR(""), false);
    wrong += compare(l, form, "figures", str_z(figures_name(f->figures)), false);
    wrong += compare(l, form, "available", f->available, false);
    wrong += compare(l, form, "required", f->required, false);
    wrong += compare(l, form, "package", f->package, false);
    wrong += compare(l, form, "server", f->server, false);
    wrong += compare(l, form, "share", f->share, false);
    wrong += compare(l, form, "site", f->site, false);
    wrong += compare(l, form, "job", f->job, false);
    wrong += compare(l, form, "file", f->file, false);
    wrong += compare(l, form, "target", f->target, false);
    wrong += compare(l, form, "win32", str_z(win32), false);
    wrong += compare(l, form, "tag", f->tagged ? STR(EVENT_TAG) : STR(""), false);
    return wrong;
}

static unsigned
judge_other(const struct label *l, const char *form, const struct event *ev)
{
    if (!ev->f.claimed && !ev->f.caused && !str_has(ev->f.signature))
        return 0;
    complain(l, form, "signature of another program's event", ev->f.signature, STR(""));
    return 1;
}

/* Forms that hold strings and no text. */
static bool
has_no_text(const char *form)
{
    static const char *const forms[] = {"xml-inserts", "xml-forwarded", "evt", "evtx"};

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(form, forms[i]) == 0)
            return true;
    return false;
}

/* The row with its number and source, in the forms that have a text. */
static unsigned
judge_record(const struct label *l)
{
    struct form_event in = {as_text(l->source), l->number | 0xC0000000, "ANFIELD", as_text(l->raw), 0, {NULL}};
    unsigned wrong = 0;
    struct event ev;

    for (unsigned i = 0; i < n_event_forms; i++) {
        const struct form *form = &event_forms[i];

        if (has_no_text(form->name)) {
            in.string[0] = in.text; /* one string that is the whole text */
            in.n_strings = 1;
        } else {
            in.n_strings = 0;
        }
        form_read(form, &in, set, scratch, arena, &ev);
        wrong += l->ours ? judge_ours(l, form->name, &ev) : judge_other(l, form->name, &ev);
    }
    return wrong;
}

/* The text as people paste it: number and source are what it says itself. */
static unsigned
judge_text(const struct label *l)
{
    static const struct form alone = {"text alone", &viewer_text_format, NULL};
    struct format_options options = {0};
    struct format_record record = {.bytes = arena_copy(arena, l->raw)};
    struct event ev = {.format = str_z(viewer_text_format.name)};
    size_t at;

    ck_assert_int_eq(viewer_text_format.parse(&options, &record, arena, &ev, &at), PERR_OK);
    ck_assert_int_eq(diagnose_event(set, scratch, arena, &ev), PERR_OK);
    return l->ours ? judge_ours(l, alone.name, &ev) : judge_other(l, alone.name, &ev);
}

static unsigned
judge(const struct label *l)
{
    bool nameless = str_eq(jsonl_get(l->row, "text_alone"), STR("no"));
    unsigned wrong = 0;

    arena_reset(arena);
    if (l->number && l->source.n)
        wrong += judge_record(l);
    if (!nameless)
        wrong += judge_text(l);
    return wrong;
}

START_TEST(own_rows)
{
    unsigned line = 0, wrong = 0;
    struct jsonl_row row;
    char path[1100];
    FILE *f;

    snprintf(path, sizeof path, "%s/data/event_texts.jsonl", getenv("TEST_SRCDIR"));
    f = fopen(path, "r");
    ck_assert_msg(f, "%s", path);
    while (jsonl_read(f, &row)) {
        struct label l = {++line, &row, !str_eq(jsonl_get(&row, "ours"), STR("no")),
                          leading_number(jsonl_get(&row, "event_id")), jsonl_get(&row, "raw"),
                          jsonl_get(&row, "source_name")};

        wrong += judge(&l);
        jsonl_free(&row);
    }
    fclose(f);
    ck_assert_uint_ge(line, 120);
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

/* What the label of a real row says of figures: only Event 109 is quoted with
 * them, as a template (Y and Z are no numbers) or blank. */
static struct str
real_figures(const struct label *l)
{
    struct str said = jsonl_get(l->row, "figures");

    if (l->number != 109 || !l->ours)
        return STR("");
    return str_find_case(said, STR("blank")) < said.n ? STR("blank") : STR("unreadable");
}

/* 'row' with the label of the figures in our words. */
static void
translate(struct jsonl_row *row, struct str figures)
{
    for (unsigned i = 0; i < row->n; i++)
        if (str_eq(row->field[i].name, STR("figures")))
            row->field[i].value = figures;
}

START_TEST(real_rows)
{
    const char *folder = jsonl_folder();
    unsigned line = 0, wrong = 0;
    struct jsonl_row row;
    char path[1100];
    FILE *f;

    if (!folder)
        return;
    snprintf(path, sizeof path, "%s/events.jsonl", folder);
    f = fopen(path, "r");
    ck_assert_msg(f, "%s", path);
    while (jsonl_read(f, &row)) {
        struct str source = jsonl_get(&row, "source_name");
        struct label l = {++line, &row, !str_starts(jsonl_get(&row, "reading"), STR("NEGATIVE")),
                          leading_number(jsonl_get(&row, "event_id")), jsonl_get(&row, "raw"), source_of(source)};

        if (str_find_case(source, STR("prose")) == source.n) { /* somebody's words about events are none */
            translate(&row, real_figures(&l));
            wrong += judge(&l);
        }
        jsonl_free(&row);
    }
    fclose(f);
    ck_assert_uint_ge(line, 70);
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("event_rows");
    TCase *t = tcase_create("rows");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, own_rows);
    tcase_add_test(t, real_rows);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
