# shellcheck shell=bash disable=SC2154
# dracut live (root=live:): Fedora's desktops; anaconda (inst.repo= or inst.stage2=): Fedora Server, CentOS Stream, Rocky, Alma.

fedora_live() {
  local args='root=live:CDLABEL=Fedora-WS-Live-40-1-14  rd.live.image'
  kernel 6.8.5-301.fc40.x86_64 images/pxeboot/vmlinuz
  initrd dracut livenet images/pxeboot/initrd.img
  image LiveOS/squashfs.img
  grub_menu boot/grub2/grub.cfg "$(grub_entry 'Start Fedora-Workstation-Live 40' /images/pxeboot/vmlinuz /images/pxeboot/initrd.img "$args quiet rhgb")" \
    "$(grub_entry 'Test this media & start Fedora-Workstation-Live 40' /images/pxeboot/vmlinuz /images/pxeboot/initrd.img "$args rd.live.check quiet rhgb")"
  efi BOOTX64.EFI
  cp "$t/boot/grub2/grub.cfg" "$t/EFI/BOOT/grub.cfg"
  starts images/eltorito.img images/efiboot.img
}
iso fedora-live Fedora-WS-Live-40-1-14 fedora_live
# made by kiwi since: SUSE's places, Fedora's initramfs
fedora_kiwi() {
  local args='quiet rhgb root=live:CDLABEL=Fedora-WS-Live-43 rd.live.image'
  kernel 6.17.1-300.fc43.x86_64 boot/x86_64/loader/linux
  initrd dracut livenet boot/x86_64/loader/initrd
  image LiveOS/squashfs.img
  # shellcheck disable=SC2016
  grub_menu boot/grub2/grub.cfg "$(grub_entry 'Start Fedora-Workstation-Live' '($root)/boot/x86_64/loader/linux' '($root)/boot/x86_64/loader/initrd' "$args")"
  efi BOOTX64.EFI
  cp "$t/boot/grub2/grub.cfg" "$t/EFI/BOOT/grub.cfg"
  starts boot/x86_64/loader/eltorito.img boot/x86_64/efi
}
iso fedora-43-live Fedora-WS-Live-43 fedora_kiwi

# anaconda FAMILY VERSION VARIANT LABEL KERNEL-VERSION TITLE
anaconda() {
  kernel "$5" images/pxeboot/vmlinuz
  initrd anaconda '' images/pxeboot/initrd.img
  image images/install.img
  text .discinfo 1713302461.0 "$2" x86_64
  text .treeinfo '[general]' "; WARNING.0 = This section provides compatibility with pre-productmd treeinfos." 'arch = x86_64' "family = $1" "name = $1 $2" \
    'packagedir = Packages' 'platforms = x86_64,xen' 'repository = .' 'timestamp = 1713302461' "variant = $3" "variants = $3" "version = $2" '' \
    '[header]' 'type = productmd.treeinfo' 'version = 1.2' '' '[images-x86_64]' 'efiboot.img = images/efiboot.img' 'initrd = images/pxeboot/initrd.img' \
    'kernel = images/pxeboot/vmlinuz' '' '[release]' "name = $1" "short = ${1%% *}" "version = $2" '' '[stage2]' 'mainimage = images/install.img' '' \
    '[tree]' 'arch = x86_64' 'build_timestamp = 1713302461' 'platforms = x86_64,xen' "variants = $3"
  anaconda_menus "$4" "$6"
}
anaconda_menus() { # LABEL TITLE
  grub_menu EFI/BOOT/grub.cfg "$(grub_entry "Install $2" /images/pxeboot/vmlinuz /images/pxeboot/initrd.img "inst.stage2=hd:LABEL=$1 quiet")" \
    "$(grub_entry "Test this media & install $2" /images/pxeboot/vmlinuz /images/pxeboot/initrd.img "inst.stage2=hd:LABEL=$1 rd.live.check quiet")" \
    "$(grub_entry "Rescue a $2 system" /images/pxeboot/vmlinuz /images/pxeboot/initrd.img "inst.stage2=hd:LABEL=$1 inst.rescue quiet")"
  text isolinux/isolinux.cfg 'default vesamenu.c32' 'timeout 600' 'label linux' "  menu label ^Install $2" '  kernel vmlinuz' \
    "  append initrd=initrd.img inst.stage2=hd:LABEL=$1 quiet"
  cp "$t/images/pxeboot/"* "$t/isolinux/"
  efi BOOTX64.EFI
  starts isolinux/isolinux.bin images/efiboot.img
}
# packages REPOSITORY...: a DVD has them.
packages() {
  local f
  for f; do text "${f}repodata/repomd.xml" '<repomd xmlns="http://linux.duke.edu/metadata/repo"/>'; done
}
# dvd "REPOSITORIES" ANACONDA'S ARGUMENTS
dvd() {
  local f
  anaconda "${@:2}"
  for f in $1; do packages "${f#.}"; done
}
iso fedora-server Fedora-S-dvd-x86_64-40 dvd . Fedora 40 Server Fedora-S-dvd-x86_64-40 6.8.5-301.fc40.x86_64 'Fedora 40'
iso centos-stream CentOS-Stream-9-BaseOS-x86_64 dvd 'BaseOS/ AppStream/' 'CentOS Stream' 9 BaseOS CentOS-Stream-9-BaseOS-x86_64 5.14.0-432.el9.x86_64 'CentOS Stream 9'
iso rocky-dvd Rocky-9-5-x86_64-dvd dvd 'BaseOS/ AppStream/' 'Rocky Linux' 9.5 BaseOS Rocky-9-5-x86_64-dvd 5.14.0-503.14.1.el9_5.x86_64 'Rocky Linux 9.5'
iso alma-dvd AlmaLinux-9-5-x86_64-dvd dvd 'BaseOS/ AppStream/' AlmaLinux 9.5 BaseOS AlmaLinux-9-5-x86_64-dvd 5.14.0-503.11.1.el9_5.x86_64 'AlmaLinux 9.5'
# the small ones: a second stage, and no packages
iso fedora-netinst Fedora-E-dvd-x86_64-40 anaconda Fedora 40 Everything Fedora-E-dvd-x86_64-40 6.8.5-301.fc40.x86_64 'Fedora 40'
iso rocky-boot Rocky-9-5-x86_64-boot anaconda 'Rocky Linux' 9.5 BaseOS Rocky-9-5-x86_64-boot 5.14.0-503.14.1.el9_5.x86_64 'Rocky Linux 9.5'
