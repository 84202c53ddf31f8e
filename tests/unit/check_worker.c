/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_worker.c - one target at work: order, numbers and places, in memory and
 * from the journal; what happens when it is lost, slow, killed or given up on;
 * what goes by the clock. */
#include "build.h"

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

START_TEST(one_run_gives_up_in_time)
{
    struct rig r;
    int64_t begin = clock_monotonic();

    rig_make(&r, "syslog");
    receiver.refuse = 1000;
    events(&r, 10);
    rig_commit(&r, false, false);
    r.once = true;
    rig_start(&r);
    worker_finish(r.w);
    UNTIL(worker_ended(r.w));
    ck_assert_int_le(clock_monotonic() - begin, INT64_C(6000000000));
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

#define STORM_A "self:STORM:A/NETWORK"

static void
storm_begin(struct rig *r)
{
    rig_alarm(r, "dist:A:BEFORE", CLASS_NETWORK, ALARM_RAISED, NULL, false);  /* 1: sent */
    rig_alarm(r, STORM_A, CLASS_SELF, ALARM_RAISED, NULL, false);             /* 2: sent */
    rig_alarm(r, "dist:A:P1", CLASS_NETWORK, ALARM_RAISED, NULL, false);      /* 3: folded */
    rig_alarm(r, "dist:A:P2", CLASS_NETWORK, ALARM_RAISED, NULL, false);      /* 4: folded, cleared */
    rig_alarm(r, "dist:A:P3", CLASS_NETWORK, ALARM_RAISED, NULL, false);      /* 5: folded */
    rig_alarm(r, "dist:B:P1", CLASS_NETWORK, ALARM_RAISED, NULL, false);      /* 6: sent */
    rig_alarm(r, "dist:A:P1", CLASS_NETWORK, ALARM_UPDATED, NULL, false);     /* 7: folded */
    rig_alarm(r, "dist:A:P2", CLASS_NETWORK, ALARM_CLEARED, "fixed", false);  /* 8: folded */
    rig_alarm(r, "dist:A:BEFORE", CLASS_NETWORK, ALARM_UPDATED, NULL, false); /* 9: folded */
}

static void
storm_end(struct rig *r)
{
    rig_alarm(r, STORM_A, CLASS_SELF, ALARM_CLEARED, "over", false);       /* 10: sent, and 5, 7, 9 */
    rig_alarm(r, "dist:A:P4", CLASS_NETWORK, ALARM_RAISED, NULL, false);   /* 11: sent */
}

static void
storm_is(unsigned from)
{
    static const struct {
        unsigned id;
        enum alarm_state state;
    } rows[] = {{1, ALARM_RAISED},  {2, ALARM_RAISED}, {6, ALARM_RAISED},  {10, ALARM_CLEARED},
                {5, ALARM_RAISED},  {7, ALARM_RAISED}, {9, ALARM_UPDATED}, {11, ALARM_RAISED}};

    pthread_mutex_lock(&receiver.lock);
    ck_assert_uint_eq(receiver.n, from + 8);
    for (unsigned i = 0; i < 8; i++) {
        const struct received *got = &receiver.item[from + i];

        ck_assert_uint_eq(strtoul(got->id, NULL, 16), rows[i].id);
        ck_assert_int_eq(got->state, rows[i].state);
        ck_assert_uint_eq(got->target_seq, i + 1);
        /* Its XML says the same. */
        ck_assert_ptr_nonnull(strstr(got->xml, alarm_state_name(rows[i].state)));
    }
    pthread_mutex_unlock(&receiver.lock);
}

START_TEST(a_storm_is_one_alarm_and_then_what_is_left)
{
    struct rig r;

    rig_make(&r, "snmp");
    rig_start(&r);
    storm_begin(&r);
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    ck_assert_uint_eq(rig_status(&r).folded, 6);
    ck_assert_uint_eq(rig_status(&r).open_keys, 3);
    storm_end(&r);
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    storm_is(0);
    ck_assert_uint_eq(rig_status(&r).open_keys, 5);
    rig_free(&r);
}
END_TEST

/* Killed in the middle of the storm, with its end in the journal, and in the
 * middle of what is sent when it ends: the same items with the same numbers. */
START_TEST(a_storm_survives_kills)
{
    for (unsigned at = 4; at < 8; at++) {
        struct rig r;

        rig_make(&r, "snmp");
        rig_start(&r);
        storm_begin(&r);
        rig_commit(&r, false, true);
        UNTIL_SAFE(&r);
        rig_commit(&r, true, true);
        rig_kill(&r);
        rig_start(&r);
        /* It takes 'at' items and then no more. */
        RECEIVER(lag, 100);
        RECEIVER(room, at - 3);
        storm_end(&r);
        rig_commit(&r, false, false);
        UNTIL(receiver_count() == at);
        UNTIL(rig_status(&r).seq == 9);
        rig_commit(&r, true, true);
        rig_kill(&r);
        ck_assert_uint_eq(receiver_count(), at);
        /* The next one sends all of it again. */
        pthread_mutex_lock(&receiver.lock);
        while (receiver.n > 3)
            free(receiver.item[--receiver.n].xml);
        receiver.lag = receiver.room = 0;
        pthread_mutex_unlock(&receiver.lock);
        rig_start(&r);
        UNTIL_SAFE(&r);
        storm_is(0);
        rig_free(&r);
    }
}
END_TEST

/* The end of a storm given up on: it is owed, and with it what it stood for. */
START_TEST(the_end_of_a_storm_is_not_given_up)
{
    static const unsigned ids[] = {1, 2, 6, 10, 5, 7, 9};
    struct rig r;

    rig_make(&r, "snmp");
    r.tc.inform = true;
    rig_start(&r);
    storm_begin(&r);
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    RECEIVER(break_in, 1);
    RECEIVER(refuse, 1);
    storm_end(&r);
    rig_commit(&r, true, true);
    UNTIL(rig_status(&r).state == WORKER_DOWN);
    worker_drop(r.w, 11);
    UNTIL(rig_status(&r).seq == 11);
    ck_assert_uint_eq(rig_status(&r).dropped, 1);
    rig_commit(&r, true, true);
    rig_kill(&r);
    RECEIVER(refuse, 0);
    rig_start(&r);
    UNTIL(receiver_count() == 7);
    UNTIL(rig_status(&r).target_seq == 8);
    for (unsigned i = 0; i < 7; i++) {
        ck_assert_uint_eq(strtoul(receiver.item[i].id, NULL, 16), ids[i]);
        ck_assert_uint_eq(receiver.item[i].target_seq, i < 3 ? i + 1 : i + 2); /* 4 was item 11 */
    }
    ck_assert_uint_eq(rig_status(&r).open_keys, 4);
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

START_TEST(signs_of_life)
{
    struct rig r;
    char digest[EVENT_ID_SIZE];
    struct told *t = told_new();

    rig_make(&r, "syslog");
    r.tc.heartbeat_ms = 100;
    rig_start(&r);
    /* The first comes soon; of no open alarm there is no digest. */
    UNTIL(receiver_count() == 1);
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
    UNTIL(receiver_count() >= 5);
    ck_assert(told_set(t, STR("dist:A:P"), &(struct told_key){.told = true}, STR_NONE));
    ck_assert(told_digest(t, digest));
    pthread_mutex_lock(&receiver.lock);
    for (unsigned i = 3; i < receiver.n; i++) {
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

/* --- everything at once -------------------------------------------------------------- */

enum { SERVERS = 2, PACKAGES = 6, ITEMS = 4000 };

/* What a target of type snmp must be given, as a plain reading of the rules says. */
struct expected {
    unsigned id;
    enum alarm_state state;
};
struct model {
    struct expected sent[ITEMS * 2];
    unsigned n, folded;
    bool open[SERVERS][PACKAGES], told[SERVERS][PACKAGES], storm[SERVERS];
    unsigned kept[SERVERS][PACKAGES]; /* id, 0 none */
};

static uint64_t
chance(uint64_t *seed, uint64_t n)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*seed >> 33) % n;
}

static void
expect(struct model *m, unsigned id, enum alarm_state state)
{
    ck_assert_uint_lt(m->n, ITEMS * 2);
    m->sent[m->n++] = (struct expected){id, state};
}

static void
model_storm(struct rig *r, struct model *m, unsigned s)
{
    char key[64];
    unsigned id;

    snprintf(key, sizeof key, "self:STORM:S%u/NETWORK", s);
    rig_alarm(r, key, CLASS_SELF, m->storm[s] ? ALARM_CLEARED : ALARM_RAISED, NULL, false);
    expect(m, r->ids, m->storm[s] ? ALARM_CLEARED : ALARM_RAISED);
    m->storm[s] = !m->storm[s];
    if (m->storm[s])
        return;
    /* Oldest first. */
    do {
        unsigned at = 0;

        id = 0;
        for (unsigned p = 0; p < PACKAGES; p++)
            if (m->kept[s][p] && (!id || m->kept[s][p] < id)) {
                id = m->kept[s][p];
                at = p;
            }
        if (id) {
            expect(m, id, m->told[s][at] ? ALARM_UPDATED : ALARM_RAISED);
            m->told[s][at] = true;
            m->kept[s][at] = 0;
        }
    } while (id);
}

static void
model_alarm(struct rig *r, struct model *m, unsigned s, unsigned p, bool clear)
{
    enum alarm_state state = !m->open[s][p] ? ALARM_RAISED : clear ? ALARM_CLEARED : ALARM_UPDATED;
    char key[64];

    snprintf(key, sizeof key, "dist:S%u:P%u", s, p);
    rig_alarm(r, key, CLASS_NETWORK, state, NULL, false);
    m->open[s][p] = state != ALARM_CLEARED;
    if (state == ALARM_CLEARED) {
        if (m->told[s][p])
            expect(m, r->ids, state);
        else
            m->folded++;
        m->told[s][p] = false;
        m->kept[s][p] = 0;
    } else if (m->storm[s]) {
        m->kept[s][p] = r->ids;
        m->folded++;
    } else {
        expect(m, r->ids, m->told[s][p] ? ALARM_UPDATED : ALARM_RAISED);
        m->told[s][p] = true;
        m->kept[s][p] = 0;
    }
}

static void
model_item(struct rig *r, struct model *m, uint64_t *seed)
{
    unsigned s = (unsigned) chance(seed, SERVERS);

    if (chance(seed, 40) == 0)
        model_storm(r, m, s);
    else if (chance(seed, 5) == 0)
        rig_event(r, false);
    else
        model_alarm(r, m, s, (unsigned) chance(seed, PACKAGES), chance(seed, 3) == 0);
}

/* Received 'from' on is, by its numbers, what was expected, each opening in
 * order from its first; returns the highest number. */
static uint64_t
compare(const struct model *m, bool seen[])
{
    uint64_t most = 0;

    for (unsigned i = 0; i < receiver.n; i++) {
        const struct received *got = &receiver.item[i];
        const struct expected *want = &m->sent[got->target_seq - 1];

        ck_assert_uint_ge(got->target_seq, 1);
        ck_assert_uint_le(got->target_seq, m->n);
        ck_assert_msg(strtoul(got->id, NULL, 16) == want->id && got->state == want->state,
                      "number %llu is item %s %s, not %x %s", (unsigned long long) got->target_seq, got->id,
                      alarm_state_name(got->state), want->id, alarm_state_name(want->state));
        /* On with the next, or back to what was not safe. */
        ck_assert_uint_le(got->target_seq, most + 1);
        if (i && got->target_seq != receiver.item[i - 1].target_seq + 1)
            ck_assert_uint_le(got->target_seq, receiver.item[i - 1].target_seq + 1);
        if (got->target_seq > most)
            most = got->target_seq;
        seen[got->target_seq - 1] = true;
    }
    return most;
}

/* Killed at any point, slow, losing what is not safe: each item comes, in order
 * and with one number for good, and what is safe and saved never again. */
START_TEST(any_mixture)
{
    const char *given = getenv("WORKER_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : 20261122u + (unsigned) _i;
    struct model *m = calloc(1, sizeof *m);
    bool *seen = calloc(ITEMS * 2, 1);
    unsigned losses = 0, lives = 0;
    struct rig r;

    rig_make(&r, "snmp");
    r.tc.inform = true;
    r.tc.items = CONFIG_ITEMS_ALARMS;
    receiver.forget = chance(&seed, 2);
    while (r.ids < ITEMS) {
        struct journal_cursor at;
        unsigned had = receiver_count(), steps = 1 + (unsigned) chance(&seed, 12);

        RECEIVER(lag, (unsigned) chance(&seed, 20));
        RECEIVER(room, chance(&seed, 3) ? 0 : receiver.lag + 1 + (unsigned) chance(&seed, 5));
        ck_assert_int_eq(journal_cursor_get(r.j, "nms", true, &at), 0);
        rig_start(&r);
        lives++;
        for (unsigned i = 0; i < steps && r.ids < ITEMS; i++) {
            unsigned n = (unsigned) chance(&seed, 60);

            while (n-- && r.ids < ITEMS)
                model_item(&r, m, &seed);
            if (losses < 1 && chance(&seed, 100) == 0) {
                RECEIVER(break_in, 1 + (unsigned) chance(&seed, 20));
                losses++;
            }
            rig_commit(&r, lives == 1 || chance(&seed, 2), chance(&seed, 2));
            if (chance(&seed, 3) == 0)
                nanosleep(&(struct timespec){.tv_nsec = (long) chance(&seed, 3000000)}, NULL);
        }
        rig_kill(&r);
        /* It went on where the journal said. */
        if (!receiver.forget && receiver.n > had && receiver.opened == lives + losses)
            ck_assert_uint_eq(receiver.item[had].target_seq, at.target_seq + 1);
        RECEIVER(break_in, 0);
    }
    RECEIVER(lag, 0);
    RECEIVER(room, 0);
    rig_start(&r);
    UNTIL_SAFE(&r);
    rig_commit(&r, true, true);
    ck_assert_uint_eq(compare(m, seen), m->n);
    for (unsigned i = 0; i < m->n; i++)
        ck_assert_msg(seen[i], "number %u never came (seed %llu)", i + 1, (unsigned long long) seed);
    ck_assert_uint_eq(rig_status(&r).target_seq, m->n);
    ck_assert_uint_gt(m->folded, 0);
    ck_assert_uint_gt(lives, 5);
    rig_free(&r);
    free(seen);
    free(m);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("worker");
    TCase *tc = tcase_create("worker"), *mixture = tcase_create("mixture");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, delivers_in_order_and_stands_there);
    tcase_add_test(tc, where_a_new_target_begins);
    tcase_add_test(tc, a_loss_costs_what_was_not_safe);
    tcase_add_test(tc, a_target_that_cannot_be_opened);
    tcase_add_test(tc, one_run_gives_up_in_time);
    tcase_add_test(tc, a_slow_target_gets_everything);
    tcase_add_test(tc, a_stop_waits_for_what_was_sent);
    tcase_add_test(tc, history_is_summed_up);
    tcase_add_test(tc, items_passed_by_move_the_place);
    tcase_add_test(tc, a_storm_is_one_alarm_and_then_what_is_left);
    tcase_add_test(tc, a_storm_survives_kills);
    tcase_add_test(tc, the_end_of_a_storm_is_not_given_up);
    tcase_add_test(tc, a_damaged_row_is_left_out);
    tcase_add_test(tc, backlog_that_is_passed_by);
    tcase_add_test(tc, signs_of_life);
    tcase_add_test(tc, giving_up_leaves_a_gap_that_shows);
    tcase_add_test(tc, giving_up_on_a_slow_target);
    tcase_add_test(tc, a_clear_goes_again);
    suite_add_tcase(s, tc);
    tcase_set_timeout(mixture, 60);
    tcase_add_loop_test(mixture, any_mixture, 0, 3);
    suite_add_tcase(s, mixture);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
