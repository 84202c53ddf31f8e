/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_send_test.c - `truecause send-test -c CONFIG TARGET --raise|--clear`: a
 * marked example through the same encoder and transport that real alarms take. */
#include "build.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/cmd.h"
#include "forwarder/config.h"
#include "forwarder/log.h"
#include "forwarder/snmp_engine.h"
#include "forwarder/target.h"
#include "parsers/alarm.h"
#include "parsers/item_xml.h"
#include "parsers/when.h"

enum { SEND_TEST_FLUSH_MS = 10000 };

static const char usage[] =
    "usage: truecause send-test -c CONFIG TARGET [--raise|--clear]\n"
    "Sends the configured target TARGET an example alarm (default), or its clear.\n"
    "The example says TEST in its summary; its key is dist:TEST-SERVER:TEST0001.\n";

/* The example: a misreported disk-full report on a server that does not exist. */
static void
fill_example(struct alarm_item *a, bool clear, int64_t now)
{
    struct when w = {.utc = now - now % WHEN_SECOND, .utc_known = true};

    memset(a, 0, sizeof *a);
    a->key = STR("dist:TEST-SERVER:TEST0001");
    a->state = clear ? ALARM_CLEARED : ALARM_RAISED;
    a->severity = SEVERITY_MINOR;
    a->cls = CLASS_FILE_CONTENTION;
    a->count = 1;
    a->first = a->last = a->when = w;
    a->reason = clear ? STR("test") : STR_NONE;
    a->f.host = STR("TEST-SERVER");
    a->f.package = STR("TEST0001");
    a->f.server = STR("TEST-SERVER");
    a->f.share = STR("SMS_PKGT");
    a->f.file = STR("C:\\TEST\\EXAMPLE.EXE");
    a->f.target = STR("T:\\SMS_PKGT\\TEST0001\\EXAMPLE.EXE");
    a->f.claimed = true;
    a->f.claim_class = CLASS_DISK_FULL;
    a->f.claim_event = STR("109");
    a->f.figures = FIGURES_BLANK;
    a->f.caused = true;
    a->f.cause_class = CLASS_FILE_CONTENTION;
    a->f.tagged = true;
    a->f.win32_known = true;
    a->f.win32 = 32;
    a->f.symbol = STR("ERROR_SHARING_VIOLATION");
    a->f.misreported = true;
    a->f.basis = BASIS_LOG_MATCH;
    a->f.confidence = CONFIDENCE_CONFIRMED;
    a->f.article[0] = STR("Q193766");
    a->f.n_articles = 1;
    a->summary = clear ? STR("CLEARED: TEST, nothing failed: TEST0001 on \\\\TEST-SERVER\\SMS_PKGT")
                       : STR("TEST, nothing failed: TEST0001 not on \\\\TEST-SERVER\\SMS_PKGT: file in use (Win32 32)");
    a->action = clear ? STR_NONE : STR("Nothing: this message only shows that messages arrive.");
}

static int
send_example(const struct config *config, const struct config_target *tc, bool clear)
{
    const struct target_class *cls = target_find(tc->type);
    struct target_item out = {.seq = 1, .target_seq = 1};
    struct id_hasher *hasher = id_hasher_new();
    struct alarm_item alarm;
    struct item item = {.kind = ITEM_ALARM, .alarm = &alarm};
    struct target *target = NULL;
    struct xml_buf xml;
    char err[512];
    int r = -1;

    xml_buf_init(&xml, 65536);
    out.now_ns = clock_utc();
    out.uptime_ns = clock_monotonic() % WHEN_SECOND;
    fill_example(&alarm, clear, out.now_ns);
    if (!hasher || !id_alarm(hasher, alarm.key, (uint64_t) out.now_ns, clear, alarm.id)) {
        log_error("out of memory");
        goto out;
    }
    item_xml_write(&xml, &item);
    out.item = &item;
    out.xml = str_make(xml.p, xml.n);
    if (config_snmp_version(tc) == 3 && snmp_engine_join(config, err, sizeof err) < 0) {
        log_error("%s", err);
        goto out;
    }
    target = cls->open(config, tc, err, sizeof err);
    if (!target) {
        log_error("%s", err);
        goto out;
    }
    r = cls->send(target, &out);
    if (!r)
        r = target_flush(target, SEND_TEST_FLUSH_MS);
    if (r)
        log_error("target '%s': %s", tc->name, target->error[0] ? target->error : strerror(-r));
    else
        printf("sent to %s: %.*s\n", tc->name, STR_ARG(alarm.summary));
out:
    if (target)
        cls->close(target);
    xml_buf_fini(&xml);
    id_hasher_free(hasher);
    return r ? CMD_FAILED : CMD_DONE;
}

int
cmd_send_test(int argc, char **argv)
{
    static const struct option table[] = {{"config", required_argument, NULL, 'c'},
                                          {"raise", no_argument, NULL, 'r'},
                                          {"clear", no_argument, NULL, 'l'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *path = NULL;
    struct config *config;
    bool clear = false;
    int c, status = CMD_USAGE;

    optind = 1;
    while ((c = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
        if (c == 'c') {
            path = optarg;
        } else if (c == 'r' || c == 'l') {
            clear = c == 'l';
        } else {
            fputs(usage, c == 'h' ? stdout : stderr);
            return c == 'h' ? CMD_DONE : CMD_USAGE;
        }
    }
    if (!path || optind + 1 != argc) {
        fputs(usage, stderr);
        return CMD_USAGE;
    }
    config = config_load(path, cmd_config_report, NULL);
    if (!config)
        return CMD_CONFIG;
    for (unsigned i = 0; i < config->n_targets; i++)
        if (strcmp(config->targets[i].name, argv[optind]) == 0) {
            status = send_example(config, &config->targets[i], clear);
            goto out;
        }
    fprintf(stderr, "truecause: error: no target '%s' in %s; there is:", argv[optind], path);
    for (unsigned i = 0; i < config->n_targets; i++)
        fprintf(stderr, " %s", config->targets[i].name);
    fputc('\n', stderr);
out:
    config_unref(config);
    return status;
}
