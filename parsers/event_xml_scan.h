/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event_xml_scan.h - tags and marks in bytes of which more may come.  For
 * event_xml_frame.c alone. */
#ifndef PARSERS_EVENT_XML_SCAN_H
#define PARSERS_EVENT_XML_SCAN_H

#include "parsers/event_xml.h"

/* The bytes that may be looked at; 'whole': no more will come to this view. */
struct event_xml_view {
    const char *p;
    size_t n;
    bool whole;
};

enum event_xml_answer { NO, YES, WAIT };

enum { EVENT_XML_NAME_MAX = 80 }; /* of a name: a longer one is none */

struct event_xml_tag {
    bool closing;
    struct str local; /* name without prefix */
    size_t name_end;  /* offset behind the name */
};

/* WAIT where more bytes can still come, else NO. */
static inline enum event_xml_answer
event_xml_scan_undecided(const struct event_xml_view *v)
{
    return v->whole ? NO : WAIT;
}

/* The name of the tag whose '<' is at 'at'. */
enum event_xml_answer event_xml_scan_name(const struct event_xml_view *, size_t at, struct event_xml_tag *);
/* Offset behind the '>' of the tag whose name ends at 'at'; quotes may hold a
 * '>', a '<' may stand nowhere in a tag. */
enum event_xml_answer event_xml_scan_tag_end(const struct event_xml_view *, size_t at, size_t *end);
/* Whether 'mark' stands at 'at'. */
enum event_xml_answer event_xml_scan_stands(const struct event_xml_view *, size_t at, struct str mark);
/* Offset behind the first 'mark' in the 'max' bytes from 'at' on. */
enum event_xml_answer event_xml_scan_mark(const struct event_xml_view *, size_t at, size_t max, struct str mark,
                                          size_t *end);
bool event_xml_scan_contains(const char *p, size_t n, struct str needle);

#endif
