#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# snmptrapd.sh - a real snmptrapd prints every varbind by name, with the value
# that was sent: raise, update, clear, hostile names, a shortened text, a notice;
# for the default enterprise OID and for another.
. "${TEST_SRCDIR:?}/integration/lib.sh"

sender=$TEST_BUILDDIR/integration/snmp_send
expected=$TEST_SRCDIR/integration/snmptrapd.expected

# all_here FILE: the last message, the notice, has been printed to its end.
all_here() {
    grep -q '^TRUECAUSE-MIB::tcSummary.0 = heartbeat$' "$1"
}

# received FILE: what snmptrapd printed, without what it says of itself.
received() {
    grep -ve 'NET-SNMP version' -e '^Created directory: ' "$1"
}

no_numbers() {
    ! grep -qE '^(iso|\.1|SNMPv2-SMI::enterprises)\.' "$1"
}

same_messages() {
    received "$1" >"$1.messages"
    cmp -s "$expected" "$1.messages" && return 0
    diff -u "$expected" "$1.messages" | head -n 40
    return 1
}

for oid in 1.3.6.1.4.1.32473.109 1.3.6.1.4.1.99999.7; do
    dir=$SCRATCH/$oid
    mkdir -p "$dir/mibs"
    check "truecause mib prints the module for $oid" \
        sh -c '"$1" mib --enterprise-oid "$2" >"$3"' sh "$TRUECAUSE" "$oid" "$dir/mibs/TRUECAUSE-MIB.txt"
    # Our modules only, by the one name that operators give; values plain, one a line.
    start_snmptrapd "$dir" "$dir/mibs:$TEST_SRCDIR/../mibs/base" -m TRUECAUSE-MIB -OQ -F '%V\n%v\n' || exit 1
    check "everything is sent ($oid)" "$sender" "$SNMPTRAPD_PORT" "$oid"
    check "everything arrives ($oid)" wait_until 20 all_here "$dir/snmptrapd.out"
    daemons_stop
    check "every varbind by name, every value as sent ($oid)" same_messages "$dir/snmptrapd.out"
    check "no identifier is left as a number ($oid)" no_numbers "$dir/snmptrapd.out"
done

# Without a MIB the numbers are there: the OIDs on the wire are those of the option.
start_snmptrapd "$SCRATCH" "$SCRATCH/none" -m '' -On -OQ -F '%V\n%v\n' || exit 1
numbers_here() {
    grep -q '\.1\.3\.6\.1\.4\.1\.99999\.7\.1\.5\.0 = "*heartbeat' "$SCRATCH/snmptrapd.out"
}
check "sent without a MIB at the receiver" "$sender" "$SNMPTRAPD_PORT" 1.3.6.1.4.1.99999.7
check "numeric names are below the enterprise OID" wait_until 20 numbers_here
check "the trap OID too" has "$SCRATCH/snmptrapd.out" '.1.3.6.1.6.3.1.1.4.1.0 = .1.3.6.1.4.1.99999.7.0.2'
check "the originator's address is a standard varbind" \
    has "$SCRATCH/snmptrapd.out" '.1.3.6.1.6.3.18.1.3.0 = 192.0.2.10'
finish
