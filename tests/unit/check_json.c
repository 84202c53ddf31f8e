/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_json.c - answers for programs: valid JSON for any bytes, and the words
 * that put.c makes of numbers. */
#include "build.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/json.h"

static struct xml_buf out;

static void
setup(void)
{
    xml_buf_init(&out, 1 << 20);
}

static void
teardown(void)
{
    xml_buf_fini(&out);
}

static void
is(const char *want)
{
    ck_assert(!out.failed);
    ck_assert_msg(out.n == strlen(want) && memcmp(out.p, want, out.n) == 0, "got:\n%.*s\nwant:\n%s", (int) out.n, out.p,
                  want);
}

START_TEST(nesting)
{
    struct json j;

    json_init(&j, &out);
    json_object(&j, NULL);
    json_z(&j, "a", "x");
    json_array(&j, "list");
    json_array_end(&j);
    json_array(&j, "rows");
    json_object(&j, NULL);
    json_uint(&j, "n", UINT64_MAX);
    json_int(&j, "i", -5);
    json_object_end(&j);
    json_bool(&j, NULL, true);
    json_array_end(&j);
    json_z(&j, "none", NULL);
    json_seconds(&j, "s", 1234567890);
    json_seconds(&j, "past", -7);
    json_time(&j, "t", INT64_C(1795385100000000000));
    json_time(&j, "never", 0);
    json_object_end(&j);
    is("{\n \"a\": \"x\",\n \"list\": [],\n \"rows\": [\n  {\n   \"n\": 18446744073709551615,\n   \"i\": -5\n  },\n"
       "  true\n ],\n \"none\": null,\n \"s\": 1.234,\n \"past\": 0.000,\n \"t\": \"2026-11-22T22:05:00Z\",\n"
       " \"never\": null\n}\n");
}
END_TEST

static const struct {
    const char *bytes;
    size_t n;
    const char *json;
} names[] = {
    {"plain", 5, "\"plain\""},
    {"", 0, "\"\""},
    {"a\"b\\c", 5, "\"a\\\"b\\\\c\""},
    {"\\", 1, "\"\\\\\""},
    {"line\nend\x01\x7f", 10, "\"line<0A>end<01><7F>\""},
    {"nul\0x", 5, "\"nul<00>x\""},
    {"\xff\xfe.log", 6, "\"<FF><FE>.log\""},
    {"M\xc3\xbcnchen", 8, "\"M\xc3\xbcnchen\""},
    {"cut \xc3", 5, "\"cut <C3>\""},
    {"\xe2\x80\xa8", 3, "\"<E2><80><A8>\""}, /* U+2028 ends a line in JavaScript */
};

START_TEST(any_bytes)
{
    struct json j;

    json_init(&j, &out);
    json_str(&j, NULL, str_make(names[_i].bytes, names[_i].n));
    is(names[_i].json);
}
END_TEST

/* A character on the border between two pieces of a long text stays whole. */
START_TEST(long_text)
{
    for (size_t shift = 0; shift < 4; shift++) {
        char text[1000];

        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 <= 903 + shift; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 3);
        xml_buf_clear(&out);
        put_shown(&out, str_make(text, 903 + shift));
        ck_assert_uint_eq(out.n, 903 + shift);
        ck_assert_mem_eq(out.p, text, out.n);
    }
}
END_TEST

START_TEST(bound)
{
    struct xml_buf small;

    xml_buf_init(&small, 10);
    put_z(&small, "12345678");
    put_z(&small, "9");
    ck_assert(!small.failed);
    put_z(&small, "ab");
    ck_assert(small.failed);
    ck_assert_uint_eq(small.n, 9);
    put_z(&small, "c"); /* nothing more: half an answer is none */
    ck_assert_uint_eq(small.n, 9);
    xml_buf_fini(&small);
}
END_TEST

START_TEST(formatted_longer_than_its_room)
{
    char text[3000];

    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    put_f(&out, "<%s>", text);
    ck_assert_uint_eq(out.n, sizeof text + 1);
    ck_assert_int_eq(out.p[0], '<');
    ck_assert_int_eq(out.p[out.n - 1], '>');
}
END_TEST

START_TEST(words_of_numbers)
{
    char s[PUT_SHORT];

    ck_assert_str_eq(put_size(s, 0), "0 B");
    ck_assert_str_eq(put_size(s, 1023), "1023 B");
    ck_assert_str_eq(put_size(s, 1536), "1.5 KiB");
    ck_assert_str_eq(put_size(s, UINT64_MAX), "16.0 EiB");
    ck_assert_str_eq(put_span(s, -1), "0 ms");
    ck_assert_str_eq(put_span(s, 999999999), "999 ms");
    ck_assert_str_eq(put_span(s, INT64_C(61) * 1000000000), "1 min 1 s");
    ck_assert_str_eq(put_span(s, INT64_C(3661) * 1000000000), "1 h 1 min");
    ck_assert_str_eq(put_span(s, INT64_C(90000) * 1000000000), "1 d 1 h");
    ck_assert_str_eq(put_span(s, INT64_MAX), "106751 d 23 h");
    ck_assert_str_eq(put_count(s, 0), "0");
    ck_assert_str_eq(put_count(s, 999), "999");
    ck_assert_str_eq(put_count(s, 1000), "1,000");
    ck_assert_str_eq(put_count(s, UINT64_MAX), "18,446,744,073,709,551,615");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("json");
    TCase *t = tcase_create("json");
    SRunner *r;
    int failed;

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, nesting);
    tcase_add_loop_test(t, any_bytes, 0, (int) (sizeof names / sizeof names[0]));
    tcase_add_test(t, long_text);
    tcase_add_test(t, bound);
    tcase_add_test(t, formatted_longer_than_its_room);
    tcase_add_test(t, words_of_numbers);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
