/* SPDX-License-Identifier: BSD-2-Clause
 *
 * answer_json.c - `truecause status --json`.  Called by answer.c.  Names are
 * only ever added; truecause-forward(8) lists them. */
#include "build.h"

#include "forwarder/answer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forwarder/bounds.h"
#include "forwarder/clock.h"
#include "forwarder/dial.h"
#include "forwarder/engine_parts.h"
#include "forwarder/json.h"
#include "forwarder/snmp_engine.h"
#include "parsers/pair.h"

/* In the words of the MIB (mib_agent.c). */
static const char *
state_word(const struct engine *e)
{
    if (e->stuck_since)
        return "journalStuck";
    if (e->blocked)
        return "journalFull";
    return e->history ? "firstRead" : "running";
}

static void
add_program(struct engine *e, struct json *j)
{
    char why[ANSWER_WHY];

    answer_reload_error(e, why);
    json_z(j, "version", PACKAGE_VERSION);
    json_int(j, "pid", (int64_t) getpid());
    json_z(j, "state", state_word(e));
    json_seconds(j, "uptime", clock_monotonic() - e->started);
    json_time(j, "now", engine_now(e));
    json_array(j, "configuration");
    for (unsigned i = 0; i < e->config->n_files; i++)
        json_z(j, NULL, e->config->files[i]);
    json_array_end(j);
    json_object(j, "reload");
    json_time(j, "last", e->last_reload);
    json_z(j, "error", why[0] ? why : NULL);
    json_z(j, "result", why[0] ? "refused" : e->last_reload ? "takenOver" : "none");
    json_object_end(j);
    json_object(j, "catalogue");
    json_uint(j, "signatures", catalogue_signatures(e->p.catalogue, 0));
    json_uint(j, "own", catalogue_signatures(e->p.catalogue, catalogue_builtin_count()));
    json_uint(j, "given_up", catalogue_scratch_limited(e->p.scratch));
    json_object_end(j);
    json_uint(j, "records", e->records);
    json_uint(j, "items", e->items);
    json_uint(j, "faults", e->faults);
    json_uint(j, "uncounted", e->uncounted);
    json_uint(j, "unframed", e->unframed);
    json_bool(j, "first_read", e->history);
}

static void
add_agent(struct engine *e, struct json *j)
{
    struct agent_child_report a;

    answer_agent(e, &a);
    json_object(j, "agent");
    json_bool(j, "wanted", a.wanted);
    json_int(j, "pid", a.pid);
    json_bool(j, "connected", a.connected);
    json_uint(j, "restarts", a.restarts);
    json_z(j, "error", a.trouble[0] ? a.trouble : NULL);
    json_object_end(j);
}

static void
add_journal(struct engine *e, struct json *j)
{
    json_object(j, "journal");
    json_z(j, "folder", e->config->state);
    json_uint(j, "used", journal_used(e->journal));
    json_uint(j, "limit", e->config->journal_limit);
    json_uint(j, "first", journal_first_seq(e->journal));
    json_uint(j, "last", journal_last_seq(e->journal));
    json_uint(j, "commits", e->commits);
    json_seconds(j, "commit_age", clock_monotonic() - e->last_commit);
    json_bool(j, "full", e->blocked);
    json_z(j, "waits_for", e->overflowing);
    json_z(j, "error", e->stuck_since ? strerror(-e->journal_error) : NULL);
    json_object_end(j);
}

static void
add_snmp(struct json *j)
{
    char hex[SNMP_ENGINE_HEX];
    struct snmp_engine ours;

    if (!snmp_engine_get(&ours))
        return;
    json_object(j, "snmp_engine");
    json_z(j, "id", snmp_engine_hex(&ours, hex));
    json_uint(j, "boots", ours.boots);
    json_uint(j, "time", snmp_engine_time(&ours));
    json_object_end(j);
}

static void
add_alarms(struct engine *e, struct json *j)
{
    const struct pair_counters *pairs = correlate_pairs(e->p.correlate);
    const struct alarm_counters *alarms = alarm_counters(correlate_alarms(e->p.correlate));
    unsigned count[CLASS_COUNT], severe[SEVERITY_CLEARED + 1];
    struct bound b[BOUNDS];

    answer_count_alarms(e, count, severe);
    json_object(j, "alarms");
    json_uint(j, "open", alarm_open_count(correlate_alarms(e->p.correlate)));
    json_object(j, "classes");
    for (int c = 0; c < CLASS_COUNT; c++)
        if (count[c])
            json_uint(j, event_class_name((enum event_class) c), count[c]);
    json_object_end(j);
    for (int i = SEVERITY_CRITICAL; i <= SEVERITY_WARNING; i++)
        json_uint(j, severity_name((enum severity) i), severe[i]);
    json_uint(j, "raised", alarms->raised);
    json_uint(j, "updated", alarms->updated);
    json_uint(j, "cleared", alarms->cleared);
    json_uint(j, "aged", alarms->aged);
    json_uint(j, "stale", alarms->stale);
    json_uint(j, "evicted", alarms->evicted);
    json_object_end(j);
    bounds_list(e->p.correlate, e->storms, b);
    json_object(j, "bounds");
    for (int i = 0; i < BOUNDS; i++)
        json_uint(j, b[i].name, b[i].count);
    json_object_end(j);
    json_object(j, "reports");
    json_uint(j, "held", correlate_held(e->p.correlate));
    json_uint(j, "paired", pairs->paired);
    json_uint(j, "unpaired", pairs->unpaired);
    json_uint(j, "early", pairs->early);
    json_uint(j, "forgotten", pairs->forgotten);
    json_object_end(j);
}

static void
add_logs(struct json *j, const struct engine_source *s, const struct answer_log *logs, unsigned n, int64_t now)
{
    json_array(j, "logs");
    for (unsigned i = 0; i < n; i++) {
        const struct tail *t = logs[i].tail;

        if (logs[i].source != s)
            continue;
        json_object(j, NULL);
        json_z(j, "path", stream_path(t->stream));
        json_z(j, "state", logs[i].state);
        json_uint(j, "offset", logs[i].offset);
        json_uint(j, "size", t->size);
        json_uint(j, "lag", logs[i].lag);
        json_uint(j, "records", t->records);
        json_time(j, "last_read", t->read_at);
        if (t->read_at)
            json_seconds(j, "last_read_age", now - t->read_at);
        json_time(j, "last_record", t->last_time);
        json_uint(j, "losses", t->losses);
        json_object_end(j);
    }
    json_array_end(j);
}

static void
add_counts(struct json *j, const struct follow_status *fs)
{
    json_object(j, "traps");
#define COUNT(e, n, w) json_uint(j, n, fs->count[FOLLOW_COUNT_##e]);
    FOLLOW_COUNTS(COUNT)
#undef COUNT
    json_object_end(j);
}

/* The first thing that is wrong with a source; NULL when nothing is. */
static const char *
trouble(const struct engine_source *s)
{
    for (int k = 0; k < FOLLOW_TROUBLES; k++)
        if (s->trouble[k].now)
            return s->trouble[k].text;
    return NULL;
}

/* All logs of one source together. */
static void
add_sum(struct json *j, const struct engine_source *s, const struct answer_log *logs, unsigned n)
{
    uint64_t records = 0, unread = 0;
    int64_t read = 0, record = 0;

    for (unsigned i = 0; i < n; i++) {
        const struct tail *t = logs[i].tail;

        if (logs[i].source != s)
            continue;
        records += t->records;
        unread += logs[i].lag;
        read = t->read_at > read ? t->read_at : read;
        record = t->last_time > record ? t->last_time : record;
    }
    json_uint(j, "unread", unread);
    json_uint(j, "records", records);
    json_time(j, "last_read", read);
    json_time(j, "last_record", record);
}

static void
add_sources(struct engine *e, struct json *j, bool brief)
{
    struct answer_log *logs;
    unsigned n;

    logs = answer_logs(e, &n);
    json_array(j, "sources");
    for (unsigned i = 0; i < e->n_sources; i++) {
        const struct engine_source *s = &e->sources[i];
        struct follow_status fs;
        const char *state;
        int64_t hung;

        follow_status(s->follow, &fs);
        state = answer_source_state(s, &fs, &hung);
        json_object(j, NULL);
        json_z(j, "name", s->sc->name);
        json_z(j, "path", s->sc->path);
        json_z(j, "state", state);
        json_seconds(j, "hung", hung);
        json_bool(j, "remote", fs.remote);
        json_uint(j, "bytes", fs.bytes);
        json_uint(j, "losses", fs.lost);
        json_uint(j, "files", fs.logs);
        add_sum(j, s, logs, n);
        if (fs.looked)
            json_seconds(j, "looked_age", clock_monotonic() - fs.looked);
        if (fs.counts)
            add_counts(j, &fs);
        json_array(j, "trouble");
        for (int k = 0; k < FOLLOW_TROUBLES; k++)
            if (s->trouble[k].now)
                json_z(j, NULL, s->trouble[k].text);
        json_array_end(j);
        json_z(j, "error", trouble(s));
        if (!brief)
            add_logs(j, s, logs, n, engine_now(e));
        json_object_end(j);
    }
    json_array_end(j);
    free(logs);
}

static void
add_files(struct engine *e, struct json *j)
{
    unsigned n;
    struct engine_file *files = engine_files(e, &n);

    json_array(j, "files");
    for (unsigned i = 0; i < n; i++) {
        json_object(j, NULL);
        json_z(j, "path", files[i].path);
        json_time(j, "read", files[i].finished);
        json_uint(j, "records", files[i].records);
        json_uint(j, "unframed", files[i].unframed);
        json_object_end(j);
    }
    json_array_end(j);
    free(files);
}

static void
add_targets(struct engine *e, struct json *j)
{
    uint64_t dropped = 0;

    json_array(j, "targets");
    for (unsigned i = 0; i < e->n_workers; i++) {
        int64_t now = clock_monotonic();
        char address[DIAL_NAME_SIZE];
        struct worker_status s;

        worker_status(e->workers[i], &s);
        json_object(j, NULL);
        json_z(j, "name", s.name);
        json_z(j, "type", s.type);
        json_z(j, "state", answer_worker_state(s.state));
        if (s.address)
            dial_name(s.address, address, sizeof address);
        json_z(j, "address", s.address ? address : NULL);
        json_z(j, "error", s.error[0] ? s.error : NULL);
        json_seconds(j, "down", s.down_since ? now - s.down_since : 0);
        json_seconds(j, "next_try", s.down_since && s.retry_at > now ? s.retry_at - now : 0);
        json_time(j, "certificate_until", s.expiry.at);
        json_z(j, "certificate", s.expiry.at ? s.expiry.what : NULL);
        json_uint(j, "cursor", s.seq);
        json_uint(j, "sequence", s.target_seq);
        json_uint(j, "behind", s.behind);
        json_seconds(j, "oldest_unacknowledged", s.oldest_unsafe ? engine_now(e) - s.oldest_unsafe : 0);
        json_uint(j, "sent", s.sent);
        json_uint(j, "acknowledged", s.acknowledged);
        json_uint(j, "folded", s.folded);
        json_uint(j, "dropped", s.dropped);
        json_uint(j, "skipped", s.skipped);
        json_uint(j, "truncated", s.truncated);
        json_uint(j, "reconnects", s.reconnects);
        json_uint(j, "in_flight", s.in_flight);
        json_uint(j, "retries", s.retries);
        json_uint(j, "refused", s.refusals);
        json_uint(j, "open", s.open_keys);
        json_uint(j, "replaying", s.replaying);
        json_object_end(j);
        dropped += s.dropped;
    }
    json_array_end(j);
    json_uint(j, "dropped", dropped);
}

void
answer_status_json(struct engine *e, bool brief, struct xml_buf *out)
{
    struct json j;

    json_init(&j, out);
    json_object(&j, NULL);
    add_program(e, &j);
    add_agent(e, &j);
    add_journal(e, &j);
    add_snmp(&j);
    add_alarms(e, &j);
    add_sources(e, &j, brief);
    if (!brief)
        add_files(e, &j);
    add_targets(e, &j);
    json_object_end(&j);
}
