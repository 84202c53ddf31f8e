/* SPDX-License-Identifier: BSD-2-Clause
 *
 * answer.c - what people ask of the running engine, and what they tell it to
 * do.  Called by engine.c between two records.  A change that is asked for is
 * on disk before the answer says so. */
#include "build.h"

#include "forwarder/answer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/cmd.h"
#include "forwarder/engine_parts.h"
#include "forwarder/explain_item.h"
#include "parsers/text.h"
#include "parsers/when.h"

enum { ANSWER_CATCHING_UP = 1 << 20, ANSWER_REASON = 160 };
#define ANSWER_HUNG (10 * WHEN_SECOND)

/* --- the state of things --------------------------------------------------------- */

const char *
answer_worker_state(enum worker_state state)
{
    switch (state) {
    case WORKER_STARTING:
        return "starting";
    case WORKER_UP:
        return "up";
    case WORKER_DOWN:
        return "down";
    case WORKER_ENDED:
        return "ended";
    }
    return "";
}

const char *
answer_source_state(const struct engine_source *s, const struct follow_status *fs, int64_t *hung)
{
    int64_t busy = fs->busy_since ? clock_monotonic() - fs->busy_since : 0;

    *hung = busy > ANSWER_HUNG ? busy : 0;
    if (*hung)
        return "hung";
    if (s->trouble[FOLLOW_UNREADABLE].now)
        return "unreadable";
    if (s->trouble[FOLLOW_MISSING].now)
        return "missing";
    if (s->trouble[FOLLOW_OVERRUN].now)
        return "losing";
    if (s->stale)
        return "stale";
    return s->seen ? "followed" : "starting";
}

/* The last reload that failed, as the main thread left it; "" when none did. */
void
answer_reload_error(struct engine *e, char out[ANSWER_WHY])
{
    pthread_mutex_lock(&e->lock);
    memcpy(out, e->reload_error, sizeof e->reload_error);
    pthread_mutex_unlock(&e->lock);
}

void
answer_agent(struct engine *e, struct agent_child_report *out)
{
    pthread_mutex_lock(&e->lock);
    *out = e->agent;
    pthread_mutex_unlock(&e->lock);
}

static const char *
log_state(const struct tail *t, uint64_t lag)
{
    if (t->gone)
        return "gone";
    if (t->history)
        return "first read";
    if (t->at_end && t->waiting)
        return "catching up";
    if (t->at_end)
        return t->unfinished ? "at end, half a record" : "at end";
    return lag > ANSWER_CATCHING_UP ? "catching up" : "following";
}

static int
by_lag(const void *a, const void *b)
{
    const struct answer_log *x = a, *y = b;

    if (x->lag != y->lag)
        return x->lag < y->lag ? 1 : -1;
    return strcmp(x->tail->log->path, y->tail->log->path);
}

struct answer_log *
answer_logs(struct engine *e, unsigned *n)
{
    struct answer_log *logs = e->n_tails ? calloc(e->n_tails, sizeof *logs) : NULL;

    *n = logs ? e->n_tails : 0;
    for (unsigned i = 0; i < *n; i++) {
        const struct tail *t = e->tails[i];

        logs[i].tail = t;
        logs[i].source = engine_source_of(e, t->follow);
        logs[i].offset = stream_offset(t->stream);
        logs[i].lag = t->size > logs[i].offset ? t->size - logs[i].offset : 0;
        logs[i].state = log_state(t, logs[i].lag);
    }
    if (*n > 1)
        qsort(logs, *n, sizeof *logs, by_lag);
    return logs;
}

void
answer_count_alarms(struct engine *e, unsigned count[CLASS_COUNT], unsigned severe[SEVERITY_CLEARED + 1])
{
    struct alarm_table *t = correlate_alarms(e->p.correlate);

    memset(count, 0, CLASS_COUNT * sizeof *count);
    if (severe)
        memset(severe, 0, (SEVERITY_CLEARED + 1) * sizeof *severe);
    for (unsigned i = 0; i < alarm_open_count(t); i++) {
        const struct alarm *a = alarm_at(t, i);

        count[a->cls]++;
        if (severe)
            severe[a->severity]++;
    }
}

/* One line for the service manager. */
static void
summary(struct engine *e, struct xml_buf *out)
{
    unsigned up = 0, troubled = 0;
    char records[PUT_SHORT];

    for (unsigned i = 0; i < e->n_workers; i++) {
        struct worker_status s;

        worker_status(e->workers[i], &s);
        up += s.state == WORKER_UP;
    }
    for (unsigned i = 0; i < e->n_sources; i++) {
        struct follow_status s;
        int64_t hung;

        follow_status(e->sources[i].follow, &s);
        troubled += strcmp(answer_source_state(&e->sources[i], &s, &hung), "followed") != 0;
    }
    put_f(out, "%s records of %u logs, %u alarms open, %u of %u targets up", put_count(records, e->records), e->n_tails,
          alarm_open_count(correlate_alarms(e->p.correlate)), up, e->n_workers);
    if (troubled)
        put_f(out, ", %u of %u sources in trouble", troubled, e->n_sources);
    if (e->stuck_since)
        put_z(out, ", THE JOURNAL CANNOT BE WRITTEN");
    else if (e->blocked)
        put_z(out, ", THE JOURNAL IS FULL");
    put_z(out, "\n");
}

/* --- orders ------------------------------------------------------------------------ */

/* What was asked for is in the batch: on disk, or said why not yet. */
static void
make_durable(struct engine *e, struct engine_request *q, const char *done)
{
    engine_commit(e);
    put_f(q->out, "%s", done);
    if (e->stuck_since)
        put_f(q->out, "; it goes out once the journal can be written again (%s)", strerror(-e->journal_error));
    put_z(q->out, "\n");
}

/* Keys are upper case behind their kind: what is typed may not be. */
static struct str
open_key(struct engine *e, const char *typed, char room[ALARM_KEY_MAX + 1])
{
    struct alarm_table *t = correlate_alarms(e->p.correlate);
    struct str key = str_z(typed);
    size_t kind = str_find_char(key, ':');

    if (alarm_find(t, key) || key.n > ALARM_KEY_MAX)
        return key;
    for (size_t i = 0; i < key.n; i++)
        room[i] = i < kind ? str_lower_char(key.p[i]) : str_upper_char(key.p[i]);
    return str_make(room, key.n);
}

static void
clear_alarm(struct engine *e, struct engine_request *q)
{
    const struct sink sink = engine_sink(e);
    char room[ALARM_KEY_MAX + 1];
    struct str key = open_key(e, q->key, room), said, reason;
    bool cut;
    char *p;
    int r;

    arena_reset(e->arena);
    said = text_clean(e->arena, NULL, str_trim(str_z(q->text)), ANSWER_REASON, &cut);
    if (!said.n) {
        put_z(q->out, "a clear by hand needs a reason: --reason TEXT\n");
        q->status = CMD_USAGE;
        return;
    }
    if (!(p = arena_alloc(e->arena, said.n + sizeof "by hand: "))) {
        q->out->failed = true;
        return;
    }
    memcpy(p, "by hand: ", sizeof "by hand: " - 1);
    memcpy(p + sizeof "by hand: " - 1, said.p, said.n);
    reason = str_make(p, sizeof "by hand: " - 1 + said.n);
    for (size_t i = 0; i < reason.n; i++)
        if ((unsigned char) p[i] < ' ')
            p[i] = ' ';
    r = correlate_clear(e->p.correlate, e->arena, &sink, key, reason, engine_now(e));
    if (r == 0) {
        make_durable(e, q, "cleared, and told to every target that knew it");
        return;
    }
    q->status = CMD_FAILED;
    if (r == -ENOENT) {
        put_z(q->out, "no open alarm has the key ");
        put_shown(q->out, str_z(q->key));
        put_z(q->out, ": `truecause alarms list` shows those there are\n");
    } else {
        put_f(q->out, "cannot clear it: %s\n", strerror(-r));
    }
}

static void
resend(struct engine *e, struct engine_request *q)
{
    const struct sink sink = engine_sink(e);
    unsigned n = alarm_open_count(correlate_alarms(e->p.correlate));
    char done[64];
    int r;

    arena_reset(e->arena);
    r = correlate_resend(e->p.correlate, e->arena, &sink, ALARM_REASON_RESENT, engine_now(e));
    if (r) {
        put_f(q->out, "cannot send them again: %s\n", strerror(-r));
        q->status = CMD_FAILED;
        return;
    }
    snprintf(done, sizeof done, "%u open alarm%s sent again", n, n == 1 ? "" : "s");
    make_durable(e, q, done);
}

/* --- items -------------------------------------------------------------------------- */

static void
explain_deliveries(struct engine *e, struct engine_request *q)
{
    put_z(q->out, "\nTargets:\n");
    for (unsigned i = 0; i < e->n_workers; i++) {
        struct worker_status s;

        worker_status(e->workers[i], &s);
        explain_delivery(q->out, s.name, s.seq, q->from);
    }
}

/* The seq of the first item that arrived at 'at' or later, else the one after
 * the last. */
static int
seq_at(struct engine *e, int64_t at, uint64_t *seq)
{
    struct journal_reader *r = journal_reader_open_at(e->journal, at);
    struct journal_row row;
    int got = r ? journal_reader_next(r, &row) : -errno;

    *seq = got == 1 ? row.seq : journal_last_seq(e->journal) + 1;
    journal_reader_close(r);
    return got < 0 ? got : 0;
}

static struct worker *
find_worker(struct engine *e, const char *name)
{
    for (unsigned i = 0; i < e->n_workers; i++)
        if (strcmp(worker_target(e->workers[i])->name, name) == 0)
            return e->workers[i];
    return NULL;
}

static void
replay(struct engine *e, struct engine_request *q)
{
    struct worker *w = find_worker(e, q->key);
    uint64_t first = 0, end = 0;
    char count[PUT_SHORT];
    int r = 0;

    q->status = CMD_FAILED;
    if (!w) {
        put_z(q->out, "no target is called ");
        put_shown(q->out, str_z(q->key));
        put_z(q->out, "; there are:");
        for (unsigned i = 0; i < e->n_workers; i++)
            put_f(q->out, " %s", worker_target(e->workers[i])->name);
        put_z(q->out, "\n");
        q->status = CMD_USAGE;
        return;
    }
    r = seq_at(e, (int64_t) q->from, &first);
    if (!r && q->to)
        r = seq_at(e, (int64_t) q->to + 1, &end);
    else
        end = journal_last_seq(e->journal) + 1;
    if (!r && first >= end) {
        put_z(q->out, "nothing in the journal arrived in that time\n");
        return;
    }
    if (!r)
        r = worker_replay(w, first, end - 1);
    if (r == -EBUSY) {
        put_f(q->out, "an earlier replay to %s is not over yet: see `truecause status`\n", q->key);
    } else if (r) {
        put_f(q->out, "cannot replay: %s\n", strerror(-r));
    } else {
        put_f(q->out, "%s stored items go to %s again, before what is new\n", put_count(count, end - first), q->key);
        q->status = CMD_DONE;
    }
}

void
answer(struct engine *e, struct engine_request *q)
{
    q->status = CMD_DONE;
    switch (q->what) {
    case ENGINE_STATUS:
        if (q->json)
            answer_status_json(e, q->brief, q->out);
        else
            answer_status_text(e, q->all, q->out);
        break;
    case ENGINE_SUMMARY:
        summary(e, q->out);
        break;
    case ENGINE_ALARMS:
        answer_alarms(e, q);
        break;
    case ENGINE_CLEAR:
        clear_alarm(e, q);
        break;
    case ENGINE_RESEND:
        resend(e, q);
        break;
    case ENGINE_REPLAY:
        replay(e, q);
        break;
    case ENGINE_EXPLAIN:
        explain_deliveries(e, q);
        break;
    }
}
