/* SPDX-License-Identifier: BSD-2-Clause
 *
 * evt_sim.h - writes binary event logs (.evt) the way Microsoft's text says the
 * service does, and remembers which records are live.  It shares nothing with
 * the reader under test.  For unit tests and tests/integration/evt_make.c. */
#ifndef TESTS_UNIT_EVT_SIM_H
#define TESTS_UNIT_EVT_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uchar.h>

enum { SIM_STRINGS = 80 };

/* What a program hands to ReportEvent, and what the service adds. */
struct sim_entry {
    uint32_t generated, written; /* seconds; written 0: as generated */
    uint32_t id;
    uint16_t type, category;
    const char16_t *source, *computer;
    unsigned n_strings;
    const char16_t *string[SIM_STRINGS]; /* NULL: announced, and not there */
    const uint8_t *sid;
    uint32_t sid_n;
    const uint8_t *data;
    uint32_t data_n;
    uint32_t slack; /* spare bytes before the closing length, multiple of 4 */
};

struct sim_record {
    uint32_t number, offset, length, fill; /* fill: bytes passed over before it */
    uint8_t *bytes;
};

struct sim {
    uint8_t *p;
    uint32_t size; /* of the file */
    uint32_t begin, end, next, oldest;
    uint32_t flags;
    struct sim_record *live; /* oldest first */
    unsigned n_live, first, cap;
    bool full; /* the ring went round */
};

/* A log of 'size' bytes, empty. */
void sim_init(struct sim *, uint32_t size);
void sim_fini(struct sim *);
/* Writes one record; the header stays as it was. */
void sim_write(struct sim *, const struct sim_entry *);
/* Bytes that such a record has. */
uint32_t sim_length(const struct sim_entry *);
/* Bytes from the end mark to the end of the file. */
uint32_t sim_room(const struct sim *);
/* Writes records of no meaning until sim_room() is 'room'. */
void sim_fill_to(struct sim *, uint32_t room);
/* Writes the header back, as the service does when it closes the log. */
void sim_flush(struct sim *);
/* As the event viewer's "Clear All Events". */
void sim_clear(struct sim *);
/* Drops from the front what is not used: a file as long as it has to be, as "Save
 * As" makes it.  Only for a log that did not go round. */
void sim_shorten(struct sim *);
/* The 'i'th live record, oldest first. */
const struct sim_record *sim_live(const struct sim *, unsigned i);

/* An entry with the 'i'th of several shapes; strings are static. */
struct sim_entry sim_sample(unsigned i);
/* Event 109 of source SMS for ANFIELD, its figures blank. */
struct sim_entry sim_event_109(void);

#endif
