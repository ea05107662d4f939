/**
 * What the node knows of an image, in words that reader, recognition, catalogue and menus share: the file itself, what
 * is on it, what can be started from it.
 */
import type { FolderEntry } from './content.ts';

export type Arch = 'x86_64' | 'i386' | 'arm64';
export type Firmware = 'bios' | 'uefi';

/**
 * Who has signed the kernel, as read in it. `debian-signed`: Debian's shim and GRUB start it. `own-shim`: its own
 * distribution did, so only that one's shim starts it (iPXE 2.0 takes it out of the image). `no`: nobody, or nobody whose
 * loader is at hand, so Secure Boot has to be off. `unknown`: it is no EFI program that can be read. Of an entry that
 * needs a companion the companion's kernel says it, `unknown` till then.
 */
export type SecureBoot = 'debian-signed' | 'own-shim' | 'no' | 'unknown';

/** How what comes after kernel and initrd gets to the machine. */
export type Transport = 'http' | 'nfs' | 'tftp';

/** An image as recognition sees it. Paths are absolute in it (`/casper/vmlinuz`), letter case does not matter. */
export interface ImageView {
  /** The file's own name, `Mint 22.iso`: only a last resort, for what the inside does not say. */
  readonly fileName: string;
  /** `raw`: a disk or floppy image, in which nothing is looked up. */
  readonly format: 'iso9660' | 'udf' | 'raw';
  readonly label: string;
  /** ISO 9660's system identifier: `LINUX`, `FreeBSD`. Empty for UDF. */
  readonly systemId: string;
  readonly sizeBytes: number;
  readonly bootImages: readonly BootImage[];
  /** Names as they are stored; undefined when it isn't there or is no folder. */
  list(path: string): Promise<readonly FolderEntry[] | undefined>;
  /** At most `maxBytes` from `position` (0), less at the end; undefined when it isn't there, is no file or is damaged. */
  read(path: string, maxBytes: number, position?: number): Promise<Uint8Array | undefined>;
}

/** An entry of the El Torito boot catalogue. El Torito 1.0 §2. */
export interface BootImage {
  readonly platform: 'bios' | 'uefi' | 'other';
  readonly emulation: 'none' | 'floppy' | 'hard-disk';
  /** In the image; the length is what the catalogue says, which for EFI is often too short. */
  readonly position: number;
  readonly lengthBytes: number;
}

/** How an entry starts, with names inside the image: `casper/vmlinuz`. */
export type ImageHow =
  | {
      readonly kind: 'linux';
      /** `/boot/...` for a companion kernel, else a name in the image. */
      readonly kernel: string;
      /** In loading order. */
      readonly initrds: readonly string[];
      /** `{http}` the node's URL, `{node}` its address, `{iso}` the image's URL, `{tree}` the URL of its inside without a slash at the end, `{nfs}` the same as `ADDRESS:/path`, `{nfsiso}` the image by NFS, `{path}` the path of its inside on the node, `/tree/ALIAS`, the same by HTTP and NFS. */
      readonly arguments: readonly string[];
      /** The distribution's own shim in the image, for loaders that take one. */
      readonly shim?: string;
      /** The whole image as one more file in the initramfs, under this absolute name: iPXE only. */
      readonly imageAs?: string;
    }
  /** Windows PE by wimboot: names in the image, iPXE only. */
  | {
      readonly kind: 'wimboot';
      readonly files: readonly { readonly name: string; readonly file: string }[];
      readonly index?: number;
    }
  /** The whole image in memory, BIOS only. */
  | { readonly kind: 'memdisk' }
  /** Block by block over HTTP, by iPXE only, until the system loads drivers of its own. */
  | { readonly kind: 'sanboot' };

/** What a menu shows it as, in its own language. `live`: try without installing. */
export type EntryUse =
  | 'live'
  | 'install'
  | 'graphical-install'
  | 'text-install'
  | 'expert-install'
  | 'rescue'
  | 'memory-test'
  | 'start'
  | 'last-resort';

export interface ImageEntry {
  /** Unique in the image, stable: `live`, `install`, `live-nfs`. `[a-z0-9][a-z0-9-]*` */
  readonly key: string;
  readonly use: EntryUse;
  /** What tells it from another entry of the same use: `safe graphics`, a kernel's version. */
  readonly variant?: string;
  readonly transport: Transport;
  /** The medium is read as it is needed, instead of loaded into memory. */
  readonly isStreaming: boolean;
  readonly archs: readonly Arch[];
  readonly firmware: readonly Firmware[];
  readonly how: ImageHow;
  readonly memoryMib?: number;
  readonly secureBoot: SecureBoot;
  /** A kernel from elsewhere without which it cannot start: `debian-12-amd64`; `fnode loaders install --for IMAGE` brings it. */
  readonly companion?: string;
  /** Which kernel the companion has to have, `6.1.0-37-amd64`, where its modules lie on the image. */
  readonly companionVersion?: string;
  /** The parameter that starts an unattended installation: `inst.ks={url}`. For people; no menu adds it by itself. */
  readonly unattended?: string;
}

/** Why an image has no entry. `damaged` and `not-an-image` are the reader's, the rest recognition's. */
export type ImageProblem = {
  readonly reason: 'damaged' | 'not-an-image' | 'needs-companion' | 'cannot-netboot' | 'needs-nfs' | 'unknown';
  /** One sentence: what is wrong. */
  readonly says: string;
  /** One sentence: what would help. */
  readonly cure?: string;
};

/** What recognition found out. Only JSON in it: it is remembered on disk. */
export interface Verdict {
  /** The row of the table: `casper`, `live-boot`, `anaconda`, `unknown`. */
  readonly family: string;
  /** The distribution, `Ubuntu MATE`, `Linux Mint`; an unknown image's label or file name. */
  readonly name: string;
  /** `24.04.1 LTS`; empty when it can't be told. */
  readonly version: string;
  /** `Noble Numbat`. */
  readonly codename?: string;
  /** Desktop or kind: `Cinnamon`, `Server`, `netinst`. */
  readonly edition?: string;
  readonly archs: readonly Arch[];
  /** The submenu it belongs to: `Ubuntu` for all flavours. */
  readonly group: string;
  readonly entries: readonly ImageEntry[];
  readonly problem?: ImageProblem;
}

export type ChecksumState =
  | { readonly kind: 'none' }
  | { readonly kind: 'waiting'; readonly sumsFile: string }
  | { readonly kind: 'checking'; readonly sumsFile: string; readonly doneBytes: number }
  | { readonly kind: 'right'; readonly sumsFile: string }
  /** It is in no menu. */
  | { readonly kind: 'wrong'; readonly sumsFile: string; readonly wanted: string; readonly got: string };

/** An image in the folder, as it stands now. */
export interface CatalogImage {
  /** Below the folder of images: `debian.iso`, `old/Mint 22.iso`. */
  readonly path: string;
  /** What URLs in menus call it, without a suffix: `debian`, `mint-22`. Only `[A-Za-z0-9._+-]`; nothing else has it. */
  readonly alias: string;
  /** `.iso`, in small letters, or `.img`. */
  readonly suffix: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** `copying`: it grows, or is shorter than it says it is. `reading`: its inside is being looked at. */
  readonly state: 'copying' | 'reading' | 'ready';
  /** Of a volume that is larger than the file: how long the file has to become. */
  readonly declaredBytes?: number;
  /** Once it is ready. */
  readonly verdict?: Verdict;
  /** Once it is ready: as HTTP gives it, equal on every node for equal bytes. */
  readonly etag?: string;
  /** Path of an image that comes before this one and has the same bytes, as far as their ETags can tell. */
  readonly sameAs?: string;
  readonly checksum: ChecksumState;
}

/** One line of the menus that an image has given. */
export interface OfferedEntry {
  /** What `menu.default` and `boot:` of a client name: `linux-mint-22-cinnamon-amd64`. */
  readonly id: string;
  readonly title: string;
  /** The `ImageEntry` that it comes from; none for one of the file beside the image. */
  readonly key?: string;
  readonly archs: readonly Arch[];
  readonly firmware: readonly Firmware[];
  readonly memoryMib?: number;
  readonly secureBoot: SecureBoot;
}

/** What of an image stands in the menus now, and what does not and why. */
export interface Offer {
  /** As `CatalogImage.path`. */
  readonly path: string;
  /** As the file beside it calls the image, where it does. */
  readonly title?: string;
  /** The file beside it keeps it out of the menus. */
  readonly isHidden: boolean;
  readonly entries: readonly OfferedEntry[];
  /** Found by recognition, in no menu. Each sentence ends in the cure, where there is one. */
  readonly heldBack: readonly { readonly key: string; readonly id: string; readonly says: string }[];
}
