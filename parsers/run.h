/* SPDX-License-Identifier: BSD-2-Clause
 *
 * run.h - instruction runs: what one despooler thread does between finding an
 * instruction and having executed it, with the packages it carries.  Called by
 * stall.c; pairing asks for spans of time through struct run_lookup. */
#ifndef PARSERS_RUN_H
#define PARSERS_RUN_H

#include "parsers/alarm.h"
#include "parsers/map.h"
#include "parsers/pair.h"

enum { RUN_MAX = 4096, RUN_SPANS = 4096, RUN_CARGO = 16, RUN_PAGE = 32 };
/* Host and thread, or source: see run_key(). */
enum { RUN_KEY_SIZE = ALARM_KEY_MAX + 1 };

/* A thread as a record names it. */
struct run_thread {
    bool known;
    bool form_1x; /* bare hexadecimal: SMS 1.x, where there is one despooler thread */
    uint32_t number;
};
struct run_thread run_thread(const struct event *ev);
/* The part of an instruction's name that its renames leave alone. */
struct str run_stem(struct str instruction);

/* A package that a run brings to a server ("" where no line names one). */
struct run_cargo {
    char *package, *server;
    bool failed;
};

struct run {
    uint64_t id, source;
    char *instruction; /* as first seen, NULL unknown */
    bool started, thread_known;
    struct event *pending; /* failed open that waits for the next record */
    struct moment pending_at;
    int64_t pending_arrival; /* 0: history */
    int64_t quiet; /* arrival since when its source stands at its end, 0 unknown; not saved */
    bool told; /* its alarm was raised without waiting any longer */
    bool faulted; /* something in it failed and was told by itself */
    bool late;    /* its package's data is not there yet: that it is tried again is ordinary */
    unsigned n_cargo;
    bool crowded; /* more than RUN_CARGO: what the run brought is not known */
    struct run_cargo cargo[RUN_CARGO];
    struct part part;
    size_t key_n;
    char key[RUN_KEY_SIZE];
};

struct run_table {
    struct map *runs; /* host and thread -> struct run */
    uint64_t next;
    unsigned n_pending, n_unnamed;
    struct run_span span[RUN_SPANS];
    uint64_t evicted;
    struct parts run_parts, span_parts;
    struct part page[RUN_SPANS / RUN_PAGE]; /* of spans */
    unsigned n_pages;                       /* of them in use */
    unsigned want, want_pages;              /* runs and pages that a restore has to bring */
};

bool run_table_init(struct run_table *);
void run_table_fini(struct run_table *);

/* Key of the run that a record belongs to: host and thread; the source where
 * its records show no thread, and in addition where they show no host. */
struct str run_key(char out[RUN_KEY_SIZE], struct str host, bool known, uint32_t thread, uint64_t source);
/* The same for the record 'ev'.  Several components may write into one file, and
 * thread numbers are unique within one process only: others than the despooler
 * have keys of their own. */
struct str run_key_of(char out[RUN_KEY_SIZE], const struct event *ev, const struct run_thread *, uint64_t source);
struct run *run_find(struct run_table *, struct str key);
/* Begins a run at 'at', ending the one that has the key; NULL: no memory. */
struct run *run_begin(struct run_table *, const struct moment *at, struct str key, uint64_t source);
/* The oldest, which another one would push out; NULL while there is room. */
struct run *run_in_the_way(const struct run_table *);
void run_end(struct run_table *, struct run *, const struct moment *at);
void run_free(struct run *); /* out of no table */
/* Gives the run under 'old' another key; NULL (and gone) when memory ends. */
struct run *run_move(struct run_table *, struct str old, struct str key);
void run_drop_pending(struct run_table *, struct run *);
/* 'r' was changed by others than this table: it is to be saved. */
void run_changed(struct run_table *, struct run *r);
void run_span_changed(struct run_table *, uint64_t id);
/* When the run began and ended; false when it is no longer remembered. */
bool run_span(const struct run_table *, uint64_t id, struct run_span *);

/* Notes that 'r' brings 'package' to 'server', and whether that failed. */
void run_carries(struct run_table *, struct run *r, struct str package, struct str server, bool failed);

/* Runs are parts "run/N", what is remembered of ended ones "span/N". */
void run_save(struct run_table *, struct part_sink *);
void run_saved(struct run_table *);
void run_save_core(const struct run_table *, struct keep_out *);
/* Into an empty table: the core, each part in any order, then the end. */
bool run_restore_core(struct run_table *, struct keep_in *);
bool run_restore_run(struct run_table *, uint64_t id, struct keep_in *);
bool run_restore_spans(struct run_table *, uint64_t id, struct keep_in *);
bool run_restore_end(struct run_table *);
/* All at once as the first version kept them. */
bool run_restore_v1(struct run_table *, struct keep_in *);

#endif
