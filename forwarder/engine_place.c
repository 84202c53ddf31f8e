/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine_place.c - the places of the sources' logs: those of logs that are not
 * followed now, in memory for whoever asks, and all of them to the journal.
 * Called by the engine's other files; engine_place() and engine_each_place() by the
 * follows' threads. */
#include "build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/engine_parts.h"
#include "forwarder/log.h"

static struct engine_place *
find_place(struct engine *e, const char *path)
{
    unsigned low = 0, high = e->n_places;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (strcmp(e->places[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < e->n_places && strcmp(e->places[low].path, path) == 0 ? &e->places[low] : NULL;
}

/* What a follow asks: from its thread. */
bool
engine_place(void *arg, const char *path, struct place *out)
{
    struct engine *e = arg;
    const struct engine_place *k;
    bool ok;

    pthread_mutex_lock(&e->places_lock);
    k = find_place(e, path);
    ok = k && k->p && stream_saved_place(k->p, k->n, out);
    pthread_mutex_unlock(&e->places_lock);
    return ok;
}

void
engine_each_place(void *arg, void (*each)(void *to, const char *path, const struct place *), void *to)
{
    struct engine *e = arg;
    struct place at;

    pthread_mutex_lock(&e->places_lock);
    for (unsigned i = 0; i < e->n_places; i++)
        if (e->places[i].p && stream_saved_place(e->places[i].p, e->places[i].n, &at))
            each(to, e->places[i].path, &at);
    pthread_mutex_unlock(&e->places_lock);
}

void
engine_resume_stream(struct engine *e, struct tail *t)
{
    const struct engine_place *k;

    pthread_mutex_lock(&e->places_lock);
    k = find_place(e, stream_path(t->stream));
    if (k && k->p && !stream_resume(t->stream, k->p, k->n))
        log_warn("%s: its checkpoint cannot be read; it is read from its start", stream_path(t->stream));
    t->known = k && k->p;
    pthread_mutex_unlock(&e->places_lock);
    t->history = !e->once && (!t->known || e->history);
    if (t->history)
        e->history = true;
}

int
engine_keep_place(struct engine *e, const char *path, const void *p, size_t n, bool unsaved)
{
    void *copy = malloc(n ? n : 1), *name = NULL;
    struct engine_place *k, *grown;
    unsigned at = 0;

    if (!copy)
        return -ENOMEM;
    memcpy(copy, p, n);
    pthread_mutex_lock(&e->places_lock);
    k = find_place(e, path);
    if (!k && (name = strdup(path)) && (grown = realloc(e->places, (e->n_places + 1) * sizeof *grown))) {
        e->places = grown;
        while (at < e->n_places && strcmp(e->places[at].path, path) < 0)
            at++;
        memmove(&grown[at + 1], &grown[at], (e->n_places++ - at) * sizeof *grown);
        k = &grown[at];
        *k = (struct engine_place){.path = name};
        name = NULL;
    }
    free(name);
    if (k) {
        free(k->p);
        k->p = copy;
        k->n = n;
        copy = NULL;
        e->unsaved += unsaved - k->unsaved;
        k->unsaved = unsaved;
    }
    pthread_mutex_unlock(&e->places_lock);
    free(copy);
    return k ? 0 : -ENOMEM;
}

int
engine_take_place(void *arg, const char *name, const void *p, size_t n)
{
    return engine_keep_place(arg, name, p, n, false);
}

void
engine_forget_place(struct engine *e, const char *path)
{
    struct engine_place *k;

    pthread_mutex_lock(&e->places_lock);
    k = find_place(e, path);
    if (k) {
        free(k->p);
        k->p = NULL;
        k->n = 0;
        e->unsaved += !k->unsaved;
        k->unsaved = true;
    }
    pthread_mutex_unlock(&e->places_lock);
}

int
engine_put_places(struct engine *e)
{
    int r = 0;

    for (unsigned i = 0; !r && i < e->n_tails; i++) {
        struct tail *t = e->tails[i];
        struct keep_out o = {0};

        if (!t->moved)
            continue;
        if (stream_save(t->stream, &o))
            r = journal_put(e->journal, "source", stream_path(t->stream), o.p, o.n);
        else if (t->opened)
            r = -ENOMEM;
        free(o.p);
    }
    /* Places of logs that are no longer followed, read since the last commit;
     * and those that are given up. */
    for (unsigned i = 0; !r && e->unsaved && i < e->n_places; i++)
        if (e->places[i].unsaved)
            r = journal_put(e->journal, "source", e->places[i].path, e->places[i].p, e->places[i].n);
    return r;
}

void
engine_places_saved(struct engine *e)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < e->n_tails; i++)
        e->tails[i]->moved = false;
    if (!e->unsaved)
        return;
    pthread_mutex_lock(&e->places_lock);
    for (unsigned i = 0; i < e->n_places; i++) {
        e->places[i].unsaved = false;
        if (e->places[i].p)
            e->places[kept++] = e->places[i];
        else
            free(e->places[i].path);
    }
    e->n_places = kept;
    e->unsaved = 0;
    pthread_mutex_unlock(&e->places_lock);
}

static int
newest_first(const void *a, const void *b)
{
    const struct engine_file *x = a, *y = b;

    if (x->finished != y->finished)
        return x->finished > y->finished ? -1 : 1;
    return strcmp(x->path, y->path);
}

struct engine_file *
engine_files(struct engine *e, unsigned *n)
{
    struct engine_file *files = e->n_places ? calloc(e->n_places, sizeof *files) : NULL;
    struct place at;

    *n = 0;
    for (unsigned i = 0; files && i < e->n_places; i++) {
        const struct engine_place *k = &e->places[i];

        if (k->p && stream_saved_place(k->p, k->n, &at) && at.once)
            files[(*n)++] = (struct engine_file){k->path, at.records, at.unframed, at.finished};
    }
    if (*n > 1)
        qsort(files, *n, sizeof *files, newest_first);
    return files;
}
