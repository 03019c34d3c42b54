#!/usr/bin/env bash
# Makes a Debian machine an intake, and takes it back again. deploy/SERVER.md goes through it.
#
# Whatever it puts on the machine stands as a plain file in deploy/server/; this program fills in names,
# copies, and switches on. It can be run again at any time: what is right already stays as it is.
set -euo pipefail
umask 022

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly HERE PROJECT=${HERE%/*} SERVER=$HERE/server LOCKS=$HERE/requirements
readonly ETC=/etc/witnessbox OPT=/opt/witnessbox STATE=/var/lib/witnessbox ONION=/var/lib/tor/witnessbox
readonly DATA=$STATE/data MARK='# witnessbox' FSTAB=/etc/fstab
readonly INTAKE=$OPT/current/bin/witnessbox-intake
# Of Tor, the first version whose onion services defend themselves with proof of work.
readonly POW_FROM=0.4.8

COMMAND='' DRY='' DOMAIN='' ONION_ONLY='' WHEEL='' WHEELS='' REBOOT=true DELETE_DATA='' OUT='' POW=''
SSH_PORTS='' FORMS=() DESKS=()
CHANGED=()

usage() {
  cat <<'END'
install.sh install (--domain NAME | --onion-only) [options]    make this machine an intake, or bring it up to date
install.sh rollback                                            back to the version before
install.sh uninstall [--delete-data]                           take away what install put here; reports stay
install.sh files (--domain NAME | --onion-only) --out DIR      write the configuration into DIR, to read it first

--domain NAME    also on the open web, under this name, which must lead to this machine
--onion-only     by its onion address alone
--desk FILE      the card of a desk (desk.pub); once for each desk. Needed once, then kept
--form NAME      a questionnaire to offer; once for each (report, if not given)
--wheel FILE     this wheel of the project, not one that is built from this folder
--wheels DIR     take Python packages from this folder, not from the network
--ssh-port N     where you log in, if it is not what sshd says; the firewall leaves it open
--no-reboot      do not restart at night for a new kernel (a disk that wants a passphrase at the start)
--delete-data    with uninstall: reports, keys of this intake and its onion address go too, for ever
--dry-run        print what would be done, and change nothing
END
}

fail() {
  printf 'install.sh: error: %s\n' "$1" >&2
  [ -z "${2-}" ] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

say() { printf '%s\n' "$*"; }

# Runs a command that changes something; a dry run prints it.
run() {
  if [ -n "$DRY" ]; then
    printf 'would run: '; printf '%q ' "$@"; printf '\n'
  else
    "$@"
  fi
}

parse() {
  [ $# -gt 0 ] || { usage; exit 2; }
  COMMAND=$1
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --dry-run) DRY=1 ;;
      --onion-only) ONION_ONLY=1 ;;
      --no-reboot) REBOOT=false ;;
      --delete-data) DELETE_DATA=1 ;;
      --domain | --desk | --form | --wheel | --wheels | --ssh-port | --out)
        [ $# -gt 1 ] || fail "$1 needs a value"
        option "$1" "$2"
        shift
        ;;
      -h | --help) usage; exit 0 ;;
      *) fail "there is no option $1" 'install.sh --help' ;;
    esac
    shift
  done
}

option() {
  case $1 in
    --domain) DOMAIN=$2 ;;
    --desk) DESKS+=("$2") ;;
    --form) FORMS+=("$2") ;;
    --wheel) WHEEL=$2 ;;
    --wheels) WHEELS=$2 ;;
    --ssh-port) SSH_PORTS=$2 ;;
    --out) OUT=$2 ;;
  esac
}

# What an earlier run was told need not be said again.
remember() {
  local key value
  [ -r "$ETC/install.conf" ] || return 0
  while IFS='=' read -r key value; do
    case $key in
      domain) [ -n "$DOMAIN$ONION_ONLY" ] || DOMAIN=$value ;;
      onion_only) [ -n "$DOMAIN$ONION_ONLY" ] || ONION_ONLY=$value ;;
      ssh_ports) [ -n "$SSH_PORTS" ] || SSH_PORTS=$value ;;
      reboot) [ "$REBOOT" = false ] || REBOOT=$value ;;
    esac
  done < "$ETC/install.conf"
  [ ! -r "$ETC/pending" ] || mapfile -t CHANGED < "$ETC/pending"
}

check_mode() {
  if [ -n "$DOMAIN" ] && [ -n "$ONION_ONLY" ]; then
    fail '--domain and --onion-only exclude each other'
  fi
  [ -n "$DOMAIN$ONION_ONLY" ] || fail 'say where it can be reached' '--domain NAME, or --onion-only'
  if [ -n "$DOMAIN" ] && ! [[ $DOMAIN =~ ^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$ ]]; then
    fail "$DOMAIN is not the name of a machine" 'such as tell.example.org, in small letters'
  fi
  find_ssh_ports
  [[ $SSH_PORTS =~ ^[0-9]+(,\ [0-9]+)*$ ]] || fail "$SSH_PORTS is not a port" '--ssh-port 22'
}

# The ports of sshd, so that the firewall does not lock its operator out.
find_ssh_ports() {
  local sshd
  [ -z "$SSH_PORTS" ] || return 0
  sshd=$(command -v sshd || echo /usr/sbin/sshd)
  if [ -x "$sshd" ]; then
    SSH_PORTS=$("$sshd" -T 2>/dev/null | awk '$1 == "port" { print $2 }' | sort -un | paste -sd, | sed 's/,/, /g') || true
  fi
  SSH_PORTS=${SSH_PORTS:-22}
}

check_machine() {
  [ "$(id -u)" -eq 0 ] || [ -n "$DRY" ] || fail 'this changes the system: run it as root' 'sudo bash deploy/install.sh ...'
  local ID='' VERSION_ID=''
  # shellcheck source=/dev/null
  . /etc/os-release
  case "$ID $VERSION_ID" in
    'debian 12' | 'debian 13') ;;
    *) fail 'this machine is not Debian 12 or 13' 'deploy/compose.yaml runs it in containers on other systems' ;;
  esac
  [ -d /run/systemd/system ] || [ -n "$DRY" ] || fail 'this machine was not started by systemd'
  local file
  for file in "${DESKS[@]}" ${WHEEL:+"$WHEEL"}; do
    [ -r "$file" ] || fail "cannot read $file"
  done
  [ -z "$WHEELS" ] || [ -d "$WHEELS" ] || fail "there is no folder $WHEELS"
}

# Fills the names into a file of deploy/server/, and lets in the lines that are for this kind of machine.
fill() {
  local sockets=witnessbox-onion.socket onion=onion-address-comes-here.onion
  [ -z "$DOMAIN" ] || sockets+=' witnessbox-web.socket'
  if [ -r "$ONION/hostname" ]; then
    onion=$(cat "$ONION/hostname")
  fi
  sed -e "s/@DOMAIN@/$DOMAIN/g" -e "s/@ONION@/$onion/g" -e "s/@SSH_PORTS@/$SSH_PORTS/g" \
    -e "s/@SOCKETS@/$sockets/g" -e "s/@REBOOT@/$REBOOT/g" ${DOMAIN:+-e 's/^#clearnet# //'} \
    ${POW:+-e 's/^#pow# //'} -e '/^#clearnet# /d' -e '/^#pow# /d' "$SERVER/$1"
}

# The file of deploy/server/, its place, its mode.
plan() {
  cat <<END
witnessbox.service /etc/systemd/system/witnessbox.service 644
witnessbox-onion.socket /etc/systemd/system/witnessbox-onion.socket 644
witnessbox-alarm.service /etc/systemd/system/witnessbox-alarm.service 644
witnessbox-alarm.timer /etc/systemd/system/witnessbox-alarm.timer 644
motd /etc/update-motd.d/60-witnessbox 755
command /usr/local/bin/witnessbox-intake 755
torrc /etc/tor/torrc.d/witnessbox.conf 644
nftables.conf $ETC/nftables.conf 644
nftables.service.conf /etc/systemd/system/nftables.service.d/witnessbox.conf 644
journald.conf /etc/systemd/journald.conf.d/50-witnessbox.conf 644
coredump.conf /etc/systemd/coredump.conf.d/50-witnessbox.conf 644
system.conf /etc/systemd/system.conf.d/50-witnessbox.conf 644
sysctl.conf /etc/sysctl.d/60-witnessbox.conf 644
apt.conf /etc/apt/apt.conf.d/52witnessbox 644
END
  [ -z "$DOMAIN" ] || cat <<END
witnessbox-web.socket /etc/systemd/system/witnessbox-web.socket 644
Caddyfile /etc/caddy/Caddyfile 644
caddy.service.conf /etc/systemd/system/caddy.service.d/witnessbox.conf 644
END
}

# Puts what it reads in a file's place, whole or not at all, and notes that it is ours. Nothing happens where it is right.
put() {
  local to=$1 mode=$2 text
  text=$(cat; printf x)
  text=${text%x}
  if [ -f "$to" ] && [ "$(cat "$to"; printf x)" = "${text}x" ] && [ "$(stat -c %a "$to")" = "$mode" ]; then
    note "$to"
    return 0
  fi
  mark "$to"
  if [ -n "$DRY" ]; then
    say "would write $to"
    return 0
  fi
  mkdir -p "$(dirname "$to")"
  save "$to"
  printf '%s' "$text" > "$to.new"
  chmod "$mode" "$to.new"
  mv "$to.new" "$to"
  note "$to"
}

# A file that somebody else made is kept beside ours, and comes back with uninstall.
save() {
  if [ -e "$1" ] && ! grep -qxF "$1" "$ETC/files" 2>/dev/null; then
    mv "$1" "$1.before-witnessbox"
  fi
}

note() {
  [ -z "$DRY" ] || return 0
  mkdir -p "$ETC"
  grep -qxF "$1" "$ETC/files" 2>/dev/null || printf '%s\n' "$1" >> "$ETC/files"
}

# What was changed and not yet put to use. A run that is cut off leaves it to the next.
mark() {
  CHANGED+=("$1")
  [ -z "$DRY" ] || return 0
  mkdir -p "$ETC"
  printf '%s\n' "$1" >> "$ETC/pending"
}

changed() {
  local one
  for one in "${CHANGED[@]}"; do
    # A pattern is meant.
    # shellcheck disable=SC2254
    case $one in $1) return 0 ;; esac
  done
  return 1
}

packages() {
  local wanted=(ca-certificates curl nftables python3 python3-venv tor unattended-upgrades) missing=() one
  [ -z "$DOMAIN" ] || wanted+=(caddy)
  # Some clock must be kept right: reports have a week, certificates have a day. Any that is there will do.
  if ! installed chrony && ! installed ntpsec && ! installed openntpd; then
    wanted+=(systemd-timesyncd)
  fi
  for one in "${wanted[@]}"; do
    installed "$one" || missing+=("$one")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing from Debian: ${missing[*]}"
  run env DEBIAN_FRONTEND=noninteractive apt-get update --quiet --quiet
  run env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes --no-install-recommends "${missing[@]}"
  [ -n "$DRY" ] || { mkdir -p "$ETC"; printf '%s\n' "${missing[@]}" >> "$ETC/packages"; }
}

installed() {
  dpkg-query --show --showformat='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

find_pow() {
  local version
  version=$(tor --version 2>/dev/null | sed -nE '1s/.*version ([0-9.]+[0-9]).*/\1/p') || true
  POW=''
  if [ -z "$version" ]; then
    # Not there yet: a dry run on a fresh machine.
    POW=1
  elif dpkg --compare-versions "$version" ge "$POW_FROM" && tor --list-modules | grep -qx 'pow: yes'; then
    POW=1
  else
    say "warning: Tor $version has no proof of work for onion services: a flood can close the onion address"
    say "hint: Tor $POW_FROM or newer comes with Debian's security updates: apt-get update, then apt-get upgrade"
  fi
}

account() {
  getent passwd witnessbox > /dev/null && return 0
  run useradd --system --user-group --home-dir "$STATE" --no-create-home --shell /usr/sbin/nologin witnessbox
}

pip_of() {
  local venv=$1
  shift
  local from=()
  [ -z "$WHEELS" ] || from=(--no-index --find-links "$WHEELS")
  "$venv/bin/python" -m pip --quiet --disable-pip-version-check --no-cache-dir "$@" "${from[@]}"
}

# A name for what is to be installed: the same program with the same libraries has the same name.
release_name() {
  if [ -n "$WHEEL" ]; then
    cat "$WHEEL"
  else
    (cd "$PROJECT" && find intake templates pyproject.toml -type f -not -path '*/node_modules/*' \
      -not -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
  fi | cat - "$LOCKS/intake.txt" <(python3 --version 2>/dev/null || true) | sha256sum | cut -c 1-16
}

# Installs the program beside the one that runs, and only then lets it be the current one.
program() {
  local name new work
  name=$(release_name)
  new=$OPT/releases/$name
  if [ -e "$new/whole" ]; then
    switch_to "$name"
    return 0
  fi
  if [ -n "$DRY" ]; then
    say "would install the program in $new, with the libraries in deploy/requirements/intake.txt, by hash"
    say "would let $OPT/current lead there"
    return 0
  fi
  say "installing the program in $new"
  work=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder of now
  trap "rm -rf '$work'" EXIT
  rm -rf "$new"
  mkdir -p "$OPT/releases"
  python3 -m venv "$new"
  pip_of "$new" install --require-hashes --only-binary :all: -r "$LOCKS/intake.txt"
  if [ -z "$WHEEL" ]; then
    build_wheel "$work"
    pip_of "$new" install --no-deps --no-index "$work"/dist/*.whl
  else
    pip_of "$new" install --no-deps --no-index "$WHEEL"
  fi
  # The code that opens reports has no place on a server.
  rm -rf "$new"/lib/python3*/site-packages/analysis "$new/bin/witnessbox-analysis" "$work"
  "$new/bin/python" -m compileall -q "$new/lib" > /dev/null || true
  "$new/bin/witnessbox-intake" --version > /dev/null
  touch "$new/whole"
  switch_to "$name"
}

# The wheel, from a copy of what belongs to the server, by tools whose hashes are locked as well.
build_wheel() {
  local work=$1
  python3 -m venv "$work/venv"
  pip_of "$work/venv" install --require-hashes --only-binary :all: -r "$LOCKS/build.txt"
  mkdir "$work/source"
  (cd "$PROJECT" && tar --exclude=node_modules --exclude=__pycache__ -cf - \
    intake templates pyproject.toml README.md LICENSE) | tar -xf - -C "$work/source"
  pip_of "$work/venv" wheel --no-deps --no-build-isolation --wheel-dir "$work/dist" "$work/source"
}

switch_to() {
  local now=''
  [ ! -L "$OPT/current" ] || now=$(basename "$(readlink "$OPT/current")")
  [ "$now" != "$1" ] || return 0
  mark "$OPT/current"
  if [ -n "$now" ]; then
    run ln -sfn "releases/$now" "$OPT/previous"
  fi
  run ln -sfn "releases/$1" "$OPT/current.new"
  run mv -T "$OPT/current.new" "$OPT/current"
}

# Of older programs, the one before stays, for a way back.
clear_releases() {
  local one keep
  keep="$(readlink "$OPT/current" || true) $(readlink "$OPT/previous" || true)"
  for one in "$OPT"/releases/*; do
    case " $keep " in *" releases/${one##*/} "*) ;; *) [ ! -d "$one" ] || run rm -rf "$one" ;; esac
  done
}

configuration() {
  local file to mode
  while read -r file to mode; do
    put "$to" "$mode" < <(fill "$file")
  done < <(plan)
  put "$ETC/install.conf" 644 < <(
    printf 'domain=%s\nonion_only=%s\nssh_ports=%s\nreboot=%s\n' "$DOMAIN" "$ONION_ONLY" "$SSH_PORTS" "$REBOOT"
  )
  add_line /etc/tor/torrc '%include /etc/tor/torrc.d/*.conf'
  if [ -f /etc/apparmor.d/system_tor ]; then
    add_line /etc/apparmor.d/local/system_tor "$(cat "$SERVER/apparmor-tor")"
  fi
  [ -n "$DOMAIN" ] || leave_web
}

# A machine that was on the open web and is not any more.
leave_web() {
  local one
  for one in witnessbox-web.socket caddy.service; do
    if [ -e "/etc/systemd/system/$one" ] || [ -e "/etc/systemd/system/$one.d/witnessbox.conf" ]; then
      run systemctl disable --now "$one"
    fi
  done
  for one in /etc/systemd/system/witnessbox-web.socket /etc/caddy/Caddyfile \
    /etc/systemd/system/caddy.service.d/witnessbox.conf; do
    ! grep -qxF "$one" "$ETC/files" 2>/dev/null || take_back "$one"
  done
}

# Our lines in files of others end with our mark, so that they can be found again.
add_line() {
  local file=$1 line="$2" above=$MARK
  if [ -f "$file" ] && grep -qxF -- "$line" "$file"; then
    return 0
  fi
  mark "$file"
  if [ -n "$DRY" ]; then
    say "would add to $file: $line"
    return 0
  fi
  mkdir -p "$(dirname "$file")"
  printf '%s\n%s\n' "$above" "$line" >> "$file"
}

remove_line() {
  [ -f "$1" ] || return 0
  grep -qxF -- "$MARK" "$1" || return 0
  run sed -i "/^$MARK\$/,+1d" "$1"
}

# Swap that is not encrypted keeps on the disk what was in memory. An encrypted one, and one in memory, may stay.
swap() {
  local name kind one
  while read -r name; do
    [ -n "$name" ] || continue
    kind=$(lsblk --noheadings --output TYPE "$name" 2>/dev/null | head -n 1 || true)
    case "$kind $name" in
      crypt* | *' /dev/zram'*) continue ;;
    esac
    say "switching off the swap on $name, which is not encrypted"
    run swapoff "$name"
  done < <(swapon --show=NAME --noheadings 2>/dev/null || true)
  [ -f "$FSTAB" ] || return 0
  while read -r one; do
    mark "$FSTAB"
    run sed -i "s|^\($(printf '%s' "$one" | sed 's/[][\\.*^$|]/\\&/g')\)\$|#witnessbox# \1|" "$FSTAB"
  done < <(awk '!/^#/ && $3 == "swap" && $1 !~ "^/dev/mapper/|^/dev/zram"' "$FSTAB")
}

data() {
  local arguments=() one folder
  # What the courier carries passes through a folder of its own.
  run install -d -o witnessbox -g witnessbox -m 700 "$STATE" "$STATE/courier"
  if made; then
    return 0
  fi
  if [ ${#DESKS[@]} -eq 0 ]; then
    say 'no desk is known yet: bring its card, and give the same command again with --desk desk.pub'
    return 0
  fi
  # The intake's user cannot read the operator's folders.
  folder=$STATE/cards
  run install -d -o witnessbox -g witnessbox -m 700 "$folder"
  for one in "${!DESKS[@]}"; do
    run install -o witnessbox -g witnessbox -m 600 "${DESKS[$one]}" "$folder/$one.pub"
    arguments+=(--desk "$folder/$one.pub")
  done
  for one in "${FORMS[@]}"; do
    arguments+=(--form "$one")
  done
  run runuser -u witnessbox -- "$INTAKE" init --data "$DATA" "${arguments[@]}"
  run rm -rf "$folder"
}

services() {
  local sockets=(witnessbox-onion.socket)
  [ -z "$DOMAIN" ] || sockets+=(witnessbox-web.socket)
  run systemctl daemon-reload
  ! changed /etc/sysctl.d/60-witnessbox.conf || run systemctl restart systemd-sysctl.service
  if changed '/etc/systemd/journald.conf.d/*'; then
    run systemctl restart systemd-journald.service
  fi
  ! installed rsyslog || run systemctl disable --now rsyslog.service syslog.socket
  # Not by its unit, which clears what others (containers, say) have told the firewall.
  run systemctl enable --quiet nftables.service
  run nft -f "$ETC/nftables.conf"
  run systemctl enable --quiet --now unattended-upgrades.service
  run systemctl enable --quiet "${sockets[@]}" witnessbox.service witnessbox-alarm.timer
  if changed '/etc/systemd/system/witnessbox*.socket'; then
    run systemctl stop witnessbox.service
    run systemctl restart "${sockets[@]}"
  else
    run systemctl start "${sockets[@]}"
  fi
  run systemctl start witnessbox-alarm.timer
  onion_address
}

onion_address() {
  if changed '/etc/apparmor.d/*' && [ -d /sys/kernel/security/apparmor ]; then
    run apparmor_parser --replace /etc/apparmor.d/system_tor
  fi
  run systemctl enable --quiet tor.service
  if changed '/etc/tor/*'; then
    run systemctl restart tor@default.service
  else
    run systemctl start tor@default.service
  fi
  [ -z "$DRY" ] || return 0
  wait_for 60 test -s "$ONION/hostname" || fail 'Tor made no onion address' 'journalctl -u tor@default.service'
}

web() {
  [ -n "$DOMAIN" ] || return 0
  # The onion address is known only now.
  put /etc/caddy/Caddyfile 644 < <(fill Caddyfile)
  [ -n "$DRY" ] || caddy validate --config /etc/caddy/Caddyfile --adapter caddyfile > /dev/null 2>&1 \
    || fail 'Caddy cannot use /etc/caddy/Caddyfile' 'caddy validate --config /etc/caddy/Caddyfile'
  run systemctl enable --quiet caddy.service
  if changed '/etc/caddy/*' || changed '*/caddy.service.d/*'; then
    run systemctl restart caddy.service
  else
    run systemctl start caddy.service
  fi
}

# Starts the program that is current, and goes back to the one before when it does not take reports.
start() {
  made || return 0
  if changed "$OPT/current" || changed /etc/systemd/system/witnessbox.service; then
    run systemctl restart witnessbox.service || true
  else
    run systemctl start witnessbox.service || true
  fi
  [ -z "$DRY" ] || return 0
  # Whether it started is one thing; whether it takes reports is what counts.
  if wait_for 60 answers; then
    return 0
  fi
  if changed "$OPT/current" && [ -L "$OPT/previous" ]; then
    back
    rm -f "$ETC/pending"
    wait_for 60 answers || fail 'neither the new version nor the one before takes reports' 'journalctl -u witnessbox.service'
    fail 'the new version takes no reports; the one before runs again' 'journalctl -u witnessbox.service says why'
  fi
  fail 'the intake takes no reports' 'journalctl -u witnessbox.service'
}

# A server that has only groups says of none of them how it is.
answers() {
  local status
  status=$(curl --silent --output /dev/null --write-out '%{http_code}' --max-time 5 \
    --unix-socket /run/witnessbox/onion.sock http://intake/healthz)
  [ "$status" = 200 ] || { [ "$status" = 404 ] && ! [ -e "$DATA/intake.toml" ]; }
}

# Whether there is an intake, or a group's.
made() {
  [ -e "$DATA/intake.toml" ] || [ -n "$(find "$DATA/groups" -mindepth 2 -name intake.toml -print -quit 2>/dev/null)" ]
}

wait_for() {
  local until=$((SECONDS + $1))
  shift
  while ! "$@"; do
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep 1
  done
}

back() {
  local before now
  before=$(readlink "$OPT/previous")
  now=$(readlink "$OPT/current")
  run ln -sfn "$before" "$OPT/current.new"
  run mv -T "$OPT/current.new" "$OPT/current"
  run ln -sfn "$now" "$OPT/previous"
  run systemctl restart witnessbox.service || true
}

summary() {
  [ -z "$DRY" ] || { say 'nothing was changed'; return 0; }
  say "onion address: http://$(cat "$ONION/hostname")/"
  [ -z "$DOMAIN" ] || say "open web: https://$DOMAIN/"
  ! made || say 'it takes reports'
  [ ! -e "$DATA/server.pub" ] || say "for the desk to pin: $DATA/server.pub"
}

install_all() {
  check_machine
  remember
  check_mode
  packages
  find_pow
  account
  program
  configuration
  swap
  data
  services
  start
  web
  [ -n "$DRY" ] || clear_releases
  run rm -f "$ETC/pending"
  summary
}

rollback() {
  check_machine
  [ -L "$OPT/previous" ] || fail 'there is no version before'
  back
  if [ -z "$DRY" ] && ! wait_for 60 answers; then
    # It refuses files that the newer program has brought forward.
    back
    fail 'the version before takes no reports; the newer one runs again' 'journalctl -u witnessbox.service says why'
  fi
  say "now: $(readlink "$OPT/current"); before: $(readlink "$OPT/previous")"
}

take_back() {
  run rm -f "$1"
  if [ -e "$1.before-witnessbox" ]; then
    run mv "$1.before-witnessbox" "$1"
  fi
  # From now on it is somebody else's again.
  [ ! -e "$ETC/files" ] || run sed -i "\|^$1\$|d" "$ETC/files"
}

uninstall() {
  check_machine
  remember
  local one
  for one in witnessbox.service witnessbox-alarm.timer witnessbox-onion.socket witnessbox-web.socket; do
    [ ! -e "/etc/systemd/system/$one" ] || run systemctl disable --quiet --now "$one"
  done
  ! command -v nft > /dev/null || run nft 'add table inet witnessbox; delete table inet witnessbox'
  if [ -r "$ETC/files" ]; then
    while read -r one; do
      take_back "$one"
    done < <(cat "$ETC/files")
  fi
  remove_line /etc/tor/torrc
  remove_line /etc/apparmor.d/local/system_tor
  [ ! -f "$FSTAB" ] || run sed -i 's/^#witnessbox# //' "$FSTAB"
  run rm -rf "$OPT" /run/witnessbox
  run systemctl daemon-reload
  for one in tor caddy; do
    ! grep -qxF "$one" "$ETC/packages" 2>/dev/null || run systemctl disable --quiet --now "$one.service"
  done
  for one in systemd-journald.service tor@default.service caddy.service; do
    ! systemctl --quiet is-active "$one" || run systemctl restart "$one"
  done
  leave_data
  say 'what it set in the kernel (/etc/sysctl.d) goes with the next restart of the machine'
  if [ -s "$ETC/packages" ]; then
    say "these packages came with it and stay; remove what you do not need: $(sort -u "$ETC/packages" | paste -sd' ')"
  fi
  run rm -rf "$ETC"
}

leave_data() {
  if [ -n "$DELETE_DATA" ]; then
    run rm -rf "$STATE" "$ONION"
    ! getent passwd witnessbox > /dev/null || run userdel witnessbox
    say 'reports, keys and the onion address are deleted; a disk may keep what it freed'
  else
    say "kept: reports and keys in $STATE, the onion address in $ONION"
  fi
}

files() {
  check_mode
  [ -n "$OUT" ] || fail 'say where to' '--out DIR'
  POW=1
  local file to mode
  while read -r file to mode; do
    mkdir -p "$OUT$(dirname "$to")"
    fill "$file" > "$OUT$to"
    chmod "$mode" "$OUT$to"
  done < <(plan)
}

parse "$@"
case $COMMAND in
  install) install_all ;;
  rollback) rollback ;;
  uninstall) uninstall ;;
  files) files ;;
  -h | --help) usage ;;
  *) fail "there is no command $COMMAND" 'install.sh --help' ;;
esac
