/* SPDX-License-Identifier: BSD-2-Clause
 *
 * when.h - civil time arithmetic, ISO 8601 text and zones.  No clock here. */
#ifndef PARSERS_WHEN_H
#define PARSERS_WHEN_H

#include "parsers/event.h"

#define WHEN_SECOND INT64_C(1000000000)
#define WHEN_MINUTE (60 * WHEN_SECOND)
#define WHEN_HOUR (3600 * WHEN_SECOND)
#define WHEN_DAY (86400 * WHEN_SECOND)

/* Nanoseconds since 1970 of the civil digits as if they were UTC.  False when
 * a part is out of range (year 1900..2200, 31 February, 24:00, second 60). */
bool when_civil(int year, int month, int day, int hour, int minute, int second, uint32_t nanosecond, int64_t *out);
/* ISO text of 'ns' with 'fraction' digits and no zone ("1998-09-10T09:55:37"). */
size_t when_iso(int64_t ns, unsigned fraction, char *out);
/* Month of the three-letter English name at 'p' (any case), 1..12, or 0. */
int when_month(const char *p);
/* Reads an ISO 8601 time "YYYY-MM-DDTHH:MM:SS[.f][Z|+HH:MM]" into 'w'. */
bool when_parse_iso(struct str s, struct when *w);
/* Full year of a two-digit one: 70..99 are 19xx, 00..69 are 20xx. */
int when_pivot(int two_digits);

/* A time zone from ICU: an IANA name ("America/Los_Angeles"), a Windows name
 * ("Pacific Daylight Time", "GMT Daylight Time"), "UTC" or "+HH:MM". */
struct zone;
struct zone *zone_open(struct str name); /* NULL when nobody knows it */
void zone_close(struct zone *);
const char *zone_name(const struct zone *); /* IANA name or offset */
/* Sets w->utc, utc_known and dst from w->local, and w->zone (the record's own
 * name for it) in a doubled hour; false when out of range. */
bool zone_apply(struct zone *, struct when *w);

/* The zones a stream's records name, opened once each; bounded. */
struct zone_cache;
struct zone_cache *zone_cache_new(void);
void zone_cache_free(struct zone_cache *);
struct zone *zone_cache_get(struct zone_cache *, struct str name); /* NULL: unknown */

#endif
