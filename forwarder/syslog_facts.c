/* SPDX-License-Identifier: BSD-2-Clause
 *
 * syslog_facts.c - what a message says of its item in NAME="VALUE" parameters,
 * the same in both forms: the body of truecause@PEN, and RFC 5674's view of an
 * alarm.  Called by syslog_msg.c and syslog_bsd.c.  Names of the item come
 * first and stay whole; what may be missed is left out where room is short. */
#include "build.h"

#include "forwarder/syslog_put.h"

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

void
syslog_put_alarm(struct out *o, const struct alarm_item *a)
{
    const char *severity = severity_name(a->severity);

    if (a->state == ALARM_CLEARED)
        severity = "cleared";
    else if (a->severity == SEVERITY_INFO)
        severity = "indeterminate"; /* there is no word for less than a warning */
    put_word(o, "probableCause", probable_cause(a->cls));
    put_word(o, "perceivedSeverity", severity);
    if (!o->fit.lean)
        put_word(o, "eventType", a->cls == CLASS_NETWORK ? "communicationsAlarm" : "processingErrorAlarm");
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
    if (o->fit.lean) {
        o->cut = true;
        return;
    }
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

/* Where the record stands. */
static void
put_source(struct out *o, const struct event *ev)
{
    if (o->fit.lean)
        return;
    put_value(o, "format", ev->format);
    put_value(o, "source", ev->source_name);
    put_count(o, "offset", ev->offset);
    if (ev->line)
        put_count(o, "line", ev->line);
    put_count(o, "length", ev->length);
    if (ev->repaired)
        put_word(o, "repaired", "trailer");
}

static void
put_when(struct out *o, const struct when *w)
{
    if (!w->utc_known)
        put_time(o, "local", w);
    if (o->fit.lean)
        return;
    put_value(o, "zone", w->zone);
    if (w->dst != WHEN_DST_NONE)
        put_word(o, "dst", w->dst == WHEN_DST_FIRST ? "first" : "shifted");
}

static void
put_alarm_facts(struct out *o, const struct alarm_item *a)
{
    put_count(o, "count", a->count);
    if (o->fit.lean)
        return;
    put_time(o, "first", &a->first);
    put_time(o, "last", &a->last);
    put_value(o, "reason", a->reason);
    put_limited(o, "event", a->event, SYSLOG_ID_MAX);
}

/* A notice: its kind and, for a sign of life, the totals. */
static void
put_notice(struct out *o, const struct notice_item *no, uint64_t seq)
{
    put_word(o, "kind", notice_kind_name(no->kind));
    if (no->id[0])
        put_limited(o, "id", str_z(no->id), SYSLOG_ID_MAX);
    put_count(o, "seq", seq);
    if (no->kind == NOTICE_HEARTBEAT) {
        put_count(o, "read", no->read);
        put_count(o, "delivered", no->delivered);
        put_count(o, "folded", no->folded);
        put_count(o, "dropped", no->dropped);
        put_count(o, "open", no->open_count);
        if (no->open_digest[0] && !o->fit.bare)
            put_limited(o, "digest", str_z(no->open_digest), SYSLOG_ID_MAX);
    }
    if (!no->when.utc_known)
        put_time(o, "local", &no->when);
}

void
syslog_put_facts(struct out *o, const struct target_item *ti, const struct syslog_view *v, bool host_changed)
{
    const struct alarm_item *a = ti->item->alarm;
    const struct event *ev = ti->item->event;
    bool alarm = ti->item->kind == ITEM_ALARM;
    const struct facts *f;

    if (ti->item->kind == ITEM_NOTICE) {
        put_notice(o, ti->item->notice, v->seq);
        return;
    }
    f = alarm ? &a->f : &ev->f;
    put_limited(o, "id", str_z(alarm ? a->id : ev->id), SYSLOG_ID_MAX);
    if (alarm) {
        put_limited(o, "key", a->key, o->fit.name);
        put_word(o, "state", alarm_state_name(a->state));
    }
    put_word(o, "class", event_class_name(alarm ? a->cls : ev->cls));
    if (!o->fit.bare)
        put_word(o, "severity", severity_name(alarm ? a->severity : ev->severity));
    put_count(o, "seq", v->seq);
    if (o->fit.bare) {
        o->cut = true;
        return;
    }
    if (alarm)
        put_alarm_facts(o, a);
    put_verdict(o, f);
    put_when(o, v->when);
    if (host_changed)
        put_value(o, "host", v->host);
    put_facts(o, f);
    if (!alarm)
        put_source(o, ev);
    /* A fault's own words are its proof; the rest is in the archive. */
    if (!alarm && event_class_is_fault(ev->cls))
        put_value(o, "text", ev->text);
    if (alarm)
        put_value(o, "action", a->action);
}
