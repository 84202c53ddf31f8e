/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alarm_state.h - the insides of the alarm table, for alarm.c and
 * alarm_state.c (save and restore) alone. */
#ifndef PARSERS_ALARM_STATE_H
#define PARSERS_ALARM_STATE_H

#include "parsers/alarm.h"
#include "parsers/map.h"

/* The last clear of a key. */
struct cleared {
    struct moment at, first;
    uint64_t raise, count;
    bool watch; /* by a restart: the same failure within a day keeps its count */
};

enum { ALARM_WAITING = 65536 };

struct alarm_table {
    const struct catalogue *cat;
    struct id_hasher *hasher;
    struct map *open;    /* key -> struct alarm */
    struct map *cleared; /* key -> struct cleared */
    int64_t earliest;    /* next due since the last alarm_tick() */
    struct alarm_counters counters;
    /* How many failing files of open alarms share the low bits of a hash: a
     * copied file that none waits for is told from it at once. */
    uint16_t waiting[ALARM_WAITING];
};

void alarm_forget(struct alarm *);
/* Drops the clear that is longest ago. */
void alarm_forget_cleared(struct alarm_table *);

#endif
