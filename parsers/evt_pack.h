/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evt_pack.h - a ring (evt_ring.h) as a stream of bytes: each part of it behind
 * a prefix that says what it is, how long, and where it stands in the file.
 * This is what the format "evt" frames; no file holds it. */
#ifndef PARSERS_EVT_PACK_H
#define PARSERS_EVT_PACK_H

#include "parsers/evt_ring.h"

enum { EVT_PACK_PREFIX = 24 };

struct evt_pack {
    enum evt_kind kind; /* EVT_RECORD or EVT_BAD */
    uint32_t length;    /* of the part, without the prefix; never 0 */
    uint64_t offset;    /* of the part in the file */
};

/* The prefix of a part, to 'p'. */
void evt_pack_put(enum evt_kind, const struct evt_part *, char p[EVT_PACK_PREFIX]);
/* True and '*out' filled when 'p' (EVT_PACK_PREFIX bytes) is such a prefix. */
bool evt_pack_get(const char *p, struct evt_pack *out);
/* Whether these bytes begin as a prefix does. */
bool evt_pack_probe(struct str head);

#endif
