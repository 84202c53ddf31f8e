/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_ascii.c - texts for receivers that know ASCII only: letters of other
 * scripts, what has no letters, bytes that no encoding explains, bounds, and a
 * notification whose every text is ASCII. */
#include "build.h"

#include <check.h>
#include <string.h>

#include "forwarder/ascii.h"
#include "tests/unit/snmp_receiver.h"

static const struct {
    const char *text, *want;
} rows[] = {
    {"", ""},
    {"plain \\\\ANFIELD\\SMS_PKGE", "plain \\\\ANFIELD\\SMS_PKGE"},
    {"M\xc3\xbcnchen, Stra\xc3\x9f" "e", "Munchen, Strasse"},
    {"\xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0", "Moskva"},
    {"\xce\x91\xce\xb8\xce\xae\xce\xbd\xce\xb1", "Athena"},
    {"\xe2\x80\x9cquoted\xe2\x80\x9d \xe2\x80\x93 dash", "\"quoted\" - dash"},
    {"smile \xf0\x9f\x98\x80 end", "smile ? end"},
    {"byte \xee\xbe\x80 kept", "byte \xee\xbe\x80 kept"}, /* U+EF80: the byte 80 */
    {"tab\there", "tab\there"},
    {"bad \xff utf-8", "bad ? utf-8"},
};

START_TEST(texts)
{
    struct ascii *a = ascii_new();
    char out[256];
    size_t n;

    ck_assert_ptr_nonnull(a);
    n = ascii_text(a, str_z(rows[_i].text), out, sizeof out - 1);
    out[n] = '\0';
    ck_assert_str_eq(out, rows[_i].want);
    ascii_free(a);
    ascii_free(NULL);
}
END_TEST

START_TEST(long_texts_are_bounded)
{
    static char text[100000], out[70000];
    struct ascii *a = ascii_new();
    size_t n;

    for (size_t i = 0; i + 3 <= sizeof text; i += 3)
        memcpy(text + i, "\xe6\x97\xa5", 3);
    n = ascii_text(a, str_make(text, sizeof text - 1), out, sizeof out);
    ck_assert_uint_gt(n, 1024);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_lt((unsigned char) out[i], 0x80);
    ck_assert_uint_le(ascii_text(a, str_make(text, 3000), out, 10), 10);
    ascii_free(a);
}
END_TEST

START_TEST(notification_is_ascii)
{
    struct alarm_item a = sample();
    struct datagram d;

    target_default.ascii = true;
    a.key = STR("dist:M\xc3\x9cNCHEN:P1");
    a.f.server = STR("M\xc3\x9cNCHEN");
    a.f.file = STR("E:\\\xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0\\\xee\xbe\x80.exe");
    a.summary = STR("P1 not on \\\\M\xc3\x9cNCHEN: file in use \xf0\x9f\x98\x80");
    round_trip(&a, &d);
    TEXT(&d, KEY, "dist:M<C3><9C>NCHEN:P1");
    TEXT(&d, SERVER, "MUNCHEN");
    TEXT(&d, FILE, "E:\\Moskva\\<80>.exe");
    TEXT(&d, SUMMARY, "P1 not on \\\\MUNCHEN: file in use ?");
    for (unsigned i = 0; i < d.n; i++)
        for (size_t k = 0; d.varbind[i].tag == 0x04 && k < d.varbind[i].n; k++)
            ck_assert_int_lt((unsigned char) d.varbind[i].text[k], 0x80);
    NUMBER(&d, TRUNCATED, 2);
    target_default.ascii = false;
    round_trip(&a, &d);
    TEXT(&d, SERVER, "M\xc3\x9cNCHEN");
}
END_TEST

/* In signs a key of 128 bytes would be four times as long, beyond the budget. */
START_TEST(long_keys_stay_short_and_different)
{
    struct alarm_item a = sample();
    struct datagram first, second;
    char key[129] = "dist:";

    target_default.ascii = true;
    target_default.pdu_size = 1024;
    while (strlen(key) < 123)
        strcat(key, "\xc3\x9c");
    strcat(key, ":P1");
    a.key = str_z(key);
    round_trip(&a, &first);
    ck_assert_uint_eq(value(&first, MIB_OBJECT_KEY)->n, 125);
    ck_assert_int_eq(strncmp(value(&first, MIB_OBJECT_KEY)->text, "dist:<C3><9C><C3>", 17), 0);
    ck_assert_uint_le(first.n, 1024);
    key[strlen(key) - 1] = '2';
    round_trip(&a, &second);
    ck_assert_str_ne(value(&first, MIB_OBJECT_KEY)->text, value(&second, MIB_OBJECT_KEY)->text);
    target_default.ascii = false;
    target_default.pdu_size = 1400;
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("ascii");
    TCase *t = tcase_create("ascii");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, receiver_open, receiver_close);
    tcase_add_loop_test(t, texts, 0, sizeof rows / sizeof *rows);
    tcase_add_test(t, long_texts_are_bounded);
    tcase_add_test(t, notification_is_ascii);
    tcase_add_test(t, long_keys_stay_short_and_different);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
