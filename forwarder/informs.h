/* SPDX-License-Identifier: BSD-2-Clause
 *
 * informs.h - notifications that wait for their acknowledgement (InformRequest,
 * RFC 3416 section 4.2.7): a bounded table, one message in flight for each alarm
 * key, a window, and retries with growing pauses.  Embedded in an snmp target;
 * used from the target's thread only.
 *
 * The next message of a key goes when the acknowledgement of the one before is
 * on disk (acked.h): a kill of this program then repeats at most the newest of each key,
 * and never an older one after a newer one.  Messages that wait for that, or for
 * one of their key, take no room in the window.
 *
 * Out of one table come the same request-ids for a message and its repetitions,
 * so that a receiver which sees both can tell. */
#ifndef FORWARDER_INFORMS_H
#define FORWARDER_INFORMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forwarder/acked.h"
#include "forwarder/snmp_session.h"
#include "parsers/text.h"

enum {
    INFORMS_WINDOW = 64,      /* most messages under way, or ready to go */
    INFORMS_TABLE = 256,      /* most messages, with those that wait for one of their key */
    INFORMS_AHEAD = 1024,     /* items acknowledged before one that is not: what goes twice after a loss */
    INFORMS_TIMEOUT_MS = 5000,
    INFORMS_RETRIES = 2,      /* after 5 s, 10 s, 20 s the way is lost */
    INFORMS_PAUSE_MAX_MS = 60000
};

struct informs_counts {
    uint64_t acknowledged;
    uint64_t retries;  /* repetitions sent */
    uint64_t refused;  /* errors and reports that came instead of an acknowledgement */
};

struct informs;
struct informs *informs_new(const struct config_target *); /* borrowed; NULL when memory ends */
void informs_free(struct informs *);                       /* NULL-safe; the session is closed */

/* The session to 'to' is open, and nothing was sent by it yet; it is borrowed, and
 * gets the user of the receiver's engine.  'acked': where acknowledgements are noted;
 * borrowed, NULL: nowhere, and nothing waits for the disk.  'trial': without an
 * acknowledgement so far, one timeout is enough to give it up. */
void informs_start(struct informs *, struct snmp_session_state *, const struct config_address *to, struct acked *acked,
                   bool trial);
/* The session is about to be closed: until informs_start() the library's words
 * are not heard.  What is in the table is forgotten, and goes again from above. */
void informs_stop(struct informs *);

/* Whether one more message can be taken. */
bool informs_have_room(const struct informs *);

struct snmp_pdu;
/* A message to take. */
struct informs_message {
    struct snmp_pdu *pdu; /* becomes the table's, also when it fails */
    struct str key;       /* of its alarm; absent: waits for no other message */
    uint64_t seq, before; /* of its item, and of the one before it; equal: moves nothing */
    uint64_t journal_seq; /* with the next two what is noted when it is acknowledged (acked.h); 0: nothing is */
    uint64_t number;
    const char *id; /* of 32 hex digits, copied */
};
void informs_take(struct informs *, const struct informs_message *);

/* Sends what may go, takes acknowledgements and repeats, until something was
 * acknowledged, nothing is under way, or 'wait_ms' have passed.  0, or negative
 * errno when the way is lost, with the reason in words: no acknowledgement in
 * the time of all retries, a refused port, or (then informs_were_refused()) a
 * receiver that answers and says no.  Then informs_stop() is to be called. */
int informs_work(struct informs *, int wait_ms, char *err, size_t errlen);
bool informs_were_refused(const struct informs *);

/* Of 'taken', the newest item taken: the newest that is, with all before it,
 * acknowledged. */
uint64_t informs_safe(const struct informs *, uint64_t taken);
/* Messages in the table, and of them those that move something. */
unsigned informs_waiting(const struct informs *, unsigned *moving);
void informs_count(const struct informs *, struct informs_counts *);

#endif
