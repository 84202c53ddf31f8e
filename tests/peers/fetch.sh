#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# fetch.sh WORK: builds the receivers of this folder in WORK, each with the library
# that its own package manager fetches: gosnmp (go), pysnmp (pip), SNMP4J, Graylog and
# Elasticsearch (mvn).  PEERS names those that are wanted.  What is there already stays.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
work=$(cd "$1" && pwd)

for peer in ${PEERS:-gosnmp pysnmp snmp4j}; do
    mkdir -p "$work/$peer"
    cp "$here/$peer"/* "$work/$peer/"
    cd "$work/$peer"
    case $peer in
    gosnmp) go build -o receiver . ;;
    pysnmp)
        [ -x venv/bin/python ] || /usr/bin/python3 -m venv venv
        venv/bin/pip install --quiet --requirement requirements.txt
        ;;
    snmp4j | graylog | elasticsearch)
        [ -d lib ] || mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib
        javac -d classes -cp 'lib/*' ./*.java
        ;;
    *)
        echo "fetch.sh: no peer is named $peer; there are gosnmp, pysnmp, snmp4j, graylog and elasticsearch" >&2
        exit 2
        ;;
    esac
done
