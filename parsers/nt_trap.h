/* SPDX-License-Identifier: BSD-2-Clause
 *
 * nt_trap.h - traps that translate Windows event records (SMS 1.2's translator
 * EVENTRAP.EXE, evntagnt.dll of Windows 2000 and later), decoded: what the
 * receiving source (forwarder/trap_*.c) hands over, and the line of text that
 * one trap becomes, so that a trap is a record like any other.
 *
 * The line, format nt-trap version 1: fields with a TAB between and an LF at
 * the end.
 *     nt-trap 1  time=2026-11-29T18:00:00.123456Z  version=1  sender=192.0.2.9
 *     agent=192.0.2.10  enterprise=1.3.6...  generic=6  specific=-1073741715
 *     uptime=4711  OID=s:text  OID=i:4  end
 * A field whose name is an OID is a varbind, in order; its value has a letter
 * for its type.  Bytes below 0x20, 0x7f, and a backslash before an x or at the
 * end of a value are \xHH; other backslashes stand for themselves.  'end'
 * proves that the line is whole.  Version 2c has no agent, enterprise, generic
 * and specific: they stand in its varbinds.  Readers pass unknown names by.
 * The community is a secret and in no line. */
#ifndef PARSERS_NT_TRAP_H
#define PARSERS_NT_TRAP_H

#include "parsers/format.h"
#include "parsers/id.h"

enum {
    NT_TRAP_VARBINDS = 128,  /* more are left out */
    NT_TRAP_OID = 128,       /* sub-identifiers, RFC 2578 3.5 */
    NT_TRAP_OID_TEXT = 1408, /* of one, dotted */
    NT_TRAP_SOURCE = 128,
    NT_TRAP_INSERTS = EVENTLOG_STRINGS_MAX,
};

/* STRING: octets as they came.  NUMBER, ADDRESS, OID: as text.  OTHER: nothing
 * that a reader needs; the value is empty. */
enum nt_trap_type {
    NT_TRAP_STRING = 's',
    NT_TRAP_NUMBER = 'i',
    NT_TRAP_ADDRESS = 'a',
    NT_TRAP_IDENTIFIER = 'o',
    NT_TRAP_OTHER = 'n'
};

struct nt_trap_varbind {
    struct str name; /* dotted digits */
    enum nt_trap_type type;
    struct str value;
};

struct nt_trap {
    int64_t arrival;   /* ns UTC */
    int version;       /* 1: SNMPv1, 2: SNMPv2c */
    struct str sender; /* address of the packet; may be a relay's */
    /* of version 1 only */
    struct str agent;      /* agent-addr, RFC 1157 4.1.6 */
    struct str enterprise; /* dotted digits */
    int64_t generic, specific;
    uint64_t uptime; /* hundredths of a second */
    unsigned n;
    struct nt_trap_varbind varbind[NT_TRAP_VARBINDS];
};

/* What a trap says, whatever its version.  Borrows from the trap. */
struct nt_trap_view {
    struct str enterprise; /* of version 2c: what the rules of RFC 3584 3.2 give */
    struct str trap_oid;   /* of version 2c: snmpTrapOID */
    struct str agent;      /* agent-addr or snmpTrapAddress; absent where none is told */
    bool translated;       /* the enterprise is one of the translators' */
    char source[NT_TRAP_SOURCE]; /* event source, its octets as they came; "" unless translated */
    size_t n_source;
    uint32_t id; /* event id, all 32 bits */
    struct str text, user, system, type, category; /* absent where the trap has none */
    unsigned n_inserts;
    struct str insert[NT_TRAP_INSERTS]; /* p NULL: lost on the way; n 0: blank */
};

void nt_trap_view(const struct nt_trap *, struct nt_trap_view *);
/* True when the OID 'name' is 'root' or below it; both dotted digits. */
bool nt_trap_below(struct str name, struct str root);

/* The events of the last seconds, each as a part of its hash: of fixed size, and
 * ready when zeroed.  What is pushed out is not known again. */
enum { NT_TRAP_SEEN = 4096, NT_TRAP_WAYS = 4 };
struct nt_trap_seen {
    struct nt_trap_seen_entry {
        uint64_t half;
        int64_t time;
        bool used;
    } entry[NT_TRAP_SEEN][NT_TRAP_WAYS];
};
/* True when a trap of the same event arrived within 5 s of 'arrival' (ns); else
 * it is the first one, and remembered. */
bool nt_trap_seen(struct nt_trap_seen *, struct id_hasher *, const struct nt_trap_view *, int64_t arrival);

/* Writes the line of 'trap' with its LF to 'out'; its length, or 0 when 'cap'
 * is too small: NT_TRAP_LINE holds any trap that came in a UDP datagram. */
enum { NT_TRAP_LINE = FORMAT_WINDOW };
size_t nt_trap_write(const struct nt_trap *trap, char *out, size_t cap);
/* Reads a line (without its LF) into 'out', which borrows from it and from the
 * arena.  '*at' is where an error is; 'out' then has what stands before it. */
enum perr nt_trap_read(struct str line, struct arena *, struct nt_trap *out, size_t *at);

#endif
