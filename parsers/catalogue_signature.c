/* SPDX-License-Identifier: BSD-2-Clause
 *
 * catalogue_signature.c - one <signature> element into a struct signature.
 * Called by catalogue_load.c.  Checks what can be checked without a record:
 * names, numbers, contradictions, and that the first example can match. */
#include "build.h"

#include "parsers/catalogue_load.h"

#include <stdlib.h>

static const char known_attributes[] = "id rank component event provider fact claim class blank severity basis "
                                       "confidence code when-code article required-unit literals needs raise soon "
                                       "clears writer";

enum { LIST_MAX = 64, PATTERN_MAX = 4096 };

/* How many children are called 'name'. */
static unsigned
count_children(const xmlNode *node, const char *name)
{
    unsigned n = 0;

    for (const xmlNode *c = node->children; c; c = c->next)
        n += c->type == XML_ELEMENT_NODE && load_is(c, name);
    return n;
}

/* A blank-separated list of numbers up to 65535. */
static bool
load_numbers(struct load *l, const xmlNode *node, const char *attribute, unsigned *n, uint32_t out[LIST_MAX])
{
    struct str list = load_attribute(l, node, attribute), word;

    *n = 0;
    while (str_has(list) && load_word(&list, &word)) {
        if (*n == LIST_MAX || !load_number(word, 0xFFFF, &out[*n]))
            return load_fail(l, node, "%s=\"...%.*s...\" must be at most %d numbers up to 65535", attribute,
                             STR_ARG(word), LIST_MAX);
        ++*n;
    }
    return true;
}

/* event="109 372 100-199": numbers, or ranges of them. */
static bool
load_events(struct load *l, const xmlNode *node, struct signature *s)
{
    struct str list = load_attribute(l, node, "event"), word;
    struct signature_range *event = arena_zalloc(l->set->arena, LIST_MAX * sizeof *event);

    if (!event)
        return load_no_memory(l);
    while (str_has(list) && load_word(&list, &word)) {
        size_t dash = str_find_char(word, '-');
        uint32_t first, last;

        if (s->n_events == LIST_MAX || !load_number(str_make(word.p, dash), 0xFFFF, &first)
            || !load_number(dash < word.n ? str_skip(word, dash + 1) : word, 0xFFFF, &last) || first > last)
            return load_fail(l, node, "event=\"...%.*s...\" must be at most %d numbers up to 65535, or ranges as 100-199",
                             STR_ARG(word), LIST_MAX);
        event[s->n_events++] = (struct signature_range){(uint16_t) first, (uint16_t) last};
    }
    s->event = event;
    return true;
}

static bool
load_codes(struct load *l, const xmlNode *node, struct signature *s)
{
    uint32_t number[LIST_MAX];
    uint32_t *when_code;

    if (!load_numbers(l, node, "when-code", &s->n_when_code, number))
        return false;
    s->when_code = when_code = arena_zalloc(l->set->arena, (s->n_when_code + 1) * sizeof *when_code);
    for (unsigned i = 0; when_code && i < s->n_when_code; i++)
        when_code[i] = number[i];
    return when_code || load_no_memory(l);
}

/* component="SMS_DESPOOLER SMS_EXEC*" and provider="sms", a group's name. */
static bool
load_origin(struct load *l, const xmlNode *node, struct signature *s)
{
    struct str list = load_attribute(l, node, "component"), provider = load_attribute(l, node, "provider"), word;
    struct str *glob = arena_zalloc(l->set->arena, LIST_MAX * sizeof *glob);

    if (!glob)
        return load_no_memory(l);
    while (str_has(list) && s->component.n < LIST_MAX && load_word(&list, &word))
        glob[s->component.n++] = word;
    s->component.glob = glob;
    if (!str_has(provider))
        return true;
    /* by index: the list of groups may still move */
    for (size_t i = 0; i < l->set->n_groups; i++)
        if (str_eq(l->set->group[i].name, provider)) {
            struct signature_globs *copy = arena_zalloc(l->set->arena, sizeof *copy);

            if (!copy)
                return load_no_memory(l);
            *copy = l->set->group[i];
            s->provider = copy;
            return true;
        }
    return load_fail(l, node, "provider=\"%.60s\" is no <group> above this line", provider.p);
}

static bool
load_cause(struct load *l, const xmlNode *node, struct signature *s)
{
    struct str name = load_attribute(l, node, "class"), claim = load_attribute(l, node, "claim");
    struct str blank = load_attribute(l, node, "blank");

    s->claims = str_has(claim);
    if (s->claims && !load_class(l, node, "claim", claim, &s->claim))
        return false;
    if (!str_has(name))
        return load_fail(l, node, "<signature> needs class=\"...\": a class, by-code or by-figures");
    s->cls = CLASS_UNCLASSIFIED;
    if (str_eq(name, STR("by-code")))
        s->how = SIGNATURE_BY_CODE;
    else if (str_eq(name, STR("by-figures")))
        s->how = SIGNATURE_BY_FIGURES;
    else if (!load_class(l, node, "class", name, &s->cls))
        return false;
    if ((s->how == SIGNATURE_BY_FIGURES) != str_has(blank))
        return load_fail(l, node, "class=\"by-figures\" and blank=\"CLASS\" go together");
    if (str_has(blank) && !load_class(l, node, "blank", blank, &s->blank))
        return false;
    if (s->how == SIGNATURE_BY_FIGURES && !s->claims)
        return load_fail(l, node, "class=\"by-figures\" needs claim=\"CLASS\": figures prove or disprove a claim");
    return true;
}

/* Index of 'name' in a NULL-terminated list, or -1. */
static int
word_index(struct str name, const char *const *list)
{
    for (int i = 0; list[i]; i++)
        if (str_eq(name, str_z(list[i])))
            return i;
    return -1;
}

static bool
load_evidence(struct load *l, const xmlNode *node, struct signature *s)
{
    static const char *const bases[] = {"text", "code", NULL};
    static const char *const confidences[] = {"unverified", "probable", "confirmed", NULL};
    static const char *const codes[] = {"any", "private", NULL};
    struct str basis = load_attribute(l, node, "basis"), confidence = load_attribute(l, node, "confidence");
    struct str code = load_attribute(l, node, "code"), severity = load_attribute(l, node, "severity");
    int i;

    s->basis = BASIS_TEXT;
    if (str_has(basis)) {
        if ((i = word_index(basis, bases)) < 0)
            return load_fail(l, node, "basis=\"%.60s\" must be text or code", basis.p);
        s->basis = i ? BASIS_CODE : BASIS_TEXT;
    }
    s->confidence = CONFIDENCE_PROBABLE;
    if (str_has(confidence)) {
        if ((i = word_index(confidence, confidences)) < 0)
            return load_fail(l, node, "confidence=\"%.60s\" must be unverified, probable or confirmed", confidence.p);
        s->confidence = (enum confidence) (i + CONFIDENCE_UNVERIFIED);
    }
    if (str_has(code)) {
        if ((i = word_index(code, codes)) < 0)
            return load_fail(l, node, "code=\"%.60s\" must be any or private", code.p);
        s->any_code = i == 0;
        s->private_code = i == 1;
    }
    s->severity_known = str_has(severity);
    return !s->severity_known || load_severity(l, node, "severity", severity, &s->severity);
}

static bool
load_articles(struct load *l, const xmlNode *node, struct signature *s)
{
    struct str list = load_attribute(l, node, "article"), word;

    while (str_has(list) && load_word(&list, &word)) {
        if (s->n_articles == EVENT_SEE_MAX)
            return load_fail(l, node, "more than %d articles", EVENT_SEE_MAX);
        s->article[s->n_articles++] = word;
    }
    return true;
}

static bool
load_attributes(struct load *l, const xmlNode *node, struct signature *s)
{
    struct str rank = load_attribute(l, node, "rank"), fact = load_attribute(l, node, "fact");
    struct str unit = load_attribute(l, node, "required-unit");
    struct str needs = load_attribute(l, node, "needs"), soon = load_attribute(l, node, "soon");
    bool minus = str_has(rank) && rank.n && rank.p[0] == '-';
    uint32_t value;
    bool raises;

    s->id = load_attribute(l, node, "id");
    if (!s->id.n)
        return load_fail(l, node, "<signature> needs an id");
    if (!load_known_attributes(l, node, known_attributes) || !load_once(l, node, "signature", s->id))
        return false;
    if (str_has(rank)) {
        if (!load_number(str_skip(rank, minus), 1000, &value))
            return load_fail(l, node, "rank=\"%.60s\" must be a number from -1000 to 1000", rank.p);
        s->rank = minus ? -(int) value : (int) value;
    }
    if (str_has(fact) && !event_fact_find(fact, &s->fact))
        return load_fail(l, node, "fact=\"%.60s\" is no fact, as copy-failed is", fact.p);
    s->needs_pattern = str_has(needs);
    if (s->needs_pattern && !str_eq(needs, STR("pattern")))
        return load_fail(l, node, "needs=\"%.60s\" must be pattern", needs.p);
    s->required_bytes = str_has(unit);
    if (s->required_bytes && !str_eq(unit, STR("bytes")))
        return load_fail(l, node, "required-unit=\"%.60s\" must be bytes", unit.p);
    s->clears = load_attribute(l, node, "clears");
    if (!load_bool(l, node, "raise", &raises))
        return false;
    s->mute = !raises && str_has(load_attribute(l, node, "raise"));
    if (str_has(soon) && !load_duration(l, node, "soon", soon, &s->soon))
        return false;
    s->writer = load_attribute(l, node, "writer");
    return load_events(l, node, s) && load_codes(l, node, s) && load_origin(l, node, s) && load_cause(l, node, s)
           && load_evidence(l, node, s) && load_articles(l, node, s);
}

static bool
load_literals(struct load *l, const xmlNode *node, struct signature *s)
{
    uint16_t *literal = arena_zalloc(l->set->arena, (count_children(node, "literal") + 1) * sizeof *literal);
    struct str needed = load_attribute(l, node, "literals");
    bool any = str_has(needed) && str_eq(needed, STR("any"));
    struct str *text;

    if (!literal)
        return load_no_memory(l);
    if (str_has(needed) && !any && !str_eq(needed, STR("all")))
        return load_fail(l, node, "literals=\"%.60s\" must be all or any", needed.p);
    for (const xmlNode *c = node->children; c; c = c->next) {
        const char *why;
        int number;
        bool known = false;

        if (c->type != XML_ELEMENT_NODE || !load_is(c, "literal"))
            continue;
        number = literals_add(l->set->literals, load_text(l, c), &why);
        if (number < 0 || number > UINT16_MAX)
            return load_fail(l, c, "the literal %s", why);
        for (unsigned i = 0; i < s->n_literals; i++)
            known |= literal[i] == number;
        if (!known)
            literal[s->n_literals++] = (uint16_t) number;
    }
    s->literal = literal;
    s->n_needed = any ? 1 : s->n_literals;
    text = arena_zalloc(l->set->arena, (s->n_literals + 1) * sizeof *text);
    if (!text)
        return load_no_memory(l);
    for (unsigned i = 0; i < s->n_literals; i++)
        text[i] = literals_text(l->set->literals, literal[i]);
    s->word = signature_word(s->pattern, text, s->n_literals);
    if (!s->n_literals && !s->n_events && !s->any_code)
        return load_fail(l, node, "signature %.60s needs a <literal>, event=\"...\" or code=\"any\": "
                                  "without one every record would have to be tried", s->id.p);
    return true;
}

/* Puts the <define>s into 'pattern': {name}. */
static bool
load_pattern(struct load *l, const xmlNode *node, struct signature *s)
{
    struct str in = load_text(l, node);
    char *out = arena_alloc(l->set->arena, PATTERN_MAX + 1);
    char why[300];
    size_t n = 0;

    if (s->code)
        return load_fail(l, node, "a signature has one <pattern>");
    if (!out)
        return load_no_memory(l);
    for (size_t i = 0; i < in.n; i++) {
        size_t end = i + str_find_char(str_skip(in, i), '}');
        struct str add = str_make(in.p + i, 1);

        /* \x{..} and \p{..} end in a letter too, but stand behind a backslash */
        if (in.p[i] == '{' && i + 1 < in.n && !str_is_digit(in.p[i + 1]) && in.p[i + 1] != ','
            && !(i >= 2 && in.p[i - 2] == '\\')) {
            struct str name = str_make(in.p + i + 1, end > i ? end - i - 1 : 0);

            add = STR_NONE;
            for (unsigned k = 0; k < l->defines->n; k++)
                if (str_eq(l->defines->define[k].name, name))
                    add = l->defines->define[k].text;
            if (!str_has(add))
                return load_fail(l, node, "{%.*s} is no <define> above this line", STR_ARG(name));
            i = end;
        }
        if (n + add.n > PATTERN_MAX)
            return load_fail(l, node, "the pattern is longer than %d characters", PATTERN_MAX);
        memcpy(out + n, add.p, add.n);
        n += add.n;
    }
    out[n] = '\0';
    s->pattern = str_make(out, n);
    return signature_compile(s, l->set->arena, s->pattern, why, sizeof why) || load_fail(l, node, "%s", why);
}

static bool
load_inserts(struct load *l, const xmlNode *node, struct signature *s)
{
    enum signature_field *insert =
        arena_zalloc(l->set->arena, (count_children(node, "insert") + 1) * sizeof *insert);

    if (!insert)
        return load_no_memory(l);
    for (const xmlNode *c = node->children; c; c = c->next) {
        struct str name;

        if (c->type != XML_ELEMENT_NODE || !load_is(c, "insert"))
            continue;
        name = load_text(l, c);
        if (!signature_field_find(name, &insert[s->n_inserts]))
            return load_fail(l, c, "<insert>%.60s</insert> is no field, as path and available are", name.p);
        s->n_inserts++;
    }
    s->insert = insert;
    if (s->n_inserts && !s->n_events)
        return load_fail(l, node, "<insert> needs event=\"...\": only events have insertion strings");
    return true;
}

static bool
load_expectations(struct load *l, const xmlNode *node, struct signature_example *e)
{
    static const struct event nothing;
    struct signature_expect *expect;
    unsigned n = 0;
    char room[24];

    for (const xmlAttr *a = node->properties; a; a = a->next)
        n++;
    e->expect = expect = arena_zalloc(l->set->arena, (n + 1) * sizeof *expect);
    if (!expect)
        return load_no_memory(l);
    for (const xmlAttr *a = node->properties; a; a = a->next) {
        const char *name = (const char *) a->name;
        struct str value = load_attribute(l, node, name), ignored;
        uint32_t number;

        if (strcmp(name, "given-component") == 0) {
            e->component = value;
        } else if (strcmp(name, "given-provider") == 0) {
            e->provider = value;
        } else if (strcmp(name, "given-event") == 0) {
            if (!load_number(value, 0xFFFF, &number))
                return load_fail(l, node, "given-event=\"%.60s\" must be a number up to 65535", value.p);
            e->number_known = true;
            e->number = (uint16_t) number;
        } else if (e->near_miss) {
            return load_fail(l, node, "<near-miss> has given-... attributes only: nothing comes of it");
        } else if (!catalogue_value(&nothing, str_z(name), room, &ignored)) {
            return load_fail(l, node, "<example> cannot expect %.60s", name);
        } else {
            expect[e->n_expect++] = (struct signature_expect){load_copy(l, str_z(name)), value};
        }
    }
    return true;
}

static bool
load_example(struct load *l, const xmlNode *node, struct signature *s)
{
    struct signature_example *e = arena_zalloc(l->set->arena, sizeof *e);
    struct str *insert = arena_zalloc(l->set->arena, (count_children(node, "insert") + 1) * sizeof *insert);

    if (!e || !insert)
        return load_no_memory(l);
    e->line = (int) xmlGetLineNo(node);
    e->near_miss = load_is(node, "near-miss");
    e->text = load_text(l, node);
    e->insert = insert;
    for (const xmlNode *c = node->children; c; c = c->next) {
        if (c->type != XML_ELEMENT_NODE)
            continue;
        if (!load_is(c, "insert"))
            return load_fail(l, c, "<%s> holds text and <insert> only", (const char *) node->name);
        insert[e->n_inserts++] = load_text(l, c);
    }
    if (!load_expectations(l, node, e))
        return false;
    e->next = s->example;
    s->example = e;
    return true;
}

static bool
load_children(struct load *l, const xmlNode *node, struct signature *s)
{
    for (const xmlNode *c = node->children; c; c = c->next) {
        bool ok = true;

        if (c->type == XML_TEXT_NODE && !xmlIsBlankNode(c))
            return load_fail(l, c, "text stands between the parts of signature %.60s", s->id.p);
        if (c->type != XML_ELEMENT_NODE)
            continue;
        if (load_is(c, "pattern"))
            ok = load_known_attributes(l, c, "") && load_pattern(l, c, s);
        else if (load_is(c, "example") || load_is(c, "near-miss"))
            ok = load_example(l, c, s);
        else if (load_is(c, "literal") || load_is(c, "insert"))
            ok = load_known_attributes(l, c, "");
        else if (load_is(c, "action"))
            ok = load_known_attributes(l, c, "") && (s->action = load_phrase(l, load_text(l, c))).p;
        else
            ok = load_fail(l, c, "<%.60s> is unknown; a signature holds literal, pattern, insert, action, example and "
                                 "near-miss",
                           (const char *) c->name);
        if (!ok)
            return false;
    }
    return load_literals(l, node, s) && load_inserts(l, node, s);
}

/* True when the folded literal stands in 'text'; see literals.h for the rules. */
static bool
holds(struct str text, struct str literal)
{
    for (size_t at = 0; at < text.n; at++) {
        size_t i = at, k = 0;

        for (; k < literal.n && i < text.n; k++) {
            bool gap = literal.p[k] == ' ' && (text.p[i] == '~' || str_is_space(text.p[i]));

            if (!gap && str_lower_char(text.p[i]) != literal.p[k])
                break;
            i++;
            while (gap && i < text.n && (text.p[i] == '~' || str_is_space(text.p[i])))
                i++;
        }
        if (k == literal.n)
            return true;
    }
    return false;
}

/* Every literal that must be there is in an example; else a text that the
 * pattern fits would have to hold what it never does. */
static bool
check_literals(struct load *l, const xmlNode *node, const struct signature *s)
{
    for (const xmlNode *c = node->children; c; c = c->next) {
        struct str literal;
        const char *why;
        bool found = false;
        int number;

        if (c->type != XML_ELEMENT_NODE || !load_is(c, "literal"))
            continue;
        number = literals_add(l->set->literals, load_text(l, c), &why); /* is there: its number */
        if (number < 0)
            return load_fail(l, c, "the literal %s", why);
        literal = literals_text(l->set->literals, (unsigned) number);
        for (const struct signature_example *e = s->example; e; e = e->next)
            found |= !e->near_miss && holds(e->text, literal);
        if (!found && s->n_needed == s->n_literals && !s->n_events)
            return load_fail(l, c, "the literal \"%.*s\" is in none of the examples of signature %.60s: what does not "
                                   "hold it is never tried", STR_ARG(literal), s->id.p);
    }
    return true;
}

/* A pattern that does not fit its own examples cannot be what was meant; those
 * of events may be recognised by their number alone. */
static bool
check_pattern(struct load *l, const xmlNode *node, const struct signature *s)
{
    struct str value[SIGNATURE_FIELD_COUNT];
    unsigned examples = 0, misses = 0, fits = 0;
    int unfit = 0;
    struct signature_scratch x;

    if (!signature_scratch_init(&x))
        return load_no_memory(l);
    for (const struct signature_example *e = s->example; e; e = e->next) {
        bool fit = !e->near_miss && signature_match(s, &x, e->text, value);

        examples += !e->near_miss;
        misses += e->near_miss;
        fits += fit;
        if (!e->near_miss && !fit)
            unfit = e->line;
    }
    signature_scratch_fini(&x);
    if (!examples || !misses)
        return load_fail(l, node, "signature %.60s needs an <example> and a <near-miss>", s->id.p);
    if (!fits)
        return load_fail(l, node, "the pattern of signature %.60s fits none of its examples", s->id.p);
    if (unfit && !s->n_events) {
        load_fail(l, node, "the pattern of signature %.60s does not fit this example", s->id.p);
        l->err->line = unfit;
        return false;
    }
    return check_literals(l, node, s);
}

/* Puts 's' into the set, in the place of one with the same id. */
static bool
keep_signature(struct load *l, struct signature *s)
{
    struct catalogue *set = l->set;

    for (size_t i = 0; i < set->n_signatures; i++)
        if (str_eq(set->signature[i]->id, s->id)) {
            signature_release(set->signature[i]);
            set->signature[i] = s;
            return true;
        }
    if (!load_grow(l, (void **) &set->signature, set->n_signatures, &set->cap_signatures, sizeof(struct signature *)))
        return false;
    set->signature[set->n_signatures++] = s;
    return true;
}

bool
load_signature(struct load *l, const xmlNode *node)
{
    struct signature *s = arena_zalloc(l->set->arena, sizeof *s);

    if (!s)
        return load_no_memory(l);
    s->file = l->name;
    s->line = (int) xmlGetLineNo(node);
    s->document = l->document;
    s->order = l->order++;
    if (load_attributes(l, node, s) && load_children(l, node, s) && check_pattern(l, node, s) && keep_signature(l, s))
        return true;
    signature_release(s);
    return false;
}
