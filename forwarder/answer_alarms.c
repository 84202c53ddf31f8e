/* SPDX-License-Identifier: BSD-2-Clause
 *
 * answer_alarms.c - the open alarms, for people and for programs.  Called by
 * answer.c.  The agent takes them page by page, so that thousands of them keep
 * the engine from its work for a few milliseconds at a time. */
#include "build.h"

#include "forwarder/answer.h"

#include <inttypes.h>
#include <stdlib.h>

#include "forwarder/engine_parts.h"
#include "forwarder/json.h"
#include "parsers/when.h"

enum { ANSWER_ARENA = 256 << 20, ANSWER_PAGE = 256 };

static void
put_when(struct xml_buf *out, const struct when *w)
{
    char text[WHEN_TEXT_SIZE] = "";

    when_text(w, text);
    put_f(out, "%-20s ", text[0] ? text : "-");
}

static void
json_when(struct json *j, const char *name, const struct when *w)
{
    char text[WHEN_TEXT_SIZE] = "";

    when_text(w, text);
    json_z(j, name, text[0] ? text : NULL);
}

static void
alarm_json(struct json *j, const struct alarm *a, const struct alarm_item *item)
{
    json_object(j, NULL);
    json_uint(j, "number", a->part.id);
    json_str(j, "key", a->key);
    json_z(j, "class", event_class_name(a->cls));
    json_z(j, "severity", severity_name(a->severity));
    json_uint(j, "count", a->count);
    json_when(j, "first", &item->first);
    json_when(j, "last", &item->last);
    json_str(j, "summary", item->summary);
    json_str(j, "action", item->action);
    json_object_end(j);
}

static void
list(struct engine *e, struct engine_request *q, struct arena *arena)
{
    struct alarm_table *t = correlate_alarms(e->p.correlate);
    struct call call = {.arena = arena, .event_id = "", .at = moment_utc(engine_now(e))};
    struct json j;

    json_init(&j, q->out);
    if (q->json)
        json_array(&j, NULL);
    for (unsigned i = 0; i < alarm_open_count(t); i++) {
        const struct alarm *a = alarm_at(t, i);
        const struct alarm_item *item = alarm_describe(t, &call, a, ALARM_RAISED, NULL);

        if (!item) {
            q->out->failed = true;
            break;
        }
        if (q->json) {
            alarm_json(&j, a, item);
        } else {
            put_f(q->out, "%-8s ", severity_name(a->severity));
            put_when(q->out, &item->last);
            put_f(q->out, "%5" PRIu64 "x ", a->count);
            put_shown(q->out, a->key);
            put_z(q->out, "\n         ");
            put_shown(q->out, item->summary);
            put_z(q->out, "\n");
        }
        arena_reset(arena);
    }
    if (q->json)
        json_array_end(&j);
    else if (alarm_open_count(t) == 0)
        put_z(q->out, "No alarm is open.\n");
}

/* --- pages -------------------------------------------------------------------------- */

/* As it was last told: with the id that its last notification had. */
static int
put_item(void *arg, const struct item *item)
{
    item_xml_write(arg, item);
    return 0;
}

static int
by_number(const void *a, const void *b)
{
    uint64_t x = (*(const struct alarm *const *) a)->part.id, y = (*(const struct alarm *const *) b)->part.id;

    return x < y ? -1 : x > y;
}

/* The alarms whose number is greater than 'after', in the order of numbers; to
 * be freed.  NULL when memory ends, or there are none. */
static const struct alarm **
select_after(struct alarm_table *t, uint64_t after, unsigned *n)
{
    unsigned all = alarm_open_count(t);
    const struct alarm **found = all ? malloc(all * sizeof *found) : NULL;

    *n = 0;
    for (unsigned i = 0; found && i < all; i++)
        if (alarm_at(t, i)->part.id > after)
            found[(*n)++] = alarm_at(t, i);
    if (*n > 1)
        qsort(found, *n, sizeof *found, by_number);
    return found;
}

/* "NUMBER ITEM" a line, up to ANSWER_PAGE of them; then "more" or "end". */
static void
page(struct engine *e, struct engine_request *q, struct arena *arena)
{
    struct alarm_table *t = correlate_alarms(e->p.correlate);
    const struct sink sink = {put_item, q->out};
    struct call call = {.arena = arena, .event_id = "", .sink = &sink, .at = moment_utc(engine_now(e))};
    unsigned n, shown;
    const struct alarm **found;

    /* A number that was seen must not be given to another alarm after a crash. */
    engine_commit(e);
    found = select_after(t, q->from, &n);
    if (!found && alarm_open_count(t))
        q->out->failed = true;
    shown = n < ANSWER_PAGE ? n : ANSWER_PAGE;
    for (unsigned i = 0; i < shown && !call.error; i++) {
        put_f(q->out, "%" PRIu64 " ", found[i]->part.id);
        alarm_repeat(t, &call, found[i], NULL);
        arena_reset(arena);
    }
    put_z(q->out, shown < n ? "more\n" : "end\n");
    q->out->failed = q->out->failed || call.error;
    free(found);
}

void
answer_alarms(struct engine *e, struct engine_request *q)
{
    struct arena *arena = arena_new(ANSWER_ARENA);

    if (!arena)
        q->out->failed = true;
    else if (q->items)
        page(e, q, arena);
    else
        list(e, q, arena);
    arena_free(arena);
}
