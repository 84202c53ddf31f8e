/* SPDX-License-Identifier: BSD-2-Clause
 *
 * control_client.c - the commands' side of the control socket.  Called by
 * cmd_status.c, cmd_alarms.c, cmd_replay.c, cmd_explain.c and agent_fetch.c. */
#include "build.h"

#include "forwarder/control_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "forwarder/cmd.h"
#include "forwarder/config_state.h"
#include "forwarder/control.h"
#include "forwarder/log.h"

/* Others may be before us, and looking an item up reads the journal through. */
enum { CLIENT_WAIT_S = 120 };

static int
connect_to(const char *dir)
{
    const struct timeval wait = {CLIENT_WAIT_S, 0};
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = -1, folder = -1, result = 0;
    char *path = NULL;

    if (asprintf(&path, "%s/" CONTROL_NAME, dir) < 0)
        return -ENOMEM;
    if (strlen(path) < sizeof to.sun_path) {
        snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    } else if ((folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
        result = -errno;
        goto out;
    } else {
        snprintf(to.sun_path, sizeof to.sun_path, "/proc/self/fd/%d/" CONTROL_NAME, folder);
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0
        || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0
        || connect(fd, (const struct sockaddr *) &to, sizeof to) != 0)
        result = -errno;
out:
    if (result && fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    free(path);
    return result ? result : fd;
}

static int
send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return -errno;
        p += k;
        n -= (size_t) k;
    }
    return 0;
}

/* Everything up to the end. */
static int
receive_all(int fd, struct xml_buf *out)
{
    char bytes[65536];
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof bytes, 0)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        put_bytes(out, bytes, (size_t) n);
        if (out->failed)
            return -ENOMEM;
    }
    return 0;
}

/* Takes "STATUS LENGTH LF" off the front; -EPROTO when it is not that, or not
 * as many bytes follow: the daemon went away in between. */
static int
take_head(struct xml_buf *out)
{
    size_t head = str_find_char(str_make(out->p, out->n), '\n') + 1, length = 0;
    unsigned status = 0, i = 0;

    for (; i < 3 && i < out->n && str_is_digit(out->p[i]); i++)
        status = status * 10 + (unsigned) (out->p[i] - '0');
    if (i == 0 || head > out->n || out->p[i] != ' ')
        return -EPROTO;
    for (i++; i < head - 1 && str_is_digit(out->p[i]); i++)
        length = length * 10 + (size_t) (out->p[i] - '0');
    if (i != head - 1 || length != out->n - head)
        return -EPROTO;
    memmove(out->p, out->p + head, length);
    out->n = length;
    return (int) status;
}

static void
explain_error(const char *dir, int error, char *err, size_t errlen)
{
    if (error == -ENOENT || error == -ECONNREFUSED || error == -ENOTDIR)
        snprintf(err, errlen,
                 "no daemon answers at %s/" CONTROL_NAME ": start it with `truecause forward -c CONFIG` or its service",
                 dir);
    else if (error == -EACCES || error == -EPERM)
        snprintf(err, errlen,
                 "may not talk to the daemon at %s/" CONTROL_NAME ": be root, or a member of the group that it belongs to",
                 dir);
    else if (error == -EAGAIN)
        snprintf(err, errlen, "the daemon at %s/" CONTROL_NAME " has not answered for %d s: see its own messages", dir,
                 CLIENT_WAIT_S);
    else if (error == -EPROTO)
        snprintf(err, errlen, "the daemon at %s/" CONTROL_NAME " ended while it answered: ask again", dir);
    else
        snprintf(err, errlen, "%s/" CONTROL_NAME ": %s", dir, strerror(-error));
}

int
control_client_ask(const char *dir, const char *const *words, struct xml_buf *out, char *err, size_t errlen)
{
    struct xml_buf line;
    int fd = -1, result = 0;

    xml_buf_init(&line, CONTROL_LINE);
    for (; *words; words++)
        control_word(&line, *words);
    put_z(&line, "\n");
    if (line.failed) {
        snprintf(err, errlen, "the request is too long");
        result = -EMSGSIZE;
        goto out;
    }
    result = fd = connect_to(dir);
    if (fd >= 0 && (result = send_all(fd, line.p, line.n)) == 0 && (result = receive_all(fd, out)) == 0)
        result = take_head(out);
    if (result < 0)
        explain_error(dir, result, err, errlen);
out:
    if (fd >= 0)
        close(fd);
    xml_buf_fini(&line);
    return result;
}

int
control_client_run(const char *config_path, const char *const *words)
{
    struct xml_buf out;
    char err[4600], *dir = config_state(config_path, err, sizeof err);
    int status;

    if (!dir) {
        log_error("%s", err);
        return CMD_CONFIG;
    }
    xml_buf_init(&out, CONTROL_REPLY + 64);
    status = control_client_ask(dir, words, &out, err, sizeof err);
    if (status < 0) {
        log_error("%s", err);
        status = CMD_FAILED;
    } else if (status != CMD_DONE) {
        while (out.n && out.p[out.n - 1] == '\n')
            out.n--;
        log_error("%.*s", (int) (out.n < 2000 ? out.n : 2000), out.n ? out.p : "the daemon refused");
    } else if ((out.n && fwrite(out.p, 1, out.n, stdout) != out.n) || fflush(stdout) != 0) {
        log_error("cannot write the answer: %s", strerror(errno));
        status = CMD_FAILED;
    }
    xml_buf_fini(&out);
    free(dir);
    return status;
}
