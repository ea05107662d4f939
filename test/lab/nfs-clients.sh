# shellcheck shell=sh
# nfs-clients.sh - read by fake-init.sh on the machine of NFS clients: mounts what
# the node lab.node= exports, by every way that an initramfs has, and reports:
#   LAB-NODE KIND MODE UID.GID SECONDS SIZE SHA256 PATH   of odd-tree, by the first client
#   LAB-TREE CLIENT NODES SHA256   of those lines, by each
#   LAB-MANY CLIENT NAMES SHA256   of the sorted names of its large folder
#   LAB-ISOS NAME                  of each image in the folder of images
#   LAB-LOOP SHA256 PATH           of what is in one of them, mounted through NFS
#   LAB-TAIL SIZE SHA256           of the last megabyte of a file over 4 GiB
#   LAB-WRITE, LAB-ABSENT WHAT     what is said to whoever writes, and asks for what isn't there

mount_by() { # CLIENT SOURCE
  case $1 in
    casper) nfsmount -o nolock -o ro "$2" /nfs ;; # and live-boot
    archiso) nfsmount "$2" /nfs ;;                # and miso
    kernel) mount -t nfs -o "nfsvers=3,nolock,addr=${2%%:*}" "$2" /nfs ;;
    kernel-udp) mount -t nfs -o "nfsvers=3,nolock,mountproto=udp,addr=${2%%:*}" "$2" /nfs ;;
    anaconda) /clients/mount.nfs "$2" /nfs -o ro,nfsvers=3,nolock ;;
    dracut) /clients/mount.nfs "$2" /nfs -o ro,nolock ;; # which asks for version 4 first
  esac 2>/nfs.err || { miss "$1 mounts $2: $(tr '\n' ' ' </nfs.err)"; return 1; }
}
sum() { sha256sum | cut -d' ' -f1; }

nodes() { # every one but the large folder's, in the order of their names
  find . -path './many/*' -prune -o -print | LC_ALL=C sort | while IFS= read -r f; do
    size='' sum=-
    if [ -L "$f" ]; then
      kind=link sum=$(printf %s "$(readlink "$f")" | sum)
    elif [ -d "$f" ]; then
      kind=dir
    else
      kind=file size=$(stat -c %s "$f") sum=$(sum <"$f")
    fi
    echo "LAB-NODE $kind $(stat -c '%a %u.%g %Y' "$f") ${size:--} $sum $f"
  done
}
odd_tree() { # CLIENT
  mount_by "$1" "$node:/tree/odd-tree" || return
  (cd /nfs && nodes >/nodes && find many -type f | LC_ALL=C sort >/many)
  [ "$1" != casper ] || cat /nodes >/dev/ttyS0
  say "LAB-TREE $1 $(wc -l </nodes) $(sum </nodes)"
  say "LAB-MANY $1 $(wc -l </many) $(sum </many)"
  umount /nfs || miss "umount after $1"
}

nfs_clients() {
  node=$(arg lab.node) || { miss lab.node=; return; }
  insert nfs; insert nfs4
  set +f
  for client in casper archiso kernel anaconda dracut; do odd_tree $client; done
  # A folder of images, and one of them looped, as anaconda does.
  if mount_by kernel "$node:/isos"; then
    find /nfs/*.iso | sed 's|^/nfs/|LAB-ISOS |' >/dev/ttyS0
    if mount -o loop,ro /nfs/debian-live.iso /iso; then
      (cd /iso && find . -type f | while IFS= read -r f; do echo "LAB-LOOP $(sum <"$f") $f"; done) >/dev/ttyS0
      umount /iso
    else
      miss 'debian-live.iso as a loop'
    fi
    umount /nfs
  fi
  if mount_by kernel-udp "$node:/tree/large-file"; then
    say "LAB-TAIL $(stat -c %s /nfs/large) $(tail -c 1000000 /nfs/large | sum)"
    umount /nfs
  fi
  # Whoever mounts without ro is told when writing; and what isn't there at once.
  if mount_by archiso "$node:/tree/odd-tree"; then
    for what in 'touch /nfs/new' 'rm -f /nfs/empty-file' 'mkdir /nfs/folder' 'chmod 777 /nfs/megabytes' 'mv -f /nfs/megabytes /nfs/moved'; do
      say "LAB-WRITE $($what 2>&1)"
    done
    umount /nfs
  fi
  say "LAB-ABSENT $(nfsmount -o nolock "$node:/tree/absent" /nfs 2>&1)"
}
nfs_clients
