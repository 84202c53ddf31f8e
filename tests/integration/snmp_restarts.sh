#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# snmp_restarts.sh - the daemon is started again and again, every second time after
# kill -9, and sends SNMPv3 traps (authPriv) to a real snmptrapd, which drops what
# has older boots or an older time than it has seen: engine id constant, boots
# strictly rising, every alarm change received.  Six starts; `make snmp-restarts`
# makes RESTARTS=100.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
rounds=${RESTARTS:-6}
mkdir spool home home/.snmp
: >spool/Despool.log

# Settings of net-snmp that would show, if they were read.
printf 'clientaddr 127.0.0.9\ndefContext poison\n' >home/.snmp/snmp.conf
export HOME="$SCRATCH/home"
unset SNMPCONFPATH SNMP_PERSISTENT_DIR SNMP_PERSISTENT_FILE

start_daemon() {
    "$TRUECAUSE" forward -c truecause.xml >daemon.out 2>>daemon.err &
    DAEMON=$!
    DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
}
# failed_copy PACKAGE: a line as the despooler writes it, of now; each on a server of
# its own, because many of one server would be told as one storm.
failed_copy() {
    printf '~Copying E:\\_S M0000.TMP\\a.exe to \\\\SRV%s\\SMS_PKGE\\%s\\a.exe, Failed, Win32 Error = 32  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n' \
        "${1#DOG}" "$1" "$(LC_ALL=C TZ=UTC date '+%a %b %d %H:%M:%S %Y')" >>spool/Despool.log
}
# alarms: the id of each alarm change in the archive; received: of each in snmptrapd's output
alarms() {
    sed -n 's/^ *<alarm id="\([0-9a-f]*\)" .*/\1/p' events.xml | sort -u
}
received() {
    tr '\t' '\n' <snmptrapd.out | sed -n 's/.*tcEventId\.0 = STRING: //p' | sort -u
}
has_come() { # TEXT
    grep -qF -- "$1" snmptrapd.out
}
all_come() {
    alarms >want
    received | grep -xFf want >got
    [ -s want ] && cmp -s want got
}
answers() {
    "$TRUECAUSE" status -c truecause.xml --json >status.json 2>/dev/null
}
# engine WORD: a value of the engine in status.json
engine() {
    sed -n '/"snmp_engine"/,/}/s/.*"'"$1"'": *"\{0,1\}\([0-9a-f]*\).*/\1/p' status.json
}

"$TRUECAUSE" mib >TRUECAUSE-MIB.txt
printf 'a pass phrase of mine\n' >auth
printf 'and another, for secrets\n' >priv
echo public >community
chmod 600 auth priv community
configure() { # ENGINE-ID PORT
    cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state" $1>
  <source format="sms-log" path="$SCRATCH/spool/despool*.log" host="ANFIELD" site="DOG" zone="UTC" poll="50ms"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml" items="alarms"/>
  <target name="nms" type="snmp" address="udp:127.0.0.1:$2" version="3" user="ada"
          auth="sha256" auth-file="auth" priv="aes128" priv-file="priv"/>
  <target name="marker" type="snmp" address="udp:127.0.0.1:$2" community-file="community" severity="critical"/>
</truecause>
END
}

# The first start makes an id, which the receiver is then told.
configure "" 9
mkdir -m 700 state
start_daemon
check "the daemon starts" wait_until 60 answers || finish
id=$(engine id)
check "an id was made: the enterprise, the form for octets, twelve at random" \
    sh -c 'echo "$1" | grep -Eqx "80007ed905[0-9a-f]{24}"' sh "$id"
check "and it is the first time" same 1 "$(engine boots)"
check "people see it too" sh -c '"$1" status -c truecause.xml | grep -q "SNMP engine *$2, boots 1, for"' sh "$TRUECAUSE" "$id"
check "check shows it" sh -c '"$1" check -c truecause.xml | grep -qx "SNMP engine: $2, boots 1"' sh "$TRUECAUSE" "$id"
daemon_stop "$DAEMON"
cat >snmptrapd.more <<END
createUser -e 0x$id ada SHA-256 "$(cat auth)" AES "$(cat priv)"
authUser log ada priv
END
start_snmptrapd "$SCRATCH" "$SCRATCH:$TEST_SRCDIR/../mibs/base" -m TRUECAUSE-MIB || exit 1
configure "" "$SNMPTRAPD_PORT"

boots=1
round=1
while [ "$round" -le "$rounds" ]; do
    package=$(printf 'DOG%05d' "$round")
    start_daemon
    failed_copy "$package"
    wait_until 60 has_come "$package" || { check "start $round: $package arrives" false; break; }
    wait_until 60 answers || { check "start $round: status answers" false; break; }
    [ "$(engine id)" = "$id" ] || { check "start $round: the id stays" same "$id" "$(engine id)"; break; }
    [ "$(engine boots)" -gt "$boots" ] || { check "start $round: boots rise over $boots" false; break; }
    boots=$(engine boots)
    if [ $((round % 2)) -eq 0 ]; then
        kill -9 "$DAEMON"
        wait "$DAEMON" 2>/dev/null
    else
        daemon_stop "$DAEMON"
    fi
    round=$((round + 1))
done
check "$rounds starts: engine id constant, boots strictly rising, each alarm received" test "$round" -gt "$rounds"
check "one boot for each start, none for another reason" same $((rounds + 1)) "$boots"

# A command beside the daemon changes nothing for it.
start_daemon
check "the daemon starts once more" wait_until 60 answers
before=$(engine boots)
check "send-test beside it" "$TRUECAUSE" send-test -c truecause.xml nms
check "is received" wait_until 60 has_come "TEST, nothing failed"
failed_copy DOG99998
check "what the daemon sends next is received" wait_until 60 has_come DOG99998
answers
check "its boots are as before" same "$before" "$(engine boots)"
check "every alarm change has come" wait_until 60 all_come
daemon_stop "$DAEMON"
check "send-test without it" "$TRUECAUSE" send-test -c truecause.xml nms --clear
check "is received, too" wait_until 60 has_come "CLEARED: TEST, nothing failed"

# The receiver does drop what has older boots: what was shown above could have failed.
# The marker, by SNMPv2c to the same port, comes after what is dropped.
sed "s/^$id [0-9]* /$id 1 /" state/snmp-engine >old && cat old >state/snmp-engine
: >snmptrapd.out
check "with boots moved back" "$TRUECAUSE" send-test -c truecause.xml nms
check "and a marker" "$TRUECAUSE" send-test -c truecause.xml marker --clear
check "the marker is received" wait_until 60 has_come "CLEARED: TEST, nothing failed"
check "the other is not" sh -c '! grep -q "TEST, nothing failed: TEST0001 not on" snmptrapd.out'

check "no setting of net-snmp was read" sh -c '! grep -q -e "127\.0\.0\.9" -e poison snmptrapd.out'
check "and nothing written where it keeps its own" \
    same "$SCRATCH/home/.snmp/snmp.conf" "$(find "$SCRATCH/home" -type f)"
finish
