/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_worker_informs.c - a worker and its target for informs over one journal, before
 * a receiver that acknowledges what the test wants, out of turn: after a kill, a loss or an
 * end nothing that was acknowledged comes again, and an alarm's next message only
 * when the acknowledgement of the one before is on disk.  The test plays the
 * engine, so it says what is on disk. */
#include "build.h"

#include "forwarder/informs.h"
#include "parsers/keep.h"
#include "tests/unit/snmp_receiver.h"
#include "worker_rig.h"

enum { RAISED = 1, CLEARED = 3, SILENCE_MS = 150 };

static struct rig r;
static struct datagram d, other;

static void
begin(void)
{
    receiver_open();
    rig_make(&r, "snmp");
    r.cls = &target_snmp_class;
    r.config = config_default;
    r.tc = target_default;
    r.tc.type = r.type;
    r.tc.place = (struct config_place){.file = "test.xml", .line = 1};
    r.tc.inform = true;
    r.tc.timeout_ms = 30000;
    r.tc.window = 64;
    r.tc.severity = SEVERITY_INFO;
    r.tc.items = CONFIG_ITEMS_ALARMS;
    r.tc.history_all = true;
}

static void
end(void)
{
    ck_assert_uint_eq(receiver_count(), 0); /* the double was not asked */
    rig_free(&r);
    receiver_close();
}

static void
raise_alarm(const char *key)
{
    rig_alarm(&r, key, CLASS_NETWORK, ALARM_RAISED, NULL, false);
}

static void
clear_alarm(const char *key)
{
    rig_alarm(&r, key, CLASS_NETWORK, ALARM_CLEARED, "fixed", false);
}

/* The next message is this one; it is not answered yet. */
static void
comes(struct datagram *got, const char *key, int state, unsigned number)
{
    ck_assert_msg(receive(got, 15000), "nothing came of %s", key);
    ck_assert_str_eq(value(got, MIB_OBJECT_KEY)->text, key);
    ck_assert_int_eq(value(got, MIB_OBJECT_STATE)->number, state);
    ck_assert_int_eq(value(got, MIB_OBJECT_SEQ)->number, number);
}

static void
comes_and_is_answered(const char *key, int state, unsigned number)
{
    comes(&d, key, state, number);
    answer(&d, 0);
}

static void
nothing_comes(void)
{
    if (receive(&d, SILENCE_MS))
        ck_abort_msg("%s came, number %d", value(&d, MIB_OBJECT_KEY)->text, (int) value(&d, MIB_OBJECT_SEQ)->number);
}

/* The answers so far were heard: that many messages wait. */
#define WAITING(n) UNTIL(rig_status(&r).in_flight == (n))

/* A worker with nothing behind it: its place is in the journal, so that what comes
 * from here on is for it. */
static void
start(void)
{
    rig_start(&r);
    rig_commit(&r, true, true);
}

/* Another process: the journal is read back. */
static void
start_again(void)
{
    char err[1024];

    rig_kill(&r);
    journal_close(r.j);
    r.j = journal_open(r.dir, UINT64_C(1) << 30, err, sizeof err);
    ck_assert_msg(r.j != NULL, "%s", err);
    rig_start(&r);
}

static void
save(void)
{
    rig_commit(&r, true, true);
}

/* FIRST is safe; A is not answered, B and C are. */
static void
answered_out_of_turn(void)
{
    start();
    raise_alarm("FIRST");
    raise_alarm("A");
    rig_event(&r, false); /* nothing for this target */
    raise_alarm("B");
    raise_alarm("C");
    save();
    comes_and_is_answered("FIRST", RAISED, 1);
    comes(&other, "A", RAISED, 2);
    comes_and_is_answered("B", RAISED, 3);
    comes_and_is_answered("C", RAISED, 4);
    WAITING(1);
}

/* By a kill, and by an end that saves. */
START_TEST(not_again_after_a_start)
{
    answered_out_of_turn();
    if (_i) {
        worker_stop(r.w, 0);
        UNTIL(worker_ended(r.w));
    }
    save();
    ck_assert(!worker_is_dirty(r.w));
    start_again();
    clear_alarm("B");
    save();
    comes(&d, "A", RAISED, 2);
    answer(&d, 0);
    comes_and_is_answered("B", CLEARED, 5);
    UNTIL_SAFE(&r);
    nothing_comes();
    save();
    start_again();
    nothing_comes();
}
END_TEST

/* Killed before anything was saved: then it does come again. */
START_TEST(again_where_it_is_not_on_disk)
{
    answered_out_of_turn();
    start_again();
    comes_and_is_answered("FIRST", RAISED, 1);
    comes_and_is_answered("A", RAISED, 2);
    comes_and_is_answered("B", RAISED, 3);
    comes_and_is_answered("C", RAISED, 4);
    UNTIL_SAFE(&r);
}
END_TEST

/* Messages about other alarms do not wait. */
START_TEST(the_next_one_waits_for_the_disk)
{
    start();
    raise_alarm("K");
    clear_alarm("K");
    raise_alarm("L");
    save();
    comes_and_is_answered("K", RAISED, 1);
    comes_and_is_answered("L", RAISED, 3);
    WAITING(1);
    nothing_comes();
    save();
    comes_and_is_answered("K", CLEARED, 2);
    UNTIL_SAFE(&r);
    /* Also one that comes later. */
    raise_alarm("K");
    rig_commit(&r, false, true);
    nothing_comes();
    save();
    comes_and_is_answered("K", RAISED, 4);
    UNTIL_SAFE(&r);
}
END_TEST

/* So many are known already, above the cursor, that few more have room: none goes that
 * could not be noted, and after each save more do. */
START_TEST(without_room_it_waits_for_a_save)
{
    enum { LEFT = 10, ALARMS = 400 };
    struct keep_out o = {0};
    char key[32];
    unsigned n = 0;

    keep_put_u64(&o, 'a');
    for (uint64_t i = 0; i < ACKED_MAX - ACKED_ROOM - LEFT; i++) {
        keep_put_u64(&o, 0);
        keep_put_u64(&o, 1000000 + i);
        keep_put_u64(&o, UINT64_C(1) << 40 | i);
    }
    ck_assert(!o.failed);
    ck_assert_int_eq(journal_put(r.j, "acked", r.tc.name, o.p, o.n), 0);
    free(o.p);
    start();
    for (unsigned i = 0; i < ALARMS; i++) {
        snprintf(key, sizeof key, "K%u", i);
        raise_alarm(key);
    }
    rig_commit(&r, false, true);
    for (; receive(&d, n < LEFT ? 15000 : SILENCE_MS); n++)
        answer(&d, 0);
    ck_assert_uint_ge(n, LEFT);
    ck_assert_uint_le(n, LEFT + INFORMS_TABLE);
    while (n < ALARMS) {
        save();
        for (; receive(&d, SILENCE_MS); n++)
            answer(&d, 0);
    }
    UNTIL_SAFE(&r);
    ck_assert_uint_eq(rig_status(&r).acknowledged, ALARMS);
}
END_TEST

/* Killed between the acknowledgement and the save, or behind it: never both messages, in
 * the wrong order. */
START_TEST(killed_between_two_of_an_alarm)
{
    start();
    raise_alarm("OTHER");
    raise_alarm("K");
    clear_alarm("K");
    save();
    comes(&other, "OTHER", RAISED, 1);
    answer(&other, 0);
    comes_and_is_answered("K", RAISED, 2);
    WAITING(1);
    if (_i)
        save();
    else
        nothing_comes();
    if (_i)
        comes(&d, "K", CLEARED, 3); /* and is not answered */
    start_again();
    if (!_i) {
        comes_and_is_answered("OTHER", RAISED, 1);
        comes_and_is_answered("K", RAISED, 2);
        WAITING(1);
        nothing_comes();
        save();
    }
    comes_and_is_answered("K", CLEARED, 3);
    UNTIL_SAFE(&r);
    nothing_comes();
}
END_TEST

/* The way is lost meanwhile: what was acknowledged does not come again, and what waits
 * for the disk still does. */
START_TEST(a_loss_changes_nothing)
{
    r.tc.timeout_ms = 5000; /* longer than a busy machine lets an answer wait */
    r.tc.retries = 0;
    start();
    raise_alarm("FIRST");
    raise_alarm("A");
    raise_alarm("K");
    clear_alarm("K");
    save();
    comes_and_is_answered("FIRST", RAISED, 1);
    comes(&other, "A", RAISED, 2);
    comes_and_is_answered("K", RAISED, 3);
    UNTIL(rig_status(&r).state == WORKER_DOWN);
    comes_and_is_answered("A", RAISED, 2);
    WAITING(1);
    while (receive(&d, SILENCE_MS)) { /* the answer was late */
        ck_assert_str_eq(value(&d, MIB_OBJECT_KEY)->text, "A");
        answer(&d, 0);
    }
    save();
    comes_and_is_answered("K", CLEARED, 4);
    UNTIL_SAFE(&r);
}
END_TEST

/* A transaction that fails, and is tried again. */
START_TEST(a_disk_that_is_full_for_a_while)
{
    start();
    raise_alarm("K");
    clear_alarm("K");
    save();
    comes_and_is_answered("K", RAISED, 1);
    WAITING(1);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(journal_begin(r.j), 0);
        ck_assert_int_eq(worker_save(r.w, r.j), 0);
        ck_assert_int_eq(journal_rollback(r.j), 0);
        ck_assert(worker_is_dirty(r.w));
        nothing_comes();
    }
    save();
    comes_and_is_answered("K", CLEARED, 2);
    UNTIL_SAFE(&r);
}
END_TEST

/* The target takes other items after a change of the configuration, and so counts them
 * otherwise; an id stays what it is. */
START_TEST(numbers_that_change)
{
    start();
    raise_alarm("FIRST");
    save();
    comes_and_is_answered("FIRST", RAISED, 1);
    UNTIL_SAFE(&r);
    rig_alarm(&r, "OLD", CLASS_NETWORK, ALARM_RAISED, NULL, true);
    raise_alarm("A");
    raise_alarm("B");
    save();
    comes(&other, "OLD", RAISED, 2);
    comes(&other, "A", RAISED, 3);
    answer(&other, 0);
    WAITING(2);
    comes(&other, "B", RAISED, 4);
    answer(&other, 0);
    WAITING(1);
    save();
    rig_kill(&r);
    r.tc.history_all = false;
    rig_start(&r);
    UNTIL_SAFE(&r);
    nothing_comes();
    raise_alarm("D");
    save();
    comes_and_is_answered("D", RAISED, 4);
    UNTIL_SAFE(&r);
}
END_TEST

/* A target that is taken out of the configuration leaves nothing behind. */
START_TEST(a_target_that_is_gone)
{
    void *p = NULL;
    size_t n;

    answered_out_of_turn();
    save();
    rig_kill(&r);
    ck_assert_int_eq(journal_get(r.j, "acked", r.tc.name, &p, &n), 0);
    free(p);
    ck_assert_int_eq(journal_begin(r.j), 0);
    ck_assert_int_eq(worker_forget(r.j, r.tc.name), 0);
    ck_assert_int_eq(journal_commit(r.j), 0);
    ck_assert_int_eq(journal_get(r.j, "acked", r.tc.name, &p, &n), -ENOENT);
}
END_TEST

/* Given up by drop-oldest, but the receiver had the raise: it gets the clear. */
START_TEST(given_up_after_it_was_acknowledged)
{
    answered_out_of_turn();
    save();
    rig_kill(&r);
    rig_start(&r);
    worker_drop(r.w, journal_last_seq(r.j));
    UNTIL_SAFE(&r);
    clear_alarm("A");
    clear_alarm("B");
    save();
    while (receive(&d, 15000) && strcmp(value(&d, MIB_OBJECT_KEY)->text, "A") == 0)
        answer(&d, 0);
    ck_assert_str_eq(value(&d, MIB_OBJECT_KEY)->text, "B");
    ck_assert_int_eq(value(&d, MIB_OBJECT_STATE)->number, CLEARED);
    answer(&d, 0);
    UNTIL_SAFE(&r);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("worker_informs");
    TCase *t = tcase_create("worker_informs");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_loop_test(t, not_again_after_a_start, 0, 2);
    tcase_add_test(t, again_where_it_is_not_on_disk);
    tcase_add_test(t, the_next_one_waits_for_the_disk);
    tcase_add_test(t, without_room_it_waits_for_a_save);
    tcase_add_loop_test(t, killed_between_two_of_an_alarm, 0, 2);
    tcase_add_test(t, a_loss_changes_nothing);
    tcase_add_test(t, a_disk_that_is_full_for_a_while);
    tcase_add_test(t, numbers_that_change);
    tcase_add_test(t, a_target_that_is_gone);
    tcase_add_test(t, given_up_after_it_was_acknowledged);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
