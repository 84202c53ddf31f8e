#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A real syslog-ng receives items over UDP, TCP (counted and in lines), mutual TLS and
# sockets of this computer; what its own RFC 5424 parser read from them, structured data
# included, is what was sent, one message an item.
. "${TEST_SRCDIR:?}/integration/lib.sh"
sender=$TEST_BUILDDIR/integration/send_syslog

all_there() {
    [ "$(wc -l <"$SCRATCH/syslog-ng.json")" -ge "$1" ]
}
# arrives NAME COUNT TRANSPORT PORT|PATH [PACE]
arrives() {
    : >"$SCRATCH/syslog-ng.json"
    "$sender" "$3" "$4" "$2" ${5:+"$5"} >"$SCRATCH/sent"
    check "$1: $2 items go out" same 0 $?
    check "$1: all arrive" wait_until 60 all_there "$2"
    check "$1: the parsed fields are the items'" python3 "$TEST_SRCDIR/integration/syslog_compare.py" \
        "$SCRATCH/sent" "$SCRATCH/syslog-ng.json"
}

# receives SOURCE...: syslog-ng with these sources, in which @PORT@ is $PORT; what it
# made of each message is an object a line.
receives() {
    PORT=$(free_port)
    {
        echo '@version: 3.38'
        echo 'options { keep-hostname(yes); use-dns(no); dns-cache(no); stats-freq(0); };'
        echo 'source s {'
        printf '%s\n' "$@" | sed "s/@PORT@/$PORT/g"
        echo '};'
        # shellcheck disable=SC2016
        printf 'destination d { file("%s" template("$(format-json %s)\\n")); };\n' "$SCRATCH/syslog-ng.json" \
            'pri=$PRI time=$ISODATE host=$HOST app=$PROGRAM procid=$PID msgid=$MSGID msg=$MSG --key .SDATA.*'
        echo 'log { source(s); destination(d); };'
    } >"$SCRATCH/syslog-ng.conf"
    start_syslog_ng "$SCRATCH" "$PORT"
}

make_certificates "$SCRATCH" || finish
check "syslog-ng starts" receives \
    'syslog(transport("tcp") ip("127.0.0.1") port(@PORT@));' \
    'syslog(transport("udp") ip("127.0.0.1") port(@PORT@) so-rcvbuf(1048576));' \
    "unix-dgram(\"$SCRATCH/dgram\" flags(syslog-protocol));" \
    "unix-stream(\"$SCRATCH/stream\" flags(syslog-protocol));" || finish
arrives UDP 200 udp "$PORT" 400
arrives TCP 2000 tcp "$PORT"
arrives datagrams 1000 unix "$SCRATCH/dgram"
arrives lines 1000 unix "$SCRATCH/stream"
daemons_stop

check "syslog-ng starts with TLS" receives \
    "syslog(transport(\"tls\") ip(\"127.0.0.1\") port(@PORT@) tls(key-file(\"$SCRATCH/server.key\")
        cert-file(\"$SCRATCH/server.pem\") ca-file(\"$SCRATCH/ca.pem\") peer-verify(required-trusted)));" || finish
export SEND_CA="$SCRATCH/ca.pem" SEND_CERTIFICATE="$SCRATCH/client.pem" SEND_KEY="$SCRATCH/client.key"
arrives "mutual TLS" 2000 tls "$PORT"
daemons_stop
finish
