/** What stands in the menus of each image, beside what is known of it: for the front page and the command line alike. */
import type { CatalogImage, ImageProblem, Offer } from './image.ts';

/**
 * `attention`: somebody has to do something before it can be booted. `twin`: an image with the same bytes stands in its
 * stead. `hidden`: its own file wishes so. `waiting`: nothing can be said yet.
 */
export type Standing =
  | { readonly kind: 'offered' | 'hidden' | 'attention' | 'waiting' }
  | { readonly kind: 'twin'; readonly of: string };

export interface OfferedImage {
  readonly image: CatalogImage;
  readonly offer: Offer;
  readonly standing: Standing;
}

/** In the order of `images`. */
export function offeredImages(images: readonly CatalogImage[], offers: readonly Offer[]): readonly OfferedImage[] {
  const byPath = new Map(offers.map((offer) => [offer.path, offer]));
  const standIns = new Map<string, string>();
  for (const image of images) {
    const hasEntries = (byPath.get(image.path)?.entries.length ?? 0) > 0;
    if (hasEntries && !standIns.has(bodyOf(image))) standIns.set(bodyOf(image), image.path);
  }
  return images.map((image) => {
    const offer = byPath.get(image.path);
    const standing = standingOf(image, offer, standIns.get(bodyOf(image)));
    return { image, offer: offer ?? { path: image.path, isHidden: false, entries: [], heldBack: [] }, standing };
  });
}

/** Equal for images of the same bytes. */
function bodyOf({ path, sameAs }: CatalogImage): string {
  return sameAs ?? path;
}

function standingOf(
  { state, checksum }: CatalogImage,
  offer: Offer | undefined,
  standIn: string | undefined,
): Standing {
  if (state !== 'ready') return { kind: 'waiting' };
  if (checksum.kind === 'wrong') return { kind: 'attention' };
  if (offer === undefined) return { kind: 'waiting' };
  if (offer.entries.length > 0) return { kind: 'offered' };
  if (offer.isHidden) return { kind: 'hidden' };
  return standIn === undefined ? { kind: 'attention' } : { kind: 'twin', of: standIn };
}

/** What recognition says against the image, as far as the menus don't know better what can be done about it. */
export function problemBeside({
  image: { verdict, checksum },
  offer,
  standing,
}: OfferedImage): ImageProblem | undefined {
  const problem = verdict?.problem;
  if (!problem || checksum.kind === 'wrong' || standing.kind === 'twin') return undefined;
  if (problem.reason !== 'needs-companion' && problem.reason !== 'needs-nfs') return problem;
  if (standing.kind === 'offered') return undefined;
  const { cure: _, ...bare } = problem;
  return offer.heldBack.length > 0 ? bare : problem;
}

/**
 * Why entries are in no menu, each sentence once with the ids that it holds for, none where it holds for all that the
 * image has; nothing where `standing` or the checksum say it.
 */
export function heldBackBySentence({
  image: { checksum },
  offer: { heldBack },
  standing,
}: OfferedImage): readonly { readonly ids: readonly string[]; readonly says: string }[] {
  if (checksum.kind === 'wrong' || (standing.kind !== 'offered' && standing.kind !== 'attention')) return [];
  const groups = Map.groupBy(heldBack, ({ says }) => says);
  const isForAll = groups.size === 1 && standing.kind === 'attention';
  return [...groups].map(([says, entries]) => ({ says, ids: isForAll ? [] : entries.map(({ id }) => id) }));
}
