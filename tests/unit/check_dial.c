/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_dial.c - names, refusals, and the time an address may take that says
 * nothing. */
#include "build.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forwarder/clock.h"
#include "forwarder/dial.h"

static char port[8], err[256];
static struct config_address to = {TRANSPORT_TCP, (char[]){"127.0.0.1"}, port};

static int
listener(int backlog)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *) &a, n), 0);
    ck_assert_int_eq(listen(fd, backlog), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *) &a, &n), 0);
    snprintf(port, sizeof port, "%u", ntohs(a.sin_port));
    return fd;
}

/* By name it may first try an address where nobody listens. */
START_TEST(finds_name_and_address)
{
    int fd = listener(5), made;

    to.host = _i ? (char[]){"localhost"} : (char[]){"127.0.0.1"};
    made = dial(&to, NULL, err, sizeof err);
    ck_assert_msg(made >= 0, "%s", err);
    close(made);
    close(fd);
}
END_TEST

START_TEST(tells_who_refused)
{
    close(listener(5));
    ck_assert_int_eq(dial(&to, NULL, err, sizeof err), -ECONNREFUSED);
    ck_assert_ptr_nonnull(strstr(err, "tcp:127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(err, port));
    ck_assert_ptr_nonnull(strstr(err, "cannot connect"));
    to.host = (char[]){"192.0.2"};
    ck_assert_int_lt(dial(&to, NULL, err, sizeof err), 0);
    ck_assert_ptr_nonnull(strstr(err, "192.0.2"));
}
END_TEST

/* Without brackets the port could not be told from the address. */
START_TEST(names_it_as_the_configuration_does)
{
    struct config_address six = {TRANSPORT_TLS, (char[]){"2001:db8::7"}, (char[]){"6514"}, true};
    struct config_address local = {TRANSPORT_UNIX, (char[]){"/run/a:b"}, NULL};
    char name[64], tight[8];

    ck_assert_int_eq(dial_name(&six, name, sizeof name), (int) strlen(name));
    ck_assert_str_eq(name, "tls6:[2001:db8::7]:6514");
    dial_name(&local, name, sizeof name);
    ck_assert_str_eq(name, "unix:/run/a:b");
    ck_assert_int_eq(dial_name(&six, tight, sizeof tight), 7);
    ck_assert_str_eq(tight, "tls6:[2");
}
END_TEST

START_TEST(sends_from_the_address_it_is_told)
{
    struct sockaddr_in a = {.sin_port = 0};
    socklen_t n = sizeof a;
    int fd = listener(5), made = dial(&to, "127.0.0.9", err, sizeof err), got;

    ck_assert_msg(made >= 0, "%s", err);
    ck_assert_int_ge(got = accept(fd, (struct sockaddr *) &a, &n), 0);
    ck_assert_uint_eq(ntohl(a.sin_addr.s_addr), 0x7f000009);
    close(got);
    close(made);
    ck_assert_int_eq(dial(&to, "192.0.2.1", err, sizeof err), -EADDRNOTAVAIL);
    ck_assert_msg(strstr(err, "source-address 192.0.2.1") != NULL, "%s", err);
    close(fd);
}
END_TEST

/* The one in use stays the first to be asked; the words name all that failed. */
START_TEST(goes_on_to_the_next_address)
{
    struct config_target tc = {.n_addresses = 3};
    char ports[3][8];
    int held[3], made;
    unsigned which = 0;

    for (unsigned i = 0; i < 3; i++) {
        held[i] = listener(5);
        memcpy(ports[i], port, sizeof port);
        tc.addresses[i] = (struct config_address){to.transport, to.host, ports[i]};
    }
    close(held[0]);
    ck_assert_int_ge(made = dial_any(&tc, &which, err, sizeof err), 0);
    ck_assert_uint_eq(which, 1);
    close(made);
    close(held[1]);
    ck_assert_int_ge(made = dial_any(&tc, &which, err, sizeof err), 0);
    ck_assert_uint_eq(which, 2);
    close(made);
    close(held[2]);
    ck_assert_int_eq(dial_any(&tc, &which, err, sizeof err), -ECONNREFUSED);
    ck_assert_uint_eq(which, 2);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_msg(strstr(err, ports[i]) != NULL, "%s", err);
}
END_TEST

START_TEST(gives_a_numeric_address)
{
    char address[64], why[80];

    ck_assert_int_eq(dial_address("localhost", AF_INET, address, sizeof address, why, sizeof why), 0);
    ck_assert_int_eq(strncmp(address, "127.", 4), 0);
    ck_assert_int_eq(dial_address("::1", AF_INET6, address, sizeof address, why, sizeof why), 0);
    ck_assert_str_eq(address, "::1");
    ck_assert_int_eq(dial_address("127.0.0.1", AF_INET6, address, sizeof address, why, sizeof why), -EHOSTUNREACH);
    ck_assert(why[0]);
}
END_TEST

/* A queue of connections that is full leaves new ones without an answer. */
START_TEST(silence_has_a_limit)
{
    int fd = listener(0), held[64], n = 0;
    int64_t before = clock_monotonic(), last;

    do {
        last = clock_monotonic();
        held[n] = dial(&to, NULL, err, sizeof err);
    } while (held[n] >= 0 && ++n < 64);
    ck_assert_int_lt(n, 64);
    ck_assert_int_eq(held[n], -ETIMEDOUT);
    ck_assert_int_ge(clock_monotonic() - last, (DIAL_CONNECT_MS - 100) * INT64_C(1000000));
    ck_assert_int_lt(clock_monotonic() - before, 4 * DIAL_CONNECT_MS * INT64_C(1000000));
    while (n > 0)
        close(held[--n]);
    close(fd);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("dial");
    TCase *c = tcase_create("dial");
    SRunner *sr;
    int failed;

    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, finds_name_and_address, 0, 2);
    tcase_add_test(c, tells_who_refused);
    tcase_add_test(c, names_it_as_the_configuration_does);
    tcase_add_test(c, sends_from_the_address_it_is_told);
    tcase_add_test(c, goes_on_to_the_next_address);
    tcase_add_test(c, gives_a_numeric_address);
    tcase_add_test(c, silence_has_a_limit);
    suite_add_tcase(s, c);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
