/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alarm_state.h - the insides of the alarm table, for the files alarm*.c
 * alone: alarm_state.c saves and restores, alarm_cleared.c remembers. */
#ifndef PARSERS_ALARM_STATE_H
#define PARSERS_ALARM_STATE_H

#include "parsers/alarm.h"
#include "parsers/map.h"

/* The last clear of a key. */
struct cleared {
    struct moment at, first;
    uint64_t raise, count;
    bool watch;    /* by a restart: the same failure within a day keeps its count */
    int64_t until; /* UTC when it is forgotten, INT64_MAX: when room is needed */
    struct part part;
    size_t n;
    char key[]; /* 'n' bytes */
};

enum { ALARM_WAITING = 65536 };

struct alarm_table {
    const struct catalogue *cat;
    struct id_hasher *hasher;
    struct map *open;    /* key -> struct alarm */
    struct map *cleared; /* key -> struct cleared */
    struct parts open_parts, cleared_parts;
    uint64_t n_parts; /* numbers given to parts so far */
    int64_t earliest, earliest_live; /* next due since the last tick */
    int64_t cleared_due;             /* least 'until' */
    unsigned want_open, want_cleared; /* that a restore has to bring */
    struct alarm_counters counters;
    /* How many failing files of open alarms share the low bits of a hash: a
     * copied file that none waits for is told from it at once. */
    uint16_t waiting[ALARM_WAITING];
};

void alarm_forget(struct alarm *);
/* An open alarm under 'key' with a copy of 'f', its other parts zero; one is
 * evicted where there is no room.  NULL when memory ends. */
struct alarm *alarm_make(struct alarm_table *, struct call *, struct str key, const struct facts *f);
/* Takes 'a' out of the table and frees it, without a word. */
void alarm_drop(struct alarm_table *, struct alarm *);
/* Number of the raise that begins now, greater than 'before'. */
uint64_t alarm_raise_number(const struct call *, uint64_t before);
/* Sends one change of 'a' and counts it. */
void alarm_send(struct alarm_table *, struct call *, struct alarm *, enum alarm_state, const char *reason);
/* The severity 'a' has by itself: its class, evidence, count and age. */
enum severity alarm_severity(const struct alarm_table *, const struct alarm *);
/* The next alarm_tick() must not come after this alarm is due. */
void alarm_note(struct alarm_table *, const struct alarm *);
void alarm_add_file(struct alarm_table *, struct alarm *, struct str path, struct str host);
/* 'f' instead of what 'a' knew, or filled up from it. */
bool alarm_replace_facts(struct call *, struct alarm *, const struct facts *f, bool fill);
/* Makes room for one more, with a clear that says so. */
void alarm_evict(struct alarm_table *, struct call *);
/* Remembers when and how 'a' ended, for late records and for the next raise. */
void alarm_remember(struct alarm_table *, struct call *, const struct alarm *a, bool watch);
/* Remembers no more of 'a' than the number of its raise, which its key must not
 * have again: it has not ended, so that nothing is too late for it. */
void alarm_remember_raise(struct alarm_table *, struct call *, const struct alarm *a);
/* Forgets what was cleared long enough before 'now'. */
void alarm_forget_cleared(struct alarm_table *, int64_t now);
/* One more stale occurrence of a cleared key. */
void alarm_count_stale(struct alarm_table *, struct cleared *, bool count);
void alarm_save_cleared(void *table, struct part *, struct keep_out *);
bool alarm_restore_cleared_v1(struct alarm_table *, struct keep_in *);

#endif
