/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mib_agent.c - the table of what the agent shows.  Used by mib_agent_text.c
 * and agent_view.c.  Constant data only.  Numbers are what management systems
 * have stored: never change one. */
#include "build.h"

#include "forwarder/mib_agent.h"

#include <stddef.h>

#define N(array) (sizeof(array) / sizeof *(array))

/* clang-format off */
#define OWN       MIB_OBJECTS
#define NO_ENUM   MIB_ENUM_STATE

static const struct mib_column program[] = {
    {"tcProgramVersion", 1, OWN, MIB_TEXT, NO_ENUM, NULL, "version", 0, false,
     "Version of the forwarder that answered last; empty when none has answered yet."},
    {MIB_ENGINE_STATE, 2, OWN, MIB_ENUM, MIB_ENUM_ENGINE, NULL, "state", 0, false,
     "How the forwarder is doing. Poll this one: anything but running and firstRead needs attention, "
     "and 'truecause status' on that computer says more."},
    {MIB_DATA_AGE, 3, OWN, MIB_GAUGE, NO_ENUM, "seconds", MIB_FROM_AGENT, 0, false,
     "How old the values of this agent are. A few seconds while the forwarder answers; the greatest value "
     "when it has never answered."},
    {"tcUptime", 4, OWN, MIB_GAUGE, NO_ENUM, "seconds", "uptime", 0, false,
     "Time since the forwarder was started. Counters begin at 0 when it starts."},
    {"tcReloadTime", 5, OWN, MIB_TIME, NO_ENUM, NULL, "reload.last", 0, false,
     "When a configuration was last read again and taken over; empty when that has not happened since "
     "the start."},
    {"tcReloadResult", 6, OWN, MIB_ENUM, MIB_ENUM_RELOAD, NULL, "reload.result", 0, false,
     "What became of the last order to read the configuration again. refused: tcReloadError says why, "
     "mend that and give the order again."},
    {"tcReloadError", 7, OWN, MIB_TEXT, NO_ENUM, NULL, "reload.error", 0, false,
     "Why the last order to read the configuration again was refused, with file and line; empty when it "
     "was not."},
    {"tcRecordsRead", 8, OWN, MIB_COUNTER64, NO_ENUM, "records", "records", 0, false,
     "Records read from all sources since the start."},
    {"tcFaultsSeen", 9, OWN, MIB_COUNTER64, NO_ENUM, "records", "faults", 0, false,
     "Those of the records that told of a fault."},
    {"tcItemsStored", 10, OWN, MIB_COUNTER64, NO_ENUM, "items", "items", 0, false,
     "Events and alarm changes that were put into the journal since the start."},
    {"tcBytesUnframed", 11, OWN, MIB_COUNTER64, NO_ENUM, "bytes", "unframed", 0, false,
     "Bytes that no format could take apart into records, since the start. They are delivered as events of "
     "class unclassified. Growth means that a source is not of the format that the configuration names."},
    {"tcAlarmsOpen", 12, OWN, MIB_GAUGE, NO_ENUM, "alarms", "alarms.open", 0, false,
     "Alarms that are open now: the rows of tcActiveTable."},
    {"tcAlarmsCritical", 13, OWN, MIB_GAUGE, NO_ENUM, "alarms", "alarms.critical", 0, false,
     "Those of them with severity critical."},
    {"tcAlarmsMajor", 14, OWN, MIB_GAUGE, NO_ENUM, "alarms", "alarms.major", 0, false,
     "Those of them with severity major."},
    {"tcAlarmsMinor", 15, OWN, MIB_GAUGE, NO_ENUM, "alarms", "alarms.minor", 0, false,
     "Those of them with severity minor."},
    {"tcAlarmsWarning", 16, OWN, MIB_GAUGE, NO_ENUM, "alarms", "alarms.warning", 0, false,
     "Those of them with severity warning."},
    {"tcAlarmsRaised", 17, OWN, MIB_COUNTER64, NO_ENUM, "alarms", "alarms.raised", 0, false,
     "Alarms raised since the start."},
    {"tcAlarmsUpdated", 18, OWN, MIB_COUNTER64, NO_ENUM, "changes", "alarms.updated", 0, false,
     "Changes of open alarms that were told, since the start."},
    {"tcAlarmsCleared", 19, OWN, MIB_COUNTER64, NO_ENUM, "alarms", "alarms.cleared", 0, false,
     "Alarms cleared since the start, for whatever reason."},
    {"tcAlarmsEvicted", 20, OWN, MIB_COUNTER64, NO_ENUM, "alarms", "alarms.evicted", 0, false,
     "Those of them that were cleared only because more alarms were open than the forwarder keeps. Anything "
     "but 0 needs attention: tcActiveTable is not whole."},
    {"tcItemsDropped", 21, OWN, MIB_COUNTER64, NO_ENUM, "items", "dropped", 0, false,
     "Items that targets have lost since the start because the journal was full and the configuration "
     "allows dropping. Anything but 0 needs attention; tcTargetDropped says whose."},
    {"tcJournalUsed", 22, OWN, MIB_GAUGE, NO_ENUM, "mebibytes", "journal.used", 1 << 20, false,
     "Size of the journal. It holds what targets have not had, and what was delivered not long ago."},
    {"tcJournalLimit", 23, OWN, MIB_GAUGE, NO_ENUM, "mebibytes", "journal.limit", 1 << 20, false,
     "Size that the journal may have. Near it, the target that is furthest behind stops the reading or "
     "loses items, as its configuration says."},
    {MIB_RESEND, 24, OWN, MIB_ENUM, MIB_ENUM_RESEND, NULL, MIB_FROM_AGENT, 0, true,
     "Write resend to have all open alarms sent again to every target that takes them, as raise "
     "notifications with their old tcEventId: for a management system that has lost them. A second order "
     "while one is under way is the same order."},
};

static const struct mib_column active[] = {
    {"tcActiveKey", 2, MIB_OBJECT_KEY, MIB_KEY, NO_ENUM, NULL, NULL, 0, false,
     "Names the thing that fails, never the verdict on it; as tcKey, which every notification of this alarm "
     "carries. 'truecause alarms clear' takes it."},
    {"tcActiveEventId", 3, MIB_OBJECT_EVENT_ID, MIB_ID, NO_ENUM, NULL, NULL, 0, false,
     "Identifies the last change of the alarm that was told: the tcEventId of its last notification. "
     "'truecause explain' takes it and shows the records behind the change."},
    {"tcActiveSeverity", 4, MIB_OBJECT_SEVERITY, MIB_ENUM, NO_ENUM, NULL, NULL, 0, false,
     "Severity of the alarm now."},
    {"tcActiveSummary", 5, MIB_OBJECT_SUMMARY, MIB_TEXT, NO_ENUM, NULL, NULL, 0, false, NULL},
    {"tcActiveClass", 6, MIB_OBJECT_CLASS, MIB_ENUM, NO_ENUM, NULL, NULL, 0, false,
     "The real cause, as the evidence shows it."},
    {"tcActiveTag", 7, MIB_OBJECT_TAG, MIB_TEXT, NO_ENUM, NULL, NULL, 0, false, NULL},
    {"tcActiveClaim", 8, MIB_OBJECT_CLAIM, MIB_ENUM, NO_ENUM, NULL, NULL, 0, false,
     "The cause that the report itself claimed, for instance diskFull for Event 109; none where no report "
     "claimed anything. Compare with tcActiveClass."},
    {"tcActiveMisreported", 9, MIB_OBJECT_MISREPORTED, MIB_TRUTH, NO_ENUM, NULL, NULL, 0, false, NULL},
    {"tcActiveConfidence", 10, MIB_OBJECT_CONFIDENCE, MIB_ENUM, NO_ENUM, NULL, NULL, 0, false,
     "How sure tcActiveClass is."},
    {"tcActiveWin32", 11, MIB_OBJECT_WIN32, MIB_INTEGER, NO_ENUM, NULL, NULL, 0, false, NULL},
    {"tcActiveSite", 12, MIB_OBJECT_SITE, MIB_TEXT, NO_ENUM, NULL, NULL, 0, false, NULL},
    {"tcActiveOriginHost", 13, MIB_OBJECT_ORIGIN_HOST, MIB_TEXT, NO_ENUM, NULL, NULL, 0, false,
     "Computer that wrote the record; empty for an alarm about the forwarder itself."},
    {"tcActiveOriginAddress", 14, OWN, MIB_TEXT, NO_ENUM, NULL, MIB_FROM_ADDRESS, 0, false,
     "IP address of that computer as the configuration or the record gives it; empty when unknown."},
    {"tcActiveServer", 15, MIB_OBJECT_SERVER, MIB_TEXT, NO_ENUM, NULL, NULL, 0, false, NULL},
    {"tcActiveShare", 16, MIB_OBJECT_SHARE, MIB_TEXT, NO_ENUM, NULL, NULL, 0, false, NULL},
    {"tcActivePackage", 17, MIB_OBJECT_PACKAGE, MIB_TEXT, NO_ENUM, NULL, NULL, 0, false, NULL},
    {"tcActiveFile", 18, MIB_OBJECT_FILE, MIB_TEXT, NO_ENUM, NULL, NULL, 0, false, NULL},
    {"tcActiveAvailableMB", 19, MIB_OBJECT_AVAILABLE, MIB_INTEGER, NO_ENUM, NULL, NULL, 0, false, NULL},
    {"tcActiveRequiredMB", 20, MIB_OBJECT_REQUIRED, MIB_INTEGER, NO_ENUM, NULL, NULL, 0, false,
     "Space that the report stated to be needed; -1, -2 and -3 as for tcActiveAvailableMB."},
    {"tcActiveCount", 21, MIB_OBJECT_COUNT, MIB_UNSIGNED, NO_ENUM, NULL, NULL, 0, false, NULL},
    {"tcActiveFirst", 22, MIB_OBJECT_FIRST, MIB_TIME, NO_ENUM, NULL, NULL, 0, false, NULL},
    {"tcActiveLast", 23, MIB_OBJECT_LAST, MIB_TIME, NO_ENUM, NULL, NULL, 0, false, NULL},
    {"tcActiveAction", 24, MIB_OBJECT_ACTION, MIB_TEXT, NO_ENUM, NULL, NULL, 0, false,
     "What the operator can do, in plain words."},
    {"tcActiveArticle", 25, MIB_OBJECT_ARTICLE, MIB_TEXT, NO_ENUM, NULL, NULL, 0, false, NULL},
};

static const struct mib_column source[] = {
    {"tcSourceName", 2, OWN, MIB_TEXT, NO_ENUM, NULL, "name", 0, false,
     "What the configuration calls the source."},
    {"tcSourcePath", 3, OWN, MIB_TEXT, NO_ENUM, NULL, "path", 0, false,
     "The files it stands for, or where it listens."},
    {"tcSourceState", 4, OWN, MIB_ENUM, MIB_ENUM_SOURCE, NULL, "state", 0, false,
     "How the source is doing. Anything but followed and, for a short time, starting means that faults at "
     "that site may go unseen."},
    {"tcSourceLogs", 5, OWN, MIB_GAUGE, NO_ENUM, "files", "files", 0, false,
     "Files of the source that are followed now."},
    {"tcSourceUnread", 6, OWN, MIB_GAUGE, NO_ENUM, "kibibytes", "unread", 1 << 10, false,
     "How far behind the source is: what its files hold and was not read yet. It goes back to 0 within "
     "seconds unless the source cannot be read."},
    {"tcSourceRecords", 7, OWN, MIB_COUNTER64, NO_ENUM, "records", "records", 0, false,
     "Records read from it since the start."},
    {"tcSourceBytes", 8, OWN, MIB_COUNTER64, NO_ENUM, "bytes", "bytes", 0, false,
     "Bytes read from it since the start."},
    {"tcSourceLosses", 9, OWN, MIB_COUNTER64, NO_ENUM, "losses", "losses", 0, false,
     "How often something of it was lost for good since the start, because a file was gone, cut or written "
     "over before it was read. Each is an alarm, too."},
    {"tcSourceLookedAge", 10, OWN, MIB_GAUGE, NO_ENUM, "seconds", "looked_age", 0, false,
     "How long ago its folder was last looked at. It grows while the file server does not answer."},
    {"tcSourceLastRead", 11, OWN, MIB_TIME, NO_ENUM, NULL, "last_read", 0, false,
     "When a record of it was last read; empty when none was read since the start."},
    {"tcSourceLastRecord", 12, OWN, MIB_TIME, NO_ENUM, NULL, "last_record", 0, false,
     "Time that the newest of its records shows; empty when none shows one."},
    {"tcSourceError", 13, OWN, MIB_TEXT, NO_ENUM, NULL, "error", 0, false,
     "What is wrong with it now, and often how to mend it; empty when nothing is."},
};

static const struct mib_column target[] = {
    {"tcTargetName", 2, OWN, MIB_TEXT, NO_ENUM, NULL, "name", 0, false,
     "What the configuration calls the target."},
    {"tcTargetType", 3, OWN, MIB_TEXT, NO_ENUM, NULL, "type", 0, false,
     "Its kind: xml, snmp or syslog."},
    {"tcTargetState", 4, OWN, MIB_ENUM, MIB_ENUM_TARGET, NULL, "state", 0, false,
     "How the target is doing. While it is down, items wait in the journal."},
    {"tcTargetBehind", 5, OWN, MIB_GAUGE, NO_ENUM, "items", "behind", 0, false,
     "How far behind the target is: items in the journal that it has not had or not yet acknowledged."},
    {"tcTargetOldest", 6, OWN, MIB_GAUGE, NO_ENUM, "seconds", "oldest_unacknowledged", 0, false,
     "How long the oldest of them has waited; 0 when there is none. The one to set a threshold for."},
    {"tcTargetSent", 7, OWN, MIB_COUNTER64, NO_ENUM, "messages", "sent", 0, false,
     "Messages sent to it since the start, repetitions counted."},
    {"tcTargetAcknowledged", 8, OWN, MIB_COUNTER64, NO_ENUM, "items", "acknowledged", 0, false,
     "Items that it has, since the start, as far as its protocol can tell."},
    {"tcTargetFolded", 9, OWN, MIB_COUNTER64, NO_ENUM, "items", "folded", 0, false,
     "Alarm changes that were told in the sum of a storm, and not one by one, since the start."},
    {"tcTargetDropped", 10, OWN, MIB_COUNTER64, NO_ENUM, "items", "dropped", 0, false,
     "Items that it has lost since the start because the journal was full. Anything but 0 needs attention: "
     "the target was away for too long, or the limit of the journal is too low."},
    {"tcTargetSkipped", 11, OWN, MIB_COUNTER64, NO_ENUM, "items", "skipped", 0, false,
     "Items that could not be sent in any form and were left out, since the start."},
    {"tcTargetTruncated", 12, OWN, MIB_COUNTER64, NO_ENUM, "messages", "truncated", 0, false,
     "Messages whose texts were shortened to fit, since the start."},
    {"tcTargetReconnects", 13, OWN, MIB_COUNTER64, NO_ENUM, "connections", "reconnects", 0, false,
     "How often the way to it was opened anew, since the start."},
    {"tcTargetOpen", 14, OWN, MIB_GAUGE, NO_ENUM, "alarms", "open", 0, false,
     "Open alarms that it was told of: what a management system should show of this forwarder."},
    {"tcTargetReplaying", 15, OWN, MIB_GAUGE, NO_ENUM, "items", "replaying", 0, false,
     "Items that a replay has left to send; 0 when none is under way."},
    {"tcTargetDown", 16, OWN, MIB_GAUGE, NO_ENUM, "seconds", "down", 0, false,
     "How long it has not been reached; 0 when it is reached."},
    {"tcTargetNextTry", 17, OWN, MIB_GAUGE, NO_ENUM, "seconds", "next_try", 0, false,
     "In how many seconds it is tried again; 0 when it is reached or being tried."},
    {"tcTargetError", 18, OWN, MIB_TEXT, NO_ENUM, NULL, "error", 0, false,
     "Its last failure in words; empty when it is reached."},
};

const struct mib_group mib_groups[MIB_GROUPS] = {
    [MIB_GROUP_PROGRAM] =
        {.name = "tcProgram", .arc = 1, .objects = "tcProgramObjects",
         .objects_prose = "The state of the forwarder and its totals.", .columns = program, .n = N(program)},
    [MIB_GROUP_ACTIVE] =
        {.name = "tcActiveTable", .arc = 2,
         .prose = "Alarms that are open now. Notifications tell of changes; this table tells what is, for a "
                  "receiver that has missed some.",
         .row = "tcActiveEntry", .row_prose = "One open alarm. The row goes when the alarm is cleared.",
         .index = "tcActiveIndex",
         .index_prose = "A number that the alarm has from its first raise to its last clear, also when it changes "
                        "its class or its key and when the forwarder is restarted. A greater number was given "
                        "later. None is given again, unless the state folder of the forwarder is lost or "
                        "4294967295 were given.",
         .objects = "tcActiveObjects", .objects_prose = "The open alarms.", .columns = active, .n = N(active)},
    [MIB_GROUP_SOURCE] =
        {.name = "tcSourceTable", .arc = 3, .prose = "Where records come from.",
         .row = "tcSourceEntry", .row_prose = "One source of the configuration.", .index = "tcSourceIndex",
         .index_prose = "A number made of the name of the source: it stays the same over restarts and other changes "
                        "of the configuration as long as the source keeps its name.",
         .objects = "tcSourceObjects", .objects_prose = "The sources, their lag and their troubles.", .from = "sources",
         .columns = source, .n = N(source)},
    [MIB_GROUP_TARGET] =
        {.name = "tcTargetTable", .arc = 4, .prose = "Where alarms and events go.",
         .row = "tcTargetEntry", .row_prose = "One target of the configuration.", .index = "tcTargetIndex",
         .index_prose = "A number made of the name of the target: it stays the same over restarts and other changes "
                        "of the configuration as long as the target keeps its name.",
         .objects = "tcTargetObjects", .objects_prose = "The targets, what they have had and what waits for them.",
         .from = "targets", .columns = target, .n = N(target)},
};
/* clang-format on */

struct mib_object
mib_column_shape(const struct mib_column *c)
{
    struct mib_object o = {.name = c->name, .arc = c->arc, .syntax = c->syntax, .enumeration = c->enumeration,
                           .units = c->units, .prose = c->prose};

    if (c->object == MIB_OBJECTS) {
        o.high = c->syntax == MIB_TEXT ? MIB_TEXT_MAX : 0;
        return o;
    }
    o = mib_objects[c->object];
    o.name = c->name;
    o.arc = c->arc;
    if (c->prose)
        o.prose = c->prose;
    return o;
}
