/* SPDX-License-Identifier: BSD-2-Clause
 *
 * check_syslog_hostile.c - hostile items by the thousand through the encoder of
 * syslog messages, against the checkers in rfc5424.c and rfc3164.c, which were
 * written from the grammars and share nothing with it.  `make hostile` takes
 * 200,000. */
#include "build.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "forwarder/syslog_msg.h"
#include "parsers/text.h"
#include "parsers/when.h"
#include "tests/unit/rfc3164.h"

static const struct syslog_form form = {16, 32473, "32473.109", "0.1.0", "collector", 2048, false, false};
static struct rfc5424 parsed;
static char message[SYSLOG_MSG_MAX];
static bool truncated;

static uint64_t rng_state = UINT64_C(0x853c49e6748fea9b);

static uint32_t
rng(void)
{
    rng_state ^= rng_state << 13;
    rng_state ^= rng_state >> 7;
    rng_state ^= rng_state << 17;
    return (uint32_t) (rng_state >> 32);
}

static char pool[1 << 19];
static size_t pool_used;

/* Bytes an attacker would choose; every eighth text is raw noise, which no
 * parser hands on; that must do no harm either. */
static struct str
hostile(void)
{
    static const char *const parts[] = {
        "\r", "\n", "\r\n<34>1 - h a - - - x", "\x1b]0;t\x07", "]", "\"", "\\", "[a b=\"", "\\\"]", " ", "=",
        "%n", "\x7f", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xee\xbc\x80", "\xee\xbc\x8a", "\xee\xbd\x9d", "\xef\xbb\xbf",
        "key=\"", " state=\"cleared\"", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x92\xbe", "A", "E:\\", "\\\\S\\", "1", "\t", "\x01",
    };
    size_t start = pool_used, want = rng() % 40 ? rng() % 60 : rng() % 9000;
    if (rng() % 9 == 0)
        return STR_NONE;
    while (pool_used - start < want && pool_used + 64 < sizeof pool) {
        const char *part = parts[rng() % (sizeof parts / sizeof *parts)];
        size_t n = strlen(part);
        if (want % 8 == 7) {
            pool[pool_used++] = (char) rng();
            continue;
        }
        memcpy(pool + pool_used, part, n);
        pool_used += n;
    }
    return str_make(pool + start, pool_used - start);
}

static void
hostile_when(struct when *w)
{
    memset(w, 0, sizeof *w);
    w->utc_known = rng() % 2;
    w->local_known = rng() % 2;
    w->utc = (int64_t) (rng() % 4102444800u) * WHEN_SECOND + rng() % 1000000000;
    w->local = (int64_t) (rng() % 4102444800u) * WHEN_SECOND;
    w->fraction = (uint8_t) (rng() % 10);
    w->zone = hostile();
}

static void
hostile_facts(struct facts *f)
{
    memset(f, 0, sizeof *f);
#define FACT(member, element, attribute, sd, prose) f->member = hostile();
#include "parsers/event_fields.def"
#undef FACT
    f->claimed = rng() % 2;
    f->claim_class = (enum event_class) (rng() % CLASS_COUNT);
    f->figures = (enum figures) (rng() % 5);
    f->caused = rng() % 2;
    f->cause_class = (enum event_class) (rng() % CLASS_COUNT);
    f->tagged = rng() % 2;
    f->win32_known = rng() % 2;
    f->win32 = rng();
    f->symbol = hostile();
    f->misreported = rng() % 2;
    f->basis = (enum basis) (rng() % 7);
    f->confidence = (enum confidence) (rng() % 4);
    f->signature = hostile();
    f->n_evidence = rng() % (EVENT_EVIDENCE_MAX + 1);
    f->n_linked = rng() % (EVENT_SEE_MAX + 1);
    f->n_articles = rng() % (EVENT_SEE_MAX + 1);
    for (unsigned i = 0; i < EVENT_EVIDENCE_MAX; i++)
        memset(f->evidence[i], 'e', EVENT_ID_SIZE - 1);
    for (unsigned i = 0; i < EVENT_SEE_MAX; i++) {
        memset(f->linked[i], 'c', EVENT_ID_SIZE - 1);
        f->article[i] = hostile();
    }
}

/* A value is what text_show() makes of the field, or the beginning of that
 * where the message says that it was shortened. */
static void
ck_field(const char *element, const char *name, struct str field)
{
    static char shown[1 << 17];
    const struct rfc5424_param *p = rfc5424_param(&parsed, element, name);
    size_t n;

    if (!str_has(field)) {
        ck_assert_ptr_null(p);
        return;
    }
    n = text_show(field, shown, sizeof shown);
    if (!p) {
        ck_assert_msg(truncated, "%s is not there", name);
        return;
    }
    ck_assert(p->n == n || (truncated && p->n < n));
    ck_assert_msg(memcmp(p->value, shown, p->n) == 0, "%s", name);
}

static struct event ev;
static struct alarm_item a;
static struct notice_item no;
static struct item item;

/* The next item, all of it at random. */
static void
hostile_item(unsigned i)
{
    pool_used = 0;
    memset(&ev, 0, sizeof ev);
    memset(&a, 0, sizeof a);
    memset(&no, 0, sizeof no);
    hostile_facts(i % 2 ? &a.f : &ev.f);
    memset(ev.id, 'a', EVENT_ID_SIZE - 1);
    memset(a.id, 'b', EVENT_ID_SIZE - 1);
    ev.cls = a.cls = (enum event_class) (rng() % CLASS_COUNT);
    ev.severity = a.severity = (enum severity) (rng() % 6);
    a.state = (enum alarm_state) (rng() % 3);
    hostile_when(&ev.when);
    hostile_when(&a.when);
    hostile_when(&a.first);
    hostile_when(&a.last);
    ev.when.dst = (enum when_dst) (rng() % 3);
    ev.format = hostile();
    ev.source_name = hostile();
    ev.offset = ev.length = rng();
    ev.line = rng() % 3;
    ev.text = hostile();
    a.key = hostile();
    a.key.n = a.key.n > 128 ? 128 : a.key.n;
    a.count = rng() % 2 ? rng() : UINT64_MAX;
    a.reason = hostile();
    a.event = hostile();
    a.summary = hostile();
    a.action = hostile();
    no.kind = (enum notice_kind) (rng() % 2);
    hostile_when(&no.when);
    no.text = hostile();
    no.read = no.delivered = no.folded = no.dropped = no.last_seq = rng() % 2 ? UINT64_MAX : rng();
    no.open_count = rng();
    memset(no.open_digest, 'd', EVENT_ID_SIZE - 1);
    item = (struct item){.kind = i % 2 ? ITEM_ALARM : i % 10 ? ITEM_EVENT : ITEM_NOTICE};
    item.event = item.kind == ITEM_EVENT ? &ev : NULL;
    item.alarm = item.kind == ITEM_ALARM ? &a : NULL;
    item.notice = item.kind == ITEM_NOTICE ? &no : NULL;
}

/* What 'element' says of the item: "" in the form of RFC 3164. */
static void
ck_item(const struct syslog_form *fo, const char *element)
{
    const struct facts *f = item.kind == ITEM_ALARM ? &a.f : &ev.f;

    ck_assert_int_eq(parsed.pri / 8, fo->facility);
    ck_assert(str_eq(parsed.app, STR("truecause")));
    ck_assert(str_has(rfc5424_value(&parsed, element, "truncated")) == truncated);
    ck_assert((rfc5424_param(&parsed, element, "state") != NULL) == (item.kind == ITEM_ALARM));
    if (item.kind == ITEM_NOTICE) {
        ck_assert(str_eq(parsed.msgid, STR("notice")));
        return;
    }
    ck_assert(str_eq(parsed.msgid, str_z(event_class_name(ev.cls))));
    ck_assert(str_eq(rfc5424_value(&parsed, element, "id"), str_z(item.kind == ITEM_ALARM ? a.id : ev.id)));
    ck_field(element, "package", f->package);
    ck_field(element, "file", f->file);
    ck_field(element, "target", f->target);
    ck_field(element, "symbol", f->symbol);
    if (item.kind == ITEM_ALARM)
        ck_field(element, "key", a.key);
}

/* As many as HOSTILE_ITEMS says, in every form and size. */
START_TEST(hostile_items)
{
    static const size_t budgets[] = {SYSLOG_MSG_MIN, SYSLOG_MSG_BSD, SYSLOG_MSG_UDP, 2048, SYSLOG_MSG_MAX};
    const char *wish = getenv("HOSTILE_ITEMS");
    unsigned count = wish ? (unsigned) strtoul(wish, NULL, 10) : 10000, shortened = 0, whole = 0;

    ck_assert_uint_ge(count, 1000);
    for (unsigned i = 0; i < count; i++) {
        struct syslog_form fo = form;
        struct target_item ti = {.seq = 9, .target_seq = UINT64_MAX - i, .item = &item, .uptime_ns = INT64_MAX - i};
        const char *why;
        size_t n;

        hostile_item(i);
        fo.facility = (int) (rng() % 24);
        fo.pen = UINT32_MAX;
        fo.budget = budgets[i % 5];
        n = syslog_msg_write(&fo, &ti, message, &truncated);
        ck_assert_uint_le(n, fo.budget);
        why = rfc5424_parse(message, n, &parsed);
        ck_assert_msg(why == NULL, "item %u, %zu octets: %s: %.*s", i, fo.budget, why, (int) n, message);
        ck_item(&fo, "truecause@4294967295");
        ck_assert((rfc5424_param(&parsed, "alarm", "perceivedSeverity") != NULL) == (item.kind == ITEM_ALARM));
        shortened += truncated;
        whole += !truncated;

        fo.bsd = true;
        fo.no_host = rng() % 2;
        n = syslog_msg_write(&fo, &ti, message, &truncated);
        ck_assert_uint_le(n, fo.budget);
        why = rfc3164_parse(message, n, !fo.no_host, &parsed);
        ck_assert_msg(why == NULL, "item %u, %zu octets: %s: %.*s", i, fo.budget, why, (int) n, message);
        ck_item(&fo, "");
    }
    /* Both kinds were met in numbers. */
    ck_assert_uint_gt(shortened, count / 10);
    ck_assert_uint_gt(whole, count / 50);
    printf("%u hostile items, each one valid message in both forms; %u shortened\n", count, shortened);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("syslog_hostile");
    TCase *c = tcase_create("hostile");
    SRunner *sr;
    int failed;

    tcase_set_timeout(c, 1800);
    tcase_add_test(c, hostile_items);
    suite_add_tcase(s, c);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
