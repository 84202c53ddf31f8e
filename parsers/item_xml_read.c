/* SPDX-License-Identifier: BSD-2-Clause
 *
 * item_xml_read.c - one item back from the XML that item_xml_write.c made: what
 * its elements (item_tree.c) say.  Called for the journal's backlog and by
 * replay.
 *
 * The bytes may come from an archive that others could edit: every value is
 * checked before it is taken.  What it does not know it ignores: later versions
 * add optional parts. */
#include "build.h"

#include "parsers/item_xml.h"

#include "parsers/item_tree.h"
#include "parsers/when.h"

/* An item is its text escaped sixfold and a few attributes. */
enum { ITEM_MAX = 4 * 1024 * 1024 };

/* What one read works on: the arena it fills and the first error. */
struct reader {
    struct arena *arena;
    enum perr err;
};

static void
fail(struct reader *r, enum perr err)
{
    if (r->err == PERR_OK)
        r->err = err;
}

/* The value of an attribute without namespace; absent when there is none. */
static struct str
attribute(const struct item_node *node, const char *name)
{
    size_t n = strlen(name);

    for (unsigned i = 0; i < node->n_attributes; i++)
        if (node->attributes[i].name.n == n && memcmp(node->attributes[i].name.p, name, n) == 0)
            return node->attributes[i].value;
    return STR_NONE;
}

/* A decimal number of at most 'max'; 0 and false when the attribute is absent. */
static bool
number(struct reader *r, const struct item_node *node, const char *name, uint64_t max, uint64_t *out)
{
    struct str s = attribute(node, name);
    uint64_t v = 0;

    *out = 0;
    if (!str_has(s))
        return false;
    if (!s.n)
        fail(r, PERR_SYNTAX);
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned) (s.p[i] - '0');

        if (!str_is_digit(s.p[i])) {
            fail(r, PERR_SYNTAX);
            return false;
        }
        if (digit > max || v > (max - digit) / 10) {
            fail(r, PERR_RANGE);
            return false;
        }
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

static bool
flag(const struct item_node *node, const char *name)
{
    struct str s = attribute(node, name);

    return str_eq(s, STR("true")) || str_eq(s, STR("1"));
}

/* An id into 'id'; left empty where there is none. */
static void
read_id(struct reader *r, const struct item_node *node, const char *name, char id[EVENT_ID_SIZE])
{
    struct str s = attribute(node, name);

    if (!str_has(s))
        return;
    if (s.n != EVENT_ID_SIZE - 1)
        fail(r, PERR_SYNTAX);
    for (size_t i = 0; i < s.n; i++)
        if (str_hex_value(s.p[i]) < 0)
            fail(r, PERR_SYNTAX);
    if (r->err == PERR_OK)
        memcpy(id, s.p, EVENT_ID_SIZE - 1);
}

/* The index of the attribute's value among the 'n' names that 'name_of' gives;
 * 0 where it is absent.  A value that no name has is out of range: enumerations
 * are not open. */
static int
word(struct reader *r, const struct item_node *node, const char *name, int n, const char *(*name_of)(int), bool *known)
{
    struct str s = attribute(node, name);

    if (known)
        *known = false;
    if (!str_has(s))
        return 0;
    for (int i = 0; i < n; i++)
        if (str_eq(s, str_z(name_of(i)))) {
            if (known)
                *known = true;
            return i;
        }
    fail(r, PERR_RANGE);
    return 0;
}

static const char *
class_word(int i)
{
    return event_class_name((enum event_class) i);
}

static const char *
severity_word(int i)
{
    return severity_name((enum severity) i);
}

static const char *
figures_word(int i)
{
    return figures_name((enum figures) i);
}

static const char *
basis_word(int i)
{
    return basis_name((enum basis) i);
}

static const char *
confidence_word(int i)
{
    return confidence_name((enum confidence) i);
}

static const char *
state_word(int i)
{
    return alarm_state_name((enum alarm_state) i);
}

static const char *
notice_word(int i)
{
    return notice_kind_name((enum notice_kind) i);
}

static const char *
dst_word(int i)
{
    static const char *const words[] = {"", "first", "shifted"};

    return words[i];
}

/* Adds what the time in attribute 'name' says to 'w'. */
static void
read_time(struct reader *r, const struct item_node *node, const char *name, struct when *w)
{
    struct str s = attribute(node, name);

    if (str_has(s) && !when_parse_iso(s, w))
        fail(r, PERR_RANGE);
}

/* Zones of the form +HH:MM are a bias that the record carried. */
static void
read_bias(struct when *w)
{
    struct str z = w->zone;
    int away;

    if (z.n != 6 || (z.p[0] != '+' && z.p[0] != '-') || z.p[3] != ':' || !str_is_digit(z.p[1])
        || !str_is_digit(z.p[2]) || !str_is_digit(z.p[4]) || !str_is_digit(z.p[5]))
        return;
    away = ((z.p[1] - '0') * 10 + z.p[2] - '0') * 60 + (z.p[4] - '0') * 10 + z.p[5] - '0';
    w->bias_known = true;
    w->bias = z.p[0] == '+' ? -away : away;
}

static void
read_when(struct reader *r, const struct item_node *node, struct when *w)
{
    read_time(r, node, "local", w);
    read_time(r, node, "time", w);
    w->zone = attribute(node, "zone");
    w->dst = (enum when_dst) word(r, node, "dst", 3, dst_word, NULL);
    read_bias(w);
}

static bool
is_element(const struct item_node *node, const char *name)
{
    return node->ours && str_eq(node->name, str_z(name));
}

/* The text fields that 'element' carries. */
static void
read_fields(const struct item_node *node, const char *element, struct facts *f)
{
#define FACT(member, carrier, name, sd, prose) \
    if (strcmp(element, #carrier) == 0) \
        f->member = attribute(node, #name);
#include "parsers/event_fields.def"
#undef FACT
}

static void
read_cause(struct reader *r, const struct item_node *node, struct facts *f)
{
    uint64_t v;

    f->cause_class = (enum event_class) word(r, node, "class", CLASS_COUNT, class_word, &f->caused);
    f->tagged = str_eq(attribute(node, "tag"), STR(EVENT_TAG));
    f->win32_known = number(r, node, "win32", UINT32_MAX, &v);
    f->win32 = (uint32_t) v;
    f->symbol = attribute(node, "symbol");
    f->misreported = flag(node, "misreported");
    f->basis = (enum basis) word(r, node, "basis", BASIS_SEQUENCE + 1, basis_word, NULL);
    f->confidence = (enum confidence) word(r, node, "confidence", CONFIDENCE_CONFIRMED + 1, confidence_word, NULL);
    f->signature = attribute(node, "signature");
    for (const struct item_node *child = node->children; child; child = child->next)
        if (is_element(child, "evidence") && f->n_evidence < EVENT_EVIDENCE_MAX)
            read_id(r, child, "event", f->evidence[f->n_evidence++]);
}

static void
read_see(struct reader *r, const struct item_node *node, struct facts *f)
{
    if (str_has(attribute(node, "article")) && f->n_articles < EVENT_SEE_MAX)
        f->article[f->n_articles++] = attribute(node, "article");
    if (str_has(attribute(node, "event")) && f->n_linked < EVENT_SEE_MAX)
        read_id(r, node, "event", f->linked[f->n_linked++]);
}

/* Takes 'node' if it is one of the children that events and alarms share. */
static void
read_shared(struct reader *r, const struct item_node *node, struct when *w, struct facts *f)
{
    if (is_element(node, "when"))
        read_when(r, node, w);
    else if (is_element(node, "origin"))
        read_fields(node, "origin", f);
    else if (is_element(node, "object"))
        read_fields(node, "object", f);
    else if (is_element(node, "cause"))
        read_cause(r, node, f);
    else if (is_element(node, "see"))
        read_see(r, node, f);
    else if (is_element(node, "claim")) {
        read_fields(node, "claim", f);
        f->claim_class = (enum event_class) word(r, node, "cause", CLASS_COUNT, class_word, &f->claimed);
        f->figures = (enum figures) word(r, node, "figures", FIGURES_UNREADABLE + 1, figures_word, NULL);
    }
}

static void
read_event(struct reader *r, const struct item_node *root, struct event *ev)
{
    read_id(r, root, "id", ev->id);
    ev->cls = (enum event_class) word(r, root, "class", CLASS_COUNT, class_word, NULL);
    ev->severity = (enum severity) word(r, root, "severity", SEVERITY_CLEARED + 1, severity_word, NULL);
    for (const struct item_node *node = root->children; node; node = node->next) {
        read_shared(r, node, &ev->when, &ev->f);
        if (is_element(node, "source")) {
            ev->format = attribute(node, "format");
            ev->source_name = attribute(node, "name");
            number(r, node, "offset", UINT64_MAX, &ev->offset);
            number(r, node, "line", UINT64_MAX, &ev->line);
            number(r, node, "length", UINT64_MAX, &ev->length);
            ev->repaired = str_eq(attribute(node, "repaired"), STR("trailer"));
        } else if (is_element(node, "text")) {
            ev->text = node->text;
            ev->truncated = flag(node, "truncated");
        }
    }
}

static void
read_alarm(struct reader *r, const struct item_node *root, struct alarm_item *al)
{
    read_id(r, root, "id", al->id);
    al->key = attribute(root, "key");
    al->state = (enum alarm_state) word(r, root, "state", ALARM_CLEARED + 1, state_word, NULL);
    al->severity = (enum severity) word(r, root, "severity", SEVERITY_CLEARED + 1, severity_word, NULL);
    al->cls = (enum event_class) word(r, root, "class", CLASS_COUNT, class_word, NULL);
    number(r, root, "count", UINT64_MAX, &al->count);
    read_time(r, root, "first", &al->first);
    read_time(r, root, "last", &al->last);
    al->reason = attribute(root, "reason");
    al->event = attribute(root, "event");
    for (const struct item_node *node = root->children; node; node = node->next) {
        read_shared(r, node, &al->when, &al->f);
        if (is_element(node, "summary"))
            al->summary = node->text;
        else if (is_element(node, "action"))
            al->action = node->text;
    }
}

static void
read_notice(struct reader *r, const struct item_node *root, struct notice_item *no)
{
    uint64_t open;
    bool known;

    no->kind = (enum notice_kind) word(r, root, "kind", NOTICE_HEARTBEAT + 1, notice_word, &known);
    if (!known)
        fail(r, PERR_SYNTAX);
    read_id(r, root, "id", no->id);
    read_time(r, root, "time", &no->when);
    number(r, root, "read", UINT64_MAX, &no->read);
    number(r, root, "delivered", UINT64_MAX, &no->delivered);
    number(r, root, "folded", UINT64_MAX, &no->folded);
    number(r, root, "dropped", UINT64_MAX, &no->dropped);
    number(r, root, "seq", UINT64_MAX, &no->last_seq);
    number(r, root, "open", UINT32_MAX, &open);
    no->open_count = (unsigned) open;
    read_id(r, root, "digest", no->open_digest);
    no->text = root->text;
}

/* The item that 'root' is, in the arena; its pointers are NULL on failure. */
static struct item
read_root(struct reader *r, const struct item_node *root)
{
    struct item it = {.kind = ITEM_EVENT};
    struct event *ev;
    struct alarm_item *al;
    struct notice_item *no;

    if (is_element(root, "event")) {
        if ((it.event = ev = arena_zalloc(r->arena, sizeof *ev)))
            read_event(r, root, ev);
    } else if (is_element(root, "alarm")) {
        it.kind = ITEM_ALARM;
        if ((it.alarm = al = arena_zalloc(r->arena, sizeof *al)))
            read_alarm(r, root, al);
    } else if (is_element(root, "notice")) {
        it.kind = ITEM_NOTICE;
        if ((it.notice = no = arena_zalloc(r->arena, sizeof *no)))
            read_notice(r, root, no);
    } else {
        fail(r, PERR_SYNTAX);
    }
    if (!it.event && !it.alarm && !it.notice)
        fail(r, PERR_NOMEM);
    return it;
}

/* Reads the one element of 'xml' into the arena.  On an error '*out' is left
 * untouched. */
enum perr
item_xml_read(struct arena *arena, struct str xml, struct item *out)
{
    struct reader r = {.arena = arena};
    struct item it;
    const struct item_node *root;

    if (xml.n > ITEM_MAX)
        return PERR_LIMIT;
    root = item_tree_read(arena, xml, &r.err);
    if (!root)
        return r.err;
    it = read_root(&r, root);
    if (r.err == PERR_OK)
        *out = it;
    return r.err;
}
