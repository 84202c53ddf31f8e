/* SPDX-License-Identifier: BSD-2-Clause
 *
 * event.h - the types that cross modules: the event (normal form of one
 * record), the alarm change, and the item that is either of them.
 *
 * All strings are UTF-8 that XML 1.0 can hold: text_clean() has seen to it.
 * Bytes it could not hold are U+EF00 + byte (design, "escape").  Strings are
 * borrowed from the batch's arena, except where a comment says otherwise. */
#ifndef PARSERS_EVENT_H
#define PARSERS_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "parsers/str.h"

/* What a pure function of parsers/ can answer.  perr_text() has the words. */
enum perr {
    PERR_OK,
    PERR_TRUNCATED,  /* ends before its own end mark */
    PERR_SYNTAX,     /* not of this format */
    PERR_RANGE,      /* a number or date outside what can be */
    PERR_NOMEM,      /* arena bound or allocation */
    PERR_LIMIT,      /* more parts than the bound allows */
    PERR_UNSUPPORTED /* a known layout that is refused on purpose */
};
const char *perr_text(enum perr);

/* CLASS(ENUMERATOR, xml name) */
#define EVENT_CLASSES(CLASS) \
    CLASS(UNCLASSIFIED, "unclassified") \
    CLASS(FILE_CONTENTION, "file-contention") \
    CLASS(DISK_FULL, "disk-full") \
    CLASS(STALL, "stall") \
    CLASS(ACCESS_DENIED, "access-denied") \
    CLASS(NETWORK, "network") \
    CLASS(NOT_FOUND, "not-found") \
    CLASS(CORRUPT_DATA, "corrupt-data") \
    CLASS(CONFIGURATION, "configuration") \
    CLASS(SERVICE, "service") \
    CLASS(DATABASE, "database") \
    CLASS(PACKAGE_EMPTIED, "package-emptied") \
    CLASS(RETRY, "retry") \
    CLASS(RESTART, "restart") \
    CLASS(RECOVERED, "recovered") \
    CLASS(ACTIVITY, "activity") \
    CLASS(SELF, "self")

enum event_class {
#define CLASS(e, n) CLASS_##e,
    EVENT_CLASSES(CLASS)
#undef CLASS
        CLASS_COUNT
};
const char *event_class_name(enum event_class);
/* True and '*cls' set when 'name' names a class. */
bool event_class_find(struct str name, enum event_class *cls);
/* A fault is what can raise an alarm; the rest is context. */
bool event_class_is_fault(enum event_class);

/* Perceived severity, worst first (X.733; info has no alarm). */
enum severity {
    SEVERITY_CRITICAL,
    SEVERITY_MAJOR,
    SEVERITY_MINOR,
    SEVERITY_WARNING,
    SEVERITY_INFO,
    SEVERITY_CLEARED
};
const char *severity_name(enum severity);
bool severity_find(struct str name, enum severity *);
int severity_syslog(enum severity); /* 1 2 3 4 6 5 */

/* The two megabyte figures of a disk-full claim (design section 4). */
enum figures { FIGURES_NONE, FIGURES_FILLED, FIGURES_BLANK, FIGURES_ABSENT, FIGURES_UNREADABLE };
const char *figures_name(enum figures); /* "" for NONE */

enum basis { BASIS_NONE, BASIS_CODE, BASIS_LOG_MATCH, BASIS_BLANK_FIGURES, BASIS_FIGURES, BASIS_TEXT, BASIS_SEQUENCE };
const char *basis_name(enum basis);

enum confidence { CONFIDENCE_NONE, CONFIDENCE_UNVERIFIED, CONFIDENCE_PROBABLE, CONFIDENCE_CONFIRMED };
const char *confidence_name(enum confidence);

/* What happened, in words the correlator acts on.  The catalogue says which
 * text means which fact; nothing in C looks at wording. */
#define EVENT_FACTS(F) \
    F(NONE, "none") \
    F(COPY_FAILED, "copy-failed") \
    F(COPY_OK, "copy-ok") \
    F(INSTRUCTION_FOUND, "instruction-found") \
    F(INSTRUCTION_STARTED, "instruction-started") \
    F(INSTRUCTION_OPEN_FAILED, "instruction-open-failed") \
    F(INSTRUCTION_UNREAD, "instruction-unread") \
    F(INSTRUCTION_EXECUTED, "instruction-executed") \
    F(INSTRUCTION_FAILED, "instruction-failed") \
    F(PACKAGE_WORK, "package-work") \
    F(PACKAGE_STORED, "package-stored") \
    F(PACKAGE_EMPTIED, "package-emptied") \
    F(COMPONENT_STOPPING, "component-stopping") \
    F(COMPONENT_STOPPED, "component-stopped") \
    F(COMPONENT_STARTED, "component-started") \
    F(RETRY, "retry") \
    F(RETRIES_EXHAUSTED, "retries-exhausted") \
    F(HOST_BOOT, "host-boot")

enum event_fact {
#define F(e, n) FACT_##e,
    EVENT_FACTS(F)
#undef F
        FACT_COUNT
};
const char *event_fact_name(enum event_fact);
bool event_fact_find(struct str name, enum event_fact *);

/* A point of record time.  'local' are the digits as written, counted as if
 * they were UTC; it is what a source of unknown zone is merged by. */
enum when_dst { WHEN_DST_NONE, WHEN_DST_FIRST, WHEN_DST_SHIFTED };

struct when {
    int64_t utc;   /* ns since 1970-01-01T00:00Z, if utc_known */
    int64_t local; /* ns, if local_known */
    bool utc_known;
    bool local_known;
    bool bias_known;  /* the record carries its own bias */
    int bias;         /* minutes; UTC = local + bias */
    uint8_t fraction; /* digits of second the record shows, 0..9 */
    enum when_dst dst;
    struct str zone; /* IANA name, or the record's zone name, or +HH:MM */
};

enum { EVENT_EVIDENCE_MAX = 8, EVENT_SEE_MAX = 4, EVENT_ID_SIZE = 33 };

/* The facts that an event states and an alarm repeats. */
struct facts {
#define FACT(member, element, attribute, sd, prose) struct str member;
#include "parsers/event_fields.def"
#undef FACT
    /* claim: what the record says went wrong */
    bool claimed;
    enum event_class claim_class;
    enum figures figures;
    /* cause: what did go wrong */
    bool caused;
    enum event_class cause_class;
    bool tagged;         /* error-32-contention */
    bool win32_known;    /* a record showed the code */
    uint32_t win32;
    struct str symbol;   /* static: catalogue */
    bool misreported;
    enum basis basis;
    enum confidence confidence;
    struct str signature; /* id in the catalogue */
    unsigned n_evidence;
    char evidence[EVENT_EVIDENCE_MAX][EVENT_ID_SIZE];
    unsigned n_articles;
    struct str article[EVENT_SEE_MAX]; /* KB ids */
    unsigned n_linked;
    char linked[EVENT_SEE_MAX][EVENT_ID_SIZE]; /* related, not evidence */
};

#define EVENT_TAG "error-32-contention"

/* What an event-log format saw besides the common facts; NULL for log lines.
 * Insertion strings keep null (p NULL) and empty (n 0) apart. */
enum { EVENTLOG_STRINGS_MAX = 64 };
struct eventlog {
    uint32_t id32; /* full 32-bit event id where known, else the low half */
    uint16_t number;
    unsigned level; /* 1 critical 2 error 3 warning 4 information, 0 unknown */
    bool strings_known; /* the form carries insertion strings at all */
    unsigned n_strings;
    const struct str *strings;
    struct str message; /* rendered text, absent where the form has none */
    struct str user;
    struct str category;
    struct str data; /* binary, as it is: bytes, not text; absent where the form has none */
};

struct event {
    char id[EVENT_ID_SIZE];
    enum event_class cls;
    enum severity severity;
    enum event_fact fact;
    struct when when;
    struct facts f;
    const struct eventlog *log;
    /* source */
    struct str format;      /* static: the format's name */
    struct str source_name; /* file's own name without folder */
    uint64_t offset;        /* bytes into the source as stored */
    uint64_t line;          /* 1-based, 0 where lines mean nothing */
    uint64_t length;        /* bytes as stored */
    bool repaired;          /* the trailer was damaged */
    bool truncated;         /* text shortened to EVENT_TEXT_MAX */
    struct str text;
    /* the code as scanned from the text, before the catalogue judged it */
    bool code_known;
    uint32_t code;
    /* by the catalogue: sequences that this record begins, or may continue (bits
     * by number), and whether it ends failures by name (catalogue_clears()) */
    uint64_t begins, continues;
    bool clears;
    bool mute; /* its signature raises no alarm, whatever its class */
    /* instruction run this belongs to is found by (host, thread) */
    struct str retry_until;    /* as the record writes it, if it does */
    bool worker_known;         /* "Created a new despooling thread" */
    uint32_t worker;
};

enum { EVENT_TEXT_MAX = 65536 };

enum alarm_state { ALARM_RAISED, ALARM_UPDATED, ALARM_CLEARED };
const char *alarm_state_name(enum alarm_state);

struct alarm_item {
    char id[EVENT_ID_SIZE];
    struct str key;
    enum alarm_state state;
    enum severity severity; /* severity of the alarm itself; a clear keeps it */
    enum event_class cls;
    uint64_t count;
    struct when first, last;
    struct when when;  /* record time of this change */
    struct str reason; /* of a clear, or of an update; absent otherwise */
    struct facts f;
    struct str event;   /* id of the event that made this change; may be absent */
    struct str summary; /* one line, at most 100 characters */
    struct str action;  /* what the operator can do; absent on a clear */
};

/* Something the program says of itself that is no alarm: a line about what a
 * first start found (in the journal), a sign of life (to each target). */
enum notice_kind { NOTICE_HISTORY, NOTICE_HEARTBEAT };
const char *notice_kind_name(enum notice_kind); /* "history", "heartbeat" */

struct notice_item {
    char id[EVENT_ID_SIZE]; /* "" for a heartbeat */
    enum notice_kind kind;
    struct when when;
    struct str text;
    /* of a heartbeat: totals since the start, and of the target it goes to */
    uint64_t read, delivered, folded, dropped, last_seq;
    unsigned open_count;
    char open_digest[EVENT_ID_SIZE]; /* of the open keys the target was told, sorted */
};

/* Reasons of an alarm change that repeats the last one, with its id. */
#define ALARM_REASON_RESENT "resent"   /* every 12 h, or asked for */
#define ALARM_REASON_START "resent at start" /* for targets that want that */
#define ALARM_REASON_HISTORY "history" /* open after a first start: for targets that take no history */

enum item_kind { ITEM_EVENT, ITEM_ALARM, ITEM_NOTICE };

struct item {
    enum item_kind kind;
    const struct event *event;      /* exactly one of the three is set */
    const struct alarm_item *alarm;
    const struct notice_item *notice;
};

/* Appends the time 'w' as RFC 3339 with Z, or its local digits without Z when
 * only those are known, or nothing, to 'out' (at least WHEN_TEXT_SIZE bytes),
 * NUL-terminated; returns the length. */
enum { WHEN_TEXT_SIZE = 40 };
size_t when_text(const struct when *w, char *out);

#endif
