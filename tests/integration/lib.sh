# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# lib.sh - sourced first by every integration test:
#     . "${TEST_SRCDIR:?}/integration/lib.sh"
# Gives a scratch folder $SCRATCH, the receivers of tools/daemons.sh, and checks
# that are counted; the end prints them in the form of libcheck and sets the exit
# code.  A script that stops early counts as an error.
set -u
: "${TEST_SRCDIR:?run by make check}" "${TRUECAUSE:?}"
# shellcheck source=../../tools/daemons.sh
. "$TEST_SRCDIR/../tools/daemons.sh"

SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/truecause-test.XXXXXX")
CHECKS=0
FAILURES=0
FAILED=
FINISHED=no
# A wait ends as soon as what it waits for is there: its limit is for a hanging test, not
# for a machine that is busy.
WAIT_LEAST=60

# check NAME COMMAND...: one check, passed when COMMAND succeeds; fails as COMMAND
# does, for '|| finish' where the rest makes no sense without it.
check() {
    check_name=$1
    shift
    CHECKS=$((CHECKS + 1))
    DIFFERENCE=
    if "$@"; then
        echo "ok: $check_name"
    else
        FAILURES=$((FAILURES + 1))
        echo "FAILED: $check_name: $*"
        FAILED="${FAILED}FAILED: $check_name: $*
$DIFFERENCE"
        return 1
    fi
}

# same WANT GOT: equal texts; prints both when they are not.
same() {
    [ "$1" = "$2" ] && return 0
    DIFFERENCE="want: $1
 got: $2
"
    printf %s "$DIFFERENCE"
    return 1
}

# lines_are FILE N: FILE has N lines.
lines_are() {
    [ "$(wc -l <"$1")" -eq "$2" ]
}

# has FILE TEXT: FILE contains the literal TEXT.
has() {
    grep -qF -- "$2" "$1"
}

# make_certificates DIR: a CA, and by it server.pem for 127.0.0.1 and client.pem for
# client.example.org, each with its .key.
make_certificates() (
    cd "$1" && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=test-ca \
        -keyout ca.key -out ca.pem 2>/dev/null || exit 1
    for holder in server=IP:127.0.0.1 client=DNS:client.example.org; do
        echo "subjectAltName=${holder#*=}" >holder.ext
        openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=${holder%%=*}" \
            -keyout "${holder%%=*}.key" -out holder.csr 2>/dev/null &&
            openssl x509 -req -in holder.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile holder.ext \
                -out "${holder%%=*}.pem" 2>/dev/null && chmod 600 "${holder%%=*}.key" || exit 1
    done
)

# The last line of a test that came to its end.
finish() {
    FINISHED=yes
    exit 0
}

test_end() {
    trap - EXIT
    daemons_stop
    ports_release
    errors=0
    [ "$FINISHED" = yes ] || { errors=1; FAILED="${FAILED}ERROR: the script ended before its last line
"; }
    total=$((CHECKS + errors))
    [ "$total" -gt 0 ] || { errors=1; total=1; }
    # Once more, where whoever reads the end of a long log sees them.
    printf %s "$FAILED"
    echo "$(((total - FAILURES - errors) * 100 / total))%: Checks: $total, Failures: $FAILURES, Errors: $errors"
    if [ "$FAILURES" -eq 0 ] && [ "$errors" -eq 0 ]; then
        rm -rf "$SCRATCH"
        exit 0
    fi
    echo "kept for a look: $SCRATCH"
    exit 1
}
trap test_end EXIT
trap 'exit 1' HUP INT TERM
