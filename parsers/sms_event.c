/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_event.c - reads the shapes around SMS event messages (sms_event.h).
 * Called by diagnose.c.  It knows labels, separators and figures, and none of
 * the sentences between them. */
#include "build.h"

#include "parsers/sms_event.h"

#include "parsers/when.h"

const char *const sms_frame_triggers[] = {
    "machinename", "sitecode", "component", "jobid", "in module:", "event id", "message id", "event 1", "event 2",
    "event 3", "source:", "string(s):", "of the event:", "with the event:", NULL,
};
const char *const sms_status_triggers[] = {"statmsg:", NULL};

static struct str
trim_gap(struct str s)
{
    while (s.n && sms_is_gap(s.p[0]))
        s = str_skip(s, 1);
    while (s.n && sms_is_gap(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Takes one line off '*rest'. */
static struct str
next_line(struct str *rest)
{
    size_t n = str_find_char(*rest, '\n');
    struct str line = str_make(rest->p, n);

    *rest = str_skip(*rest, n < rest->n ? n + 1 : n);
    return str_trim(line);
}

/* A decimal number at the head of '*s', taken off; false when there is none. */
static bool
take_number(struct str *s, uint32_t *value)
{
    size_t n = 0;

    *value = 0;
    while (n < s->n && n < 9 && str_is_digit(s->p[n]))
        *value = *value * 10 + (uint32_t) (s->p[n++] - '0');
    if (!n || (n < s->n && str_is_alnum(s->p[n])))
        return false;
    *s = str_skip(*s, n);
    return true;
}

/* True and '*value' set when 'line' is LABEL = VALUE or LABEL: VALUE. */
static bool
labelled(struct str line, struct str label, struct str *value)
{
    struct str rest;

    if (!str_case_starts(line, label))
        return false;
    rest = str_trim(str_skip(line, label.n));
    if (!rest.n || (rest.p[0] != '=' && rest.p[0] != ':'))
        return false;
    *value = str_trim(str_skip(rest, 1));
    return true;
}

static void
set_once(struct str *field, struct str value)
{
    value = trim_gap(value);
    if (!str_has(*field) && value.n && str_find_char(value, '<') == value.n)
        *field = value;
}

/* Event 109, Event ID: 109, Event Id:316 Source: SMS_Scheduler, Message ID:
 * 4402 - ... */
static void
read_number(struct str line, struct sms_frame *out)
{
    uint32_t value;
    size_t at;

    if (!str_case_starts(line, STR("event")) && !str_case_starts(line, STR("message id")))
        return;
    line = str_trim(str_skip(line, line.p[0] == 'E' || line.p[0] == 'e' ? 5 : 10));
    if (str_case_starts(line, STR("id")))
        line = str_trim(str_skip(line, 2));
    if (line.n && (line.p[0] == ':' || line.p[0] == '='))
        line = str_trim(str_skip(line, 1));
    if (!take_number(&line, &value) || value > UINT16_MAX || out->number_known)
        return;
    line = str_trim(line);
    at = str_find_case(line, STR("source:"));
    if (line.n && at && line.p[0] != '-' && line.p[0] != ',')
        return; /* "Event 223 logged with ..." speaks of another record */
    out->number_known = true;
    out->number = (uint16_t) value;
    if (at < line.n)
        set_once(&out->source, str_skip(line, at + 7));
}

static void
read_line(struct str line, struct sms_frame *out)
{
    static const struct str module = {"in module:", 10};
    struct str value;
    size_t at = str_find_case(line, module);

    if (labelled(line, STR("MachineName"), &value))
        set_once(&out->host, value);
    else if (labelled(line, STR("SiteCode"), &value))
        set_once(&out->site, value);
    else if (labelled(line, STR("Component"), &value))
        set_once(&out->component, value);
    else if (labelled(line, STR("JobID"), &value))
        set_once(&out->job, value);
    else if (labelled(line, STR("Source"), &value))
        set_once(&out->source, value);
    else if (at < line.n)
        set_once(&out->component, str_skip(line, at + module.n));
    else
        read_number(line, out);
}

static void
read_lines(struct str text, struct sms_frame *out)
{
    while (text.n)
        read_line(next_line(&text), out);
}

void
sms_frame_read(struct str text, struct sms_frame *out)
{
    unsigned known = out->n_inserts;

    /* The list of strings is no line of its own: each string may be one. */
    text.n = out->unrendered ? text.n : sms_unrendered_read(text, out);
    read_lines(text, out);
    for (; known < out->n_inserts; known++)
        read_lines(out->insert[known], out);
}

/* Takes KEY=VALUE or KEY="VALUE" off '*rest'; false at the end. */
static bool
next_pair(struct str *rest, struct str *key, struct str *value)
{
    struct str s = trim_gap(*rest);
    size_t n = 0;

    while (n < s.n && !sms_is_gap(s.p[n]) && s.p[n] != '=')
        n++;
    if (!n)
        return false;
    *key = str_make(s.p, n);
    *value = str_make(s.p + n, 0);
    s = str_skip(s, n);
    if (s.n && s.p[0] == '=') {
        s = str_skip(s, 1);
        if (s.n && s.p[0] == '"') {
            s = str_skip(s, 1);
            n = str_find_char(s, '"');
            *value = str_make(s.p, n);
            s = str_skip(s, n < s.n ? n + 1 : n);
        } else {
            for (n = 0; n < s.n && !sms_is_gap(s.p[n]);)
                n++;
            *value = str_make(s.p, n);
            s = str_skip(s, n);
        }
    }
    *rest = s;
    return true;
}

/* One or two digits at s->p, taken off together with 'sep' behind them. */
static bool
take_part(struct str *s, char sep, int *out)
{
    uint32_t value = 0;
    size_t n = 0;

    while (n < s->n && n < 4 && str_is_digit(s->p[n]))
        value = value * 10 + (uint32_t) (s->p[n++] - '0');
    if (!n || n >= s->n || s->p[n] != sep)
        return false;
    *s = str_skip(*s, n + 1);
    while (sep == ' ' && s->n && sms_is_gap(s->p[0]))
        *s = str_skip(*s, 1);
    *out = (int) value;
    return true;
}

/* "Wed Jul 04 14:46:43.146 2001", UTC. */
static bool
read_gmtdate(struct str s, int64_t *utc)
{
    int day, hour, minute, second, month;
    uint32_t ms, year;

    s = trim_gap(s);
    if (s.n < 20)
        return false;
    month = when_month(s.p + 4);
    s = trim_gap(str_skip(s, 7));
    if (!month || !take_part(&s, ' ', &day) || !take_part(&s, ':', &hour) || !take_part(&s, ':', &minute)
        || !take_part(&s, '.', &second) || !take_number(&s, &ms) || ms > 999)
        return false;
    s = trim_gap(s);
    if (!take_number(&s, &year) || year > 2200)
        return false;
    return when_civil((int) year, month, day, hour, minute, second, ms * 1000000, utc);
}

/* GMTDATE holds blanks without quotes: it goes on to the next KEY=. */
static struct str
date_value(struct str *rest, struct str value)
{
    const char *begin = value.p;
    struct str s = *rest;

    while (s.n) {
        struct str word = trim_gap(s);
        size_t n = 0;

        while (n < word.n && !sms_is_gap(word.p[n]) && word.p[n] != '=')
            n++;
        if (!n || (n < word.n && word.p[n] == '='))
            break;
        s = str_skip(word, n);
    }
    *rest = s;
    return str_make(begin, (size_t) (s.p - begin));
}

static void
status_pair(struct sms_status *out, struct str key, struct str value, bool *is_package)
{
    uint32_t number;
    struct str v = value;

    if (str_eq(key, STR("SOURCE")))
        set_once(&out->source, value);
    else if (str_eq(key, STR("COMP")))
        set_once(&out->component, value);
    else if (str_eq(key, STR("SYS")))
        set_once(&out->host, value);
    else if (str_eq(key, STR("SITE")))
        set_once(&out->site, value);
    else if (str_eq(key, STR("TID")))
        set_once(&out->thread, value);
    else if (str_eq(key, STR("ID")) && take_number(&v, &number))
        out->id = number & 0xFFFF;
    else if (key.n == 5 && str_starts(key, STR("ISTR")) && str_is_digit(key.p[4]))
        out->string[key.p[4] - '0'] = value;
    else if (str_starts(key, STR("AID")))
        *is_package = str_eq(value, STR("400"));
    else if (str_starts(key, STR("AVAL")) && *is_package)
        set_once(&out->package, value);
}

bool
sms_status_read(struct str text, struct sms_status *out)
{
    size_t at = str_find_case(text, STR("STATMSG:"));
    struct str rest, key, value;
    bool is_package = false;

    *out = (struct sms_status){0};
    if (at == text.n)
        return false;
    rest = str_skip(text, at + 8);
    while (next_pair(&rest, &key, &value)) {
        if (str_eq(key, STR("GMTDATE")))
            out->utc_known = read_gmtdate(date_value(&rest, value), &out->utc);
        else
            status_pair(out, key, value, &is_package);
    }
    return out->id != 0;
}

/* A string that is a labelled line, not an insert. */
static bool
is_label(struct str s)
{
    size_t at = str_find_char(s, '=');

    return at < s.n && at && (str_is_blank(s.p[at - 1]) || str_is_alnum(s.p[at - 1])) && str_is_alnum(s.p[0]);
}

bool
sms_inserts_find(const struct str *string, unsigned n, unsigned want, bool path, unsigned *first)
{
    unsigned at = 0;

    if (path)
        while (at < n && !str_starts(str_trim(string[at]), STR("\\\\")))
            at++;
    if (path && at == n) {
        at = 0;
        if (n != want)
            return false;
    }
    if (!path && n != want)
        return false;
    *first = at;
    /* Fewer than wanted are left: what is behind the path may be anything. */
    if (n - at < want)
        return false;
    for (unsigned i = 1; i < want; i++)
        if (!str_has(string[at + i]) || is_label(string[at + i]))
            return false;
    return true;
}

static bool
all_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!str_is_digit(s.p[i]))
            return false;
    return s.n > 0 && s.n <= 18;
}

enum figures
sms_figures(struct str available, struct str required)
{
    if (!str_has(available) || !str_has(required))
        return FIGURES_ABSENT;
    available = trim_gap(available);
    required = trim_gap(required);
    if (!available.n && !required.n)
        return FIGURES_BLANK;
    return all_digits(available) && all_digits(required) ? FIGURES_FILLED : FIGURES_UNREADABLE;
}

int
sms_figures_compare(struct str a, struct str b)
{
    while (a.n > 1 && a.p[0] == '0')
        a = str_skip(a, 1);
    while (b.n > 1 && b.p[0] == '0')
        b = str_skip(b, 1);
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return a.n ? memcmp(a.p, b.p, a.n) : 0;
}
