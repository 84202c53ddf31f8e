/* SPDX-License-Identifier: BSD-2-Clause
 *
 * follow_files.c - which files are there: one pass over each folder of a source,
 * one statx a file that is of interest, nothing opened.  Files are grouped to
 * logs and ordered, oldest first.  Called by follow.c at each look; decides
 * nothing about what is read. */
#include "build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/follow_state.h"
#include "forwarder/glob_case.h"

/* A folder is read again when names changed while it was read: a rename can
 * make a file appear twice or not at all.  So often at most. */
enum { LOOKS = 4 };

/* File systems on which a file held open, or a lock, is felt elsewhere. */
static bool
is_remote(struct follow_logs *f, const char *path)
{
    static const uint32_t types[] = {0x6969 /* NFS */,  0xff534d42 /* CIFS */,   0xfe534d42 /* SMB2 */,
                                     0x517b /* SMB */,  0x65735546 /* FUSE */,   0x01021997 /* 9P */,
                                     0x5346414f /* AFS */, 0x73757245 /* CODA */, 0x00c36400 /* CEPH */};
    struct statfs st;
    int r;

    follow_busy(&f->base);
    r = statfs(*path ? path : ".", &st);
    follow_idle(&f->base);
    for (size_t i = 0; r == 0 && i < sizeof types / sizeof types[0]; i++)
        if ((uint32_t) st.f_type == types[i])
            return true;
    return false;
}

static int64_t
when(const struct statx_timestamp *t)
{
    return t->tv_sec * INT64_C(1000000000) + t->tv_nsec;
}

/* Fills what 'e' knows of the file.  0, -ENOENT for what is no regular file, or
 * negative errno. */
static int
stat_entry(struct follow_logs *f, int dir, const char *name, struct follow_entry *e)
{
    struct statx st;
    int r;

    follow_busy(&f->base);
    r = statx(dir, name, 0, STATX_TYPE | STATX_INO | STATX_SIZE | STATX_MTIME | STATX_BTIME, &st) ? -errno : 0;
    follow_idle(&f->base);
    if (r)
        return r;
    if (!S_ISREG(st.stx_mode))
        return -ENOENT;
    e->dev = makedev(st.stx_dev_major, st.stx_dev_minor);
    e->ino = st.stx_ino;
    e->size = st.stx_size;
    e->modified = when(&st.stx_mtime);
    e->birth = st.stx_mask & STATX_BTIME ? when(&st.stx_btime) : 0;
    return 0;
}

/* The log's name in the table: folder number and name, in lower case; with
 * 'exact' as it is, for a second name that differs in case alone. */
static struct str
make_key(char *out, size_t size, unsigned folder, const char *name, bool exact)
{
    int n = snprintf(out, size, "%u%s%s", folder, exact ? "//" : "/", name);

    for (char *p = out; !exact && *p; p++)
        *p = (char) (*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    return str_make(out, n > 0 && (size_t) n < size ? (size_t) n : 0);
}

static struct flog *
log_new(struct follow_logs *f, unsigned folder, const char *live, struct str key)
{
    struct flog *l = calloc(1, sizeof *l);
    const char *dir = f->folders[folder]->path;
    size_t n = strlen(dir), size = n + strlen(live) + 2;

    if (!l)
        return NULL;
    l->follow = f;
    l->folder = f->folders[folder];
    l->path = malloc(size);
    l->key = strndup(key.p, key.n);
    if (!l->path || !l->key || !map_put(f->logs, key, l)) {
        follow_log_free(l);
        return NULL;
    }
    snprintf(l->path, size, "%s%s%s", dir, n && dir[n - 1] != '/' ? "/" : "", live);
    l->live = l->path + strlen(l->path) - strlen(live);
    l->pub.path = l->path;
    l->pub.source = f->base.source;
    l->linked = true;
    f->n_unready++;
    pthread_mutex_lock(&f->base.lock);
    f->base.status.logs++;
    pthread_mutex_unlock(&f->base.lock);
    return l;
}

void
follow_log_free(struct flog *l)
{
    if (!l)
        return;
    free(l->path);
    free(l->key);
    free(l->entry);
    free(l->before);
    free(l);
}

static struct follow_entry *
entry_named(struct flog *l, const char *name)
{
    uint64_t hash = str_hash(str_z(name));

    for (unsigned i = 0; i < l->n_entries; i++)
        if (l->entry[i].hash == hash && strcmp(l->entry[i].name, name) == 0)
            return &l->entry[i];
    return NULL;
}

static struct follow_entry *
live_entry(struct flog *l)
{
    struct follow_entry *e = l->n_entries ? &l->entry[l->n_entries - 1] : NULL;

    return e && e->generation.kind == GENERATION_LIVE ? e : NULL;
}

/* The log that a file belongs to, made if need be.  Two live names that differ
 * in case only are two logs where the file system says so. */
static struct flog *
log_of(struct follow_logs *f, unsigned folder, int dir, const char *name, const struct generation *g)
{
    char key[PLACE_NAME + 32];
    struct str k = make_key(key, sizeof key, folder, name, true);
    struct flog *l = g->kind == GENERATION_LIVE ? map_get(f->logs, k) : NULL;
    struct follow_entry *other, now = {0}, here = {0};

    if (l)
        return l;
    k = make_key(key, sizeof key, folder, g->live, false);
    l = map_get(f->logs, k);
    if (!l)
        return f->frozen ? NULL : log_new(f, folder, g->live, k);
    if (g->kind != GENERATION_LIVE || !(other = live_entry(l)) || strcmp(other->name, name) == 0
        || stat_entry(f, dir, other->name, &now) || stat_entry(f, dir, name, &here)
        || (now.ino == here.ino && now.dev == here.dev))
        return l;
    k = make_key(key, sizeof key, folder, name, true);
    return f->frozen ? NULL : log_new(f, folder, name, k);
}

/* What is known of the file under the name it had at the last look. */
static void
carry_over(struct flog *l, struct follow_entry *e)
{
    for (unsigned i = 0; i < l->n_before; i++) {
        const struct follow_entry *old = &l->before[i];

        if (old->ino != e->ino || old->dev != e->dev || old->birth != e->birth || old->size != e->size
            || old->modified != e->modified || old->generation.packed != e->generation.packed)
            continue;
        e->since = old->since;
        if ((old->generation.kind == GENERATION_LIVE) == (e->generation.kind == GENERATION_LIVE))
            e->class = old->class;
        return;
    }
}

/* Notes one file of the log; false when memory ends. */
static bool
note(struct follow_logs *f, struct flog *l, const char *name, const struct generation *g, const struct follow_entry *st)
{
    struct follow_entry *e = entry_named(l, name);
    bool fresh = !e, moved = false;

    if (!l->before && l->n_entries && (fresh || e->dev != st->dev || e->ino != st->ino)) {
        l->before = malloc(l->n_entries * sizeof *l->before);
        if (!l->before)
            return false;
        memcpy(l->before, l->entry, l->n_entries * sizeof *l->before);
        l->n_before = l->n_entries;
    }
    if (fresh) {
        if (l->n_entries == l->cap) {
            unsigned cap = l->cap ? l->cap * 2 : 2;
            struct follow_entry *grown = realloc(l->entry, cap * sizeof *grown);

            if (!grown)
                return false;
            l->entry = grown;
            l->cap = cap;
        }
        e = &l->entry[l->n_entries++];
        memset(e, 0, sizeof *e);
        snprintf(e->name, sizeof e->name, "%s", name);
        e->hash = str_hash(str_z(name));
        e->generation = *g;
    }
    e->seen = f->look;
    if (fresh || e->dev != st->dev || e->ino != st->ino || e->birth != st->birth) {
        moved = true;
        l->renamed = true;
    } else if (e->size == st->size && e->modified == st->modified)
        return true;
    l->changed = true;
    e->dev = st->dev;
    e->ino = st->ino;
    e->size = st->size;
    e->modified = st->modified;
    e->birth = st->birth;
    e->since = clock_monotonic();
    e->class = CLASS_UNKNOWN;
    if (moved)
        carry_over(l, e);
    return true;
}

/* The file cannot be looked at: what was known of it stays. */
static void
keep(struct follow_logs *f, unsigned folder, const char *name, int error)
{
    struct flog *l = follow_files_log(f, folder, name);
    struct follow_entry *e = l ? entry_named(l, name) : NULL;

    if (e)
        e->seen = f->look;
    if (l) {
        l->blind = f->look;
        l->blind_error = l->error = error;
        snprintf(l->error_name, sizeof l->error_name, "%s", name);
    }
}

/* 0, or negative errno: the folder could not be read to its end. */
static int
look_through(struct follow_logs *f, unsigned folder)
{
    const char *path = f->folders[folder]->path;
    struct follow_entry st;
    struct generation g;
    const struct dirent *e;
    struct flog *l;
    DIR *d;
    int r = 0;

    follow_busy(&f->base);
    d = opendir(*path ? path : ".");
    r = d ? 0 : -errno;
    follow_idle(&f->base);
    while (d && !follow_stopped(&f->base)) {
        follow_busy(&f->base);
        errno = 0;
        e = readdir(d);
        r = -errno;
        follow_idle(&f->base);
        if (!e)
            break;
        if (e->d_type == DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0
            || !generation_parse(e->d_name, &g))
            continue;
        if (!glob_case_match(f->last, g.live, NULL) && !glob_case_match(f->last, e->d_name, NULL))
            continue;
        if ((r = stat_entry(f, dirfd(d), e->d_name, &st)) != 0) {
            if (r != -ENOENT) /* else gone since, or no file */
                keep(f, folder, e->d_name, -r);
            continue;
        }
        l = log_of(f, folder, dirfd(d), e->d_name, &g);
        if (!l && f->frozen)
            continue;
        if (!l || !note(f, l, e->d_name, &g, &st)) {
            r = -ENOMEM;
            break;
        }
    }
    if (d)
        closedir(d);
    return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

static int
by_kind(const void *a, const void *b)
{
    const struct follow_entry *x = a, *y = b;
    int r = generation_compare(&x->generation, &y->generation);

    return r ? r : strcmp(x->name, y->name);
}

/* Orders the entries: each kind by what its names say, the kinds among each
 * other by time, the live file last.  False when memory ends. */
static bool
order(struct flog *l)
{
    unsigned at[GENERATION_KINDS] = {0}, end[GENERATION_KINDS] = {0}, n = 0;
    struct follow_entry *out;

    qsort(l->entry, l->n_entries, sizeof *l->entry, by_kind);
    for (unsigned i = l->n_entries; i-- > 0;)
        at[l->entry[i].generation.kind] = i;
    for (unsigned i = 0; i < l->n_entries; i++)
        end[l->entry[i].generation.kind] = i + 1;
    out = malloc(l->cap * sizeof *out);
    if (!out)
        return false;
    while (n < l->n_entries) {
        int best = -1;

        for (int k = GENERATION_LIVE + 1; k < GENERATION_KINDS; k++)
            if (at[k] < end[k] && (best < 0 || l->entry[at[k]].modified < l->entry[at[best]].modified))
                best = k;
        if (best < 0)
            best = GENERATION_LIVE;
        out[n++] = l->entry[at[best]++];
    }
    free(l->entry);
    l->entry = out;
    return true;
}

/* What the look did not see is gone, unless its folder could not be read. */
static void
forget(struct follow_logs *f, struct flog *l)
{
    unsigned n = 0;

    if (l->folder->error == 0) {
        for (unsigned i = 0; i < l->n_entries; i++) {
            if (l->entry[i].seen == f->look)
                l->entry[n++] = l->entry[i];
            else
                l->changed = l->renamed = true;
        }
        l->n_entries = n;
    }
    if ((l->renamed || l->disordered) && l->n_entries > 1) {
        /* In disorder they say nothing of what is older: another look is needed. */
        l->disordered = !order(l);
        if (l->disordered)
            l->folder->error = -ENOMEM;
    }
}

/* The folders that the pattern names; those that are known keep their number. */
static void
find_folders(struct follow_logs *f)
{
    struct glob_case found;

    follow_busy(&f->base);
    f->folders_error = -glob_case_folders(f->pattern, &found);
    follow_idle(&f->base);
    for (unsigned i = 0; i < found.n && !follow_stopped(&f->base); i++) {
        struct follow_folder *folder;
        unsigned k = 0;

        while (k < f->n_folders && strcmp(f->folders[k]->path, found.path[i]) != 0)
            k++;
        if (k < f->n_folders)
            continue;
        if (f->n_folders == f->cap_folders) {
            unsigned cap = f->cap_folders ? f->cap_folders * 2 : 4;
            struct follow_folder **grown = realloc(f->folders, cap * sizeof(*grown));

            if (!grown) {
                f->folders_error = ENOMEM;
                break;
            }
            f->folders = grown;
            f->cap_folders = cap;
        }
        if (!(folder = calloc(1, sizeof *folder)) || !(folder->path = strdup(found.path[i]))) {
            free(folder);
            f->folders_error = ENOMEM;
            break;
        }
        folder->watch = -1;
        f->folders[f->n_folders++] = folder;
    }
    glob_case_free(&found);
}

/* Watches the folder, once it is there.  A watch goes with its folder; a share
 * can be mounted over it at any time. */
static void
watch(struct follow_logs *f, struct follow_folder *folder)
{
    const char *path = *folder->path ? folder->path : ".";

    folder->remote = is_remote(f, path);
    if (folder->remote) {
        pthread_mutex_lock(&f->base.lock);
        f->base.status.remote = true;
        pthread_mutex_unlock(&f->base.lock);
        if (folder->watch >= 0)
            inotify_rm_watch(f->inotify, folder->watch);
        folder->watch = -1; /* it would tell of what this machine does */
        return;
    }
    if (f->inotify < 0 || folder->watch >= 0)
        return;
    follow_busy(&f->base);
    folder->watch = inotify_add_watch(f->inotify, path, IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM
                                                        | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR);
    follow_idle(&f->base);
}

void
follow_files_look(struct follow_logs *f)
{
    bool again = true;

    if (f->n_folders == 0 || f->wild)
        find_folders(f);
    for (unsigned i = 0; i < f->n_folders; i++)
        watch(f, f->folders[i]); /* first: what comes while we look is not missed */
    for (unsigned n = 0; again && n < LOOKS && !follow_stopped(&f->base); n++) {
        again = false;
        f->look++;
        for (unsigned i = 0; i < f->n_folders && !follow_stopped(&f->base); i++)
            f->folders[i]->error = look_through(f, i);
        if (follow_stopped(&f->base))
            return;
        for (unsigned i = 0; i < map_count(f->logs); i++) {
            struct flog *l = map_at(f->logs, i);
            bool before = l->renamed;

            forget(f, l);
            free(l->before);
            l->before = NULL;
            l->n_before = 0;
            again = again || l->renamed;
            l->moves += l->renamed;
            if (l->renamed && n + 1 == LOOKS) {
                l->blind_error = l->blind == f->look ? l->blind_error : 0;
                l->blind = f->look; /* names move faster than they are read */
                l->pending = f->look_now = true;
            }
            l->renamed = false;
            l->changed = l->changed || before;
        }
    }
}

bool
follow_files_sure(const struct follow_logs *f, const struct flog *l)
{
    return follow_files_error(f, l) == 0 && (f->base.taker.once || l->blind != f->look);
}

int
follow_files_error(const struct follow_logs *f, const struct flog *l)
{
    return l->folder->error ? -l->folder->error : l->blind == f->look ? l->blind_error : 0;
}

struct flog *
follow_files_log(struct follow_logs *f, unsigned folder, const char *name)
{
    char key[PLACE_NAME + 32];
    struct flog *l = map_get(f->logs, make_key(key, sizeof key, folder, name, true));
    struct generation g;

    if (l || !generation_parse(name, &g))
        return l;
    return map_get(f->logs, make_key(key, sizeof key, folder, g.live, false));
}

void
follow_files_drop(struct follow_logs *f, struct flog *l)
{
    map_take(f->logs, str_z(l->key));
    pthread_mutex_lock(&f->base.lock);
    f->base.status.logs--;
    pthread_mutex_unlock(&f->base.lock);
}

bool
follow_files_by_inode(struct follow_logs *f, struct flog *l, uint64_t dev, uint64_t ino, struct follow_entry *out)
{
    const char *path = *l->folder->path ? l->folder->path : ".";
    const struct dirent *e;
    bool found = false;
    DIR *d;
    int r;

    follow_busy(&f->base);
    d = opendir(path);
    r = d || errno == ENOENT || errno == ENOTDIR ? 0 : errno;
    while (d && !found) {
        errno = 0;
        e = readdir(d);
        r = errno;
        if (!e)
            break;
        if (e->d_ino != ino || strlen(e->d_name) >= sizeof out->name)
            continue;
        memset(out, 0, sizeof *out);
        found = stat_entry(f, dirfd(d), e->d_name, out) == 0 && out->dev == dev && out->ino == ino;
        if (found)
            snprintf(out->name, sizeof out->name, "%s", e->d_name);
        follow_busy(&f->base);
    }
    if (d)
        closedir(d);
    follow_idle(&f->base);
    if (r) {
        l->error = r;
        snprintf(l->error_name, sizeof l->error_name, "%s", l->live);
    }
    return found;
}

void
follow_files_free(struct follow_logs *f)
{
    while (f->logs && map_count(f->logs)) {
        struct flog *l = map_at(f->logs, 0);

        follow_queue_clear(f, l);
        follow_read_free(f, l->current);
        map_take(f->logs, str_z(l->key));
        follow_log_free(l);
    }
    map_free(f->logs);
    for (unsigned i = 0; i < f->n_folders; i++) {
        free(f->folders[i]->path);
        free(f->folders[i]);
    }
    free(f->folders);
}
