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

/* Two digits at once: this runs twice for every event that is written. */
static const char digit_pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                  "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                  "8081828384858687888990919293949596979899";

static inline void
put_pair(char *out, uint32_t value)
{
    memcpy(out, digit_pairs + 2 * value, 2);
}

/* Writes the ISO text of 'ns' (up to 'fraction' 0..9 digits of second, cut, not
 * rounded) to 'out' of WHEN_TEXT_SIZE; returns its length. */
size_t
when_iso(int64_t ns, unsigned fraction, char *out)
{
    /* From 1600-03-01, which is before the first int64 of nanoseconds, so that
     * all arithmetic after this line is on small unsigned numbers. */
    const int64_t epoch_days = 135080;
    int64_t seconds = ns / WHEN_SECOND, nanos = ns % WHEN_SECOND;
    uint64_t from_start;
    uint32_t days, of_day, era, day_of_era, year_of_era, day_of_year, shifted, month, year, shown;

    if (nanos < 0) {
        nanos += WHEN_SECOND;
        seconds--;
    }
    from_start = (uint64_t) (seconds + epoch_days * 86400);
    days = (uint32_t) (from_start / 86400);
    of_day = (uint32_t) (from_start % 86400);
    era = days / 146097;
    day_of_era = days % 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    shifted = (5 * day_of_year + 2) / 153;
    month = shifted < 10 ? shifted + 3 : shifted - 9;
    year = 1600 + year_of_era + era * 400 + (month <= 2);
    memcpy(out, "0000-00-00T00:00:00", 20);
    put_pair(out, year / 100);
    put_pair(out + 2, year % 100);
    put_pair(out + 5, month);
    put_pair(out + 8, day_of_year - (153 * shifted + 2) / 5 + 1);
    put_pair(out + 11, of_day / 3600);
    put_pair(out + 14, of_day / 60 % 60);
    put_pair(out + 17, of_day % 60);
    if (!fraction)
        return 19;
    if (fraction > 9)
        fraction = 9;
    out[19] = '.';
    shown = (uint32_t) nanos;
    for (unsigned i = 9; i > 0; i--, shown /= 10)
        if (i <= fraction)
            out[19 + i] = (char) ('0' + shown % 10);
    out[20 + fraction] = '\0';
    return 20 + fraction;
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
