#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A real rsyslogd receives an Event 109 as Snare, evtsys and NXLog send it and
# writes it to files with each of its own templates; the format relay-line finds
# the same facts in all of them.
. "${TEST_SRCDIR:?}/integration/lib.sh"

# start_relay: rsyslogd with its own parsers and templates, defaults otherwise.
start_relay() {
    for relay_try in 1 2 3 4 5; do
        RELAY_PORT=$(free_port)
        cat >"$SCRATCH/relay.conf" <<END
global(workDirectory="$SCRATCH" net.enableDNS="off" maxMessageSize="16k")
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="$RELAY_PORT")
action(type="omfile" file="$SCRATCH/traditional" template="RSYSLOG_TraditionalFileFormat" asyncWriting="off")
action(type="omfile" file="$SCRATCH/iso" template="RSYSLOG_FileFormat" asyncWriting="off")
action(type="omfile" file="$SCRATCH/protocol23" template="RSYSLOG_SyslogProtocol23Format" asyncWriting="off")
END
        rsyslogd -n -f "$SCRATCH/relay.conf" -i "$SCRATCH/relay.pid" >"$SCRATCH/relay.err" 2>&1 &
        RELAY_PID=$!
        wait_until 10 daemon_ready "$RELAY_PID" udp "$RELAY_PORT" || :
        if daemon_alive "$RELAY_PID" && port_open udp "$RELAY_PORT"; then
            DAEMON_PIDS="$DAEMON_PIDS $RELAY_PID"
            return 0
        fi
        daemon_stop "$RELAY_PID"
    done
    cat "$SCRATCH/relay.err"
    return 1
}

all_written() {
    for file in traditional iso protocol23; do
        [ "$(grep -c . "$SCRATCH/$file" 2>/dev/null)" = 4 ] || return 1
    done
}

check "rsyslogd starts" start_relay || finish
python3 - "$RELAY_PORT" <<'END'
import socket, sys

path = r"\\ANFIELD\SMS_PKGE\DOG0005D"
said = ("Failed to install package. There isn't sufficient disk space on package server %s. Disk space available on "
        "that server is %s megabytes, space required is %s megabytes.")
snare = "\t".join(["MSWinEventLog", "1", "Application", "12", "Thu Sep 10 09:55:37 1998", "109", "SMS", "N/A", "N/A",
                   "Error", "ANFIELD", "None", "", said % (path, "", ""), "77"])
json = ('{"EventTime":"1998-09-10 09:55:37","Hostname":"ANFIELD","EventType":"ERROR","EventID":109,"SourceName":"SMS",'
        '"RecordNumber":77,"FileName":"Application","Message":"%s"}' % (said % (path, "", "")).replace("\\", "\\\\"))
to = ("127.0.0.1", int(sys.argv[1]))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    for head, body in (("<11>Sep 10 09:55:37 anfield ", snare),
                       ("<11>Sep 10 09:55:37 anfield ", "SMS: 109: " + " ".join((said % (path, "", "")).split())),
                       ("<11>Sep 10 09:55:37 anfield ", "nxlog: " + json),
                       ("<11>1 1998-09-10T16:55:37Z anfield Snare - - - ", snare)):
        s.sendto((head + body).encode(), to)
END
check "the lines are sent" same 0 $?
check "rsyslogd writes all of them to each file" wait_until 20 all_written || finish
for file in traditional iso protocol23; do
    "$TRUECAUSE" export -o "$SCRATCH/$file.xml" "$SCRATCH/$file" 2>"$SCRATCH/err"
    check "$file: is read" same 0 $?
    grep '<event ' "$SCRATCH/$file.xml" >"$SCRATCH/events"
    check "$file: four events" lines_are "$SCRATCH/events" 4
    check "$file: known by itself" same 4 "$(grep -c 'format="relay-line"' "$SCRATCH/events")"
    for fact in 'host="ANFIELD"' 'provider="SMS"' 'event="109"' 'package="DOG0005D" server="ANFIELD" share="SMS_PKGE"' \
        'figures="blank"' 'misreported="true"'; do
        check "$file: $fact in each" same 4 "$(grep -cF -- "$fact" "$SCRATCH/events")"
    done
    check "$file: the record's own time in three" same 3 "$(grep -cF 'local="1998-09-10T09:55:37"' "$SCRATCH/events")"
done
finish
