/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_follow_copies.c - copies of a log that is followed: newer ones, slow ones,
 * backups, files that begin alike, and files that wait for their turn. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "forwarder/follow.h"
#include "tests/unit/follow_log.h"
#include "tests/unit/follow_rotations.h"

/* A newer whole copy comes by rename, by writing over it, after a remount. */
START_TEST(whole_copies)
{
    char *p;
    size_t n;

    more("despool.log", 50);
    start();
    all_came();
    for (int i = 0; i < 12; i++) {
        if (i % 3 == 2)
            taker_stop(t);
        copy("despool.log", "new");
        more("new", 4);
        if (i % 2) {
            p = scratch_read(at("new"), &n);
            put(at("despool.log"), p, n, O_TRUNC);
            free(p);
            unlink(at("new"));
        } else
            move("new", "despool.log");
        if (i % 3 == 2)
            start();
        all_came();
    }
    ck_assert_uint_eq(the_log()->losts, 0);
    ck_assert_uint_eq(the_log()->files, 1 + 4);
}
END_TEST

/* A newer whole copy of a live file that waits until the one before it is final:
 * whichever of them has been seen, each byte comes once. */
START_TEST(whole_copy_of_one_that_waits)
{
    more("despool.log", 50);
    start();
    all_came();
    for (unsigned i = 0; i < 30; i++) {
        by_number();
        more("despool.log", 5);
        usleep(i * POLL_MS * 100);
        copy("despool.log", "new");
        more("new", 4);
        move("new", "despool.log");
        if (i % 5 == 0)
            all_came();
    }
    all_came();
    ck_assert_uint_eq(the_log()->losts, 0);
}
END_TEST

/* A copy that is written slowly, room made first, over the old one. */
START_TEST(slow_copy)
{
    char *p;
    size_t n;
    int fd;

    more("despool.log", 50);
    start();
    all_came();
    copy("despool.log", "new");
    more("new", 40);
    p = scratch_read(at("new"), &n);
    ck_assert_int_ge(fd = open(at("despool.log"), O_WRONLY | O_TRUNC), 0);
    ck_assert_int_eq(ftruncate(fd, (off_t) n), 0);
    for (size_t i = 0; i < n; i += 1000) {
        ck_assert_int_gt(pwrite(fd, p + i, n - i < 1000 ? n - i : 1000, (off_t) i), 0);
        usleep(POLL_MS * 1000);
    }
    close(fd);
    free(p);
    all_came();
    ck_assert_uint_eq(the_log()->losts, 0);
}
END_TEST

/* A backup beside it, and one that is being made, are not read. */
START_TEST(backup_beside)
{
    more("despool.log", 30);
    start();
    all_came();
    copy("despool.log", "despool-20260101.log");
    more("despool.log", 3);
    all_came();
    copy("despool.log", "despool.log.1");
    taker_stop(t);
    more("despool.log", 3);
    start();
    all_came();
    ck_assert_uint_eq(the_log()->losts, 0);
}
END_TEST

/* Files whose first bytes are the same say little; none is taken for another. */
START_TEST(short_beginnings)
{
    start();
    for (int i = 0; i < 6; i++) {
        char line[64];
        int n = snprintf(line, sizeof line, "\xef\xbb\xbfROLLOVER\r\n");

        if (i >= 3)
            taker_stop(t);
        put(at("despool.log"), line, (size_t) n, O_APPEND);
        ck_assert_ptr_nonnull(written = realloc(written, cap_written = n_written + 100000));
        memcpy(written + n_written, line, (size_t) n);
        n_written += (size_t) n;
        if (i < 3)
            all_came();
        more("despool.log", (unsigned) i % 3);
        by_number();
        if (i >= 3) {
            more("despool.log", 1);
            start();
            all_came();
            by_number();
        }
    }
    more("despool.log", 1);
    all_came();
    ck_assert_uint_eq(the_log()->losts, 0);
}
END_TEST

static bool
two_are_open(void)
{
    struct follow_status status;

    follow_status(t->follow, &status);
    return status.files_open >= 2;
}

/* A file that held the mark of its encoding when it was opened, and was filled and
 * packed away while it waited for its turn, is not read twice. */
START_TEST(packed_after_a_short_look)
{
    taker_start(t, pattern, 10 * POLL_MS, false, BUDGET);
    more("despool.log", 3);
    all_came();
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(unlink(at("despool.log")), 0);
        put(at("despool.log"), "\xff\xfe", 2, O_APPEND);
        ck_assert_ptr_nonnull(written = realloc(written, cap_written = n_written + 100000));
        memcpy(written + n_written, "\xff\xfe", 2);
        n_written += 2;
        TAKER_WAIT(t, two_are_open() || the_log()->n == n_written);
        more("despool.log", 40);
        by_gzip();
        more("despool.log", 1);
        all_came();
    }
    ck_assert_uint_eq(the_log()->losts, 0);
}
END_TEST

/* Writes the mark of UTF-16 to the live file, and to what was written. */
static void
mark(void)
{
    put(at("despool.log"), "\xff\xfe", 2, O_APPEND);
    ck_assert_ptr_nonnull(written = realloc(written, cap_written = n_written + 100000));
    memcpy(written + n_written, "\xff\xfe", 2);
    n_written += 2;
}

/* A live file of which no more than the mark of its encoding was known is filled,
 * copied and truncated: while it waits for its turn, and while nobody looks. */
START_TEST(copy_after_a_short_look)
{
    taker_start(t, pattern, (_i == 0 ? 20 : 1) * POLL_MS, false, BUDGET);
    more("despool.log", 30);
    all_came();
    by_date();
    mark();
    if (_i == 0)
        TAKER_WAIT(t, two_are_open() || the_log()->n == n_written);
    else
        all_came();
    if (_i == 1)
        taker_stop(t);
    more("despool.log", 9);
    by_copy();
    mark();
    more("despool.log", 8);
    if (_i == 1)
        taker_start(t, pattern, POLL_MS, false, BUDGET);
    all_came();
    ck_assert_uint_eq(the_log()->losts, 0);
}
END_TEST

/* A file that was read so long ago that nobody remembers its beginning is not
 * taken for the one that was read last, of which only a heading is known. */
START_TEST(heading_of_old)
{
    struct timespec old[2] = {{1000000000, 0}, {1000000000, 0}};

    mark();
    more("despool.log", 20);
    start();
    all_came();
    by_rename_lo();
    for (unsigned i = 0; i <= PLACE_DONE; i++) {
        more("despool.log", 2);
        by_number();
        more("despool.log", 1);
        all_came();
        ck_assert_int_eq(utimensat(AT_FDCWD, at("despool.lo_"), old, 0), 0);
        if (i >= 30)
            unlink(at("despool.log.30"));
    }
    by_date();
    mark();
    all_came();
    taker_stop(t);
    ck_assert_int_eq(unlink(at("despool.log")), 0);
    losts_allowed = 1;
    more("despool.log", 3);
    start();
    all_came();
}
END_TEST

/* Next to nothing was read of a file that is packed now: what begins like it is
 * not taken for it before it can be looked into. */
START_TEST(packed_after_a_mark)
{
    mark();
    taker_start(t, pattern, POLL_MS, false, BUDGET);
    all_came();
    taker_stop(t);
    more("despool.log", 9);
    by_gzip();
    mark();
    more("despool.log", 8);
    taker_start(t, pattern, 10 * POLL_MS, false, BUDGET);
    all_came();
    ck_assert_uint_eq(the_log()->losts, 0);
}
END_TEST

/* A file whose turn has not come is told: the log is not read to its end. */
START_TEST(waiting_is_told)
{
    taker_start(t, pattern, 20 * POLL_MS, false, BUDGET);
    more("despool.log", 5);
    all_came();
    move("despool.log", "despool.log.1");
    more("despool.log", 5);
    TAKER_WAIT(t, the_log()->idle && the_log()->more);
    ck_assert_uint_lt(the_log()->n, n_written);
    TAKER_WAIT(t, the_log()->idle && !the_log()->more);
    all_came();
    more("despool.log", 5);
    by_gzip(); /* it may be written still, for all that can be seen */
    TAKER_WAIT(t, the_log()->more);
    TAKER_WAIT(t, !the_log()->more);
    all_came();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("follow_copies");
    TCase *tc = tcase_create("copies");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, whole_copies);
    tcase_add_test(tc, whole_copy_of_one_that_waits);
    tcase_add_test(tc, slow_copy);
    tcase_add_test(tc, backup_beside);
    tcase_add_test(tc, short_beginnings);
    tcase_add_test(tc, packed_after_a_short_look);
    tcase_add_loop_test(tc, copy_after_a_short_look, 0, 2);
    tcase_add_test(tc, packed_after_a_mark);
    tcase_add_test(tc, heading_of_old);
    tcase_add_test(tc, waiting_is_told);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
