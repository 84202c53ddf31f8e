#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Event logs (.evt) with the commands that read files: each record as libevt's
# evtexport has it, from files, pipes and standard input; damage is counted.
. "${TEST_SRCDIR:?}/integration/lib.sh"

export PYTHONDONTWRITEBYTECODE=1
cd "$SCRATCH" || exit 1
make=$TEST_BUILDDIR/integration/evt_make

# Logs that did not go round: what libevt reads right.
"$make" AppEvent.Evt 524288 1500
"$make" saved.evt 524288 1500 save skip=77
"$make" one.evt 65536 1
"$make" large.evt 33554432 100000 event=50
check "each record is as evtexport has it" \
    python3 "$TEST_SRCDIR/integration/evt_compare.py" "$TRUECAUSE" AppEvent.Evt saved.evt one.evt large.evt
check "records that Samba wrote are as evtexport has them" \
    python3 "$TEST_SRCDIR/integration/evt_compare.py" "$TRUECAUSE" "$TEST_SRCDIR/data/samba.evt"

# events FILE...: how many records come out.
events() {
    "$TRUECAUSE" export "$@" | grep -c '<event '
}
"$make" stale.evt 524288 1500 stale
"$make" round.evt 65536 5000
"$make" round-stale.evt 65536 5000 stale
check "a stale header hides nothing" same 1500 "$(events stale.evt)"
check "a log that went round ends with the newest" has round.evt LfLe
"$TRUECAUSE" export round.evt >round.xml
"$TRUECAUSE" export round-stale.evt >round-stale.xml
check "its newest is the last that was written" has round.xml 'record="5000"'
numbers() {
    sed -n 's/^<event .* record="\([0-9]*\)".*/\1/p' "$1" | sort -n
}
check "no number is missing between its oldest and its newest" \
    same "$(numbers round.xml | sed -n 1p) 5000" "$(numbers round.xml | awk 'NR == 1 { f = $1; l = $1 - 1 } $1 != l + 1 { print "gap at " $1 } { l = $1 } END { print f, l }')"
check "the same with a stale header" same "$(numbers round.xml)" "$(numbers round-stale.xml)"

# The ways in.
"$TRUECAUSE" export AppEvent.Evt >want.xml
"$TRUECAUSE" export - <AppEvent.Evt >redirected.xml
# shellcheck disable=SC2002
cat AppEvent.Evt | "$TRUECAUSE" export - >piped.xml
sed 's/name="AppEvent.Evt"/name="-"/; s/ channel="Application"//' want.xml >want.plain
check "redirected input is the same" cmp want.plain redirected.xml
check "a pipe is the same" cmp want.plain piped.xml
check "the format can be named" same 1500 "$(events --format evt AppEvent.Evt)"
printf 'no log at all, but some bytes of text\n' >text.evt
"$TRUECAUSE" export --format evt text.evt >out 2>err
check "what is none is refused" same 4 $?
check "and it says why" has err "text.evt: this is no event log (.evt) of Windows NT to 2003"
mkdir many
i=0
while [ $i -lt 70 ]; do
    "$make" many/$i.evt 4096 7 skip=$((i * 100))
    i=$((i + 1))
done
check "many at a time" same 490 "$(events many)"
check "a record is found by its number" sh -c '"$0" explain AppEvent.Evt:7 | grep -q "record       7"' "$TRUECAUSE"
check "its faults are reported" sh -c '"$0" report AppEvent.Evt | grep -q "DOG0005D not on"' "$TRUECAUSE"
check "faults alone are the same faults" same "$(grep -c 'class="file-contention"' want.xml)" \
    "$("$TRUECAUSE" export --faults AppEvent.Evt | grep -c 'class="file-contention"')"

# Beside the despooler's log of the same day: what the two say together.
together() { # FILE...
    "$TRUECAUSE" export --host ANFIELD --zone America/Los_Angeles "$@"
}
head -n 90 "$TEST_SRCDIR/data/sample/Despool.log" >Despool.log
mkdir day
"$make" day/AppEvent.Evt 65536 1 event=1
"$make" day/SysEvent.Evt 65536 1 skip=30000 event=0
together Despool.log day/AppEvent.Evt | grep '^<event .*AppEvent.Evt' >paired.xml
check "an Event 109 and the line that proves it meet" has paired.xml 'basis="log-match" confidence="confirmed"'
check "and it is a file in use" has paired.xml 'cause class="file-contention"'
together Despool.log day/AppEvent.Evt | grep '^<alarm .*key="stall:' >stall.xml
check "the despooler stalls" has stall.xml 'state="raised"'
check "and without the System log it goes on" test "$(grep -c 'state="cleared"' stall.xml)" = 0
together Despool.log day/AppEvent.Evt day/SysEvent.Evt | grep '^<alarm .*key="stall:' >stall.xml
check "6005 in the System log ends it" same 1 "$(grep -c 'state="cleared".*reason="restarted".*1998-09-11T01:15:37Z' stall.xml)"

# Damage.
cp AppEvent.Evt bad.evt
at=$(sed -n 's/^<event .* record="8".* offset="\([0-9]*\)".*/\1/p' want.xml)
printf 'XXXX' | dd of=bad.evt bs=1 seek=$((at + 4)) conv=notrunc 2>/dev/null
"$TRUECAUSE" export bad.evt >bad.xml
status=$?
check "a damaged part is said" same 1 $status
check "it is there as bytes" has bad.xml 'class="unclassified"'
check "and costs one record" same 1499 "$(grep -c '^<event .* record="' bad.xml)"
head -c 100000 AppEvent.Evt >cut.evt
"$TRUECAUSE" export cut.evt >cut.xml
check "a cut log gives what is left of it" test "$(grep -c '^<event .* record="' cut.xml)" -gt 500
finish
