/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_bracket_log.c - bracketed logs: attributes in every state, text that
 * looks like an end, records that were cut, and framing in any chunking. */
#include "build.h"

#include "parsers/format.h"

#include "tests/unit/log_case.h"

static struct arena *arena;

static void
set_up(void)
{
    arena = arena_new(64 << 20);
    ck_assert_ptr_nonnull(arena);
}

static void
tear_down(void)
{
    arena_free(arena);
}

#define A1                                                                                                   \
    "<time=\"15:04:02.000+000\" date=\"7-30-2026\" "                                                         \
    "component=\"SMS_X\" context=\"\" type=\"3\" thread=\"110\" file=\"d.cpp:5\">"
#define R1 "<![LOG[one]LOG]!>" A1

static const struct log_case cases[] = {
    {R1, "SMS_X", "2026-07-30T15:04:02.000", "110", NULL, "one", false},
    {"<![LOG[a\r\nb\n<c> \"d\" ]LOG] !> $$<]LOG]!>" A1 "\r\n", "SMS_X", "2026-07-30T15:04:02.000", "110",
     NULL, "a\nb\n<c> \"d\" ]LOG] !> $$<", false},
    {"<![LOG[]LOG]!>" A1, "SMS_X", "2026-07-30T15:04:02.000", "110", NULL, "", false},
    {"<![LOG[x]LOG]!><THREAD=\"50\" TYPE=\"3\" COMPONENT=\"HealthScripts\" DATE=\"3-12-2026\" "
     "TIME=\"11:16:42.3322734\">",
     "HealthScripts", "2026-03-12T11:16:42.3322734", "50", NULL, "x", false},
    {"<![LOG[x]LOG]!><time=\"01:02:04.000+000\" date=\"1-2-2026\">", NULL, "2026-01-02T01:02:04.000", NULL,
     NULL, "x", false},
    {"<![LOG[x]LOG]!><component='A' thread='7' date='1-2-2026' time='01:02:04.000+000'>", "A", "2026-01-02T01:02:04.000", "7",
     NULL, "x", false},
    {"<![LOG[x]LOG]!><component=\"A\" component=\"B\" thread=\"1\" thread=\"2\">", "A", NULL, "1", NULL, "x",
     false},
    {"<![LOG[x]LOG]!><component=\"\" thread=\"\" time=\"\" date=\"\">", NULL, NULL, NULL, NULL, "x", false},
    {"<![LOG[x]LOG]!><component=A thread=5 time=01:02:03.5+000 date=01-02-2026>", "A",
     "2026-01-02T01:02:03.5", "5", NULL, "x", false},
    {"<![LOG[x]LOG]!><time=\"25:02:03\" date=\"1-2-2026\" thread=\"1\">", NULL, NULL, "1", NULL, "x", false},
    {"<![LOG[x]LOG]!><time=\"15:02:00.000-99999\" date=\"7-30-2026\" thread=\"1\">", NULL,
     "2026-07-30T15:02:00.000", "1", NULL, "x", false},
    {"<![LOG[x]LOG]!><time=\"1:02:03.000+000\"\r\n date=\"1-2-2026\" component=\"a > b\" thread=\"1\">",
     "a > b", "2026-01-02T01:02:03.000", "1", NULL, "x", false},
    {"<![LOG[x]LOG]!>\r\n<component=\"A\">", "A", NULL, NULL, NULL, "x", false},
    {"<![LOG[x]LOG]!><nocomponent=\"B\" component=\"A\" mythread=\"9\" thread=\"1\">", "A", NULL, "1", NULL,
     "x", false},
    /* cut */
    {"<![LOG[MessageId=msg-incomplete\r\n", NULL, NULL, NULL, NULL, "MessageId=msg-incomplete", true},
    {"<![LOG[x]LO", NULL, NULL, NULL, NULL, "x]LO", true},
    {"<![LOG[x]LOG]!>", NULL, NULL, NULL, NULL, "x", true},
    {"<![LOG[x]LOG]!><time=\"15:04:02.000+000\" date=\"7-30-2026\" compo", NULL, "2026-07-30T15:04:02.000",
     NULL, NULL, "x", true},
    {"<![LOG[x]LOG]!><component=\"A\" thread=\"11", "A", NULL, NULL, NULL, "x", true},
    {"<![LOG[x]LOG]!><component=\"A\" thread=\"11\" file=\"a>\r\n", "A", NULL, "11", NULL, "x", true},
    {"rest of a text]LOG]!>" A1, "SMS_X", "2026-07-30T15:04:02.000", "110", NULL, "rest of a text", true},
};

START_TEST(record)
{
    log_run(&bracket_log_format, arena, &cases[_i]);
}
END_TEST

#define TEXTS(bytes, ...)                                                                                    \
    do {                                                                                                     \
        const char *const texts[] = {__VA_ARGS__};                                                           \
        log_texts(&bracket_log_format, arena, str_make(bytes, sizeof(bytes) - 1), texts,                     \
                  sizeof texts / sizeof *texts);                                                             \
    } while (0)

START_TEST(boundaries)
{
    TEXTS(R1 "\r\n" R1 "\n\n" R1 R1 " \r" R1, "one", "one", "one", "one", "one");
    TEXTS("\xef\xbb\xbf" R1, "one");
    /* cut by the next one */
    TEXTS("<![LOG[cut\r\n" R1, "cut", "one");
    TEXTS("<![LOG[cut]LOG]!>\r\n" R1, "cut", "one");
    TEXTS("<![LOG[cut]LOG]!><time=\"1\r\n" R1, "cut", "one");
    /* not at the start of a line: text */
    TEXTS("<![LOG[see <![LOG[x there]LOG]!>" A1, "see <![LOG[x there");
    TEXTS("junk\r\nmore\r\n" R1 "\r\nend\r\n", "junk\nmore", "one", "end");
}
END_TEST

START_TEST(junk_counts_as_unframed)
{
    struct framing f = framing_all_ways(&bracket_log_format, STR("junk\r\n" R1));

    ck_assert_uint_eq(f.n, 2);
    ck_assert_int_eq(f.span[0].kind, FORMAT_BAD);
    ck_assert_int_eq(f.span[1].kind, FORMAT_RECORD);
    framing_fini(&f);
}
END_TEST

/* Any cut of a record leaves one record, and the text while it is whole. */
START_TEST(cut_anywhere)
{
    static const char all[] = R1;

    for (size_t n = 8; n < sizeof all - 1; n++) {
        struct framing f = framing_all_ways(&bracket_log_format, str_make(all, n));
        struct event ev;

        ck_assert_uint_eq(f.n, 1);
        ck_assert_uint_eq(f.span[0].offset + f.span[0].length, all[n - 1] == ' ' ? n - 1 : n);
        log_parse(&bracket_log_format, arena, str_make(all, f.span[0].length), DATE_ORDER_MDY, &ev);
        ck_assert_msg(ev.repaired, "cut at %zu", n);
        if (n >= strlen("<![LOG[one]LOG]!>"))
            log_same(all, "text", ev.text, "one");
        if (str_has(ev.f.component))
            log_same(all, "component", ev.f.component, "SMS_X");
        if (str_has(ev.f.thread))
            log_same(all, "thread", ev.f.thread, "110");
        framing_fini(&f);
        arena_reset(arena);
    }
}
END_TEST

START_TEST(bias)
{
    struct event ev;

    log_parse(&bracket_log_format, arena,
              STR("<![LOG[x]LOG]!><time=\"23:30:00.000+300\" date=\"12-31-2025\">"), DATE_ORDER_MDY, &ev);
    ck_assert(ev.when.utc_known && ev.when.bias_known);
    ck_assert_int_eq(ev.when.bias, 300);
    ck_assert_int_eq((ev.when.utc - ev.when.local) / WHEN_MINUTE, 300);
    log_parse(&bracket_log_format, arena,
              STR("<![LOG[x]LOG]!><time=\"23:30:00.000-99999\" date=\"12-31-2025\">"), DATE_ORDER_MDY, &ev);
    ck_assert(ev.when.local_known && !ev.when.utc_known && !ev.when.bias_known);
}
END_TEST

/* A text of 3 MB comes in pieces; what follows it is as it would be without. */
START_TEST(long_text)
{
    const size_t size = 3 << 20;
    static const char end[] = "]LOG]!>" A1 "\r\n" R1;
    char *bytes = malloc(size + sizeof end);
    struct event ev;

    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = i % 100 ? 'x' : '\n';
    memcpy(bytes, "<![LOG[", 7);
    memcpy(bytes + size, end, sizeof end);
    struct framing f = framing_all_ways(&bracket_log_format, str_make(bytes, size + sizeof end - 1));
    ck_assert_uint_ge(f.n, 4);
    for (size_t i = 0; i < f.n; i++) {
        ck_assert_int_eq(f.span[i].kind, FORMAT_RECORD);
        ck_assert_uint_le(f.span[i].length, FORMAT_WINDOW);
        log_parse(&bracket_log_format, arena, str_make(bytes + f.span[i].offset, f.span[i].length),
                  DATE_ORDER_MDY, &ev);
        ck_assert_uint_le(ev.text.n, EVENT_TEXT_MAX);
        ck_assert(i + 1 == f.n || ev.truncated || i + 2 == f.n);
        if (i + 2 >= f.n)
            log_same("long", "component", ev.f.component, "SMS_X");
    }
    log_same("after it", "text", ev.text, "one");
    framing_fini(&f);
    free(bytes);
}
END_TEST

START_TEST(probe)
{
    ck_assert_int_eq(bracket_log_format.probe(STR(R1)), 98);
    ck_assert_int_eq(bracket_log_format.probe(STR("\xef\xbb\xbf\r\n" R1)), 98);
    ck_assert_int_ge(bracket_log_format.probe(STR("rest]LOG]!><a=\"1\">\r\n" R1)), 90);
    ck_assert_int_eq(bracket_log_format.probe(STR("says <![LOG[ somewhere")), 0);
    ck_assert_int_eq(bracket_log_format.probe(STR("")), 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("bracket_log");
    TCase *tc = tcase_create("records");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, record, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tc, boundaries);
    tcase_add_test(tc, junk_counts_as_unframed);
    tcase_add_test(tc, cut_anywhere);
    tcase_add_test(tc, bias);
    tcase_add_test(tc, long_text);
    tcase_add_test(tc, probe);
    suite_add_tcase(s, tc);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
