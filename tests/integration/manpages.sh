#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The manual pages: groff and mandoc have no complaint, pages name only pages
# that are there, truecause-faults(7) is what the catalogue says now and leaves
# out nothing, and the examples do what the pages say.
. "${TEST_SRCDIR:?}/integration/lib.sh"

top=$(cd "$TEST_SRCDIR/.." && pwd)
cd "$SCRATCH" || exit 1

# silent COMMAND...: it succeeds and prints nothing; groff only prints.
silent() {
    "$@" >said 2>&1 && [ ! -s said ] && return 0
    head -n 20 said
    return 1
}

# filled FILE: is there, and has something in it.
filled() {
    [ -s "$1" ]
}

# --- every page -----------------------------------------------------------------
pages=0
for page in "$top"/doc/*.[1-9]; do
    name=$(basename "$page")
    pages=$((pages + 1))
    check "$name: groff" silent groff -mandoc -ww -z -Tutf8 "$page"
    check "$name: mandoc" silent mandoc -T lint -W warning "$page"
done
check "all pages were found" test "$pages" -ge 6

# ".Xr NAME 7" and ".BR NAME (7)", NAME one of ours.
sed -n -e 's/^\.Xr \(truecause[^ ]*\) \([1-9]\).*/\1.\2/p' -e 's/^\.BR \(truecause[^ ]*\) (\([1-9]\)).*/\1.\2/p' \
    "$top"/doc/*.[1-9] | sed 's/\\-/-/g' | sort -u >named
check "pages name each other" test "$(wc -l <named)" -ge 6
while read -r name; do
    check "$name is there" filled "$top/doc/$name"
done <named

# --- truecause-faults(7) ----------------------------------------------------------
faults=$top/doc/truecause-faults.7
"$TEST_BUILDDIR/../tools/faults_page" >faults.new
if ! check "truecause-faults(7) is up to date" cmp -s faults.new "$faults"; then
    diff "$faults" faults.new | head -n 20
    echo "'make faults-page' writes it anew"
fi

# entry NAME: the lines of the entry with that heading.
entry() {
    awk -v name="$1" '/^\.S[hs]/ { on = $0 == ".Ss " name || index($0, ".Ss \"" name ":") == 1 } on' "$faults"
}

# tells NAME LABEL...: the entry has each of these.
tells() {
    entry "$1" >entry.txt
    shift
    for label in "$@"; do
        grep -qx "\.It $label" entry.txt || { echo "no $label"; return 1; }
    done
}

# The names come from the XML by another way than the page's.
# names ELEMENT FILE...
names() {
    xmllint --xpath "//*[local-name()='$1']/@name" "$2" | sed 's/^ *name="\(.*\)"$/\1/'
}
names class "$top/schemas/catalogue/core.xml" >classes
names article "$top/schemas/catalogue/articles.xml" >articles
check "there are classes" test "$(wc -l <classes)" -ge 16
check "there are articles" test "$(wc -l <articles)" -ge 70
while read -r name; do
    check "class $name is told" tells "$name" Symptom Cause 'To do' Clears Severity
done <classes
while read -r name; do
    check "article $name is told" tells "$name" Symptom Cause
done <articles

# A heading that begins with a word that is a macro too (In, No) is not what it says.
plain_headings() {
    ! grep -nE '^\.S[hs] (Ad|An|Ar|At|Bl|Bx|Cd|Cm|Dd|Do|Ed|El|Em|Er|Fl|Fn|Ft|Fx|Ic|In|It|Li|Me|No|Nm|Ns|Os|Ox|Pa|Pp|Sc|So|St|Sy|Tn|Va|Xo) ' \
        "$top"/doc/*.[578]
}
check "headings say what they say" plain_headings

# --- examples ------------------------------------------------------------------------
# displays PAGE: the examples of the page as a reader sees them.
displays() {
    awk '/^\.(Ed|EE)/ { on = 0 } on; /^\.(Bd|EX)/ { on = 1 }' "$top/doc/$1" | sed 's/\\e/\\/g; s/\\(rs/\\/g; s/\\-/-/g; s/\\&//g'
}

# passes CONFIG: `truecause check` has no error in it, or the one that an optional library is not there.
passes() {
    "$TRUECAUSE" check -c "$1" >said 2>&1 && grep -q '^0 errors' said && return 0
    grep -q '^1 error,' said && grep -q 'this build has no evtx: configure it --with-libevtx' said && return 0
    cat said
    return 1
}

# The certificates that examples name.
mkdir tls
check "certificates" env PYTHONDONTWRITEBYTECODE=1 python3 - "$TEST_SRCDIR/faults" <<'END'
import shutil, sys
sys.path.insert(0, sys.argv[1])
from certs import Authority
ca = Authority("ca")
for file, to in zip(ca.sign("collector", "DNS:collector.example.org"), ("collector.pem", "collector.key")):
    shutil.copy(file, "tls/" + to)
shutil.copy(ca.certificate, "tls/ca.pem")
END
for file in community communities; do
    printf 'public\n' >$file
    chmod 600 $file
done
found=0
for page in "$top"/doc/*.[1-9]; do
    name=$(basename "$page")
    # Whole configurations as they are, single sources and targets within one; each in a file of its own.
    displays "$name" | sed "s|/etc/ssl/truecause|$SCRATCH/tls|" | awk -v name="$name" '
        function root() { return "<truecause xmlns=\"urn:truecause:config:1\" enterprise-oid=\"1.3.6.1.4.1.99999\">" }
        !out && /^<(truecause|source|target) / { out = name "." ++n ".xml"; whole = /^<truecause/
            if (!whole) print root() > out }
        out { print > out
            if (whole ? /<\/truecause>/ : /\/>/) {
                if (!whole && !/^<target/)
                    print "<target name=\"t\" type=\"xml\" path=\"t.xml\"/>" > out
                if (!whole) print "</truecause>" > out
                close(out); out = "" } }'
    for example in "$name".*.xml; do
        [ -e "$example" ] || continue
        found=$((found + 1))
        check "$example passes" passes "$example"
    done
done
check "there are examples" test "$found" -ge 3

# rsyslog writes the lines of a log as they are, by the example for NXLog.
mkdir drop
printf '%s\r\n' '123 begins with digits $$<SMS_DESPOOLER><05-16-2016 12:34:21.400+240><thread=4073 (0xFE9)>' \
    '~Found ready instruction 202sqcs1.sni  $$<SMS_DESPOOLER><05-16-2016 12:34:22.400+240><thread=4073 (0xFE9)>' \
    '	<14>a tab, and a mark that is none  $$<SMS_DESPOOLER><05-16-2016 12:34:23.400+240><thread=4073 (0xFE9)>' >sent.log
displays truecause-configmgr.7 | awk '/^global\(/ { on = 1 } on; on && /supportOctet/ { exit }' >example.conf
check "the example for rsyslog was found" has example.conf 'port="5140"'
for try in 1 2 3; do
    port=$(free_port)
    { echo "global(workDirectory=\"$SCRATCH\" net.enableDNS=\"off\")"
      sed -e "s|/srv/drop/SECSITE|$SCRATCH/drop|" -e "s|port=\"5140\"|address=\"127.0.0.1\" port=\"$port\"|" example.conf
    } >rsyslog.conf
    rsyslogd -n -f rsyslog.conf -i rsyslogd.pid >rsyslogd.err 2>&1 &
    DAEMON_PIDS="$DAEMON_PIDS $!"
    wait_until 10 daemon_ready "$!" tcp "$port"
    port_open tcp "$port" && break
done
python3 -c 'import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s: s.sendall(open("sent.log", "rb").read())' "$port"
# The file and the log are the same, byte for byte.
arrived() {
    cmp -s sent.log drop/despool.log
}
check "rsyslog writes the log as it was" wait_until 10 arrived || { cat rsyslogd.err; cat -A drop/despool.log; }
check "and the form is found out" sh -c "'$TRUECAUSE' report drop/despool.log | grep -q 'sms-log, 3 records'"
echo "pages $pages, examples $found, tries $try"
finish
