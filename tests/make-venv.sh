#!/usr/bin/env bash
# Makes .venv with the Python given. Debian keeps venv in a package of its own.
set -euo pipefail
python=${1:-python3}

say() { printf 'witnessbox: %s\n' "$@" >&2; }

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  say "error: $python is missing or older than 3.11" "hint: apt-get install python3, or make PYTHON=/path/to/python3.11"
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  bash "$(dirname "$0")/system-packages.sh" python3-venv
fi
rm -rf .venv
"$python" -m venv .venv
