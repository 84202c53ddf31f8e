#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The daemon sends informs to a real snmptrapd: what is received equals the
# alarms; the receiver is away for a while; we are killed while it is, and between a clear
# and the next raise; the first of two addresses is dead.  All alarm changes arrive, in
# the order of each alarm, and no older one comes again after a newer one.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
top=$TEST_SRCDIR/..
mkdir spool mibs second
: >spool/Despool.log

start_daemon() {
    : >>daemon.err
    "$TRUECAUSE" forward -c truecause.xml >daemon.out 2>>daemon.err &
    DAEMON=$!
    DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
}
copied() { # PACKAGE HOW: a line as the despooler writes it, of now
    printf '~Copying E:\\_S M0000.TMP\\a.exe to E:\\SMS_PKGE\\%s\\a.exe, %s  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n' \
        "$1" "$2" "$(LC_ALL=C TZ=UTC date '+%a %b %d %H:%M:%S %Y')" >>spool/Despool.log
}
failed_copy() { # PACKAGE
    copied "$1" "Failed, Win32 Error = 32"
}
# alarms: id and key of each alarm change in the archive, in order.
alarms() {
    sed -n 's/^ *<alarm id="\([0-9a-f]*\)" key="\([^"]*\)".*/\1 \2/p' events.xml
}
# received FILE...: the same of what snmptrapd printed.
received() {
    cat "$@" | tr '\t' '\n' | sed -n 's/.*tcKey\.0 = STRING: //p; s/.*tcEventId\.0 = STRING: //p' | paste -d ' ' - - \
        | sed 's/^\([^ ]*\) \(.*\)/\2 \1/'
}
all_in() { # FILE...: every alarm change of the archive was received, and no other one
    alarms | sort -u >want
    received "$@" | sort -u >got
    [ "$(wc -l <want)" -ge "$least" ] && cmp -s want got
}
all_received() { # LEAST FILE...
    least=$1
    shift
    wait_until 60 all_in "$@" && return 0
    diff want got
    tail -n 5 daemon.err
    return 1
}
# in_order FILE: of what this receiver got, repetitions included, none is older than what
# it had got of that alarm before.
in_order() {
    alarms >changes
    received "$1" | awk 'NR == FNR { number[$1] = NR; next }
        number[$1] < newest[$2] { print "change " number[$1] " of " $2 " after change " newest[$2]; wrong = 1 }
        { newest[$2] = number[$1] }
        END { exit wrong }' changes -
}
target_is() { # PATTERN: of the line of target nms in status
    "$TRUECAUSE" status -c truecause.xml >status 2>/dev/null
    grep -q "^  nms .* $1" status
}
configure() { # ADDRESSES
    cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state">
  <source name="logs" format="sms-log" path="$SCRATCH/spool/despool*.log" host="ANFIELD" site="DOG" zone="UTC" poll="100ms"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml" items="alarms"/>
  <target name="nms" type="snmp" address="$1" community-file="community" notification="inform"
          timeout="500ms" retries="1"/>
</truecause>
END
}

"$TRUECAUSE" mib >mibs/TRUECAUSE-MIB.txt
mibs=$SCRATCH/mibs:$top/mibs/base
check "snmptrapd starts" start_snmptrapd "$SCRATCH" "$mibs" || finish
echo public >community
chmod 600 community
configure "udp:127.0.0.1:$SNMPTRAPD_PORT"
"$TRUECAUSE" check -c truecause.xml >out 2>&1
check "check finds no error" same 0 $?
start_daemon
check "the target comes up" wait_until 60 target_is up
failed_copy DOG00001
check "an alarm arrives" all_received 1 snmptrapd.out
check "with all of it" wait_until 60 has snmptrapd.out 'DOG00001 not on \\ANFIELD: file in use (Win32 32): a.exe'
check "as an inform" wait_until 60 has snmptrapd.out 'error-32-contention'
acknowledged() {
    "$TRUECAUSE" status -c truecause.xml --json >status.json 2>/dev/null
    sed -n '/"name": "nms"/,/}/p' status.json | grep -q '"in_flight": 0' \
        && sed -n '/"name": "nms"/,/}/p' status.json | grep -q '"acknowledged": [1-9]'
}
check "and is acknowledged" wait_until 60 acknowledged

# Nobody answers: the port is there, and silent.
kill -STOP "$SNMPTRAPD_PID"
failed_copy DOG00002
failed_copy DOG00003
check "a receiver that is silent is down" wait_until 60 target_is down
check "and says why" grep -q 'no acknowledgement from udp:127.0.0.1:[0-9]*, message sent' status
kill -CONT "$SNMPTRAPD_PID"
check "when it answers again it gets what it missed" all_received 3 snmptrapd.out
check "and is up" wait_until 60 target_is up

# Alarms that end and begin anew, and we are killed as soon as the receiver has the clear,
# mostly before its acknowledgement is on disk.
changes=3
for package in DOG00002 DOG00003; do
    copied "$package" OK
    check "a clear arrives" all_received $((changes + 1)) snmptrapd.out
    kill -KILL "$DAEMON"
    wait "$DAEMON" 2>/dev/null
    start_daemon
    failed_copy "$package"
    changes=$((changes + 2))
    check "and a raise after it, behind a kill" all_received "$changes" snmptrapd.out
done
check "no older one came after a newer one" in_order snmptrapd.out

# Gone altogether, and we are killed meanwhile.
daemon_stop "$SNMPTRAPD_PID"
failed_copy DOG00004
check "a refused port is down" wait_until 60 target_is down
kill -KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null
failed_copy DOG00005
start_daemon
SNMPTRAPD_WANTED=$SNMPTRAPD_PORT
check "the receiver is back" start_snmptrapd "$SCRATCH/second" "$mibs" || finish
SNMPTRAPD_WANTED=
check "after kill -9 it gets everything" all_received 9 snmptrapd.out second/snmptrapd.out

at_backup() {
    "$TRUECAUSE" status -c truecause.xml >status 2>/dev/null && has status "at a BACKUP, udp:127.0.0.1:$SNMPTRAPD_PORT (2 of 2)"
}

# The first address is dead, the second one takes over.
daemon_stop "$DAEMON"
configure "udp:127.0.0.1:$(free_port) udp:127.0.0.1:$SNMPTRAPD_PORT"
failed_copy DOG00006
start_daemon
check "failover to the second address" all_received 10 snmptrapd.out second/snmptrapd.out
check "no older one came after a newer one there" in_order second/snmptrapd.out
check "the target is up there" wait_until 60 target_is up
check "status says that a backup is in use" has status "at a BACKUP, udp:127.0.0.1:$SNMPTRAPD_PORT (2 of 2)"
check "so does the log" wait_until 60 has daemon.err "a backup takes its items: udp:127.0.0.1:$SNMPTRAPD_PORT, 2 of its 2 addresses"

# With nothing to send but signs of life.
daemon_stop "$DAEMON"
sed 's,heartbeat="[^"]*",,;s,notification="inform",& heartbeat="1s",' truecause.xml >heartbeat.xml
mv heartbeat.xml truecause.xml
start_daemon
check "after a restart, too" wait_until 60 at_backup
daemon_stop "$DAEMON"
finish
