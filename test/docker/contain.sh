#!/usr/bin/env bash
# contain.sh ROOT [FROM:TO:ro|rw]... -- COMMAND...
# What an engine does before it starts process 1, for images.ts: called by unshare(1) in namespaces of its own, it makes a
# network with a LAN, makes the image's root folder the root, nothing writable but what is mounted so, and becomes COMMAND.
set -euo pipefail
root=$1
shift

# The LAN: a switch with nobody else on it.
ip link set lo up
ip link add lan0 type veth peer name switch0
ip addr add 172.16.0.1/16 dev lan0
ip link set lan0 up
ip link set switch0 up

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
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
exec chroot "$root" "$@"
