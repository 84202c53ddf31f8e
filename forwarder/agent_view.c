/* SPDX-License-Identifier: BSD-2-Clause
 *
 * agent_view.c - answers of the daemon as rows of the MIB's tables.  Called by
 * agent_fetch.c, which fills views, and agent_snmp.c, which looks things up. */
#include "build.h"

#include "forwarder/agent_view.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/target_snmp_pdu.h"
#include "parsers/arena.h"
#include "parsers/item_xml.h"

enum { VIEW_ARENA = 256 << 20, VIEW_ITEM_ARENA = 16 << 20, VIEW_ROWS = 100000 };

struct row {
    uint32_t index;
    struct cell {
        uint64_t number;
        struct str text;
    } *cells;
};

struct agent_view {
    struct arena *arena;
    struct rows {
        struct row *row;
        unsigned n, cap;
    } group[MIB_GROUPS];
    struct row program;
};

struct agent_view *
agent_view_new(void)
{
    struct agent_view *v = calloc(1, sizeof *v);

    if (!v)
        return NULL;
    v->arena = arena_new(VIEW_ARENA);
    v->program.cells = v->arena ? arena_zalloc(v->arena, mib_groups[MIB_GROUP_PROGRAM].n * sizeof(struct cell)) : NULL;
    if (!v->program.cells) {
        agent_view_free(v);
        return NULL;
    }
    v->group[MIB_GROUP_PROGRAM] = (struct rows){&v->program, 1, 0};
    return v;
}

void
agent_view_free(struct agent_view *v)
{
    if (!v)
        return;
    for (int i = MIB_GROUP_PROGRAM + 1; i < MIB_GROUPS; i++)
        free(v->group[i].row);
    arena_free(v->arena);
    free(v);
}

/* A new row at the end, its cells 0 and absent; NULL when memory ends. */
static struct row *
add_row(struct agent_view *v, enum mib_group_id id, uint32_t index)
{
    struct rows *g = &v->group[id];
    struct cell *cells = arena_zalloc(v->arena, mib_groups[id].n * sizeof *cells);

    if (!cells)
        return NULL;
    if (g->n == g->cap) {
        unsigned cap = g->cap ? g->cap * 2 : 64;
        struct row *grown = cap <= VIEW_ROWS ? realloc(g->row, cap * sizeof *grown) : NULL;

        if (!grown)
            return NULL;
        g->row = grown;
        g->cap = cap;
    }
    g->row[g->n] = (struct row){index, cells};
    return &g->row[g->n++];
}

/* --- status --------------------------------------------------------------------- */

/* The hash of the name, folded to 31 bits. */
uint32_t
agent_view_index(struct str name)
{
    uint64_t h = str_hash(name);

    h = (h ^ h >> 31) & INT32_MAX;
    return h ? (uint32_t) h : 1;
}

/* The member that a dotted name stands for; NULL for none and for null. */
static struct json_object *
member(struct json_object *o, const char *name)
{
    char part[64];
    size_t n;

    for (; o && *name; name += n + (name[n] == '.')) {
        n = strcspn(name, ".");
        if (n >= sizeof part || !json_object_is_type(o, json_type_object))
            return NULL;
        memcpy(part, name, n);
        part[n] = '\0';
        if (!json_object_object_get_ex(o, part, &o))
            return NULL;
    }
    return o;
}

/* What SNMP allows of a text: the daemon has made it one line of UTF-8. */
static struct str
text_of(struct agent_view *v, struct json_object *o, size_t bound)
{
    struct str s;

    if (!json_object_is_type(o, json_type_string))
        return STR_NONE;
    s = str_make(json_object_get_string(o), (size_t) json_object_get_string_len(o));
    if (s.n > bound) {
        s.n = bound;
        while (s.n && ((unsigned char) s.p[s.n] & 0xc0) == 0x80)
            s.n--;
    }
    return arena_copy(v->arena, s);
}

static void
set_cell(struct agent_view *v, struct cell *cell, const struct mib_column *c, struct json_object *o)
{
    switch (c->syntax) {
    case MIB_TEXT:
    case MIB_KEY:
    case MIB_ID:
    case MIB_TIME:
        cell->text = text_of(v, o, c->syntax == MIB_TIME ? 40 : MIB_TEXT_MAX);
        return;
    case MIB_ENUM:
        cell->number = json_object_is_type(o, json_type_string)
                           ? (uint64_t) mib_number(c->enumeration, json_object_get_string(o))
                           : 0;
        return;
    case MIB_TRUTH:
        cell->number = json_object_get_boolean(o) ? 1 : 2;
        return;
    case MIB_INTEGER:
    case MIB_UNSIGNED:
    case MIB_COUNTER:
    case MIB_GAUGE:
    case MIB_COUNTER64:
        cell->number = json_object_get_uint64(o);
        if (c->divide) /* what is not nothing must not look like it */
            cell->number = cell->number / c->divide + (cell->number % c->divide != 0);
        return;
    }
}

static void
fill(struct agent_view *v, enum mib_group_id id, struct cell *cells, struct json_object *o)
{
    const struct mib_group *g = &mib_groups[id];

    for (unsigned i = 0; i < g->n; i++)
        if (strcmp(g->columns[i].from, MIB_FROM_AGENT) != 0)
            set_cell(v, &cells[i], &g->columns[i], member(o, g->columns[i].from));
}

/* Two names of one index: the one that sorts last gets the next free one. */
static uint32_t
free_index(const struct rows *g, uint32_t index)
{
    for (unsigned i = 0; i < g->n; i++)
        if (g->row[i].index == index) {
            index = index == INT32_MAX ? 1 : index + 1;
            i = UINT32_MAX; /* from the first again */
        }
    return index;
}

static int
by_name(const void *a, const void *b)
{
    struct json_object *x = member(*(struct json_object *const *) a, "name"),
                       *y = member(*(struct json_object *const *) b, "name");

    return strcmp(x ? json_object_get_string(x) : "", y ? json_object_get_string(y) : "");
}

static int
add_table(struct agent_view *v, enum mib_group_id id, struct json_object *status)
{
    struct json_object *list = member(status, mib_groups[id].from);

    if (!list || !json_object_is_type(list, json_type_array))
        return -EPROTO;
    json_object_array_sort(list, by_name);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *o = json_object_array_get_idx(list, i), *name = member(o, "name");
        struct row *row;

        if (!name || !json_object_is_type(name, json_type_string))
            return -EPROTO;
        row = add_row(v, id, free_index(&v->group[id], agent_view_index(str_z(json_object_get_string(name)))));
        if (!row)
            return -ENOMEM;
        fill(v, id, row->cells, o);
    }
    return 0;
}

int
agent_view_status(struct agent_view *v, struct str json)
{
    struct json_tokener *reader = json_tokener_new();
    struct json_object *status = NULL;
    int r = -ENOMEM;

    if (!reader)
        return r;
    if (json.n < INT32_MAX)
        status = json_tokener_parse_ex(reader, json.n ? json.p : "", (int) json.n);
    if (!json_object_is_type(status, json_type_object)) {
        r = -EPROTO;
    } else {
        fill(v, MIB_GROUP_PROGRAM, v->program.cells, status);
        r = add_table(v, MIB_GROUP_SOURCE, status);
        if (!r)
            r = add_table(v, MIB_GROUP_TARGET, status);
    }
    json_object_put(status);
    json_tokener_free(reader);
    return r;
}

/* --- alarms --------------------------------------------------------------------- */

/* The values that a notification of it has. */
static int
add_alarm(struct agent_view *v, uint64_t number, const struct item *item, struct snmp_message *m)
{
    const struct mib_group *g = &mib_groups[MIB_GROUP_ACTIVE];
    const struct target_item it = {.item = item};
    const struct mib_oid nowhere = {0};
    struct row *row;

    if (item->kind != ITEM_ALARM || snmp_message_item(m, &nowhere, &it) < 0)
        return -EPROTO;
    if (!(row = add_row(v, MIB_GROUP_ACTIVE, (uint32_t) ((number - 1) % UINT32_MAX + 1))))
        return -ENOMEM;
    for (unsigned i = 0; i < g->n; i++) {
        const struct mib_column *c = &g->columns[i];
        const struct snmp_value *value = c->object == MIB_OBJECTS ? NULL : &m->value[c->object];

        if (!value)
            row->cells[i].text = arena_copy(v->arena, item->alarm->f.address);
        else if (mib_is_text(mib_objects[c->object].syntax))
            row->cells[i].text = arena_copy(v->arena, str_make(value->text, value->n));
        else
            row->cells[i].number = (uint64_t) value->number;
    }
    return 0;
}

/* "NUMBER ITEM". */
static int
take_line(struct agent_view *v, struct str line, struct arena *arena, struct snmp_message *m, uint64_t *last)
{
    uint64_t number = 0;
    struct item item;
    size_t i = 0;

    for (; i < line.n && i < 19 && str_is_digit(line.p[i]); i++)
        number = number * 10 + (uint64_t) (line.p[i] - '0');
    if (number <= *last || i == line.n || line.p[i] != ' ')
        return -EPROTO;
    if (v->group[MIB_GROUP_ACTIVE].n >= AGENT_ALARMS)
        return -E2BIG;
    arena_reset(arena);
    if (item_xml_read(arena, str_make(line.p + i + 1, line.n - i - 1), &item) != PERR_OK)
        return -EPROTO;
    *last = number;
    return add_alarm(v, number, &item, m);
}

int
agent_view_alarms(struct agent_view *v, struct str page, uint64_t *last, bool *more)
{
    struct arena *arena = arena_new(VIEW_ITEM_ARENA);
    struct snmp_message *m = malloc(sizeof *m);
    uint64_t before = *last;
    int r = arena && m ? -EPROTO : -ENOMEM;

    while (r != -ENOMEM && page.n) {
        size_t n = str_find_char(page, '\n');
        struct str line = str_make(page.p, n);

        if (n == page.n)
            break; /* not whole */
        page = str_make(page.p + n + 1, page.n - n - 1);
        if (str_eq(line, STR("end")) || str_eq(line, STR("more"))) {
            *more = line.n == 4;
            r = page.n || (*more && *last == before) ? -EPROTO : 0;
            break;
        }
        if ((r = take_line(v, line, arena, m, last)) < 0)
            break;
        r = -EPROTO; /* until its end is seen */
    }
    free(m);
    arena_free(arena);
    return r;
}

static int
by_index(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    return x->index < y->index ? -1 : x->index > y->index;
}

void
agent_view_seal(struct agent_view *v)
{
    for (int i = MIB_GROUP_PROGRAM + 1; i < MIB_GROUPS; i++)
        if (v->group[i].n > 1)
            qsort(v->group[i].row, v->group[i].n, sizeof *v->group[i].row, by_index);
}

/* --- look-ups ------------------------------------------------------------------- */

unsigned
agent_view_suffix(const struct agent_view *v, const struct agent_place *at, uint64_t out[AGENT_SUFFIX])
{
    const struct mib_group *g = &mib_groups[at->group];
    unsigned n = 0;

    out[n++] = g->arc;
    if (g->row)
        out[n++] = 1;
    out[n++] = g->columns[at->column].arc;
    out[n++] = g->row ? v->group[at->group].row[at->row].index : 0;
    return n;
}

static int
compare(const uint64_t *a, unsigned na, const uint64_t *b, unsigned nb)
{
    for (unsigned i = 0; i < na && i < nb; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return na < nb ? -1 : na > nb;
}

bool
agent_view_next(const struct agent_view *v, const uint64_t *suffix, unsigned n, bool or_same, struct agent_place *out)
{
    uint64_t own[AGENT_SUFFIX];

    for (unsigned g = 0; g < MIB_GROUPS; g++)
        for (unsigned c = 0; c < mib_groups[g].n; c++) {
            struct agent_place at = {(enum mib_group_id) g, c, 0};
            unsigned low = 0, high = v->group[g].n;

            /* The first row of this column that is far enough. */
            while (low < high) {
                int d;

                at.row = low + (high - low) / 2;
                d = compare(own, agent_view_suffix(v, &at, own), suffix, n);
                if (d > 0 || (d == 0 && or_same))
                    high = at.row;
                else
                    low = at.row + 1;
            }
            at.row = low;
            *out = at;
            if (low < v->group[g].n)
                return true;
        }
    return false;
}

bool
agent_view_find(const struct agent_view *v, const uint64_t *suffix, unsigned n, struct agent_place *out)
{
    uint64_t own[AGENT_SUFFIX];

    return agent_view_next(v, suffix, n, true, out)
           && compare(own, agent_view_suffix(v, out, own), suffix, n) == 0;
}

/* The value within what its syntax can hold. */
static uint64_t
bounded(enum mib_syntax syntax, uint64_t number)
{
    switch (syntax) {
    case MIB_ENUM:
    case MIB_TRUTH:
        return number ? number : 1;
    case MIB_UNSIGNED:
    case MIB_GAUGE:
        return number > UINT32_MAX ? UINT32_MAX : number;
    case MIB_COUNTER:
        return (uint32_t) number;
    case MIB_TEXT:
    case MIB_KEY:
    case MIB_ID:
    case MIB_TIME:
    case MIB_INTEGER:
    case MIB_COUNTER64:
        break;
    }
    return number;
}

struct agent_value
agent_view_value(const struct agent_view *v, const struct agent_own *own, const struct agent_place *at)
{
    const struct mib_column *c = &mib_groups[at->group].columns[at->column];
    const struct cell *cell = &v->group[at->group].row[at->row].cells[at->column];
    struct mib_object shape = mib_column_shape(c);
    struct agent_value value = {shape.syntax, cell->number, cell->text};

    if (strcmp(c->name, MIB_ENGINE_STATE) == 0 && own->engine)
        value.number = (uint64_t) mib_number(MIB_ENUM_ENGINE, own->engine);
    else if (strcmp(c->name, MIB_DATA_AGE) == 0)
        value.number = own->age;
    else if (strcmp(c->name, MIB_RESEND) == 0)
        value.number = (uint64_t) mib_number(MIB_ENUM_RESEND, own->resend);
    value.number = bounded(value.syntax, value.number);
    if (!value.text.p)
        value.text = STR("");
    return value;
}
