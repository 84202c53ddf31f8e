/* SPDX-License-Identifier: BSD-2-Clause
 *
 * generation.h - what the name of a file says about rotation: which name it had
 * while it was written, and which of its like is older.
 *
 *   NAME.lo_                  the one generation of SMS
 *   NAME-YYYYMMDD-HHMMSS.log  Configuration Manager; also without the time
 *   NAME.N.log NAME.log.N     numbered: the higher the older
 *   NAME.log-YYYYMMDD[-N]     logrotate with dateext
 *   NAME.log.YYYY-MM-DD[.N]   daily
 *   any of them, and NAME.log itself, with .gz
 *
 * The live name ends in .log, .txt or .xml.  Case never matters. */
#ifndef FORWARDER_GENERATION_H
#define FORWARDER_GENERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum generation_kind {
    GENERATION_LIVE, /* no generation: written under this name */
    GENERATION_PACKED,
    GENERATION_LO,
    GENERATION_STAMP,
    GENERATION_NUMBER_INSIDE,
    GENERATION_NUMBER,
    GENERATION_DASH,
    GENERATION_DOT,
    GENERATION_KINDS
};

enum { GENERATION_NAME = 256 };

struct generation {
    enum generation_kind kind;
    bool packed;    /* .gz */
    uint64_t order; /* among those of one kind: the greater the newer */
    char live[GENERATION_NAME]; /* name that it was written under */
};

/* What 'name' (no folders) says.  False when it is too long to be followed. */
bool generation_parse(const char *name, struct generation *out);

/* Orders what stands in two structs of one log by kind, then age, oldest
 * first: as qsort() wants it. */
int generation_compare(const struct generation *, const struct generation *);

#endif
