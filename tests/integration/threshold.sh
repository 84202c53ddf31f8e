#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# threshold.sh - targets with different severities see whole lives of alarms: the
# first item of an alarm at each is its raise, whenever it reaches that severity;
# who saw a raise sees its clear; and that holds over a daemon that is killed.
. "${TEST_SRCDIR:?}/integration/lib.sh"
targets='critical major warning'

# Times of records are minutes after this one.  All are past, and the first alarm is
# not open for so long that age alone makes it major.
base=$(($(date +%s) - 4800))
log() { # TEXT MINUTE [COMPONENT]: a line as the despooler writes it
    printf '%s  $$<%s><%s~><thread=1D0>\r\n' "$1" "${3:-SMS_DESPOOLER}" \
        "$(LC_ALL=C date -u -d "@$((base + $2 * 60))" '+%a %b %d %H:%M:%S %Y')" >>spool/Despool.log
}
copy() { # OUTCOME MINUTE: one run of the instruction with one file
    log '~Found ready instruction ds_00021.try' "$2"
    log "~Copying E:\\_S M0000.TMP\\filename.EXE to E:\\SMS_PKGE\\DOG0005D\\filename.EXE, $1" "$2"
    case $1 in OK) ;; *) log '~Despooler failed to execute the instruction, error code = 38a' "$2" ;; esac
}
# lives TARGET: "KEY STATE SEVERITY CLASS REASON" of each alarm change that it got, once
# however often it came: by trap a clear is sent again.
lives() {
    awk -F ' = ' '
        function flush() { if (v["tcKey"] != "" && !seen[v["tcEventId"]]++)
            print v["tcKey"], v["tcState"], v["tcSeverity"], v["tcClass"], v["tcClearReason"]; split("", v) }
        /^SNMPv2-MIB::snmpTrapOID/ { flush() }
        /^TRUECAUSE-MIB::tc/ { name = $1; sub(/^TRUECAUSE-MIB::/, "", name); sub(/\.0$/, "", name); v[name] = substr($0, length($1) + 4) }
        END { flush() }' "$1/snmptrapd.out" | sed 's/ *$//'
}
has_line() { # TARGET LINE
    lives "$1" | grep -qxF -- "$2"
}
soon() { # TARGET LINE
    wait_until 60 has_line "$1" "$2" && return 0
    echo "never at $1: $2"
    lives "$1"
    return 1
}
start_daemon() {
    "$TRUECAUSE" forward -c truecause.xml >>daemon.out 2>>daemon.err &
    DAEMON=$!
    DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
}

# whole_lives trap|inform: in a folder of its own.
whole_lives() {
    way=$1
    here=$SCRATCH/$way
    mkdir "$here" && cd "$here" && mkdir mibs spool || exit 1
    "$TRUECAUSE" mib >mibs/TRUECAUSE-MIB.txt
    echo public >community
    chmod 600 community
    {
        echo "<truecause xmlns=\"urn:truecause:config:1\" state=\"$here/state\">"
        echo "  <source format=\"sms-log\" path=\"$here/spool/despool*.log\" host=\"ANFIELD\" zone=\"UTC\" poll=\"100ms\"/>"
        for target in $targets; do
            mkdir "$target"
            start_snmptrapd "$here/$target" "$here/mibs:$TEST_SRCDIR/../mibs/base" -m TRUECAUSE-MIB -OQ -F '%V\n%v\n' ||
                exit 1
            echo "  <target name=\"$target\" type=\"snmp\" address=\"udp:127.0.0.1:$SNMPTRAPD_PORT\" version=\"2c\"" \
                "notification=\"$way\" community-file=\"community\" severity=\"$target\"/>"
        done
        echo '</truecause>'
    } >truecause.xml
    log '~Waiting for ready instruction file....' 0
    start_daemon

    A=dist:ANFIELD:DOG0005D
    B=stall:ANFIELD:1000TS01.INS
    copy 'Failed, Win32 Error = 32' 5
    check "raised at minor" soon warning "$A raised minor fileContention"
    copy 'Failed, Win32 Error = 32' 10
    check "again" soon warning "$A updated minor fileContention"
    copy 'Failed, Win32 Error = 32' 15
    check "escalated to major, where it was known" soon warning "$A updated major fileContention"
    check "escalated to major, where it was not" soon major "$A raised major fileContention"

    # What each was told is not forgotten with the process.
    kill -9 "$DAEMON"
    wait "$DAEMON" 2>/dev/null
    start_daemon
    copy 'Failed, Win32 Error = 5' 20
    check "reclassified: the old class ends" soon warning "$A cleared cleared fileContention reclassified"
    check "reclassified: where its raise went, too" soon major "$A cleared cleared fileContention reclassified"
    check "reclassified: the new class begins" soon warning "$A raised minor accessDenied"
    copy OK 25
    check "cleared" soon warning "$A cleared cleared accessDenied all files copied"
    log '~Found ready instruction 1000tS01.ins' 30
    log '~failed to open D:\SMS\SITE.SRV\DESPOOLR.BOX\RECEIVE\1000tS01.ins WIN32 ERROR = 32' 30
    log '~Cannot decompress instruction file' 30
    check "another alarm, major from the start" soon major "$B raised major stall"
    log '~Waiting for ready instruction file....' 61
    check "escalated to critical" soon critical "$B raised critical stall not opened again for 30 min"
    log 'SMS_EXECUTIVE stopped' 65 SMS_EXECUTIVE
    for target in $targets; do
        check "cleared at $target" soon "$target" "$B cleared cleared stall restarted"
    done

    # A target that has the last item has all before it, but for those that were lost on
    # the way: none is, on loopback.
    check "all that critical got" same "$B raised critical stall not opened again for 30 min
$B cleared cleared stall restarted" "$(lives critical)"
    check "all that major got" same "$A raised major fileContention
$A cleared cleared fileContention reclassified
$B raised major stall
$B updated critical stall not opened again for 30 min
$B cleared cleared stall restarted" "$(lives major)"
    check "all that warning got" same "$A raised minor fileContention
$A updated minor fileContention
$A updated major fileContention
$A cleared cleared fileContention reclassified
$A raised minor accessDenied
$A cleared cleared accessDenied all files copied
$B raised major stall
$B updated critical stall not opened again for 30 min
$B cleared cleared stall restarted" "$(lives warning)"
    daemons_stop
}

for notification in trap inform; do
    whole_lives "$notification"
done
finish
