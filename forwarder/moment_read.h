/* SPDX-License-Identifier: BSD-2-Clause
 *
 * moment_read.h - a point in time as a person types it. */
#ifndef FORWARDER_MOMENT_READ_H
#define FORWARDER_MOMENT_READ_H

#include <stdbool.h>
#include <stdint.h>

/* What moment_read() takes, for messages. */
#define MOMENT_FORMS "2026-11-22T21:05:00Z, \"2026-11-22 21:05\" (local time), or how long ago: 90min, 2h, 3d"

/* '*utc' in ns; 'now' (ns UTC) is what "ago" counts from.  False when 'text' is
 * none of MOMENT_FORMS, or a day that no month has. */
bool moment_read(const char *text, int64_t now, int64_t *utc);

#endif
