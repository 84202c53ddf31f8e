/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_sms_frame.c - SMS logs: where records end, in any chunking.  What is
 * read from them is in check_sms_log.c. */
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

#define T1 "$$<SMS_DESPOOLER><Thu Sep 10 09:55:37 1998~><thread=1D0>"

#define TEXTS(bytes, ...)                                                                                    \
    do {                                                                                                     \
        const char *const texts[] = {__VA_ARGS__};                                                           \
        log_texts(&sms_log_format, arena, str_make(bytes, sizeof(bytes) - 1), texts,                         \
                  sizeof texts / sizeof *texts);                                                             \
    } while (0)

START_TEST(article_lines_stay_three)
{
    TEXTS("found ready instruction file for 1000tS01.ins\r\n"
          "failed to open <path to INS file in Despoolr> WIN32 ERROR = 32\r\n"
          "Cannot decompress instruction file\r\n"
          "Waiting for ready instruction file....   " T1 "\r\n",
          "found ready instruction file for 1000tS01.ins",
          "failed to open <path to INS file in Despoolr> WIN32 ERROR = 32",
          "Cannot decompress instruction file", "Waiting for ready instruction file....");
}
END_TEST

START_TEST(article_copy_is_one)
{
    TEXTS("      ~Copying E:\\_S M0000.TMP\\filename.EXE to\r\n"
          "      E:\\SMS_PKGE\\DOG0005D\\filename.EXE, Failed, Win32 Error = 32\r\n"
          "      $$>SMS_DESPOOLER><Thu Sep 10 09:55:37 1998~><thread=1D0>\r\n",
          "~Copying E:\\_S M0000.TMP\\filename.EXE to\n"
          "      E:\\SMS_PKGE\\DOG0005D\\filename.EXE, Failed, Win32 Error = 32");
}
END_TEST

START_TEST(several_on_a_line)
{
    TEXTS("one " T1 " two " T1 "three " T1 "<BR/>~four " T1 " > five SMS_X_Y 1/2/99 1:02:03 PM 6E > six "
          "SMS_X_Y 1/2/99 1:02:03 PM 6E\n",
          "one", "two", "three", "~four", "five", "six");
}
END_TEST

START_TEST(line_ends)
{
    TEXTS("one " T1 "\rtwo " T1 "\r\r\nthree " T1 "\n\n\n four " T1, "one", "two", "three", "four");
    TEXTS("one\rfailed to open two\rCannot three", "one", "failed to open two", "Cannot three");
    TEXTS("\xef\xbb\xbfone " T1 "\r\n", "one");
}
END_TEST

/* What framing keeps of a trailer for the next record says what parsing finds. */
START_TEST(trailers_that_repeat)
{
    static const char log[] = "one " T1 "\r\nlonger two " T1 "\r\n3 $$<SMS_X><Thu Sep 10 09:55:37 1998 Pacific>"
                              "<thread=2>\r\n4 $$<SMS_X><Thu Sep 10 09:55:37 1998 Pacific><thread=2>\r\nfive " T1
                              "\nsix " T1 "\nseven " T1;
    _Alignas(16) char state[1024] = {0};
    const struct format_options o = {0};
    size_t at = 0, records = 0, ignored;
    struct format_span span;

    ck_assert_uint_le(sms_log_format.state_size, sizeof state);
    for (; at < sizeof log - 1; at += span.length, records++) {
        struct event framed = {0}, alone = {0};
        struct format_record r = {.framed = state};

        ck_assert_int_eq(sms_log_format.next(state, log + at, sizeof log - 1 - at, true, &span), FORMAT_RECORD);
        at += span.skip;
        r.bytes = str_make(log + at, span.length);
        ck_assert_int_eq(sms_log_format.parse(&o, &r, arena, &framed, &ignored), PERR_OK);
        r.framed = NULL;
        ck_assert_int_eq(sms_log_format.parse(&o, &r, arena, &alone, &ignored), PERR_OK);
        ck_assert(str_eq(framed.text, alone.text) && str_eq(framed.f.component, alone.f.component));
        ck_assert(str_eq(framed.f.thread, alone.f.thread) && str_eq(framed.when.zone, alone.when.zone));
        ck_assert(framed.when.local_known && alone.when.local_known && framed.when.local == alone.when.local);
        ck_assert(!framed.repaired && !alone.repaired);
    }
    ck_assert_uint_eq(records, 7);
}
END_TEST

START_TEST(lines_that_go_on)
{
    TEXTS("Cannot open the file \\\\S\\X.PCK, \r\nWin32 error = 32.\r\nHeartbeat is expired.\r\n",
          "Cannot open the file \\\\S\\X.PCK, \nWin32 error = 32.", "Heartbeat is expired.");
    TEXTS("Copying A to\nB, Failed, Win32\nError\n=\n32\nalone\n",
          "Copying A to\nB, Failed, Win32\nError\n=\n32", "alone");
    TEXTS("failed to open X WIN32\nERROR\n= 32\nCannot decompress\n", "failed to open X WIN32\nERROR\n= 32", "Cannot decompress");
    TEXTS("The process cannot access the file because it is\nbeing used by\nanother process.\nalone\n",
          "The process cannot access the file because it is\nbeing used by\nanother process.", "alone");
    TEXTS("There is not enough\nspace on the\ndisk.\nFound it\n", "There is not enough\nspace on the\ndisk.", "Found it");
    /* "Error: 32" begins a line only because "Win32" ended the one before it. */
    TEXTS("Unable to replace C:\\a.exe, Win32\nError: 32 " T1, "Unable to replace C:\\a.exe, Win32\nError: 32");
    TEXTS("Unable to replace C:\\a.exe\nError: 32 " T1, "Unable to replace C:\\a.exe", "Error: 32");
    TEXTS("Copying A to\n~B\n", "Copying A to", "~B");
    TEXTS("Copying A to\n\nB\n", "Copying A to", "B");
}
END_TEST

START_TEST(joining_has_limits)
{
    char bytes[8192];
    size_t n = 0;

    TEXTS("a\nb\nc\nd\ne\nf\ng\nh\ni " T1, "a\nb\nc\nd\ne\nf\ng\nh\ni");
    TEXTS("a\nb\nc\nd\ne\nf\ng\nh\ni\nj " T1, "a", "b\nc\nd\ne\nf\ng\nh\ni\nj");
    n = (size_t) sprintf(bytes, "first\n");
    memset(bytes + n, 'x', 2100);
    n += 2100;
    n += (size_t) sprintf(bytes + n, " " T1);
    struct framing f = framing_all_ways(&sms_log_format, str_make(bytes, n));
    ck_assert_uint_eq(f.n, 2);
    framing_fini(&f);
    TEXTS("a\n~b " T1, "a", "~b");
    TEXTS("a\nSMS_X 12 (0xC) b\nc " T1, "a", "b", "c");
    TEXTS("a\nROLLOVER\nb " T1, "a", "ROLLOVER", "b");
    TEXTS("a\n<![LOG[b\nc " T1, "a", "<![LOG[b\nc");
}
END_TEST

/* The fixed openings begin a record of their own; the same words inside a
 * sentence, in another case, do not. */
START_TEST(openings_begin_a_record)
{
    static const char *const openings[] = {
        "found ready instruction x",
        "failed to open x",
        "Failed to x",
        "Cannot x",
        "Copying x",
        "STATMSG: x",
        "Waiting for x",
        "ERROR - x",
        "WARNING - x",
        "Error: x",
        "Err>x",
        "Stored Package x",
        "Despooler x",
        "~x",
        "> ~x",
        "SMS_X 1 (0x1) x",
    };
    static const char *const others[] = {"cannot x",   "copying x", "Error = 32",
                                         "Win32 = 32", "package x", "x: ~"};
    char bytes[200];

    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        snprintf(bytes, sizeof bytes, "plain\n%s " T1, openings[i]);
        struct framing f = framing_all_ways(&sms_log_format, str_z(bytes));
        ck_assert_msg(f.n == 2, "%s", bytes);
        framing_fini(&f);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(bytes, sizeof bytes, "plain\n%s " T1, others[i]);
        struct framing f = framing_all_ways(&sms_log_format, str_z(bytes));
        ck_assert_msg(f.n == 1, "%s", bytes);
        framing_fini(&f);
    }
}
END_TEST

START_TEST(nuls)
{
    TEXTS("a\0b " T1 "\r\n\0\0\0c " T1 "\r\n\0\0",
          "a\xee\xbc\x80"
          "b",
          "\xee\xbc\x80\xee\xbc\x80\xee\xbc\x80", "c", "\xee\xbc\x80\xee\xbc\x80");
    struct framing f = framing_all_ways(&sms_log_format, str_make("a\r\n\0\0", 5));
    ck_assert_int_eq(f.span[0].kind, FORMAT_RECORD);
    ck_assert_int_eq(f.span[1].kind, FORMAT_BAD);
    framing_fini(&f);
}
END_TEST

/* A line of 10 MB comes in pieces, the last one with its trailer; the record
 * behind it is as it would be without. */
START_TEST(line_of_ten_megabytes)
{
    const size_t size = 10 << 20;
    static const char end[] = " " T1 "\r\n~Next " T1 "\r\n";
    char *bytes = malloc(size + sizeof end);
    struct event ev;

    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i + 1 < size; i += 2)
        memcpy(bytes + i, "\xc3\xa4", 2);
    memcpy(bytes + size, end, sizeof end);
    struct framing f = framing_all_ways(&sms_log_format, str_make(bytes, size + sizeof end - 1));
    ck_assert_uint_ge(f.n, 11);
    for (size_t i = 0; i < f.n; i++) {
        ck_assert_uint_le(f.span[i].length, FORMAT_WINDOW);
        if (i + 1 < f.n && i)
            ck_assert_uint_eq(f.span[i].offset, f.span[i - 1].offset + f.span[i - 1].length);
        log_parse(&sms_log_format, arena, str_make(bytes + f.span[i].offset, f.span[i].length),
                  DATE_ORDER_MDY, &ev);
        if (i + 2 < f.n) {
            ck_assert(ev.truncated);
            ck_assert_uint_gt(ev.text.n, EVENT_TEXT_MAX - 4);
        }
        if (i + 1 < f.n)
            ck_assert_int_eq(memcmp(ev.text.p, "\xc3\xa4\xc3\xa4", 4), 0);
        if (i + 2 == f.n)
            log_same("10 MB", "component", ev.f.component, "SMS_DESPOOLER");
    }
    log_same("after 10 MB", "text", ev.text, "~Next");
    framing_fini(&f);
    free(bytes);
}
END_TEST

/* White space, dollar signs and brackets without end are decided, too. */
START_TEST(runs_of_one_unit)
{
    static const char *const units[] = {" ",    "$",       "$$<",    "<",       ">",  "\n",     "\r",  "~",
                                        "<br ", "thread=", "$$<A> ", "1/1/99 ", "A;", "A_B_C ", "Fri "};
    const size_t size = 3 << 19;
    char *bytes = malloc(size + 64);
    size_t k = strlen(units[_i]);

    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < size; i += k)
        memcpy(bytes + i, units[_i], k);
    struct framing whole_run, chunked;
    framing_run(&whole_run, &sms_log_format, str_make(bytes, size), SIZE_MAX, false);
    framing_run(&chunked, &sms_log_format, str_make(bytes, size), 100000, true);
    framing_same(&whole_run, &chunked, 100000);
    framing_fini(&whole_run);
    framing_fini(&chunked);
    free(bytes);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sms_frame");
    TCase *frames = tcase_create("framing");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(frames, set_up, tear_down);
    tcase_set_timeout(frames, 120);
    tcase_add_test(frames, article_lines_stay_three);
    tcase_add_test(frames, article_copy_is_one);
    tcase_add_test(frames, several_on_a_line);
    tcase_add_test(frames, line_ends);
    tcase_add_test(frames, trailers_that_repeat);
    tcase_add_test(frames, lines_that_go_on);
    tcase_add_test(frames, joining_has_limits);
    tcase_add_test(frames, openings_begin_a_record);
    tcase_add_test(frames, nuls);
    tcase_add_test(frames, line_of_ten_megabytes);
    tcase_add_loop_test(frames, runs_of_one_unit, 0, 15);
    suite_add_tcase(s, frames);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
