#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The fault campaign's short form: see campaign.py; 'make faults' runs the long one.
. "${TEST_SRCDIR:?}/integration/lib.sh"
PYTHONDONTWRITEBYTECODE=1
TMPDIR=$SCRATCH
export PYTHONDONTWRITEBYTECODE TMPDIR
check "the oracle sees what it is there for" python3 "$TEST_SRCDIR/faults/oracle_test.py"
check "no record is lost, invented or altered under 200 cycles of faults" python3 "$TEST_SRCDIR/faults/campaign.py" --cycles 200 --minutes 3
finish
