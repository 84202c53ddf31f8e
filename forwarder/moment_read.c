/* SPDX-License-Identifier: BSD-2-Clause
 *
 * moment_read.c - a point in time as a person types it.  Called by
 * cmd_replay.c. */
#include "build.h"

#include "forwarder/moment_read.h"

#include <string.h>
#include <time.h>

#include "forwarder/config_parts.h"
#include "parsers/str.h"
#include "parsers/when.h"

/* config_time() trusts its text, which the schema has seen; this did not. */
static bool
is_span(const char *text)
{
    static const char *const unit[] = {"s", "min", "h", "d"};
    const char *end = text + strspn(text, "0123456789");

    for (unsigned i = 0; i < sizeof unit / sizeof unit[0]; i++)
        if (end > text && strcmp(end, unit[i]) == 0)
            return true;
    return false;
}

/* Takes 'n' digits off the front of '*p'; -1 when they are not there. */
static int
digits(const char **p, int n)
{
    int v = 0;

    for (; n > 0; n--) {
        if (!str_is_digit(**p))
            return -1;
        v = v * 10 + (*(*p)++ - '0');
    }
    return v;
}

static bool
mark(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

/* What stands behind the time: Z, +HH:MM, or nothing, which is local time. */
static bool
to_utc(const char *p, struct tm *tm, time_t *out)
{
    struct tm back, given = *tm;
    int sign, hours, minutes;

    if (*p == '\0') {
        tm->tm_isdst = -1;
        *out = mktime(tm);
        /* A day or an hour that there is not comes back as another one. */
        return *out != (time_t) -1 && tm->tm_mday == given.tm_mday && tm->tm_hour == given.tm_hour;
    }
    *out = timegm(tm);
    if (!gmtime_r(out, &back) || back.tm_mday != given.tm_mday)
        return false;
    if (strcmp(p, "Z") == 0)
        return true;
    sign = *p == '+' ? 1 : *p == '-' ? -1 : 0;
    p++;
    hours = digits(&p, 2);
    if (!sign || hours < 0 || hours > 14 || !mark(&p, ':') || (minutes = digits(&p, 2)) < 0 || minutes > 59 || *p)
        return false;
    *out -= sign * (hours * 3600 + minutes * 60);
    return true;
}

bool
moment_read(const char *text, int64_t now, int64_t *utc)
{
    const char *p = text;
    struct tm tm = {0};
    int64_t ago;
    time_t t;

    if (is_span(text) && config_time(text, &ago)) {
        *utc = now - ago;
        return true;
    }
    tm.tm_year = digits(&p, 4) - 1900;
    if (tm.tm_year < 70 || !mark(&p, '-') || (tm.tm_mon = digits(&p, 2) - 1) < 0 || tm.tm_mon > 11 || !mark(&p, '-')
        || (tm.tm_mday = digits(&p, 2)) < 1 || tm.tm_mday > 31)
        return false;
    if (*p == 'T' || *p == ' ') {
        p++;
        if ((tm.tm_hour = digits(&p, 2)) < 0 || tm.tm_hour > 23 || !mark(&p, ':') || (tm.tm_min = digits(&p, 2)) < 0
            || tm.tm_min > 59)
            return false;
        if (mark(&p, ':') && ((tm.tm_sec = digits(&p, 2)) < 0 || tm.tm_sec > 59))
            return false;
    }
    if (!to_utc(p, &tm, &t))
        return false;
    *utc = (int64_t) t * WHEN_SECOND;
    return true;
}
