#!/usr/bin/env bash
# Installs the Debian packages named, when they are missing and the user may; says what to do otherwise.
set -euo pipefail

missing=()
for package in "$@"; do
  if ! dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed; then
    missing+=("$package")
  fi
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  printf 'witnessbox: error: these system packages are missing: %s\n' "${missing[*]}" >&2
  printf 'witnessbox: hint: sudo apt-get install %s\n' "${missing[*]}" >&2
  exit 1
fi
echo "installing the system packages ${missing[*]} (once)"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
policy=/usr/sbin/policy-rc.d
made=''
trap 'rm -f "$log" $made' EXIT
# Some of them are servers. They are here to check their configuration, and are not to run.
if [ ! -e "$policy" ]; then
  made=$policy
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
fi
if ! { apt-get update && apt-get install --yes --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  printf 'witnessbox: error: apt-get could not install: %s\n' "${missing[*]}" >&2
  exit 1
fi
if [ -d /run/systemd/system ]; then
  for package in "${missing[@]}"; do
    case $package in caddy | tor) systemctl disable --quiet "$package.service" ;; esac
  done
fi
