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
#include "forwarder/explain_event.h"
#include "forwarder/explain_match.h"
#include "forwarder/log.h"
#include "forwarder/pipeline.h"
#include "parsers/summary.h"
#include "parsers/text.h"

enum { EXPLAIN_MAX = 16, EXPLAIN_BYTES = 1024, EXPLAIN_WORDS = 4 << 20, EXPLAIN_SEEN = 4096 };

static const char usage[] =
    "usage: truecause explain [OPTION]... FILE[:LINE]|ID [FILE...]\n"
    "       truecause explain -c CONFIG ID\n"
    "Takes a record apart: its bytes, what was read from them, the verdict and why.\n"
    "FILE:LINE names the record that stands on that line, FILE alone all faults in\n"
    "it; an ID (32 hex digits) is looked for in the FILEs.  Further FILEs are read\n"
    "as well, so that reports and the lines that prove them meet.  With -c, the ID is\n"
    "looked for in the journal, and what became of it is told as well.\n"
    "Options as for report.\n";

/* A fault that was read: evidence is told in words, too. */
struct seen {
    char id[EVENT_ID_SIZE];
    char name[64]; /* of its file */
    uint64_t line;
    char summary[SUMMARY_SIZE];
};

struct explain {
    const char *id;   /* wanted, or NULL */
    const char *name; /* source name wanted, or NULL */
    uint64_t line;    /* 0: all faults */
    const struct inputs *in;
    const struct pipeline *p;
    unsigned shown;
    unsigned more;
    struct seen *seen; /* the last EXPLAIN_SEEN of them */
    uint64_t n_seen;
    char ids[EXPLAIN_MAX][EVENT_ID_SIZE]; /* shown events, for their alarms */
};

/* The record's own bytes, from the file that the event names; what is long is
 * cut.  A file that went away meanwhile shows nothing. */
static void
show_bytes(struct xml_buf *out, const struct inputs *in, const struct event *ev)
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
            explain_line(out, "bytes", str_make(bytes, n));
        if (f)
            fclose(f);
        return;
    }
}

static void
remember(struct explain *x, const struct event *ev)
{
    struct seen *s;

    if (!x->seen || !(event_class_is_fault(ev->cls) || ev->f.win32_known))
        return;
    s = &x->seen[x->n_seen++ % EXPLAIN_SEEN];
    memcpy(s->id, ev->id, sizeof s->id);
    snprintf(s->name, sizeof s->name, "%.*s", STR_ARG(ev->source_name));
    s->line = ev->line;
    summary_event(ev, s->summary);
}

/* The event with this id, by where it stands and what it says. */
static void
show_reference(const struct explain *x, struct xml_buf *out, const char *label, const char *id)
{
    uint64_t n = x->n_seen < EXPLAIN_SEEN ? x->n_seen : EXPLAIN_SEEN;

    explain_line_z(out, label, id);
    for (uint64_t i = 0; x->seen && i < n; i++)
        if (strcmp(x->seen[i].id, id) == 0) {
            put_f(out, "  %-12s ", "");
            put_shown(out, str_z(x->seen[i].name));
            put_f(out, ", line %" PRIu64 ": ", x->seen[i].line);
            put_shown(out, str_z(x->seen[i].summary));
            put_z(out, "\n");
            return;
        }
}

static void
show_event(const struct explain *x, const struct event *ev)
{
    struct xml_buf out;

    xml_buf_init(&out, EXPLAIN_WORDS);
    explain_event_head(&out, ev);
    show_bytes(&out, x->in, ev);
    explain_event_body(&out, ev);
    for (unsigned i = 0; i < ev->f.n_evidence; i++)
        show_reference(x, &out, "evidence", ev->f.evidence[i]);
    for (unsigned i = 0; i < ev->f.n_linked; i++)
        show_reference(x, &out, "linked", ev->f.linked[i]);
    explain_match(&out, x->p->catalogue, x->p->scratch, ev);
    fwrite(out.p, 1, out.n, stdout);
    xml_buf_fini(&out);
}

/* Whether 's' are the digits of 'number'. */
static bool
has_number(struct str s, uint64_t number)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRIu64, number);
    return str_eq(s, str_z(digits));
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
    if (ev->line == 0) /* a file without lines: its records have numbers */
        return has_number(ev->f.record_number, x->line);
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
            if (str_eq(a->event, str_z(x->ids[i]))) {
                printf("  %-12s %s %.*s, %s: %.*s\n", "alarm", alarm_state_name(a->state), STR_ARG(a->key),
                       severity_name(a->severity), STR_ARG(a->summary));
                if (str_has(a->action))
                    printf("  %-12s %.*s\n", "action", STR_ARG(a->action));
            }
        return 0;
    }
    if (item->kind == ITEM_EVENT)
        remember(x, item->event);
    if (!wanted(x, item->event))
        return 0;
    if (x->shown == EXPLAIN_MAX) {
        x->more++;
        return 0;
    }
    if (x->shown)
        fputc('\n', stdout);
    memcpy(x->ids[x->shown++], item->event->id, EVENT_ID_SIZE);
    show_event(x, item->event);
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

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], "-c", 2) == 0 || strncmp(argv[i], "--config", 8) == 0)
            return cmd_explain_id(argc, argv);
    if (!options_read(&options, argc, argv, "", usage, &status))
        return status;
    if (is_id(argv[options.first])) {
        x.id = argv[options.first++];
        if (options.first == argc) {
            log_error("give the FILEs in which event %s is to be looked for", x.id);
            catalogue_unref(options.catalogue);
            return CMD_USAGE;
        }
    } else {
        split_place(argv[options.first], &x);
    }
    if (!pipeline_init(&p, options.catalogue))
        return CMD_FAILED;
    inputs_expand(&in, argv + options.first, argc - options.first);
    x.in = &in;
    x.p = &p;
    x.seen = calloc(EXPLAIN_SEEN, sizeof *x.seen);
    pipeline_open_inputs(&p, &in, &options.stream);
    status = pipeline_run(&p, &sink, false) ? CMD_FAILED : pipeline_status(&p);
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
    free(x.seen);
    return fflush(stdout) ? CMD_FAILED : status;
}
