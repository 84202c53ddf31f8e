/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sequence_state.h - the insides of the table of sequences, for sequence.c and
 * sequence_state.c (save and restore) only. */
#ifndef PARSERS_SEQUENCE_STATE_H
#define PARSERS_SEQUENCE_STATE_H

#include "parsers/run.h"
#include "parsers/sequence.h"

/* The scope's own key, and a letter for what it is. */
enum { SEQUENCE_SCOPE = RUN_KEY_SIZE + 128 };

struct begun {
    const struct catalogue_sequence *said;
    char *id; /* of the sequence: numbers change with the catalogue */
    char scope[SEQUENCE_SCOPE];
    size_t scope_n;
    struct moment at;
    uint64_t source, run;
    uint32_t left; /* records that may still come; 0: any number */
    bool counts;   /* 'left' was not 0 */
    bool told;     /* silence: its alarm was raised; hold: told as what it is */
    struct event *first;
    struct part part;
    int64_t quiet; /* arrival since when its source stands at its end, 0 unknown; not saved */
};

struct sequence_table {
    const struct catalogue *cat;
    struct alarm_table *alarms;
    unsigned n;
    struct begun *begun[SEQUENCE_PENDING_MAX]; /* oldest first */
    /* What they wait for, so that most records need no look at each of them. */
    unsigned n_of[CATALOGUE_SEQUENCES_MAX]; /* by number of the sequence */
    unsigned n_silent, n_counting;
    int64_t expires; /* none before this, by any clock; INT64_MAX none at all */
    struct parts parts;
    uint64_t n_parts, evicted;
    unsigned want, restored;
    int64_t due; /* the earliest of those that began since sequence_take_due() */
};

/* NULL when the catalogue has none of this name. */
const struct catalogue_sequence *sequence_said(const struct catalogue *, struct str id);
/* Counts 'b', which was put into the table. */
void sequence_count(struct sequence_table *, struct begun *b);
void sequence_begun_free(struct begun *);

#endif
