#!/bin/sh
# copy.sh INPUT... OUTPUT: the output is its inputs, one after the other.
# The least a code can do, so that a load test measures Headwater and not the code.
set -eu
if [ $# -lt 2 ]; then
    echo "usage: copy.sh INPUT... OUTPUT" >&2
    exit 1
fi
if [ $# -eq 2 ]; then
    exec cat -- "$1" > "$2"
fi
for output; do :; done
while [ $# -gt 1 ]; do
    cat -- "$1"
    shift
done > "$output"
