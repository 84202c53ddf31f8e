/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evt_pack.c - the prefix of a part of an event log in a stream (evt_pack.h):
 * mark, kind, length and offset, little-endian.  Written by
 * forwarder/evt_file.c and follow_snapshot.c, read by evt.c. */
#include "build.h"

#include "parsers/evt_pack.h"

/* No text begins so, in any encoding. */
static const char mark[4] = {'\x8f', 'E', 'V', '\x01'};

static void
put_u32(char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (char) (v >> 8 * i);
}

void
evt_pack_put(enum evt_kind kind, const struct evt_part *part, char p[EVT_PACK_PREFIX])
{
    memcpy(p, mark, sizeof mark);
    put_u32(p + 4, kind == EVT_RECORD ? 1 : 2);
    put_u32(p + 8, (uint32_t) part->bytes.n);
    put_u32(p + 12, 0);
    put_u32(p + 16, (uint32_t) part->offset);
    put_u32(p + 20, (uint32_t) (part->offset >> 32));
}

bool
evt_pack_get(const char *p, struct evt_pack *out)
{
    uint32_t kind = evt_u32(p + 4);

    if (memcmp(p, mark, sizeof mark) != 0 || (kind != 1 && kind != 2))
        return false;
    *out = (struct evt_pack){kind == 1 ? EVT_RECORD : EVT_BAD, evt_u32(p + 8), evt_u64(p + 16)};
    if (out->kind == EVT_RECORD)
        return out->length >= EVT_RECORD_MIN && out->length <= EVT_RECORD_MAX;
    return out->length > 0 && out->length <= EVT_BAD_MAX;
}

bool
evt_pack_probe(struct str head)
{
    return head.n >= sizeof mark && memcmp(head.p, mark, sizeof mark) == 0;
}
