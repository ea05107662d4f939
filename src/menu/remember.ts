/** What is made once and asked for often: the catalogue of a look at the folders, and menu files that stay the same. */
import { type Catalog, catalogOf } from './catalog.ts';
import { type MenuFile, parseMenuFile } from './file.ts';
import type { MenuSettings } from './plan.ts';
import { type Found, MAX_MENU_FILES } from './probe.ts';

/** What the folders held at one moment. */
export interface Look {
  readonly found: Found;
  readonly loaders: ReadonlySet<string>;
}

/** The catalogue of `look`; the same one for as long as look and settings stay. */
export function rememberedCatalog(): (look: Look, settings: MenuSettings) => Catalog {
  const parse = rememberedParse();
  let last: { readonly look: Look; readonly settings: MenuSettings; readonly catalog: Catalog } | undefined;
  return (look, settings) => {
    if (last?.look === look && isSame(last.settings, settings)) return last.catalog;
    const catalog = catalogOf(look.found, look.loaders, settings, parse);
    last = { look, settings, catalog };
    return catalog;
  };
}

/** In all that a catalogue depends on. The table of clients is replaced as a whole, never changed. */
function isSame(a: MenuSettings, b: MenuSettings): boolean {
  return a.language === b.language && a.default === b.default && a.clients === b.clients;
}

interface Parsed {
  readonly text: string;
  /** What was asked about other files, and the answers. */
  readonly asked: ReadonlyMap<string, boolean | undefined>;
  readonly file: MenuFile;
}

/** Parses a text again only once it, or whether the files are there that it names, has changed: YAML takes its time. */
function rememberedParse(): typeof parseMenuFile {
  const known = new Map<string, Parsed>();
  return (name, text, exists) => {
    const before = known.get(name);
    if (before?.text === text && [...before.asked].every(([path, was]) => exists(path) === was)) return before.file;
    const asked = new Map<string, boolean | undefined>();
    const file = parseMenuFile(name, text, (path) => {
      const isThere = exists(path);
      asked.set(path, isThere);
      return isThere;
    });
    known.delete(name);
    known.set(name, { text, asked, file });
    const [oldest] = known.keys();
    if (known.size > MAX_MENU_FILES && oldest !== undefined) known.delete(oldest);
    return file;
  };
}
