#!/usr/bin/env bash
# boot.sh - network-boots one diskless QEMU machine in the lab and waits for a
# pattern on its serial console. Prints the time of each stage from power-on.
# shellcheck disable=SC2054,SC2100  # commas belong to QEMU's options
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'USAGE'
usage: [LAB_PREFIX=lab] boot.sh --until REGEX [options]
  --firmware bios|uefi|ia32|arm64 (default bios); uefi-http, ia32-http, arm64-http:
                     HTTP Boot, with the firmware's PXE switched off
  --rom ipxe|none|FILE  the NIC's option ROM. bios: ipxe (default; every BIOS PXE
                     ROM in Debian is iPXE and says so: user class iPXE);
                     uefi: none (default: the firmware's own PXE) or ipxe
  --nic MODEL        virtio-net-pci (default), e1000, ...
  --mac MAC          default 52:54:00:12:34:56
  --far              on the far LAN, behind the relay
  --uuid UUID        SMBIOS UUID (DHCP option 97); default made from the MAC
  --mem MB           default 1024          --smp N   default 1
  --cpu MODEL        x86 only; default max,la57=off,erms=off (see below)
  --until REGEX      success when this appears on the serial console
  --fail REGEX       failure when this does (default: kernel panic)
  --timeout S        default 120
  --stage NAME=REGEX report when REGEX appears; may be repeated
  --keys 'SCRIPT'    words, one after the other: qcode key names (down, ret, ctrl-alt-delete),
                     wait:S until:REGEX text:STRING shot:FILE.png; go waits until
                     the file TRANSCRIPT.go is there
  --screenshot FILE.png   the screen at the end
  --settle S         how long after --until was seen (default 0): a screen is
                     drawn later than a serial line
  --transcript FILE  default $LAB_STATE/boot-FIRMWARE.log (also .timed, .t0)
  --pcap FILE        all the VM's packets (see trace.py)
  --print            only print the QEMU command
LAB_LOCK=FILE holds flock FILE while the VM runs. Exit status: 0 until seen,
1 fail seen, 124 timeout, 3 QEMU ended.
USAGE
}

firmware=bios rom='' nic=virtio-net-pci mac=52:54:00:12:34:56 uuid='' mem=1024 smp=1 cpu=max,la57=off,erms=off
until='' fail='Kernel panic|end Kernel panic' timeout=120 keys='' shot='' settle=0 transcript='' pcap='' print=0
bridge=br0
stages=()
while (($#)); do
  case $1 in
    --firmware) firmware=$2; shift ;;
    --rom) rom=$2; shift ;;
    --nic) nic=$2; shift ;;
    --mac) mac=$2; shift ;;
    --far) bridge=br1 ;;
    --uuid) uuid=$2; shift ;;
    --mem) mem=$2; shift ;;
    --smp) smp=$2; shift ;;
    --cpu) cpu=$2; shift ;;
    --until) until=$2; shift ;;
    --fail) fail=$2; shift ;;
    --timeout) timeout=$2; shift ;;
    --stage) stages+=(--stage "$2"); shift ;;
    --keys) keys=$2; shift ;;
    --screenshot) shot=$2; shift ;;
    --settle) settle=$2; shift ;;
    --transcript) transcript=$2; shift ;;
    --pcap) pcap=$2; shift ;;
    --print) print=1 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
[[ -n $until ]] || { usage >&2; exit 2; }
need_root
mkdir -p "$LAB_STATE"
transcript=${transcript:-$LAB_STATE/boot-$firmware.log}
tag=$$
qmp=$LAB_STATE/qmp-$tag.sock vars=$LAB_STATE/vars-$tag.fd sercon=$LAB_STATE/sercon
tap=vm${mac//:/}; tap=${tap:0:2}${tap: -8}

# QEMU's TCG, tuned: no 5-level paging, no ERMS (with it the kernel clears and
# copies memory byte by byte, which TCG emulates one byte at a time).
qemu=(qemu-system-x86_64 -accel tcg,thread=multi,tb-size=512 -cpu "$cpu" -vga std)
flash() { # CODE VARS: pflash with a fresh, writable copy of the variables
  cp "$2" "$vars"
  qemu+=(-drive "if=pflash,unit=0,format=raw,readonly=on,file=$1"
    -drive "if=pflash,unit=1,format=raw,file=$vars")
}
case ${firmware%-http} in
  bios)
    # SeaBIOS copies the VGA text screen to the serial port: the transcript
    # shows the option ROM and the boot menu too.
    printf '\370\003' >"$sercon"
    qemu+=(-machine pc -fw_cfg "name=etc/sercon-port,file=$sercon")
    rom=${rom:-ipxe}
    ;;
  uefi)
    qemu+=(-machine q35)
    flash /usr/share/OVMF/OVMF_CODE_4M.fd /usr/share/OVMF/OVMF_VARS_4M.fd
    ;;
  ia32) # Debian's only 32-bit OVMF wants SMM
    qemu[0]=qemu-system-i386
    qemu+=(-machine q35,smm=on -global driver=cfi.pflash01,property=secure,value=on)
    flash /usr/share/OVMF/OVMF32_CODE_4M.secboot.fd /usr/share/OVMF/OVMF32_VARS_4M.fd
    ;;
  arm64)
    qemu=(qemu-system-aarch64 -accel tcg,thread=multi,tb-size=512 -machine virt
      -cpu cortex-a57 -device ramfb -device qemu-xhci -device usb-kbd)
    flash /usr/share/AAVMF/AAVMF_CODE.fd /usr/share/AAVMF/AAVMF_VARS.fd
    ;;
  *) die "unknown firmware $firmware" ;;
esac
# HTTP Boot only: the firmware's PXE is switched off, so HTTP comes first.
[[ $firmware == *-http ]] && qemu+=(-fw_cfg name=opt/org.tianocore/IPv4PXESupport,string=n)
[[ $firmware != bios ]] && qemu+=(-fw_cfg name=opt/org.tianocore/IPv6PXESupport,string=n)
case ${rom:-none} in
  none) rom=,romfile= ;;
  ipxe) rom='' ;; # QEMU's default ROM, whose PCI ids it patches to fit the NIC
  *) rom=,romfile=$rom ;;
esac
qemu+=(-m "$mem" -smp "$smp" -nodefaults -display none -no-reboot
  -device virtio-rng-pci -serial "file:$transcript" -qmp "unix:$qmp,server=on,wait=off"
  -netdev "tap,id=n0,ifname=$tap,script=no,downscript=no"
  -device "$nic,netdev=n0,mac=$mac,bootindex=0$rom")
qemu+=(-uuid "${uuid:-1ab00000-0000-4000-8000-${mac//:/}}")
if ((print)); then printf '%q ' "${qemu[@]}"; echo; exit 0; fi

ns_up br || die 'lab is down: run net.sh up'
"$LAB_DIR/net.sh" untap "$tap"
"$LAB_DIR/net.sh" tap "$tap" "$bridge"
dump=''
watch=''
# shellcheck disable=SC2317  # called by the trap
cleanup() {
  if [[ -n $watch ]]; then kill "$watch" 2>/dev/null || true; wait "$watch" 2>/dev/null || true; fi
  if [[ -n $dump ]]; then sleep 0.3; kill -INT "$dump" 2>/dev/null || true; wait "$dump" 2>/dev/null || true; fi
  "$LAB_DIR/net.sh" untap "$tap"
  rm -f "$qmp" "$vars"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
if [[ -n ${LAB_LOCK:-} ]]; then exec 9>>"$LAB_LOCK"; flock 9; fi
if [[ -n $pcap ]]; then
  ip netns exec "$(ns br)" tcpdump -i "$tap" -p -Z root -U -n -s 0 --immediate-mode -w "$pcap" 2>/dev/null 9>&- &
  dump=$!
  sleep 0.3
fi
python3 "$LAB_DIR/vmwatch.py" --serial "$transcript" --qmp "$qmp" --until "$until" --fail "$fail" \
  --timeout "$timeout" --keys "$keys" --screenshot "$shot" --settle "$settle" "${stages[@]}" \
  -- ip netns exec "$(ns br)" "${qemu[@]}" &
watch=$! # in the background: a signal is acted upon at once
wait "$watch" && rc=0 || rc=$?
watch=''
exit "$rc"
