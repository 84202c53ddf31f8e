/* SPDX-License-Identifier: BSD-2-Clause
 *
 * syslog_bsd.c - the message for receivers that know RFC 3164 only.  Called by
 * syslog_msg.c, which keeps the budget.
 *
 *   <PRI>Mmm dd hh:mm:ss HOST truecause[CLASS|notice]: SUMMARY id="..." ... time="..." ...
 *
 * The facts are those of the other form and have its names; a value stands in
 * quotation marks, with \" and \\ for those two.  The summary, which holds names
 * that others chose, has neither " nor =, so that what looks like a fact is one. */
#include "build.h"

#include "forwarder/syslog_put.h"

#include <time.h>

#include "parsers/when.h"

enum { TEXT_MAX = 512 };

/* The digits of the originator's clock, as RFC 3164 wants them; where they are
 * unknown, of ours; of a record without time, those of its sending, as a relay
 * would give it (section 4.3.2). */
static int64_t
local_digits(const struct when *w, int64_t now)
{
    int64_t utc = w->utc_known ? w->utc : now;
    time_t seconds = (time_t) (utc / WHEN_SECOND);
    struct tm tm;

    if (w->local_known)
        return w->local;
    if (!localtime_r(&seconds, &tm))
        return utc;
    return (int64_t) timegm(&tm) * WHEN_SECOND;
}

static void
put_timestamp(struct out *o, int64_t local)
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char iso[WHEN_TEXT_SIZE];
    unsigned month;

    when_iso(local, 0, iso); /* YYYY-MM-DDThh:mm:ss */
    month = (unsigned) ((iso[5] - '0') * 10 + iso[6] - '0') - 1;
    put(o, month < 12 ? months[month] : months[0]);
    put(o, " ");
    put_bytes(o, iso[8] == '0' ? " " : iso + 8, 1);
    put_bytes(o, iso + 9, 1);
    put(o, " ");
    put_bytes(o, iso + 11, 8);
}

/* HOSTNAME without its domain, in the characters that parsers of this form take
 * for a name.  True when that is not all of it. */
static bool
put_hostname(struct out *o, struct str name)
{
    char text[INET6_ADDRSTRLEN];
    bool address = syslog_address(name, text), changed = false;
    size_t n = 0;

    for (; n < name.n && n < o->fit.host && (address || name.p[n] != '.'); n++) {
        bool fine = str_is_alnum(name.p[n]) || name.p[n] == '-' || name.p[n] == '_' || address;

        put_bytes(o, fine ? name.p + n : "_", 1);
        changed |= !fine;
    }
    if (!n)
        put(o, "-");
    return changed || n < name.n;
}

/* The summary, with nothing in it that could be taken for a fact. */
static void
put_summary(struct out *o, const struct syslog_view *v, size_t kept)
{
    char text[TEXT_MAX];
    size_t n = v->msg_n < sizeof text ? v->msg_n : sizeof text;

    for (size_t i = 0; i < n; i++)
        text[i] = v->msg[i] == '"' ? '\'' : v->msg[i];
    for (size_t i = 0; i < n; i++)
        if (text[i] == '=')
            text[i] = ':';
    if (syslog_put_text(o, text, n, kept) < v->msg_n)
        o->cut = true;
}

void
syslog_put_bsd(struct out *o, const struct syslog_form *form, const struct target_item *ti, const struct syslog_view *v,
               size_t kept)
{
    bool host_changed = true;

    put(o, "<");
    syslog_put_number(o, (uint64_t) (form->facility * 8 + v->severity));
    put(o, ">");
    put_timestamp(o, local_digits(v->when, ti->now_ns));
    if (!form->no_host) {
        put(o, " ");
        host_changed = put_hostname(o, v->host);
    }
    put(o, " truecause[");
    put(o, v->id);
    put(o, "]: ");
    put_summary(o, v, kept);
    syslog_put_facts(o, ti, v, host_changed && v->host.n);
    if (o->fit.bare)
        return;
    if (v->when->utc_known)
        put_time(o, "time", v->when);
    put_word(o, "tzKnown", v->when->utc_known ? "1" : "0");
    if (ti->item->kind == ITEM_ALARM)
        syslog_put_alarm(o, ti->item->alarm);
    if (!o->fit.lean) {
        put_count(o, "sysUpTime", syslog_uptime(ti->uptime_ns));
        put_limited(o, "swVersion", str_z(form->version), 32);
    }
}
