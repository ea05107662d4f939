/** What keeps an entry that recognition found out of the menus, each in one sentence that ends in the cure. */
import type { CompanionFacts } from '../core/companion.ts';
import { shellWord } from '../core/errors.ts';
import type { CatalogImage, ImageEntry, Transport } from '../core/image.ts';
import { areArguments, type Entry, isSourceSafe, loaderOf, sourcesOf } from './entries.ts';
import type { ImageFile } from './file.ts';
import { compareAge, isWhole } from './label.ts';

export interface Served {
  readonly transports: ReadonlySet<Transport>;
  /** Companion kernels that are there. */
  readonly companions: ReadonlyMap<string, CompanionFacts>;
  /** What is in boot/ besides. */
  readonly loaders: ReadonlySet<string>;
}

export interface Obstacle {
  readonly says: string;
  /** Nobody but the menus knows of it; what is missing on the node or of no use there, is none. */
  readonly isFault: boolean;
}

/** Why `row`, made into `entry`, is in no menu of a node that serves this. */
export function obstacleOf(row: ImageEntry, entry: Entry, image: CatalogImage, served: Served): Obstacle | undefined {
  const { how } = entry;
  if (!served.transports.has(row.transport)) return lacking(notServed(row));
  const companion = missingCompanion(row, image, served.companions);
  if (companion !== undefined) return lacking(companion);
  const unsafe = sourcesOf(how).find((source) => !isSourceSafe(source));
  if (unsafe !== undefined) {
    const cure = `copy it into the images folder and name it in ${image.path.slice(0, -image.suffix.length)}.yaml`;
    return fault(
      `boot loaders cannot take the name ${JSON.stringify(unsafe)}, only letters, digits and ._~+@-: ${cure}`,
    );
  }
  if (how.kind === 'linux' && !areArguments(how.arguments)) {
    return fault(`the kernel arguments of ${row.key} are too long or hold characters that loaders cannot take`);
  }
  const loader = missingLoader(entry, served.loaders);
  return loader === undefined ? undefined : lacking(loader);
}

const lacking = (says: string): Obstacle => ({ says, isFault: false });
const fault = (says: string): Obstacle => ({ says, isFault: true });

function notServed({ transport, isStreaming }: ImageEntry): string {
  const what = `${isStreaming ? 'streams' : 'starts'} over ${transport.toUpperCase()}, which this node does not serve`;
  return transport === 'nfs' ? `${what}: ${NFS_CURE}` : what;
}

/** Switched off, or in the way of something that only the doctor sees: a port that somebody else has. */
const NFS_CURE = 'nfs: on in its configuration, then node dist/fnode.js doctor says what else is missing';

function missingCompanion(
  { companion, companionVersion }: ImageEntry,
  image: CatalogImage,
  companions: Served['companions'],
): string | undefined {
  if (companion === undefined) return undefined;
  const facts = companions.get(companion);
  const cure = `node dist/fnode.js loaders install --for ${shellWord(image.path)}`;
  if (facts === undefined) return `needs the kernel ${companion}, which is not there: ${cure}`;
  if (companionVersion === undefined || companionVersion === facts.version) return undefined;
  const there = facts.version === undefined ? 'has another' : `has ${facts.version}`;
  return `needs Linux ${companionVersion}, whose modules are in the image; ${companion} ${there}: take an image of the same point release`;
}

/** Which file of boot/ an entry waits for. */
export function missingLoader({ how }: Entry, loaders: ReadonlySet<string>): string | undefined {
  const loader = loaderOf(how);
  if (loader === undefined || loaders.has(loader)) return undefined;
  return `needs ${loader}, which is not in the folder of boot loaders: ${CURES[loader]}`;
}

const CURES: Readonly<Record<string, string>> = {
  memdisk: 'node dist/fnode.js loaders install',
  wimboot: 'put it there, from ipxe.org/wimboot',
};

/** Why nothing of an image is in the menus, by path; whoever is not in it stands there. */
export function absences<Image extends CatalogImage>(
  images: readonly Image[],
  files: ReadonlyMap<string, ImageFile>,
): ReadonlyMap<string, string> {
  const repeated = repeatedOf(images.filter(isWhole), files);
  return new Map(
    images.flatMap((image) => {
      const says = brokenOf(image) ?? files.get(image.path)?.problem ?? repeated.get(image.path);
      return says === undefined ? [] : [[image.path, says] as const];
    }),
  );
}

function brokenOf({ state, checksum }: CatalogImage): string | undefined {
  if (state !== 'ready') return `is still being ${state === 'copying' ? 'copied' : 'read'}: wait a moment`;
  return checksum.kind === 'wrong' ? `is not what ${checksum.sumsFile} says: copy it again` : undefined;
}

/**
 * The same bytes under another name give nobody a choice: those alone stand that have a file beside them, since somebody
 * has decided on them; where none has, the oldest.
 */
function repeatedOf(
  images: readonly CatalogImage[],
  files: ReadonlyMap<string, ImageFile>,
): ReadonlyMap<string, string> {
  const equals = Map.groupBy(images, ({ path, sameAs }) => sameAs ?? path);
  return new Map(
    [...equals.values()].flatMap((group) => {
      const byAge = group.toSorted(compareAge);
      const decided = byAge.filter(({ path }) => files.has(path));
      const standing = decided.length > 0 ? decided : byAge.slice(0, 1);
      return byAge
        .filter((image) => !standing.includes(image))
        .map(({ path }) => [path, `has the same bytes as ${standing[0]?.path}: one of the two will do`] as const);
    }),
  );
}
