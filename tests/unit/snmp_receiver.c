/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_receiver.c - the receiving end for the tests of the snmp target. */
#include "build.h"

#include "tests/unit/snmp_receiver.h"

#include <arpa/inet.h>
#include <check.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "parsers/when.h"

/* --- a receiver ------------------------------------------------------------- */

/* One element: tag and content; moves 'p' behind it. */
static const uint8_t *
element(const uint8_t **p, const uint8_t *end, int *tag, size_t *n)
{
    const uint8_t *content;

    ck_assert_int_ge(end - *p, 2);
    *tag = *(*p)++;
    *n = *(*p)++;
    if (*n & 0x80) {
        unsigned k = *n & 0x7f;

        ck_assert_uint_le(k, 3);
        ck_assert_int_ge(end - *p, (int) k);
        for (*n = 0; k; k--)
            *n = *n << 8 | *(*p)++;
    }
    ck_assert_uint_le(*n, (size_t) (end - *p));
    content = *p;
    *p += *n;
    return content;
}

static int64_t
integer(const uint8_t *p, size_t n)
{
    int64_t v;

    ck_assert_uint_ge(n, 1);
    ck_assert_uint_le(n, 8);
    v = p[0] & 0x80 ? -1 : 0;
    for (size_t i = 0; i < n; i++)
        v = (int64_t) ((uint64_t) v << 8 | p[i]);
    return v;
}

static void
identifier(const uint8_t *p, size_t n, char *out, size_t cap)
{
    uint64_t v = 0;
    size_t o = (size_t) snprintf(out, cap, "%d.%d", p[0] / 40, p[0] % 40);

    for (size_t i = 1; i < n; i++) {
        v = v << 7 | (p[i] & 0x7f);
        if (!(p[i] & 0x80)) {
            o += (size_t) snprintf(out + o, cap - o, ".%lu", (unsigned long) v);
            v = 0;
        }
    }
}

static void
take_varbind(const uint8_t *p, const uint8_t *end, struct varbind *v)
{
    const uint8_t *at;
    int tag;
    size_t n;

    at = element(&p, end, &tag, &n);
    ck_assert_int_eq(tag, 0x06);
    identifier(at, n, v->name, sizeof v->name);
    at = element(&p, end, &v->tag, &v->n);
    ck_assert_ptr_eq(p, end);
    if (v->tag == 0x04 || v->tag == 0x40) {
        ck_assert_uint_lt(v->n, sizeof v->text);
        memcpy(v->text, at, v->n);
        v->text[v->n] = '\0';
    } else if (v->tag == 0x06) {
        identifier(at, v->n, v->text, sizeof v->text);
    } else {
        v->number = integer(at, v->n);
    }
}

static void
take_varbinds(const uint8_t *list, const uint8_t *end, struct datagram *d)
{
    const uint8_t *at;
    int tag;
    size_t n;

    while (list < end) {
        at = element(&list, end, &tag, &n);
        ck_assert_int_eq(tag, 0x30);
        ck_assert_uint_lt(d->n, 40);
        take_varbind(at, at + n, &d->varbind[d->n++]);
    }
}

/* The next element as a number. */
static int64_t
number_at(const uint8_t **p, const uint8_t *end)
{
    int tag;
    size_t n;
    const uint8_t *at = element(p, end, &tag, &n);

    return integer(at, n);
}

/* The next element, an OCTET STRING, as text or in hexadecimal. */
static size_t
octets_at(const uint8_t **p, const uint8_t *end, char *out, size_t cap, bool hex)
{
    int tag;
    size_t n;
    const uint8_t *at = element(p, end, &tag, &n);

    ck_assert_int_eq(tag, 0x04);
    ck_assert_uint_lt(hex ? 2 * n : n, cap);
    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        snprintf(out + (hex ? 2 * i : i), 3, hex ? "%02x" : "%c", at[i]);
    return n;
}

/* RFC 1157, 4.1.6. */
static void
take_v1_trap(const uint8_t *p, const uint8_t *end, struct datagram *d)
{
    const uint8_t *at;
    int tag;
    size_t n;

    at = element(&p, end, &tag, &n);
    ck_assert_int_eq(tag, 0x06);
    identifier(at, n, d->enterprise, sizeof d->enterprise);
    at = element(&p, end, &tag, &n);
    ck_assert_int_eq(tag, 0x40);
    ck_assert_uint_eq(n, 4);
    memcpy(d->agent, at, 4);
    d->generic = number_at(&p, end);
    d->specific = number_at(&p, end);
    at = element(&p, end, &tag, &n);
    ck_assert_int_eq(tag, 0x43);
    d->ticks = integer(at, n);
    at = element(&p, end, &tag, &n);
    ck_assert_int_eq(tag, 0x30);
    take_varbinds(at, at + n, d);
}

static void
take_pdu(const uint8_t *p, const uint8_t *end, struct datagram *d)
{
    const uint8_t *at;
    int tag;
    size_t n;

    at = element(&p, end, &d->pdu, &n);
    ck_assert_ptr_eq(p, end);
    p = at;
    if (d->pdu == 0xa4) {
        take_v1_trap(p, end, d);
        return;
    }
    d->request = number_at(&p, end);
    ck_assert_int_eq(number_at(&p, end), 0);
    ck_assert_int_eq(number_at(&p, end), 0);
    d->varbinds_n = (size_t) (end - p);
    at = element(&p, end, &tag, &n);
    ck_assert_int_eq(tag, 0x30);
    take_varbinds(at, at + n, d);
}

/* RFC 3412 section 6, RFC 3414 section 2.4, from behind the version. */
static void
take_v3(const uint8_t *p, const uint8_t *end, struct datagram *d)
{
    const uint8_t *at, *part;
    char unused[256], flags[8];
    int tag;
    size_t n;

    part = element(&p, end, &tag, &n);
    at = part;
    d->request = number_at(&at, part + n);
    d->max_size = number_at(&at, part + n);
    ck_assert_uint_eq(octets_at(&at, part + n, flags, sizeof flags, true), 1);
    sscanf(flags, "%x", (unsigned *) &d->flags);
    d->model = number_at(&at, part + n);
    part = element(&p, end, &tag, &n);
    ck_assert_int_eq(tag, 0x04);
    part = element(&part, part + n, &tag, &n);
    at = part;
    octets_at(&at, part + n, d->engine, sizeof d->engine, true);
    d->boots = number_at(&at, part + n);
    d->time = number_at(&at, part + n);
    octets_at(&at, part + n, d->user, sizeof d->user, false);
    d->mac = octets_at(&at, part + n, unused, sizeof unused, true);
    d->salt = octets_at(&at, part + n, unused, sizeof unused, true);
    part = element(&p, end, &tag, &n);
    ck_assert_ptr_eq(p, end);
    ck_assert_int_eq(tag, d->flags & 2 ? 0x04 : 0x30);
    if (d->flags & 2)
        return;
    octets_at(&part, end, d->context_engine, sizeof d->context_engine, true);
    octets_at(&part, end, d->context, sizeof d->context, false);
    take_pdu(part, end, d);
}

void
take_apart(const uint8_t *bytes, size_t size, struct datagram *d)
{
    const uint8_t *p = bytes, *end = bytes + size, *at;
    int tag;
    size_t n;

    memset(d, 0, sizeof *d);
    d->size = size;
    at = element(&p, end, &tag, &n);
    ck_assert_int_eq(tag, 0x30);
    ck_assert_ptr_eq(p, end);
    p = at;
    d->version = (int) number_at(&p, end);
    if (d->version == 3) {
        take_v3(p, end, d);
        return;
    }
    octets_at(&p, end, d->community, sizeof d->community, false);
    if (size <= sizeof d->bytes)
        memcpy(d->bytes, bytes, size);
    take_pdu(p, end, d);
}

static int receiver = -1;
static char receiver_port[16];
static struct sockaddr_in sender; /* of the datagram received last */

struct config config_default;
struct config_target target_default;

static void
configuration(void)
{
    static char host[] = "127.0.0.1", version[] = "2c", community[] = "public",
                name[] = "nms", root[] = DEFAULT_ROOT;

    config_default = (struct config){.enterprise_oid = root, .pen = 32473};
    target_default = (struct config_target){
        .place = {"truecause.xml", 7},
        .name = name,
        .addresses = {{TRANSPORT_UDP, host, receiver_port}},
        .n_addresses = 1,
        .version = version,
        .community = community,
        .pdu_size = 1400,
    };
}

void
receiver_open(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;

    receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(receiver, 0);
    ck_assert_int_eq(bind(receiver, (struct sockaddr *) &a, n), 0);
    ck_assert_int_eq(getsockname(receiver, (struct sockaddr *) &a, &n), 0);
    snprintf(receiver_port, sizeof receiver_port, "%u", ntohs(a.sin_port));
    configuration();
}

void
receiver_close(void)
{
    close(receiver);
}

bool
receive(struct datagram *d, int timeout_ms)
{
    static uint8_t bytes[65536];
    struct pollfd poll_for = {.fd = receiver, .events = POLLIN};
    socklen_t from_n = sizeof sender;
    ssize_t n;

    if (poll(&poll_for, 1, timeout_ms) != 1)
        return false;
    n = recvfrom(receiver, bytes, sizeof bytes, 0, (struct sockaddr *) &sender, &from_n);
    ck_assert_int_gt(n, 0);
    take_apart(bytes, (size_t) n, d);
    inet_ntop(AF_INET, &sender.sin_addr, d->source, sizeof d->source);
    return true;
}

/* 'n' bytes of content behind their tag and length; the new length. */
static size_t
wrap(uint8_t *content, size_t n, int tag)
{
    memmove(content + 4, content, n);
    content[0] = (uint8_t) tag;
    content[1] = 0x82;
    content[2] = (uint8_t) (n >> 8);
    content[3] = (uint8_t) n;
    return n + 4;
}

void
answer_bytes(const void *bytes, size_t n)
{
    ck_assert_int_eq(sendto(receiver, bytes, n, 0, (struct sockaddr *) &sender, sizeof sender), (ssize_t) n);
}

void
answer_as(const struct datagram *d, int pdu, int error)
{
    uint32_t id = (uint32_t) d->request;
    uint8_t out[4096] = {0x02, 4, (uint8_t) (id >> 24), (uint8_t) (id >> 16), (uint8_t) (id >> 8), (uint8_t) id,
                         0x02, 1, (uint8_t) error, 0x02, 1, 0};
    size_t n = 12, head = 5 + strlen(d->community);
    uint8_t *start = out + head;

    ck_assert_uint_le(d->size, sizeof d->bytes);
    memmove(start, out, n);
    memcpy(start + n, d->bytes + d->size - d->varbinds_n, d->varbinds_n);
    n = head + wrap(start, n + d->varbinds_n, pdu);
    memcpy(out, "\x02\x01\x01\x04", 4);
    out[4] = (uint8_t) strlen(d->community);
    memcpy(out + 5, d->community, head - 5);
    answer_bytes(out, wrap(out, n, 0x30));
}

void
answer(const struct datagram *d, int error)
{
    answer_as(d, 0xa2, error);
}

/* --- what is sent ------------------------------------------------------------ */

struct alarm_item
sample(void)
{
    struct alarm_item a = {
        .key = STR("dist:ANFIELD:DOG0005D"),
        .state = ALARM_RAISED,
        .severity = SEVERITY_MINOR,
        .cls = CLASS_FILE_CONTENTION,
        .count = 1,
        .summary = STR(
            "DOG0005D not on \\\\ANFIELD\\SMS_PKGE: file in use (Win32 32), not disk space: filename.EXE"),
        .action = STR("Find who holds the file."),
    };

    memcpy(a.id, ID, sizeof a.id);
    ck_assert(when_parse_iso(STR("1998-09-10T16:55:37Z"), &a.first));
    ck_assert(when_parse_iso(STR("1998-09-10T09:55:40"), &a.last));
    a.f.host = STR("ANFIELD");
    a.f.address = STR("192.0.2.10");
    a.f.site = STR("DOG");
    a.f.server = STR("ANFIELD");
    a.f.share = STR("SMS_PKGE");
    a.f.package = STR("DOG0005D");
    a.f.file = STR("E:\\_S M0000.TMP\\filename.EXE");
    a.f.claimed = true;
    a.f.claim_class = CLASS_DISK_FULL;
    a.f.figures = FIGURES_BLANK;
    a.f.caused = true;
    a.f.cause_class = CLASS_FILE_CONTENTION;
    a.f.tagged = true;
    a.f.win32_known = true;
    a.f.win32 = 32;
    a.f.misreported = true;
    a.f.confidence = CONFIDENCE_CONFIRMED;
    a.f.n_articles = 1;
    a.f.article[0] = STR("Q193766");
    return a;
}

struct target *
open_target(void)
{
    char err[512] = "";
    struct target *t = target_snmp_class.open(&config_default, &target_default, err, sizeof err);

    ck_assert_msg(t != NULL, "%s", err);
    return t;
}

int
send_alarm(struct target *t, const struct alarm_item *a)
{
    struct item item = {.kind = ITEM_ALARM, .alarm = a};
    struct target_item it = {.seq = 900, .target_seq = 17, .item = &item, .uptime_ns = 90 * WHEN_SECOND};

    return target_snmp_class.send(t, &it);
}

/* Sends 'a' through a target of its own and gives what arrived. */
void
round_trip(const struct alarm_item *a, struct datagram *d)
{
    struct target *t = open_target();

    ck_assert_msg(send_alarm(t, a) == 0, "%s", t->error);
    ck_assert_int_eq(target_flush(t, 1000), 0);
    ck_assert(receive(d, 60000));
    target_snmp_class.close(t);
}

const struct varbind *
value(const struct datagram *d, enum mib_object_id id)
{
    char name[160];

    snprintf(name, sizeof name, "%s.1.%u.0", config_default.enterprise_oid, mib_objects[id].arc);
    for (unsigned i = 0; i < d->n; i++)
        if (strcmp(d->varbind[i].name, name) == 0)
            return &d->varbind[i];
    ck_abort_msg("%s is not in the notification", mib_objects[id].name);
}

int
tag_of(enum mib_syntax syntax)
{
    switch (syntax) {
    case MIB_TEXT:
    case MIB_KEY:
    case MIB_ID:
    case MIB_TIME:
        return 0x04;
    case MIB_ENUM:
    case MIB_TRUTH:
    case MIB_INTEGER:
        return 0x02;
    case MIB_UNSIGNED:
    case MIB_GAUGE:
        return 0x42;
    case MIB_COUNTER:
        return 0x41;
    case MIB_COUNTER64:
        return 0x46;
    }
    return 0;
}
