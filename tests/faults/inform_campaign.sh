#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Informs under each kind of fault, once: see inform_campaign.py; 'make faults-informs' goes
# on at random.
. "${TEST_SRCDIR:?}/integration/lib.sh"
PYTHONDONTWRITEBYTECODE=1
TMPDIR=$SCRATCH
export PYTHONDONTWRITEBYTECODE TMPDIR
check "no alarm change is lost, altered or out of order for a receiver that acknowledges" \
    python3 "$TEST_SRCDIR/faults/inform_campaign.py" --smoke --seed 1
finish
