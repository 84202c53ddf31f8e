/* SPDX-License-Identifier: BSD-2-Clause
 *
 * id.h - names that replays, re-reads and second collectors agree on: 128
 * bits of SHA-256 (design section 4). */
#ifndef PARSERS_ID_H
#define PARSERS_ID_H

#include "parsers/event.h"

struct id_hasher;
struct id_hasher *id_hasher_new(void);
void id_hasher_free(struct id_hasher *);

/* An event's id over format, host and the record's raw bytes, in pieces. */
bool id_begin(struct id_hasher *, struct str format, struct str host);
bool id_add(struct id_hasher *, const void *, size_t);
bool id_end(struct id_hasher *, uint8_t digest[16]);
/* A further hash of 'digest' and 'number': the ordinal of a repeated record,
 * or the byte offset of a record without time. */
bool id_mix(struct id_hasher *, uint8_t digest[16], uint64_t number);
void id_text(const uint8_t digest[16], char out[EVENT_ID_SIZE]);

/* Id of one change of an alarm. */
bool id_alarm(struct id_hasher *, struct str key, uint64_t raise, uint64_t change, char out[EVENT_ID_SIZE]);

/* Counts byte-equal predecessors within 5 s of record time, per source.  Fixed
 * size; plain data, part of the source's checkpoint. */
enum { ID_RECENT = 512 };
struct id_recent {
    uint32_t next;
    struct id_recent_entry {
        uint64_t half; /* of the digest */
        int64_t time;
        uint32_t count; /* 0: empty */
        uint32_t unused;
    } entry[ID_RECENT];
};
/* Ordinal of the record 'digest' at 'time' (ns): 0 for the first. */
uint64_t id_recent_ordinal(struct id_recent *, const uint8_t digest[16], int64_t time);

#endif
