# shellcheck shell=bash
# lib.sh - sourced by the lab's scripts: names, addresses and small helpers.
# Everything a lab owns carries LAB_PREFIX (default "lab"), so several labs can
# run side by side: LAB_PREFIX=hall7 ./net.sh up

# shellcheck disable=SC2034
LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_PREFIX=${LAB_PREFIX:-lab}
# Root's files live where no other user can put a link in the way.
if ((EUID == 0)); then LAB_HOME=${LAB_HOME:-/var/cache/flisolator-lab}; else LAB_HOME=${LAB_HOME:-${TMPDIR:-/tmp}/flisolator-lab-$EUID}; fi
# Run files (transcripts, captures, pid files) of this lab; what any lab can use again.
LAB_STATE=${LAB_STATE:-$LAB_HOME/$LAB_PREFIX}
LAB_CACHE=${LAB_CACHE:-$LAB_HOME/cache}

# up to 40 characters, so that the namespaces' names stay short
[[ $LAB_PREFIX =~ ^[a-z0-9][a-z0-9-]{0,39}$ ]] || { echo "LAB_PREFIX: want lower-case letters, digits and dashes, got '$LAB_PREFIX'" >&2; exit 2; }

LAB_HOSTS=(br flink fnode0 fnode1 client wan relay dhcpd)
# The lab's addresses: boot LAN 172.16.0.0/16, far LAN behind the relay 10.1.0.0/24, "internet" 198.51.100.0/24.
# shellcheck disable=SC2034
{
  FLINK_IP=172.16.0.1 RELAY_IP=172.16.0.2 RELAY_FAR_IP=10.1.0.1 DHCPD_IP=172.16.0.3
  FNODE0_IP=172.16.0.10 FNODE1_IP=172.16.0.11
  FLINK_WAN_IP=198.51.100.2 WAN_IP=198.51.100.1 WAN_SITE_IP=198.51.100.80
  FLINK_MAC=02:1a:b0:00:00:01 FNODE0_MAC=02:1a:b0:00:01:00
  FNODE1_MAC=02:1a:b0:00:01:01 CLIENT_MAC=02:1a:b0:00:02:00
}

die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
log() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
need_root() { ((EUID == 0)) || die 'must run as root (network namespaces)'; }

# ns HOST -> the namespace's name; only for hosts that this lab knows.
ns() {
  local h
  for h in "${LAB_HOSTS[@]}"; do
    if [[ $h == "$1" ]]; then printf '%s-%s\n' "$LAB_PREFIX" "$h"; return; fi
  done
  die "no such lab host: $1 (one of: ${LAB_HOSTS[*]})"
}
ns_up() { [[ -e /run/netns/$(ns "$1") ]]; }
# in_ns HOST CMD... runs CMD inside the host's namespace.
in_ns() { local n; n=$(ns "$1"); shift; ip netns exec "$n" "$@"; }
