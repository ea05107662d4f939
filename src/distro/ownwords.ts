/** What of an image's own command line is taken over, and how many words a kernel can carry. */
import { keyOf, safeWord } from './plain.ts';

/**
 * By their keys: what the network line replaces, what looks for a local medium or keeps changes on it, and what loaders
 * and menus add themselves. casper, live-boot, archiso, miso, dracut, anaconda, linuxrc, kiwi.
 */
const NOT_TAKEN: ReadonlySet<string> = new Set(
  [
    'boot boot_image bootif break cdrom cdroot checksum console copytoram copytoram_size',
    'cow_device cow_directory cow_persistent fetch findiso from fromiso ftpfs httpfs img_dev img_loop init initrd',
    'inst.ks inst.repo inst.stage2 install integrity-check ip iso-scan/filename iso-url ks',
    'netboot netsetup nfsopts nfsroot persistence persistent ramdisk_size',
    'rd.live.check rd.live.dir rd.live.overlay rd.live.overlay.cowfs rd.live.overlay.persistent rd.live.ram',
    'rd.live.squashimg rdinit repo root stage2 toram url uuid verify verify-checksums vmlinuz',
  ].flatMap((line) => line.split(' ')),
);
const NOT_TAKEN_BEGINNINGS = ['archiso', 'isofrom', 'live-media', 'miso', 'persistence-'];

function isTaken(word: string): boolean {
  const key = keyOf(word);
  if (/^-*$/.test(key) || key.endsWith('label')) return false;
  return !NOT_TAKEN.has(key) && !NOT_TAKEN_BEGINNINGS.some((beginning) => key.startsWith(beginning));
}

/** Of which the tables' value holds; other keys may stand on a line several times: `systemd.mask=`. */
const SINGLE: ReadonlySet<string> = new Set(
  [
    'cloud-init edd fsck.mode hostname net.ifnames noconfig ocs_live_batch ocs_live_extra_param ocs_live_run',
    'rd.dm rd.luks rd.md union username vga',
  ].flatMap((line) => line.split(' ')),
);

/** Without these the system finds no root: they go before others where not all fit. */
const NEEDED: ReadonlySet<string> = new Set(['layerfs-path', 'misobasedir', 'rd.live.image']);

/** `own` as far as it adds something to `placed` and fits behind it, in its order. */
export function ownWords(own: readonly string[], placed: readonly string[]): readonly string[] {
  const single = new Set(placed.map(keyOf).filter((key) => SINGLE.has(key)));
  const known = new Set(placed);
  const added = new Set<string>();
  for (const raw of own) {
    const word = safeWord(raw);
    if (word !== undefined && isTaken(word) && !known.has(word) && !single.has(keyOf(word))) added.add(word);
  }
  const words = [...added];
  const first = words.toSorted((a, b) => Number(NEEDED.has(keyOf(b))) - Number(NEEDED.has(keyOf(a))));
  const room = roomBehind(placed);
  const fitting = new Set(first.filter((word) => room.takes(word)));
  return words.filter((word) => fitting.has(word));
}

/** Of either kind, less than the 30 that init may be handed: loaders add some. [linux: init/main.c, unknown_bootoption] */
const MAX_UNKNOWN = 24;
/** Menus take 48 words of 1500 octets, addresses filled in. */
const MAX_WORDS = 40;
const MAX_CHARS = 1100;

/** Parameters of the kernel's own that boot menus have; what has a dot is a module's. [linux: kernel-parameters.txt] */
const KERNELS_OWN: ReadonlySet<string> = new Set(
  [
    'acpi acpi_osi apparmor apic debug edd elevator enforcing intel_iommu iomem iommu irqpoll lapic loglevel lsm maxcpus mem',
    'mitigations nmi_watchdog noapic nolapic nomodeset noresume nosmp nosmt pci quiet ramdisk_size resume ro root',
    'rootdelay rootflags rootfstype rw security selinux vga video',
  ].flatMap((line) => line.split(' ')),
);

function roomBehind(placed: readonly string[]): { readonly takes: (word: string) => boolean } {
  const left = { flag: MAX_UNKNOWN, pair: MAX_UNKNOWN, words: MAX_WORDS, chars: MAX_CHARS };
  const takes = (word: string): boolean => {
    const kind = word.includes('=') ? 'pair' : 'flag';
    const isKnown = keyOf(word).includes('.') || KERNELS_OWN.has(keyOf(word));
    if ((!isKnown && left[kind] < 1) || left.words < 1 || left.chars <= word.length) return false;
    if (!isKnown) left[kind]--;
    left.words--;
    left.chars -= word.length + 1;
    return true;
  };
  for (const word of placed) takes(word);
  return { takes };
}
