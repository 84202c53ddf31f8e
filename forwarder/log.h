/* SPDX-License-Identifier: BSD-2-Clause
 *
 * log.h - the program's own words, one line each to stderr, with its name in
 * front.  What comes from outside (file names, peers) cannot forge lines:
 * control characters are shown as <XX>.  Any thread may call. */
#ifndef FORWARDER_LOG_H
#define FORWARDER_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO };

/* "truecause: error: TEXT", "truecause: warning: TEXT", "truecause: TEXT". */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* One place that may have much to say: LOG_LIMIT_BURST lines in
 * LOG_LIMIT_SECONDS pass, the rest is counted and the count goes out with the
 * next line that passes, or with log_limit_flush().  Zeroed is ready; it lives
 * as long as it is used (static, or in the thing that complains). */
enum { LOG_LIMIT_BURST = 5, LOG_LIMIT_SECONDS = 60 };
struct log_limit {
    int64_t window;    /* start of the present window, ns, 0 none yet */
    unsigned passed;   /* lines in it */
    uint64_t withheld; /* since the last line that passed */
};

/* True when a line may pass at 'now_ns' (monotonic); '*withheld' is then the
 * number of lines kept back before it. */
bool log_limit_pass(struct log_limit *, int64_t now_ns, uint64_t *withheld);
void log_limited(struct log_limit *, enum log_level, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Says how much of 'what' was withheld, when anything was. */
void log_limit_flush(struct log_limit *, const char *what);

/* Where stderr is the system's journal (JOURNAL_STREAM names it), lines carry
 * their priority from now on, as sd-daemon(3) has it. */
void log_to_journal(void);

/* Sends the finished lines (LF included) elsewhere, for tests; NULL: stderr. */
void log_sink(void (*sink)(void *arg, const char *line, size_t n), void *arg);

#endif
