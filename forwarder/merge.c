/* SPDX-License-Identifier: BSD-2-Clause
 *
 * merge.c - a heap of the streams that have an event, beside those that have
 * none now.  Called by pipeline.c; the tests use it, too. */
#include "build.h"

#include "forwarder/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/log.h"

enum entry_state { ENTRY_NEW, ENTRY_HEAP, ENTRY_OWED, ENTRY_RESTS, ENTRY_ENDED };

struct entry {
    struct stream *stream;
    enum entry_state state;
    uint64_t added;
    bool woken; /* is in the list of those to be asked */
};

struct merge {
    struct entry **entry; /* in the order added */
    unsigned n;
    struct entry **heap; /* least first */
    unsigned live;
    struct entry **wake; /* to be asked before the next event is given */
    unsigned n_wake;
    unsigned owed, failed;
    int error;
    uint64_t added;
    bool given; /* the top of the heap was handed out */
    merge_more *more;
    void *arg;
};

struct merge *
merge_new(void)
{
    return calloc(1, sizeof(struct merge));
}

void
merge_free(struct merge *m)
{
    if (!m)
        return;
    for (unsigned i = 0; i < m->n; i++) {
        stream_close(m->entry[i]->stream);
        free(m->entry[i]);
    }
    free(m->entry);
    free(m->heap);
    free(m->wake);
    free(m);
}

void
merge_feeder(struct merge *m, merge_more *more, void *arg)
{
    m->more = more;
    m->arg = arg;
}

static bool
grow(struct entry ***list, unsigned n)
{
    struct entry **grown = realloc(*list, n * sizeof *grown);

    if (grown)
        *list = grown;
    return grown != NULL;
}

bool
merge_add(struct merge *m, struct stream *s)
{
    struct entry *e = calloc(1, sizeof *e);

    if (!e || !grow(&m->entry, m->n + 1) || !grow(&m->heap, m->n + 1) || !grow(&m->wake, m->n + 1)) {
        free(e);
        return false;
    }
    e->stream = s;
    e->added = m->added++;
    e->woken = true;
    stream_holders(s)->entry = e;
    m->entry[m->n++] = e;
    m->wake[m->n_wake++] = e;
    return true;
}

/* True when 'x' comes before 'y'.  A stream without any time so far comes
 * first: nothing it says can be placed later. */
static bool
before(const struct merge *m, const struct entry *a, const struct entry *b)
{
    const struct stream *x = a->stream, *y = b->stream;

    if (stream_order_known(x) != stream_order_known(y))
        return !stream_order_known(x);
    if (stream_order_known(x) && stream_order(x) != stream_order(y))
        return stream_order(x) < stream_order(y);
    if (m->more)
        return strcmp(stream_path(x), stream_path(y)) < 0;
    return a->added < b->added;
}

static void
sift_down(struct merge *m, unsigned at)
{
    for (;;) {
        unsigned least = at, left = 2 * at + 1;
        struct entry *swap;

        for (unsigned k = left; k < left + 2 && k < m->live; k++)
            if (before(m, m->heap[k], m->heap[least]))
                least = k;
        if (least == at)
            return;
        swap = m->heap[at];
        m->heap[at] = m->heap[least];
        m->heap[least] = swap;
        at = least;
    }
}

static void
sift_up(struct merge *m, unsigned at)
{
    while (at > 0) {
        unsigned up = (at - 1) / 2;
        struct entry *swap = m->heap[at];

        if (!before(m, swap, m->heap[up]))
            return;
        m->heap[at] = m->heap[up];
        m->heap[up] = swap;
        at = up;
    }
}

static void
set_state(struct merge *m, struct entry *e, enum entry_state state)
{
    m->owed -= e->state == ENTRY_OWED;
    m->owed += state == ENTRY_OWED;
    e->state = state;
}

/* Reads the stream of 'e' on: true when it has an event.  Otherwise its state
 * says why not. */
static bool
read_on(struct merge *m, struct entry *e, const struct stream_pass *pass)
{
    int r, more = 0;

    while ((r = stream_next(e->stream, pass)) == 0 && m->more && (more = m->more(m->arg, e->stream)) > 0)
        continue;
    if (r == 0 && more != 0)
        r = more == -EAGAIN ? 0 : more;
    if (r > 0)
        stream_hold(e->stream, true);
    if (r < 0) {
        if (stream_error(e->stream)[0])
            log_error("%s", stream_error(e->stream));
        m->failed++;
        if (r == -ENOMEM)
            m->error = r;
        set_state(m, e, ENTRY_ENDED);
    } else if (r == 0) {
        set_state(m, e, !m->more ? ENTRY_ENDED : more == -EAGAIN ? ENTRY_OWED : ENTRY_RESTS);
    }
    return r > 0;
}

struct stream *
merge_next(struct merge *m, const struct stream_pass *pass)
{
    if (m->given && m->live) {
        m->given = false;
        if (!read_on(m, m->heap[0], m->live == 1 && m->n == 1 ? pass : NULL))
            m->heap[0] = m->heap[--m->live];
        if (m->live > 1)
            sift_down(m, 0);
    }
    while (m->n_wake) {
        struct entry *e = m->wake[--m->n_wake];

        e->woken = false;
        if (e->state == ENTRY_HEAP || e->state == ENTRY_ENDED)
            continue;
        if (!read_on(m, e, m->n == 1 ? pass : NULL))
            continue;
        set_state(m, e, ENTRY_HEAP);
        m->heap[m->live++] = e;
        sift_up(m, m->live - 1);
    }
    if (m->owed || !m->live)
        return NULL;
    m->given = true;
    stream_hold(m->heap[0]->stream, false);
    return m->heap[0]->stream;
}

void
merge_wake(struct merge *m, struct stream *s)
{
    struct entry *e = stream_holders(s)->entry;

    if (e->woken || e->state == ENTRY_HEAP)
        return;
    e->woken = true;
    m->wake[m->n_wake++] = e;
}

bool
merge_is_idle(const struct merge *m)
{
    return !m->live && !m->n_wake && !m->owed;
}

unsigned
merge_owed(const struct merge *m)
{
    return m->owed;
}

void
merge_forgive(struct merge *m, struct stream *s)
{
    struct entry *e = stream_holders(s)->entry;

    if (e->state == ENTRY_OWED)
        set_state(m, e, ENTRY_RESTS);
}

void
merge_remove(struct merge *m, struct stream *s)
{
    struct entry *e = stream_holders(s)->entry;
    unsigned i;

    for (i = 0; i < m->live && m->heap[i] != e; i++)
        continue;
    if (i < m->live) {
        if (i == 0)
            m->given = false;
        m->heap[i] = m->heap[--m->live];
        if (i < m->live) {
            sift_up(m, i);
            sift_down(m, i);
        }
    }
    for (i = 0; i < m->n_wake && m->wake[i] != e; i++)
        continue;
    if (i < m->n_wake)
        m->wake[i] = m->wake[--m->n_wake];
    set_state(m, e, ENTRY_ENDED);
    for (i = 0; m->entry[i] != e; i++)
        continue;
    memmove(&m->entry[i], &m->entry[i + 1], (--m->n - i) * sizeof *m->entry);
    free(e);
}

unsigned
merge_failed(const struct merge *m)
{
    return m->failed;
}

int
merge_error(const struct merge *m)
{
    return m->error;
}

bool
merge_has_ended(struct stream *s)
{
    const struct entry *e = stream_holders(s)->entry;

    return e->state == ENTRY_ENDED;
}

unsigned
merge_count(const struct merge *m)
{
    return m->n;
}

struct stream *
merge_stream(const struct merge *m, unsigned i)
{
    return m->entry[i]->stream;
}
