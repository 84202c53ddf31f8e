/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_deliver.c - what a target is told of an alarm (design section 6):
 * 'severity' is the lowest severity of a raise; updates and clears go where
 * their raise went; who is first told by an update is told it as a raise. */
#include "build.h"

#include <check.h>

#include "forwarder/deliver.h"
#include "forwarder/journal.h"
#include "parsers/item_xml.h"
#include "parsers/keep.h"
#include "scratch.h"

/* One change of an alarm, and what goes out for it: '-' nothing, or the first
 * letter of raised, updated, cleared. */
struct step {
    const char *key;
    enum alarm_state state;
    enum severity severity;
    char sent;
};

static char
tell(struct deliver_filter *f, const struct step *s, enum event_class cls)
{
    struct alarm_item a = {.key = str_z(s->key), .state = s->state, .severity = s->severity, .cls = cls};
    struct item item = {.kind = ITEM_ALARM, .alarm = &a};
    enum alarm_state state = s->state;

    if (!deliver_filter_takes(f, &item, &state))
        return '-';
    return alarm_state_name(state)[0];
}

static void
play(enum severity least, enum event_class cls, const struct step *steps, size_t n)
{
    struct config_target tc = {.items = CONFIG_ITEMS_ALL, .severity = least};
    struct deliver_filter *f = deliver_filter_new(&tc);

    ck_assert_ptr_nonnull(f);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(tell(f, &steps[i], cls) == steps[i].sent, "step %zu at %s", i, severity_name(least));
    deliver_filter_free(f);
}

#define PLAY(least, cls, steps) play(least, cls, steps, sizeof steps / sizeof steps[0])

/* Raised at minor, escalated to major, reclassified, cleared. */
START_TEST(each_sees_its_first_item_as_a_raise)
{
    static const struct step warning[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MINOR, 'r'}, {"dist:A:P", ALARM_UPDATED, SEVERITY_MAJOR, 'u'},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, 'c'}, {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, 'r'},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, 'c'},
    };
    static const struct step major[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MINOR, '-'}, {"dist:A:P", ALARM_UPDATED, SEVERITY_MAJOR, 'r'},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, 'c'}, {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, 'r'},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, 'c'},
    };
    static const struct step critical[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MINOR, '-'}, {"dist:A:P", ALARM_UPDATED, SEVERITY_MAJOR, '-'},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, '-'}, {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, '-'},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_MAJOR, '-'},
    };

    PLAY(SEVERITY_WARNING, CLASS_FILE_CONTENTION, warning);
    PLAY(SEVERITY_MAJOR, CLASS_FILE_CONTENTION, major);
    PLAY(SEVERITY_CRITICAL, CLASS_FILE_CONTENTION, critical);
}
END_TEST

START_TEST(keys_are_apart)
{
    static const struct step steps[] = {
        {"dist:A:P", ALARM_RAISED, SEVERITY_MAJOR, 'r'},  {"dist:B:P", ALARM_CLEARED, SEVERITY_MAJOR, '-'},
        {"dist:B:P", ALARM_UPDATED, SEVERITY_MINOR, '-'}, {"dist:A:P", ALARM_UPDATED, SEVERITY_WARNING, 'u'},
        {"dist:A:P", ALARM_CLEARED, SEVERITY_WARNING, 'c'}, {"dist:A:P", ALARM_CLEARED, SEVERITY_WARNING, '-'},
    };

    PLAY(SEVERITY_MAJOR, CLASS_DISK_FULL, steps);
}
END_TEST

START_TEST(self_always_goes)
{
    static const struct step steps[] = {
        {"self:SOURCE:X", ALARM_RAISED, SEVERITY_WARNING, 'r'},
        {"self:SOURCE:X", ALARM_CLEARED, SEVERITY_WARNING, 'c'},
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
        struct config_target tc = {.items = rows[i].items, .severity = rows[i].least};
        struct event ev = {.cls = CLASS_NETWORK, .severity = rows[i].severity};
        struct item event = {.kind = ITEM_EVENT, .event = &ev};
        struct step step = {"comp:A:B", ALARM_RAISED, rows[i].severity, 0};
        struct deliver_filter *f = deliver_filter_new(&tc);
        enum alarm_state state;

        ck_assert_ptr_nonnull(f);
        ck_assert_msg(deliver_filter_takes(f, &event, &state) == rows[i].event, "event of row %zu", i);
        ck_assert_msg((tell(f, &step, CLASS_NETWORK) != '-') == rows[i].alarm, "alarm of row %zu", i);
        deliver_filter_free(f);
    }
}
END_TEST

static struct event
numbered(unsigned k)
{
    struct event ev = {.cls = CLASS_NETWORK, .severity = SEVERITY_MINOR, .format = STR("sms-log"),
                       .source_name = STR("a.log"), .text = STR("text")};

    snprintf(ev.id, sizeof ev.id, "%032x", k);
    return ev;
}

/* 'keep' holds for what every target has had, and for nothing else. */
START_TEST(delivered_items_leave_the_journal)
{
    char dir[4096], state[4200], path[4200], refused[4200], err[1024];
    struct config_target targets[2] = {
        {.name = keep_str(STR("good")), .type = keep_str(STR("xml")), .items = CONFIG_ITEMS_ALL, .severity = SEVERITY_INFO},
        {.name = keep_str(STR("dead")), .type = keep_str(STR("xml")), .items = CONFIG_ITEMS_ALL, .severity = SEVERITY_INFO}};
    struct config config = {.targets = targets, .n_targets = 2, .keep_ns = 0, .keep_bytes = UINT64_C(1) << 30};
    struct journal *j;
    struct xml_buf xml;
    uint64_t seq;

    scratch_make(dir, sizeof dir);
    snprintf(state, sizeof state, "%s/state", dir);
    snprintf(path, sizeof path, "%s/out.xml", dir);
    snprintf(refused, sizeof refused, "%s/missing/out.xml", dir);
    targets[0].path = path;
    targets[1].path = refused;
    j = journal_open(state, UINT64_C(1) << 30, err, sizeof err);
    ck_assert_msg(j != NULL, "%s", err);
    xml_buf_init(&xml, 65536);
    ck_assert_int_eq(journal_begin(j), 0);
    for (unsigned k = 1; k <= 5000; k++) {
        struct event ev = numbered(k);
        struct item item = {.kind = ITEM_EVENT, .event = &ev};

        xml_buf_clear(&xml);
        item_xml_write(&xml, &item);
        ck_assert_int_eq(journal_append(j, &item, str_make(xml.p, xml.n), 1, false, &seq), 0);
    }
    ck_assert_int_eq(journal_commit(j), 0);
    ck_assert_uint_eq(deliver_all(&config, j), 1);
    ck_assert_uint_eq(journal_first_seq(j), 1);
    config.n_targets = 1;
    ck_assert_uint_eq(deliver_all(&config, j), 0);
    /* The newest stays: it carries the numbering over a restart. */
    ck_assert_uint_eq(journal_first_seq(j), 5000);
    ck_assert_uint_eq(journal_last_seq(j), 5000);
    xml_buf_fini(&xml);
    journal_close(j);
    for (int i = 0; i < 2; i++) {
        free(targets[i].name);
        free(targets[i].type);
    }
    scratch_remove(dir);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("deliver");
    TCase *tc = tcase_create("filter");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_test(tc, each_sees_its_first_item_as_a_raise);
    tcase_add_test(tc, keys_are_apart);
    tcase_add_test(tc, self_always_goes);
    tcase_add_test(tc, kinds_and_severities_of_items);
    tcase_add_test(tc, delivered_items_leave_the_journal);
    suite_add_tcase(s, tc);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
