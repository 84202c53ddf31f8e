#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# smilint.sh - TRUECAUSE-MIB is without fault at smilint's strictest level, every
# name in it resolves, and the base modules beside it have the true OIDs.
# smilint ends with 0 whatever it finds: only its output counts.
. "${TEST_SRCDIR:?}/integration/lib.sh"

mibs=$(cd "$TEST_SRCDIR/../mibs" && pwd)
base=$mibs/base
mkdir "$SCRATCH/cert_indexes" # snmptranslate would make it, and say so

# silent LEVEL FILE: smilint finds nothing up to LEVEL, with our base modules only.
silent() {
    SMIPATH=$base smilint -c /dev/null -s -l "$1" "$2" >"$SCRATCH/lint" 2>&1
    [ ! -s "$SCRATCH/lint" ] && return 0
    cat "$SCRATCH/lint"
    return 1
}

# broken_is_noticed: the check above can fail.
broken_is_noticed() {
    sed 's/SYNTAX TcFaultClass/SYNTAX TcNoSuchType/' "$mibs/TRUECAUSE-MIB.txt" >"$SCRATCH/BROKEN-MIB.txt"
    ! silent 6 "$SCRATCH/BROKEN-MIB.txt" >/dev/null
}

# converts: snmptt's own tool finds nothing wrong, and a line for each notification.
converts() {
    MIBS=ALL MIBDIRS=$mibs:$base SNMPCONFPATH=$SCRATCH SNMP_PERSISTENT_DIR=$SCRATCH \
        snmpttconvertmib --in="$mibs/TRUECAUSE-MIB.txt" --out="$SCRATCH/snmptt.conf" >"$SCRATCH/said" 2>&1
    want=$(grep -c '^tc[A-Za-z]* NOTIFICATION-TYPE' "$mibs/TRUECAUSE-MIB.txt")
    grep -q "^Successful translations: *$want\$" "$SCRATCH/said" && grep -q '^Failed translations: *0$' "$SCRATCH/said" &&
        [ "$(grep -c "^EVENT tc[A-Za-z]* \.1\.3\.6\.1\.4\.1\.32473\.109\.0\.[0-9]* " "$SCRATCH/snmptt.conf")" -eq "$want" ] && return 0
    tail -n 5 "$SCRATCH/said"
    return 1
}

# names_resolve FOLDER ROOT: snmptranslate gives each name of the module in FOLDER
# the OID that the text says, below ROOT.
names_resolve() {
    awk -v root="$2" '
        /^[a-z][A-Za-z0-9]* (OBJECT-TYPE|NOTIFICATION-TYPE|OBJECT-GROUP|NOTIFICATION-GROUP|MODULE-COMPLIANCE)$/ { name = $1 }
        /^    ::= \{ tc/ && name { at[name] = at[$3] "." $4; print name, at[name]; name = "" }
        /^tc[A-Za-z]* +OBJECT IDENTIFIER ::=/ { at[$1] = ($5 == "{" ? at[$6] "." $7 : ""); print $1, at[$1] }
        BEGIN { at["truecauseMIB"] = root; print "truecauseMIB", root }' "$1/TRUECAUSE-MIB.txt" >"$SCRATCH/want"
    [ "$(wc -l <"$SCRATCH/want")" -ge 160 ] || { echo "only $(wc -l <"$SCRATCH/want") names found"; return 1; }
    while read -r name oid; do
        got=$(translate "$1" "$name")
        [ "$got" = ".$oid" ] || { echo "$name: want .$oid, got $got"; return 1; }
    done <"$SCRATCH/want"
}

translate() {
    MIBS='' MIBDIRS='' SNMPCONFPATH=$SCRATCH SNMP_PERSISTENT_DIR=$SCRATCH \
        snmptranslate -M "$1:$base" -m TRUECAUSE-MIB -On "TRUECAUSE-MIB::$2" 2>&1
}

# tree FOLDER MODULE: "name oid" of every node the module defines itself.
tree() {
    MIBS='' MIBDIRS='' SNMPCONFPATH=$SCRATCH SNMP_PERSISTENT_DIR=$SCRATCH \
        snmptranslate -M "$1" -m "$2" -TB '.*' 2>/dev/null | sed -n "s/^$2:://p" | sort -u >"$SCRATCH/names"
    while read -r name; do
        echo "$name $(MIBS='' MIBDIRS='' SNMPCONFPATH=$SCRATCH SNMP_PERSISTENT_DIR=$SCRATCH \
            snmptranslate -M "$1" -m "$2" -On "$2::$name" 2>/dev/null | head -n 1)"
    done <"$SCRATCH/names"
}

# within OURS THEIRS: every line of OURS is in THEIRS, and there are some.
within() {
    [ -s "$1" ] || { echo "no names found"; return 1; }
    grep -vxFf "$2" "$1" || return 0
    return 1
}

check "TRUECAUSE-MIB is silent at level 6" silent 6 "$mibs/TRUECAUSE-MIB.txt"
check "a broken module is not" broken_is_noticed
check "snmpttconvertmib translates all of it" converts
for module in "$base"/*.txt; do
    check "no error in ${module##*/}" silent 3 "$module"
done
check "every name resolves" names_resolve "$mibs" 1.3.6.1.4.1.32473.109
for oid in 1.3.6.1.4.1.99999.7 1.3.6.1.4.1.99999 1.3.6.1.4.1.99999.1.2.3.4.5.6.7.8.9.10.11.12; do
    mkdir -p "$SCRATCH/$oid"
    check "truecause mib for $oid" \
        sh -c '"$1" mib --enterprise-oid "$2" >"$3"' sh "$TRUECAUSE" "$oid" "$SCRATCH/$oid/TRUECAUSE-MIB.txt"
    check "silent at level 6 for $oid" silent 6 "$SCRATCH/$oid/TRUECAUSE-MIB.txt"
    check "every name resolves for $oid" names_resolve "$SCRATCH/$oid" "$oid"
done
"$TRUECAUSE" mib >"$SCRATCH/default" || :
check "without an option the module has the OID of the build" \
    sh -c '"$1" mib --enterprise-oid "$2" | cmp - "$3"' sh "$TRUECAUSE" "${ENTERPRISE_OID:?}" "$SCRATCH/default"
check "a wrong OID is wrong usage" sh -c '"$1" mib --enterprise-oid 1.2.3 2>"$2"; [ $? -eq 2 ]' sh "$TRUECAUSE" "$SCRATCH/err"
check "and says what is wanted" has "$SCRATCH/err" '1.3.6.1.4.1.NUMBER'

# The true modules, as the npm package net-snmp carries them: looked at, never kept.  One
# version, and a limit: neither a release of theirs nor a slow network is our failure.
mkdir "$SCRATCH/npm"
if command -v npm >/dev/null && (cd "$SCRATCH/npm" &&
    timeout 120 npm pack --silent net-snmp@3.29.2 >/dev/null 2>&1 && tar xf net-snmp-*.tgz); then
    for module in SNMPv2-SMI SNMPv2-TC SNMPv2-CONF SNMPv2-MIB; do
        # Modules without nodes of their own have nothing to compare.
        tree "$base" "$module" >"$SCRATCH/ours"
        tree "$SCRATCH/npm/package/lib/mibs" "$module" >"$SCRATCH/theirs"
        case $module in SNMPv2-TC | SNMPv2-CONF) [ -s "$SCRATCH/ours" ] || continue ;; esac
        check "$module: names and OIDs are the true ones" within "$SCRATCH/ours" "$SCRATCH/theirs"
    done
else
    echo "left out: comparison with the npm package net-snmp (no npm, or no network)"
fi
finish
