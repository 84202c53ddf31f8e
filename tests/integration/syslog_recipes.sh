#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# truecause-syslog(7): its recipes for rsyslog and syslog-ng receive what the sample
# has, as they are written but for ports and folders; its expressions for Splunk find in
# the same messages, and in hostile ones, what stands there; the pipeline for Elasticsearch
# is that of the page; and every parameter that a message can have stands in it.
# `make peers-siem` runs those of Elastic and Graylog.
. "${TEST_SRCDIR:?}/integration/lib.sh"
page=$TEST_SRCDIR/../doc/truecause-syslog.7
cd "$SCRATCH" || exit 1
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

# --- certificates, as the recipes name them -------------------------------------------
check "certificates" python3 - "$TEST_SRCDIR/faults" <<'END'
import shutil, sys
sys.path.insert(0, sys.argv[1])
from certs import Authority
ca = Authority("ca")
for name, san in (("siem", "DNS:siem.example.org,IP:127.0.0.1"), ("collector", "DNS:collector.example.org")):
    for file, to in zip(ca.sign(name, san), (name + ".pem", name + ".key")):
        shutil.copy(file, to)
shutil.copy(ca.certificate, "ca.pem")
END

# --- the examples of the page ----------------------------------------------------------
# example HEADING N: the Nth display below it, as a reader sees it, with folders and ports of ours.
example() {
    awk -v heading=".Ss $1" -v n="$2" '/^\.S[hs]/ { in_it = $0 == heading } /^\.Ed/ { on = 0 } on
        in_it && /^\.Bd/ { on = ++seen == n }' "$page" |
        sed -e 's/\\e/\\/g' -e "s|/etc/ssl/truecause|$SCRATCH|; s|/var/log/|$SCRATCH/log/|" \
            -e "s/port=\"[0-9]*\"/address=\"127.0.0.1\" port=\"$PORT\"/; s/0\.0\.0\.0/127.0.0.1/; s/port([0-9]*)/port($PORT)/"
}
# one_line HEADING: the target below it, where it is one line.
one_line() {
    awk -v heading=".Ss $1" '/^\.S[hs]/ { in_it = $0 == heading } in_it && sub(/^\.Dl <target/, "<target")' "$page"
}
# forward HEADING N: the sample, to the target that the recipe names.
forward() {
    rm -rf state
    {
        echo "<truecause xmlns=\"urn:truecause:config:1\" state=\"$SCRATCH/state\" enterprise-oid=\"1.3.6.1.4.1.32473.109\">"
        for file in Despool.log AppEvent.xml; do
            echo "<source format=\"auto\" path=\"$TEST_SRCDIR/data/sample/$file\" host=\"ANFIELD\" address=\"192.0.2.10\""
            echo " site=\"DOG\" zone=\"America/Los_Angeles\"/>"
        done
        [ ! -e Hostile.log ] || echo "<source format=\"auto\" path=\"$SCRATCH/Hostile.log\" host=\"ANFIELD\" zone=\"America/Los_Angeles\"/>"
        echo "<target name=\"archive\" type=\"xml\" path=\"$SCRATCH/events.xml\"/>"
        { example "$1" "$2"; one_line "$1"; } | grep . | sed -e "s/[a-z]*\.example\.org:[0-9]*/127.0.0.1:$PORT/"
        echo '</truecause>'
    } >truecause.xml
    rm -f events.xml
    "$TRUECAUSE" forward -c truecause.xml --once >forward.out 2>&1 && return 0
    cat forward.out
    return 1
}
items() {
    grep -c '^ *<\(event\|alarm\) ' events.xml
}
arrived() {
    [ -e log/truecause.log ] && [ "$(wc -l <log/truecause.log)" -ge "$(items)" ]
}
# The messages in the file are those sent, with their structured data.
whole() {
    check "$1: all items arrive" wait_until 60 arrived
    check "$1: and each once" same "$(items)" "$(wc -l <log/truecause.log)"
    sed -n 's/^ *<[a-z]* id="\([0-9a-f]*\)".*/\1/p' events.xml | sort >ids
    sed -n 's/.*\[truecause@32473 id="\([0-9a-f]*\)".*/\1/p' log/truecause.log | sort >got
    check "$1: by their ids" cmp -s ids got
    check "$1: from the host that wrote them" same "$(items)" "$(grep -c ' ANFIELD truecause ' log/truecause.log)"
    check "$1: with the true cause" has log/truecause.log 'claim="disk-full" figures="blank" cause="file-contention" misreported="true"'
}
alarms() {
    check "$1: alarms apart" wait_until 60 lines_are log/truecause-alarms.log "$(grep -c '^ *<alarm ' events.xml)"
    check "$1: by key and state" grep -q 'ANFIELD dist:ANFIELD:DOG0005D updated DOG0005D not on .*not disk space' log/truecause-alarms.log
}
start_rsyslogd_with() {
    for try in 1 2 3; do
        PORT=$(free_port)
        rm -rf log && mkdir log
        { echo "global(workDirectory=\"$SCRATCH\" net.enableDNS=\"off\")"; example "$1" 1; } >rsyslog.conf
        rsyslogd -n -f "$SCRATCH/rsyslog.conf" -i "$SCRATCH/rsyslogd.pid" >rsyslogd.err 2>&1 &
        DAEMON_PIDS="$DAEMON_PIDS $!"
        wait_until 60 daemon_ready "$!" tcp "$PORT"
        port_open tcp "$PORT" && return 0
    done
    echo "rsyslogd did not start ($try tries)"
    cat rsyslogd.err
    return 1
}

heading='rsyslog, over TLS'
check "$heading: it starts" start_rsyslogd_with "$heading" || finish
check "$heading: the sample goes there" forward "$heading" 2
whole "$heading"
alarms "$heading"
check "$heading: without a complaint" same '' "$(grep -v '^$' rsyslogd.err)"
daemons_stop

heading='rsyslog, over RELP'
check "$heading: it starts" start_rsyslogd_with "$heading" || finish
if forward "$heading" 2 >forward.relp; then
    whole "$heading"
else
    check "$heading: a program without it says so" grep -qi 'relp' forward.relp
fi
daemons_stop

heading='syslog-ng, over TLS'
PORT=$(free_port)
rm -rf log && mkdir log
example "$heading" 1 >syslog-ng.conf
check "$heading: it starts" start_syslog_ng "$SCRATCH" "$PORT" || finish
check "$heading: the sample goes there" forward 'rsyslog, over TLS' 2
whole "$heading"
alarms "$heading"
daemons_stop

# --- what can be tried without the receiver --------------------------------------------
# Names of files that quote, escape, and look like a parameter of a message.
cat >Hostile.log <<'END'
~Copying E:\_S M0000.TMP\x" state="cleared" key="dist:ANFIELD:DOG0005D" y.exe to E:\SMS_PKGE\DOG00001\x" state="cleared" key="dist:ANFIELD:DOG0005D" y.exe, Failed, Win32 Error = 32  $$<SMS_DESPOOLER><Fri Sep 11 09:55:01 1998~><thread=1D0>
~Copying E:\_S M0000.TMP\[truecause@32473 key="forged"] y\ to E:\SMS_PKGE\DOG00002\[truecause@32473 key="forged"] y\, Failed, Win32 Error = 5  $$<SMS_DESPOOLER><Fri Sep 11 09:55:02 1998~><thread=1D0>
END
{
    printf '~Copying E:\\_S M0000.TMP\\'
    awk 'BEGIN { for (i = 0; i < 1500; i++) printf "l\"" }'
    printf '.exe to E:\\SMS_PKGE\\DOG00003\\long.exe, Failed, Win32 Error = 32  '
    printf '$$<SMS_DESPOOLER><Fri Sep 11 09:55:03 1998~><thread=1D0>\n'
} >>Hostile.log
cat >lines.py <<'END'
import os, socket
listener = socket.create_server(("127.0.0.1", 0))
with open("port.new", "w") as f:
    f.write("%d\n" % listener.getsockname()[1])
os.rename("port.new", "port")
with open("messages", "wb", buffering=0) as f:
    while True:
        peer, _ = listener.accept()
        while part := peer.recv(65536):
            f.write(part)
END
rm -f messages
python3 lines.py &
DAEMON_PIDS="$DAEMON_PIDS $!"
check "Splunk: a receiver of lines" wait_until 60 test -s port || finish
PORT=$(cat port)
example Splunk 1 >splunk.conf
check "Splunk: the sample goes there, and what is hostile" forward Splunk 2
check "Splunk: as lines" wait_until 60 lines_are messages "$(items)"
check "Splunk: with the text that looks like parameters" grep -q '\] DOG00001 .* key="dist:ANFIELD:DOG0005D"' messages
check "Splunk: its expressions find host and parameters, and no others" \
    python3 "$TEST_SRCDIR/integration/splunk_check.py" splunk.conf messages
daemons_stop

# The pipeline has the fields that the page tells of, and no parameter that there is not.
awk '/^\.Ss / { in_it = $0 == ".Ss Elastic" } in_it && /^\.It [a-z].* Ta / { print $4, $2 }' "$page" | sort >fields.told
"$TRUECAUSE" pack elastic >elastic.json
check "Elastic: the pipeline is JSON" python3 - <<'END'
import json
pack = json.load(open("elastic.json"))
params = pack["processors"][0]["script"]["params"]
open("fields", "w").writelines("%s %s\n" % field for field in params["fields"].items())
open("pack.names", "w").writelines(name.split(".")[-1] + "\n" for name in [*params["fields"], *params["numbers"]])
END
check "Elastic: the page tells of its fields" test "$(wc -l <fields)" -ge 10
check "Elastic: as they are" same "$(cat fields.told)" "$(sort fields)"

# --- parameters --------------------------------------------------------------------------
src=$TEST_SRCDIR/..
{ sed -n 's/^ *put_[a-z]*(o, "\([A-Za-z0-9]*\)".*/\1/p; s/.*[^a-z]put_[a-z]*(o, "\([A-Za-z0-9]*\)".*/\1/p' "$src"/forwarder/syslog_*.c
  sed -n 's/^FACT([a-z_]*, [a-z]*, [a-z]*, "\([A-Za-z]*\)".*/\1/p' "$src/parsers/event_fields.def"; } | grep . | sort -u >names
check "there are names" test "$(wc -l <names)" -ge 60
awk '/^\.It / { sub(/^\.It /, ""); gsub(/ , /, "\n"); print }' "$page" | sort -u >told
check "the pack has no others" same '' "$(sort -u pack.names | comm -23 - names | tr '\n' ' ')"
check "the page tells of every parameter" same '' "$(comm -23 names told | tr '\n' ' ')"
finish
