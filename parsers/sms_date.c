/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_date.c - reads the times of SMS logs, wrapped or cut ones too, and turns
 * them into nanoseconds.  Called for framing (is this a trailer?) and parsing.
 * Resolves no zone names: that is the pipeline's. */
#include "build.h"

#include "parsers/sms_date.h"

enum {
    ZONE_MAX = 64,      /* bytes of a zone name, wraps included */
    BIAS_MAX = 1440,    /* minutes; more is nonsense and refused */
    NUMBER_MAX = 100000 /* where a number stops counting */
};

/* Digits at 'i', at most 'max' of them, as a number; returns their end. */
static size_t
number(struct sms_view *v, size_t i, unsigned max, int *value)
{
    size_t k = i;

    for (*value = 0; k - i < max && sms_is_digit_at(v, k); k++)
        if (*value < NUMBER_MAX)
            *value = *value * 10 + (v->p[k] - '0');
    return k;
}

/* A gap of at least one byte between two parts of a date; 0 for none. */
static size_t
part_gap(struct sms_view *v, size_t i, bool *damaged)
{
    unsigned lines;
    size_t k = sms_gap(v, i, &lines);

    if (k - i > 1 || lines)
        *damaged = true;
    return k == i ? 0 : k;
}

/* ".f" or nothing. */
static size_t
fraction_at(struct sms_view *v, size_t i, struct sms_date *d)
{
    size_t k = i + 1;
    uint32_t scale = 100000000;

    if (sms_at(v, i) != '.' || !sms_is_digit_at(v, k))
        return i;
    for (d->nanosecond = 0, d->fraction = 0; k - i < 20 && sms_is_digit_at(v, k); k++) {
        if (d->fraction < 9) {
            d->nanosecond += (uint32_t) (v->p[k] - '0') * scale;
            scale /= 10;
            d->fraction++;
        }
    }
    return k;
}

/* "h:mm:ss[.f]", seconds optional when 'loose'; 'i' for none. */
static size_t
clock_at(struct sms_view *v, size_t i, bool loose, struct sms_date *d)
{
    size_t k = number(v, i, 2, &d->hour), minute, second;

    if (k == i || sms_at(v, k) != ':')
        return i;
    minute = number(v, k + 1, 2, &d->minute);
    if (minute != k + 3)
        return i;
    d->second = 0;
    d->timed = true;
    if (sms_at(v, minute) != ':')
        return loose ? minute : i;
    second = number(v, minute + 1, 2, &d->second);
    if (second != minute + 3)
        return i;
    return fraction_at(v, second, d);
}

/* A time that breaks off: its digits so far, when the line ends with them. */
static size_t
broken_clock(struct sms_view *v, size_t i)
{
    size_t k = i;

    while (k - i < 12 && (sms_is_digit_at(v, k) || sms_at(v, k) == ':' || sms_at(v, k) == '.'))
        k++;
    return sms_is_eol(sms_at(v, k)) ? k : i;
}

/* Three letters as one number, for a switch. */
#define LETTERS(a, b, c) ((uint32_t) (a) | (uint32_t) (b) << 8 | (uint32_t) (c) << 16)

static inline uint32_t
letters(const char *p)
{
    return LETTERS((unsigned char) p[0], (unsigned char) p[1], (unsigned char) p[2]);
}

static inline bool
is_weekday(const char *p)
{
    switch (letters(p)) {
    case LETTERS('S', 'u', 'n'):
    case LETTERS('M', 'o', 'n'):
    case LETTERS('T', 'u', 'e'):
    case LETTERS('W', 'e', 'd'):
    case LETTERS('T', 'h', 'u'):
    case LETTERS('F', 'r', 'i'):
    case LETTERS('S', 'a', 't'):
        return true;
    default:
        return false;
    }
}

static inline int
month_of(const char *p)
{
    switch (letters(p)) {
    case LETTERS('J', 'a', 'n'):
        return 1;
    case LETTERS('F', 'e', 'b'):
        return 2;
    case LETTERS('M', 'a', 'r'):
        return 3;
    case LETTERS('A', 'p', 'r'):
        return 4;
    case LETTERS('M', 'a', 'y'):
        return 5;
    case LETTERS('J', 'u', 'n'):
        return 6;
    case LETTERS('J', 'u', 'l'):
        return 7;
    case LETTERS('A', 'u', 'g'):
        return 8;
    case LETTERS('S', 'e', 'p'):
        return 9;
    case LETTERS('O', 'c', 't'):
        return 10;
    case LETTERS('N', 'o', 'v'):
        return 11;
    case LETTERS('D', 'e', 'c'):
        return 12;
    default:
        return 0;
    }
}

static bool
weekday_at(struct sms_view *v, size_t i)
{
    int c = sms_at(v, i);

    if (c != 'S' && c != 'M' && c != 'T' && c != 'W' && c != 'F')
        return false;
    return sms_at(v, i + 2) >= 0 && is_weekday(v->p + i);
}

static int
month_at(struct sms_view *v, size_t i)
{
    return sms_at(v, i + 2) < 0 ? 0 : when_month(v->p + i);
}

static bool
zone_byte(int c)
{
    return c >= 0x80 || (c > 0 && (str_is_alnum((char) c) || memchr(".+-()/'&,:", c, 10) != NULL));
}

/* A zone name at 'i' (after the gap) up to a bracket or "thread=".  Returns
 * its end; d->zone only when something closes it, since it may be cut. */
static size_t
zone_at(struct sms_view *v, size_t i, struct sms_date *d, bool *damaged)
{
    size_t end = i, line = 0;
    char which;

    for (size_t k = i; k - i < ZONE_MAX;) {
        int c = sms_at(v, k);
        unsigned lines = 0;
        size_t next = sms_gap(v, k, &lines);

        if (lines && !line)
            line = end;
        if (sms_bracket(v, next, &which) || (sms_at(v, next) == 't' && sms_word(v, next, "thread="))) {
            if (end > i)
                d->zone = str_make(v->p + i, end - i);
            *damaged = *damaged || line;
            return end;
        }
        if (next == k && !zone_byte(c))
            break;
        if (next == k)
            end = ++k;
        else
            k = next;
        if (sms_at(v, k) < 0)
            break;
    }
    return line ? line : end;
}

static size_t
ctime_at(struct sms_view *v, size_t i, struct sms_date *d, bool *damaged)
{
    bool padded = false;
    size_t k = part_gap(v, i + 3, damaged), end, next;

    if (!k || !(d->month = month_at(v, k)))
        return i;
    end = k + 3;
    next = part_gap(v, end, &padded);
    k = next ? number(v, next, 2, &d->day) : 0;
    if (!next || k == next)
        return sms_is_eol(sms_at(v, sms_blanks(v, end))) ? end : i;
    /* ctime() itself pads a day of one digit with a blank. */
    if (padded && !(next - end == 2 && k - next == 1 && v->p[end] == ' ' && v->p[end + 1] == ' '))
        *damaged = true;
    end = k;
    next = part_gap(v, end, damaged);
    k = next ? clock_at(v, next, false, d) : 0;
    if (!next || k == next) {
        d->timed = false;
        return next ? broken_clock(v, next) == next ? end : broken_clock(v, next) : end;
    }
    end = k;
    next = part_gap(v, end, damaged);
    k = next ? number(v, next, 4, &d->year) : 0;
    if (!next || k != next + 4)
        return end;
    d->dated = true;
    end = k + (sms_at(v, k) == '~');
    next = part_gap(v, end, damaged);
    if (!next)
        return end;
    k = zone_at(v, next, d, damaged);
    /* What follows a line end is the zone only when something closes it. */
    if (k != next && !str_has(d->zone)
        && (memchr(v->p + end, '\n', next - end) || memchr(v->p + end, '\r', next - end)))
        k = next;
    if (k == next)
        *damaged = true;
    return k == next ? end : k;
}

/* "+300" after a time, perhaps after blanks. */
static size_t
bias_at(struct sms_view *v, size_t i, struct sms_date *d, bool *damaged)
{
    size_t k = sms_blanks(v, i), end;
    int sign = sms_at(v, k);

    if (sign != '+' && sign != '-')
        return i;
    end = number(v, k + 1, 8, &d->bias);
    if (end == k + 1)
        return i;
    if (sign == '-')
        d->bias = -d->bias;
    d->biased = true;
    if (k != i)
        *damaged = true;
    return end;
}

static size_t
numeric_at(struct sms_view *v, size_t i, struct sms_date *d, bool *damaged)
{
    size_t k = number(v, i, 2, &d->month), end, next;

    if (k == i || sms_at(v, k) != '-')
        return i;
    next = number(v, k + 1, 2, &d->day);
    if (next == k + 1 || sms_at(v, next) != '-')
        return i;
    end = number(v, next + 1, 4, &d->year);
    if (end != next + 5)
        return i;
    d->dated = true;
    next = part_gap(v, end, damaged);
    k = next ? clock_at(v, next, false, d) : 0;
    if (!next || k == next) {
        d->timed = false;
        return next && broken_clock(v, next) != next ? broken_clock(v, next) : end;
    }
    return bias_at(v, k, d, damaged);
}

size_t
sms_date_at(struct sms_view *v, size_t i, struct sms_date *d, bool *damaged)
{
    *d = (struct sms_date){.dated = false};
    if (weekday_at(v, i))
        return ctime_at(v, i, d, damaged);
    if (sms_is_digit_at(v, i))
        return numeric_at(v, i, d, damaged);
    return i;
}

bool
sms_date_begins(struct sms_view *v, size_t i)
{
    unsigned lines;
    size_t k = i;
    int c = sms_at(v, i);

    if (c >= '0' && c <= '9') {
        struct sms_date d;
        bool damaged;

        return numeric_at(v, i, &d, &damaged) != i;
    }
    if (!weekday_at(v, i))
        return false;
    k = sms_gap(v, i + 3, &lines);
    return k > i + 3 && month_at(v, k) != 0;
}

/* Two digits at 'p', or a negative number. */
static inline int
pair(const char *p)
{
    unsigned tens = (unsigned char) p[0] - '0', ones = (unsigned char) p[1] - '0';

    return tens > 9 || ones > 9 ? -10000 : (int) (tens * 10 + ones);
}

/* "HH:MM:SS" at fixed places. */
static inline bool
quick_clock(const char *p, struct sms_date *d)
{
    d->hour = pair(p);
    d->minute = pair(p + 3);
    d->second = pair(p + 6);
    d->timed = true;
    return p[2] == ':' && p[5] == ':' && (d->hour | d->minute | d->second) >= 0;
}

/* ".f" at 'p', which is followed by something else before 'end'; NULL if not. */
static inline const char *
quick_fraction(const char *p, const char *end, struct sms_date *d)
{
    uint32_t value = 0, scale = 1000000000;
    unsigned digits = 0;

    for (p++; p < end && str_is_digit(*p) && digits < 9; p++, digits++) {
        value = value * 10 + (uint32_t) (*p - '0');
        scale /= 10;
    }
    d->nanosecond = value * scale;
    d->fraction = (uint8_t) digits;
    return digits && p < end ? p : NULL;
}

/* The zone name, or nothing, up to '>'. */
static size_t
quick_zone(const struct sms_view *v, const char *p, struct sms_date *d)
{
    const char *end = v->p + v->n, *from = p + 1;

    if (end - p > ZONE_MAX)
        end = p + ZONE_MAX;
    if (p < end && *p == ' ') {
        for (p = from; p < end && sms_is(*p, SMS_WORD);) {
            while (p < end && sms_is(*p, SMS_WORD))
                p++;
            if (end - p > 1 && *p == ' ' && sms_is(p[1], SMS_WORD))
                p++;
        }
        if (p == from)
            return 0;
        d->zone = str_make(from, (size_t) (p - from));
    }
    return p < end && *p == '>' ? (size_t) (p - v->p) : 0;
}

size_t
sms_date_quick(const struct sms_view *v, size_t i, struct sms_date *d)
{
    const char *p = v->p + i, *end = v->p + v->n, *q;

    if (v->n - i < 26)
        return 0;
    *d = (struct sms_date){.dated = true};
    if (str_is_digit(p[0])) {
        d->month = pair(p);
        d->day = pair(p + 3);
        d->year = pair(p + 6) * 100 + pair(p + 8);
        if (p[2] != '-' || p[5] != '-' || p[10] != ' ' || (d->month | d->day | d->year) < 0 || p[19] != '.'
            || !quick_clock(p + 11, d) || !(q = quick_fraction(p + 19, end, d)) || (*q != '+' && *q != '-'))
            return 0;
        const char *first = ++q;
        for (; q < end && q - first < 4 && str_is_digit(*q); q++)
            d->bias = d->bias * 10 + (*q - '0');
        if (first[-1] == '-')
            d->bias = -d->bias;
        d->biased = true;
        return q > first && q < end && *q == '>' ? (size_t) (q - v->p) : 0;
    }
    d->month = month_of(p + 4);
    d->day = p[8] == ' ' && str_is_digit(p[9]) ? p[9] - '0' : pair(p + 8);
    if (!is_weekday(p) || p[3] != ' ' || !d->month || p[7] != ' ' || d->day < 0 || p[10] != ' '
        || !quick_clock(p + 11, d))
        return 0;
    q = p[19] == '.' ? quick_fraction(p + 19, end, d) : p + 19;
    if (!q || end - q < 8 || *q != ' ')
        return 0;
    d->year = pair(q + 1) * 100 + pair(q + 3);
    if (d->year < 0)
        return 0;
    if (q[5] == '~' && q[6] == '>')
        return (size_t) (q + 6 - v->p);
    return quick_zone(v, q + 5, d);
}

/* " AM" or " PM" after the clock: sets the hour; 'i' for none. */
static size_t
meridiem_at(struct sms_view *v, size_t i, struct sms_date *d, bool *damaged)
{
    unsigned lines;
    size_t k = sms_gap(v, i, &lines);
    int c = sms_at(v, k);

    if (lines > 1 || (c | 0x20) != ((c | 0x20) == 'p' ? 'p' : 'a') || (sms_at(v, k + 1) | 0x20) != 'm')
        return i;
    int after = sms_at(v, k + 2);
    if (after >= 0 && str_is_alnum((char) after))
        return i;
    if (lines)
        *damaged = true;
    if (d->hour < 1 || d->hour > 12)
        d->hour = -1;
    else
        d->hour = d->hour % 12 + ((c | 0x20) == 'p' ? 12 : 0);
    return k + 2;
}

size_t
sms_date_short(struct sms_view *v, size_t i, bool any, struct sms_date *d, bool *damaged)
{
    size_t k = i, next;
    unsigned lines;
    int mark = 0;

    *d = (struct sms_date){.shorted = true};
    for (int part = 0; part < 3; part++) {
        size_t from = k;

        k = number(v, from, 4, &d->part[part]);
        d->part_digits[part] = (uint8_t) (k - from);
        if (k == from || d->part_digits[part] == 3 || (part == 1 && k - from > 2) || sms_is_digit_at(v, k))
            return i;
        if (part == 2)
            break;
        int c = sms_at(v, k++);
        if (c != '/' && !(any && (c == '.' || c == '-')))
            return i;
        if (part && c != mark)
            return i;
        mark = c;
    }
    if ((d->part_digits[0] == 4 && d->part_digits[2] == 4)
        || (d->part_digits[2] == 1 && d->part_digits[0] != 4))
        return i;
    d->dated = true;
    next = sms_gap(v, k, &lines);
    if (next == k || lines > 1)
        return k;
    size_t end = clock_at(v, next, true, d);
    if (end == next) {
        d->timed = false;
        return k;
    }
    if (lines)
        *damaged = true;
    return meridiem_at(v, end, d, damaged);
}

/* Year, month and day of a short date in the order that the source has; a
 * number of four digits in front is a year in any order. */
static void
short_parts(const struct sms_date *d, enum date_order order, int *year, int *month, int *day)
{
    bool year_first = d->part_digits[0] == 4 || (order == DATE_ORDER_YMD && d->part_digits[2] != 4);
    bool day_first = order == DATE_ORDER_DMY;

    *year = d->part[year_first ? 0 : 2];
    *month = d->part[year_first || day_first ? 1 : 0];
    *day = d->part[year_first ? 2 : day_first ? 0 : 1];
    if (d->part_digits[year_first ? 0 : 2] <= 2)
        *year = when_pivot(*year);
}

void
sms_date_when(const struct sms_date *d, enum date_order order, struct when *w)
{
    int year = d->year, month = d->month, day = d->day;

    if (!d->dated || !d->timed)
        return;
    if (d->shorted)
        short_parts(d, order, &year, &month, &day);
    w->local_known = when_civil(year, month, day, d->hour, d->minute, d->second, d->nanosecond, &w->local);
    if (!w->local_known)
        return;
    w->fraction = d->fraction;
    if (d->biased && d->bias >= -BIAS_MAX && d->bias <= BIAS_MAX) {
        w->bias_known = true;
        w->bias = d->bias;
        w->utc = w->local + d->bias * WHEN_MINUTE;
        w->utc_known = true;
    }
}
