/* SPDX-License-Identifier: BSD-2-Clause
 *
 * zone.c - local digits to UTC by ICU's zone data.  A doubled hour is read as
 * its first occurrence unless the record's zone name says "Standard Time", a
 * missing hour is shifted on; what was guessed is flagged (design section 4,
 * "zone").
 *
 * ICU's calendar costs microseconds, so the answer is kept per minute of local
 * time: zones change on the minute (St. John's did so at 00:01). */
#include "build.h"

#include "parsers/when.h"

#include <stdlib.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

enum { ZONE_NAME = 80, ZONE_CACHE_MAX = 64 };

struct zone {
    UCalendar *calendar; /* NULL for a fixed offset */
    int64_t fixed;       /* ns to subtract from local digits */
    char name[ZONE_NAME];
    int64_t minute; /* the one 'shift' is for, INT64_MIN: none */
    int64_t shift;  /* utc = local - shift */
    int64_t second; /* the same, of a doubled hour's second occurrence */
    enum when_dst dst;
};

/* "+HH:MM", "-HH:MM", "UTC", "Z": true and '*ns' east of UTC. */
static bool
parse_fixed(struct str s, int64_t *ns)
{
    int h, m;

    if (str_case_eq(s, STR("UTC")) || str_eq(s, STR("Z"))) {
        *ns = 0;
        return true;
    }
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' || !str_is_digit(s.p[1])
        || !str_is_digit(s.p[2]) || !str_is_digit(s.p[4]) || !str_is_digit(s.p[5]))
        return false;
    h = (s.p[1] - '0') * 10 + s.p[2] - '0';
    m = (s.p[4] - '0') * 10 + s.p[5] - '0';
    if (h > 14 || m > 59)
        return false;
    *ns = (h * 60 + m) * WHEN_MINUTE * (s.p[0] == '-' ? -1 : 1);
    return true;
}

/* The IANA id of a Windows zone name into 'id'; "X Daylight Time" goes through
 * its Standard name.  Returns its length, 0 when unknown. */
static int32_t
windows_zone(struct str name, UChar *id, int32_t cap)
{
    static const struct str daylight = {" Daylight Time", 14};
    char standard[ZONE_NAME];
    UChar wide[ZONE_NAME];
    UErrorCode e = U_ZERO_ERROR;
    size_t n = name.n;
    int32_t len;

    if (n + 2 >= sizeof standard)
        return 0;
    memcpy(standard, name.p, n);
    if (n > daylight.n && str_case_eq(str_skip(name, n - daylight.n), daylight)) {
        memcpy(standard + n - daylight.n, " Standard Time", 14);
    }
    u_charsToUChars(standard, wide, (int32_t) n);
    len = ucal_getTimeZoneIDForWindowsID(wide, (int32_t) n, NULL, id, cap, &e);
    return U_SUCCESS(e) && len > 0 ? len : 0;
}

/* True when 'id' is a zone ICU has data for, and not its "unknown" answer. */
static bool
iana_zone(const UChar *id, int32_t len)
{
    UChar canonical[ZONE_NAME];
    UBool system_id = false;
    UErrorCode e = U_ZERO_ERROR;

    ucal_getCanonicalTimeZoneID(id, len, canonical, ZONE_NAME, &system_id, &e);
    return U_SUCCESS(e) && system_id;
}

struct zone *
zone_open(struct str name)
{
    UChar id[ZONE_NAME];
    UErrorCode e = U_ZERO_ERROR;
    struct zone *z;
    int32_t len;

    if (name.n == 0 || name.n >= ZONE_NAME - 2)
        return NULL;
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char) name.p[i] < 0x20 || (unsigned char) name.p[i] > 0x7e)
            return NULL;
    z = calloc(1, sizeof *z);
    if (!z)
        return NULL;
    z->minute = INT64_MIN;
    if (parse_fixed(name, &z->fixed)) {
        memcpy(z->name, name.p, name.n);
        return z;
    }
    u_charsToUChars(name.p, id, (int32_t) name.n);
    len = (int32_t) name.n;
    if (!iana_zone(id, len) && (len = windows_zone(name, id, ZONE_NAME)) == 0)
        goto fail;
    z->calendar = ucal_open(id, len, "", UCAL_GREGORIAN, &e);
    if (U_FAILURE(e))
        goto fail;
    u_UCharsToChars(id, z->name, len);
    return z;
fail:
    free(z);
    return NULL;
}

void
zone_close(struct zone *z)
{
    if (!z)
        return;
    if (z->calendar)
        ucal_close(z->calendar);
    free(z);
}

const char *
zone_name(const struct zone *z)
{
    return z->name;
}

/* Offset in ms east of UTC that the zone has at the instant 'utc_ms'. */
static int64_t
offset_at(UCalendar *c, double utc_ms, UErrorCode *e)
{
    ucal_setMillis(c, utc_ms, e);
    return (int64_t) ucal_get(c, UCAL_ZONE_OFFSET, e) + ucal_get(c, UCAL_DST_OFFSET, e);
}

/* Fills shift, second and dst of 'z' for the minute of 'local'. */
static bool
zone_resolve(struct zone *z, int64_t local)
{
    double local_ms = (double) (local / 1000000);
    UErrorCode e = U_ZERO_ERROR;
    int64_t before, after;

    /* Both offsets that are in force around this wall time: a day apart is
     * enough, since no zone changes twice in a day. */
    before = offset_at(z->calendar, local_ms - 86400000.0, &e);
    after = offset_at(z->calendar, local_ms + 86400000.0, &e);
    if (U_FAILURE(e))
        return false;
    z->dst = WHEN_DST_NONE;
    if (before == after) {
        z->shift = before * 1000000;
        return true;
    }
    bool before_fits = offset_at(z->calendar, local_ms - (double) before, &e) == before;
    bool after_fits = offset_at(z->calendar, local_ms - (double) after, &e) == after;
    if (U_FAILURE(e))
        return false;
    if (before_fits && after_fits)
        z->dst = WHEN_DST_FIRST;
    if (!before_fits && !after_fits)
        z->dst = WHEN_DST_SHIFTED;
    /* Doubled: the first is under the old offset.  Missing: the old offset
     * carries the digits past the gap.  Else the one that fits. */
    z->shift = (before_fits || !after_fits ? before : after) * 1000000;
    z->second = after * 1000000;
    return true;
}

static bool
ends_with(struct str s, struct str end)
{
    return s.n > end.n && str_case_eq(str_skip(s, s.n - end.n), end);
}

bool
zone_apply(struct zone *z, struct when *w)
{
    int64_t minute, shift;

    if (!w->local_known)
        return false;
    if (!z->calendar) {
        w->utc = w->local - z->fixed;
        w->utc_known = true;
        return true;
    }
    minute = w->local / WHEN_MINUTE - (w->local % WHEN_MINUTE < 0);
    if (minute != z->minute) {
        if (!zone_resolve(z, w->local))
            return false;
        z->minute = minute;
    }
    shift = z->shift;
    w->dst = z->dst;
    if (z->dst == WHEN_DST_FIRST) {
        /* What the record calls its zone tells the two apart. */
        bool standard = ends_with(w->zone, STR(" Standard Time"));

        if (standard)
            shift = z->second;
        if (standard || ends_with(w->zone, STR(" Daylight Time")))
            w->dst = WHEN_DST_NONE;
    }
    w->utc = w->local - shift;
    w->utc_known = true;
    return true;
}

struct zone_cache {
    unsigned n;
    unsigned last;
    struct {
        struct zone *zone; /* NULL: asked for and unknown */
        size_t len;
        char name[ZONE_NAME];
    } entry[ZONE_CACHE_MAX];
};

struct zone_cache *
zone_cache_new(void)
{
    return calloc(1, sizeof(struct zone_cache));
}

void
zone_cache_free(struct zone_cache *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < c->n; i++)
        zone_close(c->entry[i].zone);
    free(c);
}

/* The zone called 'name', opened at most once.  Beyond ZONE_CACHE_MAX names
 * the oldest answers are forgotten, so a hostile log costs time, not memory. */
struct zone *
zone_cache_get(struct zone_cache *c, struct str name)
{
    unsigned i;

    if (name.n == 0 || name.n >= ZONE_NAME)
        return NULL;
    if (c->n && c->entry[c->last].len == name.n && memcmp(c->entry[c->last].name, name.p, name.n) == 0)
        return c->entry[c->last].zone;
    for (i = 0; i < c->n; i++)
        if (c->entry[i].len == name.n && memcmp(c->entry[i].name, name.p, name.n) == 0)
            break;
    if (i == c->n) {
        if (c->n == ZONE_CACHE_MAX) {
            i = (c->last + 1) % ZONE_CACHE_MAX;
            zone_close(c->entry[i].zone);
        } else {
            c->n++;
        }
        c->entry[i].zone = zone_open(name);
        c->entry[i].len = name.n;
        memcpy(c->entry[i].name, name.p, name.n);
    }
    c->last = i;
    return c->entry[i].zone;
}
