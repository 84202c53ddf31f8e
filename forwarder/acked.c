/* SPDX-License-Identifier: BSD-2-Clause
 *
 * acked.c - see the header.  Called by target_snmp.c and informs.c (note) and by
 * worker_send.c (has), all in the thread of one target. */
#include "build.h"

#include "forwarder/acked.h"

/* Half of the id, which is a hash: enough beside the number. */
static uint64_t
half(const char *id)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < 16 && id[i]; i++)
        v = v << 4 | (uint64_t) (id[i] <= '9' ? id[i] - '0' : (id[i] | 0x20) - 'a' + 10);
    return v;
}

void
acked_note(struct acked *a, uint64_t number, const char *id)
{
    a->one[a->next] = (struct acked_one){number, half(id)};
    a->next = (a->next + 1) % ACKED_MAX;
    if (number > a->highest)
        a->highest = number;
}

bool
acked_has(const struct acked *a, uint64_t number, const char *id)
{
    uint64_t want;

    if (number == 0 || number > a->highest) /* nearly always */
        return false;
    want = half(id);
    for (unsigned i = 0; i < ACKED_MAX; i++)
        if (a->one[i].number == number && a->one[i].id == want)
            return true;
    return false;
}
