/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nt_trap_seen.c - one event, told by two agents or by an agent and a relay, is
 * one event (Q298818).  Called by the receiving source for each trap. */
#include "build.h"

#include "parsers/nt_trap.h"

#include "parsers/when.h"

#define WINDOW (5 * WHEN_SECOND)

static bool
add(struct id_hasher *h, struct str s)
{
    const uint64_t n = s.n;

    return id_add(h, &n, sizeof n) && id_add(h, s.p ? s.p : "", s.n);
}

/* The event that the trap tells: by host (whose letters' case does not matter),
 * source, id and text, or the strings where there is no text. */
static bool
digest_of(struct id_hasher *h, const struct nt_trap_view *v, uint8_t digest[16])
{
    struct str host = str_trim(v->system.n ? v->system : v->agent), text = str_trim(v->text);

    if (!id_begin(h, STR("trap"), host) || !add(h, str_make(v->source, v->n_source)) || !id_add(h, &v->id, sizeof v->id)
        || !add(h, text))
        return false;
    for (unsigned i = 0; !text.n && i < v->n_inserts; i++)
        if (!add(h, v->insert[i]))
            return false;
    return id_end(h, digest);
}

bool
nt_trap_seen(struct nt_trap_seen *seen, struct id_hasher *h, const struct nt_trap_view *v, int64_t arrival)
{
    struct nt_trap_seen_entry *set;
    uint8_t digest[16];
    uint64_t half;
    unsigned victim = 0;

    if (!digest_of(h, v, digest))
        return false;
    memcpy(&half, digest, sizeof half);
    set = seen->entry[(digest[8] | (unsigned) digest[9] << 8) % NT_TRAP_SEEN];
    for (unsigned i = 0; i < NT_TRAP_WAYS; i++) {
        bool near = arrival - set[i].time <= WINDOW && set[i].time - arrival <= WINDOW;

        if (set[i].half == half && set[i].used && near)
            return true;
        if (set[victim].used && (!set[i].used || set[i].time < set[victim].time))
            victim = i;
    }
    set[victim] = (struct nt_trap_seen_entry){half, arrival, true};
    return false;
}
