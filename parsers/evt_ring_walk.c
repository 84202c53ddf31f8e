/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evt_ring_walk.c - the live records of an event log (.evt), in the order in
 * which they were written (evt_ring.h).  Every byte between the oldest record
 * and the end is a record, the fill before a record that did not fit, or a bad
 * part: nothing is left out in silence. */
#include "build.h"

#include "parsers/evt_ring_state.h"

#include <errno.h>
#include <stdlib.h>

enum { FILL = 0x27 }; /* words that stand where no record's fixed part had room */

static void
advance(struct evt_ring *r, size_t n)
{
    uint64_t room = r->size - r->at;

    r->at = n < room ? r->at + n : EVT_HEADER + (n - room);
    r->left -= n;
}

/* True when all of the ring from here to the file's end is fill. */
static bool
is_fill(struct evt_ring *r, size_t room)
{
    const char *p = evt_ring_look(r, r->at, room);

    for (size_t i = 0; p && i + 4 <= room; i += 4)
        if (evt_u32(p + i) != FILL)
            return false;
    return p != NULL;
}

/* Passes what lies between the last record and the file's end; true if it did. */
static bool
pass_fill(struct evt_ring *r)
{
    uint64_t room = r->size - r->at;

    if (room > r->left)
        return false;
    if (r->at < r->zeros && room >= EVT_FIXED && (room > EVT_RECORD_MAX || !is_fill(r, (size_t) room)))
        return false;
    advance(r, (size_t) room);
    return true;
}

/* The length of the record at 'at', 0 if it is none of the live ones: their
 * numbers rise. */
static size_t
live_record(struct evt_ring *r, uint64_t at, uint64_t left)
{
    size_t n = evt_ring_record(r, at, left);
    const char *p = n ? evt_ring_look(r, at, EVT_FIXED) : NULL;
    uint32_t number;

    if (!p)
        return 0;
    number = evt_u32(p + 8);
    if ((r->any && number <= r->last) || (r->facts.end_known && r->facts.next && number >= r->facts.next))
        return 0;
    return n;
}

static enum evt_kind
give_record(struct evt_ring *r, size_t n, struct evt_part *out)
{
    bool whole = n <= r->size - r->at;
    const char *p;

    if (!whole) {
        if (!r->split && !(r->split = malloc(EVT_RECORD_MAX))) {
            r->error = -ENOMEM;
            return EVT_FAILED;
        }
        if (!evt_ring_copy(r, r->at, r->split, n))
            return EVT_FAILED;
    }
    if (!(p = whole ? evt_ring_look(r, r->at, n) : r->split))
        return EVT_FAILED;
    *out = (struct evt_part){r->at, str_make(p, n), evt_u32(p + 8), evt_u32(p + 12), evt_u32(p + 16)};
    r->last = out->number;
    r->any = true;
    advance(r, n);
    return EVT_RECORD;
}

/* The bytes up to the next live record, a piece at a time. */
static enum evt_kind
give_bad(struct evt_ring *r, struct evt_part *out)
{
    uint64_t room = r->size - r->at, most = r->left < room ? r->left : room;
    size_t n = 4;
    const char *p;

    if (r->at < r->zeros && most > r->zeros - r->at)
        most = r->zeros - r->at;
    if (most > EVT_BAD_MAX)
        most = EVT_BAD_MAX;
    while (n < most && live_record(r, r->at + n, r->left - n) == 0 && !r->error)
        n += 4;
    if (n > most)
        n = (size_t) most;
    if (r->error || !(p = evt_ring_look(r, r->at, n)))
        return EVT_FAILED;
    *out = (struct evt_part){.offset = r->at, .bytes = str_make(p, n)};
    advance(r, n);
    return EVT_BAD;
}

/* The next part of the ring, in the order of time.  After EVT_FAILED or EVT_DONE
 * there is no more. */
enum evt_kind
evt_ring_next(struct evt_ring *r, struct evt_part *out)
{
    while (r->left > 0 && !r->error) {
        size_t n = live_record(r, r->at, r->left);

        if (r->error)
            break;
        if (n)
            return give_record(r, n, out);
        if (pass_fill(r))
            continue;
        if (!r->error)
            return give_bad(r, out);
    }
    return r->error ? EVT_FAILED : EVT_DONE;
}
