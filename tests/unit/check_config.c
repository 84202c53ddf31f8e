/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_config.c - the configuration: what is read, what is refused and in
 * which words, merging, and that the words known to the program are those of
 * schemas/config.xsd. */
#include "build.h"

#include <check.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/config.h"
#include "forwarder/config_parts.h"
#include "forwarder/near.h"
#include "forwarder/target_syslog.h"
#include "parsers/when.h"
#include "tests/unit/config_load.h"
#include "tests/unit/scratch.h"

START_TEST(fills_in_every_default)
{
    struct config *c = must_load("<truecause xmlns=\"urn:truecause:config:1\">"
                                 "<source path=\"/none/*.log\"/><target name=\"a\" type=\"xml\" path=\"a.xml\"/>"
                                 "<target name=\"b\" type=\"syslog\" address=\"udp:192.0.2.1\"/></truecause>");
    bool documentation = strstr(DEFAULT_ENTERPRISE_OID, ".32473.") != NULL;

    ck_assert_str_eq(c->state, "/var/lib/truecause");
    ck_assert_str_eq(c->enterprise_oid, DEFAULT_ENTERPRISE_OID);
    ck_assert_int_eq(c->keep_ns, 7 * WHEN_DAY);
    ck_assert_uint_eq(c->keep_bytes, UINT64_C(1) << 30);
    ck_assert_uint_eq(c->journal_limit, UINT64_C(10) << 30);
    ck_assert_uint_eq(c->n_sources, 1);
    ck_assert_str_eq(c->sources[0].name, "/none/*.log");
    ck_assert_str_eq(c->sources[0].path, "/none/*.log");
    ck_assert_str_eq(c->sources[0].format, "auto");
    ck_assert_uint_eq(c->sources[0].poll_ms, 1000);
    ck_assert_int_eq(c->sources[0].date_order, DATE_ORDER_MDY);
    ck_assert_ptr_null(c->sources[0].host);
    ck_assert_ptr_null(c->sources[0].zone);
    ck_assert_uint_eq(c->n_targets, 2);
    ck_assert_str_eq(c->targets[0].path, in_dir("a.xml"));
    ck_assert_int_eq(c->targets[0].items, CONFIG_ITEMS_ALL);
    ck_assert_int_eq(c->targets[0].severity, SEVERITY_INFO);
    ck_assert(c->targets[0].history_all && c->targets[0].overflow_block && !c->targets[0].form_lines);
    ck_assert_int_eq(c->targets[1].items, CONFIG_ITEMS_ALL);
    ck_assert(!c->targets[1].history_all && !c->targets[1].overflow_block);
    ck_assert_int_eq(c->targets[1].facility, 16);
    ck_assert_uint_eq(c->targets[1].pace, 0);
    ck_assert_str_eq(c->targets[1].addresses[0].port, "514");
    ck_assert_uint_eq(c->targets[0].heartbeat_ms, 0);
    ck_assert_uint_eq(c->targets[1].heartbeat_ms, 300000);
    ck_assert(c->targets[0].rotate_bytes == 0 && c->targets[0].rotate_ns == 0);
    /* A build with a number of its own has no such warning. */
    if (documentation)
        expect("main.xml:1: warning: the enterprise OID is " DEFAULT_ENTERPRISE_OID);
    expect("main.xml:1: warning: <source> has no zone");
    ck_assert_uint_eq(warnings, documentation ? 2 : 1);
    ck_assert_ptr_eq(config_ref(c), c);
    config_unref(c);
    ck_assert_str_eq(c->targets[1].addresses[0].port, "514"); /* somebody holds it still */
    config_unref(c);
    config_unref(NULL);
}
END_TEST

START_TEST(takes_every_attribute)
{
    struct config *c;
    const struct config_target *t;

    secret("community", "s3cret \n", 0600);
    c = must_load("<?xml version='1.0'?>\n"
                  "<truecause xmlns=\"urn:truecause:config:1\" state=\"st ate\" enterprise-oid=\"1.3.6.1.4.1.4711.5.6\"\n"
                  " keep=\" 36h   200MiB \" journal-limit=\"2GiB\">\n"
                  "<source name=\"s\" format=\"sms-log\" path=\"/none/despool.log\" host=\"anfield\" address=\"2001:db8::1\"\n"
                  " site=\"DOG\" zone=\"America/Los_Angeles\" date-order=\"dmy\" code-page=\"shift_jis\" poll=\"250ms\"/>\n"
                  "<target name=\"n\" type=\"snmp\" address=\"udp6:[::1]:1162\" version=\"2c\" community-file=\"community\"\n"
                  " notification=\"trap\" pdu-size=\"1024\" pace=\"20\" severity=\"major\" history=\"all\"\n"
                  " overflow=\"block\" heartbeat=\"off\" resend=\"start\"/>\n"
                  "<target name=\"x\" type=\"xml\" path=\"/tmp/x\" form=\"lines\" items=\"events\" history=\"summary\"\n"
                  " overflow=\"drop-oldest\" rotate=\"1d 100MiB\" heartbeat=\"90s\"/>\n"
                  "<target name=\"y\" type=\"syslog\" address=\"tcp:log.example.org\" facility=\"daemon\" items=\"alarms\"/>\n"
                  TAIL);
    ck_assert_uint_eq(warnings, 0);
    ck_assert_str_eq(c->state, in_dir("st ate"));
    ck_assert_uint_eq(c->pen, 4711);
    ck_assert_int_eq(c->keep_ns, 36 * WHEN_HOUR);
    ck_assert_uint_eq(c->keep_bytes, 200 << 20);
    ck_assert_uint_eq(c->journal_limit, UINT64_C(2) << 30);
    ck_assert_str_eq(c->sources[0].host, "ANFIELD");
    ck_assert_str_eq(c->sources[0].address, "2001:db8::1");
    ck_assert_str_eq(c->sources[0].site, "DOG");
    ck_assert_str_eq(c->sources[0].zone, "America/Los_Angeles");
    ck_assert_str_eq(c->sources[0].code_page, "shift_jis");
    ck_assert_int_eq(c->sources[0].date_order, DATE_ORDER_DMY);
    ck_assert_uint_eq(c->sources[0].poll_ms, 250);
    ck_assert_int_eq(c->sources[0].place.line, 4);
    t = &c->targets[0];
    ck_assert(t->addresses[0].transport == TRANSPORT_UDP && t->addresses[0].six);
    ck_assert_str_eq(t->addresses[0].host, "::1");
    ck_assert_str_eq(t->addresses[0].port, "1162");
    ck_assert_str_eq(t->version, "2c");
    ck_assert_str_eq(t->community, "s3cret ");
    ck_assert_uint_eq(t->pdu_size, 1024);
    ck_assert_uint_eq(t->pace, 20);
    ck_assert_int_eq(t->severity, SEVERITY_MAJOR);
    ck_assert(t->history_all && t->overflow_block && !t->inform && t->resend_start);
    ck_assert_int_eq(t->items, CONFIG_ITEMS_ALARMS);
    ck_assert(c->targets[1].form_lines && !c->targets[1].history_all && !c->targets[1].overflow_block);
    ck_assert_int_eq(c->targets[1].items, CONFIG_ITEMS_EVENTS);
    ck_assert_int_eq(c->targets[1].rotate_ns, WHEN_DAY);
    ck_assert_uint_eq(c->targets[1].rotate_bytes, 100 << 20);
    ck_assert_uint_eq(t->heartbeat_ms, 0);
    ck_assert_uint_eq(c->targets[1].heartbeat_ms, 90000);
    ck_assert(!c->targets[1].resend_start && !c->targets[2].resend_start);
    ck_assert_uint_eq(c->targets[2].heartbeat_ms, 300000);
    ck_assert_int_eq(c->targets[2].facility, 3);
    ck_assert_str_eq(c->targets[2].addresses[0].host, "log.example.org");
    ck_assert_str_eq(c->targets[2].addresses[0].port, "601");
    config_unref(c);
}
END_TEST

/* What is refused, and the words that must be said. */
static const struct {
    const char *text, *words;
} refusals[] = {
    {"", "not well-formed XML"},
    {"<truecause", "not well-formed XML"},
    {"<truecause/>", "the root element is <truecause> without namespace"},
    {"<config xmlns=\"urn:truecause:config:1\"/>", "the root element is <config>"},
    {"<?xml version=\"1.0\"?>\n<!DOCTYPE truecause>\n" HEAD TAIL, "main.xml:2: error: a DOCTYPE is not allowed"},
    {"<!DOCTYPE a [<!ENTITY b \"cccccccccc\"><!ENTITY d \"&b;&b;&b;\">]>" HEAD TAIL, "a DOCTYPE is not allowed"},
    {"<!DOCTYPE a SYSTEM \"file:///etc/passwd\">" HEAD TAIL, "a DOCTYPE is not allowed"},
    {HEAD "&xxe;" TAIL, "not well-formed XML"},
    {HEAD "text" TAIL, "main.xml:1: error: <truecause> holds text"},
    {HEAD "<sorce path=\"/x\"/>" TAIL, "main.xml:2: error: <sorce> is not known; did you mean <source>?"},
    {HEAD "<include href=\"/x\"/>" TAIL, "<include> is not known"},
    {HEAD "<source xmlns=\"\" path=\"/x\"/>" TAIL, "<source> is in another namespace"},
    {HEAD "<source path=\"/x\" zone=\"UTC\"><source path=\"/y\" zone=\"UTC\"/></source>" TAIL,
     "<source> cannot stand inside <source>"},
    {HEAD "<source path=\"/x\" zone=\"UTC\"> </source>" TAIL, "<source> holds text"},
    {HEAD "<source/>" TAIL, "main.xml:2: error: <source> has no path: add path"},
    {HEAD "<source path=\"\" zone=\"UTC\"/>" TAIL, "path=\"\" is not valid"},
    {HEAD "<source listen=\"udp:192.0.2.1\"/>" TAIL, "listens for traps and has no community-file"},
    {HEAD "<source listen=\"tcp:192.0.2.1\"/>" TAIL, "listen=\"tcp:192.0.2.1\" is not valid: write an address to listen at"},
    {HEAD "<source listen=\"udp:192.0.2.1\" from=\"192.0.2.1/24 ::1\"/>" TAIL, "from=\"192.0.2.1/24\" is not valid"},
    {HEAD "<source listen=\"udp:192.0.2.1\" rate=\"0\"/>" TAIL, "rate=\"0\" is not valid: write traps a second"},
    {HEAD "<source listen=\"udp:192.0.2.1\" path=\"/x\"/>" TAIL, "a source that listens has no \"path\": remove it"},
    {HEAD "<source listen=\"udp:192.0.2.1\" host=\"A\"/>" TAIL, "a source that listens has no \"host\""},
    {HEAD "<source listen=\"udp:192.0.2.1\" format=\"sms-log\"/>" TAIL, "a source that listens has format=\"nt-trap\""},
    {HEAD "<source path=\"/x\" zone=\"UTC\" rate=\"5\"/>" TAIL, "\"rate\" is for a source that listens"},
    {HEAD "<source\n path=\"/x\"\n formt=\"auto\"/>" TAIL,
     "main.xml:4: error: <source> has no attribute \"formt\"; did you mean \"format\"?"},
    {HEAD "<source path=\"/x\" xml:lang=\"en\"/>" TAIL, "has no attribute \"lang\" of a namespace"},
    {HEAD "<source path=\"/x\" zone=\"UTC\" format=\"dumpel\"/>" TAIL, "format=\"dumpel\" is not in this version"},
    {HEAD "<source path=\"/x\" zone=\"UTC\" format=\"smslog\"/>" TAIL, "did you mean \"sms-log\"?"},
    {HEAD "<source path=\"/x\" zone=\"Mars/Olympus\"/>" TAIL, "zone=\"Mars/Olympus\" is not known"},
    {HEAD "<source path=\"/x\" zone=\"UTC\" code-page=\"klingon\"/>" TAIL, "code-page=\"klingon\" is not known"},
    {HEAD "<source path=\"/x\" zone=\"UTC\" site=\"DO\"/>" TAIL, "site=\"DO\" is not valid"},
    {HEAD "<source path=\"/x\" zone=\"UTC\" host=\"a b\"/>" TAIL, "host=\"a b\" is not valid"},
    {HEAD "<source path=\"/x\" zone=\"UTC\" address=\"192.0.2.256\"/>" TAIL, "address=\"192.0.2.256\" is not valid"},
    {HEAD "<source path=\"/x\" zone=\"UTC\" address=\"udp:192.0.2.2:162\"/>" TAIL, "address=\"udp:192.0.2.2:162\" is not"},
    {HEAD "<source path=\"/x\" zone=\"UTC\" poll=\"0s\"/>" TAIL, "poll=\"0s\" is not valid"},
    {HEAD "<source path=\"/x\" zone=\"UTC\" poll=\"2d\"/>" TAIL, "poll=\"2d\" is not valid"},
    {HEAD "<source path=\"/x\" zone=\"UTC\" poll=\"999999999d\"/>" TAIL, "poll=\"999999999d\" is not valid"},
    {HEAD "<source path=\"/x\" zone=\"UTC\" date-order=\"ydm\"/>" TAIL, "date-order=\"ydm\" is not valid"},
    {HEAD "<source path=\"/x\" zone=\"UTC\"/>\n<source path=\"/x\" zone=\"UTC\"/>" TAIL,
     "main.xml:3: error: a source with the name \"/x\" stands at"},
    {HEAD "<target name=\"a\"/>" TAIL, "<target> has no type"},
    {HEAD "<target type=\"xml\" path=\"x\"/>" TAIL, "<target> has no name"},
    {HEAD "<target name=\"a b\" type=\"xml\" path=\"x\"/>" TAIL, "name=\"a b\" is not valid"},
    {HEAD "<target name=\"a\" type=\"smnp\"/>" TAIL, "did you mean \"snmp\"?"},
    {HEAD "<target name=\"a\" type=\"kafka\"/>" TAIL, "type=\"kafka\" is not in this version"},
    {HEAD "<target name=\"a\" type=\"xml\"/>" TAIL, "target \"a\" of type xml has no path"},
    {HEAD "<target name=\"a\" type=\"snmp\" community-file=\"c\"/>" TAIL, "target \"a\" of type snmp has no address"},
    {HEAD "<target name=\"a\" type=\"snmp\" address=\"udp:h\"/>" TAIL, "target \"a\" has no community-file, which SNMPv2c needs"},
    {HEAD "<target name=\"a\" type=\"syslog\"/>" TAIL, "target \"a\" of type syslog has no address"},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"x\" facility=\"user\"/>" TAIL, "a target of type xml has no \"facility\""},
    {HEAD "<target name=\"a\" type=\"syslog\" address=\"udp:h\" form=\"lines\"/>" TAIL, "form of a target of type syslog is \"rfc5424\""},
    {HEAD "<target name=\"a\" type=\"syslog\" address=\"udp:h\" rotate=\"1d\"/>" TAIL, "of type syslog has no \"rotate\""},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"x\" rotate=\"10KiB\"/>" TAIL, "rotate=\"10KiB\" is not valid: write a time"},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"x\" rotate=\"10ms 1GiB\"/>" TAIL, "rotate=\"10ms\" is not valid"},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"x\" rotate=\"off\"/>" TAIL, "rotate=\"off\" is not valid"},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"x\" heartbeat=\"8d\"/>" TAIL, "heartbeat=\"8d\" is not valid: write a time"},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"x\" heartbeat=\"999ms\"/>" TAIL, "heartbeat=\"999ms\" is not valid"},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"x\" heartbeat=\"never\"/>" TAIL, "heartbeat=\"never\" is not valid"},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"x\" keep=\"3\"/>" TAIL, "\"keep\" holds for all: write it into <truecause>"},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"x\" resend=\"start\"/>" TAIL, "a target of type xml has no \"resend\""},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"x\" severity=\"warn\"/>" TAIL, "did you mean \"warning\"?"},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"x\" severity=\"cleared\"/>" TAIL, "severity=\"cleared\" is not valid"},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"x\"/>\n<target name=\"b\" type=\"xml\" path=\"x\"/>" TAIL,
     "main.xml:3: error: the target \"a\" at"},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"x\"/>\n<target name=\"a\" type=\"xml\" path=\"y\"/>" TAIL,
     "main.xml:3: error: a target with the name \"a\" stands at"},
    {HEAD "<target name=\"a\" type=\"snmp\" version=\"2\" address=\"udp:h\" community-file=\"c\"/>" TAIL,
     "version=\"2\" is not valid"},
    {HEAD "<target name=\"a\" type=\"snmp\" notification=\"both\" address=\"udp:h\" community-file=\"c\"/>" TAIL,
     "notification=\"both\" is not valid: write \"trap\" or \"inform\""},
    {HEAD "<target name=\"a\" type=\"snmp\" notification=\"inform\" window=\"65\" address=\"udp:h\" "
          "community-file=\"c\"/>" TAIL,
     "window=\"65\" is not valid"},
    {HEAD "<target name=\"a\" type=\"snmp\" notification=\"inform\" timeout=\"2min\" address=\"udp:h\" "
          "community-file=\"c\"/>" TAIL,
     "timeout=\"2min\" is not valid: write a time from \"100ms\" to \"60s\""},
    {HEAD "<target name=\"a\" type=\"snmp\" pdu-size=\"100\" address=\"udp:h\" community-file=\"c\"/>" TAIL,
     "pdu-size=\"100\" is not valid"},
    {HEAD "<target name=\"a\" type=\"snmp\" items=\"all\" address=\"udp:h\" community-file=\"c\"/>" TAIL,
     "an snmp target takes alarms"},
    {HEAD "<target name=\"a\" type=\"syslog\" address=\"unix:log\"/>" TAIL, "write the whole path of the socket"},
    {HEAD "<target name=\"a\" type=\"syslog\" address=\"unix:/0123456789012345678901234567890123456789012345678901234567890"
          "12345678901234567890123456789012345678901234567890\"/>" TAIL, "has at most 107 bytes"},
    {HEAD "<target name=\"a\" type=\"syslog\" address=\"udp:h\" form=\"list\"/>" TAIL, "form=\"list\" is not valid"},
    {HEAD "<target name=\"a\" type=\"xml\" path=\"/x\" form=\"rfc3164\"/>" TAIL, "form of a target of type xml is \"document\""},
    {HEAD "<target name=\"a\" type=\"syslog\" address=\"udp:h\" pdu-size=\"8001\"/>" TAIL, "type syslog is 480 to 8000 bytes"},
    {HEAD "<target name=\"a\" type=\"snmp\" pdu-size=\"500\" address=\"udp:h\" community-file=\"c\"/>" TAIL,
     "type snmp is 1024 to 65507 bytes"},
    {HEAD "<target name=\"a\" type=\"syslog\" address=\"unix-dgram:/x\" framing=\"newline\"/>" TAIL, "framing belongs to streams"},
    {HEAD "<target name=\"a\" type=\"syslog\" address=\"udp:192.0.2.1\" source-address=\"::1\"/>" TAIL,
     "are not both IPv4 or both IPv6"},
    {HEAD "<target name=\"a\" type=\"syslog\" address=\"udp:[::1] udp:h\" source-address=\"127.0.0.1\"/>" TAIL,
     "are not both IPv4 or both IPv6"},
    {HEAD "<target name=\"a\" type=\"syslog\" address=\"unix:/dev/log\" source-address=\"127.0.0.1\"/>" TAIL,
     "source-address belongs to the network, and the address begins with \"unix:\": remove source-address"},
    {HEAD "<target name=\"a\" type=\"relp\" address=\"relp:h\"/>" TAIL,
     "type=\"relp\" is refused: RELP is a way of syslog: write type=\"syslog\" and address=\"relp:HOST:PORT\""},
    {HEAD "<target name=\"a\" type=\"syslog\" address=\"udp:h\" source-address=\"eth0\"/>" TAIL,
     "source-address=\"eth0\" is not valid: write an IP address of this computer"},
    {HEAD "<target name=\"a\" type=\"snmp\" address=\"tcp:h\" community-file=\"c\"/>" TAIL, "\"tcp:\" for snmp is not in this"},
    {"<truecause xmlns=\"urn:truecause:config:1\" enterprise-oid=\"1.3.6.1.4.1\"/>", "enterprise-oid=\"1.3.6.1.4.1\" is not"},
    {"<truecause xmlns=\"urn:truecause:config:1\" enterprise-oid=\".1.3.6.1.4.1.7\"/>", "enterprise-oid=\".1.3.6.1.4.1.7\""},
    {"<truecause xmlns=\"urn:truecause:config:1\" enterprise-oid=\"1.3.6.1.4.1.4294967296\"/>",
     "enterprise-oid=\"1.3.6.1.4.1.4294967296\" is not valid"},
    {"<truecause xmlns=\"urn:truecause:config:1\" journal-limit=\"1MiB\"/>", "journal-limit=\"1MiB\" is not valid"},
    {"<truecause xmlns=\"urn:truecause:config:1\" journal-limit=\"999999999TiB\"/>", "journal-limit=\"999999999TiB\""},
    {"<truecause xmlns=\"urn:truecause:config:1\" keep=\"1GiB 7d\"/>", "keep=\"1GiB 7d\" is not valid"},
    {"<truecause xmlns=\"urn:truecause:config:1\" keep=\"20GiB\"/>", "keep is not below journal-limit"},
    {"<truecause xmlns=\"urn:truecause:config:1\" keep=\"7\"/>", "keep=\"7\" is not valid"},
};

/* Ways of syslog, and the form that each has by itself. */
START_TEST(takes_every_way_of_syslog)
{
    struct config *c;
    const struct config_target *t;

    c = must_load(HEAD "<target name=\"a\" type=\"syslog\" address=\"unix:/dev/log\"/>"
                       "<target name=\"b\" type=\"syslog\" address=\"unix-stream:/run/log\" form=\"rfc5424\""
                       " framing=\"octet-counting\" pdu-size=\"480\"/>"
                       "<target name=\"c\" type=\"syslog\" address=\"udp:h\" form=\"rfc3164\"/>"
                       "<target name=\"d\" type=\"syslog\" address=\"tcp:h\"/>" TAIL);
    t = c->targets;
    ck_assert_int_eq(t[0].addresses[0].transport, TRANSPORT_UNIX);
    ck_assert_str_eq(t[0].addresses[0].host, "/dev/log");
    ck_assert(t[0].form_rfc3164 && t[0].framing_newline && t[0].pdu_size == 0);
    ck_assert_int_eq(t[1].addresses[0].transport, TRANSPORT_UNIX_STREAM);
    ck_assert(!t[1].form_rfc3164 && !t[1].framing_newline && t[1].pdu_size == 480);
    ck_assert(t[2].form_rfc3164);
    ck_assert(!t[3].form_rfc3164 && !t[3].framing_newline);
    config_unref(c);
    if (!target_syslog_has_relp()) {
        refused(HEAD "<target name=\"a\" type=\"syslog\" address=\"relp:h\"/>" TAIL, "this program was built without RELP");
        return;
    }
    c = must_load(HEAD "<target name=\"a\" type=\"syslog\" address=\"relp:h relp:[::1]:2514\"/>" TAIL);
    ck_assert_str_eq(c->targets[0].addresses[0].port, "514");
    ck_assert(c->targets[0].addresses[1].transport == TRANSPORT_RELP && c->targets[0].addresses[1].six);
    ck_assert(c->targets[0].overflow_block); /* it is acknowledged */
    config_unref(c);
}
END_TEST

START_TEST(refuses_with_words)
{
    refused(refusals[_i].text, refusals[_i].words);
}
END_TEST

START_TEST(tells_every_error_in_order_of_lines)
{
    const char *p;

    refused(HEAD "<source path=\"/x\" zone=\"nowhere\"/>\n<nonsense/>\n<target\n name=\"a\"\n type=\"xml\"\n form=\"list\"/>\n"
                 "<target name=\"b\" type=\"syslog\" address=\"udp:h:0\"/>\n" TAIL,
            "main.xml:2: error: zone");
    ck_assert_uint_eq(errors, 5);
    ck_assert_ptr_nonnull(p = strstr(found, "main.xml:3: error: <nonsense>"));
    ck_assert_ptr_nonnull(p = strstr(p, "main.xml:4: error: target \"a\" of type xml has no path"));
    ck_assert_ptr_nonnull(p = strstr(p, "main.xml:7: error: form=\"list\""));
    ck_assert_ptr_nonnull(strstr(p, "main.xml:8: error: address=\"udp:h:0\": the port"));
}
END_TEST

/* Comments, quotes and > in attributes must not confuse the lines. */
START_TEST(knows_lines_behind_comments_and_markup)
{
    refused("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- <source a='b'\n > -->\n<?pi <x y=\"z\"?>\n"
            "<truecause xmlns='urn:truecause:config:1'\n enterprise-oid='1.3.6.1.4.1.7'\n>\n"
            "<source path = '/a>b=\"c\"'\n zone='UTC'\n\tformt =\n'x'/>\n" TAIL,
            "main.xml:10: error: <source> has no attribute \"formt\"");
    ck_assert_uint_eq(errors, 1);
}
END_TEST

START_TEST(merges_conf_d_in_the_order_of_names)
{
    struct config *c;

    ck_assert_int_eq(mkdir(in_dir("conf.d"), 0700), 0);
    scratch_write(in_dir("conf.d/20-b.xml"), "<truecause xmlns=\"urn:truecause:config:1\">"
                                             "<target name=\"second\" type=\"xml\" path=\"b\"/></truecause>");
    scratch_write(in_dir("conf.d/10-a.xml"), "<truecause xmlns=\"urn:truecause:config:1\">"
                                             "<target name=\"first\" type=\"xml\" path=\"a\"/></truecause>");
    scratch_write(in_dir("conf.d/.hidden.xml"), "not XML");
    scratch_write(in_dir("conf.d/readme.txt"), "not XML");
    c = must_load(HEAD "<target name=\"main\" type=\"xml\" path=\"m\"/>" TAIL);
    ck_assert_uint_eq(c->n_targets, 3);
    ck_assert_str_eq(c->targets[0].name, "main");
    ck_assert_str_eq(c->targets[1].name, "first");
    ck_assert_str_eq(c->targets[2].name, "second");
    ck_assert_str_eq(c->targets[1].path, in_dir("a"));
    config_unref(c);
    scratch_write(in_dir("conf.d/30-c.xml"), "<truecause xmlns=\"urn:truecause:config:1\"\n keep=\"1d\">\n"
                                             "<target name=\"main\" type=\"xml\" path=\"c\"/></truecause>");
    refused(HEAD "<target name=\"main\" type=\"xml\" path=\"m\"/>" TAIL,
            "conf.d/30-c.xml:2: error: \"keep\" may stand in the main file only");
    expect("conf.d/30-c.xml:3: error: a target with the name \"main\" stands at");
}
END_TEST

START_TEST(refuses_what_is_no_file_of_its_kind)
{
    char *big;

    ck_assert_ptr_null(config_load(in_dir("missing.xml"), note, &errors));
    expect("missing.xml:0: error: cannot read it: No such file");
    ck_assert_ptr_null(config_load(dir, note, &errors));
    expect("not a regular file");
    ck_assert_int_eq(mkfifo(in_dir("main.xml"), 0600), 0);
    ck_assert_ptr_null(load(NULL));
    expect("not a regular file");
    ck_assert_int_eq(unlink(in_dir("main.xml")), 0);
    ck_assert_ptr_nonnull(big = malloc((1 << 20) + 10));
    memset(big, ' ', (1 << 20) + 9);
    big[(1 << 20) + 9] = '\0';
    refused(big, "longer than 1 MiB");
    free(big);
}
END_TEST

/* Depth and size are libxml2's bounds; what matters is a refusal in good time. */
START_TEST(refuses_deep_nesting)
{
    char *deep = malloc(200000), *p = deep;

    p += sprintf(p, HEAD);
    for (unsigned i = 0; i < 10000; i++)
        p += sprintf(p, "<source>");
    ck_assert_ptr_null(load(deep));
    ck_assert_uint_eq(errors, 1);
    free(deep);
}
END_TEST

START_TEST(reads_other_encodings)
{
    static const char text[] = "<?xml version=\"1.0\" encoding=\"UTF-16\"?>" HEAD
                               "<source path=\"/x\" zone=\"UTC\" formt=\"a\"/>" TAIL;
    FILE *f = fopen(in_dir("main.xml"), "w");

    fputs("\xff\xfe", f);
    for (const char *p = text; *p; p++) {
        fputc(*p, f);
        fputc('\0', f);
    }
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_ptr_null(load(NULL));
    expect("main.xml:2: error: <source> has no attribute \"formt\"; did you mean \"format\"?");
}
END_TEST

START_TEST(surveys_what_sources_match)
{
    struct config *c;

    ck_assert_int_eq(mkdir(in_dir("logs"), 0700), 0);
    scratch_write(in_dir("logs/Despool.log"), "x");
    c = must_load(HEAD "<source name=\"a\" path=\"logs/despool.log\" zone=\"UTC\"/>\n"
                       "<source name=\"b\" path=\"logs/*.LOG\" zone=\"UTC\"/>\n"
                       "<source name=\"c\" path=\"logs/dispool.log\" zone=\"UTC\"/>\n"
                       "<source name=\"d\" path=\"loggs/despool*.log\" zone=\"UTC\"/>\n"
                       "<source name=\"e\" path=\"logs\" zone=\"UTC\"/>\n"
                       "<source name=\"f\" path=\"logs/\" zone=\"UTC\"/>\n"
                       "<source name=\"g\" path=\"logs/zzzzzzzz\" format=\"event-xml\"/>\n"
                       "<target name=\"x\" type=\"xml\" path=\"x\"/>" TAIL);
    ck_assert_uint_eq(warnings, 0);
    config_survey(c, note, &errors);
    ck_assert_uint_eq(errors, 0);
    ck_assert_uint_eq(warnings, 6);
    expect("main.xml:3: warning: this source and that at ");
    expect("logs/Despool.log: it would be read twice");
    expect("main.xml:4: warning: path=");
    expect("dispool.log\" matches no file; there is ");
    expect("main.xml:5: warning: path=");
    expect("main.xml:6: warning: path=");
    expect("is a folder: write");
    expect("zzzzzzzz\" matches no file\n");
    config_unref(c);
}
END_TEST

START_TEST(measures_nearness)
{
    ck_assert_uint_eq(near_distance("format", "format"), 0);
    ck_assert_uint_eq(near_distance("FORMAT", "format"), 0);
    ck_assert_uint_eq(near_distance("formt", "format"), 1);
    ck_assert_uint_eq(near_distance("fromat", "format"), 1);
    ck_assert_uint_eq(near_distance("", "abc"), 3);
    ck_assert_uint_eq(near_distance("despool*.log", "Despool2003.LOG"), 0);
    ck_assert_uint_eq(near_distance("dispool*.log", "Despool2003.LOG"), 1);
    ck_assert_uint_eq(near_distance("despool?.log", "despool1.log"), 0);
    ck_assert(!near_enough("*", "anything"));
    ck_assert(!near_enough("items", "state"));
    ck_assert(near_enough("warn", "warning"));
}
END_TEST

/* Every attribute of the schema has its words here, and the other way round. */
START_TEST(agrees_with_the_schema)
{
    char path[1024];
    xmlDoc *doc;
    unsigned in_schema = 0, in_words = 0;

    snprintf(path, sizeof path, "%s/../schemas/config.xsd", getenv("TEST_SRCDIR"));
    ck_assert_ptr_nonnull(doc = xmlReadFile(path, NULL, XML_PARSE_NONET));
    for (xmlNode *type = xmlFirstElementChild(xmlDocGetRootElement(doc)); type; type = xmlNextElementSibling(type)) {
        xmlNode *holder = type;
        xmlChar *name = xmlGetNoNsProp(type, (const xmlChar *) "name");
        enum config_element kind = config_element_find((const char *) name);

        xmlFree(name);
        if (!kind)
            continue;
        if (strcmp((const char *) type->name, "element") == 0)
            holder = xmlFirstElementChild(type);
        for (xmlNode *a = xmlFirstElementChild(holder); a; a = xmlNextElementSibling(a)) {
            xmlChar *attribute = xmlGetNoNsProp(a, (const xmlChar *) "name");

            if (strcmp((const char *) a->name, "attribute") == 0) {
                in_schema++;
                ck_assert_msg(config_word_find(kind, (const char *) attribute) != NULL, "no words for %s", attribute);
                ck_assert(!config_is_later(kind, (const char *) attribute, NULL));
            }
            xmlFree(attribute);
        }
    }
    xmlFreeDoc(doc);
    for (const struct config_word *w = config_words; w->name; w++)
        in_words++;
    ck_assert_uint_eq(in_schema, in_words);
    ck_assert_uint_gt(in_words, 25);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("config");
    TCase *tc = tcase_create("config");
    SRunner *sr;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, fills_in_every_default);
    tcase_add_test(tc, takes_every_attribute);
    tcase_add_test(tc, takes_every_way_of_syslog);
    tcase_add_loop_test(tc, refuses_with_words, 0, sizeof refusals / sizeof refusals[0]);
    tcase_add_test(tc, tells_every_error_in_order_of_lines);
    tcase_add_test(tc, knows_lines_behind_comments_and_markup);
    tcase_add_test(tc, merges_conf_d_in_the_order_of_names);
    tcase_add_test(tc, refuses_what_is_no_file_of_its_kind);
    tcase_add_test(tc, refuses_deep_nesting);
    tcase_add_test(tc, reads_other_encodings);
    tcase_add_test(tc, surveys_what_sources_match);
    tcase_add_test(tc, measures_nearness);
    tcase_add_test(tc, agrees_with_the_schema);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
