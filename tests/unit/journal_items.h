/* SPDX-License-Identifier: BSD-2-Clause
 *
 * journal_items.h - a scratch journal for tests, and items whose whole content
 * follows from a number, so that each can be judged when it is read back. */
#ifndef TESTS_UNIT_JOURNAL_ITEMS_H
#define TESTS_UNIT_JOURNAL_ITEMS_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/journal.h"
#include "tests/unit/scratch.h"

static char dir[256], err[2048];

static inline void
setup(void)
{
    scratch_make(dir, sizeof dir);
}

static inline void
teardown(void)
{
    scratch_remove(dir);
}

static inline const char *
in_dir(const char *name)
{
    static char path[4][512];
    static unsigned turn;
    char *p = path[turn++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static inline struct journal *
must_open(uint64_t limit)
{
    struct journal *j = journal_open(in_dir("state"), limit, err, sizeof err);

    ck_assert_msg(j != NULL, "journal_open: %s", err);
    return j;
}

#define MUST(call) ck_assert_msg((call) == 0, "%s: %s", #call, journal_error(j))

/* An event numbered 'k' whose XML can be told again from its number. */
static inline size_t
event_xml(unsigned k, size_t size, char *out)
{
    size_t n = (size_t) sprintf(out, "<event id=\"%032x\"><text>", k);

    for (; n < size; n++)
        out[n] = (char) ('a' + (k + n) % 26);
    n += (size_t) sprintf(out + n, "</text></event>\n");
    return n;
}

static inline int
append_event(struct journal *j, unsigned k, size_t size, int64_t arrival)
{
    struct event e = {.cls = CLASS_FILE_CONTENTION, .severity = SEVERITY_MINOR};
    struct item item = {.kind = ITEM_EVENT, .event = &e};
    char *xml = malloc(size + 200);
    uint64_t seq;
    int result;

    sprintf(e.id, "%032x", k);
    e.when.utc = arrival;
    e.when.utc_known = true;
    result = journal_append(j, &item, str_make(xml, event_xml(k, size, xml)), arrival, false, &seq);
    free(xml);
    return result;
}

static inline void
append_run(struct journal *j, unsigned from, unsigned n, size_t size, int64_t arrival)
{
    MUST(journal_begin(j));
    for (unsigned i = 0; i < n; i++)
        MUST(append_event(j, from + i, size, arrival));
    MUST(journal_commit(j));
}

/* The number that the id of a row says, after checking the XML against it. */
static inline unsigned
row_number(const struct journal_row *row)
{
    unsigned k = (unsigned) strtoul(row->id.p + 24, NULL, 16);
    char *xml = malloc(row->xml.n + 200);
    size_t n;

    ck_assert_uint_eq(row->id.n, 32);
    ck_assert_uint_gt(row->xml.n, 80);
    n = event_xml(k, row->xml.n - strlen("</text></event>\n"), xml);
    ck_assert_uint_eq(n, row->xml.n);
    ck_assert_mem_eq(xml, row->xml.p, n);
    free(xml);
    return k;
}

/* Reads all rows after 'after'; they must be in order.  Returns their number. */
static inline unsigned
read_all(struct journal *j, uint64_t after, unsigned *first, unsigned *last)
{
    struct journal_reader *r = journal_reader_open(j, after);
    struct journal_row row;
    unsigned n = 0;
    int result;

    ck_assert_ptr_nonnull(r);
    while ((result = journal_reader_next(r, &row)) == 1) {
        ck_assert_uint_gt(row.seq, after);
        after = row.seq;
        *last = row_number(&row);
        if (n++ == 0)
            *first = *last;
    }
    ck_assert_int_eq(result, 0);
    journal_reader_close(r);
    return n;
}

static inline void
write_file(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(p, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

#endif
