/* SPDX-License-Identifier: BSD-2-Clause
 *
 * pack_snmptt.c - the events of SNMPTT: one for each notification and severity,
 * told apart by MATCH on tcSeverity.  Called through the list in pack.c.
 *
 * SNMPTT puts the values of a trap into a command line and gives it to a shell.
 * Names of files come from logs, and a trap from anybody who knows the community.
 * Version 1.5 drops most characters that a shell cares for, older ones none, and no
 * version the quotes, so the commands here have the values in one pair of single
 * quotes that REGEX adds after it has taken every single quote out of them. */
#include "build.h"

#include "forwarder/pack.h"

/* What the command is before REGEX has made a command of it. */
#define RESULT     "TRUECAUSE-RESULT"
#define RESULT_END "TRUECAUSE-END"
#define SCRIPT     "/usr/local/bin/truecause-result"

static const char head[] =
    "# TRUECAUSE-MIB for SNMPTT 1.4 and later.\n"
    "# Made by `truecause pack snmptt`; do not edit: another enterprise OID is\n"
    "# `truecause pack snmptt --enterprise-oid OID`.\n"
    "#\n"
    "# Name this file in [TrapFiles] of snmptt.ini.  Each alarm is logged with the\n"
    "# severity that it has (tcSeverity): several events have one OID, and MATCH says\n"
    "# which one a notification is.  Values are understood with TRUECAUSE-MIB loaded\n"
    "# into snmptrapd and without it.  SNMPTT 1.5 drops what is not ASCII, and $ | ; & * ?\n"
    "# from all values.\n"
    "#\n"
    "# Passive results for Icinga 2 or Nagios: install the script of\n"
    "# `truecause pack result` as " SCRIPT " and switch the calls on:\n"
    "#     sed -i 's/^#EXEC /EXEC /' FILE\n"
    "# Put no value of a notification into an EXEC line of your own: SNMPTT gives it to a\n"
    "# shell, with its quotes.  Here REGEX first turns every ' in the values into \" and\n"
    "# then puts the one pair of ' around them.\n";

static void
event_line(FILE *out, const struct pack_source *from, const char *name, unsigned arc, const char *category,
           const char *severity)
{
    char oid[PACK_OID_SIZE];

    fprintf(out, "#\nEVENT %s .%s.%d.%u \"%s\" %s\n", name, pack_oid(from, oid), MIB_ARC_NOTIFICATIONS, arc, category,
            severity);
}

/* Whether or not the command is switched on, so that it never is without them. */
static void
result_lines(FILE *out)
{
    fputs("REGEX (')(\")g\n"
          "REGEX (^" RESULT " )(" SCRIPT " ')\n"
          "REGEX ( " RESULT_END "$)(')\n",
          out);
}

static void
description(FILE *out, struct str prose, struct str action)
{
    fputs("SDESC\n", out);
    pack_wrap(out, "  ", 78, prose);
    pack_wrap(out, "  ", 78, action);
    fputs("EDESC\n", out);
}

static void
alarm_event(FILE *out, const struct pack_source *from, const struct mib_notification *n,
            const struct pack_severity *s)
{
    bool cleared = s->severity == SEVERITY_CLEARED;
    const char *label = pack_severity_label(s);
    int number = mib_severity(s->severity);
    char name[80], category[80];

    snprintf(name, sizeof name, "tc%s%s", n->stem, cleared ? "Cleared" : "Raised");
    snprintf(category, sizeof category, "Truecause %s", event_class_name(n->cls));
    event_line(out, from, name, cleared ? n->clear_arc : n->raise_arc, category, cleared ? "Normal" : s->title);
    fprintf(out, "FORMAT %s: $%u (key $%u, %s $%u, id $%u)\n", label, pack_alarm_position(MIB_OBJECT_SUMMARY),
            pack_alarm_position(MIB_OBJECT_KEY), cleared ? "reason" : "count",
            pack_alarm_position(cleared ? MIB_OBJECT_CLEAR_REASON : MIB_OBJECT_COUNT),
            pack_alarm_position(MIB_OBJECT_EVENT_ID));
    if (!cleared)
        fprintf(out, "MATCH $%u: (^(%s|%s\\(%d\\)|%d)$)\n", pack_alarm_position(MIB_OBJECT_SEVERITY), label, label,
                number, number);
    fprintf(out, "#EXEC " RESULT " %s|$%u|$r|$%u|$%u " RESULT_END "\n", label,
            pack_alarm_position(MIB_OBJECT_ORIGIN_HOST), pack_alarm_position(MIB_OBJECT_KEY),
            pack_alarm_position(MIB_OBJECT_SUMMARY));
    result_lines(out);
    description(out, str_z(cleared ? n->clear : n->raise),
                cleared ? STR_NONE : catalogue_advice(from->catalogue, n->cls)->action);
}

static void
notice_event(FILE *out, const struct pack_source *from, bool dropped)
{
    unsigned d = pack_notice_position(MIB_OBJECT_DROPPED);

    event_line(out, from, MIB_NOTICE_NAME, MIB_NOTICE_ARC, "Truecause notice", dropped ? "Warning" : "Normal");
    fprintf(out, "FORMAT $%u%s (open $%u, dropped $%u, last number $%u)\n", pack_notice_position(MIB_OBJECT_SUMMARY),
            dropped ? "; MESSAGES WERE DROPPED" : "", pack_notice_position(MIB_OBJECT_OPEN_COUNT), d,
            pack_notice_position(MIB_OBJECT_SEQ));
    /* With the MIB, snmptrapd adds the units: "0 messages". */
    fprintf(out, "MATCH $%u: (^%s( .*)?$)\n", d, dropped ? "0*[1-9][0-9]*" : "0+");
    fprintf(out, "#EXEC " RESULT " notice|$r|$r|$%u|$%u " RESULT_END "\n", d, pack_notice_position(MIB_OBJECT_SUMMARY));
    result_lines(out);
    description(out, str_z(mib_notice_prose), str_z(dropped ? mib_objects[MIB_OBJECT_DROPPED].prose : ""));
}

void
pack_snmptt(FILE *out, const struct pack_source *from)
{
    fputs(head, out);
    for (const struct mib_notification *n = mib_notifications; n->stem; n++)
        for (unsigned s = 0; s < PACK_SEVERITIES; s++)
            alarm_event(out, from, n, &pack_severities[s]);
    notice_event(out, from, false);
    notice_event(out, from, true);
}
