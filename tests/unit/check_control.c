/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_control.c - the control socket from both ends: words, answers, bounds,
 * and clients that are slow, silent, many, or gone.  The server's loop runs in
 * a thread here; its answers come from the test. */
#include "build.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "forwarder/control.h"
#include "forwarder/control_client.h"
#include "tests/unit/scratch.h"

static char dir[256];

struct server {
    struct event_base *base;
    struct control *control;
    pthread_t thread;
    int stop[2];
    pthread_mutex_t gate; /* held: answers wait */
    atomic_uint answered;
};
static struct server server;

/* "ECHO A B": its words back.  "BIG N": that many bytes.  "GATE": waits for the
 * test.  "FAIL": status 4.  "ENDLESS": more than an answer may be. */
static int
answer_line(void *arg, char *line, struct xml_buf *out)
{
    struct server *s = arg;
    char *words[CONTROL_WORDS];
    int n = control_words(line, words), status = 0;

    if (n < 1) {
        put_z(out, "no words\n");
        status = 2;
    } else if (strcmp(words[0], "ECHO") == 0) {
        for (int i = 1; i < n; i++)
            put_f(out, "[%s]", words[i]);
    } else if (strcmp(words[0], "BIG") == 0) {
        size_t size = strtoul(words[1], NULL, 10);

        for (size_t i = 0; i < size; i += 16)
            put_bytes(out, "0123456789abcdef", 16);
    } else if (strcmp(words[0], "GATE") == 0) {
        pthread_mutex_lock(&s->gate);
        put_z(out, "through");
        pthread_mutex_unlock(&s->gate);
    } else if (strcmp(words[0], "ENDLESS") == 0) {
        static char block[1 << 20];

        while (!out->failed)
            put_bytes(out, block, sizeof block);
    } else {
        put_z(out, "it failed\n");
        status = 4;
    }
    s->answered++;
    return status;
}

static void
stop_loop(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;

    (void) fd;
    (void) what;
    event_base_loopbreak(s->base);
}

static void *
run_loop(void *arg)
{
    struct server *s = arg;
    struct event *ev = event_new(s->base, s->stop[0], EV_READ, stop_loop, s);

    event_add(ev, NULL);
    event_base_dispatch(s->base);
    event_free(ev);
    return NULL;
}

/* 'first' (may be NULL) is called once by the loop. */
static void
start_server(struct server *s, const char *folder, event_callback_fn first)
{
    const struct timeval now = {0, 0};
    char err[4600];

    s->base = event_base_new();
    ck_assert_ptr_nonnull(s->base);
    ck_assert_int_eq(pipe(s->stop), 0);
    pthread_mutex_init(&s->gate, NULL);
    s->control = control_open(s->base, folder, answer_line, s, err, sizeof err);
    ck_assert_msg(s->control != NULL, "%s", err);
    if (first)
        ck_assert_int_eq(event_base_once(s->base, -1, EV_TIMEOUT, first, s, &now), 0);
    ck_assert_int_eq(pthread_create(&s->thread, NULL, run_loop, s), 0);
}

static void
stop_server(struct server *s)
{
    ck_assert_int_eq(write(s->stop[1], "x", 1), 1);
    pthread_join(s->thread, NULL);
    control_close(s->control);
    event_base_free(s->base);
    close(s->stop[0]);
    close(s->stop[1]);
    pthread_mutex_destroy(&s->gate);
}

static void
setup(void)
{
    signal(SIGPIPE, SIG_IGN);
    scratch_make(dir, sizeof dir);
    start_server(&server, dir, NULL);
}

static void
teardown(void)
{
    stop_server(&server);
    scratch_remove(dir);
}

static int
ask(const char *folder, const char *const *words, struct xml_buf *out)
{
    char err[4600] = "";
    int r = control_client_ask(folder, words, out, err, sizeof err);

    if (r < 0)
        fprintf(stderr, "%s\n", err);
    return r;
}
#define ASK(out, ...) ask(dir, (const char *const[]){__VA_ARGS__, NULL}, out)

static void
expect(const struct xml_buf *out, const char *want)
{
    ck_assert_msg(out->n == strlen(want) && memcmp(out->p, want, out->n) == 0, "got: %.*s", (int) out->n, out->p);
}

static int
raw_connect(void)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_uint_lt(strlen(dir), sizeof to.sun_path - sizeof "/" CONTROL_NAME);
    stpcpy(stpcpy(to.sun_path, dir), "/" CONTROL_NAME);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *) &to, sizeof to), 0);
    return fd;
}

static void
raw_send(int fd, const void *p, size_t n)
{
    ck_assert_int_eq(send(fd, p, n, MSG_NOSIGNAL), (ssize_t) n);
}

/* Everything up to the end; its length. */
static size_t
raw_receive(int fd, char *out, size_t size)
{
    size_t n = 0;
    ssize_t k;

    while (n < size && (k = recv(fd, out + n, size - n, 0)) > 0)
        n += (size_t) k;
    return n;
}

START_TEST(words_come_as_they_were_sent)
{
    struct xml_buf out;

    xml_buf_init(&out, CONTROL_REPLY);
    ck_assert_int_eq(ASK(&out, "ECHO", "dist:A:B C%20", "\x01\x7f\n", "M\xc3\xbc\xff"), 0);
    expect(&out, "[dist:A:B C%20][\x01\x7f\n][M\xc3\xbc\xff]");
    xml_buf_fini(&out);
}
END_TEST

START_TEST(a_status_and_its_words)
{
    struct xml_buf out;

    xml_buf_init(&out, CONTROL_REPLY);
    ck_assert_int_eq(ASK(&out, "NONSENSE"), 4);
    expect(&out, "it failed\n");
    xml_buf_fini(&out);
}
END_TEST

START_TEST(a_large_answer)
{
    struct xml_buf out;

    xml_buf_init(&out, CONTROL_REPLY + 64);
    ck_assert_int_eq(ASK(&out, "BIG", "20000000"), 0);
    ck_assert_uint_eq(out.n, 20000000);
    for (size_t i = 0; i < out.n; i += 16)
        ck_assert_mem_eq(out.p + i, "0123456789abcdef", 16);
    xml_buf_clear(&out);
    ck_assert_int_eq(ASK(&out, "ENDLESS"), 4);
    expect(&out, "the answer is too long\n");
    xml_buf_fini(&out);
}
END_TEST

START_TEST(a_client_that_shuts_its_side_gets_its_answer)
{
    char text[256] = "";
    int fd = raw_connect();

    raw_send(fd, "ECHO a\n", 7);
    shutdown(fd, SHUT_WR);
    raw_receive(fd, text, sizeof text - 1);
    ck_assert_str_eq(text, "0 3\n[a]");
    close(fd);
}
END_TEST

START_TEST(byte_by_byte)
{
    const char *line = "ECHO slowly  typed\r\n";
    char text[256] = "";
    int fd = raw_connect();

    for (const char *p = line; *p; p++)
        raw_send(fd, p, 1);
    raw_receive(fd, text, sizeof text - 1);
    ck_assert_str_eq(text, "0 15\n[slowly][typed]");
    close(fd);
}
END_TEST

START_TEST(requests_that_are_none)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *answer;
    } rows[] = {
        {"\n", 1, "2 9\nno words\n"},
        {"ECHO %zz\n", 9, "2 9\nno words\n"},
        {"ECHO %00\n", 9, "2 9\nno words\n"},
        {"ECHO %\n", 7, "2 9\nno words\n"},
        {"1 2 3 4 5 6 7 8 9\n", 18, "2 9\nno words\n"},
        {"EC\0HO\n", 6, "2 24\nthe request holds a NUL\n"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256] = "";
        int fd = raw_connect();

        raw_send(fd, rows[i].bytes, rows[i].n);
        raw_receive(fd, text, sizeof text - 1);
        ck_assert_str_eq(text, rows[i].answer);
        close(fd);
    }
}
END_TEST

START_TEST(a_request_without_end_is_cut_off)
{
    static char block[3 * CONTROL_LINE];
    char text[256] = "";
    int fd = raw_connect();

    memset(block, 'a', sizeof block);
    raw_send(fd, block, sizeof block);
    raw_receive(fd, text, sizeof text - 1);
    ck_assert_str_eq(text, "2 24\nthe request is too long\n");
    ck_assert_uint_eq(server.answered, 0);
    close(fd);
}
END_TEST

START_TEST(a_client_that_goes_while_it_waits)
{
    struct xml_buf out;
    int fd = raw_connect();

    xml_buf_init(&out, CONTROL_REPLY);
    pthread_mutex_lock(&server.gate);
    raw_send(fd, "GATE\n", 5);
    close(fd);
    pthread_mutex_unlock(&server.gate);
    ck_assert_int_eq(ASK(&out, "ECHO", "next"), 0);
    expect(&out, "[next]");
    xml_buf_fini(&out);
}
END_TEST

/* Sixteen hold all places: silent ones, and one that does not take its large
 * answer.  The next one waits in the queue, and is served when one goes. */
START_TEST(many_and_slow_clients)
{
    int fds[CONTROL_CLIENTS];
    struct pollfd p;
    char text[64] = "";

    fds[0] = raw_connect();
    raw_send(fds[0], "BIG 30000000\n", 13);
    for (int i = 1; i < CONTROL_CLIENTS; i++)
        fds[i] = raw_connect();
    /* Those that are in are served, whatever the others do. */
    raw_send(fds[1], "ECHO in\n", 8);
    raw_receive(fds[1], text, 8);
    ck_assert_str_eq(text, "0 4\n[in]");
    close(fds[1]);
    fds[1] = raw_connect();
    p = (struct pollfd){raw_connect(), POLLIN, 0};
    raw_send(p.fd, "ECHO last\n", 10);
    ck_assert_int_eq(poll(&p, 1, 200), 0);
    close(fds[2]);
    memset(text, 0, sizeof text);
    raw_receive(p.fd, text, 10);
    ck_assert_str_eq(text, "0 6\n[last]");
    close(p.fd);
    for (int i = 0; i < CONTROL_CLIENTS; i++)
        if (i != 2)
            close(fds[i]);
}
END_TEST

static atomic_int own_status = -1;

static void
take_own(void *arg, int status, struct str text)
{
    (void) arg;
    ck_assert(str_eq(text, STR("[own]")));
    own_status = status;
}

static void
ask_own(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;

    (void) fd;
    (void) what;
    ck_assert(control_ask(s->control, "ECHO own", take_own, NULL));
    /* One at a time: what waits for the engine must not pile up. */
    ck_assert(!control_ask(s->control, "ECHO own", take_own, NULL));
}

START_TEST(a_question_of_the_program_itself)
{
    struct server own = {0};
    char folder[300];

    snprintf(folder, sizeof folder, "%s/own", dir);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    start_server(&own, folder, ask_own);
    for (int i = 0; i < 1000 && own_status < 0; i++)
        poll(NULL, 0, 10);
    ck_assert_int_eq(own_status, 0);
    stop_server(&own);
}
END_TEST

START_TEST(the_socket_is_for_user_and_group)
{
    char path[300];
    struct stat st;

    snprintf(path, sizeof path, "%s/" CONTROL_NAME, dir);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert(S_ISSOCK(st.st_mode));
    ck_assert_uint_eq(st.st_mode & 0777, 0660);
}
END_TEST

/* A socket that a crash left is replaced, and gone after a clean end. */
START_TEST(stale_and_gone)
{
    static const char *const words[] = {"ECHO", "x", NULL};
    char folder[] = "/tmp/truecause-control-XXXXXX", path[64], err[4600];
    struct server other = {0};
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct xml_buf out;
    int fd;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/" CONTROL_NAME, folder);
    xml_buf_init(&out, CONTROL_REPLY);
    ck_assert_int_eq(control_client_ask(folder, words, &out, err, sizeof err), -ENOENT);
    ck_assert_ptr_nonnull(strstr(err, "no daemon answers at "));
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *) &at, sizeof at), 0);
    close(fd);
    ck_assert_int_eq(control_client_ask(folder, words, &out, err, sizeof err), -ECONNREFUSED);
    ck_assert_ptr_nonnull(strstr(err, "start it with"));
    start_server(&other, folder, NULL);
    ck_assert_int_eq(ask(folder, words, &out), 0);
    stop_server(&other);
    ck_assert_int_eq(access(path, F_OK), -1);
    xml_buf_fini(&out);
    rmdir(folder);
}
END_TEST

/* A folder whose name is longer than a socket's may be. */
START_TEST(a_long_name)
{
    static const char *const words[] = {"ECHO", "far", NULL};
    char folder[600];
    struct server other = {0};
    struct xml_buf out;
    size_t n = (size_t) snprintf(folder, sizeof folder, "%s/", dir);

    memset(folder + n, 'l', 200);
    folder[n + 200] = '\0';
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    xml_buf_init(&out, CONTROL_REPLY);
    start_server(&other, folder, NULL);
    ck_assert_int_eq(ask(folder, words, &out), 0);
    expect(&out, "[far]");
    stop_server(&other);
    ck_assert_uint_eq(scratch_count(folder, CONTROL_NAME), 0);
    xml_buf_fini(&out);
}
END_TEST

static void *
liar(void *arg)
{
    int *listener = arg, fd = accept(*listener, NULL, NULL);
    char line[64];

    if (recv(fd, line, sizeof line, 0) > 0)
        send(fd, "0 100\nonly this", 15, MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

/* Half an answer is no answer. */
START_TEST(an_answer_that_is_cut)
{
    static const char *const words[] = {"STATUS", NULL};
    char folder[] = "/tmp/truecause-control-XXXXXX", err[4600];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct xml_buf out;
    pthread_t thread;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(at.sun_path, sizeof at.sun_path, "%s/" CONTROL_NAME, folder);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *) &at, sizeof at), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, liar, &fd), 0);
    xml_buf_init(&out, CONTROL_REPLY);
    ck_assert_int_eq(control_client_ask(folder, words, &out, err, sizeof err), -EPROTO);
    ck_assert_ptr_nonnull(strstr(err, "ended while it answered"));
    pthread_join(thread, NULL);
    xml_buf_fini(&out);
    close(fd);
    unlink(at.sun_path);
    rmdir(folder);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("control");
    TCase *t = tcase_create("control");
    SRunner *r;
    int failed;

    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, words_come_as_they_were_sent);
    tcase_add_test(t, a_status_and_its_words);
    tcase_add_test(t, a_large_answer);
    tcase_add_test(t, a_client_that_shuts_its_side_gets_its_answer);
    tcase_add_test(t, byte_by_byte);
    tcase_add_test(t, requests_that_are_none);
    tcase_add_test(t, a_request_without_end_is_cut_off);
    tcase_add_test(t, a_client_that_goes_while_it_waits);
    tcase_add_test(t, many_and_slow_clients);
    tcase_add_test(t, a_question_of_the_program_itself);
    tcase_add_test(t, the_socket_is_for_user_and_group);
    tcase_add_test(t, stale_and_gone);
    tcase_add_test(t, a_long_name);
    tcase_add_test(t, an_answer_that_is_cut);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
