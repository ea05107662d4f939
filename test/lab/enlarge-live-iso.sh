#!/usr/bin/env bash
# enlarge-live-iso.sh - a live image as make-live-iso.sh makes them, whose squashfs
# has 400 MiB more, as random as packed programs are: too much for the memory
# of small machines, and nothing that the system reads while it starts.
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() { echo 'usage: enlarge-live-iso.sh [--mib 400] LIVE.iso OUT.iso'; }
mib=400
while [[ ${1:-} == -* ]]; do
  case $1 in
    --mib) mib=$2; shift 2 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done
(($# == 2)) || { usage >&2; exit 2; }
mkdir -p "$LAB_CACHE"
work=$(mktemp -d "$LAB_CACHE/large.XXXXXX")
trap 'rm -rf "$work"' EXIT

bsdtar -xOf "$1" live/filesystem.squashfs >"$work/filesystem.squashfs"
mkdir "$work/more"
head -c "${mib}M" /dev/urandom >"$work/more/ballast"
# appended as it is: nothing there to compress
mksquashfs "$work/more" "$work/filesystem.squashfs" -noD -noF -no-recovery -quiet -no-progress >/dev/null
rm "$work/more/ballast"
rm -f "$2"
xorriso -indev "$1" -outdev "$2" -boot_image any replay -map "$work/filesystem.squashfs" /live/filesystem.squashfs 2>"$work/xorriso.log" ||
  { cat "$work/xorriso.log" >&2; die 'xorriso'; }
log "$(du -m "$2" | cut -f1) MiB: $2"
