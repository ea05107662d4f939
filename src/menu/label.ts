/** What an image and its entries are called in the menus, and by what ids. */
import type { Arch, CatalogImage, EntryUse, ImageEntry, Verdict } from '../core/image.ts';
import { editionBeside, hasWords, productName } from '../core/product.ts';
import { slug } from './entries.ts';
import type { ImageFile } from './file.ts';
import { variantIn, type Words } from './words.ts';

export interface Label {
  /** The submenu. */
  readonly group: string;
  /** What the submenu may be parted by, and what it is ordered by: `Cinnamon`, `Xubuntu`. */
  readonly edition: string;
  /** As the operator's file calls the image. */
  readonly title?: string;
  /** As the image is known, with the operator's edition. */
  readonly is: Pick<Verdict, 'name' | 'version' | 'edition'>;
}

/** From what recognition found, as far as the operator's file doesn't say otherwise. */
export function labelOf(verdict: Verdict, file: ImageFile | undefined, words: Words): Label {
  const { name, version } = verdict;
  const group = file?.group ?? GROUP_WORDS.get(verdict.group)?.(words) ?? verdict.group;
  const edition = file?.edition ?? verdict.edition ?? '';
  const is = { name, version, edition };
  const part = editionBeside(is);
  return {
    group,
    // In the submenu of its own name the edition will do.
    edition: name === group && part !== '' ? part : spaced(name, part),
    ...(file?.title === undefined ? {} : { title: file.title }),
    is,
  };
}

/** Groups that are no proper names are called in the menu's language. */
const GROUP_WORDS: ReadonlyMap<string, (words: Words) => string> = new Map([
  ['Tools', (words) => words.tools],
  ['Other', (words) => words.otherImages],
]);

function spaced(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

export interface Titles {
  /** In the submenu: `22 Cinnamon (64-bit): live, safe graphics`. */
  readonly title: string;
  /** Anywhere: `Linux Mint 22 Cinnamon (64-bit): live, safe graphics`. */
  readonly fullTitle: string;
}

/** How the rest comes is said where an image has the same entry in several ways. */
export function titlesOf(label: Label, entry: ImageEntry, siblings: readonly ImageEntry[], words: Words): Titles {
  const is = withoutUse(label.is, entry.use);
  const full = label.title ?? productName(is);
  const { name, version } = is;
  const part = editionBeside(is);
  // The version first: an edition in front of it would read like another product's name.
  const short = label.title ?? (name === label.group && part !== '' ? spaced(version, part) : full);
  return {
    title: `${short}${detailsOf(full, entry, siblings, words)}`,
    fullTitle: `${full}${detailsOf(full, entry, siblings, words)}`,
  };
}

/** A `Live` edition says nothing on a line that ends in `live`. */
function withoutUse(is: Label['is'], use: EntryUse): Label['is'] {
  return is.edition?.toLowerCase() === use ? { ...is, edition: '' } : is;
}

function detailsOf(what: string, entry: ImageEntry, siblings: readonly ImageEntry[], words: Words): string {
  const archs = entry.archs.map((arch) => words.archs[arch]).join(', ');
  const isRival = (other: ImageEntry): boolean =>
    other.transport !== entry.transport && sameness(other) === sameness(entry);
  const transport = entry.transport !== 'http' && siblings.some(isRival) ? entry.transport.toUpperCase() : '';
  // `GParted Live` is live.
  const use = hasWords(what, entry.use) ? '' : words.uses[entry.use];
  const details = [use, variantIn(words, entry.variant ?? ''), transport].filter((part) => part !== '').join(', ');
  return `${archs === '' ? '' : ` (${archs})`}${details === '' ? '' : `: ${details}`}`;
}

const sameness = ({ use, variant, archs }: ImageEntry): string => [use, variant ?? '', ...archs].join('\n');

const DEBIAN_ARCHS: Readonly<Record<Arch, string>> = { x86_64: 'amd64', i386: 'i386', arm64: 'arm64' };
/** Room for a key and an alias in the 80 characters of an id. */
const MAX_BASE_CHARS = 48;

type Known = CatalogImage & { readonly verdict: Verdict };

/** The one that was there first, as far as its date tells; of equal dates the alias decides. */
export function compareAge(a: CatalogImage, b: CatalogImage): number {
  return a.modifiedMs - b.modifiedMs || (a.alias < b.alias ? -1 : 1);
}

export function isWhole({ state, checksum }: CatalogImage): boolean {
  return state === 'ready' && checksum.kind !== 'wrong';
}

/**
 * The ids of each image's entries by their keys: `ubuntu-mate-24.04.1-amd64` for the first that every node can serve,
 * `-nfs` and the like behind it for the others. They follow from what the image is. Where several images are the same
 * thing, one has them: of those that stand in the menus the oldest, so that nobody who drops in another takes them over.
 * The others get their aliases behind.
 */
export function idsOf(
  images: readonly Known[],
  taken: ReadonlySet<string>,
  stands: (image: Known) => boolean = (image) => isWhole(image) && image.sameAs === undefined,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const used = new Set(taken);
  const inTurn = images.toSorted((a, b) => Number(stands(b)) - Number(stands(a)) || compareAge(a, b));
  return new Map(
    inTurn.map((image) => {
      const plain = idsOfVerdict(image.verdict, '');
      const isTaken = [...plain.values()].some((id) => used.has(id));
      const ids = isTaken ? idsOfVerdict(image.verdict, slug(image.alias)) : plain;
      for (const id of ids.values()) used.add(id);
      return [image.alias, ids];
    }),
  );
}

function idsOfVerdict(verdict: Verdict, alias: string): ReadonlyMap<string, string> {
  // What is supported for long is no other version.
  const version = verdict.version.replace(/ LTS$/i, '');
  const known = slug(productName({ ...verdict, version })).slice(0, MAX_BASE_CHARS) || 'image';
  const baseOf = ({ archs: [arch, ...more] }: ImageEntry): string =>
    [known, arch !== undefined && more.length === 0 ? DEBIAN_ARCHS[arch] : '', alias.slice(0, 40)]
      .filter((part) => part !== '')
      .join('-');
  const byBase = Map.groupBy(verdict.entries, baseOf);
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
