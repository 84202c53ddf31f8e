#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Truecause on a fresh Debian machine:
#     ./setup.sh run    build it and see it work on a sample
#     ./setup.sh run [--host HOST] [--zone ZONE] FILE...    the same with your files
#     ./setup.sh test   build it twice (sanitizers, plain) and run every test
# Installs the packages below when one is missing; asks nothing.
set -eu

PACKAGES='
autoconf automake bindfs check clang duktape gcc gnutls-bin groff-base icinga2-bin libbfio-dev
libc6-dev libclang-rt-dev libevent-dev libevt-utils libevtx-dev libevtx-utils libicu-dev
libjson-c-dev libnet-ip-perl libpcre2-dev librelp-dev libsnmp-dev libsqlite3-dev libssl-dev
libxml2-dev libxml2-utils make mandoc openssl pkg-config python3 python3-evtx python3-yaml rsyslog
rsyslog-openssl rsyslog-relp smitools snmp snmpd snmptrapd snmptt stunnel4 xz-utils zlib1g-dev
'

caller=$(pwd)
top=$(cd "$(dirname "$0")" && pwd)
cd "$top"
jobs=$(nproc 2>/dev/null || echo 2)
# Half of the tests wait for clocks and other programs most of the time.
test_jobs=$((jobs * 2))

say() {
    printf '\n== %s\n' "$*"
}

fail() {
    printf 'setup.sh: %s\n' "$*" >&2
    exit 1
}

# Packages of the list that are not installed.
missing_packages() {
    for package in $PACKAGES; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf '%s ' "$package"
    done
    # One test compares our MIB base modules with those in an npm package; an npm
    # from elsewhere will do.
    command -v npm >/dev/null || printf 'npm '
}

install_packages() {
    command -v dpkg-query >/dev/null || fail "this script knows Debian only; README.md names the packages it needs"
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    say "Installing: $missing"
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "run me as root, or install sudo, or install: $missing"
        as_root=sudo
    fi
    # The receivers are started by this script when they are needed; no service is.
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=5 update &&
        $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
            apt-get -qq -o Acquire::Retries=5 install -y --no-install-recommends $missing >/dev/null ||
        fail "apt-get could not install: $missing"
}

# configure_in FOLDER [CONFIGURE ARGUMENT...]: once; 'make' does it again when needed.
configure_in() {
    folder=$1
    shift
    [ -x configure ] || ./autogen.sh >/dev/null 2>"$top/autogen.err" || { cat "$top/autogen.err" >&2; fail "autogen.sh failed"; }
    rm -f "$top/autogen.err"
    mkdir -p "$folder"
    [ -f "$folder/Makefile" ] && return 0
    (cd "$folder" && "$top/configure" --quiet "$@" >configure.out 2>&1) ||
        { cat "$folder/configure.out" >&2; rm -f "$folder/Makefile"; fail "configure failed in $folder"; }
}

# build_in FOLDER
build_in() {
    make -C "$1" -j "$jobs" V=0 >"$1/make.out" 2>&1 || { build_errors "$1/make.out"; fail "the build failed in $1"; }
}

# build_errors FILE: what went wrong, out of make's output.
build_errors() {
    grep -nE 'error|warning|undefined|No rule|[*]{3}' "$1" >&2 || tail -n 40 "$1" >&2
}

# --- test -------------------------------------------------------------------
# Adds the numbers of FOLDER's tests to checks, failures and errors.  Each test
# program prints one summary in libcheck's form; a program that failed without
# saying so counts as an error.
sum_results() {
    found=0
    for trs in $(find "$1/tests" -name '*.trs' | sort); do
        found=$((found + 1))
        # shellcheck disable=SC2046
        set -- "$1" $(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p' "${trs%.trs}.log" |
            awk '{ c += $1; f += $2; e += $3 } END { print c + 0, f + 0, e + 0 }')
        if ! grep -q '^:test-result: PASS' "$trs" && [ "$3" -eq 0 ] && [ "$4" -eq 0 ]; then
            set -- "$1" "$(($2 + 1))" "$3" "$(($4 + 1))"
        fi
        if [ "$2" -eq 0 ]; then # passed, and checked nothing
            set -- "$1" 1 "$3" "$(($4 + 1))"
            echo "no checks counted: ${trs%.trs}"
        fi
        checks=$((checks + $2))
        failures=$((failures + $3))
        errors=$((errors + $4))
    done
    [ "$found" -gt 0 ] || fail "no test results in $1"
}

# test_in FOLDER WORDS: runs all tests, shows the logs of those that failed.
test_in() {
    say "Testing $2"
    find "$1/tests" -name '*.trs' -exec rm -f {} + 2>/dev/null || :
    if ! make -C "$1" -k -j "$test_jobs" V=0 check >"$1/check.out" 2>&1; then
        grep -E '^(FAIL|ERROR|XPASS)' "$1/check.out" || :
        for trs in $(grep -L '^:test-result: PASS' $(find "$1/tests" -name '*.trs') /dev/null | grep -v '^/dev/null$'); do
            echo "--- ${trs%.trs}"
            tail -n 40 "${trs%.trs}.log"
            failed_tests="$failed_tests ${trs%.trs}"
        done
        [ -n "$(find "$1/tests" -name '*.trs')" ] || { build_errors "$1/check.out"; fail "the tests did not build in $1"; }
        make_failed=yes
        make -C "$1" -s lint >/dev/null || :
    fi
    sum_results "$1"
    printf '%s\n' "so far: $checks checks, $failures failures, $errors errors"
}

# failed_checks LOG: what failed, out of a test's log, each line once: checks of scripts, of
# libcheck, of a sanitizer.
failed_checks() {
    grep -aE '^(FAILED|ERROR): |^[^ ]*:[0-9]+:[FE]:|ERROR: [A-Za-z]*Sanitizer|: runtime error: ' "$1" |
        awk '!seen[$0]++' | cut -c 1-1000 | head -n 40
}

run_tests() {
    install_packages
    # syslog-ng cannot be installed beside rsyslog.
    # shellcheck source=tools/daemons.sh
    . "$top/tools/daemons.sh"
    SYSLOG_NG_ROOT=$top/build/syslog-ng
    export SYSLOG_NG_ROOT
    syslog_ng_unpack "$SYSLOG_NG_ROOT" || fail "apt-get could not download syslog-ng"
    checks=0
    failures=0
    errors=0
    make_failed=no
    failed_tests=
    say "Building with AddressSanitizer and UndefinedBehaviorSanitizer (clang, warnings are errors)"
    configure_in build/asan --enable-sanitizers --enable-werror --with-relp CC=clang CFLAGS='-g -O1'
    build_in build/asan
    test_in build/asan "under the sanitizers"
    say "Building plainly (gcc, warnings are errors)"
    configure_in build/plain --enable-werror CC=gcc
    build_in build/plain
    test_in build/plain "the plain build"
    # The house rules are a part of 'make check' without a line of libcheck's.
    if [ "$make_failed" = yes ] && [ "$((failures + errors))" -eq 0 ]; then
        checks=$((checks + 1))
        errors=$((errors + 1))
    fi
    for test in $failed_tests; do
        say "Failed: $test"
        failed_checks "$test.log"
    done
    say "All tests"
    percent=$(((checks - failures - errors) * 100 / checks))
    echo "$percent%: Checks: $checks, Failures: $failures, Errors: $errors"
    [ "$((failures + errors))" -eq 0 ]
}

# --- run --------------------------------------------------------------------
# The arguments are sources; without any, the sample spool is.
run_sample() {
    install_packages
    # What records cannot always say: whose log it is, and its time zone.
    host=
    zone=
    address=
    while [ "$#" -gt 1 ]; do
        case $1 in
        --host) host=$2 ;;
        --zone) zone=$2 ;;
        *) break ;;
        esac
        shift 2
    done
    if [ "$#" -eq 0 ]; then
        set -- "$top/tests/data/sample/Despool.log" "$top/tests/data/sample/AppEvent.xml"
        host=ANFIELD
        address=192.0.2.10
        zone=America/Los_Angeles
    fi
    # Names are the caller's; from here on they are whole.
    n=$#
    while [ "$n" -gt 0 ]; do
        case $1 in /*) file=$1 ;; *) file=$caller/$1 ;; esac
        [ -r "$file" ] || fail "cannot read $file"
        shift
        set -- "$@" "$file"
        n=$((n - 1))
    done
    say "Building (build/plain; the first time takes a minute)"
    configure_in build/plain --enable-werror CC=gcc
    build_in build/plain
    program=$top/build/plain/truecause
    work=$(mktemp -d "${TMPDIR:-/tmp}/truecause-run.XXXXXX")
    # shellcheck source=tools/daemons.sh
    . "$top/tools/daemons.sh"
    # shellcheck disable=SC2154
    trap 'status=$?; trap - EXIT; daemons_stop; ports_release; rm -rf "$work"; exit "$status"' EXIT
    trap 'exit 130' HUP INT TERM

    say "1. What an administrator tries first: truecause report $*"
    "$program" report ${host:+--host "$host"} ${zone:+--zone "$zone"} "$@" || [ $? -eq 1 ] || fail "truecause report failed"

    say "Starting snmptrapd and rsyslogd on loopback ports of their own"
    start_snmptrapd "$work" "$top/mibs:$top/mibs/base" || fail "no snmptrapd, no show"
    start_rsyslogd "$work" || fail "no rsyslogd, no show"
    echo "snmptrapd: udp port $SNMPTRAPD_PORT; rsyslogd: tcp port $RSYSLOGD_PORT"
    write_config "$@" >"$work/truecause.xml"
    printf 'public\n' >"$work/community"
    chmod 600 "$work/community"

    say "2. Forwarding once: truecause forward -c truecause.xml --once"
    cat "$work/truecause.xml"
    "$program" forward -c "$work/truecause.xml" --once || [ $? -eq 1 ] || fail "truecause forward failed"

    # The receivers have their own pace: wait until both hold the last line sent.
    wait_until 60 received || fail "the receivers did not get everything"
    show_results
    say "Done; nothing is left running"
}

xml_escape() {
    printf '%s' "$1" | sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/"/\&quot;/g'
}

write_config() {
    echo '<truecause xmlns="urn:truecause:config:1" state="'"$(xml_escape "$work/state")"'">'
    for file in "$@"; do
        [ -d "$file" ] && file=$file/*
        printf '  <source format="auto" path="%s"' "$(xml_escape "$file")"
        [ -z "$host" ] || printf ' host="%s"' "$(xml_escape "$host")"
        [ -z "$address" ] || printf ' address="%s"' "$address"
        [ -z "$zone" ] || printf ' zone="%s"' "$(xml_escape "$zone")"
        echo '/>'
    done
    cat <<END
  <target name="archive" type="xml" path="$(xml_escape "$work/events.xml")"/>
  <target name="nms" type="snmp" address="udp:127.0.0.1:$SNMPTRAPD_PORT" version="2c" community-file="community"/>
  <target name="siem" type="syslog" address="tcp:127.0.0.1:$RSYSLOGD_PORT"/>
</truecause>
END
}

# How many items went out, and how many each receiver has.
count() {
    grep -c "$1" "$2" 2>/dev/null || :
}
received() {
    [ "$(count . "$work/syslog.raw")" -ge "$(count '^ *<\(event\|alarm\) ' "$work/events.xml")" ] &&
        [ "$(count 'snmpTrapOID' "$work/snmptrapd.out")" -ge "$(count '^ *<alarm ' "$work/events.xml")" ]
}

# first FILE TEXT TEXT...: the first line that has every TEXT.
first() {
    lines=$(cat "$1")
    shift
    for text in "$@"; do
        lines=$(printf '%s\n' "$lines" | grep -F -- "$text" || :)
    done
    printf '%s\n' "$lines" | head -n 1
}

show_results() {
    event=$(first "$work/events.xml" '<event ' 'event="109"' 'misreported="true"')
    if [ -z "$event" ]; then
        what="No record here blames the disk for an open file; the newest alarm"
        set -- "$(grep '<alarm ' "$work/events.xml" | tail -n 1)" "$(grep -v '^$' "$work/snmptrapd.out" | tail -n 1)" \
            "$(tail -n 1 "$work/syslog.raw")"
    else
        package=$(printf '%s\n' "$event" | sed -n 's/.*<object[^>]* package="\([^"]*\)".*/\1/p')
        what="The record that blames the disk for $package"
        set -- "$event" "$(first "$work/snmptrapd.out" "$package" tcMisreported true)" \
            "$(first "$work/syslog.raw" "package=\"$package\"" 'claimEvent="109"' 'misreported="true"')"
    fi
    say "3. $what, as XML"
    printf '%s\n' "$1" | sed 's/></>\n  </g'
    say "4. The notification, as snmptrapd printed it"
    printf '%s\n' "$2" | tr '\t' '\n' | sed '2,$s/^/  /'
    say "5. The syslog message, as rsyslogd wrote it"
    printf '%s\n' "$3"
    say "Sent: $(count '^ *<event ' "$work/events.xml") events and $(count '^ *<alarm ' "$work/events.xml") alarm changes; snmptrapd has $(count snmpTrapOID "$work/snmptrapd.out") notifications, rsyslogd $(count . "$work/syslog.raw") messages"
}

usage() {
    sed -n 's/^# \{0,1\}\(.*\)/\1/p' "$top/setup.sh" | sed -n 3,6p
}

case ${1-} in
run)
    shift
    run_sample "$@"
    ;;
test)
    run_tests
    ;;
-h | --help)
    usage
    ;;
*)
    usage >&2
    exit 2
    ;;
esac
