# shellcheck shell=bash disable=SC2154
# archiso: Arch, EndeavourOS, SystemRescue; miso: Manjaro. They load what stands below archiso_http_srv= or miso_http_srv=.

# archiso BASE KERNEL-VERSION KERNEL INITRD ROOT-IMAGE
archiso() {
  kernel "$2" "$1/boot/x86_64/$3"
  initrd archiso '' "$1/boot/x86_64/$4"
  if [[ $5 == *.erofs ]]; then
    blob "$1/x86_64/$5"
    # EROFS's superblock stands at 1024 and begins with this number
    printf '\342\341\365\340' | dd of="$t/$1/x86_64/$5" bs=1 seek=1024 conv=notrunc status=none
  else
    image "$1/x86_64/$5"
  fi
  (cd "$t/$1/x86_64" && sha512sum "$5" >airootfs.sha512)
  efi BOOTX64.EFI
}
# arch_menus TITLE ARGS SEARCH INITRD... : SEARCH is how its medium is found.
arch_menus() {
  local title=$1 args=$2 search=$3 i lines=()
  shift 3
  for i; do lines+=("initrd   $i"); done
  text loader/loader.conf 'timeout 15' 'default 01-archiso-x86_64-linux.conf'
  text loader/entries/01-archiso-x86_64-linux.conf "title    $title (x86_64, UEFI)" 'sort-key 01' \
    'linux    /arch/boot/x86_64/vmlinuz-linux' "${lines[@]}" "options  $args $search"
  text loader/entries/02-archiso-x86_64-speech-linux.conf "title    $title (x86_64, UEFI) with speech" 'sort-key 02' \
    'linux    /arch/boot/x86_64/vmlinuz-linux' "${lines[@]}" "options  $args $search accessibility=on"
  text boot/syslinux/archiso_sys-linux.cfg 'LABEL arch64' "MENU LABEL $title (x86_64, BIOS)" 'LINUX /arch/boot/x86_64/vmlinuz-linux' \
    "INITRD $(IFS=,; echo "$*")" "APPEND $args $search"
  { printf 'timeout=15\ndefault=archlinux\n'; grub_entry "$title (x86_64, ${grub_cpu:-UEFI})" /arch/boot/x86_64/vmlinuz-linux "$*" "$args $search"; } | page boot/grub/grub.cfg
  starts boot/syslinux/isolinux.bin EFI/archiso/efiboot.img
}
# microcode still in files of its own
arch_2024() {
  archiso arch 6.8.8-arch1-1 vmlinuz-linux initramfs-linux.img airootfs.sfs
  text arch/version 2024.05.01
  microcode arch/boot/intel-ucode.img arch/boot/amd-ucode.img
  arch_menus 'Arch Linux install medium' 'archisobasedir=arch' archisosearchuuid=2024-05-01-17-01-24-00 \
    /arch/boot/intel-ucode.img /arch/boot/amd-ucode.img /arch/boot/x86_64/initramfs-linux.img
  blob boot/memtest86+/memtest.bin
}
iso archlinux ARCH_202405 arch_2024
arch_new() {
  archiso arch 6.17.1-arch1-1 vmlinuz-linux initramfs-linux.img airootfs.erofs
  text arch/version 2025.10.01
  arch_menus 'Arch Linux install medium' 'archisobasedir=arch' archisosearchuuid=2025-10-01-08-04-11-00 /arch/boot/x86_64/initramfs-linux.img
}
iso archlinux-2025 ARCH_202510 arch_new
endeavouros() {
  archiso arch 6.11.8-arch1-2 vmlinuz-linux initramfs-linux.img airootfs.sfs
  text arch/version 2024.11.24
  microcode arch/boot/amd-ucode.img arch/boot/intel-ucode.img
  arch_menus EndeavourOS 'archisobasedir=arch cow_spacesize=10G module_blacklist=nvidia,nvidia_modeset,nvidia_uvm,nvidia_drm nouveau.modeset=1 i915.modeset=1 radeon.modeset=1 nvme_load=yes' \
    archisolabel=EOS_202411 /arch/boot/intel-ucode.img /arch/boot/amd-ucode.img /arch/boot/x86_64/initramfs-linux.img
}
iso endeavouros EOS_202411 endeavouros

# systemrescue VERSION LABEL KERNEL-VERSION
systemrescue() {
  archiso sysresccd "$3" vmlinuz sysresccd.img airootfs.sfs
  text sysresccd/VERSION "$1"
  microcode sysresccd/boot/intel_ucode.img sysresccd/boot/amd_ucode.img
  local initrds='/sysresccd/boot/intel_ucode.img /sysresccd/boot/amd_ucode.img /sysresccd/boot/x86_64/sysresccd.img'
  local args="archisobasedir=sysresccd archisolabel=$2 iomem=relaxed"
  grub_menu boot/grub/grubsrcd.cfg "$(grub_entry 'Boot SystemRescue using default options' /sysresccd/boot/x86_64/vmlinuz "$initrds" "$args")" \
    "$(grub_entry 'Boot SystemRescue and copy system to RAM (copytoram)' /sysresccd/boot/x86_64/vmlinuz "$initrds" "$args copytoram")"
  text sysresccd/boot/syslinux/sysresccd_sys.cfg 'LABEL sysresccd1' 'MENU LABEL Boot SystemRescue using default options' \
    'LINUX boot/x86_64/vmlinuz' 'INITRD boot/intel_ucode.img,boot/amd_ucode.img,boot/x86_64/sysresccd.img' "APPEND $args"
  text sysrescue.d/100-defaults.yaml '---' 'global:' '    copytoram: false'
  starts sysresccd/boot/syslinux/isolinux.bin boot/grub/efi.img
}
iso systemrescue RESCUE1101 systemrescue 11.01 RESCUE1101 6.6.30-1-lts
# Before 6 it was Gentoo.
systemrescuecd_5() {
  kernel 4.9.83-std532-amd64 isolinux/rescue64
  initrd sysresccd-gentoo netboot isolinux/initram.igz
  image sysrcd.dat
  text sysrcd.md5 "$(cd "$t" && md5sum sysrcd.dat)"
  text version 5.2.2
  text isolinux/isolinux.cfg 'DEFAULT menu.c32' 'LABEL rescue64_1' '  MENU LABEL 1. SystemRescueCd: default boot options' '  KERNEL rescue64' '  APPEND rescue64' '  INITRD initram.igz'
  starts isolinux/isolinux.bin -
}
iso systemrescuecd-5 sysrcd-5.2.2 systemrescuecd_5

# manjaro LABEL KERNEL-VERSION
manjaro() {
  local f initrds='/boot/amd_ucode.img /boot/intel_ucode.img /boot/initramfs-x86_64.img'
  local args="misobasedir=manjaro misolabel=$1 quiet systemd.show_status=1 splash"
  # shellcheck disable=SC2016
  local language='tz=${def_timezone} lang=${def_lang} keytable=${def_keyboard}'
  kernel "$2" boot/vmlinuz-x86_64
  initrd miso '' boot/initramfs-x86_64.img
  microcode boot/amd_ucode.img boot/intel_ucode.img
  text .miso ''
  image manjaro/x86_64/{rootfs,desktopfs,mhwdfs,livefs}.sfs
  (cd "$t/manjaro/x86_64" && for f in *.sfs; do md5sum "$f" >"${f%.sfs}.md5"; done)
  # shellcheck disable=SC2016
  text boot/grub/grub.cfg 'def_lang="en_US"' 'def_keyboard="us"' 'def_timezone="UTC"' 'source /boot/grub/defaults.cfg' 'source /boot/grub/kernels.cfg'
  { grub_entry 'Boot with open source drivers' /boot/vmlinuz-x86_64 "$initrds" \
    "$args driver=free nouveau.modeset=1 i915.modeset=1 radeon.modeset=1 $language"
    grub_entry 'Boot with proprietary drivers' /boot/vmlinuz-x86_64 "$initrds" \
      "$args driver=nonfree nouveau.modeset=0 i915.modeset=1 radeon.modeset=0 nonfree=yes $language"; } | page boot/grub/kernels.cfg
  efi BOOTX64.EFI
  starts boot/grub/i386-pc/eltorito.img efi.img
}
iso manjaro-xfce MANJARO_XFCE_2401 manjaro MANJARO_XFCE_2401 6.6.8-2-MANJARO
iso manjaro-kde MANJARO_KDE_2500 manjaro MANJARO_KDE_2500 6.12.28-1-MANJARO
