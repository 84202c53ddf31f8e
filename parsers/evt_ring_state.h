/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evt_ring_state.h - the insides of a ring, for evt_ring.c (where it begins
 * and ends) and evt_ring_walk.c (what is in it) alone. */
#ifndef PARSERS_EVT_RING_STATE_H
#define PARSERS_EVT_RING_STATE_H

#include "parsers/evt_ring.h"

/* As long as two records, so that a look ahead at one that follows never reads
 * the same bytes more than twice. */
enum { EVT_WINDOW = 2 * EVT_RECORD_MAX };

struct evt_ring {
    struct evt_view view;
    uint64_t size; /* whole words of it */
    struct evt_facts facts;
    int error;
    /* the walk */
    uint64_t at;    /* of the next byte */
    uint64_t left;  /* bytes up to the end */
    uint64_t zeros; /* where there is no end mark: from here on all is zero */
    uint32_t last;  /* number of the last record */
    bool any;       /* there was one */
    char *split;    /* a record that goes on at the ring's beginning, put together */
    /* the window */
    uint64_t window_at;
    size_t window_n, window_cap;
    char *window;
};

/* 'n' bytes at 'at' (n at most EVT_WINDOW, all within the file), until the next
 * call; NULL when they could not be read. */
const char *evt_ring_look(struct evt_ring *, uint64_t at, size_t n);
/* Copies 'n' bytes at 'at', going on at the ring's beginning. */
bool evt_ring_copy(struct evt_ring *, uint64_t at, char *p, size_t n);
/* The length of the record at 'at', 0 when there is none, or it could not be read
 * (r->error).  'most' bytes may be taken. */
size_t evt_ring_record(struct evt_ring *, uint64_t at, uint64_t most);

#endif
