#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# oid.sh - the enterprise OID of the configuration holds everywhere at run time: in
# notifications and syslog messages, as real receivers got them, in the MIB and in
# every pack; the number that the program was built with is nowhere.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
oid=1.3.6.1.4.1.99999.7
mkdir spool mibs
cp "$TEST_SRCDIR/data/sample/Despool.log" "$TEST_SRCDIR/data/sample/AppEvent.xml" spool/

check "snmptrapd starts, without any MIB" start_snmptrapd "$SCRATCH" "$SCRATCH/none" -m '' -On -OQ -F '%V\n%v\n' || finish
check "rsyslogd starts" start_rsyslogd "$SCRATCH" || finish
echo public >community
chmod 600 community
cat >truecause.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state" enterprise-oid="$oid">
  <source format="auto" path="$SCRATCH/spool/*" host="ANFIELD" address="192.0.2.10" zone="America/Los_Angeles"/>
  <target name="nms" type="snmp" address="udp:127.0.0.1:$SNMPTRAPD_PORT" version="2c" community-file="community"/>
  <target name="siem" type="syslog" address="tcp:127.0.0.1:$RSYSLOGD_PORT"/>
</truecause>
END
nothing_of() { # TEXT FILE: it is not in it, and something is
    [ -s "$2" ] && ! grep -nF -- "$1" "$2"
}
arrived() {
    grep -q "^\.1\.3\.6\.1\.6\.3\.1\.1\.4\.1\.0 = \.$oid\.0\.3\$" snmptrapd.out && grep -q CLEARED syslog.raw
}
check "everything is sent" "$TRUECAUSE" forward -c truecause.xml --once || finish
check "everything arrives" wait_until 60 arrived

# --- on the wire ------------------------------------------------------------------
grep '^\.1\.3\.6\.1\.6\.3\.1\.1\.4\.1\.0 = ' snmptrapd.out >traps
check "each notification is below it" sh -c '! grep -v "= \.$1\.0\.[0-9]*\$" traps' sh "$oid"
check "there are several" test "$(wc -l <traps)" -ge 4
check "each object, too" sh -c '! grep "^\.1\.3\.6\.1\.4\.1\." "$1" | grep -v "^\.$2\.1\.[0-9]*\.0 = "' sh snmptrapd.out "$oid"
check "nothing of the OID of the build is in a notification" nothing_of 32473 snmptrapd.out
check "the SD-ID of syslog has its number" has syslog.raw '[truecause@99999 '
check "so has origin" has syslog.raw 'enterpriseId="99999.7"'
check "nothing of the other is in a syslog message" nothing_of 32473 syslog.raw

# --- what is printed for it ---------------------------------------------------------
check "truecause mib" sh -c '"$1" mib -c truecause.xml >mibs/TRUECAUSE-MIB.txt' sh "$TRUECAUSE"
check "is of that OID" has mibs/TRUECAUSE-MIB.txt '{ enterprises 99999 }'
check "and no other" nothing_of 32473 mibs/TRUECAUSE-MIB.txt
for pack in $("$TRUECAUSE" pack -c truecause.xml | cut -d ' ' -f 1); do
    check "truecause pack $pack" sh -c '"$1" pack -c truecause.xml "$2" >"$2.pack"' sh "$TRUECAUSE" "$pack"
    check "has nothing of another OID" nothing_of 32473 "$pack.pack"
done
check "SNMPTT" has snmptt.pack "EVENT tcFileContentionRaised .$oid.0.2 "
check "OpenNMS" has opennms.pack "<mevalue>.$oid</mevalue>"
check "Zabbix" has zabbix.pack '[.]99999[.]7[.]0[.]'

# --- by name: the printed MIB is that of the notifications ----------------------------
daemons_stop
mkdir again
check "snmptrapd starts with the MIB that was printed" \
    start_snmptrapd "$SCRATCH/again" "$SCRATCH/mibs:$TEST_SRCDIR/../mibs/base" -m TRUECAUSE-MIB -OQ -F '%V\n%v\n' || finish
sed "s/udp:127.0.0.1:[0-9]*/udp:127.0.0.1:$SNMPTRAPD_PORT/; s|$SCRATCH/state|$SCRATCH/state2|; /siem/d" truecause.xml >again.xml
check "everything is sent once more" "$TRUECAUSE" forward -c again.xml --once
check "and has names" wait_until 60 has again/snmptrapd.out 'TRUECAUSE-MIB::tcFileContentionRaised'
check "nothing but names" sh -c '! grep -E "^(iso|\.1|SNMPv2-SMI::enterprises)\." "$1"' sh again/snmptrapd.out
check "an option goes before the configuration" sh -c '"$1" pack -c truecause.xml --enterprise-oid 1.3.6.1.4.1.5.6 opennms >option.pack
    grep -q "<mevalue>.1.3.6.1.4.1.5.6</mevalue>" option.pack' sh "$TRUECAUSE"
"$TRUECAUSE" agent --state "$SCRATCH/state" --socket "$SCRATCH/master" --enterprise-oid 1.2.3 >out 2>err
check "an OID that is none is wrong usage, of the agent, too" same 2 $?
check "which says what it wants" has err 'enterprise OID 1.2.3: want 1.3.6.1.4.1.NUMBER'
finish
