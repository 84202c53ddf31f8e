/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event_xml.h - what the parts of the format event-xml share: framing
 * (event_xml_frame.c), reading by libxml2 (event_xml_read.c) and parsing
 * (event_xml.c).  For them alone. */
#ifndef PARSERS_EVENT_XML_H
#define PARSERS_EVENT_XML_H

#include "parsers/format.h"

/* Framing state: part of a source's checkpoint, so plain bytes. */
struct event_xml_state {
    uint8_t run;   /* enum event_xml_run */
    uint8_t depth; /* wrapper elements that are open */
};

#define EVENT_XML_NS "schemas.microsoft.com/win/2004/08/events/event"

enum format_next event_xml_next(void *state, const char *p, size_t n, bool final, struct format_span *out);

/* One parse (event_xml_read.c fills it).  All character data goes to 'chars',
 * which is as long as the record: without entities nothing grows. */
struct event_xml_string {
    struct str name, value;
    bool shown; /* in the text alone: no insertion string, so it shifts none */
};

struct event_xml_reading {
    struct arena *arena; /* keeps the parser's context from record to record */
    struct event *ev;
    struct eventlog *log;
    char *chars;
    size_t n, cap;
    struct event_xml_string string[EVENTLOG_STRINGS_MAX];
    unsigned n_strings;
    bool has_number;
};

enum perr event_xml_read(struct event_xml_reading *, struct str bytes, size_t *at);
/* An unsigned decimal, or 0x hexadecimal, or negative 32-bit number (tools that
 * take ids as signed write that); false when it is none of them. */
bool event_xml_number(struct str s, uint64_t *out);
/* SystemTime: UTC, whether it says so or not.  False, '*out' untouched, for none. */
bool event_xml_system_time(struct str s, struct when *out);
/* RawTime: a FILETIME, 100 ns since 1601, if it lies where records can; other
 * clocks (ticks of the processor) do not.  Some tools write a date there. */
bool event_xml_raw_time(struct str s, struct when *out);
/* A level in English words, as wevtutil renders it; 0 for none. */
unsigned event_xml_level(struct str word);

#endif
