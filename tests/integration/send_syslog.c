/* SPDX-License-Identifier: BSD-2-Clause
 *
 * send_syslog.c - sends known items through the syslog target, for rsyslog.sh:
 *     send_syslog udp|tcp|relp PORT COUNT [PACE]
 *     send_syslog unix PATH COUNT [PACE]
 * in the form of RFC 3164 when SEND_FORM is set; over TLS with SEND_CA, SEND_CERTIFICATE and SEND_KEY of the environment.
 * Item N is an alarm (odd) or an event (even) of the computer HOST-N with package
 * PKG-N; every item carries what an attacker would write.  Prints each item's
 * fields, as its receiver should see them, in the form of rsyslogd's template in
 * tools/daemons.sh, and fails when the last flush did. */
#include "build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "forwarder/target.h"
#include "parsers/when.h"

static void
fill(struct facts *f, char *host, char *package)
{
    memset(f, 0, sizeof *f);
    f->host = str_z(host);
    f->package = str_z(package);
    f->file = STR("E:\\_S M0000.TMP\\a]\"b\r\n<34>1 - x.EXE");
    f->claimed = f->caused = f->misreported = f->tagged = true;
    f->claim_class = CLASS_DISK_FULL;
    f->cause_class = CLASS_FILE_CONTENTION;
    f->figures = FIGURES_BLANK;
    f->basis = BASIS_BLANK_FIGURES;
    f->confidence = CONFIDENCE_PROBABLE;
}

static int
send_item(struct target *t, unsigned long i)
{
    static struct alarm_item alarm_item;
    static struct event event;
    char host[32], package[32], key[80];
    bool is_alarm = i % 2;
    struct item item = {is_alarm ? ITEM_ALARM : ITEM_EVENT, is_alarm ? NULL : &event, is_alarm ? &alarm_item : NULL};
    struct target_item ti = {.seq = i, .target_seq = i, .item = &item, .uptime_ns = (int64_t) i * 10000000};
    struct when w = {.utc = (INT64_C(905446537) + (int64_t) i) * WHEN_SECOND, .utc_known = true, .fraction = 3};
    const char *id = "0123456789abcdef0123456789abcdef";
    uint64_t safe;
    int r;

    snprintf(host, sizeof host, "HOST-%lu", i);
    snprintf(package, sizeof package, "PKG-%lu", i);
    snprintf(key, sizeof key, "dist:%s:%s", host, package);
    alarm_item = (struct alarm_item){.key = str_z(key), .severity = SEVERITY_MINOR, .cls = CLASS_FILE_CONTENTION,
                                     .count = 1, .when = w};
    alarm_item.summary = STR("f\xc3\xbcr \\\\ANFIELD\r\nforged\x1b[2J");
    event = (struct event){.cls = CLASS_ACTIVITY, .severity = SEVERITY_INFO, .when = w, .text = STR("nothing to tell")};
    memcpy(alarm_item.id, id, EVENT_ID_SIZE);
    memcpy(event.id, id, EVENT_ID_SIZE);
    fill(is_alarm ? &alarm_item.f : &event.f, host, package);

    printf("pri=%d\nhost=%s\nmsgid=%s\n", is_alarm ? 131 : 134, host, is_alarm ? "file-contention" : "activity");
    if (is_alarm)
        printf("sd=[alarm resource=\"%s\" probableCause=\"fileError\" perceivedSeverity=\"minor\""
               " eventType=\"processingErrorAlarm\"]", key);
    else
        printf("sd=");
    printf("[origin software=\"truecause\" swVersion=\"%s\" enterpriseId=\"32473.109\"]"
           "[meta sequenceId=\"%lu\" sysUpTime=\"%lu\"][timeQuality tzKnown=\"1\" isSynced=\"0\"]"
           "[truecause@32473 id=\"%s\"",
           PACKAGE_VERSION, i, i, id);
    if (is_alarm)
        printf(" key=\"%s\" state=\"raised\"", key);
    printf(" class=\"%s\" severity=\"%s\" seq=\"%lu\"", is_alarm ? "file-contention" : "activity",
           is_alarm ? "minor" : "info", i);
    if (is_alarm)
        printf(" count=\"1\"");
    printf(" tag=\"error-32-contention\" claim=\"disk-full\" figures=\"blank\" cause=\"file-contention\""
           " misreported=\"true\" confidence=\"probable\" basis=\"blank-figures\" package=\"%s\""
           " file=\"E:\\\\_S M0000.TMP\\\\a\\]\\\"b<0D><0A><34>1 - x.EXE\"%s]\n", package,
           is_alarm ? "" : " offset=\"0\" length=\"0\"");
    printf("msg=%s\n--\n", is_alarm ? "\xef\xbb\xbf" "f\xc3\xbcr \\\\ANFIELD<0D><0A>forged<1B>[2J" : "nothing to tell");
    /* No room: as a worker does it. */
    while ((r = target_syslog_class.send(t, &ti)) == -EAGAIN && target_syslog_class.settle(t, 100, &safe) == 0)
        continue;
    return r;
}

int
main(int argc, char **argv)
{
    static char oid[] = "1.3.6.1.4.1.32473.109", name[] = "siem", type[] = "syslog", host[] = "127.0.0.1";
    struct config config = {.enterprise_oid = oid, .pen = 32473};
    struct config_target tc = {.name = name, .type = type, .addresses = {{.host = host}}, .n_addresses = 1,
                                .facility = 16, .place = {"send_syslog", 1}};
    char err[256] = "";
    struct target *t;
    int r = 0;

    if (argc < 4)
        return 2;
    tc.addresses[0].transport = transport_find(str_z(argv[1]), &tc.addresses[0].six);
    tc.addresses[0].port = argv[2];
    if (transport_is_local(tc.addresses[0].transport))
        tc.addresses[0].host = argv[2];
    tc.framing_newline = transport_is_local(tc.addresses[0].transport);
    tc.pace = argc > 4 ? (unsigned) strtoul(argv[4], NULL, 10) : 0;
    tc.form_rfc3164 = getenv("SEND_FORM") != NULL;
    tc.ca = getenv("SEND_CA");
    tc.certificate = getenv("SEND_CERTIFICATE");
    tc.key = getenv("SEND_KEY");
    t = target_syslog_class.open(&config, &tc, err, sizeof err);
    if (!t) {
        fprintf(stderr, "%s\n", err);
        return 1;
    }
    for (unsigned long i = 1; i <= strtoul(argv[3], NULL, 10) && r == 0; i++)
        r = send_item(t, i);
    if (r == 0)
        r = target_flush(t, 10000);
    if (r < 0)
        fprintf(stderr, "%s\n", t->error);
    target_syslog_class.close(t);
    return r < 0 ? 1 : 0;
}
