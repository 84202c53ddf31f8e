#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# An event log (.evt) that is copied again and again while the daemon follows it:
# each record comes out once, whether the log has grown, gone round or been
# cleared, through copies that arrive slowly, kill -9 and restarts; what was
# written over between two copies is counted as lost.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
mkdir in
log=in/AppEvent.Evt
# make FILE SIZE RECORDS [OPTION...]: an Event 109 here and there.  Each is held for ten seconds.
make() {
    "$TEST_BUILDDIR/integration/evt_make" "$@" event=260
}

cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state" enterprise-oid="1.3.6.1.4.1.99999">
  <source format="evt" path="$SCRATCH/in/appevent.evt" host="ANFIELD" poll="50ms"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml"/>
</truecause>
END
make $log 262144 100
check "the format is accepted" "$TRUECAUSE" check -c truecause.xml
"$TRUECAUSE" check -c truecause.xml >check.out 2>&1
check "and needs no zone" same "0 errors, 0 warnings" "$(tail -n 1 check.out)"

start() {
    "$TRUECAUSE" forward -c truecause.xml >daemon.out 2>>daemon.err &
    DAEMON=$!
    DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
}
end() { # SIGNAL
    kill "-$1" "$DAEMON" && wait "$DAEMON" 2>/dev/null
    return 0
}
# How many different records, by number and time, and how many ids: after kill -9
# what was sent and not yet noted is sent again, with its id; a record that was
# read again gets another.
archived() {
    sed -n 's/^<event id="\([^"]*\)".*<when time="\([^"]*\)".* record="\([0-9]*\)".*/\2 \3 \1/p' events.xml >numbers 2>/dev/null
    echo "$(cut -d ' ' -f 1,2 numbers | sort -u | wc -l) $(cut -d ' ' -f 3 numbers | sort -u | wc -l)"
}
archived_is() {
    [ "$(archived)" = "$1 $1" ]
}
soon() { # N
    wait_until 30 archived_is "$1" && return 0
    echo "want: $1 $1, got: $(archived)"
    tail -n 5 daemon.err
    return 1
}

start
check "the first copy is read" soon 100
make $log 262144 250
check "of a longer one what is new" soon 250
make next.evt 262144 251 stale
mv next.evt $log
check "a copy that takes its place, its header stale" soon 251
# Half of a copy, then the rest: what is there of it is waited for, not taken.
make next.evt 262144 400
head -c 40000 next.evt >$log
end KILL
start
cp next.evt $log
check "a copy that came in two pieces, and a kill -9" soon 400
# Over and over again, with the end anywhere.
n=400
for round in 1 2 3; do
    n=$((n + 50))
    make next.evt 262144 $n
    cp next.evt $log
    [ $((round % 2)) = 0 ] || wait_until 30 sh -c '[ "$(grep -c "^<event" events.xml)" -gt '$((n - 50))' ]'
    end KILL
    start
done
check "three copies and three kills" soon 550
end TERM
check "after a restart nothing comes again" sh -c '"$0" forward -c truecause.xml --once 2>&1 | grep -q "read 0 records"' "$TRUECAUSE"
start

# The log goes round between two copies: of 5,000 written, the last are left.
make $log 262144 5000
oldest=$("$TRUECAUSE" export $log | sed -n 's/^<event .* record="\([0-9]*\)".*/\1/p' | sort -n | head -n 1)
check "a log that went round" soon $((550 + 5000 - oldest + 1))
lost_said() {
    grep -q "$((oldest - 551)) records (551 to $((oldest - 1))) were written over" daemon.err events.xml
}
check "what was written over is counted" wait_until 30 lost_said
total=$((550 + 5000 - oldest + 1))

# Cleared, it begins again with number 1.
make $log 262144 0
make $log 262144 30 skip=6000
check "a log that was cleared" soon $((total + 30))
make $log 262144 90 skip=6000
check "and grew" soon $((total + 90))
# An older copy is none of news.
make $log 262144 60 skip=6000
end TERM
check "an older copy brings nothing" sh -c '"$0" forward -c truecause.xml --once 2>&1 | grep -q "read 0 records"' "$TRUECAUSE"
check "each record came once" archived_is $((total + 90))
printf 'no log at all\n' >$log
"$TRUECAUSE" forward -c truecause.xml --once >out 2>&1
check "what is no log is told" has out "AppEvent.Evt cannot be read: it is no event log (.evt) of Windows NT to 2003"
finish
