/* SPDX-License-Identifier: BSD-2-Clause
 *
 * snmp_varbinds.c - makes PDUs of libnetsnmp from messages; see the header.  Called
 * by target_snmp.c.  Encodes nothing, sends nothing, reads no clock. */
#include "build.h"

#include "forwarder/snmp_varbinds.h"

#include <stdlib.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "forwarder/target_snmp_parts.h"

/* sysUpTime.0 and snmpTrapOID.0 (RFC 3416, 4.2.6), which SNMPv1 has not; the
 * objects; snmpTrapAddress.0. */
enum { UPTIME, TRAP, OBJECTS, LIST = OBJECTS + MIB_OBJECTS + 1 };

struct snmp_varbinds {
    struct mib_oid enterprise;
    const enum mib_object_id *order; /* of what is laid out; NULL: nothing is */
    oid trap[MIB_OID_MAX];
    long number[LIST];
    netsnmp_variable_list list[LIST];
};

struct snmp_varbinds *
snmp_varbinds_new(const struct mib_oid *enterprise)
{
    struct snmp_varbinds *v = calloc(1, sizeof *v);

    if (v)
        v->enterprise = *enterprise;
    return v;
}

void
snmp_varbinds_free(struct snmp_varbinds *v)
{
    free(v);
}

/* --- what stays ------------------------------------------------------------- */

/* Copies an identifier into the library's own form. */
static size_t
to_library(const struct mib_oid *from, oid *to)
{
    for (unsigned i = 0; i < from->n; i++)
        to[i] = from->sub[i];
    return from->n;
}

static void
set_name(netsnmp_variable_list *var, const struct mib_oid *name, u_char type)
{
    var->name = var->name_loc;
    var->name_length = to_library(name, var->name_loc);
    var->type = type;
}

static u_char
type_of(enum mib_syntax syntax)
{
    switch (syntax) {
    case MIB_TEXT:
    case MIB_KEY:
    case MIB_ID:
    case MIB_TIME:
        return ASN_OCTET_STR;
    case MIB_UNSIGNED:
        return ASN_UNSIGNED;
    case MIB_COUNTER:
        return ASN_COUNTER;
    case MIB_ENUM:
    case MIB_TRUTH:
    case MIB_INTEGER:
    case MIB_GAUGE: /* no object of a notification */
    case MIB_COUNTER64:
        break;
    }
    return ASN_INTEGER;
}

/* Names and types, and where numbers are, for messages with the objects of 'm'. */
static void
lay_out(struct snmp_varbinds *v, const struct snmp_message *m)
{
    unsigned n = OBJECTS + m->n + 1;

    set_name(&v->list[UPTIME], &snmp_message_sys_up_time, ASN_TIMETICKS);
    set_name(&v->list[TRAP], &snmp_message_trap_oid, ASN_OBJECT_ID);
    for (unsigned i = 0; i < m->n; i++) {
        const struct mib_object *o = &mib_objects[m->order[i]];
        struct mib_oid name = snmp_message_below(&v->enterprise, MIB_ARC_OBJECTS, o->arc);

        name.sub[name.n++] = 0;
        set_name(&v->list[OBJECTS + i], &name, type_of(o->syntax));
    }
    set_name(&v->list[n - 1], &snmp_message_trap_address, ASN_IPADDRESS);
    for (unsigned i = 0; i < n; i++) {
        v->list[i].next_variable = i + 1 < n ? &v->list[i + 1] : NULL;
        v->list[i].val.integer = &v->number[i];
        v->list[i].val_len = sizeof v->number[i];
    }
    v->order = m->order;
}

/* --- what is filled --------------------------------------------------------- */

static void
fill_head(struct snmp_varbinds *v, const struct snmp_message *m)
{
    struct mib_oid trap = snmp_message_below(&v->enterprise, MIB_ARC_NOTIFICATIONS, m->arc);

    v->number[UPTIME] = (long) m->uptime;
    v->list[TRAP].val_len = to_library(&trap, v->trap) * sizeof *v->trap;
    v->list[TRAP].val.objid = v->trap;
}

static void
fill(struct snmp_varbinds *v, struct snmp_message *m)
{
    netsnmp_variable_list *var = &v->list[OBJECTS];

    if (v->order != m->order)
        lay_out(v, m);
    fill_head(v, m);
    for (unsigned i = 0; i < m->n; i++, var++) {
        struct snmp_value *value = &m->value[m->order[i]];

        if (var->type == ASN_OCTET_STR) {
            var->val.string = (u_char *) value->text;
            var->val_len = value->n;
        } else {
            v->number[OBJECTS + i] = (long) value->number;
        }
    }
    var->val.string = m->address;
    var->val_len = sizeof m->address;
    var[-1].next_variable = m->address_known ? var : NULL;
}

/* --- PDUs --------------------------------------------------------------------- */

/* What SNMPv1 has instead of the first two varbinds, as RFC 3584 section 3.2
 * translates it: the notification's OID ends in .0.n, so that the enterprise is
 * what stands before, and n the specific trap.  None of our objects is a
 * Counter64, which SNMPv1 could not carry. */
static bool
set_v1(netsnmp_pdu *pdu, const struct snmp_message *m)
{
    oid enterprise[MIB_OID_MAX];
    size_t n = to_library(&m->enterprise, enterprise);

    pdu->enterprise = snmp_duplicate_objid(enterprise, n);
    pdu->enterprise_length = n;
    pdu->trap_type = SNMP_TRAP_ENTERPRISESPECIFIC;
    pdu->specific_type = (long) m->arc;
    pdu->time = m->uptime;
    memcpy(pdu->agent_addr, m->address_known ? m->address : m->sender, sizeof pdu->agent_addr);
    return pdu->enterprise != NULL;
}

struct snmp_pdu *
snmp_varbinds_lend(struct snmp_varbinds *v, struct snmp_message *m, int command)
{
    netsnmp_pdu *pdu = snmp_pdu_create(command);

    if (!pdu)
        return NULL;
    if (command == SNMP_MSG_TRAP && !set_v1(pdu, m)) {
        snmp_free_pdu(pdu);
        return NULL;
    }
    fill(v, m);
    pdu->variables = &v->list[command == SNMP_MSG_TRAP ? OBJECTS : UPTIME];
    return pdu;
}

void
snmp_varbinds_take_back(struct snmp_pdu *pdu)
{
    pdu->variables = NULL;
    snmp_free_pdu(pdu);
}

struct snmp_pdu *
snmp_varbinds_copy(struct snmp_varbinds *v, struct snmp_message *m, int command)
{
    netsnmp_pdu *pdu = snmp_varbinds_lend(v, m, command);
    netsnmp_variable_list *from, *last = NULL;

    if (!pdu)
        return NULL;
    from = pdu->variables;
    pdu->variables = NULL;
    for (; from; from = from->next_variable) {
        /* Adding to the end takes no walk along the list. */
        last = snmp_varlist_add_variable(last ? &last : &pdu->variables, from->name, from->name_length, from->type,
                                         from->val.string, from->val_len);
        if (!last) {
            snmp_free_pdu(pdu);
            return NULL;
        }
    }
    return pdu;
}
