/* SPDX-License-Identifier: BSD-2-Clause
 *
 * bench_syslog [ITEMS]: what the syslog target sends from memory over TCP to a
 * reader that counts, a hundredth of the items alarms and the rest events of the
 * usual load; and what rendering alone takes of it. */
#include "build.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/syslog_msg.h"
#include "forwarder/target.h"
#include "parsers/when.h"
#include "tests/bench/cpu.h"

enum { RUN = 1000 }; /* items between two settles, as a worker does */

static char port[8];
static struct config config = {.enterprise_oid = (char[]){DEFAULT_ENTERPRISE_OID}, .pen = 32473};
static struct config_target tc = {
    .place = {"bench", 1},
    .name = (char[]){"bench"},
    .type = (char[]){"syslog"},
    .addresses = {{TRANSPORT_TCP, (char[]){"127.0.0.1"}, port}},
    .n_addresses = 1,
    .facility = 16,
};
static struct event event;
static struct alarm_item alarm_item;

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "bench_syslog: %s: %s\n", what, why);
    exit(4);
}

static void
fill(void)
{
    memcpy(event.id, "00112233445566778899aabbccddeeff", EVENT_ID_SIZE);
    event.cls = CLASS_ACTIVITY;
    event.severity = SEVERITY_INFO;
    event.when = (struct when){.utc = INT64_C(905446537) * WHEN_SECOND,
                               .local = INT64_C(905446537) * WHEN_SECOND,
                               .utc_known = true,
                               .local_known = true,
                               .fraction = 3,
                               .zone = STR("UTC")};
    event.f.host = STR("BENCH");
    event.f.component = STR("SMS_DESPOOLER");
    event.f.thread = STR("115");
    event.format = STR("sms-log");
    event.source_name = STR("load.log");
    event.text = STR("~Waiting for ready instruction file....");
    memcpy(alarm_item.id, "0123456789abcdef0123456789abcdef", EVENT_ID_SIZE);
    alarm_item.key = STR("dist:BENCH:DOG0005D");
    alarm_item.state = ALARM_UPDATED;
    alarm_item.severity = SEVERITY_MINOR;
    alarm_item.cls = CLASS_FILE_CONTENTION;
    alarm_item.count = 17;
    alarm_item.first = alarm_item.last = alarm_item.when = event.when;
    alarm_item.f = event.f;
    alarm_item.f.package = STR("DOG0005D");
    alarm_item.f.file = STR("E:\\_S M0000.TMP\\filename.EXE");
    alarm_item.f.caused = alarm_item.f.tagged = alarm_item.f.win32_known = true;
    alarm_item.f.cause_class = CLASS_FILE_CONTENTION;
    alarm_item.f.win32 = 32;
    alarm_item.summary = STR("DOG0005D not on BENCH: file in use (Win32 32): filename.EXE");
    alarm_item.action = STR("Find who holds the file on BENCH, close it, then redistribute.");
}

/* A child that reads all and says how many bytes they were. */
static pid_t
start_sink(int *result)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), way[2];
    static char bytes[1 << 18];
    uint64_t total = 0;
    ssize_t got;
    pid_t pid;

    if (listener < 0 || bind(listener, (struct sockaddr *) &a, n) != 0 || listen(listener, 1) != 0
        || getsockname(listener, (struct sockaddr *) &a, &n) != 0 || pipe(way) != 0)
        die("receiver", strerror(errno));
    snprintf(port, sizeof port, "%u", ntohs(a.sin_port));
    pid = fork();
    if (pid == 0) {
        int fd = accept(listener, NULL, NULL);

        while ((got = read(fd, bytes, sizeof bytes)) > 0)
            total += (uint64_t) got;
        _exit(write(way[1], &total, sizeof total) != (ssize_t) sizeof total);
    }
    close(listener);
    close(way[1]);
    *result = way[0];
    return pid;
}

static struct item
item_of(uint64_t seq)
{
    return seq % 100 ? (struct item){.kind = ITEM_EVENT, .event = &event}
                     : (struct item){.kind = ITEM_ALARM, .alarm = &alarm_item};
}

static void
bench_rendering(uint64_t count)
{
    struct syslog_form form = {16, 32473, "32473.109", PACKAGE_VERSION, "collector", SYSLOG_MSG_MAX, false, false};
    static char out[SYSLOG_MSG_MAX];
    double cpu = cpu_seconds();
    uint64_t bytes = 0;

    for (uint64_t seq = 1; seq <= count; seq++) {
        struct item item = item_of(seq);
        struct target_item ti = {.seq = seq, .target_seq = seq, .item = &item, .uptime_ns = (int64_t) seq};
        bool truncated;

        bytes += syslog_msg_write(&form, &ti, out, &truncated);
    }
    cpu = cpu_seconds() - cpu;
    printf("%-34s %9.0f items/s  %.3f us CPU each, %llu bytes\n", "syslog message, rendered", (double) count / cpu,
           cpu * 1e6 / (double) count, (unsigned long long) (bytes / count));
}

static void
bench_tcp(uint64_t count)
{
    char err[256];
    uint64_t safe = 0, seq = 1, bytes = 0;
    int result, r;
    pid_t pid = start_sink(&result);
    struct target *t = target_syslog_class.open(&config, &tc, err, sizeof err);
    int64_t start = clock_monotonic();
    double cpu = cpu_seconds(), seconds;

    if (!t)
        die("target", err);
    while (safe < count) {
        for (unsigned i = 0; i < RUN && seq <= count; i++) {
            struct item item = item_of(seq);
            struct target_item ti = {.seq = seq, .target_seq = seq, .item = &item, .uptime_ns = (int64_t) seq};

            if ((r = target_syslog_class.send(t, &ti)) == -EAGAIN)
                break;
            if (r != 0)
                die("send", t->error);
            seq++;
        }
        if (target_syslog_class.settle(t, seq > count ? 20 : 0, &safe) != 0)
            die("settle", t->error);
    }
    cpu = cpu_seconds() - cpu;
    seconds = (double) (clock_monotonic() - start) / 1e9;
    target_syslog_class.close(t);
    if (read(result, &bytes, sizeof bytes) != (ssize_t) sizeof bytes || waitpid(pid, NULL, 0) != pid)
        die("receiver", "it said nothing");
    printf("%-34s %9.0f items/s  %.3f us CPU each, %llu MB received\n", "syslog over TCP, acknowledged",
           (double) count / seconds, cpu * 1e6 / (double) count, (unsigned long long) (bytes >> 20));
}

int
main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;

    if (count == 0 || argc > 2) {
        fputs("usage: bench_syslog [ITEMS]\n", stderr);
        return 2;
    }
    fill();
    bench_rendering(count);
    bench_tcp(count);
    return 0;
}
