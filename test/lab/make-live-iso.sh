#!/usr/bin/env bash
# make-live-iso.sh - builds a real, small Debian live ISO from Debian packages:
# live-boot, squashfs, isolinux + GRUB EFI. When booted, it prints on its
# console (serial) what a test wants to know, and logs root in there:
#   LAB-BOOT-OK        the system is up, everything below has been printed
#   LAB-CMDLINE ...    the kernel command line
#   LAB-ROUTE / LAB-ADDR / LAB-DNS / LAB-MEM   what the network boot gave it
set -euo pipefail
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'USAGE'
usage: make-live-iso.sh [--full-kernel] [--suite bookworm] OUT.iso
  --full-kernel  Debian's ordinary kernel (every driver; about 3x as large)
                 instead of the cloud kernel (virtio only, boots fastest)
Takes some minutes. The file system tree is built in a temporary folder under
$LAB_CACHE and removed at the end. LAB_LOCK=FILE holds flock FILE meanwhile.
USAGE
}
kernel=linux-image-cloud-amd64 suite=bookworm out=''
while (($#)); do
  case $1 in
    --full-kernel) kernel=linux-image-amd64 ;;
    --suite) suite=$2; shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) out=$1 ;;
  esac
  shift
done
[[ -n $out ]] || { usage >&2; exit 2; }
need_root
mkdir -p "$LAB_CACHE" "$(dirname "$out")"
out=$(realpath "$out")
work=$(mktemp -d "$LAB_CACHE/live.XXXXXX")
root=$work/root iso=$work/iso
cleanup() {
  for m in dev/pts dev proc sys; do mountpoint -q "$root/$m" && umount -l "$root/$m"; done
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
if [[ -n ${LAB_LOCK:-} ]]; then exec 9>>"$LAB_LOCK"; flock 9; fi

# The mirror this machine's own apt uses.
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $suite" "Created-By: Packages" | head -1)
[[ -n $mirror ]] || die "apt knows no mirror for $suite (run apt-get update)"
log "debootstrap $suite"
debootstrap --variant=minbase --include="systemd-sysv,udev,kmod,iproute2,busybox,zstd,$kernel,live-boot,live-boot-initramfs-tools" \
  "$suite" "$root" "$mirror" >"$LAB_CACHE/debootstrap.log" 2>&1 || { tail -5 "$LAB_CACHE/debootstrap.log" >&2; die 'debootstrap failed'; }

log 'configure'
echo lab-live >"$root/etc/hostname"
printf '127.0.0.1 localhost lab-live\n' >"$root/etc/hosts"
rm -f "$root/etc/resolv.conf"   # live-boot writes what DHCP said
: >"$root/etc/resolv.conf"
cat >"$root/usr/local/sbin/lab-report" <<'REPORT'
#!/bin/sh
# Tells a test on the console how this machine was booted.
report() {
  echo
  echo "LAB-OS $(. /etc/os-release; echo "$PRETTY_NAME") $(uname -r)"
  echo "LAB-CMDLINE $(cat /proc/cmdline)"
  echo "LAB-ADDR $(ip -4 -br addr show scope global | tr -s ' ' | tr '\n' ';')"
  echo "LAB-ROUTE $(ip -4 route show default)"
  echo "LAB-DNS $(grep -h nameserver /etc/resolv.conf | tr '\n' ';')"
  echo "LAB-ROOT $(awk '$2 == "/" {print $1, $3}' /proc/mounts | tail -1)"
  echo "LAB-MEM $(awk '/MemTotal|MemAvailable/ {printf "%s %d MiB ", $1, $2 / 1024}' /proc/meminfo)"
  echo "LAB-UPTIME $(cut -d' ' -f1 /proc/uptime)"
  echo "LAB-BOOT-OK"
}
report >/dev/console
# also on the serial port when it is not the console: that is the last one named
case $(tr ' ' '\n' </proc/cmdline | grep ^console= | tail -1) in
  console=ttyS0*) ;;
  *) report >/dev/ttyS0 2>/dev/null || true ;;
esac
REPORT
chmod +x "$root/usr/local/sbin/lab-report"
cat >"$root/etc/systemd/system/lab-report.service" <<'UNIT'
[Unit]
Description=Report the boot on the console
After=basic.target
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/lab-report
[Install]
WantedBy=multi-user.target
UNIT
mkdir -p "$root/etc/systemd/system/serial-getty@.service.d" "$root/etc/systemd/system/multi-user.target.wants"
printf '[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --noclear %%I 115200 linux\n' \
  >"$root/etc/systemd/system/serial-getty@.service.d/autologin.conf"
ln -s ../lab-report.service "$root/etc/systemd/system/multi-user.target.wants/lab-report.service"
for u in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  systemd-pstore.service systemd-update-utmp.service systemd-random-seed.service systemd-timesyncd.service \
  systemd-hwdb-update.service systemd-journal-catalog-update.service systemd-machine-id-commit.service; do
  ln -sf /dev/null "$root/etc/systemd/system/$u"
done
ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
echo 1ab000000000400080001ab000000000 >"$root/etc/machine-id" # else: "first boot" work, slow under TCG
chroot "$root" passwd -d root >/dev/null
# live-boot's second coldplug, after the root is mounted, is not needed here
sed -i '/^[[:space:]]*udevadm \(trigger\|settle\)$/d' "$root/usr/lib/live/boot/9990-netbase.sh"
mkdir -p "$root/etc/network" # live-boot writes its "interfaces" there
echo COMPRESS=zstd >"$root/etc/initramfs-tools/conf.d/lab"
for m in proc sys dev dev/pts; do mount --bind "/$m" "$root/$m"; done
chroot "$root" update-initramfs -u >/dev/null 2>&1
for m in dev/pts dev sys proc; do umount "$root/$m"; done

log 'squashfs'
mkdir -p "$iso"/{live,isolinux,boot/grub,EFI/BOOT,.disk}
mv "$root"/boot/vmlinuz-* "$iso/live/vmlinuz"
mv "$root"/boot/initrd.img-* "$iso/live/initrd.img"
rm -rf "${root:?}"/boot/* "$root"/{vmlinuz,initrd.img}* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* \
  "$root"/var/log/* "$root"/usr/share/{doc,man,locale,info,i18n}/* "$root"/tmp/*
touch "$root"/etc/.updated "$root"/var/.updated # newer than /usr: nothing to update at boot
mksquashfs "$root" "$iso/live/filesystem.squashfs" -comp zstd -Xcompression-level 15 -b 256K -noappend -quiet -no-progress
du -sm "$root" | cut -f1 >"$iso/live/filesystem.size-mib"

log 'iso'
args='boot=live components console=tty0 console=ttyS0,115200n8 quiet loglevel=3'
printf 'Debian GNU/Linux 12 "Bookworm" - flisolator-lab live amd64 LIVE\n' >"$iso/.disk/info"
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$iso/isolinux/"
printf 'SERIAL 0 115200\nDEFAULT live\nPROMPT 1\nTIMEOUT 10\nLABEL live\n KERNEL /live/vmlinuz\n INITRD /live/initrd.img\n APPEND %s\n' \
  "$args" >"$iso/isolinux/isolinux.cfg"
printf 'set timeout=1\nmenuentry live {\n linux /live/vmlinuz %s\n initrd /live/initrd.img\n}\n' "$args" >"$iso/boot/grub/grub.cfg"
# shellcheck disable=SC2016
printf 'search --set=root --file /.disk/info\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n' >"$work/early.cfg"
grub-mkstandalone -O x86_64-efi -o "$iso/EFI/BOOT/BOOTX64.EFI" --install-modules='part_gpt part_msdos iso9660 fat linux normal configfile search search_fs_file echo serial all_video' \
  --locales='' --themes='' --fonts='' "boot/grub/grub.cfg=$work/early.cfg"
size=$(($(stat -c %s "$iso/EFI/BOOT/BOOTX64.EFI") / 1024 + 512))
mkdir -p "$work/esp"
mformat -C -i "$iso/boot/grub/efi.img" -h 16 -s 32 -T $((size * 2)) ::
mmd -i "$iso/boot/grub/efi.img" ::/EFI ::/EFI/BOOT
mcopy -i "$iso/boot/grub/efi.img" "$iso/EFI/BOOT/BOOTX64.EFI" ::/EFI/BOOT/
xorriso -as mkisofs -quiet -o "$out" -V 'd-live 12 lab amd64' -R -J -joliet-long \
  -isohybrid-mbr /usr/lib/ISOLINUX/isohdpfx.bin -b isolinux/isolinux.bin -c isolinux/boot.cat \
  -no-emul-boot -boot-load-size 4 -boot-info-table -eltorito-alt-boot -e boot/grub/efi.img -no-emul-boot -isohybrid-gpt-basdat "$iso"
log "$(du -m "$out" | cut -f1) MiB: $out (kernel $(du -m "$iso/live/vmlinuz" | cut -f1), initrd $(du -m "$iso/live/initrd.img" | cut -f1), squashfs $(du -m "$iso/live/filesystem.squashfs" | cut -f1) MiB)"
