/* SPDX-License-Identifier: BSD-2-Clause
 *
 * agent_fetch.c - asks the daemon for what the agent shows, and hands orders on.
 * Called by agent_snmp.c.  The two threads share what stands under 'lock'; a
 * view is filled by the one and then belongs to the other. */
#include "build.h"

#include "forwarder/agent_fetch.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/clock.h"
#include "forwarder/cmd.h"
#include "forwarder/control.h"
#include "forwarder/control_client.h"
#include "forwarder/log.h"
#include "forwarder/thread.h"

enum { FETCH_PAUSE_MS = 2000, FETCH_END_MS = 1000 };
enum fetch_resend { RESEND_READY, RESEND_ORDERED, RESEND_UNDER_WAY, RESEND_FAILED };

struct agent_fetch {
    char *state;
    struct agent_view *now; /* the serving thread's */
    int64_t now_at;         /* monotonic, when it was asked for; 0: never */
    pthread_t thread;
    /* under 'lock' */
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool ending, ended, wanted;
    struct agent_view *fresh; /* to become 'now' */
    int64_t fresh_at, keep;   /* monotonic; ns that it counts as new */
    int64_t not_before;       /* monotonic: after a failure */
    uint64_t rounds;          /* answers and failures so far */
    const char *trouble;      /* label of TcEngineCondition, NULL none */
    enum fetch_resend resend;
};

/* --- the asking thread ------------------------------------------------------------ */

/* 0 with the whole answer, else negative errno; said once when it changes. */
static int
ask(struct agent_fetch *f, const char *const *words, struct xml_buf *out)
{
    static struct log_limit limit;
    char err[4600] = "";
    int r;

    xml_buf_clear(out);
    r = control_client_ask(f->state, words, out, err, sizeof err);
    if (r > 0) {
        while (out->n && out->p[out->n - 1] == '\n')
            out->n--;
        snprintf(err, sizeof err, "the daemon: %.*s", (int) (out->n < 400 ? out->n : 400), out->n ? out->p : "refused");
        r = r == CMD_USAGE ? -EPROTO : -EAGAIN;
    }
    if (r < 0)
        log_limited(&limit, LOG_LEVEL_WARN, "%s", err);
    return r;
}

static int
fetch(struct agent_fetch *f, struct agent_view *v)
{
    static const char *const status[] = {"STATUS", "json", "brief", NULL};
    uint64_t last = 0;
    bool more = true;
    struct xml_buf out;
    int r;

    xml_buf_init(&out, CONTROL_REPLY + 64);
    r = ask(f, status, &out);
    if (!r)
        r = agent_view_status(v, str_make(out.p, out.n));
    while (!r && more) {
        char number[24];
        const char *const words[] = {"ALARMS", "after", number, NULL};

        snprintf(number, sizeof number, "%" PRIu64, last);
        r = ask(f, words, &out);
        if (!r)
            r = agent_view_alarms(v, str_make(out.p, out.n), &last, &more);
    }
    xml_buf_fini(&out);
    if (!r)
        agent_view_seal(v);
    return r;
}

static const char *
trouble_word(int r)
{
    if (r == 0)
        return NULL;
    return r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR ? "notRunning" : "noAnswer";
}

/* Under the lock, which it gives up meanwhile. */
static void
refresh(struct agent_fetch *f)
{
    struct agent_view *v = NULL, *old = NULL;
    int64_t start = clock_monotonic(), took;
    int r = -ENOMEM;

    pthread_mutex_unlock(&f->lock);
    if ((v = agent_view_new()))
        r = fetch(f, v);
    took = clock_monotonic() - start;
    pthread_mutex_lock(&f->lock);
    f->trouble = trouble_word(r);
    if (r == 0) {
        old = f->fresh;
        f->fresh = v;
        f->fresh_at = start;
        f->keep = took * 10 > AGENT_FETCH_KEEP_MS * CLOCK_MS ? took * 10 : AGENT_FETCH_KEEP_MS * CLOCK_MS;
        f->not_before = start + f->keep;
    } else {
        f->not_before = clock_monotonic() + FETCH_PAUSE_MS * CLOCK_MS;
    }
    f->wanted = false;
    f->rounds++;
    agent_view_free(r ? v : old);
}

static void
order(struct agent_fetch *f)
{
    static const char *const words[] = {"RESEND", NULL};
    struct xml_buf out;
    int r;

    f->resend = RESEND_UNDER_WAY;
    pthread_mutex_unlock(&f->lock);
    xml_buf_init(&out, CONTROL_REPLY + 64);
    r = ask(f, words, &out);
    if (!r)
        log_info("told by SNMP to send again: %.*s", (int) str_find_char(str_make(out.p, out.n), '\n'),
                 out.n ? out.p : "");
    xml_buf_fini(&out);
    pthread_mutex_lock(&f->lock);
    f->resend = r ? RESEND_FAILED : RESEND_READY;
}

static void *
work(void *arg)
{
    struct agent_fetch *f = arg;

    pthread_mutex_lock(&f->lock);
    while (!f->ending) {
        if (f->resend == RESEND_ORDERED)
            order(f);
        else if (f->wanted)
            refresh(f);
        else
            pthread_cond_wait(&f->cond, &f->lock);
        pthread_cond_broadcast(&f->cond);
    }
    f->ended = true;
    pthread_cond_broadcast(&f->cond);
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

/* --- the serving thread ------------------------------------------------------------ */

struct agent_fetch *
agent_fetch_new(const char *state)
{
    struct agent_fetch *f = calloc(1, sizeof *f);

    if (!f || !(f->state = strdup(state)) || !(f->now = agent_view_new())) {
        errno = ENOMEM;
        goto fail;
    }
    pthread_mutex_init(&f->lock, NULL);
    thread_condition(&f->cond);
    if ((errno = thread_start(&f->thread, work, f)) == 0)
        return f;
    pthread_cond_destroy(&f->cond);
    pthread_mutex_destroy(&f->lock);
fail:
    if (f) {
        agent_view_free(f->now);
        free(f->state);
        free(f);
    }
    return NULL;
}

bool
agent_fetch_free(struct agent_fetch *f)
{
    struct timespec until = clock_timespec(clock_monotonic() + FETCH_END_MS * CLOCK_MS);
    bool ended;

    if (!f)
        return true;
    pthread_mutex_lock(&f->lock);
    f->ending = true;
    pthread_cond_broadcast(&f->cond);
    while (!f->ended && pthread_cond_timedwait(&f->cond, &f->lock, &until) == 0)
        continue;
    ended = f->ended;
    pthread_mutex_unlock(&f->lock);
    if (!ended)
        return false;
    pthread_join(f->thread, NULL);
    agent_view_free(f->now);
    agent_view_free(f->fresh);
    pthread_cond_destroy(&f->cond);
    pthread_mutex_destroy(&f->lock);
    free(f->state);
    free(f);
    return true;
}

/* Under the lock: asks for a new view, and waits for it for a while. */
static void
want(struct agent_fetch *f)
{
    struct timespec until = clock_timespec(clock_monotonic() + AGENT_FETCH_WAIT_MS * CLOCK_MS);
    uint64_t rounds = f->rounds;

    f->wanted = true;
    pthread_cond_broadcast(&f->cond);
    while (f->rounds == rounds && pthread_cond_timedwait(&f->cond, &f->lock, &until) == 0)
        continue;
}

const struct agent_view *
agent_fetch_view(struct agent_fetch *f, struct agent_own *own)
{
    static const char *const resend[] = {"ready", "underWay", "underWay", "failed"};
    int64_t now = clock_monotonic();

    pthread_mutex_lock(&f->lock);
    if (now >= f->not_before && !f->wanted)
        want(f);
    if (f->fresh) {
        agent_view_free(f->now);
        f->now = f->fresh;
        f->now_at = f->fresh_at;
        f->fresh = NULL;
    }
    own->engine = f->now_at || f->trouble ? f->trouble : "noAnswer";
    own->resend = resend[f->resend];
    pthread_mutex_unlock(&f->lock);
    own->age = f->now_at ? (uint64_t) ((clock_monotonic() - f->now_at) / (1000 * CLOCK_MS)) : UINT32_MAX;
    /* It still runs, as far as anybody knows; the next answer is late. */
    if (!own->engine && own->age > 60)
        own->engine = "noAnswer";
    return f->now;
}

int
agent_fetch_resend(struct agent_fetch *f)
{
    struct timespec until = clock_timespec(clock_monotonic() + AGENT_FETCH_WAIT_MS * CLOCK_MS);
    int r = 0;

    pthread_mutex_lock(&f->lock);
    if (f->resend != RESEND_UNDER_WAY)
        f->resend = RESEND_ORDERED;
    pthread_cond_broadcast(&f->cond);
    while ((f->resend == RESEND_ORDERED || f->resend == RESEND_UNDER_WAY)
           && pthread_cond_timedwait(&f->cond, &f->lock, &until) == 0)
        continue;
    if (f->resend == RESEND_FAILED)
        r = -EIO;
    pthread_mutex_unlock(&f->lock);
    return r;
}
