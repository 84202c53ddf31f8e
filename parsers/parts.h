/* SPDX-License-Identifier: BSD-2-Clause
 *
 * parts.h - which things of a table have changed since they were last on disk.
 * Each has a name of its own, "kind/number"; marking one costs two tests and
 * no memory, and what was never saved leaves no trace when it goes.  Used by
 * the tables of the correlator; writes nowhere by itself. */
#ifndef PARSERS_PARTS_H
#define PARSERS_PARTS_H

#include "parsers/keep.h"

enum { PART_NAME_SIZE = 32 };

/* Lives inside the thing it stands for; zero to begin with but for 'id'. */
struct part {
    struct part *prev, *next; /* among those that changed */
    uint64_t id;
    bool listed; /* changed since the last parts_saved() */
    bool put;    /* and handed out since it changed */
    bool stored; /* on disk, in this form or an older one */
};

/* The changed ones of one kind; 'kind' at most 8 letters, the rest zero. */
struct parts {
    const char *kind;
    struct part *first, *last;
    uint64_t *gone; /* stored once, and no more */
    unsigned n_gone, n_gone_put, cap_gone;
    bool failed; /* memory ended when something went */
};
void parts_fini(struct parts *);

void part_list(struct parts *, struct part *);
static inline void
part_changed(struct parts *l, struct part *p)
{
    if (!p->listed || p->put)
        part_list(l, p);
}
/* Before the thing is freed. */
void part_gone(struct parts *, struct part *);

/* The thing is as it is on disk: it was just read from there. */
void parts_forget(struct parts *, struct part *);

/* Where parts go: each with its name, p NULL when it is gone. */
struct part_sink {
    int (*put)(void *arg, const char *name, const void *p, size_t n);
    void *arg;
    bool all;              /* everything, changed or not; marks are left alone */
    struct keep_out bytes; /* room for one part; the caller frees bytes.p */
    int error;             /* first non-zero answer of 'put', or -ENOMEM */
    unsigned handed;       /* parts handed out so far, those that are gone among them */
};
/* Begins the bytes of one part, and hands them out. */
struct keep_out *part_begin(struct part_sink *);
void part_end(struct part_sink *, const char *kind, uint64_t id);
/* Hands out what changed; 'write' puts the bytes of one. */
void parts_put(struct parts *, struct part_sink *, void (*write)(void *owner, struct part *, struct keep_out *),
               void *owner);
/* What was handed out is on disk. */
void parts_saved(struct parts *);

/* Splits "kind/number"; false when 'name' is none. */
bool part_name(const char *name, struct str *kind, uint64_t *id);

#endif
