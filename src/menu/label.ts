/** What an image and its entries are called in the menus, and by what ids. */
import type { Arch, CatalogImage, ImageEntry, Verdict } from '../core/image.ts';
import { slug } from './entries.ts';
import type { ImageFile } from './file.ts';
import type { Words } from './words.ts';

export interface Label {
  /** The submenu. */
  readonly group: string;
  /** What the submenu may be parted by, and what it is ordered by: `Cinnamon`, `Xubuntu`. */
  readonly edition: string;
  /** In the submenu: `Cinnamon 22`. */
  readonly short: string;
  /** Anywhere: `Linux Mint Cinnamon 22`. */
  readonly full: string;
}

/** From what recognition found, as far as the operator's file doesn't say otherwise. */
export function labelOf(verdict: Verdict, file: ImageFile | undefined, words: Words): Label {
  const { name, version } = verdict;
  const group = file?.group ?? GROUP_WORDS.get(verdict.group)?.(words) ?? verdict.group;
  const edition = file?.edition ?? verdict.edition ?? '';
  const whole = isAtEnd(name, edition) ? name : `${name} ${edition}`;
  // In the submenu of its own name the edition will do.
  const shortest = name === group && edition !== '' ? edition : whole;
  return {
    group,
    edition: shortest,
    short: file?.title ?? spaced(shortest, version),
    full: file?.title ?? spaced(whole, version),
  };
}

/** Groups that are no proper names are called in the menu's language. */
const GROUP_WORDS: ReadonlyMap<string, (words: Words) => string> = new Map([
  ['Tools', (words) => words.tools],
  ['Other', (words) => words.otherImages],
]);

/** `Ubuntu MATE` says already that it is `MATE`. */
function isAtEnd(name: string, edition: string): boolean {
  return edition === '' || ` ${name}`.toLowerCase().endsWith(` ${edition.toLowerCase()}`);
}

function spaced(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

/** `Cinnamon 22 (64-bit): live, safe graphics`. How the rest comes is said where an image has the same entry in several ways. */
export function entryTitle(what: string, entry: ImageEntry, siblings: readonly ImageEntry[], words: Words): string {
  const archs = entry.archs.map((arch) => words.archs[arch]).join(', ');
  const isRival = (other: ImageEntry): boolean =>
    other.transport !== entry.transport && sameness(other) === sameness(entry);
  const transport = entry.transport !== 'http' && siblings.some(isRival) ? entry.transport.toUpperCase() : '';
  const details = [words.uses[entry.use], entry.variant ?? '', transport].filter((part) => part !== '').join(', ');
  return `${what}${archs === '' ? '' : ` (${archs})`}${details === '' ? '' : `: ${details}`}`;
}

const sameness = ({ use, variant, archs }: ImageEntry): string => [use, variant ?? '', ...archs].join('\n');

const DEBIAN_ARCHS: Readonly<Record<Arch, string>> = { x86_64: 'amd64', i386: 'i386', arm64: 'arm64' };
/** Room for a key and an alias in the 80 characters of an id. */
const MAX_BASE_CHARS = 48;

/**
 * The ids of each image's entries by their keys: `ubuntu-mate-24.04.1-amd64` for the first that every node can serve,
 * `-nfs` and the like behind it for the others. They follow from what the image is, not from what else is there or served;
 * only where two images are the same thing, the one whose alias comes later gets that behind its ids.
 */
export function idsOf(
  images: readonly (CatalogImage & { readonly verdict: Verdict })[],
  taken: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const used = new Set(taken);
  const byAlias = images.toSorted(
    (a, b) => Number(a.sameAs !== undefined) - Number(b.sameAs !== undefined) || (a.alias < b.alias ? -1 : 1),
  );
  return new Map(
    byAlias.map((image) => {
      const plain = idsOfVerdict(image.verdict, '');
      const isTaken = [...plain.values()].some((id) => used.has(id));
      const ids = isTaken ? idsOfVerdict(image.verdict, slug(image.alias)) : plain;
      for (const id of ids.values()) used.add(id);
      return [image.alias, ids];
    }),
  );
}

function idsOfVerdict(verdict: Verdict, alias: string): ReadonlyMap<string, string> {
  const { name, edition = '', version, entries } = verdict;
  // What is supported for long is no other version.
  const number = version.replace(/ LTS$/i, '');
  const known = slug(spaced(name, number, isAtEnd(name, edition) ? '' : edition)).slice(0, MAX_BASE_CHARS) || 'image';
  const baseOf = ({ archs: [arch, ...more] }: ImageEntry): string =>
    [known, arch !== undefined && more.length === 0 ? DEBIAN_ARCHS[arch] : '', alias.slice(0, 40)]
      .filter((part) => part !== '')
      .join('-');
  const byBase = Map.groupBy(entries, baseOf);
  return new Map(
    [...byBase].flatMap(([base, rows]) => {
      const first = rows.find((row) => row.transport !== 'nfs') ?? rows[0];
      return rows.map((row) => [row.key, row === first ? base : `${base}-${endOf(row.key, first?.key ?? '', rows)}`]);
    }),
  );
}

/** `nfs` of `live-nfs` beside `live`. */
function endOf(key: string, firstKey: string, rows: readonly ImageEntry[]): string {
  const end = key.startsWith(`${firstKey}-`) ? key.slice(firstKey.length + 1) : '';
  return end === '' || rows.some((row) => row.key === end) ? key : end;
}
