/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mib_text.c - writes TRUECAUSE-MIB from the table in mib_table.c.  Called by
 * `truecause mib` and by the tests, which compare the default with
 * mibs/TRUECAUSE-MIB.txt.  Only layout and the texts about the module itself
 * stand here; what an object or notification means stands in the table. */
#include "build.h"

#include "forwarder/mib_text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "forwarder/mib_text_parts.h"

/* Change with every change of the table, and add a REVISION. */
#define MIB_LAST_UPDATED "202611290000Z"
#define MIB_FIRST_UPDATED "202611220000Z"

enum { WRAP_COLUMN = 72 };

/* Writes 'text' between quotation marks, wrapped, each line after the first
 * indented by 'indent' blanks.  The table holds no quotation marks. */
void
mib_text_quoted(FILE *out, const char *clause, const char *text)
{
    const int indent = 8;
    int column = indent + 1;

    fprintf(out, "    %s\n%*s\"", clause, indent, "");
    while (*text) {
        size_t word = strcspn(text, " ");

        if (column > indent + 1 && column + 1 + (int) word > WRAP_COLUMN) {
            fprintf(out, "\n%*s ", indent, "");
            column = indent + 1;
        } else if (column > indent + 1) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, word, out);
        column += (int) word;
        text += word;
        text += strspn(text, " ");
    }
    fputc('"', out);
}

/* The value of the module's identity, then a name for each arc between it and
 * enterprises: lint does not like arcs without one. */
static void
arcs(FILE *out, const struct mib_oid *enterprise)
{
    const unsigned first = 6, last = enterprise->n - 1;

    if (first == last) {
        fprintf(out, "\n    ::= { enterprises %" PRIu32 " }\n\n", enterprise->sub[last]);
        return;
    }
    fprintf(out, "\n    ::= { truecauseArc%u %" PRIu32 " }\n\n", last - first, enterprise->sub[last]);
    fprintf(out, "truecauseArc1   OBJECT IDENTIFIER ::= { enterprises %" PRIu32 " }\n",
            enterprise->sub[first]);
    for (unsigned i = first + 1; i < last; i++)
        fprintf(out, "truecauseArc%-2u  OBJECT IDENTIFIER ::= { truecauseArc%u %" PRIu32 " }\n",
                i - first + 1, i - first, enterprise->sub[i]);
}

static void
head(FILE *out, const struct mib_oid *enterprise)
{
    fputs("-- " MIB_MODULE ": the alarms of Truecause, as notifications and as tables.\n"
          "-- Made by `truecause mib`; do not edit.\n\n",
          out);
    fputs(MIB_MODULE " DEFINITIONS ::= BEGIN\n\n"
                     "IMPORTS\n"
                     "    MODULE-IDENTITY, OBJECT-TYPE, NOTIFICATION-TYPE,\n"
                     "    Counter32, Counter64, Gauge32, Integer32, Unsigned32, enterprises\n"
                     "        FROM SNMPv2-SMI\n"
                     "    TEXTUAL-CONVENTION, TruthValue\n"
                     "        FROM SNMPv2-TC\n"
                     "    MODULE-COMPLIANCE, OBJECT-GROUP, NOTIFICATION-GROUP\n"
                     "        FROM SNMPv2-CONF\n"
                     "    snmpNotificationGroup\n"
                     "        FROM SNMPv2-MIB\n"
                     "    snmpProxyTrapForwardGroup\n"
                     "        FROM SNMP-COMMUNITY-MIB;\n\n"
                     "truecauseMIB MODULE-IDENTITY\n"
                     "    LAST-UPDATED \"" MIB_LAST_UPDATED "\"\n"
                     "    ORGANIZATION \"The Truecause project\"\n",
          out);
    mib_text_quoted(out, "CONTACT-INFO",
           "The maintainers of the Truecause installation that sends these notifications.");
    fputc('\n', out);
    mib_text_quoted(out, "DESCRIPTION",
           "Alarms about failed package distribution of Systems Management Server and Configuration "
           "Manager, with the real cause beside the one that was reported. Every alarm notification "
           "carries the same objects in the same order, after sysUpTime.0 and snmpTrapOID.0; where the "
           "address of the computer that wrote the record is known, snmpTrapAddress.0 follows them. "
           "sysUpTime.0 is the time since Truecause started. Texts are UTF-8; a byte that is no printable "
           "character is shown as its two hexadecimal digits between angle brackets.");
    fputs("\n    REVISION \"" MIB_LAST_UPDATED "\"\n", out);
    mib_text_quoted(out, "DESCRIPTION",
                    "The agent: tcAgent with the state of the forwarder, the open alarms, the sources and the "
                    "targets, its groups and tcAgentCompliance. Nothing else changed.");
    fputs("\n    REVISION \"" MIB_FIRST_UPDATED "\"\n", out);
    mib_text_quoted(out, "DESCRIPTION", "First version: notifications and their objects.");
    arcs(out, enterprise);
    fprintf(out, "tcNotifications OBJECT IDENTIFIER ::= { truecauseMIB %d }\n", MIB_ARC_NOTIFICATIONS);
    fprintf(out, "tcObjects       OBJECT IDENTIFIER ::= { truecauseMIB %d }\n", MIB_ARC_OBJECTS);
    fprintf(out, "tcConformance   OBJECT IDENTIFIER ::= { truecauseMIB %d }\n", MIB_ARC_CONFORMANCE);
    mib_agent_text_nodes(out);
    fputs("tcCompliances   OBJECT IDENTIFIER ::= { tcConformance 1 }\n"
          "tcGroups        OBJECT IDENTIFIER ::= { tcConformance 2 }\n\n",
          out);
}

static void
convention(FILE *out, const char *name, const char *hint, const char *prose, const char *syntax)
{
    fprintf(out, "%s ::= TEXTUAL-CONVENTION\n", name);
    if (hint)
        fprintf(out, "    DISPLAY-HINT \"%s\"\n", hint);
    fputs("    STATUS current\n", out);
    mib_text_quoted(out, "DESCRIPTION", prose);
    fprintf(out, "\n    SYNTAX %s\n\n", syntax);
}

static void
enumeration(FILE *out, const struct mib_enum *e)
{
    fprintf(out, "%s ::= TEXTUAL-CONVENTION\n    STATUS current\n", e->name);
    mib_text_quoted(out, "DESCRIPTION", e->prose);
    fputs("\n    SYNTAX INTEGER {\n", out);
    for (const struct mib_label *l = e->labels; l->label; l++)
        fprintf(out, "        %s(%d)%s\n", l->label, l->number, l[1].label ? "," : "");
    fputs("    }\n\n", out);
}

static void
conventions(FILE *out)
{
    convention(out, "TcText", "1024t",
               "Text in UTF-8 without control characters. Empty where the fact is not known.",
               "OCTET STRING (SIZE (0..1024))");
    convention(out, "TcAlarmKey", "512t", "The key of an alarm, in UTF-8 without control characters.",
               "OCTET STRING (SIZE (1..512))");
    convention(out, "TcHexId", "64a", "An identifier or digest in lower-case hexadecimal digits.",
               "OCTET STRING (SIZE (0..64))");
    convention(out, "TcTime", "40a",
               "A time as ISO 8601 text: with Z at its end it is UTC; without, it is the local time that the "
               "record shows, of a zone that is not known. Empty where the record has no time.",
               "OCTET STRING (SIZE (0..40))");
    for (unsigned i = 0; i < MIB_ENUMS; i++)
        enumeration(out, &mib_enums[i]);
}

void
mib_text_syntax(FILE *out, const struct mib_object *o)
{
    switch (o->syntax) {
    case MIB_TEXT:
        fputs("TcText", out);
        return;
    case MIB_KEY:
        fputs("TcAlarmKey", out);
        return;
    case MIB_ID:
        if (o->low == o->high)
            fprintf(out, "TcHexId (SIZE (%" PRId64 "))", o->low);
        else
            fputs("TcHexId", out);
        return;
    case MIB_TIME:
        fputs("TcTime", out);
        return;
    case MIB_ENUM:
        fputs(mib_enums[o->enumeration].name, out);
        return;
    case MIB_TRUTH:
        fputs("TruthValue", out);
        return;
    case MIB_INTEGER:
        fprintf(out, "Integer32 (%" PRId64 "..%" PRId64 ")", o->low, o->high);
        return;
    case MIB_UNSIGNED:
        fprintf(out, "Unsigned32 (%" PRId64 "..%" PRId64 ")", o->low, o->high);
        return;
    case MIB_COUNTER:
        fputs("Counter32", out);
        return;
    case MIB_GAUGE:
        fputs("Gauge32", out);
        return;
    case MIB_COUNTER64:
        fputs("Counter64", out);
        return;
    }
}

static void
objects(FILE *out)
{
    for (unsigned i = 0; i < MIB_OBJECTS; i++) {
        const struct mib_object *o = &mib_objects[i];

        fprintf(out, "%s OBJECT-TYPE\n    SYNTAX ", o->name);
        mib_text_syntax(out, o);
        if (o->units)
            fprintf(out, "\n    UNITS \"%s\"", o->units);
        fputs("\n    MAX-ACCESS accessible-for-notify\n    STATUS current\n", out);
        mib_text_quoted(out, "DESCRIPTION", o->prose);
        fprintf(out, "\n    ::= { tcObjects %u }\n\n", o->arc);
    }
}

/* Names between braces, one a line, each with 'prefix' and 'suffix'. */
static void
object_list(FILE *out, const char *clause, const enum mib_object_id *ids, unsigned n)
{
    fprintf(out, "    %s {\n", clause);
    for (unsigned i = 0; i < n; i++)
        fprintf(out, "        %s%s\n", mib_objects[ids[i]].name, i + 1 < n ? "," : "");
    fputs("    }\n", out);
}

static void
alarm_notification(FILE *out, const char *stem, const char *what, const char *prose, unsigned arc)
{
    fprintf(out, "tc%s%s NOTIFICATION-TYPE\n", stem, what);
    object_list(out, "OBJECTS", mib_alarm_objects, MIB_ALARM_VARBINDS);
    fputs("    STATUS current\n", out);
    mib_text_quoted(out, "DESCRIPTION", prose);
    fprintf(out, "\n    ::= { tcNotifications %u }\n\n", arc);
}

static void
notifications(FILE *out)
{
    fputs(MIB_NOTICE_NAME " NOTIFICATION-TYPE\n", out);
    object_list(out, "OBJECTS", mib_notice_objects, MIB_NOTICE_VARBINDS);
    fputs("    STATUS current\n", out);
    mib_text_quoted(out, "DESCRIPTION", mib_notice_prose);
    fprintf(out, "\n    ::= { tcNotifications %d }\n\n", MIB_NOTICE_ARC);
    for (const struct mib_notification *n = mib_notifications; n->stem; n++) {
        alarm_notification(out, n->stem, "Raised", n->raise, n->raise_arc);
        alarm_notification(out, n->stem, "Cleared", n->clear, n->clear_arc);
    }
}

static void
notification_group(FILE *out, const char *name, const char *what, const char *prose, unsigned arc)
{
    fprintf(out, "%s NOTIFICATION-GROUP\n    NOTIFICATIONS {\n", name);
    for (const struct mib_notification *n = mib_notifications; n->stem; n++)
        fprintf(out, "        tc%s%s%s\n", n->stem, what, n[1].stem ? "," : "");
    fputs("    }\n    STATUS current\n", out);
    mib_text_quoted(out, "DESCRIPTION", prose);
    fprintf(out, "\n    ::= { tcGroups %u }\n\n", arc);
}

static void
groups(FILE *out)
{
    fputs("tcAlarmObjects OBJECT-GROUP\n", out);
    object_list(out, "OBJECTS", mib_alarm_objects, MIB_ALARM_VARBINDS);
    fputs("    STATUS current\n", out);
    mib_text_quoted(out, "DESCRIPTION", "What every alarm notification carries, in this order.");
    fputs("\n    ::= { tcGroups 1 }\n\ntcNoticeObjects OBJECT-GROUP\n", out);
    object_list(out, "OBJECTS", mib_notice_objects, MIB_NOTICE_VARBINDS);
    fputs("    STATUS current\n", out);
    mib_text_quoted(out, "DESCRIPTION", "What " MIB_NOTICE_NAME " carries, in this order.");
    fputs("\n    ::= { tcGroups 2 }\n\n", out);
    notification_group(out, "tcRaiseNotifications", "Raised",
                       "One for each kind of fault: raised or updated.", 3);
    notification_group(out, "tcClearNotifications", "Cleared", "One for each kind of fault: cleared.", 4);
    fputs("tcNoticeNotifications NOTIFICATION-GROUP\n    NOTIFICATIONS { " MIB_NOTICE_NAME
          " }\n    STATUS current\n",
          out);
    mib_text_quoted(out, "DESCRIPTION", "What Truecause tells of itself.");
    fputs("\n    ::= { tcGroups 5 }\n\n", out);
    mib_agent_text_groups(out);
}

static void
compliance(FILE *out)
{
    fputs("tcCompliance MODULE-COMPLIANCE\n    STATUS current\n", out);
    mib_text_quoted(out, "DESCRIPTION", "What a sender of these notifications does.");
    fputs("\n    MODULE\n"
          "        MANDATORY-GROUPS {\n"
          "            tcAlarmObjects,\n"
          "            tcNoticeObjects,\n"
          "            tcRaiseNotifications,\n"
          "            tcClearNotifications,\n"
          "            tcNoticeNotifications\n"
          "        }\n"
          "    MODULE SNMPv2-MIB\n"
          "        MANDATORY-GROUPS { snmpNotificationGroup }\n"
          "    MODULE SNMP-COMMUNITY-MIB\n"
          "        GROUP snmpProxyTrapForwardGroup\n"
          "        DESCRIPTION\n"
          "            \"Of this group only snmpTrapAddress is sent, and only where the\n"
          "             IPv4 address of the computer that wrote the record is known.\"\n"
          "    ::= { tcCompliances 1 }\n\n",
          out);
    mib_agent_text_compliance(out);
    fputs("END\n", out);
}

int
mib_text_write(FILE *out, const struct mib_oid *enterprise)
{
    head(out, enterprise);
    conventions(out);
    objects(out);
    mib_agent_text_objects(out);
    notifications(out);
    groups(out);
    compliance(out);
    return ferror(out) ? -EIO : 0;
}
