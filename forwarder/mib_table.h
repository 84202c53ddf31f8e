/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mib_table.h - the one table of everything TRUECAUSE-MIB names: objects,
 * enumerations, notifications.  The MIB text (mib_text.c), the varbinds
 * (target_snmp_pdu.c) and the tests are all made from it, so that they cannot
 * drift apart.  Sub-identifiers are for ever: add at the end, never renumber,
 * never use one again.
 *
 * Below the enterprise OID: 0 notifications, 1 objects of notifications,
 * 2 conformance, 3 what the agent shows (mib_agent.h).  Arcs 4 and up are free;
 * below 1, sub-identifiers from MIB_OBJECT_FREE; below 0, from
 * MIB_NOTIFICATION_FREE. */
#ifndef FORWARDER_MIB_TABLE_H
#define FORWARDER_MIB_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parsers/event.h"

enum {
    MIB_ARC_NOTIFICATIONS = 0,
    MIB_ARC_OBJECTS = 1,
    MIB_ARC_CONFORMANCE = 2,
    MIB_ARC_AGENT = 3,
    MIB_OBJECT_FREE = 34,
    MIB_NOTIFICATION_FREE = 28
};

/* Bounds of values that no budget may change; the others are in the table. */
enum { MIB_TEXT_MAX = 1024 };

/* What a value is on the wire and how the MIB declares it. */
enum mib_syntax {
    MIB_TEXT,     /* UTF-8, TcText */
    MIB_KEY,      /* UTF-8, never shortened, TcAlarmKey */
    MIB_ID,       /* hexadecimal digits, never shortened, TcHexId */
    MIB_TIME,     /* ISO 8601 text, TcTime */
    MIB_ENUM,     /* INTEGER with one of the enumerations below */
    MIB_TRUTH,    /* TruthValue */
    MIB_INTEGER,  /* Integer32 with a range */
    MIB_UNSIGNED, /* Unsigned32 with a range */
    MIB_COUNTER,  /* Counter32 */
    MIB_GAUGE,    /* Gauge32; of the agent alone, as is the next */
    MIB_COUNTER64 /* Counter64 */
};

struct mib_label {
    int number;
    const char *label;
};

struct mib_enum {
    const char *name; /* of the TEXTUAL-CONVENTION */
    const char *prose;
    const struct mib_label *labels; /* label NULL at the end */
};

enum mib_enum_id {
    MIB_ENUM_STATE,
    MIB_ENUM_SEVERITY,
    MIB_ENUM_CLASS,
    MIB_ENUM_CONFIDENCE,
    MIB_ENUM_ENGINE, /* from here on of the agent */
    MIB_ENUM_RELOAD,
    MIB_ENUM_RESEND,
    MIB_ENUM_SOURCE,
    MIB_ENUM_TARGET,
    MIB_ENUMS
};
extern const struct mib_enum mib_enums[MIB_ENUMS];

/* Objects, in the order of their sub-identifiers. */
enum mib_object_id {
    MIB_OBJECT_KEY,
    MIB_OBJECT_EVENT_ID,
    MIB_OBJECT_STATE,
    MIB_OBJECT_SEVERITY,
    MIB_OBJECT_SUMMARY,
    MIB_OBJECT_CLASS,
    MIB_OBJECT_TAG,
    MIB_OBJECT_CLAIM,
    MIB_OBJECT_MISREPORTED,
    MIB_OBJECT_CONFIDENCE,
    MIB_OBJECT_WIN32,
    MIB_OBJECT_SITE,
    MIB_OBJECT_ORIGIN_HOST,
    MIB_OBJECT_SERVER,
    MIB_OBJECT_SHARE,
    MIB_OBJECT_PACKAGE,
    MIB_OBJECT_FILE,
    MIB_OBJECT_AVAILABLE,
    MIB_OBJECT_REQUIRED,
    MIB_OBJECT_COUNT,
    MIB_OBJECT_FIRST,
    MIB_OBJECT_LAST,
    MIB_OBJECT_CLEAR_REASON,
    MIB_OBJECT_ACTION,
    MIB_OBJECT_ARTICLE,
    MIB_OBJECT_SEQ,
    MIB_OBJECT_TRUNCATED,
    MIB_OBJECT_READ,
    MIB_OBJECT_DELIVERED,
    MIB_OBJECT_FOLDED,
    MIB_OBJECT_DROPPED,
    MIB_OBJECT_OPEN_COUNT,
    MIB_OBJECT_OPEN_DIGEST,
    MIB_OBJECTS
};

struct mib_object {
    const char *name;
    unsigned arc;
    enum mib_syntax syntax;
    enum mib_enum_id enumeration; /* of MIB_ENUM */
    int64_t low, high;            /* range of numbers, sizes of MIB_KEY and MIB_ID */
    const char *units;            /* NULL: none */
    const char *prose;
};
extern const struct mib_object mib_objects[MIB_OBJECTS];

/* What each kind of notification carries, in wire order. */
enum { MIB_ALARM_VARBINDS = 27, MIB_NOTICE_VARBINDS = 8 };
extern const enum mib_object_id mib_alarm_objects[MIB_ALARM_VARBINDS];
extern const enum mib_object_id mib_notice_objects[MIB_NOTICE_VARBINDS];

/* The notifications of one fault class. */
struct mib_notification {
    enum event_class cls;
    unsigned raise_arc, clear_arc;
    const char *stem;  /* name is tc<stem>Raised, tc<stem>Cleared */
    const char *raise; /* what it means and what to do */
    const char *clear;
};
extern const struct mib_notification mib_notifications[]; /* stem NULL at the end */

#define MIB_NOTICE_NAME "tcNotice"
enum { MIB_NOTICE_ARC = 1 };
extern const char mib_notice_prose[];

/* The pair for 'cls', or NULL for a class that raises no alarms. */
const struct mib_notification *mib_notification_find(enum event_class cls);

/* Values of the enumerations, from 1. */
int mib_state(enum alarm_state);
int mib_severity(enum severity);
int mib_class(enum event_class);
enum { MIB_CLASS_NONE = 1 };
int mib_confidence(enum confidence);

/* Whether its values are OCTET STRINGs and no numbers. */
bool mib_is_text(enum mib_syntax);

/* Label of 'number' in an enumeration, or NULL; and the way back, 0 for none. */
const char *mib_label(enum mib_enum_id, int number);
int mib_number(enum mib_enum_id, const char *label);

/* An object identifier. */
enum { MIB_OID_MAX = 40 };
struct mib_oid {
    unsigned n;
    uint32_t sub[MIB_OID_MAX];
};

/* Reads dotted digits.  False unless it is 1.3.6.1.4.1.PEN[.more], each part
 * below 2^32, with at most MIB_OID_MAX - 4 parts (room for what hangs below). */
bool mib_enterprise(const char *dotted, struct mib_oid *out);

#endif
