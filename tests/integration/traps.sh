#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Traps that translate Windows events, from real senders (snmptrap, snmptrapd's
# forward as the manual has it) through the daemon to a real snmptrapd: the
# misreported one goes in, the corrected one comes out.  What is refused, doubled
# or lost is counted; bursts are accounted for to the last trap, kill -9 included.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
top=$TEST_SRCDIR/..
tools=$TEST_BUILDDIR/integration
v=1.3.6.1.4.1.311.1.13.1.9999
sms=1.3.6.1.4.1.311.1.13.1.3.83.77.83
mkdir spool mibs relay
# What the senders keep, they keep here.
export SNMP_PERSISTENT_DIR="$SCRATCH"

soon() { # FILE TEXT: it comes, or the daemon ends before
    wait_until 30 there_or_dead "$1" "$2" && has "$1" "$2" && return 0
    echo "never in $1: $2"
    tail -n 5 "$1" daemon.err
    return 1
}
there_or_dead() {
    { [ -f "$1" ] && has "$1" "$2"; } || daemon_dead "$DAEMON"
}
# count_of NAME: a count of the first source.  No answer is told, and no count.
answered() {
    "$TRUECAUSE" status --json -c truecause.xml >count.json 2>count.err && return 0
    cat count.err >&2
    daemon_dead "$DAEMON"
}
count_of() {
    wait_until 30 answered
    sed -n "s/^ *\"$1\": \([0-9]*\),*\$/\1/p" count.json | head -n 1
}
counts_to() { # NAME N
    [ "$(count_of "$1")" = "$2" ]
}
counts_some() { # NAME
    [ "$(count_of "$1")" -gt 0 ]
}
is_count() { # NAME N: it gets there
    wait_until 20 counts_to "$1" "$2" && return 0
    echo "$1 is $(count_of "$1"), not $2"
    return 1
}
started() {
    daemon_dead "$DAEMON" || "$TRUECAUSE" status -c truecause.xml >status.out 2>/dev/null
}
start_daemon() {
    "$TRUECAUSE" forward -c truecause.xml >daemon.out 2>>daemon.err &
    DAEMON=$!
    DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
    wait_until 20 started && daemon_alive "$DAEMON" && wait_until 20 port_open udp "$port"
}
text() { # PACKAGE: what Event 109 says when the figures are blank
    printf '%s' "Failed to install package. There isn't sufficient disk space on package server \\\\ANFIELD\\SMS_PKGE\\$1. Disk space available on that server is  megabytes, space required is  megabytes."
}
event_109() { # PACKAGE COMMAND...: runs it with the eight varbinds of the event behind
    package=$1
    shift
    "$@" "$v.1.0" s "$(text "$package")" "$v.2.0" s Unknown "$v.3.0" s anfield "$v.4.0" s 1 "$v.5.0" s 0 \
        "$v.6.0" s "\\\\ANFIELD\\SMS_PKGE\\$package" "$v.7.0" s '' "$v.8.0" s ''
}
trap_1() { # PORT PACKAGE [ID]
    event_109 "$2" snmptrap -v1 -c public "127.0.0.1:$1" "$sms" 192.0.2.10 6 "${3:-109}" 4711
}
trap_2c() { # PORT PACKAGE
    event_109 "$2" snmptrap -v2c -c public "127.0.0.1:$1" 4711 "$sms.0.109"
}
failed_copy() { # PACKAGE: a line as the despooler writes it, of now
    printf '~Copying E:\\_S M0000.TMP\\locked.exe to E:\\SMS_PKGE\\%s\\locked.exe, Failed, Win32 Error = 32  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n' \
        "$1" "$(LC_ALL=C TZ=UTC date '+%a %b %d %H:%M:%S %Y')"
}
# notification PACKAGE: the last one of it as snmptrapd printed it, one object a line.
notification() {
    awk -v want="tcPackage.0 = $1\$" '
        /^SNMPv2-MIB::sysUpTime/ { if (found) last = keep; keep = ""; found = 0 }
        { keep = keep $0 "\n" }
        $0 ~ want { found = 1 }
        END { printf "%s", found ? keep : last }' snmptrapd.out
}
corrected() { # PACKAGE: its last notification tells the cause of what Event 109 claims
    notification "$1" >"notification.$1"
    for line in 'snmpTrapOID.0 = TRUECAUSE-MIB::tcFileContentionRaised' 'tcClass.0 = fileContention' \
        'tcTag.0 = error-32-contention' 'tcClaim.0 = diskFull' 'tcMisreported.0 = true' 'tcOriginHost.0 = ANFIELD' \
        'tcServer.0 = ANFIELD' 'tcShare.0 = SMS_PKGE' 'tcAvailableMB.0 = -1' 'snmpTrapAddress.0 = 192.0.2.10'; do
        has "notification.$1" "$line" || return 1
    done
}

"$TRUECAUSE" mib >mibs/TRUECAUSE-MIB.txt
start_snmptrapd "$SCRATCH" "$SCRATCH/mibs:$top/mibs/base" -m TRUECAUSE-MIB -OQ -F '%V\n%v\n' || finish
port=$(free_port)
echo public >community
printf 'other\npublic\n' >communities
chmod 600 community communities
cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state">
  <source name="traps" listen="udp:127.0.0.1:$port" community-file="communities" from="127.0.0.1 ::1" site="DOG"/>
  <source name="logs" format="sms-log" path="$SCRATCH/spool/despool*.log" host="ANFIELD" zone="UTC" poll="100ms"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml" heartbeat="off"/>
  <target name="nms" type="snmp" address="udp:127.0.0.1:$SNMPTRAPD_PORT" version="2c" community-file="community"/>
</truecause>
END

# --- what check says of it -------------------------------------------------------
checked() { # LISTEN TEXT: check says it of such a source
    sed "s|listen=\"[^\"]*\"|listen=\"$1\"|; s|from=\"[^\"]*\"||" truecause.xml >other.xml
    "$TRUECAUSE" check -c other.xml >check.out 2>&1
    has check.out "$2" || { cat check.out; return 1; }
}
check "check warns of a port that takes a privilege" checked udp:0.0.0.0:162 'takes a privilege'
check "and where anybody is heard" checked udp:0.0.0.0:1162 'name the senders with from='
chmod 644 communities
check "a file of communities that others can read is refused" checked udp:0.0.0.0:1162 'chmod 600'
chmod 600 communities

# --- a trap and its proof ----------------------------------------------------------
failed_copy DOG00001 >spool/Despool.log
check "the daemon listens" start_daemon || finish
sent=$(date +%s)
check "snmptrap sends Event 109 as the agent does" trap_1 "$port" DOG00001
check "the cause comes out at snmptrapd" soon snmptrapd.out 'tcPackage.0 = DOG00001'
check "it is told corrected" wait_until 20 corrected DOG00001
check "the despooler's line is the proof" soon events.xml 'basis="log-match" confidence="confirmed"'
event_is() { # TEXT: the event of the trap has it
    grep '<source format="nt-trap"' events.xml | grep -F 'package="DOG00001"' | head -n 1 | grep -qF -- "$1"
}
check "the archive has the event, of the host that the trap names" event_is 'host="ANFIELD" address="192.0.2.10" site="DOG"'
check "its source and number" event_is 'provider="SMS" event="109"'
check "with blank figures" event_is 'figures="blank"'
check "misreported" event_is 'misreported="true" basis="log-match" confidence="confirmed"'
event_came() { # between the sending and now, whatever day it is
    at=$(grep '<source format="nt-trap"' events.xml | grep -F 'package="DOG00001"' | head -n 1 | sed -n 's/.*<when time="\([^"]*\)".*/\1/p')
    at=$(date -u -d "$at" +%s) && [ "$at" -ge "$sent" ] && [ "$at" -le "$(date +%s)" ]
}
check "and the time at which it came" event_came

# --- through a relay, as the manual says ----------------------------------------------
relay_port=$(free_port)
sed -n '/^authCommunity/,/^\.Ed/p' "$top/doc/truecause-sources.7" | grep -v '^\.' | sed "s/1162/$port/" >relay/snmptrapd.conf
check "the manual has a recipe" lines_are relay/snmptrapd.conf 2
SNMP_PERSISTENT_DIR=$SCRATCH/relay SNMPCONFPATH=$SCRATCH/relay snmptrapd -f -n -C -c relay/snmptrapd.conf -Lf relay/out \
    "udp:127.0.0.1:$relay_port" >relay/err 2>&1 &
RELAY=$!
DAEMON_PIDS="$DAEMON_PIDS $RELAY"
check "a relaying snmptrapd starts" wait_until 10 port_open udp "$relay_port"
failed_copy DOG00002 >>spool/Despool.log
check "a trap of version 1 to the relay" trap_1 "$relay_port" DOG00002
check "comes out" soon snmptrapd.out 'tcPackage.0 = DOG00002'
check "corrected, with the agent's address" wait_until 20 corrected DOG00002
failed_copy DOG00003 >>spool/Despool.log
check "a trap of version 2c to the relay" event_109 DOG00003 snmptrap -v2c -c public "127.0.0.1:$relay_port" 4711 "$sms.0.109" \
    1.3.6.1.6.3.18.1.3.0 a 192.0.2.10
check "comes out, too" soon snmptrapd.out 'tcPackage.0 = DOG00003'
check "corrected, with the agent's address" wait_until 20 corrected DOG00003
check "signed ids are taken" trap_1 "$port" DOG00004 -1073741715
check "and known" soon events.xml 'package="DOG00004"'
check "of traps that came so far none was refused" is_count received 4
check "and each taken" is_count taken 4

# --- two agents, one event ---------------------------------------------------------------
check "the same event from the agent" trap_1 "$port" DOG00005
check "which is taken" is_count taken 5
check "and through the relay" trap_1 "$relay_port" DOG00005
check "is counted as a duplicate" is_count duplicates 1
check "and told once" soon events.xml 'package="DOG00005"'
events_of() { grep -F '<source format="nt-trap"' events.xml | grep -cF "package=\"$1\""; }
check "as one event" same 1 "$(events_of DOG00005)"

# --- what is not taken, each counted ----------------------------------------------------------
check "our own notifications are sent to us" "$tools/snmp_send" "$port" 1.3.6.1.4.1.32473.109
check "they are dropped and counted" is_count own_refused "$(grep -c '^SNMPv2-MIB::sysUpTime' "$TEST_SRCDIR/integration/snmptrapd.expected")"
check "another community" snmptrap -v2c -c wrong "127.0.0.1:$port" 4711 "$sms.0.109"
check "is counted" is_count community_refused 1
check "the other community of the file" snmptrap -v2c -c other "127.0.0.1:$port" 4711 1.3.6.1.6.3.1.1.5.1
check "a trap of another kind is counted" is_count foreign 1
! snmpinform -v2c -c public -r 0 -t 0.2 "127.0.0.1:$port" 4711 "$sms.0.109" >inform.out 2>&1
check "an inform gets no answer" has inform.out Timeout
check "and is counted" is_count informs_refused 1
! snmpget -v1 -c public -r 0 -t 0.2 "127.0.0.1:$port" 1.3.6.1.2.1.1.3.0 >get.out 2>&1
check "a request is counted" is_count command_refused 1
! snmptrap -v3 -u nobody -l noAuthNoPriv -e 0x8000000001020304 "127.0.0.1:$port" 4711 "$sms.0.109" >v3.out 2>&1
check "SNMPv3 is counted" is_count version_refused 1
python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for junk in (b"", b"0", b"junk" * 300, b"0\x82\xff\xff\x02\x01\x00"):
    s.sendto(junk, ("127.0.0.1", int(sys.argv[1])))' "$port"
check "what is no message is counted" is_count malformed 4
all_counted() { # received = the sum of what became of them
    "$TRUECAUSE" status --json -c truecause.xml >status.json && python3 - status.json <<'END'
import json, sys
t = json.load(open(sys.argv[1]))["sources"][0]["traps"]
rest = sum(n for name, n in t.items() if name not in ("received", "kernel_dropped"))
sys.exit(0 if t["received"] == rest else "received %d, accounted for %d: %s" % (t["received"], rest, t))
END
}
check "everything received is in one of the counts" wait_until 30 all_counted
"$TRUECAUSE" status -c truecause.xml >status.out
check "status tells people, too" has status.out 'told again by another agent or relay'
check "the log names the first ones" has daemon.err "source 'traps': a trap from 127.0.0.1 is not taken"
check "SIGTERM ends it" kill "$DAEMON"
check "in time" wait_until 20 daemon_dead "$DAEMON"
daemons_stop

# --- bursts ------------------------------------------------------------------------------------
configure() { # RATE LISTEN: an archive only
    rm -rf state events.xml
    cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state">
  <source name="traps" listen="$2" community-file="communities" rate="$1"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml" heartbeat="off"/>
</truecause>
END
}
burst() { # HOST COUNT RATE [FIRST]
    [ "$(python3 "$TEST_SRCDIR/integration/trap_send.py" "$1" "$port" "$2" "$3" "${4:-0}")" -eq "$2" ]
}
numbers() { # of the events in the archive, each once, in order
    grep -os '<event .*package="BRS[0-9]*"' events.xml | sed 's/.*package="BRS//; s/"//' | sort -n
}
archived() { # N events
    [ "$(numbers | wc -l)" -eq "$1" ]
}
accounted() { # SENT: received and dropped by the kernel is what was sent
    "$TRUECAUSE" status --json -c truecause.xml >status.json && python3 - status.json "$1" <<'END'
import json, sys
t = json.load(open(sys.argv[1]))["sources"][0]["traps"]
rest = sum(n for name, n in t.items() if name not in ("received", "kernel_dropped"))
sys.exit(t["received"] != rest or t["received"] + t["kernel_dropped"] != int(sys.argv[2]))
END
}
configure 100 udp:127.0.0.1:"$port"
check "a daemon that takes 100 traps a second" start_daemon || finish
check "5,000 traps at 2,500 a second" burst 127.0.0.1 5000 2500
check "received and counted drops are what was sent" wait_until 20 accounted 5000
check "some are over the rate" wait_until 30 counts_some over_rate
taken=$(count_of taken)
check "ten seconds' worth are taken at once" test "$taken" -ge 1000
check "and all that were taken are told" wait_until 30 archived "$taken"
check "each once" same "$taken" "$(numbers | uniq | wc -l)"
check "the loss is an alarm" soon events.xml 'key="self:OVERRUN:TRAPS"'
"$TRUECAUSE" status -c truecause.xml >status.out
check "and in the status" has status.out 'LOST over rate='
daemon_stop "$DAEMON"

configure 100000 'udp:[::1]:'"$port"
check "a daemon at an IPv6 address" start_daemon || finish
check "5,000 traps as fast as can be" burst ::1 5000 0
check "received and counted drops are what was sent" wait_until 20 accounted 5000
taken=$(count_of taken)
check "all that were taken are told" wait_until 30 archived "$taken"
check "nothing was lost for want of room here" same "0 0" "$(count_of over_rate) $(count_of queue_full)"
# It is stopped, and more comes than the kernel keeps for it.
kill -STOP "$DAEMON"
check "40,000 traps to one that is stopped" burst ::1 40000 0 10000
kill -CONT "$DAEMON"
check "the kernel's drops are counted" wait_until 30 accounted 45000
check "there were some" wait_until 30 counts_some kernel_dropped
check "which is an alarm" soon events.xml 'in the kernel'
daemon_stop "$DAEMON"

# --- kill -9 in a burst -----------------------------------------------------------------------
committed() { # ids of the events that the journal holds
    python3 - state <<'END'
import glob, sqlite3, sys
for path in glob.glob(sys.argv[1] + "/*.db") + glob.glob(sys.argv[1] + "/*.sqlite"):
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    for row in db.execute("SELECT lower(hex(id)) FROM item WHERE xml LIKE '<event %nt-trap%'"):
        print(row[0])
END
}
ids() {
    sed -n 's/^<event id="\([0-9a-f]*\)".*format="nt-trap".*/\1/p' events.xml
}
configure 100000 udp:127.0.0.1:"$port"
check "a daemon for the worst" start_daemon || finish
round=0
while [ "$round" -lt 3 ]; do
    first=$((round * 20000))
    burst 127.0.0.1 8000 4000 "$first" &
    sender=$!
    some() { [ "$(grep -cs "package=\"BRS$((round * 2))....\"" events.xml)" -gt 200 ] || daemon_dead "$DAEMON"; }
    check "events arrive (round $round)" wait_until 30 some
    check "of a daemon that lives" daemon_alive "$DAEMON"
    kill -9 "$DAEMON"
    wait "$DAEMON" 2>/dev/null
    committed >"committed.$round"
    check "the journal has some of them" test -s "committed.$round"
    wait "$sender"
    check "it starts again" start_daemon || finish
    round=$((round + 1))
done
missing() {
    ids | sort -u >have
    cat committed.? | sort -u | comm -23 - have
}
none_missing() { [ -z "$(missing)" ]; }
check "what was committed is delivered: 0 lost" wait_until 30 none_missing
check "and it still takes traps" burst 127.0.0.1 10 0 90000
check "as ever" soon events.xml 'package="BRS90009"'
check "no two events have one id" same "$(numbers | uniq | wc -l)" "$(ids | sort -u | wc -l)"
daemon_stop "$DAEMON"

# --- a socket that was passed -------------------------------------------------------------------
configure 1000 udp:127.0.0.1:"$port"
cat >pass.py <<'END'
import os, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="traps")
os.system(sys.argv[2])
os.execv(sys.argv[3], sys.argv[3:])
END
python3 pass.py "$port" "python3 $TEST_SRCDIR/integration/trap_send.py 127.0.0.1 $port 3 0 95000 >early" \
    "$TRUECAUSE" forward -c truecause.xml >daemon.out 2>>daemon.err &
DAEMON=$!
DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
check "a passed socket has what came before the start" soon events.xml 'package="BRS95002"'
check "and goes on" burst 127.0.0.1 1 0 95003
check "in the same way" soon events.xml 'package="BRS95003"'
daemon_stop "$DAEMON"

# --- once, and a port that is taken ------------------------------------------------------------------
check "--once leaves it out" sh -c '"$1" forward --once -c truecause.xml 2>once.err' sh "$TRUECAUSE"
check "and says so" has once.err 'with --once it is left out'
python3 -c 'import signal, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
signal.pause()' "$port" &
HOLDER=$!
DAEMON_PIDS="$DAEMON_PIDS $HOLDER"
check "another program takes the port" wait_until 10 port_open udp "$port"
check "the daemon starts all the same" start_daemon
check "says what is wrong" soon daemon.err 'cannot listen at'
check "raises an alarm" soon events.xml 'key="self:UNREADABLE:TRAPS"'
daemon_stop "$HOLDER"
check "clears it when the port is free" soon events.xml 'listened at again'
check "and takes traps" burst 127.0.0.1 1 0 96000
check "as ever" soon events.xml 'package="BRS96000"'
finish
