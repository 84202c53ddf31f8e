#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Event logs as files, XML and text: a stream of any length in bounded memory, in
# each encoding that Windows writes; an export list is refused, by every command
# and with words that say what to do.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
bench=${TEST_BUILDDIR:?}/bench

run() { # COMMAND...: status in $status, output in out and err
    "$TRUECAUSE" "$@" >out 2>err
    status=$?
}

# --- streams ------------------------------------------------------------------
# The memory of a stream is that of its window, however much went through: what
# ten times the records take more is the bound.  (AddressSanitizer keeps what is
# freed: as little as it can.)
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
streamed() { # COUNT FORM: events out, claims, KiB of peak memory in $events, $claims, $rss
    "$bench/bench_events" "$1" "$2" | "$bench/bench_time" stream "$1" 1 out "$TRUECAUSE" export --host H - >time 2>err
    events=$(grep -c '^<event \|^ *<event ' out)
    claims=$(grep -c 'figures="blank"' out)
    rss=$(awk '{printf "%d", $(NF - 1) * 1024}' time)
}
for form in bare events utf-16; do
    streamed 2000 "$form"
    small=$rss
    streamed 20000 "$form"
    check "$form: each record is an event" same 20000 "$events"
    check "$form: each blank report is one" [ "$claims" -ge 100 ]
    check "$form: memory does not grow with the stream ($small, $rss KiB)" [ "$rss" -le $((small + 8192)) ]
done

# --- one Event 109 in the encodings of Windows -----------------------------------
event='<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="SMS"/><EventID>109</EventID>
<TimeCreated SystemTime="1998-09-10T16:55:40Z"/><Computer>ANFIELD</Computer></System><EventData><Data>\\ANFIELD\SMS_PKGE\DOG0005D</Data>
<Data/><Data/></EventData></Event>'
line="9/10/98,9:55:37 AM,SMS,Error,None,109,N/A,ANFIELD,Failed to install package. There isn't sufficient disk space on package \
server \\\\ANFIELD\\SMS_PKGE\\DOG0005D. Disk space available on that server is  megabytes, space required is  megabytes."
facts() { # of the file 'in'
    run export --host H in
    grep -o '<object[^>]*>\|<claim[^>]*>\|<cause class[^>]*>' out | sort -u
}
printf '%s\n' "$event" >in
facts >want
check "a blank Event 109" has want 'figures="blank"'
for encoding in UTF-16LE UTF-16BE UTF-16; do
    printf '%s\n' "$event" | iconv -t "$encoding" >in
    facts >got
    check "XML in $encoding" cmp want got
    printf '%s\n' "$line" | iconv -t "$encoding" >in
    facts >got
    check "text in $encoding" cmp want got
done
printf '%s\n' "$line" >in
facts >got
check "text" cmp want got
printf '%s\n' "$line" | sed 's/Failed/Fehler beim Öffnen: Failed/' | iconv -t CP850 >in
run export --host H --code-page ibm-850 in
check "text in a code page" has out 'Fehler beim Öffnen'

# --- the export list ---------------------------------------------------------------
printf 'Type,Date,Time,Source,Category,Event,User,Computer\r\nError,9/10/98,9:55:37 AM,SMS,None,109,N/A,ANFIELD\r\n' >list.csv
advice='use "Save Log File As"'
run export list.csv
check "export refuses it" same 4 "$status"
check "and says what to do" has err "$advice"
run report list.csv
check "report refuses it" same 4 "$status"
cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state">
  <source path="$SCRATCH/list.csv" host="ANFIELD" zone="UTC" poll="50ms"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml"/>
</truecause>
END
run check -c truecause.xml
check "check warns, and says what to do" has out "$advice"
run forward -c truecause.xml --once
check "forward --once fails" same 4 "$status"
check "forward --once says what to do" has err "$advice"
"$TRUECAUSE" forward -c truecause.xml >daemon.out 2>daemon.err &
DAEMON_PIDS="$DAEMON_PIDS $!"
alarms_have() {
    "$TRUECAUSE" alarms -c truecause.xml list >alarms 2>&1
    grep -qF "$1" alarms
}
check "the daemon raises an alarm" wait_until 20 alarms_have self:REFUSED:
check "the daemon says what to do" wait_until 20 has daemon.err "$advice"
printf '%s\n' "$line" >whole
mv whole list.csv
alarms_clear() {
    ! alarms_have self:REFUSED:
}
check "a better export in its place clears it" wait_until 20 alarms_clear
finish
