# shellcheck shell=bash disable=SC2154,SC2034
# live-boot: Debian live, LMDE, Kali, GParted, Clonezilla, Tails. It loads what fetch= names.

# live KERNEL-VERSION KERNEL INITRD
live() {
  kernel "$1" "live/$2"
  initrd live-boot fetch "live/$3"
  image live/filesystem.squashfs
  text live/filesystem.packages 'base-files 12'
  efi BOOTX64.EFI
}

# debian_live CODENAME RELEASE KERNEL-VERSION ARCH
debian_live() {
  local with="-$3" args='boot=live components quiet splash'
  text .disk/info "Debian GNU/Linux $2 \"$1\" - Official $4 LIVE/INSTALL Binary 20250517-09:52"
  live "$3" "vmlinuz$with" "initrd.img$with"
  # shellcheck disable=SC2016
  grub_menu boot/grub/grub.cfg 'source /boot/grub/config.cfg' '# Live boot' \
    "$(grub_entry "Live system ($4)" "/live/vmlinuz$with" "/live/initrd.img$with" "$args"' findiso=${iso_path}')" \
    "$(grub_entry "Live system ($4 fail-safe mode)" "/live/vmlinuz$with" "/live/initrd.img$with" \
      'boot=live components memtest noapic noapm nodma nomce nosmp nosplash vga=788')" \
    '# Installer' "$(grub_entry 'Start installer' /install/gtk/vmlinuz /install/gtk/initrd.gz 'vga=788  --- quiet')"
  text isolinux/isolinux.cfg 'include menu.cfg' 'default vesamenu.c32' 'prompt 0' 'timeout 0'
  text isolinux/menu.cfg 'INCLUDE stdmenu.cfg' 'MENU title Main Menu' 'INCLUDE live.cfg' 'INCLUDE install.cfg'
  text isolinux/live.cfg "label live-$4" "	menu label ^Live system ($4)" '	menu default' "	linux /live/vmlinuz$with" \
    "	initrd /live/initrd.img$with" "	append $args findiso="
  kernel "$3" install/gtk/vmlinuz
  initrd d-i cdrom install/gtk/initrd.gz
  text "dists/${1,,}/Release" 'Suite: stable' "Codename: ${1,,}"
  starts isolinux/isolinux.bin boot/grub/efi.img
}
iso debian-live 'd-live 12.11.0 xf amd64' debian_live Bookworm 12.11.0 6.1.0-37-amd64 amd64
iso debian-13-live 'd-live 13.1.0 gn amd64' debian_live Trixie 13.1.0 6.12.43+deb13-amd64 amd64
debian_live_i386() {
  bits=32
  debian_live Bullseye 11.11.0 5.10.0-32-686 i386
  rm -r "$t/EFI" && efi BOOTIA32.EFI
}
iso debian-11-live-i386 'd-live 11.11.0 xf i386' debian_live_i386

lmde() {
  local args='boot=live components username=mint hostname=mint live-config.sudo quiet splash'
  text .disk/info 'LMDE 6 "Faye" - Release amd64 20230926'
  live 6.1.0-12-amd64 vmlinuz initrd.lz
  grub_menu boot/grub/grub.cfg "$(grub_entry 'Start LMDE 6 Cinnamon 64-bit' /live/vmlinuz /live/initrd.lz "$args")" \
    "$(grub_entry 'Start LMDE 6 Cinnamon 64-bit (compatibility mode)' /live/vmlinuz /live/initrd.lz "$args noapic noacpi nosplash irqpoll nomodeset")"
  text isolinux/isolinux.cfg 'default vesamenu.c32' 'timeout 100' 'menu title Welcome to LMDE 6 64-bit' 'label live' '  menu label Start LMDE 6' \
    '  kernel /live/vmlinuz' "  append initrd=/live/initrd.lz $args" 'menu default'
  starts isolinux/isolinux.bin boot/grub/efi.img
}
iso lmde-6 'LMDE 6 Cinnamon 64-bit' lmde

kali() {
  unsigned=6.6.15-amd64
  text .disk/info 'Kali GNU/Linux 2024.2 "Kali-last-snapshot" - Official amd64 LIVE/INSTALL Binary 20240528-10:26'
  live 6.6.15-amd64 vmlinuz-6.6.15-amd64 initrd.img-6.6.15-amd64
  # shellcheck disable=SC2016
  grub_menu boot/grub/grub.cfg "$(grub_entry 'Live system (amd64)' /live/vmlinuz-6.6.15-amd64 /live/initrd.img-6.6.15-amd64 \
    'boot=live components quiet splash noeject findiso=${iso_path}')"
  starts isolinux/isolinux.bin boot/grub/efi.img
}
iso kali-live 'Kali Live' kali

# Its own menu has an empty ip=, which must not stay the last word.
gparted() {
  local args='boot=live union=overlay username=user config components quiet noswap ip=  net.ifnames=0  nosplash'
  live 6.7.12-amd64 vmlinuz initrd.img
  text GParted-Live-Version 'gparted-live-1.6.0-3-amd64' 'This Live CD is created by ocs-live-dev'
  grub_menu boot/grub/grub.cfg "$(grub_entry 'GParted Live (Default settings)' /live/vmlinuz /live/initrd.img "$args")" \
    "$(grub_entry 'GParted Live (Safe graphic settings, vga=normal)' /live/vmlinuz /live/initrd.img "$args vga=normal nomodeset")"
  text syslinux/isolinux.cfg 'default vesamenu.c32' 'timeout 300' 'label GParted Live' '  MENU LABEL GParted Live (Default settings)' \
    '  kernel /live/vmlinuz' "  append initrd=/live/initrd.img $args"
  starts syslinux/isolinux.bin boot/grub/efi.img
}
iso gparted-live 'GParted-live' gparted

clonezilla() {
  local args='boot=live union=overlay username=user config components quiet loglevel=0 noswap edd=on nomodeset enforcing=0 locales= keyboard-layouts='
  args+=' ocs_live_run="ocs-live-general" ocs_live_extra_param="" ocs_live_batch="no" vga=788 ip= net.ifnames=0 splash i915.blacklist=yes radeonhd.blacklist=yes nouveau.blacklist=yes vmwgfx.enable_fbdev=1'
  live 6.1.0-18-amd64 vmlinuz initrd.img
  text Clonezilla-Live-Version 'clonezilla-live-3.1.2-22-amd64' 'This Live CD is created by ocs-live-dev'
  text .disk/info 'Clonezilla live 3.1.2-22-amd64'
  grub_menu boot/grub/grub.cfg "$(grub_entry 'Clonezilla live (VGA 800x600)' /live/vmlinuz /live/initrd.img "$args")" \
    "$(grub_entry 'Clonezilla live (To RAM)' /live/vmlinuz /live/initrd.img "$args toram=live,syslinux,EFI,boot,.disk,utils")"
  text syslinux/isolinux.cfg 'default vesamenu.c32' 'timeout 300' 'label Clonezilla live' '  MENU LABEL Clonezilla live (VGA 800x600)' \
    '  kernel /live/vmlinuz' "  append initrd=/live/initrd.img $args"
  starts syslinux/isolinux.bin boot/grub/efi.img
}
iso clonezilla 'Clonezilla-live-3.1.2-22-amd64' clonezilla

# No network in its initramfs.
tails() {
  live 6.1.0-27-amd64 vmlinuz initrd.img
  initrd no-network '' live/initrd.img
  text live/Tails.module filesystem.squashfs
  text .disk/info 'Tails 6.10 - 20241118'
  text isolinux/live64.cfg 'label live' '  menu label Tails' '  kernel /live/vmlinuz' \
    '  append initrd=/live/initrd.img boot=live nopersistence noprompt timezone=Etc/UTC splash noautologin module=Tails slab_nomerge slub_debug=FZP quiet'
  starts isolinux/isolinux.bin EFI/BOOT/BOOTX64.EFI
}
iso tails 'TAILS 6.10 - 20241118' tails
