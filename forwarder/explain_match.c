/* SPDX-License-Identifier: BSD-2-Clause
 *
 * explain_match.c - the part of `truecause explain` about the catalogue: which
 * signature took the record and for what, and which ones came near.  Called by
 * cmd_explain.c; the comparing itself is in parsers/. */
#include "build.h"

#include "forwarder/explain_match.h"

#include <string.h>

#include "forwarder/explain_event.h"
#include "forwarder/put.h"

enum { MATCH_NEAR = 4, MATCH_ALSO = 3, MATCH_MEMORY = 1 << 20, MATCH_RANK = -100, MATCH_CATCH_ALL = -1000 };

struct match {
    bool chosen;
    struct catalogue_opinion best;
    unsigned n_near, n_also;
    struct catalogue_opinion near[MATCH_NEAR], also[MATCH_ALSO];
};

/* How near 'o' came: with all its literals, then with the more of them. */
static unsigned
nearness(const struct catalogue_opinion *o)
{
    return o->n_found == o->n_literals ? 100 : o->n_found;
}

/* What a catch-all or a mere code makes of a record teaches nobody anything. */
static bool
is_near(const struct catalogue_opinion *o)
{
    return o->n_found && !o->any && o->rank > MATCH_RANK && o->reason != CATALOGUE_SOURCE
           && o->reason != CATALOGUE_NUMBER;
}

static void
keep_near(struct match *m, const struct catalogue_opinion *o)
{
    unsigned at = m->n_near;

    while (at && nearness(&m->near[at - 1]) < nearness(o))
        at--;
    if (at == MATCH_NEAR)
        return;
    if (m->n_near < MATCH_NEAR)
        m->n_near++;
    memmove(&m->near[at + 1], &m->near[at], (m->n_near - at - 1) * sizeof m->near[0]);
    m->near[at] = *o;
}

static void
take_opinion(void *arg, const struct catalogue_opinion *o)
{
    struct match *m = arg;

    if (o->reason != CATALOGUE_FITS && o->reason != CATALOGUE_FITS_NUMBER) {
        if (is_near(o))
            keep_near(m, o);
    } else if (!m->chosen) {
        m->chosen = true;
        m->best = *o;
    } else if (m->n_also < MATCH_ALSO && o->rank > MATCH_RANK) {
        m->also[m->n_also++] = *o;
    }
}

/* '"a" and "b"': the literals that are there, or those that are not. */
static void
put_literals(struct xml_buf *out, const struct catalogue_opinion *o, bool found)
{
    bool first = true;

    for (unsigned i = 0; i < o->n_literals; i++) {
        if (o->literal[i].found != found)
            continue;
        put_z(out, first ? "\"" : " and \"");
        put_shown(out, o->literal[i].text);
        put_z(out, "\"");
        first = false;
    }
}

static void
put_place(struct xml_buf *out, const struct catalogue_opinion *o)
{
    put_shown(out, o->signature);
    put_z(out, ", ");
    put_shown(out, str_z(o->file));
    put_f(out, ":%d", o->line);
}

static void
put_why(struct xml_buf *out, const struct catalogue_opinion *o)
{
    put_f(out, "  %-12s ", "why");
    if (o->reason == CATALOGUE_FITS_NUMBER) {
        put_z(out, "the event's source and number are enough for it\n");
        return;
    }
    if (o->n_found) {
        put_z(out, "the text holds ");
        put_literals(out, o, true);
    } else {
        put_z(out, "the record shows a code or number that it takes");
    }
    put_z(out, !o->has_pattern ? "\n" : o->n_values ? ", and its pattern fits, where\n" : ", and its pattern fits\n");
    for (unsigned i = 0; i < o->n_values; i++) {
        put_f(out, "  %-12s %s is ", "", o->value[i].field);
        if (str_trim(o->value[i].value).n)
            put_shown(out, o->value[i].value);
        else
            put_z(out, "blank");
        put_z(out, "\n");
    }
}

static void
put_against(struct xml_buf *out, const struct catalogue_opinion *o)
{
    switch (o->reason) {
    case CATALOGUE_LITERALS:
        put_z(out, ", but not ");
        put_literals(out, o, false);
        break;
    case CATALOGUE_COMPONENT:
        put_z(out, ", but is for records of another component");
        break;
    case CATALOGUE_SOURCE:
        put_z(out, ", but is for events of another source");
        break;
    case CATALOGUE_NUMBER:
        put_z(out, ", but is for another event");
        break;
    case CATALOGUE_CODE:
        put_z(out, ", but needs a code that the record does not show");
        break;
    case CATALOGUE_PATTERN:
        put_z(out, ", but its pattern does not fit");
        break;
    case CATALOGUE_FITS:
    case CATALOGUE_FITS_NUMBER:
        break;
    }
}

/* The verdict may be that of a sequence or of another record that proves it. */
static void
put_chosen(struct xml_buf *out, const struct match *m, const struct event *ev)
{
    if (!m->chosen) {
        put_f(out, "  %-12s none: nothing in the catalogue explains this text; truecause-catalogue(5) tells how to\n"
                   "  %-12s write a signature for it\n", "signature", "");
        return;
    }
    put_f(out, "  %-12s ", "signature");
    put_place(out, &m->best);
    put_z(out, "\n");
    put_why(out, &m->best);
    if (m->best.rank <= MATCH_CATCH_ALL)
        put_f(out, "  %-12s it speaks of a failure that no other signature knows, and raises nothing;\n"
                   "  %-12s truecause-catalogue(5) tells how to write one\n", "", "");
    if (str_has(ev->f.signature) && !str_eq(ev->f.signature, m->best.signature)) {
        put_f(out, "  %-12s %s", "then", ev->f.n_evidence ? "the record named as evidence decided, by its signature "
                                                          : "the records around it decided, by ");
        put_shown(out, ev->f.signature);
        put_z(out, "\n");
    }
}

void
explain_match(struct xml_buf *out, const struct catalogue *c, struct catalogue_scratch *x, const struct event *ev)
{
    struct arena *arena = arena_new(MATCH_MEMORY);
    struct match m = {.chosen = false};

    if (!arena || catalogue_explain(c, x, arena, ev, take_opinion, &m) != PERR_OK) {
        put_z(out, "  (not enough memory to say which signatures came near)\n");
        arena_free(arena);
        return;
    }
    put_chosen(out, &m, ev);
    for (unsigned i = 0; i < m.n_also; i++) {
        put_f(out, "  %-12s ", "also fits");
        put_place(out, &m.also[i]);
        put_f(out, ": asked later, rank %d\n", m.also[i].rank);
    }
    for (unsigned i = 0; i < m.n_near; i++) {
        /* half a likeness is of use only where nothing better is known */
        if (m.chosen && m.near[i].reason == CATALOGUE_LITERALS)
            continue;
        put_f(out, "  %-12s ", "nearly");
        put_place(out, &m.near[i]);
        put_z(out, ": holds ");
        put_literals(out, &m.near[i], true);
        put_against(out, &m.near[i]);
        put_z(out, "\n");
    }
    arena_free(arena);
}
