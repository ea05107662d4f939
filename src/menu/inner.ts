/** Names in images, as menu files give them: which image is meant, and how long an answer about it holds. */
import type { CatalogImage } from '../core/image.ts';

export interface InnerName {
  /** Of the image, below the folder of images. */
  readonly image: string;
  /** `casper/vmlinuz` */
  readonly inside: string;
  /** Another one once the image is another. */
  readonly key: string;
}

/** Whether names are there, by key. */
export type Proven = ReadonlyMap<string, boolean>;

/** Of `/tree/mint-22.iso/casper/vmlinuz`; nothing for what is no name in an image that can be looked into. */
export function innerNames(images: readonly CatalogImage[]): (path: string) => InnerName | undefined {
  const byName = new Map(images.map((image) => [`${image.alias}${image.suffix}`, image]));
  return (path) => {
    const [, name = '', inside = ''] = /^\/tree\/([^/]+)\/(.+)$/.exec(path) ?? [];
    const image = byName.get(name);
    if (image?.state !== 'ready') return undefined;
    return { image: image.path, inside, key: [image.path, image.sizeBytes, image.modifiedMs, inside].join('\n') };
  };
}

/** So many are asked about at one look, the others at the next. */
const MAX_ASKED = 256;
const MAX_PROVEN = 8192;

/** `proven` with answers about `names`, as far as there are any: the same map where there are none. */
export async function prove(
  names: readonly InnerName[],
  proven: Proven,
  isThere: (name: InnerName) => Promise<boolean | undefined>,
): Promise<Proven> {
  const answers: (readonly [string, boolean])[] = [];
  // One after the other: a disk has one head, and nobody waits.
  for (const name of names.slice(0, MAX_ASKED)) {
    const answer = await isThere(name).catch(() => undefined);
    if (answer !== undefined) answers.push([name.key, answer]);
  }
  return answers.length === 0 ? proven : new Map([...proven, ...answers].slice(-MAX_PROVEN));
}
