/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_target_syslog_relp.c - what the syslog target calls safe over RELP, against
 * a receiver that ends its sessions in every way.  The oracle: nothing is called
 * safe that was not answered with "200". */
#include "build.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forwarder/target.h"

enum { ITEMS = 2000 };

/* How a session ends after some messages; the last is an end that is asked for. */
enum way {
    CUT,         /* closed, with messages read and not answered */
    REFUSE,      /* a message is answered with 500 */
    SERVERCLOSE, /* the hint, and closed, with messages not answered */
    HINT_AT_END, /* "close" is answered with the hint, messages before it with nothing */
    GARBAGE,     /* an answer that is none */
    WELL,
};

static struct {
    int listener, fd;
    enum way way;
    unsigned ends;  /* sessions that end so; the next is well */
    unsigned after; /* messages of a session that are answered */
    atomic_bool answered[ITEMS + 1];
    unsigned sessions, twice;
    char in[1 << 17];
    size_t n;
} peer;

static char port[8], backup_port[8];
static unsigned bad_sessions;
static struct config config = {.enterprise_oid = (char[]){"1.3.6.1.4.1.32473.109"}, .pen = 32473};
static struct config_target tc = {
    .place = {"test.xml", 1},
    .name = (char[]){"siem"},
    .type = (char[]){"syslog"},
    .addresses = {{TRANSPORT_RELP, (char[]){"127.0.0.1"}, port}, {TRANSPORT_RELP, (char[]){"127.0.0.1"}, backup_port}},
    .n_addresses = 1,
    .facility = 16,
};
static struct event event = {.id = "0123456789abcdef0123456789abcdef", .severity = SEVERITY_INFO};
static struct item item = {.kind = ITEM_EVENT, .event = &event};

/* --- the receiver --------------------------------------------------------------------- */

static void
say(int number, const char *command, const char *text)
{
    char frame[512];
    int n = text[0] ? snprintf(frame, sizeof frame, "%d %s %zu %s\n", number, command, strlen(text), text)
                    : snprintf(frame, sizeof frame, "%d %s 0\n", number, command);

    if (send(peer.fd, frame, (size_t) n, MSG_NOSIGNAL) < 0)
        return; /* the other side has gone: it notices at the next read */
}

/* The next whole frame: its data; false at the end. */
static bool
next_frame(int *number, char *command, char *data, size_t size)
{
    for (;;) {
        int header = 0;
        size_t length;

        peer.in[peer.n] = '\0';
        if (sscanf(peer.in, "%d %31s %zu%n", number, command, &length, &header) == 3 && peer.in[header]
            && peer.n >= (size_t) header + (length ? length + 1 : 0) + 1) {
            size_t whole = (size_t) header + (length ? length + 1 : 0) + 1;

            snprintf(data, size, "%.*s", (int) length, length ? peer.in + header + 1 : "");
            memmove(peer.in, peer.in + whole, peer.n - whole);
            peer.n -= whole;
            return true;
        }
        ssize_t n = recv(peer.fd, peer.in + peer.n, sizeof peer.in - 1 - peer.n, 0);
        if (n <= 0)
            return false;
        peer.n += (size_t) n;
    }
}

static void
answer(int number, const char *message)
{
    const char *mark = strstr(message, " seq=\"");
    unsigned long seq = mark ? strtoul(mark + 6, NULL, 10) : 0;

    if (seq == 0 || seq > ITEMS)
        abort();
    peer.twice += peer.answered[seq];
    peer.answered[seq] = true; /* before the answer: the sender may not be the first to know */
    say(number, "rsp", "200 OK");
}

/* One session; false when it is to end now. */
static bool
serve(enum way way, int number, const char *command, const char *data, unsigned messages)
{
    if (strcmp(command, "open") == 0) {
        say(number, "rsp", "200 OK\nrelp_version=0\nrelp_software=test\ncommands=syslog");
    } else if (strcmp(command, "close") == 0) {
        if (way == HINT_AT_END)
            say(0, "serverclose", "");
        else
            say(number, "rsp", "200 OK");
        return false;
    } else if (way == WELL || messages <= peer.after) {
        answer(number, data);
    } else if (way == REFUSE && messages == peer.after + 1) {
        say(number, "rsp", "500 no room");
    } else if (way == GARBAGE) {
        send(peer.fd, "x rsp y\n", 8, MSG_NOSIGNAL);
        return false;
    } else if (messages > peer.after + 20) {
        if (way == SERVERCLOSE)
            say(0, "serverclose", "");
        return way == HINT_AT_END;
    }
    return true;
}

static void *
receive(void *unused)
{
    (void) unused;
    for (;;) {
        static char data[1 << 16];
        char command[32];
        unsigned messages = 0;
        int number;
        enum way way = peer.sessions < peer.ends ? peer.way : WELL;

        peer.fd = accept(peer.listener, NULL, NULL);
        if (peer.fd < 0)
            return NULL;
        peer.sessions++;
        peer.n = 0;
        while (next_frame(&number, command, data, sizeof data)) {
            messages += strcmp(command, "syslog") == 0;
            if (!serve(way, number, command, data, messages))
                break;
        }
        close(peer.fd);
    }
}

/* --- the sender ------------------------------------------------------------------------ */

static void
ck_safe(uint64_t safe)
{
    for (uint64_t seq = 1; seq <= safe; seq++)
        ck_assert_msg(peer.answered[seq], "item %llu was called safe and not answered", (unsigned long long) seq);
}

/* As a worker does it; the losses. */
static unsigned
deliver(struct target *t, uint64_t last)
{
    uint64_t next = 1, safe = 0;
    unsigned losses = 0;

    while (safe < last) {
        int sent = 0, settled;
        struct target_item ti = {.seq = next, .target_seq = next, .item = &item};

        while (next <= last && (sent = target_syslog_class.send(t, &ti)) == 0) {
            ti.seq = ti.target_seq = ++next;
            if (next % 97 == 0)
                break;
        }
        settled = target_syslog_class.settle(t, sent == 0 ? 20 : 0, &safe);
        ck_assert_uint_lt(safe, next);
        ck_safe(safe);
        if (settled == 0 && (sent == 0 || sent == -EAGAIN))
            continue;
        ck_assert_uint_eq(t->taken, safe);
        ck_assert_uint_eq(t->sent, safe);
        ck_assert_msg(strstr(t->error, "relp:127.0.0.1:"), "%s", t->error);
        losses++;
        ck_assert_uint_lt(losses, 1000);
        next = safe + 1;
        ck_assert_int_eq(target_syslog_class.settle(t, 0, &safe), 0); /* told once */
    }
    return losses;
}

/* A socket that listens; its port in words. */
static int
listen_at(char text[8])
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *) &a, sizeof a), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *) &a, &len), 0);
    ck_assert_int_eq(listen(fd, 5), 0);
    snprintf(text, 8, "%u", ntohs(a.sin_port));
    return fd;
}

START_TEST(each_way_of_ending)
{
    struct target *t;
    pthread_t thread;
    char err[256];
    unsigned losses, last;

    signal(SIGPIPE, SIG_IGN); /* as main() does: librelp writes plainly */
    memset(&peer, 0, sizeof peer);
    peer.way = (enum way) (_i / 3);
    peer.ends = peer.way == WELL ? 0 : 3;
    peer.after = (unsigned[]){0, 5, 300}[_i % 3];
    peer.listener = listen_at(port);
    ck_assert_int_eq(pthread_create(&thread, NULL, receive, NULL), 0);

    t = target_syslog_class.open(&config, &tc, err, sizeof err);
    ck_assert_msg(t != NULL, "%s", err);
    /* One that goes on answering nothing is given up after half a minute only. */
    last = peer.way == HINT_AT_END ? peer.after + 60 : ITEMS;
    losses = deliver(t, last);
    target_syslog_class.close(t);
    shutdown(peer.listener, SHUT_RDWR);
    close(peer.listener);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_safe(last);
    if (peer.way == WELL) {
        ck_assert_uint_eq(losses, 0);
        ck_assert_uint_eq(peer.twice, 0);
    } else {
        ck_assert_uint_ge(losses, peer.way == HINT_AT_END ? 1 : 3);
        /* Answers that were under way when a session was cut came too late. */
        ck_assert_msg(peer.twice <= losses * 128, "%u came twice", peer.twice);
    }
}
END_TEST

START_TEST(nobody_there)
{
    struct target_item ti = {.seq = 1, .target_seq = 1, .item = &item};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, and does not listen */
    struct target *t;
    uint64_t safe;
    char err[256];

    ck_assert_int_eq(bind(fd, (struct sockaddr *) &a, sizeof a), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *) &a, &len), 0);
    snprintf(port, sizeof port, "%u", ntohs(a.sin_port));
    t = target_syslog_class.open(&config, &tc, err, sizeof err);
    ck_assert_ptr_nonnull(t);
    ck_assert_int_lt(target_syslog_class.send(t, &ti), 0);
    ck_assert_msg(strstr(t->error, "cannot open a RELP session"), "%s", t->error);
    tc.addresses[1] = (struct config_address){TRANSPORT_RELP, (char[]){"::1"}, port, true};
    tc.n_addresses = 2;
    ck_assert_int_lt(target_syslog_class.send(t, &ti), 0);
    ck_assert_msg(strstr(t->error, "relp:127.0.0.1:") && strstr(t->error, "; relp6:[::1]:"), "%s", t->error);
    tc.n_addresses = 1;
    ck_assert_int_eq(target_syslog_class.settle(t, 0, &safe), 0);
    ck_assert_uint_eq(safe, 0);
    target_syslog_class.close(t);
    close(fd);
}
END_TEST

/* A receiver that opens sessions, and closes them where it should answer. */
static void *
open_and_close(void *arg)
{
    static const char opened[] = "1 rsp 56 200 OK\nrelp_version=0\nrelp_software=test\ncommands=syslog\n";
    int *listener = arg, fd;
    char in[4096];

    while ((fd = accept(*listener, NULL, NULL)) >= 0) {
        if (recv(fd, in, sizeof in, 0) > 0 && send(fd, opened, sizeof opened - 1, MSG_NOSIGNAL) > 0)
            recv(fd, in, sizeof in, 0);
        close(fd);
        bad_sessions++;
    }
    return NULL;
}

/* The backup is used, and kept: sessions are short, and a preferred address that was
 * asked before each would make them slow. */
START_TEST(a_backup_is_kept)
{
    struct target *t;
    pthread_t good, bad;
    char err[256];
    int listener;

    signal(SIGPIPE, SIG_IGN);
    memset(&peer, 0, sizeof peer);
    peer.way = WELL;
    listener = listen_at(port);
    peer.listener = listen_at(backup_port);
    tc.n_addresses = 2;
    ck_assert_int_eq(pthread_create(&bad, NULL, open_and_close, &listener), 0);
    ck_assert_int_eq(pthread_create(&good, NULL, receive, NULL), 0);
    t = target_syslog_class.open(&config, &tc, err, sizeof err);
    ck_assert_msg(t != NULL, "%s", err);
    ck_assert_uint_eq(deliver(t, 200), 1);
    for (unsigned i = 1; i <= 3; i++) { /* each in a session of its own */
        struct target_item ti = {.seq = 200 + i, .target_seq = 200 + i, .item = &item};
        uint64_t safe = 0;

        ck_assert_msg(target_syslog_class.send(t, &ti) == 0, "%s", t->error);
        while (safe < ti.seq)
            ck_assert_int_eq(target_syslog_class.settle(t, 20, &safe), 0);
    }
    ck_assert_uint_eq(t->address, 1);
    target_syslog_class.close(t);
    shutdown(listener, SHUT_RDWR);
    shutdown(peer.listener, SHUT_RDWR);
    ck_assert_int_eq(pthread_join(bad, NULL), 0);
    ck_assert_int_eq(pthread_join(good, NULL), 0);
    close(listener);
    close(peer.listener);
    ck_assert_uint_eq(bad_sessions, 1);
    ck_assert_uint_ge(peer.sessions, 4);
}
END_TEST

static void *
hang_up(void *listener)
{
    int fd = accept(*(int *) listener, NULL, NULL);

    if (fd >= 0)
        close(fd);
    return NULL;
}

START_TEST(something_else_answers)
{
    struct target_item ti = {.seq = 1, .target_seq = 1, .item = &item};
    int listener = listen_at(port);
    struct target *t;
    pthread_t thread;
    char err[256];

    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(pthread_create(&thread, NULL, hang_up, &listener), 0);
    t = target_syslog_class.open(&config, &tc, err, sizeof err);
    ck_assert_ptr_nonnull(t);
    ck_assert_int_lt(target_syslog_class.send(t, &ti), 0);
    ck_assert_msg(strstr(t->error, "does the receiver speak RELP at this port (test.xml:1)?"), "%s", t->error);
    target_syslog_class.close(t);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    close(listener);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_syslog_relp");
    TCase *c = tcase_create("loopback");
    SRunner *sr;
    int failed;

    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, each_way_of_ending, 0, 3 * WELL + 1);
    tcase_add_test(c, nobody_there);
    tcase_add_test(c, something_else_answers);
    tcase_add_test(c, a_backup_is_kept);
    suite_add_tcase(s, c);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
