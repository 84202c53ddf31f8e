/* SPDX-License-Identifier: BSD-2-Clause
 *
 * syslog_put.h - how the files syslog_*.c write into a message of bounded size:
 * bytes, numbers, and parameters of the form NAME="VALUE", which both forms of
 * a message have.  In line, so that literals become a few moves: this runs for
 * every item.  Nobody else includes this. */
#ifndef FORWARDER_SYSLOG_PUT_H
#define FORWARDER_SYSLOG_PUT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "forwarder/syslog_msg.h"
#include "parsers/event.h"
#include "parsers/plain.h"

enum {
    SYSLOG_VALUE_MAX = 1024, /* the longest value ever written */
    SYSLOG_ID_MAX = 200      /* of ids, which have bounds of their own */
};

/* How much a message may say; the fuller ones are tried first. */
struct syslog_fit {
    unsigned short value; /* octets of values that may be shortened; 0: left out */
    unsigned short name;  /* of the alarm's key, which may not be left out */
    unsigned short host;  /* of HOSTNAME */
    bool lean;            /* without what the receiver can do without */
    bool bare;            /* with nothing but what names the item and its state */
};

struct out {
    char *p;
    size_t n, cap;
    struct syslog_fit fit;
    bool structured; /* values stand in structured data, where ] is escaped, too */
    bool full;       /* something did not fit: write again, shorter */
    bool cut;        /* a value was shortened */
};

static inline void
put_bytes(struct out *o, const char *p, size_t n)
{
    if (n > o->cap - o->n) {
        o->full = true;
        return;
    }
    memcpy(o->p + o->n, p, n);
    o->n += n;
}

static inline void
put(struct out *o, const char *z)
{
    put_bytes(o, z, strlen(z));
}

/* The beginning of a parameter as one literal; NAME is one. */
#define OPENING(name) " " name "=\"", sizeof(" " name "=\"") - 1

/* The length of the UTF-8 character that begins with 'first': what text_show()
 * wrote is valid. */
static inline size_t
char_length(char first)
{
    unsigned char c = (unsigned char) first;

    return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

void syslog_put_number(struct out *, uint64_t);
/* The octets of a value that is not plain all through, shown and escaped. */
void syslog_put_shown(struct out *, struct str, size_t max);
/* Ids or articles as one value, blanks between. */
void syslog_put_list(struct out *, const char *opening, size_t n, const struct str *list, unsigned count);

/* A parameter, ' NAME="' of 'n' octets given, with at most 'max' octets of
 * value.  Left out when 's' is absent. */
static inline void
put_limited_as(struct out *o, const char *opening, size_t n, struct str s, size_t max)
{
    size_t plain;

    if (!str_has(s))
        return;
    put_bytes(o, opening, n);
    plain = plain_value(s.p, s.n < max ? s.n : max); /* mostly all of it */
    put_bytes(o, s.p, plain);
    if (plain < s.n)
        syslog_put_shown(o, str_skip(s, plain), max - plain);
    put(o, "\"");
}
#define put_limited(o, name, s, max) put_limited_as(o, OPENING(name), s, max)

/* A value that may be shortened, or left out when nothing else helps. */
static inline void
put_value_as(struct out *o, const char *opening, size_t n, struct str s)
{
    if (o->fit.value)
        put_limited_as(o, opening, n, s, o->fit.value);
    else if (str_has(s))
        o->cut = true;
}
#define put_value(o, name, s) put_value_as(o, OPENING(name), s)

/* A word of our own: always whole, and nothing in it to escape. */
static inline void
put_word_as(struct out *o, const char *opening, size_t n, const char *word)
{
    put_bytes(o, opening, n);
    put(o, word);
    put(o, "\"");
}
#define put_word(o, name, word) put_word_as(o, OPENING(name), word)

static inline void
put_count_as(struct out *o, const char *opening, size_t n, uint64_t v)
{
    put_bytes(o, opening, n);
    syslog_put_number(o, v);
    put(o, "\"");
}
#define put_count(o, name, v) put_count_as(o, OPENING(name), v)

static inline void
put_time_as(struct out *o, const char *opening, size_t n, const struct when *w)
{
    char text[WHEN_TEXT_SIZE];

    if (when_text(w, text))
        put_word_as(o, opening, n, text);
}
#define put_time(o, name, w) put_time_as(o, OPENING(name), w)

#define put_list(o, name, list, n) syslog_put_list(o, OPENING(name), list, n)

/* What the header takes from an item of any kind. */
struct syslog_view {
    const struct when *when;
    struct str host, address;
    const char *id; /* MSGID */
    int severity;   /* of PRI */
    uint64_t seq;
    const char *msg; /* MSG as it is shown */
    size_t msg_n;
};

/* The program's age as SNMP counts it: hundredths of a second, 32 bits. */
static inline uint64_t
syslog_uptime(int64_t ns)
{
    return (uint64_t) (ns / 10000000) & UINT32_MAX;
}

/* Whether 's' is an IP address; then 'text' is that, ended by a NUL. */
bool syslog_address(struct str s, char text[INET6_ADDRSTRLEN]);
/* As much of 'text' as goes into 'max' octets, whole characters; how much that was. */
size_t syslog_put_text(struct out *, const char *text, size_t n, size_t max);
/* syslog_facts.c: the parameters of an item, from its id on. */
void syslog_put_facts(struct out *, const struct target_item *, const struct syslog_view *, bool host_changed);
/* What an alarm is to an NMS (RFC 5674), without the resource. */
void syslog_put_alarm(struct out *, const struct alarm_item *);
/* syslog_bsd.c: all of a message in the form of RFC 3164 but its end, with at
 * most 'kept' octets of v->msg. */
void syslog_put_bsd(struct out *, const struct syslog_form *, const struct target_item *, const struct syslog_view *,
                    size_t kept);

#endif
