/* SPDX-License-Identifier: BSD-2-Clause
 *
 * catalogue_set.h - what a catalogue is made of; for catalogue.c, its parts
 * (catalogue_*.c), diagnose.c and tools/faults_page.c only.  Nothing in a set
 * changes once catalogue_new() has returned it. */
#ifndef PARSERS_CATALOGUE_SET_H
#define PARSERS_CATALOGUE_SET_H

#include <stdatomic.h>

#include "parsers/catalogue.h"
#include "parsers/literals.h"
#include "parsers/signature.h"

/* What a class says, besides what its users see. */
struct catalogue_class {
    struct catalogue_advice advice;
    enum severity unverified; /* severity where there is only the claim */
    struct catalogue_rule rule;
    struct catalogue_entry entry;
};

/* One record of a sequence: the signatures it may have, the codes it may show. */
struct sequence_side {
    struct str signatures; /* ids, as written */
    unsigned n_codes;      /* 0: any, or none */
    const uint32_t *code;
};

struct catalogue_follows {
    struct catalogue_sequence said;
    unsigned document;
    struct sequence_side first, then;
    struct str action;
    const char *file;
    int line;
};

/* A required literal is wanted by these signatures. */
struct catalogue_wanted {
    unsigned n;
    uint16_t *signature;
};

/* Event numbers that are found by one look. */
enum { CATALOGUE_NUMBERS = 65536 };

struct catalogue {
    atomic_uint references;
    struct arena *arena;
    struct catalogue_class classes[CLASS_COUNT];
    bool class_known[CLASS_COUNT];
    struct catalogue_code *code; /* sorted by number */
    size_t n_codes, cap_codes;
    struct catalogue_hresult *hresult; /* sorted by number */
    size_t n_hresults, cap_hresults;
    struct catalogue_follows sequence[CATALOGUE_SEQUENCES_MAX];
    unsigned n_sequences;
    struct catalogue_entry *article; /* sorted by name */
    size_t n_articles, cap_articles;
    struct signature **by_id; /* sorted by id */
    struct signature_globs *group; /* providers by name */
    size_t n_groups, cap_groups;
    const struct signature_globs *own; /* the group "sms" */
    struct signature **signature; /* in the order they are asked */
    size_t n_signatures, cap_signatures;
    struct literals *literals;
    /* literals below these numbers are triggers of C's own grammar */
    unsigned frame_end, status_end, code_end;
    struct catalogue_wanted *wanted; /* by literal */
    uint16_t *by_event; /* indexes of signatures with an event number */
    size_t n_by_event;
    uint8_t numbered[CATALOGUE_NUMBERS / 8]; /* a bit for each number that one of them has */
    uint16_t *by_code; /* indexes of those that need a code and no literal */
    size_t n_by_code;
};

/* Logs say the same over and over: texts that were idle, by a hash of theirs. */
enum { CATALOGUE_SAID = 64, CATALOGUE_SAID_MAX = 119 };
struct catalogue_said {
    uint8_t size; /* 0: none */
    char text[CATALOGUE_SAID_MAX];
};

struct catalogue_scratch {
    struct signature_scratch signature;
    struct catalogue_said said[CATALOGUE_SAID];
    uint32_t generation;
    size_t n_literals, n_signatures;
    uint32_t *literal_seen;   /* [literal] generation */
    uint32_t *signature_seen; /* [signature] generation that 'hits' counts in */
    uint16_t *hits;           /* [signature] required literals found */
    uint16_t *candidate;      /* indexes of signatures whose literals are there */
    uint32_t *limited;        /* [signature] how often its pattern was given up */
    size_t n_candidates;
    bool frame, status, code; /* triggers found */
};

/* Ties sequences and clears to the signatures that they name, once all
 * documents are in; false with 'err' filled where one is not there. */
bool catalogue_rules_finish(struct catalogue *, struct catalogue_error *err);
/* By id, in a set that is complete; NULL where there is none. */
struct signature *catalogue_find_signature(const struct catalogue *, struct str id);
const struct catalogue_follows *catalogue_find_sequence(const struct catalogue *, struct str id);
/* Of the article of that name, 1 << class for each class that it is about. */
uint32_t catalogue_article_classes(const struct catalogue *, struct str name);
/* What 's' makes of 'ev' in sequences and clears. */
void catalogue_rules_mark(const struct catalogue *, const struct signature *s, struct event *ev);

/* The value that an example expects under 'name', from a diagnosed event: ""
 * where it is absent.  False when there is no such name.  'room' is for
 * numbers. */
bool catalogue_value(const struct event *, struct str name, char room[24], struct str *value);

#endif
