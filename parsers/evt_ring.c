/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evt_ring.c - opens an event log (.evt): where its oldest record is and where
 * it ends.  A header that was written back is believed if the end mark stands
 * where it says; else the end mark is looked for, because only that one moves
 * with every record.  Called by forwarder/evt_file.c; it reads no record's
 * content. */
#include "build.h"

#include "parsers/evt_ring_state.h"

#include <errno.h>
#include <stdlib.h>

#define SIGNATURE UINT32_C(0x654c664c) /* LfLe */
enum { FLAG_DIRTY = 1 };

/* What header and end mark both say. */
struct extent {
    uint32_t begin, end, next, oldest;
};

bool
evt_ring_probe(struct str head)
{
    return head.n >= 8 && evt_u32(head.p) == EVT_HEADER && evt_u32(head.p + 4) == SIGNATURE;
}

/* --- bytes ----------------------------------------------------------------------- */

const char *
evt_ring_look(struct evt_ring *r, uint64_t at, size_t n)
{
    size_t want = r->window_cap;

    if (at >= r->window_at && at + n <= r->window_at + r->window_n)
        return r->window + (at - r->window_at);
    if (want > r->size - at)
        want = (size_t) (r->size - at);
    r->window_n = 0;
    if ((r->error = r->view.copy(r->view.arg, at, r->window, want)) != 0)
        return NULL;
    r->window_at = at;
    r->window_n = want;
    return r->window;
}

bool
evt_ring_copy(struct evt_ring *r, uint64_t at, char *p, size_t n)
{
    size_t first = n <= r->size - at ? n : (size_t) (r->size - at);

    r->error = r->view.copy(r->view.arg, at, p, first);
    if (!r->error && n > first)
        r->error = r->view.copy(r->view.arg, EVT_HEADER, p + first, n - first);
    return r->error == 0;
}

static bool
in_ring(const struct evt_ring *r, uint64_t at)
{
    return at >= EVT_HEADER && at < r->size && at % 4 == 0;
}

size_t
evt_ring_record(struct evt_ring *r, uint64_t at, uint64_t most)
{
    uint64_t room = r->size - at;
    const char *p;
    char closing[4];
    size_t n;

    if (room < EVT_FIXED || most < EVT_RECORD_MIN || !(p = evt_ring_look(r, at, EVT_FIXED))
        || evt_u32(p + 4) != SIGNATURE)
        return 0;
    n = evt_u32(p);
    if (n < EVT_RECORD_MIN || n > EVT_RECORD_MAX || n % 4 != 0 || n > most)
        return 0;
    if (n <= room)
        return (p = evt_ring_look(r, at, n)) && evt_u32(p + n - 4) == n ? n : 0;
    return evt_ring_copy(r, EVT_HEADER + (n - room) - 4, closing, 4) && evt_u32(closing) == n ? n : 0;
}

/* --- the end ------------------------------------------------------------------------ */

/* True and '*out' filled when the end mark 'p' says that it stands at 'at'. */
static bool
read_end(const struct evt_ring *r, const char *p, uint64_t at, struct extent *out)
{
    if (evt_u32(p) != EVT_END || evt_u32(p + 4) != UINT32_C(0x11111111) || evt_u32(p + 8) != UINT32_C(0x22222222)
        || evt_u32(p + 12) != UINT32_C(0x33333333) || evt_u32(p + 16) != UINT32_C(0x44444444)
        || evt_u32(p + 24) != at || evt_u32(p + 36) != EVT_END)
        return false;
    *out = (struct extent){evt_u32(p + 20), (uint32_t) at, evt_u32(p + 28), evt_u32(p + 32)};
    return in_ring(r, out->begin);
}

/* The same of the mark at 'at', which can itself go on at the ring's beginning. */
static bool
end_at(struct evt_ring *r, uint64_t at, struct extent *out)
{
    char p[EVT_END];

    return r->size >= EVT_HEADER + EVT_END && in_ring(r, at) && evt_ring_copy(r, at, p, sizeof p) && read_end(r, p, at, out);
}

/* True when the record that it calls the oldest is there: the data of a record
 * can hold what looks like an end mark. */
static bool
is_likely(struct evt_ring *r, const struct extent *e)
{
    char p[12];

    if (e->begin == e->end)
        return e->oldest == 0;
    return r->size - e->begin >= sizeof p && r->view.copy(r->view.arg, e->begin, p, sizeof p) == 0
           && evt_u32(p + 4) == SIGNATURE && evt_u32(p + 8) == e->oldest;
}

/* The end mark that was written last: of all, the one that counts furthest. */
static bool
find_end(struct evt_ring *r, struct extent *best)
{
    bool found = false, likely = false;
    struct extent e;

    for (uint64_t at = EVT_HEADER; at < r->size;) {
        size_t n = r->size - at < EVT_WINDOW ? (size_t) (r->size - at) : EVT_WINDOW, i = 0;
        const char *p = r->size - at < EVT_END ? NULL : evt_ring_look(r, at, n < r->window_cap ? n : r->window_cap);

        if (r->error)
            return false;
        /* Whole marks of the window; where the ring ends, put together. */
        for (; p && i + EVT_END <= r->window_n - (size_t) (at - r->window_at); i += 4) {
            if (evt_u32(p + i + 4) != UINT32_C(0x11111111) || !read_end(r, p + i, at + i, &e))
                continue;
            if (found && likely && !is_likely(r, &e))
                continue;
            if (!found || (!likely && is_likely(r, &e)) || e.next > best->next) {
                *best = e;
                likely = is_likely(r, &e);
            }
            found = true;
        }
        at += i;
        if (r->size - at < EVT_END) {
            if (end_at(r, at, &e) && (!found || e.next > best->next) && (!likely || is_likely(r, &e))) {
                *best = e;
                likely = is_likely(r, &e);
                found = true;
            }
            if (r->error)
                return false;
            at += 4;
        }
    }
    return found;
}

/* Where the zeros at the end of a file begin: room that was never written. */
static uint64_t
find_zeros(struct evt_ring *r)
{
    uint64_t zeros = r->size;

    while (zeros > EVT_HEADER) {
        size_t n = zeros - EVT_HEADER < r->window_cap ? (size_t) (zeros - EVT_HEADER) : r->window_cap, i = n;
        const char *p = evt_ring_look(r, zeros - n, n);

        if (!p)
            return r->size;
        while (i > 0 && p[i - 1] == 0)
            i--;
        zeros -= n - i;
        if (i > 0)
            break;
    }
    return (zeros + 3) & ~UINT64_C(3);
}

/* Without an end mark: from the record that the header calls the oldest, else
 * from the first in the file, as far as records go. */
static bool
without_end(struct evt_ring *r, const struct extent *header)
{
    r->zeros = find_zeros(r);
    r->at = EVT_HEADER;
    if (!r->facts.no_header && in_ring(r, header->begin)
        && (header->begin == EVT_HEADER || evt_ring_record(r, header->begin, r->size - EVT_HEADER) > 0)) {
        r->at = header->begin;
    } else if (r->facts.no_header) {
        while (r->at < r->size && !r->error && evt_ring_record(r, r->at, r->size - EVT_HEADER) == 0)
            r->at += 4;
        if (r->at >= r->size)
            return false;
        r->at = EVT_HEADER;
    }
    r->left = r->size - EVT_HEADER;
    r->facts.wrapped = r->at != EVT_HEADER;
    r->facts.oldest = header->oldest;
    r->facts.next = 0;
    return !r->error;
}

/* Sets the walk up.  False when this is no event log, or could not be read. */
static bool
find_extent(struct evt_ring *r)
{
    struct extent header = {0}, e = {0};
    char p[EVT_HEADER];
    bool sure;

    if (r->size < EVT_HEADER || (r->error = r->view.copy(r->view.arg, 0, p, sizeof p)) != 0)
        return false;
    r->facts.no_header = !evt_ring_probe(str_make(p, sizeof p));
    if (!r->facts.no_header)
        header = (struct extent){evt_u32(p + 16), evt_u32(p + 20), evt_u32(p + 24), evt_u32(p + 28)};
    sure = !r->facts.no_header && !(evt_u32(p + 36) & FLAG_DIRTY) && end_at(r, header.end, &e)
           && e.begin == header.begin && e.next == header.next && e.oldest == header.oldest;
    r->facts.dirty = !sure;
    if (!sure && !r->error)
        sure = find_end(r, &e);
    if (r->error)
        return false;
    r->facts.end_known = sure;
    if (!sure)
        return without_end(r, &header);
    r->at = e.begin;
    r->left = e.end >= e.begin ? e.end - e.begin : e.end - EVT_HEADER + (r->size - e.begin);
    r->zeros = r->size;
    r->facts.wrapped = e.end < e.begin;
    r->facts.oldest = e.oldest;
    r->facts.next = e.next;
    return true;
}

struct evt_ring *
evt_ring_open(const struct evt_view *view, int *error)
{
    struct evt_ring *r = calloc(1, sizeof *r);

    *error = -ENOMEM;
    if (!r)
        return NULL;
    r->view = *view;
    r->size = view->size & ~UINT64_C(3);
    if (r->size > UINT32_MAX) /* offsets have 32 bits */
        r->size = UINT32_MAX & ~UINT64_C(3);
    r->window_cap = r->size < EVT_WINDOW ? (size_t) r->size : EVT_WINDOW;
    r->window = malloc(r->window_cap ? r->window_cap : 1);
    if (!r->window) {
        evt_ring_free(r);
        return NULL;
    }
    if (find_extent(r)) {
        *error = 0;
        return r;
    }
    *error = r->error;
    evt_ring_free(r);
    return NULL;
}

void
evt_ring_free(struct evt_ring *r)
{
    if (!r)
        return;
    free(r->window);
    free(r->split);
    free(r);
}

const struct evt_facts *
evt_ring_facts(const struct evt_ring *r)
{
    return &r->facts;
}

int
evt_ring_error(const struct evt_ring *r)
{
    return r->error;
}
