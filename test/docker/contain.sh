#!/usr/bin/env bash
# contain.sh ROOT router|host [FROM:TO:ro|rw]... -- COMMAND...
# What an engine does before it starts process 1, for images.ts: called by unshare(1) in namespaces of its own, it makes a
# network with a LAN and a WAN, which forwards between them or does not, makes the image's root folder the root, nothing
# writable but what is mounted so, the kernel's switches neither, and becomes COMMAND.
set -euo pipefail
root=$1 kind=$2
shift 2

# Two lines, each to a switch with nobody else on it.
ip link set lo up
plug() { # NAME SWITCH ADDRESS
  ip link add "$1" type veth peer name "$2"
  ip addr add "$3" dev "$1"
  ip link set "$1" up
  ip link set "$2" up
}
plug lan0 switch0 172.16.0.1/16
plug wan0 switch1 198.51.100.1/24
if [[ $kind == router ]]; then echo 1 >/proc/sys/net/ipv4/ip_forward; else echo 0 >/proc/sys/net/ipv4/ip_forward; fi

mount --bind "$root" "$root"
while [[ $1 != -- ]]; do
  IFS=: read -r from to mode <<<"$1"
  if [[ -f $from ]]; then install -D /dev/null "$root$to"; else mkdir -p "$root$to"; fi
  mount --bind "$from" "$root$to"
  mount -o "remount,bind,$mode" "$root$to"
  shift
done
shift
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
exec chroot "$root" "$@"
