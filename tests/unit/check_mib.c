/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_mib.c - the table behind TRUECAUSE-MIB, and the text made from it: for
 * the default enterprise OID it is the file in mibs/, for any other the same
 * but for the root. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/mib_agent.h"
#include "forwarder/mib_text.h"

#define DEFAULT_ROOT "1.3.6.1.4.1.32473.109"

/* The contract of the design, written again: order is for ever. */
static const char *const alarm_names[] = {
    "tcKey",   "tcEventId",     "tcState",      "tcSeverity",    "tcSummary",    "tcClass",      "tcTag",
    "tcClaim", "tcMisreported", "tcConfidence", "tcWin32",       "tcSite",       "tcOriginHost", "tcServer",
    "tcShare", "tcPackage",     "tcFile",       "tcAvailableMB", "tcRequiredMB", "tcCount",      "tcFirst",
    "tcLast",  "tcClearReason", "tcAction",     "tcArticle",     "tcSeq",        "tcTruncated",
};
static const char *const notice_names[] = {
    "tcRead", "tcDelivered", "tcFolded", "tcDropped", "tcOpenCount", "tcOpenDigest", "tcSeq", "tcSummary",
};

static char *
text_for(const char *dotted)
{
    struct mib_oid oid;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    ck_assert_ptr_nonnull(out);
    ck_assert(mib_enterprise(dotted, &oid));
    ck_assert_int_eq(mib_text_write(out, &oid), 0);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

START_TEST(order_is_the_contract)
{
    ck_assert_uint_eq(sizeof alarm_names / sizeof *alarm_names, MIB_ALARM_VARBINDS);
    ck_assert_uint_eq(sizeof notice_names / sizeof *notice_names, MIB_NOTICE_VARBINDS);
    for (unsigned i = 0; i < MIB_ALARM_VARBINDS; i++) {
        ck_assert_str_eq(mib_objects[mib_alarm_objects[i]].name, alarm_names[i]);
        ck_assert_uint_eq(mib_objects[mib_alarm_objects[i]].arc, i + 1);
    }
    for (unsigned i = 0; i < MIB_NOTICE_VARBINDS; i++)
        ck_assert_str_eq(mib_objects[mib_notice_objects[i]].name, notice_names[i]);
}
END_TEST

START_TEST(objects_are_whole_and_distinct)
{
    for (unsigned i = 0; i < MIB_OBJECTS; i++) {
        const struct mib_object *o = &mib_objects[i];

        ck_assert_msg(o->name && o->prose, "hole at object %u", i);
        ck_assert_uint_lt(o->arc, MIB_OBJECT_FREE);
        ck_assert_ptr_null(strchr(o->prose, '"'));
        if (i)
            ck_assert_uint_gt(o->arc, mib_objects[i - 1].arc);
        for (unsigned k = 0; k < i; k++)
            ck_assert_str_ne(o->name, mib_objects[k].name);
    }
}
END_TEST

static bool
is_object(const char *name)
{
    for (unsigned i = 0; i < MIB_OBJECTS; i++)
        if (strcmp(mib_objects[i].name, name) == 0)
            return true;
    return false;
}

START_TEST(the_agents_table_is_whole)
{
    const struct mib_group *active = &mib_groups[MIB_GROUP_ACTIVE];

    for (unsigned g = 0; g < MIB_GROUPS; g++) {
        unsigned before = mib_groups[g].row ? 1 : 0;

        ck_assert_uint_eq(mib_groups[g].arc, g + 1);
        for (unsigned i = 0; i < mib_groups[g].n; i++) {
            const struct mib_column *c = &mib_groups[g].columns[i];
            struct mib_object o = mib_column_shape(c);

            ck_assert_msg(o.prose != NULL, "%s", c->name);
            ck_assert_ptr_null(strchr(o.prose, '"'));
            ck_assert_msg(c->arc == ++before, "%s: a number is left out", c->name);
            ck_assert_msg(!is_object(c->name), "%s is an object of notifications, too", c->name);
            ck_assert_msg(c->object != MIB_OBJECTS || c->from, "%s comes from nowhere", c->name);
            for (unsigned k = 0; k < i; k++)
                ck_assert_str_ne(c->name, mib_groups[g].columns[k].name);
        }
    }
    /* A column that repeats an object of notifications is named for it. */
    for (unsigned i = 0; i < active->n; i++)
        if (active->columns[i].object != MIB_OBJECTS) {
            struct mib_object o = mib_column_shape(&active->columns[i]);

            ck_assert_str_eq(o.name + strlen("tcActive"), mib_objects[active->columns[i].object].name + strlen("tc"));
            ck_assert_int_eq(o.syntax, mib_objects[active->columns[i].object].syntax);
            ck_assert_int_eq(o.enumeration, mib_objects[active->columns[i].object].enumeration);
        }
}
END_TEST

START_TEST(every_fault_class_has_its_pair)
{
    bool used[MIB_NOTIFICATION_FREE] = {[MIB_NOTICE_ARC] = true};

    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        const struct mib_notification *n = mib_notification_find((enum event_class) c);

        ck_assert_msg((n != NULL) == event_class_is_fault((enum event_class) c), "class %s",
                      event_class_name((enum event_class) c));
        if (!n)
            continue;
        ck_assert_uint_lt(n->raise_arc, MIB_NOTIFICATION_FREE);
        ck_assert_uint_lt(n->clear_arc, MIB_NOTIFICATION_FREE);
        ck_assert(!used[n->raise_arc]);
        used[n->raise_arc] = true;
        ck_assert(!used[n->clear_arc]);
        used[n->clear_arc] = true;
        ck_assert_ptr_null(strchr(n->raise, '"'));
        ck_assert_ptr_null(strchr(n->clear, '"'));
    }
}
END_TEST

/* "file-contention" as an SMIv2 label: no hyphens, capitals instead. */
static void
camel(const char *name, char *out)
{
    for (; *name; name++)
        if (*name == '-')
            *out++ = (char) (*++name - 32);
        else
            *out++ = *name;
    *out = '\0';
}

START_TEST(labels_are_the_names_of_the_xml)
{
    char label[64];

    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        camel(event_class_name((enum event_class) c), label);
        ck_assert_ptr_nonnull(mib_label(MIB_ENUM_CLASS, mib_class((enum event_class) c)));
        ck_assert_str_eq(mib_label(MIB_ENUM_CLASS, mib_class((enum event_class) c)), label);
    }
    ck_assert_str_eq(mib_label(MIB_ENUM_CLASS, MIB_CLASS_NONE), "none");
    for (int s = ALARM_RAISED; s <= ALARM_CLEARED; s++)
        ck_assert_str_eq(mib_label(MIB_ENUM_STATE, mib_state((enum alarm_state) s)),
                         alarm_state_name((enum alarm_state) s));
    for (int s = SEVERITY_CRITICAL; s <= SEVERITY_CLEARED; s++)
        if (s != SEVERITY_INFO)
            ck_assert_str_eq(mib_label(MIB_ENUM_SEVERITY, mib_severity((enum severity) s)),
                             severity_name((enum severity) s));
    for (int c = CONFIDENCE_UNVERIFIED; c <= CONFIDENCE_CONFIRMED; c++)
        ck_assert_str_eq(mib_label(MIB_ENUM_CONFIDENCE, mib_confidence((enum confidence) c)),
                         confidence_name((enum confidence) c));
    for (unsigned e = 0; e < MIB_ENUMS; e++)
        for (int i = 0; mib_enums[e].labels[i].label; i++)
            ck_assert_int_eq(mib_enums[e].labels[i].number, i + 1);
    ck_assert_ptr_null(mib_label(MIB_ENUM_CLASS, 0));
    ck_assert_int_eq(mib_number(MIB_ENUM_CLASS, "stall"), 5);
    ck_assert_int_eq(mib_number(MIB_ENUM_CLASS, "no such class"), 0);
}
END_TEST

/* X.733 by the numbers of RFC 3877. */
START_TEST(severities_are_those_of_x733)
{
    ck_assert_int_eq(mib_severity(SEVERITY_CLEARED), 1);
    ck_assert_int_eq(mib_severity(SEVERITY_INFO), 2);
    ck_assert_int_eq(mib_severity(SEVERITY_CRITICAL), 3);
    ck_assert_int_eq(mib_severity(SEVERITY_MAJOR), 4);
    ck_assert_int_eq(mib_severity(SEVERITY_MINOR), 5);
    ck_assert_int_eq(mib_severity(SEVERITY_WARNING), 6);
}
END_TEST

START_TEST(enterprise_is_read_strictly)
{
    static const char *const good[] = {DEFAULT_ROOT, "1.3.6.1.4.1.0", "1.3.6.1.4.1.4294967295.1",
                                       "1.3.6.1.4.1.9.0.7"};
    static const char *const bad[] = {
        "",
        ".",
        "1",
        "1.3.6.1.4.1",
        "1.3.6.1.4.1.",
        ".1.3.6.1.4.1.9",
        "1.3.6.1.4.1.9.",
        "1.3.6.1.4.1..9",
        "1.3.6.1.4.1.09",
        "1.3.6.1.4.1.4294967296",
        "1.3.6.1.4.1.99999999999999999999999",
        "1.3.6.1.2.1.1",
        "1.3.6.1.4.2.9",
        "1.3.6.1.4.1.9x",
        "1.3.6.1.4.1.-9",
        "1.3.6.1.4.1.9 ",
        "enterprises.9",
        "1.3.6.1.4.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",
    };
    struct mib_oid oid;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(mib_enterprise(good[i], &oid), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!mib_enterprise(bad[i], &oid), "%s", bad[i]);
    ck_assert(mib_enterprise(DEFAULT_ROOT, &oid));
    ck_assert_uint_eq(oid.n, 8);
    ck_assert_uint_eq(oid.sub[6], 32473);
    ck_assert_uint_eq(oid.sub[7], 109);
}
END_TEST

START_TEST(file_in_mibs_is_what_the_table_says)
{
    char path[4096], *made = text_for(DEFAULT_ROOT), *kept = NULL;
    const char *dir = getenv("TEST_SRCDIR");
    size_t n = strlen(made);
    FILE *in;

    ck_assert_ptr_nonnull(dir);
    snprintf(path, sizeof path, "%s/../mibs/TRUECAUSE-MIB.txt", dir);
    in = fopen(path, "r");
    ck_assert_msg(in != NULL, "%s", path);
    kept = calloc(1, n + 2);
    ck_assert_uint_gt(fread(kept, 1, n + 1, in), 0);
    ck_assert_msg(strcmp(kept, made) == 0,
                  "mibs/TRUECAUSE-MIB.txt is not what the table says; write it anew: "
                  "truecause mib --enterprise-oid " DEFAULT_ROOT " >mibs/TRUECAUSE-MIB.txt");
    fclose(in);
    free(kept);
    free(made);
}
END_TEST

/* The number after "::= { 'parent' " in the definition that begins at 'at'. */
static long
value_below(const char *at, const char *parent)
{
    char lead[64];
    const char *found, *end = strstr(at, "\n\n");

    snprintf(lead, sizeof lead, "::= { %s ", parent);
    found = strstr(at, lead);
    return found && (!end || found < end) ? strtol(found + strlen(lead), NULL, 10) : -1;
}

static void
text_says(const char *text, const char *name, const char *macro, const char *parent, unsigned arc)
{
    char lead[128];
    const char *at;

    snprintf(lead, sizeof lead, "\n%s %s\n", name, macro);
    at = strstr(text, lead);
    ck_assert_msg(at != NULL, "%s is not in the text", name);
    ck_assert_int_eq(value_below(at + 1, parent), arc);
    ck_assert_ptr_null(strstr(at + 1, lead));
}

START_TEST(text_has_every_name_at_its_number)
{
    char *text = text_for(_i ? "1.3.6.1.4.1.99999.7" : DEFAULT_ROOT), name[80];

    for (unsigned i = 0; i < MIB_OBJECTS; i++)
        text_says(text, mib_objects[i].name, "OBJECT-TYPE", "tcObjects", mib_objects[i].arc);
    text_says(text, MIB_NOTICE_NAME, "NOTIFICATION-TYPE", "tcNotifications", MIB_NOTICE_ARC);
    for (const struct mib_notification *n = mib_notifications; n->stem; n++) {
        snprintf(name, sizeof name, "tc%sRaised", n->stem);
        text_says(text, name, "NOTIFICATION-TYPE", "tcNotifications", n->raise_arc);
        snprintf(name, sizeof name, "tc%sCleared", n->stem);
        text_says(text, name, "NOTIFICATION-TYPE", "tcNotifications", n->clear_arc);
    }
    for (unsigned g = 0; g < MIB_GROUPS; g++)
        for (unsigned i = 0; i < mib_groups[g].n; i++)
            text_says(text, mib_groups[g].columns[i].name, "OBJECT-TYPE",
                      mib_groups[g].row ? mib_groups[g].row : mib_groups[g].name, mib_groups[g].columns[i].arc);
    ck_assert_ptr_nonnull(strstr(text, "tcNotifications OBJECT IDENTIFIER ::= { truecauseMIB 0 }\n"));
    ck_assert_ptr_nonnull(strstr(text, "tcObjects       OBJECT IDENTIFIER ::= { truecauseMIB 1 }\n"));
    free(text);
}
END_TEST

/* Only the root differs from one enterprise OID to the other. */
START_TEST(override_moves_the_root_and_nothing_else)
{
    char *a = text_for(DEFAULT_ROOT), *b = text_for("1.3.6.1.4.1.99999.7"),
         *c = text_for("1.3.6.1.4.1.99999");
    const char *tail_a = strstr(a, "\ntcNotifications"), *tail_b = strstr(b, "\ntcNotifications");

    ck_assert_ptr_nonnull(strstr(
        a, "::= { truecauseArc1 109 }\n\ntruecauseArc1   OBJECT IDENTIFIER ::= { enterprises 32473 }"));
    ck_assert_ptr_nonnull(
        strstr(b, "::= { truecauseArc1 7 }\n\ntruecauseArc1   OBJECT IDENTIFIER ::= { enterprises 99999 }"));
    ck_assert_ptr_nonnull(strstr(c, "::= { enterprises 99999 }\n"));
    ck_assert_ptr_null(strstr(b, "32473"));
    ck_assert_str_eq(tail_a, tail_b);
    ck_assert_str_eq(tail_a, strstr(c, "\ntcNotifications"));
    free(a);
    free(b);
    free(c);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("mib");
    TCase *t = tcase_create("table");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_add_test(t, order_is_the_contract);
    tcase_add_test(t, objects_are_whole_and_distinct);
    tcase_add_test(t, the_agents_table_is_whole);
    tcase_add_test(t, every_fault_class_has_its_pair);
    tcase_add_test(t, labels_are_the_names_of_the_xml);
    tcase_add_test(t, severities_are_those_of_x733);
    tcase_add_test(t, enterprise_is_read_strictly);
    suite_add_tcase(s, t);
    t = tcase_create("text");
    tcase_add_test(t, file_in_mibs_is_what_the_table_says);
    tcase_add_loop_test(t, text_has_every_name_at_its_number, 0, 2);
    tcase_add_test(t, override_moves_the_root_and_nothing_else);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
