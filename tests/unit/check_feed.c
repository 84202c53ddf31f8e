/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_feed.c - items between commit and targets: a batch holds deep copies, a
 * feed gives the batch that comes next to whoever is close to the end, within
 * its bound, and wakes those who wait. */
#include "build.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/feed.h"
#include "parsers/item_xml.h"
#include "random_items.h"

/* An item whose memory is gone when it is looked at: what is left is a copy. */
START_TEST(a_batch_keeps_copies)
{
    struct arena *arena = arena_new(64 << 20);
    struct batch *b = batch_new();
    struct xml_buf want, got;

    xml_buf_init(&want, 64 << 20);
    xml_buf_init(&got, 64 << 20);
    for (unsigned i = 0; i < 2000; i++) {
        struct item item;

        arena_reset(arena);
        item = i % 3 == 0 ? random_event(arena) : i % 3 == 1 ? random_alarm(arena) : random_notice(arena);
        item_xml_write(&want, &item);
        ck_assert_int_eq(batch_add(b, &item, i, i % 3 == 0), 0);
    }
    arena_reset(arena);
    memset(arena_alloc(arena, 1 << 16), 0x55, 1 << 16);
    arena_free(arena);
    ck_assert_uint_eq(batch_count(b), 2000);
    for (unsigned i = 0; i < batch_count(b); i++) {
        const struct batch_item *it = batch_at(b, i);

        item_xml_write(&got, &it->item);
        ck_assert_int_eq(it->arrival_ns, i);
        ck_assert(it->history == (i % 3 == 0));
        ck_assert(got.n <= want.n && memcmp(want.p + got.n - it->xml.n, it->xml.p, it->xml.n) == 0);
    }
    ck_assert_uint_eq(want.n, got.n);
    ck_assert_mem_eq(want.p, got.p, want.n);
    xml_buf_fini(&want);
    xml_buf_fini(&got);
    batch_unref(b);
}
END_TEST

/* A batch of 'n' small items from 'seq' on. */
static struct batch *
make_batch(uint64_t seq, unsigned n)
{
    struct alarm_item alarm = {.key = STR("dist:A:P"), .first = {.utc_known = true}, .last = {.utc_known = true},
                               .summary = STR("something"), .when = {.utc_known = true}};
    const struct item item = {.kind = ITEM_ALARM, .alarm = &alarm};
    struct batch *b = batch_new();

    memset(alarm.id, 'a', EVENT_ID_SIZE - 1);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_int_eq(batch_add(b, &item, 0, false), 0);
        batch_item(b, i)->seq = seq + i;
    }
    return b;
}

START_TEST(a_feed_gives_what_comes_next)
{
    struct feed *f = feed_new(1 << 30);
    const struct batch *b;

    feed_set_last(f, 100);
    ck_assert_ptr_null(feed_get(f, 100));
    feed_publish(f, make_batch(101, 10));
    feed_publish(f, make_batch(111, 1));
    feed_publish(f, make_batch(112, 20));
    feed_publish(f, make_batch(132, 0)); /* nothing in it: no news */
    ck_assert_uint_eq(feed_last(f), 131);
    for (uint64_t seq = 90; seq < 140; seq++) {
        b = feed_get(f, seq);
        ck_assert(!b == (seq < 100 || seq >= 131));
        if (b) {
            ck_assert_uint_le(batch_at(b, 0)->seq, seq + 1);
            ck_assert_uint_ge(batch_at(b, batch_count(b) - 1)->seq, seq + 1);
        }
        batch_unref(b);
    }
    feed_free(f);
}
END_TEST

START_TEST(a_feed_is_bounded)
{
    struct batch *one = make_batch(1, 10);
    size_t bytes = batch_bytes(one);
    struct feed *f = feed_new(5 * bytes);
    const struct batch *held;

    feed_publish(f, one);
    held = feed_get(f, 0);
    for (uint64_t seq = 11; seq < 500; seq += 10)
        feed_publish(f, make_batch(seq, 10));
    ck_assert_ptr_null(feed_get(f, 0));
    ck_assert_ptr_null(feed_get(f, 440));
    batch_unref(feed_get(f, 490));
    /* What somebody holds stays, though the feed has forgotten it. */
    ck_assert_uint_eq(batch_at(held, 9)->seq, 10);
    batch_unref(held);
    feed_free(f);
}
END_TEST

struct reader {
    struct feed *feed;
    uint64_t seen;
};

static void *
read_all(void *arg)
{
    struct reader *r = arg;
    uint64_t kicks = 0;

    while (r->seen < 20000) {
        const struct batch *b = feed_get(r->feed, r->seen);

        if (!b) {
            feed_wait(r->feed, r->seen, 10000, &kicks);
            continue;
        }
        for (unsigned i = 0; i < batch_count(b); i++)
            if (batch_at(b, i)->seq == r->seen + 1)
                r->seen++;
        batch_unref(b);
    }
    return NULL;
}

START_TEST(readers_are_woken_and_see_all)
{
    struct feed *f = feed_new(1 << 30);
    struct reader r[3];
    pthread_t thread[3];

    for (unsigned i = 0; i < 3; i++) {
        r[i] = (struct reader){f, 0};
        ck_assert_int_eq(pthread_create(&thread[i], NULL, read_all, &r[i]), 0);
    }
    for (uint64_t seq = 1; seq <= 20000; seq += 20)
        feed_publish(f, make_batch(seq, 20));
    for (unsigned i = 0; i < 3; i++) {
        pthread_join(thread[i], NULL);
        ck_assert_uint_eq(r[i].seen, 20000);
    }
    feed_free(f);
}
END_TEST

START_TEST(a_kick_ends_a_wait)
{
    struct feed *f = feed_new(1 << 20);
    int64_t before = clock_monotonic();
    uint64_t kicks = 0;

    feed_kick(f);
    feed_wait(f, 5, 60000, &kicks);
    ck_assert_uint_eq(kicks, 1);
    ck_assert_int_lt(clock_monotonic() - before, 30000000000);
    feed_wait(f, 5, 1, &kicks);
    feed_free(f);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("feed");
    TCase *tc = tcase_create("feed");
    SRunner *sr;
    int failed;

    tcase_add_test(tc, a_batch_keeps_copies);
    tcase_add_test(tc, a_feed_gives_what_comes_next);
    tcase_add_test(tc, a_feed_is_bounded);
    tcase_add_test(tc, readers_are_woken_and_see_all);
    tcase_add_test(tc, a_kick_ends_a_wait);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
