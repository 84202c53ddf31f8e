/* SPDX-License-Identifier: BSD-2-Clause
 *
 * relay_head.c - the header of a syslog line in a relay's file: RFC 3164, the
 * same with an RFC 3339 time (rsyslog's file format), and RFC 5424, each with
 * or without <PRI>; and the times that senders write.  Called by relay_line.c
 * and its other parts.  Looks at no message. */
#include "build.h"

#include "parsers/relay_line.h"

/* The bytes up to the next blank, and '*at' behind that blank. */
static struct str
take_word(struct str line, size_t *at)
{
    size_t from = *at, n = 0;

    while (from + n < line.n && !str_is_blank(line.p[from + n]))
        n++;
    *at = from + n + (from + n < line.n);
    return str_make(line.p + from, n);
}

/* <PRI>: its severity (RFC 5424 section 6.2.1), or -1 and '*at' as it was. */
static int
take_pri(struct str line, size_t *at)
{
    unsigned value = 0;
    size_t i = *at + 1;

    if (*at >= line.n || line.p[*at] != '<')
        return -1;
    for (; i < line.n && i < *at + 4 && str_is_digit(line.p[i]); i++)
        value = value * 10 + (unsigned) (line.p[i] - '0');
    if (i == *at + 1 || i >= line.n || line.p[i] != '>' || value > 191)
        return -1;
    *at = i + 1;
    return (int) (value & 7);
}

/* hh:mm:ss at 's'; false when it is not there. */
static bool
read_clock(struct str s, int part[3])
{
    if (s.n < 8 || s.p[2] != ':' || s.p[5] != ':')
        return false;
    for (int i = 0; i < 3; i++) {
        if (!str_is_digit(s.p[3 * i]) || !str_is_digit(s.p[3 * i + 1]))
            return false;
        part[i] = (s.p[3 * i] - '0') * 10 + s.p[3 * i + 1] - '0';
    }
    return part[0] < 24 && part[1] < 60 && part[2] < 61;
}

/* "Sep 10 " or "Sep  9 " at 's': its length, or 0. */
static size_t
read_day(struct str s, int *month, int *day)
{
    size_t at = 4;

    if (s.n < 7 || s.p[3] != ' ' || !(*month = when_month(s.p)))
        return 0;
    at += s.p[at] == ' ';
    for (*day = 0; at < s.n && at < 6 && str_is_digit(s.p[at]); at++)
        *day = *day * 10 + s.p[at] - '0';
    return *day >= 1 && *day <= 31 && at < s.n && s.p[at] == ' ' ? at + 1 : 0;
}

/* An offset from UTC: Z, +02:00, +0200; "" is none.  False when it is neither. */
static bool
normal_offset(struct str s, char out[7])
{
    s = str_trim(s);
    out[0] = '\0';
    if (!s.n)
        return true;
    if (s.n == 1 && (s.p[0] == 'Z' || s.p[0] == 'z')) {
        memcpy(out, "Z", 2);
        return true;
    }
    if ((s.n != 5 && s.n != 6) || (s.p[0] != '+' && s.p[0] != '-') || (s.n == 6 && s.p[3] != ':'))
        return false;
    memcpy(out, s.p, 3);
    out[3] = ':';
    memcpy(out + 4, s.p + s.n - 2, 2);
    out[6] = '\0';
    return true;
}

/* Zeros at the end of a fraction are padding (FILETIME has seven digits). */
static void
drop_padding(struct when *w)
{
    int64_t ns = w->utc_known ? w->utc : w->local, unit = WHEN_SECOND;

    for (unsigned i = 0; i < w->fraction; i++)
        unit /= 10;
    for (; w->fraction && ns / unit % 10 == 0; unit *= 10)
        w->fraction--;
}

bool
relay_when(struct str s, struct when *w)
{
    char text[48], offset[7];
    int month, day, clock[3], year = 0;
    size_t n, at;
    struct when got = {0};

    s = str_trim(s);
    n = 0;
    while (n < s.n && n < 4 && !str_is_digit(s.p[n]) && !str_is_blank(s.p[n]))
        n++;
    if (n == 3 && s.n > 4 && s.p[3] == ' ' && !when_month(s.p))
        s = str_skip(s, 4); /* the day of the week */
    at = read_day(s, &month, &day);
    if (at) {
        s = str_skip(s, at);
        if (!read_clock(s, clock) || s.n < 13 || s.p[8] != ' ')
            return false;
        for (size_t i = 9; i < 13; i++) {
            if (!str_is_digit(s.p[i]))
                return false;
            year = year * 10 + s.p[i] - '0';
        }
        s = str_skip(s, 13);
        if (!normal_offset(s, offset)
            || !when_civil(year, month, day, clock[0], clock[1], clock[2], 0, &got.local))
            return false;
        n = when_iso(got.local, 0, text);
    } else {
        for (n = 0; n < s.n && n < 30 && (n < 19 || str_is_digit(s.p[n]) || s.p[n] == '.'); n++)
            text[n] = s.p[n] == ',' ? '.' : s.p[n];
        if (n < 19 || !normal_offset(str_skip(s, n), offset))
            return false;
    }
    memcpy(text + n, offset, sizeof offset);
    got = (struct when){0};
    if (!when_parse_iso(str_z(text), &got))
        return false;
    drop_padding(&got);
    *w = got;
    return true;
}

/* Structured data (RFC 5424 section 6.3): '*at' behind it and its blank. */
static void
skip_structured_data(struct str line, size_t *at)
{
    size_t i = *at;
    bool quoted = false;

    if (i >= line.n || line.p[i] != '[') {
        take_word(line, at);
        return;
    }
    for (; i < line.n; i++) {
        if (quoted && line.p[i] == '\\' && i + 1 < line.n)
            i++;
        else if (line.p[i] == '"')
            quoted = !quoted;
        else if (!quoted && line.p[i] == ']' && (i + 1 == line.n || line.p[i + 1] != '['))
            break;
    }
    i += i < line.n;
    *at = i + (i < line.n && line.p[i] == ' ');
}

/* "1 TIME HOST APP-NAME PROCID MSGID SD" at '*at'. */
static bool
read_5424(struct str line, bool pri, size_t *at, struct relay_head *out)
{
    size_t i = *at;
    struct str time;

    if (line.n - i < 4 || line.p[i] != '1' || line.p[i + 1] != ' ')
        return false;
    i += 2;
    time = take_word(line, &i);
    if (!(pri && str_eq(time, STR("-"))) && !(time.n > 11 && time.p[10] == 'T' && relay_when(time, &out->when)))
        return false;
    relay_set(&out->host, take_word(line, &i));
    relay_set(&out->app, take_word(line, &i));
    take_word(line, &i);
    take_word(line, &i);
    skip_structured_data(line, &i);
    if (str_starts(str_skip(line, i), STR("\xef\xbb\xbf")))
        i += 3;
    *at = i;
    return true;
}

/* A word that names a host, not a tag or the message itself. */
static bool
is_host(struct str s)
{
    if (!s.n || s.n > 255 || s.p[s.n - 1] == ':' || str_case_starts(s, STR("MSWinEventLog")))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!str_is_alnum(s.p[i]) && !strchr("-_.:/@%", s.p[i]) && (unsigned char) s.p[i] < 0x80)
            return false;
    return true;
}

void
relay_head_read(struct str line, struct relay_head *out)
{
    size_t at = 0, next, time_length = 0;
    int month, day, clock[3];
    struct str word;

    *out = (struct relay_head){.severity = -1};
    out->severity = take_pri(line, &at);
    out->known = at > 0;
    next = at;
    if (read_5424(line, at > 0, &next, out)) {
        out->known = true;
        out->body = next;
        out->datagram = 16 + out->host.n + 1 + out->app.n + 2 + line.n - next;
        return;
    }
    word = take_word(line, &next);
    if (word.n > 11 && word.p[10] == 'T' && relay_when(word, &out->when)) {
        time_length = next - at;
    } else {
        next = at;
        time_length = read_day(str_skip(line, at), &month, &day);
        if (!time_length || !read_clock(str_skip(line, at + time_length), clock)) {
            out->body = at;
            return;
        }
        time_length += 8;
        time_length += at + time_length < line.n && line.p[at + time_length] == ' ';
        next = at + time_length;
    }
    out->known = true;
    out->datagram = 16 + line.n - next;
    out->body = next;
    word = take_word(line, &next);
    if (is_host(word)) {
        out->host = word;
        out->body = next;
    }
}
