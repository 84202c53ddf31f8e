/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_reload.c - what a reload takes, keeps and refuses: every attribute of
 * the configuration makes a source or target another one, catalogue.d is read
 * whole or not at all, and the state folder is found in a file that cannot be
 * loaded. */
#include "build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/catalogue_files.h"
#include "forwarder/config_parts.h"
#include "forwarder/config_state.h"
#include "forwarder/reload.h"
#include "tests/unit/config_load.h"

/* A value that is not the default, for every attribute that a reload compares;
 * a new attribute without a row here fails the test. */
static const struct {
    enum config_element element;
    const char *type; /* of the target */
    const char *name, *value;
} rows[] = {
    {CONFIG_SOURCE, NULL, "name", "other"},
    {CONFIG_SOURCE, NULL, "format", "sms-log"},
    {CONFIG_SOURCE, NULL, "path", "other.log"},
    {CONFIG_SOURCE, NULL, "host", "WEMBLEY"},
    {CONFIG_SOURCE, NULL, "address", "192.0.2.9"},
    {CONFIG_SOURCE, NULL, "site", "DOG"},
    {CONFIG_SOURCE, NULL, "zone", "Europe/Berlin"},
    {CONFIG_SOURCE, NULL, "date-order", "ymd"},
    {CONFIG_SOURCE, NULL, "code-page", "windows-1251"},
    {CONFIG_SOURCE, NULL, "poll", "5s"},
    {CONFIG_SOURCE, NULL, "read", "once"},
    {CONFIG_AGENT, NULL, "socket", NULL},          /* see an_agent() */
    {CONFIG_AGENT, NULL, "start", NULL},
    {CONFIG_SOURCE, NULL, "listen", NULL},         /* see a_source_that_listens() */
    {CONFIG_SOURCE, NULL, "community-file", NULL},
    {CONFIG_SOURCE, NULL, "from", NULL},
    {CONFIG_SOURCE, NULL, "rate", NULL},
    {CONFIG_TARGET, "xml", "name", "other"},
    {CONFIG_TARGET, "xml", "items", "events"},
    {CONFIG_TARGET, "xml", "severity", "major"},
    {CONFIG_TARGET, "xml", "history", "summary"},
    {CONFIG_TARGET, "xml", "overflow", "drop-oldest"},
    {CONFIG_TARGET, "xml", "heartbeat", "7s"},
    {CONFIG_TARGET, "syslog", "resend", "start"},
    {CONFIG_TARGET, "xml", "path", "other.xml"},
    {CONFIG_TARGET, "xml", "form", "lines"},
    {CONFIG_TARGET, "xml", "rotate", "2h"},
    {CONFIG_TARGET, "xml", "rotate", "123KiB"},
    {CONFIG_TARGET, "snmp", "address", "udp:192.0.2.1:163"},
    {CONFIG_TARGET, "snmp", "address", "udp:192.0.2.2:162"},
    {CONFIG_TARGET, "syslog", "address", "tcp:192.0.2.1:162"},
    {CONFIG_TARGET, "syslog", "address", "udp:192.0.2.1:162 udp:192.0.2.2:162"},
    {CONFIG_TARGET, "snmp", "source-address", "192.0.2.9"},
    {CONFIG_TARGET, "snmp", "pace", "7"},
    {CONFIG_TARGET, "snmp", "community-file", "second"},
    {CONFIG_TARGET, "snmp", "pdu-size", "1100"},
    {CONFIG_TARGET, "syslog", "facility", "local7"},
    {CONFIG_TARGET, "syslog", "form", "rfc3164"},
    {CONFIG_TARGET, "syslog", "pdu-size", "1024"},
    {CONFIG_TARGET, "syslog", "framing", NULL}, /* these: see check_config_tls.c */
    {CONFIG_TARGET, "syslog", "ca", NULL},
    {CONFIG_TARGET, "syslog", "certificate", NULL},
    {CONFIG_TARGET, "syslog", "key", NULL},
    {CONFIG_TARGET, "syslog", "fingerprint", NULL},
    {CONFIG_TARGET, "syslog", "server-name", NULL},
    {CONFIG_TARGET, NULL, "type", NULL},         /* see other_type() */
    {CONFIG_TARGET, "snmp", "version", "1"},
    {CONFIG_TARGET, "snmp", "user", NULL}, /* see a_user() */
    {CONFIG_TARGET, "snmp", "auth", NULL},
    {CONFIG_TARGET, "snmp", "auth-file", NULL},
    {CONFIG_TARGET, "snmp", "priv", NULL},
    {CONFIG_TARGET, "snmp", "priv-file", NULL},
    {CONFIG_TARGET, "snmp", "context", NULL},
    {CONFIG_TARGET, "snmp", "notification", "inform"},
    {CONFIG_TARGET, "snmp", "timeout", "2s"},
    {CONFIG_TARGET, "snmp", "retries", "7"},
    {CONFIG_TARGET, "snmp", "window", "7"},
    {CONFIG_TARGET, "snmp", "charset", "ascii"},
};

/* Writes a configuration with one source and one target of 'type', where one
 * attribute has 'value' instead of its usual one. */
static struct config *
load_with(const char *type, enum config_element element, const char *name, const char *value)
{
    static const struct {
        const char *name, *value;
    } usual[] = {{"path", "a.log"},         {"name", "t"}, {"path", "a.xml"}, {"address", "udp:192.0.2.1:162"},
                 {"community-file", "first"}};
    char text[4096];
    bool xml = strcmp(type, "xml") == 0, snmp = strcmp(type, "snmp") == 0;
    size_t n = (size_t) snprintf(text, sizeof text, HEAD "<source");

    for (unsigned i = 0; i < 5; i++) {
        bool here = i == 0 || i == 1 || (i == 2 && xml) || (i == 3 && !xml) || (i == 4 && snmp);
        bool replaced = name && strcmp(usual[i].name, name) == 0 && element == (i ? CONFIG_TARGET : CONFIG_SOURCE);

        if (i == 1 && element == CONFIG_SOURCE && name && strcmp(name, "path") != 0)
            n += (size_t) snprintf(text + n, sizeof text - n, " %s=\"%s\"", name, value);
        if (i == 1)
            n += (size_t) snprintf(text + n, sizeof text - n, "/>\n<target type=\"%s\"", type);
        if (here && !replaced)
            n += (size_t) snprintf(text + n, sizeof text - n, " %s=\"%s\"", usual[i].name, usual[i].value);
        if (replaced && i == 0)
            n += (size_t) snprintf(text + n, sizeof text - n, " %s=\"%s\"", name, value);
    }
    if (element == CONFIG_TARGET && name)
        n += (size_t) snprintf(text + n, sizeof text - n, " %s=\"%s\"", name, value);
    snprintf(text + n, sizeof text - n, "/>\n" TAIL);
    secret("first", "public\n", 0600);
    secret("second", "other\n", 0600);
    return must_load(text);
}

START_TEST(every_attribute_counts)
{
    const char *type = rows[_i].type ? rows[_i].type : "xml";
    struct config *a, *b, *c;

    if (!rows[_i].value)
        return;
    a = load_with(type, rows[_i].element, NULL, NULL);
    b = load_with(type, rows[_i].element, NULL, NULL);
    c = load_with(type, rows[_i].element, rows[_i].name, rows[_i].value);
    ck_assert(reload_same_source(&a->sources[0], &b->sources[0]));
    ck_assert(reload_same_target(&a->targets[0], &b->targets[0]));
    ck_assert_msg(reload_same_source(&a->sources[0], &c->sources[0]) == (rows[_i].element != CONFIG_SOURCE), "source %s",
                  rows[_i].name);
    ck_assert_msg(reload_same_target(&a->targets[0], &c->targets[0]) == (rows[_i].element != CONFIG_TARGET), "target %s",
                  rows[_i].name);
    config_unref(a);
    config_unref(b);
    config_unref(c);
}
END_TEST

/* Each attribute of a source for traps, changed alone, is another source. */
START_TEST(a_source_that_listens)
{
    static const char *const usual[] = {"listen=\"udp:127.0.0.1:1162\"", "community-file=\"first\"",
                                        "from=\"192.0.2.0/24\"", "rate=\"100\""};
    static const char *const other[] = {"listen=\"udp:127.0.0.1:1163\"", "community-file=\"second\"",
                                        "from=\"192.0.2.0/25\"", "rate=\"101\""};
    struct config *c[6];

    secret("first", "public\n", 0600);
    secret("second", "other\n", 0600);
    for (int i = 0; i < 6; i++) { /* the last two are alike */
        char text[2048];
        int n = snprintf(text, sizeof text, HEAD "<source format=\"nt-trap\"");

        for (int w = 0; w < 4; w++)
            n += snprintf(text + n, sizeof text - (size_t) n, " %s", w == i ? other[w] : usual[w]);
        snprintf(text + n, sizeof text - (size_t) n, "/>\n<target type=\"xml\" name=\"t\" path=\"a.xml\"/>\n" TAIL);
        c[i] = must_load(text);
    }
    ck_assert(reload_same_source(&c[4]->sources[0], &c[5]->sources[0]));
    for (int i = 0; i < 4; i++)
        ck_assert_msg(!reload_same_source(&c[i]->sources[0], &c[5]->sources[0]), "%s", other[i]);
    for (int i = 0; i < 6; i++)
        config_unref(c[i]);
}
END_TEST

/* Each attribute of SNMPv3, changed alone, is another target. */
START_TEST(a_user)
{
    static const char *const usual[] = {"user=\"ada\"",     "auth=\"sha256\"",    "auth-file=\"first\"",
                                        "priv=\"aes128\"", "priv-file=\"first\"", "context=\"one\""};
    static const char *const other[] = {"user=\"bob\"",            "auth=\"sha512\"",     "auth-file=\"second\"",
                                        "priv=\"aes256-reeder\"", "priv-file=\"second\"", "context=\"two\""};
    struct config *c[8];

    secret("first", "password one\n", 0600);
    secret("second", "password two\n", 0600);
    for (int i = 0; i < 8; i++) { /* the last two are alike */
        char text[2048];
        int n = snprintf(text, sizeof text, HEAD "<target type=\"snmp\" name=\"t\" address=\"udp:192.0.2.1\" version=\"3\"");

        for (int w = 0; w < 6; w++)
            n += snprintf(text + n, sizeof text - (size_t) n, " %s", w == i ? other[w] : usual[w]);
        snprintf(text + n, sizeof text - (size_t) n, "/>\n" TAIL);
        c[i] = must_load(text);
    }
    ck_assert(reload_same_target(&c[6]->targets[0], &c[7]->targets[0]));
    for (int i = 0; i < 6; i++)
        ck_assert_msg(!reload_same_target(&c[i]->targets[0], &c[7]->targets[0]), "%s", other[i]);
    for (int i = 0; i < 8; i++)
        config_unref(c[i]);
}
END_TEST

START_TEST(an_agent)
{
    struct config_agent a = {.socket = (char *) (uintptr_t) "/a", .start = true}, b = a;

    ck_assert(reload_same_agent(&a, &b));
    ck_assert(reload_same_agent(NULL, NULL));
    ck_assert(!reload_same_agent(&a, NULL));
    ck_assert(!reload_same_agent(NULL, &a));
    b.start = false;
    ck_assert(!reload_same_agent(&a, &b));
    b = (struct config_agent){.socket = (char *) (uintptr_t) "/b", .start = true};
    ck_assert(!reload_same_agent(&a, &b));
}
END_TEST

START_TEST(no_attribute_is_forgotten)
{
    for (const struct config_word *w = config_words; w->name; w++) {
        bool known = w->element == CONFIG_TRUECAUSE;

        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            known = known || (rows[i].element == w->element && strcmp(rows[i].name, w->name) == 0);
        ck_assert_msg(known, "\"%s\" has no row here: does reload.c compare it?", w->name);
    }
}
END_TEST

START_TEST(other_type)
{
    struct config *a = load_with("snmp", CONFIG_TARGET, NULL, NULL), *b = load_with("syslog", CONFIG_TARGET, NULL, NULL);
    struct config_target t = a->targets[0];

    ck_assert(!reload_same_target(&a->targets[0], &b->targets[0]));
    ck_assert(reload_same_target(&a->targets[0], &t));
    t.inform = !t.inform;
    ck_assert(!reload_same_target(&a->targets[0], &t));
    config_unref(a);
    config_unref(b);
}
END_TEST

START_TEST(what_cannot_change)
{
    static const struct {
        const char *attribute, *why;
    } roots[] = {{"state=\"elsewhere\"", "state cannot change"},
                 {"journal-limit=\"1GiB\"", "journal-limit cannot change while the program runs (it is 10737418240 bytes)"},
                 {"engine-id=\"80007ed90501\"", "engine-id cannot change while the program runs (it is not given)"},
                 {"keep=\"2d\"", NULL}};
    struct config *now = must_load(HEAD TAIL), *next;
    char text[1024], why[600];

    for (unsigned i = 0; i < 4; i++) {
        snprintf(text, sizeof text,
                 "<truecause xmlns=\"urn:truecause:config:1\"\n enterprise-oid=\"1.3.6.1.4.1.99999.1\" %s/>\n",
                 roots[i].attribute);
        next = must_load(text);
        ck_assert(reload_possible(now, next, why, sizeof why) == !roots[i].why);
        if (roots[i].why) {
            ck_assert_msg(strstr(why, roots[i].why) != NULL, "%s", why);
            ck_assert_ptr_nonnull(strstr(why, "main.xml:1: "));
            ck_assert_ptr_nonnull(strstr(why, "change it back, or restart"));
        }
        config_unref(next);
    }
    next = must_load("<truecause xmlns=\"urn:truecause:config:1\" enterprise-oid=\"1.3.6.1.4.1.99999.2\"/>");
    ck_assert(!reload_possible(now, next, why, sizeof why));
    ck_assert_ptr_nonnull(strstr(why, "enterprise-oid cannot change"));
    config_unref(next);
    config_unref(now);
}
END_TEST

/* --- catalogue.d ----------------------------------------------------------------- */

#define CATALOGUE "<catalogue xmlns=\"urn:truecause:catalogue:1\">\n"
#define CODE(symbol) CATALOGUE "<code win32=\"32\" symbol=\"" symbol "\" class=\"file-contention\"/>\n</catalogue>\n"

static struct catalogue *
load_catalogue(void)
{
    found[0] = '\0';
    errors = warnings = 0;
    return catalogue_files_load(in_dir("main.xml"), note, &errors);
}

START_TEST(files_of_the_catalogue)
{
    struct catalogue *c = load_catalogue();
    char symbol[64];

    ck_assert_ptr_nonnull(c);
    ck_assert(str_eq(catalogue_code(c, 32)->symbol, STR("ERROR_SHARING_VIOLATION")));
    catalogue_unref(c);
    ck_assert_int_eq(mkdir(in_dir("catalogue.d"), 0700), 0);
    scratch_write(in_dir("catalogue.d/20-b.xml"), CODE("SECOND"));
    scratch_write(in_dir("catalogue.d/10-a.xml"), CODE("FIRST"));
    scratch_write(in_dir("catalogue.d/30-c.txt"), "not a catalogue");
    scratch_write(in_dir("catalogue.d/.hidden.xml"), "not one");
    c = load_catalogue();
    ck_assert_msg(c != NULL, "%s", found);
    snprintf(symbol, sizeof symbol, "%.*s", STR_ARG(catalogue_code(c, 32)->symbol));
    ck_assert_str_eq(symbol, "SECOND");
    catalogue_unref(c);
}
END_TEST

START_TEST(a_broken_file_of_the_catalogue)
{
    ck_assert_int_eq(mkdir(in_dir("catalogue.d"), 0700), 0);
    scratch_write(in_dir("catalogue.d/10-a.xml"), CODE("FIRST"));
    scratch_write(in_dir("catalogue.d/20-b.xml"), CATALOGUE "\n<nonsense/>\n</catalogue>\n");
    ck_assert_ptr_null(load_catalogue());
    ck_assert_uint_eq(errors, 1);
    expect("catalogue.d/20-b.xml:3: error: ");
}
END_TEST

/* A fifo there must not hang a reload. */
START_TEST(no_file_in_the_catalogue)
{
    ck_assert_int_eq(mkdir(in_dir("catalogue.d"), 0700), 0);
    ck_assert_int_eq(mkfifo(in_dir("catalogue.d/a.xml"), 0600), 0);
    ck_assert_ptr_null(load_catalogue());
    expect("catalogue.d/a.xml:0: error: it is not a regular file");
    ck_assert_int_eq(unlink(in_dir("catalogue.d/a.xml")), 0);
    ck_assert_int_eq(mkdir(in_dir("catalogue.d/b.xml"), 0700), 0);
    ck_assert_ptr_null(load_catalogue());
    ck_assert_uint_eq(errors, 1);
}
END_TEST

/* --- the state folder --------------------------------------------------------------- */

START_TEST(state_folder)
{
    static const struct {
        const char *text, *state; /* NULL: refused; "" the scratch folder in front */
    } files[] = {
        {"<truecause xmlns=\"urn:truecause:config:1\" state=\"/srv/tc\"/>", "/srv/tc"},
        {"<truecause xmlns=\"urn:truecause:config:1\" state=\"here\"/>", "here"},
        {"<truecause xmlns=\"urn:truecause:config:1\"/>", CONFIG_STATE_DEFAULT},
        {"<?xml version=\"1.0\"?>\n<!-- x -->\n<truecause xmlns=\"urn:truecause:config:1\" state=\"/a&amp;b\"/>", "/a&b"},
        /* being edited: what follows is of no matter */
        {"<truecause xmlns=\"urn:truecause:config:1\" state=\"/srv/tc\">\n<source frmat=\"", "/srv/tc"},
        {"<other/>", NULL},
        {"", NULL},
        {"no XML", NULL},
    };
    char err[600], want[600];

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *state;

        scratch_write(in_dir("main.xml"), files[i].text);
        state = config_state(in_dir("main.xml"), err, sizeof err);
        if (!files[i].state) {
            ck_assert_ptr_null(state);
            ck_assert_ptr_nonnull(strstr(err, "truecause check -c"));
            continue;
        }
        snprintf(want, sizeof want, "%s%s%s", files[i].state[0] == '/' ? "" : dir, files[i].state[0] == '/' ? "" : "/",
                 files[i].state);
        ck_assert_msg(state && strcmp(state, want) == 0, "%s: %s", files[i].text, state ? state : err);
        free(state);
    }
    ck_assert_ptr_null(config_state(in_dir("missing.xml"), err, sizeof err));
    ck_assert_ptr_nonnull(strstr(err, "No such file"));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("reload");
    TCase *t = tcase_create("reload");
    SRunner *r;
    int failed;

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, every_attribute_counts, 0, (int) (sizeof rows / sizeof rows[0]));
    tcase_add_test(t, a_source_that_listens);
    tcase_add_test(t, a_user);
    tcase_add_test(t, an_agent);
    tcase_add_test(t, no_attribute_is_forgotten);
    tcase_add_test(t, other_type);
    tcase_add_test(t, what_cannot_change);
    tcase_add_test(t, files_of_the_catalogue);
    tcase_add_test(t, a_broken_file_of_the_catalogue);
    tcase_add_test(t, no_file_in_the_catalogue);
    tcase_add_test(t, state_folder);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
