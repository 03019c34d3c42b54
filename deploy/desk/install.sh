#!/usr/bin/env bash
# Installs the desk's program from this folder, on a machine without a network. Nothing of the kit is run or
# installed before all of it has been checked. guides/DESK.md explains it.
set -euo pipefail
export LC_ALL=C
umask 077

readonly USAGE="usage: bash install.sh (--number HEX | --signer KEY) [--to FOLDER]
       bash install.sh --back [--to FOLDER]

--number  the kit's number, as whoever made the kit reads it to you: 64 letters and digits, spaces do not matter
--signer  the public key of whoever made the kit, where minisign is on this machine
--to      where the program goes: ~/witnessbox unless you say (in Tails, ~/Persistent/witnessbox)
--back    use again the version that was in use before the last one"

kit=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly kit

fail() {
    printf 'install.sh: error: %s\n' "$1" >&2
    [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2
    exit 1
}

to=$HOME/witnessbox
[ ! -d "$HOME/Persistent" ] || to=$HOME/Persistent/witnessbox
number="" signer="" back=""
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) printf '%s\n' "$USAGE"; exit 0 ;;
        --number) number=$(printf '%s' "${2:?--number takes the number}" | tr -d '[:space:]' | tr A-F a-f); shift 2 ;;
        --signer) signer=${2:?--signer takes a key}; shift 2 ;;
        --to) to=${2:?--to takes a folder}; shift 2 ;;
        --back) back=1; shift ;;
        *) printf '%s\n' "$USAGE" >&2; exit 2 ;;
    esac
done
mkdir -p "$(dirname "$to")"
to=$(cd "$(dirname "$to")" && pwd)/$(basename "$to")

# One file at a time is in force, and the change from one to the next is a single rename.
use() {
    ln -sfn "versions/$1" "$to/.next"
    mv -T "$to/.next" "$to/current"
}

if [ -n "$back" ]; then
    [ -L "$to/previous" ] || fail "$to holds no earlier version"
    before=$(basename "$(readlink "$to/previous")") now=$(basename "$(readlink "$to/current")")
    use "$before"
    ln -sfn "versions/$now" "$to/previous"
    printf 'in use again: %s\n' "$("$to/current/bin/witnessbox-analysis" --version)"
    printf 'a desk that the newer version has opened already may need its backup: guides/DESK.md\n'
    exit 0
fi

[ -n "$number$signer" ] || fail "who made this kit must be checked" "give --number or --signer; --help says what they are"
cd "$kit"
[ -f SHA256SUMS ] || fail "this folder is no install kit: it has no SHA256SUMS"
if [ -n "$number" ]; then
    [ "$(sha256sum SHA256SUMS | cut -c1-64)" = "$number" ] || fail "the number is not that of this kit" \
        "compare it once more; if it differs, do not use this stick, and tell whoever made it"
fi
if [ -n "$signer" ]; then
    command -v minisign >/dev/null || fail "minisign is not on this machine" "ask for the kit's number and give --number"
    minisign -V -q -P "$signer" -m SHA256SUMS || fail "this kit is not signed by that key" "do not use this stick"
fi
sha256sum --check --strict --quiet SHA256SUMS || fail "a file of the kit is damaged or was changed" "have the kit made anew"
# Everything but folders: a link is no file of a kit, and leads to what the list does not name.
diff <(cut -c67- SHA256SUMS | sort) <(find . ! -type d ! -name 'SHA256SUMS*' -printf '%P\n' | sort) >/dev/null \
    || fail "the kit has files that its list does not name" "have the kit made anew"

# -I: it looks for nothing in the folder where it is started.
python=""
for one in python3 python3.13 python3.12 python3.11; do
    if command -v "$one" >/dev/null && "$one" -I -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$(command -v "$one")
        break
    fi
done
[ -n "$python" ] || fail "this machine has no Python 3.11 or newer"

wheel=$(echo witnessbox-*.whl)
version=${wheel#witnessbox-}
name=${version%%-*}-$(sha256sum SHA256SUMS | cut -c1-12)
new=$to/versions/$name
if [ "$(readlink "$to/current" 2>/dev/null)" = "versions/$name" ]; then
    printf 'this version is in use already: %s\n' "$("$to/current/bin/witnessbox-analysis" --version)"
    exit 0
fi

printf 'the kit is whole; installing (a minute or two)\n'
mkdir -p "$to/versions"
# What an earlier try left half-done is not used by anything.
rm -rf "$new"
trap 'rm -rf "$new"' EXIT
"$python" -I -m venv --without-pip "$new" || fail "cannot make $new"
installer=$(echo wheels/pip-*.whl)
pip=("$new/bin/python" "$installer/pip" --quiet --quiet --isolated --disable-pip-version-check --no-cache-dir)
"${pip[@]}" install --no-index --find-links wheels --no-compile --require-hashes --requirement requirements.txt \
    || fail "the kit does not fit this machine: $("$python" --version) on $(uname -m)" "have it made for that version: deploy/desk.sh --python"
"${pip[@]}" install --no-index --no-deps --no-compile "./$wheel" || fail "cannot install $wheel"
"$new/bin/witnessbox-analysis" --version >/dev/null || fail "the new program does not start; the old one stays in use"
sync
trap - EXIT
if [ -L "$to/current" ]; then ln -sfn "$(readlink "$to/current")" "$to/previous"; fi
use "$name"
ln -sfn current/bin/witnessbox-analysis "$to/witnessbox-analysis"
printf '\ninstalled: %s\n' "$("$to/witnessbox-analysis" --version)"
printf 'give it as %s\n' "$to/witnessbox-analysis"
