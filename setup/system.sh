#!/bin/bash
# Install the Debian packages that are missing.
# usage: setup/system.sh demo|test|security
# SYSTEM=no leaves the system as it is: on a machine without apt, install the same things by its own means first.
set -eu

demo=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig fonts-noto-core)
test=(postgresql chromium-headless-shell poppler-utils libatomic1 zbar-tools dcmtk orthanc)
security=(caddy systemd tpm2-tools swtpm)
case "${1:-}" in
  demo) wanted=("${demo[@]}") ;;
  test) wanted=("${demo[@]}" "${test[@]}") ;;
  security) wanted=("${demo[@]}" "${test[@]}" "${security[@]}") ;;
  *) echo "usage: $0 demo|test|security" >&2; exit 2 ;;
esac
[ "${SYSTEM:-yes}" != no ] || exit 0

if ! command -v dpkg-query >/dev/null; then
  echo "This machine has no Debian packages. Install what these packages hold by its own means," >&2
  echo "then start again with SYSTEM=no: ${wanted[*]}" >&2
  exit 1
fi

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null || true)
  grep -qx installed <<<"$state" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

apt=(apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
install=(install --no-install-recommends -y "${missing[@]}")
if [ "$(id -u)" = 0 ]; then
  root=(env DEBIAN_FRONTEND=noninteractive)
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
else
  echo "Debian packages are missing, and this account may not install them. Please type:" >&2
  echo "" >&2
  echo "  su -c 'apt-get update && apt-get install --no-install-recommends -y ${missing[*]}'" >&2
  echo "" >&2
  echo "(with sudo: sudo apt-get update && sudo apt-get install --no-install-recommends -y ${missing[*]})" >&2
  exit 1
fi

echo "Installing Debian packages: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${root[@]}" "${apt[@]}" update && "${root[@]}" "${apt[@]}" "${install[@]}"; } >"$log" 2>&1; then
  cat "$log" >&2
  echo "The packages could not be installed; see above." >&2
  exit 1
fi
