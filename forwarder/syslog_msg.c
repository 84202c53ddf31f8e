/* SPDX-License-Identifier: BSD-2-Clause
 *
 * syslog_msg.c - an item as a syslog message: what is said at which size, and
 * the form of RFC 5424.  Called by target_syslog*.c, and by the tests without
 * them.  Must not know of sockets or framing.
 *
 *   <PRI>1 TIME HOST truecause - CLASS|notice [alarm ..][origin ..][meta ..][timeQuality ..][truecause@PEN ..] MSG
 *
 * The budget is kept by writing again with less: first the long texts shrink,
 * together; then what a receiver can miss is left out; what names the item (id,
 * class, state, number) stays whole, and its key as long as there is room.
 * truecause@PEN comes last because its last parameter says whether anything,
 * MSG included, was shortened. */
#include "build.h"

#include "forwarder/syslog_put.h"

#include "parsers/summary.h"
#include "parsers/text.h"
#include "parsers/when.h"

enum {
    HOSTNAME_MAX = 255, /* RFC 5424, 6 */
    NAME_MAX_WHOLE = 200,
    MSG_KEPT = 256      /* octets of MSG that values must leave room for */
};

/* The last one fits into SYSLOG_MSG_MIN whatever stands in the item. */
static const struct syslog_fit fits[] = {
    {SYSLOG_VALUE_MAX, NAME_MAX_WHOLE, HOSTNAME_MAX, false, false},
    {512, NAME_MAX_WHOLE, HOSTNAME_MAX, false, false},
    {256, NAME_MAX_WHOLE, HOSTNAME_MAX, false, false},
    {128, NAME_MAX_WHOLE, HOSTNAME_MAX, false, false},
    {64, NAME_MAX_WHOLE, HOSTNAME_MAX, false, false},
    {32, NAME_MAX_WHOLE, HOSTNAME_MAX, false, false},
    {64, NAME_MAX_WHOLE, HOSTNAME_MAX, true, false},
    {32, NAME_MAX_WHOLE, HOSTNAME_MAX, true, false},
    {0, NAME_MAX_WHOLE, HOSTNAME_MAX, true, false},
    {0, 128, 64, true, true},
    {0, 40, 48, true, true},
};

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
    size_t n = 0, length = 0, max = o->fit.host;

    *changed = false;
    while (n < name.n && n < max && name.p[n] > 32 && name.p[n] < 127)
        n++;
    if (n && n == name.n) {
        put_bytes(o, name.p, n);
        return;
    }
    n = text_show(name, shown, sizeof shown);
    for (size_t i = 0, k; i < n; i += k, length++) {
        k = char_length(shown[i]);
        if (length == max) {
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

static void
put_alarm(struct out *o, const struct alarm_item *a)
{
    put(o, "[alarm");
    put_limited(o, "resource", a->key, o->fit.name);
    syslog_put_alarm(o, a);
    put(o, "]");
}

static void
put_origin(struct out *o, const struct syslog_form *form, struct str ip)
{
    char address[INET6_ADDRSTRLEN];

    put(o, "[origin software=\"truecause\"");
    put_limited(o, "swVersion", str_z(form->version), 32);
    put_limited(o, "enterpriseId", str_z(form->enterprise), SYSLOG_ID_MAX);
    if (syslog_address(ip, address))
        put_word(o, "ip", address);
    put(o, "]");
}

static void
put_meta(struct out *o, const struct target_item *ti, const struct syslog_view *v)
{
    put(o, "[meta");
    put_count(o, "sequenceId", v->seq ? (v->seq - 1) % INT32_MAX + 1 : 1);
    put_count(o, "sysUpTime", syslog_uptime(ti->uptime_ns));
    put(o, "]");
}

/* Of a computer's clock that wrote a log we know at most the zone. */
static void
put_time_quality(struct out *o, const struct when *w)
{
    put(o, "[timeQuality tzKnown=\"");
    put(o, w->utc_known ? "1" : "0");
    put(o, "\" isSynced=\"0\"]");
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
    plain = plain_text(s.p, s.n < cap - 1 ? s.n : cap - 1);
    if (plain)
        memcpy(out, s.p, plain);
    return plain < s.n ? plain + text_show(str_skip(s, plain), out + plain, cap - plain) : plain;
}

/* What stands before MSG: a blank, or that and a BOM.  As it is shown, what is not
 * plain is no ASCII. */
static size_t
mark_length(const struct syslog_view *v)
{
    return plain_text(v->msg, v->msg_n) == v->msg_n ? 1 : 4;
}

/* The end of the structured data and MSG, as much of it as there is room for.
 * A receiver takes what begins with a BOM for UTF-8 and leaves ASCII alone. */
static void
put_message(struct out *o, const struct syslog_view *v, bool *truncated)
{
    size_t room = o->cap - o->n, mark = mark_length(v);

    *truncated = o->cut || room < 1 + mark + v->msg_n;
    if (*truncated)
        put_word(o, "truncated", "true");
    put(o, "]");
    room = o->cap - o->n;
    if (o->full || !v->msg_n || room <= mark)
        return;
    put(o, mark == 1 ? " " : " \xef\xbb\xbf");
    syslog_put_text(o, v->msg, v->msg_n, room - mark);
}

/* What both forms take from the item. */
static void
look(struct syslog_view *v, const struct syslog_form *form, const struct target_item *ti)
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
        v->severity = severity_syslog(item->event->severity);
        break;
    case ITEM_ALARM:
        v->when = &item->alarm->when;
        v->id = event_class_name(item->alarm->cls);
        /* RFC 5674, table 1: what is indeterminate is a notice, as a clear is. */
        v->severity = severity_syslog(item->alarm->state == ALARM_CLEARED || item->alarm->severity == SEVERITY_INFO
                                          ? SEVERITY_CLEARED
                                          : item->alarm->severity);
        break;
    case ITEM_NOTICE:
        /* A sign of life has no number of its own but tells the last. */
        if (item->notice->kind == NOTICE_HEARTBEAT)
            v->seq = item->notice->last_seq;
        v->when = &item->notice->when;
        v->id = "notice";
        v->severity = severity_syslog(SEVERITY_INFO);
        break;
    }
}

static void
put_rfc5424(struct out *o, const struct syslog_form *form, const struct target_item *ti, const struct syslog_view *v)
{
    bool host_changed;

    o->structured = true;
    put(o, "<");
    syslog_put_number(o, (uint64_t) (form->facility * 8 + v->severity));
    put(o, ">1 ");
    put_timestamp(o, v->when);
    put(o, " ");
    put_hostname(o, v->host, &host_changed);
    put(o, " truecause - ");
    put(o, v->id);
    put(o, " ");
    if (ti->item->kind == ITEM_ALARM)
        put_alarm(o, ti->item->alarm);
    if (!o->fit.lean)
        put_origin(o, form, v->address);
    if (!o->fit.bare)
        put_meta(o, ti, v);
    if (!o->fit.lean || !v->when->utc_known)
        put_time_quality(o, v->when);
    put(o, "[truecause@");
    syslog_put_number(o, form->pen);
    syslog_put_facts(o, ti, v, host_changed);
}

/* Does all of the item fit with what has been written, or enough of it and the
 * word that it is not all? */
static bool
is_good(const struct out *o, const struct syslog_view *v, bool bsd, size_t kept)
{
    size_t room = o->cap - o->n, flag = sizeof " truncated=\"true\"]";

    if (o->full)
        return false;
    if (bsd)
        return !o->cut || room >= flag;
    return (!o->cut && room >= 1 + mark_length(v) + v->msg_n) || room >= kept + flag;
}

size_t
syslog_msg_write(const struct syslog_form *form, const struct target_item *ti, char *out, bool *truncated)
{
    char msg[SUMMARY_SIZE * 4];
    struct syslog_view v = {.msg = msg, .msg_n = message_text(ti->item, msg, sizeof msg)};
    size_t kept = form->budget / 4 < MSG_KEPT ? form->budget / 4 : MSG_KEPT;
    struct out o = {.p = out};

    if (v.msg_n + 4 < kept)
        kept = v.msg_n + 4;
    look(&v, form, ti);
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
        o = (struct out){.p = out, .cap = form->budget, .fit = fits[i], .cut = fits[i].lean};
        if (form->bsd)
            syslog_put_bsd(&o, form, ti, &v, kept);
        else
            put_rfc5424(&o, form, ti, &v);
        if (is_good(&o, &v, form->bsd, kept))
            break;
    }
    if (form->bsd) {
        *truncated = o.cut;
        if (o.cut)
            put_word(&o, "truncated", "true");
    } else {
        put_message(&o, &v, truncated);
    }
    return o.n;
}
