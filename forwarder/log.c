/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log.c - the program's own words.  A line is built whole and written by one
 * write(), so that lines of several threads do not mix.  Rate limits are kept
 * under one lock: whoever has much to say is slow already. */
#include "build.h"

#include "forwarder/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "parsers/text.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*sink_call)(void *, const char *, size_t);
static void *sink_arg;
static atomic_bool priorities;

void
log_sink(void (*sink)(void *, const char *, size_t), void *arg)
{
    pthread_mutex_lock(&lock);
    sink_call = sink;
    sink_arg = arg;
    pthread_mutex_unlock(&lock);
}

static const char *
level_name(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error: ";
    case LOG_LEVEL_WARN:
        return "warning: ";
    case LOG_LEVEL_INFO:
        return "";
    }
    return "";
}

/* "<3>" and so on: syslog's numbers. */
static const char *
level_priority(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "<3>";
    case LOG_LEVEL_WARN:
        return "<4>";
    case LOG_LEVEL_INFO:
        return "<6>";
    }
    return "";
}

void
log_to_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char here[64];
    struct stat st;

    if (!stream || fstat(STDERR_FILENO, &st) != 0)
        return;
    snprintf(here, sizeof here, "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
    atomic_store(&priorities, strcmp(here, stream) == 0);
}

static void write_line(enum log_level, const char *fmt, va_list) __attribute__((format(printf, 2, 0)));

static void
write_line(enum log_level level, const char *fmt, va_list ap)
{
    char text[2048], line[4096];
    int saved = errno, n;
    size_t used;
    void (*sink)(void *, const char *, size_t);
    void *arg;

    if ((n = vsnprintf(text, sizeof text, fmt, ap)) < 0)
        return;
    used = (size_t) snprintf(line, sizeof line, "%struecause: %s", atomic_load(&priorities) ? level_priority(level) : "",
                             level_name(level));
    used += text_show(str_z(text), line + used, sizeof line - used - 1);
    line[used++] = '\n';
    pthread_mutex_lock(&lock);
    sink = sink_call;
    arg = sink_arg;
    pthread_mutex_unlock(&lock);
    if (sink)
        sink(arg, line, used);
    else
        while (write(STDERR_FILENO, line, used) < 0 && errno == EINTR)
            continue;
    errno = saved;
}

void
log_error(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    write_line(LOG_LEVEL_ERROR, fmt, ap);
    va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    write_line(LOG_LEVEL_WARN, fmt, ap);
    va_end(ap);
}

void
log_info(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    write_line(LOG_LEVEL_INFO, fmt, ap);
    va_end(ap);
}

bool
log_limit_pass(struct log_limit *limit, int64_t now_ns, uint64_t *withheld)
{
    bool pass;

    pthread_mutex_lock(&lock);
    if (limit->window == 0 || now_ns - limit->window >= LOG_LIMIT_SECONDS * INT64_C(1000000000)) {
        limit->window = now_ns ? now_ns : 1;
        limit->passed = 0;
    }
    pass = limit->passed < LOG_LIMIT_BURST;
    *withheld = 0;
    if (pass) {
        limit->passed++;
        *withheld = limit->withheld;
        limit->withheld = 0;
    } else {
        limit->withheld++;
    }
    pthread_mutex_unlock(&lock);
    return pass;
}

void
log_limited(struct log_limit *limit, enum log_level level, const char *fmt, ...)
{
    uint64_t withheld;
    va_list ap;
    int saved = errno;

    if (log_limit_pass(limit, clock_monotonic(), &withheld)) {
        if (withheld)
            log_info("%llu lines like the next one were withheld", (unsigned long long) withheld);
        errno = saved;
        va_start(ap, fmt);
        write_line(level, fmt, ap);
        va_end(ap);
    }
    errno = saved;
}

void
log_limit_flush(struct log_limit *limit, const char *what)
{
    uint64_t withheld;

    pthread_mutex_lock(&lock);
    withheld = limit->withheld;
    limit->withheld = 0;
    pthread_mutex_unlock(&lock);
    if (withheld)
        log_info("%s: %llu more lines were withheld", what, (unsigned long long) withheld);
}
