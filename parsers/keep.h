/* SPDX-License-Identifier: BSD-2-Clause
 *
 * keep.h - copies that outlive the batch's arena.  Each is one heap block,
 * given back with free(). */
#ifndef PARSERS_KEEP_H
#define PARSERS_KEEP_H

#include "parsers/arena.h"
#include "parsers/event.h"

/* NULL when memory ends. */
struct facts *keep_facts(const struct facts *);
struct event *keep_event(const struct event *); /* without ->log */
char *keep_str(struct str);                     /* NUL-terminated */

/* Strings that 'to' lacks are taken from 'from', text fields only. */
void facts_fill(struct facts *to, const struct facts *from);

/* Bytes for saving and restoring: big-endian numbers, counted strings. */
struct keep_out {
    uint8_t *p;
    size_t n, cap;
    bool failed;
};
void keep_put_u64(struct keep_out *, uint64_t);
void keep_put_str(struct keep_out *, struct str);
void keep_put_when(struct keep_out *, const struct when *);
void keep_put_facts(struct keep_out *, const struct facts *);
void keep_put_event(struct keep_out *, const struct event *);

struct keep_in {
    const uint8_t *p, *end;
    bool failed; /* sticky: what was read after it is zero */
};
uint64_t keep_get_u64(struct keep_in *);
struct str keep_get_str(struct keep_in *); /* borrows the bytes */
void keep_get_when(struct keep_in *, struct when *);
void keep_get_facts(struct keep_in *, struct facts *);
void keep_get_event(struct keep_in *, struct event *);

#endif
