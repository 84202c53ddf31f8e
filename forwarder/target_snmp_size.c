/* SPDX-License-Identifier: BSD-2-Clause
 *
 * target_snmp_size.c - how many bytes a notification takes in BER, with all that
 * stands around it in each version of SNMP, and what gives way until it fits a
 * budget.  Called by target_snmp.c.  Encodes nothing. */
#include "build.h"

#include "forwarder/target_snmp_pdu.h"

#include <string.h>

#include "forwarder/snmp_engine.h"
#include "forwarder/snmp_usm.h"
#include "forwarder/target_snmp_parts.h"

/* --- size ----------------------------------------------------------------- */

/* Tag, length and 'n' bytes of content in BER. */
static size_t
tlv(size_t n)
{
    return n + (n < 0x80 ? 2 : n < 0x100 ? 3 : n < 0x10000 ? 4 : 5);
}

/* Content bytes of an INTEGER: as few as hold the value and its sign. */
static size_t
integer_bytes(int64_t v)
{
    uint64_t u = v < 0 ? ~(uint64_t) v : (uint64_t) v;
    size_t n = 1;

    for (; u > 127; u >>= 8)
        n++;
    return n;
}

/* Content bytes of an OBJECT IDENTIFIER: the first two parts share a byte. */
static size_t
oid_bytes(const struct mib_oid *oid)
{
    size_t n = 1;

    for (unsigned i = 2; i < oid->n; i++)
        for (uint32_t v = oid->sub[i]; n++, v >= 0x80;)
            v >>= 7;
    return n;
}

/* Name of an object's one instance, given that of the enterprise OID: three
 * parts of a byte each. */
_Static_assert(MIB_OBJECT_FREE <= 0x80, "sub-identifiers of objects take one byte");

static size_t
instance_bytes(size_t enterprise)
{
    return enterprise + 3;
}

static size_t
varbind_bytes(size_t name, size_t value)
{
    return tlv(tlv(name) + tlv(value));
}

/* The header of SNMPv3 and the parameters of USM (RFC 3412 section 6, RFC 3414
 * section 2.4), around a PDU of 'pdu' bytes. */
static size_t
v3_bytes(const struct snmp_envelope *e, size_t pdu)
{
    const size_t version = tlv(1), id = tlv(4), max_size = tlv(4), flags = tlv(1), model = tlv(1), boots = tlv(4),
                 time = tlv(4);
    size_t header = tlv(id + max_size + flags + model);
    size_t security = tlv(tlv(tlv(e->engine) + boots + time + tlv(e->user) + tlv(e->mac) + tlv(e->salt)));
    size_t scoped = tlv(tlv(e->context_engine) + tlv(e->context) + pdu);

    return tlv(version + header + security + (e->salt ? tlv(scoped) : scoped));
}

/* The whole message around its varbinds, of which 'head' are the first two of
 * SNMPv2 in bytes. */
static size_t
message_bytes(const struct snmp_envelope *e, const struct mib_oid *enterprise, size_t head, size_t varbinds)
{
    const size_t request_id = tlv(4), error = tlv(1), version = tlv(1), address = tlv(4), generic = tlv(1),
                 specific = tlv(4), uptime = tlv(5);
    size_t pdu = tlv(request_id + 2 * error + tlv(head + varbinds));

    switch (e->version) {
    case SNMP_ENVELOPE_1: /* RFC 1157, 4.1.6 */
        pdu = tlv(tlv(oid_bytes(enterprise)) + address + generic + specific + uptime + tlv(varbinds));
        break;
    case SNMP_ENVELOPE_2C:
        break;
    case SNMP_ENVELOPE_3:
        return v3_bytes(e, pdu);
    }
    return tlv(version + tlv(e->community) + pdu);
}

/* sysUpTime.0 and snmpTrapOID.0. */
static size_t
head_bytes(const struct mib_oid *enterprise, unsigned arc, uint32_t uptime)
{
    struct mib_oid trap = snmp_message_below(enterprise, MIB_ARC_NOTIFICATIONS, arc);

    return varbind_bytes(oid_bytes(&snmp_message_sys_up_time), integer_bytes(uptime))
           + varbind_bytes(oid_bytes(&snmp_message_trap_oid), oid_bytes(&trap));
}

size_t
snmp_message_size(const struct snmp_message *m, const struct snmp_envelope *e)
{
    size_t n = 0, name = instance_bytes(oid_bytes(&m->enterprise));

    for (unsigned i = 0; i < m->n; i++) {
        const struct snmp_value *v = &m->value[m->order[i]];

        n += varbind_bytes(name, mib_is_text(mib_objects[m->order[i]].syntax) ? v->n : integer_bytes(v->number));
    }
    if (m->address_known)
        n += varbind_bytes(oid_bytes(&snmp_message_trap_address), sizeof m->address);
    return message_bytes(e, &m->enterprise, head_bytes(&m->enterprise, m->arc, m->uptime), n);
}

void
snmp_envelope_of(struct snmp_envelope *e, const struct config_target *tc)
{
    int version = config_snmp_version(tc);
    struct snmp_engine ours;

    *e = (struct snmp_envelope){.version = SNMP_ENVELOPE_2C, .community = tc->community ? strlen(tc->community) : 0};
    if (version == 1)
        e->version = SNMP_ENVELOPE_1;
    if (version != 3)
        return;
    e->version = SNMP_ENVELOPE_3;
    e->user = tc->user ? strlen(tc->user) : 0;
    e->context = tc->context ? strlen(tc->context) : 0;
    /* Of an inform the receiver's engine is the authoritative one. */
    e->engine = e->context_engine = snmp_engine_get(&ours) ? ours.n : CONFIG_ENGINE_ID;
    if (tc->inform)
        e->engine = e->context_engine = CONFIG_ENGINE_ID;
    e->mac = snmp_usm_mac_bytes(tc->auth);
    e->salt = tc->priv ? SNMP_ENVELOPE_SALT : 0;
}

/* --- fitting -------------------------------------------------------------- */

/* What gives way, in this order, and the length each text keeps: first the
 * advice, of which the MIB has the like, then what can be found by the
 * id; the summary last, and never so far that it says nothing.  A second and a
 * third round are for small budgets and absurd names. */
/* clang-format off */
static const struct {
    enum mib_object_id id;
    size_t keep;
} ladder[] = {
    {MIB_OBJECT_ACTION, 120},
    {MIB_OBJECT_FILE, 160},
    {MIB_OBJECT_CLEAR_REASON, 80},
    {MIB_OBJECT_SHARE, 80},
    {MIB_OBJECT_SERVER, 64},
    {MIB_OBJECT_ORIGIN_HOST, 64},
    {MIB_OBJECT_PACKAGE, 64},
    {MIB_OBJECT_SITE, 16},
    {MIB_OBJECT_SUMMARY, 160},
    {MIB_OBJECT_ACTION, 0},
    {MIB_OBJECT_FILE, 60},
    {MIB_OBJECT_CLEAR_REASON, 24},
    {MIB_OBJECT_SHARE, 24},
    {MIB_OBJECT_SUMMARY, 100},
    {MIB_OBJECT_ARTICLE, 0},
    {MIB_OBJECT_FILE, 0},
    {MIB_OBJECT_CLEAR_REASON, 0},
    {MIB_OBJECT_SHARE, 0},
    {MIB_OBJECT_SERVER, 16},
    {MIB_OBJECT_ORIGIN_HOST, 16},
    {MIB_OBJECT_PACKAGE, 16},
    {MIB_OBJECT_SUMMARY, 60},
};
/* clang-format on */
enum { LADDER = sizeof ladder / sizeof *ladder };

static bool
carries(const struct snmp_message *m, enum mib_object_id id)
{
    for (unsigned i = 0; i < m->n; i++)
        if (m->order[i] == id)
            return true;
    return false;
}

void
snmp_message_fit(struct snmp_message *m, const struct snmp_envelope *e, size_t budget)
{
    size_t size = snmp_message_size(m, e);

    for (unsigned i = 0; i < LADDER && size > budget; i++) {
        size_t have = m->value[ladder[i].id].n, keep = ladder[i].keep;

        if (!carries(m, ladder[i].id) || have <= keep)
            continue;
        if (have - keep > size - budget)
            keep = have - (size - budget);
        snmp_message_shorten(m, ladder[i].id, keep);
        size = snmp_message_size(m, e);
    }
    if (m->order == mib_alarm_objects)
        snmp_message_set_truth(m, MIB_OBJECT_TRUNCATED, m->truncated);
}

/* Bytes of 'id' that no fitting takes away. */
static size_t
least_bytes(enum mib_object_id id)
{
    size_t n = 5; /* any number */

    switch (mib_objects[id].syntax) {
    case MIB_TEXT:
        n = sizeof EVENT_TAG - 1;
        for (unsigned i = 0; i < LADDER; i++)
            if (ladder[i].id == id)
                n = ladder[i].keep; /* the last entry counts */
        return n;
    case MIB_KEY:
        return SNMP_KEY_USUAL;
    case MIB_ID:
    case MIB_TIME:
        return snmp_message_bound(id);
    case MIB_ENUM:
    case MIB_TRUTH:
        return 1;
    case MIB_INTEGER:
    case MIB_UNSIGNED:
    case MIB_COUNTER:
    case MIB_GAUGE:
    case MIB_COUNTER64:
        return n;
    }
    return n;
}

size_t
snmp_message_least(const struct mib_oid *enterprise, const struct snmp_envelope *e)
{
    size_t n = varbind_bytes(oid_bytes(&snmp_message_trap_address), 4);

    for (unsigned i = 0; i < MIB_ALARM_VARBINDS; i++)
        n += varbind_bytes(instance_bytes(oid_bytes(enterprise)), least_bytes(mib_alarm_objects[i]));
    return message_bytes(e, enterprise, head_bytes(enterprise, MIB_NOTIFICATION_FREE, UINT32_MAX), n);
}
