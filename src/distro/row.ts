/**
 * What the tables are made of. Patterns are names in an image, `*` for any characters of one name, letter case aside.
 * In patterns and words `$base` is the first folder of what decided the family, `$1` what `*` of the kernel's pattern
 * stood for, `$medium` the file that holds the system, `$folder` where it lies; more in `lines.ts`. `{tree}` and the like
 * are the menu's to fill.
 */
import type { Arch, EntryUse, Firmware, ImageProblem, Transport } from '../core/image.ts';

/** All that is said must hold. An image whose version could not be told counts as the newest. */
export interface When {
  /** The release of what it is based on: 22.04 of Ubuntu for Mint 21, 9 of RHEL for Rocky 9. */
  readonly since?: number;
  readonly before?: number;
  /** One of them is there; none of them is. */
  readonly has?: string | readonly string[];
  readonly lacks?: string | readonly string[];
  /** Ids of products. */
  readonly product?: readonly string[];
  readonly notProduct?: readonly string[];
  /** It is one of the distributions that have a row. */
  readonly isNamed?: boolean;
  readonly transport?: Transport;
  /** How many files match the boot's medium. */
  readonly media?: 'one' | 'several';
  /** The El Torito catalogue has an entry for it, or it is a disk image. */
  readonly boots?: Firmware;
  readonly maxBytes?: number;
}

/** A word of the command line, and why it is there. */
export interface Word {
  readonly word: string;
  readonly why: string;
  /** Where that was read: the key of a source with the file in it, `casper: scripts/casper`. */
  readonly from: string;
  readonly when?: When;
}

/** What decides that an image is of a family. */
export interface Mark {
  readonly has: readonly string[];
  readonly lacks?: readonly string[];
  readonly label?: RegExp;
  readonly notLabel?: RegExp;
  readonly systemId?: RegExp;
}

/** A kernel and what is loaded with it; each match of the pattern is one. */
export interface Boot {
  readonly kernel: string;
  /** Of each list the first that is there; an empty name means that none is needed. */
  readonly initrds: readonly (readonly string[])[];
  /** Where the place says it better than the kernel itself. */
  readonly arch?: Arch;
  readonly variant?: string;
  readonly firmware?: readonly Firmware[];
  /** Only where none of the boots before it is there. */
  readonly isElse?: true;
  /** Replaces the family's. */
  readonly medium?: string;
  readonly words?: readonly Word[];
}

/** What a machine needs: so many times the files or the image, the largest of them once more, and so much beside. */
export interface Memory {
  readonly of: 'nothing' | 'image' | 'medium' | 'kernel';
  readonly times?: number;
  readonly andLargest?: boolean;
  readonly plusMib: number;
}

/** A way to start: one entry for each boot. */
export interface Way {
  readonly use: EntryUse;
  readonly variant?: string;
  /** Ends the entry's key, where another way has the same use and transport. */
  readonly suffix?: string;
  readonly transport: Transport;
  readonly isStreaming?: boolean;
  readonly when?: When;
  readonly words?: readonly Word[];
  readonly memory: Memory;
  /** Kernel and initrds that come from elsewhere; the image's own only say for which architecture. */
  readonly companion?: {
    readonly id: string;
    readonly kernel: string;
    readonly initrds: readonly string[];
    /** Its kernel has to be the one on the image. */
    readonly isSameKernel?: true;
  };
  /** The whole image becomes a file of the initramfs, of this name. */
  readonly imageAs?: string;
  /** `linux` where nothing else is said. */
  readonly how?: 'linux' | 'memdisk' | 'sanboot' | 'wimboot';
}

export interface Family {
  readonly id: string;
  /** One of them is enough. */
  readonly marks: readonly Mark[];
  /** Families that may be on the same image and then give further entries. */
  readonly besides?: readonly string[];
  readonly boots: readonly Boot[];
  readonly medium?: string;
  /** Of every way. */
  readonly words: readonly Word[];
  /** The best first: what streams before what loads into memory. */
  readonly ways: readonly Way[];
  /** Whether words of the image's own boot menu are taken over. */
  readonly takesOwnWords: boolean;
  readonly unattended?: readonly { readonly when?: When; readonly parameter: string }[];
  /** The first that applies is told. `onlyAlone`: just where no way is left. */
  readonly problems?: readonly { readonly when?: When; readonly onlyAlone?: boolean; readonly problem: ImageProblem }[];
}

/** Something that the image says of itself: named groups `version`, `codename`, `edition`, `arch` are taken from it. */
export interface Tell {
  /** `label`, `info` (.disk/info), `menu` (titles of its boot menu), `file` (the image's name) or a name in the image. */
  readonly in: string;
  readonly like: RegExp;
  /** It only adds to what is known. */
  readonly isWeak?: boolean;
}

export interface Product {
  readonly id: string;
  readonly name: string;
  /** The submenu. */
  readonly group: string;
  /** One that isn't weak has to match. */
  readonly tells: readonly Tell[];
  /** Only images of these families. */
  readonly families?: readonly string[];
  /** Where nothing says more. */
  readonly edition?: string;
  /** Editions as the image writes them, in small letters, and as people do. */
  readonly editions?: Readonly<Record<string, string>>;
  /** Versions (how they begin) and the release that each is based on; `own` where its versions are the base's. */
  readonly base?: 'own' | readonly (readonly [string, number])[];
  readonly codenames?: Readonly<Record<string, string>>;
  /** Codenames of what it is based on, in small letters, and its release, where versions don't say it. */
  readonly baseOfCodename?: Readonly<Record<string, number>>;
  /** Replaces `live`. */
  readonly use?: EntryUse;
  readonly words?: readonly Word[];
}
