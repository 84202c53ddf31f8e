/* SPDX-License-Identifier: BSD-2-Clause
 *
 * catalogue_advice.c - what people are told: the advice and the articles that
 * fit an alarm, and the prose of classes and articles.  Called by alarm.c for
 * each change of an alarm, and by what makes the manual page.  Changes nothing
 * in the set. */
#include "build.h"

#include "parsers/catalogue_set.h"

static const struct catalogue_entry *
find_article(const struct catalogue *c, struct str name)
{
    for (size_t i = 0; i < c->n_articles; i++)
        if (str_case_eq(c->article[i].name, name))
            return &c->article[i];
    return NULL;
}

uint32_t
catalogue_article_classes(const struct catalogue *c, struct str name)
{
    const struct catalogue_entry *e = find_article(c, name);

    return e ? e->classes : CATALOGUE_ANY_CLASS;
}

static bool
is_about(const struct catalogue_entry *e, enum event_class cls)
{
    return !e || e->classes & UINT32_C(1) << cls;
}

/* The advice of a sequence of class 'cls' in which signature 's' has a part. */
static struct str
action_of_part(const struct catalogue *c, const struct signature *s, enum event_class cls)
{
    for (unsigned i = 0; i < c->n_sequences; i++)
        if ((s->begins | s->continues) & UINT64_C(1) << i && c->sequence[i].said.cls == cls && c->sequence[i].action.n)
            return c->sequence[i].action;
    return STR_NONE;
}

struct str
catalogue_action(const struct catalogue *c, const struct facts *f, enum event_class cls)
{
    const struct signature *s = str_has(f->signature) ? catalogue_find_signature(c, f->signature) : NULL;
    const struct catalogue_follows *q = str_has(f->signature) && !s ? catalogue_find_sequence(c, f->signature) : NULL;
    struct str part = s && f->basis == BASIS_SEQUENCE ? action_of_part(c, s, cls) : STR_NONE;

    if (q && q->action.n)
        return q->action;
    if (part.n)
        return part;
    /* A text that means one thing; the alarm may have come to mean another. */
    if (s && s->action.n && (s->how != SIGNATURE_FIXED || s->cls == cls))
        return s->action;
    for (unsigned i = 0; i < f->n_articles && i < EVENT_SEE_MAX; i++) {
        const struct catalogue_entry *e = find_article(c, f->article[i]);

        if (e && e->action.n && is_about(e, cls))
            return e->action;
    }
    return c->classes[cls].advice.action;
}

void
catalogue_fit_articles(const struct catalogue *c, enum event_class cls, struct facts *f)
{
    struct str own = c->classes[cls].advice.article;
    unsigned n = 0;

    for (unsigned i = 0; i < f->n_articles && i < EVENT_SEE_MAX; i++)
        if (is_about(find_article(c, f->article[i]), cls))
            f->article[n++] = f->article[i];
    if (n == 0 && str_has(own))
        f->article[n++] = own;
    f->n_articles = n;
}

size_t
catalogue_articles(const struct catalogue *c)
{
    return c->n_articles;
}

const struct catalogue_entry *
catalogue_article(const struct catalogue *c, size_t i)
{
    return &c->article[i];
}

const struct catalogue_entry *
catalogue_class_entry(const struct catalogue *c, enum event_class cls)
{
    return &c->classes[cls].entry;
}
