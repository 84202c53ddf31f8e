/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_start DIR GIB: fills a journal to GIB gibibytes and stops as if killed,
 * then prints how long a start takes and how much memory: at once, and with
 * nothing of the file in the page cache.  Every start is a process of its own. */
#include "build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/journal.h"

enum { XML_BYTES = 450, COMMIT_ROWS = 2000 };

static char err[1024];

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "bench_start: %s: %s\n", what, why);
    _exit(4);
}

static struct journal *
must_open(const char *dir)
{
    struct journal *j = journal_open(dir, UINT64_C(1) << 40, err, sizeof err);

    if (!j)
        die("journal_open", err);
    return j;
}

/* One row in fifty is an alarm change, as where one record in a hundred fails. */
static void
fill(const char *dir, uint64_t bytes)
{
    struct journal *j = must_open(dir);
    struct event e = {.cls = CLASS_ACTIVITY, .severity = SEVERITY_INFO, .when = {.utc_known = true}};
    struct alarm_item a = {.cls = CLASS_FILE_CONTENTION, .severity = SEVERITY_MINOR, .when = {.utc_known = true}};
    struct item event = {.kind = ITEM_EVENT, .event = &e}, alarm = {.kind = ITEM_ALARM, .alarm = &a};
    char xml[XML_BYTES + 1], key[64];
    uint64_t k = 0;

    memset(xml, 'x', sizeof xml);
    xml[0] = '<';
    xml[XML_BYTES - 1] = '\n';
    while (journal_used(j) < bytes) {
        int result = journal_begin(j);

        for (unsigned i = 0; result == 0 && i < COMMIT_ROWS; i++, k++) {
            a.key = str_make(key, (size_t) sprintf(key, "dist:SERVER%u:PKG%05X", (unsigned) (k % 97), (unsigned) (k / 50 % 99991)));
            sprintf(e.id, "%032llx", (unsigned long long) (k * UINT64_C(0x9e3779b97f4a7c15)));
            memcpy(a.id, e.id, sizeof a.id);
            e.when.utc = a.when.utc = (int64_t) k * 1000000;
            result = journal_append(j, k % 50 ? &event : &alarm, str_make(xml, XML_BYTES), (int64_t) k * 1000000, false, NULL);
        }
        if (result != 0 || (result = journal_commit(j)) != 0)
            die("filling", journal_error(j));
    }
    printf("journal of %.1f GiB, %llu items\n", (double) journal_used(j) / (1 << 30), (unsigned long long) k);
    fflush(stdout);
    _exit(0); /* with all of the write-ahead log left behind */
}

static double
since(int64_t start)
{
    return (double) (clock_monotonic() - start) / 1e6;
}

/* What a start takes, what the look-ups of a running daemon take. */
static void
start(const char *name, const char *dir)
{
    int64_t began = clock_monotonic();
    struct journal *j = must_open(dir);
    double opened = since(began);
    struct journal_reader *r;
    struct journal_row row;
    struct rusage u;
    char *to_free = NULL;

    getrusage(RUSAGE_SELF, &u);
    printf("%-34s %8.1f ms  %6.1f MB", name, opened, (double) u.ru_maxrss / 1024);
    began = clock_monotonic();
    if (journal_find_key(j, STR("dist:SERVER0:PKG00000"), &row, &to_free) != 0 || row.seq != 1)
        die("journal_find_key", journal_error(j));
    free(to_free);
    printf("  an alarm by key %.1f ms", since(began));
    began = clock_monotonic();
    if (!(r = journal_reader_open_at(j, (int64_t) journal_last_seq(j) / 3 * 1000000)) || journal_reader_next(r, &row) != 1)
        die("journal_reader_open_at", strerror(errno));
    printf(", a time %.1f ms\n", since(began));
    journal_reader_close(r);
    fflush(stdout);
    _exit(0); /* not closed: the next start finds a log again */
}

/* In a process of its own. */
static void
apart(void (*run)(const char *, const char *), const char *name, const char *dir)
{
    pid_t child = fork();
    int status;

    if (child == 0)
        run(name, dir);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        die(name, "failed");
}

static void
fill_apart(const char *gib, const char *dir)
{
    fill(dir, (uint64_t) (strtod(gib, NULL) * (1 << 30)));
}

/* Nothing of the file stays in the page cache. */
static void
forget_pages(const char *dir)
{
    char path[4096];
    int fd;

    snprintf(path, sizeof path, "%s/journal.db", dir);
    if ((fd = open(path, O_RDONLY)) < 0 || fsync(fd) != 0 || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
        die(path, strerror(errno));
    close(fd);
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: bench_start DIR GIB\n");
        return 2;
    }
    apart(fill_apart, argv[2], argv[1]);
    apart(start, "start after a kill", argv[1]);
    forget_pages(argv[1]);
    apart(start, "start, nothing cached", argv[1]);
    return 0;
}
