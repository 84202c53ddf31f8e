#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every kind of rotation, twelve rounds each: see rotate.py; 'make rotate' runs more.
. "${TEST_SRCDIR:?}/integration/lib.sh"
PYTHONDONTWRITEBYTECODE=1
TMPDIR=$SCRATCH
export PYTHONDONTWRITEBYTECODE TMPDIR
check "each record comes once through every kind of rotation" python3 "$TEST_SRCDIR/faults/rotate.py" --rounds 96 --records 100000 --window 5
finish
