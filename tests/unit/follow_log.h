/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_log.h - one log in a scratch folder, what was written to it, and a taker
 * that follows it: for the tests of the follower. */
#ifndef TESTS_UNIT_FOLLOW_LOG_H
#define TESTS_UNIT_FOLLOW_LOG_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "forwarder/follow.h"
#include "tests/unit/follow_taker.h"
#include "tests/unit/scratch.h"

enum { POLL_MS = 10, BUDGET = 4 << 20 };

static char dir[256], pattern[512];
static struct taker *t;
/* What was written to the log, in order. */
static char *written;
static size_t n_written, cap_written, n_right;
static unsigned serial, losts_allowed;

static inline char *
at(const char *name)
{
    static char path[8][640];
    static unsigned turn;
    char *p = path[turn++ % 8];

    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static inline void
setup(void)
{
    scratch_make(dir, sizeof dir);
    snprintf(pattern, sizeof pattern, "%s/despool.log", dir);
    t = malloc(sizeof *t);
    taker_init(t);
    n_written = n_right = 0;
    serial = losts_allowed = 0;
}

static inline void
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

static inline void
start(void)
{
    taker_start(t, pattern, POLL_MS, false, BUDGET);
}

static inline void
put(const char *path, const void *p, size_t n, int flags)
{
    int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);

    ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
    ck_assert_int_eq(write(fd, p, n), (ssize_t) n);
    close(fd);
}

/* Appends records of some size to the file and to what was written. */
static inline void
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

static inline struct taken *
the_log(void)
{
    return t->n ? t->log[0] : NULL;
}

/* How much of what came so far is what was written. */
static inline size_t
right(void)
{
    const struct taken *g = the_log();

    while (n_right < g->n && n_right < n_written && g->bytes[n_right] == written[n_right])
        n_right++;
    return n_right;
}

/* Waits until as much came as was written, and compares. */
static inline void
all_came(void)
{
    TAKER_WAIT(t, the_log() && ((the_log()->n >= n_written && the_log()->idle) || the_log()->losts > losts_allowed
                                || right() < the_log()->n));
    pthread_mutex_lock(&t->lock);
    ck_assert_msg(the_log()->losts <= losts_allowed, "%s", the_log()->lost);
    ck_assert_msg(right() == the_log()->n && right() == n_written, "%zu of %zu bytes are right, %zu came", right(),
                  n_written, the_log()->n);
    ck_assert_uint_eq(t->n, 1);
    pthread_mutex_unlock(&t->lock);
}

static inline void
move(const char *from, const char *to)
{
    ck_assert_msg(rename(at(from), at(to)) == 0, "%s to %s: %s", from, to, strerror(errno));
}

static inline void
copy(const char *from, const char *to)
{
    size_t n;
    char *p = scratch_read(at(from), &n);

    put(at(to), p, n, O_TRUNC);
    free(p);
}

static inline void
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

/* despool.log.1 becomes .2 and so on, behind each number 'end'; forty are kept. */
static inline void
shift_numbers(const char *end)
{
    for (int i = 40; i > 0; i--) {
        char a[64], b[64];

        snprintf(a, sizeof a, "despool.log.%d%s", i, end);
        snprintf(b, sizeof b, "despool.log.%d%s", i + 1, end);
        if (access(at(a), F_OK) == 0)
            move(a, b);
    }
}

static inline void
by_number(void)
{
    shift_numbers("");
    move("despool.log", "despool.log.1");
}

#endif
