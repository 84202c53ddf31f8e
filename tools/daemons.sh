# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# daemons.sh - sourced by setup.sh and the integration tests: real receivers on
# loopback ports of their own, and waiting for conditions.  What is started is
# written to DAEMON_PIDS and ended by daemons_stop, by process id, never by name.

DAEMON_PIDS=

# wait_until SECONDS COMMAND...: true as soon as COMMAND is, false when time is up;
# WAIT_LEAST is the shortest time.
wait_until() {
    wait_rounds=$(($1 * 20))
    [ "$1" -ge "${WAIT_LEAST:-0}" ] || wait_rounds=$((WAIT_LEAST * 20))
    shift
    while ! "$@"; do
        [ "$wait_rounds" -gt 0 ] || return 1
        wait_rounds=$((wait_rounds - 1))
        sleep 0.05
    done
}

# port_open udp|tcp PORT: somebody is bound to it on loopback (or everywhere).
port_open() {
    port_hex=$(printf '%04X' "$2")
    case $1 in
    tcp) awk -v p=":$port_hex\$" '$2 ~ p && $4 == "0A" { f = 1 } END { exit !f }' /proc/net/tcp /proc/net/tcp6 ;;
    udp) awk -v p=":$port_hex\$" '$2 ~ p { f = 1 } END { exit !f }' /proc/net/udp /proc/net/udp6 ;;
    esac
}

# free_port: prints a port that is free for udp and tcp now, and that no other script
# of these takes before this one ends (ports_release).  They are below those that the
# kernel gives to whoever asks for any.
free_port() {
    while :; do
        port=$(od -An -N2 -tu2 /dev/urandom | awk '{ print 20000 + $1 % 12000 }')
        port_reserve "$port" || continue
        port_open udp "$port" || port_open tcp "$port" || break
    done
    echo "$port"
}

# port_reserve PORT: a link to our process number, which only one can make; one of a
# process that is no more goes.
port_reserve() {
    ln -s $$ "/tmp/truecause-port.$1" 2>/dev/null && return 0
    port_owner=$(readlink "/tmp/truecause-port.$1") && [ ! -d "/proc/$port_owner" ] && rm -f "/tmp/truecause-port.$1"
    return 1
}

# ports_release: of this script.
ports_release() {
    for port_link in /tmp/truecause-port.*; do
        [ "$(readlink "$port_link")" != $$ ] || rm -f "$port_link"
    done
}

# daemon_alive PID, daemon_dead PID
daemon_alive() {
    kill -0 "$1" 2>/dev/null
}
daemon_dead() {
    ! daemon_alive "$1"
}

# daemon_ready PID udp|tcp PORT: up, or not to be waited for any longer.
daemon_ready() {
    port_open "$2" "$3" || daemon_dead "$1"
}

# daemon_stop PID: asks, waits, insists.
daemon_stop() {
    daemon_alive "$1" || return 0
    kill "$1" 2>/dev/null || :
    wait_until 5 daemon_dead "$1" || kill -9 "$1" 2>/dev/null || :
    wait "$1" 2>/dev/null || :
}

daemons_stop() {
    for daemon in $DAEMON_PIDS; do
        daemon_stop "$daemon"
    done
    DAEMON_PIDS=
}

# start_snmptrapd DIR MIBDIRS [SNMPTRAPD OPTION...]
# Accepts v1 and v2c with community "public" at udp:127.0.0.1:$SNMPTRAPD_PORT and
# writes what it got to DIR/snmptrapd.out.  Options replace the form of the output;
# lines in DIR/snmptrapd.more are added to its configuration; SNMPTRAPD_WANTED is
# the port instead of a free one.
start_snmptrapd() {
    trapd_dir=$1
    trapd_mibs=$2
    shift 2
    # Without an authCommunity line snmptrapd accepts nothing at all.
    printf '%s\n' 'authCommunity log,execute,net public' 'disableAuthorization no' 'doNotLogTraps no' \
        >"$trapd_dir/snmptrapd.conf"
    [ ! -f "$trapd_dir/snmptrapd.more" ] || cat "$trapd_dir/snmptrapd.more" >>"$trapd_dir/snmptrapd.conf"
    for trapd_try in 1 2 3 4 5; do
        SNMPTRAPD_PORT=${SNMPTRAPD_WANTED:-$(free_port)}
        : >"$trapd_dir/snmptrapd.out"
        SNMP_PERSISTENT_DIR=$trapd_dir SNMPCONFPATH=$trapd_dir MIBDIRS=$trapd_mibs MIBS=ALL \
            snmptrapd -f -n -C -c "$trapd_dir/snmptrapd.conf" -Lf "$trapd_dir/snmptrapd.out" --serverRecvBuf=1048576 "$@" \
            "udp:127.0.0.1:$SNMPTRAPD_PORT" >"$trapd_dir/snmptrapd.err" 2>&1 &
        SNMPTRAPD_PID=$!
        wait_until 10 daemon_ready "$SNMPTRAPD_PID" udp "$SNMPTRAPD_PORT" || :
        if daemon_alive "$SNMPTRAPD_PID" && port_open udp "$SNMPTRAPD_PORT"; then
            DAEMON_PIDS="$DAEMON_PIDS $SNMPTRAPD_PID"
            return 0
        fi
        daemon_stop "$SNMPTRAPD_PID"
    done
    echo "snmptrapd did not start ($trapd_try tries):" >&2
    cat "$trapd_dir/snmptrapd.err" "$trapd_dir/snmptrapd.out" >&2
    return 1
}

# start_rsyslogd DIR: receives at 127.0.0.1:$RSYSLOGD_PORT over UDP and TCP.
# DIR/syslog.raw has the messages as they came, DIR/syslog.fields what rsyslogd's
# own RFC 5424 parser made of them, one "name=value" a line, "--" after each.
# RSYSLOGD_MORE has further lines of its configuration; RSYSLOGD_TLS the arguments of
# imtcp for TLS, with global ones in RSYSLOGD_GLOBAL.
start_rsyslogd() {
    syslog_dir=$1
    for syslog_try in 1 2 3 4 5; do
        RSYSLOGD_PORT=$(free_port)
        : >"$syslog_dir/syslog.raw"
        : >"$syslog_dir/syslog.fields"
        cat >"$syslog_dir/rsyslog.conf" <<END
global(workDirectory="$syslog_dir" net.enableDNS="off" ${RSYSLOGD_GLOBAL-})
module(load="imudp")
module(load="imtcp" ${RSYSLOGD_TLS-})
template(name="raw" type="string" string="%rawmsg%\n")
template(name="fields" type="string" string="pri=%pri%\ntime=%timereported:::date-rfc3339%\nhost=%hostname%\napp=%app-name%\nprocid=%procid%\nmsgid=%msgid%\nsd=%structured-data%\nmsg=%msg%\n--\n")
ruleset(name="received") {
    action(type="omfile" file="$syslog_dir/syslog.raw" template="raw" asyncWriting="off")
    action(type="omfile" file="$syslog_dir/syslog.fields" template="fields" asyncWriting="off")
}
input(type="imudp" address="127.0.0.1" port="$RSYSLOGD_PORT" ruleset="received" rcvbufSize="1m")
input(type="imtcp" address="127.0.0.1" port="$RSYSLOGD_PORT" ruleset="received")
${RSYSLOGD_MORE-}
END
        rsyslogd -n -f "$syslog_dir/rsyslog.conf" -i "$syslog_dir/rsyslogd.pid" >"$syslog_dir/rsyslogd.err" 2>&1 &
        RSYSLOGD_PID=$!
        wait_until 10 daemon_ready "$RSYSLOGD_PID" tcp "$RSYSLOGD_PORT" || :
        if daemon_alive "$RSYSLOGD_PID" && port_open tcp "$RSYSLOGD_PORT" && port_open udp "$RSYSLOGD_PORT"; then
            DAEMON_PIDS="$DAEMON_PIDS $RSYSLOGD_PID"
            return 0
        fi
        daemon_stop "$RSYSLOGD_PID"
    done
    echo "rsyslogd did not start ($syslog_try tries):" >&2
    cat "$syslog_dir/rsyslogd.err" >&2
    return 1
}

# start_icinga2 DIR CONFIG: with everything that it writes below DIR, as whoever
# calls; nothing listens.  Ready when its command pipe is there.
start_icinga2() {
    icinga_dir=$1
    mkdir -p "$icinga_dir/cache" "$icinga_dir/data" "$icinga_dir/log" "$icinga_dir/run/icinga2" "$icinga_dir/spool"
    icinga2 daemon -c "$2" "-DCacheDir=$icinga_dir/cache" "-DDataDir=$icinga_dir/data" "-DLogDir=$icinga_dir/log" \
        "-DInitRunDir=$icinga_dir/run" "-DSpoolDir=$icinga_dir/spool" "-DRunAsUser=$(id -un)" "-DRunAsGroup=$(id -gn)" \
        >"$icinga_dir/icinga2.out" 2>&1 &
    ICINGA2_PID=$!
    DAEMON_PIDS="$DAEMON_PIDS $ICINGA2_PID"
    wait_until 60 icinga2_ready && [ -p "$icinga_dir/run/icinga2.cmd" ] && return 0
    echo "icinga2 did not start:" >&2
    cat "$icinga_dir/icinga2.out" >&2
    return 1
}
icinga2_ready() {
    [ -p "$icinga_dir/run/icinga2.cmd" ] || daemon_dead "$ICINGA2_PID"
}

# syslog_ng_unpack ROOT: syslog-ng below ROOT, unpacked from Debian's packages; beside
# rsyslog it cannot be installed.
syslog_ng_unpack() {
    [ -x "$1/usr/sbin/syslog-ng" ] && return 0
    mkdir -p "$1" && (cd "$1" &&
        apt-get -qq -o Acquire::Retries=5 download syslog-ng-core libivykis0 libnet1 libjson-c5 libwrap0 libpcre3 libglib2.0-0 2>/dev/null &&
        for package in *.deb; do dpkg -x "$package" . && rm -f "$package"; done)
}

# syslog_ng_run ROOT [OPTION...]: in place of this shell; ROOT as above, or where none is there the installed one.
syslog_ng_run() {
    ng_root=$1
    shift
    [ -x "$ng_root/usr/sbin/syslog-ng" ] || exec syslog-ng -F --no-caps "$@"
    ng_modules=$(printf '%s:' "$ng_root"/usr/lib/*/syslog-ng/*/ "$ng_root"/usr/lib/syslog-ng/*/)
    LD_LIBRARY_PATH=$(printf '%s:' "$ng_root"/usr/lib/*/ "$ng_root"/lib/*/ "$ng_root"/usr/lib/*/syslog-ng/)$ng_modules
    export LD_LIBRARY_PATH
    exec "$ng_root/usr/sbin/syslog-ng" -F --no-caps --module-path "$ng_modules" "$@"
}

# start_syslog_ng DIR PORT: with DIR/syslog-ng.conf, which listens at 127.0.0.1:PORT (tcp).
# SYSLOG_NG_ROOT says where it was unpacked; else it is now.
start_syslog_ng() {
    ng_dir=$1
    ng_port=$2
    if ! command -v syslog-ng >/dev/null; then
        : "${SYSLOG_NG_ROOT:=$ng_dir/syslog-ng}"
        syslog_ng_unpack "$SYSLOG_NG_ROOT" || { echo "syslog-ng: apt-get download failed" >&2; return 1; }
    fi
    (syslog_ng_run "${SYSLOG_NG_ROOT:-}" -f "$ng_dir/syslog-ng.conf" -R "$ng_dir/syslog-ng.persist" \
        -p "$ng_dir/syslog-ng.pid" -c "$ng_dir/syslog-ng.ctl") >"$ng_dir/syslog-ng.err" 2>&1 &
    SYSLOG_NG_PID=$!
    wait_until 60 daemon_ready "$SYSLOG_NG_PID" tcp "$ng_port" || :
    if daemon_alive "$SYSLOG_NG_PID" && port_open tcp "$ng_port"; then
        DAEMON_PIDS="$DAEMON_PIDS $SYSLOG_NG_PID"
        return 0
    fi
    cat "$ng_dir/syslog-ng.err" >&2
    daemon_stop "$SYSLOG_NG_PID"
    return 1
}
