/* SPDX-License-Identifier: BSD-2-Clause
 *
 * explain_item.c - an item as the journal has it, in lines for a reader.  Over
 * a reader of its own, so that the engine does not wait for it. */
#include "build.h"

#include "forwarder/explain_item.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/cmd.h"
#include "forwarder/explain_event.h"
#include "parsers/arena.h"
#include "parsers/summary.h"

enum { EXPLAIN_HISTORY = 50 };

struct explain_journal {
    struct journal_reader *reader;
    const atomic_bool *ending;
    struct arena *arena;
    struct xml_buf *out;
};

bool
explain_is_id(const char *z)
{
    return strlen(z) == EVENT_ID_SIZE - 1 && strspn(z, "0123456789abcdef") == EVENT_ID_SIZE - 1;
}

static bool
is_ending(const struct explain_journal *x)
{
    return x->ending && *x->ending;
}

/* An event that the item names, by its id: the summary of it. */
static void
show_reference(struct explain_journal *x, const char *label, const char *id)
{
    char line[SUMMARY_SIZE] = "not in the journal any more", *owned = NULL;
    struct journal_row row;
    struct item item;

    if (!id[0] || is_ending(x))
        return;
    if (journal_reader_find(x->reader, id, &row, &owned) == 0 && item_xml_read(x->arena, row.xml, &item) == PERR_OK
        && item.kind == ITEM_EVENT)
        summary_event(item.event, line);
    put_f(x->out, "  %-12s %s  %s\n", label, id, line);
    free(owned);
}

/* The changes of one alarm, newest first. */
static void
show_history(struct explain_journal *x, struct str key)
{
    uint64_t before = UINT64_MAX;
    unsigned n = 0;
    int r = 0;

    put_z(x->out, "\nThe alarm ");
    put_shown(x->out, key);
    put_z(x->out, ", newest change first:\n");
    for (; n < EXPLAIN_HISTORY && !is_ending(x); n++) {
        char stored[PUT_SHORT], *owned = NULL;
        struct journal_row row;
        struct item item;

        if ((r = journal_reader_find_key_before(x->reader, key, before, &row, &owned)) != 0)
            break;
        before = row.seq;
        put_f(x->out, "  %10" PRIu64 "  %s  %-8s %-8s ", row.seq, put_time(stored, row.arrival_ns),
              alarm_state_name(row.state), severity_name(row.severity));
        if (item_xml_read(x->arena, row.xml, &item) == PERR_OK && item.kind == ITEM_ALARM) {
            put_shown(x->out, item.alarm->summary);
            if (str_has(item.alarm->reason)) {
                put_z(x->out, "  (");
                put_shown(x->out, item.alarm->reason);
                put_z(x->out, ")");
            }
        }
        put_z(x->out, "\n");
        free(owned);
    }
    if (n == EXPLAIN_HISTORY)
        put_f(x->out, "  (older ones than these %d are not shown)\n", EXPLAIN_HISTORY);
}

static void
show_alarm(struct explain_journal *x, const struct alarm_item *a)
{
    char count[PUT_SHORT];

    put_shown(x->out, a->summary);
    put_z(x->out, "\n");
    explain_line_z(x->out, "change", a->id);
    explain_line(x->out, "key", a->key);
    put_f(x->out, "  %-12s %s, %s, %s, count %s\n", "state", alarm_state_name(a->state), event_class_name(a->cls),
          severity_name(a->severity), put_count(count, a->count));
    explain_line(x->out, "reason", a->reason);
    explain_line(x->out, "action", a->action);
    for (unsigned i = 0; i < a->f.n_articles; i++)
        explain_line(x->out, "article", a->f.article[i]);
    if (str_has(a->event) && a->event.n < EVENT_ID_SIZE) {
        char id[EVENT_ID_SIZE];

        memcpy(id, a->event.p, a->event.n);
        id[a->event.n] = '\0';
        show_reference(x, "event", id);
    }
    for (unsigned i = 0; i < a->f.n_evidence; i++)
        show_reference(x, "evidence", a->f.evidence[i]);
    show_history(x, a->key);
}

static void
show_event(struct explain_journal *x, const struct event *ev)
{
    explain_event_head(x->out, ev);
    explain_event_body(x->out, ev);
    explain_line(x->out, "signature", ev->f.signature);
    for (unsigned i = 0; i < ev->f.n_evidence; i++)
        show_reference(x, "evidence", ev->f.evidence[i]);
    for (unsigned i = 0; i < ev->f.n_linked; i++)
        show_reference(x, "linked", ev->f.linked[i]);
}

/* The newest alarm change that an event made stands close behind it. */
static void
show_alarm_of(struct explain_journal *x, const char *id, uint64_t seq)
{
    char *owned = NULL;
    struct journal_row row;
    struct item item;

    for (unsigned i = 1; i <= 8; i++) {
        int r = journal_reader_get(x->reader, seq + i, &row, &owned);

        if (r == 0 && row.kind == ITEM_ALARM && item_xml_read(x->arena, row.xml, &item) == PERR_OK
            && str_eq(item.alarm->event, str_z(id))) {
            show_history(x, item.alarm->key);
            free(owned);
            return;
        }
        free(owned);
        owned = NULL;
        if (r != 0)
            return;
    }
}

static int
show_item(struct explain_journal *x, const struct journal_row *row)
{
    char stored[PUT_SHORT];
    struct item item;

    if (item_xml_read(x->arena, row->xml, &item) != PERR_OK) {
        put_f(x->out, "item %" PRIu64 " of the journal cannot be read\n", row->seq);
        return CMD_FAILED;
    }
    switch (item.kind) {
    case ITEM_EVENT:
        show_event(x, item.event);
        break;
    case ITEM_ALARM:
        show_alarm(x, item.alarm);
        break;
    case ITEM_NOTICE:
        put_shown(x->out, item.notice->text);
        put_z(x->out, "\n");
        break;
    }
    put_f(x->out, "\nItem %" PRIu64 " of the journal, stored %s%s.\n", row->seq, put_time(stored, row->arrival_ns),
          row->history ? ", as history of a first start" : "");
    if (item.kind == ITEM_EVENT)
        show_alarm_of(x, item.event->id, row->seq);
    return CMD_DONE;
}

int
explain_item(struct journal *j, const atomic_bool *ending, const char *id, uint64_t *seq, struct xml_buf *out)
{
    struct explain_journal x = {.reader = journal_reader_open(j, 0), .ending = ending, .arena = arena_new(16 << 20),
                                .out = out};
    int status = CMD_FAILED, r = -ENOMEM;
    struct journal_row row;
    char *owned = NULL;

    if (!explain_is_id(id)) {
        put_z(out, "an ID is 32 hexadecimal digits, in lower case\n");
        status = CMD_USAGE;
        goto out;
    }
    if (x.reader && x.arena)
        r = journal_reader_find(x.reader, id, &row, &owned);
    if (r == 0) {
        *seq = row.seq;
        status = show_item(&x, &row);
    } else if (r == -ENOENT) {
        put_f(out,
              "no item %s in the journal: it may be older than `keep`, or an event that no target takes;"
              " `truecause explain %s FILE...` looks into the logs themselves\n",
              id, id);
    } else {
        put_f(out, "cannot read the journal: %s\n", x.reader ? journal_reader_error(x.reader) : strerror(ENOMEM));
    }
out:
    free(owned);
    journal_reader_close(x.reader);
    arena_free(x.arena);
    return status;
}

void
explain_delivery(struct xml_buf *out, const char *target, uint64_t cursor, uint64_t seq)
{
    if (cursor >= seq)
        put_f(out, "  %-24s done: it stands at item %" PRIu64 "\n", target, cursor);
    else
        put_f(out, "  %-24s not yet: it stands at item %" PRIu64 ", %" PRIu64 " before this one\n", target, cursor,
              seq - cursor);
}
