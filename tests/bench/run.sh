#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# make bench: rates of this build beside reference tools, in one run and on the
# same bytes.  Figures scatter from run to run: compare within one.
#   COUNT=1000000   records of the load        ROUNDS=3   best of
set -eu
count=${COUNT:-1000000}
rounds=${ROUNDS:-3}
bench=$TEST_BUILDDIR/bench
dir=$(mktemp -d "${TMPDIR:-/tmp}/truecause-bench.XXXXXX")
pid=
finish() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || :
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

"$bench/bench_load" "$count" >"$dir/load.log"
printf 'load: %s records, %s bytes, %s copies failed\n\n' "$count" "$(wc -c <"$dir/load.log")" \
    "$(grep -c 'Win32 Error = 32' "$dir/load.log")"

# Our own output is thrown away: what a disk does with half a gigabyte of XML is
# not what is measured. grep's goes to a file, because it stops early without.
timed() { # NAME COMMAND...
    name=$1
    shift
    case $1 in
    grep | wc) out=$dir/out ;;
    *) out=/dev/null ;;
    esac
    "$bench/bench_time" "$name" "$count" "$rounds" "$out" "$@"
}

timed 'truecause export' "$TRUECAUSE" export --host BENCH --zone UTC "$dir/load.log"
timed 'truecause export --faults' "$TRUECAUSE" export --faults --host BENCH --zone UTC "$dir/load.log"
timed 'truecause report' "$TRUECAUSE" report --host BENCH --zone UTC "$dir/load.log"
timed 'grep -c' grep -c 'Win32 Error = 32' "$dir/load.log"
timed 'wc -l' wc -l "$dir/load.log"

# What the size of the catalogue costs, and patterns that are tried in vain.
"$bench/bench_catalogue" "$dir/load.log" "$dir" "$rounds"

# Event XML, one root around it: xmllint reads no other.
"$bench/bench_events" "$((count / 4))" events >"$dir/events.xml"
"$bench/bench_time" 'truecause export, event XML' "$((count / 4))" "$rounds" /dev/null \
    "$TRUECAUSE" export --host BENCH "$dir/events.xml"
"$bench/bench_time" 'truecause export --faults, event XML' "$((count / 4))" "$rounds" /dev/null \
    "$TRUECAUSE" export --faults --host BENCH "$dir/events.xml"
if command -v xmllint >/dev/null 2>&1; then
    "$bench/bench_time" 'xmllint --stream' "$((count / 4))" "$rounds" /dev/null xmllint --stream --noout "$dir/events.xml"
fi
rm -f "$dir/events.xml"

# Lines of syslog relays: Snare as rsyslog escapes it, and NXLog's JSON.
awk -v n="$((count / 4))" 'BEGIN {
    for (i = 0; i < n; i++) {
        t = sprintf("%02d:%02d:%02d", i / 3600 % 24, i / 60 % 60, i % 60)
        text = i % 100 ? "The service entered the running state." : "Failed to install package. There is not " \
            "sufficient disk space on package server \\\\ANFIELD\\SMS_PKGE\\DOG0005D."
        if (i % 2)
            printf "Sep 10 %s anfield MSWinEventLog#0111#011Application#011%d#011Thu Sep 10 %s 1998#011%d#011%s#011N/A" \
                "#011N/A#011Error#011ANFIELD#011None#011#011%s#011%d\n", t, i, t, i % 100 ? 7036 : 109, \
                i % 100 ? "Service Control Manager" : "SMS", text, i
        else {
            gsub(/\\/, "\\\\", text)
            printf "{\"EventTime\":\"1998-09-10 %s\",\"Hostname\":\"ANFIELD\",\"EventType\":\"ERROR\",\"EventID\":%d," \
                "\"SourceName\":\"SMS\",\"RecordNumber\":%d,\"Message\":\"%s\"}\n", t, i % 100 ? 7036 : 109, i, text
        }
    } }' >"$dir/relay.log"
"$bench/bench_time" 'truecause export, relay lines' "$((count / 4))" "$rounds" /dev/null \
    "$TRUECAUSE" export --host BENCH --zone UTC "$dir/relay.log"
rm -f "$dir/relay.log"

# .evt (AppEvent.Evt of NT to 2003): the reader alone, then all of it, beside the tool of libevt.
evt_records=$((count / 5))
"$bench/../integration/evt_make" "$dir/AppEvent.Evt" $((evt_records * 500)) "$evt_records" event=50
"$bench/bench_evt" "$dir/AppEvent.Evt" "$rounds"
"$bench/bench_time" 'truecause export, .evt' "$evt_records" "$rounds" /dev/null "$TRUECAUSE" export "$dir/AppEvent.Evt"
"$bench/bench_time" 'truecause export --faults, .evt' "$evt_records" "$rounds" /dev/null \
    "$TRUECAUSE" export --faults "$dir/AppEvent.Evt"
if command -v evtexport >/dev/null 2>&1; then
    "$bench/bench_time" 'evtexport (libevt)' "$evt_records" "$rounds" /dev/null evtexport "$dir/AppEvent.Evt"
fi
echo '(budgets of .evt: 2 M records/s, and 10 x evtexport)'
rm -f "$dir/AppEvent.Evt"

# .evtx beside the tool of the same library, and a reader of its own on fewer records.
if "$bench/../integration/make_evtx" "$dir/log.evtx" "$((count / 20))" &&
    "$TRUECAUSE" export -o "$dir/out" "$dir/log.evtx" 2>/dev/null; then
    "$bench/bench_time" 'truecause export, .evtx' "$((count / 20))" "$rounds" /dev/null "$TRUECAUSE" export "$dir/log.evtx"
    if command -v evtxexport >/dev/null 2>&1; then
        "$bench/bench_time" 'evtxexport' "$((count / 20))" "$rounds" /dev/null evtxexport "$dir/log.evtx"
    fi
    "$bench/../integration/make_evtx" "$dir/log.evtx" "$((count / 500))"
    if /usr/bin/python3 -c 'import Evtx' 2>/dev/null; then
        "$bench/bench_time" 'python3-evtx' "$((count / 500))" 1 /dev/null /usr/bin/python3 -c \
            'import sys, Evtx.Evtx
with Evtx.Evtx.Evtx(sys.argv[1]) as log:
    for record in log.records(): record.xml()' "$dir/log.evtx"
    fi
fi
rm -f "$dir/log.evtx"

# What a commit of the daemon writes of the correlator's state.
"$bench/bench_state" "$dir/load.log"

# Ten times the records must take ten times the time, at the same memory.
i=0
while [ $i -lt 10 ]; do
    cat "$dir/load.log"
    i=$((i + 1))
done >"$dir/ten.log"
"$bench/bench_time" 'truecause export, 10 x the load' "$((count * 10))" 1 /dev/null \
    "$TRUECAUSE" export --host BENCH --zone UTC "$dir/ten.log"
rm -f "$dir/ten.log" "$dir/out"

# What the store between sources and targets takes, on this disk.
mkdir "$dir/journal"
"$bench/bench_journal" "$dir/journal" "$count"
rm -rf "$dir/journal"

# What the syslog target sends when items are in memory; then from a log through the
# journal, durably, over each transport, beside rsyslog. The program has one core.
"$bench/bench_syslog" "$count"
PYTHONDONTWRITEBYTECODE=1 python3 "$TEST_SRCDIR/bench/tail.py" --count "$count" --rounds "$rounds" --only drain,peers,latency
echo '(budgets: over TCP 250 k records/s; append to receipt 100 ms, p99)'

# rsyslog: the same file, the records with error 32 to a file.
if command -v rsyslogd >/dev/null 2>&1; then
    mkdir "$dir/rsyslog"
    cat >"$dir/rsyslog.conf" <<EOF
global(workDirectory="$dir/rsyslog")
module(load="imfile")
input(type="imfile" file="$dir/load.log" tag="bench" ruleset="faults")
template(name="raw" type="string" string="%msg%\n")
ruleset(name="faults") {
    if re_match(\$msg, 'Win32 Error = 32') then
        action(type="omfile" file="$dir/rsyslog.out" template="raw")
    action(type="omfile" file="$dir/rsyslog.all" template="raw")
}
EOF
    start=$(date +%s.%N)
    rsyslogd -n -f "$dir/rsyslog.conf" -i "$dir/rsyslog.pid" 2>/dev/null &
    pid=$!
    # rsyslogd has no end: it is done when every record has come out.
    waited=0
    while [ "$(cat "$dir/rsyslog.all" 2>/dev/null | wc -l)" -lt "$count" ] && [ $waited -lt 600 ]; do
        sleep 0.1
        waited=$((waited + 1))
    done
    end=$(date +%s.%N)
    cpu=$(awk '{print ($14 + $15) / '"$(getconf CLK_TCK)"'}' "/proc/$pid/stat")
    rss=$(awk '/VmHWM/ {print $2 / 1024}' "/proc/$pid/status")
    kill "$pid" && wait "$pid" || :
    pid=
    echo "$count $start $end $cpu $rss" | awk '{printf "%-34s %11.0f records/s  %6.2f CPU s per 1 M  %6.1f MB\n",
        "rsyslogd imfile, regex, omfile", $1 / ($3 - $2), $4 / $1 * 1e6, $5}'
else
    echo 'rsyslogd is not installed: not compared'
fi
