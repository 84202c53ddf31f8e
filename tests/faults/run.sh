#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# 'make faults': forward --once is killed (SIGKILL) at random moments, FAULT_ROUNDS
# times, while it reads 20,000 records and delivers them to an XML file and a real
# rsyslogd over TCP; then it runs to its end.  The oracle is 'truecause export' of the
# same file: every event must have arrived everywhere, whatever was killed.  Then the
# receiver is killed in place of the program; what its kernel had taken and it had
# not read is lost by the nature of TCP, and is counted here.
. "${TEST_SRCDIR:?}/integration/lib.sh"
FAULT_ROUNDS=${FAULT_ROUNDS:-25}
FAULT_SEED=${FAULT_SEED:-$$}
echo "seed: FAULT_SEED=$FAULT_SEED"

# One despooler at work: a hundredth of the copies fails.
awk -v n=20000 'BEGIN {
    for (i = 0; i < n; i++) {
        s = i % 86400
        printf "~Copying E:\\_S M0000.TMP\\f%d.EXE to E:\\SMS_PKGE\\DOG%05X\\f%d.EXE, %s  $$<SMS_DESPOOLER><Thu Sep 10 %02d:%02d:%02d 1998~><thread=1D0>\r\n",
            i, int(i / 50), i, i % 100 == 7 ? "Failed, Win32 Error = 32" : "OK", int(s / 3600), int(s / 60) % 60, s % 60
    }
}' >"$SCRATCH/Despool.log"

ids_of_xml() {
    sed -n 's/^ *<\(event\|alarm\) id="\([0-9a-f]*\)".*/\2/p' "$1"
}
ids_of_syslog() {
    sed -n 's/.*\[truecause@[0-9]* id="\([0-9a-f]*\)".*/\1/p' "$SCRATCH/syslog.raw"
}
config() {
    cat >"$SCRATCH/$1.xml" <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/$1.state">
  <source format="sms-log" path="$SCRATCH/Despool.log" host="ANFIELD" zone="America/Los_Angeles"/>
  <target name="archive" type="xml" path="$SCRATCH/$1.events.xml"/>
  <target name="siem" type="syslog" address="tcp:127.0.0.1:$RSYSLOGD_PORT"/>
</truecause>
END
}
# random N: 0 .. N-1, the same for the same seed.
random() {
    FAULT_SEED=$(((FAULT_SEED * 1103515245 + 12345) % 2147483648))
    RANDOM_NUMBER=$((FAULT_SEED / 65536 % $1))
}
# lost WANT GOT: ids of WANT that are not in GOT.
lost() {
    sort -u "$2" >"$2.sorted"
    sort -u "$1" | comm -23 - "$2.sorted" | wc -l
}
nothing_new() {
    size=$(wc -c <"$SCRATCH/syslog.raw")
    [ "$size" = "${size_before-}" ] && return 0
    size_before=$size
    sleep 0.2
    return 1
}

"$TRUECAUSE" export --host ANFIELD --zone America/Los_Angeles "$SCRATCH/Despool.log" >"$SCRATCH/oracle.xml"
check "the oracle runs" same 0 $?
sed -n 's/^ *<event id="\([0-9a-f]*\)".*/\1/p' "$SCRATCH/oracle.xml" >"$SCRATCH/oracle.ids"
check "one event a record" lines_are "$SCRATCH/oracle.ids" 20000

# --- the program is killed -----------------------------------------------------
check "rsyslogd starts" start_rsyslogd "$SCRATCH" || finish
config killed
kills=0
for round in $(seq "$FAULT_ROUNDS"); do
    "$TRUECAUSE" forward -c "$SCRATCH/killed.xml" --once >"$SCRATCH/forward.out" 2>&1 &
    pid=$!
    random 12
    sleep "0.$(printf '%02d' "$RANDOM_NUMBER")"
    if daemon_alive "$pid"; then
        kill -9 "$pid"
        kills=$((kills + 1))
    fi
    wait "$pid" 2>/dev/null
    "$TRUECAUSE" --version >/dev/null || break
done
echo "killed in $kills of $round rounds"
check "it was killed at work at least once" [ "$kills" -gt 0 ]
"$TRUECAUSE" forward -c "$SCRATCH/killed.xml" --once >"$SCRATCH/forward.out" 2>&1
check "the last run comes to its end" same 0 $?
wait_until 30 nothing_new || :
ids_of_xml "$SCRATCH/killed.events.xml" >"$SCRATCH/xml.ids"
ids_of_syslog >"$SCRATCH/syslog.ids"
check "the archive is well-formed" xmllint --noout --huge "$SCRATCH/killed.events.xml"
check "no event is missing in the archive" same 0 "$(lost "$SCRATCH/oracle.ids" "$SCRATCH/xml.ids")"
check "no event is missing at the receiver" same 0 "$(lost "$SCRATCH/oracle.ids" "$SCRATCH/syslog.ids")"
check "the receiver has every alarm of the archive" same 0 "$(lost "$SCRATCH/xml.ids" "$SCRATCH/syslog.ids")"
echo "duplicates: archive $(sort "$SCRATCH/xml.ids" | uniq -d | wc -l), receiver $(sort "$SCRATCH/syslog.ids" | uniq -d | wc -l)"

# --- the receiver is killed ------------------------------------------------------
config receiver
"$TRUECAUSE" forward -c "$SCRATCH/receiver.xml" --once >"$SCRATCH/forward.out" 2>&1 &
pid=$!
: >"$SCRATCH/syslog.raw"
wait_until 20 [ -s "$SCRATCH/syslog.raw" ] || :
kill -9 "$RSYSLOGD_PID"
wait "$RSYSLOGD_PID" 2>/dev/null
wait "$pid"
status=$?
check "a target that cannot deliver is a failure, or it was quicker" [ "$status" -eq 4 -o "$status" -eq 0 ]
ids_of_syslog >"$SCRATCH/before.ids"
DAEMON_PIDS=
check "rsyslogd starts again" start_rsyslogd "$SCRATCH" || finish
config receiver
"$TRUECAUSE" forward -c "$SCRATCH/receiver.xml" --once >"$SCRATCH/forward.out" 2>&1
check "the next run delivers the rest" same 0 $?
size_before=
wait_until 30 nothing_new || :
{ cat "$SCRATCH/before.ids"; ids_of_syslog; } >"$SCRATCH/both.ids"
ids_of_xml "$SCRATCH/receiver.events.xml" >"$SCRATCH/xml.ids"
check "no event is missing in the archive" same 0 "$(lost "$SCRATCH/oracle.ids" "$SCRATCH/xml.ids")"
echo "acknowledged by the receiver's kernel and never read: $(lost "$SCRATCH/oracle.ids" "$SCRATCH/both.ids") of 20000"
finish
