#!/usr/bin/env bash
# debian-kernel.sh - Debian's cloud kernel (virtio only: it starts fastest), unpacked
# and not installed: $LAB_CACHE/kernel with vmlinuz and modules/. Prints that path.
# Made once: remove the folder for a newer one.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() { echo 'usage: debian-kernel.sh'; }
case ${1:-} in
  '') ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac
mkdir -p "$LAB_CACHE"
kernel=$LAB_CACHE/kernel
exec 9>>"$LAB_CACHE/kernel.lock"
flock 9
if [[ ! -d $kernel ]]; then
  package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -1)
  [[ -n $package ]] || die 'apt knows no linux-image-cloud-amd64 (run apt-get update)'
  work=$(mktemp -d "$LAB_CACHE/kernel.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  log "$package"
  (cd "$work" && apt-get -q=2 -o APT::Sandbox::User=root download "$package" >&2 && dpkg-deb -x ./*.deb tree)
  mkdir "$work/kernel"
  mv "$work"/tree/boot/vmlinuz-* "$work/kernel/vmlinuz"
  mv "$work"/tree/lib/modules/*/kernel "$work/kernel/modules"
  mv "$work/kernel" "$kernel"
fi
echo "$kernel"
