/** What is made once and asked for often: the catalogue of a look at the folders, and menu files that stay the same. */

import type { ConfigFault } from '../core/errors.ts';
import { type Basis, type Catalog, catalogOf, type ParseFiles, transportsOf } from './catalog.ts';
import { type Exists, type ImageFile, type MenuFile, parseImageFile, parseMenuFile, unreadFile } from './file.ts';
import { MAX_IMAGE_FILES, MAX_MENU_FILES } from './probe.ts';

/** The catalogue of `basis`; the same one for as long as that stays. */
export function rememberedCatalog(): (basis: Basis) => Catalog {
  const parse = rememberedParse();
  let last: { readonly basis: Basis; readonly transports: string; readonly catalog: Catalog } | undefined;
  return (basis) => {
    const transports = [...transportsOf(basis.settings)].sort().join();
    if (last && last.transports === transports && isSame(last.basis, basis)) return last.catalog;
    const catalog = catalogOf(basis, parse);
    last = { basis, transports, catalog };
    return catalog;
  };
}

/** Transports aside: their set may be one that changes. The table of clients is replaced as a whole, never changed. */
function isSame(a: Basis, b: Basis): boolean {
  return (
    a.look === b.look &&
    a.images === b.images &&
    a.areImagesKnown === b.areImagesKnown &&
    a.proven === b.proven &&
    a.settings.language === b.settings.language &&
    a.settings.default === b.settings.default &&
    a.settings.clients === b.settings.clients
  );
}

interface Parsed<File> {
  readonly text: string;
  /** What was asked about other files, and the answers. */
  readonly asked: ReadonlyMap<string, boolean | undefined>;
  readonly file: File;
}

/** Parses a text again only once it, or whether the files are there that it names, has changed: YAML takes its time. */
function rememberedParse(): ParseFiles {
  const files = memory<MenuFile>(MAX_MENU_FILES);
  const imageFiles = memory<ImageFile>(MAX_IMAGE_FILES);
  const lastGood = lastGoodFiles();
  return {
    menuFile: ({ name, text = '' }, exists) => files(name, text, exists, (ask) => parseMenuFile(name, text, ask)),
    imageFile: ({ name, text }, folder, exists) => {
      const key = `${name}\n${folder}`;
      const file =
        text === undefined
          ? unreadFile(`${name} can be read`, [])
          : imageFiles(key, text, exists, (ask) => parseImageFile(name, text, folder, ask));
      return lastGood(key, file);
    },
  };
}

/** A file with a mistake in it counts as it was before: whom the image is for must not hang on a comma. */
function lastGoodFiles(): (key: string, file: ImageFile) => ImageFile {
  const good = new Map<string, ImageFile>();
  return (key, file) => {
    if (file.problem === undefined) {
      good.delete(key);
      good.set(key, file);
      const [oldest] = good.keys();
      if (good.size > MAX_IMAGE_FILES && oldest !== undefined) good.delete(oldest);
      return file;
    }
    const last = good.get(key);
    if (last) return { ...last, faults: noted(file.faults, 'until then the file counts as it was before') };
    return { ...file, faults: noted(file.faults, 'until then nothing of the image is in the menus') };
  };
}

function noted([first, ...more]: readonly ConfigFault[], what: string): readonly ConfigFault[] {
  return first ? [{ ...first, problem: `${first.problem}; ${what}` }, ...more] : [];
}

function memory<File>(max: number) {
  const known = new Map<string, Parsed<File>>();
  return (key: string, text: string, exists: Exists, parse: (ask: Exists) => File): File => {
    const before = known.get(key);
    if (before?.text === text && [...before.asked].every(([path, was]) => exists(path) === was)) return before.file;
    const asked = new Map<string, boolean | undefined>();
    const file = parse((path) => {
      const isThere = exists(path);
      asked.set(path, isThere);
      return isThere;
    });
    known.delete(key);
    known.set(key, { text, asked, file });
    const [oldest] = known.keys();
    if (known.size > max && oldest !== undefined) known.delete(oldest);
    return file;
  };
}
