/* SPDX-License-Identifier: BSD-2-Clause
 *
 * relay_json.c - event records as one JSON object a line: NXLog (im_mseventlog,
 * im_msvistalog), fluent-bit and fluentd (winlog, winevtlog), OpenWEC.  Called
 * by relay_line.c.
 *
 * By json-c, within bounds: JSON_BYTES of text, JSON_DEPTH levels, and strings
 * as event.h bounds them.  A key that comes twice has its last value (RFC 8259
 * section 4 leaves it open).  An object that the line cuts off is read as far
 * as its members are whole, and says so. */
#include "build.h"

#include "parsers/relay_line.h"

#include <json-c/json.h>

enum {
    JSON_BYTES = 256 * 1024, /* Windows events hold at most 64 KiB of text */
    JSON_DEPTH = 16,
    JSON_LOOK = 256 /* how far into a message the object may begin */
};

/* --- where it is --------------------------------------------------------------------- */

size_t
relay_json_find(struct str body, bool headed)
{
    size_t look = body.n < JSON_LOOK ? body.n : JSON_LOOK;

    for (size_t at = str_find_char(str_make(body.p, look), '{'); at < look; at++) {
        size_t i = at + 1;

        if (body.p[at] != '{')
            continue;
        while (i < body.n && str_is_blank(body.p[i]))
            i++;
        if (i < body.n && body.p[i] == '"' && (at == 0 || str_is_space(body.p[at - 1]) || body.p[at - 1] == ':')
            && relay_may_begin(body, at, headed))
            return at;
    }
    return body.n;
}

/* The comma behind the last member that is whole, or 0. */
static size_t
last_comma(struct str s)
{
    bool quoted = false;
    int depth = 0;
    size_t comma = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        else if (c == ',' && depth == 1)
            comma = i;
    }
    return comma;
}

/* The object at the start of 's' (json_object_put), or NULL. */
static struct json_object *
read_object(struct str s, enum perr *err)
{
    struct json_tokener *tokener = NULL;
    struct json_object *object = NULL;
    enum json_tokener_error e;
    size_t comma;

    *err = PERR_LIMIT;
    if (s.n > JSON_BYTES)
        return NULL;
    *err = PERR_NOMEM;
    tokener = json_tokener_new_ex(JSON_DEPTH);
    if (!tokener)
        return NULL;
    object = json_tokener_parse_ex(tokener, s.p, (int) s.n);
    e = json_tokener_get_error(tokener);
    *err = e == json_tokener_success ? PERR_OK : e == json_tokener_error_depth ? PERR_LIMIT : PERR_SYNTAX;
    if (e == json_tokener_success && str_trim(str_skip(s, json_tokener_get_parse_end(tokener))).n)
        *err = PERR_SYNTAX; /* something behind the object */
    if (e == json_tokener_continue && (comma = last_comma(s)) > 0) {
        json_tokener_reset(tokener);
        json_object_put(object);
        object = json_tokener_parse_ex(tokener, s.p, (int) comma);
        if (json_tokener_get_error(tokener) == json_tokener_continue)
            object = json_tokener_parse_ex(tokener, "}", 1);
        *err = json_tokener_get_error(tokener) == json_tokener_success ? PERR_TRUNCATED : PERR_SYNTAX;
    }
    if (!json_object_is_type(object, json_type_object) || (*err != PERR_OK && *err != PERR_TRUNCATED)) {
        json_object_put(object);
        object = NULL;
        if (*err == PERR_OK)
            *err = PERR_SYNTAX;
    }
    json_tokener_free(tokener);
    return object;
}

/* --- members -------------------------------------------------------------------------- */

enum slot {
    SLOT_TIME,
    SLOT_HOST,
    SLOT_PROVIDER,
    SLOT_ID,
    SLOT_QUALIFIERS,
    SLOT_TYPE,
    SLOT_CHANNEL,
    SLOT_RECORD,
    SLOT_MESSAGE,
    SLOT_STRINGS,
    SLOT_CATEGORY,
    SLOT_USER,
    SLOT_DOMAIN,
    SLOT_THREAD,
    SLOT_SYSTEM,
    SLOT_DATA,
    SLOT_RENDERING,
    SLOT_EXECUTION,
    SLOT_COUNT
};

/* Names in any case, without their underlines; of two for one slot the one that
 * stands first here is taken. */
static const struct {
    const char *name;
    enum slot slot;
} names[] = {
    {"eventtime", SLOT_TIME},
    {"timegenerated", SLOT_TIME},
    {"timecreated", SLOT_TIME},
    {"eventtimewritten", SLOT_TIME},
    {"timewritten", SLOT_TIME},
    {"hostname", SLOT_HOST},
    {"computername", SLOT_HOST},
    {"computer", SLOT_HOST},
    {"sourcename", SLOT_PROVIDER},
    {"providername", SLOT_PROVIDER},
    {"provider", SLOT_PROVIDER},
    {"eventid", SLOT_ID},
    {"eventidqualifiers", SLOT_QUALIFIERS},
    {"qualifiers", SLOT_QUALIFIERS},
    {"eventtype", SLOT_TYPE},
    {"level", SLOT_TYPE},
    {"severity", SLOT_TYPE},
    {"channel", SLOT_CHANNEL},
    {"filename", SLOT_CHANNEL},
    {"eventrecordid", SLOT_RECORD},
    {"recordnumber", SLOT_RECORD},
    {"message", SLOT_MESSAGE},
    {"stringinserts", SLOT_STRINGS},
    {"category", SLOT_CATEGORY},
    {"task", SLOT_CATEGORY},
    {"accountname", SLOT_USER},
    {"user", SLOT_USER},
    {"userid", SLOT_USER},
    {"sid", SLOT_USER},
    {"domain", SLOT_DOMAIN},
    {"executionthreadid", SLOT_THREAD},
    {"threadid", SLOT_THREAD},
    {"system", SLOT_SYSTEM},
    {"eventdata", SLOT_DATA},
    {"renderinginfo", SLOT_RENDERING},
    {"execution", SLOT_EXECUTION},
};
enum { NAMES = sizeof names / sizeof *names };

static bool
same_name(const char *key, const char *name)
{
    for (; *key; key++) {
        if (*key == '_')
            continue;
        if (str_lower_char(*key) != *name)
            return false;
        name++;
    }
    return !*name;
}

/* The members of 'object' that mean something, the better name winning. */
static void
find_members(struct json_object *object, struct json_object *found[SLOT_COUNT])
{
    unsigned rank[SLOT_COUNT] = {0};

    if (!json_object_is_type(object, json_type_object))
        return;
    json_object_object_foreach(object, key, value) {
        for (unsigned i = 0; i < NAMES; i++) {
            enum slot slot = names[i].slot;

            if (!value || (rank[slot] && rank[slot] < i + 1) || !same_name(key, names[i].name))
                continue;
            rank[slot] = i + 1;
            found[slot] = value;
        }
    }
}

/* A string or number as clean text of the arena's; absent for anything else. */
static struct str
value_text(struct relay_reading *x, struct json_object *value)
{
    struct str s = STR_NONE;
    bool cut;

    if (json_object_is_type(value, json_type_string))
        s = str_make(json_object_get_string(value), (size_t) json_object_get_string_len(value));
    else if (json_object_is_type(value, json_type_int))
        s = str_z(json_object_get_string(value));
    if (!str_has(s))
        return STR_NONE;
    s = arena_copy(x->arena, s);
    return str_has(s) ? text_clean(x->arena, text_codepage_decoded(), s, JSON_BYTES, &cut) : s;
}

static bool
value_number(struct relay_reading *x, struct json_object *value, uint32_t *out)
{
    struct str s = value_text(x, value);

    return str_has(s) && relay_number(s, out);
}

/* --- insertion strings ------------------------------------------------------------------ */

struct strings {
    struct str *value;
    struct str *name;
    unsigned n;
    bool named;
};

static void
add_string(struct relay_reading *x, struct strings *s, const char *name, struct json_object *value)
{
    if (s->n >= EVENTLOG_STRINGS_MAX)
        return;
    s->value[s->n] = value_text(x, value); /* null stays absent */
    if (name) {
        bool cut;
        struct str copy = arena_copy(x->arena, str_z(name));

        if (str_has(copy))
            s->name[s->n] = text_clean(x->arena, text_codepage_decoded(), copy, 1024, &cut);
        s->named = true;
    }
    s->n++;
}

static void
add_strings(struct relay_reading *x, struct strings *s, struct json_object *value)
{
    if (json_object_is_type(value, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(value); i++)
            add_string(x, s, NULL, json_object_array_get_idx(value, i));
    } else if (json_object_is_type(value, json_type_object)) {
        json_object_object_foreach(value, key, member) {
            if (same_name(key, "data"))
                add_strings(x, s, member);
            else if (!same_name(key, "binary"))
                add_string(x, s, key, member);
        }
    } else if (value) {
        add_string(x, s, NULL, value);
    }
}

/* Strings called paramN stand at N: what is missing between was lost. */
static void
place_params(struct strings *s)
{
    struct str placed[EVENTLOG_STRINGS_MAX] = {{NULL, 0}};
    unsigned n = 0;

    for (unsigned i = 0; i < s->n; i++) {
        uint32_t at;

        if (!str_case_starts(s->name[i], STR("param")) || !relay_number(str_skip(s->name[i], 5), &at) || !at
            || at > EVENTLOG_STRINGS_MAX)
            return;
        placed[at - 1] = s->value[i];
        n = at > n ? at : n;
    }
    memcpy(s->value, placed, sizeof placed);
    s->n = n;
    s->named = false;
}

/* Without a message: one string a line, with its name if it has one. */
static struct str
join(struct relay_reading *x, const struct strings *s)
{
    size_t size = 1, n = 0;
    char *p;

    for (unsigned i = 0; i < s->n; i++)
        size += s->name[i].n + s->value[i].n + 3;
    p = arena_alloc(x->arena, size);
    if (!p)
        return STR_NONE;
    for (unsigned i = 0; i < s->n; i++) {
        if (i)
            p[n++] = '\n';
        if (s->named && s->name[i].n) {
            memcpy(p + n, s->name[i].p, s->name[i].n);
            n += s->name[i].n;
            p[n++] = ':';
            p[n++] = ' ';
        }
        if (s->value[i].n)
            memcpy(p + n, s->value[i].p, s->value[i].n);
        n += s->value[i].n;
    }
    return str_make(p, n);
}

static bool
read_strings(struct relay_reading *x, struct json_object *found[SLOT_COUNT])
{
    struct strings s = {.value = arena_zalloc(x->arena, EVENTLOG_STRINGS_MAX * sizeof *s.value),
                        .name = arena_zalloc(x->arena, EVENTLOG_STRINGS_MAX * sizeof *s.name)};

    if (!s.value || !s.name)
        return false;
    if (found[SLOT_STRINGS])
        add_strings(x, &s, found[SLOT_STRINGS]);
    else if (found[SLOT_DATA])
        add_strings(x, &s, found[SLOT_DATA]);
    else
        return true;
    if (s.named)
        place_params(&s);
    x->log->strings_known = true;
    x->log->strings = s.value;
    x->log->n_strings = s.n;
    if (!x->log->message.n)
        x->ev->text = str_trim(join(x, &s));
    return true;
}

/* --- facts ------------------------------------------------------------------------------- */

/* "DOMAIN\user", or the one of them that is there. */
static void
set_user(struct relay_reading *x, struct str domain, struct str user)
{
    char *p;

    relay_set(&x->log->user, user);
    if (!domain.n || !str_has(x->log->user) || !(p = arena_alloc(x->arena, domain.n + 1 + user.n)))
        return;
    memcpy(p, domain.p, domain.n);
    p[domain.n] = '\\';
    memcpy(p + domain.n + 1, user.p, user.n);
    x->log->user = str_make(p, domain.n + 1 + user.n);
}

static void
set_type(struct relay_reading *x, struct json_object *type)
{
    uint32_t level;

    if (json_object_is_type(type, json_type_int)) {
        if (value_number(x, type, &level) && level >= 1)
            x->log->level = level > 4 ? 4 : level;
        return;
    }
    relay_set_level(x, value_text(x, type));
}

static void
set_facts(struct relay_reading *x, struct json_object *found[SLOT_COUNT])
{
    struct str time = value_text(x, found[SLOT_TIME]), s;
    uint32_t id = 0, qualifiers = 0, v;

    value_number(x, found[SLOT_ID], &id);
    if (id <= UINT16_MAX && value_number(x, found[SLOT_QUALIFIERS], &qualifiers) && qualifiers <= UINT16_MAX)
        id |= qualifiers << 16;
    relay_set_number(x, id);
    if (str_has(time))
        relay_when(time, &x->ev->when);
    relay_set_host(x, value_text(x, found[SLOT_HOST]));
    relay_set(&x->ev->f.provider, value_text(x, found[SLOT_PROVIDER]));
    s = value_text(x, found[SLOT_CHANNEL]);
    if (s.n && s.n < 256 && !memchr(s.p, '/', s.n - (s.n > 1)) && s.p[0] != '\\' && (s.n < 2 || s.p[1] != ':'))
        relay_set(&x->ev->f.channel, s); /* not a file's name */
    if (json_object_is_type(found[SLOT_CATEGORY], json_type_string))
        relay_set(&x->log->category, value_text(x, found[SLOT_CATEGORY]));
    s = value_text(x, found[SLOT_RECORD]);
    if (s.n && s.n <= 20 && str_is_digit(s.p[0]))
        relay_set(&x->ev->f.record_number, s);
    if (value_number(x, found[SLOT_THREAD], &v) && v)
        relay_set(&x->ev->f.thread, value_text(x, found[SLOT_THREAD]));
    set_user(x, value_text(x, found[SLOT_DOMAIN]), value_text(x, found[SLOT_USER]));
    set_type(x, found[SLOT_TYPE]);
    relay_set(&x->log->message, value_text(x, found[SLOT_MESSAGE]));
}

/* OpenWEC keeps Windows' own shape: what is inside comes to the top. */
static void
unfold(struct json_object *found[SLOT_COUNT])
{
    struct json_object *inner[SLOT_COUNT] = {NULL}, *name = NULL;

    find_members(found[SLOT_SYSTEM], found);
    find_members(found[SLOT_EXECUTION], found);
    find_members(found[SLOT_RENDERING], inner);
    if (inner[SLOT_MESSAGE])
        found[SLOT_MESSAGE] = inner[SLOT_MESSAGE];
    if (inner[SLOT_CATEGORY])
        found[SLOT_CATEGORY] = inner[SLOT_CATEGORY];
    if (json_object_is_type(found[SLOT_PROVIDER], json_type_object)
        && json_object_object_get_ex(found[SLOT_PROVIDER], "Name", &name))
        found[SLOT_PROVIDER] = name;
}

bool
relay_json_parse(struct relay_reading *x, enum perr *err)
{
    size_t at = relay_json_find(x->body, x->head.known);
    struct json_object *found[SLOT_COUNT] = {NULL}, *object;
    uint32_t id;
    bool ours;

    if (at == x->body.n)
        return false;
    object = read_object(str_skip(x->body, at), err);
    if (!object)
        return *err == PERR_NOMEM || *err == PERR_LIMIT;
    find_members(object, found);
    unfold(found);
    ours = value_number(x, found[SLOT_ID], &id)
           && (found[SLOT_PROVIDER] || found[SLOT_CHANNEL] || found[SLOT_MESSAGE] || found[SLOT_STRINGS]);
    if (ours) {
        set_facts(x, found);
        if (!read_strings(x, found))
            *err = PERR_NOMEM;
    }
    json_object_put(object);
    return ours;
}
