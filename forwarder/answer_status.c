/* SPDX-License-Identifier: BSD-2-Clause
 *
 * answer_status.c - `truecause status` for people.  Called by answer.c. */
#include "build.h"

#include "forwarder/answer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/bounds.h"
#include "forwarder/clock.h"
#include "forwarder/dial.h"
#include "forwarder/engine_parts.h"
#include "forwarder/snmp_engine.h"
#include "parsers/pair.h"
#include "parsers/when.h"

enum { STATUS_LOGS = 20 };

static void
label(struct xml_buf *out, const char *name)
{
    put_f(out, "  %-14s ", name);
}

static void
put_config(struct engine *e, struct xml_buf *out)
{
    char when[PUT_SHORT], why[ANSWER_WHY];

    answer_reload_error(e, why);
    label(out, "configuration");
    put_shown(out, str_z(e->config->files[0]));
    if (e->config->n_files > 1)
        put_f(out, " and %u of conf.d", e->config->n_files - 1);
    put_z(out, "\n");
    label(out, "last reload");
    if (e->last_reload)
        put_f(out, "%s, taken over", put_time(when, e->last_reload));
    else
        put_z(out, "none");
    if (why[0]) {
        put_z(out, "; A LATER ONE FAILED, the configuration is as before: ");
        put_shown(out, str_z(why));
    }
    put_z(out, "\n");
}

static void
put_catalogue(struct engine *e, struct xml_buf *out)
{
    const struct catalogue *c = e->p.catalogue;
    size_t all = catalogue_signatures(c, 0), own = catalogue_signatures(c, catalogue_builtin_count());
    struct catalogue_limited l;

    label(out, "catalogue");
    put_f(out, "%zu signatures, %zu of them from catalogue.d\n", all, own);
    for (size_t i = 0; catalogue_scratch_limited_next(c, e->p.scratch, &i, &l);) {
        label(out, "");
        put_f(out, "PATTERN GIVEN UP on %" PRIu64 " records, it takes too long: %.*s, ", l.times, STR_ARG(l.signature));
        put_shown(out, str_z(l.file));
        put_f(out, ":%d\n", l.line);
    }
}

static void
put_journal(struct engine *e, struct xml_buf *out)
{
    char used[PUT_SHORT], limit[PUT_SHORT], first[PUT_SHORT], last[PUT_SHORT], ago[PUT_SHORT];
    int64_t now = clock_monotonic();

    label(out, "journal");
    put_shown(out, str_z(e->config->state));
    put_f(out, ": %s of %s, items %s to %s, written %s ago\n", put_size(used, journal_used(e->journal)),
          put_size(limit, e->config->journal_limit), put_count(first, journal_first_seq(e->journal)),
          put_count(last, journal_last_seq(e->journal)), put_span(ago, now - e->last_commit));
    if (e->stuck_since) {
        label(out, "");
        put_f(out, "CANNOT BE WRITTEN for %s: %s\n", put_span(ago, now - e->stuck_since), strerror(-e->journal_error));
    }
    if (e->blocked) {
        label(out, "");
        put_f(out, "FULL: nothing is read until %s takes its items\n", e->overflowing ? e->overflowing : "a target");
    }
}

static void
put_snmp(struct xml_buf *out)
{
    char hex[SNMP_ENGINE_HEX], span[PUT_SHORT];
    struct snmp_engine ours;

    if (!snmp_engine_get(&ours))
        return;
    label(out, "SNMP engine");
    put_f(out, "%s, boots %" PRIu32 ", for %s%s\n", snmp_engine_hex(&ours, hex), ours.boots,
          put_span(span, snmp_engine_time(&ours) * WHEN_SECOND),
          snmp_engine_worn_out(&ours) ? "; WORN OUT: nothing authentic can be sent, set another engine-id" : "");
}

static void
put_alarms(struct engine *e, struct xml_buf *out)
{
    unsigned count[CLASS_COUNT], n = alarm_open_count(correlate_alarms(e->p.correlate));
    const char *between = ": ";

    answer_count_alarms(e, count, NULL);
    label(out, "alarms open");
    put_f(out, "%u", n);
    for (int c = 0; c < CLASS_COUNT; c++)
        if (count[c]) {
            put_f(out, "%s%s %u", between, event_class_name((enum event_class) c), count[c]);
            between = ", ";
        }
    put_z(out, "\n");
}

static void
put_agent(struct engine *e, struct xml_buf *out)
{
    struct agent_child_report a;

    answer_agent(e, &a);
    if (!a.wanted)
        return;
    label(out, "agent");
    if (a.pid)
        put_f(out, "process %ld, %s", a.pid, a.connected ? "connected" : "NOT CONNECTED to its master agent");
    else
        put_z(out, "DOES NOT RUN");
    if (a.restarts)
        put_f(out, "; started again %u times, the last one %s", a.restarts, a.trouble);
    put_z(out, "\n");
}

static void
put_correlation(struct engine *e, struct xml_buf *out)
{
    const struct pair_counters *pairs = correlate_pairs(e->p.correlate);
    const struct alarm_counters *alarms = alarm_counters(correlate_alarms(e->p.correlate));
    struct bound b[BOUNDS];

    label(out, "correlation");
    put_f(out, "%u reports held, %" PRIu64 " paired, %" PRIu64 " not", correlate_held(e->p.correlate), pairs->paired,
          pairs->unpaired);
    put_f(out, "; alarms raised %" PRIu64 ", updated %" PRIu64 ", cleared %" PRIu64 ", aged %" PRIu64 "\n",
          alarms->raised, alarms->updated, alarms->cleared, alarms->aged);
    bounds_list(e->p.correlate, e->storms, b);
    for (int i = 0; i < BOUNDS; i++)
        if (b[i].count) {
            label(out, "");
            put_f(out, "AT A BOUND: %" PRIu64 " %s (more than %d at once)\n", b[i].count, b[i].cost, b[i].limit);
        }
    if (pairs->forgotten) {
        label(out, "");
        put_f(out, "%" PRIu64 " older failed copies forgotten (%d of a host are kept)\n", pairs->forgotten,
              PAIR_FAILURES_MAX);
    }
}

/* What a source that listens received, and what became of it. */
static void
put_counts(const struct follow_status *fs, struct xml_buf *out)
{
    static const char *const words[FOLLOW_COUNT_ALL] = {
#define COUNT(e, n, w) w,
        FOLLOW_COUNTS(COUNT)
#undef COUNT
    };
    char count[PUT_SHORT];
    const char *between = "             traps: ";

    for (int i = 0; i < FOLLOW_COUNT_ALL; i++) {
        if (!fs->count[i] && i > FOLLOW_COUNT_TAKEN)
            continue;
        put_f(out, "%s%s %s", between, put_count(count, fs->count[i]), words[i]);
        between = ", ";
    }
    put_z(out, "\n");
}

static void
put_sources(struct engine *e, struct xml_buf *out)
{
    put_f(out, "\nSources (%u)\n", e->n_sources);
    for (unsigned i = 0; i < e->n_sources; i++) {
        const struct engine_source *s = &e->sources[i];
        char bytes[PUT_SHORT], span[PUT_SHORT];
        struct follow_status fs;
        const char *state;
        int64_t hung;

        follow_status(s->follow, &fs);
        state = answer_source_state(s, &fs, &hung);
        put_f(out, "  %-10s ", state);
        put_shown(out, str_z(s->sc->name));
        put_f(out, ": %u log%s, %s read", fs.logs, fs.logs == 1 ? "" : "s", put_size(bytes, fs.bytes));
        if (fs.remote)
            put_z(out, ", remote");
        if (fs.lost)
            put_f(out, ", LOST %" PRIu64 " times", fs.lost);
        if (hung)
            put_f(out, ", no answer for %s", put_span(span, hung));
        else if (fs.looked)
            put_f(out, ", looked at %s ago", put_span(span, clock_monotonic() - fs.looked));
        put_z(out, "\n");
        if (fs.counts)
            put_counts(&fs, out);
        for (int k = 0; k < FOLLOW_TROUBLES; k++)
            if (s->trouble[k].now) {
                put_z(out, "             ");
                put_shown(out, str_z(s->trouble[k].text));
                put_z(out, "\n");
            }
    }
}

static void
put_logs(struct engine *e, bool all, struct xml_buf *out)
{
    struct answer_log *logs;
    unsigned n, shown;

    logs = answer_logs(e, &n);
    shown = all || n < STATUS_LOGS ? n : STATUS_LOGS;
    if (n)
        put_f(out, "\nLogs (%u)\n  %-21s %12s %12s  %-12s %s\n", n, "STATE", "UNREAD", "SIZE", "LAST RECORD", "LOG");
    for (unsigned i = 0; i < shown; i++) {
        const struct tail *t = logs[i].tail;
        char lag[PUT_SHORT], size[PUT_SHORT], age[PUT_SHORT] = "-";

        if (t->read_at)
            put_span(age, engine_now(e) - t->read_at);
        put_f(out, "  %-21s %12s %12s  %-12s ", logs[i].state, put_size(lag, logs[i].lag), put_size(size, t->size), age);
        put_shown(out, str_z(stream_path(t->stream)));
        if (t->losses)
            put_f(out, "  LOST %" PRIu64 " times", t->losses);
        if (t->jumped)
            put_z(out, "  its times jump");
        if (t->refused)
            put_z(out, "  not read: export it anew");
        put_z(out, "\n");
    }
    if (shown < n)
        put_f(out, "  ... and %u more, with %s or less unread each; --all shows them\n", n - shown,
              put_size((char[PUT_SHORT]){""}, logs[shown].lag));
    free(logs);
}

static void
put_files(struct engine *e, bool all, struct xml_buf *out)
{
    unsigned n, shown;
    struct engine_file *files = engine_files(e, &n);

    shown = all || n < STATUS_LOGS ? n : STATUS_LOGS;
    if (n)
        put_f(out, "\nFiles read once (%u)\n  %-21s %12s %12s  %s\n", n, "READ", "RECORDS", "NOT FRAMED", "FILE");
    for (unsigned i = 0; i < shown; i++) {
        char when[PUT_SHORT], records[PUT_SHORT], size[PUT_SHORT];

        put_f(out, "  %-21s %12s %12s  ", files[i].finished ? put_time(when, files[i].finished) : "not to its end",
              put_count(records, files[i].records), put_size(size, files[i].unframed));
        put_shown(out, str_z(files[i].path));
        put_z(out, "\n");
    }
    if (shown < n)
        put_f(out, "  ... and %u more, read before these; --all shows them\n", n - shown);
    free(files);
}

/* The certificate that ends first, always: the day is worth knowing in time. */
static void
put_expiry(const struct target_expiry *x, struct xml_buf *out)
{
    int64_t now = clock_utc();
    char when[PUT_SHORT];

    if (!x->at)
        return;
    put_f(out, "    certificate %s %s: ", now < x->warn_at ? "until" : now < x->at ? "ENDS" : "EXPIRED",
          put_time(when, x->at));
    put_shown(out, str_z(x->what));
    put_z(out, "\n");
}

/* Where the items of a target with several addresses go. */
static void
put_address(const struct worker_status *s, struct xml_buf *out)
{
    char name[DIAL_NAME_SIZE];

    if (s->n_addresses < 2 || s->state != WORKER_UP)
        return;
    dial_name(s->address, name, sizeof name);
    put_f(out, "    at %s ", s->address_n > 1 ? "a BACKUP," : "the preferred address,");
    put_shown(out, str_z(name));
    put_f(out, " (%u of %u)\n", s->address_n, s->n_addresses);
}

static void
put_targets(struct engine *e, struct xml_buf *out)
{
    put_f(out, "\nTargets (%u)\n", e->n_workers);
    if (e->n_workers)
        put_f(out, "  %-16s %-7s %-9s %10s %-12s %12s %9s %9s\n", "NAME", "TYPE", "STATE", "BEHIND", "OLDEST",
              "ACKNOWLEDGED", "FOLDED", "DROPPED");
    for (unsigned i = 0; i < e->n_workers; i++) {
        char behind[PUT_SHORT], oldest[PUT_SHORT] = "-", done[PUT_SHORT], folded[PUT_SHORT], dropped[PUT_SHORT],
            span[PUT_SHORT];
        int64_t now = clock_monotonic();
        struct worker_status s;

        worker_status(e->workers[i], &s);
        if (s.oldest_unsafe)
            put_span(oldest, engine_now(e) - s.oldest_unsafe);
        put_f(out, "  %-16s %-7s %-9s %10s %-12s %12s %9s %9s\n", s.name, s.type, answer_worker_state(s.state),
              put_count(behind, s.behind), oldest, put_count(done, s.acknowledged), put_count(folded, s.folded),
              put_count(dropped, s.dropped));
        put_address(&s, out);
        put_expiry(&s.expiry, out);
        if (s.in_flight || s.retries || s.refusals)
            put_f(out, "    %u in flight, %s sent again, %s refused\n", s.in_flight, put_count(behind, s.retries),
                  put_count(done, s.refusals));
        if (s.replaying)
            put_f(out, "    a replay has %s items left\n", put_count(behind, s.replaying));
        if (s.error[0]) {
            put_z(out, "    ");
            put_shown(out, str_z(s.error));
            if (s.down_since)
                put_f(out, " (for %s", put_span(span, now - s.down_since));
            if (s.down_since && s.retry_at > now)
                put_f(out, "; next try in %s", put_span(span, s.retry_at - now));
            put_z(out, s.down_since ? ")\n" : "\n");
        }
    }
}

void
answer_status_text(struct engine *e, bool all, struct xml_buf *out)
{
    char up[PUT_SHORT], records[PUT_SHORT], items[PUT_SHORT], faults[PUT_SHORT], uncounted[PUT_SHORT];

    put_f(out, "truecause %s, process %ld, running for %s\n", PACKAGE_VERSION, (long) getpid(),
          put_span(up, clock_monotonic() - e->started));
    put_config(e, out);
    put_catalogue(e, out);
    put_journal(e, out);
    put_snmp(out);
    label(out, "read");
    put_f(out, "%s records since the start: %s items, %s faults; %s events that no target takes%s\n",
          put_count(records, e->records), put_count(items, e->items), put_count(faults, e->faults),
          put_count(uncounted, e->uncounted), e->history ? "; a first read of old records is under way" : "");
    put_alarms(e, out);
    put_correlation(e, out);
    put_agent(e, out);
    put_sources(e, out);
    put_logs(e, all, out);
    put_files(e, all, out);
    put_targets(e, out);
}
