#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# 'make fuzz': libFuzzer on each target, FUZZ_SECONDS each, from its seeds.
# New inputs stay in the build tree; a finding ends the run and names its file.
set -eu
: "${TEST_SRCDIR:?run me by: make fuzz}" "${TEST_BUILDDIR:?}" "${FUZZ_SECONDS:=60}"
[ -n "${FUZZ_NAMES-}" ] || { echo "fuzz: no target is listed" >&2; exit 1; }
for name in $FUZZ_NAMES; do
    program=$TEST_BUILDDIR/fuzz/fuzz_$name
    [ -x "$program" ] || { echo "fuzz: $program is missing: configure with --enable-fuzzers CC=clang" >&2; exit 1; }
    corpus=$TEST_BUILDDIR/fuzz/corpus/$name
    mkdir -p "$corpus"
    echo "fuzz: $name, $FUZZ_SECONDS s"
    "$program" -max_total_time="$FUZZ_SECONDS" -rss_limit_mb=1024 -timeout=20 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$TEST_BUILDDIR/fuzz/finding-$name-" "$corpus" "$TEST_SRCDIR/fuzz/seeds/$name"
done
