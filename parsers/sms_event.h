/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_event.h - the shapes around an SMS event's message: the labelled lines
 * before and after it, the sentence a viewer prints when it has no message
 * DLL, the insertion strings, and the STATMSG form in logs.  Only shapes;
 * which event means what is in the catalogue. */
#ifndef PARSERS_SMS_EVENT_H
#define PARSERS_SMS_EVENT_H

#include "parsers/event.h"

enum { SMS_INSERTS_MAX = 16, SMS_STRINGS = 10 };

/* What the lines around a message say.  All borrow from the text. */
struct sms_frame {
    bool number_known; /* Event 109, Event ID: 109, Message ID: 4402 */
    uint16_t number;
    struct str source;    /* Source: SMS */
    struct str component; /* Component = SMS_DESPOOLER, ... in module: SMS_DESPOOLER */
    struct str host;      /* MachineName = ANFIELD */
    struct str site;      /* SiteCode = DOG */
    struct str job;       /* JobID = 00000123 */
    struct str object, object_name; /* Object: Package, Object name: DOG0005D */
    /* what sms_unrendered_read() found when the message itself is missing */
    bool unrendered;
    unsigned n_inserts;
    struct str insert[SMS_INSERTS_MAX];
};

extern const char *const sms_frame_triggers[];  /* one is in any text with a frame */
extern const char *const sms_status_triggers[]; /* one is in any text with STATMSG */

/* Adds to 'out' (zeroed before the first call) what 'text' says: labels at the
 * start of a line, or one behind the other where a relay joined the lines. */
void sms_frame_read(struct str text, struct sms_frame *out);
/* Its part for "The description for Event ID ( 109 ) in Source ( SMS ) could not
 * be found ...": offset of the list of strings, text.n where there is none. */
size_t sms_unrendered_read(struct str text, struct sms_frame *out);
/* What divides words in a log: white space, or '~' for a line end. */
static inline bool
sms_is_gap(char c)
{
    return str_is_space(c) || c == '~';
}

/* A status message as Configuration Manager and SMS 2.0 write it to a log. */
struct sms_status {
    uint32_t id;
    struct str source, component, host, site, thread;
    bool utc_known;
    int64_t utc; /* ns, from GMTDATE */
    struct str string[SMS_STRINGS]; /* ISTR0..9 */
    struct str package;             /* attribute 400 */
};

/* True and '*out' filled when 'text' holds "STATMSG: ID=...". */
bool sms_status_read(struct str text, struct sms_status *out);

/* The strings of one event, as the inserts of its message: '*first' is where
 * insert 1 stands among 'n' strings, when 'want' inserts begin with a path
 * ('path') or are all there; labelled lines before and after them are none.
 * False when they cannot be told apart: strings that a relay dropped must not
 * shift the others. */
bool sms_inserts_find(const struct str *string, unsigned n, unsigned want, bool path, unsigned *first);

#endif
