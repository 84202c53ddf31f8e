/* SPDX-License-Identifier: BSD-2-Clause
 *
 * control.h - the socket through which the commands reach a running daemon:
 * STATE/control.sock, mode 0660.  One request a connection:
 *
 *     WORD WORD ... LF              at most CONTROL_LINE bytes; in a word every
 *                                   byte up to 0x20, '%' and 0x7f is %XX
 *     STATUS LENGTH LF TEXT         the answer: an exit status of cmd.h, and
 *                                   TEXT of LENGTH bytes; then the end
 *
 * The loop's thread talks to clients and never blocks on one; requests are
 * answered one after the other in a thread of their own, which may wait for
 * the engine.  Called by daemon.c; control_client.h is the other end. */
#ifndef FORWARDER_CONTROL_H
#define FORWARDER_CONTROL_H

#include <event2/event.h>

#include "forwarder/put.h"

#define CONTROL_NAME "control.sock"

enum {
    CONTROL_LINE = 8192,
    CONTROL_REPLY = 64 << 20,
    CONTROL_CLIENTS = 16,
    CONTROL_ASK_MS = 10000,    /* a client that has not asked by then goes */
    CONTROL_TAKE_MS = 120000,  /* nor is one waited for longer that does not take its answer */
    CONTROL_WORDS = 8
};

struct control;

/* Answers one request, a line without LF that it may change: writes to 'out'
 * (empty, bound CONTROL_REPLY) and returns the status.  In the request thread. */
typedef int control_answer(void *arg, char *line, struct xml_buf *out);

/* Makes the socket in 'dir' in place of a stale one: the caller holds the lock
 * of that folder.  NULL with errno, and 'err' in words. */
struct control *control_open(struct event_base *, const char *dir, control_answer *, void *arg, char *err,
                             size_t errlen);
/* Waits for the request under way, removes the socket.  NULL-safe. */
void control_close(struct control *);

/* A question of the program itself, in its turn; 'done' is called in the
 * loop's thread.  False when there is no memory or another one is under way. */
bool control_ask(struct control *, const char *line, void (*done)(void *arg, int status, struct str text), void *arg);

/* Splits a line into its words, in place; their number, or -1 when it is none
 * of ours (too many, a bad escape, a NUL). */
int control_words(char *line, char *words[CONTROL_WORDS]);
/* Appends a word; the first one of a line when the buffer is empty. */
void control_word(struct xml_buf *, const char *word);

#endif
