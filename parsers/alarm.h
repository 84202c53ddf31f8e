/* SPDX-License-Identifier: BSD-2-Clause
 *
 * alarm.h - the table of open alarms: one for each thing that fails, under a
 * key that names the thing and never the verdict (design section 5).  Knows
 * nothing of pairing or stalls; correlate.c and its parts call it.
 *
 * Every change goes out at once through the sink of the call. */
#ifndef PARSERS_ALARM_H
#define PARSERS_ALARM_H

#include "parsers/catalogue.h"
#include "parsers/event.h"
#include "parsers/id.h"
#include "parsers/keep.h"
#include "parsers/parts.h"

enum { ALARM_PAST = 8, ALARM_KEY_MAX = 128, ALARM_OPEN_MAX = 10000, ALARM_CLEARED_MAX = 10000, ALARM_FILES = 64 };

/* Where items go.  A non-zero answer ends the work and is handed back. */
struct sink {
    int (*item)(void *arg, const struct item *);
    void *arg;
};

/* A point in time as state machines see it.  'clock' 0 is UTC; any other is
 * the local time of one source whose zone is unknown, and times of different
 * clocks are never compared. */
struct moment {
    bool known;
    uint32_t clock;
    int64_t t;
    struct when when; /* as shown; zone is not kept */
};

/* Whether two times can be compared, and whether 'a' can and is the earlier. */
bool moment_same_clock(const struct moment *a, const struct moment *b);
bool moment_before(const struct moment *a, const struct moment *b);
void moment_save(struct keep_out *, const struct moment *);
void moment_restore(struct keep_in *, struct moment *);
/* The moment 't' of our own clock, shown to the second. */
struct moment moment_utc(int64_t t);

/* One call into the engine: what it may use and where its answers go. */
struct call {
    struct arena *arena;
    const struct sink *sink;
    struct moment at;
    int64_t arrival;      /* UTC ns, 0 while history is read: ages follow it then */
    const char *event_id; /* of the event that makes the change; "" for none */
    int error;            /* first non-zero answer of the sink, or -ENOMEM */
};
void call_emit(struct call *, const struct item *);

/* How strongly a fault's evidence speaks; of one failure the strongest decides. */
enum strength { STRENGTH_TEXT, STRENGTH_SHAPE, STRENGTH_CODE, STRENGTH_FIGURES };
enum strength alarm_strength(enum basis);

/* One failure as it reaches the table. */
struct failure_report {
    struct str key;
    enum event_class cls;
    enum severity severity; /* lowest it may have */
    const struct facts *f;
    struct str path; /* failing file, or instruction without extension; "" for none */
    uint64_t run;    /* instruction run it belongs to, 0 for none */
    bool proven;     /* a report of a failure that was filed when its line came */
    /* It was filed as 'was' before, which its evidence does not bear out. */
    bool corrects;
    enum event_class was;
};

/* A failure that an alarm has counted, before the one it is at. */
struct alarm_past {
    int64_t t;
    uint32_t clock;
    uint64_t run;
};

struct alarm {
    struct str key; /* owned */
    enum event_class cls;
    enum severity severity, floor;
    uint64_t count, raise, change;
    struct moment first, last;
    struct facts *f; /* owned */
    enum strength strength;
    uint64_t run;
    bool works, confirmed, escalated;
    unsigned n_past; /* counted ones so far; the last ALARM_PAST are kept, number i at i % ALARM_PAST */
    struct alarm_past past[ALARM_PAST];
    unsigned n_files, more_files;
    uint64_t file[ALARM_FILES]; /* hashes of upper-case paths */
    char *words, *action;       /* owned; of class self: the line and the advice as given */
    struct when told;           /* record time of the last change that was sent */
    int64_t since, heard;       /* arrival of the first and of the last occurrence, 0 unknown */
    struct part part;
};

struct alarm_table;
struct alarm_table *alarm_table_new(const struct catalogue *, struct id_hasher *);
void alarm_table_free(struct alarm_table *);
void alarm_catalogue(struct alarm_table *, const struct catalogue *);
const struct catalogue *alarm_table_catalogue(const struct alarm_table *);

/* Writes "kind:PART:PART" to 'out' in upper case, unknown parts as "-", cut as
 * the design says; returns the key over 'out'. */
struct str alarm_key(char out[ALARM_KEY_MAX + 1], const char *kind, struct str a, struct str b);

/* The key under which a fault of one record is filed (design section 5). */
struct str fault_key(char out[ALARM_KEY_MAX + 1], const struct event *ev, struct str server);
/* The server a copy went to: the one named, else the log's own host. */
struct str fault_server(const struct event *ev);
/* True when both name one computer: equal but for case, or one is the other's
 * first label (ANFIELD, anfield.example.org). */
bool host_same(struct str a, struct str b);
/* Where hashes of alarms begin: not FNV's basis, whose last digit it lacks.  Long keys,
 * the files of an alarm, runs and storms are stored with it, so it must not change. */
#define ALARM_HASH_BASIS UINT64_C(1469598103934665603)
/* A hash of 's' without regard to ASCII case. */
uint64_t alarm_hash(struct str s);

/* True when a record like 'ev' raises an alarm at all: its class and its
 * signature say so. */
bool alarm_raises(const struct alarm_table *, const struct event *ev);
/* Ends the alarms about the same thing that 'ev' says are over: those whose
 * signature or sequence the signature of 'ev' names in clears="...". */
void alarm_clear_named(struct alarm_table *, struct call *, const struct event *ev);
struct alarm *alarm_find(struct alarm_table *, struct str key);
unsigned alarm_open_count(const struct alarm_table *);
struct alarm *alarm_at(struct alarm_table *, unsigned i);

/* A failure: raises, counts, updates or reclassifies.  NULL when it was older
 * than the key's last clear, and so only counted. */
struct alarm *alarm_fail(struct alarm_table *, struct call *, const struct failure_report *);
/* New facts or severity for an open alarm, sent as an update. */
void alarm_update(struct alarm_table *, struct call *, struct alarm *, const char *reason);
/* Ends 'a' (freed).  'reason' says why; 'watch' keeps the count for a day. */
void alarm_clear(struct alarm_table *, struct call *, struct alarm *, const char *reason, bool watch);
/* Gives 'a' its full key once its server is known: a clear of the old key and a
 * raise of the new one, as who was told the old one knows no other; count and
 * first go on.  False when that key has an alarm already: then 'a' has ended,
 * with a clear that says so. */
bool alarm_rename(struct alarm_table *, struct call *, struct alarm *, struct str key, struct str server);
/* What 'a' has from the moment 'from' happened at 'to', by another clock. */
void alarm_redate(struct alarm_table *, struct alarm *a, const struct moment *from, const struct moment *to);
/* A copy that went well: clears what its target was the last failing file of. */
void alarm_copied(struct alarm_table *, struct call *, const struct event *ev);
/* The instruction whose name is 'stem' but for its extension was executed on
 * 'host': clears what it was the last one of. */
void alarm_executed(struct alarm_table *, struct call *, struct str host, struct str stem);
/* 'a' was changed by others than this table: it is to be saved. */
void alarm_changed(struct alarm_table *, struct alarm *a);

/* Escalates and ages what is due on 'clock' at 'now'; the next time to call. */
int64_t alarm_tick(struct alarm_table *, struct call *, uint32_t clock, int64_t now);
/* The same by arrival, once history has been read; whatever has no arrival yet
 * gets that of its own time, 'now' at the latest. */
int64_t alarm_tick_live(struct alarm_table *, struct call *, int64_t now);
/* The earliest due times noted since the last alarm_tick(), alarm_tick_live(). */
int64_t alarm_earliest(const struct alarm_table *);
int64_t alarm_earliest_live(const struct alarm_table *);

/* Our own state, class self: raises 'key', or updates it when the words or the
 * severity are others; 'action' may be absent.  Words as alarm_words() gives. */
void alarm_self_raise(struct alarm_table *, struct call *, struct str key, enum severity, struct str host,
                      struct str words, struct str action);
/* 'raw' as one line of clean UTF-8 of at most 'max' characters, in the call's
 * arena; absent stays absent. */
struct str alarm_words(struct call *, struct str raw, unsigned max);
/* Sends 'a' as it is, as a raise with the id of its last change. */
void alarm_repeat(struct alarm_table *, struct call *, const struct alarm *a, const char *reason);

/* The current state of an open alarm as an item, in the call's arena. */
const struct alarm_item *alarm_describe(struct alarm_table *, struct call *, const struct alarm *,
                                        enum alarm_state, const char *reason);

struct alarm_counters {
    uint64_t raised, updated, cleared, aged, evicted, stale, forgotten;
};
const struct alarm_counters *alarm_counters(const struct alarm_table *);

/* Open alarms are parts "alarm/N", what is remembered of cleared keys "cleared/N". */
void alarm_save(struct alarm_table *, struct part_sink *);
void alarm_saved(struct alarm_table *);
/* What correlate.c keeps in its own part: numbers, counts of parts. */
void alarm_save_core(const struct alarm_table *, struct keep_out *);
/* Into an empty table: the core, each part in any order, then the end. */
bool alarm_restore_core(struct alarm_table *, struct keep_in *);
bool alarm_restore_open(struct alarm_table *, uint64_t id, struct keep_in *);
bool alarm_restore_cleared(struct alarm_table *, uint64_t id, struct keep_in *);
bool alarm_restore_end(struct alarm_table *);
/* Both at once as the first version kept them. */
bool alarm_restore_v1(struct alarm_table *, struct keep_in *);

#endif
