/* SPDX-License-Identifier: BSD-2-Clause
 *
 * arena.h - memory that is given back all at once.  Everything an event
 * borrows lives here until its batch is done and arena_reset() is called.
 * Bounded when it is made: a request over the bound gets NULL, which callers
 * report as PERR_NOMEM. */
#ifndef PARSERS_ARENA_H
#define PARSERS_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "parsers/str.h"

struct arena;
struct arena_block;

struct arena *arena_new(size_t limit);
void arena_free(struct arena *);
void arena_reset(struct arena *);
void *arena_alloc(struct arena *, size_t);
void *arena_zalloc(struct arena *, size_t);
struct str arena_copy(struct arena *, struct str);
struct str arena_upper(struct arena *, struct str);
/* Its decimal digits; absent when memory ends. */
struct str arena_number(struct arena *, uint32_t);
/* For work in many steps that hand nothing on: what was allocated since
 * arena_mark() is given back by arena_rewind(), and nothing else. */
struct arena_mark {
    struct arena_block *last;
    size_t used, total;
};
struct arena_mark arena_mark(const struct arena *);
void arena_rewind(struct arena *, const struct arena_mark *);
/* One helper that a parser is slow to make and keeps from record to record: it
 * outlives resets, and is given back with the arena by 'give_back', which also
 * says whose it is.  NULL where none of that kind is kept. */
void *arena_helper(const struct arena *, void (*give_back)(void *));
void arena_keep(struct arena *, void *helper, void (*give_back)(void *));

#endif
