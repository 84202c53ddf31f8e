/* SPDX-License-Identifier: BSD-2-Clause
 *
 * put.h - words into a bounded buffer: what answers to people are made of.
 * After a failure (bound, memory) the buffer's 'failed' is set, nothing more
 * is added, and the caller looks at it once, at the end. */
#ifndef FORWARDER_PUT_H
#define FORWARDER_PUT_H

#include <stdint.h>

#include "parsers/item_xml.h"
#include "parsers/str.h"

/* A size and a time need at most this many bytes, NUL included. */
enum { PUT_SHORT = 32 };

void put_bytes(struct xml_buf *, const void *, size_t n);
void put_z(struct xml_buf *, const char *);
void put_f(struct xml_buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Text from outside, made safe for a terminal as text_show() does. */
void put_shown(struct xml_buf *, struct str);

/* "1.2 GiB", "17 B". */
const char *put_size(char out[PUT_SHORT], uint64_t bytes);
/* "3 d 4 h", "12 min 5 s", "250 ms"; a negative one counts as 0. */
const char *put_span(char out[PUT_SHORT], int64_t ns);
/* "2026-11-22T21:05:00Z"; "-" for 0. */
const char *put_time(char out[PUT_SHORT], int64_t utc_ns);
/* "12,345,678". */
const char *put_count(char out[PUT_SHORT], uint64_t n);

#endif
