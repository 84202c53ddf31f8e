/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_informs.c - notifications that are acknowledged, against a receiver that
 * delays, drops, mixes up and refuses: what is safe, what goes again, and that
 * the messages of one alarm stay in order. */
#include "build.h"

#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "forwarder/clock.h"
#include "tests/unit/snmp_receiver.h"

/* PATIENT: a time within which everything is answered, on whatever machine. */
enum { INFORM = 0xa6, PATIENT_MS = 100000 };

static void
informs_open(void)
{
    receiver_open();
    target_default.inform = true;
    target_default.timeout_ms = 200;
    target_default.retries = 2;
    target_default.window = 64;
}

/* Item 'seq' of alarm 'key'; the text says which it is. */
static int
send_as(struct target *t, uint64_t seq, const char *key, enum alarm_state state)
{
    struct alarm_item a = sample();
    struct item item = {.kind = ITEM_ALARM, .alarm = &a};
    struct target_item it = {.seq = seq, .target_seq = seq, .item = &item, .uptime_ns = 1};

    a.key = str_z(key);
    a.state = state;
    return target_snmp_class.send(t, &it);
}

static int
send_numbered(struct target *t, uint64_t seq)
{
    char key[32];

    snprintf(key, sizeof key, "dist:S:P%u", (unsigned) seq);
    return send_as(t, seq, key, ALARM_RAISED);
}

static uint64_t
settle(struct target *t, int ms)
{
    uint64_t safe = 0;

    ck_assert_msg(target_snmp_class.settle(t, ms, &safe) == 0, "%s", t->error);
    return safe;
}

/* Works on what is under way until a datagram arrives. */
static void
must_receive(struct target *t, struct datagram *d)
{
    for (int i = 0; i < 6000; i++) {
        settle(t, 0);
        if (receive(d, 10))
            return;
    }
    ck_abort_msg("no datagram");
}

/* The same for that item; repetitions of others are left without an answer. */
static void
must_receive_item(struct target *t, struct datagram *d, uint64_t seq)
{
    do
        must_receive(t, d);
    while ((uint64_t) value(d, MIB_OBJECT_SEQ)->number != seq);
}

static void
safe_within(struct target *t, uint64_t want)
{
    uint64_t safe = 0;

    for (int i = 0; i < 600 && (safe = settle(t, 100)) < want; i++)
        continue;
    ck_assert_uint_eq(safe, want);
}

START_TEST(acknowledgement_makes_it_safe)
{
    struct target *t;
    struct datagram d;

    target_default.timeout_ms = PATIENT_MS;
    t = open_target();
    ck_assert_int_eq(send_numbered(t, 5), 0);
    must_receive(t, &d);
    ck_assert_int_eq(d.pdu, INFORM);
    ck_assert_int_eq(d.version, 1);
    ck_assert_uint_eq(settle(t, 20), 0);
    ck_assert_uint_eq(t->in_flight, 1);
    answer(&d, 0);
    safe_within(t, 5);
    ck_assert_uint_eq(t->sent, 1);
    ck_assert_uint_eq(t->in_flight, 0);
    ck_assert_uint_eq(t->retries, 0);
    ck_assert_int_eq(target_flush(t, 0), 0);
    target_snmp_class.close(t);
}
END_TEST

/* The cursor is the lowest that was not acknowledged. */
START_TEST(answers_out_of_order)
{
    struct target *t;
    struct datagram d[8];

    target_default.timeout_ms = PATIENT_MS;
    t = open_target();
    for (unsigned i = 0; i < 8; i++)
        ck_assert_int_eq(send_numbered(t, i + 1), 0);
    must_receive(t, &d[0]); /* the first one alone: nobody has answered yet */
    ck_assert(!receive(&d[1], 50));
    answer(&d[0], 0);
    safe_within(t, 1);
    for (unsigned i = 1; i < 3; i++)
        must_receive(t, &d[i]);
    answer(&d[2], 0);
    for (unsigned i = 3; i < 5; i++)
        must_receive(t, &d[i]);
    answer(&d[4], 0);
    answer(&d[3], 0);
    for (unsigned i = 5; i < 8; i++)
        must_receive(t, &d[i]);
    ck_assert_uint_eq(settle(t, 20), 1);
    answer(&d[1], 0);
    safe_within(t, 5);
    for (unsigned i = 8; i-- > 5;)
        answer(&d[i], 0);
    safe_within(t, 8);
    target_snmp_class.close(t);
}
END_TEST

/* The same message again, with its request-id; late answers count as well. */
START_TEST(lost_datagrams_go_again)
{
    struct target *t = open_target();
    struct datagram d, again, third;

    ck_assert_int_eq(send_numbered(t, 1), 0);
    must_receive(t, &d);
    must_receive(t, &again);
    ck_assert_int_eq(again.request, d.request);
    ck_assert_uint_eq(again.n, d.n);
    ck_assert_str_eq(value(&again, MIB_OBJECT_KEY)->text, "dist:S:P1");
    must_receive(t, &third);
    ck_assert_int_eq(third.request, d.request);
    answer(&third, 0);
    safe_within(t, 1);
    ck_assert_uint_eq(t->retries, 2);
    answer(&d, 0); /* of no request any more */
    ck_assert_uint_eq(settle(t, 50), 1);
    target_snmp_class.close(t);
}
END_TEST

/* A sender that was held up itself has not waited for the receiver. */
START_TEST(answer_that_nobody_read_is_no_silence)
{
    struct target *t;
    struct datagram d;

    target_default.timeout_ms = 1000;
    t = open_target();
    ck_assert_int_eq(send_numbered(t, 1), 0);
    ck_assert_uint_eq(t->in_flight, 1);
    must_receive(t, &d);
    answer(&d, 0);
    usleep(1500 * 1000); /* longer than its timeout */
    safe_within(t, 1);
    ck_assert_uint_eq(t->retries, 0);
    ck_assert(!receive(&d, 50));
    target_snmp_class.close(t);
}
END_TEST

START_TEST(silence_is_a_loss)
{
    struct target *t = open_target();
    struct datagram d;
    uint64_t safe = 9;
    int r = 0;

    for (unsigned i = 1; i <= 3; i++)
        ck_assert_int_eq(send_numbered(t, i), 0);
    must_receive(t, &d);
    answer(&d, 0);
    safe_within(t, 1);
    ck_assert_uint_eq(t->sent, 3);
    for (int i = 0; r == 0 && i < 6000; i++)
        r = target_snmp_class.settle(t, 10, &safe);
    ck_assert_int_eq(r, -ETIMEDOUT);
    ck_assert_uint_eq(safe, 1);
    ck_assert_uint_eq(t->taken, 1);
    ck_assert_uint_eq(t->sent, 1);
    ck_assert(!t->refused);
    ck_assert_ptr_nonnull(strstr(t->error, "no acknowledgement from udp:127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(t->error, "sent 3 times"));
    ck_assert_int_eq(target_snmp_class.settle(t, 0, &safe), 0); /* told once */
    while (receive(&d, 0))
        continue;
    /* What was lost comes again from above, and goes out by a new session. */
    for (unsigned i = 2; i <= 3; i++)
        ck_assert_int_eq(send_numbered(t, i), 0);
    for (unsigned i = 2; i <= 3; i++) {
        must_receive_item(t, &d, i);
        answer(&d, 0);
    }
    safe_within(t, 3);
    target_snmp_class.close(t);
}
END_TEST

/* Memory ends where the library is asked for a copy of a PDU. */
static bool no_copies;

netsnmp_pdu *
snmp_clone_pdu(netsnmp_pdu *pdu)
{
    netsnmp_pdu *(*real)(netsnmp_pdu *);

    *(void **) &real = dlsym(RTLD_NEXT, "snmp_clone_pdu");
    return no_copies ? NULL : real(pdu);
}

/* What cannot be kept for another try has not been acknowledged for that. */
START_TEST(no_memory_for_another_try_is_a_loss)
{
    struct target *t = open_target();
    struct datagram d;
    uint64_t safe = 9;
    int r = 0;

    ck_assert_int_eq(send_numbered(t, 1), 0);
    must_receive(t, &d);
    no_copies = true;
    for (int i = 0; r == 0 && i < 6000; i++)
        r = target_snmp_class.settle(t, 10, &safe);
    no_copies = false;
    ck_assert_int_eq(r, -ENOMEM);
    ck_assert_uint_eq(safe, 0);
    ck_assert_uint_eq(t->sent, 0);
    ck_assert_int_eq(send_numbered(t, 1), 0);
    must_receive(t, &d);
    answer(&d, 0);
    safe_within(t, 1);
    target_snmp_class.close(t);
}
END_TEST

/* A raise never arrives after its clear: the clear waits for the raise, and what
 * is about other things does not. */
START_TEST(one_in_flight_for_each_key)
{
    struct target *t;
    struct datagram raise, other, d;

    target_default.retries = 1000; /* what is repeated while others are answered is no loss */
    t = open_target();
    ck_assert_int_eq(send_as(t, 1, "dist:A:P", ALARM_RAISED), 0);
    ck_assert_int_eq(send_as(t, 2, "dist:A:P", ALARM_UPDATED), 0);
    ck_assert_int_eq(send_as(t, 3, "dist:A:P", ALARM_CLEARED), 0);
    ck_assert_int_eq(send_as(t, 4, "dist:B:P", ALARM_RAISED), 0);
    ck_assert_int_eq(send_as(t, 5, "dist:C:P", ALARM_RAISED), 0);
    must_receive(t, &raise); /* not answered: it goes again, later */
    ck_assert_str_eq(value(&raise, MIB_OBJECT_KEY)->text, "dist:A:P");
    must_receive(t, &d);
    ck_assert_int_eq(d.request, raise.request);
    answer(&d, 0);
    safe_within(t, 1);
    must_receive_item(t, &d, 2);
    ck_assert_str_eq(value(&d, MIB_OBJECT_KEY)->text, "dist:A:P");
    NUMBER(&d, STATE, 2);
    must_receive_item(t, &other, 4);
    ck_assert_str_eq(value(&other, MIB_OBJECT_KEY)->text, "dist:B:P");
    answer(&other, 0);
    must_receive_item(t, &other, 5);
    ck_assert_str_eq(value(&other, MIB_OBJECT_KEY)->text, "dist:C:P");
    answer(&other, 0);
    answer(&d, 0);
    must_receive_item(t, &d, 3);
    NUMBER(&d, STATE, 3);
    answer(&d, 0);
    safe_within(t, 5);
    target_snmp_class.close(t);
}
END_TEST

/* The table is bounded, and so is what may be acknowledged before an item that
 * is not. */
START_TEST(window_is_a_bound)
{
    struct target *t;
    struct datagram first, d;
    uint64_t seq = 0;

    target_default.window = 4;
    target_default.timeout_ms = PATIENT_MS;
    t = open_target();
    while (send_numbered(t, seq + 1) == 0)
        seq++;
    ck_assert_uint_eq(seq, 4);
    ck_assert_int_eq(send_numbered(t, 5), -EAGAIN);
    must_receive(t, &d);
    answer(&d, 0);
    safe_within(t, 1);
    must_receive(t, &first); /* number 2 is never answered */
    while (seq < 5000) {
        int r = send_numbered(t, seq + 1);

        seq += r == 0;
        settle(t, 0);
        if (receive(&d, 0))
            answer(&d, 0);
        else if (r == -EAGAIN && t->in_flight == 1)
            break;
    }
    ck_assert_uint_eq(seq, 2 + 1024);
    ck_assert_uint_eq(settle(t, 0), 1);
    answer(&first, 0);
    safe_within(t, seq);
    target_snmp_class.close(t);
}
END_TEST

START_TEST(refusal_is_told)
{
    struct target *t;
    struct datagram d;
    uint64_t safe = 0;
    int r = 0;

    target_default.timeout_ms = PATIENT_MS;
    t = open_target();
    ck_assert_int_eq(send_numbered(t, 1), 0);
    must_receive(t, &d);
    answer(&d, _i ? 1 : 16);
    for (int i = 0; r == 0 && i < 600; i++)
        r = target_snmp_class.settle(t, 100, &safe);
    ck_assert_int_eq(r, -EREMOTEIO);
    ck_assert(t->refused);
    ck_assert_uint_eq(t->refusals, 1);
    ck_assert_uint_eq(safe, 0);
    ck_assert_ptr_nonnull(strstr(t->error, _i ? "(1): lower pdu-size" : "error status authorizationError"));
    target_snmp_class.close(t);
}
END_TEST

/* What answers nothing of ours is no acknowledgement. */
START_TEST(strange_answers)
{
    struct target *t;
    struct datagram d;

    target_default.timeout_ms = PATIENT_MS;
    t = open_target();
    ck_assert_int_eq(send_numbered(t, 1), 0);
    must_receive(t, &d);
    d.request++;
    answer(&d, 0);
    answer_bytes("\x30\x03\x02\x01", 4);
    answer_bytes("", 0);
    answer_bytes("30 bytes that are no BER at all", 31);
    ck_assert_uint_eq(settle(t, 50), 0);
    d.request--;
    d.pdu = INFORM; /* sent back as it was */
    answer_as(&d, INFORM, 0);
    ck_assert_uint_eq(settle(t, 50), 0);
    answer(&d, 0);
    safe_within(t, 1);
    target_snmp_class.close(t);
}
END_TEST

START_TEST(receiver_that_is_not_there)
{
    struct target *t = open_target();
    uint64_t safe = 0;
    int r = 0;

    receiver_close();
    ck_assert_int_eq(send_numbered(t, 1), 0);
    for (int i = 0; r == 0 && i < 6000; i++)
        r = target_snmp_class.settle(t, 10, &safe);
    ck_assert_int_eq(r, -ECONNREFUSED);
    ck_assert_uint_eq(safe, 0);
    target_snmp_class.close(t);
    receiver_open();
}
END_TEST

/* Some thousand with one datagram in seven lost, either way: all are
 * acknowledged in the end, and those of a key arrive in their order. */
START_TEST(losses_at_random)
{
    enum { ITEMS = 3000, KEYS = 40 };
    uint64_t seen[KEYS] = {0}, seq = 0;
    uint32_t random = 4711;
    struct target *t;
    struct datagram d;

    target_default.timeout_ms = 100;
    target_default.retries = 10;
    t = open_target();
    while (settle(t, 0) < ITEMS) {
        char key[16];

        snprintf(key, sizeof key, "k:%u", (unsigned) ((seq + 1) % KEYS));
        if (seq < ITEMS && send_as(t, seq + 1, key, ALARM_UPDATED) == 0)
            seq++;
        while (receive(&d, seq == ITEMS ? 1 : 0)) {
            uint64_t number = (uint64_t) value(&d, MIB_OBJECT_SEQ)->number;

            random = random * 1664525 + 1013904223;
            if (random >> 29 == 0)
                continue;
            ck_assert_uint_ge(number, seen[number % KEYS]); /* equal: a repetition */
            ck_assert_uint_le(number - seen[number % KEYS], seen[number % KEYS] ? KEYS : number);
            seen[number % KEYS] = number;
            random = random * 1664525 + 1013904223;
            if (random >> 29 != 0)
                answer(&d, 0);
        }
    }
    ck_assert_uint_gt(t->retries, ITEMS / 10);
    target_snmp_class.close(t);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("informs");
    TCase *t = tcase_create("informs");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, informs_open, receiver_close);
    tcase_add_test(t, acknowledgement_makes_it_safe);
    tcase_add_test(t, answers_out_of_order);
    tcase_add_test(t, lost_datagrams_go_again);
    tcase_add_test(t, answer_that_nobody_read_is_no_silence);
    tcase_add_test(t, silence_is_a_loss);
    tcase_add_test(t, no_memory_for_another_try_is_a_loss);
    tcase_add_test(t, one_in_flight_for_each_key);
    tcase_add_test(t, window_is_a_bound);
    tcase_add_loop_test(t, refusal_is_told, 0, 2);
    tcase_add_test(t, strange_answers);
    tcase_add_test(t, receiver_that_is_not_there);
    tcase_add_test(t, losses_at_random);
    suite_add_tcase(s, t);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
