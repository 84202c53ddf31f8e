/* SPDX-License-Identifier: BSD-2-Clause
 *
 * answer.h - what the files answer*.c share: the questions that people ask of
 * the running engine.  All of it runs in the engine's thread and may look at
 * everything there; none of it waits for anything. */
#ifndef FORWARDER_ANSWER_H
#define FORWARDER_ANSWER_H

#include "forwarder/engine.h"
#include "forwarder/put.h"

/* How a log is doing, in the words of status. */
struct answer_log {
    const struct tail *tail;
    const struct engine_source *source;
    const char *state;
    uint64_t offset, lag; /* bytes */
};
/* All logs, those with the most bytes unread first; malloc'ed, NULL when there
 * are none or memory ends. */
struct answer_log *answer_logs(struct engine *, unsigned *n);

/* How a source is doing as a whole; '*hung' is how long (ns) a call of it has
 * not come back, when that is the matter. */
const char *answer_source_state(const struct engine_source *, const struct follow_status *, int64_t *hung);

const char *answer_worker_state(enum worker_state);
/* The last reload that failed, "" when the last one did not. */
enum { ANSWER_WHY = sizeof ((struct engine *) 0)->reload_error };
void answer_reload_error(struct engine *, char out[ANSWER_WHY]);
/* How the agent is doing, as the main thread left it. */
void answer_agent(struct engine *, struct agent_child_report *);
/* Open alarms by class, and by severity where 'severe' is not NULL. */
void answer_count_alarms(struct engine *, unsigned count[CLASS_COUNT], unsigned severe[SEVERITY_CLEARED + 1]);

/* answer_status.c, answer_json.c; 'brief': without logs and files. */
void answer_status_text(struct engine *, bool all, struct xml_buf *);
void answer_status_json(struct engine *, bool brief, struct xml_buf *);

/* answer_alarms.c: the open alarms, for people, as JSON, or a page of them as
 * items. */
void answer_alarms(struct engine *, struct engine_request *);

#endif
