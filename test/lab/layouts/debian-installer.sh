# shellcheck shell=bash disable=SC2154,SC2034
# The installer on Debian's netinst and DVD images looks for a CD only; over the network another kernel of the same
# release is needed. So is Alpine's.

# debian_installer CODENAME RELEASE ARCH KIND KERNEL-VERSION
debian_installer() {
  local folder=install.amd loader=BOOTX64.EFI
  if [[ $3 == i386 ]]; then folder=install.386 loader=BOOTIA32.EFI bits=32; fi
  text .disk/info "Debian GNU/Linux $2 \"$1\" - Official $3 $4 20250517-09:51"
  text .disk/cd_type "$([[ $4 == DVD* ]] && echo dvd/1 || echo not_complete)"
  text .disk/base_installable ''
  text .disk/udeb_include netcfg ethdetect
  kernel "$5" "$folder/vmlinuz"
  initrd d-i cdrom "$folder/initrd.gz"
  initrd d-i cdrom "$folder/gtk/initrd.gz"
  text "dists/${1,,}/Release" 'Origin: Debian' 'Suite: stable' "Version: ${2%.0}" "Codename: ${1,,}"
  text "dists/${1,,}/main/debian-installer/binary-$3/Packages" 'Package: netcfg'
  text pool/main/b/base-files/base-files_12_all.deb deb
  grub_menu boot/grub/grub.cfg "$(grub_entry 'Graphical install' "/$folder/vmlinuz" "/$folder/gtk/initrd.gz" 'vga=788 --- quiet')" \
    "$(grub_entry Install "/$folder/vmlinuz" "/$folder/initrd.gz" 'vga=788 --- quiet')"
  text isolinux/txt.cfg 'label install' '	menu label ^Install' "	kernel /$folder/vmlinuz" "	append vga=788 initrd=/$folder/initrd.gz --- quiet"
  efi "$loader"
  starts isolinux/isolinux.bin boot/grub/efi.img
}
iso debian-netinst 'Debian 12.11.0 amd64 n' debian_installer Bookworm 12.11.0 amd64 'NETINST with firmware' 6.1.0-37-amd64
iso debian-dvd 'Debian 12.11.0 amd64 1' debian_installer Bookworm 12.11.0 amd64 'DVD Binary-1 with firmware' 6.1.0-37-amd64
iso debian-11-netinst-i386 'Debian 11.11.0 i386 n' debian_installer Bullseye 11.11.0 i386 NETINST 5.10.0-32-686

# alpine LABEL RELEASE
alpine() {
  kernel 6.6.31-0-lts boot/vmlinuz-lts
  initrd no-network '' boot/initramfs-lts
  image boot/modloop-lts
  text .alpine-release "$1"
  mkdir -p "$t/apks/x86_64"
  echo fake >"$t/apks/.boot_repository"
  tar -C "$t/apks" -czf "$t/apks/x86_64/APKINDEX.tar.gz" .boot_repository
  text boot/syslinux/syslinux.cfg 'TIMEOUT 10' 'PROMPT 1' 'DEFAULT lts' '' 'LABEL lts' 'MENU LABEL Linux lts' 'KERNEL /boot/vmlinuz-lts' \
    'INITRD /boot/initramfs-lts' 'FDTDIR /boot/dtbs-lts' 'APPEND modules=loop,squashfs,sd-mod,usb-storage quiet '
  { printf 'set timeout=1\n\n'; grub_entry 'Linux lts' /boot/vmlinuz-lts /boot/initramfs-lts 'modules=loop,squashfs,sd-mod,usb-storage quiet '; } | page boot/grub/grub.cfg
  efi BOOTX64.EFI
  starts boot/syslinux/isolinux.bin boot/grub/efi.img
}
iso alpine 'alpine-std 3.20.0 x86_64' alpine 'alpine-std 3.20.0 240522'

# In $t, what `fnode loaders install --for IMAGE` would have brought into boot/companions.
companion_kernels() {
  kernel 6.1.0-37-amd64 debian-12-amd64/linux
  initrd d-i netboot debian-12-amd64/initrd.gz
  kernel 6.6.31-0-lts alpine-3.20.0-x86_64/vmlinuz-lts
  initrd alpine netboot alpine-3.20.0-x86_64/initramfs-lts
  image alpine-3.20.0-x86_64/modloop-lts
}
