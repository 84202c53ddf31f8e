/* SPDX-License-Identifier: BSD-2-Clause
 *
 * place.h - where reading stands in a file, in terms of what the file holds: a
 * hash of its first bytes, a hash of the bytes before the offset (design
 * section 6).  Both must match to go on.  Device, inode, birth time and name
 * only say where to look first: inodes are used again, mounts number anew. */
#ifndef FORWARDER_PLACE_H
#define FORWARDER_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parsers/keep.h"
#include "parsers/str.h"

enum { PLACE_HEAD = 1024, PLACE_TAIL = 256, PLACE_HASH = 16, PLACE_NAME = 256, PLACE_DONE = 48, PLACE_RUNS = 16 };

/* Records of an event log that were read, numbered without a gap from 'first' to
 * 'last': a copy of the log holds them again, known by the hash of either end. */
struct place_run {
    uint32_t first, last;
    uint8_t first_hash[PLACE_HASH], last_hash[PLACE_HASH];
};

/* The last record that was read of a file whose records move (a ring): its
 * number, times and content are what it is known by, in whatever copy of the file.
 * Content, because a log that was cleared begins with number 1 again, and times
 * are whole seconds.  Of what no reader could make records of, the bytes behind it
 * that were read. */
struct place_mark {
    bool known;
    uint32_t number, generated, written; /* number 0: before the first record */
    uint64_t bad;
    uint64_t sum; /* place_sum() of the record's bytes */
};

/* Tells records apart that agree in number and times. */
static inline uint64_t
place_sum(const char *p, size_t n)
{
    return str_hash(str_make(p, n));
}

struct place {
    uint64_t offset; /* of the next byte to be read, as stored */
    uint64_t line;   /* 1-based, of that byte */
    uint32_t head_n; /* bytes hashed: min(PLACE_HEAD, offset or size at the time) */
    uint8_t head[PLACE_HASH], tail[PLACE_HASH]; /* tail: min(PLACE_TAIL, offset) bytes */
    /* What became of it: records and bytes that no format could frame, up to the
     * offset; 'finished' is the time (ns UTC) at which its end was reached, 0 it was not. */
    uint64_t records, unframed;
    int64_t finished;
    bool once; /* a file of a drop folder: it does not grow */
    /* hints; 0 and "" unknown */
    uint64_t dev, ino;
    int64_t birth, modified; /* ns UTC */
    char name[PLACE_NAME];   /* of the file, without folder */
    /* Heads (the first PLACE_HEAD bytes, or all of a shorter file) of
     * generations that were read to their end, newest first. */
    unsigned n_done;
    uint8_t done[PLACE_DONE][PLACE_HASH];
    struct place_mark mark;
    /* Of a copy in a drop folder: what was handed out of it, oldest first. */
    unsigned n_runs;
    struct place_run run[PLACE_RUNS];
};

/* The hash of 'n' bytes; false when memory ends. */
bool place_hash(const void *p, size_t n, uint8_t out[PLACE_HASH]);

#endif
