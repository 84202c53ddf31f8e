/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sink_wire.h - what stands on the bytes that sink.c receives: octet counts,
 * lines, RELP or datagrams, the first two also in TLS.  One at a time, for all
 * peers. */
#ifndef TESTS_SINK_WIRE_H
#define TESTS_SINK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct wire {
    int fd;
    void *ssl;          /* SSL of OpenSSL; NULL without TLS */
    char *answers;      /* RELP: what goes back */
    size_t n_answers, room;
};

/* Understands "--lines", "--relp", "--udp" and "--tls CERT KEY"; how many of the words it took, 0 for another word. */
int wire_option(char **words);
bool wire_is_udp(void);

/* Of a connection that was accepted, TLS agreed on.  False: not wanted. */
bool wire_open(struct wire *, int fd);
void wire_close(struct wire *);
/* As recv(): what came, without TLS. */
ssize_t wire_read(struct wire *, char *, size_t, int flags);
/* More has come that poll() does not tell of. */
bool wire_pending(const struct wire *);
/* The length of the frame at 'p', its message at 'head' of 'length' (0: none for us).
 * 0: not whole yet.  -1: no frame. */
ssize_t wire_frame(struct wire *, const char *p, size_t n, size_t *head, size_t *length);
/* Sends what frames are answered with. */
void wire_answer(struct wire *);

#endif
