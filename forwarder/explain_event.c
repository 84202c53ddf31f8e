/* SPDX-License-Identifier: BSD-2-Clause
 *
 * explain_event.c - one event taken apart for a reader: what was read from the
 * record, the verdict, and why.  Called by cmd_explain.c for records of files
 * and by explain_item.c for those in the journal. */
#include "build.h"

#include "forwarder/explain_event.h"

#include <inttypes.h>
#include <string.h>

#include "parsers/summary.h"
#include "parsers/when.h"

void
explain_line(struct xml_buf *out, const char *label, struct str s)
{
    if (!str_has(s))
        return;
    put_f(out, "  %-12s ", label);
    put_shown(out, s);
    put_z(out, "\n");
}

void
explain_line_z(struct xml_buf *out, const char *label, const char *z)
{
    if (z && z[0])
        explain_line(out, label, str_z(z));
}

/* The text, one line of it a line, indented. */
static void
show_text(struct xml_buf *out, struct str text)
{
    bool first = true;

    while (first || text.n) {
        size_t n = str_find_char(text, '\n');

        explain_line(out, first ? "text" : "", str_make(text.p, n));
        text = str_skip(text, n < text.n ? n + 1 : n);
        first = false;
    }
}

static void
show_when(struct xml_buf *out, const struct when *w)
{
    char utc[WHEN_TEXT_SIZE] = "", local[WHEN_TEXT_SIZE] = "";

    if (w->utc_known)
        when_text(w, utc);
    if (w->local_known)
        when_iso(w->local, w->fraction, local);
    explain_line_z(out, "time", utc);
    explain_line_z(out, "local", local);
    if (w->zone.n)
        explain_line(out, "zone", w->zone);
    if (!w->utc_known && w->local_known)
        put_z(out, "               the zone is unknown: --zone or the source's zone attribute tells\n");
    if (!w->utc_known && !w->local_known)
        explain_line_z(out, "time", "none in the record");
}

static void
show_claim(struct xml_buf *out, const struct facts *f)
{
    if (!f->claimed)
        return;
    put_f(out, "  %-12s %s", "claim", event_class_name(f->claim_class));
    if (str_has(f->claim_event))
        put_f(out, " (event %.*s)", STR_ARG(f->claim_event));
    if (f->figures != FIGURES_NONE)
        put_f(out, ", figures %s", figures_name(f->figures));
    if (f->figures == FIGURES_FILLED)
        put_f(out, ": %.*s MB available, %.*s MB required", STR_ARG(f->available), STR_ARG(f->required));
    put_z(out, "\n");
}

static const char *
basis_words(enum basis b)
{
    switch (b) {
    case BASIS_CODE:
        return "the record shows the code itself";
    case BASIS_LOG_MATCH:
        return "a log line about the same package proves it";
    case BASIS_BLANK_FIGURES:
        return "a real lack of space fills the figures in; these are blank";
    case BASIS_FIGURES:
        return "the figures show it";
    case BASIS_TEXT:
        return "only the wording says so";
    case BASIS_SEQUENCE:
        return "the order of records shows it";
    case BASIS_NONE:
        return "";
    }
    return "";
}

static void
show_cause(struct xml_buf *out, const struct event *ev)
{
    const struct facts *f = &ev->f;

    explain_line_z(out, "class", event_class_name(ev->cls));
    explain_line_z(out, "severity", severity_name(ev->severity));
    if (!f->caused)
        return;
    put_f(out, "  %-12s %s%s\n", "cause", event_class_name(f->cause_class),
           f->misreported ? ", not what the report claims" : "");
    if (f->tagged)
        explain_line_z(out, "tag", EVENT_TAG);
    if (f->win32_known)
        put_f(out, "  %-12s Win32 %" PRIu32 " %.*s\n", "code", f->win32, STR_ARG(f->symbol));
    else if (str_has(f->symbol))
        explain_line(out, "code", f->symbol);
    put_f(out, "  %-12s %s: %s (%s)\n", "basis", basis_name(f->basis), basis_words(f->basis),
           confidence_name(f->confidence));
    for (unsigned i = 0; i < f->n_articles; i++)
        explain_line(out, "article", f->article[i]);
}

void
explain_event_head(struct xml_buf *out, const struct event *ev)
{
    char line[SUMMARY_SIZE];

    summary_event(ev, line);
    put_f(out, "%s\n", line);
    explain_line_z(out, "event", ev->id);
    put_f(out, "  %-12s ", "source");
    put_shown(out, ev->source_name);
    if (ev->line)
        put_f(out, ", line %" PRIu64, ev->line);
    put_f(out, ", bytes %" PRIu64 " to %" PRIu64 "\n", ev->offset, ev->offset + ev->length);
    put_f(out, "  %-12s %.*s%s%s\n", "format", STR_ARG(ev->format),
          ev->repaired ? ", trailer damaged and repaired" : "", ev->truncated ? ", text shortened" : "");
}

void
explain_event_body(struct xml_buf *out, const struct event *ev)
{
    show_when(out, &ev->when);
#define FACT(member, element, attribute, sd, prose) \
    if (strcmp(#element, "claim") != 0) \
        explain_line(out, strcmp(#attribute, "event") == 0 ? "event number" : #attribute, ev->f.member);
#include "parsers/event_fields.def"
#undef FACT
    show_text(out, ev->text);
    show_claim(out, &ev->f);
    show_cause(out, ev);
}
