/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_agent_view.c - what the agent makes of the daemon's answers: every
 * column has its value, in the order that SNMP wants, and answers that are
 * none leave no trace. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/agent_view.h"
#include "forwarder/put.h"

static const char status[] =
    "{\"version\": \"9.8\", \"state\": \"journalFull\", \"uptime\": 12.999, \"records\": 18446744073709551615,\n"
    " \"reload\": {\"last\": \"2026-11-29T10:00:00Z\", \"error\": null, \"result\": \"takenOver\"},\n"
    " \"alarms\": {\"open\": 2, \"critical\": 1}, \"journal\": {\"used\": 1048577, \"limit\": 2097152},\n"
    " \"dropped\": 7, \"sources\": [{\"name\": \"b\", \"path\": \"/b\", \"state\": \"hung\", \"unread\": 1, \"error\": \"no answer\"},\n"
    "  {\"name\": \"a\", \"path\": \"/a\", \"state\": \"no such word\", \"unread\": 0}],\n"
    " \"targets\": [{\"name\": \"nms\", \"type\": \"snmp\", \"state\": \"down\", \"behind\": 5000000000,\n"
    "  \"oldest_unacknowledged\": 61.500}]}";

static const struct agent_own own = {.engine = NULL, .age = 3, .resend = "failed"};

static struct agent_view *view;

static void
setup(void)
{
    ck_assert_ptr_nonnull(view = agent_view_new());
}

static void
teardown(void)
{
    agent_view_free(view);
}

static int
take_status(const char *json)
{
    return agent_view_status(view, str_z(json));
}

/* The place of the column called 'name', in row 'row'. */
static struct agent_place
place_of(const char *name, unsigned row)
{
    for (unsigned g = 0; g < MIB_GROUPS; g++)
        for (unsigned c = 0; c < mib_groups[g].n; c++)
            if (strcmp(mib_groups[g].columns[c].name, name) == 0)
                return (struct agent_place){(enum mib_group_id) g, c, row};
    ck_abort_msg("no column %s", name);
}

static uint64_t
number(const char *name, unsigned row)
{
    struct agent_place at = place_of(name, row);

    return agent_view_value(view, &own, &at).number;
}

static void
text_is(const char *name, unsigned row, const char *want)
{
    struct agent_place at = place_of(name, row);
    struct str got = agent_view_value(view, &own, &at).text;

    ck_assert_msg(str_eq(got, str_z(want)), "%s: %.*s, not %s", name, STR_ARG(got), want);
}

START_TEST(status_becomes_scalars_and_rows)
{
    unsigned a = agent_view_index(STR("a")) < agent_view_index(STR("b")) ? 0 : 1, b = 1 - a;

    ck_assert_int_eq(take_status(status), 0);
    agent_view_seal(view);
    text_is("tcProgramVersion", 0, "9.8");
    ck_assert_uint_eq(number("tcEngineState", 0), (uint64_t) mib_number(MIB_ENUM_ENGINE, "journalFull"));
    ck_assert_uint_eq(number("tcUptime", 0), 12);
    ck_assert_uint_eq(number("tcRecordsRead", 0), UINT64_MAX);
    text_is("tcReloadTime", 0, "2026-11-29T10:00:00Z");
    text_is("tcReloadError", 0, "");
    ck_assert_uint_eq(number("tcReloadResult", 0), 2);
    ck_assert_uint_eq(number("tcAlarmsCritical", 0), 1);
    ck_assert_uint_eq(number("tcAlarmsMajor", 0), 0);
    /* One byte more than a mebibyte is not shown as one. */
    ck_assert_uint_eq(number("tcJournalUsed", 0), 2);
    ck_assert_uint_eq(number("tcJournalLimit", 0), 2);
    ck_assert_uint_eq(number("tcItemsDropped", 0), 7);
    ck_assert_uint_eq(number("tcDataAge", 0), 3);
    ck_assert_uint_eq(number("tcResendAlarms", 0), 4);
    text_is("tcSourceName", a, "a");
    text_is("tcSourcePath", b, "/b");
    ck_assert_uint_eq(number("tcSourceState", b), 7);
    ck_assert_uint_eq(number("tcSourceState", a), 1);
    ck_assert_uint_eq(number("tcSourceUnread", b), 1);
    ck_assert_uint_eq(number("tcSourceUnread", a), 0);
    text_is("tcSourceError", b, "no answer");
    text_is("tcTargetName", 0, "nms");
    ck_assert_uint_eq(number("tcTargetBehind", 0), UINT32_MAX);
    ck_assert_uint_eq(number("tcTargetOldest", 0), 61);
}
END_TEST

START_TEST(what_is_no_status_is_refused)
{
    ck_assert_int_eq(take_status(""), -EPROTO);
    ck_assert_int_eq(take_status("{"), -EPROTO);
    ck_assert_int_eq(take_status("[]"), -EPROTO);
    ck_assert_int_eq(take_status("{}"), -EPROTO);
    ck_assert_int_eq(take_status("{\"sources\": [{}], \"targets\": []}"), -EPROTO);
    ck_assert_int_eq(take_status("{\"sources\": [], \"targets\": [7]}"), -EPROTO);
    ck_assert_int_eq(take_status("{\"sources\": [], \"targets\": [], \"uptime\": {}, \"version\": 7}"), 0);
}
END_TEST

/* A row as the daemon writes it. */
static void
add_line(struct xml_buf *out, uint64_t n, struct str key)
{
    struct alarm_item a = {.id = "0123456789abcdef0123456789abcdef", .key = key, .severity = SEVERITY_MAJOR,
                           .cls = CLASS_FILE_CONTENTION, .count = n, .summary = STR("DOG00001 not on \\\\A: \xc3\xa4")};
    struct item item = {.kind = ITEM_ALARM, .alarm = &a};

    a.f.host = STR("ANFIELD");
    a.f.address = STR("2001:db8::1");
    a.f.claimed = true;
    a.f.claim_class = CLASS_DISK_FULL;
    a.f.figures = FIGURES_BLANK;
    a.f.misreported = true;
    a.f.caused = true;
    a.f.cause_class = CLASS_FILE_CONTENTION;
    a.f.confidence = CONFIDENCE_CONFIRMED;
    a.f.basis = BASIS_LOG_MATCH;
    put_f(out, "%llu ", (unsigned long long) n);
    item_xml_write(out, &item);
}

static int
take_page(const struct xml_buf *page, uint64_t *last, bool *more)
{
    ck_assert(!page->failed);
    return agent_view_alarms(view, str_make(page->p, page->n), last, more);
}

START_TEST(alarms_come_page_by_page)
{
    struct xml_buf page;
    uint64_t last = 0;
    bool more = false;

    xml_buf_init(&page, 1 << 20);
    add_line(&page, 3, STR("dist:A:DOG00001"));
    add_line(&page, 11, STR("dist:B:DOG00001"));
    put_z(&page, "more\n");
    ck_assert_int_eq(take_page(&page, &last, &more), 0);
    ck_assert(more);
    ck_assert_uint_eq(last, 11);
    xml_buf_clear(&page);
    add_line(&page, (UINT64_C(1) << 32) + 5, STR("dist:C:DOG00001"));
    put_z(&page, "end\n");
    ck_assert_int_eq(take_page(&page, &last, &more), 0);
    ck_assert(!more);
    agent_view_seal(view);
    /* The third has gone round: 2^32 + 5 is shown as 6. */
    text_is("tcActiveKey", 0, "dist:A:DOG00001");
    text_is("tcActiveKey", 1, "dist:C:DOG00001");
    text_is("tcActiveKey", 2, "dist:B:DOG00001");
    text_is("tcActiveEventId", 0, "0123456789abcdef0123456789abcdef");
    text_is("tcActiveSummary", 0, "DOG00001 not on \\\\A: \xc3\xa4");
    text_is("tcActiveOriginAddress", 0, "2001:db8::1");
    text_is("tcActiveServer", 0, "");
    ck_assert_uint_eq(number("tcActiveSeverity", 0), 4);
    ck_assert_uint_eq(number("tcActiveClass", 0), 3);
    ck_assert_uint_eq(number("tcActiveClaim", 0), 4);
    ck_assert_uint_eq(number("tcActiveMisreported", 0), 1);
    ck_assert_int_eq((int64_t) number("tcActiveAvailableMB", 0), -1);
    ck_assert_int_eq((int64_t) number("tcActiveWin32", 0), -1);
    ck_assert_uint_eq(number("tcActiveCount", 2), 11);
    ck_assert_uint_eq(number("tcActiveCount", 1), UINT32_MAX);
    xml_buf_fini(&page);
}
END_TEST

START_TEST(pages_that_are_none_are_refused)
{
    static const char *const bad[] = {
        "", "end", "neither\n", "7\nend\n", "0 <alarm/>\nend\n", "7 <alarm\nend\n", "end\nend\n",
        "99999999999999999999 <alarm/>\nend\n", "more\n",
        "7 <event id=\"0123456789abcdef0123456789abcdef\" class=\"activity\" severity=\"info\"/>\nend\n",
    };
    struct xml_buf cut;
    uint64_t last = 0;
    bool more = false;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(agent_view_alarms(view, str_z(bad[i]), &last, &more) == -EPROTO, "%s", bad[i]);
    xml_buf_init(&cut, 1 << 20);
    add_line(&cut, 3, STR("dist:A:DOG00001")); /* and then the daemon ended */
    ck_assert_int_eq(take_page(&cut, &last, &more), -EPROTO);
    xml_buf_fini(&cut);
}
END_TEST

START_TEST(a_walk_sees_each_value_once_and_in_order)
{
    struct agent_place at;
    uint64_t suffix[AGENT_SUFFIX], before[AGENT_SUFFIX];
    unsigned n = 0, before_n = 0, seen = 0, want = mib_groups[MIB_GROUP_PROGRAM].n;
    struct xml_buf page;
    uint64_t last = 0;
    bool more;

    xml_buf_init(&page, 1 << 20);
    for (uint64_t i = 1; i <= 100; i++)
        add_line(&page, i * 7, STR("dist:A:DOG00001"));
    put_z(&page, "end\n");
    ck_assert_int_eq(take_status(status), 0);
    ck_assert_int_eq(take_page(&page, &last, &more), 0);
    xml_buf_fini(&page);
    agent_view_seal(view);
    want += 100 * mib_groups[MIB_GROUP_ACTIVE].n + 2 * mib_groups[MIB_GROUP_SOURCE].n + mib_groups[MIB_GROUP_TARGET].n;
    while (agent_view_next(view, suffix, n, false, &at)) {
        struct agent_place found;
        bool after = before_n == 0;

        n = agent_view_suffix(view, &at, suffix);
        for (unsigned i = 0; !after && i < n && i < before_n; i++) {
            after = suffix[i] > before[i];
            ck_assert(suffix[i] >= before[i] || after);
        }
        ck_assert_msg(after, "value %u does not come after the one before", seen);
        ck_assert(agent_view_find(view, suffix, n, &found));
        ck_assert(found.group == at.group && found.column == at.column && found.row == at.row);
        ck_assert(!agent_view_find(view, suffix, n - 1, &found));
        ck_assert(agent_view_next(view, suffix, n, true, &found));
        ck_assert(found.column == at.column && found.row == at.row);
        memcpy(before, suffix, sizeof before);
        before_n = n;
        seen++;
    }
    ck_assert_uint_eq(seen, want);
    /* Names between instances, and longer ones. */
    ck_assert(agent_view_next(view, (const uint64_t[]){2, 1, 2, 8}, 4, false, &at));
    ck_assert_uint_eq(at.row, 1);
    ck_assert(!agent_view_find(view, (const uint64_t[]){2, 1, 2, 7, 0}, 5, &at));
    ck_assert(agent_view_next(view, (const uint64_t[]){2, 1, 2, 7, 0}, 5, false, &at));
    ck_assert_uint_eq(at.row, 1);
    ck_assert(!agent_view_next(view, (const uint64_t[]){9}, 1, false, &at));
}
END_TEST

START_TEST(an_index_is_made_of_the_name_alone)
{
    ck_assert_uint_eq(agent_view_index(STR("nms")), agent_view_index(STR("nms")));
    ck_assert_uint_ne(agent_view_index(STR("nms")), agent_view_index(STR("siem")));
    for (const char *name = "/mnt/sms/logs/despool*.log"; *name; name++) {
        ck_assert_uint_ge(agent_view_index(str_z(name)), 1);
        ck_assert_uint_le(agent_view_index(str_z(name)), INT32_MAX);
    }
    /* What management systems have stored must not change from one version to the next. */
    ck_assert_uint_eq(agent_view_index(STR("archive")), 1219975616);
    ck_assert_uint_eq(agent_view_index(STR("nms")), 1730383799);
}
END_TEST

START_TEST(without_an_answer_there_are_scalars_and_no_rows)
{
    const struct agent_own nobody = {.engine = "notRunning", .age = UINT32_MAX, .resend = "ready"};
    struct agent_place at = place_of("tcEngineState", 0);

    agent_view_seal(view);
    ck_assert_uint_eq(agent_view_value(view, &nobody, &at).number, 6);
    text_is("tcProgramVersion", 0, "");
    at = place_of("tcReloadResult", 0);
    ck_assert_uint_eq(agent_view_value(view, &nobody, &at).number, 1);
    ck_assert(!agent_view_next(view, (const uint64_t[]){2}, 1, false, &at));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("agent_view");
    TCase *tc = tcase_create("agent_view");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, status_becomes_scalars_and_rows);
    tcase_add_test(tc, what_is_no_status_is_refused);
    tcase_add_test(tc, alarms_come_page_by_page);
    tcase_add_test(tc, pages_that_are_none_are_refused);
    tcase_add_test(tc, a_walk_sees_each_value_once_and_in_order);
    tcase_add_test(tc, an_index_is_made_of_the_name_alone);
    tcase_add_test(tc, without_an_answer_there_are_scalars_and_no_rows);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
