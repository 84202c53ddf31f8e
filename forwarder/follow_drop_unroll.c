/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_drop_unroll.c - an event log (container.h) in a drop folder: its stream,
 * without the records that an earlier copy of the log has brought.  Called by
 * follow_drop_read.c.
 *
 * Who copies a log every night puts most of its records there every night.  So
 * what was handed out of a file stays with its checkpoint as runs of records
 * numbered without a gap (place_run in place.h).  A copy that holds either end of
 * a run, byte by byte, holds a part of that log, and in it the same numbers are
 * the same records.  Anything less certain is handed out again: never is a
 * record taken for known because it looks like another.
 *
 * One such file of a source is read at a time, so that what one brings is known
 * before the next is looked through. */
#include "build.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forwarder/container.h"
#include "forwarder/follow_drop.h"
#include "forwarder/glob_case.h"

enum {
    UNROLL_READ = 65536,
    UNROLL_KNOWN = 1024 /* stretches of known records in one file; more are handed out again */
};

/* A part of the stream. */
struct part {
    bool record;
    uint32_t number; /* 0: it has none */
    size_t skip, length;
};

/* Parts [from, to) of the file. */
struct stretch {
    uint64_t from, to;
};

/* Either end of a run, to be found by its number. */
struct run_end {
    uint32_t number;
    const struct place_run *run;
    bool last;
};

struct drop_unroll {
    const struct container_class *class;
    struct container *container;
    struct stat as_opened;
    char *buffer, *look, *before; /* window; first bytes of the stream; the last record handed out */
    size_t start, end, cap, look_n, before_n, before_cap;
    bool eof;
    bool open_run; /* the last run goes on with the next part */
    bool joins;    /* ... or would: its last record was right before, and known */
    _Alignas(16) char state[256]; /* of the format */
    uint64_t part;   /* of the file: the next one */
    uint64_t at;     /* of the stream, without what is known: the next byte */
    size_t part_left;
    struct stretch known[UNROLL_KNOWN];
    unsigned n_known, known_at;
    uint32_t first, missed; /* number of the first record; before it there were so many that nobody read */
    unsigned n_runs; /* what was handed out so far, the last of it open: see drop_run */
    struct place_run run[PLACE_RUNS];
};

/* --- what was read before --------------------------------------------------------- */

static bool
same_start(const struct place_run *a, const struct place_run *b)
{
    return a->first == b->first && memcmp(a->first_hash, b->first_hash, PLACE_HASH) == 0;
}

static bool
add_run(struct follow_drop *f, const struct place_run *run)
{
    for (unsigned i = 0; i < f->n_runs; i++) {
        if (!same_start(&f->runs[i], run))
            continue;
        if (run->last > f->runs[i].last)
            f->runs[i] = *run;
        return true;
    }
    if (!f->runs && !(f->runs = calloc(DROP_RUNS, sizeof *f->runs)))
        return false;
    if (f->n_runs == DROP_RUNS)
        memmove(f->runs, f->runs + 1, --f->n_runs * sizeof *f->runs);
    f->runs[f->n_runs++] = *run;
    return true;
}

/* A checkpoint of some source: its runs count when its file was one of ours. */
static void
take_place(void *to, const char *path, const struct place *at)
{
    struct follow_drop *f = to;
    const char *name = strrchr(path, '/');
    size_t folder = name ? (size_t) (name - path) : 0, ours = f->last > f->pattern ? (size_t) (f->last - f->pattern) - 1 : 0;
    char *both;

    if (!at->once || !at->n_runs || !glob_case_match(f->last, name ? name + 1 : path, NULL)
        || !(both = malloc(folder + ours + 2)))
        return;
    memcpy(both, path, folder);
    both[folder] = '\0';
    memcpy(both + folder + 1, f->pattern, ours);
    both[folder + 1 + ours] = '\0';
    if (fnmatch(both + folder + 1, both, FNM_PATHNAME | FNM_CASEFOLD) == 0)
        for (unsigned i = 0; i < at->n_runs; i++)
            f->runs_wanting |= !add_run(f, &at->run[i]);
    free(both);
}

/* All that earlier starts have brought; false when memory ends. */
static bool
load_runs(struct follow_drop *f)
{
    if (f->runs_loaded || !f->base.taker.places)
        return true;
    f->runs_wanting = false;
    f->base.taker.places(f->base.taker.arg, take_place, f);
    return f->runs_loaded = !f->runs_wanting;
}

/* --- parts of the stream ------------------------------------------------------------- */

static int
fill(struct follow_drop *f, struct drop_unroll *u)
{
    ssize_t got;

    if (u->start) {
        memmove(u->buffer, u->buffer + u->start, u->end - u->start);
        u->end -= u->start;
        u->start = 0;
    }
    if (u->cap - u->end < UNROLL_READ) {
        size_t cap = u->cap ? 2 * u->cap : 4 * UNROLL_READ;
        char *grown = realloc(u->buffer, cap);
        if (!grown)
            return ENOMEM;
        u->buffer = grown;
        u->cap = cap;
    }
    follow_busy(&f->base);
    got = u->class->read(u->container, u->buffer + u->end, UNROLL_READ);
    follow_idle(&f->base);
    if (got < 0)
        return (int) -got;
    u->eof = got == 0;
    u->end += (size_t) got;
    return 0;
}

/* The next part, which then begins at 'start': 1, 0 at the end, or a negative
 * errno. */
static int
next_part(struct follow_drop *f, struct drop_unroll *u, struct part *out)
{
    for (;;) {
        struct format_span span = {0};
        size_t n = u->end - u->start;
        enum format_next found = FORMAT_MORE;
        int r;

        if (n)
            found = u->class->format->next(u->state, u->buffer + u->start, n, u->eof, &span);
        if (found == FORMAT_MORE && (n >= FORMAT_WINDOW || (n && u->eof))) {
            span = (struct format_span){.length = n};
            found = FORMAT_BAD;
        }
        if (found != FORMAT_MORE) {
            *out = (struct part){found == FORMAT_RECORD, found == FORMAT_RECORD ? span.number : 0, span.skip, span.length};
            u->part++;
            return 1;
        }
        if (u->eof)
            return 0;
        if (follow_stopped(&f->base))
            return -EINTR;
        if ((r = fill(f, u)))
            return -r;
    }
}

/* To the stream's beginning: 0 or an errno. */
static int
rewind_stream(struct follow_drop *f, struct drop_file *d, char *why, size_t why_size)
{
    struct drop_unroll *u = d->unroll;

    follow_busy(&f->base);
    u->class->close(u->container);
    u->container = u->class->open(d->fd, d->path, why, why_size);
    follow_idle(&f->base);
    memset(u->state, 0, sizeof u->state);
    u->start = u->end = 0;
    u->eof = false;
    u->part = u->at = 0;
    u->part_left = 0;
    u->known_at = 0;
    u->open_run = u->joins = false;
    return u->container ? 0 : EIO;
}

static bool
is_changed(const struct drop_unroll *u, int fd)
{
    const struct stat *was = &u->as_opened;
    struct stat is;

    return fstat(fd, &is) != 0 || is.st_size != was->st_size || is.st_mtim.tv_sec != was->st_mtim.tv_sec
           || is.st_mtim.tv_nsec != was->st_mtim.tv_nsec;
}

/* --- what of it is known ----------------------------------------------------------------- */

/* A run of the file that is being looked through. */
struct survey {
    struct run_end *ends;
    size_t n_ends;
    uint32_t first, last; /* numbers; 0: no run is open */
    uint64_t from;        /* its first part */
    bool only_bad;        /* since the run before */
    bool was_known;       /* that one, to its end */
    unsigned n_before;    /* stretches before the run */
};

static int
by_number(const void *a, const void *b)
{
    const struct run_end *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

static int
by_place(const void *a, const void *b)
{
    const struct stretch *x = a, *y = b;

    return (x->from > y->from) - (x->from < y->from);
}

/* The run's records numbered [first, last] are known; parts, while it is open, are
 * counted as if it had no end. */
static void
add_known(struct drop_unroll *u, const struct survey *v, const struct place_run *run)
{
    uint64_t from = run->first > v->first ? v->from + (run->first - v->first) : v->from;
    uint64_t to = v->from + (run->last - v->first) + 1;

    for (unsigned i = v->n_before; i < u->n_known; i++) {
        struct stretch *k = &u->known[i];

        if (from > k->to || to < k->from)
            continue;
        k->from = from < k->from ? from : k->from;
        k->to = to > k->to ? to : k->to;
        return;
    }
    if (u->n_known < UNROLL_KNOWN)
        u->known[u->n_known++] = (struct stretch){from, to};
}

/* No more numbers follow.  What is damaged between two records that are known was
 * told with them. */
static void
end_run(struct drop_unroll *u, struct survey *v)
{
    uint64_t end = v->from + (v->last - v->first) + 1;
    unsigned n = v->n_before;

    if (!v->first)
        return;
    qsort(u->known + n, u->n_known - n, sizeof *u->known, by_place);
    for (unsigned i = n; i < u->n_known; i++)
        if (u->known[i].to > end)
            u->known[i].to = end;
    if (n && u->n_known > n && v->was_known && v->only_bad && u->known[n].from == v->from)
        u->known[n].from = u->known[n - 1].to;
    v->was_known = u->n_known > n && u->known[u->n_known - 1].to == end;
    v->only_bad = true;
    v->n_before = u->n_known;
    v->first = 0;
}

static int
note_part(struct drop_unroll *u, struct survey *v, const struct part *p)
{
    struct run_end key = {.number = p->number}, *e;
    uint8_t hash[PLACE_HASH];
    bool hashed = false;

    if (!p->number || (v->first && p->number != v->last + 1))
        end_run(u, v);
    if (!u->first)
        u->first = p->number;
    if (!p->number) {
        v->only_bad = v->only_bad && !p->record;
        return 0;
    }
    if (!v->first) {
        v->first = p->number;
        v->from = u->part - 1;
    }
    v->last = p->number;
    e = v->n_ends ? bsearch(&key, v->ends, v->n_ends, sizeof *v->ends, by_number) : NULL;
    while (e && e > v->ends && e[-1].number == p->number)
        e--;
    for (; e && e < v->ends + v->n_ends && e->number == p->number; e++) {
        if (!hashed && !place_hash(u->buffer + u->start + p->skip, p->length, hash))
            return ENOMEM;
        hashed = true;
        if (memcmp(hash, e->last ? e->run->last_hash : e->run->first_hash, PLACE_HASH) == 0)
            add_known(u, v, e->run);
    }
    return 0;
}

/* Looks through the file for what is known of it: 0 or an errno. */
static int
survey(struct follow_drop *f, struct drop_unroll *u)
{
    struct survey v = {.n_ends = 2 * (size_t) f->n_runs};
    struct part p;
    int r = 0;

    if (!f->n_runs)
        return 0;
    v.ends = calloc(v.n_ends, sizeof *v.ends);
    if (!v.ends)
        return ENOMEM;
    for (unsigned i = 0; i < f->n_runs; i++) {
        v.ends[2 * i] = (struct run_end){f->runs[i].first, &f->runs[i], false};
        v.ends[2 * i + 1] = (struct run_end){f->runs[i].last, &f->runs[i], true};
    }
    qsort(v.ends, v.n_ends, sizeof *v.ends, by_number);
    while (!r && (r = next_part(f, u, &p)) == 1) {
        r = note_part(u, &v, &p);
        u->start += p.skip + p.length;
    }
    end_run(u, &v);
    free(v.ends);
    return r < 0 ? -r : r;
}

/* --- what is handed out ------------------------------------------------------------------- */

/* The open run's last record is the one before: its hash. */
static bool
close_run(struct drop_unroll *u)
{
    bool ok = !u->open_run || place_hash(u->before, u->before_n, u->run[u->n_runs - 1].last_hash);

    u->open_run = false;
    return ok;
}

static bool
begin_run(struct drop_unroll *u, const struct part *p)
{
    struct place_run *last = u->n_runs ? &u->run[u->n_runs - 1] : NULL;

    u->open_run = true;
    /* What was handed out of this very log goes on. */
    if (last && u->joins && p->number == last->last + 1) {
        last->last = p->number;
        return true;
    }
    if (u->n_runs == PLACE_RUNS)
        memmove(u->run, u->run + 1, --u->n_runs * sizeof *u->run);
    last = &u->run[u->n_runs++];
    last->first = last->last = p->number;
    return place_hash(u->buffer + u->start + p->skip, p->length, last->first_hash);
}

/* Notes a part that is not; false when memory ends. */
static bool
note_known(struct drop_unroll *u, const struct part *p)
{
    const struct place_run *last = u->n_runs ? &u->run[u->n_runs - 1] : NULL;
    uint8_t hash[PLACE_HASH];

    u->joins = false;
    if (!close_run(u))
        return false;
    if (!last || !p->number || p->number != last->last)
        return true;
    if (!place_hash(u->buffer + u->start + p->skip, p->length, hash))
        return false;
    u->joins = memcmp(hash, last->last_hash, PLACE_HASH) == 0;
    return true;
}

/* Notes a part that is handed out; false when memory ends. */
static bool
note_out(struct drop_unroll *u, const struct part *p)
{
    bool on = u->open_run && p->number && p->number == u->run[u->n_runs - 1].last + 1;

    if (!on && !close_run(u))
        return false;
    if (on)
        u->run[u->n_runs - 1].last = p->number;
    else if (p->number && !begin_run(u, p))
        return false;
    u->joins = false;
    if (!p->number)
        return true;
    if (p->length > u->before_cap) {
        char *grown = realloc(u->before, 2 * p->length);
        if (!grown)
            return false;
        u->before = grown;
        u->before_cap = 2 * p->length;
    }
    memcpy(u->before, u->buffer + u->start + p->skip, p->length);
    u->before_n = p->length;
    return true;
}

/* The next part that is not known, to be handed out: 1, 0 at the end, or negative
 * errno. */
static int
next_out(struct follow_drop *f, struct drop_unroll *u)
{
    struct part p;
    int r;

    while ((r = next_part(f, u, &p)) == 1) {
        uint64_t i = u->part - 1;

        while (u->known_at < u->n_known && u->known[u->known_at].to <= i)
            u->known_at++;
        if (u->known_at < u->n_known && u->known[u->known_at].from <= i) {
            if (!note_known(u, &p))
                return -ENOMEM;
            u->start += p.skip + p.length;
            continue;
        }
        if (!note_out(u, &p))
            return -ENOMEM;
        u->part_left = p.skip + p.length;
        return 1;
    }
    return r == 0 && !close_run(u) ? -ENOMEM : r;
}

/* The next bytes to 'p', or nowhere when that is NULL: how many, or negative errno. */
static ssize_t
read_on(struct follow_drop *f, struct drop_unroll *u, char *p, size_t n)
{
    size_t got = 0;
    int r = 1;

    while (got < n) {
        size_t take;

        if (!u->part_left && (r = next_out(f, u)) <= 0)
            break;
        take = u->part_left < n - got ? u->part_left : n - got;
        if (p)
            memcpy(p + got, u->buffer + u->start, take);
        u->start += take;
        u->part_left -= take;
        u->at += take;
        got += take;
    }
    return r < 0 ? r : (ssize_t) got;
}

ssize_t
follow_drop_unrolled(struct follow_drop *f, struct drop_file *d, char *p, size_t n, uint64_t at)
{
    struct drop_unroll *u = d->unroll;
    ssize_t got = 1;
    size_t ready = 0;

    if (at < u->look_n) {
        ready = u->look_n - (size_t) at < n ? u->look_n - (size_t) at : n;
        memcpy(p, u->look + at, ready);
    }
    if (ready < n && at + ready < u->at)
        return -ESPIPE; /* nobody goes back */
    while (ready < n && u->at < at + ready && got > 0)
        got = read_on(f, u, NULL, at + ready - u->at < UNROLL_READ ? (size_t) (at + ready - u->at) : UNROLL_READ);
    if (ready < n && got > 0)
        got = read_on(f, u, p + ready, n - ready);
    if (got < 0)
        return got;
    /* What is known was found in the file as it was opened. */
    if (is_changed(u, d->fd))
        return -ESTALE;
    return (ssize_t) (ready + (ready < n ? (size_t) got : 0));
}

/* --- opening ----------------------------------------------------------------------------- */

int
follow_drop_unroll(struct follow_drop *f, struct drop_file *d, const struct place *was)
{
    const struct container_class *class;
    char why[512] = "", head[64];
    struct drop_unroll *u;
    bool claimed;
    int r = 0;

    class = follow_drop_class(f, d);
    if (!class && f->copies)
        return follow_drop_why(d, "it is no event log (.evtx) of Windows Vista or later");
    if (!class)
        return 0;
    d->unrolls = true;
    if (f->unrolling)
        return EAGAIN;
    if (class->missing)
        return follow_drop_why(d, class->missing);
    if (!load_runs(f) || !(u = d->unroll = calloc(1, sizeof *u)) || !(u->look = malloc(FOLLOW_LOOK)))
        return ENOMEM;
    u->class = class;
    if (d->gz && (r = follow_drop_unpack(f, d)))
        return r == EFBIG ? follow_drop_why(d, "what is packed in it is more than 1 GiB; unpack it") : r;
    claimed = pread(d->fd, head, sizeof head, 0) == (ssize_t) sizeof head && class->claims(str_make(head, sizeof head));
    if (fstat(d->fd, &u->as_opened) != 0)
        return errno;
    if (rewind_stream(f, d, why, sizeof why)) {
        size_t n = strlen(d->path);

        /* Said to be an event log, and is none: its bytes are told as such. */
        if (!claimed) {
            follow_drop_rolled(d);
            return 0;
        }
        return follow_drop_why(d, strncmp(why, d->path, n) == 0 && why[n] == ':' ? why + n + 2 : why);
    }
    r = survey(f, u);
    if (!r && f->n_runs)
        r = rewind_stream(f, d, why, sizeof why);
    if (!r && was) {
        if (was->finished && was->n_runs && !u->n_known && u->first > was->run[was->n_runs - 1].last)
            u->missed = u->first - was->run[was->n_runs - 1].last - 1;
        u->n_runs = was->n_runs;
        memcpy(u->run, was->run, sizeof u->run);
    }
    if (!r) {
        ssize_t n = read_on(f, u, u->look, FOLLOW_LOOK);

        r = n < 0 ? (int) -n : is_changed(u, d->fd) ? ESTALE : 0;
        u->look_n = n > 0 ? (size_t) n : 0;
    }
    if (!r)
        f->unrolling = d;
    return r;
}

uint32_t
follow_drop_missed(const struct drop_file *d, uint32_t *first)
{
    *first = d->unroll->first - d->unroll->missed;
    return d->unroll->missed;
}

void
follow_drop_runs(const struct drop_file *d, struct place *out)
{
    out->n_runs = d->unroll->n_runs;
    memcpy(out->run, d->unroll->run, sizeof out->run);
}

void
follow_drop_unrolled_all(struct follow_drop *f, const struct drop_file *d)
{
    /* Without memory for it a later copy brings again what this one did. */
    for (unsigned i = 0; i < d->unroll->n_runs; i++)
        add_run(f, &d->unroll->run[i]);
}

void
follow_drop_rolled(struct drop_file *d)
{
    struct drop_unroll *u = d->unroll;

    if (!u)
        return;
    u->class->close(u->container);
    free(u->buffer);
    free(u->look);
    free(u->before);
    free(u);
    d->unroll = NULL;
}
