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

/** `how` where the image is called `name` instead. Other nodes' URLs, which operators may have written, stay. */
export function renamed(how: How, { alias, suffix }: Named, name: string): How {
  const escaped = [alias, suffix].map((part) => part.replaceAll(/[.+]/g, '\\$&'));
  // A host's name or port in front would make it somebody else's; and `mint-22` is not the beginning of `mint-22.1`.
  const place = new RegExp(`(?<![\\w.-])/(tree|isos)/${escaped[0]}(?=(?:${escaped[1]})?(?![\\w.+-]))`, 'g');
  return everyName(how, (text) => text.replaceAll(place, (_, folder: string) => `/${folder}/${name}`));
}

/** `how` with `change` made to each name and argument in it. */
function everyName(how: How, change: (text: string) => string): How {
  switch (how.kind) {
    case 'linux': {
      const { uefiKernel, shim, addedFile } = how;
      return {
        kind: 'linux',
        kernel: change(how.kernel),
        ...(uefiKernel === undefined ? {} : { uefiKernel: change(uefiKernel) }),
        initrds: how.initrds.map(change),
        arguments: how.arguments.map(change),
        ...(shim === undefined ? {} : { shim: change(shim) }),
        ...(addedFile === undefined ? {} : { addedFile: { ...addedFile, file: change(addedFile.file) } }),
      };
    }
    case 'chain':
      return { kind: 'chain', file: change(how.file) };
    case 'memdisk':
    case 'sanboot':
      return { ...how, image: change(how.image) };
    case 'wimboot':
      return { ...how, files: how.files.map(({ name, file }) => ({ name, file: change(file) })) };
    case 'local':
      return how;
  }
}
