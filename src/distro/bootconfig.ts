/** What an image's own boot menus start, read out of its GRUB, systemd-boot and syslinux configuration. */
import type { ImageView } from '../core/image.ts';
import { decodeBlsEntry } from './blsentry.ts';
import type { BootLine, LoadConfig } from './bootline.ts';
import { readGrub } from './grubconfig.ts';
import { readSyslinux } from './syslinuxconfig.ts';

export type { BootLine } from './bootline.ts';

/** `loopback.cfg` first: it is meant for being started from elsewhere. `grub2` is SUSE's and kiwi's, `grubsrcd` SystemRescue's. */
const GRUB_FILES = [
  '/boot/grub/loopback.cfg',
  '/boot/grub/grub.cfg',
  '/boot/grub2/loopback.cfg',
  '/boot/grub2/grub.cfg',
  '/boot/grub/grubsrcd.cfg',
  '/EFI/BOOT/grub.cfg',
];
const BLS_FOLDER = '/loader/entries';
const SYSLINUX_FOLDERS = [
  '/isolinux',
  '/boot/isolinux',
  '/boot/syslinux',
  '/syslinux',
  '/boot/x86_64/loader',
  '/sysresccd/boot/syslinux',
];
/** These include the others, in the order that is meant. */
const MAIN_FILES = ['isolinux.cfg', 'syslinux.cfg'];

const MAX_FILES = 96;
const MAX_FILE_BYTES = 256 * 1024;
const MAX_ALL_BYTES = 2 * 1024 * 1024;
const MAX_LINES = 512;

/** The image's own menu entries, in the order of its files, what is twice once. Never rejects but for read errors. */
export async function readBootConfig(view: ImageView): Promise<readonly BootLine[]> {
  const load = loaderOf(view);
  const lines: BootLine[] = [];
  for (const path of GRUB_FILES) lines.push(...(await readGrub(path, load)));
  for (const path of await filesIn(view, BLS_FOLDER, '.conf')) {
    const line = decodeBlsEntry((await load(path)) ?? '', path);
    if (line) lines.push(line);
  }
  for (const folder of SYSLINUX_FOLDERS) {
    for (const path of await filesIn(view, folder, '.cfg')) lines.push(...(await readSyslinux(path, load)));
  }
  const distinct = new Map<string, BootLine>();
  for (const line of lines) {
    const what = JSON.stringify([line.kernel, line.initrds, line.arguments]);
    if (!distinct.has(what)) distinct.set(what, line);
  }
  return [...distinct.values()].slice(0, MAX_LINES);
}

/** Reads each file once, whatever the case it is asked for in, and no more than there may be. */
function loaderOf(view: ImageView): LoadConfig {
  const seen = new Set<string>();
  let leftBytes = MAX_ALL_BYTES;
  return async (path) => {
    const key = path.toLowerCase();
    if (seen.has(key) || seen.size >= MAX_FILES || leftBytes <= 0) return undefined;
    const bytes = await view.read(path, Math.min(MAX_FILE_BYTES, leftBytes));
    if (!bytes) return undefined;
    seen.add(key);
    leftBytes -= bytes.length;
    return new TextDecoder().decode(bytes);
  };
}

/** Paths of files of a suffix, the main ones first, then by name. */
async function filesIn(view: ImageView, folder: string, suffix: string): Promise<string[]> {
  const names = ((await view.list(folder)) ?? [])
    .filter(({ name, kind }) => kind === 'file' && name.toLowerCase().endsWith(suffix))
    .map(({ name }) => name)
    .sort();
  const isMain = (name: string): boolean => MAIN_FILES.includes(name.toLowerCase());
  return [...names.filter(isMain), ...names.filter((name) => !isMain(name))]
    .slice(0, MAX_FILES)
    .map((name) => `${folder}/${name}`);
}
