/* SPDX-License-Identifier: BSD-2-Clause
 *
 * trap_decode.c - SNMPv1 traps and SNMPv2c notifications to struct nt_trap, with
 * libnetsnmp's own parser.  Called by follow_traps.c for each datagram.  Looks
 * at the version first: a message of SNMPv3 must not reach the parts of the
 * library that keep users and engines.  What a trap means is in
 * parsers/nt_trap.c. */
#include "build.h"

#include "forwarder/trap_decode.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "forwarder/snmp_library.h"

/* The version as the message has it (0, 1, 3), or -1. */
static long
version_of(uint8_t *bytes, size_t n)
{
    size_t length = n;
    long version = -1;
    u_char type, *p;

    p = asn_parse_sequence(bytes, &length, &type, ASN_SEQUENCE | ASN_CONSTRUCTOR, "message");
    if (!p || !asn_parse_int(p, &length, &type, &version, sizeof version) || type != ASN_INTEGER)
        return -1;
    return version;
}

__attribute__((format(printf, 2, 3))) static struct str
text(struct arena *arena, const char *fmt, ...)
{
    char words[64];
    va_list args;
    int n;

    va_start(args, fmt);
    n = vsnprintf(words, sizeof words, fmt, args);
    va_end(args);
    return arena_copy(arena, str_make(words, (size_t) n));
}

/* An OID as dotted digits. */
static struct str
dotted(struct arena *arena, const oid *sub, size_t n)
{
    char words[NT_TRAP_OID_TEXT];
    size_t at = 0;

    for (size_t i = 0; i < n && at + 12 < sizeof words; i++)
        at += (size_t) snprintf(words + at, sizeof words - at, "%s%" PRIu32, i ? "." : "", (uint32_t) sub[i]);
    return arena_copy(arena, str_make(words, at));
}

/* The value of a varbind: p NULL when memory ends. */
static struct str
value_of(struct arena *arena, const netsnmp_variable_list *v, enum nt_trap_type *type)
{
    const u_char *s = v->val.string;

    *type = NT_TRAP_NUMBER;
    switch (v->type) {
    case ASN_OCTET_STR:
        *type = NT_TRAP_STRING;
        return arena_copy(arena, str_make((const char *) s, v->val_len));
    case ASN_INTEGER:
        return text(arena, "%ld", *v->val.integer);
    case ASN_COUNTER:
    case ASN_GAUGE:
    case ASN_TIMETICKS:
    case ASN_UINTEGER:
        return text(arena, "%" PRIu32, (uint32_t) *v->val.integer);
    case ASN_COUNTER64:
        return text(arena, "%" PRIu64, (uint64_t) v->val.counter64->high << 32 | (uint32_t) v->val.counter64->low);
    case ASN_IPADDRESS:
        *type = v->val_len == 4 ? NT_TRAP_ADDRESS : NT_TRAP_OTHER;
        return v->val_len == 4 ? text(arena, "%u.%u.%u.%u", s[0], s[1], s[2], s[3]) : STR("");
    case ASN_OBJECT_ID:
        *type = NT_TRAP_IDENTIFIER;
        return dotted(arena, v->val.objid, v->val_len / sizeof(oid));
    default:
        *type = NT_TRAP_OTHER;
        return STR("");
    }
}

static bool
take_pdu(const netsnmp_pdu *pdu, struct arena *arena, struct nt_trap *out)
{
    out->version = pdu->version == SNMP_VERSION_1 ? 1 : 2;
    if (out->version == 1) {
        const u_char *a = pdu->agent_addr;

        out->agent = text(arena, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
        out->enterprise = dotted(arena, pdu->enterprise, pdu->enterprise_length);
        out->generic = pdu->trap_type;
        out->specific = pdu->specific_type;
        out->uptime = (uint32_t) pdu->time;
        if (!str_has(out->agent) || !str_has(out->enterprise))
            return false;
    }
    for (const netsnmp_variable_list *v = pdu->variables; v && out->n < NT_TRAP_VARBINDS; v = v->next_variable) {
        struct nt_trap_varbind *to = &out->varbind[out->n++];

        to->name = dotted(arena, v->name, v->name_length);
        to->value = value_of(arena, v, &to->type);
        if (!str_has(to->name) || !str_has(to->value))
            return false;
    }
    return true;
}

static bool
knows(const netsnmp_pdu *pdu, char *const *community, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (strlen(community[i]) == pdu->community_len
            && (pdu->community_len == 0 || memcmp(community[i], pdu->community, pdu->community_len) == 0))
            return true;
    return false;
}

static enum trap_decoded
decode(uint8_t *bytes, size_t n, char *const *community, unsigned n_communities, struct arena *arena,
       struct nt_trap *out)
{
    netsnmp_session session = {.version = version_of(bytes, n)};
    enum trap_decoded answer = TRAP_DECODED;
    netsnmp_pdu *pdu;

    if (session.version < 0)
        return TRAP_MALFORMED;
    if (session.version != SNMP_VERSION_1 && session.version != SNMP_VERSION_2c)
        return TRAP_VERSION;
    pdu = snmp_pdu_create(0);
    if (!pdu)
        return TRAP_NO_MEMORY;
    if (snmp_parse(NULL, &session, pdu, bytes, n) != 0)
        answer = TRAP_MALFORMED;
    else if (!knows(pdu, community, n_communities))
        answer = TRAP_COMMUNITY;
    else if (pdu->version == SNMP_VERSION_2c && pdu->command == SNMP_MSG_INFORM)
        answer = TRAP_INFORM;
    else if (pdu->command != (int) (pdu->version == SNMP_VERSION_1 ? SNMP_MSG_TRAP : SNMP_MSG_TRAP2))
        answer = TRAP_COMMAND;
    else if (!take_pdu(pdu, arena, out))
        answer = TRAP_NO_MEMORY;
    snmp_free_pdu(pdu);
    return answer;
}

enum trap_decoded
trap_decode(uint8_t *bytes, size_t n, char *const *community, unsigned n_communities, struct arena *arena,
            struct nt_trap *out)
{
    enum trap_decoded answer;

    *out = (struct nt_trap){0};
    snmp_library_lock();
    answer = decode(bytes, n, community, n_communities, arena, out);
    snmp_library_forget();
    snmp_library_unlock();
    return answer;
}
