#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Batch, live, cut anywhere and killed: the same events and alarms.  See equal.py.
. "${TEST_SRCDIR:?}/integration/lib.sh"
PYTHONDONTWRITEBYTECODE=1
TMPDIR=$SCRATCH
export PYTHONDONTWRITEBYTECODE TMPDIR
check "batch and live agree" python3 "$TEST_SRCDIR/faults/equal.py" --failures 30 --kills 8
check "on the records of the scenarios, too" python3 "$TEST_SRCDIR/faults/equal_scenarios.py" --some 12
check "a STATMSG line teaches a live log its zone as the first record" python3 "$TEST_SRCDIR/faults/equal_scenarios.py" \
    --exact "A STATMSG line tells"
finish
