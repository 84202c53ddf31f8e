/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_frame.h - framing of SMS logs. */
#ifndef PARSERS_SMS_FRAME_H
#define PARSERS_SMS_FRAME_H

#include "parsers/format.h"

/* What framing remembers between two calls. */
struct sms_frame {
    uint8_t in_line; /* the last record was a piece of the line that goes on here */
};

enum format_next sms_frame_next(void *state, const char *p, size_t n, bool final, struct format_span *out);

#endif
