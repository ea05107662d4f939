/** Entries for the images in the folder: what recognition found, as far as it can be served and started from here. */
import type { ConfigFault } from '../core/errors.ts';
import type { CatalogImage, ImageEntry, Offer, OfferedEntry, Verdict } from '../core/image.ts';
import { type Entry, type EntryImage, sourcesOf, withUniqueIds } from './entries.ts';
import type { ImageFile } from './file.ts';
import { filled, howOf } from './inside.ts';
import { idsOf, type Label, labelOf, titlesOf } from './label.ts';
import { absences, missingLoader, obstacleOf, type Served } from './obstacles.ts';
import { MAX_NAME_CHARS } from './pxelinux.ts';
import type { Words } from './words.ts';

export interface ImageFacts extends Served {
  readonly words: Words;
  /** What stands beside images, by the image's path. */
  readonly files: ReadonlyMap<string, ImageFile>;
  /** Ids of entries that come from elsewhere. */
  readonly taken: ReadonlySet<string>;
}

export interface ImageEntries {
  /** By group, edition, and the newest version first; an image's own entries in their order, what streams first. */
  readonly entries: readonly Entry[];
  /** Of each image, in the order in which they were given. */
  readonly offers: readonly Offer[];
  /** What the rules of menus keep out and somebody can put right; the rest, `offers` says. */
  readonly faults: readonly ConfigFault[];
}

type Known = CatalogImage & { readonly verdict: Verdict };

/** A line of the menus, and where it comes from. */
interface Row {
  readonly path: string;
  readonly alias: string;
  /** Of the entry that recognition found; none for one of the file beside the image. */
  readonly key: string | undefined;
  readonly entry: Entry;
}

interface Part {
  readonly path: string;
  readonly rows: readonly Row[];
  readonly heldBack: Offer['heldBack'];
  readonly faults: readonly ConfigFault[];
}

/** A loader's script of more would take long to fetch and nobody would find anything in it. Taste. */
const MAX_IMAGE_ENTRIES = 1000;
const TOO_MANY = `more than ${MAX_IMAGE_ENTRIES} entries: the rest is in no menu; move images elsewhere`;
const HIDDEN = 'is hidden by the file beside it';

export function imageEntries(images: readonly CatalogImage[], facts: ImageFacts): ImageEntries {
  const known = images.filter((image): image is Known => image.verdict !== undefined);
  const absent = absences(known, facts.files);
  const isHidden = ({ path }: CatalogImage): boolean => facts.files.get(path)?.isHidden ?? false;
  const ids = idsOf(known, facts.taken, (image) => !absent.has(image.path) && !isHidden(image));
  const parts = known
    .map((image) => ({ image, label: labelOf(image.verdict, facts.files.get(image.path), facts.words) }))
    .toSorted(compareImages)
    .map((place) =>
      partOf(place, {
        ...facts,
        ids: ids.get(place.image.alias) ?? new Map(),
        absent: absent.get(place.image.path),
      }),
    );
  const rows = numbered(distinct(parts.flatMap((part) => part.rows)), facts.taken);
  const shown = rows.slice(0, MAX_IMAGE_ENTRIES);
  const cut = rows.slice(MAX_IMAGE_ENTRIES);
  return {
    entries: shown.map(({ entry }) => entry),
    offers: offersOf(images, facts.files, { parts, shown, cut }),
    faults: [
      ...parts.flatMap((part) => part.faults),
      ...(cut.length > 0 ? [{ file: '/isos', path: '', problem: TOO_MANY }] : []),
    ],
  };
}

function offersOf(
  images: readonly CatalogImage[],
  files: ReadonlyMap<string, ImageFile>,
  {
    parts,
    shown,
    cut,
  }: { readonly parts: readonly Part[]; readonly shown: readonly Row[]; readonly cut: readonly Row[] },
): readonly Offer[] {
  const shownOf = Map.groupBy(shown, ({ path }) => path);
  const cutOf = Map.groupBy(cut, ({ path }) => path);
  const partOfPath = new Map(parts.map((part) => [part.path, part]));
  return images.map(({ path }) => {
    const file = files.get(path);
    const beyond = (cutOf.get(path) ?? []).map(({ key = '', entry: { id } }) => ({ key, id, says: TOO_MANY }));
    return {
      path,
      ...(file?.title === undefined ? {} : { title: file.title }),
      isHidden: file?.isHidden ?? false,
      entries: (shownOf.get(path) ?? []).map(offered),
      heldBack: [...(partOfPath.get(path)?.heldBack ?? []), ...beyond],
    };
  });
}

function offered({ key, entry }: Row): OfferedEntry {
  const { id, title, archs, firmware, memoryMib, secureBoot } = entry;
  return {
    ...{ id, title, archs, firmware, secureBoot },
    ...(key === undefined ? {} : { key }),
    ...(memoryMib === undefined ? {} : { memoryMib }),
  };
}

/** Where those of two images would look the same, each with its image's alias. */
function distinct(rows: readonly Row[]): readonly Row[] {
  const looksOf = ({ entry }: Row): string => `${entry.group}\n${entry.title}`;
  const aliases = new Map(
    [...Map.groupBy(rows, looksOf)].map(([looks, alike]) => [looks, new Set(alike.map(({ alias }) => alias))]),
  );
  return rows.map((row) => {
    const { alias, entry } = row;
    if ((aliases.get(looksOf(row))?.size ?? 0) < 2) return row;
    const full = entry.fullTitle === undefined ? {} : { fullTitle: `${entry.fullTitle}, ${alias}` };
    return { ...row, entry: { ...entry, title: `${entry.title}, ${alias}`, ...full } };
  });
}

/** Each id once: operators may give two entries the same. */
function numbered(rows: readonly Row[], taken: ReadonlySet<string>): readonly Row[] {
  const entries = withUniqueIds(
    rows.map(({ entry }) => entry),
    taken,
  );
  return rows.map((row, i) => ({ ...row, entry: entries[i] ?? row.entry }));
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
  /** Why nothing of the image is shown. */
  readonly absent: string | undefined;
}

function partOf(place: Place, facts: OwnFacts): Part {
  const { image } = place;
  const { path, alias } = image;
  const without = facts.absent ?? (facts.files.get(path)?.isHidden ? HIDDEN : undefined);
  const made = inOrder(image.verdict.entries).map((row) => {
    const entry = entryOf(row, place, facts);
    const obstacle = without === undefined ? obstacleOf(row, entry, image, facts) : { says: without, isFault: false };
    return { key: row.key, entry, obstacle };
  });
  const own = facts.absent === undefined ? ownEntries(place, facts) : { entries: [], problems: [] };
  const ownIds = new Set(own.entries.map(({ id }) => id));
  const rows = [
    ...made.filter(({ entry, obstacle }) => obstacle === undefined && !ownIds.has(entry.id)),
    ...own.entries.map((entry) => ({ key: undefined, entry })),
  ].map(({ key, entry }) => ({ path, alias, key, entry }));
  const problems = new Set([
    ...made.flatMap(({ obstacle }) => (obstacle?.isFault ? [obstacle.says] : [])),
    ...own.problems,
    ...tooLong(rows.map(({ entry }) => entry)),
  ]);
  return {
    path,
    rows,
    heldBack: made.flatMap(({ key, entry: { id }, obstacle }) => (obstacle ? [{ key, id, says: obstacle.says }] : [])),
    faults: [...problems].map((problem) => ({ file: `/isos/${path}`, path: '', problem })),
  };
}

/** What streams needs less memory: it stands before what is loaded whole. */
function inOrder(rows: readonly ImageEntry[]): readonly ImageEntry[] {
  const uses = [...new Set(rows.map(({ use }) => use))];
  return uses.flatMap((use) =>
    rows.filter((row) => row.use === use).toSorted((a, b) => Number(b.isStreaming) - Number(a.isStreaming)),
  );
}

/** Only pxelinux leaves those out. */
function tooLong(entries: readonly Entry[]): readonly string[] {
  const bios = entries.filter(({ firmware }) => firmware.includes('bios'));
  const long = bios.flatMap(({ how }) => sourcesOf(how)).find((source) => source.length > MAX_NAME_CHARS);
  if (long === undefined) return [];
  const cure = 'BIOS machines do not see what needs it; give the image a shorter name';
  return [`${long} is longer than pxelinux can load: ${cure}`];
}

function entryOf(row: ImageEntry, { image, label }: Place, facts: OwnFacts): Entry {
  const file = facts.files.get(image.path);
  const memoryMib = file?.memoryMib ?? row.memoryMib;
  const how = howOf(row.how, image);
  const words = (file?.arguments ?? []).map((word) => filled(word, image));
  // Of another system's kernel that system's own says who signed it.
  const companion = row.companion === undefined ? undefined : facts.companions.get(row.companion);
  return {
    id: facts.ids.get(row.key) ?? row.key,
    ...titlesOf(label, row, image.verdict.entries, facts.words),
    group: label.group,
    edition: label.edition,
    archs: row.archs,
    firmware: companion?.isBiosOnly ? ['bios'] : row.firmware,
    how: how.kind === 'linux' ? { ...how, arguments: [...how.arguments, ...words] } : how,
    ...(memoryMib === undefined ? {} : { memoryMib }),
    sizeBytes: image.sizeBytes,
    ...(row.isStreaming ? { isStreaming: true } : {}),
    secureBoot: companion?.secureBoot ?? row.secureBoot,
    ...(file?.note === undefined ? {} : { note: file.note }),
    ...(file?.macs === undefined ? {} : { macs: file.macs }),
    image: placeOf(image),
  };
}

function placeOf({ alias, suffix, etag }: CatalogImage): EntryImage {
  return { alias, suffix, ...(etag === undefined ? {} : { etag }) };
}

/** Those that an operator wrote for the image. */
function ownEntries(
  { image, label }: Place,
  { files, loaders }: OwnFacts,
): { readonly entries: readonly Entry[]; readonly problems: readonly string[] } {
  const file = files.get(image.path);
  const all = (file?.entries ?? []).map((entry): Entry => {
    const { how } = entry;
    return {
      ...entry,
      group: entry.group ?? label.group,
      ...(entry.group === undefined ? { edition: label.edition } : {}),
      how: how.kind === 'linux' ? { ...how, arguments: how.arguments.map((word) => filled(word, image)) } : how,
      ...(entry.macs === undefined && file?.macs ? { macs: file.macs } : {}),
      image: placeOf(image),
    };
  });
  const problems = all.flatMap((entry) => {
    const lack = missingLoader(entry, loaders);
    return lack === undefined ? [] : [`${entry.id} ${lack}`];
  });
  return { entries: all.filter((entry) => missingLoader(entry, loaders) === undefined), problems };
}
