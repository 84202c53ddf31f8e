/* SPDX-License-Identifier: BSD-2-Clause
 *
 * relay_line.h - what the parts of the format relay-line share: the syslog
 * header (relay_head.c), Snare and evtsys lines (relay_snare.c), JSON lines
 * (relay_json.c), framing and the vtable (relay_line.c).  For them alone. */
#ifndef PARSERS_RELAY_LINE_H
#define PARSERS_RELAY_LINE_H

#include "parsers/format.h"

/* What stands before the message of a syslog line as a relay writes it. */
struct relay_head {
    bool known;       /* any header at all */
    int severity;     /* of <PRI>, 0..7, or -1 */
    struct when when; /* nothing known where the header shows no year */
    struct str host;
    struct str app;   /* APP-NAME of RFC 5424 */
    size_t body;      /* offset of the message in the line */
    size_t datagram;  /* about how long the line was as RFC 3164 without <PRI> */
};

/* One line while it is parsed: 'line' is cleaned, all else grows in the arena. */
struct relay_reading {
    struct arena *arena;
    struct event *ev;
    struct eventlog *log;
    struct relay_head head;
    struct str line;
    struct str body; /* the message, without its header */
};

/* relay_head.c */
void relay_head_read(struct str line, struct relay_head *out);
/* A time of day as the senders write it (Thu Sep 10 09:55:37 1998, ISO 8601
 * with a T or a blank, an offset or none); false when it is none. */
bool relay_when(struct str s, struct when *w);

/* Facts of a line into the event, the same way for each kind.  Absent, empty
 * and N/A values leave a field as it is. */
void relay_set(struct str *field, struct str value);
void relay_set_host(struct relay_reading *x, struct str host);
void relay_set_number(struct relay_reading *x, uint32_t id32);
void relay_set_level(struct relay_reading *x, struct str type);
bool relay_number(struct str s, uint32_t *out); /* decimal, 32 bits, may be negative */

/* relay_snare.c.  False when the body is not of that kind; else '*err' says how
 * it went and the log's message is set where there is one. */
/* What a body may have in front: 'headed' lines any tag, others one word, so that
 * a text that quotes such a line is not taken for one. */
bool relay_may_begin(struct str body, size_t at, bool headed);
bool relay_is_snare(struct str body, bool headed);
bool relay_is_evtsys(struct str body, bool headed);
bool relay_snare_parse(struct relay_reading *x, enum perr *err);
bool relay_evtsys_parse(struct relay_reading *x, enum perr *err);

/* relay_json.c.  The offset of a JSON object in the body, or body.n. */
size_t relay_json_find(struct str body, bool headed);
bool relay_json_parse(struct relay_reading *x, enum perr *err);

#endif
