/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_follow_source.c - a source that is followed: its bytes, the budget, many
 * files, none, and what is wrong with them. */
#include "build.h"

#include <check.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "forwarder/follow.h"
#include "tests/unit/follow_log.h"

/* These stand before the C library's: a share that hangs, or fails now and then. */
static atomic_bool hang;
static atomic_uint hanging, fail_every, calls;

static bool
fails(void)
{
    unsigned every = atomic_load(&fail_every);

    return every && atomic_fetch_add(&calls, 1) % every == 0;
}

int
statx(int folder, const char *restrict name, int flags, unsigned mask, struct statx *restrict out)
{
    static int (*real)(int, const char *restrict, int, unsigned, struct statx *restrict);

    if (!real)
        *(void **) &real = dlsym(RTLD_NEXT, "statx");
    if (atomic_load(&hang)) {
        atomic_fetch_add(&hanging, 1);
        while (atomic_load(&hang))
            usleep(1000);
    }
    if (fails()) {
        errno = EIO;
        return -1;
    }
    return real(folder, name, flags, mask, out);
}

ssize_t
pread(int fd, void *p, size_t n, off_t where)
{
    static const int errors[] = {EIO, EINTR, ESTALE, 0};
    static ssize_t (*real)(int, void *, size_t, off_t);

    if (!real)
        *(void **) &real = dlsym(RTLD_NEXT, "pread");
    if (fails()) {
        errno = errors[atomic_load(&calls) / 2 % 4];
        if (errno)
            return -1;
        n = n > 1 ? n / 2 : n; /* short */
    }
    return real(fd, p, n, where);
}

static unsigned
threads(void)
{
    DIR *d = opendir("/proc/self/task");
    unsigned n = 0;

    ck_assert_ptr_nonnull(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

/* A call that does not return is seen from outside; the thread is given up, calls
 * its taker no more, and frees what it has should it ever return. */
START_TEST(hangs)
{
    struct follow_status st;
    unsigned before;
    size_t had;

    more("despool.log", 3);
    start();
    all_came();
    follow_status(t->follow, &st);
    ck_assert_int_eq(st.busy_since, 0);
    ck_assert_int_gt(st.looked, 0);
    before = threads();
    atomic_store(&hang, true);
    while (atomic_load(&hanging) == 0)
        usleep(1000);
    follow_status(t->follow, &st);
    ck_assert_int_gt(st.busy_since, 0);
    ck_assert_int_le(st.busy_since, clock_monotonic());
    follow_stop(t->follow);
    ck_assert(!follow_join(t->follow, 50));
    t->follow = NULL;
    had = the_log()->n;
    more("despool.log", 3);
    atomic_store(&hang, false);
    while (threads() >= before)
        usleep(1000);
    ck_assert_uint_eq(the_log()->n, had);
}
END_TEST

/* Every so many calls one fails, while the log is rotated: nothing is lost. */
START_TEST(failing_calls)
{
    static const unsigned every[] = {2, 3, 5, 8, 13};

    more("despool.log", 20);
    start();
    all_came();
    atomic_store(&fail_every, every[_i]);
    for (unsigned i = 0; i < 12; i++) {
        more("despool.log", 10 + i * 10);
        if (i % 3 == 1)
            by_number();
        usleep((unsigned) POLL_MS * 300 * i);
        if (i == 7) {
            taker_stop(t);
            t->trouble[FOLLOW_UNREADABLE] = t->well[FOLLOW_UNREADABLE];
            start();
        }
    }
    atomic_store(&fail_every, 0);
    more("despool.log", 1);
    all_came();
    ck_assert_msg(the_log()->losts == 0, "%s", the_log()->lost);
    TAKER_WAIT(t, t->trouble[FOLLOW_UNREADABLE] == t->well[FOLLOW_UNREADABLE]);
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

/* Who still has the old file open writes to it long after it was rotated. */
START_TEST(grown_after_all)
{
    more("despool.log", 20);
    start();
    all_came();
    by_number();
    more("despool.log", 2);
    all_came();
    put(at("despool.log.1"), "too late\n", 9, O_APPEND);
    TAKER_WAIT(t, the_log()->losts == 1);
    losts_allowed = 1;
    ck_assert_ptr_nonnull(strstr(the_log()->lost, "9 bytes from byte"));
    more("despool.log", 2);
    all_came();
    ck_assert_uint_eq(the_log()->losts, 1);
}
END_TEST

/* What the taker said of the place comes back to it: its line, the bytes before
 * it, the heads of what is done, and where the file is now. */
START_TEST(place_goes_back)
{
    struct stat st;

    more("despool.log.1", 20);
    more("despool.log", 20);
    start();
    all_came();
    taker_stop(t);
    the_log()->place.line = 77;
    move("despool.log", "despool.log.2");
    move("despool.log.1", "despool.log.3");
    more("despool.log", 1);
    ck_assert_int_eq(stat(at("despool.log.2"), &st), 0);
    t->keep = true;
    start();
    TAKER_WAIT(t, t->n_held > 0);
    ck_assert_int_eq(t->held->what, FOLLOW_FILE);
    ck_assert(t->held->resumed);
    ck_assert_uint_eq(t->held->place.line, 77);
    ck_assert_uint_eq(t->held->place.offset, (uint64_t) st.st_size);
    ck_assert_uint_eq(t->held->place.ino, st.st_ino);
    ck_assert_str_eq(t->held->place.name, "despool.log.2");
    ck_assert_uint_eq(t->held->place.n_done, 1);
    ck_assert_uint_eq(t->held->size, (uint64_t) st.st_size);
    taker_release(t);
    all_came();
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
    move("despool.log", "despool.lo_");
    more("despool.log", 2);
    TAKER_WAIT(t, the_log()->n < n_written || the_log()->idle);
}
END_TEST

/* Says how fast a file in the page cache is handed out; compares nothing but
 * the bytes. */
START_TEST(speed)
{
    const char *given = getenv("FOLLOW_MB");
    size_t mb = given ? strtoul(given, NULL, 10) : 48, one = 1 << 20;
    char *p = malloc(one);
    int64_t began;

    for (size_t i = 0; i < one; i++)
        p[i] = (char) (i % 115 == 114 ? '\n' : 'a' + i % 26);
    for (size_t i = 0; i < mb; i++)
        put(at("despool.log"), p, one, O_APPEND);
    free(p);
    t->forget = true;
    began = clock_monotonic();
    start();
    TAKER_WAIT(t, t->bytes == mb << 20);
    printf("handed out: %.0f MB/s\n", (double) (mb << 20) / 1e6 / ((double) (clock_monotonic() - began) / 1e9));
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

int
main(void)
{
    Suite *s = suite_create("follow_source");
    TCase *tc = tcase_create("follow_source");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, hangs);
    tcase_add_loop_test(tc, failing_calls, 0, 5);
    tcase_add_test(tc, utf16_bytes);
    tcase_add_test(tc, grown_after_all);
    tcase_add_test(tc, place_goes_back);
    tcase_add_test(tc, append_is_prompt);
    tcase_add_test(tc, speed);
    tcase_add_test(tc, budget);
    tcase_add_test(tc, five_thousand_files);
    tcase_add_test(tc, missing_and_well);
    tcase_add_test(tc, unreadable);
    tcase_add_test(tc, empty_at_first);
    tcase_add_test(tc, dated_without_live);
    tcase_add_test(tc, damaged_pack);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
