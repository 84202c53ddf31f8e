/* SPDX-License-Identifier: BSD-2-Clause
 *
 * control.c - the server side of the control socket.  All of it runs in the
 * loop's thread but for answer_requests(): the two share the queues under
 * 'lock', and an eventfd tells the loop that answers are there. */
#include "build.h"

#include "forwarder/control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "forwarder/cmd.h"
#include "forwarder/log.h"
#include "forwarder/thread.h"

enum client_state { CLIENT_ASKS, CLIENT_WAITS, CLIENT_TAKES };

struct client {
    struct control *control;
    struct client *next;
    struct bufferevent *bev;
    struct event *deadline;
    enum client_state state;
    struct job *job; /* while it waits */
};

struct job {
    struct job *next;
    struct client *client; /* NULL: our own question, or the client has gone; loop's thread only */
    void (*done)(void *arg, int status, struct str text);
    void *arg;
    char *line;
    int status;
    struct xml_buf out;
};

struct control {
    struct event_base *base;
    char *path;
    struct evconnlistener *listener;
    struct client *clients;
    unsigned n_clients;
    bool own_pending; /* a question of control_ask() */
    control_answer *answer;
    void *arg;
    int wake;
    struct event *answered;
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    /* under 'lock' */
    struct job *todo, **todo_last, *finished;
    bool closing;
};

/* --- words ------------------------------------------------------------------ */

void
control_word(struct xml_buf *b, const char *word)
{
    if (b->n)
        put_z(b, " ");
    for (const unsigned char *p = (const unsigned char *) word; *p; p++)
        if (*p <= ' ' || *p == '%' || *p == 0x7f)
            put_f(b, "%%%02X", *p);
        else
            put_bytes(b, p, 1);
}

/* "%XX" to bytes, in place. */
static bool
unescape(char *word)
{
    char *to = word;

    for (const char *p = word; *p; p++) {
        int high, low;

        if (*p != '%') {
            *to++ = *p;
            continue;
        }
        if ((high = str_hex_value(p[1])) < 0 || (low = str_hex_value(p[2])) < 0 || high + low == 0)
            return false;
        *to++ = (char) (high * 16 + low);
        p += 2;
    }
    *to = '\0';
    return true;
}

int
control_words(char *line, char *words[CONTROL_WORDS])
{
    char *save = NULL;
    int n = 0;

    for (char *w = strtok_r(line, " \r", &save); w; w = strtok_r(NULL, " \r", &save)) {
        if (n == CONTROL_WORDS || !unescape(w))
            return -1;
        words[n++] = w;
    }
    return n;
}

/* --- the request thread ------------------------------------------------------ */

static void *
answer_requests(void *arg)
{
    struct control *c = arg;
    const uint64_t one = 1;

    pthread_mutex_lock(&c->lock);
    for (;;) {
        struct job *j;

        while (!c->todo && !c->closing)
            pthread_cond_wait(&c->cond, &c->lock);
        if (c->closing)
            break;
        j = c->todo;
        if (!(c->todo = j->next))
            c->todo_last = &c->todo;
        pthread_mutex_unlock(&c->lock);
        j->status = c->answer(c->arg, j->line, &j->out);
        if (j->out.failed) {
            xml_buf_clear(&j->out);
            put_z(&j->out, "the answer is too long\n");
            j->status = CMD_FAILED;
        }
        pthread_mutex_lock(&c->lock);
        j->next = c->finished;
        c->finished = j;
        /* Full it can only be when the loop has been told already. */
        while (write(c->wake, &one, sizeof one) < 0 && errno == EINTR)
            continue;
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

static void
job_free(struct job *j)
{
    xml_buf_fini(&j->out);
    free(j->line);
    free(j);
}

static struct job *
job_post(struct control *c, const char *line)
{
    struct job *j = calloc(1, sizeof *j);

    if (!j || !(j->line = strdup(line))) {
        free(j);
        return NULL;
    }
    xml_buf_init(&j->out, CONTROL_REPLY);
    pthread_mutex_lock(&c->lock);
    *c->todo_last = j;
    c->todo_last = &j->next;
    pthread_cond_signal(&c->cond);
    pthread_mutex_unlock(&c->lock);
    return j;
}

bool
control_ask(struct control *c, const char *line, void (*done)(void *, int, struct str), void *arg)
{
    struct job *j = c->own_pending ? NULL : job_post(c, line);

    if (!j)
        return false;
    /* Taken from the queue of the finished by this thread only: no race. */
    j->done = done;
    j->arg = arg;
    c->own_pending = true;
    return true;
}

/* --- clients ------------------------------------------------------------------ */

static void
client_free(struct client *k)
{
    struct control *c = k->control;

    for (struct client **p = &c->clients; *p; p = &(*p)->next)
        if (*p == k) {
            *p = k->next;
            break;
        }
    c->n_clients--;
    if (k->job)
        k->job->client = NULL;
    if (k->deadline)
        event_free(k->deadline);
    if (k->bev)
        bufferevent_free(k->bev);
    free(k);
    if (c->listener)
        evconnlistener_enable(c->listener);
}

static void
set_deadline(struct client *k, int ms)
{
    const struct timeval tv = {ms / 1000, ms % 1000 * 1000};

    if (ms)
        evtimer_add(k->deadline, &tv);
    else
        evtimer_del(k->deadline);
}

static void
free_bytes(const void *p, size_t n, void *arg)
{
    (void) p;
    (void) n;
    free(arg);
}

/* The answer goes out, without another copy of it. */
static void
reply(struct client *k, int status, struct xml_buf *out)
{
    struct evbuffer *to = bufferevent_get_output(k->bev);

    k->state = CLIENT_TAKES;
    set_deadline(k, CONTROL_TAKE_MS);
    if (evbuffer_add_printf(to, "%d %zu\n", status, out->n) < 0
        || (out->n && evbuffer_add_reference(to, out->p, out->n, free_bytes, out->p) != 0)) {
        client_free(k);
        return;
    }
    if (out->n)
        *out = (struct xml_buf){.max = out->max};
    bufferevent_enable(k->bev, EV_WRITE);
}

static void
refuse(struct client *k, const char *why)
{
    struct xml_buf out;

    xml_buf_init(&out, CONTROL_LINE);
    put_f(&out, "%s\n", why);
    reply(k, CMD_USAGE, &out);
    xml_buf_fini(&out);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
    struct client *k = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t n;
    char *line;

    if (k->state != CLIENT_ASKS) {
        evbuffer_drain(in, evbuffer_get_length(in));
        return;
    }
    line = evbuffer_readln(in, &n, EVBUFFER_EOL_LF);
    if (!line && evbuffer_get_length(in) <= CONTROL_LINE)
        return;
    evbuffer_drain(in, evbuffer_get_length(in));
    if (!line || n > CONTROL_LINE) {
        refuse(k, "the request is too long");
    } else if (memchr(line, '\0', n)) {
        refuse(k, "the request holds a NUL");
    } else if ((k->job = job_post(k->control, line))) {
        k->job->client = k;
        k->state = CLIENT_WAITS;
        set_deadline(k, 0);
    } else {
        client_free(k);
    }
    free(line);
}

static void
on_written(struct bufferevent *bev, void *arg)
{
    struct client *k = arg;

    if (k->state == CLIENT_TAKES && evbuffer_get_length(bufferevent_get_output(bev)) == 0)
        client_free(k);
}

/* One that has shut its side down still gets its answer. */
static void
on_event(struct bufferevent *bev, short what, void *arg)
{
    struct client *k = arg;

    if ((what & BEV_EVENT_EOF) && k->state != CLIENT_ASKS)
        bufferevent_disable(bev, EV_READ);
    else
        client_free(k);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void) fd;
    (void) what;
    client_free(arg);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int len, void *arg)
{
    struct control *c = arg;
    struct client *k = calloc(1, sizeof *k);

    (void) from;
    (void) len;
    if (!k) {
        close(fd);
        return;
    }
    k->control = c;
    k->next = c->clients;
    c->clients = k;
    c->n_clients++;
    k->deadline = evtimer_new(c->base, on_deadline, k);
    k->bev = bufferevent_socket_new(c->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!k->bev)
        close(fd);
    if (!k->deadline || !k->bev) {
        client_free(k);
        return;
    }
    bufferevent_setcb(k->bev, on_read, on_written, on_event, k);
    bufferevent_setwatermark(k->bev, EV_READ, 0, 2 * CONTROL_LINE);
    bufferevent_enable(k->bev, EV_READ);
    set_deadline(k, CONTROL_ASK_MS);
    /* The rest wait in the kernel's queue until one of these has gone. */
    if (c->n_clients >= CONTROL_CLIENTS)
        evconnlistener_disable(listener);
}

static void
on_answered(evutil_socket_t fd, short what, void *arg)
{
    struct control *c = arg;
    struct job *finished, *j;
    uint64_t count;

    (void) what;
    while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
        continue;
    pthread_mutex_lock(&c->lock);
    finished = c->finished;
    c->finished = NULL;
    pthread_mutex_unlock(&c->lock);
    while ((j = finished)) {
        finished = j->next;
        if (j->client) {
            j->client->job = NULL;
            reply(j->client, j->status, &j->out);
        } else if (j->done) {
            c->own_pending = false;
            j->done(j->arg, j->status, str_make(j->out.p, j->out.n));
        }
        job_free(j);
    }
}

/* --- the socket ----------------------------------------------------------------- */

/* A listening socket at 'dir'/control.sock.  The folder is opened and named
 * through /proc where its name is longer than a socket's may be. */
static int
listen_at(const char *dir, const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = -1, folder = -1, result = 0;

    if (strlen(path) < sizeof to.sun_path) {
        snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    } else {
        if ((folder = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
            return -errno;
        snprintf(to.sun_path, sizeof to.sun_path, "/proc/self/fd/%d/" CONTROL_NAME, folder);
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || (unlink(to.sun_path) != 0 && errno != ENOENT)
        || bind(fd, (const struct sockaddr *) &to, sizeof to) != 0 || chmod(to.sun_path, 0660) != 0
        || listen(fd, CONTROL_CLIENTS) != 0)
        result = -errno;
    if (result && fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    return result ? result : fd;
}

static bool
start(struct control *c, const char *dir)
{
    int fd = listen_at(dir, c->path);

    if (fd < 0) {
        errno = -fd;
        return false;
    }
    c->listener = evconnlistener_new(c->base, on_accept, c, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (!c->listener)
        close(fd);
    c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->listener && c->wake >= 0)
        c->answered = event_new(c->base, c->wake, EV_READ | EV_PERSIST, on_answered, c);
    if (!c->answered || event_add(c->answered, NULL) != 0) {
        errno = ENOMEM;
        return false;
    }
    errno = thread_start(&c->thread, answer_requests, c);
    c->thread_runs = errno == 0;
    return c->thread_runs;
}

struct control *
control_open(struct event_base *base, const char *dir, control_answer *answer, void *arg, char *err, size_t errlen)
{
    struct control *c = calloc(1, sizeof *c);
    int saved = ENOMEM;

    if (c) {
        *c = (struct control){.base = base, .answer = answer, .arg = arg, .wake = -1};
        c->todo_last = &c->todo;
        pthread_mutex_init(&c->lock, NULL);
        pthread_cond_init(&c->cond, NULL);
        if (asprintf(&c->path, "%s/" CONTROL_NAME, dir) < 0)
            c->path = NULL;
        if (c->path && start(c, dir))
            return c;
        saved = c->path ? errno : ENOMEM;
    }
    snprintf(err, errlen, "cannot make the control socket %s/" CONTROL_NAME ": %s", dir, strerror(saved));
    control_close(c);
    errno = saved;
    return NULL;
}

void
control_close(struct control *c)
{
    struct job *j;

    if (!c)
        return;
    if (c->thread_runs) {
        pthread_mutex_lock(&c->lock);
        c->closing = true;
        pthread_cond_signal(&c->cond);
        pthread_mutex_unlock(&c->lock);
        pthread_join(c->thread, NULL);
    }
    if (c->listener) {
        unlink(c->path);
        evconnlistener_free(c->listener);
        c->listener = NULL;
    }
    while (c->clients)
        client_free(c->clients);
    while ((j = c->todo)) {
        c->todo = j->next;
        job_free(j);
    }
    while ((j = c->finished)) {
        c->finished = j->next;
        job_free(j);
    }
    if (c->answered)
        event_free(c->answered);
    if (c->wake >= 0)
        close(c->wake);
    pthread_cond_destroy(&c->cond);
    pthread_mutex_destroy(&c->lock);
    free(c->path);
    free(c);
}
