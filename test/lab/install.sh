#!/usr/bin/env bash
# install.sh - installs the Debian packages that the lab and the tests need.
# Idempotent: packages already there are left alone. Needs root and a working
# apt; starts no daemon (a temporary policy-rc.d forbids it).
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: install.sh [--boot | --tests | --all] [--check]
  --boot     what the demo needs: net.sh, boot.sh, x86 machines, an installer
  --tests    also the clients that the tests talk to, what makes and reads
             images, arm64 and ia32 machines, and shellcheck
  --all      also the reference peer and image building (default)
  --check    install nothing; list what is missing, exit 1 if anything is
USAGE
}

boot=(
  qemu-system-x86 seabios ipxe-qemu ovmf              # the machine and its firmware
  debian-installer-12-netboot-amd64                   # what it boots into
  iproute2 nftables tcpdump procps                    # namespaces, captures
  busybox python3                                     # udhcpc, vmwatch.py
)
tests=(
  tftp-hpa atftp curl                                 # TFTP and HTTP clients
  udhcpc isc-dhcp-client bind9-dnsutils iputils-ping  # DHCP and DNS clients
  knot-dnsutils ldnsutils nsd unbound                 # more DNS clients, a server to ask, a resolver to compare with
  isc-dhcp-relay dnsmasq-base                         # what may stand between them and flink, or beside it
  dhcpcd-base systemd nmap isc-dhcp-relay             # more of them, and a relay
  rpcbind                                             # a portmapper that a node finds in its place
  nfs-common netbase libnfs-utils                     # NFS clients
  klibc-utils                                         # that of an initramfs
  gcc libc6-dev libnfs-dev                            # and what builds one of our own
  grub-common                                         # grub-script-check, for the menus
  qemu-system-arm qemu-efi-aarch64 ovmf-ia32          # arm64 and ia32 machines
  xorriso genisoimage udftools python3-pycdlib        # makers of images for the tests of the reader
  libarchive-tools 7zip                               # bsdtar and 7zz, which read them beside it
  apt-utils gpg openssl xz-utils                      # an archive of packages, signed, by HTTPS, for the proxy
  cpio squashfs-tools wimtools                        # make-fake-isos.sh
  debootstrap zstd isolinux syslinux-common           # make-live-iso.sh
  grub-efi-amd64-bin mtools
  shellcheck
)
more=(
  debian-installer-12-netboot-arm64
  debian-installer-12-netboot-i386
  nginx-light                                         # reference-dnsmasq.sh
  pxelinux syslinux-efi
  xz-utils buildah crun                               # build-image.sh
  nfs-ganesha nfs-ganesha-vfs                         # what the benchmark of NFS compares with
)
set=all check=0
while (($#)); do
  case $1 in
    --boot | --tests | --all) set=${1#--} ;;
    --check) check=1 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
want=("${boot[@]}")
[[ $set != boot ]] && want+=("${tests[@]}")
[[ $set == all ]] && want+=("${more[@]}")

command -v apt-get >/dev/null || { echo 'install.sh: the lab needs a Debian machine (apt-get)' >&2; exit 2; }
missing=()
for p in "${want[@]}"; do
  # busybox and busybox-static exclude each other; either will do
  [[ $p == busybox ]] && command -v busybox >/dev/null && continue
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null) == installed ]] || missing+=("$p")
done
if ((${#missing[@]} == 0)); then echo "install.sh: all ${#want[@]} packages present"; exit 0; fi
if ((check)); then printf 'missing: %s\n' "${missing[@]}"; exit 1; fi
((EUID == 0)) || { echo 'install.sh: must run as root (apt-get install)' >&2; exit 1; }

# Several labs may want packages at once; the policy file belongs to one of them.
exec 8>/run/lock/flisolator-lab-install
flock 8
# No daemon may start on the host: everything runs inside the lab's namespaces.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=600 update -qq
apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "${missing[@]}"
echo "install.sh: installed ${#missing[@]} packages"
