#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# forward --once, through the journal, to a real snmptrapd and a real rsyslogd:
# exactly the expected messages, once; what a dead target missed comes later;
# a source that grew is read on from where it was left.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
top=$TEST_SRCDIR/..
mkdir spool
cp "$TEST_SRCDIR/data/sample/Despool.log" "$TEST_SRCDIR/data/sample/AppEvent.xml" spool/

traps() {
    grep -c snmpTrapOID snmptrapd.out
}
messages() {
    grep -c . syslog.raw
}
all_traps() {
    [ "$(traps)" -ge "$1" ]
}
all_messages() {
    [ "$(messages)" -ge "$1" ]
}
items() { # PATTERN: lines of the archive
    grep -c "^ *<$1 " events.xml
}
forward() {
    "$TRUECAUSE" forward -c truecause.xml --once >out 2>err
    status=$?
}

# The MIB of this build: its enterprise OID may not be the default.
mkdir mibs
"$TRUECAUSE" mib >mibs/TRUECAUSE-MIB.txt
check "snmptrapd starts" start_snmptrapd "$SCRATCH" "$SCRATCH/mibs:$top/mibs/base" || finish
check "rsyslogd starts" start_rsyslogd "$SCRATCH" || finish
echo public >community
chmod 600 community
cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state">
  <source format="sms-log" path="$SCRATCH/spool/despool*.log" host="ANFIELD" address="192.0.2.10" site="DOG" zone="America/Los_Angeles"/>
  <source format="event-xml" path="$SCRATCH/spool/AppEvent.xml" host="ANFIELD" address="192.0.2.10" site="DOG"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml"/>
  <target name="nms" type="snmp" address="udp:127.0.0.1:$SNMPTRAPD_PORT" version="2c" community-file="community"/>
  <target name="siem" type="syslog" address="tcp:127.0.0.1:$RSYSLOGD_PORT"/>
</truecause>
END
"$TRUECAUSE" check -c truecause.xml >out 2>&1
check "check finds no error" same 0 $?

forward
check "forward ends well" same 0 "$status"
check "the archive is valid" xmllint --noout --nowarning --schema "$top/schemas/event.xsd" events.xml
events=$(items event)
alarms=$(items alarm)
check "every record is in the archive" same $(($(wc -l <spool/Despool.log) + $(grep -c "<Event " spool/AppEvent.xml))) "$events"
"$TRUECAUSE" export --host ANFIELD --site DOG --zone America/Los_Angeles spool/AppEvent.xml spool/Despool.log >export.xml
check "with the ids that export gives" same "$(grep -o '<event id="[0-9a-f]*"' export.xml | sort | cksum)" \
    "$(grep -o '<event id="[0-9a-f]*"' events.xml | sort | cksum)"
check "snmptrapd gets every alarm change" wait_until 20 all_traps "$alarms"
check "and no more" same "$alarms" "$(traps)"
check "rsyslogd gets every item" wait_until 20 all_messages $((events + alarms))
check "and no more" same $((events + alarms)) "$(messages)"

# The misreported one, by name, as an operator reads it.
grep -F 'DOG0005D' snmptrapd.out | grep -F 'tcMisreported.0 = INTEGER: true' | head -n 1 | tr '\t' '\n' >trap
for name in sysUpTime snmpTrapOID.0 tcKey tcEventId tcState tcSeverity tcSummary tcClass tcTag tcClaim tcMisreported \
    tcConfidence tcWin32 tcSite tcOriginHost tcServer tcShare tcPackage tcFile tcAvailableMB tcRequiredMB tcCount tcFirst \
    tcLast tcClearReason tcAction tcArticle tcSeq tcTruncated snmpTrapAddress; do
    check "snmptrapd prints $name by name" has trap "$name"
done
check "no varbind is left as a number" same 0 "$(grep -c 'enterprises\.' trap)"
check "the summary is the report's line" has trap 'DOG0005D not on \\ANFIELD\SMS_PKGE: file in use (Win32 32), not disk space: filename.EXE'
check "the tag" has trap 'error-32-contention'
check "the site" has trap 'DOG'
check "the address of the site server" has trap '192.0.2.10'
grep -F 'package="DOG0005D"' syslog.raw | grep -F 'misreported="true"' | grep -F '[alarm ' | head -n 1 >line
check "rsyslogd has the same line" has line 'DOG0005D not on \\ANFIELD\SMS_PKGE: file in use (Win32 32), not disk space: filename.EXE'
check "from the originator" has line ' ANFIELD truecause - file-contention '
check "with the tag" has line 'tag="error-32-contention"'

# Again: nothing is read twice, nothing is sent twice.
before=$(wc -c <events.xml)
forward
check "a second run ends well" same 0 "$status"
check "and adds nothing to the archive" same "$before" "$(wc -c <events.xml)"
check "nor to snmptrapd" same "$alarms" "$(traps)"
check "nor to rsyslogd" same $((events + alarms)) "$(messages)"

# The receiver is away while the source grows; the rest goes on.
daemon_stop "$RSYSLOGD_PID"
printf '~Copying E:\\_S M0002.TMP\\x.EXE to E:\\SMS_PKGE\\DOG00077\\x.EXE, Failed, Win32 Error = 32  $$<SMS_DESPOOLER><Thu Sep 10 23:30:00 1998~><thread=1D0>\r\n' >>spool/Despool.log
forward
check "a dead target ends the run with 4" same 4 "$status"
check "and is named" has err "siem"
check "the archive has the new record" same $((events + 1)) "$(items event)"
check "and its alarm" same $((alarms + 1)) "$(items alarm)"
check "snmptrapd too" wait_until 20 all_traps $((alarms + 1))
sent=$(messages)
sed "s/127.0.0.1:$RSYSLOGD_PORT/127.0.0.1:NEWPORT/" truecause.xml >moved.xml
mkdir later
start_rsyslogd "$SCRATCH/later" || finish
sed "s/NEWPORT/$RSYSLOGD_PORT/" moved.xml >truecause.xml
forward
check "when it is back it gets what it missed" same 0 "$status"
later() {
    [ "$(grep -c . later/syslog.raw)" -ge 2 ]
}
check "both items" wait_until 20 later
check "and only those" same $((events + alarms + 2)) $((sent + $(grep -c . later/syslog.raw)))
check "the state of the alarms was kept" same 0 "$(grep -c 'DOG0005D' later/syslog.raw)"

# send-test takes the real path.
"$TRUECAUSE" send-test -c truecause.xml nms --raise >out 2>err
check "send-test --raise" same 0 $?
"$TRUECAUSE" send-test -c truecause.xml nms --clear >out 2>err
check "send-test --clear" same 0 $?
check "both arrive" wait_until 20 all_traps $((alarms + 3))
check "marked as a test" wait_until 20 has snmptrapd.out 'TEST, nothing failed'
"$TRUECAUSE" send-test -c truecause.xml nobody >out 2>err
check "a target that is not there is wrong usage" same 2 $?
check "and those that are there are named" has err 'nms'
finish
