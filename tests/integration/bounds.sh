#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# More failures at once than the daemon keeps: the oldest alarms end with a word,
# and that they did is an alarm itself, a line of the status, a warning of export.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
mkdir spool
at=$(LC_ALL=C TZ=UTC date '+%a %b %d %H:%M:%S %Y')
awk -v at="$at" 'BEGIN {
    for (i = 0; i < 10020; i++)
        printf "~Copying E:\\_S M0000.TMP\\a.EXE to E:\\SMS_PKGE\\DOG%05X\\a.EXE, Failed, Win32 Error = 32  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n", i, at
}' >spool/Despool.log
cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state">
  <source format="sms-log" path="$SCRATCH/spool/Despool.log" host="ANFIELD" zone="UTC" poll="100ms"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml"/>
</truecause>
END
status_has() {
    "$TRUECAUSE" status -c truecause.xml >out 2>err
    grep -q -- "$1" out
}

"$TRUECAUSE" export --host ANFIELD --zone UTC -o export.xml spool/Despool.log 2>export.err
check "export does it" same 0 $?
check "and warns" has export.err '20 open alarms were cleared as "evicted": more than 10000 at once'
check "each that went says why" same 20 "$(grep -c 'reason="evicted: too many open alarms"' export.xml)"

"$TRUECAUSE" forward -c truecause.xml >daemon.out 2>daemon.err &
DAEMON=$!
DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
check "the daemon raises it as its own alarm" wait_until 60 has events.xml 'key="self:BOUND:ALARMS"'
check "its status shows it" wait_until 10 status_has 'AT A BOUND: .*alarms'
kill -TERM "$DAEMON"
check "it ends when asked to" wait_until 30 daemon_dead "$DAEMON"
finish
