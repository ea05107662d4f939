/** The catalogue as others see it, and what is to be verified next. */
import type { ImageName } from '../core/alias.ts';
import type { CatalogImage, ChecksumState } from '../core/image.ts';
import type { Known, SeenFile, Tracked } from './images.ts';
import { withOwnName } from './names.ts';
import type { Wanted } from './sums.ts';

/** The image whose digest is being computed. */
export interface Checking {
  readonly seen: SeenFile;
  readonly wanted: Wanted;
  readonly doneBytes: number;
}

export interface Sums {
  /** By path. */
  readonly wanted: ReadonlyMap<string, Wanted>;
  readonly checking: Checking | undefined;
}

/** All images that have a name, by path. */
export function publish(images: readonly Tracked[], names: readonly ImageName[], sums: Sums): readonly CatalogImage[] {
  const nameOf = new Map(names.map((name) => [name.path, name]));
  const firstOf = new Map<string, string>();
  return images
    .toSorted((a, b) => (a.seen.path < b.seen.path ? -1 : 1))
    .flatMap((image) => {
      const name = nameOf.get(image.seen.path);
      return name
        ? [published(image, name, { checksum: checksumOf(image, sums), sameAs: sameAs(image, firstOf) })]
        : [];
    });
}

function published(
  { seen, state, known }: Tracked,
  { alias, suffix }: ImageName,
  { checksum, sameAs }: { readonly checksum: ChecksumState; readonly sameAs: string | undefined },
): CatalogImage {
  const { path, sizeBytes, modifiedMs } = seen;
  const { declaredBytes, verdict, etag } = known;
  return {
    ...{ path, alias, suffix, sizeBytes, modifiedMs, state, checksum },
    ...(declaredBytes !== undefined && declaredBytes > sizeBytes ? { declaredBytes } : {}),
    ...(state === 'ready' && verdict ? { verdict: withOwnName(verdict, path) } : {}),
    ...(state === 'ready' && etag !== undefined ? { etag } : {}),
    ...(sameAs === undefined ? {} : { sameAs }),
  };
}

/** `firstOf` gets the path of the first image with each ETag. */
function sameAs({ seen, state, known }: Tracked, firstOf: Map<string, string>): string | undefined {
  if (state !== 'ready' || known.etag === undefined) return undefined;
  const first = firstOf.get(known.etag);
  if (first === undefined) firstOf.set(known.etag, seen.path);
  return first;
}

export function checksumOf({ seen, known, doubted }: Tracked, { wanted, checking }: Sums): ChecksumState {
  const sum = wanted.get(seen.path);
  if (!sum) return { kind: 'none' };
  const { sumsFile } = sum;
  const got = digestFor(known, sum) ?? doubted?.[sum.algorithm];
  if (got !== undefined && got !== sum.digest) return { kind: 'wrong', sumsFile, wanted: sum.digest, got };
  if (got !== undefined) return { kind: 'right', sumsFile };
  if (checking?.seen.path !== seen.path) return { kind: 'waiting', sumsFile };
  return { kind: 'checking', sumsFile, doneBytes: checking.doneBytes };
}

function digestFor(known: Known, { algorithm }: Wanted): string | undefined {
  return known.digests[algorithm];
}

/**
 * The first image that has a sum and whose digest is not known; not before its inside was read. `isPutOff`: it could not
 * be read a moment ago.
 */
export function nextToCheck(
  images: readonly Tracked[],
  wanted: ReadonlyMap<string, Wanted>,
  isPutOff: (seen: SeenFile) => boolean,
): { readonly seen: SeenFile; readonly wanted: Wanted } | undefined {
  for (const { seen, state, known, doubted, retryAtMs } of images) {
    const sum = wanted.get(seen.path);
    if (state !== 'ready' || (doubted && retryAtMs > 0) || !sum) continue;
    if (digestFor(known, sum) === undefined && !isPutOff(seen)) return { seen, wanted: sum };
  }
  return undefined;
}
