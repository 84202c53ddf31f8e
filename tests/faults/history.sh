#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# First start over old logs: a summary and the open alarms, nothing more.  See history.py.
. "${TEST_SRCDIR:?}/integration/lib.sh"
PYTHONDONTWRITEBYTECODE=1
TMPDIR=$SCRATCH
export PYTHONDONTWRITEBYTECODE TMPDIR
check "the first start tells what is open, once" python3 "$TEST_SRCDIR/faults/history.py" --records 60000
finish
