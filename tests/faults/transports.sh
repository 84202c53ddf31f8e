#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What the transports of syslog lose when the receiver fails: the short form of
# transports.py; 'make faults-syslog' runs the long one, beside other forwarders.
. "${TEST_SRCDIR:?}/integration/lib.sh"
PYTHONDONTWRITEBYTECODE=1
TMPDIR=$SCRATCH
export PYTHONDONTWRITEBYTECODE TMPDIR
transports() {
    python3 "$TEST_SRCDIR/faults/transports.py" --only truecause --count 6000 "$@"
}
check "TCP: lost is only what the receiver's kernel had acknowledged" transports --transports tcp --faults killed,reset,restarted
finish
