/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nt_trap.c - the format nt-trap: traps that translate Windows event records,
 * one a line (nt_trap_line.c).  Here is what they mean.
 *
 * A translated record is an enterprise-specific trap (generic 6).  Its
 * enterprise is a base, the length of the event source's name, and its
 * characters; its specific number is the event id, all 32 bits, which some
 * decoders show as signed (Q160969, Q200773).  The base is
 * 1.3.6.1.4.1.311.1.4.1 in SMS 1.2 and 1.3.6.1.4.1.311.1.13.1 later (Q259586).
 * Varbinds 1 to 5 are text, user, system, type and category, those behind them
 * the insertion strings: by number below 1.3.6.1.4.1.311.1.13.1.9999, else, as
 * nobody has written down their names in SMS 1.2, by order.  The record's own
 * time is in none of them: the time of arrival stands for it. */
#include "build.h"

#include "parsers/nt_trap.h"

#include "parsers/when.h"

#define BASE_SMS "1.3.6.1.4.1.311.1.4.1"
#define BASE_NT "1.3.6.1.4.1.311.1.13.1"
#define VARBINDS BASE_NT ".9999"
#define TRAP_OID "1.3.6.1.6.3.1.1.4.1.0"        /* snmpTrapOID, RFC 3418 */
#define TRAP_ENTERPRISE "1.3.6.1.6.3.1.1.4.3.0" /* snmpTrapEnterprise, RFC 3418 */
#define TRAP_ADDRESS "1.3.6.1.6.3.18.1.3.0"     /* snmpTrapAddress, RFC 3584 */
#define UPTIME "1.3.6.1.2.1.1.3.0"              /* sysUpTime, RFC 3418 */

enum { FACT_MAX = 1024 }; /* bytes of a name */

/* --- OIDs as text ------------------------------------------------------------------ */

bool
nt_trap_below(struct str name, struct str root)
{
    return root.n && str_starts(name, root) && (name.n == root.n || name.p[root.n] == '.');
}

/* Takes the next sub-identifier off '*rest'; false at the end. */
static bool
next_sub(struct str *rest, uint32_t *out)
{
    uint64_t v = 0;
    size_t n = 0;

    if (rest->n && rest->p[0] == '.')
        *rest = str_skip(*rest, 1);
    while (n < rest->n && n < 10 && str_is_digit(rest->p[n]))
        v = v * 10 + (uint64_t) (rest->p[n++] - '0');
    if (!n || v > UINT32_MAX || (n < rest->n && rest->p[n] != '.'))
        return false;
    *rest = str_skip(*rest, n);
    *out = (uint32_t) v;
    return true;
}

/* 'oid' without its last sub-identifier, which goes to '*last'. */
static bool
drop_last(struct str *oid, uint32_t *last)
{
    size_t n = oid->n;
    struct str sub;

    while (n && oid->p[n - 1] != '.')
        n--;
    if (!n)
        return false;
    sub = str_skip(*oid, n);
    oid->n = n - 1;
    return next_sub(&sub, last) && !sub.n;
}

/* --- what a trap says --------------------------------------------------------------- */

static struct str
value_of(const struct nt_trap *t, const char *name)
{
    for (unsigned i = 0; i < t->n; i++)
        if (str_eq(t->varbind[i].name, str_z(name)))
            return t->varbind[i].value;
    return STR_NONE;
}

/* Enterprise and specific number of a trap of version 2c: the trap's OID
 * without its last number, and without a zero before that; where a relay kept
 * it, snmpTrapEnterprise is the enterprise (RFC 3584 3.2). */
static bool
from_trap_oid(const struct nt_trap *t, struct str *enterprise, uint32_t *specific)
{
    struct str oid = value_of(t, TRAP_OID), kept = value_of(t, TRAP_ENTERPRISE), shorter;
    uint32_t zero;

    *enterprise = STR_NONE;
    if (!str_has(oid) || !drop_last(&oid, specific))
        return false;
    shorter = oid;
    if (drop_last(&shorter, &zero) && zero == 0)
        oid = shorter;
    *enterprise = kept.n ? kept : oid;
    return true;
}

/* The name of the event source in an enterprise of the translators. */
static bool
read_source(struct str enterprise, struct nt_trap_view *out)
{
    static const struct str bases[] = {{BASE_SMS, sizeof BASE_SMS - 1}, {BASE_NT, sizeof BASE_NT - 1}};

    for (size_t b = 0; b < sizeof bases / sizeof *bases; b++) {
        struct str rest;
        uint32_t length, c = 0;
        size_t n = 0;

        if (!nt_trap_below(enterprise, bases[b]))
            continue;
        rest = str_skip(enterprise, bases[b].n);
        if (!next_sub(&rest, &length) || length == 0 || length > NT_TRAP_SOURCE)
            return false;
        while (n < length && next_sub(&rest, &c) && c > 0 && c < 256)
            out->source[n++] = (char) c;
        if (n < length || rest.n)
            return false;
        out->n_source = n;
        return true;
    }
    return false;
}

static bool
is_administrative(struct str name)
{
    static const struct str standard = {"1.3.6.1.6.3", 11}, uptime = {UPTIME, sizeof UPTIME - 1};

    return nt_trap_below(name, standard) || str_eq(name, uptime);
}

/* Varbind 'number' (1 up) has this value; the first of equal ones counts. */
static void
set_value(struct nt_trap_view *out, uint32_t number, const struct nt_trap_varbind *v)
{
    struct str *const named[] = {&out->text, &out->user, &out->system, &out->type, &out->category};
    struct str *field;

    if (number == 0 || number > 5 + NT_TRAP_INSERTS || v->type == NT_TRAP_OTHER)
        return;
    field = number <= 5 ? named[number - 1] : &out->insert[number - 6];
    if (str_has(*field))
        return;
    *field = v->value.n ? v->value : STR("");
    if (number > 5 && out->n_inserts < number - 5)
        out->n_inserts = number - 5;
}

static void
read_varbinds(const struct nt_trap *t, struct nt_trap_view *out)
{
    static const struct str root = {VARBINDS, sizeof VARBINDS - 1};
    bool numbered = false;
    uint32_t order = 0;

    for (unsigned i = 0; i < t->n; i++)
        numbered = numbered || nt_trap_below(t->varbind[i].name, root);
    for (unsigned i = 0; i < t->n; i++) {
        struct str name = t->varbind[i].name;
        uint32_t number = 0;

        if (is_administrative(name))
            continue;
        if (!numbered) {
            set_value(out, ++order, &t->varbind[i]);
        } else if (nt_trap_below(name, root)) {
            struct str rest = str_skip(name, root.n);

            if (next_sub(&rest, &number))
                set_value(out, number, &t->varbind[i]);
        }
    }
}

void
nt_trap_view(const struct nt_trap *t, struct nt_trap_view *out)
{
    bool specific = t->version == 1 && t->generic == 6;

    *out = (struct nt_trap_view){.enterprise = t->enterprise, .agent = t->agent, .id = (uint32_t) t->specific};
    if (t->version == 2)
        specific = from_trap_oid(t, &out->enterprise, &out->id);
    out->trap_oid = t->version == 2 ? value_of(t, TRAP_OID) : STR_NONE;
    if (!out->agent.n || str_eq(out->agent, STR("0.0.0.0")))
        out->agent = value_of(t, TRAP_ADDRESS);
    if (!out->agent.n || str_eq(out->agent, STR("0.0.0.0")))
        out->agent = STR_NONE;
    out->translated = specific && read_source(out->enterprise, out);
    if (out->translated)
        read_varbinds(t, out);
}

/* --- the record ---------------------------------------------------------------------- */

/* A value as text: without the NUL that some agents count in; two bytes a
 * character where it came that way (Q274244 shows agents that do). */
static struct str
clean(struct arena *arena, struct text_codepage *page, struct str s, size_t max, bool *cut)
{
    enum text_encoding encoding = TEXT_8BIT;
    size_t bom = 0, used;

    *cut = false;
    if (!str_has(s))
        return s;
    if (s.n >= 4 && memchr(s.p, '\0', s.n))
        encoding = text_detect((const uint8_t *) s.p, s.n, &bom);
    if (encoding != TEXT_8BIT) {
        char *out = arena_alloc(arena, 6 * s.n + 6);

        if (!out)
            return STR_NONE;
        s.n = text_utf16(encoding, (const uint8_t *) s.p + bom, s.n - bom, true, &used, out);
        s.p = out;
        page = text_codepage_decoded();
        while (s.n >= 3 && memcmp(s.p + s.n - 3, "\xee\xbc\x80", 3) == 0)
            s.n -= 3; /* U+EF00: the escape of a NUL */
    }
    while (s.n && s.p[s.n - 1] == '\0')
        s.n--;
    return text_clean(arena, page, s, max, cut);
}

/* The level that eventlog.level wants: by the type of the record, else by the
 * two highest bits of its id. */
static unsigned
level_of(struct str type, uint32_t id)
{
    static const unsigned by_bits[] = {0, 4, 3, 2};

    type = str_trim(type);
    if (str_eq(type, STR("1")))
        return 2;
    if (str_eq(type, STR("2")))
        return 3;
    if (str_eq(type, STR("0")) || str_eq(type, STR("4")) || str_eq(type, STR("8")) || str_eq(type, STR("16")))
        return 4;
    return by_bits[id >> 30];
}

/* One string a line, as the other event-log formats show a record without text. */
static struct str
join(struct arena *arena, const struct str *string, unsigned n)
{
    size_t size = n + 1, at = 0;
    char *p;

    for (unsigned i = 0; i < n; i++)
        size += string[i].n;
    p = arena_alloc(arena, size);
    if (!p)
        return STR_NONE;
    for (unsigned i = 0; i < n; i++) {
        if (i)
            p[at++] = '\n';
        if (string[i].n)
            memcpy(p + at, string[i].p, string[i].n);
        at += string[i].n;
    }
    return str_make(p, at);
}

/* One record while it is filled in. */
struct filling {
    struct text_codepage *page;
    struct arena *arena;
    struct event *ev;
    bool no_memory;
};

static struct str
string(struct filling *f, struct str s, bool *cut)
{
    struct str out = clean(f->arena, f->page, s, EVENT_TEXT_MAX, cut);

    f->no_memory = f->no_memory || str_has(s) != str_has(out);
    return out;
}

/* A short fact; absent when it is blank. */
static struct str
fact(struct filling *f, struct str s)
{
    bool cut;
    struct str out = string(f, s, &cut);

    if (out.n > FACT_MAX)
        for (out.n = FACT_MAX; out.n && (out.p[out.n] & 0xc0) == 0x80;)
            out.n--; /* whole characters */
    out = str_trim(out);
    return out.n ? out : STR_NONE;
}

static void
fill_log(struct filling *f, const struct nt_trap_view *v, struct eventlog *log)
{
    struct str *strings = arena_zalloc(f->arena, (NT_TRAP_INSERTS + 1) * sizeof *strings);
    bool cut;

    if (!strings) {
        f->no_memory = true;
        return;
    }
    log->id32 = v->id;
    log->number = (uint16_t) v->id;
    log->level = level_of(v->type, v->id);
    log->strings_known = true;
    log->strings = strings;
    log->n_strings = v->n_inserts;
    for (unsigned i = 0; i < v->n_inserts; i++)
        strings[i] = string(f, v->insert[i], &cut);
    log->message = string(f, v->text, &f->ev->truncated);
    log->category = fact(f, v->category);
    log->user = fact(f, v->user);
    if (str_case_eq(log->user, STR("unknown")) || str_case_eq(log->user, STR("n/a")))
        log->user = STR_NONE;
    f->ev->log = log;
}

static void
fill(struct filling *f, const struct nt_trap_view *v, struct eventlog *log)
{
    struct event *ev = f->ev;
    struct str text, host = fact(f, v->system);
    bool cut;

    fill_log(f, v, log);
    if (f->no_memory)
        return;
    while (host.n > 1 && host.p[0] == '\\')
        host = str_skip(host, 1);
    if (host.n)
        ev->f.host = arena_upper(f->arena, host);
    ev->f.provider = fact(f, str_make(v->source, v->n_source));
    ev->f.address = fact(f, v->agent);
    ev->f.event_number = arena_number(f->arena, log->number);
    text = str_trim(log->message);
    if (!text.n)
        text = str_trim(join(f->arena, log->strings, log->n_strings));
    ev->text = text_clean(f->arena, text_codepage_decoded(), text, EVENT_TEXT_MAX, &cut);
    ev->truncated = ev->truncated || cut;
    f->no_memory = f->no_memory || !str_has(ev->text) || !str_has(ev->f.event_number) || str_has(ev->f.host) != str_has(host);
}

static enum perr
nt_trap_parse(const struct format_options *options, const struct format_record *record, struct arena *arena,
              struct event *ev, size_t *at)
{
    struct filling f = {.page = options->code_page, .arena = arena, .ev = ev};
    struct nt_trap *t = arena_alloc(arena, sizeof *t);
    struct nt_trap_view *v = arena_alloc(arena, sizeof *v);
    struct eventlog *log = arena_zalloc(arena, sizeof *log);
    enum perr err;

    *at = 0;
    if (!t || !v || !log)
        return PERR_NOMEM;
    err = nt_trap_read(record->bytes, arena, t, at);
    if (err == PERR_NOMEM)
        return err;
    if (t->arrival)
        ev->when = (struct when){.utc = t->arrival, .utc_known = true, .fraction = 3};
    nt_trap_view(t, v);
    if (v->translated)
        fill(&f, v, log);
    if (f.no_memory)
        return PERR_NOMEM;
    if (err == PERR_OK && record->shortened)
        err = PERR_TRUNCATED;
    /* What could not be read whole, and any other trap, is shown as it is. */
    if (err != PERR_OK || !v->translated)
        ev->text = text_clean(arena, options->code_page, record->bytes, EVENT_TEXT_MAX, &ev->truncated);
    return str_has(ev->text) ? err : PERR_NOMEM;
}

/* --- framing ----------------------------------------------------------------------------- */

#define HEAD "nt-trap 1\t"

static int
nt_trap_probe(struct str head)
{
    if (str_starts(head, STR("\xef\xbb\xbf")))
        head = str_skip(head, 3);
    while (head.n && (head.p[0] == '\n' || head.p[0] == '\r'))
        head = str_skip(head, 1);
    return str_starts(head, STR(HEAD)) ? 100 : 0;
}

/* A record is a line.  Only the first FORMAT_WINDOW bytes at hand are looked
 * at; a line that does not end in them is cut there, and is none of ours. */
static enum format_next
nt_trap_next(void *state, const char *p, size_t n, bool final, struct format_span *out)
{
    const char *lf;
    size_t skip = 0, length;

    (void) state;
    if (n >= FORMAT_WINDOW) {
        n = FORMAT_WINDOW;
        final = false;
    }
    while (skip < n && (p[skip] == '\n' || p[skip] == '\r'))
        skip++;
    out->skip = skip;
    out->length = 0;
    if (skip)
        return FORMAT_SKIP;
    lf = memchr(p, '\n', n);
    if (!lf && !final && n < FORMAT_WINDOW)
        return FORMAT_MORE;
    length = lf ? (size_t) (lf - p) : n;
    while (p[length - 1] == '\r')
        length--; /* not all: the first byte is none */
    out->length = length;
    return str_starts(str_make(p, length), STR(HEAD)) && (lf || final) ? FORMAT_RECORD : FORMAT_BAD;
}

const struct format nt_trap_format = {
    .name = "nt-trap",
    .probe = nt_trap_probe,
    .next = nt_trap_next,
    .parse = nt_trap_parse,
};
