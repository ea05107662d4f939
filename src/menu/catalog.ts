/** All entries of a node, from what was found in the images folder and among the loaders. */
import type { ConfigFault } from '../core/errors.ts';
import { debianEntries } from './debian.ts';
import { type Entry, LOCAL_ID, withUniqueIds } from './entries.ts';
import type { MenuFile, parseMenuFile } from './file.ts';
import type { MenuSettings } from './plan.ts';
import type { Found } from './probe.ts';
import { toolEntries } from './tools.ts';
import { WORDS } from './words.ts';

export interface Catalog {
  readonly entries: readonly Entry[];
  readonly faults: readonly ConfigFault[];
}

/** Installers, then the operator's own in the order of the files' names, then tools. */
export function catalogOf(
  found: Found,
  loaders: ReadonlySet<string>,
  settings: MenuSettings,
  parse: typeof parseMenuFile,
): Catalog {
  const words = WORDS[settings.language];
  const files: readonly MenuFile[] = found.menuFiles.map(({ name, text }) =>
    parse(name, text, (path) => isListed(found, path)),
  );
  const entries = withUniqueIds([
    ...debianEntries(found.installers, words),
    ...files.flatMap((file) => file.entries),
    ...toolEntries(loaders, words),
  ]);
  const faults = [...found.faults, ...files.flatMap((file) => file.faults), ...unknownIds(entries, settings)];
  return { entries, faults };
}

function isListed(found: Found, path: string): boolean | undefined {
  const slash = path.lastIndexOf('/');
  if (!path.startsWith('/isos/')) return undefined;
  const folder = found.listing.get(path.slice(0, slash));
  if (folder) return folder.some((file) => file.kind === 'file' && file.name === path.slice(slash + 1));
  // Of a folder that was not looked at nothing is known; one that its parent does not hold isn't there.
  return isFolderMissing(found, path.slice(0, slash)) ? false : undefined;
}

function isFolderMissing(found: Found, path: string): boolean {
  const parts = path.split('/');
  for (let depth = 2; depth < parts.length; depth++) {
    const inside = found.listing.get(parts.slice(0, depth).join('/'));
    if (!inside) return false;
    if (!inside.some((file) => file.kind === 'folder' && file.name === parts[depth])) return true;
  }
  return false;
}

function unknownIds(entries: readonly Entry[], settings: MenuSettings): readonly ConfigFault[] {
  const ids = new Set([LOCAL_ID, ...entries.map((entry) => entry.id)]);
  const known = [...ids].slice(0, 20).join(', ');
  const wanted = [
    { path: 'menu.default', id: settings.default },
    ...settings.clients.flatMap((row) =>
      row.boot === undefined ? [] : [{ path: `clients ${row.mac.text}`, id: row.boot }],
    ),
  ];
  return wanted
    .filter(({ id }) => !ids.has(id))
    .map(({ path, id }) => ({ path, problem: `no entry is called ${JSON.stringify(id)}: there are ${known}` }));
}
