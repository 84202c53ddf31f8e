/* SPDX-License-Identifier: BSD-2-Clause
 *
 * correlate_state.h - the insides of the correlator, for correlate.c,
 * correlate_live.c (what goes by arrival) and correlate_state.c (save and
 * restore) alone. */
#ifndef PARSERS_CORRELATE_STATE_H
#define PARSERS_CORRELATE_STATE_H

#include "parsers/correlate.h"
#include "parsers/map.h"
#include "parsers/sequence.h"
#include "parsers/stall.h"

enum { CORRELATE_PAGE = 32 };

/* A source as the correlator knows it. */
struct origin {
    uint64_t id;
    uint32_t clock; /* 0 until it shows a time of unknown zone */
    struct moment last;
    struct part part;
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
    struct sequence_table *sequences;
    struct map *origins; /* source id bytes -> struct origin */
    struct origin *recent;
    uint32_t n_clocks; /* 1 + clocks of unknown zone */
    struct clock clock[PAIR_CLOCKS_MAX];
    bool merged_known;
    int64_t merged, held_due;
    int64_t noted;    /* the least due time that all clocks know of */
    uint64_t crowded; /* sources that had to share a clock, or were forgotten */
    bool live;        /* history has been read: ages follow arrival */
    int64_t live_due; /* when alarms have something to do by arrival */
    /* saving */
    bool core_known;  /* the core was restored */
    unsigned n_pages, want_origins; /* restored, to be restored */
    struct part core, page[PAIR_CLOCKS_MAX / CORRELATE_PAGE];
    struct parts cores, pages, origin_parts;
    struct keep_out bytes; /* room for one part */
};

/* NULL when memory ends. */
struct origin *correlate_origin(struct correlate *, uint64_t id);
void correlate_note_due(struct correlate *);
/* Lets every report go that pair_take() gives for 'which'. */
void correlate_release(struct correlate *, struct call *, enum pair_which which);
/* What has become due by arrival. */
void correlate_age(struct correlate *, struct call *, int64_t now);
void correlate_parts_init(struct correlate *);
void correlate_parts_fini(struct correlate *);

static inline void
correlate_clock_changed(struct correlate *k, uint32_t clock)
{
    part_changed(&k->cores, &k->core);
    part_changed(&k->pages, &k->page[clock / CORRELATE_PAGE]);
}

#endif
