/* SPDX-License-Identifier: BSD-2-Clause
 *
 * catalogue_rules.c - what the catalogue says beyond single records: how alarms
 * of a class behave, which records follow each other, what people are told of
 * a class or an article.  Loads those elements for catalogue_load.c and answers
 * for the rules (catalogue_advice.c for the words); ids that sequences and
 * clears name are checked when every document is in. */
#include "build.h"

#include "parsers/catalogue_load.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/when.h"

enum { LIST_MAX = 64 };

/* "90s", "30min", "2h", "8d" as ns; 0 is no duration. */
bool
load_duration(struct load *l, const xmlNode *node, const char *attribute, struct str s, int64_t *out)
{
    static const struct {
        struct str unit;
        int64_t ns;
    } units[] = {{{"s", 1}, WHEN_SECOND}, {{"min", 3}, WHEN_MINUTE}, {{"h", 1}, WHEN_HOUR}, {{"d", 1}, WHEN_DAY}};
    size_t n = 0;
    uint32_t value;

    while (n < s.n && str_is_digit(s.p[n]))
        n++;
    if (load_number(str_make(s.p, n), 999999, &value) && value)
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
            if (str_eq(str_skip(s, n), units[i].unit)) {
                *out = value * units[i].ns;
                return true;
            }
    return load_fail(l, node, "%s=\"%.60s\" must be a duration: 90s, 30min, 2h or 8d", attribute, s.p ? s.p : "");
}

static bool
load_prose(struct load *l, const xmlNode *c, struct catalogue_entry *e, bool *taken)
{
    struct str *to = load_is(c, "symptom") ? &e->symptom
                     : load_is(c, "cause") ? &e->cause
                     : load_is(c, "action") ? &e->action
                     : load_is(c, "clears") ? &e->clears
                                            : NULL;

    *taken = to != NULL;
    if (!to)
        return true;
    if (!load_known_attributes(l, c, ""))
        return false;
    *to = load_phrase(l, load_text(l, c));
    return str_has(*to) || load_no_memory(l);
}

/* <escalate count="3" severity="major"/>, <escalate after="2h" severity="major"/> */
static bool
load_escalate(struct load *l, const xmlNode *c, struct catalogue_rule *rule)
{
    struct str count = load_attribute(l, c, "count"), after = load_attribute(l, c, "after");
    struct str severity = load_attribute(l, c, "severity");
    uint32_t value;

    if (!load_known_attributes(l, c, "count after severity"))
        return false;
    if (str_has(count) == str_has(after))
        return load_fail(l, c, "<escalate> needs either count=\"NUMBER\" or after=\"DURATION\"");
    if (str_has(after))
        return load_duration(l, c, "after", after, &rule->escalate_after)
               && load_severity(l, c, "severity", severity, &rule->after_severity);
    if (!load_number(count, 1000000, &value) || !value)
        return load_fail(l, c, "count=\"%.60s\" must be a number from 1", count.p);
    rule->escalate_count = value;
    return load_severity(l, c, "severity", severity, &rule->count_severity);
}

static bool
load_cleared_by(struct load *l, const xmlNode *node, struct str list, uint32_t *out)
{
    struct str word;

    *out = 0;
    while (load_word(&list, &word)) {
        enum event_fact fact;

        if (!event_fact_find(word, &fact))
            return load_fail(l, node, "cleared-by=\"...%.*s...\" is no fact, as copy-ok is", STR_ARG(word));
        *out |= UINT32_C(1) << fact;
    }
    return true;
}

/* The attributes of <class>; what is not said stays. */
static bool
load_class_attributes(struct load *l, const xmlNode *node, struct catalogue_class *out, bool known)
{
    struct str severity = load_attribute(l, node, "severity"), unverified = load_attribute(l, node, "unverified");
    struct str article = load_attribute(l, node, "article"), raise = load_attribute(l, node, "raise");
    struct str age = load_attribute(l, node, "age"), cleared = load_attribute(l, node, "cleared-by");

    if (!known && !str_has(severity))
        return load_fail(l, node, "<class> needs severity=\"...\" where the class is named first");
    if (str_has(severity)) {
        if (!load_severity(l, node, "severity", severity, &out->advice.severity))
            return false;
        out->unverified = out->advice.severity;
    }
    if (str_has(unverified) && !load_severity(l, node, "unverified", unverified, &out->unverified))
        return false;
    if (str_has(article))
        out->advice.article = article;
    if (str_has(raise) && !load_bool(l, node, "raise", &out->rule.raises))
        return false;
    if (str_has(age) && !load_duration(l, node, "age", age, &out->rule.age))
        return false;
    return !str_has(cleared) || load_cleared_by(l, node, cleared, &out->rule.cleared_by);
}

bool
load_class_element(struct load *l, const xmlNode *node)
{
    enum event_class cls;
    struct catalogue_class *out;

    if (!load_known_attributes(l, node, "name severity unverified article raise age cleared-by")
        || !load_class(l, node, "name", load_attribute(l, node, "name"), &cls)
        || !load_once(l, node, "class", load_attribute(l, node, "name")))
        return false;
    out = &l->set->classes[cls];
    if (!load_class_attributes(l, node, out, l->set->class_known[cls]))
        return false;
    for (const xmlNode *c = node->children; c; c = c->next) {
        bool taken = false;

        if (c->type != XML_ELEMENT_NODE)
            continue;
        if (!load_prose(l, c, &out->entry, &taken))
            return false;
        if (!taken && !load_is(c, "escalate"))
            return load_fail(l, c, "<%.60s> is unknown; <class> holds symptom, cause, action, clears and escalate",
                             (const char *) c->name);
        if (!taken && !load_escalate(l, c, &out->rule))
            return false;
    }
    out->entry.name = str_z(event_class_name(cls));
    out->advice.action = out->entry.action;
    l->set->class_known[cls] = true;
    return true;
}

/* class="disk-full service": whose alarms an article is about; absent: any. */
static bool
load_classes(struct load *l, const xmlNode *node, uint32_t *out)
{
    struct str list = load_attribute(l, node, "class"), word;

    *out = str_has(list) ? 0 : CATALOGUE_ANY_CLASS;
    while (str_has(list) && load_word(&list, &word)) {
        enum event_class cls;

        if (!load_class(l, node, "class", word, &cls))
            return false;
        *out |= UINT32_C(1) << cls;
    }
    return true;
}

bool
load_article_element(struct load *l, const xmlNode *node)
{
    struct catalogue *set = l->set;
    struct catalogue_entry e = {.name = load_attribute(l, node, "name"), .product = load_attribute(l, node, "product")};

    if (!load_known_attributes(l, node, "name product class") || !load_classes(l, node, &e.classes))
        return false;
    if (!e.name.n)
        return load_fail(l, node, "<article> needs its name, as Q193766");
    if (!load_once(l, node, "article", e.name))
        return false;
    for (const xmlNode *c = node->children; c; c = c->next) {
        bool taken = false;

        if (c->type != XML_ELEMENT_NODE)
            continue;
        if (!load_prose(l, c, &e, &taken))
            return false;
        if (!taken)
            return load_fail(l, c, "<%.60s> is unknown; <article> holds symptom, cause, action and clears",
                             (const char *) c->name);
    }
    for (size_t i = 0; i < set->n_articles; i++)
        if (str_case_eq(set->article[i].name, e.name)) {
            set->article[i] = e;
            return true;
        }
    if (!load_grow(l, (void **) &set->article, set->n_articles, &set->cap_articles, sizeof e))
        return false;
    set->article[set->n_articles++] = e;
    return true;
}

/* signature="..." and when-code="..." of <first> or <then>. */
static bool
load_side(struct load *l, const xmlNode *c, struct sequence_side *side)
{
    struct str list = load_attribute(l, c, "when-code"), word;
    uint32_t *code = arena_zalloc(l->set->arena, LIST_MAX * sizeof *code);

    if (!code)
        return load_no_memory(l);
    side->signatures = load_attribute(l, c, "signature");
    if (!side->signatures.n)
        return load_fail(l, c, "<%s> needs signature=\"ID ...\"", (const char *) c->name);
    while (str_has(list) && load_word(&list, &word)) {
        if (side->n_codes == LIST_MAX || !load_number(word, 0xFFFF, &code[side->n_codes]))
            return load_fail(l, c, "when-code=\"...%.*s...\" must be at most %d numbers up to 65535", STR_ARG(word),
                             LIST_MAX);
        side->n_codes++;
    }
    side->code = code;
    return true;
}

static bool
load_sequence_child(struct load *l, const xmlNode *c, struct catalogue_follows *q)
{
    struct str records = load_attribute(l, c, "records");
    uint32_t value;

    if (load_is(c, "first"))
        return load_known_attributes(l, c, "signature when-code hold") && load_side(l, c, &q->first)
               && load_bool(l, c, "hold", &q->said.first_holds);
    if (load_is(c, "action")) {
        q->action = load_phrase(l, load_text(l, c));
        return load_known_attributes(l, c, "");
    }
    if (!load_is(c, "then") && !load_is(c, "silence"))
        return load_fail(l, c, "<%.60s> is unknown; a sequence holds first, then or silence, and action",
                         (const char *) c->name);
    if (q->said.within)
        return load_fail(l, c, "a sequence has one <then> or one <silence>");
    q->said.silence = load_is(c, "silence");
    if (q->said.silence)
        return load_known_attributes(l, c, "for")
               && load_duration(l, c, "for", load_attribute(l, c, "for"), &q->said.within);
    if (!load_known_attributes(l, c, "signature when-code within records") || !load_side(l, c, &q->then)
        || !load_duration(l, c, "within", load_attribute(l, c, "within"), &q->said.within))
        return false;
    if (str_has(records) && (!load_number(records, 10000, &value) || !value))
        return load_fail(l, c, "records=\"%.60s\" must be a number from 1 to 10000", records.p);
    if (str_has(records))
        q->said.records = value;
    return true;
}

/* Index of 'name' in a NULL-terminated list, 0 where it is absent, or -1. */
static int
word_index(struct str name, const char *const *list)
{
    if (!str_has(name))
        return 0;
    for (int i = 0; list[i]; i++)
        if (str_eq(name, str_z(list[i])))
            return i;
    return -1;
}

static bool
load_sequence_attributes(struct load *l, const xmlNode *node, struct catalogue_sequence *s)
{
    static const char *const sames[] = {"thread", "component", "host", NULL};
    static const char *const sides[] = {"second", "first", NULL};
    static const char *const confidences[] = {"probable", "confirmed", NULL};
    struct str same = load_attribute(l, node, "same"), explains = load_attribute(l, node, "explains");
    struct str severity = load_attribute(l, node, "severity"), confidence = load_attribute(l, node, "confidence");
    struct str confirm = load_attribute(l, node, "confirm"), list = load_attribute(l, node, "article"), word;
    int i = word_index(same, sames), side = word_index(explains, sides), sure = word_index(confidence, confidences);

    if (!load_known_attributes(l, node, "id same explains class severity confidence confirm article"))
        return false;
    s->id = load_attribute(l, node, "id");
    if (!s->id.n)
        return load_fail(l, node, "<sequence> needs an id");
    if (!load_once(l, node, "sequence", s->id))
        return false;
    if (!str_has(same) || i < 0)
        return load_fail(l, node, "same=\"%.60s\" must be thread, component or host", same.p ? same.p : "");
    s->same = (enum sequence_same) i;
    if (side < 0)
        return load_fail(l, node, "explains=\"%.60s\" must be first or second", explains.p);
    s->blames_first = side == 1;
    if (sure < 0)
        return load_fail(l, node, "confidence=\"%.60s\" must be probable or confirmed", confidence.p);
    s->confidence = sure ? CONFIDENCE_CONFIRMED : CONFIDENCE_PROBABLE;
    s->severity_known = str_has(severity);
    if (s->severity_known && !load_severity(l, node, "severity", severity, &s->severity))
        return false;
    if (str_has(confirm) && !load_duration(l, node, "confirm", confirm, &s->confirm))
        return false;
    while (str_has(list) && load_word(&list, &word)) {
        if (s->n_articles == EVENT_SEE_MAX)
            return load_fail(l, node, "more than %d articles", EVENT_SEE_MAX);
        s->article[s->n_articles++] = word;
    }
    return load_class(l, node, "class", load_attribute(l, node, "class"), &s->cls);
}

bool
load_sequence_element(struct load *l, const xmlNode *node)
{
    struct catalogue *set = l->set;
    struct catalogue_follows q = {.file = l->name, .document = l->document, .line = (int) xmlGetLineNo(node)};

    if (!load_sequence_attributes(l, node, &q.said))
        return false;
    for (const xmlNode *c = node->children; c; c = c->next)
        if (c->type == XML_ELEMENT_NODE && !load_sequence_child(l, c, &q))
            return false;
    if (!q.first.signatures.n || !q.said.within)
        return load_fail(l, node, "sequence %.60s needs <first> and <then> or <silence>", q.said.id.p);
    q.said.blames_first |= q.said.silence;
    for (unsigned i = 0; i < set->n_sequences; i++)
        if (str_eq(set->sequence[i].said.id, q.said.id)) {
            q.said.number = i;
            set->sequence[i] = q;
            return true;
        }
    if (set->n_sequences == CATALOGUE_SEQUENCES_MAX)
        return load_fail(l, node, "more than %d sequences", CATALOGUE_SEQUENCES_MAX);
    q.said.number = set->n_sequences;
    set->sequence[set->n_sequences++] = q;
    return true;
}

static int
compare(struct str a, struct str b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int
by_id(const void *left, const void *right)
{
    return compare((*(struct signature *const *) left)->id, (*(struct signature *const *) right)->id);
}

static int
by_name(const void *left, const void *right)
{
    return compare(((const struct catalogue_entry *) left)->name, ((const struct catalogue_entry *) right)->name);
}

struct signature *
catalogue_find_signature(const struct catalogue *c, struct str id)
{
    struct signature key = {.id = id}, *p = &key, **found;

    found = c->n_signatures ? bsearch(&p, c->by_id, c->n_signatures, sizeof p, by_id) : NULL;
    return found ? *found : NULL;
}

const struct catalogue_follows *
catalogue_find_sequence(const struct catalogue *c, struct str id)
{
    for (unsigned i = 0; i < c->n_sequences; i++)
        if (str_eq(c->sequence[i].said.id, id))
            return &c->sequence[i];
    return NULL;
}

static bool
unknown_id(struct catalogue_error *err, const char *file, int line, const char *who, struct str id, struct str name)
{
    snprintf(err->file, sizeof err->file, "%s", file);
    err->line = line;
    snprintf(err->text, sizeof err->text, "%s %.64s names %.*s, which no document of the catalogue has", who, id.p,
             STR_ARG(name));
    return false;
}

/* A code that nothing is known of is a slip of the pen: what it stands for is
 * said by a <code>. */
static bool
codes_known(const struct catalogue *c, const char *file, int line, const char *who, struct str id, unsigned n,
            const uint32_t *code, struct catalogue_error *err)
{
    for (unsigned i = 0; i < n; i++)
        if (!catalogue_code(c, code[i])) {
            snprintf(err->file, sizeof err->file, "%s", file);
            err->line = line;
            snprintf(err->text, sizeof err->text, "%s %.64s has when-code %lu, which is no <code>: mend it, or add "
                                                  "<code win32=\"%lu\" symbol=\"...\" class=\"...\"/>",
                     who, id.p, (unsigned long) code[i], (unsigned long) code[i]);
            return false;
        }
    return true;
}

static const struct catalogue_entry *
find_article(const struct catalogue *c, struct str name)
{
    struct catalogue_entry key = {.name = name};

    return c->n_articles ? bsearch(&key, c->article, c->n_articles, sizeof key, by_name) : NULL;
}

/* Every article that is named is told of somewhere. */
static bool
articles_known(const struct catalogue *c, const char *file, int line, const char *who, struct str id, unsigned n,
               const struct str *article, struct catalogue_error *err)
{
    for (unsigned i = 0; i < n; i++)
        if (!find_article(c, article[i])) {
            snprintf(err->file, sizeof err->file, "%s", file);
            err->line = line;
            snprintf(err->text, sizeof err->text, "%s %.64s names article %.*s, which no document of the catalogue "
                                                  "has: mend it, or add <article name=\"%.*s\"/>",
                     who, id.p, STR_ARG(article[i]), STR_ARG(article[i]));
            return false;
        }
    return true;
}

/* Gives each signature of the list the bit of its sequence. */
static bool
tie(struct catalogue *c, const struct catalogue_follows *q, const struct sequence_side *side, bool first,
    struct catalogue_error *err)
{
    struct str list = side->signatures, word;

    while (str_has(list) && load_word(&list, &word)) {
        struct signature *s = catalogue_find_signature(c, word);

        if (!s)
            return unknown_id(err, q->file, q->line, "sequence", q->said.id, word);
        *(first ? &s->begins : &s->continues) |= UINT64_C(1) << q->said.number;
    }
    return true;
}

bool
catalogue_rules_finish(struct catalogue *c, struct catalogue_error *err)
{
    c->by_id = arena_zalloc(c->arena, (c->n_signatures + 1) * sizeof(struct signature *));
    if (!c->by_id) {
        snprintf(err->text, sizeof err->text, "memory has ended, or the catalogue is too large");
        return false;
    }
    if (c->n_signatures) {
        memcpy(c->by_id, c->signature, c->n_signatures * sizeof(struct signature *));
        qsort(c->by_id, c->n_signatures, sizeof(struct signature *), by_id);
    }
    if (c->n_articles)
        qsort(c->article, c->n_articles, sizeof *c->article, by_name);
    for (unsigned i = 0; i < c->n_sequences; i++) {
        const struct catalogue_follows *q = &c->sequence[i];

        if (!tie(c, q, &q->first, true, err) || !tie(c, q, &q->then, false, err)
            || !codes_known(c, q->file, q->line, "sequence", q->said.id, q->first.n_codes, q->first.code, err)
            || !codes_known(c, q->file, q->line, "sequence", q->said.id, q->then.n_codes, q->then.code, err))
            return false;
    }
    for (size_t i = 0; i < c->n_signatures; i++) {
        struct signature *s = c->signature[i];
        struct str list = s->clears, word;

        for (unsigned k = 0; k < s->n_articles; k++)
            s->article_for[k] = catalogue_article_classes(c, s->article[k]);
        if (!codes_known(c, s->file, s->line, "signature", s->id, s->n_when_code, s->when_code, err))
            return false;
        while (str_has(list) && load_word(&list, &word))
            if (!catalogue_find_signature(c, word) && !catalogue_find_sequence(c, word))
                return unknown_id(err, s->file, s->line, "signature", s->id, word);
    }
    return true;
}

bool
catalogue_articles_known(const struct catalogue *c, unsigned from, struct catalogue_error *err)
{
    for (unsigned i = 0; i < c->n_sequences; i++) {
        const struct catalogue_follows *q = &c->sequence[i];

        if (q->document >= from
            && !articles_known(c, q->file, q->line, "sequence", q->said.id, q->said.n_articles, q->said.article, err))
            return false;
    }
    for (size_t i = 0; i < c->n_signatures; i++) {
        const struct signature *s = c->signature[i];

        if (s->document >= from
            && !articles_known(c, s->file, s->line, "signature", s->id, s->n_articles, s->article, err))
            return false;
    }
    return true;
}

/* The sequences among 'bits' whose side takes the code that 'ev' shows. */
static uint64_t
fitting(const struct catalogue *c, const struct event *ev, uint64_t bits, bool first)
{
    for (unsigned i = 0; i < c->n_sequences; i++) {
        const struct sequence_side *side = first ? &c->sequence[i].first : &c->sequence[i].then;
        bool fits = side->n_codes == 0;

        if (!(bits & UINT64_C(1) << i))
            continue;
        for (unsigned k = 0; k < side->n_codes && !fits; k++)
            fits = ev->f.win32_known && ev->f.win32 == side->code[k];
        if (!fits)
            bits &= ~(UINT64_C(1) << i);
    }
    return bits;
}

void
catalogue_rules_mark(const struct catalogue *c, const struct signature *s, struct event *ev)
{
    ev->begins = s->begins ? fitting(c, ev, s->begins, true) : 0;
    ev->continues = s->continues ? fitting(c, ev, s->continues, false) : 0;
    ev->clears = s->clears.n > 0;
    ev->mute = s->mute;
}

uint64_t
catalogue_begins(const struct catalogue *c, const struct event *ev)
{
    const struct signature *s = str_has(ev->f.signature) ? catalogue_find_signature(c, ev->f.signature) : NULL;

    return s && s->begins ? fitting(c, ev, s->begins, true) : 0;
}

const struct catalogue_rule *
catalogue_rule(const struct catalogue *c, enum event_class cls)
{
    return &c->classes[cls].rule;
}

unsigned
catalogue_sequences(const struct catalogue *c)
{
    return c->n_sequences;
}

/* Borrowed from the set. */
const struct catalogue_sequence *
catalogue_sequence(const struct catalogue *c, unsigned number)
{
    return &c->sequence[number].said;
}

bool
catalogue_clears(const struct catalogue *c, struct str id, struct str failed)
{
    const struct signature *s = str_has(id) && failed.n ? catalogue_find_signature(c, id) : NULL;
    struct str list = s ? s->clears : STR_NONE, word;

    while (str_has(list) && load_word(&list, &word))
        if (str_eq(word, failed))
            return true;
    return false;
}
