/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_when.c - civil time against the C library's own, ISO text both ways,
 * and zones: doubled and missing hours, Windows names, fixed offsets. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "parsers/when.h"

static int64_t
at(int year, int month, int day, int hour, int minute, int second)
{
    int64_t t;

    ck_assert(when_civil(year, month, day, hour, minute, second, 0, &t));
    return t;
}

START_TEST(counts_days_as_the_c_library_does)
{
    for (int year = 1901; year <= 2199; year++)
        for (int month = 1; month <= 12; month++) {
            struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = 1 + (year + month) % 28,
                            .tm_hour = month, .tm_min = year % 60, .tm_sec = 59};
            char iso[WHEN_TEXT_SIZE], expected[64];
            int64_t t = at(year, month, tm.tm_mday, tm.tm_hour, tm.tm_min, 59);

            strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &tm);
            ck_assert_int_eq(t / WHEN_SECOND, (int64_t) timegm(&tm));
            ck_assert_uint_eq(when_iso(t, 0, iso), 19);
            ck_assert_str_eq(iso, expected);
        }
}
END_TEST

START_TEST(refuses_what_is_no_date)
{
    static const int rows[][6] = {
        {1899, 1, 1, 0, 0, 0},  {2201, 1, 1, 0, 0, 0},  {1998, 0, 1, 0, 0, 0},   {1998, 13, 1, 0, 0, 0},
        {1998, 2, 29, 0, 0, 0}, {2000, 2, 30, 0, 0, 0}, {1900, 2, 29, 0, 0, 0},  {1998, 4, 31, 0, 0, 0},
        {1998, 1, 0, 0, 0, 0},  {1998, 1, 1, 24, 0, 0}, {1998, 1, 1, 0, 60, 0},  {1998, 1, 1, 0, 0, 60},
        {1998, 1, 1, -1, 0, 0}, {1998, 1, 1, 0, -1, 0}, {1998, 1, 1, 0, 0, -1},
    };
    int64_t t;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert(!when_civil(rows[i][0], rows[i][1], rows[i][2], rows[i][3], rows[i][4], rows[i][5], 0, &t));
    ck_assert(!when_civil(1998, 1, 1, 0, 0, 0, 1000000000, &t));
    ck_assert(when_civil(2000, 2, 29, 23, 59, 59, 999999999, &t));
    ck_assert(when_civil(1900, 1, 1, 0, 0, 0, 0, &t) && when_civil(2200, 12, 31, 23, 59, 59, 0, &t));
}
END_TEST

START_TEST(writes_fractions_cut_and_not_rounded)
{
    char iso[WHEN_TEXT_SIZE];
    int64_t t;

    ck_assert(when_civil(1998, 9, 10, 9, 55, 37, 987654321, &t));
    for (unsigned digits = 0; digits <= 12; digits++) {
        size_t n = when_iso(t, digits, iso);
        unsigned shown = digits > 9 ? 9 : digits;

        ck_assert_uint_eq(n, shown ? 20 + shown : 19);
        ck_assert_uint_eq(strlen(iso), n);
        ck_assert_int_eq(strncmp(iso, "1998-09-10T09:55:37.987654321", n), 0);
    }
    when_iso(-1, 9, iso);
    ck_assert_str_eq(iso, "1969-12-31T23:59:59.999999999");
    ck_assert_uint_le(when_iso(INT64_MIN, 9, iso), WHEN_TEXT_SIZE - 1);
    ck_assert_uint_le(when_iso(INT64_MAX, 9, iso), WHEN_TEXT_SIZE - 1);
}
END_TEST

START_TEST(reads_iso_and_writes_it_back)
{
    static const struct {
        const char *in, *utc, *local;
    } rows[] = {
        {"1998-09-10T16:55:40Z", "1998-09-10T16:55:40Z", NULL},
        {"1998-09-10T16:55:40.000000000Z", "1998-09-10T16:55:40.000000000Z", NULL},
        {"1998-09-10 16:55:40", NULL, "1998-09-10T16:55:40"},
        {"1998-09-10T09:55:40-07:00", "1998-09-10T16:55:40Z", "1998-09-10T09:55:40"},
        {"1998-09-10T22:25:40.5+05:30", "1998-09-10T16:55:40.5Z", "1998-09-10T22:25:40.5"},
        {"1998-09-10T16:55:40.1234567891Z", "1998-09-10T16:55:40.123456789Z", NULL},
        {"1998-09-10T16:55:40+15:00", NULL, NULL},
        {"1998-09-10T16:55:40z", NULL, NULL},
        {"1998-09-10T16:55:40Z ", NULL, NULL},
        {"1998-9-10T16:55:40Z", NULL, NULL},
        {"1998-09-31T16:55:40Z", NULL, NULL},
        {"1998-09-10T16:55", NULL, NULL},
        {"", NULL, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct when w = {0};
        char text[WHEN_TEXT_SIZE];
        bool ok = when_parse_iso(str_z(rows[i].in), &w);

        ck_assert_msg(ok == (rows[i].utc || rows[i].local), "%s", rows[i].in);
        if (!ok)
            continue;
        when_text(&w, text);
        ck_assert_str_eq(text, rows[i].utc ? rows[i].utc : rows[i].local);
        ck_assert(w.utc_known == (rows[i].utc != NULL) && w.local_known == (rows[i].local != NULL));
        if (rows[i].local) {
            when_iso(w.local, w.fraction, text);
            ck_assert_str_eq(text, rows[i].local);
        }
    }
}
END_TEST

START_TEST(knows_months_and_short_years)
{
    ck_assert_int_eq(when_month("Jan"), 1);
    ck_assert_int_eq(when_month("SEP"), 9);
    ck_assert_int_eq(when_month("dec"), 12);
    ck_assert_int_eq(when_month("Sex"), 0);
    ck_assert_int_eq(when_pivot(70), 1970);
    ck_assert_int_eq(when_pivot(99), 1999);
    ck_assert_int_eq(when_pivot(0), 2000);
    ck_assert_int_eq(when_pivot(69), 2069);
}
END_TEST

/* Local digits in 'zone', with what the record calls it, to UTC. */
static const struct {
    const char *zone, *record, *local, *utc;
    enum when_dst dst;
} zoned[] = {
    {"America/Los_Angeles", NULL, "1998-09-10T09:55:37", "1998-09-10T16:55:37Z", WHEN_DST_NONE},
    {"America/Los_Angeles", NULL, "1998-12-10T09:55:37", "1998-12-10T17:55:37Z", WHEN_DST_NONE},
    {"Pacific Daylight Time", NULL, "1998-09-10T09:55:37", "1998-09-10T16:55:37Z", WHEN_DST_NONE},
    {"Pacific Standard Time", NULL, "1998-12-10T09:55:37", "1998-12-10T17:55:37Z", WHEN_DST_NONE},
    /* The name is no evidence of the offset (Q303279): the rules of the date are. */
    {"Central Standard Time", "Central Standard Time", "2001-07-04T09:46:43", "2001-07-04T14:46:43Z", WHEN_DST_NONE},
    {"GMT Daylight Time", NULL, "2018-06-14T06:56:25", "2018-06-14T05:56:25Z", WHEN_DST_NONE},
    {"GMT Standard Time", NULL, "2018-01-14T06:56:25", "2018-01-14T06:56:25Z", WHEN_DST_NONE},
    {"W. Europe Daylight Time", NULL, "2018-06-14T06:56:25", "2018-06-14T04:56:25Z", WHEN_DST_NONE},
    {"India Standard Time", NULL, "2018-06-14T06:56:25", "2018-06-14T01:26:25Z", WHEN_DST_NONE},
    /* Doubled hour: 25 October 1998, 02:00 becomes 01:00. */
    {"America/Los_Angeles", NULL, "1998-10-25T00:59:59", "1998-10-25T07:59:59Z", WHEN_DST_NONE},
    {"America/Los_Angeles", NULL, "1998-10-25T01:00:00", "1998-10-25T08:00:00Z", WHEN_DST_FIRST},
    {"America/Los_Angeles", NULL, "1998-10-25T01:59:59", "1998-10-25T08:59:59Z", WHEN_DST_FIRST},
    {"America/Los_Angeles", NULL, "1998-10-25T02:00:00", "1998-10-25T10:00:00Z", WHEN_DST_NONE},
    {"America/Los_Angeles", "Pacific Daylight Time", "1998-10-25T01:30:00", "1998-10-25T08:30:00Z", WHEN_DST_NONE},
    {"America/Los_Angeles", "Pacific Standard Time", "1998-10-25T01:30:00", "1998-10-25T09:30:00Z", WHEN_DST_NONE},
    {"Pacific Standard Time", "Pacific Standard Time", "1998-10-25T01:30:00", "1998-10-25T09:30:00Z", WHEN_DST_NONE},
    /* Missing hour: 5 April 1998, 02:00 becomes 03:00. */
    {"America/Los_Angeles", NULL, "1998-04-05T01:59:59", "1998-04-05T09:59:59Z", WHEN_DST_NONE},
    {"America/Los_Angeles", NULL, "1998-04-05T02:00:00", "1998-04-05T10:00:00Z", WHEN_DST_SHIFTED},
    {"America/Los_Angeles", NULL, "1998-04-05T02:59:59", "1998-04-05T10:59:59Z", WHEN_DST_SHIFTED},
    {"America/Los_Angeles", NULL, "1998-04-05T03:00:00", "1998-04-05T10:00:00Z", WHEN_DST_NONE},
    /* The other hemisphere, a half hour of change, a change at one minute past. */
    {"Australia/Sydney", NULL, "2010-04-04T02:30:00", "2010-04-03T15:30:00Z", WHEN_DST_FIRST},
    {"Australia/Lord_Howe", NULL, "2010-10-03T02:15:00", "2010-10-02T15:45:00Z", WHEN_DST_SHIFTED},
    {"America/St_Johns", NULL, "2000-04-02T00:00:30", "2000-04-02T03:30:30Z", WHEN_DST_NONE},
    {"America/St_Johns", NULL, "2000-04-02T00:01:30", "2000-04-02T03:31:30Z", WHEN_DST_SHIFTED},
    {"Asia/Kathmandu", NULL, "1998-09-10T22:40:37", "1998-09-10T16:55:37Z", WHEN_DST_NONE},
    {"UTC", NULL, "1998-09-10T16:55:37", "1998-09-10T16:55:37Z", WHEN_DST_NONE},
    {"+02:00", NULL, "1998-09-10T18:55:37", "1998-09-10T16:55:37Z", WHEN_DST_NONE},
    {"-03:30", NULL, "1998-09-10T13:25:37", "1998-09-10T16:55:37Z", WHEN_DST_NONE},
    {"+14:00", NULL, "1998-09-11T06:55:37", "1998-09-10T16:55:37Z", WHEN_DST_NONE},
};

START_TEST(turns_local_digits_into_utc)
{
    struct zone *z;
    struct when w = {0};
    char text[WHEN_TEXT_SIZE];

    z = zone_open(str_z(zoned[_i].zone));
    ck_assert_msg(z != NULL, "nobody knows %s", zoned[_i].zone);
    ck_assert(when_parse_iso(str_z(zoned[_i].local), &w));
    w.zone = str_z(zoned[_i].record);
    ck_assert(zone_apply(z, &w));
    when_text(&w, text);
    ck_assert_msg(strcmp(text, zoned[_i].utc) == 0, "%s %s: expected %s, got %s", zoned[_i].zone, zoned[_i].local,
                  zoned[_i].utc, text);
    ck_assert_int_eq(w.dst, zoned[_i].dst);
    zone_close(z);
}
END_TEST

/* What one minute was resolved to must not colour the next record's answer. */
START_TEST(answers_do_not_depend_on_what_was_asked_before)
{
    struct zone *z = zone_open(STR("America/St_Johns"));
    int64_t from = at(2000, 4, 1, 23, 0, 0), fall = at(2000, 10, 28, 22, 0, 0);

    for (int pass = 0; pass < 2; pass++)
        for (int64_t t = pass ? fall : from, end = t + 4 * WHEN_HOUR; t < end; t += 10 * WHEN_SECOND) {
            struct zone *fresh = zone_open(STR("America/St_Johns"));
            struct when a = {.local = t, .local_known = true}, b = a;

            ck_assert(zone_apply(z, &a) && zone_apply(fresh, &b));
            ck_assert_int_eq(a.utc, b.utc);
            ck_assert_int_eq(a.dst, b.dst);
            zone_close(fresh);
        }
    zone_close(z);
}
END_TEST

START_TEST(refuses_unknown_zones)
{
    static const char *const rows[] = {"", "Nowhere/Land", "Pacific Tea Time", "+25:00", "+2:00", "+0200", "\xc3\xa9",
                                       "Etc/Unknown", "America/Los_Angeles\n"};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zone *z = zone_open(str_z(rows[i]));

        ck_assert_msg(z == NULL, "'%s' was taken for a zone", rows[i]);
    }
    zone_close(NULL);
}
END_TEST

START_TEST(caches_a_bounded_number_of_names)
{
    struct zone_cache *c = zone_cache_new();
    struct zone *la = zone_cache_get(c, STR("America/Los_Angeles"));
    char name[32];

    ck_assert_ptr_nonnull(la);
    ck_assert_ptr_eq(zone_cache_get(c, STR("America/Los_Angeles")), la);
    ck_assert_ptr_null(zone_cache_get(c, STR("Nowhere")));
    for (int i = 0; i < 1000; i++)
        ck_assert_ptr_null(zone_cache_get(c, str_make(name, (size_t) snprintf(name, sizeof name, "Nowhere %d", i))));
    ck_assert_ptr_nonnull(zone_cache_get(c, STR("America/Los_Angeles")));
    ck_assert_str_eq(zone_name(zone_cache_get(c, STR("Pacific Daylight Time"))), "America/Los_Angeles");
    zone_cache_free(c);
    zone_cache_free(NULL);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("when");
    TCase *tc = tcase_create("when");
    SRunner *sr;
    int failed;

    tcase_add_test(tc, counts_days_as_the_c_library_does);
    tcase_add_test(tc, refuses_what_is_no_date);
    tcase_add_test(tc, writes_fractions_cut_and_not_rounded);
    tcase_add_test(tc, reads_iso_and_writes_it_back);
    tcase_add_test(tc, knows_months_and_short_years);
    tcase_add_loop_test(tc, turns_local_digits_into_utc, 0, (int) (sizeof zoned / sizeof zoned[0]));
    tcase_add_test(tc, answers_do_not_depend_on_what_was_asked_before);
    tcase_add_test(tc, refuses_unknown_zones);
    tcase_add_test(tc, caches_a_bounded_number_of_names);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
