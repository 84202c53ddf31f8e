#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# nms.sh - the packs in use: the daemon reads a growing log and sends traps; a real
# snmptrapd hands them to a real SNMPTT, which translates them by our file and
# hands passive results to a real Icinga 2.  Raised, escalated, reclassified,
# cleared; and notifications that want to be commands of a shell.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
packs=$TEST_SRCDIR/../mibs/packs
mkdir mibs spool open icinga

# log TEXT MINUTE: a line as the despooler writes it, so many minutes after 'base'.  All
# are past, and no alarm is open for so long that its age alone makes it worse.
base=$(($(date +%s) - 3000))
log() {
    printf '%s  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n' "$1" \
        "$(LC_ALL=C date -u -d "@$((base + $2 * 60))" '+%a %b %d %H:%M:%S %Y')" >>spool/Despool.log
}
# copy FILE OUTCOME MINUTE: one run of the instruction with one file.
copy() {
    log '~Found ready instruction ds_00021.try' "$3"
    log "~Copying E:\\_S M0000.TMP\\$1 to E:\\SMS_PKGE\\DOG0005D\\$1, $2" "$3"
    case $2 in OK) ;; *) log '~Despooler failed to execute the instruction, error code = 38a' "$3" ;; esac
}
# soon FILE TEXT: it comes.
soon() {
    wait_until 120 has "$1" "$2" && return 0
    echo "never in $1: $2"
    tail -n 20 "$1" snmptt.err daemon.err
    return 1
}
count() { # TEXT FILE
    grep -cF -- "$1" "$2" || :
}

# --- the receivers, as truecause-snmp(7) says ---------------------------------
"$TRUECAUSE" mib --enterprise-oid 1.3.6.1.4.1.32473.109 >mibs/TRUECAUSE-MIB.txt
cp "$packs/truecause-result" result
sed -e 's/^#EXEC /EXEC /' -e "s|/usr/local/bin/truecause-result|$SCRATCH/result|" "$packs/snmptt.conf" >snmptt.conf
cat >result.conf <<END
COMMAND_FILE=$SCRATCH/icinga/run/icinga2.cmd
STATE=$SCRATCH/open
host_name() {
    case \$1 in localhost | 127.0.0.1) echo collector ;; *) printf '%s\n' "\$1" ;; esac
}
END
# The settings of the package, with our folders.
sed -e "s|^log_file *=.*|log_file = $SCRATCH/snmptt.log|" -e 's|^syslog_enable *=.*|syslog_enable = 0|' \
    -e 's|^syslog_system_enable *=.*|syslog_system_enable = 0|' -e "s|^/etc/snmp.*/snmptt.conf|$SCRATCH/snmptt.conf|" \
    -e 's|^unknown_trap_log_enable *=.*|unknown_trap_log_enable = 1|' \
    -e "s|^unknown_trap_log_file *=.*|unknown_trap_log_file = $SCRATCH/unknown.log|" /etc/snmp/snmptt.ini >snmptt.ini
: >snmptt.log
: >unknown.log
: >snmptt.err
cat >handler <<END
#!/bin/sh
TRUECAUSE_RESULT=$SCRATCH/result.conf exec snmptt --ini=$SCRATCH/snmptt.ini >>$SCRATCH/snmptt.out 2>>$SCRATCH/snmptt.err
END
chmod 755 handler
echo "traphandle default $SCRATCH/handler" >snmptrapd.more
check "snmptrapd starts" start_snmptrapd "$SCRATCH" "$SCRATCH/mibs:$TEST_SRCDIR/../mibs/base" -On || finish

cat >told.sh <<END
#!/bin/sh
printf '%s|%s|%s|%s\n' "\$HOST" "\$SERVICE" "\$STATE" "\$OUTPUT" >>$SCRATCH/told
END
: >told
cat >icinga/icinga2.conf <<END
include <itl>
object IcingaApplication "app" { }
object CheckerComponent "checker" { }
object NotificationComponent "notification" { }
object ExternalCommandListener "command" { command_path = InitRunDir + "/icinga2.cmd" }
include "$packs/icinga2.conf"
object Host "ANFIELD" {
  check_command = "dummy"
  vars.truecause = true
}
object Host "collector" {
  check_command = "dummy"
  vars.truecause_collector = true
}
object User "operator" { }
object NotificationCommand "tell" {
  command = [ "/bin/sh", "$SCRATCH/told.sh" ]
  env.HOST = "\$host.name\$"
  env.SERVICE = "\$service.name\$"
  env.STATE = "\$service.state\$"
  env.OUTPUT = "\$service.output\$"
}
apply Notification "tell" to Service {
  command = "tell"
  users = [ "operator" ]
  assign where true
}
END
check "icinga2 takes the services" sh -c 'icinga2 daemon -C -c "$1/icinga2.conf" -DCacheDir="$1" \
    -DRunAsUser="$(id -un)" -DRunAsGroup="$(id -gn)" >"$1/check.out" 2>&1 || { cat "$1/check.out"; exit 1; }' sh "$SCRATCH/icinga"
check "icinga2 starts" start_icinga2 "$SCRATCH/icinga" "$SCRATCH/icinga/icinga2.conf" || finish

# --- the daemon -----------------------------------------------------------------
echo public >community
chmod 600 community
cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state" enterprise-oid="1.3.6.1.4.1.32473.109">
  <source format="sms-log" path="$SCRATCH/spool/despool*.log" host="ANFIELD" address="192.0.2.10" site="DOG" zone="UTC" poll="100ms"/>
  <target name="nms" type="snmp" address="udp:127.0.0.1:$SNMPTRAPD_PORT" version="2c" community-file="community" heartbeat="2s"/>
</truecause>
END
log '~Waiting for ready instruction file....' 0
"$TRUECAUSE" forward -c truecause.xml >daemon.out 2>daemon.err &
DAEMON_PIDS="$DAEMON_PIDS $!"
check "a sign of life reaches SNMPTT" soon snmptt.log 'Normal "Truecause notice"' || finish

# --- raised ------------------------------------------------------------------------
copy filename.EXE 'Failed, Win32 Error = 32' 5
check "raised: the severity is that of the varbind" soon snmptt.log 'Minor "Truecause file-contention"'
check "raised: the line" soon snmptt.log 'minor: DOG0005D'
check "raised: Icinga warns" soon told 'ANFIELD|truecause|WARNING|minor: DOG0005D'

# --- escalated ---------------------------------------------------------------------
copy filename.EXE 'Failed, Win32 Error = 32' 10
copy filename.EXE 'Failed, Win32 Error = 32' 15
check "escalated: another severity by the same trap" soon snmptt.log 'Major "Truecause file-contention"'
check "escalated: Icinga says critical" soon told 'ANFIELD|truecause|CRITICAL|major: DOG0005D'

# --- reclassified ------------------------------------------------------------------
copy filename.EXE 'Failed, Win32 Error = 5' 20
check "reclassified: the old class ends" soon snmptt.log 'reason reclassified'
check "reclassified: the new class begins" soon snmptt.log '"Truecause access-denied"'
wait_until 60 grep -q 'ANFIELD|truecause|[A-Z]*|[a-z]*: DOG0005D.*denied' told
check "reclassified: Icinga has the new one" grep -q 'ANFIELD|truecause|\(WARNING\|CRITICAL\)|[a-z]*: DOG0005D.*denied' told

# --- another thing fails on the same host, and the first is mended -----------------------
log '~The package directory E:\SMS_PKGE\DOG00061 was emptied.' 22
check "a second alarm of the host" soon told 'ANFIELD|truecause|CRITICAL|major: DOG00061'
copy filename.EXE OK 25
check "cleared: SNMPTT" soon snmptt.log 'Normal "Truecause access-denied"'
check "cleared: the worst of what is left stays" wait_until 60 grep -q 'ANFIELD|truecause|CRITICAL|cleared: .*DOG0005D.*(1 open)' told
log '~Found ready instruction ds_00022.sni' 30
log '~Decompressing package DOG00061 to E:\_S M0000.TMP' 30
log '~Despooler successfully executed one instruction.' 30
check "all cleared: Icinga says so" wait_until 60 grep -q 'ANFIELD|truecause|OK|cleared: .*DOG00061' told
check "nothing is kept of it" sh -c '[ ! -s "$1" ]' sh open/host-ANFIELD
check "no notification was unknown to SNMPTT" sh -c '[ ! -s "$1" ] || { cat "$1"; exit 1; }' sh unknown.log
check "nor a complaint of the script" sh -c '! grep -e truecause-result -e result: "$1"' sh snmptt.err

# --- the collector itself -------------------------------------------------------------
# notice DROPPED SUMMARY
notice() {
    set -- "$1" "$2" 1.3.6.1.4.1.32473.109
    SNMPCONFPATH=$SCRATCH SNMP_PERSISTENT_DIR=$SCRATCH MIBS='' \
        snmptrap -v 2c -c public "127.0.0.1:$SNMPTRAPD_PORT" '' "$3.0.1" "$3.1.28.0" c 1 \
        "$3.1.29.0" c 1 "$3.1.30.0" c 0 "$3.1.31.0" c "$1" "$3.1.32.0" u 0 "$3.1.33.0" s '' "$3.1.26.0" u 1 "$3.1.5.0" s "$2" >/dev/null
}
notice 5 'a notice that five were given up'
check "given up: SNMPTT warns" soon snmptt.log 'Warning "Truecause notice"'
check "given up: Icinga warns" soon told 'collector|truecause-heartbeat|WARNING|a notice that five'
check "the next sign of life is all right" soon told 'collector|truecause-heartbeat|OK|Alive'

# --- who is not to be trusted ------------------------------------------------------
# trap KEY SUMMARY: tcStallRaised, critical, from the host ANFIELD.
trap_of() {
    set -- "$1" "$2" 1.3.6.1.4.1.32473.109
    SNMPCONFPATH=$SCRATCH SNMP_PERSISTENT_DIR=$SCRATCH MIBS='' \
        snmptrap -v 2c -c public "127.0.0.1:$SNMPTRAPD_PORT" '' "$3.0.6" \
        "$3.1.1.0" s "$1" "$3.1.2.0" s 00000000000000000000000000000000 "$3.1.3.0" i 1 "$3.1.4.0" i 3 "$3.1.5.0" s "$2" \
        "$3.1.6.0" i 5 "$3.1.7.0" s '' "$3.1.8.0" i 1 "$3.1.9.0" i 2 "$3.1.10.0" i 4 "$3.1.11.0" i 32 "$3.1.12.0" s DOG \
        "$3.1.13.0" s ANFIELD >/dev/null
}
newline='
'
trap_of "STALL:ANFIELD:A'; touch owned1; '" "one \$(touch owned2) \`touch owned3\`; touch owned4 & \"touch owned5\" '; touch owned6 #"
trap_of 'STALL:ANFIELD:B' "two${newline}[0] PROCESS_SERVICE_CHECK_RESULT;ANFIELD;truecause;0;forged | touch owned7"
trap_of 'STALL:ANFIELD:$(touch owned8)|x' "three \\'; touch owned9; \\' TRUECAUSE-END'; touch owned10 '"
trap_of 'STALL:ANFIELD:C' 'four: the last'
check "all of them arrive" soon told 'four: the last'
check "one with quotes, too" soon told 'critical: one'
check "none of them is a command" sh -c '! ls "$1" | grep owned; [ -z "$(find "$1" / -maxdepth 1 -name "owned*")" ]' sh "$SCRATCH"
check "and none a result of its own" sh -c '! grep "|OK|.*forged" "$1"' sh told
finish
