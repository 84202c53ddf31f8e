/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stall_state.c - stalls to bytes and back, with the runs they come from. */
#include "build.h"

#include "parsers/stall_state.h"

static bool
restore_stall(struct stall_table *t, struct keep_in *in)
{
    struct stall *s = &t->stall[t->n_stalls];
    struct str key;
    uint64_t bits;

    if (t->n_stalls == STALL_OPEN_MAX)
        return false;
    memset(s, 0, sizeof *s);
    key = keep_get_str(in);
    if (key.n > ALARM_KEY_MAX)
        return false;
    if (key.n)
        memcpy(s->key_text, key.p, key.n);
    s->key = str_make(s->key_text, key.n);
    s->host = keep_str(keep_get_str(in));
    s->instruction = keep_str(keep_get_str(in));
    s->source = keep_get_u64(in);
    bits = keep_get_u64(in);
    s->thread.known = bits & 1;
    s->thread.form_1x = bits >> 1 & 1;
    s->reopened = bits >> 2 & 1;
    s->thread.number = (uint32_t) keep_get_u64(in);
    moment_restore(in, &s->at);
    t->n_stalls++;
    return s->host && s->instruction && !in->failed;
}

void
stall_save(const struct stall_table *t, struct keep_out *o)
{
    run_save(&t->runs, o);
    keep_put_u64(o, t->n_stalls);
    for (unsigned i = 0; i < t->n_stalls; i++) {
        const struct stall *s = &t->stall[i];

        keep_put_str(o, str_make(s->key_text, s->key.n));
        keep_put_str(o, str_z(s->host));
        keep_put_str(o, str_z(s->instruction));
        keep_put_u64(o, s->source);
        keep_put_u64(o, (uint64_t) s->thread.known | (uint64_t) s->thread.form_1x << 1 | (uint64_t) s->reopened << 2);
        keep_put_u64(o, s->thread.number);
        moment_save(o, &s->at);
    }
}

/* Into an empty table; false when the bytes are not a saved table. */
bool
stall_restore(struct stall_table *t, struct keep_in *in)
{
    uint64_t n;

    if (!run_restore(&t->runs, in))
        return false;
    n = keep_get_u64(in);
    for (uint64_t i = 0; i < n; i++)
        if (!restore_stall(t, in))
            return false;
    t->due = INT64_MIN;
    return !in->failed;
}
