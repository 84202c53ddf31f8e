#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What the transports of syslog lose when the receiver fails: the short form of
# transports.py; 'make faults-syslog' runs the long one, beside other forwarders.
. "${TEST_SRCDIR:?}/integration/lib.sh"
PYTHONDONTWRITEBYTECODE=1
TMPDIR=$SCRATCH
export PYTHONDONTWRITEBYTECODE TMPDIR
# Their time is the senders' pauses: all at once.
pids=
transports() { # NAME TRANSPORT FAULTS
    python3 "$TEST_SRCDIR/faults/transports.py" --only truecause --count 6000 --transports "$2" --faults "$3" >"$SCRATCH/$1.out" 2>&1 &
    pids="$pids $1:$!"
}
done_well() {
    for pid in $pids; do
        [ "${pid%:*}" != "$1" ] || wait "${pid#*:}" || { cat "$SCRATCH/$1.out"; return 1; }
    done
    cat "$SCRATCH/$1.out"
}
transports tcp tcp killed,reset,restarted
transports tls tls killed
transports theirs tls expired
transports ours tls "own expired"
transports relp relp killed,reset,restarted
check "TCP: lost is only what the receiver's kernel had acknowledged" done_well tcp
check "TLS: lost is only what the receiver's kernel had acknowledged" done_well tls
check "TLS: nothing goes to an expired certificate, and nothing is lost by it" done_well theirs
check "TLS: nothing is lost when ours is refused, until it is replaced" done_well ours
check "RELP: nothing is lost" done_well relp
if has "$SCRATCH/relp.out" "built without"; then
    printf '<truecause xmlns="urn:truecause:config:1" state="%s/x"><target name="s" type="syslog" address="relp:h:9"/></truecause>\n' \
        "$SCRATCH" >"$SCRATCH/relp.xml"
    "$TRUECAUSE" check -c "$SCRATCH/relp.xml" >"$SCRATCH/said" 2>&1
    check "RELP: a build without it says so" has "$SCRATCH/said" --with-relp
fi
finish
