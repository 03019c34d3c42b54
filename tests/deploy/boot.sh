#!/usr/bin/env bash
# Boots the Debian tree $1 with its own systemd, in namespaces of its own: mounts, processes, network, names.
# It reaches no network, and can change nothing of the machine that it runs on. Ends when it is killed.
set -euo pipefail
tree=$1 console=$2

if [ "${3-}" != inside ]; then
  # systemd wants a cgroup of its own to put others in.
  group=$(findmnt --noheadings --output TARGET --types cgroup2 | head -n 1)
  mkdir "$group/witnessbox-$$"
  echo $$ > "$group/witnessbox-$$/cgroup.procs"
  exec unshare --mount --pid --fork --net --ipc --uts --cgroup --kill-child "$0" "$tree" "$console" inside
fi

mount --make-rprivate /
mount --bind "$tree" "$tree"
mount -t proc proc "$tree/proc"
# What the kernel is told would hold for all; what its network is told holds here alone.
mount --bind "$tree/proc/sys" "$tree/proc/sys"
mount -o remount,bind,ro "$tree/proc/sys"
mount --bind "$tree/proc/sys/net" "$tree/proc/sys/net"
mount -o remount,bind,rw "$tree/proc/sys/net"
echo 'Filename Type Size Used Priority' > "$tree/proc-swaps"
mount --bind "$tree/proc-swaps" "$tree/proc/swaps"
mount -t sysfs -o ro sysfs "$tree/sys"
mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
for device in null zero full random urandom tty; do
  touch "$tree/dev/$device"
  mount --bind "/dev/$device" "$tree/dev/$device"
done
mkdir -p "$tree/dev/pts" "$tree/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$tree/dev/pts"
ln -s pts/ptmx "$tree/dev/ptmx"
mount -t tmpfs tmpfs "$tree/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$tree/run"
mount -t cgroup2 cgroup2 "$tree/sys/fs/cgroup"
hostname machine
ip link set lo up
kept=-sys_time,-sys_module,-sys_rawio,-sys_boot,-syslog,-wake_alarm
# The kernel makes no user namespace for whoever is in a chroot, so the old root goes altogether.
exec > "$console" 2>&1
cd "$tree"
mkdir -p .before
pivot_root . .before
umount --lazy /.before
exec setpriv --bounding-set "$kept" --inh-caps "$kept" \
  env -i container=plain PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
