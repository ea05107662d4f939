/** Where an image and what is in it stand in the node's name space, and in the arguments of its kernels. */
import type { CatalogImage, ImageHow } from '../core/image.ts';
import type { How, Source } from './entries.ts';

type Named = Pick<CatalogImage, 'alias' | 'suffix'>;

/** The image's inside in the node's name space. */
export function insideOf({ alias, suffix }: Named): string {
  return `/tree/${alias}${suffix}`;
}

/** How an entry of the image starts, by names that clients can ask for. */
export function howOf(how: ImageHow, image: Named): How {
  const inside = (name: string): Source => (name.startsWith('/') ? name : `${insideOf(image)}/${name}`);
  const whole = `/isos/${image.alias}${image.suffix}`;
  switch (how.kind) {
    case 'linux': {
      const { kernel, initrds, shim, imageAs } = how;
      return {
        kind: 'linux',
        kernel: inside(kernel),
        initrds: initrds.map(inside),
        arguments: how.arguments.map((word) => filled(word, image)),
        ...(shim === undefined ? {} : { shim: inside(shim) }),
        ...(imageAs === undefined ? {} : { addedFile: { name: imageAs, file: whole } }),
      };
    }
    case 'wimboot': {
      const files = how.files.map(({ name, file }) => ({ name, file: inside(file) }));
      return { kind: 'wimboot', files, ...(how.index === undefined ? {} : { index: how.index }) };
    }
    case 'memdisk':
      return { kind: 'memdisk', image: whole, isCd: image.suffix === '.iso' };
    case 'sanboot':
      return { kind: 'sanboot', image: whole };
  }
}

/**
 * `word` with the image's places; the node's own, `{http}` and `{node}`, stay for each menu. Over NFS the inside has no
 * suffix: anaconda takes a folder that ends in `.iso` for an image.
 */
export function filled(word: string, image: Named): string {
  const { alias, suffix } = image;
  const places: Readonly<Record<string, string>> = {
    '{tree}': `{http}/tree/${alias}${suffix}`,
    '{iso}': `{http}/isos/${alias}${suffix}`,
    '{nfs}': `{node}:/tree/${alias}`,
    '{path}': `/tree/${alias}`,
    '{nfsiso}': `{node}:/isos/${alias}${suffix}`,
  };
  return word.replaceAll(/\{(?:tree|iso|nfs|nfsiso|path)\}/g, (place) => places[place] ?? place);
}
