/* SPDX-License-Identifier: BSD-2-Clause
 *
 * viewer_text.h - what the parts of the format viewer-text share: the shapes of
 * its lines (viewer_line.c) and framing and parsing (viewer_text.c).  For them
 * alone. */
#ifndef PARSERS_VIEWER_TEXT_H
#define PARSERS_VIEWER_TEXT_H

#include "parsers/format.h"

/* Questions to bytes of which more may come. */
enum viewer_answer { VIEWER_NO, VIEWER_YES, VIEWER_WAIT };

enum viewer_field {
    VIEWER_DATE,
    VIEWER_TIME,
    VIEWER_SOURCE,
    VIEWER_TYPE,
    VIEWER_CATEGORY,
    VIEWER_EVENT,
    VIEWER_USER,
    VIEWER_COMPUTER,
    VIEWER_FIELDS
};

/* The line that begins an exported record. */
struct viewer_line {
    struct str field[VIEWER_FIELDS]; /* trimmed, without quotes */
    size_t description;              /* offset of the last field */
};

/* A line that begins a bare event text: Event 109, Event ID: 109 ... */
struct viewer_header {
    bool number_known;
    uint32_t number;
    size_t rest; /* offset behind the number and its separator, or 0 */
    bool separated;
};

/* Whether an exported record begins at p[0].  'whole': no more bytes follow. */
enum viewer_answer viewer_line_read(const char *p, size_t n, bool whole, struct viewer_line *out);
/* Whether a bare event text begins with the line at p[0]. */
enum viewer_answer viewer_header_read(const char *p, size_t n, bool whole, struct viewer_header *out);
/* Whether the line at p[0] names the columns of the exported records that begin
 * right behind it, at '*end', as Windows Vista and later write it. */
enum viewer_answer viewer_columns_read(const char *p, size_t n, bool whole, size_t *end);
/* Whether 'text' begins with the column header of an export list, or with one
 * of its rows in the first two lines. */
bool viewer_is_list(struct str text);
/* Local time of a short date and a time of day; false when they are none. */
bool viewer_when(struct str date, struct str time, enum date_order, struct when *w);

#endif
