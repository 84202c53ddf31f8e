/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_journal DIR [ROWS [COMMIT]]: what the journal takes, beside a bare
 * SQLite table with the same settings in the same run: ROWS events with 450
 * bytes of XML, COMMIT a transaction with one source checkpoint each; then the
 * same with a trim in each commit, as in a journal that has reached 'keep'. */
#include "build.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "forwarder/clock.h"
#include "forwarder/journal.h"
#include "forwarder/journal_tables.h"
#include "tests/bench/cpu.h"

enum { XML_BYTES = 450, KEEP_ROWS = 200000, MAX_COMMITS = 1 << 20 };

static unsigned long rows = 1000000, commit_rows = 1000;
static int64_t *latency;

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "bench_journal: %s: %s\n", what, why);
    exit(4);
}

static int
by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;

    return x < y ? -1 : x > y;
}

static void
print(const char *name, unsigned long n, int64_t start, double cpu, unsigned long commits)
{
    double seconds = (double) (clock_monotonic() - start) / 1e9;

    cpu = cpu_seconds() - cpu;
    printf("%-34s %11.0f rows/s     %6.2f CPU s per 1 M", name, (double) n / seconds, cpu / (double) n * 1e6);
    if (commits > 0) {
        qsort(latency, commits, sizeof *latency, by_value);
        printf("  commit %5.1f ms, p99 %5.1f, worst %5.1f", (double) latency[commits / 2] / 1e6,
               (double) latency[commits * 99 / 100] / 1e6, (double) latency[commits - 1] / 1e6);
    }
    printf("\n");
    fflush(stdout);
}

/* An event like those of the load: 450 bytes, an id of random digits. */
static struct str
make_event(struct event *e, char *xml, unsigned long k)
{
    uint64_t a = (k + 1) * UINT64_C(0x9e3779b97f4a7c15), b = (a ^ k) * UINT64_C(0xbf58476d1ce4e5b9);
    char *id = xml + sizeof "  <event id=" ;

    if (!xml[0]) {
        memset(xml, 'x', XML_BYTES);
        memcpy(xml, "  <event id=\"", sizeof "  <event id=");
        memcpy(xml + XML_BYTES - 16, "</text></event>\n", 16);
    }
    for (unsigned i = 0; i < 16; i++) {
        e->id[i] = id[i] = "0123456789abcdef"[a >> 4 * i & 15];
        e->id[16 + i] = id[16 + i] = "0123456789abcdef"[b >> 4 * i & 15];
    }
    e->when.utc = (int64_t) k * 1000000;
    return str_make(xml, XML_BYTES);
}

/* The yardstick: numbered rows of the same bytes and nothing else. */
static void
bench_plain(const char *dir)
{
    static const char settings[] = "PRAGMA page_size = 32768; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                   "PRAGMA wal_autocheckpoint = 512; PRAGMA cache_size = -16384;"
                                   "CREATE TABLE item (seq INTEGER PRIMARY KEY, xml TEXT)";
    struct event e = {.cls = CLASS_ACTIVITY};
    char path[4096], xml[1024] = "";
    sqlite3 *db;
    sqlite3_stmt *st;
    unsigned long commits = 0;
    int64_t start;
    double cpu;

    snprintf(path, sizeof path, "%s/plain.db", dir);
    if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, settings, NULL, NULL, NULL) != SQLITE_OK
        || sqlite3_prepare_v2(db, "INSERT INTO item (xml) VALUES (?)", -1, &st, NULL) != SQLITE_OK)
        die(path, sqlite3_errmsg(db));
    start = clock_monotonic();
    cpu = cpu_seconds();
    for (unsigned long k = 0; k < rows;) {
        int64_t t;

        sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        for (unsigned long i = 0; i < commit_rows && k < rows; i++, k++) {
            struct str s = make_event(&e, xml, k);

            sqlite3_bind_text(st, 1, s.p, (int) s.n, SQLITE_STATIC);
            if (sqlite3_step(st) != SQLITE_DONE)
                die(path, sqlite3_errmsg(db));
            sqlite3_reset(st);
        }
        t = clock_monotonic();
        if (sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
            die(path, sqlite3_errmsg(db));
        latency[commits++] = clock_monotonic() - t;
    }
    print("bare SQLite table", rows, start, cpu, commits);
    sqlite3_finalize(st);
    sqlite3_close(db);
    remove(path);
}

/* Appends 'n' rows from number 'k' on; with 'keep' a trim in each commit, which
 * takes as many away as come. */
static unsigned long
append_rows(struct journal *j, unsigned long k, unsigned long n, uint64_t keep)
{
    struct event e = {.cls = CLASS_ACTIVITY, .severity = SEVERITY_INFO, .when = {.utc_known = true}};
    struct item item = {.kind = ITEM_EVENT, .event = &e};
    unsigned long commits = 0, end = k + n;
    char xml[1024] = "", checkpoint[400] = "";
    bool left;
    int64_t t;

    while (k < end) {
        int result = journal_begin(j);

        if (result == 0 && keep > 0)
            result = journal_trim(j, journal_last_seq(j), (int64_t) k, INT64_MAX / 2, keep, &left);
        for (unsigned long i = 0; result == 0 && i < commit_rows && k < end; i++, k++) {
            struct str s = make_event(&e, xml, k);

            result = journal_append(j, &item, s, (int64_t) k, false, NULL);
        }
        memcpy(checkpoint, &k, sizeof k);
        if (result == 0)
            result = journal_put(j, "source", "bench", checkpoint, sizeof checkpoint);
        t = clock_monotonic();
        if (result == 0)
            result = journal_commit(j);
        if (result != 0)
            die("journal", journal_error(j));
        latency[commits++] = clock_monotonic() - t;
    }
    return commits;
}

static void
bench_reading(struct journal *j)
{
    struct journal_reader *r = journal_reader_open(j, 0);
    struct journal_row row;
    unsigned long n = 0;
    int64_t start = clock_monotonic();
    double cpu = cpu_seconds();

    if (!r)
        die("journal_reader_open", strerror(errno));
    while (journal_reader_next(r, &row) == 1)
        n++;
    print("journal, read back", n, start, cpu, 0);
    journal_reader_close(r);
}

int
main(int argc, char **argv)
{
    uint64_t keep = (uint64_t) KEEP_ROWS * (XML_BYTES + 64);
    char state[4096], err[1024];
    struct journal *j;
    unsigned long commits;
    int64_t start;
    double cpu;

    if (argc < 2) {
        fprintf(stderr, "usage: bench_journal DIR [ROWS [ROWS-A-COMMIT]]\n");
        return 2;
    }
    rows = argc > 2 ? strtoul(argv[2], NULL, 10) : rows;
    commit_rows = argc > 3 ? strtoul(argv[3], NULL, 10) : commit_rows;
    if (rows == 0 || commit_rows == 0 || rows / commit_rows >= MAX_COMMITS
        || !(latency = malloc(MAX_COMMITS * sizeof *latency)))
        die("arguments", "no rows, or too many commits");
    bench_plain(argv[1]);
    snprintf(state, sizeof state, "%s/state", argv[1]);
    if (!(j = journal_open(state, UINT64_C(1) << 40, err, sizeof err)))
        die(state, err);
    start = clock_monotonic();
    cpu = cpu_seconds();
    commits = append_rows(j, 0, rows, 0);
    print("journal", rows, start, cpu, commits);
    bench_reading(j);
    /* Down to what is kept, unmeasured; then as many go as come. */
    for (bool left = true; left;)
        if (journal_trim(j, journal_last_seq(j), INT64_MAX / 2, INT64_MAX / 2, keep, &left) != 0)
            die("journal_trim", journal_error(j));
    start = clock_monotonic();
    cpu = cpu_seconds();
    commits = append_rows(j, rows, rows, keep);
    print("journal, as many trimmed", rows, start, cpu, commits);
    journal_close(j);
    free(latency);
    return 0;
}
