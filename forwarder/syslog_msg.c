/* SPDX-License-Identifier: BSD-2-Clause
 *
 * syslog_msg.c - the RFC 5424 encoder.  Called by target_syslog.c, and by the
 * tests without it.  Must not know of sockets or framing.
 *
 *   <PRI>1 TIME HOST truecause - CLASS|notice [alarm ..][origin ..][meta ..][timeQuality ..][truecause@PEN ..] MSG
 *
 * The budget is kept by writing again with shorter values: first the long
 * texts shrink, together, and what names the item (id, key, class, state) stays
 * whole.  truecause@PEN comes last because its last parameter says whether
 * anything, MSG included, was shortened. */
#include "build.h"

#include "forwarder/syslog_msg.h"

#include <arpa/inet.h>

#include "parsers/summary.h"
#include "parsers/text.h"
#include "parsers/when.h"

enum {
    HOSTNAME_MAX = 255, /* RFC 5424, 6 */
    VALUE_MAX = 1024,   /* the longest value ever written */
    NAME_MAX_WHOLE = 200, /* for values that are never shortened further */
    MSG_KEPT = 256      /* octets of MSG that values must leave room for */
};

static const size_t value_limits[] = {VALUE_MAX, 512, 256, 128, 64, 32, 0};

struct out {
    char *p;
    size_t n, cap;
    size_t value_max; /* of values that may be shortened; 0: left out */
    bool full;        /* something did not fit: write again, shorter */
    bool cut;         /* a value was shortened */
};

/* In line, so that literals become a few moves: this file runs for every item. */
static inline void
put_bytes(struct out *o, const char *p, size_t n)
{
    if (n > o->cap - o->n) {
        o->full = true;
        return;
    }
    memcpy(o->p + o->n, p, n);
    o->n += n;
}

static inline void
put(struct out *o, const char *z)
{
    put_bytes(o, z, strlen(z));
}

/* The beginning of a parameter as one literal; NAME is one. */
#define OPENING(name) " " name "=\"", sizeof(" " name "=\"") - 1

static void
put_number(struct out *o, uint64_t v)
{
    char text[20], *p = text + sizeof text;

    if (v < 10) {
        text[0] = (char) ('0' + v);
        put_bytes(o, text, 1);
        return;
    }
    do
        *--p = (char) ('0' + v % 10);
    while ((v /= 10) != 0);
    put_bytes(o, p, (size_t) (text + sizeof text - p));
}

/* The length of the UTF-8 character at 'p', from its first byte alone: what
 * text_show() wrote is valid. */
static size_t
char_length(const char *p)
{
    unsigned char c = (unsigned char) *p;
    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* Appends 's', which text_show() has been over, as far as 'max' octets go. */
static void
put_escaped(struct out *o, struct str s, size_t max)
{
    size_t i, k, used = 0;

    for (i = 0; i < s.n; i += k) {
        bool escape = s.p[i] == '"' || s.p[i] == '\\' || s.p[i] == ']';
        k = char_length(s.p + i);
        if (used + k + escape > max) {
            o->cut = true;
            break;
        }
        if (escape)
            put(o, "\\");
        put_bytes(o, s.p + i, k);
        used += k + escape;
    }
}

/* How much of 's' can stand in a value as it is: printable ASCII that needs no
 * escape.  Most values are all that. */
static size_t
plain_length(struct str s)
{
    size_t n = 0;

    while (n < s.n && s.p[n] >= ' ' && s.p[n] < 127 && s.p[n] != '"' && s.p[n] != '\\' && s.p[n] != ']')
        n++;
    return n;
}

/* The octets of a value that is not plain all through, shown and escaped. */
static void
put_shown(struct out *o, struct str s, size_t max)
{
    /* text_show() stops at most 16 octets short of its room, so that more than
     * 'max' shown octets mean a value that is longer. */
    char shown[VALUE_MAX + 17];

    s.n = text_show(s, shown, max + 17);
    s.p = shown;
    put_escaped(o, s, max);
}

/* A parameter, ' NAME="' of 'n' octets given, with at most 'max' octets of
 * value.  Left out when 's' is absent. */
static inline void
put_limited_as(struct out *o, const char *opening, size_t n, struct str s, size_t max)
{
    size_t plain;

    if (!str_has(s))
        return;
    put_bytes(o, opening, n);
    plain = plain_length(str_make(s.p, s.n < max ? s.n : max));
    put_bytes(o, s.p, plain);
    if (plain < s.n)
        put_shown(o, str_skip(s, plain), max - plain);
    put(o, "\"");
}
#define put_limited(o, name, s, max) put_limited_as(o, OPENING(name), s, max)

/* A value that may be shortened, or left out when nothing else helps. */
static inline void
put_value_as(struct out *o, const char *opening, size_t n, struct str s)
{
    if (o->value_max)
        put_limited_as(o, opening, n, s, o->value_max);
    else if (str_has(s))
        o->cut = true;
}
#define put_value(o, name, s) put_value_as(o, OPENING(name), s)

/* A word of our own: always whole, and nothing in it to escape. */
static inline void
put_word_as(struct out *o, const char *opening, size_t n, const char *word)
{
    put_bytes(o, opening, n);
    put(o, word);
    put(o, "\"");
}
#define put_word(o, name, word) put_word_as(o, OPENING(name), word)

static inline void
put_count_as(struct out *o, const char *opening, size_t n, uint64_t v)
{
    put_bytes(o, opening, n);
    put_number(o, v);
    put(o, "\"");
}
#define put_count(o, name, v) put_count_as(o, OPENING(name), v)

static void
put_time_as(struct out *o, const char *opening, size_t n, const struct when *w)
{
    char text[WHEN_TEXT_SIZE];

    if (when_text(w, text))
        put_word_as(o, opening, n, text);
}
#define put_time(o, name, w) put_time_as(o, OPENING(name), w)

/* Ids or articles as one value, blanks between. */
static void
put_list_as(struct out *o, const char *opening, size_t opening_n, const struct str *list, unsigned n)
{
    char text[512];
    size_t used = 0;

    for (unsigned i = 0; i < n; i++) {
        if (!list[i].n)
            continue;
        if (used + list[i].n + 1 > sizeof text) {
            o->cut = true;
            break;
        }
        if (used)
            text[used++] = ' ';
        memcpy(text + used, list[i].p, list[i].n);
        used += list[i].n;
    }
    if (used)
        put_value_as(o, opening, opening_n, str_make(text, used));
}
#define put_list(o, name, list, n) put_list_as(o, OPENING(name), list, n)

/* --- header ----------------------------------------------------------------- */

/* TIMESTAMP: six digits of fraction at most; local digits pass as UTC, and
 * timeQuality says so; a record without time has none. */
static void
put_timestamp(struct out *o, const struct when *w)
{
    char text[WHEN_TEXT_SIZE];

    if (!w->utc_known && !w->local_known) {
        put(o, "-");
        return;
    }
    when_iso(w->utc_known ? w->utc : w->local, w->fraction < 6 ? w->fraction : 6, text);
    put(o, text);
    put(o, "Z");
}

/* HOSTNAME: the originator, in printable ASCII without blanks.  '*changed' when
 * that is not its whole name. */
static void
put_hostname(struct out *o, struct str name, bool *changed)
{
    char shown[HOSTNAME_MAX + 17];
    size_t n = 0, length = 0;

    *changed = false;
    while (n < name.n && n < HOSTNAME_MAX && name.p[n] > 32 && name.p[n] < 127)
        n++;
    if (n && n == name.n) {
        put_bytes(o, name.p, n);
        return;
    }
    n = text_show(name, shown, sizeof shown);
    for (size_t i = 0, k; i < n; i += k, length++) {
        k = char_length(shown + i);
        if (length == HOSTNAME_MAX) {
            *changed = true;
            break;
        }
        if (k == 1 && shown[i] > 32 && shown[i] < 127) {
            put_bytes(o, shown + i, 1);
        } else {
            put(o, "?");
            *changed = true;
        }
    }
    if (!length)
        put(o, "-");
}

/* --- structured data ---------------------------------------------------------- */

/* The label of IANAItuProbableCause that comes nearest (RFC 5674, 3.2). */
static const char *
probable_cause(enum event_class c)
{
    switch (c) {
    case CLASS_FILE_CONTENTION:
    case CLASS_NOT_FOUND:
    case CLASS_PACKAGE_EMPTIED:
        return "fileError";
    case CLASS_DISK_FULL:
        return "storageCapacityProblem";
    case CLASS_NETWORK:
        return "communicationsSubsystemFailure";
    case CLASS_CORRUPT_DATA:
        return "corruptData";
    case CLASS_ACCESS_DENIED:
    case CLASS_CONFIGURATION:
        return "configurationOrCustomisationError";
    case CLASS_STALL:
    case CLASS_SERVICE:
    case CLASS_SELF:
        return "softwareError";
    case CLASS_DATABASE:
        return "underlayingResourceUnavailable";
    case CLASS_RETRY:
        return "timeoutExpired";
    case CLASS_UNCLASSIFIED:
    case CLASS_RESTART:
    case CLASS_RECOVERED:
    case CLASS_ACTIVITY:
    case CLASS_COUNT:
        break;
    }
    return "other";
}

static void
put_alarm(struct out *o, const struct alarm_item *a)
{
    const char *severity = severity_name(a->severity);

    if (a->state == ALARM_CLEARED)
        severity = "cleared";
    else if (a->severity == SEVERITY_INFO)
        severity = "indeterminate"; /* RFC 5674 has no word for less than a warning */
    put(o, "[alarm");
    put_limited(o, "resource", a->key, NAME_MAX_WHOLE);
    put_word(o, "probableCause", probable_cause(a->cls));
    put_word(o, "perceivedSeverity", severity);
    put_word(o, "eventType", a->cls == CLASS_NETWORK ? "communicationsAlarm" : "processingErrorAlarm");
    put(o, "]");
}

static void
put_origin(struct out *o, const struct syslog_form *form, struct str ip)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr parsed;

    put(o, "[origin software=\"truecause\"");
    put_limited(o, "swVersion", str_z(form->version), 32);
    put_limited(o, "enterpriseId", str_z(form->enterprise), NAME_MAX_WHOLE);
    if (ip.n && ip.n < sizeof address) {
        memcpy(address, ip.p, ip.n);
        address[ip.n] = '\0';
        if (inet_pton(AF_INET, address, &parsed) == 1 || inet_pton(AF_INET6, address, &parsed) == 1)
            put_word(o, "ip", address);
    }
    put(o, "]");
}

static void
put_meta(struct out *o, const struct target_item *ti, uint64_t seq, const struct when *w)
{
    put(o, "[meta");
    put_count(o, "sequenceId", seq ? (seq - 1) % INT32_MAX + 1 : 1);
    put_count(o, "sysUpTime", (uint64_t) (ti->uptime_ns / 10000000) & UINT32_MAX);
    put(o, "][timeQuality tzKnown=\"");
    put(o, w->utc_known ? "1" : "0");
    put(o, "\" isSynced=\"0\"]");
}

static void
put_verdict(struct out *o, const struct facts *f)
{
    struct str ids[EVENT_EVIDENCE_MAX];

    if (f->tagged)
        put_word(o, "tag", EVENT_TAG);
    if (f->claimed)
        put_word(o, "claim", event_class_name(f->claim_class));
    if (f->figures != FIGURES_NONE)
        put_word(o, "figures", figures_name(f->figures));
    if (f->caused) {
        put_word(o, "cause", event_class_name(f->cause_class));
        put_word(o, "misreported", f->misreported ? "true" : "false");
    }
    if (f->confidence != CONFIDENCE_NONE)
        put_word(o, "confidence", confidence_name(f->confidence));
    if (f->basis != BASIS_NONE)
        put_word(o, "basis", basis_name(f->basis));
    if (f->win32_known)
        put_count(o, "win32", f->win32);
    put_value(o, "symbol", f->symbol);
    put_value(o, "signature", f->signature);
    for (unsigned i = 0; i < f->n_evidence; i++)
        ids[i] = str_z(f->evidence[i]);
    put_list(o, "evidence", ids, f->n_evidence);
    for (unsigned i = 0; i < f->n_linked; i++)
        ids[i] = str_z(f->linked[i]);
    put_list(o, "see", ids, f->n_linked);
    put_list(o, "article", f->article, f->n_articles);
}

static void
put_facts(struct out *o, const struct facts *f)
{
#define FACT(member, element, attribute, sd, prose) \
    if (sizeof(sd) > 1 && str_has(f->member)) \
        put_value(o, sd, f->member);
#include "parsers/event_fields.def"
#undef FACT
}

/* All of truecause@PEN but its end. */
static void
put_truecause(struct out *o, const struct syslog_form *form, const struct target_item *ti, bool host_changed)
{
    const struct alarm_item *a = ti->item->alarm;
    const struct event *ev = ti->item->event;
    bool alarm = ti->item->kind == ITEM_ALARM;
    const struct facts *f = alarm ? &a->f : &ev->f;
    const struct when *w = alarm ? &a->when : &ev->when;

    put(o, "[truecause@");
    put_number(o, form->pen);
    put_limited(o, "id", str_z(alarm ? a->id : ev->id), NAME_MAX_WHOLE);
    if (alarm) {
        put_limited(o, "key", a->key, NAME_MAX_WHOLE);
        put_word(o, "state", alarm_state_name(a->state));
    }
    put_word(o, "class", event_class_name(alarm ? a->cls : ev->cls));
    put_word(o, "severity", severity_name(alarm ? a->severity : ev->severity));
    put_count(o, "seq", ti->target_seq);
    if (alarm) {
        put_count(o, "count", a->count);
        put_time(o, "first", &a->first);
        put_time(o, "last", &a->last);
        put_value(o, "reason", a->reason);
        put_limited(o, "event", a->event, NAME_MAX_WHOLE);
    }
    put_verdict(o, f);
    if (!w->utc_known)
        put_time(o, "local", w);
    put_value(o, "zone", w->zone);
    if (host_changed)
        put_value(o, "host", f->host.n ? f->host : f->address);
    put_facts(o, f);
    /* A fault's own words are its proof; the rest is in the archive. */
    if (!alarm && event_class_is_fault(ev->cls))
        put_value(o, "text", ev->text);
    if (alarm)
        put_value(o, "action", a->action);
}

/* The same of a notice: its kind and, for a sign of life, the totals. */
static void
put_notice(struct out *o, const struct syslog_form *form, const struct notice_item *no, uint64_t seq)
{
    put(o, "[truecause@");
    put_number(o, form->pen);
    put_word(o, "kind", notice_kind_name(no->kind));
    if (no->id[0])
        put_limited(o, "id", str_z(no->id), NAME_MAX_WHOLE);
    put_count(o, "seq", seq);
    if (no->kind == NOTICE_HEARTBEAT) {
        put_count(o, "read", no->read);
        put_count(o, "delivered", no->delivered);
        put_count(o, "folded", no->folded);
        put_count(o, "dropped", no->dropped);
        put_count(o, "open", no->open_count);
        if (no->open_digest[0])
            put_limited(o, "digest", str_z(no->open_digest), NAME_MAX_WHOLE);
    }
    if (!no->when.utc_known)
        put_time(o, "local", &no->when);
}

/* --- the message ---------------------------------------------------------------- */

/* MSG as it is shown: the summary of the alarm, or a line about the record. */
static size_t
message_text(const struct item *item, char *out, size_t cap)
{
    char line[SUMMARY_SIZE];
    struct str s = STR_NONE;
    size_t plain;

    switch (item->kind) {
    case ITEM_EVENT:
        s = str_make(line, summary_event(item->event, line));
        break;
    case ITEM_ALARM:
        s = item->alarm->summary;
        break;
    case ITEM_NOTICE:
        s = str_make(line, summary_notice(item->notice, line));
        break;
    }
    for (plain = 0; plain < s.n && plain < cap - 1 && s.p[plain] >= ' ' && s.p[plain] < 127; plain++)
        continue;
    if (plain)
        memcpy(out, s.p, plain);
    return plain < s.n ? plain + text_show(str_skip(s, plain), out + plain, cap - plain) : plain;
}

/* The end of the structured data and MSG, as much of it as there is room for.
 * A receiver takes what begins with a BOM for UTF-8 and leaves ASCII alone. */
static void
put_message(struct out *o, const char *msg, size_t n, bool *truncated)
{
    static const char flag[] = " truncated=\"true\"", bom[] = "\xef\xbb\xbf";
    size_t room = o->cap - o->n, kept = 0;
    unsigned odd = 0;
    bool ascii;

    for (size_t i = 0; i < n; i++)
        odd |= (unsigned char) msg[i];
    ascii = odd < 0x80;
    *truncated = o->cut || room < 2 + (ascii ? 0 : 3) + n;
    if (*truncated)
        put(o, flag);
    put(o, "]");
    if (o->full || !n)
        return;
    room = o->cap - o->n;
    if (room < 5)
        return;
    put(o, ascii ? " " : " \xef\xbb\xbf");
    room -= ascii ? 1 : 1 + sizeof bom - 1;
    if (n <= room)
        kept = n;
    while (kept < n && kept + char_length(msg + kept) <= room)
        kept += char_length(msg + kept);
    put_bytes(o, msg, kept);
}

/* What the header and the common elements take from an item of any kind. */
struct view {
    const struct when *when;
    struct str host, address;
    const char *id; /* MSGID */
    enum severity severity;
    uint64_t seq;
};

static void
look(struct view *v, const struct syslog_form *form, const struct target_item *ti)
{
    const struct item *item = ti->item;
    const struct facts *f = item->kind == ITEM_ALARM ? &item->alarm->f : item->kind == ITEM_EVENT ? &item->event->f : NULL;
    bool own = !f || (item->kind == ITEM_ALARM && item->alarm->cls == CLASS_SELF && !f->host.n);

    v->host = own ? str_z(form->host) : f->host.n ? f->host : f->address;
    v->address = f ? f->address : STR_NONE;
    v->seq = ti->target_seq;
    switch (item->kind) {
    case ITEM_EVENT:
        v->when = &item->event->when;
        v->id = event_class_name(item->event->cls);
        v->severity = item->event->severity;
        break;
    case ITEM_ALARM:
        v->when = &item->alarm->when;
        v->id = event_class_name(item->alarm->cls);
        v->severity = item->alarm->state == ALARM_CLEARED ? SEVERITY_CLEARED : item->alarm->severity;
        break;
    case ITEM_NOTICE:
        /* A sign of life has no number of its own but tells the last. */
        if (item->notice->kind == NOTICE_HEARTBEAT)
            v->seq = item->notice->last_seq;
        v->when = &item->notice->when;
        v->id = "notice";
        v->severity = SEVERITY_INFO;
        break;
    }
}

size_t
syslog_msg_write(const struct syslog_form *form, const struct target_item *ti, char *out, bool *truncated)
{
    const struct item *item = ti->item;
    bool host_changed = false;
    char msg[SUMMARY_SIZE * 4];
    size_t msg_n = message_text(item, msg, sizeof msg), kept = msg_n + 4 < MSG_KEPT ? msg_n + 4 : MSG_KEPT;
    struct out o = {.p = out};
    struct view v = {.seq = 0};

    look(&v, form, ti);
    /* With the last limit only whole values are left, and those fit in SYSLOG_MSG_MIN. */
    for (size_t i = 0; i < sizeof value_limits / sizeof *value_limits; i++) {
        o = (struct out){.p = out, .cap = form->budget, .value_max = value_limits[i]};
        put(&o, "<");
        put_number(&o, (uint64_t) (form->facility * 8 + severity_syslog(v.severity)));
        put(&o, ">1 ");
        put_timestamp(&o, v.when);
        put(&o, " ");
        put_hostname(&o, v.host, &host_changed);
        put(&o, " truecause - ");
        put(&o, v.id);
        put(&o, " ");
        if (item->kind == ITEM_ALARM)
            put_alarm(&o, item->alarm);
        put_origin(&o, form, v.address);
        put_meta(&o, ti, v.seq, v.when);
        if (item->kind == ITEM_NOTICE)
            put_notice(&o, form, item->notice, v.seq);
        else
            put_truecause(&o, form, ti, host_changed);
        if (!o.full && o.cap - o.n >= kept + sizeof " truncated=\"true\"]")
            break;
    }
    put_message(&o, msg, msg_n, truncated);
    return o.n;
}
