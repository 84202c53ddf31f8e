/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_send.c - sends a fixed set of alarm changes and a notice through the
 * snmp target: snmp_send PORT ENTERPRISE-OID, or to all targets of a
 * configuration, snmp_send -c CONFIG.  Run by snmptrapd.sh and snmp_versions.sh,
 * which compare what a real receiver prints with snmptrapd.expected. */
#include "build.h"

#include <stdio.h>
#include <string.h>

#include "forwarder/snmp_engine.h"
#include "forwarder/target.h"
#include "parsers/when.h"

enum { FLUSH_MS = 60000 };

static struct alarm_item
contention(void)
{
    struct alarm_item a = {
        .id = "00112233445566778899aabbccddeeff",
        .key = STR("dist:ANFIELD:DOG0005D"),
        .state = ALARM_RAISED,
        .severity = SEVERITY_MINOR,
        .cls = CLASS_FILE_CONTENTION,
        .count = 1,
        .summary = STR(
            "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use (Win32 32), not disk space: filename.EXE"),
        .action = STR("Find who holds the file on ANFIELD, close it, then redistribute."),
    };

    when_parse_iso(STR("1998-09-10T16:55:37Z"), &a.first);
    a.last = a.first;
    a.f.host = STR("ANFIELD");
    a.f.address = STR("192.0.2.10");
    a.f.site = STR("DOG");
    a.f.server = STR("ANFIELD");
    a.f.share = STR("SMS_PKGE");
    a.f.package = STR("DOG0005D");
    a.f.file = STR("E:\\_S M0000.TMP\\filename.EXE");
    a.f.claimed = true;
    a.f.claim_class = CLASS_DISK_FULL;
    a.f.figures = FIGURES_BLANK;
    a.f.tagged = true;
    a.f.win32_known = true;
    a.f.win32 = 32;
    a.f.misreported = true;
    a.f.confidence = CONFIDENCE_CONFIRMED;
    a.f.n_articles = 1;
    a.f.article[0] = STR("Q193766");
    return a;
}

static struct alarm_item
contention_updated(void)
{
    struct alarm_item a = contention();

    memcpy(a.id, "11112233445566778899aabbccddeeff", sizeof a.id);
    a.state = ALARM_UPDATED;
    a.severity = SEVERITY_MAJOR;
    a.count = 3;
    when_parse_iso(STR("1998-09-10T18:10:00Z"), &a.last);
    a.reason = STR("third failure");
    return a;
}

static struct alarm_item
contention_cleared(void)
{
    struct alarm_item a = contention_updated();

    memcpy(a.id, "22112233445566778899aabbccddeeff", sizeof a.id);
    a.state = ALARM_CLEARED;
    a.reason = STR("copied");
    a.summary = STR("CLEARED: DOG0005D is on \\\\ANFIELD\\SMS_PKGE");
    a.action = STR_NONE;
    return a;
}

/* Names that try to look like something else: ends of lines, tabs and quotation
 * marks, an escaped byte, characters of two to four bytes, a varbind. */
static struct alarm_item
hostile(void)
{
    struct alarm_item a = {
        .id = "33112233445566778899aabbccddeeff",
        .key = STR("stall:M\xc3\x9cNCHEN:A\"B.INS"),
        .state = ALARM_RAISED,
        .severity = SEVERITY_CRITICAL,
        .cls = CLASS_STALL,
        .count = 70000,
        .summary = STR(
            "Despooler on M\xc3\x9cNCHEN stalled on \xe2\x82\xac\xf0\x9f\x92\xbe.ins: new jobs stay Pending"),
        .action = STR("Stop and start\tthe SMS Executive.\r\nTRUECAUSE-MIB::tcState.0 = INTEGER: cleared(3)"),
    };

    when_parse_iso(STR("1998-02-03T04:05:06.789"), &a.first);
    a.last = a.first;
    a.f.host = STR("M\xc3\x9cNCHEN");
    a.f.file = STR("C:\\a\nb\"c'\xee\xbc\x92]\x7f\xe2\x80\xa8\x1b[31m.ins");
    a.f.win32_known = true;
    a.f.win32 = 32;
    a.f.confidence = CONFIDENCE_PROBABLE;
    a.f.n_articles = 2;
    a.f.article[0] = STR("Q161043");
    a.f.article[1] = STR("Q193766");
    return a;
}

static struct alarm_item
disk_full(void)
{
    struct alarm_item a = {
        .id = "44112233445566778899aabbccddeeff",
        .key = STR("dist:ANFIELD:DOG0005E"),
        .state = ALARM_RAISED,
        .severity = SEVERITY_MAJOR,
        .cls = CLASS_DISK_FULL,
        .count = 1,
        .summary = STR("DOG0005E not on \\\\ANFIELD\\SMS_PKGE: DISK FULL, 12 MB free, 340 MB needed"),
    };

    a.f.claimed = true;
    a.f.claim_class = CLASS_DISK_FULL;
    a.f.figures = FIGURES_FILLED;
    a.f.available = STR("12");
    a.f.required = STR("340");
    a.f.confidence = CONFIDENCE_CONFIRMED;
    return a;
}

/* Three screens of advice: has to be shortened. */
static struct alarm_item
long_winded(char *space, size_t n)
{
    struct alarm_item a = disk_full();
    size_t o = 0;

    memcpy(a.id, "55112233445566778899aabbccddeeff", sizeof a.id);
    a.state = ALARM_CLEARED;
    a.summary = STR("CLEARED");
    while (o + 32 < n)
        o += (size_t) snprintf(space + o, n - o, "B\xc3\xbcro ");
    a.action = str_make(space, o);
    return a;
}

/* Everything to one target: 0, or 4 with the reason told. */
static int
send_all(const struct config *config, const struct config_target *tc)
{
    static char space[3000];
    struct alarm_item alarms[] = {contention(), contention_updated(), contention_cleared(),
                                  hostile(),    disk_full(),          long_winded(space, sizeof space)};
    struct notice_item notice = {.kind = NOTICE_HEARTBEAT,
                                 .read = 41203,
                                 .delivered = 6,
                                 .folded = 2,
                                 .dropped = 1,
                                 .open_count = 1,
                                 .open_digest = "66112233445566778899aabbccddeeff",
                                 .text = STR("heartbeat"),
                                 .last_seq = 7};
    struct item sign = {.kind = ITEM_NOTICE, .notice = &notice};
    struct target_item sign_out = {.seq = 100, .item = &sign};
    char err[512];
    struct target *t = target_snmp_class.open(config, tc, err, sizeof err);
    int rc = 0;

    if (!t) {
        fprintf(stderr, "%s\n", err);
        return 4;
    }
    for (unsigned i = 0; rc == 0 && i < sizeof alarms / sizeof *alarms; i++) {
        struct item item = {.kind = ITEM_ALARM, .alarm = &alarms[i]};
        struct target_item it = {
            .seq = 100 + i, .target_seq = i + 1, .item = &item, .uptime_ns = 90 * WHEN_SECOND};

        rc = target_snmp_class.send(t, &it);
        /* Each in its turn, so that the receiver prints them in this order. */
        if (rc == 0)
            rc = target_flush(t, FLUSH_MS);
    }
    if (rc == 0)
        rc = target_snmp_class.send(t, &sign_out);
    if (rc == 0)
        rc = target_flush(t, FLUSH_MS);
    if (rc < 0)
        fprintf(stderr, "target %s: %s (%s)\n", tc->name, t->error, strerror(-rc));
    target_snmp_class.close(t);
    return rc < 0 ? 4 : 0;
}

static void
tell(void *arg, bool warning, const struct config_place *place, const char *text)
{
    (void) arg;
    if (!warning)
        fprintf(stderr, "%s:%d: %s\n", place->file, place->line, text);
}

/* To every target of a configuration, one after another. */
static int
send_to_targets(const char *path)
{
    struct config *config = config_load(path, tell, NULL);
    char err[1024];
    int rc = config ? 0 : 3;

    if (config && snmp_engine_start(config, err, sizeof err) < 0) {
        fprintf(stderr, "%s\n", err);
        rc = 4;
    }
    for (unsigned i = 0; rc == 0 && i < config->n_targets; i++)
        rc = send_all(config, &config->targets[i]);
    config_unref(config);
    return rc;
}

int
main(int argc, char **argv)
{
    static char host[] = "127.0.0.1", community[] = "public";
    struct config config = {0};
    struct config_target tc = {.name = argv[0], .addresses = {{TRANSPORT_UDP, host, NULL}}, .n_addresses = 1,
                               .community = community, .pdu_size = 1400};

    if (argc != 3) {
        fputs("usage: snmp_send PORT ENTERPRISE-OID, or snmp_send -c CONFIG\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "-c") == 0)
        return send_to_targets(argv[2]);
    tc.addresses[0].port = argv[1];
    config.enterprise_oid = argv[2];
    return send_all(&config, &tc);
}
