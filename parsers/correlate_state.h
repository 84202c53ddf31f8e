/* SPDX-License-Identifier: BSD-2-Clause
 *
 * correlate_state.h - the insides of the correlator, for correlate.c,
 * correlate_live.c (what goes by arrival) and correlate_state.c (save and
 * restore) alone. */
#ifndef PARSERS_CORRELATE_STATE_H
#define PARSERS_CORRELATE_STATE_H

#include "parsers/correlate.h"
#include "parsers/map.h"
#include "parsers/stall.h"

enum { CORRELATE_SOURCES_MAX = 65536 };

/* A source as the correlator knows it. */
struct origin {
    uint64_t id;
    uint32_t clock; /* 0 until it shows a time of unknown zone */
    struct moment last;
};

struct clock {
    bool started;
    int64_t now, due;
};

struct correlate {
    struct catalogue *cat;
    struct id_hasher *hasher;
    struct alarm_table *alarms;
    struct pair_table *pairs;
    struct stall_table *stalls;
    struct map *origins; /* source id bytes -> struct origin */
    struct origin *recent;
    uint32_t n_clocks; /* 1 + clocks of unknown zone */
    struct clock clock[PAIR_CLOCKS_MAX];
    bool merged_known;
    int64_t merged, held_due;
    int64_t noted;    /* the least due time that all clocks know of */
    uint64_t crowded; /* sources that had to share a clock */
    bool dirty, restored;
};

struct origin *correlate_origin(struct correlate *, uint64_t id);
/* Lets one held report go. */
void correlate_release(struct correlate *, struct call *, const struct pair_release *);
/* Lets go what the live world says can be told by now. */
void correlate_release_live(struct correlate *, struct call *, const struct correlate_live *);
void correlate_note_due(struct correlate *);

#endif
