#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The short form of "make accuracy": 60,000 records, 3,000 planted faults.
. "${TEST_SRCDIR:?}/integration/lib.sh"
PYTHONDONTWRITEBYTECODE=1
TMPDIR=$SCRATCH
export PYTHONDONTWRITEBYTECODE TMPDIR
check "verdicts are right" python3 "$TEST_SRCDIR/accuracy/accuracy.py" "$TRUECAUSE" 60000 3000
finish
