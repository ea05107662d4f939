/** What is left of a tree when its faulty parts are taken out, so that the rest can be checked, too. */
import { childPath, parentPath } from './path.ts';
import { isTreeMap, type Tree, type TreeMap } from './source.ts';

type Path = readonly (string | number)[];

export interface Pruned {
  readonly tree: TreeMap;
  /** Where the thing at `path` of the pruned tree stood before rows above it were taken out. */
  readonly originalPath: (path: string) => string;
  /** Whether something of the list or section at `path` was taken out. */
  readonly isCut: (path: string) => boolean;
}

/** Takes out each path; one inside a list takes its row along, which would be incomplete without it. */
export function prune(tree: TreeMap, paths: readonly Path[]): Pruned {
  const cut = new Set(paths.map((path) => rowOf(path).reduce<string>(childPath, '')));
  const moved = new Map<string, string>();
  const copy = (value: Tree, before: string, after: string): Tree => {
    if (Array.isArray(value)) {
      const kept = value.map((item: Tree, i) => ({ item, i })).filter(({ i }) => !cut.has(childPath(before, i)));
      return kept.map(({ item, i }, now) => {
        moved.set(childPath(after, now), childPath(before, i));
        return copy(item, childPath(before, i), childPath(after, now));
      });
    }
    if (!isTreeMap(value)) return value;
    const map: Record<string, Tree> = Object.create(null);
    for (const [key, inner] of Object.entries(value)) {
      if (!cut.has(childPath(before, key))) map[key] = copy(inner, childPath(before, key), childPath(after, key));
    }
    return map;
  };
  const copied = cut.has('') ? {} : copy(tree, '', '');
  return {
    tree: isTreeMap(copied) ? copied : {},
    originalPath: (path) => original(path, moved),
    isCut: (path) => [...cut].some((c) => c === path || parentPath(c) === path),
  };
}

function rowOf(path: Path): Path {
  const row = path.findLastIndex((step) => typeof step === 'number');
  return row < 0 ? path : path.slice(0, row + 1);
}

function original(path: string, moved: ReadonlyMap<string, string>): string {
  const row = /^.*\[\d+\]/.exec(path)?.[0];
  const before = row === undefined ? undefined : moved.get(row);
  return row === undefined || before === undefined ? path : before + path.slice(row.length);
}
