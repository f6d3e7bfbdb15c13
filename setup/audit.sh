#!/bin/bash
# Ask the public lists of known holes about every locked package, Python's and npm's. Needs the internet, so it is a step
# of a deployer's CI and no part of `make check`.
# usage: setup/audit.sh [VENV]
# exit status: 0 none known; 1 some are; 3 the lists could not be asked: nothing is known then, neither good nor bad.
set -u
venv=${1:-.venv}
found=0 unasked=0

asked() { # NAME STATUS OUTPUT: a tool's "some are known" is told from "could not ask" by what it has printed
  case $2 in
    0) echo "$1: no known hole" ;;
    *) if grep -qiE 'vulnerabilit|GHSA-|CVE-|PYSEC-' <<<"$3" && ! grep -qiE 'ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ConnectionError|NewConnectionError|audit endpoint returned an error' <<<"$3"; then
         echo "$3"; echo "$1: holes are known, see above"; found=1
       else
         echo "$1: could not be asked (no internet?): nothing is known" >&2; unasked=1
       fi ;;
  esac
}

if [ -x "$venv/bin/pip-audit" ]; then audit=("$venv/bin/pip-audit")
elif command -v pip-audit >/dev/null; then audit=(pip-audit)
else audit=(); fi
if [ ${#audit[@]} -eq 0 ]; then
  echo "Python: pip-audit is not here ('pipx install pip-audit' on the machine of the CI): nothing is known" >&2; unasked=1
else
  for lock in base build dev; do
    said=$("${audit[@]}" --require-hashes --disable-pip --no-deps -r "requirements/$lock.lock" 2>&1); asked "Python ($lock)" $? "$said"
  done
fi
if command -v npm >/dev/null; then
  said=$(npm audit --package-lock-only --audit-level=low 2>&1); asked "npm" $? "$said"
else
  echo "npm is not here: nothing is known of its packages" >&2; unasked=1
fi
[ $found = 0 ] || exit 1
[ $unasked = 0 ] || exit 3
