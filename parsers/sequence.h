/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sequence.h - what records mean by what follows them, as the catalogue's
 * <sequence> elements say: a second record that explains itself or the first,
 * or silence where a component should have gone on.  Called by correlate.c.
 * Knows no wording.  A <then> sequence of class stall is an instruction stall
 * and belongs to stall.h. */
#ifndef PARSERS_SEQUENCE_H
#define PARSERS_SEQUENCE_H

#include "parsers/alarm.h"

enum { SEQUENCE_PENDING_MAX = 1024 };

struct sequence_table;
/* NULL when memory ends.  'cat' is borrowed until sequence_catalogue(). */
struct sequence_table *sequence_new(const struct catalogue *cat, struct alarm_table *);
void sequence_free(struct sequence_table *);
void sequence_catalogue(struct sequence_table *, const struct catalogue *);

/* True when no record has begun anything. */
bool sequence_idle(const struct sequence_table *);
/* True when a record that continues nothing changes nothing: all that has begun
 * waits for time alone. */
bool sequence_deaf(const struct sequence_table *);
/* Pushed out because too many had begun. */
uint64_t sequence_evicted(const struct sequence_table *);

/* True when 'ev' begins something that holds it back: it raises nothing yet. */
bool sequence_holds(const struct catalogue *, const struct event *ev);
/* A record of 'source' came: silences that it breaks end, before time moves on. */
void sequence_heard(struct sequence_table *, struct call *, const struct event *, uint64_t source);
/* Completes the verdict of 'ev' when it follows what it explains, before it is
 * sent; '*quiet' becomes true when it must raise no alarm of its own. */
void sequence_before(struct sequence_table *, struct call *, struct event *ev, uint64_t source, bool *quiet);
/* After it was sent: begins what it begins.  'run' is its instruction run. */
void sequence_after(struct sequence_table *, struct call *, const struct event *ev, uint64_t source, uint64_t run);
/* Ends what is due on 'clock'; returns the next due time. */
int64_t sequence_tick(struct sequence_table *, struct call *, uint32_t clock, int64_t now);
/* The earliest due time of what began since the last call, on whatever clock;
 * INT64_MAX when nothing did. */
int64_t sequence_take_due(struct sequence_table *);
/* Silences by arrival, while their source stands at its end. */
void sequence_live(struct sequence_table *, struct call *, int64_t now, bool (*at_end)(void *, uint64_t source),
                   void *arg);
/* The end of all input: what was held back is told. */
void sequence_finish(struct sequence_table *, struct call *);

/* Parts "seq/N". */
void sequence_save(struct sequence_table *, struct part_sink *);
void sequence_saved(struct sequence_table *);
void sequence_save_core(const struct sequence_table *, struct keep_out *);
bool sequence_restore_core(struct sequence_table *, struct keep_in *);
bool sequence_restore_part(struct sequence_table *, uint64_t id, struct keep_in *);
bool sequence_restore_end(struct sequence_table *);

#endif
