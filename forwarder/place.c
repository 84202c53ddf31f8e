/* SPDX-License-Identifier: BSD-2-Clause
 *
 * place.c - the hashes by which a place in a file is known again.  Called by the
 * followers, which look for it, and by the streams, which note it: both must
 * come to the same bytes. */
#include "build.h"

#include "forwarder/place.h"

#include "parsers/id.h"

/* 'out' becomes the hash of the 'n' bytes at 'p'; false when memory ends. */
bool
place_hash(const void *p, size_t n, uint8_t out[PLACE_HASH])
{
    struct id_hasher *h = id_hasher_new();
    bool ok = h && id_begin(h, STR("place"), STR("")) && id_add(h, p, n) && id_end(h, out);

    id_hasher_free(h);
    return ok;
}
