/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_journal_find.c - single items and times of arrival looked up in the
 * journal, from its own thread and from a reader's; notices, history, and what
 * may be written beyond the limit. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "forwarder/journal.h"
#include "tests/unit/journal_items.h"
#include "tests/unit/scratch.h"

static int
append_alarm(struct journal *j, const char *key, enum alarm_state state, unsigned k, enum event_class cls)
{
    struct alarm_item a = {.cls = cls, .severity = SEVERITY_MAJOR, .state = state, .key = str_z(key)};
    struct item item = {.kind = ITEM_ALARM, .alarm = &a};
    char xml[100];

    sprintf(a.id, "%032x", k);
    return journal_append(j, &item, str_make(xml, (size_t) sprintf(xml, "<alarm n=\"%u\"/>\n", k)), k, false, NULL);
}

START_TEST(keeps_arrival_history_and_notices)
{
    struct journal *j = must_open(1 << 30);
    struct notice_item notice = {.kind = NOTICE_HISTORY, .text = STR("read 5 records")};
    struct event e = {.cls = CLASS_DISK_FULL};
    struct item item = {.kind = ITEM_NOTICE, .notice = &notice}, event = {.kind = ITEM_EVENT, .event = &e};
    struct journal_reader *r;
    struct journal_row row;
    uint64_t seq;

    strcpy(notice.id, "0123456789abcdef0123456789abcdef");
    strcpy(e.id, "ffffffffffffffffffffffffffffffff");
    MUST(journal_begin(j));
    MUST(journal_append(j, &item, STR("<notice/>\n"), INT64_C(1790000000123456789), false, &seq));
    MUST(journal_append(j, &event, STR("<event/>\n"), -5, true, &seq));
    MUST(journal_commit(j));
    journal_close(j);
    j = must_open(1 << 30);
    ck_assert_ptr_nonnull(r = journal_reader_open(j, 0));
    ck_assert_int_eq(journal_reader_next(r, &row), 1);
    ck_assert_int_eq(row.kind, ITEM_NOTICE);
    ck_assert_int_eq(row.cls, CLASS_SELF);
    ck_assert_int_eq(row.severity, SEVERITY_INFO);
    ck_assert(str_eq(row.id, STR("0123456789abcdef0123456789abcdef")));
    ck_assert(str_eq(row.xml, STR("<notice/>\n")));
    ck_assert(!str_has(row.key));
    ck_assert_int_eq(row.arrival_ns, INT64_C(1790000000123456789));
    ck_assert(!row.history);
    ck_assert_int_eq(journal_reader_next(r, &row), 1);
    ck_assert_int_eq(row.arrival_ns, -5);
    ck_assert(row.history);
    journal_reader_close(r);
    journal_close(j);
}
END_TEST

START_TEST(finds_the_newest_change_of_an_alarm)
{
    struct journal *j = must_open(1 << 30);
    struct journal_reader *r;
    struct journal_row row;
    char *to_free;
    bool left;

    ck_assert_int_eq(journal_find_key(j, STR("dist:A:B"), &row, &to_free), -ENOENT);
    append_run(j, 1, 100, 300, 1);
    MUST(journal_begin(j));
    MUST(append_alarm(j, "dist:A:B", ALARM_RAISED, 200, CLASS_DISK_FULL));
    MUST(append_alarm(j, "dist:A:BC", ALARM_RAISED, 201, CLASS_DISK_FULL));
    MUST(append_alarm(j, "dist:A:B", ALARM_CLEARED, 202, CLASS_DISK_FULL));
    MUST(append_alarm(j, "dist:A:", ALARM_UPDATED, 203, CLASS_DISK_FULL));
    MUST(journal_commit(j));
    append_run(j, 300, 100, 300, 1);
    ck_assert_ptr_nonnull(r = journal_reader_open(j, 50));
    MUST(journal_find_key(j, STR("dist:A:B"), &row, &to_free));
    ck_assert_uint_eq(row.seq, 103);
    ck_assert_int_eq(row.state, ALARM_CLEARED);
    ck_assert(str_eq(row.xml, STR("<alarm n=\"202\"/>\n")));
    free(to_free);
    MUST(journal_reader_find_key(r, STR("dist:A:BC"), &row, &to_free));
    ck_assert_uint_eq(row.seq, 102);
    ck_assert(str_eq(row.key, STR("dist:A:BC")));
    free(to_free);
    MUST(journal_reader_find(r, "000000000000000000000000000000ca", &row, &to_free));
    ck_assert_uint_eq(row.seq, 103);
    free(to_free);
    MUST(journal_reader_get(r, 60, &row, &to_free));
    ck_assert_uint_eq(row_number(&row), 60);
    free(to_free);
    ck_assert_int_eq(journal_reader_get(r, 205, &row, &to_free), -ENOENT);
    ck_assert_ptr_null(to_free);
    ck_assert_int_eq(journal_reader_find_key(r, STR("dist"), &row, &to_free), -ENOENT);
    ck_assert_int_eq(journal_reader_find(r, "00000000000000000000000000001000", &row, &to_free), -ENOENT);
    /* None of it moved the reader. */
    ck_assert_int_eq(journal_reader_next(r, &row), 1);
    ck_assert_uint_eq(row.seq, 51);
    /* Trimmed items are in no index any more. */
    MUST(journal_begin(j));
    MUST(journal_trim(j, 103, 1000, 0, 0, &left));
    MUST(journal_commit(j));
    ck_assert_int_eq(journal_find_key(j, STR("dist:A:B"), &row, &to_free), -ENOENT);
    MUST(journal_find_key(j, STR("dist:A:"), &row, &to_free));
    ck_assert_uint_eq(row.seq, 104);
    free(to_free);
    journal_reader_close(r);
    journal_close(j);
}
END_TEST

/* A search by id looks far back, and stops where the journal begins. */
START_TEST(finds_an_id_far_back)
{
    struct journal *j = must_open(1 << 30);
    struct journal_row row;
    char *to_free;
    bool left = true;

    for (unsigned k = 1; k <= 45000; k += 5000)
        append_run(j, k, 5000, 80, k);
    MUST(journal_find(j, "00000000000000000000000000000001", &row, &to_free));
    ck_assert_uint_eq(row.seq, 1);
    free(to_free);
    while (left)
        MUST(journal_trim(j, 30001, 100000, 0, 1 << 30, &left));
    ck_assert_uint_eq(journal_first_seq(j), 30002);
    ck_assert_int_eq(journal_find(j, "00000000000000000000000000000001", &row, &to_free), -ENOENT);
    MUST(journal_find(j, "00000000000000000000000000007532", &row, &to_free));
    ck_assert_uint_eq(row.seq, 30002);
    free(to_free);
    journal_close(j);
}
END_TEST

/* The first row at or after a time, found the slow way. */
static uint64_t
slow_first(struct journal *j, int64_t arrival)
{
    struct journal_reader *r = journal_reader_open(j, 0);
    struct journal_row row;
    uint64_t seq = 0;

    ck_assert_ptr_nonnull(r);
    while (seq == 0 && journal_reader_next(r, &row) == 1)
        if (row.arrival_ns >= arrival)
            seq = row.seq;
    journal_reader_close(r);
    return seq;
}

START_TEST(begins_reading_at_a_time)
{
    struct journal *j = must_open(1 << 30);
    struct journal_reader *r;
    struct journal_row row;
    bool left;

    ck_assert_ptr_nonnull(r = journal_reader_open_at(j, 0));
    ck_assert_int_eq(journal_reader_next(r, &row), 0);
    journal_reader_close(r);
    for (unsigned k = 1; k <= 5000; k += 5)
        append_run(j, k, 5, 80, 1000 + k);
    for (int round = 0; round < 2; round++) {
        for (int64_t t = 900; t < 6100; t += 37) {
            uint64_t expected = slow_first(j, t);

            ck_assert_ptr_nonnull(r = journal_reader_open_at(j, t));
            ck_assert_int_eq(journal_reader_next(r, &row), expected > 0);
            if (expected > 0)
                ck_assert_uint_eq(row.seq, expected);
            journal_reader_close(r);
        }
        MUST(journal_trim(j, 1999, 5000, 0, 1 << 30, &left));
    }
    journal_close(j);
}
END_TEST

START_TEST(lets_its_own_words_pass_the_limit)
{
    struct journal *j = must_open(2 << 20);
    unsigned k = 0, own = 0;
    int result = 0;

    while (result == 0) {
        MUST(journal_begin(j));
        for (unsigned i = 0; i < 100 && (result = append_event(j, k + 1, 450, 1)) == 0; i++)
            k++;
        MUST(journal_commit(j));
    }
    ck_assert_int_eq(result, -ENOSPC);
    ck_assert(journal_limited(j));
    MUST(journal_begin(j));
    ck_assert_uint_lt(journal_room(j), 1000);
    ck_assert_int_eq(append_alarm(j, "dist:A:B", ALARM_RAISED, 1, CLASS_DISK_FULL), -ENOSPC);
    ck_assert(journal_limited(j));
    MUST(append_alarm(j, "self:JOURNAL:FULL", ALARM_RAISED, 2, CLASS_SELF));
    ck_assert(!journal_limited(j));
    MUST(journal_commit(j));
    /* Even that has its bound. */
    result = 0;
    while (result == 0 && own < 1000000) {
        MUST(journal_begin(j));
        for (unsigned i = 0; i < 1000 && result == 0; i++, own++)
            result = append_alarm(j, "self:JOURNAL:FULL", ALARM_UPDATED, 3, CLASS_SELF);
        MUST(journal_commit(j));
    }
    ck_assert_int_eq(result, -ENOSPC);
    ck_assert_uint_le(journal_used(j), (2 << 20) + JOURNAL_RESERVE + 65536);
    ck_assert_uint_eq(journal_room(j), 0);
    journal_close(j);
}
END_TEST

/* Full, then trimmed in the very transaction that goes on writing. */
START_TEST(has_room_again_within_the_transaction_that_trims)
{
    struct journal *j = must_open(4 << 20);
    unsigned k = 0, rounds = 0;
    struct stat st;
    bool left;

    while (rounds++ < 50) {
        MUST(journal_begin(j));
        while (append_event(j, k + 1, 450, 1) == 0)
            k++;
        ck_assert(journal_limited(j));
        MUST(journal_trim(j, k, 2, 0, 1 << 30, &left));
        for (unsigned i = 0; i < 1500; i++)
            MUST(append_event(j, ++k, 450, 1));
        MUST(journal_commit(j));
        ck_assert_uint_le(journal_used(j), (4 << 20) + 65536);
    }
    journal_close(j);
    ck_assert_int_eq(stat(in_dir("state/journal.db"), &st), 0);
    ck_assert_int_le(st.st_size, (4 << 20) + 131072);
}
END_TEST

/* --- a reader in another thread ------------------------------------------------ */

struct looker {
    struct journal *journal;
    unsigned from, to;
    unsigned wrong;
};

/* Reads on while the journal is written, and looks back at what it has read. */
static void *
look(void *arg)
{
    struct looker *l = arg;
    struct journal_reader *r = journal_reader_open(l->journal, l->from);
    struct journal_row row, other;
    unsigned k = l->from;
    char *to_free;

    while (r && k < l->to && l->wrong == 0) {
        int result = journal_reader_next(r, &row);

        if (result < 0 || (result == 1 && row.seq != ++k))
            l->wrong++;
        if (result != 1 || k % 500)
            continue;
        if (journal_reader_get(r, k - 100, &other, &to_free) != 0 || other.seq != k - 100)
            l->wrong++;
        free(to_free);
        if (journal_reader_find_key(r, STR("comp:A:B"), &other, &to_free) != 0 || other.seq > k + 20000)
            l->wrong++;
        free(to_free);
    }
    journal_reader_close(r);
    return r ? NULL : arg;
}

/* A reader that lives all the while does not keep the log from being written back. */
START_TEST(is_read_from_another_thread_while_it_grows)
{
    struct journal *j = must_open(1 << 30);
    struct looker l = {.journal = j, .to = 60000};
    pthread_t thread;
    struct stat st;
    off_t most = 0;
    void *failed;

    MUST(journal_begin(j));
    MUST(append_alarm(j, "comp:A:B", ALARM_RAISED, 1, CLASS_SERVICE));
    MUST(journal_commit(j));
    ck_assert_int_eq(pthread_create(&thread, NULL, look, &l), 0);
    for (unsigned k = 2; k <= l.to; k += 1000) {
        append_run(j, k, 1000, 1000, 1);
        ck_assert_int_eq(stat(in_dir("state/journal.db-wal"), &st), 0);
        most = st.st_size > most ? st.st_size : most;
    }
    ck_assert_int_eq(pthread_join(thread, &failed), 0);
    ck_assert_ptr_null(failed);
    ck_assert_uint_eq(l.wrong, 0);
    ck_assert_msg(most < 40 << 20, "the log grew to %lld bytes", (long long) most);
    journal_close(j);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("journal_find");
    TCase *tc = tcase_create("look");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, keeps_arrival_history_and_notices);
    tcase_add_test(tc, finds_the_newest_change_of_an_alarm);
    tcase_add_test(tc, finds_an_id_far_back);
    tcase_add_test(tc, begins_reading_at_a_time);
    tcase_add_test(tc, lets_its_own_words_pass_the_limit);
    tcase_add_test(tc, has_room_again_within_the_transaction_that_trims);
    tcase_add_test(tc, is_read_from_another_thread_while_it_grows);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
