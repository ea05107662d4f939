/** Finds names by pattern in an image, each folder read once. */
import type { FolderEntry } from '../core/content.ts';
import type { ImageView } from '../core/image.ts';
import { isSafePath } from './plain.ts';

export interface Found {
  /** As stored, without a slash at the start. */
  readonly path: string;
  readonly kind: 'file' | 'folder';
  readonly sizeBytes: number;
  /** What each `*` stood for. */
  readonly stars: readonly string[];
}

export interface Tree {
  /** In the order of their names; none of those that a loader could not take. */
  find(pattern: string): Promise<readonly Found[]>;
}

type List = (path: string) => Promise<readonly FolderEntry[]>;

/** Names that one step of a pattern goes on with: more is no boot medium's. Taste. */
const MAX_FOUND = 64;
/** Folders that are remembered. */
const MAX_FOLDERS = 512;

export function imageTree(view: ImageView): Tree {
  const folders = new Map<string, Promise<readonly FolderEntry[]>>();
  const list: List = (path) => {
    const key = path.toLowerCase();
    const known = folders.get(key);
    if (known) return known;
    const listed = view.list(`/${path}`).then((entries) => entries ?? []);
    if (folders.size < MAX_FOLDERS) folders.set(key, listed);
    return listed;
  };
  return { find: (pattern) => find(list, pattern) };
}

async function find(list: List, pattern: string): Promise<readonly Found[]> {
  const root: Found = { path: '', kind: 'folder', sizeBytes: 0, stars: [] };
  let found: readonly Found[] = [root];
  for (const segment of pattern.split('/')) {
    const folders = found.filter((one) => one.kind === 'folder');
    found = (await Promise.all(folders.map((folder) => step(list, folder, segment)))).flat().slice(0, MAX_FOUND);
  }
  return found;
}

/** What in `folder` is called as `segment` says. */
async function step(list: List, folder: Found, segment: string): Promise<readonly Found[]> {
  const like = likeOf(segment);
  const entries = (await list(folder.path)).flatMap((entry) => {
    const match = like.exec(entry.name);
    const path = folder.path === '' ? entry.name : `${folder.path}/${entry.name}`;
    if (!match || !isSafePath(path)) return [];
    const stars = [...folder.stars, ...match.slice(1).map((star) => star ?? '')];
    return [{ path, kind: entry.kind, sizeBytes: entry.sizeBytes, stars }];
  });
  return entries.toSorted((a, b) => (a.path < b.path ? -1 : 1)).slice(0, MAX_FOUND);
}

function likeOf(segment: string): RegExp {
  const source = segment.split('*').map((part) => part.replace(/[.+^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('(.*)')}$`, 'i');
}
