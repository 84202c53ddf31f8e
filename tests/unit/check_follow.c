/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_follow.c - files that are rotated in every way, while they are followed
 * and while nobody looks: each byte comes out once, in order. */
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

/* --- kinds of rotation -------------------------------------------------------- */

static void
by_rename_lo(void)
{
    move("despool.log", "despool.lo_");
}

static void
by_date(void)
{
    static unsigned day;
    char name[64];

    do
        snprintf(name, sizeof name, "despool-202602%02u-1200%02u.log", 1 + day / 60 % 28, day % 60);
    while (day++, access(at(name), F_OK) == 0);
    move("despool.log", name);
}

static void
by_copy(void)
{
    for (int i = 40; i > 0; i--) {
        char a[64], b[64];

        snprintf(a, sizeof a, "despool.log.%d", i);
        snprintf(b, sizeof b, "despool.log.%d", i + 1);
        if (access(at(a), F_OK) == 0)
            move(a, b);
    }
    copy("despool.log", "despool.log.1");
    ck_assert_int_eq(truncate(at("despool.log"), 0), 0);
}

static void
by_gzip(void)
{
    for (int i = 40; i > 0; i--) {
        char a[64], b[64];

        snprintf(a, sizeof a, "despool.log.%d.gz", i);
        snprintf(b, sizeof b, "despool.log.%d.gz", i + 1);
        if (access(at(a), F_OK) == 0)
            move(a, b);
    }
    move("despool.log", "despool.log.1");
    pack("despool.log.1", true);
}

/* Under a name that is no generation's: found by its inode. */
static void
by_other_name(void)
{
    static unsigned n;
    char name[64];

    snprintf(name, sizeof name, "aside-%u.old", n++);
    move("despool.log", name);
}

static void (*const rotations[])(void) = {by_rename_lo, by_number, by_date, by_copy, by_gzip, by_other_name};
enum { ROTATIONS = sizeof rotations / sizeof rotations[0] };

START_TEST(rotation_while_followed)
{
    more("despool.log", 30);
    start();
    all_came();
    for (int round = 0; round < 4; round++) {
        more("despool.log", 7); /* its last bytes are read after it was renamed, or before */
        rotations[_i]();
        more("despool.log", 5 + (unsigned) round * 20);
        all_came();
    }
    ck_assert_uint_eq(the_log()->losts, 0);
}
END_TEST

START_TEST(rotation_while_stopped)
{
    more("despool.log", 30);
    start();
    all_came();
    for (int round = 0; round < 4; round++) {
        taker_stop(t);
        more("despool.log", 9);
        rotations[_i]();
        more("despool.log", 1 + (unsigned) round * 30);
        start();
        all_came();
    }
    ck_assert_uint_eq(the_log()->losts, 0);
}
END_TEST

START_TEST(rotations_in_a_row)
{
    more("despool.log", 20);
    start();
    all_came();
    for (int stopped = 0; stopped < 2; stopped++) {
        if (stopped)
            taker_stop(t);
        if (_i != 0 && _i != 5) /* .lo_ keeps one; a name that says nothing is found by inode alone */
            for (int k = 0; k < 3; k++) {
                more("despool.log", 11);
                rotations[_i]();
            }
        more("despool.log", 12);
        if (stopped)
            start();
        all_came();
    }
    ck_assert_uint_eq(the_log()->losts, 0);
}
END_TEST

/* The first start reads the generations, oldest first. */
START_TEST(first_start)
{
    more("despool.log.3", 5);
    pack("despool.log.3", true);
    more("despool.log.2", 6);
    more("Despool.LOG.1", 7);
    more("despool.log", 8);
    start();
    all_came();
    ck_assert_uint_eq(the_log()->files, 4);
    ck_assert_uint_eq(the_log()->finals, 3);
    ck_assert_uint_eq(t->seen, 1);
}
END_TEST

START_TEST(once_reads_all)
{
    struct follow_status st;

    more("despool.lo_", 5000);
    more("despool.log", 6);
    for (int round = 0; round < 3; round++) {
        taker_start(t, pattern, POLL_MS, true, BUDGET);
        TAKER_WAIT(t, the_log() && the_log()->gone);
        for (int i = 0; i < 1000; i++) {
            follow_status(t->follow, &st);
            if (st.ended)
                break;
            usleep(1000);
        }
        ck_assert(st.ended);
        ck_assert_uint_eq(st.logs, 0);
        taker_stop(t);
        ck_assert_uint_eq(the_log()->n, n_written);
        ck_assert(memcmp(the_log()->bytes, written, n_written) == 0);
        ck_assert_uint_eq(the_log()->losts, 0);
        if (round == 0)
            more("despool.log", 3);
    }
}
END_TEST

/* --- identity ------------------------------------------------------------------ */

/* Deleted and made anew, until the inode is the same, with a longer file. */
START_TEST(inode_reuse)
{
    struct stat before, after;
    char aside[64];

    more("despool.log", 20);
    start();
    all_came();
    losts_allowed = _i ? 5 : 0;
    for (unsigned i = 0; i < 5; i++) {
        if (_i)
            taker_stop(t);
        ck_assert_int_eq(stat(at("despool.log"), &before), 0);
        ck_assert_int_eq(unlink(at("despool.log")), 0);
        for (unsigned k = 0; k < 200; k++) {
            snprintf(aside, sizeof aside, "x%u", k);
            put(at(aside), "", 0, 0);
            ck_assert_int_eq(stat(at(aside), &after), 0);
            if (after.st_ino == before.st_ino) {
                move(aside, "despool.log");
                break;
            }
        }
        for (unsigned k = 0; k < 200; k++) {
            snprintf(aside, sizeof aside, "x%u", k);
            unlink(at(aside));
        }
        more("despool.log", 40 + i * 20);
        if (_i)
            start();
        all_came();
    }
    ck_assert_uint_eq(the_log()->losts, _i ? 5 : 0); /* nobody looked at its end */
}
END_TEST

/* Shrinks and grows past the old offset while nobody looks. */
START_TEST(shrinks_and_grows)
{
    more("despool.log", 50);
    start();
    all_came();
    taker_stop(t);
    copy("despool.log", "despool.lo_");
    ck_assert_int_eq(truncate(at("despool.log"), 0), 0);
    more("despool.log", 90);
    start();
    all_came();
    ck_assert_uint_eq(the_log()->losts, 0);
    taker_stop(t);
    losts_allowed = 1;
    ck_assert_int_eq(truncate(at("despool.log"), 0), 0);
    more("despool.log", 190);
    start();
    all_came();
    ck_assert_uint_eq(the_log()->losts, 1);
    ck_assert_ptr_nonnull(strstr(the_log()->lost, "despool.log"));
}
END_TEST

START_TEST(truncated_without_copy)
{
    more("despool.log", 50);
    start();
    all_came();
    losts_allowed = 1;
    ck_assert_int_eq(truncate(at("despool.log"), 0), 0);
    more("despool.log", 3);
    all_came();
    ck_assert_uint_eq(the_log()->losts, 1);
    ck_assert_ptr_nonnull(strstr(the_log()->lost, "truncated after byte"));
}
END_TEST

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

/* --- at random -------------------------------------------------------------------- */

static unsigned seed;

static unsigned
any(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % n;
}

/* Appends, rotates in one way, stops and starts, in any order. */
START_TEST(at_random)
{
    const char *given = getenv("FOLLOW_SEED");
    unsigned began = given ? (unsigned) strtoul(given, NULL, 10) : (unsigned) clock_utc() + (unsigned) _i;
    unsigned unread = 0;

    seed = began;
    printf("check_follow: kind %d FOLLOW_SEED=%u\n", _i, began);
    more("despool.log", 30);
    start();
    all_came();
    for (int step = 0; step < 120; step++) {
        switch (any(8)) {
        case 0:
            if (t->follow)
                taker_stop(t);
            else
                start();
            break;
        case 1:
        case 2:
            /* One generation only, or a name that says nothing: not twice unseen. */
            if (access(at("despool.log"), F_OK) || unread >= (_i == 0 || _i == 5 ? 1 : 7))
                break;
            rotations[_i]();
            unread++;
            break;
        case 3:
            if (t->follow && access(at("despool.log"), F_OK) == 0) {
                more("despool.log", 1);
                all_came();
                unread = 0;
            }
            break;
        case 4:
            usleep(any(40) * 1000);
            break;
        default:
            more("despool.log", 1 + any(60));
        }
    }
    if (!t->follow)
        start();
    more("despool.log", 1);
    all_came();
    ck_assert_msg(the_log()->losts == 0, "%s", the_log()->lost);
}
END_TEST

/* A writer that never waits for its reader: rotations come while files are being
 * looked for, opened and read. */
struct storm {
    void (*rotate)(void);
    unsigned rounds, pause_us;
};

static void *
write_on(void *arg)
{
    struct storm *w = arg;

    for (unsigned i = 0; i < w->rounds; i++) {
        more("despool.log", 1 + i * 7 % 60);
        usleep(w->pause_us * (1 + i % 5));
        if (i % 3 == 2)
            w->rotate();
        usleep(i * 13 % w->pause_us);
    }
    return NULL;
}

START_TEST(writer_that_never_waits)
{
    struct storm w = {(void (*[])(void)){by_number, by_copy, by_date, by_gzip}[_i], _i == 3 ? 60 : 150,
                      _i == 3 ? 8000 : 2000};
    struct timespec pause = {0, 1000000};
    pthread_t writer;

    ck_assert_ptr_nonnull(written = malloc(cap_written = 8 << 20));
    more("despool.log", 30);
    start();
    all_came();
    ck_assert_int_eq(pthread_create(&writer, NULL, write_on, &w), 0);
    for (unsigned i = 0; i < 8; i++) {
        for (unsigned k = 0; k < (_i == 3 ? 100 : 40); k++)
            nanosleep(&pause, NULL);
        taker_stop(t);
        start();
    }
    pthread_join(writer, NULL);
    more("despool.log", 1);
    all_came();
    ck_assert_msg(the_log()->losts == 0, "%s", the_log()->lost);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("follow");
    TCase *tc = tcase_create("follow");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, rotation_while_followed, 0, ROTATIONS);
    tcase_add_loop_test(tc, rotation_while_stopped, 0, ROTATIONS);
    tcase_add_loop_test(tc, rotations_in_a_row, 0, ROTATIONS);
    tcase_add_test(tc, first_start);
    tcase_add_test(tc, once_reads_all);
    tcase_add_loop_test(tc, inode_reuse, 0, 2);
    tcase_add_test(tc, shrinks_and_grows);
    tcase_add_test(tc, truncated_without_copy);
    tcase_add_test(tc, whole_copies);
    tcase_add_test(tc, whole_copy_of_one_that_waits);
    tcase_add_test(tc, slow_copy);
    tcase_add_test(tc, backup_beside);
    tcase_add_test(tc, short_beginnings);
    tcase_add_test(tc, packed_after_a_short_look);
    tcase_add_loop_test(tc, copy_after_a_short_look, 0, 2);
    tcase_add_test(tc, heading_of_old);
    tcase_add_test(tc, waiting_is_told);
    tcase_add_loop_test(tc, at_random, 0, ROTATIONS);
    tcase_add_loop_test(tc, writer_that_never_waits, 0, 4);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
