#!/usr/bin/env bash
# net.sh - the lab's network, in namespaces of its own (the host's is untouched).
#
#   wan --(198.51.100.0/24)-- flink --+-- br0 --+-- fnode0, fnode1
#                              172.16.0.0/16    +-- client
#                                               +-- dhcpd: for somebody else's DHCP server
#                                               +-- taps of boot.sh's VMs
#                                               +-- relay --(10.1.0.0/24)-- br1 --+-- taps of boot.sh --far
set -Eeuo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<USAGE
usage: [LAB_PREFIX=lab] net.sh COMMAND
  up [--dhcp-fnodes] [--no-nat]  build the lab. What an earlier lab of this
                     prefix left behind, killed or not, is removed first.
                     fnodes get $FNODE0_IP and $FNODE1_IP, or no address with
                     --dhcp-fnodes; flink masquerades the LAN unless --no-nat
  down               stop everything that runs in the lab, remove it
  status             list namespaces, addresses and processes
  exec HOST CMD...   run CMD in a host: ${LAB_HOSTS[*]}
  spawn HOST NAME CMD...  start a daemon in a host, log to \$LAB_STATE/NAME.log;
                     prints its pid. stop NAME ends it.
  dhcp HOST [ARG...] one DHCP exchange (udhcpc) on HOST's eth0, configures it
  tap NAME [br0|br1]|untap NAME  add/remove a tap port on a bridge
  capture HOST FILE [FILTER...]  spawn tcpdump in HOST (br: on the bridge);
                     it runs until: stop capture-HOST
hosts: flink $FLINK_IP ($FLINK_MAC, wan $FLINK_WAN_IP), fnode0 $FNODE0_MAC,
fnode1 $FNODE1_MAC, client $CLIENT_MAC, wan $WAN_IP and web site $WAN_SITE_IP,
relay $RELAY_IP and $RELAY_FAR_IP on the far LAN (routes, relays nothing by itself), dhcpd $DHCPD_IP
USAGE
}

# port HOST [MAC]: eth0 in HOST, plugged into the bridge. far_port HOST: eth1, into the far one.
port() { plug "$1" eth0 "p-$1" br0 "${2:-}"; }
far_port() { plug "$1" eth1 "f-$1" br1; }
plug() { # HOST, its device, the bridge's port, the bridge, MAC
  ip link add "$2" netns "$(ns "$1")" ${5:+address "$5"} type veth \
    peer name "$3" netns "$(ns br)"
  in_ns br ip link set "$3" master "$4" up
  in_ns "$1" ip link set "$2" up
}

cmd_up() {
  local dhcp=0 nat=1 h
  while (($#)); do
    case $1 in
      --dhcp-fnodes) dhcp=1 ;;
      --no-nat) nat=0 ;;
      *) usage >&2; exit 2 ;;
    esac
    shift
  done
  cmd_down
  mkdir -p "$LAB_STATE"
  # half a lab is no lab
  trap 'cmd_down' ERR
  trap 'trap - ERR; cmd_down; exit 130' INT TERM HUP
  for h in "${LAB_HOSTS[@]}"; do
    ip netns add "$(ns "$h")"
    in_ns "$h" ip link set lo up
    # quiet captures: no IPv6 chatter in the lab
    in_ns "$h" sysctl -qw net.ipv6.conf.{all,default}.disable_ipv6=1
  done
  for h in br0 br1; do
    in_ns br ip link add "$h" type bridge forward_delay 0 stp_state 0 mcast_snooping 0
    in_ns br ip link set "$h" up
  done
  port flink "$FLINK_MAC"
  port fnode0 "$FNODE0_MAC"
  port fnode1 "$FNODE1_MAC"
  port client "$CLIENT_MAC"
  port dhcpd
  port relay
  far_port relay
  in_ns flink ip addr add "$FLINK_IP/16" dev eth0
  if ((!dhcp)); then
    in_ns fnode0 ip addr add "$FNODE0_IP/16" dev eth0
    in_ns fnode1 ip addr add "$FNODE1_IP/16" dev eth0
    for h in fnode0 fnode1; do in_ns "$h" ip route add default via "$FLINK_IP"; done
  fi
  in_ns dhcpd ip addr add "$DHCPD_IP/16" dev eth0
  in_ns relay ip addr add "$RELAY_IP/16" dev eth0
  in_ns relay ip addr add "$RELAY_FAR_IP/24" dev eth1
  in_ns relay sysctl -qw net.ipv4.ip_forward=1
  in_ns flink ip route add "${RELAY_FAR_IP%.*}.0/24" via "$RELAY_IP"
  # the "internet": reachable through flink's second interface only
  ip link add eth1 netns "$(ns flink)" type veth peer name eth0 netns "$(ns wan)"
  in_ns flink ip addr add "$FLINK_WAN_IP/24" dev eth1
  in_ns flink ip link set eth1 up
  in_ns wan ip addr add "$WAN_IP/24" dev eth0
  in_ns wan ip addr add "$WAN_SITE_IP/32" dev lo
  in_ns wan ip link set eth0 up
  in_ns flink ip route add default via "$WAN_IP"
  in_ns flink sysctl -qw net.ipv4.ip_forward=1
  if ((nat)); then
    in_ns flink nft -f - <<'NFT'
table ip lab { chain post { type nat hook postrouting priority 100; oifname "eth1" masquerade; }; }
NFT
  fi
  trap - ERR INT TERM HUP
}

# Ends what still runs in the lab's own namespaces, by pid.
cmd_down() {
  local h n sig p
  for sig in TERM KILL; do
    for h in "${LAB_HOSTS[@]}"; do
      n=$(ns "$h")
      [[ -e /run/netns/$n ]] || continue
      for p in $(ip netns pids "$n" 2>/dev/null || true); do kill "-$sig" "$p" 2>/dev/null || true; done
    done
    lab_busy || break
    for _ in {1..20}; do lab_busy || break; sleep 0.1; done
  done
  for h in "${LAB_HOSTS[@]}"; do
    n=$(ns "$h")
    if [[ -e /run/netns/$n ]]; then ip netns del "$n"; fi
  done
  rm -f "$LAB_STATE"/*.pid
}
lab_busy() {
  local h
  for h in "${LAB_HOSTS[@]}"; do
    if ns_up "$h" && [[ -n $(ip netns pids "$(ns "$h")" 2>/dev/null) ]]; then return 0; fi
  done
  return 1
}

cmd_status() {
  local h
  for h in "${LAB_HOSTS[@]}"; do
    if ns_up "$h"; then
      printf '== %s: pids %s\n' "$(ns "$h")" "$(ip netns pids "$(ns "$h")" | tr '\n' ' ')"
      in_ns "$h" ip -br -4 addr
    else
      printf '== %s: down\n' "$(ns "$h")"
    fi
  done
}

cmd_spawn() {
  local host=$1 name=$2
  shift 2
  ns_up "$host" || die 'lab is down: run net.sh up'
  cmd_stop "$name"
  mkdir -p "$LAB_STATE"
  # ip and setsid exec in place, so $! is the daemon's own pid
  ip netns exec "$(ns "$host")" setsid "$@" >"$LAB_STATE/$name.log" 2>&1 </dev/null &
  printf '%s\n' "$!" | tee "$LAB_STATE/$name.pid"
}
cmd_stop() {
  local f=$LAB_STATE/$1.pid p
  [[ -f $f ]] || return 0
  p=$(<"$f")
  rm -f "$f"
  # a number that another process has meanwhile is not ours to end
  [[ $(ip netns identify "$p" 2>/dev/null) == "$LAB_PREFIX"-* ]] || return 0
  kill "$p" 2>/dev/null || return 0
  for _ in {1..30}; do kill -0 "$p" 2>/dev/null || return 0; sleep 0.1; done
  kill -KILL "$p" 2>/dev/null || true
}

# udhcpc's own hook: writes the lease as shell variables, sets the address up.
cmd_dhcp() {
  local host=$1 hook=$LAB_STATE/udhcpc.sh
  shift
  mkdir -p "$LAB_STATE"
  cat >"$hook" <<'HOOK'
#!/bin/sh
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
set | grep -E "^(ip|mask|router|dns|domain|hostname|lease|serverid|siaddr|boot_file|tftp|opt[0-9]+|search|ntpsrv|subnet|namesrv|wpad)="
ip addr flush dev "$interface"
ip addr add "$ip/$mask" dev "$interface"
for r in $router; do ip route replace default via "$r"; done
HOOK
  chmod +x "$hook"
  in_ns "$host" busybox udhcpc -i eth0 -n -q -f -t 5 -T 2 -s "$hook" "$@"
}

cmd_tap() {
  in_ns br ip tuntap add dev "$1" mode tap
  in_ns br ip link set "$1" master "${2:-br0}" up
}
cmd_untap() { in_ns br ip link del "$1" 2>/dev/null || true; }

cmd_capture() {
  local host=$1 file=$2 dev=eth0
  shift 2
  if [[ $host == br ]]; then dev=br0; fi
  cmd_spawn "$host" "capture-$host" tcpdump -i "$dev" -Z root -U -n -s 0 --immediate-mode -w "$file" "$@"
  # listening before the first packet that matters
  for _ in {1..50}; do [[ -s $file ]] && return; sleep 0.1; done
  die "tcpdump did not start: see $LAB_STATE/capture-$host.log"
}

case ${1:-} in
  up | down | status | spawn | stop | dhcp | tap | untap | capture) need_root; c=$1; shift; "cmd_$c" "$@" ;;
  exec) need_root; shift; in_ns "$@" ;;
  -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
