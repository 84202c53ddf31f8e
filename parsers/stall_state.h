/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stall_state.h - the insides of the stall table, for stall.c, stall_time.c,
 * stall_state.c (save and restore) and correlate.c's clock. */
#ifndef PARSERS_STALL_STATE_H
#define PARSERS_STALL_STATE_H

#include "parsers/run.h"
#include "parsers/stall.h"

struct stall {
    char key_text[ALARM_KEY_MAX + 1];
    struct str key; /* over key_text */
    char *host, *instruction;
    uint64_t source;
    struct run_thread thread;
    bool reopened;
    struct moment at;
    struct part part;
    int64_t quiet; /* arrival since when its source stands at its end, 0 unknown */
};

struct stall_table {
    struct alarm_table *alarms;
    struct run_table runs;
    unsigned n_stalls;
    struct stall *stall[STALL_OPEN_MAX]; /* owned; oldest first */
    struct parts parts;
    uint64_t n_parts; /* numbers given to parts so far */
    unsigned want;    /* stalls that a restore has to bring */
    int64_t due;                        /* INT64_MIN: a new one, look at once */
    uint64_t evicted;
};

void stall_drop_memory(struct stall *);
/* Takes 's' out and frees it; the others keep their order, oldest first. */
void stall_drop(struct stall_table *, struct stall *s);
/* The alarm of 's', NULL when it has ended. */
struct alarm *stall_alarm(struct stall_table *, struct stall *s);
/* The alarm of a failed open that is not, or not yet, known to begin a stall. */
void stall_tell_pending(struct stall_table *, struct call *, struct run *);
/* 's' was changed: it is to be saved. */
static inline void
stall_changed(struct stall_table *t, struct stall *s)
{
    part_changed(&t->parts, &s->part);
}
/* How long a stall, or a failed open, waits for a sign of life. */
int64_t stall_patience(const struct stall_table *);
void stall_adopt_time(struct stall_table *, const struct moment *, uint64_t source);

#endif
