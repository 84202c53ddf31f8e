/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_follow.c - files that are rotated in every way, while they are followed
 * and while nobody looks: each byte comes out once, in order. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "forwarder/follow.h"
#include "tests/unit/follow_taker.h"
#include "tests/unit/scratch.h"

enum { POLL_MS = 20, BUDGET = 4 << 20 };

static char dir[256], pattern[512];
static struct taker *t;
/* What was written to the log, in order. */
static char *written;
static size_t n_written, cap_written;
static unsigned serial;

static char *
at(const char *name)
{
    static char path[8][512];
    static unsigned turn;
    char *p = path[turn++ % 8];

    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static void
setup(void)
{
    scratch_make(dir, sizeof dir);
    snprintf(pattern, sizeof pattern, "%s/despool.log", dir);
    t = malloc(sizeof *t);
    taker_init(t);
    n_written = 0;
    serial = 0;
}

static void
teardown(void)
{
    if (t->follow)
        taker_stop(t);
    taker_fini(t);
    free(t);
    free(written);
    written = NULL;
    cap_written = 0;
    scratch_remove(dir);
}

static void
start(void)
{
    taker_start(t, pattern, POLL_MS, false, BUDGET);
}

static void
put(const char *path, const void *p, size_t n, int flags)
{
    int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);

    ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
    ck_assert_int_eq(write(fd, p, n), (ssize_t) n);
    close(fd);
}

/* Appends records of some size to the file and to what was written. */
static void
more(const char *name, unsigned records)
{
    char line[200];

    for (unsigned i = 0; i < records; i++) {
        size_t n = (size_t) snprintf(line, sizeof line,
                                     "record %08u of the log, with text behind it %*s  $$<SMS_DESPOOLER><thread=%u>\r\n",
                                     serial, (int) (serial % 37), "", serial * 7 % 1000);

        serial++;
        if (n_written + n > cap_written) {
            cap_written = (n_written + n) * 2;
            ck_assert_ptr_nonnull(written = realloc(written, cap_written));
        }
        memcpy(written + n_written, line, n);
        n_written += n;
        put(at(name), line, n, O_APPEND);
    }
}

static struct taken *
the_log(void)
{
    return t->n ? t->log[0] : NULL;
}

/* Waits until as much came as was written, and compares. */
static void
all_came(void)
{
    TAKER_WAIT(t, the_log() && the_log()->n >= n_written && the_log()->idle);
    pthread_mutex_lock(&t->lock);
    ck_assert_uint_eq(the_log()->n, n_written);
    ck_assert(memcmp(the_log()->bytes, written, n_written) == 0);
    ck_assert_uint_eq(t->n, 1);
    pthread_mutex_unlock(&t->lock);
}

static void
move(const char *from, const char *to)
{
    ck_assert_msg(rename(at(from), at(to)) == 0, "%s to %s: %s", from, to, strerror(errno));
}

static void
copy(const char *from, const char *to)
{
    size_t n;
    char *p = scratch_read(at(from), &n);

    put(at(to), p, n, O_TRUNC);
    free(p);
}

static void
pack(const char *name, bool remove_it)
{
    char to[300];
    size_t n;
    char *p = scratch_read(at(name), &n);
    gzFile gz;

    snprintf(to, sizeof to, "%s.gz", name);
    ck_assert_ptr_nonnull(gz = gzopen(at(to), "wb"));
    ck_assert_int_eq(gzwrite(gz, p, (unsigned) n), (int) n);
    ck_assert_int_eq(gzclose(gz), Z_OK);
    free(p);
    if (remove_it)
        ck_assert_int_eq(unlink(at(name)), 0);
}

/* --- kinds of rotation -------------------------------------------------------- */

static void
by_rename_lo(void)
{
    move("despool.log", "despool.lo_");
}

static void
by_number(void)
{
    for (int i = 8; i > 0; i--) {
        char a[64], b[64];

        snprintf(a, sizeof a, "despool.log.%d", i);
        snprintf(b, sizeof b, "despool.log.%d", i + 1);
        if (access(at(a), F_OK) == 0)
            move(a, b);
    }
    move("despool.log", "despool.log.1");
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
    for (int i = 8; i > 0; i--) {
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
    for (int i = 8; i > 0; i--) {
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

/* --- bytes --------------------------------------------------------------------- */

START_TEST(utf16_bytes)
{
    char bytes[4000];

    for (size_t i = 0; i < sizeof bytes; i += 2) {
        bytes[i] = i % 80 == 78 ? '\n' : (char) ('A' + i % 23);
        bytes[i + 1] = '\0';
    }
    memcpy(bytes, "\xff\xfe", 2);
    ck_assert_ptr_nonnull(written = realloc(written, cap_written = 100000));
    start();
    for (int i = 0; i < 6; i++) {
        size_t cut = 1501; /* the half of a unit waits, or not */

        put(at("despool.log"), bytes, cut, O_APPEND);
        usleep(1000);
        put(at("despool.log"), bytes + cut, sizeof bytes - cut, O_APPEND);
        memcpy(written + n_written, bytes, sizeof bytes);
        n_written += sizeof bytes;
        bytes[10]++;
        all_came();
        by_number();
    }
    more("despool.log", 1);
    all_came();
    ck_assert_uint_eq(the_log()->losts, 0);
}
END_TEST

/* An append goes out at once where inotify works, long before the next poll. */
START_TEST(append_is_prompt)
{
    int64_t began, worst = 0;

    more("despool.log", 1);
    taker_start(t, pattern, 60000, false, BUDGET);
    all_came();
    began = clock_monotonic();
    for (int i = 0; i < 50; i++) {
        int64_t now = clock_monotonic();

        more("despool.log", 1);
        all_came();
        now = clock_monotonic() - now;
        worst = now > worst ? now : worst;
    }
    ck_assert_int_lt(clock_monotonic() - began, INT64_C(30000000000));
    printf("append to hand-out, worst of 50: %.1f ms\n", (double) worst / 1e6);
    by_rename_lo();
    more("despool.log", 2);
    TAKER_WAIT(t, the_log()->n < n_written || the_log()->idle);
}
END_TEST

/* No more is out than the budget, and of each log something. */
START_TEST(budget)
{
    enum { LOGS = 20, SIZE = 600000 };
    char name[64], *p = malloc(SIZE);
    struct follow_status st;
    uint64_t before = 0;

    memset(p, 'x', SIZE);
    for (unsigned i = 0; i < LOGS; i++) {
        snprintf(name, sizeof name, "a%u.log", i);
        p[0] = (char) ('a' + i);
        put(at(name), p, SIZE, 0);
    }
    snprintf(pattern, sizeof pattern, "%s/*.log", dir);
    t->keep = true;
    taker_start(t, pattern, POLL_MS, false, 1 << 20);
    TAKER_WAIT(t, t->n_held >= 2 * LOGS || t->held_bytes > 900000);
    for (int still = 0; still < 5;) { /* nothing more comes */
        follow_status(t->follow, &st);
        still = st.bytes == before ? still + 1 : 0;
        before = st.bytes;
        usleep(POLL_MS * 1000);
    }
    ck_assert_uint_le(t->held_most, (1 << 20) + LOGS * FOLLOW_LOOK);
    pthread_mutex_lock(&t->lock);
    for (unsigned i = 0; i < LOGS; i++) {
        unsigned of = 0;

        snprintf(name, sizeof name, "/a%u.log", i);
        for (struct follow_chunk *c = t->held; c; c = c->next)
            of += c->log && strlen(c->log->path) > strlen(name)
                  && strcmp(c->log->path + strlen(c->log->path) - strlen(name), name) == 0;
        ck_assert_msg(of >= 1 && of <= FOLLOW_OUTSTANDING, "%s has %u chunks out", name, of);
    }
    pthread_mutex_unlock(&t->lock);
    taker_release(t);
    TAKER_WAIT(t, t->bytes == (uint64_t) LOGS * SIZE);
    free(p);
}
END_TEST

/* --- many files, none, trouble --------------------------------------------------- */

START_TEST(five_thousand_files)
{
    enum { FILES = 5000 };
    char name[64];
    struct follow_status st;

    for (unsigned i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "p%u.log", i);
        put(at(name), name, strlen(name), 0);
    }
    snprintf(pattern, sizeof pattern, "%s/*.log", dir);
    taker_start(t, pattern, 200, false, BUDGET);
    TAKER_WAIT(t, t->seen);
    ck_assert_uint_eq(t->n, FILES);
    follow_status(t->follow, &st);
    ck_assert_uint_eq(st.logs, FILES);
    ck_assert_uint_le(st.files_open, 300);
    for (unsigned i = 0; i < FILES; i += 7) {
        snprintf(name, sizeof name, "p%u.log", i);
        put(at(name), "more\n", 5, O_APPEND);
    }
    for (unsigned i = 0; i < FILES; i++) {
        struct taken *g;

        snprintf(name, sizeof name, "p%u.log", i);
        pthread_mutex_lock(&t->lock);
        g = taker_log(t, at(name));
        pthread_mutex_unlock(&t->lock);
        ck_assert_ptr_nonnull(g);
        TAKER_WAIT(t, g->n == strlen(name) + (i % 7 == 0 ? 5 : 0));
    }
}
END_TEST

START_TEST(missing_and_well)
{
    put(at("despol.log"), "x", 1, 0);
    start();
    TAKER_WAIT(t, t->trouble[FOLLOW_MISSING] == 1 && t->seen);
    ck_assert_ptr_nonnull(strstr(t->text, "despol.log"));
    more("despool.log", 3);
    TAKER_WAIT(t, t->well[FOLLOW_MISSING] == 1);
    all_came();
}
END_TEST

/* A folder in the place of the file, as root may read all: no file. */
START_TEST(unreadable)
{
    more("despool.log", 3);
    if (geteuid() == 0) {
        ck_assert_int_eq(mkdir(at("despool.lo_"), 0700), 0);
        start();
        all_came();
        ck_assert_uint_eq(t->trouble[FOLLOW_UNREADABLE], 0);
        return;
    }
    ck_assert_int_eq(chmod(at("despool.log"), 0), 0);
    start();
    TAKER_WAIT(t, t->trouble[FOLLOW_UNREADABLE] == 1 && t->seen);
    ck_assert_ptr_nonnull(strstr(t->text, "despool.log"));
    ck_assert_int_eq(chmod(at("despool.log"), 0600), 0);
    TAKER_WAIT(t, t->well[FOLLOW_UNREADABLE] == 1);
    all_came();
}
END_TEST

/* An empty live file is a log without a file, until it has a byte. */
START_TEST(empty_at_first)
{
    put(at("despool.log"), "", 0, 0);
    start();
    TAKER_WAIT(t, t->seen && the_log()->idle);
    ck_assert_uint_eq(the_log()->files, 0);
    more("despool.log", 1);
    all_came();
}
END_TEST

/* The newest of dated files is followed where no file has the live name. */
START_TEST(dated_without_live)
{
    snprintf(pattern, sizeof pattern, "%s/despool-*.log", dir);
    more("despool-20260101.log", 3);
    start();
    more("despool-20260101.log", 3);
    all_came();
    more("despool-20260102.log", 3);
    all_came();
    more("despool-20260102.log", 3);
    all_came();
    ck_assert_uint_eq(the_log()->finals, 1);
}
END_TEST

START_TEST(damaged_pack)
{
    more("despool.log.1", 400);
    pack("despool.log.1", true);
    ck_assert_int_eq(truncate(at("despool.log.1.gz"), 900), 0);
    put(at("despool.log"), "live\n", 5, 0);
    start();
    TAKER_WAIT(t, the_log() && the_log()->files == 2 && the_log()->idle);
    ck_assert_uint_eq(the_log()->losts, 1);
    ck_assert_ptr_nonnull(strstr(the_log()->lost, "damaged"));
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
    tcase_add_test(tc, slow_copy);
    tcase_add_test(tc, backup_beside);
    tcase_add_test(tc, short_beginnings);
    tcase_add_test(tc, utf16_bytes);
    tcase_add_test(tc, append_is_prompt);
    tcase_add_test(tc, budget);
    tcase_add_test(tc, five_thousand_files);
    tcase_add_test(tc, missing_and_well);
    tcase_add_test(tc, unreadable);
    tcase_add_test(tc, empty_at_first);
    tcase_add_test(tc, dated_without_live);
    tcase_add_test(tc, damaged_pack);
    tcase_add_loop_test(tc, at_random, 0, ROTATIONS);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
