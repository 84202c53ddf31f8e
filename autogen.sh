#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes configure and Makefile.in from a git clone.
set -eu
cd "$(dirname "$0")"
for tool in autoreconf automake pkg-config; do
    command -v "$tool" >/dev/null || {
        echo "autogen.sh: $tool is missing: install the Debian packages autoconf automake pkg-config" >&2
        exit 1
    }
done
mkdir -p build-aux m4
exec autoreconf --install --warnings=all
