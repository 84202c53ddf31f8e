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
#include "tests/unit/follow_rotations.h"

/* --- kinds of rotation -------------------------------------------------------- */

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
        for (int i = 0; i < 60000; i++) {
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
    tcase_add_loop_test(tc, at_random, 0, ROTATIONS);
    tcase_add_loop_test(tc, writer_that_never_waits, 0, 4);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
