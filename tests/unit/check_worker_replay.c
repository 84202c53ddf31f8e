/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_worker_replay.c - stored items that go to a target again: all of the
 * range, between what is new, through losses and kills, and no alarm is left in
 * an old state. */
#include "build.h"

#include "worker_rig.h"

static void
events(struct rig *r, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        rig_event(r, false);
}

/* How often the receiver has the item with this id. */
static unsigned
times(unsigned id)
{
    unsigned n = 0;

    pthread_mutex_lock(&receiver.lock);
    for (unsigned i = 0; i < receiver.n; i++)
        n += strtoul(receiver.item[i].id, NULL, 16) == id;
    pthread_mutex_unlock(&receiver.lock);
    return n;
}

static void
delivered(struct rig *r, unsigned n)
{
    rig_make(r, "syslog");
    rig_start(r);
    events(r, n);
    rig_commit(r, true, true);
    UNTIL_SAFE(r);
    rig_commit(r, true, true);
}

START_TEST(the_range_goes_again_and_no_more)
{
    struct worker_status s;
    struct rig r;

    delivered(&r, 1000);
    ck_assert_int_eq(worker_replay(r.w, 101, 700), 0);
    events(&r, 10);
    rig_commit(&r, true, true);
    UNTIL(rig_status(&r).replaying == 0);
    UNTIL_SAFE(&r);
    ck_assert_uint_eq(receiver_count(), 1000 + 600 + 10);
    for (unsigned id = 1; id <= 1010; id++)
        ck_assert_msg(times(id) == (id >= 101 && id <= 700 ? 2 : 1), "item %u came %u times", id, times(id));
    s = rig_status(&r);
    ck_assert_uint_eq(s.seq, 1010);
    /* The target's own count goes on without them. */
    ck_assert_uint_eq(s.target_seq, 1010);
    /* Once over it is forgotten, and another one can begin. */
    rig_commit(&r, true, true);
    rig_kill(&r);
    rig_start(&r);
    ck_assert_uint_eq(rig_status(&r).replaying, 0);
    ck_assert_int_eq(worker_replay(r.w, 1, 1), 0);
    UNTIL(times(1) == 2);
    rig_free(&r);
}
END_TEST

START_TEST(one_at_a_time)
{
    struct rig r;

    delivered(&r, 10);
    RECEIVER(lag, 5);
    ck_assert_int_eq(worker_replay(r.w, 1, 10), 0);
    ck_assert_int_eq(worker_replay(r.w, 1, 10), -EBUSY);
    UNTIL(receiver_count() == 20);
    /* Out, and not yet safe: it is not over. */
    ck_assert_uint_eq(rig_status(&r).replaying, 10);
    RECEIVER(lag, 0);
    UNTIL(rig_status(&r).replaying == 0);
    ck_assert_int_eq(worker_replay(r.w, 1, 1), 0);
    rig_free(&r);
}
END_TEST

/* The receiver loses what it had not called safe: that goes again. */
START_TEST(through_losses)
{
    struct rig r;

    delivered(&r, 2000);
    RECEIVER(forget, true);
    for (unsigned after = 100; after <= 1300; after += 600) {
        RECEIVER(break_in, after);
        ck_assert_int_eq(worker_replay(r.w, 1, 2000), 0);
        UNTIL(rig_status(&r).replaying == 0);
    }
    ck_assert_uint_eq(rig_status(&r).reconnects, 3);
    for (unsigned id = 1; id <= 2000; id++)
        ck_assert_msg(times(id) >= 4, "item %u came %u times", id, times(id));
    rig_free(&r);
}
END_TEST

/* Killed in the middle: it goes on where it was saved. */
START_TEST(through_a_kill)
{
    unsigned before;
    struct rig r;

    delivered(&r, 1500);
    RECEIVER(forget, true);
    RECEIVER(break_in, 700);
    RECEIVER(refuse, 1000);
    ck_assert_int_eq(worker_replay(r.w, 1, 1500), 0);
    UNTIL(rig_status(&r).state == WORKER_DOWN);
    ck_assert_uint_lt(rig_status(&r).replaying, 1500);
    ck_assert(worker_is_dirty(r.w));
    rig_commit(&r, true, true);
    before = (unsigned) rig_status(&r).replaying;
    ck_assert_uint_gt(before, 0);
    rig_kill(&r);
    RECEIVER(refuse, 0);
    rig_start(&r);
    UNTIL(rig_status(&r).replaying == 0);
    for (unsigned id = 1; id <= 1500; id++)
        ck_assert_msg(times(id) >= 2, "item %u came %u times", id, times(id));
    /* What was safe does not go a third time. */
    ck_assert_uint_eq(times(1), 2);
    rig_free(&r);
}
END_TEST

/* Told of a target that is no longer there: nothing of it stays. */
START_TEST(forgotten_with_its_target)
{
    struct rig r;

    delivered(&r, 300);
    RECEIVER(lag, 1);
    ck_assert_int_eq(worker_replay(r.w, 1, 300), 0);
    rig_commit(&r, true, true);
    rig_kill(&r);
    ck_assert_int_eq(journal_begin(r.j), 0);
    ck_assert_int_eq(worker_forget(r.j, "nms"), 0);
    ck_assert_int_eq(journal_commit(r.j), 0);
    rig_start(&r);
    ck_assert_uint_eq(rig_status(&r).replaying, 0);
    rig_free(&r);
}
END_TEST

/* The range ends between the raise and the clear of an alarm. */
START_TEST(no_alarm_is_left_as_it_was)
{
    struct rig r;

    rig_make(&r, "syslog");
    rig_start(&r);
    rig_alarm(&r, "dist:A:ONE", CLASS_NETWORK, ALARM_RAISED, NULL, false);        /* 1 */
    rig_alarm(&r, "dist:A:TWO", CLASS_NETWORK, ALARM_RAISED, NULL, false);        /* 2 */
    rig_alarm(&r, "dist:A:ONE", CLASS_NETWORK, ALARM_UPDATED, NULL, false);       /* 3 */
    rig_alarm(&r, "dist:A:ONE", CLASS_NETWORK, ALARM_CLEARED, "copied", false);   /* 4 */
    rig_alarm(&r, "dist:A:TWO", CLASS_NETWORK, ALARM_UPDATED, NULL, false);       /* 5 */
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    ck_assert_int_eq(worker_replay(r.w, 1, 3), 0);
    UNTIL(rig_status(&r).replaying == 0);
    /* 1, 2 with the newest of its alarm, 3 with the end of its own. */
    ck_assert_uint_eq(receiver_count(), 5 + 5);
    pthread_mutex_lock(&receiver.lock);
    for (unsigned i = 0; i < 5; i++) {
        static const unsigned want[] = {1, 2, 5, 3, 4};

        ck_assert_uint_eq(strtoul(receiver.item[5 + i].id, NULL, 16), want[i]);
    }
    pthread_mutex_unlock(&receiver.lock);
    rig_free(&r);
}
END_TEST

/* What its filter never takes does not go to a target this way either. */
START_TEST(through_the_filter)
{
    struct rig r;

    rig_make(&r, "syslog");
    r.tc.items = CONFIG_ITEMS_ALARMS;
    r.tc.severity = SEVERITY_MAJOR;
    rig_start(&r);
    events(&r, 20);
    rig_alarm(&r, "dist:A:ONE", CLASS_NETWORK, ALARM_RAISED, NULL, false);
    events(&r, 20);
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    ck_assert_uint_eq(receiver_count(), 1);
    ck_assert_int_eq(worker_replay(r.w, 1, 41), 0);
    UNTIL(rig_status(&r).replaying == 0);
    ck_assert_uint_eq(receiver_count(), 2);
    rig_free(&r);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("worker_replay");
    TCase *t = tcase_create("worker_replay");
    SRunner *r;
    int failed;

    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_range_goes_again_and_no_more);
    tcase_add_test(t, one_at_a_time);
    tcase_add_test(t, through_losses);
    tcase_add_test(t, through_a_kill);
    tcase_add_test(t, forgotten_with_its_target);
    tcase_add_test(t, no_alarm_is_left_as_it_was);
    tcase_add_test(t, through_the_filter);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
