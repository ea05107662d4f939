# shellcheck shell=bash disable=SC2154,SC2034
# casper: Ubuntu and its flavours, Linux Mint. What its initramfs can do depends on the release: `nfs` (up to 19.04)
# loads nothing over HTTP, `url` (19.10) the image named by url=, `iso-url` (22.10) the one named by iso-url=.

# casper KNOWS KERNEL-VERSION INFO INITRD SQUASHFS...: what all have.
casper() {
  local knows=$1 version=$2 info=$3 initrd=$4
  shift 4
  text .disk/info "$info"
  text .disk/casper-uuid-generic 12345678-1234-1234-1234-123456789abc
  kernel "$version" casper/vmlinuz
  initrd casper "$knows" "casper/$initrd"
  image "${@/#/casper/}"
  text casper/filesystem.manifest 'base-files 12'
  text casper/filesystem.size "$((payload * 1024))"
  text md5sum.txt 'd41d8cd98f00b204e9800998ecf8427e  ./.disk/info'
  efi BOOTX64.EFI
}
# ubuntu_menu NAME ARGS INITRD: grub.cfg and loopback.cfg, which differ by one word.
ubuntu_menu() {
  grub_menu boot/grub/grub.cfg "$(grub_entry "Try or Install $1" /casper/vmlinuz "/casper/$3" "$2")" \
    "$(grub_entry "$1 (safe graphics)" /casper/vmlinuz "/casper/$3" "nomodeset $2")"
  # shellcheck disable=SC2016
  grub_entry "Try or Install $1" /casper/vmlinuz "/casper/$3" 'iso-scan/filename=${iso_path} '"$2" | page boot/grub/loopback.cfg
}

# 22.10 and later: ubuntu_new NAME INFO KERNEL-VERSION ARGS SQUASHFS...
ubuntu_new() {
  casper iso-url "$3" "$2" initrd "${@:5}"
  ubuntu_menu "$1" "$4" initrd
  text casper/install-sources.yaml '- default: true' "  id: ${name%%-*}-desktop-minimal" '  name: {en: Minimal}' "  path: $5" '  type: fsimage-layered'
  starts boot/grub/i386-pc/eltorito.img boot/grub/efi.img
}
layers=(minimal.squashfs minimal.standard.squashfs minimal.standard.live.squashfs)
iso ubuntu-24.04 'Ubuntu 24.04.1 LTS amd64' ubuntu_new Ubuntu 'Ubuntu 24.04.1 LTS "Noble Numbat" - Release amd64 (20240827.1)' \
  6.8.0-41-generic ' --- quiet splash' "${layers[@]}"
iso ubuntu-25.10 'Ubuntu 25.10 amd64' ubuntu_new Ubuntu 'Ubuntu 25.10 "Questing Quokka" - Release amd64 (20251007)' \
  6.17.0-5-generic ' --- quiet splash' "${layers[@]}"
# its menu names the layer
iso ubuntu-23.10 'Ubuntu 23.10.1 amd64' ubuntu_new Ubuntu 'Ubuntu 23.10.1 "Mantic Minotaur" - Release amd64 (20231016.1)' \
  6.5.0-9-generic 'layerfs-path=minimal.standard.live.squashfs --- quiet splash' "${layers[@]}"
iso kubuntu-24.04 'Kubuntu 24.04.1 LTS amd64' ubuntu_new Kubuntu 'Kubuntu 24.04.1 LTS "Noble Numbat" - Release amd64 (20240826)' \
  6.8.0-41-generic ' --- quiet splash' filesystem.squashfs
iso lubuntu-24.04 'Lubuntu 24.04.1 LTS amd64' ubuntu_new Lubuntu 'Lubuntu 24.04.1 LTS "Noble Numbat" - Release amd64 (20240826)' \
  6.8.0-41-generic ' --- quiet splash' filesystem.squashfs
ubuntu_server() {
  ubuntu_new 'Ubuntu Server' 'Ubuntu-Server 24.04.1 LTS "Noble Numbat" - Release amd64 (20240827)' 6.8.0-41-generic ' ---' \
    ubuntu-server-minimal{,.ubuntu-server{,.installer{,.generic}}}.squashfs
  kernel 6.8.0-41-generic casper/hwe-vmlinuz
  initrd casper iso-url casper/hwe-initrd
  text casper/install-sources.yaml '- default: true' '  id: ubuntu-server' '  path: ubuntu-server-minimal.ubuntu-server.squashfs'
  mkdir -p "$t"/{dists/noble,pool}
  text dists/noble/Release 'Origin: Ubuntu' 'Suite: noble' 'Codename: noble'
  grub_menu boot/grub/grub.cfg "$(grub_entry 'Try or Install Ubuntu Server' /casper/vmlinuz /casper/initrd ' ---')" \
    "$(grub_entry 'Ubuntu Server with the HWE kernel' /casper/hwe-vmlinuz /casper/hwe-initrd ' ---')"
}
iso ubuntu-server-24.04 'Ubuntu-Server 24.04.1 LTS amd64' ubuntu_server

# 19.10 to 22.04: ubuntu_classic NAME SEED INFO KERNEL-VERSION
ubuntu_classic() {
  casper url "$4" "$3" initrd filesystem.squashfs
  text "preseed/$2.seed" 'd-i finish-install/reboot_in_progress note'
  ubuntu_menu "$1" "file=/cdrom/preseed/$2.seed maybe-ubiquity quiet splash ---" initrd
  starts boot/grub/i386-pc/eltorito.img boot/grub/efi.img
}
iso ubuntu-22.04 'Ubuntu 22.04.4 LTS amd64' ubuntu_classic Ubuntu ubuntu \
  'Ubuntu 22.04.4 LTS "Jammy Jellyfish" - Release amd64 (20240220)' 6.5.0-18-generic
iso ubuntu-mate 'Ubuntu-MATE 22.04.4 LTS amd64' ubuntu_classic 'Ubuntu MATE' ubuntu-mate \
  'Ubuntu-MATE 22.04.4 LTS "Jammy Jellyfish" - Release amd64 (20240220)' 6.5.0-18-generic
iso xubuntu 'Xubuntu 22.04.4 LTS amd64' ubuntu_classic Xubuntu xubuntu \
  'Xubuntu 22.04.4 LTS "Jammy Jellyfish" - Release amd64 (20240220)' 6.5.0-18-generic
ubuntu_20_04() {
  ubuntu_classic Ubuntu ubuntu 'Ubuntu 20.04.6 LTS "Focal Fossa" - Release amd64 (20230316)' 5.15.0-67-generic
  master=()
  isolinux_ubuntu 'file=/cdrom/preseed/ubuntu.seed' 'Try or Install Ubuntu' 'maybe-ubiquity quiet splash ---'
  starts isolinux/isolinux.bin boot/grub/efi.img
}
isolinux_ubuntu() { # ARGS-BEFORE TITLE ARGS-BEHIND
  text isolinux/isolinux.cfg '# D-I config version 2.0' 'path ' 'include menu.cfg' 'default vesamenu.c32' 'prompt 0' 'timeout 50' 'ui gfxboot bootlogo'
  text isolinux/menu.cfg 'menu hshift 13' 'include stdmenu.cfg' 'include txt.cfg'
  page isolinux/txt.cfg <<CFG
default live
label live
  menu label ^$2
  kernel /casper/vmlinuz
  append  $1 initrd=/casper/initrd $3
label memtest
  menu label Test ^memory
  kernel /install/mt86plus
label hd
  menu label ^Boot from first hard disk
  localboot 0x80
CFG
}
iso ubuntu-20.04 'Ubuntu 20.04.6 LTS amd64' ubuntu_20_04

# 18.04 and before: over the network by NFS only
ubuntu_18_04() {
  casper nfs 5.4.0-42-generic 'Ubuntu 18.04.5 LTS "Bionic Beaver" - Release amd64 (20200806.1)' initrd filesystem.squashfs
  text preseed/ubuntu.seed 'd-i finish-install/reboot_in_progress note'
  grub_menu boot/grub/grub.cfg \
    "$(grub_entry 'Try Ubuntu without installing' /casper/vmlinuz /casper/initrd 'file=/cdrom/preseed/ubuntu.seed boot=casper quiet splash ---')" \
    "$(grub_entry 'Install Ubuntu' /casper/vmlinuz /casper/initrd 'file=/cdrom/preseed/ubuntu.seed boot=casper only-ubiquity quiet splash ---')"
  isolinux_ubuntu 'file=/cdrom/preseed/ubuntu.seed boot=casper' 'Try Ubuntu without installing' 'quiet splash ---'
  starts isolinux/isolinux.bin boot/grub/efi.img
}
iso ubuntu-18.04 'Ubuntu 18.04.5 LTS amd64' ubuntu_18_04
# 32-bit, with the initrd of its time
xubuntu_i386() {
  bits=32
  casper nfs 4.4.0-21-generic 'Xubuntu 16.04 LTS "Xenial Xerus" - Release i386 (20160420.1)' initrd.lz filesystem.squashfs
  rm -r "$t/EFI"
  isolinux_ubuntu 'file=/cdrom/preseed/xubuntu.seed boot=casper' 'Try Xubuntu without installing' 'quiet splash ---'
  sed -i s/initrd=.casper.initrd/initrd=\\/casper\\/initrd.lz/ "$t/isolinux/txt.cfg"
  starts isolinux/isolinux.bin -
}
iso xubuntu-16.04-i386 'Xubuntu 16.04 LTS i386' xubuntu_i386

# mint KNOWS VERSION CODENAME DATE DESKTOP KERNEL-VERSION
mint() {
  local args="boot=casper uuid=12345678-1234-1234-1234-123456789abc username=mint hostname=mint quiet splash --"
  casper "$1" "$6" "Linux Mint $2 \"$3\" - Release amd64 $4" initrd.lz filesystem.squashfs
  text .disk/mint4win ''
  grub_menu boot/grub/grub.cfg "$(grub_entry "Start Linux Mint $2 $5 64-bit" /casper/vmlinuz /casper/initrd.lz " $args")" \
    "$(grub_entry "Start Linux Mint $2 $5 64-bit (compatibility mode)" /casper/vmlinuz /casper/initrd.lz \
      " ${args% quiet splash --} noapic noacpi nosplash irqpoll nomodeset --")" \
    "$(grub_entry 'OEM install (for manufacturers)' /casper/vmlinuz /casper/initrd.lz " oem-config/enable=true only-ubiquity ${args}")"
  page isolinux/isolinux.cfg <<CFG
default vesamenu.c32
timeout 100
menu background splash.png
menu title Welcome to Linux Mint $2 64-bit
label live
  menu label Start Linux Mint
  kernel /casper/vmlinuz
  append  initrd=/casper/initrd.lz $args
menu default
label xforcevesa
  menu label Start Linux Mint in compatibility mode
  kernel /casper/vmlinuz
  append  boot=casper xforcevesa nomodeset b43.blacklist=yes initrd=/casper/initrd.lz ramdisk_size=1048576 root=/dev/ram rw noapic noacpi nosplash irqpoll --
label local
  menu label Boot from local drive
  COM32 chain.c32
  APPEND hd0
CFG
  starts isolinux/isolinux.bin boot/grub/efi.img
}
iso mint-cinnamon 'Linux Mint 21.3 Cinnamon 64-bit' mint url 21.3 Virginia 20240110 Cinnamon 5.15.0-91-generic
iso mint-mate 'Linux Mint 21.3 MATE 64-bit' mint url 21.3 Virginia 20240110 MATE 5.15.0-91-generic
iso mint-xfce 'Linux Mint 21.3 Xfce 64-bit' mint url 21.3 Virginia 20240110 Xfce 5.15.0-91-generic
iso mint-22 'Linux Mint 22 Cinnamon 64-bit' mint iso-url 22 Wilma 20240722 Cinnamon 6.8.0-38-generic
# as people name what they tried
iso mint-spaces 'Linux Mint 22 Xfce 64-bit' mint iso-url 22 Wilma 20240722 Xfce 6.8.0-38-generic
named mint-spaces 'Linux Mint 22 (prueba número 2).iso'
