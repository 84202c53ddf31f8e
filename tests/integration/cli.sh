#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The commands that read files, as a new user runs them: what they print, what
# they say when something is wrong, and their exit codes.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
sample=$TEST_SRCDIR/data/sample
records=$(wc -l <"$sample/Despool.log")

run() { # COMMAND...: status in $status, output in out and err
    "$TRUECAUSE" "$@" >out 2>err
    status=$?
}
valid() {
    xmllint --noout --schema "$TEST_SRCDIR/../schemas/event.xsd" "$1" 2>lint.err || { cat lint.err; return 1; }
}
absent() {
    [ ! -e "$1" ]
}

# --- report, export, explain on the sample ------------------------------------
run report --host ANFIELD --zone America/Los_Angeles "$sample/Despool.log" "$sample/AppEvent.xml"
check "report ends well" same 0 "$status"
check "report says nothing on stderr" same '' "$(cat err)"
check "report corrects the disk" has out 'DOG0005D not on \\ANFIELD\SMS_PKGE: file in use (Win32 32), not disk space: filename.EXE'
check "report keeps the real one" has out 'DOG00061 not on \\BOBCAT\SMS_PKGD: DISK FULL, 12 MB free, 450 MB needed'
check "report tells of the stall" has out 'on 1000tS01.ins (Win32 32): new jobs stay Pending'
check "newest first" same '1998-09-11' "$(head -n 1 out | cut -c 1-10)"
check "bytes that no format could frame" has out 'Bytes no format could frame: 0'

run export --host ANFIELD --zone America/Los_Angeles "$sample"
check "a folder takes all its files" same 0 "$status"
check "the document is valid" valid out
mv out folder.xml
run export --host ANFIELD --zone America/Los_Angeles "$sample/AppEvent.xml" "$sample/Despool.log"
mv out ab.xml
run export --host ANFIELD --zone America/Los_Angeles -o ba.xml "$sample/Despool.log" "$sample/AppEvent.xml"
check "-o leaves stdout alone" same '' "$(cat out)"
# Records of the same second are taken in the order of the files: what is linked
# may differ there, no verdict does.
verdicts() {
    grep '<event ' "$1" | sed 's/<see event="[0-9a-f]*"\/>//' | sort | cksum
}
check "verdicts do not depend on the order of the files" same "$(verdicts ab.xml)" "$(verdicts ba.xml)"
check "nor on how the folder was named" same "$(cksum <ab.xml)" "$(cksum <folder.xml)"
run export --host ANFIELD --zone America/Los_Angeles --format sms-log - <"$sample/Despool.log"
check "standard input is read" same 0 "$status"
sed -e 's/ name="-"/ name="Despool.log"/' out >stdin.xml
run export --host ANFIELD --zone America/Los_Angeles "$sample/Despool.log"
check "and gives the same items" same "$(cksum <out)" "$(cksum <stdin.xml)"
# Times come late in this file: what is decided from its beginning must not hang
# on how much a read brings.
{
    i=0
    while [ $i -lt 900 ]; do
        echo "found ready instruction file for a$i.ins"
        i=$((i + 1))
    done
    cat "$sample/Despool.log" "$sample/Despool.log"
} >late.log
run export --format sms-log late.log
sed -e 's/ name="late.log"/ name="-"/' out >file.xml
(while IFS= read -r line; do printf '%s\n' "$line"; done <late.log) | "$TRUECAUSE" export --format sms-log - >piped.xml
check "a pipe that brings a line at a time gives the same bytes" same "$(cksum <file.xml)" "$(cksum <piped.xml)"

run export --faults --host ANFIELD --zone America/Los_Angeles "$sample"
grep '<alarm ' ab.xml >all.alarms
grep '<alarm ' out >faults.alarms
check "--faults has the same alarms" same "$(sed 's/<when[^>]*>//' all.alarms | cksum)" "$(sed 's/<when[^>]*>//' faults.alarms | cksum)"
check "--faults leaves healthy records out" same 0 "$(grep -c 'class="activity"' out)"

run explain --host ANFIELD --zone America/Los_Angeles "$sample/AppEvent.xml:5" "$sample/Despool.log"
check "explain ends well" same 0 "$status"
check "explain says why" has out 'a log line about the same package proves it (confirmed)'
id=$(sed -n 's/^  event  *\([0-9a-f]\{32\}\)$/\1/p' out)
check "explain says what to do" has out '  action       Find who holds the file on that server'
run explain --host ANFIELD --zone America/Los_Angeles "$id" "$sample/AppEvent.xml" "$sample/Despool.log"
check "explain finds an id again" has out 'AppEvent.xml, line 5'
check "explain tells evidence in words" has out 'Despool.log, line 40: DOG0005D not installed: file in use (Win32 32)'
check "it names the signature and what it took" has out 'path is \\ANFIELD\SMS_PKGE\DOG0005D'
check "and what decided" has out 'the record named as evidence decided, by its signature despooler-copy-failed'
run explain --host ANFIELD --zone America/Los_Angeles "$sample/Despool.log:90"
check "explain knows a stall" has out 'basis        sequence: the order of records shows it'
check "and the record before it" has out 'Despool.log, line 89: '
cat >cases.log <<'END'
~Copying E:\_S M0000.TMP\a.exe to E:\SMS_PKGE\DOG0005D\a.exe, OK maybe $$<SMS_DESPOOLER><Thu Sep 10 09:55:37 1998~><thread=1D0>
Frobnicated the whatsit with great success $$<SMS_DESPOOLER><Thu Sep 10 09:56:37 1998~><thread=1D0>
STATMSG: ID=4400 SEV=I LEV=M SOURCE="SMS Server" COMP="SMS_DESPOOLER" SYS=PS1SITE SITE=PS1 PID=5428 TID=4072 GMTDATE=Thu Sep 10 16:56:39.400 1998 ISTR0="DOG0005D" ISTR1="" NUMATTRS=1 AID0=400 AVAL0="DOG0005D" $$<SMS_DESPOOLER><Thu Sep 10 09:56:39 1998~><thread=1D0>
Failed to frobnicate the whatsit, error = 8 $$<SMS_DESPOOLER><Thu Sep 10 09:57:37 1998~><thread=1D0>
CSendFileAction::SendFiles failed; 0x80070020 $$>SMS_PACKAGE_TRANSFER_MANAGER><06-14-2018 06:26:25.828-60><thread=9112 (0x2398)>
~Copying E:\_S M0000.TMP\a.exe to \\BOBCAT\SMS_PKGE\DOG0005D\a.exe, Failed, Win32 Error = 112 $$<SMS_DESPOOLER><Thu Sep 10 09:58:37 1998~><thread=1D0>
~Copying E:\a.exe to E:\b.exe, Failed, Win32 Error = 32 $$<SMS_INBOX_MANAGER><Thu Sep 10 09:59:37 1998~><thread=2D0>
END
run explain cases.log:1
check "a near miss is named" has out 'nearly       copy-ok, sms1.xml:'
check "with what is against it" has out 'holds "copying", but its pattern does not fit'
check "also where a literal is missing" has out 'holds "copying", but not ", failed"'
run explain cases.log:2
check "what nothing explains" has out 'signature    none: nothing in the catalogue explains this text'
run explain cases.log:3
check "a status message gives its package" has out 'package      DOG0005D'
check "its site" has out 'site         PS1'
check "and its time, which the log's own lacks" has out 'time         1998-09-10T16:56:39Z'
check "it is known by its number" has out "the event's source and number are enough for it"
statmsg='STATMSG: ID=4400 SEV=I LEV=M SOURCE="SMS Server" COMP="SMS_DESPOOLER" SYS=PS1SITE SITE=PS1 PID=5428 TID=4072 GMTDATE=Mon May 16 16:31:21.400 2016 ISTR0="C0100112" NUMATTRS=2 AID0=401 AVAL0="OTHER001" AID1=400 AVAL1="C0100112"'
printf '<![LOG[Done. %s]LOG]!><time="12:31:21.400" date="5-16-2016" component="SMS_DESPOOLER" context="" type="1" thread="4072" file="a.cpp:1">\r\n' \
    "$statmsg" >statmsg.log
printf '%s\n' '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System><Provider Name="Other"/><EventID>1</EventID>' \
    '<TimeCreated SystemTime="2016-05-16T16:31:25Z"/><Computer>COLLECT</Computer></System><EventData><Data>' "$statmsg" \
    '</Data></EventData></Event>' >statmsg.xml
for file in statmsg.log statmsg.xml; do
    run explain "$file:1"
    check "$file: a status message inside gives its package" has out 'package      C0100112'
    check "$file: and its site" has out 'site         PS1'
done
run explain statmsg.log:1
check "its time tells the zone of the log" has out 'time         2016-05-16T16:31:21'
check "and the log's own digits stay" has out 'local        2016-05-16T12:31:21.400'
check "its host" has out 'host         PS1SITE'
run explain cases.log:4
check "a failure that is not known" has out 'it speaks of a failure that no other signature knows'
run explain cases.log:5
check "a damaged trailer" has out 'trailer damaged and repaired'
check "an HRESULT is a code" has out 'code         Win32 32 ERROR_SHARING_VIOLATION'
run explain cases.log:6
check "a full disk by its code" has out 'class        disk-full'
check "is no contention" same 0 "$(grep -c 'contention' out)"
run explain cases.log:7
check "of another component" has out 'but is for records of another component'
run explain "$sample/Despool.log:99999"
check "explain says when there is no such line" same 4 "$status"

# --- what cannot be read --------------------------------------------------------
mkdir mixed mixed/inner
cp "$sample/Despool.log" mixed/good.log
mkfifo mixed/pipe
run export mixed no-such-file
check "unreadable things end with 4" same 4 "$status"
check "one message for the inner folder" same 1 "$(grep -c 'mixed/inner' err)"
check "one for the pipe" same 1 "$(grep -c 'mixed/pipe' err)"
check "one for the missing file" same 1 "$(grep -c 'no-such-file: no such file' err)"
check "the others are done" same "$records" "$(grep -c '<event ' out)"
check "and the document is whole" valid out
if [ "$(id -u)" -eq 0 ]; then
    chmod 000 mixed/good.log
    check "an unreadable file is named" sh -c 'setpriv --reuid 65534 --regid 65534 --clear-groups "$1" export mixed/good.log 2>&1 | grep -q "mixed/good.log: .*ermission"' - "$TRUECAUSE"
    chmod 644 mixed/good.log
fi
run export
check "no argument is wrong usage" same 2 "$status"
run export --format nonsense "$sample/Despool.log"
check "an unknown format is wrong usage" same 2 "$status"
check "and the known ones are named" has err 'sms-log'
run export --zone Nowhere/Land "$sample/Despool.log"
check "an unknown zone is wrong usage" same 2 "$status"
run nonsense
check "an unknown command is wrong usage" same 2 "$status"
run export -o no-such-folder/out.xml "$sample/Despool.log"
check "an output that cannot be written ends with 4" same 4 "$status"
run export -o kept.xml no-such-file
check "-o is whole even so" valid kept.xml
check "no temporary file stays" same '' "$(ls kept.xml.* 2>/dev/null)"

# --- hostile input ----------------------------------------------------------------
hostile=$(printf 'bad\n]"<&>name\033.log')
printf '~Copying E:\\a\001\002.exe to E:\\SMS_PKGE\\DOG0005D\\b]]>&<c>.exe, Failed, Win32 Error = 32 $$<SMS_DESPOOLER><Thu Sep 10 09:55:37 1998~><thread=1D0>\r\n' >"$hostile"
run export "$hostile"
check "control characters in names and text stay valid" valid out
check "one event" same 1 "$(grep -c '<event ' out)"
run report "$hostile"
check "and no line of a report is forged" same 0 "$(grep -c '^]' out)"

cat >bomb.xml <<'END'
<?xml version="1.0"?>
<!DOCTYPE Events [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY file SYSTEM "file:///etc/passwd">]>
<Events><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='SMS'/><EventID>109</EventID>
<Computer>&file;</Computer></System><EventData><Data>&e;&e;&e;&e;</Data></EventData></Event></Events>
END
run export --format event-xml bomb.xml
check "an XML bomb with an external entity is no danger" valid out
check "nothing of the file is in the output" same 0 "$(grep -c 'root:' out)"
check "the output stays small" test "$(wc -c <out)" -lt 20000
{
    printf '<Event>'
    awk 'BEGIN { for (i = 0; i < 10000; i++) printf "<x>"; for (i = 0; i < 10000; i++) printf "</x>" }'
    printf '</Event>\n'
} >deep.xml
run export --format event-xml deep.xml
check "10,000 nested elements are refused or read, and the output is valid" valid out
printf 'overlong \300\257 and \340\200\257 and \355\240\200 and \364\220\200\200 $$<SMS_DESPOOLER><Thu Sep 10 09:55:37 1998~><thread=1D0>\r\n' >overlong.log
run export overlong.log
check "overlong UTF-8 is escaped" valid out

# A line of 10 MB: bounded, marked, and the rest of the file goes on.
{
    head -c 10485760 /dev/zero | tr '\0' x
    printf ' $$<SMS_DESPOOLER><Thu Sep 10 09:55:37 1998~><thread=1D0>\r\n'
    cat "$sample/Despool.log"
} >long.log
run export long.log
check "a line of 10 MB is survived" valid out
check "it is marked" has out 'truncated="true"'
check "the rest of the file goes on" same "$records" "$(grep -v 'truncated="true"' out | grep -c '<event ')"
check "the 10 MB do not come out" test "$(wc -c <out)" -lt 2000000

# Memory does not follow the size of the input.
i=0
while [ $i -lt 300 ]; do
    cat "$sample/Despool.log"
    i=$((i + 1))
done >small.log
i=0
while [ $i -lt 20 ]; do
    cat small.log
    i=$((i + 1))
done >large.log
# A sanitizer keeps what was freed for a while: not much of it here.
peak() {
    ASAN_OPTIONS=quarantine_size_mb=1 "$TEST_BUILDDIR/bench/bench_time" x 1 1 peak.out "$TRUECAUSE" export "$1" | awk '{ print int($(NF - 1)) }'
}
small=$(peak small.log)
large=$(peak large.log)
# What grows is the memory of failed copies, up to its bound.
check "20 times the input takes the same memory ($small and $large MB)" test "$large" -le $((small + 20))
finish
