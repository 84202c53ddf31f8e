/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_told.c - what a target knows: what was sent and what is safe stay
 * apart, a rewind leads to the same numbers, and what is saved comes back. */
#include "build.h"

#include <check.h>
#include <errno.h>

#include "forwarder/told.h"
#include "parsers/keep.h"
#include "scratch.h"

static const struct told_key plain = {.told = true};

static void
pass(struct told *t, uint64_t seq, bool sent)
{
    struct told_pass p = {.seq = seq, .wire = sent ? seq * 10 : 0, .arrival = (int64_t) seq, .sent = sent};

    ck_assert(told_pass(t, &p));
}

static void
tell(struct told *t, uint64_t seq, const char *key)
{
    ck_assert(told_set(t, str_z(key), &plain, STR_NONE));
    told_number(t);
    pass(t, seq, true);
}

static bool
is_told(const struct told *t, const char *key)
{
    const struct told_key *k = told_get(t, str_z(key));

    return k && k->told;
}

#define CURSOR(t, s, n) \
    do { \
        struct journal_cursor c_ = told_cursor(t); \
        ck_assert_uint_eq(c_.seq, s); \
        ck_assert_uint_eq(c_.target_seq, n); \
    } while (0)

START_TEST(only_what_is_safe_counts)
{
    struct told *t = told_new();

    told_start(t, &(struct journal_cursor){.seq = 100, .target_seq = 7});
    tell(t, 101, "A");
    pass(t, 102, false);
    tell(t, 103, "B");
    ck_assert(is_told(t, "A") && is_told(t, "B"));
    ck_assert_uint_eq(told_open(t), 2);
    ck_assert_uint_eq(told_unsafe(t), 2);
    ck_assert_int_eq(told_oldest(t), 101);
    CURSOR(t, 100, 7);
    ck_assert(!told_safe(t, 1009));
    ck_assert(told_safe(t, 1010));
    CURSOR(t, 102, 8); /* with what needed nothing behind it */
    ck_assert_int_eq(told_oldest(t), 103);
    told_rewind(t);
    ck_assert(is_told(t, "A") && !is_told(t, "B"));
    ck_assert_uint_eq(told_open(t), 1);
    ck_assert_uint_eq(told_seq(t), 102);
    ck_assert_uint_eq(told_number(t), 9);
    told_rewind(t);
    /* Nothing under way: what needs nothing is safe at once. */
    pass(t, 150, false);
    CURSOR(t, 150, 8);
    tell(t, 151, "B");
    ck_assert(told_safe(t, 1510));
    CURSOR(t, 151, 9);
    ck_assert_uint_eq(told_totals(t)->items, 2);
    told_free(t);
}
END_TEST

/* The newest of several changes of one key is seen, the safe one is kept. */
START_TEST(changes_of_one_key_queue_up)
{
    struct told *t = told_new();

    tell(t, 1, "A");
    ck_assert(told_set(t, STR("A"), NULL, STR_NONE));
    pass(t, 2, true);
    tell(t, 3, "A");
    ck_assert(told_set(t, STR("A"), NULL, STR_NONE));
    pass(t, 4, true);
    ck_assert(!is_told(t, "A"));
    ck_assert_uint_eq(told_open(t), 0);
    told_safe(t, 30);
    ck_assert(!is_told(t, "A"));
    told_rewind(t);
    ck_assert(is_told(t, "A"));
    ck_assert_uint_eq(told_open(t), 1);
    ck_assert(told_set(t, STR("A"), NULL, STR_NONE));
    pass(t, 4, true);
    told_safe(t, 40);
    told_rewind(t);
    ck_assert(!is_told(t, "A"));
    ck_assert_uint_eq(told_open(t), 0);
    told_free(t);
}
END_TEST

/* An item changes several keys at once, or none. */
START_TEST(an_item_is_one_step)
{
    struct told *t = told_new();

    ck_assert(told_set(t, STR("A"), &plain, STR_NONE));
    ck_assert(told_set(t, STR("B"), &plain, STR_NONE));
    told_number(t);
    told_number(t);
    /* Left in the middle. */
    told_rewind(t);
    ck_assert(!is_told(t, "A") && !is_told(t, "B"));
    ck_assert_uint_eq(told_last_number(t), 0);
    ck_assert(told_set(t, STR("A"), &plain, STR_NONE));
    ck_assert(told_set(t, STR("B"), &plain, STR_NONE));
    told_number(t);
    told_number(t);
    pass(t, 1, true);
    ck_assert(told_safe(t, 10));
    CURSOR(t, 1, 2);
    ck_assert(is_told(t, "A") && is_told(t, "B"));
    told_free(t);
}
END_TEST

START_TEST(giving_up_moves_on)
{
    struct told *t = told_new();

    for (unsigned i = 1; i <= 10; i++)
        tell(t, i, "A");
    told_give_up(t, 4);
    CURSOR(t, 4, 4);
    ck_assert_uint_eq(told_unsafe(t), 6);
    told_safe(t, 100);
    CURSOR(t, 10, 10);
    told_free(t);
}
END_TEST

/* The bounds hold, and say so. */
START_TEST(bounds)
{
    struct told *t = told_new();
    char key[32];
    uint64_t seq = 0;

    while (told_room(t))
        pass(t, ++seq, true);
    ck_assert_uint_eq(seq, TOLD_QUEUE);
    ck_assert(!told_pass(t, &(struct told_pass){.seq = seq + 1, .wire = seq * 10 + 10, .sent = true}));
    told_safe(t, seq * 10);
    for (unsigned i = 0; i < TOLD_KEYS; i++) {
        snprintf(key, sizeof key, "K%u", i);
        tell(t, ++seq, key);
        if (i % 1000 == 0)
            told_safe(t, seq * 10);
    }
    ck_assert(!told_set(t, STR("one more"), &plain, STR_NONE));
    ck_assert(told_set(t, STR("K5"), NULL, STR_NONE));
    told_free(t);
}
END_TEST

static struct journal *
journal_make(char *dir, size_t size)
{
    char err[1024];
    struct journal *j;

    scratch_make(dir, size);
    j = journal_open(dir, UINT64_C(1) << 30, err, sizeof err);
    ck_assert_msg(j != NULL, "%s", err);
    return j;
}

static void
save(struct told *t, struct journal *j, const char *name, int64_t now, int64_t utc)
{
    ck_assert_int_eq(journal_begin(j), 0);
    ck_assert_int_eq(told_save(t, j, name, now, utc), 0);
    ck_assert_int_eq(journal_commit(j), 0);
    told_saved(t);
    ck_assert(!told_changed(t));
}

static struct told *
load(struct journal *j, const char *name, int64_t now, int64_t utc)
{
    struct told *t = told_new();
    struct journal_cursor at;

    ck_assert_int_eq(journal_cursor_get(j, name, true, &at), 0);
    ck_assert_int_eq(told_restore(t, j, name, now, utc), 0);
    told_start(t, &at);
    return t;
}

static void
hold(struct told *t, const char *key, const struct told_key *like, struct str xml)
{
    ck_assert(told_set(t, str_z(key), like, xml));
}

static void
holds(const struct told *t, const char *key, const struct told_key *like, struct str xml)
{
    const struct told_key *k = told_get(t, str_z(key));

    ck_assert_ptr_nonnull(k);
    ck_assert_int_eq(k->told, like->told);
    ck_assert_int_eq(k->held, like->held);
    ck_assert_uint_eq(k->seq, like->seq);
    ck_assert_uint_eq(k->target_seq, like->target_seq);
    ck_assert_uint_eq(k->step, like->step);
    ck_assert_int_eq(k->due, like->due);
    ck_assert_str_eq(k->storm, like->storm);
    ck_assert(str_eq(str_make(k->xml, k->n), xml));
}

START_TEST(what_is_saved_comes_back)
{
    static const struct told_key folded = {.held = TOLD_FOLDED, .seq = 5, .storm = "A/NETWORK"};
    static const struct told_key owed = {.told = true, .held = TOLD_OWED, .seq = 6};
    static const struct told_key again = {.held = TOLD_AGAIN, .seq = 7, .target_seq = 3, .step = 1, .due = 1500};
    struct told_key moved = again;
    char dir[4096], digest[2][EVENT_ID_SIZE];
    struct journal *j = journal_make(dir, sizeof dir);
    struct told *t = load(j, "nms", 0, 0), *other = load(j, "nms2", 0, 0);

    hold(t, "F", &folded, STR("<alarm f/>\n"));
    hold(t, "O", &owed, STR("<alarm o/>\n"));
    hold(t, "R", &again, STR("<alarm r/>\n"));
    tell(t, 1, "P");
    tell(t, 2, "not safe");
    told_safe(t, 10);
    save(t, j, "nms", 1000, 77000);
    tell(other, 3, "X");
    told_safe(other, 30);
    save(other, j, "nms2", 0, 0);
    told_rewind(t);
    ck_assert(told_digest(t, digest[0]));
    told_free(t);

    /* Another run: its clock started elsewhere. */
    t = load(j, "nms", 5000, 77200);
    moved.due = 5000 + 300;
    holds(t, "F", &folded, STR("<alarm f/>\n"));
    holds(t, "O", &owed, STR("<alarm o/>\n"));
    holds(t, "R", &moved, STR("<alarm r/>\n"));
    ck_assert(is_told(t, "P") && !is_told(t, "not safe") && !is_told(t, "X"));
    ck_assert_uint_eq(told_open(t), 2);
    ck_assert(told_digest(t, digest[1]));
    ck_assert_str_eq(digest[0], digest[1]);
    CURSOR(t, 1, 1);

    /* What changes is written, what is gone is gone. */
    ck_assert(told_set(t, STR("P"), NULL, STR_NONE));
    ck_assert(told_set(t, STR("F"), NULL, STR_NONE));
    pass(t, 2, true);
    told_safe(t, 20);
    told_went(t, STR("R"), 0, 0);
    save(t, j, "nms", 0, 0);
    told_free(t);
    t = load(j, "nms", 0, 0);
    ck_assert_ptr_null(told_get(t, STR("P")));
    ck_assert_ptr_null(told_get(t, STR("F")));
    ck_assert_ptr_null(told_get(t, STR("R")));
    ck_assert(is_told(t, "O"));
    told_free(t);
    told_free(other);

    /* A target that is no longer configured takes nothing of another's along. */
    ck_assert_int_eq(journal_begin(j), 0);
    ck_assert_int_eq(told_forget(j, "nms"), 0);
    ck_assert_int_eq(journal_commit(j), 0);
    t = load(j, "nms", 0, 0);
    other = load(j, "nms2", 0, 0);
    ck_assert_ptr_null(told_get(t, STR("O")));
    ck_assert(is_told(other, "X"));
    told_free(t);
    told_free(other);
    journal_close(j);
    scratch_remove(dir);
}
END_TEST

/* A transaction that failed, or was never made, loses nothing. */
START_TEST(a_save_that_fails_is_made_again)
{
    char dir[4096];
    struct journal *j = journal_make(dir, sizeof dir);
    struct told *t = load(j, "nms", 0, 0);

    tell(t, 1, "A");
    told_safe(t, 10);
    ck_assert_int_eq(journal_begin(j), 0);
    ck_assert_int_eq(told_save(t, j, "nms", 0, 0), 0);
    ck_assert_int_eq(journal_rollback(j), 0);
    ck_assert(told_changed(t));
    tell(t, 2, "B");
    told_safe(t, 20);
    ck_assert_uint_eq(told_durable(t).seq, 0);
    ck_assert_int_eq(journal_begin(j), 0);
    ck_assert_int_eq(told_save(t, j, "nms", 0, 0), 0);
    tell(t, 3, "C"); /* between the save and its commit */
    told_safe(t, 30);
    ck_assert_int_eq(journal_commit(j), 0);
    told_saved(t);
    ck_assert_uint_eq(told_durable(t).seq, 2);
    ck_assert(told_changed(t));
    told_free(t);
    t = load(j, "nms", 0, 0);
    ck_assert(is_told(t, "A") && is_told(t, "B") && !is_told(t, "C"));
    told_free(t);
    journal_close(j);
    scratch_remove(dir);
}
END_TEST

/* The first version kept all keys of a target in one blob of its name. */
START_TEST(the_first_version_is_understood)
{
    char dir[4096];
    struct journal *j = journal_make(dir, sizeof dir);
    struct keep_out o = {0};
    struct told *t;
    void *p;
    size_t n;

    keep_put_u64(&o, 2);
    keep_put_str(&o, STR("dist:A:P"));
    keep_put_str(&o, STR("dist:A:Q"));
    ck_assert_int_eq(journal_begin(j), 0);
    ck_assert_int_eq(journal_put(j, "told", "nms", o.p, o.n), 0);
    ck_assert_int_eq(journal_commit(j), 0);
    free(o.p);
    t = load(j, "nms", 0, 0);
    ck_assert(is_told(t, "dist:A:P") && is_told(t, "dist:A:Q"));
    ck_assert(told_changed(t));
    save(t, j, "nms", 0, 0);
    told_free(t);
    ck_assert_int_eq(journal_get(j, "told", "nms", &p, &n), -ENOENT);
    t = load(j, "nms", 0, 0);
    ck_assert(is_told(t, "dist:A:P") && is_told(t, "dist:A:Q"));
    ck_assert_uint_eq(told_open(t), 2);
    told_free(t);
    journal_close(j);
    scratch_remove(dir);
}
END_TEST

/* Bytes that are none of ours are taken as nothing known. */
START_TEST(damaged_blobs)
{
    char dir[4096];
    struct journal *j = journal_make(dir, sizeof dir);
    struct keep_out o = {0};
    struct told *t;

    keep_put_u64(&o, 'k');
    for (unsigned i = 0; i < 6; i++)
        keep_put_u64(&o, UINT64_MAX - i);
    ck_assert_int_eq(journal_begin(j), 0);
    for (size_t n = 0; n <= o.n; n++) {
        char name[32];

        snprintf(name, sizeof name, "nms\nK%zu", n);
        ck_assert_int_eq(journal_put(j, "told", name, o.p, n), 0);
    }
    ck_assert_int_eq(journal_put(j, "told", "nms", o.p, o.n), 0);
    ck_assert_int_eq(journal_commit(j), 0);
    t = load(j, "nms", 0, 0);
    ck_assert_uint_eq(told_open(t), 1); /* one byte says "told" */
    told_free(t);
    free(o.p);
    journal_close(j);
    scratch_remove(dir);
}
END_TEST

/* sha256sum of "comp:A:B\ndist:A:P\ndist:A:Q\n", and of nothing. */
START_TEST(the_digest_is_what_the_manual_says)
{
    struct told *t = told_new();
    char digest[EVENT_ID_SIZE];

    ck_assert(told_digest(t, digest));
    ck_assert_str_eq(digest, "e3b0c44298fc1c149afbf4c8996fb924");
    tell(t, 1, "dist:A:Q");
    tell(t, 2, "comp:A:B");
    told_safe(t, 20);
    tell(t, 3, "dist:A:P");
    ck_assert(told_digest(t, digest));
    ck_assert_str_eq(digest, "73dc24ed9f872d437a5ecbe1be1aaae3");
    told_free(t);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("told");
    TCase *tc = tcase_create("told");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_test(tc, only_what_is_safe_counts);
    tcase_add_test(tc, changes_of_one_key_queue_up);
    tcase_add_test(tc, an_item_is_one_step);
    tcase_add_test(tc, giving_up_moves_on);
    tcase_add_test(tc, bounds);
    tcase_add_test(tc, what_is_saved_comes_back);
    tcase_add_test(tc, a_save_that_fails_is_made_again);
    tcase_add_test(tc, the_first_version_is_understood);
    tcase_add_test(tc, damaged_blobs);
    tcase_add_test(tc, the_digest_is_what_the_manual_says);
    suite_add_tcase(s, tc);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
