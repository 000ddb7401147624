#!/bin/sh
# Prints the newest tested Python that really starts (a name on the path may be an empty shim) and can make a virtual
# environment; else says what to do. PYTHON=/path/to/python overrides the search.
set -u
without_venv=""
for name in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 </dev/null || continue
    if "$name" -c 'import venv, ensurepip' >/dev/null 2>&1 </dev/null; then
        echo "$name"
        exit 0
    fi
    without_venv=${without_venv:-$name}
done
if [ -n "$without_venv" ]; then
    version=$("$without_venv" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "$without_venv starts, but its module venv is missing. On Debian and Ubuntu: apt install python$version-venv" >&2
else
    echo "No Python 3.11, 3.12 or 3.13 that starts was found${PYTHON:+ (PYTHON=$PYTHON)}." >&2
    echo "On Debian and Ubuntu: apt install python3 python3-venv; elsewhere: https://www.python.org/downloads/" >&2
    echo "If it is installed under another name: make run PYTHON=/path/to/python" >&2
fi
exit 1
