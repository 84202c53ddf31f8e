/* SPDX-License-Identifier: BSD-2-Clause
 *
 * format.h - one vtable per input format and the table of all of them.
 *
 * Framing (next) and parsing (parse) are apart: next() finds where a record
 * ends, from the bytes and 'final' alone, so that any chunking gives the same
 * records; parse() reads one.  Both are pure.  A format sees an 8-bit stream:
 * UTF-16 files were turned into UTF-8 before (text_utf16). */
#ifndef PARSERS_FORMAT_H
#define PARSERS_FORMAT_H

#include "parsers/arena.h"
#include "parsers/event.h"
#include "parsers/text.h"
#include "parsers/when.h"

enum date_order { DATE_ORDER_MDY, DATE_ORDER_DMY, DATE_ORDER_YMD };

/* The result of next().  RECORD: p[0 .. skip) are separators (line ends,
 * blanks, wrapping mark-up) and p[skip .. skip + length) is a record.  SKIP:
 * p[0 .. skip) are separators and nothing more can be said yet; skip > 0.
 * MORE: with these bytes no decision is possible; never when 'final' is true
 * and n > 0.  BAD: like RECORD, for bytes this format cannot frame: they become
 * one unclassified event and count as unframed.  Every byte is handed out
 * exactly once. */
enum format_next { FORMAT_MORE, FORMAT_SKIP, FORMAT_RECORD, FORMAT_BAD };

struct format_span {
    size_t skip;
    size_t length;
    bool one_line; /* no line end inside the record: spares a look for them */
    /* Of a file that is no stream of records: where the record stands in it, and
     * how many bytes it is there (0: as many as here).  Lines mean nothing then. */
    bool placed;
    uint64_t place;
    uint32_t stored;
    /* And of one whose records move in it (a ring): number and times there, by
     * which the record is known again; number 0 for bytes that are no record. */
    uint32_t number, generated, written;
};

/* A record longer than this is handed to parse() as its first and last parts:
 * see struct format_record.  next() may answer MORE for at most this many
 * bytes; with more at hand it must decide or the caller does (see pipeline). */
enum { FORMAT_WINDOW = 1 << 20 };

struct format_options {
    enum date_order date_order;
    struct text_codepage *code_page; /* NULL: the rule of text.h */
};

struct format_record {
    struct str bytes;    /* the record; for a long one its head, then its tail */
    bool shortened;      /* the middle of a long record is not in 'bytes' */
    const void *framed;  /* the state right after next() framed it, or NULL: only
                          * saves work, and changes no result */
};

struct format {
    const char *name;
    /* How well the first bytes of a file fit: 0 (not at all) to 100. */
    int (*probe)(struct str head);
    /* Framing state for one stream, 'state_size' bytes that start as zeros and
     * are part of the checkpoint: no pointers in it. */
    size_t state_size;
    enum format_next (*next)(void *state, const char *p, size_t n, bool final, struct format_span *out);
    /* Fills 'ev' (zeroed, format and source set by the caller) from one record.
     * On an error 'ev' holds what could be read, '*at' is the offset. */
    enum perr (*parse)(const struct format_options *, const struct format_record *, struct arena *,
                       struct event *ev, size_t *at);
    /* Optional.  Whether a file that begins with 'head' is of a layout that this
     * format knows and refuses; 'refusal' says which, and what to do instead. */
    bool (*refuses)(struct str head);
    const char *refusal;
    /* Optional.  Text and time (without a zone) of an undamaged record, quicker
     * than parse() and equal to what it finds; false when it takes parse().
     * 'framed' as in struct format_record. */
    bool (*glance)(const void *framed, struct str record, struct str *text, struct when *out);
    /* Optional, of event-log formats: the source that wrote an undamaged record,
     * and its time (UTC), quicker than parse() and equal to what it finds; 'room'
     * has FORMAT_SOURCE_MAX bytes for it.  False when it takes parse(). */
    bool (*source)(struct str record, char *room, struct str *source, struct when *out);
};

enum { FORMAT_SOURCE_MAX = 256 };

extern const struct format *const format_table[]; /* NULL at the end */
const struct format *format_find(struct str name);
/* The best fit for the first bytes of a file; NULL when nothing fits. */
const struct format *format_probe(struct str head);

extern const struct format sms_log_format;
extern const struct format bracket_log_format;
extern const struct format event_xml_format;
extern const struct format evtx_format;
extern const struct format viewer_text_format;
extern const struct format nt_trap_format;
extern const struct format relay_line_format;
extern const struct format evt_format;

#endif
