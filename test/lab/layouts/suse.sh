# shellcheck shell=bash disable=SC2154,SC2034
# linuxrc (install=): openSUSE's DVDs; Agama and kiwi (root=live: and the whole image): Leap 16, live images.

# linuxrc PRODUCT LABEL KERNEL-VERSION TITLE
linuxrc() {
  kernel "$3" boot/x86_64/loader/linux
  initrd linuxrc '' boot/x86_64/loader/initrd
  image boot/x86_64/root boot/x86_64/common boot/x86_64/rescue
  text boot/x86_64/config 'root: boot/x86_64/root'
  text media.1/media "openSUSE - $2-Media" openSUSE 1
  text media.1/products "/ $1"
  packages ''
  (cd "$t" && sha256sum boot/x86_64/{config,root,common,rescue,loader/linux,loader/initrd} >CHECKSUMS)
  text CHECKSUMS.asc '-----BEGIN PGP SIGNATURE-----'
  text boot/x86_64/loader/isolinux.cfg 'default harddisk' '' '# hard disk' 'label harddisk' '  localboot 0x80' '' "# install" 'label linux' '  kernel linux' \
    '  append initrd=initrd splash=silent showopts' '' '# rescue' 'label rescue' '  kernel linux' '  append initrd=initrd splash=silent rescue=1 showopts' \
    '' 'ui gfxboot bootlogo message' 'timeout 600'
  grub_menu EFI/BOOT/grub.cfg "$(grub_entry Installation /boot/x86_64/loader/linux /boot/x86_64/loader/initrd ' splash=silent')" \
    "$(grub_entry Upgrade /boot/x86_64/loader/linux /boot/x86_64/loader/initrd ' splash=silent upgrade=1')" \
    "$(grub_entry 'Rescue System' /boot/x86_64/loader/linux /boot/x86_64/loader/initrd ' splash=silent rescue=1')"
  efi BOOTX64.EFI
  starts boot/x86_64/loader/isolinux.bin boot/x86_64/efi
}
# labels have 32 characters at most
iso opensuse-leap openSUSE-Leap-15.6-DVD-x86_64710 linuxrc 'openSUSE-Leap 15.6-710.3' openSUSE-Leap-15.6-DVD-x86_64-Build710.3 6.4.0-150600.21-default
iso opensuse-tumbleweed openSUSE-Tumbleweed-DVD-x86_6420 linuxrc 'openSUSE-20241115-0' openSUSE-Tumbleweed-DVD-x86_64-Build2041.1 6.11.7-1-default

# kiwi FAMILY KERNEL-VERSION TITLE LABEL
kiwi() {
  # shellcheck disable=SC2016
  local linux='($root)/boot/x86_64/loader/linux' initrd='($root)/boot/x86_64/loader/initrd'
  kernel "$2" boot/x86_64/loader/linux
  initrd "$1" iso boot/x86_64/loader/initrd
  image LiveOS/squashfs.img
  grub_menu boot/grub2/grub.cfg "$(grub_entry "$3" "$linux" "$initrd" \
    "root=live:CDLABEL=$4 rd.live.image rd.live.overlay.persistent rd.live.overlay.cowfs=ext4 splash=silent quiet")"
  efi BOOTX64.EFI
  cp "$t/boot/grub2/grub.cfg" "$t/EFI/BOOT/grub.cfg"
  starts boot/x86_64/loader/eltorito.img boot/x86_64/efi
}
iso opensuse-leap-16 Install-Leap-16.0-x86_64 kiwi agama 6.12.0-160000.5-default 'Install Leap 16.0' Install-Leap-16.0-x86_64
# as its maker does for files over 4 GiB: UDF beside ISO 9660
kiwi_udf() { maker=udf-bridge; kiwi "$@"; }
iso opensuse-kde-live openSUSE_Leap_15.6_KDE_Live kiwi_udf kiwi 6.4.0-150600.21-default 'openSUSE Leap 15.6 KDE Live' openSUSE_Leap_15.6_KDE_Live
