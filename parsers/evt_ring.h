/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evt_ring.h - the binary event log of Windows NT 3.x to 2003 (.evt) as what
 * it is, a ring: finds the oldest record and gives each live one in order.
 *
 * Sources: "Event Log File Format" of the Windows SDK (bb309026) for header,
 * EVENTLOGRECORD, end mark and wrapping; Q255861 for logs that were copied
 * while the service had them open.
 *
 * The file is seen through a function that copies bytes of it, so that a file
 * of any size takes constant memory, and one that changes meanwhile can do no
 * harm: all offsets are checked against the size that was given at the start. */
#ifndef PARSERS_EVT_RING_H
#define PARSERS_EVT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parsers/str.h"

enum {
    EVT_HEADER = 48,        /* bytes of the file's header; the ring begins there */
    EVT_END = 40,           /* bytes of the end mark */
    EVT_FIXED = 56,         /* of a record: its fixed part, which is never split */
    EVT_RECORD_MIN = 60,    /* fixed part and closing length */
    EVT_RECORD_MAX = 512 * 1024, /* what is longer is no record */
    EVT_BAD_MAX = 64 * 1024 /* most bytes of a bad part that come at once */
};

/* How the file's bytes are had. */
struct evt_view {
    /* Copies bytes [at, at + n), which lie within 'size': 0 or negative errno. */
    int (*copy)(void *arg, uint64_t at, void *p, size_t n);
    void *arg;
    uint64_t size; /* of the file */
};

enum evt_kind {
    EVT_RECORD, /* one live record, whole */
    EVT_BAD,    /* bytes between live records that are none */
    EVT_DONE,   /* all was given */
    EVT_FAILED  /* the view could not be read: evt_ring_error() */
};

struct evt_part {
    uint64_t offset;   /* in the file; a record that is split begins there */
    struct str bytes;  /* of a record from its first length to its last; until the next call */
    uint32_t number;   /* of a record */
    uint32_t generated, written; /* seconds UTC */
};

/* What opening the ring found. */
struct evt_facts {
    uint32_t oldest, next; /* record numbers, as the end mark (else the header) has them; 0: empty */
    bool dirty;    /* the header is stale: the end mark was looked for */
    bool end_known; /* an end mark was found; else records are read as far as they go */
    bool wrapped;  /* the oldest record is not the first in the file */
    bool no_header;
};

struct evt_ring;

/* Opens the ring.  NULL with '*error': 0 when this is no event log, else a
 * negative errno.  Takes a window of at most 1 MiB for itself. */
struct evt_ring *evt_ring_open(const struct evt_view *, int *error);
void evt_ring_free(struct evt_ring *); /* NULL-safe */
const struct evt_facts *evt_ring_facts(const struct evt_ring *);
enum evt_kind evt_ring_next(struct evt_ring *, struct evt_part *out);
int evt_ring_error(const struct evt_ring *); /* negative errno */

/* True when these first bytes of a file are the header of an event log. */
bool evt_ring_probe(struct str head);

/* Little-endian numbers, for all who read these files. */
static inline uint16_t
evt_u16(const char *p)
{
    const unsigned char *b = (const unsigned char *) p;

    return (uint16_t) (b[0] | b[1] << 8);
}

static inline uint32_t
evt_u32(const char *p)
{
    const unsigned char *b = (const unsigned char *) p;

    return b[0] | (uint32_t) b[1] << 8 | (uint32_t) b[2] << 16 | (uint32_t) b[3] << 24;
}

static inline uint64_t
evt_u64(const char *p)
{
    return evt_u32(p) | (uint64_t) evt_u32(p + 4) << 32;
}

#endif
