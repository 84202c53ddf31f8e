/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_id.c - ids against values computed elsewhere (they must never change:
 * receivers know records by them), and the counting of equal records. */
#include "build.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "parsers/id.h"
#include "parsers/when.h"

static const char *
hex(const uint8_t digest[16])
{
    static char text[4][EVENT_ID_SIZE];
    static unsigned turn;
    char *out = text[turn++ % 4];

    id_text(digest, out);
    return out;
}

/* First 16 bytes of SHA-256 over a block (SHA-256 of "FORMAT\0HOST\0", filled
 * with zeros to 64 bytes) and the raw bytes; by Python's hashlib. */
START_TEST(ids_are_what_they_always_were)
{
    struct id_hasher *h = id_hasher_new();
    uint8_t d[16];
    char out[EVENT_ID_SIZE];

    ck_assert(id_begin(h, STR("sms-log"), STR("Anfield")) && id_add(h, "a rec", 5) && id_add(h, "ord\r\n", 5)
              && id_end(h, d));
    ck_assert_str_eq(hex(d), "590a3e48b34d03adcbf02352992bf5fb");
    ck_assert(id_mix(h, d, 7));
    ck_assert_str_eq(hex(d), "72ac4e5065f739fa4a5a362775268167");
    ck_assert(id_alarm(h, STR("dist:ANFIELD:DOG0005D"), 1, 0, out));
    ck_assert_str_eq(out, "744ab39c074d5577d23ecf2a82ac2add");
    id_hasher_free(h);
    id_hasher_free(NULL);
}
END_TEST

START_TEST(one_hasher_serves_many_records)
{
    struct id_hasher *h = id_hasher_new(), *fresh;
    static const struct {
        struct str format, host, raw;
    } rows[] = {{{"sms-log", 7}, {"A", 1}, {"x", 1}},   {{"sms-log", 7}, {"A", 1}, {"y", 1}},
                {{"sms-log", 7}, {"B", 1}, {"x", 1}},   {{"event-xml", 9}, {"A", 1}, {"x", 1}},
                {{"sms-log", 7}, {NULL, 0}, {"x", 1}},  {{"sms-log", 7}, {"A", 1}, {"", 0}},
                {{"sms-logA", 8}, {NULL, 0}, {"x", 1}}, {{"sms-log", 7}, {"A", 1}, {"x", 1}}};
    uint8_t d[8][16], other[16];

    for (unsigned i = 0; i < 8; i++) {
        ck_assert(id_begin(h, rows[i].format, rows[i].host) && id_add(h, rows[i].raw.p, rows[i].raw.n)
                  && id_end(h, d[i]));
        fresh = id_hasher_new();
        ck_assert(id_begin(fresh, rows[i].format, rows[i].host) && id_add(fresh, rows[i].raw.p, rows[i].raw.n)
                  && id_end(fresh, other));
        ck_assert_mem_eq(d[i], other, 16);
        id_hasher_free(fresh);
        for (unsigned k = 0; k < i; k++)
            ck_assert((memcmp(d[i], d[k], 16) == 0) == (i == 7 && k == 0));
    }
    id_hasher_free(h);
}
END_TEST

START_TEST(long_names_are_bounded)
{
    struct id_hasher *h = id_hasher_new();
    static char name[5000];
    uint8_t a[16], b[16];

    memset(name, 'h', sizeof name);
    ck_assert(id_begin(h, STR("sms-log"), str_make(name, sizeof name)) && id_end(h, a));
    ck_assert(id_begin(h, str_make(name, sizeof name), str_make(name, sizeof name)) && id_end(h, b));
    ck_assert_mem_ne(a, b, 16);
    id_hasher_free(h);
}
END_TEST

START_TEST(counts_equal_records_within_5_seconds)
{
    static struct id_recent r;
    uint8_t a[16] = {1}, b[16] = {2};
    int64_t t = 900000000 * WHEN_SECOND;

    ck_assert_uint_eq(id_recent_ordinal(&r, a, t), 0);
    ck_assert_uint_eq(id_recent_ordinal(&r, a, t), 1);
    ck_assert_uint_eq(id_recent_ordinal(&r, b, t), 0);
    ck_assert_uint_eq(id_recent_ordinal(&r, a, t + 5 * WHEN_SECOND), 2);
    ck_assert_uint_eq(id_recent_ordinal(&r, a, t + 10 * WHEN_SECOND), 3);
    ck_assert_uint_eq(id_recent_ordinal(&r, a, t + 15 * WHEN_SECOND + 1), 0);
    ck_assert_uint_eq(id_recent_ordinal(&r, a, t + 13 * WHEN_SECOND), 1);
    ck_assert_uint_eq(id_recent_ordinal(&r, a, t), 0);
}
END_TEST

/* However many others come between, its size is fixed, and a record that was
 * pushed out begins at 0 again. */
START_TEST(forgets_the_oldest_and_no_more)
{
    static struct id_recent r;
    int64_t t = 900000000 * WHEN_SECOND;

    for (unsigned i = 0; i < 100000; i++) {
        uint8_t d[16] = {(uint8_t) i, (uint8_t) (i >> 8), (uint8_t) (i >> 16), 9, 9, 9, 9, 9, (uint8_t) (i * 7),
                         (uint8_t) (i >> 5)};

        ck_assert_uint_eq(id_recent_ordinal(&r, d, t + i), 0);
        ck_assert_uint_eq(id_recent_ordinal(&r, d, t + i), 1);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("id");
    TCase *tc = tcase_create("id");
    SRunner *sr;
    int failed;

    tcase_add_test(tc, ids_are_what_they_always_were);
    tcase_add_test(tc, one_hasher_serves_many_records);
    tcase_add_test(tc, long_names_are_bounded);
    tcase_add_test(tc, counts_equal_records_within_5_seconds);
    tcase_add_test(tc, forgets_the_oldest_and_no_more);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
