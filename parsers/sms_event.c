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
    "event 3", "source:", "string(s):", "of the event:", "with the event:", "object name",
    NULL,
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

static void
set_once(struct str *field, struct str value)
{
    value = trim_gap(value);
    if (!str_has(*field) && value.n && str_find_char(value, '<') == value.n)
        *field = value;
}

/* An event's id at the head of '*s', taken off: 109, or all its 32 bits as
 * 3221225581, -1073741715 or 0xC000006D, of which the low half is the number. */
static bool
take_id(struct str *s, uint16_t *number)
{
    bool minus = s->n && s->p[0] == '-', hex = s->n > 2 && s->p[0] == '0' && str_lower_char(s->p[1]) == 'x';
    size_t n = minus ? 1 : hex ? 2 : 0, begin = n;
    uint64_t value = 0;

    for (; n < s->n && n - begin < 11; n++) {
        int digit = str_hex_value(s->p[n]);

        if (digit < 0 || (!hex && digit > 9))
            break;
        value = value * (hex ? 16 : 10) + (unsigned) digit;
    }
    if (n == begin || (n < s->n && str_is_alnum(s->p[n])))
        return false;
    if (minus)
        value = value <= UINT32_MAX / 2 ? UINT64_C(0x100000000) - value : 0;
    if (value > UINT32_MAX || (value > UINT16_MAX && value >> 30 == 0 && !hex))
        return false; /* no severity in its upper half: not an id */
    *s = str_skip(*s, n);
    *number = (uint16_t) value;
    return true;
}

/* The labels of the lines around a message, and of what viewers put before it.
 * Some are told from prose anywhere in a line, by the sign behind them. */
enum label {
    LABEL_HOST,
    LABEL_SITE,
    LABEL_COMPONENT,
    LABEL_JOB,
    LABEL_SOURCE,
    LABEL_OBJECT,
    LABEL_OBJECT_NAME,
    LABEL_OTHER, /* ends the value before it */
};

static const struct {
    struct str name;
    enum label label;
    char anywhere; /* with this sign; 0: only at the start of a line */
} labels[] = {
    {{"MachineName", 11}, LABEL_HOST, '='},
    {{"SiteCode", 8}, LABEL_SITE, '='},
    {{"Component", 9}, LABEL_COMPONENT, '='},
    {{"JobID", 5}, LABEL_JOB, '='},
    {{"JobDestination", 14}, LABEL_OTHER, '='},
    {{"in module", 9}, LABEL_COMPONENT, ':'},
    {{"Source", 6}, LABEL_SOURCE, 0},
    {{"Object name", 11}, LABEL_OBJECT_NAME, 0},
    {{"Object", 6}, LABEL_OBJECT, 0},
    {{"Operation", 9}, LABEL_OTHER, 0},
    {{"Error code", 10}, LABEL_OTHER, 0},
    {{"Note", 4}, LABEL_OTHER, 0},
    {{"Type", 4}, LABEL_OTHER, 0},
    {{"Category", 8}, LABEL_OTHER, 0},
    {{"Description", 11}, LABEL_OTHER, 0},
    {{"User", 4}, LABEL_OTHER, 0},
    {{"Computer", 8}, LABEL_OTHER, 0},
};

/* True when a label stands at 'line'[at], with '=' or ':' behind it; '*value'
 * is then the offset behind that.  'chained': a label came before it. */
static bool
label_at(struct str line, size_t at, bool chained, enum label *label, size_t *value)
{
    if (at && (str_is_alnum(line.p[at - 1]) || line.p[at - 1] == '_'))
        return false;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        size_t end = at + labels[i].name.n;

        if (!str_case_starts(str_skip(line, at), labels[i].name))
            continue;
        while (end < line.n && str_is_blank(line.p[end]))
            end++;
        if (end >= line.n || (line.p[end] != '=' && line.p[end] != ':'))
            continue;
        if (at && !chained && line.p[end] != labels[i].anywhere)
            continue;
        *label = labels[i].label;
        *value = end + 1;
        return true;
    }
    return false;
}

/* The first word of a value: names of machines, sites and jobs have no blanks. */
static struct str
first_word(struct str s)
{
    size_t n = 0;

    s = trim_gap(s);
    while (n < s.n && !sms_is_gap(s.p[n]))
        n++;
    return str_make(s.p, n);
}

static void
take_value(struct sms_frame *out, enum label label, struct str value)
{
    switch (label) {
    case LABEL_HOST:
        set_once(&out->host, first_word(value));
        break;
    case LABEL_SITE:
        set_once(&out->site, first_word(value));
        break;
    case LABEL_JOB:
        set_once(&out->job, first_word(value));
        break;
    case LABEL_COMPONENT:
        set_once(&out->component, str_case_starts(trim_gap(value), STR("SMS_")) ? first_word(value) : value);
        break;
    case LABEL_SOURCE:
        set_once(&out->source, value);
        break;
    case LABEL_OBJECT:
        set_once(&out->object, first_word(value));
        break;
    case LABEL_OBJECT_NAME:
        set_once(&out->object_name, first_word(value));
        break;
    case LABEL_OTHER:
        break;
    }
}

/* Event 109, Event ID: 109, Event Id:316 Source: SMS_Scheduler, Message ID:
 * 4402 - ...; true when the line begins so. */
static bool
read_number(struct str line, struct sms_frame *out)
{
    struct str separators = STR("-,:;.");
    bool message = str_case_starts(line, STR("message id"));
    enum label label;
    uint16_t value;
    size_t at;

    if (!message && !str_case_starts(line, STR("event")))
        return false;
    line = str_trim(str_skip(line, message ? 10 : 5));
    if (str_case_starts(line, STR("id")))
        line = str_trim(str_skip(line, 2));
    if (line.n && (line.p[0] == ':' || line.p[0] == '='))
        line = str_trim(str_skip(line, 1));
    if (out->number_known || !take_id(&line, &value))
        return false;
    line = str_trim(line);
    if (line.n && str_find_char(separators, line.p[0]) == separators.n && !label_at(line, 0, true, &label, &at))
        return false; /* "Event 223 logged with ..." speaks of another record */
    out->number_known = true;
    out->number = value;
    return true;
}

/* "component SMS_X on computer Y reported: ...", as alerts begin. */
static void
read_alert(struct str line, struct sms_frame *out)
{
    struct str component, host, rest = line;

    if (!str_case_starts(rest, STR("component ")))
        return;
    component = first_word(str_skip(rest, 10));
    rest = str_trim(str_skip(rest, (size_t) (component.p + component.n - rest.p)));
    if (!str_case_starts(component, STR("SMS_")) || !str_case_starts(rest, STR("on computer ")))
        return;
    host = first_word(str_skip(rest, 12));
    set_once(&out->component, component);
    if (str_find_char(host, '$') == host.n) /* a variable that nobody filled in */
        set_once(&out->host, host);
}

static void
read_line(struct str line, struct sms_frame *out)
{
    bool chained = read_number(line, out), open = false;
    enum label label = LABEL_OTHER, next;
    size_t begin = 0, value;

    read_alert(line, out);
    for (size_t at = 0; at < line.n; at++) {
        if (!label_at(line, at, chained, &next, &value))
            continue;
        if (open)
            take_value(out, label, str_make(line.p + begin, at - begin));
        open = chained = true;
        label = next;
        begin = value;
        at = value - 1;
    }
    if (open)
        take_value(out, label, str_skip(line, begin));
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
    size_t at = str_find_char(s, '='), value;
    enum label label;

    if (at < s.n && at && (str_is_blank(s.p[at - 1]) || str_is_alnum(s.p[at - 1])) && str_is_alnum(s.p[0]))
        return true;
    at = str_find_case(s, STR("in module:"));
    return at < s.n || (s.n && label_at(s, 0, true, &label, &value));
}

/* Where the inserts of a message without a path stand: '*n' strings at the
 * returned place, without the labelled lines around them. */
static unsigned
between_labels(const struct str *string, unsigned *n)
{
    unsigned first = 0;

    while (*n && is_label(string[*n - 1]))
        --*n;
    while (first < *n && is_label(string[first]))
        first++;
    *n -= first;
    return first;
}

bool
sms_inserts_find(const struct str *string, unsigned n, unsigned want, bool path, unsigned *first)
{
    unsigned at = 0, count = n;

    if (path)
        while (at < n && !str_starts(str_trim(string[at]), STR("\\\\")))
            at++;
    if (!path || at == n) {
        at = between_labels(string, &count);
        if (count != want)
            return false;
    }
    *first = at;
    /* Fewer than wanted are left: what is behind the path may be anything. */
    if (n - at < want)
        return false;
    for (unsigned i = 1; i < want; i++)
        if (!str_has(string[at + i]) || is_label(string[at + i]))
            return false;
    return true;
}
