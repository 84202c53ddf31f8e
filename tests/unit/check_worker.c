/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_worker.c - one target at work: order, numbers and places, in memory and
 * from the journal; what happens when it is lost, slow, killed or given up on;
 * what goes by the clock. */
#include "build.h"

#include <sys/mman.h>
#include <unistd.h>

#include "worker_rig.h"

#include "forwarder/told.h"
#include "parsers/item_xml.h"

static void
events(struct rig *r, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        rig_event(r, false);
}

/* Received items 'from' on are those with ids 'id' on, numbered 'number' on. */
static void
received_run(unsigned from, unsigned n, unsigned id, uint64_t number)
{
    pthread_mutex_lock(&receiver.lock);
    ck_assert_uint_ge(receiver.n, from + n);
    for (unsigned i = 0; i < n; i++) {
        const struct received *got = &receiver.item[from + i];

        ck_assert_uint_eq(strtoul(got->id, NULL, 16), id + i);
        ck_assert_uint_eq(got->target_seq, number + i);
    }
    pthread_mutex_unlock(&receiver.lock);
}

START_TEST(delivers_in_order_and_stands_there)
{
    struct rig r;

    rig_make(&r, "syslog");
    rig_start(&r);
    for (unsigned i = 0; i < 10; i++) {
        events(&r, 100);
        rig_commit(&r, true, i % 2 == 0); /* by the feed, by the journal */
    }
    UNTIL_SAFE(&r);
    ck_assert_uint_eq(receiver_count(), 1000);
    received_run(0, 1000, 1, 1);
    UNTIL(atomic_load(&r.dirty) > 0);
    ck_assert(worker_is_dirty(r.w));
    rig_commit(&r, true, true);
    ck_assert(!worker_is_dirty(r.w));
    ck_assert_uint_eq(worker_done(r.w), 1000);
    ck_assert_uint_eq(rig_status(&r).acknowledged, 1000);
    ck_assert_int_eq(rig_status(&r).state, WORKER_UP);
    rig_kill(&r);

    /* The next run has nothing to do but what is new. */
    rig_start(&r);
    events(&r, 5);
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    received_run(1000, 5, 1001, 1001);
    ck_assert_uint_eq(receiver_count(), 1005);
    rig_free(&r);
}
END_TEST

/* A new target begins at the journal's end, in one run at its start. */
START_TEST(where_a_new_target_begins)
{
    for (int once = 0; once < 2; once++) {
        struct rig r;

        rig_make(&r, "syslog");
        events(&r, 3000);
        rig_commit(&r, false, false);
        r.once = once;
        rig_start(&r);
        if (!once) {
            /* That place is kept, though nothing was sent since. */
            UNTIL(atomic_load(&r.dirty) > 0);
            ck_assert(worker_is_dirty(r.w));
            rig_commit(&r, true, true);
            rig_kill(&r);
            events(&r, 1);
            rig_commit(&r, false, false);
            rig_start(&r);
        } else {
            worker_finish(r.w);
            UNTIL(worker_ended(r.w));
            ck_assert(!rig_status(&r).failed);
            rig_commit(&r, true, true);
            ck_assert_uint_eq(worker_done(r.w), 3000);
        }
        UNTIL_SAFE(&r);
        ck_assert_uint_eq(receiver_count(), once ? 3000 : 1);
        received_run(0, receiver_count(), once ? 1 : 3001, 1);
        rig_free(&r);
    }
}
END_TEST

/* What was not safe when the target was lost goes again, with its numbers;
 * what was, does not. */
START_TEST(a_loss_costs_what_was_not_safe)
{
    struct rig r;

    rig_make(&r, "syslog");
    receiver.lag = 30;
    receiver.forget = true;
    rig_start(&r);
    events(&r, 100);
    rig_commit(&r, true, true);
    UNTIL(rig_status(&r).seq == 70);
    ck_assert_int_eq(rig_status(&r).oldest_unsafe, 71); /* its arrival, as the rig numbers it */
    ck_assert_uint_eq(rig_status(&r).behind, 30);
    RECEIVER(break_in, 11);
    events(&r, 50);
    rig_commit(&r, true, true);
    UNTIL(rig_status(&r).state == WORKER_DOWN);
    ck_assert_str_eq(rig_status(&r).error, "told to break");
    RECEIVER(lag, 0);
    ck_assert_uint_le(rig_status(&r).seq, 80);
    UNTIL_SAFE(&r);
    UNTIL(rig_status(&r).state == WORKER_UP);
    ck_assert_str_eq(rig_status(&r).error, "");
    ck_assert_uint_eq(rig_status(&r).reconnects, 1);
    /* The receiver forgot what it had not called safe: now it has each once. */
    ck_assert_uint_eq(receiver_count(), 150);
    received_run(0, 150, 1, 1);
    ck_assert_uint_eq(receiver.opened, 2);
    rig_free(&r);
}
END_TEST

/* Refused at first, it tries again, later each time, and says so. */
START_TEST(a_target_that_cannot_be_opened)
{
    struct rig r;
    int64_t begin = clock_monotonic();

    rig_make(&r, "syslog");
    receiver.refuse = 1;
    rig_start(&r);
    events(&r, 10);
    rig_commit(&r, true, true);
    UNTIL(rig_status(&r).state == WORKER_DOWN);
    ck_assert_str_eq(rig_status(&r).error, "told to refuse");
    ck_assert_int_ne(rig_status(&r).down_since, 0);
    ck_assert_int_gt(rig_status(&r).retry_at, rig_status(&r).down_since);
    UNTIL_SAFE(&r);
    /* A second, a quarter less at most. */
    ck_assert_int_ge(clock_monotonic() - begin, INT64_C(750000000));
    received_run(0, 10, 1, 1);
    rig_free(&r);
}
END_TEST

/* One message, with the place of the target in front and its name once; status has what
 * is wrong alone. */
START_TEST(an_opening_that_fails_is_told_once)
{
    struct rig r;
    char path[8192], told[4096] = "", want[9000];
    int before = dup(STDERR_FILENO), out;
    ssize_t n;

    rig_make(&r, "xml");
    r.cls = &target_xml_class;
    snprintf(path, sizeof path, "%s/no such folder/a.xml", r.dir);
    r.tc.path = path;
    out = memfd_create("told", MFD_CLOEXEC);
    ck_assert_int_ge(dup2(out, STDERR_FILENO), 0);
    rig_start(&r);
    UNTIL(rig_status(&r).state == WORKER_DOWN);
    snprintf(want, sizeof want, "cannot write to %s: No such file or directory", path);
    ck_assert_msg(strncmp(rig_status(&r).error, want, strlen(want)) == 0, "%s", rig_status(&r).error);
    rig_kill(&r);
    ck_assert_int_ge(dup2(before, STDERR_FILENO), 0);
    close(before);
    n = pread(out, told, sizeof told - 1, 0);
    ck_assert_int_gt(n, 0);
    close(out);
    snprintf(want, sizeof want, "test.xml:1: target 'nms': cannot write to %s: No such file or directory", path);
    ck_assert_msg(strstr(told, want) != NULL, "%s", told);
    ck_assert_msg(strstr(strstr(told, "target") + 1, "target") == NULL, "%s", told);
    rig_free(&r);
}
END_TEST

/* Of items that never went anywhere, too, it is known how long they have waited. */
START_TEST(waiting_for_a_target_that_is_away)
{
    struct rig r;

    rig_make(&r, "syslog");
    receiver.refuse = 1000;
    rig_start(&r);
    events(&r, 10);
    rig_commit(&r, true, true);
    UNTIL(rig_status(&r).oldest_unsafe != 0);
    ck_assert_int_eq(rig_status(&r).state, WORKER_DOWN);
    ck_assert_uint_eq(rig_status(&r).behind, 10);
    RECEIVER(refuse, 0);
    UNTIL_SAFE(&r);
    ck_assert_int_eq(rig_status(&r).oldest_unsafe, 0);
    rig_free(&r);
}
END_TEST

START_TEST(one_run_gives_up_in_time)
{
    struct rig r;
    int64_t begin;

    rig_make(&r, "syslog");
    receiver.refuse = 1000;
    events(&r, 10);
    rig_commit(&r, false, false);
    r.once = true;
    begin = clock_monotonic();
    rig_start(&r);
    worker_finish(r.w);
    UNTIL(worker_ended(r.w));
    ck_assert_int_le(clock_monotonic() - begin, INT64_C(60000000000)); /* three tries take three seconds */
    ck_assert(rig_status(&r).failed);
    ck_assert_uint_eq(receiver.refuse, 997);
    ck_assert_int_eq(rig_status(&r).state, WORKER_ENDED);
    rig_commit(&r, true, true);
    ck_assert_uint_eq(worker_done(r.w), 0);
    rig_free(&r);
}
END_TEST

/* Room for few: everything goes, nothing twice. */
START_TEST(a_slow_target_gets_everything)
{
    struct rig r;

    rig_make(&r, "syslog");
    receiver.room = 7;
    rig_start(&r);
    for (unsigned i = 0; i < 5; i++) {
        events(&r, 200);
        rig_commit(&r, true, true);
    }
    UNTIL_SAFE(&r);
    ck_assert_uint_eq(receiver_count(), 1000);
    received_run(0, 1000, 1, 1);
    rig_free(&r);
}
END_TEST

/* Asked to stop, it takes no more, and waits for what it sent. */
START_TEST(a_stop_waits_for_what_was_sent)
{
    struct rig r;

    rig_make(&r, "syslog");
    receiver.lag = 10;
    rig_start(&r);
    events(&r, 50);
    rig_commit(&r, true, true);
    UNTIL(rig_status(&r).seq == 40);
    worker_stop(r.w, 10000);
    RECEIVER(lag, 0);
    UNTIL(worker_ended(r.w));
    ck_assert_uint_eq(rig_status(&r).seq, 50);
    rig_commit(&r, true, true);
    ck_assert_uint_eq(worker_done(r.w), 50);
    worker_free(r.w);

    /* And not for ever. */
    RECEIVER(lag, 10);
    rig_start(&r);
    events(&r, 50);
    rig_commit(&r, true, true);
    UNTIL(rig_status(&r).seq == 90);
    worker_stop(r.w, 30);
    UNTIL(worker_ended(r.w));
    ck_assert_uint_eq(rig_status(&r).seq, 90);
    rig_free(&r);
}
END_TEST

/* History is for others; its alarms that are open still come as raises. */
START_TEST(history_is_summed_up)
{
    struct rig r;
    struct notice_item n = {.kind = NOTICE_HISTORY, .text = STR("read 3 records")};
    struct item notice = {.kind = ITEM_NOTICE, .notice = &n};

    rig_make(&r, "snmp");
    r.tc.history_all = false;
    r.tc.items = CONFIG_ITEMS_ALARMS;
    rig_start(&r);
    for (unsigned i = 0; i < 2500; i++)
        rig_event(&r, true);
    rig_alarm(&r, "dist:A:P", CLASS_NETWORK, ALARM_RAISED, NULL, true);
    rig_commit(&r, true, true);
    snprintf(n.id, sizeof n.id, "%032x", ++r.ids);
    ck_assert_int_eq(batch_add(r.batch, &notice, 1, false), 0);
    rig_alarm(&r, "dist:A:P", CLASS_NETWORK, ALARM_RAISED, ALARM_REASON_HISTORY, false);
    rig_alarm(&r, "dist:A:P", CLASS_NETWORK, ALARM_CLEARED, "fixed", false);
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    ck_assert_uint_eq(receiver_count(), 3);
    received_run(0, 3, 2502, 1);
    ck_assert_int_eq(receiver.item[0].kind, ITEM_NOTICE);
    rig_free(&r);
}
END_TEST

/* What nobody needs to be told moves the place all the same. */
START_TEST(items_passed_by_move_the_place)
{
    struct rig r;

    rig_make(&r, "snmp");
    r.tc.items = CONFIG_ITEMS_ALARMS;
    rig_start(&r);
    events(&r, 500);
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    ck_assert_uint_eq(rig_status(&r).target_seq, 0);
    UNTIL(atomic_load(&r.dirty) > 0);
    rig_commit(&r, true, true);
    ck_assert_uint_eq(worker_done(r.w), 500);
    ck_assert_uint_eq(receiver_count(), 0);
    rig_free(&r);
}
END_TEST

/* A row that is no item any more holds nothing up. */
START_TEST(a_damaged_row_is_left_out)
{
    struct rig r;

    rig_make(&r, "syslog");
    rig_start(&r);
    for (unsigned i = 0; i < 2; i++) {
        events(&r, 5);
        batch_item(r.batch, i ? 4 : 2)->xml = STR("<event id=");
        rig_commit(&r, true, false);
        UNTIL_SAFE(&r);
    }
    ck_assert_uint_eq(receiver_count(), 8);
    received_run(0, 2, 1, 1);
    received_run(2, 2, 4, 3);
    received_run(4, 4, 6, 5);
    ck_assert_uint_ge(rig_status(&r).skipped, 2);
    rig_free(&r);
}
END_TEST

/* What an alarms-only target is passed by costs no look at its XML. */
START_TEST(backlog_that_is_passed_by)
{
    struct rig r;

    rig_make(&r, "snmp");
    r.tc.items = CONFIG_ITEMS_ALARMS;
    rig_start(&r);
    for (unsigned i = 0; i < 3; i++) {
        events(&r, 700);
        batch_item(r.batch, 300)->xml = STR("<event id=");
        rig_alarm(&r, "dist:A:P", CLASS_NETWORK, i == 2 ? ALARM_CLEARED : ALARM_RAISED, NULL, false);
        rig_commit(&r, true, false);
    }
    UNTIL_SAFE(&r);
    ck_assert_uint_eq(receiver_count(), 3);
    ck_assert_uint_eq(rig_status(&r).skipped, 0);
    rig_free(&r);
}
END_TEST

/* How many signs of life came behind 'seq' items that are none; the first of them. */
static unsigned
signs_behind(uint64_t seq, unsigned *first)
{
    unsigned n = 0, items = 0;

    pthread_mutex_lock(&receiver.lock);
    for (unsigned i = 0; i < receiver.n; i++)
        if (receiver.item[i].kind != ITEM_NOTICE)
            items++;
        else if (items == seq && n++ == 0)
            *first = i;
    pthread_mutex_unlock(&receiver.lock);
    return n;
}

START_TEST(signs_of_life)
{
    struct rig r;
    unsigned first = 0;
    char digest[EVENT_ID_SIZE];
    struct told *t = told_new();

    rig_make(&r, "syslog");
    r.tc.heartbeat_ms = 100;
    rig_start(&r);
    /* The first comes soon; of no open alarm there is no digest. */
    UNTIL(receiver_count() > 0);
    ck_assert_uint_eq(receiver.item[0].notice.open_count, 0);
    ck_assert_str_eq(receiver.item[0].notice.open_digest, "");
    rig_kill(&r);
    receiver_reset();
    rig_start(&r);
    rig_alarm(&r, "dist:A:P", CLASS_NETWORK, ALARM_RAISED, NULL, false);
    rig_alarm(&r, "dist:A:Q", CLASS_NETWORK, ALARM_RAISED, NULL, false);
    rig_alarm(&r, "dist:A:Q", CLASS_NETWORK, ALARM_CLEARED, NULL, false);
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    UNTIL(signs_behind(3, &first) >= 2); /* one may come before them */
    ck_assert(told_set(t, STR("dist:A:P"), &(struct told_key){.told = true}, STR_NONE));
    ck_assert(told_digest(t, digest));
    pthread_mutex_lock(&receiver.lock);
    for (unsigned i = first; i < receiver.n; i++) {
        const struct received *got = &receiver.item[i];

        ck_assert_int_eq(got->kind, ITEM_NOTICE);
        ck_assert_int_eq(got->notice.kind, NOTICE_HEARTBEAT);
        ck_assert_uint_eq(got->target_seq, 3);
        ck_assert_uint_eq(got->notice.last_seq, 3);
        ck_assert_uint_eq(got->notice.read, 4711);
        ck_assert_uint_eq(got->notice.delivered, 3);
        ck_assert_uint_eq(got->notice.folded + got->notice.dropped, 0);
        ck_assert_uint_eq(got->notice.open_count, 1);
        ck_assert_str_eq(got->notice.open_digest, digest);
        ck_assert_uint_le(got->wire, 3); /* a repetition to the target: it moves nothing */
    }
    pthread_mutex_unlock(&receiver.lock);
    /* They take no number. */
    rig_event(&r, false);
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    ck_assert_uint_eq(rig_status(&r).target_seq, 4);
    told_free(t);
    rig_free(&r);
}
END_TEST

/* Given up while the target was away: counted, the numbers show the gap, and
 * the clear of an alarm that the target knows still comes. */
START_TEST(giving_up_leaves_a_gap_that_shows)
{
    struct rig r;

    rig_make(&r, "syslog");
    rig_start(&r);
    rig_alarm(&r, "dist:A:KNOWN", CLASS_NETWORK, ALARM_RAISED, NULL, false); /* 1 */
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    RECEIVER(break_in, 1);
    RECEIVER(refuse, 1);
    events(&r, 10);                                                              /* 2..11 */
    rig_alarm(&r, "dist:A:KNOWN", CLASS_NETWORK, ALARM_CLEARED, "fixed", false); /* 12 */
    rig_alarm(&r, "dist:A:LOST", CLASS_NETWORK, ALARM_RAISED, NULL, false);      /* 13 */
    events(&r, 5);                                                               /* 14..18 */
    rig_commit(&r, true, true);
    UNTIL(rig_status(&r).state == WORKER_DOWN);
    worker_drop(r.w, 15);
    UNTIL(rig_status(&r).seq == 15);
    ck_assert_uint_eq(rig_status(&r).dropped, 13);
    ck_assert_uint_eq(rig_status(&r).target_seq, 14);
    rig_commit(&r, true, true);
    ck_assert_uint_eq(worker_done(r.w), 15);
    rig_kill(&r);
    ck_assert_uint_eq(receiver_count(), 1);

    /* What is owed survives a restart. */
    RECEIVER(refuse, 0);
    rig_start(&r);
    rig_alarm(&r, "dist:A:LOST", CLASS_NETWORK, ALARM_UPDATED, NULL, false); /* 19: to it a raise */
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    ck_assert_uint_eq(receiver_count(), 6);
    ck_assert_str_eq(receiver.item[1].key, "dist:A:KNOWN");
    ck_assert_int_eq(receiver.item[1].state, ALARM_CLEARED);
    ck_assert_uint_eq(receiver.item[1].target_seq, 15);
    received_run(2, 3, 16, 16);
    ck_assert_str_eq(receiver.item[5].key, "dist:A:LOST");
    ck_assert_int_eq(receiver.item[5].state, ALARM_RAISED);
    ck_assert_uint_eq(receiver.item[5].target_seq, 19);
    ck_assert_uint_eq(rig_status(&r).open_keys, 1);
    rig_free(&r);
}
END_TEST

/* Of a target that only is slow, what lies in its window is given up, too. */
START_TEST(giving_up_on_a_slow_target)
{
    struct rig r;

    rig_make(&r, "syslog");
    receiver.room = 10;
    receiver.lag = 10;
    rig_start(&r);
    events(&r, 100);
    rig_commit(&r, true, true);
    UNTIL(receiver_count() == 10);
    worker_drop(r.w, 5);
    UNTIL(rig_status(&r).seq == 5);
    ck_assert_uint_eq(rig_status(&r).dropped, 5);
    worker_drop(r.w, 50);
    UNTIL(rig_status(&r).seq == 50);
    ck_assert_uint_eq(rig_status(&r).dropped, 50);
    RECEIVER(lag, 0);
    UNTIL_SAFE(&r);
    ck_assert_uint_eq(receiver_count(), 60);
    received_run(10, 50, 51, 51);
    rig_free(&r);
}
END_TEST

/* A clear by trap goes again with its number, also after a restart. */
START_TEST(a_clear_goes_again)
{
    const struct told_key again = {.held = TOLD_AGAIN, .seq = 2, .target_seq = 2, .due = INT64_C(1000000000)};
    struct rig r;
    struct told *t = told_new();
    struct journal_cursor at = {.seq = 0, .target_seq = 2};
    struct alarm_item a = {.key = STR("dist:A:P"), .state = ALARM_CLEARED, .cls = CLASS_NETWORK, .reason = STR("fixed")};
    struct item item = {.kind = ITEM_ALARM, .alarm = &a};
    struct xml_buf xml;

    rig_make(&r, "snmp");
    snprintf(a.id, sizeof a.id, "%032x", 99);
    xml_buf_init(&xml, 65536);
    item_xml_write(&xml, &item);
    told_start(t, &at);
    ck_assert(told_set(t, a.key, &again, str_make(xml.p, xml.n)));
    ck_assert(told_pass(t, &(struct told_pass){.seq = 1}));
    told_safe(t, 0);
    events(&r, 1);
    rig_commit(&r, false, false);
    ck_assert_int_eq(journal_begin(r.j), 0);
    ck_assert_int_eq(told_save(t, r.j, "nms", 0, clock_utc() - INT64_C(2000000000)), 0);
    ck_assert_int_eq(journal_commit(r.j), 0);
    told_free(t);
    rig_start(&r);
    UNTIL(receiver_count() == 1);
    ck_assert_uint_eq(strtoul(receiver.item[0].id, NULL, 16), 99);
    ck_assert_uint_eq(receiver.item[0].target_seq, 2);
    ck_assert_int_eq(receiver.item[0].state, ALARM_CLEARED);
    UNTIL(atomic_load(&r.dirty) > 0);
    rig_commit(&r, true, true);
    rig_kill(&r);
    /* Once is once: the next is due minutes later. */
    t = told_new();
    ck_assert_int_eq(told_restore(t, r.j, "nms", 0, clock_utc()), 0);
    ck_assert_uint_eq(told_get(t, a.key)->step, 1);
    ck_assert_int_gt(told_get(t, a.key)->due, INT64_C(530000000000));
    ck_assert_int_le(told_get(t, a.key)->due, INT64_C(541000000000));
    told_free(t);
    xml_buf_fini(&xml);
    rig_free(&r);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("worker");
    TCase *tc = tcase_create("worker");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, delivers_in_order_and_stands_there);
    tcase_add_test(tc, where_a_new_target_begins);
    tcase_add_test(tc, a_loss_costs_what_was_not_safe);
    tcase_add_test(tc, a_target_that_cannot_be_opened);
    tcase_add_test(tc, an_opening_that_fails_is_told_once);
    tcase_add_test(tc, waiting_for_a_target_that_is_away);
    tcase_add_test(tc, one_run_gives_up_in_time);
    tcase_add_test(tc, a_slow_target_gets_everything);
    tcase_add_test(tc, a_stop_waits_for_what_was_sent);
    tcase_add_test(tc, history_is_summed_up);
    tcase_add_test(tc, items_passed_by_move_the_place);
    tcase_add_test(tc, a_damaged_row_is_left_out);
    tcase_add_test(tc, backlog_that_is_passed_by);
    tcase_add_test(tc, signs_of_life);
    tcase_add_test(tc, giving_up_leaves_a_gap_that_shows);
    tcase_add_test(tc, giving_up_on_a_slow_target);
    tcase_add_test(tc, a_clear_goes_again);
    suite_add_tcase(s, tc);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
