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
# Of Tor, the first version whose onion services defend themselves with proof of work.
readonly POW_FROM=0.4.8

COMMAND='' DRY='' DOMAIN='' ONION_ONLY='' WHEEL='' WHEELS='' REBOOT=true DELETE_DATA='' OUT='' POW=''
SSH_PORTS='' FORMS=() DESKS=()
DATABASE='' CA='' PASSWORD='' SECRET='' DB_HOST='' DB_ADDRESS='' DB_PORT='' DB_USER=''
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
--database URL   reports go to this PostgreSQL, which several machines may share; deploy/SCALE.md. Then kept
--database-ca FILE        the certificate by which it proves who it is (if it is on another machine). Then kept
--database-password FILE  a file with its password in one line; without it you are asked. Then kept
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
      --domain | --desk | --form | --wheel | --wheels | --ssh-port | --out | \
        --database | --database-ca | --database-password)
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
    --database) DATABASE=$2 ;;
    --database-ca) CA=$2 ;;
    --database-password) PASSWORD=$2 ;;
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
      database) DATABASE=${DATABASE:-$value} ;;
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

# What an address of a database says of where it is. It stands in files that systemd and the firewall read.
check_database() {
  local name='[A-Za-z0-9_.-]+' options='[A-Za-z0-9_.,/%=&-]+'
  [ -n "$DATABASE" ] || { no_database; return 0; }
  [ ! -e "$DATA/reports.db" ] ||
    fail "the reports of $DATA are in files of this machine" 'begin on a fresh machine; deploy/SCALE.md'
  if [[ $DATABASE =~ ^[a-z]+://[^/?@]*:[^/?@]*@ || $DATABASE =~ [?\&]password= ]]; then
    fail '--database: a command line is no place for a password' '--database-password FILE'
  fi
  if [[ $DATABASE =~ ^postgresql:///$name\?($options\&)?host=/$options$ ]]; then
    # A socket of this machine, which the service reaches without any network.
    [ -z "$CA$PASSWORD" ] || fail '--database: a socket of this machine needs no password and no certificate'
    return 0
  fi
  [[ $DATABASE =~ ^postgresql://($name)@([a-z0-9.-]+|\[[0-9a-f:]+\])(:([0-9]+))?/$name(\?$options)?$ ]] ||
    fail '--database: this is not an address of a PostgreSQL' 'postgresql://witnessbox@db.example.org/witnessbox'
  DB_USER=${BASH_REMATCH[1]} DB_HOST=${BASH_REMATCH[2]} DB_PORT=${BASH_REMATCH[4]:-5432}
  DB_HOST=${DB_HOST#[} DB_HOST=${DB_HOST%]}
  DB_ADDRESS=$(getent ahosts "$DB_HOST" | awk 'NR == 1 { print $1 }') || true
  [ -n "$DB_ADDRESS" ] || fail "there is no address for the name $DB_HOST"
  prove_database
}

no_database() {
  [ -z "$CA$PASSWORD" ] || fail '--database-ca and --database-password are for --database URL'
  [ ! -e "$DATA/database.toml" ] || fail "the reports of $DATA are in a PostgreSQL" 'give its address: --database URL'
}

# Another machine must prove who it is.
prove_database() {
  case $DATABASE in *sslmode=*) return 0 ;; esac
  case $DB_HOST in localhost | 127.0.0.1 | ::1) return 0 ;; esac
  [ -n "$CA" ] || [ -e "$ETC/database-ca.pem" ] ||
    fail "$DB_HOST is another machine, and must prove who it is" '--database-ca FILE'
  case $DATABASE in *\?*) DATABASE+='&' ;; *) DATABASE+='?' ;; esac
  DATABASE+="sslmode=verify-full&sslrootcert=$ETC/database-ca.pem"
}

# Asked for before anything is done, so that nobody need wait for the question.
ask_password() {
  [ -n "$DB_HOST" ] || return 0
  if [ -n "$PASSWORD" ]; then
    IFS= read -r SECRET < "$PASSWORD" || [ -n "$SECRET" ] || fail "$PASSWORD is empty"
  elif [ -z "$DRY" ] && [ ! -e "$ETC/pgpass" ]; then
    [ -t 0 ] || fail "$DB_HOST wants a password" '--database-password FILE'
    IFS= read -rsp "Password of $DB_USER at $DB_HOST: " SECRET
    printf '\n'
  fi
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
  for file in "${DESKS[@]}" ${WHEEL:+"$WHEEL"} ${CA:+"$CA"} ${PASSWORD:+"$PASSWORD"}; do
    [ -r "$file" ] || fail "cannot read $file"
  done
  [ -z "$WHEELS" ] || [ -d "$WHEELS" ] || fail "there is no folder $WHEELS"
}

# Fills the names into a file of deploy/server/, and lets in the lines that are for this kind of machine.
fill() {
  local sockets=witnessbox-onion.socket onion=onion-address-comes-here.onion family=ip
  [ -z "$DOMAIN" ] || sockets+=' witnessbox-web.socket'
  case $DB_ADDRESS in *:*) family=ip6 ;; esac
  if [ -r "$ONION/hostname" ]; then
    onion=$(cat "$ONION/hostname")
  fi
  sed -e "s/@DOMAIN@/$DOMAIN/g" -e "s/@ONION@/$onion/g" -e "s/@SSH_PORTS@/$SSH_PORTS/g" \
    -e "s/@SOCKETS@/$sockets/g" -e "s/@REBOOT@/$REBOOT/g" ${DOMAIN:+-e 's/^#clearnet# //'} \
    -e "s/@DATABASE_ADDRESS@/$DB_ADDRESS/g" -e "s/@DATABASE_PORT@/$DB_PORT/g" -e "s/@DATABASE_FAMILY@/$family/g" \
    ${POW:+-e 's/^#pow# //'} ${DB_HOST:+-e 's/^#database# //'} -e '/^#[a-z]*# /d' "$SERVER/$1"
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
  [ -z "$DB_HOST" ] || cat <<END
database.conf /etc/systemd/system/witnessbox.service.d/database.conf 644
database.conf /etc/systemd/system/witnessbox-alarm.service.d/database.conf 644
database.env $ETC/database.env 644
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

# How the system's units are before the first change, so that uninstall can put them back.
units_before() {
  local one
  if [ -n "$DRY" ] || [ -e "$ETC/install.conf" ] || [ -e "$ETC/units" ]; then
    return 0
  fi
  mkdir -p "$ETC"
  for one in rsyslog nftables unattended-upgrades tor caddy; do
    printf '%s.service %s %s\n' "$one" "$(said_of enabled "$one")" "$(said_of active "$one")"
  done > "$ETC/units.new"
  mv "$ETC/units.new" "$ETC/units"
}

said_of() {
  systemctl "is-$1" "$2.service" 2>/dev/null | grep . || echo not-found
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

# What the program needs: with PostgreSQL, the library for it as well.
lock() {
  if [ -n "$DATABASE" ]; then echo postgres.txt; else echo intake.txt; fi
}

# A name for what is to be installed: the same program with the same libraries has the same name.
release_name() {
  if [ -n "$WHEEL" ]; then
    cat "$WHEEL"
  else
    (cd "$PROJECT" && find intake templates pyproject.toml -type f -not -path '*/node_modules/*' \
      -not -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
  fi | cat - "$LOCKS/$(lock)" <(python3 --version 2>/dev/null || true) | sha256sum | cut -c 1-16
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
    say "would install the program in $new, with the libraries in deploy/requirements/$(lock), by hash"
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
  pip_of "$new" install --require-hashes --only-binary :all: -r "$LOCKS/$(lock)"
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
    printf 'domain=%s\nonion_only=%s\nssh_ports=%s\nreboot=%s\ndatabase=%s\n' \
      "$DOMAIN" "$ONION_ONLY" "$SSH_PORTS" "$REBOOT" "$DATABASE"
  )
  [ -z "$CA" ] || put "$ETC/database-ca.pem" 644 < "$CA"
  password
  add_line /etc/tor/torrc '%include /etc/tor/torrc.d/*.conf'
  if [ -f /etc/apparmor.d/system_tor ]; then
    add_line /etc/apparmor.d/local/system_tor "$(cat "$SERVER/apparmor-tor")"
  fi
  [ -n "$DOMAIN" ] || leave_web
}

# The password, in a file that the intake's user alone may read.
password() {
  local to=$ETC/pgpass line
  [ -n "$SECRET" ] || return 0
  line="${DB_HOST//:/\\:}:$DB_PORT:*:$DB_USER:$(printf '%s' "$SECRET" | sed 's/[\\:]/\\&/g')"
  if [ -f "$to" ] && [ "$(cat "$to")" = "$line" ]; then
    return 0
  fi
  mark "$to"
  if [ -n "$DRY" ]; then
    say "would write $to, which only witnessbox may read"
    return 0
  fi
  rm -f "$to.new"
  install -o witnessbox -g witnessbox -m 600 /dev/null "$to.new"
  printf '%s\n' "$line" > "$to.new"
  mv "$to.new" "$to"
  note "$to"
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
    [ -n "$DRY" ] || printf '%s\n' "$name" >> "$ETC/swaps"
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
  [ -z "$DATABASE" ] || arguments+=(--database "$DATABASE")
  run /usr/local/bin/witnessbox-intake init --data "$DATA" "${arguments[@]}"
  run rm -rf "$folder"
}

services() {
  local sockets=(witnessbox-onion.socket)
  [ -z "$DOMAIN" ] || sockets+=(witnessbox-web.socket)
  run systemctl daemon-reload
  if changed /etc/sysctl.d/60-witnessbox.conf; then
    kernel_before
    run systemctl restart systemd-sysctl.service
  fi
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

# What the kernel was told before, one setting a line.
kernel_before() {
  local key file
  if [ -n "$DRY" ] || [ -e "$ETC/sysctl" ]; then
    return 0
  fi
  while IFS=' =' read -r key _; do
    file=/proc/sys/${key//.//}
    [ ! -r "$file" ] || printf '%s %s\n' "$file" "$(cat "$file")"
  done < <(grep '^[a-z]' "$SERVER/sysctl.conf") > "$ETC/sysctl.new"
  mv "$ETC/sysctl.new" "$ETC/sysctl"
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
  if changed "$OPT/current" || changed '/etc/systemd/system/witnessbox.service*' || changed "$ETC/database*" ||
    changed "$ETC/pgpass"; then
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
  [ -z "$DATABASE" ] || say "they are kept in ${DATABASE%%\?*}"
  [ ! -e "$DATA/server.pub" ] || say "for the desk to pin: $DATA/server.pub"
}

install_all() {
  check_machine
  remember
  check_mode
  check_database
  ask_password
  units_before
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
  if [ -f /etc/apparmor.d/system_tor ] && [ -d /sys/kernel/security/apparmor ]; then
    run apparmor_parser --replace /etc/apparmor.d/system_tor || true
  fi
  for one in witnessbox.service.d witnessbox-alarm.service.d; do
    [ ! -d "/etc/systemd/system/$one" ] || run rmdir --ignore-fail-on-non-empty "/etc/systemd/system/$one"
  done
  run rm -rf "$OPT" /run/witnessbox
  run systemctl daemon-reload
  swap_back
  kernel_back
  units_back
  for one in systemd-journald.service tor@default.service caddy.service; do
    ! systemctl --quiet is-active "$one" || run systemctl restart "$one"
  done
  leave_data
  if [ -s "$ETC/packages" ]; then
    say "these packages came with it and stay; remove what you do not need: $(sort -u "$ETC/packages" | paste -sd' ')"
  fi
  run rm -rf "$ETC"
}

swap_back() {
  local one
  [ ! -f "$FSTAB" ] || run sed -i 's/^#witnessbox# //' "$FSTAB"
  [ -r "$ETC/swaps" ] || return 0
  while read -r one; do
    run swapon "$one" || say "warning: the swap on $one could not be switched on again"
  done < <(sort -u "$ETC/swaps")
}

kernel_back() {
  local file value left=''
  [ -r "$ETC/sysctl" ] || return 0
  while read -r file value; do
    [ "$(cat "$file")" != "$value" ] || continue
    if [ -n "$DRY" ]; then
      say "would write to $file: $value"
    elif ! { printf '%s\n' "$value" > "$file"; } 2>/dev/null; then
      left+=" ${file##*/}"
    fi
  done < "$ETC/sysctl"
  [ -z "$left" ] || say "the kernel changes these with the next restart of the machine only:$left"
}

# Of the system's units: those that ran run again, those that were off are off.
units_back() {
  local unit enabled active
  [ -r "$ETC/units" ] || return 0
  while read -r unit enabled active; do
    systemctl cat "$unit" > /dev/null 2>&1 || continue
    case $enabled in
      enabled) run systemctl enable --quiet "$unit" ;;
      disabled | not-found) run systemctl disable --quiet "$unit" ;;
    esac
    # The firewall's unit is left as it runs: to stop it would clear what others have told the firewall.
    [ "$unit" != nftables.service ] || continue
    case $active in
      active) run systemctl start "$unit" ;;
      *) run systemctl stop "$unit" ;;
    esac
  done < "$ETC/units"
}

leave_data() {
  if [ -n "$DELETE_DATA" ]; then
    run rm -rf "$STATE" "$ONION"
    ! getent passwd witnessbox > /dev/null || run userdel witnessbox
    say 'reports, keys and the onion address are deleted; a disk may keep what it freed'
  else
    say "kept: reports and keys in $STATE, the onion address in $ONION"
  fi
  [ -z "$DATABASE" ] || say 'the database was not touched: the reports in it stay, and its password is deleted here'
}

files() {
  check_mode
  check_database
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
