/* SPDX-License-Identifier: BSD-2-Clause
 *
 * when.c - civil time arithmetic and ISO 8601 text.  Proleptic Gregorian, no
 * leap seconds, no clock.  zone.c adds time zones. */
#include "build.h"

#include "parsers/when.h"

/* Days since 1970-01-01 of a civil date; counts years from March so that the
 * leap day is the last of its year. */
static int64_t
days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static bool
leap_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool
when_civil(int year, int month, int day, int hour, int minute, int second, uint32_t nanosecond, int64_t *out)
{
    static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (year < 1900 || year > 2200 || month < 1 || month > 12 || day < 1
        || day > month_days[month - 1] + (month == 2 && leap_year(year)) || hour < 0 || hour > 23 || minute < 0
        || minute > 59 || second < 0 || second > 59 || nanosecond > 999999999)
        return false;
    *out = (days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * WHEN_SECOND
           + nanosecond;
    return true;
}

static char *
put_digits(char *out, unsigned value, unsigned width)
{
    for (unsigned i = width; i-- > 0; value /= 10)
        out[i] = (char) ('0' + value % 10);
    return out + width;
}

/* Writes the ISO text of 'ns' (up to 'fraction' 0..9 digits of second, cut, not
 * rounded) to 'out' of WHEN_TEXT_SIZE; returns its length. */
size_t
when_iso(int64_t ns, unsigned fraction, char *out)
{
    int64_t seconds = ns / WHEN_SECOND, nanos = ns % WHEN_SECOND;
    int64_t days, of_day, era, year_of_era, day_of_era, day_of_year, year;
    unsigned month, day, shown;
    char *p = out;

    if (nanos < 0) {
        nanos += WHEN_SECOND;
        seconds--;
    }
    days = seconds / 86400;
    of_day = seconds % 86400;
    if (of_day < 0) {
        of_day += 86400;
        days--;
    }
    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    day_of_era = days - era * 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (unsigned) ((5 * day_of_year + 2) / 153);
    day = (unsigned) (day_of_year - (153 * month + 2) / 5 + 1);
    month = month < 10 ? month + 3 : month - 9;
    year = year_of_era + era * 400 + (month <= 2);
    p = put_digits(p, (unsigned) year, 4);
    *p++ = '-';
    p = put_digits(p, month, 2);
    *p++ = '-';
    p = put_digits(p, day, 2);
    *p++ = 'T';
    p = put_digits(p, (unsigned) (of_day / 3600), 2);
    *p++ = ':';
    p = put_digits(p, (unsigned) (of_day / 60 % 60), 2);
    *p++ = ':';
    p = put_digits(p, (unsigned) (of_day % 60), 2);
    if (fraction > 9)
        fraction = 9;
    if (fraction) {
        *p++ = '.';
        shown = (unsigned) nanos;
        for (unsigned i = fraction; i < 9; i++)
            shown /= 10;
        p = put_digits(p, shown, fraction);
    }
    *p = '\0';
    return (size_t) (p - out);
}

int
when_month(const char *p)
{
    static const char names[12][4] = {"jan", "feb", "mar", "apr", "may", "jun",
                                      "jul", "aug", "sep", "oct", "nov", "dec"};

    for (int i = 0; i < 12; i++)
        if (str_lower_char(p[0]) == names[i][0] && str_lower_char(p[1]) == names[i][1]
            && str_lower_char(p[2]) == names[i][2])
            return i + 1;
    return 0;
}

int
when_pivot(int two_digits)
{
    return two_digits >= 70 ? 1900 + two_digits : 2000 + two_digits;
}

/* Reads exactly 'width' digits at s[at]; -1 when they are not there. */
static int
digits_at(struct str s, size_t at, unsigned width)
{
    int v = 0;

    if (at + width > s.n)
        return -1;
    for (unsigned i = 0; i < width; i++) {
        if (!str_is_digit(s.p[at + i]))
            return -1;
        v = v * 10 + (s.p[at + i] - '0');
    }
    return v;
}

bool
when_parse_iso(struct str s, struct when *w)
{
    size_t at = 19;
    uint32_t nanos = 0, scale = 100000000;
    unsigned fraction = 0;
    int64_t local, offset = 0;
    int hours, minutes;

    if (s.n < 19 || s.p[4] != '-' || s.p[7] != '-' || (s.p[10] != 'T' && s.p[10] != ' ') || s.p[13] != ':'
        || s.p[16] != ':')
        return false;
    if (at < s.n && s.p[at] == '.') {
        for (at++; at < s.n && str_is_digit(s.p[at]); at++)
            if (fraction < 9) {
                nanos += (uint32_t) (s.p[at] - '0') * scale;
                scale /= 10;
                fraction++;
            }
    }
    if (!when_civil(digits_at(s, 0, 4), digits_at(s, 5, 2), digits_at(s, 8, 2), digits_at(s, 11, 2),
                    digits_at(s, 14, 2), digits_at(s, 17, 2), nanos, &local))
        return false;
    w->fraction = (uint8_t) fraction;
    if (at == s.n) {
        w->local = local;
        w->local_known = true;
        return true;
    }
    if (s.p[at] == 'Z' && at + 1 == s.n) {
        w->utc = local;
        w->utc_known = true;
        return true;
    }
    if (s.n - at != 6 || (s.p[at] != '+' && s.p[at] != '-') || s.p[at + 3] != ':')
        return false;
    hours = digits_at(s, at + 1, 2);
    minutes = digits_at(s, at + 4, 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59)
        return false;
    offset = (hours * 60 + minutes) * WHEN_MINUTE;
    w->local = local;
    w->local_known = true;
    w->utc = s.p[at] == '+' ? local - offset : local + offset;
    w->utc_known = true;
    return true;
}
