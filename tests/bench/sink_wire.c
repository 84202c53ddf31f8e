/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sink_wire.c - the framings and TLS of sink.c; see the header.  It waits for a
 * TLS handshake and for the rest of a TLS record: its peers are ours. */
#include "build.h"

#include "tests/bench/sink_wire.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX = 64, FRAME_MAX = 1 << 19 };

static enum { OCTETS, LINES, RELP, UDP } form;
static SSL_CTX *context;

int
wire_option(char **words)
{
    if (strcmp(words[0], "--tls") == 0 && words[1] && words[2]) {
        context = SSL_CTX_new(TLS_server_method());
        if (!context || SSL_CTX_use_certificate_chain_file(context, words[1]) != 1
            || SSL_CTX_use_PrivateKey_file(context, words[2], SSL_FILETYPE_PEM) != 1)
            exit((ERR_print_errors_fp(stderr), 1));
        return 3;
    }
    if (strcmp(words[0], "--lines") == 0)
        form = LINES;
    else if (strcmp(words[0], "--relp") == 0)
        form = RELP;
    else if (strcmp(words[0], "--udp") == 0)
        form = UDP;
    else
        return 0;
    return 1;
}

bool
wire_is_udp(void)
{
    return form == UDP;
}

bool
wire_open(struct wire *w, int fd)
{
    *w = (struct wire){.fd = fd};
    if (!context)
        return true;
    w->ssl = SSL_new(context);
    if (w->ssl && SSL_set_fd(w->ssl, fd) == 1 && SSL_accept(w->ssl) == 1)
        return true;
    SSL_free(w->ssl);
    w->ssl = NULL;
    return false;
}

void
wire_close(struct wire *w)
{
    SSL_free(w->ssl);
    free(w->answers);
    close(w->fd);
    *w = (struct wire){.fd = -1};
}

ssize_t
wire_read(struct wire *w, char *p, size_t n, int flags)
{
    size_t got;

    if (!w->ssl)
        return recv(w->fd, p, n, flags);
    return SSL_read_ex(w->ssl, p, n, &got) == 1 ? (ssize_t) got : 0;
}

bool
wire_pending(const struct wire *w)
{
    return w->ssl && SSL_pending(w->ssl) > 0;
}

/* A number at p[*at], and the one character behind it. */
static bool
number(const char *p, size_t n, size_t *at, size_t *value)
{
    size_t i = *at;

    for (*value = 0; i < n && i < *at + 10 && p[i] >= '0' && p[i] <= '9'; i++)
        *value = *value * 10 + (size_t) (p[i] - '0');
    if (i == *at || i >= n)
        return false;
    *at = i;
    return true;
}

static void
answer(struct wire *w, size_t txnr, const char *text)
{
    if (w->room - w->n_answers < 256) {
        w->room += 1 << 16;
        w->answers = realloc(w->answers, w->room);
        if (!w->answers)
            exit((perror("sink: memory"), 1));
    }
    w->n_answers += (size_t) snprintf(w->answers + w->n_answers, 256, "%zu rsp %zu%s%s\n", txnr, strlen(text),
                                      *text ? " " : "", text);
}

/* "TXNR COMMAND LENGTH[ DATA]\n" */
static ssize_t
relp_frame(struct wire *w, const char *p, size_t n, size_t *head, size_t *length)
{
    size_t at = 0, txnr, data, command;
    const char *blank;

    *length = 0;
    if (!number(p, n, &at, &txnr))
        return n < HEAD_MAX ? 0 : -1;
    command = at + 1;
    blank = command < n ? memchr(p + command, ' ', n - command) : NULL;
    if (!blank)
        return n < HEAD_MAX ? 0 : -1;
    at = (size_t) (blank - p) + 1;
    if (!number(p, n, &at, &data))
        return n < HEAD_MAX ? 0 : -1;
    *head = at + 1;
    at += data ? 1 + data : 0;
    if (at >= n)
        return 0;
    if (p[at] != '\n')
        return -1;
    if (strncmp(p + command, "syslog ", 7) == 0) {
        *length = data;
        answer(w, txnr, "200 OK");
    } else {
        answer(w, txnr, strncmp(p + command, "open ", 5) == 0
                            ? "200 OK\nrelp_version=0\nrelp_software=sink\ncommands=syslog" : "");
    }
    return (ssize_t) at + 1;
}

ssize_t
wire_frame(struct wire *w, const char *p, size_t n, size_t *head, size_t *length)
{
    const char *end;
    size_t at = 0;

    *head = 0;
    switch (form) {
    case UDP:
        *length = n;
        return (ssize_t) n;
    case LINES:
        end = memchr(p, '\n', n);
        *length = end ? (size_t) (end - p) : 0;
        return end ? (ssize_t) *length + 1 : 0;
    case RELP:
        return relp_frame(w, p, n, head, length);
    case OCTETS:
        break;
    }
    if (!number(p, n, &at, length))
        return n < HEAD_MAX && n > 0 && p[0] >= '0' && p[0] <= '9' ? 0 : -1;
    if (p[at] != ' ' || *length > FRAME_MAX)
        return -1;
    *head = at + 1;
    return n - at - 1 >= *length ? (ssize_t) (at + 1 + *length) : 0;
}

void
wire_answer(struct wire *w)
{
    for (size_t at = 0; at < w->n_answers;) {
        ssize_t n = w->ssl ? SSL_write(w->ssl, w->answers + at, (int) (w->n_answers - at))
                           : send(w->fd, w->answers + at, w->n_answers - at, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        at += (size_t) n;
    }
    w->n_answers = 0;
}
