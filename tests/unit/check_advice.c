/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_advice.c - what the catalogue tells people: every class and article has
 * its words, and an alarm gets the advice and the articles that fit it, the most
 * specific first. */
#include "build.h"

#include "parsers/catalogue.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

/* Both travel in one datagram with all else; longer words belong into a cause. */
enum { ACTION_MAX = 300 };

static struct catalogue_error err;

static struct catalogue *
load(const char *more)
{
    struct catalogue_input in[16];
    size_t n = 0;
    struct catalogue *c;

    for (; catalogue_builtin[n].name; n++)
        in[n] = catalogue_builtin[n];
    if (more)
        in[n++] = (struct catalogue_input){"site.xml", str_z(more)};
    c = catalogue_new(in, n, &err);
    ck_assert_msg(c, "%s:%d: %s", err.file, err.line, err.text);
    return c;
}

static const struct catalogue_entry *
article(const struct catalogue *c, struct str name)
{
    for (size_t i = 0; i < catalogue_articles(c); i++)
        if (str_eq(catalogue_article(c, i)->name, name))
            return catalogue_article(c, i);
    return NULL;
}

START_TEST(every_class_has_its_words)
{
    struct catalogue *c = load(NULL);

    for (int cls = 0; cls < CLASS_COUNT; cls++) {
        const struct catalogue_entry *e = catalogue_class_entry(c, (enum event_class) cls);

        if (cls == CLASS_SELF)
            continue; /* our own state: the daemon has its words */
        ck_assert_str_eq(e->name.p, event_class_name((enum event_class) cls));
        ck_assert_msg(str_has(e->symptom) && str_has(e->cause) && str_has(e->action) && str_has(e->clears),
                      "words are missing for class %s", e->name.p);
        ck_assert_msg(e->action.n <= ACTION_MAX, "%zu bytes of action for class %s", e->action.n, e->name.p);
    }
    catalogue_unref(c);
}
END_TEST

START_TEST(every_article_has_its_words)
{
    struct catalogue *c = load(NULL);

    ck_assert_uint_gt(catalogue_articles(c), 60);
    for (size_t i = 0; i < catalogue_articles(c); i++) {
        const struct catalogue_entry *e = catalogue_article(c, i);

        ck_assert_msg(str_has(e->symptom) && str_has(e->cause) && str_has(e->product),
                      "words are missing for article %s", e->name.p);
        ck_assert_msg(e->action.n <= ACTION_MAX, "%zu bytes of action for article %s", e->action.n, e->name.p);
    }
    catalogue_unref(c);
}
END_TEST

/* Whatever article="..." names in a signature, a sequence or a class. */
START_TEST(every_article_named_is_told)
{
    struct catalogue *c = load(NULL);
    unsigned n = 0;

    for (size_t i = 0; catalogue_builtin[i].name; i++) {
        struct str rest = catalogue_builtin[i].xml, attribute = STR(" article=\"");
        size_t at;

        while ((at = str_find_case(rest, attribute)) < rest.n) {
            struct str list, word;

            rest = str_skip(rest, at + attribute.n);
            list = str_make(rest.p, str_find_char(rest, '"'));
            while (list.n) {
                word = str_make(list.p, str_find_char(list, ' '));
                ck_assert_msg(article(c, word), "%s names %.*s, of which articles.xml tells nothing",
                              catalogue_builtin[i].name, STR_ARG(word));
                list = str_skip(list, word.n < list.n ? word.n + 1 : word.n);
                n++;
            }
        }
    }
    ck_assert_uint_gt(n, 60);
    catalogue_unref(c);
}
END_TEST

static const char site[] =
    "<catalogue xmlns=\"urn:truecause:catalogue:1\">"
    "<article name=\"A1\" class=\"network\"><action>of A1</action></article>"
    "<article name=\"A2\" class=\"network disk-full\"><action>of A2</action></article>"
    "<article name=\"A3\"><symptom>for all, without advice</symptom></article>"
    "<signature id=\"plain\" class=\"by-code\" article=\"A3 A1 A2\"><literal>plain</literal>"
    "<example>plain</example><near-miss>pl</near-miss></signature>"
    "<signature id=\"told\" class=\"network\" article=\"A1\"><literal>told</literal><action>of told</action>"
    "<example>told</example><near-miss>to</near-miss></signature>"
    "<sequence id=\"both\" same=\"thread\" class=\"network\"><first signature=\"plain\"/>"
    "<then signature=\"told\" within=\"1h\"/><action>of both</action></sequence>"
    "</catalogue>";

static void
advises(const struct catalogue *c, struct facts f, enum event_class cls, const char *expected)
{
    struct str got = catalogue_action(c, &f, cls);

    ck_assert_msg(str_eq(got, str_z(expected)), "\"%.*s\", not \"%s\"", STR_ARG(got), expected);
}

START_TEST(the_most_specific_advice_goes_first)
{
    struct catalogue *c = load(site);
    struct facts f = {.n_articles = 3, .article = {STR("A3"), STR("A1"), STR("A2")}};
    const char *of_class = catalogue_advice(c, CLASS_DATABASE)->action.p;

    f.signature = STR("both");
    advises(c, f, CLASS_NETWORK, "of both");
    f.signature = STR("told");
    advises(c, f, CLASS_NETWORK, "of told");
    f.basis = BASIS_SEQUENCE; /* one of its records stands for it */
    advises(c, f, CLASS_NETWORK, "of both");
    f.basis = BASIS_CODE;
    /* It came to mean another thing than its text says. */
    advises(c, f, CLASS_DISK_FULL, "of A2");
    f.signature = STR("plain");
    advises(c, f, CLASS_NETWORK, "of A1");
    advises(c, f, CLASS_DISK_FULL, "of A2");
    advises(c, f, CLASS_DATABASE, of_class);
    f.n_articles = 1;
    advises(c, f, CLASS_DATABASE, of_class);
    f.article[0] = STR("nobody");
    f.signature = STR("nobody");
    advises(c, f, CLASS_DATABASE, of_class);
    f.signature = STR_NONE;
    advises(c, f, CLASS_DATABASE, of_class);
    catalogue_unref(c);
}
END_TEST

START_TEST(articles_about_other_classes_are_left_out)
{
    struct catalogue *c = load(site);
    struct facts f = {.n_articles = 4, .article = {STR("A1"), STR("nobody"), STR("A3"), STR("A2")}};

    catalogue_fit_articles(c, CLASS_DISK_FULL, &f);
    ck_assert_uint_eq(f.n_articles, 3);
    ck_assert(str_eq(f.article[0], STR("nobody")) && str_eq(f.article[1], STR("A3")) && str_eq(f.article[2], STR("A2")));
    f = (struct facts){.n_articles = 1, .article = {STR("A1")}};
    catalogue_fit_articles(c, CLASS_STALL, &f);
    ck_assert_uint_eq(f.n_articles, 1);
    ck_assert(str_eq(f.article[0], STR("Q161043")));
    f = (struct facts){.n_articles = 1, .article = {STR("A1")}};
    catalogue_fit_articles(c, CLASS_DATABASE, &f);
    ck_assert_uint_eq(f.n_articles, 0);
    catalogue_unref(c);
}
END_TEST

/* The event of a copy that failed on the network does not name the article
 * about open files, which its signature does for code 32. */
START_TEST(an_event_names_what_it_is_about)
{
    static const struct {
        const char *text;
        enum event_class cls;
        const char *article;
    } cases[] = {
        {"~Copying E:\\a.EXE to E:\\SMS_PKGE\\DOG0005D\\a.EXE, Failed, Win32 Error = 32", CLASS_FILE_CONTENTION, "Q193766"},
        {"~Copying E:\\a.EXE to E:\\SMS_PKGE\\DOG0005D\\a.EXE, Failed, Win32 Error = 64", CLASS_NETWORK, NULL},
        {"~Copying E:\\a.EXE to E:\\SMS_PKGE\\DOG0005D\\a.EXE, Failed, Win32 Error = 112", CLASS_DISK_FULL, NULL},
    };
    struct catalogue *c = load(NULL);
    struct catalogue_scratch *x = catalogue_scratch_new(c);
    struct arena *a = arena_new(1 << 20);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct event ev = {.text = str_z(cases[i].text), .f.component = STR("SMS_DESPOOLER")};

        ck_assert_int_eq(diagnose_event(c, x, a, &ev), PERR_OK);
        ck_assert_int_eq(ev.cls, cases[i].cls);
        ck_assert_uint_eq(ev.f.n_articles, cases[i].article ? 1 : 0);
        ck_assert(!cases[i].article || str_eq(ev.f.article[0], str_z(cases[i].article)));
    }
    arena_free(a);
    catalogue_scratch_free(x);
    catalogue_unref(c);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("advice");
    TCase *t = tcase_create("advice");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_test(t, every_class_has_its_words);
    tcase_add_test(t, every_article_has_its_words);
    tcase_add_test(t, every_article_named_is_told);
    tcase_add_test(t, the_most_specific_advice_goes_first);
    tcase_add_test(t, articles_about_other_classes_are_left_out);
    tcase_add_test(t, an_event_names_what_it_is_about);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    xmlCleanupParser();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
