#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Prints a file as the byte values of a C initialiser: embed.sh FILE
set -eu
od -An -v -tu1 "$1" | sed -e 's/^ *//' -e 's/  */,/g' -e 's/$/,/'
