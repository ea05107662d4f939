# shellcheck shell=bash disable=SC2154,SC2016,SC2034
# What does not start over the network by itself, or not at all; and what is no image.

void() {
  kernel 6.6.52_1 boot/vmlinuz
  initrd no-network '' boot/initrd
  image LiveOS/squashfs.img
  local args='root=live:CDLABEL=VOID_LIVE ro init=/sbin/init rd.luks=0 rd.md=0 rd.dm=0 loglevel=4 gpt add_efi_memmap vconsole.unicode=1 vconsole.keymap=us locale.LANG=en_US.UTF-8 rd.live.overlay.overlayfs=1'
  { printf 'set pager="1"\nset timeout=15\n'; grub_entry 'Void Linux 6.6.52_1 x86_64' '(${voidlive})/boot/vmlinuz' '(${voidlive})/boot/initrd' "$args"; } | page boot/grub/grub_void.cfg
  text boot/grub/grub.cfg 'search --no-floppy --set=voidlive --label "VOID_LIVE"' 'source "(${voidlive})/boot/grub/grub_void.cfg"'
  efi BOOTX64.EFI
  starts boot/isolinux/isolinux.bin boot/grub/efiboot.img
}
iso void VOID_LIVE void

nixos() {
  local init='init=/nix/store/0000000000000000000000000000lab0-nixos-system-nixos-24.05/init  root=LABEL=nixos-minimal-24.05-x86_64 boot.shell_on_fail loglevel=4'
  kernel 6.6.52 boot/bzImage
  initrd no-network '' boot/initrd
  image nix-store.squashfs
  text version.txt 24.05.5100.lab
  text isolinux/isolinux.cfg 'SERIAL 0 115200' 'TIMEOUT 100' 'UI vesamenu.c32' 'DEFAULT boot' 'LABEL boot' 'MENU LABEL NixOS 24.05 Installer ' 'LINUX /boot/bzImage' "APPEND $init" 'INITRD /boot/initrd'
  grub_menu EFI/boot/grub.cfg "$(grub_entry 'NixOS 24.05 Installer ' /boot/bzImage /boot/initrd "$init")"
  text EFI/boot/bootx64.efi 'MZ fake bootx64.efi'
  starts isolinux/isolinux.bin boot/efi.img
}
iso nixos nixos-minimal-24.05-x86_64 nixos

proxmox() {
  kernel 6.8.4-2-pve boot/linux26
  initrd no-network '' boot/initrd.img
  image pve-base.squashfs pve-installer.squashfs
  text .pve-cd-id.txt 12345678-1234-1234-1234-123456789abc
  text .disk/info "RELEASE='8.2'" "ISORELEASE='1'" "ISONAME='proxmox-ve'" "PRODUCT='pve'" "PRODUCTLONG='Proxmox VE'"
  grub_menu boot/grub/grub.cfg "$(grub_entry 'Install Proxmox VE (Graphical)' /boot/linux26 /boot/initrd.img ' ro ramdisk_size=16777216 rw quiet splash=silent')"
  efi BOOTX64.EFI
  starts boot/grub/i386-pc/eltorito.img efi.img
}
iso proxmox PVE proxmox

# El Torito alone: programs that start without a system.
memtest() {
  blob boot/memtest EFI/BOOT/BOOTX64.EFI EFI/BOOT/BOOTIA32.EFI
  printf 'MZ' | dd of="$t/EFI/BOOT/BOOTX64.EFI" conv=notrunc status=none
  starts boot/loader.bin boot/efi.img
}
iso memtest86plus MT86PLUS_64 memtest
freedos() {
  blob freedos/packages/base/kernel.zip
  text KERNEL.SYS fake
  text FDOSBOOT/README.TXT FreeDOS
  mkdir -p "$t/isolinux"
  head -c 1474560 /dev/zero >"$t/isolinux/fdboot.img"
  printf '\353\074\220FRDOS7.1\000\002' | dd of="$t/isolinux/fdboot.img" conv=notrunc status=none
  printf '\125\252' | dd of="$t/isolinux/fdboot.img" bs=1 seek=510 conv=notrunc status=none
  master+=(-b isolinux/fdboot.img -c isolinux/boot.cat)
}
iso freedos FD13-LIVECD freedos

# windows: UDF, with a readme for those who read ISO 9660 only.
windows() {
  maker=udf
  text readme.txt 'This disc contains a "UDF" file system and requires an operating system that supports the ISO-13346 "UDF" file system specification.'
  text bootmgr 'fake bootmgr'
  text bootmgr.efi 'fake bootmgr.efi'
  text setup.exe MZ
  text boot/bcd fake
  text boot/boot.sdi fake
  text efi/microsoft/boot/bcd fake
  text efi/boot/bootx64.efi 'MZ fake'
  wim sources/boot.wim 'Microsoft Windows PE (amd64)' WindowsPE 'Microsoft Windows Setup (amd64)' WindowsPE
  wim sources/install.wim 'Windows 11 Home' Core 'Windows 11 Pro' Professional
  mkdir -p "$t/boot"
  head -c 4096 /dev/zero >"$t/boot/etfsboot.com"
  head -c 65536 /dev/zero >"$t/efi/microsoft/boot/efisys.bin"
  master+=(-b boot/etfsboot.com -c boot/boot.cat -no-emul-boot -boot-load-size 8 -eltorito-alt-boot -e efi/microsoft/boot/efisys.bin -no-emul-boot)
}
# wim PATH NAME EDITION...: with the properties that its XML has. Without wimtools, only the mark of one.
wim() {
  local path=$t/$1 n=0
  mkdir -p "$(dirname "$path")" "$work/wim"
  if ! command -v wimlib-imagex >/dev/null; then printf 'MSWIM\0\0\0' >"$path"; return; fi
  shift
  noise >"$work/wim/data"
  while (($#)); do
    if ((n == 0)); then wimlib-imagex capture "$work/wim" "$path" "$1" --no-acls --compress=none; else wimlib-imagex append "$work/wim" "$path" "$1" --no-acls; fi
    n=$((n + 1))
    wimlib-imagex info "$path" "$n" --image-property WINDOWS/ARCH=9 --image-property WINDOWS/EDITIONID="$2" --image-property WINDOWS/VERSION/MAJOR=10 \
      --image-property WINDOWS/VERSION/MINOR=0 --image-property WINDOWS/VERSION/BUILD=26100 --image-property WINDOWS/LANGUAGES/LANGUAGE=es-ES --image-property WINDOWS/LANGUAGES/DEFAULT=es-ES
    shift 2
  done >"$work/wim.log" || { cat "$work/wim.log" >&2; die "wimlib-imagex: $name"; }
}
iso windows-11 CCCOMA_X64FRE_ES-ES_DV9 windows

# What lies in folders, too: named .iso, and no image; half of one.
no_image() { maker=raw; text disk.img 'I am a download page: <html>404 Not Found</html>'; }
iso not-an-image '' no_image
cut_off() {
  text .disk/info 'Ubuntu 24.04.1 LTS "Noble Numbat" - Release amd64 (20240827.1)'
  image casper/minimal.squashfs
  xorriso -as mkisofs -quiet -R -V 'Ubuntu 24.04.1 LTS amd64' -o "$work/whole.iso" "$t" 2>/dev/null
  maker=raw
  head -c 100000 "$work/whole.iso" >"$t/disk.img"
}
iso cut-off '' cut_off

# Names, modes, times and links as no distribution has them all, for those who compare what the node makes of them.
odd_tree() {
  local i deep=deep long many=$((stub ? 40 : 5000))
  keeps_times=1
  long=$(printf '%0180d' 0)
  text 'with spaces/and  more/READ me.TXT' spaces
  text 'acentos/prueba número 2 – ñandú.txt' 'not ASCII'
  text "long/$long.txt" 'a long name'
  for i in {1..14}; do deep+=/level-$i; done
  text "$deep/bottom.txt" 'below what ISO 9660 allows'
  mkdir -p "$t"/{empty-folder,links,modes,many}
  : >"$t/empty-file"
  head -c 3000001 /dev/urandom >"$t/megabytes"
  ln -s ../megabytes "$t/links/relative"
  ln -s /megabytes "$t/links/absolute"
  ln -s "nowhere/$long" "$t/links/long and dangling" # of longer ones libarchive loses slashes
  ln -s ../with\ spaces "$t/links/folder"
  for i in 400 644 755 4755 2711; do text "modes/$i" "$i"; chmod "$i" "$t/modes/$i"; done
  chmod 1777 "$t/empty-folder"
  chown 1000:1001 "$t/modes/644"
  for ((i = 1; i <= many; i++)); do : >"$t/many/file-$i"; done
  find "$t" -exec touch -h -d 2024-01-01 {} +
  touch -d '1999-12-31 23:59:59 UTC' "$t/modes/400"
  touch -d '2026-07-01 12:00:01 UTC' "$t/megabytes"
  touch -h -d '2012-02-29 00:00:00 UTC' "$t/links/relative"
}
iso odd-tree ODD_TREE odd_tree
# A file over 4 GiB: all holes but for its end.
large_file() {
  master=(-iso-level 3)
  truncate -s "$((stub ? 1 : 4200))M" "$t/large"
  head -c 1000000 /dev/urandom >>"$t/large"
}
iso large-file LARGE_FILE large_file
