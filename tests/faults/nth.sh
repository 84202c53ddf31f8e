#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Calls that fail one at a time, over a small run of the whole engine: nth.py.
# NTH_ALL=1 ('make faults-nth') tries every call of every class, which takes an
# hour; else some, spread over all, for NTH_SECONDS.
. "${TEST_SRCDIR:?}/integration/lib.sh"
PYTHONDONTWRITEBYTECODE=1
TMPDIR=$SCRATCH
export PYTHONDONTWRITEBYTECODE TMPDIR
nth() { # SHIM PROGRAM SHARE-OF-TIME CLASSES
    if [ -n "${NTH_ALL-}" ]; then
        set -- "$1" "$2" --all --class "$4"
    else
        set -- "$1" "$2" --seconds $((${NTH_SECONDS:-40} * $3 / 4)) --class "$4"
    fi
    shim=$1 program=$2
    shift 2
    SHIM=$shim TRUECAUSE=$program python3 "$TEST_SRCDIR/faults/nth.py" "$@"
}
calls=open,read,write,sync,truncate,rename
# A sanitizer has an allocator and a map of its own: there, the program's own allocations fail, and leaks show.
if nm -D "$TRUECAUSE" 2>/dev/null | grep -q -e __asan_init -e __ubsan_handle || nm "$TRUECAUSE" | grep -q __asan_init; then
    check "every allocation of its own may fail" nth linked "$TEST_BUILDDIR/faults/nth_truecause" 2 alloc
    check "every call may fail" nth "$TEST_BUILDDIR/faults/shim.so" "$TRUECAUSE" 2 "$calls"
else
    check "every allocation may fail" nth "$TEST_BUILDDIR/faults/shim.so" "$TRUECAUSE" 2 alloc
    check "every call may fail" nth "$TEST_BUILDDIR/faults/shim.so" "$TRUECAUSE" 2 "$calls,map"
fi
finish
