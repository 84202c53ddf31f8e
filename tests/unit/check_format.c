/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_format.c - the table of formats: names, vtables, and which format the
 * first bytes of a file choose. */
#include "build.h"

#include "parsers/format.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

START_TEST(table_is_whole)
{
    size_t n = 0;

    for (; format_table[n]; n++) {
        const struct format *f = format_table[n];

        ck_assert_ptr_nonnull(f->name);
        ck_assert_ptr_nonnull(f->probe);
        ck_assert_ptr_nonnull(f->next);
        ck_assert_ptr_nonnull(f->parse);
        ck_assert_uint_le(f->state_size, 1024);
        ck_assert_ptr_eq(format_find(str_z(f->name)), f);
        for (size_t i = 0; i < n; i++)
            ck_assert_str_ne(f->name, format_table[i]->name);
    }
    ck_assert_uint_ge(n, 4);
    ck_assert_ptr_eq(format_find(STR("event-xml")), &event_xml_format);
    ck_assert_ptr_null(format_find(STR("event")));
    ck_assert_ptr_null(format_find(STR("event-xml2")));
    ck_assert_ptr_null(format_find(STR("")));
    ck_assert_ptr_null(format_find(STR("auto")));
}
END_TEST

static const struct {
    const char *head, *name; /* NULL: no event-log form, at most the one for any text */
} heads[] = {
    {"~Waiting for ready instruction file....  $$<SMS_DESPOOLER><Thu Sep 10 09:55:37 1998~><thread=1D0>\r\n", "sms-log"},
    {"<![LOG[text]LOG]!><time=\"09:55:37.123+420\" date=\"09-10-2012\" component=\"SMS_DESPOOLER\" context=\"\" type=\"1\""
     " thread=\"464\" file=\"a.cpp:1\">\r\n",
     "bracket-log"},
    {"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>", "event-xml"},
    {"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\r\n<Events><Event "
     "xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>",
     "event-xml"},
    {"9/10/98,9:55:37 AM,SMS,Error,None,109,N/A,ANFIELD,Failed to install package.\r\n", "viewer-text"},
    {"10.09.1998\t09:55:37\tSMS\tError\tNone\t109\tN/A\tANFIELD\tFailed to install package.\r\n", "viewer-text"},
    {"Type\tDate\tTime\tSource\tCategory\tEvent\tUser\tComputer\r\nError\t9/10/98\t9:55 AM\tSMS\tNone\t109\tN/A\tA\r\n",
     "viewer-text"},
    {"      Event 109\n      Failed to install package. There isn't sufficient disk space on package\n", "viewer-text"},
    {"Event ID: 109\nSource: SMS\nFailed.\n", "viewer-text"},
    {"Failed to install package. There isn't sufficient disk space on package server \\\\A\\B\\C.\n", "viewer-text"},
    {"", NULL},
    {"\x01\x02\x03\x04", NULL},
    {"#!/bin/sh\nexit 0\n", NULL},
    {"<html><body>Event</body></html>\n", NULL},
};

START_TEST(head_chooses_its_format)
{
    const struct format *f = format_probe(str_z(heads[_i].head));

    if (heads[_i].name)
        ck_assert_msg(f && strcmp(f->name, heads[_i].name) == 0, "%s: %s", heads[_i].head, f ? f->name : "none");
    else
        ck_assert_msg(!f || f == &sms_log_format, "%s: %s", heads[_i].head, f->name);
}
END_TEST

/* The winner has the best score, and of equals is the first. */
START_TEST(best_score_wins)
{
    uint64_t seed = 11;
    char bytes[600];

    for (int i = 0; i < 20000; i++) {
        size_t n = 0;
        const struct format *won;
        int best = 0;

        for (int k = 0; k < 4 && n < 300; k++) {
            const char *piece;
            size_t len;

            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            piece = heads[(seed >> 20) % (sizeof heads / sizeof *heads)].head;
            len = (seed >> 40) % 120;
            if (len > strlen(piece))
                len = strlen(piece);
            memcpy(bytes + n, piece, len);
            n += len;
        }
        won = format_probe(str_make(bytes, n));
        for (size_t k = 0; format_table[k]; k++) {
            int score = format_table[k]->probe(str_make(bytes, n));

            ck_assert_int_ge(score, 0);
            ck_assert_int_le(score, 100);
            if (score > best) {
                best = score;
                ck_assert_msg(won == format_table[k] || won->probe(str_make(bytes, n)) > score, "%.*s", (int) n, bytes);
            }
        }
        ck_assert((won == NULL) == (best == 0));
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("format");
    TCase *table = tcase_create("table");
    SRunner *sr;
    int failed;

    tcase_add_test(table, table_is_whole);
    tcase_add_loop_test(table, head_chooses_its_format, 0, sizeof heads / sizeof *heads);
    tcase_add_test(table, best_score_wins);
    suite_add_tcase(s, table);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
