/* SPDX-License-Identifier: BSD-2-Clause
 *
 * informs_parts.h - what the files informs*.c share.  Nobody else includes this. */
#ifndef FORWARDER_INFORMS_PARTS_H
#define FORWARDER_INFORMS_PARTS_H

#include "forwarder/informs.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/large_fd_set.h>

#define INFORMS_MS INT64_C(1000000)

enum inform_state {
    INFORM_FREE,
    INFORM_BEHIND, /* another one of its key is in the table before it */
    INFORM_HELD,   /* the acknowledgement of another one of its key is not on disk */
    INFORM_DUE,    /* goes when the window allows */
    INFORM_FLYING
};

struct inform {
    struct informs *owner;
    struct inform *next, *previous; /* in the order of taking; FREE: next is another free one */
    enum inform_state state;
    netsnmp_pdu *pdu; /* FLYING: the library's */
    uint64_t nth;     /* order of taking */
    uint64_t seq, before;
    uint64_t journal_seq, number; /* of the note of its acknowledgement; 0: there is none */
    char id[EVENT_ID_SIZE];
    uint64_t key;     /* a hash; keys that share one only wait for each other */
    bool keyed;
    unsigned tries;   /* times it went without an answer */
    unsigned reports; /* times it was answered with a report */
    int64_t sent;     /* monotonic */
    int64_t expires;  /* FLYING */
};

/* What is known of an authoritative engine (v3): informs_engine.c. */
enum informs_engine {
    INFORMS_READY,     /* nothing has to be found out */
    INFORMS_ASK,       /* a discovery is to be sent */
    INFORMS_ASKED
};

struct informs {
    const struct config_target *tc;
    const struct config_address *to;
    bool trial;   /* no retries before the first acknowledgement */
    struct snmp_session_state *session; /* NULL: none */
    struct acked *acked; /* NULL: acknowledgements are not noted */
    uint64_t saves;      /* of it, when the held ones were looked at */
    struct inform table[INFORMS_TABLE];
    struct inform *first, *last, *unused; /* those in use, oldest first; the free ones */
    unsigned window;  /* most that may fly */
    unsigned allowed; /* of them now: falls with losses, grows with acknowledgements */
    unsigned n, ready, held, flying; /* all; DUE or FLYING; HELD; FLYING */
    uint64_t taken;
    int64_t heard;    /* monotonic, of the last acknowledgement */
    bool closing;
    bool progress;    /* in this informs_work() */
    int failed;       /* errno: the way is lost */
    bool refused;
    char why[200];
    netsnmp_large_fd_set set;
    struct informs_counts counts;

    enum informs_engine engine;
    unsigned asked;      /* discoveries without an answer */
    bool silent;         /* nothing was acknowledged since it last did not answer, or was not there */
    int64_t ask_expires; /* ASKED */
};

/* Timeout number 'tries', from 0. */
int64_t informs_pause(const struct informs *, unsigned tries);
unsigned informs_retries(const struct informs *);
/* "udp:192.0.2.7:162" for messages. */
void informs_peer(const struct informs *, char *out, size_t n);
/* The way is lost. */
__attribute__((format(printf, 3, 4))) void informs_fail(struct informs *, int error, const char *format, ...);

/* informs_engine.c.  All under the library's lock. */
bool informs_is_v3(const struct informs *);
void informs_engine_start(struct informs *);
void informs_engine_ask(struct informs *, int64_t now);
/* Report-PDU number 'nth' came instead of a message's acknowledgement: the message
 * may go again, or the way is lost. */
void informs_report(struct informs *, netsnmp_pdu *, unsigned nth);

#endif
