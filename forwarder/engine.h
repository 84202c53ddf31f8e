/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine.h - the thread between sources and targets: it alone parses,
 * correlates and writes the journal.  pipeline.c holds its loop; the parts of
 * the loop are in engine*.c, what people ask of it in answer.c.
 *
 * Other threads come in through engine_ask(), engine_reload() and
 * engine_stop() only.  answer.c runs inside the engine's thread and may read
 * everything here. */
#ifndef FORWARDER_ENGINE_H
#define FORWARDER_ENGINE_H

#include <pthread.h>

#include "forwarder/agent_child.h"
#include "forwarder/bounds.h"
#include "forwarder/config.h"
#include "forwarder/feed.h"
#include "forwarder/follow.h"
#include "forwarder/journal.h"
#include "forwarder/log.h"
#include "forwarder/pipeline.h"
#include "forwarder/tail.h"
#include "forwarder/worker.h"
#include "parsers/item_xml.h"
#include "parsers/storm.h"

struct engine_trouble {
    bool now;
    char text[512];
};

struct engine_source {
    const struct config_source *sc;
    struct config *config; /* that 'sc' belongs to, referenced */
    struct follow *follow;
    int64_t since;         /* monotonic: start */
    bool seen;             /* its files are all known */
    bool stale;            /* not looked at for too long */
    struct engine_trouble trouble[FOLLOW_TROUBLES];
    uint64_t records;
};

enum engine_what {
    ENGINE_STATUS,
    ENGINE_SUMMARY, /* one line of it */
    ENGINE_ALARMS,
    ENGINE_CLEAR,
    ENGINE_RESEND,
    ENGINE_REPLAY,
    ENGINE_EXPLAIN /* which targets have had item 'from' */
};

/* A question from another thread; lives there until engine_ask() is back. */
struct engine_request {
    enum engine_what what;
    bool json, all, brief;    /* brief: STATUS without logs and files */
    bool items;               /* ALARMS: a page of them as items, those after number 'from' */
    const char *key, *text;   /* CLEAR; REPLAY: 'key' is the target */
    uint64_t from, to;        /* REPLAY: arrival in ns UTC, 'to' 0: up to now; EXPLAIN: seq */
    struct xml_buf *out;      /* the answer's text */
    int status;               /* exit status for who asked: see cmd.h */
    bool done;
    struct engine_request *next;
};

/* A checkpoint as the journal has it. */
struct engine_place {
    char *path;
    void *p;
    size_t n;
    bool unsaved; /* its tail is gone, and no transaction has it yet */
};

struct engine {
    struct config *config;
    struct pipeline p; /* catalogue, scratch, correlate, merge */
    struct journal *journal;
    struct feed *feed;
    struct storm_table *storms;
    struct engine_bound {
        uint64_t count; /* of the bound, when last looked at */
        int64_t at;     /* UTC ns of its last change, 0 not looked at yet */
    } bounds[BOUNDS];
    struct engine_source *sources;
    unsigned n_sources;
    struct tail **tails;
    unsigned n_tails;
    struct worker **workers;
    unsigned n_workers;
    struct batch *batch;    /* items since the last commit */
    struct arena *arena;    /* for what happens between records */
    int64_t started;        /* monotonic */
    int64_t clock;          /* monotonic, as of the last look: one for 16 records */
    int64_t wall;           /* UTC as the system has it, of the same look */
    int64_t utc_offset;     /* engine_now() = monotonic + this: does not jump */
    int64_t moved_since;    /* monotonic: some place changed and is not saved */
    int64_t watched;        /* monotonic: last engine_watch() */
    int64_t live_at;        /* and the last correlate_live() */
    int64_t resent;         /* and the last time all open alarms were sent again */
    int64_t agent_down;     /* monotonic: since when the agent that is wanted does not serve, 0 it does */
    bool resend_owed;       /* a target wants that at its start */
    int64_t owed_since;     /* a log is waited for */
    bool once;
    bool whole;             /* the correlator's state came from a journal of the first version */
    bool wants_events;      /* some target takes events ... */
    enum severity wanted;   /* ... of this severity or worse */
    struct follow *leaving; /* its chunks are of no more interest */
    uint64_t kicks;
    /* first start */
    bool all_seen;          /* the files of every source are known */
    bool history_saved;     /* the journal says that a first start is under way */
    bool history;           /* some source is still in its first read of old records */
    bool history_record;    /* the record at work is old */
    int64_t history_cutoff; /* UTC ns: what is older is history */
    uint64_t history_records, history_faults;
    int64_t history_first;  /* ns, of the oldest such record */
    /* for status and heartbeat */
    _Atomic uint64_t records;
    uint64_t items, faults, commits, unframed, uncounted; /* uncounted: events no target takes */
    uint64_t limited; /* patterns of this catalogue that were given up, and told */
    int64_t last_commit;    /* monotonic */
    int64_t last_reload;    /* UTC ns, 0 none */
    char reload_error[512]; /* of the last reload that failed, "" none */
    int journal_error;      /* negative errno of the last commit, 0 fine */
    int64_t stuck_since, retry_at; /* monotonic: commits fail */
    int64_t retry_ms, outage_ms;   /* outage: of the last one, until it was told */
    struct log_limit complaint;
    uint64_t used, threshold;      /* bytes of the journal; where room has to be made */
    const char *overflowing;       /* the target that keeps it full, NULL none */
    bool trim_left;
    uint64_t dropped_to;    /* seq that drop-oldest has reached */
    bool blocked;           /* at journal-limit, and overflow="block" decides */
    unsigned failed;        /* once: sources that could not be read */
    int fatal;              /* negative errno that ends the engine */
    struct engine_place *places;
    unsigned n_places, unsaved;
    pthread_mutex_t places_lock;
    /* under 'lock' */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct follow_chunk *inbox, **inbox_last;
    struct engine_request *asked, **asked_last;
    struct config *reload; /* to be taken over */
    struct catalogue *reload_catalogue;
    struct agent_child_report agent;
    bool stopping, dirty, ended;
    bool soon;   /* a target waits for what is dirty to be on disk ... */
    bool called; /* ... and the loop does not know yet */
    int64_t heartbeat; /* monotonic: when its loop last came round, for the watchdog */
};

/* Runs sources to targets until engine_stop(), or with 'once' until all is read
 * and delivered.  The exit status (cmd.h).  The thread that calls it is the
 * engine's.  'ready' is called when sources and targets are started.
 * engine_new() references the configuration and takes over the reference to
 * the catalogue, also when it fails (NULL). */
struct engine *engine_new(struct config *, struct catalogue *, bool once);
int engine_run(struct engine *, void (*ready)(void *arg), void *arg);
void engine_free(struct engine *);

/* Any thread.  0 with the answer in the request; -ETIMEDOUT when the engine is
 * busy for longer (the request is taken back), -ESHUTDOWN when it is ending. */
int engine_ask(struct engine *, struct engine_request *, int timeout_ms);
/* A configuration that was read without error, and the catalogue that goes with
 * it (NULL: stays); takes over the references.  The engine replaces what
 * differs: sources and targets that are as before go on untouched. */
void engine_reload(struct engine *, struct config *, struct catalogue *);
void engine_reload_failed(struct engine *, const char *why); /* for status */
void engine_note_agent(struct engine *, const struct agent_child_report *); /* for status */
void engine_stop(struct engine *);
/* Monotonic time of the last round of its loop. */
int64_t engine_heartbeat(struct engine *);

/* UTC ns that does not jump while the program runs. */
int64_t engine_now(const struct engine *);

/* answer.c; engine's thread */
void answer(struct engine *, struct engine_request *);

/* For answer.c: everything the correlator says goes this way. */
struct sink engine_sink(struct engine *);

#endif
