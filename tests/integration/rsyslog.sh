#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A real rsyslogd receives items over UDP and TCP; what its own RFC 5424 parser
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

"$sender" udp "$RSYSLOGD_PORT" 200 2000 >"$SCRATCH/sent"
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
"$sender" tcp "$RSYSLOGD_PORT" 1 >"$SCRATCH/sent" 2>"$SCRATCH/err"
check "without a receiver the sender says so" same 1 $?
check "and names it" has "$SCRATCH/err" "tcp:127.0.0.1:$RSYSLOGD_PORT: cannot connect"
finish
