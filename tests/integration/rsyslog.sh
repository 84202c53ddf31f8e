#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A real rsyslogd receives items over UDP, TCP, mutual TLS, RELP and a socket of this
# computer; what its own RFC 5424 parser
# read from them is what was sent, structured data included, one message an item.
. "${TEST_SRCDIR:?}/integration/lib.sh"
sender=$TEST_BUILDDIR/integration/send_syslog

messages() {
    grep -c '^--$' "$SCRATCH/syslog.fields"
}
all_there() {
    [ "$(messages)" -ge "$1" ]
}
# What the sender says it sent has no TIME, APP-NAME and PROCID lines.
fields_equal() {
    grep -v -e '^time=' -e '^app=' -e '^procid=' "$SCRATCH/syslog.fields" >"$SCRATCH/got"
    # rsyslogd keeps the blank before MSG.
    sed 's/^msg= /msg=/' "$SCRATCH/got" | diff "$SCRATCH/sent" - >"$SCRATCH/diff" || { head -n 10 "$SCRATCH/diff"; return 1; }
}
fixed_fields() {
    [ "$(grep -c '^app=truecause$' "$SCRATCH/syslog.fields")" -eq "$1" ] &&
        [ "$(grep -c '^procid=-$' "$SCRATCH/syslog.fields")" -eq "$1" ] &&
        [ "$(sed -n 's/^time=//p' "$SCRATCH/syslog.fields" | head -n 1)" = '1998-09-10T16:55:38.000Z' ]
}

check "rsyslogd starts" start_rsyslogd "$SCRATCH" || finish

"$sender" udp "$RSYSLOGD_PORT" 200 400 >"$SCRATCH/sent"
check "200 items go out over UDP" same 0 $?
check "UDP: all arrive" wait_until 20 all_there 200
check "UDP: no more than were sent" same 200 "$(messages)"
check "UDP: the parsed fields are the items'" fields_equal
check "UDP: time, APP-NAME and PROCID" fixed_fields 200

daemons_stop
check "rsyslogd starts again" start_rsyslogd "$SCRATCH" || finish
"$sender" tcp "$RSYSLOGD_PORT" 5000 >"$SCRATCH/sent"
check "5,000 items go out over TCP" same 0 $?
check "TCP: all arrive" wait_until 30 all_there 5000
check "TCP: no more than were sent" same 5000 "$(messages)"
check "TCP: the parsed fields are the items'" fields_equal
check "TCP: time, APP-NAME and PROCID" fixed_fields 5000

daemons_stop
make_certificates "$SCRATCH" || finish
RSYSLOGD_GLOBAL="DefaultNetstreamDriver=\"ossl\" DefaultNetstreamDriverCAFile=\"$SCRATCH/ca.pem\"
    DefaultNetstreamDriverCertFile=\"$SCRATCH/server.pem\" DefaultNetstreamDriverKeyFile=\"$SCRATCH/server.key\""
RSYSLOGD_TLS='StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/name" PermittedPeer=["client.example.org"]'
check "rsyslogd starts with TLS" start_rsyslogd "$SCRATCH" || finish
SEND_CA=$SCRATCH/ca.pem SEND_CERTIFICATE=$SCRATCH/client.pem SEND_KEY=$SCRATCH/client.key \
    "$sender" tls "$RSYSLOGD_PORT" 1000 >"$SCRATCH/sent"
check "1,000 items go out over mutual TLS" same 0 $?
check "TLS: all arrive" wait_until 60 all_there 1000
check "TLS: no more than were sent" same 1000 "$(messages)"
check "TLS: the parsed fields are the items'" fields_equal
daemons_stop
RSYSLOGD_GLOBAL=
RSYSLOGD_TLS=

# The special parser of local sockets knows neither RFC 5424 nor its times.
RSYSLOGD_MORE="module(load=\"imuxsock\" SysSock.Use=\"off\")
input(type=\"imuxsock\" Socket=\"$SCRATCH/log\" UseSpecialParser=\"off\" IgnoreTimestamp=\"off\" ruleset=\"received\")
input(type=\"imuxsock\" Socket=\"$SCRATCH/plain\" ruleset=\"received\")"
check "rsyslogd starts with sockets" start_rsyslogd "$SCRATCH" || finish
"$sender" unix "$SCRATCH/log" 2000 >"$SCRATCH/sent"
check "2,000 items go out to a socket" same 0 $?
check "socket: all arrive" wait_until 60 all_there 2000
check "socket: no more than were sent" same 2000 "$(messages)"
check "socket: the parsed fields are the items'" fields_equal
check "socket: time, APP-NAME and PROCID" fixed_fields 2000
: >"$SCRATCH/syslog.fields"
SEND_FORM=rfc3164 "$sender" unix "$SCRATCH/plain" 10 >"$SCRATCH/sent"
check "/dev/log as it is: all arrive" wait_until 60 all_there 10
check "/dev/log as it is: the tag is the program and the class" \
    same '5 5 10' "$(grep -c '^procid=file-contention$' "$SCRATCH/syslog.fields") $(grep -c '^procid=activity$' "$SCRATCH/syslog.fields") $(grep -c '^app=truecause$' "$SCRATCH/syslog.fields")"
check "/dev/log as it is: the facts are there" \
    same 10 "$(grep -c '^msg= .* id="[0-9a-f]*".* host="HOST-[0-9]*" package="PKG-[0-9]*" file="E:' "$SCRATCH/syslog.fields")"
daemons_stop

# With librelp or without: what was built is what is tried.
cat >"$SCRATCH/relp.xml" <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state" enterprise-oid="1.3.6.1.4.1.4711">
  <source path="$SCRATCH/relp.xml" format="sms-log" zone="UTC" host="H"/>
  <target name="siem" type="syslog" address="relp:127.0.0.1:2514"/>
</truecause>
END
if "$TRUECAUSE" check -c "$SCRATCH/relp.xml" >"$SCRATCH/out" 2>&1; then
    relp_port=$(free_port)
    RSYSLOGD_MORE="module(load=\"imrelp\")
input(type=\"imrelp\" address=\"127.0.0.1\" port=\"$relp_port\" ruleset=\"received\")"
    check "rsyslogd starts with RELP" start_rsyslogd "$SCRATCH" || finish
    "$sender" relp "$relp_port" 5000 >"$SCRATCH/sent"
    check "5,000 items go out over RELP" same 0 $?
    check "RELP: all arrive" wait_until 60 all_there 5000
    check "RELP: no more than were sent" same 5000 "$(messages)"
    check "RELP: the parsed fields are the items'" fields_equal
    check "RELP: time, APP-NAME and PROCID" fixed_fields 5000
    daemons_stop
else
    check "check tells that RELP is not there, and the remedy" has "$SCRATCH/out" \
        'relp.xml:3: error: address="relp:127.0.0.1:2514": this program was built without RELP: build it with ./configure --with-relp'
fi

"$sender" tcp "$RSYSLOGD_PORT" 1 >"$SCRATCH/sent" 2>"$SCRATCH/err"
check "without a receiver the sender says so" same 1 $?
check "and names it" has "$SCRATCH/err" "tcp:127.0.0.1:$RSYSLOGD_PORT: cannot connect"
finish
