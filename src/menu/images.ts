/** Entries for the images in the folder: what recognition found, as far as it can be served and started from here. */

import type { ConfigFault } from '../core/errors.ts';
import type { CatalogImage, ImageEntry, Transport, Verdict } from '../core/image.ts';
import { areArguments, type Entry, isSourceSafe, loaderOf, sourcesOf } from './entries.ts';
import type { ImageFile } from './file.ts';
import { filled, howOf } from './inside.ts';
import { entryTitle, idsOf, type Label, labelOf } from './label.ts';
import { MAX_NAME_CHARS } from './pxelinux.ts';
import type { Words } from './words.ts';

export interface ImageFacts {
  readonly transports: ReadonlySet<Transport>;
  /** Companion kernels that are there. */
  readonly companions: ReadonlySet<string>;
  /** What is in boot/ besides. */
  readonly loaders: ReadonlySet<string>;
  readonly words: Words;
  /** What stands beside images, by the image's path. */
  readonly files: ReadonlyMap<string, ImageFile>;
  /** Ids of entries that come from elsewhere. */
  readonly taken: ReadonlySet<string>;
}

export interface ImageEntries {
  readonly entries: readonly Entry[];
  /** What the rules of menus keep out; what is wrong with an image itself, its catalogue says. */
  readonly faults: readonly ConfigFault[];
}

type Known = CatalogImage & { readonly verdict: Verdict };

/** A loader's script of more would take long to fetch and nobody would find anything in it. Taste. */
const MAX_IMAGE_ENTRIES = 1000;

/** By group, edition, and the newest version first; an image's own entries in their order, what streams first. */
export function imageEntries(images: readonly CatalogImage[], facts: ImageFacts): ImageEntries {
  const known = images.filter((image): image is Known => image.verdict !== undefined);
  const ids = idsOf(known, facts.taken);
  const parts = known
    .filter((image) => isOffered(image) && !isRepeated(image, known, facts))
    .map((image) => ({ image, label: labelOf(image.verdict, facts.files.get(image.path), facts.words) }))
    .toSorted(compareImages)
    .map(({ image, label }) => ({
      alias: image.alias,
      ...entriesOfImage(image, label, { ...facts, ids: ids.get(image.alias) ?? new Map() }),
    }));
  const entries = distinct(parts);
  const faults = parts.flatMap((part) => part.faults);
  if (entries.length <= MAX_IMAGE_ENTRIES) return { entries, faults };
  const problem = `more than ${MAX_IMAGE_ENTRIES} entries: the rest is in no menu; move images elsewhere`;
  return { entries: entries.slice(0, MAX_IMAGE_ENTRIES), faults: [...faults, { file: '/isos', path: '', problem }] };
}

/** All entries; where those of two images would look the same, each with its image's alias. */
function distinct(parts: readonly (ImageEntries & { readonly alias: string })[]): readonly Entry[] {
  const looksOf = ({ group, title }: Entry): string => `${group}\n${title}`;
  const known = Map.groupBy(
    parts.flatMap(({ alias, entries }) => [...new Set(entries.map(looksOf))].map((looks) => ({ alias, looks }))),
    ({ looks }) => looks,
  );
  return parts.flatMap(({ alias, entries }) =>
    entries.map((entry) => {
      if ((known.get(looksOf(entry))?.length ?? 0) < 2) return entry;
      const full = entry.fullTitle === undefined ? {} : { fullTitle: `${entry.fullTitle}, ${alias}` };
      return { ...entry, title: `${entry.title}, ${alias}`, ...full };
    }),
  );
}

function isOffered(image: CatalogImage): boolean {
  return image.state === 'ready' && image.checksum.kind !== 'wrong';
}

/** The same image under another name gives nobody a choice, unless its own file makes something else of it. */
function isRepeated(image: Known, known: readonly Known[], facts: ImageFacts): boolean {
  const first = image.sameAs === undefined ? undefined : known.find(({ path }) => path === image.sameAs);
  return first !== undefined && isOffered(first) && !facts.files.has(image.path);
}

interface Place {
  readonly image: Known;
  readonly label: Label;
}

function compareImages(a: Place, b: Place): number {
  const natural = (x: string, y: string): number => x.localeCompare(y, 'en', { numeric: true });
  return (
    natural(a.label.group, b.label.group) ||
    natural(a.label.edition, b.label.edition) ||
    natural(b.image.verdict.version, a.image.verdict.version) ||
    (a.image.alias < b.image.alias ? -1 : 1)
  );
}

interface OwnFacts extends ImageFacts {
  /** By key. */
  readonly ids: ReadonlyMap<string, string>;
}

function entriesOfImage(image: Known, label: Label, facts: OwnFacts): ImageEntries {
  const file = facts.files.get(image.path);
  const rows = file?.isHidden ? [] : inOrder(image.verdict.entries);
  const made = rows.map((row) => ({ row, entry: entryOf(row, image, label, facts) }));
  const obstacles = made.map(({ row, entry }) => obstacleOf(row, entry, image, facts));
  const own = (file?.entries ?? []).map((entry) => ({
    ...ofImage(entry, image, label),
    ...(entry.macs === undefined && file?.macs ? { macs: file.macs } : {}),
  }));
  const ownIds = new Set(own.map(({ id }) => id));
  const found = made.filter((_, i) => obstacles[i] === undefined).map(({ entry }) => entry);
  const entries = [...found.filter(({ id }) => !ownIds.has(id)), ...own];
  return { entries, faults: [...faultsOf(image, entries.length > 0, obstacles), ...longNames(image, entries)] };
}

/** What streams needs less memory: it stands before what is loaded whole. */
function inOrder(rows: readonly ImageEntry[]): readonly ImageEntry[] {
  const uses = [...new Set(rows.map(({ use }) => use))];
  return uses.flatMap((use) =>
    rows.filter((row) => row.use === use).toSorted((a, b) => Number(b.isStreaming) - Number(a.isStreaming)),
  );
}

/** Why a row gives no entry; without `says` another entry of the image makes up for it. */
interface Obstacle {
  readonly says: string;
  readonly isMinor: boolean;
}

function obstacleOf(row: ImageEntry, entry: Entry, image: Known, facts: OwnFacts): Obstacle | undefined {
  const { how } = entry;
  const major = (says: string): Obstacle => ({ says, isMinor: false });
  if (!facts.transports.has(row.transport)) {
    return { says: `starts by ${row.transport} alone, which this node does not serve`, isMinor: true };
  }
  if (row.companion !== undefined && !facts.companions.has(row.companion)) {
    return major(`needs the kernel ${row.companion}: fnode loaders install --for ${JSON.stringify(image.path)}`);
  }
  const unsafe = sourcesOf(how).find((source) => !isSourceSafe(source));
  if (unsafe !== undefined) {
    const cure = `copy it into the images folder and name it in ${image.path.slice(0, -image.suffix.length)}.yaml`;
    return major(
      `boot loaders cannot take the name ${JSON.stringify(unsafe)}, only letters, digits and ._~+@-: ${cure}`,
    );
  }
  if (how.kind === 'linux' && !areArguments(how.arguments)) {
    return major(`the kernel arguments of ${row.key} are too long or hold characters that loaders cannot take`);
  }
  const loader = loaderOf(how);
  if (loader !== undefined && !facts.loaders.has(loader)) {
    return { says: `needs ${loader} in the folder of boot loaders: ${CURES[loader]}`, isMinor: loader !== 'wimboot' };
  }
  return undefined;
}

const CURES: Readonly<Record<string, string>> = {
  memdisk: 'fnode loaders install',
  wimboot: 'put it there, from ipxe.org/wimboot',
};

/** Each once; the minor ones only where nothing is left of the image. */
function faultsOf(
  image: Known,
  hasEntries: boolean,
  obstacles: readonly (Obstacle | undefined)[],
): readonly ConfigFault[] {
  // Where recognition has a word on it, the catalogue has said it.
  const isSaid = hasEntries || image.verdict.problem !== undefined;
  const told = obstacles.flatMap((obstacle) => (obstacle && !(obstacle.isMinor && isSaid) ? [obstacle.says] : []));
  return [...new Set(told)].map((problem) => ({ file: `/isos/${image.path}`, path: '', problem }));
}

/** Only pxelinux leaves those out. */
function longNames(image: Known, entries: readonly Entry[]): readonly ConfigFault[] {
  const bios = entries.filter(({ firmware }) => firmware.includes('bios'));
  const long = bios.flatMap(({ how }) => sourcesOf(how)).find((source) => source.length > MAX_NAME_CHARS);
  if (long === undefined) return [];
  const cure = 'BIOS machines do not see what needs it; give the image a shorter name';
  return [{ file: `/isos/${image.path}`, path: '', problem: `${long} is longer than pxelinux can load: ${cure}` }];
}

function entryOf(row: ImageEntry, image: Known, label: Label, facts: OwnFacts): Entry {
  const file = facts.files.get(image.path);
  const title = (what: string): string => entryTitle(what, row, image.verdict.entries, facts.words);
  const memoryMib = file?.memoryMib ?? row.memoryMib;
  const how = howOf(row.how, image);
  const words = (file?.arguments ?? []).map((word) => filled(word, image));
  return {
    id: facts.ids.get(row.key) ?? row.key,
    title: title(label.short),
    group: label.group,
    fullTitle: title(label.full),
    edition: label.edition,
    archs: row.archs,
    firmware: row.firmware,
    how: how.kind === 'linux' ? { ...how, arguments: [...how.arguments, ...words] } : how,
    ...(memoryMib === undefined ? {} : { memoryMib }),
    sizeBytes: image.sizeBytes,
    secureBoot: row.secureBoot,
    ...(file?.note === undefined ? {} : { note: file.note }),
    ...(file?.macs === undefined ? {} : { macs: file.macs }),
  };
}

/** An entry that an operator wrote for the image. */
function ofImage(entry: Entry, image: Known, label: Label): Entry {
  const { how } = entry;
  const isLinux = how.kind === 'linux';
  return {
    ...entry,
    group: entry.group ?? label.group,
    ...(entry.group === undefined ? { edition: label.edition } : {}),
    how: isLinux ? { ...how, arguments: how.arguments.map((word) => filled(word, image)) } : how,
  };
}
