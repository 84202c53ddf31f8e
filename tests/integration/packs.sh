#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# packs.sh - `truecause pack` as a command, and the form of what it prints: XML
# against the schema of OpenNMS where that is at hand (OPENNMS_EVENTCONF_XSD=FILE), the
# templates for Zabbix with their JavaScript over real notifications.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
oid=1.3.6.1.4.1.32473.109

# run STATUS COMMAND...: output in out, messages in err
run() {
    want=$1
    shift
    "$TRUECAUSE" "$@" >out 2>err
    got=$?
    [ "$got" -eq "$want" ] && return 0
    echo "exit status $got, not $want"
    cat out err
    return 1
}

# --- the command -------------------------------------------------------------------
check "without a name, the list" run 0 pack
for name in snmptt opennms icinga2 nagios result zabbix zabbix-trap elastic; do
    check "the list has $name" grep -q "^$name  *[A-Z]" out
done
check "another name is wrong usage" run 2 pack nothing
check "and says which there are" has err 'snmptt '
check "two names, too" run 2 pack snmptt opennms
check "a wrong OID, too" run 2 pack --enterprise-oid 1.2.3 snmptt
check "a configuration that is not there" run 3 pack -c nothing.xml snmptt
check "--help" run 0 pack --help
check "without an option it is for the OID of the build" \
    sh -c '"$1" pack opennms >a; "$1" pack --enterprise-oid "$2" opennms >b; cmp a b' sh "$TRUECAUSE" "${ENTERPRISE_OID:?}"

# What the catalogue beside the configuration says of a class is in the pack.
mkdir catalogue.d
echo "<truecause xmlns=\"urn:truecause:config:1\" state=\"$SCRATCH/state\"/>" >truecause.xml
cat >catalogue.d/own.xml <<'END'
<catalogue xmlns="urn:truecause:catalogue:1">
  <class name="disk-full" severity="major"><action>Ring the storage people on extension 4711 &amp; wait.</action></class>
</catalogue>
END
check "the catalogue beside the configuration" run 0 pack -c truecause.xml opennms
check "its advice is in the pack" has out 'Ring the storage people on extension 4711 &amp; wait.'

# --- the shipped files --------------------------------------------------------------
packs=$TEST_SRCDIR/../mibs/packs
check "the event definitions are well-formed" xmllint --noout --nonet "$packs/opennms.events.xml"
if [ -r "${OPENNMS_EVENTCONF_XSD:-}" ]; then
    check "and valid by the schema of OpenNMS" \
        xmllint --noout --nonet --schema "$OPENNMS_EVENTCONF_XSD" "$packs/opennms.events.xml"
else
    echo "left out: the schema of OpenNMS (OPENNMS_EVENTCONF_XSD names none)"
fi
for script in truecause-result truecause-zabbix-trap; do
    check "$script is a script of sh" sh -n "$packs/$script"
    check "$script can be run" test -x "$packs/$script"
done

# --- Zabbix: real notifications through our script, with the MIB and without ------------
for mibs in with without; do
    mkdir -p "$mibs/mibs"
    [ "$mibs" = without ] || "$TRUECAUSE" mib --enterprise-oid $oid >"$mibs/mibs/TRUECAUSE-MIB.txt"
    printf '#!/bin/sh\nTRUECAUSE_ZABBIX_TRAPS=%s exec %s\n' "$SCRATCH/$mibs/traps" "$packs/truecause-zabbix-trap" >"$mibs/handler"
    chmod 755 "$mibs/handler"
    : >"$mibs/traps"
    echo "traphandle default $SCRATCH/$mibs/handler" >"$mibs/snmptrapd.more"
    check "snmptrapd starts, $mibs the MIB" start_snmptrapd "$SCRATCH/$mibs" \
        "$SCRATCH/$mibs/mibs:$TEST_SRCDIR/../mibs/base" || finish
    check "everything is sent" "$TEST_BUILDDIR/integration/snmp_send" "$SNMPTRAPD_PORT" $oid
    check "and written for Zabbix" wait_until 60 grep -q 'heartbeat"*$' "$mibs/traps"
    daemons_stop
    check "the templates understand it, $mibs the MIB" \
        /usr/bin/python3 "$TEST_SRCDIR/integration/zabbix_check.py" "$packs/zabbix.yaml" "$mibs/traps" \
        "$TEST_SRCDIR/integration/snmptrapd.expected"
done
finish
