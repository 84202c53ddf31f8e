/* SPDX-License-Identifier: BSD-2-Clause
 *
 * merge.c - a heap of streams.  Called by pipeline.c. */
#include "build.h"

#include "forwarder/merge.h"

#include <stdlib.h>

#include "forwarder/log.h"

struct merge {
    struct stream **stream; /* in the order added */
    unsigned n;
    unsigned *heap; /* indices into 'stream', least first */
    unsigned live;
    bool begun;
    unsigned failed;
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
    for (unsigned i = 0; i < m->n; i++)
        stream_close(m->stream[i]);
    free(m->stream);
    free(m->heap);
    free(m);
}

bool
merge_add(struct merge *m, struct stream *s)
{
    struct stream **streams = realloc(m->stream, (m->n + 1) * sizeof *streams);
    unsigned *heap;

    if (!streams)
        return false;
    m->stream = streams;
    heap = realloc(m->heap, (m->n + 1) * sizeof *heap);
    if (!heap)
        return false;
    m->heap = heap;
    m->stream[m->n++] = s;
    return true;
}

/* True when stream 'a' comes before stream 'b'.  A stream without any time so
 * far comes first: nothing it says can be placed later. */
static bool
before(const struct merge *m, unsigned a, unsigned b)
{
    const struct stream *x = m->stream[a], *y = m->stream[b];

    if (stream_order_known(x) != stream_order_known(y))
        return !stream_order_known(x);
    if (stream_order_known(x) && stream_order(x) != stream_order(y))
        return stream_order(x) < stream_order(y);
    return a < b;
}

static void
sift_down(struct merge *m, unsigned at)
{
    for (;;) {
        unsigned least = at, left = 2 * at + 1, swap;

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

/* Reads stream 'i' on: true when it has an event. */
static bool
read_on(struct merge *m, unsigned i, const struct stream_pass *pass)
{
    int r = stream_next(m->stream[i], pass);

    if (r < 0) {
        log_error("%s", stream_error(m->stream[i]));
        m->failed++;
    }
    return r > 0;
}

struct stream *
merge_next(struct merge *m, const struct stream_pass *pass)
{
    if (!m->begun) {
        m->begun = true;
        for (unsigned i = 0; i < m->n; i++)
            if (read_on(m, i, m->n == 1 ? pass : NULL))
                m->heap[m->live++] = i;
        for (unsigned i = m->live / 2; i-- > 0;)
            sift_down(m, i);
    } else if (m->live) {
        if (!read_on(m, m->heap[0], m->live == 1 ? pass : NULL))
            m->heap[0] = m->heap[--m->live];
        if (m->live > 1)
            sift_down(m, 0);
    }
    return m->live ? m->stream[m->heap[0]] : NULL;
}

unsigned
merge_failed(const struct merge *m)
{
    return m->failed;
}

unsigned
merge_count(const struct merge *m)
{
    return m->n;
}

struct stream *
merge_stream(const struct merge *m, unsigned i)
{
    return m->stream[i];
}
