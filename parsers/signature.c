/* SPDX-License-Identifier: BSD-2-Clause
 *
 * signature.c - the pattern side of a signature: PCRE2 with JIT, under limits,
 * so that no text and no pattern can hold a thread for long.  Called by
 * catalogue_load.c (compile) and diagnose.c (match); decides no verdict. */
#include "build.h"

#include "parsers/signature.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/arena.h"

enum {
    GROUPS_MAX = 40,
    /* PCRE2 counts the steps of one place where a match may begin; a long text has
     * many.  All of them together get about so many steps, one of them at most
     * MATCH_LIMIT and at least MATCH_LEAST. */
    MATCH_STEPS = 2000000,
    MATCH_LIMIT = 200000,
    MATCH_LEAST = 500,
    DEPTH_LIMIT = 1000,
    HEAP_LIMIT = 2048, /* KiB */
    STACK_MIN = 32 * 1024,
    STACK_MAX = 512 * 1024,
    SOURCE_MAX = 8192
};

static const char *const field_names[SIGNATURE_FIELD_COUNT] = {
#define FIELD(e, n) [SIGNATURE_##e] = n,
    SIGNATURE_FIELDS(FIELD)
#undef FIELD
};

const char *
signature_field_name(enum signature_field f)
{
    return field_names[f];
}

bool
signature_field_find(struct str name, enum signature_field *f)
{
    for (int i = 0; i < SIGNATURE_FIELD_COUNT; i++)
        if (str_eq(name, str_z(field_names[i]))) {
            *f = (enum signature_field) i;
            return true;
        }
    return false;
}

static bool
is_gap(char c)
{
    return c == '~' || str_is_space(c);
}

/* '*' matches any run, a blank any gap (names in texts are wrapped, too); the
 * usual one-backtrack loop, linear in practice. */
static bool
glob_match(struct str glob, struct str s)
{
    size_t g = 0, i = 0, star = SIZE_MAX, mark = 0;

    while (i < s.n) {
        if (g < glob.n && glob.p[g] == '*') {
            star = g++;
            mark = i;
        } else if (g < glob.n && glob.p[g] == ' ' && is_gap(s.p[i])) {
            g++;
            while (i < s.n && is_gap(s.p[i]))
                i++;
        } else if (g < glob.n && str_lower_char(glob.p[g]) == str_lower_char(s.p[i])) {
            g++;
            i++;
        } else if (star != SIZE_MAX) {
            g = star + 1;
            i = ++mark;
        } else {
            return false;
        }
    }
    while (g < glob.n && glob.p[g] == '*')
        g++;
    return g == glob.n;
}

bool
signature_globs_match(const struct signature_globs *list, struct str name)
{
    for (unsigned i = 0; i < list->n; i++)
        if (glob_match(list->glob[i], name))
            return true;
    return false;
}

/* Writes the PCRE2 source of 'pattern' to 'out': a blank outside of a class
 * becomes a run of gaps.  The length, or 0 when it does not fit. */
static size_t
expand(struct str pattern, char *out, size_t cap)
{
    static const char gap[] = "(?:[\\s~]+)";
    bool class = false;
    size_t n = 0;

    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];

        if (n + sizeof gap + 2 > cap)
            return 0;
        if (c == '\\' && i + 1 < pattern.n) {
            out[n++] = c;
            out[n++] = pattern.p[++i];
            continue;
        }
        if (!class && str_is_space(c)) {
            while (i + 1 < pattern.n && str_is_space(pattern.p[i + 1]))
                i++;
            memcpy(out + n, gap, sizeof gap - 1);
            n += sizeof gap - 1;
            continue;
        }
        if (c == '[' && !class) {
            class = true;
            out[n++] = c;
            if (i + 1 < pattern.n && pattern.p[i + 1] == '^')
                out[n++] = pattern.p[++i];
            if (i + 1 < pattern.n && pattern.p[i + 1] == ']')
                out[n++] = pattern.p[++i];
            continue;
        }
        if (c == ']')
            class = false;
        out[n++] = c;
    }
    return n;
}

/* Ties the named groups of the compiled pattern to fields. */
static bool
bind_groups(struct signature *s, struct arena *a, char *why, size_t n)
{
    uint32_t count = 0, width = 0;
    PCRE2_SPTR table = NULL;
    struct signature_group *group;

    pcre2_pattern_info(s->code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(s->code, PCRE2_INFO_NAMEENTRYSIZE, &width);
    pcre2_pattern_info(s->code, PCRE2_INFO_NAMETABLE, &table);
    group = arena_zalloc(a, (count + 1) * sizeof *group);
    if (!group) {
        snprintf(why, n, "memory has ended");
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const unsigned char *entry = table + i * width;
        struct str name = str_z((const char *) entry + 2);

        group[i].number = (uint16_t) (entry[0] << 8 | entry[1]);
        if (!signature_field_find(name, &group[i].field)) {
            snprintf(why, n, "the group '%.40s' is no field; take file, target, package or another name of the manual",
                     name.p);
            return false;
        }
    }
    s->group = group;
    s->n_groups = count;
    return true;
}

/* Where matches can begin, for the limit. */
static bool
note_starts(struct signature *s, struct arena *a, char *why, size_t n)
{
    uint32_t type = 0, first = 0;
    const uint8_t *map = NULL;
    uint8_t *starts = NULL;

    pcre2_pattern_info(s->code, PCRE2_INFO_FIRSTCODETYPE, &type);
    pcre2_pattern_info(s->code, PCRE2_INFO_FIRSTCODEUNIT, &first);
    pcre2_pattern_info(s->code, PCRE2_INFO_FIRSTBITMAP, &map);
    s->one_start = type == 2;
    if (type != 1 && !map)
        return true;
    if (!(starts = arena_zalloc(a, 256 / 8))) {
        snprintf(why, n, "memory has ended");
        return false;
    }
    if (type == 1) {
        unsigned lower = (unsigned char) str_lower_char((char) first);
        unsigned upper = (unsigned char) str_upper_char((char) first);

        starts[lower >> 3] |= (uint8_t) (1u << (lower & 7));
        starts[upper >> 3] |= (uint8_t) (1u << (upper & 7));
    } else {
        memcpy(starts, map, 256 / 8);
    }
    s->starts = starts;
    return true;
}

bool
signature_compile(struct signature *s, struct arena *a, struct str pattern, char *why, size_t n)
{
    char source[SOURCE_MAX];
    size_t length = expand(str_trim(pattern), source, sizeof source);
    PCRE2_UCHAR text[160];
    uint32_t groups = 0;
    PCRE2_SIZE at = 0;
    int error = 0;

    if (!length) {
        snprintf(why, n, "the pattern is empty or too long");
        return false;
    }
    s->code = pcre2_compile((PCRE2_SPTR) source, length,
                            PCRE2_CASELESS | PCRE2_DOTALL | PCRE2_DUPNAMES | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C,
                            &error, &at, NULL);
    if (!s->code) {
        pcre2_get_error_message(error, text, sizeof text);
        snprintf(why, n, "the pattern does not compile: %s, near \"%.*s\"", (const char *) text,
                 (int) (length - at < 20 ? length - at : 20), source + at);
        return false;
    }
    pcre2_pattern_info(s->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    if (groups >= GROUPS_MAX) {
        snprintf(why, n, "the pattern has %u groups, more than %d", (unsigned) groups, GROUPS_MAX - 1);
        return false;
    }
    /* Where JIT cannot have executable memory the interpreter does the work. */
    pcre2_jit_compile(s->code, PCRE2_JIT_COMPLETE);
    return note_starts(s, a, why, n) && bind_groups(s, a, why, n);
}

void
signature_release(struct signature *s)
{
    pcre2_code_free(s->code);
    s->code = NULL;
}

bool
signature_scratch_init(struct signature_scratch *x)
{
    *x = (struct signature_scratch){0};
    x->match = pcre2_match_data_create(GROUPS_MAX, NULL);
    x->context = pcre2_match_context_create(NULL);
    x->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
    if (!x->match || !x->context) {
        signature_scratch_fini(x);
        return false;
    }
    pcre2_set_match_limit(x->context, x->limit = MATCH_LIMIT);
    pcre2_set_depth_limit(x->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(x->context, HEAP_LIMIT);
    if (x->stack)
        pcre2_jit_stack_assign(x->context, NULL, x->stack);
    return true;
}

void
signature_scratch_fini(struct signature_scratch *x)
{
    pcre2_match_data_free(x->match);
    pcre2_match_context_free(x->context);
    pcre2_jit_stack_free(x->stack);
    *x = (struct signature_scratch){.limited = x->limited};
}

/* Steps that one beginning of a match in 'text' may take.  Only long texts need
 * a look at how many there are. */
static void
set_limit(const struct signature *s, struct signature_scratch *x, struct str text)
{
    size_t starts = text.n;
    uint32_t limit = MATCH_LIMIT;

    if (s->one_start || starts <= MATCH_STEPS / MATCH_LIMIT)
        starts = 1;
    if (s->starts && starts > 1) {
        starts = 1;
        for (size_t i = 0; i < text.n; i++) {
            unsigned char c = (unsigned char) text.p[i];

            starts += s->starts[c >> 3] >> (c & 7) & 1;
        }
    }
    if (starts > MATCH_STEPS / MATCH_LIMIT)
        limit = starts < MATCH_STEPS / MATCH_LEAST ? (uint32_t) (MATCH_STEPS / starts) : MATCH_LEAST;
    if (limit != x->limit)
        pcre2_set_match_limit(x->context, x->limit = limit);
}

bool
signature_match(const struct signature *s, struct signature_scratch *x, struct str text,
                struct str value[SIGNATURE_FIELD_COUNT])
{
    const PCRE2_SIZE *at;
    int rc;

    for (int i = 0; i < SIGNATURE_FIELD_COUNT; i++)
        value[i] = STR_NONE;
    if (!s->code)
        return true;
    if (s->word.n && str_find_case(text, s->word) == text.n)
        return false;
    set_limit(s, x, text);
    rc = pcre2_match(s->code, (PCRE2_SPTR) (text.p ? text.p : ""), text.n, 0, 0, x->match, x->context);
    if (rc < 0) {
        x->limited += rc != PCRE2_ERROR_NOMATCH;
        return false;
    }
    at = pcre2_get_ovector_pointer(x->match);
    for (unsigned i = 0; i < s->n_groups; i++) {
        const struct signature_group *g = &s->group[i];

        if (g->number < (unsigned) rc && at[2 * g->number] != PCRE2_UNSET && !str_has(value[g->field]))
            value[g->field] = str_make(text.p + at[2 * g->number], at[2 * g->number + 1] - at[2 * g->number]);
    }
    return true;
}
