/** Command lines: the table's words with names filled in, and what is taken over from the image's own menu. */
import type { Arch } from '../core/image.ts';
import { type BootLine, defaultArguments } from './bootconfig.ts';
import { type Circumstances, holds } from './facts.ts';
import { keyOf, safeWord } from './plain.ts';
import type { Way, Word } from './row.ts';

/** By name without `$`. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** `text` with `$base` and the like filled in; undefined where one has no value. */
export function expand(text: string, variables: Variables): string | undefined {
  let isWhole = true;
  const expanded = text.replace(/\$([a-z]+|\d)/g, (_, name: string) => {
    const value = variables[name];
    if (!value) isWhole = false;
    return value ?? '';
  });
  return isWhole ? expanded : undefined;
}

const DEBIAN: Readonly<Record<Arch, string>> = { x86_64: 'amd64', i386: 'i386', arm64: 'arm64' };
const ALPINE: Readonly<Record<Arch, string>> = { x86_64: 'x86_64', i386: 'x86', arm64: 'aarch64' };

/** What words, companions and variants may name. */
export function variablesOf(c: Circumstances): Variables {
  const { scene, identity, start } = c;
  const number = /^(\d{1,4})/.exec(identity.version)?.[1];
  const { version } = identity;
  return {
    base: scene.base,
    1: start?.kernel.stars[0],
    medium: start?.media[0]?.path,
    folder: start?.media[0]?.path.replace(/\/[^/]*$/, ''),
    version: /^[\w.+-]{1,40}$/.test(version) ? version : undefined,
    major: number ?? identity.product?.codenames?.[identity.codename?.toLowerCase() ?? ''],
    debarch: start && DEBIAN[start.arch],
    alpinearch: start && ALPINE[start.arch],
    isokib: String(Math.ceil(scene.view.sizeBytes / 1024)),
  };
}

/** A word as it is on the line, with the row of the table that it comes from; without one it is the image's own. */
export interface PlacedWord {
  readonly word: string;
  readonly row?: Word;
}

/** Beyond 32 unknown words the kernel panics, and loaders add some. [linux: init/main.c, unknown_bootoption] */
const MAX_WORDS = 25;

/** Family, way, kernel, distribution, and at last the image's own. */
export async function lineOf(way: Way, c: Circumstances, companion?: string): Promise<readonly PlacedWord[]> {
  const { scene, identity, start } = c;
  const variables = { ...variablesOf(c), companion };
  const rows = [
    ...scene.family.words,
    ...(way.words ?? []),
    ...(start?.boot.words ?? []),
    // A companion is another system: it only brings this one.
    ...(way.companion ? [] : (identity.product?.words ?? [])),
  ];
  const placed: PlacedWord[] = [];
  for (const row of rows) {
    const word = (await holds(row.when, { ...c, transport: way.transport })) ? expand(row.word, variables) : undefined;
    if (word !== undefined) placed.push({ word, row });
  }
  return [...placed, ...ownWords(c, placed)].slice(0, MAX_WORDS);
}

/** What the network line replaces, what makes no sense without a local medium, and what loaders add themselves. */
const NOT_TAKEN =
  /^(?:-+|boot|root|ip|bootif|netboot|nfsroot|nfsopts|fetch|httpfs|ftpfs|url|iso-url|toram|copytoram|copytoram_size|fromiso|from|findiso|iso-scan\/filename|isofrom.*|img_dev|img_loop|live-media.*|persistent|persistence|persistence-.*|cdrom|cdroot|initrd|boot_image|vmlinuz|console|archiso.*|miso(?!basedir).*|misobasedir|checksum|verify|cow_(?:device|directory|persistent)|rd\.live\.(?:check|ram|dir|squashimg|overlay(?:\.persistent|\.cowfs)?)|inst\.(?:stage2|repo|ks)|repo|stage2|ks|install|netsetup|ramdisk_size|integrity-check|verify-checksums|rdinit|init|break|uuid|.*label)$/;

/** Words of the image's own default entry for this kernel that add something. */
function ownWords(c: Circumstances, placed: readonly PlacedWord[]): readonly PlacedWord[] {
  const { scene, start } = c;
  if (!scene.family.takesOwnWords || !start) return [];
  const line = lineFor(scene.lines, `/${start.kernel.path}`);
  const keys = new Set(placed.map(({ word }) => keyOf(word)));
  const own: PlacedWord[] = [];
  for (const raw of line ? defaultArguments(line) : []) {
    const word = safeWord(raw);
    if (word === undefined || NOT_TAKEN.test(keyOf(word)) || keys.has(keyOf(word))) continue;
    keys.add(keyOf(word));
    own.push({ word });
  }
  return own;
}

/** The first entry that starts this kernel; else one beside it: many images have one kernel under two names. */
function lineFor(lines: readonly BootLine[], path: string): BootLine | undefined {
  const kernelOf = ({ kernel }: BootLine): string => kernel.toLowerCase();
  const folder = path.toLowerCase().slice(0, path.lastIndexOf('/') + 1);
  return (
    lines.find((line) => kernelOf(line) === path.toLowerCase()) ??
    lines.find((line) => kernelOf(line).slice(0, kernelOf(line).lastIndexOf('/') + 1) === folder)
  );
}
