#!/usr/bin/env bash
# Makes the offline install kit for a desk: a folder for a stick, with everything that a machine without a
# network needs to install the desk's program. Run it where there is a network; deploy/DESK.md explains it.
set -euo pipefail
export LC_ALL=C
umask 022

readonly USAGE="usage: deploy/desk.sh FOLDER [--sign MINISIGN.KEY] [--python 3.11]... [--with privacy]
       deploy/desk.sh FOLDER --wheel-only

Makes FOLDER, which must not be there. --sign signs it with a secret key of minisign. --python names a
version of Python that a desk may have (3.11 is Debian 12 and Tails 6, 3.13 is Debian 13 and Tails 7; both
unless you say); --with adds an extra. --wheel-only makes the program's own wheel and nothing else, the same bytes
everywhere; for the server too."

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here root=$here/..

fail() {
    printf 'desk.sh: error: %s\n' "$1" >&2
    [ -z "${2:-}" ] || printf 'hint: %s\n' "$2" >&2
    exit 1
}

folder="" key="" wheel_only="" requirements=desk
pythons=()
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) printf '%s\n' "$USAGE"; exit 0 ;;
        --sign) key=${2:?--sign takes a file}; shift 2 ;;
        --python) pythons+=("${2:?--python takes a version}"); shift 2 ;;
        --wheel-only) wheel_only=1; shift ;;
        --with) [ "${2:-}" = privacy ] || fail "there is no extra \"${2:-}\"" "--with privacy"; requirements=privacy; shift 2 ;;
        -*) printf '%s\n' "$USAGE" >&2; exit 2 ;;
        *) [ -z "$folder" ] || { printf '%s\n' "$USAGE" >&2; exit 2; }; folder=$1; shift ;;
    esac
done
[ -n "$folder" ] || { printf '%s\n' "$USAGE" >&2; exit 2; }
[ ${#pythons[@]} -gt 0 ] || pythons=(3.11 3.13)
[ ! -e "$folder" ] || fail "$folder is there already" "choose a new folder; nothing was changed"
[ -z "$key" ] || [ -r "$key" ] || fail "cannot read $key"
[ -z "$key" ] || command -v minisign >/dev/null || fail "--sign needs minisign" "apt-get install minisign"
python=${PYTHON:-$root/.venv/bin/python}
[ -x "$python" ] || fail "there is no $python" "give \`make demo\` once, or set PYTHON"

machine=$(uname -m)
# Every wheel that a C library as new as Debian 12's can load.
platforms=(--platform "manylinux2014_$machine" --platform "linux_$machine")
for minor in $(seq 17 36); do platforms+=(--platform "manylinux_2_${minor}_$machine"); done

mkdir -p "$(dirname "$folder")"
part=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$part"' EXIT
mkdir "$part/wheels" "$part/guides"

download() { "$python" -m pip download --quiet --quiet --disable-pip-version-check --require-hashes --only-binary=:all: --dest "$part/wheels" "$@"; }

# The same bytes for whoever builds it again from the same files.
build=$(mktemp -d "$part/build.XXXXXX")
cp -R "$root/pyproject.toml" "$root/README.md" "$root/LICENSE" "$root/intake" "$root/analysis" "$root/templates" "$build"
rm -rf "$build/intake/browser"
chmod -R u=rwX,go=rX "$build"
SOURCE_DATE_EPOCH=315532800 "$python" -m pip wheel --quiet --quiet --disable-pip-version-check --no-deps \
    --no-build-isolation --wheel-dir "$part" "$build"
rm -rf "$build"

if [ -n "$wheel_only" ]; then
    rmdir "$part/wheels" "$part/guides"
    mv "$part" "$folder"
    trap - EXIT
    exit 0
fi

for version in "${pythons[@]}"; do
    printf 'fetching what Python %s needs\n' "$version"
    download --python-version "$version" --implementation cp "${platforms[@]}" \
        --requirement "$here/requirements/$requirements.txt" || fail "not everything is there for Python $version"
done

cp "$here/requirements/$requirements.txt" "$part/requirements.txt"
cp "$here/desk/install.sh" "$part/install.sh"
cp "$here"/*.md "$part/guides"
cp -R "$here/es" "$part/guides/es"
chmod -R u+rwX,go+rX,go-w "$part"
chmod 755 "$part/install.sh"

(cd "$part" && find . -type f ! -name 'SHA256SUMS*' -printf '%P\0' | sort -z | xargs -0 sha256sum) >"$part.sums"
mv "$part.sums" "$part/SHA256SUMS"
[ -z "$key" ] || minisign -S -s "$key" -m "$part/SHA256SUMS" -t "Witnessbox, install kit of a desk" >/dev/null \
    || fail "minisign did not sign it"
mv "$part" "$folder"
trap - EXIT

printf '\n%s: %s, for Python %s on %s\n' "$folder" "$(du -sh "$folder" | cut -f1)" "${pythons[*]}" "$machine"
printf 'its number, to be read aloud or copied by hand to the desk:\n\n  '
sha256sum "$folder/SHA256SUMS" | cut -c1-64 | sed 's/..../& /g'
