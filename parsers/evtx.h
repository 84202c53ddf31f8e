/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evtx.h - the parts of an .evtx file (Windows Vista and later) that have to be
 * known to account for all of it: the header, chunks, and where a record begins
 * and ends (libyal, Windows XML Event Log format).  What is inside a record is
 * libevtx's to read.  And the stream that forwarder/evtx_file.c makes of it. */
#ifndef PARSERS_EVTX_H
#define PARSERS_EVTX_H

#include "parsers/format.h"

enum {
    EVTX_HEADER = 4096,
    EVTX_CHUNK = 65536,
    EVTX_RECORDS = 512,    /* of the first record in a chunk */
    EVTX_RECORD_MIN = 28
};

/* True when a file begins as an .evtx does. */
bool evtx_is(struct str head);
/* From the file's header (128 bytes): the chunk that holds the oldest records,
 * and how many there should be. */
void evtx_header_read(const char *p, uint64_t *oldest, unsigned *chunks);

/* A run of a chunk: a record, or bytes that are none. */
struct evtx_part {
    bool record;
    size_t at, length;
    uint64_t id; /* of a record */
};

/* Whether these EVTX_CHUNK bytes (fewer where the file ends) begin as a chunk. */
bool evtx_chunk_is(const char *p, size_t n);
/* Whether they hold all that the chunk says it has. */
bool evtx_chunk_whole(const char *p, size_t n);
/* The part at or behind '*at' (EVTX_RECORDS for the first); false behind the last
 * one.  Zeros, and what lies behind the chunk's own end mark, are no part. */
bool evtx_chunk_next(const char *p, size_t n, size_t *at, struct evtx_part *out);

/* The stream: each record as XML, or as its bytes where it could not be read,
 * behind this.  No file holds it. */
enum { EVTX_PREFIX = 32 };
struct evtx_prefix {
    bool readable;
    uint32_t length; /* that follow, never 0 */
    uint32_t stored; /* bytes in the file */
    uint64_t place;  /* offset in the file */
    uint32_t number; /* EventRecordID, its low 32 bits; 0 unknown */
};
void evtx_prefix_put(const struct evtx_prefix *, char p[EVTX_PREFIX]);
bool evtx_prefix_get(const char *p, struct evtx_prefix *out);
/* Whether these bytes begin as such a stream. */
bool evtx_pack_probe(struct str head);

#endif
