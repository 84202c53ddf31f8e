#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The agent with a real snmpd, set up as Debian does plus the lines of
# truecause-snmp(7), our processes as an ordinary user: what walks and tables
# show, orders, a master agent that is killed and comes back under load, an agent
# that is killed or hangs, a daemon that is.
# AGENT_ROUNDS: how often the master is killed.  AGENT_VALGRIND=1: that part of it
# under valgrind.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
top=$TEST_SRCDIR/..
rounds=${AGENT_ROUNDS:-2}
patience=60
[ "${AGENT_VALGRIND:-}" ] && patience=240
mkdir spool mibs state agentx persistent
cp "$TRUECAUSE" truecause
chmod 755 . agentx
printf 'public\n' >community
chmod 600 community

# Who we are: nobody, where the test may choose.
user=$(id -un)
group=$(id -gn)
as_user=
snmpd_user=
if [ "$(id -u)" -eq 0 ]; then
    user=nobody
    group=nogroup
    as_user="setpriv --reuid $user --regid $group --clear-groups --"
    chown "$user" spool state community
    id Debian-snmp >/dev/null 2>&1 && snmpd_user='-u Debian-snmp -g Debian-snmp' && chown Debian-snmp persistent
fi

# manual NUMBER: the lines of example NUMBER of the manual's section on snmpd, for this place.
manual() {
    awk -v want="$1" '/^\.Sh/ { here = $2 == "SNMPD"; n = 0 } !here { next }
        /^\.Bd/ { n++; on = n == want; next } /^\.Ed/ { on = 0 } on' "$top/doc/truecause-snmp.7" |
        sed "s/ truecause truecause\$/ $user $group/"
}
manual 1 >lines
check "the manual gives three lines" lines_are lines 3
manual 4 >>lines
manual 5 >>lines
check "and two for orders" lines_are lines 5

# debian_lines: what Debian configures, but where snmpd listens; the file is not
# for everybody to read, so that its lines stand here, too.
debian_lines() {
    if [ -r /etc/snmp/snmpd.conf ]; then
        sed -e '/^agentaddress/d' -e '/^includeDir/d' /etc/snmp/snmpd.conf
        return
    fi
    printf '%s\n' 'sysServices 72' 'master agentx' 'view systemonly included .1.3.6.1.2.1.1' \
        'view systemonly included .1.3.6.1.2.1.25.1' 'rocommunity public default -V systemonly' \
        'rocommunity6 public default -V systemonly' 'rouser authPrivUser authpriv -V systemonly'
}

# snmpd_start: Debian's configuration, the manual's lines, a port and a socket of our own.
port=$(free_port)
{
    debian_lines
    cat lines
    printf 'agentaddress udp:127.0.0.1:%s\nagentXSocket %s/agentx/master\n' "$port" "$SCRATCH"
} >snmpd.conf
chmod 644 snmpd.conf
# shellcheck disable=SC2086
snmpd_start() {
    MIBS='' MIBDIRS='' SNMP_PERSISTENT_DIR=$SCRATCH/persistent SNMPCONFPATH=$SCRATCH/persistent \
        snmpd -f -C -c "$SCRATCH/snmpd.conf" -Lf snmpd.log $snmpd_user -I -smux,mteTrigger,mteTriggerConf >snmpd.out 2>&1 &
    SNMPD=$!
    DAEMON_PIDS="$DAEMON_PIDS $SNMPD"
}

# snmp COMMAND ARGUMENT...: of net-snmp, with our MIB.
snmp() {
    command=$1
    shift
    MIBS=TRUECAUSE-MIB MIBDIRS=$SCRATCH/mibs:$top/mibs/base SNMPCONFPATH=$SCRATCH SNMP_PERSISTENT_DIR=$SCRATCH \
        "$command" -v2c -c public -t 5 -r 5 "$@"
}
ask() { # COMMAND ARGUMENT...: its answer in out
    command=$1
    shift
    snmp "$command" "127.0.0.1:$port" "$@" >out 2>err
}
order() { # ARGUMENT...: as the user who may
    MIBS=TRUECAUSE-MIB MIBDIRS=$SCRATCH/mibs:$top/mibs/base SNMPCONFPATH=$SCRATCH SNMP_PERSISTENT_DIR=$SCRATCH \
        snmpset -v3 -l authPriv -u operator -a SHA-256 -A 'a long phrase' -x AES -X 'another long phrase' -t 5 -r 5 \
        "127.0.0.1:$port" "$@" >out 2>err
}
state_is() { # LABEL: of tcEngineState
    ask snmpget tcEngineState.0 && has out "INTEGER: $1("
}
value() { # OBJECT
    ask snmpget -Oqv "$1" && tr -d '\n' <out
}
soon() { # COMMAND...
    wait_until "$patience" "$@" && return 0
    echo "never: $*"
    cat out err
    tail -n 5 daemon.err agent.err snmpd.log
    return 1
}
says() { # FILE TEXT
    soon has "$1" "$2"
}
status_has() {
    ./truecause status -c truecause.xml >out 2>err
    grep -q -- "$1" out
}
failed_copy() { # PACKAGE: a line of now
    printf '~Copying E:\\_S M0000.TMP\\a.exe to E:\\SMS_PKGE\\%s\\a.exe, Failed, Win32 Error = 32  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n' \
        "$1" "$(LC_ALL=C TZ=UTC date '+%a %b %d %H:%M:%S %Y')" >>spool/Despool.log
}
open_is() { # N: rows of the table
    [ "$(value tcAlarmsOpen.0)" = "$1 alarms" ]
}
index_of() { # KEY: the number of its alarm
    ask snmpwalk -Oqs tcActiveKey
    sed -n "s/^tcActiveKey\\.\\([0-9]*\\) $1\$/\\1/p" out
}
index_is() { # KEY NUMBER
    [ "$(index_of "$1")" = "$2" ]
}
gone() { # its objects are
    ask snmpget tcEngineState.0
    has out 'No Such Object'
}
alarm_is_there() { # KEY: sets 'first'
    first=$(index_of "$1")
    [ "$first" ]
}
count() {
    grep -cF -- "$1" "$2"
}
more_than() { # N TEXT FILE
    [ "$(count "$2" "$3")" -gt "$1" ]
}
child() { # the process number of the daemon's agent
    ./truecause status -c truecause.xml --json 2>err | sed -n '/"agent"/,/}/s/.*"pid": \([0-9]*\).*/\1/p'
}
child_is_new() { # OLD
    now=$(child)
    [ "$now" ] && [ "$now" -ne 0 ] && [ "$now" -ne "$1" ]
}
# shellcheck disable=SC2086
start_daemon() {
    $as_user ./truecause forward -c truecause.xml >daemon.out 2>>daemon.err &
    DAEMON=$!
    DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
}
# shellcheck disable=SC2086
start_agent() {
    $as_user "$@" ./truecause agent -c truecause.xml >agent.out 2>>agent.err &
    AGENT=$!
    DAEMON_PIDS="$DAEMON_PIDS $AGENT"
}
configure() { # AGENT: the element
    cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state" enterprise-oid="1.3.6.1.4.1.32473.109">
  <source name="logs" format="sms-log" path="$SCRATCH/spool/despool*.log" host="ANFIELD" address="192.0.2.10" site="DOG" zone="UTC" poll="100ms"/>
  <target name="archive" type="xml" path="$SCRATCH/state/events.xml"/>
  <target name="nms" type="snmp" address="udp:127.0.0.1:$SNMPTRAPD_PORT" version="2c" community-file="community" resend="start"/>
  $1
</truecause>
END
}

"$TRUECAUSE" mib --enterprise-oid 1.3.6.1.4.1.32473.109 >mibs/TRUECAUSE-MIB.txt
: >daemon.err
: >agent.err
check "snmptrapd starts" start_snmptrapd "$SCRATCH" "$SCRATCH/mibs:$top/mibs/base" || finish
failed_copy DOG00001
failed_copy DOG00002

# --- by hand, before there is a daemon or a master agent ------------------------
configure "<agent socket=\"$SCRATCH/agentx/master\" start=\"no\"/>"
if [ "${AGENT_VALGRIND:-}" ]; then
    start_agent valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,indirect,possible \
        --error-exitcode=99 --log-file=state/valgrind.out
else
    start_agent
fi
check "no master agent is said, with what snmpd needs" says agent.err 'snmpd needs the line "master agentx"'
snmpd_start
check "the agent finds it when it comes" says agent.err "connected to the master agent at $SCRATCH/agentx/master"
check "without a daemon, the state says so" soon state_is notRunning
check "and there are no alarms" open_is 0
start_daemon
check "the daemon is seen when it comes" soon state_is running
check "and its alarms" soon open_is 2
check "its children: none" same 0 "$(child)"

# --- names, enumerations, tables --------------------------------------------------
ask snmpwalk .1.3.6.1.4.1.32473
cp out walk
check "a walk" test "$(wc -l <walk)" -ge 90
check "has names for all of it" sh -c '! grep -v "^TRUECAUSE-MIB::tc[A-Za-z0-9]*\.[0-9]* = " walk | grep .'
check "the alarms by their keys" soon alarm_is_there dist:ANFIELD:DOG00001
check "severity by name" has walk "tcActiveSeverity.$first = INTEGER: minor(5)"
check "class, too" has walk "tcActiveClass.$first = INTEGER: fileContention(3)"
check "the tag" has walk "tcActiveTag.$first = STRING: error-32-contention"
check "truth" has walk "tcActiveMisreported.$first = INTEGER: false(2)"
check "units" has walk "tcActiveCount.$first = Gauge32: 1 failures"
check "the source" grep -q '^TRUECAUSE-MIB::tcSourceState\.[0-9]* = INTEGER: followed(2)$' walk
check "the targets" grep -q '^TRUECAUSE-MIB::tcTargetName\.[0-9]* = STRING: nms$' walk
ask snmpbulkwalk -Cr40 .1.3.6.1.4.1.32473
check "in bulk, the same names" same "$(sed 's/ = .*//' walk | cksum)" "$(sed 's/ = .*//' out | cksum)"
for table in tcActiveTable tcSourceTable tcTargetTable; do
    check "$table" ask snmptable -Ci -Cw 200 "$table"
    check "$table has rows by name" grep -q 'DOG00001\|logs\|nms' out
done
id=$(value tcActiveEventId."$first" | tr -d '"')
check "the id is that of the notification" soon has snmptrapd.out "$id"

# --- orders ---------------------------------------------------------------------------
before=$(count "$id" snmptrapd.out)
check "resend" order tcResendAlarms.0 = resend
check "the notification comes again" soon more_than "$before" "$id" snmptrapd.out
check "which is shown" same 'ready' "$(value tcResendAlarms.0)"
order tcResendAlarms.0 = ready
check "nothing else can be written" has err wrongValue
order tcUptime.0 u 1
check "nowhere else" has err notWritable
ask snmpset tcResendAlarms.0 = resend
check "nor by those who may only read" has err noAccess
ask snmpget tcResendAlarms.1
check "what is not there is not there" has out 'No Such Instance'

# --- the master agent is killed, under load ---------------------------------------------
walk_on() {
    while [ -e load ]; do
        snmp snmpbulkwalk "127.0.0.1:$port" .1.3.6.1.4.1.32473 >walked 2>&1 || :
        failed_copy DOG00001
    done
}
: >load
walk_on &
walker=$!
round=0
while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    kill -9 "$SNMPD"
    wait "$SNMPD" 2>/dev/null
    snmpd_start
    check "master agent killed, round $round: served again" soon state_is running || break
done
rm load
wait "$walker"
check "the agent was the same process all the time" daemon_alive "$AGENT"
check "the alarm has kept its number" soon index_is dist:ANFIELD:DOG00001 "$first"
kill "$AGENT"
check "the agent ends when asked to" soon daemon_dead "$AGENT"
wait "$AGENT"
check "with 0" same 0 $?
if [ "${AGENT_VALGRIND:-}" ]; then
    check "valgrind is silent" test ! -s state/valgrind.out || cat state/valgrind.out
fi
check "its objects are gone with it" soon gone

# --- started by the daemon ------------------------------------------------------------------
configure "<agent socket=\"$SCRATCH/agentx/master\"/>"
kill -HUP "$DAEMON"
check "a reload starts one" soon state_is running
check "which status tells" soon status_has '^  agent  *process [0-9]*, connected'
agent=$(child)
if [ "$(id -u)" -eq 0 ]; then
    check "it is no root" same "$user" "$(stat -c %U "/proc/$agent")"
fi
kill -9 "$agent"
check "killed, another is started" soon child_is_new "$agent"
check "which serves" soon state_is running
check "and that is said" says daemon.err 'the agent ended by signal 9'
agent=$(child)
kill -STOP "$agent"
failed_copy DOG00003
check "while it hangs, forwarding goes on" says snmptrapd.out 'DOG00003 not on'
kill -CONT "$agent"
check "and it goes on then" soon open_is 3

# More alarms than the daemon tells at once.
now=$(LC_ALL=C TZ=UTC date '+%a %b %d %H:%M:%S %Y')
i=0
while [ "$i" -lt 600 ]; do
    printf '~Copying E:\\_S M0000.TMP\\a.exe to E:\\SMS_PKGE\\DOG1%04d\\a.exe, Failed, Win32 Error = 32  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n' \
        "$i" "$now"
    i=$((i + 1))
done >>spool/Despool.log
rows_are() {
    ask snmpbulkwalk -Cr40 -Oqv tcActiveKey && same "$1" "$(grep -c '^dist:ANFIELD:DOG' out)" >same.out
}
check "hundreds of alarms, each once" soon rows_are 603

# --- the daemon is killed ----------------------------------------------------------------------
before=$(count "$id" snmptrapd.out)
kill -9 "$DAEMON"
wait "$DAEMON" 2>/dev/null
check "the daemon killed, its agent goes, too" soon daemon_dead "$agent"
start_daemon
check "and comes with it" soon state_is running
check "the alarm still has its number" soon index_is dist:ANFIELD:DOG00001 "$first"
check "a target that wants it has the open alarms again" soon more_than "$before" "$id" snmptrapd.out

# --- may not ----------------------------------------------------------------------------------
if [ "$(id -u)" -eq 0 ]; then
    chmod 700 agentx
    kill -9 "$SNMPD"
    wait "$SNMPD" 2>/dev/null
    snmpd_start
    check "a folder that is closed is said, with the remedy" says daemon.err 'with agentXPerms in snmpd.conf'
    if [ "${AGENT_VALGRIND:-}" ]; then # not every day: it takes a minute
        check "after a minute it is an alarm" says state/events.xml 'key="self:AGENT:SNMP" state="raised"'
    fi
    chmod 755 agentx
    check "and tried until it is open" soon state_is running
fi
if [ "${AGENT_VALGRIND:-}" ] && [ "$(id -u)" -eq 0 ]; then
    check "which ends" says state/events.xml 'key="self:AGENT:SNMP" state="cleared"'
fi
configure ''
agent=$(child)
kill -HUP "$DAEMON"
check "a reload without <agent> ends it" soon daemon_dead "$agent"
./truecause agent -c truecause.xml >out 2>err
check "by hand it is refused, too" has err 'there is no <agent>'
: >agent.err
# shellcheck disable=SC2086
$as_user ./truecause agent --state "$SCRATCH/state" --socket "$SCRATCH/agentx/master" \
    --enterprise-oid 1.3.6.1.4.1.32473.109 >agent.out 2>agent.err &
AGENT=$!
DAEMON_PIDS="$DAEMON_PIDS $AGENT"
check "but not where all is said by options" soon state_is running
kill "$AGENT"
check "and ends" soon daemon_dead "$AGENT"
kill "$DAEMON"
check "the daemon ends" soon daemon_dead "$DAEMON"
finish
