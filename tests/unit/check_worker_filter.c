/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_worker_filter.c - what a target is told of an alarm (design section 6):
 * 'severity' is the lowest severity of a raise; updates and clears go where
 * their raise went; who is first told by an update is told it as a raise.  What
 * a storm stands for is folded, history goes to who wants it, repetitions to
 * who was told. */
#include "build.h"

#include <check.h>

#include "forwarder/worker_filter.h"

/* One change of an alarm, and what goes out for it: '-' nothing, 'f' folded,
 * or the first letter of raised, updated, cleared. */
struct step {
    const char *key;
    enum alarm_state state;
    enum severity severity;
    char sent;
    enum event_class cls; /* 0: that of the play */
    const char *reason;
    bool history;
};

struct rig {
    struct told *told;
    struct worker_filter filter;
    uint64_t seq;
};

static void
rig_make(struct rig *r, const struct config_target *tc, bool once)
{
    *r = (struct rig){.told = told_new()};
    ck_assert_ptr_nonnull(r->told);
    worker_filter_init(&r->filter, tc, r->told, once);
}

/* Does with a step what the worker would. */
static char
tell(struct rig *r, const struct step *s, enum event_class cls)
{
    struct alarm_item a = {.key = str_z(s->key), .state = s->state, .severity = s->severity,
                           .cls = s->cls ? s->cls : cls, .reason = str_z(s->reason)};
    struct item item = {.kind = ITEM_ALARM, .alarm = &a};
    struct worker_item it = {.item = &item, .xml = STR("<alarm/>\n"), .seq = ++r->seq};
    struct told_pass pass = {.seq = it.seq};
    enum alarm_state state = s->state;
    char answer = '-';

    switch (worker_filter_item(&r->filter, &item, s->history, &state)) {
    case WORKER_PASS:
        break;
    case WORKER_FOLD:
        ck_assert(worker_filter_fold(&r->filter, &it));
        answer = 'f';
        break;
    case WORKER_SEND:
        worker_filter_sent(&r->filter, &it, state, told_number(r->told), 0);
        pass.sent = true;
        pass.wire = it.seq;
        answer = alarm_state_name(state)[0];
        break;
    }
    ck_assert(told_pass(r->told, &pass));
    /* Nothing depends on how soon it is safe. */
    if (it.seq % 3 == 0)
        told_safe(r->told, it.seq);
    return answer;
}

static void
play_on(const struct config_target *tc, bool once, enum event_class cls, const struct step *steps, size_t n)
{
    struct rig r;

    rig_make(&r, tc, once);
    for (size_t i = 0; i < n; i++) {
        char got = tell(&r, &steps[i], cls);

        ck_assert_msg(got == steps[i].sent, "step %zu at %s: %c, not %c", i, severity_name(tc->severity), got,
                      steps[i].sent);
    }
    told_free(r.told);
}

static char type_syslog[] = "syslog", type_snmp[] = "snmp", type_xml[] = "xml";

static void
play(enum severity least, enum event_class cls, const struct step *steps, size_t n)
{
    const struct config_target tc = {.type = type_syslog, .items = CONFIG_ITEMS_ALL, .severity = least};

    play_on(&tc, false, cls, steps, n);
}

#define PLAY(least, cls, steps) play(least, cls, steps, sizeof steps / sizeof steps[0])

/* Raised at minor, escalated to major, reclassified, cleared. */
START_TEST(each_sees_its_first_item_as_a_raise)
{
    static const struct step warning[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MINOR, 'r', 0, NULL, false}, {"dist:A:P", ALARM_UPDATED, SEVERITY_MAJOR, 'u', 0, NULL, false},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, 'c', 0, NULL, false}, {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, 'r', 0, NULL, false},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, 'c', 0, NULL, false},
    };
    static const struct step major[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MINOR, '-', 0, NULL, false}, {"dist:A:P", ALARM_UPDATED, SEVERITY_MAJOR, 'r', 0, NULL, false},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, 'c', 0, NULL, false}, {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, 'r', 0, NULL, false},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, 'c', 0, NULL, false},
    };
    static const struct step critical[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MINOR, '-', 0, NULL, false}, {"dist:A:P", ALARM_UPDATED, SEVERITY_MAJOR, '-', 0, NULL, false},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, '-', 0, NULL, false}, {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, '-', 0, NULL, false},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, '-', 0, NULL, false},
    };

    PLAY(SEVERITY_WARNING, CLASS_FILE_CONTENTION, warning);
    PLAY(SEVERITY_MAJOR, CLASS_FILE_CONTENTION, major);
    PLAY(SEVERITY_CRITICAL, CLASS_FILE_CONTENTION, critical);
}
END_TEST

START_TEST(keys_are_apart)
{
    static const struct step steps[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, 'r', 0, NULL, false},  {"dist:B:P", ALARM_CLEARED, SEVERITY_MAJOR, '-', 0, NULL, false},
        {"dist:B:P", ALARM_UPDATED, SEVERITY_MINOR, '-', 0, NULL, false},
        {"dist:A:P", ALARM_UPDATED, SEVERITY_WARNING, 'u', 0, NULL, false},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_WARNING, 'c', 0, NULL, false},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_WARNING, '-', 0, NULL, false},
    };

    PLAY(SEVERITY_MAJOR, CLASS_DISK_FULL, steps);
}
END_TEST

START_TEST(self_always_goes)
{
    static const struct step steps[] = {
        {"self:SOURCE:X", ALARM_RAISED, SEVERITY_WARNING, 'r', 0, NULL, false},
        {"self:SOURCE:X", ALARM_CLEARED, SEVERITY_WARNING, 'c', 0, NULL, false},
    };

    PLAY(SEVERITY_CRITICAL, CLASS_SELF, steps);
}
END_TEST

START_TEST(kinds_and_severities_of_items)
{
    static const struct {
        enum config_items items;
        enum severity least, severity;
        bool event, alarm;
    } rows[] = {
        {CONFIG_ITEMS_ALL, SEVERITY_INFO, SEVERITY_INFO, true, true},
        {CONFIG_ITEMS_ALL, SEVERITY_WARNING, SEVERITY_INFO, false, false},
        {CONFIG_ITEMS_ALL, SEVERITY_WARNING, SEVERITY_WARNING, true, true},
        {CONFIG_ITEMS_EVENTS, SEVERITY_INFO, SEVERITY_MAJOR, true, false},
        {CONFIG_ITEMS_ALARMS, SEVERITY_INFO, SEVERITY_MAJOR, false, true},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config_target tc = {.type = type_syslog, .items = rows[i].items, .severity = rows[i].least};
        struct event ev = {.cls = CLASS_NETWORK, .severity = rows[i].severity};
        struct item event = {.kind = ITEM_EVENT, .event = &ev};
        struct step step = {.key = "comp:A:B", .state = ALARM_RAISED, .severity = rows[i].severity};
        struct rig r;
        enum alarm_state state;

        rig_make(&r, &tc, false);
        ck_assert_msg((worker_filter_item(&r.filter, &event, false, &state) == WORKER_SEND) == rows[i].event,
                      "event of row %zu", i);
        ck_assert_msg((tell(&r, &step, CLASS_NETWORK) != '-') == rows[i].alarm, "alarm of row %zu", i);
        told_free(r.told);
    }
}
END_TEST

#define STORM_A "self:STORM:A/NETWORK"

/* While the storm is on, its alarms are kept back; what was told before is
 * cleared as ever; a storm of another server or class changes nothing. */
START_TEST(storms_fold_for_snmp)
{
    static const struct step steps[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, 'r', CLASS_NETWORK, NULL, false},
        {STORM_A, ALARM_RAISED, SEVERITY_MAJOR, 'r', CLASS_SELF, NULL, false},
        {"dist:A:Q", ALARM_RAISED, SEVERITY_MAJOR, 'f', CLASS_NETWORK, NULL, false},
        {"dist:A:Q", ALARM_UPDATED, SEVERITY_MAJOR, 'f', CLASS_NETWORK, NULL, false},
        {"dist:A:P", ALARM_UPDATED, SEVERITY_MAJOR, 'f', CLASS_NETWORK, NULL, false},
        {"dist:A:R", ALARM_RAISED, SEVERITY_MAJOR, 'r', CLASS_DISK_FULL, NULL, false},
        {"dist:B:P", ALARM_RAISED, SEVERITY_MAJOR, 'r', CLASS_NETWORK, NULL, false},
        {"dist:A:S", ALARM_RAISED, SEVERITY_WARNING, '-', CLASS_NETWORK, NULL, false},
        {"dist:A:Q", ALARM_RAISED, SEVERITY_MAJOR, '-', CLASS_NETWORK, ALARM_REASON_RESENT, false},
        {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, 'r', CLASS_NETWORK, ALARM_REASON_RESENT, false},
        {STORM_A, ALARM_UPDATED, SEVERITY_MAJOR, 'u', CLASS_SELF, NULL, false},
        {"dist:A:Q", ALARM_CLEARED, SEVERITY_MAJOR, 'f', CLASS_NETWORK, NULL, false},
        {"dist:A:Q", ALARM_CLEARED, SEVERITY_MAJOR, '-', CLASS_NETWORK, NULL, false},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, 'c', CLASS_NETWORK, NULL, false},
        {STORM_A, ALARM_CLEARED, SEVERITY_MAJOR, 'c', CLASS_SELF, NULL, false},
        {"dist:A:T", ALARM_RAISED, SEVERITY_MAJOR, 'r', CLASS_NETWORK, NULL, false},
    };
    const struct config_target snmp = {.type = type_snmp, .items = CONFIG_ITEMS_ALARMS, .severity = SEVERITY_MAJOR};
    const struct config_target syslog = {.type = type_syslog, .items = CONFIG_ITEMS_ALL, .severity = SEVERITY_MAJOR};
    struct step plain[sizeof steps / sizeof steps[0]];

    play_on(&snmp, false, CLASS_NETWORK, steps, sizeof steps / sizeof steps[0]);
    /* Nobody else's are folded; nor are anybody's in one run. */
    for (int once = 0; once < 2; once++) {
        memcpy(plain, steps, sizeof plain);
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
            if (plain[i].sent == 'f')
                plain[i].sent = alarm_state_name(plain[i].state)[0];
        plain[8].sent = 'r'; /* told, and so told again */
        play_on(once ? &snmp : &syslog, once, CLASS_NETWORK, plain, sizeof steps / sizeof steps[0]);
    }
}
END_TEST

START_TEST(history_goes_to_who_wants_it)
{
    static const struct step summary[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, '-', 0, NULL, true},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, '-', 0, NULL, true},
        {"dist:A:Q", ALARM_RAISED, SEVERITY_MAJOR, '-', 0, NULL, true},
        {"dist:A:Q", ALARM_RAISED, SEVERITY_MAJOR, 'r', 0, ALARM_REASON_HISTORY, false},
        {"dist:A:Q", ALARM_UPDATED, SEVERITY_MAJOR, 'u', 0, NULL, false},
        {"dist:A:Q", ALARM_CLEARED, SEVERITY_MAJOR, 'c', 0, NULL, false},
    };
    static const struct step all[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, 'r', 0, NULL, true},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, 'c', 0, NULL, true},
        {"dist:A:Q", ALARM_RAISED, SEVERITY_MAJOR, 'r', 0, NULL, true},
        {"dist:A:Q", ALARM_RAISED, SEVERITY_MAJOR, '-', 0, ALARM_REASON_HISTORY, false},
        {"dist:A:Q", ALARM_UPDATED, SEVERITY_MAJOR, 'u', 0, NULL, false},
        {"dist:A:Q", ALARM_CLEARED, SEVERITY_MAJOR, 'c', 0, NULL, false},
    };
    struct config_target tc = {.type = type_snmp, .items = CONFIG_ITEMS_ALARMS, .severity = SEVERITY_WARNING};

    play_on(&tc, false, CLASS_NETWORK, summary, sizeof summary / sizeof summary[0]);
    play_on(&tc, true, CLASS_NETWORK, all, sizeof all / sizeof all[0]);
    tc.history_all = true;
    play_on(&tc, false, CLASS_NETWORK, all, sizeof all / sizeof all[0]);
}
END_TEST

START_TEST(history_hides_events_and_no_notice)
{
    const struct config_target all = {.type = type_syslog, .items = CONFIG_ITEMS_ALL, .severity = SEVERITY_INFO};
    const struct config_target events = {.type = type_syslog, .items = CONFIG_ITEMS_EVENTS, .severity = SEVERITY_INFO};
    struct event ev = {.cls = CLASS_NETWORK, .severity = SEVERITY_MINOR};
    struct item event = {.kind = ITEM_EVENT, .event = &ev};
    struct notice_item n = {.kind = NOTICE_HISTORY};
    struct item notice = {.kind = ITEM_NOTICE, .notice = &n};
    enum alarm_state state;
    struct rig r;

    rig_make(&r, &all, false);
    ck_assert_int_eq(worker_filter_item(&r.filter, &event, true, &state), WORKER_PASS);
    ck_assert_int_eq(worker_filter_item(&r.filter, &event, false, &state), WORKER_SEND);
    ck_assert_int_eq(worker_filter_item(&r.filter, &notice, false, &state), WORKER_SEND);
    told_free(r.told);
    rig_make(&r, &events, false);
    ck_assert_int_eq(worker_filter_item(&r.filter, &notice, false, &state), WORKER_PASS);
    told_free(r.told);
}
END_TEST

/* A repetition is for who was told, and for who should have been. */
START_TEST(repetitions)
{
    static const struct step steps[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, 'r', 0, ALARM_REASON_RESENT, false},
        {"dist:A:P", ALARM_RAISED, SEVERITY_WARNING, 'r', 0, ALARM_REASON_RESENT, false},
        {"dist:A:Q", ALARM_RAISED, SEVERITY_WARNING, '-', 0, ALARM_REASON_RESENT, false},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, 'c', 0, NULL, false},
    };
    static const struct step archive[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, 'r', 0, NULL, false},
        {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, '-', 0, ALARM_REASON_RESENT, false},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, 'c', 0, NULL, false},
    };
    const struct config_target xml = {.type = type_xml, .items = CONFIG_ITEMS_ALL, .severity = SEVERITY_INFO};

    static const struct step start[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, 'r', 0, ALARM_REASON_START, false},
        {"dist:A:Q", ALARM_RAISED, SEVERITY_WARNING, '-', 0, ALARM_REASON_START, false},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, 'c', 0, NULL, false},
    };
    static const struct step unasked[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, 'r', 0, NULL, false},
        {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, '-', 0, ALARM_REASON_START, false},
        {"dist:A:Q", ALARM_RAISED, SEVERITY_MAJOR, '-', 0, ALARM_REASON_START, false},
    };
    struct config_target snmp = {.type = type_snmp, .items = CONFIG_ITEMS_ALARMS, .severity = SEVERITY_MAJOR};

    PLAY(SEVERITY_MAJOR, CLASS_NETWORK, steps);
    play_on(&snmp, false, CLASS_NETWORK, unasked, sizeof unasked / sizeof unasked[0]);
    snmp.resend_start = true;
    play_on(&snmp, false, CLASS_NETWORK, start, sizeof start / sizeof start[0]);
    play_on(&xml, false, CLASS_NETWORK, archive, sizeof archive / sizeof archive[0]);
}
END_TEST

/* The clear of a trap is kept to go again; not a reclassification, not an inform. */
START_TEST(clears_that_go_again)
{
    static const struct {
        const char *type, *reason;
        bool inform, once, again;
    } rows[] = {
        {"snmp", "fixed", false, false, true},  {"snmp", "reclassified", false, false, false},
        {"snmp", "renamed", false, false, true},
        {"snmp", "fixed", true, false, false},  {"snmp", "fixed", false, true, false},
        {"syslog", "fixed", false, false, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct step raise = {.key = "dist:A:P", .state = ALARM_RAISED, .severity = SEVERITY_MAJOR};
        const struct step clear = {.key = "dist:A:P", .state = ALARM_CLEARED, .severity = SEVERITY_MAJOR,
                                   .reason = rows[i].reason};
        struct config_target tc = {.type = strcmp(rows[i].type, "snmp") == 0 ? type_snmp : type_syslog,
                                   .inform = rows[i].inform, .severity = SEVERITY_INFO, .items = CONFIG_ITEMS_ALL};
        const struct told_key *k;
        struct str key;
        struct rig r;

        rig_make(&r, &tc, rows[i].once);
        ck_assert_int_eq(tell(&r, &raise, CLASS_NETWORK), 'r');
        ck_assert_int_eq(tell(&r, &clear, CLASS_NETWORK), 'c');
        told_safe(r.told, r.seq);
        ck_assert_ptr_null(told_due(r.told, WORKER_AGAIN_FIRST_S * INT64_C(1000000000) - 1, &key));
        k = told_due(r.told, WORKER_AGAIN_FIRST_S * INT64_C(1000000000), &key);
        ck_assert_msg((k != NULL) == rows[i].again, "row %zu", i);
        if (k) {
            ck_assert_uint_eq(k->target_seq, 2);
            ck_assert_uint_eq(k->seq, 2);
        }
        /* Raised again, it has nothing to say any more. */
        ck_assert_int_eq(tell(&r, &raise, CLASS_NETWORK), 'r');
        ck_assert_ptr_null(told_due(r.told, INT64_MAX, &key));
        told_safe(r.told, r.seq);
        ck_assert_ptr_null(told_due(r.told, INT64_MAX, &key));
        told_free(r.told);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("worker_filter");
    TCase *tc = tcase_create("filter");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_test(tc, each_sees_its_first_item_as_a_raise);
    tcase_add_test(tc, keys_are_apart);
    tcase_add_test(tc, self_always_goes);
    tcase_add_test(tc, kinds_and_severities_of_items);
    tcase_add_test(tc, storms_fold_for_snmp);
    tcase_add_test(tc, history_goes_to_who_wants_it);
    tcase_add_test(tc, history_hides_events_and_no_notice);
    tcase_add_test(tc, repetitions);
    tcase_add_test(tc, clears_that_go_again);
    suite_add_tcase(s, tc);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
