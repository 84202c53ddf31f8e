#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The daemon as an administrator runs it: started, asked, told, reloaded,
# watched and ended, with a real snmptrapd and a real rsyslogd.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
top=$TEST_SRCDIR/..
tools=$TEST_BUILDDIR/integration
mkdir spool more mibs
cp "$TEST_SRCDIR/data/sample/Despool.log" spool/

run() { # STATUS COMMAND...: output in out, messages in err
    want=$1
    shift
    "$TRUECAUSE" "$@" >out 2>err
    got=$?
    [ "$got" -eq "$want" ] && return 0
    echo "exit status $got, not $want"
    cat out err
    return 1
}
there_or_dead() {
    has "$1" "$2" || { [ "${DAEMON:-}" ] && daemon_dead "$DAEMON"; }
}
soon() { # FILE TEXT: it comes, or the daemon ends before
    wait_until 20 there_or_dead "$1" "$2" && has "$1" "$2" && return 0
    echo "never in $1: $2"
    tail -n 5 "$1" daemon.err
    return 1
}
status_has() {
    "$TRUECAUSE" status -c truecause.xml >out 2>err
    grep -q -- "$1" out
}
failed_copy() { # PACKAGE FILE: a line as the despooler writes it, of now
    printf '~Copying E:\\_S M0000.TMP\\%s to E:\\SMS_PKGE\\%s\\%s, Failed, Win32 Error = 32  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n' \
        "$2" "$1" "$2" "$(LC_ALL=C TZ=UTC date '+%a %b %d %H:%M:%S %Y')"
}
start_daemon() {
    : >>daemon.err
    # As systemd names the file that its journal listens at.
    JOURNAL_STREAM=$(stat -c %d:%i daemon.err) NOTIFY_SOCKET=$SCRATCH/notify WATCHDOG_USEC=2000000 "$TRUECAUSE" forward -c truecause.xml >daemon.out 2>>daemon.err &
    DAEMON=$!
    DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
}
count() { # TEXT FILE
    grep -cF -- "$1" "$2"
}
more_than() { # N TEXT FILE
    [ "$(count "$2" "$3")" -gt "$1" ]
}

"$TRUECAUSE" mib >mibs/TRUECAUSE-MIB.txt
check "snmptrapd starts" start_snmptrapd "$SCRATCH" "$SCRATCH/mibs:$top/mibs/base" || finish
check "rsyslogd starts" start_rsyslogd "$SCRATCH" || finish
mkfifo ear hold
"$tools/notify_listen" "$SCRATCH/notify" <ear >notify.out 2>&1 &
DAEMON_PIDS="$DAEMON_PIDS $!"
exec 8>ear
check "somebody listens for the service's state" wait_until 10 test -S notify
echo public >community
chmod 600 community
cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state">
  <source name="logs" format="sms-log" path="$SCRATCH/spool/despool*.log" host="ANFIELD" site="DOG" zone="UTC" poll="100ms"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml"/>
  <target name="nms" type="snmp" address="udp:127.0.0.1:$SNMPTRAPD_PORT" version="2c" community-file="community"/>
  <target name="siem" type="syslog" address="tcp:127.0.0.1:$RSYSLOGD_PORT"/>
</truecause>
END
cp truecause.xml first.xml

# --- before there is one -----------------------------------------------------
check "no daemon: status fails" run 4 status -c truecause.xml
check "and says how to start one" has err "no daemon answers at $SCRATCH/state/control.sock: start it with"
check "status without a configuration is wrong usage" run 2 status
check "a configuration that is not there" run 3 status -c nothing.xml
check "clear without a reason is wrong usage" run 2 alarms -c truecause.xml clear KEY
check "alarms without an order, too" run 2 alarms -c truecause.xml
check "replay without a time, too" run 2 replay -c truecause.xml --target siem
check "replay with a day that there is not" run 2 replay -c truecause.xml --target siem --from 2026-02-30T00:00:00Z

# A broken file of the catalogue keeps it from starting, by line.
mkdir catalogue.d
printf '<catalogue xmlns="urn:truecause:catalogue:1">\n  <nonsense/>\n</catalogue>\n' >catalogue.d/10-own.xml
check "check reads the folder catalogue.d" run 3 check -c truecause.xml
check "and names the line" has out "catalogue.d/10-own.xml:2: error: "
check "forward refuses it" run 3 forward -c truecause.xml
rm catalogue.d/10-own.xml

# --- start -------------------------------------------------------------------
start_daemon
check "the service is ready" soon notify.out READY=1
daemon_alive "$DAEMON" || finish
check "the old records reach the archive" soon events.xml 'class="stall"'
check "the sources are read to their end" wait_until 20 status_has '^  at end'
check "status has the version" wait_until 20 status_has "^truecause [0-9]"
check "all targets come up" wait_until 20 status_has "^  siem  *syslog  *up  *0 "
check "all targets come up" wait_until 20 status_has "^  nms  *snmp  *up  *0 "
check "the control socket is for user and group" same 660 "$(stat -c %a state/control.sock)"
check "status --json" run 0 status -c truecause.xml --json
cp out status.json
if command -v python3 >/dev/null 2>&1; then
    check "is JSON" python3 -m json.tool status.json parsed.json
fi
check "with the log's path" has status.json "\"path\": \"$SCRATCH/spool/Despool.log\""
check "messages carry their priority for the journal" has daemon.err '<6>truecause: read '
check "watched" soon notify.out WATCHDOG=1

# --- a new fault goes everywhere -----------------------------------------------
failed_copy DOG00099 locked.exe >>spool/Despool.log
check "a new line reaches the archive" soon events.xml 'package="DOG00099"'
check "snmptrapd" soon snmptrapd.out 'DOG00099 not on'
check "and rsyslogd" soon syslog.raw 'package="DOG00099"'
check "it is an open alarm" run 0 alarms -c truecause.xml list
check "with its key" has out 'dist:ANFIELD:DOG00099'
check "the list as JSON" run 0 alarms -c truecause.xml list --json
check "has the key" has out '"key": "dist:ANFIELD:DOG00099"'

# --- told by hand -----------------------------------------------------------------
traps=$(count 'DOG00099' snmptrapd.out)
messages=$(count 'DOG00099' syslog.raw)
check "resend" run 0 alarms -c truecause.xml resend
check "snmptrapd has it again" wait_until 20 more_than "$traps" DOG00099 snmptrapd.out
check "rsyslogd too" wait_until 20 more_than "$messages" DOG00099 syslog.raw
check "a clear by hand, in lower case" run 0 alarms -c truecause.xml clear dist:anfield:dog00099 --reason "backup moved"
check "reaches the archive" soon events.xml 'reason="by hand: backup moved"'
check "snmptrapd" soon snmptrapd.out 'by hand: backup moved'
check "and rsyslogd" soon syslog.raw 'by hand: backup moved'
check "it is open no more" run 4 alarms -c truecause.xml clear dist:ANFIELD:DOG00099 --reason again
check "which is said" has err 'no open alarm has the key'

# --- looked up ---------------------------------------------------------------------
id=$(grep 'package="DOG00099"' events.xml | grep -o '<event id="[0-9a-f]*"' | head -n 1 | cut -d '"' -f 2)
check "explain ID" run 0 explain -c truecause.xml "$id"
check "has the text" has out 'Win32 Error = 32'
check "the alarm's end" has out 'by hand: backup moved'
delivered() {
    run 0 explain -c truecause.xml "$id" && has out '  siem                     done'
}
check "and the deliveries" wait_until 20 delivered
check "explain of an id that is not there" run 4 explain -c truecause.xml 00000000000000000000000000000000

# --- replay ---------------------------------------------------------------------------
messages=$(count "id=\"$id\"" syslog.raw)
archived=$(count "id=\"$id\"" events.xml)
check "replay to a target that is not there" run 2 replay -c truecause.xml --target nobody --from 1h
check "those that are there are named" has err 'siem'
check "replay of a time with nothing" run 4 replay -c truecause.xml --target siem --from 3d --to 2d
check "replay" run 0 replay -c truecause.xml --target siem --from 1h
check "the item comes again" wait_until 20 more_than "$messages" "id=\"$id\"" syslog.raw
check "to that target only" same "$archived" "$(count "id=\"$id\"" events.xml)"
check "and it ends" soon daemon.err "target 'siem': the replay is over"

# --- reload ---------------------------------------------------------------------------
sed 's/<source /<source frmat="x" /' first.xml >truecause.xml
kill -HUP "$DAEMON"
check "a broken configuration is refused" soon daemon.err 'the configuration stays as it was'
check "by line" has daemon.err 'truecause.xml:2: <source> has no attribute "frmat"'
check "which status says" wait_until 20 status_has 'A LATER ONE FAILED.*frmat'
sed 's,/state",/state2",' first.xml >truecause.xml
kill -HUP "$DAEMON"
check "what cannot change is refused, with the remedy" soon daemon.err 'state cannot change while the program runs'
sed '/name="nms"/d; s,<target name="archive",<source name="second" format="sms-log" path="'"$SCRATCH"'/more/x.log" host="WEMBLEY" zone="UTC" poll="100ms"/>&,' \
    first.xml >truecause.xml
failed_copy DOG00055 second.exe >more/x.log
kill -HUP "$DAEMON"
check "a good one is taken over" soon daemon.err 'configuration read again: 2 sources, 2 targets'
check "the new source is read" soon events.xml 'package="DOG00055"'
wait_until 20 status_has '^Targets (2)'
check "the target that is gone is gone" same 0 "$(grep -c '^  nms ' out)"
check "the reload is told to the service manager" soon notify.out RELOADING=1
check "twice ready or more" wait_until 20 more_than 1 READY=1 notify.out
failed_copy DOG00098 still.exe >>spool/Despool.log
check "what was there goes on" soon syslog.raw 'package="DOG00098"'

# --- a second one ---------------------------------------------------------------------
check "a second daemon is refused" run 4 forward -c truecause.xml
check "with who holds the state folder" has err "another truecause with process number $DAEMON works with this state directory"
check "and does no harm to the first one's socket" wait_until 20 status_has "process $DAEMON,"

# --- the watchdog ----------------------------------------------------------------------
# The engine hangs in the journal; the main thread is alive, and must not say so.
"$tools/hold_journal" state/journal.db <hold >held 2>&1 &
DAEMON_PIDS="$DAEMON_PIDS $!"
exec 9>hold
check "the journal is held" soon held held
failed_copy DOG00097 wait.exe >>spool/Despool.log
check "a hung engine is noticed" soon daemon.err 'the engine has not come round for'
before=$(count WATCHDOG=1 notify.out)
exec 9>&-
check "when it goes on, so does the sign of life" wait_until 20 more_than "$before" WATCHDOG=1 notify.out
check "and nothing is lost" soon syslog.raw 'package="DOG00097"'

# --- killed, and again --------------------------------------------------------------------
kill -9 "$DAEMON"
wait "$DAEMON" 2>/dev/null
check "killed: explain reads the journal itself" run 0 explain -c truecause.xml "$id"
check "and says so" has out 'no daemon runs'
: >notify.out
start_daemon
check "it starts over the socket that was left" soon notify.out READY=1
check "and answers" wait_until 10 status_has "process $DAEMON,"
failed_copy DOG00096 after.exe >>spool/Despool.log
check "and works" soon events.xml 'package="DOG00096"'

# --- the end ------------------------------------------------------------------------------
kill -TERM "$DAEMON"
check "it ends when asked to" wait_until 30 daemon_dead "$DAEMON"
wait "$DAEMON"
check "with 0" same 0 $?
check "and says so before" wait_until 20 has notify.out STOPPING=1
check "its socket is gone" test ! -e state/control.sock
check "the archive is a whole document" xmllint --noout --nowarning --schema "$top/schemas/event.xsd" events.xml
finish
