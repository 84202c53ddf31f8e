/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_worker_storm.c - one target at work: storms that become one alarm, killed
 * and given up on in the middle; then storms, kills, losses and delays in any
 * mixture, against a plain reading of the rules. */
#include "build.h"

#include "worker_rig.h"

#include "forwarder/told.h"
#include "parsers/item_xml.h"

#define STORM_A "self:STORM:A/NETWORK"

static void
storm_begin(struct rig *r)
{
    rig_alarm(r, "dist:A:BEFORE", CLASS_NETWORK, ALARM_RAISED, NULL, false);  /* 1: sent */
    rig_alarm(r, STORM_A, CLASS_SELF, ALARM_RAISED, NULL, false);             /* 2: sent */
    rig_alarm(r, "dist:A:P1", CLASS_NETWORK, ALARM_RAISED, NULL, false);      /* 3: folded */
    rig_alarm(r, "dist:A:P2", CLASS_NETWORK, ALARM_RAISED, NULL, false);      /* 4: folded, cleared */
    rig_alarm(r, "dist:A:P3", CLASS_NETWORK, ALARM_RAISED, NULL, false);      /* 5: folded */
    rig_alarm(r, "dist:B:P1", CLASS_NETWORK, ALARM_RAISED, NULL, false);      /* 6: sent */
    rig_alarm(r, "dist:A:P1", CLASS_NETWORK, ALARM_UPDATED, NULL, false);     /* 7: folded */
    rig_alarm(r, "dist:A:P2", CLASS_NETWORK, ALARM_CLEARED, "fixed", false);  /* 8: folded */
    rig_alarm(r, "dist:A:BEFORE", CLASS_NETWORK, ALARM_UPDATED, NULL, false); /* 9: folded */
}

static void
storm_end(struct rig *r)
{
    rig_alarm(r, STORM_A, CLASS_SELF, ALARM_CLEARED, "over", false);       /* 10: sent, and 5, 7, 9 */
    rig_alarm(r, "dist:A:P4", CLASS_NETWORK, ALARM_RAISED, NULL, false);   /* 11: sent */
}

static void
storm_is(unsigned from)
{
    static const struct {
        unsigned id;
        enum alarm_state state;
    } rows[] = {{1, ALARM_RAISED},  {2, ALARM_RAISED}, {6, ALARM_RAISED},  {10, ALARM_CLEARED},
                {5, ALARM_RAISED},  {7, ALARM_RAISED}, {9, ALARM_UPDATED}, {11, ALARM_RAISED}};

    pthread_mutex_lock(&receiver.lock);
    ck_assert_uint_eq(receiver.n, from + 8);
    for (unsigned i = 0; i < 8; i++) {
        const struct received *got = &receiver.item[from + i];

        ck_assert_uint_eq(strtoul(got->id, NULL, 16), rows[i].id);
        ck_assert_int_eq(got->state, rows[i].state);
        ck_assert_uint_eq(got->target_seq, i + 1);
        /* Its XML says the same. */
        ck_assert_ptr_nonnull(strstr(got->xml, alarm_state_name(rows[i].state)));
    }
    pthread_mutex_unlock(&receiver.lock);
}

START_TEST(a_storm_is_one_alarm_and_then_what_is_left)
{
    struct rig r;

    rig_make(&r, "snmp");
    rig_start(&r);
    storm_begin(&r);
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    ck_assert_uint_eq(rig_status(&r).folded, 6);
    ck_assert_uint_eq(rig_status(&r).open_keys, 3);
    storm_end(&r);
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    storm_is(0);
    ck_assert_uint_eq(rig_status(&r).open_keys, 5);
    rig_free(&r);
}
END_TEST

/* Killed in the middle of the storm, with its end in the journal, and in the
 * middle of what is sent when it ends: the same items with the same numbers. */
START_TEST(a_storm_survives_kills)
{
    for (unsigned at = 4; at < 8; at++) {
        struct rig r;

        rig_make(&r, "snmp");
        rig_start(&r);
        storm_begin(&r);
        rig_commit(&r, false, true);
        UNTIL_SAFE(&r);
        rig_commit(&r, true, true);
        rig_kill(&r);
        rig_start(&r);
        /* It takes 'at' items and then no more. */
        RECEIVER(lag, 100);
        RECEIVER(room, at - 3);
        storm_end(&r);
        rig_commit(&r, false, false);
        UNTIL(receiver_count() == at);
        UNTIL(rig_status(&r).seq == 9);
        rig_commit(&r, true, true);
        rig_kill(&r);
        ck_assert_uint_eq(receiver_count(), at);
        /* The next one sends all of it again. */
        pthread_mutex_lock(&receiver.lock);
        while (receiver.n > 3)
            free(receiver.item[--receiver.n].xml);
        receiver.lag = receiver.room = 0;
        pthread_mutex_unlock(&receiver.lock);
        rig_start(&r);
        UNTIL_SAFE(&r);
        storm_is(0);
        rig_free(&r);
    }
}
END_TEST

/* The end of a storm given up on: it is owed, and with it what it stood for. */
START_TEST(the_end_of_a_storm_is_not_given_up)
{
    static const unsigned ids[] = {1, 2, 6, 10, 5, 7, 9};
    struct rig r;

    rig_make(&r, "snmp");
    r.tc.inform = true;
    rig_start(&r);
    storm_begin(&r);
    rig_commit(&r, true, true);
    UNTIL_SAFE(&r);
    RECEIVER(break_in, 1);
    RECEIVER(refuse, 1);
    storm_end(&r);
    rig_commit(&r, true, true);
    UNTIL(rig_status(&r).state == WORKER_DOWN);
    worker_drop(r.w, 11);
    UNTIL(rig_status(&r).seq == 11);
    ck_assert_uint_eq(rig_status(&r).dropped, 1);
    rig_commit(&r, true, true);
    rig_kill(&r);
    RECEIVER(refuse, 0);
    rig_start(&r);
    UNTIL(receiver_count() == 7);
    UNTIL(rig_status(&r).target_seq == 8);
    for (unsigned i = 0; i < 7; i++) {
        ck_assert_uint_eq(strtoul(receiver.item[i].id, NULL, 16), ids[i]);
        ck_assert_uint_eq(receiver.item[i].target_seq, i < 3 ? i + 1 : i + 2); /* 4 was item 11 */
    }
    ck_assert_uint_eq(rig_status(&r).open_keys, 4);
    rig_free(&r);
}
END_TEST

/* --- everything at once -------------------------------------------------------------- */

enum { SERVERS = 2, PACKAGES = 6, ITEMS = 4000 };

/* What a target of type snmp must be given, as a plain reading of the rules says. */
struct expected {
    unsigned id;
    enum alarm_state state;
};
struct model {
    struct expected sent[ITEMS * 2];
    unsigned n, folded;
    bool open[SERVERS][PACKAGES], told[SERVERS][PACKAGES], storm[SERVERS];
    unsigned kept[SERVERS][PACKAGES]; /* id, 0 none */
};

static uint64_t
chance(uint64_t *seed, uint64_t n)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*seed >> 33) % n;
}

static void
expect(struct model *m, unsigned id, enum alarm_state state)
{
    ck_assert_uint_lt(m->n, ITEMS * 2);
    m->sent[m->n++] = (struct expected){id, state};
}

static void
model_storm(struct rig *r, struct model *m, unsigned s)
{
    char key[64];
    unsigned id;

    snprintf(key, sizeof key, "self:STORM:S%u/NETWORK", s);
    rig_alarm(r, key, CLASS_SELF, m->storm[s] ? ALARM_CLEARED : ALARM_RAISED, NULL, false);
    expect(m, r->ids, m->storm[s] ? ALARM_CLEARED : ALARM_RAISED);
    m->storm[s] = !m->storm[s];
    if (m->storm[s])
        return;
    /* Oldest first. */
    do {
        unsigned at = 0;

        id = 0;
        for (unsigned p = 0; p < PACKAGES; p++)
            if (m->kept[s][p] && (!id || m->kept[s][p] < id)) {
                id = m->kept[s][p];
                at = p;
            }
        if (id) {
            expect(m, id, m->told[s][at] ? ALARM_UPDATED : ALARM_RAISED);
            m->told[s][at] = true;
            m->kept[s][at] = 0;
        }
    } while (id);
}

static void
model_alarm(struct rig *r, struct model *m, unsigned s, unsigned p, bool clear)
{
    enum alarm_state state = !m->open[s][p] ? ALARM_RAISED : clear ? ALARM_CLEARED : ALARM_UPDATED;
    char key[64];

    snprintf(key, sizeof key, "dist:S%u:P%u", s, p);
    rig_alarm(r, key, CLASS_NETWORK, state, NULL, false);
    m->open[s][p] = state != ALARM_CLEARED;
    if (state == ALARM_CLEARED) {
        if (m->told[s][p])
            expect(m, r->ids, state);
        else
            m->folded++;
        m->told[s][p] = false;
        m->kept[s][p] = 0;
    } else if (m->storm[s]) {
        m->kept[s][p] = r->ids;
        m->folded++;
    } else {
        expect(m, r->ids, m->told[s][p] ? ALARM_UPDATED : ALARM_RAISED);
        m->told[s][p] = true;
        m->kept[s][p] = 0;
    }
}

static void
model_item(struct rig *r, struct model *m, uint64_t *seed)
{
    unsigned s = (unsigned) chance(seed, SERVERS);

    if (chance(seed, 40) == 0)
        model_storm(r, m, s);
    else if (chance(seed, 5) == 0)
        rig_event(r, false);
    else
        model_alarm(r, m, s, (unsigned) chance(seed, PACKAGES), chance(seed, 3) == 0);
}

/* Received 'from' on is, by its numbers, what was expected, each opening in
 * order from its first; returns the highest number. */
static uint64_t
compare(const struct model *m, bool seen[])
{
    uint64_t most = 0;

    for (unsigned i = 0; i < receiver.n; i++) {
        const struct received *got = &receiver.item[i];
        const struct expected *want = &m->sent[got->target_seq - 1];

        ck_assert_uint_ge(got->target_seq, 1);
        ck_assert_uint_le(got->target_seq, m->n);
        ck_assert_msg(strtoul(got->id, NULL, 16) == want->id && got->state == want->state,
                      "number %llu is item %s %s, not %x %s", (unsigned long long) got->target_seq, got->id,
                      alarm_state_name(got->state), want->id, alarm_state_name(want->state));
        /* On with the next, or back to what was not safe. */
        ck_assert_uint_le(got->target_seq, most + 1);
        if (i && got->target_seq != receiver.item[i - 1].target_seq + 1)
            ck_assert_uint_le(got->target_seq, receiver.item[i - 1].target_seq + 1);
        if (got->target_seq > most)
            most = got->target_seq;
        seen[got->target_seq - 1] = true;
    }
    return most;
}

/* Killed at any point, slow, losing what is not safe: each item comes, in order
 * and with one number for good, and what is safe and saved never again. */
START_TEST(any_mixture)
{
    const char *given = getenv("WORKER_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : 20261122u + (unsigned) _i;
    struct model *m = calloc(1, sizeof *m);
    bool *seen = calloc(ITEMS * 2, 1);
    unsigned losses = 0, lives = 0;
    struct rig r;

    rig_make(&r, "snmp");
    r.tc.inform = true;
    r.tc.items = CONFIG_ITEMS_ALARMS;
    receiver.forget = chance(&seed, 2);
    while (r.ids < ITEMS) {
        struct journal_cursor at;
        unsigned had = receiver_count(), steps = 1 + (unsigned) chance(&seed, 12);

        RECEIVER(lag, (unsigned) chance(&seed, 20));
        RECEIVER(room, chance(&seed, 3) ? 0 : receiver.lag + 1 + (unsigned) chance(&seed, 5));
        ck_assert_int_eq(journal_cursor_get(r.j, "nms", true, &at), 0);
        rig_start(&r);
        lives++;
        for (unsigned i = 0; i < steps && r.ids < ITEMS; i++) {
            unsigned n = (unsigned) chance(&seed, 60);

            while (n-- && r.ids < ITEMS)
                model_item(&r, m, &seed);
            if (losses < 1 && chance(&seed, 100) == 0) {
                RECEIVER(break_in, 1 + (unsigned) chance(&seed, 20));
                losses++;
            }
            rig_commit(&r, lives == 1 || chance(&seed, 2), chance(&seed, 2));
            if (chance(&seed, 3) == 0)
                nanosleep(&(struct timespec){.tv_nsec = (long) chance(&seed, 3000000)}, NULL);
        }
        rig_kill(&r);
        /* It went on where the journal said. */
        if (!receiver.forget && receiver.n > had && receiver.opened == lives + losses)
            ck_assert_uint_eq(receiver.item[had].target_seq, at.target_seq + 1);
        RECEIVER(break_in, 0);
    }
    RECEIVER(lag, 0);
    RECEIVER(room, 0);
    rig_start(&r);
    UNTIL_SAFE(&r);
    rig_commit(&r, true, true);
    ck_assert_uint_eq(compare(m, seen), m->n);
    for (unsigned i = 0; i < m->n; i++)
        ck_assert_msg(seen[i], "number %u never came (seed %llu)", i + 1, (unsigned long long) seed);
    ck_assert_uint_eq(rig_status(&r).target_seq, m->n);
    ck_assert_uint_gt(m->folded, 0);
    ck_assert_uint_gt(lives, 5);
    rig_free(&r);
    free(seen);
    free(m);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("worker_storm");
    TCase *tc = tcase_create("storm"), *mixture = tcase_create("mixture");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_storm_is_one_alarm_and_then_what_is_left);
    tcase_add_test(tc, a_storm_survives_kills);
    tcase_add_test(tc, the_end_of_a_storm_is_not_given_up);
    suite_add_tcase(s, tc);
    tcase_set_timeout(mixture, 60);
    tcase_add_loop_test(mixture, any_mixture, 0, 3);
    suite_add_tcase(s, mixture);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
