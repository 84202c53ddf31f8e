/* SPDX-License-Identifier: BSD-2-Clause
 *
 * engine_watch.c - what time alone makes due, and our own state as alarms of
 * class self: sources that cannot be read or are not looked at, bytes that are
 * lost, clocks that jump, targets that are down, a journal that is full.  Each
 * has its clear: silence is never ambiguous. */
#include "build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forwarder/answer.h"
#include "forwarder/clock.h"
#include "forwarder/engine_parts.h"
#include "forwarder/log.h"
#include "forwarder/put.h"
#include "parsers/when.h"

#define WATCH_LIVE WHEN_SECOND
#define WATCH_RESEND (12 * 3600 * WHEN_SECOND)
#define WATCH_STALE (30 * WHEN_SECOND)       /* no look at a source */
#define WATCH_HANGS (60 * WHEN_SECOND)       /* a system call, with --once */
#define WATCH_DOWN (60 * WHEN_SECOND)        /* no way to a target */
#define WATCH_UNFINISHED (600 * WHEN_SECOND) /* a record that does not end */
#define WATCH_AHEAD (300 * WHEN_SECOND)      /* a record from the future */
#define WATCH_ZONES (26 * 3600 * WHEN_SECOND) /* the same, of unknown zone */
#define WATCH_BACK (2 * 3600 * WHEN_SECOND)  /* a record behind the one before it */

int
engine_self(struct engine *e, const char *kind, const char *name, bool raise, enum severity severity,
            const char *action, const char *fmt, ...)
{
    const struct sink sink = engine_sink(e);
    struct correlate_self self = {.kind = kind, .name = str_z(name), .raise = raise, .severity = severity,
                                  .action = str_z(action), .now = engine_now(e)};
    char text[256];
    va_list args;

    if (!raise && !correlate_self_is_open(e->p.correlate, kind, self.name))
        return 0;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    self.summary = str_z(text);
    self.reason = raise ? NULL : text;
    arena_reset(e->arena);
    e->history_record = false;
    return correlate_self(e->p.correlate, e->arena, &sink, &self);
}

/* --- sources ---------------------------------------------------------------------- */

static int
watch_source(struct engine *e, struct engine_source *s, int64_t now)
{
    static const char *const kind[FOLLOW_TROUBLES] = {
        [FOLLOW_MISSING] = "MISSING", [FOLLOW_UNREADABLE] = "UNREADABLE", [FOLLOW_OVERRUN] = "OVERRUN"};
    static const char *const action[FOLLOW_TROUBLES] = {
        [FOLLOW_MISSING] = "Look whether the share is mounted and the path in the configuration is right.",
        [FOLLOW_UNREADABLE] = "Give the account of truecause read access to the file and its folder.",
        [FOLLOW_OVERRUN] = "Look who sends so much; truecause status has the counts, rate= and the receive buffer the room."};
    const char *unreadable = "Look which program has the port, and whether the address is this computer's.";
    int64_t limit = 10 * (int64_t) s->sc->poll_ms * 1000000, since;
    struct follow_status st;
    int r = 0;

    for (unsigned k = 0; !r && k < FOLLOW_TROUBLES; k++)
        r = engine_self(e, kind[k], s->sc->name, s->trouble[k].now, SEVERITY_MAJOR,
                        s->sc->traps && k == FOLLOW_UNREADABLE ? unreadable : action[k], "%s",
                        s->trouble[k].now || s->trouble[k].text[0] ? s->trouble[k].text : "found and read again");
    follow_status(s->follow, &st);
    since = now - (st.looked ? st.looked : s->since);
    s->stale = since > (limit > WATCH_STALE ? limit : WATCH_STALE) && !st.ended;
    if (!r)
        r = engine_self(e, "STALE", s->sc->name, s->stale, SEVERITY_MAJOR,
                        "Look whether the file server answers; a mount with the option soft gives up by itself.",
                        s->stale ? "%s: its folder does not answer%s" : "%s: its folder answers again%.0s", s->sc->name,
                        st.busy_since ? ": a system call hangs" : "");
    return r;
}

/* Times that jump make every rule about time doubtful: it is said, once. */
void
engine_note_jump(struct engine *e, struct tail *t, const struct event *ev)
{
    int64_t now = engine_now(e), at = ev->when.utc_known ? ev->when.utc : ev->when.local;
    bool ahead = at > now + (ev->when.utc_known ? WATCH_AHEAD : WATCH_ZONES);
    bool behind = stream_order_known(t->stream) && at < stream_order(t->stream) - WATCH_BACK;

    if (ahead == t->ahead && behind == t->behind)
        return;
    t->ahead = ahead;
    t->behind = behind;
    e->watched = 0;
}

static int
watch_tail(struct engine *e, struct tail *t, int64_t now)
{
    const char *path = stream_path(t->stream);
    uint64_t waiting = t->at_end ? stream_waiting(t->stream) : 0;
    bool unfinished = waiting && now - t->end_since > WATCH_UNFINISHED;
    bool jumped = t->ahead || t->behind, refused = stream_is_refused(t->stream);
    int r = 0;

    if (t->lost[0]) {
        log_error("%s", t->lost);
        r = engine_self(e, "GAP", path, true, SEVERITY_MAJOR,
                        "Compare with the log on the server; clear by hand: truecause alarms clear.", "%s", t->lost);
        t->lost[0] = '\0';
    }
    /* An alarm from before a restart is ended, too. */
    if (!r && (jumped != t->jumped || !t->watched))
        r = engine_self(e, "TIME", path, jumped, SEVERITY_WARNING,
                        "Check the clock and the time zone of the server, and zone= of the source.",
                        jumped ? "%s: its times jump %s" : "%s: its times go on as they should%s", path,
                        !jumped ? "" : t->ahead ? "ahead of our clock" : "back");
    if (!r && (unfinished != t->unfinished || !t->watched))
        r = engine_self(e, "LAG", path, unfinished, SEVERITY_WARNING,
                        "Look at the end of the file: the record there was never finished.",
                        unfinished ? "%s: %" PRIu64 " bytes wait for the end of their record" : "%s: went on (%" PRIu64 ")",
                        path, waiting);
    if (!r && (refused != t->refused || !t->watched))
        r = engine_self(e, "REFUSED", path, refused, SEVERITY_MAJOR, "Export the event log anew, and put that in its place.",
                        "%s", refused ? stream_error(t->stream) : "a file that can be read is in its place");
    t->jumped = jumped;
    t->refused = refused;
    t->unfinished = unfinished;
    t->watched = t->watched || tail_is_read(t);
    return r;
}

static int
watch_sources(struct engine *e, int64_t now)
{
    int r = 0;

    for (unsigned i = 0; !r && i < e->n_sources; i++)
        r = watch_source(e, &e->sources[i], now);
    for (unsigned i = 0; !r && i < e->n_tails; i++)
        r = watch_tail(e, e->tails[i], now);
    for (unsigned i = e->n_tails; !r && !e->once && i-- > 0;)
        if (e->tails[i]->gone && !e->tails[i]->first && !e->tails[i]->moved)
            engine_drop_tail(e, i);
    return r;
}

/* --- targets and the journal --------------------------------------------------------- */

/* A certificate that ends takes its target with it, on a day that is known. */
static int
watch_expiry(struct engine *e, const struct worker *w, const struct worker_status *s)
{
    const struct config_target *tc = worker_target(w);
    int64_t now = clock_utc();
    bool soon = s->expiry.at && now >= s->expiry.warn_at, over = soon && now >= s->expiry.at;
    char when[PUT_SHORT];

    /* Nothing is known yet of what an alarm from before a restart was about. */
    if (!s->expiry.at && tc->addresses[0].transport == TRANSPORT_TLS)
        return 0;
    put_time(when, s->expiry.at);
    return engine_self(e, "CERTIFICATE", s->name, soon, over ? SEVERITY_MAJOR : SEVERITY_WARNING,
                       "Have the certificate renewed and put in its place; the next connection uses it.",
                       soon ? "target %s: certificate %s %s: %s" : "target %s: its certificates are valid%.0s%.0s%.0s",
                       s->name, over ? "expired" : "expires", when, s->expiry.what);
}

static int
watch_targets(struct engine *e, int64_t now)
{
    int r = 0;

    for (unsigned i = 0; !r && i < e->n_workers; i++) {
        struct worker_status s;
        bool down, full;

        worker_status(e->workers[i], &s);
        /* One that answers and refuses will not mend itself. */
        down = s.state == WORKER_DOWN && s.down_since && (s.refused || now - s.down_since > WATCH_DOWN);
        /* After a start nothing is known yet of what an alarm from before was about. */
        if (down || s.state == WORKER_UP || e->once)
            r = engine_self(e, "TARGET", s.name, down, SEVERITY_MAJOR,
                            s.refused ? "Compare user, pass phrases, engine id and access there with the configuration here."
                                      : "Look whether the receiver runs and can be reached.",
                            !down       ? "target %s is reached again%.0s"
                            : s.refused ? "target %s takes nothing: %s"
                                        : "target %s cannot be reached: %s",
                            s.name, s.error);
        if (!r)
            r = watch_expiry(e, e->workers[i], &s);
        full = e->overflowing && strcmp(e->overflowing, s.name) == 0;
        if (!r)
            r = engine_self(e, "OVERFLOW", s.name, full, SEVERITY_MAJOR,
                            "Bring the receiver back, or take the target out of the configuration.",
                            !full ? "journal has room again; %.0s%" PRIu64 " items were dropped for the target"
                            : worker_target(e->workers[i])->overflow_block
                                ? "journal full: target %s is behind, nothing more is read"
                                : "journal full: target %s is behind, its oldest items are dropped",
                            s.name, s.dropped);
    }
    if (!r && e->outage_ms) {
        r = engine_self(e, "JOURNAL", "STATE", true, SEVERITY_MAJOR, "Look at the disk that holds the state folder.",
                        "journal could not be written for %" PRId64 " ms; nothing was lost", e->outage_ms);
        if (!r)
            r = engine_self(e, "JOURNAL", "STATE", false, SEVERITY_MAJOR, NULL, "written again");
        e->outage_ms = 0;
    }
    return r;
}

/* A once that waits for room that a dead target will never make, or for a share
 * that hangs, has to end. */
static void
watch_once(struct engine *e, int64_t now)
{
    bool running = false;

    if (!e->once)
        return;
    for (unsigned i = 0; i < e->n_sources; i++) {
        struct follow_status st;

        follow_status(e->sources[i].follow, &st);
        if (!st.busy_since || now - st.busy_since < WATCH_HANGS)
            continue;
        log_error("source '%s': its folder does not answer; the rest is read in the next run", e->sources[i].sc->name);
        e->failed++;
        engine_stop(e);
    }
    for (unsigned i = 0; i < e->n_workers; i++)
        running = running || !worker_ended(e->workers[i]);
    if (e->blocked && !running) {
        log_error("%s: the journal is full and no target takes anything; the rest is read in the next run",
                  e->config->state);
        engine_stop(e);
    }
}

/* True when 'key' is self:KIND: of a kind in 'kinds', and of none of the 'n'
 * names. */
static bool
is_orphan(struct str key, const char *const *kinds, const char *const *names, unsigned n)
{
    char text[ALARM_KEY_MAX + 1], start[40];
    bool ours = false;

    for (; *kinds; kinds++) {
        snprintf(start, sizeof start, "self:%s:", *kinds);
        if (!str_starts(key, str_z(start)))
            continue;
        ours = true;
        for (unsigned i = 0; i < n; i++)
            if (str_eq(key, alarm_key(text, "self", str_z(*kinds), str_z(names[i]))))
                return false;
    }
    return ours;
}

/* Alarms about sources and targets that the configuration no longer has are
 * nobody's to clear any more; those about patterns are of the set that was. */
int
engine_clear_orphans(struct engine *e)
{
    static const char *const of_source[] = {"MISSING", "UNREADABLE", "OVERRUN", "STALE", NULL};
    static const char *const of_target[] = {"TARGET", "OVERFLOW", "CERTIFICATE", NULL};
    static const char *const of_catalogue[] = {"PATTERN", NULL};
    const struct config *config = e->config;
    struct alarm_table *table = correlate_alarms(e->p.correlate);
    const char **names = calloc(config->n_sources + config->n_targets + 1, sizeof *names);
    const struct sink sink = engine_sink(e);
    int r = names ? 0 : -ENOMEM;

    for (unsigned i = 0; !r && i < config->n_sources; i++)
        names[i] = config->sources[i].name;
    for (unsigned i = 0; !r && i < config->n_targets; i++)
        names[config->n_sources + i] = config->targets[i].name;
    for (unsigned i = alarm_open_count(table); !r && i-- > 0;) {
        char copy[ALARM_KEY_MAX + 1];
        struct str key = alarm_at(table, i)->key;

        if (!is_orphan(key, of_source, names, config->n_sources)
            && !is_orphan(key, of_target, names + config->n_sources, config->n_targets)
            && !is_orphan(key, of_catalogue, NULL, 0))
            continue;
        snprintf(copy, sizeof copy, "%.*s", (int) key.n, key.p);
        arena_reset(e->arena);
        r = correlate_clear(e->p.correlate, e->arena, &sink, str_z(copy), STR("no longer configured"), engine_now(e));
    }
    free(names);
    return r;
}

/* --- the agent -------------------------------------------------------------------------- */

/* Who looks at the agent sees nothing now; what is told by notifications is not
 * touched by that. */
static int
watch_agent(struct engine *e, int64_t now)
{
    const struct config_agent *wanted = e->config->agent && e->config->agent->start ? e->config->agent : NULL;
    struct agent_child_report a;
    bool down;

    answer_agent(e, &a);
    if (wanted && !a.wanted)
        return 0; /* the main thread has not come to it yet */
    if (!wanted || (a.pid && a.connected))
        e->agent_down = 0;
    else if (!e->agent_down)
        e->agent_down = now;
    down = e->agent_down && now - e->agent_down > WATCH_DOWN;
    return engine_self(e, "AGENT", "SNMP", down, SEVERITY_WARNING,
                       "Look whether snmpd runs and lets the agent in; truecause-snmp(7) has the lines it needs.",
                       !down   ? "the SNMP agent is connected again, or no longer configured%.0s"
                       : a.pid ? "the SNMP agent is not connected to its master agent at %s"
                               : "the SNMP agent does not run%.0s",
                       wanted ? wanted->socket : "");
}

/* --- the catalogue ----------------------------------------------------------------------- */

/* A pattern that was given up missed what it is there for: its author has to
 * know.  The next catalogue that is taken over ends the alarm. */
static int
watch_patterns(struct engine *e)
{
    uint64_t limited = catalogue_scratch_limited(e->p.scratch);
    struct catalogue_limited l;
    int r = 0;

    if (limited == e->limited)
        return 0;
    e->limited = limited;
    for (size_t i = 0; !r && catalogue_scratch_limited_next(e->p.catalogue, e->p.scratch, &i, &l);) {
        char name[80];

        snprintf(name, sizeof name, "%.*s", STR_ARG(l.signature));
        if (correlate_self_is_open(e->p.correlate, "PATTERN", str_z(name)))
            continue;
        log_warn("%s:%d: the pattern of signature %s took too long and was given up", l.file, l.line, name);
        r = engine_self(e, "PATTERN", name, true, SEVERITY_WARNING,
                        "Mend the pattern in catalogue.d so that its parts cannot match the same text in many ways; "
                        "reload.",
                        "pattern of signature %s takes too long: records may go unexplained", name);
    }
    return r;
}

/* --- the correlator -------------------------------------------------------------------- */

/* Event-log files hold reports; what proves them stands in the others. */
static bool
holds_logs(const struct tail *t)
{
    const char *format = stream_format(t->stream);

    return strcmp(format, event_xml_format.name) != 0 && strcmp(format, viewer_text_format.name) != 0
           && strcmp(format, nt_trap_format.name) != 0;
}

static bool
read_past(void *arg, struct str host, int64_t until, int64_t arrival)
{
    struct engine *e = arg;

    for (unsigned i = 0; i < e->n_tails; i++) {
        const struct tail *t = e->tails[i];
        const struct engine_source *s = engine_source_of(e, t->follow);
        struct follow_status st;

        if (!s || s->stale || !holds_logs(t) || (s->sc->host && host.n && !host_same(str_z(s->sc->host), host)))
            continue;
        if (until && t->last_time > until)
            continue;
        follow_status(t->follow, &st);
        if (tail_is_read(t) && st.looked + e->utc_offset >= arrival + 10 * WHEN_SECOND)
            continue;
        return false;
    }
    return true;
}

static bool
at_end(void *arg, uint64_t source)
{
    const struct engine *e = arg;

    for (unsigned i = 0; i < e->n_tails; i++)
        if (stream_id(e->tails[i]->stream) == source)
            return tail_is_read(e->tails[i]);
    return false;
}

int
engine_watch_storms(struct engine *e)
{
    struct storm_change c;
    int r = 0;

    while (!r && storm_next(e->storms, engine_now(e), &c)) {
        char name[STORM_NAME + 1];

        snprintf(name, sizeof name, "%.*s", (int) c.name.n, c.name.p);
        r = engine_self(e, "STORM", name, c.raise, SEVERITY_MAJOR,
                        "Look at the server as a whole: one cause is likely.",
                        c.raise ? "storm on %s: %" PRIu64 " raised, %" PRIu64 " cleared, %u open"
                                : "storm on %s is over: %" PRIu64 " raised, %" PRIu64 " cleared, %u open",
                        name, c.raises, c.clears, c.open);
    }
    return r;
}

static int
watch_alarms(struct engine *e, int64_t now)
{
    const struct correlate_live live = {.now = engine_now(e), .read_past = read_past, .at_end = at_end, .arg = e};
    const struct sink sink = engine_sink(e);
    int r;

    arena_reset(e->arena);
    e->history_record = false;
    r = correlate_live(e->p.correlate, e->arena, &sink, &live);
    if (!r)
        r = engine_watch_storms(e);
    if (!r)
        r = engine_watch_bounds(e);
    if (!r && e->resend_owed && !e->history) {
        e->resend_owed = false;
        arena_reset(e->arena);
        r = correlate_resend(e->p.correlate, e->arena, &sink, ALARM_REASON_START, live.now);
    }
    if (!r && now - e->resent > WATCH_RESEND) {
        e->resent = now;
        arena_reset(e->arena);
        r = correlate_resend(e->p.correlate, e->arena, &sink, ALARM_REASON_RESENT, live.now);
    }
    return r;
}

int
engine_watch(struct engine *e)
{
    int64_t now = clock_monotonic();
    int r;

    /* While a batch waits to be written nothing is added to it. */
    if (e->stuck_since || now - e->watched < ENGINE_WATCH_MS * 1000000LL)
        return 0;
    e->watched = now;
    watch_once(e, now);
    if (e->once)
        return 0;
    r = watch_sources(e, now);
    if (!r)
        r = watch_targets(e, now);
    if (!r)
        r = watch_patterns(e);
    if (!r)
        r = watch_agent(e, now);
    if (!r)
        r = engine_end_history(e);
    if (!r && !e->history && now - e->live_at > WATCH_LIVE) {
        e->live_at = now;
        r = watch_alarms(e, now);
    }
    return r;
}
