/* SPDX-License-Identifier: BSD-2-Clause
 *
 * scenario_run.c - a scenario through the path of records: each source is a
 * file of its own that forwarder/stream.c reads, in the order of the script;
 * then diagnose_event and correlate_event as pipeline.c calls them. */
#include "build.h"

#include "tests/unit/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/stream.h"
#include "parsers/catalogue.h"
#include "parsers/correlate.h"
#include "parsers/item_xml.h"
#include "tests/unit/scratch.h"

struct named {
    char id[EVENT_ID_SIZE];
    char label[64];
};

struct run {
    const struct scenario *s;
    struct scenario_result *result;
    struct catalogue *catalogue;
    struct catalogue_scratch *scratch;
    struct correlate *correlate;
    struct stream *stream[SCENARIO_SOURCES];
    bool waiting[SCENARIO_SOURCES]; /* has an event that was not fed yet */
    unsigned step;
    struct named *named;
    unsigned n_named, cap_named;
};

static void
need(const struct run *k, bool ok, const char *what)
{
    const struct scenario *s = k->s;

    ck_assert_msg(ok, "%s:%d: %s: %s", s->path, k->step < s->n_steps ? s->step[k->step].line : s->line, s->title, what);
}

/* --- what came out ------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static void
add(struct scenario_item *it, const char *name, const char *format, ...)
{
    char *value = NULL;
    va_list ap;

    va_start(ap, format);
    ck_assert_int_ge(vasprintf(&value, format, ap), 0);
    va_end(ap);
    ck_assert_uint_lt(it->n_fields, SCENARIO_FIELDS);
    it->field[it->n_fields++] = (struct scenario_word){name, value};
}

static void
add_str(struct scenario_item *it, const char *name, struct str s)
{
    if (str_has(s))
        add(it, name, "%.*s", STR_ARG(s));
}

static void
add_time(struct scenario_item *it, const char *name, const struct when *w)
{
    char text[WHEN_TEXT_SIZE];

    if (when_text(w, text))
        add(it, name, "%s", text);
}

static const char *
label_of(const struct run *k, const char *id)
{
    for (unsigned i = k->n_named; i-- > 0;)
        if (strcmp(k->named[i].id, id) == 0)
            return k->named[i].label;
    return id;
}

static void
add_labels(const struct run *k, struct scenario_item *it, const char *name, unsigned n, const char ids[][EVENT_ID_SIZE])
{
    char list[1024] = "";
    size_t at = 0;

    for (unsigned i = 0; i < n; i++)
        at += (size_t) snprintf(list + at, sizeof list - at, "%s%s", i ? "," : "", label_of(k, ids[i]));
    if (n)
        add(it, name, "%s", list);
}

static void
add_facts(const struct run *k, struct scenario_item *it, const struct facts *f)
{
    char articles[256] = "";
    size_t at = 0;

#define FACT(member, element, attribute, sd, prose) add_str(it, #member, f->member);
#include "parsers/event_fields.def"
#undef FACT
    if (f->claimed)
        add(it, "claim", "%s", event_class_name(f->claim_class));
    if (f->figures != FIGURES_NONE)
        add(it, "figures", "%s", figures_name(f->figures));
    if (f->caused)
        add(it, "cause", "%s", event_class_name(f->cause_class));
    if (f->win32_known)
        add(it, "win32", "%u", f->win32);
    add_str(it, "symbol", f->symbol);
    if (f->tagged)
        add(it, "tag", "%s", EVENT_TAG);
    add(it, "misreported", "%s", f->misreported ? "true" : "false");
    if (f->basis != BASIS_NONE)
        add(it, "basis", "%s", basis_name(f->basis));
    if (f->confidence != CONFIDENCE_NONE)
        add(it, "confidence", "%s", confidence_name(f->confidence));
    add_str(it, "signature", f->signature);
    for (unsigned i = 0; i < f->n_articles; i++)
        at += (size_t) snprintf(articles + at, sizeof articles - at, "%s%.*s", i ? "," : "", STR_ARG(f->article[i]));
    if (f->n_articles)
        add(it, "article", "%s", articles);
    add_labels(k, it, "evidence", f->n_evidence, (const char (*)[EVENT_ID_SIZE]) f->evidence);
    add_labels(k, it, "linked", f->n_linked, (const char (*)[EVENT_ID_SIZE]) f->linked);
}

static void
add_event(const struct run *k, struct scenario_item *it, const struct event *ev)
{
    it->minor = !event_class_is_fault(ev->cls);
    add(it, "record", "%s", label_of(k, ev->id));
    add(it, "class", "%s", event_class_name(ev->cls));
    add(it, "severity", "%s", severity_name(ev->severity));
    add(it, "fact", "%s", event_fact_name(ev->fact));
    add_time(it, "time", &ev->when);
    if (ev->when.dst != WHEN_DST_NONE)
        add(it, "dst", "%s", ev->when.dst == WHEN_DST_FIRST ? "first" : "shifted");
    if (ev->repaired)
        add(it, "repaired", "true");
    add_str(it, "text", ev->text);
    add_facts(k, it, &ev->f);
}

static void
add_alarm(const struct run *k, struct scenario_item *it, const struct alarm_item *a)
{
    it->alarm = true;
    it->state = alarm_state_name(a->state);
    add_str(it, "key", a->key);
    add(it, "class", "%s", event_class_name(a->cls));
    add(it, "severity", "%s", severity_name(a->severity));
    add(it, "count", "%llu", (unsigned long long) a->count);
    add_time(it, "first", &a->first);
    add_time(it, "last", &a->last);
    add_time(it, "time", &a->when);
    add_str(it, "reason", a->reason);
    add_str(it, "summary", a->summary);
    add_str(it, "action", a->action);
    if (a->event.n == EVENT_ID_SIZE - 1) {
        char id[EVENT_ID_SIZE];

        memcpy(id, a->event.p, sizeof id - 1);
        id[sizeof id - 1] = '\0';
        add(it, "by", "%s", label_of(k, id));
    }
    add_facts(k, it, &a->f);
}

static int
take_item(void *arg, const struct item *item)
{
    struct run *k = arg;
    struct scenario_result *r = k->result;
    struct scenario_item *it;
    struct xml_buf xml;

    if (r->n_items == r->cap_items) {
        r->cap_items = r->cap_items ? r->cap_items * 2 : 64;
        r->item = realloc(r->item, r->cap_items * sizeof *r->item);
        ck_assert_ptr_nonnull(r->item);
    }
    it = &r->item[r->n_items++];
    memset(it, 0, sizeof *it);
    it->step = k->step;
    xml_buf_init(&xml, 1 << 24);
    item_xml_write(&xml, item);
    need(k, !xml.failed, "the item cannot be written as XML");
    ck_assert_ptr_nonnull(it->xml = strndup(xml.p, xml.n));
    xml_buf_fini(&xml);
    if (item->kind == ITEM_ALARM)
        add_alarm(k, it, item->alarm);
    else
        add_event(k, it, item->event);
    return 0;
}

/* --- what goes in ------------------------------------------------------- */

static void
open_sources(struct run *k, const char *dir)
{
    for (unsigned i = 0; i < k->s->n_sources; i++) {
        const struct scenario_source *s = &k->s->source[i];
        struct stream_options o = {.format = s->format, .host = s->host, .site = s->site, .zone = s->zone};
        char path[512], err[512];
        FILE *f;

        if (s->date_order && strcmp(s->date_order, "dmy") == 0)
            o.date_order = DATE_ORDER_DMY;
        else if (s->date_order && strcmp(s->date_order, "ymd") == 0)
            o.date_order = DATE_ORDER_YMD;
        snprintf(path, sizeof path, "%s/%s", dir, s->name);
        ck_assert_int_eq(mkdir(path, 0700), 0);
        snprintf(path, sizeof path, "%s/%s/%s", dir, s->name, s->file);
        ck_assert_ptr_nonnull(f = fopen(path, "w"));
        ck_assert_uint_eq(s->n ? fwrite(s->bytes, 1, s->n, f) : 0, s->n);
        ck_assert_int_eq(fclose(f), 0);
        k->stream[i] = stream_open(path, &o, false, err, sizeof err);
        ck_assert_msg(k->stream[i] != NULL, "%s:%d: %s", k->s->path, k->s->line, err);
        k->waiting[i] = stream_next(k->stream[i], NULL) > 0;
    }
}

static void
announce_zones(struct run *k)
{
    for (unsigned i = 0; i < k->s->n_sources; i++)
        if (stream_zone_unknown(k->stream[i]))
            correlate_unknown_zone(k->correlate, stream_id(k->stream[i]));
}

/* Into bytes and back into a new correlator, as a restarted program does. */
static void
restart(struct run *k)
{
    struct correlate *fresh = correlate_new(k->catalogue);
    uint8_t *bytes, *again;
    size_t n, n_again;

    ck_assert_ptr_nonnull(fresh);
    need(k, correlate_save(k->correlate, &bytes, &n) == 0, "correlate_save failed");
    need(k, correlate_restore(fresh, bytes, n) == 0, "correlate_restore refused what correlate_save wrote");
    need(k, correlate_save(fresh, &again, &n_again) == 0, "correlate_save failed after a restore");
    need(k, n == n_again && memcmp(bytes, again, n) == 0, "a restored correlator saves other bytes");
    free(bytes);
    free(again);
    correlate_free(k->correlate);
    k->correlate = fresh;
    announce_zones(k);
}

static void
name_record(struct run *k, const struct event *ev, unsigned source)
{
    struct named *n;

    if (k->n_named == k->cap_named) {
        k->cap_named = k->cap_named ? k->cap_named * 2 : 64;
        k->named = realloc(k->named, k->cap_named * sizeof *k->named);
        ck_assert_ptr_nonnull(k->named);
    }
    n = &k->named[k->n_named++];
    memcpy(n->id, ev->id, sizeof n->id);
    snprintf(n->label, sizeof n->label, "%s:%llu", k->s->source[source].name, (unsigned long long) ev->line);
    for (unsigned i = 0; i < k->s->n_steps; i++) {
        const struct scenario_step *step = &k->s->step[i];

        if (step->kind == STEP_INPUT && step->source == source && step->label && step->start <= ev->offset
            && ev->offset < step->end)
            snprintf(n->label, sizeof n->label, "%s", step->label);
    }
}

/* Feeds the records of 'source' that begin before byte 'end'. */
static void
feed(struct run *k, const struct sink *sink, unsigned source, size_t end, int restart_at)
{
    struct stream *s = k->stream[source];

    while (k->waiting[source] && stream_event(s)->offset < end) {
        struct correlate_input in = {.ev = stream_event(s), .source = stream_id(s), .nearest = stream_nearest(s)};
        int r;

        need(k, diagnose_event(k->catalogue, k->scratch, stream_arena(s), in.ev) == PERR_OK, "diagnose_event failed");
        need(k, stream_identify(s) == 0, "stream_identify failed");
        name_record(k, in.ev, source);
        need(k, correlate_event(k->correlate, stream_arena(s), sink, &in) == 0, "correlate_event failed");
        k->result->records++;
        if (restart_at == SCENARIO_RESTART_ALWAYS || restart_at == (int) k->result->records)
            restart(k);
        r = stream_next(s, NULL);
        need(k, r >= 0, stream_error(s));
        k->waiting[source] = r > 0;
    }
}

static void
finish(struct run *k, const struct sink *sink)
{
    struct arena *arena = arena_new((size_t) EVENT_TEXT_MAX * 64);

    ck_assert_ptr_nonnull(arena);
    need(k, correlate_finish(k->correlate, arena, sink) == 0, "correlate_finish failed");
    arena_free(arena);
}

struct scenario_result *
scenario_run(const struct scenario *s, int restart_at)
{
    struct run k = {.s = s};
    struct sink sink = {take_item, &k};
    struct catalogue_error error;
    size_t n = 0;
    char dir[256];

    while (catalogue_builtin[n].name)
        n++;
    k.catalogue = catalogue_new(catalogue_builtin, n, &error);
    ck_assert_msg(k.catalogue != NULL, "%s:%d: %s", error.file, error.line, error.text);
    ck_assert_ptr_nonnull(k.scratch = catalogue_scratch_new(k.catalogue));
    ck_assert_ptr_nonnull(k.correlate = correlate_new(k.catalogue));
    ck_assert_ptr_nonnull(k.result = calloc(1, sizeof *k.result));
    ck_assert_ptr_nonnull(k.result->open = calloc(s->n_steps + 1, sizeof *k.result->open));
    scratch_make(dir, sizeof dir);
    open_sources(&k, dir);
    announce_zones(&k);
    for (k.step = 0; k.step < s->n_steps; k.step++) {
        const struct scenario_step *step = &s->step[k.step];

        if (step->kind == STEP_INPUT)
            feed(&k, &sink, step->source, step->end, restart_at);
        else if (step->kind == STEP_RESTART)
            restart(&k);
        else if (step->kind == STEP_END)
            finish(&k, &sink);
        k.result->open[k.step] = alarm_open_count(correlate_alarms(k.correlate));
    }
    for (unsigned i = 0; i < s->n_sources; i++)
        stream_close(k.stream[i]);
    scratch_remove(dir);
    correlate_free(k.correlate);
    catalogue_scratch_free(k.scratch);
    catalogue_unref(k.catalogue);
    free(k.named);
    return k.result;
}

void
scenario_result_free(struct scenario_result *r, const struct scenario *s)
{
    (void) s;
    for (unsigned i = 0; i < r->n_items; i++) {
        for (unsigned j = 0; j < r->item[i].n_fields; j++)
            free((void *) (uintptr_t) r->item[i].field[j].value);
        free(r->item[i].xml);
    }
    free(r->item);
    free(r->open);
    free(r);
}

/* --- expected and got ------------------------------------------------------ */

static const char *
field(const struct scenario_item *it, const char *name)
{
    for (unsigned i = 0; i < it->n_fields; i++)
        if (strcmp(it->field[i].name, name) == 0)
            return it->field[i].value;
    return "none";
}

/* The first word of 'step' that 'it' does not meet, or NULL. */
static const struct scenario_word *
unmet(const struct scenario_step *step, const struct scenario_item *it)
{
    for (unsigned i = 0; i < step->n_words; i++)
        if (strcmp(field(it, step->word[i].name), step->word[i].value) != 0)
            return &step->word[i];
    return NULL;
}

static void
describe(const struct scenario_item *it, char *out, size_t size)
{
    size_t n = (size_t) snprintf(out, size, "%s %s", it->alarm ? "alarm" : "event", it->alarm ? it->state : "");

    for (unsigned i = 0; i < it->n_fields && n < size; i++) {
        const char *name = it->field[i].name, *value = it->field[i].value;

        if (strcmp(name, "action") == 0 || strcmp(name, "text") == 0)
            continue;
        n += (size_t) snprintf(out + n, size - n, strchr(value, ' ') ? " %s='%s'" : " %s=%s", name, value);
    }
}

/* The item that step number 'at' is about: the next one after '*next' that is
 * not a minor event passed over in favour of a later match. */
static bool
meets(const struct scenario *s, const struct scenario_result *r, unsigned at, unsigned *next,
      char message[SCENARIO_MESSAGE])
{
    const struct scenario_step *step = &s->step[at];
    const struct scenario_word *missed;
    char got[SCENARIO_MESSAGE / 2] = "nothing";

    for (; *next < r->n_items && r->item[*next].step <= at; (*next)++) {
        const struct scenario_item *it = &r->item[*next];
        bool kind = it->alarm == (step->kind == STEP_ALARM) && (!it->alarm || strcmp(it->state, step->state) == 0);

        missed = kind ? unmet(step, it) : NULL;
        if (kind && !missed) {
            (*next)++;
            return true;
        }
        if (it->minor)
            continue;
        describe(it, got, sizeof got);
        if (missed)
            snprintf(message, SCENARIO_MESSAGE, "%s:%d: %s:\n  expected %s=%s, got %s\n  got %s", s->path, step->line,
                     s->title, missed->name, missed->value, field(it, missed->name), got);
        else
            snprintf(message, SCENARIO_MESSAGE, "%s:%d: %s:\n  expected %s %s\n  got %s", s->path, step->line, s->title,
                     step->kind == STEP_ALARM ? "alarm" : "event", step->state ? step->state : "", got);
        return false;
    }
    snprintf(message, SCENARIO_MESSAGE, "%s:%d: %s: expected %s %s %s=%s, got nothing", s->path, step->line, s->title,
             step->kind == STEP_ALARM ? "alarm" : "event", step->state ? step->state : "",
             step->n_words ? step->word[0].name : "", step->n_words ? step->word[0].value : "");
    return false;
}

/* What came by step 'at' and was not mentioned may only be minor events. */
static bool
nothing_left(const struct scenario *s, const struct scenario_result *r, unsigned at, unsigned *next,
             char message[SCENARIO_MESSAGE])
{
    char got[SCENARIO_MESSAGE / 2];

    for (; *next < r->n_items && r->item[*next].step <= at; (*next)++) {
        if (r->item[*next].minor)
            continue;
        describe(&r->item[*next], got, sizeof got);
        snprintf(message, SCENARIO_MESSAGE, "%s:%d: %s: expected nothing (more)\n  got %s", s->path, s->step[at].line,
                 s->title, got);
        return false;
    }
    return true;
}

static bool
expects(const struct scenario_step *step)
{
    return step->kind == STEP_EVENT || step->kind == STEP_ALARM || step->kind == STEP_NOTHING
           || step->kind == STEP_OPEN;
}

bool
scenario_compare(const struct scenario *s, const struct scenario_result *r, char message[SCENARIO_MESSAGE])
{
    unsigned next = 0;

    for (unsigned i = 0; i < s->n_steps; i++) {
        const struct scenario_step *step = &s->step[i];
        bool last = i + 1 == s->n_steps || !expects(&s->step[i + 1]);

        if (step->kind == STEP_OPEN && r->open[i] != step->number) {
            snprintf(message, SCENARIO_MESSAGE, "%s:%d: %s: expected %u open alarms, got %u", s->path, step->line,
                     s->title, step->number, r->open[i]);
            return false;
        }
        if ((step->kind == STEP_EVENT || step->kind == STEP_ALARM) && !meets(s, r, i, &next, message))
            return false;
        /* A group of expectations lists all that there was. */
        if (((expects(step) && last) || step->kind == STEP_NOTHING || i + 1 == s->n_steps)
            && !nothing_left(s, r, i, &next, message))
            return false;
    }
    return true;
}
