/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pipeline.h - the whole path of a record; see pipeline.c. */
#ifndef FORWARDER_PIPELINE_H
#define FORWARDER_PIPELINE_H

#include "forwarder/inputs.h"
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
};

/* Takes over the reference to 'catalogue'; NULL: the compiled-in one.  False
 * with a message logged when it cannot be made. */
bool pipeline_init(struct pipeline *, struct catalogue *catalogue);
/* Another catalogue from the next record on; takes over the reference.  False:
 * out of memory, the old one stays. */
bool pipeline_replace_catalogue(struct pipeline *, struct catalogue *);
void pipeline_fini(struct pipeline *);

/* Opens the files of a command line as streams. */
void pipeline_open_inputs(struct pipeline *, const struct inputs *, const struct stream_options *);

/* source -> event -> verdict -> items -> 'sink', to the end of all streams.
 * With 'faults', records that cannot matter to any fault are passed by.  0, or
 * the first non-zero answer of the sink. */
int pipeline_run(struct pipeline *, const struct sink *, bool faults);

/* Exit status after a run: what could not be framed or read. */
int pipeline_status(const struct pipeline *);

/* The same path for ever: follows -> events -> journal -> workers, until
 * engine_is_done().  0 or negative errno. */
struct engine;
int pipeline_follow(struct engine *);

#endif
