/* SPDX-License-Identifier: BSD-2-Clause
 *
 * stream_fed.c - a stream whose bytes come from a follow: file after file of
 * one log, in pieces of any size.  Called by tail.c.  How the bytes are cut
 * changes nothing: what a file is, is decided from its first line or more, a
 * record is handed out when its end was seen. */
#include "build.h"

#include "forwarder/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "forwarder/clock.h"
#include "forwarder/stream_state.h"
#include "parsers/evt_pack.h"
#include "parsers/evtx.h"

struct stream *
stream_open_fed(const char *path, const struct stream_options *o, char *err, size_t errlen)
{
    struct stream *s = stream_new(path, o, err, errlen);

    if (s) {
        s->fed = true;
        s->raw.keep = PLACE_TAIL;
    }
    return s;
}

static bool
hash(struct stream *s, const char *p, size_t n, uint8_t out[PLACE_HASH])
{
    return id_begin(s->hasher, STR("place"), STR("")) && id_add(s->hasher, p, n) && id_end(s->hasher, out);
}

/* The file that was read goes first in the list of those that are done.  False
 * when memory ends. */
static bool
note_done(struct stream *s)
{
    struct place *at = &s->place;
    uint8_t head[PLACE_HASH];

    if (!s->opened || !s->eof)
        return true;
    if (!hash(s, s->head, s->head_n, head))
        return false;
    if (at->n_done < PLACE_DONE)
        at->n_done++;
    memmove(at->done[1], at->done[0], (at->n_done - 1) * sizeof at->done[0]);
    memcpy(at->done[0], head, sizeof head);
    return true;
}

int
stream_file(struct stream *s, const struct place *at, struct str look, struct str before)
{
    struct place done;
    int r = 0;

    if (!note_done(s))
        return -ENOMEM;
    done = s->place;
    s->place = *at;
    if (at->n_done == 0) {
        s->place.n_done = done.n_done;
        memcpy(s->place.done, done.done, sizeof done.done);
    }
    s->raw.start = s->raw.end = s->text.start = s->text.end = s->decoded = 0;
    s->eof = s->refused = false;
    s->opened = true;
    s->place.finished = 0;
    s->n_runs = 0;
    s->file_records = s->stats.records - at->records;
    s->file_unframed = s->stats.unframed_bytes - at->unframed;
    s->read_at = s->offset = at->offset;
    s->line = at->line ? at->line : 1;
    s->mark = at->mark;
    s->head_n = look.n < PLACE_HEAD ? look.n : PLACE_HEAD;
    if (s->head_n)
        memcpy(s->head, look.p, s->head_n);
    s->format = NULL;
    if (!stream_name(s, at->name))
        return -ENOMEM;
    if (at->offset > 0) {
        r = stream_decide(s, look.p, look.n, true);
        if (!r && !stream_buffer_room(&s->raw, before.n + 1))
            r = -ENOMEM;
        if (!r && before.n) {
            memcpy(s->raw.p, before.p, before.n);
            s->raw.start = s->raw.end = before.n;
        }
    }
    return r;
}

/* Whether the first bytes are enough to say what they are: a line, or as many
 * as are ever looked at.  A mark of UTF-16 needs its line to be even. */
static bool
enough(const struct stream *s)
{
    struct str head = str_make(s->raw.p, s->raw.end);

    return s->eof || s->raw.end >= 2 * STREAM_LOOK || evt_pack_probe(head) || evtx_pack_probe(head)
           || (s->raw.end >= 4 && memchr(s->raw.p, '\n', s->raw.end - 1) != NULL)
           || (s->raw.end >= 4 && s->raw.p[s->raw.end - 1] == '\n');
}

/* Takes the first bytes of a file that is read from its start for what they
 * are.  0, also when there are too few of them so far. */
static int
begin(struct stream *s)
{
    const struct container_class *class;
    int r;

    if (!enough(s))
        return 0;
    if ((class = container_claiming(str_make(s->raw.p, s->raw.end))) && !evt_pack_probe(str_make(s->raw.p, s->raw.end))) {
        snprintf(s->error, sizeof s->error,
                 "%s: not read: it is a binary event log; give it a source of its own, with format=\"%s\"", s->path,
                 class->format->name);
        s->refused = true;
        s->raw.start = s->raw.end = 0;
        return 0;
    }
    r = stream_decide(s, s->raw.p, s->raw.end, s->eof || s->raw.end >= STREAM_LOOK);
    if (r == -EPROTONOSUPPORT) {
        s->refused = true;
        s->raw.start = s->raw.end = 0;
    }
    if (r == -EAGAIN || r == -EPROTONOSUPPORT) {
        s->format = NULL;
        return 0;
    }
    if (r)
        return r;
    s->raw.start = s->bom;
    s->offset = s->bom;
    s->stats.bytes += s->bom;
    r = stream_decode(s);
    if (!r && !s->nearest_known && !s->order_known)
        stream_peek(s);
    return r;
}

int
stream_feed(struct stream *s, const char *p, size_t n)
{
    if (!stream_buffer_room(&s->raw, n))
        return -ENOMEM;
    memcpy(s->raw.p + s->raw.end, p, n);
    s->raw.end += n;
    if (s->head_n < PLACE_HEAD && s->read_at <= s->head_n && s->read_at + n > s->head_n) {
        size_t known = s->head_n - (size_t) s->read_at, more = n - known;

        if (more > PLACE_HEAD - s->head_n)
            more = PLACE_HEAD - s->head_n;
        memcpy(s->head + s->head_n, p + known, more);
        s->head_n += more;
    }
    s->read_at += n;
    if (s->refused) {
        s->raw.end = 0;
        return 0;
    }
    return s->format ? stream_decode(s) : begin(s);
}

void
stream_modified(struct stream *s, int64_t modified)
{
    if (modified > s->place.modified)
        s->place.modified = modified;
}

void
stream_runs(struct stream *s, const struct place *at)
{
    s->n_runs = at->n_runs;
    memcpy(s->run, at->run, sizeof s->run);
}

int
stream_final(struct stream *s)
{
    s->eof = true;
    s->place.finished = clock_utc();
    if (s->format)
        return stream_decode(s);
    return s->raw.end > s->raw.start ? begin(s) : 0;
}

/* Line ends and blanks at the end are no record that anybody waits for. */
uint64_t
stream_waiting(const struct stream *s)
{
    size_t end = s->raw.end;

    while (end > s->raw.start && (unsigned char) s->raw.p[end - 1] <= ' ')
        end--;
    return end - s->raw.start;
}

bool
stream_is_refused(const struct stream *s)
{
    return s->refused;
}

uint64_t
stream_offset(const struct stream *s)
{
    return s->offset;
}

/* --- the place as bytes -------------------------------------------------------- */

static void
put_hash(struct keep_out *o, const uint8_t hash_[PLACE_HASH])
{
    keep_put_str(o, str_make((const char *) hash_, PLACE_HASH));
}

static void
save_recent(const struct stream *s, int64_t order, struct keep_out *o)
{
    unsigned live = 0;

    for (unsigned i = 0; i < ID_RECENT; i++)
        live += s->recent.entry[i].count > 0 && order - s->recent.entry[i].time <= STREAM_RECENT;
    keep_put_u64(o, live);
    for (unsigned i = 0; i < ID_RECENT; i++) {
        const struct id_recent_entry *e = &s->recent.entry[i];

        if (e->count == 0 || order - e->time > STREAM_RECENT)
            continue;
        keep_put_u64(o, i);
        keep_put_u64(o, e->half);
        keep_put_u64(o, (uint64_t) e->time);
        keep_put_u64(o, e->count);
    }
}

static void
save_mark(const struct place_mark *m, struct keep_out *o)
{
    keep_put_u64(o, m->number);
    keep_put_u64(o, m->generated);
    keep_put_u64(o, m->written);
    keep_put_u64(o, m->bad);
    keep_put_u64(o, m->sum);
}

static void
get_mark(struct keep_in *in, struct place_mark *m)
{
    m->known = true;
    m->number = (uint32_t) keep_get_u64(in);
    m->generated = (uint32_t) keep_get_u64(in);
    m->written = (uint32_t) keep_get_u64(in);
    m->bad = keep_get_u64(in);
    m->sum = keep_get_u64(in);
}

static void
save_runs(const struct place_run *run, unsigned n, struct keep_out *o)
{
    keep_put_u64(o, n);
    for (unsigned i = 0; i < n; i++) {
        keep_put_u64(o, run[i].first);
        keep_put_u64(o, run[i].last);
        put_hash(o, run[i].first_hash);
        put_hash(o, run[i].last_hash);
    }
}

bool
stream_save(struct stream *s, struct keep_out *o)
{
    const struct stream_before now = {s->offset, s->line, s->order_known, s->order, s->mark};
    const struct stream_before *at = s->held ? &s->before : &now;
    size_t back = (size_t) (s->offset - at->offset), tail = at->offset < PLACE_TAIL ? (size_t) at->offset : PLACE_TAIL;
    uint8_t head_hash[PLACE_HASH], tail_hash[PLACE_HASH];
    bool done = at->offset == s->read_at && s->place.finished;
    unsigned n_runs = done ? s->n_runs : s->place.n_runs;

    if (!s->opened || back + tail > s->raw.start || !hash(s, s->head, s->head_n, head_hash)
        || !hash(s, tail ? s->raw.p + s->raw.start - back - tail : "", tail, tail_hash))
        return false;
    keep_put_u64(o, at->offset);
    keep_put_u64(o, at->line);
    keep_put_u64(o, s->head_n);
    put_hash(o, head_hash);
    put_hash(o, tail_hash);
    keep_put_u64(o, at->order_known);
    keep_put_u64(o, (uint64_t) at->order);
    save_recent(s, at->order, o);
    /* The first version ended here. */
    keep_put_u64(o, s->place.dev);
    keep_put_u64(o, s->place.ino);
    keep_put_u64(o, (uint64_t) s->place.birth);
    keep_put_u64(o, (uint64_t) s->place.modified);
    keep_put_str(o, str_z(s->place.name));
    keep_put_u64(o, s->place.n_done);
    for (unsigned i = 0; i < s->place.n_done; i++)
        put_hash(o, s->place.done[i]);
    /* The second version ended here. */
    keep_put_u64(o, s->stats.records - s->file_records - s->held);
    keep_put_u64(o, s->stats.unframed_bytes - s->file_unframed);
    keep_put_u64(o, done ? (uint64_t) s->place.finished : 0);
    keep_put_u64(o, s->place.once);
    /* And the third one here; only files with such a place go on. */
    if (at->mark.known || n_runs)
        save_mark(&at->mark, o);
    if (n_runs)
        save_runs(done ? s->run : s->place.run, n_runs, o);
    return !o->failed;
}

static bool
get_hash(struct keep_in *in, uint8_t out[PLACE_HASH])
{
    struct str bytes = keep_get_str(in);

    if (in->failed || bytes.n != PLACE_HASH)
        return false;
    memcpy(out, bytes.p, PLACE_HASH);
    return true;
}

static bool
get_runs(struct keep_in *in, struct place *at)
{
    uint64_t n = keep_get_u64(in);

    if (in->failed || n > PLACE_RUNS)
        return false;
    at->n_runs = (unsigned) n;
    for (unsigned i = 0; i < at->n_runs; i++) {
        at->run[i].first = (uint32_t) keep_get_u64(in);
        at->run[i].last = (uint32_t) keep_get_u64(in);
        if (!get_hash(in, at->run[i].first_hash) || !get_hash(in, at->run[i].last_hash))
            return false;
    }
    return true;
}

/* What stream_save() wrote: the place to 'at', the order and the records of the
 * last seconds to 's'; either may be NULL. */
static bool
read_saved(const void *p, size_t n, struct place *at, struct stream *s)
{
    struct keep_in in = {.p = p, .end = (const uint8_t *) p + n};
    struct place found = {0};
    struct str name;
    uint64_t live, known;
    int64_t order;

    found.offset = keep_get_u64(&in);
    found.line = keep_get_u64(&in);
    found.head_n = (uint32_t) keep_get_u64(&in);
    if (!get_hash(&in, found.head) || !get_hash(&in, found.tail) || found.head_n > PLACE_HEAD)
        return false;
    known = keep_get_u64(&in);
    order = (int64_t) keep_get_u64(&in);
    live = keep_get_u64(&in);
    for (uint64_t i = 0; i < live && !in.failed; i++) {
        uint64_t slot = keep_get_u64(&in);
        struct id_recent_entry e = {.half = keep_get_u64(&in)};

        e.time = (int64_t) keep_get_u64(&in);
        e.count = (uint32_t) keep_get_u64(&in);
        if (s && !in.failed)
            s->recent.entry[slot % ID_RECENT] = e;
    }
    if (in.failed)
        return false;
    if (s) {
        s->order_known = known != 0;
        s->order = order;
    }
    if (in.p != in.end) {
        found.dev = keep_get_u64(&in);
        found.ino = keep_get_u64(&in);
        found.birth = (int64_t) keep_get_u64(&in);
        found.modified = (int64_t) keep_get_u64(&in);
        name = keep_get_str(&in);
        if (in.failed || name.n >= sizeof found.name)
            return false;
        if (name.n)
            memcpy(found.name, name.p, name.n);
        found.n_done = (unsigned) keep_get_u64(&in);
        if (in.failed || found.n_done > PLACE_DONE)
            return false;
        for (unsigned i = 0; i < found.n_done; i++)
            if (!get_hash(&in, found.done[i]))
                return false;
    }
    if (in.p != in.end) {
        found.records = keep_get_u64(&in);
        found.unframed = keep_get_u64(&in);
        found.finished = (int64_t) keep_get_u64(&in);
        found.once = keep_get_u64(&in) != 0;
    }
    if (in.p != in.end)
        get_mark(&in, &found.mark);
    if (in.p != in.end && !get_runs(&in, &found))
        return false;
    if (in.failed || in.p != in.end)
        return false;
    if (at)
        *at = found;
    return true;
}

bool
stream_saved_place(const void *p, size_t n, struct place *at)
{
    return read_saved(p, n, at, NULL);
}

bool
stream_resume(struct stream *s, const void *p, size_t n)
{
    return read_saved(p, n, NULL, s);
}
