#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# SNMPv3 informs to a real snmptrapd, with authentication and encryption, where the
# receiver's engine is the authoritative one: found and synchronised; its boots move
# back; it is replaced by one with another engine id; its user gets another pass
# phrase, which is an alarm, and ours again, which ends it.  The daemon runs on.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
mkdir spool
: >spool/Despool.log
echo public >community
echo 'a pass phrase for digests' >auth
echo 'a pass phrase for secrets' >priv
chmod 600 community auth priv

failed_copy() { # PACKAGE: a line as the despooler writes it, of now
    printf '~Copying E:\\_S M0000.TMP\\a.exe to E:\\SMS_PKGE\\%s\\a.exe, Failed, Win32 Error = 32  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n' \
        "$1" "$(LC_ALL=C TZ=UTC date '+%a %b %d %H:%M:%S %Y')" >>spool/Despool.log
}
# receiver NAME ENGINE PASS [LINE]: snmptrapd anew, with state of its own, at the same port.
receiver() {
    [ -z "${SNMPTRAPD_PORT:-}" ] || daemon_stop "$SNMPTRAPD_PID"
    mkdir "$1"
    printf '%s\n' ${4:+"$4"} "exactEngineID $2" "createUser truecause SHA-256 \"$3\" AES \"$(cat priv)\"" \
        "authUser log truecause priv" >"$1/snmptrapd.more"
    SNMPTRAPD_WANTED=${SNMPTRAPD_PORT:-}
    start_snmptrapd "$SCRATCH/$1" "$SCRATCH/none" -m '' -On
}
status_has() { # TEXT
    "$TRUECAUSE" status -c truecause.xml >status 2>/dev/null
    has status "$1"
}
arrives() { # NAME TEXT
    wait_until 60 has "$1/snmptrapd.out" "$2" && return 0
    tail -n 5 daemon.err
    return 1
}
# refused TARGET: how many messages of it were answered with a report, without those
# that followed a silence (of a receiver on a loaded machine), when all is found out anew.
refused() {
    "$TRUECAUSE" status -c truecause.xml --json 2>/dev/null |
        python3 -c 'import json, sys
print(*[t["refused"] - t["retries"] for t in json.load(sys.stdin)["targets"] if t["name"] == sys.argv[1]])' "$1"
}
refused_are() { # TARGET N: or more
    [ "$(refused "$1")" -ge "$2" ]
}
signs_are() { # NAME N: or more
    [ "$(grep -cF ' = OID: .1.3.6.1.4.1.32473.109.0.1' "$1/snmptrapd.out")" -ge "$2" ]
}

check "snmptrapd starts" receiver first 0x8000000001020304 "$(cat auth)" 'engineBoots 50' || finish
cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state">
  <source name="logs" format="sms-log" path="$SCRATCH/spool/despool*.log" host="ANFIELD" site="DOG" zone="UTC" poll="100ms"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml" items="alarms"/>
  <target name="nms" type="snmp" address="udp:127.0.0.1:$SNMPTRAPD_PORT" notification="inform" timeout="500ms" retries="3"
          version="3" user="truecause" auth="sha256" auth-file="auth" priv="aes128" priv-file="priv" heartbeat="1s"/>
  <target name="other" type="snmp" address="udp:127.0.0.1:$SNMPTRAPD_PORT" notification="inform"
          version="3" user="stranger" auth="sha256" auth-file="auth"/>
</truecause>
END
start_truecause() {
    "$TRUECAUSE" forward -c truecause.xml >daemon.out 2>>daemon.err &
    DAEMON=$!
    DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
}
start_truecause
failed_copy DOG00001
check "an alarm arrives" arrives first DOG00001

# The other target asks for the same engine, anew for each try, and is refused.
check "it tries" wait_until 60 refused_are other 3
check "signs of life go on" wait_until 60 signs_are first 8
refused nms >refused_nms
check "whose engine stays known to the first" test "$(cat refused_nms)" -le 1

check "the receiver is back from a backup" receiver fewer 0x8000000001020304 "$(cat auth)" || finish
failed_copy DOG00002
check "its boots moved back: an alarm arrives" arrives fewer DOG00002

check "the receiver is another one" receiver other 0x80000000010203ff "$(cat auth)" || finish
failed_copy DOG00003
check "its engine id changed: an alarm arrives" arrives other DOG00003

check "the receiver has another pass phrase" receiver wrong 0x80000000010203ff 'not the pass phrase' || finish
failed_copy DOG00004
check "that is an alarm" wait_until 60 has events.xml 'key="self:TARGET:NMS" state="raised"'
check "which says what is wrong" wait_until 60 grep -q 'takes nothing: usmStatsWrongDigests: wrong auth pass phrase or algorithm' events.xml
check "and status says whose" wait_until 60 status_has 'or algorithm, user truecause, reported by udp:127'
check "nothing was taken" same 0 "$(grep -c DOG00004 wrong/snmptrapd.out)"

daemon_stop "$DAEMON"
start_truecause
check "after a restart it is as wrong" wait_until 60 status_has 'or algorithm, user truecause, reported by udp:127'
check "and the alarm not over" same 0 "$(grep -c 'key="self:TARGET:NMS" state="cleared"' events.xml)"

check "the receiver has ours again" receiver right 0x80000000010203ff "$(cat auth)" || finish
check "what waited arrives" arrives right DOG00004
check "the alarm is over" wait_until 60 has events.xml 'key="self:TARGET:NMS" state="cleared"'
check "it ran all the time" daemon_alive "$DAEMON"
daemon_stop "$DAEMON"
finish
