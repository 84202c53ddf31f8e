/* SPDX-License-Identifier: BSD-2-Clause
 *
 * cmd_explain.c - `truecause explain FILE:LINE`: one record taken apart, with
 * the verdict it has after all records around it were seen. */
#include "build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/cmd.h"
#include "forwarder/log.h"
#include "forwarder/pipeline.h"
#include "parsers/summary.h"
#include "parsers/text.h"

enum { EXPLAIN_MAX = 16, EXPLAIN_BYTES = 1024 };

static const char usage[] =
    "usage: truecause explain [OPTION]... FILE[:LINE]|ID [FILE...]\n"
    "Takes a record apart: its bytes, what was read from them, the verdict and why.\n"
    "FILE:LINE names the record that stands on that line, FILE alone all faults in\n"
    "it; an ID (32 hex digits) is looked for in the FILEs.  Further FILEs are read\n"
    "as well, so that reports and the lines that prove them meet.\n"
    "Options as for report.\n";

struct explain {
    const char *id;   /* wanted, or NULL */
    const char *name; /* source name wanted, or NULL */
    uint64_t line;    /* 0: all faults */
    const struct inputs *in;
    unsigned shown;
    unsigned more;
    char ids[EXPLAIN_MAX][EVENT_ID_SIZE]; /* shown events, for their alarms */
};

static void
show(const char *label, struct str s)
{
    char text[4096];

    if (!str_has(s))
        return;
    text_show(s, text, sizeof text);
    printf("  %-12s %s\n", label, text);
}

static void
show_z(const char *label, const char *z)
{
    if (z && z[0])
        show(label, str_z(z));
}

/* The text, one line of it a line, indented. */
static void
show_text(struct str text)
{
    bool first = true;

    while (first || text.n) {
        size_t n = str_find_char(text, '\n');

        show(first ? "text" : "", str_make(text.p, n));
        text = str_skip(text, n < text.n ? n + 1 : n);
        first = false;
    }
}

static void
show_when(const struct when *w)
{
    char utc[WHEN_TEXT_SIZE] = "", local[WHEN_TEXT_SIZE] = "";

    if (w->utc_known)
        when_text(w, utc);
    if (w->local_known)
        when_iso(w->local, w->fraction, local);
    show_z("time", utc);
    show_z("local", local);
    if (w->zone.n)
        show("zone", w->zone);
    if (!w->utc_known && w->local_known)
        puts("               the zone is unknown: --zone or the source's zone attribute tells");
    if (!w->utc_known && !w->local_known)
        show_z("time", "none in the record");
}

static void
show_claim(const struct facts *f)
{
    if (!f->claimed)
        return;
    printf("  %-12s %s", "claim", event_class_name(f->claim_class));
    if (str_has(f->claim_event))
        printf(" (event %.*s)", STR_ARG(f->claim_event));
    if (f->figures != FIGURES_NONE)
        printf(", figures %s", figures_name(f->figures));
    if (f->figures == FIGURES_FILLED)
        printf(": %.*s MB available, %.*s MB required", STR_ARG(f->available), STR_ARG(f->required));
    fputc('\n', stdout);
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
show_cause(const struct event *ev)
{
    const struct facts *f = &ev->f;

    show_z("class", event_class_name(ev->cls));
    show_z("severity", severity_name(ev->severity));
    show("signature", f->signature);
    if (!f->caused)
        return;
    printf("  %-12s %s%s\n", "cause", event_class_name(f->cause_class),
           f->misreported ? ", not what the report claims" : "");
    if (f->tagged)
        show_z("tag", EVENT_TAG);
    if (f->win32_known)
        printf("  %-12s Win32 %" PRIu32 " %.*s\n", "code", f->win32, STR_ARG(f->symbol));
    printf("  %-12s %s: %s (%s)\n", "basis", basis_name(f->basis), basis_words(f->basis),
           confidence_name(f->confidence));
    for (unsigned i = 0; i < f->n_evidence; i++)
        show_z("evidence", f->evidence[i]);
    for (unsigned i = 0; i < f->n_linked; i++)
        show_z("linked", f->linked[i]);
    for (unsigned i = 0; i < f->n_articles; i++)
        show("article", f->article[i]);
}

/* The record's own bytes, from the file that the event names; what is long is
 * cut.  A file that went away meanwhile shows nothing. */
static void
show_bytes(const struct inputs *in, const struct event *ev)
{
    char bytes[EXPLAIN_BYTES];
    size_t n = ev->length < sizeof bytes ? (size_t) ev->length : sizeof bytes;

    for (unsigned i = 0; i < in->n; i++) {
        const char *slash = strrchr(in->path[i], '/');
        FILE *f;

        if (!str_eq(ev->source_name, str_z(slash ? slash + 1 : in->path[i])))
            continue;
        f = fopen(in->path[i], "rb");
        if (f && fseeko(f, (off_t) ev->offset, SEEK_SET) == 0 && fread(bytes, 1, n, f) == n)
            show("bytes", str_make(bytes, n));
        if (f)
            fclose(f);
        return;
    }
}

static void
show_event(const struct inputs *in, const struct event *ev)
{
    char line[SUMMARY_SIZE];

    summary_event(ev, line);
    printf("%s\n", line);
    show_z("event", ev->id);
    printf("  %-12s %.*s, line %" PRIu64 ", bytes %" PRIu64 " to %" PRIu64 "\n", "source", STR_ARG(ev->source_name),
           ev->line, ev->offset, ev->offset + ev->length);
    printf("  %-12s %.*s%s%s\n", "format", STR_ARG(ev->format), ev->repaired ? ", trailer damaged and repaired" : "",
           ev->truncated ? ", text shortened" : "");
    show_bytes(in, ev);
    show_when(&ev->when);
#define FACT(member, element, attribute, sd, prose) \
    if (strcmp(#element, "claim") != 0) \
        show(#attribute, ev->f.member);
#include "parsers/event_fields.def"
#undef FACT
    show_text(ev->text);
    show_claim(&ev->f);
    show_cause(ev);
}

static bool
wanted(const struct explain *x, const struct event *ev)
{
    uint64_t lines = 1;

    if (x->id)
        return strcmp(ev->id, x->id) == 0;
    if (x->name && !str_eq(ev->source_name, str_z(x->name)))
        return false;
    if (x->line == 0)
        return event_class_is_fault(ev->cls);
    for (size_t i = 0; i < ev->text.n; i++)
        lines += ev->text.p[i] == '\n';
    return ev->line <= x->line && x->line < ev->line + lines;
}

static int
look_at(void *arg, const struct item *item)
{
    struct explain *x = arg;

    if (item->kind == ITEM_ALARM) {
        const struct alarm_item *a = item->alarm;

        for (unsigned i = 0; i < x->shown && i < EXPLAIN_MAX; i++)
            if (str_eq(a->event, str_z(x->ids[i])))
                printf("  %-12s %s %.*s, %s: %.*s\n", "alarm", alarm_state_name(a->state), STR_ARG(a->key),
                       severity_name(a->severity), STR_ARG(a->summary));
        return 0;
    }
    if (!wanted(x, item->event))
        return 0;
    if (x->shown == EXPLAIN_MAX) {
        x->more++;
        return 0;
    }
    if (x->shown)
        fputc('\n', stdout);
    memcpy(x->ids[x->shown++], item->event->id, EVENT_ID_SIZE);
    show_event(x->in, item->event);
    return 0;
}

static bool
is_id(const char *z)
{
    return strlen(z) == EVENT_ID_SIZE - 1 && strspn(z, "0123456789abcdef") == EVENT_ID_SIZE - 1;
}

/* Splits "FILE:LINE"; a name that has a colon and exists as it is wins. */
static void
split_place(char *arg, struct explain *x)
{
    char *colon = strrchr(arg, ':'), *end;
    const char *slash;
    FILE *whole = fopen(arg, "r");

    if (whole)
        fclose(whole);
    if (!whole && colon && colon[1]) {
        x->line = strtoull(colon + 1, &end, 10);
        if (*end == '\0' && x->line)
            *colon = '\0';
        else
            x->line = 0;
    }
    slash = strrchr(arg, '/');
    x->name = slash ? slash + 1 : arg;
}

int
cmd_explain(int argc, char **argv)
{
    struct explain x = {0};
    struct options options;
    struct pipeline p;
    struct inputs in;
    struct sink sink = {look_at, &x};
    int status;

    if (!options_read(&options, argc, argv, "", usage, &status))
        return status;
    if (is_id(argv[options.first])) {
        x.id = argv[options.first++];
        if (options.first == argc) {
            log_error("give the FILEs in which event %s is to be looked for", x.id);
            return CMD_USAGE;
        }
    } else {
        split_place(argv[options.first], &x);
    }
    if (!pipeline_init(&p))
        return CMD_FAILED;
    inputs_expand(&in, argv + options.first, argc - options.first);
    x.in = &in;
    pipeline_open_inputs(&p, &in, &options.stream);
    status = pipeline_run(&p, &sink, false, NULL, NULL) ? CMD_FAILED : pipeline_status(&p);
    if (x.more)
        printf("\n(%u more are not shown; name one by FILE:LINE)\n", x.more);
    if (!x.shown && status != CMD_FAILED) {
        if (x.id || x.line)
            log_error("no record there: %s", x.id ? x.id : "the line is past the end, or blank");
        else
            puts("No faults found.");
        status = x.id || x.line ? CMD_FAILED : status;
    }
    pipeline_fini(&p);
    inputs_fini(&in);
    return fflush(stdout) ? CMD_FAILED : status;
}
