/* SPDX-License-Identifier: BSD-2-Clause
 *
 * scenario_run.c - a scenario through the path of records: each source is a
 * file of its own that forwarder/stream.c reads, in the order of the script;
 * then diagnose_event and correlate_event as pipeline.c calls them. */
#include "build.h"

#include "tests/unit/scenario.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/stream.h"
#include "parsers/catalogue.h"
#include "parsers/correlate.h"
#include "parsers/item_xml.h"
#include "parsers/when.h"
#include "tests/unit/part_store.h"
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
    const struct scenario_options *options;
    uint64_t random;
    struct part_store store; /* what a journal would hold */
    struct arena *arena;
    int64_t now;    /* arrival; 0 before the first live step */
    int64_t latest; /* record time */
    bool behind;
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

static unsigned
draw(struct run *k, unsigned below)
{
    k->random ^= k->random << 13;
    k->random ^= k->random >> 7;
    k->random ^= k->random << 17;
    return (unsigned) (k->random >> 33) % below;
}

static void
commit(struct run *k)
{
    need(k, correlate_save_changes(k->correlate, part_store_put, &k->store) == 0, "correlate_save_changes failed");
    correlate_saved(k->correlate);
}

static int
lose_part(void *arg, const char *name, const void *p, size_t n)
{
    struct run *k = arg;

    (void) name;
    (void) p;
    (void) n;
    return draw(k, 8) ? 0 : -ENOSPC;
}

/* Commits, and now and then one that is rolled back: its parts come again. */
static void
commit_sometimes(struct run *k)
{
    int r = draw(k, 3) ? 0 : correlate_save_changes(k->correlate, lose_part, k);

    need(k, r == 0 || r == -ENOSPC, "correlate_save_changes made up an error");
    if (draw(k, 3) == 0)
        commit(k);
}

/* What commits have left on disk is all there is to say of 'c'. */
static void
same_parts(const struct run *k, struct correlate *c, const char *what)
{
    struct part_store whole;
    uint8_t *bytes;
    const char *differs;
    size_t n;

    part_store_init(&whole);
    need(k, correlate_save(c, &bytes, &n) == 0, "correlate_save failed");
    part_store_whole(&whole, bytes, n);
    differs = part_store_differ(&whole, &k->store);
    ck_assert_msg(!differs, "%s:%d: %s: %s: part %s differs", k->s->path, k->s->line, k->s->title, what, differs);
    free(bytes);
    part_store_fini(&whole);
}

/* Into bytes and back into a new correlator, as a restarted program does. */
static void
restart(struct run *k)
{
    struct correlate *fresh = correlate_new(k->catalogue);

    ck_assert_ptr_nonnull(fresh);
    commit(k);
    same_parts(k, k->correlate, "what was saved");
    need(k, part_store_restore(&k->store, fresh, k->options->seed ? draw(k, 1000) : 0) == 0,
         "correlate_restore_part refused what correlate_save_changes gave");
    same_parts(k, fresh, "what was restored");
    correlate_free(k->correlate);
    k->correlate = fresh;
    announce_zones(k);
}

static bool
read_past(void *arg, struct str host, int64_t until, int64_t arrival)
{
    struct run *k = arg;

    (void) host;
    (void) until;
    if (k->options->live)
        return draw(k, 3) == 0;
    return !k->behind && k->now - arrival >= 10 * WHEN_SECOND;
}

static bool
at_end(void *arg, uint64_t source)
{
    struct run *k = arg;

    (void) source;
    return k->options->live ? draw(k, 2) == 0 : !k->behind;
}

static void
live(struct run *k, const struct sink *sink)
{
    struct correlate_live l = {.now = k->now, .read_past = read_past, .at_end = at_end, .arg = k};

    need(k, correlate_live(k->correlate, k->arena, sink, &l) == 0, "correlate_live failed");
    arena_reset(k->arena);
}

/* Records arrive as they are written, as far as their times tell. */
static void
let_time_pass(struct run *k, const struct sink *sink, const struct event *ev)
{
    int64_t t = ev->when.utc_known ? ev->when.utc : ev->when.local;

    if ((ev->when.utc_known || ev->when.local_known) && t > k->now) {
        /* A daemon looks at the clock meanwhile, whatever the logs do. */
        for (unsigned i = 0; i < 2 && k->now && t > k->now + 301 * WHEN_SECOND; i++) {
            k->now += 301 * WHEN_SECOND;
            live(k, sink);
        }
        k->now = t;
    }
    if (k->now && draw(k, 2))
        live(k, sink);
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
        struct correlate_input in = {
            .ev = stream_event(s), .source = stream_id(s), .nearest = stream_nearest(s), .arrival = k->now};
        bool zoneless;
        int r;

        zoneless = in.ev->when.local_known && !in.ev->when.utc_known;
        need(k, diagnose_event(k->catalogue, k->scratch, stream_arena(s), in.ev) == PERR_OK, "diagnose_event failed");
        if (zoneless && in.ev->when.utc_known)
            correlate_unknown_zone(k->correlate, stream_id(s));
        need(k, stream_identify(s) == 0, "stream_identify failed");
        name_record(k, in.ev, source);
        k->result->untimed = k->result->untimed || !in.ev->when.utc_known;
        if (in.ev->when.utc_known && in.ev->when.utc > k->latest)
            k->latest = in.ev->when.utc;
        else if (!in.ev->when.utc_known && in.ev->when.local_known && in.ev->when.local > k->latest)
            k->latest = in.ev->when.local;
        if (k->options->live) {
            let_time_pass(k, sink, in.ev);
            in.arrival = k->now;
        }
        need(k, correlate_event(k->correlate, stream_arena(s), sink, &in) == 0, "correlate_event failed");
        k->result->records++;
        if (restart_at == SCENARIO_RESTART_ALWAYS || restart_at == (int) k->result->records)
            restart(k);
        else if (k->options->seed)
            commit_sometimes(k);
        r = stream_next(s, NULL);
        need(k, r >= 0, stream_error(s));
        k->waiting[source] = r > 0;
    }
}

static void
finish(struct run *k, const struct sink *sink)
{
    need(k, correlate_finish(k->correlate, k->arena, sink) == 0, "correlate_finish failed");
    arena_reset(k->arena);
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* What is open at the end, in the words that two runs are compared by. */
static void
list_open(struct run *k)
{
    struct alarm_table *t = correlate_alarms(k->correlate);

    k->result->n_alarms = alarm_open_count(t);
    ck_assert_ptr_nonnull(k->result->alarm = calloc(k->result->n_alarms + 1, sizeof(char *)));
    for (unsigned i = 0; i < k->result->n_alarms; i++) {
        const struct alarm *a = alarm_at(t, i);
        char first[WHEN_TEXT_SIZE] = "", last[WHEN_TEXT_SIZE] = "";

        when_text(&a->first.when, first);
        when_text(&a->last.when, last);
        ck_assert_int_ge(asprintf(&k->result->alarm[i], "%.*s %s count=%llu first=%s last=%s", STR_ARG(a->key),
                                  event_class_name(a->cls), (unsigned long long) a->count, first, last), 0);
    }
    qsort(k->result->alarm, k->result->n_alarms, sizeof(char *), by_text);
}

static void
do_step(struct run *k, const struct sink *sink, const struct scenario_step *step)
{
    bool plain = k->options->plain;

    if (step->kind == STEP_INPUT) {
        feed(k, sink, step->source, step->end, k->options->restart);
    } else if (step->kind == STEP_RESTART && !plain) {
        restart(k);
    } else if (step->kind == STEP_END && !plain) {
        finish(k, sink);
    } else if (step->kind == STEP_LIVE && !plain) {
        k->now = step->now;
        k->behind = step->behind;
        live(k, sink);
    } else if (step->kind == STEP_CLEAR && !plain) {
        need(k, correlate_clear(k->correlate, k->arena, sink, str_z(step->key), str_z(step->text), k->now) == 0,
             "there is no such alarm");
        arena_reset(k->arena);
    }
}

static struct catalogue *builtin;

void
scenario_load_catalogue(void)
{
    struct catalogue_error error;

    builtin = catalogue_new_builtin(&error);
    if (!builtin) {
        fprintf(stderr, "%s:%d: %s\n", error.file, error.line, error.text);
        exit(1);
    }
}

static void
begin(struct run *k)
{
    k->catalogue = catalogue_ref(builtin);
    ck_assert_ptr_nonnull(k->scratch = catalogue_scratch_new(k->catalogue));
    ck_assert_ptr_nonnull(k->correlate = correlate_new(k->catalogue));
    ck_assert_ptr_nonnull(k->arena = arena_new((size_t) EVENT_TEXT_MAX * 64));
    ck_assert_ptr_nonnull(k->result = calloc(1, sizeof *k->result));
    ck_assert_ptr_nonnull(k->result->open = calloc(k->s->n_steps + 1, sizeof *k->result->open));
    ck_assert_ptr_nonnull(k->result->time = calloc(k->s->n_steps + 1, sizeof *k->result->time));
    part_store_init(&k->store);
}

struct scenario_result *
scenario_run_with(const struct scenario *s, const struct scenario_options *options)
{
    struct run k = {.s = s, .options = options, .random = options->seed * 2 + 1};
    struct sink sink = {take_item, &k};
    char dir[256];

    begin(&k);
    scratch_make(dir, sizeof dir);
    open_sources(&k, dir);
    announce_zones(&k);
    for (k.step = 0; k.step < s->n_steps; k.step++) {
        do_step(&k, &sink, &s->step[k.step]);
        k.result->open[k.step] = alarm_open_count(correlate_alarms(k.correlate));
        k.result->time[k.step] = k.latest;
    }
    if (options->plain)
        finish(&k, &sink);
    list_open(&k);
    for (unsigned i = 0; i < s->n_sources; i++)
        stream_close(k.stream[i]);
    scratch_remove(dir);
    correlate_free(k.correlate);
    catalogue_scratch_free(k.scratch);
    catalogue_unref(k.catalogue);
    arena_free(k.arena);
    part_store_fini(&k.store);
    free(k.named);
    return k.result;
}

struct scenario_result *
scenario_run(const struct scenario *s, int restart_at)
{
    return scenario_run_with(s, &(struct scenario_options){.restart = restart_at});
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
    for (unsigned i = 0; i < r->n_alarms; i++)
        free(r->alarm[i]);
    free(r->alarm);
    free(r->item);
    free(r->open);
    free(r->time);
    free(r);
}
