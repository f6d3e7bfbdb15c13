#!/bin/bash
# Make the virtual environment with Python 3.11 or newer; PYTHON names another interpreter than the first that fits.
# The system's own comes first: a distribution builds it with its profile, and one that was built by hand often is not
# (a seventh slower in the simulation, decision 016).
# usage: setup/python.sh FOLDER
set -eu
folder=$1

fits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

if [ -x "$folder/bin/python" ] && fits "$folder/bin/python"; then exit 0; fi
for python in ${PYTHON:-/usr/bin/python3.11 /usr/bin/python3 python3.11 python3 python3.12 python3.13}; do
  if fits "$python"; then
    rm -rf "$folder"
    "$python" -m venv "$folder"
    exit 0
  fi
done
echo "Qafila needs Python 3.11 or newer with its venv module. On Debian 12 please type:" >&2
echo "" >&2
echo "  su -c 'apt-get update && apt-get install -y python3 python3-venv'" >&2
exit 1
