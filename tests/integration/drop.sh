#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A folder into which others put whole files (read="once"): each is read once,
# through kill -9 and restarts, and what became of it is in the status.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
mkdir in

records() { # FROM TO
    awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i <= to; i++)
        printf "~record number %06d of the test  $$<SMS_DESPOOLER><Thu Sep 10 09:55:%02d 1998~><thread=1D0>\r\n", i, i % 60 }'
}
archived() { # how many different records, and how many in all
    grep -oh 'record number [0-9]* of' events.xml >numbers 2>/dev/null
    echo "$(sort -u numbers | wc -l) $(wc -l <numbers)"
}
archived_is() {
    [ "$(archived)" = "$1 $1" ]
}
different_is() {
    [ "$(archived | cut -d ' ' -f 1)" = "$1" ]
}
soon() { # N: so many records are in the archive, each once
    wait_until 30 archived_is "$1" && return 0
    echo "want: $1 $1, got: $(archived)"
    tail -n 5 daemon.err
    return 1
}
start() {
    "$TRUECAUSE" forward -c truecause.xml >daemon.out 2>>daemon.err &
    DAEMON=$!
    DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
}
lacks() { # FILE TEXT
    ! has "$1" "$2"
}
matches() { # FILE EXPRESSION
    grep -q -- "$2" "$1"
}
status_has() {
    "$TRUECAUSE" status -c truecause.xml >status 2>&1
    grep -q -- "$1" status
}
some_came() {
    [ "$(wc -l <events.xml 2>/dev/null)" -gt "$1" ]
}

cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state">
  <source path="$SCRATCH/in/" read="once" host="ANFIELD" zone="UTC" poll="50ms"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml"/>
</truecause>
END
check "an empty folder is fine" "$TRUECAUSE" check -c truecause.xml
"$TRUECAUSE" check -c truecause.xml >check.err
check "and needs no words" lacks check.err 'path='
sed 's|/in/|/out/|' truecause.xml >other.xml
"$TRUECAUSE" check -c other.xml >check.err
check "one that is not there does" matches check.err 'other.xml:2: warning: path=.*there is no such folder; make it'
sed 's|once|twice|' truecause.xml >other.xml
"$TRUECAUSE" check -c other.xml >check.err
check "another word is refused" matches check.err 'other.xml:2: .*read="twice" is not valid: write "follow"'

start
records 1 100 >copy
check "the daemon is up" wait_until 10 status_has '^Sources (1)'
cp copy in/despool.tmp && mv in/despool.tmp in/despool-monday.log
check "a file that is renamed into place" soon 100
check "its result is told" wait_until 10 has daemon.err 'in/despool-monday.log: read as sms-log: 100 records'
check "and kept" wait_until 20 status_has ' 100 .* 0 B .*/in/despool-monday.log'

# Killed in the middle of a large file, more than once.
records 1001 101000 >large
mv large in/large.log
n=0
for at in 10000 40000 70000; do
    check "$at records" wait_until 30 some_came "$at"
    kill -KILL "$DAEMON"
    wait "$DAEMON" 2>/dev/null
    start
done
check "read to its end all the same" wait_until 60 has daemon.err 'in/large.log: read as sms-log: 100000 records'
check "all are there" wait_until 30 different_is 100100
kill -TERM "$DAEMON"
wait "$DAEMON"
check "a stop is 0" same 0 $?
before=$(archived)
printf 'no log at all\001\002\003' >in/other.bin
start
check "what is no log is read too, and told" wait_until 20 has daemon.err 'in/other.bin: in no format that is known'
check "nothing else is read again" same "$before" "$(archived)"
check "three files have a result" wait_until 20 status_has '^Files read once (3)'
"$TRUECAUSE" status --json -c truecause.xml >status.json
check "also for machines" python3 -c '
import json, sys
files = {f["path"].rsplit("/", 1)[1]: f for f in json.load(open("status.json"))["files"]}
sys.exit(not (files["large.log"]["records"] == 100000 and files["large.log"]["unframed"] == 0))'
kill -TERM "$DAEMON"
wait "$DAEMON"

records 400001 400010 >in/late.log
"$TRUECAUSE" forward --once -c truecause.xml 2>once.err
check "--once takes what is new" has once.err 'in/late.log: read as sms-log: 10 records'
check "and only that" lacks once.err 'large.log'
finish
