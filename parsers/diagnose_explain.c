/* SPDX-License-Identifier: BSD-2-Clause
 *
 * diagnose_explain.c - why a record was judged as it was: what every signature
 * that had a reason to look at it made of it.  For `truecause explain`; asks
 * the same questions as diagnose.c, and decides nothing. */
#include "build.h"

#include "parsers/diagnose_look.h"

/* The literals of 's' and which of them the record holds. */
static void
take_literals(const struct look *k, const struct signature *s, struct catalogue_opinion *o)
{
    for (unsigned i = 0; i < s->n_literals; i++) {
        bool found = k->x->literal_seen[s->literal[i]] == k->x->generation;

        o->n_found += found;
        if (o->n_literals == CATALOGUE_OPINION_LITERALS || (o->any && !found))
            continue;
        o->literal[o->n_literals].text = literals_text(k->c->literals, s->literal[i]);
        o->literal[o->n_literals++].found = found;
    }
}

static void
take_values(const struct look *k, const struct signature *s, struct catalogue_opinion *o)
{
    bool taken[SIGNATURE_FIELD_COUNT] = {false};

    for (unsigned i = 0; i < s->n_groups; i++) {
        enum signature_field f = s->group[i].field;

        if (taken[f] || !str_has(k->value[f]) || o->n_values == CATALOGUE_OPINION_VALUES)
            continue;
        taken[f] = true;
        o->value[o->n_values].field = signature_field_name(f);
        o->value[o->n_values++].value = k->value[f];
    }
}

static bool
is_candidate(const struct catalogue_scratch *x, unsigned number)
{
    for (size_t i = 0; i < x->n_candidates; i++)
        if (x->candidate[i] == number)
            return true;
    return false;
}

enum perr
catalogue_explain(const struct catalogue *c, struct catalogue_scratch *x, struct arena *arena, const struct event *ev,
                  void (*tell)(void *, const struct catalogue_opinion *), void *arg)
{
    struct event copy = *ev; /* what reading it fills in is thrown away */
    struct look k;

    look_read(&k, c, x, arena, &copy);
    for (unsigned i = 0; i < c->n_signatures && !k.no_memory; i++) {
        const struct signature *s = c->signature[i];
        struct catalogue_opinion o = {.signature = s->id, .file = s->file, .line = s->line, .rank = s->rank};
        bool asked = is_candidate(x, i);

        o.any = s->n_needed < s->n_literals;
        o.has_pattern = s->code != NULL;
        take_literals(&k, s, &o);
        if (!asked && !o.n_found)
            continue;
        o.reason = asked ? look_applies(&k, i) : CATALOGUE_LITERALS;
        if (o.reason == CATALOGUE_FITS)
            take_values(&k, s, &o);
        tell(arg, &o);
    }
    return k.no_memory ? PERR_NOMEM : PERR_OK;
}
