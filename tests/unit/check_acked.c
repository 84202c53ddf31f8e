/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_acked.c - what is known of messages acknowledged out of turn, in memory and
 * on disk. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/acked.h"
#include "parsers/keep.h"
#include "scratch.h"

static char dir[4096];
static struct journal *j;
static struct acked *a;

static const char *
id_of(unsigned n)
{
    static char id[33];

    snprintf(id, sizeof id, "%08x9abcdef0123456789abcdefA", n);
    return id;
}

static void
open_journal(void)
{
    char err[1024];

    j = journal_open(dir, UINT64_C(1) << 30, err, sizeof err);
    ck_assert_msg(j != NULL, "%s", err);
}

static void
begin(void)
{
    scratch_make(dir, sizeof dir);
    open_journal();
    a = acked_new();
    ck_assert_ptr_nonnull(a);
}

static void
end(void)
{
    acked_free(a);
    journal_close(j);
    scratch_remove(dir);
}

/* Change 'n' of alarm 'key', at places of its own. */
static void
note(unsigned n, uint64_t key)
{
    const struct acked_item item = {.seq = 100 + n, .number = n, .key = key, .id = id_of(n)};

    acked_note(a, &item);
}

/* A transaction with the cursor at change 'n'. */
static void
save_in(const char *target, unsigned n, bool commit)
{
    const struct journal_cursor at = {.seq = 100 + n, .target_seq = n};

    ck_assert_int_eq(journal_begin(j), 0);
    ck_assert_int_eq(acked_save(a, j, target, &at), 0);
    ck_assert_int_eq(commit ? journal_commit(j) : journal_rollback(j), 0);
    if (commit)
        acked_saved(a);
}

static void
save(unsigned n)
{
    save_in("nms", n, true);
}

/* As another process finds it, with the cursor at change 'n'. */
static void
start_again(const char *target, unsigned n)
{
    const struct journal_cursor at = {.seq = 100 + n, .target_seq = n};

    acked_free(a);
    journal_close(j);
    open_journal();
    a = acked_new();
    ck_assert_ptr_nonnull(a);
    ck_assert_int_eq(acked_restore(a, j, target, &at), 0);
}

/* The items that the places are of. */
static void
fill_journal(unsigned n)
{
    struct event ev = {.cls = CLASS_NETWORK, .severity = SEVERITY_MINOR, .text = STR("x")};
    struct item item = {.kind = ITEM_EVENT, .event = &ev};

    ck_assert_int_eq(journal_begin(j), 0);
    while (n--)
        ck_assert_int_eq(journal_append(j, &item, STR("<event/>\n"), 1, false, NULL), 0);
    ck_assert_int_eq(journal_commit(j), 0);
}

static bool
is_stored(void)
{
    void *p;
    size_t n;
    int r = journal_get(j, "acked", "nms", &p, &n);

    ck_assert(r == 0 || r == -ENOENT);
    free(p);
    return r == 0;
}

START_TEST(what_was_noted_is_known)
{
    ck_assert(!acked_has(a, id_of(1)));
    ck_assert(!acked_has(a, ""));
    note(7, 1);
    note(5, 2);
    note(5, 2);
    ck_assert(acked_has(a, id_of(7)));
    ck_assert(acked_has(a, id_of(5)));
    ck_assert(!acked_has(a, id_of(6)));
    ck_assert(!acked_has(a, ""));
    save(5);
    ck_assert(acked_has(a, id_of(7)));
    ck_assert(!acked_has(a, id_of(5))); /* the cursor says it */
    save(7);
    ck_assert(!acked_has(a, id_of(7)));
}
END_TEST

START_TEST(a_start_reads_it_back)
{
    fill_journal(120);
    for (unsigned n = 10; n < 20; n++)
        note(n, n);
    save(12);
    start_again("nms", 12);
    ck_assert(!acked_changed(a));
    for (unsigned n = 10; n < 21; n++)
        ck_assert_msg(acked_has(a, id_of(n)) == (n > 12 && n < 20), "change %u", n);
    note(20, 20);
    ck_assert(acked_changed(a));
    save(12); /* the old ones with it */
    start_again("nms", 14);
    for (unsigned n = 10; n < 22; n++)
        ck_assert_msg(acked_has(a, id_of(n)) == (n > 14 && n < 21), "change %u", n);
    start_again("other", 12);
    ck_assert(!acked_has(a, id_of(15)));
}
END_TEST

/* What is over leaves the journal, too, and nothing is written for nothing. */
START_TEST(nothing_stays_behind)
{
    fill_journal(120);
    save(1);
    ck_assert(!is_stored());
    note(2, 1);
    save(2);
    ck_assert(!is_stored());
    note(4, 1);
    save(2);
    ck_assert(is_stored());
    start_again("nms", 2);
    save(4);
    ck_assert(!is_stored());
    note(6, 1);
    save(4);
    ck_assert(is_stored());
    ck_assert_int_eq(acked_forget(j, "nms"), 0);
    ck_assert(!is_stored());
}
END_TEST

/* A number alone, or a place, does not say that the cursor has passed: numbers begin
 * anew behind a place where the configuration takes other items. */
START_TEST(the_cursor_must_have_both)
{
    const struct acked_item item = {.seq = 50, .number = 9, .id = id_of(1)};
    const struct journal_cursor low = {.seq = 60, .target_seq = 8}, high = {.seq = 49, .target_seq = 10};

    acked_note(a, &item);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(acked_save(a, j, "nms", i ? &high : &low), 0);
        acked_saved(a);
        ck_assert(acked_has(a, id_of(1)));
    }
}
END_TEST

/* The next of a key waits for the disk, that of another one does not. */
START_TEST(settled_is_on_disk)
{
    struct pollfd ready = {.fd = acked_fd(a), .events = POLLIN};
    uint64_t saves = acked_saves(a);

    ck_assert(acked_settled(a, 1));
    note(3, 1);
    ck_assert(!acked_is_waited_for(a));
    ck_assert(acked_settled(a, 2));
    ck_assert(!acked_settled(a, 1));
    ck_assert(acked_is_waited_for(a));
    ck_assert(!acked_is_waited_for(a)); /* asked once */
    ck_assert(!acked_settled(a, 1));
    ck_assert(!acked_is_waited_for(a));
    ck_assert_int_eq(poll(&ready, 1, 0), 0);
    save_in("nms", 1, false); /* the disk is full */
    ck_assert(acked_changed(a));
    ck_assert(!acked_settled(a, 1));
    ck_assert_int_eq(poll(&ready, 1, 0), 0);
    save(1);
    ck_assert_int_eq(poll(&ready, 1, 0), 1);
    ck_assert_uint_gt(acked_saves(a), saves);
    acked_heard(a);
    ck_assert_int_eq(poll(&ready, 1, 0), 0);
    ck_assert(acked_settled(a, 1));
    ck_assert(!acked_changed(a));
    note(4, 1);
    ck_assert(!acked_settled(a, 1));
    ck_assert(acked_is_waited_for(a));
}
END_TEST

/* What is noted while a transaction is under way is not on disk when it ends. */
START_TEST(noted_behind_a_save)
{
    const struct journal_cursor at = {0};

    note(3, 1);
    ck_assert_int_eq(acked_save(a, j, "nms", &at), 0);
    note(4, 2);
    acked_saved(a);
    ck_assert(acked_settled(a, 1));
    ck_assert(!acked_settled(a, 2));
    ck_assert(acked_changed(a));
}
END_TEST

/* Long before there is no room, nothing more is to be sent; what is under way fits,
 * and what does not all the same is counted, and holds the rest up until the cursor has
 * passed it. */
START_TEST(the_bound)
{
    unsigned n = 1;

    for (; n < ACKED_MAX - ACKED_ROOM; n++)
        note(n, n);
    ck_assert(acked_room(a));
    ck_assert(acked_is_waited_for(a)); /* ACKED_MANY are not on disk */
    note(n, n);
    ck_assert(!acked_room(a));
    for (n++; n <= ACKED_MAX; n++)
        note(n, n);
    ck_assert_uint_eq(acked_overflow(a), 0);
    note(n, n);
    ck_assert_uint_eq(acked_overflow(a), 1);
    for (unsigned i = 1; i <= ACKED_MAX + 1; i++)
        ck_assert_msg(acked_has(a, id_of(i)) == (i <= ACKED_MAX), "change %u", i);
    save(ACKED_MAX);
    ck_assert(!acked_has(a, id_of(ACKED_MAX)));
    ck_assert(!acked_room(a));
    save(ACKED_MAX + 1);
    ck_assert(acked_room(a));
}
END_TEST

/* What cannot be read goes again, and nothing worse. */
START_TEST(a_blob_that_is_none)
{
    struct keep_out o = {0};
    size_t cut;

    fill_journal(120);
    keep_put_u64(&o, 'a');
    for (uint64_t i = 0; i < 3; i++) {
        keep_put_u64(&o, 110 + i * 1000); /* the later ones are of items that are not there */
        keep_put_u64(&o, 10 + i);
        keep_put_u64(&o, UINT64_C(0x000000019abcdef0) ^ UINT64_C(0x123456789abcdefa));
    }
    ck_assert(!o.failed);
    for (cut = 0; cut <= o.n; cut += cut == 24 ? 7 : 8) { /* 31 is half an entry */
        ck_assert_int_eq(journal_put(j, "acked", "nms", o.p, cut), 0);
        start_again("nms", 5);
        ck_assert(acked_has(a, id_of(1)) == (cut >= 32));
        ck_assert(!acked_changed(a));
    }
    o.p[7] = 'b';
    ck_assert_int_eq(journal_put(j, "acked", "nms", o.p, o.n), 0);
    start_again("nms", 5);
    ck_assert(!acked_has(a, id_of(1)));
    save(6);
    ck_assert(!is_stored());
    free(o.p);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("acked");
    TCase *c = tcase_create("acked");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_add_checked_fixture(c, begin, end);
    tcase_add_test(c, what_was_noted_is_known);
    tcase_add_test(c, a_start_reads_it_back);
    tcase_add_test(c, nothing_stays_behind);
    tcase_add_test(c, the_cursor_must_have_both);
    tcase_add_test(c, settled_is_on_disk);
    tcase_add_test(c, noted_behind_a_save);
    tcase_add_test(c, the_bound);
    tcase_add_test(c, a_blob_that_is_none);
    suite_add_tcase(s, c);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
