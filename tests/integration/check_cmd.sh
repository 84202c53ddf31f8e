#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What `truecause check` prints and how it ends, and that the example
# configuration passes.
. "${TEST_SRCDIR:?}/integration/lib.sh"

cd "$SCRATCH" || exit 1

# run WANT ARG...: runs the command; output in $OUT, messages in $ERR.
OUT=$SCRATCH/out
ERR=$SCRATCH/err
run() {
    want=$1
    shift
    "$TRUECAUSE" "$@" >"$OUT" 2>"$ERR"
    got=$?
    [ "$got" -eq "$want" ] && return 0
    echo "exit status $got, not $want"
    cat "$OUT" "$ERR"
    return 1
}
last_is() {
    same "$1" "$(tail -n 1 "$OUT")"
}

printf 'public\n' >community
chmod 600 community
cp "$TEST_SRCDIR/../doc/truecause.conf.example" example.xml

check "the example is short" test "$(wc -l <example.xml)" -le 25
check "the example passes" run 0 check -c example.xml
check "it has no errors" has "$OUT" "0 errors, 3 warnings"
check "the documentation number is warned of" has "$OUT" "example.xml:5: warning: the enterprise OID is 1.3.6.1.4.1.32473.109"
check "a source without files is warned of" has "$OUT" "example.xml:8: warning: path=\"/mnt/sms/logs/despool*.log\" matches no file"
check "nothing else is said" test ! -s "$ERR"

mkdir logs
echo x >logs/Despool.log
cat >good.xml <<'END'
<truecause xmlns="urn:truecause:config:1" enterprise-oid="1.3.6.1.4.1.99999">
  <source format="sms-log" path="logs/despool.log" zone="UTC"/>
  <target name="a" type="xml" path="a.xml"/>
</truecause>
END
check "a good one passes without a word" run 0 check -c good.xml
check "but the count" last_is "0 errors, 0 warnings"
check "which is all" lines_are "$OUT" 1
check "check makes no files" test ! -e a.xml

sed 's,logs/despool.log,logs/dispool.log,' good.xml >near.xml
check "a near name is a warning" run 0 check -c near.xml
check "and is told" has "$OUT" "near.xml:2: warning: path=\"logs/dispool.log\" matches no file; there is logs/Despool.log"
check "one warning" last_is "0 errors, 1 warning"

cat >bad.xml <<'END'
<truecause xmlns="urn:truecause:config:1" enterprise-oid="1.3.6.1.4.1.99999">
  <source formt="sms-log" path="logs/despool.log" zone="UTC"/>
  <target name="a" type="xml" path="a.xml"
          keep="3d"/>
  <target name="n" type="email"/>
</truecause>
END
check "errors end with 3" run 3 check -c bad.xml
check "a misspelling" has "$OUT" 'bad.xml:2: error: <source> has no attribute "formt"; did you mean "format"?'
check "a word of another element, on its line" has "$OUT" 'bad.xml:4: error: "keep" holds for all: write it into <truecause>'
check "a value of a later version" has "$OUT" 'bad.xml:5: error: type="email" is not in this version: write "xml", "snmp" or "syslog"'
check "all are counted" last_is "3 errors, 0 warnings"

# What goes wrong with SNMP, each with its line.
printf 'passwor\n' >short
printf 'password\n' >long
chmod 600 short long
cat >snmp.xml <<'END'
<truecause xmlns="urn:truecause:config:1" enterprise-oid="1.3.6.1.2.1" engine-id="0000000000">
  <source format="sms-log" path="logs/despool.log" zone="UTC"/>
  <target name="a" type="snmp" address="udp:192.0.2.7" version="3" user="u"
          auth="sha256" auth-file="short"/>
  <target name="b" type="snmp" address="udp:192.0.2.7" version="3" user="u" auth="md5" auth-file="long"/>
  <target name="c" type="snmp" address="udp:192.0.2.7" version="3" user="u" auth="sha1" auth-file="long"
          priv="aes256" priv-file="long"/>
</truecause>
END
check "what SNMP cannot be" run 3 check -c snmp.xml
check "a wrong enterprise OID" has "$OUT" 'snmp.xml:1: error: enterprise-oid="1.3.6.1.2.1" is not valid: write 1.3.6.1.4.1.NUMBER'
check "a wrong engine id" has "$OUT" 'snmp.xml:1: error: engine-id="0000000000" is not valid (RFC 3411)'
check "a short pass phrase" has "$OUT" 'snmp.xml:4: error: auth-file: the pass phrase has 7 characters'
check "an algorithm that is refused" has "$OUT" 'snmp.xml:5: error: auth="md5" is refused: MD5 has been broken'
check "an algorithm that two mean differently" has "$OUT" 'snmp.xml:7: error: priv="aes256" is refused: there are two'
cat >snmp.xml <<'END'
<truecause xmlns="urn:truecause:config:1" enterprise-oid="1.3.6.1.4.1.99999" state="state" engine-id="80007ed90501">
  <source format="sms-log" path="logs/despool.log" zone="UTC"/>
  <target name="a" type="snmp" address="udp:nms.invalid" version="3" user="u" auth="sha256" auth-file="long"/>
  <target name="b" type="syslog" address="udp:127.0.0.1" source-address="192.0.2.77"/>
</truecause>
END
check "what only the resolver knows" run 0 check -c snmp.xml
check "an address that is not here" has "$OUT" 'snmp.xml:4: warning: target "b": source-address 192.0.2.77: Cannot assign '
check "a name without an address" has "$OUT" 'snmp.xml:3: warning: target "a": no IPv4 address for nms.invalid: '
check "with a remedy" has "$OUT" 'check the name, or give a numeric address'
check "the engine that receivers must know" has "$OUT" 'SNMP engine: 80007ed90501, has not begun yet'
check "check makes no state" test ! -e state
mkdir state
echo damaged >state/snmp-engine
check "a damaged engine file, which the start would refuse" run 3 check -c snmp.xml
check "with a remedy" has "$OUT" 'snmp.xml: error: state/snmp-engine: is damaged; it holds the SNMP engine'
rm -r state

chmod 644 community
check "an open secret is refused" run 3 check -c example.xml
check "with the remedy" has "$OUT" "can be read by others than its owner (mode 644): chmod 600 it"
chmod 600 community

mkdir conf.d
echo '<truecause xmlns="urn:truecause:config:1"><target name="a" type="xml" path="b.xml"/></truecause>' >conf.d/10.xml
check "conf.d is read" run 3 check -c good.xml
check "and has its own place" has "$OUT" 'conf.d/10.xml:1: error: a target with the name "a" stands at good.xml:3 already'
rm -r conf.d

# A bomb of entities must be refused at its first line, at once.
{
    echo '<!DOCTYPE truecause [<!ENTITY a "aaaaaaaaaa">'
    for i in b c d e f g h i j; do
        echo "<!ENTITY $i \"&$(echo "$i" | tr b-j a-i);&$(echo "$i" | tr b-j a-i);&$(echo "$i" | tr b-j a-i);\">"
    done
    echo ']><truecause xmlns="urn:truecause:config:1" state="&j;"/>'
} >bomb.xml
check "a DOCTYPE is refused" run 3 check -c bomb.xml
check "in words" has "$OUT" "bomb.xml:1: error: a DOCTYPE is not allowed"

name=$(printf 'a\nb.xml')
cp good.xml "$name"
sed -i 's/format=/formt=/' "$name"
check "a name with a line end" run 3 check -c "$name"
check "cannot forge a line" has "$OUT" "a<0A>b.xml:2: error:"

check "a missing file" run 3 check -c missing.xml
check "is an error" has "$OUT" "missing.xml: error: cannot read it: No such file or directory"
check "no file named: usage" run 2 check
check "unknown option: usage" run 2 check -x
check "too many arguments: usage" run 2 check -c good.xml more
check "help" run 0 check --help
check "help is on stdout" has "$OUT" "usage: truecause check -c CONFIG"
finish
