#!/bin/bash
# Make the virtual environment with Python 3.11 or newer; PYTHON names another interpreter than the first that fits.
# usage: setup/python.sh FOLDER
set -eu
folder=$1

fits() { "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

if [ -x "$folder/bin/python" ] && fits "$folder/bin/python"; then exit 0; fi
for python in ${PYTHON:-python3.11 python3 python3.12 python3.13 /usr/bin/python3}; do
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
