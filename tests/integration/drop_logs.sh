#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Event logs (.evt, .evtx) that are put into a drop folder, night after night and
# under new names, or (.evtx) copied anew over the last copy: each record comes
# once, through kill -9 and restarts, and an Event 109 finds its log line.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
mkdir in logs
make=$TEST_BUILDDIR/integration/evt_make
# libevtx leaks what it had begun of a record that it cannot read.
echo leak:libevtx >lsan
LSAN_OPTIONS=suppressions=$SCRATCH/lsan:print_suppressions=0
export LSAN_OPTIONS

cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state">
  <source path="$SCRATCH/logs/despool.log" host="ANFIELD" zone="America/Los_Angeles" poll="50ms"/>
  <source path="$SCRATCH/in/" read="once" host="ANFIELD" zone="America/Los_Angeles" poll="50ms"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml"/>
</truecause>
END
printf '%s\r\n' '~Copying E:\_S M0000.TMP\filename.EXE to E:\SMS_PKGE\DOG0005D\filename.EXE, Failed, Win32 Error = 32  $$<SMS_DESPOOLER><Thu Sep 10 09:55:37 1998~><thread=1D0>' >logs/despool.log

start() {
    "$TRUECAUSE" forward -c truecause.xml >daemon.out 2>>daemon.err &
    DAEMON=$!
    DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
}
end() { # SIGNAL
    kill "-$1" "$DAEMON" && wait "$DAEMON" 2>/dev/null
    return 0
}
# Records of event logs by number: how many different ones, and how many in all.
archived() {
    sed -n 's/^<event .*<when time="\([^"]*\)".* record="\([0-9]*\)".*/\1 \2/p' events.xml >numbers 2>/dev/null
    echo "$(sort -u numbers | wc -l) $(wc -l <numbers)"
}
archived_is() {
    [ "$(archived)" = "$1 $1" ]
}
different_is() {
    [ "$(archived | cut -d ' ' -f 1)" = "$1" ]
}
soon() { # N
    wait_until 60 archived_is "$1" && return 0
    echo "want: $1 $1, got: $(archived)"
    tail -n 5 daemon.err
    return 1
}
came_over() { # N: lines of the archive
    [ "$(wc -l <events.xml 2>/dev/null)" -gt "$1" ]
}
night() { # NAME RECORDS SIZE
    "$make" copy.tmp "${3:-262144}" "$2" event=1000000
    mv copy.tmp "in/$1"
}
told() { # TEXT
    wait_until 30 has daemon.err "$1"
}

start
night AppEvent-01.evt 100
check "a copy of an event log is read by records" soon 100
check "its result is told" told 'in/AppEvent-01.evt: read as evt: 100 records'
night AppEvent-02.evt 180
check "of the next one what is new" soon 180
check "and that is its result" told 'in/AppEvent-02.evt: read as evt: 80 records'
sleep 3 # all else is saved by then: that nothing came of a file is told even so
night AppEvent-02b.evt 180
check "of the same again nothing" told 'in/AppEvent-02b.evt: there is nothing new in it'
night again.tmp 200
gzip -c in/again.tmp >in/packed.tmp
mv in/packed.tmp in/AppEvent-03.evt.gz
check "packed with gzip" soon 200
# What is known of a copy is on disk when its result is told: not before.
check "and its result" told 'in/AppEvent-03.evt.gz: read as evt: 20 records'
end KILL
rm in/AppEvent-0[12]*
night AppEvent-04.evt 260
start
# What was sent and not yet known to be so when the end came is sent again: the
# same items. Nothing is read again.
check "after kill -9, the old copies gone" wait_until 60 different_is 260
check "only what is new is read" told 'in/AppEvent-04.evt: read as evt: 60 records'

paired() {
    grep '<event .*<claim .*event="109"' events.xml | grep -q 'basis="log-match".*confidence="confirmed"'
}
check "its Event 109 finds the log line" wait_until 60 paired
check "one alarm says so" wait_until 30 has events.xml 'key="dist:ANFIELD:DOG0005D" state="raised"'

# A large one: killed in the middle, more than once, and what came is not read again.
night AppEvent-05.evt 60000 16777216
for at in 5000 20000 40000; do
    check "$at lines" wait_until 60 came_over $at
    end KILL
    start
done
check "read to its end all the same" wait_until 120 different_is 60000
check "each record once" told 'in/AppEvent-05.evt: read as evt: 59740 records'

# What is refused is told, and has a result.
printf 'Type\tDate\tTime\tSource\tCategory\tEvent\tUser\tComputer\r\nError\t9/10/1998\t9:55:37 AM\tSMS\tNone\t109\tN/A\tANFIELD\r\n' >list.tmp
mv list.tmp in/list.txt
check "an export list is refused, with words" told 'in/list.txt: not read: it is'
refused_is_kept() {
    "$TRUECAUSE" status -c truecause.xml >status 2>&1
    grep -q ' 0 .*in/list.txt' status
}
check "it has a result" wait_until 20 refused_is_kept
check "and an alarm" wait_until 20 grep -q 'key="self:REFUSED:.*LIST.TXT".*state="raised"' events.xml
# A source that can follow no event log says so.
cp in/AppEvent-04.evt logs/other.log
sed "s|logs/despool.log|logs/other.log|" truecause.xml >other.xml
sed -i "s|state=\"[^\"]*\"|state=\"$SCRATCH/state2\"|; s|/events.xml|/other-events.xml|; /read=\"once\"/d" other.xml
"$TRUECAUSE" forward --once -c other.xml >out 2>&1
check "a log that is none of text is refused" has out 'other.log: not read: it is a binary event log; give it a source of its own, with format="evt"'
end TERM

# .evtx, dropped and followed.
make_evtx=$TEST_BUILDDIR/integration/make_evtx
# An Event 109 without its log line is held for ten seconds: those of the first log are.
"$make_evtx" one.evtx 150
"$make_evtx" two.evtx 400 150
"$make_evtx" three.evtx 450 150
if ! "$TRUECAUSE" export one.evtx >/dev/null 2>err && grep -q 'this build has no evtx' err; then
    cp one.evtx in/one.evtx
    start
    check "without libevtx the folder says so" told 'in/one.evtx cannot be read: this build has no evtx'
    end TERM
    finish
fi
sed "s|$SCRATCH/in/|$SCRATCH/in2/|; s|state=\"[^\"]*\"|state=\"$SCRATCH/state3\"|" truecause.xml >next.xml
mv next.xml truecause.xml
rm events.xml
mkdir in2
start
cp one.evtx in2/one.evtx
check "an .evtx in a drop folder" soon 150
cp two.evtx in2/two.evtx
check "the next one" soon 400
check "and its result" told 'in2/two.evtx: read as evtx: 250 records'
end KILL
start
cp three.evtx in2/three.evtx
check "after kill -9" wait_until 60 different_is 450
check "only what is new is read" told 'in2/three.evtx: read as evtx: 50 records'
end TERM
sed -i "s|path=\"$SCRATCH/in2/\" read=\"once\"|path=\"$SCRATCH/logs/AppEvent.evtx\"|; s|state=\"[^\"]*\"|state=\"$SCRATCH/state4\"|" truecause.xml
rm events.xml
cp one.evtx logs/AppEvent.evtx
start
check "an .evtx that is followed" soon 150
cp two.evtx logs/AppEvent.evtx
check "copied anew, grown" soon 400
check "and its result" told 'logs/AppEvent.evtx: read as evtx: 250 records'
end KILL
cp three.evtx logs/AppEvent.evtx
start
check "grown while nobody looked" wait_until 60 different_is 450
check "of that what is new" told 'logs/AppEvent.evtx: read as evtx: 50 records'
end TERM
check "after a restart nothing comes again" sh -c '"$0" forward -c truecause.xml --once 2>&1 | grep -q "read 0 records"' "$TRUECAUSE"
finish
