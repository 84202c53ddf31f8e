/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_merge.c - followed streams as one: whatever way their bytes come in,
 * nothing is given out while a stream that may have the next record is waited
 * for, so the order is that of the whole files; streams come and go. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/merge.h"

enum { LOGS = 5, LINES = 60, LINE_SIZE = 128 };

/* A log: all its lines, how much of it has been handed out, and whether the
 * test says that more is on its way. */
struct log {
    struct stream *stream;
    char name[16];
    char bytes[LINES * LINE_SIZE];
    size_t n, fed, ready;
    bool owes;
};

static struct log logs[LOGS];

static int
feed_some(void *arg, struct stream *s)
{
    struct log *l = stream_holders(s)->feeder;
    size_t piece = l->ready - l->fed;

    (void) arg;
    if (!piece)
        return l->owes ? -EAGAIN : 0;
    if (piece > 1)
        piece = 1 + (size_t) rand() % piece;
    ck_assert_int_eq(stream_feed(s, l->bytes + l->fed, piece), 0);
    l->fed += piece;
    return 1;
}

/* Lines of rising time, some of them equal between logs. */
static void
write_logs(unsigned seed)
{
    srand(seed);
    for (unsigned i = 0; i < LOGS; i++) {
        struct log *l = &logs[i];
        int second = rand() % 20;

        memset(l, 0, sizeof *l);
        snprintf(l->name, sizeof l->name, "%c.log", 'a' + (int) i);
        for (int k = 0; k < LINES; k++) {
            second += rand() % 4;
            l->n += (size_t) snprintf(l->bytes + l->n, LINE_SIZE,
                                      "%s %d  $$<SMS_DESPOOLER><Thu Sep 10 09:%02d:%02d 1998~><thread=DC>\r\n", l->name,
                                      k, second / 60, second % 60);
        }
        l->owes = true;
    }
}

static struct merge *
open_all(void)
{
    static const struct stream_options options = {.format = "sms-log", .zone = "+00:00"};
    struct merge *m = merge_new();
    char err[200];

    merge_feeder(m, feed_some, NULL);
    for (unsigned i = 0; i < LOGS; i++) {
        struct place at = {.line = 1};

        logs[i].stream = stream_open_fed(logs[i].name, &options, err, sizeof err);
        ck_assert_ptr_nonnull(logs[i].stream);
        stream_holders(logs[i].stream)->feeder = &logs[i];
        ck_assert_int_eq(stream_file(logs[i].stream, &at, STR(""), STR("")), 0);
        ck_assert(merge_add(m, logs[i].stream));
    }
    return m;
}

/* Takes what there is; the text of each event on a line of 'out'. */
static unsigned
take(struct merge *m, char *out, size_t size)
{
    size_t n = strlen(out);
    struct stream *s;
    unsigned taken = 0;

    while ((s = merge_next(m, NULL))) {
        struct str text = stream_event(s)->text;

        n += (size_t) snprintf(out + n, size - n, "%.*s\n", (int) text.n, text.p);
        taken++;
    }
    return taken;
}

START_TEST(pieces_do_not_change_the_order)
{
    static char whole[LOGS * LINES * 32], cut[LOGS * LINES * 32];
    struct merge *m;

    write_logs((unsigned) _i);
    m = open_all();
    for (unsigned i = 0; i < LOGS; i++) {
        logs[i].ready = logs[i].n;
        logs[i].owes = false;
    }
    whole[0] = cut[0] = '\0';
    ck_assert_uint_eq(take(m, whole, sizeof whole), LOGS * LINES);
    ck_assert(merge_is_idle(m));
    merge_free(m);

    write_logs((unsigned) _i);
    m = open_all();
    for (bool more = true; more;) {
        more = false;
        take(m, cut, sizeof cut);
        for (unsigned i = 0; i < LOGS; i++) {
            struct log *l = &logs[i];

            if (l->ready < l->n && rand() % 2)
                l->ready += (size_t) rand() % (l->n - l->ready) + 1;
            if (l->ready == l->n)
                l->owes = false;
            more = more || l->owes || l->fed < l->n;
            merge_wake(m, l->stream);
        }
    }
    take(m, cut, sizeof cut);
    ck_assert_str_eq(cut, whole);
    merge_free(m);
}
END_TEST

START_TEST(one_that_is_given_up_holds_nobody)
{
    char out[LOGS * LINES * 32] = "";
    struct merge *m;

    write_logs(1);
    m = open_all();
    for (unsigned i = 0; i < LOGS; i++) {
        logs[i].ready = i == 2 ? 0 : logs[i].n;
        logs[i].owes = i == 2;
    }
    ck_assert_uint_eq(take(m, out, sizeof out), 0);
    ck_assert_uint_eq(merge_owed(m), 1);
    merge_forgive(m, logs[2].stream);
    ck_assert_uint_eq(take(m, out, sizeof out), (LOGS - 1) * LINES);
    /* What it brings later is taken, late as it is. */
    logs[2].ready = logs[2].n;
    logs[2].owes = false;
    merge_wake(m, logs[2].stream);
    ck_assert_uint_eq(take(m, out, sizeof out), LINES);
    merge_free(m);
}
END_TEST

START_TEST(streams_leave_at_any_time)
{
    for (unsigned seed = 1; seed < 50; seed++) {
        struct merge *m;
        struct stream *s;
        unsigned gone = seed % LOGS, left = LOGS;

        write_logs(seed);
        m = open_all();
        for (unsigned i = 0; i < LOGS; i++) {
            logs[i].ready = logs[i].n;
            logs[i].owes = false;
        }
        for (unsigned k = 0; k < seed * 5 && (s = merge_next(m, NULL)); k++)
            continue;
        for (; left > 1; left--, gone = (gone + 1) % LOGS) {
            merge_remove(m, logs[gone].stream);
            stream_close(logs[gone].stream);
            ck_assert_uint_eq(merge_count(m), left - 1);
            s = merge_next(m, NULL);
            ck_assert(!s || stream_holders(s)->feeder != &logs[gone]);
        }
        merge_free(m);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("merge");
    TCase *tc = tcase_create("fed");
    SRunner *sr;
    int failed;

    tcase_add_loop_test(tc, pieces_do_not_change_the_order, 1, 100);
    tcase_add_test(tc, one_that_is_given_up_holds_nobody);
    tcase_add_test(tc, streams_leave_at_any_time);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
