/* SPDX-License-Identifier: BSD-2-Clause
 *
 * signature.h - one rule of the catalogue: when it applies and what it says.
 * catalogue_load.c makes them, diagnose.c asks and applies them; everybody
 * else sees a signature by its id only.  Strings live as long as the
 * catalogue. */
#ifndef PARSERS_SIGNATURE_H
#define PARSERS_SIGNATURE_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "parsers/event.h"

/* FIELD(ENUMERATOR, name of the group or insert) */
#define SIGNATURE_FIELDS(FIELD) \
    FIELD(FILE, "file") \
    FIELD(TARGET, "target") \
    FIELD(PACKAGE, "package") \
    FIELD(SERVER, "server") \
    FIELD(SHARE, "share") \
    FIELD(PATH, "path") \
    FIELD(INSTRUCTION, "instruction") \
    FIELD(JOB, "job") \
    FIELD(UNTIL, "until") \
    FIELD(AVAILABLE, "available") \
    FIELD(REQUIRED, "required") \
    FIELD(SITE, "site") \
    FIELD(HOST, "host") \
    FIELD(COMPONENT, "component") \
    FIELD(THREAD, "thread") \
    FIELD(WORKER, "worker") \
    FIELD(CODE, "code") \
    FIELD(OTHER, "other")

enum signature_field {
#define FIELD(e, n) SIGNATURE_##e,
    SIGNATURE_FIELDS(FIELD)
#undef FIELD
        SIGNATURE_FIELD_COUNT
};

/* How the class of the cause is found. */
enum signature_how {
    SIGNATURE_FIXED,     /* the signature names it */
    SIGNATURE_BY_CODE,   /* by the code that the record shows */
    SIGNATURE_BY_FIGURES /* by the figures of the claim, then by the code */
};

/* Event numbers from 'first' to 'last'. */
struct signature_range {
    uint16_t first, last;
};

struct signature_group {
    uint16_t number;
    enum signature_field field;
};

/* What an example says must come out, or must not match. */
struct signature_expect {
    struct str name, value;
};

struct signature_example {
    const struct signature_example *next;
    int line;
    bool near_miss;
    struct str text;
    struct str component, provider; /* given with the text */
    bool number_known;
    uint16_t number;
    unsigned n_inserts;
    const struct str *insert;
    unsigned n_expect;
    const struct signature_expect *expect;
};

/* A list of glob patterns ('*' only, case folded). */
struct signature_globs {
    struct str name;
    unsigned n;
    const struct str *glob;
};

struct signature {
    struct str id;
    const char *file;
    int line;
    int rank;
    unsigned document, order;
    /* when it applies */
    unsigned n_literals;
    unsigned n_needed; /* how many of them must be there: all, or one */
    const uint16_t *literal;
    unsigned n_events;
    const struct signature_range *event; /* any of them */
    const struct signature_globs *provider;
    struct signature_globs component;
    bool any_code; /* the record shows a code; no literal is needed */
    unsigned n_when_code;
    const uint32_t *when_code; /* any of them */
    bool needs_pattern; /* the event number alone is not enough */
    struct str pattern; /* as it is written */
    pcre2_code *code;   /* NULL: no pattern */
    struct str word;    /* that a text must hold for the pattern to fit, beyond the literals; absent: none known */
    const uint8_t *starts; /* bits of the bytes that a match can begin with; NULL any */
    bool one_start;        /* only at the beginning of a text */
    unsigned n_groups;
    const struct signature_group *group;
    unsigned n_inserts;
    const enum signature_field *insert;
    /* what it says */
    enum event_fact fact;
    bool claims;
    enum event_class claim;
    enum signature_how how;
    enum event_class cls;
    enum event_class blank; /* SIGNATURE_BY_FIGURES: what blank figures mean */
    bool severity_known;
    enum severity severity;
    enum basis basis;
    enum confidence confidence;
    bool private_code;   /* numbers in it are not Win32 codes */
    bool required_bytes; /* the claim gives "required" in bytes */
    unsigned n_articles;
    struct str article[EVENT_SEE_MAX];
    uint32_t article_for[EVENT_SEE_MAX]; /* the classes it is about, 1 << each */
    struct str writer; /* the component that writes it, where the record names none */
    struct str action; /* "" or absent: that of the class */
    struct str clears; /* ids whose alarms it ends, as written */
    bool mute;         /* raises nothing */
    int64_t soon;      /* nor where 'until' is at most so long after the record, in ns; 0 not looked at */
    uint64_t begins, continues; /* sequences, by number */
    const struct signature_example *example;
};

const char *signature_field_name(enum signature_field);
bool signature_field_find(struct str name, enum signature_field *);

/* True when 'name' fits one of the globs. */
bool signature_globs_match(const struct signature_globs *, struct str name);

/* Compiles 'pattern' (a blank stands for any run of white space, line ends and
 * '~'; case is folded; '.' matches line ends) and its groups into 's'.
 * Borrows memory from the arena; on false 'why' says what is wrong. */
struct arena;
bool signature_compile(struct signature *s, struct arena *, struct str pattern, char *why, size_t n);
void signature_release(struct signature *);

/* The last word that stands in every text that 'pattern' fits, and in none of
 * the 'n' literals: a part of 'pattern', in any case; absent where none is sure. */
struct str signature_word(struct str pattern, const struct str *literal, unsigned n);

/* What one thread needs to match.  */
struct signature_scratch {
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    uint32_t limit;   /* that is set now */
    uint64_t limited; /* patterns given up at a limit */
};
bool signature_scratch_init(struct signature_scratch *);
void signature_scratch_fini(struct signature_scratch *);

/* True when the pattern is in 'text'; without a pattern always true.  'value'
 * then has what each field's group took, p NULL where it took no part. */
bool signature_match(const struct signature *, struct signature_scratch *, struct str text,
                     struct str value[SIGNATURE_FIELD_COUNT]);

#endif
