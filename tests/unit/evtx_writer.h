/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evtx_writer.h - writes .evtx files for tests: chunks, one template in each, and
 * records of it with the insertion strings as one string array, which is how
 * Windows keeps a classic event.  After libyal's description of the format;
 * evtx.sh has evtexport and python3-evtx judge what comes out. */
#ifndef TESTS_UNIT_EVTX_WRITER_H
#define TESTS_UNIT_EVTX_WRITER_H

#include <stdint.h>
#include <stdio.h>

struct evtx_event {
    const char *provider, *computer, *channel; /* ASCII */
    uint16_t number, qualifiers;
    uint8_t level;
    int64_t seconds; /* of 1970 */
    unsigned n_strings;
    const char *const *strings;
};

struct evtx_writer;
struct evtx_writer *evtx_writer_new(void);
void evtx_writer_add(struct evtx_writer *, const struct evtx_event *);
/* The file's bytes, good until evtx_writer_free(). */
const uint8_t *evtx_writer_end(struct evtx_writer *, size_t *n);
/* Moves the oldest chunk behind the newest, as in a log that went round. */
void evtx_writer_turn(struct evtx_writer *);
/* Where record 'i' (from 0) begins in the file. */
size_t evtx_writer_at(const struct evtx_writer *, size_t i);
void evtx_writer_free(struct evtx_writer *);

#endif
