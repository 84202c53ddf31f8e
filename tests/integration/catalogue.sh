#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Signatures of an administrator's own: the example of the manual, and what a
# daemon does with files in catalogue.d that are new, that override, that are
# broken, mended, too slow, and taken away.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
top=$TEST_SRCDIR/..
mkdir spool catalogue.d

run() { # STATUS COMMAND...: output in out, messages in err
    want=$1
    shift
    "$TRUECAUSE" "$@" >out 2>err
    got=$?
    [ "$got" -eq "$want" ] && return 0
    echo "exit status $got, not $want"
    cat out err
    return 1
}
record() { # TEXT: a line as the despooler writes it, of now
    printf '%s  $$<SMS_DESPOOLER><%s~><thread=1D0>\r\n' "$1" "$(LC_ALL=C TZ=UTC date '+%a %b %d %H:%M:%S %Y')"
}
there_or_dead() {
    has "$1" "$2" || daemon_dead "$DAEMON"
}
soon() { # FILE TEXT: it comes, or the daemon ends before
    wait_until 20 there_or_dead "$1" "$2" && has "$1" "$2" && return 0
    echo "never in $1: $2"
    tail -n 5 "$1" daemon.err
    return 1
}
status_has() {
    "$TRUECAUSE" status -c truecause.xml >out 2>err
    grep -qF -- "$1" out
}
# event_has TEXT ATTRIBUTES: the event of the record with this text has them.
event_has() {
    soon events.xml "$1" && grep -F -- "$1" events.xml | grep '<event ' | grep -qF -- "$2"
}
own() { # FILE BODY: a catalogue file
    printf '<catalogue xmlns="urn:truecause:catalogue:1">\n%s\n</catalogue>\n' "$2" >"$1"
}
hangup() {
    kill -HUP "$DAEMON"
}

# --- the manual's example ---------------------------------------------------------
sed -n '/^\.Sh EXAMPLE/,/^\.Ed/p' "$top/doc/truecause-catalogue.5" | sed -e '1,/^\.Bd -literal/d' -e '/^\.Ed/d' -e 's/\\e/\\/g' \
    >quarantine.xml
check "the manual's example keeps to the schema" \
    xmllint --noout --schema "$top/schemas/catalogue.xsd" quarantine.xml
check "and does what it says" run 0 test quarantine.xml
check "with nothing failed" has out ', 0 failed'
quarantined='~Copying of E:\_S M0000.TMP\setup.exe to \\ANFIELD\SMS_PKGE\DOG0005D\setup.exe was stopped: the file was moved to quarantine'
: >events.xml
record "$quarantined" >spool/despool.log
cp spool/despool.log old.log
check "without it the record is not explained" run 0 export old.log
check "as ordinary" has out 'class="activity"'
check "explain says so" run 0 explain old.log:1
check "and where to go on" has out 'signature    none: nothing in the catalogue explains this text'
check "with it, from a file" run 0 export --catalogue quarantine.xml old.log
check "it is" has out 'class="file-contention" severity="major"'
check "explain names the file and the line" run 0 explain --catalogue quarantine.xml old.log:1
check "of the signature" has out 'own-quarantine, quarantine.xml:4'
check "its literal" has out 'the text holds "was moved to quarantine"'
check "and what the pattern took" has out 'target is \\ANFIELD\SMS_PKGE\DOG0005D\setup.exe'
check "a catalogue that is not there" run 3 export --catalogue nothing.xml old.log
check "is named" has err 'nothing.xml'

# --- a daemon ---------------------------------------------------------------------
cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state">
  <source name="logs" format="sms-log" path="$SCRATCH/spool/despool.log" host="ANFIELD" site="DOG" zone="UTC" poll="50ms"/>
  <target name="archive" type="xml" path="$SCRATCH/events.xml" form="lines"/>
</truecause>
END
"$TRUECAUSE" forward -c truecause.xml >daemon.out 2>daemon.err &
DAEMON=$!
DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
check "the daemon knows what is in the program" event_has 'moved to quarantine' 'class="activity"' || finish
check "and says that nothing else is there" wait_until 20 status_has ', 0 of them from catalogue.d'

cp quarantine.xml catalogue.d/50-quarantine.xml
check "a new file is checked" run 0 check -c truecause.xml
hangup
check "and taken over by a reload" wait_until 20 status_has ', 1 of them from catalogue.d'
record "$quarantined (2)" >>spool/despool.log
check "it works without a rebuild" event_has 'quarantine (2)' 'signature="own-quarantine"'
check "and raises its alarm" soon events.xml 'key="dist:ANFIELD:DOG0005D"'

# An override by id: the program's own signature of this text is gone.
own catalogue.d/60-over.xml '<signature id="heartbeat-expired" class="service" severity="critical">
  <literal>heartbeat is expired</literal><example class="service">Heartbeat is expired.</example>
  <near-miss>Heartbeat is alive.</near-miss></signature>'
hangup
check "an override is taken over" wait_until 20 status_has ', 2 of them from catalogue.d'
record 'Heartbeat is expired. (3)' >>spool/despool.log
check "and decides" event_has 'expired. (3)' 'class="service" severity="critical"'

# A broken file: check and the reload refuse it, the daemon goes on as it was.
for broken in '<signature id="own-x" class="network"><literal>broke down</literal>
  <pattern>(broke down</pattern>
  <example>it broke down</example><near-miss>x</near-miss></signature>:3: ' \
    '<signature id="own-x" class="network"><literal>broke down</literal>
  <example class="service">it broke down</example><near-miss>x</near-miss></signature>:3: ' \
    '<signature id="own-x" class="network" article="Q999999"><literal>broke down</literal>
  <example>it broke down</example><near-miss>x</near-miss></signature>:2: ' \
    '<code win32="5" symbol="X" class="network"/>
<code win32="5" symbol="X" class="service"/>:3: '; do
    line=${broken##*>}
    own catalogue.d/70-own.xml "${broken%:*:*}"
    check "check refuses a broken file" run 3 check -c truecause.xml
    check "by its line, $line" has out "catalogue.d/70-own.xml${line}error: "
    hangup
    check "so does the daemon" wait_until 20 status_has "A LATER ONE FAILED"
    check "by its line" wait_until 20 status_has "catalogue.d/70-own.xml${line% }"
    check "and keeps what it has" wait_until 20 status_has ', 2 of them from catalogue.d'
    rm catalogue.d/70-own.xml
    hangup
    check "until it is mended" wait_until 20 sh -c '! "$0" status -c truecause.xml | grep -q "LATER ONE FAILED"' "$TRUECAUSE"
done
own catalogue.d/70-own.xml '<signature id="own-x" class="network"><literal>broke</literal'
hangup
wait_until 20 status_has "A LATER ONE FAILED"
record "$quarantined (4)" >>spool/despool.log
check "records are judged by the old set meanwhile" event_has 'quarantine (4)' 'signature="own-quarantine"'
own catalogue.d/70-own.xml '<signature id="own-x" class="network"><literal>broke down</literal>
  <example>it broke down</example><near-miss>x</near-miss></signature>'
hangup
check "a mended file is taken over" wait_until 20 status_has ', 3 of them from catalogue.d'
record 'The link broke down (5)' >>spool/despool.log
check "and works" event_has 'broke down (5)' 'signature="own-x"'

# A pattern that runs away on what somebody writes into a log.
own catalogue.d/80-slow.xml '<signature id="own-slow" class="network"><literal>aaaa</literal>
  <pattern>^(?:(a|aa)+)+$</pattern><example>aaaa</example><near-miss>aaaab</near-miss></signature>'
hangup
check "a slow pattern is taken over" wait_until 20 status_has ', 4 of them from catalogue.d'
hostile=$(printf '%5000s' '' | tr ' ' a)
i=0
while [ $i -lt 50 ]; do
    record "${hostile}b"
    i=$((i + 1))
done >>spool/despool.log
record "$quarantined (6)" >>spool/despool.log
check "the daemon goes on reading" event_has 'quarantine (6)' 'signature="own-quarantine"'
check "status names the pattern" wait_until 20 status_has 'own-slow, '
check "and how often it was given up" wait_until 20 status_has 'PATTERN GIVEN UP on 50 records'
check "an alarm says so" soon events.xml 'key="self:PATTERN:OWN-SLOW"'
"$TRUECAUSE" status -c truecause.xml --json >out
check "programs can see it" has out '"given_up": 50'
check "export says so, too" run 0 export --catalogue catalogue.d/80-slow.xml spool/despool.log
check "by its line" has err 'catalogue.d/80-slow.xml:2: the pattern of signature own-slow took too long'

# Files that are taken away.
rm catalogue.d/80-slow.xml catalogue.d/50-quarantine.xml catalogue.d/60-over.xml
hangup
check "what was taken away is forgotten" wait_until 20 status_has ', 1 of them from catalogue.d'
record "$quarantined (7)" >>spool/despool.log
check "the record is as it was" event_has 'quarantine (7)' 'class="activity"'
record 'Heartbeat is expired. (8)' >>spool/despool.log
check "the program's own signature is back" event_has 'expired. (8)' 'class="network"'
cleared() {
    grep 'key="self:PATTERN:OWN-SLOW"' events.xml | grep -q 'state="cleared"'
}
check "the alarm about the pattern is over" wait_until 20 cleared
check "the daemon lives" daemon_alive "$DAEMON"
kill "$DAEMON"
wait "$DAEMON"
check "and ends well" same 0 $?
finish
