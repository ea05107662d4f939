/** What the log says of images: each thing once. */
import type { ChecksumState } from '../core/image.ts';
import { productName } from '../core/product.ts';
import type { Log } from '../host.ts';
import type { SeenFile, Tracked } from './images.ts';
import { withOwnName } from './names.ts';
import { MAX_IMAGES, type Scan } from './probe.ts';

export interface CatalogTeller {
  /** An image can be used now, or it is known why not. */
  ready(image: Tracked): void;
  gone(paths: readonly string[], found: readonly SeenFile[]): void;
  /** Of all images again and again: only what is news is said; that one was right in an earlier run is none. */
  checked(image: Tracked, checksum: ChecksumState, when: 'now' | 'before'): void;
  /** Its octets could not be read, so nothing is known yet. */
  unverified(file: string, why: string): void;
  folder(scan: Scan): void;
}

export function catalogTeller(log: Log): CatalogTeller {
  /** What was said of the checksum of each image that is there. */
  const told = new Map<string, string>();
  let unreadable: ReadonlySet<string> = new Set();
  let wasCut = false;
  return {
    ready: ({ seen: { path: file }, known: { verdict } }) => {
      if (!verdict) return;
      const { entries, problem } = withOwnName(verdict, file);
      log.info('catalog', 'image', {
        file,
        is: productName(verdict),
        entries: entries.length,
        problem: problem?.says,
        cure: problem?.cure,
      });
    },
    gone: (paths, found) => {
      for (const file of paths) log.info('catalog', 'image-gone', { file });
      const there = new Set(found.map(({ path }) => path));
      for (const path of told.keys()) if (!there.has(path)) told.delete(path);
    },
    checked: ({ seen: { path: file } }, checksum, when) => {
      const before = told.get(file);
      const news = checksum.kind === 'right' || checksum.kind === 'wrong' ? JSON.stringify(checksum) : '';
      if ((before ?? '') === news) return;
      told.set(file, news);
      const isNews = when === 'now' || before !== undefined;
      if (checksum.kind === 'right' && isNews)
        log.info('catalog', 'checksum-right', { file, sumsFile: checksum.sumsFile });
      if (checksum.kind !== 'wrong') return;
      const { sumsFile, wanted, got } = checksum;
      log.warn('catalog', 'checksum-wrong', { file, sumsFile, wanted, got, cure: WRONG_CURE });
    },
    unverified: (file, why) => {
      if (told.get(file) === why) return;
      told.set(file, why);
      log.warn('catalog', 'checksum-unreadable', { file, why, cure: 'look after the disk, and copy the image again' });
    },
    folder: ({ unreadable: seen, busy, isCut }) => {
      const now = [...seen, ...busy.filter((path) => unreadable.has(path))];
      for (const path of now) {
        if (!unreadable.has(path))
          log.warn('catalog', 'folder-unreadable', { folder: `/isos/${path}`, cure: FOLDER_CURE });
      }
      for (const path of unreadable) {
        if (!now.includes(path)) log.info('catalog', 'folder-readable', { folder: `/isos/${path}` });
      }
      unreadable = new Set(now);
      const cure = `only the first ${MAX_IMAGES} images are served: move what is none elsewhere`;
      if (isCut && !wasCut) log.warn('catalog', 'folder-too-large', { cure });
      wasCut = isCut;
    },
  };
}

const WRONG_CURE = 'it is in no menu: copy it again, or take the file of sums away if that one is wrong';
const FOLDER_CURE = 'what was in it stays as it was: mind its permissions, and the drive that it is on';
