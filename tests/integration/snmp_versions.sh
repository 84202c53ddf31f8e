#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# snmp_versions.sh - a real snmptrapd takes every version, security level and
# algorithm of SNMP that a target can have, as traps and as informs: each message of
# each is accepted (and acknowledged), and its varbinds are those that a trap of
# SNMPv2c carries.  One goes over IPv6, with a context.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1

engine=80007ed9057472756563617573652d31
sender=$TEST_BUILDDIR/integration/snmp_send
expected=$TEST_SRCDIR/integration/snmptrapd.expected
MESSAGES=7

"$TRUECAUSE" mib >TRUECAUSE-MIB.txt
printf 'public\n' >community
printf 'a pass phrase of mine\n' >auth
printf 'and another, for secrets\n' >priv
chmod 600 community auth priv

# trapd NAME: what snmptrapd calls an algorithm of ours.
trapd() {
    case $1 in
    sha1) echo SHA ;;
    sha*) echo "SHA-${1#sha}" ;;
    aes128) echo AES ;;
    aes*-blumenthal) name=${1%-*} && echo "AES-${name#aes}" ;;
    aes*-reeder) name=${1%-*} && echo "AES-${name#aes}-C" ;;
    esac
}

# add NAME ATTRIBUTES: a target at $address, written to targets; its name is its user's.
add() {
    printf '  <target name="%s" type="snmp" address="%s" pace="100" %s/>\n' "$1" "$address" "$2" >>targets
    echo "$1" >>names
}
# user NAME LEVEL [AUTH [PRIV]]: a target of SNMPv3, and the user that the receiver knows.
user() {
    attributes="version=\"3\" user=\"$1\" notification=\"$notification\""
    line="createUser $authoritative $1"
    [ $# -lt 3 ] || attributes="$attributes auth=\"$3\" auth-file=\"auth\""
    [ $# -lt 3 ] || line="$line $(trapd "$3") \"$(cat auth)\""
    [ $# -lt 4 ] || attributes="$attributes priv=\"$4\" priv-file=\"priv\""
    [ $# -lt 4 ] || line="$line $(trapd "$4") \"$(cat priv)\""
    add "$1" "$attributes"
    printf '%s\nauthUser log %s %s\n' "$line" "$1" "$2" >>snmptrapd.more
}

# Each user has a key of its own for our engine (traps), or for its own (informs).
all_users() {
    user none noauth
    for auth in sha1 sha224 sha256 sha384 sha512; do
        user "$auth" auth "$auth"
        for priv in aes128 aes192-blumenthal aes192-reeder aes256-blumenthal aes256-reeder; do
            user "$auth-$priv" priv "$auth" "$priv"
        done
    done
    address="udp6:[::1]:$six"
    user six priv sha256 aes128
    sed '$s,/>, context="tunnel"/>,' targets >with-context && mv with-context targets
}

# all_here N: so many messages were printed to their end.
all_here() {
    [ "$(grep -c '^TRUECAUSE-MIB::tcSummary.0 = heartbeat$' snmptrapd.out)" -ge "$1" ]
}

# split: what snmptrapd.out has of each user into NAME.got.  The head of a message
# is "@TRAP2, SNMP v3, user NAME, context ".
split() {
    awk '/^@/ { name = "other"
                if (match($0, /SNMP v1/)) name = "v1"
                if (match($0, /SNMP v2c/)) name = "v2c"
                if (match($0, /user [^,]*/)) name = substr($0, RSTART + 5, RLENGTH - 5)
                count[name]++
                next }
         name { print >(name ".got") }
         END { for (n in count) print n, count[n] >"counts" }' snmptrapd.out
}

# comparable FILE: without what snmptrapd says of itself; the text that is too long
# for a message is cut where the room ends, which is another place for each.
comparable() {
    grep -vE 'NET-SNMP version|^Stopping snmptrapd|^$' "$1" | LC_ALL=C sed 's/^\(TRUECAUSE-MIB::tcAction.0 = Büro .\{300\}\).*/\1/'
}

# same_for NAME: as many messages as were sent, and what they hold.
same_for() {
    grep -qx "$1 $MESSAGES" counts || { grep "^$1 " counts; return 1; }
    case $1 in
    # Of SNMPv1 these two are no varbinds.
    v1) comparable "$expected" | grep -vE '^SNMPv2-MIB::(sysUpTime|snmpTrapOID)\.0 = ' >want ;;
    *) comparable "$expected" >want ;;
    esac
    comparable "$1.got" >got
    cmp -s want got && return 0
    diff -u want got | head -n 20
    return 1
}

for notification in trap inform; do
    six=$(free_port)
    address=udp:127.0.0.1:@PORT@
    rm -f targets names snmptrapd.more ./*.got counts
    authoritative="-e 0x$engine"
    [ "$notification" = trap ] || authoritative=
    [ "$notification" = trap ] && add v1 'version="1" community-file="community"'
    add v2c "version=\"2c\" community-file=\"community\" notification=\"$notification\""
    all_users
    start_snmptrapd "$SCRATCH" "$SCRATCH:$TEST_SRCDIR/../mibs/base" -m TRUECAUSE-MIB -OQ -F '@%P\n%V\n%v\n' \
        "udp6:[::1]:$six" || exit 1
    {
        echo "<truecause xmlns=\"urn:truecause:config:1\" state=\"$SCRATCH\" engine-id=\"$engine\">"
        sed "s/@PORT@/$SNMPTRAPD_PORT/" targets
        echo '</truecause>'
    } >truecause.xml
    check "${notification}s of every kind are sent" "$sender" -c truecause.xml
    check "and arrive" wait_until 60 all_here "$(wc -l <names)"
    daemons_stop
    split
    while read -r name; do
        check "$notification: $name" same_for "$name"
    done <names
    check "the context is there" grep -q '^@.*user six, context tunnel' snmptrapd.out
done
check "every algorithm was there" lines_are names 33
finish
