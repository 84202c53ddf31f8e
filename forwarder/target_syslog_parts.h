/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_syslog_parts.h - what the files target_syslog*.c share: the target, and
 * the ways its messages can take.  Nobody else includes this. */
#ifndef FORWARDER_TARGET_SYSLOG_PARTS_H
#define FORWARDER_TARGET_SYSLOG_PARTS_H

#include <sys/stat.h>

#include "forwarder/ackstream.h"
#include "forwarder/datagrams.h"
#include "forwarder/log.h"
#include "forwarder/syslog_msg.h"
#include "forwarder/target_syslog.h"
#include "forwarder/tls.h"

enum {
    TARGET_SYSLOG_BACK_MS = 5 * 60 * 1000,
    TARGET_SYSLOG_BACK_MAX_MS = 60 * 60 * 1000,
    TARGET_SYSLOG_LOOK_MS = 60 * 1000,
    TARGET_SYSLOG_WALK_MS = 15000 /* through the addresses; then the next one waits for the next try */
};

struct target_syslog {
    struct target base;
    const struct syslog_way *way;
    struct syslog_form form;
    size_t budget;  /* that messages may have; the path of datagrams can allow less */
    char host[256];
    int broken; /* errno of a loss that no settle has reported yet */
    struct ackstream stream;    /* of ways that are streams */
    struct datagrams under_way; /* of those that are not; the pace of all */
    int fd;                     /* of datagrams; -1: none */
    struct stat receiver;       /* of a socket of this computer: which one it is */
    struct syslog_relp *relp;   /* of the way over RELP */
    struct tls *tls;            /* of a stream, NULL none */
    uint8_t tls_digest[32];     /* of the files that it was made with */
    uint64_t safe_before;       /* the stream's 'safe' when it was connected */
    int64_t back_at, look_at;   /* monotonic: to the preferred address; at the files */
    int back_ms;                /* that a backup is kept for; doubles while the preferred address is silent */
    int first_back_ms, look_ms;
    struct log_limit log;
};

/* How messages get to the receiver.  The target is driven by one thread; what
 * each call promises is said in target.h. */
struct syslog_way {
    size_t budget; /* octets that a message may have, where the configuration does not say it */
    bool (*open)(struct target_syslog *); /* false: no memory; NULL: nothing to do */
    /* Sends, and says in '*truncated' whether the message could not hold all. */
    int (*send)(struct target_syslog *, const struct target_item *, bool *truncated);
    int (*settle)(struct target_syslog *, int wait_ms, uint64_t *safe);
    void (*close)(struct target_syslog *); /* also after an open() that failed */
};

/* target_syslog_stream.c: TCP and TLS; safe is what the peer's kernel has acknowledged. */
extern const struct syslog_way syslog_way_stream;
/* target_syslog_datagram.c: UDP; safe is what was not refused for a while. */
extern const struct syslog_way syslog_way_datagram;
/* target_syslog_unix.c: datagrams to this computer; safe is what the receiver has read. */
extern const struct syslog_way syslog_way_unix;
/* target_syslog_relp.c: safe is what the receiver has acknowledged. */
extern const struct syslog_way syslog_way_relp;

/* Notes 'err' with the words that say what failed; returns -err. */
int target_syslog_fail(struct target_syslog *, const char *what, int err);
/* The same with words that say all. */
void target_syslog_say(struct target_syslog *, const char *words);
/* A connection was made, or moved on, to base.address: sets back_at, how long a backup is
 * kept, which is longer each time that the preferred address did not answer. */
void target_syslog_note_backup(struct target_syslog *, int64_t now);

#endif
