/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stall_state.h - the insides of the stall table, for stall.c, stall_state.c
 * (save and restore) and correlate.c's clock. */
#ifndef PARSERS_STALL_STATE_H
#define PARSERS_STALL_STATE_H

#include "parsers/map.h"
#include "parsers/stall.h"

struct run {
    uint64_t id, source;
    char *instruction; /* as first seen, NULL unknown */
    bool started, thread_known;
    struct event *pending; /* failed open that waits for the next record */
    struct moment pending_at;
    unsigned n_packages;
    struct {
        char *name;
        bool failed;
    } package[STALL_RUN_PACKAGES];
};

struct stall {
    char key_text[ALARM_KEY_MAX + 1];
    struct str key; /* over key_text */
    char *host, *instruction;
    uint64_t source;
    bool thread_known, form_1x, reopened;
    uint32_t thread;
    struct moment at;
};

struct stall_table {
    struct alarm_table *alarms;
    struct map *runs; /* host and thread -> struct run */
    uint64_t next_run;
    unsigned n_pending, n_unnamed;
    struct run_span span[STALL_SPANS];
    unsigned n_stalls;
    struct stall stall[STALL_OPEN_MAX];
    int64_t due; /* INT64_MIN: a new one, look at once */
    uint64_t evicted;
};

void stall_run_free(struct run *);
void stall_adopt_time(struct stall_table *, const struct moment *, uint64_t source);

#endif
