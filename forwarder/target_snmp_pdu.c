/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_snmp_pdu.c - makes a notification of an alarm change: values in the
 * order of mib_table.c; target_snmp_size.c shortens them, snmp_varbinds.c makes a
 * PDU of them.  Called by target_snmp.c.  Opens nothing, sends nothing, reads no
 * clock. */
#include "build.h"

#include "forwarder/target_snmp_pdu.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "forwarder/target_snmp_parts.h"
#include "parsers/text.h"

/* --- values --------------------------------------------------------------- */

static void
set_number(struct snmp_message *m, enum mib_object_id id, int64_t number)
{
    const struct mib_object *o = &mib_objects[id];

    if (o->high > o->low && number > o->high)
        number = o->high;
    if (o->high > o->low && number < o->low)
        number = o->low;
    m->value[id].number = number;
}

void
snmp_message_set_truth(struct snmp_message *m, enum mib_object_id id, bool truth)
{
    m->value[id].number = truth ? 1 : 2;
}

size_t
snmp_message_bound(enum mib_object_id id)
{
    return mib_objects[id].high < MIB_TEXT_MAX ? (size_t) mib_objects[id].high : MIB_TEXT_MAX;
}

/* Printable ASCII is shown as it is; nearly all texts are no more than that, so
 * eight bytes are looked at in one: a byte above 0x7e or below 0x20 leaves a
 * bit 7 in one of the three, and none else does. */
static bool
is_plain(struct str s)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t odd = 0, eight;
    size_t i = 0;

    for (; i + sizeof eight <= s.n; i += sizeof eight) {
        memcpy(&eight, s.p + i, sizeof eight);
        odd |= (eight | (eight + each) | (eight - 0x20 * each)) & 0x80 * each;
    }
    for (; i < s.n; i++)
        odd |= (unsigned char) (s.p[i] - 0x20) > 0x7e - 0x20;
    return !odd;
}

void
snmp_message_shorten(struct snmp_message *m, enum mib_object_id id, size_t limit)
{
    struct snmp_value *v = &m->value[id];

    v->n = text_show(v->whole, v->text, limit + 1);
    m->truncated = true;
}

void
snmp_message_set_text(struct snmp_message *m, enum mib_object_id id, struct str whole)
{
    struct snmp_value *v = &m->value[id];

    v->whole = str_has(whole) ? whole : STR("");
    if (v->whole.n <= snmp_message_bound(id) && is_plain(v->whole)) {
        memcpy(v->text, v->whole.p, v->whole.n);
        v->n = v->whole.n;
        return;
    }
    /* One character shows as at most 16 bytes, so that a text which comes out
     * within the bound of an array that much larger came out whole. */
    v->n = text_show(v->whole, v->text, snmp_message_bound(id) + 32);
    if (v->n > snmp_message_bound(id))
        snmp_message_shorten(m, id, snmp_message_bound(id));
}

/* Megabytes of one figure: see tcAvailableMB.  Of two figures one may be a
 * number and the other not; only where it is none, the verdict on both says why. */
static int64_t
figure(enum figures figures, struct str s)
{
    int64_t v = 0;
    size_t i = 0;

    s = str_trim(s);
    for (; i < s.n && str_is_digit(s.p[i]); i++)
        v = v > INT32_MAX ? v : v * 10 + (s.p[i] - '0');
    if (i > 0 && i == s.n && figures != FIGURES_NONE)
        return v > INT32_MAX ? INT32_MAX : v;
    switch (figures) {
    case FIGURES_NONE:
    case FIGURES_ABSENT:
        return -2;
    case FIGURES_BLANK:
        return -1;
    case FIGURES_FILLED:
    case FIGURES_UNREADABLE:
        return -3;
    }
    return -3;
}

static struct str
articles(struct snmp_message *m, const struct facts *f)
{
    size_t n = 0;

    for (unsigned i = 0; i < f->n_articles && i < EVENT_SEE_MAX; i++) {
        struct str a = f->article[i];

        if (!a.n || n + a.n + 1 > sizeof m->articles)
            continue;
        if (n)
            m->articles[n++] = ' ';
        memcpy(m->articles + n, a.p, a.n);
        n += a.n;
    }
    return str_make(m->articles, n);
}

/* The file the failure is about: source, else destination, else instruction. */
static struct str
subject(const struct facts *f)
{
    if (f->file.n)
        return f->file;
    return f->target.n ? f->target : f->instruction;
}

static void
set_facts(struct snmp_message *m, const struct facts *f)
{
    char text[INET_ADDRSTRLEN];
    int64_t code = f->win32 > INT32_MAX ? -2 : (int64_t) f->win32;

    snmp_message_set_text(m, MIB_OBJECT_TAG, f->tagged ? STR(EVENT_TAG) : STR(""));
    set_number(m, MIB_OBJECT_CLAIM, f->claimed ? mib_class(f->claim_class) : MIB_CLASS_NONE);
    snmp_message_set_truth(m, MIB_OBJECT_MISREPORTED, f->misreported);
    set_number(m, MIB_OBJECT_CONFIDENCE, mib_confidence(f->confidence));
    set_number(m, MIB_OBJECT_WIN32, f->win32_known ? code : -1);
    snmp_message_set_text(m, MIB_OBJECT_SITE, f->site);
    snmp_message_set_text(m, MIB_OBJECT_ORIGIN_HOST, f->host);
    snmp_message_set_text(m, MIB_OBJECT_SERVER, f->server);
    snmp_message_set_text(m, MIB_OBJECT_SHARE, f->share);
    snmp_message_set_text(m, MIB_OBJECT_PACKAGE, f->package);
    snmp_message_set_text(m, MIB_OBJECT_FILE, subject(f));
    set_number(m, MIB_OBJECT_AVAILABLE, figure(f->claimed ? f->figures : FIGURES_NONE, f->available));
    set_number(m, MIB_OBJECT_REQUIRED, figure(f->claimed ? f->figures : FIGURES_NONE, f->required));
    snmp_message_set_text(m, MIB_OBJECT_ARTICLE, articles(m, f));
    if (f->address.n && f->address.n < sizeof text) {
        memcpy(text, f->address.p, f->address.n);
        text[f->address.n] = '\0';
        m->address_known = inet_pton(AF_INET, text, m->address) == 1;
    }
}

/* Everything but the values; they need no zeros, each is set before it is read. */
static void
start(struct snmp_message *m, const struct mib_oid *enterprise, int64_t uptime_ns)
{
    m->enterprise = *enterprise;
    m->uptime = (uint32_t) ((uint64_t) uptime_ns / 10000000);
    m->truncated = false;
    m->address_known = false;
}

/* 1..4294967295, then 1 again. */
static int64_t
sequence(uint64_t seq)
{
    return seq ? (int64_t) ((seq - 1) % UINT32_MAX + 1) : 1;
}

static int
set_alarm(struct snmp_message *m, const struct target_item *it)
{
    const struct alarm_item *a = it->item->alarm;
    const struct mib_notification *notification = mib_notification_find(a->cls);
    bool cleared = a->state == ALARM_CLEARED;

    if (!notification)
        return -ENOMSG;
    m->arc = cleared ? notification->clear_arc : notification->raise_arc;
    m->order = mib_alarm_objects;
    m->n = MIB_ALARM_VARBINDS;
    snmp_message_set_text(m, MIB_OBJECT_KEY, a->key);
    snmp_message_set_text(m, MIB_OBJECT_EVENT_ID, str_z(a->id));
    set_number(m, MIB_OBJECT_STATE, mib_state(a->state));
    set_number(m, MIB_OBJECT_SEVERITY, mib_severity(cleared ? SEVERITY_CLEARED : a->severity));
    snmp_message_set_text(m, MIB_OBJECT_SUMMARY, a->summary);
    set_number(m, MIB_OBJECT_CLASS, mib_class(a->cls));
    set_facts(m, &a->f);
    set_number(m, MIB_OBJECT_COUNT, a->count > UINT32_MAX ? UINT32_MAX : (int64_t) a->count);
    snmp_message_set_text(m, MIB_OBJECT_FIRST, str_make(m->first, when_text(&a->first, m->first)));
    snmp_message_set_text(m, MIB_OBJECT_LAST, str_make(m->last, when_text(&a->last, m->last)));
    snmp_message_set_text(m, MIB_OBJECT_CLEAR_REASON, a->reason);
    snmp_message_set_text(m, MIB_OBJECT_ACTION, a->action);
    set_number(m, MIB_OBJECT_SEQ, sequence(it->target_seq));
    snmp_message_set_truth(m, MIB_OBJECT_TRUNCATED, m->truncated);
    return 0;
}

/* A sign of life is not numbered among the messages: it carries the number of
 * the last one, so that the receiver sees what it missed before the next. */
static int
set_notice(struct snmp_message *m, const struct target_item *it)
{
    const struct notice_item *notice = it->item->notice;

    m->arc = MIB_NOTICE_ARC;
    m->order = mib_notice_objects;
    m->n = MIB_NOTICE_VARBINDS;
    set_number(m, MIB_OBJECT_READ, (uint32_t) notice->read);
    set_number(m, MIB_OBJECT_DELIVERED, (uint32_t) notice->delivered);
    set_number(m, MIB_OBJECT_FOLDED, (uint32_t) notice->folded);
    set_number(m, MIB_OBJECT_DROPPED, (uint32_t) notice->dropped);
    set_number(m, MIB_OBJECT_OPEN_COUNT, (int64_t) notice->open_count);
    snmp_message_set_text(m, MIB_OBJECT_OPEN_DIGEST, str_z(notice->open_digest));
    set_number(m, MIB_OBJECT_SEQ, sequence(notice->kind == NOTICE_HEARTBEAT ? notice->last_seq : it->target_seq));
    snmp_message_set_text(m, MIB_OBJECT_SUMMARY, str_make(m->summary, summary_notice(notice, m->summary)));
    return 0;
}

int
snmp_message_item(struct snmp_message *m, const struct mib_oid *enterprise, const struct target_item *it)
{
    start(m, enterprise, it->uptime_ns);
    switch (it->item->kind) {
    case ITEM_EVENT:
        break;
    case ITEM_ALARM:
        return set_alarm(m, it);
    case ITEM_NOTICE:
        return set_notice(m, it);
    }
    return -ENOMSG;
}

/* --- names ---------------------------------------------------------------- */

const struct mib_oid snmp_message_sys_up_time = {9, {1, 3, 6, 1, 2, 1, 1, 3, 0}};
const struct mib_oid snmp_message_trap_oid = {11, {1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0}};
const struct mib_oid snmp_message_trap_address = {10, {1, 3, 6, 1, 6, 3, 18, 1, 3, 0}};

struct mib_oid
snmp_message_below(const struct mib_oid *base, uint32_t a, uint32_t b)
{
    struct mib_oid o = *base;

    o.sub[o.n++] = a;
    o.sub[o.n++] = b;
    return o;
}
