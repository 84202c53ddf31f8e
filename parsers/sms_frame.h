/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_frame.h - framing of SMS logs. */
#ifndef PARSERS_SMS_FRAME_H
#define PARSERS_SMS_FRAME_H

#include "parsers/format.h"
#include "parsers/sms_trailer.h"

/* The trailer of the record that was framed last, where it stood as the
 * programs write it: places from the record's start, and no pointers. */
struct sms_mark {
    uint32_t end; /* of the record; 0: no such trailer */
    uint32_t start;
    uint32_t component, component_size;
    uint32_t thread, thread_size;
    uint32_t zone, zone_size; /* size 0: none */
    struct sms_date date;     /* its zone left out */
};

/* What framing remembers between two calls. */
struct sms_frame {
    uint8_t in_line; /* the last record was a piece of the line that goes on here */
    struct sms_mark mark;
};

enum format_next sms_frame_next(void *state, const char *p, size_t n, bool final, struct format_span *out);

/* The marked trailer of 'record', which sms_frame_next() framed last with this
 * state (NULL: unknown); false when it has to be looked for. */
bool sms_frame_trailer(const struct sms_frame *, struct str record, struct sms_trailer *t);

#endif
