/* SPDX-License-Identifier: BSD-2-Clause
 *
 * checkpoint.c - places and state to journal blobs and back. */
#include "build.h"

#include "forwarder/checkpoint.h"

#include <errno.h>
#include <stdlib.h>

#include "forwarder/log.h"

int
checkpoint_save(struct journal *j, const struct merge *m, const struct correlate *k)
{
    uint8_t *state = NULL;
    size_t n = 0;
    int r = correlate_save(k, &state, &n);

    if (!r)
        r = journal_put(j, "correlate", "state", state, n);
    free(state);
    for (unsigned i = 0; !r && i < merge_count(m); i++) {
        struct stream *s = merge_stream(m, i);
        struct keep_out o = {0};

        if (stream_save(s, &o))
            r = journal_put(j, "source", stream_path(s), o.p, o.n);
        free(o.p);
    }
    return r;
}

int
checkpoint_restore_correlate(struct journal *j, struct correlate *k)
{
    void *p = NULL;
    size_t n = 0;
    int r = journal_get(j, "correlate", "state", &p, &n);

    if (r == -ENOENT)
        return 0;
    if (!r)
        r = correlate_restore(k, p, n);
    free(p);
    return r;
}

void
checkpoint_resume(struct journal *j, struct stream *s)
{
    struct keep_in in = {0};
    void *p = NULL;
    size_t n = 0;

    if (journal_get(j, "source", stream_path(s), &p, &n))
        return;
    in.p = p;
    in.end = in.p + n;
    free(p);
}
