#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Syslog over TLS to peers of other makers: openssl s_server, gnutls-serv, and
# rsyslogd behind stunnel.  What fits arrives; what does not gives one line that
# names the file, the peer and the reason.  The certificates are made here.
. "${TEST_SRCDIR:?}/integration/lib.sh"
cd "$SCRATCH" || exit 1
mkfifo silence
exec 3<>silence # what servers read that would end with their input

# --- certificates ---------------------------------------------------------------
# make_ca NAME
make_ca() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" -days 30 \
        -subj "/CN=$1" 2>/dev/null
}

# make_cert NAME CA DAYS SUBJECT-ALT-NAME: NAME.pem and NAME.key
make_cert() {
    printf 'subjectAltName=%s\n' "$4" >"$1.ext"
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" \
        2>/dev/null &&
        openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -days "$3" -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}

make_all() {
    make_ca ca && make_ca stranger && make_cert server ca 30 IP:127.0.0.1 && make_cert old ca -1 IP:127.0.0.1 &&
        make_cert other ca 30 DNS:elsewhere.example.org && make_cert unknown stranger 30 IP:127.0.0.1 &&
        make_cert client ca 30 DNS:client.example.org && make_cert intruder stranger 30 DNS:client.example.org &&
        openssl req -new -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.csr -subj /CN=rsa 2>/dev/null &&
        openssl x509 -req -in rsa.csr -CA ca.pem -CAkey ca.key -days 30 -extfile server.ext -out rsa.pem 2>/dev/null
}

fingerprint() {
    openssl x509 -in "$1.pem" -noout -fingerprint "-$2" | sed 's/.*=//'
}

# --- peers -----------------------------------------------------------------------
# peer COMMAND...: starts it with PORT in its words replaced; its output in peer.out.
peer() {
    daemons_stop
    for peer_try in 1 2 3 4 5; do
        PORT=$(free_port)
        # shellcheck disable=SC2046
        stdbuf -oL $(printf '%s ' "$@" | sed "s/PORT/$PORT/") <&3 >peer.out 2>peer.err &
        PEER=$!
        wait_until 20 daemon_ready "$PEER" tcp "$PORT" || :
        if daemon_alive "$PEER" && port_open tcp "$PORT"; then
            DAEMON_PIDS="$DAEMON_PIDS $PEER"
            return 0
        fi
        daemon_stop "$PEER"
    done
    echo "did not start ($peer_try tries): $*"
    cat peer.err
    return 1
}
s_server() {
    certificate=$1
    shift
    peer openssl s_server -quiet -accept 127.0.0.1:PORT -cert "$certificate.pem" -key "$certificate.key" "$@"
}
gnutls() {
    certificate=$1
    shift
    peer gnutls-serv --echo --port PORT --x509certfile "$certificate.pem" --x509keyfile "$certificate.key" "$@"
}

# --- our side ----------------------------------------------------------------------
# send [ATTRIBUTE...]: an example to the peer; 'said' has what is said.
send() {
    cat >conf.xml <<END
<truecause xmlns="urn:truecause:config:1" state="state" enterprise-oid="1.3.6.1.4.1.4711.1">
  <source path="/x" zone="UTC" host="H"/>
  <target name="siem" type="syslog" address="tls:127.0.0.1:$PORT"
          $*/>
</truecause>
END
    "$TRUECAUSE" send-test -c conf.xml siem >said 2>&1
}

# arrives WHAT [ATTRIBUTE...]: it is sent, and the peer has it.
arrives() {
    what=$1
    shift
    send "$@"
    check "$what: sent" same 0 $? || cat said
    check "$what: with $VERSION" has said "connected, $VERSION"
    [ "$READER" = none ] || check "$what: the peer has it" wait_until 30 has "$READER" TEST0001
}

# fails WHAT WORDS FILE [ATTRIBUTE...]: one line with the peer, the words and the file.
fails() {
    what=$1 words=$2 file=$3
    shift 3
    send "$@"
    check "$what: not sent" same 4 $? || cat said
    grep '^truecause: error: ' said >lines
    check "$what: one message" lines_are lines 1 || cat said
    check "$what: it names the peer" has lines "tls:127.0.0.1:$PORT: "
    check "$what: and the reason" has lines "$words" || cat lines
    check "$what: and the file" has lines "$file" || cat lines
}

check "certificates are made" make_all || finish
ours='certificate="client.pem" key="client.key"'

# --- openssl s_server ----------------------------------------------------------------
READER=peer.out
VERSION='TLSv1.3, '
check "s_server starts" s_server server || finish
arrives "s_server" 'ca="ca.pem"'
fails "unknown CA" 'unknown CA: the receiver'"'"'s certificate is signed by CN=ca, which is not in ' stranger.pem 'ca="stranger.pem"'
fails "another certificate than the pinned one" "its fingerprint is sha-256:$(fingerprint server sha256)" conf.xml:3 \
    "fingerprint=\"sha-256:$(fingerprint old sha256)\""
arrives "pinned by sha-256 alone" "fingerprint=\"sha-256:$(fingerprint server sha256)\""
arrives "pinned by sha-1, of two, beside a CA" \
    "ca=\"ca.pem\" fingerprint=\"sha-256:$(fingerprint old sha256) sha-1:$(fingerprint server sha1)\""
s_server old
fails "expired" 'expired 20' ca.pem 'ca="ca.pem"'
s_server other
fails "wrong name" 'is for elsewhere.example.org, not for 127.0.0.1' conf.xml:3 'ca="ca.pem"'
arrives "the name that it has" 'ca="ca.pem" server-name="elsewhere.example.org"'
s_server unknown
fails "CA of another" 'unknown CA' ca.pem 'ca="ca.pem"'
VERSION='TLSv1.2, ECDHE-RSA-AES128-GCM-SHA256'
s_server rsa -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256
arrives "the cipher that everybody must have" 'ca="ca.pem"'
s_server rsa -tls1_2 -cipher AES128-SHA:AES128-GCM-SHA256
fails "static RSA alone" 'no shared cipher' conf.xml:3 'ca="ca.pem"'
s_server rsa -tls1_1 -cipher ALL:@SECLEVEL=0
fails "TLS 1.1 alone" 'no shared version' conf.xml:3 'ca="ca.pem"'
for VERSION in TLSv1.3 TLSv1.2; do
    s_server server -Verify 1 -verify_return_error -CAfile ca.pem "-tls1_${VERSION#TLSv1.}"
    arrives "$VERSION mutual" 'ca="ca.pem"' "$ours"
    fails "$VERSION, none of ours" 'the receiver demands a certificate of ours' conf.xml:3 'ca="ca.pem"'
    fails "$VERSION, ours of a stranger" 'the receiver refuses our certificate ' 'intruder.pem (unknown CA)' \
        'ca="ca.pem" certificate="intruder.pem" key="intruder.key"'
done

# --- gnutls-serv -------------------------------------------------------------------------
VERSION='TLSv1.3, '
READER=none # it prints what it echoes in no version
gnutls server || check "gnutls-serv starts" false
arrives "gnutls-serv" 'ca="ca.pem"'
fails "gnutls-serv, unknown CA" 'unknown CA' stranger.pem 'ca="stranger.pem"'
gnutls server --x509cafile ca.pem --require-client-cert --verify-client-cert
arrives "gnutls-serv mutual" 'ca="ca.pem"' "$ours"
fails "gnutls-serv, none of ours" 'the receiver demands a certificate of ours' conf.xml:3 'ca="ca.pem"'
VERSION='TLSv1.2, '
gnutls server --x509cafile ca.pem --require-client-cert --verify-client-cert --priority NORMAL:-VERS-ALL:+VERS-TLS1.2
arrives "gnutls-serv mutual, 1.2" 'ca="ca.pem"' "$ours"
fails "gnutls-serv 1.2, none of ours" 'the receiver demands a certificate of ours' conf.xml:3 'ca="ca.pem"'
gnutls server --priority NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC
fails "gnutls-serv, CBC alone" 'no shared cipher' conf.xml:3 'ca="ca.pem"'

# --- rsyslogd behind stunnel -----------------------------------------------------------------
# tunnel LINE...: in front of rsyslogd
tunnel() {
    daemons_stop
    start_rsyslogd "$SCRATCH" || return 1
    for tunnel_try in 1 2 3 4 5; do
        PORT=$(free_port)
        {
            printf '%s\n' 'foreground = yes' 'pid =' '[syslog]' "accept = 127.0.0.1:$PORT" \
                "connect = 127.0.0.1:$RSYSLOGD_PORT" 'cert = server.pem' 'key = server.key' "$@"
        } >stunnel.conf
        stunnel stunnel.conf >stunnel.out 2>&1 &
        TUNNEL=$!
        wait_until 20 daemon_ready "$TUNNEL" tcp "$PORT" || :
        if daemon_alive "$TUNNEL" && port_open tcp "$PORT"; then
            DAEMON_PIDS="$DAEMON_PIDS $TUNNEL"
            return 0
        fi
    done
    echo "stunnel did not start ($tunnel_try tries)"
    cat stunnel.out
    return 1
}
READER=syslog.raw
VERSION='TLSv1.3, '
check "stunnel starts" tunnel 'verifyChain = yes' 'CAfile = ca.pem' || finish
arrives "stunnel mutual, rsyslogd behind it" 'ca="ca.pem"' "$ours"
fails "stunnel, none of ours" 'the receiver demands a certificate of ours' conf.xml:3 'ca="ca.pem"'
fails "stunnel, ours of a stranger" 'the receiver refuses our certificate ' 'intruder.pem (unknown CA)' \
    'ca="ca.pem" certificate="intruder.pem" key="intruder.key"'
tunnel 'sslVersionMax = TLSv1.1' 'ciphers = ALL:@SECLEVEL=0'
fails "stunnel, TLS 1.1 alone" 'no shared version' conf.xml:3 'ca="ca.pem"'

# --- the daemon: a certificate that ends, and its successor --------------------------------------
status_has() {
    "$TRUECAUSE" status -c daemon.xml >status 2>&1
    grep -q -- "$1" status
}
alarms_have() {
    "$TRUECAUSE" alarms -c daemon.xml list >alarms 2>&1
    grep -q -- "$1" alarms
}
cleared() {
    ! alarms_have self:CERTIFICATE:SIEM
}
check "s_server for the daemon" s_server server -Verify 1 -verify_return_error -CAfile ca.pem
make_cert brief ca 1 DNS:client.example.org # valid for a day, which is no warning; the next one is over
make_cert over ca -1 DNS:client.example.org
cat over.pem over.key >ours.pem
chmod 600 ours.pem
mkdir spool
printf 'Package DOG0005D is fine  $$<SMS_DESPOOLER><Thu Sep 10 09:55:37 1998~><thread=1D0>\r\n' >spool/despool.log
cat >daemon.xml <<END
<truecause xmlns="urn:truecause:config:1" state="$SCRATCH/state" enterprise-oid="1.3.6.1.4.1.4711.1">
  <source path="$SCRATCH/spool/despool.log" zone="UTC" host="H"/>
  <target name="siem" type="syslog" address="tls:127.0.0.1:$PORT" ca="$SCRATCH/ca.pem" certificate="$SCRATCH/ours.pem"
          heartbeat="1s"/>
</truecause>
END
"$TRUECAUSE" check -c daemon.xml >checked
check "check warns of what is over" has checked 'daemon.xml:3: warning: target "siem": the certificate '
check "and names it" has checked '/ours.pem (CN=over) expired 20'
"$TRUECAUSE" forward -c daemon.xml >daemon.out 2>&1 &
DAEMON=$!
DAEMON_PIDS="$DAEMON_PIDS $DAEMON"
check "an alarm says so" wait_until 60 alarms_have self:CERTIFICATE:SIEM
check "status, too" wait_until 20 status_has 'EXPIRED 20.*ours.pem (CN=over)'
check "the receiver refuses it, and the log says why" \
    wait_until 60 has daemon.out "the receiver refuses our certificate $SCRATCH/ours.pem (expired)"
cat brief.pem brief.key >ours.pem
kill -HUP "$DAEMON"
check "replaced and reloaded: connected" wait_until 60 has daemon.out "tls:127.0.0.1:$PORT: connected, TLSv1.3"
check "messages arrive" wait_until 60 has peer.out 'truecause - '
check "the alarm is over" wait_until 60 cleared
check "status names the next end" wait_until 60 status_has 'until 20.*ours.pem (CN=brief)'
daemon_stop "$DAEMON"

# --- who speaks no TLS ---------------------------------------------------------------------------
daemons_stop
check "rsyslogd starts" start_rsyslogd "$SCRATCH" || finish
PORT=$RSYSLOGD_PORT
fails "plain rsyslogd" 'does the receiver speak TLS at this port' conf.xml:3 'ca="ca.pem"'
check "and nothing went in the clear" sh -c '! grep -q TEST0001 syslog.raw'
finish
