/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_viewer.h - SMS records in forms without "$$<": copied from a trace
 * viewer, piped, quoted in mail, listed in documentation, or with a trailer
 * whose brackets are lost. */
#ifndef PARSERS_SMS_VIEWER_H
#define PARSERS_SMS_VIEWER_H

#include "parsers/sms_trailer.h"

/* The first trailer of these forms whose date stands in the line [from, to)
 * of the view; 't' may begin before 'from' never before 0.  'first' says that
 * the line is the record's first. */
enum sms_found sms_viewer_find(struct sms_view *, size_t from, size_t to, bool first, struct sms_trailer *t);
/* A line that begins with component, thread or time and goes on with the
 * text.  't' covers what stands before the text (start = from, end = where the
 * text begins), or for a date in front also what follows it. */
bool sms_viewer_head(struct sms_view *, size_t from, size_t to, struct sms_trailer *t);

#endif
