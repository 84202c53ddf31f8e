/* SPDX-License-Identifier: BSD-2-Clause
 *
 * mib_table.c - the objects, enumerations and notifications of TRUECAUSE-MIB,
 * each written once.  Used by mib_text.c, target_snmp_pdu.c, the agent and the tests.
 * Holds constant data and look-ups only; nothing here touches the network or
 * a file.  Numbers are what receivers have stored: never change one. */
#include "build.h"

#include "forwarder/mib_table.h"

#include <string.h>

#include "parsers/str.h"

/* clang-format off */
static const struct mib_label state_labels[] = {
    {1, "raised"},
    {2, "updated"},
    {3, "cleared"},
    {0, NULL},
};

static const struct mib_label severity_labels[] = {
    {1, "cleared"}, {2, "indeterminate"}, {3, "critical"}, {4, "major"},
    {5, "minor"},   {6, "warning"},       {0, NULL},
};

static const struct mib_label class_labels[] = {
    {1, "none"},
    {2, "unclassified"},
    {3, "fileContention"},
    {4, "diskFull"},
    {5, "stall"},
    {6, "accessDenied"},
    {7, "network"},
    {8, "notFound"},
    {9, "corruptData"},
    {10, "configuration"},
    {11, "service"},
    {12, "database"},
    {13, "packageEmptied"},
    {14, "retry"},
    {15, "restart"},
    {16, "recovered"},
    {17, "activity"},
    {18, "self"},
    {0, NULL},
};

static const struct mib_label confidence_labels[] = {
    {1, "none"}, {2, "unverified"}, {3, "probable"}, {4, "confirmed"}, {0, NULL},
};

static const struct mib_label engine_labels[] = {
    {1, "running"},   {2, "firstRead"},    {3, "journalFull"}, {4, "journalStuck"},
    {5, "noAnswer"}, {6, "notRunning"}, {0, NULL},
};

static const struct mib_label reload_labels[] = {
    {1, "none"}, {2, "takenOver"}, {3, "refused"}, {0, NULL},
};

static const struct mib_label resend_labels[] = {
    {1, "ready"}, {2, "resend"}, {3, "underWay"}, {4, "failed"}, {0, NULL},
};

static const struct mib_label source_labels[] = {
    {1, "starting"}, {2, "followed"}, {3, "missing"}, {4, "unreadable"},
    {5, "losing"},   {6, "stale"},    {7, "hung"},    {0, NULL},
};

static const struct mib_label target_labels[] = {
    {1, "starting"}, {2, "up"}, {3, "down"}, {4, "ended"}, {0, NULL},
};

const struct mib_enum mib_enums[MIB_ENUMS] = {
    [MIB_ENUM_STATE] =
        {"TcAlarmState",
         "What this notification says about the alarm named by tcKey: it is new, it is still open and "
         "something about it changed, or it is over.",
         state_labels},
    [MIB_ENUM_SEVERITY] =
        {"TcPerceivedSeverity",
         "Perceived severity with the words and numbers of ITU-T X.733 as RFC 3877 assigns them. A "
         "notification that clears an alarm carries cleared.",
         severity_labels},
    [MIB_ENUM_CLASS] =
        {"TcFaultClass",
         "What kind of thing went wrong, or was said to have gone wrong. none stands where there is no "
         "statement.",
         class_labels},
    [MIB_ENUM_CONFIDENCE] =
        {"TcCauseConfidence",
         "How sure the stated cause is. confirmed: another record, or the figures in the report, prove "
         "it. probable: the form of the record itself points to it. unverified: only the report says "
         "so. none: no cause is stated.",
         confidence_labels},
    [MIB_ENUM_ENGINE] =
        {"TcEngineCondition",
         "How the forwarder is doing. running: as it should. firstRead: it reads what was there before it "
         "was first started; alarms of that time come at the end. journalFull: nothing is read until a "
         "target takes its items. journalStuck: the journal cannot be written, look at the disk of the "
         "state folder. noAnswer: it runs but has not answered; the values are those of its last answer. "
         "notRunning: nobody is at its control socket; the values are those of its last answer.",
         engine_labels},
    [MIB_ENUM_RELOAD] =
        {"TcReloadOutcome",
         "What became of the last order to read the configuration again. none: there was none since the "
         "start. takenOver: it is in force. refused: it has an error, and the one before stays in force.",
         reload_labels},
    [MIB_ENUM_RESEND] =
        {"TcResend",
         "An order, and what became of it. Only resend can be written. ready: nothing is under way, and the last "
         "order, if any, was carried out. underWay: the forwarder has not answered yet. failed: it refused, "
         "or was not there; write again.",
         resend_labels},
    [MIB_ENUM_SOURCE] =
        {"TcSourceCondition",
         "How a source is doing. starting: its files are not known yet. followed: as it should be. missing: "
         "no file matches. unreadable: a folder or file cannot be read, or a port not listened at. losing: "
         "more comes than is taken. stale: its folder was not looked at for 30 seconds. hung: a call to its "
         "file server has not come back for 10 seconds.",
         source_labels},
    [MIB_ENUM_TARGET] =
        {"TcTargetCondition",
         "How a target is doing. starting: nothing was sent to it yet. up: it takes what it is sent. down: "
         "it is not reached or refuses, and is tried again for ever. ended: it is being closed.",
         target_labels},
};

#define ANY_TEXT   0, MIB_TEXT_MAX, NULL
#define NO_ENUM    MIB_ENUM_STATE
#define INT32_TOP  INT64_C(2147483647)
#define UINT32_TOP INT64_C(4294967295)

const struct mib_object mib_objects[MIB_OBJECTS] = {
    [MIB_OBJECT_KEY] =
        {"tcKey", 1, MIB_KEY, NO_ENUM, 1, 512, NULL,
         "Names the thing that fails, never the verdict on it: dist:SERVER:PACKAGE, "
         "stall:HOST:INSTRUCTION, file:HOST:PATH, comp:HOST:COMPONENT or self:KIND:NAME, in upper case, "
         "with - for an unknown part. Every notification of one alarm carries the same key, so it is "
         "both reduction key and clear key. Never shortened."},
    [MIB_OBJECT_EVENT_ID] =
        {"tcEventId", 2, MIB_ID, NO_ENUM, 32, 32, NULL,
         "Identifies this one change of the alarm: 32 hexadecimal digits. A notification that is sent "
         "again carries the same value, so a receiver can tell a repetition from a new change. "
         "'truecause explain' takes it and shows the records behind the change."},
    [MIB_OBJECT_STATE] =
        {"tcState", 3, MIB_ENUM, MIB_ENUM_STATE, 0, 0, NULL,
         "Whether the alarm was raised, updated or cleared. An update arrives as the raise notification "
         "of its class with this object set to updated."},
    [MIB_OBJECT_SEVERITY] =
        {"tcSeverity", 4, MIB_ENUM, MIB_ENUM_SEVERITY, 0, 0, NULL,
         "Severity of the alarm as this change leaves it; cleared when the alarm is over."},
    [MIB_OBJECT_SUMMARY] =
        {"tcSummary", 5, MIB_TEXT, NO_ENUM, ANY_TEXT,
         "One line that says what is wrong and why, symptom first, normally at most 100 characters. It "
         "stands alone: show it to the operator."},
    [MIB_OBJECT_CLASS] =
        {"tcClass", 6, MIB_ENUM, MIB_ENUM_CLASS, 0, 0, NULL,
         "The real cause, as the evidence shows it. It also decides which notification is sent."},
    [MIB_OBJECT_TAG] =
        {"tcTag", 7, MIB_TEXT, NO_ENUM, ANY_TEXT,
         "The word error-32-contention where a file was held open by another program (Win32 error 32) "
         "whatever the report said, else empty. The same word stands in the XML and in syslog "
         "structured data."},
    [MIB_OBJECT_CLAIM] =
        {"tcClaim", 8, MIB_ENUM, MIB_ENUM_CLASS, 0, 0, NULL,
         "The cause that the report itself claimed, for instance diskFull for Event 109; none where no "
         "report claimed anything. Compare with tcClass."},
    [MIB_OBJECT_MISREPORTED] =
        {"tcMisreported", 9, MIB_TRUTH, NO_ENUM, 0, 0, NULL,
         "true when the evidence contradicts what the report claimed. Do not act on the claim then: "
         "adding disk space does not release an open file."},
    [MIB_OBJECT_CONFIDENCE] = {"tcConfidence", 10, MIB_ENUM, MIB_ENUM_CONFIDENCE, 0, 0, NULL,
                               "How sure tcClass is."},
    [MIB_OBJECT_WIN32] =
        {"tcWin32", 11, MIB_INTEGER, NO_ENUM, -2, INT32_TOP, NULL,
         "The Win32 error code that a record showed, for instance 32 (sharing violation) or 112 (disk "
         "full). -1: no record showed a code. -2: the code shown is greater than this object can hold."},
    [MIB_OBJECT_SITE] = {"tcSite", 12, MIB_TEXT, NO_ENUM, ANY_TEXT,
                         "SMS site code of the computer that wrote the record; empty when unknown."},
    [MIB_OBJECT_ORIGIN_HOST] =
        {"tcOriginHost", 13, MIB_TEXT, NO_ENUM, ANY_TEXT,
         "Computer that wrote the record, which is seldom the sender of this notification. Its address, "
         "where known, follows the fixed objects as snmpTrapAddress.0."},
    [MIB_OBJECT_SERVER] =
        {"tcServer", 14, MIB_TEXT, NO_ENUM, ANY_TEXT,
         "Distribution server that the package was meant for; empty when no server is involved. Look "
         "for the open file on this computer."},
    [MIB_OBJECT_SHARE] = {"tcShare", 15, MIB_TEXT, NO_ENUM, ANY_TEXT,
                          "Share on that server; empty when unknown."},
    [MIB_OBJECT_PACKAGE] = {"tcPackage", 16, MIB_TEXT, NO_ENUM, ANY_TEXT,
                            "Package id as the record writes it; empty when no package is involved."},
    [MIB_OBJECT_FILE] =
        {"tcFile", 17, MIB_TEXT, NO_ENUM, ANY_TEXT,
         "File that the failure is about: the source of a copy, else its destination, else the "
         "instruction file that could not be read; empty when unknown."},
    [MIB_OBJECT_AVAILABLE] =
        {"tcAvailableMB", 18, MIB_INTEGER, NO_ENUM, -3, INT32_TOP, "megabytes",
         "Free space that the report stated. -1: the report left the figure blank, which is evidence "
         "against a full disk. -2: there is no figure, because nothing was claimed or because the text "
         "was lost on the way. -3: there is something that cannot be read as a number of megabytes."},
    [MIB_OBJECT_REQUIRED] =
        {"tcRequiredMB", 19, MIB_INTEGER, NO_ENUM, -3, INT32_TOP, "megabytes",
         "Space that the report stated to be needed; -1, -2 and -3 as for tcAvailableMB."},
    [MIB_OBJECT_COUNT] =
        {"tcCount", 20, MIB_UNSIGNED, NO_ENUM, 0, UINT32_TOP, "failures",
         "Failures counted for this key since the alarm was raised, kept when the alarm changes its "
         "class. One failure is one run of an instruction with all its files and reports. The greatest "
         "value means that many or more."},
    [MIB_OBJECT_FIRST] = {"tcFirst", 21, MIB_TIME, NO_ENUM, 0, 40, NULL,
                          "Time of the first failure counted, as the record shows it."},
    [MIB_OBJECT_LAST] = {"tcLast", 22, MIB_TIME, NO_ENUM, 0, 40, NULL,
                         "Time of the latest failure counted, as the record shows it."},
    [MIB_OBJECT_CLEAR_REASON] =
        {"tcClearReason", 23, MIB_TEXT, NO_ENUM, ANY_TEXT,
         "Why the alarm was cleared, or what an update changed; empty in a first raise. 'aged: state "
         "unknown' means that nothing more was heard, not that the fault was mended. 'reclassified' "
         "means that the raise of another class under the same key follows at once, 'renamed' that of "
         "the same alarm under its full key."},
    [MIB_OBJECT_ACTION] =
        {"tcAction", 24, MIB_TEXT, NO_ENUM, ANY_TEXT,
         "What the operator can do, in plain words; empty in a clear. The first text to be shortened "
         "when the message would be too large."},
    [MIB_OBJECT_ARTICLE] =
        {"tcArticle", 25, MIB_TEXT, NO_ENUM, ANY_TEXT,
         "Knowledge Base articles that explain the fault, for instance Q193766, with a blank between "
         "them; empty when there is none."},
    [MIB_OBJECT_SEQ] =
        {"tcSeq", 26, MIB_UNSIGNED, NO_ENUM, 1, UINT32_TOP, NULL,
         "Number of this message in the order of this receiver, from 1, kept across restarts; after the "
         "greatest value comes 1. A gap means lost messages, an equal number a repetition. A heartbeat has "
         "none of its own and carries that of the last message before it."},
    [MIB_OBJECT_TRUNCATED] =
        {"tcTruncated", 27, MIB_TRUTH, NO_ENUM, 0, 0, NULL,
         "true when at least one text of this notification was shortened to keep the message within its "
         "size. Identifiers and tcKey are always whole; the full texts are in the XML item with the id "
         "tcEventId."},
    [MIB_OBJECT_READ] =
        {"tcRead", 28, MIB_COUNTER, NO_ENUM, 0, 0, "records",
         "Records read from all sources. Wraps; may start anew at 0 when Truecause starts."},
    [MIB_OBJECT_DELIVERED] =
        {"tcDelivered", 29, MIB_COUNTER, NO_ENUM, 0, 0, "messages",
         "Messages sent to this receiver, this one not counted. Wraps; may start anew at 0 when Truecause "
         "starts. Compare with the number received."},
    [MIB_OBJECT_FOLDED] =
        {"tcFolded", 30, MIB_COUNTER, NO_ENUM, 0, 0, "messages",
         "Alarm changes that were not sent to this receiver one by one because a storm was folded into "
         "a notice. Wraps; may start anew at 0 when Truecause starts."},
    [MIB_OBJECT_DROPPED] =
        {"tcDropped", 31, MIB_COUNTER, NO_ENUM, 0, 0, "messages",
         "Alarm changes that were lost to this receiver because the store was full and the "
         "configuration allows dropping. Wraps; may start anew at 0 when Truecause starts. "
         "Anything but 0 needs attention."},
    [MIB_OBJECT_OPEN_COUNT] =
        {"tcOpenCount", 32, MIB_UNSIGNED, NO_ENUM, 0, UINT32_TOP, "alarms",
         "Alarms that are open now. A receiver that holds another number has missed a raise or a clear."},
    [MIB_OBJECT_OPEN_DIGEST] =
        {"tcOpenDigest", 33, MIB_ID, NO_ENUM, 0, 64, NULL,
         "Digest of the keys of all open alarms, in hexadecimal digits; empty when there is none. Equal "
         "digests mean equal sets: as long as it does not change, no alarm was raised or cleared in "
         "between."},
};

const enum mib_object_id mib_alarm_objects[MIB_ALARM_VARBINDS] = {
    MIB_OBJECT_KEY,         MIB_OBJECT_EVENT_ID,   MIB_OBJECT_STATE,        MIB_OBJECT_SEVERITY,
    MIB_OBJECT_SUMMARY,     MIB_OBJECT_CLASS,      MIB_OBJECT_TAG,          MIB_OBJECT_CLAIM,
    MIB_OBJECT_MISREPORTED, MIB_OBJECT_CONFIDENCE, MIB_OBJECT_WIN32,        MIB_OBJECT_SITE,
    MIB_OBJECT_ORIGIN_HOST, MIB_OBJECT_SERVER,     MIB_OBJECT_SHARE,        MIB_OBJECT_PACKAGE,
    MIB_OBJECT_FILE,        MIB_OBJECT_AVAILABLE,  MIB_OBJECT_REQUIRED,     MIB_OBJECT_COUNT,
    MIB_OBJECT_FIRST,       MIB_OBJECT_LAST,       MIB_OBJECT_CLEAR_REASON, MIB_OBJECT_ACTION,
    MIB_OBJECT_ARTICLE,     MIB_OBJECT_SEQ,        MIB_OBJECT_TRUNCATED,
};

const enum mib_object_id mib_notice_objects[MIB_NOTICE_VARBINDS] = {
    MIB_OBJECT_READ,       MIB_OBJECT_DELIVERED,   MIB_OBJECT_FOLDED, MIB_OBJECT_DROPPED,
    MIB_OBJECT_OPEN_COUNT, MIB_OBJECT_OPEN_DIGEST, MIB_OBJECT_SEQ,    MIB_OBJECT_SUMMARY,
};

const struct mib_notification mib_notifications[] = {
    {CLASS_FILE_CONTENTION, 2, 3, "FileContention",
     "A file of a package or job is held open by another program (Win32 error 32), whatever the report "
     "said. Find who holds the file on the server in tcServer, backup and antivirus programs first, "
     "close it or restart that computer, then redistribute the package. Restarting SMS does not help. "
     "Check that the package directory is not empty.",
     "The files that were in use have been copied, the package was stored, or the alarm was closed as "
     "tcClearReason says."},
    {CLASS_DISK_FULL, 4, 5, "DiskFull",
     "The destination has no room, as the figures of the report or the error code prove, or, with "
     "tcConfidence unverified, as only the report says. Free or add space on the server in tcServer, "
     "then redistribute the package.",
     "The package reached its destination, or the alarm was closed as tcClearReason says."},
    {CLASS_STALL, 6, 7, "Stall",
     "The despooler could not read an instruction file and has not tried again: new jobs stay Pending "
     "and no report is written. Stop and start the SMS Executive service on the computer in "
     "tcOriginHost; schedule that nightly until the service pack that mends it is installed.",
     "The instruction was executed, or the service was restarted, or the alarm was closed as "
     "tcClearReason says."},
    {CLASS_ACCESS_DENIED, 8, 9, "AccessDenied",
     "An account has no right to the file, share or server named. Check the permissions of the share "
     "and of the directory, and the password and lock state of the account that SMS uses there.",
     "Access succeeded again, or the alarm was closed as tcClearReason says."},
    {CLASS_NETWORK, 10, 11, "Network",
     "The server or share could not be reached. Check that the server in tcServer is up and can be "
     "reached by name from the computer in tcOriginHost.",
     "The server was reached again, or the alarm was closed as tcClearReason says."},
    {CLASS_NOT_FOUND, 12, 13, "NotFound",
     "A file, directory or share that the work needs does not exist. Check the source directory of the "
     "package and the share on the server in tcServer.",
     "What was missing has been found, or the alarm was closed as tcClearReason says."},
    {CLASS_CORRUPT_DATA, 14, 15, "CorruptData",
     "A file arrived damaged or could not be decompressed. Send the package again to the server in "
     "tcServer; if it fails again, check disk and network of both ends.",
     "The data arrived whole, or the alarm was closed as tcClearReason says."},
    {CLASS_CONFIGURATION, 16, 17, "Configuration",
     "A setting of the site makes the work impossible. tcSummary names what is wrong; correct it in "
     "the site settings, then send the job again.",
     "The work succeeded, or the alarm was closed as tcClearReason says."},
    {CLASS_SERVICE, 18, 19, "Service",
     "A service that distribution needs has failed or cannot start. Check its state and the event log "
     "on the computer in tcOriginHost.",
     "The service works again, or the alarm was closed as tcClearReason says."},
    {CLASS_DATABASE, 20, 21, "Database",
     "The site database could not be used. Check the database server, its free space and the account "
     "that SMS uses.",
     "The database could be used again, or the alarm was closed as tcClearReason says."},
    {CLASS_PACKAGE_EMPTIED, 22, 23, "PackageEmptied",
     "The directory of the package on the server in tcServer was emptied and has not been filled "
     "again: clients find nothing there. Find what prevents the copy (see other alarms of that "
     "server), then redistribute the package.",
     "The package is on the server again, or the alarm was closed as tcClearReason says."},
    {CLASS_RETRY, 24, 25, "Retry",
     "A job keeps being tried again, or its tries are used up (tcSeverity major). See tcSummary for "
     "what it waits for, mend that, and send the job again once its tries are used up.",
     "The job succeeded, or the alarm was closed as tcClearReason says."},
    {CLASS_SELF, 26, 27, "Self",
     "Truecause itself is hindered: it cannot read a source, cannot deliver, or loses data. Faults at "
     "the sites may go unseen. tcSummary says what; 'truecause check' and 'truecause status' say more.",
     "Truecause works as configured again, or the alarm was closed as tcClearReason says."},
    {CLASS_UNCLASSIFIED, 0, 0, NULL, NULL, NULL},
};
/* clang-format on */

const char mib_notice_prose[] =
    "Tells of Truecause itself, not of an alarm: a heartbeat with totals, the fold of a storm, or what "
    "the first start found. tcSummary says which. Silence for much longer than the heartbeat interval "
    "means that the path to this receiver, or Truecause, is down.";

const struct mib_notification *
mib_notification_find(enum event_class cls)
{
    for (const struct mib_notification *n = mib_notifications; n->stem; n++)
        if (n->cls == cls)
            return n;
    return NULL;
}

int
mib_state(enum alarm_state state)
{
    switch (state) {
    case ALARM_RAISED:
        return 1;
    case ALARM_UPDATED:
        return 2;
    case ALARM_CLEARED:
        return 3;
    }
    return 2;
}

/* X.733 has no word for information; an alarm never has it. */
int
mib_severity(enum severity severity)
{
    switch (severity) {
    case SEVERITY_CLEARED:
        return 1;
    case SEVERITY_INFO:
        return 2;
    case SEVERITY_CRITICAL:
        return 3;
    case SEVERITY_MAJOR:
        return 4;
    case SEVERITY_MINOR:
        return 5;
    case SEVERITY_WARNING:
        return 6;
    }
    return 2;
}

/* Not an order of its own: a class added to event.h gets the next free number
 * here, wherever it stands there. */
int
mib_class(enum event_class cls)
{
    /* clang-format off */
    static const uint8_t numbers[CLASS_COUNT] = {
        [CLASS_UNCLASSIFIED] = 2,
        [CLASS_FILE_CONTENTION] = 3,
        [CLASS_DISK_FULL] = 4,
        [CLASS_STALL] = 5,
        [CLASS_ACCESS_DENIED] = 6,
        [CLASS_NETWORK] = 7,
        [CLASS_NOT_FOUND] = 8,
        [CLASS_CORRUPT_DATA] = 9,
        [CLASS_CONFIGURATION] = 10,
        [CLASS_SERVICE] = 11,
        [CLASS_DATABASE] = 12,
        [CLASS_PACKAGE_EMPTIED] = 13,
        [CLASS_RETRY] = 14,
        [CLASS_RESTART] = 15,
        [CLASS_RECOVERED] = 16,
        [CLASS_ACTIVITY] = 17,
        [CLASS_SELF] = 18,
    };
    /* clang-format on */

    return (unsigned) cls < CLASS_COUNT && numbers[cls] ? numbers[cls] : 2;
}

int
mib_confidence(enum confidence confidence)
{
    switch (confidence) {
    case CONFIDENCE_NONE:
        return 1;
    case CONFIDENCE_UNVERIFIED:
        return 2;
    case CONFIDENCE_PROBABLE:
        return 3;
    case CONFIDENCE_CONFIRMED:
        return 4;
    }
    return 1;
}

const char *
mib_label(enum mib_enum_id id, int number)
{
    for (const struct mib_label *l = mib_enums[id].labels; l->label; l++)
        if (l->number == number)
            return l->label;
    return NULL;
}

bool
mib_is_text(enum mib_syntax syntax)
{
    switch (syntax) {
    case MIB_TEXT:
    case MIB_KEY:
    case MIB_ID:
    case MIB_TIME:
        return true;
    case MIB_ENUM:
    case MIB_TRUTH:
    case MIB_INTEGER:
    case MIB_UNSIGNED:
    case MIB_COUNTER:
    case MIB_GAUGE:
    case MIB_COUNTER64:
        return false;
    }
    return false;
}

int
mib_number(enum mib_enum_id id, const char *label)
{
    for (const struct mib_label *l = mib_enums[id].labels; l->label; l++)
        if (strcmp(l->label, label) == 0)
            return l->number;
    return 0;
}

bool
mib_enterprise(const char *dotted, struct mib_oid *out)
{
    static const uint32_t enterprises[] = {1, 3, 6, 1, 4, 1};
    const char *p = dotted;

    out->n = 0;
    for (;;) {
        uint64_t v = 0;
        const char *start = p;

        while (str_is_digit(*p) && v <= UINT32_MAX)
            v = v * 10 + (uint64_t) (*p++ - '0');
        if (p == start || v > UINT32_MAX || (*start == '0' && p - start > 1) || out->n >= MIB_OID_MAX - 4)
            return false;
        out->sub[out->n++] = (uint32_t) v;
        if (*p == '\0')
            break;
        if (*p++ != '.')
            return false;
    }
    if (out->n < 7)
        return false;
    for (unsigned i = 0; i < 6; i++)
        if (out->sub[i] != enterprises[i])
            return false;
    return true;
}
