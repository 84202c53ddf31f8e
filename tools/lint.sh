#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# House rules that a text search can see: lint.sh SRCDIR DISTLIST
# DISTLIST names what 'make dist' packs, one a line.  Prints each breach as
# "file:line: what" and ends with 1 when there was one.
set -eu
src=$1
list=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$src"
found=$(mktemp)
trap 'rm -f "$found"' EXIT

sources=$(find parsers forwarder tests tools -name '*.c' | sort)
code=$(find parsers forwarder tests tools -name '*.[ch]' | sort)

# build.h first: it switches on large files and the system's extensions.
for f in $sources; do
    awk '/^#[ \t]*include/ { ok = $0 ~ /"build\.h"/; seen = 1; exit }
         END { if (seen && !ok) print FILENAME ":" FNR ": build.h is not the first include" }' "$f"
done >>"$found"

# parsers/ is pure.
grep -nE '\b(open|fopen|read|socket|time|gettimeofday|clock_gettime|localtime|localtime_r|gmtime|mktime|getenv|printf|fprintf|syslog|sleep|setlocale)[[:space:]]*\(' \
    parsers/*.c /dev/null | grep -vE ':[[:space:]]*(\*|/\*|//)' | sed 's/$/   <- parsers\/ does no I\/O, clock, environment or output/' >>"$found" || :

# Calls that the program must not have.  Tests write what they know the size of.
# shellcheck disable=SC2046
grep -nE '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|alloca|tmpnam|mktemp)[[:space:]]*\(' $(find parsers forwarder tools -name '*.[ch]') /dev/null |
    grep -vE ':[[:space:]]*(\*|/\*|//)' | sed 's/$/   <- use a bounded function/' >>"$found" || :

for f in $code; do
    # About 110 columns; a test may quote a long record.
    case $f in tests/*) columns=140 ;; *) columns=126 ;; esac
    awk -v limit=600 -v columns=$columns 'length($0) > columns { print FILENAME ":" FNR ": over " columns " columns" }
        /[ \t]$/ { print FILENAME ":" FNR ": blank at the end of the line" }
        /\t/ { print FILENAME ":" FNR ": tab" }
        FNR == 1 && !/SPDX-License-Identifier/ { print FILENAME ":1: no SPDX line" }
        END { if (FNR > limit) print FILENAME ":" FNR ": over " limit " lines" }' "$f"
done >>"$found"

[ ! -f forwarder/pipeline.c ] || [ "$(wc -l <forwarder/pipeline.c)" -le 300 ] ||
    echo "forwarder/pipeline.c: over 300 lines; it is the file that explains the program" >>"$found"
[ "$(wc -l <forwarder/main.c)" -le 60 ] || echo "forwarder/main.c: over 60 lines" >>"$found"

# What git holds is what the archive holds.
if [ -e .git ] && command -v git >/dev/null 2>&1; then
    git ls-files | awk -v list="$list" -v src="$1" '
        BEGIN { while ((getline line < list) > 0) { if (index(line, src "/") == 1) line = substr(line, length(src) + 2); known[line] = 1 } }
        { path = $0
          while (1) {
              if (path in known) next
              if (!match(path, /\/[^\/]*$/)) break
              path = substr(path, 1, RSTART - 1)
          }
          print $0 ": in git, but not in the archive: add it to a list in Makefile.am or local.mk" }' >>"$found"
fi

if [ -s "$found" ]; then
    cat "$found" >&2
    echo "lint: $(wc -l <"$found") breaches of the house rules" >&2
    exit 1
fi
echo "lint: the house rules hold"
