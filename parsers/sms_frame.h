/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_frame.h - framing of SMS logs. */
#ifndef PARSERS_SMS_FRAME_H
#define PARSERS_SMS_FRAME_H

#include "parsers/format.h"
#include "parsers/sms_trailer.h"

enum { SMS_MARK_MAX = 120 };

/* The trailer of the record that was framed last, where it stood as the
 * programs write it: places, and no pointers.  Many records have the trailer of
 * the one before, to the second: its bytes stay here, and with them what they say. */
struct sms_mark {
    uint32_t end; /* of the record; 0: no such trailer */
    uint32_t start;
    /* places from 'start' */
    uint32_t component, component_size;
    uint32_t thread, thread_size;
    uint32_t zone, zone_size; /* size 0: none */
    struct when when;         /* of the date; its zone left out */
    uint32_t size;            /* of 'bytes'; 0: none are kept */
    char bytes[SMS_MARK_MAX]; /* the trailer, and the line end's first byte */
};

/* What framing remembers between two calls. */
struct sms_frame {
    uint8_t in_line; /* the last record was a piece of the line that goes on here */
    struct sms_mark mark;
};

enum format_next sms_frame_next(void *state, const char *p, size_t n, bool final, struct format_span *out);

/* The marked trailer of 'record', which sms_frame_next() framed last with this
 * state (NULL: unknown), with its time in 'when' in place of t->date; false when
 * it has to be looked for. */
bool sms_frame_trailer(const struct sms_frame *, struct str record, struct sms_trailer *t, struct when *when);

#endif
