/* SPDX-License-Identifier: BSD-2-Clause
 *
 * catalogue.h - the data that says which text means what: signatures, event
 * texts, codes, advice.  One immutable, reference-counted set; matching needs
 * a scratch of its own per thread. */
#ifndef PARSERS_CATALOGUE_H
#define PARSERS_CATALOGUE_H

#include "parsers/arena.h"
#include "parsers/event.h"

struct catalogue;
struct catalogue_scratch;

/* Where and why loading failed; 'line' 0 when unknown. */
struct catalogue_error {
    char file[256];
    int line;
    char text[512]; /* what, why and how to mend it */
};

/* One XML document of the catalogue, already in memory (parsers do no I/O). */
struct catalogue_input {
    const char *name; /* for messages */
    struct str xml;
};

/* The documents compiled into the program, NULL name at the end. */
extern const struct catalogue_input catalogue_builtin[];

unsigned catalogue_builtin_count(void);

/* Builds a set from 'n' documents in order; later ones override by id.  NULL
 * with 'err' filled on any error.  Starts with one reference. */
struct catalogue *catalogue_new(const struct catalogue_input *, size_t n, struct catalogue_error *err);
/* The same of what is compiled in. */
struct catalogue *catalogue_new_builtin(struct catalogue_error *);
struct catalogue *catalogue_ref(struct catalogue *);
/* How many signatures there are, but for those of the first 'from' documents. */
size_t catalogue_signatures(const struct catalogue *, unsigned from);
void catalogue_unref(struct catalogue *);

struct catalogue_scratch *catalogue_scratch_new(const struct catalogue *);
void catalogue_scratch_free(struct catalogue_scratch *);
/* How often a pattern was given up at a limit of time or memory: the record is
 * then judged as if it did not match. */
uint64_t catalogue_scratch_limited(const struct catalogue_scratch *);
/* The signatures to which that happened, one a call: '*i' begins at 0.  False
 * when there are no more.  Strings are the set's. */
struct catalogue_limited {
    struct str signature;
    const char *file; /* and line where it stands */
    int line;
    uint64_t times;
};
bool catalogue_scratch_limited_next(const struct catalogue *, const struct catalogue_scratch *, size_t *i,
                                    struct catalogue_limited *);

/* Codes: class and symbol of a Win32 code. */
struct catalogue_code {
    uint32_t code;
    struct str symbol;
    enum event_class cls;
    bool tagged; /* error 32: EVENT_TAG */
};
const struct catalogue_code *catalogue_code(const struct catalogue *, uint32_t win32);

/* An HRESULT that is no Win32 code: class and symbol; NULL where it is not known. */
struct catalogue_hresult {
    uint32_t code;
    struct str symbol;
    enum event_class cls;
};
const struct catalogue_hresult *catalogue_hresult(const struct catalogue *, uint32_t hresult);

/* What the catalogue says about one class: advice and defaults. */
struct catalogue_advice {
    enum severity severity; /* of a raise */
    struct str action;      /* for the operator */
    struct str article;
};
const struct catalogue_advice *catalogue_advice(const struct catalogue *, enum event_class);

/* How the alarms of one class behave (design section 5, "Alarms"). */
struct catalogue_rule {
    bool raises;             /* false: its records are told, and raise nothing */
    unsigned escalate_count; /* from this failure on 'count_severity'; 0 never */
    enum severity count_severity;
    int64_t escalate_after; /* open for so many ns: 'after_severity'; 0 never */
    enum severity after_severity;
    int64_t age;         /* ns without repetition until its state is unknown */
    uint32_t cleared_by; /* 1 << enum event_fact: what ends it */
};
const struct catalogue_rule *catalogue_rule(const struct catalogue *, enum event_class);

/* What follows what.  A record that begins a sequence has bit 'number' set in
 * event.begins, one that may be its second part in event.continues. */
enum { CATALOGUE_SEQUENCES_MAX = 64 };
enum sequence_same { SEQUENCE_THREAD, SEQUENCE_COMPONENT, SEQUENCE_HOST };
struct catalogue_sequence {
    struct str id;
    unsigned number;
    enum sequence_same same; /* on what the two must stand */
    bool silence;            /* nothing else of 'same' follows the first for 'within' */
    int64_t within;          /* ns: the second comes at most so much later */
    unsigned records;        /* and among so many records of 'same'; 0: any */
    bool first_holds;        /* the first raises nothing before its time is over */
    bool blames_first;       /* the verdict is the first record's failure, not the second's */
    /* what it then means */
    enum event_class cls;
    bool severity_known;
    enum severity severity;
    enum confidence confidence;
    int64_t confirm; /* ns without a sign of life until it is confirmed; 0 never */
    unsigned n_articles;
    struct str article[EVENT_SEE_MAX];
};
/* The sequences that 'ev', whose signature is known by id, begins. */
uint64_t catalogue_begins(const struct catalogue *, const struct event *ev);
unsigned catalogue_sequences(const struct catalogue *);
const struct catalogue_sequence *catalogue_sequence(const struct catalogue *, unsigned number);

/* What to do where an alarm of that class has such facts, most specific first:
 * the advice of the sequence that showed it, of the signature, of the first
 * article named in them that is about the class, of the class.  Absent where
 * there is none; borrowed from the set. */
struct str catalogue_action(const struct catalogue *, const struct facts *, enum event_class);
/* Drops the articles of 'f' that are about other classes; where none is left,
 * the class's own.  What the catalogue does not know stays. */
void catalogue_fit_articles(const struct catalogue *, enum event_class, struct facts *f);

/* True when a record of signature 'id' ends what signature or sequence 'failed'
 * has raised about the same thing (attribute clears). */
bool catalogue_clears(const struct catalogue *, struct str id, struct str failed);

/* True when every article that is named, but for those of the first 'from'
 * documents, is told of; else false, with 'err' filled for the first that is not. */
bool catalogue_articles_known(const struct catalogue *, unsigned from, struct catalogue_error *err);

/* What is told of an article, or of a class, in prose; strings may be absent. */
#define CATALOGUE_ANY_CLASS UINT32_MAX
struct catalogue_entry {
    struct str name; /* Q193766, file-contention */
    struct str product, symptom, cause, action, clears;
    uint32_t classes; /* of an article: 1 << class for each it is about */
};
size_t catalogue_articles(const struct catalogue *); /* sorted by name */
const struct catalogue_entry *catalogue_article(const struct catalogue *, size_t i);
const struct catalogue_entry *catalogue_class_entry(const struct catalogue *, enum event_class);

/* True when no signature of any kind can match 'bytes': none of the required
 * literals is in them.  The quick way past records that mean nothing. */
bool catalogue_idle(const struct catalogue *, struct catalogue_scratch *, struct str bytes);
/* True when no signature is about event-log records of this source. */
bool catalogue_foreign(const struct catalogue *, struct str source);

/* Finds the signature or event text that explains 'ev' and fills its fact,
 * class, severity, claim, cause and object fields from it; leaves 'ev'
 * unclassified where nothing matches.  Does not look at other records. */
enum perr diagnose_event(const struct catalogue *, struct catalogue_scratch *, struct arena *, struct event *ev);

/* What a signature makes of one record, for people. */
enum catalogue_reason {
    CATALOGUE_FITS,
    CATALOGUE_FITS_NUMBER, /* by the event's number, whatever the text says */
    CATALOGUE_LITERALS,    /* some of its literals are not there */
    CATALOGUE_COMPONENT,   /* another component wrote the record */
    CATALOGUE_SOURCE,      /* another program's event */
    CATALOGUE_NUMBER,      /* another event */
    CATALOGUE_CODE,        /* no code, or another */
    CATALOGUE_PATTERN      /* its pattern does not fit */
};
enum { CATALOGUE_OPINION_LITERALS = 8, CATALOGUE_OPINION_VALUES = 24 };
struct catalogue_opinion {
    struct str signature;
    const char *file;
    int line;
    int rank;
    bool any; /* one literal of many is enough: a catch-all */
    enum catalogue_reason reason;
    unsigned n_literals, n_found;
    struct {
        struct str text; /* as it is compared */
        bool found;
    } literal[CATALOGUE_OPINION_LITERALS];
    bool has_pattern;
    unsigned n_values;
    struct {
        const char *field;
        struct str value;
    } value[CATALOGUE_OPINION_VALUES];
};
/* Calls 'tell' for every signature that has at least one of its literals in the
 * record or was asked for its number or code, in the order in which they are
 * asked: the first that fits is the one that explains it. */
enum perr catalogue_explain(const struct catalogue *, struct catalogue_scratch *, struct arena *, const struct event *,
                            void (*tell)(void *, const struct catalogue_opinion *), void *);

/* What the examples and near misses in the catalogue came to. */
struct catalogue_trial {
    size_t signatures; /* that were tried */
    size_t examples, near_misses;
    size_t failed;
};
/* Diagnoses each example in the set, but for those of the first 'from'
 * documents, and compares; calls 'report' (may be NULL) with the place and what
 * differs for each one that fails. */
enum perr catalogue_try_examples(const struct catalogue *, unsigned from, struct catalogue_trial *,
                                 void (*report)(void *, const struct catalogue_error *), void *);

#endif
