/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_pack.c - files for NMS products: those in mibs/packs/ are what the table
 * and the catalogue say, each notification and severity is in each of them once,
 * and the enterprise OID is the only thing that another one changes. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include "forwarder/pack.h"
#include "tests/unit/builtin_set.h"

#define DEFAULT_ROOT "1.3.6.1.4.1.32473.109"
#define OTHER_ROOT   "1.3.6.1.4.1.99999.7"

static char *
text_for(const char *name, const char *dotted)
{
    struct mib_oid oid;
    struct pack_source from = {&oid, set};
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    ck_assert_ptr_nonnull(out);
    ck_assert(mib_enterprise(dotted, &oid));
    ck_assert_ptr_nonnull(pack_find(name));
    ck_assert_int_eq(pack_write(out, pack_find(name), &from), 0);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_uint_gt(n, 0);
    return text;
}

static size_t
count(const char *text, const char *what)
{
    size_t n = 0;

    for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

START_TEST(files_are_what_the_table_says)
{
    const struct pack *pack = &packs[_i];
    char path[4096], *made = text_for(pack->name, DEFAULT_ROOT), *kept;
    const char *dir = getenv("TEST_SRCDIR");
    size_t n = strlen(made);
    FILE *in;

    ck_assert_ptr_nonnull(dir);
    snprintf(path, sizeof path, "%s/../mibs/packs/%s", dir, pack->file);
    in = fopen(path, "r");
    ck_assert_msg(in != NULL, "%s", path);
    kept = calloc(1, n + 2);
    ck_assert_uint_gt(fread(kept, 1, n + 1, in), 0);
    ck_assert_msg(strcmp(kept, made) == 0,
                  "mibs/packs/%s is not what the table and the catalogue say; write it anew: make packs", pack->file);
    fclose(in);
    free(kept);
    free(made);
}
END_TEST

/* 'text' with each 'from' in it become 'to', which is of the same length or shorter. */
static void
replace(char *text, const char *from, const char *to)
{
    size_t n = strlen(from), m = strlen(to);

    for (char *p = text; (p = strstr(p, from)); p += m) {
        memcpy(p, to, m);
        memmove(p + m, p + n, strlen(p + n) + 1);
    }
}

/* The OID stands as it is in texts and masks, with [.] and \. in patterns. */
START_TEST(override_moves_the_root_and_nothing_else)
{
    char *ours = text_for(packs[_i].name, DEFAULT_ROOT), *other = text_for(packs[_i].name, OTHER_ROOT);

    ck_assert_ptr_null(strstr(other, "32473"));
    replace(ours, "32473.109", "99999.7");
    replace(ours, "32473[.]109", "99999[.]7");
    replace(ours, "32473\\.109", "99999\\.7");
    ck_assert_str_eq(ours, other);
    free(ours);
    free(other);
}
END_TEST

START_TEST(severities_are_those_of_the_design)
{
    static const struct {
        enum severity severity;
        const char *opennms, *zabbix;
        int nagios;
    } want[] = {
        {SEVERITY_CRITICAL, "Critical", "Disaster", 2}, {SEVERITY_MAJOR, "Major", "High", 2},
        {SEVERITY_MINOR, "Minor", "Average", 1},        {SEVERITY_WARNING, "Warning", "Warning", 1},
        {SEVERITY_INFO, "Indeterminate", "Information", 0}, {SEVERITY_CLEARED, "Cleared", "OK", 0},
    };

    ck_assert_uint_eq(sizeof want / sizeof *want, PACK_SEVERITIES);
    for (unsigned i = 0; i < PACK_SEVERITIES; i++) {
        ck_assert_int_eq(pack_severities[i].severity, want[i].severity);
        ck_assert_str_eq(pack_severities[i].title, want[i].opennms);
        ck_assert_str_eq(pack_severities[i].zabbix_title, want[i].zabbix);
        ck_assert_int_eq(pack_severities[i].nagios, want[i].nagios);
    }
}
END_TEST

START_TEST(snmptt_has_every_notification_and_severity_once)
{
    char *text = text_for("snmptt", OTHER_ROOT), line[200];

    for (const struct mib_notification *n = mib_notifications; n->stem; n++) {
        for (unsigned s = 0; s + 1 < PACK_SEVERITIES; s++) {
            snprintf(line, sizeof line, "\nEVENT tc%sRaised ." OTHER_ROOT ".0.%u \"Truecause %s\" %s\n", n->stem,
                     n->raise_arc, event_class_name(n->cls), pack_severities[s].title);
            ck_assert_msg(count(text, line) == 1, "%s", line);
        }
        snprintf(line, sizeof line, "\nEVENT tc%sCleared ." OTHER_ROOT ".0.%u \"Truecause %s\" Normal\n", n->stem,
                 n->clear_arc, event_class_name(n->cls));
        ck_assert_msg(count(text, line) == 1, "%s", line);
    }
    ck_assert_uint_eq(count(text, "\nEVENT tcNotice ." OTHER_ROOT ".0.1 "), 2);
    ck_assert_uint_eq(count(text, "\nMATCH $4: (^(critical|critical\\(3\\)|3)$)\n"), count(text, "Raised") / 5);
    free(text);
}
END_TEST

/* No value gets to a shell but between quotes that REGEX makes safe: so many
 * commands, so many of each of the three lines, in this order. */
START_TEST(snmptt_commands_are_safe)
{
    static const char lines[] = " TRUECAUSE-END\n"
                                "REGEX (')(\")g\n"
                                "REGEX (^TRUECAUSE-RESULT )(/usr/local/bin/truecause-result ')\n"
                                "REGEX ( TRUECAUSE-END$)(')\n";
    char *text = text_for("snmptt", DEFAULT_ROOT);

    ck_assert_uint_gt(count(text, "\n#EXEC "), 13);
    ck_assert_uint_eq(count(text, "EXEC "), count(text, "\n#EXEC TRUECAUSE-RESULT ") + count(text, "s/^#EXEC /EXEC /")
                                                + count(text, "s/^#EXEC /EXEC /") + count(text, "an EXEC line"));
    ck_assert_uint_eq(count(text, "\n#EXEC TRUECAUSE-RESULT "), count(text, lines));
    free(text);
}
END_TEST

static int
found(xmlXPathContext *context, const char *path)
{
    xmlXPathObject *o = xmlXPathEvalExpression((const xmlChar *) path, context);
    int n;

    ck_assert_msg(o && o->type == XPATH_NODESET, "%s", path);
    n = o->nodesetval ? o->nodesetval->nodeNr : 0;
    xmlXPathFreeObject(o);
    return n;
}

START_TEST(opennms_has_every_notification_and_severity_once)
{
    char *text = text_for("opennms", OTHER_ROOT), path[400];
    xmlDoc *doc = xmlReadMemory(text, (int) strlen(text), "opennms", NULL, XML_PARSE_NONET);
    xmlXPathContext *x = doc ? xmlXPathNewContext(doc) : NULL;
    int events = 0;

    ck_assert_ptr_nonnull(x);
    ck_assert_int_eq(xmlXPathRegisterNs(x, (const xmlChar *) "e",
                                        (const xmlChar *) "http://xmlns.opennms.org/xsd/eventconf"),
                     0);
    for (const struct mib_notification *n = mib_notifications; n->stem; n++) {
        for (unsigned s = 0; s + 1 < PACK_SEVERITIES; s++, events++) {
            snprintf(path, sizeof path,
                     "//e:event[e:mask/e:maskelement[e:mename='id']/e:mevalue='." OTHER_ROOT "']"
                     "[e:mask/e:maskelement[e:mename='specific']/e:mevalue='%u']"
                     "[e:mask/e:varbind[e:vbnumber='4']/e:vbvalue='%d'][e:severity='%s']"
                     "[e:alarm-data/@alarm-type='1'][not(e:alarm-data/@clear-key)]"
                     "[e:alarm-data/e:update-field/@field-name='severity']",
                     n->raise_arc, mib_severity(pack_severities[s].severity), pack_severities[s].title);
            ck_assert_msg(found(x, path) == 1, "%s", path);
        }
        /* Its clear key is the reduction key of every raise. */
        snprintf(path, sizeof path,
                 "//e:event[e:mask/e:maskelement[e:mename='specific']/e:mevalue='%u'][e:severity='Cleared']"
                 "[e:alarm-data/@alarm-type='2'][e:alarm-data/@clear-key=//e:event[e:mask/"
                 "e:maskelement[e:mename='specific']/e:mevalue='%u']/e:alarm-data/@reduction-key]",
                 n->clear_arc, n->raise_arc);
        ck_assert_msg(found(x, path) == 1, "%s", path);
        events++;
    }
    ck_assert_int_eq(found(x, "//e:event"), events + 2);
    xmlXPathFreeContext(x);
    xmlFreeDoc(doc);
    free(text);
}
END_TEST

/* The form of a random UUID, and none twice. */
START_TEST(zabbix_identifiers_have_the_form_of_version_4)
{
    char *text = text_for("zabbix", DEFAULT_ROOT);
    unsigned n = 0;

    for (const char *p = text; (p = strstr(p, "uuid: ")); n++) {
        char id[33] = "";

        p += 6;
        ck_assert_uint_eq(strspn(p, "0123456789abcdef"), 32);
        memcpy(id, p, 32);
        ck_assert_int_eq(id[12], '4');
        ck_assert_ptr_nonnull(strchr("89ab", id[16]));
        ck_assert_uint_eq(count(text, id), 1);
    }
    ck_assert_uint_eq(n, 11 + PACK_SEVERITIES - 1);
    ck_assert_ptr_null(strchr(text, '@'));
    free(text);
}
END_TEST

START_TEST(every_mark_is_filled_in)
{
    char *text = text_for("result", DEFAULT_ROOT);

    ck_assert_ptr_nonnull(strstr(text, "\ncritical | 'critical(3)' | 3) rank=1 code=2 label=critical ;;\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nmajor | 'major(4)' | 4) rank=2 code=2 label=major ;;\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nminor | 'minor(5)' | 5) rank=3 code=1 label=minor ;;\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nwarning | 'warning(6)' | 6) rank=4 code=1 label=warning ;;\n"));
    ck_assert_ptr_nonnull(strstr(text, "\ncleared | 'cleared(1)' | 1) rank=6 code=0 label=cleared ;;\n"));
    ck_assert_ptr_null(strstr(text, "@SEVERITIES@"));
    ck_assert_ptr_null(strstr(text, "@CLEARED@"));
    free(text);
}
END_TEST

/* The writer escapes what JSON wants escaped of ASCII, and no more. */
START_TEST(elastic_is_ascii_and_one_script)
{
    char *text = text_for("elastic", OTHER_ROOT);

    for (const char *p = text; *p; p++)
        ck_assert_msg(*p == '\n' || (*p >= ' ' && *p <= '~'), "byte %02x", (unsigned char) *p);
    ck_assert_uint_eq(count(text, "\"source\": \"/* "), 1);
    ck_assert_uint_eq(count(text, "raw.indexOf('=\\\"', at);\\n"), 1);
    ck_assert_uint_eq(count(text, "(char) '\\\\\\\\'"), 1);
    free(text);
}
END_TEST

START_TEST(texts_are_escaped_and_wrapped)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    ck_assert_ptr_nonnull(out);
    pack_xml(out, STR(" a <b>\n  & \"c\" "));
    pack_wrap(out, "> ", 10, STR("one two\n three four-five-six seven"));
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_str_eq(text, "a &lt;b&gt; &amp; &quot;c&quot;> one two\n> three\n> four-five-six\n> seven\n");
    free(text);
    ck_assert_ptr_null(pack_find("nothing"));
    out = open_memstream(&text, &n);
    ck_assert_ptr_nonnull(out);
    pack_xml(out, STR_NONE);
    pack_wrap(out, "> ", 10, STR_NONE);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("pack");
    TCase *t = tcase_create("packs");
    SRunner *sr = srunner_create(s);
    int failed, n = 0;

    while (packs[n].name)
        n++;
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, files_are_what_the_table_says, 0, n);
    tcase_add_loop_test(t, override_moves_the_root_and_nothing_else, 0, n);
    tcase_add_test(t, severities_are_those_of_the_design);
    tcase_add_test(t, snmptt_has_every_notification_and_severity_once);
    tcase_add_test(t, snmptt_commands_are_safe);
    tcase_add_test(t, opennms_has_every_notification_and_severity_once);
    tcase_add_test(t, zabbix_identifiers_have_the_form_of_version_4);
    tcase_add_test(t, every_mark_is_filled_in);
    tcase_add_test(t, elastic_is_ascii_and_one_script);
    tcase_add_test(t, texts_are_escaped_and_wrapped);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
