#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Our own .evtx files (make_evtx) before independent readers: evtexport of
# libevtx-utils and python3-evtx find in them what truecause does.  A build
# without libevtx is only asked for its words.
. "${TEST_SRCDIR:?}/integration/lib.sh"
file=$SCRATCH/AppEvent.evtx
# libevtx leaks what it had begun of a record that it cannot read.
echo leak:libevtx >"$SCRATCH/lsan"
LSAN_OPTIONS=suppressions=$SCRATCH/lsan:print_suppressions=0
export LSAN_OPTIONS

check "make_evtx writes a file" "$TEST_BUILDDIR/integration/make_evtx" "$file" 1000 || finish
"$TRUECAUSE" export -o "$SCRATCH/out.xml" "$file" 2>"$SCRATCH/err"
status=$?
cat >"$SCRATCH/truecause.xml" <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state">
  <source format="evtx" path="$file"/>
  <target name="t" type="xml" path="$SCRATCH/t.xml"/>
</truecause>
END
"$TRUECAUSE" check -c "$SCRATCH/truecause.xml" >"$SCRATCH/check" 2>&1
checked=$?
if grep -q 'this build has no evtx' "$SCRATCH/err"; then
    check "a build without libevtx fails" same 4 "$status"
    check "check refuses to follow it" same 3 $checked
    check "names file and line" has "$SCRATCH/check" "truecause.xml:2:"
    check "and says why" has "$SCRATCH/check" "this build has no evtx"
    finish
fi

check "it can be followed" same 0 $checked
check "export reads it" same 0 "$status"
grep '<event ' "$SCRATCH/out.xml" >"$SCRATCH/events"
check "all records" lines_are "$SCRATCH/events" 1000
check "a third with figures" same 334 "$(grep -c 'figures="filled"' "$SCRATCH/events")"
check "a third with blank ones" same 333 "$(grep -c 'figures="blank"' "$SCRATCH/events")"
check "a third with none" same 333 "$(grep -c 'figures="absent"' "$SCRATCH/events")"
sed -n 's/.*record="\([0-9]*\)".*/\1/p' "$SCRATCH/events" | sort -n >"$SCRATCH/numbers"
seq 1000 | diff - "$SCRATCH/numbers" >"$SCRATCH/diff"
check "each record once" same 0 $?
check "places are the records'" same 1 "$(grep -c 'name="AppEvent.evtx" offset="4608" length=' "$SCRATCH/events")"

evtxexport "$file" >"$SCRATCH/evtxexport"
check "evtxexport reads it" same 0 $?
check "evtxexport: all records" same 1000 "$(grep -c '^Event number' "$SCRATCH/evtxexport")"
check "evtxexport: the strings" same 2334 "$(grep -c '^String: ' "$SCRATCH/evtxexport")"
check "evtxexport: the blank ones" same 666 "$(grep -c '^String: [0-9]*[[:space:]]*:[[:space:]]*$' "$SCRATCH/evtxexport")"

# Debian's own python3 has the package, whichever comes first in PATH.
python=python3
"$python" -c 'import Evtx' 2>/dev/null || python=/usr/bin/python3
"$python" - "$file" >"$SCRATCH/python" <<'END'
import sys
import Evtx.Evtx

with Evtx.Evtx.Evtx(sys.argv[1]) as log:
    print("header", log.get_file_header().verify())
    print("chunks", all(chunk.verify() for chunk in log.chunks()))
    text = [record.xml() for record in log.records()]
print("records", len(text))
print("strings", sum(t.count("&lt;string&gt;") for t in text))
print("blank", sum(t.count("&lt;string&gt;&lt;/string&gt;") for t in text))
END
check "python3-evtx reads it" same "header True chunks True records 1000 strings 2334 blank 666" "$(tr '\n' ' ' <"$SCRATCH/python" | sed 's/ $//')"

# Damage: evtxexport stops or leaves out; ours says what and goes on.
cp "$file" "$SCRATCH/damaged.evtx"
printf 'U' | dd of="$SCRATCH/damaged.evtx" bs=1 seek=4632 conv=notrunc 2>/dev/null
"$TRUECAUSE" export -o "$SCRATCH/out.xml" "$SCRATCH/damaged.evtx" 2>"$SCRATCH/err"
check "a damaged record: exit 1" same 1 $?
check "is named" has "$SCRATCH/err" "damaged.evtx: record 1 at byte 4608 cannot be read"
check "and counted" has "$SCRATCH/err" "1 of 1000 records could not be read"
check "the others are there" same 999 "$(grep -c '<event .*event="109"' "$SCRATCH/out.xml")"
"$TRUECAUSE" export --format evtx "$SCRATCH/err" >/dev/null 2>"$SCRATCH/err2"
check "another file is refused" same 4 $?
check "by name" has "$SCRATCH/err2" "err: this is no .evtx file"
# shellcheck disable=SC2002
cat "$file" | "$TRUECAUSE" export - >/dev/null 2>"$SCRATCH/err2"
check "a pipe is refused" has "$SCRATCH/err2" "cannot be read from a pipe"
finish
