/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pipeline.h - the whole path of a record; see pipeline.c. */
#ifndef FORWARDER_PIPELINE_H
#define FORWARDER_PIPELINE_H

#include "forwarder/config.h"
#include "forwarder/inputs.h"
#include "forwarder/journal.h"
#include "forwarder/merge.h"
#include "forwarder/options.h"
#include "parsers/catalogue.h"
#include "parsers/correlate.h"

/* What every path shares. */
struct pipeline {
    struct catalogue *catalogue;
    struct catalogue_scratch *scratch;
    struct correlate *correlate;
    struct merge *merge;
    unsigned failed;        /* sources that could not be read */
    uint64_t events, bytes; /* so far */
    uint64_t total_bytes;   /* of all sources, for progress; 0 unknown */
    bool progress;
    int64_t arrival; /* ns UTC when the records come in; 0 in export */
};

/* False with a message logged when it cannot be made. */
bool pipeline_init(struct pipeline *);
void pipeline_fini(struct pipeline *);

/* Opens the files of a command line as streams. */
void pipeline_open_inputs(struct pipeline *, const struct inputs *, const struct stream_options *);

/* source -> event -> verdict -> items -> 'sink', to the end of all streams.
 * With 'faults', records that cannot matter to any fault are passed by.
 * 'between' (may be NULL) is called after each record.  0, or the first
 * non-zero answer of either. */
typedef int pipeline_between(void *arg);
int pipeline_run(struct pipeline *, const struct sink *, bool faults, pipeline_between *between, void *arg);

/* Exit status after a run: what could not be framed or read. */
int pipeline_status(const struct pipeline *);

/* The same path through the journal, and from there to the targets, once. */
int pipeline_forward_once(const struct config *);

#endif
