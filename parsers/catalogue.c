/* SPDX-License-Identifier: BSD-2-Clause
 *
 * catalogue.c - the set as a whole: building it from its documents, counting
 * its users, looking up codes and advice.  Reading XML is catalogue_load.c,
 * judging records is diagnose.c. */
#include "build.h"

#include "parsers/catalogue.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/catalogue_load.h"
#include "parsers/catalogue_set.h"
#include "parsers/code_scan.h"
#include "parsers/sms_event.h"
#include "parsers/when.h"

/* Where no document says otherwise (design section 5, "Alarms"). */
#define CLASS_AGE (8 * WHEN_DAY)

enum { CATALOGUE_MEMORY = 64 * 1024 * 1024, SIGNATURES_MAX = 10000 };

static bool
no_memory(struct catalogue_error *err)
{
    snprintf(err->file, sizeof err->file, "catalogue");
    err->line = 0;
    snprintf(err->text, sizeof err->text, "memory has ended, or the catalogue is too large");
    return false;
}

/* Signatures are asked by rank; then those of later documents first, so that a
 * site's own file decides; then as written. */
static int
by_precedence(const void *left, const void *right)
{
    const struct signature *a = *(struct signature *const *) left;
    const struct signature *b = *(struct signature *const *) right;

    if (a->rank != b->rank)
        return a->rank > b->rank ? -1 : 1;
    if (a->document != b->document)
        return a->document > b->document ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static int
by_number(const void *left, const void *right)
{
    const struct catalogue_code *a = left, *b = right;

    return a->code < b->code ? -1 : a->code > b->code;
}

static int
by_hresult(const void *left, const void *right)
{
    const struct catalogue_hresult *a = left, *b = right;

    return a->code < b->code ? -1 : a->code > b->code;
}

/* Which signatures each literal counts for, and which need none. */
static bool
index_signatures(struct catalogue *c)
{
    size_t n = c->n_signatures;
    struct catalogue_wanted *w = arena_zalloc(c->arena, (literals_count(c->literals) + 1) * sizeof *w);

    c->wanted = w;
    c->by_event = arena_zalloc(c->arena, (n + 1) * sizeof *c->by_event);
    c->by_code = arena_zalloc(c->arena, (n + 1) * sizeof *c->by_code);
    if (!w || !c->by_event || !c->by_code)
        return false;
    for (size_t i = 0; i < n; i++)
        for (unsigned k = 0; k < c->signature[i]->n_literals; k++)
            w[c->signature[i]->literal[k]].n++;
    for (size_t i = 0; i < literals_count(c->literals); i++) {
        w[i].signature = arena_zalloc(c->arena, (w[i].n + 1) * sizeof *w[i].signature);
        if (!w[i].signature)
            return false;
        w[i].n = 0;
    }
    for (size_t i = 0; i < n; i++) {
        const struct signature *s = c->signature[i];

        for (unsigned k = 0; k < s->n_literals; k++)
            w[s->literal[k]].signature[w[s->literal[k]].n++] = (uint16_t) i;
        if (s->n_events)
            c->by_event[c->n_by_event++] = (uint16_t) i;
        for (unsigned k = 0; k < s->n_events; k++)
            for (uint32_t e = s->event[k].first; e <= s->event[k].last && e < CATALOGUE_NUMBERS; e++)
                c->numbered[e / 8] |= (uint8_t) (1u << e % 8);
        if (s->any_code && !s->n_literals)
            c->by_code[c->n_by_code++] = (uint16_t) i;
    }
    return true;
}

/* Adds the strings without which C's own grammar has nothing to read. */
static bool
add_triggers(struct literals *set, const char *const *list, unsigned *end)
{
    const char *why;
    bool ok = true;

    for (; *list; list++)
        ok &= literals_add(set, str_z(*list), &why) >= 0;
    *end = (unsigned) literals_count(set);
    return ok;
}

/* A signature that needs several literals is ruled out by the absence of its
 * rarest, one that needs a code by the absence of the code's own triggers: the
 * prefilter looks for those alone. */
static void
choose_primary(struct catalogue *c)
{
    for (size_t i = c->code_end; i < literals_count(c->literals); i++)
        literals_secondary(c->literals, (unsigned) i, true);
    for (size_t i = 0; i < c->n_signatures; i++) {
        const struct signature *s = c->signature[i];
        unsigned best = 0;

        if (s->any_code || s->n_when_code)
            continue;
        for (unsigned k = 0; k < s->n_literals; k++) {
            if (s->n_needed == 1)
                literals_secondary(c->literals, s->literal[k], false);
            if (literals_commonness(c->literals, s->literal[k])
                < literals_commonness(c->literals, s->literal[best]))
                best = k;
        }
        if (s->n_literals)
            literals_secondary(c->literals, s->literal[best], false);
    }
}

/* Everything that can be done only when all documents are in. */
static bool
finish(struct catalogue *c, struct catalogue_error *err)
{
    if (c->n_codes)
        qsort(c->code, c->n_codes, sizeof *c->code, by_number);
    if (c->n_hresults)
        qsort(c->hresult, c->n_hresults, sizeof *c->hresult, by_hresult);
    if (c->n_signatures)
        qsort(c->signature, c->n_signatures, sizeof(struct signature *), by_precedence);
    for (size_t i = 0; i < c->n_groups; i++)
        if (str_eq(c->group[i].name, STR("sms")))
            c->own = &c->group[i];
    choose_primary(c);
    if (c->n_signatures > SIGNATURES_MAX || !index_signatures(c) || !literals_build(c->literals))
        return no_memory(err);
    return catalogue_rules_finish(c, err);
}

struct catalogue *
catalogue_new(const struct catalogue_input *in, size_t n, struct catalogue_error *err)
{
    struct catalogue *c = calloc(1, sizeof *c);
    struct catalogue_defines defines = {0};

    memset(err, 0, sizeof *err);
    if (!c) {
        no_memory(err);
        return NULL;
    }
    atomic_init(&c->references, 1);
    c->arena = arena_new(CATALOGUE_MEMORY);
    c->literals = literals_new();
    for (int i = 0; i < CLASS_COUNT; i++) {
        c->classes[i].advice.severity = SEVERITY_INFO;
        c->classes[i].unverified = SEVERITY_INFO;
        c->classes[i].entry.name = str_z(event_class_name((enum event_class) i));
        c->classes[i].rule.raises = event_class_is_fault((enum event_class) i);
        c->classes[i].rule.age = CLASS_AGE;
    }
    if (!c->arena || !c->literals || !add_triggers(c->literals, sms_frame_triggers, &c->frame_end)
        || !add_triggers(c->literals, sms_status_triggers, &c->status_end)
        || !add_triggers(c->literals, code_scan_triggers, &c->code_end)) {
        no_memory(err);
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        if (!catalogue_load(c, &defines, &in[i], (unsigned) i, err))
            goto out;
    if (finish(c, err))
        return c;
out:
    catalogue_unref(c);
    return NULL;
}

struct catalogue *
catalogue_ref(struct catalogue *c)
{
    atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
    return c;
}

unsigned
catalogue_builtin_count(void)
{
    unsigned n = 0;

    while (catalogue_builtin[n].name)
        n++;
    return n;
}

struct catalogue *
catalogue_new_builtin(struct catalogue_error *err)
{
    return catalogue_new(catalogue_builtin, catalogue_builtin_count(), err);
}

size_t
catalogue_signatures(const struct catalogue *c, unsigned from)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_signatures; i++)
        n += c->signature[i]->document >= from;
    return n;
}

/* Gives one reference back; the last one frees the set.  NULL is fine. */
void
catalogue_unref(struct catalogue *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < c->n_signatures; i++)
        signature_release(c->signature[i]);
    free(c->signature);
    free(c->code);
    free(c->hresult);
    free(c->article);
    free(c->group);
    literals_free(c->literals);
    arena_free(c->arena);
    free(c);
}

/* For one thread and this set alone; NULL when memory ends. */
struct catalogue_scratch *
catalogue_scratch_new(const struct catalogue *c)
{
    struct catalogue_scratch *x = calloc(1, sizeof *x);

    if (!x)
        return NULL;
    x->n_literals = literals_count(c->literals);
    x->n_signatures = c->n_signatures;
    x->literal_seen = calloc(x->n_literals + 1, sizeof *x->literal_seen);
    x->signature_seen = calloc(x->n_signatures + 1, sizeof *x->signature_seen);
    x->hits = calloc(x->n_signatures + 1, sizeof *x->hits);
    /* a signature is a candidate once by literals, once by event, once by code */
    x->candidate = calloc(3 * x->n_signatures + 1, sizeof *x->candidate);
    x->limited = calloc(x->n_signatures + 1, sizeof *x->limited);
    if (!signature_scratch_init(&x->signature) || !x->literal_seen || !x->signature_seen || !x->hits
        || !x->candidate || !x->limited) {
        catalogue_scratch_free(x);
        return NULL;
    }
    return x;
}

void
catalogue_scratch_free(struct catalogue_scratch *x)
{
    if (!x)
        return;
    signature_scratch_fini(&x->signature);
    free(x->literal_seen);
    free(x->signature_seen);
    free(x->hits);
    free(x->candidate);
    free(x->limited);
    free(x);
}

uint64_t
catalogue_scratch_limited(const struct catalogue_scratch *x)
{
    return x->signature.limited;
}

bool
catalogue_scratch_limited_next(const struct catalogue *c, const struct catalogue_scratch *x, size_t *i,
                               struct catalogue_limited *out)
{
    for (; *i < x->n_signatures; ++*i)
        if (x->limited[*i]) {
            const struct signature *s = c->signature[*i];

            *out = (struct catalogue_limited){s->id, s->file, s->line, x->limited[*i]};
            ++*i;
            return true;
        }
    return false;
}

const struct catalogue_code *
catalogue_code(const struct catalogue *c, uint32_t win32)
{
    struct catalogue_code key = {.code = win32};

    return c->n_codes ? bsearch(&key, c->code, c->n_codes, sizeof key, by_number) : NULL;
}

const struct catalogue_hresult *
catalogue_hresult(const struct catalogue *c, uint32_t hresult)
{
    struct catalogue_hresult key = {.code = hresult};

    return c->n_hresults ? bsearch(&key, c->hresult, c->n_hresults, sizeof key, by_hresult) : NULL;
}

const struct catalogue_advice *
catalogue_advice(const struct catalogue *c, enum event_class cls)
{
    return &c->classes[cls].advice;
}

/* Where 'text' stands if it was said before: by both its ends and its length,
 * which costs next to nothing and tells the lines of a log apart well enough. */
static struct catalogue_said *
said_before(struct catalogue_scratch *x, struct str text)
{
    uint64_t head, tail;

    if (text.n < sizeof head || text.n > CATALOGUE_SAID_MAX)
        return NULL;
    memcpy(&head, text.p, sizeof head);
    memcpy(&tail, text.p + text.n - sizeof tail, sizeof tail);
    head = (head ^ (tail + text.n) * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0x9E3779B97F4A7C15);
    return &x->said[(head >> 32) % CATALOGUE_SAID];
}

bool
catalogue_idle(const struct catalogue *c, struct catalogue_scratch *x, struct str bytes)
{
    struct catalogue_said *said = said_before(x, bytes);

    if (said && said->size == bytes.n && memcmp(said->text, bytes.p, bytes.n) == 0)
        return true;
    if (!literals_idle(c->literals, bytes))
        return false;
    if (said) {
        said->size = (uint8_t) bytes.n;
        memcpy(said->text, bytes.p, bytes.n);
    }
    return true;
}

bool
catalogue_foreign(const struct catalogue *c, struct str source)
{
    for (size_t i = 0; i < c->n_groups; i++)
        if (signature_globs_match(&c->group[i], source))
            return false;
    return true;
}
