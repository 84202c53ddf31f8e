#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Reloads that come while a target is still ending: its receiver takes connections
# and never closes one, so that each end lasts its two seconds.  The last
# configuration wins, and the daemon goes on reading.  Then a receiver that closes at
# once: what it got just before a reload does not come again behind it.
. "${TEST_SRCDIR:?}/integration/lib.sh"

cd "$SCRATCH" || exit 1
cat >receiver.py <<'END'
import os, selectors, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
watched = selectors.DefaultSelector()
watched.register(listener, selectors.EVENT_READ)
half_closed = []
port, got, closes = sys.argv[1], sys.argv[2], sys.argv[3] == "closes"
with open(port + ".new", "w") as f:
    f.write(str(listener.getsockname()[1]))
os.rename(port + ".new", port)
with open(got, "ab", 0) as got:
    while True:
        for key, _ in watched.select():
            if key.fileobj is listener:
                watched.register(listener.accept()[0], selectors.EVENT_READ)
                continue
            data = key.fileobj.recv(65536)
            got.write(data)
            if not data:
                watched.unregister(key.fileobj)
                if closes:
                    key.fileobj.close()
                else:
                    half_closed.append(key.fileobj)
END
/usr/bin/python3 receiver.py port got stays &
DAEMON_PIDS="$DAEMON_PIDS $!"
/usr/bin/python3 receiver.py port.closes got.closes closes &
DAEMON_PIDS="$DAEMON_PIDS $!"
check "the receivers listen" wait_until 60 test -s port -a -s port.closes || finish

configure() { # ATTRIBUTES
    cat >new.xml <<END
<truecause xmlns="urn:truecause:config:1" state="state" enterprise-oid="1.3.6.1.4.1.4711.1">
  <source path="$SCRATCH/despool*.log" format="sms-log" host="ANFIELD" zone="UTC" poll="100ms"/>
  <target name="siem" type="syslog" address="tcp:127.0.0.1:$(cat port)" heartbeat="off" $*/>
</truecause>
END
    mv new.xml truecause.xml
}
failed_copy() { # PACKAGE
    printf '~Copying E:\\_S\\a.exe to E:\\SMS_PKGE\\%s\\a.exe, Failed, Win32 Error = 32  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n' \
        "$1" "$(LC_ALL=C TZ=UTC date '+%a %b %d %H:%M:%S %Y')" >>despool.log
}
reload() { # ATTRIBUTES
    configure "$@"
    kill -HUP "$DAEMON"
    sleep 0.3
}

: >despool.log
configure
"$TRUECAUSE" forward -c truecause.xml >daemon.out 2>daemon.err &
DAEMON=$!
DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
failed_copy DOG00001
check "a first message" wait_until 60 has got 'key="dist:ANFIELD:DOG00001"'
reload 'facility="audit"'
reload 'facility="ftp"'
reload 'facility="local3" form="rfc3164"'
failed_copy DOG00002
check "the daemon goes on" wait_until 60 has got 'key="dist:ANFIELD:DOG00002"'
# Which of them DOG00002 went by depends on when it was read; what comes later goes by the last.
number=10
last_form() {
    number=$((number + 1))
    failed_copy "DOG000$number"
    grep -aq '<155>[A-Z][a-z][a-z] [^<]*truecause\[file-contention\]: DOG000[0-9]* not on' got
}
check "with the last configuration" wait_until 60 last_form
check "and answers" "$TRUECAUSE" status -c truecause.xml >status

# --- just before a reload ---------------------------------------------------------------------
reloads() {
    grep -c 'configuration read again' daemon.err
}
told_again() { # N
    [ "$(reloads)" -gt "$1" ]
}
cp port.closes port
reload
for facility in local1 local2 local4 local5 local6; do
    package=CAT0000${facility#local}
    failed_copy "$package"
    check "a message, and $facility" wait_until 60 has got.closes "key=\"dist:ANFIELD:$package\"" || finish
    before=$(reloads)
    configure "facility=\"$facility\""
    kill -HUP "$DAEMON"
    check "read again" wait_until 60 told_again "$before"
done
failed_copy LAST0001
check "the last message" wait_until 60 has got.closes 'key="dist:ANFIELD:LAST0001"'
check "none came twice" same '' "$(grep -ao ' sequenceId="[0-9]*"' got.closes | sort | uniq -d)"
kill "$DAEMON"
check "and ends" wait_until 60 daemon_dead "$DAEMON"
check "without a complaint" same '' \
    "$(grep -v -e 'configuration read again' -e ': ended$' -e 'ending what is under way' daemon.err)"
finish
